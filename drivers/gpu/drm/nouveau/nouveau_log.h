/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_LOG_H__
#define __NOUVEAU_LOG_H__

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_nouveau_fault_entry;
struct nouveau_log;

/* The log of refused accesses of one file. NULL without memory. */
struct nouveau_log *nouveau_log_new(void);
void nouveau_log_del(struct nouveau_log *log);
/* Add a copy of @e, whose time is filled in, and signal the eventfd. Any context. */
void nouveau_log_add(struct nouveau_log *log, const struct drm_nouveau_fault_entry *e);

int nouveau_ioctl_fault_log(struct drm_device *drm, void *data, struct drm_file *file);

#endif
