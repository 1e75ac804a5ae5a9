// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Many migrations by address, one after the other, with the copy engine busy.
 *
 * Jobs gather in one group while the copies of the other are running. Whenever
 * the engine has nothing to do, the group that gathers is submitted as one push,
 * however small; so the first job starts at once, and groups grow just as far as
 * the engine is slower than we are. Then the jobs of the group before are ended
 * beneath the copies of this one.
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

/* One copies while one gathers. */
#define GROUPS		2
/* Jobs of one push, at most; they hold 2 MiB of locked pages each. */
#define GROUP_JOBS	(NOUVEAU_DMEM_PIPE_PARTS / GROUPS)

struct pipe_slot {
	struct nouveau_dmem_scratch s;
	struct nouveau_dmem_job job;
	struct nouveau_dmem_part part;
};

struct pipe_group {
	struct pipe_slot *slots[GROUP_JOBS];	/* allocated as they are needed */
	unsigned int n;
	struct dma_fence *fence;	/* of its copies, until its jobs end */
	u64 start_ns;
};

struct nouveau_dmem_pipe {
	struct nouveau_device *ndev;
	bool to_vram;
	nouveau_dmem_done done;
	void *arg;
	struct pipe_group groups[GROUPS];
	unsigned int gathers;		/* index of the group that does */
	int err;			/* of the first job that had one */
};

/**
 * nouveau_dmem_pipe_new - get ready for migrations in one direction
 * @ndev: the GPU
 * @to_vram: the direction
 * @done: called for every job when it has ended
 * @arg: for @done
 *
 * Return: the pipe, NULL without memory.
 */
struct nouveau_dmem_pipe *nouveau_dmem_pipe_new(struct nouveau_device *ndev, bool to_vram,
						nouveau_dmem_done done, void *arg)
{
	struct nouveau_dmem_pipe *pipe = kzalloc_obj(*pipe);

	if (!pipe)
		return NULL;
	pipe->ndev = ndev;
	pipe->to_vram = to_vram;
	pipe->done = done;
	pipe->arg = arg;
	return pipe;
}

/**
 * nouveau_dmem_pipe_del - free a pipe
 * @pipe: flushed
 */
void nouveau_dmem_pipe_del(struct nouveau_dmem_pipe *pipe)
{
	unsigned int g, i;

	if (!pipe)
		return;
	for (g = 0; g < ARRAY_SIZE(pipe->groups); g++)
		for (i = 0; i < GROUP_JOBS; i++)
			kvfree(pipe->groups[g].slots[i]);
	kfree(pipe);
}

/* All copies of a group in one push; NULL when that failed or there were none. */
static struct dma_fence *group_submit(struct nouveau_dmem_pipe *pipe, struct pipe_group *group)
{
	struct nouveau_copy_batch *batch;
	struct dma_fence *fence;
	unsigned int i, ops = 0;
	int err = 0;

	for (i = 0; i < group->n; i++)
		ops += group->slots[i]->job.move.nops;
	if (!ops)
		return NULL;
	group->start_ns = ktime_get_ns();
	batch = nouveau_copy_begin(pipe->ndev, pipe->to_vram ? NOUVEAU_COPY_TO_VRAM :
				   NOUVEAU_COPY_TO_SYS);
	if (IS_ERR(batch))
		return NULL;
	for (i = 0; i < group->n && !err; i++)
		err = nouveau_dmem_move_add(&group->slots[i]->job.move, batch);
	if (err) {
		nouveau_copy_abort(batch);
		return NULL;
	}
	fence = nouveau_copy_submit(batch);
	return IS_ERR(fence) ? NULL : fence;
}

/* Waits for the copies; those that failed are done once more, job by job. */
static void group_end(struct nouveau_dmem_pipe *pipe, struct pipe_group *group)
{
	unsigned int i, copies = 0, clears = 0;
	bool copied = false;

	if (group->fence) {
		dma_fence_wait(group->fence, false);
		copied = dma_fence_get_status(group->fence) > 0;
		for (i = 0; i < group->n; i++) {
			copies += group->slots[i]->job.move.copied;
			clears += group->slots[i]->job.move.cleared;
		}
		trace_nouveau_copy(pipe->to_vram, copies, clears,
				   ktime_get_ns() - group->start_ns, copied ? 0 : -EIO);
		dma_fence_put(group->fence);
		group->fence = NULL;
	}
	for (i = 0; i < group->n; i++) {
		struct pipe_slot *slot = group->slots[i];
		struct nouveau_dmem_result res = { };
		int err = nouveau_dmem_job_end(&slot->job, copied, &res);

		if (!pipe->err)
			pipe->err = err;
		pipe->done(pipe->arg, &slot->part, &res);
	}
	group->n = 0;
}

/* Start the group that gathers; the other one ends beneath its copies. */
static void pipe_advance(struct nouveau_dmem_pipe *pipe)
{
	struct pipe_group *next = &pipe->groups[pipe->gathers];
	struct pipe_group *other = &pipe->groups[!pipe->gathers];

	if (next->n)
		next->fence = group_submit(pipe, next);
	group_end(pipe, other);
	pipe->gathers = !pipe->gathers;
}

/* Whether the engine would have nothing to do until the next job comes. */
static bool pipe_is_idle(struct nouveau_dmem_pipe *pipe)
{
	struct dma_fence *running = pipe->groups[!pipe->gathers].fence;

	return !running || dma_fence_is_signaled(running);
}

static struct pipe_slot *pipe_slot(struct nouveau_dmem_pipe *pipe)
{
	struct pipe_group *group = &pipe->groups[pipe->gathers];

	if (!group->slots[group->n])
		group->slots[group->n] = kvmalloc_obj(struct pipe_slot);
	return group->slots[group->n];
}

/**
 * nouveau_dmem_pipe_add - one more migration
 * @pipe: the pipe
 * @vma: all of the pages are in it; mmap_lock held until the flush
 * @part: which pages
 * @source: the mirror that asks, for the way to VRAM
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
	struct pipe_slot *slot = pipe_slot(pipe);
	u64 first, end;
	int err;

	if (!slot)
		return -ENOMEM;
	first = part->base + ((u64)nouveau_mask_next(&part->mask, 0, true) << PAGE_SHIFT);
	end = part->base + ((u64)nouveau_mask_end(&part->mask) << PAGE_SHIFT);
	slot->part = *part;
	if (pipe->to_vram)
		err = nouveau_dmem_to_vram_begin(pipe->ndev, vma, part->base, &part->mask, source,
						 &slot->s, &slot->job);
	else
		err = nouveau_dmem_to_sys_begin(pipe->ndev, vma, first, end, &slot->s, &slot->job);
	if (err)
		return err;
	pipe->groups[pipe->gathers].n++;
	if (pipe_is_idle(pipe) || pipe->groups[pipe->gathers].n == GROUP_JOBS)
		pipe_advance(pipe);
	return 0;
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
	pipe_advance(pipe);
	err = pipe->err;
	pipe->err = 0;
	return err;
}
