/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_UAPI_H__
#define __NOUVEAU_UAPI_H__

struct drm_device;
struct drm_file;
struct file;
struct nouveau_client;

/* Per-file state: channels and NVIF objects. client->ndev and ->vm are set before. */
int nouveau_uapi_open(struct nouveau_client *client);
/* Frees every channel; jobs in flight get a moment to finish, then their channel dies. */
void nouveau_uapi_close(struct nouveau_client *client);

int nouveau_ioctl_getparam(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_ioctl_channel_alloc(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_ioctl_channel_free(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_ioctl_pushbuf(struct drm_device *drm, void *data, struct drm_file *file);

/*
 * NVIF: variable-sized, so it does not go through drm_ioctl()'s table. The
 * file_operations' unlocked_ioctl calls it for _IOC_NR(cmd) == 0x47.
 */
long nouveau_ioctl_nvif(struct file *filp, unsigned int cmd, unsigned long arg);

#endif
