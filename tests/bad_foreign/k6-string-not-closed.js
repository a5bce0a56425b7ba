export const options = { scenarios: { 'a: {} } };
