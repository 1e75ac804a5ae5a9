/* SPDX-License-Identifier: MIT */
/* Every instruction's execution function, by source file. */
#ifndef HW_SASS_EXEC_H
#define HW_SASS_EXEC_H

#include "sass.h"

#define SASS_EXEC(name) \
	enum sass_result sass_##name(struct warp *w, const struct sass_insn *in, uint32_t mask)

/* sass_exec_int.c */
SASS_EXEC(iadd3);
SASS_EXEC(imad);
SASS_EXEC(imad_wide);
SASS_EXEC(imad_hi);
SASS_EXEC(idp4);
SASS_EXEC(isetp);
SASS_EXEC(imnmx);
SASS_EXEC(lea);
SASS_EXEC(iabs);

/* sass_exec_bit.c */
SASS_EXEC(lop3);
SASS_EXEC(shf);
SASS_EXEC(prmt);
SASS_EXEC(bmsk);
SASS_EXEC(sgxt);
SASS_EXEC(flo);
SASS_EXEC(brev);
SASS_EXEC(popc);
SASS_EXEC(sel);
SASS_EXEC(mov);
SASS_EXEC(plop3);
SASS_EXEC(signs);

/* sass_exec_fp.c */
SASS_EXEC(fadd);
SASS_EXEC(fmul);
SASS_EXEC(ffma);
SASS_EXEC(fmnmx);
SASS_EXEC(fset);
SASS_EXEC(fsetp);
SASS_EXEC(mufu);
SASS_EXEC(fsel);
SASS_EXEC(fchk);
SASS_EXEC(fswzadd);

/* sass_exec_fp64.c */
SASS_EXEC(dadd);
SASS_EXEC(dmul);
SASS_EXEC(dfma);
SASS_EXEC(dsetp);

/* sass_exec_cvt.c */
SASS_EXEC(f2f);
SASS_EXEC(f2fp);
SASS_EXEC(f2i);
SASS_EXEC(i2f);
SASS_EXEC(frnd);

/* sass_exec_mem.c */
SASS_EXEC(ld);
SASS_EXEC(ldg);
SASS_EXEC(st);
SASS_EXEC(ldl);
SASS_EXEC(stl);
SASS_EXEC(lds);
SASS_EXEC(sts);
SASS_EXEC(ldc);
SASS_EXEC(membar);
SASS_EXEC(cctl);
SASS_EXEC(qspc);

/* sass_exec_atom.c */
SASS_EXEC(atom);
SASS_EXEC(atoms);

/* sass_exec_flow.c */
SASS_EXEC(bra);
SASS_EXEC(brx);
SASS_EXEC(jmp);
SASS_EXEC(ret);
SASS_EXEC(lepc);
SASS_EXEC(bpt);
SASS_EXEC(exit);
SASS_EXEC(nop);
SASS_EXEC(bar);
SASS_EXEC(b2r);
SASS_EXEC(warpsync);
SASS_EXEC(bssy);
SASS_EXEC(bsync);
SASS_EXEC(break);
SASS_EXEC(bmov);
SASS_EXEC(yield);

/* sass_exec_warp.c */
SASS_EXEC(s2r);
SASS_EXEC(cs2r);
SASS_EXEC(s2ur);
SASS_EXEC(shfl);
SASS_EXEC(vote);
SASS_EXEC(match);

/* sass_exec_tex.c */
SASS_EXEC(tex);
SASS_EXEC(txd);
SASS_EXEC(tld);
SASS_EXEC(tld4);
SASS_EXEC(tmml);
SASS_EXEC(txq);

/* sass_exec_su.c */
SASS_EXEC(suld);
SASS_EXEC(sust);
SASS_EXEC(suld_bits);
SASS_EXEC(sust_bits);
SASS_EXEC(suatom);

/* sass_exec_uniform.c */
SASS_EXEC(uniform);
SASS_EXEC(r2ur);
SASS_EXEC(voteu);
SASS_EXEC(p2r);
SASS_EXEC(r2p);

/* sass_exec_half.c */
SASS_EXEC(hadd2);
SASS_EXEC(hmul2);
SASS_EXEC(hfma2);
SASS_EXEC(hset2);
SASS_EXEC(hsetp2);

/* sass_exec_video.c */
SASS_EXEC(i2i);
SASS_EXEC(i2ip);
SASS_EXEC(vabsdiff);
SASS_EXEC(vabsdiff4);

/* sass_exec_mma.c */
SASS_EXEC(hmma_1688);
SASS_EXEC(hmma_884);
SASS_EXEC(imma);
SASS_EXEC(bmma);

/* sass_exec_matrix.c */
SASS_EXEC(movm);
SASS_EXEC(ldsm);

/* Of HMMA (sub): order of A and B, types of D and C. */
enum {
	SASS_MMA_A_COL = 1 << 0, SASS_MMA_B_COL = 1 << 1, SASS_MMA_D_F32 = 1 << 2,
	SASS_MMA_C_F32 = 1 << 3,
};

