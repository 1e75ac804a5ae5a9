// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Host: runlists, channel RAM, doorbell.
 *
 * Knows channels only as struct tu102_hwchan: an instance block and a USERD
 * that someone else filled. A runlist is rebuilt whole, in the one of its two
 * buffers that Host does not read, and submitted; Host then goes on from the
 * new list. Taking a channel off follows the recovery order of dev_fifo: block
 * the runlist, disable the channel, preempt, wait for PBDMAs and engines to
 * let go (mending what stalls them), submit a list without it, unblock. Other
 * channels are never disabled; they merely wait meanwhile.
 *
 * Locks: fifo->lock for runlists and binding. Interrupts are tu102_fifo_intr.c.
 */
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/slab.h>

#include <nvhw/tu104/dev_boot.h>
#include <nvhw/tu104/dev_ctrl.h>
#include <nvhw/tu104/dev_vm.h>

#include "tu102_fifo_priv.h"
#include "tu102_inst.h"

#define VF(reg)			(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + (reg))

/* Two entries, TSG and channel, for each of 1024 channels per runlist. */
#define RUNLIST_CHANS		1024
#define RUNLIST_BYTES		(RUNLIST_CHANS * 2 * NV_RAMRL_ENTRY_SIZE)

/*
 * In units of 1024 << 3 ns. The manual's default is 128, about 1 ms. Kernel
 * channels share a runlist with TLB invalidates, which notifiers spin for.
 */
#define TIMESLICE_SCALE		NV_RAMRL_ENTRY_TSG_TIMESLICE_SCALE_3
#define TIMESLICE_DEFAULT	NV_RAMRL_ENTRY_TSG_TIMESLICE_TIMEOUT_128
#define TIMESLICE_SHORT		8

/* How long an engine gets to save the context of a channel that is removed. */
#define ENGINE_PATIENCE_US	20000
/* Who gives up here leaves Host with a channel that is about to be freed. */
#define PREEMPT_TIMEOUT_US	10000000

static int runlist_submit_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl)
{
	struct nouveau_device *ndev = fifo->ndev;
	struct nouveau_mem *mem = &rl->mem[rl->next];
	struct tu102_hwchan *chan;
	unsigned int n = 0;
	u32 info;

	lockdep_assert_held(&fifo->lock);

	list_for_each_entry(chan, &rl->chans, link) {
		u32 entry[2][TU102_RL_ENTRY_WORDS];

		tu102_runlist_tsg(entry[0], chan->chid, 1, chan->short_timeslice ?
				  TIMESLICE_SHORT : TIMESLICE_DEFAULT, TIMESLICE_SCALE);
		tu102_runlist_chan(entry[1], chan->chid, chan->inst, chan->userd, 0);
		memcpy_toio(mem->map + n * NV_RAMRL_ENTRY_SIZE, entry, sizeof(entry));
		n += 2;
	}
	nouveau_mem_flush(ndev);

	nv_wr32(ndev, NV_PFIFO_RUNLIST_BASE_LO(rl->id),
		NV_DEF(NV_PFIFO_RUNLIST_BASE_LO_TARGET, _VID_MEM) |
		NV_NUM(NV_PFIFO_RUNLIST_BASE_LO_PTR_LO, mem->addr >> 12));
	nv_wr32(ndev, NV_PFIFO_RUNLIST_BASE_HI(rl->id),
		NV_NUM(NV_PFIFO_RUNLIST_BASE_HI_PTR_HI, mem->addr >> 32));
	nv_wr32(ndev, NV_PFIFO_RUNLIST_SUBMIT(rl->id),
		NV_NUM(NV_PFIFO_RUNLIST_SUBMIT_LENGTH, n));
	rl->next ^= 1;
	return read_poll_timeout(nv_rd32, info,
				 !NV_GET(info, NV_PFIFO_RUNLIST_SUBMIT_INFO_PENDING),
				 50, TU102_TIMEOUT_US, false,
				 ndev, NV_PFIFO_RUNLIST_SUBMIT_INFO(rl->id));
}

static void channel_bind(struct nouveau_device *ndev, const struct tu102_hwchan *chan, bool bind)
{
	nv_wr32(ndev, NV_PCCSR_CHANNEL_INST(chan->chid),
		!bind ? 0 : NV_DEF(NV_PCCSR_CHANNEL_INST_BIND, _TRUE) |
			    NV_DEF(NV_PCCSR_CHANNEL_INST_TARGET, _VID_MEM) |
			    NV_NUM(NV_PCCSR_CHANNEL_INST_PTR, chan->inst >> 12));
}

/**
 * tu102_fifo_add - let Host run a channel
 * @ndev: device
 * @chan: inst, userd, gp_put, chid and runlist are set
 *
 * Return: 0; -ENOSPC when the runlist is full; -ETIMEDOUT when Host does not
 * take the list. The channel is off the hardware after an error.
 */
