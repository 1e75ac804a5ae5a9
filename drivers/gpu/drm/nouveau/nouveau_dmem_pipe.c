// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Many migrations by address, one after the other, with the copy engine busy.
 *
 * Jobs gather in one group while the copies of others are running. When the engine
 * is about to have nothing to do and enough has gathered, the group is submitted: one
 * TLB invalidate for what the GPU loses, one push. Then the jobs of the groups before
 * are ended beneath the copies of this one.
 *
 * What is worth a doorbell depends on who asks. A range on request is long: some
 * MiB. Faults come in batches of any shape, of a page in each of many blocks or of
 * whole blocks: one push when a few MiB have gathered, so that the engine has work
 * while more is collected, one when what it has will be done soon, and so on; three for
 * 32 MiB. The first batch after an interrupt does with one.
 *
 * The caller holds mmap_lock from the first job to nouveau_dmem_pipe_flush().
 * Copies are between physical addresses: they wait for no fault of anybody.
 */
#include <linux/dma-fence.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "nouveau_copy.h"
#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"
#include "nouveau_trace.h"

/* One gathers, one copies, the next waits behind it; and one to submit into. */
#define GROUPS		4
#define AHEAD		(GROUPS - 2)
/* Jobs of one push, at most; NOUVEAU_DMEM_PIPE_FEW: of small ones */
#define GROUP_JOBS	(NOUVEAU_DMEM_PIPE_PARTS / GROUPS)
#define GROUP_JOBS_FEW	64
/* What they may hold locked: 8 MiB, 32 MiB */
#define GROUP_PAGES	(4 * NOUVEAU_BLOCK_PAGES)
#define GROUP_PAGES_FEW	(16 * NOUVEAU_BLOCK_PAGES)
/* Worth a doorbell in any case. */
#define EARLY_PAGES	(2 * NOUVEAU_BLOCK_PAGES)
/* How many pages are collected, about, while the engine copies one. */
#define COLLECTS	3
/* Slots of a group that are kept for the next time. */
#define KEEP_SLOTS	GROUP_JOBS

struct pipe_slot {
	struct nouveau_dmem_job job;
	struct nouveau_dmem_part part;
	unsigned int room;		/* entries in each of the arrays behind this */
};

struct pipe_group {
	struct pipe_slot *slots[GROUP_JOBS_FEW];	/* allocated as they are needed */
	unsigned int n;
	unsigned int pages;		/* that will be copied or cleared */
	struct dma_fence *fence;	/* of its copies, until its jobs end */
	u64 start_ns;
};

struct nouveau_dmem_pipe {
	struct nouveau_device *ndev;
	bool to_vram;
	enum nouveau_dmem_pipe_kind kind;
	bool lone;			/* NOUVEAU_DMEM_PIPE_FEW: one push will do */
	nouveau_dmem_done done;
	void *arg;
	struct nouveau_dmem_source source;	/* of the jobs that gather */
	struct pipe_group groups[GROUPS];	/* in turn */
	unsigned int gathers;		/* index of the group that does */
	unsigned int oldest;		/* of those submitted before and not ended */
	unsigned int pushed;		/* pages, since the last flush */
	int err;			/* of the first job that had one */
};

/**
 * nouveau_dmem_pipe_new - get ready for migrations in one direction
 * @ndev: the GPU
 * @to_vram: the direction
 * @kind: when to push
 * @done: called for every job when it has ended
 * @arg: for @done
 *
 * Return: the pipe, NULL without memory.
 */
struct nouveau_dmem_pipe *nouveau_dmem_pipe_new(struct nouveau_device *ndev, bool to_vram,
						enum nouveau_dmem_pipe_kind kind,
						nouveau_dmem_done done, void *arg)
{
	struct nouveau_dmem_pipe *pipe = kzalloc_obj(*pipe);

	if (!pipe)
		return NULL;
	pipe->ndev = ndev;
	pipe->to_vram = to_vram;
	pipe->kind = kind;
	pipe->done = done;
	pipe->arg = arg;
	return pipe;
}

