/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_GEM_H__
#define __NOUVEAU_GEM_H__

#include <drm/ttm/ttm_bo.h>

#include "nouveau_vm.h"

struct drm_device;
struct drm_file;
struct nouveau_device;

/**
 * struct nouveau_bo - a buffer object
 *
 * VRAM or coherent system pages (TTM_PL_TT, "GART"), zero when new, at the
 * same GPU address for its whole life in each address space it is mapped in.
 */
struct nouveau_bo {
	/** @ttm: base; its first member is the GEM object */
	struct ttm_buffer_object ttm;
	/** @domain: NOUVEAU_GEM_DOMAIN_* as asked for; VRAM may be in GART for a while */
	u32 domain;
	/** @tile_mode: echoed to user space */
	u32 tile_mode;
	/** @tile_flags: echoed to user space */
	u32 tile_flags;
	/** @kind: NV_MMU_PTE_KIND_* of its PTEs */
	u8 kind;
	/** @align: alignment of its GPU addresses, bytes, a power of two */
	u64 align;
	/** @placed: TTM_PL_* it is in, for statistics without the reservation */
	u32 placed;
	/** @vmas: its mappings (nouveau_vm.c), under the reservation */
	struct list_head vmas;
};

static inline struct nouveau_bo *to_nouveau_bo(struct drm_gem_object *gem)
{
	return container_of(gem, struct nouveau_bo, ttm.base);
}

static inline struct nouveau_bo *ttm_to_nouveau_bo(struct ttm_buffer_object *ttm)
{
	return container_of(ttm, struct nouveau_bo, ttm);
}

/*
 * A new object of @size bytes (rounded up to pages) in @domain. nouveau_bo_put()
 * frees it. -EINVAL, -ENOMEM, -ENOSPC, -ERESTARTSYS.
 */
struct nouveau_bo *nouveau_bo_new(struct nouveau_device *ndev, u64 size, u64 align, u32 domain,
				  u32 tile_mode, u32 tile_flags);
struct nouveau_bo *nouveau_bo_get(struct nouveau_bo *bo);
void nouveau_bo_put(struct nouveau_bo *bo);

/*
 * Bring @bo to where it should be before a submission uses it: VRAM when it
 * asked for that and some is free, else GART. @domains: where the submission
 * lets it be, NOUVEAU_GEM_DOMAIN_*; -EINVAL when that excludes where it lives.
 * Reservation held. Copies end up as DMA_RESV_USAGE_KERNEL fences in it.
 */
int nouveau_bo_validate(struct nouveau_bo *bo, u32 domains);

/* The object behind @handle with a reference, or NULL. */
struct nouveau_bo *nouveau_bo_lookup(struct drm_file *file, u32 handle);

u64 nouveau_gart_bytes(struct nouveau_device *ndev);

int nouveau_gem_ioctl_new(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_gem_ioctl_info(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_gem_ioctl_cpu_prep(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_gem_ioctl_cpu_fini(struct drm_device *drm, void *data, struct drm_file *file);

#endif
