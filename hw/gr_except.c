// SPDX-License-Identifier: MIT
/*
 * Exceptions of the graphics engine. FE reports one and waits for the handler
 * to write NVX_GR_RESUME; Host brings no other channel onto the engine before
 * that, so the registers describe the channel that NVX_GR_CURRENT_INST names.
 */
#include <errno.h>
#include <stdlib.h>

#include "gr.h"
#include "intr.h"
#include "log.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/pri_fe.h"
#include "nvhw/tu104/pri_sked.h"
#include "nvhw/undocumented.h"

#define ALL	0xffffffffu

static void update_vector(struct gpu *gpu)
{
	intr_level(gpu, gpu->gr->vector,
		   mmio_peek(gpu, NVX_GR_INTR) & mmio_peek(gpu, NVX_GR_INTR_EN));
}

static void poke_bits(struct gpu *gpu, uint32_t off, uint32_t bits)
{
	mmio_poke(gpu, off, mmio_peek(gpu, off) | bits);
}

static uint32_t inst_value(const struct channel *ch)
{
	static const uint8_t target[] = {
		[APERTURE_VRAM] = 0, [APERTURE_PEER] = 1, [APERTURE_SYS_COH] = 2,
		[APERTURE_SYS_NCOH] = 3,
	};

	return NV_NUM(NVX_GR_CURRENT_INST_VALID, 1) |
	       NV_NUM(NVX_GR_CURRENT_INST_TARGET, target[ch->inst_aperture]) |
	       NV_NUM(NVX_GR_CURRENT_INST_PTR, ch->inst >> 12);
}

static void publish_warp_error(struct gpu *gpu, const struct gr_exception *e)
{
	const struct sm *sm = e->sm;

	mmio_poke(gpu, NVX_SM_WARP_ESR(sm->gpc, sm->tpc, sm->index), e->warp_esr);
	poke_bits(gpu, NVX_SM_GLOBAL_ESR(sm->gpc, sm->tpc, sm->index), e->global_esr);
	poke_bits(gpu, NVX_TPC_TRAP(sm->gpc, sm->tpc), NV_NUM(NVX_TPC_TRAP_SM, 1));
	poke_bits(gpu, NVX_GPC_TRAP(sm->gpc), 1u << sm->tpc);
	poke_bits(gpu, NVX_GR_TRAP_GPC_MASK, 1u << sm->gpc);
}

static void publish(struct gr_ctx *ctx, const struct gr_exception *e)
{
	struct gpu *gpu = ctx->gpu;

	gpu->gr->owner = ctx;
	mmio_poke(gpu, NVX_GR_TRAPPED_ADDR, e->addr);
	mmio_poke(gpu, NVX_GR_TRAPPED_DATA, e->data);
	mmio_poke(gpu, NVX_GR_TRAPPED_CODE, e->code);
	mmio_poke(gpu, NVX_GR_CURRENT_INST, inst_value(ctx->ch));
	if (e->fe_esr) {
		poke_bits(gpu, NV_PGRAPH_PRI_FE_HWW_ESR, e->fe_esr);
		mmio_poke(gpu, NV_PGRAPH_PRI_FE_HWW_ESR_INFO, e->fe_info);
	}
	poke_bits(gpu, NV_PGRAPH_PRI_SKED_HWW_ESR, e->sked_esr);
	if (e->sm)
		publish_warp_error(gpu, e);
	poke_bits(gpu, NVX_GR_TRAP, e->trap);
	poke_bits(gpu, NVX_GR_INTR, e->intr);
	update_vector(gpu);
}

enum engine_result gr_raise(struct gr_ctx *ctx, const struct gr_exception *e, enum gr_stall stall)
{
	pthread_mutex_lock(&ctx->gpu->lock);
	ctx->stall = stall;
	publish(ctx, e);
	pthread_mutex_unlock(&ctx->gpu->lock);
	count(ctx->gpu, channel_errors);
	return ENGINE_ERROR;
}

enum engine_result gr_method_error(struct gr_ctx *ctx, uint32_t intr, uint32_t code,
				   unsigned int subch, uint32_t mthd, uint32_t data)
{
	struct gr_exception e = {
		.intr = intr, .code = code, .data = data,
		.addr = NV_NUM(NVX_GR_TRAPPED_ADDR_METHOD, mthd >> 2) |
			NV_NUM(NVX_GR_TRAPPED_ADDR_SUBCHANNEL, subch),
	};

	if (intr == NV_NUM(NVX_GR_INTR_ILLEGAL_CLASS, 1)) {
		e.fe_esr = NV_NUM(NV_PGRAPH_PRI_FE_HWW_ESR_CLASS_SUBCH_MISMATCH, 1);
		e.fe_info = NV_NUM(NV_PGRAPH_PRI_FE_HWW_ESR_INFO_CLASS_SUBCH_MISMATCH_CLASS, data) |
			    NV_NUM(NV_PGRAPH_PRI_FE_HWW_ESR_INFO_CLASS_SUBCH_MISMATCH_SUBCH, subch);
	}
	return gr_raise(ctx, &e, GR_STALLED);
}

void gr_awaken(struct gr_ctx *ctx)
{
	pthread_mutex_lock(&ctx->gpu->lock);
	intr_pulse(ctx->gpu, ctx->gpu->gr->vector_nonstall);
	pthread_mutex_unlock(&ctx->gpu->lock);
}

