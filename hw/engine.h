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

struct engine_ops {
	/* class bound by SET_OBJECT on @subch; 0 or -1 (wrong class: engine raises it) */
	int (*set_object)(struct gpu *gpu, struct channel *ch, unsigned int subch, uint32_t cls);
	/* One method. ENGINE_BUSY: the method was taken and started work. */
	enum engine_result (*method)(struct gpu *gpu, struct channel *ch, unsigned int subch,
				     uint32_t mthd, uint32_t data);
	/* Run pending work for about @budget_ns, then return. */
	enum engine_result (*step)(struct gpu *gpu, struct channel *ch, uint64_t budget_ns);
	/* Channel leaves for good (unbound or killed): drop all its state. gpu->lock held. */
	void (*teardown)(struct gpu *gpu, struct channel *ch);
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
extern struct engine gpu_engines[];
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
	void *pbdma;			/* pbdma.c */
	void *gr;			/* gr.c: lazily created context */
	void *ce;			/* ce.c: lazily created context */
};

/*
 * Make the scheduler look at @ch again (a replay woke it, an error was
 * cleared). Callable from any thread, with or without gpu->lock.
 */
void fifo_wake(struct gpu *gpu, struct channel *ch);

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
