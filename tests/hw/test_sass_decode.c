// SPDX-License-Identifier: MIT
/*
 * Every golden word of tests/data/sm75_golden.txt, decoded and printed again
 * the way nvdisasm prints it: what the text says is what the decoder found.
 * Cache hints (.EF) and scopes are not decoded; they are taken from the text.
 */
#include "hwtest.h"
#include "nvhw/undocumented.h"
#include "sass.h"

#define MAX_VECTORS	256

static struct vector {
	uint32_t w[4];
	char text[96];
} vectors[MAX_VECTORS];
static unsigned int nvectors;

static int load_vectors(void **state)
{
	char path[512], line[256];
	const char *slash = strrchr(__FILE__, '/');
	FILE *f;

	snprintf(path, sizeof(path), "%.*s/../data/sm75_golden.txt", (int)(slash - __FILE__),
		 __FILE__);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct vector *v = &vectors[nvectors];
		int n;

		if (line[0] == '#' ||
		    sscanf(line, "%x %x %x %x %n", &v->w[0], &v->w[1], &v->w[2], &v->w[3], &n) != 4)
			continue;
		assert_true(nvectors < MAX_VECTORS);
		snprintf(v->text, sizeof(v->text), "%s", line + n);
		v->text[strcspn(v->text, "\n")] = 0;
		nvectors++;
	}
	fclose(f);
	assert_true(nvectors >= 120);
	return 0;
}

static char out[128];

static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *fmt, ...)
{
	size_t n = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + n, sizeof(out) - n, fmt, ap);
	va_end(ap);
}

static const char *reg(unsigned int r)
{
	static char name[8][8];
	static unsigned int next;
	char *s = name[next++ % 8];

	snprintf(s, 8, r == 255 ? "RZ" : "R%u", r);
	return s;
}

static const char *pred(unsigned int p)
{
	static char name[8][8];
	static unsigned int next;
	char *s = name[next++ % 8];

	snprintf(s, 8, "%sP%c", p & 8 ? "!" : "", (p & 7) == 7 ? 'T' : '0' + (p & 7));
	return s;
}

/* @as_float: 1 an immediate float, 2 the upper half of a double. */
static void operand(const struct sass_operand *o, int as_float)
{
	put("%s%s", o->neg ? "-" : "", o->abs ? "|" : "");
	switch (o->kind) {
	case SASS_REG:
		put("%s", reg(o->reg));
		break;
	case SASS_CONST:
		put("c[0x%x][0x%x]", o->bank, o->value);
		break;
	default:
		if (as_float == 1) {
			float f;

			memcpy(&f, &o->value, 4);
			put("%g", f);
		} else if (as_float == 2) {
			uint64_t bits = (uint64_t)o->value << 32;
			double d;

			memcpy(&d, &bits, 8);
			put("%g", d);
		} else {
			put("0x%x", o->value);
		}
	}
	put("%s", o->abs ? "|" : "");
}

static void sources(const struct sass_insn *in, unsigned int from, int as_float)
{
	for (unsigned int i = from; i < 3; i++) {
		if (in->s[i].kind == SASS_NONE)
			continue;
		put(", ");
		operand(&in->s[i], as_float);
	}
}

static void address(const struct sass_insn *in)
{
	if (in->s[0].reg == 255 && in->imm)
		put("[0x%llx]", (long long)in->imm);
	else if (in->imm)
		put("[%s+0x%llx]", reg(in->s[0].reg), (long long)in->imm);
	else
		put("[%s]", reg(in->s[0].reg));
}

static const char *const int_cmp[] = { "F", "LT", "EQ", "LE", "GT", "NE", "GE", "T" };
static const char *const float_cmp[] = {
	"F", "LT", "EQ", "LE", "GT", "NE", "GE", "NUM",
	"NAN", "LTU", "EQU", "LEU", "GTU", "NEU", "GEU", "T",
};
static const char *const bool_op[] = { "AND", "OR", "XOR" };
static const char *const round_name[] = { "", ".FLOOR", ".CEIL", ".TRUNC" };
static const char *const mem_type[] = { ".U8", ".S8", ".U16", ".S16", "", ".64", ".128" };
static const char *const atom_op[] = {
	"ADD", "MIN", "MAX", "INC", "DEC", "AND", "OR", "XOR", "EXCH", "CAS",
};

