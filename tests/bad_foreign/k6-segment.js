export const options = {
  executionSegment: "0:1/4",
  scenarios: { orders: { executor: "constant-arrival-rate", rate: 5, duration: "1m", preAllocatedVUs: 5 } },
};
