/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_UAPI_H__
#define __NOUVEAU_UAPI_H__

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct file;
struct nouveau_client;
struct nouveau_device;
struct nouveau_exec;
struct nouveau_nvif;

/* Per-file state: channels and NVIF objects. client->ndev and ->vm are set before. */
int nouveau_uapi_open(struct nouveau_client *client);
/* Frees every channel; jobs in flight get a moment to finish, then their channel dies. */
void nouveau_uapi_close(struct nouveau_client *client);

/* Channel @id of this file with a reference, or NULL. */
struct nouveau_exec *nouveau_uapi_exec(struct nouveau_client *client, u32 id);

int nouveau_ioctl_getparam(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_ioctl_channel_alloc(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_ioctl_channel_free(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_ioctl_pushbuf(struct drm_device *drm, void *data, struct drm_file *file);

/* Objects of a file (nouveau_nvif.c). */
struct nouveau_nvif *nouveau_nvif_new(void);
void nouveau_nvif_del(struct nouveau_nvif *nvif);
struct nouveau_nvif *nouveau_uapi_nvif(struct nouveau_client *client);
/* Forget the objects on channel @chid. */
void nouveau_nvif_forget(struct nouveau_nvif *nvif, u32 chid);

/*
 * NVIF: variable-sized, so it does not go through drm_ioctl()'s table. The
 * file_operations' unlocked_ioctl calls it for _IOC_NR(cmd) == 0x47.
 */
long nouveau_ioctl_nvif(struct file *filp, unsigned int cmd, unsigned long arg);

#endif
