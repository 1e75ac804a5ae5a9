// SPDX-License-Identifier: MIT
/*
 * Arithmetic, logic, conversion and predicate instructions.
 *
 * "Form A" instructions take operands A, B, C of which one may be a 32-bit
 * immediate or a constant; bits 11:9 of the opcode say which:
 *
 *	1  A reg, B reg (39:32), C reg (71:64)
 *	2  A reg, B reg in the C slot, C immediate (63:32)
 *	3  A reg, B reg in the C slot, C constant
 *	4  A reg, B immediate, C reg
 *	5  A reg, B constant, C reg
 */
#include <errno.h>
#include <string.h>

#include "encode.h"

static const char *const cond3[] = { "F", "LT", "EQ", "LE", "GT", "NE", "GE", "T", NULL };
static const char *const cond4[] = { "F", "LT", "EQ", "LE", "GT", "NE", "GE", "NUM", "NAN", "LTU",
				     "EQU", "LEU", "GTU", "NEU", "GEU", "T", NULL };
static const char *const bool_op[] = { "AND", "OR", "XOR", NULL };
static const char *const rounding[] = { "RN", "RM", "RP", "RZ", NULL };
static const char *const to_integral[] = { "RN", "FLOOR", "CEIL", "TRUNC", NULL };

static void fail(struct encoding *e, const char *text)
{
	if (!e->ret)
		e->ret = sm75_fail(e->err, "%s", text);
}

const struct operand *want(struct encoding *e, const struct instruction *in, unsigned int i,
			   enum operand_kind kind)
{
	static const struct operand none;

	if (i < in->operands && in->op[i].kind == kind)
		return &in->op[i];
	if (!e->ret)
		e->ret = sm75_fail(e->err, "%s: operand %u missing or of the wrong kind",
				   in->name, i + 1);
	return &none;
}

unsigned int want_reg(struct encoding *e, const struct instruction *in, unsigned int i)
{
	return want(e, in, i, OPERAND_REG)->reg;
}

void put_pred_dst(struct encoding *e, const struct instruction *in, unsigned int i,
		  unsigned int lo)
{
	put(e, lo, 3, want(e, in, i, OPERAND_PRED)->reg);
}

void put_pred_src(struct encoding *e, const struct instruction *in, unsigned int i,
		  unsigned int lo, unsigned int not_bit)
{
	const struct operand *op = want(e, in, i, OPERAND_PRED);

	put(e, lo, 3, op->reg);
	put(e, not_bit, 1, op->not);
}

unsigned int pick(const struct instruction *in, const char *const *names, unsigned int otherwise)
{
	for (unsigned int i = 0; names[i]; i++)
		if (modifier_is(in, names[i]))
			return i;
	return otherwise;
}

enum number_type { NUMBER_INT, NUMBER_F32, NUMBER_F64 };

static uint32_t immediate(const struct operand *op, enum number_type type)
{
	union { float f; uint32_t u; } f32 = { .f = (float)op->real };
	union { double d; uint64_t u; } f64 = { .d = op->real };

	if (type == NUMBER_INT || !op->is_real)
		return (uint32_t)op->value;
	return type == NUMBER_F32 ? f32.u : (uint32_t)(f64.u >> 32);
}

static void put_slot_a(struct encoding *e, const struct operand *op)
{
	put(e, 24, 8, op->reg);
	if (op->neg)
		put(e, 72, 1, 1);
	if (op->abs)
		put(e, 73, 1, 1);
}

static void put_slot_b(struct encoding *e, const struct operand *op, enum number_type type)
{
	if (op->kind == OPERAND_NUMBER) {
		put(e, 32, 32, immediate(op, type));
		return;
	}
	if (op->kind == OPERAND_CONST) {
		put(e, 38, 16, (uint64_t)op->value);
		put(e, 54, 5, op->bank);
	} else {
		put(e, 32, 8, op->reg);
	}
	if (op->neg)
		put(e, 63, 1, 1);
	if (op->abs)
		put(e, 62, 1, 1);
}

static void put_slot_c(struct encoding *e, const struct operand *op)
{
	put(e, 64, 8, op->reg);
	if (op->neg)
		put(e, 75, 1, 1);
	if (op->abs)
		put(e, 74, 1, 1);
}

static bool is_wide_operand(const struct operand *op)
{
	return op->kind == OPERAND_NUMBER || op->kind == OPERAND_CONST;
}

/*
 * Place A, B, C. A NULL operand leaves its slot zero. @b_in_c: an instruction
 * without a B slot in register form (DADD) keeps its second source in slot C,
 * and its immediate or constant counts as the third (FADD, DADD).
 */
