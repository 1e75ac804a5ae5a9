// SPDX-License-Identifier: MIT
/*
 * Matrices: HMMA, IMMA, BMMA, MOVM, LDSM, and F2FP. Whole matrices are laid out over the lanes as
 * PTX's description of mma.sync, ldmatrix and movmatrix says, by row and column, and the
 * products are compared element by element with sums in which nothing is lost.
 */
#include <math.h>

#include "hwtest.h"
#include "mma_ref.h"
#include "nvhw/undocumented.h"
#include "sass_warp.h"

#define RD	16
#define RA	4
#define RB	6
#define RC	8

static uint16_t A[16][32], B[32][8];	/* halves, or integers of a few bits */
static uint32_t C[16][8];

static struct insn mma(uint32_t code, uint32_t bits)
{
	struct insn i = field(field(op12(code), 16, 8, RD), 24, 8, RA);

	i = field(field(i, 32, 8, RB), 64, 8, RC);
	return field(i, 72, 19, bits);
}

#define AT_BIT(n)	(1u << ((n) - 72))
#define D_F32	AT_BIT(76)
#define C_F32	AT_BIT(78)

/* Kinds of numbers: small integers, any finite ones, any at all. */
enum { SMALL, FINITE, ANY, NEAR_ZERO, KINDS };

static uint16_t some_half(unsigned int kind)
{
	static const uint16_t edge[] = {
		0, 0x8000, 1, 0x8001, 0x3ff, 0x400, 0x7bff, 0xfbff, 0x3c00, 0xbc00, 0x3c01, 0x1400,
	};
	static const uint16_t special[] = { 0x7c00, 0xfc00, 0x7e00, 0xfc01 };
	uint16_t v = (uint16_t)rnd32();

	if (kind == SMALL)
		return v % 5 ? (uint16_t)((v & 0x8000) | 0x3c00 | (v & 0x0700)) : 0;
	if (kind == ANY && !(rnd32() % 24))
		return special[v % 4];
	if (kind == NEAR_ZERO)
		return v & 0x83ff;
	if (v % 4 == 0)
		return edge[rnd32() % 12];
	return (v & 0x7c00) == 0x7c00 ? v & 0xbfff : v;
}

static uint32_t some_float(unsigned int kind)
{
	uint32_t v = rnd32();

	if (kind == SMALL)
		return v % 3 ? (v & 0x80000000) | 0x40000000 | (v & 0x00f00000) : 0;
	if (kind == ANY && !(v % 16))
		return v & 16 ? 0x7fc00000 : 0x7f800000 | (v & 0x80000000);
	if (v % 5 == 0)		/* about as large as the products */
		return (v & 0x80ffffff) + 0x30000000 + ((rnd32() & 31) << 24);
	return (v & 0x7f800000) == 0x7f800000 ? v & 0xbfffffff : v;
}

static void fill(unsigned int kind, bool single)
{
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int k = 0; k < 8; k++)
			A[i][k] = some_half(kind);
	for (unsigned int k = 0; k < 8; k++)
		for (unsigned int j = 0; j < 8; j++)
			B[k][j] = some_half(kind);
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 8; j++)
			C[i][j] = single ? some_float(kind) : some_half(kind);
}

/* Sometimes C takes away what the products give, but for a few bits. */
static void cancel(unsigned int depth, bool single)
{
	for (unsigned int i = 0; i < 16; i++)
		for (unsigned int j = 0; j < 8; j++) {
			uint16_t b[8];

			for (unsigned int k = 0; k < depth; k++)
				b[k] = B[k][j];
			if (rnd32() & 1)
				C[i][j] = ref_dot(A[i], b, depth, 0, single) ^
					  (single ? 0x80000000 : 0x8000) ^ (rnd32() & 1);
		}
}

static void half_to(unsigned int reg, unsigned int lane, unsigned int n, uint16_t v)
{
	W->r[reg][lane] = (W->r[reg][lane] & ~(0xffffu << 16 * n)) | (uint32_t)v << 16 * n;
}

static uint32_t half_of(unsigned int reg, unsigned int lane, unsigned int n)
{
	return W->r[reg][lane] >> 16 * n & 0xffff;
}

static void same(const char *what, unsigned int i, unsigned int j, uint32_t got, uint32_t want)
{
	if (got != want)
		fail_msg("%s [%u][%u]: %#x, not %#x", what, i, j, got, want);
}

