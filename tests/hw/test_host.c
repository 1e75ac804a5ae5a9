// SPDX-License-Identifier: MIT
/* Host methods (class C46F) and Host's own faults. */
#include "host_env.h"

static void test_releases(void **state)
{
	uint64_t *s64 = (uint64_t *)c.scratch;

	memset(c.scratch, 0xff, 64);
	sem(0, 0x1122334455667788, 1);				/* 4 bytes */
	sem(16, 0x1122334455667788, 1 | 1 << 24);		/* 8 bytes */
	sem(32, 0x1122334455667788, 1 | 1 << 25);		/* 16 with time */
	sem(48, 0x1122334455667788, 1 | 1 << 24 | 1 << 25 | 1 << 20);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(s64[0], 0xffffffff55667788);
	assert_int_equal(s64[1], ~0ull);
	assert_int_equal(s64[2], 0x1122334455667788);
	assert_int_equal(s64[3], ~0ull);
	assert_int_equal(s64[4], 0x55667788);
	assert_true(s64[5] != ~0ull && s64[5] != 0);
	assert_int_equal(s64[6], 0x1122334455667788);
	assert_true(s64[7] >= s64[5]);
}

static void test_alignment(void **state)
{
	sem(8, 1, 1 | 1 << 25);			/* timestamp wants 16 */
	gt_kick(&c);
	expect_stall(0, 25);
	gt_wr(&gt, METHOD0, NOP0);
	expect_clear(0, 25);
	sem(4, 1, 1 | 1 << 24);			/* 64 bits want 8 */
	gt_kick(&c);
	expect_stall(0, 25);
	gt_wr(&gt, METHOD0, NOP0);
	expect_clear(0, 25);
	assert_true(gt_run(&c, 1000));
}

static void test_legacy_semaphores(void **state)
{
	uint64_t va = c.scratch_va + 64;

	memset(c.scratch, 0xff, 128);
	gt_inc(&c, 0, 0x10, 4, (uint32_t)(va >> 32), (uint32_t)va, 5u, 2u | 1u << 24);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(at(64), 5);
	assert_int_equal(at(68), ~0u);
	gt_inc(&c, 0, 0x10, 4, (uint32_t)(va >> 32), (uint32_t)va, 6u, 2u);
	gt_inc(&c, 0, 0x10, 4, (uint32_t)(va >> 32), (uint32_t)va, 4u, 4u);	/* >= */
	gt_inc(&c, 0, 0x10, 4, (uint32_t)(va >> 32), (uint32_t)va, 2u, 8u);	/* & */
	gt_inc(&c, 0, 0x10, 4, (uint32_t)(va >> 32), (uint32_t)va, 6u, 1u);	/* == */
	gt_inc(&c, 0, 0x10, 4, (uint32_t)(va >> 32), (uint32_t)va, 3u, 16u | 5u << 27);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(at(64), 9);
	assert_int_equal(at(68), 0);
}

struct reduction {
	unsigned int op;
	bool wide, is_unsigned;
	uint64_t v, p, want;
};

