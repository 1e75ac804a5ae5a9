// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Buffer objects: creation, CPU mappings, and the GEM ioctls except
 * submission. Every handle keeps the object mapped in the address space of its
 * file; the address is fixed by the first one.
 *
 * An object that asked for VRAM may be pushed to GART when VRAM is short, works
 * from there, and returns at a later submission when there is room.
 */
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/nouveau_drm.h>

#include <nvhw/tu104/dev_mmu_kind.h>

#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_gem.h"
#include "nouveau_ttm.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"

#define GEM_DOMAIN_MEM		(NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_GART)
#define GEM_DOMAIN_VALID	(GEM_DOMAIN_MEM | NOUVEAU_GEM_DOMAIN_CPU | \
				 NOUVEAU_GEM_DOMAIN_MAPPABLE | NOUVEAU_GEM_DOMAIN_COHERENT | \
				 NOUVEAU_GEM_DOMAIN_NO_SHARE)
#define GEM_TILE_VALID		(NOUVEAU_GEM_TILE_COMP | NOUVEAU_GEM_TILE_LAYOUT_MASK | \
				 NOUVEAU_GEM_TILE_16BPP | NOUVEAU_GEM_TILE_32BPP | \
				 NOUVEAU_GEM_TILE_ZETA | NOUVEAU_GEM_TILE_NONCONTIG)
#define GEM_ALIGN_MAX		SZ_1G

static const struct drm_gem_object_funcs nouveau_gem_funcs;

/* Where @bo may be, best first; TTM evicts for the first only at birth. */
struct gem_places {
	struct ttm_place place[2];
	struct ttm_placement placement;
};

static void gem_places_init(struct gem_places *p, u32 domain, u64 vram_limit)
{
	unsigned int n = 0;

	if (domain & NOUVEAU_GEM_DOMAIN_VRAM)
		p->place[n++] = (struct ttm_place){
			.mem_type = TTM_PL_VRAM, .lpfn = vram_limit >> PAGE_SHIFT,
		};
	p->place[n++] = (struct ttm_place){
		.mem_type = TTM_PL_TT, .flags = n ? TTM_PL_FLAG_FALLBACK : 0,
	};
	p->placement.num_placement = n;
	p->placement.placement = p->place;
}

static void nouveau_bo_destroy(struct ttm_buffer_object *ttm)
{
	struct nouveau_bo *bo = ttm_to_nouveau_bo(ttm);

	WARN_ON(!list_empty(&bo->vmas));
	drm_gem_object_release(&ttm->base);
	kfree(bo);
}

/* Kinds with compression need tag memory, which nobody manages: map them without. */
static int gem_kind(u32 tile_flags, u8 *kind)
{
	static const u8 plain[] = {
		[NV_MMU_PTE_KIND_GENERIC_MEMORY_COMPRESSIBLE] = NV_MMU_PTE_KIND_GENERIC_MEMORY,
		[NV_MMU_PTE_KIND_GENERIC_MEMORY_COMPRESSIBLE_DISABLE_PLC] =
			NV_MMU_PTE_KIND_GENERIC_MEMORY,
		[NV_MMU_PTE_KIND_S8_COMPRESSIBLE_DISABLE_PLC] = NV_MMU_PTE_KIND_S8,
		[NV_MMU_PTE_KIND_Z16_COMPRESSIBLE_DISABLE_PLC] = NV_MMU_PTE_KIND_Z16,
		[NV_MMU_PTE_KIND_S8Z24_COMPRESSIBLE_DISABLE_PLC] = NV_MMU_PTE_KIND_S8Z24,
		[NV_MMU_PTE_KIND_ZF32_X24S8_COMPRESSIBLE_DISABLE_PLC] =
			NV_MMU_PTE_KIND_ZF32_X24S8,
		[NV_MMU_PTE_KIND_Z24S8_COMPRESSIBLE_DISABLE_PLC] = NV_MMU_PTE_KIND_Z24S8,
	};
	u8 k = (tile_flags & NOUVEAU_GEM_TILE_LAYOUT_MASK) >> 8;

	if (k == NV_MMU_PTE_KIND_INVALID || k >= NV_MMU_PTE_KIND_SMSKED_MESSAGE)
		return -EINVAL;
	*kind = k < NV_MMU_PTE_KIND_INVALID ? k : plain[k];
	return 0;
}

