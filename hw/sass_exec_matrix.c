// SPDX-License-Identifier: MIT
/*
 * Matrices of eight rows of eight halves on their way to the multiplier: lane l has
 * elements 2 * (l % 4) and the next of row l / 4, or, transposed, of column l / 4.
 */
#include "nvhw/undocumented.h"
#include "sass_mem.h"

#define ROWS		8
#define ROW_BYTES	16

/* Row, and 32-bit word of it, that lane @i has; transposed: row of half @h, and which half. */
static unsigned int row_of(unsigned int i) { return i / 4; }
static unsigned int word_of(unsigned int i) { return i % 4; }
static unsigned int column_row(unsigned int i, unsigned int h) { return i % 4 * 2 + h; }

/* .MT88: the halves of a column, from the lanes that have its rows. */
SASS_EXEC(movm)
{
	const uint32_t *v = w->r[in->s[0].reg];
	uint32_t t[SASS_LANES];

	FOR_LANES(i) {
		unsigned int column = row_of(i), shift = 16 * (column % 2);
		uint32_t low = v[column_row(i, 0) * 4 + column / 2] >> shift;
		uint32_t high = v[column_row(i, 1) * 4 + column / 2] >> shift;

		t[i] = (low & 0xffff) | high << 16;
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/*
 * Lane n has the address of row n % 8 of matrix n / 8. On Turing, PTX says, all lanes
 * must have valid addresses, those too of which there is no matrix.
 */
static unsigned int row_addresses(struct warp *w, const struct sass_insn *in, uint32_t mask,
				  uint64_t *va)
{
	uint32_t rows = in->dst_width == 4 ? ~0u : (1u << ROWS * in->dst_width) - 1;

	sass_addresses(w, in, va);
	FOR_MASK(i, mask | rows) {
		if (va[i] % ROW_BYTES)
			return NVX_SM_WARP_ERROR_MISALIGNED_ADDR;
		if (va[i] + ROW_BYTES > w->l->qmd.shared_bytes)
			return NVX_SM_WARP_ERROR_OOR_ADDR;
	}
	return 0;
}

static uint32_t column_pair(const uint8_t *const *rows, unsigned int lane)
{
	uint32_t v = 0;

	for (unsigned int h = 0; h < 2; h++) {
		uint16_t half;

		memcpy(&half, rows[column_row(lane, h)] + 2 * row_of(lane), 2);
		v |= (uint32_t)half << 16 * h;
	}
	return v;
}

SASS_EXEC(ldsm)
{
	const uint8_t *rows[SASS_LANES];
	uint32_t t[SASS_LANES];
	uint64_t va[SASS_LANES];
	unsigned int esr = row_addresses(w, in, mask, va);

	if (esr)
		return sass_trap(w, esr);
	for (unsigned int i = 0; i < ROWS * in->dst_width; i++)
		rows[i] = w->cta->shared + va[i];
	for (unsigned int n = 0; n < in->dst_width && in->dst != SASS_RZ; n++) {
		const uint8_t *const *m = rows + ROWS * n;

		FOR_LANES(i) {
			if (in->sub)
				t[i] = column_pair(m, i);
			else
				memcpy(&t[i], m[row_of(i)] + 4 * word_of(i), 4);
		}
		commit(w, in->dst + n, t, mask);
	}
	return SASS_NEXT;
}
