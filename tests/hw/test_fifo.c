// SPDX-License-Identifier: MIT
/* Channel RAM, runlists, scheduling, preemption, doorbells. */
#include "gputest.h"

static struct gputest gt;
static struct gt_vm vm;

static int setup(void **state)
{
	gt_create(&gt, NULL);
	gt_vm_new(&gt, &vm, false);
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static void open_and_list(struct gt_chan *c, unsigned int chid, unsigned int rl)
{
	gt_chan_open(&gt, c, &vm, chid, rl, chid, 0);
	gt_runlist(&gt, rl, &c, 1);
}

static void test_identity(void **state)
{
	assert_int_equal(gt_rd(&gt, 0x2004), 0x0020000c);
	assert_int_equal(gt_rd(&gt, 0x2008), 4096);
	assert_int_equal(gt_rd(&gt, 0x200c), 0xc46f);
	assert_int_equal(gt_rd(&gt, 0x810000), 0xc461);
	/* PBDMA 0 and 1 on the graphics runlist, then one each. */
	assert_int_equal(gt_rd(&gt, 0x2390), 1);
	assert_int_equal(gt_rd(&gt, 0x2394), 1);
	assert_int_equal(gt_rd(&gt, 0x2398), 2);
	assert_int_equal(gt_rd(&gt, 0x239c), 4);
	assert_int_equal(gt_rd(&gt, 0x23a0), 8);
	assert_int_equal(gt_rd(&gt, 0x23a4), 0);
}

static void test_submit_runs(void **state)
{
	struct gt_chan c;

	for (unsigned int rl = 0; rl < 4; rl++) {
		open_and_list(&c, 10 + rl, rl);
		assert_int_equal(gt_rd(&gt, GT_INTR_RUNLIST), 1u << rl);
		assert_true(gt_rd(&gt, GT_PFIFO_INTR_0) & 1u << 30);
		gt_wr(&gt, GT_INTR_RUNLIST, 1u << rl);
		assert_int_equal(gt_rd(&gt, GT_PFIFO_INTR_0) & 1u << 30, 0);
		assert_true(gt_run(&c, 2000));
		assert_true(gt_status(&c, 0, 1000));
		assert_int_equal(gt_userd(&c, 0x88), c.gp_put);
	}
}

static void test_userd_in_sysmem(void **state)
{
	struct gt_chan c, *p = &c;

	gt_chan_open(&gt, &c, &vm, 3, 1, 3, GT_SYS_USERD);
	gt_runlist(&gt, 1, &p, 1);
	for (int i = 0; i < 600; i++) {		/* around the ring twice */
		c.pb_put = c.pb_start = 0;
		assert_true(gt_run(&c, 2000));
	}
	assert_true(gt_status(&c, 0, 1000));
	assert_int_equal(gt_userd(&c, 0x88), c.gp_put);
}

static void test_userd_written_on_save(void **state)
{
	struct gt_chan c;

	gt_chan_open(&gt, &c, &vm, 4, 1, 4, 0);
	*gt_ramfc(&c, 61) = 0;			/* CONFIG without USERD_WRITEBACK */
	gt_runlist(&gt, 1, (struct gt_chan *[]){ &c }, 1);
	gt_inc(&c, 0, 0x50, 1, 0x77u);		/* SET_REFERENCE */
	assert_true(gt_run(&c, 1000));
	assert_true(gt_status(&c, 0, 1000));
	assert_int_equal(gt_userd(&c, 0x88), c.gp_put);
	assert_int_equal(gt_userd(&c, 0x48), 0x77);
	assert_int_equal(gt_userd(&c, 0x44), (uint32_t)c.pb_va + c.pb_put * 4);	/* GET */
	assert_int_equal(gt_userd(&c, 0x60), c.pb_va >> 32);
	assert_int_equal(gt_userd(&c, 0x58), (uint32_t)c.pb_va + c.pb_put * 4);	/* TOP_LEVEL */
}

static void test_doorbell_rules(void **state)
{
	struct gt_chan c;

	open_and_list(&c, 5, 1);
	gt_wr(&gt, GT_CHANNEL_CFG, 0x00000fff);		/* PENDING_ENABLE off */
	gt_release(&c, 0, 1);
	gt_kick(&c);
	gt_sleep_ms(20);
	assert_int_equal(c.scratch[0], 0);
	gt_wr(&gt, GT_CHANNEL_CFG, 0x80000fff);
	gt_wr(&gt, GT_DOORBELL, 2u << 16 | 5);		/* wrong runlist */
	gt_wr(&gt, GT_DOORBELL, 1u << 31 | 1u << 16 | 5);	/* stray bit */
	gt_wr(&gt, GT_DOORBELL, 1u << 16 | 6);		/* not bound */
	gt_sleep_ms(20);
	assert_int_equal(c.scratch[0], 0);
	gt_wr(&gt, GT_DOORBELL_PCI, 1u << 16 | 5);
	assert_true(gt_wait32(c.scratch, 1, 2000));
	gt_release(&c, 0, 2);
	gt_segment(&c, 0, 0);
	gt_ring(&c);
	assert_true(gt_wait32(c.scratch, 2, 2000));
	gt_release(&c, 0, 3);
	gt_segment(&c, 0, 0);
	gt_put(&c, c.gp_put);
	gt_wr(&gt, GT_DOORBELL, 15u << 16 | 5);		/* runlist ALL */
	assert_true(gt_wait32(c.scratch, 3, 2000));
}

static void test_bind_errors(void **state)
{
	struct gt_chan c;
	uint32_t word;

	open_and_list(&c, 7, 1);
	word = gt_rd(&gt, GT_CHANNEL_INST(7));
	gt_wr(&gt, GT_CHANNEL_INST(7), 0x80001234);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 1);
	assert_int_equal(gt_rd(&gt, GT_CHANNEL_INST(7)), word);
	assert_true(gt_rd(&gt, GT_PFIFO_INTR_0) & 1);
	assert_true(gt_rd(&gt, GT_LEAF(4)) & 1u << 8);	/* vector 136 */
	gt_wr(&gt, GT_PFIFO_INTR_0, 1);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 0);
	gt_wr(&gt, GT_CHANNEL_INST(8), 0x90000001);	/* target 1 */
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 6);
	gt_wr(&gt, GT_PFIFO_INTR_0, 1);
	/* Busy on an acquire that fails: on the PBDMA, so it cannot be unbound. */
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)c.scratch_va, (uint32_t)(c.scratch_va >> 32), 9u, 0u, 0u);
	gt_kick(&c);
	assert_true(gt_status(&c, 5, 1000));
	gt_wr(&gt, GT_CHANNEL_INST(7), 0);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 3);
	gt_wr(&gt, GT_PFIFO_INTR_0, 1);
	gt_wr(&gt, GT_CHANNEL(7), 0x800);
	gt_wr(&gt, GT_PREEMPT, 7);
	assert_true(sim_poll32(gt.sim, GT_PREEMPT, 1u << 20, 0, 1000));
	gt_wr(&gt, GT_CHANNEL_INST(7), 0);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 0);
	assert_int_equal(gt_rd(&gt, GT_CHANNEL(7)), 0);
}

