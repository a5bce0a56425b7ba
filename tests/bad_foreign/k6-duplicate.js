export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: 5, rate: 6 } } };
