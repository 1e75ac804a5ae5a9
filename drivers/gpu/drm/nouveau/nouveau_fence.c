// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * dma_fence on a sequence number in coherent memory.
 *
 * No wakeup can be lost: a fence is on the list before its number can appear in
 * memory, the GPU writes the number before it raises the interrupt, and the
 * handler reads the number after it has acknowledged the interrupt. Should an
 * interrupt be lost all the same, the watchdog of nouveau_chan.c looks.
 *
 * Fences have no release and no signaled callback, so that a signalled fence
 * needs neither this module nor the channel any more.
 */
#include <linux/slab.h>

#include "nouveau_fence.h"

struct nouveau_fence {
	struct dma_fence base;		/* first: dma_fence_free() frees it */
	struct list_head link;		/* ctx->pending; holds a reference */
	struct nouveau_fence_ctx *ctx;
	u64 cookie;
	ktime_t emitted;
};

static struct nouveau_fence *to_fence(struct dma_fence *base)
{
	return container_of(base, struct nouveau_fence, base);
}

static const char *fence_driver_name(struct dma_fence *base)
{
	return "nouveau";
}

static const char *fence_timeline_name(struct dma_fence *base)
{
	return to_fence(base)->ctx->name;
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_driver_name,
	.get_timeline_name = fence_timeline_name,
};

static const char *finished_timeline_name(struct dma_fence *base)
{
	return "finished";
}

static const struct dma_fence_ops finished_ops = {
	.get_driver_name = fence_driver_name,
	.get_timeline_name = finished_timeline_name,
};

void nouveau_fence_finish(struct dma_fence *base, int err)
{
	dma_fence_init64(base, &finished_ops, NULL, dma_fence_context_alloc(1), 1);
	if (err)
		dma_fence_set_error(base, err);
	dma_fence_signal(base);
}

void nouveau_fence_ctx_init(struct nouveau_fence_ctx *ctx, const u64 *sem, const char *name)
{
	spin_lock_init(&ctx->lock);
	INIT_LIST_HEAD(&ctx->pending);
	init_waitqueue_head(&ctx->wait);
	ctx->sem = sem;
	ctx->seqno = 0;
	ctx->done = 0;
	ctx->frozen = false;
	ctx->context = dma_fence_context_alloc(1);
	strscpy(ctx->name, name);
}

struct dma_fence *nouveau_fence_alloc(void)
{
	struct nouveau_fence *fence;

	static_assert(offsetof(struct nouveau_fence, base) == 0);
	fence = kzalloc_obj(*fence);
	return fence ? &fence->base : NULL;
}

u64 nouveau_fence_emit(struct nouveau_fence_ctx *ctx, struct dma_fence *base, u64 cookie)
{
	struct nouveau_fence *fence = to_fence(base);
	unsigned long flags;
	u64 seqno;

	spin_lock_irqsave(&ctx->lock, flags);
	seqno = ++ctx->seqno;
	fence->ctx = ctx;
	fence->cookie = cookie;
	fence->emitted = ktime_get();
	dma_fence_init64(base, &fence_ops, NULL, ctx->context, seqno);
	dma_fence_get(base);
	list_add_tail(&fence->link, &ctx->pending);
	spin_unlock_irqrestore(&ctx->lock, flags);
	return seqno;
}

/* Signals under ctx->lock, so that fences of a context signal in order. */
static void fence_retire_locked(struct nouveau_fence_ctx *ctx, struct nouveau_fence *fence, int err)
{
	lockdep_assert_held(&ctx->lock);
	list_del(&fence->link);
	WRITE_ONCE(ctx->done, fence->cookie);
	if (err)
		dma_fence_set_error(&fence->base, err);
	dma_fence_signal(&fence->base);
	dma_fence_put(&fence->base);
}

static void fence_process_locked(struct nouveau_fence_ctx *ctx)
{
	struct nouveau_fence *fence, *tmp;
	bool woke = false;
	u64 seqno;

	lockdep_assert_held(&ctx->lock);
	if (!ctx->sem || ctx->frozen)
		return;
	seqno = READ_ONCE(*ctx->sem);
	/* What the fence guards is read after the number that says it is there. */
	dma_rmb();
	list_for_each_entry_safe(fence, tmp, &ctx->pending, link) {
		if (fence->base.seqno > seqno)
			break;
		fence_retire_locked(ctx, fence, 0);
		woke = true;
	}
	if (woke)
		wake_up_all(&ctx->wait);
}

bool nouveau_fence_process(struct nouveau_fence_ctx *ctx)
{
	unsigned long flags;
	bool pending;

	spin_lock_irqsave(&ctx->lock, flags);
	fence_process_locked(ctx);
	pending = !list_empty(&ctx->pending);
	spin_unlock_irqrestore(&ctx->lock, flags);
	return pending;
}

void nouveau_fence_freeze(struct nouveau_fence_ctx *ctx)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->lock, flags);
	fence_process_locked(ctx);
	ctx->frozen = true;
	wake_up_all(&ctx->wait);
	spin_unlock_irqrestore(&ctx->lock, flags);
}

void nouveau_fence_fail(struct nouveau_fence_ctx *ctx, int err)
{
	struct nouveau_fence *fence, *tmp;
	unsigned long flags;

	spin_lock_irqsave(&ctx->lock, flags);
	WARN_ON(!ctx->frozen);
	list_for_each_entry_safe(fence, tmp, &ctx->pending, link)
		fence_retire_locked(ctx, fence, err);
	wake_up_all(&ctx->wait);
	spin_unlock_irqrestore(&ctx->lock, flags);
}

void nouveau_fence_thaw(struct nouveau_fence_ctx *ctx, u64 done)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->lock, flags);
	WARN_ON(!list_empty(&ctx->pending));
	ctx->frozen = false;
	ctx->done = done;
	spin_unlock_irqrestore(&ctx->lock, flags);
}

void nouveau_fence_ctx_detach(struct nouveau_fence_ctx *ctx)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->lock, flags);
	WARN_ON(!list_empty(&ctx->pending));
	ctx->sem = NULL;
	spin_unlock_irqrestore(&ctx->lock, flags);
}

ktime_t nouveau_fence_age(struct nouveau_fence_ctx *ctx)
{
	struct nouveau_fence *fence;
	unsigned long flags;
	ktime_t age = 0;

	spin_lock_irqsave(&ctx->lock, flags);
	fence = list_first_entry_or_null(&ctx->pending, struct nouveau_fence, link);
	if (fence)
		age = ktime_sub(ktime_get(), fence->emitted);
	spin_unlock_irqrestore(&ctx->lock, flags);
	return age;
}

struct dma_fence *nouveau_fence_signaled(void)
{
	return dma_fence_get_stub();
}
