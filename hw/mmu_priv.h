/* SPDX-License-Identifier: MIT */
/* The MMU's own state, shared by its files. gpu->lock protects all of it. */
#ifndef HW_MMU_PRIV_H
#define HW_MMU_PRIV_H

#include "fault_buffer.h"
#include "mmu.h"

/* FIFO of parked requests; *last is the NULL that ends it. */
struct park_list {
	struct mmu_park *first, **last;
};

/* Operands latched by one view (VF or PF) of the invalidate registers. */
struct invalidate_regs {
	uint32_t pdb, upper_pdb;
	uint32_t vaddr, upper_vaddr, size;	/* PF view only */
};

struct mmu {
	/* gpu->lock, then this, then a tlb->lock */
	pthread_mutex_t tlbs_lock;
	struct tlb *tlbs;
	struct invalidate_regs vf, pf;
	struct park_list parked;
	struct park_list retrying;		/* during a replay */
	struct fault_buffers *faults;		/* fault_buffer.c */
	struct mmu_late *late;			/* mmu_late.c, only with --inject */
	struct access_counters *access;		/* access_counter.c */
};

/* mmu_replay.c */
void replay_init(struct mmu *mmu);
void replay_reset(struct gpu *gpu);
/* The part of mmu_invalidate() after the TLBs dropped their entries. */
void replay_run(struct gpu *gpu, const struct mmu_invalidate *inv);

/*
 * mmu_late.c: run @fn with gpu->lock held, a moment later on a thread of its
 * own. Only injected trouble is late. False when --inject is off or memory is
 * short: do it at once then. @arg is copied.
 */
typedef void (*late_fn)(struct gpu *gpu, const void *arg);
bool late_post(struct gpu *gpu, late_fn fn, const void *arg, size_t len);
int late_init(struct gpu *gpu);
void late_reset(struct gpu *gpu);	/* forgets what is pending */
void late_fini(struct gpu *gpu);

#endif
