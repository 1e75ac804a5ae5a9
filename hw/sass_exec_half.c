// SPDX-License-Identifier: MIT
/*
 * Half precision, two at a time. Sums and products of halves are exact in a
 * double, and so is the sum of a product and a half but for its lowest bits:
 * there the rounding to odd keeps what the final rounding has to know.
 */
#include <math.h>

#include "sass_exec.h"
#include "sass_float.h"
#include "sass_operand.h"

#define F16_NAN		0x7fffu
#define F16_MIN_NORMAL	0x1p-14

/* Both halves of a source as doubles; a .F32 source is the same twice. */
static void source(struct warp *w, const struct sass_insn *in, unsigned int n,
		   double v[2][SASS_LANES])
{
	struct sass_operand plain = in->s[n];
	bool ftz = in->mods & SASS_FTZ;
	uint32_t t[SASS_LANES];
	const uint32_t *r;

	plain.abs = plain.neg = false;
	r = src(w, &plain, t);
	for (unsigned int h = 0; h < 2; h++) {
		unsigned int high = plain.half == SASS_H1_H1 || (plain.half == SASS_H1_H0 && h);

		FOR_LANES(i) {
			double x = plain.half == SASS_F32 ? (double)as_f32(r[i]) :
				   f16_value((uint16_t)(high ? r[i] >> 16 : r[i]));

			if (ftz && fabs(x) < F16_MIN_NORMAL)
				x = copysign(0, x);
			if (in->s[n].abs)
				x = fabs(x);
			v[h][i] = in->s[n].neg ? -x : x;
		}
	}
}

static uint32_t to_half(double v, unsigned int mods)
{
	uint16_t r;

	if (mods & SASS_SAT)
		v = v > 0 ? fmin(v, 1) : 0;	/* NaN becomes +0 */
	r = f16_bits(v, 0);
	if (mods & SASS_FTZ && !(r & 0x7c00))
		r &= 0x8000;
	return r;
}

/* .F32: the sum or product of the lower halves, as a float. */
static void finish(struct warp *w, const struct sass_insn *in, double v[2][SASS_LANES],
		   uint32_t mask)
{
	uint32_t t[SASS_LANES];

	FOR_LANES(i) {
		if (in->mods & SASS_W64) {
			double x = v[0][i];

			if (in->mods & SASS_SAT)
				x = x > 0 ? fmin(x, 1) : 0;
			t[i] = isnan(x) ? F32_NAN : f32_bits((float)x);
		} else {
			t[i] = to_half(v[0][i], in->mods) | to_half(v[1][i], in->mods) << 16;
		}
	}
	commit(w, in->dst, t, mask);
}

SASS_EXEC(hadd2)
{
	double a[2][SASS_LANES], b[2][SASS_LANES];

	source(w, in, 0, a);
	source(w, in, 1, b);
	for (unsigned int h = 0; h < 2; h++)
		FOR_LANES(i)
			a[h][i] += b[h][i];
	finish(w, in, a, mask);
	return SASS_NEXT;
}

/* .DNZ: zero times anything is +0. */
static double product(const struct sass_insn *in, double a, double b)
{
	return in->mods & SASS_DNZ && (a == 0 || b == 0) ? 0 : a * b;
}

SASS_EXEC(hmul2)
{
	double a[2][SASS_LANES], b[2][SASS_LANES];

	source(w, in, 0, a);
	source(w, in, 1, b);
	for (unsigned int h = 0; h < 2; h++)
		FOR_LANES(i)
			a[h][i] = product(in, a[h][i], b[h][i]);
	finish(w, in, a, mask);
	return SASS_NEXT;
}

/* a + b, and what a double cannot hold of it is remembered in its last bit. */
static double add_to_odd(double a, double b)
{
	double s = a + b, t = s - a, rest = (a - (s - t)) + (b - t);
	uint64_t bits = f64_bits(s);

	if (!isfinite(s) || rest == 0 || bits & 1)
		return s;
	/* The neighbour on the side of the rest is the odd one. */
	bits += (rest > 0) == (s > 0) ? 1 : -1;
	return as_f64(bits);
}

SASS_EXEC(hfma2)
{
	double a[2][SASS_LANES], b[2][SASS_LANES], c[2][SASS_LANES];

	source(w, in, 0, a);
	source(w, in, 1, b);
	source(w, in, 2, c);
	for (unsigned int h = 0; h < 2; h++)
		FOR_LANES(i)
			a[h][i] = add_to_odd(product(in, a[h][i], b[h][i]), c[h][i]);
	finish(w, in, a, mask);
	return SASS_NEXT;
}

/* One bit per lane for each half. */
static void compare(struct warp *w, const struct sass_insn *in, uint32_t r[2])
{
	double a[2][SASS_LANES], b[2][SASS_LANES];

	source(w, in, 0, a);
	source(w, in, 1, b);
	for (unsigned int h = 0; h < 2; h++) {
		uint32_t lt = 0, eq = 0, gt = 0;

		FOR_LANES(i) {
			lt |= (uint32_t)(a[h][i] < b[h][i]) << i;
			eq |= (uint32_t)(a[h][i] == b[h][i]) << i;
			gt |= (uint32_t)(a[h][i] > b[h][i]) << i;
		}
		r[h] = float_cmp(in->sub, lt, eq, gt);
	}
}

/* .BF gives one or zero as halves, else all ones or zeros. */
SASS_EXEC(hset2)
{
	uint32_t r[2], t[SASS_LANES], yes = in->mods & SASS_HI ? 0x3c00 : 0xffff;

	compare(w, in, r);
	for (unsigned int h = 0; h < 2; h++)
		r[h] = bool_op(in->bop, r[h], pred_get(w, in->pp[0]));
	FOR_LANES(i)
		t[i] = (r[0] >> i & 1 ? yes : 0) | (r[1] >> i & 1 ? yes << 16 : 0);
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* A predicate for each half, or (.H_AND) whether both hold and its opposite. */
SASS_EXEC(hsetp2)
{
	uint32_t r[2], p = pred_get(w, in->pp[0]);

	compare(w, in, r);
	if (in->mods & SASS_HI) {
		r[0] &= r[1];
		r[1] = ~r[0];
	}
	pred_set(w, in->pd[0], bool_op(in->bop, r[0], p), mask);
	pred_set(w, in->pd[1], bool_op(in->bop, r[1], p), mask);
	return SASS_NEXT;
}
