// SPDX-License-Identifier: MIT
/*
 * What integer and logic instructions compute, against references written bit
 * by bit or in wider arithmetic. A warp is put together by hand and each
 * instruction executed on it alone; 32 lanes take 32 sets of operands.
 */
#include "hwtest.h"
#include "sass_ref.h"

/* R4, R5 = A; R6, R7 = B; R8, R9 = C; P0 and P1 random. */
static void randomize(void)
{
	for (unsigned int i = 0; i < 32; i++)
		for (unsigned int r = 4; r < 10; r++)
			W->r[r][i] = value();
	W->pred[0] = rnd32();
	W->pred[1] = rnd32();
}

/* Executes @i (destination R16) on many operands and compares with @ref. */
static void check(const char *what, struct insn i, ref_fn ref)
{
	for (unsigned int n = 0; n < 300; n++) {
		uint32_t mask = n & 1 ? ~0u : rnd32() | 1, old[32];

		randomize();
		for (unsigned int l = 0; l < 32; l++)
			old[l] = W->r[16][l] = rnd32();
		run(i, mask);
		for (unsigned int l = 0; l < 32; l++) {
			uint32_t a = W->r[4][l], b = W->r[6][l], c = W->r[8][l];
			uint32_t want = mask >> l & 1 ? ref(a, b, c) : old[l];

			if (W->r[16][l] != want)
				fail_msg("%s: %08x %08x %08x gives %08x, not %08x", what, a, b, c,
					 W->r[16][l], want);
		}
	}
}

REF(ref_const) { return a + 0x80000003; }
REF(ref_imm) { return a + 0x89abcdef; }

#define D	16
static struct insn alu(uint32_t base) { return rrr(base, D, 4, 6, 8); }
static struct insn add3(void) { return psrc(pdst(alu(0x010), AT, AT), AT | 8); }

static void test_arithmetic(void **state)
{
	check("IADD3", add3(), ref_add3);
	check("IADD3 -B", field(add3(), 63, 1, 1), ref_sub);
	check("IADD3 imm", psrc(pdst(rir(0x010, D, 4, 0x89abcdef, ARZ), AT, AT), 15), ref_imm);
	check("IADD3 const", psrc(pdst(rcr(0x010, D, 4, 3, 0x24, ARZ), AT, AT), 15), ref_const);
	check("IMAD", alu(0x024), ref_mad);
	check("IMAD -C", field(alu(0x024), 75, 1, 1), ref_mad_negc);
	check("IABS", alu(0x013), ref_iabs);
	check("LEA", pdst(field(alu(0x011), 75, 5, 3), AT, 0), ref_lea);
	check("LEA -B", pdst(field(field(alu(0x011), 75, 5, 3), 63, 1, 1), AT, 0), ref_lea_neg);
	check("MOV", field(alu(0x002), 72, 4, 15), ref_mov);
	check("IDP.4A", field(alu(0x026), 73, 1, 1), ref_dp4);
}

static struct insn lop(unsigned int lut)
{
	return psrc(field(field(alu(0x012), 72, 8, lut), 81, 3, AT), AT | 8);
}

/* Bits: 74:73 type, 75 wrap, 76 right, 80 high. */
static struct insn shf(unsigned int type, unsigned int wrap, unsigned int right, unsigned int hi)
{
	struct insn i = field(field(alu(0x019), 73, 2, type), 75, 1, wrap);

	return field(field(i, 76, 1, right), 80, 1, hi);
}

