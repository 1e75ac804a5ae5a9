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

/*
 * --paranoid: look for entries that grant what the page tables no longer do,
 * and have not since TLB_STALE_NS. The driver owes an invalidate much sooner.
 * Each is logged and counted once; returns how many are new. @now: gpu_now().
 */
#define TLB_STALE_NS	1000000000ull
unsigned int tlb_audit(struct tlb *tlb, uint64_t now);

/* The registry: a list through the TLBs, walked under mmu->tlbs_lock. */
struct tlb *tlb_next(struct tlb *tlb);

#endif
