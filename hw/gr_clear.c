// SPDX-License-Identifier: MIT
/*
 * CLEAR_SURFACE: the colour, then depth and stencil, of one layer of the targets
 * bound, by rows or in blocks. Compute clients fill buffers and images with it.
 */
#include <string.h>

#include "fill.h"
#include "gr.h"
#include "log.h"
#include "nvhw/class/clc597.h"
#include "nvhw/class/clc597tex.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/undocumented.h"
#include "texel.h"

#define REG(m)		GR_REG(ctx, GR_SUBCH_3D, m)
#define VA_MASK		((1ull << 49) - 1)	/* addresses go round */
#define CLEAR_CHUNK	(1u << 20)	/* bytes between two looks at Host */

#define ENABLE(c)	NV_MASK(NVC597_CLEAR_SURFACE_##c##_ENABLE)
#define ZETA_ENABLE	(ENABLE(Z) | ENABLE(STENCIL))
#define COLOR_ENABLE	(ENABLE(R) | ENABLE(G) | ENABLE(B) | ENABLE(A))

/* A target as either group of methods describes it. */
struct target {
	uint64_t va;
	uint32_t width, height;		/* pixels; by rows @width is the pitch in bytes */
	uint32_t depth, layer;
	uint64_t layer_bytes;
	uint32_t block_h, block_d;
	bool pitch, volume;
	struct texel_format format;
};

static enum engine_result bad(struct gr_ctx *ctx, uint32_t data, const char *why)
{
	log_unimp("gr", "channel %u: clear %08x: %s", ctx->ch->chid, data, why);
	ctx->clear.active = false;
	return gr_method_error(ctx, NV_NUM(NVX_GR_INTR_DATA_ERROR, 1),
			       NVX_GR_TRAPPED_CODE_INVALID_OPERATION, GR_SUBCH_3D,
			       NVC597_CLEAR_SURFACE, data);
}

static bool color_target(struct gr_ctx *ctx, unsigned int i, struct target *t)
{
	uint32_t memory = REG(NVC597_SET_COLOR_TARGET_MEMORY(i));

	*t = (struct target){
		.va = (uint64_t)NV_GET(REG(NVC597_SET_COLOR_TARGET_A(i)),
				       NVC597_SET_COLOR_TARGET_A_OFFSET_UPPER) << 32 |
		      REG(NVC597_SET_COLOR_TARGET_B(i)),
		.width = NV_GET(REG(NVC597_SET_COLOR_TARGET_WIDTH(i)),
				NVC597_SET_COLOR_TARGET_WIDTH_V),
		.height = NV_GET(REG(NVC597_SET_COLOR_TARGET_HEIGHT(i)),
				 NVC597_SET_COLOR_TARGET_HEIGHT_V),
		.depth = NV_GET(REG(NVC597_SET_COLOR_TARGET_THIRD_DIMENSION(i)),
				NVC597_SET_COLOR_TARGET_THIRD_DIMENSION_V),
		.layer = NV_GET(REG(NVC597_SET_COLOR_TARGET_LAYER(i)),
				NVC597_SET_COLOR_TARGET_LAYER_OFFSET),
		.layer_bytes = (uint64_t)REG(NVC597_SET_COLOR_TARGET_ARRAY_PITCH(i)) * 4,
		.block_h = NV_GET(memory, NVC597_SET_COLOR_TARGET_MEMORY_BLOCK_HEIGHT),
		.block_d = NV_GET(memory, NVC597_SET_COLOR_TARGET_MEMORY_BLOCK_DEPTH),
		.pitch = NV_GET(memory, NVC597_SET_COLOR_TARGET_MEMORY_LAYOUT),
		.volume = NV_GET(memory, NVC597_SET_COLOR_TARGET_MEMORY_THIRD_DIMENSION_CONTROL),
	};
	return texel_format_of_target(&t->format, NV_GET(REG(NVC597_SET_COLOR_TARGET_FORMAT(i)),
							 NVC597_SET_COLOR_TARGET_FORMAT_V));
}

