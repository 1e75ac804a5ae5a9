// SPDX-License-Identifier: MIT
/* Integers smaller than a register: dot products, differences, saturation. */
#include "sass_exec.h"
#include "sass_operand.h"

static int32_t byte_of(uint32_t v, unsigned int n, bool sign)
{
	uint8_t b = v >> 8 * n;

	return sign ? (int8_t)b : b;
}

/* .2A: two halves of A with two bytes of B, the lower or (.HI) the upper ones. */
static void idp2(const struct sass_insn *in, const uint32_t *a, const uint32_t *b,
		 const uint32_t *c, uint32_t *t)
{
	unsigned int first = in->mods & SASS_HI ? 2 : 0;

	FOR_LANES(i) {
		t[i] = c[i];
		for (unsigned int n = 0; n < 2; n++) {
			uint16_t h = a[i] >> 16 * n;
			int32_t x = in->mods & SASS_SIGNED ? (int16_t)h : h;

			t[i] += (uint32_t)(x * byte_of(b[i], first + n,
						       in->mods & SASS_SIGNED_B));
		}
	}
}

SASS_EXEC(idp4)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);
	uint32_t t[SASS_LANES];

	if (in->type) {
		idp2(in, a, b, c, t);
		commit(w, in->dst, t, mask);
		return SASS_NEXT;
	}
	FOR_LANES(i) {
		t[i] = c[i];
		for (unsigned int n = 0; n < 4; n++)
			t[i] += (uint32_t)(byte_of(a[i], n, in->mods & SASS_SIGNED) *
					   byte_of(b[i], n, in->mods & SASS_SIGNED_B));
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* A signed 32-bit integer in the nearest of 8 << @size bits. */
static uint32_t saturate(uint32_t v, unsigned int size, bool is_signed)
{
	unsigned int bits = 8u << size;
	int64_t low = is_signed ? -(1ll << (bits - 1)) : 0;
	int64_t high = is_signed ? (1ll << (bits - 1)) - 1 : (1ll << bits) - 1;
	int64_t x = (int32_t)v;

	return (uint32_t)(x < low ? low : x > high ? high : x);
}

SASS_EXEC(i2i)
{
	uint32_t t[SASS_LANES], tb[SASS_LANES];
	const uint32_t *b = src(w, &in->s[1], tb);

	FOR_LANES(i)
		t[i] = saturate(b[i], in->type2, in->mods & SASS_SIGNED);
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* Two of them beside each other, under what C held below. */
SASS_EXEC(i2ip)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);
	unsigned int bits = 8u << in->type2;
	uint32_t ones = (1u << bits) - 1;

	FOR_LANES(i) {
		uint32_t hi = saturate(a[i], in->type2, in->mods & SASS_SIGNED) & ones;
		uint32_t lo = saturate(b[i], in->type2, in->mods & SASS_SIGNED) & ones;

		t[i] = hi << bits | lo | (bits == 8 ? c[i] << 16 : 0);
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(vabsdiff)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);
	uint32_t flip = in->mods & SASS_SIGNED ? 0x80000000 : 0;

	FOR_LANES(i)
		t[i] = ((a[i] ^ flip) > (b[i] ^ flip) ? a[i] - b[i] : b[i] - a[i]) + c[i];
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* Of four bytes each; .ACC adds the four to C. */
SASS_EXEC(vabsdiff4)
{
	uint32_t ta[SASS_LANES], tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES];
	const uint32_t *a = src(w, &in->s[0], ta), *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);
	bool sign = in->mods & SASS_SIGNED, acc = in->mods & SASS_HI;

	FOR_LANES(i) {
		t[i] = acc ? c[i] : 0;
		for (unsigned int n = 0; n < 4; n++) {
			int32_t d = byte_of(a[i], n, sign) - byte_of(b[i], n, sign);
			uint32_t u = (uint32_t)(d < 0 ? -d : d);

			t[i] += acc ? u : u << 8 * n;
		}
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}
