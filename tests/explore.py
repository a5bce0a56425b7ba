#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sim explore and sim replay. Goal: the same search whatever the number of threads; what it finds is small, is kept and
repeats to the last fact; a capsule that was tampered with, or is none, is refused or diverges at a named place; nothing
is overwritten. Method: the built program on the shipped scenario with a lease."""
import json, os, shutil, signal, subprocess, tempfile, time

from support.runner import SIM, close, ok, sim

SCENARIOS = os.path.abspath("scenarios")


def ended_by(what, after_s, *args):
    """Exit code and output of the program when a signal comes in the middle."""
    process = subprocess.Popen([SIM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(after_s)
    process.send_signal(what)
    shown, _ = process.communicate(timeout=60)
    return process.returncode, shown


os.chdir(tempfile.mkdtemp(prefix="sim-explore-"))
LEASE = os.path.join(SCENARIOS, "explore-lease.json")

# ---- a search ----
one = sim("explore", LEASE, "--runs", "300", "--jobs", "1", "--out", "one", "--format", "json")
two = sim("explore", LEASE, "--runs", "300", "--jobs", "3", "--out", "two", "--format", "json")
ok(f"a search that finds something ends with 4, not {one.returncode}: {one.stderr}", one.returncode == 4)
ok("the number of threads changes nothing", one.stdout.replace("one/", "two/") == two.stdout)
found = json.loads(one.stdout)
ok("the keys of the contract", {"runs", "violations", "coverage", "upper_limit_95"} <= set(found))
ok("all runs were made", found["runs"] == 300)
ok("the same is in the folder", json.load(open("one/explore.json")) == found)
ok("something was found", len(found["violations"]) >= 1)
for violation in found["violations"]:
    ok("the keys of a violation", {"invariant", "seed", "capsule", "faults", "orders"} <= set(violation))
    ok(f"five faults or fewer: {violation['faults']}", violation["faults"] <= 5)
    ok(f"few orders: {violation['orders']}", violation["orders"] <= 20)
    ok("its seed is one of the search's", 1 <= violation["seed"] <= 300)
ok("every run is counted where it has been", found["coverage"]["status.PAID"] == 300 and found["coverage"]["cause.L1"] >= 0)
ok("the upper limit lies above the share", found["broken"] / 300 < found["upper_limit_95"] < 1)
again = sim("explore", LEASE, "--runs", "300", "--out", "one")
ok(f"a folder that exists is not written to: {again.returncode}", again.returncode == 2)
first = sim("explore", LEASE, "--runs", "100000", "--first", "--jobs", "2", "--format", "json")
ok("--first ends early, with the same finding",
   json.loads(first.stdout)["runs"] < 100000 and json.loads(first.stdout)["violations"][0]["seed"] == found["violations"][0]["seed"])
ok("without --out there is no capsule", json.loads(first.stdout)["violations"][0]["capsule"] is None)
timed = sim("explore", LEASE, "--time", "0.3s", "--format", "json")
ok("--time ends a search", timed.returncode == 4 and json.loads(timed.stdout)["runs"] > 0)

ok("who finds the file knows what was searched", found["seed"] == 1 and found["version"] and "interrupted" not in found)

undo = [os.path.join(SCENARIOS, "explore-undo.json"), "--runs", "40", "--lang", "ko"]
ok("what broke is said in Korean, too", "but its stock" not in sim("explore", *undo).stdout and "재고가 여전히 예약됨" in sim("explore", *undo).stdout)

# ---- interrupted ----
code, _ = ended_by(signal.SIGINT, 0.5, "explore", LEASE, "--time", "60s", "--out", "cut")
cut = json.load(open("cut/explore.json"))
ok(f"an interrupted search is kept and marked: {code}",
   code == 130 and cut["interrupted"] is True and cut["runs"] > 0 and os.path.exists(cut["violations"][0]["capsule"]))

# ---- a search that ends within its first block of 32 runs ----
slow = json.load(open(os.path.join(SCENARIOS, "explore-unlock.json")))
slow["orders"]["at_most"] = 200000
slow["load"]["scenarios"]["sale"].update(rate=200, duration="20m")
slow["tables"]["stock"]["quantity"] = 10 ** 6
slow["run"]["at_most"] = "2h"
json.dump(slow, open("slow.json", "w"))
for jobs in ("1", "2"):
    few = sim("explore", "slow.json", "--time", "1.5s", "--jobs", jobs, "--format", "json")
    made = json.loads(few.stdout)
    ok(f"--time keeps the runs of a block that it ends, {jobs} jobs: {few.returncode}, {made['runs']} runs",
       few.returncode == 4 and made["runs"] > 0 and made["violations"] and made["coverage"]["ties"] <= made["runs"])
code, _ = ended_by(signal.SIGINT, 1.5, "explore", "slow.json", "--jobs", "1", "--out", "early")
early = json.load(open("early/explore.json"))
ok(f"so does Ctrl-C: {code}, {early['runs']} runs",
   code == 130 and early["interrupted"] is True and early["runs"] > 0 and os.path.exists(early["violations"][0]["capsule"]))

# ---- making it smaller ends, too, and what is not small yet is kept ----
late = json.load(open(LEASE))
late["orders"]["at_most"] = 200000
late["load"]["scenarios"]["sale"].update(rate=100, duration="20m")
late["tables"]["stock"]["quantity"] = 10 ** 6
late["run"]["at_most"] = "1h"
late["explore"] = {"faults": {"gc": {"pause": "shop", "instance": 0, "for": ["10s", "30s"], "at": ["18m", "20m"]},
                              "gc2": {"pause": "api", "for": ["1s", "30s"], "at": ["5m", "10m"]}}, "most_faults": 8}
json.dump(late, open("late.json", "w"))


def kept_as_it_was(what, folder, code, expected):
    kept = json.load(open(f"{folder}/explore.json"))
    ok(f"{what}: {code}, {kept['runs']} runs, {kept['violations']}",
       code == expected and kept["runs"] == 1 and kept["violations"] and kept["violations"][0]["unfinished"] is True)
    for violation in kept["violations"]:
        again = sim("replay", violation["capsule"])
        ok(f"{what}: its capsule repeats it: {again.returncode} {again.stderr}", again.returncode == 4)
    return kept


ONE = ("explore", "late.json", "--seed", "7", "--runs", "1", "--jobs", "1")
code, shown = ended_by(signal.SIGTERM, 1, *ONE, "--out", "large")
ok("a signal while it is made smaller is marked", kept_as_it_was("a signal", "large", code, 130)["interrupted"] is True)
ok("and said", "Interrupted" in shown and "Ended before it was made as small" in shown)
timed = sim(*ONE, "--time", "0.7s", "--out", "timed")
ok("--time alone is no interruption", "interrupted" not in kept_as_it_was("--time", "timed", timed.returncode, 4))
ok("what was made as small as it gets is not marked", all("unfinished" not in violation for violation in found["violations"]))

# ---- what is drawn goes with the values of its block ----
def variant(name, change):
    scenario = json.load(open(LEASE))
    change(scenario)
    json.dump(scenario, open(name, "w"))
    return name


def shorter(scenario):
    """A run that may be cut after 1 s: a fault at a time of the load of 5 s would be too late."""
    scenario["explore"]["vary"] = {"/run/at_most": ["1s", "10m"]}


def fewer(scenario):
    """Instances that are not there in every block."""
    scenario["explore"]["vary"] = {"/processes/shop/instances": [1, 3]}
    scenario["explore"]["faults"]["gc"]["instance"] = [0, 2]


for name, change in (("shorter.json", shorter), ("fewer.json", fewer)):
    fits = sim("explore", variant(name, change), "--runs", "400", "--format", "json")
    ok(f"{name}: no run is refused: {fits.returncode} {fits.stderr}", fits.returncode == 4 and json.loads(fits.stdout)["runs"] == 400)
    ok(f"{name}: the fault happens", json.loads(fits.stdout or "{}").get("coverage", {}).get("fault.gc", 0) > 100)

# ---- coverage tells kinds of faults apart, whatever they are called ----
def two_kinds(scenario):
    scenario["explore"]["faults"] = {"gc": {"pause": "shop", "for": ["1s", "5s"]}, "gc-2": {"crash": "api", "back_after": "1s"}}
    scenario["explore"]["most_faults"] = 1


def own_and_drawn(scenario):
    scenario["faults"] = {"gc": {"pause": "api", "at": "100ms", "for": "1ms"}}


kinds = json.loads(sim("explore", variant("kinds.json", two_kinds), "--runs", "200", "--format", "json").stdout)["coverage"]
ok(f"one fault a run is counted once: {kinds['fault.gc']} and {kinds['fault.gc-2']}",
   kinds["fault.gc"] > 20 and kinds["fault.gc-2"] > 20 and kinds["fault.gc"] + kinds["fault.gc-2"] <= 200)
both = json.loads(sim("explore", variant("both.json", own_and_drawn), "--runs", "100", "--format", "json").stdout,
                  object_pairs_hook=lambda pairs: [pairs, dict(pairs)])
keys, reached = [key for key, _ in dict(both[1])["coverage"][0]], both[1]["coverage"][1]
ok("no key is there twice", len(keys) == len(set(keys)))
ok(f"the scenario's own fault keeps its name, the drawn ones have another: {reached['fault.gc']}",
   reached["fault.gc"] == 100 and 0 < reached["fault.gc-2"] <= 100)

# ---- what an earlier search has left ----
shutil.copytree("one", "again")
for name in ("S1-notes.json", "Q1-3.json", "mine.txt"):
    open(f"again/{name}", "w").close()
empty = sim("explore", LEASE, "--runs", "1", "--set", "/stages/reserve-stock/steps/4/style=conditional", "--out", "again", "--force")
ok(f"capsules that this search has not found do not stay, what is none does: {empty.returncode} {sorted(os.listdir('again'))}",
   empty.returncode == 0 and sorted(os.listdir("again")) == ["Q1-3.json", "S1-notes.json", "explore.json", "mine.txt"])
kept = sim("explore", LEASE, "--runs", "300", "--out", "again", "--force", "--format", "json")
ok("those that it has found are there", json.loads(kept.stdout)["violations"] and
   all(os.path.exists(violation["capsule"]) for violation in json.loads(kept.stdout)["violations"]))

# ---- nothing found ----
right = sim("explore", LEASE, "--set", "/stages/reserve-stock/steps/4/style=conditional", "--runs", "500", "--format", "json")
ok(f"the right variant survives: {right.returncode} {right.stderr}", right.returncode == 0)
limit = json.loads(right.stdout)["upper_limit_95"]
ok("what zero of n means", abs(limit - (1 - 0.05 ** (1 / 500))) < 1e-9)
for language, word in (("en", "That proves nothing"), ("ko", "증명은 아니며")):
    text = sim("explore", LEASE, "--set", "/stages/reserve-stock/steps/4/style=conditional", "--runs", "64", "--lang", language)
    ok(f"text says what it means ({language})", word in text.stdout)

# ---- cut before their end ----
CUT = ("--set", "/stages/reserve-stock/steps/4/style=conditional", "--set", "/run/ends=1s", "--set", "/checkpoints={}")
cut = sim("explore", LEASE, *CUT, "--runs", "20", "--format", "json")
found_cut = json.loads(cut.stdout)
ok(f"runs that were cut say nothing of what holds in the end: {found_cut['open']} {found_cut['upper_limit_95']}",
   cut.returncode == 0 and found_cut["open"] == 20 and found_cut["upper_limit_95"] == 1)
for language, word in (("en", "was not judged"), ("ko", "판정되지 않음")):
    text = sim("explore", LEASE, *CUT, "--runs", "20", "--lang", language).stdout
    ok(f"and no share is told ({language})", word in " ".join(text.split()) and "95 %" not in text)
played = json.loads(sim("run", LEASE, *CUT, "--replications", "20", "--format", "json").stdout)["verdicts"]
ok(f"nor does sim run take them for judged: {played}",
   played["liveness"]["runs_judged"] == 0 and played["liveness"]["upper_limit_95"] == 1 and
   played["safety"]["runs_judged"] == 20 and abs(played["safety"]["upper_limit_95"] - (1 - 0.05 ** (1 / 20))) < 1e-9)

# ---- replay ----
capsule = found["violations"][0]["capsule"]
replay = sim("replay", capsule, "--format", "json")
ok(f"a replay that repeats it ends with 4, not {replay.returncode}: {replay.stderr}", replay.returncode == 4)
story = json.loads(replay.stdout)
ok("it breaks the same invariant", story["invariant"] == found["violations"][0]["invariant"])
ok("the cause is named", any(c["cause"] == "L2" for c in story["causes"]))
ok("the story is told in order", len(story["story"]) > 10 and all(a["t_s"] <= b["t_s"] for a, b in zip(story["story"], story["story"][1:])))
ok("the fault, the loss and the violation are in it",
   all(any(word in line["what"] for line in story["story"]) for word in ("FAULT", "has lost lock item", "BROKEN")))
ok("text in two languages", "FAULT" in sim("replay", capsule).stdout and "장애" in sim("replay", capsule, "--lang", "ko").stdout)
text = open(capsule, encoding="utf-8").read()


def tampered(what, old, new, code, words):
    if old not in text:
        return ok(f"{what}: the capsule has no {old}", False)
    open("bad.json", "w", encoding="utf-8").write(text.replace(old, new, 1))
    run = sim("replay", "bad.json")
    ok(f"{what}: exit {run.returncode}, {run.stderr.strip()}", run.returncode == code and words in run.stderr and not run.stdout)


document = json.loads(text)
step = document["run"]["trail"][5]
tampered("another seed", f'"seed": {document["seed"]}', f'"seed": {document["seed"] + 7}', 1, "diverges at step")
tampered("another fingerprint in its trail", step[1], "0123456789abcdef", 1, "diverges at step 6 of its trail: there " + step[0])
tampered("another last fingerprint", document["run"]["fingerprint"], "0123456789abcdef", 1, "diverges")
tampered("another invariant", f'"invariant": "{document["broken"]["invariant"]}"', '"invariant": "K6"', 1, "K6 is not broken")
tampered("no invariant of that name", f'"invariant": "{document["broken"]["invariant"]}"', '"invariant": "Q1"', 3, "no invariant")
tampered("another schema", "sim-capsule/1", "sim-capsule/9", 3, "sim-capsule/1")
tampered("not hexadecimal", step[1], "zz", 3, "hexadecimal")
tampered("another instant of the violation", f'"at": "{document["broken"]["at"]}"', '"at": "1ms"', 1,
         f'is broken first there at 1ms, order {document["broken"]["order_id"]}, here at {document["broken"]["at"]}')
tampered("another order of the violation", f'"order_id": {document["broken"]["order_id"]}', '"order_id": 1', 1, "there")
for key in ("events", "orders"):
    tampered(f"another number of {key}", f'"{key}": {document["run"][key]}', f'"{key}": {document["run"][key] + 1}', 1, "the run is the same, but there it ends")
tampered("another end", f'"end": "{document["run"]["end"]}"', '"end": "1h"', 1, "the run is the same, but there it ends at 1h")
tampered("no end", f'"end": "{document["run"]["end"]}"', '"end": "late"', 3, "/run/end")
tampered("other words for what broke", f'"what": "{document["broken"]["what"]}"', '"what": "nothing"', 1, "it is said there: nothing")
tampered("a word for the instant of the violation", f'"at": "{document["broken"]["at"]}"', '"at": "soon"', 3, "/broken/at")
tampered("another version that plays another run", f'"version": "{document["version"]}",\n  "seed": {document["seed"]}',
         f'"version": "0.0.9",\n  "seed": {document["seed"] + 7}', 1, "the capsule is of sim 0.0.9")
open("older.json", "w", encoding="utf-8").write(text.replace(document["version"], "0.0.9"))
older = sim("replay", "older.json")
ok("another version that plays the same run", older.returncode == 4 and "The capsule is of sim 0.0.9." in older.stdout)
tampered("an unknown key", '"plan": {', '"plans": 1, "plan": {', 3, "unknown key")
tampered("half a file", text[len(text) // 2:], "", 3, "")
tampered("a scenario inside that is none", '"name": "explore-lease"', '"name": 7', 3, "/scenario/name")
ok("a scenario is no capsule", sim("replay", LEASE).returncode == 3)
ok("no file", sim("replay", "absent.json").returncode == 1)
ok("a scenario without explore", sim("explore", os.path.join(SCENARIOS, "skeleton.json")).returncode == 3)
for bad in (["--runs", "0"], ["--time", "5"], ["--runs", "x"], ["--replications", "3"]):
    ok(f"explore {' '.join(bad)} is refused", sim("explore", LEASE, *bad).returncode == 2)

close()
