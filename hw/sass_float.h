/* SPDX-License-Identifier: MIT */
/* IEEE details shared by the floating-point files. */
#ifndef HW_SASS_FLOAT_H
#define HW_SASS_FLOAT_H

#include <fenv.h>
#include <stdint.h>
#include <string.h>

#include "sass.h"

/* NaN results lose their payload; the values are those of CUDA's math_constants.h. */
#define F32_NAN		0x7fffffffu
#define F64_NAN		0xfff8000000000000ull
#define F32_INF		0x7f800000u
#define F32_ONE		0x3f800000u

/* Functions that run in another rounding mode must not be merged into their callers. */
#ifdef __clang__
#define FENV_FN		__attribute__((noinline))
#else
#define FENV_FN		__attribute__((noipa))
#endif

typedef float f32_alias __attribute__((may_alias));
typedef double f64_alias __attribute__((may_alias));

/* Field values RN RM RP RZ as <fenv.h> names them. */
static inline int round_begin(unsigned int rnd)
{
	static const int mode[4] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };

	if (rnd)
		fesetround(mode[rnd]);
	return rnd != 0;
}

static inline void round_end(int changed)
{
	if (changed)
		fesetround(FE_TONEAREST);
}

static inline double as_f64(uint64_t v)
{
	double d;

	memcpy(&d, &v, sizeof(d));
	return d;
}

static inline uint64_t f64_bits(double d)
{
	uint64_t v;

	memcpy(&v, &d, sizeof(v));
	return v;
}

static inline float as_f32(uint32_t v)
{
	float f;

	memcpy(&f, &v, sizeof(f));
	return f;
}

static inline uint32_t f32_bits(float f)
{
	uint32_t v;

	memcpy(&v, &f, sizeof(v));
	return v;
}

/* Half precision: its value, and a double rounded to it (@rnd as round_begin()). */
double f16_value(uint16_t h);
uint16_t f16_bits(double v, unsigned int rnd);

static inline uint32_t f32_ftz(uint32_t v)
{
	return v & F32_INF ? v : v & 0x80000000;
}

/* Comparison codes are sets: bit 0 less, 1 equal, 2 greater, 3 unordered. */
static inline uint32_t float_cmp(unsigned int code, uint32_t lt, uint32_t eq, uint32_t gt)
{
	return (code & 1 ? lt : 0) | (code & 2 ? eq : 0) | (code & 4 ? gt : 0) |
	       (code & 8 ? ~(lt | eq | gt) : 0);
}

#endif
