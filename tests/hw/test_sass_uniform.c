// SPDX-License-Identifier: MIT
/*
 * The uniform datapath, instructions on parts of a register, predicates as bits and
 * constants that a uniform pair describes: what each computes, on edge values.
 */
#include "sass_ref.h"

#define UR(n)	(SASS_UR + (n))

static void set_uniform(unsigned int n, uint32_t v)
{
	for (unsigned int i = 0; i < 32; i++)
		W->r[UR(n)][i] = v;
}

/* UR16 of UR4, UR6, UR8: in every lane, whichever of them run. */
static void check(const char *what, struct insn i, ref_fn ref)
{
	for (unsigned int n = 0; n < 1500; n++) {
		uint32_t a = value(), b = value(), c = value(), want = ref(a, b, c);

		set_uniform(4, a);
		set_uniform(6, b);
		set_uniform(8, c);
		set_uniform(16, ~want);
		run(i, n & 1 ? ~0u : rnd32() | 1);
		for (unsigned int l = 0; l < 32; l++)
			if (W->r[UR(16)][l] != want)
				fail_msg("%s: %08x %08x %08x gives %08x, not %08x", what, a, b, c,
					 W->r[UR(16)][l], want);
	}
}

/* Opcodes of the uniform datapath are encoded as their siblings for lanes. */
static struct insn alu(uint32_t base) { return rrr(base, 16, 4, 6, 8); }

static struct insn shf(unsigned int type, unsigned int right, unsigned int hi)
{
	return field(field(field(alu(0x099), 73, 2, type), 76, 1, right), 80, 1, hi);
}

static void test_integer(void **state)
{
	struct insn add = psrc(pdst(alu(0x090), AT, AT), AT | 8);
	struct insn lop = psrc(field(alu(0x092), 81, 3, AT), AT | 8);

	check("UIADD3", add, ref_add3);
	check("UIADD3 -B", field(add, 63, 1, 1), ref_sub);
	check("ULEA", pdst(field(alu(0x091), 75, 5, 3), AT, 0), ref_lea);
	check("UIMAD", alu(0x0a4), ref_mad);
	check("UIMAD -C", field(alu(0x0a4), 75, 1, 1), ref_mad_negc);
	check("UMOV", field(field(op12(0xc82), 16, 8, 16), 32, 8, 6), ref_mov);
	check("ULOP3 0x81", field(lop, 72, 8, 0x81), ref_lop_81);
	check("ULOP3 0x3c", field(lop, 72, 8, 0x3c), ref_lop_xor);
	check("USHF.L.U32", shf(3, 0, 0), ref_shl);
	check("USHF.L.U64.HI", shf(1, 0, 1), ref_shl_hi);
	check("USHF.R.S32.HI", shf(2, 1, 1), ref_shr_s);
	check("USHF.R.S64", shf(0, 1, 0), ref_shr64);
	check("UPRMT", alu(0x096), ref_prmt);
	check("UBMSK", alu(0x09b), ref_bmsk);
	check("USGXT", field(alu(0x09a), 73, 1, 1), ref_sgxt);
	check("USGXT.U32", alu(0x09a), ref_zgxt);
	check("UFLO.U32", pdst(alu(0x0bd), AT, 0), ref_flo);
	check("UFLO.U32.SH", field(pdst(alu(0x0bd), AT, 0), 74, 1, 1), ref_flo_sh);
	check("UBREV", alu(0x0be), ref_brev);
	check("UPOPC", alu(0x0bf), ref_popc);
}

REF(ref_mulhi) { return (uint32_t)((uint64_t)a * b >> 32); }

/* Pairs: the product of two words and a pair, its upper half alone. */
static void test_wide(void **state)
{
	for (unsigned int n = 0; n < 1000; n++) {
		uint32_t a = value(), b = value(), lo = value(), hi = value();
		uint64_t c = lo | (uint64_t)hi << 32, want;

		set_uniform(4, a);
		set_uniform(6, b);
		set_uniform(8, lo);
		set_uniform(9, hi);
		run(pdst(alu(0x0a5), AT, 0), 1);
		want = (uint64_t)((unsigned __int128)a * b + c);
		assert_int_equal(pair(UR(16), 31), want);
		run(field(pdst(alu(0x0a5), AT, 0), 73, 1, 1), 1);
		want = (uint64_t)((__int128)(int32_t)a * (int32_t)b + c);
		assert_int_equal(pair(UR(16), 31), want);
	}
	check("UIMAD.HI", field(pdst(alu(0x0a7), AT, 0), 64, 8, 255), ref_mulhi);
}

