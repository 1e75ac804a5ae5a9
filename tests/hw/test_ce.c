// SPDX-License-Identifier: MIT
/* What copy engines (class C5B5) do with good and bad launches. */
#include <time.h>

#include "ce_env.h"

static void test_every_engine(void **state)
{
	static const struct { unsigned int lce, rl, subch, rq; } on[] = {
		{ 0, 0, 4, 0 }, { 1, 0, 4, 1 }, { 2, 1, 0, 0 }, { 3, 2, 4, 0 }, { 4, 3, 3, 0 },
	};
	struct gt_chan *p = &c;

	for (unsigned int i = 0; i < 5; i++) {
		gt_chan_open(&gt, &c, &vm, 20 + i, on[i].rl, 20 + i, 0);
		c.runqueue = on[i].rq;
		gt_runlist(&gt, on[i].rl, &p, 1);
		subch = on[i].subch;
		memset(dst, 0, 64);
		/* No SET_OBJECT: old clients use subchannel 4 without one. */
		linear(SRC, DST, 64, 0);
		assert_true(gt_run(&c, 1000));
		assert_memory_equal(src, dst, 64);
		assert_int_equal(gt_rd(&gt, 0x104404 + 0x80 * on[i].lce),
				 1 | (uint32_t)(c.inst >> 12) << 1);
	}
	subch = 0;
}

