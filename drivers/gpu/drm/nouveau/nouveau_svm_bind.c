// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Moving memory of a process on request (SVM_BIND), and counting what became of
 * each page.
 *
 * A range is done in steps of some blocks, each step with collection and copies
 * overlapping (nouveau_dmem_pipe.c), then mapped with one TLB invalidate. What
 * core mm does not let us have is not said by core mm: the page tables are
 * looked at once more afterwards, only where something is unexplained. So the
 * counts add up to the range whatever happened meanwhile; a page that moved under
 * our feet counts as what it looked like.
 *
 * Runs in the caller or in the worker of nouveau_svm_async.c, for the mirrored
 * process in both cases. No lock of the driver is held here.
 */
#include <linux/hmm.h>
#include <linux/hugetlb_inline.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"
#include "nouveau_trace.h"
#include "tu102_tlb.h"

/* Blocks of a step. It holds mmap_lock, and a page of each block may be waited for. */
#define STEP_BLOCKS	16

/* Parts whose results wait for being looked at, those on their way among them. */
#define LEFT_MAX	(2 * NOUVEAU_DMEM_PIPE_PARTS)

struct bind_left {
	struct nouveau_dmem_part part;
	struct nouveau_dmem_result res;
};

/* One step of a range. */
struct bind {
	struct nouveau_svm_mm *svm;
	struct nouveau_dmem_pipe *pipe;
	struct nouveau_svm_scratch *s;
	struct nouveau_svm_counts *c;
	struct nouveau_svm_room room;	/* to VRAM */
	bool to_vram;
	u64 base;			/* of the first block */
	DECLARE_BITMAP(moved, STEP_BLOCKS);
	struct bind_left *left;		/* LEFT_MAX of them */
	unsigned int n_left;
	int err;			/* of a job */
};

/* Give @n pages that are left to @count, as far as there are any. */
static void count_take(unsigned int *left, unsigned int n, u64 *count)
{
	n = min(*left, n);
	*left -= n;
	*count += n;
}

/*
 * Pages @mask of the block at @base that were tried, @res of them explained. The
 * others were at the target before, or absent, pinned, busy: look.
 */
static void bind_classify(struct bind *b, u64 base, const struct nouveau_mask *mask,
			  const struct nouveau_dmem_result *res)
{
	unsigned int first = nouveau_mask_next(mask, 0, true), end = nouveau_mask_end(mask);
	unsigned int left = nouveau_mask_weight(mask, 0, NOUVEAU_BLOCK_PAGES);
	unsigned int i, there = 0, absent = 0, pinned = 0;
	struct nouveau_svm_window *win;
	u64 va = base + ((u64)first << PAGE_SHIFT);
	unsigned long *pfns = b->s->pfns;
	struct nouveau_svm_counts *c = b->c;

	count_take(&left, res->moved, &c->moved);
	count_take(&left, res->no_memory, &c->skipped[NOUVEAU_SVM_SKIP_NO_MEMORY]);
	count_take(&left, res->no_copy, &c->skipped[NOUVEAU_SVM_SKIP_FAILED]);
	if (!left)
		return;
	win = xa_load(&b->svm->windows, base >> NOUVEAU_SVM_WINDOW_SHIFT);
	if (win && !nouveau_svm_snapshot(win, va, va + ((u64)(end - first) << PAGE_SHIFT),
					 pfns + first)) {
		nouveau_mask_for_each(mask, i) {
			struct page *page;

			if (!(pfns[i] & HMM_PFN_VALID) || pfns[i] & HMM_PFN_ERROR) {
				absent++;
				continue;
			}
			/* Not held, but struct pages stay: a glance, not a promise. */
			page = hmm_pfn_to_page(pfns[i]);
			if (is_device_private_page(page) == b->to_vram)
				there++;
			else if (folio_maybe_dma_pinned(page_folio(page)))
				pinned++;
		}
	}
	there -= min(there, res->moved);
	count_take(&left, there, &c->already);
	count_take(&left, absent, &c->skipped[NOUVEAU_SVM_SKIP_ABSENT]);
	count_take(&left, pinned, &c->skipped[NOUVEAU_SVM_SKIP_PINNED]);
	count_take(&left, left, &c->skipped[NOUVEAU_SVM_SKIP_BUSY]);
}

