// SPDX-License-Identifier: MIT
/*
 * Conversions. Every source is first made a double or a 64-bit integer, which
 * hold all narrower types exactly; rounding happens once, on the way out.
 */
#include <math.h>

#include "sass_exec.h"
#include "sass_float.h"
#include "sass_operand.h"

enum { SIZE_8, SIZE_16, SIZE_32, SIZE_64 };

double f16_value(uint16_t h)
{
	int exp = h >> 10 & 31, man = h & 1023;
	double v;

	if (exp == 31)
		v = man ? NAN : INFINITY;
	else
		v = (exp ? man + 1024 : man) *
		    as_f64((uint64_t)((exp ? exp : 1) - 25 + 1023) << 52);
	return h & 0x8000 ? -v : v;
}

/* Should a magnitude with this remainder be rounded away from zero? */
static bool round_up(bool negative, unsigned int rnd, bool odd, bool half, bool rest)
{
	switch (rnd) {
	case 0:
		return half && (rest || odd);
	case 1:
		return negative && (half || rest);
	case 2:
		return !negative && (half || rest);
	default:
		return false;
	}
}

uint16_t f16_bits(double v, unsigned int rnd)
{
	uint64_t bits = f64_bits(v), man;
	uint16_t sign = bits >> 63 << 15;
	int exp = (int)(bits >> 52 & 2047) - 1023, shift;
	uint32_t r;

	if (isnan(v))
		return 0x7fff;
	if (exp > 15)		/* infinite or too large */
		return sign | (isinf(v) || round_up(sign, rnd, true, true, true) ? 0x7c00 : 0x7bff);
	man = (bits & ((1ull << 52) - 1)) | (bits << 1 >> 53 ? 1ull << 52 : 0);
	/* 10 bits of fraction, fewer below the smallest normal exponent. */
	shift = 42 + (exp < -14 ? -14 - exp : 0);
	if (shift > 62)
		shift = 62;
	r = (uint32_t)(man >> shift);
	if (exp >= -14)
		r += (uint32_t)(exp + 14) << 10;	/* the leading one adds the last unit */
	r += round_up(sign, rnd, r & 1, man >> (shift - 1) & 1,
		      man & ((1ull << (shift - 1)) - 1));
	return sign | (r > 0x7c00 ? 0x7c00 : r);
}

static FENV_FN float narrow(double v)
{
	return (float)v;
}

static double flush(double v, bool ftz)
{
	return ftz && fabs(v) < 0x1p-126 ? copysign(0, v) : v;
}

/* The source of a conversion from a float, all lanes, modifiers applied. */
static void float_source(struct warp *w, const struct sass_insn *in, double *v)
{
	const struct sass_operand *o = &in->s[1];
	struct sass_operand plain = *o;
	uint64_t t64[SASS_LANES];
	uint32_t t[SASS_LANES];
	const uint32_t *r;

	if (in->type == SIZE_64) {
		src64(w, o, true, t64);
		FOR_LANES(i)
			v[i] = as_f64(t64[i]);
		return;
	}
	if (in->type == SIZE_16) {
		plain.abs = plain.neg = false;
		r = src(w, &plain, t);
		FOR_LANES(i) {
			v[i] = f16_value(in->sub ? r[i] >> 16 : r[i]);
			v[i] = o->abs ? fabs(v[i]) : v[i];
			v[i] = o->neg ? -v[i] : v[i];
		}
		return;
	}
	r = src_f32(w, o, t);
	FOR_LANES(i)
		v[i] = flush(as_f32(r[i]), in->mods & SASS_FTZ);
}

/* Write doubles as floats of the destination's size. */
static void float_result(struct warp *w, const struct sass_insn *in, unsigned int size,
			 const double *v, uint32_t mask)
{
	uint64_t t64[SASS_LANES];
	uint32_t t[SASS_LANES];
	int changed;

	if (size == SIZE_64) {
		FOR_LANES(i)
			t64[i] = isnan(v[i]) ? F64_NAN : f64_bits(v[i]);
		commit64(w, in->dst, t64, mask);
		return;
	}
	changed = size == SIZE_32 ? round_begin(in->rnd) : 0;
	FOR_LANES(i)
		t[i] = size == SIZE_16 ? f16_bits(v[i], in->rnd) :
		       isnan(v[i]) ? F32_NAN : f32_bits(narrow(v[i]));
	round_end(changed);
	if (size == SIZE_32 && in->mods & SASS_FTZ)
		FOR_LANES(i)
			t[i] = f32_ftz(t[i]);
	if (size == SIZE_32 && in->mods & SASS_SAT)
		FOR_LANES(i) {
			t[i] = t[i] & 0x80000000 || t[i] == F32_NAN ? 0 :
			       t[i] > F32_ONE ? F32_ONE : t[i];
		}
	commit(w, in->dst, t, mask);
}

