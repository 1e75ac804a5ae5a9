/* SPDX-License-Identifier: MIT */
/* Fields that opcodes of several groups have at the same bits. */
#ifndef HW_SASS_FIELDS_H
#define HW_SASS_FIELDS_H

#include "nvhw/undocumented.h"
#include "sass_exec.h"

#define BIT(n)		sass_bits(w, n, n)
#define ILLEGAL		NVX_SM_WARP_ERROR_ILLEGAL_PARAM

static inline void widths(struct sass_insn *in, unsigned int d, unsigned int a, unsigned int b,
			  unsigned int c)
{
	in->dst_width = d;
	in->s[0].width = a;
	in->s[1].width = b;
	in->s[2].width = c;
}

static inline void pred_dsts(struct sass_insn *in, const uint32_t w[4])
{
	in->pd[0] = sass_bits(w, 83, 81);
	in->pd[1] = sass_bits(w, 86, 84);
}

static inline uint8_t pred_src(const uint32_t w[4], unsigned int lo)
{
	return sass_bits(w, lo + 3, lo);
}

static inline void float_mods(struct sass_insn *in, const uint32_t w[4])
{
	in->rnd = sass_bits(w, 79, 78);
	if (BIT(77))
		in->mods |= SASS_SAT;
	if (BIT(80))
		in->mods |= SASS_FTZ;
}

/* Source @i is @width registers from the one at bit @lo on. */
static inline void reg_operand(struct sass_insn *in, unsigned int i, const uint32_t w[4],
			       unsigned int lo, unsigned int width)
{
	in->s[i].kind = SASS_REG;
	in->s[i].reg = sass_bits(w, lo + 7, lo);
	in->s[i].width = width;
}

#endif
