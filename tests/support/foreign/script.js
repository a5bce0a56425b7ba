// A load test as people write it: comments, unquoted keys, single quotes, products, trailing commas.
import http from 'k6/http';
import { check } from 'k6';

/* options = { this: 'is a comment' } */
const HOST = __ENV.HOST || `http://localhost:${__ENV.PORT}`;

export const options = {
  scenarios: {
    orders: {
      executor: 'ramping-arrival-rate',
      startRate: 0,
      timeUnit: '1s',
      preAllocatedVUs: 50,
      maxVUs: 2 * 100,
      stages: [
        { target: 20, duration: '1m' },
        { target: 50, duration: "2m" },   // morning
        { target: 100, duration: 2 * 60 * 1000 },
        { target: 100, duration: `4m` },
        { target: 0, duration: '1m' },
      ],
      exec: 'order',
      tags: { host: HOST },
    },
    background: {
      executor: 'constant-arrival-rate', rate: 300, timeUnit: '1m', duration: '10m', preAllocatedVUs: 5,
      startTime: '30s',
    },
  },
  thresholds: { http_req_duration: ['p(95)<500'], checks: ['rate>' + 0.99] },
};

export function order() {
  const res = http.post(`${HOST}/orders`, JSON.stringify({ options: { a: 1 } }));
  check(res, { 'is 202': (r) => r.status === 202 });
}
