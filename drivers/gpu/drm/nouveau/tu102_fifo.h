/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_FIFO_H__
#define __TU102_FIFO_H__

#include <linux/list.h>
#include <linux/types.h>

struct nouveau_device;
struct workqueue_struct;

#define TU102_ENGINE_GR		0	/* graphics and compute */
#define TU102_ENGINE_CE(n)	(1 + (n))	/* n-th copy engine with a runlist of its own */
#define TU102_COPY_ENGINES	3
#define TU102_ENGINES		(1 + TU102_COPY_ENGINES)

/* One device of PTOP. */
struct tu102_engine {
	unsigned int type;		/* NV_PTOP_DEVICE_INFO_TYPE_ENUM_* */
	unsigned int inst;		/* which of that type: LCE number */
	unsigned int id;		/* Host's number */
	unsigned int runlist;
	unsigned int stall, nonstall;	/* interrupt vectors */
	unsigned int reset;		/* bit of NV_PMC_ENABLE */
};

/*
 * What Host knows of a channel, embedded in struct nouveau_chan. A channel is
 * alone in its TSG, whose id is the channel's.
 */
struct tu102_hwchan {
	struct list_head link;		/* on its runlist; fifo->lock */
	u64 inst;			/* VRAM address of the instance block */
	u64 userd;			/* DMA address of USERD */
	u32 *gp_put;			/* USERD.GP_PUT */
	unsigned int chid;
	unsigned int runlist;
	bool short_timeslice;		/* others of its runlist must not wait for long */
	bool bound;			/* on the hardware; written under fifo->lock */
	bool stopped;			/* never to run again; from any context */
};

/* Called upward; set before anything can happen. */
struct tu102_fifo_ops {
	/* Some channel of @runlist may have finished something. Hard interrupt. */
	void (*nonstall)(struct nouveau_device *ndev, unsigned int runlist);
	/*
	 * Host or an engine stopped @chan because of @what. It is on the hardware, and to
	 * be removed on the work queue of tu102_fifo_wq(). fifo->lock is held.
	 */
	void (*error)(struct nouveau_device *ndev, struct tu102_hwchan *chan, const char *what);
	/*
	 * @engine may have stopped with an error that holds a preemption up: see to it.
	 * fifo->lock is held.
	 */
	void (*engine_service)(struct nouveau_device *ndev, const struct tu102_engine *engine);
	/* @engine was reset and is as after power up; no channel runs on it yet. Registers only. */
	void (*engine_reset)(struct nouveau_device *ndev, const struct tu102_engine *engine);
};

int tu102_fifo_init(struct nouveau_device *ndev);
void tu102_fifo_fini(struct nouveau_device *ndev);
/* System sleep: every channel that is left is idle. @lost: Host forgot all of them. */
void tu102_fifo_suspend(struct nouveau_device *ndev);
int tu102_fifo_resume(struct nouveau_device *ndev, bool lost);
void tu102_fifo_set_ops(struct nouveau_device *ndev, const struct tu102_fifo_ops *ops);
const struct tu102_fifo_ops *tu102_fifo_get_ops(struct nouveau_device *ndev);
/* Ordered: evictions and error handling, one at a time. */
struct workqueue_struct *tu102_fifo_wq(struct nouveau_device *ndev);
/*
 * fifo->lock: no channel gets on to the hardware or off it. Who finds out under it
 * whose error he sees, and blames him, cannot hit another who has his number since.
 */
void tu102_fifo_lock(struct nouveau_device *ndev);
void tu102_fifo_unlock(struct nouveau_device *ndev);
/*
 * The channel with the instance block at VRAM address @inst has done @what: it never
 * runs again, and ops->error() hears of it. False when there is none.
 */
bool tu102_fifo_blame_inst_locked(struct nouveau_device *ndev, u64 inst, const char *what);

/* @which: TU102_ENGINE_*; NULL when the chip has none. */
const struct tu102_engine *tu102_fifo_engine(struct nouveau_device *ndev, unsigned int which);
/* The @i-th device of PTOP, NULL past the end. */
const struct tu102_engine *tu102_fifo_device(struct nouveau_device *ndev, unsigned int i);

/* Bind, enable, put on the runlist. -ENOSPC (runlist full), -ETIMEDOUT. Sleeps. */
int tu102_fifo_add(struct nouveau_device *ndev, struct tu102_hwchan *chan);
/* Host stops scheduling it; what is loaded goes on until tu102_fifo_remove(). Any context. */
void tu102_fifo_stop(struct nouveau_device *ndev, struct tu102_hwchan *chan);
/*
 * Off the hardware for good: stopped, preempted, out of the runlist, unbound.
 * Only this channel is disabled. Sleeps. -ETIMEDOUT: Host hangs.
 */
int tu102_fifo_remove(struct nouveau_device *ndev, struct tu102_hwchan *chan);
/* Tell Host that GP_PUT moved. */
void tu102_fifo_ring(struct nouveau_device *ndev, const struct tu102_hwchan *chan);
/* A fault of its PBDMA or engine was mended: clear FAULTED and schedule again. */
void tu102_fifo_clear_faulted(struct nouveau_device *ndev, const struct tu102_hwchan *chan,
			      bool pbdma);

#endif
