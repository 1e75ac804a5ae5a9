/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_PT_H__
#define __NOUVEAU_PT_H__

#include <linux/types.h>

struct nouveau_device;
struct nouveau_pt;
struct seq_file;

/*
 * A tree of GMMU VER2 page tables in VRAM. Prepare allocates every table a
 * later write needs; write and zap never fail, never allocate. One mutex per
 * tree: nouveau_pt_lock(). It is the notifier lock of SVM: PTEs are published
 * and invalidated under it (nouveau_lock.h).
 *
 * Callers flush (nouveau_mem_flush) and invalidate TLBs themselves, once per
 * batch of changes; see tu102_tlb.h for when.
 */
struct nouveau_pt *nouveau_pt_new(struct nouveau_device *ndev);
void nouveau_pt_del(struct nouveau_pt *pt);
/* The same for a tree that TLBs may know. */
void nouveau_pt_retire(struct nouveau_pt *pt);
/* VRAM address of the root directory. */
u64 nouveau_pt_root(const struct nouveau_pt *pt);

void nouveau_pt_lock(struct nouveau_pt *pt);
bool nouveau_pt_trylock(struct nouveau_pt *pt);
void nouveau_pt_unlock(struct nouveau_pt *pt);
void nouveau_pt_assert_locked(struct nouveau_pt *pt);

/*
 * Make tables for [start, end), whose entries will be 1 << @shift bytes (12,
 * 16 or 21; both multiples of that). Takes the lock itself. -ENOMEM, -ENOSPC.
 */
int __must_check nouveau_pt_prepare(struct nouveau_pt *pt, u64 start, u64 end, unsigned int shift);
/*
 * Write @n entries of 1 << @shift bytes from @start on; entries are complete
 * PTE words from tu102_pte.h (0: this entry becomes invalid, those of other
 * sizes stay). A valid word replaces smaller and larger entries. Lock held.
 */
void nouveau_pt_write_locked(struct nouveau_pt *pt, u64 start, unsigned int n, unsigned int shift,
			     const u64 *ptes);
/*
 * Invalidate all entries that touch [start, end), whole entries even where
 * they reach beyond it (SVM refaults). Returns whether any was valid, in which
 * case a TLB invalidate must follow before the memory may be reused. Widens
 * *start and *end to what was cleared. Lock held; allocates nothing.
 */
bool nouveau_pt_zap_locked(struct nouveau_pt *pt, u64 *start, u64 *end);
/* What is mapped, for debugfs: one line per contiguous run. */
void nouveau_pt_show(struct nouveau_pt *pt, struct seq_file *m);
/*
 * The device goes: from here on prepare gives -ENODEV, writes are dropped and
 * zap finds nothing. So whoever holds the lock and got true from zap may use
 * the hardware.
 */
void nouveau_pt_detach_all(struct nouveau_device *ndev);
bool nouveau_pt_is_gone_locked(struct nouveau_pt *pt);

#endif