static bool zeta_target(struct gr_ctx *ctx, struct target *t)
{
	uint32_t block = REG(NVC597_SET_ZT_BLOCK_SIZE);

	*t = (struct target){
		.va = (uint64_t)NV_GET(REG(NVC597_SET_ZT_A), NVC597_SET_ZT_A_OFFSET_UPPER) << 32 |
		      REG(NVC597_SET_ZT_B),
		.width = NV_GET(REG(NVC597_SET_ZT_SIZE_A), NVC597_SET_ZT_SIZE_A_WIDTH),
		.height = NV_GET(REG(NVC597_SET_ZT_SIZE_B), NVC597_SET_ZT_SIZE_B_HEIGHT),
		.depth = NV_GET(REG(NVC597_SET_ZT_SIZE_C), NVC597_SET_ZT_SIZE_C_THIRD_DIMENSION),
		.layer = NV_GET(REG(NVC597_SET_ZT_LAYER), NVC597_SET_ZT_LAYER_OFFSET),
		.layer_bytes = (uint64_t)REG(NVC597_SET_ZT_ARRAY_PITCH) * 4,
		.block_h = NV_GET(block, NVC597_SET_ZT_BLOCK_SIZE_HEIGHT),
		.block_d = NV_GET(block, NVC597_SET_ZT_BLOCK_SIZE_DEPTH),
	};
	return NV_GET(REG(NVC597_SET_ZT_SELECT), NVC597_SET_ZT_SELECT_TARGET_COUNT) &&
	       texel_format_of_zeta(&t->format, NV_GET(REG(NVC597_SET_ZT_FORMAT),
						       NVC597_SET_ZT_FORMAT_V));
}

/* @first and @count cut to what lies below @end. */
static void cut(uint32_t *first, uint32_t *count, uint32_t end)
{
	*first = *first < end ? *first : end;
	*count = *count < end - *first ? *count : end - *first;
}

/* The part of the target that is cleared: what no rectangle in force leaves out. */
static void clip(struct gr_ctx *ctx, const struct target *t, uint32_t *x, uint32_t *width,
		 uint32_t *y, uint32_t *height)
{
	uint32_t h = REG(NVC597_SET_SURFACE_CLIP_HORIZONTAL);
	uint32_t v = REG(NVC597_SET_SURFACE_CLIP_VERTICAL);

	*x = NV_GET(h, NVC597_SET_SURFACE_CLIP_HORIZONTAL_X);
	*width = NV_GET(h, NVC597_SET_SURFACE_CLIP_HORIZONTAL_WIDTH);
	*y = NV_GET(v, NVC597_SET_SURFACE_CLIP_VERTICAL_Y);
	*height = NV_GET(v, NVC597_SET_SURFACE_CLIP_VERTICAL_HEIGHT);
	if (NV_GET(REG(NVC597_SET_CLEAR_SURFACE_CONTROL),
		   NVC597_SET_CLEAR_SURFACE_CONTROL_USE_CLEAR_RECT)) {
		uint32_t rh = REG(NVC597_SET_CLEAR_RECT_HORIZONTAL);
		uint32_t rv = REG(NVC597_SET_CLEAR_RECT_VERTICAL);
		uint32_t x0 = NV_GET(rh, NVC597_SET_CLEAR_RECT_HORIZONTAL_XMIN);
		uint32_t y0 = NV_GET(rv, NVC597_SET_CLEAR_RECT_VERTICAL_YMIN);

		cut(x, width, NV_GET(rh, NVC597_SET_CLEAR_RECT_HORIZONTAL_XMAX));
		cut(y, height, NV_GET(rv, NVC597_SET_CLEAR_RECT_VERTICAL_YMAX));
		x0 = x0 > *x ? x0 - *x : 0;
		y0 = y0 > *y ? y0 - *y : 0;
		cut(&x0, width, *width);
		cut(&y0, height, *height);
		*x += x0;
		*y += y0;
	}
	/* By rows only the caller knows how wide a row is. */
	if (!t->pitch) {
		cut(x, width, t->width);
		cut(y, height, t->height);
	}
}

/* Which bits of a texel change; all of them, or a mask. */
static void select_bits(struct gr_clear *c, const struct texel_format *f, unsigned int components)
{
	uint8_t one[TEXEL_BYTES_MAX];
	bool all = true;

	memset(c->mask, 0, sizeof(c->mask));
	for (unsigned int i = 0; i < TEXEL_COMPONENTS; i++) {
		texel_mask(f, i, one);
		if (!(components >> i & 1)) {
			all = all && !f->bits[i];
			continue;
		}
		for (unsigned int j = 0; j < sizeof(one); j++)
			c->mask[j] |= one[j];
	}
	c->masked = !all;
}

/* Integers lose what the target has no bits for; stores by shaders saturate instead. */
static uint32_t narrow(const struct texel_format *f, unsigned int i, uint32_t v)
{
	unsigned int up = f->bits[i] ? 32 - f->bits[i] : 0;

	if (texel_is_float(f))
		return v;
	v <<= up;
	if (f->type[i] == NVC597_TEXHEAD_BL_R_DATA_TYPE_NUM_SINT)
		return (uint32_t)((int32_t)v >> up);
	return v >> up;
}

/* NULL, or what about it the model lacks. @components: 1 red .. 8 alpha. */
static const char *prepare(struct gr_ctx *ctx, const struct target *t, uint32_t index,
			   const uint32_t value[4], unsigned int components)
{
	struct gr_clear *c = &ctx->clear;
	uint32_t layer = t->layer + index, x, width, exact[TEXEL_COMPONENTS];

	if (t->block_h > 5 || t->block_d > 5)
		return "blocks of that shape";
	if (t->pitch && (t->volume || layer))
		return "layers by rows";
	clip(ctx, t, &x, &width, &c->y, &c->rows);
	if (!t->pitch && layer >= t->depth)
		c->rows = 0;		/* it has no such layer */
	c->blocks = !t->pitch;
	c->pitch = t->width;
	c->element = t->format.bytes;
	c->x_bytes = x * c->element;
	c->row_bytes = width * c->element;
	c->va = t->va + (t->volume ? 0 : layer * t->layer_bytes);
	c->z = t->volume ? layer : 0;
	c->gobs = (struct gob_layout){
		.width = ((uint64_t)t->width * c->element + GOB_WIDTH - 1) / GOB_WIDTH,
		.height_blocks = gob_blocks_high(t->height, t->block_h),
		.block_h = t->block_h, .block_d = t->volume ? t->block_d : 0,
	};
	memset(c->pattern, 0, sizeof(c->pattern));
	for (unsigned int i = 0; i < TEXEL_COMPONENTS; i++)
		exact[i] = narrow(&t->format, i, value[i]);
	texel_pack(&t->format, exact, c->pattern);
	select_bits(c, &t->format, components);
	return NULL;
}

/* The next part of a clear that has any pixels: colour first. */
static enum engine_result next_part(struct gr_ctx *ctx)
{
	struct gr_clear *c = &ctx->clear;
	uint32_t data = c->data, value[4] = { 0 };
	uint32_t index = NV_GET(data, NVC597_CLEAR_SURFACE_RT_ARRAY_INDEX);
	const char *why = NULL;
	struct target t;

	c->rows = 0;
	if (c->todo & COLOR_ENABLE) {
		c->todo &= ~COLOR_ENABLE;
		if (!color_target(ctx, NV_GET(data, NVC597_CLEAR_SURFACE_MRT_SELECT) & 7, &t))
			return bad(ctx, data, "no target of a known format");
		for (unsigned int i = 0; i < 4; i++)
			value[i] = REG(NVC597_SET_COLOR_CLEAR_VALUE(i));
		why = prepare(ctx, &t, index, value,
			      (data & COLOR_ENABLE) >> NV_LO(NVC597_CLEAR_SURFACE_R_ENABLE));
	} else if (c->todo) {
		c->todo = 0;
		if (!zeta_target(ctx, &t))
			return bad(ctx, data, "no depth target of a known format");
		value[TEXEL_R] = REG(NVC597_SET_Z_CLEAR_VALUE);
		value[TEXEL_G] = NV_GET(REG(NVC597_SET_STENCIL_CLEAR_VALUE),
					NVC597_SET_STENCIL_CLEAR_VALUE_V);
		why = prepare(ctx, &t, index, value, data & ZETA_ENABLE);
	}
	if (why)
		return bad(ctx, data, why);
	if (!c->row_bytes)
		c->rows = 0;
	c->active = c->rows || c->todo;
	return c->active ? ENGINE_BUSY : ENGINE_DONE;
}

