// SPDX-License-Identifier: MIT
/*
 * The graphics engine as Host sees it: one context per channel, methods in
 * order, one at a time. A launch or a clear finishes before the next method is
 * taken, so everything behaves as after a WAIT_FOR_IDLE.
 */
#include "gr.h"

#include <errno.h>
#include <stdlib.h>

#include "intr.h"
#include "log.h"
#include "nvhw/class/cl902d.h"
#include "nvhw/class/cla140.h"
#include "nvhw/class/clc597.h"
#include "nvhw/class/clc5c0.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/undocumented.h"
#include "sm_pool.h"

#define HUB_TLB_ENTRIES		64
#define GPC_TLB_ENTRIES		64
#define TPC_TLB_ENTRIES		128

/* FE keeps one class per subchannel, always the same one. */
static const uint16_t subch_class[GR_SUBCHANNELS] = {
	[GR_SUBCH_3D] = TURING_A,
	[GR_SUBCH_COMPUTE] = TURING_COMPUTE_A,
	[GR_SUBCH_I2M] = KEPLER_INLINE_TO_MEMORY_B,
	[GR_SUBCH_2D] = FERMI_TWOD_A,
};

/* T1_0..T1_7 and up: the codes come in runs. */
static uint8_t t1_client(unsigned int n)
{
	if (n < 8)
		return (uint8_t)(NV_PFAULT_CLIENT_GPC_T1_0 + n);
	return (uint8_t)(NV_PFAULT_CLIENT_GPC_T1_8 + (n - 8));
}

static void describe_sm(struct gr *gr, struct sm *sm, unsigned int gpc, unsigned int tpc,
			unsigned int index)
{
	*sm = (struct sm){
		.gpc = gpc, .tpc = tpc, .index = index,
		.tlb = gr->tpc_tlb[gpc * gr->gpu->config.tpcs + tpc],
		.gcc_tlb = gr->gcc_tlb[gpc],
		.t1 = { .engine_id = NV_PFAULT_MMU_ENG_ID_GRAPHICS, .gpc = (uint8_t)gpc,
			.client = t1_client(tpc * SM_PER_TPC + index) },
		.gcc = { .engine_id = NV_PFAULT_MMU_ENG_ID_GRAPHICS, .gpc = (uint8_t)gpc,
			 .client = NV_PFAULT_CLIENT_GPC_GCC },
	};
}

static int create_sms(struct gpu *gpu, struct gr *gr)
{
	unsigned int gpcs = gpu->config.gpcs, tpcs = gpu->config.tpcs, n = 0;

	gr->hub_tlb = tlb_create(gpu, "gr-hub", HUB_TLB_ENTRIES, true);
	if (!gr->hub_tlb)
		return -1;
	for (unsigned int g = 0; g < gpcs; g++) {
		gr->gcc_tlb[g] = tlb_create(gpu, "gr-rgg", GPC_TLB_ENTRIES, false);
		if (!gr->gcc_tlb[g])
			return -1;
	}
	for (unsigned int t = 0; t < gpcs * tpcs; t++) {
		gr->tpc_tlb[t] = tlb_create(gpu, "gr-ltp", TPC_TLB_ENTRIES, false);
		if (!gr->tpc_tlb[t])
			return -1;
	}
	gr->nsms = gpcs * tpcs * SM_PER_TPC;
	gr->sms = calloc(gr->nsms, sizeof(*gr->sms));
	if (!gr->sms)
		return -1;
	for (unsigned int g = 0; g < gpcs; g++)
		for (unsigned int t = 0; t < tpcs; t++)
			for (unsigned int s = 0; s < SM_PER_TPC; s++)
				describe_sm(gr, &gr->sms[n++], g, t, s);
	return 0;
}

int gr_init(struct gpu *gpu)
{
	unsigned int threads;
	struct gr *gr;

	gr = calloc(1, sizeof(*gr));
	if (!gr)
		return -ENOMEM;
	gr->gpu = gpu;
	gpu->gr = gr;
	for (unsigned int i = 0; i < gpu_engine_count; i++) {
		if (gpu_engines[i].ops != &gr_engine_ops)
			continue;
		gr->vector = INTR_STALL_BASE + gpu_engines[i].intr;
		gr->vector_nonstall = gpu_engines[i].intr;
	}
	if (create_sms(gpu, gr) || gr_regs_register(gpu))
		return -ENOMEM;
	threads = gpu->config.threads < gr->nsms ? gpu->config.threads : gr->nsms;
	if (threads > 1)
		gr->pool = sm_pool_create(threads);
	return threads > 1 && !gr->pool ? -ENOMEM : 0;
}

/* Host has dropped all channels, hence all contexts, by now. */
void gr_reset(struct gpu *gpu)
{
	gr_regs_reset(gpu);
}

/* PMC_ENABLE: the channel on the engine is gone, others keep their contexts. */
static void gr_engine_reset(struct gpu *gpu, const struct engine *e)
{
	gr_regs_reset(gpu);
}

void gr_fini(struct gpu *gpu)
{
	struct gr *gr = gpu->gr;

	if (!gr)
		return;
	sm_pool_destroy(gr->pool);
	tlb_destroy(gpu, gr->hub_tlb);
	for (unsigned int i = 0; i < PTOP_MAX_GPCS; i++)
		tlb_destroy(gpu, gr->gcc_tlb[i]);
	for (unsigned int i = 0; i < PTOP_MAX_GPCS * PTOP_MAX_TPCS; i++)
		tlb_destroy(gpu, gr->tpc_tlb[i]);
	free(gr->sms);
	free(gr->regs);
	free(gr);
	gpu->gr = NULL;
}

