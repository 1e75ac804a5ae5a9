// SPDX-License-Identifier: MIT
/* Where a byte of a surface lies, and the memory behind it. */
#include "ce_priv.h"

#include "nvhw/tu104/dev_fault.h"

uint64_t ce_address(const struct ce_side *s, uint64_t x, uint32_t y, uint64_t *run)
{
	if (!s->blocklinear) {
		*run = UINT64_MAX;
		return s->base + s->pitch * (int64_t)y + x;
	}
	x += s->x0;
	*run = GOB_RUN - x % GOB_RUN;
	return s->base + gob_offset(&s->gobs, x, y + s->y0, s->layer);
}

static bool translate_physical(struct gpu *gpu, const struct ce_side *s, uint64_t pa,
			       struct mmu_xlat *x)
{
	size_t len = CE_PIECE_BYTES - pa % CE_PIECE_BYTES;

	/* Try the whole piece, then less: system memory may end anywhere. */
	for (; len; len = len > 4096 ? 4096 - pa % 4096 : len > 1 ? 1 : 0) {
		x->ptr = gpu_phys_ptr(gpu, s->aperture, pa, len, s->write);
		if (x->ptr)
			break;
	}
	x->len = len;
	x->aperture = s->aperture;
	x->pa = pa;
	x->sparse = false;
	x->fault_type = NV_PFAULT_FAULT_TYPE_REGION_VIOLATION;
	return x->ptr != NULL;
}

bool ce_translate(struct gpu *gpu, struct ce_unit *u, struct channel *ch, const struct ce_side *s,
		  uint64_t va, struct ce_map *map, struct ce_fault *fault)
{
	enum mmu_access access = s->write ? MMU_WRITE : MMU_READ;
	bool ok;

	if (map->valid && va >= map->va && va - map->va < map->x.len) {
		uint64_t skip = va - map->va;

		map->va = va;
		map->x.len -= skip;
		map->x.pa += skip;
		if (map->x.ptr)
			map->x.ptr += skip;
		return true;
	}
	if (s->physical)
		ok = translate_physical(gpu, s, va, &map->x);
	else
		ok = mmu_translate(gpu, u->tlb, &ch->as, va, access, &map->x) == MMU_OK;
	map->va = va;
	map->valid = ok;
	if (!ok)
		*fault = (struct ce_fault){ va, access, map->x.fault_type };
	return ok;
}
