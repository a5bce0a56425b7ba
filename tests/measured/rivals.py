#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured pipeline beside three predictions of it: the simulator's, a fluid limit's, and a queue for each partition.

    rivals.py [PICTURE.png]    prints the table of docs/measured.md; draws its picture with gnuplot

All three know the load and the durations of the steps, nothing else. The fluid: B' = arrival rate - 1 / mean service. The
queue per partition: each partition is a queue with a server of its own, as a queueing tool that knows no consumer groups
has it; a record of each partition at its due time, mean service."""
import csv, json, os, subprocess, sys, tempfile

SIM = os.path.join(os.environ.get("BUILD", "build"), "sim")
SCENARIO = "scenarios/measured-pipeline.json"
SECONDS = 210
RAMPS = [(10, 20), (20, 50), (20, 100), (40, 100), (10, 0)]  # seconds, rate at the end; from 0


def counted():
    rows = list(csv.DictReader(open("tests/measured/data/single_lag.csv")))
    return [float(r["backlog"]) for r in rows], [float(r["lag"]) for r in rows]


def service_s():
    """Sum of the means of the stock steps, from their quantiles."""
    rows = list(csv.DictReader(open("scenarios/measured/step-durations.csv")))
    steps = [k for k in rows[0] if k.startswith("stock_")]
    return sum(sum(float(r[k]) for r in rows) / len(rows) for k in steps) / 1000


def rate(t):
    low = 0
    for length, high in RAMPS:
        if t < length:
            return low + (high - low) * t / length
        t, low = t - length, high
    return 0


def fluid(mean_s, step=0.01):
    curve, backlog = [], 0.0
    for i in range(int(SECONDS / step)):
        if i % round(1 / step) == 0:
            curve.append(backlog)
        backlog = max(0.0, backlog + (rate(i * step) - 1 / mean_s) * step)
    return curve


def arrivals(step=0.0005):
    due, sum_ = [], 0.0
    for i in range(int(100 / step)):
        sum_ += rate(i * step) * step
        while len(due) < int(sum_):
            due.append(i * step)
    return due


def queue_per_partition(mean_s, partitions=3):
    free, left = [0.0] * partitions, []
    due = arrivals()
    for i, t in enumerate(due):
        free[i % partitions] = max(free[i % partitions], t) + mean_s
        left.append(free[i % partitions])
    return [sum(t <= s for t in due) - sum(t <= s for t in left) for s in range(SECONDS)]


def simulated():
    """Mean, least and greatest over the replications, second by second: backlog and committed lag of stock."""
    folder = os.path.join(tempfile.mkdtemp(prefix="sim-rivals-"), "out")
    subprocess.run([SIM, "run", SCENARIO, "--quiet", "--out", folder], check=True, stdout=subprocess.DEVNULL)
    runs = {}
    for row in csv.DictReader(open(os.path.join(folder, "lag.csv"))):
        if row["group"] == "stock":
            at = runs.setdefault(int(row["replication"]), {}).setdefault(round(float(row["t_s"])), [0, 0])
            at[0] += int(row["backlog"])
            at[1] += int(row["lag"])
    out = []
    for what in (0, 1):
        curves = [[run.get(s, (0, 0))[what] for s in range(SECONDS)] for run in runs.values()]
        out.append([(sum(c) / len(c), min(c), max(c)) for c in zip(*curves)])
    return out


def describe(name, curve, truth):
    peak = max(curve)
    at = curve.index(peak)
    gone = next((s for s in range(at, SECONDS) if curve[s] < 1), None) if peak >= 1 else None
    error = sum(abs(a - b) for a, b in zip(curve, truth)) / len(truth) / max(truth)
    print(f"| {name} | {peak:,.0f} | {at} s | {gone if gone is not None else '-'} s | {100 * error:.1f} % |")


def draw(path, truth, lag, sim_backlog, sim_lag, fluid_, queue):
    folder = tempfile.mkdtemp(prefix="sim-rivals-")
    with open(os.path.join(folder, "d.csv"), "w") as out:
        for s in range(SECONDS):
            out.write(",".join(f"{v:.6g}" for v in (s, truth[s], lag[s], *sim_backlog[s], *sim_lag[s], fluid_[s], queue[s])) + "\n")
    script = f"""set terminal pngcairo size 1120,840 font 'sans,11' background '#ffffff'
set output '{os.path.abspath(path)}'
set datafile separator comma
set grid linecolor '#dddddd'
set key outside right top Left reverse samplen 2
set multiplot layout 2,1 title 'Stock group of a real pipeline: counted, and predicted from the durations of its steps'
set ylabel 'records not yet processed'
set xrange [0:{SECONDS - 1}]
set yrange [0:4500]
plot 'd.csv' using 1:5:6 with filledcurves fillcolor '#0072B2' fillstyle transparent solid 0.25 title 'sim, least to greatest of 20 runs', \\
  '' using 1:4 with lines linewidth 2 linecolor '#0072B2' title 'sim, mean', \\
  '' using 1:10 with lines linewidth 1.5 dashtype 2 linecolor '#D55E00' title 'fluid limit', \\
  '' using 1:11 with lines linewidth 1.5 dashtype 4 linecolor '#009E73' title 'a queue per partition', \\
  '' using 1:2 every 4 with points pointtype 7 pointsize 0.7 linecolor '#000000' title 'counted'
set ylabel 'committed lag (records)'
set xlabel 'seconds since the load began'
plot 'd.csv' using 1:8:9 with filledcurves fillcolor '#0072B2' fillstyle transparent solid 0.25 title 'sim, least to greatest of 20 runs', \\
  '' using 1:7 with lines linewidth 2 linecolor '#0072B2' title 'sim, mean', \\
  '' using 1:10 with lines linewidth 1.5 dashtype 2 linecolor '#D55E00' title 'fluid limit', \\
  '' using 1:3 every 2 with points pointtype 7 pointsize 0.7 linecolor '#000000' title 'counted'
"""
    open(os.path.join(folder, "d.gp"), "w").write(script)
    subprocess.run(["gnuplot", "d.gp"], cwd=folder, check=True)


truth, lag = counted()
mean_s = service_s()
backlog, committed = simulated()
fluid_curve, queue = fluid(mean_s), queue_per_partition(mean_s)
print("| waiting in the stock group | peak | at | gone at | mean error of the curve, of the peak |\n|---|---|---|---|---|")
describe("counted", truth, truth)
describe("sim, mean of 20 runs", [m for m, _, _ in backlog], truth)
describe("fluid limit", fluid_curve, truth)
describe("a queue per partition", queue, truth)
print("\n| committed lag | peak | at | gone at | mean error of the curve, of the peak |\n|---|---|---|---|---|")
describe("counted", lag, lag)
describe("sim, mean of 20 runs", [m for m, _, _ in committed], lag)
describe("fluid limit", fluid_curve, lag)
inside = sum(low <= x <= high for x, (_, low, high) in zip(lag, committed))
print(f"\nseconds at which the committed lag lies within the 20 runs: {inside} of {SECONDS}")
if len(sys.argv) > 1:
    draw(sys.argv[1], truth, lag, backlog, committed, fluid_curve, queue)
