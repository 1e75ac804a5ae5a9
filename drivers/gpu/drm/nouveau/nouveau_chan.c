// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One channel: its memory, its life, its death. What is submitted to it is in
 * nouveau_chan_ring.c.
 *
 * Memory: an instance block in VRAM; USERD, a page with the semaphore, and the
 * ring in coherent system memory, so that the CPU never reads or writes across
 * the bus except for the doorbell.
 *
 * Death: nouveau_chan_kill() stops scheduling at once; a work item then takes
 * the channel off the hardware and only after that fails its fences, since
 * whoever waits for one may free memory the channel could still write.
 *
 * Locks: chan->lock for the ring. What is common to all channels of a device
 * is in nouveau_chans.c.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include <nvhw/class/clc5b5.h>
#include <nvhw/tu104/dev_ram.h>
#include <nvhw/undocumented.h>

#include "nouveau_chan_priv.h"
#include "nouveau_push.h"
#include "nouveau_vm.h"
#include "nouveau_pt.h"
#include "tu102_bar2.h"
#include "tu102_boot.h"
#include "tu102_ce.h"
#include "tu102_gr.h"
#include "tu102_inst.h"

/* Methods for once, behind the tails of the ring. */
#define PROLOGUE_OFFSET	(CHAN_TAILS_OFFSET + CHAN_RING_ENTRIES * CHAN_TAIL_WORDS * 4)
#define PROLOGUE_BYTES	64
#define RING_BYTES	(PROLOGUE_OFFSET + PROLOGUE_BYTES)

#define CE_SUBCHANNEL	4		/* GRCE on a graphics channel */

static_assert(CHAN_RING_ENTRIES == NOUVEAU_CHAN_ENTRIES);

/* ---- making one ----------------------------------------------------------- */

static int chan_alloc_memory(struct nouveau_chan *chan)
{
	struct nouveau_device *ndev = chan->ndev;
	int ret;

	ret = nouveau_mem_new(ndev, NV_RAMIN_ALLOC_SIZE, BIT(NV_RAMIN_BASE_SHIFT), &chan->inst);
	if (!ret)
		ret = nouveau_kbuf_new(ndev, NULL, NV_RAMUSERD_CHAN_SIZE, false, &chan->userd);
	if (!ret)
		ret = nouveau_kbuf_new(ndev, chan->vm, sizeof(u64), false, &chan->sem);
	if (!ret)
		ret = nouveau_kbuf_new(ndev, chan->vm, RING_BYTES, true, &chan->ring);
	if (!ret)
		ret = nouveau_kbuf_new(ndev, NULL, tu102_ce_method_bytes(ndev), false,
				       &chan->ce_method);
	if (!ret)
		ret = tu102_bar2_map(ndev, chan->ce_method.dma, chan->ce_method.size,
				     &chan->ce_method_va);
	if (!ret && chan->engine == NOUVEAU_ENGINE_GR)
		ret = tu102_gr_ctx_new(ndev, &chan->gr_ctx);
	return ret;
}

static void chan_free_memory(struct nouveau_chan *chan)
{
	struct nouveau_device *ndev = chan->ndev;

	if (chan->gr_ctx.size)
		nouveau_mem_del(ndev, &chan->gr_ctx);
	if (chan->ce_method_va)
		tu102_bar2_unmap(ndev, chan->ce_method_va, chan->ce_method.size);
	chan->ce_method_va = 0;
	nouveau_kbuf_del(ndev, NULL, &chan->ce_method);
	nouveau_kbuf_del(ndev, chan->vm, &chan->ring);
	nouveau_kbuf_del(ndev, chan->vm, &chan->sem);
	nouveau_kbuf_del(ndev, NULL, &chan->userd);
	if (chan->inst.size)
		nouveau_mem_del(ndev, &chan->inst);
	memset(&chan->inst, 0, sizeof(chan->inst));
	memset(&chan->gr_ctx, 0, sizeof(chan->gr_ctx));
}

