// SPDX-License-Identifier: MIT
/* The compute class: cache control and launches. */
#include "gr.h"
#include "log.h"
#include "nvhw/class/clc597.h"
#include "nvhw/class/clc5c0.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/undocumented.h"

#define REG(m)		GR_REG(ctx, GR_SUBCH_COMPUTE, m)

static enum engine_result data_error(struct gr_ctx *ctx, uint32_t code, uint32_t mthd,
				     uint32_t data)
{
	return gr_method_error(ctx, NV_NUM(NVX_GR_INTR_DATA_ERROR, 1), code, GR_SUBCH_COMPUTE, mthd,
			       data);
}

static enum engine_result sked_error(struct gr_ctx *ctx, uint32_t esr)
{
	struct gr_exception e = {
		.intr = NV_NUM(NVX_GR_INTR_TRAP, 1),
		.trap = NV_NUM(NVX_GR_TRAP_SKED, 1),
		.sked_esr = esr,
	};

	log_guest_error("gr", "channel %u: queue meta data rejected: %08x", ctx->ch->chid, esr);
	return gr_raise(ctx, &e, GR_DEAD);
}

static uint64_t window(struct gr_ctx *ctx, uint32_t a, uint32_t b)
{
	return (uint64_t)(REG(a) & 0x1ffff) << 32 | REG(b);
}

static enum engine_result schedule(struct gr_ctx *ctx, uint32_t data)
{
	uint64_t shared = window(ctx, NVC5C0_SET_SHADER_SHARED_MEMORY_WINDOW_A,
				 NVC5C0_SET_SHADER_SHARED_MEMORY_WINDOW_B);
	uint64_t local = window(ctx, NVC5C0_SET_SHADER_LOCAL_MEMORY_WINDOW_A,
				NVC5C0_SET_SHADER_LOCAL_MEMORY_WINDOW_B);
	uint64_t va = (uint64_t)REG(NVC5C0_SEND_PCAS_A) << 8;
	uint32_t words[QMD_WORDS], esr;
	enum engine_result r;
	struct qmd qmd;

	r = gr_read(ctx, NV_PFAULT_CLIENT_HUB_SKED, va, words, sizeof(words));
	if (r != ENGINE_DONE)
		return r;
	if (qmd_decode(&qmd, words)) {
		log_unimp("gr", "channel %u: queue meta data of version %x.%x", ctx->ch->chid,
			  words[18] >> 4 & 0xf, words[18] & 0xf);
		return data_error(ctx, NVX_GR_TRAPPED_CODE_INVALID_VALUE,
				  NVC5C0_SEND_SIGNALING_PCAS_B, data);
	}
	if (qmd.unsupported) {
		log_unimp("gr", "channel %u: queue meta data with %s", ctx->ch->chid,
			  qmd.unsupported);
		return data_error(ctx, NVX_GR_TRAPPED_CODE_INVALID_OPERATION,
				  NVC5C0_SEND_SIGNALING_PCAS_B, data);
	}
	esr = qmd_check(&qmd, shared, local);
	if (esr)
		return sked_error(ctx, esr);
	if (!ctx->launch)
		ctx->launch = launch_create(ctx->gpu, ctx->ch, ctx->gpu->gr->sms,
					    ctx->gpu->gr->nsms, ctx->gpu->gr->pool,
					    &ctx->caches);
	if (!ctx->launch)
		return data_error(ctx, NVX_GR_TRAPPED_CODE_INVALID_OPERATION,
				  NVC5C0_SEND_SIGNALING_PCAS_B, data);
	ctx->launch->shared_window = shared;
	ctx->launch->local_window = local;
	ctx->launch->pools = (struct tex_pools){
		.headers = window(ctx, NVC5C0_SET_TEX_HEADER_POOL_A, NVC5C0_SET_TEX_HEADER_POOL_B),
		.samplers = window(ctx, NVC5C0_SET_TEX_SAMPLER_POOL_A,
				   NVC5C0_SET_TEX_SAMPLER_POOL_B),
		.header_max = NV_GET(REG(NVC5C0_SET_TEX_HEADER_POOL_C),
				     NVC5C0_SET_TEX_HEADER_POOL_C_MAXIMUM_INDEX),
		.sampler_max = NV_GET(REG(NVC5C0_SET_TEX_SAMPLER_POOL_C),
				      NVC5C0_SET_TEX_SAMPLER_POOL_C_MAXIMUM_INDEX),
	};
	launch_start(ctx->launch, &qmd);
	ctx->launched = true;
	return ENGINE_BUSY;
}

static enum engine_result signal_pcas(struct gr_ctx *ctx, uint32_t data)
{
	uint32_t enable = NV_GET(REG(NVC5C0_SET_RENDER_ENABLE_C), NVC5C0_SET_RENDER_ENABLE_C_MODE);

