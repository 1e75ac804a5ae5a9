// SPDX-License-Identifier: MIT
/* Methods of the graphics classes: semaphores, uploads, fills, and exceptions. */
#include "launch.h"
#include "nvhw/undocumented.h"

static struct gputest gt;
static struct launch_env e;

static int setup(void **state)
{
	struct gt_chan *c = &e.c;

	gt_create(&gt, NULL);
	gt_faults_on(&gt, 0);
	le_open(&e, &gt, 5);
	gt_runlist(&gt, 0, &c, 1);
	gt_inc(c, 0, 0, 1, 0xc597u);
	gt_inc(c, 1, 0, 1, 0xc5c0u);
	gt_inc(c, 2, 0, 1, 0xa140u);
	gt_inc(c, 3, 0, 1, 0x902du);
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static void report(unsigned int off, uint32_t payload, uint32_t d)
{
	uint64_t va = L_DATA_VA + off;

	gt_inc(&e.c, 0, 0x1b00, 4, (uint32_t)(va >> 32), (uint32_t)va, payload, d);
}

static void test_report_semaphore(void **state)
{
	uint64_t before = gpu_time(sim_gpu(gt.sim)), stamp;

	memset(e.data, 0x55, 64);
	report(0, 0x1234, 0x1000f010);		/* one word: Mesa's fence */
	report(16, 0xabcd, 0x00005002);		/* time stamp query */
	assert_true(gt_run(&e.c, 2000));
	assert_int_equal(e.data[0], 0x1234);
	assert_int_equal(e.data[1], 0x55555555);
	assert_int_equal(e.data[4], 0xabcd);
	assert_int_equal(e.data[5], 0);
	memcpy(&stamp, &e.data[6], 8);
	assert_in_range(stamp, before, gpu_time(sim_gpu(gt.sim)));
}

/* ADD MIN MAX INC DEC AND OR XOR on unsigned and signed words. */
static void test_report_reductions(void **state)
{
	static const uint32_t want[8] = {
		0xfffffffc, 0xfffffff0, 0xc, 0, 0, 0, 0xfffffffc, 0xfffffffc,
	};
	uint32_t a = 0xfffffff0, b = 0xc;

	for (unsigned int op = 0; op < 8; op++) {
		e.data[op] = a;
		report(4 * op, b, 1u << 28 | 1 << 3 | op << 9 | 1 << 17);
	}
	assert_true(gt_run(&e.c, 2000));
	for (unsigned int op = 0; op < 8; op++) {
		if (op == 3 || op == 4)
			continue;	/* no signed form */
		assert_int_equal(e.data[op], want[op]);
	}
	e.data[0] = 5;
	e.data[1] = 5;
	e.data[2] = 0;
	report(0, 9, 1u << 28 | 1 << 3 | 3 << 9);	/* INC: 5 -> 6 */
	report(4, 5, 1u << 28 | 1 << 3 | 3 << 9);	/* wraps at the payload */
	report(8, 7, 1u << 28 | 1 << 3 | 4 << 9);	/* DEC of 0 */
	assert_true(gt_run(&e.c, 2000));
	assert_int_equal(e.data[0], 6);
	assert_int_equal(e.data[1], 0);
	assert_int_equal(e.data[2], 7);
}

static void upload(unsigned int subch, uint64_t va, unsigned int bytes, unsigned int words,
		   uint32_t launch)
{
	gt_inc(&e.c, subch, 0x188, 2, (uint32_t)(va >> 32), (uint32_t)va);
	gt_inc(&e.c, subch, 0x180, 2, bytes, 1u);
	/* Increment once: LAUNCH_DMA, then data. */
	gt_word(&e.c, 0xa0000000 | (words + 1) << 16 | subch << 13 | 0x1b0 >> 2);
	gt_word(&e.c, launch);
	for (unsigned int i = 0; i < words; i++)
		gt_word(&e.c, 0x01010101 * (i + 1));
}

static void test_uploads(void **state)
{
	const uint8_t *p = (const uint8_t *)e.data;

	memset(e.data, 0xee, 0x4000);
	upload(2, L_DATA_VA + 3, 10, 3, 0x1001);	/* unaligned, partial last word */
	upload(1, L_DATA_VA + 0x100, 13, 3, 0x41);	/* under-fed: 12 of 13 bytes */
	upload(1, L_DATA_VA + 0x1ffc, 12, 3, 0x41);	/* across a page */
	assert_true(gt_run(&e.c, 2000));
	assert_int_equal(p[2], 0xee);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(p[3 + i], i / 4 + 1);
	assert_int_equal(p[13], 0xee);
	assert_int_equal(p[0x100 + 11], 3);
	assert_int_equal(p[0x100 + 12], 0xee);
	assert_int_equal(e.data[0x1ffc / 4], 0x01010101);
	assert_int_equal(e.data[0x2004 / 4], 0x03030303);
	assert_int_equal(gt_rd(&gt, GR_INTR), 0);
}

static void test_constant_update(void **state)
{
	gt_inc(&e.c, 0, 0x2380, 3, 0x100u, (uint32_t)(L_DATA_VA >> 32), (uint32_t)L_DATA_VA);
	gt_word(&e.c, 0xa0000000 | 4 << 16 | 0x238c >> 2);
	gt_word(&e.c, 0x40);
	for (uint32_t i = 0; i < 3; i++)
		gt_word(&e.c, 100 + i);
	assert_true(gt_run(&e.c, 2000));
	/* 0x238c takes the offset, 0x2390 all the rest. */
	assert_int_equal(e.data[16], 100);
	assert_int_equal(e.data[18], 102);
	assert_int_equal(e.data[19], 0);
}

static void test_fill(void **state)
{
	static const struct {
		unsigned int format, bytes;
	} t[] = { { 0xf6, 1 }, { 0xf1, 2 }, { 0xe4, 4 }, { 0xcd, 8 }, { 0xc2, 16 } };
	static const uint32_t color[4] = { 0x04030201, 0x08070605, 0x0c0b0a09, 0x100f0e0d };

	for (unsigned int i = 0; i < 5; i++) {
		unsigned int width = 300, height = 5;
		unsigned int pitch = (width * t[i].bytes + 255) / 256 * 256;
		const uint8_t *p = (const uint8_t *)e.data + 0x100, *c = (const uint8_t *)color;
		uint64_t va = L_DATA_VA + 0x100;

		memset(e.data, 0xee, L_DATA_BYTES);
		gt_inc(&e.c, 0, 0x0d80, 4, color[0], color[1], color[2], color[3]);
		gt_inc(&e.c, 0, 0x0ff4, 2, width << 16, height << 16);
		gt_inc(&e.c, 0, 0x0800, 9, (uint32_t)(va >> 32), (uint32_t)va, pitch, height,
		       t[i].format, 0x1000u, 1u, 0u, 0u);
		gt_imm(&e.c, 0, 0x1558, 1);
		gt_imm(&e.c, 0, 0x19d0, 0x3c);
		assert_true(gt_run(&e.c, 2000));
		for (unsigned int y = 0; y < height; y++)
			for (unsigned int x = 0; x < pitch; x++)
				assert_int_equal(p[y * pitch + x],
						 x < width * t[i].bytes ? c[x % t[i].bytes] : 0xee);
		assert_int_equal(p[-1], 0xee);
	}
}

/* Macros and the state methods of Mesa's start-up make no noise. */
static void test_inert(void **state)
{
	static const uint16_t state_3d[] = {
		0x1558, 0x0de4, 0x19cc, 0x121c, 0x15b4, 0x1534, 0x15d0, 0x153c, 0x020c, 0x0de8,
		0x133c, 0x135c, 0x12d4, 0x2608, 0x0d64, 0x151c, 0x0308, 0x10cc, 0x16a8, 0x1794,
		0x0218, 0x10fc, 0x1290, 0x1140, 0x1610, 0x164c, 0x030c, 0x0300, 0x0fdc, 0x19c0,
		0x0f84, 0x0790, 0x077c, 0x1574, 0x155c, 0x13ac, 0x0df8, 0x1590, 0x1950, 0x194c,
		0x197c, 0x10f8, 0x192c, 0x193c, 0x011c, 0x0114, 0x0118, 0x037c, 0x0fac, 0x3828,
		0x382c, 0x15cc, 0x3830, 0x0dcc, 0x2080, 0x2000, 0x1604, 0x165c, 0x15e4, 0x1234,
		0x3870, 0x3874, 0x0110, 0x021c, 0x1330, 0x1334, 0x1338,
	};
	static const uint16_t state_2d[] = {
		0x260, 0x2ac, 0x290, 0x29c, 0x884, 0x888, 0x26c, 0x104,
	};
	static const uint16_t state_cp[] = {
		0x790, 0x794, 0x2e4, 0x2e8, 0x2ec, 0x310, 0x1574, 0x155c, 0x248, 0x110, 0x2608,
		0x1698,
	};

	for (unsigned int i = 0; i < sizeof(state_3d) / 2; i++)
		gt_imm(&e.c, 0, state_3d[i], 0);
	for (unsigned int i = 0; i < sizeof(state_2d) / 2; i++)
		gt_imm(&e.c, 3, state_2d[i], 0);
	for (unsigned int i = 0; i < sizeof(state_cp) / 2; i++)
		gt_imm(&e.c, 1, state_cp[i], 0);
	assert_true(gt_run(&e.c, 2000));
	assert_int_equal(gt_rd(&gt, GR_INTR), 0);
}

/* @intr for method @mthd on @subch; the handler resumes and the rest goes on. */
static void expect_error(unsigned int subch, uint32_t mthd, uint32_t data, uint32_t intr)
{
	static uint32_t serial;

	serial++;
	gt_inc(&e.c, subch, mthd, 1, data);
	gt_release(&e.c, 0xfe0, serial);
	gt_kick(&e.c);
	assert_true(sim_poll32(gt.sim, GR_INTR, ~0u, intr, 2000));
	assert_int_equal(gt_rd(&gt, GR_TRAPPED_ADDR), mthd | subch << 16);
	assert_int_equal(gt_rd(&gt, GR_TRAPPED_DATA), data);
	assert_int_equal(gt_rd(&gt, GR_CURRENT_INST), 0x80000000 | e.c.inst >> 12);
	/* Vector 204 is pending for as long as the register is. */
	assert_true(gt_rd(&gt, GT_LEAF(6)) & 1 << 12);
	assert_int_not_equal(e.c.scratch[0xfe0 / 4], serial);
	gt_wr(&gt, GR_RESUME, 0x10001);			/* not before it is clear */
	gt_sleep_ms(5);
	assert_int_not_equal(e.c.scratch[0xfe0 / 4], serial);
	gt_wr(&gt, GR_INTR, intr);
	gt_wr(&gt, GT_LEAF(6), 1 << 12);
	assert_int_equal(gt_rd(&gt, GT_LEAF(6)) & 1 << 12, 0);
	gt_wr(&gt, GR_RESUME, 0x10001);
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], serial, 2000));
}

