// SPDX-License-Identifier: MIT
/*
 * Instruction words as NVIDIA's toolchain emits them for sm_75, with the text
 * its disassembler gives (tests/data/sm75_toolchain.txt), against the decoder:
 * name, guard, registers, predicates, constants, immediates and the modifiers
 * the text names have to be what was decoded, no more and no less.
 */
#include <ctype.h>

#include "hwtest.h"
#include "sass_exec.h"

#define MAX_ITEMS	16

static unsigned int bad;

/* Say what is wrong with a word and go on with the others. */
#define BAD(...) \
	do { \
		print_error(__VA_ARGS__); \
		print_error("\n"); \
		bad++; \
	} while (0)

struct items {
	unsigned int n;
	uint64_t v[MAX_ITEMS];
};

static void add(struct items *s, uint64_t v)
{
	assert_true(s->n < MAX_ITEMS);
	s->v[s->n++] = v;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool same(struct items *a, struct items *b)
{
	qsort(a->v, a->n, sizeof(a->v[0]), by_value);
	qsort(b->v, b->n, sizeof(b->v[0]), by_value);
	return a->n == b->n && !memcmp(a->v, b->v, a->n * sizeof(a->v[0]));
}

/* What the operands of a text name. */
struct named {
	struct items regs, preds, consts;
	unsigned int neg, abs, halves;
};

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* A register or predicate at @s; returns past it, or @s. */
static const char *take_name(const char *s, const char *start, struct named *t)
{
	bool uniform = s[0] == 'U' && (s[1] == 'R' || s[1] == 'P');
	const char *p = s + uniform;
	unsigned int number;
	char kind = *p++;
	char *end;

	if (kind != 'R' && kind != 'P')
		return s;
	if (*p == (kind == 'R' ? 'Z' : 'T') && !word_char(p[1]))
		return p + 1;		/* RZ, PT: nothing to find */
	if (!isdigit((unsigned char)*p))
		return s;
	number = (unsigned int)strtoul(p, &end, 10);
	if (word_char(*end))
		return s;
	if (kind == 'R')
		add(&t->regs, number + (uniform ? SASS_UR : 0));
	else	/* as a source: | 8 inverted, | 16 uniform */
		add(&t->preds, number | (s > start && s[-1] == '!' ? 8 : 0) | (uniform ? 16 : 0));
	return end;
}

/* c[0xb][0xo], c[0xb] [0xo] or c[0xb][R1+0xo]. */
static const char *take_const(const char *s, struct named *t)
{
	unsigned int bank, off = 0;
	const char *p = strchr(s, ']');

	if (sscanf(s, "c[%x]", &bank) != 1 || !p)
		return s;
	p = strchr(p, '[');
	assert_non_null(p);
	if (sscanf(p, "[%x]", &off) == 1 && !strncmp(p, "[0x", 3)) {
		add(&t->consts, (uint64_t)bank << 32 | off);
		return strchr(p, ']') + 1;
	}
	add(&t->consts, (uint64_t)bank << 32);	/* displacement: not compared */
	return p;
}

static void read_operands(const char *text, struct named *t)
{
	memset(t, 0, sizeof(*t));
	for (const char *s = text; *s;) {
		const char *next = s;
		bool first = s == text || !word_char(s[-1]);

		if ((*s == '-' || *s == '~') && (s[1] == 'R' || s[1] == 'c' || s[1] == '|' ||
				  !strncmp(s + 1, "UR", 2)))
			t->neg++;
		if (*s == '|' && s[1] != ',' && s[1] && s[1] != '.' && first && s[1] != ' ')
			t->abs++;
		if (!strncmp(s, ".H0_H0", 6) || !strncmp(s, ".H1_H1", 6))
			t->halves++;
		if (first && *s == 'c' && s[1] == '[')
			next = take_const(s, t);
		else if (first && (*s == 'R' || *s == 'P' || *s == 'U'))
			next = take_name(s, text, t);
		s = next > s ? next : s + 1;
	}
}

static void decoded_items(const struct sass_insn *in, struct named *d)
{
	bool load_const = in->desc->slots == SLOTS_NONE && strstr(in->desc->name, "LDC");

	memset(d, 0, sizeof(*d));
	if (in->dst != SASS_RZ)
		add(&d->regs, in->dst);
	if (in->ubase != SASS_RZ)
		add(&d->regs, in->ubase);
	for (unsigned int i = 0; i < 3; i++) {
		const struct sass_operand *o = &in->s[i];

		if (o->kind == SASS_REG && o->reg != SASS_RZ)
			add(&d->regs, o->reg);
		if (o->kind == SASS_CONST)
			add(&d->consts, (uint64_t)o->bank << 32 | o->value);
		d->neg += o->neg;
		d->abs += o->abs;
		d->halves += o->half >= SASS_H0_H0;
		if ((in->pp[i] & 7) != SASS_PT)
			add(&d->preds, in->pp[i]);
	}
	d->neg += in->mods & SASS_NOT ? 1 : 0;
	for (unsigned int i = 0; i < 2; i++)
		if (in->pd[i] != SASS_PT)
			add(&d->preds, (in->pd[i] & 7) | (in->pd[i] >= SASS_UP ? 16 : 0));
	if (load_const)
		add(&d->consts, (uint64_t)in->s[1].bank << 32 |
		    (in->s[0].reg == SASS_RZ ? (uint32_t)in->imm : 0));
}

static bool is_number(const char *s, uint32_t v)
{
	float f = strtof(s, NULL);
	double d = strtod(s, NULL);
	uint32_t f32;
	uint64_t f64;

	if (!strncmp(s, "0x", 2) || !strncmp(s, "-0x", 3))
		return (uint32_t)strtoll(s, NULL, 16) == v;
	memcpy(&f32, &f, 4);
	memcpy(&f64, &d, 8);
	return f32 == v || f64 >> 32 == v;
}

/* Is the immediate @v one of the numbers of the text? */
static bool has_number(const char *text, uint32_t v)
{
	for (const char *s = text; *s; s++)
		if ((isdigit((unsigned char)*s) || *s == '-' || *s == '+') &&
		    (s == text || !word_char(s[-1])) && is_number(s, v))
			return true;
	return strstr(text, "INF") || strstr(text, "NAN");
}

static bool one_of(const char *name, const char *list)
{
	size_t n = strcspn(name, ". ");
	char word[24];

	snprintf(word, sizeof(word), " %.*s ", (int)n, name);
	return strstr(list, word) != NULL;
}

/* Modifiers of a name, the instructions where they mean a flag, and the flag. */
static const struct {
	const char *text, *where;
	uint16_t flag;
	bool inverted;
} modifiers[] = {
	{ ".X", " IADD3 IMAD LEA UIADD3 UIMAD ULEA ", SASS_X, false },
	{ ".EX", " ISETP UISETP ", SASS_X, false },
	{ ".HI", " SHF USHF LEA ULEA ", SASS_HI, false },
	{ ".R", " SHF USHF ", SASS_RIGHT, false },
	{ ".W", " SHF USHF BMSK SGXT ", SASS_WRAP, false },
	{ ".SX32", " LEA ULEA ", SASS_SIGNED, false },
	{ ".U32", " ISETP UISETP IMNMX SGXT USGXT ", SASS_SIGNED, true },
	{ ".FTZ", " FADD FMUL FFMA FSETP FSET FMNMX F2I F2F FRND HADD2 HMUL2 HFMA2 ", SASS_FTZ,
	  false },
	{ ".SAT", " FADD FMUL FFMA HADD2 HMUL2 HFMA2 IMMA ", SASS_SAT, false },
	{ ".F32", " HADD2 HMUL2 HFMA2 ", SASS_W64, false },
	{ ".BF", " HSET2 ", SASS_HI, false },
	{ ".NTZ", " F2I ", SASS_NTZ, false },
	{ ".E", " LD LDG ST STG ATOM ATOMG RED QSPC ", SASS_E, false },
	{ ".SH", " FLO UFLO ", SASS_SH, false },
	{ ".ACC", " VABSDIFF4 ", SASS_HI, false },
	{ ".CLEAR", " BMOV ", SASS_CLEAR, false },
};

/* The whole of a modifier: ".X" is not in ".X4". */
static bool has_modifier(const char *name, const char *m)
{
	size_t n = strlen(m), end = strcspn(name, " ");

	for (const char *s = strstr(name, m); s && s < name + end; s = strstr(s + 1, m))
		if (!word_char(s[n]))
			return true;
	return false;
}

static void check_modifiers(const struct sass_insn *in, const char *text)
{
	static const char *const types[] = { ".U8", ".S8", ".U16", ".S16", "", ".64", ".128" };

	for (unsigned int i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++) {
		bool flag = in->mods & modifiers[i].flag;

		if (one_of(text, modifiers[i].where) &&
		    has_modifier(text, modifiers[i].text) != (flag ^ modifiers[i].inverted))
			BAD("%s: %s", text, modifiers[i].text);
	}
	if (!one_of(text, " LD LDG LDL LDS LDC ULDC ST STG STL STS "))
		return;
	for (unsigned int i = 0; i < 7; i++)
		if (i != 4 && has_modifier(text, types[i]) != (in->type == i))
			BAD("%s: type %u", text, in->type);
}

/* Matrices: shape, types, order and step, or how many of them and which way round. */
static void check_matrix(const struct sass_insn *in, const char *text)
{
	const char *operands = strchr(text, ' '), *a = strchr(operands, '.'), *b;
	unsigned int step = 0, sub, type = in->type;

	if (one_of(text, " LDSM ")) {
		type = has_modifier(text, ".4") ? 4 : has_modifier(text, ".2") ? 2 : 1;
		if (in->sub != has_modifier(text, ".MT88") || in->dst_width != type)
			BAD("%s: matrices", text);
	} else if (one_of(text, " HMMA ")) {
		sub = (strncmp(text + (strstr(text, ".884") ? 8 : 9), ".F32", 4) ? 0 : SASS_MMA_D_F32) |
		      (strncmp(operands - (strstr(text, "STEP") ? 10 : 4), ".F32", 4) ? 0 :
		       SASS_MMA_C_F32);
		b = a ? strchr(a + 1, '.') : NULL;
		if (b)
			sub |= (a[1] == 'C' ? SASS_MMA_A_COL : 0) | (b[1] == 'C' ? SASS_MMA_B_COL : 0);
		if (strstr(text, "STEP"))
			step = (unsigned int)(strstr(text, "STEP")[4] - '0');
		if (in->sub != sub || type != step)
			BAD("%s: matrices", text);
	} else if (one_of(text, " IMMA ")) {
		type = strstr(text, ".8832") ? 4 : 8;
		if (!(in->mods & SASS_SIGNED) != (text[10] == 'U') ||
		    !(in->mods & SASS_SIGNED_B) != (text[13] == 'U') || in->type != type)
			BAD("%s: matrices", text);
	}
}

static void check(const uint32_t w[4], const char *text)
{
	struct named t, d;
	struct sass_insn in;
	unsigned int guard = 7;
	const char *operands;

	sass_decode(&in, w);
	if (!in.desc || !in.exec || in.esr) {
		BAD("%s: not decoded, error %#x", text, in.esr);
		return;
	}
	if (*text == '@') {
		const char *p = strpbrk(text, "0123456789T");

		guard = *p == 'T' ? 7 : (unsigned int)(*p - '0') + (p[-2] == 'U' ? SASS_UP : 0);
		if (in.guard_not != (text[1] == '!'))
			BAD("%s: guard", text);
		text = strchr(text, ' ') + 1;
	}
	if (in.guard != guard)
		BAD("%s: guard %u", text, in.guard);
	if (strncmp(in.desc->name, text, strcspn(in.desc->name, ".")) ||
	    word_char(text[strcspn(in.desc->name, ".")]))
		BAD("%s: decoded as %s", text, in.desc->name);
	if (one_of(text, " BAR NANOSLEEP CCTL TXQ "))
		return;			/* registers that the model does not look at, or twice */
	operands = strchr(text, ' ');
	read_operands(operands ? operands : "", &t);
	decoded_items(&in, &d);
	if (!same(&t.regs, &d.regs) || !same(&t.preds, &d.preds) || !same(&t.consts, &d.consts))
		BAD("%s: other operands", text);
	if (t.neg != d.neg || t.abs != d.abs || t.halves != d.halves)
		BAD("%s: other modifiers of operands", text);
	for (unsigned int i = 0; i < 3; i++)
		if (in.s[i].kind == SASS_IMM && !strstr(in.desc->name, "BAR") &&
		    in.desc->srcmods != SRCMOD_HALF && in.s[i].value != 0xff && !has_number(text, in.s[i].value))
			BAD("%s: immediate %#x", text, in.s[i].value);
	check_modifiers(&in, text);
	if (one_of(text, " LDSM HMMA IMMA "))
		check_matrix(&in, text);
}

static void test_golden(void **state)
{
	char path[512], line[256];
	const char *slash = strrchr(__FILE__, '/');
	unsigned int n = 0, words = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%.*s/../data/sm75_toolchain.txt", (int)(slash - __FILE__),
		 __FILE__);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		uint32_t w[4];
		int at;

		n++;
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#')
			continue;
		if (sscanf(line, "%x %x %x %x %n", &w[0], &w[1], &w[2], &w[3], &at) != 4)
			fail_msg("%s:%u: not four words", path, n);
		check(w, line + at);
		words++;
	}
	fclose(f);
	assert_int_equal(bad, 0);
	assert_true(words >= 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
