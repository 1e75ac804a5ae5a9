/* SPDX-License-Identifier: MIT */
/* Block-linear surfaces: where a byte lies among the GOBs, as on all parts since Fermi. */
#ifndef HW_GOB_H
#define HW_GOB_H

#include <stdint.h>

#define GOB_BYTES	512
#define GOB_WIDTH	64	/* bytes */
#define GOB_ROWS	8
#define GOB_RUN		16	/* bytes that stay together within a GOB */

/* A surface in blocks of one GOB by 1 << height by 1 << depth. */
struct gob_layout {
	uint32_t width;			/* GOBs per row of blocks */
	uint32_t height_blocks;
	uint8_t block_h, block_d;	/* log2 GOBs */
};

static inline uint32_t gob_blocks_high(uint64_t rows, unsigned int block_h)
{
	return (rows + (GOB_ROWS << block_h) - 1) / (GOB_ROWS << block_h);
}

/* Sectors of 32 bytes: two rows of 16 interleave, four row pairs, two halves. */
static inline uint64_t gob_offset(const struct gob_layout *l, uint64_t x, uint32_t y, uint32_t z)
{
	uint32_t row = y / GOB_ROWS;
	uint64_t block = ((uint64_t)(z >> l->block_d) * l->height_blocks + (row >> l->block_h)) *
			 l->width + x / GOB_WIDTH;
	uint32_t gob = ((z & ((1u << l->block_d) - 1)) << l->block_h) +
		       (row & ((1u << l->block_h) - 1));
	uint32_t in_gob = (x % GOB_WIDTH / 32) * 256 + (y % GOB_ROWS / 2) * 64 +
			  (x % 32 / 16) * 32 + (y % 2) * 16 + x % 16;

	return ((block << (l->block_h + l->block_d)) + gob) * GOB_BYTES + in_gob;
}

#endif
