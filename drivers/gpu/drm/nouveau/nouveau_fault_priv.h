/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_FAULT_PRIV_H__
#define __NOUVEAU_FAULT_PRIV_H__

/* Shared by nouveau_fault.c and nouveau_fault_fatal.c, by nobody else. */
#include <linux/workqueue.h>

#include "nouveau_fault_batch.h"
#include "tu102_tlb.h"

struct nouveau_chan;
struct nouveau_device;
struct nouveau_svm_scratch;
struct tu102_fault;

#define NOUVEAU_FAULT_RANGES	64u

/**
 * struct nouveau_fault_suspect - a fault whose service failed once
 *
 * The packet may have been stale, so it is convicted only when it comes back
 * after a replay that was waited for.
 */
struct nouveau_fault_suspect {
	u64 inst, va;
	u32 expires;			/* batch number */
	u8 cancels;			/* tried already */
};

/**
 * struct nouveau_fault_service - everything of the one work item that serves a GPU
 */
struct nouveau_fault_service {
	struct nouveau_device *ndev;
	struct tu102_fault *hw;
	struct workqueue_struct *wq;
	struct work_struct work;
	struct nouveau_svm_scratch *scratch;
	u64 last_inst;			/* fairness: who was served first last time */
	u32 batches;			/* ever */
	/* to invalidate before the replay of this batch */
	struct tu102_tlb_range ranges[NOUVEAU_FAULT_RANGES];
	unsigned int n_ranges;
	/* of this batch: newly suspected; cancelled, which replays too */
	unsigned int suspected, cancelled;
	struct nouveau_fault_suspect suspects[NOUVEAU_FAULT_BATCH_MAX];
	unsigned int n_suspects;
	struct nouveau_fault_batch batch;
};

/* nouveau_fault_fatal.c */
void nouveau_fault_failed(struct nouveau_fault_service *fs, struct nouveau_chan *chan,
			  const struct nouveau_fault *f, bool write_only);
void nouveau_fault_fatal(struct nouveau_fault_service *fs, struct nouveau_chan *chan,
			 const struct nouveau_fault *f);

#endif
