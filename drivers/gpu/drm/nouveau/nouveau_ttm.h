/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_TTM_H__
#define __NOUVEAU_TTM_H__

/*
 * Inside of memory management: for nouveau_vram*.c, nouveau_chunk.c,
 * nouveau_ttm.c, nouveau_gem.c.
 */
#include <linux/gpu_buddy.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include "nouveau_copy.h"

struct nouveau_chunk;
struct nouveau_device;
struct task_struct;

/* Memory managers: buddy blocks of VRAM; a bare count for GART. */
struct nouveau_vram_man {
	struct ttm_resource_manager base;
	struct mutex lock;		/* protects @mm; leaf */
	struct gpu_buddy mm;		/* offsets are VRAM addresses */
	struct list_head reserved;	/* blocks nobody may have */
};

/* The memory side of a device; outlives the hardware until the last file is closed. */
struct nouveau_vram {
	struct nouveau_device *ndev;
	struct ttm_device bdev;
	struct nouveau_vram_man vram;
	struct ttm_resource_manager gart;
	void __iomem *bar1;		/* NULL once the device is gone */
	resource_size_t bar1_base;	/* CPU physical address */
	u64 bar1_bytes;			/* VRAM the CPU reaches */
	struct mutex mems_lock;		/* protects @mems; leaf */
	struct list_head mems;		/* every nouveau_mem */
};

static inline struct nouveau_vram *ttm_to_vram(struct ttm_device *bdev)
{
	return container_of(bdev, struct nouveau_vram, bdev);
}

/* An object that is no client's: a nouveau_mem, or under a nouveau_chunk. */
struct nouveau_vram_bo {
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

static inline struct nouveau_vram_bo *to_vram_bo(struct ttm_buffer_object *ttm)
{
	return container_of(ttm, struct nouveau_vram_bo, ttm);
}

/* Returned reserved. */
struct nouveau_vram_bo *nouveau_vram_bo_new(struct nouveau_device *ndev, u64 size, u64 align,
					    struct ttm_place *place,
					    struct nouveau_chunk *chunk);

int nouveau_vram_man_init(struct nouveau_vram *vram, u64 bytes, u64 head, u64 tail);
void nouveau_vram_man_fini(struct nouveau_vram *vram);
void nouveau_gart_man_init(struct nouveau_vram *vram, u64 bytes);
void nouveau_gart_man_fini(struct nouveau_vram *vram);

/* VRAM address of byte @offset of a VRAM resource. */
u64 nouveau_vram_res_addr(struct nouveau_vram *vram, struct ttm_resource *res, u64 offset);

/**
 * struct nouveau_extents - a walk over the contiguous pieces of a resource
 *
 * Start, then look at @cur and @bytes (0: the end) and advance.
 */
struct nouveau_extents {
	/** @cur: aperture and address of what follows */
	struct nouveau_copy_addr cur;
	/** @bytes: contiguous bytes from @cur on */
	u64 bytes;
	/* private: */
	u64 left;
	struct nouveau_vram *vram;
	struct list_head *head;
	struct gpu_buddy_block *block;
	const dma_addr_t *dma;
};

/* @tt: pages of a resource that is not VRAM, populated. */
void nouveau_extents_start(struct nouveau_extents *e, struct nouveau_vram *vram,
			   struct ttm_resource *res, struct ttm_tt *tt);
void nouveau_extents_advance(struct nouveau_extents *e, u64 bytes);

extern const struct ttm_device_funcs nouveau_ttm_funcs;

/* Whose object it is: struct nouveau_bo or struct nouveau_vram_bo. Neither: TTM's own. */
bool nouveau_bo_owns(struct ttm_buffer_object *ttm);
bool nouveau_vram_owns(struct ttm_buffer_object *ttm);
/* Ask the owner of the chunk to move out. 0, or -EBUSY. Reservation held. */
int nouveau_chunk_evict(struct ttm_buffer_object *ttm);

#endif
