#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dmesg_scan.py LOG: lines of a kernel log that must fail a run.

Whatever the kernel prints when it found itself wrong: WARN, BUG, oops, stalls,
hung tasks, lockdep, KASAN, refcounts, page state. Exit 1 if there are any. kmemleak
only counts in the log; its report is judged (scan_leaks).
"""

import re
import sys

BAD = re.compile(r"""
    \bWARNING:\ |\bBUG:|\bBUG\ [a-z]|kernel\ BUG\ at|\bOops:|\bKASAN:|\bKFENCE:|\bUBSAN:|\bKCSAN:
  | general\ protection\ fault|unable\ to\ handle|Kernel\ panic|double\ fault
  | rcu.*(detected\ stalls?|self-detected\ stall|stall\ on)|\bRCU\ used\ illegally
  | INFO:\ task\ .*\ blocked\ |blocked\ for\ more\ than\ \d+\ seconds
  | soft\ lockup|hard\ LOCKUP|watchdog:\ BUG
  | possible\ (circular|recursive)\ locking|inconsistent\ lock\ state
  | possible\ irq\ lock\ inversion|suspicious\ RCU\ usage|lock\ held\ when\ returning
  | held\ lock\ freed|bad\ unlock\ balance|invalid\ wait\ context|ODEBUG:
  | sleeping\ function\ called\ from\ invalid\ context|scheduling\ while\ atomic
  | refcount_t:|Bad\ page\ (state|map)|list_(add|del)\ corruption|Bad\ rss-counter
  | VM_BUG_ON|page\ dumped\ because|Memory\ manager\ not\ clean
  | Objects\ remaining\ in|slab\ .*\ still\ has\ objects|irq\ \d+:\ nobody\ cared
""", re.VERBOSE)

# Text that a test itself put into the log is not the kernel's complaint. Nor is one of
# DEBUG_VM's checks, which takes the soft-dirty bit of a device-private entry of 2 MiB
# for the write bit of a present one (Documentation/testing.md).
FALSE_ALARM = re.compile(r"WARNING: mm/huge_memory\.c:\d+ at remove_migration_pmd\+")
OWN = re.compile(r"\[IGT\] |" + FALSE_ALARM.pattern)


def scan(lines):
    return [l for l in lines if BAD.search(l) and not OWN.search(l)]


def scan_file(path):
    try:
        with open(path, errors="replace") as f:
            return scan(f.read().splitlines())
    except FileNotFoundError:
        return [f"{path}: missing, so nothing vouches for the kernel"]


# Leaks of the kernel itself, by a function near the top of their backtrace:
# ttm_pool_type_fini() empties a pool's list_lru and never destroys it, which loses
# 22 small arrays whenever the last device that uses TTM goes.
KNOWN_LEAKS = {"ttm_pool_type_init"}


def scan_leaks(text):
    """Records of kmemleak's report that are not the kernel's own known ones."""
    found = []
    for record in re.split(r"(?m)^(?=unreferenced object )", text):
        _, _, trace = record.partition("backtrace")
        frames = re.findall(r"(?m)^ +(?:\[<.*?>\] )?(\w+)\+0x", trace)
        if record.strip() and not KNOWN_LEAKS & set(frames[:6]):
            found.append(record)
    return found


if __name__ == "__main__":
    found = [l for p in sys.argv[1:] for l in scan_file(p)]
    print("\n".join(found))
    sys.exit(1 if found else 0)
