// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VRAM: the TTM device with its managers, the BAR1 window, and two kinds of
 * memory that are not buffer objects of a client:
 *
 *   nouveau_mem    pinned, for structures the hardware reads
 *   nouveau_chunk  evictable, under device-private pages (nouveau_chunk.c)
 *
 * Both are TTM objects of the one VRAM manager, so everything in VRAM competes
 * on one LRU list.
 *
 * Lifetime: open files may hold objects when the device goes. nouveau_vram_fini()
 * cuts the hardware off (BAR1, DMA mappings); the managers die with
 * the DRM device, after the last file.
 */
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <nvhw/undocumented.h>

#include "nouveau_device.h"
#include "nouveau_gem.h"
#include "nouveau_pt_alloc.h"
#include "nouveau_ttm.h"
#include "nouveau_vram.h"

#define BAR1_RESOURCE	1

static void vram_bo_destroy(struct ttm_buffer_object *ttm)
{
	drm_gem_private_object_fini(&ttm->base);
	kvfree(to_vram_bo(ttm)->saved);
	kfree(to_vram_bo(ttm));
}

bool nouveau_vram_owns(struct ttm_buffer_object *ttm)
{
	return ttm->destroy == vram_bo_destroy;
}

struct nouveau_vram_bo *nouveau_vram_bo_new(struct nouveau_device *ndev, u64 size, u64 align,
					    struct ttm_place *place, struct nouveau_chunk *chunk)
{
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	struct ttm_placement placement = { .num_placement = 1, .placement = place };
	struct nouveau_vram_bo *bo = kzalloc_obj(*bo);
	int err;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&bo->lock);
	bo->chunk = chunk;
	bo->ttm.priority = chunk && !chunk->ops->shrink ? 0 : NOUVEAU_VRAM_PRIORITY;
	drm_gem_private_object_init(&ndev->drm, &bo->ttm.base, size);
	/* Destroys @bo when it fails. */
	err = ttm_bo_init_reserved(&ndev->vram->bdev, &bo->ttm, ttm_bo_type_kernel, &placement,
				   align >> PAGE_SHIFT, &ctx, NULL, NULL, vram_bo_destroy);
	return err ? ERR_PTR(err) : bo;
}

/**
 * nouveau_mem_new() - VRAM for the driver's own structures
 * @ndev: the device
 * @size: bytes, not 0
 * @align: bytes, power of two, at least 4096
 * @mem: filled in
 *
 * Contiguous, zeroed, mapped, pinned. May evict.
 *
 * Return: 0, -EINVAL, -ENOMEM, -ENOSPC, -ENODEV after unplug.
 */
int nouveau_mem_new(struct nouveau_device *ndev, u64 size, u64 align, struct nouveau_mem *mem)
{
	struct nouveau_vram *vram = ndev->vram;
	struct ttm_place place = {
		.mem_type = TTM_PL_VRAM,
		.lpfn = vram->bar1_bytes >> PAGE_SHIFT,
		.flags = TTM_PL_FLAG_CONTIGUOUS | TTM_PL_FLAG_TOPDOWN,
	};
	struct nouveau_vram_bo *bo;

	*mem = (struct nouveau_mem){};
	if (!size || align < SZ_4K || !is_power_of_2(align))
		return -EINVAL;
	if (!vram->bar1)
		return -ENODEV;

	bo = nouveau_vram_bo_new(ndev, ALIGN(size, align), align, &place, NULL);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ttm_bo_pin(&bo->ttm);
	ttm_bo_unreserve(&bo->ttm);

	mem->addr = nouveau_vram_res_addr(vram, bo->ttm.resource, 0);
	mem->size = size;
	mem->map = vram->bar1 + mem->addr;
	mem->priv = bo;
	memset_io(mem->map, 0, bo->ttm.base.size);
	bo->map = mem->map;
	mutex_lock(&vram->mems_lock);
	list_add_tail(&bo->link, &vram->mems);
	mutex_unlock(&vram->mems_lock);
	return 0;
}

