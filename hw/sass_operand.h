/* SPDX-License-Identifier: MIT */
/*
 * Operands of a warp at a time. A source is a row of 32 lanes: a register row
 * itself, or @tmp filled with the constant or the modified value. Results are
 * computed for all 32 lanes and committed for those of the mask, so that the
 * loops have no condition in them and the compiler makes vectors of them.
 */
#ifndef HW_SASS_OPERAND_H
#define HW_SASS_OPERAND_H

#include <string.h>

#include "sm.h"

#define FOR_LANES(i)	for (unsigned int i = 0; i < SASS_LANES; i++)
#define FOR_MASK(i, m) \
	for (uint32_t m_##i = (m), i; m_##i && (i = __builtin_ctz(m_##i), 1); m_##i &= m_##i - 1)

static inline const uint32_t *src(const struct warp *w, const struct sass_operand *o,
				  uint32_t *tmp)
{
	uint32_t v;

	if (o->kind == SASS_REG)
		return w->r[o->reg];
	if (o->kind == SASS_NONE)
		return w->r[SASS_RZ];
	v = o->kind == SASS_IMM ? o->value : const_word(w, o->bank, o->value);
	FOR_LANES(i)
		tmp[i] = v;
	return tmp;
}

/* With the modifiers of a float. */
static inline const uint32_t *src_f32(const struct warp *w, const struct sass_operand *o,
				      uint32_t *tmp)
{
	const uint32_t *v = src(w, o, tmp);
	uint32_t and = o->abs ? 0x7fffffff : ~0u, xor = o->neg ? 0x80000000 : 0;

	if (!o->abs && !o->neg)
		return v;
	FOR_LANES(i)
		tmp[i] = (v[i] & and) ^ xor;
	return tmp;
}

/* Second row of a 64-bit value: the next register, or zero after RZ. */
static inline const uint32_t *row_hi(const struct warp *w, unsigned int reg)
{
	return w->r[reg == SASS_RZ ? SASS_RZ : reg + 1];
}

/* 64-bit sources. @f64: immediates are the high half of a double. */
static inline void src64(const struct warp *w, const struct sass_operand *o, bool f64,
			 uint64_t *v)
{
	uint64_t k;

	if (o->kind == SASS_REG || o->kind == SASS_NONE) {
		unsigned int reg = o->kind == SASS_REG ? o->reg : SASS_RZ;
		const uint32_t *lo = w->r[reg], *hi = row_hi(w, reg);

		FOR_LANES(i)
			v[i] = lo[i] | (uint64_t)hi[i] << 32;
	} else {
		if (o->kind == SASS_CONST)
			k = const_word(w, o->bank, o->value) |
			    (uint64_t)const_word(w, o->bank, o->value + 4) << 32;
		else
			k = f64 ? (uint64_t)o->value << 32 : o->value;
		FOR_LANES(i)
			v[i] = k;
	}
	if (o->abs)
		FOR_LANES(i)
			v[i] &= ~(1ull << 63);
	if (o->neg && f64)
		FOR_LANES(i)
			v[i] ^= 1ull << 63;
	else if (o->neg)
		FOR_LANES(i)
			v[i] = -v[i];
}

static inline void commit(struct warp *w, unsigned int dst, const uint32_t *t, uint32_t mask)
{
	uint32_t *d = w->r[dst];

	if (dst == SASS_RZ)
		return;
	if (mask == ~0u) {
		memcpy(d, t, SASS_LANES * sizeof(*d));
		return;
	}
	FOR_LANES(i)
		d[i] = mask >> i & 1 ? t[i] : d[i];
}

static inline void commit64(struct warp *w, unsigned int dst, const uint64_t *t, uint32_t mask)
{
	uint32_t lo[SASS_LANES], hi[SASS_LANES];

	if (dst == SASS_RZ)
		return;
	FOR_LANES(i) {
		lo[i] = (uint32_t)t[i];
		hi[i] = (uint32_t)(t[i] >> 32);
	}
	commit(w, dst, lo, mask);
	commit(w, dst + 1, hi, mask);
}

/* Predicate source and destination, a bit per lane. */
static inline uint32_t pred_get(const struct warp *w, unsigned int p)
{
	return w->pred[(p & 7) | (p & SASS_PP_UP) >> 1] ^ (p & SASS_PP_NOT ? ~0u : 0);
}

static inline void pred_set(struct warp *w, unsigned int p, uint32_t v, uint32_t mask)
{
	if (p != SASS_PT)
		w->pred[p] = (w->pred[p] & ~mask) | (v & mask);
}

static inline uint32_t bool_op(unsigned int bop, uint32_t a, uint32_t b)
{
	return bop == 0 ? a & b : bop == 1 ? a | b : a ^ b;
}

/* A bit per lane from a condition; the table keeps the loop a vector one. */
extern const uint32_t sass_lane_bit[SASS_LANES];

#define LANE_MASK(out, cond) \
	do { \
		uint32_t acc_ = 0; \
		FOR_LANES(i) \
			acc_ |= (cond) ? sass_lane_bit[i] : 0; \
		(out) = acc_; \
	} while (0)

#endif