struct nouveau_bo *nouveau_bo_new(struct nouveau_device *ndev, u64 size, u64 align, u32 domain,
				  u32 tile_mode, u32 tile_flags)
{
	u32 vram = domain & NOUVEAU_GEM_DOMAIN_VRAM, gart = domain & NOUVEAU_GEM_DOMAIN_GART;
	struct gem_places places;
	struct nouveau_bo *bo;
	u8 kind;
	int err;

	if (!size || size > SZ_1T || !(domain & GEM_DOMAIN_MEM) || gem_kind(tile_flags, &kind))
		return ERR_PTR(-EINVAL);
	size = PAGE_ALIGN(size);
	/* Nothing may be evicted for what can never fit. */
	if (size > nouveau_vram_usable_bytes(ndev))
		vram = 0;
	if (size > (vram ? nouveau_vram_usable_bytes(ndev) : gart ? nouveau_gart_bytes(ndev) : 0))
		return ERR_PTR(-ENOSPC);

	bo = kzalloc_obj(*bo);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->domain = domain;
	bo->align = max_t(u64, align, PAGE_SIZE);
	bo->tile_mode = tile_mode;
	bo->tile_flags = tile_flags;
	bo->kind = kind;
	INIT_LIST_HEAD(&bo->vmas);
	bo->ttm.base.funcs = &nouveau_gem_funcs;
	err = drm_gem_object_init(&ndev->drm, &bo->ttm.base, size);
	if (err) {
		kfree(bo);
		return ERR_PTR(err);
	}

	gem_places_init(&places, vram, 0);
	bo->ttm.priority = NOUVEAU_VRAM_PRIORITY;
	/* Frees @bo when it fails. */
	err = ttm_bo_init_validate(&ndev->vram->bdev, &bo->ttm, ttm_bo_type_device,
				   &places.placement, 0, true, NULL, NULL, nouveau_bo_destroy);
	return err ? ERR_PTR(err) : bo;
}

struct nouveau_bo *nouveau_bo_get(struct nouveau_bo *bo)
{
	drm_gem_object_get(&bo->ttm.base);
	return bo;
}

void nouveau_bo_put(struct nouveau_bo *bo)
{
	drm_gem_object_put(&bo->ttm.base);
}

int nouveau_bo_validate(struct nouveau_bo *bo, u32 domains)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct gem_places places;
	int err;

	dma_resv_assert_held(bo->ttm.base.resv);
	if (!(domains & bo->domain & GEM_DOMAIN_MEM))
		return -EINVAL;
	gem_places_init(&places, bo->domain, 0);
	err = ttm_bo_validate(&bo->ttm, &places.placement, &ctx);
	if (!err)
		ttm_bo_move_to_lru_tail_unlocked(&bo->ttm);
	return err;
}

bool nouveau_bo_owns(struct ttm_buffer_object *ttm)
{
	return ttm->destroy == nouveau_bo_destroy;
}

/* VRAM beyond BAR1 must come nearer before the CPU can see it. */
static int gem_make_visible(struct ttm_buffer_object *ttm)
{
	struct nouveau_vram *vram = ttm_to_vram(ttm->bdev);
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct gem_places places;

	if (!ttm->resource || ttm->resource->mem_type != TTM_PL_VRAM ||
	    vram->bar1_bytes >= vram->ndev->vram_bytes)
		return 0;
	gem_places_init(&places, NOUVEAU_GEM_DOMAIN_VRAM, vram->bar1_bytes);
	return ttm_bo_validate(ttm, &places.placement, &ctx);
}

static vm_fault_t nouveau_gem_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct ttm_buffer_object *ttm = vma->vm_private_data;
	vm_fault_t ret;
	int err, idx;

	ret = ttm_bo_vm_reserve(ttm, vmf);
	if (ret)
		return ret;

	if (drm_dev_enter(ttm->base.dev, &idx)) {
		err = gem_make_visible(ttm);
		if (!err)
			ret = ttm_bo_vm_fault_reserved(vmf, vma->vm_page_prot,
						       TTM_BO_VM_NUM_PREFAULT);
		else
			ret = err == -ERESTARTSYS || err == -EINTR ? VM_FAULT_NOPAGE :
								     VM_FAULT_SIGBUS;
		drm_dev_exit(idx);
	} else {
		ret = ttm_bo_vm_dummy_page(vmf, vma->vm_page_prot);
	}
	/* With RETRY the fault path has dropped the reservation. */
	if (ret == VM_FAULT_RETRY && !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		return ret;
	dma_resv_unlock(ttm->base.resv);
	return ret;
}

static const struct vm_operations_struct nouveau_gem_vm_ops = {
	.fault = nouveau_gem_fault,
	.open = ttm_bo_vm_open,
	.close = ttm_bo_vm_close,
	.access = ttm_bo_vm_access,
};

static void nouveau_gem_free(struct drm_gem_object *gem)
{
	ttm_bo_fini(&to_nouveau_bo(gem)->ttm);
}

/* A handle appears: keep the object mapped in the address space of the file. */
static int nouveau_gem_open(struct drm_gem_object *gem, struct drm_file *file)
{
	struct nouveau_vma *vma;
	int idx, err = 0;

	if (!drm_dev_enter(gem->dev, &idx))
		return -ENODEV;
	vma = nouveau_vm_map_bo(nouveau_client(file)->vm, to_nouveau_bo(gem));
	if (IS_ERR(vma))
		err = PTR_ERR(vma);
	drm_dev_exit(idx);
	return err;
}