static void compare(const struct sass_insn *in, const char *cmp, const char *type, int as_float)
{
	put(".%s%s.%s ", cmp, type, bool_op[in->bop]);
	if (in->pd[0] == 7 && in->pd[1] == 7)
		put("%s", reg(in->dst));	/* FSET */
	else
		put("%s, %s", pred(in->pd[0]), pred(in->pd[1]));
	sources(in, 0, as_float);
	put(", %s", pred(in->pp[0]));
}

static void integer(const struct sass_insn *in, const char *name)
{
	if (!strcmp(name, "IADD3")) {
		put("%s %s", in->mods & SASS_X ? ".X" : "", reg(in->dst));
		if (in->pd[0] != 7)
			put(", %s", pred(in->pd[0]));
		sources(in, 0, 0);
		if (in->mods & SASS_X)
			put(", %s, %s", pred(in->pp[0]), pred(in->pp[1]));
	} else if (!strncmp(name, "IMAD", 4)) {
		put("%s %s", in->mods & SASS_SIGNED ? "" : ".U32", reg(in->dst));
		sources(in, 0, 0);
	} else if (!strcmp(name, "ISETP")) {
		compare(in, int_cmp[in->sub], in->mods & SASS_SIGNED ? "" : ".U32", 0);
	} else if (!strcmp(name, "LEA")) {
		/* Without .HI there is no third source to print. */
		put(" %s, ", reg(in->dst));
		operand(&in->s[0], 0);
		put(", ");
		operand(&in->s[1], 0);
		put(", 0x%x", in->sub);
	} else {
		put(" %s", reg(in->dst));
		sources(in, 0, 0);
	}
}

static void logic(const struct sass_insn *in, const char *name)
{
	static const char *const shf_type[] = { ".S64", ".U64", ".S32", ".U32" };

	if (!strcmp(name, "LOP3")) {
		put(".LUT %s", reg(in->dst));
		sources(in, 0, 0);
		put(", 0x%x, %s", in->lut[0], pred(in->pp[0]));
	} else if (!strcmp(name, "PLOP3")) {
		put(".LUT %s, %s, %s, %s, %s, 0x%x, 0x%x", pred(in->pd[0]), pred(in->pd[1]),
		    pred(in->pp[0]), pred(in->pp[1]), pred(in->pp[2]), in->lut[0], in->lut[1]);
	} else if (!strcmp(name, "SHF")) {
		put("%s%s%s%s %s", in->mods & SASS_RIGHT ? ".R" : ".L",
		    in->mods & SASS_WRAP ? ".W" : "", shf_type[in->type],
		    in->mods & SASS_HI ? ".HI" : "", reg(in->dst));
		sources(in, 0, 0);
	} else if (!strcmp(name, "FLO")) {
		put("%s%s %s", in->mods & SASS_SIGNED ? "" : ".U32",
		    in->mods & SASS_SH ? ".SH" : "", reg(in->dst));
		sources(in, 0, 0);
	} else {
		put(" %s", reg(in->dst));
		sources(in, 0, 0);
		if (!strcmp(name, "SEL"))
			put(", %s", pred(in->pp[0]));
	}
}

static void floating(const struct sass_insn *in, const char *name)
{
	static const char *const mufu[] = {
		"COS", "SIN", "EX2", "LG2", "RCP", "RSQ", "RCP64H", "RSQ64H", "SQRT",
	};
	int kind = name[0] == 'D' ? 2 : 1;

	if (!strcmp(name, "MUFU")) {
		put(".%s %s", mufu[in->sub], reg(in->dst));
		sources(in, 0, 1);
	} else if (strstr(name, "SET")) {
		if (!strcmp(name, "FSET"))
			put(".BF");
		compare(in, float_cmp[in->sub], "", kind);
	} else {
		put("%s %s", in->mods & SASS_SAT ? ".SAT" : "", reg(in->dst));
		sources(in, 0, kind);
		if (!strcmp(name, "FMNMX"))
			put(", %s", pred(in->pp[0]));
	}
}

static void convert(const struct sass_insn *in, const char *name)
{
	static const char *const float_name[] = { "", ".F16", ".F32", ".F64" };
	static const char *const int_bits[] = { "8", "16", "32", "64" };
	bool sign = in->mods & SASS_SIGNED;

	if (!strcmp(name, "F2F")) {
		put("%s%s", float_name[in->type2], float_name[in->type]);
	} else if (!strcmp(name, "F2I")) {
		if (!sign || in->type2 != 2)
			put(".%s%s", sign ? "S" : "U", int_bits[in->type2]);
		put("%s%s", in->type == 3 ? ".F64" : "", round_name[in->rnd]);
	} else if (!strcmp(name, "I2F")) {
		put("%s", in->type2 == 3 ? ".F64" : "");
		if (!sign || in->type != 2)
			put(".%s%s", sign ? "S" : "U", int_bits[in->type]);
	} else {
		put("%s%s", in->type == 3 ? ".F64" : "", round_name[in->rnd]);
	}
	put(" %s", reg(in->dst));
	sources(in, 0, 0);
}

