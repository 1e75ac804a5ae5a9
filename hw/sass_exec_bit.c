// SPDX-License-Identifier: MIT
/* Logic, shifts, bit fields, moves and selection. */
#include "sass_exec.h"
#include "sass_operand.h"

SASS_EXEC(mov)
{
	uint32_t t[SASS_LANES];

	commit(w, in->dst, src(w, &in->s[1], t), mask & in->sub * 0x11111111u);
	return SASS_NEXT;
}

SASS_EXEC(sel)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	uint32_t p = pred_get(w, in->pp[0]), t[SASS_LANES];

	FOR_LANES(i)
		t[i] = p >> i & 1 ? a[i] : b[i];
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* Truth table @lut over three rows; input A is 0xf0, B 0xcc, C 0xaa. */
static inline uint32_t lut3(uint32_t a, uint32_t b, uint32_t c, const uint32_t m[8])
{
	return (a & ((b & ((c & m[7]) | (~c & m[6]))) | (~b & ((c & m[5]) | (~c & m[4]))))) |
	       (~a & ((b & ((c & m[3]) | (~c & m[2]))) | (~b & ((c & m[1]) | (~c & m[0])))));
}

static void lut_masks(uint8_t lut, uint32_t m[8])
{
	for (unsigned int i = 0; i < 8; i++)
		m[i] = lut >> i & 1 ? ~0u : 0;
}

SASS_EXEC(lop3)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES], m[8], some;
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);

	switch (in->lut[0]) {
	case 0xc0:
		FOR_LANES(i)
			t[i] = a[i] & b[i];
		break;
	case 0xfc:
		FOR_LANES(i)
			t[i] = a[i] | b[i];
		break;
	case 0x3c:
		FOR_LANES(i)
			t[i] = a[i] ^ b[i];
		break;
	default:
		lut_masks(in->lut[0], m);
		FOR_LANES(i)
			t[i] = lut3(a[i], b[i], c[i], m);
	}
	commit(w, in->dst, t, mask);
	if (in->pd[0] != SASS_PT) {
		LANE_MASK(some, t[i] != 0);
		pred_set(w, in->pd[0], bool_op(in->bop ? 0 : 1, some, pred_get(w, in->pp[0])),
			 mask);
	}
	return SASS_NEXT;
}

SASS_EXEC(plop3)
{
	uint32_t a = pred_get(w, in->pp[0]), b = pred_get(w, in->pp[1]);
	uint32_t c = pred_get(w, in->pp[2]), m[8], r[2];

	for (unsigned int n = 0; n < 2; n++) {
		lut_masks(in->lut[n], m);
		r[n] = lut3(a, b, c, m);
	}
	pred_set(w, in->pd[0], r[0], mask);
	pred_set(w, in->pd[1], r[1], mask);
	return SASS_NEXT;
}

SASS_EXEC(signs)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], m[8], r;
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);

	lut_masks(in->lut[0], m);
	LANE_MASK(r, lut3(a[i], b[i], c[i], m) >> 31);
	pred_set(w, in->pd[0], r, mask);
	return SASS_NEXT;
}

/* The 64-bit value {C:A} shifted by B; the result is one half of it. */
static inline uint32_t funnel(uint32_t lo, uint32_t hi, uint32_t s, unsigned int mods)
{
	unsigned int bits = mods & SASS_W64 ? 64 : 32;
	uint64_t x = lo | (uint64_t)hi << 32;

	s = mods & SASS_WRAP ? s & (bits - 1) : s < bits ? s : bits;
	if (!(mods & SASS_RIGHT))
		x = s < 64 ? x << s : 0;
	else if (mods & SASS_SIGNED)
		x = (uint64_t)((int64_t)x >> (s < 64 ? s : 63));
	else
		x = s < 64 ? x >> s : 0;
	return (uint32_t)(mods & SASS_HI ? x >> 32 : x);
}

