/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_FAULT_BATCH_H__
#define __NOUVEAU_FAULT_BATCH_H__

#include "nouveau_fault.h"
#include "nouveau_mask.h"

#define NOUVEAU_FAULT_BATCH_MAX	256u

/**
 * struct nouveau_fault_group - faults of one address space in one 2 MiB block
 */
struct nouveau_fault_group {
	u64 inst;		/* VRAM address of the instance block */
	u64 base;		/* address of the block */
	u16 first, n;		/* its faults in the batch, ascending by address */
	bool replayable;
	struct nouveau_mask read, write, atomic, prefetch;	/* strongest access by page */
};

/**
 * struct nouveau_fault_batch - what one drain brought, preallocated
 */
struct nouveau_fault_batch {
	unsigned int n;			/* faults, after prepare without duplicates */
	unsigned int raw;		/* faults as drained */
	unsigned int groups;
	struct nouveau_fault fault[NOUVEAU_FAULT_BATCH_MAX];
	struct nouveau_fault_group group[NOUVEAU_FAULT_BATCH_MAX];
};

void nouveau_fault_batch_reset(struct nouveau_fault_batch *b);
/* Append a drained fault; false when full. */
bool nouveau_fault_batch_add(struct nouveau_fault_batch *b, const struct nouveau_fault *f);
/* Sort, merge duplicates and group. Afterwards fault[] and group[] are final. */
void nouveau_fault_batch_prepare(struct nouveau_fault_batch *b);

#endif