/**
 * nouveau_mem_del() - free it; the GPU is done with it
 * @ndev: the device
 * @mem: what nouveau_mem_new() filled in; an empty one is left alone
 */
void nouveau_mem_del(struct nouveau_device *ndev, struct nouveau_mem *mem)
{
	struct nouveau_vram_bo *bo = mem->priv;

	if (!bo)
		return;
	mutex_lock(&ndev->vram->mems_lock);
	list_del(&bo->link);
	mutex_unlock(&ndev->vram->mems_lock);
	dma_resv_lock(bo->ttm.base.resv, NULL);
	ttm_bo_unpin(&bo->ttm);
	dma_resv_unlock(bo->ttm.base.resv);
	ttm_bo_fini(&bo->ttm);
	*mem = (struct nouveau_mem){};
}

void nouveau_mem_flush(struct nouveau_device *ndev)
{
	void __iomem *bar1 = ndev->vram->bar1;

	/* A read pushes every posted write before it; wmb empties the WC buffers. */
	wmb();
	if (bar1)
		readl(bar1);
}

int nouveau_vram_read(struct nouveau_device *ndev, u64 addr, void *to, size_t bytes)
{
	struct nouveau_vram *vram = ndev->vram;

	if (!vram->bar1 || addr + bytes > vram->bar1_bytes)
		return -EIO;
	memcpy_fromio(to, vram->bar1 + addr, bytes);
	/* From a device that is gone all bits are read as ones. */
	return pci_device_is_present(ndev->pdev) ? 0 : -EIO;
}

int nouveau_vram_evict_all(struct nouveau_device *ndev)
{
	return ttm_resource_manager_evict_all(&ndev->vram->bdev, &ndev->vram->vram.base);
}

int nouveau_vram_save_prepare(struct nouveau_device *ndev)
{
	struct nouveau_vram_bo *bo;

	guard(mutex)(&ndev->vram->mems_lock);
	list_for_each_entry(bo, &ndev->vram->mems, link) {
		bo->saved = kvmalloc(bo->ttm.base.size, GFP_KERNEL);
		if (!bo->saved)
			return -ENOMEM;
	}
	return 0;
}

void nouveau_vram_save(struct nouveau_device *ndev)
{
	struct nouveau_vram_bo *bo;

	nouveau_mem_flush(ndev);
	guard(mutex)(&ndev->vram->mems_lock);
	list_for_each_entry(bo, &ndev->vram->mems, link)
		memcpy_fromio(bo->saved, bo->map, bo->ttm.base.size);
}

void nouveau_vram_restore(struct nouveau_device *ndev)
{
	struct nouveau_vram_bo *bo;

	guard(mutex)(&ndev->vram->mems_lock);
	list_for_each_entry(bo, &ndev->vram->mems, link)
		memcpy_toio(bo->map, bo->saved, bo->ttm.base.size);
	nouveau_mem_flush(ndev);
}

void nouveau_vram_save_drop(struct nouveau_device *ndev)
{
	struct nouveau_vram_bo *bo;

	guard(mutex)(&ndev->vram->mems_lock);
	list_for_each_entry(bo, &ndev->vram->mems, link) {
		kvfree(bo->saved);
		bo->saved = NULL;
	}
}

struct ttm_device *nouveau_vram_ttm(struct nouveau_device *ndev)
{
	return &ndev->vram->bdev;
}

u64 nouveau_vram_free_bytes(struct nouveau_device *ndev)
{
	struct nouveau_vram_man *man = &ndev->vram->vram;

	guard(mutex)(&man->lock);
	return man->mm.avail;
}

u64 nouveau_vram_usable_bytes(struct nouveau_device *ndev)
{
	return ndev->vram->vram.base.size;
}

u64 nouveau_vram_bar1_bytes(struct nouveau_device *ndev)
{
	return ndev->vram->bar1_bytes;
}

