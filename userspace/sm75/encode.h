/* SPDX-License-Identifier: MIT */
/* What the encoders share. Bit numbers count from bit 0 of word 0. */
#ifndef SM75_ENCODE_H
#define SM75_ENCODE_H

#include "operand.h"

struct encoding {
	uint32_t w[4];
	struct sm75_error *err;
	int ret;		/* first error */
};

/* Set bits [lo, lo + width) of an encoding to @val, which is cut to fit. */
static inline void put(struct encoding *e, unsigned int lo, unsigned int width, uint64_t val)
{
	for (unsigned int i = 0; i < width; i++) {
		unsigned int bit = lo + i;

		e->w[bit / 32] &= ~(1u << bit % 32);
		e->w[bit / 32] |= (uint32_t)((val >> i) & 1) << bit % 32;
	}
}

static inline void put_opcode(struct encoding *e, unsigned int opcode)
{
	put(e, 0, 12, opcode);
}

/* Operand accessors: complain once when the kind is not the wanted one. */
const struct operand *want(struct encoding *e, const struct instruction *in, unsigned int i,
			   enum operand_kind kind);
unsigned int want_reg(struct encoding *e, const struct instruction *in, unsigned int i);
void put_pred_dst(struct encoding *e, const struct instruction *in, unsigned int i,
		  unsigned int lo);
void put_pred_src(struct encoding *e, const struct instruction *in, unsigned int i,
		  unsigned int lo, unsigned int not_bit);
/* Index of the first modifier of @in in @names (NULL ended), or @otherwise. */
unsigned int pick(const struct instruction *in, const char *const *names, unsigned int otherwise);

typedef void (*encode_fn)(struct encoding *e, const struct instruction *in, uint64_t pc,
			  unsigned int base);

struct opcode {
	const char *name;
	unsigned int base;	/* form-A base or full opcode; the encoder knows */
	encode_fn encode;
	bool variable;		/* result after an unknown time */
};

/* encode_mem.c */
const struct opcode *opcode_find_mem(const char *name);

#endif
