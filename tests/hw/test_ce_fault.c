// SPDX-License-Identifier: MIT
/* Copy engines that miss, fail or are reset. */
#include "ce_env.h"

static void expect_ce_fault(unsigned int index, uint64_t va, unsigned int access)
{
	const uint32_t *p;

	assert_true(gt_wait_fault(&gt, 0, index + 1, 1000));
	p = gt_fault(&gt, 0, index);
	assert_int_equal(gt_fault_va(p), va & ~0xfffull);
	assert_int_equal(((uint64_t)p[1] << 32) | (p[0] & 0xfffff000), c.inst);
	assert_int_equal(p[6] & 0x1ff, 15 + lce);
	assert_int_equal(p[7] >> 16 & 0xf, access);
	assert_int_equal(p[7] & (1u << 7 | 1u << 20), 1u << 20);	/* hub, not replayable */
	assert_true(sim_poll32(gt.sim, GT_CHANNEL(11), 1u << 23, 1u << 23, 1000));
	/* Switched out of PBDMA and engine. */
	assert_true(sim_poll32(gt.sim, GT_PBDMA_STATUS(2), ~0u, 0, 1000));
	assert_true(sim_poll32(gt.sim, GT_ENGINE_STATUS(3), 0xe000, 0, 1000));
	assert_true(gt_rd(&gt, GT_ENGINE_STATUS(3)) & 1u << 30);
}

static void resume(void)
{
	gt_invalidate_all(&gt);
	gt_wr(&gt, GT_CHANNEL(11), 1u << 23);
	gt_wr(&gt, GT_DOORBELL, rl << 16 | 11);
}

static void test_fault_and_resume(void **state)
{
	unsigned int n = 0;

	gt_faults_on(&gt, 0);
	/* Holes in the source's second 64 KiB page and in destination pages 5 and 20. */
	gt_map(&vm, SRC + 0x10000, 16, 0, 0);
	gt_map(&vm, DST + 0x5000, 12, 0, 0);
	gt_map(&vm, DST + 0x14000, 12, dst_pa + 0x14000, GT_SYS_RW | GT_PTE_RO);
	gt_invalidate_all(&gt);
	ce_sem(c.scratch_va, 1);
	linear(SRC + 0x10, DST + 0x20, 0x30000, 1 << 3);
	gt_kick(&c);
	expect_ce_fault(n++, DST + 0x5000, 1);
	assert_memory_equal(src + 0x10, dst + 0x20, 0x5000 - 0x20);
	assert_int_equal(gt_rd(&gt, GT_FAULT_PUT(0)), n);
	/* What was copied is not copied again. */
	dst[0x100] = ~src[0xf0];
	gt_map(&vm, DST + 0x5000, 12, dst_pa + 0x5000, GT_SYS_RW);
	resume();
	expect_ce_fault(n++, SRC + 0x10000, 0);
	assert_int_equal(dst[0x100], (uint8_t)~src[0xf0]);
	gt_map(&vm, SRC + 0x10000, 16, src_pa + 0x10000, GT_VRAM_RW);
	resume();
	expect_ce_fault(n++, DST + 0x14000, 1);
	assert_int_equal(gt_fault(&gt, 0, n - 1)[7] & 0x1f, 6);	/* RO_VIOLATION */
	assert_int_equal(c.scratch[0], 0);
	gt_map(&vm, DST + 0x14000, 12, dst_pa + 0x14000, GT_SYS_RW);
	resume();
	assert_true(gt_wait32(c.scratch, 1, 1000));
	dst[0x100] = src[0xf0];
	assert_memory_equal(src + 0x10, dst + 0x20, 0x30000);
	assert_int_equal(gt_rd(&gt, GT_FAULT_PUT(0)), n);
	assert_int_equal(gt_rd(&gt, GT_ENGINE_STATUS(3)) >> 30 & 1, 0);
}