static void test_reductions(void **state)
{
	static const struct reduction cases[] = {
		{ 0, 0, 1, 5, 0xffffffff, 5 },
		{ 0, 0, 0, 5, 0xffffffff, 0xffffffff },		/* min(5, -1) */
		{ 1, 0, 1, 5, 0xffffffff, 0xffffffff },
		{ 1, 0, 0, 5, 0xffffffff, 5 },
		{ 1, 1, 0, 5, ~0ull, 5 },
		{ 0, 1, 1, 5, ~0ull, 5 },
		{ 2, 0, 0, 0xf0f0, 0xffff, 0x0f0f },
		{ 3, 1, 1, 0xff00ff00ff00ull, 0xffffff000000ull, 0xff00ff000000ull },
		{ 4, 0, 1, 0xf0, 0x0f, 0xff },
		{ 5, 0, 0, 0xffffffff, 2, 1 },
		{ 5, 1, 1, 0xffffffff, 2, 0x100000001ull },
		{ 6, 0, 1, 4, 5, 5 },
		{ 6, 0, 1, 5, 5, 0 },
		{ 7, 0, 1, 5, 5, 4 },
		{ 7, 0, 1, 0, 5, 5 },
		{ 7, 0, 1, 9, 5, 5 },
	};
	uint64_t *s64 = (uint64_t *)c.scratch;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct reduction *r = &cases[i];

		s64[0] = r->v;
		sem(0, r->p, 6 | r->op << 27 | (uint32_t)r->is_unsigned << 31 |
		    (uint32_t)r->wide << 24);
		assert_true(gt_run(&c, 1000));
		assert_int_equal(s64[0], r->want);
	}
	bad_method(0, 0x6c, 6 | 5 << 27 | 1 << 24, 25);		/* signed 64-bit add */
	bad_method(0, 0x6c, 6u | 6u << 27 | 1u << 24 | 1u << 31, 25);	/* 64-bit INC */
	bad_method(0, 0x6c, 6 | 6 << 27, 25);			/* signed INC */
	bad_method(0, 0x6c, 6u | 9u << 27 | 1u << 31, 25);
}

struct acq {
	unsigned int op;
	bool wide;
	uint64_t payload, fails, passes;
};

static void test_acquires(void **state)
{
	static const struct acq cases[] = {
		{ 0, 0, 7, 6, 7 },
		{ 0, 1, 0x700000007ull, 7, 0x700000007ull },
		{ 2, 0, 7, 6, 0xfffffff0 },
		{ 3, 0, 7, 0x90000000, 0x80000006 },
		{ 3, 0, 0xfffffff0, 0xffffffef, 4 },
		{ 3, 1, 7, 6, 1ull << 40 },
		{ 4, 0, 0xf0, 0x0f, 0x10 },
		{ 5, 0, 0xffff0000, 0x0000ffff, 0x0000fffe },
		{ 5, 1, 0xffffffff, 0xffffffff00000000ull, 0 },
	};
	uint64_t *s64 = (uint64_t *)c.scratch;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct acq *a = &cases[i];

		__atomic_store_n(&s64[0], a->fails, __ATOMIC_RELEASE);
		c.scratch[2] = 0;
		sem(0, a->payload, a->op | (uint32_t)a->wide << 24 | (i & 1) << 12);
		gt_release(&c, 8, 1);
		gt_kick(&c);
		assert_true(gt_status(&c, 5, 1000));
		gt_sleep_ms(3);
		assert_int_equal(at(8), 0);
		__atomic_store_n(&s64[0], a->passes, __ATOMIC_RELEASE);
		assert_true(gt_wait32(c.scratch + 2, 1, 1000));
	}
}

static void test_ping_pong(void **state)
{
	struct gt_chan d, *both[2] = { &c, &d };
	uint64_t va = c.scratch_va;

	gt_chan_open(&gt, &d, &vm, 34, RL, 6, 0);
	gt_runlist(&gt, RL, both, 2);
	for (uint32_t i = 0; i < 200; i++) {
		sem(0, 2 * i, 0);
		sem(0, 2 * i + 1, 1);
		gt_inc(&d, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 2 * i + 1, 0u, 0u);
		gt_inc(&d, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 2 * i + 2, 0u, 1u);
	}
	gt_kick(&d);
	gt_kick(&c);
	assert_true(gt_wait32(c.scratch, 400, 5000));
}

static void test_acquire_timeout(void **state)
{
	*gt_ramfc(&c, 12) = 0x80000000 | 4 << 15 | 2 << 11 | 0x102;	/* 16 * 1024 ns */
	sem(0, 9, 0);
	gt_release(&c, 4, 1);
	gt_kick(&c);
	assert_true(gt_status(&c, 5, 1000));
	gt_sleep_ms(5);
	assert_int_equal(gt_rd(&gt, INTR_0), 0);
	sim_advance(gt.sim, 15 * 1024);
	gt_sleep_ms(5);
	assert_int_equal(gt_rd(&gt, INTR_0), 0);
	sim_advance(gt.sim, 3 * 1024);
	expect_stall(0, 26);
	assert_int_equal(gt_rd(&gt, DATA0), 0);
	gt_wr(&gt, METHOD0, NOP0);
	expect_clear(0, 26);
	assert_true(gt_wait32(c.scratch + 1, 1, 1000));
}

