// SPDX-License-Identifier: MIT
/* Launches through Host, front end and MMU: what threads do to each other and to memory. */
#include "launch_fixture.h"
#include "nvhw/undocumented.h"

static void test_grid(void **state)
{
	PROGRAM(&e, GLOBAL_ID(100), a_mad(6, 0, 3, 0), a_st(2, 0, 6, 4), a_exit());
	le_qmd(&e, 50, 100);
	assert_true(le_run(&e, 5000));
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(e.data[i], 4 * i);
	assert_int_equal(e.data[5000], 0);
}

/* All of a 3-D block and grid is seen, each coordinate once. */
static void test_dimensions(void **state)
{
	uint32_t *q;

	/* index = ((cz * 3 + cy) * 2 + cx) * 60 + z * 15 + y * 5 + x */
	PROGRAM(&e, a_s2r(0, 0x25), a_s2r(1, 0x26), a_s2r(2, 0x27),
		a_mad(2, 2, 3, 1), a_mad(2, 2, 2, 0),
		a_s2r(0, 0x20),			/* x 15:0, y 25:16, z 31:26 */
		a_lop(3, 0, 0xffff, 0xc0),
		a_exit());
	/* The combined register has to be split by shifts: build them field by field. */
	e.ncode = 7;
	le_emit(&e, field(field(field(rir(0x019, 4, ARZ, 16, 0), 73, 2, 3), 76, 1, 1), 80, 1, 1));
	le_emit(&e, a_lop(4, 4, 0x3ff, 0xc0));
	le_emit(&e, field(field(field(rir(0x019, 5, ARZ, 26, 0), 73, 2, 3), 76, 1, 1), 80, 1, 1));
	le_emit(&e, a_mad(5, 5, 15, 3));
	le_emit(&e, a_mad(5, 4, 5, 5));
	le_emit(&e, a_mad(0, 2, 60, 5));
	le_emit(&e, a_mov(6, (uint32_t)L_DATA_VA));
	le_emit(&e, a_mov(7, (uint32_t)(L_DATA_VA >> 32)));
	le_emit(&e, a_wide(8, 0, 4, 6));
	le_emit(&e, a_mov(10, 1));
	le_emit(&e, a_atom(0, ARZ, 8, 0, 10, 0));
	le_emit(&e, a_exit());
	q = le_qmd(&e, 2, 5);
	qmd_set(q, 431, 416, 3);
	qmd_set(q, 463, 448, 2);
	qmd_set(q, 623, 608, 3);
	qmd_set(q, 639, 624, 4);
	assert_true(le_run(&e, 5000));
	for (unsigned int i = 0; i < 12 * 60; i++)
		assert_int_equal(e.data[i], 1);
	assert_int_equal(e.data[720], 0);
}

static void test_constants(void **state)
{
	e.constants[8] = 0x1234;
	PROGRAM(&e, GLOBAL_ID(32), a_movc(6, 0, 0x20), a_movc(7, 0, 0xffc), a_movc(8, 0, 0x1000),
		a_movc(9, 5, 0), a_add(6, 6, 7), a_add(6, 6, 8), a_add(6, 6, 9), a_st(2, 0, 6, 4),
		a_exit());
	e.constants[0xffc / 4] = 0x10000;
	le_qmd(&e, 1, 32);
	assert_true(le_run(&e, 5000));
	/* Past the end of a bank, and in one that is not bound, there are zeros. */
	assert_int_equal(e.data[31], 0x11234);

	/* Cached until invalidated: a launch alone shows the old value. */
	e.constants[8] = 0x5678;
	gt_inc(&e.c, 1, 0x02b4, 1, (uint32_t)(L_QMD_VA >> 8));
	gt_imm(&e.c, 1, 0x02bc, 3);
	assert_true(gt_run(&e.c, 5000));
	assert_int_equal(e.data[31], 0x11234);
	assert_true(le_run(&e, 5000));
	assert_int_equal(e.data[31], 0x15678);
}

/* Odd lanes loop lane times, even ones go around; all meet again at the end. */
static void test_divergence(void **state)
{
	PROGRAM(&e, GLOBAL_ID(64), a_mov(6, 0), a_lop(7, 0, 1, 0xc0), a_setp(0, 2, 7, 0),
		guard(a_bra(5 * 16), 0),
		a_movr(8, 0),				/* odd */
		a_addi(6, 6, 3), a_addi(8, 8, -1), a_setp(1, 5, 8, 0),
		guard(a_bra(-4 * 16), 1),
		a_addi(6, 6, 1000), a_st(2, 0, 6, 4), a_exit());
	le_qmd(&e, 4, 64);
	assert_true(le_run(&e, 5000));
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(e.data[i], 1000 + (i & 1 ? 3 * i : 0));
}