/* End what is on its way; then there is time to look at what is unexplained. */
static void bind_flush(struct bind *b)
{
	unsigned int i;
	int err = nouveau_dmem_pipe_flush(b->pipe);

	if (!b->err)
		b->err = err;
	for (i = 0; i < b->n_left; i++)
		bind_classify(b, b->left[i].part.base, &b->left[i].part.mask, &b->left[i].res);
	b->n_left = 0;
}

static int bind_add(struct bind *b, struct vm_area_struct *vma, u64 base,
		    const struct nouveau_mask *mask)
{
	const struct nouveau_dmem_source source = {
		.cookie = b->svm, .detach = nouveau_svm_detach,
	};
	const struct nouveau_dmem_part part = { .base = base, .mask = *mask };
	struct nouveau_dmem_result res = { };
	int err = -EINVAL;

	if (b->n_left + NOUVEAU_DMEM_PIPE_PARTS >= LEFT_MAX)
		bind_flush(b);
	if (nouveau_dmem_is_enabled(b->svm->ndev)) {
		if (b->to_vram)
			nouveau_svm_room_make(b->svm, &b->room, base, mask, b->s);
		err = nouveau_dmem_pipe_add(b->pipe, vma, &part, &source);
	} else if (b->to_vram) {
		res.no_memory = nouveau_mask_weight(mask, 0, NOUVEAU_BLOCK_PAGES);
	}
	/* What can't migrate stays, as everywhere. */
	if (err == -EINVAL)
		b->left[b->n_left++] = (struct bind_left){ part, res };
	return err == -EINVAL ? 0 : err;
}

/* What the process wants left alone. */
static struct nouveau_mask bind_fixed(struct bind *b, u64 base)
{
	const struct nouveau_svm_advice *a;
	struct nouveau_mask fixed = { };

	nouveau_pt_lock(b->svm->pt);
	a = nouveau_svm_advice_get_locked(b->svm, base);
	if (a)
		fixed = nouveau_svm_advice_fixed(a, b->to_vram);
	nouveau_pt_unlock(b->svm->pt);
	return fixed;
}

/* Pages of an anonymous VMA. BOs are not the process's memory, whatever it has there. */
static int bind_anon(struct bind *b, struct vm_area_struct *vma, u64 start, u64 end)
{
	u64 base = start & ~(NOUVEAU_BLOCK_BYTES - 1);
	struct nouveau_svm_block *block = xa_load(&b->svm->blocks, base >> NOUVEAU_BLOCK_SHIFT);
	struct nouveau_mask mask, fixed;
	unsigned int first, last;
	int err = 0;

	if (!block) {
		/* It was not there when we looked. */
		b->c->skipped[NOUVEAU_SVM_SKIP_BUSY] += (end - start) >> PAGE_SHIFT;
		return 0;
	}
	mask = nouveau_svm_block_pages(base, start, end);
	mask = nouveau_mask_andnot(mask, &block->hole);
	b->c->skipped[NOUVEAU_SVM_SKIP_ABSENT] += ((end - start) >> PAGE_SHIFT) -
		nouveau_mask_weight(&mask, 0, NOUVEAU_BLOCK_PAGES);
	fixed = bind_fixed(b, base);
	fixed = nouveau_mask_and(fixed, &mask);
	b->c->skipped[NOUVEAU_SVM_SKIP_POLICY] +=
		nouveau_mask_weight(&fixed, 0, NOUVEAU_BLOCK_PAGES);
	mask = nouveau_mask_andnot(mask, &fixed);
	nouveau_mask_for_each_run(&mask, first, last) {
		struct nouveau_mask run = nouveau_mask_range(first, last);

		err = bind_add(b, vma, base, &run);
		if (err)
			break;
	}
	return err;
}

static int bind_blocks(struct bind *b, struct vm_area_struct *vma, u64 start, u64 end)
{
	int err = 0;

	while (!err && start < end) {
		u64 next = min(end, (start | (NOUVEAU_BLOCK_BYTES - 1)) + 1);

		err = bind_anon(b, vma, start, next);
		start = next;
	}
	return err;
}

/* The part of the step that is in @vma. */
static int bind_vma(struct bind *b, struct vm_area_struct *vma, u64 start, u64 end)
{
	unsigned int n = (end - start) >> PAGE_SHIFT;

	switch (nouveau_svm_vma_kind(vma)) {
	case NOUVEAU_VMA_ANON:
		return bind_blocks(b, vma, start, end);
	case NOUVEAU_VMA_FILE:
		b->c->skipped[is_vm_hugetlb_page(vma) ? NOUVEAU_SVM_SKIP_HUGETLB :
			      NOUVEAU_SVM_SKIP_FILE] += n;
		return 0;
	default:
		b->c->skipped[NOUVEAU_SVM_SKIP_ABSENT] += n;
		return 0;
	}
}