static void put_form(struct encoding *e, unsigned int base, const struct operand *a,
		     const struct operand *b, const struct operand *c, enum number_type type)
{
	unsigned int form = 1;

	if (a)
		put_slot_a(e, a);
	if (c && is_wide_operand(c)) {
		form = c->kind == OPERAND_NUMBER ? 2 : 3;
		put_slot_b(e, c, type);
		if (b)
			put_slot_c(e, b);
	} else {
		if (b && is_wide_operand(b))
			form = b->kind == OPERAND_NUMBER ? 4 : 5;
		if (b)
			put_slot_b(e, b, type);
		if (c)
			put_slot_c(e, c);
	}
	put_opcode(e, base | form << 9);
}

static const struct operand *source(struct encoding *e, const struct instruction *in,
				    unsigned int i)
{
	static const struct operand rz = { .kind = OPERAND_REG, .reg = SM75_RZ };

	if (i < in->operands && (in->op[i].kind == OPERAND_REG || is_wide_operand(&in->op[i])))
		return &in->op[i];
	want(e, in, i, OPERAND_REG);
	return &rz;
}

static void put_float_bits(struct encoding *e, const struct instruction *in)
{
	put(e, 77, 1, modifier_is(in, "SAT"));
	put(e, 78, 2, pick(in, rounding, 0));
	put(e, 80, 1, modifier_is(in, "FTZ"));
}

/* FADD, DADD: two sources, wide one in the third place. */
static void encode_add(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	const struct operand *b = source(e, in, 2);
	enum number_type type = base == 0x029 ? NUMBER_F64 : NUMBER_F32;
	bool third = is_wide_operand(b) || base == 0x029;

	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), third ? NULL : b, third ? b : NULL, type);
	put_float_bits(e, in);
}

static void encode_mul(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), NULL,
		 base == 0x028 ? NUMBER_F64 : NUMBER_F32);
	put_float_bits(e, in);
	if (base == 0x020)
		put(e, 84, 3, 4);
}

static void encode_fma(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), source(e, in, 3),
		 base == 0x02b ? NUMBER_F64 : NUMBER_F32);
	put_float_bits(e, in);
}

static void encode_fmnmx(struct encoding *e, const struct instruction *in, uint64_t pc,
			 unsigned int base)
{
	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), NULL, NUMBER_F32);
	put_pred_src(e, in, 3, 87, 90);
	put(e, 80, 1, modifier_is(in, "FTZ"));
}

static void encode_fset(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), NULL, NUMBER_F32);
	put(e, 76, 4, pick(in, cond4, 0));
	put(e, 74, 2, pick(in, bool_op, 0));
	put_pred_src(e, in, 3, 87, 90);
}

/* FSETP, DSETP, ISETP: P, P2, A, B, Pcombine. */
static void encode_setp(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	const struct operand *b = source(e, in, 3);
	bool third = base == 0x02a && is_wide_operand(b);
	enum number_type type = base == 0x00c ? NUMBER_INT :
				base == 0x02a ? NUMBER_F64 : NUMBER_F32;

	(void)pc;
	put_form(e, base, source(e, in, 2), third ? NULL : b, third ? b : NULL, type);
	if (base == 0x00c) {
		put(e, 76, 3, pick(in, cond3, 0));
		put(e, 73, 1, !modifier_is(in, "U32"));
		put(e, 68, 3, SM75_PT);
	} else {
		put(e, 76, 4, pick(in, cond4, 0));
		put(e, 80, 1, modifier_is(in, "FTZ"));
	}
	put(e, 74, 2, pick(in, bool_op, 0));
	put_pred_dst(e, in, 0, 81);
	put_pred_dst(e, in, 1, 84);
	put_pred_src(e, in, 4, 87, 90);
}

/* IADD3 R, [P,] A, B, C  and  IADD3.X R, [P,] A, B, C, Pcarry, !PT */
static void encode_iadd3(struct encoding *e, const struct instruction *in, uint64_t pc,
			 unsigned int base)
{
	bool carry_out = in->operands > 1 && in->op[1].kind == OPERAND_PRED;
	unsigned int a = carry_out ? 2 : 1;

	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, a), source(e, in, a + 1), source(e, in, a + 2),
		 NUMBER_INT);
	put(e, 81, 3, carry_out ? in->op[1].reg : SM75_PT);
	put(e, 84, 3, SM75_PT);
	if (modifier_is(in, "X")) {
		put(e, 74, 1, 1);
		put_pred_src(e, in, a + 3, 87, 90);
		put_pred_src(e, in, a + 4, 77, 80);
	}
}

