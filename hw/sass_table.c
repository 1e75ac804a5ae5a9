// SPDX-License-Identifier: MIT
/*
 * The opcodes. With operand forms the code is bits 8:0, else the whole of bits
 * 11:0. A row without a function is an instruction of graphics shaders: it has a
 * name for the log and raises an illegal encoding, as does an opcode without a row.
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
/* Of the uniform datapath: the fields and the work of a sibling for lanes. */
#define UNI(code, slots, mods, name, fn, f) \
	{ code, FORMS_U, SLOTS_##slots, SRCMOD_##mods, SASS_F_UNIFORM, name, sass_##fn, sass_f_##f }
#define UNI0(code, slots, mods, name, fn) \
	{ code, FORMS_U, SLOTS_##slots, SRCMOD_##mods, SASS_F_UNIFORM, name, sass_##fn, NULL }
#define UNIMP(code, name) \
	{ code, 0, SLOTS_NONE, SRCMOD_NONE, 0, name, NULL, NULL }

const struct sass_desc sass_table[] = {
	/* moves and logic */
	ALU(0x002, FORMS_B, B, NONE, "MOV", mov, mov),
	ALU(0x007, FORMS_B, AB, NONE, "SEL", sel, sel),
	ALU(0x012, FORMS_ALL, ABC, NONE, "LOP3", lop3, lop3),
	ALU(0x016, FORMS_ALL, ABC, NONE, "PRMT", prmt, prmt),
	ALU(0x019, FORMS_ALL, ABC, NONE, "SHF", shf, shf),
	ALU(0x01a, FORMS_B, AB, NONE, "SGXT", sgxt, wrap_signed),
	ALU(0x01b, FORMS_B, AB, NONE, "BMSK", bmsk, wrap_signed),
	ALU(0x100, FORMS_B, B, NOT, "FLO", flo, flo),
	ALU0(0x101, FORMS_B, B, NONE, "BREV", brev),
	ALU0(0x109, FORMS_B, B, NOT, "POPC", popc),
	OP(0x81c, 0, "PLOP3", plop3, plop3),

	/* integer arithmetic */
	ALU(0x00c, FORMS_B, AB, NONE, "ISETP", isetp, isetp),
	ALU(0x010, FORMS_ALL, ABC, INT, "IADD3", iadd3, iadd3),
	ALU(0x011, FORMS_ALL, ABC, INT, "LEA", lea, lea),
	ALU0(0x013, FORMS_B, B, NONE, "IABS", iabs),
	ALU(0x017, FORMS_B, AB, NONE, "IMNMX", imnmx, imnmx),
	ALU(0x024, FORMS_ALL, ABC, INT_C, "IMAD", imad, imad),
	ALU(0x025, FORMS_ALL, ABC, INT_C, "IMAD.WIDE", imad_wide, imad_wide),
	ALU(0x026, FORMS_ALL, ABC, NONE, "IDP", idp4, idp),
	ALU(0x027, FORMS_ALL, ABC, INT_C, "IMAD.HI", imad_hi, imad_wide),

	ALU(0x014, FORMS_ALL, ABC, NONE, "VABSDIFF", vabsdiff, vabsdiff),
	ALU(0x015, FORMS_ALL, ABC, NONE, "VABSDIFF4", vabsdiff4, vabsdiff),
	ALU(0x038, FORMS_B, B, NONE, "I2I", i2i, i2i),
	ALU(0x039, FORMS_ALL, ABC, NONE, "I2IP", i2ip, i2ip),

	ALU(0x01f, FORMS_ALL, ABC, NONE, "SIGNS", signs, signs),

	/* predicates as bits */
	ALU(0x003, FORMS_B, AB, NONE, "P2R", p2r, p2r),
	ALU(0x004, FORMS_B, AB, NONE, "R2P", r2p, r2p),

	/* single precision */
	ALU(0x008, FORMS_B, AB, FLOAT_AB, "FSEL", fsel, fpick),
	ALU(0x009, FORMS_B, AB, FLOAT_AB, "FMNMX", fmnmx, fpick),
	ALU(0x00a, FORMS_B, AB, FLOAT_AB, "FSET", fset, fcmp),
	ALU(0x00b, FORMS_B, AB, FLOAT_AB, "FSETP", fsetp, fcmp_pred),
	ALU(0x020, FORMS_B, AB, FLOAT_AB, "FMUL", fmul, float),
	ALU(0x021, FORMS_C, AX, FLOAT, "FADD", fadd, float),
	ALU(0x023, FORMS_ALL, ABC, FLOAT, "FFMA", ffma, float),
	ALU(0x108, FORMS_B, B, FLOAT, "MUFU", mufu, mufu),

	ALU(0x102, FORMS_B, AB, FLOAT_AB, "FCHK", fchk, fchk),
	OP(0x822, 0, "FSWZADD", fswzadd, fswzadd),

	/* half precision, by twos */
	ALU(0x030, FORMS_C, AX, HALF, "HADD2", hadd2, half),
	ALU(0x031, FORMS_ALL, ABC, HALF, "HFMA2", hfma2, half),
	ALU(0x032, FORMS_B, AB, HALF, "HMUL2", hmul2, half),
	ALU(0x033, FORMS_C, AX, HALF, "HSET2", hset2, half_cmp),
	ALU(0x034, FORMS_C, AX, HALF, "HSETP2", hsetp2, half_cmp_pred),

	/* double precision */
	ALU(0x028, FORMS_B, AB, FLOAT_AB, "DMUL", dmul, double),
	ALU(0x029, FORMS_C, AX_C, FLOAT, "DADD", dadd, double),
	ALU(0x02a, FORMS_C, AX, FLOAT_AB, "DSETP", dsetp, dcmp),
	ALU(0x02b, FORMS_ALL, ABC, FLOAT, "DFMA", dfma, double),

	/* conversions; the second opcode of each when a side has 64 bits */
	ALU(0x03e, FORMS_B, AB, FLOAT_AB, "F2FP", f2fp, f2fp),
	ALU(0x104, FORMS_B, B, FLOAT, "F2F", f2f, f2f),
	ALU(0x110, FORMS_B, B, FLOAT, "F2F", f2f, f2f),
	ALU(0x105, FORMS_B, B, FLOAT, "F2I", f2i, f2i),
	ALU(0x111, FORMS_B, B, FLOAT, "F2I", f2i, f2i),
	ALU(0x106, FORMS_B, B, NONE, "I2F", i2f, i2f),
	ALU(0x112, FORMS_B, B, NONE, "I2F", i2f, i2f),
	ALU(0x107, FORMS_B, B, FLOAT, "FRND", frnd, frnd),
	ALU(0x113, FORMS_B, B, FLOAT, "FRND", frnd, frnd),

	/* uniform datapath */
	UNI(0x082, B, NONE, "UMOV", mov, umov),
	OP(0xc82, SASS_F_UNIFORM, "UMOV", mov, umov_ur),
	UNI(0x083, AB, NONE, "UP2UR", p2r, p2r),
	UNI(0x084, AB, NONE, "UR2UP", r2p, r2p),
	UNI(0x087, AB, NONE, "USEL", sel, sel),
	UNI(0x08c, AB, NONE, "UISETP", isetp, isetp),
	UNI(0x090, ABC, INT, "UIADD3", iadd3, iadd3),
	UNI(0x091, ABC, INT, "ULEA", lea, lea),
	UNI(0x092, ABC, NONE, "ULOP3", lop3, lop3),
	UNI(0x096, ABC, NONE, "UPRMT", prmt, prmt),
	UNI(0x099, ABC, NONE, "USHF", shf, shf),
	UNI(0x09a, AB, NONE, "USGXT", sgxt, wrap_signed),
	UNI(0x09b, AB, NONE, "UBMSK", bmsk, wrap_signed),
	UNI(0x0a4, ABC, INT_C, "UIMAD", imad, imad),
	UNI(0x0a5, ABC, INT_C, "UIMAD.WIDE", imad_wide, imad_wide),
	UNI(0x0a7, ABC, INT_C, "UIMAD.HI", imad_hi, imad_wide),
	UNI(0x0bd, B, NOT, "UFLO", flo, flo),
	UNI0(0x0be, B, NONE, "UBREV", brev),
	UNI0(0x0bf, B, NOT, "UPOPC", popc),
	OP(0x89c, SASS_F_UNIFORM, "UPLOP3", plop3, plop3),
	OP(0xab9, SASS_F_UNIFORM, "ULDC", ldc, uldc),
	OP(0xabb, SASS_F_UNIFORM, "ULDC", ldc, uldc_index),
	OP(0x3c2, 0, "R2UR", r2ur, r2ur),
	OP(0x9c3, 0, "S2UR", s2ur, s2ur),
	OP(0x886, 0, "VOTEU", voteu, voteu),

	/* memory; the second opcode of each has a uniform part in its address */
	MEM(0x980, "LD", ld, ld),
	MEM(0x381, "LDG", ldg, ldg), MEM(0x981, "LDG", ldg, ldg),
	MEM(0x385, "ST", st, st), MEM(0x985, "ST", st, st),
	MEM(0x386, "STG", st, stg), MEM(0x986, "STG", st, stg),
	MEM(0x983, "LDL", ldl, ldl),
	MEM(0x387, "STL", stl, stl), MEM(0x987, "STL", stl, stl),
	MEM(0x984, "LDS", lds, lds),
	MEM(0x388, "STS", sts, sts), MEM(0x988, "STS", sts, sts),
	MEM(0xb82, "LDC", ldc, ldc), MEM(0x582, "LDC", ldc, ldc_described),
	ATOM(0x38a, "ATOM", atom, atom), ATOM(0x98a, "ATOM", atom, atom),
	ATOM(0x38b, "ATOM.CAS", atom, atom_cas),
	ATOM(0x3a8, "ATOMG", atom, atom), ATOM(0x9a8, "ATOMG", atom, atom),
	ATOM(0x3a9, "ATOMG.CAS", atom, atom_cas),
	ATOM(0x98e, "RED", atom, red),
	ATOM(0x38c, "ATOMS", atoms, atoms), ATOM(0x98c, "ATOMS", atoms, atoms),
	ATOM(0x38d, "ATOMS.CAS", atoms, atoms_cas),
	OP(0x3aa, 0, "QSPC", qspc, qspc), OP(0x9aa, 0, "QSPC", qspc, qspc),
	OP(0x992, 0, "MEMBAR", membar, no_dst),
	OP(0x9ab, 0, "ERRBAR", membar, no_dst),
	OP(0x98f, 0, "CCTL", cctl, cctl),
	OP(0x990, 0, "CCTLL", nop, no_dst), OP(0xd90, 0, "CCTLL", nop, no_dst),

	/* control flow */
	OP(0x947, 0, "BRA", bra, bra),
	OP(0x944, 0, "CALL.REL", bra, bra),
	OP(0x344, 0, "CALL.REL", brx, brx),
	OP(0x943, 0, "CALL.ABS", jmp, bra),
	OP(0x343, 0, "CALL.ABS", jmp, brx),
	OP(0x94a, 0, "JMP", jmp, bra),
	OP(0x34a, 0, "JMX", jmp, brx),
	OP(0x949, 0, "BRX", brx, brx),
	OP(0x958, 0, "BRXU", brx, brxu),
	OP(0x950, 0, "RET", ret, brx),
	OP(0x34e, 0, "LEPC", lepc, lepc),
	OP(0x95c, 0, "BPT", bpt, no_dst),
	OP(0x95d, SASS_F_SYNC, "NANOSLEEP", yield, no_dst),
	OP(0x35d, SASS_F_SYNC, "NANOSLEEP", yield, no_dst),
	OP(0x94d, 0, "EXIT", exit, exit),
	OP(0x918, 0, "NOP", nop, no_dst),
	OP(0x801, 0, "PMTRIG", nop, no_dst),
	OP(0x91a, 0, "DEPBAR", nop, no_dst),
	OP(0x946, SASS_F_SYNC, "YIELD", yield, no_dst),
	OP(0x31d, 0, "BAR", bar, bar_reg),
	OP(0x51d, 0, "BAR", bar, bar_id),
	OP(0x31c, 0, "B2R", b2r, b2r),
	OP(0xb1d, 0, "BAR", bar, bar_imm),
	OP(0x91d, 0, "BAR", bar, bar_imm_reg),
	ALU(0x148, FORMS_B, B, NONE, "WARPSYNC", warpsync, warpsync),
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

	/* pictures; the handle in a register, a constant, a uniform register */
	MEM(0x361, "TEX", tex, tex), MEM(0xb60, "TEX", tex, tex), MEM(0xf60, "TEX", tex, tex),
	MEM(0x364, "TLD4", tld4, tld4), MEM(0xb63, "TLD4", tld4, tld4),
	MEM(0xf63, "TLD4", tld4, tld4),
	MEM(0x367, "TLD", tld, tld), MEM(0xb66, "TLD", tld, tld), MEM(0xf66, "TLD", tld, tld),
	MEM(0x36a, "TMML", tmml, tmml), MEM(0xb69, "TMML", tmml, tmml),
	MEM(0xf69, "TMML", tmml, tmml),
	MEM(0x36d, "TXD", txd, txd), MEM(0xb6c, "TXD", txd, txd), MEM(0xf6c, "TXD", txd, txd),
	MEM(0x370, "TXQ", txq, txq), MEM(0xb6f, "TXQ", txq, txq), MEM(0xf6f, "TXQ", txq, txq),
	MEM(0x998, "SULD.P", suld, suld),
	MEM(0x99a, "SULD.D", suld_bits, suld_bits), MEM(0xb99, "SULD.D", suld_bits, suld_bits),
	MEM(0xf99, "SULD.D", suld_bits, suld_bits),
	MEM(0x99c, "SUST.P", sust, sust), MEM(0xb9b, "SUST.P", sust, sust),
	MEM(0xf9b, "SUST.P", sust, sust),
	MEM(0x99e, "SUST.D", sust_bits, sust_bits), MEM(0xb9d, "SUST.D", sust_bits, sust_bits),
	MEM(0xf9d, "SUST.D", sust_bits, sust_bits),
	ATOM(0x394, "SUATOM", suatom, suatom), ATOM(0x396, "SUATOM.CAS", suatom, suatom_cas),
	ATOM(0x59f, "SURED", suatom, sured),

	/* matrices by the warp */
	OP(0x236, 0, "HMMA", hmma_884, hmma_884), OP(0x23c, 0, "HMMA", hmma_1688, hmma_1688),
	OP(0x237, 0, "IMMA", imma, imma), OP(0x23d, 0, "BMMA", bmma, bmma),
	OP(0x23a, 0, "MOVM", movm, movm), MEM(0x83b, "LDSM", ldsm, ldsm),

	/* graphics shaders */
	UNIMP(0x321, "ALD"), UNIMP(0x322, "AST"), UNIMP(0x324, "OUT"), UNIMP(0x924, "OUT"),
	UNIMP(0x326, "IPA"), UNIMP(0x920, "AL2P"), UNIMP(0x923, "ISBERD"), UNIMP(0x925, "PIXLD"),
	UNIMP(0x95b, "KILL"), UNIMP(0xf55, "BMOV"), UNIMP(0xf56, "BMOV"),
};

const size_t sass_table_entries = sizeof(sass_table) / sizeof(sass_table[0]);
