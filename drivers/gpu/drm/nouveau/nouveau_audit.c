// SPDX-License-Identifier: GPL-2.0 OR MIT
/* See nouveau_audit.h. What is found is a WARN, which fails a guest's run. */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <drm/drm_print.h>

#include "nouveau_audit.h"
#include "nouveau_device.h"

struct nouveau_audit {
	spinlock_t lock;	/* leaf, any context */
	unsigned long n;
	struct {
		unsigned int n;	/* addresses that lead to it; several after a fork() */
		const void *as;	/* address space of the last of them */
		u64 va;
	} page[] __counted_by(n);
};

/* A slot holds the VRAM address of a page with this bit, or 0. */
#define SLOT_USED	BIT_ULL(0)

/**
 * nouveau_audit_init - begin to keep record
 * @ndev: the GPU
 * @bytes: of VRAM
 *
 * Return: 0 or -ENOMEM.
 */
int nouveau_audit_init(struct nouveau_device *ndev, u64 bytes)
{
	struct nouveau_audit *audit = kvzalloc_flex(*audit, page, bytes >> PAGE_SHIFT);

	if (!audit)
		return -ENOMEM;
	audit->n = bytes >> PAGE_SHIFT;
	spin_lock_init(&audit->lock);
	ndev->audit = audit;
	return 0;
}

void nouveau_audit_fini(struct nouveau_device *ndev)
{
	kvfree(ndev->audit);
	ndev->audit = NULL;
}

/**
 * nouveau_audit_map - an address leads to a page now
 * @ndev: the GPU
 * @as: address space; a cookie
 * @va: address
 * @slot: of that address: where it led before, and leads from here on
 * @pa: address of a page in VRAM; 0: to something else
 */
void nouveau_audit_map(struct nouveau_device *ndev, const void *as, u64 va, u64 *slot, u64 pa)
{
	struct nouveau_audit *audit = ndev->audit;
	unsigned long i = pa >> PAGE_SHIFT;
	u64 old = *slot;

	*slot = pa ? pa | SLOT_USED : 0;
	if (old == *slot)
		return;
	WARN(old, "0x%llx leads to another page than 0x%llx, and was never taken away\n", va,
	     old & ~SLOT_USED);
	guard(spinlock_irqsave)(&audit->lock);
	if (old)
		audit->page[old >> PAGE_SHIFT].n--;
	if (!pa)
		return;
	WARN(audit->page[i].n && audit->page[i].as == as,
	     "VRAM 0x%llx of 0x%llx is of 0x%llx as well\n", pa, audit->page[i].va, va);
	audit->page[i].n++;
	audit->page[i].as = as;
	audit->page[i].va = va;
}

/**
 * nouveau_audit_unmap - an address leads nowhere, and no TLB knows better
 * @ndev: the GPU
 * @slot: of that address
 */
void nouveau_audit_unmap(struct nouveau_device *ndev, u64 *slot)
{
	struct nouveau_audit *audit = ndev->audit;

	if (!*slot)
		return;
	guard(spinlock_irqsave)(&audit->lock);
	audit->page[*slot >> PAGE_SHIFT].n--;
	*slot = 0;
}

/**
 * nouveau_audit_pages - pages get another owner
 * @ndev: the GPU
 * @pa: address of the first one in VRAM
 * @n: how many
 * @what: happens to them
 *
 * Nobody may reach them.
 */
void nouveau_audit_pages(struct nouveau_device *ndev, u64 pa, unsigned int n, const char *what)
{
	struct nouveau_audit *audit = ndev->audit;
	unsigned long i = pa >> PAGE_SHIFT;

	guard(spinlock_irqsave)(&audit->lock);
	for (; n--; i++)
		WARN(audit->page[i].n, "VRAM 0x%lx000 is %s while 0x%llx leads to it\n", i, what,
		     audit->page[i].va);
}