int tu102_fifo_add(struct nouveau_device *ndev, struct tu102_hwchan *chan)
{
	struct nouveau_fifo *fifo = ndev->fifo;
	struct tu102_runlist *rl = &fifo->runlists[chan->runlist];
	int ret;

	mutex_lock(&fifo->lock);
	if (rl->nr_chans == RUNLIST_CHANS) {
		mutex_unlock(&fifo->lock);
		return -ENOSPC;
	}
	WRITE_ONCE(chan->stopped, false);
	channel_bind(ndev, chan, true);
	nv_wr32(ndev, NV_PCCSR_CHANNEL(chan->chid), NV_DEF(NV_PCCSR_CHANNEL_ENABLE_SET, _TRUE));
	list_add_tail(&chan->link, &rl->chans);
	rl->nr_chans++;
	WRITE_ONCE(chan->bound, true);
	ret = runlist_submit_locked(fifo, rl);
	mutex_unlock(&fifo->lock);
	if (ret) {
		dev_err(&ndev->pdev->dev, "runlist %u: submit: %pe\n", rl->id, ERR_PTR(ret));
		tu102_fifo_remove(ndev, chan);
	}
	return ret;
}

void tu102_fifo_stop(struct nouveau_device *ndev, struct tu102_hwchan *chan)
{
	WRITE_ONCE(chan->stopped, true);
	nv_wr32(ndev, NV_PCCSR_CHANNEL(chan->chid), NV_DEF(NV_PCCSR_CHANNEL_ENABLE_CLR, _TRUE));
}

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

/* Mask of engines that hold a channel which is stopped and has not been removed yet. */
static u32 dead_engines_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl)
{
	unsigned long bits = rl->engines;
	struct tu102_hwchan *chan;
	unsigned int i;
	u32 dead = 0;

	lockdep_assert_held(&fifo->lock);
	for_each_set_bit(i, &bits, NV_PFIFO_ENGINE_STATUS__SIZE_1) {
		u32 status = nv_rd32(fifo->ndev, NV_PFIFO_ENGINE_STATUS(i));

		list_for_each_entry(chan, &rl->chans, link)
			if (READ_ONCE(chan->stopped) && status_holds(status, chan))
				dead |= BIT(i);
	}
	return dead;
}

/* Mask of PBDMAs and engines (from bit 16 on) that hold @chan. */
static u32 holders_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl,
			  const struct tu102_hwchan *chan)
{
	u32 held = 0;
	unsigned long bits;
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	bits = rl->pbdmas;
	for_each_set_bit(i, &bits, TU102_PBDMAS)
		if (status_holds(nv_rd32(fifo->ndev, NV_PFIFO_PBDMA_STATUS(i)), chan)) {
			tu102_pbdma_unstall(fifo->ndev, i);
			held |= BIT(i);
		}
	bits = rl->engines;
	for_each_set_bit(i, &bits, NV_PFIFO_ENGINE_STATUS__SIZE_1)
		if (status_holds(nv_rd32(fifo->ndev, NV_PFIFO_ENGINE_STATUS(i)), chan))
			held |= BIT(16 + i);
	return held;
}

/*
 * An engine that stopped with an exception, or a kernel that cannot be
 * interrupted, does not give its context up. Other channels have been switched
 * out by now, contexts saved; only a dead one is on the engine and lost: this
 * one, or another that died with it and whose removal comes after this one's.
 */
static void engines_reset_locked(struct nouveau_fifo *fifo, u32 engines,
				 const struct tu102_hwchan *chan)
{
	struct nouveau_device *ndev = fifo->ndev;
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	for (i = 0; i < fifo->nr_devices; i++) {
		const struct tu102_engine *dev = &fifo->devices[i];
		u32 enable;

		if (!(engines & BIT(dev->id)))
			continue;
		dev_info(&ndev->pdev->dev, "engine %u: reset under channel %u\n", dev->id,
			 chan->chid);
		enable = nv_rd32(ndev, NV_PMC_ENABLE);
		nv_wr32(ndev, NV_PMC_ENABLE, enable & ~BIT(dev->reset));
		nv_rd32(ndev, NV_PMC_ENABLE);
		nv_wr32(ndev, NV_PMC_ENABLE, enable);
		nv_rd32(ndev, NV_PMC_ENABLE);
	}
}

