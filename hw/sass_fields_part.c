// SPDX-License-Identifier: MIT
/* Fields of conversions, of half precision and of what works on parts of a register. */
#include "sass_fields.h"

/*
 * A source of 8 or 16 bits in a constant bank lies at a multiple of its size: the
 * part of a word that it is counts as selected.
 */
static void part_of_constant(struct sass_insn *in)
{
	unsigned int at = in->s[1].value & 3 & ~((1u << in->type) - 1);

	if (in->s[1].kind != SASS_CONST || in->type > 1 || in->sub)
		return;
	in->s[1].value -= at;
	in->sub = at;
}

/* Sizes are log2 of bytes. 16-bit destinations take the low half. */
SASS_FIELDS(f2f)
{
	in->type = sass_bits(w, 85, 84);
	in->type2 = sass_bits(w, 76, 75);
	float_mods(in, w);
	in->sub = sass_bits(w, 61, 60);
	part_of_constant(in);
	if (in->type < 1 || in->type2 < 1 || (in->sub && in->type != 1))
		return ILLEGAL;
	widths(in, in->type2 == 3 ? 2 : 1, 1, in->type == 3 ? 2 : 1, 1);
	return 0;
}

/* What Turing's encoding has in common with Ampere's: to nearest or to zero. */
SASS_FIELDS(f2fp)
{
	in->rnd = sass_bits(w, 80, 79);
	if (in->rnd == 1 || in->rnd == 2 || sass_bits(w, 71, 64) != SASS_RZ)
		return ILLEGAL;
	return sass_bits(w, 78, 74) || sass_bits(w, 90, 81) ? ILLEGAL : 0;
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
	if (BIT(77))
		in->mods |= SASS_NTZ;
	in->sub = sass_bits(w, 61, 60);
	part_of_constant(in);
	if (in->type < 1 || (in->sub && in->type != 1))
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
	part_of_constant(in);
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

SASS_FIELDS(fchk)
{
	in->dst = SASS_RZ;
	in->pd[0] = sass_bits(w, 83, 81);
	return 0;
}

/* A quad's lanes combine A and C by two bits each of an immediate. */
SASS_FIELDS(fswzadd)
{
	in->s[0] = (struct sass_operand){ .kind = SASS_REG, .reg = sass_bits(w, 31, 24) };
	in->s[2] = (struct sass_operand){ .kind = SASS_REG, .reg = sass_bits(w, 71, 64) };
	in->sub = sass_bits(w, 39, 32);
	float_mods(in, w);
	/* Here bit 77 is .NDV, which is about helper lanes. */
	in->mods &= ~SASS_SAT;
	widths(in, 1, 1, 1, 1);
	return 0;
}

SASS_FIELDS(half)
{
	bool product = sass_bits(w, 8, 0) != 0x030;

	if (product && BIT(76))
		in->mods |= SASS_DNZ;
	if (BIT(77))
		in->mods |= SASS_SAT;
	if (BIT(78))
		in->mods |= SASS_W64;	/* .F32: a float of the lower halves */
	if (BIT(80))
		in->mods |= SASS_FTZ;
	return BIT(79) || BIT(85) ? ILLEGAL : 0;	/* of later chips */
}

SASS_FIELDS(half_cmp)
{
	in->sub = sass_bits(w, 79, 76);
	in->bop = sass_bits(w, 70, 69);
	in->pp[0] = pred_src(w, 87);
	if (BIT(71))
		in->mods |= SASS_HI;	/* .BF, or .H_AND */
	if (BIT(80))
		in->mods |= SASS_FTZ;
	return in->bop == 3 || BIT(65) ? ILLEGAL : 0;
}

SASS_FIELDS(half_cmp_pred)
{
	in->dst = SASS_RZ;
	pred_dsts(in, w);
	return sass_f_half_cmp(in, w);
}

SASS_FIELDS(idp)
{
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	if (BIT(74))
		in->mods |= SASS_SIGNED_B;
	if (BIT(77))
		in->mods |= SASS_HI;
	in->type = BIT(76);		/* 0: .4A, 1: .2A */
	return 0;
}

/* A 32-bit integer made narrower, always saturating. */
SASS_FIELDS(i2i)
{
	in->type2 = sass_bits(w, 78, 77);
	if (BIT(76))
		in->mods |= SASS_SIGNED;
	return in->type2 > 1 ? ILLEGAL : 0;
}

SASS_FIELDS(i2ip)
{
	return sass_f_i2i(in, w);
}

SASS_FIELDS(vabsdiff)
{
	if (BIT(73))
		in->mods |= SASS_SIGNED;
	if (BIT(75))
		in->mods |= SASS_HI;	/* .ACC */
	return 0;
}

SASS_FIELDS(p2r)
{
	in->shift = 8 * sass_bits(w, 77, 76);
	return 0;
}

SASS_FIELDS(r2p)
{
	in->dst = SASS_RZ;
	return sass_f_p2r(in, w);
}