static uint32_t want_dot(unsigned int i, unsigned int j, unsigned int depth, uint32_t c, bool single)
{
	uint16_t b[8];

	for (unsigned int k = 0; k < depth; k++)
		b[k] = B[k][j];
	return ref_dot(A[i], b, depth, c, single);
}

/* m16n8k8: where an element of a 16x8 matrix, and of B, is. */
static void test_hmma_1688(void **state)
{
	for (unsigned int n = 0; n < 800; n++) {
		bool single = n & 1;
		unsigned int kind = n / 2 % KINDS;

		fill(kind, single);
		if (n % 3 == 0)
			cancel(8, single);
		for (unsigned int i = 0; i < 16; i++)
			for (unsigned int j = 0; j < 8; j++) {
				unsigned int lane = i % 8 * 4 + j / 2;

				half_to(RA + i / 8, lane, j % 2, A[i][j]);
				if (i < 8)
					half_to(RB, j * 4 + i / 2, i % 2, B[i][j]);
				if (single)
					W->r[RC + i / 8 * 2 + j % 2][lane] = C[i][j];
				else
					half_to(RC + i / 8, lane, j % 2, (uint16_t)C[i][j]);
			}
		run(mma(0x23c, single ? D_F32 : 0), ~0u);
		for (unsigned int i = 0; i < 16; i++)
			for (unsigned int j = 0; j < 8; j++) {
				unsigned int lane = i % 8 * 4 + j / 2;

				same("1688", i, j, single ? W->r[RD + i / 8 * 2 + j % 2][lane] :
				     half_of(RD + i / 8, lane, j % 2),
				     want_dot(i, j, 8, C[i][j], single));
			}
	}
}

/* All rows and columns the same; D of lane 0. */
static uint32_t dot_1688(const uint16_t a[8], const uint16_t b[8], uint32_t c)
{
	for (unsigned int lane = 0; lane < 32; lane++) {
		unsigned int k = lane % 4 * 2;

		W->r[RA][lane] = W->r[RA + 1][lane] = a[k] | (uint32_t)a[k + 1] << 16;
		W->r[RB][lane] = b[k] | (uint32_t)b[k + 1] << 16;
		for (unsigned int n = 0; n < 4; n++)
			W->r[RC + n][lane] = c;
	}
	run(mma(0x23c, D_F32), ~0u);
	same("alike", 0, 0, W->r[RD + 3][31], W->r[RD][0]);
	return W->r[RD][0];
}

/* Half-way between two floats a very small C decides; what cancels leaves +0. */
static void test_ties_and_zeros(void **state)
{
	static const uint16_t tie[8] = { 0x3c00, 0x0c00 };		/* 1 + 2^-24 */
	static const uint16_t odd[8] = { 0x3c00, 0x1000, 0x0c00 };
	static const uint16_t even[8] = { 0x3c00, 0x0c00, 0x0c00 };	/* odd . even = 1 + 2^-23 + 2^-24 */
	static const uint16_t x[8] = { 0x7bff, 0x0001, 0x7bff, 0x0001 };
	static const uint16_t y[8] = { 0x7bff, 0x0001, 0xfbff, 0x8001 };
	static const uint16_t zero[8] = { 0 }, minus[8] = {
		0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000,
	};

	for (uint32_t tiny = 1; tiny < 0x23000000; tiny = tiny * 3 + 1) {
		same("up", tiny, 0, dot_1688(tie, tie, tiny), 0x3f800001);
		same("down", tiny, 0, dot_1688(tie, tie, tiny | 0x80000000), 0x3f800000);
		same("odd up", tiny, 0, dot_1688(odd, even, tiny), 0x3f800002);
		same("odd down", tiny, 0, dot_1688(odd, even, tiny | 0x80000000),
		     0x3f800001);
		same("alone", tiny, 0, dot_1688(x, y, tiny), tiny);
	}
	same("to even", 0, 0, dot_1688(tie, tie, 0), 0x3f800000);
	same("cancelled", 0, 0, dot_1688(x, y, 0x80000000), 0);
	same("+0 and -0", 0, 0, dot_1688(zero, tie, 0x80000000), 0);
	same("all -0", 0, 0, dot_1688(minus, tie, 0x80000000), 0x80000000);
}

/* m8n8k4, the four products one after the other with their lanes; PTX's formulas. */
static unsigned int row_884(unsigned int lane) { return lane % 4 + (lane < 16 ? 0 : 4); }

