// SPDX-License-Identifier: MIT
/*
 * The opcodes. With operand forms the code is bits 8:0, else the whole of bits
 * 11:0. A row without a function is an instruction whose place is known but
 * which the model does not execute; it raises an illegal encoding, as does an
 * opcode without a row.
 */
#include "sass_exec.h"

#define ALU(code, forms, slots, mods, name, fn, f) \
	{ code, forms, SLOTS_##slots, SRCMOD_##mods, 0, name, sass_##fn, sass_f_##f }
#define ALU0(code, forms, slots, mods, name, fn) \
	{ code, forms, SLOTS_##slots, SRCMOD_##mods, 0, name, sass_##fn, NULL }
#define OP(code, flags, name, fn, f) \
	{ code, 0, SLOTS_NONE, SRCMOD_NONE, flags, name, sass_##fn, sass_f_##f }
#define MEM(code, name, fn, f)	OP(code, SASS_F_MEM, name, fn, f)
#define ATOM(code, name, fn, f)	OP(code, SASS_F_MEM | SASS_F_SYNC, name, fn, f)
#define UNIMP(code, name) \
	{ code, 0, SLOTS_NONE, SRCMOD_NONE, 0, name, NULL, NULL }

const struct sass_desc sass_table[] = {
	/* moves and logic */
	ALU(0x002, FORMS_145, B, NONE, "MOV", mov, mov),
	ALU(0x007, FORMS_145, AB, NONE, "SEL", sel, sel),
	ALU(0x012, FORMS_145, ABC, NONE, "LOP3", lop3, lop3),
	ALU(0x016, FORMS_ALL, ABC, NONE, "PRMT", prmt, prmt),
	ALU(0x019, FORMS_ALL, ABC, NONE, "SHF", shf, shf),
	ALU(0x01a, FORMS_145, AB, NONE, "SGXT", sgxt, wrap_signed),
	ALU(0x01b, FORMS_145, AB, NONE, "BMSK", bmsk, wrap_signed),
	ALU(0x100, FORMS_145, B, NOT, "FLO", flo, flo),
	ALU0(0x101, FORMS_145, B, NONE, "BREV", brev),
	ALU0(0x109, FORMS_145, B, NOT, "POPC", popc),
	OP(0x81c, 0, "PLOP3", plop3, plop3),

	/* integer arithmetic */
	ALU(0x00c, FORMS_145, AB, NONE, "ISETP", isetp, isetp),
	ALU(0x010, FORMS_ALL, ABC, INT, "IADD3", iadd3, iadd3),
	ALU(0x011, FORMS_145, ABC, INT, "LEA", lea, lea),
	ALU0(0x013, FORMS_145, B, NONE, "IABS", iabs),
	ALU(0x017, FORMS_145, AB, NONE, "IMNMX", imnmx, imnmx),
	ALU(0x024, FORMS_ALL, ABC, INT_C, "IMAD", imad, imad),
	ALU(0x025, FORMS_ALL, ABC, INT_C, "IMAD.WIDE", imad_wide, imad_wide),
	ALU(0x026, FORMS_145, ABC, NONE, "IDP.4A", idp4, imad),
	ALU(0x027, FORMS_ALL, ABC, INT_C, "IMAD.HI", imad_hi, imad_wide),

	/* single precision */
	ALU(0x009, FORMS_145, AB, FLOAT_AB, "FMNMX", fmnmx, fmnmx),
	ALU(0x00a, FORMS_145, AB, FLOAT_AB, "FSET", fset, fcmp),
	ALU(0x00b, FORMS_145, AB, FLOAT_AB, "FSETP", fsetp, fcmp_pred),
	ALU(0x020, FORMS_145, AB, FLOAT_AB, "FMUL", fmul, float),
	ALU(0x021, FORMS_123, AX, FLOAT, "FADD", fadd, float),
	ALU(0x023, FORMS_ALL, ABC, FLOAT, "FFMA", ffma, float),
	ALU(0x108, FORMS_145, B, FLOAT, "MUFU", mufu, mufu),

	/* double precision */
	ALU(0x028, FORMS_145, AB, FLOAT_AB, "DMUL", dmul, double),
	ALU(0x029, FORMS_123, AX_C, FLOAT, "DADD", dadd, double),
	ALU(0x02a, FORMS_123, AX, FLOAT_AB, "DSETP", dsetp, dcmp),
	ALU(0x02b, FORMS_ALL, ABC, FLOAT, "DFMA", dfma, double),

	/* conversions; the second opcode of each when a side has 64 bits */
	ALU(0x104, FORMS_145, B, FLOAT, "F2F", f2f, f2f),
	ALU(0x110, FORMS_145, B, FLOAT, "F2F", f2f, f2f),
	ALU(0x105, FORMS_145, B, FLOAT, "F2I", f2i, f2i),
	ALU(0x111, FORMS_145, B, FLOAT, "F2I", f2i, f2i),
	ALU(0x106, FORMS_145, B, NONE, "I2F", i2f, i2f),
	ALU(0x112, FORMS_145, B, NONE, "I2F", i2f, i2f),
	ALU(0x107, FORMS_145, B, FLOAT, "FRND", frnd, frnd),
	ALU(0x113, FORMS_145, B, FLOAT, "FRND", frnd, frnd),

	/* memory */
	MEM(0x980, "LD", ld, ld),
	MEM(0x381, "LDG", ld, ldg),
	MEM(0x385, "ST", st, st),
	MEM(0x386, "STG", st, stg),
	MEM(0x983, "LDL", ldl, ldl),
	MEM(0x387, "STL", stl, stl),
	MEM(0x984, "LDS", lds, ldl),
	MEM(0x388, "STS", sts, stl),
	MEM(0xb82, "LDC", ldc, ldc),
	ATOM(0x38a, "ATOM", atom, atom),
	ATOM(0x38b, "ATOM.CAS", atom, atom_cas),
	ATOM(0x3a8, "ATOMG", atom, atom),
	ATOM(0x3a9, "ATOMG.CAS", atom, atom_cas),
	ATOM(0x98e, "RED", atom, red),
	ATOM(0x38c, "ATOMS", atoms, atoms),
	ATOM(0x38d, "ATOMS.CAS", atoms, atoms_cas),
	OP(0x992, 0, "MEMBAR", membar, no_dst),
	OP(0x9ab, 0, "ERRBAR", membar, no_dst),
	OP(0x98f, 0, "CCTL", cctl, no_dst),
	OP(0x990, 0, "CCTLL", cctl, no_dst),

	/* control flow */
	OP(0x947, 0, "BRA", bra, bra),
	OP(0x944, 0, "CALL.REL", bra, bra),
	OP(0x949, 0, "BRX", brx, brx),
	OP(0x950, 0, "RET.REL", brx, brx),
	OP(0x94d, 0, "EXIT", exit, exit),
	OP(0x918, 0, "NOP", nop, no_dst),
	OP(0x91a, 0, "DEPBAR", nop, no_dst),
	OP(0x946, SASS_F_SYNC, "YIELD", yield, no_dst),
	OP(0x31d, 0, "BAR", bar, bar_reg),
	OP(0xb1d, 0, "BAR", bar, bar_imm),
	OP(0x91d, 0, "BAR", bar, bar_imm_reg),
	ALU(0x148, FORMS_145, B, NONE, "WARPSYNC", warpsync, warpsync),
	OP(0x945, 0, "BSSY", bssy, bssy),
	OP(0x941, 0, "BSYNC", bsync, bsync),
	OP(0x942, 0, "BREAK", break, bsync),
	OP(0x355, 0, "BMOV", bmov, bmov_from),
	OP(0x356, 0, "BMOV", bmov, bmov_to),

	/* across lanes, special registers */
	OP(0x919, 0, "S2R", s2r, s2r),
	OP(0x805, 0, "CS2R", cs2r, cs2r),
	OP(0x389, 0, "SHFL", shfl, shfl_rr),
	OP(0x589, 0, "SHFL", shfl, shfl_ri),
	OP(0x989, 0, "SHFL", shfl, shfl_ir),
	OP(0xf89, 0, "SHFL", shfl, shfl_ii),
	OP(0x806, 0, "VOTE", vote, vote),
	OP(0x3a1, 0, "MATCH", match, match),

	/* pictures */
	MEM(0xb60, "TEX", tex, tex),
	MEM(0xb66, "TLD", tld, tex),
	MEM(0xb6f, "TXQ", txq, txq),
	MEM(0x99c, "SUST.P", sust, sust),
	UNIMP(0x361, "TEX"), UNIMP(0x367, "TLD"),
	UNIMP(0xb63, "TLD4"), UNIMP(0x364, "TLD4"), UNIMP(0xb69, "TMML"), UNIMP(0x36a, "TMML"),
	UNIMP(0xb6c, "TXD"), UNIMP(0x36d, "TXD"), UNIMP(0x370, "TXQ"),
	UNIMP(0x998, "SULD.P"), UNIMP(0x99a, "SULD.D"),
	UNIMP(0x394, "SUATOM"), UNIMP(0x396, "SUATOM.CAS"),
};

const size_t sass_table_entries = sizeof(sass_table) / sizeof(sass_table[0]);
