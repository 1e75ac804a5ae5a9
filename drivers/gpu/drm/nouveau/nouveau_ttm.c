// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What TTM asks of the driver: pages, moves, eviction, CPU windows.
 *
 *   SYSTEM  pages, not mapped for the GPU (TTM may swap them out)
 *   TT      pages, mapped for the GPU as coherent system memory ("GART")
 *   VRAM    buddy blocks
 *
 * Contents move only by copy engine: VRAM <-> TT, and new VRAM is cleared by
 * it. SYSTEM <-> TT keeps the pages and changes page tables only. A move waits
 * until the GPU is done with the object, because its PTEs change with it, and
 * then for the copy: old memory is free of readers the moment TTM gets it.
 *
 * Until the copy engine is up the only moves are the births of the driver's own
 * structures, which the CPU clears.
 *
 * All of it runs under the object's reservation (lock 4 of nouveau_lock.h).
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "nouveau_device.h"
#include "nouveau_gem.h"
#include "nouveau_ttm.h"
#include "nouveau_vm.h"

#define COPY_TRIES	20
#define COPY_RETRY_MS	10

static struct ttm_tt *nouveau_tt_create(struct ttm_buffer_object *bo, u32 page_flags)
{
	struct ttm_tt *tt = kzalloc_obj(*tt);

	if (!tt)
		return NULL;
	/* With room for DMA addresses; the pool maps what it allocates. */
	if (ttm_sg_tt_init(tt, bo, page_flags, ttm_cached)) {
		kfree(tt);
		return NULL;
	}
	return tt;
}

static int nouveau_tt_populate(struct ttm_device *bdev, struct ttm_tt *tt,
			       struct ttm_operation_ctx *ctx)
{
	if (drm_dev_is_unplugged(&ttm_to_vram(bdev)->ndev->drm))
		return -ENODEV;
	return ttm_pool_alloc(&bdev->pool, tt, ctx);
}

static void nouveau_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *tt)
{
	ttm_pool_free(&bdev->pool, tt);
}

static void nouveau_tt_destroy(struct ttm_device *bdev, struct ttm_tt *tt)
{
	ttm_tt_fini(tt);
	kfree(tt);
}

static const struct ttm_place place_system = { .mem_type = TTM_PL_SYSTEM };
static const struct ttm_place place_gart = { .mem_type = TTM_PL_TT };

static void nouveau_evict_flags(struct ttm_buffer_object *bo, struct ttm_placement *placement)
{
	*placement = (struct ttm_placement){};
	/* No placement: wait, then drop the contents. */
	if (!bo->resource || drm_dev_is_unplugged(&ttm_to_vram(bo->bdev)->ndev->drm))
		return;

	if (nouveau_bo_owns(bo) && bo->resource->mem_type == TTM_PL_VRAM)
		placement->placement = &place_gart;
	else if (nouveau_bo_owns(bo) || nouveau_vram_owns(bo))
		placement->placement = &place_system;
	placement->num_placement = !!placement->placement;
}

/*
 * TTM reports every eviction that fails as an error. Chunks whose pages cannot
 * move just now are an everyday thing, so their owner is asked here already,
 * where a no makes TTM look at the next object.
 */
static bool nouveau_eviction_valuable(struct ttm_buffer_object *bo, const struct ttm_place *place)
{
	return ttm_bo_eviction_valuable(bo, place) &&
	       (!nouveau_vram_owns(bo) || !nouveau_chunk_evict(bo));
}

/* Queue the copy of all of @bo from where it is to @dst. */
static struct dma_fence *queue_copy(struct nouveau_vram *vram, struct ttm_buffer_object *bo,
				    struct ttm_resource *dst)
{
	enum nouveau_copy_dir dir = NOUVEAU_COPY_CLEAR;
	struct nouveau_copy_batch *batch;
	struct nouveau_extents s, d;
	u64 bytes;
	int err;

	if (bo->resource->mem_type != TTM_PL_VRAM)
		dir = NOUVEAU_COPY_TO_VRAM;
	else if (dst->mem_type != TTM_PL_VRAM)
		dir = NOUVEAU_COPY_TO_SYS;

