/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_VRAM_H__
#define __NOUVEAU_VRAM_H__

#include <linux/types.h>

struct nouveau_device;
struct ttm_device;
struct ttm_resource;

int nouveau_vram_init(struct nouveau_device *ndev);
void nouveau_vram_fini(struct nouveau_device *ndev);
struct ttm_device *nouveau_vram_ttm(struct nouveau_device *ndev);

/**
 * struct nouveau_mem - pinned VRAM for the driver's own structures
 *
 * Instance blocks, page tables, runlists, USERD. Contiguous and mapped through
 * BAR1 for its whole life. The GPU sees a CPU store here after a read-back of
 * any BAR1 location (nouveau_mem_flush()).
 */
struct nouveau_mem {
	u64 addr;		/* VRAM address, bytes */
	u64 size;		/* bytes */
	void __iomem *map;	/* CPU mapping of it */
	void *priv;		/* allocator's */
};

/* Zeroed. @align a power of two >= 4096. May sleep, may evict buffer objects. */
int nouveau_mem_new(struct nouveau_device *ndev, u64 size, u64 align, struct nouveau_mem *mem);
void nouveau_mem_del(struct nouveau_device *ndev, struct nouveau_mem *mem);
/* Order earlier CPU stores through BAR1 before whatever the GPU is told next. */
void nouveau_mem_flush(struct nouveau_device *ndev);

/* VRAM by the CPU, slowly. -EIO where BAR1 does not reach or the device is gone. */
int nouveau_vram_read(struct nouveau_device *ndev, u64 addr, void *to, size_t bytes);

/**
 * struct nouveau_chunk - VRAM under device-private pages
 *
 * A piece of the same VRAM manager buffer objects live in, on the same LRU.
 * When TTM wants it back it calls @ops->evict. After a 0 the VRAM is gone; the chunk
 * still wants its nouveau_chunk_del(), from inside that callback or later.
 */
struct nouveau_chunk {
	u64 addr;		/* VRAM address, bytes */
	u64 size;		/* bytes: 2 MiB, 64 KiB or 4 KiB */
	const struct nouveau_chunk_ops *ops;
	void *priv;		/* allocator's */
};

/**
 * struct nouveau_reclaim - room that is wanted
 */
struct nouveau_reclaim {
	u64 want, got;		/* bytes */
	u64 spare;		/* leave alone what nouveau_dmem_kept() says for this */
	bool spared;		/* there was some */
};

/*
 * Of buffer objects and of chunks that can shrink. The others are of priority 0: whoever
 * needs room takes them first.
 */
#define NOUVEAU_VRAM_PRIORITY	1

/* Both are called with lock 4 of nouveau_lock.h held. */
struct nouveau_chunk_ops {
	/* Move out. 0 once the pages are elsewhere, an errno to be left alone. */
	int (*evict)(struct nouveau_chunk *chunk);
	/*
	 * Free about as much as is missing, the least used; the chunk stays. Returns how much.
	 * NULL: it costs nothing to evict all of it.
	 */
	u64 (*shrink)(struct nouveau_chunk *chunk, struct nouveau_reclaim *rc);
};

/*
 * Never evicts buffer objects or other chunks: -ENOSPC means map in place.
 * May sleep. Contents undefined.
 */
int nouveau_chunk_new(struct nouveau_device *ndev, u64 size,
		      const struct nouveau_chunk_ops *ops, struct nouveau_chunk *chunk);
void nouveau_chunk_del(struct nouveau_device *ndev, struct nouveau_chunk *chunk);
/*
 * System sleep. Move buffer objects and pages of processes out: 0 or an errno, with
 * some of them moved. Then the driver's own structures: make room to save them
 * (-ENOMEM), save them once nothing changes them any more, write them back if they
 * were lost, forget.
 */
int nouveau_vram_evict_all(struct nouveau_device *ndev);
int nouveau_vram_save_prepare(struct nouveau_device *ndev);
void nouveau_vram_save(struct nouveau_device *ndev);
void nouveau_vram_restore(struct nouveau_device *ndev);
void nouveau_vram_save_drop(struct nouveau_device *ndev);

/* Mark as used just now (LRU tail). */
void nouveau_chunk_touch(struct nouveau_device *ndev, struct nouveau_chunk *chunk);

/*
 * Free VRAM from the cold end of the LRU list: parts of chunks, which stay with their
 * owner, and whole buffer objects. Sleeps; reservations (lock 4) are only tried.
 */
void nouveau_vram_reclaim(struct nouveau_device *ndev, struct nouveau_reclaim *rc);

u64 nouveau_vram_free_bytes(struct nouveau_device *ndev);
u64 nouveau_vram_usable_bytes(struct nouveau_device *ndev);
/* VRAM the CPU can reach. */
u64 nouveau_vram_bar1_bytes(struct nouveau_device *ndev);

#endif
