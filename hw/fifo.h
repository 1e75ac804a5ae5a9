/* SPDX-License-Identifier: MIT */
/*
 * Host, seen from inside: channel RAM, runlists and PBDMAs share this.
 *
 * Who may touch what: everything is under gpu->lock except what is marked
 * (worker). A runlist's worker drops the lock while rl->running is set; then
 * only the worker may touch the channel it runs and the PBDMA it is loaded on.
 * The bus sees that PBDMA through a copy, refreshed whenever the worker is back
 * under the lock.
 */
#ifndef HW_FIFO_H
#define HW_FIFO_H

#include <pthread.h>

#include "engine.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fifo.h"
#include "nvhw/tu104/dev_pbdma.h"
#include "nvhw/tu104/dev_ram.h"
#include "nvhw/undocumented.h"

#define FIFO_PBDMAS		NV_PPBDMA_INTR_0__SIZE_1
#define FIFO_RUNLISTS		NV_PFIFO_RUNLIST_SUBMIT__SIZE_1
#define FIFO_ENGINES		NV_PFIFO_ENGINE_STATUS__SIZE_1
#define FIFO_CHANNELS		NVX_CHANNELS
#define FIFO_PBDMA_FAULT_ID	32	/* CFG0: MMU engine id of PBDMA 0 */
#define FIFO_RUNQUEUES		2	/* on the graphics runlist */
#define RAMFC_WORDS		64	/* the part that has registers */
#define PB_FETCH_DWORDS		256

/* Word of RAMFC, which is also the PBDMA register at 4 times that offset. */
#define FC(name)		NV_MW_DW(NV_RAMFC_##name)

/* Why a channel cannot run although it has work. */
enum chan_wait {
	CHAN_WAIT_NONE,
	CHAN_WAIT_ACQUIRE,	/* polls: semaphore or FAULTED bit */
	CHAN_WAIT_ENGINE,	/* until fifo_wake() */
	CHAN_WAIT_ERROR,	/* same, and the engine cannot be switched */
	CHAN_WAIT_HELD,		/* for an engine that another channel blocks */
};

struct fifo_channel {
	struct channel ch;		/* what engines see */
	struct gpu *gpu;
	bool bound, enabled, next;
	bool pbdma_faulted, eng_faulted;
	bool fault_hold;		/* off after a fault until Host restarts it */
	bool pending;			/* doorbell rang */
	bool work;			/* switched out with work left */
	bool ctx_reload;		/* engine context was saved with work left */
	bool listed;			/* on a runlist: ch.runlist, ch.tsg are valid */
	uint8_t runqueue;
	uint8_t wait;			/* enum chan_wait */
	uint64_t poll_at;		/* monotonic_ns() of the next poll */
	uint64_t poll_step;
	const struct engine *held_on;	/* with CHAN_WAIT_HELD */
	uint64_t held_since;		/* gpu_now() */
	bool fault_reported;		/* by fifo_engine_fault() in this slice */
	_Atomic bool woken, acknowledged;	/* since the last method or step */
	struct pbdma *pb;		/* loaded there, or NULL */
	const struct engine *busy;	/* (worker) owed a step() */
};

/* Registers that keep what an error was about. */
struct pbdma_shadow {
	uint32_t gp[2], hdr, hce[2];
};

struct pbdma {
	unsigned int id;
	struct runlist *rl;		/* NULL: not connected */
	struct tlb *tlb;
	struct mmu_client client;
	struct fifo_channel *fc;	/* loaded channel */
	/* As the bus sees it. */
	uint32_t reg[RAMFC_WORDS];
	bool reg_written;		/* by the guest while stalled */
	struct pbdma_shadow seen;
	uint32_t intr[2], intr_en[2], intr_stall[2];
	/* (worker) */
	uint32_t w[RAMFC_WORDS];	/* RAMFC of the loaded channel */
	uint32_t pb[PB_FETCH_DWORDS];	/* fetched pushbuffer data from PB_GET on */
	unsigned int pb_pos, pb_len;
	bool pb_bad;			/* header rejected and not yet repaired */
	uint32_t raise[2];		/* interrupts of this slice */
	struct pbdma_shadow shadow;
};

/* A TSG of the current list. */
struct tsg {
	unsigned int id;
	unsigned int first, count;	/* in runlist.entries */
	uint64_t timeslice;		/* ns */
};

struct runlist {
	struct gpu *gpu;
	unsigned int id;
	bool present;			/* serves an engine of PTOP */
	unsigned int nengines;
	const struct engine *engines[FIFO_ENGINES];	/* primary first */
	unsigned int npbdmas;
	struct pbdma *pbdmas[FIFO_RUNQUEUES];
	pthread_t thread;
	bool started;

