/* SPDX-License-Identifier: MIT */
/* Instance blocks: what a channel or a BAR binds. */
#ifndef HW_INST_H
#define HW_INST_H

#include "mmu.h"

/*
 * Decode the address space of the instance block at @pa for engines outside
 * of GR (@veid < 0) or for a graphics subcontext. gpu->lock held or not.
 * Returns 0, or -1 with as->valid false when the block is unreadable or names
 * an unsupported format (every access then faults UNBOUND_INST_BLOCK).
 */
int inst_decode_as(struct gpu *gpu, enum gpu_aperture ap, uint64_t pa, int veid,
		   struct mmu_as *as);

#endif
