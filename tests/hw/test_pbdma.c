// SPDX-License-Identifier: MIT
/* GP entries, pushbuffer forms, and the errors that stop a PBDMA. */
#include "host_env.h"

static void test_header_forms(void **state)
{
	uint64_t va = c.scratch_va;

	/* NON_INC: the last of three addresses counts. */
	gt_word(&c, 0x60000000 | 3 << 16 | 0x5c >> 2);
	gt_word(&c, 0xdead0000);
	gt_word(&c, 0xbeef0000);
	gt_word(&c, (uint32_t)va);
	/* ONE_INC: 0x60 once, then 0x64 three times. */
	gt_word(&c, 0xa0000000 | 4 << 16 | 0x60 >> 2);
	gt_word(&c, va >> 32);
	gt_word(&c, 1);
	gt_word(&c, 2);
	gt_word(&c, 33);
	gt_imm(&c, 0, 0x6c, 1);			/* IMMD release */
	gt_word(&c, 0);				/* NOP */
	gt_word(&c, 0x20000000 | 0x04 >> 2);	/* INC of nothing at ILLEGAL */
	gt_kick(&c);
	assert_true(gt_wait32(c.scratch, 33, 1000));
	assert_true(gt_run(&c, 1000));
}

static void test_split_over_segments(void **state)
{
	uint64_t va = c.scratch_va;

	gt_word(&c, 0x20000000 | 5 << 16 | 0x5c >> 2);
	gt_segment(&c, 0, 0);
	gt_word(&c, (uint32_t)va);
	gt_word(&c, va >> 32);
	gt_segment(&c, 0, 1u << 31);		/* SYNC_WAIT */
	gt_gp_entry(&c, 0, 0);			/* control: NOP */
	gt_word(&c, 44);
	gt_segment(&c, 0, 1u << 9);		/* subroutine */
	gt_ring(&c);
	assert_true(gt_status(&c, 0, 1000));	/* idle within a method */
	assert_int_equal(at(0), 0);
	assert_int_equal(*gt_ramfc(&c, 34) & 0x1fff, 2);	/* PB_COUNT */
	gt_word(&c, 0);
	gt_word(&c, 1);
	gt_kick(&c);
	assert_true(gt_wait32(c.scratch, 44, 1000));
}

static void test_end_segment(void **state)
{
	gt_release(&c, 0, 1);
	gt_word(&c, 0xe0000000);
	gt_word(&c, 0xc0000000);		/* never looked at */
	gt_segment(&c, 0, 0);
	gt_release(&c, 4, 2);
	gt_kick(&c);
	assert_true(gt_wait32(c.scratch + 1, 2, 1000));
	assert_int_equal(at(0), 1);
}

static void test_subdevice_mask(void **state)
{
	*gt_ramfc(&c, 37) = 0x30000001;		/* this is subdevice 0 */
	gt_word(&c, 0x00010000 | 2 << 4);	/* SET: only subdevice 1 */
	gt_release(&c, 0, 1);
	gt_word(&c, 0x00020000 | 1 << 4);	/* STORE: subdevice 0 */
	gt_release(&c, 0, 2);
	gt_word(&c, 0x00030000);		/* USE */
	gt_release(&c, 4, 3);
	gt_kick(&c);
	assert_true(gt_wait32(c.scratch + 1, 3, 1000));
	assert_int_equal(at(0), 0);
	/* A conditional segment is not even fetched while inactive. */
	gt_word(&c, 0x00010000 | 2 << 4);
	gt_segment(&c, 0, 0);
	gt_word(&c, 0x00010000 | 1 << 4);
	gt_release(&c, 0, 4);
	gt_segment(&c, 1, 1u << 31);		/* FETCH_CONDITIONAL, SYNC_WAIT */
	gt_word(&c, 0x00010000 | 1 << 4);
	gt_release(&c, 8, 5);
	gt_kick(&c);
	assert_true(gt_wait32(c.scratch + 2, 5, 1000));
	assert_int_equal(at(0), 0);
}

