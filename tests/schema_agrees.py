#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema and the reader accept and refuse the same texts. What only one of the two can see is named here, with
the reason; a name that no longer needs to stand here is a failure too. And every option is documented: by its name, and
in the table of docs/model.md with the value that it has when it is not given."""
import glob
import json
import os
import re
import subprocess
import sys

import jsonschema

SIM = os.path.join(os.environ.get("BUILD", "build"), "sim")

# tests/bad/NAME.json: why the schema cannot see what is wrong.
ONLY_THE_READER = {
    # The parser of Python is more lenient than JSON, or keeps the last of two keys.
    "not strict JSON": """duplicate-key duplicate-key-by-escape duplicate-section nan
        lone-surrogate""",
    # Names that refer to other sections.
    "names": """api-runs-unknown-stage group-in-no-process group-in-two-processes group-reads-unknown-topic
        group-runs-unknown-stage scaler-of-a-group-in-no-process process-of-unknown-group stage-publishes-unknown-topic stage-takes-unknown-lock
        stage-writes-undeclared-table fault-of-unknown-process explore-fault-of-unknown-process dead-letter-unknown sweeper-of-unknown-process fault-outage-of-no-store fault-slow-nothing fault-step-unknown table-in-unknown-store scaler-of-unknown-group basis-names-nothing calibrate-no-such-value""",
    # Values that are compared with one another.
    "comparisons": """explore-range-reversed explore-too-many-faults fault-instance-beyond fault-later-than-the-end fault-step-beyond backlog-of-wrong-length calibrate-reversed checkpoint-after-the-end
        checkpoint-before-the-start histogram-not-to-1 ids-overflow k6-max-below-preallocated
        max-vus-without-preallocated mixture-weights outbox-too-full percentiles-descend pick-reversed rows-too-few too-many-rows
        heartbeat-beyond-the-session heartbeat-beyond-the-session-of-a-group
        scaler-least-above-most scaler-starts-above-most scaler-too-many-pods scaler-uneven-pods shares-below-1
        too-many-api-threads uniform-reversed warm-up-after-the-end warm-up-without-end warm-up-beyond-the-last-order""",
    # Durations are strings: their greatest value is beyond a pattern.
    "size of a duration": "duration-overflows duration-overflows-mean end-overflows k6-duration-overflows k6-duration-too-long uniform-too-long duration-too-long seed-of-65-bits sweeper-too-often fault-too-often watchdog-too-short scaler-polls-too-often",
    # Files beside the scenario.
    "files": """observations-broken observations-missing trace-file-missing trace-no-such-column
        trace-decimal-comma trace-decimal-comma-in-quotes trace-decimal-comma-without-names trace-first-value-in-quotes
        trace-open-quote trace-two-columns-of-a-name trace-not-ascending trace-not-numbers""",
    # What steps, groups and the flow mean together.
    "rules": """explore-nothing explore-all-parts explore-no-such-value explore-range-of-another-kind answer-nobody-joins api-inserts-nothing api-joins api-publishes-nothing backlog-in-the-middle
        backlog-not-read commit-of-another-table effect-on-the-wrong-table effect-on-two-tables
        fence-of-a-plain-lock fence-without-the-lock
        flush-outside-transaction group-commit-without-flush flush-without-group-commit join-in-a-transaction join-of-no-answer join-without-flow
        leg-never-answers lock-kept-when-refused lock-never-released no-api no-end-after-payment no-orders
        nothing-sets-paid once-by-state-without-a-write once-too-often orders-without-items payment-never-answers publish-without-an-outbox reply-by-a-group
        scaler-and-a-restart scaler-and-a-scale-fault scaler-late-group scaler-of-a-shared-process scaler-topic-not-read
        scaler-twice sends-without-an-outbox sweeper-without-an-outbox
        share-without-stage-time stage-nobody-runs too-many-inserts too-many-locks-held too-many-statuses
        topic-of-two-answers
        transaction-in-transaction transaction-never-ends transaction-open-when-refused two-apis
        unlock-without-lock version-write-begun-elsewhere write-outside-transaction""",
}

passed, failed = 0, 0


def verdict(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("not ok:", what)


def schema_refuses(validator, path):
    """The first fault, or None. A text that Python cannot parse is refused."""
    try:
        with open(path, encoding="utf-8") as f:
            document = json.load(f)
    except (ValueError, RecursionError) as e:
        return str(e)
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    return error and error.message[:200]


def reader_refuses(path):
    return subprocess.run([SIM, "check", path], capture_output=True).returncode != 0


shipped = subprocess.run([SIM, "schema"], capture_output=True, text=True, check=True).stdout
with open("scenarios/scenario.schema.json", encoding="utf-8") as f:
    verdict(shipped.rstrip("\n") == f.read().rstrip("\n"), "sim schema prints another schema than scenarios/ has")
schema = json.loads(shipped)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)

for path in sorted(glob.glob("scenarios/*.json") + glob.glob("tests/scenario/*.json")):
    if path.endswith((".schema.json", ".observations.json")):
        continue
    verdict(schema_refuses(validator, path) is None, f"{path}: the schema says {schema_refuses(validator, path)}")
    verdict(not reader_refuses(path), f"{path}: the reader refuses it")

exempt = {name for names in ONLY_THE_READER.values() for name in names.split()}
seen = set()
for path in sorted(glob.glob("tests/bad/*.json")):
    name = os.path.basename(path)[: -len(".json")]
    seen.add(name)
    verdict(reader_refuses(path), f"{path}: the reader takes it")
    if name in exempt:
        verdict(schema_refuses(validator, path) is None, f"{path}: the schema refuses it as well; take it off the list")
    else:
        verdict(schema_refuses(validator, path), f"{path}: the schema takes it")
verdict(exempt <= seen, f"on the list, but no text: {exempt - seen}")


# ---- what sim explore may draw, and ranges to fit: value by value ----

GC = {"pause": "shop", "for": "1s"}
SLOW = {"slow": "reserve", "factor": 2, "for": "1s"}
TWICE = {"duplicate": "order-created", "share": 0.5, "for": "1s"}
DEAD = {"crash": "shop"}
MEAN = "/stages/reserve/time/mean"


def fault(of, **members):
    return {"explore": {"faults": {"x": {**of, **members}}}}


BOTH_TAKE = [
    GC, SLOW, TWICE, DEAD, {**GC, "for": ["1s", "2s"]}, {**GC, "for": {"any": ["1s", {"mean": "2s", "cv": 0.5}]}},
    {**GC, "at": "load_end+3s"}, {**GC, "at": ["1s", "1m30s"]}, {**GC, "at": {"any": ["1s", "load_end"]}},
    {**GC, "every": ["1s", "2s"]}, {**GC, "rate_per_h": [0.5, 2]}, {**GC, "instance": 0}, {**GC, "instance": {"any": [0]}},
    {**SLOW, "factor": [0.5, 8]}, {**SLOW, "factor": {"any": [0.5, 8, 2]}}, {**TWICE, "share": [0, 1]},
    {**DEAD, "back_after": ["0s", "3s"]}, {**DEAD, "when": {"stage": "reserve", "step": 0, "nth": 3}},
    {"restart": "shop", "rolling": {"any": [True, False]}, "kill_after": "1s"},
]
BOTH_REFUSE = [
    {**GC, "for": value} for value in
    ("1 s", "", "5", "1e3ms", 3, [1, 2], ["1s", "x"], ["1s", ""], ["1 s", "2s"], ["1s", 2], ["-1s", "2s"], {"any": ["1s", "x", "2s"]})
] + [{**GC, "at": value} for value in ("1 s", "", "5", "-1ms", 0, ["-1s", "1s"], ["x", "1s"], [1, 2], {"any": ["1s", "", "2s"]})] + [
    {**GC, "instance": value} for value in (-1, 0.5, "0", [-1, 0], ["0s", "1s"], {"any": [0, -1, 0]})
] + [{**SLOW, "factor": value} for value in (0, -1, 1e9, "2", [0, 2], [-5, -1], ["1s", "2s"], {"any": [1, 0, 2]})] + [
    {**TWICE, "share": value} for value in (-0.5, 1.5, "1", [-1, 1], [0.5, 1.5], ["0s", "1s"], {"any": [0.1, 2, 0.3]})
] + [{**DEAD, "back_after": value} for value in ("1 s", "", "-1ms", 3, ["1s", "x"])] + [
    {**DEAD, "when": {}}, {**DEAD, "when": {"stage": "reserve"}}, {**DEAD, "for": "1s"}, {"pause": "shop"}, {"slow": "reserve", "for": "1s"},
    {**GC, "at": "1s", "every": "2s"}, {**GC, "every": "0s"}, {**GC, "rate_per_h": 0}, {"restart": "shop", "rolling": "yes"},
]
RANGES_REFUSED = [["1ms", "x"], ["1ms", ""], ["1 ms", "5ms"], ["1ms", 5], ["5", "6"], [True, False], [[], {}], ["1ms"], "1ms"]

with open("scenarios/skeleton.json", encoding="utf-8") as f:
    skeleton = json.load(f)


def agree(part, taken):
    text = json.dumps({**skeleton, **part})
    read = subprocess.run([SIM, "check", "-"], input=text, capture_output=True, text=True).returncode == 0
    verdict(read == taken, f"the reader {'takes' if read else 'refuses'} {part}")
    verdict(validator.is_valid(json.loads(text)) == taken, f"the schema {'refuses' if taken else 'takes'} {part}")


skeleton["groups"]["stock-service"]["consumers"] = 1
skeleton["processes"] = {"shop": {"api": {"threads": 200, "stage": "accept"}, "groups": "all"}}
for one in BOTH_TAKE:
    agree(fault(one), True)
for one in BOTH_REFUSE:
    agree(fault(one), False)
for section in ("calibrate", "vary"):
    def ranged(value):
        return {"calibrate": {MEAN: value}} if section == "calibrate" else {"explore": {"vary": {MEAN: value}}}
    agree(ranged(["1ms", "5ms"]), True)
    for value in RANGES_REFUSED:
        agree(ranged(value), False)
agree({"explore": {"vary": {MEAN: {"any": ["1ms", "7ms"]}}}}, True)


# ---- options in the documents ----

def resolved(node):
    """The node, and all that stands for it: behind references, alternatives and additions."""
    if isinstance(node, dict):
        yield node
        if "$ref" in node:
            yield from resolved(schema["definitions"][node["$ref"].split("/")[-1]])
        for kind in ("oneOf", "anyOf", "allOf"):
            for one in node.get(kind, []):
                yield from resolved(one)


def at(pointer):
    """What the schema has at a pointer; NAME stands for any name."""
    nodes = [schema]
    for key in pointer.strip("/").split("/"):
        below = []
        for node in (one for each in nodes for one in resolved(each)):
            if key in node.get("properties", {}):
                below.append(node["properties"][key])
            elif key == "NAME":
                below += node.get("patternProperties", {}).values()
        nodes = below
    return nodes


def options(node):
    """Names of all properties; those of k6 that mean nothing here are `true`."""
    if isinstance(node, dict):
        for name, value in node.get("properties", {}).items():
            if isinstance(value, dict):
                yield name
        for value in node.values():
            yield from options(value)
    elif isinstance(node, list):
        for value in node:
            yield from options(value)


pages = ""
for page in ("docs/usage.md", "docs/model.md"):
    with open(page, encoding="utf-8") as f:
        pages += f.read()
for name in sorted(set(options(schema))):
    verdict(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", pages), f"no document knows the option {name}")

rows = [line.split("|")[1:-1] for line in pages.splitlines() if line.startswith("| `/")]
documented = set()
for row in rows:
    said = row[2].strip(" `")
    for pointer in re.findall(r"`(/[^`]*)`", row[0]):
        documented.add(pointer)
        found = at(pointer)
        values = {json.dumps(one["default"]).strip('"') for one in found if isinstance(one, dict) and "default" in one}
        verdict(found, f"docs/model.md: {pointer} is no option")
        verdict(values == ({said} if said else set()), f"docs/model.md: {pointer} is {said}, the schema has {values}")
for section in ("/kafka", "/scalers/NAME"):
    for node in at(section):
        for name, value in node.get("properties", {}).items():
            if isinstance(value, dict) and "default" in value:
                verdict(f"{section}/{name}" in documented, f"docs/model.md does not say what {section}/{name} is")

def keys(node):
    """Of a result; names of the scenario's own are left out."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in OWN_NAMES and "." not in name:
                yield name
            yield from keys(value)
    elif isinstance(node, list):
        for value in node:
            yield from keys(value)


OWN_NAMES = set()
figures = set()
for name in ("report-2025-12-24", "lease-shorter-than-pause", "pool-exhaustion", "autoscaler-flaps", "consumer-crash", "deadlock", "drain"):
    path = f"scenarios/{name}.json"
    with open(path, encoding="utf-8") as f:
        OWN_NAMES = {own for section in json.load(f).values() if isinstance(section, dict) for own in section}
    done = subprocess.run([SIM, "run", path, "--format", "json", "--quiet"], capture_output=True, text=True)
    figures |= set(keys(json.loads(done.stdout)))
for name in sorted(figures):
    verdict(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", pages), f"docs/usage.md does not say what {name} of a result is")

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
