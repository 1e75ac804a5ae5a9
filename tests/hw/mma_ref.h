/* SPDX-License-Identifier: MIT */
/*
 * Sums of products of halves bit by bit: every number becomes an integer of 384 bits in
 * units of 2^-160, in which nothing is lost, and is rounded once, half to even.
 */
#ifndef TESTS_HW_MMA_REF_H
#define TESTS_HW_MMA_REF_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WIDE_WORDS	12
#define WIDE_UNIT	160

struct wide {
	uint32_t w[WIDE_WORDS];		/* two's complement, lowest first */
};

/* A floating-point number taken apart: value = m * 2^exp. */
struct parts {
	bool negative, inf, nan;
	uint32_t m;
	int exp;
};

static inline struct parts take_apart(uint32_t v, unsigned int ebits, unsigned int mbits)
{
	uint32_t e = v >> mbits & ((1u << ebits) - 1), m = v & ((1u << mbits) - 1);
	int bias = (1 << (ebits - 1)) - 1 + (int)mbits;
	struct parts p = { .negative = v >> (ebits + mbits) & 1, .m = m, .exp = 1 - bias };

	if (e == (1u << ebits) - 1) {
		p.inf = !m;
		p.nan = m;
	} else if (e) {
		p.m |= 1u << mbits;
		p.exp = (int)e - bias;
	}
	return p;
}

static inline struct parts f16_parts(uint32_t v) { return take_apart(v & 0xffff, 5, 10); }
static inline struct parts f32_parts(uint32_t v) { return take_apart(v, 8, 23); }

static inline void wide_add(struct wide *s, bool negative, uint64_t m, int exp)
{
	unsigned int at = (unsigned int)(exp + WIDE_UNIT);
	struct wide t = { { 0 } };
	uint64_t carry = negative;

	for (unsigned int b = 0; b < 64; b++)
		t.w[(at + b) / 32] |= (uint32_t)(m >> b & 1) << (at + b) % 32;
	for (unsigned int i = 0; i < WIDE_WORDS; i++) {
		carry += (uint64_t)s->w[i] + (negative ? ~t.w[i] : t.w[i]);
		s->w[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static inline unsigned int wide_bit(const struct wide *s, int n)
{
	return n < 0 ? 0 : s->w[n / 32] >> n % 32 & 1;
}

/* As a number of @mbits bits of fraction, smallest exponent @emin; overflow is infinite. */
static inline uint32_t wide_round(const struct wide *sum, unsigned int ebits, unsigned int mbits)
{
	int bias = (1 << (ebits - 1)) - 1, top = 32 * WIDE_WORDS - 1, low, lowest;
	bool negative = wide_bit(sum, top), rest = false;
	struct wide s = { { 0 } };
	uint32_t r = 0, biased, sign = (uint32_t)negative << (ebits + mbits);

	if (negative) {		/* 0 - sum, word by word */
		uint64_t carry = 1;

		for (unsigned int i = 0; i < WIDE_WORDS; i++) {
			carry += (uint32_t)~sum->w[i];
			s.w[i] = (uint32_t)carry;
			carry >>= 32;
		}
	} else {
		s = *sum;
	}
	while (top >= 0 && !wide_bit(&s, top))
		top--;
	/* The lowest bit that is kept: of the fraction, or of the smallest numbers. */
	lowest = 1 - bias - (int)mbits + WIDE_UNIT;
	low = top - (int)mbits > lowest ? top - (int)mbits : lowest;
	for (int n = top; n >= low; n--)
		r = r << 1 | wide_bit(&s, n);
	for (int n = low - 2; n >= 0; n--)
		rest |= wide_bit(&s, n);
	r += wide_bit(&s, low - 1) && (rest || r & 1);
	/* r has its leading one, or is subnormal; a carry moves on into the exponent. */
	biased = (uint32_t)(low - lowest);
	r += biased << mbits;
	if (r >> mbits >= (1u << ebits) - 1)
		r = ((1u << ebits) - 1) << mbits;
	return sign | r;
}

/* c + a . b, of halves; c and the result as @single says. */
static inline uint32_t ref_dot(const uint16_t *a, const uint16_t *b, unsigned int n, uint32_t c,
			       bool single)
{
	struct parts pc = single ? f32_parts(c) : f16_parts(c);
	bool nan = pc.nan, minus = pc.inf && pc.negative, plus = pc.inf && !pc.negative;
	bool all_negative = pc.negative, zero = true;
	uint32_t sign = single ? 0x80000000 : 0x8000;
	struct wide sum = { { 0 } };

	if (!pc.inf && !pc.nan)
		wide_add(&sum, pc.negative, pc.m, pc.exp);
	for (unsigned int k = 0; k < n; k++) {
		struct parts x = f16_parts(a[k]), y = f16_parts(b[k]);
		bool negative = x.negative != y.negative;

		nan |= x.nan || y.nan || (x.inf && !y.inf && !y.m) || (y.inf && !x.inf && !x.m);
		if (x.inf || y.inf) {
			minus |= negative;
			plus |= !negative;
		} else if (!x.nan && !y.nan) {
			wide_add(&sum, negative, (uint64_t)x.m * y.m, x.exp + y.exp);
			all_negative &= negative;
		}
	}
	if (nan || (minus && plus))
		return single ? 0x7fffffff : 0x7fff;
	if (minus || plus)
		return (minus ? sign : 0) | (single ? 0x7f800000 : 0x7c00);
	for (unsigned int i = 0; i < WIDE_WORDS; i++)
		zero &= !sum.w[i];
	if (zero)	/* -0 if nothing but -0 was added */
		return all_negative ? sign : 0;
	return single ? wide_round(&sum, 8, 23) : wide_round(&sum, 5, 10);
}

#endif
