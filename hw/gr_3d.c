// SPDX-License-Identifier: MIT
/*
 * The 3D class as far as compute clients need it: report semaphores, constant
 * buffer updates, clears used as fills, and the invalidation of shader caches.
 * Macros (CALL_MME) program graphics state only and are consumed unheard.
 */
#include <string.h>

#include "fill.h"
#include "gr.h"
#include "log.h"
#include "nvhw/class/clc597.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/undocumented.h"

#define REG(m)		GR_REG(ctx, GR_SUBCH_3D, m)
#define CLEAR_CHUNK	(1u << 20)	/* bytes between two looks at Host */

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

/* Bytes per element of the formats used for fills. */
static unsigned int format_bytes(uint32_t format)
{
	switch (format) {
	case NVC597_SET_COLOR_TARGET_FORMAT_V_RU32_GU32_BU32_AU32:
		return 16;
	case NVC597_SET_COLOR_TARGET_FORMAT_V_RU32_GU32:
		return 8;
	case NVC597_SET_COLOR_TARGET_FORMAT_V_RU32:
		return 4;
	case NVC597_SET_COLOR_TARGET_FORMAT_V_RU16:
		return 2;
	case NVC597_SET_COLOR_TARGET_FORMAT_V_RU8:
		return 1;
	default:
		return 0;
	}
}

static enum engine_result start_clear(struct gr_ctx *ctx, uint32_t data)
{
	const uint32_t rgba = NV_MASK(NVC597_CLEAR_SURFACE_R_ENABLE) |
			      NV_MASK(NVC597_CLEAR_SURFACE_G_ENABLE) |
			      NV_MASK(NVC597_CLEAR_SURFACE_B_ENABLE) |
			      NV_MASK(NVC597_CLEAR_SURFACE_A_ENABLE);
	uint32_t h = REG(NVC597_SET_SURFACE_CLIP_HORIZONTAL);
	uint32_t v = REG(NVC597_SET_SURFACE_CLIP_VERTICAL);
	uint32_t enable = NV_GET(REG(NVC597_SET_RENDER_ENABLE_C),
				 NVC597_SET_RENDER_ENABLE_C_MODE);
	uint32_t x = NV_GET(h, NVC597_SET_SURFACE_CLIP_HORIZONTAL_X);
	uint32_t y = NV_GET(v, NVC597_SET_SURFACE_CLIP_VERTICAL_Y);
	struct gr_clear *c = &ctx->clear;

	if (enable == NVC597_SET_RENDER_ENABLE_C_MODE_FALSE)
		return ENGINE_DONE;
	c->element = format_bytes(NV_GET(REG(NVC597_SET_COLOR_TARGET_FORMAT(0)),
					 NVC597_SET_COLOR_TARGET_FORMAT_V));
	if (enable != NVC597_SET_RENDER_ENABLE_C_MODE_TRUE || data != rgba || !c->element ||
	    !NV_GET(REG(NVC597_SET_COLOR_TARGET_MEMORY(0)),
		    NVC597_SET_COLOR_TARGET_MEMORY_LAYOUT))
		return bad(ctx, NVX_GR_TRAPPED_CODE_INVALID_OPERATION, GR_SUBCH_3D,
			   NVC597_CLEAR_SURFACE, data,
			   "only whole pixels of linear targets are filled");
	for (unsigned int i = 0; i < 4; i++)
		memcpy(c->pattern + 4 * i, &REG(NVC597_SET_COLOR_CLEAR_VALUE(i)), 4);
	/* Of a linear target the "width" is the pitch in bytes. */
	c->pitch = NV_GET(REG(NVC597_SET_COLOR_TARGET_WIDTH(0)), NVC597_SET_COLOR_TARGET_WIDTH_V);
	c->row_bytes = NV_GET(h, NVC597_SET_SURFACE_CLIP_HORIZONTAL_WIDTH) * c->element;
	c->rows = NV_GET(v, NVC597_SET_SURFACE_CLIP_VERTICAL_HEIGHT);
	c->va = ((uint64_t)NV_GET(REG(NVC597_SET_COLOR_TARGET_A(0)),
				  NVC597_SET_COLOR_TARGET_A_OFFSET_UPPER) << 32 |
		 REG(NVC597_SET_COLOR_TARGET_B(0))) +
		(uint64_t)y * c->pitch + (uint64_t)x * c->element;
	c->active = c->rows && c->row_bytes;
	return c->active ? ENGINE_BUSY : ENGINE_DONE;
}

/* One row, page by page. The client is a raster one: its faults are final. */
static enum engine_result clear_row(struct gr_ctx *ctx)
{
	const struct mmu_client client = {
		.engine_id = NV_PFAULT_MMU_ENG_ID_GRAPHICS,
		.client = NV_PFAULT_CLIENT_GPC_PROP_0,
	};
	struct tlb *tlb = ctx->gpu->gr->gcc_tlb[0];
	struct gr_clear *c = &ctx->clear;
	struct mmu_xlat x;

	for (uint32_t done = 0, n; done < c->row_bytes; done += n) {
		enum mmu_result r;

		tlb_lock(tlb);
		r = mmu_translate(ctx->gpu, tlb, &ctx->ch->gr_as, c->va + done, MMU_WRITE, &x);
		n = x.len < c->row_bytes - done ? (uint32_t)x.len : c->row_bytes - done;
		if (r == MMU_OK && !x.sparse)
			fill_pattern(x.ptr, n, c->pattern, c->element, done % c->element);
		tlb_unlock(tlb);
		if (r != MMU_OK) {
			ctx->stall = GR_DEAD;
			c->active = false;
			mmu_fault_fatal(ctx->gpu, &ctx->ch->gr_as, &client, c->va + done, MMU_WRITE,
					x.fault_type);
			return ENGINE_ERROR;
		}
	}
	return ENGINE_DONE;
}

enum engine_result gr_clear_step(struct gr_ctx *ctx)
{
	struct gr_clear *c = &ctx->clear;

	for (uint32_t bytes = 0; c->rows; bytes += c->row_bytes) {
		if (bytes >= CLEAR_CHUNK)
			return ENGINE_BUSY;
		if (clear_row(ctx) != ENGINE_DONE)
			return ENGINE_ERROR;
		c->va += c->pitch;
		c->rows--;
	}
	c->active = false;
	return ENGINE_DONE;
}

enum engine_result gr_3d_method(struct gr_ctx *ctx, uint32_t mthd, uint32_t data)
{
	if (mthd >= NVC597_LOAD_CONSTANT_BUFFER(0) && mthd <= NVC597_LOAD_CONSTANT_BUFFER(15))
		return load_constant(ctx, mthd, data);
	switch (mthd) {
	case NVC597_SET_REPORT_SEMAPHORE_D:
		return gr_report(ctx, GR_SUBCH_3D, data);
	case NVC597_CLEAR_SURFACE:
		return start_clear(ctx, data);
	case NVC597_INVALIDATE_SHADER_CACHES:
	case NVC597_INVALIDATE_SHADER_CACHES_NO_WFI:
		gr_invalidate_caches(ctx, data);
		return ENGINE_DONE;
	default:
		return GR_NOT_MINE;
	}
}
