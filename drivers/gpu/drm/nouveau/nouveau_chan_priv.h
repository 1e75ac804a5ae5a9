/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_CHAN_PRIV_H__
#define __NOUVEAU_CHAN_PRIV_H__

/*
 * Shared by nouveau_chan.c (one channel), nouveau_chan_ring.c (what is submitted to it)
 * and nouveau_chans.c (all of a device).
 */
#include <linux/ratelimit_types.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "nouveau_chan.h"
#include "nouveau_device.h"
#include "nouveau_fence.h"
#include "nouveau_kbuf.h"
#include "nouveau_vram.h"
#include "tu102_fifo.h"

/* The ring: GP entries, and behind them a tail of methods for each. */
#define CHAN_RING_ORDER		10
#define CHAN_RING_ENTRIES	BIT(CHAN_RING_ORDER)
#define CHAN_TAIL_WORDS		8
#define CHAN_TAILS_OFFSET	(CHAN_RING_ENTRIES * NVC46F_GP_ENTRY__SIZE)

struct nouveau_chan {
	struct kref ref;
	struct rcu_head rcu;
	struct nouveau_device *ndev;	/* holds a reference to the drm_device */
	struct nouveau_vm *vm;		/* holds a reference */
	enum nouveau_engine engine;
	unsigned int flags;		/* NOUVEAU_CHAN_* */
	char name[TASK_COMM_LEN + 16];

	struct tu102_hwchan hw;
	u64 born;			/* GPU's time when it got on to the hardware, ns */
	struct nouveau_fence_ctx fences;

	struct mutex lock;		/* ring and detach; nouveau_lock.h #6 */
	u64 put;			/* GP entries ever written; lock */
	bool attached;			/* owns hardware and memory; lock */
	int dead;			/* first error, set once */
	struct work_struct kill_work;
	struct completion killed;	/* kill_work is over */

	struct nouveau_mem inst;	/* instance block */
	struct nouveau_mem gr_ctx;	/* context image of GR */
	struct nouveau_kbuf userd;	/* USERD; not mapped */
	struct nouveau_kbuf sem;	/* the GPU writes: semaphore */
	struct nouveau_kbuf ring;	/* the GPU reads: GP entries, then tails */
	struct nouveau_kbuf ce_method;	/* fault-and-switch buffer of the copy engine */
	u64 ce_method_va;		/* BAR2 address of it; 0: none */
};

/* Per device; ndev->chans. */
struct nouveau_chans {
	struct nouveau_device *ndev;
	struct xarray by_id;		/* chid -> channel or reserved; RCU, irq-safe */
	struct xarray by_inst;		/* instance block >> 12 -> channel; the same */
	struct nouveau_vm *vm;		/* of the kernel */
	struct nouveau_chan *tlb_chan;
	struct nouveau_kbuf tlb_buf;	/* methods and semaphores of tu102_tlb.c */
	struct delayed_work watchdog;
	struct ratelimit_state reports;	/* of what programs did to themselves */
};

/* Everything in hardware and memory; the shell stays. Sleeps. */
void nouveau_chan_detach(struct nouveau_chan *chan);
/* A fence was emitted: somebody looks later even without an interrupt. */
void nouveau_chans_arm_watchdog(struct nouveau_device *ndev);

#endif
