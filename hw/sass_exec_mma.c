// SPDX-License-Identifier: MIT
/*
 * Products of matrices, D = A * B + C, that the lanes of a warp hold together. Which
 * element is whose is PTX's description of mma.sync: but for HMMA.884 a row of A and a
 * column of B are spread over four lanes, 32 bits in each, and lane l has row l / 4 of
 * A, column l / 4 of B, and of D's row l / 4 the columns 2 * (l % 4) and the next.
 *
 * All lanes take part. PTX says nothing of lanes that are elsewhere: here their
 * registers count as they are, and only the active ones get results.
 */
#include <math.h>

#include "sass_exec.h"
#include "sass_float.h"
#include "sass_operand.h"

#define QUAD		4
#define MAX_DEPTH	8

/* Register @n of an operand; RZ is zeros in each of them. */
static const uint32_t *part(const struct warp *w, const struct sass_operand *o, unsigned int n)
{
	return w->r[o->reg == SASS_RZ ? SASS_RZ : o->reg + n];
}

static void commit_part(struct warp *w, const struct sass_insn *in, unsigned int n,
			const uint32_t *t, uint32_t mask)
{
	if (in->dst != SASS_RZ)
		commit(w, in->dst + n, t, mask);
}

static double half(uint32_t v, unsigned int n)
{
	return f16_value((uint16_t)(v >> 16 * n));
}

/*
 * @v units of 2^-@unit as a double; if there are more bits than a double has, its
 * lowest one is set instead of them, so that rounding it once more is still right.
 */
static double scaled(__int128 v, int unit)
{
	unsigned __int128 m = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v, top;
	uint64_t high = (uint64_t)(m >> 64);
	int drop = high ? 75 - __builtin_clzll(high) : m >> 53 ? 11 : 0;

	top = m >> drop;
	if (top << drop != m)
		top |= 1;
	return ldexp(v < 0 ? -(double)(uint64_t)top : (double)(uint64_t)top, drop - unit);
}

/*
 * The sum with integers. A product of two halves is a multiple of 2^-48 and below 2^32.
 * If C is large, its lowest bit is 2^-48 or more, or even beyond the reach of the
 * products; if it is small, bits of it below 2^-88 only decide which way to round.
 */
static double dot_exact(const double *a, const double *b, unsigned int depth, double c)
{
	int unit = fabs(c) < 0x1p37 ? 88 : 48;
	__int128 sum = 0;
	double x;

	if (fabs(c) >= 0x1p70)
		return c;
	for (unsigned int k = 0; k < depth; k++)
		sum += (__int128)(a[k] * b[k] * 0x1p48);
	if (!sum)
		return c + 0.0;
	sum *= (__int128)1 << (unit - 48);
	x = ldexp(c, unit);
	sum += (__int128)floor(x);
	if (floor(x) != x)
		sum |= 1;
	return scaled(sum, unit);
}

/*
 * c + a[0] * b[0] + a[1] * b[1] ...: what is rounded to the type of D is right, since
 * nothing is lost before. Products of halves are exact in a double, and nearly always
 * sums are too; what each addition loses tells.
 */
static double dot(const double *a, const double *b, unsigned int depth, double c)
{
	double sum = c, lost = 0;

	for (unsigned int k = 0; k < depth; k++) {
		double p = a[k] * b[k], t = sum + p, added = t - sum;

		lost += fabs((sum - (t - added)) + (p - added));
		sum = t;
	}
	return lost == 0 || !isfinite(sum) ? sum : dot_exact(a, b, depth, c);
}

static uint32_t to_f32(double v)
{
	return isnan(v) ? F32_NAN : f32_bits((float)v);
}

/* .1688: A has 16 rows, rows 8 to 15 in its second register; so have C and D. */
SASS_EXEC(hmma_1688)
{
	bool wide = in->sub & SASS_MMA_D_F32;
	double a[16][MAX_DEPTH], b[8][MAX_DEPTH];
	uint32_t t[4][SASS_LANES] = { { 0 } };

	FOR_LANES(i)
		for (unsigned int n = 0; n < 2; n++) {
			unsigned int k = i % QUAD * 2 + n;

			a[i / QUAD][k] = half(part(w, &in->s[0], 0)[i], n);
			a[i / QUAD + 8][k] = half(part(w, &in->s[0], 1)[i], n);
			b[i / QUAD][k] = half(part(w, &in->s[1], 0)[i], n);
		}
	for (unsigned int e = 0; e < 4; e++) {
		const uint32_t *c = part(w, &in->s[2], wide ? e : e / 2);

		FOR_LANES(i) {
			double v = dot(a[i / QUAD + e / 2 * 8], b[i % QUAD * 2 + e % 2], 8,
				       wide ? (double)as_f32(c[i]) : half(c[i], e % 2));

			if (wide)
				t[e][i] = to_f32(v);
			else
				t[e / 2][i] |= (uint32_t)f16_bits(v, 0) << 16 * (e % 2);
		}
	}
	for (unsigned int n = 0; n < (wide ? 4 : 2); n++)
		commit_part(w, in, n, t[n], mask);
	return SASS_NEXT;
}

/*
 * .884, Volta's: four products of 8x4 by 4x8, each by the eight lanes 4n to 4n + 3 and
 * 4n + 16 to 4n + 19, called 0 to 7 below.
 */
static unsigned int lane_of(unsigned int product, unsigned int member)
{
	return product * QUAD + member % QUAD + (member < QUAD ? 0 : 16);
}