static void expect_bad_tsg(const uint32_t *words, unsigned int n)
{
	gt_wr(&gt, GT_PFIFO_INTR_0, ~0u);
	gt_runlist_raw(&gt, 1, words, n);
	assert_int_equal(gt_rd(&gt, GT_SCHED_ERROR), 0x20);
	assert_true(gt_rd(&gt, GT_PFIFO_INTR_0) & 1u << 8);
}

static void test_bad_tsg(void **state)
{
	const uint32_t chan_alone[] = { 0, 0, 1, 0 };
	const uint32_t empty[] = { 1, 0, 1, 0 };
	const uint32_t cut[] = { 1, 2, 1, 0, 0, 0, 1, 0 };
	const uint32_t nested[] = { 1, 2, 1, 0, 1, 1, 2, 0, 0, 0, 1, 0 };
	const uint32_t extra[] = { 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0 };
	const uint32_t good[] = { 1, 1, 1, 0, 0, 0, 1, 0 };
	uint32_t huge[130 * 4] = { 1, 129, 1, 0 };

	expect_bad_tsg(chan_alone, 1);
	expect_bad_tsg(empty, 1);
	expect_bad_tsg(cut, 2);
	expect_bad_tsg(nested, 3);
	expect_bad_tsg(extra, 3);
	expect_bad_tsg(huge, 130);
	gt_wr(&gt, GT_PFIFO_INTR_0, ~0u);
	gt_runlist_raw(&gt, 1, good, 2);
	assert_int_equal(gt_rd(&gt, GT_SCHED_ERROR), 0);
}

