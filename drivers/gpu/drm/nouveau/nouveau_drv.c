// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The edge of the driver: module, PCI table, DRM driver, files, ioctl table.
 */
#include <linux/compat.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_print.h>
#include <drm/nouveau_drm.h>
#include <drm/ttm/ttm_placement.h>

#include <nvhw/undocumented.h>

#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_drv.h"
#include "nouveau_exec.h"
#include "nouveau_gem.h"
#include "nouveau_log.h"
#include "nouveau_svm.h"
#include "nouveau_uapi.h"
#include "nouveau_vm.h"

#define DRIVER_MAJOR		1
#define DRIVER_MINOR		4
#define DRIVER_PATCHLEVEL	1

static bool allow_silicon;
module_param(allow_silicon, bool, 0444);
MODULE_PARM_DESC(allow_silicon,
		 "bind to real boards, on which this driver was never run (default: off)");

bool nouveau_debug;
module_param_named(debug, nouveau_debug, bool, 0644);
MODULE_PARM_DESC(debug, "log stages, address spaces and moves of buffer objects (default: off)");

unsigned int nouveau_job_timeout_ms = 60000;
module_param_named(job_timeout_ms, nouveau_job_timeout_ms, uint, 0644);
MODULE_PARM_DESC(job_timeout_ms,
		 "how long a job of a client may take; of channels made later (default: 60000; 0: for ever)");

unsigned int nouveau_copy_timeout_ms = 10000;
module_param_named(copy_timeout_ms, nouveau_copy_timeout_ms, uint, 0644);
MODULE_PARM_DESC(copy_timeout_ms,
		 "how long a copy of the driver may take before its engine is reset (default: 10000)");

static int nouveau_open(struct drm_device *drm, struct drm_file *file)
{
	struct nouveau_client *client;
	int err, idx;

	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	client = kzalloc_obj(*client);
	if (!client) {
		err = -ENOMEM;
		goto out;
	}
	client->ndev = to_nouveau(drm);
	client->vm = nouveau_vm_new(client->ndev);
	if (IS_ERR(client->vm)) {
		err = PTR_ERR(client->vm);
		goto err_free;
	}
	err = nouveau_uapi_open(client);
	if (err)
		goto err_vm;
	file->driver_priv = client;
	goto out;

err_vm:
	nouveau_vm_put(client->vm);
err_free:
	kfree(client);
out:
	drm_dev_exit(idx);
	return err;
}

static void nouveau_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct nouveau_client *client = nouveau_client(file);
	struct nouveau_svm_mm *svm;

	nouveau_uapi_close(client);
	svm = nouveau_vm_svm(client->vm);
	if (svm)
		nouveau_svm_disable(svm);
	nouveau_vm_put(client->vm);
	kfree(client);
}

/* NVIF's size varies, and drm_ioctl() copies a fixed one: it goes its own way. */
static long nouveau_drm_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct drm_file *file = filp->private_data;

	if (_IOC_TYPE(cmd) != DRM_IOCTL_BASE ||
	    _IOC_NR(cmd) != DRM_COMMAND_BASE + DRM_NOUVEAU_NVIF)
		return drm_ioctl(filp, cmd, arg);
	if (drm_dev_is_unplugged(file->minor->dev))
		return -ENODEV;
	return nouveau_ioctl_nvif(filp, cmd, arg);
}

#ifdef CONFIG_COMPAT
/* The structures of this driver have one layout; those of the core do not. */
static long nouveau_compat_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	if (_IOC_NR(cmd) < DRM_COMMAND_BASE)
		return drm_compat_ioctl(filp, cmd, arg);
	return nouveau_drm_ioctl(filp, cmd, (unsigned long)compat_ptr(arg));
}
#endif

static void fdinfo_memory(struct drm_printer *p, struct drm_file *file)
{
	static const char * const region[] = { [TTM_PL_SYSTEM] = "system", [TTM_PL_TT] = "gtt",
					       [TTM_PL_VRAM] = "vram" };
	struct drm_memory_stats stats[ARRAY_SIZE(region)] = {};
	struct drm_gem_object *gem;
	struct drm_memory_stats *s;
	unsigned int i;
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, gem, id) {
		if (!gem)
			continue;
		s = &stats[READ_ONCE(to_nouveau_bo(gem)->placed)];
		if (drm_gem_object_is_shared_for_memory_stats(gem))
			s->shared += gem->size;
		else
			s->private += gem->size;
		if (s != &stats[TTM_PL_SYSTEM])
			s->resident += gem->size;
		if (!dma_resv_test_signaled(gem->resv, DMA_RESV_USAGE_BOOKKEEP))
			s->active += gem->size;
	}
	spin_unlock(&file->table_lock);

	for (i = 0; i < ARRAY_SIZE(region); i++)
		drm_print_memory_stats(p, &stats[i],
				       DRM_GEM_OBJECT_RESIDENT | DRM_GEM_OBJECT_ACTIVE, region[i]);
}

static void nouveau_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct nouveau_svm_mm *svm;

	fdinfo_memory(p, file);
	svm = nouveau_svm_get(nouveau_client(file)->vm);
	if (!svm)
		return;
	nouveau_svm_fdinfo(svm, p);
	nouveau_svm_put(svm);
}

