// SPDX-License-Identifier: MIT
#include "mmu_walk.h"

#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault.h"
#include "nvhw/tu104/dev_mmu.h"

#define LEVEL_PT	1
#define LEVEL_PD0	2
#define LEVEL_PD3	5

#define SHIFT_4K	12
#define SHIFT_64K	16
#define SHIFT_2M	21

/* PD3, PD2, PD1 by level: lowest index bit and how many. */
static const struct { uint8_t shift, bits; } directories[] = {
	[5] = { 47, 2 },
	[4] = { 38, 9 },
	[3] = { 29, 9 },
};

struct walker {
	mmu_walk_read_fn read;
	void *ctx;
	uint64_t va;
	struct mmu_walk *out;
};

/* A table somewhere in memory. PDEs encode apertures unlike PTEs do. */
struct table {
	uint64_t pa;
	uint8_t aperture;
	bool present;
};

static struct table table_at(unsigned int pde_aperture, uint64_t sys, uint64_t vid,
			     unsigned int shift)
{
	switch (pde_aperture) {
	case NV_MMU_VER2_PDE_APERTURE_VIDEO_MEMORY:
		return (struct table){ vid << shift, WALK_VID, true };
	case NV_MMU_VER2_PDE_APERTURE_SYSTEM_COHERENT_MEMORY:
		return (struct table){ sys << shift, WALK_SYS_COH, true };
	case NV_MMU_VER2_PDE_APERTURE_SYSTEM_NON_COHERENT_MEMORY:
		return (struct table){ sys << shift, WALK_SYS_NCOH, true };
	}
	return (struct table){ 0 };
}

static void answer(struct walker *w, enum mmu_walk_kind kind, unsigned int level,
		   unsigned int shift)
{
	*w->out = (struct mmu_walk){ .kind = kind, .level = level, .shift = shift };
}

static void miss(struct walker *w, unsigned int level, unsigned int shift, unsigned int type)
{
	answer(w, WALK_MISS, level, shift);
	w->out->fault_type = type;
}

