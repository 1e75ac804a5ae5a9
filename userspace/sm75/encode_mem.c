// SPDX-License-Identifier: MIT
/* Memory, atomic, texture, control-flow and warp instructions. */
#include <string.h>

#include "encode.h"

static const char *const memory_types[] = { "U8", "S8", "U16", "S16", "32", "64", "128", NULL };
static const char *const atomic_types[] = { "U32", "S32", "U64", "F32", "F16x2", "S64", NULL };
static const char *const atomic_ops[] = { "ADD", "MIN", "MAX", "INC", "DEC", "AND", "OR", "XOR",
					  "EXCH", NULL };
static const char *const scopes[] = { "CTA", "SM", "GPU", "SYS", NULL };

/* Global accesses carry scope, order, 64-bit address and eviction priority. */
static void put_global_bits(struct encoding *e, const struct instruction *in)
{
	put(e, 72, 1, modifier_is(in, "E"));
	put(e, 77, 2, pick(in, scopes, 0));
	put(e, 79, 2, modifier_is(in, "STRONG") ? 2 : 0);
}

static void put_eviction(struct encoding *e, const struct instruction *in)
{
	put(e, 84, 3, modifier_is(in, "EF") ? 0 : 1);
}

static void put_memory_type(struct encoding *e, const struct instruction *in)
{
	put(e, 73, 3, pick(in, memory_types, 4));
}

static void put_address(struct encoding *e, const struct instruction *in, unsigned int i,
			unsigned int lo, unsigned int width)
{
	const struct operand *op = want(e, in, i, OPERAND_MEM);

	put(e, 24, 8, op->reg);
	put(e, lo, width, (uint64_t)op->value);
}

static void encode_ld(struct encoding *e, const struct instruction *in, uint64_t pc,
		      unsigned int base)
{
	(void)pc;
	put_opcode(e, base);
	put(e, 16, 8, want_reg(e, in, 0));
	put_address(e, in, 1, 32, 32);
	put_memory_type(e, in);
	put_global_bits(e, in);
	put_eviction(e, in);
}

static void encode_st(struct encoding *e, const struct instruction *in, uint64_t pc,
		      unsigned int base)
{
	(void)pc;
	put_opcode(e, base);
	put_address(e, in, 0, 32, 32);
	put(e, 64, 8, want_reg(e, in, 1));
	put_memory_type(e, in);
	put_global_bits(e, in);
	put_eviction(e, in);
}

/* LDL, LDS */
static void encode_ld_window(struct encoding *e, const struct instruction *in, uint64_t pc,
			     unsigned int base)
{
	(void)pc;
	put_opcode(e, base);
	put(e, 16, 8, want_reg(e, in, 0));
	put_address(e, in, 1, 40, 24);
	put_memory_type(e, in);
	if (base == 0x983)
		put_eviction(e, in);
}

static void encode_st_window(struct encoding *e, const struct instruction *in, uint64_t pc,
			     unsigned int base)
{
	(void)pc;
	put_opcode(e, base);
	put_address(e, in, 0, 40, 24);
	put(e, 32, 8, want_reg(e, in, 1));
	put_memory_type(e, in);
	if (base == 0x387)
		put_eviction(e, in);
}

static void encode_ldc(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	const struct operand *c = want(e, in, 1, OPERAND_CONST);

	(void)pc;
	put_opcode(e, base);
	put(e, 16, 8, want_reg(e, in, 0));
	put(e, 24, 8, c->reg);
	put(e, 38, 16, (uint64_t)c->value);
	put(e, 54, 5, c->bank);
	put_memory_type(e, in);
}

/* ATOM.op Pd, Rd, [a], Rb  and  ATOM.CAS Pd, Rd, [a], Rcompare, Rswap */
static void encode_atom(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	bool cas = modifier_is(in, "CAS");

	(void)pc;
	put_opcode(e, cas ? base + 1 : base);
	put_pred_dst(e, in, 0, 81);
	put(e, 16, 8, want_reg(e, in, 1));
	put_address(e, in, 2, 40, 24);
	put(e, 32, 8, want_reg(e, in, 3));
	if (cas)
		put(e, 64, 8, want_reg(e, in, 4));
	else
		put(e, 87, 4, pick(in, atomic_ops, 0));
	put(e, 73, 3, modifier_is(in, "64") ? 2 : pick(in, atomic_types, 0));
	put_global_bits(e, in);
	put_eviction(e, in);
}

static void encode_red(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	(void)pc;
	put_opcode(e, base);
	put_address(e, in, 0, 40, 24);
	put(e, 32, 8, want_reg(e, in, 1));
	put(e, 87, 3, pick(in, atomic_ops, 0));
	put(e, 73, 3, modifier_is(in, "64") ? 2 : pick(in, atomic_types, 0));
	put_global_bits(e, in);
	put_eviction(e, in);
}

