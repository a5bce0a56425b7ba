const stages = [{ target: 10, duration: '1m' }]
  .concat(more());
export const options = { scenarios: { a: { executor: 'ramping-arrival-rate', stages, preAllocatedVUs: 1 } } };