static int runlist_preempt_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl,
				  const struct tu102_hwchan *chan)
{
	struct nouveau_device *ndev = fifo->ndev;
	ktime_t start = ktime_get();
	ktime_t patience = ktime_add_us(start, ENGINE_PATIENCE_US);
	ktime_t end = ktime_add_us(start, PREEMPT_TIMEOUT_US);
	u32 held, reset = 0;

	lockdep_assert_held(&fifo->lock);
	nv_wr32(ndev, NV_PFIFO_RUNLIST_PREEMPT, BIT(rl->id));
	for (;;) {
		held = holders_locked(fifo, rl, chan);
		if (!held && !(nv_rd32(ndev, NV_PFIFO_RUNLIST_PREEMPT) & BIT(rl->id)))
			return 0;
		if (ktime_after(ktime_get(), end))
			return -ETIMEDOUT;
		if (ktime_after(ktime_get(), patience)) {
			held = dead_engines_locked(fifo, rl) & ~reset;
			if (held)
				engines_reset_locked(fifo, held, chan);
			reset |= held;
		}
		usleep_range(50, 200);
	}
}

/*
 * A PBDMA may have stopped once more after the last look and then been switched
 * out: its error names a channel that is gone, and nobody else will mend it.
 * Pairs with pbdma_error(), which masks first and then asks whether the channel
 * is still bound.
 */
static void unstall_empty_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl)
{
	unsigned long pbdmas = rl->pbdmas;
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	/* bound was cleared before masked is read */
	smp_mb();
	for_each_set_bit(i, &pbdmas, TU102_PBDMAS)
		if (test_bit(i, &fifo->masked) &&
		    NV_IS(nv_rd32(fifo->ndev, NV_PFIFO_PBDMA_STATUS(i)),
			  NV_PFIFO_PBDMA_STATUS_CHAN_STATUS, _INVALID))
			tu102_pbdma_unstall(fifo->ndev, i);
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
	err = runlist_submit_locked(fifo, rl);
	channel_bind(ndev, chan, false);
	nv_wr32(ndev, NV_PFIFO_SCHED_DISABLE, disabled & ~BIT(rl->id));
	mutex_unlock(&fifo->lock);
	if (ret || err)
		dev_err(&ndev->pdev->dev, "channel %u: removal: %pe\n", chan->chid,
			ERR_PTR(ret ?: err));
	return ret ?: err;
}

void tu102_fifo_ring(struct nouveau_device *ndev, const struct tu102_hwchan *chan)
{
	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_DOORBELL);
	/* writel() orders the doorbell after the stores to USERD and ring */
	nv_wr32(ndev, VF(NV_VIRTUAL_FUNCTION_DOORBELL),
		NV_NUM(NV_CTRL_DOORBELL_VECTOR, chan->chid) |
		NV_NUM(NV_CTRL_DOORBELL_RUNLIST_ID, chan->runlist));
}

void tu102_fifo_clear_faulted(struct nouveau_device *ndev, const struct tu102_hwchan *chan,
			      bool pbdma)
{
	nv_wr32(ndev, NV_PCCSR_CHANNEL(chan->chid),
		pbdma ? NV_DEF(NV_PCCSR_CHANNEL_PBDMA_FAULTED, _TRUE) :
			NV_DEF(NV_PCCSR_CHANNEL_ENG_FAULTED, _TRUE));
	tu102_fifo_ring(ndev, chan);
}

const struct tu102_engine *tu102_fifo_engine(struct nouveau_device *ndev, unsigned int which)
{
	return which < TU102_ENGINES ? ndev->fifo->engines[which] : NULL;
}

const struct tu102_engine *tu102_fifo_device(struct nouveau_device *ndev, unsigned int i)
{
	return i < ndev->fifo->nr_devices ? &ndev->fifo->devices[i] : NULL;
}

void tu102_fifo_set_ops(struct nouveau_device *ndev, const struct tu102_fifo_ops *ops)
{
	/* pairs with tu102_fifo_get_ops() in interrupt handlers */
	smp_store_release(&ndev->fifo->ops, ops);
}

const struct tu102_fifo_ops *tu102_fifo_get_ops(struct nouveau_device *ndev)
{
	/* pairs with tu102_fifo_set_ops() */
	return smp_load_acquire(&ndev->fifo->ops);
}

struct workqueue_struct *tu102_fifo_wq(struct nouveau_device *ndev)
{
	return ndev->fifo->wq;
}

/* Out of reset: Host, then every engine that has channels. */
static void fifo_enable_engines(struct nouveau_fifo *fifo)
{
	struct nouveau_device *ndev = fifo->ndev;
	u32 enable = nv_rd32(ndev, NV_PMC_ENABLE);
	unsigned int i;

	enable |= NV_NUM(NV_PMC_ENABLE_PFIFO, NV_PMC_ENABLE_DEVICE_ENABLE);
	for (i = 0; i < fifo->nr_devices; i++)
		enable |= BIT(fifo->devices[i].reset);
	nv_wr32(ndev, NV_PMC_ENABLE, enable);
	nv_rd32(ndev, NV_PMC_ENABLE);
}