/**
 * nouveau_dmem_pipe_set_lone - whether this is about one batch of faults
 * @pipe: the pipe, flushed
 * @lone: of which nobody knows that others follow
 *
 * Its interrupt costs as many register accesses as all the rest: one push less.
 */
void nouveau_dmem_pipe_set_lone(struct nouveau_dmem_pipe *pipe, bool lone)
{
	pipe->lone = lone;
}

static void pipe_trim(struct nouveau_dmem_pipe *pipe, unsigned int keep)
{
	unsigned int g, i;

	for (g = 0; g < GROUPS; g++) {
		for (i = keep; i < GROUP_JOBS_FEW; i++) {
			kvfree(pipe->groups[g].slots[i]);
			pipe->groups[g].slots[i] = NULL;
		}
	}
}

/**
 * nouveau_dmem_pipe_del - free a pipe
 * @pipe: flushed
 */
void nouveau_dmem_pipe_del(struct nouveau_dmem_pipe *pipe)
{
	if (!pipe)
		return;
	pipe_trim(pipe, 0);
	kfree(pipe);
}

static enum nouveau_copy_dir pipe_engine(const struct nouveau_dmem_pipe *pipe)
{
	return pipe->to_vram ? NOUVEAU_COPY_TO_VRAM : NOUVEAU_COPY_TO_SYS;
}

/* The GPU loses what is going to move, and only that. */
static void group_detach(struct nouveau_dmem_pipe *pipe, struct pipe_group *group)
{
	struct nouveau_dmem_detach *list = NULL;
	unsigned int i;

	if (!pipe->to_vram)
		return;
	for (i = group->n; i--; ) {
		struct nouveau_dmem_job *job = &group->slots[i]->job;

		if (!job->collected)
			continue;
		job->lost.next = list;
		list = &job->lost;
	}
	if (list)
		pipe->source.detach(pipe->source.cookie, list);
}

/* All copies of a group in one push; NULL when that failed or there were none. */
static struct dma_fence *group_submit(struct nouveau_dmem_pipe *pipe, struct pipe_group *group)
{
	struct nouveau_copy_batch *batch;
	struct dma_fence *fence;
	unsigned int i, ops = 0;
	int err = 0;

	group->start_ns = ktime_get_ns();
	group_detach(pipe, group);
	for (i = 0; i < group->n; i++)
		ops += group->slots[i]->job.move.nops;
	if (!ops)
		return NULL;
	batch = nouveau_copy_begin(pipe->ndev, pipe_engine(pipe));
	if (IS_ERR(batch))
		return NULL;
	/* Nobody but us waits for it. */
	nouveau_copy_set_quiet(batch);
	for (i = 0; i < group->n && !err; i++)
		err = nouveau_dmem_move_add(&group->slots[i]->job.move, batch);
	if (err) {
		nouveau_copy_abort(batch);
		return NULL;
	}
	fence = nouveau_copy_submit(batch);
	nouveau_dmem_step(pipe->ndev->dmem, NOUVEAU_STAT_NS_COPY, group->start_ns);
	pipe->pushed += group->pages;
	return IS_ERR(fence) ? NULL : fence;
}

static bool group_wait(struct nouveau_dmem_pipe *pipe, struct pipe_group *group)
{
	unsigned int i, copies = 0, clears = 0;
	u64 now = ktime_get_ns();
	int err;

	err = nouveau_copy_wait(pipe->ndev, pipe_engine(pipe), group->fence);
	now = nouveau_dmem_step(pipe->ndev->dmem, NOUVEAU_STAT_NS_COPY_WAIT, now);
	for (i = 0; i < group->n; i++) {
		copies += group->slots[i]->job.move.copied;
		clears += group->slots[i]->job.move.cleared;
	}
	trace_nouveau_copy(pipe->to_vram, copies, clears, now - group->start_ns, err);
	dma_fence_put(group->fence);
	group->fence = NULL;
	return !err;
}

