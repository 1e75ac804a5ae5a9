// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a process has at an address, as core mm's page tables say.
 *
 * hmm_range_fault() of the kernels up to 7.3 at least tells of a 2 MiB entry of
 * device-private memory the pages from its first one on, from wherever in it the
 * walk began. A page of such an entry is known by its address, so it is put right
 * here, and nobody else calls hmm_range_fault().
 */
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>

#include "nouveau_dmem.h"
#include "nouveau_svm_priv.h"

/* Walks a notifier may spoil before it is called busy. */
#define SNAPSHOT_TRIES	16

static bool is_device_block(unsigned long pfn)
{
	return pfn & HMM_PFN_VALID && !(pfn & HMM_PFN_ERROR) &&
	       hmm_pfn_to_map_order(pfn) == NOUVEAU_BLOCK_SHIFT - PAGE_SHIFT &&
	       is_device_private_page(hmm_pfn_to_page(pfn));
}

/* A folio is as aligned as it is large, and so is where it is mapped whole. */
static void put_right(const struct hmm_range *range)
{
	unsigned int first = (range->start >> PAGE_SHIFT) % NOUVEAU_BLOCK_PAGES;
	unsigned int i, n = (range->end - range->start) >> PAGE_SHIFT;

	for (i = 0; first && i < n; i++) {
		unsigned long *pfn = &range->hmm_pfns[i];

		if (is_device_block(*pfn))
			*pfn = round_down(*pfn, NOUVEAU_BLOCK_PAGES) + first + i;
	}
}

/**
 * nouveau_svm_walk - what the CPU's page tables say, with what is required there
 * @range: the range, in one block; its PFNs say what is required
 * @timeout: for what keeps changing, jiffies
 *
 * Takes and drops mmap_lock; handlers that must drop it, userfaultfd's for one, work.
 *
 * Return: 0; -EBUSY when the time is over; else as hmm_range_fault().
 */
int nouveau_svm_walk(struct hmm_range *range, unsigned long timeout)
{
	int err = hmm_range_fault_unlocked_timeout(range, timeout);

	if (!err)
		put_right(range);
	return err;
}

/**
 * nouveau_svm_snapshot - what the CPU's page tables say, nothing faulted in
 * @win: notifier window of the range
 * @start: first address, page-aligned
 * @end: end address, page-aligned, in the same block
 * @pfns: filled with HMM PFNs, one for each page
 *
 * mmap_lock held. True for a moment only.
 *
 * Return: 0, -EBUSY when notifiers came in between again and again.
 */
int nouveau_svm_snapshot(struct nouveau_svm_window *win, u64 start, u64 end, unsigned long *pfns)
{
	struct hmm_range range = {
		.notifier = &win->notifier,
		.start = start,
		.end = end,
		.hmm_pfns = pfns,
		.dev_private_owner = nouveau_dmem_owner(win->svm->ndev),
	};
	unsigned int tries = SNAPSHOT_TRIES;
	int err;

	mmap_assert_locked(win->svm->mm);
	do {
		range.notifier_seq = mmu_interval_read_begin(&win->notifier);
		err = hmm_range_fault(&range);
	} while (err == -EBUSY && --tries);
	if (!err)
		put_right(&range);
	return err;
}

/**
 * nouveau_svm_is_huge - whether the CPU has one page of 2 MiB of RAM there
 * @win: notifier window of the block
 * @base: address of the block
 *
 * mmap_lock held. A glance: does not wait for notifiers, and may be wrong by the time
 * it returns.
 */
bool nouveau_svm_is_huge(struct nouveau_svm_window *win, u64 base)
{
	unsigned long pfn = 0;
	struct hmm_range range = {
		.notifier = &win->notifier,
		.notifier_seq = READ_ONCE(win->notifier.invalidate_seq),
		.start = base,
		.end = base + PAGE_SIZE,
		.hmm_pfns = &pfn,
		.dev_private_owner = nouveau_dmem_owner(win->svm->ndev),
	};

	return !hmm_range_fault(&range) && pfn & HMM_PFN_VALID && !(pfn & HMM_PFN_ERROR) &&
	       hmm_pfn_to_map_order(pfn) == NOUVEAU_BLOCK_SHIFT - PAGE_SHIFT &&
	       !is_device_private_page(hmm_pfn_to_page(pfn));
}
