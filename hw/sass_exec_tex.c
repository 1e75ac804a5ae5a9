// SPDX-License-Identifier: MIT
/*
 * Textures: sampled, fetched, gathered, asked for their size. Parameters come in a
 * fixed order: layer, coordinates, handle when it is in a register, level of detail
 * or bias, offsets, reference of a comparison; TXD has its own.
 */
#include <math.h>

#include "nvhw/undocumented.h"
#include "sass_float.h"
#include "sass_tex.h"

/* The parameters of one lane. */
struct tex_args {
	uint32_t layer;
	uint32_t coord[3];
	uint32_t lod;
	uint32_t offset[2];
	float reference;
};

/* Results go in pairs: the first two that are wanted to one place, others to another. */
static void deliver(struct tex_op *op, unsigned int lane, const uint32_t out[4])
{
	const struct sass_insn *in = op->in;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int base = n < 2 ? in->dst : in->s[2].reg;

		if (!(in->sub >> i & 1))
			continue;
		if (base != SASS_RZ)
			op->w->r[base + n % 2][lane] = out[i];
		n++;
	}
}

static void read_args(const struct tex_op *op, unsigned int lane, struct tex_args *a)
{
	const struct sass_insn *in = op->in;
	unsigned int n = 0;

	memset(a, 0, sizeof(*a));
	if (in->bop & SASS_TEX_ARRAY)
		a->layer = tex_param(op, lane, n++) & 0xffff;
	for (unsigned int i = 0; i < in->type; i++)
		a->coord[i] = tex_param(op, lane, n++);
	n += in->rnd == TEX_HANDLE_PARAM;
	if (in->bop & SASS_TEX_LOD)
		a->lod = tex_param(op, lane, n++);
	if (in->bop & (SASS_TEX_OFFSET | SASS_TEX_OFFSETS))
		a->offset[0] = tex_param(op, lane, n++);
	if (in->bop & SASS_TEX_OFFSETS)
		a->offset[1] = tex_param(op, lane, n++);
	if (in->bop & SASS_TEX_COMPARE)
		a->reference = as_f32(tex_param(op, lane, n));
}

/* Three coordinates that are a direction become a place on a face, which is a layer. */
static void find_face(const struct tex_op *op, struct tex_args *a)
{
	float at[3];

	if (!(op->in->bop & SASS_TEX_CUBE) || !op->image.cube)
		return;
	memcpy(at, a->coord, sizeof(at));
	a->layer = 6 * a->layer + tex_cube_face(at);
	memcpy(a->coord, at, sizeof(at));
}

/* Signed offset @i of @bits in @v, of which each has a place of @stride bits. */
static int32_t offset_of(uint32_t v, unsigned int i, unsigned int stride, unsigned int bits)
{
	return (int32_t)(v << (32 - bits - i * stride)) >> (32 - bits);
}

static void offsets(uint32_t v, int32_t out[3])
{
	for (unsigned int i = 0; i < 3; i++)
		out[i] = offset_of(v, i, 4, 4);
}

static uint32_t clamp_layer(const struct tex_op *op, uint32_t layer)
{
	if (!op->image.array)
		return 0;
	return layer < op->image.layers ? layer : op->image.layers - 1;
}

static bool texel(struct tex_op *op, const uint32_t *at, uint32_t layer, uint32_t rgba[4])
{
	const struct texel_format *f = &op->image.format;
	uint8_t bytes[TEXEL_BYTES_MAX];
	uint64_t va = tex_address(&op->image, &op->level, (uint64_t)at[0] * f->bytes, at[1], at[2],
				  layer);

	if (!tex_reach(op, va, bytes, f->bytes, false))
		return false;
	texel_unpack(f, bytes, rgba);
	return true;
}

static bool tap(struct tex_op *op, const struct tex_tap *t, uint32_t layer, uint32_t rgba[4])
{
	if (!t->border)
		return texel(op, t->at, layer, rgba);
	memcpy(rgba, op->sampler.border, 4 * sizeof(*rgba));
	return true;
}

/* One level's part of a sample, added to @sum; a texel alone also goes to @rgba. */
static bool filter(struct tex_op *op, const struct tex_args *a, bool linear, float share,
		   double sum[4], uint32_t rgba[4])
{
	struct tex_tap taps[TEX_TAPS];
	int32_t move[3];
	float coord[3];
	unsigned int n;

	memcpy(coord, a->coord, sizeof(coord));
	offsets(a->offset[0], move);
	n = tex_taps(&op->image, &op->level, &op->sampler, linear, coord, move, taps);
	for (unsigned int j = 0; j < n; j++) {
		if (taps[j].weight == 0)
			continue;
		if (!tap(op, &taps[j], clamp_layer(op, a->layer), rgba))
			return false;
		if (op->in->bop & SASS_TEX_COMPARE)
			rgba[0] = tex_compare(&op->sampler, a->reference, rgba[0]);
		for (unsigned int i = 0; i < 4; i++)
			sum[i] += (double)as_f32(rgba[i]) * taps[j].weight * share;
	}
	return true;
}

