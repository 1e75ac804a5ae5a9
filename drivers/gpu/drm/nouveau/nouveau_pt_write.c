// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Entries of page tables: written, invalidated, printed. Never allocates, never
 * fails, so that MMU notifiers can use it; the tables were made before by
 * nouveau_pt_prepare(). All under pt->lock.
 */
#include <linux/seq_file.h>

#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_pt_priv.h"
#include "tu102_pte.h"

void nouveau_pt_slot_publish(struct pt_dir *pd0, unsigned int i)
{
	struct pt_slot *slot = &pd0->slot[i];
	u64 dual[2] = { slot->huge, 0 };

	if (!slot->huge)
		tu102_dual_pde_encode(slot->big ? slot->big->mem.addr : 0,
				      slot->small ? slot->small->mem.addr : 0, dual);
	/*
	 * The low half decides how the high half is read: it goes first when a
	 * PTE replaces tables and last when tables replace a PTE.
	 */
	pt_store(&pd0->mem, i * 2 + !slot->huge, dual[!slot->huge]);
	wmb();	/* BAR1 is write-combined */
	pt_store(&pd0->mem, i * 2 + !!slot->huge, dual[!!slot->huge]);
}

static bool pt_clear_small(struct pt_slot *slot, unsigned int first, unsigned int n)
{
	unsigned int i = first;
	bool any = false;

	if (!slot->small)
		return false;
	for_each_set_bit_from(i, slot->small->valid, first + n) {
		pt_store(&slot->small->mem, i, 0);
		__clear_bit(i, slot->small->valid);
		any = true;
	}
	return any;
}

static bool pt_clear_big(struct pt_slot *slot, unsigned int first, unsigned int n)
{
	unsigned long mask;
	unsigned int i;

	if (!slot->big)
		return false;
	mask = slot->big->valid & GENMASK(first + n - 1, first);
	for_each_set_bit(i, &mask, N_BIG)
		pt_store(&slot->big->mem, i, 0);
	slot->big->valid &= ~mask;
	return mask;
}

static void pt_write_huge(struct pt_dir *pd0, unsigned int i, u64 pte)
{
	struct pt_slot *slot = &pd0->slot[i];

	if (!pte && !slot->huge)
		return;
	slot->huge = pte;
	nouveau_pt_slot_publish(pd0, i);
	if (pte) {
		pt_clear_small(slot, 0, N_SMALL);
		pt_clear_big(slot, 0, N_BIG);
	}
}

static void pt_write_big(struct pt_slot *slot, unsigned int i, u64 pte)
{
	pt_store(&slot->big->mem, i, pte);
	if (!pte) {
		slot->big->valid &= ~BIT(i);
		return;
	}
	slot->big->valid |= BIT(i);
	pt_clear_small(slot, i * SMALL_PER_BIG, SMALL_PER_BIG);
}

static void pt_write_small(struct pt_slot *slot, unsigned int i, u64 pte)
{
	pt_store(&slot->small->mem, i, pte);
	__assign_bit(i, slot->small->valid, pte);
	/* The new entry shows up once the 64K PTE above it is gone. */
	if (pte)
		pt_clear_big(slot, i / SMALL_PER_BIG, 1);
}

/**
 * nouveau_pt_write_locked() - write entries
 * @pt: the tree
 * @start: address of the first, a multiple of 1 << @shift
 * @n: how many
 * @shift: 12, 16 or 21; the range was prepared for it
 * @ptes: complete PTE words; 0 makes the entry of this size invalid and leaves
 *	entries of other sizes alone
 *
 * A valid word replaces what larger or smaller entries map there, all of a
 * larger one. Flush and invalidate before relying on it.
 */
void nouveau_pt_write_locked(struct nouveau_pt *pt, u64 start, unsigned int n, unsigned int shift,
			     const u64 *ptes)
{
	unsigned int k, i;
	struct pt_slot *slot;
	struct pt_dir *pd0;
	u64 va, next;

	nouveau_pt_assert_locked(pt);
	if (pt->gone)
		return;

	for (k = 0; k < n; k++) {
		va = start + ((u64)k << shift);
		pd0 = nouveau_pt_find(pt, va, &next);
		if (WARN_ON_ONCE(!pd0))
			return;
		i = tu102_pt_index(va, PD0_LEVEL, 0);
		slot = &pd0->slot[i];
		if (shift == SLOT_SHIFT) {
			pt_write_huge(pd0, i, ptes[k]);
			continue;
		}
		if (WARN_ON_ONCE(shift == BIG_SHIFT ? !slot->big : !slot->small))
			return;
		if (shift == BIG_SHIFT)
			pt_write_big(slot, tu102_pt_index(va, 4, shift), ptes[k]);
		else
			pt_write_small(slot, tu102_pt_index(va, 4, shift), ptes[k]);
		if (ptes[k] && slot->huge) {
			slot->huge = 0;
			nouveau_pt_slot_publish(pd0, i);
		}
	}
	nouveau_stat_add(&pt->ndev->stats, NOUVEAU_STAT_PTE_WRITE, n);
	nouveau_stat_inc(&pt->ndev->stats, NOUVEAU_STAT_PT_PUSH);
}

