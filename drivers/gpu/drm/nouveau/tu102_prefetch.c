// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Prefetches are hints of user space: the MMU reports those that miss as faults
 * nothing waits for. One that finds memory is served like a read and does not
 * come again. Kernels that prefetch what they have no right to, or faster than
 * anybody can serve, would have the fault service all for themselves; they are
 * not listened to for a while, which costs nobody but performance.
 */
#include <linux/jiffies.h>

#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_vm.h>

#include "nouveau_device.h"
#include "nouveau_stats.h"
#include "tu102_prefetch.h"

/* More of them within WINDOW are a storm: four full batches' worth. */
#define STORM		1024u
#define WINDOW		(HZ / 10)
#define LAPSE		HZ

#define CTRL		(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + \
			 NV_VIRTUAL_FUNCTION_PRIV_MMU_PAGE_FAULT_CTRL)
#define FILTER(c)	NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_MMU_PAGE_FAULT_CTRL_PRF_FILTER, c)

static void prefetch_on(struct work_struct *work)
{
	struct tu102_prefetch *p = container_of(to_delayed_work(work), struct tu102_prefetch, on);

	nv_wr32(p->ndev, CTRL, FILTER(_SEND_ALL));
}

/**
 * tu102_prefetch_init - have prefetches reported
 * @p: state
 * @ndev: the GPU
 */
void tu102_prefetch_init(struct tu102_prefetch *p, struct nouveau_device *ndev)
{
	p->ndev = ndev;
	p->since = jiffies;
	INIT_DELAYED_WORK(&p->on, prefetch_on);
	nv_wr32(ndev, CTRL, FILTER(_SEND_ALL));
}

/**
 * tu102_prefetch_seen - one of them was drained
 * @p: state
 *
 * The first of too many stops them for a second. Those that are in the buffer
 * by then are still drained.
 */
void tu102_prefetch_seen(struct tu102_prefetch *p)
{
	if (time_after(jiffies, p->since + WINDOW)) {
		p->since = jiffies;
		p->seen = 0;
	}
	if (++p->seen != STORM)
		return;
	nouveau_stat_inc(&p->ndev->stats, NOUVEAU_STAT_PREFETCH_STORM);
	nv_wr32(p->ndev, CTRL, FILTER(_SEND_NONE));
	queue_delayed_work(system_freezable_wq, &p->on, LAPSE);
}

/**
 * tu102_prefetch_fini - no more of them
 * @p: state; nothing is drained any more
 */
void tu102_prefetch_fini(struct tu102_prefetch *p)
{
	if (!p->ndev)
		return;
	cancel_delayed_work_sync(&p->on);
	nv_wr32(p->ndev, CTRL, FILTER(_SEND_NONE));
	p->ndev = NULL;
}
