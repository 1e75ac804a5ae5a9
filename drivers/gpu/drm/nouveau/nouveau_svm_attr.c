// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Advice of a process about its memory: SVM_BIND commands other than MIGRATE,
 * and where what they said is kept.
 *
 * By block, one bit for each page and attribute, because it has to be possible
 * to forget a part of it in a notifier, where nothing can be allocated: munmap()
 * and mremap() take the attributes of what they take away with them, whatever
 * is mapped there next has none. A split of a VMA changes nothing, and a forked
 * child has a mirror of its own, if any.
 *
 * Attributes are given to memory only, under mmap_lock: nothing is unmapped
 * between the look at the VMA and the entry. Locks: all of it is under the
 * page-table lock, which the notifier holds.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"

/**
 * nouveau_svm_advice_get_locked - what was said about a block
 * @svm: mirror
 * @base: address of the block
 *
 * Page-table lock held.
 *
 * Return: the advice, or NULL.
 */
const struct nouveau_svm_advice *nouveau_svm_advice_get_locked(struct nouveau_svm_mm *svm, u64 base)
{
	nouveau_pt_assert_locked(svm->pt);
	return xa_load(&svm->advice, base >> NOUVEAU_BLOCK_SHIFT);
}

/**
 * nouveau_svm_advice_drop_locked - the memory of a range is unmapped
 * @svm: mirror
 * @start: first address, page-aligned
 * @end: end address, page-aligned
 *
 * Page-table lock held; allocates nothing.
 */
void nouveau_svm_advice_drop_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_svm_advice *a;
	unsigned long idx;

	nouveau_pt_assert_locked(svm->pt);
	xa_for_each_range(&svm->advice, idx, a, start >> NOUVEAU_BLOCK_SHIFT,
			  (end - 1) >> NOUVEAU_BLOCK_SHIFT) {
		u64 base = (u64)idx << NOUVEAU_BLOCK_SHIFT;
		struct nouveau_mask gone = nouveau_svm_block_pages(base, start, end);

		nouveau_svm_advice_clear(a, &gone);
		if (nouveau_svm_advice_empty(a)) {
			xa_erase(&svm->advice, idx);
			kfree(a);
		}
	}
}

/**
 * nouveau_svm_advice_fini - forget everything
 * @svm: mirror that has stopped
 */
void nouveau_svm_advice_fini(struct nouveau_svm_mm *svm)
{
	struct nouveau_svm_advice *a;
	unsigned long idx;

	xa_for_each(&svm->advice, idx, a)
		kfree(a);
	xa_destroy(&svm->advice);
}

static void prefer(struct nouveau_svm_advice *a, const struct nouveau_mask *pages, u32 target)
{
	a->vram = nouveau_mask_andnot(a->vram, pages);
	a->system = nouveau_mask_andnot(a->system, pages);
	a->pinned = nouveau_mask_andnot(a->pinned, pages);
	if (target == NOUVEAU_SVM_BIND_TARGET__GPU_VRAM)
		a->vram = nouveau_mask_or(a->vram, pages);
	else if (target == NOUVEAU_SVM_BIND_TARGET__SYSTEM)
		a->system = nouveau_mask_or(a->system, pages);
}

static void advice_apply(struct nouveau_svm_advice *a, const struct nouveau_mask *pages,
			 u32 command, u32 target)
{
	switch (command) {
	case NOUVEAU_SVM_BIND_COMMAND__PREFER:
		prefer(a, pages, target);
		break;
	case NOUVEAU_SVM_BIND_COMMAND__PIN:
		prefer(a, pages, target);
		if (target != NOUVEAU_SVM_BIND_TARGET__NONE)
			a->pinned = nouveau_mask_or(a->pinned, pages);
		break;
	case NOUVEAU_SVM_BIND_COMMAND__NO_MIGRATE:
		a->still = nouveau_mask_andnot(a->still, pages);
		if (target)
			a->still = nouveau_mask_or(a->still, pages);
		break;
	case NOUVEAU_SVM_BIND_COMMAND__READ_MOSTLY:
		a->mostly = nouveau_mask_andnot(a->mostly, pages);
		if (target)
			a->mostly = nouveau_mask_or(a->mostly, pages);
		break;
	case NOUVEAU_SVM_BIND_COMMAND__GRANULARITY:
		nouveau_svm_advice_set_grain(a, pages, target);
		break;
	case NOUVEAU_SVM_BIND_COMMAND__RESET:
		nouveau_svm_advice_clear(a, pages);
		break;
	}
}

