export const options = { vus: 10 };