static void encode_imad(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	bool wide = modifier_is(in, "WIDE");

	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, wide ? 0x025 : base, source(e, in, 1), source(e, in, 2), source(e, in, 3),
		 NUMBER_INT);
	put(e, 73, 1, !modifier_is(in, "U32"));
	if (wide)
		put(e, 81, 3, SM75_PT);
}

static void encode_lea(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	static const struct operand rz = { .kind = OPERAND_REG, .reg = SM75_RZ };

	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), &rz, NUMBER_INT);
	put(e, 75, 5, (uint64_t)want(e, in, 3, OPERAND_NUMBER)->value);
	put(e, 81, 3, SM75_PT);
}

static void encode_lop3(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), source(e, in, 3), NUMBER_INT);
	put(e, 72, 8, (uint64_t)want(e, in, 4, OPERAND_NUMBER)->value);
	put(e, 81, 3, SM75_PT);
	put_pred_src(e, in, 5, 87, 90);
}

static void encode_shf(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	static const char *const types[] = { "S64", "U64", "S32", "U32", NULL };

	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), source(e, in, 3), NUMBER_INT);
	put(e, 73, 2, pick(in, types, 3));
	put(e, 75, 1, modifier_is(in, "W"));
	put(e, 76, 1, modifier_is(in, "R"));
	put(e, 80, 1, modifier_is(in, "HI"));
}

static void encode_prmt(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), source(e, in, 3), NUMBER_INT);
}

static void encode_sel(struct encoding *e, const struct instruction *in, uint64_t pc,
		       unsigned int base)
{
	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), NULL, NUMBER_INT);
	put_pred_src(e, in, 3, 87, 90);
}

/* One source, in the B place. */
static void encode_unary(struct encoding *e, const struct instruction *in, uint64_t pc,
			 unsigned int base)
{
	static const char *const mufu[] = { "COS", "SIN", "EX2", "LG2", "RCP", "RSQ", "RCP64H",
					    "RSQ64H", "SQRT", NULL };

	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, NULL, source(e, in, 1), NULL,
		 base == 0x108 ? NUMBER_F32 : NUMBER_INT);
	switch (base) {
	case 0x002:
		put(e, 72, 4, 0xf);
		break;
	case 0x100:
		put(e, 73, 1, !modifier_is(in, "U32"));
		put(e, 74, 1, modifier_is(in, "SH"));
		put(e, 81, 3, SM75_PT);
		break;
	case 0x108:
		put(e, 74, 4, pick(in, mufu, 4));
		break;
	}
}

/* BMSK, SGXT: two sources. */
static void encode_bits(struct encoding *e, const struct instruction *in, uint64_t pc,
			unsigned int base)
{
	(void)pc;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, source(e, in, 1), source(e, in, 2), NULL, NUMBER_INT);
	if (base == 0x01a)
		put(e, 73, 1, !modifier_is(in, "U32"));
	put(e, 75, 1, modifier_is(in, "W"));
}

/* log2 of the bytes of an integer or float type named by modifier @i. */
static unsigned int type_size(const char *name)
{
	if (strlen(name) < 2)
		return 2;
	if (!strcmp(name + 1, "8"))
		return 0;
	if (!strcmp(name + 1, "16"))
		return 1;
	return !strcmp(name + 1, "64") ? 3 : 2;
}

static const char *modifier_type(const struct instruction *in, const char *letters,
				 unsigned int nth)
{
	for (unsigned int i = 0; i < in->modifiers; i++) {
		const char *m = in->modifier[i];

		if (strchr(letters, m[0]) && m[1] >= '1' && m[1] <= '8' && !nth--)
			return m;
	}
	return letters[0] == 'F' ? "F32" : "S32";
}

