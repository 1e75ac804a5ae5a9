// SPDX-License-Identifier: MIT
/* Kernel arguments from text, and back. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "tool.h"

#define BYTES_MAX (1ull << 32)

/* An element, whatever its type. */
union element {
	int64_t i;
	uint64_t u;
	double f;
};

static union element load(const struct argument *a, size_t at)
{
	const char *p = (const char *)a->memory + at * a->bytes;
	union element e = { 0 };
	float f;

	if (a->type == 'f' && a->bytes == 8) {
		memcpy(&e.f, p, 8);
	} else if (a->type == 'f') {
		memcpy(&f, p, 4);
		e.f = (double)f;
	} else {
		unsigned int up = 64 - 8 * a->bytes;

		memcpy(&e.u, p, a->bytes);
		if (a->type == 'i')
			e.i = (int64_t)(e.u << up) >> up;
	}
	return e;
}

static void store(const struct argument *a, size_t at, union element e)
{
	char *p = (char *)a->memory + at * a->bytes;
	float f = (float)e.f;

	if (a->type == 'f' && a->bytes == 4)
		memcpy(p, &f, 4);
	else
		memcpy(p, &e, a->bytes);
}

/* A number at *@s, which moves past it. */
static bool number(const struct argument *a, const char **s, union element *e)
{
	char *end;

	errno = 0;
	if (a->type == 'f')
		e->f = strtod(*s, &end);
	else if (a->type == 'u')
		e->u = strtoull(*s, &end, 0);
	else
		e->i = strtoll(*s, &end, 0);
	if (end == *s || errno)
		return false;
	*s = end;
	return true;
}

static bool fill_iota(const struct argument *a, const char *s)
{
	union element scale = { .i = 1 }, add = { 0 };

	if (a->type == 'f')
		scale.f = 1;
	if (*s == '*' && (s++, !number(a, &s, &scale)))
		return false;
	if (*s == '+' && (s++, !number(a, &s, &add)))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		union element e;

		if (a->type == 'f')
			e.f = (double)i * scale.f + add.f;
		else
			e.u = i * scale.u + add.u;
		store(a, i, e);
	}
	return !*s;
}

static bool fill_random(const struct argument *a, unsigned int seed)
{
	uint64_t x = seed * 2654435761u + 88172645463325252ull;

	for (size_t i = 0; i < a->count; i++) {
		union element e;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (a->type == 'f')
			e.f = (double)(x >> 40) / (1 << 24);	/* [0, 1) */
		else
			e.u = x >> 8;
		store(a, i, e);
	}
	return true;
}

static bool fill_list(const struct argument *a, const char *s)
{
	union element e;
	size_t n = 0;

	if (!number(a, &s, &e))
		return false;
	if (!*s) {
		for (size_t i = 0; i < a->count; i++)
			store(a, i, e);
		return true;
	}
	store(a, n++, e);
	while (*s == ',' && n < a->count) {
		s++;
		if (!number(a, &s, &e))
			return false;
		store(a, n++, e);
	}
	return !*s;
}

static bool fill(const struct argument *a, const char *content, unsigned int seed)
{
	if (!strncmp(content, "iota", 4))
		return fill_iota(a, content + 4);
	if (!strcmp(content, "random"))
		return fill_random(a, seed);
	return fill_list(a, content);
}

static bool parse_type(struct argument *a, const char **s)
{
	char *end;
	unsigned long bits;

	a->type = **s;
	if (a->type != 'i' && a->type != 'u' && a->type != 'f')
		return false;
	bits = strtoul(*s + 1, &end, 10);
	*s = end;
	a->bytes = (unsigned int)bits / 8;
	return bits == 32 || bits == 64 || (a->type != 'f' && (bits == 8 || bits == 16));
}

bool argument_parse(struct argument *a, const char *text, unsigned int seed)
{
	struct argument one;
	const char *s = text;
	char *end;

	memset(a, 0, sizeof(*a));
	if (!parse_type(a, &s))
		return complain(0, "'%s': no type such as i32, u64 or f32", text), false;
	if (*s == '[') {
		a->count = strtoull(s + 1, &end, 0);
		s = *end == ']' ? end + 1 : end;
		if (!a->count || a->count > BYTES_MAX / a->bytes || s == end)
			return complain(0, "'%s': bad number of elements", text), false;
	}
	if (*s++ != '=')
		return complain(0, "'%s': '=' and the content are missing", text), false;
	a->memory = calloc(a->count ? a->count : 1, a->bytes);
	if (!a->memory)
		return complain(ENOMEM, "'%s'", text), false;
	one = *a;
	one.count = a->count ? a->count : 1;
	if (!fill(&one, s, seed)) {
		argument_free(a);
		return complain(0, "'%s': content not understood", text), false;
	}
	return true;
}

void argument_free(struct argument *a)
{
	free(a->memory);
	a->memory = NULL;
}

static bool alike(const struct argument *a, union element x, union element y, double tolerance)
{
	if (a->type != 'f')
		return x.u == y.u;
	if (isnan(x.f) || isnan(y.f))
		return isnan(x.f) && isnan(y.f);
	return x.f == y.f || fabs(x.f - y.f) <= tolerance * fabs(y.f);
}

static void print_element(const struct argument *a, union element e)
{
	if (a->type == 'f')
		printf("%.*g", a->bytes == 8 ? 17 : 9, e.f);
	else if (a->type == 'i')
		printf("%" PRId64, e.i);
	else
		printf("%" PRIu64, e.u);
}

bool argument_check(const struct argument *a, const char *content, double tolerance)
{
	struct argument want = *a;
	bool ok = a->count;

	want.memory = calloc(a->count ? a->count : 1, a->bytes);
	if (!want.memory || !ok || !fill(&want, content, 0)) {
		free(want.memory);
		return complain(0, "'%s': nothing to compare with", content), false;
	}
	for (size_t i = 0; i < a->count && ok; i++) {
		ok = alike(a, load(a, i), load(&want, i), tolerance);
		if (ok)
			continue;
		printf("element %zu: got ", i);
		print_element(a, load(a, i));
		printf(", want ");
		print_element(a, load(&want, i));
		putchar('\n');
	}
	free(want.memory);
	return ok;
}

void argument_print(const struct argument *a, size_t count)
{
	size_t n = a->count ? a->count : 1;

	for (size_t i = 0; i < n && i < count; i++) {
		print_element(a, load(a, i));
		putchar(i % 8 == 7 || i + 1 == n || i + 1 == count ? '\n' : ' ');
	}
}