static void test_runlist_unreadable(void **state)
{
	gt_wr(&gt, GT_RUNLIST_LO(1), 0xfffff000);
	gt_wr(&gt, GT_RUNLIST_HI(1), 0xff);
	gt_wr(&gt, GT_RUNLIST_SUBMIT(1), 4);
	assert_true(sim_poll32(gt.sim, GT_RUNLIST_INFO(1), 0x8000, 0, 1000));
	assert_int_equal(gt_rd(&gt, GT_SCHED_ERROR), 8);
}

/* A channel that never stops: each round of its ring releases once more. */
static void spin(struct gt_chan *c)
{
	uint64_t va = c->scratch_va;

	for (int i = 0; i < 8000; i++)
		gt_inc(c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), 1u, 0u,
		       6u | 5u << 27 | 1u << 31);	/* IADD */
	for (int i = 0; i < GT_GP_ENTRIES - 1; i++) {
		gt_gp_entry(c, (uint32_t)c->pb_va, c->pb_va >> 32 | c->pb_put << 10);
	}
	gt_ring(c);
}

/* Until the scratch word of each channel has passed @over. */
static bool all_move(struct gt_chan *ch, unsigned int n, const uint32_t *over)
{
	for (unsigned int t = 0, i = 0; t < 5000; t++) {
		while (i < n && __atomic_load_n(ch[i].scratch, __ATOMIC_RELAXED) > over[i])
			i++;
		if (i == n)
			return true;
		gt_sleep_ms(1);
	}
	return false;
}

static void test_round_robin(void **state)
{
	struct gt_chan c[4], *p[4];
	uint32_t seen[4] = { 0 };

	for (int i = 0; i < 4; i++) {
		gt_chan_open(&gt, &c[i], &vm, 20 + i, 1, 20 + i, 0);
		p[i] = &c[i];
	}
	gt_runlist(&gt, 1, p, 4);
	for (int i = 0; i < 4; i++)
		spin(&c[i]);
	assert_true(all_move(c, 4, seen));	/* none has to wait for another to end */
	assert_int_not_equal(gt_userd(&c[0], 0x88), c[0].gp_put);
	gt_wr(&gt, GT_SCHED_DISABLE, 2);
	gt_wr(&gt, GT_RUNLIST_PREEMPT, 2);
	assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 2, 0, 100));
	assert_int_equal(gt_rd(&gt, GT_PBDMA_STATUS(2)), 0);
	for (int i = 0; i < 4; i++)
		seen[i] = __atomic_load_n(c[i].scratch, __ATOMIC_RELAXED);
	gt_sleep_ms(20);
	for (int i = 0; i < 4; i++)
		assert_int_equal(__atomic_load_n(c[i].scratch, __ATOMIC_RELAXED), seen[i]);
	gt_wr(&gt, GT_SCHED_DISABLE, 0);
	assert_true(all_move(c, 4, seen));
}