/* Of pictures: which parameters there are (bop), whose level of detail (type2). */
enum {
	SASS_TEX_ARRAY = 1 << 0, SASS_TEX_LOD = 1 << 1, SASS_TEX_OFFSET = 1 << 2,
	SASS_TEX_OFFSETS = 1 << 3, SASS_TEX_COMPARE = 1 << 4, SASS_TEX_BYTES = 1 << 5,
	SASS_TEX_CUBE = 1 << 6,
};
enum { SASS_LOD_AUTO, SASS_LOD_ZERO, SASS_LOD_BIAS, SASS_LOD_GIVEN };
/* What a surface does with coordinates out of range. */
enum { SASS_SU_IGNORE, SASS_SU_CLAMP, SASS_SU_TRAP };

/* What CCTL does, bits 90:87. */
enum sass_cctl { SASS_CCTL_PF1, SASS_CCTL_PF2, SASS_CCTL_WBALLP = 8 };

/* Constants are described by uniform register @ur and the next; 0 or an error. */
int sass_descriptor(struct sass_insn *in, uint32_t ur);

/* Fields of an instruction beyond the common ones (sass_fields.c). */
#define SASS_FIELDS(name)	int sass_f_##name(struct sass_insn *in, const uint32_t w[4])

SASS_FIELDS(iadd3);
SASS_FIELDS(imad);
SASS_FIELDS(imad_wide);
SASS_FIELDS(isetp);
SASS_FIELDS(imnmx);
SASS_FIELDS(lea);
SASS_FIELDS(lop3);
SASS_FIELDS(shf);
SASS_FIELDS(prmt);
SASS_FIELDS(wrap_signed);
SASS_FIELDS(flo);
SASS_FIELDS(sel);
SASS_FIELDS(mov);
SASS_FIELDS(plop3);
SASS_FIELDS(float);
SASS_FIELDS(fpick);
SASS_FIELDS(fcmp);
SASS_FIELDS(fcmp_pred);
SASS_FIELDS(mufu);
SASS_FIELDS(double);
SASS_FIELDS(dcmp);
SASS_FIELDS(f2f);
SASS_FIELDS(f2fp);
SASS_FIELDS(f2i);
SASS_FIELDS(i2f);
SASS_FIELDS(frnd);
SASS_FIELDS(ld);
SASS_FIELDS(st);
SASS_FIELDS(ldg);
SASS_FIELDS(stg);
SASS_FIELDS(cctl);
SASS_FIELDS(ldl);
SASS_FIELDS(stl);
SASS_FIELDS(ldc);
SASS_FIELDS(ldc_described);
SASS_FIELDS(atom);
SASS_FIELDS(atom_cas);
SASS_FIELDS(red);
SASS_FIELDS(atoms);
SASS_FIELDS(atoms_cas);
SASS_FIELDS(tex);
SASS_FIELDS(tld);
SASS_FIELDS(tld4);
SASS_FIELDS(tmml);
SASS_FIELDS(txd);
SASS_FIELDS(txq);
SASS_FIELDS(suld);
SASS_FIELDS(sust);
SASS_FIELDS(suld_bits);
SASS_FIELDS(sust_bits);
SASS_FIELDS(suatom);
SASS_FIELDS(suatom_cas);
SASS_FIELDS(sured);
SASS_FIELDS(no_dst);
SASS_FIELDS(bra);
SASS_FIELDS(brx);
SASS_FIELDS(exit);
SASS_FIELDS(bar_reg);
SASS_FIELDS(bar_imm);
SASS_FIELDS(bar_imm_reg);
SASS_FIELDS(warpsync);
SASS_FIELDS(bssy);
SASS_FIELDS(bsync);
SASS_FIELDS(bmov_from);
SASS_FIELDS(bmov_to);
SASS_FIELDS(s2r);
SASS_FIELDS(cs2r);
SASS_FIELDS(shfl_rr);
SASS_FIELDS(shfl_ri);
SASS_FIELDS(shfl_ir);
SASS_FIELDS(shfl_ii);
SASS_FIELDS(vote);
SASS_FIELDS(match);
SASS_FIELDS(idp);
SASS_FIELDS(i2i);
SASS_FIELDS(i2ip);
SASS_FIELDS(vabsdiff);
SASS_FIELDS(p2r);
SASS_FIELDS(r2p);
SASS_FIELDS(fchk);
SASS_FIELDS(fswzadd);
SASS_FIELDS(half);
SASS_FIELDS(half_cmp);
SASS_FIELDS(half_cmp_pred);
SASS_FIELDS(umov);
SASS_FIELDS(umov_ur);
SASS_FIELDS(uldc);
SASS_FIELDS(uldc_index);
SASS_FIELDS(r2ur);
SASS_FIELDS(s2ur);
SASS_FIELDS(voteu);
SASS_FIELDS(lds);
SASS_FIELDS(sts);
SASS_FIELDS(qspc);
SASS_FIELDS(brxu);
SASS_FIELDS(lepc);
SASS_FIELDS(bar_id);
SASS_FIELDS(signs);
SASS_FIELDS(b2r);
SASS_FIELDS(hmma_1688);
SASS_FIELDS(hmma_884);
SASS_FIELDS(imma);
SASS_FIELDS(bmma);
SASS_FIELDS(movm);
SASS_FIELDS(ldsm);

#endif