/* Waits for the copies; those that failed are done once more, job by job. */
static void group_end(struct nouveau_dmem_pipe *pipe, struct pipe_group *group)
{
	bool copied = group->fence && group_wait(pipe, group);
	unsigned int i;

	for (i = 0; i < group->n; i++) {
		struct pipe_slot *slot = group->slots[i];
		struct nouveau_dmem_result res = { };
		int err = nouveau_dmem_job_end(&slot->job, copied, &res);

		if (!pipe->err)
			pipe->err = err;
		pipe->done(pipe->arg, &slot->part, &res);
	}
	group->n = 0;
	group->pages = 0;
}

static void pipe_end_oldest(struct nouveau_dmem_pipe *pipe)
{
	group_end(pipe, &pipe->groups[pipe->oldest]);
	pipe->oldest = (pipe->oldest + 1) % GROUPS;
}

static bool group_is_done(struct nouveau_dmem_pipe *pipe, const struct pipe_group *group)
{
	return !group->fence ||
	       nouveau_copy_is_done(pipe->ndev, pipe_engine(pipe), group->fence);
}

/* How many groups have been submitted and not ended. */
static unsigned int pipe_submitted(const struct nouveau_dmem_pipe *pipe)
{
	return (pipe->gathers + GROUPS - pipe->oldest) % GROUPS;
}

/* How many of them the engine still has to do: it does them in order. */
static unsigned int pipe_running(struct nouveau_dmem_pipe *pipe)
{
	unsigned int n = pipe_submitted(pipe);

	while (n && group_is_done(pipe, &pipe->groups[(pipe->gathers + GROUPS - n) % GROUPS]))
		n--;
	return n;
}

/* Submit the group that gathers; those before it end beneath its copies. */
static void pipe_advance(struct nouveau_dmem_pipe *pipe)
{
	struct pipe_group *next = &pipe->groups[pipe->gathers];

	if (next->n) {
		next->fence = group_submit(pipe, next);
		pipe->gathers = (pipe->gathers + 1) % GROUPS;
	}
	while (pipe_submitted(pipe) > AHEAD ||
	       (pipe_submitted(pipe) > 1 && group_is_done(pipe, &pipe->groups[pipe->oldest])))
		pipe_end_oldest(pipe);
}

static bool pipe_is_due(struct nouveau_dmem_pipe *pipe)
{
	const struct pipe_group *group = &pipe->groups[pipe->gathers];
	bool few = pipe->kind == NOUVEAU_DMEM_PIPE_FEW;

	if (group->n == (few ? GROUP_JOBS_FEW : GROUP_JOBS) ||
	    group->pages >= (few ? GROUP_PAGES_FEW : GROUP_PAGES))
		return true;
	if (few)
		return !pipe->lone && group->pages >= max(EARLY_PAGES, COLLECTS * pipe->pushed);
	/* Nothing but the first may be small; then the engine is to have one ahead. */
	return group->pages >= min(pipe->pushed, EARLY_PAGES) && pipe_running(pipe) < AHEAD;
}

/* The next slot of the group that gathers, with arrays of @n entries. */
static struct pipe_slot *pipe_slot(struct nouveau_dmem_pipe *pipe, unsigned int n)
{
	struct pipe_group *group = &pipe->groups[pipe->gathers];
	struct pipe_slot *slot = group->slots[group->n];
	struct nouveau_dmem_move *mv;

	if (!slot || slot->room < n) {
		kvfree(slot);
		n = roundup_pow_of_two(max(n, NOUVEAU_GRANULE_PAGES));
		slot = kvmalloc(sizeof(*slot) + n * (sizeof(*mv->ops) + sizeof(*mv->src) +
						     sizeof(*mv->dst)), GFP_KERNEL);
		group->slots[group->n] = slot;
		if (!slot)
			return NULL;
		slot->room = n;
	}
	slot->job = (struct nouveau_dmem_job){ };
	mv = &slot->job.move;
	mv->ops = (struct nouveau_dmem_op *)(slot + 1);
	mv->src = (unsigned long *)(mv->ops + slot->room);
	mv->dst = mv->src + slot->room;
	return slot;
}

