// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Replicas: the life of copies in VRAM, from the moment they are published to the
 * moment their VRAM is given back. What may be copied, and why the copy is true, is
 * in nouveau_svm_replicate.c.
 *
 * A replica belongs to a mirror and 64 KiB of it, and stands in svm->replicas under
 * the page-table lock. Whatever happens to its memory comes as a notifier, which takes
 * the PTEs away, lets go of the pages and forgets the replica before it returns: that
 * allocates nothing and waits for a TLB invalidate only. Its VRAM is given back by a
 * work item, since that sleeps.
 *
 * In the VRAM manager a replica is a chunk of the lowest priority: whoever needs room
 * takes replicas first, and all it costs is to forget them. That callback comes with a
 * reservation held (lock 4) and takes the page-table lock (5).
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm_priv.h"

static u64 replica_va(const struct nouveau_svm_replica *r)
{
	return r->block->base + ((u64)r->granule << NOUVEAU_SVM_REPLICA_SHIFT);
}

/* In svm->replicas. */
static unsigned long replica_index(const struct nouveau_svm_replica *r)
{
	return replica_va(r) >> NOUVEAU_SVM_REPLICA_SHIFT;
}

static struct nouveau_mask replica_mask(const struct nouveau_svm_replica *r)
{
	unsigned int first = r->granule * NOUVEAU_GRANULE_PAGES;

	return nouveau_mask_range(first, first + NOUVEAU_GRANULE_PAGES);
}

struct nouveau_svm_replica *nouveau_svm_replica_of_locked(struct nouveau_svm_mm *svm, u64 va)
{
	nouveau_pt_assert_locked(svm->pt);
	return xa_load(&svm->replicas, va >> NOUVEAU_SVM_REPLICA_SHIFT);
}

/* Its pages are the process's alone again. No PTE points to the copy any more. */
static void replica_kill_locked(struct nouveau_svm_replica *r)
{
	struct nouveau_svm_mm *svm = r->svm;
	unsigned long held = r->pages;
	unsigned int i;

	nouveau_pt_assert_locked(svm->pt);
	xa_erase(&svm->replicas, replica_index(r));
	for_each_set_bit(i, &held, NOUVEAU_GRANULE_PAGES)
		put_page(r->held[i]);
	nouveau_stat_add(&svm->ndev->stats, NOUVEAU_STAT_REPLICAS_DROPPED, hweight16(r->pages));
	r->pages = 0;
	r->state = NOUVEAU_REPLICA_DEAD;
	r->block->replica_serial++;
	list_add_tail(&r->link, &svm->dead_replicas);
	schedule_work(&svm->replica_work);
}

/**
 * nouveau_svm_replica_widen_locked - as far as the replicas that are cut by it
 * @svm: mirror
 * @start: first address, page-aligned; to the beginning of the replica it is in
 * @end: end address; to the end of the replica it is in
 *
 * What is zapped from there to there leaves no half replica. Page-table lock held.
 */
void nouveau_svm_replica_widen_locked(struct nouveau_svm_mm *svm, u64 *start, u64 *end)
{
	if (nouveau_svm_replica_of_locked(svm, *start))
		*start = round_down(*start, 1ull << NOUVEAU_SVM_REPLICA_SHIFT);
	if (nouveau_svm_replica_of_locked(svm, *end - 1))
		*end = round_up(*end, 1ull << NOUVEAU_SVM_REPLICA_SHIFT);
}

/**
 * nouveau_svm_replica_release_locked - forget the replicas of a range
 * @svm: mirror
 * @start: first address; no replica reaches across it
 * @end: end address; nor across that
 *
 * The range has just been zapped. Page-table lock held; any context that may hold it.
 */
void nouveau_svm_replica_release_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_svm_replica *r;
	unsigned long idx;

	nouveau_pt_assert_locked(svm->pt);
	xa_for_each_range(&svm->replicas, idx, r, start >> NOUVEAU_SVM_REPLICA_SHIFT,
			  (end - 1) >> NOUVEAU_SVM_REPLICA_SHIFT)
		replica_kill_locked(r);
}

/**
 * nouveau_svm_replica_drop_locked - take replicas away from the GPU and forget them
 * @svm: mirror
 * @start: first address
 * @end: end address
 *
 * All that have a page in the range; what else is mapped there stays mapped, unless it
 * shares an entry. Page-table lock held.
 */
void nouveau_svm_replica_drop_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_svm_block *block = NULL;
	struct nouveau_svm_replica *r;
	struct nouveau_mask pages = { }, mine;
	unsigned long idx;

	nouveau_pt_assert_locked(svm->pt);
	/* A block at a time, so that each has one TLB invalidate. */
	xa_for_each_range(&svm->replicas, idx, r, start >> NOUVEAU_SVM_REPLICA_SHIFT,
			  (end - 1) >> NOUVEAU_SVM_REPLICA_SHIFT) {
		if (block && block != r->block) {
			nouveau_svm_zap_pages_locked(svm, block, &pages);
			pages = (struct nouveau_mask){ };
		}
		block = r->block;
		mine = replica_mask(r);
		mine = nouveau_mask_and(mine, &block->replica);
		pages = nouveau_mask_or(pages, &mine);
	}
	if (!block)
		return;
	nouveau_svm_zap_pages_locked(svm, block, &pages);
	nouveau_svm_replica_release_locked(svm, start, end);
}

