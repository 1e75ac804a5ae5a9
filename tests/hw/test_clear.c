// SPDX-License-Identifier: MIT
/*
 * CLEAR_SURFACE as clients fill images with it: every format of a target, blocks and
 * layers, parts of a texel, rectangles, depth and stencil. Bytes are computed from the
 * formats' names in the class header; places in a block are counted out.
 */
#include "launch.h"

#include <math.h>

static struct gputest gt;
static struct launch_env e;
static uint8_t *bytes;

#define BLOCKS		0x10000			/* THIRD_DIMENSION_DEFINES_DEPTH_SIZE */
#define ROWS		0x1000

static int setup(void **state)
{
	struct gt_chan *c = &e.c;

	gt_create(&gt, NULL);
	gt_faults_on(&gt, 0);
	le_open(&e, &gt, 5);
	gt_runlist(&gt, 0, &c, 1);
	gt_inc(c, 0, 0, 1, 0xc597u);
	gt_imm(c, 0, 0x1558, 1);
	gt_imm(c, 0, 0x10f8, 0);
	gt_imm(c, 0, 0x15d0, 0);
	bytes = (uint8_t *)e.data;
	memset(bytes, 0xee, L_DATA_BYTES);
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static uint32_t of_f(float f)
{
	uint32_t v;

	memcpy(&v, &f, sizeof(v));
	return v;
}

static void color(uint32_t r, uint32_t g, uint32_t b, uint32_t a)
{
	gt_inc(&e.c, 0, 0x0d80, 4, r, g, b, a);
}

static void rectangle(unsigned int x, unsigned int y, unsigned int w, unsigned int h)
{
	gt_inc(&e.c, 0, 0x0ff4, 2, w << 16 | x, h << 16 | y);
}

static void target(uint32_t width, uint32_t height, uint32_t format, uint32_t memory,
		   uint32_t depth, uint32_t layer_bytes, uint32_t layer)
{
	gt_inc(&e.c, 0, 0x0800, 9, (uint32_t)(L_DATA_VA >> 32), (uint32_t)L_DATA_VA, width,
	       height, format, memory, depth, layer_bytes / 4, layer);
}

static void clear(uint32_t data)
{
	gt_inc(&e.c, 0, 0x19d0, 1, data);
	assert_true(gt_run(&e.c, 2000));
}

/* Of a quarter, three quarters, minus one and one, or 3, -4, 100000 and 1 as integers. */
static const struct {
	unsigned int format, bytes;
	bool integer;
	uint8_t texel[16];
} formats[] = {
	{ 0xd5, 4, false, { 0x40, 0xbf, 0x00, 0xff } },		/* A8B8G8R8 */
	{ 0xcf, 4, false, { 0x00, 0xbf, 0x40, 0xff } },		/* A8R8G8B8 */
	{ 0xd7, 4, false, { 0x20, 0x5f, 0x81, 0x7f } },		/* AN8BN8GN8RN8 */
	{ 0xd6, 4, false, { 0x89, 0xe1, 0x00, 0xff } },		/* A8BL8GL8RL8, sRGB */
	{ 0xd8, 4, true, { 0x03, 0xfc, 0xa0, 0x01 } },		/* AS8BS8GS8RS8 */
	{ 0xd9, 4, true, { 0x03, 0xfc, 0xa0, 0x01 } },		/* AU8BU8GU8RU8 */
	{ 0xd1, 4, false, { 0x00, 0xfd, 0x0b, 0xc0 } },		/* A2B10G10R10 */
	{ 0xdf, 4, false, { 0x00, 0xfc, 0x0b, 0xd0 } },		/* A2R10G10B10 */
	{ 0xe0, 4, false, { 0x40, 0x03, 0x1d, 0x00 } },		/* BF10GF11RF11 */
	{ 0xe8, 2, false, { 0xe0, 0x45 } },			/* R5G6B5 */
	{ 0xe9, 2, false, { 0xe0, 0xa2 } },			/* A1R5G5B5 */
	{ 0xf3, 1, false, { 0x40 } },				/* R8 */
	{ 0xf4, 1, false, { 0x20 } },				/* RN8 */
	{ 0xf7, 1, false, { 0xff } },				/* A8 */
	{ 0xea, 2, false, { 0x40, 0xbf } },			/* G8R8 */
	{ 0xee, 2, false, { 0x00, 0x40 } },			/* R16 */
	{ 0xf0, 2, true, { 0x03, 0x00 } },			/* RS16 */
	{ 0xf2, 2, false, { 0x00, 0x34 } },			/* RF16 */
	{ 0xde, 4, false, { 0x00, 0x34, 0x00, 0x3a } },		/* RF16_GF16 */
	{ 0xc6, 8, false, { 0x00, 0x40, 0xff, 0xbf, 0, 0, 0xff, 0xff } },
	{ 0xc7, 8, false, { 0x00, 0x20, 0xff, 0x5f, 0x01, 0x80, 0xff, 0x7f } },
	{ 0xca, 8, false, { 0x00, 0x34, 0x00, 0x3a, 0x00, 0xbc, 0x00, 0x3c } },
	{ 0xc9, 8, true, { 0x03, 0x00, 0xfc, 0xff, 0xa0, 0x86, 0x01, 0x00 } },
	{ 0xe5, 4, false, { 0x00, 0x00, 0x80, 0x3e } },		/* RF32 */
	{ 0xcd, 8, true, { 3, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff } },
	{ 0xc1, 16, true, { 3, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff, 0xa0, 0x86, 1, 0, 1 } },
};

static void test_formats(void **state)
{
	for (unsigned int i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		unsigned int n = formats[i].bytes;

		memset(bytes, 0xee, 0x400);
		if (formats[i].integer)
			color(3, (uint32_t)-4, 100000, 1);
		else
			color(of_f(0.25f), of_f(0.75f), of_f(-1), of_f(1));
		rectangle(0, 0, 3, 1);
		target(0x100, 1, formats[i].format, ROWS, 1, 0, 0);
		clear(0x3c);
		for (unsigned int j = 0; j < 3 * n; j++)
			if (bytes[j] != formats[i].texel[j % n])
				fail_msg("format %#x: byte %u is %#x, expected %#x",
					 formats[i].format, j, bytes[j], formats[i].texel[j % n]);
		assert_int_equal(bytes[3 * n], 0xee);
	}
}

/* Where byte @x of row @y lies in blocks of one GOB wide and 1 << @high GOBs high. */
static uint8_t *in_blocks(unsigned int x, unsigned int y, unsigned int gobs_wide, unsigned int high)
{
	unsigned int block = (y / 8 >> high) * gobs_wide + x / 64;
	uint8_t *gob = bytes + 512 * ((block << high) + (y / 8 & ((1u << high) - 1)));

	return gob + x % 64 / 32 * 256 + y % 8 / 2 * 64 + x % 32 / 16 * 32 + y % 2 * 16 + x % 16;
}

/* A rectangle of a layer, in blocks of two GOBs; nothing beside it changes. */
static void test_blocks(void **state)
{
	const unsigned int width = 50, height = 37, layer_bytes = 4 * 6 * 1024;

	color(of_f(1), 0, 0, of_f(1));
	rectangle(7, 9, 30, 20);
	target(width, height, 0xd5, 1 << 4, 3, layer_bytes, 1);
	clear(0x3c | 1 << 10);			/* the second from layer 1 on */
	bytes += 2 * layer_bytes;
	for (unsigned int y = 0; y < 48; y++) {
		for (unsigned int x = 0; x < 64; x++) {
			bool within = x >= 7 && x < 37 && y >= 9 && y < 29;
			const uint8_t *p = in_blocks(4 * x, y, 4, 1);

			assert_int_equal(p[0], within ? 0xff : 0xee);
			assert_int_equal(p[1], within ? 0x00 : 0xee);
		}
	}
	bytes -= 2 * layer_bytes;
	for (unsigned int i = 0; i < 2 * layer_bytes; i++)
		assert_int_equal(bytes[i], 0xee);
	/* A layer it does not have, and what lies beyond its edges, is not touched. */
	rectangle(0, 0, 0xffff, 0xffff);
	clear(0x3c | 2 << 10);
	for (unsigned int i = 3 * layer_bytes; i < L_DATA_BYTES; i++)
		assert_int_equal(bytes[i], 0xee);
	clear(0x3c | 1 << 10);
	bytes += 2 * layer_bytes;
	assert_int_equal(*in_blocks(4 * 49, 36, 4, 1), 0xff);
	assert_int_equal(*in_blocks(4 * 50, 36, 4, 1), 0xee);
	assert_int_equal(*in_blocks(4 * 49, 37, 4, 1), 0xee);
}

/* A slice of a volume lies within blocks that are four deep; two of them are beside each other. */
static void test_volume(void **state)
{
	color(of_f(1), of_f(1), of_f(1), of_f(1));
	rectangle(0, 0, 32, 8);
	target(32, 8, 0xd5, BLOCKS | 2 << 8, 6, 0, 0);
	clear(0x3c | 5 << 10);
	/* The second of four slices, in the third and fourth block. */
	for (unsigned int gob = 0; gob < 16; gob++)
		for (unsigned int i = 0; i < 512; i++)
			assert_int_equal(bytes[512 * gob + i],
					 gob == 2 * 4 + 1 || gob == 3 * 4 + 1 ? 0xff : 0xee);
}

/* Red and alpha alone; then what a second rectangle leaves of the first. */
static void test_parts(void **state)
{
	color(of_f(1), of_f(1), of_f(1), 0);
	rectangle(0, 0, 4, 1);
	target(0x100, 1, 0xd5, ROWS, 1, 0, 0);
	clear(0x24);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(e.data[i], 0x00eeeeff);
		assert_int_equal(e.data[4 + i], 0xeeeeeeee);
	}
	gt_imm(&e.c, 0, 0x10f8, 0x10);
	gt_inc(&e.c, 0, 0x0d6c, 2, 3u << 16 | 1, 9u << 16);
	clear(0x3c);
	assert_int_equal(e.data[0], 0x00eeeeff);
	assert_int_equal(e.data[1], 0x00ffffff);
	assert_int_equal(e.data[2], 0x00ffffff);
	assert_int_equal(e.data[3], 0x00eeeeff);
}

