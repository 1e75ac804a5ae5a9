// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VRAM for pages that are going to migrate.
 *
 * 2 MiB of a process get a whole chunk, as one folio if core mm has one; else 64 KiB
 * of a process get 64 KiB of VRAM, page by page at the same offset, so that large GPU
 * pages are possible; only when no such granule is left do single pages fill the gaps.
 */
#include <linux/migrate.h>
#include <linux/mm.h>

#include "nouveau_audit.h"
#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"

/* Pages of @chunk for pages @want of a block; @shift: chunk page of block page 0. */
static void chunk_take_locked(struct nouveau_dmem_chunk *chunk, const struct nouveau_mask *want,
			      int shift, unsigned long *dst)
{
	unsigned long pfn = nouveau_dmem_pfn(chunk->dmem, chunk->vram.addr);
	unsigned int i, old_used = chunk->used_pages;

	lockdep_assert_held(&chunk->dmem->lock);
	nouveau_mask_for_each(want, i) {
		dst[i] = pfn + i + shift;
		nouveau_mask_set(&chunk->used, i + shift);
		pfn_to_page(dst[i])->zone_device_data = chunk;
		chunk->used_pages++;
	}
	nouveau_dmem_chunk_taken_locked(chunk, old_used);
}

/* All of an empty chunk for one folio; its other pages get theirs if it is split. */
static void chunk_take_large_locked(struct nouveau_dmem_chunk *chunk, unsigned long *dst)
{
	lockdep_assert_held(&chunk->dmem->lock);
	dst[0] = nouveau_dmem_pfn(chunk->dmem, chunk->vram.addr);
	pfn_to_page(dst[0])->zone_device_data = chunk;
	chunk->used = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	chunk->used_pages = NOUVEAU_BLOCK_PAGES;
	nouveau_dmem_chunk_taken_locked(chunk, 0);
}

/* An empty 2 MiB chunk, NULL when there is none. */
static struct nouveau_dmem_chunk *empty_block_locked(struct nouveau_dmem *dmem)
{
	struct nouveau_dmem_chunk *chunk;

	lockdep_assert_held(&dmem->lock);
	list_for_each_entry(chunk, &dmem->chunks[NOUVEAU_DMEM_EMPTY], link)
		if (chunk->pages == NOUVEAU_BLOCK_PAGES)
			return chunk;
	return NULL;
}

/* @want lies in one 64 KiB granule of the block, and gets one of VRAM. */
static bool take_granule_locked(struct nouveau_dmem *dmem, const struct nouveau_mask *want,
				unsigned long *dst)
{
	struct nouveau_dmem_chunk *chunk = nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_GRANULES);
	unsigned int at = nouveau_mask_next(want, 0, true) & ~(NOUVEAU_GRANULE_PAGES - 1);
	unsigned int g = 0;

	if (!chunk)
		chunk = nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_EMPTY);
	if (!chunk)
		return false;
	while (nouveau_mask_weight(&chunk->used, g, g + NOUVEAU_GRANULE_PAGES))
		g += NOUVEAU_GRANULE_PAGES;
	chunk_take_locked(chunk, want, (int)g - (int)at, dst);
	return true;
}

/* The gaps that are left; @want loses what it got. */
static void take_pages_locked(struct nouveau_dmem *dmem, struct nouveau_mask *want,
			      unsigned long *dst)
{
	struct nouveau_dmem_chunk *chunk;
	unsigned int i = nouveau_mask_next(want, 0, true);

	while (i < NOUVEAU_BLOCK_PAGES &&
	       (chunk = nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_PAGES))) {
		unsigned int at = nouveau_mask_next(&chunk->used, 0, false);
		struct nouveau_mask one = { };

		nouveau_mask_set(&one, i);
		chunk_take_locked(chunk, &one, (int)at - (int)i, dst);
		nouveau_mask_clear(want, i);
		i = nouveau_mask_next(want, i, true);
	}
}

/* As much of @left as there is without growing; true when nothing is left. */
static bool take_granules_locked(struct nouveau_dmem *dmem, struct nouveau_mask *left,
				 unsigned long *dst)
{
	unsigned int i;

	while ((i = nouveau_mask_next(left, 0, true)) < NOUVEAU_BLOCK_PAGES) {
		unsigned int g = i & ~(NOUVEAU_GRANULE_PAGES - 1);
		struct nouveau_mask granule = nouveau_mask_range(g, g + NOUVEAU_GRANULE_PAGES);
		struct nouveau_mask part = nouveau_mask_and(granule, left);

		if (!take_granule_locked(dmem, &part, dst))
			return false;
		*left = nouveau_mask_andnot(*left, &granule);
	}
	return true;
}

