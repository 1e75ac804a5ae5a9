// SPDX-License-Identifier: MIT
/* Launches that miss: threads park, the driver's replay or cancel decides. */
#include "launch_fixture.h"
#include "nvhw/undocumented.h"

static void check_fault(const uint32_t *p, uint64_t va, unsigned int access, bool replayable)
{
	assert_int_equal(gt_fault_va(p) & ~0xfffull, va & ~0xfffull);
	assert_int_equal(p[6] & 0x1ff, 64);			/* GRAPHICS + VEID 0 */
	assert_int_equal(p[7] >> 16 & 15, access);
	assert_int_equal(p[7] >> 7 & 1, replayable);
	assert_int_equal(p[7] >> 20 & 1, 0);			/* a GPC client */
	assert_int_equal(p[0] >> 12, e.c.inst >> 12);
}

/* Threads touch 24 pages that are not there; each is reported once. */
static void test_park_and_replay(void **state)
{
	uint32_t seen = 0, put, *page;
	uint64_t pa;

	PROGRAM(&e, GLOBAL_ID(32), a_mov(6, (uint32_t)L_HOLE_VA), a_mov(7, L_HOLE_VA >> 32),
		/* R8 = id % 24 without division: id < 24 ? id : id - 24 */
		a_movr(8, 0), a_setp(0, 6, 0, 24), guard(a_addi(8, 8, -24), 0),
		a_wide(10, 8, 0x1000, 6), a_ld(12, 10, 8, 4), a_addi(12, 12, 1),
		a_st(2, 0, 12, 4), a_exit());
	le_qmd(&e, 1, 32);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 0x99);
	gt_kick(&e.c);
	assert_true(gt_wait_fault(&gt, 1, 24, 2000));
	gt_sleep_ms(20);
	put = gt_rd(&gt, GT_FAULT_PUT(1)) & 0xfffff;
	assert_int_equal(put, 24);
	for (unsigned int i = 0; i < 24; i++) {
		const uint32_t *p = gt_fault(&gt, 1, i);
		uint64_t n = (gt_fault_va(p) - L_HOLE_VA) >> 12;

		assert_in_range(n, 0, 23);
		check_fault(p, L_HOLE_VA + n * 0x1000, 0, true);
		assert_false(seen >> n & 1);
		seen |= 1u << n;
	}
	assert_int_equal(e.c.scratch[0xfe0 / 4], 0);

	/* A replay without a mapping asks for all of them again. */
	gt_wr(&gt, GT_FAULT_GET(1), put);
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x8000000b);
	assert_true(gt_wait_fault(&gt, 1, 48, 2000));

	/* Half of them mapped: the others stay. */
	pa = gt_sys(&gt, 24 * 0x1000, 0x1000);
	page = sim_mem(gt.sim, pa, 24 * 0x1000);
	for (unsigned int i = 0; i < 24; i++)
		page[i * 0x400 + 2] = 100 + i;
	gt_map_range(&e.vm, L_HOLE_VA, 12 * 0x1000, 12, pa, GT_SYS_RW);
	gt_wr(&gt, GT_FAULT_GET(1), 48);
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x8000000b);
	assert_true(gt_wait_fault(&gt, 1, 60, 2000));
	assert_int_equal(e.c.scratch[0xfe0 / 4], 0);
	gt_map_range(&e.vm, L_HOLE_VA + 12 * 0x1000, 12 * 0x1000, 12, pa + 12 * 0x1000, GT_SYS_RW);
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x8000000b);
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], 0x99, 2000));
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(e.data[i], 101 + i % 24);
	assert_int_equal(gt_rd(&gt, GT_FAULT_PUT(1)) & 0xfffff, 60);
}

