// What a test varies stands at its top, without semicolons here and there.
import { Options } from 'k6/options'
const BASE_URL = __ENV.BASE_URL || 'http://localhost:8080'
const PEAK: number = 2 * 50 // orders a second
const USERS = PEAK + 20, // started before the test,
  HOLD = '4m'

function rate() { const PEAK = 7; return PEAK }

const ramp = [
  { target: PEAK / 5, duration: '1m' },
  { target: PEAK, duration: '2m' },
  { target: PEAK, duration: HOLD },
]
const scenarios = {
  orders: { executor: 'ramping-arrival-rate', startRate: 0, preAllocatedVUs: USERS, maxVUs: 2 * USERS, stages: ramp },
};

export const options: Options = { scenarios, tags: { url: BASE_URL } };