static bool sample_lod(struct tex_op *op, unsigned int lane, const struct tex_args *a, float lod,
		       bool biased)
{
	bool numbers = texel_is_float(&op->image.format);
	uint32_t rgba[4] = { 0 }, out[4];
	double sum[4] = { 0 };
	struct tex_levels l;

	tex_choose_levels(&op->image, &op->sampler, lod, biased, &l);
	l.linear = l.linear && numbers;
	for (unsigned int i = 0; i < (numbers ? l.n : 1); i++) {
		tex_use_level(op, l.level[i]);
		if (!filter(op, a, l.linear, l.share[i], sum, rgba))
			return false;
	}
	/* A single texel comes through as it is, be it a NaN or an integer. */
	for (unsigned int i = 0; i < 4 && numbers && (l.linear || l.n > 1); i++)
		rgba[i] = f32_bits((float)sum[i]);
	tex_sources(&op->image, rgba, out);
	deliver(op, lane, out);
	return true;
}

/* Of a footprint of @dx and @dy, in coordinates. */
static float footprint_lod(const struct tex_op *op, const float *dx, const float *dy)
{
	bool scale = op->image.normalized && !op->sampler.unnormalized;
	double x = 0, y = 0;

	for (unsigned int i = 0; i < op->image.dims && i < op->in->type; i++) {
		double size = scale ? op->image.size[i] >> op->image.min_level ?
				      op->image.size[i] >> op->image.min_level : 1 : 1;

		x += size * size * dx[i] * dx[i];
		y += size * size * dy[i] * dy[i];
	}
	/* log2 of the longer side; a footprint of nothing is the largest picture. */
	return x > 0 || y > 0 ? (float)(log2(fmax(x, y)) / 2) : -16;
}

/* From the coordinates of the lane's neighbours in its quad, be they active or not. */
static float quad_lod(const struct tex_op *op, unsigned int lane)
{
	unsigned int first = !!(op->in->bop & SASS_TEX_ARRAY);
	float dx[3] = { 0 }, dy[3] = { 0 };

	for (unsigned int i = 0; i < op->in->type; i++) {
		dx[i] = as_f32(tex_param(op, lane | 1, first + i)) -
			as_f32(tex_param(op, lane & ~1u, first + i));
		dy[i] = as_f32(tex_param(op, lane | 2, first + i)) -
			as_f32(tex_param(op, lane & ~2u, first + i));
	}
	return footprint_lod(op, dx, dy);
}

static bool sample(struct tex_op *op, unsigned int lane)
{
	struct tex_args a;
	float lod = 0;

	read_args(op, lane, &a);
	find_face(op, &a);
	switch (op->in->type2) {
	case SASS_LOD_AUTO:
		lod = quad_lod(op, lane);
		break;
	case SASS_LOD_BIAS:
		lod = quad_lod(op, lane) + as_f32(a.lod);
		break;
	case SASS_LOD_GIVEN:
		lod = as_f32(a.lod);
		break;
	}
	return sample_lod(op, lane, &a, lod, op->in->type2 != SASS_LOD_ZERO);
}

/* [handle] coordinates [layer 15:0 and offsets 31:16], then dx and dy of each coordinate. */
static bool sample_gradient(struct tex_op *op, unsigned int lane)
{
	const struct sass_insn *in = op->in;
	unsigned int n = in->rnd == TEX_HANDLE_PARAM;
	float dx[3] = { 0 }, dy[3] = { 0 };
	struct tex_args a = { 0 };

	for (unsigned int i = 0; i < in->type; i++)
		a.coord[i] = tex_param(op, lane, n++);
	if (in->bop & (SASS_TEX_ARRAY | SASS_TEX_OFFSET)) {
		uint32_t v = tex_param(op, lane, n++);

		a.layer = v & 0xffff;
		a.offset[0] = in->bop & SASS_TEX_OFFSET ? v >> 16 : 0;
	}
	for (unsigned int i = 0; i < in->type; i++) {
		dx[i] = as_f32(tex_param(op, lane, n++));
		dy[i] = as_f32(tex_param(op, lane, n++));
	}
	return sample_lod(op, lane, &a, footprint_lod(op, dx, dy), true);
}