/* Lanes that hit are done: only those that missed repeat an atomic. */
static void test_atomic_once(void **state)
{
	uint64_t pa = gt_sys(&gt, 0x2000, 0x1000);
	uint32_t *page = sim_mem(gt.sim, pa, 0x2000);

	gt_map(&e.vm, L_HOLE_VA, 12, pa, GT_SYS_RW);
	PROGRAM(&e, GLOBAL_ID(32), a_mov(6, (uint32_t)L_HOLE_VA), a_mov(7, L_HOLE_VA >> 32),
		a_lop(8, 0, 1, 0xc0), a_wide(10, 8, 0x1000, 6), a_mov(12, 1),
		a_atom(0, 13, 10, 0, 12, 0), a_st(2, 0, 13, 4), a_exit());
	le_qmd(&e, 1, 32);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 1);
	gt_kick(&e.c);
	assert_true(gt_wait_fault(&gt, 1, 1, 2000));
	gt_sleep_ms(10);
	assert_int_equal(gt_rd(&gt, GT_FAULT_PUT(1)) & 0xfffff, 1);
	assert_int_equal(page[0], 16);
	gt_map(&e.vm, L_HOLE_VA + 0x1000, 12, pa + 0x1000, GT_SYS_RW);
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x8000000b);
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], 1, 2000));
	assert_int_equal(page[0], 16);
	assert_int_equal(page[0x400], 16);
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(e.data[i], i / 2);
}

/* Access types of stores and atomics, and the clients of all four SMs. */
static void test_fault_details(void **state)
{
	bool client[4] = { false };
	const uint32_t *p;

	PROGRAM(&e, a_s2r(0, 0x25), a_mov(6, (uint32_t)L_HOLE_VA), a_mov(7, L_HOLE_VA >> 32),
		a_wide(10, 0, 0x1000, 6), a_setp(0, 2, 0, 1),
		guard(a_st(10, 0, 0, 4), 0), guard(a_atom(0, 8, 10, 0, 0, 0), 8), a_exit());
	le_qmd(&e, 4, 32);
	le_launch(&e);
	gt_kick(&e.c);
	assert_true(gt_wait_fault(&gt, 1, 4, 2000));
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int n;

		p = gt_fault(&gt, 1, i);
		n = (gt_fault_va(p) - L_HOLE_VA) >> 12;
		check_fault(p, L_HOLE_VA + n * 0x1000, n == 1 ? 1 : 2, true);
		assert_in_range(p[7] >> 8 & 0x7f, 0, 3);	/* T1_0 .. T1_3 */
		client[p[7] >> 8 & 0x7f] = true;
	}
	for (unsigned int i = 0; i < 4; i++)
		assert_true(client[i]);
}

/* Cancelled: the warp error names itself, the channel is dead, others live. */
static void test_cancel(void **state)
{
	struct launch_env other;
	struct gt_chan *both[2] = { &e.c, &other.c };
	unsigned int tpc, sm;

	le_open(&other, &gt, 6);
	gt_runlist(&gt, 0, both, 2);
	le_setup(&other);
	PROGRAM(&e, a_mov(6, (uint32_t)L_HOLE_VA), a_mov(7, L_HOLE_VA >> 32), a_ld(8, 6, 0, 4),
		a_exit());
	le_qmd(&e, 1, 32);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 1);
	gt_kick(&e.c);
	assert_true(gt_wait_fault(&gt, 1, 1, 2000));
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x80000023);	/* CANCEL_GLOBAL, all PDBs and VAs */
	le_wait_trap(&gt);
	assert_true(gt_wait_fault(&gt, 0, 1, 2000));
	check_fault(gt_fault(&gt, 0, 0), L_HOLE_VA, 0, false);
	assert_int_equal(gt_rd(&gt, GR_TRAP), 1u << 24);
	assert_int_equal(gt_rd(&gt, GR_TRAP_GPC), 1);
	assert_int_equal(gt_rd(&gt, GR_CURRENT_INST), 0x80000000 | e.c.inst >> 12);
	tpc = __builtin_ctz(gt_rd(&gt, GPC_TRAP));
	assert_int_equal(gt_rd(&gt, TPC_TRAP(tpc)), 2);
	sm = gt_rd(&gt, WARP_ESR(tpc, 0)) ? 0 : 1;
	assert_int_equal(gt_rd(&gt, WARP_ESR(tpc, sm)), NVX_SM_WARP_ERROR_MMU_NACK);

	/* The handler clears everything and resumes; the channel stays dead. */
	gt_wr(&gt, WARP_ESR(tpc, sm), 0);
	gt_wr(&gt, TPC_TRAP(tpc), ~0u);
	gt_wr(&gt, GPC_TRAP, ~0u);
	gt_wr(&gt, GR_TRAP_GPC, ~0u);
	gt_wr(&gt, GR_TRAP, ~0u);
	gt_wr(&gt, GR_INTR, ~0u);
	gt_wr(&gt, GR_RESUME, 0x10001);
	assert_int_equal(gt_rd(&gt, GR_INTR), 0);
	assert_true(le_kill(&e));
	both[0] = &other.c;
	gt_runlist(&gt, 0, both, 1);
	assert_int_equal(e.c.scratch[0xfe0 / 4], 0);

	PROGRAM(&other, GLOBAL_ID(32), a_st(2, 0, 0, 4), a_exit());
	le_qmd(&other, 1, 32);
	assert_true(le_run(&other, 5000));
	assert_int_equal(other.data[31], 31);
}

