// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A channel's ring: what is submitted to it, and until it is done.
 *
 * The ring is a GPFIFO and, entry for entry, a tail of 32 bytes: the methods that
 * release the semaphore and raise the non-stall interrupt, at the end of each
 * submission. The channel can read its ring but not write it.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include <nvhw/class/clc46f.h>

#include "nouveau_chan_priv.h"
#include "nouveau_push.h"

#define ROOM_TIMEOUT	(10 * HZ)

static unsigned int chan_room(const struct nouveau_chan *chan)
{
	return CHAN_RING_ENTRIES - 1 - (unsigned int)(chan->put - READ_ONCE(chan->fences.done));
}

static void chan_write_gp_locked(struct nouveau_chan *chan, u64 va, u32 bytes, bool wait)
{
	u32 *gp = chan->ring.cpu;

	lockdep_assert_held(&chan->lock);
	nouveau_gp_entry(&gp[(chan->put % CHAN_RING_ENTRIES) * 2], va, bytes, wait);
	chan->put++;
}

/* Release of @seqno and maybe an interrupt, in the tail that belongs to the next entry. */
static void chan_write_tail_locked(struct nouveau_chan *chan, u64 seqno, bool quiet)
{
	u32 offset = CHAN_TAILS_OFFSET + (chan->put % CHAN_RING_ENTRIES) * CHAN_TAIL_WORDS * 4;
	struct nouveau_pb pb;

	lockdep_assert_held(&chan->lock);
	nouveau_pb_init(&pb, chan->ring.cpu + offset, CHAN_TAIL_WORDS);
	nouveau_pb_release(&pb, chan->sem.va, seqno, true);
	if (!quiet)
		nouveau_pb_imm(&pb, 0, NVC46F_NON_STALL_INTERRUPT, 0);
	WARN_ON_ONCE(!nouveau_pb_ok(&pb));
	chan_write_gp_locked(chan, chan->ring.va + offset, nouveau_pb_bytes(&pb), false);
}

static int chan_emit(struct nouveau_chan *chan, const struct nouveau_push *push, unsigned int n,
		     struct dma_fence *fence, bool quiet)
{
	unsigned int i;
	long left;
	u64 seqno;

	if (n >= CHAN_RING_ENTRIES - 1)
		return -EINVAL;
	if (nouveau_fails())
		return -ETIMEDOUT;
	mutex_lock(&chan->lock);
	left = wait_event_timeout(chan->fences.wait,
				  READ_ONCE(chan->dead) || chan_room(chan) > n, ROOM_TIMEOUT);
	if (READ_ONCE(chan->dead) || !chan->attached || !left) {
		mutex_unlock(&chan->lock);
		return chan->dead || left ? -ENODEV : -ETIMEDOUT;
	}
	for (i = 0; i < n; i++)
		chan_write_gp_locked(chan, push[i].va, push[i].bytes, push[i].no_prefetch);
	seqno = nouveau_fence_emit(&chan->fences, fence, chan->put + 1);
	chan_write_tail_locked(chan, seqno, quiet);
	/* Entries and methods before GP_PUT; the doorbell orders itself. */
	dma_wmb();
	WRITE_ONCE(*chan->hw.gp_put, chan->put % CHAN_RING_ENTRIES);
	nouveau_stat_inc(&chan->ndev->stats, NOUVEAU_STAT_SUBMIT);
	tu102_fifo_ring(chan->ndev, &chan->hw);
	mutex_unlock(&chan->lock);
	nouveau_chans_arm_watchdog(chan->ndev);
	return 0;
}

int nouveau_chan_emit(struct nouveau_chan *chan, const struct nouveau_push *push, unsigned int n,
		      struct dma_fence *fence)
{
	return chan_emit(chan, push, n, fence, false);
}

int nouveau_chan_emit_quiet(struct nouveau_chan *chan, const struct nouveau_push *push,
			    unsigned int n, struct dma_fence *fence)
{
	return chan_emit(chan, push, n, fence, true);
}

void nouveau_chan_poll(struct nouveau_chan *chan)
{
	nouveau_fence_process(&chan->fences);
}

struct dma_fence *nouveau_chan_submit(struct nouveau_chan *chan, const struct nouveau_push *push,
				      unsigned int n)
{
	struct dma_fence *fence = nouveau_fence_alloc();
	int ret;

	if (!fence)
		return ERR_PTR(-ENOMEM);
	ret = nouveau_chan_emit(chan, push, n, fence);
	if (ret) {
		kfree(fence);
		return ERR_PTR(ret);
	}
	return fence;
}

static bool chan_is_idle(struct nouveau_chan *chan)
{
	return READ_ONCE(chan->fences.done) == READ_ONCE(chan->put);
}

int nouveau_chan_idle(struct nouveau_chan *chan, unsigned int timeout_ms, bool interruptible)
{
	unsigned long timeout = msecs_to_jiffies(timeout_ms);
	long left;

	if (interruptible)
		left = wait_event_interruptible_timeout(chan->fences.wait, chan_is_idle(chan),
							timeout);
	else
		left = wait_event_timeout(chan->fences.wait, chan_is_idle(chan), timeout);
	return left < 0 ? left : left ? 0 : -ETIME;
}
