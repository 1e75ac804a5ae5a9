// SPDX-License-Identifier: MIT
/* Instruction words to struct sass_insn: what all opcodes have in common. */
#include "sass.h"

#include <pthread.h>
#include <string.h>

#include "nvhw/undocumented.h"
#include "sass_exec.h"

/* Opcode (11:0) to table row + 1, built once from the table. */
static uint16_t sass_index[4096];
static pthread_once_t sass_index_once = PTHREAD_ONCE_INIT;

static void build_index(void)
{
	for (size_t i = 0; i < sass_table_entries; i++) {
		const struct sass_desc *d = &sass_table[i];

		if (!d->forms)
			sass_index[d->code] = i + 1;
		for (unsigned int form = 1; form <= 7; form++)
			if (d->forms & 1u << form)
				sass_index[d->code | form << 9] = i + 1;
	}
}

static void set_reg(struct sass_operand *o, uint32_t reg)
{
	o->kind = SASS_REG;
	o->reg = reg;
}

/* A uniform register as a row of the file; there are 63 and URZ. */
static unsigned int uniform_row(uint32_t reg)
{
	reg &= SASS_URZ;
	return reg == SASS_URZ ? SASS_RZ : SASS_UR + reg;
}

static void set_imm(struct sass_operand *o, const uint32_t w[4])
{
	o->kind = SASS_IMM;
	o->value = w[1];
}

static void set_const(struct sass_operand *o, const uint32_t w[4])
{
	o->kind = SASS_CONST;
	o->value = sass_bits(w, 53, 38);
	o->bank = sass_bits(w, 58, 54);
}

/*
 * The operand form says which of the second and third operand is a register,
 * an immediate or a constant. @mod2/@mod3: modifier bits of each, 0 for none.
 */
static void form_operands(struct sass_operand *o2, struct sass_operand *o3, unsigned int form,
			  const uint32_t w[4], unsigned int *mod2, unsigned int *mod3)
{
	*mod2 = *mod3 = 0;
	switch (form) {
	case 1:
		set_reg(o2, sass_bits(w, 39, 32));
		set_reg(o3, sass_bits(w, 71, 64));
		*mod2 = 62;
		*mod3 = 74;
		break;
	case 2:
		set_reg(o2, sass_bits(w, 71, 64));
		set_imm(o3, w);
		*mod2 = 74;
		break;
	case 3:
		set_reg(o2, sass_bits(w, 71, 64));
		set_const(o3, w);
		*mod2 = 74;
		*mod3 = 62;
		break;
	case 4:
		set_imm(o2, w);
		set_reg(o3, sass_bits(w, 71, 64));
		*mod3 = 74;
		break;
	case 5:
		set_const(o2, w);
		set_reg(o3, sass_bits(w, 71, 64));
		*mod2 = 62;
		*mod3 = 74;
		break;
	case 6:
		set_reg(o2, uniform_row(sass_bits(w, 39, 32)));
		set_reg(o3, sass_bits(w, 71, 64));
		*mod2 = 62;
		*mod3 = 74;
		break;
	case 7:
		set_reg(o2, sass_bits(w, 71, 64));
		set_reg(o3, uniform_row(sass_bits(w, 39, 32)));
		*mod2 = 74;
		*mod3 = 62;
		break;
	}
}

/* Modifier bits @at (absolute value) and @at + 1 (negate); 62 or 74. */
static void source_mods(struct sass_operand *o, const uint32_t w[4], unsigned int at, bool abs)
{
	if (!at || o->kind == SASS_IMM || o->kind == SASS_NONE)
		return;
	if (abs)
		o->abs = sass_bits(w, at, at);
	o->neg = sass_bits(w, at + 1, at + 1);
}

/* The same for half precision, where the modifiers of slot C lie elsewhere. */
static void half_mods(struct sass_operand *o, const uint32_t w[4], unsigned int at)
{
	if (!at || o->kind == SASS_IMM || o->kind == SASS_NONE)
		return;
	if (at == 62) {
		source_mods(o, w, at, true);
		o->half = sass_bits(w, 61, 60);
	} else {
		source_mods(o, w, 83, true);
		o->half = sass_bits(w, 82, 81);
	}
}

static void decode_operands(struct sass_insn *in, unsigned int form, const uint32_t w[4])
{
	const struct sass_desc *d = in->desc;
	struct sass_operand o2 = { 0 }, o3 = { 0 };
	unsigned int mod2, mod3;

	form_operands(&o2, &o3, form, w, &mod2, &mod3);
	if (d->srcmods == SRCMOD_FLOAT || d->srcmods == SRCMOD_FLOAT_AB) {
		source_mods(&o2, w, mod2, true);
		if (d->srcmods == SRCMOD_FLOAT || mod3 == 62)
			source_mods(&o3, w, mod3, true);
	} else if (d->srcmods == SRCMOD_HALF) {
		half_mods(&o2, w, mod2);
		half_mods(&o3, w, mod3);
	} else if (d->srcmods == SRCMOD_INT) {
		source_mods(&o2, w, mod2, false);
		source_mods(&o3, w, mod3, false);
	} else if (d->srcmods == SRCMOD_INT_C) {
		source_mods(&o3, w, mod3, false);
	} else if (d->srcmods == SRCMOD_NOT && mod2 == 62 && sass_bits(w, 63, 63)) {
		in->mods |= SASS_NOT;
	}
	if (d->slots != SLOTS_B) {
		set_reg(&in->s[0], sass_bits(w, 31, 24));
		if (d->srcmods == SRCMOD_FLOAT || d->srcmods == SRCMOD_FLOAT_AB ||
		    d->srcmods == SRCMOD_HALF)
			in->s[0].abs = sass_bits(w, 73, 73);
		if (d->srcmods != SRCMOD_NONE && d->srcmods != SRCMOD_INT_C)
			in->s[0].neg = sass_bits(w, 72, 72);
		if (d->srcmods == SRCMOD_HALF)
			in->s[0].half = sass_bits(w, 75, 74);
	}
	switch (d->slots) {
	case SLOTS_ABC:
		in->s[2] = o3;
		/* fallthrough */
	case SLOTS_AB:
	case SLOTS_B:
		in->s[1] = o2;
		break;
	case SLOTS_AX:
		in->s[1] = form == 1 ? o2 : o3;
		break;
	case SLOTS_AX_C:
		in->s[1] = o3;
		break;
	}
}

