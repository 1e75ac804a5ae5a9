/* SPDX-License-Identifier: MIT */
/*
 * The page-table walk of the VER2 format, and nothing else: no state, no GPU,
 * memory only through a reader. Geometry (index bits of the 49-bit address):
 *
 *	level 5  PD3   48:47   4 x  8 bytes	128 TiB each
 *	level 4  PD2   46:38 512 x  8		256 GiB
 *	level 3  PD1   37:29 512 x  8		512 MiB
 *	level 2  PD0   28:21 256 x 16		  2 MiB: dual PDE or 2 MiB PTE
 *	level 1  PT    20:16  32 x  8		 64 KiB ("big")
 *		       20:12 512 x  8		  4 KiB ("small")
 *
 * Levels count as the invalidate commands do: 1 is the PTE.
 */
#ifndef HW_MMU_WALK_H
#define HW_MMU_WALK_H

#include <stdbool.h>
#include <stdint.h>

#define MMU_VA_BITS	49
#define MMU_VA_MASK	((1ull << MMU_VA_BITS) - 1)

/* Physical memory as PTEs and instance blocks encode it. */
enum mmu_walk_aperture { WALK_VID, WALK_PEER, WALK_SYS_COH, WALK_SYS_NCOH };

/* One table entry the walk wants to see. */
struct mmu_walk_ref {
	uint64_t va;		/* 49 bits */
	uint64_t pa;		/* of the entry */
	uint8_t aperture;	/* enum mmu_walk_aperture */
	uint8_t level;
	uint8_t shift;		/* the entry covers 1 << shift bytes of va */
	uint8_t qwords;		/* 1, or 2 in PD0 */
};

/* Fills @qw[0..ref->qwords - 1]; false when there is no memory at ref->pa. */
typedef bool (*mmu_walk_read_fn)(void *ctx, const struct mmu_walk_ref *ref, uint64_t qw[2]);

enum mmu_walk_kind { WALK_MISS, WALK_SPARSE, WALK_MAPPED };

struct mmu_walk {
	uint8_t kind;		/* enum mmu_walk_kind */
	uint8_t level;		/* of the table that had the answer */
	uint8_t shift;		/* the answer holds for 1 << shift bytes */
	uint8_t fault_type;	/* WALK_MISS: NV_PFAULT_FAULT_TYPE_* */
	/* WALK_MAPPED */
	uint8_t aperture;	/* enum mmu_walk_aperture */
	uint8_t page_kind;	/* NV_MMU_PTE_KIND_* */
	bool vol, privileged, read_only, atomic_disable;
	uint64_t pa;		/* of the page, not of va */
};

/*
 * True when @va fits the 49-bit space: the bits above 48 are all zero (what
 * engines with 49-bit address fields present) or all copies of bit 48.
 */
bool mmu_walk_va_ok(uint64_t va);

/* Translate @va below the root directory at @root_pa. Never fails to answer. */
void mmu_walk(mmu_walk_read_fn read, void *ctx, uint64_t root_pa, unsigned int root_aperture,
	      uint64_t va, struct mmu_walk *out);

#endif
