const st = [{target:10,duration:'10s'}];
st.push({target:100,duration:'60s'});
export const options = { scenarios: { o: { executor: 'ramping-arrival-rate', startRate: 0, preAllocatedVUs: 5, stages: st } } };
