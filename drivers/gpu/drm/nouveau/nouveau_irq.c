// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Interrupt tree: one MSI, 256 vectors in 8 leaves of 32 bits, two leaves to a
 * subtree. The top half finds which vectors are pending, clears them and calls
 * their handlers; handlers run in hard interrupt context and wake bottom halves.
 *
 * Order in the top half, and why:
 *   disarm   so that re-arming at the end makes a message for what came between
 *   rearm    the MSI may go out again (it cannot, while disarmed)
 *   clear    before the handler: an event during the handler sets the bit anew.
 *            A level source that its handler has served costs one idle pass
 *   arm      a subtree with something pending sends a message at once
 *
 * Each register access is trapped under virtualisation, so leaves in which
 * nothing is enabled are not read.
 *
 * A message that gets lost would be the last one, since nothing re-arms the MSI.
 * Hence a watchdog: once a second without an interrupt it looks whether the tree
 * waits for one.
 *
 * Locks: irq->lock (leaf) serialises enabling; the handler table is read
 * without it. nouveau_irq_del() waits for a running top half.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_print.h>

#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_vm.h>
#include <nvhw/undocumented.h>

#include "nouveau_device.h"
#include "nouveau_irq.h"

#define LEAVES		8
#define VECTORS		(LEAVES * 32)
#define SUBTREES	0xfu		/* all that TU104 has */

#define VF(reg)		(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + (reg))
#define TOP		VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP(0))
#define TOP_EN_SET	VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP_EN_SET(0))
#define TOP_EN_CLEAR	VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_TOP_EN_CLEAR(0))
#define LEAF(i)		VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF(i))
#define LEAF_EN_SET(i)	VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_EN_SET(i))
#define LEAF_EN_CLEAR(i) VF(NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF_EN_CLEAR(i))

struct nouveau_irq_handler {
	nouveau_irq_fn fn;	/* published last, withdrawn first */
	void *data;
};

struct nouveau_irq {
	struct nouveau_device *ndev;
	int line;
	spinlock_t lock;	/* protects changes of enabled and handler */
	u32 enabled[LEAVES];
	struct delayed_work watchdog;
	u64 seen;		/* interrupts at its last look */
	struct nouveau_irq_handler handler[VECTORS];
};

#define WATCHDOG_PERIOD		HZ
#define WATCHDOG_GRACE_MS	20

static void irq_leaf(struct nouveau_irq *irq, unsigned int leaf)
{
	struct nouveau_device *ndev = irq->ndev;
	struct nouveau_irq_handler *h;
	unsigned long pending;
	nouveau_irq_fn fn;
	unsigned int bit;

	pending = nv_rd32(ndev, LEAF(leaf)) & READ_ONCE(irq->enabled[leaf]);
	if (!pending)
		return;
	nv_wr32(ndev, LEAF(leaf), pending);
	for_each_set_bit(bit, &pending, 32) {
		h = &irq->handler[leaf * 32 + bit];
		/* Pairs with nouveau_irq_add(): fn is visible after data. */
		fn = smp_load_acquire(&h->fn);
		if (fn)
			fn(h->data);
	}
}

static irqreturn_t irq_top_half(int line, void *data)
{
	struct nouveau_irq *irq = data;
	struct nouveau_device *ndev = irq->ndev;
	unsigned int leaf;
	u32 top;

	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_INTERRUPT);
	nv_wr32(ndev, TOP_EN_CLEAR, SUBTREES);
	nv_wr32(ndev, NVX_XVE_MSI_REARM, 0);
	top = nv_rd32(ndev, TOP) & SUBTREES;
	for (leaf = 0; leaf < LEAVES; leaf++)
		if (top & BIT(leaf / 2) && READ_ONCE(irq->enabled[leaf]))
			irq_leaf(irq, leaf);
	nv_wr32(ndev, TOP_EN_SET, SUBTREES);
	return top ? IRQ_HANDLED : IRQ_NONE;
}

static u64 irq_total(struct nouveau_irq *irq)
{
	return atomic64_read(&irq->ndev->stats.v[NOUVEAU_STAT_INTERRUPT]);
}

/* Pending, and no interrupt comes although there was time for one. */
static bool irq_is_lost(struct nouveau_irq *irq)
{
	struct nouveau_device *ndev = irq->ndev;

	if (!(nv_rd32(ndev, TOP) & SUBTREES))
		return false;
	msleep(WATCHDOG_GRACE_MS);
	return irq_total(irq) == irq->seen && nv_rd32(ndev, TOP) & SUBTREES;
}

