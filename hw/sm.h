/* SPDX-License-Identifier: MIT */
/*
 * The streaming multiprocessors as one launch sees them: thread blocks (CTAs)
 * resident on SMs, their warps, and the memory each can reach. A launch is
 * owned by one GR context and run by the thread of the graphics runlist; only
 * mmu_park.state and launch.woken change under its feet.
 */
#ifndef HW_SM_H
#define HW_SM_H

#include <stdatomic.h>

#include "engine.h"
#include "launch_log.h"
#include "mmu.h"
#include "qmd.h"
#include "sass.h"

#define SM_MAX_WARPS		32	/* per SM: 1024 threads on Turing */
#define SM_MAX_CTAS		16
#define SM_MAX_SHARED		65536	/* bytes per SM */
#define SM_MAX_REGISTERS	65536	/* per SM */
#define SM_MAX_LOCAL		(512u << 10)	/* bytes per thread */
#define SM_BARRIERS		16
#define SM_SPIN_TICKS		256	/* instructions a spinning lane may keep others waiting */
#define SM_PER_TPC		2
#define SM_CONST_BANKS		8
#define SM_CONST_DESCRIBED	8	/* banks without a number that are cached */
#define SM_CONST_BYTES		65536
#define SM_CONST_LINE		256
#define SM_CODE_PAGE		4096
#define SM_WINDOW_BYTES		(16u << 20)	/* of the generic address space */

/* In place of a warp error: a breakpoint, which the SM reports for itself. */
#define SM_TRAP_BPT		0xff

struct gr_ctx;
struct launch;
struct cta;

/* One SM of the chip; shared by all contexts. */
struct sm {
	unsigned int gpc, tpc, index;	/* index within the TPC */
	struct tlb *tlb;		/* uTLB of the TPC */
	struct tlb *gcc_tlb;		/* uTLB of the GPC: code and constants */
	struct mmu_client t1, gcc;
};

enum warp_state {
	WARP_FREE,
	WARP_READY,
	WARP_PARKED,		/* waits for the MMU */
	WARP_BLOCKED,		/* every live lane waits at a barrier */
};

struct warp {
	/* Row SASS_RZ stays zero; writes to it are dropped. */
	uint32_t r[SASS_ROWS][SASS_LANES] __attribute__((aligned(64)));
	uint64_t pc[SASS_LANES];	/* of live lanes outside of the running fragment */
	uint64_t stamp[SASS_LANES];	/* warp->tick when the lane last ran */
	uint32_t pred[SASS_PREDS];	/* bit per lane; pred[SASS_PT] is all ones */
	uint32_t live;			/* lanes not yet exited */
	uint32_t bar_wait;		/* lanes waiting at a CTA barrier */
	uint32_t conv_wait;		/* lanes waiting to reconverge */
	uint32_t conv[SM_BARRIERS];	/* convergence barriers: participants */
	uint32_t yielded;		/* lanes that gave way since their last BSSY */
	uint8_t bar_id[SASS_LANES];
	uint32_t bar_result;		/* of the last BAR.RED */
	uint8_t conv_id[SASS_LANES];	/* SM_BARRIERS: a WARPSYNC */
	uint32_t sync_mask[SASS_LANES];	/* of the WARPSYNC */

	/* The running fragment: lanes that share a program counter. */
	uint32_t active;
	uint32_t pend;			/* lanes still to do at cur_pc, 0: all */
	uint64_t cur_pc;
	uint64_t stop_pc;		/* another fragment waits there */
	uint64_t frag_end;		/* tick at which others get a turn */
	uint64_t patience;		/* ticks a lane waits before it gets one */
	uint64_t tick;

	struct launch *l;
	struct cta *cta;
	const struct sm *sm;
	uint8_t state;			/* enum warp_state */
	bool remote;			/* the running access is to system memory */
	uint8_t esr;			/* NVX_SM_WARP_ERROR_*, after SASS_TRAP */
	bool uniform;			/* uniform registers were written */
	struct const_bank *described;	/* what SASS_BANK_CX is to the running instruction */
	unsigned int index;		/* in the CTA */
	unsigned int slot;		/* on the SM */
	const struct code_page *code;	/* page of cur_pc, or NULL */
	uint8_t *local;			/* local memory, lane by lane */

	unsigned int nparks;
	struct mmu_park parks[SASS_LANES];
};

enum bar_op { BAR_POPC, BAR_AND, BAR_OR, BAR_NONE };

struct cta_barrier {
	unsigned int arrived;		/* threads */
	unsigned int expected;		/* 0: all of the CTA */
	unsigned int votes;		/* of a reduction: threads whose predicate holds */
	enum bar_op op;
};

struct cta {
	bool used;
	unsigned int slot;		/* in struct sm_load */
	uint32_t id[3];
	unsigned int nthreads, nwarps, exited, warps_left;
	struct warp *warp[SM_MAX_WARPS];
	struct cta_barrier bar[SM_BARRIERS];
	uint8_t *shared;
};

/* What a launch has put on one SM. */
struct sm_load {
	const struct sm *sm;
	unsigned int nctas, nwarps;
	struct cta ctas[SM_MAX_CTAS];
};

/* A constant bank as cached on chip: stays until invalidated or moved. */
struct const_bank {
	uint64_t va;
	uint32_t size;
	uint8_t *data;			/* SM_CONST_BYTES + slack, zero past size */
	uint64_t valid[SM_CONST_BYTES / SM_CONST_LINE / 64];
};