static void zeta(uint32_t format)
{
	gt_inc(&e.c, 0, 0x0d90, 1, of_f(0.5f));
	gt_inc(&e.c, 0, 0x0da0, 1, 0x5a);
	gt_inc(&e.c, 0, 0x0fe0, 5, (uint32_t)(L_DATA_VA >> 32), (uint32_t)L_DATA_VA, format, 0u, 0u);
	gt_inc(&e.c, 0, 0x1228, 3, 16u, 8u, 1u);
	gt_imm(&e.c, 0, 0x1538, 1);
	gt_imm(&e.c, 0, 0x179c, 0);
	rectangle(0, 0, 1, 1);
}

static void test_depth(void **state)
{
	zeta(0x16);				/* S8Z24: stencil highest */
	clear(0x1);
	assert_int_equal(e.data[0], 0xee800000);
	clear(0x2);
	assert_int_equal(e.data[0], 0x5a800000);
	assert_int_equal(e.data[1], 0xeeeeeeee);
	memset(bytes, 0xee, 64);
	zeta(0x14);				/* Z24S8 */
	clear(0x3);
	assert_int_equal(e.data[0], 0x8000005a);
	zeta(0x0a);
	clear(0x1);
	assert_int_equal(e.data[0], of_f(0.5f));
	zeta(0x13);
	clear(0x1);
	assert_int_equal(e.data[0] & 0xffff, 0x8000);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_formats), T(test_blocks), T(test_volume), T(test_parts), T(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
