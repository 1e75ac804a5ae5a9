// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Taking a channel off the hardware, whatever state it or others have left that in.
 *
 * The order is the "Channel Teardown Sequence" of dev_fifo: block the runlist,
 * disable the channel, preempt, wait for PBDMAs and then for engines to let go,
 * reset an engine that does not, submit a list without the channel, unblock.
 * Other channels of the runlist are never disabled; they wait meanwhile and go on
 * from their saved contexts.
 *
 * What makes it safe for them:
 *  - A PBDMA or an engine may be stopped by the error of another channel, which then
 *    holds up the preemption: it is seen to here, not left to an interrupt handler
 *    that would have to wait for this to end.
 *  - An engine is reset only under a channel that is dead, and not before the
 *    PBDMAs have let go of everybody who is not: a PBDMA that has a channel loaded
 *    while an engine of its runlist is reset stops with ENG_RESET, which the manual
 *    calls potentially fatal for that channel.
 *  - Should one be slower than all patience, ENG_RESET does not kill it either: its
 *    context was not on the engine, so nothing of it is lost (tu102_fifo_intr.c).
 *
 * Locks: fifo->lock throughout.
 */
#include <linux/delay.h>

#include <nvhw/tu104/dev_boot.h>

#include "nouveau_stats.h"
#include "tu102_fifo_priv.h"

/* How long an engine gets to save the context of a channel that is removed. */
#define ENGINE_PATIENCE_US	20000
/* A context that has not left its engine by then never will: it hangs. */
#define HANG_US			4000000
/* Who gives up here leaves Host with a channel that is about to be freed. */
#define PREEMPT_TIMEOUT_US	10000000

/* Is @chan's TSG on a unit with this ENGINE_STATUS or PBDMA_STATUS (same layout)? */
static bool status_holds(u32 status, const struct tu102_hwchan *chan)
{
	switch (NV_GET(status, NV_PFIFO_ENGINE_STATUS_CTX_STATUS)) {
	case NV_PFIFO_ENGINE_STATUS_CTX_STATUS_INVALID:
		return false;
	case NV_PFIFO_ENGINE_STATUS_CTX_STATUS_CTXSW_LOAD:
		return NV_GET(status, NV_PFIFO_ENGINE_STATUS_NEXT_ID) == chan->chid;
	case NV_PFIFO_ENGINE_STATUS_CTX_STATUS_CTXSW_SWITCH:
		return true;	/* ids are in motion: look again */
	default:
		return NV_GET(status, NV_PFIFO_ENGINE_STATUS_ID) == chan->chid;
	}
}

/* The same, and it is known: while ids are in motion nobody is to blame. */
static bool status_names(u32 status, const struct tu102_hwchan *chan)
{
	return !NV_IS(status, NV_PFIFO_ENGINE_STATUS_CTX_STATUS, _CTXSW_SWITCH) &&
	       status_holds(status, chan);
}

/* Who still is where, one bit for each PBDMA and engine of a runlist. */
struct holders {
	bool chan;		/* the one that is removed, anywhere */
	bool innocent;		/* a channel that lives, on a PBDMA */
	u32 dead_engines;	/* hold a channel that is stopped and not removed yet */
	u32 hung_engines;	/* hold one that lives */
};

static struct holders holders_look_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl,
					  const struct tu102_hwchan *chan)
{
	struct tu102_hwchan *other;
	unsigned long bits;
	struct holders h = { };
	unsigned int i;
	u32 status;

	lockdep_assert_held(&fifo->lock);
	bits = rl->pbdmas;
	for_each_set_bit(i, &bits, TU102_PBDMAS) {
		status = nv_rd32(fifo->ndev, NV_PFIFO_PBDMA_STATUS(i));
		h.chan |= status_holds(status, chan);
		list_for_each_entry(other, &rl->chans, link)
			h.innocent |= !READ_ONCE(other->stopped) && status_holds(status, other);
	}
	bits = rl->engines;
	for_each_set_bit(i, &bits, NV_PFIFO_ENGINE_STATUS__SIZE_1) {
		status = nv_rd32(fifo->ndev, NV_PFIFO_ENGINE_STATUS(i));
		h.chan |= status_holds(status, chan);
		list_for_each_entry(other, &rl->chans, link) {
			if (!status_names(status, other))
				continue;
			if (READ_ONCE(other->stopped))
				h.dead_engines |= BIT(i);
			else
				h.hung_engines |= BIT(i);
		}
	}
	return h;
}

static void engine_reset_locked(struct nouveau_fifo *fifo, const struct tu102_engine *dev)
{
	const struct tu102_fifo_ops *ops = tu102_fifo_get_ops(fifo->ndev);
	struct nouveau_device *ndev = fifo->ndev;
	u32 enable;

	lockdep_assert_held(&fifo->lock);
	enable = nv_rd32(ndev, NV_PMC_ENABLE);
	nv_wr32(ndev, NV_PMC_ENABLE, enable & ~BIT(dev->reset));
	nv_rd32(ndev, NV_PMC_ENABLE);
	nv_wr32(ndev, NV_PMC_ENABLE, enable);
	nv_rd32(ndev, NV_PMC_ENABLE);
	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_ENGINE_RESET);
	if (ops)
		ops->engine_reset(ndev, dev);
}

/*
 * An engine that stopped with an exception, or a kernel that cannot be
 * interrupted, does not give its context up: @chan's, or that of another channel
 * that died with it and whose removal comes after this one's.
 */
