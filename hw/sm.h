/* SPDX-License-Identifier: MIT */
/*
 * The streaming multiprocessors as one launch sees them: thread blocks (CTAs)
 * resident on SMs, their warps, and the memory each can reach. A launch is
 * owned by one GR context and stepped by the thread of the graphics runlist.
 *
 * During a step its SMs are worked on in parts, side by side if there are
 * threads for that (sm_pool.h). What belongs to an SM is its part's alone: loads,
 * blocks, warps. All parts share the caches, under their own lock, and what is
 * marked so in struct launch. Between steps nothing runs, so whoever resets,
 * invalidates or takes the channel away needs no lock against the parts. Only
 * mmu_park.state and sm_part.woken change under everybody's feet.
 */
#ifndef HW_SM_H
#define HW_SM_H

#include <pthread.h>
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
#define SM_MAX_PARTS		16

/* In place of a warp error: a breakpoint, which the SM reports for itself. */
#define SM_TRAP_BPT		0xff

struct gr_ctx;
struct launch;
struct sm_part;
struct sm_pool;
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
	struct sm_part *part;
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
	struct sm_part *part;
	unsigned int nctas, nwarps;
	struct cta ctas[SM_MAX_CTAS];
};

/* A constant bank as cached on chip: stays until invalidated or moved. */
struct const_bank {
	uint64_t va;
	uint32_t size;
	uint8_t *data;			/* SM_CONST_BYTES + slack, zero past size */
	_Atomic uint64_t valid[SM_CONST_BYTES / SM_CONST_LINE / 64];
};

/* Decoded instructions of 4 KiB of code. */
struct code_page {
	struct code_page *next;
	uint64_t va;
	_Atomic bool stale;		/* compare with memory before the next use */
	uint8_t raw[SM_CODE_PAGE];
	struct sass_insn insn[SM_CODE_PAGE / SASS_BYTES];
};

/* Banks without a number; each part has its own, since they come and go. */
struct const_described {
	struct const_bank bank[SM_CONST_DESCRIBED];	/* oldest first out */
	unsigned int oldest;
};

/*
 * Caches that live as long as the channel. During a step they only grow, and what
 * is in them stays as it is: parts look without the lock and take it to add.
 */
struct sm_caches {
	pthread_mutex_t lock;
	struct const_bank bank[SM_CONST_BANKS];
	struct const_described described[SM_MAX_PARTS];
	struct code_page *_Atomic code[64];	/* hash chains */
	unsigned int npages;
	_Atomic bool full;		/* no room for code before the next step */
	uint64_t clock;			/* instructions run: what CLOCK counts */
};

/* Texture headers and samplers as the compute class has them set. */
struct tex_pools {
	uint64_t headers, samplers;
	uint32_t header_max, sampler_max;	/* last index */
};

/* Some of the SMs of a launch: one thread at a time works on them. */
struct sm_part {
	struct launch *l;
	unsigned int index;
	unsigned int first_sm, nsms;
	unsigned int cursor;		/* among its warps: whose turn it is */
	unsigned int nctas;		/* resident */
	bool owes;			/* there was no memory for block @owed */
	uint64_t owed;
	uint64_t budget;		/* left in this step, in instructions */
	bool more;			/* stopped with something left to run */
	uint8_t state;			/* sm_pool.c's */
	_Atomic bool woken;
	uint64_t lane_instructions, warp_instructions;	/* not yet counted */
} __attribute__((aligned(64)));

struct launch {
	struct gpu *gpu;
	struct channel *ch;
	struct sm_caches *caches;
	struct qmd qmd;
	uint64_t shared_window, local_window;
	struct tex_pools pools;
	uint64_t total_ctas;
	unsigned int threads, warps_per_cta;
	unsigned int cta_limit;		/* resident CTAs per SM */
	unsigned int live_limit;	/* resident CTAs in all */
	uint32_t local_bytes;		/* per thread, multiple of 16 */
	unsigned int nregs;
	struct sm_load *load;
	unsigned int nsms;
	struct warp **warps;		/* all warp slots, allocated on first use */
	unsigned int nwarps;
	struct sm_pool *pool;		/* NULL: one part */
	struct sm_part *parts;
	unsigned int nparts;
	bool fresh;			/* no step was made yet */
	struct launch_work work;

	/* Shared by the parts. */
	pthread_mutex_t lock;		/* leaf */
	uint64_t next_cta;
	unsigned int live_ctas;
	_Atomic bool dead;		/* a warp trapped; the first one tells why: */
	uint8_t esr;
	uint64_t esr_pc;
	const struct sm *esr_sm;
};

enum launch_state { LAUNCH_DONE, LAUNCH_RUNNING, LAUNCH_WAIT, LAUNCH_TRAP };

/* sm.c. @sms: @nsms SMs of the chip. @pool: or NULL. NULL without memory. */
struct launch *launch_create(struct gpu *gpu, struct channel *ch, const struct sm *sms,
			     unsigned int nsms, struct sm_pool *pool, struct sm_caches *caches);
/* Start the grid of @qmd (checked by qmd_check()). */
void launch_start(struct launch *l, const struct qmd *qmd);
enum launch_state launch_step(struct launch *l, uint64_t budget_ns);
/* Forget a grid half-way; parked requests go. gpu->lock held. */
void launch_abort(struct launch *l);
void launch_destroy(struct launch *l);	/* after launch_abort() */
/* Work on the SMs of @p for up to p->budget instructions; p->more says how it ended. */
void part_run(struct sm_part *p);

static inline bool launch_dead(const struct launch *l)
{
	return atomic_load_explicit(&l->dead, memory_order_relaxed);
}

/* sm_cta.c */
/* The next CTA onto the emptiest of SMs @first to @first + @n - 1. */
bool cta_place(struct launch *l, unsigned int first, unsigned int n);
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
void caches_init(struct sm_caches *c);
void caches_free(struct sm_caches *c);
void caches_make_room(struct sm_caches *c);	/* between steps: after it was full */
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
