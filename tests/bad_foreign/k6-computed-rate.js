export const options = {
  scenarios: {
    orders: { executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), duration: '1m', preAllocatedVUs: 5 },
  },
};
