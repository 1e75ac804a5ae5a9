/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_DMEM_PRIV_H__
#define __NOUVEAU_DMEM_PRIV_H__

/* Shared by nouveau_dmem.c and nouveau_dmem_migrate.c, by nobody else. */
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "nouveau_dmem.h"
#include "nouveau_svm_policy.h"
#include "nouveau_vram.h"

struct nouveau_device;

/* Lists of chunks by what they have to give. */
enum nouveau_dmem_state {
	NOUVEAU_DMEM_EMPTY,		/* everything */
	NOUVEAU_DMEM_GRANULES,		/* a whole 64 KiB at least */
	NOUVEAU_DMEM_PAGES,		/* single pages */
	NOUVEAU_DMEM_FULL,
	NOUVEAU_DMEM_EVICTING,		/* nothing: pages are leaving */
	NOUVEAU_DMEM_DEAD,		/* to be given back */
	NOUVEAU_DMEM_STATES,
};

/**
 * struct nouveau_dmem_chunk - VRAM under device-private pages
 */
struct nouveau_dmem_chunk {
	struct nouveau_chunk vram;
	struct nouveau_dmem *dmem;
	struct list_head link;		/* in dmem->chunks[state] */
	enum nouveau_dmem_state state;
	unsigned int pages;		/* 512 or 16 */
	unsigned int used_pages;
	struct nouveau_mask used;	/* allocated; bits beyond @pages are set */
};

struct nouveau_dmem {
	struct nouveau_device *ndev;
	/** @knobs: of SVM, set when enabled */
	const struct nouveau_svm_knobs *knobs;
	/** @enable_lock: makes the pagemap once */
	struct mutex enable_lock;
	bool enabled;
	struct dev_pagemap pagemap;
	struct resource *res;
	/** @lock: chunks; taken in folio_free(), which may run anywhere */
	spinlock_t lock;
	struct list_head chunks[NOUVEAU_DMEM_STATES];
	/** @free_pages: of all chunks that may give some */
	unsigned long free_pages;
	/** @trim: gives chunks back that became empty */
	struct work_struct trim;
	bool closing;
};

static inline struct nouveau_dmem *page_dmem(struct page *page)
{
	return container_of(page_pgmap(page), struct nouveau_dmem, pagemap);
}

/* nouveau_dmem.c */
unsigned int nouveau_dmem_alloc(struct nouveau_dmem *dmem, const struct nouveau_mask *want,
				unsigned long *dst);
/* A page of nouveau_dmem_alloc() that got no data. */
void nouveau_dmem_unalloc(unsigned long *dst);

/* nouveau_dmem_migrate.c */
vm_fault_t nouveau_dmem_migrate_to_ram(struct vm_fault *vmf);
/* Bring home all that can be moved of @n device PFNs from @first_pfn on. */
int nouveau_dmem_evict(struct nouveau_dmem *dmem, unsigned long first_pfn, unsigned int n,
		       bool may_lose);

#endif
