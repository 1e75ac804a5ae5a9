/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_BAR2_H__
#define __TU102_BAR2_H__

#include <linux/types.h>

struct nouveau_device;

/*
 * The instance address space: virtual addresses for what the GPU itself writes
 * (fault buffers, CE method buffers). Nothing is mapped for the CPU here.
 */
int tu102_bar2_init(struct nouveau_device *ndev);
void tu102_bar2_fini(struct nouveau_device *ndev);

/*
 * Map @pages pages of coherent system memory whose DMA addresses are @dma.
 * Returns 0 and a page-aligned BAR2 address; -ENOSPC, -ENOMEM, -ETIMEDOUT.
 */
int tu102_bar2_map(struct nouveau_device *ndev, const dma_addr_t *dma, unsigned int pages,
		   u64 *va);
/* The same for @bytes of VRAM or of DMA-contiguous system memory. */
int tu102_bar2_map_vram(struct nouveau_device *ndev, u64 addr, u64 bytes, u64 *va);
int tu102_bar2_map_dma(struct nouveau_device *ndev, dma_addr_t dma, u64 bytes, u64 *va);
/* Unmap what one of the above returned, TLB included. */
void tu102_bar2_unmap(struct nouveau_device *ndev, u64 va);

#endif
