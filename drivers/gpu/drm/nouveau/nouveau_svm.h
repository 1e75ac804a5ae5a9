/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_SVM_H__
#define __NOUVEAU_SVM_H__

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct nouveau_device;
struct nouveau_svm_mm;
struct nouveau_vm;

int nouveau_svm_device_init(struct nouveau_device *ndev);
void nouveau_svm_device_fini(struct nouveau_device *ndev);

/* Mirror current->mm in @vm. -EBUSY when it is on already, -EINVAL for a bad hole. */
int nouveau_svm_enable(struct nouveau_vm *vm, u64 unmanaged_addr, u64 unmanaged_size);
/* Stop mirroring; the vm's last reference or file close calls it. Sleeps. */
void nouveau_svm_disable(struct nouveau_svm_mm *svm);

int nouveau_svm_ioctl_init(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_svm_ioctl_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif
