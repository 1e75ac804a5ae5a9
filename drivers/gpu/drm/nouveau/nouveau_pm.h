/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_PM_H__
#define __NOUVEAU_PM_H__

struct nouveau_device;

int nouveau_pm_quiesce(struct nouveau_device *ndev);
void nouveau_pm_restart(struct nouveau_device *ndev);

#endif
