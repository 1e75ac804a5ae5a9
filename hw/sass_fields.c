// SPDX-License-Identifier: MIT
/*
 * Fields that differ from opcode to opcode. Each function returns 0 or the
 * warp error that an instruction with such fields raises when executed.
 */
#include "sass_fields.h"

static void no_dst(struct sass_insn *in)
{
	in->dst = SASS_RZ;
}

SASS_FIELDS(no_dst)
{
	no_dst(in);
	return 0;
}

SASS_FIELDS(umov)
{
	in->sub = 0xf;
	return 0;
}

/* The form with a register has an opcode that looks like one of the lanes'. */
SASS_FIELDS(umov_ur)
{
	in->s[1].kind = SASS_REG;
	in->s[1].reg = sass_bits(w, 39, 32);
	in->sub = 0xf;
	return 0;
}

SASS_FIELDS(mov)
{
	in->sub = sass_bits(w, 75, 72);		/* which lanes of each quad */
	return 0;
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
	if (BIT(67) && (in->pp[2] & 7) != SASS_PT)
		in->pp[2] |= SASS_PP_UP;
	return 0;
}

/*
 * A table over the signs of A, B and C, as LOP3's over bits, into a predicate:
 * ptxas tests sums for overflow with it. The instruction's name is not public.
 */
SASS_FIELDS(signs)
{
	no_dst(in);
	in->lut[0] = sass_bits(w, 79, 72);
	pred_dsts(in, w);
	return sass_bits(w, 90, 87) || in->pd[1] != SASS_PT ? ILLEGAL : 0;
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
	if (BIT(73))
		in->mods |= SASS_SIGNED;	/* .SX32: C is the sign of A */
	if (BIT(74))
		in->mods |= SASS_X;
	if (BIT(80))
		in->mods |= SASS_HI;
	in->pp[0] = pred_src(w, 87);
	in->pd[0] = sass_bits(w, 83, 81);
	/* Bit 75 is part of the shift here, not the sign of what is in slot C. */
	in->s[2].neg = false;
	if (!(FORMS_B & 1u << sass_bits(w, 11, 9)))
		in->s[1].neg = false;
	return 0;
}

SASS_FIELDS(imad)
{
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	if (BIT(74))
		in->mods |= SASS_X;
	in->pp[0] = pred_src(w, 87);
	in->pd[0] = sass_bits(w, 83, 81);
	return 0;
}

SASS_FIELDS(imad_wide)
{
	sass_f_imad(in, w);
	widths(in, sass_bits(w, 8, 0) == 0x025 ? 2 : 1, 1, 1, 2);
	return 0;
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

SASS_FIELDS(fpick)
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
	if (BIT(73)) {
		in->mods |= SASS_HI;		/* .F16 */
		in->type = sass_bits(w, 61, 60);	/* 1: of the upper half */
		if (in->sub == 6 || in->sub == 7 || in->type > 1)
			return ILLEGAL;
	}
	/* 0..9: COS SIN EX2 LG2 RCP RSQ RCP64H RSQ64H SQRT TANH */
	return in->sub <= 9 ? 0 : ILLEGAL;
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