static void memory(const struct sass_insn *in, const char *name, const char *text)
{
	const char *ef = strstr(text, ".EF") ? ".EF" : "", *e = in->mods & SASS_E ? ".E" : "";

	if (!strncmp(name, "ATOM", 4) || !strcmp(name, "RED")) {
		bool shared = !strncmp(name, "ATOMS", 5);

		/* CAS has its own row, whose name carries it. */
		out[strlen(out) - (strchr(name, '.') ? 4 : 0)] = 0;
		put("%s.%s%s%s%s ", e, atom_op[in->sub], ef, in->type == 1 ? ".S32" : "",
		    shared ? "" : ".STRONG.SYS");
		if (name[0] == 'A')
			put("%s%s, ", shared ? "" : "PT, ", reg(in->dst));
		address(in);
		sources(in, 1, 0);
		return;
	}
	if (!strcmp(name, "LDC")) {
		put("%s %s, c[0x%x][%s", mem_type[in->type], reg(in->dst), in->s[1].bank,
		    reg(in->s[0].reg));
		put("%s", "]");
		return;
	}
	put("%s%s%s%s ", e, ef, mem_type[in->type], in->mods & SASS_E ? ".STRONG.GPU" : "");
	if (name[0] == 'L') {
		put("%s, ", reg(in->dst));
		address(in);
	} else {
		address(in);
		sources(in, 1, 0);
	}
}

static void picture(const struct sass_insn *in, const char *name)
{
	static const char *const dims[] = { "?", "1D", "2D", "3D" };
	static const char *const lods[] = { "", ".LZ", ".LB", ".LL" };

	if (!strcmp(name, "TEX")) {
		put("%s R%u, R%u, R%u, R%u, 0x%x, 0x%x, %s", lods[in->type2], in->s[2].reg,
		    in->dst, in->s[0].reg, in->s[1].reg, in->s[1].bank, (unsigned int)in->imm / 4,
		    dims[in->type]);
		return;
	}
	put(".%s.EF.CTA.IGN [R%u], R%u, R%u", dims[in->shift], in->s[0].reg, in->s[1].reg,
	    in->ubase);
}

/* False: not a kind of instruction this test can print. */
static bool print(const struct sass_insn *in, const char *text)
{
	const char *name = in->desc->name;

	out[0] = 0;
	if (in->guard != 7 || in->guard_not)
		put("@%s ", pred(in->guard | in->guard_not << 3));
	put("%s", name);
	if (!strcmp(name, "EXIT") || !strcmp(name, "NOP"))
		return true;
	if (!strcmp(name, "MEMBAR"))
		put(".SC.CTA");
	else if (!strcmp(name, "BAR"))
		put(".SYNC %s, %s", reg(in->s[0].reg), reg(in->s[0].reg));
	else if (!strcmp(name, "S2R"))
		put(" %s, %s", reg(in->dst), in->sub == 0x25 ? "SR_CTAID.X" : "?");
	else if (!strncmp(name, "IMAD", 4) || !strcmp(name, "IADD3") || !strcmp(name, "ISETP") ||
		 !strcmp(name, "IABS") || !strcmp(name, "LEA"))
		integer(in, name);
	else if (name[0] == 'D' || !strcmp(name, "FADD") || !strcmp(name, "FMUL") ||
		 !strcmp(name, "FFMA") || !strcmp(name, "FMNMX") || !strncmp(name, "FSET", 4) ||
		 !strcmp(name, "MUFU"))
		floating(in, name);
	else if (!strcmp(name, "F2F") || !strcmp(name, "F2I") || !strcmp(name, "I2F") ||
		 !strcmp(name, "FRND"))
		convert(in, name);
	else if (name[0] == 'L' && name[1] == 'D')
		memory(in, name, text);
	else if (!strcmp(name, "ST") || !strcmp(name, "STL") || !strcmp(name, "STS") ||
		 !strncmp(name, "ATOM", 4) || !strcmp(name, "RED"))
		memory(in, name, text);
	else if (!strcmp(name, "TEX") || !strcmp(name, "SUST.P"))
		picture(in, name);
	else if (!strcmp(name, "BRA"))
		return false;
	else
		logic(in, name);
	return true;
}