static void test_disable_and_preempt_tsg(void **state)
{
	struct gt_chan c[2], *p[2] = { &c[0], &c[1] };
	uint32_t before;

	gt_chan_open(&gt, &c[0], &vm, 30, 2, 77, 0);
	gt_chan_open(&gt, &c[1], &vm, 31, 2, 78, 0);
	gt_runlist(&gt, 2, p, 2);
	spin(&c[0]);
	spin(&c[1]);
	assert_true(all_move(c, 2, (uint32_t[2]){ 0 }));
	gt_wr(&gt, GT_CHANNEL(30), 0x800);
	gt_wr(&gt, GT_PREEMPT, 77 | 1u << 24);
	assert_true(sim_poll32(gt.sim, GT_PREEMPT, 1u << 20, 0, 100));
	assert_true(gt_rd(&gt, GT_PFIFO_INTR_0) & 1u << 28);
	before = __atomic_load_n(c[0].scratch, __ATOMIC_RELAXED);
	gt_sleep_ms(20);
	assert_int_equal(__atomic_load_n(c[0].scratch, __ATOMIC_RELAXED), before);
	/* PENDING with its position in RAMFC; enabling goes on from there. */
	assert_true(gt_status(&c[0], 1, 100));
	gt_enable(&c[0]);
	assert_true(all_move(c, 1, &before));
}

static void test_removed_from_list(void **state)
{
	struct gt_chan c[2], *p[2] = { &c[0], &c[1] };
	uint32_t before;

	gt_chan_open(&gt, &c[0], &vm, 40, 1, 1, 0);
	gt_chan_open(&gt, &c[1], &vm, 41, 1, 2, 0);
	gt_runlist(&gt, 1, p, 2);
	spin(&c[0]);
	assert_true(all_move(c, 1, (uint32_t[1]){ 0 }));
	gt_runlist(&gt, 1, &p[1], 1);
	before = __atomic_load_n(c[0].scratch, __ATOMIC_RELAXED);
	assert_true(gt_run(&c[1], 1000));
	assert_int_equal(__atomic_load_n(c[0].scratch, __ATOMIC_RELAXED), before);
	gt_wr(&gt, GT_CHANNEL_INST(40), 0);
	assert_int_equal(gt_rd(&gt, GT_BIND_ERROR), 0);
}

static void test_forced_fault_blocks_tsg(void **state)
{
	struct gt_chan c[2], *p[2] = { &c[0], &c[1] };

	gt_chan_open(&gt, &c[0], &vm, 50, 1, 9, 0);
	gt_chan_open(&gt, &c[1], &vm, 51, 1, 9, 0);
	gt_runlist(&gt, 1, p, 2);
	gt_wr(&gt, GT_CHANNEL(50), 1u << 21);		/* FORCE_ENG_FAULTED */
	assert_true(gt_rd(&gt, GT_CHANNEL(50)) & 1u << 23);
	gt_release(&c[1], 0, 1);
	gt_kick(&c[1]);
	gt_sleep_ms(20);
	assert_int_equal(c[1].scratch[0], 0);		/* its TSG waits */
	gt_wr(&gt, GT_CHANNEL(50), 1u << 23);
	assert_true(gt_wait32(c[1].scratch, 1, 1000));
	assert_int_equal(gt_rd(&gt, GT_CHANNEL(50)) & 3u << 22, 0);
}

static void test_non_stall_interrupt(void **state)
{
	static const unsigned int vector[] = { 12, 7, 10, 11 };
	struct gt_chan c;

	for (unsigned int rl = 0; rl < 4; rl++) {
		open_and_list(&c, 60 + rl, rl);
		gt_wr(&gt, GT_PFIFO_INTR_0, ~0u);
		gt_wr(&gt, GT_LEAF(0), ~0u);
		gt_inc(&c, 0, 0x20, 1, 0u);
		assert_true(gt_run(&c, 1000));
		assert_true(gt_rd(&gt, GT_PFIFO_INTR_0) & 1u << 31);
		assert_int_equal(gt_rd(&gt, GT_LEAF(0)), 1u << vector[rl]);
	}
}

