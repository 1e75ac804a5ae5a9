/* SPDX-License-Identifier: MIT */
/*
 * What integer instructions compute, written bit by bit or in wider arithmetic, and
 * operands on which they may go wrong. For lanes and for the uniform datapath.
 */
#ifndef TESTS_HW_SASS_REF_H
#define TESTS_HW_SASS_REF_H

#include "sass_warp.h"

static const uint32_t edges[] = {
	0, 1, 2, 3, 5, 30, 31, 32, 33, 62, 63, 64, 65, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000,
	0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0xaaaaaaaa,
	0x55555555, 0x12345678, 0x87654321, 0xffff0000, 0x00ff00ff,
};

static inline uint32_t value(void)
{
	return rnd32() & 3 ? edges[rnd32() % (sizeof(edges) / 4)] : rnd32();
}

typedef uint32_t (*ref_fn)(uint32_t a, uint32_t b, uint32_t c);

#define REF(name)	static inline uint32_t name(uint32_t a, uint32_t b, uint32_t c)

REF(ref_add3) { return a + b + c; }
REF(ref_sub) { return a - b + c; }
REF(ref_mad) { return (uint32_t)((unsigned __int128)a * b + c); }
REF(ref_mad_negc) { return (uint32_t)((unsigned __int128)a * b) - c; }
REF(ref_iabs) { return (uint32_t)llabs((long long)(int32_t)b); }
REF(ref_lea) { return (uint32_t)((uint64_t)a * 8) + b; }
REF(ref_lea_neg) { return (uint32_t)((uint64_t)a * 8) - b; }
REF(ref_mov) { return b; }

REF(ref_lop_81)
{
	uint32_t r = 0;

	for (unsigned int i = 0; i < 32; i++)
		r |= (0x81u >> ((a >> i & 1) * 4 + (b >> i & 1) * 2 + (c >> i & 1)) & 1) << i;
	return r;
}

REF(ref_lop_and) { return a & b; }
REF(ref_lop_xor) { return a ^ b; }

/* Bit n of {C:A}, sign or zero above. */
static inline unsigned int wide_bit(uint32_t lo, uint32_t hi, long n, bool sign)
{
	if (n < 0)
		return 0;
	if (n > 63)
		return sign ? hi >> 31 : 0;
	return n < 32 ? lo >> n & 1 : hi >> (n - 32) & 1;
}

static inline uint32_t shift_ref(uint32_t lo, uint32_t hi, long s, bool right, bool sign, bool high)
{
	uint32_t r = 0;

	for (unsigned int i = 0; i < 32; i++) {
		long n = (high ? 32 : 0) + (long)i + (right ? s : -s);

		r |= wide_bit(lo, hi, n, sign) << i;
	}
	return r;
}

static inline long clamp(uint32_t s, long bits) { return s > bits ? bits : (long)s; }

REF(ref_shl) { return shift_ref(a, c, clamp(b, 32), false, false, false); }
REF(ref_shl_w) { return shift_ref(a, c, b % 32, false, false, false); }
REF(ref_shl_hi) { return shift_ref(a, c, clamp(b, 64), false, false, true); }
REF(ref_shr_u) { return shift_ref(a, c, clamp(b, 32), true, false, true); }
REF(ref_shr_s) { return shift_ref(a, c, clamp(b, 32), true, true, true); }
REF(ref_shr64) { return shift_ref(a, c, clamp(b, 64), true, true, false); }
REF(ref_shr_w) { return shift_ref(a, c, b % 32, true, false, false); }

REF(ref_prmt)
{
	uint8_t bytes[8];
	uint32_t r = 0;

	memcpy(bytes, &a, 4);
	memcpy(bytes + 4, &c, 4);
	for (unsigned int n = 0; n < 4; n++) {
		unsigned int s = b >> 4 * n & 15;
		uint32_t v = bytes[s % 8];

		r |= (s < 8 ? v : v > 127 ? 0xffu : 0) << 8 * n;
	}
	return r;
}

REF(ref_prmt_f4e)
{
	return (uint32_t)(((uint64_t)c << 32 | a) >> 8 * (b & 3));
}

REF(ref_prmt_rc8)
{
	return (a >> 8 * (b & 3) & 0xff) * 0x01010101;
}

REF(ref_bmsk)
{
	uint32_t r = 0;

	for (uint32_t i = 0; i < 32; i++)
		r |= (uint32_t)(i >= a && i - a < b) << i;
	return r;
}

REF(ref_bmsk_w) { return ref_bmsk(a % 32, b % 32, c); }

REF(ref_sgxt)
{
	uint32_t r = 0;

	for (uint32_t i = 0; i < 32; i++)
		r |= (i < b ? a >> i & 1 : b ? a >> (b > 32 ? 31 : b - 1) & 1 : 0) << i;
	return r;
}

REF(ref_zgxt) { return b >= 32 ? a : (uint32_t)(a & ((1ull << b) - 1)); }

REF(ref_flo)
{
	for (int i = 31; i >= 0; i--)
		if (b >> i & 1)
			return (uint32_t)i;
	return ~0u;
}

REF(ref_flo_sh) { return ref_flo(a, b, c) == ~0u ? ~0u : 31 - ref_flo(a, b, c); }
REF(ref_flo_s) { return ref_flo(a, b >> 31 ? ~b : b, c); }
REF(ref_flo_not) { return ref_flo(a, ~b, c); }

REF(ref_brev)
{
	uint32_t r = 0;

	for (unsigned int i = 0; i < 32; i++)
		r |= (b >> i & 1) << (31 - i);
	return r;
}

REF(ref_popc)
{
	uint32_t n = 0;

	for (; b; b >>= 1)
		n += b & 1;
	return n;
}

REF(ref_dp4)
{
	int64_t sum = (int32_t)c;

	for (unsigned int n = 0; n < 4; n++)
		sum += (int64_t)(int8_t)(a >> 8 * n) * (uint8_t)(b >> 8 * n);
	return (uint32_t)sum;
}

#endif