/* They do nothing before this. */
static void fifo_enable_doorbells(struct nouveau_device *ndev)
{
	u32 cfg = nv_rd32(ndev, NV_CTRL_VIRTUAL_CHANNEL_CFG(0));

	nv_wr32(ndev, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		cfg | NV_DEF(NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE, _TRUE));
}

static int fifo_alloc_runlists(struct nouveau_fifo *fifo)
{
	unsigned int i, j;
	int ret;

	for (i = 0; i < TU102_RUNLISTS; i++) {
		struct tu102_runlist *rl = &fifo->runlists[i];

		for (j = 0; rl->primary && j < ARRAY_SIZE(rl->mem); j++) {
			ret = nouveau_mem_new(fifo->ndev, RUNLIST_BYTES,
					      BIT(NV_RAMRL_ENTRY_BASE_SHIFT), &rl->mem[j]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int tu102_fifo_init(struct nouveau_device *ndev)
{
	struct nouveau_fifo *fifo;
	unsigned int i;
	int ret;

	fifo = kzalloc_obj(*fifo);
	if (!fifo)
		return -ENOMEM;
	fifo->ndev = ndev;
	ndev->fifo = fifo;
	mutex_init(&fifo->lock);
	for (i = 0; i < TU102_RUNLISTS; i++) {
		fifo->runlists[i].ndev = ndev;
		fifo->runlists[i].id = i;
		INIT_LIST_HEAD(&fifo->runlists[i].chans);
	}
	fifo->wq = alloc_ordered_workqueue("nouveau-fifo", WQ_MEM_RECLAIM);
	if (!fifo->wq) {
		ret = -ENOMEM;
		goto err;
	}
	ret = tu102_ptop_enumerate(fifo);
	if (ret) {
		dev_err(&ndev->pdev->dev, "PTOP lists no usable engines\n");
		goto err;
	}
	fifo_enable_engines(fifo);
	ret = fifo_alloc_runlists(fifo);
	if (ret)
		goto err;
	ret = tu102_fifo_intr_init(ndev);
	if (ret)
		goto err;
	fifo_enable_doorbells(ndev);
	return 0;
err:
	tu102_fifo_fini(ndev);
	return ret;
}

static u32 fifo_all_runlists(const struct nouveau_fifo *fifo)
{
	u32 mask = 0;
	unsigned int i;

	for (i = 0; i < TU102_RUNLISTS; i++)
		if (fifo->runlists[i].primary)
			mask |= BIT(i);
	return mask;
}

void tu102_fifo_suspend(struct nouveau_device *ndev)
{
	struct nouveau_fifo *fifo = ndev->fifo;

	flush_workqueue(fifo->wq);
	nv_wr32(ndev, NV_PFIFO_SCHED_DISABLE, fifo_all_runlists(fifo));
	tu102_fifo_intr_fini(ndev);
}

/* The runlists are empty and no channel is bound: so they are here. */
static void fifo_forget_channels(struct nouveau_fifo *fifo)
{
	struct tu102_hwchan *chan, *tmp;
	unsigned int i;

	guard(mutex)(&fifo->lock);
	for (i = 0; i < TU102_RUNLISTS; i++) {
		struct tu102_runlist *rl = &fifo->runlists[i];

		list_for_each_entry_safe(chan, tmp, &rl->chans, link) {
			list_del_init(&chan->link);
			WRITE_ONCE(chan->bound, false);
		}
		rl->nr_chans = 0;
	}
	fifo->masked = 0;
}

int tu102_fifo_resume(struct nouveau_device *ndev, bool lost)
{
	struct nouveau_fifo *fifo = ndev->fifo;
	int ret;

	if (lost)
		fifo_forget_channels(fifo);
	fifo_enable_engines(fifo);
	ret = tu102_fifo_intr_init(ndev);
	if (ret)
		return ret;
	fifo_enable_doorbells(ndev);
	nv_wr32(ndev, NV_PFIFO_SCHED_DISABLE, 0);
	return 0;
}

/* Every channel has been removed. Safe after a failed init. */
void tu102_fifo_fini(struct nouveau_device *ndev)
{
	struct nouveau_fifo *fifo = ndev->fifo;
	unsigned int i, j;

	if (!fifo)
		return;
	tu102_fifo_intr_fini(ndev);
	for (i = 0; i < TU102_RUNLISTS; i++) {
		struct tu102_runlist *rl = &fifo->runlists[i];

		WARN_ON(!list_empty(&rl->chans));
		for (j = 0; j < ARRAY_SIZE(rl->mem); j++)
			if (rl->mem[j].size)
				nouveau_mem_del(ndev, &rl->mem[j]);
	}
	if (fifo->wq)
		destroy_workqueue(fifo->wq);
	ndev->fifo = NULL;
	kfree(fifo);
}
