// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Copies and clears for the kernel: buffer moves, page migration.
 *
 * One privileged channel per direction, each on a copy engine of its own, and
 * for each a buffer cut into slots. A batch owns a slot and fills it with
 * methods; neighbours that continue each other in source and destination become
 * one copy. When a slot is full the batch submits it and goes on in the next
 * one: pushes of a channel run in order, so the last fence covers all of them.
 *
 * A channel that died (error, no progress) fails the batches it had. The next
 * batch starts it over in the memory it has: making a new one could need VRAM,
 * hence an eviction, hence a copy.
 *
 * Locks: dir->lock for the slots and for starting the channel over.
 */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "nouveau_chan.h"
#include "nouveau_copy.h"
#include "nouveau_device.h"
#include "nouveau_fence.h"
#include "nouveau_kbuf.h"
#include "tu102_ce.h"

#define SLOTS		8
#define SLOT_BYTES	0x8000

struct copy_slot {
	struct dma_fence *fence;	/* last push from it, or NULL */
	bool owned;			/* by a batch */
};

struct copy_dir {
	struct nouveau_device *ndev;
	enum nouveau_engine engine;
	struct mutex lock;		/* slots, revival; nouveau_lock.h #6 */
	struct nouveau_chan *chan;	/* constant */
	struct nouveau_kbuf buf;
	struct copy_slot slots[SLOTS];
	unsigned int next;
	wait_queue_head_t wait;		/* a slot lost its owner */
};

struct nouveau_copy {
	struct copy_dir dirs[NOUVEAU_COPY_DIRS];
};

/* One launch in the making. */
struct copy_op {
	struct tu102_ce_addr dst, src;
	u64 bytes;
	u32 value;
	bool fill;
};

struct nouveau_copy_batch {
	struct copy_dir *dir;
	struct nouveau_chan *chan;	/* holds a reference */
	unsigned int slot;
	struct nouveau_pb pb;
	struct tu102_ce_state state;
	struct copy_op op;		/* not yet in @pb; empty when bytes is 0 */
	struct dma_fence *next;		/* for the next push; not initialised yet */
	struct dma_fence *last;		/* of the push before, or NULL */
	bool quiet;			/* no interrupts: its owner polls */
};

/* ---- waiting ------------------------------------------------------------------- */

#define SPIN_US		20u
#define NAP_MAX_US	1000u

/*
 * An interrupt is several register accesses, a look at the semaphore is one load.
 * A copy of 2 MiB takes some 200 us, so naps begin shorter than that.
 */
static void copy_poll(struct copy_dir *dir, struct dma_fence *fence)
{
	unsigned int us = SPIN_US, spun;
	ktime_t start = ktime_get();

	for (spun = 0; spun < SPIN_US; spun++) {
		nouveau_chan_poll(dir->chan);
		if (dma_fence_is_signaled(fence))
			return;
		udelay(1);
	}
	for (;;) {
		nouveau_chan_poll(dir->chan);
		if (dma_fence_is_signaled(fence))
			return;
		usleep_range(us, us + us / 4);
		/* Long copies are noticed a little later, in proportion. */
		us = clamp_t(s64, ktime_us_delta(ktime_get(), start) / 8, SPIN_US, NAP_MAX_US);
	}
}

/* ---- slots ------------------------------------------------------------------- */

static bool slot_idle(const struct copy_slot *slot)
{
	return !slot->owned && (!slot->fence || dma_fence_is_signaled(slot->fence));
}

/* An idle slot, or SLOTS; then *busy is a fence to wait for, NULL if all are owned. */
static unsigned int slot_take_locked(struct copy_dir *dir, struct dma_fence **busy)
{
	unsigned int i, n;

	lockdep_assert_held(&dir->lock);
	*busy = NULL;
	for (n = 0; n < SLOTS; n++) {
		i = (dir->next + n) % SLOTS;
		if (slot_idle(&dir->slots[i])) {
			dma_fence_put(dir->slots[i].fence);
			dir->slots[i].fence = NULL;
			dir->slots[i].owned = true;
			dir->next = (i + 1) % SLOTS;
			dma_fence_put(*busy);
			*busy = NULL;
			return i;
		}
		if (!dir->slots[i].owned && !*busy)
			*busy = dma_fence_get(dir->slots[i].fence);
	}
	return SLOTS;
}

