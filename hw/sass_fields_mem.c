// SPDX-License-Identifier: MIT
/*
 * Fields of memory instructions. An address is a register or pair, or a uniform
 * one plus a register of either size, plus a displacement.
 */
#include "sass_fields.h"

/* Types 0..6: U8 S8 U16 S16 32 64 128; registers each one moves. */
static const uint8_t type_regs[8] = { 1, 1, 1, 1, 1, 2, 4, 0 };
enum { TYPE_128 = 6, TYPE_U128 };
/* Atomic types 0..6: U32 S32 U64 F32 F16x2 S64 F64. */
static const uint8_t atom_regs[8] = { 1, 1, 2, 1, 1, 2, 2, 0 };

static int64_t signed_bits(const uint32_t w[4], unsigned int hi, unsigned int lo)
{
	uint64_t v = sass_bits(w, hi, lo);
	unsigned int n = hi - lo + 1;

	return (int64_t)(v << (64 - n)) >> (64 - n);
}

/* Address operand: register or pair, RZ allowed, plus a displacement. */
static void address(struct sass_insn *in, const uint32_t w[4], bool wide, unsigned int imm_lo)
{
	if (wide)
		in->mods |= SASS_E;
	reg_operand(in, 0, w, 24, wide ? 2 : 1);
	in->imm = signed_bits(w, 63, imm_lo);
}

/* Bit 91: a uniform part at @ur_lo; bit @r64 says that the register is a pair. */
static void uniform_base(struct sass_insn *in, const uint32_t w[4], unsigned int ur_lo,
			 unsigned int r64)
{
	uint32_t ur = sass_bits(w, ur_lo + 5, ur_lo);

	if (!BIT(91))
		return;
	in->ubase = ur == SASS_URZ ? SASS_RZ : SASS_UR + ur;
	in->imm = signed_bits(w, 63, 40);
	if (in->mods & SASS_E && !BIT(r64)) {
		in->mods |= SASS_U32;
		in->s[0].width = 1;
	}
}

static int load(struct sass_insn *in, const uint32_t w[4], bool wide, unsigned int imm_lo)
{
	in->type = sass_bits(w, 75, 73);
	in->dst_width = type_regs[in->type];
	address(in, w, wide, imm_lo);
	uniform_base(in, w, 32, 90);
	return in->dst_width ? 0 : ILLEGAL;
}

/* Global and shared memory have .U.128 as type 7, to which nothing else is known. */
static int load_u128(struct sass_insn *in, const uint32_t w[4], bool wide)
{
	int ret = load(in, w, wide, 40);

	if (in->type != TYPE_U128)
		return ret;
	in->type = TYPE_128;
	in->dst_width = type_regs[TYPE_128];
	return 0;
}

static int store(struct sass_insn *in, const uint32_t w[4], bool wide, unsigned int imm_lo,
		 unsigned int data_lo)
{
	in->dst = SASS_RZ;
	in->type = sass_bits(w, 75, 73);
	address(in, w, wide, imm_lo);
	uniform_base(in, w, 64, 90);
	reg_operand(in, 1, w, BIT(91) ? 32 : data_lo, type_regs[in->type]);
	return type_regs[in->type] ? 0 : ILLEGAL;
}

/* Shared memory: the register may be an index of 4, 8 or 16 bytes. */
static void scale(struct sass_insn *in, const uint32_t w[4])
{
	unsigned int n = sass_bits(w, 79, 78);

	in->shift = n ? n + 1 : 0;
}

SASS_FIELDS(ld) { return load(in, w, BIT(72), 32); }
SASS_FIELDS(st) { return store(in, w, BIT(72), 32, 64); }
SASS_FIELDS(stg) { return store(in, w, BIT(72), 40, 32); }
SASS_FIELDS(cctl)
{
	in->dst = SASS_RZ;
	in->sub = sass_bits(w, 90, 87);
	address(in, w, BIT(72), 32);
	return in->sub > SASS_CCTL_WBALLP ? ILLEGAL : 0;
}

SASS_FIELDS(ldl) { return load(in, w, false, 40); }
SASS_FIELDS(stl) { return store(in, w, false, 40, 32); }

/* The number of a predicate is inverted here, so that none is PT. */
SASS_FIELDS(ldg)
{
	in->pp[0] = (SASS_PT - sass_bits(w, 66, 64)) | (BIT(67) ? SASS_PP_NOT : 0);
	return load_u128(in, w, BIT(72));
}

SASS_FIELDS(lds)
{
	scale(in, w);
	return load_u128(in, w, false);
}

SASS_FIELDS(sts)
{
	scale(in, w);
	return store(in, w, false, 40, 32);
}

/* Which address space? 0 global, 1 local, 2 shared. */
SASS_FIELDS(qspc)
{
	in->type = sass_bits(w, 74, 73);
	in->pd[0] = sass_bits(w, 83, 81);
	address(in, w, BIT(72), 40);
	uniform_base(in, w, 32, 90);
	return in->type == 3 ? ILLEGAL : 0;
}

