// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * From power-on to "this is a TU104 with so much VRAM": identity, firmware,
 * memory size; then the pages the memory system keeps for itself and the error
 * interrupt of the register bus. Nothing here needs another block except
 * interrupts and, for its pages, VRAM.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_bus.h>
#include <nvhw/tu104/dev_fb.h>
#include <nvhw/tu104/dev_gc6.h>
#include <nvhw/tu104/dev_master.h>
#include <nvhw/tu104/dev_timer.h>
#include <nvhw/tu104/dev_usermode.h>
#include <nvhw/tu104/dev_vm.h>
#include <nvhw/tu104/pri_mmu_hub.h>
#include <nvhw/undocumented.h>

#include "nouveau_device.h"
#include "nouveau_irq.h"
#include "nouveau_vram.h"
#include "tu102_boot.h"

#define GFW_WAIT_US	(4 * USEC_PER_SEC)
#define GFW_POLL_US	(10 * USEC_PER_MSEC)

#define VF(reg)		(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + (reg))
#define BAR1_BIND_BUSY	(NV_MASK(NV_VIRTUAL_FUNCTION_PRIV_BIND_STATUS_BAR1_PENDING) | \
			 NV_MASK(NV_VIRTUAL_FUNCTION_PRIV_BIND_STATUS_BAR1_OUTSTANDING))
#define PBUS_ERRORS	(NV_MASK(NV_PBUS_INTR_0_PRI_SQUASH) | \
			 NV_MASK(NV_PBUS_INTR_0_PRI_FECSERR) | \
			 NV_MASK(NV_PBUS_INTR_0_PRI_TIMEOUT))

/* What tu102_mmu_init() keeps until the hardware is let go. */
struct tu102_mmu_pages {
	struct nouveau_mem debug;	/* one page to write to, one to read from */
	void *flush;
	dma_addr_t flush_dma;
};

static int boot_identify(struct nouveau_device *ndev)
{
	u32 boot0 = nv_rd32(ndev, NV_PMC_BOOT_0);
	u32 boot1 = nv_rd32(ndev, NV_PMC_BOOT_1);
	u32 boot42 = nv_rd32(ndev, NV_PMC_BOOT_42);

	if (boot0 == ~0u) {
		drm_err(&ndev->drm, "the GPU does not answer\n");
		return -EIO;
	}
	if (!NV_IS(boot1, NV_PMC_BOOT_1_VGPU, _REAL)) {
		drm_err(&ndev->drm, "a virtual GPU (0x%08x) is not supported\n", boot1);
		return -ENODEV;
	}
	if (!NV_IS(boot42, NV_PMC_BOOT_42_CHIP_ID, _TU104)) {
		drm_err(&ndev->drm, "chip 0x%03x is not a TU104\n",
			NV_GET(boot42, NV_PMC_BOOT_42_CHIP_ID));
		return -ENODEV;
	}
	drm_info(&ndev->drm, "TU104 revision %x%x\n", NV_GET(boot0, NV_PMC_BOOT_0_MAJOR_REVISION),
		 NV_GET(boot0, NV_PMC_BOOT_0_MINOR_REVISION));
	return 0;
}

static bool boot_firmware_done(struct nouveau_device *ndev)
{
	u32 progress;

	/* Until the firmware lowers it, the progress register must not be read. */
	if (!NV_GET(nv_rd32(ndev, NVX_PGC6_GROUP_05_PRIV_LEVEL_MASK),
		    NVX_PGC6_GROUP_05_PRIV_LEVEL_MASK_READ))
		return false;
	progress = nv_rd32(ndev, NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT);
	return NV_IS(progress, NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT_PROGRESS, _COMPLETED);
}

static int boot_vram(struct nouveau_device *ndev)
{
	u32 range = nv_rd32(ndev, NVX_PFB_LOCAL_MEMORY_RANGE);
	u32 wpr2 = nv_rd32(ndev, NV_PFB_PRI_MMU_WPR2_ADDR_HI);
	u64 bytes = (u64)NV_GET(range, NVX_PFB_LOCAL_MEMORY_RANGE_LOWER_MAG) <<
		    (NV_GET(range, NVX_PFB_LOCAL_MEMORY_RANGE_LOWER_SCALE) + 20);

	if (NV_GET(range, NVX_PFB_LOCAL_MEMORY_RANGE_ECC_MODE))
		bytes = bytes / 16 * 15;
	if (bytes <= NVX_VRAM_RESERVED_HEAD + NVX_VRAM_RESERVED_TAIL) {
		drm_err(&ndev->drm, "no VRAM (memory range 0x%08x)\n", range);
		return -ENODEV;
	}
	if (NV_GET(wpr2, NV_PFB_PRI_MMU_WPR2_ADDR_HI_VAL) ||
	    NV_GET(nv_rd32(ndev, NVX_PFB_VPR_STATUS), NVX_PFB_VPR_STATUS_LOCKED)) {
		drm_err(&ndev->drm, "VRAM has protected regions; another driver was here\n");
		return -EBUSY;
	}
	ndev->vram_bytes = bytes;
	return 0;
}

/**
 * tu102_boot_init() - identify the chip, wait for its firmware, size VRAM
 * @ndev: the device; registers are mapped
 *
 * Return: 0; -ENODEV for another chip, -EIO for a dead one, -ETIMEDOUT when the
 * firmware does not come up, -EBUSY when VRAM is partly locked away.
 */
int tu102_boot_init(struct nouveau_device *ndev)
{
	bool done;
	int err;

	err = boot_identify(ndev);
	if (err)
		return err;
	err = read_poll_timeout(boot_firmware_done, done, done, GFW_POLL_US, GFW_WAIT_US, false,
				ndev);
	if (err) {
		drm_err(&ndev->drm, "the boot firmware does not finish\n");
		return err;
	}
	return boot_vram(ndev);
}