static void bad_entry(uint32_t word)
{
	gt_word(&c, word);
	gt_segment(&c, 0, 0);
	gt_ring(&c);
	expect_stall(0, 18);			/* PBENTRY */
	assert_int_equal(gt_rd(&gt, GT_PBDMA(PB, 0x118)), word);
	/* As the manual says: a valid header, then clear. */
	expect_clear(0, 18);
	assert_true(sim_poll32(gt.sim, INTR_0, 1u << 18, 1u << 18, 1000));	/* not repaired */
	gt_wr(&gt, GT_PBDMA(PB, 0x084), 0x20400000);
	gt_wr(&gt, GT_PBDMA(PB, 0x088), 0);
	expect_clear(0, 18);
	assert_true(gt_run(&c, 1000));
}

static void test_bad_entries(void **state)
{
	bad_entry(0x40040000);			/* obsolete form 2 */
	bad_entry(0xc0000001);			/* reserved 6 */
	bad_entry(0x20000000 | 2 << 16 | 0xfff);	/* wraps */
	bad_entry(0xa0000000 | 2 << 16 | 0xfff);
}

static void test_bad_group0(void **state)
{
	gt_word(&c, 0x00041234);
	gt_kick(&c);
	expect_stall(0, 18);
}

static void test_gp_errors(void **state)
{
	gt_gp_entry(&c, 0, 1);			/* ILLEGAL */
	gt_ring(&c);
	expect_stall(0, 15);
	assert_int_equal(gt_rd(&gt, GT_PBDMA(PB, 0x114)), 1);
	expect_clear(0, 15);
	assert_true(gt_run(&c, 1000));
	gt_gp_entry(&c, 0xfffffff8, 0xff | 2 << 10);	/* last dwords of the space */
	gt_ring(&c);
	expect_stall(0, 15);
	expect_clear(0, 15);
	assert_true(gt_run(&c, 1000));
	gt_put(&c, 256);	/* outside the ring */
	gt_wr(&gt, GT_DOORBELL, RL << 16 | 33);
	expect_stall(0, 14);
	gt_put(&c, c.gp_put);
	gt_wr(&gt, GT_PBDMA(PB, 0x000), c.gp_put);
	expect_clear(0, 14);
	assert_true(gt_run(&c, 1000));
}

static void test_gpfifo_end(void **state)
{
	*gt_ramfc(&c, 18) = 0xfffff800;		/* 256 entries end at 2^40: still fine */
	*gt_ramfc(&c, 19) = 0xff | 9 << 16;	/* 512 do not fit */
	gt_kick(&c);
	expect_stall(0, 13);
}

static void test_crc(void **state)
{
	uint32_t words[4] = { 0, 0x80000000 | 0x08 >> 2, 0, 0 }, crc = 0;

	for (unsigned int i = 0; i < sizeof(words); i++) {
		crc ^= (uint32_t)((uint8_t *)words)[i] << 24;
		for (int b = 0; b < 8; b++)
			crc = crc >> 31 ? crc << 1 ^ 0x04c11db7 : crc << 1;
	}
	for (int i = 0; i < 4; i++)
		gt_word(&c, words[i]);
	gt_segment(&c, 0, 0);
	gt_gp_entry(&c, crc, 3);		/* PB_CRC */
	gt_ring(&c);
	assert_true(gt_run(&c, 1000));
	gt_word(&c, 0);
	gt_segment(&c, 0, 0);
	gt_gp_entry(&c, 0x12345678, 3);
	gt_ring(&c);
	expect_stall(0, 19);
	expect_clear(0, 19);
	assert_true(gt_run(&c, 1000));
	gt_gp_entry(&c, 0, 2);			/* GP_CRC of more than nothing */
	gt_ring(&c);
	expect_stall(0, 16);
	expect_clear(0, 16);
	gt_gp_entry(&c, 0, 2);			/* cleared by the first check */
	gt_ring(&c);
	assert_true(gt_run(&c, 1000));
}

