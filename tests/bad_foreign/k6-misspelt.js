export const options = { scenarios: { a: { executor: 'constant-arival-rate', rate: 5 } } };
