// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VRAM as memory of processes: struct pages for it, and which are free.
 *
 * The pagemap covers all of VRAM with device-private pages, so that a page and
 * its VRAM address are tied by arithmetic. Behind the pages stand chunks of the
 * common VRAM manager, 2 MiB each (64 KiB where VRAM is fragmented), taken when
 * a migration needs them and given back when their last page is free. Inside a
 * chunk, 64 KiB of a process get 64 KiB of VRAM, page by page at the same
 * offset, so that large GPU pages are possible; only when no such granule is
 * left do single pages fill the gaps.
 *
 * Pages become free wherever their last reference is dropped, in atomic context
 * too; hence a spinlock and a worker. Moving data is nouveau_dmem_migrate.c.
 */
#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"

/* Tries at fini, 20 ms apart, before the log says what is being waited for. */
#define FINI_TRIES	200

static unsigned long dmem_pfn(struct nouveau_dmem *dmem, u64 vram)
{
	return PHYS_PFN(dmem->pagemap.range.start + vram);
}

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

static enum nouveau_dmem_state chunk_state(const struct nouveau_dmem_chunk *chunk)
{
	unsigned int g;

	if (!chunk->used_pages)
		return NOUVEAU_DMEM_EMPTY;
	if (chunk->used_pages == chunk->pages)
		return NOUVEAU_DMEM_FULL;
	for (g = 0; g < chunk->pages; g += NOUVEAU_GRANULE_PAGES)
		if (!nouveau_mask_weight(&chunk->used, g, g + NOUVEAU_GRANULE_PAGES))
			return NOUVEAU_DMEM_GRANULES;
	return NOUVEAU_DMEM_PAGES;
}

/* Whether pages are handed out in this state, so that free ones count as free. */
static bool state_gives(enum nouveau_dmem_state state)
{
	return state <= NOUVEAU_DMEM_FULL;
}

/* @old_used: used pages before what led here. */
static void chunk_update_locked(struct nouveau_dmem_chunk *chunk, enum nouveau_dmem_state state,
				unsigned int old_used)
{
	struct nouveau_dmem *dmem = chunk->dmem;

	lockdep_assert_held(&dmem->lock);
	if (state_gives(chunk->state))
		dmem->free_pages -= chunk->pages - old_used;
	if (state_gives(state))
		dmem->free_pages += chunk->pages - chunk->used_pages;
	if (chunk->state == state)
		return;
	chunk->state = state;
	list_move_tail(&chunk->link, &dmem->chunks[state]);
}

static void chunk_set_state_locked(struct nouveau_dmem_chunk *chunk, enum nouveau_dmem_state state)
{
	chunk_update_locked(chunk, state, chunk->used_pages);
}

static struct nouveau_dmem_chunk *dmem_first_locked(struct nouveau_dmem *dmem,
						    enum nouveau_dmem_state state)
{
	lockdep_assert_held(&dmem->lock);
	return list_first_entry_or_null(&dmem->chunks[state], struct nouveau_dmem_chunk, link);
}

/* The last reference of a page is gone. Any context. */
static void dmem_folio_free(struct folio *folio)
{
	struct nouveau_dmem_chunk *chunk = folio_zone_device_data(folio);
	struct nouveau_dmem *dmem = chunk->dmem;
	unsigned long pfn = folio_pfn(folio);
	unsigned int i = pfn - dmem_pfn(dmem, chunk->vram.addr);
	unsigned int n = folio_nr_pages(folio);
	struct nouveau_mask pages = nouveau_mask_range(i, i + n);
	unsigned long flags;
	bool empty;

	spin_lock_irqsave(&dmem->lock, flags);
	chunk->used = nouveau_mask_andnot(chunk->used, &pages);
	chunk->used_pages -= n;
	empty = !chunk->used_pages;
	if (chunk->state != NOUVEAU_DMEM_EVICTING)
		chunk_update_locked(chunk, chunk_state(chunk), chunk->used_pages + n);
	/* Under the lock: once it is dropped an empty chunk may go at any time. */
	if (empty && !dmem->closing)
		schedule_work(&dmem->trim);
	spin_unlock_irqrestore(&dmem->lock, flags);
}

static const struct dev_pagemap_ops dmem_pagemap_ops = {
	.folio_free = dmem_folio_free,
	.migrate_to_ram = nouveau_dmem_migrate_to_ram,
};