static void test_signature(void **state)
{
	*gt_ramfc(&c, 4) = 0xdead;
	gt_kick(&c);
	expect_stall(0, 31);
}

static void test_class_as_signature(void **state)
{
	*gt_ramfc(&c, 4) = 0xc46f;
	assert_true(gt_run(&c, 1000));
}

static void test_bad_methods(void **state)
{
	bad_method(0, 0x04, 0x1234, 21);	/* ILLEGAL */
	bad_method(3, 0x38, 1, 21);		/* no such method */
	bad_method(0, 0xfc, 0, 21);
	bad_method(0, 0x80, 1, 21);		/* YIELD, unknown op */
	bad_method(0, 0x34, 9u << 27, 21);	/* TLB invalidate, unprivileged */
	bad_method(0, 0x34, 0x16u << 27, 21);	/* access counters, unprivileged */
	bad_method(0, 0x34, 1u << 27, 21);	/* unknown memory operation */
	bad_method(5, 0x100, 7, 23);		/* software methods: DEVICE */
	bad_method(7, 0x000, 0xc5b5, 23);
	bad_method(0, 0x6c, 7, 25);		/* SEM_EXECUTE, unknown op */
	bad_method(0, 0x1c, 3, 25);		/* SEMAPHORED, two ops */
}

static void test_uncleared_method_stays(void **state)
{
	gt_inc(&c, 0, 0x04, 1, 0u);
	gt_kick(&c);
	expect_stall(0, 21);
	expect_clear(0, 21);			/* not repaired: it comes back */
	expect_stall(0, 21);
	/* A preemption waits for the guest to handle it. */
	gt_wr(&gt, GT_PREEMPT, 5 | 1u << 24);
	gt_sleep_ms(5);
	assert_true(gt_rd(&gt, GT_PREEMPT) & 1u << 20);
	gt_wr(&gt, GT_CHANNEL(33), 0x800);
	expect_clear(0, 21);
	assert_true(sim_poll32(gt.sim, GT_PREEMPT, 1u << 20, 0, 1000));
	assert_int_equal(gt_rd(&gt, GT_PBDMA_STATUS(PB)), 0);
	assert_int_equal(*gt_ramfc(&c, 48) & 0x80003ffc, 0x80000004);
}

static void test_write_while_running(void **state)
{
	gt_inc(&c, 0, 0x5c, 5, (uint32_t)c.scratch_va, (uint32_t)(c.scratch_va >> 32), 9u, 0u, 0u);
	gt_kick(&c);
	assert_true(gt_status(&c, 5, 1000));
	gt_wr(&gt, METHOD0, NOP0);
	expect_stall(0, 27);			/* PRI */
}

static void test_wrong_class(void **state)
{
	gt_inc(&c, 0, 0x00, 1, 0xc3b5u);
	gt_kick(&c);
	expect_stall(1, 4);			/* HCE_ILLEGAL_CLASS */
	assert_int_equal(gt_rd(&gt, GT_PBDMA(PB, 0x154)), 0xc3b5);
	expect_clear(1, 4);			/* dropped: nothing to repair */
	gt_inc(&c, 0, 0x00, 1, 0xc5b5u);
	assert_true(gt_run(&c, 1000));
	gt_inc(&c, 0, 0x304, 1, 0x77u);
	gt_kick(&c);
	expect_stall(1, 3);			/* HCE_ILLEGAL_MTHD */
	assert_int_equal(gt_rd(&gt, GT_PBDMA(PB, 0x150)), 0x304);
	assert_int_equal(gt_rd(&gt, GT_PBDMA(PB, 0x154)), 0x77);
	expect_clear(1, 3);
	assert_true(gt_run(&c, 1000));
}

