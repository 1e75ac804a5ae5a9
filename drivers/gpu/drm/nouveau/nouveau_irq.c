// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Interrupt tree: one MSI, 256 vectors in 8 leaves of 32 bits, two leaves to a
 * subtree. The top half finds which vectors are pending, clears them and calls
 * their handlers; handlers run in hard interrupt context and wake bottom halves.
 *
 * The message goes out when a subtree becomes pending, once; then its gate is
 * shut until NVX_XVE_MSI_REARM. So the top half need not disarm anything: what
 * becomes pending meanwhile is sent when the gate opens, and that is the last
 * thing it does. Within a subtree only the first vector makes it pending, so
 * before the gate opens every subtree that was served has to be seen empty.
 *
 * Each register access is trapped under virtualisation, and a fault storm is an
 * interrupt storm, hence:
 *   leaves in which nothing is enabled are not read;
 *   a vector that is alone in its subtree is known by the subtree's bit;
 *   a vector may hold its subtree (nouveau_irq_add_held()): the top half reads and
 *   clears nothing, so that the subtree stays pending and makes no message, until
 *   whoever serves it has nothing left to do (nouveau_irq_release()) and sees to
 *   what else has come in there: blindly, if all that can have is looked for in
 *   memory anyway (nouveau_irq_add_polled()).
 *
 * A message that gets lost would be the last one, since nothing re-arms the MSI.
 * Hence a watchdog: once a second without an interrupt it looks whether the tree
 * waits for one.
 *
 * Locks: irq->lock (leaf) serialises enabling; the handler table is read
 * without it. nouveau_irq_del() waits for a running top half.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
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
	u32 polled[LEAVES];	/* may be called for nothing; protected like enabled */
	u16 holder[LEAVES / 2];	/* vector that may hold the subtree, or VECTORS */
	atomic_t held;		/* subtrees that are */
	struct delayed_work watchdog;
	u64 seen;		/* interrupts at its last look */
	struct nouveau_irq_handler handler[VECTORS];
};

#define WATCHDOG_PERIOD		HZ
/* How long a message may be under way: an emulated CPU can be late by much. */
#define WATCHDOG_GRACE_MS	25
#define WATCHDOG_LOOKS		10

static void irq_call(struct nouveau_irq *irq, unsigned int vector)
{
	struct nouveau_irq_handler *h = &irq->handler[vector];
	/* Pairs with irq_add(): fn is visible after data. */
	nouveau_irq_fn fn = smp_load_acquire(&h->fn);

	if (fn)
		fn(h->data);
}

/* Clears what is pending and calls its handlers; false when there was nothing. */
static bool irq_leaf(struct nouveau_irq *irq, unsigned int leaf)
{
	u32 enabled = READ_ONCE(irq->enabled[leaf]);
	unsigned long pending = enabled ? nv_rd32(irq->ndev, LEAF(leaf)) & enabled : 0;
	unsigned int bit;

	if (!pending)
		return false;
	/* Before the handlers: an event during one of them sets its bit anew. */
	nv_wr32(irq->ndev, LEAF(leaf), pending);
	for_each_set_bit(bit, &pending, 32)
		irq_call(irq, leaf * 32 + bit);
	return true;
}

/* The only vector enabled in a subtree, or VECTORS. */
static unsigned int irq_alone(const struct nouveau_irq *irq, unsigned int subtree)
{
	u64 enabled = READ_ONCE(irq->enabled[subtree * 2]) |
		      (u64)READ_ONCE(irq->enabled[subtree * 2 + 1]) << 32;

	return is_power_of_2(enabled) ? subtree * 64 + __ffs64(enabled) : VECTORS;
}

static void irq_subtree(struct nouveau_irq *irq, unsigned int subtree)
{
	struct nouveau_device *ndev = irq->ndev;
	unsigned int vector = READ_ONCE(irq->holder[subtree]);

	if (vector < VECTORS) {
		/* Whichever it was: the one who releases it will see. */
		atomic_or(BIT(subtree), &irq->held);
		irq_call(irq, vector);
		return;
	}
	vector = irq_alone(irq, subtree);
	if (vector < VECTORS) {
		nv_wr32(ndev, LEAF(vector / 32), BIT(vector % 32));
		irq_call(irq, vector);
		return;
	}
	/* What came between reading a leaf and clearing it has made no message. */
	if (!(irq_leaf(irq, subtree * 2) | irq_leaf(irq, subtree * 2 + 1)) ||
	    !(irq_leaf(irq, subtree * 2) | irq_leaf(irq, subtree * 2 + 1)))
		return;
	/* Busy, or a level that its handler has not lowered: be called again. */
	nv_wr32(ndev, TOP_EN_CLEAR, BIT(subtree));
	nv_wr32(ndev, TOP_EN_SET, BIT(subtree));
}

