/* SPDX-License-Identifier: MIT */
/*
 * Formats of texels, of textures, surfaces and render targets alike: components
 * of 1 to 32 bits each. Nothing here touches memory.
 */
#ifndef HW_TEXEL_H
#define HW_TEXEL_H

#include <stdbool.h>
#include <stdint.h>

#define TEXEL_BYTES_MAX	16

enum { TEXEL_R, TEXEL_G, TEXEL_B, TEXEL_A, TEXEL_COMPONENTS };

struct texel_format {
	uint8_t bytes;
	uint8_t bits[TEXEL_COMPONENTS];		/* 0: has no such component */
	uint8_t shift[TEXEL_COMPONENTS];
	uint8_t type[TEXEL_COMPONENTS];		/* ..._R_DATA_TYPE_NUM_* */
	bool srgb;				/* all but alpha */
};

/* Of a texture header; false when it is one the model lacks. */
bool texel_format_of_header(struct texel_format *f, const uint32_t *words);
/* Of SET_COLOR_TARGET_FORMAT and SET_ZT_FORMAT; depth is red, stencil green. */
bool texel_format_of_target(struct texel_format *f, uint32_t format);
bool texel_format_of_zeta(struct texel_format *f, uint32_t format);

/* Are components floating-point numbers once in a register? */
bool texel_is_float(const struct texel_format *f);
/* Texel to red, green, blue, alpha as registers have them. */
void texel_unpack(const struct texel_format *f, const uint8_t *texel,
		  uint32_t rgba[TEXEL_COMPONENTS]);
/* And back; numbers that do not fit become the nearest that does. */
void texel_pack(const struct texel_format *f, const uint32_t rgba[TEXEL_COMPONENTS],
		uint8_t *texel);
/* The bits that component @i has in a texel, as a mask over its bytes. */
void texel_mask(const struct texel_format *f, unsigned int i, uint8_t mask[TEXEL_BYTES_MAX]);

#endif
