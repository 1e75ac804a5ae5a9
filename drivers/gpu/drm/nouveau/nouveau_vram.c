// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VRAM: the TTM device with its managers, the BAR1 window, and two kinds of
 * memory that are not buffer objects of a client:
 *
 *   nouveau_mem    pinned, for structures the hardware reads
 *   nouveau_chunk  evictable, under device-private pages
 *
 * Both are TTM objects of the one VRAM manager, so everything in VRAM competes
 * on one LRU list.
 *
 * Lifetime: open files may hold objects when the device goes. nouveau_vram_fini()
 * cuts the hardware off (BAR1, DMA mappings); the managers die with
 * the DRM device, after the last file.
 *
 * Locks: a chunk's spinlock (leaf) says who is in its evict callback, so that
 * nouveau_chunk_del() neither frees it under a callback nor waits for itself.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <nvhw/undocumented.h>

#include "nouveau_device.h"
#include "nouveau_gem.h"
#include "nouveau_pt_alloc.h"
#include "nouveau_ttm.h"
#include "nouveau_vram.h"

#define BAR1_RESOURCE	1

struct vram_bo {
	struct ttm_buffer_object ttm;
	spinlock_t lock;		/* protects the rest */
	struct nouveau_chunk *chunk;	/* NULL: not a chunk, or its owner let go */
	struct task_struct *evictor;	/* inside a callback of the chunk */
	bool evicted;			/* the owner has moved out */
	/* of a nouveau_mem: */
	struct list_head link;		/* vram->mems */
	void __iomem *map;
	void *saved;			/* contents during system sleep */
};

static struct vram_bo *to_vram_bo(struct ttm_buffer_object *ttm)
{
	return container_of(ttm, struct vram_bo, ttm);
}

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

/* Returns it reserved. */
static struct vram_bo *vram_bo_new(struct nouveau_device *ndev, u64 size, u64 align,
				   struct ttm_place *place, struct nouveau_chunk *chunk)
{
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	struct ttm_placement placement = { .num_placement = 1, .placement = place };
	struct vram_bo *bo = kzalloc_obj(*bo);
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
	struct vram_bo *bo;

	*mem = (struct nouveau_mem){};
	if (!size || align < SZ_4K || !is_power_of_2(align))
		return -EINVAL;
	if (!vram->bar1)
		return -ENODEV;

