// SPDX-License-Identifier: MIT
/* Source text to a program: lines, labels, directives, scheduling. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"

#define LINE_MAX_BYTES 256
#define LOCAL_LIMIT (512 * 1024)
#define SHARED_LIMIT (64 * 1024)

/* Scheduling: longest stall, wait for all six scoreboards. */
#define SCHED_STALL 15
#define SCHED_NO_BARRIER 7
#define SCHED_RESULT_BARRIER 0
#define SCHED_OPERAND_BARRIER 1
#define SCHED_WAIT_ALL 0x3f

struct assembly {
	struct symbols symbols;
	struct sm75_program *prog;
	struct sm75_error *err;
	bool second_pass;
};

static int add_symbol(struct assembly *as, const char *name, int64_t value)
{
	struct symbol *list;

	if (as->second_pass)
		return 0;
	if (symbols_find(&as->symbols, name))
		return sm75_fail(as->err, "%s defined twice", name);
	if (strlen(name) >= sizeof(list->name))
		return sm75_fail(as->err, "name too long");
	list = realloc(as->symbols.list, (as->symbols.count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	as->symbols.list = list;
	snprintf(list[as->symbols.count].name, sizeof(list->name), "%s", name);
	list[as->symbols.count++].value = value;
	return 0;
}

static void schedule(const struct instruction *in, uint32_t w[4])
{
	struct encoding e;
	bool variable = instruction_is_variable(in);

	memcpy(e.w, w, sizeof(e.w));
	put(&e, 105, 4, SCHED_STALL);
	put(&e, 110, 3, variable ? SCHED_RESULT_BARRIER : SCHED_NO_BARRIER);
	put(&e, 113, 3, variable ? SCHED_OPERAND_BARRIER : SCHED_NO_BARRIER);
	put(&e, 116, 6, SCHED_WAIT_ALL);
	memcpy(w, e.w, sizeof(e.w));
}

/* Registers an operand may span: wide accesses and 64-bit arithmetic. */
static unsigned int span(const struct instruction *in)
{
	if (modifier_is(in, "128"))
		return 4;
	return 2;
}

unsigned int instruction_gprs(const struct instruction *in)
{
	unsigned int top = 0;

	for (unsigned int i = 0; i < in->operands; i++) {
		const struct operand *op = &in->op[i];
		bool holds_reg = op->kind == OPERAND_REG || op->kind == OPERAND_MEM ||
				 op->kind == OPERAND_CONST;

		if (holds_reg && op->reg != SM75_RZ && op->reg + span(in) > top)
			top = op->reg + span(in);
	}
	return top;
}

static int add_instruction(struct assembly *as, const char *text)
{
	struct sm75_program *prog = as->prog;
	struct instruction in;
	uint32_t w[4];
	int ret;

	if (!as->second_pass) {
		prog->count++;
		return 0;
	}
	ret = instruction_parse(text, &as->symbols, &in, as->err);
	if (!ret)
		ret = instruction_encode(&in, prog->count * 16, w, as->err);
	if (ret)
		return ret;
	schedule(&in, w);
	memcpy(prog->words + prog->count * 4, w, sizeof(w));
	prog->count++;
	if (instruction_gprs(&in) > prog->gprs)
		prog->gprs = instruction_gprs(&in);
	if (!strcmp(in.name, "BAR"))
		prog->barriers = 1;
	return 0;
}

static int parse_size(struct assembly *as, const char *text, long limit, unsigned int *out)
{
	char *end;
	long n = strtol(text, &end, 0);

	while (isspace((unsigned char)*end))
		end++;
	if (*end || n < 0 || n > limit)
		return sm75_fail(as->err, "bad size");
	*out = n;
	return 0;
}

static int directive(struct assembly *as, const char *text)
{
	char name[32], value[32], extra;

	if (sscanf(text, ".equ %31s %31s %c", name, value, &extra) == 2) {
		char *end;
		long long n = strtoll(value, &end, 0);

		return *end ? sm75_fail(as->err, "bad number") : add_symbol(as, name, n);
	}
	if (!strncmp(text, ".shared ", 8))
		return parse_size(as, text + 8, SHARED_LIMIT, &as->prog->shared_bytes);
	if (!strncmp(text, ".local ", 7))
		return parse_size(as, text + 7, LOCAL_LIMIT, &as->prog->local_bytes);
	return sm75_fail(as->err, "unknown directive");
}

static int assemble_line(struct assembly *as, char *line)
{
	char *comment = strstr(line, "//");
	char *colon;
	size_t n;
	int ret;

	if (comment)
		*comment = 0;
	comment = strchr(line, '#');
	if (comment)
		*comment = 0;
	while (isspace((unsigned char)*line))
		line++;
	for (n = strlen(line); n && isspace((unsigned char)line[n - 1]); n--)
		line[n - 1] = 0;
	colon = strchr(line, ':');
	if (colon) {
		*colon = 0;
		ret = add_symbol(as, line, (int64_t)as->prog->count * 16);
		return ret ? ret : assemble_line(as, colon + 1);
	}
	if (!*line)
		return 0;
	return *line == '.' ? directive(as, line) : add_instruction(as, line);
}

static int pass(struct assembly *as, const char *source)
{
	unsigned int number = 0;

	as->prog->count = 0;
	while (*source) {
		size_t n = strcspn(source, "\n");
		char line[LINE_MAX_BYTES];
		int ret;

		as->err->line = ++number;
		if (n >= sizeof(line))
			return sm75_fail(as->err, "line too long");
		memcpy(line, source, n);
		line[n] = 0;
		ret = assemble_line(as, line);
		if (ret)
			return ret;
		source += n;
		if (*source)
			source++;
	}
	return 0;
}

int sm75_assemble(const char *source, struct sm75_program *prog, struct sm75_error *err)
{
	struct assembly as = { .prog = prog, .err = err };
	int ret;

	memset(prog, 0, sizeof(*prog));
	memset(err, 0, sizeof(*err));
	ret = pass(&as, source);
	if (!ret) {
		prog->words = calloc(prog->count ? prog->count : 1, 16);
		as.second_pass = true;
		ret = prog->words ? pass(&as, source) : -ENOMEM;
	}
	free(as.symbols.list);
	if (ret)
		sm75_program_free(prog);
	return ret;
}

void sm75_program_free(struct sm75_program *prog)
{
	free(prog->words);
	memset(prog, 0, sizeof(*prog));
}

int sm75_assemble_one(const char *text, uint64_t pc, uint32_t w[4], struct sm75_error *err)
{
	struct instruction in;
	int ret;

	memset(err, 0, sizeof(*err));
	ret = instruction_parse(text, NULL, &in, err);
	return ret ? ret : instruction_encode(&in, pc, w, err);
}