static void encode_convert(struct encoding *e, const struct instruction *in, uint64_t pc,
			   unsigned int base)
{
	const char *ints = modifier_type(in, "SU", 0);
	unsigned int src, dst;

	(void)pc;
	switch (base) {
	case 0x104:				/* F2F.dst.src */
		dst = type_size(modifier_type(in, "F", 0));
		src = type_size(modifier_type(in, "F", 1));
		put(e, 78, 2, pick(in, rounding, 0));
		break;
	case 0x105:				/* F2I.dst.src */
		dst = type_size(ints);
		src = type_size(modifier_type(in, "F", 0));
		put(e, 72, 1, ints[0] == 'S');
		put(e, 78, 2, pick(in, to_integral, 0));
		break;
	case 0x106:				/* I2F.dst.src */
		dst = type_size(modifier_type(in, "F", 0));
		src = type_size(ints);
		put(e, 74, 1, ints[0] == 'S');
		put(e, 78, 2, pick(in, rounding, 0));
		break;
	default:				/* FRND */
		dst = type_size(modifier_type(in, "F", 0));
		src = dst;
		put(e, 78, 2, pick(in, to_integral, 0));
		break;
	}
	if (src == 3 || dst == 3)
		base += 0x110 - 0x104;
	put(e, 16, 8, want_reg(e, in, 0));
	put_form(e, base, NULL, source(e, in, 1), NULL, NUMBER_F32);
	put(e, 84, 2, src);
	put(e, 75, 2, dst);
	put(e, 80, 1, modifier_is(in, "FTZ"));
}

/* PLOP3.LUT Pd, Pd2, Pa, Pb, Pc, lut, lut2 */
static void encode_plop3(struct encoding *e, const struct instruction *in, uint64_t pc,
			 unsigned int base)
{
	unsigned int lut = (unsigned int)want(e, in, 5, OPERAND_NUMBER)->value;

	(void)pc;
	put_opcode(e, base);
	put_pred_dst(e, in, 0, 81);
	put_pred_dst(e, in, 1, 84);
	put_pred_src(e, in, 2, 87, 90);
	put_pred_src(e, in, 3, 77, 80);
	put_pred_src(e, in, 4, 68, 71);
	put(e, 72, 5, lut >> 3);
	put(e, 64, 3, lut & 7);
	put(e, 16, 8, (uint64_t)want(e, in, 6, OPERAND_NUMBER)->value);
}

static const struct opcode opcodes[] = {
	{ "FADD", 0x021, encode_add, false }, { "DADD", 0x029, encode_add, true },
	{ "FMUL", 0x020, encode_mul, false }, { "DMUL", 0x028, encode_mul, true },
	{ "FFMA", 0x023, encode_fma, false }, { "DFMA", 0x02b, encode_fma, true },
	{ "FMNMX", 0x009, encode_fmnmx, false }, { "FSET", 0x00a, encode_fset, false },
	{ "FSETP", 0x00b, encode_setp, false }, { "DSETP", 0x02a, encode_setp, true },
	{ "ISETP", 0x00c, encode_setp, false }, { "IADD3", 0x010, encode_iadd3, false },
	{ "IMAD", 0x024, encode_imad, false }, { "LEA", 0x011, encode_lea, false },
	{ "LOP3", 0x012, encode_lop3, false }, { "SHF", 0x019, encode_shf, false },
	{ "PRMT", 0x016, encode_prmt, false }, { "SEL", 0x007, encode_sel, false },
	{ "BMSK", 0x01b, encode_bits, false }, { "SGXT", 0x01a, encode_bits, false },
	{ "MOV", 0x002, encode_unary, false }, { "IABS", 0x013, encode_unary, false },
	{ "FLO", 0x100, encode_unary, true }, { "BREV", 0x101, encode_unary, true },
	{ "POPC", 0x109, encode_unary, true }, { "MUFU", 0x108, encode_unary, true },
	{ "F2F", 0x104, encode_convert, true }, { "F2I", 0x105, encode_convert, true },
	{ "I2F", 0x106, encode_convert, true }, { "FRND", 0x107, encode_convert, true },
	{ "PLOP3", 0x81c, encode_plop3, false },
};

static const struct opcode *opcode_find(const char *name)
{
	for (unsigned int i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++)
		if (!strcmp(opcodes[i].name, name))
			return &opcodes[i];
	return opcode_find_mem(name);
}

int instruction_encode(const struct instruction *in, uint64_t pc, uint32_t w[4],
		       struct sm75_error *err)
{
	const struct opcode *op = opcode_find(in->name);
	struct encoding e = { .err = err };

	if (!op)
		return sm75_fail(err, "unknown instruction %s", in->name);
	put(&e, 12, 3, in->guard);
	put(&e, 15, 1, in->guard_not);
	op->encode(&e, in, pc, op->base);
	if (!e.ret && in->operands && in->op[0].kind == OPERAND_NONE)
		fail(&e, "empty operand");
	memcpy(w, e.w, sizeof(e.w));
	return e.ret;
}

bool instruction_is_variable(const struct instruction *in)
{
	const struct opcode *op = opcode_find(in->name);

	return op && op->variable;
}