static void irq_watchdog(struct work_struct *work)
{
	struct nouveau_irq *irq = container_of(to_delayed_work(work), struct nouveau_irq, watchdog);
	u64 count = irq_total(irq);

	if (count == irq->seen && irq_is_lost(irq)) {
		dev_warn_ratelimited(irq->ndev->drm.dev, "an interrupt was lost\n");
		disable_irq(irq->line);
		scoped_guard(irqsave)
			irq_top_half(irq->line, irq);
		enable_irq(irq->line);
	}
	irq->seen = count;
	schedule_delayed_work(&irq->watchdog, WATCHDOG_PERIOD);
}

/**
 * nouveau_irq_add() - hook and enable a vector
 * @ndev: the device
 * @vector: 0..255
 * @fn: called in hard interrupt context, after the vector was cleared
 * @data: its argument
 *
 * Return: 0, -EINVAL, -EBUSY when the vector has a handler.
 */
int nouveau_irq_add(struct nouveau_device *ndev, unsigned int vector, nouveau_irq_fn fn,
		    void *data)
{
	struct nouveau_irq *irq = ndev->irq;
	unsigned int leaf = vector / 32;

	if (vector >= VECTORS)
		return -EINVAL;

	guard(spinlock_irqsave)(&irq->lock);
	if (irq->handler[vector].fn)
		return -EBUSY;
	irq->handler[vector].data = data;
	/* Who sees fn sees data: irq_leaf(). */
	smp_store_release(&irq->handler[vector].fn, fn);
	WRITE_ONCE(irq->enabled[leaf], irq->enabled[leaf] | BIT(vector % 32));
	/* What was latched while nobody cared is stale. */
	nv_wr32(ndev, LEAF(leaf), BIT(vector % 32));
	nv_wr32(ndev, LEAF_EN_SET(leaf), BIT(vector % 32));
	return 0;
}

/**
 * nouveau_irq_del() - disable and unhook a vector
 * @ndev: the device
 * @vector: 0..255; one without handler is left alone
 *
 * When it returns the handler does not run and will not. Sleeps.
 */
void nouveau_irq_del(struct nouveau_device *ndev, unsigned int vector)
{
	struct nouveau_irq *irq = ndev->irq;
	unsigned int leaf = vector / 32;
	unsigned long flags;

	if (!irq || vector >= VECTORS || !irq->handler[vector].fn)
		return;
	spin_lock_irqsave(&irq->lock, flags);
	WRITE_ONCE(irq->enabled[leaf], irq->enabled[leaf] & ~BIT(vector % 32));
	nv_wr32(ndev, LEAF_EN_CLEAR(leaf), BIT(vector % 32));
	WRITE_ONCE(irq->handler[vector].fn, NULL);
	spin_unlock_irqrestore(&irq->lock, flags);
	synchronize_irq(irq->line);
}

static void irq_quiesce(struct nouveau_device *ndev)
{
	unsigned int leaf;

	nv_wr32(ndev, TOP_EN_CLEAR, SUBTREES);
	for (leaf = 0; leaf < LEAVES; leaf++) {
		nv_wr32(ndev, LEAF_EN_CLEAR(leaf), ~0u);
		nv_wr32(ndev, LEAF(leaf), ~0u);
	}
}

/**
 * nouveau_irq_init() - MSI on, tree armed, all vectors disabled
 * @ndev: the device
 *
 * Return: 0 or a negative errno.
 */
int nouveau_irq_init(struct nouveau_device *ndev)
{
	struct nouveau_irq *irq = kzalloc_obj(*irq);
	struct pci_dev *pdev = ndev->pdev;
	int err;

	if (!irq)
		return -ENOMEM;
	irq->ndev = ndev;
	spin_lock_init(&irq->lock);
	irq_quiesce(ndev);

	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		goto err_free;
	irq->line = pci_irq_vector(pdev, 0);
	err = request_irq(irq->line, irq_top_half, 0, "nouveau", irq);
	if (err)
		goto err_vectors;

	ndev->irq = irq;
	nv_wr32(ndev, NVX_XVE_MSI_REARM, 0);
	nv_wr32(ndev, TOP_EN_SET, SUBTREES);
	INIT_DELAYED_WORK(&irq->watchdog, irq_watchdog);
	schedule_delayed_work(&irq->watchdog, WATCHDOG_PERIOD);
	return 0;

err_vectors:
	pci_free_irq_vectors(pdev);
err_free:
	kfree(irq);
	return err;
}

void nouveau_irq_fini(struct nouveau_device *ndev)
{
	struct nouveau_irq *irq = ndev->irq;
	unsigned int vector;

	cancel_delayed_work_sync(&irq->watchdog);
	irq_quiesce(ndev);
	free_irq(irq->line, irq);
	pci_free_irq_vectors(ndev->pdev);
	for (vector = 0; vector < VECTORS; vector++)
		WARN_ONCE(irq->handler[vector].fn, "vector %u is still hooked\n", vector);
	ndev->irq = NULL;
	kfree(irq);
}
