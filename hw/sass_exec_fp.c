// SPDX-License-Identifier: MIT
/* Single precision. Denormals count unless an instruction says .FTZ. */
#include <math.h>

#include "sass_exec.h"
#include "sass_float.h"
#include "sass_operand.h"

static FENV_FN void add32(uint32_t *t, const uint32_t *a, const uint32_t *b)
{
	const f32_alias *x = (const f32_alias *)a, *y = (const f32_alias *)b;
	f32_alias *r = (f32_alias *)t;

	FOR_LANES(i)
		r[i] = x[i] + y[i];
}

static FENV_FN void mul32(uint32_t *t, const uint32_t *a, const uint32_t *b)
{
	const f32_alias *x = (const f32_alias *)a, *y = (const f32_alias *)b;
	f32_alias *r = (f32_alias *)t;

	FOR_LANES(i)
		r[i] = x[i] * y[i];
}

/* The product of two floats is exact in a double: scale it, then round once. */
static FENV_FN void mul32_scaled(uint32_t *t, const uint32_t *a, const uint32_t *b, double scale)
{
	const f32_alias *x = (const f32_alias *)a, *y = (const f32_alias *)b;
	f32_alias *r = (f32_alias *)t;

	FOR_LANES(i)
		r[i] = (float)((double)x[i] * y[i] * scale);
}

#define FMA_LOOP \
	const f32_alias *x = (const f32_alias *)a, *y = (const f32_alias *)b; \
	const f32_alias *z = (const f32_alias *)c; \
	f32_alias *r = (f32_alias *)t; \
	FOR_LANES(i) \
		r[i] = __builtin_fmaf(x[i], y[i], z[i])

static FENV_FN void fma32_libm(uint32_t *t, const uint32_t *a, const uint32_t *b,
			       const uint32_t *c)
{
	FMA_LOOP;
}

#ifdef __x86_64__
/* The same loop as eight-lane instructions where the CPU has them. */
static FENV_FN __attribute__((target("avx2,fma")))
void fma32_fast(uint32_t *t, const uint32_t *a, const uint32_t *b, const uint32_t *c)
{
	FMA_LOOP;
}
#endif

static void fma32(uint32_t *t, const uint32_t *a, const uint32_t *b, const uint32_t *c)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2")) {
		fma32_fast(t, a, b, c);
		return;
	}
#endif
	fma32_libm(t, a, b, c);
}

static inline bool is_nan32(uint32_t v)
{
	return (v & 0x7fffffff) > F32_INF;
}

static void flush32(uint32_t *v)
{
	FOR_LANES(i)
		v[i] = v[i] & F32_INF ? v[i] : v[i] & 0x80000000;
}

/* A source, denormals flushed on request: always in @tmp then. */
static const uint32_t *operand(struct warp *w, const struct sass_insn *in, unsigned int n,
			       uint32_t *tmp)
{
	const uint32_t *v = src_f32(w, &in->s[n], tmp);

	if (!(in->mods & (SASS_FTZ | SASS_DNZ)))
		return v;
	if (v != tmp)
		memcpy(tmp, v, SASS_LANES * sizeof(*tmp));
	flush32(tmp);
	return tmp;
}

static void finish(struct warp *w, const struct sass_insn *in, uint32_t *t, uint32_t mask)
{
	FOR_LANES(i)
		t[i] = (t[i] & 0x7fffffff) > F32_INF ? F32_NAN : t[i];
	if (in->mods & (SASS_FTZ | SASS_DNZ))
		flush32(t);
	if (in->mods & SASS_SAT)
		FOR_LANES(i) {
			/* NaN and everything negative become +0. */
			t[i] = is_nan32(t[i]) || t[i] & 0x80000000 ? 0 :
			       t[i] > F32_ONE ? F32_ONE : t[i];
		}
	commit(w, in->dst, t, mask);
}

SASS_EXEC(fadd)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = operand(w, in, 0, ta), *b = operand(w, in, 1, tb);
	int changed = round_begin(in->rnd);

	add32(t, a, b);
	round_end(changed);
	finish(w, in, t, mask);
	return SASS_NEXT;
}

