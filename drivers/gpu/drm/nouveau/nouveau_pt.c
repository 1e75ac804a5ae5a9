// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A tree of GMMU page tables: a CPU mirror (nouveau_pt_priv.h) beside the tables
 * in VRAM, so that nothing the GPU relies on is ever read back through BAR1.
 * Here: its life and its growth. Entries are written in nouveau_pt_write.c.
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
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_pt_alloc.h"
#include "nouveau_pt_priv.h"
#include "tu102_pte.h"
#include "tu102_tlb.h"

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

struct pt_dir *nouveau_pt_find(struct nouveau_pt *pt, u64 va, u64 *next)
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
		nouveau_pt_slot_publish(pd0, i);
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