/* Without replay enabled in the instance block the first miss is final. */
static void test_no_replay(void **state)
{
	struct launch_env plain;
	struct gt_chan *c = &plain.c;

	le_open(&plain, &gt, 7);
	*gt_ramfc(c, 128) &= ~0x30u;
	*gt_ramfc(c, 168) &= ~0x30u;
	gt_wr(&gt, GT_CHANNEL_INST(7), 0);
	gt_wr(&gt, GT_CHANNEL_INST(7), 0x80000000 | c->inst >> 12);
	gt_runlist(&gt, 0, &c, 1);
	le_setup(&plain);
	PROGRAM(&plain, a_mov(6, (uint32_t)L_HOLE_VA), a_mov(7, L_HOLE_VA >> 32),
		a_ld(8, 6, 0, 4), a_exit());
	le_qmd(&plain, 1, 32);
	le_launch(&plain);
	gt_kick(c);
	le_wait_trap(&gt);
	assert_true(gt_wait_fault(&gt, 0, 1, 2000));
	assert_int_equal(gt_rd(&gt, GT_FAULT_PUT(1)) & 0xfffff, 0);
}

/* While one channel waits for its replay the other computes. */
static void test_parked_beside_running(void **state)
{
	struct launch_env other;
	struct gt_chan *both[2] = { &e.c, &other.c };

	le_open(&other, &gt, 6);
	gt_runlist(&gt, 0, both, 2);
	le_setup(&other);
	PROGRAM(&e, a_mov(6, (uint32_t)L_HOLE_VA), a_mov(7, L_HOLE_VA >> 32), a_ld(8, 6, 0, 4),
		GLOBAL_ID(32), a_st(2, 0, 8, 4), a_exit());
	le_qmd(&e, 1, 32);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 1);
	gt_kick(&e.c);
	assert_true(gt_wait_fault(&gt, 1, 1, 2000));
	for (uint32_t n = 0; n < 3; n++) {
		PROGRAM(&other, GLOBAL_ID(32), a_addi(6, 0, n), a_st(2, 0, 6, 4), a_exit());
		le_qmd(&other, 1, 32);
		assert_true(le_run(&other, 5000));
		assert_int_equal(other.data[31], 31 + n);
	}
	assert_int_equal(e.c.scratch[0xfe0 / 4], 0);
	gt_map(&e.vm, L_HOLE_VA, 12, e.const_pa, GT_VRAM_RW);
	e.constants[0] = 0x4242;
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x8000000b);
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], 1, 5000));
	assert_int_equal(e.data[31], 0x4242);
}

