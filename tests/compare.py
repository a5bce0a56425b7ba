#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sim compare. Goal: pairs really are pairs (a scenario does not differ from itself, whatever seed its copy names; a
difference of one constant in a path without queues is that constant); the figures of every variant are those of sim run;
the same bytes for any number of threads; what cannot be compared is refused. Method: the built program on the skeleton
scenario."""
import json, os, tempfile

from support.runner import close, ok, sim

STRATEGIES = [os.path.abspath(p) for p in ("scenarios/hot-item.json", "scenarios/variants/stock-strategies.json")]


def compare(*args):
    done = sim("compare", *args, "--format", "json", "--quiet")
    ok(f"compare {args} ends with 0, not {done.returncode}: {done.stderr.strip()}", done.returncode == 0)
    return json.loads(done.stdout)


def by_name(answer):
    return {m["metric"]: m for m in answer["metrics"]}


os.chdir(tempfile.mkdtemp(prefix="sim-compare-"))
text = sim("schema", "--example").stdout
open("a.json", "w").write(text)
scenario = json.loads(text)
group = next(iter(scenario["groups"]))
scenario["run"] = dict(scenario.get("run", {}), seed=99)
scenario["name"] = "copy"
json.dump(scenario, open("b.json", "w"))

# ---- itself ----
same = compare("a.json", "b.json", "--replications", "4")
ok("a copy with another seed does not differ", all(d["mean"] in (0, None) and not d["significant"] for m in same["metrics"] for d in m["difference"]))
ok("variants have their scenarios' names", [v["name"] for v in same["variants"]][1] == "copy")
ok("all figures are compared", len(same["metrics"]) > 50)

# ---- one variant against sim run ----
pair = compare("a.json", "--vary", f"{group}.consumers=1,2", "--replications", "3")
alone = json.loads(sim("run", "a.json", "--set", f"{group}.consumers=2", "--replications", "3", "--format", "json", "--quiet").stdout)
m = by_name(pair)
ok("values are those of sim run", m["completion_s.mean"]["values"][1] == alone["completion_s"]["mean"])
d = m["completion_s.mean"]["difference"][0]
ok("a difference is that of the means", abs(d["mean"] - (m["completion_s.mean"]["values"][1] - m["completion_s.mean"]["values"][0])) < 1e-9)
ok("its interval holds it", d["lo"] <= d["mean"] <= d["hi"])
ok("significant is an interval without 0", all(x["significant"] == (x["lo"] > 0 or x["hi"] < 0) for q in pair["metrics"] for x in q["difference"] if x["lo"] is not None))

# ---- a constant more in a path without queues ----
for name, append in (("slow", "12ms"), ("fast", "5ms")):
    quiet = json.loads(text)
    quiet["name"] = name
    quiet["orders"]["at_most"] = 60
    quiet["kafka"]["append"] = append
    json.dump(quiet, open(f"{name}.json", "w"))
d = by_name(compare("fast.json", "slow.json", "--replications", "5"))
first = d["completion_s.min"]["difference"][0]
ok(f"7 ms more on the way are at least 7 ms more: {first}", first["mean"] >= 0.007 - 1e-9 and first["significant"])

# ---- a figure that not every run has: when the last order was done, in a run that is cut about then ----
cut = json.loads(text)
cut.pop("checkpoints", None), cut.pop("thresholds", None)
cut["run"] = dict(cut.get("run", {}), ends=f"{1000 * alone['groups'][group]['drained_at_s']:.0f}ms")
json.dump(cut, open("cut.json", "w"))
part = compare("cut.json", "--vary", f"{group}.consumers=1,2", "--replications", "12")
partial = [q for q in part["metrics"] if any(0 < n < 12 for n in q["runs"])]
ok("some figures exist in some runs", len(partial) > 0)
ok("values say of how many runs they are", all((n == 0) == (v is None) for q in part["metrics"] for v, n in zip(q["values"], q["runs"])))
ok("no pair without both", all(q["difference"][0]["runs"] <= min(q["runs"]) for q in part["metrics"]))
shown = sim("compare", "cut.json", "--vary", f"{group}.consumers=1,2", "--replications", "12", "--metric", partial[0]["metric"]).stdout
ok(f"and the table of differences says so: {partial[0]['metric']}", f"({partial[0]['difference'][0]['runs']}/12)" in shown.split("Differences")[1])

# ---- text ----
for language in ("en", "ko"):
    shown = sim("compare", "a.json", "--vary", f"{group}.consumers=1..3", "--replications", "6", "--lang", language).stdout
    blank = [line for line in shown.splitlines() if line != line.rstrip()]
    ok(f"no line ends in blanks ({language}): {blank[:1]}", shown and not blank)

# ---- threads, seeds ----
args = ["compare", "a.json", "--vary", f"{group}.consumers=1..3", "--replications", "6", "--format", "json"]
ok("the same bytes for one thread and three", sim(*args, "--jobs", "1").stdout == sim(*args, "--jobs", "3").stdout)
ok("another seed, other figures", sim(*args).stdout != sim(*args, "--seed", "5").stdout)
for form in ("text", "markdown"):
    for lang in ("en", "ko"):
        done = sim("compare", "a.json", "b.json", "--replications", "2", "--format", form, "--lang", lang)
        ok(f"{form} {lang}", done.returncode == 0 and "copy" in done.stdout)

# ---- draws are keyed by place: what is added goes behind ----
def with_audit(name, front):
    audited = json.loads(text)
    audited["name"] = name
    for kind, part in (("groups", {"consumers": 1, "reads": {next(iter(audited["topics"])): "audit"}}),
                       ("stages", {"steps": [{"work": "look", "time": "1ms"}]})):
        new = {"audit": part}
        audited[kind] = {**new, **audited[kind]} if front else {**audited[kind], **new}
    audited["processes"]["audit"] = {"connections": 0, "groups": ["audit"]}
    for process in audited["processes"].values():
        if process.get("groups") == "all":
            process["groups"] = [g for g in audited["groups"] if g != "audit"]
    json.dump(audited, open(f"{name}.json", "w"))


with_audit("front", True)
with_audit("back", False)
ok("nothing has moved", compare("a.json", "back.json", "--replications", "2")["pairing_lost"] is None)
stage = next(iter(scenario["stages"]))
moved = compare("a.json", "back.json", "front.json", "--replications", "2")["pairing_lost"]
ok(f"a stage has moved: {moved}", moved == {"part": f"/stages/{stage}", "variant": "front"})
for lang, says in (("en", "Pairing is lost: /stages/"), ("ko", "짝짓기가 깨짐: /stages/")):
    done = sim("compare", "a.json", "front.json", "--replications", "2", "--lang", lang)
    ok(f"and it is said, {lang}", done.returncode == 0 and says in done.stdout)
    ok(f"where it is so, {lang}", says not in sim("compare", "a.json", "back.json", "--replications", "2", "--lang", lang).stdout)

# ---- within a stage by the place among the steps that take a word, and a Poisson load by its name: what is renamed or
# moved so draws anew; what is put behind, takes a share, or draws for another purpose, does not ----
luck = {"name": "luck", "load": {"scenarios": {"orders": {"executor": "poisson", "rate": 20, "duration": "20s"}}},
        "kafka": {"partitions": 3, "append": "1ms"}, "topics": {"a": {"key": "order_id"}}, "tables": {"orders": {"key": "order_id"}},
        "groups": {"pay": {"consumers": 1, "reads": {"a": "pay"}}}, "processes": {"shop": {"api": {"threads": 200, "stage": "accept"}, "groups": "all"}},
        "stages": {"accept": {"steps": [{"insert": "orders", "time": "1ms"}, {"publish": "a"}, {"reply": 202}]},
                   "pay": {"time": "1ms", "steps": [{"work": "ask", "time": {"mean": "20ms", "cv": 1}, "refuse": 0.1, "otherwise": [{"status": "FAILED"}]}, {"work": "rest", "share": 1}, {"status": "PAID"}]}}}
json.dump(luck, open("luck.json", "w"))


def lost_by(steps=None, load=None):
    other = json.loads(json.dumps(luck))
    other["name"] = "other"
    if steps:
        other["stages"]["pay"]["steps"] = steps(other["stages"]["pay"]["steps"])
    if load:
        other["load"]["scenarios"] = {load: other["load"]["scenarios"].pop("orders")}
    json.dump(other, open("other.json", "w"))
    answer = compare("luck.json", "other.json", "--replications", "4", "--metric", "orders.failed", "--metric", "completion_s.p95")
    moves = [max(abs(difference["lo"]), abs(difference["hi"])) for metric in answer["metrics"] for difference in metric["difference"]]
    return answer["pairing_lost"] and answer["pairing_lost"]["part"], moves


rare = {"work": "check", "refuse": 1e-9, "otherwise": [{"status": "FAILED"}]}
for what, (part, moves), want in (
        ("a step that refuses, in front", lost_by(lambda steps: [rare] + steps), "/stages/pay/steps/0"),
        ("one of the same name", lost_by(lambda steps: [{**rare, "work": "ask"}] + steps), "/stages/pay/steps/0"),
        ("a constant time in front", lost_by(lambda steps: [{"work": "trace", "time": "1us"}] + steps), "/stages/pay/steps/0"),
        ("one of the same name", lost_by(lambda steps: [{"work": "ask", "time": "1us"}] + steps), "/stages/pay/steps/0"),
        ("a load's name", lost_by(load="orders2"), "/load/scenarios/orders")):
    ok(f"{what}: pairing is lost: {part}, {moves}", part == want and moves[1] > 5e-3)
for what, (part, moves) in (
        ("nothing", lost_by()), ("a share in front", lost_by(lambda steps: [{"work": "trace", "share": 0.5}, steps[0], {"work": "rest", "share": 0.5}] + steps[2:])),
        ("a step that refuses, behind", lost_by(lambda steps: [steps[0], rare] + steps[1:])),
        ("one in front that never refuses", lost_by(lambda steps: [{"work": "check"}] + steps))):
    ok(f"{what}: all are pairs: {part}, {moves}", part is None and moves[0] == 0 and moves[1] < 2e-3)
ok("other times or shares of one step are pairs", lost_by(lambda steps: [{**steps[0], "time": {"mean": "30ms", "cv": 1}, "refuse": 0.2}] + steps[1:])[0] is None)
ok("a step instead of another is no move", lost_by(lambda steps: [{**steps[0], "work": "call"}] + steps[1:])[0] is None)

luck["kafka"]["append"] = {"mean": "1s", "cv": 1}
luck["topics"].update(b={"key": "order_id"}, c={"key": "order_id"})
luck["groups"]["audit"] = {"consumers": 1, "reads": {"b": "audit", "c": "audit"}}
luck["stages"]["audit"] = {"steps": [{"work": "look", "time": "1us"}]}
luck["stages"]["pay"]["steps"].insert(1, {"publish": "b"})
json.dump(luck, open("luck.json", "w"))
part, moves = lost_by(lambda steps: [{"publish": "c"}] + steps)
ok(f"a step that sends, in front: pairing is lost: {part}, {moves}", part == "/stages/pay/steps/1")
part, moves = lost_by(lambda steps: steps[:2] + [{"publish": "c"}] + steps[2:])
ok(f"behind: all are pairs: {part}, {moves}", part is None and moves[1] < 2e-3)

# ---- a fault by its name, too: where something of it is drawn ----
def fault_renamed(fault, instances=1):
    for name, key in (("fault.json", "gc"), ("other.json", "long-gc")):
        faulty = json.loads(json.dumps(luck))
        faulty["processes"]["shop"]["instances"] = instances
        faulty.update(name=name, faults={key: {"pause": "shop", **fault}})
        json.dump(faulty, open(name, "w"))
    answer = compare("fault.json", "other.json", "--replications", "3", "--metric", "completion_s.p95")
    difference = answer["metrics"][0]["difference"][0]
    return answer["pairing_lost"] and answer["pairing_lost"]["part"], max(abs(difference["lo"]), abs(difference["hi"]))


for what, (part, moves), want in (
        ("when it happens", fault_renamed({"rate_per_h": 3600, "for": "500ms"}), "/faults/gc"),
        ("how long", fault_renamed({"at": "2s", "for": {"mean": "4s", "cv": 1}}), "/faults/gc"),
        ("to whom", fault_renamed({"at": "2s", "for": "2s"}, instances=2), "/faults/gc"),
        ("nothing", fault_renamed({"at": "2s", "for": "500ms"}), None),
        ("the instance is given", fault_renamed({"at": "2s", "for": "2s", "instance": 0}, instances=2), None)):
    ok(f"a renamed fault, drawn: {what}: {part}, {moves}", part == want and (moves > 0) == (want is not None))

# ---- a warm-up that is to be found is one for all: orders of 25 ms at 100/s, which three consumers can do, and two cannot ----
even = json.loads(json.dumps(luck))
even["load"]["scenarios"]["orders"] = {"executor": "constant-arrival-rate", "rate": 100, "duration": "30s", "maxVUs": 1000, "preAllocatedVUs": 1000}
even["kafka"] = {"partitions": 12, "fetch_order": "arrival", "linger": "0s", "append": "0s", "fetch": "0s", "commit": "0s"}
even["topics"] = {"a": {"key": "id_modulo"}}
even["groups"] = {"pay": {"consumers": 3, "reads": {"a": "pay"}}}
even["stages"] = {"accept": {"steps": [{"insert": "orders", "time": "1ms"}, {"publish": "a"}, {"reply": 202}]},
                  "pay": {"time": "25ms", "steps": [{"work": "ask", "share": 1}, {"status": "PAID"}]}}
even["run"] = {"ends": "30s", "sample_every": "50ms", "warm_up": "auto"}
json.dump({**even, "name": "even"}, open("even.json", "w"))
json.dump({**even, "name": "given", "run": {**even["run"], "warm_up": "10s"}}, open("given.json", "w"))
warm_up = lambda *args: next(m["values"] for m in compare(*args, "--replications", "2")["metrics"] if m["metric"] == "sim.warm_up_s")
own = json.loads(sim("run", "even.json", "--format", "json", "--quiet").stdout)["sim"]["warm_up_s"]
ok(f"the longest counts: {own}", 0 <= own < 10 and warm_up("even.json", "given.json") == [10, 10])
ok("two that are given stay as they are", warm_up("given.json", "--vary", "/run/warm_up=5s,10s") == [5, 10])
done = sim("compare", "even.json", "--vary", "pay.consumers=2..3", "--replications", "2")
ok(f"without a steady state there is nothing to compare: {done.returncode} {done.stderr.strip()}",
   done.returncode == 5 and done.stderr.startswith("sim: consumers=2: no steady state"))
done = sim("compare", "even.json", "given.json", "--set", "/run/ends=9s", "--replications", "2")
ok("a given one beyond the end is refused as ever", done.returncode == 3)

# ---- strategies of the hot item: what each must show, not how much ----
answer = compare(STRATEGIES[0], "--variants", STRATEGIES[1], "--replications", "2")
names = [v["name"] for v in answer["variants"]]
lost = dict(zip(names, by_name(answer)["tables.stock.lost_updates"]["values"]))
broken = {v["name"]: v["runs_with_a_broken_invariant"] for v in answer["variants"]}
ok(f"five strategies: {names}", len(names) == 5)
ok(f"only without a lock updates are lost: {lost}", lost["no lock"] > 0 and all(v == 0 for k, v in lost.items() if k != "no lock"))
ok(f"and only there an invariant breaks: {broken}", broken["no lock"] == 2 and sum(broken.values()) == 2)

# ---- what is refused ----
def refused(code, says, *args):
    done = sim("compare", *args)
    ok(f"{args}: {done.returncode} {done.stderr.strip()}", done.returncode == code and says in done.stderr and done.stdout == "")


refused(2, "either several scenarios, or one and its variants", "a.json")
refused(2, "either several scenarios, or one and its variants", "a.json", "b.json", "--vary", f"{group}.consumers=1,2")
refused(2, "at least two variants", "a.json", "--vary", f"{group}.consumers=1")
refused(2, "there is no figure completion_s.p96 in summary.json; the nearest is", "a.json", "b.json", "--metric", "completion_s.p96")
refused(1, "missing.json", "a.json", "missing.json")
open("bad.json", "w").write(text.replace('"consumers"', '"consumer"', 1))
refused(3, "bad.json:", "a.json", "bad.json")
for content, says in (('{"x": 1, "y": {}}', "v.json:1:7: /x: a number, but a variant is an object"), ("[]", "v.json:1:1"),
                      ('{"x\\nz": {}, "y": {}}', "a control character, U+000A"), ('{"x": {}}', "at least two variants"), ('{"x": {}, "x": {}}', "v.json:1:"),
                      ('{"x": {}, "y": {"/groups/no/consumers": 2}}', "a.json (y)"), ("", "v.json:")):
    open("v.json", "w").write(content)
    refused(3, says, "a.json", "--variants", "v.json")

close()
