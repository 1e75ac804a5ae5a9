// SPDX-License-Identifier: MIT
/* Integer arithmetic and comparison. */
#include "sass_exec.h"
#include "sass_operand.h"

const uint32_t sass_lane_bit[SASS_LANES] = {
	1u << 0, 1u << 1, 1u << 2, 1u << 3, 1u << 4, 1u << 5, 1u << 6, 1u << 7,
	1u << 8, 1u << 9, 1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
	1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
	1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31,
};

/* A possibly negated source. With .X negation is inversion: the carry adds the one. */
static const uint32_t *src_int(struct warp *w, const struct sass_insn *in, unsigned int n,
			       uint32_t *tmp)
{
	const uint32_t *v = src(w, &in->s[n], tmp);
	uint32_t one = in->mods & SASS_X ? 0 : 1;

	if (!in->s[n].neg)
		return v;
	FOR_LANES(i)
		tmp[i] = ~v[i] + one;
	return tmp;
}

/* What an operand adds to a 64-bit sum; a negated zero carries out. */
static inline uint64_t addend(uint32_t v, bool neg, bool x)
{
	return neg ? (uint64_t)(uint32_t)~v + !x : v;
}

/* The sum with its carries, when someone asks for them or feeds one in. */
static void iadd3_carry(struct warp *w, const struct sass_insn *in, uint32_t mask,
			const uint32_t *a, const uint32_t *b, const uint32_t *c)
{
	bool x = in->mods & SASS_X;
	uint32_t cin0 = x ? pred_get(w, in->pp[0]) : 0, cin1 = x ? pred_get(w, in->pp[1]) : 0;
	uint32_t t[SASS_LANES], carry1 = 0, carry2 = 0;

	FOR_LANES(i) {
		uint64_t sum = addend(a[i], in->s[0].neg, x) + addend(b[i], in->s[1].neg, x) +
			       addend(c[i], in->s[2].neg, x) + (cin0 >> i & 1) + (cin1 >> i & 1);

		t[i] = (uint32_t)sum;
		carry1 |= (uint32_t)(sum >> 32 != 0) << i;
		carry2 |= (uint32_t)(sum >> 33 != 0) << i;
	}
	commit(w, in->dst, t, mask);
	pred_set(w, in->pd[0], carry1, mask);
	pred_set(w, in->pd[1], carry2, mask);
}

SASS_EXEC(iadd3)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES];
	const uint32_t *a, *b, *c;

	if (in->mods & SASS_X || in->pd[0] != SASS_PT || in->pd[1] != SASS_PT) {
		iadd3_carry(w, in, mask, src(w, &in->s[0], ta), src(w, &in->s[1], tb),
			    src(w, &in->s[2], tc));
		return SASS_NEXT;
	}
	a = src_int(w, in, 0, ta);
	b = src_int(w, in, 1, tb);
	c = src_int(w, in, 2, tc);
	FOR_LANES(i)
		ta[i] = a[i] + b[i] + c[i];
	commit(w, in->dst, ta, mask);
	return SASS_NEXT;
}

SASS_EXEC(imad)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src_int(w, in, 2, tc);

	FOR_LANES(i)
		ta[i] = a[i] * b[i] + c[i];
	if (in->mods & SASS_X) {
		uint32_t carry = pred_get(w, in->pp[0]);

		FOR_LANES(i)
			ta[i] += carry >> i & 1;
	}
	commit(w, in->dst, ta, mask);
	return SASS_NEXT;
}

/* 64-bit a * b + c with its carries, when there are any. */
static void mad_wide_carry(struct warp *w, const struct sass_insn *in, uint64_t *t, uint32_t mask)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], in_carry = 0, out_carry = 0;
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	struct sass_operand plain = in->s[2];
	bool x = in->mods & SASS_X, neg = plain.neg;

	plain.neg = false;
	src64(w, &plain, false, t);
	if (x)
		in_carry = pred_get(w, in->pp[0]);
	FOR_LANES(i) {
		uint64_t product = in->mods & SASS_SIGNED ?
			(uint64_t)((int64_t)(int32_t)a[i] * (int32_t)b[i]) : (uint64_t)a[i] * b[i];
		unsigned __int128 sum = (unsigned __int128)product + (neg ? ~t[i] : t[i]) +
					(neg && !x) + (in_carry >> i & 1);

		t[i] = (uint64_t)sum;
		out_carry |= (uint32_t)(sum >> 64 != 0) << i;
	}
	pred_set(w, in->pd[0], out_carry, mask);
}

