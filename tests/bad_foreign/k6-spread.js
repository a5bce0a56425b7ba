export const options = { ...base, scenarios: {} };
