// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A tree of GMMU page tables: a CPU mirror (which tables exist, which entries
 * are valid) beside the tables in VRAM. The mirror means that nothing is ever
 * read back through BAR1.
 *
 * The unit is the slot, one directory entry of 2 MiB. What the GPU sees of it:
 *
 *   slot->huge != 0           one 2 MiB PTE; tables of the slot, if any, are
 *                             all invalid and out of sight
 *   slot->huge == 0           dual PDE to whichever of the tables exist; for
 *                             each 64 KiB at most one of "valid 64K PTE" and
 *                             "some valid 4K PTEs" holds
 *
 * Tables are only added while the tree lives (nouveau_pt_prepare()): a zap
 * runs in MMU notifiers, which may not free, and a table handed back needs a
 * TLB invalidate of directory caches first. A 2 MiB slot costs 4.25 KiB.
 *
 * Locks: pt->lock as in nouveau_lock.h. pt->grow, outside of it, serialises
 * those who add tables, so that VRAM can be allocated with the tree stable and
 * pt->lock free.
 *
 * Once the device is gone (nouveau_pt_detach_all()) BAR1 is not touched any
 * more: writes are dropped and zap finds nothing, which lets open files be
 * closed in peace.
 */
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_pt_alloc.h"
#include "tu102_pte.h"
#include "tu102_tlb.h"

#define VA_BITS		49
#define SLOT_SHIFT	21
#define SLOT_BYTES	BIT_ULL(SLOT_SHIFT)
#define BIG_SHIFT	16
#define SMALL_SHIFT	12
#define N_SMALL		512
#define N_BIG		32
#define SMALL_PER_BIG	(N_SMALL / N_BIG)
#define PD0_LEVEL	3

struct pt_small {
	struct nouveau_pt_mem mem;
	DECLARE_BITMAP(valid, N_SMALL);
};

struct pt_big {
	struct nouveau_pt_mem mem;
	u32 valid;
};

struct pt_slot {
	u64 huge;		/* 2 MiB PTE or 0 */
	struct pt_small *small;
	struct pt_big *big;
};

/* A directory: level 0..2 point to directories, level 3 holds slots. */
struct pt_dir {
	struct nouveau_pt_mem mem;
	union {
		struct pt_dir *child[512];
		struct pt_slot slot[256];
	};
};

struct nouveau_pt {
	struct nouveau_device *ndev;
	struct list_head link;		/* in nouveau_pt_list */
	struct mutex grow;		/* held to add tables; see top */
	struct mutex lock;		/* the tree and every entry; see nouveau_lock.h */
	bool gone;			/* VRAM is out of reach */
	struct pt_dir *root;
};

/* All trees of all devices, to cut them off when their device goes. */
static LIST_HEAD(nouveau_pt_list);
static DEFINE_MUTEX(nouveau_pt_list_lock);

static const unsigned int level_shift[] = { 47, 38, 29, 21 };
static const unsigned int level_entries[] = { 4, 512, 512, 256 };

static struct pt_dir *pt_dir_new(struct nouveau_device *ndev)
{
	struct pt_dir *dir = kvzalloc_obj(*dir);
	int err;

	if (!dir)
		return ERR_PTR(-ENOMEM);
	err = nouveau_pt_mem_new(ndev, NOUVEAU_PT_TABLE_BYTES, &dir->mem);
	if (err) {
		kvfree(dir);
		return ERR_PTR(err);
	}
	return dir;
}

static void pt_dir_del(struct nouveau_device *ndev, struct pt_dir *dir, unsigned int level)
{
	unsigned int i;

	for (i = 0; i < level_entries[level]; i++) {
		if (level < PD0_LEVEL) {
			if (dir->child[i])
				pt_dir_del(ndev, dir->child[i], level + 1);
			continue;
		}
		if (dir->slot[i].small)
			nouveau_pt_mem_del(ndev, &dir->slot[i].small->mem);
		if (dir->slot[i].big)
			nouveau_pt_mem_del(ndev, &dir->slot[i].big->mem);
		kfree(dir->slot[i].small);
		kfree(dir->slot[i].big);
	}
	nouveau_pt_mem_del(ndev, &dir->mem);
	kvfree(dir);
}