/* 64-bit a * b + c. */
static void mad_wide(struct warp *w, const struct sass_insn *in, uint64_t *t, uint32_t mask)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);

	if (in->mods & SASS_X || in->pd[0] != SASS_PT) {
		mad_wide_carry(w, in, t, mask);
		return;
	}
	src64(w, &in->s[2], false, t);
	if (in->mods & SASS_SIGNED) {
		FOR_LANES(i)
			t[i] += (uint64_t)((int64_t)(int32_t)a[i] * (int32_t)b[i]);
	} else {
		FOR_LANES(i)
			t[i] += (uint64_t)a[i] * b[i];
	}
}

SASS_EXEC(imad_wide)
{
	uint64_t t[SASS_LANES];

	mad_wide(w, in, t, mask);
	commit64(w, in->dst, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(imad_hi)
{
	uint64_t t[SASS_LANES];
	uint32_t hi[SASS_LANES];

	mad_wide(w, in, t, mask);
	FOR_LANES(i)
		hi[i] = (uint32_t)(t[i] >> 32);
	commit(w, in->dst, hi, mask);
	return SASS_NEXT;
}

/* Codes F LT EQ LE GT NE GE T are sets: bit 0 less, 1 equal, 2 greater. */
static uint32_t compare(const uint32_t *a, const uint32_t *b, uint32_t flip, unsigned int code,
			uint32_t *equal)
{
	uint32_t lt, eq, r;

	LANE_MASK(lt, (int32_t)(a[i] ^ flip) < (int32_t)(b[i] ^ flip));
	LANE_MASK(eq, a[i] == b[i]);
	r = (code & 1 ? lt : 0) | (code & 2 ? eq : 0) | (code & 4 ? ~(lt | eq) : 0);
	*equal = eq;
	return r;
}

SASS_EXEC(isetp)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	uint32_t p = pred_get(w, in->pp[0]), low, eq, r;

	r = compare(a, b, in->mods & SASS_SIGNED ? 0 : 0x80000000, in->sub, &eq);
	if (in->mods & SASS_X && in->sub != 0 && in->sub != 7) {
		/* High halves: where they are equal the low comparison decides. */
		low = pred_get(w, in->pp[1]);
		r = (r & ~eq) | (low & eq);
	}
	pred_set(w, in->pd[0], bool_op(in->bop, r, p), mask);
	pred_set(w, in->pd[1], bool_op(in->bop, ~r, p), mask);
	return SASS_NEXT;
}

SASS_EXEC(imnmx)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	uint32_t flip = in->mods & SASS_SIGNED ? 0 : 0x80000000, min = pred_get(w, in->pp[0]);

	FOR_LANES(i) {
		bool less = (int32_t)(a[i] ^ flip) < (int32_t)(b[i] ^ flip);

		t[i] = less == (bool)(min >> i & 1) ? a[i] : b[i];
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* (A << shift) + B, or its upper half of {C:A} << shift with .HI. */
SASS_EXEC(lea)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES], carry = 0;
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);
	bool x = in->mods & SASS_X, hi = in->mods & SASS_HI, sx = in->mods & SASS_SIGNED;
	uint32_t cin = x ? pred_get(w, in->pp[0]) : 0;

	FOR_LANES(i) {
		uint32_t high = sx ? (uint32_t)((int32_t)a[i] >> 31) : c[i];
		uint64_t wide = (a[i] | (uint64_t)high << 32) << in->sub, sum;

		sum = addend((uint32_t)(hi ? wide >> 32 : wide), in->s[0].neg, x) +
		      addend(b[i], in->s[1].neg, x) + (cin >> i & 1);
		t[i] = (uint32_t)sum;
		carry |= (uint32_t)(sum >> 32 != 0) << i;
	}
	commit(w, in->dst, t, mask);
	pred_set(w, in->pd[0], carry, mask);
	return SASS_NEXT;
}

SASS_EXEC(iabs)
{
	uint32_t t[SASS_LANES];
	const uint32_t *b = src(w, &in->s[1], t);

	FOR_LANES(i)
		t[i] = (int32_t)b[i] < 0 ? -b[i] : b[i];
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}
