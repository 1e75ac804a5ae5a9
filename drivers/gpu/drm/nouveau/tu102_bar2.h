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
/* After system sleep: did the hardware keep it; bind it again if not. -ETIMEDOUT. */
bool tu102_bar2_is_bound(struct nouveau_device *ndev);
int tu102_bar2_resume(struct nouveau_device *ndev);

/*
 * Map @size bytes (whole pages) of coherent, DMA-contiguous system memory.
 * Returns 0 and a page-aligned BAR2 address in *va; -EINVAL, -ENOSPC, -ENOMEM,
 * -ETIMEDOUT. May sleep.
 */
int tu102_bar2_map(struct nouveau_device *ndev, dma_addr_t dma, u64 size, u64 *va);
/* Unmap what tu102_bar2_map() returned, TLB included; the GPU is done with it. */
void tu102_bar2_unmap(struct nouveau_device *ndev, u64 va, u64 size);

#endif