SASS_EXEC(f2f)
{
	double v[SASS_LANES];

	float_source(w, in, v);
	float_result(w, in, in->type2, v, mask);
	return SASS_NEXT;
}

/* .PACK_AB: two floats as halves, that of A above that of B. */
SASS_EXEC(f2fp)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src_f32(w, &in->s[0], ta), *b = src_f32(w, &in->s[1], tb);

	FOR_LANES(i)
		t[i] = (uint32_t)f16_bits((double)as_f32(a[i]), in->rnd) << 16 |
		       f16_bits((double)as_f32(b[i]), in->rnd);
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* RN RM RP RZ; the host itself rounds to nearest even. */
static double integral(double v, unsigned int rnd)
{
	switch (rnd) {
	case 0:
		return rint(v);
	case 1:
		return floor(v);
	case 2:
		return ceil(v);
	default:
		return trunc(v);
	}
}

SASS_EXEC(frnd)
{
	struct sass_insn exact = *in;
	double v[SASS_LANES];

	float_source(w, in, v);
	FOR_LANES(i)
		v[i] = integral(v[i], in->rnd);
	exact.rnd = 0;		/* of a half's integral value nothing is lost */
	float_result(w, &exact, in->type2, v, mask);
	return SASS_NEXT;
}

/*
 * Saturate to an integer of @bits bits. As PTX has it, NaN gives the uppermost
 * bit alone; what a toolchain wants to be zero it marks .NTZ.
 */
static uint64_t to_int(double v, unsigned int bits, bool is_signed, bool ntz)
{
	double top = ldexp(1, is_signed ? (int)bits - 1 : (int)bits);

	if (isnan(v))
		return ntz ? 0 : 1ull << (bits - 1);
	if (is_signed) {
		if (v >= top)
			return (1ull << (bits - 1)) - 1;
		if (v < -top)
			return ~0ull << (bits - 1);
		return (uint64_t)(int64_t)v;
	}
	if (v >= top)
		return bits == 64 ? ~0ull : (1ull << bits) - 1;
	return v <= 0 ? 0 : (uint64_t)v;
}

SASS_EXEC(f2i)
{
	double v[SASS_LANES];
	uint64_t t[SASS_LANES];
	uint32_t lo[SASS_LANES];

	float_source(w, in, v);
	FOR_LANES(i) {
		t[i] = to_int(integral(v[i], in->rnd), 8u << in->type2, in->mods & SASS_SIGNED,
			      in->mods & SASS_NTZ);
		lo[i] = (uint32_t)t[i];
	}
	if (in->type2 == SIZE_64)
		commit64(w, in->dst, t, mask);
	else
		commit(w, in->dst, lo, mask);
	return SASS_NEXT;
}

/* The selected byte or half, or the whole, extended to 64 bits. */
static void int_source(struct warp *w, const struct sass_insn *in, uint64_t *v)
{
	unsigned int bits = 8u << in->type;
	unsigned int skip = in->type == SIZE_8 ? 8 * in->sub :
			    in->type == SIZE_16 ? 16 * !!in->sub : 0;
	uint32_t t[SASS_LANES];
	const uint32_t *r;

	if (in->type == SIZE_64) {
		src64(w, &in->s[1], false, v);
		return;
	}
	r = src(w, &in->s[1], t);
	FOR_LANES(i) {
		v[i] = (uint64_t)(r[i] >> skip) << (64 - bits);
		v[i] = in->mods & SASS_SIGNED ? (uint64_t)((int64_t)v[i] >> (64 - bits)) :
						v[i] >> (64 - bits);
	}
}

static FENV_FN float int_to_f32(uint64_t v, bool is_signed)
{
	return is_signed ? (float)(int64_t)v : (float)v;
}

static FENV_FN double int_to_f64(uint64_t v, bool is_signed)
{
	return is_signed ? (double)(int64_t)v : (double)v;
}

SASS_EXEC(i2f)
{
	bool is_signed = in->mods & SASS_SIGNED;
	uint64_t v[SASS_LANES];
	uint32_t t[SASS_LANES];
	int changed;

	int_source(w, in, v);
	changed = round_begin(in->rnd);
	FOR_LANES(i) {
		if (in->type2 == SIZE_32)
			t[i] = f32_bits(int_to_f32(v[i], is_signed));
		else
			v[i] = f64_bits(int_to_f64(v[i], is_signed));
	}
	round_end(changed);
	if (in->type2 == SIZE_16)
		FOR_LANES(i)
			t[i] = f16_bits(as_f64(v[i]), in->rnd);
	if (in->type2 == SIZE_64)
		commit64(w, in->dst, v, mask);
	else
		commit(w, in->dst, t, mask);
	return SASS_NEXT;
}
