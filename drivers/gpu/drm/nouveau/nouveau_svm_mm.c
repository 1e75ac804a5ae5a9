// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A process mirrored in a GPU address space: its blocks, its notifier windows
 * and its life.
 *
 * The page-table lock is the notifier lock. What is under it (block masks, heat,
 * published PTEs, notifier sequence) changes together, so a block's masks always
 * tell what the GPU can reach. Blocks and windows are made on demand and stay
 * until the mirror stops; both are found through xarrays without a lock.
 *
 * The callback never allocates and waits for nothing but a TLB invalidate. It
 * is the only place, besides the commit in nouveau_svm_map.c and the collect
 * step of a migration, where PTEs of a mirror become invalid.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "nouveau_audit.h"
#include "nouveau_device.h"
#include "nouveau_evict.h"
#include "nouveau_lock.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm_priv.h"
#include "nouveau_trace.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"
#include "tu102_tlb.h"

static unsigned int page_in_block(const struct nouveau_svm_block *block, u64 va)
{
	if (va <= block->base)
		return 0;
	return min_t(u64, (va - block->base) >> PAGE_SHIFT, NOUVEAU_BLOCK_PAGES);
}

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

static void block_free(struct nouveau_svm_block *block)
{
	kvfree(block->dma);
	kfree(block);
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
		struct nouveau_mask m = nouveau_mask_range(page_in_block(block, *start),
							   page_in_block(block, *end));

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
		nouveau_svm_unmap_dma_locked(svm, block, page_in_block(block, start),
					     page_in_block(block, end));
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
		run = nouveau_mask_range(page_in_block(block, s), page_in_block(block, e));
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

/*
 * Nobody serves this mirror any more. First the notifiers, which may be in the
 * middle of a callback, then what they would have protected.
 */
static void svm_stop(struct nouveau_svm_mm *svm)
{
	struct nouveau_svm_window *win;
	struct nouveau_svm_block *block;
	unsigned long idx;

	nouveau_pt_lock(svm->pt);
	nouveau_svm_zap_locked(svm, 0, 1ull << 49);
	nouveau_svm_release_held_locked(svm, 0, U64_MAX);
	nouveau_pt_unlock(svm->pt);
	cancel_delayed_work_sync(&svm->held_work);
	nouveau_svm_replica_fini(svm);
	if (atomic64_read(&svm->pages_evicted))
		nouveau_evict_forget(svm->ndev);

	xa_for_each(&svm->windows, idx, win) {
		mmu_interval_notifier_remove(&win->notifier);
		kfree(win);
	}
	xa_destroy(&svm->windows);
	xa_for_each(&svm->blocks, idx, block)
		block_free(block);
	xa_destroy(&svm->blocks);
	nouveau_svm_advice_fini(svm);
}

static void svm_mem_put(struct nouveau_svm_mm *svm)
{
	if (!refcount_dec_and_test(&svm->mem))
		return;
	mmdrop(svm->mm);
	nouveau_vm_put(svm->vm);
	kfree(svm);
}

/**
 * nouveau_svm_get - the running mirror of an address space
 * @vm: address space
 *
 * Return: the mirror with a reference for nouveau_svm_put(), or NULL.
 */
struct nouveau_svm_mm *nouveau_svm_get(struct nouveau_vm *vm)
{
	struct nouveau_svm_device *dev = nouveau_vm_device(vm)->svm;
	struct nouveau_svm_mm *svm;

	/* Faults can come before SVM is set up. */
	if (!dev)
		return NULL;
	xa_lock(&dev->by_vm);
	svm = xa_load(&dev->by_vm, (unsigned long)vm);
	if (svm && !refcount_inc_not_zero(&svm->users))
		svm = NULL;
	xa_unlock(&dev->by_vm);
	return svm;
}

/**
 * nouveau_svm_get_own - the running mirror of the caller
 * @vm: address space of the caller's file
 *
 * Return: the mirror with a reference for nouveau_svm_put(); -EINVAL when none
 * runs, -EPERM when it is of another process (a parent's file).
 */
struct nouveau_svm_mm *nouveau_svm_get_own(struct nouveau_vm *vm)
{
	struct nouveau_svm_mm *svm = nouveau_svm_get(vm);

	if (!svm)
		return ERR_PTR(-EINVAL);
	if (svm->mm == current->mm)
		return svm;
	nouveau_svm_put(svm);
	return ERR_PTR(-EPERM);
}

/**
 * nouveau_svm_put - drop a reference
 * @svm: mirror
 *
 * The last one of a killed mirror takes it down. Sleeps.
 */
void nouveau_svm_put(struct nouveau_svm_mm *svm)
{
	struct nouveau_svm_device *dev = svm->ndev->svm;

	if (!refcount_dec_and_test(&svm->users))
		return;
	svm_stop(svm);
	complete_all(&svm->stopped);
	if (atomic_dec_and_test(&dev->running))
		wake_up_all(&dev->wq);
	svm_mem_put(svm);
}

/* How many faults a batch may have, for comparison. */
unsigned int nouveau_svm_batch_faults(struct nouveau_device *ndev)
{
	return ndev->svm ? READ_ONCE(ndev->svm->knobs.batch_faults) : U32_MAX;
}

void nouveau_svm_set_slow(struct nouveau_svm_mm *svm, bool slow)
{
	WRITE_ONCE(svm->slow, slow);
}

bool nouveau_svm_is_slow(const struct nouveau_svm_mm *svm)
{
	return READ_ONCE(svm->slow);
}

/* From now on nobody finds it; whoever uses it last stops it. */
static void svm_kill(struct nouveau_svm_mm *svm)
{
	if (test_and_set_bit(0, &svm->killed))
		return;
	xa_erase(&svm->ndev->svm->by_vm, (unsigned long)svm->vm);
	nouveau_svm_put(svm);
}

/**
 * nouveau_svm_enable - mirror the calling process in an address space
 * @vm: address space, nothing mapped in it yet
 * @unmanaged_addr: start of the hole for buffer objects
 * @unmanaged_size: its size, bytes
 *
 * Return: 0, -EBUSY when on already or buffer objects exist, -EINVAL for a bad
 * hole, -ENOMEM.
 */
int nouveau_svm_enable(struct nouveau_vm *vm, u64 unmanaged_addr, u64 unmanaged_size)
{
	struct nouveau_device *ndev = nouveau_vm_device(vm);
	struct nouveau_svm_mm *svm;
	int err;

	svm = kzalloc_obj(*svm);
	if (!svm)
		return -ENOMEM;
	refcount_set(&svm->mem, 2);
	refcount_set(&svm->users, 1);
	init_completion(&svm->stopped);
	xa_init(&svm->blocks);
	xa_init(&svm->windows);
	INIT_LIST_HEAD(&svm->held);
	INIT_DELAYED_WORK(&svm->held_work, nouveau_svm_held_work);
	xa_init(&svm->advice);
	nouveau_svm_replica_init(svm);
	nouveau_svm_queue_init(svm);
	svm->ndev = ndev;
	svm->pt = nouveau_vm_pt(vm);
	svm->vm = nouveau_vm_get(vm);
	svm->mm = current->mm;
	mmgrab(svm->mm);
	svm->tgid = task_tgid_nr(current);
	get_task_comm(svm->comm, current->group_leader);

	err = nouveau_vm_set_unmanaged(vm, unmanaged_addr, unmanaged_size);
	if (err)
		goto err_free;
	err = nouveau_vm_set_svm(vm, svm);
	if (err)
		goto err_free;
	atomic_inc(&ndev->svm->running);
	err = xa_insert(&ndev->svm->by_vm, (unsigned long)vm, svm, GFP_KERNEL);
	/*
	 * Without memory for the entry the mirror stays on and finds no one:
	 * every fault is refused, and file close disables it as usual.
	 */
	return err;

err_free:
	mmdrop(svm->mm);
	nouveau_vm_put(svm->vm);
	kfree(svm);
	return err;
}

/**
 * nouveau_svm_disable - stop mirroring
 * @svm: mirror, as nouveau_vm_svm() gave it
 *
 * Gives up the owner's reference. A service in flight finishes first, without
 * anybody waiting for it here: it may be waiting for user space in turn.
 */
void nouveau_svm_disable(struct nouveau_svm_mm *svm)
{
	svm_kill(svm);
	svm_mem_put(svm);
}

/**
 * nouveau_svm_device_init - prepare a GPU for mirrors
 * @ndev: the GPU
 *
 * Return: 0 or -ENOMEM.
 */
int nouveau_svm_device_init(struct nouveau_device *ndev)
{
	/* Files that are still open after an unplug look at it: freed with the device. */
	struct nouveau_svm_device *dev = drmm_kzalloc(&ndev->drm, sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return -ENOMEM;
	dev->ndev = ndev;
	dev->knobs = nouveau_svm_knobs_default;
	xa_init(&dev->by_vm);
	init_waitqueue_head(&dev->wq);
	dev->bind_wq = alloc_workqueue("nouveau-bind", WQ_UNBOUND | WQ_FREEZABLE, 4);
	if (!dev->bind_wq)
		return -ENOMEM;
	ndev->svm = dev;
	return 0;
}

static struct nouveau_svm_mm *svm_first(struct nouveau_svm_device *dev)
{
	struct nouveau_svm_mm *svm;
	unsigned long idx = 0;

	xa_lock(&dev->by_vm);
	svm = xa_find(&dev->by_vm, &idx, ULONG_MAX, XA_PRESENT);
	if (svm)
		refcount_inc(&svm->mem);
	xa_unlock(&dev->by_vm);
	return svm;
}

/**
 * nouveau_svm_device_fini - stop every mirror of a GPU
 * @ndev: the GPU, unplugged: no ioctl is running or can start
 *
 * Open files keep the empty shell of theirs until they are closed.
 */
void nouveau_svm_device_fini(struct nouveau_device *ndev)
{
	struct nouveau_svm_device *dev = ndev->svm;
	struct nouveau_svm_mm *svm;

	if (!dev)
		return;
	while ((svm = svm_first(dev))) {
		svm_kill(svm);
		wait_for_completion(&svm->stopped);
		svm_mem_put(svm);
	}
	/* Those whose file was closed just before, with a service in flight. */
	wait_event(dev->wq, !atomic_read(&dev->running));
	/* Nothing is left in it but the last lines of a worker. */
	destroy_workqueue(dev->bind_wq);
	dev->bind_wq = NULL;
}