static void test_golden(void **state)
{
	unsigned int printed = 0;

	for (unsigned int i = 0; i < nvectors; i++) {
		struct vector *v = &vectors[i];
		struct sass_insn in;

		sass_decode(&in, v->w);
		assert_non_null(in.desc);
		assert_non_null(in.exec);
		assert_int_equal(in.esr, 0);
		if (!print(&in, v->text))
			continue;
		assert_string_equal(out, v->text);
		printed++;
	}
	assert_true(printed >= 110);
}

static void test_branches(void **state)
{
	static const struct {
		uint32_t w[4];
		int64_t disp;
	} t[] = {
		{ { 0x00007947, 0x00000280, 0x03800000, 0 }, 0x280 },
		/* 48 bits at 81:34: w1 is the byte displacement, sign in w2. */
		{ { 0x00007947, 0xffffff00, 0x0383ffff, 0 }, -0x100 },
		{ { 0x00007947, 0x00000000, 0x03800001, 0 }, 0x100000000 },
	};
	struct sass_insn in;

	for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		sass_decode(&in, t[i].w);
		assert_string_equal(in.desc->name, "BRA");
		assert_int_equal(in.imm, t[i].disp);
	}
}

/* What hardware refuses raises the matching warp error, when executed. */
static void test_errors(void **state)
{
	static const struct {
		uint32_t w[4];
		unsigned int esr;
	} t[] = {
		/* an opcode without a row */
		{ { 0x00007fff, 0, 0, 0 }, NVX_SM_WARP_ERROR_ILLEGAL_ENCODING },
		{ { 0, 0, 0, 0 }, NVX_SM_WARP_ERROR_ILLEGAL_ENCODING },
		/* DADD R11, R0, R6: an odd pair; the same in a source */
		{ { 0x000b7229, 0, 0x00000006, 0 }, NVX_SM_WARP_ERROR_MISALIGNED_REG },
		{ { 0x010a7229, 0, 0x00000006, 0 }, NVX_SM_WARP_ERROR_MISALIGNED_REG },
		/* LD.E.128 R254: past the register file; R2: not a multiple of 4 */
		{ { 0x02fc7980, 0, 0x00014d00, 0 }, NVX_SM_WARP_ERROR_OOR_REG },
		{ { 0x02027980, 0, 0x00014d00, 0 }, NVX_SM_WARP_ERROR_MISALIGNED_REG },
		/* MUFU function 10; LD of type 7 */
		{ { 0x00027308, 0x00000002, 0x00002800, 0 }, NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		{ { 0x02047980, 0, 0x00014f00, 0 }, NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		/* MOV R6, cx[UR5][0x0]: not a pair; cx[UR62]; ULDC.128 */
		{ { 0x00067a02, 0x00000005, 0x08000f00, 0 }, NVX_SM_WARP_ERROR_MISALIGNED_REG },
		{ { 0x00067a02, 0x0000003e, 0x08000f00, 0 }, NVX_SM_WARP_ERROR_OOR_REG },
		{ { 0x00047ab9, 0x00005800, 0x00000c00, 0 }, NVX_SM_WARP_ERROR_ILLEGAL_PARAM },
		/* LDG with UR5: not a pair; UR62: URZ is no upper half */
		{ { 0x04047981, 0x00000005, 0x0c1ee900, 0 }, NVX_SM_WARP_ERROR_MISALIGNED_REG },
		{ { 0x04047981, 0x0000003e, 0x0c1ee900, 0 }, NVX_SM_WARP_ERROR_OOR_REG },
		/* c[0x0][0x22]: not a word */
		{ { 0x00067a02, 0x00000880, 0x00000f00, 0 }, NVX_SM_WARP_ERROR_MISALIGNED_ADDR },
	};
	struct sass_insn in;

	for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		sass_decode(&in, t[i].w);
		assert_int_equal(in.esr, t[i].esr);
	}
}

/* No word makes the decoder do anything but return. */
static void test_random(void **state)
{
	uint64_t x = 88172645463325252ull;
	struct sass_insn in;

	for (unsigned int n = 0; n < 200000; n++) {
		uint32_t w[4];

		for (unsigned int i = 0; i < 4; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			w[i] = x;
		}
		sass_decode(&in, w);
		assert_true(in.esr || !in.desc->forms || in.exec);
		if (!in.esr)
			assert_true(in.nregs <= 255);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_branches),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, load_vectors, NULL);
}