static void put_884(unsigned int lane, bool a_col, bool b_col, bool c_single)
{
	unsigned int r = row_884(lane), up = lane < 16 ? 0 : 4;

	for (unsigned int i = 0; i < 4; i++) {
		half_to(RA + i / 2, lane, i % 2, a_col ? A[i + up][lane % 4] : A[r][i]);
		half_to(RB + i / 2, lane, i % 2, b_col ? B[i][r] : B[lane % 4][i + up]);
	}
	for (unsigned int i = 0; i < 8; i++) {
		if (c_single)
			W->r[RC + i][lane] = C[(lane & 1) + (i & 2) + up]
					      [(i & 4) + (lane & 2) + (i & 1)];
		else
			half_to(RC + i / 2, lane, i % 2, (uint16_t)C[r][i]);
	}
}

/* All steps of one mma, the registers of each as ptxas hands them on. */
static void run_884(uint32_t order, bool d_single, bool c_single)
{
	unsigned int steps = d_single ? 4 : 2;

	for (unsigned int s = 0; s < steps; s++) {
		struct insn i = mma(0x236, order | (d_single ? D_F32 : 0) | (c_single ? C_F32 : 0) |
				    s << (79 - 72));

		i = field(i, 16, 8, RD + 2 * s);
		run(field(i, 64, 8, RC + (c_single || !d_single ? 2 * s : s / 2 * 2)), ~0u);
	}
}

static uint32_t widen(uint32_t h)
{
	struct wide s = { { 0 } };
	struct parts p = f16_parts(h);

	if (p.nan)
		return 0x7fffffff;
	if (p.inf || !p.m)
		return (uint32_t)p.negative << 31 | (p.inf ? 0x7f800000 : 0);
	wide_add(&s, p.negative, p.m, p.exp);
	return wide_round(&s, 8, 23);
}

static void check_884(unsigned int lane, bool d_single, bool c_single)
{
	unsigned int r = row_884(lane), up = lane < 16 ? 0 : 4;

	for (unsigned int i = 0; i < 8; i++) {
		unsigned int row = d_single ? (lane & 1) + (i & 2) + up : r;
		unsigned int col = d_single ? (i & 4) + (lane & 2) + (i & 1) : i;
		uint32_t c = d_single && !c_single ? widen(C[row][col]) : C[row][col];

		same("884", row, col, d_single ? W->r[RD + i][lane] :
		     half_of(RD + i / 2, lane, i % 2), want_dot(row, col, 4, c, d_single));
	}
}

static void test_hmma_884(void **state)
{
	for (unsigned int n = 0; n < 960; n++) {
		bool a_col = n & 1, b_col = n & 2, d_single = n % 3, c_single = n % 3 == 2;
		unsigned int kind = n / 6 % KINDS, which = n / 4 % 4;
		uint32_t order = (a_col ? AT_BIT(73) : 0) | (b_col ? AT_BIT(74) : 0);

		for (unsigned int q = 0; q < 4; q++) {
			/* The one that is looked at comes last: the matrices are its. */
			unsigned int p = (which + 1 + q) % 4;

			fill(kind, c_single);
			if (n % 5 == 0 && d_single == c_single)
				cancel(4, c_single);
			for (unsigned int lane = 0; lane < 32; lane++)
				if (lane / 4 % 4 == p)
					put_884(lane, a_col, b_col, c_single);
		}
		run_884(order, d_single, c_single);
		for (unsigned int lane = 0; lane < 32; lane++)
			if (lane / 4 % 4 == which)
				check_884(lane, d_single, c_single);
	}
}

/* Numbers of @bits bits in the lanes: as many along a row of A as four registers hold. */
static int64_t number(uint32_t v, unsigned int bits, bool sign)
{
	int64_t limit = 1ll << bits;

	return sign && v >= limit / 2 ? (int64_t)v - limit : v;
}

static void put_number(unsigned int reg, unsigned int line, unsigned int k, unsigned int bits,
		       uint32_t v)
{
	unsigned int each = 32 / bits;

	W->r[reg][line * 4 + k / each] |= v << k % each * bits;
}