static void encode_atoms(struct encoding *e, const struct instruction *in, uint64_t pc,
			 unsigned int base)
{
	bool cas = modifier_is(in, "CAS");

	(void)pc;
	put_opcode(e, cas ? base + 1 : base);
	put(e, 16, 8, want_reg(e, in, 0));
	put_address(e, in, 1, 40, 24);
	put(e, 32, 8, want_reg(e, in, 2));
	if (cas)
		put(e, 64, 8, want_reg(e, in, 3));
	else
		put(e, 87, 4, pick(in, atomic_ops, 0));
	put(e, 73, 2, pick(in, atomic_types, 0));
}

static void encode_bra(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	int64_t displacement = want(e, in, 0, OPERAND_NUMBER)->value - (int64_t)(pc + 16);

	put_opcode(e, base);
	put(e, 34, 48, (uint64_t)(displacement >> 2));
	put(e, 87, 3, SM75_PT);
}

/* BSSY Bn, target and BSYNC Bn: the barrier is written as a word "B0". */
static void encode_convergence(struct encoding *e, const struct instruction *in, uint64_t pc,
			       unsigned int base)
{
	const struct operand *b = want(e, in, 0, OPERAND_WORD);

	put_opcode(e, base);
	if (b->word[0] != 'B' || b->word[1] < '0' || b->word[1] > '9')
		want(e, in, 0, OPERAND_NONE);
	put(e, 16, 4, b->word[1] - '0');
	put(e, 87, 3, SM75_PT);
	if (base == 0x945)
		put(e, 34, 30, (uint64_t)((want(e, in, 1, OPERAND_NUMBER)->value -
					   (int64_t)(pc + 16)) >> 2));
}

static void encode_plain(struct encoding *e, const struct instruction *in, uint64_t pc,
			 unsigned int base)
{
	(void)in;
	(void)pc;
	put_opcode(e, base);
	if (base == 0x94d)
		put(e, 87, 3, SM75_PT);
}

static void encode_bar(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	(void)pc;
	put_opcode(e, base);
	put(e, 32, 8, want_reg(e, in, 0));
	put(e, 87, 3, SM75_PT);
}

static void encode_membar(struct encoding *e, const struct instruction *in, uint64_t pc,
			  unsigned int base)
{
	(void)pc;
	put_opcode(e, base);
	put(e, 76, 3, pick(in, scopes, 0));
}

/* CCTL.E.op [a] */
static void encode_cctl(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	static const char *const ops[] = { "PF1", "PF2", "WB", "IV", "IVALL", "RS", "IVALLP",
					   "WBALL", "WBALLP", NULL };

	(void)pc;
	put_opcode(e, base);
	put_address(e, in, 0, 32, 32);
	put(e, 72, 1, modifier_is(in, "E"));
	put(e, 87, 4, pick(in, ops, 0));
}

struct special { const char *name; unsigned int id; };

static const struct special specials[] = {
	{ "SR_LANEID", 0x00 }, { "SR_TID", 0x20 }, { "SR_TID.X", 0x21 }, { "SR_TID.Y", 0x22 },
	{ "SR_TID.Z", 0x23 }, { "SR_CTAID.X", 0x25 }, { "SR_CTAID.Y", 0x26 },
	{ "SR_CTAID.Z", 0x27 }, { "SR_EQMASK", 0x38 }, { "SR_LTMASK", 0x39 },
	{ "SR_LEMASK", 0x3a }, { "SR_GTMASK", 0x3b }, { "SR_GEMASK", 0x3c },
	{ "SR_CLOCKLO", 0x50 },
};

static void encode_s2r(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	const struct operand *sr = want(e, in, 1, OPERAND_WORD);

	(void)pc;
	put_opcode(e, base);
	put(e, 16, 8, want_reg(e, in, 0));
	for (unsigned int i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		if (!strcmp(specials[i].name, sr->word)) {
			put(e, 72, 8, specials[i].id);
			return;
		}
	}
	if (!e->ret)
		e->ret = sm75_fail(e->err, "unknown special register %s", sr->word);
}

