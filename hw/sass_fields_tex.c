// SPDX-License-Identifier: MIT
/*
 * Fields of the instructions for pictures. Their dimensions come a second time in
 * the header, which counts; here they say how many coordinates there are. The
 * parameters are counted out to know which registers hold them.
 */
#include "sass_fields.h"
#include "sass_tex.h"

#define TEX_DIM_CUBE	3		/* 0, 1, 2: one, two, three dimensions */
#define TEX_PACKED	BIT(60)		/* A has the first two, of two the first */

/* Opcodes in three forms, by bits 11:9: a register, a constant, a uniform register. */
#define FORM_REG	1
#define FORM_REDUCE	2		/* SURED, with a constant */
#define FORM_CONST	5
#define FORM_UNIFORM	7

/* The handle: in B or A (@param, its index), c[][], or a uniform register. */
static int handle(struct sass_insn *in, const uint32_t w[4], unsigned int param)
{
	unsigned int ur = sass_bits(w, 45, 40) & SASS_URZ;

	switch (sass_bits(w, 11, 9)) {
	case FORM_REG:
		in->rnd = TEX_HANDLE_PARAM;
		in->lut[1] = param;
		return 0;
	case FORM_REDUCE:
	case FORM_CONST:
		in->rnd = TEX_HANDLE_CONST;
		in->s[1].bank = sass_bits(w, 58, 54);
		in->imm = sass_bits(w, 53, 40) * 4;
		return 0;
	case FORM_UNIFORM:
		in->rnd = TEX_HANDLE_ROW;
		in->ubase = ur == SASS_URZ ? SASS_RZ : SASS_UR + ur;
		return 0;
	default:
		return ILLEGAL;
	}
}

static unsigned int group_width(unsigned int n)
{
	return n > 2 ? 4 : n;
}

/* Wanted results in pairs at two places. */
static int results(struct sass_insn *in, const uint32_t w[4])
{
	unsigned int n;

	in->sub = sass_bits(w, 75, 72);
	n = __builtin_popcount(in->sub);
	in->dst_width = n > 1 ? 2 : n;
	reg_operand(in, 2, w, 64, n > 3 ? 2 : n > 2 ? 1 : 0);
	return n ? 0 : ILLEGAL;
}

/* @total parameters, of which A has @in_a, B what is left. */
static int parameters(struct sass_insn *in, const uint32_t w[4], unsigned int in_a,
		      unsigned int total)
{
	in_a = in_a < total ? in_a : total;
	in->shift = in_a;
	reg_operand(in, 0, w, 24, group_width(in_a));
	/* Keeps the bank of the handle. */
	in->s[1].kind = SASS_REG;
	in->s[1].reg = sass_bits(w, 39, 32);
	in->s[1].width = group_width(total - in_a);
	return in_a > 4 || total - in_a > 4 ? ILLEGAL : results(in, w);
}

/* What a predicate destination gets is about sparse memory, and not known. */
static int no_predicate(const uint32_t w[4])
{
	return sass_bits(w, 83, 81) == SASS_PT ? 0 : ILLEGAL;
}

/* Coordinates, and what follows them in the order of struct tex_args. */
static int sampling(struct sass_insn *in, const uint32_t w[4])
{
	unsigned int place, total;
	int ret;

	in->type = sass_bits(w, 62, 61) + 1;
	if (in->type == TEX_DIM_CUBE + 1) {
		in->type = 3;
		in->bop |= SASS_TEX_CUBE;
	}
	if (BIT(63))
		in->bop |= SASS_TEX_ARRAY;
	place = in->type + BIT(63);
	ret = handle(in, w, place);
	total = place + (in->rnd == TEX_HANDLE_PARAM) + !!(in->bop & SASS_TEX_LOD) +
		!!(in->bop & SASS_TEX_OFFSET) + 2 * !!(in->bop & SASS_TEX_OFFSETS) +
		!!(in->bop & SASS_TEX_COMPARE);
	if (ret)
		return ILLEGAL;
	return parameters(in, w, !TEX_PACKED ? place : total > 2 ? 2 : 1, total);
}

SASS_FIELDS(tex)
{
	in->type2 = sass_bits(w, 89, 87);
	if (in->type2 > SASS_LOD_GIVEN || no_predicate(w))
		return ILLEGAL;
	if (in->type2 >= SASS_LOD_BIAS)
		in->bop |= SASS_TEX_LOD;
	if (BIT(76))
		in->bop |= SASS_TEX_OFFSET;
	if (BIT(78))
		in->bop |= SASS_TEX_COMPARE;
	return sampling(in, w);
}

/* Bit 78: of several samples, which the model lacks. */
SASS_FIELDS(tld)
{
	in->type2 = sass_bits(w, 89, 87);
	if (in->type2 == SASS_LOD_GIVEN)
		in->bop |= SASS_TEX_LOD;
	else if (in->type2 != SASS_LOD_ZERO)
		return ILLEGAL;
	if (BIT(76))
		in->bop |= SASS_TEX_OFFSET;
	return BIT(78) || no_predicate(w) ? ILLEGAL : sampling(in, w);
}

SASS_FIELDS(tld4)
{
	unsigned int offsets = sass_bits(w, 77, 76);

	in->lut[0] = sass_bits(w, 88, 87);
	if (offsets)
		in->bop |= offsets == 1 ? SASS_TEX_OFFSET : SASS_TEX_OFFSETS;
	if (BIT(78))
		in->bop |= SASS_TEX_COMPARE;
	return offsets == 3 || no_predicate(w) ? ILLEGAL : sampling(in, w);
}

