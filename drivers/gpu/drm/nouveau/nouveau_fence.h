/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_FENCE_H__
#define __NOUVEAU_FENCE_H__

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

/**
 * struct nouveau_fence_ctx - the fences of one channel, in order
 *
 * The channel writes a 64-bit sequence number to memory and raises its
 * non-stall interrupt; whoever calls nouveau_fence_process() then signals what
 * has been reached. Fences keep a pointer to this until they are signalled;
 * its memory must be freed by RCU.
 */
struct nouveau_fence_ctx {
	/** @lock: all of the below; level 7, interrupts off */
	spinlock_t lock;
	/** @pending: struct nouveau_fence, oldest first */
	struct list_head pending;
	/** @sem: where the GPU writes the number; NULL once the memory is gone */
	const u64 *sem;
	/** @seqno: of the last fence emitted */
	u64 seqno;
	/** @done: cookie of the last fence signalled, for ring space */
	u64 done;
	/** @frozen: channel is dead: no fence succeeds any more */
	bool frozen;
	/** @context: dma_fence context number */
	u64 context;
	/** @wait: woken whenever @done moves or the context dies */
	wait_queue_head_t wait;
	/** @name: timeline name */
	char name[32];
};

void nouveau_fence_ctx_init(struct nouveau_fence_ctx *ctx, const u64 *sem, const char *name);
/* A fence without a place yet; kfree() if it never gets one. Allocates. */
struct dma_fence *nouveau_fence_alloc(void);
/*
 * Next in line: initialises @fence, returns the number to release. The caller
 * serialises calls against the order in which it submits. @cookie is what @done
 * becomes.
 */
u64 nouveau_fence_emit(struct nouveau_fence_ctx *ctx, struct dma_fence *fence, u64 cookie);
/* Signal what has been reached. Any context. Returns whether fences remain. */
bool nouveau_fence_process(struct nouveau_fence_ctx *ctx);
/* From now on nothing succeeds; takes a last look first. Any context. */
void nouveau_fence_freeze(struct nouveau_fence_ctx *ctx);
/* All that is pending fails with @err (< 0). Frozen before. */
void nouveau_fence_fail(struct nouveau_fence_ctx *ctx, int err);
/* After failures: fences may succeed again, from cookie @done on. */
void nouveau_fence_thaw(struct nouveau_fence_ctx *ctx, u64 done);
/* The memory behind @sem goes away. Nothing is pending. */
void nouveau_fence_ctx_detach(struct nouveau_fence_ctx *ctx);
/* Age of the oldest pending fence, 0 when there is none. */
ktime_t nouveau_fence_age(struct nouveau_fence_ctx *ctx);
/*
 * One of nouveau_fence_alloc() that belongs to no channel and is over, with
 * @err (<= 0) as its result. It is reference counted from here on.
 */
void nouveau_fence_finish(struct dma_fence *fence, int err);
/* A fence that is signalled already. */
struct dma_fence *nouveau_fence_signaled(void);

#endif