static void test_linear(void **state)
{
	static const struct { uint32_t s, d, n; } cases[] = {
		{ 0, 0, 1 }, { 3, 5, 7 }, { 0xfff, 0x1001, 2 }, { 0x10ff, 0xfff, 0x2002 },
		{ 0, 0, BYTES }, { 0x123, 0x456, 0 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(dst, 0xee, BYTES);
		linear(SRC + cases[i].s, DST + cases[i].d, cases[i].n, 0);
		assert_true(gt_run(&c, 2000));
		assert_memory_equal(src + cases[i].s, dst + cases[i].d, cases[i].n);
		if (cases[i].d)
			assert_int_equal(dst[cases[i].d - 1], 0xee);
		if (cases[i].d + cases[i].n < BYTES)
			assert_int_equal(dst[cases[i].d + cases[i].n], 0xee);
	}
}

static void test_pitch_2d(void **state)
{
	addresses(SRC + 100, DST + 50);
	gt_inc(&c, 0, 0x410, 4, 700u, 300u, 260u, 41u);
	launch(LAUNCH_COPY | MULTI_LINE);
	assert_true(gt_run(&c, 1000));
	for (unsigned int y = 0; y < 41; y++) {
		assert_memory_equal(dst + 50 + y * 300, src + 100 + y * 700, 260);
		assert_int_equal(dst[50 + y * 300 + 260], 0);
	}
	/* A negative pitch turns the picture over. */
	memset(dst, 0, BYTES);
	addresses(SRC + 40 * 700, DST);
	gt_inc(&c, 0, 0x410, 4, -700u, 300u, 260u, 41u);
	launch(LAUNCH_COPY | MULTI_LINE);
	assert_true(gt_run(&c, 1000));
	for (unsigned int y = 0; y < 41; y++)
		assert_memory_equal(dst + y * 300, src + (40 - y) * 700, 260);
}

static void fill(uint32_t a, uint32_t b, uint32_t components, uint64_t d, uint32_t elements)
{
	gt_inc(&c, 0, 0x700, 3, a, b, components);
	addresses(0, d);
	gt_inc(&c, 0, 0x418, 1, elements);
	launch(LAUNCH_COPY | REMAP);
	assert_true(gt_run(&c, 1000));
}

static void test_fills(void **state)
{
	uint32_t *w = (uint32_t *)(dst + 0x1000);

	fill(0, 0xab, 5, DST + 3, 0x2001);			/* bytes of CONST_B */
	assert_int_equal(dst[2], 0);
	for (unsigned int i = 3; i < 3 + 0x2001; i++)
		assert_int_equal(dst[i], 0xab);
	assert_int_equal(dst[3 + 0x2001], 0);
	fill(0, 0x12345678, 5 | 3 << 16, DST + 0x1000, 0x1001);	/* words */
	for (unsigned int i = 0; i < 0x1001; i++)
		assert_int_equal(w[i], 0x12345678);
	assert_int_equal(w[0x1001], 0);
	/* Pairs of words, placed so that pages end within an element. */
	fill(0x11111111, 0x22222222, 4 | 5 << 4 | 3 << 16 | 1 << 24, DST + 0x1004, 0x1001);
	for (unsigned int i = 0; i < 0x1001; i++) {
		assert_int_equal(w[1 + 2 * i], 0x11111111);
		assert_int_equal(w[2 + 2 * i], 0x22222222);
	}
	assert_int_equal(w[1 + 2 * 0x1001], 0);
	/* Three bytes, two of them untouched. */
	memset(dst, 0x55, 300);
	fill(0, 0x99, 6 | 5 << 4 | 6 << 8 | 2 << 24, DST, 100);
	for (unsigned int i = 0; i < 300; i++)
		assert_int_equal(dst[i], i % 3 == 1 ? 0x99 : 0x55);
}

static void test_remap(void **state)
{
	/* Four source bytes to (W, Z, CONST_A, X) of 16 bits... of bytes. */
	gt_inc(&c, 0, 0x700, 3, 0x77u, 0u, 3u | 2u << 4 | 4u << 8 | 0u << 12 | 3u << 20 | 3u << 24);
	addresses(SRC, DST);
	gt_inc(&c, 0, 0x410, 4, 0x1000u, 0x2000u, 1000u, 5u);
	launch(LAUNCH_COPY | REMAP | MULTI_LINE);
	assert_true(gt_run(&c, 1000));
	for (unsigned int y = 0; y < 5; y++) {
		for (unsigned int i = 0; i < 1000; i++) {
			const uint8_t *s = src + y * 0x1000 + i * 4, *d = dst + y * 0x2000 + i * 4;

			assert_int_equal(d[0], s[3]);
			assert_int_equal(d[1], s[2]);
			assert_int_equal(d[2], 0x77);
			assert_int_equal(d[3], s[0]);
		}
	}
	/* Identity of 16-byte elements is a plain copy. */
	memset(dst, 0, BYTES);
	gt_inc(&c, 0, 0x708, 1, 0x3210u | 3u << 16 | 3u << 20 | 3u << 24);
	gt_inc(&c, 0, 0x410, 4, 0x1000u, 0x2000u, 100u, 5u);
	launch(LAUNCH_COPY | REMAP | MULTI_LINE);
	assert_true(gt_run(&c, 1000));
	for (unsigned int y = 0; y < 5; y++)
		assert_memory_equal(dst + y * 0x2000, src + y * 0x1000, 1600);
	assert_int_equal(dst[1600], 0);
}

static void test_physical(void **state)
{
	gt_inc(&c, 0, 0x260, 2, 0u, 1u);		/* VRAM to coherent memory */
	linear(src_pa + 5, dst_pa + 9, 0x3000, SRC_PHYS | DST_PHYS);
	assert_true(gt_run(&c, 1000));
	assert_memory_equal(src + 5, dst + 9, 0x3000);
	gt_inc(&c, 0, 0x260, 2, 2u, 0u);		/* non-coherent back */
	linear(dst_pa + 9, src_pa + 0x20000, 0x3000, SRC_PHYS | DST_PHYS);
	assert_true(gt_run(&c, 1000));
	assert_memory_equal(src + 5, src + 0x20000, 0x3000);
}

static void test_physical_needs_privilege(void **state)
{
	linear(src_pa, dst_pa, 64, SRC_PHYS);
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_PBDMA(2, GT_PBDMA_INTR_1), 4, 4, 1000));	/* HCE_PRIV */
	assert_int_equal(gt_rd(&gt, GT_PBDMA(2, 0x150)), 0x300);
	gt_wr(&gt, GT_PBDMA(2, GT_PBDMA_INTR_1), 4);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(dst[1], 0);
}

