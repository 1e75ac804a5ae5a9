/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_CLIENT_H__
#define __NOUVEAU_CLIENT_H__

#include <linux/mutex.h>
#include <linux/types.h>

struct drm_file;
struct nouveau_abi;
struct nouveau_device;
struct nouveau_vm;

/**
 * struct nouveau_client - one open file
 *
 * Lives from open to postclose. Close goes: handles (DRM core), channels and
 * engine objects (nouveau_uapi_close()), SVM, address space.
 */
struct nouveau_client {
	/** @ndev: the GPU */
	struct nouveau_device *ndev;
	/** @file: the DRM side of this file */
	struct drm_file *file;
	/** @abi: channels and engine objects, private to nouveau_uapi.c */
	struct nouveau_abi *abi;
	/** @lock: makes @vm once; leaf */
	struct mutex lock;
	/** @vm: address space, NULL until something needs one; then constant */
	struct nouveau_vm *vm;
};

/* The client of @file. */
struct nouveau_client *nouveau_client(struct drm_file *file);
/*
 * The address space of @client, made on first use; valid as long as the file
 * is open, take a reference to keep it. ERR_PTR(-ENOMEM or -ENOSPC).
 */
struct nouveau_vm *nouveau_client_vm(struct nouveau_client *client);
/* The same without making one: NULL when there is none yet. */
struct nouveau_vm *nouveau_client_peek_vm(struct nouveau_client *client);

#endif
