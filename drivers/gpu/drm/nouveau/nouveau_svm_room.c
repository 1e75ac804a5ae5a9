// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Room in VRAM for an SVM_BIND.
 *
 * Who asks for memory in VRAM gets it there, at the cost of what has not been used
 * for longest, whosever it is. But a request never evicts what it is about itself,
 * moved by it or there before, nor what its process has pinned in VRAM: when only
 * that is left, the rest of the range stays where it is and is counted.
 *
 * Nothing of this costs anything while VRAM is free: pages that are there already
 * are looked for when it is not.
 */
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>

#include "nouveau_device.h"
#include "nouveau_evict.h"
#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"

/* Keeps what is in VRAM of pages @mask of a block; returns how many. mmap_lock held. */
static unsigned int keep_pages(struct nouveau_svm_mm *svm, u64 base,
			       const struct nouveau_mask *mask, unsigned long *pfns)
{
	struct nouveau_svm_window *win = xa_load(&svm->windows, base >> NOUVEAU_SVM_WINDOW_SHIFT);
	unsigned int i, n = 0, first = nouveau_mask_next(mask, 0, true);
	unsigned int end = nouveau_mask_end(mask);

	if (!win || nouveau_svm_snapshot(win, base + ((u64)first << PAGE_SHIFT),
					 base + ((u64)end << PAGE_SHIFT), pfns + first))
		return 0;
	nouveau_mask_for_each(mask, i) {
		if (!(pfns[i] & HMM_PFN_VALID) || pfns[i] & HMM_PFN_ERROR ||
		    !is_device_private_page(hmm_pfn_to_page(pfns[i])))
			continue;
		nouveau_dmem_keep(svm->ndev, hmm_pfn_to_page(pfns[i]));
		n++;
	}
	return n;
}

/* What of [start, end) is in VRAM. */
static void keep_range(struct nouveau_svm_mm *svm, u64 start, u64 end, unsigned long *pfns)
{
	struct nouveau_svm_block *block;
	unsigned long idx;

	/* Without a block the GPU has never been there. */
	xa_for_each_range(&svm->blocks, idx, block, start >> NOUVEAU_BLOCK_SHIFT,
			  (end - 1) >> NOUVEAU_BLOCK_SHIFT) {
		struct nouveau_mask in =
			nouveau_svm_block_pages(block->base, start, end);

		mmap_read_lock(svm->mm);
		keep_pages(svm, block->base, &in, pfns);
		mmap_read_unlock(svm->mm);
		cond_resched();
	}
}

/* Pages of the first block from *@idx on that has some pinned in VRAM. */
static bool next_pinned(struct nouveau_svm_mm *svm, unsigned long *idx, struct nouveau_mask *pages)
{
	struct nouveau_svm_advice *a;

	nouveau_pt_lock(svm->pt);
	for (a = xa_find(&svm->advice, idx, ULONG_MAX, XA_PRESENT); a;
	     a = xa_find_after(&svm->advice, idx, ULONG_MAX, XA_PRESENT)) {
		*pages = nouveau_mask_and(a->pinned, &a->vram);
		if (!nouveau_mask_empty(pages))
			break;
	}
	nouveau_pt_unlock(svm->pt);
	return a;
}

static void keep_pinned(struct nouveau_svm_mm *svm, unsigned long *pfns)
{
	struct nouveau_mask pages;
	unsigned long idx;

	for (idx = 0; next_pinned(svm, &idx, &pages); idx++) {
		mmap_read_lock(svm->mm);
		keep_pages(svm, (u64)idx << NOUVEAU_BLOCK_SHIFT, &pages, pfns);
		mmap_read_unlock(svm->mm);
		cond_resched();
	}
}

/**
 * nouveau_svm_room_look - before a range is moved to VRAM, or more of it
 * @svm: mirror, mmget() held
 * @room: of the request
 * @start: first address
 * @end: end address
 * @s: scratch of the caller
 *
 * Looks once, when VRAM is short, for what must not be evicted for the range. No lock
 * held.
 */
void nouveau_svm_room_look(struct nouveau_svm_mm *svm, struct nouveau_svm_room *room, u64 start,
			   u64 end, struct nouveau_svm_scratch *s)
{
	if (room->looked || !nouveau_dmem_is_enabled(svm->ndev) ||
	    !nouveau_evict_is_short(svm->ndev, end - start))
		return;
	room->looked = true;
	keep_range(svm, start, end, s->pfns);
	keep_pinned(svm, s->pfns);
}

/**
 * nouveau_svm_room_make - before pages of a block are moved to VRAM
 * @svm: mirror
 * @room: of the request
 * @base: address of the block
 * @mask: the pages, not empty
 * @s: scratch of the caller
 *
 * mmap_lock held, no lock of the driver.
 */
void nouveau_svm_room_make(struct nouveau_svm_mm *svm, struct nouveau_svm_room *room, u64 base,
			   const struct nouveau_mask *mask, struct nouveau_svm_scratch *s)
{
	u64 pages = nouveau_mask_weight(mask, 0, NOUVEAU_BLOCK_PAGES);

	if (!nouveau_evict_is_short(svm->ndev, pages << PAGE_SHIFT))
		return;
	pages -= keep_pages(svm, base, mask, s->pfns);
	nouveau_evict_make_room_for(svm->ndev, &room->rq, pages << PAGE_SHIFT);
}