	/* The list in force. */
	struct tsg *tsgs;
	unsigned int ntsgs;
	struct fifo_channel **entries;
	unsigned int nentries;
	/* Round robin. */
	unsigned int cur_tsg, cur_entry;
	uint64_t slice_end;		/* monotonic_ns(); 0: choose the next TSG */

	/* Requests. */
	bool submit_pending;
	uint64_t submit_base;
	enum gpu_aperture submit_ap;
	unsigned int submit_len, submit_off;
	bool preempt_all;
	uint64_t preempt_from;		/* monotonic_ns(); injected: not before */
	bool preempt_id_pending;	/* NV_PFIFO_PREEMPT aims here */
	bool sched_disabled;
	uint32_t reset_engines;		/* by PTOP ENGINE_ENUM */
	uint32_t preempted;		/* RUNLIST_SUBMIT_INFO without PENDING */
	bool idle;			/* nothing to run at the last look */

	struct fifo_channel *running;	/* the worker runs it without the lock */
	_Atomic bool attention;		/* come back under the lock soon */
	bool quit;

	pthread_mutex_t kick_lock;	/* leaf */
	pthread_cond_t kick_cond;
	bool kicked;
};

/* The engine's context, as NV_PFIFO_ENGINE_STATUS tells it. */
struct engine_slot {
	struct fifo_channel *fc;	/* NULL: no context */
	bool faulted;
};

struct fifo {
	struct fifo_channel *chan[FIFO_CHANNELS];	/* made at first bind */
	struct pbdma pbdma[FIFO_PBDMAS];
	struct runlist rl[FIFO_RUNLISTS];
	struct engine_slot eng[FIFO_ENGINES];
	uint32_t intr_0;		/* bits that are not summaries */
	uint32_t intr_runlist;		/* RUNLIST_EVENT per runlist */
	uint32_t intr_idle[4];		/* RUNLIST_IDLE, AND_ENG, ACQUIRE, AND_ENG */
	uint32_t idle_en[4];
	uint32_t bind_error, sched_error;
	uint32_t ctxsw_timeout;		/* bit per engine */
	uint32_t ctxsw_info[FIFO_ENGINES];
	unsigned int workers;
	_Atomic uint32_t pmc_enable;	/* last NV_PMC_ENABLE */
	uint32_t preempt_mask;		/* NV_PFIFO_INTR_0_MASK */
	bool preempt_pending;
	uint32_t preempt_type, preempt_id;
	_Atomic unsigned int acquirers;	/* channels in CHAN_WAIT_ACQUIRE */
	bool pausing;
	unsigned int paused;
	pthread_cond_t pause_cond;	/* with gpu->lock */
	pthread_cond_t resume_cond;
};

/* What a slice ended with. */
enum slice_end {
	SLICE_IDLE,		/* nothing left: GP_GET == GP_PUT */
	SLICE_TIME,		/* budget used up, or attention wanted */
	SLICE_STALL,		/* PBDMA interrupt */
	SLICE_ACQUIRE,		/* poll again later */
	SLICE_PBDMA_FAULT, SLICE_ENG_FAULT,
	SLICE_WAIT, SLICE_ERROR,/* engine */
	SLICE_HELD,		/* the engine is stuck with another channel */
	SLICE_YIELD_TSG, SLICE_YIELD,
};

static inline struct fifo_channel *to_fifo(struct channel *ch)
{
	return (struct fifo_channel *)ch;	/* first member */
}

/* Aperture codes of instance blocks, USERD and runlists. */
static inline enum gpu_aperture fifo_aperture(uint32_t target)
{
	static const enum gpu_aperture map[] = {
		APERTURE_VRAM, APERTURE_PEER, APERTURE_SYS_COH, APERTURE_SYS_NCOH,
	};

	return map[target & 3];
}

/* chram.c: channel RAM. gpu->lock held. */
void chram_register(struct gpu *gpu);
struct fifo_channel *chram_object(struct gpu *gpu, unsigned int chid);	/* bound or not */
struct fifo_channel *chram_lookup(struct gpu *gpu, unsigned int chid);	/* bound or NULL */
void chram_doorbell(struct gpu *gpu, uint32_t handle);
bool chram_clear_faulted(struct gpu *gpu, uint32_t handle);	/* was it set? */
void chram_drop(struct gpu *gpu, struct fifo_channel *fc);	/* engine and Host state */
void chram_set_wait(struct fifo_channel *fc, enum chan_wait wait);
void chram_reset(struct gpu *gpu);

