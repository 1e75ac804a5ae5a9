/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_SVM_POLICY_H__
#define __NOUVEAU_SVM_POLICY_H__

/*
 * What to do about the faults of a block. Pure: a plan is a value computed from
 * a snapshot; the mechanism may refuse any part of it. Compiles in user space.
 */
#include "nouveau_mask.h"

/* X(name, default, what it does); each is a file in debugfs, svm_knobs/. */
#define NOUVEAU_SVM_KNOBS(X) \
	X(migrate, 1, "0: never migrate on a fault, map everything in place") \
	X(batch_faults, 256, "faults of a batch; 1: a replay for each, for comparison") \
	X(batch_pages, 512, "1: serve one page per fault, for comparison") \
	X(whole_blocks, 0, "1: serve 2 MiB whatever faulted, for comparison") \
	X(hot_faults, 3, "faulted pages that make a block hot for reads") \
	X(heat_halflife_ms, 1000, "heat halves in this time") \
	X(density_percent, 51, "populated part of a subtree that is then filled") \
	X(density_full_percent, 90, "the same when VRAM is about to run out") \
	X(pressure_percent, 12, "free VRAM below which density_percent rises") \
	X(noprefetch_percent, 3, "free VRAM below which nothing is prefetched") \
	X(stream_blocks, 16, "most blocks fetched ahead of a stream; 0: none") \
	X(stream_percent, 50, "free VRAM below which a stream gets fewer") \
	X(thrash_moves, 3, "returns to system memory that count as thrash; 0: none do") \
	X(thrash_window, 64, "blocks served within which they count") \
	X(thrash_throttle_us, 500, "wait before the last move that is not thrash yet") \
	X(thrash_pin_ms, 150, "how long a thrashing block stays in place") \
	X(cpu_fault_pages, 16, "least pages a CPU fault brings back, a power of two") \
	X(cpu_ahead_blocks, 8, "most blocks a CPU fault brings back for a CPU that walks; 1 to 8") \
	X(invalidate_delay_us, 0, "tests: how much longer an invalidate takes, at most 1000") \
	X(huge_folios, 3, "bit 0: folios of 2 MiB in VRAM, bit 1: when they go home")

struct nouveau_svm_advice;

struct nouveau_svm_knobs {
#define X(name, def, help) u32 name;
	NOUVEAU_SVM_KNOBS(X)
#undef X
};

extern const struct nouveau_svm_knobs nouveau_svm_knobs_default;

enum nouveau_vma_kind {
	NOUVEAU_VMA_NONE,		/* nothing mapped there */
	NOUVEAU_VMA_ANON,		/* private anonymous: may live in VRAM */
	NOUVEAU_VMA_FILE,		/* page cache, shmem, hugetlb: map in place */
	NOUVEAU_VMA_SPECIAL,		/* device memory: no access */
};

/**
 * struct nouveau_svm_heat - how busy a block is; part of the block
 */
struct nouveau_svm_heat {
	u64 stamp_ns;			/* of the last update */
	u32 heat;			/* faulted pages, decaying */
	u32 move_serial;		/* of the first of the moves counted */
	u32 moves;			/* returns to system memory in a row */
	bool away;			/* moved to VRAM since the last return */
	u64 pinned_until_ns;		/* thrash: do not migrate before */
};

/**
 * struct nouveau_svm_stream - a sequence of blocks, as far as it was seen
 *
 * @ahead blocks after @last were fetched for it; the next fault is expected in
 * the block behind them.
 */
struct nouveau_svm_stream {
	u64 last;			/* block number (VA >> 21) */
	s32 stride;			/* blocks; 0: not known yet */
	u16 run;			/* faults that were where they were expected */
	u16 ahead;
};

#define NOUVEAU_SVM_STREAMS	8u
#define NOUVEAU_SVM_STRIDE_MAX	16	/* blocks; what is further apart is chance */

/**
 * struct nouveau_svm_streams - those of a mirror, the one used last first
 */
struct nouveau_svm_streams {
	struct nouveau_svm_stream s[NOUVEAU_SVM_STREAMS];
	unsigned int n;
};

