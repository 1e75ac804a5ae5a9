/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_DEVICE_H__
#define __NOUVEAU_DEVICE_H__

#include <linux/io.h>
#include <linux/pci.h>

#include <drm/drm_device.h>

#include "nouveau_stats.h"

struct nouveau_access_service;
struct nouveau_bar2;
struct nouveau_chans;
struct nouveau_copy;
struct nouveau_audit;
struct nouveau_dmem;
struct nouveau_evict;
struct nouveau_fault_service;
struct nouveau_fifo;
struct nouveau_irq;
struct nouveau_pt_pool;
struct nouveau_svm_device;
struct nouveau_vram;
struct tu102_mmu_pages;
struct tu102_tlb;

/**
 * struct nouveau_device - one GPU
 *
 * Pointers to blocks only. A block's struct is private to its .c file and is
 * reached through the verbs of its header.
 */
struct nouveau_device {
	/** @drm: base; its lifetime is the lifetime of this struct */
	struct drm_device drm;
	/** @pdev: the PCI function */
	struct pci_dev *pdev;
	/** @mmio: BAR0, 16 MiB of registers; only tu102_*.c and nouveau_irq.c touch it */
	void __iomem *mmio;
	/** @power_lost: set at resume: registers, contexts and VRAM were not kept */
	bool power_lost;
	/** @vram_bytes: VRAM the chip reports, reserved areas included */
	u64 vram_bytes;
	/** @vram: TTM device, VRAM manager and the BAR1 window (nouveau_vram.c) */
	struct nouveau_vram *vram;
	/** @mmu_pages: flush and debug pages of the memory system (tu102_boot.c) */
	struct tu102_mmu_pages *mmu_pages;
	/** @pt_pool: where page tables are cut from (nouveau_pt_alloc.c) */
	struct nouveau_pt_pool *pt_pool;
	/** @bar2: GPU-side instance address space (tu102_bar2.c) */
	struct nouveau_bar2 *bar2;
	/** @irq: interrupt tree (nouveau_irq.c) */
	struct nouveau_irq *irq;
	/** @fifo: runlists and the channel table (tu102_fifo.c) */
	struct nouveau_fifo *fifo;
	/** @ce: error interrupts of copy engines (tu102_ce_intr.c) */
	struct tu102_ce *ce;
	/** @gr: graphics engine (tu102_gr.c) */
	struct tu102_gr *gr;
	/** @chans: all channels, the kernel's address space (nouveau_chans.c) */
	struct nouveau_chans *chans;
	/** @tlb: invalidate, replay and cancel (tu102_tlb.c) */
	struct tu102_tlb *tlb;
	/** @copy: copy-engine channels, one per direction (nouveau_copy.c) */
	struct nouveau_copy *copy;
	/** @fault: fault service (nouveau_fault.c) */
	struct nouveau_fault_service *fault;
	/** @access: listens to the access counters (nouveau_access.c) */
	struct nouveau_access_service *access;
	/** @evict: keeps VRAM free (nouveau_evict.c) */
	struct nouveau_evict *evict;
	/** @dmem: device-private pages (nouveau_dmem.c) */
	struct nouveau_dmem *dmem;
	/** @audit: a second record of who reaches it (nouveau_audit.h), or NULL */
	struct nouveau_audit *audit;
	/** @svm: what all SVM clients share (nouveau_svm.c) */
	struct nouveau_svm_device *svm;
	/** @stats: event counters of the whole device */
	struct nouveau_stats stats;
};

static inline struct nouveau_device *to_nouveau(struct drm_device *drm)
{
	return container_of(drm, struct nouveau_device, drm);
}

/* Module parameter debug: say what happens step by step, this driver alone. */
extern bool nouveau_debug;
/* Module parameters: time limits of clients' jobs and of copies; 0: none (jobs only). */
extern unsigned int nouveau_job_timeout_ms, nouveau_copy_timeout_ms;

#define nv_dbg(ndev, fmt, ...)							\
do {										\
	if (unlikely(nouveau_debug))						\
		dev_info((ndev)->drm.dev, "debug: " fmt, ##__VA_ARGS__);	\
} while (0)

/* Register access; counts so that benchmarks can tell trapped accesses. */
static inline u32 nv_rd32(struct nouveau_device *ndev, u32 reg)
{
	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_MMIO_READ);
	return readl(ndev->mmio + reg);
}

static inline void nv_wr32(struct nouveau_device *ndev, u32 reg, u32 val)
{
	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_MMIO_WRITE);
	writel(val, ndev->mmio + reg);
}

#endif
