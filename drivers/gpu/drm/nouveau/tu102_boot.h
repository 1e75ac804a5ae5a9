/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_BOOT_H__
#define __TU102_BOOT_H__

#include <linux/types.h>

struct nouveau_device;

/* Is it a TU104, is its firmware up, how much VRAM: fills in ndev->vram_bytes. */
int tu102_boot_init(struct nouveau_device *ndev);

/* The GPU's clock, ns since the Unix epoch: what it stamps faults and semaphores with. */
u64 tu102_time_ns(struct nouveau_device *ndev);

/* Pages the memory system wants for flushes and for accesses it must redirect. */
int tu102_mmu_init(struct nouveau_device *ndev);
void tu102_mmu_fini(struct nouveau_device *ndev);
/* The same registers again, after system sleep. -ETIMEDOUT. */
int tu102_mmu_resume(struct nouveau_device *ndev);

/* Register-bus errors: logged. */
int tu102_bus_init(struct nouveau_device *ndev);
void tu102_bus_fini(struct nouveau_device *ndev);

#endif
