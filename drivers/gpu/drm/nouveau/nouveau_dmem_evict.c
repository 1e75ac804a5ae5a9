// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Bringing pages home by where they are in VRAM, because somebody else needs it
 * or the device goes.
 *
 * No address space is looked at: core mm finds who maps a page, and the
 * notifiers take it away from every GPU. A 2 MiB folio goes as a whole, any
 * other page by itself. A page somebody has locked or pinned at the moment stays.
 */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"
#include "nouveau_evict.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"

/* Device PFNs of what is in use of @pages; a folio wants all of its entries. */
static unsigned int evict_list(struct nouveau_dmem_chunk *chunk, const struct nouveau_mask *pages,
			       unsigned long *pfns)
{
	unsigned long first = nouveau_dmem_pfn(chunk->dmem, chunk->vram.addr);
	struct nouveau_mask used = nouveau_dmem_used(chunk);
	unsigned int i, n = 0;

	if (!READ_ONCE(chunk->large))
		used = nouveau_mask_and(used, pages);
	/* Not those that are free: what they were before may still be written in them. */
	nouveau_mask_for_each(&used, i)
		pfns[n++] = first + i;
	return n;
}

/* The copy engine is gone for good: zeros, so that nobody gets foreign data. */
static void evict_lose(struct nouveau_dmem_move *mv, int err)
{
	unsigned int i, lost = 0;

	for (i = 0; i < mv->n; i++) {
		struct page *page = nouveau_dmem_entry(mv->dst, i);

		if (!page)
			continue;
		clear_highpage(page);
		lost++;
	}
	drm_err(&mv->dmem->ndev->drm, "copy engine dead (%pe): %u pages of processes lost\n",
		ERR_PTR(err), lost);
}

static unsigned int evict_once(struct nouveau_dmem_chunk *chunk, const struct nouveau_mask *pages,
			       struct nouveau_dmem_scratch *s, bool may_lose)
{
	struct nouveau_dmem_move mv = {
		.dmem = chunk->dmem, .src = s->src, .dst = s->dst, .ops = s->ops,
		.n = evict_list(chunk, pages, s->src),
	};
	unsigned int moved;
	int err = 0;

	if (!mv.n)
		return 0;
	/* Notifiers take each page away from every GPU that maps it. */
	migrate_device_pfns(s->src, mv.n);
	nouveau_dmem_move_alloc_ram(&mv, NULL, 0, mv.n);
	nouveau_dmem_move_map(&mv);
	if (mv.nops)
		err = nouveau_dmem_move_copy(&mv);
	nouveau_dmem_move_unmap(&mv);
	if (err && may_lose)
		evict_lose(&mv, err);
	else if (err)
		nouveau_dmem_move_drop(&mv);
	migrate_device_pages(s->src, s->dst, mv.n);
	moved = nouveau_dmem_move_moved(&mv);
	if (moved && mv.dst[0] & MIGRATE_PFN_COMPOUND)
		nouveau_stat_inc(&mv.dmem->ndev->stats, NOUVEAU_STAT_HUGE_TO_SYS);
	migrate_device_finalize(s->src, s->dst, mv.n);
	nouveau_stat_add(&mv.dmem->ndev->stats, NOUVEAU_STAT_PAGES_TO_SYS, moved);
	trace_nouveau_evict(chunk->vram.addr, chunk->vram.size, moved, err);
	return moved;
}

/**
 * nouveau_dmem_evict - bring pages of a chunk home
 * @chunk: claimed by the caller
 * @pages: which, pages of the chunk; those not in use don't matter
 * @may_lose: go on with zeroed pages if the copy engine is dead
 *
 * Sleeps; takes lock 6 and leaf locks of the driver, and locks of core mm only
 * by trying.
 *
 * Return: 0 when something moved, -EBUSY when nothing did, -ENOMEM.
 */
int nouveau_dmem_evict(struct nouveau_dmem_chunk *chunk, const struct nouveau_mask *pages,
		       bool may_lose)
{
	/* Giving VRAM back is not worth a process of somebody; losing the device is. */
	gfp_t gfp = may_lose ? GFP_KERNEL : GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	struct nouveau_dmem_scratch *s = kvmalloc_obj(*s, gfp);
	struct nouveau_device *ndev = chunk->dmem->ndev;
	unsigned int moved;

	if (!s)
		return -ENOMEM;
	nouveau_evict_enter(ndev);
	moved = evict_once(chunk, pages, s, may_lose);
	nouveau_evict_leave(ndev, moved);
	kvfree(s);
	return moved ? 0 : -EBUSY;
}

