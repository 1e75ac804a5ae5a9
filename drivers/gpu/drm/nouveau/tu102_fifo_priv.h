/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_FIFO_PRIV_H__
#define __TU102_FIFO_PRIV_H__

/* Shared by tu102_fifo.c, tu102_fifo_recover.c, tu102_fifo_intr.c and tu102_ptop.c only. */
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_fifo.h>
#include <nvhw/tu104/dev_pbdma.h>
#include <nvhw/tu104/dev_top.h>

#include "nouveau_device.h"
#include "nouveau_vram.h"
#include "tu102_fifo.h"

#define TU102_RUNLISTS		NV_PFIFO_RUNLIST_SUBMIT__SIZE_1
#define TU102_PBDMAS		NV_PFIFO_PBDMA_MAP__SIZE_1
#define TU102_DEVICES		16	/* ids in PTOP have 4 bits */
#define TU102_TIMEOUT_US	2000000

struct tu102_runlist {
	struct nouveau_device *ndev;
	unsigned int id;
	struct list_head chans;		/* struct tu102_hwchan */
	unsigned int nr_chans;
	struct nouveau_mem mem[2];	/* entries: one list in force, one to write */
	unsigned int next;		/* which of them to write */
	u32 pbdmas;			/* mask */
	u32 engines;			/* mask of Host engine ids */
	const struct tu102_engine *primary;	/* lowest engine; owns the non-stall vector */
};

struct nouveau_fifo {
	struct nouveau_device *ndev;
	const struct tu102_fifo_ops *ops;
	struct workqueue_struct *wq;
	struct mutex lock;		/* runlists and binding; nouveau_lock.h #6 */
	struct tu102_engine devices[TU102_DEVICES];
	unsigned int nr_devices;
	const struct tu102_engine *engines[TU102_ENGINES];
	struct tu102_runlist runlists[TU102_RUNLISTS];
	struct work_struct error_work;	/* tu102_fifo_intr.c */
	unsigned long masked;		/* PBDMAs whose interrupts are off; lock */
	bool intr_on;
};

/* tu102_fifo.c: the list of @rl as it is now. -ETIMEDOUT when Host does not take it. */
int tu102_runlist_submit_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl);
void tu102_channel_bind(struct nouveau_device *ndev, const struct tu102_hwchan *chan, bool bind);

/* tu102_fifo_intr.c */
int tu102_fifo_intr_init(struct nouveau_device *ndev);
void tu102_fifo_intr_fini(struct nouveau_device *ndev);
/*
 * What stopped PBDMA @i, if anything did: blames its channel unless it is innocent,
 * and lets it be switched out when @preempting.
 */
void tu102_pbdma_service_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl,
				unsigned int i, bool preempting);
/* Acknowledge what stalls PBDMA @i, dropping the method it stopped at. */
void tu102_pbdma_unstall_locked(struct nouveau_fifo *fifo, unsigned int i);
/* @chan has done @what: never to run again, and the layer above hears of it. */
void tu102_fifo_blame_locked(struct nouveau_fifo *fifo, struct tu102_hwchan *chan,
			     const char *what);

/* Fill devices, engines and runlists from PTOP. -ENODEV when something is missing. */
int tu102_ptop_enumerate(struct nouveau_fifo *fifo);

#endif
