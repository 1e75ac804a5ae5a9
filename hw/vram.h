/* SPDX-License-Identifier: MIT */
/* Video memory: one sparse memfd, mapped here and as PCI BAR1 in the guest. */
#ifndef HW_VRAM_H
#define HW_VRAM_H

#include <stddef.h>
#include <stdint.h>

struct gpu;

#define VRAM_MIN_BYTES	(64ull << 20)
#define VRAM_MAX_BYTES	(16ull << 30)

/* NULL when [pa, pa + len) is not within video memory. */
void *vram_ptr(struct gpu *gpu, uint64_t pa, size_t len);
/* The memfd; stays owned by vram.c. */
int vram_fd(struct gpu *gpu);

/* All zero again, and the host's pages given back. */
void vram_clear(struct gpu *gpu);

int vram_init(struct gpu *gpu);		/* -errno */
void vram_fini(struct gpu *gpu);

#endif
