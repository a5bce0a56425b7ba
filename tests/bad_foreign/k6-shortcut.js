export const options = { stages: [{ target: 10, duration: '1m' }] };
