#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sim explore is for. Goal: each scenarios/explore-*.json, a pipeline that looks innocent, breaks within a search of
60 s and is shrunk to five faults or fewer, whose capsule repeats; and the same file with the one value changed that its
row in scenarios/README.md names survives RUNS runs of the same faults, in which what it guards against did happen.
Method: the built program, searches from two seeds. RUNS=2000 in `make test`, 100000 in `make soak`."""
import glob, json, os, re, tempfile

from support.runner import close, ok, sim

RUNS = int(os.environ.get("RUNS", "2000"))
# What must have been met in a search of the right variant, beside every fault: else its survival says nothing.
MET = {
    "explore-duplicate": ["records_duplicated", "ties"],
    "explore-join": ["records_duplicated", "saga.late_answer", "ties"],
    "explore-lease": ["lock.item.expired_while_held", "lock.item.overlaps", "lock.item.not_owner"],
    "explore-mark": ["group.stock-service.duplicates", "group.stock-service.rebalances", "records_duplicated"],
    "explore-outbox": ["requests_failed", "saga.sent_twice"],
    "explore-sweeper": ["records_duplicated", "saga.late_answer", "ties"],
    "explore-undo": ["records_duplicated", "saga.late_answer", "ties"],
    "explore-unlock": ["lock.item.contended", "ties"],
}


def explore(file, *args):
    run = sim("explore", file, *args, "--quiet", "--format", "json")
    return run, json.loads(run.stdout) if run.stdout else {}


def wrong_is_found(name, file, seed):
    out = f"{name}-{seed}"
    run, found = explore(file, "--seed", seed, "--first", "--time", "60s", "--out", out)
    ok(f"{name}, seed {seed}: found in 60 s: exit {run.returncode} {run.stderr}", run.returncode == 4)
    for violation in found.get("violations", []):
        at = f"{name}, seed {seed}, {violation['invariant']}"
        ok(f"{at}: {violation['faults']} faults are five or fewer", violation["faults"] <= 5)
        ok(f"{at}: {violation['orders']} orders are few", violation["orders"] <= 60)
        again = sim("replay", violation["capsule"], "--quiet")
        ok(f"{at}: its capsule repeats it: exit {again.returncode} {again.stderr}", again.returncode == 4)


def right_survives(name, file, value):
    run, search = explore(file, "--runs", str(RUNS), "--set", value)
    ok(f"{name}: {value} survives {RUNS} runs: exit {run.returncode} {run.stderr} "
       f"{[(v['invariant'], v['seed'], v['what']) for v in search.get('violations', [])]}", run.returncode == 0)
    reached = search.get("coverage", {})
    ok(f"{name}: every run came to its end", not any(reached.get(key) for key in ("run.cut", "run.endless")))
    faults = [key for key in reached if key.startswith("fault.")]
    for key in faults + MET.get(name, []):
        ok(f"{name}: {key} in more than a hundredth of the runs, not {reached.get(key)}",
           reached.get(key, 0) > RUNS / 100)
    ok(f"{name}: there are faults, and a list of what must be met", faults and name in MET)


table = open("scenarios/README.md", encoding="utf-8").read()
files = [os.path.abspath(path) for path in sorted(glob.glob("scenarios/explore-*.json"))]
os.chdir(tempfile.mkdtemp(prefix="sim-search-"))
for file in files:
    name = os.path.basename(file)[:-len(".json")]
    row = next((line for line in table.splitlines() if line.startswith(f"| [{name}.json]")), "")
    value = re.search(r"Right with `([^`]+)`", row)
    ok(f"{name}: scenarios/README.md names the value that makes it right", value)
    for seed in ("1", "900001"):
        wrong_is_found(name, file, seed)
    if value:
        right_survives(name, file, value.group(1))
ok("each list is of a scenario", set(MET) == {os.path.basename(file)[:-len(".json")] for file in files})

close()
