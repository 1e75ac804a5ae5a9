/* SPDX-License-Identifier: MIT */
/*
 * Field access for hardware constants written the way NVIDIA's manuals write
 * them: a field is "hi:lo". The conditional operator turns that pair into
 * numbers: (1 ? 31:24) is 31 and (0 ? 31:24) is 24.
 *
 * Three shapes of container:
 *   32-bit registers and dwords      NV_GET,   NV_NUM,   NV_DEF,   NV_SET
 *   64-bit words (PTEs)              NV_GET64, NV_NUM64, NV_DEF64, NV_SET64
 *   arrays of dwords (RAMIN, QMD,    NV_MW_GET, NV_MW_SET
 *   fault packets); a field's bit
 *   numbers count from the start of
 *   the array and it stays in one dword
 */
#ifndef NVHW_NV_FIELD_H
#define NVHW_NV_FIELD_H

/* Class headers wrap array ranges in MW(); the wrapper carries no meaning. */
#define MW(x) x

#define NV_HI(f)		(1 ? f)
#define NV_LO(f)		(0 ? f)
#define NV_BITS(f)		(NV_HI(f) - NV_LO(f) + 1)

/* Field in one 32-bit word; array ranges are folded into their dword. */
#define NV_MAX(f)		(0xffffffffu >> (32 - NV_BITS(f)))
#define NV_MASK(f)		(NV_MAX(f) << (NV_LO(f) % 32))
#define NV_GET(v, f)		(((v) >> (NV_LO(f) % 32)) & NV_MAX(f))
#define NV_NUM(f, n)		(((unsigned int)(n) & NV_MAX(f)) << (NV_LO(f) % 32))
#define NV_DEF(f, name)		NV_NUM(f, f##name)
#define NV_SET(v, f, n)		(((v) & ~NV_MASK(f)) | NV_NUM(f, n))
#define NV_IS(v, f, name)	(NV_GET(v, f) == (f##name))

/* Field in one 64-bit word. */
#define NV_MAX64(f)		(0xffffffffffffffffull >> (64 - NV_BITS(f)))
#define NV_MASK64(f)		(NV_MAX64(f) << (NV_LO(f) % 64))
#define NV_GET64(v, f)		(((v) >> (NV_LO(f) % 64)) & NV_MAX64(f))
#define NV_NUM64(f, n)		(((unsigned long long)(n) & NV_MAX64(f)) << (NV_LO(f) % 64))
#define NV_DEF64(f, name)	NV_NUM64(f, f##name)
#define NV_SET64(v, f, n)	(((v) & ~NV_MASK64(f)) | NV_NUM64(f, n))

/* Field in an array of 32-bit words. */
#define NV_MW_DW(f)		(NV_LO(f) / 32)
#define NV_MW_BYTE(f)		(NV_MW_DW(f) * 4)
#define NV_MW_GET(p, f)		NV_GET((p)[NV_MW_DW(f)], f)
#define NV_MW_SET(p, f, n) \
	((p)[NV_MW_DW(f)] = NV_SET((p)[NV_MW_DW(f)], f, n))
#define NV_MW_DEF(p, f, name)	NV_MW_SET(p, f, f##name)

#endif
