#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/oversell.md says only what the program does. Each block that begins with "$ build/sim run" is run, and its lines
must be the program's, in order, with [...] for what is left out; each row of the table of guards is run with each guard,
and the cell must be the number of updates lost. A link to a picture or a scenario must lead somewhere."""
import json, os, re, shlex, subprocess

from support.runner import BUILD, close, ok

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
SIM, PAGE = os.path.join(BUILD, "sim"), "docs/oversell.md"


def sim(*args):
    return subprocess.run([SIM, "run", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)


def first_untrue(shown, printed):
    """The first line shown that does not come where it should; None: all do."""
    at, gap = 0, True
    for line in shown:
        if line == "[...]":
            gap = True
            continue
        while gap and at < len(printed) and printed[at] != line:
            at += 1
        if at == len(printed) or printed[at] != line:
            return line
        at, gap = at + 1, False
    return None


# ---- blocks ----

def check_block(lines):
    command = [lines.pop(0)[2:]]
    while command[-1].endswith("\\"):
        command[-1] = command[-1][:-1]
        command.append(lines.pop(0))
    words = shlex.split(" ".join(command))
    run = sim(*words[2:], "--quiet", "--no-color")
    untrue = first_untrue(lines, run.stdout.splitlines())
    ok(" ".join(words), len(lines) > 0 and untrue is None, f": not printed: {untrue} {run.stderr}")
    broken = any(line.lstrip().startswith("Cause:") for line in lines)
    ok(" ".join(words), run.returncode == 4 if broken else run.returncode in (0, 99), f": exit {run.returncode}")


# ---- the table of guards ----

def steps_of(scenario, kind):
    """Pointers of the steps of this kind that are about the stock."""
    return [f"/stages/{name}/steps/{i}" for name, stage in scenario["stages"].items()
            for i, step in enumerate(stage["steps"]) if step.get(kind) == "stock"]


def edits(scenario, guard):
    styles = {"version column": "version", "FOR UPDATE, after a read": "for-update",
              "FOR UPDATE, first read": "for-update", "conditional": "conditional"}
    if guard == "none":
        return []
    if guard == "watchdog":
        return ["/locks/item/lease=watchdog"]
    if guard == "token":
        return ["/locks/item/kind=fenced", steps_of(scenario, "write")[0] + "/fence=item"]
    found = [f"{at}/style={styles[guard]}" for at in steps_of(scenario, "write")]
    if guard == "FOR UPDATE, first read":
        found += [at + '={"work": "no read", "time": "0.4ms"}' for at in steps_of(scenario, "read")]
    return found


def lost_updates(file, guard):
    with open(file) as text:
        scenario = json.load(text)
    sets = [word for edit in edits(scenario, guard) for word in ("--set", edit)]
    run = sim(file, *sets, "--quiet", "--format", "json")
    return f"{json.loads(run.stdout)['tables']['stock']['lost_updates']:g}" if run.stdout else run.stderr.strip()


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def check_table(rows):
    guards = cells_of(rows[0])[2:]
    for row in rows[2:]:
        cells = cells_of(row)
        file = "scenarios/" + re.search(r"\(\.\./scenarios/([^)]*)\)", cells[1]).group(1)
        for guard, cell in zip(guards, cells[2:]):
            found = lost_updates(file, guard)
            ok(f"{file} with guard {guard}", cell.rstrip("¹²³") == found, f": the page says {cell}, lost {found}")


# ---- the page ----

with open(PAGE) as page:
    text = page.read()
blocks = [block.splitlines() for block in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)]
checked = [block for block in blocks if block[0].startswith("$ build/sim run")]
for block in checked:
    check_block(block)
ok("blocks are checked", len(checked) >= 10, str(len(checked)))
table = re.findall(r"(?:^\|.*\n)+", text, re.M)
tables = [found.splitlines() for found in table if found.startswith("| cause | scenario | none |")]
ok("the table of guards is there", len(tables) == 1)
for found in tables:
    check_table(found)
for link in re.findall(r"\]\(([^)#]*)", text):
    ok(f"link {link}", link.startswith("http") or os.path.exists(os.path.join("docs", link)))

close()
