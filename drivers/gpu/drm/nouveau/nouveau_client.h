/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_CLIENT_H__
#define __NOUVEAU_CLIENT_H__

#include <drm/drm_file.h>

struct nouveau_device;
struct nouveau_uapi;
struct nouveau_vm;

/**
 * struct nouveau_client - one open file: drm_file.driver_priv
 *
 * Made by the open hook (nouveau_drv.c). The close hook takes it apart in this
 * order: channels and objects (nouveau_uapi_close), SVM, address space.
 */
struct nouveau_client {
	/** @ndev: the device */
	struct nouveau_device *ndev;
	/** @vm: address space of this file's buffer objects and channels */
	struct nouveau_vm *vm;
	/** @uapi: channels and NVIF objects (nouveau_uapi.c) */
	struct nouveau_uapi *uapi;
};

static inline struct nouveau_client *nouveau_client(struct drm_file *file)
{
	return file->driver_priv;
}

static inline struct nouveau_vm *nouveau_client_vm(struct nouveau_client *client)
{
	return client->vm;
}

#endif
