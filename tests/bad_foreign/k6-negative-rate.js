export const options = {
  scenarios: { a: { executor: 'constant-arrival-rate', rate: 2 - 5, duration: '1m', preAllocatedVUs: 1 } },
};
