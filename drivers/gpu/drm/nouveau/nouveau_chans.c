// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * All channels of a device: who is who, whose interrupt it was, who hangs.
 *
 * Also the kernel's own address space, and the privileged channel that
 * tu102_tlb.c drives by itself because it must not sleep.
 *
 * The watchdog looks at the semaphores a few times per second for as long as a
 * fence is pending. It makes a lost interrupt a delay instead of a hang, and it
 * ends kernel channels that make no progress. Jobs of clients have the limit of
 * nouveau_exec.c.
 */
#include <linux/ratelimit.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include <nvhw/tu104/dev_top.h>

#include "nouveau_chan_priv.h"
#include "nouveau_vm.h"
#include "tu102_ce.h"
#include "tu102_gr.h"
#include "tu102_tlb.h"

#define REPORT_INTERVAL		(5 * HZ)
#define REPORT_BURST		50
#define WATCHDOG_PERIOD		(HZ / 4)

static struct nouveau_chan *chan_lookup(struct xarray *xa, unsigned long index)
{
	struct nouveau_chan *chan;

	rcu_read_lock();
	chan = xa_load(xa, index);
	if (chan && !kref_get_unless_zero(&chan->ref))
		chan = NULL;
	rcu_read_unlock();
	return chan;
}

struct nouveau_chan *nouveau_chan_find_inst(struct nouveau_device *ndev, u64 inst)
{
	return chan_lookup(&ndev->chans->by_inst, inst >> 12);
}

u64 nouveau_chan_born(const struct nouveau_chan *chan)
{
	return READ_ONCE(chan->born);
}

struct nouveau_chan *nouveau_chan_find_fault(struct nouveau_device *ndev, u64 inst, u64 time)
{
	struct nouveau_chan *chan = chan_lookup(&ndev->chans->by_inst, inst >> 12);

	if (!chan || time >= READ_ONCE(chan->born))
		return chan;
	nouveau_chan_put(chan);
	return NULL;
}

struct nouveau_chan *nouveau_chan_find_id(struct nouveau_device *ndev, unsigned int chid)
{
	return chan_lookup(&ndev->chans->by_id, chid);
}

struct nouveau_vm *nouveau_chan_kernel_vm(struct nouveau_device *ndev)
{
	return ndev->chans->vm;
}

/* Hard interrupt. */
static void chans_nonstall(struct nouveau_device *ndev, unsigned int runlist)
{
	struct nouveau_chan *chan;
	unsigned long i;

	rcu_read_lock();
	xa_for_each(&ndev->chans->by_id, i, chan)
		if (chan->hw.runlist == runlist)
			nouveau_fence_process(&chan->fences);
	rcu_read_unlock();
}

bool nouveau_chan_may_report(struct nouveau_device *ndev)
{
	return __ratelimit(&ndev->chans->reports);
}

/* Under fifo->lock: @hw is on the hardware and cannot be freed. */
static void chans_error(struct nouveau_device *ndev, struct tu102_hwchan *hw, const char *what)
{
	struct nouveau_chan *chan = container_of(hw, struct nouveau_chan, hw);

	/* Else its last user is taking it off already. */
	if (!kref_get_unless_zero(&chan->ref))
		return;
	if (nouveau_chan_may_report(ndev))
		dev_notice(&ndev->pdev->dev, "channel %u (%s): killed: %s\n", chan->hw.chid,
			   chan->name, what);
	nouveau_chan_kill(chan, -EIO);
	/* Not the last one: whoever removes it has his own, and waits for the lock. */
	nouveau_chan_put(chan);
}

static void chans_engine_service(struct nouveau_device *ndev, const struct tu102_engine *engine)
{
	if (engine->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_GRAPHICS)
		tu102_gr_service_locked(ndev);
	else if (engine->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE)
		tu102_ce_service_locked(ndev, engine->inst);
}

static void chans_engine_reset(struct nouveau_device *ndev, const struct tu102_engine *engine)
{
	if (engine->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_GRAPHICS)
		tu102_gr_was_reset(ndev);
	else if (engine->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE)
		tu102_ce_was_reset(ndev, engine->inst);
}

static const struct tu102_fifo_ops chans_ops = {
	.nonstall = chans_nonstall,
	.error = chans_error,
	.engine_service = chans_engine_service,
	.engine_reset = chans_engine_reset,
};

