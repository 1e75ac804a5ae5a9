// SPDX-License-Identifier: MIT
/*
 * What the instructions for textures do, through a launch: filters, levels, layers,
 * offsets, comparisons, gathers, gradients and queries, with the handle in a register,
 * a constant or a uniform register. Texels are numbered so that sums tell them apart.
 */
#include "picture.h"

#include <math.h>

enum { LOD_AUTO, LOD_ZERO, LOD_BIAS, LOD_GIVEN };
enum { ONE_D, TWO_D, THREE_D, CUBE, ONE_D_ARRAY, TWO_D_ARRAY };

#define HANDLE(header, sampler)	((header) | (sampler) << 20)

static struct insn lod(struct insn i, unsigned int mode)
{
	return field(i, 87, 3, mode);
}

/* 16 x 8, value x + 100 y. */
static void flat(unsigned int n)
{
	picture_header(n, TWO_D, 16, 8, 1, 1, true);
	for (uint32_t y = 0; y < 8; y++)
		for (uint32_t x = 0; x < 16; x++)
			*gob_word(texels_of(n), x, y) = of_f(x + 100.0f * y);
}

/* Levels of 16, 8, 4 and 2 texels a side, a GOB each but the first's two; value n. */
static void levels(unsigned int n)
{
	uint32_t *w = picture_header(n, TWO_D, 16, 16, 1, 4, true);
	uint32_t *t = (uint32_t *)texels_of(n);

	NV_MW_SET(w, NVC597_TEXHEAD_BL_NORMALIZED_COORDS, 1);
	for (unsigned int i = 0; i < 5 * 128; i++)
		t[i] = of_f(i < 256 ? 0 : i / 128 - 1);
}

static void check(unsigned int word, const float *want, const char *what)
{
	for (unsigned int i = 0; i < LANES; i++)
		if (f_of(out[i][word]) != want[i])
			fail_msg("%s: lane %u, word %u is %g, expected %g", what, i, word,
				 f_of(out[i][word]), want[i]);
}

static void test_filters(void **state)
{
	float want[LANES], one[LANES];

	flat(0);
	picture_sampler(0, false, 1);
	picture_sampler(1, true, 1);
	for (unsigned int i = 0; i < LANES; i++) {
		float x = 0.25f * i - 0.5f, y = 1.75f + i % 4;
		float u = fminf(fmaxf(x - 0.5f, 0), 15);

		in[i][0] = of_f(x);
		in[i][1] = of_f(y);
		in[i][4] = HANDLE(0, i & 1);	/* lanes may differ in it */
		want[i] = i & 1 ? u + 100 * (y - 0.5f) : floorf(fmaxf(x, 0)) + 100 * floorf(y);
		one[i] = 1;
	}
	picture_run(lod(a_tex(0x361, 2), LOD_ZERO));
	check(0, want, "filter");
	check(3, one, "alpha");
	/* A texel alone is not touched by arithmetic: a signalling NaN comes through. */
	*gob_word(texels_of(0), 3, 2) = 0x7f800001;
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = of_f(3.5f);
		in[i][1] = of_f(2.5f);
		in[i][4] = HANDLE(0, 0);
	}
	picture_run(lod(a_tex(0x361, 2), LOD_ZERO));
	for (unsigned int i = 0; i < LANES; i++)
		assert_int_equal(out[i][0], 0x7f800001);
}

/* Results that nobody wants are not written; the others close up in pairs. */
static void test_masks(void **state)
{
	flat(0);
	picture_sampler(0, false, 1);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = of_f(i % 16);
		in[i][4] = HANDLE(0, 0);
	}
	picture_run(field(lod(a_tex(0x361, 2), LOD_ZERO), 72, 4, 0x9));
	for (unsigned int i = 0; i < LANES; i++) {
		assert_int_equal(out[i][0], of_f(i % 16));
		assert_int_equal(out[i][1], of_f(1));
		assert_int_equal(out[i][2], 0xdeadbeef);
	}
	picture_run(field(lod(a_tex(0x361, 2), LOD_ZERO), 72, 4, 0xd));
	for (unsigned int i = 0; i < LANES; i++) {
		assert_int_equal(out[i][1], 0);		/* blue, which it has not */
		assert_int_equal(out[i][2], of_f(1));
		assert_int_equal(out[i][3], 0xdeadbeef);
	}
}

