// SPDX-License-Identifier: MIT
/*
 * Fields of the instructions for pictures. Their dimensions come a second time
 * in the header, which counts; here they say how many coordinates there are.
 */
#include "sass_fields.h"

#define TEX_DIM_CUBE	3
#define TEX_LOD_BIAS	2	/* 0 automatic, 1 zero, 2 bias, 3 given */
#define SU_DIM_1D	0
#define SU_DIM_2D	3
#define SU_DIM_3D	5

/* Wanted results in pairs at two places; the handle in a constant. */
static int results(struct sass_insn *in, const uint32_t w[4])
{
	unsigned int n;

	in->sub = sass_bits(w, 75, 72);
	n = __builtin_popcount(in->sub);
	in->dst_width = n > 1 ? 2 : n;
	reg_operand(in, 2, w, 64, n > 3 ? 2 : n > 2 ? 1 : 0);
	reg_operand(in, 1, w, 32, 0);		/* level of detail and the like: there is one level */
	in->s[1].bank = sass_bits(w, 58, 54);
	in->imm = sass_bits(w, 53, 40) * 4;
	return n ? 0 : ILLEGAL;
}

SASS_FIELDS(tex)
{
	unsigned int dim = sass_bits(w, 62, 61);

	reg_operand(in, 0, w, 24, dim ? 2 : 1);
	in->type = dim;
	in->type2 = sass_bits(w, 89, 87);
	/* No arrays and cubes, depth or samples, offsets; no derivatives in compute. */
	if (BIT(63) || dim == TEX_DIM_CUBE || BIT(78) || BIT(76) ||
	    in->type2 == TEX_LOD_BIAS)
		return ILLEGAL;
	return results(in, w);
}

SASS_FIELDS(txq)
{
	reg_operand(in, 0, w, 24, 1);
	return sass_bits(w, 63, 62) ? ILLEGAL : results(in, w);	/* 0: dimensions */
}

SASS_FIELDS(sust)
{
	unsigned int dim = sass_bits(w, 63, 61);

	in->dst = SASS_RZ;
	in->type = dim;
	reg_operand(in, 0, w, 24, dim == SU_DIM_1D ? 1 : 2);
	reg_operand(in, 1, w, 32, 4);
	reg_operand(in, 2, w, 64, 1);
	return dim == SU_DIM_1D || dim == SU_DIM_2D || dim == SU_DIM_3D ? 0 : ILLEGAL;
}
