#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sim sweep on several processes (make MPI=1). Goal: four ranks store the rows that one process stores; a rank that is
killed ends the program and loses only what was in hand, and --resume completes the file; errors are said once. Method: the
built program under mpirun on this machine; rows are compared as tests/sweep.py does."""
import os, signal, sqlite3, subprocess, tempfile, time

from support.runner import BUILD, SIM, close, ok, rows

MPI_SIM = os.path.abspath(f"{BUILD}/mpi/sim")
ENV = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
           OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_vader_single_copy_mechanism="none")


def ranks(n, *args):
    return ["mpirun", "--oversubscribe", "-n", str(n), MPI_SIM, *args]


def run(command):
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=ENV, timeout=120)


def children(pid):
    return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]


os.chdir(tempfile.mkdtemp(prefix="sim-ranks-"))
open("s.json", "w").write(run([SIM, "schema", "--example"]).stdout)
SWEEP = ["sweep", "s.json", "--vary", "/orders/at_most=100,200,300", "--replications", "20", "--no-color"]

one = run([SIM, *SWEEP, "--out", "one.db"])
four = run(ranks(4, *SWEEP, "--out", "four.db"))
ok(f"four ranks: exit {four.returncode}: {four.stderr[:300]}", one.returncode == four.returncode == 0)
ok("four ranks store the rows of one process", rows("one.db") == rows("four.db"))
ok("one table is printed", one.stdout.replace("one.db", "") == four.stdout.replace("four.db", ""))
alone = run([MPI_SIM, *SWEEP, "--out", "alone.db"])
ok(f"without mpirun it works alone: exit {alone.returncode}", alone.returncode == 0 and rows("alone.db") == rows("one.db"))
PRECISE = ["sweep", "s.json", "--vary", "/orders/at_most=100,200", "--precision", "completion_s.p95=0.03"]
run([SIM, *PRECISE, "--out", "enough.db"])
three = run(ranks(3, *PRECISE, "--out", "three.db"))
ok(f"with a precision, too: exit {three.returncode}", three.returncode == 0 and rows("three.db") == rows("enough.db"))

there = run(ranks(3, *SWEEP, "--out", "one.db"))
ok(f"what exists is refused: exit {there.returncode}", there.returncode == 2 and there.stderr.count("--resume goes on with it") == 1)
usage = run(ranks(2, "sweep", "s.json", "--zebra"))
ok(f"usage is said once: exit {usage.returncode}", usage.returncode == 2 and usage.stderr.count("unknown option") == 1)
stdin = run(ranks(2, "sweep", "-", "--vary", "/orders/at_most=1,2"))
ok(f"standard input is refused: exit {stdin.returncode}", stdin.returncode == 2 and "standard input" in stdin.stderr)
single = run(ranks(2, "run", "s.json"))
ok(f"another command is run once: exit {single.returncode}", single.returncode == 0 and single.stdout.count("fingerprint") == 1)

# ---- a rank dies ----
LONG = ["200" if word == "20" else word for word in SWEEP]
process = subprocess.Popen(ranks(4, *LONG, "--out", "dead.db"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV)
deadline = time.monotonic() + 30
while time.monotonic() < deadline:
    try:
        if sqlite3.connect("file:dead.db?mode=ro", uri=True).execute("SELECT count(*) FROM replication").fetchone()[0] > 20:
            break
    except sqlite3.Error:
        pass
    time.sleep(0.02)
victims = children(process.pid)
ok(f"four ranks run: {victims}", len(victims) == 4)
os.kill(victims[2], signal.SIGKILL)
code = process.wait(timeout=60)
kept = len(rows("dead.db")["replication"])
ok(f"the program ends with {code}, {kept} runs are kept", code != 0 and 20 < kept < 600)
again = run(ranks(4, *LONG, "--out", "dead.db", "--resume"))
run([SIM, *LONG, "--out", "whole.db"])
ok(f"--resume completes it: exit {again.returncode}", again.returncode == 0 and rows("dead.db") == rows("whole.db"))

close()
