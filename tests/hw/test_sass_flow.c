// SPDX-License-Identifier: MIT
/*
 * Control flow of diverged warps: convergence barriers, calls, indexed
 * branches. Who runs together shows in VOTE, which sees the active lanes.
 */
#include "launch_fixture.h"

static struct insn a_vote_active(unsigned int d)
{
	return psrc(pdst(field(field(op12(0x806), 16, 8, d), 72, 2, 1), AT, 0), AT);
}

/* Convergence barrier @b in bits 19:16. */
static struct insn a_b(uint32_t code, unsigned int b)
{
	return psrc(field(op12(code), 16, 4, b), AT);
}

static struct insn a_bssy(unsigned int b) { return a_b(0x945, b); }
static struct insn a_bsync(unsigned int b) { return a_b(0x941, b); }
static struct insn a_break(unsigned int b) { return a_b(0x942, b); }
static struct insn a_warpsync(uint32_t lanes) { return psrc(rir(0x148, 0, 0, lanes, 0), AT); }
static struct insn a_warpsync_r(unsigned int r) { return psrc(rrr(0x148, 0, 0, r, 0), AT); }

static struct insn a_bmov_from(unsigned int d, unsigned int b, bool clear)
{
	return field(field(field(op12(0x355), 16, 8, d), 24, 4, b), 84, 1, clear);
}

static struct insn a_bmov_to(unsigned int b, unsigned int r)
{
	return field(field(op12(0x356), 24, 4, b), 32, 8, r);
}

/* R0 = lane, R2:R3 = its word of data, P0 = odd lane, P1 = lane >= 8. */
#define LANES \
	GLOBAL_ID(32), a_lop(7, 0, 1, 0xc0), a_setp(0, 5, 7, 0), a_setp(1, 6, 0, 8)
#define ODD	0xaaaaaaaau

static void run_warp(void)
{
	le_qmd(&e, 1, 32);
	assert_true(le_run(&e, 5000));
}

/* The join comes before the far side: without a wait the near lanes run through alone. */
static void test_convergence(void **state)
{
	PROGRAM(&e, LANES, a_bssy(3), guard(a_bra(5 * 16), 0), a_nop(),
		a_bsync(3),				/* join */
		a_vote_active(16), a_st(2, 0, 16, 4), a_exit(),
		a_nop(), a_nop(), a_bra(-7 * 16));	/* far */
	run_warp();
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(e.data[i], ~0u);
	/* The same without the barrier: the halves do pass one by one. */
	((struct insn *)e.code)[12] = a_nop();
	run_warp();
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(e.data[i], i & 1 ? ODD : ~ODD);
}

/* A region within a region: each barrier waits for its own lanes. */
static void test_nested_convergence(void **state)
{
	PROGRAM(&e, LANES,
		a_bssy(0), guard(a_bra(11 * 16), 1),	/* lanes 8.. to the outer far side */
		a_bssy(1), guard(a_bra(7 * 16), 0),	/* odd ones of 0..7 to the inner */
		a_bsync(1), a_vote_active(16), a_st(2, 0, 16, 4),
		a_bsync(0), a_vote_active(17), a_st(2, 128, 17, 4), a_exit(),
		a_bra(-8 * 16),				/* inner far side */
		a_nop(), a_bra(-7 * 16));		/* outer far side */
	run_warp();
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(e.data[i], i < 8 ? 0xff : 0);
		assert_int_equal(e.data[32 + i], ~0u);
	}
}

/* Lanes that exit or break out are not waited for. */
static void test_leave_region(void **state)
{
	const uint64_t flag = L_DATA_VA + 0x1000;

	PROGRAM(&e, LANES, a_mov(10, (uint32_t)flag), a_mov(11, (uint32_t)(flag >> 32)),
		a_mov(12, 1), a_setp(2, 2, 0, 6), a_bssy(5),
		guard(a_exit(), 2),			/* lane 6 leaves the warp */
		guard(a_break(5), 0), guard(a_bra(5 * 16), 0),
		a_bsync(5), a_vote_active(16), a_st(2, 0, 16, 4), a_st(10, 0, 12, 4), a_exit(),
		/* odd lanes wait for those that got through the barrier */
		a_ld(13, 10, 0, 4), a_setp(3, 5, 13, 1), guard(a_bra(-3 * 16), 3),
		a_st(2, 0, 13, 4), a_exit());
	run_warp();
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(e.data[i], i == 6 ? 0 : i & 1 ? 1 : ~ODD & ~(1u << 6));
}

static void test_bmov(void **state)
{
	PROGRAM(&e, LANES, a_bssy(2), a_bmov_from(16, 2, false),
		guard(a_bssy(15), 1), a_bmov_from(17, 15, false),
		a_bmov_to(4, 17), a_bmov_from(18, 4, true), a_bmov_from(19, 4, false),
		guard(a_bmov_from(20, 2, false), 0),
		a_st(2, 0, 16, 4), a_st(2, 0x80, 17, 4), a_st(2, 0x100, 18, 4),
		a_st(2, 0x180, 19, 4), a_st(2, 0x200, 20, 4), a_exit());
	run_warp();
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(e.data[i], ~0u);
		assert_int_equal(e.data[32 + i], 0xffffff00);
		assert_int_equal(e.data[64 + i], 0xffffff00);
		assert_int_equal(e.data[96 + i], 0);
		assert_int_equal(e.data[128 + i], i & 1 ? ~0u : 0);
	}
}

