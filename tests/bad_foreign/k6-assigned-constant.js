const st = [{target:10,duration:'10s'}];
Object.assign(st[0], {target:100});
export const options = { scenarios: { o: { executor: 'ramping-arrival-rate', startRate: 0, preAllocatedVUs: 5, stages: st } } };
