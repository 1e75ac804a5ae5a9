/* SPDX-License-Identifier: MIT */
/* A warp by hand, to execute single instructions on without a GPU around it. */
#ifndef TESTS_HW_SASS_WARP_H
#define TESTS_HW_SASS_WARP_H

#include "hwtest.h"
#include "sassasm.h"
#include "sm.h"

static struct warp *W;
static struct launch sass_launch;
static struct sm_part sass_part;
static struct sm_caches sass_caches;

static inline uint32_t rnd32(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

/* Bank 3 holds 0x80000000 + word number at words 0..15. */
static int sass_warp_setup(void **state)
{
	W = aligned_alloc(64, (sizeof(*W) + 63) / 64 * 64);
	memset(W, 0, sizeof(*W));
	W->l = &sass_launch;
	W->part = &sass_part;
	W->pred[7] = ~0u;
	W->live = W->active = ~0u;
	sass_launch.caches = &sass_caches;
	sass_launch.nregs = 255;
	sass_caches.bank[3].size = 64;
	sass_caches.bank[3].data = calloc(1, SM_CONST_BYTES + 16);
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t v = 0x80000000 + i - 6;

		memcpy(sass_caches.bank[3].data + 4 * i, &v, 4);
	}
	sass_caches.bank[3].valid[0] = 1;
	return 0;
}

static int sass_warp_teardown(void **state)
{
	free(sass_caches.bank[3].data);
	free(W);
	return 0;
}

static inline uint64_t pair(unsigned int reg, unsigned int lane)
{
	return W->r[reg][lane] | (uint64_t)W->r[reg + 1][lane] << 32;
}

static inline void run(struct insn i, uint32_t mask)
{
	struct sass_insn in;

	sass_decode(&in, i.w);
	if (in.esr || !in.exec)
		fail_msg("%08x %08x %08x does not decode: %#x", i.w[0], i.w[1], i.w[2], in.esr);
	assert_int_equal(in.exec(W, &in, mask), SASS_NEXT);
}

#endif
