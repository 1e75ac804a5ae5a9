// SPDX-License-Identifier: MIT
/* Fields of memory, control-flow and cross-lane instructions. */
#include "nvhw/undocumented.h"
#include "sass_exec.h"

#define BIT(n)		sass_bits(w, n, n)
#define ILLEGAL		NVX_SM_WARP_ERROR_ILLEGAL_PARAM

/* Types 0..6: U8 S8 U16 S16 32 64 128; registers each one moves. */
static const uint8_t type_regs[8] = { 1, 1, 1, 1, 1, 2, 4, 0 };
/* Atomic types 0..6: U32 S32 U64 F32 F16x2 S64 F64. */
static const uint8_t atom_regs[8] = { 1, 1, 2, 1, 1, 2, 2, 0 };

static void reg_operand(struct sass_insn *in, unsigned int i, const uint32_t w[4], unsigned int lo,
			unsigned int width)
{
	in->s[i].kind = SASS_REG;
	in->s[i].reg = sass_bits(w, lo + 7, lo);
	in->s[i].width = width;
}

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

static int load(struct sass_insn *in, const uint32_t w[4], bool wide, unsigned int imm_lo)
{
	in->type = sass_bits(w, 75, 73);
	in->dst_width = type_regs[in->type];
	address(in, w, wide, imm_lo);
	return in->dst_width ? 0 : ILLEGAL;
}

static int store(struct sass_insn *in, const uint32_t w[4], bool wide, unsigned int imm_lo,
		 unsigned int data_lo)
{
	in->dst = SASS_RZ;
	in->type = sass_bits(w, 75, 73);
	address(in, w, wide, imm_lo);
	reg_operand(in, 1, w, data_lo, type_regs[in->type]);
	return type_regs[in->type] ? 0 : ILLEGAL;
}

SASS_FIELDS(ld) { return load(in, w, BIT(72), 32); }
SASS_FIELDS(st) { return store(in, w, BIT(72), 32, 64); }
SASS_FIELDS(ldg) { return load(in, w, BIT(72), 40); }
SASS_FIELDS(stg) { return store(in, w, BIT(72), 40, 32); }
SASS_FIELDS(ldl) { return load(in, w, false, 40); }
SASS_FIELDS(stl) { return store(in, w, false, 40, 32); }

SASS_FIELDS(ldc)
{
	int ret = load(in, w, false, 40);

	in->imm = sass_bits(w, 53, 38);
	in->sub = sass_bits(w, 79, 78);		/* addressing mode */
	in->s[1].bank = sass_bits(w, 58, 54);
	return in->sub > 1 || BIT(91) ? ILLEGAL : ret;
}

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
	if (in->type == 4)
		return ILLEGAL;
	return 0;
}

SASS_FIELDS(atom) { return atomic(in, w, sass_bits(w, 90, 87)); }

SASS_FIELDS(red)
{
	int ret = atomic(in, w, sass_bits(w, 89, 87));

	in->dst = SASS_RZ;
	return ret;
}

SASS_FIELDS(atom_cas)
{
	int ret = atomic(in, w, 0);

	in->sub = SASS_ATOM_CAS;
	reg_operand(in, 2, w, 64, atom_regs[in->type]);
	return in->type == 0 || in->type == 2 ? ret : ILLEGAL;
}

/* Shared memory: 32-bit addresses, types U32, S32 and U64 only. */
SASS_FIELDS(atoms)
{
	int ret;

	ret = atomic(in, w, sass_bits(w, 90, 87));
	in->type = sass_bits(w, 74, 73);
	in->dst_width = atom_regs[in->type];
	in->s[1].width = atom_regs[in->type];
	address(in, w, false, 40);
	in->mods &= ~SASS_E;
	return in->type == 3 ? ILLEGAL : ret;
}

SASS_FIELDS(atoms_cas)
{
	int ret = sass_f_atoms(in, w);

	in->sub = SASS_ATOM_CAS;
	reg_operand(in, 2, w, 64, atom_regs[in->type]);
	return in->type == 1 ? ILLEGAL : ret;
}

/* Displacement in dwords from the following instruction. */
static int64_t branch_bytes(const uint32_t w[4], unsigned int hi)
{
	uint64_t v = (uint64_t)sass_bits(w, 63, 34);

	if (hi == 63)
		return ((int64_t)(v << 34) >> 34) * 4;
	v |= (uint64_t)sass_bits(w, 81, 64) << 30;
	return ((int64_t)(v << 16) >> 16) * 4;
}