/* A tree reduction in shared memory: wrong without every barrier. */
static void test_barrier(void **state)
{
	uint32_t *q;

	PROGRAM(&e, GLOBAL_ID(512), a_s2r(10, 0x21), a_mad(11, 10, 4, ARZ), a_addi(12, 0, 1),
		a_sts(11, 0, 12, 4), a_mov(13, 256),
		/* loop: barrier; if (tid < R13) s[tid] += s[tid + R13]; R13 /= 2 */
		a_bar(),
		field(field(pdst(psrc(field(rrr(0x00c, 0, 10, 13, 0), 68, 3, AT), AT), 0, AT),
			    76, 3, 1), 73, 1, 0),
		a_mad(14, 13, 4, 11),
		guard(a_lds(15, 14, 0, 4), 0), guard(a_lds(16, 11, 0, 4), 0),
		guard(a_add(15, 15, 16), 0), guard(a_sts(11, 0, 15, 4), 0),
		field(field(field(rir(0x019, 13, ARZ, 1, 13), 73, 2, 3), 76, 1, 1), 80, 1, 1),
		a_setp(1, 5, 13, 0), guard(a_bra(-10 * 16), 1),
		a_bar(), a_lds(17, ARZ, 0, 4), a_st(2, 0, 17, 4), a_exit());
	q = le_qmd(&e, 6, 512);
	qmd_set(q, 561, 544, 2048);
	qmd_set(q, 959, 955, 1);
	assert_true(le_run(&e, 10000));
	for (uint32_t i = 0; i < 6 * 512; i++) {
		uint32_t g = i / 512;

		assert_int_equal(e.data[i], 512 * 513 / 2 + 512 * 512 * g);
	}
}

/* Threads that have left count as arrived. */
static void test_barrier_exited(void **state)
{
	uint32_t *q;

	PROGRAM(&e, GLOBAL_ID(96), a_setp(0, 4, 0, 40), guard(a_exit(), 0), a_bar(), a_mov(6, 7),
		a_st(2, 0, 6, 4), a_exit());
	q = le_qmd(&e, 1, 96);
	qmd_set(q, 959, 955, 1);
	assert_true(le_run(&e, 5000));
	for (unsigned int i = 0; i < 96; i++)
		assert_int_equal(e.data[i], i <= 40 ? 7 : 0);
}

/* A spin lock between lanes of one warp: the holder must get its turn. */
static void test_spin_lock(void **state)
{
	const uint64_t lock = L_DATA_VA + 0x1000;

	PROGRAM(&e, a_mov(2, (uint32_t)lock), a_mov(3, (uint32_t)(lock >> 32)), a_mov(4, 0),
		a_mov(5, 1),
		a_cas(6, 2, 4, 5, 0),			/* try */
		a_setp(0, 5, 6, 0), guard(a_bra(-3 * 16), 0),
		a_ld(7, 2, 4, 4), a_addi(7, 7, 1), a_st(2, 4, 7, 4),
		op12(0x992), a_atom(8, ARZ, 2, 0, 4, 0), a_exit());
	le_qmd(&e, 3, 64);
	assert_true(le_run(&e, 20000));
	assert_int_equal(e.data[0x400], 0);
	assert_int_equal(e.data[0x401], 192);
}

static void test_atomics(void **state)
{
	static const struct {
		unsigned int op, type;
		uint32_t start, want;
	} t[] = {
		{ 0, 0, 100, 100 + 256 * 255 / 2 }, { 1, 0, 7, 0 }, { 2, 0, 7, 255 },
		{ 1, 1, 0x80000005, 0x80000005 }, { 2, 1, 0xfffffff0, 255 },
		{ 5, 0, 0xff, 0 }, { 6, 0, 0x100, 0x1ff }, { 7, 0, 0x55, 0x55 },
	};

	for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		e.data[0] = t[i].start;
		PROGRAM(&e, GLOBAL_ID(64), a_mov(2, (uint32_t)L_DATA_VA), a_mov(3, L_DATA_VA >> 32),
			a_atom(t[i].op, 8, 2, 0, 0, t[i].type), a_exit());
		le_qmd(&e, 4, 64);
		assert_true(le_run(&e, 5000));
		assert_int_equal(e.data[0], t[i].want);
	}
	/* The old values handed out are all different: a ticket counter. */
	memset(e.data, 0, 4096);
	PROGRAM(&e, GLOBAL_ID(64), a_mov(10, (uint32_t)L_DATA_VA), a_mov(11, L_DATA_VA >> 32),
		a_mov(12, 1), a_atom(0, 8, 10, 0, 12, 0), a_wide(14, 8, 4, 10),
		a_atom(0, ARZ, 14, 64, 12, 0), a_exit());
	le_qmd(&e, 4, 64);
	assert_true(le_run(&e, 5000));
	for (unsigned int i = 0; i < 256; i++)
		assert_int_equal(e.data[16 + i], 1);
}

