#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the files of this folder from the original recordings, which are too large to keep here.

    make_data.py java FOLDER      java_*.txt, from the folder java-consumer: RUN_polls.csv, RUN_fetch.csv
    make_data.py single FOLDER    single_lag.csv, and in scenarios/ measured/step-durations.csv and
                                  measured-pipeline.observations.json, from the folder single-consumer: orders.csv,
                                  steps.csv, steps_other.csv, batches.csv, lag.csv

Nothing is fitted or chosen by hand: columns are left out, times become differences, samples become quantiles.
"""
import csv
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = os.path.join(HERE, "..", "..", "..", "scenarios")
LICENCE = "# SPDX-License-Identifier: GPL-3.0-or-later\n"

JAVA_RUNS = ["e1_150", "e1_300", "e1_300_batch40", "e1_600", "e2_1", "e2_realtime", "e3_s1_225", "e3_s3_300"]
# Answers of the broker are kept for these runs; of e3 the first 15 s, and one more at least, so that the last one in
# flight is among them.
WITH_ANSWERS = ["e1_600", "e3_s1_225", "e3_s3_300"]
ANSWERS_UNTIL_MS = 15100
JAVA_HEAD = """\
# A run of Kafka 3.7.1's KafkaConsumer: three partitions, at most 500 records a poll. make_data.py made this.
# p  call  return  partition:records ...   a poll, in hand-out order; hundredths of a ms since the poll before returned,
#                                          and since the call (the first: since the start of the run)
# a  received  answered  partition:records ...  a fetch in the broker's session order; microseconds since the answer
#                                          before, and since it was received (the first: since the start of the run)
"""


def java_polls(path):
    """(call_ms, return_ms, "partition:records ...") of each poll that returned records."""
    for row in csv.DictReader(open(path)):
        if not row["t_return_ms"]:
            continue  # a remark of the recorder
        parts = next(value for key, value in row.items() if key.startswith("parts"))
        yield float(row["t_call_ms"]), float(row["t_return_ms"]), re.sub(r"@\d+", "", parts)


def record_bytes(order_id, value):
    """On the wire, in a batch of its own: the key counts by its digits, five in e1."""
    return value + 70 + len(str(order_id))


def partition_ids():
    """Ids 1 to 40730 by partition: murmur2 of the decimal text over three partitions."""
    ids = [[], [], []]
    for order_id in range(1, 40731):
        ids[(murmur2(str(order_id).encode()) & 0x7fffffff) % 3].append(order_id)
    return ids


def murmur2(data):
    mix, mask = 0x5bd1e995, 0xffffffff
    h = (0x9747b28c ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i:i + 4], "little") * mix & mask
        h = (h * mix & mask) ^ ((k ^ k >> 24) * mix & mask)
    for i in reversed(range(len(data) - whole)):
        h ^= data[whole + i] << 8 * i
    if len(data) > whole:
        h = h * mix & mask
    h = (h ^ h >> 13) * mix & mask
    return h ^ h >> 15


def records_in(size, offset, ids, value):
    n = 0
    while size > 0:
        size -= record_bytes(ids[offset + n], value)
        n += 1
    if size:
        sys.exit("an answer ends inside a record")
    return n


def answer_rows(path):
    """The run's start on the broker's clock, where it was noted; (received_ms, answered_ms, [(partition, offset)],
    {partition: bytes})."""
    start_ms, rows = None, []
    for line in open(path):
        cell = line.rstrip("\n").split(",")
        if cell[0] == "#T0_broker_ms":
            start_ms = float(cell[1])
        elif cell[0][0].isdigit():
            asked = [tuple(map(int, part.split("@"))) for part in cell[3].split("/") if part]
            size = dict(map(int, part.split(":")) for part in cell[4].split("/") if part)
            rows.append((float(cell[0]), float(cell[1]), asked, size))
    return start_ms, rows


def drained_ms(polls_path):
    """(partition, offset) -> when the poll returned that handed out the record before it."""
    drained = {}
    for row in csv.DictReader(open(polls_path)):
        parts = next(value for key, value in row.items() if key.startswith("parts"))
        for partition, n, first in re.findall(r"(\d+):(\d+)@(\d+)", parts):
            drained[int(partition), int(first) + int(n)] = float(row["t_return_ms"])
    return drained


def latest_start_ms(rows, polls_path):
    """Where the run's start was not noted: no partition is asked for before the poll that drained it returned."""
    drained = drained_ms(polls_path)
    return min(received - drained[place] for received, _, asked, _ in rows for place in asked if place in drained)


