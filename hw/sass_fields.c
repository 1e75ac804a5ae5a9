// SPDX-License-Identifier: MIT
/*
 * Fields that differ from opcode to opcode. Each function returns 0 or the
 * warp error that an instruction with such fields raises when executed.
 */
#include "nvhw/undocumented.h"
#include "sass_exec.h"

#define BIT(n)		sass_bits(w, n, n)
#define ILLEGAL		NVX_SM_WARP_ERROR_ILLEGAL_PARAM

static void pred_dsts(struct sass_insn *in, const uint32_t w[4])
{
	in->pd[0] = sass_bits(w, 83, 81);
	in->pd[1] = sass_bits(w, 86, 84);
}

static uint8_t pred_src(const uint32_t w[4], unsigned int lo)
{
	return sass_bits(w, lo + 3, lo);
}

static void widths(struct sass_insn *in, unsigned int d, unsigned int a, unsigned int b,
		   unsigned int c)
{
	in->dst_width = d;
	in->s[0].width = a;
	in->s[1].width = b;
	in->s[2].width = c;
}

static void no_dst(struct sass_insn *in)
{
	in->dst = SASS_RZ;
}

SASS_FIELDS(no_dst)
{
	no_dst(in);
	return 0;
}

SASS_FIELDS(mov)
{
	/* Partial lane masks write a part of a quad: graphics only. */
	return sass_bits(w, 75, 72) == 0xf ? 0 : ILLEGAL;
}

SASS_FIELDS(sel)
{
	in->pp[0] = pred_src(w, 87);
	return 0;
}

SASS_FIELDS(lop3)
{
	in->lut[0] = sass_bits(w, 79, 72);
	in->pd[0] = sass_bits(w, 83, 81);
	in->pp[0] = pred_src(w, 87);
	in->bop = BIT(80);
	return 0;
}

SASS_FIELDS(prmt)
{
	in->sub = sass_bits(w, 74, 72);
	return in->sub == 7 ? ILLEGAL : 0;
}

SASS_FIELDS(shf)
{
	in->type = sass_bits(w, 74, 73);
	if (in->type == 0 || in->type == 2)
		in->mods |= SASS_SIGNED;
	if (in->type < 2)
		in->mods |= SASS_W64;
	if (BIT(75))
		in->mods |= SASS_WRAP;
	if (BIT(76))
		in->mods |= SASS_RIGHT;
	if (BIT(80))
		in->mods |= SASS_HI;
	return 0;
}

SASS_FIELDS(wrap_signed)
{
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	if (BIT(75))
		in->mods |= SASS_WRAP;
	return 0;
}

SASS_FIELDS(flo)
{
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	if (BIT(74))
		in->mods |= SASS_SH;
	/* What a predicate destination would get is not known. */
	return sass_bits(w, 83, 81) == SASS_PT ? 0 : ILLEGAL;
}

SASS_FIELDS(plop3)
{
	no_dst(in);
	in->pp[0] = pred_src(w, 87);
	in->pp[1] = pred_src(w, 77);
	in->pp[2] = pred_src(w, 68);
	in->lut[0] = sass_bits(w, 76, 72) << 3 | sass_bits(w, 66, 64);
	in->lut[1] = sass_bits(w, 23, 16);
	pred_dsts(in, w);
	/* Bit 67: the last source is a uniform predicate. */
	return BIT(67) ? ILLEGAL : 0;
}

SASS_FIELDS(isetp)
{
	no_dst(in);
	if (BIT(72))
		in->mods |= SASS_X;
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	in->bop = sass_bits(w, 75, 74);
	in->sub = sass_bits(w, 78, 76);
	in->pp[0] = pred_src(w, 87);
	in->pp[1] = pred_src(w, 68);
	pred_dsts(in, w);
	return in->bop == 3 ? ILLEGAL : 0;
}

SASS_FIELDS(imnmx)
{
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	in->pp[0] = pred_src(w, 87);
	return 0;
}

SASS_FIELDS(iadd3)
{
	/* With .X bit 74 it is not a modifier of C, and negation is inversion. */
	if (BIT(74))
		in->mods |= SASS_X;
	in->pp[0] = pred_src(w, 87);
	in->pp[1] = pred_src(w, 77);
	pred_dsts(in, w);
	return 0;
}

SASS_FIELDS(lea)
{
	in->sub = sass_bits(w, 79, 75);
	if (BIT(74))
		in->mods |= SASS_X;
	if (BIT(80))
		in->mods |= SASS_HI;
	in->pp[0] = pred_src(w, 87);
	in->pd[0] = sass_bits(w, 83, 81);
	/* Bit 75 is part of the shift here, not the sign of C. */
	in->s[2].neg = false;
	return 0;
}

