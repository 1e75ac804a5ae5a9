// SPDX-License-Identifier: MIT
/*
 * Inline uploads: data words of the pushbuffer go to memory as they arrive.
 * Clients may send fewer words than they announced (Mesa does); any other
 * method ends the transfer with what was there.
 */
#include "gr.h"
#include "log.h"
#include "nvhw/class/cla140.h"
#include "nvhw/class/clc5c0.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/undocumented.h"

#define VA_MASK		((1ull << 49) - 1)

/* The three classes have these methods at the same places. */
_Static_assert(NVA140_LAUNCH_DMA == NVC5C0_LAUNCH_DMA &&
	       NVA140_LOAD_INLINE_DATA == NVC5C0_LOAD_INLINE_DATA &&
	       NVA140_OFFSET_OUT == NVC5C0_OFFSET_OUT, "I2M of the compute class");

static uint64_t address(struct gr_ctx *ctx, unsigned int subch, uint32_t upper, uint32_t lower)
{
	return ((uint64_t)GR_REG(ctx, subch, upper) << 32 | GR_REG(ctx, subch, lower)) & VA_MASK;
}

static enum engine_result bad_launch(struct gr_ctx *ctx, unsigned int subch, const char *what,
				     uint32_t data)
{
	log_unimp("gr", "channel %u: inline upload with %s", ctx->ch->chid, what);
	return gr_method_error(ctx, NV_NUM(NVX_GR_INTR_DATA_ERROR, 1),
			       NVX_GR_TRAPPED_CODE_INVALID_OPERATION, subch, NVA140_LAUNCH_DMA,
			       data);
}

static enum engine_result complete(struct gr_ctx *ctx, unsigned int subch)
{
	struct i2m *m = &ctx->i2m[subch];
	enum engine_result r = ENGINE_DONE;

	m->active = false;
	if (NV_IS(m->launch, NVA140_LAUNCH_DMA_COMPLETION_TYPE, _RELEASE_SEMAPHORE)) {
		struct qmd_release sem = {
			.va = address(ctx, subch, NVA140_SET_I2M_SEMAPHORE_A,
				      NVA140_SET_I2M_SEMAPHORE_B),
			.payload = GR_REG(ctx, subch, NVA140_SET_I2M_SEMAPHORE_C),
			.one_word = NV_GET(m->launch, NVA140_LAUNCH_DMA_SEMAPHORE_STRUCT_SIZE),
			.reduce = NV_GET(m->launch, NVA140_LAUNCH_DMA_REDUCTION_ENABLE),
			.reduce_signed = NV_GET(m->launch, NVA140_LAUNCH_DMA_REDUCTION_FORMAT) & 1,
			.op = (uint8_t)NV_GET(m->launch, NVA140_LAUNCH_DMA_REDUCTION_OP),
		};

		r = gr_release(ctx, NV_PFAULT_CLIENT_HUB_FE, &sem);
	}
	if (r == ENGINE_DONE && NV_GET(m->launch, NVA140_LAUNCH_DMA_INTERRUPT_TYPE))
		gr_awaken(ctx);
	return r;
}

static enum engine_result launch(struct gr_ctx *ctx, unsigned int subch, uint32_t data)
{
	struct i2m *m = &ctx->i2m[subch];

	if (!NV_GET(data, NVA140_LAUNCH_DMA_DST_MEMORY_LAYOUT))
		return bad_launch(ctx, subch, "block-linear destination", data);
	if (GR_REG(ctx, subch, NVA140_LINE_COUNT) > 1)
		return bad_launch(ctx, subch, "more than one line", data);
	m->va = address(ctx, subch, NVA140_OFFSET_OUT_UPPER, NVA140_OFFSET_OUT);
	m->left = GR_REG(ctx, subch, NVA140_LINE_COUNT) ?
		  GR_REG(ctx, subch, NVA140_LINE_LENGTH_IN) : 0;
	m->launch = data;
	m->active = true;
	return m->left ? ENGINE_DONE : complete(ctx, subch);
}

static enum engine_result inline_data(struct gr_ctx *ctx, unsigned int subch, uint32_t data)
{
	struct i2m *m = &ctx->i2m[subch];
	uint32_t n = m->left < sizeof(data) ? m->left : sizeof(data);
	enum engine_result r;

	if (!m->active) {
		log_guest_error("gr", "channel %u: inline data without a transfer", ctx->ch->chid);
		return gr_method_error(ctx, NV_NUM(NVX_GR_INTR_DATA_ERROR, 1),
				       NVX_GR_TRAPPED_CODE_INVALID_OPERATION, subch,
				       NVA140_LOAD_INLINE_DATA, data);
	}
	r = gr_write(ctx, NV_PFAULT_CLIENT_HUB_FE, m->va, &data, n);
	m->va = (m->va + n) & VA_MASK;
	m->left -= n;
	if (r != ENGINE_DONE || m->left)
		return r;
	return complete(ctx, subch);
}

enum engine_result gr_i2m_method(struct gr_ctx *ctx, unsigned int subch, uint32_t mthd,
				 uint32_t data)
{
	if (mthd == NVA140_LOAD_INLINE_DATA)
		return inline_data(ctx, subch, data);
	if (ctx->i2m[subch].active) {
		log_ok("gr", "channel %u: inline upload ends %u bytes early", ctx->ch->chid,
		       ctx->i2m[subch].left);
		ctx->i2m[subch].active = false;
	}
	if (mthd == NVA140_LAUNCH_DMA)
		return launch(ctx, subch, data);
	return GR_NOT_MINE;
}