/* What is mapped in place and now wanted in VRAM must fault once more to go there. */
static void advice_zap_locked(struct nouveau_svm_mm *svm, u64 base,
			      const struct nouveau_mask *pages)
{
	struct nouveau_svm_block *block = xa_load(&svm->blocks, base >> NOUVEAU_BLOCK_SHIFT);
	struct nouveau_mask here;

	nouveau_pt_assert_locked(svm->pt);
	if (!block)
		return;
	here = nouveau_mask_andnot(*pages, &block->vram);
	nouveau_svm_zap_pages_locked(svm, block, &here);
}

/* Mappings that another advice would have made otherwise. */
static noinline_for_stack void advice_changed_locked(struct nouveau_svm_mm *svm, u64 base,
						     const struct nouveau_mask *vram,
						     const struct nouveau_mask *mostly,
						     const struct nouveau_svm_advice *now)
{
	struct nouveau_mask more = nouveau_mask_andnot(now->vram, vram);
	struct nouveau_mask less = nouveau_mask_andnot(*mostly, &now->mostly);
	u64 first, end;

	if (!nouveau_mask_empty(&less)) {
		first = base + ((u64)nouveau_mask_next(&less, 0, true) << PAGE_SHIFT);
		end = base + ((u64)nouveau_mask_end(&less) << PAGE_SHIFT);
		nouveau_svm_replica_drop_locked(svm, first, end);
	}
	less = nouveau_mask_andnot(now->mostly, mostly);
	more = nouveau_mask_or(more, &less);
	if (!nouveau_mask_empty(&more))
		advice_zap_locked(svm, base, &more);
	if (!nouveau_mask_empty(&now->mostly))
		WRITE_ONCE(svm->read_mostly, true);
}

/* An entry to write to, unless there is one; mmap_lock held. */
static int advice_make(struct nouveau_svm_mm *svm, unsigned long idx)
{
	struct nouveau_svm_advice *a, *other;

	a = kzalloc_obj(*a, GFP_KERNEL_ACCOUNT);
	if (!a)
		return -ENOMEM;
	other = xa_cmpxchg(&svm->advice, idx, NULL, a, GFP_KERNEL_ACCOUNT);
	if (!other)
		return 0;
	kfree(a);
	return xa_err(other);
}

/* Pages [start, end) of a block, all of them in VMAs; mmap_lock held. */
static int advise_pages(struct nouveau_svm_mm *svm, u64 start, u64 end, u32 command, u32 target)
{
	unsigned long idx = start >> NOUVEAU_BLOCK_SHIFT;
	u64 base = (u64)idx << NOUVEAU_BLOCK_SHIFT;
	struct nouveau_mask pages = nouveau_svm_block_pages(base, start, end);
	bool clears = command == NOUVEAU_SVM_BIND_COMMAND__RESET;
	struct nouveau_mask vram, mostly;
	struct nouveau_svm_advice *a;
	int err;

	for (;;) {
		nouveau_pt_lock(svm->pt);
		a = xa_load(&svm->advice, idx);
		if (a || clears)
			break;
		/* Another munmap() in the block may drop an empty one: look again. */
		nouveau_pt_unlock(svm->pt);
		err = advice_make(svm, idx);
		if (err)
			return err;
	}
	if (a) {
		vram = a->vram;
		mostly = a->mostly;
		advice_apply(a, &pages, command, target);
		advice_changed_locked(svm, base, &vram, &mostly, a);
		if (nouveau_svm_advice_empty(a)) {
			xa_erase(&svm->advice, idx);
			kfree(a);
		}
	}
	nouveau_pt_unlock(svm->pt);
	return 0;
}