/* Give back what nobody uses. */
static void dmem_trim(struct nouveau_dmem *dmem)
{
	struct nouveau_dmem_chunk *chunk;

	for (;;) {
		spin_lock_irq(&dmem->lock);
		chunk = dmem_first_locked(dmem, NOUVEAU_DMEM_DEAD);
		if (!chunk)
			chunk = dmem_first_locked(dmem, NOUVEAU_DMEM_EMPTY);
		if (chunk) {
			chunk_set_state_locked(chunk, NOUVEAU_DMEM_DEAD);
			list_del(&chunk->link);
		}
		spin_unlock_irq(&dmem->lock);
		if (!chunk)
			return;
		/* Waits for an eviction of it that has just started and finds it dead. */
		nouveau_chunk_del(dmem->ndev, &chunk->vram);
		kfree(chunk);
	}
}

static void dmem_trim_work(struct work_struct *work)
{
	dmem_trim(container_of(work, struct nouveau_dmem, trim));
}

/*
 * The VRAM manager wants a chunk back. Called with its reservation held, by
 * whoever needs VRAM; takes no lock of SVM, since pages are found by where they
 * are, not by who maps them.
 */
static int dmem_chunk_evict(struct nouveau_chunk *vram)
{
	struct nouveau_dmem_chunk *chunk = container_of(vram, struct nouveau_dmem_chunk, vram);
	struct nouveau_dmem *dmem = chunk->dmem;
	unsigned int left;

	spin_lock_irq(&dmem->lock);
	if (chunk->state == NOUVEAU_DMEM_DEAD) {
		spin_unlock_irq(&dmem->lock);
		return 0;
	}
	if (chunk->state == NOUVEAU_DMEM_EVICTING) {
		spin_unlock_irq(&dmem->lock);
		return -EBUSY;
	}
	chunk_set_state_locked(chunk, NOUVEAU_DMEM_EVICTING);
	spin_unlock_irq(&dmem->lock);

	nouveau_dmem_evict(dmem, dmem_pfn(dmem, chunk->vram.addr), chunk->pages, false);

	spin_lock_irq(&dmem->lock);
	left = chunk->used_pages;
	chunk_set_state_locked(chunk, left ? chunk_state(chunk) : NOUVEAU_DMEM_DEAD);
	if (!left && !dmem->closing)
		schedule_work(&dmem->trim);
	spin_unlock_irq(&dmem->lock);
	if (left)
		return -EBUSY;
	return 0;
}

/*
 * Takes a chunk from the VRAM manager, which does not evict anything for it.
 * Returns its size in pages or an errno.
 */
static int dmem_grow(struct nouveau_dmem *dmem)
{
	struct nouveau_dmem_chunk *chunk = kzalloc_obj(*chunk);
	u64 size = NOUVEAU_BLOCK_BYTES;
	int err;

	if (!chunk)
		return -ENOMEM;
	chunk->dmem = dmem;
	chunk->state = NOUVEAU_DMEM_EVICTING;
	/*
	 * The manager may call back as soon as it has the chunk in its list, and
	 * finds it being busy until it is on a list of ours.
	 */
	INIT_LIST_HEAD(&chunk->link);
	err = nouveau_chunk_new(dmem->ndev, size, dmem_chunk_evict, &chunk->vram);
	if (err == -ENOSPC) {
		size = (u64)NOUVEAU_GRANULE_PAGES << PAGE_SHIFT;
		err = nouveau_chunk_new(dmem->ndev, size, dmem_chunk_evict, &chunk->vram);
	}
	if (err) {
		kfree(chunk);
		return err;
	}
	chunk->pages = size >> PAGE_SHIFT;
	chunk->used = nouveau_mask_range(chunk->pages, NOUVEAU_BLOCK_PAGES);
	spin_lock_irq(&dmem->lock);
	chunk_set_state_locked(chunk, NOUVEAU_DMEM_EMPTY);
	spin_unlock_irq(&dmem->lock);
	return size >> PAGE_SHIFT;
}

/* Pages of @chunk for pages @want of a block; @shift: chunk page of block page 0. */
static void chunk_take_locked(struct nouveau_dmem_chunk *chunk, const struct nouveau_mask *want,
			      int shift, unsigned long *dst)
{
	unsigned long pfn = dmem_pfn(chunk->dmem, chunk->vram.addr);
	unsigned int i, old_used = chunk->used_pages;

	lockdep_assert_held(&chunk->dmem->lock);
	nouveau_mask_for_each(want, i) {
		dst[i] = pfn + i + shift;
		nouveau_mask_set(&chunk->used, i + shift);
		pfn_to_page(dst[i])->zone_device_data = chunk;
		chunk->used_pages++;
	}
	chunk_update_locked(chunk, chunk_state(chunk), old_used);
}