void nouveau_chans_arm_watchdog(struct nouveau_device *ndev)
{
	schedule_delayed_work(&ndev->chans->watchdog, WATCHDOG_PERIOD);
}

static void chans_watchdog(struct work_struct *work)
{
	struct nouveau_chans *chans = container_of(work, struct nouveau_chans, watchdog.work);
	s64 limit = (s64)READ_ONCE(nouveau_copy_timeout_ms) * NSEC_PER_MSEC;
	struct nouveau_chan *chan;
	bool pending = false;
	unsigned long i;

	rcu_read_lock();
	xa_for_each(&chans->by_id, i, chan) {
		if (!nouveau_fence_process(&chan->fences))
			continue;
		pending = true;
		if (!(chan->flags & NOUVEAU_CHAN_PRIVILEGED) ||
		    nouveau_fence_age(&chan->fences) < limit ||
		    nouveau_chan_is_dead(chan) || !kref_get_unless_zero(&chan->ref))
			continue;
		dev_err(&chans->ndev->pdev->dev, "channel %u (%s): no progress\n", chan->hw.chid,
			chan->name);
		nouveau_chan_kill(chan, -ETIMEDOUT);
		/* The kill's work item holds a reference: not the last put. */
		nouveau_chan_put(chan);
	}
	rcu_read_unlock();
	if (pending)
		nouveau_chans_arm_watchdog(chans->ndev);
}

/* The channel of tu102_tlb.c, on a runlist that clients cannot get on to. */
static int chans_make_tlb_channel(struct nouveau_chans *chans)
{
	struct nouveau_device *ndev = chans->ndev;
	struct tu102_tlb_chan tlb;
	struct nouveau_chan *chan;
	int ret;

	ret = nouveau_kbuf_new(ndev, chans->vm, TU102_TLB_BUF_BYTES, false, &chans->tlb_buf);
	if (ret)
		return ret;
	chan = nouveau_chan_new(ndev, chans->vm, NOUVEAU_ENGINE_CE2, NOUVEAU_CHAN_PRIVILEGED);
	if (IS_ERR(chan))
		return PTR_ERR(chan);
	chans->tlb_chan = chan;
	ret = nouveau_chan_idle(chan, 2000, false);
	if (ret)
		return ret;
	tlb = (struct tu102_tlb_chan) {
		.hw = &chan->hw,
		.gp = chan->ring.cpu,
		.gp_entries = NOUVEAU_CHAN_ENTRIES,
		.gp_put = chan->put % NOUVEAU_CHAN_ENTRIES,
		.buf = chans->tlb_buf.cpu,
		.buf_va = chans->tlb_buf.va,
	};
	tu102_tlb_attach(ndev, &tlb);
	return 0;
}

static int chans_init_hardware(struct nouveau_device *ndev)
{
	int ret;

	ret = tu102_fifo_init(ndev);
	if (!ret)
		tu102_fifo_set_ops(ndev, &chans_ops);
	if (!ret)
		ret = tu102_ce_init(ndev);
	if (!ret)
		ret = tu102_gr_init(ndev);
	return ret;
}

int nouveau_chan_init(struct nouveau_device *ndev)
{
	struct nouveau_chans *chans = kzalloc_obj(*chans);
	struct nouveau_vm *vm;
	int ret;

	if (!chans)
		return -ENOMEM;
	chans->ndev = ndev;
	xa_init_flags(&chans->by_id, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_IRQ);
	xa_init_flags(&chans->by_inst, XA_FLAGS_LOCK_IRQ);
	INIT_DELAYED_WORK(&chans->watchdog, chans_watchdog);
	ratelimit_state_init(&chans->reports, REPORT_INTERVAL, REPORT_BURST);
	/* Or it would warn of what it left out. */
	ratelimit_set_flags(&chans->reports, RATELIMIT_MSG_ON_RELEASE);
	ndev->chans = chans;

	ret = chans_init_hardware(ndev);
	if (!ret) {
		vm = nouveau_vm_new(ndev);
		ret = PTR_ERR_OR_ZERO(vm);
		chans->vm = ret ? NULL : vm;
	}
	if (!ret)
		ret = chans_make_tlb_channel(chans);
	if (ret)
		nouveau_chan_fini(ndev);
	return ret;
}