int nouveau_dmem_evict_at(struct nouveau_device *ndev, u64 addr, unsigned int pages)
{
	struct nouveau_dmem_chunk *chunk = nouveau_dmem_claim_at(ndev->dmem, addr);
	struct nouveau_mask mask, used;
	unsigned int first;
	int err;

	if (!chunk)
		return 0;
	first = (addr - chunk->vram.addr) >> PAGE_SHIFT;
	mask = nouveau_mask_range(first, first + pages);
	err = nouveau_dmem_evict(chunk, &mask, false);
	used = nouveau_dmem_used(chunk);
	used = nouveau_mask_and(used, &mask);
	/* It may have gone by itself. */
	if (err == -EBUSY && nouveau_mask_empty(&used))
		err = 0;
	nouveau_dmem_unclaim(chunk, false);
	return err;
}

/*
 * The VRAM manager wants a chunk back. Called with its reservation held, by whoever
 * needs VRAM; takes no lock of SVM. 0 when its VRAM is free.
 */
static int chunk_evict(struct nouveau_chunk *vram)
{
	struct nouveau_dmem_chunk *chunk = container_of(vram, struct nouveau_dmem_chunk, vram);
	const struct nouveau_mask all = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	int err = nouveau_dmem_claim(chunk);

	/* Its VRAM is free, only the manager has not heard of it. */
	if (err == -ENODATA)
		return 0;
	if (err)
		return err;
	nouveau_dmem_evict(chunk, &all, false);
	return nouveau_dmem_unclaim(chunk, true) ? -EBUSY : 0;
}

/* Granules of @used, up to @want pages of them, those that were not mapped lately first. */
static struct nouveau_mask shrink_pick(const struct nouveau_mask *used, unsigned long lately,
				       unsigned int want)
{
	struct nouveau_mask pick = { };
	unsigned int pass, g, n = 0;

	for (pass = 0; pass < 2; pass++) {
		for (g = 0; g < NOUVEAU_GRANULES && n < want; g++) {
			unsigned int first = g * NOUVEAU_GRANULE_PAGES;
			struct nouveau_mask granule;

			if (!!(lately & BIT(g)) != pass)
				continue;
			granule = nouveau_mask_range(first, first + NOUVEAU_GRANULE_PAGES);
			granule = nouveau_mask_and(granule, used);
			n += nouveau_mask_weight(&granule, first, first + NOUVEAU_GRANULE_PAGES);
			pick = nouveau_mask_or(pick, &granule);
		}
	}
	return pick;
}

/* A folio of 2 MiB goes as a whole or not at all. */
static struct nouveau_mask shrink_unkept(struct nouveau_dmem_chunk *chunk,
					 const struct nouveau_mask *used,
					 struct nouveau_reclaim *rc)
{
	struct nouveau_mask kept = nouveau_dmem_kept(chunk, rc->spare);

	kept = nouveau_mask_and(kept, used);
	if (nouveau_mask_empty(&kept))
		return *used;
	rc->spared = true;
	return READ_ONCE(chunk->large) ? (struct nouveau_mask){ } :
	       nouveau_mask_andnot(*used, &kept);
}

/*
 * Some VRAM is wanted by other pages. What is freed stays with the chunk, where the
 * next migration finds it, or goes back when it has stayed empty for a while.
 */
static u64 chunk_shrink(struct nouveau_chunk *vram, struct nouveau_reclaim *rc)
{
	struct nouveau_dmem_chunk *chunk = container_of(vram, struct nouveau_dmem_chunk, vram);
	unsigned long lately = READ_ONCE(chunk->used_lately);
	unsigned int before, left, pages = (rc->want - rc->got) >> PAGE_SHIFT;
	struct nouveau_mask used, pick;

	if (nouveau_dmem_claim(chunk))
		return 0;
	used = nouveau_dmem_used(chunk);
	before = nouveau_mask_weight(&used, 0, NOUVEAU_BLOCK_PAGES);
	used = shrink_unkept(chunk, &used, rc);
	if (!nouveau_mask_empty(&used)) {
		pick = shrink_pick(&used, lately, max(pages, NOUVEAU_GRANULE_PAGES));
		nouveau_dmem_evict(chunk, &pick, false);
		WRITE_ONCE(chunk->used_lately, 0);
	}
	left = nouveau_dmem_unclaim(chunk, false);
	return before > left ? (u64)(before - left) << PAGE_SHIFT : 0;
}

const struct nouveau_chunk_ops nouveau_dmem_chunk_ops = {
	.evict = chunk_evict,
	.shrink = chunk_shrink,
};