/* What is left of the launch travels through the method buffer. */
static void test_method_buffer(void **state)
{
	static const uint8_t zero[32];
	uint32_t *buf = sim_vram(gt.sim, c.method_buf, 0x2000);

	gt_faults_on(&gt, 0);
	gt_map(&vm, DST + 0x1000, 12, 0, 0);
	gt_invalidate_all(&gt);
	linear(SRC, DST, 0x2000, 0);
	gt_kick(&c);
	expect_ce_fault(0, DST + 0x1000, 1);
	assert_memory_not_equal(buf, zero, sizeof(zero));
	buf[0] ^= 1;					/* somebody else's now */
	gt_map(&vm, DST + 0x1000, 12, dst_pa + 0x1000, GT_SYS_RW);
	resume();
	expect_launcherr_now(0xe, 0x44);

	gt_map(&vm, DST + 0x1000, 12, 0, 0);
	gt_invalidate_all(&gt);
	linear(SRC, DST, 0x2000, 0);
	gt_kick(&c);
	expect_ce_fault(1, DST + 0x1000, 1);
	buf[5] ^= 1;					/* changed behind the magic */
	gt_map(&vm, DST + 0x1000, 12, dst_pa + 0x1000, GT_SYS_RW);
	resume();
	expect_launcherr_now(0xe, 0x24);

	gt_map(&vm, DST + 0x1000, 12, 0, 0);
	gt_invalidate_all(&gt);
	*gt_ramfc(&c, 137) = 0xff;			/* nowhere */
	linear(SRC, DST, 0x2000, 0);
	gt_kick(&c);
	expect_launcherr_now(0xe, 0x14);
	assert_int_equal(gt_rd(&gt, GT_FAULT_PUT(0)), 2);
	assert_int_equal(gt_rd(&gt, GT_CHANNEL(11)) & 3u << 22, 0);
}

/* The checksum is no secret: progress beyond the launch is refused with a good one. */
static void test_forged_method_buffer(void **state)
{
	uint32_t *buf = sim_vram(gt.sim, c.method_buf, 0x2000);

	gt_faults_on(&gt, 0);
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t sum = 2166136261u;

		gt_map(&vm, DST + 0x1000, 12, 0, 0);
		gt_invalidate_all(&gt);
		gt_inc(&c, 0, 0x700, 3, 0x01020304u, 0u, 4u | 3u << 16);
		linear(SRC, DST, 0x800, REMAP);		/* words: the page ends at 0x400 */
		gt_kick(&c);
		expect_ce_fault(i, DST + 0x1000, 1);
		assert_int_equal(buf[5], 0x1000);
		buf[3 + i] = i < 2 ? 9 : 0x2001;	/* stage, line, position */
		for (unsigned int n = 0; n < 7; n++)
			sum = (sum ^ buf[n]) * 16777619u;
		buf[7] = sum;
		gt_map(&vm, DST + 0x1000, 12, dst_pa + 0x1000, GT_SYS_RW);
		resume();
		expect_launcherr_now(0xe, 0x24);
	}
}

/* The buffer's address is one of BAR2, virtual once BAR2 is bound. */
static void test_method_buffer_in_bar2(void **state)
{
	uint32_t *buf = sim_vram(gt.sim, c.method_buf, 0x1000);
	uint64_t inst = gt_vram(&gt, 0x1000, 0x1000);
	uint32_t *words = sim_vram(gt.sim, inst, 0x1000);
	struct gt_vm bar2;

	gt_vm_new(&gt, &bar2, false);
	gt_map(&bar2, 0x10000, 12, c.method_buf, GT_VRAM_RW);
	words[128] = bar2.pdb | 0xc00;
	words[129] = bar2.pdb >> 32;
	gt_wr(&gt, 0xb80f48, 1u << 31 | (uint32_t)(inst >> 12));
	*gt_ramfc(&c, 136) = 0x10000;
	gt_faults_on(&gt, 0);
	gt_map(&vm, DST + 0x1000, 12, 0, 0);
	gt_invalidate_all(&gt);
	linear(SRC, DST, 0x2000, 0);
	gt_kick(&c);
	expect_ce_fault(0, DST + 0x1000, 1);
	assert_int_not_equal(buf[0], 0);
	gt_map(&vm, DST + 0x1000, 12, dst_pa + 0x1000, GT_SYS_RW);
	resume();
	assert_true(gt_run(&c, 1000));
	assert_memory_equal(src, dst, 0x2000);
}

static void test_fill_fault(void **state)
{
	gt_faults_on(&gt, 0);
	gt_map(&vm, DST + 0x3000, 12, 0, 0);
	gt_invalidate_all(&gt);
	gt_inc(&c, 0, 0x700, 3, 0x01020304u, 0x05060708u,
	       4u | 5u << 4 | 3u << 16 | 1u << 24);
	addresses(0, DST + 4);
	gt_inc(&c, 0, 0x418, 1, 0x1000u);
	launch(LAUNCH_COPY | REMAP);
	gt_kick(&c);
	expect_ce_fault(0, DST + 0x3000, 1);
	gt_map(&vm, DST + 0x3000, 12, dst_pa + 0x3000, GT_SYS_RW);
	resume();
	assert_true(gt_run(&c, 1000));
	for (unsigned int i = 0; i < 0x2000; i++)
		assert_int_equal(((uint32_t *)(dst + 4))[i], i & 1 ? 0x05060708 : 0x01020304);
}

