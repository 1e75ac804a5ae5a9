/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_PREFETCH_H__
#define __TU102_PREFETCH_H__

#include <linux/workqueue.h>

struct nouveau_device;

/**
 * struct tu102_prefetch - whether the MMU reports prefetches that miss
 *
 * Counted by the one thread that drains the fault buffers.
 */
struct tu102_prefetch {
	struct nouveau_device *ndev;
	struct delayed_work on;		/* pending as long as they are filtered */
	unsigned long since;		/* jiffies */
	unsigned int seen;		/* since then */
};

void tu102_prefetch_init(struct tu102_prefetch *p, struct nouveau_device *ndev);
void tu102_prefetch_seen(struct tu102_prefetch *p);
void tu102_prefetch_fini(struct tu102_prefetch *p);

#endif