/* All of @want from one empty 2 MiB chunk: may become one 2 MiB GPU page. */
static bool take_block_locked(struct nouveau_dmem *dmem, const struct nouveau_mask *want,
			      unsigned long *dst)
{
	struct nouveau_dmem_chunk *chunk;

	list_for_each_entry(chunk, &dmem->chunks[NOUVEAU_DMEM_EMPTY], link) {
		if (chunk->pages != NOUVEAU_BLOCK_PAGES)
			continue;
		chunk_take_locked(chunk, want, 0, dst);
		return true;
	}
	return false;
}

/* @want lies in one 64 KiB granule of the block, and gets one of VRAM. */
static bool take_granule_locked(struct nouveau_dmem *dmem, const struct nouveau_mask *want,
				unsigned long *dst)
{
	struct nouveau_dmem_chunk *chunk = dmem_first_locked(dmem, NOUVEAU_DMEM_GRANULES);
	unsigned int at = nouveau_mask_next(want, 0, true) & ~(NOUVEAU_GRANULE_PAGES - 1);
	unsigned int g = 0;

	if (!chunk)
		chunk = dmem_first_locked(dmem, NOUVEAU_DMEM_EMPTY);
	if (!chunk)
		return false;
	while (nouveau_mask_weight(&chunk->used, g, g + NOUVEAU_GRANULE_PAGES))
		g += NOUVEAU_GRANULE_PAGES;
	chunk_take_locked(chunk, want, (int)g - (int)at, dst);
	return true;
}

/* The gaps that are left; @want loses what it got. */
static void take_pages_locked(struct nouveau_dmem *dmem, struct nouveau_mask *want,
			      unsigned long *dst)
{
	struct nouveau_dmem_chunk *chunk;
	unsigned int i = nouveau_mask_next(want, 0, true);

	while (i < NOUVEAU_BLOCK_PAGES && (chunk = dmem_first_locked(dmem, NOUVEAU_DMEM_PAGES))) {
		unsigned int at = nouveau_mask_next(&chunk->used, 0, false);
		struct nouveau_mask one = { };

		nouveau_mask_set(&one, i);
		chunk_take_locked(chunk, &one, (int)at - (int)i, dst);
		nouveau_mask_clear(want, i);
		i = nouveau_mask_next(want, i, true);
	}
}

/* As much of @left as there is without growing; true when nothing is left. */
static bool take_granules_locked(struct nouveau_dmem *dmem, struct nouveau_mask *left,
				 unsigned long *dst)
{
	unsigned int i;

	while ((i = nouveau_mask_next(left, 0, true)) < NOUVEAU_BLOCK_PAGES) {
		unsigned int g = i & ~(NOUVEAU_GRANULE_PAGES - 1);
		struct nouveau_mask granule = nouveau_mask_range(g, g + NOUVEAU_GRANULE_PAGES);
		struct nouveau_mask part = nouveau_mask_and(granule, left);

		if (!take_granule_locked(dmem, &part, dst))
			return false;
		*left = nouveau_mask_andnot(*left, &granule);
	}
	return true;
}

/**
 * nouveau_dmem_alloc - VRAM pages for pages of a block
 * @dmem: VRAM
 * @want: pages of the block
 * @dst: filled with migration PFNs of locked pages, 0 where there is no VRAM
 *
 * Never evicts. Sleeps.
 *
 * Return: how many pages there were.
 */
unsigned int nouveau_dmem_alloc(struct nouveau_dmem *dmem, const struct nouveau_mask *want,
				unsigned long *dst)
{
	unsigned int total = nouveau_mask_weight(want, 0, NOUVEAU_BLOCK_PAGES);
	struct nouveau_mask left = *want;
	bool whole = total > NOUVEAU_BLOCK_PAGES * 3 / 4;
	unsigned int i, n;

	spin_lock_irq(&dmem->lock);
	for (;;) {
		int grown;

		if (whole && take_block_locked(dmem, &left, dst)) {
			left = (struct nouveau_mask){ };
			break;
		}
		if (!whole && take_granules_locked(dmem, &left, dst))
			break;
		/* Less than a granule is not worth a new chunk. */
		if (nouveau_mask_weight(&left, 0, NOUVEAU_BLOCK_PAGES) < NOUVEAU_GRANULE_PAGES)
			take_pages_locked(dmem, &left, dst);
		if (nouveau_mask_empty(&left))
			break;
		spin_unlock_irq(&dmem->lock);
		grown = dmem_grow(dmem);
		spin_lock_irq(&dmem->lock);
		if (grown < 0) {
			/* That was all of VRAM: pieces, then gaps. */
			if (!take_granules_locked(dmem, &left, dst))
				take_pages_locked(dmem, &left, dst);
			break;
		}
		whole = whole && grown == NOUVEAU_BLOCK_PAGES;
	}
	spin_unlock_irq(&dmem->lock);

	n = total - nouveau_mask_weight(&left, 0, NOUVEAU_BLOCK_PAGES);
	nouveau_mask_for_each(want, i) {
		if (nouveau_mask_test(&left, i)) {
			dst[i] = 0;
			continue;
		}
		zone_device_page_init(pfn_to_page(dst[i]), &dmem->pagemap, 0);
		dst[i] = migrate_pfn(dst[i]);
	}
	return n;
}