static void test_semaphore_fault(void **state)
{
	uint64_t hole = 0x7b00000000ull;

	gt_faults_on(&gt, 0);
	ce_sem(hole, 42);
	linear(SRC, DST, 64, 1 << 3);
	gt_kick(&c);
	expect_ce_fault(0, hole, 1);
	assert_memory_equal(src, dst, 64);
	dst[0] = ~src[0];
	gt_map(&vm, hole, 12, c.scratch_pa, GT_SYS_RW);
	resume();
	assert_true(gt_wait32(c.scratch, 42, 1000));
	assert_int_equal(dst[0], (uint8_t)~src[0]);	/* the copy was over */
}

/* A fatal fault: disabled, cleared, taken off; the runlist serves others. */
static void test_fatal_fault_teardown(void **state)
{
	struct gt_chan d, *p = &d;

	gt_faults_on(&gt, 0);
	gt_chan_open(&gt, &d, &vm, 12, rl, 12, 0);
	linear(0x7c00000000ull, DST, 64, 0);
	gt_kick(&c);
	expect_ce_fault(0, 0x7c00000000ull, 0);
	gt_wr(&gt, GT_SCHED_DISABLE, 1u << rl);
	gt_wr(&gt, GT_CHANNEL(11), 0x800);
	gt_wr(&gt, GT_RUNLIST_PREEMPT, 1u << rl);
	assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1u << rl, 0, 100));
	gt_runlist(&gt, rl, &p, 1);
	gt_wr(&gt, GT_CHANNEL(11), 1u << 23);
	gt_wr(&gt, GT_SCHED_DISABLE, 0);
	assert_true(gt_run(&d, 1000));
	gt_wr(&gt, GT_CHANNEL_INST(11), 0);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 0);
	assert_int_equal(gt_rd(&gt, GT_CHANNEL(11)), 0);
}

/* LAUNCHERR holds the engine until it is reset through PMC (hardware 7.7). */
static void test_engine_reset(void **state)
{
	struct gt_chan d, *both[2] = { &c, &d };
	uint32_t enable = gt_rd(&gt, GT_PMC_ENABLE);

	gt_chan_open(&gt, &d, &vm, 12, rl, 12, 0);
	gt_runlist(&gt, rl, both, 2);
	launch(3);
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_LCE_INTR_STATUS(lce), 4, 4, 1000));
	gt_inc(&d, 0, 0x100, 1, 0u);
	gt_release(&d, 0, 1);
	gt_kick(&d);
	gt_sleep_ms(5);
	assert_int_equal(d.scratch[0], 0);		/* cannot get the engine */
	gt_wr(&gt, GT_SCHED_DISABLE, 1u << rl);
	gt_wr(&gt, GT_CHANNEL(11), 0x800);
	gt_wr(&gt, GT_RUNLIST_PREEMPT, 1u << rl);
	assert_true(sim_poll32(gt.sim, GT_PBDMA_STATUS(2), 0xe000, 0, 100));
	gt_sleep_ms(2);
	assert_int_equal(gt_rd(&gt, GT_ENGINE_STATUS(3)) & 0xffff, 1u << 13 | 1u << 12 | 11);
	assert_int_equal(gt_rd(&gt, GT_RUNLIST_PREEMPT), 1u << rl);
	gt_wr(&gt, GT_PMC_ENABLE, enable & ~(1u << 21));
	gt_wr(&gt, GT_PMC_ENABLE, enable);
	assert_true(sim_poll32(gt.sim, GT_ENGINE_STATUS(3), 0xe000, 0, 100));
	assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1u << rl, 0, 100));
	assert_int_equal(gt_rd(&gt, GT_LCE_INTR_STATUS(lce)), 0);
	gt_wr(&gt, GT_SCHED_DISABLE, 0);
	assert_true(gt_wait32(d.scratch, 1, 1000));
	/* With the engine held in reset a method stops the PBDMA. */
	gt_wr(&gt, GT_PMC_ENABLE, enable & ~(1u << 21));
	gt_inc(&d, 0, 0x100, 1, 0u);
	gt_kick(&d);
	assert_true(sim_poll32(gt.sim, GT_PBDMA(2, GT_PBDMA_INTR_0), 1u << 24, 1u << 24, 1000));
	gt_wr(&gt, GT_PMC_ENABLE, enable);
	gt_wr(&gt, GT_PBDMA(2, GT_PBDMA_INTR_0), 1u << 24);
	assert_true(gt_run(&d, 1000));
}

