/* SPDX-License-Identifier: MIT */
/*
 * Graphics: what one channel has on the engine. Calls come from the worker of
 * the graphics runlist; registers and exceptions are under gpu->lock.
 */
#ifndef HW_GR_H
#define HW_GR_H

#include "engine.h"
#include "gob.h"
#include "mmio.h"
#include "ptop.h"
#include "sm.h"

#define GR_SUBCHANNELS	4		/* 3D, compute, inline-to-memory, 2D */
#define GR_METHODS	0x1000		/* dwords of a class' method space */

enum { GR_SUBCH_3D, GR_SUBCH_COMPUTE, GR_SUBCH_I2M, GR_SUBCH_2D };

enum gr_stall {
	GR_RUNNING,
	GR_STALLED,		/* until the driver writes NVX_GR_RESUME */
	GR_DEAD,		/* until the channel is torn down */
};

/* What an exception leaves in the registers. */
struct gr_exception {
	uint32_t intr;		/* NVX_GR_INTR_* */
	uint32_t trap;		/* NVX_GR_TRAP_* */
	uint32_t addr, data, code;
	uint32_t fe_esr, fe_info, sked_esr;
	const struct sm *sm;	/* NULL: no warp error */
	uint32_t warp_esr, global_esr;
};

/* An inline upload, as methods of three of the classes make one. */
struct i2m {
	uint64_t va;
	uint32_t left;		/* bytes not yet delivered */
	uint32_t launch;	/* LAUNCH_DMA */
	bool active;
};

/* A clear in progress, row by row: of a layer's colour, or of depth and stencil. */
struct gr_clear {
	bool active;
	uint32_t data, todo;		/* CLEAR_SURFACE, and which of its bits are to come */
	uint64_t va;			/* of the layer, or of all with blocks of some depth */
	uint32_t y, z, rows;
	uint32_t x_bytes, row_bytes, pitch;
	bool blocks;			/* not by rows */
	struct gob_layout gobs;
	bool masked;			/* some bits of each element stay */
	unsigned int element;
	uint8_t pattern[16], mask[16];
};

struct gr_ctx {
	struct gpu *gpu;
	struct channel *ch;
	uint32_t cls[GR_SUBCHANNELS];	/* bound by SET_OBJECT, 0 none */
	uint32_t *regs[GR_SUBCHANNELS];	/* last value of each method */
	struct i2m i2m[GR_SUBCHANNELS];
	struct gr_clear clear;
	struct sm_caches caches;
	struct launch *launch;		/* made by the first one */
	bool launched;			/* and not yet complete */
	_Atomic int stall;		/* enum gr_stall */
};

struct gr {
	struct gpu *gpu;
	unsigned int vector, vector_nonstall;
	unsigned int nsms;
	struct sm *sms;
	struct sm_pool *pool;		/* NULL: launches run in one thread */
	struct tlb *hub_tlb, *gcc_tlb[PTOP_MAX_GPCS], *tpc_tlb[PTOP_MAX_GPCS * PTOP_MAX_TPCS];
	struct gr_ctx *owner;		/* of the exception in the registers */
	const struct gr_ctx *current;	/* as NVX_GR_CURRENT_INST shows */
	struct mmio_reg *regs;
	struct mmio_block block;
};

#define GR_REG(ctx, subch, mthd)	((ctx)->regs[subch][(mthd) / 4])

/* gr_except.c */
int gr_regs_register(struct gpu *gpu);
void gr_regs_reset(struct gpu *gpu);			/* gpu->lock held */
/* Report @e and stall the channel. Takes gpu->lock. */
enum engine_result gr_raise(struct gr_ctx *ctx, const struct gr_exception *e, enum gr_stall stall);
/* An error of the method at hand. */
enum engine_result gr_method_error(struct gr_ctx *ctx, uint32_t intr, uint32_t code,
				   unsigned int subch, uint32_t mthd, uint32_t data);
/* The non-stalling interrupt of a semaphore. Takes gpu->lock. */
void gr_awaken(struct gr_ctx *ctx);
void gr_forget(struct gr_ctx *ctx);			/* gpu->lock held */
void gr_show_current(struct gr_ctx *ctx);

/* gr_methods.c: is @mthd (>= 0x100) one of the class of @subch, and is it inert? */
enum gr_method_kind { GR_UNKNOWN, GR_INERT, GR_UNMODELLED };
enum gr_method_kind gr_method_kind(unsigned int subch, uint32_t mthd);

/* gr_mem.c: memory of the front end, through the hub. ENGINE_ERROR after a fault. */
enum engine_result gr_write(struct gr_ctx *ctx, unsigned int client, uint64_t va, const void *src,
			    size_t len);
enum engine_result gr_read(struct gr_ctx *ctx, unsigned int client, uint64_t va, void *dst,
			   size_t len);
/* Semaphore release: payload, or payload, 0 and the time; or a 32-bit reduction. */
enum engine_result gr_release(struct gr_ctx *ctx, unsigned int client,
			      const struct qmd_release *r);

/* gr_clear.c */
enum engine_result gr_clear_start(struct gr_ctx *ctx, uint32_t data);	/* CLEAR_SURFACE */
enum engine_result gr_clear_step(struct gr_ctx *ctx);

/* gr_3d.c, gr_compute.c, gr_i2m.c: methods with effects; GR_NOT_MINE when it is none. */
#define GR_NOT_MINE	((enum engine_result)-1)
enum engine_result gr_3d_method(struct gr_ctx *ctx, uint32_t mthd, uint32_t data);
enum engine_result gr_report(struct gr_ctx *ctx, unsigned int subch, uint32_t d);
enum engine_result gr_compute_method(struct gr_ctx *ctx, uint32_t mthd, uint32_t data);
void gr_invalidate_caches(struct gr_ctx *ctx, uint32_t data);	/* INVALIDATE_SHADER_CACHES */
enum engine_result gr_compute_step(struct gr_ctx *ctx, uint64_t budget_ns);
enum engine_result gr_i2m_method(struct gr_ctx *ctx, unsigned int subch, uint32_t mthd,
				 uint32_t data);

#endif