static void test_warpsync(void **state)
{
	/* R16: the lanes of the same parity */
	PROGRAM(&e, LANES, a_mov(16, ~ODD), guard(a_mov(16, ODD), 0),
		guard(a_bra(7 * 16), 1), a_nop(),	/* lanes 8.. to the far side */
		a_warpsync_r(16), a_vote_active(17), a_warpsync(~0u), a_vote_active(18),
		a_st(2, 0, 17, 4), a_bra(2 * 16),
		a_nop(), a_bra(-8 * 16),		/* far */
		a_st(2, 0x80, 18, 4), a_exit());
	run_warp();
	for (unsigned int i = 0; i < 32; i++) {
		/* a whole parity was released; whoever of the other was may run beside it */
		assert_int_equal(e.data[i] & (i & 1 ? ODD : ~ODD), i & 1 ? ODD : ~ODD);
		assert_int_equal(e.data[32 + i], ~0u);
	}
}

/* Two call sites, one function, lanes of both in it; return addresses in R20:R21. */
static void test_call_and_return(void **state)
{
	struct insn ret = psrc(field(op12(0x950), 24, 8, 20), AT);
	const unsigned int fn = 20, site_a = 13, site_b = 17;
	struct insn call = field(op12(0x944), 87, 4, AT);

	PROGRAM(&e, LANES, a_mov(16, 1), guard(a_bra(4 * 16), 0));
	le_emit(&e, a_mov(20, (uint32_t)(site_a + 1 - (fn + 2)) * 16));	/* 11: even */
	le_emit(&e, a_mov(21, ~0u));						/* 12 */
	le_emit(&e, field(call, 34, 48, (uint64_t)((int)fn - (int)site_a - 1) * 4)); /* 13 */
	le_emit(&e, a_bra(4 * 16));						/* 14: to 19 */
	le_emit(&e, a_mov(20, (uint32_t)(site_b + 1 - (fn + 2)) * 16));	/* 15: odd */
	le_emit(&e, a_mov(21, ~0u));						/* 16 */
	le_emit(&e, field(call, 34, 48, (uint64_t)((int)fn - (int)site_b - 1) * 4)); /* 17 */
	le_emit(&e, a_addi(16, 16, 1000));					/* 18 */
	le_emit(&e, a_bra(2 * 16));						/* 19: to 22 */
	le_emit(&e, a_mad(16, 0, 10, 16));					/* 20: function */
	le_emit(&e, ret);							/* 21 */
	le_emit(&e, a_st(2, 0, 16, 4));					/* 22 */
	le_emit(&e, a_exit());
	run_warp();
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(e.data[i], 1 + 10 * i + (i & 1 ? 1000 : 0));
}

/* Each lane takes the case its register names. */
static void test_indexed_branch(void **state)
{
	struct insn brx = psrc(field(op12(0x949), 24, 8, 20), AT);

	brx = field(brx, 34, 48, 1 * 16 / 4);		/* past the instruction behind it */
	PROGRAM(&e, LANES, a_lop(20, 0, 3, 0xc0), a_mad(20, 20, 32, ARZ), a_mov(21, 0), brx,
		a_exit(),
		a_mov(16, 100), a_bra(6 * 16), a_mov(16, 101), a_bra(4 * 16),
		a_mov(16, 102), a_bra(2 * 16), a_mov(16, 103), a_bra(0),
		a_add(16, 16, 0), a_st(2, 0, 16, 4), a_exit());
	run_warp();
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(e.data[i], 100 + i % 4 + i);
}

static uint64_t gpu_clock(void)
{
	uint32_t hi, lo;

	do {
		hi = gt_rd(&gt, 0x9410);
		lo = gt_rd(&gt, 0x9400);
	} while (gt_rd(&gt, 0x9410) != hi);
	return (uint64_t)hi << 32 | lo;
}

static struct insn a_cs2r(unsigned int d, unsigned int sr, bool wide)
{
	return field(field(field(op12(0x805), 16, 8, d), 72, 8, sr), 80, 1, wide);
}

/* SR 0x50 counts warp instructions, 0x52 is PTIMER, 0xff is zero. */
static void test_cs2r(void **state)
{
	uint64_t before = gpu_clock(), timer, after;

	PROGRAM(&e, LANES, a_mov(16, 5), a_mov(17, 6), a_mov(18, 7), a_mov(19, 8),
		a_cs2r(16, 0xff, true), a_cs2r(18, 0xff, false), a_add(16, 16, 17),
		a_mad(18, 18, 10, 19), a_st(2, 0, 16, 4), a_st(2, 0x80, 18, 4),
		a_cs2r(20, 0x50, true), a_nop(), a_nop(), a_cs2r(22, 0x50, false),
		a_addi(22, 22, 0), a_st(2, 0x100, 20, 4), a_st(2, 0x180, 22, 4),
		a_st(2, 0x200, 21, 4), a_cs2r(24, 0x52, true), a_mad(26, 0, 4, ARZ),
		a_wide(28, 0, 4, 2), a_st(28, 0x280, 24, 5), a_exit());
	run_warp();
	after = gpu_clock();
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(e.data[i], 0);
		assert_int_equal(e.data[32 + i], 8);
		assert_int_equal(e.data[96 + i] - e.data[64 + i], 3);
		assert_int_equal(e.data[128 + i], 0);
		memcpy(&timer, &e.data[160 + 2 * i], 8);
		/* registers show steps of 32 ns */
		assert_in_range(timer, before, after + 31);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_convergence), T(test_nested_convergence), T(test_leave_region),
		T(test_bmov), T(test_warpsync), T(test_call_and_return), T(test_indexed_branch),
		T(test_cs2r),
	};

	return cmocka_run_group_tests_name("sass_flow", tests, NULL, NULL);
}
