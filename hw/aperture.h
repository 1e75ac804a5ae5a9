/* SPDX-License-Identifier: MIT */
/*
 * The BAR2 address space. The CPU sees it through PCI BAR 3; the fault
 * buffers lie in it too. BAR1 is physical and mapped straight into
 * the guest, see vram.h.
 */
#ifndef HW_APERTURE_H
#define HW_APERTURE_H

#include <stdint.h>

struct gpu;
struct mmu_as;

/* CPU access to PCI BAR 3, 1, 2, 4 or 8 bytes, aligned. Take gpu->lock. */
uint64_t aperture_bar2_read(struct gpu *gpu, uint32_t off, unsigned int size);
void aperture_bar2_write(struct gpu *gpu, uint32_t off, unsigned int size, uint64_t val);

/*
 * The address space that units of the GPU (fault buffers) use for BAR2
 * addresses, or NULL while BAR2 is physical. gpu->lock held.
 */
const struct mmu_as *aperture_bar2_as(struct gpu *gpu);

int aperture_init(struct gpu *gpu);
void aperture_reset(struct gpu *gpu);
void aperture_fini(struct gpu *gpu);

#endif
