#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check-layers: who may include whom, and the house's size limits.

The driver is built in layers and includes point downwards only; the model and
the driver share constants and nothing else; tests of the driver use its uAPI
and no library of ours. Rules are the tables below; Documentation/style.md says
why.
"""

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DRIVER = "drivers/gpu/drm/nouveau/"
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)

# Layer of a driver file: the first pattern that matches its name without ending.
LAYERS = (
    # vocabulary and cross-cutting
    (0, r"nouveau_(stats|lock|trace|compat|device|client|fault)"),
    # pure: compiles in user space
    (1, r"tu102_(pte|ramfc)|nouveau_(fault_batch|svm_policy|svm_advice|svm_stream|pressure|push|mask)"),
    # conductor
    (5, r"nouveau_fault_service"),
    # edge
    (6, r"nouveau_(drv|probe|uapi|debugfs|nvif|pushbuf|getparam|client_open)"),
    # silicon and what it stands on: VRAM for the driver's own structures, page
    # tables, interrupts
    (2, r"tu102_.*|nouveau_(irq|vram|pt)"),
    # SVM
    (4, r"nouveau_(svm.*|dmem.*|evict)"),
    # objects
    (3, r"nouveau_.*"),
)
# Files that stand higher than their header: callers see less than they do.
EXACT = {
    "nouveau_access.c": 5, "nouveau_fault.c": 5, "nouveau_fault_turn.c": 5,
    "nouveau_fault_drain.c": 5, "nouveau_device.c": 6,
    "nouveau_vram.c": 3, "nouveau_pt.c": 3,
}
# Headers of the kernel that only some layers may include.
KERNEL_ONLY = {
    "linux/hmm.h": {4}, "linux/migrate.h": {4}, "linux/memremap.h": {4},
    "linux/mmu_notifier.h": {4}, "drm/drm_gpusvm.h": set(), "drm/drm_pagemap.h": set(),
}
FILE_CAP, FUNCTION_CAP = 700, 80

problems = []


def tracked(*patterns):
    r = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=TOP,
                       stdout=subprocess.PIPE, text=True, check=True)
    return [f for f in r.stdout.split() if os.path.exists(os.path.join(TOP, f))]


def read(path):
    with open(os.path.join(TOP, path), errors="replace") as f:
        return f.read()


def layer(name):
    if name in EXACT:
        return EXACT[name]
    base = name.rsplit(".", 1)[0]
    return next(n for n, pattern in LAYERS if re.fullmatch(pattern, base))


def check_driver():
    for path in tracked(DRIVER + "*.[ch]"):
        name = os.path.basename(path)
        mine = layer(name)
        for inc in INCLUDE.findall(read(path)):
            allowed = KERNEL_ONLY.get(inc)
            if allowed is not None and mine not in allowed:
                problems.append(f"{path}: <{inc}> is not for layer {mine}")
            if os.path.exists(os.path.join(TOP, DRIVER, inc)):
                theirs = layer(inc)
                if theirs > mine and name.rsplit(".", 1)[0] != inc.rsplit(".", 1)[0]:
                    problems.append(f"{path}: layer {mine} includes {inc} of layer {theirs}")
        if mine == 1 and name.endswith(".c"):
            check_pure(path)
        if mine not in (2, 5) and not name.endswith(".h") and \
                re.search(r"\bnv_(rd|wr)32\(", read(path)):
            problems.append(f"{path}: only tu102_*.c and nouveau_irq.c touch registers")


def check_pure(path):
    for inc in INCLUDE.findall(read(path)):
        if inc.startswith(("drm/", "linux/mm", "linux/io", "linux/slab", "linux/mutex",
                           "linux/spinlock")):
            problems.append(f"{path}: pure code includes <{inc}>")


def check_sides():
    rules = (
        ("hw/", ("drivers/", "nouveau", "drm/")),
        (DRIVER, ("hw/", "vfio_user", "../../../../hw")),
        ("tests/igt/", ("nvsvm.h", "hw/")),
        ("include/nvhw/", ("drm/", "nouveau")),
    )
    for folder, never in rules:
        for path in tracked(folder + "*.[ch]"):
            for inc in INCLUDE.findall(read(path)):
                own = folder == DRIVER and inc.startswith("nouveau")
                if inc.startswith(never) and not own and inc != "drm/nouveau_drm.h":
                    problems.append(f"{path}: must not include {inc}")


def check_sizes():
    for path in tracked("*.c", "*.h", "*.py"):
        lines = read(path).count("\n")
        if lines > FILE_CAP:
            problems.append(f"{path}: {lines} lines, the cap is {FILE_CAP}")
    for path in tracked("*.c"):
        for name, start, end in functions(read(path)):
            if end - start + 1 > FUNCTION_CAP:
                problems.append(f"{path}:{start}: {name}() has {end - start + 1} lines, "
                                f"the cap is {FUNCTION_CAP}")


def functions(text):
    """Name and first and last line of each function, by the brace in column 0."""
    head = re.compile(r"^[A-Za-z_].*?\b(\w+)\(")
    name, begin = None, 0
    for number, line in enumerate(text.splitlines(), 1):
        m = head.match(line)
        if m and not line.rstrip().endswith(";"):
            name, begin = m.group(1), number
        elif line.startswith("}") and name:
            if line.rstrip() == "}":
                yield name, begin, number
            name = None


def main():
    check_driver()
    check_sides()
    check_sizes()
    for line in problems:
        print(line)
    print(f"{len(problems)} layer and size problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
