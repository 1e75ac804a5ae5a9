// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Map what a process has where it has it: one walk of the CPU's page tables
 * over a window of a block, one commit of the largest entries that fit.
 *
 * Everything that can fail or sleep is here, before the page-table lock is taken:
 * the walk, addresses for the GPU, PTE words and tables to hold them. Then
 * nouveau_svm_commit.c finds out whether it is still true. If it is not, the walk is
 * repeated, until a deadline.
 *
 * A window always replaces whole 64 KiB granules (the rest of one may be outside
 * of the VMA, where nothing is mapped), so that an entry's size can change.
 */
#include <linux/dma-mapping.h>
#include <linux/hmm.h>
#include <linux/jiffies.h>
#include <linux/memremap.h>
#include <linux/mm.h>

#include <nvhw/tu104/dev_mmu_kind.h>

#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm_stage.h"
#include "nouveau_trace.h"
#include "tu102_pte.h"

#define MAP_TIMEOUT_MS	1000

/* Step 1: what does the CPU have there? Faults it in where required. */
static int stage_walk(struct nouveau_svm_stage *st, struct hmm_range *range)
{
	const struct nouveau_svm_map *map = st->map;
	unsigned long *pfns = st->s->pfns;
	unsigned int i, present = 0;
	int err;

	memset(pfns + map->first, 0, (map->end - map->first) * sizeof(*pfns));
	nouveau_mask_for_each(&map->require, i)
		if (i >= map->first && i < map->end)
			pfns[i] = HMM_PFN_REQ_FAULT;
	nouveau_mask_for_each(&map->require_write, i)
		if (i >= map->first && i < map->end)
			pfns[i] = HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE;
	*range = (struct hmm_range){
		.notifier = &st->win->notifier,
		.start = nouveau_stage_va(st, map->first),
		.end = nouveau_stage_va(st, map->end),
		.hmm_pfns = pfns + map->first,
		.pfn_flags_mask = HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE,
		.dev_private_owner = nouveau_dmem_owner(st->svm->ndev),
	};
	nouveau_stat_inc(&st->svm->ndev->stats, NOUVEAU_STAT_HMM_WALK);
	err = nouveau_fails() ? -EBUSY : nouveau_svm_walk(range, msecs_to_jiffies(MAP_TIMEOUT_MS));
	if (!err && trace_nouveau_hmm_walk_enabled())
		for (i = map->first; i < map->end; i++)
			present += !!(pfns[i] & HMM_PFN_VALID);
	trace_nouveau_hmm_walk(st->svm, range->start, range->end, present, err);
	return err;
}

/*
 * HMM reports our own device-private pages as they are, without breaking COW for
 * a write: after fork() such a page would stay read-only for ever. Have core mm
 * do what it does for a write of the CPU: take it home, give us a copy.
 */
static int stage_unshare(struct nouveau_svm_stage *st)
{
	struct mm_struct *mm = st->svm->mm;
	unsigned int i;
	int err = 0;

	nouveau_mask_for_each(&st->map->require_write, i) {
		unsigned long pfn = st->s->pfns[i];
		bool unlocked = false;

		if (i < st->map->first || i >= st->map->end || pfn & HMM_PFN_WRITE ||
		    !(pfn & HMM_PFN_VALID) || !is_device_private_page(hmm_pfn_to_page(pfn)))
			continue;
		mmap_read_lock(mm);
		err = fixup_user_fault(mm, nouveau_stage_va(st, i), FAULT_FLAG_WRITE, &unlocked);
		mmap_read_unlock(mm);
		if (err)
			return err;
		err = -EAGAIN;
	}
	return err;
}

/*
 * What is advised to be read mostly, and is, comes from copies in VRAM where there can
 * be any (nouveau_svm_replicate.c).
 */
static noinline_for_stack void stage_replicate(struct nouveau_svm_stage *st)
{
	const struct nouveau_svm_advice *a;
	struct nouveau_mask want = { };
	unsigned int i;

	st->replica = want;
	if (!READ_ONCE(st->svm->read_mostly))
		return;
	nouveau_pt_lock(st->svm->pt);
	a = nouveau_svm_advice_get_locked(st->svm, st->block->base);
	if (a)
		want = a->mostly;
	nouveau_pt_unlock(st->svm->pt);
	want = nouveau_mask_andnot(want, &st->block->hole);
	want = nouveau_mask_andnot(want, &st->map->require_write);
	nouveau_mask_for_each(&want, i) {
		unsigned long pfn = st->s->pfns[i];

		if (i < st->map->first || i >= st->map->end || !(pfn & HMM_PFN_VALID) ||
		    pfn & (HMM_PFN_ERROR | HMM_PFN_WRITE) ||
		    is_device_private_page(hmm_pfn_to_page(pfn)))
			nouveau_mask_clear(&want, i);
	}
	if (!nouveau_mask_empty(&want))
		st->replica = nouveau_svm_replicate(st->svm, st->block, &want, st->s,
						    &st->replica_serial);
}