static void nouveau_gem_close(struct drm_gem_object *gem, struct drm_file *file)
{
	struct nouveau_bo *bo = to_nouveau_bo(gem);
	struct nouveau_vma *vma;

	dma_resv_lock(gem->resv, NULL);
	vma = nouveau_bo_vma_find(bo, nouveau_client(file)->vm);
	dma_resv_unlock(gem->resv);
	if (WARN_ON(!vma))
		return;
	nouveau_vma_put(vma);	/* that of find */
	nouveau_vma_put(vma);	/* that of open */
}

static int nouveau_gem_mmap(struct drm_gem_object *gem, struct vm_area_struct *vma)
{
	int err = ttm_bo_mmap_obj(vma, &to_nouveau_bo(gem)->ttm);

	/* TTM holds the object for the mapping; this reference was the caller's. */
	if (!err)
		drm_gem_object_put(gem);
	return err;
}

static const struct drm_gem_object_funcs nouveau_gem_funcs = {
	.free = nouveau_gem_free,
	.open = nouveau_gem_open,
	.close = nouveau_gem_close,
	.mmap = nouveau_gem_mmap,
	.vm_ops = &nouveau_gem_vm_ops,
};

struct nouveau_bo *nouveau_bo_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *gem = drm_gem_object_lookup(file, handle);

	return gem ? to_nouveau_bo(gem) : NULL;
}

static int gem_info(struct nouveau_bo *bo, struct drm_file *file,
		    struct drm_nouveau_gem_info *info)
{
	struct nouveau_vma *vma;

	dma_resv_lock(bo->ttm.base.resv, NULL);
	vma = nouveau_bo_vma_find(bo, nouveau_client(file)->vm);
	dma_resv_unlock(bo->ttm.base.resv);
	if (!vma)
		return -ENOENT;		/* the handle was closed meanwhile */

	info->domain = bo->domain;
	info->size = bo->ttm.base.size;
	info->offset = nouveau_vma_addr(vma);
	info->map_handle = drm_vma_node_offset_addr(&bo->ttm.base.vma_node);
	info->tile_mode = bo->tile_mode;
	info->tile_flags = bo->tile_flags;
	nouveau_vma_put(vma);
	return 0;
}

int nouveau_gem_ioctl_new(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nouveau_device *ndev = to_nouveau(drm);
	struct drm_nouveau_gem_new *req = data;
	struct drm_nouveau_gem_info *info = &req->info;
	struct nouveau_bo *bo;
	int err, idx;

	if (info->domain & ~GEM_DOMAIN_VALID || info->tile_flags & ~GEM_TILE_VALID)
		return -EINVAL;
	if (req->align && (!is_power_of_2(req->align) || req->align > GEM_ALIGN_MAX))
		return -EINVAL;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;

	bo = nouveau_bo_new(ndev, info->size, req->align, info->domain, info->tile_mode,
			    info->tile_flags);
	drm_dev_exit(idx);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	err = drm_gem_handle_create(file, &bo->ttm.base, &info->handle);
	if (!err)
		err = gem_info(bo, file, info);
	nouveau_bo_put(bo);
	return err;
}

int nouveau_gem_ioctl_info(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nouveau_gem_info *info = data;
	struct nouveau_bo *bo = nouveau_bo_lookup(file, info->handle);
	int err;

	if (!bo)
		return -ENOENT;
	err = gem_info(bo, file, info);
	nouveau_bo_put(bo);
	return err;
}

int nouveau_gem_ioctl_cpu_prep(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nouveau_gem_cpu_prep *req = data;
	bool nowait = req->flags & NOUVEAU_GEM_CPU_PREP_NOWAIT;
	struct nouveau_bo *bo;
	long left;

	if (req->flags & ~(NOUVEAU_GEM_CPU_PREP_NOWAIT | NOUVEAU_GEM_CPU_PREP_WRITE))
		return -EINVAL;
	bo = nouveau_bo_lookup(file, req->handle);
	if (!bo)
		return -ENOENT;
	/* No limit: clients take a timeout for completion. */
	left = dma_resv_wait_timeout(bo->ttm.base.resv,
				     dma_resv_usage_rw(req->flags & NOUVEAU_GEM_CPU_PREP_WRITE),
				     true, nowait ? 0 : MAX_SCHEDULE_TIMEOUT);
	nouveau_bo_put(bo);
	if (left < 0)
		return left;
	return left ? 0 : -EBUSY;
}

int nouveau_gem_ioctl_cpu_fini(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nouveau_gem_cpu_fini *req = data;
	struct nouveau_bo *bo = nouveau_bo_lookup(file, req->handle);

	if (!bo)
		return -ENOENT;
	/* Everything is coherent: nothing to write back. */
	nouveau_bo_put(bo);
	return 0;
}
