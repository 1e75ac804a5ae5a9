// SPDX-License-Identifier: MIT
/* Copy engines, class C5B5. */
#include "gputest.h"

#include <time.h>

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

static int start(unsigned int flags, const char *inject)
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

static int setup(void **state) { return start(0, NULL); }
static int setup_phys(void **state) { return start(GT_CE_PRIV, NULL); }
static int setup_inject(void **state) { return start(0, "ce-error=@2"); }

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static void addresses(uint64_t s, uint64_t d)
{
	gt_inc(&c, subch, 0x400, 4, (uint32_t)(s >> 32), (uint32_t)s, (uint32_t)(d >> 32),
	       (uint32_t)d);
}

static void launch(uint32_t bits)
{
	gt_inc(&c, subch, 0x300, 1, bits);
}

static void linear(uint64_t s, uint64_t d, uint32_t bytes, uint32_t bits)
{
	addresses(s, d);
	gt_inc(&c, subch, 0x418, 1, bytes);
	launch(LAUNCH_COPY | bits);
}

static void ce_sem(uint64_t va, uint32_t payload)
{
	gt_inc(&c, subch, 0x240, 3, (uint32_t)(va >> 32), (uint32_t)va, payload);
}

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

/* The launch is refused with @err; clearing LAUNCHERR drops it. */
static void expect_launcherr(unsigned int err)
{
	gt_kick(&c);
	assert_true(sim_poll32(gt.sim, GT_LCE_INTR_STATUS(lce), 4, 4, 1000));
	assert_int_equal(gt_rd(&gt, GT_LCE_LAUNCHERR(lce)), err);
	assert_int_equal(gt_rd(&gt, GT_LEAF(6)) & 1u << 7, 1u << 7);
	gt_wr(&gt, GT_LCE_INTR_STATUS(lce), 4);
	gt_wr(&gt, GT_LEAF(6), 1u << 7);
	assert_int_equal(gt_rd(&gt, GT_LCE_LAUNCHERR(lce)), 0);
	assert_true(gt_run(&c, 1000));
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

/* A long job gives way: preempting it takes a moment, and nothing is lost. */
static void test_preempt_long_copy(void **state)
{
	addresses(SRC, DST);
	gt_inc(&c, 0, 0x410, 4, 0u, 0u, 1u, 0xffffffffu);
	gt_inc(&c, 0, 0x410, 1, 1u);
	gt_inc(&c, 0, 0x410, 4, 1u, 1u, 1u, 0x30000u);
	launch(LAUNCH_COPY | MULTI_LINE);
	gt_release(&c, 0, 1);
	gt_kick(&c);
	for (int i = 0; i < 20 && !c.scratch[0]; i++) {
		gt_wr(&gt, GT_RUNLIST_PREEMPT, 1u << rl);
		assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1u << rl, 0, 100));
	}
	assert_true(gt_wait32(c.scratch, 1, 5000));
	assert_memory_equal(src, dst, 0x30000);
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
		T(test_render_enable), T(test_fault_and_resume), T(test_fill_fault),
		T(test_semaphore_fault), T(test_fatal_fault_teardown), T(test_engine_reset),
		cmocka_unit_test_setup_teardown(test_injected_error, setup_inject, teardown),
		T(test_preempt_long_copy), T(test_bandwidth),
	};

	return cmocka_run_group_tests_name("ce", tests, NULL, NULL);
}
