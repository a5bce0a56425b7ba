export const options = {
  scenarios: { a: { executor: 'constant-arrival-rate',