static void test_bits(void **state)
{
	check("LOP3 0x81", lop(0x81), ref_lop_81);
	check("LOP3 0xc0", lop(0xc0), ref_lop_and);
	check("LOP3 0x3c", lop(0x3c), ref_lop_xor);
	check("SHF.L.U32", shf(3, 0, 0, 0), ref_shl);
	check("SHF.L.W.U32", shf(3, 1, 0, 0), ref_shl_w);
	check("SHF.L.U64.HI", shf(1, 0, 0, 1), ref_shl_hi);
	check("SHF.R.U32.HI", shf(3, 0, 1, 1), ref_shr_u);
	check("SHF.R.S32.HI", shf(2, 0, 1, 1), ref_shr_s);
	check("SHF.R.S64", shf(0, 0, 1, 0), ref_shr64);
	check("SHF.R.W.U32", shf(3, 1, 1, 0), ref_shr_w);
	check("PRMT", alu(0x016), ref_prmt);
	check("PRMT.F4E", field(alu(0x016), 72, 3, 1), ref_prmt_f4e);
	check("PRMT.RC8", field(alu(0x016), 72, 3, 3), ref_prmt_rc8);
	check("BMSK", alu(0x01b), ref_bmsk);
	check("BMSK.W", field(alu(0x01b), 75, 1, 1), ref_bmsk_w);
	check("SGXT", field(alu(0x01a), 73, 1, 1), ref_sgxt);
	check("SGXT.U32", alu(0x01a), ref_zgxt);
	check("FLO.U32", pdst(alu(0x100), AT, 0), ref_flo);
	check("FLO.U32.SH", field(pdst(alu(0x100), AT, 0), 74, 1, 1), ref_flo_sh);
	check("FLO", field(pdst(alu(0x100), AT, 0), 73, 1, 1), ref_flo_s);
	check("FLO ~", field(pdst(alu(0x100), AT, 0), 63, 1, 1), ref_flo_not);
	check("BREV", alu(0x101), ref_brev);
	check("POPC", alu(0x109), ref_popc);
}

/* 128-bit arithmetic on pairs: R16:R17 from the chain of two instructions. */
static void test_carry_chain(void **state)
{
	struct insn lo = psrc(pdst(rrr(0x010, 16, 4, 6, ARZ), 2, AT), AT | 8);
	struct insn hi = field(psrc(pdst(rrr(0x010, 17, 5, 7, ARZ), AT, AT), 2), 74, 1, 1);
	struct insn lo3 = psrc(pdst(rrr(0x010, 16, 4, 6, 8), 2, 3), AT | 8);
	struct insn hi3 = field(field(psrc(pdst(rrr(0x010, 17, 5, 7, 9), AT, AT), 2), 74, 1, 1),
				77, 4, 3);

	hi = field(hi, 77, 4, 0xf);
	for (unsigned int n = 0; n < 2000; n++) {
		bool sub = n & 1, three = n & 2;

		randomize();
		if (three) {
			run(lo3, ~0u);
			run(hi3, ~0u);
		} else {
			run(field(lo, 63, 1, sub), ~0u);
			run(field(hi, 63, 1, sub), ~0u);
		}
		for (unsigned int l = 0; l < 32; l++) {
			uint64_t a = pair(4, l), b = pair(6, l), c = pair(8, l);
			uint64_t want = three ? a + b + c : sub ? a - b : a + b;

			assert_int_equal(pair(16, l), want);
		}
	}
}

static void test_wide(void **state)
{
	struct insn u = pdst(alu(0x025), AT, 0), s = field(u, 73, 1, 1);
	struct insn hi = pdst(alu(0x027), AT, 0);

	for (unsigned int n = 0; n < 500; n++) {
		randomize();
		run(u, ~0u);
		for (unsigned int l = 0; l < 32; l++)
			assert_int_equal(pair(16, l), (uint64_t)((unsigned __int128)W->r[4][l] *
								 W->r[6][l] + pair(8, l)));
		run(s, ~0u);
		for (unsigned int l = 0; l < 32; l++)
			assert_int_equal(pair(16, l),
					 (uint64_t)((__int128)(int32_t)W->r[4][l] *
						    (int32_t)W->r[6][l] + pair(8, l)));
		run(hi, ~0u);
		for (unsigned int l = 0; l < 32; l++)
			assert_int_equal(W->r[16][l],
					 (uint32_t)((uint64_t)((unsigned __int128)W->r[4][l] *
							       W->r[6][l] + pair(8, l)) >> 32));
	}
}