/* Comparisons of a uniform predicate UP1 with a combining one, UP2. */
static void test_predicates(void **state)
{
	for (unsigned int n = 0; n < 4000; n++) {
		uint32_t a = value(), b = value();
		unsigned int cmp = n % 8, bop = n / 8 % 3;
		bool is_signed = n / 24 & 1, with = n / 48 & 1, r;
		struct insn i = psrc(pdst(rrr(0x08c, 0, 4, 6, 0), 1, AT), 2);
		int64_t x = is_signed ? (int32_t)a : (int64_t)a, y = is_signed ? (int32_t)b : (int64_t)b;
		bool holds = (cmp & 1 && x < y) || (cmp & 2 && x == y) || (cmp & 4 && x > y);

		set_uniform(4, a);
		set_uniform(6, b);
		W->pred[SASS_UP + 2] = with ? ~0u : 0;
		i = field(field(field(field(i, 68, 3, AT), 76, 3, cmp), 73, 1, is_signed), 74, 2, bop);
		run(i, rnd32() | 1);
		r = bop == 0 ? holds && with : bop == 1 ? holds || with : holds != with;
		assert_int_equal(W->pred[SASS_UP + 1], r ? ~0u : 0);
	}
	/* USEL by UP1; the guard of such an instruction is a uniform predicate too. */
	for (unsigned int n = 0; n < 4; n++) {
		set_uniform(4, 111);
		set_uniform(6, 222);
		W->pred[SASS_UP + 1] = n & 1 ? ~0u : 0;
		run(psrc(rrr(0x087, 16, 4, 6, 0), n & 2 ? 1 | 8 : 1), 1);
		assert_int_equal(W->r[UR(16)][7], !(n & 1) == !(n & 2) ? 222 : 111);
	}
}

/* Predicates to the bits of a byte and back. */
static void test_predicate_bits(void **state)
{
	for (unsigned int n = 0; n < 500; n++) {
		uint32_t chosen = rnd32() & 0xff, a = value(), bits = rnd32(), preds[7];
		unsigned int byte = n % 4;

		for (unsigned int i = 0; i < 7; i++)
			preds[i] = W->pred[i] = rnd32();
		for (unsigned int l = 0; l < 32; l++) {
			W->r[4][l] = a + l;
			W->r[6][l] = chosen;
		}
		run(field(rrr(0x003, 16, 4, 6, 0), 76, 2, byte), ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			uint32_t want = a + l;

			for (unsigned int i = 0; i < 7; i++)
				if (chosen >> i & 1)
					want = (want & ~(1u << (i + 8 * byte))) |
					       (preds[i] >> l & 1) << (i + 8 * byte);
			assert_int_equal(W->r[16][l], want);
			W->r[4][l] = bits ^ l;
		}
		run(field(rrr(0x004, 0, 4, 6, 0), 76, 2, byte), ~0u);
		for (unsigned int l = 0; l < 32; l++)
			for (unsigned int i = 0; i < 7; i++)
				assert_int_equal(W->pred[i] >> l & 1, chosen >> i & 1 ?
						 (bits ^ l) >> (i + 8 * byte) & 1 :
						 preds[i] >> l & 1);
		assert_int_equal(W->pred[7], ~0u);
	}
}

/* Between the files: the first lane that runs; a ballot. */
static void test_lanes(void **state)
{
	for (unsigned int n = 0; n < 500; n++) {
		uint32_t mask = rnd32() | 1u << n % 32, p = rnd32(), first = 0;

		while (!(mask >> first & 1))
			first++;
		for (unsigned int l = 0; l < 32; l++)
			W->r[4][l] = rnd32();
		run(pdst(field(field(op12(0x3c2), 16, 8, 5), 24, 8, 4), AT, 0), mask);
		for (unsigned int l = 0; l < 32; l++)
			assert_int_equal(W->r[UR(5)][l], W->r[4][first]);
		W->pred[2] = p;
		run(psrc(pdst(field(field(op12(0x886), 16, 8, 6), 72, 2, 1), 3, 0), 2), mask);
		assert_int_equal(W->r[UR(6)][0], p & mask);
		assert_int_equal(W->pred[SASS_UP + 3], p & mask ? ~0u : 0);
	}
}