static void test_semaphores(void **state)
{
	uint64_t *s64 = (uint64_t *)c.scratch;

	memset(c.scratch, 0xff, 64);
	ce_sem(c.scratch_va, 0x1234);
	linear(SRC, DST, 64, 1 << 3);			/* one word */
	ce_sem(c.scratch_va + 16, 0x5678);
	launch(2 << 3);					/* four words, no copy */
	ce_sem(c.scratch_va + 32, 10);
	launch(1 << 3);
	ce_sem(c.scratch_va + 32, 11);
	launch(1 << 3 | 5 << 14 | 1 << 18 | 1 << 19);	/* unsigned add */
	ce_sem(c.scratch_va + 32, 21);
	launch(1 << 3 | 6 << 14 | 1 << 18 | 1 << 19);	/* INC: wraps past 21 */
	ce_sem(c.scratch_va + 36, 0x3f800000);
	c.scratch[9] = 0x40000000;
	launch(1 << 3 | 0xa << 14 | 1 << 19);		/* 2.0f + 1.0f */
	assert_true(gt_run(&c, 1000));
	assert_int_equal(c.scratch[0], 0x1234);
	assert_int_equal(c.scratch[1], ~0u);
	assert_int_equal(s64[2], 0x5678);
	assert_true(s64[3] != ~0ull);
	assert_int_equal(c.scratch[8], 0);
	assert_int_equal(c.scratch[9], 0x40400000);
	assert_memory_equal(src, dst, 64);
}

static void test_interrupts(void **state)
{
	gt_wr(&gt, GT_LEAF(0), ~0u);
	launch(2 << 5);					/* NON_BLOCKING */
	assert_true(gt_run(&c, 1000));
	assert_int_equal(gt_rd(&gt, GT_LEAF(0)), 1u << 7);
	assert_int_equal(gt_rd(&gt, GT_LCE_INTR_STATUS(lce)), 2);
	assert_int_equal(gt_rd(&gt, GT_LEAF(6)), 0);
	gt_wr(&gt, GT_LCE_INTR_STATUS(lce), 2);
	launch(1 << 5);					/* BLOCKING */
	gt_release(&c, 0, 1);
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_LCE_INTR_STATUS(lce), 1, 1, 1000));
	gt_sleep_ms(5);
	assert_int_equal(c.scratch[0], 0);
	assert_int_equal(gt_rd(&gt, GT_LEAF(6)), 1u << 7);	/* vector 199 */
	gt_wr(&gt, GT_LCE_INTR_STATUS(lce), 1);
	gt_wr(&gt, GT_LEAF(6), 1u << 7);
	assert_true(gt_wait32(c.scratch, 1, 1000));
	assert_int_equal(gt_rd(&gt, GT_LEAF(6)), 0);
}

static void test_launch_errors(void **state)
{
	addresses(SRC, DST);
	gt_inc(&c, 0, 0x410, 4, 100u, 200u, 150u, 2u);
	launch(LAUNCH_COPY | MULTI_LINE);
	expect_launcherr(4);				/* source line exceeds pitch */
	gt_inc(&c, 0, 0x410, 2, -100u, 200u);
	launch(LAUNCH_COPY | MULTI_LINE);
	expect_launcherr(5);
	gt_inc(&c, 0, 0x410, 2, 200u, 100u);
	launch(LAUNCH_COPY | MULTI_LINE);
	expect_launcherr(6);
	gt_inc(&c, 0, 0x410, 2, 200u, -100u);
	launch(LAUNCH_COPY | MULTI_LINE);
	expect_launcherr(7);
	gt_inc(&c, 0, 0x708, 1, 1u);			/* Y of a one-component source */
	launch(LAUNCH_COPY | REMAP);
	expect_launcherr(8);
	gt_inc(&c, 0, 0x708, 1, 7u);
	launch(LAUNCH_COPY | REMAP);
	expect_launcherr(9);
	launch(3);					/* no such transfer type */
	expect_launcherr(9);
	launch(LAUNCH_COPY | 1u << 28);
	expect_launcherr(0xa);
	ce_sem(c.scratch_va + 8, 1);
	launch(2 << 3);					/* four words want 16 */
	expect_launcherr(2);
	launch(1 << 3 | 8 << 14 | 1 << 19);		/* no such reduction */
	expect_launcherr(0xb);
	launch(1 << 3 | 6 << 14 | 1 << 19);		/* signed INC */
	expect_launcherr(0xb);
}

