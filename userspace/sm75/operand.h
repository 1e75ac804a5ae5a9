/* SPDX-License-Identifier: MIT */
/* A parsed instruction: what operand.c gives encode.c. */
#ifndef SM75_OPERAND_H
#define SM75_OPERAND_H

#include <stdbool.h>
#include <stdint.h>

#include "sm75.h"

#define SM75_RZ 255
#define SM75_PT 7
#define SM75_MAX_OPERANDS 8
#define SM75_MAX_MODIFIERS 10

enum operand_kind {
	OPERAND_NONE,
	OPERAND_REG,		/* R5, -R5, |R5|, ~R5, RZ */
	OPERAND_PRED,		/* P0, !P0, PT */
	OPERAND_NUMBER,		/* 0x10, -3, 0.5, a .equ name or a label */
	OPERAND_CONST,		/* c[bank][offset] or c[bank][Rn+offset] */
	OPERAND_MEM,		/* [Rn+offset], [offset] */
	OPERAND_WORD,		/* SR_TID.X, 2D */
};

struct operand {
	enum operand_kind kind;
	unsigned int reg;	/* register or predicate; base of CONST and MEM */
	bool neg, abs, not;
	int64_t value;		/* number or offset */
	double real;		/* number read as floating point */
	bool is_real;		/* written without 0x and without a name */
	unsigned int bank;
	char word[32];
};

struct instruction {
	unsigned int guard;
	bool guard_not;
	char name[16];					/* first part: IADD3 */
	char modifier[SM75_MAX_MODIFIERS][12];		/* the rest: X, U32, AND */
	unsigned int modifiers;
	struct operand op[SM75_MAX_OPERANDS];
	unsigned int operands;
};

/* Names a source defines: .equ values and label offsets. */
struct symbol {
	char name[32];
	int64_t value;
};

struct symbols {
	struct symbol *list;
	unsigned int count;
};

const struct symbol *symbols_find(const struct symbols *s, const char *name);
bool modifier_is(const struct instruction *in, const char *name);

/* 0 or -EINVAL with @err->text set. @symbols may be NULL. */
int instruction_parse(const char *text, const struct symbols *symbols, struct instruction *in,
		      struct sm75_error *err);
/* Encode at byte offset @pc. 0 or -EINVAL. */
int instruction_encode(const struct instruction *in, uint64_t pc, uint32_t w[4],
		       struct sm75_error *err);
/* Whether the result arrives after an unknown time (memory, MUFU, conversions). */
bool instruction_is_variable(const struct instruction *in);
/* Highest register the instruction touches plus one. */
unsigned int instruction_gprs(const struct instruction *in);

int sm75_fail(struct sm75_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