/* SHFL.mode Pd, Rd, Ra, index, clamp: register or number each. */
static void encode_shfl(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	static const char *const modes[] = { "IDX", "UP", "DOWN", "BFLY", NULL };
	bool index_imm = in->operands > 3 && in->op[3].kind == OPERAND_NUMBER;
	bool clamp_imm = in->operands > 4 && in->op[4].kind == OPERAND_NUMBER;

	(void)pc;
	(void)base;
	put_opcode(e, index_imm ? (clamp_imm ? 0xf89 : 0x989) : (clamp_imm ? 0x589 : 0x389));
	put_pred_dst(e, in, 0, 81);
	put(e, 16, 8, want_reg(e, in, 1));
	put(e, 24, 8, want_reg(e, in, 2));
	put(e, 58, 2, pick(in, modes, 0));
	if (index_imm)
		put(e, 53, 5, (uint64_t)in->op[3].value);
	else
		put(e, 32, 8, want_reg(e, in, 3));
	if (clamp_imm)
		put(e, 40, 13, (uint64_t)in->op[4].value);
	else
		put(e, 64, 8, want_reg(e, in, 4));
}

/* VOTE.mode Rd, Pd, Pa */
static void encode_vote(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	static const char *const modes[] = { "ALL", "ANY", "EQ", NULL };

	(void)pc;
	put_opcode(e, base);
	put(e, 16, 8, want_reg(e, in, 0));
	put(e, 72, 2, pick(in, modes, 0));
	put_pred_dst(e, in, 1, 81);
	put_pred_src(e, in, 2, 87, 90);
}

static unsigned int dimension(struct encoding *e, const struct instruction *in, const char *dim)
{
	static const char *const dims[] = { "1D", "BUFFER", "1D_ARRAY", "2D", "2D_ARRAY", "3D" };

	for (unsigned int i = 0; i < 6; i++)
		if (!strcmp(dims[i], dim) || modifier_is(in, dims[i]))
			return i;
	if (!e->ret)
		e->ret = sm75_fail(e->err, "unknown dimension");
	return 0;
}

/* SUST.P.dim.EF.CTA.IGN [Ra], Rdata, Rhandle */
static void encode_sust(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	(void)pc;
	put_opcode(e, base);
	put_address(e, in, 0, 40, 0);
	put(e, 32, 8, want_reg(e, in, 1));
	put(e, 64, 8, want_reg(e, in, 2));
	put(e, 72, 4, 0xf);
	put(e, 79, 1, modifier_is(in, "IGN"));
	put(e, 61, 3, dimension(e, in, ""));
}

/* TEX.lod Rd1, Rd0, Ra, Rb, bank, word, dim */
static void encode_tex(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	static const char *const lods[] = { "AUTO", "LZ", "LB", "LL", NULL };
	static const char *const dims[] = { "1D", "2D", "3D", "CUBE" };
	const struct operand *dim = want(e, in, 6, OPERAND_WORD);

	(void)pc;
	put_opcode(e, base);
	put(e, 64, 8, want_reg(e, in, 0));
	put(e, 16, 8, want_reg(e, in, 1));
	put(e, 24, 8, want_reg(e, in, 2));
	put(e, 32, 8, want_reg(e, in, 3));
	put(e, 54, 5, (uint64_t)want(e, in, 4, OPERAND_NUMBER)->value);
	put(e, 40, 14, (uint64_t)want(e, in, 5, OPERAND_NUMBER)->value);
	for (unsigned int i = 0; i < 4; i++)
		if (!strcmp(dims[i], dim->word))
			put(e, 61, 2, i);
	put(e, 72, 4, 0xf);
	put(e, 81, 3, SM75_PT);
	put(e, 84, 3, 1);
	put(e, 87, 3, pick(in, lods, 0));
}

static const struct opcode opcodes[] = {
	{ "LD", 0x980, encode_ld, true }, { "ST", 0x385, encode_st, true },
	{ "LDL", 0x983, encode_ld_window, true }, { "STL", 0x387, encode_st_window, true },
	{ "LDS", 0x984, encode_ld_window, true }, { "STS", 0x388, encode_st_window, true },
	{ "LDC", 0xb82, encode_ldc, true }, { "ATOM", 0x38a, encode_atom, true },
	{ "RED", 0x98e, encode_red, true }, { "ATOMS", 0x38c, encode_atoms, true },
	{ "BRA", 0x947, encode_bra, false }, { "EXIT", 0x94d, encode_plain, false },
	{ "NOP", 0x918, encode_plain, false }, { "BAR", 0x31d, encode_bar, false },
	{ "BSSY", 0x945, encode_convergence, false }, { "BSYNC", 0x941, encode_convergence, false },
	{ "MEMBAR", 0x992, encode_membar, true }, { "S2R", 0x919, encode_s2r, true },
	{ "SHFL", 0x389, encode_shfl, true }, { "VOTE", 0x806, encode_vote, false },
	{ "CCTL", 0x98f, encode_cctl, true },
	{ "SUST", 0x99c, encode_sust, true }, { "TEX", 0xb60, encode_tex, true },
};

const struct opcode *opcode_find_mem(const char *name)
{
	for (unsigned int i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++)
		if (!strcmp(opcodes[i].name, name))
			return &opcodes[i];
	return NULL;
}