/**
 * struct nouveau_svm_view - the part of a block that lies in one VMA, as seen
 * before service
 */
struct nouveau_svm_view {
	enum nouveau_vma_kind kind;
	bool readable, writable;	/* VMA permissions */
	u16 first, end;			/* pages of the block inside the VMA */
	/* faults, all inside [first, end) */
	struct nouveau_mask read, write, atomic, prefetch;
	struct nouveau_mask vram;	/* mapped to VRAM now, a hint */
	struct nouveau_mask mapped;	/* mapped at all now, a hint */
	bool huge;			/* the CPU has one page of 2 MiB there, in RAM; a hint */
	bool expected;			/* prefetch is of a stream whose last block moved */
	bool dense;			/* a stream comes here that used all of its last block */
	u64 now_ns;
	u64 vram_free, vram_total;	/* bytes */
	struct nouveau_svm_heat heat;	/* updated with these faults already */
	const struct nouveau_svm_advice *advice;	/* NULL: none */
};

enum nouveau_plan_reason {
	NOUVEAU_PLAN_IN_PLACE,		/* map where it is */
	NOUVEAU_PLAN_HOT,		/* migrate: the block is hot */
	NOUVEAU_PLAN_WRITE,		/* migrate: written to */
	NOUVEAU_PLAN_ATOMIC,		/* migrate: needs atomics */
	NOUVEAU_PLAN_THRASH,		/* in place, pinned there */
	NOUVEAU_PLAN_NO_VRAM,		/* in place, VRAM is full */
	NOUVEAU_PLAN_REFUSED,		/* nothing to be done */
	NOUVEAU_PLAN_STREAM,		/* migrate: a stream is coming */
	NOUVEAU_PLAN_ADVICE,		/* migrate: the process said so */
};

/**
 * struct nouveau_svm_plan - what to do, pages of the block
 */
struct nouveau_svm_plan {
	enum nouveau_plan_reason reason;
	struct nouveau_mask migrate;	/* bring to VRAM */
	struct nouveau_mask require;	/* must be readable afterwards */
	struct nouveau_mask require_write;	/* and writable */
	struct nouveau_mask want;	/* fill if it costs nothing but memory: prefetch */
	struct nouveau_mask want_write;	/* the same for writing */
	struct nouveau_mask want_atomic;	/* grant atomics even in system memory */
	struct nouveau_mask refuse;	/* no access at all */
	struct nouveau_mask refuse_write;	/* reads only */
	u16 first, end;			/* window to walk and map, whole 64 KiB or VMA edge */
	bool whole;			/* take all of the block if it is one huge page */
};

void nouveau_svm_heat_add(struct nouveau_svm_heat *h, const struct nouveau_svm_knobs *k, u64 now_ns,
			  unsigned int pages);
/* Pages moved to VRAM. */
static inline void nouveau_svm_heat_moved(struct nouveau_svm_heat *h)
{
	h->away = true;
}

/* Pages went home because the CPU wanted them. True when that pinned the block. */
bool nouveau_svm_heat_returned(struct nouveau_svm_heat *h, const struct nouveau_svm_knobs *k,
			       u64 now_ns, u32 serial);
u32 nouveau_svm_throttle_us(const struct nouveau_svm_heat *h, const struct nouveau_svm_knobs *k,
			    u32 serial);
/*
 * A block is faulted on: how many blocks to fetch after it, *@stride apart; 0 when
 * it is of no stream. Tell nouveau_svm_stream_fetched() how many it were.
 */
unsigned int nouveau_svm_stream_seen(struct nouveau_svm_streams *st,
				     const struct nouveau_svm_knobs *k, u64 block, u64 vram_free,
				     u64 vram_total, s32 *stride);
void nouveau_svm_stream_fetched(struct nouveau_svm_streams *st, unsigned int n);
void nouveau_svm_plan(const struct nouveau_svm_view *v, const struct nouveau_svm_knobs *k,
		      struct nouveau_svm_plan *plan);

#endif
