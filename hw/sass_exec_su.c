// SPDX-License-Identifier: MIT
/*
 * Surfaces: texels loaded, stored and changed by their integer coordinates, either
 * through the format of the header (.P) or as the bits they are (.D).
 */
#include "nvhw/undocumented.h"
#include "sass_tex.h"

/* A texel, or bytes of a row, that a lane names. */
struct place {
	uint64_t va;
	bool inside;
};

/* A coordinate out of range: nowhere, or at the edge, or a trap. */
static int32_t clamped(const struct sass_insn *in, int32_t at, uint32_t size)
{
	if (in->lut[0] != SASS_SU_CLAMP)
		return at;
	return at < 0 ? 0 : (uint32_t)at >= size ? (int32_t)size - 1 : at;
}

/* @bytes is the size of the access; coordinates are x, y, z and the layer after them. */
static bool locate(struct tex_op *op, unsigned int lane, unsigned int bytes, struct place *p)
{
	const struct sass_insn *in = op->in;
	const struct tex_image *t = &op->image;
	uint32_t unit = t->format.bytes, in_texel = 0;
	int32_t at[3] = { 0 };
	uint32_t layer = 0;

	for (unsigned int i = 0; i < t->dims && i < in->shift; i++) {
		at[i] = (int32_t)tex_param(op, lane, i);
		/* Bytes before the first texel are outside, whichever they are. */
		if (!i && in->bop & SASS_TEX_BYTES && at[0] >= 0) {
			in_texel = (uint32_t)at[0] % unit;
			at[0] /= (int32_t)unit;
		}
		at[i] = clamped(in, at[i], op->level.size[i]);
	}
	if (t->array && t->dims < in->shift)
		layer = (uint32_t)clamped(in, (int32_t)tex_param(op, lane, t->dims), t->layers);
	p->inside = tex_inside(t, &op->level, at, layer) &&
		    (uint64_t)(uint32_t)at[0] * unit + in_texel + bytes <=
		    (uint64_t)op->level.size[0] * unit;
	if (!p->inside) {
		if (in->lut[0] == SASS_SU_TRAP)
			op->esr = NVX_SM_WARP_ERROR_OOR_ADDR;
		return !op->esr;
	}
	p->va = tex_address(t, &op->level, (uint64_t)(uint32_t)at[0] * unit + in_texel,
			    (uint32_t)at[1], (uint32_t)at[2], layer);
	if (p->va & (bytes - 1))
		op->esr = NVX_SM_WARP_ERROR_MISALIGNED_ADDR;
	return !op->esr;
}

static bool load(struct tex_op *op, unsigned int lane)
{
	uint32_t rgba[4], out[4] = { 0 };
	uint8_t texel[TEXEL_BYTES_MAX];
	struct place p;

	if (!locate(op, lane, op->image.format.bytes, &p))
		return false;
	if (p.inside) {
		if (!tex_reach(op, p.va, texel, op->image.format.bytes, false))
			return false;
		texel_unpack(&op->image.format, texel, rgba);
		tex_sources(&op->image, rgba, out);
	}
	for (unsigned int i = 0; i < op->in->dst_width && op->in->dst != SASS_RZ; i++)
		op->w->r[op->in->dst + i][lane] = out[i];
	return true;
}

static bool store(struct tex_op *op, unsigned int lane)
{
	unsigned int data = op->in->s[1].reg;
	uint32_t stored[4] = { 0 }, rgba[4];
	uint8_t texel[TEXEL_BYTES_MAX];
	struct place p;

	if (!locate(op, lane, op->image.format.bytes, &p))
		return false;
	if (!p.inside)
		return true;
	for (unsigned int i = 0; i < op->in->s[1].width && data != SASS_RZ; i++)
		stored[i] = op->w->r[data + i][lane];
	tex_targets(&op->image, stored, rgba);
	texel_pack(&op->image.format, rgba, texel);
	return tex_reach(op, p.va, texel, op->image.format.bytes, true);
}

SASS_EXEC(suld)
{
	struct tex_op op;

	if (!tex_begin(&op, w, in, false))
		return SASS_PARKED;
	return tex_each_lane(&op, mask, false, load);
}

SASS_EXEC(sust)
{
	struct tex_op op;

	if (!tex_begin(&op, w, in, false))
		return SASS_PARKED;
	return tex_each_lane(&op, mask, false, store);
}

/* Where the lanes of an instruction on bits go. */
struct locator {
	struct tex_op op;
	uint64_t va[SASS_LANES];
	uint32_t inside;
	unsigned int bytes;
};

static bool find(struct tex_op *op, unsigned int lane)
{
	struct locator *l = (struct locator *)op;	/* its first member */
	struct place p;

	if (!locate(op, lane, l->bytes, &p))
		return false;
	l->va[lane] = p.va;
	if (p.inside)
		l->inside |= 1u << lane;
	return true;
}

/* From where the lanes go on it is memory like any other. */
static enum sass_result raw(struct warp *w, const struct sass_insn *in, uint32_t mask,
			    unsigned int bytes, enum mmu_access access, sass_element_fn fn)
{
	struct locator l = { .bytes = bytes };
	enum sass_result r;

	if (!tex_begin(&l.op, w, in, false))
		return SASS_PARKED;
	r = tex_each_lane(&l.op, mask, true, find);
	if (r != SASS_NEXT)
		return r;
	if (access != MMU_WRITE)
		FOR_MASK(i, mask & ~l.inside)
			fn(w, in, i, NULL);
	return l.inside ? sass_global(w, in, l.inside, l.va, access, fn) : SASS_NEXT;
}

SASS_EXEC(suld_bits)
{
	return raw(w, in, mask, sass_type_bytes[in->type], MMU_READ, sass_load_fn(in));
}

SASS_EXEC(sust_bits)
{
	return raw(w, in, mask, sass_type_bytes[in->type], MMU_WRITE, sass_store_fn(in));
}

SASS_EXEC(suatom)
{
	pred_set(w, in->pd[0], ~0u, mask);
	return raw(w, in, mask, sass_atomic_bytes(in), MMU_ATOMIC, sass_atomic_element);
}
