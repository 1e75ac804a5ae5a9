// SPDX-License-Identifier: MIT
/* Text of one instruction to struct instruction; knows no opcode. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operand.h"

int sm75_fail(struct sm75_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

const struct symbol *symbols_find(const struct symbols *s, const char *name)
{
	for (unsigned int i = 0; s && i < s->count; i++)
		if (!strcmp(s->list[i].name, name))
			return &s->list[i];
	return NULL;
}

bool modifier_is(const struct instruction *in, const char *name)
{
	for (unsigned int i = 0; i < in->modifiers; i++)
		if (!strcmp(in->modifier[i], name))
			return true;
	return false;
}

static void skip_space(const char **p)
{
	while (isspace((unsigned char)**p))
		(*p)++;
}

/* "R12" or "RZ" (prefix 'R'), "P3" or "PT" (prefix 'P'). */
static bool parse_indexed(const char *s, char prefix, char last, unsigned int max,
			  unsigned int *out)
{
	char *end;
	unsigned long n;

	if (s[0] != prefix)
		return false;
	if (s[1] == last && !s[2]) {
		*out = prefix == 'R' ? SM75_RZ : SM75_PT;
		return true;
	}
	if (!isdigit((unsigned char)s[1]))
		return false;
	n = strtoul(s + 1, &end, 10);
	if (*end || n > max)
		return false;
	*out = n;
	return true;
}

static bool is_register(const char *s, unsigned int *r)
{
	char name[8];
	size_t len = strlen(s);

	/* ".reuse" and ".64" are notes of a disassembler */
	if (len > 6 && !strcmp(s + len - 6, ".reuse"))
		len -= 6;
	else if (len > 3 && !strcmp(s + len - 3, ".64"))
		len -= 3;
	if (len >= sizeof(name))
		return false;
	memcpy(name, s, len);
	name[len] = 0;
	return parse_indexed(name, 'R', 'Z', 254, r);
}

static bool parse_number(const char *s, const struct symbols *symbols, struct operand *op)
{
	const struct symbol *sym;
	bool neg = *s == '-';
	char *end;

	if (neg)
		s++;
	sym = symbols_find(symbols, s);
	if (sym) {
		op->value = neg ? -sym->value : sym->value;
		op->real = op->value;
		return true;
	}
	if (!isdigit((unsigned char)*s) && strcmp(s, "inf"))
		return false;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		op->value = strtoull(s, &end, 16);
		op->real = op->value;
	} else {
		op->is_real = true;
		op->real = strtod(s, &end);
		op->value = op->real >= -9.2e18 && op->real <= 9.2e18 ? (int64_t)op->real : 0;
		if (!strpbrk(s, ".einf"))
			op->value = strtoull(s, NULL, 10);
	}
	if (*end)
		return false;
	if (neg) {
		op->value = -op->value;
		op->real = -op->real;
	}
	return true;
}

/* Inside of "[...]": register, register+offset, or offset. */
static bool parse_address(char *s, const struct symbols *symbols, struct operand *op)
{
	struct operand off = { 0 };
	char *plus = strpbrk(s, "+-");
	bool neg;

	op->reg = SM75_RZ;
	if (is_register(s, &op->reg))
		return true;
	if (!plus || plus == s) {
		if (!parse_number(s, symbols, &off))
			return false;
		op->value = off.value;
		return true;
	}
	neg = *plus == '-';
	*plus = 0;
	if (!is_register(s, &op->reg))
		return false;
	s = plus + 1;
	if (*s == '-') {
		neg = !neg;
		s++;
	}
	if (!parse_number(s, symbols, &off))
		return false;
	op->value = neg ? -off.value : off.value;
	return true;
}

static bool parse_const(char *s, const struct symbols *symbols, struct operand *op)
{
	char *close = strchr(s, ']');
	char *open = close ? strchr(close, '[') : NULL;
	char *end = open ? strchr(open, ']') : NULL;
	struct operand bank = { 0 };

	if (!end || end[1])
		return false;
	*close = 0;
	*end = 0;
	if (!parse_number(s + 2, symbols, &bank) || bank.value < 0 || bank.value > 17)
		return false;
	op->bank = bank.value;
	return parse_address(open + 1, symbols, op);
}