static void engines_reset_locked(struct nouveau_fifo *fifo, u32 engines,
				 const struct tu102_hwchan *chan)
{
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	for (i = 0; i < fifo->nr_devices; i++) {
		const struct tu102_engine *dev = &fifo->devices[i];

		if (!(engines & BIT(dev->id)))
			continue;
		dev_info(&fifo->ndev->pdev->dev, "engine %u: reset under channel %u\n", dev->id,
			 chan->chid);
		engine_reset_locked(fifo, dev);
	}
}

/* Nobody else will: the work item that does is behind this, for the lock or in the queue. */
static void engines_service_locked(struct nouveau_fifo *fifo, u32 engines)
{
	const struct tu102_fifo_ops *ops = tu102_fifo_get_ops(fifo->ndev);
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	for (i = 0; ops && i < fifo->nr_devices; i++)
		if (engines & BIT(fifo->devices[i].id))
			ops->engine_service(fifo->ndev, &fifo->devices[i]);
}

/* Whoever is on them has had all the time in the world. */
static void blame_hung_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl, u32 engines)
{
	unsigned long bits = engines;
	struct tu102_hwchan *chan;
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	for_each_set_bit(i, &bits, NV_PFIFO_ENGINE_STATUS__SIZE_1) {
		u32 status = nv_rd32(fifo->ndev, NV_PFIFO_ENGINE_STATUS(i));

		list_for_each_entry(chan, &rl->chans, link)
			if (!READ_ONCE(chan->stopped) && status_names(status, chan))
				tu102_fifo_blame_locked(fifo, chan, "hangs its engine");
	}
}

static int runlist_preempt_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl,
				  const struct tu102_hwchan *chan)
{
	struct nouveau_device *ndev = fifo->ndev;
	unsigned long pbdmas = rl->pbdmas;
	ktime_t start = ktime_get();
	struct holders h;
	u32 reset = 0;
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	nv_wr32(ndev, NV_PFIFO_RUNLIST_PREEMPT, BIT(rl->id));
	for (;;) {
		s64 us = ktime_us_delta(ktime_get(), start);

		for_each_set_bit(i, &pbdmas, TU102_PBDMAS)
			tu102_pbdma_service_locked(fifo, rl, i, true);
		h = holders_look_locked(fifo, rl, chan);
		if (!h.chan && !(nv_rd32(ndev, NV_PFIFO_RUNLIST_PREEMPT) & BIT(rl->id)))
			return 0;
		if (us > PREEMPT_TIMEOUT_US)
			return -ETIMEDOUT;
		engines_service_locked(fifo, h.dead_engines | h.hung_engines);
		if (us > HANG_US)
			blame_hung_locked(fifo, rl, h.hung_engines);
		if (us > HANG_US || (us > ENGINE_PATIENCE_US && !h.innocent)) {
			engines_reset_locked(fifo, h.dead_engines & ~reset, chan);
			reset |= h.dead_engines;
		}
		usleep_range(50, 200);
	}
}

/*
 * A PBDMA may have stopped once more after the last look and then been switched
 * out: its error names a channel that is gone, and nobody else will mend it.
 */
static void unstall_empty_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl)
{
	unsigned long pbdmas = rl->pbdmas;
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	for_each_set_bit(i, &pbdmas, TU102_PBDMAS)
		if (test_bit(i, &fifo->masked) &&
		    NV_IS(nv_rd32(fifo->ndev, NV_PFIFO_PBDMA_STATUS(i)),
			  NV_PFIFO_PBDMA_STATUS_CHAN_STATUS, _INVALID))
			tu102_pbdma_unstall_locked(fifo, i);
}

/**
 * tu102_fifo_remove - take a channel off the hardware
 * @ndev: device
 * @chan: the channel; nothing happens when it is off already
 *
 * Return: 0, or -ETIMEDOUT when Host hangs. The channel counts as gone either
 * way.
 */
int tu102_fifo_remove(struct nouveau_device *ndev, struct tu102_hwchan *chan)
{
	struct nouveau_fifo *fifo = ndev->fifo;
	struct tu102_runlist *rl = &fifo->runlists[chan->runlist];
	u32 disabled;
	int ret, err;

	mutex_lock(&fifo->lock);
	if (!chan->bound) {
		mutex_unlock(&fifo->lock);
		return 0;
	}
	disabled = nv_rd32(ndev, NV_PFIFO_SCHED_DISABLE);
	nv_wr32(ndev, NV_PFIFO_SCHED_DISABLE, disabled | BIT(rl->id));
	tu102_fifo_stop(ndev, chan);
	ret = runlist_preempt_locked(fifo, rl, chan);

	list_del(&chan->link);
	rl->nr_chans--;
	WRITE_ONCE(chan->bound, false);
	unstall_empty_locked(fifo, rl);
	/* A FAULTED bit would outlive the channel and stop the next one with its id. */
	nv_wr32(ndev, NV_PCCSR_CHANNEL(chan->chid),
		NV_DEF(NV_PCCSR_CHANNEL_ENABLE_CLR, _TRUE) |
		NV_DEF(NV_PCCSR_CHANNEL_PBDMA_FAULTED, _TRUE) |
		NV_DEF(NV_PCCSR_CHANNEL_ENG_FAULTED, _TRUE));
	/* Blocked scheduling does not block fetching the list. */
	err = tu102_runlist_submit_locked(fifo, rl);
	tu102_channel_bind(ndev, chan, false);
	nv_wr32(ndev, NV_PFIFO_SCHED_DISABLE, disabled & ~BIT(rl->id));
	mutex_unlock(&fifo->lock);
	if (ret || err) {
		nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_REMOVAL_TIMEOUT);
		dev_err(&ndev->pdev->dev, "channel %u: removal: %pe\n", chan->chid,
			ERR_PTR(ret ?: err));
	}
	return ret ?: err;
}
