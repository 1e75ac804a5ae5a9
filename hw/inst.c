// SPDX-License-Identifier: MIT
#include "inst.h"

#include <string.h>

#include "log.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ram.h"

#define SUBCONTEXTS	NV_RAMIN_SC_PAGE_DIR_BASE_TARGET__SIZE_1

/* Word 128 and each SC_PAGE_DIR_BASE word carry the same fields. */
#define BASE(x)		NV_RAMIN_PAGE_DIR_BASE_##x

static bool unbound(uint32_t base)
{
	return NV_IS(base, NV_RAMIN_PAGE_DIR_BASE_TARGET, _INVALID);
}

/*
 * The words that name @veid's directory, or NULL. *@mode gets the word whose
 * replay and format bits are in force: all subcontexts share those of the last
 * one bound, and they are bound in rising order.
 */
static const uint32_t *find_base(const uint32_t *inst, int veid, uint32_t *mode)
{
	const uint32_t *found = NULL;

	if (veid < 0) {
		*mode = inst[NV_MW_DW(BASE(TARGET))];
		return &inst[NV_MW_DW(BASE(TARGET))];
	}
	for (int i = 0; i < SUBCONTEXTS; i++) {
		const uint32_t *base = &inst[NV_MW_DW(NV_RAMIN_SC_PAGE_DIR_BASE_TARGET(i))];

		if (!NV_MW_GET(inst, NV_RAMIN_SC_PDB_VALID(i)) || unbound(base[0]))
			continue;
		*mode = base[0];
		if (i == veid)
			found = base;
	}
	return found;
}

int inst_decode_as(struct gpu *gpu, enum gpu_aperture ap, uint64_t pa, int veid,
		   struct mmu_as *as)
{
	uint32_t inst[NV_RAMIN_ALLOC_SIZE / 4], mode = 0;
	const uint32_t *base;
	void *p;

	*as = (struct mmu_as){ .inst = pa, .inst_aperture = ap };
	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ap, pa, sizeof(inst), false);
	if (p)
		memcpy(inst, p, sizeof(inst));
	host_dma_end(gpu->host);
	if (!p) {
		log_guest_error("inst", "no memory at %#llx, aperture %u", (unsigned long long)pa,
				ap);
		return -1;
	}
	base = find_base(inst, veid, &mode);
	if (!base || unbound(*base))
		return -1;
	as->replay_tex = NV_GET(mode, BASE(FAULT_REPLAY_TEX));
	as->replay_gcc = NV_GET(mode, BASE(FAULT_REPLAY_GCC));
	if (!NV_GET(mode, NV_RAMIN_USE_VER2_PT_FORMAT) ||
	    !NV_IS(mode, NV_RAMIN_BIG_PAGE_SIZE, _64KB)) {
		log_guest_error("inst", "%#llx: page-table format %08x", (unsigned long long)pa,
				mode);
		return -1;
	}
	as->pdb_aperture = (enum gpu_aperture)NV_GET(*base, BASE(TARGET));
	as->pdb = (uint64_t)base[1] << 32 | (*base & NV_MASK(NV_RAMIN_PAGE_DIR_BASE_LO));
	as->valid = true;
	return 0;
}