/**
 * nouveau_pt_new() - make an empty tree
 * @ndev: the device
 *
 * Return: the tree, ERR_PTR(-ENOMEM) or ERR_PTR(-ENOSPC).
 */
struct nouveau_pt *nouveau_pt_new(struct nouveau_device *ndev)
{
	struct nouveau_pt *pt = kzalloc_obj(*pt);

	if (!pt)
		return ERR_PTR(-ENOMEM);
	pt->ndev = ndev;
	mutex_init(&pt->grow);
	mutex_init(&pt->lock);
	pt->root = pt_dir_new(ndev);
	if (IS_ERR(pt->root)) {
		int err = PTR_ERR(pt->root);

		kfree(pt);
		return ERR_PTR(err);
	}
	mutex_lock(&nouveau_pt_list_lock);
	list_add(&pt->link, &nouveau_pt_list);
	mutex_unlock(&nouveau_pt_list_lock);
	return pt;
}

/**
 * nouveau_pt_del() - free a tree
 * @pt: the tree; no channel is bound to it and no TLB knows it
 */
void nouveau_pt_del(struct nouveau_pt *pt)
{
	mutex_lock(&nouveau_pt_list_lock);
	list_del(&pt->link);
	mutex_unlock(&nouveau_pt_list_lock);
	pt_dir_del(pt->ndev, pt->root, 0);
	mutex_destroy(&pt->lock);
	mutex_destroy(&pt->grow);
	kfree(pt);
}

/**
 * nouveau_pt_retire() - drop a tree from TLBs, then free it
 * @pt: the tree; no channel is bound to it
 */
void nouveau_pt_retire(struct nouveau_pt *pt)
{
	struct nouveau_device *ndev = pt->ndev;

	nouveau_pt_lock(pt);
	if (!pt->gone && tu102_tlb_invalidate(ndev, nouveau_pt_root(pt), 0, ~0ull,
					      TU102_TLB_DOWNGRADE))
		drm_err(&ndev->drm, "TLB invalidate of a dead address space timed out\n");
	nouveau_pt_unlock(pt);
	nouveau_pt_del(pt);
}

/**
 * nouveau_pt_detach_all() - the device goes: no tree touches VRAM from here on
 * @ndev: the device
 */
void nouveau_pt_detach_all(struct nouveau_device *ndev)
{
	struct nouveau_pt *pt;

	mutex_lock(&nouveau_pt_list_lock);
	list_for_each_entry(pt, &nouveau_pt_list, link) {
		if (pt->ndev != ndev)
			continue;
		mutex_lock(&pt->grow);
		mutex_lock(&pt->lock);
		pt->gone = true;
		mutex_unlock(&pt->lock);
		mutex_unlock(&pt->grow);
	}
	mutex_unlock(&nouveau_pt_list_lock);
}

u64 nouveau_pt_root(const struct nouveau_pt *pt)
{
	return pt->root->mem.addr;
}

void nouveau_pt_lock(struct nouveau_pt *pt)
{
	mutex_lock(&pt->lock);
}

bool nouveau_pt_trylock(struct nouveau_pt *pt)
{
	return mutex_trylock(&pt->lock);
}

void nouveau_pt_unlock(struct nouveau_pt *pt)
{
	mutex_unlock(&pt->lock);
}

bool nouveau_pt_is_gone_locked(struct nouveau_pt *pt)
{
	lockdep_assert_held(&pt->lock);
	return pt->gone;
}

void nouveau_pt_assert_locked(struct nouveau_pt *pt)
{
	lockdep_assert_held(&pt->lock);
}

static void pt_store(struct nouveau_pt_mem *mem, unsigned int qword, u64 val)
{
	writeq(val, mem->map + qword * 8);
}

/* Make the slot's directory entry say what the slot holds. */
static void pt_slot_publish(struct pt_dir *pd0, unsigned int i)
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

/*
 * The directory of slots that covers @va, or NULL; then *@next is where the
 * hole ends. Stable under pt->lock or pt->grow.
 */