SASS_EXEC(shf)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);

	FOR_LANES(i)
		t[i] = funnel(a[i], c[i], b[i], in->mods);
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* Selector nibbles of the modes with a two-bit selector, as PTX's prmt has them. */
static const uint16_t prmt_modes[8][4] = {
	[1] = { 0x3210, 0x4321, 0x5432, 0x6543 },	/* F4E */
	[2] = { 0x5670, 0x6701, 0x7012, 0x0123 },	/* B4E */
	[3] = { 0x0000, 0x1111, 0x2222, 0x3333 },	/* RC8 */
	[4] = { 0x3210, 0x3211, 0x3222, 0x3333 },	/* ECL */
	[5] = { 0x0000, 0x1110, 0x2210, 0x3210 },	/* ECR */
	[6] = { 0x1010, 0x3232, 0x1010, 0x3232 },	/* RC16 */
};

static uint32_t permute(uint32_t lo, uint32_t hi, uint32_t sel)
{
	uint64_t x = lo | (uint64_t)hi << 32;
	uint32_t r = 0;

	for (unsigned int n = 0; n < 4; n++, sel >>= 4) {
		uint8_t byte = x >> 8 * (sel & 7);

		if (sel & 8)
			byte = byte & 0x80 ? 0xff : 0;
		r |= (uint32_t)byte << 8 * n;
	}
	return r;
}

SASS_EXEC(prmt)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);

	FOR_LANES(i)
		t[i] = permute(a[i], c[i], in->sub ? prmt_modes[in->sub][b[i] & 3] : b[i]);
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

static inline uint32_t low_ones(uint32_t n)
{
	return n >= 32 ? ~0u : (1u << n) - 1;
}

/* B ones from bit A on. */
SASS_EXEC(bmsk)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	uint32_t wrap = in->mods & SASS_WRAP ? 31 : ~0u;

	FOR_LANES(i) {
		uint32_t pos = a[i] & wrap, width = b[i] & wrap;

		t[i] = pos >= 32 ? 0 : low_ones(width) << pos;
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* The low B bits of A, sign- or zero-extended. */
SASS_EXEC(sgxt)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	uint32_t wrap = in->mods & SASS_WRAP ? 31 : ~0u;

	FOR_LANES(i) {
		uint32_t bits = b[i] & wrap, ones = low_ones(bits);

		t[i] = a[i] & ones;
		if (in->mods & SASS_SIGNED && bits && bits < 32 && a[i] >> (bits - 1) & 1)
			t[i] |= ~ones;
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* A single source, inverted on request. */
static const uint32_t *src_not(struct warp *w, const struct sass_insn *in, uint32_t *t)
{
	const uint32_t *b = src(w, &in->s[1], t);

	if (!(in->mods & SASS_NOT))
		return b;
	FOR_LANES(i)
		t[i] = ~b[i];
	return t;
}

SASS_EXEC(flo)
{
	uint32_t t[SASS_LANES];
	const uint32_t *b = src_not(w, in, t);

	FOR_LANES(i) {
		uint32_t v = in->mods & SASS_SIGNED && (int32_t)b[i] < 0 ? ~b[i] : b[i];
		uint32_t lead = v ? (uint32_t)__builtin_clz(v) : 0;

		t[i] = !v ? ~0u : in->mods & SASS_SH ? lead : 31 - lead;
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(brev)
{
	uint32_t t[SASS_LANES];
	const uint32_t *b = src(w, &in->s[1], t);

	FOR_LANES(i) {
		uint32_t v = b[i];

		v = (v >> 1 & 0x55555555) | (v & 0x55555555) << 1;
		v = (v >> 2 & 0x33333333) | (v & 0x33333333) << 2;
		v = (v >> 4 & 0x0f0f0f0f) | (v & 0x0f0f0f0f) << 4;
		t[i] = __builtin_bswap32(v);
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(popc)
{
	uint32_t t[SASS_LANES];
	const uint32_t *b = src_not(w, in, t);

	FOR_LANES(i)
		t[i] = (uint32_t)__builtin_popcount(b[i]);
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}
