// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * SVM_QUERY: where memory of the process is and how much the GPU faulted on it,
 * by 64 KiB. A look at the CPU's page tables, block by block, and at what the
 * fault service left in the blocks; changes nothing.
 */
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"

/* One block of a query. */
struct query {
	struct nouveau_svm_mm *svm;
	struct drm_nouveau_svm_granule out[NOUVEAU_GRANULES];
	unsigned long pfns[NOUVEAU_BLOCK_PAGES];
};

static u32 use_heat(const struct nouveau_svm_use *use, unsigned int g, u32 halflife_ms, u64 now_ns)
{
	u64 age;

	/* Who noted the last one may have looked at the clock after us. */
	if (!use->heat[g] || !halflife_ms || now_ns <= use->last_ns[g])
		return use->heat[g];
	age = div64_u64(now_ns - use->last_ns[g], (u64)halflife_ms * NSEC_PER_MSEC);
	return age < 32 ? use->heat[g] >> age : 0;
}

/**
 * nouveau_svm_use_note_locked - remember that pages of a block faulted
 * @svm: mirror
 * @block: block
 * @faulted: the pages
 * @now_ns: monotonic time
 *
 * Page-table lock held.
 */
void nouveau_svm_use_note_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				 const struct nouveau_mask *faulted, u64 now_ns)
{
	u32 halflife = READ_ONCE(svm->ndev->svm->knobs.heat_halflife_ms);
	struct nouveau_svm_use *use = &block->use;
	unsigned int g, n;

	nouveau_pt_assert_locked(svm->pt);
	for (g = 0; g < NOUVEAU_GRANULES; g++) {
		n = nouveau_mask_weight(faulted, g * NOUVEAU_GRANULE_PAGES,
					(g + 1) * NOUVEAU_GRANULE_PAGES);
		if (!n)
			continue;
		use->heat[g] = use_heat(use, g, halflife, now_ns) + n;
		use->faults[g] += n;
		use->last_ns[g] = max(use->last_ns[g], now_ns);
	}
}

static u8 granule_state(const struct drm_nouveau_svm_granule *e)
{
	if (e->system && e->vram)
		return NOUVEAU_SVM_STATE_MIXED;
	if (e->system)
		return NOUVEAU_SVM_STATE_SYSTEM;
	return e->vram ? NOUVEAU_SVM_STATE_VRAM : NOUVEAU_SVM_STATE_ABSENT;
}

static void query_places(struct query *q, unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++) {
		struct drm_nouveau_svm_granule *e = &q->out[i / NOUVEAU_GRANULE_PAGES];

		if (!(q->pfns[i] & HMM_PFN_VALID) || q->pfns[i] & HMM_PFN_ERROR)
			continue;
		if (is_device_private_page(hmm_pfn_to_page(q->pfns[i])))
			e->vram++;
		else
			e->system++;
		e->state = granule_state(e);
	}
}

/* What the fault service knows. */
static void query_use(struct query *q, u64 base)
{
	struct nouveau_svm_mm *svm = q->svm;
	struct nouveau_svm_block *block = xa_load(&svm->blocks, base >> NOUVEAU_BLOCK_SHIFT);
	u32 halflife = READ_ONCE(svm->ndev->svm->knobs.heat_halflife_ms);
	u64 now = ktime_get_ns();
	unsigned int g;

	if (!block)
		return;
	nouveau_pt_lock(svm->pt);
	for (g = 0; g < NOUVEAU_GRANULES; g++) {
		q->out[g].mapped = nouveau_mask_weight(&block->mapped, g * NOUVEAU_GRANULE_PAGES,
						       (g + 1) * NOUVEAU_GRANULE_PAGES);
		q->out[g].heat = min_t(u32, use_heat(&block->use, g, halflife, now), U16_MAX);
		q->out[g].replica =
			nouveau_mask_weight(&block->replica, g * NOUVEAU_GRANULE_PAGES,
					    (g + 1) * NOUVEAU_GRANULE_PAGES);
		q->out[g].faults = block->use.faults[g];
		q->out[g].last = block->use.last_ns[g];
	}
	nouveau_pt_unlock(svm->pt);
}

