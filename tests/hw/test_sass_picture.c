// SPDX-License-Identifier: MIT
/*
 * Instructions for pictures as NVIDIA's assembler emits them, against the decoder:
 * which registers hold which parameter is what PTX was given (tests/data/README.md).
 */
#include "hwtest.h"
#include "sass_tex.h"

static unsigned int bad;

#define BAD(...) \
	do { \
		print_error(__VA_ARGS__); \
		print_error("\n"); \
		bad++; \
	} while (0)

/* One row of the table, split at its spaces. */
struct row {
	uint32_t w[4];
	char name[48];
	char field[6][32];
	unsigned int fields;
};

static bool named(const struct row *r, const char *part)
{
	const char *s = strstr(r->name, part);

	return s && (!s[strlen(part)] || s[strlen(part)] == '.');
}

static bool begins(const struct row *r, const char *text)
{
	return !strncmp(r->name, text, strlen(text));
}

/* The parameters of textures in their order, by the letters of the table. */
static void letters(const struct sass_insn *in, const struct row *r, char *out)
{
	bool own = in->rnd == TEX_HANDLE_PARAM;

	if (begins(r, "TXQ")) {
		strcpy(out, own ? "hl" : "l");
		return;
	}
	if (begins(r, "TXD")) {
		sprintf(out, "%s%.*s%s%.*s", own ? "h" : "", in->type, "xyz",
			in->bop & SASS_TEX_ARRAY ? "a" : in->bop & SASS_TEX_OFFSET ? "o" : "",
			2 * in->type, "pqPQ");
		return;
	}
	sprintf(out, "%s%.*s%s%s%s%s", in->bop & SASS_TEX_ARRAY ? "a" : "", in->type, "xyz",
		own ? "h" : "", in->bop & SASS_TEX_LOD ? "l" : "",
		in->bop & SASS_TEX_OFFSET ? "o" : "", in->bop & SASS_TEX_COMPARE ? "r" : "");
}

/* "R4:xy" of operand @i, or "-". */
static void check_group(const struct sass_insn *in, const struct row *r, unsigned int i,
			const char *want, const char *got, unsigned int n)
{
	char text[32] = "-";

	if (n)
		snprintf(text, sizeof(text), "R%u:%.*s", in->s[i].reg, n, got);
	if (strcmp(text, want))
		BAD("%s: %c is %s, expected %s", r->name, 'A' + i, text, want);
	if (n && in->s[i].width < n)
		BAD("%s: %c is %u registers", r->name, 'A' + i, in->s[i].width);
}

static void handle_text(const struct sass_insn *in, char *out, size_t size)
{
	if (in->rnd == TEX_HANDLE_PARAM)
		snprintf(out, size, "param");
	else if (in->rnd == TEX_HANDLE_CONST)
		snprintf(out, size, "c[0x%x][%#x]", in->s[1].bank, (uint32_t)in->imm);
	else if (in->ubase >= SASS_UR)
		snprintf(out, size, "UR%u", in->ubase - SASS_UR);
	else
		snprintf(out, size, "R%u", in->ubase);
}

static void check_texture(const struct sass_insn *in, const struct row *r)
{
	static const char components[] = "RGBA";
	char all[16], text[40];
	const char *gather;

	letters(in, r, all);
	check_group(in, r, 0, r->field[2], all, in->shift);
	check_group(in, r, 1, r->field[3], all + in->shift, strlen(all) - in->shift);
	handle_text(in, text, sizeof(text));
	if (strcmp(text, r->field[4]))
		BAD("%s: handle %s, expected %s", r->name, text, r->field[4]);
	snprintf(text, sizeof(text), "R%u", in->dst);
	if (strcmp(text, r->field[0]))
		BAD("%s: results to %s", r->name, text);
	snprintf(text, sizeof(text), "R%u", in->s[2].reg);
	if (strcmp(text, r->field[1]))
		BAD("%s: other results to %s", r->name, text);
	if (in->sub != strtoul(r->field[5], NULL, 16))
		BAD("%s: results %x", r->name, in->sub);
	gather = begins(r, "TLD4") ? strchr(components, r->name[5]) : NULL;
	if (gather && in->lut[0] != gather - components)
		BAD("%s: gathers component %u", r->name, in->lut[0]);
	if (named(r, ".LZ") != (in->type2 == SASS_LOD_ZERO) && !begins(r, "TLD4") &&
	    !begins(r, "TX"))
		BAD("%s: level of detail by %u", r->name, in->type2);
	if (!begins(r, "TXQ") && in->type != (named(r, "3D") ? 3 : strstr(r->name, "2D") ? 2 : 1))
		BAD("%s: %u dimensions", r->name, in->type);
}

static void check_surface(const struct sass_insn *in, const struct row *r)
{
	static const char *const types[] = { ".U8", ".S8", ".U16", ".S16", ".32", ".64", ".128" };
	static const char *const ops[] = { ".ADD", ".MIN", ".MAX", ".INC", ".DEC", ".AND", ".OR" };
	unsigned int data = begins(r, "SULD") ? in->dst : in->s[1].reg;
	unsigned int mode = named(r, "TRAP") ? SASS_SU_TRAP : named(r, "CLAMP") ? SASS_SU_CLAMP :
			    SASS_SU_IGNORE;
	char text[40];

	snprintf(text, sizeof(text), "R%u", data);
	if (strcmp(text, r->field[0]))
		BAD("%s: data in %s", r->name, text);
	check_group(in, r, 0, r->field[1], strchr(r->field[1], ':') + 1, in->shift);
	handle_text(in, text, sizeof(text));
	if (strcmp(text, r->field[2]))
		BAD("%s: handle %s, expected %s", r->name, text, r->field[2]);
	if (in->lut[0] != mode)
		BAD("%s: mode %u", r->name, in->lut[0]);
	if (begins(r, "SUST.P"))
		return;
	if (named(r, ".BA") != !!(in->bop & SASS_TEX_BYTES))
		BAD("%s: unit of x", r->name);
	if (begins(r, "SURED")) {
		if (!named(r, ops[in->sub]) || in->type != (named(r, ".S32") ? 1 : 0))
			BAD("%s: operation %u of type %u", r->name, in->sub, in->type);
	} else if (!named(r, types[in->type])) {
		BAD("%s: type %u", r->name, in->type);
	}
}

static void check(const struct row *r)
{
	struct sass_insn in;

	sass_decode(&in, r->w);
	if (!in.desc || !in.exec || in.esr)
		BAD("%s: not decoded, error %#x", r->name, in.esr);
	else if (!begins(r, in.desc->name))
		BAD("%s: decoded as %s", r->name, in.desc->name);
	else if (r->name[0] == 'S')
		check_surface(&in, r);
	else
		check_texture(&in, r);
}

static void test_pictures(void **state)
{
	char path[512], line[256];
	const char *slash = strrchr(__FILE__, '/');
	unsigned int words = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%.*s/../data/sm75_pictures.txt", (int)(slash - __FILE__),
		 __FILE__);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct row r;

		if (line[0] == '#')
			continue;
		memset(&r, 0, sizeof(r));
		if (sscanf(line, "%x %x %x %x %47s %31s %31s %31s %31s %31s %31s", &r.w[0], &r.w[1],
			   &r.w[2], &r.w[3], r.name, r.field[0], r.field[1], r.field[2],
			   r.field[3], r.field[4], r.field[5]) < 8)
			fail_msg("not a row: %s", line);
		check(&r);
		words++;
	}
	fclose(f);
	assert_int_equal(bad, 0);
	assert_true(words >= 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
