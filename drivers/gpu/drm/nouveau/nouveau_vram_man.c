// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * TTM resource managers: VRAM on gpu_buddy, GART as a count of bytes. And the
 * walk over the contiguous pieces of a resource, which copies, clears and page
 * tables are made from.
 *
 * VRAM blocks are as large and as aligned as the size allows (2 MiB, then
 * 64 KiB, then 4 KiB), because large blocks mean large PTEs.
 */
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nouveau_device.h"
#include "nouveau_ttm.h"

struct nouveau_vram_res {
	struct ttm_resource base;
	struct list_head blocks;	/* in order of the object's bytes */
};

static struct nouveau_vram_man *to_vram_man(struct ttm_resource_manager *man)
{
	return container_of(man, struct nouveau_vram_man, base);
}

static struct nouveau_vram_res *to_vram_res(struct ttm_resource *res)
{
	return container_of(res, struct nouveau_vram_res, base);
}

static int vram_alloc_blocks(struct nouveau_vram_man *man, struct ttm_buffer_object *bo,
			     u64 start, u64 end, u64 size, unsigned long flags,
			     struct list_head *blocks)
{
	static const u64 sizes[] = { SZ_2M, SZ_64K, SZ_4K };
	u64 align = max_t(u64, (u64)bo->page_alignment << PAGE_SHIFT, SZ_4K);
	unsigned int i;
	int err = -ENOSPC;

	if (start > 0 || end < man->mm.size)
		flags |= GPU_BUDDY_RANGE_ALLOCATION;

	/* Who asks for an alignment gets that and no more: kernel structures. */
	if (flags & GPU_BUDDY_CONTIGUOUS_ALLOCATION)
		return gpu_buddy_alloc_blocks(&man->mm, start, end, size, align, blocks, flags);

	for (i = 0; i < ARRAY_SIZE(sizes) && err == -ENOSPC; i++) {
		if (IS_ALIGNED(size, sizes[i]))
			err = gpu_buddy_alloc_blocks(&man->mm, start, end, size, sizes[i],
						     blocks, flags);
	}
	return err;
}

static int vram_man_alloc(struct ttm_resource_manager *base, struct ttm_buffer_object *bo,
			  const struct ttm_place *place, struct ttm_resource **res)
{
	struct nouveau_vram_man *man = to_vram_man(base);
	u64 end = place->lpfn ? place->lpfn << PAGE_SHIFT : man->mm.size;
	unsigned long flags = 0;
	struct nouveau_vram_res *vres;
	int err;

	end = min(end, man->mm.size);
	vres = kzalloc_obj(*vres);
	if (!vres)
		return -ENOMEM;
	INIT_LIST_HEAD(&vres->blocks);
	ttm_resource_init(bo, place, &vres->base);
	/* Do not evict everybody for what can never fit. */
	if (bo->base.size > base->size) {
		err = -E2BIG;
		goto err_fini;
	}

	if (place->flags & TTM_PL_FLAG_CONTIGUOUS)
		flags |= GPU_BUDDY_CONTIGUOUS_ALLOCATION;
	if (place->flags & TTM_PL_FLAG_TOPDOWN)
		flags |= GPU_BUDDY_TOPDOWN_ALLOCATION;

	mutex_lock(&man->lock);
	err = vram_alloc_blocks(man, bo, place->fpfn << PAGE_SHIFT, end, bo->base.size, flags,
				&vres->blocks);
	mutex_unlock(&man->lock);
	if (err)
		goto err_fini;

	vres->base.start = gpu_buddy_block_offset(list_first_entry(&vres->blocks,
								   struct gpu_buddy_block,
								   link)) >> PAGE_SHIFT;
	*res = &vres->base;
	return 0;

err_fini:
	ttm_resource_fini(base, &vres->base);
	kfree(vres);
	return err;
}

static void vram_man_free(struct ttm_resource_manager *base, struct ttm_resource *res)
{
	struct nouveau_vram_man *man = to_vram_man(base);
	struct nouveau_vram_res *vres = to_vram_res(res);

	mutex_lock(&man->lock);
	gpu_buddy_free_list(&man->mm, &vres->blocks, 0);
	mutex_unlock(&man->lock);
	ttm_resource_fini(base, res);
	kfree(vres);
}

