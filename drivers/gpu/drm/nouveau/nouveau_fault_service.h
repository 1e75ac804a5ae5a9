/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_FAULT_SERVICE_H__
#define __NOUVEAU_FAULT_SERVICE_H__

struct nouveau_device;
struct seq_file;

/* The conductor: drains the fault buffers and has every fault served. */
int nouveau_fault_init(struct nouveau_device *ndev);
/* Stops draining. Whatever still faults stays parked. */
void nouveau_fault_fini(struct nouveau_device *ndev);

void nouveau_fault_debugfs_show(struct nouveau_device *ndev, struct seq_file *m);

#endif
