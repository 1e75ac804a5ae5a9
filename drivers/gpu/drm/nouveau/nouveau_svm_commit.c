// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Publish what nouveau_svm_map.c has staged: the only writer of a mirror's PTEs.
 *
 * All of it is under the page-table lock, where the notifier's sequence decides
 * whether what the walk saw is still true. After that nothing can fail.
 */
#include <linux/hmm.h>
#include <linux/mm.h>

#include "nouveau_audit.h"
#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm_stage.h"
#include "nouveau_trace.h"
#include "nouveau_vram.h"
#include "tu102_tlb.h"

/*
 * Mapped pages that the commit takes away without putting them back: the rest
 * of a larger entry that is broken up, and pages that are no longer there.
 */
static struct nouveau_mask commit_dropped(const struct nouveau_svm_stage *st)
{
	const struct nouveau_svm_block *block = st->block;
	struct nouveau_mask touched = nouveau_mask_range(st->map->first, st->map->end);
	struct nouveau_mask granule;
	unsigned int g;

	if (block->huge) {
		touched = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	} else {
		for (g = 0; g < NOUVEAU_GRANULES; g++) {
			unsigned int first = g * NOUVEAU_GRANULE_PAGES;
			unsigned int end = first + NOUVEAU_GRANULE_PAGES;

			if (!(block->big & BIT(g)) || !nouveau_mask_weight(&touched, first, end))
				continue;
			granule = nouveau_mask_range(first, end);
			touched = nouveau_mask_or(touched, &granule);
		}
	}
	touched = nouveau_mask_and(touched, &block->mapped);
	/* The walk cannot see those that only the GPU has. */
	touched = nouveau_mask_andnot(touched, &block->atomic);
	return nouveau_mask_andnot(touched, &st->valid);
}

static void commit_write(struct nouveau_svm_stage *st)
{
	struct nouveau_pt *pt = st->svm->pt;
	struct nouveau_svm_scratch *s = st->s;
	struct nouveau_mask small = st->valid;
	u64 ptes[NOUVEAU_GRANULES];
	unsigned int g, n, first, end;

	if (st->huge) {
		nouveau_pt_write_locked(pt, st->block->base, 1, 21, s->ptes);
		return;
	}
	for (g = 0; g < NOUVEAU_GRANULES; g += n + 1) {
		struct nouveau_mask granules;

		first = g * NOUVEAU_GRANULE_PAGES;
		for (n = 0; g + n < NOUVEAU_GRANULES && st->big & BIT(g + n); n++)
			ptes[n] = s->ptes[first + n * NOUVEAU_GRANULE_PAGES];
		if (!n)
			continue;
		granules = nouveau_mask_range(first, first + n * NOUVEAU_GRANULE_PAGES);
		small = nouveau_mask_andnot(small, &granules);
		nouveau_pt_write_locked(pt, nouveau_stage_va(st, first), n, 16, ptes);
	}
	nouveau_mask_for_each_run(&small, first, end)
		nouveau_pt_write_locked(pt, nouveau_stage_va(st, first), end - first, 12,
					s->ptes + first);
}

/*
 * The GPU may write to these from now on, and nobody sees a dirty bit when it
 * does. Whoever cleans a page calls the notifiers first, so that marking it
 * when it is mapped is enough.
 */
static void commit_mark_dirty(struct nouveau_svm_stage *st)
{
	struct nouveau_mask written = nouveau_mask_andnot(st->writable, &st->vram);
	unsigned int i;

	nouveau_mask_for_each(&written, i) {
		struct folio *folio;

		folio = page_folio(hmm_pfn_to_page(st->s->pfns[i]));
		if (!folio_test_dirty(folio))
			folio_mark_dirty(folio);
	}
}

/* Chunks of VRAM are aged by use: once per granule, which lies in one chunk. */
static void commit_touch(struct nouveau_svm_stage *st)
{
	unsigned int g, i;

	for (g = 0; g < NOUVEAU_BLOCK_PAGES; g += NOUVEAU_GRANULE_PAGES) {
		/* One entry is one chunk. */
		if (st->huge && g)
			break;
		i = nouveau_mask_next(&st->vram, g, true);
		if (i < g + NOUVEAU_GRANULE_PAGES)
			nouveau_dmem_touch(st->svm->ndev, hmm_pfn_to_page(st->s->pfns[i]));
	}
}

/* Replace DMA mappings of pages that were mapped before; old ones end in @old. */
static unsigned int commit_swap_dma(struct nouveau_svm_stage *st)
{
	struct nouveau_svm_block *block = st->block;
	unsigned int i, n = 0;

	if (!block->dma)
		return 0;
	nouveau_mask_for_each(&st->valid, i) {
		if (nouveau_mask_test(&block->mapped, i) &&
		    !nouveau_mask_test(&block->vram, i) && !nouveau_mask_test(&block->replica, i))
			st->s->old[n++] = block->dma[i];
		block->dma[i] = nouveau_stage_is_local(st, i) ? 0 : st->s->addr[i];
	}
	return n;
}

static void commit_audit(struct nouveau_svm_stage *st)
{
	unsigned int i;

	nouveau_mask_for_each(&st->valid, i) {
		u64 pa = 0;

		if (nouveau_mask_test(&st->vram, i))
			pa = st->huge ? st->s->addr[0] + ((u64)i << PAGE_SHIFT) : st->s->addr[i];
		nouveau_audit_map(st->svm->ndev, st->svm, nouveau_stage_va(st, i),
				  nouveau_svm_audit_slot(st->block, i), pa);
	}
}

