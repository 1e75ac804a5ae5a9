// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VRAM that can be had back: chunks under device-private pages, and room made by
 * taking what was used least, chunks and buffer objects alike.
 *
 * Locks: a chunk's spinlock (leaf) says who is in its evict callback, so that
 * nouveau_chunk_del() neither frees it under a callback nor waits for itself.
 */
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "nouveau_device.h"
#include "nouveau_ttm.h"
#include "nouveau_vram.h"

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
	struct nouveau_vram_bo *bo;

	chunk->size = size;
	chunk->ops = ops;
	bo = nouveau_vram_bo_new(ndev, size, size, &place, chunk);
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
	struct nouveau_vram_bo *bo = chunk->priv;
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
static struct nouveau_chunk *chunk_enter(struct nouveau_vram_bo *bo)
{
	dma_resv_assert_held(bo->ttm.base.resv);
	guard(spinlock)(&bo->lock);
	if (bo->evicted || !bo->chunk)
		return NULL;
	bo->evictor = current;
	return bo->chunk;
}

static void chunk_exit(struct nouveau_vram_bo *bo, bool evicted)
{
	guard(spinlock)(&bo->lock);
	bo->evicted = evicted;
	WRITE_ONCE(bo->evictor, NULL);
	/* The bo is referenced by TTM until after this. */
	wake_up_var(&bo->evictor);
}

int nouveau_chunk_evict(struct ttm_buffer_object *ttm)
{
	struct nouveau_vram_bo *bo = to_vram_bo(ttm);
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

static u64 reclaim_chunk(struct nouveau_vram_bo *bo, struct nouveau_reclaim *rc,
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
	struct nouveau_vram_bo *bo = chunk->priv;

	/* Whoever holds it is moving it: its place on the list is about to go. */
	if (!bo || !dma_resv_trylock(bo->ttm.base.resv))
		return;
	ttm_bo_unreserve(&bo->ttm);
}
