/* SPDX-License-Identifier: MIT */
/*
 * Host to engine: a channel on a runlist hands methods to the engine and lets
 * it work. One worker thread per runlist calls everything here, so an engine
 * needs no lock against itself; GR and the GRCEs share a thread.
 */
#ifndef HW_ENGINE_H
#define HW_ENGINE_H

#include "gpu.h"
#include "mmu.h"

enum engine_result {
	ENGINE_DONE,		/* method accepted / nothing left to do */
	ENGINE_BUSY,		/* work pending: call step() before the next method */
	ENGINE_WAIT,		/* cannot go on until woken (parked on replay) */
	ENGINE_FAULTED,		/* fault-and-switch: off until FAULTED is cleared */
	ENGINE_ERROR,		/* stalled by an error interrupt until reset or teardown */
};

struct channel;
struct engine;

struct engine_ops {
	/*
	 * Class bound by SET_OBJECT on @subch; 0 or -1 (wrong class: engine raises
	 * it). Not for copy engines, whose class Host itself checks.
	 */
	int (*set_object)(struct gpu *gpu, struct channel *ch, unsigned int subch, uint32_t cls);
	/*
	 * One method, taken whatever the result. Anything but ENGINE_DONE asks
	 * for step() before the next method of this channel: at once (BUSY),
	 * after fifo_wake() (WAIT), after fifo_acknowledged() (ERROR) or once FAULTED
	 * is clear (FAULTED).
	 */
	enum engine_result (*method)(struct gpu *gpu, struct channel *ch, unsigned int subch,
				     uint32_t mthd, uint32_t data);
	/* Run pending work for about @budget_ns, then return. */
	enum engine_result (*step)(struct gpu *gpu, struct channel *ch, uint64_t budget_ns);
	/*
	 * Channel leaves for good (unbound, or on an engine that is reset):
	 * drop all its state. gpu->lock held, no method or step of @ch runs.
	 */
	void (*teardown)(struct gpu *gpu, struct channel *ch);
	/* The engine's PMC_ENABLE bit fell. gpu->lock held, nothing runs on it. */
	void (*reset)(struct gpu *gpu, const struct engine *e);
};

/* One per PTOP device; see ptop.c for the table. */
struct engine {
	const char *name;
	unsigned int id;		/* PTOP ENGINE_ENUM */
	unsigned int runlist;
	unsigned int intr;		/* PTOP INTR_ENUM; stall vector 192 + intr */
	unsigned int reset;		/* PTOP RESET_ENUM */
	unsigned int type, inst;	/* PTOP TYPE_ENUM, INST_ID */
	uint32_t pri_base;
	uint16_t fault_id;		/* NV_PFAULT_MMU_ENG_ID_* */
	const struct engine_ops *ops;
};

/* Table in ptop.c, in ENGINE_ENUM order. */
extern const struct engine gpu_engines[];
extern const unsigned int gpu_engine_count;

/* A channel between bind and unbind (fifo.c owns it). */
struct channel {
	unsigned int chid;
	unsigned int runlist;
	unsigned int tsg;
	uint64_t inst;
	enum gpu_aperture inst_aperture;
	struct mmu_as as;		/* words 128/129: Host, CE */
	struct mmu_as gr_as;		/* subcontext 0: GR */
	bool privileged;		/* CONFIG.AUTH_LEVEL */
	bool ce_privileged;		/* HCE_CTRL.HCE_PRIV_MODE: physical copies */
	uint32_t ce_render_addr[2];	/* SET_RENDER_ENABLE_A, _B (hce.c) */
	void *pbdma;			/* pbdma.c: where it is loaded, or NULL */
	void *gr;			/* gr.c: lazily created context */
	void *ce;			/* ce.c: lazily created context */
};

/*
 * Make the scheduler look at @ch again: a replay woke it. Callable from any thread, with
 * or without gpu->lock.
 */
void fifo_wake(struct gpu *gpu, struct channel *ch);
/*
 * The same, because the guest has cleared the error of @ch. Before, nothing else that @ch
 * waited for lets go of an engine it is stuck on.
 */
void fifo_acknowledged(struct gpu *gpu, struct channel *ch);

/* The LCE that serves @ch, which is loaded on a PBDMA. */
const struct engine *fifo_copy_engine(const struct channel *ch);
/*
 * Fault-and-switch: report a non-replayable fault of @ch on its engine and set
 * ENG_FAULTED in one go, so that no driver can clear the bit before it is set.
 * The engine then returns ENGINE_FAULTED. Takes gpu->lock.
 */
void fifo_engine_fault(struct gpu *gpu, struct channel *ch, const struct mmu_as *as,
		       const struct mmu_client *client, uint64_t va, enum mmu_access access,
		       uint8_t fault_type);
/*
 * A write to NV_PMC_ENABLE changed it: engines whose bit falls lose the channel
 * they hold; bit 8 resets Host itself. gpu->lock held.
 */
void fifo_pmc_enable(struct gpu *gpu, uint32_t old, uint32_t now);
/*
 * May step() go on? Long work asks between pieces; false when Host wants the
 * channel off the engine (preemption, reset). Lock-free.
 */
bool fifo_may_continue(const struct channel *ch);

extern const struct engine_ops gr_engine_ops;	/* gr.c */
extern const struct engine_ops ce_engine_ops;	/* ce.c */

int fifo_init(struct gpu *gpu);
void fifo_reset(struct gpu *gpu);
void fifo_fini(struct gpu *gpu);
int ce_init(struct gpu *gpu);
void ce_reset(struct gpu *gpu);
void ce_fini(struct gpu *gpu);
int gr_init(struct gpu *gpu);
void gr_reset(struct gpu *gpu);
void gr_fini(struct gpu *gpu);

#endif
