#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check-dmesg-scan.py: does dmesg_scan.py still see what a broken kernel prints?

A pattern that matches nothing would let every run pass; one that matches
everything would let none.
"""

import sys

import dmesg_scan

COMPLAINTS = """\
WARNING: CPU: 0 PID: 1 at drivers/gpu/drm/drm_mm.c:965 drm_mm_takedown+0x20/0x30 [drm]
WARNING: drivers/gpu/drm/ttm/ttm_resource.c:574 at ttm_resource_manager_fini+0x1/0x2 [ttm]
BUG: kernel NULL pointer dereference, address: 0000000000000008
BUG: unable to handle page fault for address: ffffc90000000000
Oops: Oops: 0000 [#1] SMP KASAN NOPTI
Oops: general protection fault, probably for non-canonical address 0xdead000000000100
kernel BUG at mm/migrate_device.c:123!
BUG: KASAN: slab-use-after-free in nouveau_svm_fault+0x12/0x34 [nouveau]
BUG: KFENCE: out-of-bounds read in x+0x1/0x2
UBSAN: shift-out-of-bounds in drivers/x.c:1:2
BUG: Bad page state in process nvsvm  pfn:12345
BUG: Bad page map in process nvsvm  pte:8000000000000067 pmd:10000067
BUG: Bad rss-counter state mm:00000000aa type:MM_ANONPAGES val:2
BUG kmalloc-64 (Tainted: G           OE      ): Objects remaining in kmalloc-64 on shutdown
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
INFO: task nvsvm:123 blocked for more than 60 seconds.
INFO: task nvsvm:123 is blocked on a mutex likely owned by task x:1.
watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [nvsvm:123]
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: inconsistent lock state
WARNING: suspicious RCU usage
[ BUG: Invalid wait context ]
BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580
BUG: scheduling while atomic: nvsvm/123/0x00000002
refcount_t: underflow; use-after-free.
list_del corruption. prev->next should be ffff, but was dead
Memory manager not clean during takedown.
irq 24: nobody cared (try booting with the "irqpoll" option)
Kernel panic - not syncing: Fatal exception
page dumped because: VM_BUG_ON_PAGE(page_ref_count(page) == 0)
""".splitlines()

HARMLESS = """\
nouveau: loading out-of-tree module taints kernel.
nouveau: module verification failed: signature and/or required key missing - tainting kernel
nouveau 0000:01:00.0: channel 3 killed: no mapping at 0x00007f0000001000, write, by GPC0
nouveau 0000:01:00.0: debug: 12 faults
[drm] Initialized nouveau 1.4.0 for 0000:01:00.0 on minor 0
rcu: Hierarchical RCU implementation.
RCU Tasks: Setting shift to 1 and lim to 1 rcu_task_cb_adjust=1.
lockdep: Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
Speculative Return Stack Overflow: WARNING, as some text has it
[IGT] nouveau_uapi: starting subtest BUG: not one
kfence: initialized - using 2097152 bytes for 255 objects
WARNING: mm/huge_memory.c:5187 at remove_migration_pmd+0x8a0/0xb80, CPU#0: kworker/u9:0/43
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
kmemleak: Kernel memory leak detector initialized (mem pool available: 39000)
sched: DEBUG: nothing
""".splitlines()


def main():
    missed = [l for l in COMPLAINTS if not dmesg_scan.scan([l])]
    alarmed = [l for l in HARMLESS if dmesg_scan.scan([l])]
    for l in missed:
        print(f"not seen: {l}")
    for l in alarmed:
        print(f"false alarm: {l}")
    return 1 if missed or alarmed else 0


if __name__ == "__main__":
    sys.exit(main())
