// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Pages of a mirror that leave VRAM: what a notifier's event tells about why, for
 * the policy, and about what goes next.
 */
#include <linux/ktime.h>

#include "nouveau_device.h"
#include "nouveau_dmem.h"
#include "nouveau_evict.h"
#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"

/**
 * nouveau_svm_returned_locked - pages go home because the CPU wants them
 * @svm: mirror
 * @start: first address
 * @end: end address
 *
 * That is what thrash is made of. Page-table lock held, as for the others here.
 */
void nouveau_svm_returned_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_svm_block *block;
	unsigned long idx;
	u64 now = ktime_get_ns();

	nouveau_pt_assert_locked(svm->pt);
	xa_for_each_range(&svm->blocks, idx, block, start >> NOUVEAU_BLOCK_SHIFT,
			  (end - 1) >> NOUVEAU_BLOCK_SHIFT)
		nouveau_svm_heat_returned(&block->heat, &svm->ndev->svm->knobs, now,
					  atomic_read(&svm->serial));
}

/* Pages in VRAM that lose their entry with [first, end): entries go as a whole. */
static unsigned int vram_pages_lost(const struct nouveau_svm_block *block, unsigned int first,
				    unsigned int end)
{
	if (block->huge)
		return nouveau_mask_weight(&block->vram, 0, NOUVEAU_BLOCK_PAGES);
	if (block->big & BIT(first / NOUVEAU_GRANULE_PAGES))
		first = round_down(first, NOUVEAU_GRANULE_PAGES);
	if (block->big & BIT((end - 1) / NOUVEAU_GRANULE_PAGES))
		end = round_up(end, NOUVEAU_GRANULE_PAGES);
	return nouveau_mask_weight(&block->vram, first, end);
}

/**
 * nouveau_svm_evicted_locked - pages lose their entries while an eviction is going on
 * @svm: mirror
 * @start: first address
 * @end: end address
 *
 * Eviction finds pages by where they are and says nothing about whose they are: what
 * loses VRAM meanwhile is taken for its work. An estimate, for a policy.
 */
void nouveau_svm_evicted_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_svm_block *block;
	unsigned long idx;

	nouveau_pt_assert_locked(svm->pt);
	xa_for_each_range(&svm->blocks, idx, block, start >> NOUVEAU_BLOCK_SHIFT,
			  (end - 1) >> NOUVEAU_BLOCK_SHIFT) {
		unsigned int n = vram_pages_lost(block, nouveau_svm_block_page(block->base, start),
						 nouveau_svm_block_page(block->base, end));

		if (!n)
			continue;
		atomic64_add(n, &svm->pages_evicted);
		block->evicted_stamp = nouveau_evict_stamp(svm->ndev);
		block->evicted_pages = min(block->evicted_pages + n, NOUVEAU_BLOCK_PAGES);
	}
}

/**
 * nouveau_svm_unmapped_locked - the process has no memory there any more
 * @svm: mirror
 * @start: first address
 * @end: end address
 *
 * What it maps there next is new: what is known of a block says nothing about it.
 */
void nouveau_svm_unmapped_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_svm_block *block;
	unsigned long idx;

	nouveau_pt_assert_locked(svm->pt);
	xa_for_each_range(&svm->blocks, idx, block, start >> NOUVEAU_BLOCK_SHIFT,
			  (end - 1) >> NOUVEAU_BLOCK_SHIFT) {
		if (block->base < start || block->base + NOUVEAU_BLOCK_BYTES > end)
			continue;
		block->heat = (struct nouveau_svm_heat){ };
		block->evicted_pages = 0;
	}
}

/**
 * nouveau_svm_fetched_end_locked - how much the GPU is about to lose to a CPU that walks
 * @svm: mirror
 * @start: first address of what it loses now
 * @end: end address of that
 *
 * The CPU fetches block after block: one TLB invalidate for all of them. As far as
 * they are in VRAM, since the rest stays where it is.
 *
 * Return: @end or something behind it.
 */
u64 nouveau_svm_fetched_end_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	u64 limit = nouveau_dmem_fetched_to(svm->ndev, svm->mm, start);

	nouveau_pt_assert_locked(svm->pt);
	while (end < limit && IS_ALIGNED(end, NOUVEAU_BLOCK_BYTES)) {
		struct nouveau_svm_block *block = xa_load(&svm->blocks, end >> NOUVEAU_BLOCK_SHIFT);
		struct nouveau_mask home;

		if (!block)
			break;
		home = nouveau_mask_andnot(block->mapped, &block->vram);
		if (nouveau_mask_empty(&block->mapped) || !nouveau_mask_empty(&home))
			break;
		end = min(end + NOUVEAU_BLOCK_BYTES, limit);
	}
	return end;
}
