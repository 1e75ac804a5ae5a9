/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_DMEM_H__
#define __NOUVEAU_DMEM_H__

#include <linux/types.h>

struct nouveau_device;

int nouveau_dmem_init(struct nouveau_device *ndev);
/* Moves every device page home first; no user of SVM may be left. */
void nouveau_dmem_fini(struct nouveau_device *ndev);

#endif
