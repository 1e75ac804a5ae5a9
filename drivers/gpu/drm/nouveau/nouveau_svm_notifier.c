// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The process changes its memory: interval notifiers, a window of address space
 * each.
 *
 * The callback never allocates and waits for nothing but a TLB invalidate. It is
 * the only place, besides the commit (nouveau_svm_commit.c) and the collect step of
 * a migration (nouveau_svm_detach()), where PTEs of a mirror become invalid.
 * Windows are made on demand and stay until the mirror stops.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "nouveau_device.h"
#include "nouveau_evict.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm_priv.h"
#include "nouveau_trace.h"

/* Widens the time in which a walk has pages that are about to go. */
static void svm_invalidate_delay(struct nouveau_svm_mm *svm)
{
	u32 us = READ_ONCE(svm->ndev->svm->knobs.invalidate_delay_us);

	if (unlikely(us))
		udelay(min(us, 1000u));
}

/*
 * The CPU's view of [start, end) is about to change.
 *
 * A migration to VRAM of this very mirror (its owner cookie) is let through
 * with nothing but the sequence moved: nouveau_svm_detach() takes the pages
 * it really collected away from the GPU before it copies them, and leaves the
 * mappings of all others alone.
 */
static bool svm_invalidate(struct mmu_interval_notifier *mni,
			   const struct mmu_notifier_range *range, unsigned long seq)
{
	struct nouveau_svm_window *win = container_of(mni, struct nouveau_svm_window, notifier);
	struct nouveau_svm_mm *svm = win->svm;
	bool own = range->event == MMU_NOTIFY_MIGRATE && range->owner == svm;
	u64 start = max(range->start & PAGE_MASK, mni->interval_tree.start);
	u64 end = min((range->end - 1) | ~PAGE_MASK, mni->interval_tree.last) + 1;
	bool zapped = false;

	/* Our own make_device_exclusive(): the page stays where and what it is. */
	if (range->event == MMU_NOTIFY_EXCLUSIVE && range->owner == svm)
		return true;
	if (mmu_notifier_range_blockable(range))
		nouveau_pt_lock(svm->pt);
	else if (!nouveau_pt_trylock(svm->pt))
		return false;

	nouveau_stat_inc(&svm->ndev->stats, NOUVEAU_STAT_NOTIFIER);
	mmu_interval_set_seq(mni, seq);
	svm_invalidate_delay(svm);
	if (range->event == MMU_NOTIFY_UNMAP) {
		nouveau_svm_advice_drop_locked(svm, start, end);
		nouveau_svm_unmapped_locked(svm, start, end);
	}
	if (!own) {
		if (range->event == MMU_NOTIFY_MIGRATE &&
		    range->owner == nouveau_dmem_owner(svm->ndev)) {
			nouveau_svm_returned_locked(svm, start, end);
			end = nouveau_svm_fetched_end_locked(svm, start, end);
		}
		if (range->event == MMU_NOTIFY_CLEAR && nouveau_evict_is_on(svm->ndev))
			nouveau_svm_evicted_locked(svm, start, end);
		nouveau_svm_replica_widen_locked(svm, &start, &end);
		zapped = nouveau_svm_zap_locked(svm, start, end);
		nouveau_svm_replica_release_locked(svm, start, end);
		nouveau_svm_release_held_locked(svm, start, end);
	} else {
		/* Core mm does not let go of a page that is held. */
		nouveau_svm_replica_drop_locked(svm, start, end);
	}
	nouveau_pt_unlock(svm->pt);
	trace_nouveau_notifier(svm, start, end, range->event, own, zapped);
	return true;
}

static const struct mmu_interval_notifier_ops svm_notifier_ops = {
	.invalidate = svm_invalidate,
};

/**
 * nouveau_svm_window_get - the notifier window of an address, made if needed
 * @svm: mirror
 * @va: user address
 *
 * mmget() held by the caller, no lock: inserting may take mmap_lock.
 *
 * Return: the window or an ERR_PTR().
 */
struct nouveau_svm_window *nouveau_svm_window_get(struct nouveau_svm_mm *svm, u64 va)
{
	unsigned long idx = va >> NOUVEAU_SVM_WINDOW_SHIFT;
	struct nouveau_svm_window *win = xa_load(&svm->windows, idx), *other;
	int err;

	if (win)
		return win;
	win = kzalloc_obj(*win, GFP_KERNEL_ACCOUNT);
	if (!win)
		return ERR_PTR(-ENOMEM);
	win->svm = svm;
	err = nouveau_fails() ? -ENOMEM :
	      mmu_interval_notifier_insert(&win->notifier, svm->mm,
					   (u64)idx << NOUVEAU_SVM_WINDOW_SHIFT,
					   1ul << NOUVEAU_SVM_WINDOW_SHIFT, &svm_notifier_ops);
	if (err) {
		kfree(win);
		return ERR_PTR(err);
	}
	other = xa_cmpxchg(&svm->windows, idx, NULL, win, GFP_KERNEL_ACCOUNT);
	if (!other)
		return win;
	/* Somebody else's is in place, or there is no memory to remember ours. */
	mmu_interval_notifier_remove(&win->notifier);
	kfree(win);
	return xa_is_err(other) ? ERR_PTR(xa_err(other)) : other;
}

/**
 * nouveau_svm_windows_remove - stop watching the process
 * @svm: mirror that is being stopped
 *
 * Waits for callbacks in progress.
 */
void nouveau_svm_windows_remove(struct nouveau_svm_mm *svm)
{
	struct nouveau_svm_window *win;
	unsigned long idx;

	xa_for_each(&svm->windows, idx, win) {
		mmu_interval_notifier_remove(&win->notifier);
		kfree(win);
	}
	xa_destroy(&svm->windows);
}
