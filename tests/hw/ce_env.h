/* SPDX-License-Identifier: MIT */
/* A channel on a copy engine, memory at both ends, and its methods. */
#ifndef TESTS_HW_CE_ENV_H
#define TESTS_HW_CE_ENV_H

#include "gputest.h"

#define LAUNCH_COPY	0x182u		/* NON_PIPELINED, pitch to pitch */
#define MULTI_LINE	0x200u
#define REMAP		0x400u
#define SRC_PHYS	0x1000u
#define DST_PHYS	0x2000u

#define SRC	0x7900000000ull
#define DST	0x7a00000000ull
#define BYTES	0x40000u

static struct gputest gt;
static struct gt_vm vm;
static struct gt_chan c, *chans[1] = { &c };
static unsigned int lce = 2, rl = 1, subch;
static uint64_t src_pa, dst_pa;
static uint8_t *src, *dst;		/* source in VRAM, destination in system memory */

static inline int start(unsigned int flags, const char *inject)
{
	const struct sim_config config = { .gpu.inject = inject };

	gt_create(&gt, &config);
	gt_vm_new(&gt, &vm, false);
	gt_chan_open(&gt, &c, &vm, 11, rl, 11, flags);
	gt_runlist(&gt, rl, chans, 1);
	src_pa = gt_vram(&gt, BYTES, 0x10000);
	dst_pa = gt_sys(&gt, BYTES, 0x10000);
	src = sim_vram(gt.sim, src_pa, BYTES);
	dst = sim_mem(gt.sim, dst_pa, BYTES);
	gt_map_range(&vm, SRC, BYTES, 16, src_pa, GT_VRAM_RW);
	gt_map_range(&vm, DST, BYTES, 12, dst_pa, GT_SYS_RW);
	gt_invalidate_all(&gt);
	for (unsigned int i = 0; i < BYTES; i++)
		src[i] = i * 7 + (i >> 8);
	gt_inc(&c, subch, 0, 1, 0xc5b5u);
	return 0;
}

static inline int setup(void **state) { return start(0, NULL); }
static inline int setup_phys(void **state) { return start(GT_CE_PRIV, NULL); }
static inline int setup_inject(void **state) { return start(0, "ce-error=@2"); }

static inline int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static inline void addresses(uint64_t s, uint64_t d)
{
	gt_inc(&c, subch, 0x400, 4, (uint32_t)(s >> 32), (uint32_t)s, (uint32_t)(d >> 32),
	       (uint32_t)d);
}

static inline void launch(uint32_t bits)
{
	gt_inc(&c, subch, 0x300, 1, bits);
}

static inline void linear(uint64_t s, uint64_t d, uint32_t bytes, uint32_t bits)
{
	addresses(s, d);
	gt_inc(&c, subch, 0x418, 1, bytes);
	launch(LAUNCH_COPY | bits);
}

static inline void ce_sem(uint64_t va, uint32_t payload)
{
	gt_inc(&c, subch, 0x240, 3, (uint32_t)(va >> 32), (uint32_t)va, payload);
}

/* The engine stopped with LAUNCHERR @err and @status; clearing drops the launch. */
static inline void expect_launcherr_now(unsigned int err, uint32_t status)
{
	assert_true(sim_poll32(gt.sim, GT_LCE_INTR_STATUS(lce), ~0u, status, 1000));
	assert_int_equal(gt_rd(&gt, GT_LCE_LAUNCHERR(lce)), err);
	assert_int_equal(gt_rd(&gt, GT_LEAF(6)) & 1u << 7, 1u << 7);
	gt_wr(&gt, GT_LCE_INTR_STATUS(lce), status);
	gt_wr(&gt, GT_LEAF(6), 1u << 7);
	assert_int_equal(gt_rd(&gt, GT_LCE_LAUNCHERR(lce)), 0);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(gt_rd(&gt, GT_LEAF(6)), 0);
}

static inline void expect_launcherr(unsigned int err)
{
	gt_kick(&c);
	expect_launcherr_now(err, 4);
}

#endif