typedef uint32_t (*part_fn)(uint32_t a, uint32_t b, uint32_t c);

static void check_lanes(const char *what, struct insn i, part_fn ref)
{
	for (unsigned int n = 0; n < 300; n++) {
		for (unsigned int l = 0; l < 32; l++)
			for (unsigned int r = 4; r < 9; r++)
				W->r[r][l] = value();
		run(i, ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			uint32_t a = W->r[4][l], b = W->r[6][l], c = W->r[8][l];

			if (W->r[16][l] != ref(a, b, c))
				fail_msg("%s: %08x %08x %08x gives %08x, not %08x", what, a, b, c,
					 W->r[16][l], ref(a, b, c));
		}
	}
}

static long nearest(uint32_t v, long low, long high)
{
	long x = (int32_t)v;

	return x < low ? low : x > high ? high : x;
}

REF(ref_i2i_s8) { return (uint32_t)nearest(b, -128, 127); }
REF(ref_i2i_u8) { return (uint32_t)nearest(b, 0, 255); }
REF(ref_i2i_s16) { return (uint32_t)nearest(b, -32768, 32767); }

REF(ref_i2ip_u8)
{
	return c << 16 | (uint32_t)nearest(a, 0, 255) << 8 | (uint32_t)nearest(b, 0, 255);
}

REF(ref_absdiff) { return (uint32_t)(a > b ? (uint64_t)a - b : (uint64_t)b - a) + c; }
REF(ref_absdiff_s) { return (uint32_t)llabs((long long)(int32_t)a - (int32_t)b) + c; }

REF(ref_sad4)
{
	for (unsigned int n = 0; n < 32; n += 8)
		c += (uint32_t)abs((int)(a >> n & 255) - (int)(b >> n & 255));
	return c;
}

REF(ref_dp2_hi)
{
	long sum = (int32_t)c;

	for (unsigned int n = 0; n < 2; n++)
		sum += (long)(int16_t)(a >> 16 * n) * (int8_t)(b >> (16 + 8 * n));
	return (uint32_t)sum;
}

REF(ref_dp4_u)
{
	for (unsigned int n = 0; n < 32; n += 8)
		c += (a >> n & 255) * (b >> n & 255);
	return c;
}

static void test_parts(void **state)
{
	struct insn abs4 = field(alu(0x015), 75, 1, 1);
	struct insn dp2 = field(field(field(field(alu(0x026), 73, 1, 1), 74, 1, 1), 76, 1, 1), 77, 1, 1);

	check_lanes("I2I.S8", field(alu(0x038), 76, 1, 1), ref_i2i_s8);
	check_lanes("I2I.U8", alu(0x038), ref_i2i_u8);
	check_lanes("I2I.S16", field(field(alu(0x038), 76, 1, 1), 77, 2, 1), ref_i2i_s16);
	check_lanes("I2IP.U8", alu(0x039), ref_i2ip_u8);
	check_lanes("VABSDIFF.U32", alu(0x014), ref_absdiff);
	check_lanes("VABSDIFF", field(alu(0x014), 73, 1, 1), ref_absdiff_s);
	check_lanes("VABSDIFF4.ACC", abs4, ref_sad4);
	check_lanes("IDP.2A.HI", dp2, ref_dp2_hi);
	check_lanes("IDP.4A.U8", alu(0x026), ref_dp4_u);
}

/* A table over three signs: whether a sum of A and B that is C overflowed. */
static void test_signs(void **state)
{
	struct insn i = pdst(field(rrr(0x01f, 0, 4, 6, 8), 72, 8, 0x42), 2, AT);

	for (unsigned int n = 0; n < 300; n++) {
		for (unsigned int l = 0; l < 32; l++) {
			W->r[4][l] = value();
			W->r[6][l] = value();
			W->r[8][l] = W->r[4][l] + W->r[6][l];
		}
		run(i, ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			long sum = (long)(int32_t)W->r[4][l] + (int32_t)W->r[6][l];

			assert_int_equal(W->pred[2] >> l & 1, sum != (int32_t)sum);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integer),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_predicates),
		cmocka_unit_test(test_predicate_bits),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_signs),
	};

	return cmocka_run_group_tests(tests, sass_warp_setup, sass_warp_teardown);
}