SASS_FIELDS(imad)
{
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	if (BIT(74))
		in->mods |= SASS_SIGNED_B;
	return 0;
}

SASS_FIELDS(imad_wide)
{
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	/* Carry in and out (.X) are not part of what is modelled. */
	if (BIT(74) || sass_bits(w, 83, 81) != SASS_PT)
		return ILLEGAL;
	widths(in, sass_bits(w, 8, 0) == 0x025 ? 2 : 1, 1, 1, 2);
	return 0;
}

static void float_mods(struct sass_insn *in, const uint32_t w[4])
{
	in->rnd = sass_bits(w, 79, 78);
	if (BIT(77))
		in->mods |= SASS_SAT;
	if (BIT(80))
		in->mods |= SASS_FTZ;
}

SASS_FIELDS(float)
{
	unsigned int op = sass_bits(w, 8, 0);

	float_mods(in, w);
	if (op != 0x021 && BIT(76))
		in->mods |= SASS_DNZ;
	if (op == 0x020) {
		in->sub = sass_bits(w, 86, 84);
		/* 0 and 4 multiply by one; 7 has no meaning. */
		if (in->sub == 7)
			return ILLEGAL;
	}
	return 0;
}

SASS_FIELDS(fmnmx)
{
	in->pp[0] = pred_src(w, 87);
	if (BIT(80))
		in->mods |= SASS_FTZ;
	return 0;
}

SASS_FIELDS(fcmp)
{
	in->sub = sass_bits(w, 79, 76);
	in->bop = sass_bits(w, 75, 74);
	in->pp[0] = pred_src(w, 87);
	if (BIT(80))
		in->mods |= SASS_FTZ;
	return in->bop == 3 ? ILLEGAL : 0;
}

SASS_FIELDS(fcmp_pred)
{
	no_dst(in);
	pred_dsts(in, w);
	return sass_f_fcmp(in, w);
}

SASS_FIELDS(mufu)
{
	in->sub = sass_bits(w, 77, 74);
	/* 0..8: COS SIN EX2 LG2 RCP RSQ RCP64H RSQ64H SQRT */
	return in->sub <= 8 ? 0 : ILLEGAL;
}

SASS_FIELDS(double)
{
	in->rnd = sass_bits(w, 79, 78);
	widths(in, 2, 2, 2, 2);
	return 0;
}

SASS_FIELDS(dcmp)
{
	widths(in, 1, 2, 2, 2);
	return sass_f_fcmp_pred(in, w);
}

/* Sizes are log2 of bytes. 16-bit destinations take the low half. */
SASS_FIELDS(f2f)
{
	in->type = sass_bits(w, 85, 84);
	in->type2 = sass_bits(w, 76, 75);
	float_mods(in, w);
	in->sub = sass_bits(w, 61, 60);
	if (in->type < 1 || in->type2 < 1 || (in->sub && in->type != 1))
		return ILLEGAL;
	widths(in, in->type2 == 3 ? 2 : 1, 1, in->type == 3 ? 2 : 1, 1);
	return 0;
}

SASS_FIELDS(f2i)
{
	in->type = sass_bits(w, 85, 84);
	in->type2 = sass_bits(w, 76, 75);
	in->rnd = sass_bits(w, 79, 78);
	if (BIT(72))
		in->mods |= SASS_SIGNED;
	if (BIT(80))
		in->mods |= SASS_FTZ;
	in->sub = sass_bits(w, 61, 60);
	if (in->type < 1 || BIT(77) || (in->sub && in->type != 1))
		return ILLEGAL;
	/* Bit 72 is the destination's sign here, not a modifier. */
	widths(in, in->type2 == 3 ? 2 : 1, 1, in->type == 3 ? 2 : 1, 1);
	return 0;
}

SASS_FIELDS(i2f)
{
	in->type = sass_bits(w, 85, 84);
	in->type2 = sass_bits(w, 76, 75);
	in->rnd = sass_bits(w, 79, 78);
	if (BIT(74))
		in->mods |= SASS_SIGNED;
	in->sub = sass_bits(w, 61, 60);
	if (in->type2 < 1)
		return ILLEGAL;
	widths(in, in->type2 == 3 ? 2 : 1, 1, in->type == 3 ? 2 : 1, 1);
	return 0;
}

SASS_FIELDS(frnd)
{
	in->type = sass_bits(w, 85, 84);
	in->type2 = sass_bits(w, 76, 75);
	in->rnd = sass_bits(w, 79, 78);
	if (BIT(80))
		in->mods |= SASS_FTZ;
	if (in->type < 1 || in->type2 != in->type)
		return ILLEGAL;
	widths(in, in->type == 3 ? 2 : 1, 1, in->type == 3 ? 2 : 1, 1);
	return 0;
}