static bool slot_any_unowned(struct copy_dir *dir)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (!READ_ONCE(dir->slots[i].owned))
			return true;
	return false;
}

static unsigned int slot_take(struct copy_dir *dir)
{
	struct dma_fence *busy;
	unsigned int i;

	for (;;) {
		nouveau_chan_poll(dir->chan);
		mutex_lock(&dir->lock);
		i = slot_take_locked(dir, &busy);
		mutex_unlock(&dir->lock);
		if (i < SLOTS)
			return i;
		if (busy)
			copy_poll(dir, busy);
		else
			wait_event(dir->wait, slot_any_unowned(dir));
		dma_fence_put(busy);
	}
}

static void slot_release(struct copy_dir *dir, unsigned int i, struct dma_fence *fence)
{
	mutex_lock(&dir->lock);
	dir->slots[i].fence = fence ? dma_fence_get(fence) : NULL;
	WRITE_ONCE(dir->slots[i].owned, false);
	mutex_unlock(&dir->lock);
	wake_up(&dir->wait);
}

static void batch_use_slot(struct nouveau_copy_batch *b, unsigned int slot)
{
	b->slot = slot;
	nouveau_pb_init(&b->pb, b->dir->buf.cpu + slot * SLOT_BYTES, SLOT_BYTES / 4);
	memset(&b->state, 0, sizeof(b->state));
}

/* ---- channels ------------------------------------------------------------------ */

/* The engine's channel, started over if it died. */
static struct nouveau_chan *copy_chan_get(struct copy_dir *dir)
{
	struct nouveau_chan *chan = dir->chan;
	int ret = 0;

	mutex_lock(&dir->lock);
	if (nouveau_chan_is_dead(chan))
		ret = nouveau_chan_revive(chan);
	mutex_unlock(&dir->lock);
	return ret ? ERR_PTR(ret) : nouveau_chan_get(chan);
}

/* ---- batches -------------------------------------------------------------------- */

/**
 * nouveau_copy_begin - open a batch
 * @ndev: device
 * @dir: which engine
 *
 * Sleeps until a slot is free. Must end in nouveau_copy_submit() or
 * nouveau_copy_abort().
 *
 * Return: the batch, or ERR_PTR: -ENOMEM; -ENODEV or -ETIMEDOUT when the engine's
 * channel is dead and cannot be started over.
 */
struct nouveau_copy_batch *nouveau_copy_begin(struct nouveau_device *ndev,
					      enum nouveau_copy_dir dir)
{
	struct nouveau_copy_batch *b;
	struct nouveau_chan *chan;

	b = kzalloc_obj(*b);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->next = nouveau_fence_alloc();
	if (!b->next) {
		kfree(b);
		return ERR_PTR(-ENOMEM);
	}
	b->dir = &ndev->copy->dirs[dir];
	chan = copy_chan_get(b->dir);
	if (IS_ERR(chan)) {
		kfree(b->next);
		kfree(b);
		return ERR_CAST(chan);
	}
	b->chan = chan;
	batch_use_slot(b, slot_take(b->dir));
	return b;
}

static void batch_free(struct nouveau_copy_batch *b)
{
	nouveau_chan_put(b->chan);
	dma_fence_put(b->last);
	kfree(b->next);
	kfree(b);
}

/* The current slot to the channel. The batch has no slot afterwards. */
static int batch_push(struct nouveau_copy_batch *b)
{
	const struct nouveau_push push = {
		.va = b->dir->buf.va + b->slot * SLOT_BYTES,
		.bytes = nouveau_pb_bytes(&b->pb),
	};
	int ret;

	if (WARN_ON(!nouveau_pb_ok(&b->pb)))
		ret = -ENOSPC;
	else
		ret = b->quiet ? nouveau_chan_emit_quiet(b->chan, &push, 1, b->next) :
				 nouveau_chan_emit(b->chan, &push, 1, b->next);
	if (!ret) {
		nouveau_stat_inc(&b->dir->ndev->stats, NOUVEAU_STAT_CE_PUSH);
		dma_fence_put(b->last);
		b->last = b->next;
		b->next = NULL;
	}
	slot_release(b->dir, b->slot, ret ? NULL : b->last);
	b->slot = SLOTS;
	return ret;
}