/* Whether some (@all: every) byte of @res is in @place. */
static bool vram_in_place(struct nouveau_vram_man *man, struct ttm_resource *res,
			  const struct ttm_place *place, bool all)
{
	u64 start = place->fpfn << PAGE_SHIFT;
	u64 end = place->lpfn ? place->lpfn << PAGE_SHIFT : man->mm.size;
	struct gpu_buddy_block *block;

	list_for_each_entry(block, &to_vram_res(res)->blocks, link) {
		u64 lo = gpu_buddy_block_offset(block);
		u64 hi = lo + gpu_buddy_block_size(&man->mm, block);

		if (all && (lo < start || hi > end))
			return false;
		if (!all && lo < end && hi > start)
			return true;
	}
	return all;
}

static bool vram_man_intersects(struct ttm_resource_manager *base, struct ttm_resource *res,
				const struct ttm_place *place, size_t size)
{
	return !place || vram_in_place(to_vram_man(base), res, place, false);
}

static bool vram_man_compatible(struct ttm_resource_manager *base, struct ttm_resource *res,
				const struct ttm_place *place, size_t size)
{
	return vram_in_place(to_vram_man(base), res, place, true);
}

static void vram_man_debug(struct ttm_resource_manager *base, struct drm_printer *p)
{
	struct nouveau_vram_man *man = to_vram_man(base);
	unsigned int order;

	mutex_lock(&man->lock);
	drm_printf(p, "VRAM: %llu KiB managed, %llu KiB free\n", base->size >> 10,
		   man->mm.avail >> 10);
	for (order = 0; order <= man->mm.max_order; order++)
		if (man->mm.free_scoreboard[order])
			drm_printf(p, "  free blocks of %8llu KiB: %llu\n",
				   (man->mm.chunk_size << order) >> 10,
				   man->mm.free_scoreboard[order]);
	mutex_unlock(&man->lock);
}

static const struct ttm_resource_manager_func vram_man_func = {
	.alloc = vram_man_alloc,
	.free = vram_man_free,
	.intersects = vram_man_intersects,
	.compatible = vram_man_compatible,
	.debug = vram_man_debug,
};

/**
 * nouveau_vram_man_init() - manage VRAM
 * @vram: memory side of the device, TTM device initialised
 * @bytes: VRAM size
 * @head: bytes at the beginning that are not ours
 * @tail: bytes at the end that are not ours
 *
 * Return: 0, -ENOMEM, or -EINVAL when nothing would be left.
 */
int nouveau_vram_man_init(struct nouveau_vram *vram, u64 bytes, u64 head, u64 tail)
{
	struct nouveau_vram_man *man = &vram->vram;
	int err;

	if (bytes <= head + tail)
		return -EINVAL;
	mutex_init(&man->lock);
	INIT_LIST_HEAD(&man->reserved);
	err = gpu_buddy_init(&man->mm, bytes, SZ_4K);
	if (err)
		return err;
	gpu_buddy_driver_set_lock(&man->mm, &man->lock);

	mutex_lock(&man->lock);
	err = gpu_buddy_alloc_blocks(&man->mm, 0, head, head, SZ_4K, &man->reserved,
				     GPU_BUDDY_RANGE_ALLOCATION);
	if (!err)
		err = gpu_buddy_alloc_blocks(&man->mm, bytes - tail, bytes, tail, SZ_4K,
					     &man->reserved, GPU_BUDDY_RANGE_ALLOCATION);
	if (err)
		gpu_buddy_free_list(&man->mm, &man->reserved, 0);
	mutex_unlock(&man->lock);
	if (err) {
		gpu_buddy_fini(&man->mm);
		return err;
	}

	man->base.func = &vram_man_func;
	ttm_resource_manager_init(&man->base, &vram->bdev, bytes - head - tail);
	ttm_set_driver_manager(&vram->bdev, TTM_PL_VRAM, &man->base);
	ttm_resource_manager_set_used(&man->base, true);
	return 0;
}

void nouveau_vram_man_fini(struct nouveau_vram *vram)
{
	struct nouveau_vram_man *man = &vram->vram;

	ttm_resource_manager_set_used(&man->base, false);
	ttm_resource_manager_cleanup(&man->base);
	ttm_set_driver_manager(&vram->bdev, TTM_PL_VRAM, NULL);
	mutex_lock(&man->lock);
	gpu_buddy_free_list(&man->mm, &man->reserved, 0);
	mutex_unlock(&man->lock);
	gpu_buddy_fini(&man->mm);
	mutex_destroy(&man->lock);
}

