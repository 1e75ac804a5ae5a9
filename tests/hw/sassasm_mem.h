/* SPDX-License-Identifier: MIT */
/* Memory instructions of every space, for tests that try them all. */
#ifndef TESTS_HW_SASSASM_MEM_H
#define TESTS_HW_SASSASM_MEM_H

#include "sassasm.h"

enum space { GENERIC, GLOBAL, SHARED, LOCAL };
enum mem_type { U8, S8, U16, S16, B32, B64, B128, MEM_TYPES };

/* A load's value goes to bit 16, a store's comes from bit 32. */
static inline struct insn a_memory(unsigned int code, unsigned int value_lo, enum space s,
				   unsigned int v, unsigned int a, uint32_t imm, enum mem_type t)
{
	struct insn i = field(field(op12(code), value_lo, 8, v), 24, 8, a);

	return field(field(field(i, 40, 24, imm), 73, 3, t), 72, 1, s == GLOBAL);
}

static inline struct insn a_load(enum space s, unsigned int d, unsigned int a, uint32_t imm,
				 enum mem_type t)
{
	static const uint16_t code[] = {
		[GLOBAL] = 0x381, [SHARED] = 0x984, [LOCAL] = 0x983,
	};

	return s == GENERIC ? a_ld(d, a, imm, t) : a_memory(code[s], 16, s, d, a, imm, t);
}

static inline struct insn a_store(enum space s, unsigned int a, uint32_t imm, unsigned int v,
				  enum mem_type t)
{
	static const uint16_t code[] = {
		[GLOBAL] = 0x386, [SHARED] = 0x388, [LOCAL] = 0x387,
	};

	return s == GENERIC ? a_st(a, imm, v, t) : a_memory(code[s], 32, s, v, a, imm, t);
}

/* c[bank][a + off]; @mode 1: the upper half of a counts banks. */
static inline struct insn a_ldc(unsigned int d, unsigned int a, unsigned int bank, uint32_t off,
				enum mem_type t, unsigned int mode)
{
	struct insn i = field(field(op12(0xb82), 16, 8, d), 24, 8, a);

	i = field(field(i, 38, 16, off), 54, 5, bank);
	return field(field(i, 73, 3, t), 78, 2, mode);
}

/* Atomic operations and types as encoded. */
enum { ADD, MIN, MAX, INC, DEC, AND, OR, XOR, EXCH, CAS };
enum atom_type { A_U32, A_S32, A_U64, A_F32, A_F16X2, A_S64, A_F64 };
enum atom_form { ATOM, ATOMG, RED, ATOMS };

/* @op CAS swaps in register @swap. */
static inline struct insn a_atomic(enum atom_form f, unsigned int op, unsigned int d,
				   unsigned int a, unsigned int v, unsigned int swap,
				   enum atom_type t)
{
	static const uint16_t code[4][2] = {
		[ATOM] = { 0x38a, 0x38b }, [ATOMG] = { 0x3a8, 0x3a9 }, [RED] = { 0x98e },
		[ATOMS] = { 0x38c, 0x38d },
	};
	struct insn i = field(field(op12(code[f][op == CAS]), 16, 8, d), 24, 8, a);

	i = field(field(i, 32, 8, v), 72, 1, f != ATOMS);
	i = field(field(i, 73, f == ATOMS ? 2 : 3, t), 81, 3, AT);
	return op == CAS ? field(i, 64, 8, swap) : field(i, 87, f == RED ? 3 : 4, op);
}

#endif
