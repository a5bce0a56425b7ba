import http from "k6/http";
import { sleep } from "k6";

export let options = {
  discardResponseBodies: true,
  scenarios: {
    contacts: {
      executor: "constant-arrival-rate",
      rate: 200, // 200 RPS, since timeUnit is the default 1s
      duration: "1m",
      preAllocatedVUs: 50,
      maxVUs: 100,
      gracefulStop: "5s",
      startTime: "10s",
      env: { MYVAR: "example" },
      tags: { my_tag: "contacts" },
      exec: "contacts",
    },
    news: {
      executor: "ramping-arrival-rate",
      exec: "news",
      startRate: 50, timeUnit: "1s", preAllocatedVUs: 50, maxVUs: 100,
      stages: [
        { target: 200, duration: "30s" }, // linearly go from 50 iters/s to 200 iters/s for 30s
        { target: 500, duration: "0" }, // instantly jump to 500 iters/s
        { target: 500, duration: "10m" },
        { target: 10, duration: 1.5 * 60 * 1000 },
      ],
    },
  },
  thresholds: {
    http_req_failed: ["rate<0.01"],
    "http_req_duration{scenario:contacts}": [{ threshold: "p(99)<1000", abortOnFail: true, delayAbortEval: "10s" }, "p(95)<500"],
  },
};
export function contacts() { http.get("https://test.k6.io/contacts.php"); }
