/* SPDX-License-Identifier: MIT */
/*
 * Pictures for tests of what instructions do with them: headers and samplers in the
 * pools of a launch, one warp of 32 threads, each with sixteen words of parameters in
 * R16..R31, and sixteen of results from R32..R47.
 */
#ifndef TESTS_HW_PICTURE_H
#define TESTS_HW_PICTURE_H

#include "launch.h"
#include "nvhw/class/clc597tex.h"
#include "nvhw/nv_field.h"

#define LANES		32
#define WORDS		16		/* of each lane, in and out */
#define P_IN		0x0000
#define P_OUT		0x1000
#define P_HEADERS	0x2000
#define P_SAMPLERS	0x3000
#define P_TEXELS	0x8000
#define PARAM		16		/* registers */
#define RESULT		32

static struct gputest gt;
static struct launch_env e;
static uint32_t (*in)[WORDS], (*out)[WORDS];

static inline int picture_setup(void **state)
{
	uint64_t va = L_DATA_VA;

	le_start(&e, &gt);
	memset(e.data, 0, L_DATA_BYTES);
	in = (void *)((uint8_t *)e.data + P_IN);
	out = (void *)((uint8_t *)e.data + P_OUT);
	gt_inc(&e.c, 1, 0x155c, 3, (uint32_t)((va + P_SAMPLERS) >> 32),
	       (uint32_t)(va + P_SAMPLERS), 7u);
	gt_inc(&e.c, 1, 0x1574, 3, (uint32_t)((va + P_HEADERS) >> 32),
	       (uint32_t)(va + P_HEADERS), 7u);
	return 0;
}

static inline int picture_teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static inline uint32_t *header_at(unsigned int n)
{
	return e.data + P_HEADERS / 4 + 8 * n;
}

static inline uint32_t *sampler_at(unsigned int n)
{
	return e.data + P_SAMPLERS / 4 + 8 * n;
}

/* Where the texels of header @n begin; 8 KiB each. */
static inline uint8_t *texels_of(unsigned int n)
{
	return (uint8_t *)e.data + P_TEXELS + 0x2000 * n;
}

/* Header @n: blocks of one GOB, of floats or integers of 32 bits, red alone. */
static inline uint32_t *picture_header(unsigned int n, unsigned int type, uint32_t width,
				       uint32_t height, uint32_t depth, unsigned int levels,
				       bool number)
{
	uint64_t va = L_DATA_VA + P_TEXELS + 0x2000 * n;
	unsigned int data = number ? 7 : 4;
	uint32_t *w = header_at(n);

	memset(w, 0, 32);
	w[0] = 0x0f | data * (1 << 7 | 1 << 10 | 1 << 13 | 1 << 16);
	w[1] = (uint32_t)va;
	w[2] = (uint32_t)(va >> 32) | 3 << 21;
	NV_MW_SET(w, NVC597_TEXHEAD_BL_X_SOURCE, 2);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_Y_SOURCE, 3);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_Z_SOURCE, 4);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_W_SOURCE, number ? 7 : 6);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_TEXTURE_TYPE, type);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_WIDTH_MINUS_ONE, width - 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_HEIGHT_MINUS_ONE, height - 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_DEPTH_MINUS_ONE, depth - 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_MAX_MIP_LEVEL, levels - 1);
	NV_MW_SET(w, NVC597_TEXHEAD_BL_RES_VIEW_MAX_MIP_LEVEL, levels - 1);
	return w;
}

/* Sampler @n: clamps to the edge, coordinates as the header says; border colour 9. */
static inline uint32_t *picture_sampler(unsigned int n, bool linear, unsigned int mip)
{
	uint32_t *w = sampler_at(n);

	memset(w, 0, 32);
	w[0] = 2 | 2 << 3 | 2 << 6;
	w[1] = (linear ? 2 : 1) * (1 | 1 << 4) | mip << 6;
	w[2] = 0xf00 << 12;
	w[4] = 0x41100000;
	return w;
}

/* Word @x of row @y of a GOB's 16 x 8 words, counted out by its sectors. */
static inline uint32_t *gob_word(uint8_t *gob, uint32_t x, uint32_t y)
{
	return (uint32_t *)(gob + x / 8 * 256 + y / 2 * 64 + x % 8 / 4 * 32 + y % 2 * 16 +
			    x % 4 * 4);
}

/* @op for each lane, between loads of its parameters and stores of its results. */
static inline void picture_program(struct insn op)
{
	PROGRAM(&e, a_s2r(0, 0x21), a_mov(4, (uint32_t)L_DATA_VA),
		a_mov(5, (uint32_t)(L_DATA_VA >> 32)), a_wide(2, 0, 4 * WORDS, 4));
	for (unsigned int i = 0; i < WORDS; i += 4) {
		le_emit(&e, a_ld(PARAM + i, 2, P_IN + 4 * i, 6));
		for (unsigned int j = 0; j < 4; j++)
			le_emit(&e, a_mov(RESULT + i + j, 0xdeadbeef));
	}
	le_emit(&e, op);
	for (unsigned int i = 0; i < WORDS; i += 4)
		le_emit(&e, a_st(2, P_OUT + 4 * i, RESULT + i, 6));
	le_emit(&e, a_exit());
	le_qmd(&e, 1, LANES);
}

static inline void picture_run(struct insn op)
{
	picture_program(op);
	assert_true(le_run(&e, 5000));
}

/* Of textures: parameters from R16 and R20, results to R32:33 and R34:35, all four. */
static inline struct insn a_tex(unsigned int code, unsigned int dim)
{
	struct insn i = field(field(op12(code), 16, 8, RESULT), 24, 8, PARAM);

	i = field(field(i, 32, 8, PARAM + 4), 64, 8, RESULT + 2);
	i = field(field(i, 61, 2, dim - 1), 72, 4, 0xf);
	return field(field(i, 81, 3, AT), 59, 1, 1);
}

/* Of surfaces: coordinates from R16, data R20, handle R24, result R32. */
static inline struct insn a_surf(unsigned int code, unsigned int dim, unsigned int mode)
{
	struct insn i = field(field(op12(code), 16, 8, RESULT), 24, 8, PARAM);

	i = field(field(i, 32, 8, PARAM + 4), 64, 8, PARAM + 8);
	return field(field(field(i, 61, 3, dim), 59, 2, mode), 81, 3, AT);
}

static inline float f_of(uint32_t v)
{
	float f;

	memcpy(&f, &v, sizeof(f));
	return f;
}

static inline uint32_t of_f(float f)
{
	uint32_t v;

	memcpy(&v, &f, sizeof(v));
	return v;
}

#endif
