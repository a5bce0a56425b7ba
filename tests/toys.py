#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of what toy models get wrong (docs/model.md) names a test for each of its lines, and each of them is there
and is run."""
import os, re

from support.runner import close, ok

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))


with open("docs/model.md") as page:
    section = page.read().split("## What toy models get wrong\n")[1].split("\n## ")[0]
rows = re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \|$", section, re.M)
for number, toy, tests in rows:
    named = [(file, function) for file, functions in re.findall(r"`([^`]*)`: (\w+(?:, \w+)*)", tests)
             for function in functions.split(", ")]
    ok(f"line {number} names a test", len(named) > 0)
    for file, function in named:
        with open(os.path.join("tests", file)) as source:
            text = source.read()
        ok(f"line {number}: {function} is in {file}", f"static void {function}(void **state)" in text)
        ok(f"line {number}: {function} is run", re.search(rf"unit_test\w*\({function}\b", text) is not None)
numbers = [int(number) for number, _, _ in rows]
ok("the lines come in order, and none is left out", numbers == list(range(1, 26)))

close()