static bool cmp_ref(unsigned int code, int64_t a, int64_t b)
{
	switch (code) {
	case 0: return false;
	case 1: return a < b;
	case 2: return a == b;
	case 3: return a <= b;
	case 4: return a > b;
	case 5: return a != b;
	case 6: return a >= b;
	default: return true;
	}
}

static bool bop_ref(unsigned int bop, bool a, bool b)
{
	return bop == 0 ? a && b : bop == 1 ? a || b : a != b;
}

static void test_isetp(void **state)
{
	for (unsigned int n = 0; n < 2000; n++) {
		unsigned int code = n % 8, sign = n >> 3 & 1, bop = n / 16 % 3, not = n & 1;
		struct insn i = psrc(pdst(alu(0x00c), 3, 4), 0 | not << 3);
		uint32_t mask = rnd32() | 1, p3, p4;

		i = field(field(field(i, 73, 1, sign), 74, 2, bop), 76, 3, code);
		randomize();
		p3 = W->pred[3] = rnd32();
		p4 = W->pred[4] = rnd32();
		run(i, mask);
		for (unsigned int l = 0; l < 32; l++) {
			uint32_t a = W->r[4][l], b = W->r[6][l];
			bool p = (W->pred[0] >> l & 1) ^ not, r = sign ?
				cmp_ref(code, (int32_t)a, (int32_t)b) : cmp_ref(code, a, b);
			bool on = mask >> l & 1;

			assert_int_equal(W->pred[3] >> l & 1,
					 on ? bop_ref(bop, r, p) : p3 >> l & 1);
			assert_int_equal(W->pred[4] >> l & 1,
					 on ? bop_ref(bop, !r, p) : p4 >> l & 1);
		}
	}
}

/* 64-bit comparison: low halves first, then .EX on the high ones. */
static void test_isetp_ex(void **state)
{
	for (unsigned int n = 0; n < 2000; n++) {
		unsigned int code = 1 + n % 6, sign = n >> 3 & 1;
		struct insn lo = psrc(pdst(rrr(0x00c, 0, 4, 6, 0), 2, AT), AT);
		struct insn hi = psrc(pdst(rrr(0x00c, 0, 5, 7, 0), 3, AT), AT);

		hi = field(field(field(hi, 72, 1, 1), 68, 4, 2), 73, 1, sign);
		randomize();
		if (n & 1)
			memcpy(W->r[7], W->r[5], sizeof(W->r[5]));
		run(field(lo, 76, 3, code), ~0u);
		run(field(hi, 76, 3, code), ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			uint64_t a = pair(4, l), b = pair(6, l), f = sign ? 0 : 1ull << 63;

			assert_int_equal(W->pred[3] >> l & 1,
					 cmp_ref(code, (int64_t)(a ^ f), (int64_t)(b ^ f)));
		}
	}
}

static void test_predicates(void **state)
{
	for (unsigned int n = 0; n < 500; n++) {
		unsigned int lut = rnd32() & 0xff, lut2 = rnd32() & 0xff;
		struct insn i = pdst(op12(0x81c), 3, 4);
		struct insn s = psrc(alu(0x007), 1 | (n & 1) << 3);

		i = psrc(field(field(i, 77, 4, 1), 68, 4, 2 | 8), 0);
		i = field(field(field(i, 72, 5, lut >> 3), 64, 3, lut & 7), 16, 8, lut2);
		randomize();
		W->pred[2] = rnd32();
		run(i, ~0u);
		run(s, ~0u);
		for (unsigned int l = 0; l < 32; l++) {
			unsigned int row = (W->pred[0] >> l & 1) * 4 + (W->pred[1] >> l & 1) * 2 +
					   (~W->pred[2] >> l & 1);
			bool p = (W->pred[1] >> l & 1) ^ (n & 1);

			assert_int_equal(W->pred[3] >> l & 1, lut >> row & 1);
			assert_int_equal(W->pred[4] >> l & 1, lut2 >> row & 1);
			assert_int_equal(W->r[16][l], W->r[p ? 4 : 6][l]);
		}
	}
}

