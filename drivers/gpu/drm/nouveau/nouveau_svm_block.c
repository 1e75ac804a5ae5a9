// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The blocks of a mirror, and how the GPU loses pages of them.
 *
 * The page-table lock is the notifier lock. What is under it (block masks, heat,
 * published PTEs, notifier sequence) changes together, so a block's masks always
 * tell what the GPU can reach. Blocks are made on demand and stay until the mirror
 * stops; they are found through an xarray without a lock.
 *
 * Whoever takes an entry away waits here for the TLBs, accesses in flight included,
 * and for nothing else: the notifier (nouveau_svm_notifier.c), a migration that has
 * collected the pages, the end of the mirror.
 */
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nouveau_audit.h"
#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"
#include "nouveau_trace.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"
#include "tu102_tlb.h"

/* Pages of the block that belong to buffer objects, not to the process. */
static struct nouveau_mask block_hole(struct nouveau_svm_mm *svm, u64 base)
{
	struct nouveau_mask hole = { };
	unsigned int i;

	if (nouveau_vm_is_svm_range(svm->vm, base, base + NOUVEAU_BLOCK_BYTES))
		return hole;
	for (i = 0; i < NOUVEAU_BLOCK_PAGES; i++) {
		u64 va = base + ((u64)i << PAGE_SHIFT);

		if (!nouveau_vm_is_svm_range(svm->vm, va, va + PAGE_SIZE))
			nouveau_mask_set(&hole, i);
	}
	return hole;
}

/**
 * nouveau_svm_block_get - the block of an address, made if there is none
 * @svm: mirror
 * @va: user address
 *
 * Return: the block, NULL without memory. It lives as long as the mirror runs.
 */
struct nouveau_svm_block *nouveau_svm_block_get(struct nouveau_svm_mm *svm, u64 va)
{
	unsigned long idx = va >> NOUVEAU_BLOCK_SHIFT;
	struct nouveau_svm_block *block = xa_load(&svm->blocks, idx), *other;

	if (block)
		return block;
	block = kzalloc_obj(*block, GFP_KERNEL_ACCOUNT);
	if (!block)
		return NULL;
	block->base = (u64)idx << NOUVEAU_BLOCK_SHIFT;
	block->hole = block_hole(svm, block->base);
	if (dma_need_unmap(svm->ndev->drm.dev)) {
		block->dma = kvcalloc(NOUVEAU_BLOCK_PAGES, sizeof(*block->dma),
				      GFP_KERNEL_ACCOUNT);
		if (!block->dma)
			goto err_free;
	}
	other = xa_cmpxchg(&svm->blocks, idx, NULL, block, GFP_KERNEL_ACCOUNT);
	if (!other)
		return block;
	kvfree(block->dma);
	kfree(block);
	return xa_is_err(other) ? NULL : other;

err_free:
	kfree(block);
	return NULL;
}

/**
 * nouveau_svm_blocks_free - free every block
 * @svm: mirror that has stopped: nothing is mapped, nobody looks for blocks
 */
void nouveau_svm_blocks_free(struct nouveau_svm_mm *svm)
{
	struct nouveau_svm_block *block;
	unsigned long idx;

	xa_for_each(&svm->blocks, idx, block) {
		kvfree(block->dma);
		kfree(block);
	}
	xa_destroy(&svm->blocks);
}

/**
 * nouveau_svm_unmap_dma_locked - forget the pages of a block that lost their PTEs
 * @svm: mirror
 * @block: block
 * @first: first page
 * @end: one past the last
 *
 * No TLB holds them any more. Page-table lock held.
 */
void nouveau_svm_unmap_dma_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				  unsigned int first, unsigned int end)
{
	struct nouveau_mask gone = nouveau_mask_range(first, end);
	unsigned int i;

	nouveau_pt_assert_locked(svm->pt);
	if (block->dma) {
		for (i = first; i < end; i++) {
			if (!nouveau_mask_test(&block->mapped, i) ||
			    nouveau_mask_test(&block->vram, i) ||
			    nouveau_mask_test(&block->replica, i))
				continue;
			nouveau_svm_unmap_page(svm, block->dma[i]);
		}
	}
	for (i = first; i < end; i++)
		nouveau_audit_unmap(svm->ndev, nouveau_svm_audit_slot(block, i));
	block->mapped = nouveau_mask_andnot(block->mapped, &gone);
	block->writable = nouveau_mask_andnot(block->writable, &gone);
	block->vram = nouveau_mask_andnot(block->vram, &gone);
	block->replica = nouveau_mask_andnot(block->replica, &gone);
	if (nouveau_mask_weight(&block->atomic, first, end)) {
		block->atomic = nouveau_mask_andnot(block->atomic, &gone);
		WRITE_ONCE(block->atomic_lost_ns, ktime_get_ns());
	}
	block->stale_run = 0;
	/* A cut granule is no longer one PTE: zap clears whole entries. */
	for (i = 0; i < NOUVEAU_GRANULES; i++)
		if (nouveau_mask_weight(&gone, i * NOUVEAU_GRANULE_PAGES,
					(i + 1) * NOUVEAU_GRANULE_PAGES))
			block->big &= ~BIT(i);
	block->huge = false;
}