SASS_FIELDS(bra)
{
	in->dst = SASS_RZ;
	in->imm = branch_bytes(w, 81);
	in->pp[0] = sass_bits(w, 90, 87);
	return 0;
}

/* Displacement plus a 64-bit register. */
SASS_FIELDS(brx)
{
	reg_operand(in, 0, w, 24, 2);
	return sass_f_bra(in, w);
}

SASS_FIELDS(exit)
{
	in->dst = SASS_RZ;
	in->pp[0] = sass_bits(w, 90, 87);
	return 0;
}

static int barrier(struct sass_insn *in, const uint32_t w[4])
{
	in->dst = SASS_RZ;
	in->sub = sass_bits(w, 78, 77);		/* SYNC, ARV, RED, SCAN */
	/* Reductions return through B2R, which is not modelled. */
	return in->sub > 1 ? ILLEGAL : 0;
}

/* Number and thread count in one register: id 3:0, count 27:16. */
SASS_FIELDS(bar_reg)
{
	reg_operand(in, 0, w, 32, 1);
	return barrier(in, w);
}

SASS_FIELDS(bar_imm)
{
	in->imm = sass_bits(w, 57, 54);
	return barrier(in, w);
}

SASS_FIELDS(bar_imm_reg)
{
	in->imm = sass_bits(w, 57, 54);
	reg_operand(in, 1, w, 32, 1);
	return barrier(in, w);
}

SASS_FIELDS(warpsync)
{
	in->dst = SASS_RZ;
	in->pp[0] = sass_bits(w, 90, 87);
	return 0;
}

SASS_FIELDS(bssy)
{
	in->type = sass_bits(w, 19, 16);
	in->dst = SASS_RZ;
	in->imm = branch_bytes(w, 63);
	in->pp[0] = sass_bits(w, 90, 87);
	return 0;
}

SASS_FIELDS(bsync)
{
	in->type = sass_bits(w, 19, 16);
	in->dst = SASS_RZ;
	in->pp[0] = sass_bits(w, 90, 87);
	return 0;
}

/* To a register, and from one. */
SASS_FIELDS(bmov_from)
{
	in->type = sass_bits(w, 27, 24);
	if (BIT(84))
		in->mods |= SASS_CLEAR;
	return BIT(28) ? ILLEGAL : 0;
}

SASS_FIELDS(bmov_to)
{
	in->type = sass_bits(w, 27, 24);
	in->dst = SASS_RZ;
	reg_operand(in, 1, w, 32, 1);
	return BIT(28) || BIT(84) ? ILLEGAL : 0;
}

SASS_FIELDS(s2r)
{
	in->sub = sass_bits(w, 79, 72);
	return 0;
}

SASS_FIELDS(cs2r)
{
	in->sub = sass_bits(w, 79, 72);
	if (BIT(80)) {
		in->mods |= SASS_W64;
		in->dst_width = 2;
	}
	return 0;
}

/* Source lane and clamp, each from a register or an immediate. */
static int shuffle(struct sass_insn *in, const uint32_t w[4], bool lane_imm, bool clamp_imm)
{
	reg_operand(in, 0, w, 24, 1);
	if (lane_imm) {
		in->s[1].kind = SASS_IMM;
		in->s[1].value = sass_bits(w, 57, 53);
	} else {
		reg_operand(in, 1, w, 32, 1);
	}
	if (clamp_imm) {
		in->s[2].kind = SASS_IMM;
		in->s[2].value = sass_bits(w, 52, 40);
	} else {
		reg_operand(in, 2, w, 64, 1);
	}
	in->sub = sass_bits(w, 59, 58);
	in->pd[0] = sass_bits(w, 83, 81);
	return 0;
}

SASS_FIELDS(shfl_rr) { return shuffle(in, w, false, false); }
SASS_FIELDS(shfl_ri) { return shuffle(in, w, false, true); }
SASS_FIELDS(shfl_ir) { return shuffle(in, w, true, false); }
SASS_FIELDS(shfl_ii) { return shuffle(in, w, true, true); }

SASS_FIELDS(vote)
{
	in->sub = sass_bits(w, 73, 72);
	in->pp[0] = sass_bits(w, 90, 87);
	in->pd[0] = sass_bits(w, 83, 81);
	return in->sub == 3 ? ILLEGAL : 0;
}

SASS_FIELDS(match)
{
	bool wide = BIT(73);

	if (wide)
		in->mods |= SASS_W64;
	in->sub = BIT(79);		/* 1: ANY */
	reg_operand(in, 0, w, 24, wide ? 2 : 1);
	in->pd[0] = sass_bits(w, 83, 81);
	return 0;
}