u64 tu102_time_ns(struct nouveau_device *ndev)
{
	u32 hi, lo, again = nv_rd32(ndev, NV_USERMODE_TIME_1);

	do {
		hi = again;
		lo = nv_rd32(ndev, NV_USERMODE_TIME_0);
		again = nv_rd32(ndev, NV_USERMODE_TIME_1);
	} while (hi != again);
	return (u64)NV_GET(hi, NV_USERMODE_TIME_1_NSEC) << 32 |
	       (lo & NV_MASK(NV_USERMODE_TIME_0_NSEC));
}

static int mmu_setup(struct nouveau_device *ndev, const struct tu102_mmu_pages *p)
{
	u32 status;

	nv_wr32(ndev, NVX_PFB_SYSMEM_FLUSH_PAGE, p->flush_dma >> 8);
	nv_wr32(ndev, NV_PFB_PRI_MMU_DEBUG_WR,
		NV_NUM(NV_PFB_PRI_MMU_DEBUG_WR_ADDR, p->debug.addr >> 12));
	nv_wr32(ndev, NV_PFB_PRI_MMU_DEBUG_RD,
		NV_NUM(NV_PFB_PRI_MMU_DEBUG_RD_ADDR, (p->debug.addr + SZ_4K) >> 12));
	nv_wr32(ndev, VF(NV_VIRTUAL_FUNCTION_PRIV_BAR1_BLOCK),
		NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_BAR1_BLOCK_MODE, _PHYSICAL));
	return read_poll_timeout(nv_rd32, status, !(status & BAR1_BIND_BUSY), 10,
				 2 * USEC_PER_SEC, false, ndev,
				 VF(NV_VIRTUAL_FUNCTION_PRIV_BIND_STATUS));
}

int tu102_mmu_resume(struct nouveau_device *ndev)
{
	return mmu_setup(ndev, ndev->mmu_pages);
}

/**
 * tu102_mmu_init() - flush page, debug pages, BAR1 as a plain window
 * @ndev: the device; VRAM is up
 *
 * The flush page is where a system-memory flush of the GPU writes; the debug
 * pages take accesses that sparse entries redirect.
 *
 * Return: 0 or a negative errno.
 */
int tu102_mmu_init(struct nouveau_device *ndev)
{
	struct tu102_mmu_pages *p = kzalloc_obj(*p);
	int err;

	if (!p)
		return -ENOMEM;
	p->flush = dma_alloc_coherent(&ndev->pdev->dev, PAGE_SIZE, &p->flush_dma, GFP_KERNEL);
	if (!p->flush) {
		err = -ENOMEM;
		goto err_free;
	}
	err = nouveau_mem_new(ndev, 2 * SZ_4K, SZ_4K, &p->debug);
	if (err)
		goto err_flush;

	err = mmu_setup(ndev, p);
	if (err)
		goto err_debug;
	ndev->mmu_pages = p;
	return 0;

err_debug:
	nouveau_mem_del(ndev, &p->debug);
err_flush:
	dma_free_coherent(&ndev->pdev->dev, PAGE_SIZE, p->flush, p->flush_dma);
err_free:
	kfree(p);
	return err;
}

void tu102_mmu_fini(struct nouveau_device *ndev)
{
	struct tu102_mmu_pages *p = ndev->mmu_pages;

	nv_wr32(ndev, NVX_PFB_SYSMEM_FLUSH_PAGE, 0);
	nv_wr32(ndev, NV_PFB_PRI_MMU_DEBUG_WR, 0);
	nv_wr32(ndev, NV_PFB_PRI_MMU_DEBUG_RD, 0);
	nouveau_mem_del(ndev, &p->debug);
	dma_free_coherent(&ndev->pdev->dev, PAGE_SIZE, p->flush, p->flush_dma);
	ndev->mmu_pages = NULL;
	kfree(p);
}

/* Hard interrupt context. */
static void bus_error(void *data)
{
	struct nouveau_device *ndev = data;
	u32 status = nv_rd32(ndev, NV_PBUS_INTR_0) & PBUS_ERRORS;
	u32 where = nv_rd32(ndev, NV_PTIMER_PRI_TIMEOUT_SAVE_0);

	drm_err_ratelimited(&ndev->drm, "register %s of 0x%06x failed (0x%08x): 0x%08x\n",
			    NV_GET(where, NV_PTIMER_PRI_TIMEOUT_SAVE_0_WRITE) ? "write" : "read",
			    NV_GET(where, NV_PTIMER_PRI_TIMEOUT_SAVE_0_ADDR) << 2, status,
			    nv_rd32(ndev, NV_PTIMER_PRI_TIMEOUT_SAVE_1));
	nv_wr32(ndev, NV_PTIMER_PRI_TIMEOUT_SAVE_0, 0);
	nv_wr32(ndev, NV_PBUS_INTR_0, status);
}

int tu102_bus_init(struct nouveau_device *ndev)
{
	int err;

	err = nouveau_irq_add(ndev, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_PBUS_VECTOR, bus_error, ndev);
	if (err)
		return err;
	nv_wr32(ndev, NV_PBUS_INTR_0, ~0u);
	nv_wr32(ndev, NV_PBUS_INTR_EN_0, PBUS_ERRORS);
	return 0;
}

void tu102_bus_fini(struct nouveau_device *ndev)
{
	nv_wr32(ndev, NV_PBUS_INTR_EN_0, 0);
	nouveau_irq_del(ndev, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_PBUS_VECTOR);
}
