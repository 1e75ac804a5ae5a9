/* SPDX-License-Identifier: MIT */
/* Instruction words for tests, put together field by field. */
#ifndef TESTS_HW_SASSASM_H
#define TESTS_HW_SASSASM_H

#include <stdint.h>
#include <string.h>

struct insn {
	uint32_t w[4];
};

/* Sets bits lo.. of the 128 to @v, up to 64 of them, leaving higher ones alone. */
static inline struct insn field(struct insn i, unsigned int lo, unsigned int n, uint64_t v)
{
	for (unsigned int b = 0; b < n; b++) {
		uint32_t m = 1u << (lo + b) % 32;

		if (v >> b & 1)
			i.w[(lo + b) / 32] |= m;
		else
			i.w[(lo + b) / 32] &= ~m;
	}
	return i;
}

#define AT		7	/* PT */
#define ARZ		255

/* Opcode with guard PT and all of the usual predicate slots neutral. */
static inline struct insn op12(uint32_t code)
{
	return field((struct insn){ { code | AT << 12, 0, 0, 0 } }, 0, 0, 0);
}

/* Operand forms; c is ignored by opcodes of two sources. */
static inline struct insn rrr(uint32_t base, unsigned int d, unsigned int a, unsigned int b,
			      unsigned int c)
{
	struct insn i = op12(base | 1 << 9);

	i = field(i, 16, 8, d);
	i = field(i, 24, 8, a);
	i = field(i, 32, 8, b);
	return field(i, 64, 8, c);
}

static inline struct insn rir(uint32_t base, unsigned int d, unsigned int a, uint32_t imm,
			      unsigned int c)
{
	struct insn i = rrr(base, d, a, 0, c);

	i = field(i, 9, 3, 4);
	return field(i, 32, 32, imm);
}

static inline struct insn rri(uint32_t base, unsigned int d, unsigned int a, unsigned int b,
			      uint32_t imm)
{
	return field(rir(base, d, a, imm, b), 9, 3, 2);
}

static inline struct insn rcr(uint32_t base, unsigned int d, unsigned int a, unsigned int bank,
			      uint32_t off, unsigned int c)
{
	struct insn i = field(rrr(base, d, a, 0, c), 9, 3, 5);

	i = field(i, 32, 8, 0);
	i = field(i, 38, 16, off);
	return field(i, 54, 5, bank);
}

static inline struct insn rrc(uint32_t base, unsigned int d, unsigned int a, unsigned int b,
			      unsigned int bank, uint32_t off)
{
	return field(rcr(base, d, a, bank, off, b), 9, 3, 3);
}

/* Guard @p, | 8 inverted. */
static inline struct insn guard(struct insn i, unsigned int p)
{
	return field(i, 12, 4, p);
}

static inline struct insn pdst(struct insn i, unsigned int p0, unsigned int p1)
{
	return field(field(i, 81, 3, p0), 84, 3, p1);
}

static inline struct insn psrc(struct insn i, unsigned int p)
{
	return field(i, 87, 4, p);
}

/* Whole instructions the launches of the tests are made of. */
static inline struct insn a_exit(void) { return psrc(op12(0x94d), AT); }
static inline struct insn a_nop(void) { return op12(0x918); }
static inline struct insn a_bar(void) { return psrc(field(op12(0x31d), 32, 8, ARZ), AT); }

static inline struct insn a_mov(unsigned int d, uint32_t imm)
{
	return field(rir(0x002, d, 0, imm, 0), 72, 4, 0xf);
}

static inline struct insn a_movr(unsigned int d, unsigned int s)
{
	return field(rrr(0x002, d, 0, s, 0), 72, 4, 0xf);
}

static inline struct insn a_movc(unsigned int d, unsigned int bank, uint32_t off)
{
	return field(rcr(0x002, d, 0, bank, off, 0), 72, 4, 0xf);
}

static inline struct insn a_s2r(unsigned int d, unsigned int sr)
{
	return field(field(op12(0x919), 16, 8, d), 72, 8, sr);
}

/* d = a + imm */
static inline struct insn a_addi(unsigned int d, unsigned int a, uint32_t imm)
{
	return psrc(pdst(rir(0x010, d, a, imm, ARZ), AT, AT), AT | 8);
}