void nouveau_dmem_unalloc(unsigned long *dst)
{
	struct page *page = migrate_pfn_to_page(*dst);

	unlock_page(page);
	put_page(page);
	*dst = 0;
}

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

	guard(mutex)(&dmem->enable_lock);
	if (dmem->enabled)
		return 0;
	dmem->res = request_free_mem_region(&iomem_resource, bytes, "nouveau-svm");
	if (IS_ERR(dmem->res))
		return PTR_ERR(dmem->res);

	dmem->pagemap.type = MEMORY_DEVICE_PRIVATE;
	dmem->pagemap.range.start = dmem->res->start;
	dmem->pagemap.range.end = dmem->res->start + bytes - 1;
	dmem->pagemap.nr_range = 1;
	dmem->pagemap.ops = &dmem_pagemap_ops;
	dmem->pagemap.owner = nouveau_dmem_owner(ndev);
	addr = memremap_pages(&dmem->pagemap, dev_to_node(ndev->drm.dev));
	if (IS_ERR(addr)) {
		release_mem_region(dmem->res->start, resource_size(dmem->res));
		return PTR_ERR(addr);
	}
	dmem->knobs = knobs;
	drm_info(&ndev->drm, "VRAM as process memory: %llu MiB\n", bytes >> 20);
	/* Pairs with the acquire in nouveau_dmem_is_enabled(). */
	smp_store_release(&dmem->enabled, true);
	return 0;
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
	unsigned int i;

	if (!dmem)
		return -ENOMEM;
	dmem->ndev = ndev;
	mutex_init(&dmem->enable_lock);
	spin_lock_init(&dmem->lock);
	for (i = 0; i < NOUVEAU_DMEM_STATES; i++)
		INIT_LIST_HEAD(&dmem->chunks[i]);
	INIT_WORK(&dmem->trim, dmem_trim_work);
	ndev->dmem = dmem;
	return 0;
}

/* Some chunk with pages in it, NULL when all is home, ERR_PTR(-EBUSY): wait. */
static struct nouveau_dmem_chunk *dmem_first_used(struct nouveau_dmem *dmem)
{
	struct nouveau_dmem_chunk *chunk;

	guard(spinlock_irq)(&dmem->lock);
	chunk = dmem_first_locked(dmem, NOUVEAU_DMEM_GRANULES);
	if (!chunk)
		chunk = dmem_first_locked(dmem, NOUVEAU_DMEM_PAGES);
	if (!chunk)
		chunk = dmem_first_locked(dmem, NOUVEAU_DMEM_FULL);
	if (!chunk)
		return dmem_first_locked(dmem, NOUVEAU_DMEM_EVICTING) ? ERR_PTR(-EBUSY) : NULL;
	/* To the end: one stubborn page must not keep the others. */
	list_move_tail(&chunk->link, &dmem->chunks[chunk->state]);
	return chunk;
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
	struct nouveau_dmem *dmem = ndev->dmem;
	struct nouveau_dmem_chunk *chunk;
	unsigned int tries = 0;

	if (!dmem)
		return;
	while ((chunk = dmem_first_used(dmem))) {
		if (!IS_ERR(chunk) &&
		    !nouveau_dmem_evict(dmem, dmem_pfn(dmem, chunk->vram.addr), chunk->pages, true))
			continue;
		if (++tries == FINI_TRIES)
			drm_err(&ndev->drm, "device pages stay busy, waiting for them\n");
		msleep(20);
	}

	spin_lock_irq(&dmem->lock);
	dmem->closing = true;
	spin_unlock_irq(&dmem->lock);
	cancel_work_sync(&dmem->trim);
	dmem_trim(dmem);
	if (dmem->enabled) {
		memunmap_pages(&dmem->pagemap);
		release_mem_region(dmem->res->start, resource_size(dmem->res));
	}
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
		unsigned int chunks = 0;
		u64 pages = 0;

		list_for_each_entry(chunk, &dmem->chunks[i], link) {
			chunks++;
			pages += chunk->used_pages;
		}
		seq_printf(m, "dmem %s: %u chunks, %llu pages\n", names[i], chunks, pages);
	}
	spin_unlock_irq(&dmem->lock);
}
