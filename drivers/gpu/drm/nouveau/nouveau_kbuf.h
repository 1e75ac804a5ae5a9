/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_KBUF_H__
#define __NOUVEAU_KBUF_H__

#include <linux/types.h>

struct nouveau_device;
struct nouveau_vm;
struct nouveau_vma;

/**
 * struct nouveau_kbuf - coherent system memory of the kernel in an address space
 *
 * Rings, semaphores, pushbuffers. Small, contiguous for the GPU, never evicted.
 */
struct nouveau_kbuf {
	void *cpu;		/* where the CPU sees it */
	dma_addr_t dma;		/* where the GPU sees it, physical */
	u64 va;			/* where the GPU sees it, in the address space */
	size_t size;		/* bytes, whole pages */
	struct nouveau_vma *vma;
};

/* Zeroed. @vm NULL: not mapped. -ENOMEM, -ENOSPC; @buf stays empty then. */
int nouveau_kbuf_new(struct nouveau_device *ndev, struct nouveau_vm *vm, size_t size,
		     bool gpu_read_only, struct nouveau_kbuf *buf);
/* Nothing happens on an empty one. The GPU is done with it. */
void nouveau_kbuf_del(struct nouveau_device *ndev, struct nouveau_vm *vm, struct nouveau_kbuf *buf);

#endif