static int gart_man_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *bo,
			  const struct ttm_place *place, struct ttm_resource **res)
{
	struct ttm_resource *r;

	if (bo->base.size > man->size)
		return -E2BIG;
	r = kzalloc_obj(*r);
	if (!r)
		return -ENOMEM;
	ttm_resource_init(bo, place, r);	/* counts */
	if (ttm_resource_manager_usage(man) > man->size) {
		ttm_resource_fini(man, r);
		kfree(r);
		return -ENOSPC;
	}
	*res = r;
	return 0;
}

static void gart_man_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	ttm_resource_fini(man, res);
	kfree(res);
}

static void gart_man_debug(struct ttm_resource_manager *man, struct drm_printer *p)
{
	drm_printf(p, "GART: %llu KiB managed, %llu KiB used\n", man->size >> 10,
		   ttm_resource_manager_usage(man) >> 10);
}

static const struct ttm_resource_manager_func gart_man_func = {
	.alloc = gart_man_alloc,
	.free = gart_man_free,
	.debug = gart_man_debug,
};

void nouveau_gart_man_init(struct nouveau_vram *vram, u64 bytes)
{
	vram->gart.func = &gart_man_func;
	vram->gart.use_tt = true;
	ttm_resource_manager_init(&vram->gart, &vram->bdev, bytes);
	ttm_set_driver_manager(&vram->bdev, TTM_PL_TT, &vram->gart);
	ttm_resource_manager_set_used(&vram->gart, true);
}

void nouveau_gart_man_fini(struct nouveau_vram *vram)
{
	ttm_resource_manager_set_used(&vram->gart, false);
	ttm_resource_manager_cleanup(&vram->gart);
	ttm_set_driver_manager(&vram->bdev, TTM_PL_TT, NULL);
}

u64 nouveau_vram_res_addr(struct nouveau_vram *vram, struct ttm_resource *res, u64 offset)
{
	struct gpu_buddy_block *block;
	u64 size;

	list_for_each_entry(block, &to_vram_res(res)->blocks, link) {
		size = gpu_buddy_block_size(&vram->vram.mm, block);
		if (offset < size)
			return gpu_buddy_block_offset(block) + offset;
		offset -= size;
	}
	WARN_ON_ONCE(1);
	return 0;
}

/* Take the block at e->block and all that continue it. */
static void extents_vram(struct nouveau_extents *e)
{
	struct gpu_buddy *mm = &e->vram->vram.mm;

	e->cur.addr = gpu_buddy_block_offset(e->block);
	e->bytes = gpu_buddy_block_size(mm, e->block);
	for (;;) {
		e->block = list_next_entry(e->block, link);
		if (list_entry_is_head(e->block, e->head, link) ||
		    gpu_buddy_block_offset(e->block) != e->cur.addr + e->bytes)
			break;
		e->bytes += gpu_buddy_block_size(mm, e->block);
	}
}

static void extents_pages(struct nouveau_extents *e)
{
	u64 n = e->left >> PAGE_SHIFT, i;

	for (i = 1; i < n && e->dma[i] == e->dma[0] + (i << PAGE_SHIFT); i++)
		;
	e->cur.addr = e->dma[0];
	e->bytes = i << PAGE_SHIFT;
	e->dma += i;
}

static void extents_next(struct nouveau_extents *e)
{
	e->bytes = 0;
	if (!e->left)
		return;
	if (e->cur.aperture == TU102_APERTURE_VRAM)
		extents_vram(e);
	else
		extents_pages(e);
	e->bytes = min(e->bytes, e->left);
}

void nouveau_extents_start(struct nouveau_extents *e, struct nouveau_vram *vram,
			   struct ttm_resource *res, struct ttm_tt *tt)
{
	*e = (struct nouveau_extents){ .vram = vram, .left = res->size };
	if (res->mem_type == TTM_PL_VRAM) {
		e->cur.aperture = TU102_APERTURE_VRAM;
		e->head = &to_vram_res(res)->blocks;
		e->block = list_first_entry(e->head, struct gpu_buddy_block, link);
	} else {
		e->cur.aperture = TU102_APERTURE_SYS;
		e->dma = tt->dma_address;
	}
	extents_next(e);
}

void nouveau_extents_advance(struct nouveau_extents *e, u64 bytes)
{
	e->left -= bytes;
	e->bytes -= bytes;
	e->cur.addr += bytes;
	if (!e->bytes)
		extents_next(e);
}