static void test_levels(void **state)
{
	float want[LANES], raw;

	levels(0);
	picture_sampler(0, false, 3);
	picture_sampler(1, false, 2);
	for (unsigned int i = 0; i < LANES; i++) {
		raw = i / 8.0f - 0.5f;
		in[i][0] = in[i][1] = of_f(0.3f);
		in[i][4] = HANDLE(0, i & 1);
		in[i][5] = of_f(raw);
		want[i] = fminf(fmaxf(raw, 0), 3);
		want[i] = i & 1 ? ceilf(want[i] - 0.5f) : want[i];
	}
	picture_run(lod(a_tex(0x361, 2), LOD_GIVEN));
	check(0, want, "level of detail");
	/* The level of an integer fetch; past the last one there is nothing. */
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = in[i][1] = 1;
		in[i][5] = i % 6;
		want[i] = i % 6 < 4 ? i % 6 : 0;
	}
	picture_run(lod(a_tex(0x367, 2), LOD_GIVEN));
	check(0, want, "level fetched");
	for (unsigned int i = 0; i < LANES; i++)
		assert_int_equal(out[i][3], i % 6 < 4 ? of_f(1) : 0);
	/* By gradients: a footprint of 2^n texels is level n. */
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = HANDLE(0, 0);
		in[i][1] = in[i][2] = of_f(0.3f);
		memset(in[i] + 4, 0, 16);
		in[i][4 + i % 4] = of_f(ldexpf(1, (int)(i / 8) - 4));
		want[i] = i / 8;
	}
	picture_run(a_tex(0x36d, 2));
	check(0, want, "gradient");
}

/* Lanes in fours are a quad: what they have for coordinates is the footprint. */
static void test_quads(void **state)
{
	float want[LANES];

	levels(0);
	picture_sampler(0, false, 3);
	for (unsigned int i = 0; i < LANES; i++) {
		unsigned int n = i / 8;

		in[i][0] = of_f((i & 1) * ldexpf(1, (int)n - 4));
		in[i][1] = of_f((i >> 1 & 1) * ldexpf(1, (int)n - 5));
		in[i][4] = HANDLE(0, 0);
		in[i][5] = of_f(-1);
		want[i] = n;
	}
	picture_run(lod(a_tex(0x361, 2), LOD_AUTO));
	check(0, want, "automatic level");
	for (unsigned int i = 0; i < LANES; i++)
		want[i] = i / 8 ? i / 8 - 1 : 0;
	picture_run(lod(a_tex(0x361, 2), LOD_BIAS));
	check(0, want, "bias");
	picture_run(a_tex(0x36a, 2));
	for (unsigned int i = 0; i < LANES; i++) {
		assert_int_equal(out[i][0], i / 8 * 256);
		assert_int_equal(out[i][1], i / 8 * 256);
	}
}

static void test_offsets_and_layers(void **state)
{
	float want[LANES];

	picture_header(0, TWO_D_ARRAY, 16, 8, 4, 1, true);
	for (uint32_t z = 0; z < 4; z++)
		for (uint32_t i = 0; i < 128; i++)
			*gob_word(texels_of(0) + 512 * z, i % 16, i / 16) =
				of_f(i % 16 + 100 * (i / 16) + 10000 * z);
	picture_sampler(0, false, 1);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = i % 6;
		in[i][1] = of_f(5.5f);
		in[i][2] = of_f(3.5f);
		in[i][4] = HANDLE(0, 0);
		in[i][5] = (i & 7) | 0xe0;		/* x by 0..7, y by -2 */
		want[i] = fminf(5 + (i & 7), 15) + 100 + 10000 * fminf(i % 6, 3);
	}
	picture_run(field(field(lod(a_tex(0x361, 2), LOD_ZERO), 63, 1, 1), 76, 1, 1));
	check(0, want, "offset in a layer");
	/* A fetch finds nothing in a layer that is not there. */
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][1] = 5;
		in[i][2] = 3;
		want[i] = i % 6 > 3 ? 0 : 5 + (i & 7) + 100 + 10000 * (i % 6);
	}
	picture_run(field(field(lod(a_tex(0x367, 2), LOD_ZERO), 63, 1, 1), 76, 1, 1));
	check(0, want, "fetch in a layer");
}

/* Less, of a reference and four texels under a linear filter: how many of them. */
static void test_comparisons(void **state)
{
	float want[LANES];
	uint32_t *s;

	flat(0);
	s = picture_sampler(0, true, 1);
	s[0] |= 1 << 9 | 1 << 10;
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = of_f(4);
		in[i][1] = of_f(2);
		in[i][4] = HANDLE(0, 0);
		in[i][5] = of_f(100 + 100 * (i % 3) + i % 5);
		want[i] = 0;
		for (unsigned int j = 0; j < 4; j++)
			if (100 + 100 * (i % 3) + i % 5 < 3 + j % 2 + 100 * (1 + j / 2))
				want[i] += 0.25f;
	}
	picture_run(field(lod(a_tex(0x361, 2), LOD_ZERO), 78, 1, 1));
	check(0, want, "comparison");
}