def java_answers(folder, run):
    """(received_ms, answered_ms, "partition:records ...") in the time of the polls, up to ANSWERS_UNTIL_MS."""
    polls_path = os.path.join(folder, run + "_polls.csv")
    start_ms, rows = answer_rows(os.path.join(folder, run + "_fetch.csv"))
    if start_ms is None:
        start_ms = latest_start_ms(rows, polls_path)
    value = int(run.rsplit("_", 1)[1])
    ids = partition_ids() if run.startswith("e3") else None
    for received, answered, asked, size in rows:
        if received - start_ms > ANSWERS_UNTIL_MS:
            return
        parts = []
        for partition, offset in asked:
            bytes_sent = size.get(partition, 0)
            n = records_in(bytes_sent, offset, ids[partition], value) if ids else bytes_sent // (value + 75)
            parts.append(f"{partition}:{n}")
        yield received - start_ms, answered - start_ms, " ".join(parts)


def differences(rows, unit):
    """Rounds first, so that errors do not add up."""
    last = 0
    for begin, end, text in rows:
        begin, end = round(begin * unit), round(end * unit)
        yield f"{begin - last} {end - begin} {text}"
        last = end


def make_java(folder):
    for run in JAVA_RUNS:
        with open(os.path.join(HERE, f"java_{run}.txt"), "w") as out:
            out.write(LICENCE + JAVA_HEAD)
            for line in differences(java_polls(os.path.join(folder, run + "_polls.csv")), 100):
                out.write(f"p {line}\n")
            if run in WITH_ANSWERS:
                for line in differences(java_answers(folder, run), 1000):
                    out.write(f"a {line}\n")


# ---- the single consumer ----

# Points of a quantile curve: the middle of each of so many equal parts of the sorted durations.
POINTS = 200


def quantiles(values):
    values = sorted(values)
    return [values[int((i + 0.5) * len(values) / POINTS)] for i in range(POINTS)]


def rows(folder, name):
    return csv.DictReader(open(os.path.join(folder, name)))


def single_durations(folder):
    """Column -> durations in ms: the steps of each stage, the insert of an order, the offset commits."""
    columns = {}

    def add(name, value):
        columns.setdefault(name, []).append(float(value))

    for row in rows(folder, "orders.csv"):
        add("insert_ms", float(row["t_inserted"]) - float(row["t_created"]))
    for row in rows(folder, "steps.csv"):
        for step in ["lock", "select", "update", "commit", "unlock", "publish"]:
            add(f"{row['group']}_{step}_ms", row[step + "_ms"])
    for row in rows(folder, "steps_other.csv"):
        for step in {"coupon": ["select", "update", "commit", "publish"], "flow": ["update"],
                     "post": ["update", "commit"]}[row["group"]]:
            add(f"{row['group']}_{step}_ms", row[step + "_ms"])
    for row in rows(folder, "batches.csv"):
        add("offset_commit_ms", row["commit_call_ms"])
    return columns


def single_lag(folder):
    """Second -> [records not yet processed, records not yet committed] of the stock group, over its partitions."""
    lag = {}
    for row in rows(folder, "lag.csv"):
        if row["group"] == "stock":
            at = lag.setdefault(round(float(row["t_ms"]) / 1000), [0, 0])
            at[0] += int(row["lag_true"])
            at[1] += int(row["lag_committed"])
    return lag