static void test_reset_while_busy(void **state)
{
	struct gt_chan c[2], *p = &c[0];

	gt_chan_open(&gt, &c[0], &vm, 70, 1, 1, 0);
	gt_runlist(&gt, 1, &p, 1);
	spin(&c[0]);
	assert_true(all_move(c, 1, (uint32_t[1]){ 0 }));
	gpu_reset(sim_gpu(gt.sim));
	assert_int_equal(gt_rd(&gt, GT_CHANNEL(70)), 0);
	assert_int_equal(gt_rd(&gt, GT_CHANNEL_INST(70)), 0);
	assert_int_equal(gt_rd(&gt, GT_PBDMA_STATUS(2)), 0);
	assert_int_equal(sim_dma_depth(gt.sim), 0);
	gt_wr(&gt, GT_CHANNEL_CFG, 0x80000fff);
	gt_chan_open(&gt, &c[1], &vm, 71, 1, 1, 0);
	p = &c[1];
	gt_runlist(&gt, 1, &p, 1);
	assert_true(gt_run(&c[1], 1000));
}

static void test_idle_interrupt(void **state)
{
	struct gt_chan c;

	open_and_list(&c, 75, 2);
	gt_wr(&gt, 0x2a80, 4);			/* RUNLIST_IDLE_EN_SET, runlist 2 */
	assert_int_equal(gt_rd(&gt, 0x2a90), 4);
	gt_wr(&gt, GT_PFIFO_INTR_0, ~0u);
	assert_true(gt_run(&c, 1000));
	assert_true(sim_poll32(gt.sim, 0x2a40, 4, 4, 1000));
	assert_int_equal(gt_rd(&gt, 0x2a50), 0);
	assert_true(gt_rd(&gt, GT_PFIFO_INTR_0) & 1u << 4);
	gt_wr(&gt, 0x2a40, 4);
	assert_int_equal(gt_rd(&gt, GT_PFIFO_INTR_0) & 0xf0, 0);
	assert_int_equal(gt_rd(&gt, 0x3408) & 0x300, 0x300);	/* RUNLIST_INFO: all idle */
	gt_wr(&gt, 0x2a90, 4);
	assert_true(gt_run(&c, 1000));
	assert_true(gt_status(&c, 0, 1000));
	assert_int_equal(gt_rd(&gt, 0x2a40), 0);
}

static void test_host_reset(void **state)
{
	uint32_t enable = gt_rd(&gt, GT_PMC_ENABLE);
	struct gt_chan c;

	open_and_list(&c, 76, 1);
	spin(&c);
	assert_true(all_move(&c, 1, (uint32_t[1]){ 0 }));
	gt_wr(&gt, GT_PMC_ENABLE, enable & ~0x100u);
	assert_int_equal(gt_rd(&gt, GT_CHANNEL(76)), 0);
	assert_int_equal(gt_rd(&gt, GT_PBDMA_STATUS(2)), 0);
	assert_int_equal(gt_rd(&gt, GT_ENGINE_STATUS(3)), 0);
	gt_wr(&gt, GT_PMC_ENABLE, enable);
	open_and_list(&c, 77, 1);
	assert_true(gt_run(&c, 1000));
}

static void test_two_runqueues(void **state)
{
	struct gt_chan c, *p = &c;

	gt_chan_open(&gt, &c, &vm, 80, 0, 1, 0);
	c.runqueue = 1;
	gt_runlist(&gt, 0, &p, 1);
	gt_inc(&c, 0, 0x04, 1, 0u);			/* ILLEGAL stalls where it runs */
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_INTR_PBDMA_ID, ~0u, 2, 1000));
	assert_int_equal(gt_rd(&gt, GT_PBDMA(1, GT_PBDMA_CHANNEL)), 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_identity), T(test_submit_runs), T(test_userd_in_sysmem),
		T(test_userd_written_on_save),
		T(test_doorbell_rules), T(test_bind_errors), T(test_bad_tsg),
		T(test_runlist_unreadable), T(test_round_robin), T(test_disable_and_preempt_tsg),
		T(test_removed_from_list), T(test_forced_fault_blocks_tsg),
		T(test_non_stall_interrupt), T(test_reset_while_busy), T(test_two_runqueues),
		T(test_idle_interrupt), T(test_host_reset),
	};

	return cmocka_run_group_tests_name("fifo", tests, NULL, NULL);
}