/* Register numbers must be aligned to their group and inside of the file. */
static int check_reg(struct sass_insn *in, unsigned int reg, unsigned int width)
{
	if (reg == SASS_RZ || !width)
		return 0;
	if (reg % width)
		return NVX_SM_WARP_ERROR_MISALIGNED_REG;
	if (reg >= SASS_UR)
		return reg + width > SASS_UR + SASS_URZ ? NVX_SM_WARP_ERROR_OOR_REG : 0;
	if (reg + width > SASS_RZ)
		return NVX_SM_WARP_ERROR_OOR_REG;
	if (reg + width > in->nregs)
		in->nregs = reg + width;
	return 0;
}

static uint8_t uniform_pred(uint8_t p)
{
	return (p & 7) == SASS_PT ? p : p | SASS_PP_UP;
}

/*
 * An opcode of the uniform datapath was decoded as its sibling of the lanes:
 * its operands become rows of the uniform file.
 */
static void make_uniform(struct sass_insn *in)
{
	if (in->dst != SASS_RZ)
		in->dst = uniform_row(in->dst);
	for (unsigned int i = 0; i < 3; i++) {
		if (in->s[i].kind == SASS_REG)
			in->s[i].reg = uniform_row(in->s[i].reg);
		in->pp[i] = uniform_pred(in->pp[i]);
	}
	for (unsigned int i = 0; i < 2; i++)
		if (in->pd[i] != SASS_PT)
			in->pd[i] += SASS_UP;
	if (in->guard != SASS_PT)
		in->guard += SASS_UP;
	in->exec = sass_uniform;
}

static int check_operands(struct sass_insn *in)
{
	int esr = check_reg(in, in->dst, in->dst_width);

	if (!esr && in->ubase != SASS_RZ)
		esr = check_reg(in, in->ubase, in->mods & SASS_E ? 2 : 1);

	for (unsigned int i = 0; i < 3 && !esr; i++) {
		struct sass_operand *o = &in->s[i];

		if (o->kind == SASS_REG)
			esr = check_reg(in, o->reg, o->width);
		if (o->kind != SASS_CONST)
			continue;
		in->flags |= SASS_F_CONST;
		if (o->value % 4)
			esr = NVX_SM_WARP_ERROR_MISALIGNED_ADDR;
	}
	return esr;
}

int sass_descriptor(struct sass_insn *in, uint32_t ur)
{
	in->ubase = uniform_row(ur);
	if (in->ubase == SASS_RZ)
		return 0;
	return ur % 2 ? NVX_SM_WARP_ERROR_MISALIGNED_REG :
	       ur + 1 == SASS_URZ ? NVX_SM_WARP_ERROR_OOR_REG : 0;
}

/*
 * Bit 91 says that there is a uniform register. In the forms with a constant that
 * register and the one after it describe where the constants are.
 */
static int described_constants(struct sass_insn *in, unsigned int form, const uint32_t w[4])
{
	uint32_t ur = sass_bits(w, 37, 32);

	if (!in->desc->forms || (form != 3 && form != 5) || !sass_bits(w, 91, 91))
		return 0;
	for (unsigned int i = 0; i < 3; i++)
		if (in->s[i].kind == SASS_CONST)
			in->s[i].bank = SASS_BANK_CX;
	return sass_descriptor(in, ur);
}

void sass_decode(struct sass_insn *in, const uint32_t w[4])
{
	unsigned int code = sass_bits(w, 11, 0), row;
	const struct sass_desc *d;
	int esr;

	pthread_once(&sass_index_once, build_index);
	memset(in, 0, sizeof(*in));
	in->guard = sass_bits(w, 14, 12);
	in->guard_not = sass_bits(w, 15, 15);
	in->dst = in->ubase = SASS_RZ;
	in->pd[0] = in->pd[1] = SASS_PT;
	in->pp[0] = in->pp[1] = in->pp[2] = SASS_PT;
	row = sass_index[code];
	if (!row) {
		in->esr = NVX_SM_WARP_ERROR_ILLEGAL_ENCODING;
		return;
	}
	d = &sass_table[row - 1];
	in->desc = d;
	in->exec = d->exec;
	in->flags = d->flags;
	in->dst = sass_bits(w, 23, 16);
	in->dst_width = 1;
	for (unsigned int i = 0; i < 3; i++)
		in->s[i].width = 1;
	if (d->forms)
		decode_operands(in, code >> 9, w);
	/* form_operands() replaced whole operands: give each its default width. */
	for (unsigned int i = 0; i < 3; i++)
		in->s[i].width = 1;
	esr = described_constants(in, code >> 9, w);
	if (!esr && d->fields)
		esr = d->fields(in, w);
	if (d->flags & SASS_F_UNIFORM)
		make_uniform(in);
	if (!esr)
		esr = check_operands(in);
	in->esr = esr;
}