enum engine_result gr_clear_start(struct gr_ctx *ctx, uint32_t data)
{
	uint32_t enable = NV_GET(REG(NVC597_SET_RENDER_ENABLE_C),
				 NVC597_SET_RENDER_ENABLE_C_MODE);
	uint32_t control = REG(NVC597_SET_CLEAR_SURFACE_CONTROL);

	if (enable == NVC597_SET_RENDER_ENABLE_C_MODE_FALSE)
		return ENGINE_DONE;
	if (enable != NVC597_SET_RENDER_ENABLE_C_MODE_TRUE)
		return bad(ctx, data, "conditional rendering");
	if (REG(NVC597_SET_ANTI_ALIAS))
		return bad(ctx, data, "several samples");
	if (NV_GET(control, NVC597_SET_CLEAR_SURFACE_CONTROL_USE_SCISSOR0) ||
	    NV_GET(control, NVC597_SET_CLEAR_SURFACE_CONTROL_USE_VIEWPORT_CLIP0) ||
	    (NV_GET(control, NVC597_SET_CLEAR_SURFACE_CONTROL_RESPECT_STENCIL_MASK) &&
	     data & ENABLE(STENCIL)))
		return bad(ctx, data, "a scissor, viewport or stencil mask");
	ctx->clear.data = data;
	ctx->clear.todo = data & (COLOR_ENABLE | ZETA_ENABLE);
	return next_part(ctx);
}

static void write_run(const struct gr_clear *c, uint8_t *to, uint32_t n, unsigned int phase)
{
	if (!c->masked) {
		fill_pattern(to, n, c->pattern, c->element, phase);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		unsigned int b = (phase + i) % c->element;

		to[i] = (uint8_t)((to[i] & ~c->mask[b]) | (c->pattern[b] & c->mask[b]));
	}
}

/* One row, run by run. The client is a raster one: its faults are final. */
static enum engine_result clear_row(struct gr_ctx *ctx)
{
	const struct mmu_client client = {
		.engine_id = NV_PFAULT_MMU_ENG_ID_GRAPHICS,
		.client = NV_PFAULT_CLIENT_GPC_PROP_0,
	};
	struct tlb *tlb = ctx->gpu->gr->gcc_tlb[0];
	struct gr_clear *c = &ctx->clear;
	struct mmu_xlat x = { .len = 0 };
	uint64_t first = 0;
	uint32_t left = c->row_bytes;

	tlb_lock(tlb);
	for (uint32_t at = c->x_bytes, n; left; left -= n, at += n) {
		uint64_t va = (c->blocks ? c->va + gob_offset(&c->gobs, at, c->y, c->z) :
					   c->va + (uint64_t)c->y * c->pitch + at) & VA_MASK;

		if (va - first >= x.len) {
			if (mmu_translate(ctx->gpu, tlb, &ctx->ch->gr_as, va, MMU_WRITE, &x) !=
			    MMU_OK) {
				tlb_unlock(tlb);
				ctx->stall = GR_DEAD;
				c->active = false;
				mmu_fault_fatal(ctx->gpu, &ctx->ch->gr_as, &client, va, MMU_WRITE,
						x.fault_type);
				return ENGINE_ERROR;
			}
			first = va;
		}
		n = c->blocks ? GOB_RUN - at % GOB_RUN : left;
		n = n < left ? n : left;
		n = n < x.len - (va - first) ? n : (uint32_t)(x.len - (va - first));
		if (!x.sparse)
			write_run(c, x.ptr + (va - first), n, at % c->element);
	}
	tlb_unlock(tlb);
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
		c->y++;
		c->rows--;
	}
	return next_part(ctx);
}