static int query_block(struct query *q, u64 start, u64 end)
{
	u64 base = start & ~(NOUVEAU_BLOCK_BYTES - 1);
	unsigned int first = nouveau_svm_block_page(base, start);
	struct nouveau_svm_mm *svm = q->svm;
	struct nouveau_svm_window *win;
	int err;

	memset(q->out, 0, sizeof(q->out));
	/* No windows for holes. */
	if (nouveau_svm_next_memory(svm->mm, start, end) == end) {
		query_use(q, base);
		return 0;
	}
	win = nouveau_svm_window_get(svm, base);
	if (IS_ERR(win))
		return PTR_ERR(win);
	mmap_read_lock(svm->mm);
	err = nouveau_svm_snapshot(win, start, end, q->pfns + first);
	mmap_read_unlock(svm->mm);
	if (err)
		return err;
	query_places(q, first, nouveau_svm_block_page(base, end));
	query_use(q, base);
	return 0;
}

/* As many entries as there is room for; @args->count is how many. */
static int query_range(struct nouveau_svm_mm *svm, struct drm_nouveau_svm_query *args)
{
	struct drm_nouveau_svm_granule __user *to = u64_to_user_ptr(args->entries);
	u64 room = (u64)args->count * NOUVEAU_SVM_GRANULE_BYTES;
	u64 at, next, end = min(args->va_end, args->va_start + room);
	struct query *q = kvmalloc_obj(*q);
	unsigned int g, n;
	int err = 0;

	args->count = 0;
	if (!q)
		return -ENOMEM;
	q->svm = svm;
	for (at = args->va_start; at < end && !err; at = next) {
		next = min(end, (at | (NOUVEAU_BLOCK_BYTES - 1)) + 1);
		g = nouveau_svm_block_page(at & ~(NOUVEAU_BLOCK_BYTES - 1), at) /
		    NOUVEAU_GRANULE_PAGES;
		n = (next - at) / NOUVEAU_SVM_GRANULE_BYTES;
		if (fatal_signal_pending(current))
			err = -EINTR;
		else
			err = query_block(q, at, next);
		if (!err && copy_to_user(to + args->count, q->out + g, n * sizeof(*to)))
			err = -EFAULT;
		if (!err)
			args->count += n;
		cond_resched();
	}
	kvfree(q);
	return err;
}

static int query_check(const struct drm_nouveau_svm_query *args)
{
	if (args->flags || args->va_start >= args->va_end || args->va_end > TASK_SIZE_MAX)
		return -EINVAL;
	/* The last granule of the address space is not whole. */
	if (!IS_ALIGNED(args->va_start | args->va_end, NOUVEAU_SVM_GRANULE_BYTES))
		return -EINVAL;
	return 0;
}

/**
 * nouveau_svm_ioctl_query - DRM_IOCTL_NOUVEAU_SVM_QUERY
 * @drm: device
 * @data: struct drm_nouveau_svm_query; count is filled with the entries written
 * @file: file
 *
 * Return: 0; -EINVAL for bad arguments or without SVM_INIT; -EPERM when the
 * caller's address space is not the mirrored one; -EBUSY, -EFAULT, -EINTR,
 * -ENOMEM, -ENODEV.
 */
int nouveau_svm_ioctl_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nouveau_svm_query *args = data;
	struct nouveau_svm_mm *svm;
	int err, idx;

	err = query_check(args);
	if (err)
		return err;
	svm = nouveau_svm_enter(file, &idx);
	if (IS_ERR(svm))
		return PTR_ERR(svm);
	err = query_range(svm, args);
	nouveau_svm_exit(svm, idx);
	return err;
}