#define ILLEGAL_METHOD	(1u << 4)
#define ILLEGAL_CLASS	(1u << 5)
#define DATA_ERROR	(1u << 20)

static void test_exceptions(void **state)
{
	expect_error(0, 0x1b14, 1, ILLEGAL_METHOD);
	expect_error(1, 0x0600, 0x77, ILLEGAL_METHOD);
	expect_error(2, 0x0700, 1, ILLEGAL_METHOD);
	expect_error(3, 0x0a00, 1, ILLEGAL_METHOD);
	expect_error(0, 0x0d78, 3, DATA_ERROR);		/* DRAW_VERTEX_ARRAY */
	expect_error(3, 0x08dc, 3, DATA_ERROR);		/* PIXELS_FROM_MEMORY */
	expect_error(1, 0x01b4, 3, DATA_ERROR);		/* data without a transfer */
	expect_error(2, 0x01b0, 0x1000, DATA_ERROR);	/* block-linear upload */
	expect_error(0, 0x19d0, 0x3c, DATA_ERROR);	/* clear without a target */
	expect_error(0, 0x1b0c, 1, DATA_ERROR);		/* acquire */
	expect_error(1, 0x0000, 0xc3c0, ILLEGAL_CLASS);
	expect_error(2, 0x0000, 0xc5c0, ILLEGAL_CLASS);
}