static inline struct insn a_add(unsigned int d, unsigned int a, unsigned int b)
{
	return psrc(pdst(rrr(0x010, d, a, b, ARZ), AT, AT), AT | 8);
}

/* d:d+1 = a * imm + c:c+1, unsigned */
static inline struct insn a_wide(unsigned int d, unsigned int a, uint32_t imm, unsigned int c)
{
	return pdst(rir(0x025, d, a, imm, c), AT, 0);
}

static inline struct insn a_mad(unsigned int d, unsigned int a, uint32_t imm, unsigned int c)
{
	return rir(0x024, d, a, imm, c);
}

/* p = a <cmp> imm, unsigned; cmp 1 LT 2 EQ 3 LE 4 GT 5 NE 6 GE */
static inline struct insn a_setp(unsigned int p, unsigned int cmp, unsigned int a, uint32_t imm)
{
	struct insn i = psrc(pdst(rir(0x00c, 0, a, imm, 0), p, AT), AT);

	i = field(i, 68, 3, AT);
	return field(i, 76, 3, cmp);
}

static inline struct insn a_lop(unsigned int d, unsigned int a, uint32_t imm, unsigned int lut)
{
	struct insn i = psrc(field(rir(0x012, d, a, imm, ARZ), 81, 3, AT), AT | 8);

	return field(i, 72, 8, lut);
}

/* Branch by @bytes from the next instruction. */
static inline struct insn a_bra(int64_t bytes)
{
	return psrc(field(op12(0x947), 34, 48, (uint64_t)(bytes / 4)), AT);
}

/* Generic load and store with 64-bit addresses; types as encoded. */
static inline struct insn a_ld(unsigned int d, unsigned int a, uint32_t imm, unsigned int type)
{
	struct insn i = field(field(op12(0x980), 16, 8, d), 24, 8, a);

	i = field(field(i, 32, 32, imm), 73, 3, type);
	return field(field(field(i, 72, 1, 1), 77, 2, 2), 79, 2, 2);
}

static inline struct insn a_st(unsigned int a, uint32_t imm, unsigned int s, unsigned int type)
{
	struct insn i = field(field(op12(0x385), 24, 8, a), 32, 32, imm);

	i = field(field(i, 64, 8, s), 73, 3, type);
	return field(field(field(i, 72, 1, 1), 77, 2, 2), 79, 2, 2);
}

static inline struct insn a_lds(unsigned int d, unsigned int a, uint32_t imm, unsigned int type)
{
	struct insn i = field(field(op12(0x984), 16, 8, d), 24, 8, a);

	return field(field(i, 40, 24, imm), 73, 3, type);
}

static inline struct insn a_sts(unsigned int a, uint32_t imm, unsigned int s, unsigned int type)
{
	struct insn i = field(field(op12(0x388), 24, 8, a), 32, 8, s);

	return field(field(i, 40, 24, imm), 73, 3, type);
}

/* ATOM.E with 64-bit addresses; RED when nobody wants the result. */
static inline struct insn a_atom(unsigned int op, unsigned int d, unsigned int a, uint32_t imm,
				 unsigned int s, unsigned int type)
{
	struct insn i = field(field(op12(0x38a), 16, 8, d), 24, 8, a);

	i = field(field(field(i, 32, 8, s), 40, 24, imm), 72, 1, 1);
	i = field(field(i, 73, 3, type), 81, 3, AT);
	return field(i, 87, 4, op);
}

static inline struct insn a_cas(unsigned int d, unsigned int a, unsigned int cmp, unsigned int swap,
				unsigned int type)
{
	struct insn i = field(field(op12(0x38b), 16, 8, d), 24, 8, a);

	i = field(field(field(i, 32, 8, cmp), 64, 8, swap), 72, 1, 1);
	return field(field(i, 73, 3, type), 81, 3, AT);
}

static inline struct insn a_atoms(unsigned int op, unsigned int d, unsigned int a, unsigned int s)
{
	struct insn i = field(field(op12(0x38c), 16, 8, d), 24, 8, a);

	return field(field(i, 32, 8, s), 87, 4, op);
}

#endif