/* A job has begun in the slot that gathers. */
static void pipe_added(struct nouveau_dmem_pipe *pipe, const struct pipe_slot *slot)
{
	struct pipe_group *group = &pipe->groups[pipe->gathers];

	group->n++;
	group->pages += slot->job.got;
	if (pipe_is_due(pipe))
		pipe_advance(pipe);
}

/**
 * nouveau_dmem_pipe_add - one more migration
 * @pipe: the pipe
 * @vma: all of the pages are in it; mmap_lock held until the flush
 * @part: which pages
 * @source: the mirror that asks, for the way to VRAM; the same until the flush
 *
 * Jobs added before may end in here.
 *
 * Return: 0, -EINVAL for a VMA that can't migrate, -ENOMEM; @done is not called
 * for this part then.
 */
int nouveau_dmem_pipe_add(struct nouveau_dmem_pipe *pipe, struct vm_area_struct *vma,
			  const struct nouveau_dmem_part *part,
			  const struct nouveau_dmem_source *source)
{
	unsigned int first = nouveau_mask_next(&part->mask, 0, true);
	unsigned int end = nouveau_mask_end(&part->mask);
	struct pipe_slot *slot;
	int err;

	if (!pipe->to_vram)
		return min(nouveau_dmem_pipe_add_home(pipe, vma, part, NULL), 0);
	slot = pipe_slot(pipe, end - first);
	if (!slot)
		return -ENOMEM;
	slot->part = *part;
	pipe->source = *source;
	err = nouveau_dmem_to_vram_begin(pipe->ndev, vma, part->base, &part->mask, source->cookie,
					 &slot->job);
	if (!err)
		pipe_added(pipe, slot);
	return err;
}

/**
 * nouveau_dmem_pipe_add_home - one more migration, home
 * @pipe: the pipe
 * @vma: all of the pages are in it; mmap_lock held until the flush
 * @part: which pages, one run
 * @vmf: the CPU's fault on one of them, or NULL
 *
 * Jobs added before may end in here.
 *
 * Return: how many pages there are to move; -EINVAL for a VMA that can't migrate,
 * -ENOMEM; @done is not called for this part then.
 */
int nouveau_dmem_pipe_add_home(struct nouveau_dmem_pipe *pipe, struct vm_area_struct *vma,
			       const struct nouveau_dmem_part *part, struct vm_fault *vmf)
{
	unsigned int first = nouveau_mask_next(&part->mask, 0, true);
	unsigned int end = nouveau_mask_end(&part->mask);
	struct pipe_slot *slot = pipe_slot(pipe, end - first);
	unsigned int collected;
	int err;

	if (!slot)
		return -ENOMEM;
	slot->part = *part;
	err = nouveau_dmem_home_begin(pipe->ndev->dmem, vma,
				      part->base + ((u64)first << PAGE_SHIFT),
				      part->base + ((u64)end << PAGE_SHIFT), vmf, &slot->job);
	if (err)
		return err;
	/* It may have ended when this returns. */
	collected = slot->job.collected;
	pipe_added(pipe, slot);
	return collected;
}

/**
 * nouveau_dmem_pipe_flush - end every job
 * @pipe: the pipe; good for more afterwards
 *
 * Return: 0 or the error of the first job that had one since the last flush.
 */
int nouveau_dmem_pipe_flush(struct nouveau_dmem_pipe *pipe)
{
	int err;

	pipe_advance(pipe);
	while (pipe_submitted(pipe))
		pipe_end_oldest(pipe);
	pipe_trim(pipe, KEEP_SLOTS);
	pipe->pushed = 0;
	err = pipe->err;
	pipe->err = 0;
	return err;
}