/* Part [start, end) of one notifier window. */
static int advise_window(struct nouveau_svm_mm *svm, u64 start, u64 end, u32 command, u32 target,
			 u64 *pages)
{
	u64 at = start, next;
	int err = 0;

	guard(mmap_read_lock)(svm->mm);
	while (!err && at < end) {
		struct vm_area_struct *vma = find_vma(svm->mm, at);

		if (!vma || vma->vm_start >= end)
			break;
		at = max_t(u64, at, vma->vm_start);
		next = min3((at | (NOUVEAU_BLOCK_BYTES - 1)) + 1, (u64)vma->vm_end, end);
		err = fatal_signal_pending(current) ? -EINTR :
		      advise_pages(svm, at, next, command, target);
		if (!err)
			*pages += (next - at) >> PAGE_SHIFT;
		at = next;
	}
	return err;
}

/**
 * nouveau_svm_next_memory - skip what is not mapped
 * @mm: address space, which the caller holds; its lock is taken
 * @at: address
 * @end: address
 *
 * Return: the first address from @at on where there is a VMA, or @end.
 */
u64 nouveau_svm_next_memory(struct mm_struct *mm, u64 at, u64 end)
{
	struct vm_area_struct *vma;

	guard(mmap_read_lock)(mm);
	vma = find_vma(mm, at);
	return vma ? clamp_t(u64, vma->vm_start, at, end) : end;
}

/**
 * nouveau_svm_advise_range - remember what a process says about a range
 * @svm: mirror of the calling process
 * @start: first address, page-aligned
 * @end: end address, page-aligned
 * @command: NOUVEAU_SVM_BIND_COMMAND__*, checked
 * @target: its operand, checked
 * @pages: how many pages there are, added to
 *
 * Return: 0, -EINTR when the caller is being killed, -ENOMEM. After an error
 * the first pages of the range may have it.
 */
int nouveau_svm_advise_range(struct nouveau_svm_mm *svm, u64 start, u64 end, u32 command,
			     u32 target, u64 *pages)
{
	const u64 window = 1ull << NOUVEAU_SVM_WINDOW_SHIFT;
	u64 at, next;
	int err = 0;

	for (at = start; at < end && !err; at = next) {
		struct nouveau_svm_window *win;

		/* No windows for holes. */
		at = nouveau_svm_next_memory(svm->mm, at, end);
		if (at == end)
			break;
		next = min(end, (at | (window - 1)) + 1);
		/* Before the lock: who unmaps must be heard from the first page on. */
		win = nouveau_svm_window_get(svm, at);
		err = IS_ERR(win) ? PTR_ERR(win) :
		      advise_window(svm, at, next, command, target, pages);
		cond_resched();
	}
	return err;
}

/**
 * nouveau_svm_advice_check - whether a command's operand is right
 * @command: NOUVEAU_SVM_BIND_COMMAND__*
 * @target: operand
 *
 * Return: 0 or -EINVAL.
 */
int nouveau_svm_advice_check(u32 command, u32 target)
{
	bool ok = false;

	switch (command) {
	case NOUVEAU_SVM_BIND_COMMAND__PREFER:
	case NOUVEAU_SVM_BIND_COMMAND__PIN:
		ok = target == NOUVEAU_SVM_BIND_TARGET__GPU_VRAM ||
		     target == NOUVEAU_SVM_BIND_TARGET__SYSTEM ||
		     target == NOUVEAU_SVM_BIND_TARGET__NONE;
		break;
	case NOUVEAU_SVM_BIND_COMMAND__NO_MIGRATE:
	case NOUVEAU_SVM_BIND_COMMAND__READ_MOSTLY:
		ok = target <= 1;
		break;
	case NOUVEAU_SVM_BIND_COMMAND__GRANULARITY:
		ok = !target || (is_power_of_2(target) && target >= PAGE_SIZE &&
				 target <= NOUVEAU_BLOCK_BYTES);
		break;
	case NOUVEAU_SVM_BIND_COMMAND__RESET:
		ok = !target;
		break;
	}
	return ok ? 0 : -EINVAL;
}