/* Shrink [*start, *end) to what is mapped in it; false when nothing is. */
static bool mapped_extent(struct nouveau_svm_mm *svm, u64 *start, u64 *end)
{
	struct nouveau_svm_block *block;
	u64 lo = U64_MAX, hi = 0;
	unsigned long idx;

	xa_for_each_range(&svm->blocks, idx, block, *start >> NOUVEAU_BLOCK_SHIFT,
			  (*end - 1) >> NOUVEAU_BLOCK_SHIFT) {
		struct nouveau_mask m = nouveau_svm_block_pages(block->base, *start, *end);

		m = nouveau_mask_and(m, &block->mapped);
		if (nouveau_mask_empty(&m))
			continue;
		lo = min(lo, block->base + ((u64)nouveau_mask_next(&m, 0, true) << PAGE_SHIFT));
		hi = max(hi, block->base + ((u64)nouveau_mask_end(&m) << PAGE_SHIFT));
	}
	*start = lo;
	*end = hi;
	return lo < hi;
}

/* PTEs of [start, end) are gone from memory: now from the TLBs, accesses in flight too. */
static void zap_flush_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_device *ndev = svm->ndev;
	int err;

	nouveau_pt_assert_locked(svm->pt);
	nouveau_mem_flush(ndev);
	trace_nouveau_tlb(svm, start, end, true);
	err = tu102_tlb_invalidate(ndev, nouveau_pt_root(svm->pt), start, end,
				   TU102_TLB_DOWNGRADE);
	if (err)
		drm_err_ratelimited(&ndev->drm, "TLB invalidate of 0x%llx-0x%llx: %pe\n", start,
				    end, ERR_PTR(err));
}

/**
 * nouveau_svm_zap_locked - take a range away from the GPU
 * @svm: mirror
 * @start: first address, page-aligned
 * @end: end address, page-aligned
 *
 * When this returns no access to the range is in flight and none can start
 * without a fault. Entries larger than the range go as a whole. Costs nothing
 * where nothing is mapped. Page-table lock held.
 *
 * Return: whether something was mapped.
 */
bool nouveau_svm_zap_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_svm_block *block;
	unsigned long idx;

	nouveau_pt_assert_locked(svm->pt);
	if (!mapped_extent(svm, &start, &end))
		return false;
	/* Nothing valid although it was mapped: the device is gone, and its TLBs. */
	if (nouveau_pt_zap_locked(svm->pt, &start, &end))
		zap_flush_locked(svm, start, end);
	xa_for_each_range(&svm->blocks, idx, block, start >> NOUVEAU_BLOCK_SHIFT,
			  (end - 1) >> NOUVEAU_BLOCK_SHIFT)
		nouveau_svm_unmap_dma_locked(svm, block,
					     nouveau_svm_block_page(block->base, start),
					     nouveau_svm_block_page(block->base, end));
	return true;
}

/* Clear the entries of @pages; widened to all that those entries mapped. */
static bool zap_entries_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
			       struct nouveau_mask *pages, u64 *lo, u64 *hi)
{
	struct nouveau_mask left = nouveau_mask_and(block->mapped, pages);
	unsigned int first, end;
	bool valid = false;

	nouveau_pt_assert_locked(svm->pt);
	*pages = (struct nouveau_mask){ };
	nouveau_mask_for_each_run(&left, first, end) {
		u64 s = block->base + ((u64)first << PAGE_SHIFT);
		u64 e = block->base + ((u64)end << PAGE_SHIFT);
		struct nouveau_mask run;

		valid |= nouveau_pt_zap_locked(svm->pt, &s, &e);
		run = nouveau_svm_block_pages(block->base, s, e);
		*pages = nouveau_mask_or(*pages, &run);
		*lo = min(*lo, s);
		*hi = max(*hi, e);
	}
	return valid;
}

static void forget_pages_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				const struct nouveau_mask *pages)
{
	unsigned int first, end;

	nouveau_mask_for_each_run(pages, first, end)
		nouveau_svm_unmap_dma_locked(svm, block, first, end);
}

/**
 * nouveau_svm_zap_pages_locked - take pages of a block away from the GPU
 * @svm: mirror
 * @block: block
 * @pages: the pages
 *
 * As nouveau_svm_zap_locked(), with one TLB invalidate for all of them. Others in
 * between stay mapped, unless they share an entry.
 */
void nouveau_svm_zap_pages_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				  const struct nouveau_mask *pages)
{
	struct nouveau_mask gone = *pages;
	u64 lo = U64_MAX, hi = 0;

	if (zap_entries_locked(svm, block, &gone, &lo, &hi))
		zap_flush_locked(svm, lo, hi);
	forget_pages_locked(svm, block, &gone);
}

/**
 * nouveau_svm_detach - take pages of several blocks away from the GPU
 * @cookie: the mirror
 * @list: which; widened to what the GPU lost with them
 *
 * One TLB invalidate for all of them. The pages are collected for a migration:
 * nobody else can have them before this returns. Takes the page-table lock.
 */
void nouveau_svm_detach(void *cookie, struct nouveau_dmem_detach *list)
{
	struct nouveau_svm_mm *svm = cookie;
	struct nouveau_dmem_detach *d;
	u64 lo = U64_MAX, hi = 0;
	bool valid = false;

	nouveau_pt_lock(svm->pt);
	for (d = list; d; d = d->next)
		valid |= zap_entries_locked(svm, xa_load(&svm->blocks,
							 d->base >> NOUVEAU_BLOCK_SHIFT),
					    &d->pages, &lo, &hi);
	if (valid)
		zap_flush_locked(svm, lo, hi);
	for (d = list; d; d = d->next)
		forget_pages_locked(svm, xa_load(&svm->blocks, d->base >> NOUVEAU_BLOCK_SHIFT),
				    &d->pages);
	nouveau_pt_unlock(svm->pt);
}
