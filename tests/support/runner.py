# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of a runner in Python: the built program, verdicts, and the closing line that run-tests reads."""
import os, sqlite3, subprocess, sys

BUILD = os.environ.get("BUILD", "build")
SIM = os.path.abspath(os.path.join(BUILD, "sim"))
_count = {True: 0, False: 0}


def ok(what, good, more=""):
    _count[bool(good)] += 1
    if not good:
        print("not ok:", what, more, flush=True)


def sim(*args, **more):
    return subprocess.run([SIM, *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)


def rows(path):
    """All that a result file holds, in an order of its own, but for the two measurements that the contract names."""
    db = sqlite3.connect(path)
    tables = {
        "experiment": "experiment_id, version, scenario_sha256, scenario_json, seed, replications",
        "point": "*", "param": "*", "replication": "point_id, replication, fingerprint, exit",
        "metric": "*", "series": "*", "student": "*",
    }
    content = {t: sorted(db.execute(f"SELECT {c} FROM {t}").fetchall(), key=repr) for t, c in tables.items()}
    db.close()
    return content


def close():
    print(f"{_count[True]} passed, {_count[False]} failed")
    sys.exit(_count[False] > 0)