	bo = vram_bo_new(ndev, ALIGN(size, align), align, &place, NULL);
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
	struct vram_bo *bo = mem->priv;

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

/**
 * nouveau_chunk_new() - VRAM for device-private pages
 * @ndev: the device
 * @size: bytes: 4 KiB, 64 KiB or 2 MiB
 * @ops: how to get it back
 * @chunk: filled in; stays where it is until nouveau_chunk_del()
 *
 * Return: 0, -ENOSPC when it is not free (nothing is evicted), -ENOMEM.
 */
int nouveau_chunk_new(struct nouveau_device *ndev, u64 size,
		      const struct nouveau_chunk_ops *ops, struct nouveau_chunk *chunk)
{
	struct ttm_place place = {
		.mem_type = TTM_PL_VRAM,
		.flags = TTM_PL_FLAG_CONTIGUOUS | TTM_PL_FLAG_DESIRED,
	};
	struct vram_bo *bo;

	chunk->size = size;
	chunk->ops = ops;
	bo = vram_bo_new(ndev, size, size, &place, chunk);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	chunk->addr = nouveau_vram_res_addr(ndev->vram, bo->ttm.resource, 0);
	chunk->priv = bo;
	ttm_bo_unreserve(&bo->ttm);
	return 0;
}

/**
 * nouveau_chunk_del() - give a chunk back
 * @ndev: the device
 * @chunk: the chunk, evicted or not
 *
 * Waits for an evict callback that runs in another thread; may be called from
 * inside the callback. Sleeps.
 */
void nouveau_chunk_del(struct nouveau_device *ndev, struct nouveau_chunk *chunk)
{
	struct vram_bo *bo = chunk->priv;
	struct task_struct *evictor;

	if (!bo)
		return;
	chunk->priv = NULL;
	spin_lock(&bo->lock);
	bo->chunk = NULL;
	evictor = bo->evictor;
	spin_unlock(&bo->lock);
	if (evictor && evictor != current)
		wait_var_event(&bo->evictor, !READ_ONCE(bo->evictor));
	ttm_bo_fini(&bo->ttm);
}

/* The chunk of @bo, which stays until chunk_exit(); NULL when its owner let go. */
static struct nouveau_chunk *chunk_enter(struct vram_bo *bo)
{
	dma_resv_assert_held(bo->ttm.base.resv);
	guard(spinlock)(&bo->lock);
	if (bo->evicted || !bo->chunk)
		return NULL;
	bo->evictor = current;
	return bo->chunk;
}

static void chunk_exit(struct vram_bo *bo, bool evicted)
{
	guard(spinlock)(&bo->lock);
	bo->evicted = evicted;
	WRITE_ONCE(bo->evictor, NULL);
	/* The bo is referenced by TTM until after this. */
	wake_up_var(&bo->evictor);
}

int nouveau_chunk_evict(struct ttm_buffer_object *ttm)
{
	struct vram_bo *bo = to_vram_bo(ttm);
	struct nouveau_chunk *chunk = chunk_enter(bo);
	int err;

	if (!chunk)
		return 0;
	err = chunk->ops->evict(chunk);
	chunk_exit(bo, !err);
	if (!err)
		nouveau_stat_inc(&ttm_to_vram(ttm->bdev)->ndev->stats, NOUVEAU_STAT_EVICT_CHUNK);
	/* Anything but EBUSY would end TTM's search for room. */
	return err ? -EBUSY : 0;
}

/*
 * Out of VRAM, as TTM would do it; but never wait for the GPU here: what keeps the
 * object busy may itself wait for a fault that wants this room.
 */
static u64 reclaim_whole(struct ttm_buffer_object *ttm, struct ttm_operation_ctx *ctx)
{
	struct ttm_placement placement;
	u64 size = ttm->base.size;

	nouveau_ttm_funcs.evict_flags(ttm, &placement);
	if (ttm->pin_count || !placement.num_placement ||
	    !dma_resv_test_signaled(ttm->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return 0;
	return ttm_bo_validate(ttm, &placement, ctx) ? 0 : size;
}

static u64 reclaim_chunk(struct vram_bo *bo, struct nouveau_reclaim *rc,
			 struct ttm_operation_ctx *ctx)
{
	struct nouveau_chunk *chunk = chunk_enter(bo);
	u64 got = 0;
	bool whole;

	if (!chunk)
		return 0;
	whole = !chunk->ops->shrink;
	if (!whole)
		got = chunk->ops->shrink(chunk, rc);
	chunk_exit(bo, false);
	return whole ? reclaim_whole(&bo->ttm, ctx) : got;
}

static u64 reclaim_bo(struct ttm_buffer_object *ttm, struct ttm_operation_ctx *ctx)
{
	u64 got = reclaim_whole(ttm, ctx);

	if (got)
		nouveau_stat_inc(&ttm_to_vram(ttm->bdev)->ndev->stats, NOUVEAU_STAT_EVICT_BO);
	return got;
}

void nouveau_vram_reclaim(struct nouveau_device *ndev, struct nouveau_reclaim *rc)
{
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	struct ttm_lru_walk_arg arg = { .ctx = &ctx, .trylock_only = true };
	struct ttm_bo_lru_cursor cursor;
	struct ttm_buffer_object *bo;

	ttm_bo_lru_for_each_reserved_guarded(&cursor, &ndev->vram->vram.base, &arg, bo) {
		if (nouveau_vram_owns(bo))
			rc->got += reclaim_chunk(to_vram_bo(bo), rc, &ctx);
		else if (nouveau_bo_owns(bo))
			rc->got += reclaim_bo(bo, &ctx);
		if (rc->got >= rc->want)
			break;
	}
}

void nouveau_chunk_touch(struct nouveau_device *ndev, struct nouveau_chunk *chunk)
{
	struct vram_bo *bo = chunk->priv;

	/* Whoever holds it is moving it: its place on the list is about to go. */
	if (!bo || !dma_resv_trylock(bo->ttm.base.resv))
		return;
	ttm_bo_unreserve(&bo->ttm);
}

int nouveau_vram_evict_all(struct nouveau_device *ndev)
{
	return ttm_resource_manager_evict_all(&ndev->vram->bdev, &ndev->vram->vram.base);
}

int nouveau_vram_save_prepare(struct nouveau_device *ndev)
{
	struct vram_bo *bo;

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
	struct vram_bo *bo;

	nouveau_mem_flush(ndev);
	guard(mutex)(&ndev->vram->mems_lock);
	list_for_each_entry(bo, &ndev->vram->mems, link)
		memcpy_fromio(bo->saved, bo->map, bo->ttm.base.size);
}

void nouveau_vram_restore(struct nouveau_device *ndev)
{
	struct vram_bo *bo;

	guard(mutex)(&ndev->vram->mems_lock);
	list_for_each_entry(bo, &ndev->vram->mems, link)
		memcpy_toio(bo->map, bo->saved, bo->ttm.base.size);
	nouveau_mem_flush(ndev);
}

void nouveau_vram_save_drop(struct nouveau_device *ndev)
{
	struct vram_bo *bo;

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
