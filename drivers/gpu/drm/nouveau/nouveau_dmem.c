// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VRAM as memory of processes: the struct pages it gets, and their life.
 *
 * The pagemap covers all of VRAM with device-private pages, so that a page and
 * its VRAM address are tied by arithmetic. Behind the pages stand chunks of the
 * common VRAM manager (nouveau_dmem_chunk.c); data moves by
 * nouveau_dmem_migrate.c (by address), _fault.c (the CPU's fault) and _evict.c
 * (by VRAM address), all of them with the steps in nouveau_dmem_move.c.
 *
 * A page of a process is a folio of 4 KiB, or of 2 MiB where core mm had one.
 * Each knows its chunk by its zone_device_data.
 */
#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nouveau_audit.h"
#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"
#include "nouveau_stats.h"

/* Tries at fini, 20 ms apart, before the log says what is being waited for. */
#define FINI_TRIES	200

void *nouveau_dmem_owner(struct nouveau_device *ndev)
{
	return ndev;
}

u64 nouveau_dmem_page_addr(struct nouveau_device *ndev, struct page *page)
{
	return PFN_PHYS(page_to_pfn(page)) - ndev->dmem->pagemap.range.start;
}

void nouveau_dmem_touch(struct nouveau_device *ndev, struct page *page)
{
	struct nouveau_dmem_chunk *chunk = folio_zone_device_data(page_folio(page));
	unsigned long i = page_to_pfn(page) - nouveau_dmem_pfn(chunk->dmem, chunk->vram.addr);

	set_bit(i / NOUVEAU_GRANULE_PAGES, &chunk->used_lately);
	nouveau_chunk_touch(ndev, &chunk->vram);
}

bool nouveau_dmem_is_enabled(struct nouveau_device *ndev)
{
	/* Pairs with the release in nouveau_dmem_enable(): the pagemap is complete. */
	return ndev->dmem && smp_load_acquire(&ndev->dmem->enabled);
}

u64 nouveau_dmem_free_bytes(struct nouveau_device *ndev)
{
	return ndev->dmem ? (u64)READ_ONCE(ndev->dmem->free_pages) << PAGE_SHIFT : 0;
}

/*
 * Core mm makes folios of @head's tail pages: every page keeps its place in VRAM
 * and with it its data; what it needs is the way to its chunk. Called for each
 * tail, and with NULL when all of them are done. Interrupts are off, the folio is
 * frozen.
 */
static void dmem_folio_split(struct folio *head, struct folio *tail)
{
	struct nouveau_dmem_chunk *chunk = folio_zone_device_data(head);

	if (!tail) {
		WRITE_ONCE(chunk->large, false);
		nouveau_stat_inc(&chunk->dmem->ndev->stats, NOUVEAU_STAT_HUGE_SPLIT);
		return;
	}
	tail->pgmap = head->pgmap;
	tail->page.mapping = head->page.mapping;
	folio_set_zone_device_data(tail, chunk);
}

static const struct dev_pagemap_ops dmem_pagemap_ops = {
	.folio_free = nouveau_dmem_folio_free,
	.folio_split = dmem_folio_split,
	.migrate_to_ram = nouveau_dmem_migrate_to_ram,
};

/**
 * nouveau_dmem_enable - give VRAM its struct pages
 * @ndev: the GPU
 * @knobs: policy, lives as long as @ndev
 *
 * Return: 0; -ENOMEM and others: no migration then, SVM works without.
 */
int nouveau_dmem_enable(struct nouveau_device *ndev, const struct nouveau_svm_knobs *knobs)
{
	struct nouveau_dmem *dmem = ndev->dmem;
	u64 bytes = round_up(ndev->vram_bytes, NOUVEAU_BLOCK_BYTES);
	void *addr;
	int err;

	guard(mutex)(&dmem->enable_lock);
	if (dmem->enabled)
		return 0;
	err = nouveau_dmem_keep_init(dmem, bytes);
	if (err)
		return err;
	err = nouveau_audit_init(ndev, bytes);
	if (err)
		goto err_keep;
	dmem->res = request_free_mem_region(&iomem_resource, bytes, "nouveau-svm");
	if (IS_ERR(dmem->res)) {
		err = PTR_ERR(dmem->res);
		goto err_audit;
	}

	dmem->pagemap.type = MEMORY_DEVICE_PRIVATE;
	dmem->pagemap.range.start = dmem->res->start;
	dmem->pagemap.range.end = dmem->res->start + bytes - 1;
	dmem->pagemap.nr_range = 1;
	dmem->pagemap.ops = &dmem_pagemap_ops;
	dmem->pagemap.owner = nouveau_dmem_owner(ndev);
	addr = memremap_pages(&dmem->pagemap, dev_to_node(ndev->drm.dev));
	if (IS_ERR(addr)) {
		err = PTR_ERR(addr);
		goto err_region;
	}
	dmem->knobs = knobs;
	drm_info(&ndev->drm, "VRAM as process memory: %llu MiB\n", bytes >> 20);
	/* Pairs with the acquire in nouveau_dmem_is_enabled(). */
	smp_store_release(&dmem->enabled, true);
	return 0;

err_region:
	release_mem_region(dmem->res->start, resource_size(dmem->res));
err_audit:
	nouveau_audit_fini(ndev);
err_keep:
	nouveau_dmem_keep_fini(dmem);
	return err;
}

/**
 * nouveau_dmem_init - prepare device-private memory
 * @ndev: the GPU
 *
 * Return: 0 or -ENOMEM.
 */
int nouveau_dmem_init(struct nouveau_device *ndev)
{
	struct nouveau_dmem *dmem = kzalloc_obj(*dmem);

	if (!dmem)
		return -ENOMEM;
	dmem->ndev = ndev;
	mutex_init(&dmem->enable_lock);
	spin_lock_init(&dmem->stream_lock);
	INIT_LIST_HEAD(&dmem->fetches);
	nouveau_dmem_stock_init(&dmem->stock);
	nouveau_dmem_chunks_init(dmem);
	ndev->dmem = dmem;
	return 0;
}

/**
 * nouveau_dmem_fini - bring every page home and take the struct pages away
 * @ndev: the GPU; no mirror is running, the copy engines still work
 *
 * Processes may live on with their memory. A page that is being used by core mm
 * at the moment is tried again; should the copy engine be dead, its contents
 * are lost and the log says how many.
 */
void nouveau_dmem_fini(struct nouveau_device *ndev)
{
	const struct nouveau_mask all = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	struct nouveau_dmem *dmem = ndev->dmem;
	struct nouveau_dmem_chunk *chunk;
	unsigned int tries = 0;

	if (!dmem)
		return;
	while ((chunk = nouveau_dmem_claim_used(dmem))) {
		int err = PTR_ERR_OR_ZERO(chunk);

		if (!err) {
			err = nouveau_dmem_evict(chunk, &all, true);
			/* It goes to the end of its list: the others come before its next try. */
			nouveau_dmem_unclaim(chunk, false);
		}
		if (!err)
			continue;
		if (++tries == FINI_TRIES)
			drm_err(&ndev->drm, "device pages stay busy, waiting for them\n");
		msleep(20);
	}

	nouveau_dmem_stock_fini(&dmem->stock);
	nouveau_dmem_chunks_fini(dmem);
	if (dmem->enabled) {
		memunmap_pages(&dmem->pagemap);
		release_mem_region(dmem->res->start, resource_size(dmem->res));
	}
	nouveau_audit_fini(ndev);
	nouveau_dmem_keep_fini(dmem);
	mutex_destroy(&dmem->enable_lock);
	ndev->dmem = NULL;
	kfree(dmem);
}

/**
 * nouveau_dmem_debugfs_show - chunks by state
 * @ndev: the GPU
 * @m: output
 */
void nouveau_dmem_debugfs_show(struct nouveau_device *ndev, struct seq_file *m)
{
	static const char * const names[] = {
		"empty", "granules", "pages", "full", "evicting", "dead",
	};
	struct nouveau_dmem *dmem = ndev->dmem;
	unsigned int i;

	if (!dmem)
		return;
	spin_lock_irq(&dmem->lock);
	for (i = 0; i < NOUVEAU_DMEM_STATES; i++) {
		struct nouveau_dmem_chunk *chunk;
		unsigned int chunks = 0, large = 0;
		u64 pages = 0;

		list_for_each_entry(chunk, &dmem->chunks[i], link) {
			chunks++;
			large += chunk->large;
			pages += chunk->used_pages;
		}
		seq_printf(m, "dmem %s: %u chunks, %llu pages, %u of 2 MiB\n", names[i], chunks,
			   pages, large);
	}
	spin_unlock_irq(&dmem->lock);
}