/* All of @want from one chunk, at its offsets, or nothing. */
static bool dmem_take_block(struct nouveau_dmem *dmem, const struct nouveau_mask *want, bool large,
			    unsigned long *dst)
{
	struct nouveau_dmem_chunk *chunk;

	guard(spinlock_irq)(&dmem->lock);
	chunk = empty_block_locked(dmem);
	if (!chunk) {
		int grown;

		spin_unlock_irq(&dmem->lock);
		grown = nouveau_dmem_grow(dmem);
		spin_lock_irq(&dmem->lock);
		chunk = grown == NOUVEAU_BLOCK_PAGES ? empty_block_locked(dmem) : NULL;
	}
	if (!chunk)
		return false;
	if (large)
		chunk_take_large_locked(chunk, dst);
	else
		chunk_take_locked(chunk, want, 0, dst);
	chunk->large = large;
	return true;
}

/* Pieces of @left, which loses what it got. */
static void dmem_take_pieces(struct nouveau_dmem *dmem, struct nouveau_mask *left,
			     unsigned long *dst)
{
	int grown;

	guard(spinlock_irq)(&dmem->lock);
	do {
		if (take_granules_locked(dmem, left, dst))
			return;
		/* Less than a granule is not worth a new chunk. */
		if (nouveau_mask_weight(left, 0, NOUVEAU_BLOCK_PAGES) < NOUVEAU_GRANULE_PAGES)
			take_pages_locked(dmem, left, dst);
		if (nouveau_mask_empty(left))
			return;
		spin_unlock_irq(&dmem->lock);
		grown = nouveau_dmem_grow(dmem);
		spin_lock_irq(&dmem->lock);
	} while (grown > 0);
	/* That was all of VRAM: pieces, then gaps. */
	if (!take_granules_locked(dmem, left, dst))
		take_pages_locked(dmem, left, dst);
}

/* The first page of 64 KiB that was given away just now. */
static void dmem_taken(struct nouveau_dmem *dmem, struct page *page)
{
	nouveau_dmem_touch(dmem->ndev, page);
	nouveau_dmem_keep(dmem->ndev, page);
}

/**
 * nouveau_dmem_alloc - VRAM pages for pages of a block
 * @dmem: VRAM
 * @want: pages of the block; with @large all of them
 * @first: page of the block that entry 0 is for; none before it is wanted
 * @large: one folio of 2 MiB in entry 0, or nothing; then @entries is untouched
 * @entries: filled with migration PFNs of locked pages, 0 where there is no VRAM
 *
 * Never evicts. Sleeps. What is taken goes to the warm end of the list, and a request
 * that is running keeps it: the evictor must not find it cold, from its last use,
 * before anyone could use it.
 *
 * Return: how many pages there were.
 */
unsigned int nouveau_dmem_alloc(struct nouveau_dmem *dmem, const struct nouveau_mask *want,
				unsigned int first, bool large, unsigned long *entries)
{
	unsigned int i, n = 0, total = nouveau_mask_weight(want, 0, NOUVEAU_BLOCK_PAGES);
	unsigned long *dst = entries - first;	/* by page of the block */
	struct nouveau_mask left = *want;
	unsigned long last = 0;

	if (large) {
		if (!dmem_take_block(dmem, want, true, dst))
			return 0;
		nouveau_audit_pages(dmem->ndev, PFN_PHYS(dst[0]) - dmem->pagemap.range.start,
				    NOUVEAU_BLOCK_PAGES, "given out");
		zone_device_folio_init(page_folio(pfn_to_page(dst[0])), &dmem->pagemap,
				       HPAGE_PMD_ORDER);
		for (i = 0; i < NOUVEAU_BLOCK_PAGES; i += NOUVEAU_GRANULE_PAGES)
			dmem_taken(dmem, pfn_to_page(dst[0] + i));
		dst[0] = migrate_pfn(dst[0]) | MIGRATE_PFN_COMPOUND;
		memset(dst + 1, 0, (NOUVEAU_BLOCK_PAGES - 1) * sizeof(*dst));
		return NOUVEAU_BLOCK_PAGES;
	}
	if (total > NOUVEAU_BLOCK_PAGES * 3 / 4 && dmem_take_block(dmem, want, false, dst))
		left = (struct nouveau_mask){ };
	else
		dmem_take_pieces(dmem, &left, dst);
	nouveau_mask_for_each(want, i) {
		if (nouveau_mask_test(&left, i)) {
			dst[i] = 0;
			continue;
		}
		nouveau_audit_pages(dmem->ndev, PFN_PHYS(dst[i]) - dmem->pagemap.range.start, 1,
				    "given out");
		zone_device_page_init(pfn_to_page(dst[i]), &dmem->pagemap, 0);
		if (dst[i] / NOUVEAU_GRANULE_PAGES != last) {
			last = dst[i] / NOUVEAU_GRANULE_PAGES;
			dmem_taken(dmem, pfn_to_page(dst[i]));
		}
		dst[i] = migrate_pfn(dst[i]);
		n++;
	}
	return n;
}
