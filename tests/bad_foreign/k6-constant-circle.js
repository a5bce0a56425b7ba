const A = B;
const B = A;
export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: A, duration: '1m', preAllocatedVUs: 1 } } };