/* RZ reads zero whatever is written to it; PT stays true. */
static void test_zero(void **state)
{
	randomize();
	run(rrr(0x024, ARZ, 4, 6, 8), ~0u);
	run(pdst(rrr(0x025, ARZ, 4, 6, 8), AT, 0), ~0u);
	run(psrc(pdst(rrr(0x010, 16, ARZ, ARZ, ARZ), AT, AT), 15), ~0u);
	run(psrc(pdst(alu(0x00c), AT, AT), AT), ~0u);
	for (unsigned int l = 0; l < 32; l++)
		assert_int_equal(W->r[16][l], 0);
	assert_int_equal(W->pred[7], ~0u);
}

static void test_cross_lane(void **state)
{
	/* SHFL: modes IDX UP DOWN BFLY by 5 with the clamp of a whole warp. */
	static const uint32_t clamps[4] = { 0x1f, 0, 0x1f, 0x1f };

	for (unsigned int mode = 0; mode < 4; mode++) {
		struct insn i = field(field(op12(0xf89), 16, 8, 16), 24, 8, 4);

		i = field(field(field(i, 40, 13, clamps[mode]), 53, 5, 5), 58, 2, mode);
		randomize();
		run(field(i, 81, 3, 2), ~0u);
		for (int l = 0; l < 32; l++) {
			int from = mode == 0 ? 5 : mode == 1 ? l - 5 : mode == 2 ? l + 5 : l ^ 5;
			bool ok = from >= 0 && from < 32;

			assert_int_equal(W->pred[2] >> l & 1, ok);
			assert_int_equal(W->r[16][l], W->r[4][ok ? from : l]);
		}
	}
	for (unsigned int mode = 0; mode < 3; mode++) {
		struct insn i = psrc(pdst(field(op12(0x806), 16, 8, 16), 2, 0), 0);
		uint32_t mask = rnd32() | 3, p;

		W->pred[0] = mode == 2 ? ~0u : rnd32();
		p = W->pred[0] & mask;
		run(field(i, 72, 2, mode), mask);
		assert_int_equal(W->r[16][__builtin_ctz(mask)], p);
		assert_int_equal(W->pred[2] & mask,
				 (mode == 0 ? p == mask : mode == 1 ? p != 0 : true) ? mask : 0);
	}
}

/* Lanes with equal values, of 32 and 64 bits; ALL wants them all equal. */
static void test_match(void **state)
{
	for (unsigned int n = 0; n < 400; n++) {
		bool wide = n & 1, any = n & 2;
		uint32_t mask = n & 4 ? ~0u : rnd32() | 1, old[32], all = ~0u;
		struct insn i = field(field(op12(0x3a1), 16, 8, 16), 24, 8, 4);

		for (unsigned int l = 0; l < 32; l++) {
			W->r[4][l] = n & 8 ? 7 : rnd32() % 3;
			W->r[5][l] = n & 16 ? 7 : rnd32() % 2;
			old[l] = W->r[16][l] = rnd32();
		}
		W->pred[2] = 0x0f0f0f0f;
		run(field(field(field(i, 73, 1, wide), 79, 1, any), 81, 3, 2), mask);
		for (unsigned int l = 0; l < 32; l++) {
			uint32_t same = 0;

			for (unsigned int k = 0; k < 32; k++)
				if (mask >> k & 1 && W->r[4][k] == W->r[4][l] &&
				    (!wide || W->r[5][k] == W->r[5][l]))
					same |= 1u << k;
			if (mask >> l & 1 && same != mask)
				all = 0;
			if (any)
				assert_int_equal(W->r[16][l], mask >> l & 1 ? same : old[l]);
		}
		if (any)
			continue;
		for (unsigned int l = 0; l < 32; l++)
			assert_int_equal(W->r[16][l], !(mask >> l & 1) ? old[l] : all ? mask : 0);
		assert_int_equal(W->pred[2], (0x0f0f0f0f & ~mask) | (all & mask));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_carry_chain),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_isetp),
		cmocka_unit_test(test_isetp_ex),
		cmocka_unit_test(test_predicates),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_cross_lane),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, sass_warp_setup, sass_warp_teardown);
}