static int parse_operand(char *s, const struct symbols *symbols, struct operand *op,
			 struct sm75_error *err)
{
	const char *whole = s;
	size_t len = strlen(s);

	memset(op, 0, sizeof(*op));
	if (parse_number(s, symbols, op)) {
		op->kind = OPERAND_NUMBER;
		return 0;
	}
	if (*s == '!') {
		op->not = true;
		s++;
	}
	if (*s == '-' || *s == '~') {
		op->neg = true;
		s++;
	}
	len = strlen(s);
	if (*s == '|' && len > 2 && s[len - 1] == '|') {
		op->abs = true;
		s[len - 1] = 0;
		s++;
	}
	if (is_register(s, &op->reg)) {
		op->kind = OPERAND_REG;
	} else if (parse_indexed(s, 'P', 'T', 6, &op->reg)) {
		op->kind = OPERAND_PRED;
	} else if (!strncmp(s, "c[", 2)) {
		op->kind = OPERAND_CONST;
		if (!parse_const(s, symbols, op))
			return sm75_fail(err, "bad constant operand");
	} else if (*s == '[' && s[strlen(s) - 1] == ']') {
		op->kind = OPERAND_MEM;
		s[strlen(s) - 1] = 0;
		if (!parse_address(s + 1, symbols, op))
			return sm75_fail(err, "bad address operand");
	} else if (*s && strlen(s) < sizeof(op->word)) {
		op->kind = OPERAND_WORD;
		memcpy(op->word, s, strlen(s) + 1);
	} else {
		return sm75_fail(err, "bad operand '%s'", whole);
	}
	return 0;
}

static int parse_guard(const char **p, struct instruction *in, struct sm75_error *err)
{
	char name[4] = "";
	unsigned int n = 0;

	in->guard = SM75_PT;
	if (**p != '@')
		return 0;
	(*p)++;
	if (**p == '!') {
		in->guard_not = true;
		(*p)++;
	}
	while (isalnum((unsigned char)**p) && n < sizeof(name) - 1)
		name[n++] = *(*p)++;
	name[n] = 0;
	if (!parse_indexed(name, 'P', 'T', 6, &in->guard))
		return sm75_fail(err, "bad guard predicate");
	skip_space(p);
	return 0;
}

static int parse_mnemonic(const char **p, struct instruction *in, struct sm75_error *err)
{
	bool first = true;

	while (isalnum((unsigned char)**p) || **p == '_') {
		char *dst = first ? in->name : in->modifier[in->modifiers];
		size_t size = first ? sizeof(in->name) : sizeof(in->modifier[0]);
		size_t n = 0;

		if (!first && in->modifiers == SM75_MAX_MODIFIERS)
			return sm75_fail(err, "too many modifiers");
		while (isalnum((unsigned char)**p) || **p == '_') {
			if (n + 1 >= size)
				return sm75_fail(err, "mnemonic too long");
			dst[n++] = *(*p)++;
		}
		dst[n] = 0;
		if (!first)
			in->modifiers++;
		first = false;
		if (**p == '.')
			(*p)++;
	}
	return first ? sm75_fail(err, "no mnemonic") : 0;
}

int instruction_parse(const char *text, const struct symbols *symbols, struct instruction *in,
		      struct sm75_error *err)
{
	int ret;

	memset(in, 0, sizeof(*in));
	skip_space(&text);
	ret = parse_guard(&text, in, err);
	if (!ret)
		ret = parse_mnemonic(&text, in, err);
	skip_space(&text);
	while (!ret && *text && *text != ';') {
		char buf[64];
		size_t n = strcspn(text, ",;");

		if (in->operands == SM75_MAX_OPERANDS)
			return sm75_fail(err, "too many operands");
		if (n >= sizeof(buf))
			return sm75_fail(err, "operand too long");
		memcpy(buf, text, n);
		while (n && isspace((unsigned char)buf[n - 1]))
			n--;
		buf[n] = 0;
		ret = parse_operand(buf, symbols, &in->op[in->operands++], err);
		text += strcspn(text, ",;");
		if (*text == ',')
			text++;
		skip_space(&text);
	}
	return ret;
}