/* What is in VRAM now might as well be mapped: one walk of a block instead of faults. */
static void bind_map(struct bind *b, u64 start, u64 end)
{
	unsigned int i;

	for_each_set_bit(i, b->moved, STEP_BLOCKS) {
		u64 base = b->base + i * NOUVEAU_BLOCK_BYTES;
		struct nouveau_svm_block *block = xa_load(&b->svm->blocks,
							  base >> NOUVEAU_BLOCK_SHIFT);
		struct nouveau_svm_map map = {
			.first = round_down(nouveau_svm_block_page(base, start),
					    NOUVEAU_GRANULE_PAGES),
			.end = round_up(nouveau_svm_block_page(base, end), NOUVEAU_GRANULE_PAGES),
		};

		nouveau_svm_map_block(b->svm, block, &map, b->s);
	}
	trace_nouveau_tlb(b->svm, start, end, false);
	tu102_tlb_invalidate(b->svm->ndev, nouveau_pt_root(b->svm->pt), start, end, 0);
}

/*
 * A part is on the other side, or as much of it as could. Others may be on their
 * way, with pages locked: nothing of core mm may be waited for here.
 */
static void bind_done(void *arg, const struct nouveau_dmem_part *part,
		      const struct nouveau_dmem_result *res)
{
	struct bind *b = arg;
	struct nouveau_svm_mm *svm = b->svm;
	struct nouveau_svm_block *block = xa_load(&svm->blocks, part->base >> NOUVEAU_BLOCK_SHIFT);

	b->left[b->n_left++] = (struct bind_left){ *part, *res };
	if (!res->moved)
		return;
	if (!b->to_vram) {
		atomic64_add(res->moved, &svm->pages_to_sys);
		return;
	}
	atomic64_add(res->moved, &svm->pages_to_vram);
	__set_bit((part->base - b->base) >> NOUVEAU_BLOCK_SHIFT, b->moved);
	nouveau_pt_lock(svm->pt);
	nouveau_svm_heat_moved(&block->heat);
	/* Back, but on request: that says nothing about whether eviction pays. */
	block->evicted_pages -= min_t(unsigned int, block->evicted_pages, res->moved);
	nouveau_pt_unlock(svm->pt);
}

static int bind_vmas(struct bind *b, u64 start, u64 end)
{
	u64 at = start;
	int err = 0;

	while (!err && at < end) {
		struct vm_area_struct *vma = find_vma(b->svm->mm, at);
		u64 from = vma ? clamp_t(u64, vma->vm_start, at, end) : end, to;

		b->c->skipped[NOUVEAU_SVM_SKIP_ABSENT] += (from - at) >> PAGE_SHIFT;
		if (from == end)
			break;
		to = min_t(u64, end, vma->vm_end);
		err = bind_vma(b, vma, from, to);
		at = to;
	}
	return err;
}

/*
 * Blocks and windows of what has memory that can move; nothing is made for the
 * rest. A window cannot be made under mmap_lock.
 */
static int bind_prepare(struct bind *b, u64 start, u64 end)
{
	DECLARE_BITMAP(wanted, STEP_BLOCKS) = { };
	struct mm_struct *mm = b->svm->mm;
	struct vm_area_struct *vma;
	u64 at = start;
	unsigned int i;

	mmap_read_lock(mm);
	for (vma = find_vma(mm, at); vma && vma->vm_start < end; vma = find_vma(mm, vma->vm_end)) {
		u64 from = max_t(u64, vma->vm_start, start), to = min_t(u64, vma->vm_end, end);

		if (nouveau_svm_vma_kind(vma) == NOUVEAU_VMA_ANON)
			bitmap_set(wanted, (from - b->base) >> NOUVEAU_BLOCK_SHIFT,
				   ((to - 1) >> NOUVEAU_BLOCK_SHIFT) -
				   (from >> NOUVEAU_BLOCK_SHIFT) + 1);
	}
	mmap_read_unlock(mm);
	for_each_set_bit(i, wanted, STEP_BLOCKS) {
		u64 base = b->base + i * NOUVEAU_BLOCK_BYTES;
		struct nouveau_svm_window *win;

		if (!nouveau_svm_block_get(b->svm, base))
			return -ENOMEM;
		win = nouveau_svm_window_get(b->svm, base);
		if (IS_ERR(win))
			return PTR_ERR(win);
	}
	return 0;
}