/* Unmapped code and constants fault as GCC, and are replayed as well. */
static void test_gcc_faults(void **state)
{
	uint32_t *q;

	PROGRAM(&e, GLOBAL_ID(32), a_movc(6, 0, 0), a_st(2, 0, 6, 4), a_exit());
	q = le_qmd(&e, 1, 32);
	qmd_set(q, 1567, 1536, (uint32_t)L_HOLE_VA);
	qmd_set(q, 1584, 1568, L_HOLE_VA >> 32);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 1);
	gt_kick(&e.c);
	assert_true(gt_wait_fault(&gt, 1, 1, 2000));
	check_fault(gt_fault(&gt, 1, 0), L_HOLE_VA, 0, true);
	assert_int_equal(gt_fault(&gt, 1, 0)[7] >> 8 & 0x7f, 0x11);
	gt_map(&e.vm, L_HOLE_VA, 12, e.code_pa, GT_VRAM_RW);
	gt_map(&e.vm, L_CONST_VA, 12, 0, 0);
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x8000000b);
	assert_true(gt_wait_fault(&gt, 1, 2, 2000));
	check_fault(gt_fault(&gt, 1, 1), L_CONST_VA, 0, true);
	e.constants[0] = 0x31337;
	gt_map(&e.vm, L_CONST_VA, 12, e.const_pa, GT_VRAM_RW);
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x8000000b);
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], 1, 2000));
	assert_int_equal(e.data[31], 0x31337);
}

/*
 * A channel that trapped keeps the engine until the guest has seen to it, even if another
 * of its warps is answered meanwhile: the registers tell of the channel that is loaded.
 */
static void test_trap_holds_engine(void **state)
{
	const uint32_t flag = 0x1000;
	struct launch_env other;
	struct gt_chan *both[2] = { &e.c, &other.c };

	le_open(&other, &gt, 6);
	gt_runlist(&gt, 0, both, 2);
	le_setup(&other);
	/* warp 0 waits for the flag and then does nonsense; warp 1 misses */
	PROGRAM(&e, GLOBAL_ID(64), a_mov(6, (uint32_t)L_HOLE_VA), a_mov(7, L_HOLE_VA >> 32),
		a_setp(0, 1, 0, 32), guard(a_bra(2 * 16), 0),
		a_ld(8, 6, 0, 4), a_exit(),
		a_ld(8, 4, flag, 4), a_setp(1, 2, 8, 0), guard(a_bra(-3 * 16), 1),
		(struct insn){ { 0x7fff } }, a_exit());
	le_qmd(&e, 1, 64);
	le_launch(&e);
	gt_kick(&e.c);
	assert_true(gt_wait_fault(&gt, 1, 1, 2000));
	__atomic_store_n(&e.data[flag / 4], 1, __ATOMIC_RELEASE);
	le_wait_trap(&gt);
	/* the other one is next, when the answer is there already */
	gt_wr(&gt, GT_SCHED_DISABLE, 1);
	PROGRAM(&other, GLOBAL_ID(32), a_st(2, 0, 0, 4), a_exit());
	le_qmd(&other, 1, 32);
	le_launch(&other);
	gt_release(&other.c, 0xfe0, 1);
	gt_kick(&other.c);
	gt_map(&e.vm, L_HOLE_VA, 12, e.const_pa, GT_VRAM_RW);
	gt_wr(&gt, GT_MMU_INVALIDATE, 0x8000000b);
	gt_sleep_ms(20);
	gt_wr(&gt, GT_SCHED_DISABLE, 0);
	gt_sleep_ms(20);
	assert_int_equal(gt_rd(&gt, GR_CURRENT_INST), 0x80000000 | e.c.inst >> 12);
	assert_int_equal(other.c.scratch[0xfe0 / 4], 0);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_park_and_replay),
		T(test_atomic_once),
		T(test_fault_details),
		T(test_cancel),
		T(test_no_replay),
		T(test_parked_beside_running),
		T(test_gcc_faults),
		T(test_trap_holds_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
