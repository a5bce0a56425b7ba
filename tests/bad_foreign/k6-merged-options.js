export const options = { scenarios: { orders: { executor: 'constant-arrival-rate', rate: 10, duration: '1m', preAllocatedVUs: 5 } } };
_.merge(
  options, { scenarios: { orders: { rate: 99 } } });
