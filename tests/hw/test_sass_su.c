// SPDX-License-Identifier: MIT
/*
 * What the instructions for surfaces do, through a launch: loads and stores by format
 * and as bits, atomics, and coordinates out of range in each of the three modes.
 */
#include "picture.h"
#include "nvhw/undocumented.h"

enum { ONE_D, TWO_D, THREE_D, CUBE, ONE_D_ARRAY, TWO_D_ARRAY };
enum { SU_1D, SU_BUFFER, SU_1D_ARRAY, SU_2D, SU_2D_ARRAY, SU_3D };
enum { IGNORE, CLAMP, TRAP };

#define NOTHING	0xdeadbeef

/* 16 x 8 words, each its number. */
static void numbers(unsigned int n)
{
	picture_header(n, TWO_D, 16, 8, 1, 1, false);
	for (uint32_t y = 0; y < 8; y++)
		for (uint32_t x = 0; x < 16; x++)
			*gob_word(texels_of(n), x, y) = 0x01000100 + x + 16 * y;
}

/* Lane i at x, y, some of them outside, of header @n. */
static void places(unsigned int n, int first_x)
{
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = (uint32_t)(first_x + (int)i);
		in[i][1] = i % 9 - 1;
		in[i][8] = n;
	}
}

static bool outside(unsigned int i)
{
	return in[i][0] >= 16 || in[i][1] >= 8;
}

static uint32_t clamped(unsigned int i)
{
	int x = (int)in[i][0], y = (int)in[i][1];

	x = x < 0 ? 0 : x > 15 ? 15 : x;
	y = y < 0 ? 0 : y > 7 ? 7 : y;
	return 0x01000100 + x + 16 * y;
}

static void test_loads(void **state)
{
	struct insn p = field(a_surf(0x998, SU_2D, IGNORE), 72, 4, 0xf);
	struct insn d = field(a_surf(0x99a, SU_2D, IGNORE), 73, 3, 4);

	numbers(1);
	places(1, -5);
	picture_run(p);
	for (unsigned int i = 0; i < LANES; i++) {
		assert_int_equal(out[i][0], outside(i) ? 0 : clamped(i));
		assert_int_equal(out[i][3], outside(i) ? 0 : 1);
		assert_int_equal(out[i][4], NOTHING);
	}
	picture_run(d);
	for (unsigned int i = 0; i < LANES; i++) {
		assert_int_equal(out[i][0], outside(i) ? 0 : clamped(i));
		assert_int_equal(out[i][1], NOTHING);
	}
	picture_run(field(d, 59, 2, CLAMP));
	for (unsigned int i = 0; i < LANES; i++)
		assert_int_equal(out[i][0], clamped(i));
	/* Bytes of a row: x counts them, an access has to be at a multiple of its size. */
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = 2 * i;
		in[i][1] = 3;
	}
	picture_run(field(field(d, 73, 3, 2), 72, 1, 1));
	for (unsigned int i = 0; i < LANES; i++)
		assert_int_equal(out[i][0], i % 2 ? 0x0100 : 0x100 + i / 2 + 48);
}

static void test_stores(void **state)
{
	struct insn p = field(a_surf(0x99c, SU_2D, IGNORE), 72, 4, 0xf);
	struct insn d = field(a_surf(0x99e, SU_2D, IGNORE), 73, 3, 4);

	for (unsigned int way = 0; way < 2; way++) {
		numbers(0);
		places(0, -4);
		for (unsigned int i = 0; i < LANES; i++)
			in[i][4] = 1000 + i;
		picture_run(way ? d : p);
		for (unsigned int i = 0; i < LANES; i++)
			if (!outside(i))
				assert_int_equal(*gob_word(texels_of(0), in[i][0], in[i][1]),
						 1000 + i);
		assert_int_equal(*gob_word(texels_of(0), 15, 7), 0x0100017f);
		assert_int_equal(*gob_word(texels_of(0), 0, 7), 0x01000170);
	}
	/* By its format a surface takes the nearest number that it has. */
	NV_MW_SET(header_at(0), NVC597_TEXHEAD_BL_COMPONENTS, 0x1d);
	header_at(0)[0] = (header_at(0)[0] & ~(7u << 7)) | 3 << 7;	/* SINT */
	memset(texels_of(0), 0, 512);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = i % 16;
		in[i][1] = 0;
		in[i][4] = i & 1 ? 1000 : (uint32_t)-1000;
	}
	picture_run(p);
	assert_int_equal(texels_of(0)[0], 0x80);
	assert_int_equal(texels_of(0)[1], 0x7f);
}