static void check_imma(unsigned int bits, bool sa, bool sb, bool sat)
{
	uint32_t mods = AT_BIT(74) | (bits == 4 ? 7 * AT_BIT(83) : 0) | (sa ? AT_BIT(76) : 0) |
			(sb ? AT_BIT(78) : 0) | (sat ? AT_BIT(82) : 0);
	unsigned int depth = 128 / bits;

	memset(W->r[RA], 0, sizeof(W->r[RA]));
	memset(W->r[RB], 0, sizeof(W->r[RB]));
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int k = 0; k < depth; k++) {
			A[i][k] = (uint16_t)(rnd32() & ((1u << bits) - 1));
			B[k][i] = (uint16_t)(rnd32() & ((1u << bits) - 1));
			put_number(RA, i, k, bits, A[i][k]);
			put_number(RB, i, k, bits, B[k][i]);
			C[i][k % 8] = rnd32() & 1 ? rnd32() : (rnd32() & 0x80000000) - rnd32() % 50;
		}
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int j = 0; j < 8; j++)
			W->r[RC + j % 2][i * 4 + j / 2] = C[i][j];
	run(mma(0x237, mods), ~0u);
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int j = 0; j < 8; j++) {
			int64_t sum = (int32_t)C[i][j];

			for (unsigned int k = 0; k < depth; k++)
				sum += number(A[i][k], bits, sa) * number(B[k][j], bits, sb);
			if (sat && sum > INT32_MAX)
				sum = INT32_MAX;
			if (sat && sum < INT32_MIN)
				sum = INT32_MIN;
			same("IMMA", i, j, W->r[RD + j % 2][i * 4 + j / 2], (uint32_t)sum);
		}
}

static void test_imma(void **state)
{
	for (unsigned int n = 0; n < 1600; n++)
		check_imma(n & 1 ? 4 : 8, n & 2, n & 4, n & 8);
}

static void test_bmma(void **state)
{
	for (unsigned int n = 0; n < 200; n++) {
		for (unsigned int lane = 0; lane < 32; lane++)
			for (unsigned int r = RA; r < RC + 2; r++)
				W->r[r][lane] = n % 4 ? rnd32() : rnd32() & 1 ? 0 : ~0u;
		run(mma(0x23d, AT_BIT(74) | AT_BIT(80)), ~0u);
		for (unsigned int i = 0; i < 8; i++)
			for (unsigned int j = 0; j < 8; j++) {
				uint32_t sum = W->r[RC + j % 2][i * 4 + j / 2];

				for (unsigned int k = 0; k < 128; k++)
					sum += (W->r[RA][i * 4 + k / 32] >> k % 32 & 1) !=
					       (W->r[RB][j * 4 + k / 32] >> k % 32 & 1);
				same("BMMA", i, j, W->r[RD + j % 2][i * 4 + j / 2], sum);
			}
	}
}

/* Only lanes that run get results; no C is zeros; into RZ goes nothing. */
static void test_masks(void **state)
{
	const uint32_t mask = 0x0ff0f00f;
	static uint32_t r[5][32];

	for (unsigned int n = 0; n < 4; n++) {
		struct insn i = n == 0 ? mma(0x23c, D_F32) : n == 1 ? mma(0x236, 0) :
				n == 2 ? mma(0x237, AT_BIT(74)) : mma(0x23a, 0);

		i = field(n == 3 ? field(i, 32, 8, 0) : i, 64, 8, n == 3 ? 0 : ARZ);
		for (unsigned int lane = 0; lane < 32; lane++)
			for (unsigned int k = 0; k < 5; k++) {
				W->r[RA + k][lane] = 0x3c003c00;
				r[k][lane] = W->r[RD + k][lane] = rnd32();
			}
		run(i, mask);
		for (unsigned int lane = 0; lane < 32; lane++) {
			uint32_t want = n == 0 ? 0x41000000 : n == 1 ? 0x44004400 :
					n == 2 ? 8 * 0x3c * 0x3c : 0x3c003c00;

			same("mask", n, lane, W->r[RD][lane], mask >> lane & 1 ? want : r[0][lane]);
			assert_int_equal(W->r[RD + 4][lane], r[4][lane]);
		}
		run(field(i, 16, 8, ARZ), ~0u);
		for (unsigned int lane = 0; lane < 32; lane++)
			assert_int_equal(W->r[ARZ][lane] | W->r[ARZ + 1][lane], 0);
	}
}

#define SHARED_BYTES	2048

static uint8_t shared[SHARED_BYTES];
static struct cta cta = { .shared = shared };