/* Local memory is private to each thread; the windows reach both kinds. */
static void test_local_and_windows(void **state)
{
	uint32_t *q;

	PROGRAM(&e, GLOBAL_ID(64),
		/* STL [4], R0 */
		field(field(field(op12(0x387), 24, 8, ARZ), 32, 8, 0), 40, 24, 4), a_nop(),
		a_mov(6, 0xff000004), a_mov(7, 0), a_ld(8, 6, 0, 4),
		a_mov(6, 0xfe000010), a_mov(9, 77), a_st(6, 0, 9, 4), a_bar(), a_lds(9, ARZ, 16, 4),
		a_add(8, 8, 9), a_st(2, 0, 8, 4), a_exit());
	/* type 4 = 32 bits at 75:73 of the STL */
	((uint32_t *)e.code)[6 * 4 + 2] |= 4 << 9;
	q = le_qmd(&e, 2, 64);
	qmd_set(q, 561, 544, 256);
	qmd_set(q, 951, 928, 16);
	assert_true(le_run(&e, 5000));
	for (uint32_t i = 0; i < 128; i++)
		assert_int_equal(e.data[i], i + 77);
}

/* What local memory all resident threads have together does not grow with the chip. */
static void test_local_total(void **state)
{
	uint32_t *q;

	/* d[0]: threads inside; d[1]: the most there ever were */
	PROGRAM(&e, a_mov(2, (uint32_t)L_DATA_VA), a_mov(3, (uint32_t)(L_DATA_VA >> 32)),
		a_mov(4, 1), a_mov(5, ~0u), a_atom(0, 6, 2, 0, 4, 0), a_addi(6, 6, 1),
		a_atom(2, ARZ, 2, 4, 6, 0), a_bar(), a_atom(0, ARZ, 2, 0, 5, 0), a_exit());
	for (unsigned int kib = 1; kib <= 256; kib += 255) {
		e.data[0] = e.data[1] = 0;
		q = le_qmd(&e, 8, 1024);
		qmd_set(q, 951, 928, kib << 10);
		qmd_set(q, 959, 955, 1);
		assert_true(le_run(&e, 20000));
		assert_int_equal(e.data[0], 0);
		if (kib == 1)
			assert_true(e.data[1] > 1024);	/* a block on each SM */
		else
			assert_int_equal(e.data[1], 1024);
	}
}

/* Both layouts, a release of each structure size, and a reduction. */
static void test_qmd_releases(void **state)
{
	uint64_t sem = e.c.scratch_va + 0x100;

	for (unsigned int version = 2; version <= 3; version++) {
		uint32_t *q;

		PROGRAM(&e, a_exit());
		q = le_qmd(&e, 1, 1);
		qmd_set(q, 579, 576, version);
		qmd_set(q, 139, 138, 3);
		qmd_set(q, 767, 736, sem);
		qmd_set(q, 775, 768, sem >> 32);
		qmd_set(q, 799, 799, 1);
		qmd_set(q, 831, 800, 0xabcd + version);
		qmd_set(q, 863, 832, sem + 16);
		qmd_set(q, 871, 864, sem >> 32);
		qmd_set(q, 927, 896, 0x77);
		e.c.scratch[0x40] = e.c.scratch[0x41] = e.c.scratch[0x45] = 0x5555;
		assert_true(le_run(&e, 5000));
		assert_int_equal(e.c.scratch[0x40], 0xabcd + version);
		assert_int_equal(e.c.scratch[0x41], 0x5555);
		assert_int_equal(e.c.scratch[0x44], 0x77);
		assert_int_equal(e.c.scratch[0x45], 0);
		assert_true(e.c.scratch[0x46] || e.c.scratch[0x47]);
	}
}