/* The other way out: acknowledge the error, and the context can be saved. */
static void test_acknowledged_error(void **state)
{
	struct gt_chan d, *p = &d;

	gt_chan_open(&gt, &d, &vm, 12, rl, 12, 0);
	launch(3);
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_LCE_INTR_STATUS(lce), 4, 4, 1000));
	gt_wr(&gt, GT_SCHED_DISABLE, 1u << rl);
	gt_wr(&gt, GT_CHANNEL(11), 0x800);
	gt_wr(&gt, GT_RUNLIST_PREEMPT, 1u << rl);
	gt_sleep_ms(5);
	assert_int_equal(gt_rd(&gt, GT_RUNLIST_PREEMPT), 1u << rl);
	gt_wr(&gt, GT_CHANNEL_INST(11), 0);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 3);	/* UNBIND_WHILE_RUNNING */
	gt_wr(&gt, GT_PFIFO_INTR_0, 1);
	gt_wr(&gt, GT_LCE_INTR_STATUS(lce), 4);
	assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1u << rl, 0, 100));
	assert_int_equal(gt_rd(&gt, GT_ENGINE_STATUS(3)) & 0xe000, 0);
	gt_wr(&gt, GT_CHANNEL_INST(11), 0);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 0);
	gt_runlist(&gt, rl, &p, 1);
	gt_wr(&gt, GT_SCHED_DISABLE, 0);
	assert_true(gt_run(&d, 1000));
}

/* A channel kept off an engine by another's error: the guest is told. */
static void test_switch_timeout(void **state)
{
	struct gt_chan d, *both[2] = { &c, &d };

	gt_chan_open(&gt, &d, &vm, 12, rl, 12, 0);
	gt_runlist(&gt, rl, both, 2);
	launch(3);
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_LCE_INTR_STATUS(lce), 4, 4, 1000));
	gt_inc(&d, 0, 0x100, 1, 0u);
	gt_release(&d, 0, 1);
	gt_kick(&d);
	gt_sleep_ms(30);
	assert_int_equal(gt_rd(&gt, 0x2a30), 0);	/* 4 s by default */
	gt_wr(&gt, 0x2a0c, 0x80000000 | 1000);		/* 1 ms */
	assert_true(sim_poll32(gt.sim, 0x2a30, 1u << 3, 1u << 3, 1000));
	assert_true(gt_rd(&gt, GT_PFIFO_INTR_0) & 2);
	assert_int_equal(gt_rd(&gt, 0x320c), 11 | 3u << 14 | 12u << 16);
	gt_wr(&gt, GT_LCE_INTR_STATUS(lce), 4);
	assert_true(gt_wait32(d.scratch, 1, 1000));
	gt_wr(&gt, 0x2a30, 1u << 3);
	assert_int_equal(gt_rd(&gt, GT_PFIFO_INTR_0) & 2, 0);
}

static void test_injected_error(void **state)
{
	linear(SRC, DST, 64, 0);
	assert_true(gt_run(&c, 1000));
	assert_memory_equal(src, dst, 64);
	linear(SRC, DST, 64, 0);
	expect_launcherr(0xc);
	linear(SRC + 64, DST, 64, 0);
	assert_true(gt_run(&c, 1000));
	assert_memory_equal(src + 64, dst, 64);
}

static void reset_engine(void)
{
	uint32_t enable = gt_rd(&gt, GT_PMC_ENABLE);

	gt_wr(&gt, GT_PMC_ENABLE, enable & ~(1u << 21));
	gt_wr(&gt, GT_PMC_ENABLE, enable);
}

/* It says nothing and cannot be preempted; after a reset the engine is as new. */
static void test_injected_hang(void **state)
{
	linear(SRC, DST, 64, 0);
	assert_true(gt_run(&c, 1000));
	linear(SRC + 64, DST, 64, 0);
	gt_kick(&c);
	gt_sleep_ms(20);
	assert_int_equal(gt_rd(&gt, GT_LCE_INTR_STATUS(lce)), 0);
	gt_wr(&gt, GT_CHANNEL(11), 0x800);
	gt_wr(&gt, GT_RUNLIST_PREEMPT, 1u << rl);
	gt_sleep_ms(20);
	assert_int_equal(gt_rd(&gt, GT_RUNLIST_PREEMPT), 1u << rl);
	reset_engine();
	assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1u << rl, 0, 1000));
	assert_memory_equal(src, dst, 64);
	gt_chan_restart(&c, 0);
	gt_inc(&c, subch, 0, 1, 0xc5b5u);
	linear(SRC + 64, DST, 64, 0);
	assert_true(gt_run(&c, 1000));
	assert_memory_equal(src + 64, dst, 64);
}