static irqreturn_t irq_top_half(int line, void *data)
{
	struct nouveau_irq *irq = data;
	struct nouveau_device *ndev = irq->ndev;
	unsigned long top;
	unsigned int i;

	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_INTERRUPT);
	top = nv_rd32(ndev, TOP) & SUBTREES & ~atomic_read(&irq->held);
	for_each_set_bit(i, &top, LEAVES / 2)
		irq_subtree(irq, i);
	nv_wr32(ndev, NVX_XVE_MSI_REARM, 0);
	return IRQ_HANDLED;
}

static u64 irq_total(struct nouveau_irq *irq)
{
	return atomic64_read(&irq->ndev->stats.v[NOUVEAU_STAT_INTERRUPT]);
}

/* Pending, and no interrupt comes although there was time for one. */
static bool irq_is_lost(struct nouveau_irq *irq)
{
	unsigned int i;

	for (i = 0; i < WATCHDOG_LOOKS; i++) {
		if (irq_total(irq) != irq->seen ||
		    !(nv_rd32(irq->ndev, TOP) & SUBTREES & ~atomic_read(&irq->held)))
			return false;
		msleep(WATCHDOG_GRACE_MS);
	}
	return irq_total(irq) == irq->seen;
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

enum irq_kind {
	IRQ_PLAIN,
	IRQ_HELD,		/* may hold its subtree; polled as well */
	IRQ_POLLED,
};

static int irq_add(struct nouveau_device *ndev, unsigned int vector, nouveau_irq_fn fn, void *data,
		   enum irq_kind kind)
{
	struct nouveau_irq *irq = ndev->irq;
	unsigned int leaf = vector / 32;

	if (vector >= VECTORS)
		return -EINVAL;

	guard(spinlock_irqsave)(&irq->lock);
	if (irq->handler[vector].fn)
		return -EBUSY;
	irq->handler[vector].data = data;
	/* Who sees fn sees data: irq_call(). */
	smp_store_release(&irq->handler[vector].fn, fn);
	WRITE_ONCE(irq->enabled[leaf], irq->enabled[leaf] | BIT(vector % 32));
	if (kind != IRQ_PLAIN)
		WRITE_ONCE(irq->polled[leaf], irq->polled[leaf] | BIT(vector % 32));
	if (kind == IRQ_HELD)
		WRITE_ONCE(irq->holder[leaf / 2], vector);
	/* What was latched while nobody cared is stale. */
	nv_wr32(ndev, LEAF(leaf), BIT(vector % 32));
	nv_wr32(ndev, LEAF_EN_SET(leaf), BIT(vector % 32));
	return 0;
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
	return irq_add(ndev, vector, fn, data, IRQ_PLAIN);
}

/**
 * nouveau_irq_add_held() - the same for a vector whose server polls
 * @ndev: the device
 * @vector: 0..255
 * @fn: called in hard interrupt context; after it no more interrupts need come
 *	until nouveau_irq_release(), though they may
 * @data: its argument
 *
 * Return: 0, -EINVAL, -EBUSY when the vector has a handler.
 */
int nouveau_irq_add_held(struct nouveau_device *ndev, unsigned int vector, nouveau_irq_fn fn,
			 void *data)
{
	return irq_add(ndev, vector, fn, data, IRQ_HELD);
}

/**
 * nouveau_irq_add_polled() - the same for a vector whose server looks in memory
 * @ndev: the device
 * @vector: 0..255
 * @fn: called in hard interrupt context, after the vector was cleared; also when a
 *	subtree is released that it shares, whether or not there is anything
 * @data: its argument
 *
 * Return: 0, -EINVAL, -EBUSY when the vector has a handler.
 */
int nouveau_irq_add_polled(struct nouveau_device *ndev, unsigned int vector, nouveau_irq_fn fn,
			   void *data)
{
	return irq_add(ndev, vector, fn, data, IRQ_POLLED);
}

/*
 * The only leaf of a subtree with anything enabled, all of which is polled: it can
 * be cleared without a look at it. LEAVES if there is none.
 */
static unsigned int irq_polled_leaf_locked(const struct nouveau_irq *irq, unsigned int subtree)
{
	unsigned int leaf = subtree * 2 + !irq->enabled[subtree * 2];

	lockdep_assert_held(&irq->lock);
	if (leaf % 2 == 0 && irq->enabled[leaf + 1])
		return LEAVES;
	return irq->enabled[leaf] & ~irq->polled[leaf] ? LEAVES : leaf;
}

/* Clear all of a subtree and call who shares it with @vector; false if that won't do. */
static bool irq_release_polled(struct nouveau_irq *irq, unsigned int vector)
{
	unsigned long others;
	unsigned int leaf, bit;

	scoped_guard(spinlock_irqsave, &irq->lock) {
		leaf = irq_polled_leaf_locked(irq, vector / 64);
		if (leaf == LEAVES)
			return false;
		others = irq->enabled[leaf];
		/* What comes from here on makes a message; what came is looked for. */
		nv_wr32(irq->ndev, LEAF(leaf), others);
	}
	__clear_bit(vector % 32, &others);
	guard(irqsave)();
	for_each_set_bit(bit, &others, 32)
		irq_call(irq, leaf * 32 + bit);
	return true;
}

/**
 * nouveau_irq_release() - interrupts of a held vector may come again
 * @ndev: the device
 * @vector: as given to nouveau_irq_add_held()
 *
 * What happened while it was held makes no interrupt: look once more. Calls the
 * handlers of what else came in the same subtree. Process context.
 */
void nouveau_irq_release(struct nouveau_device *ndev, unsigned int vector)
{
	struct nouveau_irq *irq = ndev->irq;
	unsigned int subtree = vector / 64, tries = 4;

	/*
	 * First the note, then the latch: an interrupt in between takes note
	 * again and calls the handler, which has its server look and come here.
	 */
	if (!(atomic_fetch_andnot(BIT(subtree), &irq->held) & BIT(subtree)))
		return;
	if (irq_release_polled(irq, vector))
		return;
	nv_wr32(ndev, LEAF(vector / 32), BIT(vector % 32));
	/* Only when all of it is seen clear does the next one make a message. */
	guard(irqsave)();
	while (irq_leaf(irq, subtree * 2) | irq_leaf(irq, subtree * 2 + 1)) {
		if (--tries)
			continue;
		nv_wr32(ndev, TOP_EN_CLEAR, BIT(subtree));
		nv_wr32(ndev, TOP_EN_SET, BIT(subtree));
		return;
	}
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
	WRITE_ONCE(irq->polled[leaf], irq->polled[leaf] & ~BIT(vector % 32));
	nv_wr32(ndev, LEAF_EN_CLEAR(leaf), BIT(vector % 32));
	WRITE_ONCE(irq->handler[vector].fn, NULL);
	if (irq->holder[leaf / 2] == vector) {
		WRITE_ONCE(irq->holder[leaf / 2], VECTORS);
		atomic_andnot(BIT(leaf / 2), &irq->held);
	}
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

static void irq_arm(struct nouveau_irq *irq)
{
	nv_wr32(irq->ndev, NVX_XVE_MSI_REARM, 0);
	nv_wr32(irq->ndev, TOP_EN_SET, SUBTREES);
	schedule_delayed_work(&irq->watchdog, WATCHDOG_PERIOD);
}

void nouveau_irq_suspend(struct nouveau_device *ndev)
{
	cancel_delayed_work_sync(&ndev->irq->watchdog);
	irq_quiesce(ndev);
	synchronize_irq(ndev->irq->line);
}

int nouveau_irq_resume(struct nouveau_device *ndev)
{
	irq_quiesce(ndev);
	irq_arm(ndev->irq);
	return 0;
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
	memset16(irq->holder, VECTORS, ARRAY_SIZE(irq->holder));
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
	INIT_DELAYED_WORK(&irq->watchdog, irq_watchdog);
	irq_arm(irq);
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
