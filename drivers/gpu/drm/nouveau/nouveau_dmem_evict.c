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
	unsigned int moved;

	if (!s)
		return -ENOMEM;
	moved = evict_once(chunk, pages, s, may_lose);
	kvfree(s);
	return moved ? 0 : -EBUSY;
}

/**
 * nouveau_dmem_chunk_evict - the VRAM manager wants a chunk back
 * @vram: the chunk
 *
 * Called with its reservation held, by whoever needs VRAM; takes no lock of SVM.
 *
 * Return: 0 when its VRAM is free, -EBUSY.
 */
int nouveau_dmem_chunk_evict(struct nouveau_chunk *vram)
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
