#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sim sweep and its result file. Goal: the schema of the contract; the same rows for any number of threads; a sweep that
is killed at random instants, at least 50 times, and resumed ends with the rows of one that was not; what does not fit is
refused and nothing is overwritten. Method: the built program on the skeleton scenario; files are compared as rows ordered
by primary key, without the two measurements that the contract names."""
import csv, json, os, random, re, shutil, signal, sqlite3, statistics, subprocess, tempfile, time

from support.runner import SIM, close, ok, rows, sim

KILLS = 50


os.chdir(tempfile.mkdtemp(prefix="sim-sweep-"))
open("s.json", "w").write(sim("schema", "--example").stdout)
SWEEP = ["sweep", "s.json", "--vary", "consumers=1..3", "--vary", "/orders/at_most=100,200", "--replications", "5"]
group = next(iter(json.loads("\n".join(open("s.json")))["groups"]))
SWEEP[3] = f"{group}.consumers=1..3"

# ---- what is stored ----
done = sim(*SWEEP, "--out", "a.db", "--jobs", "2")
ok(f"a sweep ends with 0, not {done.returncode}: {done.stderr.strip()}", done.returncode == 0)
ok("the table names the points", "consumers=3, at_most=200" in done.stdout)
db = sqlite3.connect("a.db")
ok("user_version is 1", db.execute("PRAGMA user_version").fetchone()[0] == 1)
ok("six points, thirty runs", db.execute("SELECT count(DISTINCT point_id), count(*) FROM replication").fetchone() == (6, 30))
ok("values are JSON", db.execute("SELECT value FROM param WHERE point_id = 5 ORDER BY pointer").fetchall() == [("3",), ("200",)])
ok("curves of replication 0 only", db.execute("SELECT DISTINCT replication FROM series").fetchall() == [(0,)])
T4 = 2.776445105  # Student's t, 4 degrees of freedom, 95 %, from tables
for metric in ("orders.created", "completion_s.mean", f"groups.{group}.peak_lag"):
    values = [v for v, in db.execute("SELECT value FROM metric WHERE point_id = 2 AND metric = ? ORDER BY replication", (metric,))]
    n, mean, half = db.execute("SELECT n, mean, half_width FROM metric_ci WHERE point_id = 2 AND metric = ?", (metric,)).fetchone()
    want = T4 * statistics.stdev(values) / 5 ** 0.5
    ok(f"metric_ci of {metric}", n == 5 and abs(mean - statistics.fmean(values)) <= 1e-9 * abs(mean) and abs(half - want) <= 1e-6 * want + 1e-12)
single = json.loads(sim("run", "s.json", "--set", f"{group}.consumers=2", "--set", "/orders/at_most=200", "--format", "json", "--quiet").stdout)
stored = db.execute("SELECT value FROM metric WHERE point_id = 3 AND replication = 0 AND metric = 'completion_s.p95'").fetchone()[0]
ok("a stored run is the run of sim run", stored == single["completion_s"]["p95"])
db.close()

# ---- the same for any number of threads; JSON and CSV ----
whole = rows("a.db")
sim(*SWEEP, "--out", "b.db", "--jobs", "1")
ok("one thread stores the same rows", rows("b.db") == whole)
done = sim(*SWEEP, "--out", "b.db", "--resume", "--export", "b.csv", "--format", "json", "--metric", "completion_s.p95")
table = json.loads(done.stdout)
ok("JSON has the points and the metric", len(table["points"]) == 6 and table["points"][0]["metrics"]["completion_s.p95"]["n"] == 5)
ok("resuming what is complete changes nothing", rows("b.db") == whole)
done = sim(*SWEEP, "--out", "b.db", "--resume", "--export", "b.csv", "--plots", "--quiet")
ok(f"the export of a sweep that goes on is written anew: {done.returncode} {done.stderr}", done.returncode == 0)
pictures = sorted(os.listdir("b-plots"))
done = sim(*SWEEP, "--out", "b.db", "--resume", "--plots", "--quiet")
ok(f"and its pictures are: {done.returncode} {done.stderr}", done.returncode == 0 and sorted(os.listdir("b-plots")) == pictures)
open("mine.csv", "w").write("mine\n")
done = sim(*SWEEP, "--out", "b.db", "--resume", "--export", "mine.csv", "--quiet")
ok("what is no export is not replaced", done.returncode == 2 and open("mine.csv").read() == "mine\n")
lines = open("b.csv").read().splitlines()
ok("tidy CSV: a row for each point, run and metric", lines[0] == f"point_id,label,/groups/{group}/consumers,/orders/at_most,replication,metric,unit,value" and len(lines) == 1 + len(whole["metric"]))

# ---- more groups than colours: those that lag most are drawn, in their order, and the title says so ----
many = json.load(open("s.json"))
first_of_all = dict(many["groups"])
topic = next(iter(first_of_all[group]["reads"]))
idle, slow = {"consumers": 1, "reads": {topic: "idle"}}, {"consumers": 1, "reads": {topic: "slow"}}
many["groups"] = {f"idle-{i}": idle for i in range(8)} | first_of_all | {"slow-group": slow}
many["stages"] |= {"idle": {"steps": [{"work": "nothing", "time": "0s"}]}, "slow": {"steps": [{"work": "much", "time": "90ms"}]}}
open("many.json", "w").write(json.dumps(many))
done = sim("sweep", "many.json", "--vary", "/orders/at_most=500", "--replications", "1", "--out", "many.db", "--plots", "--quiet")
script = open("many-plots/lag.gp").read() if done.returncode in (0, 99) else ""
ok(f"the group that lags most is drawn, though it stands last: {done.returncode} {done.stderr.strip()}", "title 'slow-group'" in script)
ok("and the title says how many are not", re.search(r"the 8 of 1\d groups that lag most'", script))

done = sim("plot", "many.db", "--force", "--lang", "ko")
drawn = {name: open(f"many-plots/{name}").read() for name in os.listdir("many-plots") if name.endswith(".gp")}
ok(f"its pictures are in the language that is asked for: {done.stderr.strip()}, {sorted(drawn)}", done.returncode == 0 and "English" not in done.stderr and
   re.search(r"Lag이 가장 큰 그룹 8개 \(총 1\d개\)'", drawn["lag.gp"]) and "평균과 95 % 신뢰구간'" in drawn["figure-1-axis-1.gp"] and
   all("'NanumGothic,14'" in script and not re.search("mean and|replication|interval|t \\(s\\)", script) for script in drawn.values()))

# ---- targets: a share of the runs; without thresholds there are none to meet ----
os.mkdir("bare-plots")
bare = json.load(open("s.json"))
bare["thresholds"] = {}
json.dump(bare, open("bare.json", "w"))
targets = lambda name: [line.split()[-1] for line in sim("sweep", name, "--vary", f"{group}.consumers=1,2", "--set", "/orders/at_most=100", "--replications", "2", "--metric", "completion_s.p95", "--force", "--out", "bare.db").stdout.splitlines() if line.startswith("  consumers=")]
ok(f"no thresholds, no share of runs that meet them: {targets('bare.json')}", targets("bare.json") == ["-", "-"])
ok(f"with them there is one: {targets('s.json')}", len(targets("s.json")) == 2 and all(share.endswith("%") for share in targets("s.json")))
# Thresholds that are varied themselves: each point is judged by its own, and the figures of all are shown.
strict, lax = ({"completion_s.p95": [f"value<={limit}"]} for limit in (0.0001, 1000))
for order in ([strict, {}, lax], [{}, lax, strict]):
    with open("th.csv", "w") as points:
        csv.writer(points).writerows([["/thresholds"]] + [[json.dumps(thresholds)] for thresholds in order])
    done = sim("sweep", "bare.json", "--points", "th.csv", "--set", "/orders/at_most=100", "--replications", "2", "--force", "--out", "th.db")
    shares = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("  thresholds=")]
    wanted = [{"": "-", json.dumps(strict): "0.0%", json.dumps(lax): "100.0%"}[json.dumps(thresholds) if thresholds else ""] for thresholds in order]
    ok(f"each point by its own thresholds: {shares}, {wanted}", shares == wanted)
    ok("the figures of the thresholds of all points", "[1] completion_s.p95" in done.stdout and "[2]" not in done.stdout)
done = sim("sweep", "s.json", "--vary", f"{group}.consumers=1", "--set", "/orders/at_most=100", "--replications", "2", "--force", "--out", "bare.db")
ok(f"old pictures beside a new file are named: {done.stderr}", "the pictures in bare-plots are of what bare.db held before; sim plot bare.db --force draws them anew" in done.stderr)
done = sim("sweep", "s.json", "--vary", f"{group}.consumers=1", "--set", "/orders/at_most=100", "--replications", "2", "--resume", "--out", "bare.db")
ok("those of a sweep that goes on are its own", "bare-plots" not in done.stderr)

# ---- a warm-up that is to be found: orders of 25 ms at 100/s, which one and two consumers cannot do ----
even = {"name": "even", "run": {"ends": "30s", "sample_every": "50ms", "warm_up": "auto"},
        "load": {"scenarios": {"orders": {"executor": "constant-arrival-rate", "rate": 100, "duration": "30s", "maxVUs": 1000, "preAllocatedVUs": 1000}}},
        "kafka": {"partitions": 12, "fetch_order": "arrival", "linger": "0s", "append": "0s", "fetch": "0s", "commit": "0s"},
        "topics": {"a": {"key": "id_modulo"}}, "tables": {"orders": {"key": "order_id"}},
        "groups": {"pay": {"consumers": 3, "reads": {"a": "pay"}}}, "processes": {"shop": {"api": {"threads": 200, "stage": "accept"}, "groups": "all"}},
        "stages": {"accept": {"time": "1ms", "steps": [{"insert": "orders", "share": 1}, {"publish": "a"}, {"reply": 202}]},
                   "pay": {"time": {"mean": "27ms", "basis": {"mean": "assumed"}}, "steps": [{"work": "w", "share": 1}, {"status": "PAID"}]}}}
json.dump(even, open("even.json", "w"))
EVEN = ["sweep", "even.json", "--metric", "completion_s.p95", "--replications", "2"]
done = sim(*EVEN, "--vary", "pay.consumers=2..4", "--out", "even.db", "--jobs", "2", "--format", "json")
points = json.loads(done.stdout)["points"]
ok(f"a point that does not settle has no runs, the others have: {done.returncode} {done.stderr.strip()}", done.returncode == 5 and
   [p["metrics"]["completion_s.p95"]["n"] for p in points] == [0, 2, 2] and [p["runs_without_steady_state"] for p in points] == [2, 0, 0])
ok("and it is said", "1 of 3 points has runs without a steady state, which are left out; consumers=2: no steady state" in done.stderr)
settled = rows("even.db")
again = sim(*EVEN, "--vary", "pay.consumers=2..4", "--out", "even.db", "--resume")
ok(f"resumed: the same, {again.returncode}", again.returncode == 5 and rows("even.db") == settled and "consumers=2: runs left out, without a steady state (MSER-5): 2." in again.stdout)
done = sim("plot", "even.db", "--metric", "completion_s.p95")
ok(f"the others have a picture: {done.stderr.strip()}", done.returncode == 0 and "figure-1-axis-1.svg" in os.listdir("even-plots"))
# A fifth more than 27 ms is 32.4 ms: three consumers do 92.6/s.
done = sim(*EVEN, "--tornado", "--out", "even-t.db", "--plots")
ok(f"a side of a tornado that does not settle is shown: {done.returncode} {done.stderr.strip()}",
   done.returncode == 5 and "32.4ms" in done.stdout and "/stages/pay/time/mean=32.4ms: runs left out" in done.stdout)
ok("both sides that settle have the warm-up of what they are compared with", sqlite3.connect("even-t.db").execute(
    "SELECT count(*), count(DISTINCT value) FROM metric WHERE metric = 'sim.warm_up_s'").fetchone() == (4, 1))
done = sim(*EVEN, "--tornado", "--set", "pay.consumers=2", "--out", "even-n.db")
ok(f"what does not settle as it is has no tornado: {done.returncode} {done.stderr.strip()}", done.returncode == 5 and "no steady state" in done.stderr and not os.path.exists("even-n.db"))

# ---- a tornado ----
done = sim("sweep", "s.json", "--tornado", "--unknown", "reserve.time.mean=10ms..30ms", "--set", "/orders/at_most=200", "--replications", "4",
           "--metric", "completion_s.mean", "--out", "t.db", "--plots")
ok(f"a tornado ends with 0, not {done.returncode}: {done.stderr.strip()}", done.returncode == 0)
t = sqlite3.connect("t.db")
sides = {}
for pointer, value, point in t.execute("SELECT pointer, value, point_id FROM param ORDER BY point_id"):
    sides.setdefault(pointer, []).append((json.loads(value), point))
assumed = json.loads(sim("run", "s.json", "--format", "json", "--quiet").stdout)["scenario"]["assumed"]
ok("every assumed value that is not 0, and no other", set(sides) == set(assumed))
ok("a fifth lower and higher", [v for v, _ in sides["/kafka/record_bytes"]] == [240, 360] and [v for v, _ in sides["/kafka/append/mean"]] == ["1.2ms", "1.8ms"])
ok("a given range has its ends", [v for v, _ in sides["/stages/reserve/time/mean"]] == ["10ms", "30ms"])
mean = lambda point: t.execute("SELECT mean FROM metric_ci WHERE point_id = ? AND metric = 'completion_s.mean'", (point,)).fetchone()[0]
swing = sorted(((max(abs(mean(p) - mean(0)) for _, p in s), name) for name, s in sides.items()), reverse=True)
shown = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  /")]
ok(f"the greatest first: {shown}", len(shown) > 3 and shown == [name for _, name in swing][:len(shown)])
ok("the base is the scenario as it is", mean(0) == json.loads(sim("run", "s.json", "--set", "/orders/at_most=200", "--replications", "4", "--format", "json", "--quiet").stdout)["completion_s"]["mean"])
sim("plot", "t.db", "--force", "--lang", "ko", "--metric", "completion_s.mean")
script = open("t-plots/figure-1-tornado.gp").read()
ok("and in Korean", "completion_s.mean: 무엇이 결과를 움직이는가" in script and "title '값이 낮을 때'" in script and "'completion_s.mean (초)'" in script)
bars = len(set(line.split(",")[0] for line in open("t-plots/figure-1-tornado.csv").read().splitlines()[1:]))
ok(f"it says how many of the values it has: {bars} of {len(sides)}", bars < len(sides) and f"; 영향이 가장 큰 값 {bars}개 (총 {len(sides)}개)'" in script)
ok("its picture", sorted(os.listdir("t-plots")) == [f"figure-1-tornado.{e}" for e in ("csv", "gp", "png", "svg")])
ok("resumed: nothing left to do", sim("sweep", "s.json", "--tornado", "--unknown", "reserve.time.mean=10ms..30ms", "--set", "/orders/at_most=200", "--replications", "4", "--out", "t.db", "--resume", "-q").returncode == 0)
# ---- a value that makes the figure cease to exist: 600 orders in 60 s at 120 ms each are gone at 72 s, and at 144 ms not
# in the 80 s that the run lasts ----
gone = {"name": "gone", "run": {"sample_every": "1s", "ends": "80s"},
        "load": {"scenarios": {"orders": {"executor": "constant-arrival-rate", "rate": 10, "duration": "1m"}}},
        "kafka": {"partitions": 1}, "topics": {"a": {"key": "order_id"}}, "tables": {"orders": {"key": "order_id"}},
        "groups": {"pay": {"consumers": 1, "reads": {"a": "pay"}}}, "processes": {"shop": {"api": {"threads": 200, "stage": "accept"}, "groups": "all"}},
        "stages": {"accept": {"time": {"mean": "100ms", "basis": "assumed"}, "steps": [{"insert": "orders", "share": 1}, {"publish": "a"}, {"reply": 202}]},
                   "pay": {"time": {"mean": "120ms", "basis": "assumed"}, "steps": [{"work": "w", "share": 1}, {"status": "PAID"}]}}}
json.dump(gone, open("gone.json", "w"))
GONE = ["sweep", "gone.json", "--tornado", "--metric", "groups.pay.drained_at_s", "--force", "--out", "gone.db"]
cells = lambda text, pointer: next(([cell.strip() for cell in re.split(r"  +", line.strip())] for line in text.splitlines() if line.startswith("  " + pointer)), None)
done = sim(*GONE, "--replications", "3", "--unknown", "pay.time.mean=120ms..144ms", "--plots")
first = done.stdout.split("moves it by")[2].strip().splitlines()[0].split()[0]
row = cells(done.stdout, "/stages/pay/time/mean")
ok(f"what makes a figure cease to exist moves it most: {first}, {row}", first == "/stages/pay/time/mean" and row[3:] == ["144ms", "- (0/3)"])
ok("and what that means is said", "the figure exists in k of n runs;" in " ".join(done.stdout.split()))
ok("its picture says so, too", "144ms (0/3)" in open("gone-plots/figure-1-tornado.gp").read())
done = sim(*GONE, "--replications", "3", "--set", "/stages/pay/time/mean=140ms", "--plots")
row = cells(done.stdout, "/stages/pay/time/mean")
ok(f"one that makes it exist, too: {row}", "As it is: - (0/3)." in done.stdout and row[1:3] == ["112ms", "- (3/3)"] and "With 1 other values that were varied it does not exist, either." in done.stdout)
ok(f"of what no run has there is no picture: {done.stderr}", done.returncode == 0 and "no picture of groups.pay.drained_at_s: as it is, no run has it" in done.stderr)
gone["stages"]["pay"]["time"]["cv"] = 0.3
json.dump(gone, open("gone.json", "w"))
done = sim(*GONE, "--replications", "10", "--set", "/stages/pay/time/mean=110ms")
have = sum(value is not None for value, in sqlite3.connect("gone.db").execute("SELECT metric.value FROM metric JOIN param USING (point_id) WHERE param.value = '\"132ms\"' AND metric = 'groups.pay.drained_at_s'"))
row = cells(done.stdout, "/stages/pay/time/mean")
ok(f"in some of the runs: {have}, {row}", 0 < have < 10 and row[3] == "132ms" and row[4].endswith(f" ({have}/10)") and row[4][0] == "+")

# ---- a lease of 20 ms around 50 ms of work: two consumers lose each other's updates, with 1 s they do not ----
lease = {"name": "lease", "load": {"scenarios": {"orders": {"executor": "constant-arrival-rate", "rate": 20, "duration": "2s"}}},
         "orders": {"item": 1, "quantity": 1}, "kafka": {"partitions": 2, "key": "id_modulo"}, "topics": {"a": {}}, "stores": {"redis": {}},
         "tables": {"orders": {"key": "order_id"}, "stock": {"key": "item", "rows": 1, "quantity": 1000}},
         "locks": {"item": {"key": "item", "wait": "30s", "lease": "1s", "store": "redis"}},
         "groups": {"take": {"consumers": 2, "reads": {"a": "take"}}},
         "processes": {"shop": {"api": {"threads": 50, "stage": "accept"}, "groups": "all"}},
         "stages": {"accept": {"steps": [{"insert": "orders"}, {"publish": "a"}, {"reply": 202}]},
                    "take": {"steps": [{"lock": "item"}, {"begin": "stock"}, {"read": "stock"}, {"work": "asks", "time": "50ms"},
                                       {"write": "stock", "style": "absolute", "effect": "reserve"}, {"commit": "stock"}, {"unlock": "item"},
                                       {"status": "PAID"}]}}}
json.dump(lease, open("lease.json", "w"))
LEASE = ["sweep", "lease.json", "--tornado", "--replications", "3", "--metric", "completion_s.mean", "--force", "--out", "lease.db"]
done = sim(*LEASE, "--unknown", "locks.item.lease=20ms..1s")
ok(f"a tornado where invariants break ends with 4 and says where: {done.returncode}", done.returncode == 4 and
   'Invariants break in 3 runs, at 1 of the 3 points; the first of them: /locks/item/lease="20ms".' in " ".join(done.stdout.split()))
done = sim(*LEASE, "--unknown", "locks.item.lease=20ms..1s", "--set", "/locks/item/lease=25ms")
ok(f"also as it is: {done.returncode}", done.returncode == 4 and
   "Invariants break in 6 runs, at 2 of the 3 points; the first of them: as it is." in " ".join(done.stdout.split()))
done = sim(*LEASE, "--unknown", "locks.item.lease=500ms..1s")
ok(f"where none breaks nothing is said of it: {done.returncode}", done.returncode == 0 and "nvariants" not in done.stdout)

# ---- counts of 1 and 2 move by one; what cannot move is named ----
small = json.loads(open("s.json").read())
small["groups"][group].update(consumers=2, basis={"consumers": "assumed"})
small["processes"]["shop"].update(instances=1, basis={"instances": "assumed"})
small["orders"].update(at_most=200, basis={"at_most": "assumed"})
small["kafka"].update(basis={"linger": "assumed"}, linger="0s")
open("small.json", "w").write(json.dumps(small).replace('"basis": "assumed"', '"basis": "measured"'))
done = sim("sweep", "small.json", "--tornado", "--replications", "2", "--metric", "completion_s.mean", "--out", "small.db")
ok(f"a tornado of small counts ends with 0, not {done.returncode}: {done.stderr.strip()}", done.returncode == 0)
sides = {}
for pointer, value in sqlite3.connect("small.db").execute("SELECT pointer, value FROM param ORDER BY point_id"):
    sides.setdefault(pointer, []).append(json.loads(value))
ok(f"one consumer less and one more, no instance less: {sides}", sides == {
    f"/groups/{group}/consumers": [1, 3], "/processes/shop/instances": [2], "/orders/at_most": [160, 240]})
text = " ".join(done.stdout.split())
ok("what is not varied is named", "1 assumed values are 0" in text and "/kafka/linger." in text)
done = sim("sweep", "small.json", "--tornado", "--replications", "2", "--out", "small.db", "--resume", "--format", "json", "--metric", "completion_s.mean")
ok("in JSON, too", json.loads(done.stdout)["not_varied"] == ["/kafka/linger"])
points = json.loads(done.stdout)["points"]
small_db = sqlite3.connect("small.db")
runs = lambda point: [v for v, in small_db.execute("SELECT value FROM metric WHERE point_id = ? AND metric = 'completion_s.mean' ORDER BY replication", (point,))]
T1 = 12.70620474  # Student's t, 1 degree of freedom, 95 %, from tables
for p in points[1:]:
    pairs = [a - b for a, b in zip(runs(p["point_id"]), runs(0))]
    moves, want = p["metrics"]["completion_s.mean"]["moves_by"], (statistics.fmean(pairs), T1 * statistics.stdev(pairs) / 2 ** 0.5)
    ok(f"and what moves it by how much, in pairs: {moves}, {want}", moves["n"] == 2 and abs(moves["mean"] - want[0]) < 1e-12 and abs(moves["half_width"] - want[1]) < 1e-6 * want[1] + 1e-12)
ok("as it is it moves nothing", "moves_by" not in points[0]["metrics"]["completion_s.mean"])
one = json.loads(json.dumps(small).replace('"assumed"', '"measured"'))
one["groups"][group].update(consumers=1, basis={"consumers": "assumed"})
json.dump(one, open("one.json", "w"))
done = sim("sweep", "one.json", "--tornado", "--replications", "2", "--metric", "completion_s.mean", "--out", "one.db")
cells = [line.split() for line in done.stdout.splitlines() if line.startswith(f"  /groups/{group}/consumers")]
ok(f"one side alone stands where it belongs: {cells}", len(cells) == 1 and cells[0][1:4] == ["-", "-", "2"])
still = json.loads(json.dumps(small).replace('"assumed"', '"measured"'))
still["kafka"]["basis"] = {"linger": "assumed"}
json.dump(still, open("still.json", "w"))
ok("none can be varied: refused, and named", "/kafka/linger, and none can be varied" in sim("sweep", "still.json", "--tornado").stderr)

measured = json.loads(open("s.json").read().replace('"assumed"', '"measured"'))
json.dump(measured, open("m.json", "w"))
ok("nothing assumed: refused", "no value of this scenario is assumed" in sim("sweep", "m.json", "--tornado").stderr)

# ---- values known as ranges ----
UNKNOWN = ["sweep", "s.json", "--vary", f"{group}.consumers=1,2", "--set", "/orders/at_most=100", "--unknown", "reserve.time.mean=10ms..30ms", "--unknown", "/stages/reserve/time/cv=0..1"]
done = sim(*UNKNOWN, "--replications", "20", "--out", "u.db", "--jobs", "1")
ok(f"unknown values: exit {done.returncode}: {done.stderr.strip()}", done.returncode == 0)
u = sqlite3.connect("u.db")
ok("their ranges are kept", sorted(u.execute("SELECT pointer, low, high FROM unknown").fetchall()) == [("/stages/reserve/time/cv", "0", "1"), ("/stages/reserve/time/mean", "10ms", "30ms")])
drawn = u.execute("SELECT point_id, replication, json_extract(value, '$') FROM draw WHERE pointer LIKE '%mean'").fetchall()
ms = {(p, r): float(re.match(r"[\d.]+", v).group()) / (1000 if v.endswith("us") else 1) for p, r, v in drawn}
ok("one draw a run, the same in each point", len(ms) == 40 and all(ms[0, r] == ms[1, r] for r in range(20)))
for block in (0, 10):
    ok(f"one in each tenth: {block}", sorted(int((ms[0, block + r] - 10) / 2) for r in range(10)) == list(range(10)))
one = u.execute("SELECT replication, (SELECT value FROM draw d WHERE d.point_id = 1 AND d.replication = r.replication AND pointer LIKE '%mean'), (SELECT value FROM draw d WHERE d.point_id = 1 AND d.replication = r.replication AND pointer LIKE '%cv') FROM replication r WHERE point_id = 1 AND replication = 0").fetchone()
again = json.loads(sim("run", "s.json", "--set", "/orders/at_most=100", "--set", f"{group}.consumers=2", "--set", f"/stages/reserve/time/mean={json.loads(one[1])}", "--set", f"/stages/reserve/time/cv={one[2]}", "--format", "json", "--quiet").stdout)
ok("a run has the values that it is said to have", u.execute("SELECT value FROM metric WHERE point_id = 1 AND replication = 0 AND metric = 'completion_s.mean'").fetchone()[0] == again["completion_s"]["mean"])
sim(*UNKNOWN, "--replications", "10", "--out", "v.db", "--jobs", "2")
ok("resumed with more runs", sim(*UNKNOWN, "--replications", "20", "--out", "v.db", "--resume").returncode == 0)
u_rows, v_rows = rows("u.db"), rows("v.db")
ok("and the content is that of one go", u_rows == v_rows and sorted(u.execute("SELECT * FROM draw")) == sorted(sqlite3.connect("v.db").execute("SELECT * FROM draw")))
other = sim(*UNKNOWN[:-2], "--replications", "20", "--out", "v.db", "--resume")
ok("with other ranges it is not resumed", other.returncode == 2 and "unknown values differs" in other.stderr)
ok("set and unknown: refused", "so what is set there counts in none" in sim("sweep", "s.json", "--vary", f"{group}.consumers=1,2", "--unknown", "reserve.time.mean=10ms..20ms", "--set", "reserve.time.mean=15ms").stderr)
ok("varied and unknown: refused", "is varied" in sim("sweep", "s.json", "--vary", f"{group}.consumers=1,2", "--unknown", f"{group}.consumers=1..2").stderr)
open("p.csv", "w").write(f'/groups/{group}/consumers,/orders/at_most\n1,100\n"2,5",100\n')
done = sim("sweep", "s.json", "--points", "p.csv", "--out", "p.db")
ok("a wrong cell is reported with its line", done.returncode == 3 and done.stderr == f"p.csv:3: /groups/{group}/consumers: a string where a whole number is needed\n")
open("p.csv", "w").write(f'/groups/{group}/consumers,/orders/at_most\n1,100\n2,100\n1,100\n')
done = sim("sweep", "s.json", "--points", "p.csv", "--out", "p.db")
ok(f"a row that is there twice is refused: {done.stderr.strip()}", done.returncode == 2 and
   done.stderr == "sim: p.csv:4: this row is the same as that of p.csv:2 (consumers=1, at_most=100); give it once\n")
for more in (("--set", f"{group}.consumers=3"), ("--set", f'/groups/{group}/consumers=3')):
    done = sim("sweep", "s.json", "--vary", f"{group}.consumers=1,2", *more, "--out", "p.db")
    ok(f"set and varied: refused, {done.stderr.strip()}", done.returncode == 2 and f"/groups/{group}/consumers is varied, so what is set at /groups/{group}/consumers counts in no point" in done.stderr)
done = sim("sweep", "s.json", "--vary", "/orders/user={\"uniform\":[1,10]},{\"uniform\":[1,20]}", "--set", "/orders/user/uniform/1=30", "--out", "p.db")
ok(f"set within what is varied, too: {done.stderr.strip()}", done.returncode == 2 and "/orders/user is varied, so what is set at /orders/user/uniform/1 counts in no point" in done.stderr)
os.mkdir("folder")
for name, more in (("folder", ()), ("folder", ("--force",)), ("folder", ("--resume",)), ("nowhere/", ())):
    done = sim(*SWEEP, "--out", name, *more)
    ok(f"--out {name} {more}: {done.returncode} {done.stderr.strip()}", done.returncode == 2 and f"--out {name.rstrip('/')}/results.db" in done.stderr and not os.path.exists("nowhere"))
done = sim("sweep", "s.json", "--vary", f"{group}.consumers=1,x", "--out", "p.db")
ok("a wrong value of a grid with its point", done.returncode == 3 and done.stderr == f"s.json (consumers=x): /groups/{group}/consumers: a string where a whole number is needed\n")
ok("two kinds of points: refused", sim("sweep", "s.json", "--tornado", "--vary", f"{group}.consumers=1,2").returncode == 2)

# ---- pictures ----
done = sim("plot", "a.db", "--metric", "completion_s.p95")
names = sorted(os.listdir("a-plots"))
ok(f"pictures: exit {done.returncode}: {done.stderr.strip()}", done.returncode == 0)
ok(f"over each value, a map, the lag: {names}", names == sorted(
    f"{name}.{ending}" for name in ("figure-1-axis-1", "figure-1-axis-2", "figure-1-map", "lag") for ending in ("csv", "gp", "png", "svg")))
ok("the data are means and half-widths", len(open("a-plots/figure-1-map.csv").read().split()) == 7)
ok("pictures that are there stay", sim("plot", "a.db").returncode == 2)
open("a-plots/figure-1.txt", "w").write("mine\n")
sim("plot", "a.db", "--force", "--metric", "completion_s.p95", "--metric", "completion_s.mean")
both = sorted(os.listdir("a-plots"))
sim("plot", "a.db", "--force", "--metric", "completion_s.p95")
ok("pictures of other figures do not stay beside the new, what is none does", "figure-2-map.svg" in both and sorted(os.listdir("a-plots")) == sorted(names + ["figure-1.txt"]))
os.remove("a-plots/figure-1.txt")
done = sim("sweep", "s.json", "--vary", f"{group}.consumers=1,2", "--vary", "/orders/at_most=10..90..10", "--replications", "1", "--out", "nine.db",
           "--metric", "completion_s.p95", "--plots")
script = open("nine-plots/figure-1-axis-1.gp").read()
ok(f"of nine curves eight are drawn, and it is said: {done.stderr}", script.count(" title 'at_most=") == 8 and "; 8 of 9 curves, spread evenly'" in script and
   "of more than 8 curves 8 are drawn, spread evenly over their order; the CSV file beside each picture has all" in done.stderr)
some = [name for name, in sqlite3.connect("nine.db").execute("SELECT DISTINCT metric FROM metric WHERE value IS NOT NULL ORDER BY metric LIMIT 13")]
done = sim("plot", "nine.db", "--force", *(word for name in some for word in ("--metric", name)))
ok(f"of thirteen figures twelve have pictures, and it is said: {done.stderr}", "12 figures have pictures, 1 more have not; sim plot --metric draws those it names" in done.stderr)
done = sim("plot", "a.db", "--force", "--metric", "orders.payd")
ok("an unknown figure is refused", done.returncode == 2 and "orders.payd" in done.stderr and sorted(os.listdir("a-plots")) == names)

# ---- read where nothing may be written ----
NOBODY = 65534
JOURNAL = slice(18, 20)  # bytes of the header: 1 is a rollback journal, 2 is WAL


def as_reader(*args):
    """The program as somebody who may read its folder and not write to it."""
    return subprocess.run(["./sim", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=here,
                          user=NOBODY if os.geteuid() == 0 else None)


here = os.path.abspath("reader")
os.mkdir(here)
os.chmod(".", 0o755)
shutil.copy(SIM, here)
for name in ("done.db", "wal.db", "shut.db"):
    shutil.copy("a.db", f"{here}/{name}")
open(f"{here}/other.db", "w").write("no database\n" * 100)
wal = sqlite3.connect(f"{here}/wal.db")
wal.execute("PRAGMA journal_mode = WAL")
wal.close()
os.chmod(f"{here}/shut.db", 0)
os.chmod(here, 0o555)
ok("a finished file has left WAL", open("a.db", "rb").read(20)[JOURNAL] == b"\1\1" and not os.path.exists("a.db-wal"))
for name, code, says in (("done.db", 1, "done-plots: this folder cannot be made"), ("wal.db", 1, "its folder must be writable"),
                         ("shut.db", 1, "Permission denied"), ("other.db", 1, "no result file of sim sweep")):
    done = as_reader("plot", name)
    ok(f"{name} read by somebody else: exit {done.returncode}: {done.stderr.strip()}", done.returncode == code and says in done.stderr)
os.chmod(here, 0o755)

# ---- what does not fit ----
for what, args, code, says in [
    ("an existing file", SWEEP + ["--out", "a.db"], 2, "--resume goes on with it"),
    ("another seed", SWEEP + ["--out", "a.db", "--resume", "--seed", "9"], 2, "its seed differs"),
    ("another scenario", SWEEP + ["--out", "a.db", "--resume", "--set", "/run/sample_every=2s"], 2, "its scenario differs"),
    ("other points", SWEEP[:4] + ["--out", "a.db", "--resume", "--replications", "5"], 2, "its list of points differs"),
    ("no result file", SWEEP + ["--out", "s.json", "--resume"], 1, "s.json"),
    ("no values", ["sweep", "s.json"], 2, "--vary PTR=VALUES"),
    ("a place that is not there", ["sweep", "s.json", "--vary", "/groups/nobody/consumers=1..2"], 3, 'no group "nobody"'),
    ("a value out of range", ["sweep", "s.json", "--vary", f"{group}.consumers=0..2"], 3, "below the least value"),
    ("an unknown metric", SWEEP + ["--out", "z.db", "--metric", "orders.payd"], 2, "the nearest is orders.paid"),
]:
    done = sim(*args)
    ok(f"{what}: exit {done.returncode}: {done.stderr.strip()[:200]}", done.returncode == code and says in done.stderr)
ok("refusals left the file alone", rows("a.db") == whole)
open("table.csv", "w").write(f"/groups/{group}/consumers\n1\n")
timed = json.load(open("s.json"))
timed["stages"]["reserve"]["time"] = {"csv": "times.csv", "unit": "ms"}
open("times.csv", "w").write("ms\n20\n30\n")
json.dump(timed, open("timed.json", "w"))
os.symlink("s.json", "alias.json")
os.mkdir("sub")
for what, args, file in [
    ("its own scenario", SWEEP + ["--out", "s.json"], "s.json"),
    ("by another way", SWEEP + ["--out", "sub/../alias.json"], "s.json"),
    ("the points", ["sweep", "s.json", "--points", "table.csv", "--out", "table.csv"], "table.csv"),
    ("the CSV over the points", ["sweep", "s.json", "--points", "table.csv", "--out", "z.db", "--export", "table.csv"], "table.csv"),
    ("a file of the scenario", ["sweep", "timed.json", *SWEEP[2:], "--out", "times.csv"], "times.csv"),
]:
    before = open(file).read()
    done = sim(*args, "--force")
    ok(f"{what} is not replaced: exit {done.returncode}: {done.stderr.strip()[:200]}",
       done.returncode == 2 and f"{file}, which the command reads" in done.stderr and open(file).read() == before)
ok("refusals made no file", not os.path.exists("z.db"))

# ---- what is in a file that the scenario names is part of it, whatever its name ----
TIMED = ["sweep", "timed.json", "--vary", f"{group}.consumers=1,2", "--out", "timed.db"]
open("other.csv", "w").write("ms\n50\n")
ok("with a file of times", sim(*TIMED, "--replications", "1").returncode == 0)
ok("it goes on with the same file", sim(*TIMED, "--replications", "2", "--resume").returncode == 0)
whole = rows("timed.db")
open("times.csv", "w").write("ms\n20\n31\n")
done = sim(*TIMED, "--replications", "3", "--resume")
ok(f"and not with another: exit {done.returncode}: {done.stderr.strip()}",
   done.returncode == 2 and "another experiment: its inputs/times.csv differs" in done.stderr and rows("timed.db") == whole)
FILES = ["sweep", "timed.json", "--vary", "reserve.time.csv=times.csv,other.csv", "--out", "files.db"]
ok("files that are varied", sim(*FILES, "--replications", "1").returncode == 0)
open("other.csv", "w").write("ms\n51\n")
done = sim(*FILES, "--replications", "2", "--resume")
ok(f"one of them is another: exit {done.returncode}: {done.stderr.strip()}",
   done.returncode == 2 and "its inputs/other.csv differs" in done.stderr)
done = sim(*SWEEP[:-1], "7", "--out", "b.db", "--resume")
ok("more replications are taken on", done.returncode == 0 and len(rows("b.db")["replication"]) == 42)

# ---- as many replications as it takes ----
PRECISE = ["sweep", "s.json", "--vary", f"{group}.consumers=1..3", "--set", "/orders/at_most=100", "--precision", "completion_s.p95=0.03"]
done = sim(*PRECISE, "--out", "p.db", "--jobs", "2")
ok(f"precise enough: exit {done.returncode}: {done.stderr.strip()}", done.returncode == 0 and "precise enough after" in done.stderr)
counts = [n for _, n in sqlite3.connect("p.db").execute("SELECT point_id, count(*) FROM replication GROUP BY point_id ORDER BY point_id")]
alone = [json.loads(sim("run", "s.json", "--set", f"{group}.consumers={c}", "--set", "/orders/at_most=100", "--precision", "completion_s.p95=0.03",
                        "--format", "json", "--quiet").stdout)["replications"] for c in (1, 2, 3)]
ok(f"each point ends where sim run does: {counts}, {alone}", counts == alone and len(set(counts)) > 1 and min(counts) > 10)
sim(*PRECISE, "--out", "q.db", "--jobs", "1", "--max-replications", "13")
done = sim(*PRECISE, "--out", "q.db", "--jobs", "1", "--max-replications", "13", "--resume")
ok(f"not precise enough: exit {done.returncode}: {done.stderr.strip()}", done.returncode == 5 and "--max-replications allows more" in done.stderr)
ok("resumed, with one thread: the same", sim(*PRECISE, "--out", "q.db", "--jobs", "1", "--resume").returncode == 0 and rows("q.db") == rows("p.db"))

# ---- killed at any instant ----
random.seed(20251224)
KILLED = SWEEP[:-1] + ["12", "--out", "k.db", "--resume", "--quiet"]
begun = time.monotonic()
sim(*KILLED)
takes_s = time.monotonic() - begun
whole = rows("k.db")
kills = rounds = 0
good = True
while kills < KILLS and rounds < 200 and good:
    for name in ("k.db", "k.db-wal", "k.db-shm"):
        if os.path.exists(name):
            os.remove(name)
    rounds += 1
    while True:
        process = subprocess.Popen([SIM, *KILLED], stdout=subprocess.DEVNULL)
        try:
            code = process.wait(timeout=random.uniform(0, takes_s / 2))
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    good = code == 0 and rows("k.db") == whole
ok(f"{kills} kills in {rounds} rounds, the last with exit {code}: rows differ or too few kills", good and kills >= KILLS)

# ---- unknown values: counts are whole, each as often; other values are not ----
done = sim(*SWEEP[:2], "--vary", f"{group}.consumers=1", "--unknown", "/orders/quantity=1..2", "--unknown", "/orders/at_most=50..150", "--replications", "30", "--out", "u2.db", "--export", "u2.csv")
ok(f"unknown counts: exit {done.returncode}: {done.stderr.strip()}", done.returncode == 0)
drawn = sqlite3.connect("u2.db").execute("SELECT value, count(*) FROM draw WHERE pointer = '/orders/quantity' GROUP BY value").fetchall()
ok(f"each of two as often: {drawn}", drawn == [("1", 15), ("2", 15)])
head, first = open("u2.csv").read().split("\n")[:2]
ok(f"the CSV has labels and what was drawn: {head}", head.startswith(f"point_id,label,/groups/{group}/consumers,/orders/at_most,/orders/quantity,replication,") and first.startswith("0,consumers=1,1,"))

# ---- refused before the first run ----
for words, args in (("it exists", ("--out", "n.db", "--export", "u2.csv")), ("name one file", ("--out", "n.db", "--export", "n.db")),
                    ("is varied twice", ("--vary", f"/groups/{group}/consumers=4", "--out", "n.db")),
                    ("is more than --max-replications", ("--precision", "0.1", "--max-replications", "2", "--out", "n.db"))):
    done = sim(*SWEEP, *args)
    ok(f"{args}: exit {done.returncode}, {done.stderr.strip()}", done.returncode == 2 and words in done.stderr and not os.path.exists("n.db"))

# ---- two at once ----
TWICE = [SIM, *SWEEP[:-1], "200", "--out", "two.db", "--resume", "--quiet", "--jobs", "1"]
sim(*SWEEP[:-1], "1", "--out", "two.db")
both = [subprocess.Popen(TWICE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
ends = [(process.communicate(timeout=120)[1].strip(), process.returncode) for process in both]
ok(f"two sweeps on one file: {ends}", all(code == 0 or code == 1 and "another program has the file" in err for err, code in ends))
sim(*TWICE[1:])
ok("and nothing is lost or twice", sqlite3.connect("two.db").execute("SELECT count(*) FROM replication").fetchone() == (1200,))
other = sqlite3.connect("two.db", isolation_level=None)
other.execute("PRAGMA journal_mode = WAL")
for table in ("replication", "metric", "series"):
    other.execute(f"DELETE FROM {table} WHERE replication = 199")
other.execute("BEGIN IMMEDIATE")
other.execute("INSERT INTO replication VALUES (5, 199, '', 0, 0)")  # the last run, by somebody else, who is not done
process = subprocess.Popen(TWICE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
time.sleep(2)  # by now it has looked at what is missing, and waits
other.execute("COMMIT")
err = process.communicate(timeout=60)[1].strip()
ok(f"a run that somebody else has stored: exit {process.returncode}: {err}", process.returncode == 1 and "another program has the file" in err and "--resume goes on" in err)
other.close()

# ---- interrupted ----
process = subprocess.Popen([SIM, *SWEEP[:-1], "2000", "--out", "i.db"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
time.sleep(0.5)
process.send_signal(signal.SIGINT)
out, err = process.communicate(timeout=20)
kept = len(rows("i.db")["replication"])
ok(f"Ctrl-C: exit {process.returncode}, {kept} runs kept: {err.strip()}", process.returncode == 130 and kept > 0 and "--resume goes on" in err)
ok("what is kept has left WAL too", open("i.db", "rb").read(20)[JOURNAL] == b"\1\1")

close()