static void test_set_reference(void **state)
{
	gt_inc(&c, 0, 0x50, 1, 0xabcdu);
	gt_imm(&c, 0, 0x78, 1);			/* WFI */
	gt_inc(&c, 0, 0x28, 4, 0u, 0u, 1u, 5u << 27);	/* MEMBAR */
	assert_true(gt_run(&c, 1000));
	assert_int_equal(gt_userd(&c, 0x48), 0xabcd);
}

static void test_yield(void **state)
{
	struct gt_chan d, *both[2] = { &c, &d };

	gt_chan_open(&gt, &d, &vm, 34, RL, 5, 0);	/* same TSG */
	gt_runlist(&gt, RL, both, 2);
	for (int i = 0; i < 10; i++) {
		gt_imm(&c, 0, 0x80, 3);
		gt_imm(&c, 0, 0x80, 2);
		gt_imm(&d, 0, 0x80, 0);
		gt_imm(&d, 0, 0x80, 3);
	}
	gt_release(&d, 0, 1);
	gt_kick(&d);
	assert_true(gt_run(&c, 1000));
	assert_true(gt_wait32(d.scratch, 1, 1000));
}

#define HOLE	0x7800000000ull

static void expect_fault_packet(unsigned int index, uint64_t va, unsigned int access)
{
	const uint32_t *p;

	assert_true(gt_wait_fault(&gt, 0, index + 1, 1000));
	p = gt_fault(&gt, 0, index);
	assert_int_equal(((uint64_t)p[1] << 32) | (p[0] & 0xfffff000), c.inst);
	assert_int_equal(gt_fault_va(p), va & ~0xfffull);
	assert_int_equal(p[6] & 0x1ff, 32 + PB);	/* engine HOST2 */
	assert_int_equal(p[7] >> 8 & 0x7f, 6);		/* client HUB HOST */
	assert_int_equal(p[7] >> 20 & 1, 1);
	assert_int_equal(p[7] >> 16 & 0xf, access);
	assert_int_equal(p[7] >> 7 & 1, 0);
}

static void expect_pbdma_faulted(void)
{
	assert_true(sim_poll32(gt.sim, GT_CHANNEL(33), 1u << 22, 1u << 22, 1000));
	assert_true(sim_poll32(gt.sim, GT_PBDMA_STATUS(PB), ~0u, 0, 1000));
}

static void test_faults(void **state)
{
	uint64_t pa = gt_sys(&gt, 0x1000, 0x1000), va = HOLE + 0x40;
	uint32_t *p = sim_mem(gt.sim, pa, 0x1000);

	gt_faults_on(&gt, 0);
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 77u, 0u, 1u);
	gt_release(&c, 0, 1);
	gt_kick(&c);
	expect_pbdma_faulted();
	expect_fault_packet(0, va, 1);			/* VIRT_WRITE */
	gt_map(&vm, HOLE, 12, pa, GT_SYS_RW);
	gt_invalidate_all(&gt);
	gt_wr(&gt, GT_DOORBELL, RL << 16 | 33);		/* still faulted: nothing */
	gt_sleep_ms(5);
	assert_int_equal(p[0x40 / 4], 0);
	gt_wr(&gt, GT_CHANNEL(33), 1u << 22);
	gt_sleep_ms(5);
	assert_int_equal(p[0x40 / 4], 0);		/* clean, but nobody restarted it */
	gt_wr(&gt, GT_DOORBELL, RL << 16 | 33);
	assert_true(gt_wait32(p + 0x40 / 4, 77, 1000));
	assert_true(gt_wait32(c.scratch, 1, 1000));
}