	batch = nouveau_copy_begin(vram->ndev, dir);
	if (IS_ERR(batch))
		return ERR_CAST(batch);
	nouveau_extents_start(&s, vram, bo->resource, bo->ttm);
	nouveau_extents_start(&d, vram, dst, bo->ttm);
	while (s.bytes && d.bytes) {
		bytes = min(s.bytes, d.bytes);
		err = nouveau_copy_add(batch, d.cur, s.cur, bytes);
		if (err) {
			nouveau_copy_abort(batch);
			return ERR_PTR(err);
		}
		nouveau_extents_advance(&s, bytes);
		nouveau_extents_advance(&d, bytes);
	}
	return nouveau_copy_submit(batch);
}

/* Queue zeros for VRAM @dst. */
static struct dma_fence *queue_clear(struct nouveau_vram *vram, struct ttm_buffer_object *bo,
				     struct ttm_resource *dst)
{
	struct nouveau_copy_batch *batch;
	struct nouveau_extents d;
	int err;

	batch = nouveau_copy_begin(vram->ndev, NOUVEAU_COPY_CLEAR);
	if (IS_ERR(batch))
		return ERR_CAST(batch);
	for (nouveau_extents_start(&d, vram, dst, NULL); d.bytes;
	     nouveau_extents_advance(&d, d.bytes)) {
		err = nouveau_copy_add_fill(batch, d.cur, d.bytes, 0);
		if (err) {
			nouveau_copy_abort(batch);
			return ERR_PTR(err);
		}
	}
	return nouveau_copy_submit(batch);
}

/*
 * Run one of the above and see it through: old contents are given up, and new
 * memory is shown to anybody, only when the engine says so. An engine that
 * fails is back within milliseconds; try a few times.
 */
static int run_copy_engine(struct nouveau_vram *vram, struct ttm_buffer_object *bo,
			   struct ttm_resource *dst,
			   struct dma_fence *(*queue)(struct nouveau_vram *vram,
						      struct ttm_buffer_object *bo,
						      struct ttm_resource *dst))
{
	unsigned int tries = COPY_TRIES;
	struct dma_fence *fence;
	int err;

	for (;;) {
		fence = queue(vram, bo, dst);
		err = PTR_ERR_OR_ZERO(fence);
		if (!err) {
			dma_fence_wait(fence, false);
			err = min(dma_fence_get_status(fence), 0);
			dma_fence_put(fence);
		}
		if (!err || err == -ENOMEM || !--tries)
			return err;
		msleep(COPY_RETRY_MS);
	}
}

/* Give @bo fresh memory that holds nothing yet. */
static int move_fresh(struct nouveau_vram *vram, struct ttm_buffer_object *bo,
		      struct ttm_resource *new_mem)
{
	int err = 0;

	/* The driver's own is cleared by the CPU, or overwritten by a migration. */
	if (!nouveau_vram_owns(bo) && new_mem->mem_type == TTM_PL_VRAM)
		err = run_copy_engine(vram, bo, new_mem, queue_clear);
	if (!err)
		ttm_bo_move_null(bo, new_mem);
	return err;
}

/* Between pages and VRAM, or inside VRAM. */
static int move_copy(struct nouveau_vram *vram, struct ttm_buffer_object *bo,
		     struct ttm_operation_ctx *ctx, struct ttm_resource *new_mem)
{
	int err;

	err = ttm_bo_populate(bo, ctx);
	if (!err)
		err = run_copy_engine(vram, bo, new_mem, queue_copy);
	if (!err)
		ttm_bo_move_sync_cleanup(bo, new_mem);
	return err;
}

/* Not when it was born a moment ago, or had its contents dropped: then nothing is mapped. */
static bool has_contents(struct ttm_buffer_object *bo)
{
	return bo->resource->mem_type != TTM_PL_SYSTEM ||
	       (bo->ttm && (ttm_tt_is_populated(bo->ttm) || ttm_tt_is_swapped(bo->ttm)));
}

static bool move_keeps_pages(const struct ttm_resource *from, const struct ttm_resource *to)
{
	return from->mem_type != TTM_PL_VRAM && to->mem_type != TTM_PL_VRAM;
}

