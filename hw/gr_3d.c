// SPDX-License-Identifier: MIT
/*
 * The 3D class as far as compute clients need it: report semaphores, constant
 * buffer updates and the invalidation of shader caches.
 * Macros (CALL_MME) program graphics state only and are consumed unheard.
 */
#include "gr.h"
#include "log.h"
#include "nvhw/class/clc597.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/undocumented.h"

#define REG(m)		GR_REG(ctx, GR_SUBCH_3D, m)

static enum engine_result bad(struct gr_ctx *ctx, uint32_t code, unsigned int subch, uint32_t mthd,
			      uint32_t data, const char *why)
{
	log_unimp("gr", "channel %u: method %04x = %08x: %s", ctx->ch->chid, mthd, data, why);
	return gr_method_error(ctx, NV_NUM(NVX_GR_INTR_DATA_ERROR, 1), code, subch, mthd, data);
}

/* Same methods in the compute class. */
enum engine_result gr_report(struct gr_ctx *ctx, unsigned int subch, uint32_t d)
{
	uint64_t va = (uint64_t)NV_GET(GR_REG(ctx, subch, NVC597_SET_REPORT_SEMAPHORE_A),
				       NVC597_SET_REPORT_SEMAPHORE_A_OFFSET_UPPER) << 32 |
		      GR_REG(ctx, subch, NVC597_SET_REPORT_SEMAPHORE_B);
	unsigned int op = NV_GET(d, NVC597_SET_REPORT_SEMAPHORE_D_OPERATION);
	struct qmd_release r = {
		.va = va,
		.payload = GR_REG(ctx, subch, NVC597_SET_REPORT_SEMAPHORE_C),
		.one_word = NV_GET(d, NVC597_SET_REPORT_SEMAPHORE_D_STRUCTURE_SIZE),
		.reduce = NV_GET(d, NVC597_SET_REPORT_SEMAPHORE_D_REDUCTION_ENABLE),
		.reduce_signed = NV_GET(d, NVC597_SET_REPORT_SEMAPHORE_D_REDUCTION_FORMAT) & 1,
		.op = (uint8_t)NV_GET(d, NVC597_SET_REPORT_SEMAPHORE_D_REDUCTION_OP),
	};
	enum engine_result ret;

	/* A report of nothing is the payload with a time stamp: a release. */
	if ((op != NVC597_SET_REPORT_SEMAPHORE_D_OPERATION_RELEASE &&
	     op != NVC597_SET_REPORT_SEMAPHORE_D_OPERATION_REPORT_ONLY) ||
	    NV_GET(d, NVC597_SET_REPORT_SEMAPHORE_D_REPORT))
		return bad(ctx, NVX_GR_TRAPPED_CODE_INVALID_OPERATION, subch,
			   NVC597_SET_REPORT_SEMAPHORE_D, d, "report not modelled");
	if (va & (r.one_word || r.reduce ? 3 : 15))
		return bad(ctx, NVX_GR_TRAPPED_CODE_INVALID_VALUE, subch,
			   NVC597_SET_REPORT_SEMAPHORE_D, d, "misaligned semaphore");
	ret = gr_release(ctx, NV_PFAULT_CLIENT_HUB_FE, &r);
	if (ret == ENGINE_DONE && NV_GET(d, NVC597_SET_REPORT_SEMAPHORE_D_AWAKEN_ENABLE))
		gr_awaken(ctx);
	return ret;
}

/* One word at the running offset of the selected constant buffer. */
static enum engine_result load_constant(struct gr_ctx *ctx, uint32_t mthd, uint32_t data)
{
	uint64_t va = (uint64_t)NV_GET(REG(NVC597_SET_CONSTANT_BUFFER_SELECTOR_B),
				       NVC597_SET_CONSTANT_BUFFER_SELECTOR_B_ADDRESS_UPPER) << 32 |
		      REG(NVC597_SET_CONSTANT_BUFFER_SELECTOR_C);
	uint32_t size = NV_GET(REG(NVC597_SET_CONSTANT_BUFFER_SELECTOR_A),
			       NVC597_SET_CONSTANT_BUFFER_SELECTOR_A_SIZE);
	uint32_t off = NV_GET(REG(NVC597_LOAD_CONSTANT_BUFFER_OFFSET),
			      NVC597_LOAD_CONSTANT_BUFFER_OFFSET_V);

	if (off + 4 > size)
		return bad(ctx, NVX_GR_TRAPPED_CODE_INVALID_VALUE, GR_SUBCH_3D, mthd, data,
			   "constant past the end of its buffer");
	REG(NVC597_LOAD_CONSTANT_BUFFER_OFFSET) = off + 4;
	return gr_write(ctx, NV_PFAULT_CLIENT_HUB_FE, va + off, &data, sizeof(data));
}

enum engine_result gr_3d_method(struct gr_ctx *ctx, uint32_t mthd, uint32_t data)
{
	if (mthd >= NVC597_LOAD_CONSTANT_BUFFER(0) && mthd <= NVC597_LOAD_CONSTANT_BUFFER(15))
		return load_constant(ctx, mthd, data);
	switch (mthd) {
	case NVC597_SET_REPORT_SEMAPHORE_D:
		return gr_report(ctx, GR_SUBCH_3D, data);
	case NVC597_CLEAR_SURFACE:
		return gr_clear_start(ctx, data);
	case NVC597_INVALIDATE_SHADER_CACHES:
	case NVC597_INVALIDATE_SHADER_CACHES_NO_WFI:
		gr_invalidate_caches(ctx, data);
		return ENGINE_DONE;
	default:
		return GR_NOT_MINE;
	}
}