def offsets_at(folder, second):
    """One table of consumer groups, as kafka-consumer-groups.sh would have printed it."""
    table = []
    for row in rows(folder, "lag.csv"):
        if round(float(row["t_ms"]) / 1000) == second:
            end, committed = int(row["log_end"]), int(row["committed"])
            table.append({"group": row["group"], "topic": row["topic"], "partition": int(row["partition"]),
                          "committed": committed, "log_end": end, "lag": end - committed})
    return table


def single_observations(folder):
    """What a user would have counted: paid and pending at two instants, three offset tables, the lag of the stock group
    every twenty seconds, completion times."""
    created, paid = [], []
    for row in rows(folder, "orders.csv"):
        created.append(float(row["t_created"]) / 1000)
        if row["t_paid"]:
            paid.append((float(row["t_paid"]) / 1000, float(row["t_paid"]) / 1000 - float(row["t_sched"]) / 1000))
    times = sorted(c for _, c in paid)
    at = lambda p: times[min(len(times) - 1, int(p * len(times)))]
    lag = {}
    for row in rows(folder, "lag.csv"):
        if row["group"] == "stock":
            lag.setdefault(round(float(row["t_ms"]) / 1000), [0] * 3)[int(row["partition"])] = int(row["lag_committed"])
    statuses = []
    for label, t_s in (("load end", 100), ("load end + 30 s", 130)):
        n_created, n_paid = sum(c <= t_s for c in created), sum(t <= t_s for t, _ in paid)
        statuses.append({"label": label, "t_s": t_s, "sigma_t_s": 0.1, "created": n_created, "paid": n_paid,
                         "pending": n_created - n_paid})
    return {
        "schema": "sim-observations/1",
        "source": "one run of an order pipeline on MariaDB, Redis and librdkafka, one consumer a group; make_data.py made this",
        "load": {"start_rate_per_s": 0, "orders_created": len(created),
                 "stages": [{"target_per_s": target, "duration_s": s} for target, s in ((20, 10), (50, 20), (100, 20), (100, 40), (0, 10))]},
        "groups": [{"name": "stock", "topic": "order-created", "partitions": 3, "consumers": 1}],
        "statuses": statuses,
        "offsets": {"t_s": 150, "sigma_t_s": 0.1, "rows": offsets_at(folder, 150)},
        "snapshots": [{"label": f"offsets at {t} s", "t_s": t, "sigma_t_s": 0.1, "rows": offsets_at(folder, t)} for t in (60, 100, 150)],
        "lag_trend": {"label": "committed lag of stock", "rows": [{"t_s": t, "lag": lag[t], "total": sum(lag[t])} for t in sorted(lag) if t % 20 == 0]},
        "completion_s": {"mean": sum(times) / len(times), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": times[-1]},
        "orders": {"first_id": 100000, "last_id": 100000 + len(created) - 1, "key": "order id as decimal text"},
    }


def make_single(folder):
    columns = single_durations(folder)
    names = sorted(columns)
    curves = [quantiles(columns[name]) for name in names]
    with open(os.path.join(SCENARIOS, "measured-pipeline.observations.json"), "w") as out:
        json.dump(single_observations(folder), out, indent=1)
        out.write("\n")
    with open(os.path.join(SCENARIOS, "measured", "step-durations.csv"), "w") as out:
        out.write(",".join(names) + "\n")
        for point in zip(*curves):
            out.write(",".join(f"{value:.4g}" for value in point) + "\n")
    with open(os.path.join(HERE, "single_lag.csv"), "w") as out:
        out.write("t_s,backlog,lag\n")
        for second, (backlog, committed) in sorted(single_lag(folder).items()):
            out.write(f"{second},{backlog},{committed}\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("java", "single"):
        sys.exit(__doc__)
    {"java": make_java, "single": make_single}[sys.argv[1]](sys.argv[2])