/* Decoded instructions of 4 KiB of code. */
struct code_page {
	struct code_page *next;
	uint64_t va;
	bool stale;			/* compare with memory before the next use */
	uint8_t raw[SM_CODE_PAGE];
	struct sass_insn insn[SM_CODE_PAGE / SASS_BYTES];
};

/* Caches that live as long as the channel. */
struct sm_caches {
	struct const_bank bank[SM_CONST_BANKS];
	struct const_bank described[SM_CONST_DESCRIBED];	/* oldest first out */
	unsigned int oldest;
	struct code_page *code[64];	/* hash chains */
	unsigned int npages;
	uint64_t clock;			/* instructions run: what CLOCK counts */
};

/* Texture headers and samplers as the compute class has them set. */
struct tex_pools {
	uint64_t headers, samplers;
	uint32_t header_max, sampler_max;	/* last index */
};

struct launch {
	struct gpu *gpu;
	struct channel *ch;
	struct sm_caches *caches;
	struct qmd qmd;
	uint64_t shared_window, local_window;
	struct tex_pools pools;
	uint64_t next_cta, total_ctas;
	unsigned int threads, warps_per_cta;
	unsigned int cta_limit;		/* resident CTAs per SM */
	unsigned int live_limit;	/* resident CTAs in all */
	uint32_t local_bytes;		/* per thread, multiple of 16 */
	unsigned int nregs;
	struct sm_load *load;
	unsigned int nsms, live_ctas;
	struct warp **warps;		/* all warp slots, allocated on first use */
	unsigned int nwarps, cursor;
	_Atomic bool woken;
	bool dead;			/* a warp trapped */
	uint8_t esr;
	uint64_t esr_pc;
	const struct sm *esr_sm;
	uint64_t lane_instructions, warp_instructions;	/* not yet counted */
	struct launch_work work;
};

enum launch_state { LAUNCH_DONE, LAUNCH_RUNNING, LAUNCH_WAIT, LAUNCH_TRAP };

/* sm.c. @sms: @nsms SMs of the chip. NULL without memory. */
struct launch *launch_create(struct gpu *gpu, struct channel *ch, const struct sm *sms,
			     unsigned int nsms, struct sm_caches *caches);
/* Start the grid of @qmd (checked by qmd_check()). */
void launch_start(struct launch *l, const struct qmd *qmd);
enum launch_state launch_step(struct launch *l, uint64_t budget_ns);
/* Forget a grid half-way; parked requests go. gpu->lock held. */
void launch_abort(struct launch *l);
void launch_destroy(struct launch *l);	/* after launch_abort() */

/* sm_cta.c */
bool cta_place(struct launch *l);		/* next CTA onto the emptiest SM */
void cta_warp_done(struct warp *w);		/* last lane exited */
void cta_free(struct launch *l, struct sm_load *load, struct cta *cta);
/*
 * Lanes @mask arrive; they wait if @wait. @count: threads, 0 all of the CTA.
 * @votes: lanes whose predicate holds, for @op.
 */
void cta_barrier(struct warp *w, unsigned int id, unsigned int count, uint32_t mask, bool wait,
		 enum bar_op op, uint32_t votes);
void cta_lanes_exited(struct warp *w, uint32_t mask);

/* sm_warp.c */
void warp_start(struct warp *w, uint32_t lanes, uint64_t pc);
/* Run up to @quantum instructions; returns how much of it was used. */
unsigned int warp_run(struct warp *w, unsigned int quantum);
/* Give the running fragment up: its lanes remember @pc. */
void warp_leave(struct warp *w, uint64_t pc);
void warp_trap(struct warp *w, unsigned int esr);
/* A parked warp whose requests are answered becomes ready or dies. */
void warp_poll(struct warp *w);
/* Lanes may have become able to run. */
void warp_unblock(struct warp *w);

/* sm_mem.c */
void caches_free(struct sm_caches *c);
void caches_invalidate_code(struct sm_caches *c);
void caches_invalidate_const(struct sm_caches *c);
void caches_bind_const(struct sm_caches *c, const struct qmd *qmd);
/* Decoded page of @pc; NULL: the warp parked or trapped. */
const struct code_page *code_fetch(struct warp *w, uint64_t pc);
/* Have the constants that the uniform pair at @row describes as SASS_BANK_CX. */
void const_describe(struct warp *w, unsigned int row);
/* Bring c[bank][off, off + len) in. False: the warp parked or trapped. */
bool const_fetch(struct warp *w, unsigned int bank, uint32_t off, unsigned int len);
/* Note a miss of this instruction; one request per page and warp. */
void warp_miss(struct warp *w, struct tlb *tlb, const struct mmu_client *client, uint64_t va,
	       enum mmu_access access, uint8_t fault_type);
/* Report the noted misses and park. False: one was refused, the warp trapped. */
bool warp_park(struct warp *w);

/* NULL: there is no bank of that number. */
static inline struct const_bank *const_bank(const struct warp *w, unsigned int bank)
{
	if (bank < SM_CONST_BANKS)
		return &w->l->caches->bank[bank];
	return bank == SASS_BANK_CX ? w->described : NULL;
}

static inline uint32_t const_word(const struct warp *w, unsigned int bank, uint32_t off)
{
	const struct const_bank *b = const_bank(w, bank);

	return b && b->data ? *(const uint32_t *)(b->data + off) : 0;
}

static inline enum sass_result sass_trap(struct warp *w, unsigned int esr)
{
	w->esr = esr;
	return SASS_TRAP;
}

#endif
