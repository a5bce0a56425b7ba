let RATE = 100;
RATE = 200;
export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: RATE, duration: '1m', preAllocatedVUs: 1 } } };