static int batch_next_slot(struct nouveau_copy_batch *b)
{
	int ret;

	if (b->slot < SLOTS) {
		ret = batch_push(b);
		if (ret)
			return ret;
	}
	if (!b->next)
		b->next = nouveau_fence_alloc();
	if (!b->next)
		return -ENOMEM;
	batch_use_slot(b, slot_take(b->dir));
	return 0;
}

/* The pending operation into the slot, in pieces the engine can take. */
static int batch_flush_op(struct nouveau_copy_batch *b)
{
	struct copy_op *op = &b->op;
	struct nouveau_stats *stats = &b->dir->ndev->stats;

	while (op->bytes) {
		u32 bytes = min_t(u64, op->bytes, TU102_CE_MAX_BYTES);
		int ret;

		if (b->slot == SLOTS || nouveau_pb_space(&b->pb) < TU102_CE_OP_WORDS) {
			ret = batch_next_slot(b);
			if (ret)
				return ret;
		}
		if (op->fill)
			tu102_ce_fill(&b->pb, &b->state, op->dst, bytes, op->value);
		else
			tu102_ce_copy(&b->pb, &b->state, op->dst, op->src, bytes);
		nouveau_stat_inc(stats, NOUVEAU_STAT_CE_COPY);
		nouveau_stat_add(stats, NOUVEAU_STAT_CE_BYTES, bytes);
		op->dst.addr += bytes;
		op->src.addr += bytes;
		op->bytes -= bytes;
	}
	return 0;
}

static bool addr_continues(const struct tu102_ce_addr *a, u64 bytes, const struct tu102_ce_addr *b)
{
	return a->aperture == b->aperture && a->addr + bytes == b->addr;
}

static bool op_continues(const struct copy_op *op, const struct copy_op *next)
{
	if (!op->bytes || op->fill != next->fill)
		return false;
	if (!addr_continues(&op->dst, op->bytes, &next->dst))
		return false;
	return op->fill ? op->value == next->value :
			  addr_continues(&op->src, op->bytes, &next->src);
}

static int batch_add(struct nouveau_copy_batch *b, const struct copy_op *op)
{
	int ret;

	if (op_continues(&b->op, op)) {
		b->op.bytes += op->bytes;
		return 0;
	}
	ret = batch_flush_op(b);
	if (!ret)
		b->op = *op;
	return ret;
}

static struct tu102_ce_addr ce_addr(struct nouveau_copy_addr addr)
{
	return (struct tu102_ce_addr) { .aperture = addr.aperture, .addr = addr.addr };
}

/**
 * nouveau_copy_add - one more copy
 * @b: batch
 * @dst: to
 * @src: from
 * @bytes: how much
 *
 * Copies of a batch are done in no particular order and must not overlap.
 *
 * Return: 0; -EINVAL for 0 bytes; -ENOMEM, -ENODEV, -ETIMEDOUT when a full slot
 * could not be submitted. After an error only nouveau_copy_abort() is left.
 */
int nouveau_copy_add(struct nouveau_copy_batch *b, struct nouveau_copy_addr dst,
		     struct nouveau_copy_addr src, u64 bytes)
{
	const struct copy_op op = { .dst = ce_addr(dst), .src = ce_addr(src), .bytes = bytes };

	return bytes ? batch_add(b, &op) : -EINVAL;
}

/* @bytes is a multiple of 4; errors as nouveau_copy_add(). */
int nouveau_copy_add_fill(struct nouveau_copy_batch *b, struct nouveau_copy_addr dst, u64 bytes,
			  u32 value)
{
	const struct copy_op op = {
		.dst = ce_addr(dst), .bytes = bytes, .value = value, .fill = true,
	};

	return bytes && !(bytes % 4) ? batch_add(b, &op) : -EINVAL;
}