/* A shader that never ends shares the engine by timeslice and can be killed. */
static void test_endless(void **state)
{
	struct launch_env other;
	struct gt_chan *both[2] = { &e.c, &other.c };

	le_open(&other, &gt, 6);
	gt_runlist(&gt, 0, both, 2);
	le_setup(&other);
	PROGRAM(&e, a_bra(-16), a_exit());
	le_qmd(&e, 1000, 256);
	le_launch(&e);
	gt_kick(&e.c);
	PROGRAM(&other, GLOBAL_ID(32), a_st(2, 0, 0, 4), a_exit());
	le_qmd(&other, 1, 32);
	assert_true(le_run(&other, 10000));
	gt_wr(&gt, GT_CHANNEL(e.c.chid), 0x800);
	gt_wr(&gt, GT_RUNLIST_PREEMPT, 1);
	assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1, 0, 1000));
	both[0] = &other.c;
	gt_runlist(&gt, 0, both, 1);
	gt_wr(&gt, GT_CHANNEL_INST(e.c.chid), 0);
	assert_true(le_run(&other, 5000));
}

static void expect_warp_error(struct insn i, unsigned int esr)
{
	unsigned int tpc, sm;

	setup(NULL);
	PROGRAM(&e, a_mov(2, (uint32_t)L_DATA_VA + 2), a_mov(3, L_DATA_VA >> 32),
		a_mov(4, 0), a_mov(5, 0x01000000), a_mov(6, 0x100), i, a_exit());
	le_qmd(&e, 1, 32);
	le_launch(&e);
	gt_kick(&e.c);
	le_wait_trap(&gt);
	tpc = __builtin_ctz(gt_rd(&gt, GPC_TRAP));
	sm = gt_rd(&gt, WARP_ESR(tpc, 0)) ? 0 : 1;
	assert_int_equal(gt_rd(&gt, WARP_ESR(tpc, sm)), esr);
	teardown(NULL);
}

static void test_warp_errors(void **state)
{
	expect_warp_error((struct insn){ { 0x7fff } }, NVX_SM_WARP_ERROR_ILLEGAL_ENCODING);
	expect_warp_error(a_ld(8, 2, 0, 4), NVX_SM_WARP_ERROR_MISALIGNED_ADDR);
	expect_warp_error(a_ld(8, 4, 0, 4), NVX_SM_WARP_ERROR_OOR_ADDR);
	expect_warp_error(a_lds(8, 6, 0, 4), NVX_SM_WARP_ERROR_OOR_ADDR);
	expect_warp_error(a_mov(64, 1), NVX_SM_WARP_ERROR_OOR_REG);
	expect_warp_error(a_bra(8), NVX_SM_WARP_ERROR_MISALIGNED_PC);
	expect_warp_error(a_s2r(8, 0x99), NVX_SM_WARP_ERROR_ILLEGAL_PARAM);
}

static void test_sked_checks(void **state)
{
	static const struct {
		unsigned int hi, lo, value, bit;
	} t[] = {
		{ 607, 592, 0, 23 }, { 607, 592, 1025, 18 }, { 561, 544, 0x100, 64 },
		{ 561, 544, 0x10100, 21 }, { 561, 544, 0x80, 21 }, { 656, 648, 256, 13 },
		{ 1567, 1536, 8, 20 }, { 951, 928, 8, 9 }, { 1087, 1075, 0x1001, 7 },
	};

	for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		setup(NULL);
		PROGRAM(&e, a_exit());
		qmd_set(le_qmd(&e, 1, 32), t[i].hi, t[i].lo, t[i].value);
		if (t[i].bit == 64) {
			assert_true(le_run(&e, 2000));
		} else {
			le_launch(&e);
			gt_kick(&e.c);
			le_wait_trap(&gt);
			assert_int_equal(gt_rd(&gt, GR_TRAP), 1 << 8);
			assert_true(gt_rd(&gt, SKED_ESR) & 1u << t[i].bit);
			gt_wr(&gt, SKED_ESR, 1 << 30);
			assert_int_equal(gt_rd(&gt, SKED_ESR), 0);
		}
		teardown(NULL);
	}
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_grid), T(test_dimensions), T(test_constants), T(test_divergence),
		T(test_barrier), T(test_barrier_exited), T(test_spin_lock), T(test_atomics),
		T(test_local_and_windows), T(test_local_total), T(test_qmd_releases),
		T(test_endless),
		cmocka_unit_test(test_warp_errors), cmocka_unit_test(test_sked_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