/* The first channel from id *@chid on that still lives, with a reference. */
static struct nouveau_chan *chans_next(struct nouveau_chans *chans, unsigned long *chid)
{
	struct nouveau_chan *chan;

	rcu_read_lock();
	do {
		chan = xa_find(&chans->by_id, chid, ULONG_MAX, XA_PRESENT);
		++*chid;
	} while (chan && !kref_get_unless_zero(&chan->ref));
	rcu_read_unlock();
	return chan;
}

void nouveau_chan_stop_clients(struct nouveau_device *ndev)
{
	struct nouveau_chan *chan;
	unsigned long chid = 0;

	while ((chan = chans_next(ndev->chans, &chid))) {
		if (!(chan->flags & NOUVEAU_CHAN_PRIVILEGED))
			nouveau_chan_detach(chan);
		nouveau_chan_put(chan);
	}
}

void nouveau_chan_finish_clients(struct nouveau_device *ndev, unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms), chid = 0;
	struct nouveau_chan *chan;

	while ((chan = chans_next(ndev->chans, &chid))) {
		long left = max_t(long, end - jiffies, 0);

		if (!(chan->flags & NOUVEAU_CHAN_PRIVILEGED) && !nouveau_chan_is_dead(chan) &&
		    nouveau_chan_idle(chan, jiffies_to_msecs(left), false)) {
			dev_notice(&ndev->pdev->dev, "channel %u (%s): killed: busy at suspend\n",
				   chan->hw.chid, chan->name);
			nouveau_chan_kill(chan, -ECANCELED);
		}
		nouveau_chan_put(chan);
	}
	flush_workqueue(tu102_fifo_wq(ndev));
}

void nouveau_chan_suspend(struct nouveau_device *ndev)
{
	struct nouveau_chans *chans = ndev->chans;

	tu102_tlb_attach(ndev, NULL);
	nouveau_chan_put(chans->tlb_chan);
	chans->tlb_chan = NULL;
	nouveau_kbuf_del(ndev, chans->vm, &chans->tlb_buf);
	cancel_delayed_work_sync(&chans->watchdog);
	tu102_gr_fini(ndev);
	tu102_ce_fini(ndev);
	tu102_fifo_suspend(ndev);
}

/* The engines have forgotten their contexts. */
static void chans_lost(struct nouveau_chans *chans)
{
	struct nouveau_chan *chan;
	unsigned long chid = 0;

	while ((chan = chans_next(chans, &chid))) {
		if (!nouveau_chan_is_dead(chan))
			dev_notice(&chans->ndev->pdev->dev,
				   "channel %u (%s): killed: its context was lost in sleep\n",
				   chan->hw.chid, chan->name);
		nouveau_chan_kill(chan, -EIO);
		nouveau_chan_put(chan);
	}
}

int nouveau_chan_resume(struct nouveau_device *ndev)
{
	struct nouveau_chans *chans = ndev->chans;
	int ret;

	ret = tu102_fifo_resume(ndev, ndev->power_lost);
	if (!ret && ndev->power_lost)
		chans_lost(chans);
	if (!ret)
		ret = tu102_ce_init(ndev);
	if (!ret)
		ret = tu102_gr_init(ndev);
	if (!ret)
		ret = chans_make_tlb_channel(chans);
	return ret;
}

/* Safe after a failed init. */
void nouveau_chan_fini(struct nouveau_device *ndev)
{
	struct nouveau_chans *chans = ndev->chans;

	if (!chans)
		return;
	/* From here on invalidates go through registers again. */
	tu102_tlb_attach(ndev, NULL);
	nouveau_chan_put(chans->tlb_chan);
	nouveau_chan_stop_clients(ndev);
	/* Those whose last reference went just now are being detached elsewhere. */
	while (!xa_empty(&chans->by_id))
		usleep_range(100, 1000);
	if (ndev->fifo)
		flush_workqueue(tu102_fifo_wq(ndev));
	cancel_delayed_work_sync(&chans->watchdog);
	nouveau_kbuf_del(ndev, chans->vm, &chans->tlb_buf);
	if (chans->vm)
		nouveau_vm_put(chans->vm);
	tu102_gr_fini(ndev);
	tu102_ce_fini(ndev);
	tu102_fifo_fini(ndev);
	synchronize_rcu();
	xa_destroy(&chans->by_inst);
	xa_destroy(&chans->by_id);
	ndev->chans = NULL;
	kfree(chans);
}