static void free_ctx(struct gr_ctx *ctx)
{
	for (unsigned int i = 0; i < GR_SUBCHANNELS; i++)
		free(ctx->regs[i]);
	caches_free(&ctx->caches);
	free(ctx);
}

static struct gr_ctx *get_ctx(struct gpu *gpu, struct channel *ch)
{
	struct gr_ctx *ctx = ch->gr;

	if (ctx)
		return ctx;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return NULL;
	ctx->gpu = gpu;
	ctx->ch = ch;
	caches_init(&ctx->caches);
	for (unsigned int i = 0; i < GR_SUBCHANNELS; i++) {
		ctx->regs[i] = calloc(GR_METHODS, sizeof(uint32_t));
		if (!ctx->regs[i]) {
			free_ctx(ctx);
			return NULL;
		}
	}
	/* Reset values that matter: nothing is suppressed. */
	GR_REG(ctx, GR_SUBCH_3D, NVC597_SET_RENDER_ENABLE_C) =
		NV_DEF(NVC597_SET_RENDER_ENABLE_C_MODE, _TRUE);
	GR_REG(ctx, GR_SUBCH_COMPUTE, NVC5C0_SET_RENDER_ENABLE_C) =
		NV_DEF(NVC5C0_SET_RENDER_ENABLE_C_MODE, _TRUE);
	ch->gr = ctx;
	return ctx;
}

static int gr_set_object(struct gpu *gpu, struct channel *ch, unsigned int subch, uint32_t cls)
{
	uint32_t id = NV_GET(cls, NVC5C0_SET_OBJECT_CLASS_ID);
	struct gr_ctx *ctx = get_ctx(gpu, ch);

	if (!ctx)
		return -1;
	if (subch < GR_SUBCHANNELS && id == subch_class[subch]) {
		ctx->cls[subch] = id;
		return 0;
	}
	log_guest_error("gr", "channel %u: class %04x on subchannel %u", ch->chid, id, subch);
	gr_method_error(ctx, NV_NUM(NVX_GR_INTR_ILLEGAL_CLASS, 1), 0, subch, 0, cls);
	return -1;
}

static enum engine_result dispatch(struct gr_ctx *ctx, unsigned int subch, uint32_t mthd,
				   uint32_t data)
{
	enum engine_result r;

	if (subch != GR_SUBCH_2D) {
		r = gr_i2m_method(ctx, subch, mthd, data);
		if (r != GR_NOT_MINE)
			return r;
	}
	if (subch == GR_SUBCH_3D)
		return gr_3d_method(ctx, mthd, data);
	if (subch == GR_SUBCH_COMPUTE)
		return gr_compute_method(ctx, mthd, data);
	return GR_NOT_MINE;
}

static enum engine_result gr_method(struct gpu *gpu, struct channel *ch, unsigned int subch,
				    uint32_t mthd, uint32_t data)
{
	struct gr_ctx *ctx = get_ctx(gpu, ch);
	enum engine_result r;

	if (!ctx)
		return ENGINE_ERROR;
	if (ctx->stall)
		return ENGINE_ERROR;
	gr_show_current(ctx);
	if (subch >= GR_SUBCHANNELS || !ctx->cls[subch]) {
		log_guest_error("gr", "channel %u: method %04x on unbound subchannel %u",
				ch->chid, mthd, subch);
		return gr_method_error(ctx, NV_NUM(NVX_GR_INTR_ILLEGAL_CLASS, 1), 0, subch, mthd,
				       data);
	}
	if (mthd / 4 >= GR_METHODS || mthd % 4 || gr_method_kind(subch, mthd) == GR_UNKNOWN) {
		log_guest_error("gr", "channel %u: class %04x has no method %04x", ch->chid,
				ctx->cls[subch], mthd);
		return gr_method_error(ctx, NV_NUM(NVX_GR_INTR_ILLEGAL_METHOD, 1), 0, subch, mthd,
				       data);
	}
	GR_REG(ctx, subch, mthd) = data;
	r = dispatch(ctx, subch, mthd, data);
	if (r != GR_NOT_MINE)
		return r;
	if (gr_method_kind(subch, mthd) == GR_INERT)
		return ENGINE_DONE;
	log_unimp("gr", "channel %u: class %04x method %04x = %08x", ch->chid, ctx->cls[subch],
		  mthd, data);
	return gr_method_error(ctx, NV_NUM(NVX_GR_INTR_DATA_ERROR, 1),
			       NVX_GR_TRAPPED_CODE_INVALID_OPERATION, subch, mthd, data);
}

static enum engine_result gr_step(struct gpu *gpu, struct channel *ch, uint64_t budget_ns)
{
	struct gr_ctx *ctx = ch->gr;

	if (!ctx)
		return ENGINE_DONE;
	if (ctx->stall)
		return ENGINE_ERROR;
	gr_show_current(ctx);
	if (ctx->clear.active)
		return gr_clear_step(ctx);
	if (ctx->launched)
		return gr_compute_step(ctx, budget_ns);
	return ENGINE_DONE;
}

static void gr_teardown(struct gpu *gpu, struct channel *ch)
{
	struct gr_ctx *ctx = ch->gr;

	if (!ctx)
		return;
	gr_forget(ctx);
	if (ctx->launch) {
		launch_abort(ctx->launch);
		launch_destroy(ctx->launch);
	}
	ch->gr = NULL;
	free_ctx(ctx);
}

const struct engine_ops gr_engine_ops = {
	.set_object = gr_set_object,
	.method = gr_method,
	.step = gr_step,
	.teardown = gr_teardown,
	.reset = gr_engine_reset,
};