static void test_ctx_not_valid(void **state)
{
	gt_inc(&c, 4, 0x100, 1, 0u);
	gt_kick(&c);
	expect_stall(1, 31);
	assert_int_equal(gt_rd(&gt, METHOD0) & 0x80073ffc, 0x80040100);
	gt_wr(&gt, GT_PBDMA(PB, 0x0ac), 0x30000);
	expect_clear(1, 31);
	assert_true(gt_run(&c, 1000));
}

/* Two channels of one runlist hand a token to each other by semaphores. */
/* A stale entry stays until the very address is invalidated. */
static void test_ramfc_round_trip(void **state)
{
	sem(0x120, 0x99, 0);
	gt_kick(&c);
	assert_true(gt_status(&c, 5, 1000));
	gt_wr(&gt, GT_PREEMPT, 33);
	gt_wr(&gt, GT_CHANNEL(33), 0x800);
	assert_true(sim_poll32(gt.sim, GT_PREEMPT, 1u << 20, 0, 1000));
	gt_wr(&gt, GT_PREEMPT, 33);
	assert_true(sim_poll32(gt.sim, GT_PREEMPT, 1u << 20, 0, 1000));
	assert_true(gt_status(&c, 3, 100));		/* PENDING_ACQUIRE */
	assert_int_equal(*gt_ramfc(&c, 15), (uint32_t)c.scratch_va + 0x120);
	assert_int_equal(*gt_ramfc(&c, 14), c.scratch_va >> 32);
	assert_int_equal(*gt_ramfc(&c, 16), 0x99);
	assert_int_equal(*gt_ramfc(&c, 5), c.gp_put);		/* GP_GET */
	assert_int_equal(*gt_ramfc(&c, 48) & 0x80003ffc, 0x8000006c);
	c.scratch[0x120 / 4] = 0x99;
	gt_enable(&c);
	assert_true(gt_status(&c, 0, 1000));
	assert_true(gt_run(&c, 1000));
}

/* Sixteen million entries that name no word don't keep the other channel waiting. */
static void test_empty_entries_share(void **state)
{
	const uint64_t ring = 0x5000000000ull, page = 2u << 20;
	uint64_t nops = gt_vram(&gt, page, page);
	struct gt_chan d, *both[2] = { &c, &d };

	for (unsigned int i = 0; i < 64; i++)
		gt_map(&vm, ring + i * page, 21, nops, GT_VRAM_RW);
	gt_chan_open(&gt, &d, &vm, 34, RL, 6, 0);
	*gt_ramfc(&c, 18) = (uint32_t)ring;
	*gt_ramfc(&c, 19) = ring >> 32 | 24 << 16;
	gt_runlist(&gt, RL, both, 2);
	gt_put(&c, (1u << 24) - 1);
	gt_wr(&gt, GT_DOORBELL, RL << 16 | 33);
	assert_true(sim_poll32(gt.sim, GT_PBDMA(PB, GT_PBDMA_CHANNEL), 0xfff, 33, 1000));
	gt_release(&d, 0, 7);
	gt_kick(&d);
	assert_true(gt_wait32(d.scratch, 7, 1000));
	assert_false(gt_status(&c, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_header_forms), T(test_split_over_segments), T(test_end_segment),
		T(test_subdevice_mask), T(test_bad_entries), T(test_bad_group0),
		T(test_gp_errors), T(test_gpfifo_end), T(test_crc), T(test_signature),
		T(test_class_as_signature), T(test_bad_methods), T(test_uncleared_method_stays),
		T(test_write_while_running), T(test_wrong_class),
		cmocka_unit_test_setup_teardown(test_ctx_not_valid, setup_no_ctx, teardown),
		T(test_ramfc_round_trip), T(test_empty_entries_share),
	};

	return cmocka_run_group_tests_name("pbdma", tests, NULL, NULL);
}