/* fifo.c */
void fifo_register(struct gpu *gpu);			/* fifo_regs.c */
uint32_t fifo_intr_0(struct gpu *gpu);
uint32_t fifo_pbdma_pending(struct gpu *gpu);		/* bit per PBDMA */
void fifo_bind_error(struct gpu *gpu, uint32_t code);
void fifo_sched_error(struct gpu *gpu, uint32_t code);
void fifo_preempt_progress(struct gpu *gpu);		/* is NV_PFIFO_PREEMPT over? */
bool fifo_engine_stuck(struct gpu *gpu, const struct engine *e);
void fifo_update_intr(struct gpu *gpu);			/* gpu->lock held */
void fifo_raise(struct gpu *gpu, uint32_t intr_0_bits);	/* gpu->lock held */
uint32_t fifo_clear_faulted_timeout(struct gpu *gpu);	/* 1024 ns, 0: off; gpu->lock held */
void fifo_poll_acquires(struct gpu *gpu);		/* memory changed: any thread */
bool fifo_engine_in_reset(struct gpu *gpu, const struct engine *e);
const struct engine *fifo_target(const struct pbdma *pb, unsigned int subch);

/* runlist.c: the list and who runs next. gpu->lock held. */
void runlist_init(struct gpu *gpu);
void runlist_kick(struct runlist *rl);			/* with or without the lock */
void runlist_attend(struct runlist *rl);		/* kick, and cut the slice short */
void runlist_load(struct runlist *rl);			/* a submitted list */
void runlist_clear(struct runlist *rl);
void runlist_preempt(struct runlist *rl);		/* as far as it can */
void runlist_reset_engines(struct runlist *rl);		/* rl->reset_engines */
struct fifo_channel *runlist_pick(struct runlist *rl, uint64_t *wait_until);

/* runlist_worker.c */
int worker_start(struct runlist *rl);
void worker_stop(struct runlist *rl);
void worker_pause_all(struct gpu *gpu);			/* gpu->lock held; waits */
void worker_resume_all(struct gpu *gpu);

/* pbdma.c: one channel on a PBDMA. */
void pbdma_load(struct gpu *gpu, struct pbdma *pb, struct fifo_channel *fc);	/* lock held */
void pbdma_save(struct gpu *gpu, struct pbdma *pb);				/* lock held */
void pbdma_publish(struct pbdma *pb);						/* lock held */
enum slice_end pbdma_slice(struct gpu *gpu, struct pbdma *pb, uint64_t until);	/* no lock */
/* Stop at METHOD0 = the current method with interrupt @bit of INTR_@n. */
enum slice_end pbdma_stall(struct pbdma *pb, unsigned int n, uint32_t bits);
enum slice_end pbdma_fault(struct gpu *gpu, struct pbdma *pb, const struct mmu_xlat *x,
			   uint64_t va, enum mmu_access access);
void pbdma_userd_write(struct gpu *gpu, struct pbdma *pb, unsigned int byte, uint32_t val);
bool pbdma_userd_gp_put(struct gpu *gpu, struct pbdma *pb, uint32_t *val);
/*
 * pbdma_fetch.c: puts the next method into METHOD0 and DATA0. Returns false
 * with *end when there is none now; true without a valid METHOD0 after a
 * control entry.
 */
bool pbdma_next_method(struct gpu *gpu, struct pbdma *pb, enum slice_end *end);
static inline void pbdma_drop_prefetch(struct pbdma *pb)
{
	pb->pb_pos = pb->pb_len = 0;
}
/* pbdma_regs.c */
void pbdma_register(struct gpu *gpu);
void pbdma_reset(struct pbdma *pb);
void pbdma_raise(struct gpu *gpu, struct pbdma *pb, unsigned int n, uint32_t bits); /* lock held */
bool pbdma_stalled(const struct pbdma *pb);
bool pbdma_intr_pending(const struct pbdma *pb);

/* Result of one method. */
enum method_result {
	METHOD_DONE,
	METHOD_END,		/* leave the slice with pb->end; METHOD0 is retried */
	METHOD_TAKEN,		/* leave the slice with *end; the method is over */
};

/* host_methods.c (no lock) */
enum method_result host_method(struct gpu *gpu, struct pbdma *pb, uint32_t mthd, uint32_t data,
			       enum slice_end *end);
/* host_sem.c (no lock) */
enum method_result host_semaphore(struct gpu *gpu, struct pbdma *pb, uint32_t exec,
				  enum slice_end *end);
enum method_result host_semaphore_legacy(struct gpu *gpu, struct pbdma *pb, uint32_t semd,
					 enum slice_end *end);
enum method_result host_retry_later(struct gpu *gpu, struct pbdma *pb, uint64_t period,
				    uint32_t timeout_bit, enum slice_end *end);
void host_retry_over(struct pbdma *pb);

/* hce.c (no lock): *forward when the copy engine is to see the method. */
enum method_result hce_method(struct gpu *gpu, struct pbdma *pb, uint32_t mthd, uint32_t data,
			      bool *forward, enum slice_end *end);

#endif
