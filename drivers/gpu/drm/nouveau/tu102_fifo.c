// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Host: runlists, channel RAM, doorbell.
 *
 * Knows channels only as struct tu102_hwchan: an instance block and a USERD
 * that someone else filled. A runlist is rebuilt whole, in the one of its two
 * buffers that Host does not read, and submitted; Host then goes on from the
 * new list. Taking a channel off is tu102_fifo_recover.c, interrupts are
 * tu102_fifo_intr.c.
 *
 * Locks: fifo->lock for runlists and binding.
 */
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

int tu102_runlist_submit_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl)
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

void tu102_channel_bind(struct nouveau_device *ndev, const struct tu102_hwchan *chan, bool bind)
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
	tu102_channel_bind(ndev, chan, true);
	nv_wr32(ndev, NV_PCCSR_CHANNEL(chan->chid), NV_DEF(NV_PCCSR_CHANNEL_ENABLE_SET, _TRUE));
	list_add_tail(&chan->link, &rl->chans);
	rl->nr_chans++;
	WRITE_ONCE(chan->bound, true);
	ret = nouveau_fails() ? -ETIMEDOUT : tu102_runlist_submit_locked(fifo, rl);
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

void tu102_fifo_lock(struct nouveau_device *ndev)
{
	mutex_lock(&ndev->fifo->lock);
}

void tu102_fifo_unlock(struct nouveau_device *ndev)
{
	mutex_unlock(&ndev->fifo->lock);
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