/* The uniform pair that describes the constants, in the place of A. */
static int described(struct sass_insn *in, const uint32_t w[4])
{
	in->s[1].bank = SASS_BANK_CX;
	return sass_descriptor(in, sass_bits(w, 29, 24));
}

SASS_FIELDS(ldc)
{
	int ret = load(in, w, false, 40);

	in->ubase = SASS_RZ;
	/* A displacement is signed, but without an index there is none. */
	in->imm = in->s[0].reg == SASS_RZ ? (int64_t)sass_bits(w, 53, 38) :
					    signed_bits(w, 53, 38);
	in->sub = sass_bits(w, 79, 78);		/* addressing mode */
	in->s[1].bank = sass_bits(w, 58, 54);
	return in->sub > 1 || BIT(91) ? ILLEGAL : ret;
}

/* LDC from constants that are described: the index lies in C. */
SASS_FIELDS(ldc_described)
{
	in->type = sass_bits(w, 75, 73);
	in->dst_width = type_regs[in->type];
	reg_operand(in, 0, w, 64, 1);
	in->imm = in->s[0].reg == SASS_RZ ? (int64_t)sass_bits(w, 53, 38) :
					    signed_bits(w, 53, 38);
	return !in->dst_width || !BIT(91) || sass_bits(w, 79, 78) ? ILLEGAL : described(in, w);
}

static int uniform_constant(struct sass_insn *in, const uint32_t w[4], bool indexed)
{
	in->type = sass_bits(w, 75, 73);
	in->dst_width = type_regs[in->type];
	in->s[0].reg = SASS_RZ;
	if (indexed)
		reg_operand(in, 0, w, 24, 1);
	in->imm = indexed ? signed_bits(w, 53, 38) : (int64_t)sass_bits(w, 53, 38);
	in->s[1].bank = sass_bits(w, 58, 54);
	/* Without an index bit 91 says that what would be one describes the bank. */
	return !in->dst_width || in->type == 6 ? ILLEGAL : indexed || !BIT(91) ? 0 :
	       described(in, w);
}

SASS_FIELDS(uldc) { return uniform_constant(in, w, false); }
SASS_FIELDS(uldc_index) { return uniform_constant(in, w, true); }

static int atomic(struct sass_insn *in, const uint32_t w[4], unsigned int op)
{
	unsigned int n;

	in->type = sass_bits(w, 75, 73);
	in->sub = op;
	n = atom_regs[in->type];
	in->dst_width = n;
	address(in, w, BIT(72), 40);
	reg_operand(in, 1, w, 32, n);
	if (!n || op > SASS_ATOM_EXCH)
		return ILLEGAL;
	/* Floating point adds, and nothing else but an exchange. */
	if ((in->type == 3 || in->type == 4 || in->type == 6) &&
	    op != SASS_ATOM_ADD && op != SASS_ATOM_EXCH)
		return ILLEGAL;
	return 0;
}

SASS_FIELDS(atom)
{
	int ret = atomic(in, w, sass_bits(w, 90, 87));

	in->pd[0] = sass_bits(w, 83, 81);
	uniform_base(in, w, 64, 70);
	return ret;
}

SASS_FIELDS(red)
{
	int ret = atomic(in, w, sass_bits(w, 89, 87));

	in->dst = SASS_RZ;
	uniform_base(in, w, 64, 90);
	return ret;
}

SASS_FIELDS(atom_cas)
{
	int ret = atomic(in, w, 0);

	in->sub = SASS_ATOM_CAS;
	in->pd[0] = sass_bits(w, 83, 81);
	reg_operand(in, 2, w, 64, atom_regs[in->type]);
	return BIT(91) || (in->type != 0 && in->type != 2) ? ILLEGAL : ret;
}

/* Shared memory: 32-bit addresses, types U32, S32 and U64 only. */
SASS_FIELDS(atoms)
{
	int ret;

	ret = atomic(in, w, sass_bits(w, 90, 87));
	in->type = sass_bits(w, 74, 73);
	in->dst_width = atom_regs[in->type];
	in->s[1].width = atom_regs[in->type];
	in->mods &= ~SASS_E;
	address(in, w, false, 40);
	uniform_base(in, w, 64, 90);
	scale(in, w);
	return in->type == 3 ? ILLEGAL : ret;
}

SASS_FIELDS(atoms_cas)
{
	unsigned int mode = sass_bits(w, 90, 87);
	int ret = sass_f_atoms(in, w);

	/* 3: .CAST.SPIN, which returns in one register whether it swapped */
	in->sub = mode ? SASS_ATOM_CAST : SASS_ATOM_CAS;
	if (mode)
		in->dst_width = 1;
	reg_operand(in, 2, w, 64, atom_regs[in->type]);
	return in->type == 1 || BIT(91) || (mode && mode != 3) ? ILLEGAL : ret;
}
