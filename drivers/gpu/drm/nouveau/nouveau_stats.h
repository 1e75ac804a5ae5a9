/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_STATS_H__
#define __NOUVEAU_STATS_H__

#include <linux/atomic.h>

/* Counters bumped by each step; names for debugfs and fdinfo stand beside them. */
#define NOUVEAU_STATS(X) \
	X(MMIO_READ, "mmio_reads") \
	X(MMIO_WRITE, "mmio_writes") \
	X(INTERRUPT, "interrupts") \
	X(FAULT, "faults") \
	X(FAULT_DUPLICATE, "faults_duplicate") \
	X(FAULT_PREFETCH, "faults_prefetch") \
	X(FAULT_FATAL, "faults_fatal") \
	X(FAULT_NONREPLAYABLE, "faults_nonreplayable") \
	X(FAULT_OVERFLOW, "fault_overflows") \
	X(BATCH, "fault_batches") \
	X(BLOCK, "fault_blocks") \
	X(REPLAY, "replays") \
	X(CANCEL, "cancels") \
	X(TLB_INVALIDATE, "tlb_invalidates") \
	X(PT_PUSH, "pt_pushes") \
	X(PTE_WRITE, "pte_writes") \
	X(HMM_WALK, "hmm_walks") \
	X(HMM_RETRY, "hmm_retries") \
	X(NOTIFIER, "notifier_calls") \
	X(CPU_FAULT, "cpu_faults") \
	X(PAGES_TO_VRAM, "pages_to_vram") \
	X(PAGES_TO_SYS, "pages_to_sys") \
	X(PAGES_MAPPED_SYS, "pages_mapped_sys") \
	X(PAGES_MAPPED_VRAM, "pages_mapped_vram") \
	X(MIGRATE_PARTIAL, "migrate_partial") \
	X(MIGRATE_NOVRAM, "migrate_no_vram") \
	X(EVICT_CHUNK, "evicted_chunks") \
	X(CE_PUSH, "ce_pushes") \
	X(CE_COPY, "ce_copies") \
	X(CE_BYTES, "ce_bytes") \
	X(DOORBELL, "doorbells") \
	X(SUBMIT, "submits") \
	X(CHANNEL_KILLED, "channels_killed")

enum nouveau_stat {
#define X(id, name) NOUVEAU_STAT_##id,
	NOUVEAU_STATS(X)
#undef X
	NOUVEAU_STAT_COUNT
};

struct nouveau_stats {
	atomic64_t v[NOUVEAU_STAT_COUNT];
};

static inline void nouveau_stat_add(struct nouveau_stats *s, enum nouveau_stat id, u64 n)
{
	atomic64_add(n, &s->v[id]);
}

static inline void nouveau_stat_inc(struct nouveau_stats *s, enum nouveau_stat id)
{
	atomic64_inc(&s->v[id]);
}

#endif
