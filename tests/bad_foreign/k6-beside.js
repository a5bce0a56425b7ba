export const options = { vus: 10, duration: '30s', scenarios: { o: { executor: 'constant-arrival-rate', rate: 10, duration: '1m', preAllocatedVUs: 1 } } };
