#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check-scenarios.py: the table of scenarios names subtests that exist.

Every `program@subtest` in Documentation/testing.md must be a string of
tests/igt/nouveau_<program>.c, or be made of one by the name's last part (the
subtests that run with and without "-vram"). Prints what is not; exit 1 then.
"""

import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def subtests(program):
    path = os.path.join(TOP, "tests/igt", f"nouveau_{program}.c")
    try:
        with open(path) as f:
            return set(re.findall(r'"([a-z0-9][a-z0-9-]*)"', f.read()))
    except FileNotFoundError:
        return None


def main():
    with open(os.path.join(TOP, "Documentation/testing.md")) as f:
        text = f.read()
    table = text.partition("\n## Scenarios\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| ([\d, ]+) \|", table)
    numbers = sorted(int(n) for r in rows for n in r.split(","))
    bad = []
    if numbers != list(range(1, 71)):
        bad.append("the table does not have each of 70 scenarios once")
    for program, name in re.findall(r"`(\w+)@([\w-]+)`", table):
        have = subtests(program)
        if have is None or name not in have:
            bad.append(f"{program}@{name}: no such subtest")
    for line in bad:
        print("Documentation/testing.md: " + line)
    print(f"{len(numbers)} scenarios, {len(bad)} errors")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
