export const options = { scenarios: { a: { executor: 'constant-arrival-rate', duration: '1m', preAllocatedVUs: 1 } } };