static void test_read_only_semaphore(void **state)
{
	gt_faults_on(&gt, 0);
	gt_map(&vm, c.scratch_va, 12, c.scratch_pa, GT_SYS_RW | GT_PTE_NO_ATOMIC);
	gt_invalidate_all(&gt);
	gt_release(&c, 0, 5);
	gt_kick(&c);
	assert_true(gt_wait32(c.scratch, 5, 1000));	/* plain writes may */
	sem(0, 1, 6u | 5u << 27 | 1u << 31);
	gt_kick(&c);
	expect_pbdma_faulted();
	expect_fault_packet(0, c.scratch_va, 2);	/* VIRT_ATOMIC */
	assert_int_equal(gt_fault(&gt, 0, 0)[7] & 0x1f, 0xf);	/* ATOMIC_VIOLATION */
}

static void test_pushbuffer_fault(void **state)
{
	uint64_t va = HOLE + 0x2000;

	gt_faults_on(&gt, 0);
	gt_gp_entry(&c, (uint32_t)va, va >> 32 | 4 << 10);
	gt_ring(&c);
	expect_pbdma_faulted();
	expect_fault_packet(0, va, 0);
	gt_map(&vm, va, 12, c.pb_pa, GT_VRAM_RW);	/* four NOPs */
	gt_invalidate_all(&gt);
	gt_wr(&gt, GT_CHANNEL(33), 1u << 22);
	gt_wr(&gt, GT_DOORBELL, RL << 16 | 33);
	assert_true(gt_status(&c, 0, 1000));
	assert_true(gt_run(&c, 1000));
}

static void test_clear_faulted_method(void **state)
{
	struct gt_chan h, *hp = &h;
	uint64_t pa = gt_sys(&gt, 0x1000, 0x1000), va = HOLE;
	uint32_t *p = sim_mem(gt.sim, pa, 0x1000);

	gt_chan_open(&gt, &h, &vm, 50, 2, 50, GT_PRIV);	/* the handler's channel */
	gt_runlist(&gt, 2, &hp, 1);
	gt_faults_on(&gt, 0);
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 5u, 0u, 1u);
	gt_kick(&c);
	expect_fault_packet(0, va, 1);
	gt_map(&vm, va, 12, pa, GT_SYS_RW);
	/* Invalidate by method, then clear: no register write at all. */
	gt_inc(&h, 0, 0x28, 4, 0u, 0u, (uint32_t)vm.pdb, 9u << 27 | (uint32_t)(vm.pdb >> 32));
	gt_inc(&h, 0, 0x84, 1, (uint32_t)RL << 16 | 33);
	assert_true(gt_run(&h, 1000));
	assert_true(gt_wait32(p, 5, 1000));
	assert_int_equal(gt_rd(&gt, GT_CHANNEL(33)) & 3u << 22, 0);
	/* A bit that is not set is waited for, up to the timeout. */
	gt_inc(&h, 0, 0x84, 1, 1u << 31 | (uint32_t)RL << 16 | 33);
	gt_kick(&h);
	gt_sleep_ms(5);
	assert_int_equal(gt_rd(&gt, GT_PBDMA(3, GT_PBDMA_INTR_0)), 0);
	sim_advance(gt.sim, 0x401 * 1024);
	assert_true(sim_poll32(gt.sim, GT_PBDMA(3, GT_PBDMA_INTR_0), 1u << 20, 1u << 20, 1000));
	assert_int_equal(gt_rd(&gt, GT_PBDMA(3, GT_PBDMA_METHOD0)) & 0x3ffc, 0x84);
	gt_wr(&gt, GT_PBDMA(3, GT_PBDMA_METHOD0), NOP0);
	gt_wr(&gt, GT_PBDMA(3, GT_PBDMA_INTR_0), 1u << 20);
	assert_true(gt_run(&h, 1000));
}

