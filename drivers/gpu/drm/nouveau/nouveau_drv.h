/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_DRV_H__
#define __NOUVEAU_DRV_H__

struct drm_driver;
struct nouveau_device;
struct pci_dev;

extern const struct drm_driver nouveau_drm_driver;

/* nouveau_device.c: all stages up, or all down again. */
int nouveau_device_probe(struct pci_dev *pdev);
void nouveau_device_remove(struct pci_dev *pdev);
/* System sleep. */
int nouveau_device_suspend(struct nouveau_device *ndev);
int nouveau_device_resume(struct nouveau_device *ndev);

/* nouveau_debugfs.c: before the device is registered. */
void nouveau_debugfs_init(struct nouveau_device *ndev);

#endif