static void stage_unmap_dma(struct nouveau_svm_stage *st)
{
	unsigned int i;

	if (!st->block->dma)
		return;
	nouveau_mask_for_each(&st->valid, i) {
		if (!nouveau_stage_is_local(st, i))
			nouveau_svm_unmap_page(st->svm, st->s->addr[i]);
	}
}

/* Step 2: addresses for the GPU. Pages are not pinned: the sequence guards them. */
static int stage_addresses(struct nouveau_svm_stage *st)
{
	struct device *dev = st->svm->ndev->drm.dev;
	struct nouveau_svm_scratch *s = st->s;
	unsigned int i;

	for (i = st->map->first; i < st->map->end; i++) {
		struct page *page;

		if (!(s->pfns[i] & HMM_PFN_VALID) || s->pfns[i] & HMM_PFN_ERROR)
			continue;
		if (nouveau_mask_test(&st->block->hole, i))
			continue;
		page = hmm_pfn_to_page(s->pfns[i]);
		if (nouveau_mask_test(&st->replica, i)) {
			nouveau_mask_set(&st->valid, i);
			continue;
		}
		if (is_device_private_page(page)) {
			s->addr[i] = nouveau_dmem_page_addr(st->svm->ndev, page);
			nouveau_mask_set(&st->vram, i);
		} else {
			s->addr[i] = dma_map_page_attrs(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL,
							NOUVEAU_SVM_DMA_ATTRS);
			if (dma_mapping_error(dev, s->addr[i]))
				return -ENOMEM;
		}
		nouveau_mask_set(&st->valid, i);
		nouveau_mask_assign(&st->writable, i, s->pfns[i] & HMM_PFN_WRITE);
	}
	return 0;
}

/* Whether pages [first, first + n) can be one entry of that size. */
static bool stage_is_one(const struct nouveau_svm_stage *st, unsigned int first, unsigned int n)
{
	const u64 *addr = st->s->addr + first;
	unsigned int i, w, v, a;

	if (first < st->map->first || first + n > st->map->end)
		return false;
	if (nouveau_mask_weight(&st->valid, first, first + n) != n)
		return false;
	w = nouveau_mask_weight(&st->writable, first, first + n);
	v = nouveau_mask_weight(&st->vram, first, first + n) +
	    nouveau_mask_weight(&st->replica, first, first + n);
	a = nouveau_mask_weight(&st->map->atomic, first, first + n);
	if ((w && w != n) || (v && v != n) || (a && a != n && v != n))
		return false;
	if (!IS_ALIGNED(addr[0], (u64)n << PAGE_SHIFT))
		return false;
	for (i = 1; i < n; i++)
		if (addr[i] != addr[0] + ((u64)i << PAGE_SHIFT))
			return false;
	return true;
}

static int stage_prepare_huge(struct nouveau_svm_stage *st)
{
	return nouveau_pt_prepare(st->svm->pt, st->block->base,
				  st->block->base + NOUVEAU_BLOCK_BYTES, 21);
}

/* Step 3: sizes, PTE words, and tables to hold them. */
static int stage_prepare(struct nouveau_svm_stage *st)
{
	unsigned int i, g;
	int err;

	nouveau_mask_for_each(&st->valid, i) {
		struct tu102_pte_attr attr = {
			.aperture = TU102_APERTURE_SYS,
			.read_only = !nouveau_mask_test(&st->writable, i),
			/* The bus has none: fault, and see nouveau_svm_atomic.c. */
			.no_atomics = !nouveau_mask_test(&st->map->atomic, i),
			.kind = NV_MMU_PTE_KIND_PITCH,
		};

		if (nouveau_mask_test(&st->vram, i)) {
			attr.aperture = TU102_APERTURE_VRAM;
			attr.no_atomics = false;
		}
		if (nouveau_mask_test(&st->replica, i))
			attr.aperture = TU102_APERTURE_VRAM;
		st->s->ptes[i] = tu102_pte_encode(st->s->addr[i], &attr);
	}

	st->huge = stage_is_one(st, 0, NOUVEAU_BLOCK_PAGES);
	if (st->huge)
		return stage_prepare_huge(st);
	for (g = 0; g < NOUVEAU_GRANULES; g++)
		if (stage_is_one(st, g * NOUVEAU_GRANULE_PAGES, NOUVEAU_GRANULE_PAGES))
			st->big |= BIT(g);
	if (st->big) {
		err = nouveau_pt_prepare(st->svm->pt, st->block->base,
					 st->block->base + NOUVEAU_BLOCK_BYTES, 16);
		if (err)
			return err;
	}
	return nouveau_pt_prepare(st->svm->pt, st->block->base,
				  st->block->base + NOUVEAU_BLOCK_BYTES, 12);
}

