export let options = { scenarios: { a: { executor: 'ramping-vus', stages: [] } } };
