/* SPDX-License-Identifier: MIT */
/*
 * One decoded SM75 instruction. Mesa's code generator is the open description
 * of the encoding; the bit positions here are those of its output, checked by
 * NVIDIA's disassembler (tests/data/sm75_golden.txt).
 */
#ifndef HW_SASS_H
#define HW_SASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SASS_BYTES	16
#define SASS_LANES	32
#define SASS_RZ		255
#define SASS_PT		7

/*
 * Uniform registers are rows of the register file too, the same value in every
 * lane, and uniform predicates follow the lanes' own: an instruction that takes
 * either needs no second way to get at it. URZ and UPT are RZ and PT.
 */
#define SASS_UR		256		/* row of UR0 */
#define SASS_URZ	63		/* as encoded */
#define SASS_ROWS	(SASS_UR + 64)
#define SASS_UP		8		/* predicate row of UP0 */
#define SASS_PREDS	16
#define SASS_BANK_CX	0xff	/* not a bank: the constants a uniform pair describes */
#define SASS_PP_NOT	8		/* of a predicate source: inverted */
#define SASS_PP_UP	16		/* a uniform one */

struct warp;
struct sass_insn;

/* What became of the lanes an instruction was executed for. */
enum sass_result {
	SASS_NEXT,	/* done: on to the following instruction */
	SASS_MOVED,	/* done: the instruction set the program counters itself */
	SASS_PARKED,	/* some lanes wait for the MMU; repeat for warp->pend */
	SASS_TRAP,	/* warp->esr says why */
};

/* @mask: lanes that are active and whose guard predicate holds; never 0. */
typedef enum sass_result (*sass_exec_fn)(struct warp *w, const struct sass_insn *in,
					 uint32_t mask);

enum sass_kind { SASS_NONE, SASS_REG, SASS_IMM, SASS_CONST };

/* Which halves of a register a half-precision source is, as encoded. */
enum sass_half { SASS_H1_H0, SASS_F32, SASS_H0_H0, SASS_H1_H1 };

/* struct sass_insn.sub of atomics, as encoded; CAS has opcodes of its own. */
enum {
	SASS_ATOM_ADD, SASS_ATOM_MIN, SASS_ATOM_MAX, SASS_ATOM_INC, SASS_ATOM_DEC,
	SASS_ATOM_AND, SASS_ATOM_OR, SASS_ATOM_XOR, SASS_ATOM_EXCH, SASS_ATOM_CAS,
	SASS_ATOM_CAST,		/* CAS that returns whether it swapped */
};

struct sass_operand {
	uint32_t value;		/* immediate, or byte offset in the constant bank */
	uint16_t reg;
	uint8_t kind;		/* enum sass_kind */
	uint8_t bank;
	uint8_t width;		/* registers: 1, 2 or 4 */
	bool neg, abs;
	uint8_t half;		/* enum sass_half */
};

/* Flags of struct sass_insn.mods; each instruction class uses some. */
enum {
	SASS_SAT = 1 << 0,
	SASS_FTZ = 1 << 1,
	SASS_DNZ = 1 << 2,
	SASS_SIGNED = 1 << 3,
	SASS_X = 1 << 4,	/* carry in */
	SASS_HI = 1 << 5,
	SASS_RIGHT = 1 << 6,
	SASS_WRAP = 1 << 7,
	SASS_E = 1 << 8,	/* 64-bit address */
	SASS_NOT = 1 << 9,	/* source inverted */
	SASS_SH = 1 << 10,
	SASS_W64 = 1 << 11,
	SASS_SIGNED_B = 1 << 12,
	SASS_CLEAR = 1 << 13,
	SASS_U32 = 1 << 14,	/* 64-bit address, but a 32-bit register */
	SASS_NTZ = 1 << 15,	/* NaN to zero */
};

/* Flags of struct sass_insn.flags. */
enum {
	SASS_F_CONST = 1 << 0,	/* an operand comes from a constant bank */
	SASS_F_MEM = 1 << 1,	/* goes through the MMU: costs more */
	SASS_F_SYNC = 1 << 2,	/* may be the body of a spin lock */
	SASS_F_UNIFORM = 1 << 3,	/* registers, predicates and guard are uniform */
};

