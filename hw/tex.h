/* SPDX-License-Identifier: MIT */
/*
 * Texture headers, samplers and texels, as numbers: nothing here touches memory.
 * Block-linear images of one level in one, two or three dimensions; what else a
 * header can say is refused by name.
 */
#ifndef HW_TEX_H
#define HW_TEX_H

#include <stdbool.h>
#include <stdint.h>

#define TEX_HEADER_WORDS	8
#define TEX_SAMPLER_WORDS	8
#define TEX_TAPS		8	/* texels of a linear filter in three dimensions */

struct tex_image {
	uint64_t va;
	uint32_t size[3];		/* texels; 1 where it has no such dimension */
	unsigned int dims;
	unsigned int block_h, block_d;	/* log2 of GOBs in a block */
	unsigned int components, component_bytes, texel_bytes;
	unsigned int data_type;		/* ..._R_DATA_TYPE_NUM_* */
	uint8_t source[4];		/* ..._X_SOURCE_IN_* of each result */
	bool normalized;
};

struct tex_sampler {
	uint8_t wrap[3];		/* ..._ADDRESS_U_* */
	bool linear, unnormalized;
	uint32_t border[4];
};

/* One texel that a sample needs, and its share. */
struct tex_tap {
	bool border;
	uint32_t at[3];
	float weight;
};

/* NULL, or what about it the model lacks. */
const char *tex_decode_header(struct tex_image *t, const uint32_t *words);
const char *tex_decode_sampler(struct tex_sampler *s, const uint32_t *words);

bool tex_inside(const struct tex_image *t, const int32_t *at);
/* Where a texel inside of the image lies. */
uint64_t tex_address(const struct tex_image *t, const uint32_t *at);
/* Which texels a sample at @coord is made of; returns how many. */
unsigned int tex_taps(const struct tex_image *t, const struct tex_sampler *s, const float *coord,
		      struct tex_tap taps[TEX_TAPS]);

/* Texel to red, green, blue, alpha as the shader sees them, before the sources. */
void tex_unpack(const struct tex_image *t, const uint8_t *texel, uint32_t rgba[4]);
/* And back; numbers that do not fit become the nearest that does. */
void tex_pack(const struct tex_image *t, const uint32_t rgba[4], uint8_t *texel);
/* Put each component where the header says. */
void tex_sources(const struct tex_image *t, const uint32_t rgba[4], uint32_t out[4]);
/* The way back for stores: the first of those that take a component gives it. */
void tex_targets(const struct tex_image *t, const uint32_t in[4], uint32_t rgba[4]);
/* Are components floating-point numbers once in a register? */
bool tex_is_float(const struct tex_image *t);

#endif
