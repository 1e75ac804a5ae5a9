/* SPDX-License-Identifier: MIT */
/*
 * Texture headers and samplers, as numbers: nothing here touches memory. Images in
 * blocks, by rows or as a buffer, in one, two or three dimensions, in layers and
 * levels; what else a header can say is refused by name.
 */
#ifndef HW_TEX_H
#define HW_TEX_H

#include "texel.h"

#define TEX_HEADER_WORDS	8
#define TEX_SAMPLER_WORDS	8
#define TEX_TAPS		8	/* texels of a linear filter in three dimensions */

enum tex_layout { TEX_BUFFER, TEX_PITCH, TEX_BLOCKS };

struct tex_image {
	uint64_t va;
	uint64_t layer_bytes;
	uint32_t pitch;			/* TEX_PITCH: bytes */
	uint32_t size[3];		/* texels of level 0; 1 where it has no such dimension */
	uint32_t layers;		/* 1 without an array */
	enum tex_layout layout;
	unsigned int dims;
	bool array, normalized;
	bool cube;			/* an array of six faces each */
	unsigned int block_h, block_d;	/* log2 of GOBs in a block of level 0 */
	unsigned int min_level, max_level;	/* of the view */
	struct texel_format format;
	uint8_t source[4];		/* ..._X_SOURCE_IN_* of each result */
	float lod_bias;
};

/* One level: where it begins within a layer and how large it is. */
struct tex_level {
	uint64_t offset;
	uint32_t size[3];
	unsigned int block_h, block_d;
};

struct tex_sampler {
	uint8_t wrap[3];		/* ..._ADDRESS_U_* */
	bool mag_linear, min_linear, unnormalized;
	uint8_t mip;			/* ..._MIP_FILTER_* */
	uint8_t compare;		/* ..._DEPTH_COMPARE_FUNC_*, of instructions that do */
	float lod_bias, min_lod, max_lod;
	uint32_t border[4];
};

/* One texel that a sample needs, and its share. */
struct tex_tap {
	bool border;
	uint32_t at[3];
	float weight;
};

/* What a level of detail comes to: one level or two, and how to filter each. */
struct tex_levels {
	unsigned int n, level[2];
	float share[2];
	bool linear;
	float lod;			/* before it was made levels, and clamped */
};

/* NULL, or what about it the model lacks. */
const char *tex_decode_header(struct tex_image *t, const uint32_t *words);
const char *tex_decode_sampler(struct tex_sampler *s, const uint32_t *words);

void tex_level(const struct tex_image *t, unsigned int level, struct tex_level *l);
/* Is a texel one of this level, of layer @layer? */
bool tex_inside(const struct tex_image *t, const struct tex_level *l, const int32_t *at,
		uint32_t layer);
/* Where byte @x of a row lies; y and z within the level. */
uint64_t tex_address(const struct tex_image *t, const struct tex_level *l, uint64_t x, uint32_t y,
		     uint32_t z, uint32_t layer);

/* Which levels @lod wants. @biased: the biases of sampler and header count. */
void tex_choose_levels(const struct tex_image *t, const struct tex_sampler *s, float lod,
		       bool biased, struct tex_levels *out);
/*
 * Which texels a sample at @coord, moved by @offset texels, is made of; returns how
 * many. A linear filter gives them x first: 00, 10, 01, 11.
 */
unsigned int tex_taps(const struct tex_image *t, const struct tex_level *l,
		      const struct tex_sampler *s, bool linear, const float *coord,
		      const int32_t *offset, struct tex_tap taps[TEX_TAPS]);
/* Which face of a cube @at points to, and where on it, from 0 to 1; @at becomes that. */
unsigned int tex_cube_face(float at[3]);
/* 1.0 or 0.0: does @reference compare with a texel as the sampler wants? */
uint32_t tex_compare(const struct tex_sampler *s, float reference, uint32_t texel);

/* Put each component where the header says. */
void tex_sources(const struct tex_image *t, const uint32_t rgba[4], uint32_t out[4]);
/* The way back for stores: the first of those that take a component gives it. */
void tex_targets(const struct tex_image *t, const uint32_t in[4], uint32_t rgba[4]);

/* A level of detail or a bias: @bits with a sign, eight of them a fraction. */
static inline float tex_signed_fixed(uint32_t v, unsigned int bits)
{
	return (float)((int32_t)(v << (32 - bits)) >> (32 - bits)) / 256;
}

#endif