struct sass_insn {
	sass_exec_fn exec;
	const struct sass_desc *desc;	/* NULL: nothing known has this opcode */
	struct sass_operand s[3];	/* A, B, C in the order of the assembler text */
	int64_t imm;		/* address or branch displacement, bytes */
	uint8_t guard;		/* predicate register */
	bool guard_not;
	uint8_t flags;
	uint8_t esr;		/* NVX_SM_WARP_ERROR_* raised instead of executing */
	uint16_t mods;
	uint16_t nregs;		/* registers the thread must own */
	uint16_t dst;
	uint16_t ubase;		/* uniform part of an address, or SASS_RZ */
	uint8_t dst_width;
	uint8_t pd[2];		/* predicate destinations, rows */
	uint8_t pp[3];		/* predicate sources and SASS_PP_* */
	uint8_t type;		/* memory or integer type, float size */
	uint8_t type2;		/* destination of a conversion */
	uint8_t sub;		/* comparison, atomic or special function */
	uint8_t bop;		/* boolean combination */
	uint8_t rnd;
	uint8_t lut[2];
	uint8_t shift;		/* of an address register */
};

/* Which operands an opcode has, and where. */
enum sass_slots {
	SLOTS_NONE,
	SLOTS_B,		/* one source, in the B position */
	SLOTS_AB,
	SLOTS_ABC,
	SLOTS_AX,		/* two; the second in B, or third of forms 2 and 3 */
	SLOTS_AX_C,		/* same, but a register sits in the C position */
	SLOTS_ADDR,		/* memory: address in A, data in B and C */
};

/* Source modifiers an opcode understands. */
enum sass_srcmods {
	SRCMOD_NONE,
	SRCMOD_FLOAT,		/* negate and absolute value everywhere */
	SRCMOD_FLOAT_AB,	/* not on C, whose bits mean something else */
	SRCMOD_INT,		/* negate only */
	SRCMOD_INT_C,		/* negate C only */
	SRCMOD_NOT,		/* bit 63 inverts the single source */
	SRCMOD_HALF,		/* as float, and which halves */
};

struct sass_desc {
	uint16_t code;		/* bits 8:0 with forms, else 11:0 */
	uint8_t forms;		/* bit n: operand form n is legal; 0: full opcode */
	uint8_t slots;
	uint8_t srcmods;
	uint8_t flags;
	const char *name;
	sass_exec_fn exec;
	/* Fills the fields of its own; returns 0 or an NVX_SM_WARP_ERROR_*. */
	int (*fields)(struct sass_insn *in, const uint32_t w[4]);
};

#define FORM_RRR	(1 << 1)
#define FORM_RRI	(1 << 2)
#define FORM_RRC	(1 << 3)
#define FORM_RIR	(1 << 4)
#define FORM_RCR	(1 << 5)
#define FORM_RUR	(1 << 6)
#define FORM_RRU	(1 << 7)
#define FORMS_B		(FORM_RRR | FORM_RIR | FORM_RCR | FORM_RUR)
#define FORMS_C		(FORM_RRR | FORM_RRI | FORM_RRC | FORM_RRU)
#define FORMS_ALL	(FORMS_B | FORMS_C)
#define FORMS_U		(FORM_RRR | FORM_RRI | FORM_RIR)	/* of uniform opcodes */

/* Bits hi..lo of a 128-bit instruction, at most 32 of them. */
static inline uint32_t sass_bits(const uint32_t w[4], unsigned int hi, unsigned int lo)
{
	uint64_t v = w[lo / 32];

	if (lo / 32 < 3)
		v |= (uint64_t)w[lo / 32 + 1] << 32;
	return (uint32_t)(v >> (lo % 32)) & (uint32_t)((1ull << (hi - lo + 1)) - 1);
}

/* The opcode table (sass_table.c). */
extern const struct sass_desc sass_table[];
extern const size_t sass_table_entries;

/*
 * Decode the instruction @w. Never fails: one that cannot be executed raises
 * in->esr when a thread reaches it.
 */
void sass_decode(struct sass_insn *in, const uint32_t w[4]);

#endif
