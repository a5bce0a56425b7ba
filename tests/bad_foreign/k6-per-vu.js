export const options = { scenarios: { o: { executor: 'per-vu-iterations', vus: 10, iterations: 20, maxDuration: '30s' } } };