/* .DNZ: zero times anything, infinity and NaN too, is +0. */
static void zero_products(uint32_t *t, const uint32_t *a, const uint32_t *b)
{
	FOR_LANES(i)
		t[i] = (a[i] & 0x7fffffff) && (b[i] & 0x7fffffff) ? t[i] : 0;
}

SASS_EXEC(fmul)
{
	static const double scale[8] = { 1, 0.125, 0.25, 0.5, 1, 2, 4, 1 };
	uint32_t ta[SASS_LANES], tb[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = operand(w, in, 0, ta), *b = operand(w, in, 1, tb);
	int changed = round_begin(in->rnd);

	if (scale[in->sub] == 1)
		mul32(t, a, b);
	else
		mul32_scaled(t, a, b, scale[in->sub]);
	round_end(changed);
	if (in->mods & SASS_DNZ)
		zero_products(t, a, b);
	finish(w, in, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(ffma)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = operand(w, in, 0, ta), *b = operand(w, in, 1, tb);
	const uint32_t *c = operand(w, in, 2, tc);
	int changed;

	if (in->mods & SASS_DNZ) {
		/* Make the other factor finite, so that the product is a zero. */
		memmove(ta, a, sizeof(ta));
		memmove(tb, b, sizeof(tb));
		FOR_LANES(i)
			if (!(ta[i] & 0x7fffffff) || !(tb[i] & 0x7fffffff))
				ta[i] = tb[i] = 0;
		a = ta;
		b = tb;
	}
	changed = round_begin(in->rnd);
	fma32(t, a, b, c);
	round_end(changed);
	finish(w, in, t, mask);
	return SASS_NEXT;
}

/* Signed integers in the order of the floats they came from; -0 below +0. */
static inline int32_t order32(uint32_t v)
{
	return (int32_t)v < 0 ? (int32_t)(0x80000000u - v) - 1 : (int32_t)v;
}

SASS_EXEC(fmnmx)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = operand(w, in, 0, ta), *b = operand(w, in, 1, tb);
	uint32_t min = pred_get(w, in->pp[0]);

	FOR_LANES(i) {
		bool less = order32(a[i]) < order32(b[i]);

		t[i] = less == (bool)(min >> i & 1) ? a[i] : b[i];
		if (is_nan32(a[i]) || is_nan32(b[i]))
			t[i] = !is_nan32(a[i]) ? a[i] : !is_nan32(b[i]) ? b[i] : F32_NAN;
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

static uint32_t compare32(struct warp *w, const struct sass_insn *in)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], lt, eq, gt;
	const f32_alias *a = (const f32_alias *)operand(w, in, 0, ta);
	const f32_alias *b = (const f32_alias *)operand(w, in, 1, tb);

	LANE_MASK(lt, a[i] < b[i]);
	LANE_MASK(eq, a[i] == b[i]);
	LANE_MASK(gt, a[i] > b[i]);
	return float_cmp(in->sub, lt, eq, gt);
}

SASS_EXEC(fset)
{
	uint32_t r = bool_op(in->bop, compare32(w, in), pred_get(w, in->pp[0])), t[SASS_LANES];

	FOR_LANES(i)
		t[i] = r >> i & 1 ? F32_ONE : 0;
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(fsetp)
{
	uint32_t r = compare32(w, in), p = pred_get(w, in->pp[0]);

	pred_set(w, in->pd[0], bool_op(in->bop, r, p), mask);
	pred_set(w, in->pd[1], bool_op(in->bop, ~r, p), mask);
	return SASS_NEXT;
}

/* Angles are in revolutions. */
static double mufu_trig(double x, bool cosine)
{
	const double two_pi = 6.283185307179586476925;

	if (!isfinite(x))
		return NAN;
	x -= rint(x);
	return cosine ? cos(x * two_pi) : sin(x * two_pi);
}

static double mufu_value(unsigned int fn, double x)
{
	double r;

	switch (fn) {
	case 0:
		r = mufu_trig(x, true);
		break;
	case 1:
		r = mufu_trig(x, false);
		break;
	case 2:
		r = exp2(x);
		break;
	case 3:
		r = log2(x);
		break;
	case 4:
		r = 1.0 / x;
		break;
	case 5:
		/* Of -0 too it is an infinity of that sign, as 1 / sqrt(-0). */
		r = 1.0 / sqrt(x);
		break;
	case 9:
		r = tanh(x);
		break;
	default:
		r = sqrt(x);
		break;
	}
	return r;
}

static uint32_t mufu32(unsigned int fn, float x)
{
	double r = mufu_value(fn, x);

	return isnan(r) ? F32_NAN : f32_bits((float)r);
}

/* Half precision: bits of one half, result in the lower. */
static uint32_t mufu16(const struct sass_insn *in, uint32_t v)
{
	double x = f16_value((uint16_t)(in->type ? v >> 16 : v));

	x = in->s[1].abs ? fabs(x) : x;
	return f16_bits(mufu_value(in->sub, in->s[1].neg ? -x : x), 0);
}

/* The upper half of a double in and out: a seed for Newton's iteration. */
static uint32_t mufu64h(unsigned int fn, uint32_t hi)
{
	double x = as_f64((uint64_t)hi << 32), r = fn == 6 ? 1.0 / x : 1.0 / sqrt(x);

	return isnan(r) ? F32_NAN : (uint32_t)(f64_bits(r) >> 32);
}

SASS_EXEC(mufu)
{
	uint32_t tb[SASS_LANES], t[SASS_LANES] = { 0 };
	const uint32_t *b;

	if (in->mods & SASS_HI) {
		b = src(w, &in->s[1], tb);
		FOR_MASK(j, mask)
			t[j] = mufu16(in, b[j]);
		commit(w, in->dst, t, mask);
		return SASS_NEXT;
	}
	b = src_f32(w, &in->s[1], tb);
	FOR_MASK(i, mask)
		t[i] = in->sub == 6 || in->sub == 7 ? mufu64h(in->sub, b[i]) :
						      mufu32(in->sub, as_f32(b[i]));
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(fsel)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = operand(w, in, 0, ta), *b = operand(w, in, 1, tb);
	uint32_t p = pred_get(w, in->pp[0]);

	FOR_LANES(i)
		t[i] = p >> i & 1 ? a[i] : b[i];
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/*
 * Does a / b need the slow way? Not documented; here it does unless quotient,
 * divisor, its reciprocal and the remainders of a Newton step are all normal.
 */
SASS_EXEC(fchk)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], slow;
	const uint32_t *a = src_f32(w, &in->s[0], ta), *b = src_f32(w, &in->s[1], tb);

	LANE_MASK(slow, (b[i] >> 23 & 255) < 2 || (b[i] >> 23 & 255) > 252 ||
			(a[i] >> 23 & 255) < 25 || (a[i] >> 23 & 255) > 253 ||
			(int)(a[i] >> 23 & 255) - (int)(b[i] >> 23 & 255) > 126 ||
			(int)(a[i] >> 23 & 255) - (int)(b[i] >> 23 & 255) < -125);
	pred_set(w, in->pd[0], slow, mask);
	return SASS_NEXT;
}

/* Per lane of a quad: A + C, C - A, A - C or C. */
SASS_EXEC(fswzadd)
{
	uint32_t ta[SASS_LANES], tc[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = w->r[in->s[0].reg], *c = w->r[in->s[2].reg];
	int changed;

	FOR_LANES(i) {
		unsigned int how = in->sub >> 2 * (i % 4) & 3;

		ta[i] = how == 3 ? 0x80000000 : how == 1 ? a[i] ^ 0x80000000 : a[i];
		tc[i] = how == 2 ? c[i] ^ 0x80000000 : c[i];
	}
	if (in->mods & SASS_FTZ) {
		flush32(ta);
		flush32(tc);
	}
	changed = round_begin(in->rnd);
	add32(t, ta, tc);
	round_end(changed);
	finish(w, in, t, mask);
	return SASS_NEXT;
}