void nouveau_copy_set_quiet(struct nouveau_copy_batch *b)
{
	b->quiet = true;
}

bool nouveau_copy_is_done(struct nouveau_device *ndev, enum nouveau_copy_dir dir,
			  struct dma_fence *fence)
{
	nouveau_chan_poll(ndev->copy->dirs[dir].chan);
	return dma_fence_is_signaled(fence);
}

int nouveau_copy_wait(struct nouveau_device *ndev, enum nouveau_copy_dir dir,
		      struct dma_fence *fence)
{
	copy_poll(&ndev->copy->dirs[dir], fence);
	return min(dma_fence_get_status(fence), 0);
}

struct dma_fence *nouveau_copy_submit(struct nouveau_copy_batch *b)
{
	struct dma_fence *fence;
	int ret;

	ret = batch_flush_op(b);
	if (!ret && b->slot < SLOTS && nouveau_pb_bytes(&b->pb))
		ret = batch_push(b);
	if (ret) {
		nouveau_copy_abort(b);
		return ERR_PTR(ret);
	}
	if (b->slot < SLOTS)
		slot_release(b->dir, b->slot, NULL);
	fence = b->last ? dma_fence_get(b->last) : nouveau_fence_signaled();
	batch_free(b);
	return fence;
}

/*
 * What full slots hold has been submitted already: waits for it, so that the
 * memory may be freed.
 */
void nouveau_copy_abort(struct nouveau_copy_batch *b)
{
	if (b->slot < SLOTS)
		slot_release(b->dir, b->slot, NULL);
	if (b->last)
		copy_poll(b->dir, b->last);
	batch_free(b);
}

/* ---- device ----------------------------------------------------------------------- */

static int copy_dir_init(struct nouveau_device *ndev, struct copy_dir *dir,
			 enum nouveau_engine engine)
{
	struct nouveau_chan *chan;
	int ret;

	dir->ndev = ndev;
	dir->engine = engine;
	mutex_init(&dir->lock);
	init_waitqueue_head(&dir->wait);
	ret = nouveau_kbuf_new(ndev, nouveau_chan_kernel_vm(ndev), SLOTS * SLOT_BYTES, true,
			       &dir->buf);
	if (ret)
		return ret;
	chan = nouveau_chan_new(ndev, nouveau_chan_kernel_vm(ndev), engine,
				NOUVEAU_CHAN_PRIVILEGED);
	if (IS_ERR(chan))
		return PTR_ERR(chan);
	dir->chan = chan;
	return 0;
}

int nouveau_copy_init(struct nouveau_device *ndev)
{
	static const enum nouveau_engine engines[NOUVEAU_COPY_DIRS] = {
		[NOUVEAU_COPY_TO_VRAM] = NOUVEAU_ENGINE_CE0,
		[NOUVEAU_COPY_TO_SYS] = NOUVEAU_ENGINE_CE1,
		[NOUVEAU_COPY_CLEAR] = NOUVEAU_ENGINE_CE2,
	};
	unsigned int i;
	int ret = 0;

	ndev->copy = kzalloc_obj(*ndev->copy);
	if (!ndev->copy)
		return -ENOMEM;
	for (i = 0; i < NOUVEAU_COPY_DIRS && !ret; i++)
		ret = copy_dir_init(ndev, &ndev->copy->dirs[i], engines[i]);
	if (ret)
		nouveau_copy_fini(ndev);
	return ret;
}

/* No batch is open. */
void nouveau_copy_fini(struct nouveau_device *ndev)
{
	unsigned int i, s;

	if (!ndev->copy)
		return;
	for (i = 0; i < NOUVEAU_COPY_DIRS; i++) {
		struct copy_dir *dir = &ndev->copy->dirs[i];

		if (!dir->ndev)
			continue;
		nouveau_chan_put(dir->chan);
		for (s = 0; s < SLOTS; s++)
			dma_fence_put(dir->slots[s].fence);
		nouveau_kbuf_del(ndev, nouveau_chan_kernel_vm(ndev), &dir->buf);
	}
	kfree(ndev->copy);
	ndev->copy = NULL;
}