/* A second channel's exception waits until the first has been handled. */
static void test_one_at_a_time(void **state)
{
	struct launch_env other;
	struct gt_chan *both[2] = { &e.c, &other.c };
	uint32_t first, inst[2] = { 0x80000000 | e.c.inst >> 12 };

	le_open(&other, &gt, 6);
	gt_runlist(&gt, 0, both, 2);
	inst[1] = 0x80000000 | other.c.inst >> 12;
	gt_inc(&other.c, 1, 0, 1, 0xc5c0u);
	gt_inc(&e.c, 1, 0x600, 1, 1u);
	gt_release(&e.c, 0xfe0, 1);
	gt_inc(&other.c, 1, 0x604, 1, 1u);
	gt_release(&other.c, 0xfe0, 1);
	gt_kick(&e.c);
	gt_kick(&other.c);
	for (unsigned int n = 0; n < 2; n++) {
		assert_true(sim_poll32(gt.sim, GR_INTR, ~0u, ILLEGAL_METHOD, 2000));
		first = gt_rd(&gt, GR_CURRENT_INST);
		assert_true(first == inst[0] || first == inst[1]);
		assert_int_equal(gt_rd(&gt, GR_TRAPPED_ADDR), (first == inst[0] ? 0x600 : 0x604) |
				 1 << 16);
		gt_wr(&gt, GR_INTR, ILLEGAL_METHOD);
		gt_wr(&gt, GR_RESUME, 0x10001);
	}
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], 1, 2000));
	assert_true(gt_wait32(&other.c.scratch[0xfe0 / 4], 1, 2000));
}

/* A semaphore or queue meta data that is not mapped: fatal, by a hub client. */
static void test_hub_fault(void **state)
{
	const uint32_t *p;

	report(0x10000000, 1, 0x1000f010);
	gt_kick(&e.c);
	assert_true(gt_wait_fault(&gt, 0, 1, 2000));
	p = gt_fault(&gt, 0, 0);
	assert_int_equal(gt_fault_va(p), L_DATA_VA + 0x10000000);
	assert_int_equal(p[6] & 0x1ff, 64);
	assert_int_equal(p[7] >> 20 & 1, 1);
	assert_int_equal(p[7] >> 8 & 0x7f, 4);		/* FE */
	assert_int_equal(p[7] >> 16 & 15, 1);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_report_semaphore), T(test_report_reductions), T(test_uploads),
		T(test_constant_update), T(test_fill), T(test_inert), T(test_exceptions),
		T(test_one_at_a_time), T(test_hub_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
