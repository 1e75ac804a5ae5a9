/* SPDX-License-Identifier: MIT */
/* What the rest of the MMU does to TLBs; engines see mmu.h only. */
#ifndef HW_TLB_H
#define HW_TLB_H

#include "mmu.h"

/* Drop what @inv names. Waits for the access in flight. gpu->lock held. */
void tlb_invalidate(struct tlb *tlb, const struct mmu_invalidate *inv);
/* Drop everything, as on reset. gpu->lock held. */
void tlb_reset(struct tlb *tlb);
/* Add what was counted since the last call to gpu->counters. */
void tlb_sync_counters(struct tlb *tlb);

/* The registry: a list through the TLBs, walked under mmu->tlbs_lock. */
struct tlb *tlb_next(struct tlb *tlb);

#endif