/* False: the table lies outside of memory and the miss has been recorded. */
static bool fetch(struct walker *w, const struct table *t, unsigned int level,
		  unsigned int shift, unsigned int bits, uint64_t qw[2])
{
	struct mmu_walk_ref ref = {
		.va = w->va,
		.aperture = t->aperture,
		.level = level,
		.shift = shift,
		.qwords = level == LEVEL_PD0 ? 2 : 1,
	};

	ref.pa = t->pa + ((w->va >> shift) & ((1u << bits) - 1)) * ref.qwords * 8;
	qw[1] = 0;
	if (w->read(w->ctx, &ref, qw))
		return true;
	miss(w, level, shift, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	return false;
}

static void mapped(struct walker *w, unsigned int level, unsigned int shift, uint64_t pte)
{
	struct mmu_walk *out = w->out;
	uint64_t pfn;

	answer(w, WALK_MAPPED, level, shift);
	out->aperture = NV_GET64(pte, NV_MMU_VER2_PTE_APERTURE);
	out->vol = NV_GET64(pte, NV_MMU_VER2_PTE_VOL);
	out->privileged = NV_GET64(pte, NV_MMU_VER2_PTE_PRIVILEGE);
	out->read_only = NV_GET64(pte, NV_MMU_VER2_PTE_READ_ONLY);
	out->atomic_disable = NV_GET64(pte, NV_MMU_VER2_PTE_ATOMIC_DISABLE);
	out->page_kind = NV_GET64(pte, NV_MMU_VER2_PTE_KIND);
	if (out->aperture == WALK_VID || out->aperture == WALK_PEER)
		pfn = NV_GET64(pte, NV_MMU_VER2_PTE_ADDRESS_VID);
	else
		pfn = NV_GET64(pte, NV_MMU_VER2_PTE_ADDRESS_SYS);
	/* Address bits below the page size have no wires. */
	out->pa = pfn << NV_MMU_VER2_PTE_ADDRESS_SHIFT & ~((1ull << shift) - 1);
}

static bool pte_valid(uint64_t pte)
{
	return NV_GET64(pte, NV_MMU_VER2_PTE_VALID);
}

static bool pte_sparse(uint64_t pte)
{
	return !pte_valid(pte) && NV_GET64(pte, NV_MMU_VER2_PTE_VOL);
}

static void leaf_small(struct walker *w, const struct table *small)
{
	uint64_t qw[2];

	if (!fetch(w, small, LEVEL_PT, SHIFT_4K, SHIFT_2M - SHIFT_4K, qw))
		return;
	if (pte_valid(qw[0]))
		mapped(w, LEVEL_PT, SHIFT_4K, qw[0]);
	else if (pte_sparse(qw[0]))
		answer(w, WALK_SPARSE, LEVEL_PT, SHIFT_4K);
	else
		miss(w, LEVEL_PT, SHIFT_4K, NV_PFAULT_FAULT_TYPE_PTE);
}

/* Big and small table may both be there: a big PTE that says something wins. */
static void leaf_tables(struct walker *w, const struct table *big, const struct table *small)
{
	uint64_t qw[2];

	if (big->present) {
		if (!fetch(w, big, LEVEL_PT, SHIFT_64K, SHIFT_2M - SHIFT_64K, qw))
			return;
		if (pte_valid(qw[0])) {
			mapped(w, LEVEL_PT, SHIFT_64K, qw[0]);
			return;
		}
		if (pte_sparse(qw[0])) {
			answer(w, WALK_SPARSE, LEVEL_PT, SHIFT_64K);
			return;
		}
		/* PRIVILEGE in an invalid big PTE: don't look at the 4K PTEs. */
		if (!small->present || NV_GET64(qw[0], NV_MMU_VER2_PTE_PRIVILEGE)) {
			miss(w, LEVEL_PT, SHIFT_64K, NV_PFAULT_FAULT_TYPE_PTE);
			return;
		}
	}
	leaf_small(w, small);
}

static void walk_pd0(struct walker *w, const struct table *pd0)
{
	struct table big, small;
	uint64_t qw[2];

	if (!fetch(w, pd0, LEVEL_PD0, SHIFT_2M, 8, qw))
		return;
	if (NV_GET64(qw[0], NV_MMU_VER2_DUAL_PDE_IS_PTE)) {
		mapped(w, LEVEL_PD0, SHIFT_2M, qw[0]);
		return;
	}
	big = table_at(NV_GET64(qw[0], NV_MMU_VER2_DUAL_PDE_APERTURE_BIG),
		       NV_GET64(qw[0], NV_MMU_VER2_DUAL_PDE_ADDRESS_BIG_SYS),
		       NV_GET64(qw[0], NV_MMU_VER2_DUAL_PDE_ADDRESS_BIG_VID),
		       NV_MMU_VER2_DUAL_PDE_ADDRESS_BIG_SHIFT);
	small = table_at(NV_GET64(qw[1], NV_MMU_VER2_DUAL_PDE_APERTURE_SMALL),
			 NV_GET64(qw[1], NV_MMU_VER2_DUAL_PDE_ADDRESS_SMALL_SYS),
			 NV_GET64(qw[1], NV_MMU_VER2_DUAL_PDE_ADDRESS_SMALL_VID),
			 NV_MMU_VER2_DUAL_PDE_ADDRESS_SHIFT);
	if (big.present || small.present)
		leaf_tables(w, &big, &small);
	else if (NV_GET64(qw[0], NV_MMU_VER2_DUAL_PDE_VOL_BIG))
		answer(w, WALK_SPARSE, LEVEL_PD0, SHIFT_2M);
	else
		miss(w, LEVEL_PD0, SHIFT_2M, NV_PFAULT_FAULT_TYPE_PDE);
}

bool mmu_walk_va_ok(uint64_t va)
{
	return va <= MMU_VA_MASK || (int64_t)va >> (MMU_VA_BITS - 1) == -1;
}

void mmu_walk(mmu_walk_read_fn read, void *ctx, uint64_t root_pa, unsigned int root_aperture,
	      uint64_t va, struct mmu_walk *out)
{
	struct walker w = { .read = read, .ctx = ctx, .va = va & MMU_VA_MASK, .out = out };
	struct table t = { .pa = root_pa, .aperture = root_aperture, .present = true };
	uint64_t qw[2];

	if (!mmu_walk_va_ok(va)) {
		miss(&w, LEVEL_PD3, MMU_VA_BITS, NV_PFAULT_FAULT_TYPE_VA_LIMIT_VIOLATION);
		return;
	}
	for (unsigned int level = LEVEL_PD3; level > LEVEL_PD0; level--) {
		unsigned int shift = directories[level].shift;

		if (!fetch(&w, &t, level, shift, directories[level].bits, qw))
			return;
		/* Pages of 512 MiB and up came after Turing. */
		if (NV_GET64(qw[0], NV_MMU_VER2_PDE_IS_PTE)) {
			miss(&w, level, shift, NV_PFAULT_FAULT_TYPE_PDE_SIZE);
			return;
		}
		t = table_at(NV_GET64(qw[0], NV_MMU_VER2_PDE_APERTURE),
			     NV_GET64(qw[0], NV_MMU_VER2_PDE_ADDRESS_SYS),
			     NV_GET64(qw[0], NV_MMU_VER2_PDE_ADDRESS_VID),
			     NV_MMU_VER2_PDE_ADDRESS_SHIFT);
		if (!t.present) {
			if (NV_GET64(qw[0], NV_MMU_VER2_PDE_VOL))
				answer(&w, WALK_SPARSE, level, shift);
			else
				miss(&w, level, shift, NV_PFAULT_FAULT_TYPE_PDE);
			return;
		}
	}
	walk_pd0(&w, &t);
}
