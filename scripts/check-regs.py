#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check-regs: hold every constant of include/nvhw against NVIDIA's own text.

    scripts/check-regs.py [--doc DIR] [--modules DIR]

DIR is a checkout, or the git directory, of NVIDIA's open-gpu-doc and of its
open-gpu-kernel-modules (also from NV_DOC and NV_MODULES). Each of our headers
names the file it was taken from; a constant must stand there under the same
name with the same value. Without a DIR only what needs none is checked: that no
name has two values, and that undocumented.h keeps to its prefix.
"""

import argparse
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NVHW = os.path.join(TOP, "include/nvhw")
DEFINE = re.compile(r"^\s*#\s*define\s+([A-Za-z_]\w*)(\([a-z0-9, ]+\))?[ \t]+(.*)$")
SOURCE = re.compile(r"Source: NVIDIA (open-gpu-doc|open-gpu-kernel-modules),\s+(.*?)\.?\s*\n \*/",
                    re.S)


def constants(text):
    """Name -> (arguments, value), first definition only, as the compiler would see it."""
    found = {}
    for line in text.splitlines():
        m = DEFINE.match(line)
        if not m:
            continue
        value = re.sub(r"/\*.*?(\*/|$)", "", m.group(3))
        value = re.sub(r"//.*", "", value).strip()
        if value and not value.endswith("\\"):
            found.setdefault(m.group(1), ((m.group(2) or "").replace(" ", ""), value))
    return found


def evaluate(value, index):
    """A number, or a (hi, lo) pair; None for what is neither."""
    value = re.sub(r"\bMW\b", "", value)
    value = re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", value)
    value = re.sub(r"\b[ijf]\b", str(index), value)
    if not re.fullmatch(r"[0-9a-fA-FxX+*():\s<|-]+", value):
        return None
    # Only a colon outside of all brackets but an enclosing pair separates hi and lo.
    while value.startswith("(") and closing(value) == len(value) - 1:
        value = value[1:-1].strip()
    depth = 0
    for at, c in enumerate(value):
        depth += (c == "(") - (c == ")")
        if c == ":" and not depth:
            return evaluate(value[:at], index), evaluate(value[at + 1:], index)
    try:
        return eval(re.sub(r"\b0+(\d)", r"\1", value), {"__builtins__": {}})
    except (SyntaxError, NameError, TypeError):
        return None


def closing(text):
    depth = 0
    for at, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if not depth:
            return at
    return -1


def same(ours, theirs):
    if ours[0].count(",") != theirs[0].count(","):
        return False
    if re.sub(r"\s", "", ours[1]).lower() == re.sub(r"\s", "", theirs[1]).lower():
        return True
    values = [(evaluate(ours[1], i), evaluate(theirs[1], i)) for i in (0, 1, 5)]
    return all(a is not None and a == b for a, b in values)


def read_source(where, path):
    if os.path.isdir(os.path.join(where, "objects")):
        r = subprocess.run(["git", "--git-dir", where, "show", "HEAD:" + path],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return r.stdout.decode(errors="replace") if r.returncode == 0 else None
    try:
        with open(os.path.join(where, path), errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return None


def headers():
    for base, _, files in sorted(os.walk(NVHW)):
        for name in sorted(files):
            if name.endswith(".h"):
                path = os.path.join(base, name)
                with open(path) as f:
                    yield os.path.relpath(path, TOP), f.read()


def check_alone(problems):
    seen = {}
    for path, text in headers():
        if path.endswith("nv_field.h"):
            continue
        for name, what in constants(text).items():
            if name.startswith("NVHW_"):
                continue
            if path.endswith("undocumented.h") != name.startswith("NVX_"):
                problems.append(f"{path}: {name} does not belong here (prefix NVX_)")
            other = seen.setdefault(name, (path, what))
            if not same(what, other[1]):
                problems.append(f"{path}: {name} differs from {other[0]}")


def check_sources(repos, problems):
    compared = 0
    for path, text in headers():
        if os.path.dirname(path) == "include/nvhw":
            continue
        m = SOURCE.search(text)
        if not m:
            problems.append(f"{path}: names no source")
            continue
        where = repos[m.group(1)]
        if not where:
            continue
        folder, theirs = "", {}
        for part in re.split(r"\s+and\s+", re.sub(r"\s+\*\s+", " ", m.group(2))):
            folder = os.path.dirname(part) or folder
            source = read_source(where, os.path.join(folder, os.path.basename(part)))
            if source is None:
                problems.append(f"{path}: no {part} in {where}")
                continue
            for name, what in constants(source).items():
                theirs.setdefault(name, what)
        for name, what in constants(text).items():
            if name.startswith("NVHW_"):
                continue
            compared += 1
            if name not in theirs:
                problems.append(f"{path}: {name} is not in {m.group(2)}")
            elif not same(what, theirs[name]):
                problems.append(f"{path}: {name} is {what[1]}, there {theirs[name][1]}")
    return compared


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--doc", default=os.environ.get("NV_DOC"))
    p.add_argument("--modules", default=os.environ.get("NV_MODULES"))
    args = p.parse_args()
    problems = []
    check_alone(problems)
    compared = check_sources({"open-gpu-doc": args.doc, "open-gpu-kernel-modules": args.modules},
                             problems)
    for line in problems:
        print(line)
    print(f"{compared} constants compared with NVIDIA's text, {len(problems)} mismatches")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
