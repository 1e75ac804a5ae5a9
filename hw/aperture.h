/* SPDX-License-Identifier: MIT */
/*
 * The BAR2 address space. The CPU sees it through PCI BAR 3; fault buffers and
 * CE method buffers lie in it too. BAR1 is physical and mapped straight into
 * the guest, see vram.h.
 */
#ifndef HW_APERTURE_H
#define HW_APERTURE_H

#include <stddef.h>
#include <stdint.h>

struct gpu;
struct mmu_as;

/* CPU access to PCI BAR 3, 1, 2, 4 or 8 bytes, aligned. Take gpu->lock. */
uint64_t aperture_bar2_read(struct gpu *gpu, uint32_t off, unsigned int size);
void aperture_bar2_write(struct gpu *gpu, uint32_t off, unsigned int size, uint64_t val);

/*
 * Units of the GPU (fault buffers, CE) access a BAR2 address. With or without
 * gpu->lock. Return the bytes done: less than @len means that @va + done is
 * not mapped; the caller reports that (FAULT_STATUS knows BAR2 errors).
 */
size_t aperture_copy_to(struct gpu *gpu, uint64_t va, const void *src, size_t len);
size_t aperture_copy_from(struct gpu *gpu, uint64_t va, void *dst, size_t len);

/*
 * The address space behind BAR2, or NULL while BAR2 is physical. gpu->lock
 * held, and only good as long as it is.
 */
const struct mmu_as *aperture_bar2_as(struct gpu *gpu);

int aperture_init(struct gpu *gpu);
void aperture_reset(struct gpu *gpu);
void aperture_fini(struct gpu *gpu);

#endif
