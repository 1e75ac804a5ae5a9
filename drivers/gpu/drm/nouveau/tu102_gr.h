/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_GR_H__
#define __TU102_GR_H__

#include <linux/types.h>

struct nouveau_device;
struct nouveau_mem;

int tu102_gr_init(struct nouveau_device *ndev);
void tu102_gr_fini(struct nouveau_device *ndev);
/* See to an exception, if there is one; fifo->lock is held. */
void tu102_gr_service_locked(struct nouveau_device *ndev);
/* After a reset by Host: hear of exceptions again. */
void tu102_gr_was_reset(struct nouveau_device *ndev);
/* A context image for one channel: -ENOMEM, -ENOSPC. */
int tu102_gr_ctx_new(struct nouveau_device *ndev, struct nouveau_mem *ctx);
/* What GETPARAM GRAPH_UNITS wants: GPCs and, over all of them, TPCs. */
void tu102_gr_units(struct nouveau_device *ndev, unsigned int *gpcs, unsigned int *tpcs);

#endif
