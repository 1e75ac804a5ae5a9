/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_ACCESS_SERVICE_H__
#define __NOUVEAU_ACCESS_SERVICE_H__

struct dentry;
struct nouveau_device;
struct seq_file;

/* Brings to VRAM what the GPU keeps reaching for in system memory. */
int nouveau_access_init(struct nouveau_device *ndev);
void nouveau_access_fini(struct nouveau_device *ndev);

void nouveau_access_debugfs_init(struct nouveau_device *ndev, struct dentry *root);
void nouveau_access_debugfs_show(struct nouveau_device *ndev, struct seq_file *m);

#endif