/* [start, end) of some blocks, or a hole of any size. */
static int bind_step(struct bind *b, u64 start, u64 end)
{
	struct nouveau_svm_mm *svm = b->svm;
	int err = 0;

	b->base = start & ~(NOUVEAU_BLOCK_BYTES - 1);
	bitmap_zero(b->moved, STEP_BLOCKS);
	if (end - b->base <= STEP_BLOCKS * NOUVEAU_BLOCK_BYTES)
		err = bind_prepare(b, start, end);
	if (err)
		return err;
	if (!b->to_vram) {
		/* Notifiers would do it piece by piece, and each wait for the TLBs. */
		nouveau_pt_lock(svm->pt);
		nouveau_svm_zap_locked(svm, start, end);
		nouveau_pt_unlock(svm->pt);
	}
	if (!b->to_vram)
		nouveau_dmem_stock_want(svm->ndev->dmem, (end - start) >> NOUVEAU_BLOCK_SHIFT);
	mmap_read_lock(svm->mm);
	err = bind_vmas(b, start, end);
	bind_flush(b);
	mmap_read_unlock(svm->mm);
	if (!bitmap_empty(b->moved, STEP_BLOCKS))
		bind_map(b, start, end);
	/* A dead copy engine is an error, unlike want of memory. */
	return err ?: b->err == -EIO ? b->err : 0;
}

/* The end of this step: of its blocks, or of the hole in the address space at @at. */
static u64 bind_step_end(struct mm_struct *mm, u64 at, u64 next, u64 end)
{
	struct vm_area_struct *vma;

	guard(mmap_read_lock)(mm);
	vma = find_vma(mm, at);
	return max(next, vma ? min_t(u64, vma->vm_start, end) & ~(NOUVEAU_BLOCK_BYTES - 1) : end);
}

/**
 * nouveau_svm_bind_range - move a range
 * @svm: mirror
 * @start: first address, page-aligned
 * @end: end address, page-aligned, a user address
 * @to_vram: where to
 * @c: what became of the pages, added to
 *
 * Sleeps. The process may end meanwhile.
 *
 * Return: 0, however little moved; -EIO when the copy engine failed, -ESRCH when
 * the process has ended, -ENODEV when the mirror is being stopped, -EINTR when
 * the caller is being killed, -ENOMEM.
 */
int nouveau_svm_bind_range(struct nouveau_svm_mm *svm, u64 start, u64 end, bool to_vram,
			   struct nouveau_svm_counts *c)
{
	struct bind b = { .svm = svm, .c = c, .to_vram = to_vram };
	u64 at, next;
	int err = 0;

	b.s = nouveau_svm_scratch_new();
	b.pipe = nouveau_dmem_pipe_new(svm->ndev, to_vram, NOUVEAU_DMEM_PIPE_EARLY, bind_done, &b);
	b.left = kvmalloc_objs(*b.left, LEFT_MAX);
	if (to_vram)
		nouveau_dmem_request_begin(svm->ndev, &b.room.rq);
	if (!b.s || !b.pipe || !b.left)
		err = -ENOMEM;
	for (at = start; at < end && !err; at = next) {
		next = (at & ~(NOUVEAU_BLOCK_BYTES - 1)) + STEP_BLOCKS * NOUVEAU_BLOCK_BYTES;
		next = min(end, next);
		if (fatal_signal_pending(current))
			err = -EINTR;
		else if (nouveau_svm_is_killed(svm))
			err = -ENODEV;
		else if (!mmget_not_zero(svm->mm))
			err = -ESRCH;
		if (err)
			break;
		if (to_vram)
			nouveau_svm_room_look(svm, &b.room, at, end, b.s);
		next = bind_step_end(svm->mm, at, next, end);
		err = bind_step(&b, at, next);
		/* Not here: the last user of an address space takes it down. */
		mmput_async(svm->mm);
		cond_resched();
	}
	if (to_vram)
		nouveau_dmem_request_end(svm->ndev, &b.room.rq);
	kvfree(b.left);
	nouveau_dmem_pipe_del(b.pipe);
	nouveau_svm_scratch_del(b.s);
	return err;
}