void gr_show_current(struct gr_ctx *ctx)
{
	struct gr *gr = ctx->gpu->gr;

	if (gr->current == ctx)
		return;
	pthread_mutex_lock(&ctx->gpu->lock);
	gr->current = ctx;
	mmio_poke(ctx->gpu, NVX_GR_CURRENT_INST, inst_value(ctx->ch));
	pthread_mutex_unlock(&ctx->gpu->lock);
}

void gr_forget(struct gr_ctx *ctx)
{
	struct gr *gr = ctx->gpu->gr;

	if (gr->owner == ctx)
		gr->owner = NULL;
	if (gr->current != ctx)
		return;
	gr->current = NULL;
	mmio_poke(ctx->gpu, NVX_GR_CURRENT_INST, 0);
}

static void intr_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
			 uint32_t old)
{
	update_vector(gpu);
}

/* The handler is through: go on with the method after the bad one. */
static void resume_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
			   uint32_t old)
{
	struct gr *gr = gpu->gr;
	struct gr_ctx *ctx = gr->owner;

	if ((val & NVX_GR_RESUME_GO) != NVX_GR_RESUME_GO || mmio_peek(gpu, NVX_GR_INTR))
		return;
	gr->owner = NULL;
	if (ctx && ctx->stall == GR_STALLED) {
		ctx->stall = GR_RUNNING;
		fifo_acknowledged(gpu, ctx->ch);
	}
}

/* Error registers of a unit clear as a whole by their RESET bit. */
static void esr_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
			uint32_t old)
{
	if (NV_GET(val, NV_PGRAPH_PRI_FE_HWW_ESR_RESET))
		mmio_poke(gpu, r->off, old & r->rw);
}

static const struct mmio_reg fixed[] = {
	{ .off = NVX_GR_INTR, .name = "GR_INTR", .w1c = ALL, .write = intr_written },
	{ .off = NVX_GR_INTR_EN, .name = "GR_INTR_EN", .rw = ALL, .write = intr_written },
	{ .off = NVX_GR_TRAP, .name = "GR_TRAP", .w1c = ALL },
	{ .off = NVX_GR_TRAP_GPC_MASK, .name = "GR_TRAP_GPC_MASK", .w1c = ALL },
	{ .off = NVX_GR_TRAPPED_CODE, .name = "GR_TRAPPED_CODE" },
	{ .off = NVX_GR_TRAPPED_ADDR, .name = "GR_TRAPPED_ADDR" },
	{ .off = NVX_GR_TRAPPED_DATA, .name = "GR_TRAPPED_DATA" },
	{ .off = NVX_GR_RESUME, .name = "GR_RESUME", .reset = NVX_GR_RESUME_GO,
	  .rw = NVX_GR_RESUME_GO, .write = resume_written },
	{ .off = NVX_GR_CURRENT_INST, .name = "GR_CURRENT_INST" },
	{ .off = NV_PGRAPH_PRI_FE_HWW_ESR, .name = "PGRAPH_PRI_FE_HWW_ESR",
	  .reset = 0x80000000, .rw = 0x80000000, .write = esr_written },
	{ .off = NV_PGRAPH_PRI_FE_HWW_ESR_INFO, .name = "PGRAPH_PRI_FE_HWW_ESR_INFO" },
	{ .off = NV_PGRAPH_PRI_SKED_HWW_ESR, .name = "PGRAPH_PRI_SKED_HWW_ESR",
	  .write = esr_written },
	{ .off = NV_PGRAPH_PRI_SKED_HWW_ESR_EN, .name = "PGRAPH_PRI_SKED_HWW_ESR_EN",
	  .reset = 0x3ffffeff, .rw = 0x3ffffeff },
};

#define FIXED		(sizeof(fixed) / sizeof(fixed[0]))
#define PER_GPC		1
#define PER_TPC		(1 + 2 * SM_PER_TPC)

int gr_regs_register(struct gpu *gpu)
{
	unsigned int gpcs = gpu->config.gpcs, tpcs = gpu->config.tpcs;
	struct gr *gr = gpu->gr;
	struct mmio_reg *r;

	r = calloc(FIXED + gpcs * (PER_GPC + tpcs * PER_TPC), sizeof(*r));
	if (!r)
		return -ENOMEM;
	gr->regs = r;
	for (unsigned int i = 0; i < FIXED; i++)
		*r++ = fixed[i];
	for (unsigned int g = 0; g < gpcs; g++) {
		*r++ = (struct mmio_reg){ .off = NVX_GPC_TRAP(g), .name = "GPC_TRAP", .w1c = ALL };
		for (unsigned int t = 0; t < tpcs; t++) {
			*r++ = (struct mmio_reg){ .off = NVX_TPC_TRAP(g, t), .name = "TPC_TRAP",
						  .w1c = ALL };
			for (unsigned int s = 0; s < SM_PER_TPC; s++) {
				*r++ = (struct mmio_reg){ .off = NVX_SM_WARP_ESR(g, t, s),
							  .name = "SM_WARP_ESR", .rw = ALL };
				*r++ = (struct mmio_reg){ .off = NVX_SM_GLOBAL_ESR(g, t, s),
							  .name = "SM_GLOBAL_ESR", .w1c = ALL };
			}
		}
	}
	gr->block = (struct mmio_block){ .unit = "gr", .regs = gr->regs,
					 .nregs = (unsigned int)(r - gr->regs) };
	mmio_register(gpu, &gr->block);
	return 0;
}

void gr_regs_reset(struct gpu *gpu)
{
	struct gr *gr = gpu->gr;

	for (unsigned int i = 0; i < gr->block.nregs; i++)
		mmio_poke(gpu, gr->regs[i].off, gr->regs[i].reset);
	gr->owner = NULL;
	gr->current = NULL;
	update_vector(gpu);
}
