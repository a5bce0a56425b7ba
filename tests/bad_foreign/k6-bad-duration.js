export const options = {
  scenarios: { a: { executor: 'constant-arrival-rate', rate: 5, duration: 'a minute', preAllocatedVUs: 1 } },
};