	if (!NV_GET(data, NVC5C0_SEND_SIGNALING_PCAS_B_SCHEDULE))
		return ENGINE_DONE;	/* SKED keeps no copies of queue meta data here */
	if (enable == NVC5C0_SET_RENDER_ENABLE_C_MODE_FALSE)
		return ENGINE_DONE;
	if (enable != NVC5C0_SET_RENDER_ENABLE_C_MODE_TRUE) {
		log_unimp("gr", "channel %u: conditional launch", ctx->ch->chid);
		return data_error(ctx, NVX_GR_TRAPPED_CODE_INVALID_OPERATION,
				  NVC5C0_SEND_SIGNALING_PCAS_B, data);
	}
	return schedule(ctx, data);
}

static enum engine_result inline_qmd(struct gr_ctx *ctx, uint32_t mthd, uint32_t data)
{
	uint64_t va = ((uint64_t)REG(NVC5C0_SET_INLINE_QMD_ADDRESS_A) << 32 |
		       REG(NVC5C0_SET_INLINE_QMD_ADDRESS_B)) << 8;

	va += mthd - NVC5C0_LOAD_INLINE_QMD_DATA(0);
	return gr_write(ctx, NV_PFAULT_CLIENT_HUB_SKED, va & ((1ull << 49) - 1), &data,
			sizeof(data));
}

/* The method is the same in the 3D class, NO_WFI or not. */
_Static_assert(NVC5C0_INVALIDATE_SHADER_CACHES == NVC597_INVALIDATE_SHADER_CACHES &&
	       NV_MASK(NVC5C0_INVALIDATE_SHADER_CACHES_INSTRUCTION) ==
	       NV_MASK(NVC597_INVALIDATE_SHADER_CACHES_INSTRUCTION) &&
	       NV_MASK(NVC5C0_INVALIDATE_SHADER_CACHES_CONSTANT) ==
	       NV_MASK(NVC597_INVALIDATE_SHADER_CACHES_CONSTANT), "cache control of both classes");

void gr_invalidate_caches(struct gr_ctx *ctx, uint32_t data)
{
	if (NV_GET(data, NVC5C0_INVALIDATE_SHADER_CACHES_INSTRUCTION))
		caches_invalidate_code(&ctx->caches);
	if (NV_GET(data, NVC5C0_INVALIDATE_SHADER_CACHES_CONSTANT))
		caches_invalidate_const(&ctx->caches);
}

enum engine_result gr_compute_method(struct gr_ctx *ctx, uint32_t mthd, uint32_t data)
{
	if (mthd >= NVC5C0_LOAD_INLINE_QMD_DATA(0) && mthd <= NVC5C0_LOAD_INLINE_QMD_DATA(63))
		return inline_qmd(ctx, mthd, data);
	switch (mthd) {
	case NVC5C0_SEND_SIGNALING_PCAS_B:
		return signal_pcas(ctx, data);
	case NVC5C0_SET_REPORT_SEMAPHORE_D:
		return gr_report(ctx, GR_SUBCH_COMPUTE, data);
	case NVC5C0_INVALIDATE_SHADER_CACHES:
	case NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI:
		gr_invalidate_caches(ctx, data);
		return ENGINE_DONE;
	default:
		return GR_NOT_MINE;
	}
}

static enum engine_result warp_error(struct gr_ctx *ctx)
{
	const struct launch *l = ctx->launch;
	struct gr_exception e = {
		.intr = NV_NUM(NVX_GR_INTR_TRAP, 1),
		.trap = NV_NUM(NVX_GR_TRAP_GPC, 1),
		.sm = l->esr_sm,
		.warp_esr = NV_NUM(NVX_SM_WARP_ESR_CODE, l->esr),
	};

	if (l->esr == SM_TRAP_BPT) {
		e.warp_esr = 0;
		e.global_esr = NV_NUM(NVX_SM_GLOBAL_ESR_BPT_INT, 1);
	}
	log_guest_error("gr", "channel %u: warp error %#x at %#llx on GPC %u TPC %u SM %u",
			ctx->ch->chid, l->esr, (unsigned long long)l->esr_pc, e.sm->gpc, e.sm->tpc,
			e.sm->index);
	count(ctx->gpu, sm_exceptions);
	return gr_raise(ctx, &e, GR_DEAD);
}

static enum engine_result finish(struct gr_ctx *ctx)
{
	ctx->launched = false;
	launch_log_write(ctx->launch);
	for (unsigned int i = 0; i < QMD_RELEASES; i++) {
		const struct qmd_release *r = &ctx->launch->qmd.release[i];
		enum engine_result res;

		if (!r->enable)
			continue;
		res = gr_release(ctx, NV_PFAULT_CLIENT_HUB_SKED, r);
		if (res != ENGINE_DONE)
			return res;
	}
	return ENGINE_DONE;
}

enum engine_result gr_compute_step(struct gr_ctx *ctx, uint64_t budget_ns)
{
	switch (launch_step(ctx->launch, budget_ns)) {
	case LAUNCH_DONE:
		return finish(ctx);
	case LAUNCH_RUNNING:
		return ENGINE_BUSY;
	case LAUNCH_WAIT:
		return ENGINE_WAIT;
	default:
		return warp_error(ctx);
	}
}
