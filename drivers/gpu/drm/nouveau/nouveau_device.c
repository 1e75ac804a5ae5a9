// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A device's life: the stages of probe as one table, in order; remove and a
 * failed probe run the same table backwards. A stage's fini is called exactly
 * when its init succeeded. Stage "tables" stands where the last user of page
 * tables that belongs to the device is gone: those of open files are cut off,
 * so that closing them needs neither TLBs nor BAR1.
 *
 * Files may stay open after remove. Each stage's fini leaves its block in a
 * state that the ioctls and closes of such files can still meet; the memory
 * itself goes with the last reference to the DRM device.
 */
#include <linux/dma-mapping.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "nouveau_access_service.h"
#include "nouveau_chan.h"
#include "nouveau_copy.h"
#include "nouveau_device.h"
#include "nouveau_dmem.h"
#include "nouveau_drv.h"
#include "nouveau_evict.h"
#include "nouveau_fault_service.h"
#include "nouveau_irq.h"
#include "nouveau_pm.h"
#include "nouveau_pt.h"
#include "nouveau_svm.h"
#include "nouveau_vram.h"
#include "tu102_bar2.h"
#include "tu102_boot.h"
#include "tu102_tlb.h"

#define BAR0_RESOURCE	0
#define BAR0_BYTES	SZ_16M
#define DMA_BITS	47

static int stage_pci_init(struct nouveau_device *ndev)
{
	struct pci_dev *pdev = ndev->pdev;
	int err;

	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(DMA_BITS));
	if (err)
		return err;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	err = pci_enable_device(pdev);
	if (err)
		return err;
	err = pci_request_regions(pdev, "nouveau");
	if (err)
		goto err_disable;
	if (pci_resource_len(pdev, BAR0_RESOURCE) < BAR0_BYTES) {
		err = -ENODEV;
		goto err_regions;
	}
	ndev->mmio = pci_iomap(pdev, BAR0_RESOURCE, BAR0_BYTES);
	if (!ndev->mmio) {
		err = -ENOMEM;
		goto err_regions;
	}
	pci_set_master(pdev);
	return 0;

err_regions:
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return err;
}

static void stage_pci_fini(struct nouveau_device *ndev)
{
	struct pci_dev *pdev = ndev->pdev;

	pci_clear_master(pdev);
	pci_iounmap(pdev, ndev->mmio);
	ndev->mmio = NULL;
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}

static int stage_drm_init(struct nouveau_device *ndev)
{
	nouveau_debugfs_init(ndev);
	return drm_dev_register(&ndev->drm, 0);
}

static void stage_drm_fini(struct nouveau_device *ndev)
{
	/* No new ioctl and no CPU mapping of VRAM from here on. */
	drm_dev_unplug(&ndev->drm);
	/* Channels of open files leave the hardware while their faults are still served. */
	nouveau_chan_stop_clients(ndev);
}

/* The PCI core has restored configuration space. */
static int stage_pci_resume(struct nouveau_device *ndev)
{
	pci_set_master(ndev->pdev);
	return 0;
}

static int stage_boot_resume(struct nouveau_device *ndev)
{
	int err = tu102_boot_init(ndev);

	if (err)
		return err;
	ndev->power_lost = !tu102_bar2_is_bound(ndev);
	return 0;
}

static int stage_vram_resume(struct nouveau_device *ndev)
{
	if (ndev->power_lost)
		nouveau_vram_restore(ndev);
	return 0;
}

/*
 * @suspend and @resume are for stages that hold something of clients or of the
 * hardware which init and fini cannot be used for; NULL: nothing to do.
 */
struct nouveau_stage {
	const char *name;
	int (*init)(struct nouveau_device *ndev);
	void (*fini)(struct nouveau_device *ndev);
	void (*suspend)(struct nouveau_device *ndev);
	int (*resume)(struct nouveau_device *ndev);
};

