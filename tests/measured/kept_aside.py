#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Predictions for runs of the measured pipeline that were not at hand when they were made.

    kept_aside.py          prints the table of docs/measured.md

A row is one command on shipped files. Its interval is that of one run (95 %, from 20), widened by what the service times
of the stock group may be off: repeats of the measurement differed by 1 to 3 %, so each row is run with them 3 % shorter
and 3 % longer as well, and the interval holds all three."""
import json, math, os, shlex, subprocess

SIM = os.path.join(os.environ.get("BUILD", "build"), "sim")
PIPELINE, STOCK, LEASE = (f"scenarios/measured-{name}.json" for name in ("pipeline", "limited-stock", "short-lease"))
OFF, REPLICATIONS = 0.03, 20
THREE = "stock.consumers=3"
KILL = {"kill": {"crash": "stock", "instance": 1, "at": "60s"}}
# The mock broker elects a leader no sooner than a session less 1 s after a member is gone: the others stand still.
MOCK = {f"mock-{i}": {"pause": "stock", "instance": i, "at": "70s", "for": "9s"} for i in (0, 2)}

ROWS = [  # what, scenario, options, faults, figures of its own
    ("as it was", PIPELINE, [], {}, []),
    ("two stock consumers", PIPELINE, ["stock.consumers=2"], {}, []),
    ("three", PIPELINE, [THREE], {}, []),
    ("a commit for each record", PIPELINE, ["/groups/stock/commit_mode=record"], {}, []),
    ("the same, three consumers", PIPELINE, [THREE, "/groups/stock/commit_mode=record"], {}, []),
    ("10 items, three consumers", PIPELINE, [THREE, "/orders/item/uniform/1=10"], {}, ["locks.item.contended"]),
    ("3 items, three consumers", PIPELINE, [THREE, "/orders/item/uniform/1=3"], {}, ["locks.item.contended"]),
    ("1 item, three consumers", PIPELINE, [THREE, "/orders/item/uniform/1=1"], {}, ["locks.item.contended"]),
    ("60 % want one item, three consumers", PIPELINE,
     [THREE, '/orders/item={"hot": {"values": [7], "share": 0.6, "from": 1, "to": 1000}}'], {}, ["locks.item.contended"]),
    ("one of three killed at 60 s, Apache Kafka", PIPELINE, [THREE], KILL, ["groups.stock.duplicates"]),
    ("the same, mock broker", PIPELINE, [THREE], {**KILL, **MOCK}, ["groups.stock.duplicates"]),
    ("10 units an item", STOCK, [], {}, ["orders.failed"]),
    ("the same, no COMMIT when short", STOCK,
     ["/stages/stock/steps/3/otherwise/0/time=0s"], {}, ["orders.failed"]),
    ("5 units an item", STOCK, ["/tables/stock/quantity=5"], {}, ["orders.failed"]),
    ("10 units, three consumers", STOCK, [THREE], {}, ["orders.failed"]),
    ("lease 1 s, pauses of 3 s", LEASE, [], {}, ["locks.item.overlaps"]),
    ("the same, absolute UPDATE", LEASE, ["/stages/stock/steps/4/style=absolute"], {}, ["tables.stock.lost_updates"]),
    ("the same, 10 items", LEASE, ["/stages/stock/steps/4/style=absolute", "/orders/item/uniform/1=10"], {},
     ["locks.item.overlaps", "tables.stock.lost_updates"]),
]
COLUMNS = ["groups.stock.peak_backlog", "groups.stock.peak_lag", "groups.stock.drained_at_s", "completion_s.p95"]
OF_ITS_OWN = {"locks.item.contended": "locks waited for", "groups.stock.duplicates": "records done twice",
              "orders.failed": "orders failed",
              "locks.item.overlaps": "two inside", "tables.stock.lost_updates": "updates lost"}


def options(row, factor=1.0):
    _, _, edits, faults, _ = row
    if factor != 1:
        faults = {**faults, "off": {"slow": "stock", "factor": factor, "at": "0s", "for": "1h"}}
    return edits + ([f"/faults={json.dumps(faults)}"] if faults else [])


def summary(row, factor):
    command = [SIM, "run", row[1], "--replications", str(REPLICATIONS), "--format", "json", "--quiet"]
    for edit in options(row, factor):
        command += ["--set", edit]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 4, 99):
        raise SystemExit(f"{shlex.join(command)}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def at(node, path):
    for key in path.split("."):
        node = node[key]
    return node


def shown(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cell(summaries, path):
    """Mean as it is, and the interval of one run over all three: the half-width of a mean of n, times sqrt(n + 1)."""
    ends = []
    for one in summaries:
        half = at(one["ci95"], path) * math.sqrt(REPLICATIONS + 1)
        ends += [max(0, at(one, path) - half), at(one, path) + half]
    return f"{shown(at(summaries[1], path))} ({shown(min(ends))}–{shown(max(ends))})"


def main():
    print("| run | largest backlog | largest committed lag | gone at (s) | completion p95 (s) | |")
    print("|---|---|---|---|---|---|")
    for row in ROWS:
        summaries = [summary(row, factor) for factor in (1 - OFF, 1, 1 + OFF)]
        own = "; ".join(f"{OF_ITS_OWN[path]}: {cell(summaries, path)}" for path in row[4])
        print(f"| {row[0]} | {' | '.join(cell(summaries, path) for path in COLUMNS)} | {own} |")
    print("\n```")
    for row in ROWS:
        sets = "".join(f" --set {shlex.quote(edit)}" for edit in options(row))
        print(f"{'# ' + row[0]}\nsim run {row[1]} --replications {REPLICATIONS}{sets}")
    print("```")


if __name__ == "__main__":
    main()
