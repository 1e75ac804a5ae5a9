// SPDX-License-Identifier: MIT
/* Fields of what works on matrices. A bit whose meaning is not known is refused. */
#include "sass_fields.h"

static void operands(struct sass_insn *in, const uint32_t w[4], unsigned int d, unsigned int a,
		     unsigned int b, unsigned int c)
{
	reg_operand(in, 0, w, 24, a);
	reg_operand(in, 1, w, 32, b);
	reg_operand(in, 2, w, 64, c);
	in->dst_width = d;
}

/* Are bits 90 to 72 clear but for those of @known? */
static bool only(const uint32_t w[4], uint32_t known)
{
	return !(sass_bits(w, 90, 72) & ~known) && !sass_bits(w, 63, 40);
}

#define AT(n)	(1u << ((n) - 72))

SASS_FIELDS(hmma_1688)
{
	unsigned int width = BIT(76) ? 4 : 2;

	in->sub = BIT(76) ? SASS_MMA_D_F32 | SASS_MMA_C_F32 : 0;
	operands(in, w, width, 2, 1, width);
	return only(w, AT(76)) ? 0 : ILLEGAL;
}

/* Four steps for floats, two for halves; nothing makes halves of floats. */
SASS_FIELDS(hmma_884)
{
	in->sub = (BIT(73) ? SASS_MMA_A_COL : 0) | (BIT(74) ? SASS_MMA_B_COL : 0) |
		  (BIT(76) ? SASS_MMA_D_F32 : 0) | (BIT(78) ? SASS_MMA_C_F32 : 0);
	in->type = sass_bits(w, 80, 79);
	operands(in, w, 2, 2, 2, 2);
	if (!BIT(76) && (BIT(78) || in->type > 1))
		return ILLEGAL;
	return only(w, AT(73) | AT(74) | AT(76) | AT(78) | AT(79) | AT(80)) ? 0 : ILLEGAL;
}

/* A by rows, B by columns: no toolchain has another order. Bits 85:83 say 4-bit ones. */
SASS_FIELDS(imma)
{
	unsigned int shape = sass_bits(w, 85, 83);

	in->type = shape ? 4 : 8;
	if (BIT(76))
		in->mods |= SASS_SIGNED;
	if (BIT(78))
		in->mods |= SASS_SIGNED_B;
	if (BIT(82))
		in->mods |= SASS_SAT;
	operands(in, w, 2, 1, 1, 2);
	if (!BIT(74) || (shape && shape != 7))
		return ILLEGAL;
	return only(w, AT(74) | AT(76) | AT(78) | AT(82) | 7 * AT(83)) ? 0 : ILLEGAL;
}

/* Bit 80: how many bits differ. */
SASS_FIELDS(bmma)
{
	operands(in, w, 2, 1, 1, 2);
	return BIT(74) && BIT(80) && only(w, AT(74) | AT(80)) ? 0 : ILLEGAL;
}

SASS_FIELDS(movm)
{
	reg_operand(in, 0, w, 24, 1);
	return only(w, 0) && !sass_bits(w, 71, 64) ? 0 : ILLEGAL;
}

/* .M88 or .MT88 of 1, 2 or 4 matrices; the address is that of LDS without a scale. */
SASS_FIELDS(ldsm)
{
	static const uint8_t count[4] = { 1, 2, 4, 0 };
	unsigned int n = count[sass_bits(w, 73, 72)];
	int ret = sass_f_lds(in, w);

	in->shift = 0;
	in->type = 0;
	in->sub = BIT(78);
	in->dst_width = n;
	return !n || sass_bits(w, 90, 72) & ~(3 * AT(72) | AT(78)) ? ILLEGAL : ret;
}
