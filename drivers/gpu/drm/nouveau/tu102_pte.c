// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Codec of GMMU page-table entries, format VER2. Pure: numbers in, numbers
 * out; the tables themselves belong to nouveau_pt.c.
 *
 *   level        VA bits   entries  covers    entry
 *   0  PD3 root  48:47     4        128 TiB   PDE
 *   1  PD2       46:38     512      256 GiB   PDE
 *   2  PD1       37:29     512      512 MiB   PDE
 *   3  PD0       28:21     256      2 MiB     dual PDE (16 bytes) or 2 MiB PTE
 *   4  64K       20:16     32       64 KiB    PTE
 *   4  4K        20:12     512      4 KiB     PTE
 *
 * Three traps: the aperture codes of PDEs and PTEs differ; the big half of a
 * dual PDE counts its table in 256-byte units and everything else in 4 KiB
 * pages; a 64K PTE that is valid hides the 4K PTEs beneath.
 *
 * Source: dev_mmu.
 */
#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_mmu.h>

#include "tu102_pte.h"

u64 tu102_pte_encode(u64 pa, const struct tu102_pte_attr *attr)
{
	u64 pte = NV_DEF64(NV_MMU_VER2_PTE_VALID, _TRUE) |
		  NV_NUM64(NV_MMU_VER2_PTE_PRIVILEGE, attr->privileged) |
		  NV_NUM64(NV_MMU_VER2_PTE_READ_ONLY, attr->read_only) |
		  NV_NUM64(NV_MMU_VER2_PTE_ATOMIC_DISABLE, attr->no_atomics) |
		  NV_NUM64(NV_MMU_VER2_PTE_KIND, attr->kind);
	u64 frame = pa >> NV_MMU_VER2_PTE_ADDRESS_SHIFT;

	if (attr->aperture == TU102_APERTURE_VRAM)
		return pte | NV_DEF64(NV_MMU_VER2_PTE_APERTURE, _VIDEO_MEMORY) |
		       NV_NUM64(NV_MMU_VER2_PTE_ADDRESS_VID, frame);

	/* VOL: the GPU's L2 must not keep what the CPU may change. */
	return pte | NV_DEF64(NV_MMU_VER2_PTE_APERTURE, _SYSTEM_COHERENT_MEMORY) |
	       NV_DEF64(NV_MMU_VER2_PTE_VOL, _TRUE) |
	       NV_NUM64(NV_MMU_VER2_PTE_ADDRESS_SYS, frame);
}

bool tu102_pte_decode(u64 pte, u64 *pa, struct tu102_pte_attr *attr)
{
	u64 frame;

	if (!NV_IS(pte, NV_MMU_VER2_PTE_VALID, _TRUE))
		return false;

	switch (NV_GET64(pte, NV_MMU_VER2_PTE_APERTURE)) {
	case NV_MMU_VER2_PTE_APERTURE_VIDEO_MEMORY:
		attr->aperture = TU102_APERTURE_VRAM;
		frame = NV_GET64(pte, NV_MMU_VER2_PTE_ADDRESS_VID);
		break;
	case NV_MMU_VER2_PTE_APERTURE_SYSTEM_COHERENT_MEMORY:
	case NV_MMU_VER2_PTE_APERTURE_SYSTEM_NON_COHERENT_MEMORY:
		attr->aperture = TU102_APERTURE_SYS;
		frame = NV_GET64(pte, NV_MMU_VER2_PTE_ADDRESS_SYS);
		break;
	default:	/* peer: nothing this driver writes */
		return false;
	}

	*pa = frame << NV_MMU_VER2_PTE_ADDRESS_SHIFT;
	attr->privileged = NV_GET64(pte, NV_MMU_VER2_PTE_PRIVILEGE);
	attr->read_only = NV_GET64(pte, NV_MMU_VER2_PTE_READ_ONLY);
	attr->no_atomics = NV_GET64(pte, NV_MMU_VER2_PTE_ATOMIC_DISABLE);
	attr->kind = NV_GET64(pte, NV_MMU_VER2_PTE_KIND);
	return true;
}

u64 tu102_pde_encode(u64 table)
{
	if (!table)
		return 0;
	return NV_DEF64(NV_MMU_VER2_PDE_APERTURE, _VIDEO_MEMORY) |
	       NV_NUM64(NV_MMU_VER2_PDE_ADDRESS_VID, table >> NV_MMU_VER2_PDE_ADDRESS_SHIFT);
}

bool tu102_pde_decode(u64 pde, u64 *table)
{
	if (!NV_IS(pde, NV_MMU_VER2_PDE_IS_PDE, _TRUE) ||
	    NV_GET64(pde, NV_MMU_VER2_PDE_APERTURE) != NV_MMU_VER2_PDE_APERTURE_VIDEO_MEMORY)
		return false;
	*table = NV_GET64(pde, NV_MMU_VER2_PDE_ADDRESS_VID) << NV_MMU_VER2_PDE_ADDRESS_SHIFT;
	return true;
}

void tu102_dual_pde_encode(u64 big, u64 small, u64 dual[2])
{
	dual[0] = 0;
	dual[1] = 0;
	if (big)
		dual[0] = NV_DEF64(NV_MMU_VER2_DUAL_PDE_APERTURE_BIG, _VIDEO_MEMORY) |
			  NV_NUM64(NV_MMU_VER2_DUAL_PDE_ADDRESS_BIG_VID,
				   big >> NV_MMU_VER2_DUAL_PDE_ADDRESS_BIG_SHIFT);
	if (small)
		dual[1] = NV_DEF64(NV_MMU_VER2_DUAL_PDE_APERTURE_SMALL, _VIDEO_MEMORY) |
			  NV_NUM64(NV_MMU_VER2_DUAL_PDE_ADDRESS_SMALL_VID,
				   small >> NV_MMU_VER2_DUAL_PDE_ADDRESS_SHIFT);
}

void tu102_dual_pde_decode(const u64 dual[2], u64 *big, u64 *small)
{
	*big = 0;
	*small = 0;
	if (!NV_IS(dual[0], NV_MMU_VER2_DUAL_PDE_IS_PDE, _TRUE))
		return;
	if (NV_GET64(dual[0], NV_MMU_VER2_DUAL_PDE_APERTURE_BIG) ==
	    NV_MMU_VER2_DUAL_PDE_APERTURE_BIG_VIDEO_MEMORY)
		*big = NV_GET64(dual[0], NV_MMU_VER2_DUAL_PDE_ADDRESS_BIG_VID) <<
		       NV_MMU_VER2_DUAL_PDE_ADDRESS_BIG_SHIFT;
	if (NV_GET64(dual[1], NV_MMU_VER2_DUAL_PDE_APERTURE_SMALL) ==
	    NV_MMU_VER2_DUAL_PDE_APERTURE_SMALL_VIDEO_MEMORY)
		*small = NV_GET64(dual[1], NV_MMU_VER2_DUAL_PDE_ADDRESS_SMALL_VID) <<
			 NV_MMU_VER2_DUAL_PDE_ADDRESS_SHIFT;
}

unsigned int tu102_pt_index(u64 va, unsigned int level, unsigned int shift)
{
	static const struct {
		u8 lo, bits;
	} dir[] = { { 47, 2 }, { 38, 9 }, { 29, 9 }, { 21, 8 } };

	if (level < 4)
		return (va >> dir[level].lo) & ((1u << dir[level].bits) - 1);
	/* A leaf table fills the 2 MiB of its directory entry. */
	return (va >> shift) & ((1u << (21 - shift)) - 1);
}