static const struct drm_ioctl_desc nouveau_ioctls[] = {
	DRM_IOCTL_DEF_DRV(NOUVEAU_GETPARAM, nouveau_ioctl_getparam, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_CHANNEL_ALLOC, nouveau_ioctl_channel_alloc, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_CHANNEL_FREE, nouveau_ioctl_channel_free, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_SVM_INIT, nouveau_svm_ioctl_init, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_SVM_BIND, nouveau_svm_ioctl_bind, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_GEM_NEW, nouveau_gem_ioctl_new, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_GEM_PUSHBUF, nouveau_ioctl_pushbuf, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_GEM_CPU_PREP, nouveau_gem_ioctl_cpu_prep, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_GEM_CPU_FINI, nouveau_gem_ioctl_cpu_fini, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_GEM_INFO, nouveau_gem_ioctl_info, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_SVM_QUERY, nouveau_svm_ioctl_query, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOUVEAU_FAULT_LOG, nouveau_ioctl_fault_log, DRM_RENDER_ALLOW),
};

static const struct file_operations nouveau_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = nouveau_drm_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = nouveau_compat_ioctl,
#endif
	.mmap = drm_gem_mmap,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

const struct drm_driver nouveau_drm_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE,
	.name = "nouveau",
	.desc = "nVidia TU104, shared virtual memory",
	.major = DRIVER_MAJOR,
	.minor = DRIVER_MINOR,
	.patchlevel = DRIVER_PATCHLEVEL,
	.open = nouveau_open,
	.postclose = nouveau_postclose,
	.show_fdinfo = nouveau_show_fdinfo,
	.ioctls = nouveau_ioctls,
	.num_ioctls = ARRAY_SIZE(nouveau_ioctls),
	.fops = &nouveau_fops,
};

static bool board_is_model(const struct pci_dev *pdev)
{
	return pdev->subsystem_vendor == NVX_MODEL_SUBSYSTEM_VENDOR &&
	       pdev->subsystem_device == NVX_MODEL_SUBSYSTEM_DEVICE;
}

static int nouveau_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	if (!board_is_model(pdev)) {
		if (!allow_silicon) {
			pci_err(pdev, "board %04x:%04x is not the TU104 model; no real one has run this driver. allow_silicon=1 overrides\n",
				pdev->subsystem_vendor, pdev->subsystem_device);
			return -ENODEV;
		}
		pci_warn(pdev, "allow_silicon: context-switch firmware, clocks and power are not handled; graphics will not start\n");
	}
	return nouveau_device_probe(pdev);
}

/* TU104 boards; their chip is checked again in probe. */
static const struct pci_device_id nouveau_pci_ids[] = {
	{ PCI_VDEVICE(NVIDIA, 0x1e81) },	/* GeForce RTX 2080 SUPER */
	{ PCI_VDEVICE(NVIDIA, 0x1e82) },	/* GeForce RTX 2080 */
	{ PCI_VDEVICE(NVIDIA, 0x1e84) },	/* GeForce RTX 2070 SUPER */
	{ PCI_VDEVICE(NVIDIA, 0x1e87) },	/* GeForce RTX 2080 */
	{ PCI_VDEVICE(NVIDIA, 0x1eb0) },	/* Quadro RTX 5000 */
	{ PCI_VDEVICE(NVIDIA, 0x1eb1) },	/* Quadro RTX 4000 */
	{ PCI_VDEVICE(NVIDIA, NVX_PCI_DEVICE_TU104_T4) },	/* Tesla T4 */
	{ PCI_VDEVICE(NVIDIA, 0x1ec2) },	/* GeForce RTX 2070 SUPER */
	{ PCI_VDEVICE(NVIDIA, 0x1ec7) },	/* GeForce RTX 2070 SUPER */
	{}
};
MODULE_DEVICE_TABLE(pci, nouveau_pci_ids);

static int nouveau_pm_suspend(struct device *dev)
{
	return nouveau_device_suspend(dev_get_drvdata(dev));
}

static int nouveau_pm_resume(struct device *dev)
{
	return nouveau_device_resume(dev_get_drvdata(dev));
}

static const struct dev_pm_ops nouveau_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(nouveau_pm_suspend, nouveau_pm_resume)
};

static struct pci_driver nouveau_pci_driver = {
	.name = "nouveau",
	.id_table = nouveau_pci_ids,
	.probe = nouveau_pci_probe,
	.remove = nouveau_device_remove,
	.driver.pm = pm_sleep_ptr(&nouveau_pm_ops),
};

static int __init nouveau_init(void)
{
	int err = nouveau_exec_module_init();

	if (err)
		return err;
	err = pci_register_driver(&nouveau_pci_driver);
	if (err)
		nouveau_exec_module_exit();
	return err;
}
module_init(nouveau_init);

static void __exit nouveau_exit(void)
{
	pci_unregister_driver(&nouveau_pci_driver);
	/* Fences free themselves by RCU through code of this module. */
	rcu_barrier();
	nouveau_exec_module_exit();
}
module_exit(nouveau_exit);

MODULE_DESCRIPTION("nVidia TU104 driver with shared virtual memory");
MODULE_LICENSE("Dual MIT/GPL");
