export const options = { vus: 10, iterations: 100, };