/* A texel by its integer coordinates; outside there is nothing. */
static bool fetch(struct tex_op *op, unsigned int lane)
{
	uint32_t rgba[4] = { 0 }, out[4] = { 0 };
	const struct tex_image *t = &op->image;
	int32_t at[3] = { 0 }, move[3];
	struct tex_args a;

	read_args(op, lane, &a);
	offsets(a.offset[0], move);
	for (unsigned int i = 0; i < t->dims; i++)
		at[i] = (int32_t)(a.coord[i] + (uint32_t)move[i]);
	if (!t->array)
		a.layer = 0;
	if (a.lod <= t->max_level - t->min_level) {
		tex_use_level(op, t->min_level + a.lod);
		if (tex_inside(t, &op->level, at, a.layer)) {
			if (!texel(op, (const uint32_t *)at, a.layer, rgba))
				return false;
			tex_sources(t, rgba, out);
		}
	}
	deliver(op, lane, out);
	return true;
}

/* One component of the four texels a linear filter would take: 01, 11, 10, 00. */
static bool gather(struct tex_op *op, unsigned int lane)
{
	static const uint8_t order[4] = { 2, 3, 1, 0 };
	const struct sass_insn *in = op->in;
	uint32_t rgba[4], sources[4], out[4];
	struct tex_tap taps[TEX_TAPS];
	struct tex_args a;
	float coord[3];

	if (op->image.dims != 2) {
		op->esr = NVX_SM_WARP_ERROR_ILLEGAL_PARAM;
		return false;
	}
	read_args(op, lane, &a);
	find_face(op, &a);
	memcpy(coord, a.coord, sizeof(coord));
	tex_use_level(op, op->image.min_level);
	for (unsigned int i = 0; i < 4; i++) {
		bool own = in->bop & SASS_TEX_OFFSETS;
		uint32_t v = own ? a.offset[i / 2] >> i % 2 * 16 : a.offset[0];
		int32_t move[3] = { offset_of(v, 0, 8, 6), offset_of(v, 1, 8, 6) };

		tex_taps(&op->image, &op->level, &op->sampler, true, coord, move, taps);
		if (!tap(op, &taps[own ? 0 : order[i]], clamp_layer(op, a.layer), rgba))
			return false;
		if (in->bop & SASS_TEX_COMPARE)
			rgba[0] = tex_compare(&op->sampler, a.reference, rgba[0]);
		tex_sources(&op->image, rgba, sources);
		out[i] = sources[in->lut[0]];
	}
	deliver(op, lane, out);
	return true;
}

/* The level of detail as it was computed, and as it was clamped: 8.8 bits. */
static bool query_lod(struct tex_op *op, unsigned int lane)
{
	uint32_t out[4] = { 0 };
	struct tex_levels l;

	tex_choose_levels(&op->image, &op->sampler, quad_lod(op, lane), true, &l);
	out[0] = (uint32_t)(int32_t)(l.lod * 256) & 0xffff;
	out[1] = (uint32_t)((l.level[0] - op->image.min_level + l.share[1]) * 256);
	deliver(op, lane, out);
	return true;
}

/* Of a level: width, height, depth or layers after them, and how many levels there are. */
static bool query(struct tex_op *op, unsigned int lane)
{
	const struct tex_image *t = &op->image;
	uint32_t lod = tex_param(op, lane, op->in->rnd == TEX_HANDLE_PARAM);
	uint32_t levels = t->max_level - t->min_level + 1, out[4] = { 0, 0, 0, levels };

	if (op->in->type) {
		out[2] = 1;		/* samples */
	} else if (lod < levels) {
		tex_use_level(op, t->min_level + lod);
		for (unsigned int i = 0; i < t->dims; i++)
			out[i] = op->level.size[i];
		if (t->array)
			out[t->dims] = t->cube ? t->layers / 6 : t->layers;
	}
	deliver(op, lane, out);
	return true;
}

static enum sass_result run(struct warp *w, const struct sass_insn *in, uint32_t mask, bool sampled,
			    tex_lane_fn fn)
{
	struct tex_op op;

	if (!tex_begin(&op, w, in, sampled))
		return SASS_PARKED;
	return tex_each_lane(&op, mask, false, fn);
}

SASS_EXEC(tex)
{
	return run(w, in, mask, true, sample);
}

SASS_EXEC(txd)
{
	return run(w, in, mask, true, sample_gradient);
}

SASS_EXEC(tld)
{
	return run(w, in, mask, false, fetch);
}

SASS_EXEC(tld4)
{
	return run(w, in, mask, true, gather);
}

SASS_EXEC(tmml)
{
	return run(w, in, mask, true, query_lod);
}

SASS_EXEC(txq)
{
	return run(w, in, mask, false, query);
}