/* Clear what touches [lo, hi) in the slot at @base; widen them to what it was. */
static bool pt_zap_slot(struct pt_dir *pd0, u64 base, u64 *lo, u64 *hi)
{
	unsigned int i = tu102_pt_index(base, PD0_LEVEL, 0);
	struct pt_slot *slot = &pd0->slot[i];
	u64 first = *lo, last = *hi - 1;
	unsigned int b0 = (first - base) >> BIG_SHIFT, b1 = (last - base) >> BIG_SHIFT;
	unsigned int s0 = (first - base) >> SMALL_SHIFT, s1 = (last - base) >> SMALL_SHIFT;
	unsigned int b;
	bool any;

	if (slot->huge) {
		pt_write_huge(pd0, i, 0);
		*lo = base;
		*hi = base + SLOT_BYTES;
		return true;
	}

	any = pt_clear_small(slot, s0, s1 - s0 + 1);
	for (b = b0; b <= b1; b++) {
		if (!pt_clear_big(slot, b, 1))
			continue;
		any = true;
		*lo = min(*lo, base + ((u64)b << BIG_SHIFT));
		*hi = max(*hi, base + ((u64)(b + 1) << BIG_SHIFT));
	}
	return any;
}

/**
 * nouveau_pt_zap_locked() - invalidate whatever touches a range
 * @pt: the tree
 * @start: first byte; lowered to what was cleared
 * @end: one past the last byte; raised to what was cleared
 *
 * Never fails, never allocates: for MMU notifiers.
 *
 * Return: whether an entry was valid; then flush and invalidate
 * (TU102_TLB_DOWNGRADE) before the memory has another owner.
 */
bool nouveau_pt_zap_locked(struct nouveau_pt *pt, u64 *start, u64 *end)
{
	u64 va, next, lo, hi, last = min(*end, 1ull << VA_BITS);
	u64 first = *start;
	struct pt_dir *pd0;
	bool any = false;

	nouveau_pt_assert_locked(pt);
	if (pt->gone)
		return false;

	for (va = first; va < last; va = next) {
		pd0 = nouveau_pt_find(pt, va, &next);
		if (!pd0)
			continue;
		lo = va;
		hi = min(next, last);
		if (!pt_zap_slot(pd0, round_down(va, SLOT_BYTES), &lo, &hi))
			continue;
		any = true;
		*start = min(*start, lo);
		*end = max(*end, hi);
	}
	if (any)
		nouveau_stat_inc(&pt->ndev->stats, NOUVEAU_STAT_PT_PUSH);
	return any;
}

/* What maps @va under the lock: entry, its size, and for a miss where to look next. */
static bool pt_lookup_locked(struct nouveau_pt *pt, u64 va, u64 *pte, unsigned int *shift,
			     u64 *next)
{
	struct pt_dir *pd0 = nouveau_pt_find(pt, va, next);
	struct pt_slot *slot;
	unsigned int i;

	nouveau_pt_assert_locked(pt);
	if (!pd0 || pt->gone)
		return false;

	slot = &pd0->slot[tu102_pt_index(va, PD0_LEVEL, 0)];
	if (slot->huge) {
		*pte = slot->huge;
		*shift = SLOT_SHIFT;
		return true;
	}
	if (!slot->small && !slot->big)
		return false;

	*next = (va | (BIT(SMALL_SHIFT) - 1)) + 1;
	i = tu102_pt_index(va, 4, BIG_SHIFT);
	if (slot->big && (slot->big->valid & BIT(i))) {
		*pte = readq(slot->big->mem.map + i * 8);
		*shift = BIG_SHIFT;
		return true;
	}
	i = tu102_pt_index(va, 4, SMALL_SHIFT);
	if (slot->small && test_bit(i, slot->small->valid)) {
		*pte = readq(slot->small->mem.map + i * 8);
		*shift = SMALL_SHIFT;
		return true;
	}
	return false;
}

/* A run of entries that continue each other in VA, PA and permissions. */
struct pt_run {
	u64 va, pa, bytes, pte;
	unsigned int shift;
};

static void pt_run_show(struct seq_file *m, const struct pt_run *run)
{
	struct tu102_pte_attr attr;
	u64 pa;

	if (!run->bytes || !tu102_pte_decode(run->pte, &pa, &attr))
		return;
	seq_printf(m, "0x%013llx-0x%013llx %4luK %s 0x%011llx %s%s%s kind 0x%02x\n",
		   run->va, run->va + run->bytes, BIT(run->shift) >> 10,
		   attr.aperture == TU102_APERTURE_VRAM ? "vram" : "sys ", run->pa,
		   attr.read_only ? "r-" : "rw", attr.no_atomics ? "-" : "a",
		   attr.privileged ? "p" : "-", attr.kind);
}

/**
 * nouveau_pt_show() - print what the tree maps, one line per contiguous run
 * @pt: the tree
 * @m: where to
 */
void nouveau_pt_show(struct nouveau_pt *pt, struct seq_file *m)
{
	struct tu102_pte_attr attr, run_attr;
	struct pt_run run = {};
	unsigned int shift;
	u64 va, next, pte, pa, run_pa;

	nouveau_pt_lock(pt);
	for (va = 0; va < 1ull << VA_BITS; va = next) {
		if (!pt_lookup_locked(pt, va, &pte, &shift, &next) ||
		    !tu102_pte_decode(pte, &pa, &attr))
			continue;
		next = va + BIT(shift);
		if (run.bytes && run.va + run.bytes == va && run.pa + run.bytes == pa &&
		    run.shift == shift && tu102_pte_decode(run.pte, &run_pa, &run_attr) &&
		    tu102_pte_encode(0, &run_attr) == tu102_pte_encode(0, &attr)) {
			run.bytes += BIT(shift);
			continue;
		}
		pt_run_show(m, &run);
		run = (struct pt_run){ va, pa, BIT(shift), pte, shift };
	}
	nouveau_pt_unlock(pt);
	pt_run_show(m, &run);
}