static int chan_write_inst(struct nouveau_chan *chan)
{
	const struct tu102_inst inst = {
		.pdb = nouveau_pt_root(nouveau_vm_pt(chan->vm)),
		.userd = chan->userd.dma,
		.gp_base = chan->ring.va,
		.gp_order = CHAN_RING_ORDER,
		.chid = chan->hw.chid,
		.privileged = chan->flags & NOUVEAU_CHAN_PRIVILEGED,
		.replayable = chan->flags & NOUVEAU_CHAN_REPLAYABLE,
		.has_ce = true,
		.ce_method_va = chan->ce_method_va,
		.has_gr = chan->engine == NOUVEAU_ENGINE_GR,
		.gr_ctx = chan->gr_ctx.addr,
	};
	u32 *words;

	words = kmalloc(NV_RAMIN_ALLOC_SIZE, GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	tu102_inst_encode(words, &inst);
	memcpy_toio(chan->inst.map, words, NV_RAMIN_ALLOC_SIZE);
	kfree(words);
	nouveau_mem_flush(chan->ndev);
	return 0;
}

/*
 * Clients may use the copy engine on subchannel 4 of a graphics channel without
 * ever binding it (clover of Mesa 22.3), so it is bound here.
 */
static int chan_bind_objects(struct nouveau_chan *chan)
{
	struct nouveau_push push = { .va = chan->ring.va + PROLOGUE_OFFSET };
	struct dma_fence *fence;
	struct nouveau_pb pb;

	nouveau_pb_init(&pb, chan->ring.cpu + PROLOGUE_OFFSET, PROLOGUE_BYTES / 4);
	nouveau_pb_inc(&pb, chan->engine == NOUVEAU_ENGINE_GR ? CE_SUBCHANNEL : 0,
		       NVC46F_SET_OBJECT, TURING_DMA_COPY_A);
	push.bytes = nouveau_pb_bytes(&pb);
	fence = nouveau_chan_submit(chan, &push, 1);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	dma_fence_put(fence);
	return 0;
}

static void chan_kill_work(struct work_struct *work);

static struct nouveau_chan *chan_alloc(struct nouveau_device *ndev, struct nouveau_vm *vm,
				       enum nouveau_engine engine, unsigned int flags)
{
	struct nouveau_chan *chan = kzalloc_obj(*chan);

	if (!chan)
		return NULL;
	kref_init(&chan->ref);
	mutex_init(&chan->lock);
	INIT_WORK(&chan->kill_work, chan_kill_work);
	init_completion(&chan->killed);
	INIT_LIST_HEAD(&chan->hw.link);
	drm_dev_get(&ndev->drm);
	chan->ndev = ndev;
	chan->vm = nouveau_vm_get(vm);
	chan->engine = engine;
	chan->flags = flags;
	if (flags & NOUVEAU_CHAN_PRIVILEGED)
		snprintf(chan->name, sizeof(chan->name), "kernel-%u", engine);
	else
		snprintf(chan->name, sizeof(chan->name), "%s[%d]", current->comm, current->pid);
	return chan;
}

/* Into the tables, then onto the runlist: an error interrupt finds it. */
static int chan_publish(struct nouveau_chan *chan)
{
	struct nouveau_chans *chans = chan->ndev->chans;
	int ret;

	WRITE_ONCE(chan->born, tu102_time_ns(chan->ndev));
	ret = xa_err(xa_store_irq(&chans->by_inst, chan->hw.inst >> 12, chan, GFP_KERNEL));
	if (ret)
		return ret;
	xa_store_irq(&chans->by_id, chan->hw.chid, chan, GFP_KERNEL);
	ret = tu102_fifo_add(chan->ndev, &chan->hw);
	if (ret)
		xa_erase_irq(&chans->by_inst, chan->hw.inst >> 12);
	return ret;
}

static int chan_attach(struct nouveau_chan *chan)
{
	struct nouveau_device *ndev = chan->ndev;
	const struct tu102_engine *engine = tu102_fifo_engine(ndev, chan->engine);
	int ret;

	if (!engine)
		return -ENODEV;
	ret = xa_alloc_irq(&ndev->chans->by_id, &chan->hw.chid, NULL,
			   XA_LIMIT(0, NVX_CHANNELS - 1), GFP_KERNEL);
	if (ret)
		return ret == -EBUSY ? -ENOSPC : ret;
	ret = chan_alloc_memory(chan);
	if (ret)
		goto err;
	chan->hw.inst = chan->inst.addr;
	chan->hw.userd = chan->userd.dma;
	chan->hw.gp_put = (u32 *)chan->userd.cpu + NV_MW_DW(NV_RAMUSERD_GP_PUT);
	chan->hw.runlist = engine->runlist;
	chan->hw.short_timeslice = chan->flags & NOUVEAU_CHAN_PRIVILEGED;
	nouveau_fence_ctx_init(&chan->fences, chan->sem.cpu, chan->name);
	ret = chan_write_inst(chan);
	if (!ret)
		ret = chan_publish(chan);
	if (ret)
		goto err;
	chan->attached = true;
	return 0;
err:
	chan_free_memory(chan);
	xa_erase_irq(&ndev->chans->by_id, chan->hw.chid);
	return ret;
}

/**
 * nouveau_chan_new - make a channel
 * @ndev: device
 * @vm: address space it runs in; a reference is taken
 * @engine: what it feeds
 * @flags: NOUVEAU_CHAN_*
 *
 * Return: the channel, or ERR_PTR: -ENODEV (device going, no such engine),
 * -ENOSPC (no channel id, no VRAM or no room on the runlist), -ENOMEM,
 * -ETIMEDOUT (Host hangs).
 */
struct nouveau_chan *nouveau_chan_new(struct nouveau_device *ndev, struct nouveau_vm *vm,
				      enum nouveau_engine engine, unsigned int flags)
{
	struct nouveau_chan *chan;
	int idx, ret;

	/* nouveau_chan_fini() comes after drm_dev_unplug() has waited for this. */
	if (!drm_dev_enter(&ndev->drm, &idx))
		return ERR_PTR(-ENODEV);
	chan = chan_alloc(ndev, vm, engine, flags);
	ret = chan ? chan_attach(chan) : -ENOMEM;
	if (chan && ret) {
		nouveau_vm_put(chan->vm);
		drm_dev_put(&ndev->drm);
		kfree_rcu(chan, rcu);
	}
	if (!ret) {
		ret = chan_bind_objects(chan);
		if (ret)
			nouveau_chan_put(chan);
	}
	drm_dev_exit(idx);
	return ret ? ERR_PTR(ret) : chan;
}

struct nouveau_chan *nouveau_chan_get(struct nouveau_chan *chan)
{
	kref_get(&chan->ref);
	return chan;
}

void nouveau_chan_detach(struct nouveau_chan *chan)
{
	struct nouveau_device *ndev = chan->ndev;
	struct nouveau_chans *chans = ndev->chans;

	mutex_lock(&chan->lock);
	if (!chan->attached) {
		mutex_unlock(&chan->lock);
		return;
	}
	chan->attached = false;
	mutex_unlock(&chan->lock);

	/* A kill that came first has a work item, which takes it off the hardware. */
	if (cmpxchg(&chan->dead, 0, -ENODEV))
		wait_for_completion(&chan->killed);
	nouveau_fence_freeze(&chan->fences);
	tu102_fifo_remove(ndev, &chan->hw);
	nouveau_fence_fail(&chan->fences, chan->dead);
	nouveau_fence_ctx_detach(&chan->fences);

	xa_erase_irq(&chans->by_inst, chan->hw.inst >> 12);
	chan_free_memory(chan);
	/* Last: nouveau_chan_fini() waits for it. */
	xa_erase_irq(&chans->by_id, chan->hw.chid);
}

static void chan_release(struct kref *ref)
{
	struct nouveau_chan *chan = container_of(ref, struct nouveau_chan, ref);
	struct nouveau_device *ndev = chan->ndev;

	nouveau_chan_detach(chan);
	nouveau_vm_put(chan->vm);
	kfree_rcu(chan, rcu);
	drm_dev_put(&ndev->drm);
}

void nouveau_chan_put(struct nouveau_chan *chan)
{
	if (chan)
		kref_put(&chan->ref, chan_release);
}

unsigned int nouveau_chan_id(const struct nouveau_chan *chan)
{
	return chan->hw.chid;
}

struct nouveau_vm *nouveau_chan_vm(const struct nouveau_chan *chan)
{
	return chan->vm;
}

const char *nouveau_chan_name(const struct nouveau_chan *chan)
{
	return chan->name;
}

/* ---- death ------------------------------------------------------------------ */

static void chan_kill_work(struct work_struct *work)
{
	struct nouveau_chan *chan = container_of(work, struct nouveau_chan, kill_work);

	tu102_fifo_remove(chan->ndev, &chan->hw);
	nouveau_fence_fail(&chan->fences, chan->dead);
	complete_all(&chan->killed);
	nouveau_chan_put(chan);
}

/**
 * nouveau_chan_kill - end a channel because of a fatal error
 * @chan: the channel; the caller holds a reference
 * @err: what its fences report, below 0
 *
 * The first call counts. Other channels are not touched. Any context.
 */
void nouveau_chan_kill(struct nouveau_chan *chan, int err)
{
	if (WARN_ON(err >= 0))
		err = -EIO;
	if (cmpxchg(&chan->dead, 0, err))
		return;
	nouveau_stat_inc(&chan->ndev->stats, NOUVEAU_STAT_CHANNEL_KILLED);
	nouveau_fence_freeze(&chan->fences);
	tu102_fifo_stop(chan->ndev, &chan->hw);
	nouveau_chan_get(chan);
	queue_work(tu102_fifo_wq(chan->ndev), &chan->kill_work);
}

int nouveau_chan_revive(struct nouveau_chan *chan)
{
	int ret;

	if (WARN_ON(!(chan->flags & NOUVEAU_CHAN_PRIVILEGED)) || !nouveau_chan_is_dead(chan))
		return 0;
	wait_for_completion(&chan->killed);
	ret = chan_write_inst(chan);
	if (ret)
		return ret;

	mutex_lock(&chan->lock);
	ret = chan->attached ? 0 : -ENODEV;
	if (!ret) {
		/* GP_GET and GP_PUT start at 0, so the counts go on at a multiple. */
		chan->put = round_up(chan->put, CHAN_RING_ENTRIES);
		WRITE_ONCE(*chan->hw.gp_put, 0);
		nouveau_fence_thaw(&chan->fences, chan->put);
		reinit_completion(&chan->killed);
		WRITE_ONCE(chan->born, tu102_time_ns(chan->ndev));
		ret = tu102_fifo_add(chan->ndev, &chan->hw);
		if (ret)
			complete_all(&chan->killed);
	}
	/* From here on a new error can kill it again. */
	if (!ret)
		WRITE_ONCE(chan->dead, 0);
	mutex_unlock(&chan->lock);
	return ret ?: chan_bind_objects(chan);
}

bool nouveau_chan_is_dead(const struct nouveau_chan *chan)
{
	return READ_ONCE(chan->dead);
}

void nouveau_chan_resume_faulted(struct nouveau_chan *chan, bool pbdma)
{
	if (!nouveau_chan_is_dead(chan))
		tu102_fifo_clear_faulted(chan->ndev, &chan->hw, pbdma);
}