static struct pt_dir *pt_find(struct nouveau_pt *pt, u64 va, u64 *next)
{
	struct pt_dir *dir = pt->root;
	unsigned int level;

	for (level = 0; level < PD0_LEVEL; level++) {
		dir = dir->child[tu102_pt_index(va, level, 0)];
		if (!dir) {
			*next = ((va >> level_shift[level]) + 1) << level_shift[level];
			return NULL;
		}
	}
	*next = (va | (SLOT_BYTES - 1)) + 1;
	return dir;
}

/* The same, adding directories on the way. pt->grow held. */
static struct pt_dir *pt_grow(struct nouveau_pt *pt, u64 va)
{
	struct pt_dir *dir = pt->root, *sub;
	unsigned int level, i;

	lockdep_assert_held(&pt->grow);
	for (level = 0; level < PD0_LEVEL; level++) {
		i = tu102_pt_index(va, level, 0);
		sub = dir->child[i];
		if (!sub) {
			sub = pt_dir_new(pt->ndev);
			if (IS_ERR(sub))
				return sub;
			mutex_lock(&pt->lock);
			dir->child[i] = sub;
			pt_store(&dir->mem, i, tu102_pde_encode(sub->mem.addr));
			mutex_unlock(&pt->lock);
		}
		dir = sub;
	}
	return dir;
}

static int pt_grow_slot(struct nouveau_pt *pt, struct pt_dir *pd0, unsigned int i,
			unsigned int shift)
{
	struct pt_slot *slot = &pd0->slot[i];
	struct pt_small *small = NULL;
	struct pt_big *big = NULL;
	int err;

	if (shift == SMALL_SHIFT && !slot->small) {
		small = kzalloc_obj(*small);
		if (!small)
			return -ENOMEM;
		err = nouveau_pt_mem_new(pt->ndev, NOUVEAU_PT_TABLE_BYTES, &small->mem);
	} else if (shift == BIG_SHIFT && !slot->big) {
		big = kzalloc_obj(*big);
		if (!big)
			return -ENOMEM;
		err = nouveau_pt_mem_new(pt->ndev, NOUVEAU_PT_BIG_BYTES, &big->mem);
	} else {
		return 0;
	}
	if (err) {
		kfree(small);
		kfree(big);
		return err;
	}

	mutex_lock(&pt->lock);
	if (small)
		slot->small = small;
	if (big)
		slot->big = big;
	if (!slot->huge)
		pt_slot_publish(pd0, i);
	mutex_unlock(&pt->lock);
	return 0;
}

/**
 * nouveau_pt_prepare() - make the tables that writes to a range will need
 * @pt: the tree
 * @start: first byte, a multiple of 1 << @shift
 * @end: one past the last byte, same
 * @shift: 12, 16 or 21
 *
 * What is mapped stays mapped. Tables made before a failure stay.
 *
 * Return: 0, -EINVAL, -ENODEV after unplug, -ENOMEM or -ENOSPC.
 */
int nouveau_pt_prepare(struct nouveau_pt *pt, u64 start, u64 end, unsigned int shift)
{
	struct pt_dir *pd0;
	u64 va;
	int err = 0;

	if (start >= end || end > 1ull << VA_BITS || !IS_ALIGNED(start | end, 1ull << shift))
		return -EINVAL;

	mutex_lock(&pt->grow);
	for (va = start; va < end && !err; va = (va | (SLOT_BYTES - 1)) + 1) {
		if (pt->gone) {
			err = -ENODEV;
			break;
		}
		pd0 = pt_grow(pt, va);
		if (IS_ERR(pd0))
			err = PTR_ERR(pd0);
		else
			err = pt_grow_slot(pt, pd0, tu102_pt_index(va, PD0_LEVEL, 0), shift);
	}
	mutex_unlock(&pt->grow);
	return err;
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
	pt_slot_publish(pd0, i);
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
		pd0 = pt_find(pt, va, &next);
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
			pt_slot_publish(pd0, i);
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
		pd0 = pt_find(pt, va, &next);
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
	struct pt_dir *pd0 = pt_find(pt, va, next);
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