u64 nouveau_gart_bytes(struct nouveau_device *ndev)
{
	return ndev->vram->gart.size;
}

/* The last reference to the DRM device is gone, and with it every file. */
static void vram_release(struct drm_device *drm, void *data)
{
	struct nouveau_device *ndev = to_nouveau(drm);
	struct nouveau_vram *vram = data;

	nouveau_pt_pool_fini(ndev);
	/* Objects that were busy when they were freed. */
	drain_workqueue(vram->bdev.wq);
	nouveau_gart_man_fini(vram);
	nouveau_vram_man_fini(vram);
	ttm_device_fini(&vram->bdev);
	ndev->vram = NULL;
	kfree(vram);
}

static int vram_init_managers(struct nouveau_device *ndev, struct nouveau_vram *vram)
{
	struct drm_device *drm = &ndev->drm;
	int err;

	err = ttm_device_init(&vram->bdev, &nouveau_ttm_funcs, drm->dev,
			      drm->anon_inode->i_mapping, drm->vma_offset_manager,
			      TTM_ALLOCATION_PROPAGATE_ENOSPC);
	if (err)
		return err;
	err = nouveau_vram_man_init(vram, ndev->vram_bytes, NVX_VRAM_RESERVED_HEAD,
				    NVX_VRAM_RESERVED_TAIL);
	if (err)
		goto err_device;
	nouveau_gart_man_init(vram, (u64)ttm_tt_pages_limit() << PAGE_SHIFT);
	ndev->vram = vram;
	err = nouveau_pt_pool_init(ndev);
	if (err)
		goto err_managers;
	return 0;

err_managers:
	ndev->vram = NULL;
	nouveau_gart_man_fini(vram);
	nouveau_vram_man_fini(vram);
err_device:
	ttm_device_fini(&vram->bdev);
	return err;
}

/**
 * nouveau_vram_init() - BAR1 and memory management
 * @ndev: the device; vram_bytes is known
 *
 * Return: 0 or a negative errno.
 */
int nouveau_vram_init(struct nouveau_device *ndev)
{
	struct pci_dev *pdev = ndev->pdev;
	struct nouveau_vram *vram = kzalloc_obj(*vram);
	int err;

	if (!vram)
		return -ENOMEM;
	vram->ndev = ndev;
	mutex_init(&vram->mems_lock);
	INIT_LIST_HEAD(&vram->mems);
	vram->bar1_base = pci_resource_start(pdev, BAR1_RESOURCE);
	vram->bar1_bytes = min_t(u64, pci_resource_len(pdev, BAR1_RESOURCE), ndev->vram_bytes);
	err = vram_init_managers(ndev, vram);
	if (err) {
		kfree(vram);
		return err;
	}
	err = drmm_add_action_or_reset(&ndev->drm, vram_release, vram);
	if (err)
		return err;

	vram->bar1 = ioremap_wc(vram->bar1_base, vram->bar1_bytes);
	if (!vram->bar1)
		return -ENOMEM;
	drm_info(&ndev->drm, "VRAM %llu MiB, of it %llu MiB through BAR1; GART %llu MiB\n",
		 ndev->vram_bytes >> 20, vram->bar1_bytes >> 20, vram->gart.size >> 20);
	return 0;
}

/**
 * nouveau_vram_fini() - let go of the hardware
 * @ndev: the device; nothing runs on it any more
 *
 * What open files still hold becomes unreachable for the GPU: DMA mappings are
 * undone; page tables were cut off before (nouveau_pt_detach_all()).
 */
void nouveau_vram_fini(struct nouveau_device *ndev)
{
	struct nouveau_vram *vram = ndev->vram;
	void __iomem *bar1 = vram->bar1;

	ttm_device_clear_dma_mappings(&vram->bdev);
	vram->bar1 = NULL;
	iounmap(bar1);
}