static void commit_masks(struct nouveau_svm_stage *st)
{
	struct nouveau_svm_block *block = st->block;
	unsigned int g, first;

	block->mapped = nouveau_mask_or(block->mapped, &st->valid);
	block->writable = nouveau_mask_andnot(block->writable, &st->valid);
	block->writable = nouveau_mask_or(block->writable, &st->writable);
	block->vram = nouveau_mask_andnot(block->vram, &st->valid);
	block->vram = nouveau_mask_or(block->vram, &st->vram);
	block->replica = nouveau_mask_andnot(block->replica, &st->valid);
	block->replica = nouveau_mask_or(block->replica, &st->replica);
	block->atomic = nouveau_mask_andnot(block->atomic, &st->valid);
	block->stale_run = 0;
	block->huge = st->huge;
	if (st->huge) {
		block->big = 0;
		return;
	}
	for (g = 0; g < NOUVEAU_GRANULES; g++) {
		first = g * NOUVEAU_GRANULE_PAGES;
		if (nouveau_mask_weight(&st->valid, first, first + NOUVEAU_GRANULE_PAGES))
			block->big &= ~BIT(g);
	}
	block->big |= st->big;
}

/*
 * Step 4: publish. Memory that loses its entry here may have another owner the
 * moment the lock is dropped, since the next notifier won't find it mapped.
 * So that case waits for the TLBs at once; the common one leaves the
 * invalidate to the replay.
 */
static void commit_locked(struct nouveau_svm_stage *st)
{
	struct nouveau_svm_mm *svm = st->svm;
	struct nouveau_svm_block *block = st->block;
	struct nouveau_mask dropped = commit_dropped(st);
	unsigned int i, n, first, end;

	nouveau_pt_assert_locked(svm->pt);
	nouveau_mask_for_each_run(&dropped, first, end) {
		u64 lo = nouveau_stage_va(st, first), hi = nouveau_stage_va(st, end);

		nouveau_pt_zap_locked(svm->pt, &lo, &hi);
	}
	commit_write(st);
	nouveau_mem_flush(svm->ndev);
	n = commit_swap_dma(st);
	if ((n || !nouveau_mask_empty(&dropped)) && !nouveau_pt_is_gone_locked(svm->pt))
		tu102_tlb_invalidate(svm->ndev, nouveau_pt_root(svm->pt), block->base,
				     block->base + NOUVEAU_BLOCK_BYTES, TU102_TLB_DOWNGRADE);
	for (i = 0; i < n; i++)
		nouveau_svm_unmap_page(svm, st->s->old[i]);
	nouveau_mask_for_each_run(&dropped, first, end)
		nouveau_svm_unmap_dma_locked(svm, block, first, end);
	commit_audit(st);
	commit_masks(st);
	commit_mark_dirty(st);
	commit_touch(st);
}

/*
 * Part of a 2 MiB entry cannot be replaced without losing the rest. A fault that
 * was solved meanwhile, by SVM_BIND for one, must not do that.
 */
static bool commit_cuts_huge_locked(const struct nouveau_svm_stage *st)
{
	nouveau_pt_assert_locked(st->svm->pt);
	return st->block->huge && (st->map->first || st->map->end != NOUVEAU_BLOCK_PAGES);
}

/* Whether the replicas that were staged are still there, or can be now. */
static int commit_replicas_locked(struct nouveau_svm_stage *st)
{
	nouveau_pt_assert_locked(st->svm->pt);
	if (nouveau_mask_empty(&st->replica))
		return 0;
	if (st->block->replica_serial != st->replica_serial)
		return -EAGAIN;
	return nouveau_svm_replica_publish_locked(st->svm, st->s->fresh);
}

/**
 * nouveau_svm_commit - map what was staged, if it is still true
 * @st: the stage, complete
 * @range: the walk it is from
 *
 * Takes the page-table lock.
 *
 * Return: 0; -EAGAIN when the process changed it meanwhile or replicas went: walk
 * once more. Then nothing was mapped.
 */
int nouveau_svm_commit(struct nouveau_svm_stage *st, const struct hmm_range *range)
{
	unsigned int valid = nouveau_mask_weight(&st->valid, 0, NOUVEAU_BLOCK_PAGES);
	unsigned int vram = nouveau_mask_weight(&st->vram, 0, NOUVEAU_BLOCK_PAGES);
	struct nouveau_stats *stats = &st->svm->ndev->stats;
	int err = 0;

	nouveau_pt_lock(st->svm->pt);
	if (mmu_interval_read_retry(&st->win->notifier, range->notifier_seq) ||
	    commit_cuts_huge_locked(st))
		err = -EAGAIN;
	else
		err = commit_replicas_locked(st);
	if (!err)
		commit_locked(st);
	nouveau_pt_unlock(st->svm->pt);
	trace_nouveau_pt_commit(st->svm, range->start, range->end, valid, err);
	if (err)
		return err;
	nouveau_stat_add(stats, NOUVEAU_STAT_PAGES_MAPPED_VRAM, vram);
	nouveau_stat_add(stats, NOUVEAU_STAT_PAGES_MAPPED_SYS, valid - vram);
	return 0;
}