static void surface(uint32_t mthd, uint32_t block, uint32_t w, uint32_t h, uint32_t d, uint32_t z,
		    uint32_t origin)
{
	gt_inc(&c, 0, mthd, 6, block, w, h, d, z, origin);
}

static void test_blocklinear_errors(void **state)
{
	addresses(SRC, DST);
	gt_inc(&c, 0, 0x410, 4, 64u, 64u, 64u, 8u);
	surface(0x728, 0x1000, 64, 8, 1, 1, 0);
	launch(0x102 | MULTI_LINE);
	expect_launcherr(1);				/* layer */
	surface(0x728, 0x1000, 64, 7, 1, 0, 0);
	launch(0x102 | MULTI_LINE);
	expect_launcherr(3);				/* out of bounds */
	surface(0x728, 0x1000, 64, 8, 1, 0, 1);
	launch(0x102 | MULTI_LINE);
	expect_launcherr(3);
	surface(0x728, 0x0000, 64, 8, 1, 0, 0);
	launch(0x102 | MULTI_LINE);
	expect_launcherr(9);				/* GOB height */
	surface(0x728, 0x1000, 64, 8, 1, 0, 0);
	addresses(SRC + 64, DST);
	launch(0x102 | MULTI_LINE);
	expect_launcherr(2);
}

/* Offset of byte x, row y in a GOB: bits y0 at 4, x4 at 5, y1:2 at 6, x5 at 8. */
static unsigned int gob(unsigned int x, unsigned int y)
{
	return (x & 15) | (y & 1) << 4 | (x >> 4 & 1) << 5 | (y >> 1 & 3) << 6 | (x >> 5 & 1) << 8;
}

static unsigned int bl_offset(unsigned int x, unsigned int y, unsigned int width_gobs,
			      unsigned int log2_h)
{
	unsigned int by = y / (8 << log2_h), gy = y / 8 % (1 << log2_h);

	return ((by * width_gobs + x / 64) * (1 << log2_h) + gy) * 512 + gob(x % 64, y % 8);
}

static void test_blocklinear(void **state)
{
	/* 50 x 40 pixels of 4 bytes from pitch into a surface of 64 x 48 at (5, 3). */
	addresses(SRC, DST);
	gt_inc(&c, 0, 0x708, 1, 0x3210u | 3u << 20 | 3u << 24);
	surface(0x70c, 0x1010, 64, 48, 1, 0, 3 << 16 | 5);
	gt_inc(&c, 0, 0x410, 4, 512u, 0u, 50u, 40u);
	launch(0x686);
	assert_true(gt_run(&c, 1000));
	for (unsigned int y = 0; y < 40; y++)
		for (unsigned int x = 0; x < 200; x++)
			assert_int_equal(dst[bl_offset(x + 20, y + 3, 4, 1)], src[y * 512 + x]);
	assert_int_equal(dst[bl_offset(19, 3, 4, 1)], 0);
	assert_int_equal(dst[bl_offset(20, 2, 4, 1)], 0);
	/* And back, out of the middle. */
	addresses(DST, SRC + 0x20000);
	surface(0x728, 0x1010, 64, 48, 1, 0, 10 << 16 | 9);
	gt_inc(&c, 0, 0x410, 4, 0u, 256u, 30u, 20u);
	launch(0x706);
	assert_true(gt_run(&c, 1000));
	for (unsigned int y = 0; y < 20; y++)
		assert_memory_equal(src + 0x20000 + y * 256, src + (y + 7) * 512 + 16, 120);
}