/* By rows a member has the row of its number; by columns four rows of one column. */
static void gather_884(const struct warp *w, const struct sass_operand *o, unsigned int product,
		       bool across, double m[8][4])
{
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int n = 0; n < 4; n++) {
			double v = half(part(w, o, n / 2)[lane_of(product, i)], n % 2);

			if (across)
				m[n + (i & QUAD)][i % QUAD] = v;
			else
				m[i][n] = v;
		}
}

/* Row and column of element @e of a member's eight floats. */
static unsigned int float_row(unsigned int member, unsigned int e)
{
	return (member & 1) + (e & 2) + (member & QUAD);
}

static unsigned int float_column(unsigned int member, unsigned int e)
{
	return (e & QUAD) + (member & 2) + (e & 1);
}

/* C at a row and column, of which this step has four columns if it has halves. */
static double c_884(const struct warp *w, const struct sass_insn *in, unsigned int product,
		    unsigned int row, unsigned int column)
{
	return half(part(w, &in->s[2], column % 4 / 2)[lane_of(product, row)], column % 2);
}

/* A step is two registers of D: two of the eight floats or four of the eight halves. */
SASS_EXEC(hmma_884)
{
	unsigned int step = in->type;
	uint32_t t[2][SASS_LANES] = { { 0 } };
	double a[8][4], b[8][4];

	for (unsigned int i = 0; i < 8 * QUAD; i++) {
		unsigned int product = i / 8, m = i % 8, lane = lane_of(product, m);

		if (!m) {
			gather_884(w, &in->s[0], product, in->sub & SASS_MMA_A_COL, a);
			gather_884(w, &in->s[1], product, !(in->sub & SASS_MMA_B_COL), b);
		}
		for (unsigned int n = 0; in->sub & SASS_MMA_D_F32 && n < 2; n++) {
			unsigned int row = float_row(m, 2 * step + n);
			unsigned int column = float_column(m, 2 * step + n);

			t[n][lane] = to_f32(dot(a[row], b[column], 4, in->sub & SASS_MMA_C_F32 ?
						(double)as_f32(part(w, &in->s[2], n)[lane]) :
						c_884(w, in, product, row, column)));
		}
		for (unsigned int n = 0; !(in->sub & SASS_MMA_D_F32) && n < 4; n++) {
			unsigned int column = 4 * step + n;
			double v = dot(a[m], b[column], 4, c_884(w, in, product, m, column));

			t[n / 2][lane] |= (uint32_t)f16_bits(v, 0) << 16 * (n % 2);
		}
	}
	commit_part(w, in, 0, t[0], mask);
	commit_part(w, in, 1, t[1], mask);
	return SASS_NEXT;
}

/* The numbers of @bits bits in each of the 32 lanes, one after the other. */
static void unpack(int16_t *v, const uint32_t *r, unsigned int bits, bool sign)
{
	FOR_LANES(i)
		for (unsigned int n = 0; n < 32 / bits; n++) {
			uint32_t up = r[i] << (32 - bits * (n + 1));

			*v++ = (int16_t)(sign ? (int32_t)up >> (32 - bits) :
					 (int32_t)(up >> (32 - bits)));
		}
}

static inline int32_t dot_integers(const int16_t *a, const int16_t *b, unsigned int depth)
{
	int32_t sum = 0;

	for (unsigned int k = 0; k < depth; k++)
		sum += a[k] * b[k];
	return sum;
}

static uint32_t to_s32(int64_t v, bool saturate)
{
	if (saturate)
		v = v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
	return (uint32_t)v;
}

/* Four lanes have a row of A, four a column of B: .8816 of bytes, .8832 of nibbles. */
SASS_EXEC(imma)
{
	int16_t a[8 * 32], b[8 * 32];
	uint32_t t[2][SASS_LANES];
	bool bytes = in->type == 8;

	unpack(a, part(w, &in->s[0], 0), in->type, in->mods & SASS_SIGNED);
	unpack(b, part(w, &in->s[1], 0), in->type, in->mods & SASS_SIGNED_B);
	for (unsigned int e = 0; e < 2; e++)
		FOR_LANES(i) {
			unsigned int row = i / QUAD, column = i % QUAD * 2 + e;
			int64_t sum = (int32_t)part(w, &in->s[2], e)[i];

			sum += bytes ? dot_integers(a + 16 * row, b + 16 * column, 16) :
				       dot_integers(a + 32 * row, b + 32 * column, 32);
			t[e][i] = to_s32(sum, in->mods & SASS_SAT);
		}
	commit_part(w, in, 0, t[0], mask);
	commit_part(w, in, 1, t[1], mask);
	return SASS_NEXT;
}

/* .88128 of bits: how many differ. */
SASS_EXEC(bmma)
{
	const uint32_t *a = part(w, &in->s[0], 0), *b = part(w, &in->s[1], 0);
	uint32_t t[2][SASS_LANES];

	for (unsigned int e = 0; e < 2; e++)
		FOR_LANES(i) {
			const uint32_t *x = a + i / QUAD * QUAD, *y = b + (i % QUAD * 2 + e) * QUAD;

			t[e][i] = part(w, &in->s[2], e)[i];
			for (unsigned int k = 0; k < QUAD; k++)
				t[e][i] += (uint32_t)__builtin_popcount(x[k] ^ y[k]);
		}
	commit_part(w, in, 0, t[0], mask);
	commit_part(w, in, 1, t[1], mask);
	return SASS_NEXT;
}