/* The CPU has a huge page there, and all of it is wanted: what is left costs nothing. */
static bool stage_may_grow(const struct nouveau_svm_stage *st)
{
	unsigned int i = st->map->first;

	if (!st->map->whole || (!i && st->map->end == NOUVEAU_BLOCK_PAGES))
		return false;
	return st->s->pfns[i] & HMM_PFN_VALID &&
	       hmm_pfn_to_map_order(st->s->pfns[i]) >= NOUVEAU_BLOCK_SHIFT - PAGE_SHIFT;
}

/*
 * The walk found one folio of 2 MiB in VRAM: what holds for its first page holds
 * for all, so the steps for single pages can be spared.
 */
static bool stage_is_folio(struct nouveau_svm_stage *st)
{
	unsigned long pfn = st->s->pfns[0];
	struct tu102_pte_attr attr = {
		.aperture = TU102_APERTURE_VRAM,
		.read_only = !(pfn & HMM_PFN_WRITE),
		.kind = NV_MMU_PTE_KIND_PITCH,
	};

	if (st->map->first || st->map->end != NOUVEAU_BLOCK_PAGES || st->block->dma ||
	    !nouveau_mask_empty(&st->block->hole))
		return false;
	if (!(pfn & HMM_PFN_VALID) || pfn & HMM_PFN_ERROR ||
	    hmm_pfn_to_map_order(pfn) != NOUVEAU_BLOCK_SHIFT - PAGE_SHIFT ||
	    !is_device_private_page(hmm_pfn_to_page(pfn)))
		return false;
	st->s->addr[0] = nouveau_dmem_page_addr(st->svm->ndev, hmm_pfn_to_page(pfn));
	if (!IS_ALIGNED(st->s->addr[0], NOUVEAU_BLOCK_BYTES))
		return false;
	st->s->ptes[0] = tu102_pte_encode(st->s->addr[0], &attr);
	st->valid = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	st->vram = st->valid;
	if (!attr.read_only)
		st->writable = st->valid;
	st->huge = true;
	return true;
}

static int map_once(struct nouveau_svm_stage *st)
{
	struct hmm_range range;
	int err;

	st->valid = (struct nouveau_mask){ };
	st->writable = (struct nouveau_mask){ };
	st->vram = (struct nouveau_mask){ };
	st->big = 0;
	st->huge = false;
	err = stage_walk(st, &range);
	if (!err && stage_may_grow(st)) {
		st->map = &st->s->whole;
		err = stage_walk(st, &range);
	}
	if (!err)
		err = stage_unshare(st);
	if (err)
		return err;
	stage_replicate(st);
	if (stage_is_folio(st)) {
		err = stage_prepare_huge(st);
	} else {
		err = stage_addresses(st);
		if (!err)
			err = stage_prepare(st);
	}
	if (!err)
		err = nouveau_svm_commit(st, &range);
	if (!err)
		return 0;
	stage_unmap_dma(st);
	nouveau_svm_replicate_abort(st->svm, st->s);
	return err;
}

/**
 * nouveau_svm_map_block - map a window of a block as the CPU has it
 * @svm: mirror, mmget() held
 * @block: block
 * @map: the window and what must work in it
 * @s: scratch of the calling service
 *
 * Everything present in the window is mapped, with as much permission as the
 * CPU has; what is required is made present first. TLBs may hold invalid
 * entries for it afterwards: the caller invalidates or replays.
 *
 * Return: 0; -EFAULT, -EPERM, -EHWPOISON when something required is impossible;
 * -EBUSY when the process changed it faster than we can follow; -ENOMEM, -ENOSPC.
 * After an error nothing was mapped.
 */
int nouveau_svm_map_block(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
			  const struct nouveau_svm_map *map, struct nouveau_svm_scratch *s)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(MAP_TIMEOUT_MS);
	struct nouveau_svm_stage st = { .svm = svm, .block = block, .map = map, .s = s };
	int err;

	s->whole = *map;
	s->whole.first = 0;
	s->whole.end = NOUVEAU_BLOCK_PAGES;
	st.win = nouveau_svm_window_get(svm, block->base);
	if (IS_ERR(st.win))
		return PTR_ERR(st.win);
	for (;;) {
		/* A hint, looked at again under the lock. */
		st.map = READ_ONCE(block->huge) ? &s->whole : map;
		err = map_once(&st);
		if (err != -EAGAIN)
			return err;
		nouveau_stat_inc(&svm->ndev->stats, NOUVEAU_STAT_HMM_RETRY);
		if (time_after(jiffies, deadline))
			return -EBUSY;
		cond_resched();
	}
}