/* False: this thread slept for so long that the PBDMA had let go. */
static bool reset_in_time(void)
{
	addresses(SRC, DST);
	/* One byte over and over: a job of minutes, which nobody looks too late for. */
	gt_inc(&c, 0, 0x410, 4, 0u, 0u, 1u, 0x7fffffffu);
	launch(LAUNCH_COPY | MULTI_LINE);
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_PBDMA_STATUS(2), 0xe000, 0x2000, 1000));
	gt_wr(&gt, GT_SCHED_DISABLE, 1u << rl);
	gt_wr(&gt, GT_RUNLIST_PREEMPT, 1u << rl);	/* takes 60 ms */
	reset_engine();
	if (sim_poll32(gt.sim, GT_PBDMA(2, GT_PBDMA_INTR_0), 1u << 24, 1u << 24, 100))
		return true;
	gt_wr(&gt, GT_SCHED_DISABLE, 0);
	return false;
}

/* A reset before the PBDMA has let go: ENG_RESET, and the preemption waits for it. */
static void test_reset_before_preempted(void **state)
{
	for (int i = 0; !reset_in_time(); i++)
		assert_int_not_equal(i, 20);
	gt_sleep_ms(100);
	assert_int_equal(gt_rd(&gt, GT_RUNLIST_PREEMPT), 1u << rl);
	gt_wr(&gt, GT_PBDMA(2, GT_PBDMA_INTR_0), 1u << 24);
	assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1u << rl, 0, 1000));
	assert_int_equal(gt_rd(&gt, GT_PBDMA_STATUS(2)) & 0xe000, 0);
	gt_wr(&gt, GT_SCHED_DISABLE, 0);
}

static int setup_hang(void **state) { return start(0, "ce-hang=@2"); }
static int setup_slow(void **state) { return start(0, "slow-preempt=p100"); }

/* A job cut into pieces by preemptions loses nothing. */
static void test_preempt_many_lines(void **state)
{
	addresses(SRC, DST);
	gt_inc(&c, 0, 0x410, 4, 1u, 1u, 1u, 0x30000u);	/* bytes as lines */
	launch(LAUNCH_COPY | MULTI_LINE);
	gt_release(&c, 0, 1);
	gt_kick(&c);
	for (int i = 0; i < 20 && !__atomic_load_n(c.scratch, __ATOMIC_ACQUIRE); i++) {
		gt_wr(&gt, GT_RUNLIST_PREEMPT, 1u << rl);
		assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1u << rl, 0, 100));
	}
	assert_true(gt_wait32(c.scratch, 1, 5000));
	assert_memory_equal(src, dst, 0x30000);
}

/* Nearly 4 GiB in one launch: the engine lets go of it before the end. */
static void test_preempt_long_copy(void **state)
{
	const uint64_t page = 2u << 20, to = 0x6000000000ull;
	uint64_t pa = gt_vram(&gt, page, page);

	for (uint64_t o = 0; o < 1ull << 32; o += page)
		gt_map(&vm, to + o, 21, pa, GT_VRAM_RW);	/* the same page all over */
	gt_invalidate_all(&gt);
	linear(to + page / 2, to, 0xffe00000, 0);
	gt_kick(&c);
	assert_true(gt_status(&c, 6, 1000));			/* ON_PBDMA_AND_ENG */
	gt_wr(&gt, GT_CHANNEL(11), 0x800);
	gt_wr(&gt, GT_PREEMPT, 11);
	assert_true(sim_poll32(gt.sim, GT_PREEMPT, 1u << 20, 0, 5000));
	assert_true(gt_status(&c, 2, 100));			/* PENDING_CTX_RELOAD: not done */
	gt_wr(&gt, GT_CHANNEL_INST(11), 0);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_fault_and_resume), T(test_method_buffer),
		T(test_forged_method_buffer), T(test_method_buffer_in_bar2), T(test_fill_fault),
		T(test_semaphore_fault), T(test_fatal_fault_teardown), T(test_engine_reset),
		T(test_acknowledged_error), T(test_switch_timeout),
		cmocka_unit_test_setup_teardown(test_injected_error, setup_inject, teardown),
		cmocka_unit_test_setup_teardown(test_injected_hang, setup_hang, teardown),
		cmocka_unit_test_setup_teardown(test_reset_before_preempted, setup_slow, teardown),
		T(test_preempt_many_lines), T(test_preempt_long_copy),
	};

	return cmocka_run_group_tests_name("ce_fault", tests, NULL, NULL);
}