/* Element (@row, @col) of the matrix whose rows lanes @first.. point at. */
static uint32_t loaded(const uint32_t *at, unsigned int row, unsigned int col)
{
	return shared[at[row] + 2 * col] | (uint32_t)shared[at[row] + 2 * col + 1] << 8;
}

static struct insn ldsm(unsigned int count, bool trans, uint32_t imm)
{
	struct insn i = field(field(op12(0x83b), 16, 8, RD), 24, 8, RA);

	i = field(field(i, 40, 24, imm), 72, 2, count == 4 ? 2 : count == 2 ? 1 : 0);
	return field(i, 78, 1, trans);
}

static void test_ldsm(void **state)
{
	W->cta = &cta;
	sass_launch.qmd.shared_bytes = SHARED_BYTES;
	for (unsigned int i = 0; i < SHARED_BYTES; i++)
		shared[i] = (uint8_t)rnd32();
	for (unsigned int n = 0; n < 120; n++) {
		unsigned int count = 1u << n % 3, imm = n & 8 ? 64 : 0;
		bool trans = n & 4;
		uint32_t at[32];

		for (unsigned int lane = 0; lane < 32; lane++) {
			at[lane] = rnd32() % (SHARED_BYTES / 16) * 16;
			W->r[RA][lane] = at[lane] - imm;
			for (unsigned int r = 0; r < 4; r++)
				W->r[RD + r][lane] = 0x12345678;
		}
		run(ldsm(count, trans, imm), ~0u);
		for (unsigned int r = 0; r < 4; r++)
			for (unsigned int lane = 0; lane < 32; lane++) {
				unsigned int i = lane / 4, j = lane % 4 * 2;
				const uint32_t *m = at + 8 * r;
				uint32_t want = r >= count ? 0x12345678 : trans ?
					loaded(m, j, i) | loaded(m, j + 1, i) << 16 :
					loaded(m, i, j) | loaded(m, i, j + 1) << 16;

				same("LDSM", r, lane, W->r[RD + r][lane], want);
			}
	}
}

static void expect_trap(unsigned int lane, uint32_t address, unsigned int esr)
{
	uint32_t before = W->r[RA][lane];
	struct insn i = ldsm(1, false, 0);
	struct sass_insn in;

	W->r[RA][lane] = address;
	sass_decode(&in, i.w);
	assert_int_equal(in.esr, 0);
	assert_int_equal(in.exec(W, &in, ~0u), SASS_TRAP);
	assert_int_equal(W->esr, esr);
	W->r[RA][lane] = before;
}

/* Addresses must be valid in all lanes, which is what PTX asks of Turing. */
static void test_ldsm_addresses(void **state)
{
	for (unsigned int lane = 0; lane < 32; lane++)
		W->r[RA][lane] = 16 * lane;
	run(ldsm(1, false, 0), ~0u);
	expect_trap(3, 8, NVX_SM_WARP_ERROR_MISALIGNED_ADDR);
	expect_trap(7, SHARED_BYTES, NVX_SM_WARP_ERROR_OOR_ADDR);
	expect_trap(0, 0xfffffff0, NVX_SM_WARP_ERROR_OOR_ADDR);
	expect_trap(31, SHARED_BYTES, NVX_SM_WARP_ERROR_OOR_ADDR);
}

static void test_movm(void **state)
{
	for (unsigned int n = 0; n < 50; n++) {
		uint32_t m[8][8];

		for (unsigned int i = 0; i < 8; i++)
			for (unsigned int j = 0; j < 8; j++)
				half_to(RA, i * 4 + j / 2, j % 2,
					(uint16_t)(m[i][j] = rnd32() & 0xffff));
		run(field(field(op12(0x23a), 16, 8, n & 1 ? RA : RD), 24, 8, RA), ~0u);
		for (unsigned int i = 0; i < 8; i++)
			for (unsigned int j = 0; j < 8; j++)
				same("MOVM", i, j, half_of(n & 1 ? RA : RD, i * 4 + j / 2, j % 2),
				     m[j][i]);
	}
}

static uint32_t ref_half(uint32_t v)
{
	struct parts p = f32_parts(v);
	struct wide s = { { 0 } };

	if (p.nan)
		return 0x7fff;
	if (p.inf || p.exp + 24 < -40 || p.exp > 16)	/* far beyond the smallest, the largest */
		return (uint32_t)p.negative << 15 | (p.inf || p.exp > 16 ? 0x7c00 : 0);
	wide_add(&s, p.negative, p.m, p.exp);
	return wide_round(&s, 5, 10) | (uint32_t)p.negative << 15;
}