static int nouveau_bo_move(struct ttm_buffer_object *bo, bool evict,
			   struct ttm_operation_ctx *ctx, struct ttm_resource *new_mem,
			   struct ttm_place *hop)
{
	struct nouveau_vram *vram = ttm_to_vram(bo->bdev);
	struct ttm_resource *old = bo->resource;
	int err;

	if (old && nouveau_vram_owns(bo)) {
		err = nouveau_chunk_evict(bo);
		if (!err)
			ttm_bo_move_null(bo, new_mem);
		return err;
	}

	if (!old || (new_mem->mem_type == TTM_PL_VRAM && !has_contents(bo))) {
		err = move_fresh(vram, bo, new_mem);
	} else {
		err = ttm_bo_wait_ctx(bo, ctx);
		if (err)
			return err;
		if (move_keeps_pages(old, new_mem))
			ttm_bo_move_null(bo, new_mem);
		else
			err = move_copy(vram, bo, ctx, new_mem);
	}
	if (err || nouveau_vram_owns(bo))
		return err;

	nv_dbg(vram->ndev, "bo of %zu KiB: memory type %d to %u%s\n", bo->base.size >> 10,
	       (int)ttm_to_nouveau_bo(bo)->placed, new_mem->mem_type, evict ? ", evicted" : "");
	WRITE_ONCE(ttm_to_nouveau_bo(bo)->placed, new_mem->mem_type);
	nouveau_vm_bo_moved(ttm_to_nouveau_bo(bo));
	return 0;
}

static int nouveau_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res)
{
	struct nouveau_vram *vram = ttm_to_vram(bdev);
	struct ttm_place window = { .lpfn = vram->bar1_bytes >> PAGE_SHIFT };

	if (res->mem_type != TTM_PL_VRAM)
		return 0;
	if (!vram->vram.base.func->compatible(&vram->vram.base, res, &window, res->size))
		return -EINVAL;
	/* Only for objects in one piece; page faults go by nouveau_io_mem_pfn(). */
	res->bus.offset = vram->bar1_base + nouveau_vram_res_addr(vram, res, 0);
	res->bus.is_iomem = true;
	res->bus.caching = ttm_write_combined;
	return 0;
}

static unsigned long nouveau_io_mem_pfn(struct ttm_buffer_object *bo, unsigned long page)
{
	struct nouveau_vram *vram = ttm_to_vram(bo->bdev);

	return (vram->bar1_base +
		nouveau_vram_res_addr(vram, bo->resource, (u64)page << PAGE_SHIFT)) >> PAGE_SHIFT;
}

/* ptrace of a mapping of VRAM. */
static int nouveau_access_memory(struct ttm_buffer_object *bo, unsigned long offset, void *buf,
				 int len, int write)
{
	struct nouveau_vram *vram = ttm_to_vram(bo->bdev);
	int done = 0, n, idx;
	u64 addr;

	if (!drm_dev_enter(&vram->ndev->drm, &idx))
		return -EIO;
	while (done < len) {
		n = min_t(int, len - done, PAGE_SIZE - offset_in_page(offset + done));
		addr = nouveau_vram_res_addr(vram, bo->resource, offset + done);
		if (addr + n > vram->bar1_bytes)
			break;
		if (write)
			memcpy_toio(vram->bar1 + addr, buf + done, n);
		else
			memcpy_fromio(buf + done, vram->bar1 + addr, n);
		done += n;
	}
	drm_dev_exit(idx);
	return done ? done : -EIO;
}

const struct ttm_device_funcs nouveau_ttm_funcs = {
	.ttm_tt_create = nouveau_tt_create,
	.ttm_tt_populate = nouveau_tt_populate,
	.ttm_tt_unpopulate = nouveau_tt_unpopulate,
	.ttm_tt_destroy = nouveau_tt_destroy,
	.eviction_valuable = nouveau_eviction_valuable,
	.evict_flags = nouveau_evict_flags,
	.move = nouveau_bo_move,
	.io_mem_reserve = nouveau_io_mem_reserve,
	.io_mem_pfn = nouveau_io_mem_pfn,
	.access_memory = nouveau_access_memory,
};