static const struct nouveau_stage stages[] = {
	{ "pci", stage_pci_init, stage_pci_fini, NULL, stage_pci_resume },
	{ "boot", tu102_boot_init, NULL, NULL, stage_boot_resume },
	{ "vram", nouveau_vram_init, nouveau_vram_fini, nouveau_vram_save, stage_vram_resume },
	{ "mmu", tu102_mmu_init, tu102_mmu_fini, NULL, tu102_mmu_resume },
	{ "tlb", tu102_tlb_init, tu102_tlb_fini },
	{ "tables", NULL, nouveau_pt_detach_all },
	{ "bar2", tu102_bar2_init, tu102_bar2_fini, NULL, tu102_bar2_resume },
	{ "irq", nouveau_irq_init, nouveau_irq_fini, nouveau_irq_suspend, nouveau_irq_resume },
	{ "bus", tu102_bus_init, tu102_bus_fini, tu102_bus_fini, tu102_bus_init },
	{ "channels", nouveau_chan_init, nouveau_chan_fini,
	  nouveau_chan_suspend, nouveau_chan_resume },
	{ "copy", nouveau_copy_init, nouveau_copy_fini, nouveau_copy_fini, nouveau_copy_init },
	{ "dmem", nouveau_dmem_init, nouveau_dmem_fini },
	{ "evict", nouveau_evict_init, nouveau_evict_fini },
	{ "faults", nouveau_fault_init, nouveau_fault_fini,
	  nouveau_fault_fini, nouveau_fault_init },
	{ "svm", nouveau_svm_device_init, nouveau_svm_device_fini },
	{ "access", nouveau_access_init, nouveau_access_fini,
	  nouveau_access_fini, nouveau_access_init },
	{ "drm", stage_drm_init, stage_drm_fini },
};

static void stages_fini(struct nouveau_device *ndev, unsigned int n)
{
	while (n--) {
		if (stages[n].fini)
			stages[n].fini(ndev);
		nv_dbg(ndev, "%s is down\n", stages[n].name);
	}
}

/**
 * nouveau_device_probe() - bring a GPU up
 * @pdev: the PCI function
 *
 * Return: 0 or a negative errno, with everything undone.
 */
int nouveau_device_probe(struct pci_dev *pdev)
{
	struct nouveau_device *ndev;
	unsigned int i;
	int err;

	ndev = devm_drm_dev_alloc(&pdev->dev, &nouveau_drm_driver, struct nouveau_device, drm);
	if (IS_ERR(ndev))
		return PTR_ERR(ndev);
	ndev->pdev = pdev;
	pci_set_drvdata(pdev, ndev);

	for (i = 0; i < ARRAY_SIZE(stages); i++) {
		err = stages[i].init ? stages[i].init(ndev) : 0;
		if (err) {
			drm_err(&ndev->drm, "probe failed at %s: %pe\n", stages[i].name,
				ERR_PTR(err));
			stages_fini(ndev, i);
			return err;
		}
		nv_dbg(ndev, "%s is up\n", stages[i].name);
	}
	return 0;
}

void nouveau_device_remove(struct pci_dev *pdev)
{
	stages_fini(pci_get_drvdata(pdev), ARRAY_SIZE(stages));
}

/**
 * nouveau_device_suspend() - put the GPU to sleep
 * @ndev: the GPU; processes are frozen
 *
 * Return: 0, or an errno with the GPU working on.
 */
int nouveau_device_suspend(struct nouveau_device *ndev)
{
	unsigned int n = ARRAY_SIZE(stages);
	int err = nouveau_pm_quiesce(ndev);

	if (err)
		return err;
	while (n--)
		if (stages[n].suspend)
			stages[n].suspend(ndev);
	return 0;
}

/**
 * nouveau_device_resume() - wake the GPU up
 * @ndev: the GPU, as nouveau_device_suspend() left it
 *
 * Return: 0; an errno when the hardware does not come back: the device is unplugged
 * then, with all memory of processes in RAM.
 */
int nouveau_device_resume(struct nouveau_device *ndev)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(stages); i++) {
		err = stages[i].resume ? stages[i].resume(ndev) : 0;
		if (!err)
			continue;
		drm_err(&ndev->drm, "resume failed at %s: %pe\n", stages[i].name, ERR_PTR(err));
		drm_dev_unplug(&ndev->drm);
		return err;
	}
	drm_info(&ndev->drm, "awake, %s\n",
		 ndev->power_lost ? "after a loss of power" : "state kept");
	nouveau_pm_restart(ndev);
	return 0;
}
