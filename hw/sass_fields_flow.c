// SPDX-License-Identifier: MIT
/* Fields of control-flow and cross-lane instructions. */
#include "sass_fields.h"

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

/* Displacement plus a 64-bit register. Bit 85: .ABS, not relative to here. */
SASS_FIELDS(brx)
{
	reg_operand(in, 0, w, 24, 2);
	if (BIT(85))
		in->mods |= SASS_HI;
	return sass_f_bra(in, w);
}

SASS_FIELDS(brxu)
{
	uint32_t ur = sass_bits(w, 29, 24);

	in->s[0].kind = SASS_REG;
	in->s[0].reg = ur == SASS_URZ ? SASS_RZ : SASS_UR + ur;
	in->s[0].width = 2;
	return sass_f_bra(in, w);
}

SASS_FIELDS(lepc)
{
	in->dst_width = 2;
	return 0;
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
	in->bop = sass_bits(w, 75, 74);		/* POPC, AND, OR */
	in->pp[0] = sass_bits(w, 90, 87);
	return in->sub == 3 || (in->sub == 2 && in->bop == 3) ? ILLEGAL : 0;
}

static int barrier_count(struct sass_insn *in, const uint32_t w[4])
{
	in->s[1].kind = SASS_IMM;
	in->s[1].value = sass_bits(w, 53, 42);	/* 0: all threads */
	return barrier(in, w);
}

/* Number in a register, count here. */
SASS_FIELDS(bar_id)
{
	reg_operand(in, 2, w, 32, 1);
	return barrier_count(in, w);
}

/* Mode 1: the result of the last BAR.RED; others read a barrier's state. */
SASS_FIELDS(b2r)
{
	in->sub = sass_bits(w, 79, 78);
	in->pd[0] = sass_bits(w, 83, 81);
	return in->sub == 1 ? 0 : ILLEGAL;
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
	return barrier_count(in, w);
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

/* VOTE with a uniform result. */
SASS_FIELDS(voteu)
{
	uint32_t ur = in->dst & SASS_URZ;

	in->dst = ur == SASS_URZ ? SASS_RZ : SASS_UR + ur;
	in->sub = sass_bits(w, 73, 72);
	in->pp[0] = sass_bits(w, 90, 87);
	in->pd[0] = sass_bits(w, 83, 81);
	if (in->pd[0] != SASS_PT)
		in->pd[0] += SASS_UP;
	return in->sub == 3 ? ILLEGAL : 0;
}

SASS_FIELDS(r2ur)
{
	uint32_t ur = in->dst & SASS_URZ;

	in->dst = ur == SASS_URZ ? SASS_RZ : SASS_UR + ur;
	reg_operand(in, 0, w, 24, 1);
	return sass_bits(w, 83, 81) == SASS_PT ? 0 : ILLEGAL;
}

SASS_FIELDS(s2ur)
{
	uint32_t ur = in->dst & SASS_URZ;

	in->dst = ur == SASS_URZ ? SASS_RZ : SASS_UR + ur;
	in->sub = sass_bits(w, 79, 72);
	return 0;
}
