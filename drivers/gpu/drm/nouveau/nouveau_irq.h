/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_IRQ_H__
#define __NOUVEAU_IRQ_H__

#include <linux/types.h>

struct nouveau_device;

/* Runs in hard interrupt context; schedules its own bottom half. */
typedef void (*nouveau_irq_fn)(void *data);

int nouveau_irq_init(struct nouveau_device *ndev);
void nouveau_irq_fini(struct nouveau_device *ndev);
/* System sleep; no vector is hooked. */
void nouveau_irq_suspend(struct nouveau_device *ndev);
int nouveau_irq_resume(struct nouveau_device *ndev);
/* Hook and enable interrupt vector @vector (0..255); -EBUSY when taken. */
int nouveau_irq_add(struct nouveau_device *ndev, unsigned int vector, nouveau_irq_fn fn,
		    void *data);
/*
 * For a server that polls until it is idle: after an interrupt no more need come
 * until it calls nouveau_irq_release() and then looks once more.
 */
int nouveau_irq_add_held(struct nouveau_device *ndev, unsigned int vector, nouveau_irq_fn fn,
			 void *data);
void nouveau_irq_release(struct nouveau_device *ndev, unsigned int vector);
/* For a server that looks in memory: @fn may be called although nothing happened. */
int nouveau_irq_add_polled(struct nouveau_device *ndev, unsigned int vector, nouveau_irq_fn fn,
			   void *data);
/* Disable, wait for a running handler, unhook. */
void nouveau_irq_del(struct nouveau_device *ndev, unsigned int vector);

#endif