/* The four texels round a place: lower left, lower right, upper right, upper left. */
static void test_gathers(void **state)
{
	flat(0);
	picture_sampler(0, false, 1);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = of_f(4.75f);
		in[i][1] = of_f(2);
		in[i][4] = HANDLE(0, 0);
		in[i][5] = (i & 3) | 0x3f << 8;		/* x by 0..3, y by -1 */
	}
	picture_run(a_tex(0x364, 2));
	assert_int_equal(out[7][0], of_f(204));
	assert_int_equal(out[7][1], of_f(205));
	assert_int_equal(out[7][2], of_f(105));
	assert_int_equal(out[7][3], of_f(104));
	picture_run(field(a_tex(0x364, 2), 76, 2, 1));
	for (unsigned int i = 0; i < LANES; i++) {
		assert_int_equal(out[i][0], of_f(104 + (i & 3)));
		assert_int_equal(out[i][2], of_f(5 + (i & 3)));
	}
	/* Offsets of their own: the upper left texel of each. */
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][5] = 0x00010000;			/* 0, 0 and 1, 0 */
		in[i][6] = 0x023f0100;			/* 0, 1 and -1, 2 */
	}
	picture_run(field(a_tex(0x364, 2), 76, 2, 2));
	assert_int_equal(out[9][0], of_f(104));
	assert_int_equal(out[9][1], of_f(105));
	assert_int_equal(out[9][2], of_f(204));
	assert_int_equal(out[9][3], of_f(303));
	picture_run(field(a_tex(0x364, 2), 87, 2, 3));	/* alpha, which is one */
	assert_int_equal(out[9][2], of_f(1));
}

static void test_queries(void **state)
{
	levels(0);
	picture_header(1, TWO_D_ARRAY, 5, 7, 3, 1, true);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = HANDLE(i & 1, 0);
		in[i][1] = i / 2 % 5;
	}
	picture_run(field(a_tex(0x370, 1), 81, 3, 0));
	for (unsigned int i = 0; i < LANES; i++) {
		unsigned int level = i / 2 % 5;

		if (i & 1) {
			assert_int_equal(out[i][0], level ? 0 : 5);
			assert_int_equal(out[i][1], level ? 0 : 7);
			assert_int_equal(out[i][2], level ? 0 : 3);
			assert_int_equal(out[i][3], 1);
		} else {
			assert_int_equal(out[i][0], level < 4 ? 16 >> level : 0);
			assert_int_equal(out[i][1], level < 4 ? 16 >> level : 0);
			assert_int_equal(out[i][2], 0);
			assert_int_equal(out[i][3], 4);
		}
	}
}

/* c[0][8] and UR4 name the picture as well as a register does. */
static void test_handles(void **state)
{
	float want[LANES];
	struct insn c = field(lod(a_tex(0xb60, 2), LOD_ZERO), 32, 32, 0);
	struct insn u = field(lod(a_tex(0xf60, 2), LOD_ZERO), 32, 32, 0);

	flat(2);
	picture_sampler(3, false, 1);
	e.constants[2] = HANDLE(2, 3);
	for (unsigned int i = 0; i < LANES; i++) {
		in[i][0] = of_f(i % 16 + 0.5f);
		in[i][1] = of_f(i / 16 + 0.5f);
		want[i] = i % 16 + 100 * (i / 16);
	}
	c = field(field(field(c, 40, 14, 2), 61, 2, 1), 32, 8, 255);
	picture_run(c);
	check(0, want, "handle in a constant");
	u = field(field(field(u, 40, 6, 4), 61, 2, 1), 91, 1, 1);
	picture_program(field(op12(0x882), 16, 8, 4));
	/* UMOV UR4, handle; then the instruction in the place of an empty one. */
	e.ncode -= WORDS / 4 + 2;
	le_emit(&e, field(field(op12(0x882), 16, 8, 4), 32, 32, HANDLE(2, 3)));
	le_emit(&e, field(u, 32, 8, 255));
	for (unsigned int i = 0; i < WORDS; i += 4)
		le_emit(&e, a_st(2, P_OUT + 4 * i, RESULT + i, 6));
	le_emit(&e, a_exit());
	memset(out, 0, sizeof(*out) * LANES);
	assert_true(le_run(&e, 5000));
	check(0, want, "handle in a uniform register");
}

#define T(t) cmocka_unit_test_setup_teardown(t, picture_setup, picture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_filters), T(test_masks), T(test_levels), T(test_quads),
		T(test_offsets_and_layers), T(test_comparisons), T(test_gathers),
		T(test_queries), T(test_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