static void test_render_enable(void **state)
{
	uint64_t va = c.scratch_va + 0x40;
	uint32_t *r = c.scratch + 0x40 / 4;

	gt_inc(&c, 0, 0x254, 3, (uint32_t)(va >> 32), (uint32_t)va, 2u);
	linear(SRC, DST, 16, 0);			/* condition is zero: skipped */
	assert_true(gt_run(&c, 1000));
	assert_int_equal(dst[1], 0);
	r[0] = r[4] = 5;
	gt_inc(&c, 0, 0x25c, 1, 4u);			/* IF_NOT_EQUAL */
	linear(SRC, DST, 16, 0);
	assert_true(gt_run(&c, 1000));
	assert_int_equal(dst[1], 0);
	gt_inc(&c, 0, 0x25c, 1, 3u);
	linear(SRC, DST, 16, 0);
	assert_true(gt_run(&c, 1000));
	assert_memory_equal(src, dst, 16);
	gt_inc(&c, 0, 0x25c, 1, 6u);
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_PBDMA(2, GT_PBDMA_INTR_1), 1, 1, 1000));
	gt_wr(&gt, GT_PBDMA(2, GT_PBDMA_INTR_1), 1);
	gt_inc(&c, 0, 0x258, 2, (uint32_t)va + 4, 2u);
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_PBDMA(2, GT_PBDMA_INTR_1), 2, 2, 1000));
	gt_wr(&gt, GT_PBDMA(2, GT_PBDMA_INTR_1), 2);
	assert_true(gt_run(&c, 1000));
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/* Not a timed test: prints what the engine moves, checks that it did. */
static void test_bandwidth(void **state)
{
	const uint32_t big = 2u << 20;
	uint64_t v = gt_vram(&gt, big, big), s = gt_sys(&gt, big, big);
	const unsigned int rounds = 64;
	double t;

	memset(sim_vram(gt.sim, v, big), 0x5a, big);
	gt_map(&vm, 0x7d00000000ull, 21, v, GT_VRAM_RW);
	gt_map(&vm, 0x7e00000000ull, 21, s, GT_SYS_RW);
	gt_invalidate_all(&gt);
	for (int to_sys = 1; to_sys >= 0; to_sys--) {
		t = seconds();
		for (unsigned int i = 0; i < rounds; i++)
			linear(to_sys ? 0x7d00000000ull : 0x7e00000000ull,
			       to_sys ? 0x7e00000000ull : 0x7d00000000ull, big, 0);
		assert_true(gt_run(&c, 60000));
		t = seconds() - t;
		print_message("%s: %.0f MB/s\n", to_sys ? "VRAM to system" : "system to VRAM",
			      rounds * (double)big / t / 1e6);
	}
	assert_memory_equal(sim_vram(gt.sim, v, big), sim_mem(gt.sim, s, big), big);
	assert_int_equal(*(uint8_t *)sim_mem(gt.sim, s, 1), 0x5a);
	assert_int_equal(sim_gpu(gt.sim)->counters.ce_bytes_d2h, rounds * (uint64_t)big);
	assert_int_equal(sim_gpu(gt.sim)->counters.ce_bytes_h2d, rounds * (uint64_t)big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_every_engine), T(test_linear), T(test_pitch_2d), T(test_fills),
		T(test_remap),
		cmocka_unit_test_setup_teardown(test_physical, setup_phys, teardown),
		T(test_physical_needs_privilege), T(test_semaphores), T(test_interrupts),
		T(test_launch_errors), T(test_blocklinear_errors), T(test_blocklinear),
		T(test_render_enable), T(test_bandwidth),
	};

	return cmocka_run_group_tests_name("ce", tests, NULL, NULL);
}
