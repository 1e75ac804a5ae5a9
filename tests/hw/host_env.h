/* SPDX-License-Identifier: MIT */
/* One channel on LCE 2, and what tests of Host ask about its PBDMA. */
#ifndef TESTS_HW_HOST_ENV_H
#define TESTS_HW_HOST_ENV_H

#include "gputest.h"

#define RL	1	/* LCE 2; its PBDMA is number 2 */
#define PB	2
#define INTR_0	GT_PBDMA(PB, GT_PBDMA_INTR_0)
#define INTR_1	GT_PBDMA(PB, GT_PBDMA_INTR_1)
#define METHOD0	GT_PBDMA(PB, GT_PBDMA_METHOD0)
#define DATA0	GT_PBDMA(PB, GT_PBDMA_DATA0)
#define NOP0	0x80600008	/* METHOD0: valid, Host NOP */

static struct gputest gt;
static struct gt_vm vm;
static struct gt_chan c, *chans[1] = { &c };

static inline int setup_flags(unsigned int flags, bool stepped)
{
	const struct sim_config config = { .stepped_clock = stepped };

	gt_create(&gt, &config);
	gt_vm_new(&gt, &vm, false);
	gt_chan_open(&gt, &c, &vm, 33, RL, 5, flags);
	gt_runlist(&gt, RL, chans, 1);
	return 0;
}

static inline int setup(void **state) { return setup_flags(0, false); }
static inline int setup_priv(void **state) { return setup_flags(GT_PRIV, false); }
static inline int setup_stepped(void **state) { return setup_flags(GT_PRIV, true); }
static inline int setup_no_ctx(void **state) { return setup_flags(GT_NO_CTX, false); }

static inline int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static inline uint32_t at(unsigned int off)
{
	return __atomic_load_n(c.scratch + off / 4, __ATOMIC_ACQUIRE);
}

/* INTR_@n shows @bit, and the tree above names this PBDMA and channel. */
static inline void expect_stall(unsigned int n, unsigned int bit)
{
	assert_true(sim_poll32(gt.sim, n ? INTR_1 : INTR_0, 1u << bit, 1u << bit, 1000));
	assert_int_equal(gt_rd(&gt, n ? INTR_1 : INTR_0), 1u << bit);
	assert_int_equal(gt_rd(&gt, GT_INTR_PBDMA_ID), 1u << PB);
	assert_true(gt_rd(&gt, GT_PFIFO_INTR_0) & 1u << 29);
	assert_int_equal(gt_rd(&gt, GT_PBDMA(PB, GT_PBDMA_CHANNEL)), 33);
	assert_int_equal(gt_rd(&gt, GT_PBDMA_STATUS(PB)), 1u << 13 | 1u << 12 | 5);
}

static inline void expect_clear(unsigned int n, unsigned int bit)
{
	gt_wr(&gt, n ? INTR_1 : INTR_0, 1u << bit);
}

/* Stalling method: METHOD0 and DATA0 show it; a NOP in its place goes on. */
static inline void bad_method(unsigned int subch, uint32_t mthd, uint32_t data, unsigned int bit)
{
	gt_inc(&c, subch, mthd, 1, data);
	gt_kick(&c);
	expect_stall(0, bit);
	assert_int_equal(gt_rd(&gt, METHOD0) & 0x80073ffc, 0x80000000 | subch << 16 | mthd);
	assert_int_equal(gt_rd(&gt, DATA0), data);
	gt_wr(&gt, METHOD0, NOP0);
	expect_clear(0, bit);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(gt_rd(&gt, INTR_0), 0);
}

static inline void sem(uint32_t off, uint64_t payload, uint32_t exec)
{
	uint64_t va = c.scratch_va + off;

	gt_inc(&c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), (uint32_t)payload,
	       (uint32_t)(payload >> 32), exec);
}

#endif
