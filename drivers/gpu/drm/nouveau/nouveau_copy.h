/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_COPY_H__
#define __NOUVEAU_COPY_H__

#include <linux/types.h>

#include "tu102_pte.h"

struct dma_fence;
struct nouveau_copy_batch;
struct nouveau_device;

/*
 * Copies and clears on dedicated copy-engine channels, physical addressing,
 * one channel per direction so that they overlap. A batch is many copies in
 * one push with one fence; contiguous neighbours are merged.
 */
enum nouveau_copy_dir {
	NOUVEAU_COPY_TO_VRAM,
	NOUVEAU_COPY_TO_SYS,
	NOUVEAU_COPY_CLEAR,		/* and VRAM to VRAM */
	NOUVEAU_COPY_DIRS,
};

struct nouveau_copy_addr {
	enum tu102_aperture aperture;
	u64 addr;			/* VRAM address or DMA address, bytes */
};

int nouveau_copy_init(struct nouveau_device *ndev);
void nouveau_copy_fini(struct nouveau_device *ndev);

/* May sleep until the channel has room. ERR_PTR on a dead engine. */
struct nouveau_copy_batch *nouveau_copy_begin(struct nouveau_device *ndev,
					      enum nouveau_copy_dir dir);
int nouveau_copy_add(struct nouveau_copy_batch *b, struct nouveau_copy_addr dst,
		     struct nouveau_copy_addr src, u64 bytes);
int nouveau_copy_add_fill(struct nouveau_copy_batch *b, struct nouveau_copy_addr dst, u64 bytes,
			  u32 value);
/*
 * Submit and free the batch. Returns a fence to wait for and put, or ERR_PTR.
 * An error on the fence (dma_fence_get_status() < 0) means the bytes may not
 * have arrived. An empty batch gives an already signalled fence.
 */
struct dma_fence *nouveau_copy_submit(struct nouveau_copy_batch *b);
/*
 * Right after nouveau_copy_begin(): no interrupt when it is done. Whoever needs the
 * fence waits for it with nouveau_copy_wait(), which looks at memory; anybody
 * else would wait up to a second longer than needed.
 */
void nouveau_copy_set_quiet(struct nouveau_copy_batch *b);
/* Wait for the fence of a batch in direction @dir, quiet or not. 0 or its error. */
int nouveau_copy_wait(struct nouveau_device *ndev, enum nouveau_copy_dir dir,
		      struct dma_fence *fence);
/* A glance at it, quiet or not. */
bool nouveau_copy_is_done(struct nouveau_device *ndev, enum nouveau_copy_dir dir,
			  struct dma_fence *fence);
/* Drop the batch without submitting. */
void nouveau_copy_abort(struct nouveau_copy_batch *b);

#endif
