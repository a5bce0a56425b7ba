export const options = { scenarios: { orders: { executor: 'constant-arrival-rate', rate: 10, duration: '1m', preAllocatedVUs: 5 } } };
Object.assign(options.scenarios.orders, { rate: 99 });