SASS_FIELDS(tmml)
{
	return sampling(in, w);
}

SASS_FIELDS(txd)
{
	unsigned int total;
	int ret = handle(in, w, 0);

	in->type = sass_bits(w, 62, 61) + 1;
	if (BIT(63))
		in->bop |= SASS_TEX_ARRAY;
	if (BIT(76))
		in->bop |= SASS_TEX_OFFSET;
	total = in->type + !!in->bop + (in->rnd == TEX_HANDLE_PARAM);
	if (ret || in->type > 2 || TEX_PACKED || no_predicate(w))
		return ILLEGAL;
	return parameters(in, w, total, total + 2 * in->type);
}

/* 0: dimensions; 1: what it is, of which the count of samples is known. */
SASS_FIELDS(txq)
{
	unsigned int total = 1;
	int ret = handle(in, w, 0);

	in->type = sass_bits(w, 63, 62);
	total += in->rnd == TEX_HANDLE_PARAM;
	ret = ret ? ret : parameters(in, w, total, total);
	return in->type > 1 || (in->type && in->sub != 1 << 2) ? ILLEGAL : ret;
}

/* Coordinates in A; the handle in C, a constant, or a uniform register. */
static int surface(struct sass_insn *in, const uint32_t w[4])
{
	static const uint8_t coords[8] = { 1, 1, 2, 2, 3, 3 };
	unsigned int form = sass_bits(w, 11, 9);

	in->shift = coords[sass_bits(w, 63, 61)];
	in->lut[0] = sass_bits(w, 60, 59);
	reg_operand(in, 0, w, 24, group_width(in->shift));
	if (!in->shift || in->lut[0] > SASS_SU_TRAP)
		return ILLEGAL;
	if (form != 1 && form != 4)
		return handle(in, w, 0);
	in->rnd = TEX_HANDLE_ROW;
	in->ubase = sass_bits(w, 71, 64);
	return 0;
}

static const uint8_t bits_regs[8] = { 1, 1, 1, 1, 1, 2, 4, 0 };

SASS_FIELDS(suld)
{
	unsigned int mask = sass_bits(w, 75, 72);

	in->dst_width = group_width(__builtin_popcount(mask));
	/* Red, and the components after it. */
	return !mask || mask & (mask + 1) ? ILLEGAL : surface(in, w);
}

SASS_FIELDS(sust)
{
	unsigned int mask = sass_bits(w, 75, 72);
	int ret = surface(in, w);

	in->dst = SASS_RZ;
	in->s[1].kind = SASS_REG;
	in->s[1].reg = sass_bits(w, 39, 32);
	in->s[1].width = 4;
	return mask == 0xf ? ret : ILLEGAL;
}

/* Bit 72: x counts bytes, not texels. */
static int surface_bits(struct sass_insn *in, const uint32_t w[4])
{
	if (BIT(72))
		in->bop |= SASS_TEX_BYTES;
	in->type = sass_bits(w, 75, 73);
	return surface(in, w);
}

SASS_FIELDS(suld_bits)
{
	in->dst_width = bits_regs[sass_bits(w, 75, 73)];
	return in->dst_width ? surface_bits(in, w) : ILLEGAL;
}

SASS_FIELDS(sust_bits)
{
	int ret = surface_bits(in, w);

	in->dst = SASS_RZ;
	in->s[1].kind = SASS_REG;
	in->s[1].reg = sass_bits(w, 39, 32);
	in->s[1].width = bits_regs[in->type];
	return in->s[1].width ? ret : ILLEGAL;
}

static int surface_atomic(struct sass_insn *in, const uint32_t w[4], unsigned int op)
{
	int ret = surface_bits(in, w);
	unsigned int n = sass_atomic_bytes(in) / 4;

	in->sub = op;
	in->dst_width = n;
	in->pd[0] = sass_bits(w, 83, 81);
	in->s[1].kind = SASS_REG;
	in->s[1].reg = sass_bits(w, 39, 32);
	in->s[1].width = n;
	if (in->type > 6 || op > SASS_ATOM_CAS)
		return ILLEGAL;
	/* Numbers with a fraction are added, or put there. */
	if ((in->type == 3 || in->type == 4 || in->type == 6) && op != SASS_ATOM_ADD &&
	    op != SASS_ATOM_EXCH)
		return ILLEGAL;
	return ret;
}

SASS_FIELDS(suatom)
{
	unsigned int op = sass_bits(w, 90, 87);

	return op > SASS_ATOM_EXCH ? ILLEGAL : surface_atomic(in, w, op);
}

/* What is compared, and after it what is put in its place. */
SASS_FIELDS(suatom_cas)
{
	int ret = surface_atomic(in, w, SASS_ATOM_CAS);
	unsigned int n = in->dst_width;

	in->s[2] = in->s[1];
	if (in->s[1].reg != SASS_RZ)
		in->s[2].reg += n;
	in->s[1].width = 2 * n;
	return in->type != 0 && in->type != 2 ? ILLEGAL : ret;
}

SASS_FIELDS(sured)
{
	int ret = surface_atomic(in, w, sass_bits(w, 90, 87) & 7);

	in->dst = SASS_RZ;
	in->pd[0] = SASS_PT;
	return ret;
}
