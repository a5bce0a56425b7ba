const RATE = Number(__ENV.RATE) || 100
export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: RATE, duration: '1m', preAllocatedVUs: 1 } } };
