/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_PTE_H__
#define __TU102_PTE_H__

/* Pure: compiles in user space (tests/unit). Source: dev_mmu, hardware formats. */
#include <linux/types.h>

enum tu102_aperture {
	TU102_APERTURE_VRAM,
	TU102_APERTURE_SYS,		/* coherent system memory */
};

struct tu102_pte_attr {
	enum tu102_aperture aperture;
	bool read_only;
	bool no_atomics;
	bool privileged;
	u8 kind;			/* NV_MMU_PTE_KIND_* */
};

/* A PTE word for physical address @pa (4 KiB aligned; 64K/2M aligned for those sizes). */
u64 tu102_pte_encode(u64 pa, const struct tu102_pte_attr *attr);
/* False when not valid. */
bool tu102_pte_decode(u64 pte, u64 *pa, struct tu102_pte_attr *attr);

/* Directory entries; table addresses in VRAM. 0 as address: no table. */
u64 tu102_pde_encode(u64 table);
bool tu102_pde_decode(u64 pde, u64 *table);
void tu102_dual_pde_encode(u64 big, u64 small, u64 dual[2]);
void tu102_dual_pde_decode(const u64 dual[2], u64 *big, u64 *small);

/* Index of @va in the table of @level: 0 root (PD3) .. 3 (PD0), 4 leaf with @shift. */
unsigned int tu102_pt_index(u64 va, unsigned int level, unsigned int shift);

#endif