static void test_layers(void **state)
{
	uint32_t *t = (uint32_t *)texels_of(2);

	picture_header(2, TWO_D_ARRAY, 16, 8, 4, 1, false);
	picture_header(3, THREE_D, 16, 8, 4, 1, false);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = i % 16;
		in[i][1] = 0;
		in[i][2] = i / 4;
		in[i][4] = 500 + i;
		in[i][8] = 2 + (i & 1);
	}
	picture_run(field(a_surf(0x99e, SU_2D_ARRAY, IGNORE), 73, 3, 4));
	for (unsigned int i = 0; i < LANES; i++) {
		uint8_t *gob = (uint8_t *)(i & 1 ? t + 0x800 : t) + 512 * (i / 4);

		assert_int_equal(*gob_word(gob, i % 16, 0), i / 4 < 4 ? 500 + i : 0);
	}
}

static uint32_t *texel(unsigned int x)
{
	return gob_word(texels_of(0), x, 0);
}

/* Operations as encoded; each lane adds to one of four words. */
static void test_atomics(void **state)
{
	struct insn a = a_surf(0x394, SU_2D, IGNORE);
	uint32_t seen = 0;

	numbers(0);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = i == 31 ? 77 : i % 4;	/* one is outside */
		in[i][1] = 0;
		in[i][4] = 1u << i / 4;
		in[i][8] = 0;
	}
	picture_run(a);				/* ADD */
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(*texel(i), 0x01000100 + i + (i == 3 ? 0x7f : 0xff));
	for (unsigned int i = 0; i < LANES; i += 4)
		seen |= out[i][0] - 0x01000100;
	assert_int_equal(seen, 0x7f);		/* each saw what was there before it */
	assert_int_equal(out[31][0], 0);
	numbers(0);
	picture_run(field(a, 87, 4, 7));	/* XOR */
	assert_int_equal(*texel(0), 0x010001ff);
	numbers(0);
	picture_run(field(field(a, 87, 4, 2), 73, 3, 1));	/* MAX, signed */
	assert_int_equal(*texel(1), 0x01000101);
	numbers(0);
	picture_run(field(a, 87, 4, 8));	/* EXCH: somebody's */
	assert_true(*texel(2) <= 0x80 && !(*texel(2) & (*texel(2) - 1)));
	/* Compare and swap: of the lanes at a word one finds what it wants. */
	numbers(0);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = i % 4;
		in[i][4] = 0x01000100 + i % 4;
		in[i][5] = 7000 + i;
	}
	picture_run(a_surf(0x396, SU_2D, IGNORE));
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int winners = 0;

		for (unsigned int j = i; j < LANES; j += 4)
			winners += out[j][0] == 0x01000100 + i;
		assert_int_equal(winners, 1);
		assert_int_equal(*texel(i) % 4, 7000 % 4 + i % 4);
	}
	/* Without a result, the handle in a constant. */
	numbers(0);
	e.constants[6] = 0;
	a = field(field(a_surf(0x59f, SU_2D, IGNORE), 16, 8, 0), 64, 8, 0);
	for (unsigned int i = 0; i < LANES; i++)
		in[i][4] = 2;
	picture_run(field(a, 40, 14, 6));
	assert_int_equal(*texel(3), 0x01000103 + 16);
	assert_int_equal(out[0][0], NOTHING);
}

static void test_trap(void **state)
{
	numbers(0);
	places(0, 0);
	picture_program(field(a_surf(0x99a, SU_2D, TRAP), 73, 3, 4));
	le_launch(&e);
	gt_kick(&e.c);
	assert_true(sim_poll32(gt.sim, GR_INTR, 1u << 21, 1u << 21, 5000));
	assert_true(le_kill(&e));
}

#define T(t) cmocka_unit_test_setup_teardown(t, picture_setup, picture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_loads), T(test_stores), T(test_layers), T(test_atomics), T(test_trap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