/* F2FP.PACK_AB: the accumulators of one product become a source of the next. */
static void test_f2fp(void **state)
{
	struct insn i = rrr(0x03e, RD, RA, RB, ARZ), rz = field(i, 79, 2, 3);
	static const struct {
		uint32_t a, b, nearest, zero;
	} edges[] = {
		{ 0x3f800fff, 0x3f801001, 0x3c003c01, 0x3c003c00 },	/* about 1 + 2^-11 */
		{ 0x477ff000, 0xc77fefff, 0x7c00fbff, 0x7bfffbff },	/* 65520, just below */
		{ 0x33000000, 0xb3000001, 0x00008001, 0x00008000 },	/* 2^-25 */
		{ 0x7f800000, 0xffc00001, 0x7c007fff, 0x7c007fff },
		{ 0x80000000, 0x7f7fffff, 0x80007c00, 0x80007bff },
	};

	for (unsigned int n = 0; n < 400; n++) {
		for (unsigned int lane = 0; lane < 32; lane++) {
			W->r[RA][lane] = some_float(ANY);
			W->r[RB][lane] = (rnd32() & 0x83ffffff) + 0x32000000 + ((rnd32() & 7) << 26);
		}
		run(i, ~0u);
		for (unsigned int lane = 0; lane < 32; lane++)
			same("F2FP", W->r[RA][lane], W->r[RB][lane], W->r[RD][lane],
			     ref_half(W->r[RA][lane]) << 16 | ref_half(W->r[RB][lane]));
	}
	for (unsigned int n = 0; n < sizeof(edges) / sizeof(edges[0]); n++) {
		W->r[RA][0] = edges[n].a;
		W->r[RB][0] = edges[n].b;
		run(i, ~0u);
		same("F2FP", n, 0, W->r[RD][0], edges[n].nearest);
		run(rz, 1);
		same("F2FP.RZ", n, 0, W->r[RD][0], edges[n].zero);
	}
}

/* Forms that no toolchain makes, or Turing lacks, and registers out of line. */
static void test_refused(void **state)
{
	const struct {
		struct insn i;
		unsigned int esr;
	} bad[] = {
		{ mma(0x23c, AT_BIT(75)), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },	/* 16816 */
		{ mma(0x23c, D_F32 | C_F32), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		{ mma(0x236, C_F32), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		{ mma(0x236, AT_BIT(80)), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },	/* step 2 of 2 */
		{ mma(0x237, 0), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },		/* B by rows */
		{ mma(0x237, AT_BIT(74) | AT_BIT(83)), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		{ mma(0x23d, AT_BIT(74)), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		{ field(rrr(0x03e, RD, RA, RB, ARZ), 76, 1, 1), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		{ field(ldsm(1, false, 0), 72, 2, 3), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		{ field(ldsm(1, false, 0), 79, 1, 1), NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		{ field(mma(0x23c, D_F32), 16, 8, 18), NVX_SM_WARP_ERROR_MISALIGNED_REG },
		{ field(mma(0x23c, 0), 24, 8, 5), NVX_SM_WARP_ERROR_MISALIGNED_REG },
		{ field(mma(0x237, AT_BIT(74)), 64, 8, 9), NVX_SM_WARP_ERROR_MISALIGNED_REG },
		{ field(mma(0x23c, D_F32), 64, 8, 252), NVX_SM_WARP_ERROR_OOR_REG },
		{ field(ldsm(4, true, 0), 16, 8, 18), NVX_SM_WARP_ERROR_MISALIGNED_REG },
	};

	for (unsigned int n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		struct sass_insn in;

		sass_decode(&in, bad[n].i.w);
		if (in.esr != bad[n].esr)
			fail_msg("form %u: error %#x, not %#x", n, in.esr, bad[n].esr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmma_1688),
		cmocka_unit_test(test_ties_and_zeros),
		cmocka_unit_test(test_hmma_884),
		cmocka_unit_test(test_imma),
		cmocka_unit_test(test_bmma),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_ldsm),
		cmocka_unit_test(test_ldsm_addresses),
		cmocka_unit_test(test_movm),
		cmocka_unit_test(test_f2fp),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, sass_warp_setup, sass_warp_teardown);
}