static void test_clear_faulted_race(void **state)
{
	struct gt_chan h, *hp = &h;

	gt_chan_open(&gt, &h, &vm, 50, 2, 50, GT_PRIV);
	gt_runlist(&gt, 2, &hp, 1);
	gt_inc(&h, 0, 0x84, 1, 1u << 31 | (uint32_t)RL << 16 | 33);
	gt_release(&h, 0, 1);
	gt_kick(&h);
	gt_sleep_ms(5);
	assert_int_equal(h.scratch[0], 0);
	gt_wr(&gt, GT_CHANNEL(33), 1u << 21);		/* the bit comes late */
	assert_true(gt_wait32(h.scratch, 1, 1000));
	assert_int_equal(gt_rd(&gt, GT_CHANNEL(33)) & 3u << 22, 0);
}

static void test_targeted_invalidate(void **state)
{
	uint64_t a = gt_sys(&gt, 0x1000, 0x1000), b = gt_sys(&gt, 0x1000, 0x1000);
	uint32_t *pa = sim_mem(gt.sim, a, 4), *pb = sim_mem(gt.sim, b, 4);
	uint64_t va = HOLE, other = HOLE + 0x200000;

	gt_map(&vm, va, 12, a, GT_SYS_RW);
	gt_invalidate_all(&gt);
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 1u, 0u, 1u);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(*pa, 1);
	gt_map(&vm, va, 12, b, GT_SYS_RW);
	gt_inc(&c, 0, 0x28, 4, (uint32_t)other, (uint32_t)(other >> 32),
	       (uint32_t)vm.pdb | 1 << 7, 10u << 27);
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 2u, 0u, 1u);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(*pa, 2);
	gt_inc(&c, 0, 0x28, 4, (uint32_t)va, (uint32_t)(va >> 32), (uint32_t)vm.pdb | 1 << 7,
	       10u << 27);
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 3u, 0u, 1u);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(*pa, 2);
	assert_int_equal(*pb, 3);
	gt_inc(&c, 0, 0x30, 1, 1u);
	bad_method(0, 0x34, 10u << 27, 21);		/* targeted with PDB = ALL */
}

/* For the hub alone: the size of the region counts there too. */
static void test_targeted_hub_range(void **state)
{
	uint64_t a = gt_sys(&gt, 0x1000, 0x1000), b = gt_sys(&gt, 0x1000, 0x1000);
	uint32_t *pa = sim_mem(gt.sim, a, 4), *pb = sim_mem(gt.sim, b, 4);
	uint64_t va = HOLE + 0x3000;

	(void)state;
	gt_map(&vm, va, 12, a, GT_SYS_RW);
	gt_invalidate_all(&gt);
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 1u, 0u, 1u);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(*pa, 1);
	gt_map(&vm, va, 12, b, GT_SYS_RW);
	/* four pages from HOLE on, the last of them used */
	gt_inc(&c, 0, 0x28, 4, (uint32_t)HOLE | 2u, (uint32_t)(HOLE >> 32),
	       (uint32_t)vm.pdb | 1 << 7 | 1 << 1, 10u << 27);
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 2u, 0u, 1u);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(*pa, 1);
	assert_int_equal(*pb, 2);
}

static void test_unbound_space(void **state)
{
	gt_faults_on(&gt, 0);
	*gt_ramfc(&c, 128) = 1;				/* PDB target invalid */
	gt_kick(&c);
	gt_word(&c, 0);
	gt_segment(&c, 0, 0);
	gt_ring(&c);
	expect_pbdma_faulted();
	assert_int_equal(gt_fault(&gt, 0, 0)[7] & 0x1f, 4);	/* UNBOUND_INST_BLOCK */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TP(f) cmocka_unit_test_setup_teardown(f, setup_priv, teardown)
#define TS(f) cmocka_unit_test_setup_teardown(f, setup_stepped, teardown)
		T(test_releases), T(test_alignment), T(test_legacy_semaphores),
		T(test_reductions), T(test_acquires), T(test_ping_pong), TS(test_acquire_timeout),
		T(test_set_reference), T(test_yield), T(test_faults),
		T(test_read_only_semaphore), T(test_pushbuffer_fault),
		TS(test_clear_faulted_method), TS(test_clear_faulted_race),
		TP(test_targeted_invalidate), TP(test_targeted_hub_range), T(test_unbound_space),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