/**
 * nouveau_svm_replica_publish_locked - from now on they are dropped by notifiers
 * @svm: mirror
 * @fresh: by granule of a block, NULL where there is none; taken over, NULL then
 *
 * Before the PTEs, in the same critical section as the look at the notifier's
 * sequence. Room in the xarray was reserved. Page-table lock held.
 *
 * Return: 0; -EAGAIN when somebody was faster or there is no memory: none is taken.
 */
int nouveau_svm_replica_publish_locked(struct nouveau_svm_mm *svm,
				       struct nouveau_svm_replica **fresh)
{
	unsigned int g, k;

	nouveau_pt_assert_locked(svm->pt);
	for (g = 0; g < NOUVEAU_GRANULES; g++) {
		if (!fresh[g])
			continue;
		if (nouveau_svm_replica_of_locked(svm, replica_va(fresh[g])) ||
		    xa_is_err(xa_store(&svm->replicas, replica_index(fresh[g]),
				       fresh[g], GFP_NOWAIT)))
			goto undo;
	}
	for (g = 0; g < NOUVEAU_GRANULES; g++) {
		if (!fresh[g])
			continue;
		fresh[g]->state = NOUVEAU_REPLICA_LIVE;
		fresh[g]->block->replica_serial++;
		nouveau_stat_add(&svm->ndev->stats, NOUVEAU_STAT_PAGES_REPLICATED,
				 hweight16(fresh[g]->pages));
		fresh[g] = NULL;
	}
	return 0;

undo:
	for (k = 0; k < g; k++)
		if (fresh[k])
			xa_erase(&svm->replicas, replica_index(fresh[k]));
	return -EAGAIN;
}

/**
 * nouveau_svm_replica_free - give everything back
 * @r: fresh or dead, in no list
 *
 * Sleeps.
 */
void nouveau_svm_replica_free(struct nouveau_svm_replica *r)
{
	unsigned long held = r->pages;
	unsigned int i;

	/* Waits for an eviction that has just found it. */
	nouveau_chunk_del(r->svm->ndev, &r->vram);
	for_each_set_bit(i, &held, NOUVEAU_GRANULE_PAGES)
		put_page(r->held[i]);
	kfree(r);
}

static void replica_work(struct work_struct *work)
{
	struct nouveau_svm_mm *svm = container_of(work, struct nouveau_svm_mm, replica_work);
	struct nouveau_svm_replica *r, *tmp;
	LIST_HEAD(dead);

	nouveau_pt_lock(svm->pt);
	list_splice_init(&svm->dead_replicas, &dead);
	nouveau_pt_unlock(svm->pt);
	list_for_each_entry_safe(r, tmp, &dead, link)
		nouveau_svm_replica_free(r);
}

/* The VRAM manager needs its place. Called with its reservation held. */
static int replica_evict(struct nouveau_chunk *vram)
{
	struct nouveau_svm_replica *r = container_of(vram, struct nouveau_svm_replica, vram);
	struct nouveau_svm_mm *svm = r->svm;
	u64 va = replica_va(r);
	int err = 0;

	nouveau_pt_lock(svm->pt);
	if (r->state == NOUVEAU_REPLICA_LIVE)
		nouveau_svm_replica_drop_locked(svm, va, va + (1ull << NOUVEAU_SVM_REPLICA_SHIFT));
	else if (r->state == NOUVEAU_REPLICA_FRESH)
		err = -EBUSY;
	nouveau_pt_unlock(svm->pt);
	return err;
}

/* No part of it can be spared: it is taken as a whole, and first of all. */
const struct nouveau_chunk_ops nouveau_svm_replica_ops = {
	.evict = replica_evict,
};

/**
 * nouveau_svm_replica_init - no replicas yet
 * @svm: mirror
 */
void nouveau_svm_replica_init(struct nouveau_svm_mm *svm)
{
	xa_init(&svm->replicas);
	INIT_LIST_HEAD(&svm->dead_replicas);
	INIT_WORK(&svm->replica_work, replica_work);
}

/**
 * nouveau_svm_replica_fini - the mirror has stopped
 * @svm: mirror; nothing is mapped any more, its blocks are still there
 */
void nouveau_svm_replica_fini(struct nouveau_svm_mm *svm)
{
	nouveau_pt_lock(svm->pt);
	nouveau_svm_replica_release_locked(svm, 0, U64_MAX);
	nouveau_pt_unlock(svm->pt);
	flush_work(&svm->replica_work);
	xa_destroy(&svm->replicas);
}
