// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Which VRAM belongs to device-private pages, and which of it is free.
 *
 * Chunks of the common VRAM manager, 2 MiB each (64 KiB where VRAM is
 * fragmented), are taken when a migration needs them and given back when they
 * have been empty for a while. Inside a chunk, 2 MiB of a process get all of it,
 * as one folio if core mm has one; else 64 KiB of a process get 64 KiB of VRAM,
 * page by page at the same offset, so that large GPU pages are possible; only
 * when no such granule is left do single pages fill the gaps.
 *
 * Pages become free wherever their last reference is dropped, in atomic context
 * too; hence a spinlock and a worker.
 */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "nouveau_audit.h"
#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"

/* How long an empty chunk waits for the next migration. */
#define TRIM_DELAY_MS	200

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

static void trim_later_locked(struct nouveau_dmem *dmem)
{
	lockdep_assert_held(&dmem->lock);
	/* Not moved on by later ones: empty chunks do not wait for ever. */
	if (!dmem->closing)
		schedule_delayed_work(&dmem->trim, msecs_to_jiffies(TRIM_DELAY_MS));
}

/**
 * nouveau_dmem_folio_free - the last reference of a folio is gone
 * @folio: 4 KiB or 2 MiB
 *
 * Any context.
 */
void nouveau_dmem_folio_free(struct folio *folio)
{
	struct nouveau_dmem_chunk *chunk = folio_zone_device_data(folio);
	struct nouveau_dmem *dmem = chunk->dmem;
	unsigned long pfn = folio_pfn(folio);
	unsigned int i = pfn - nouveau_dmem_pfn(dmem, chunk->vram.addr);
	unsigned int n = folio_nr_pages(folio);
	struct nouveau_mask pages = nouveau_mask_range(i, i + n);
	unsigned long flags;
	bool empty;

	nouveau_audit_pages(dmem->ndev, chunk->vram.addr + ((u64)i << PAGE_SHIFT), n, "freed");
	spin_lock_irqsave(&dmem->lock, flags);
	chunk->used = nouveau_mask_andnot(chunk->used, &pages);
	chunk->used_pages -= n;
	empty = !chunk->used_pages;
	if (n > 1)
		chunk->large = false;
	if (chunk->state != NOUVEAU_DMEM_EVICTING)
		chunk_update_locked(chunk, chunk_state(chunk), chunk->used_pages + n);
	/* Under the lock: once it is dropped an empty chunk may go at any time. */
	if (empty)
		trim_later_locked(dmem);
	spin_unlock_irqrestore(&dmem->lock, flags);
}

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
	dmem_trim(container_of(to_delayed_work(work), struct nouveau_dmem, trim));
}

/**
 * nouveau_dmem_claim - take a chunk out of use, to evict from it
 * @chunk: the chunk
 *
 * Until nouveau_dmem_unclaim() it gives no pages and stays where it is.
 *
 * Return: 0; -EBUSY when somebody else has it; -ENODATA when its VRAM is about
 * to be given back anyway.
 */
int nouveau_dmem_claim(struct nouveau_dmem_chunk *chunk)
{
	guard(spinlock_irq)(&chunk->dmem->lock);
	if (chunk->state == NOUVEAU_DMEM_DEAD)
		return -ENODATA;
	if (chunk->state == NOUVEAU_DMEM_EVICTING)
		return -EBUSY;
	chunk_set_state_locked(chunk, NOUVEAU_DMEM_EVICTING);
	return 0;
}

/**
 * nouveau_dmem_claim_at - claim the chunk of a VRAM address
 * @dmem: VRAM
 * @addr: VRAM address, bytes
 *
 * Looks through all of them: not for use under load.
 *
 * Return: a claimed chunk; NULL when no page is in use there.
 */
struct nouveau_dmem_chunk *nouveau_dmem_claim_at(struct nouveau_dmem *dmem, u64 addr)
{
	struct nouveau_dmem_chunk *chunk;
	unsigned int state;

	guard(spinlock_irq)(&dmem->lock);
	for (state = NOUVEAU_DMEM_GRANULES; state <= NOUVEAU_DMEM_FULL; state++)
		list_for_each_entry(chunk, &dmem->chunks[state], link) {
			if (addr - chunk->vram.addr >= chunk->vram.size)
				continue;
			chunk_set_state_locked(chunk, NOUVEAU_DMEM_EVICTING);
			return chunk;
		}
	return NULL;
}

/**
 * nouveau_dmem_claim_used - claim some chunk that has pages in it
 * @dmem: VRAM
 *
 * Return: a claimed chunk; NULL when all is home; ERR_PTR(-EBUSY): others have
 * claimed what is left, wait for them.
 */
struct nouveau_dmem_chunk *nouveau_dmem_claim_used(struct nouveau_dmem *dmem)
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
	chunk_set_state_locked(chunk, NOUVEAU_DMEM_EVICTING);
	return chunk;
}

/**
 * nouveau_dmem_unclaim - back into use
 * @chunk: claimed by the caller
 * @dead: give it back to the VRAM manager if it has become empty
 *
 * The chunk may be gone when this returns.
 *
 * Return: how many of its pages are in use still.
 */
unsigned int nouveau_dmem_unclaim(struct nouveau_dmem_chunk *chunk, bool dead)
{
	struct nouveau_dmem *dmem = chunk->dmem;
	unsigned int left;

	guard(spinlock_irq)(&dmem->lock);
	left = chunk->used_pages;
	chunk_set_state_locked(chunk, left || !dead ? chunk_state(chunk) : NOUVEAU_DMEM_DEAD);
	if (!left)
		trim_later_locked(dmem);
	return left;
}

/**
 * nouveau_dmem_used - pages of a chunk that are in use
 * @chunk: claimed, or otherwise sure to stay
 *
 * Return: a snapshot.
 */
struct nouveau_mask nouveau_dmem_used(struct nouveau_dmem_chunk *chunk)
{
	struct nouveau_mask in = nouveau_mask_range(0, chunk->pages);

	guard(spinlock_irq)(&chunk->dmem->lock);
	return nouveau_mask_and(chunk->used, &in);
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
	err = nouveau_chunk_new(dmem->ndev, size, &nouveau_dmem_chunk_ops, &chunk->vram);
	if (err == -ENOSPC) {
		size = (u64)NOUVEAU_GRANULE_PAGES << PAGE_SHIFT;
		err = nouveau_chunk_new(dmem->ndev, size, &nouveau_dmem_chunk_ops, &chunk->vram);
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
	unsigned long pfn = nouveau_dmem_pfn(chunk->dmem, chunk->vram.addr);
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

/* All of an empty chunk for one folio; its other pages get theirs if it is split. */
static void chunk_take_large_locked(struct nouveau_dmem_chunk *chunk, unsigned long *dst)
{
	lockdep_assert_held(&chunk->dmem->lock);
	dst[0] = nouveau_dmem_pfn(chunk->dmem, chunk->vram.addr);
	pfn_to_page(dst[0])->zone_device_data = chunk;
	chunk->used = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	chunk->used_pages = NOUVEAU_BLOCK_PAGES;
	chunk_update_locked(chunk, NOUVEAU_DMEM_FULL, 0);
}

/* An empty 2 MiB chunk, NULL when there is none. */
static struct nouveau_dmem_chunk *empty_block_locked(struct nouveau_dmem *dmem)
{
	struct nouveau_dmem_chunk *chunk;

	lockdep_assert_held(&dmem->lock);
	list_for_each_entry(chunk, &dmem->chunks[NOUVEAU_DMEM_EMPTY], link)
		if (chunk->pages == NOUVEAU_BLOCK_PAGES)
			return chunk;
	return NULL;
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

/* All of @want from one chunk, at its offsets, or nothing. */
static bool dmem_take_block(struct nouveau_dmem *dmem, const struct nouveau_mask *want, bool large,
			    unsigned long *dst)
{
	struct nouveau_dmem_chunk *chunk;

	guard(spinlock_irq)(&dmem->lock);
	chunk = empty_block_locked(dmem);
	if (!chunk) {
		int grown;

		spin_unlock_irq(&dmem->lock);
		grown = dmem_grow(dmem);
		spin_lock_irq(&dmem->lock);
		chunk = grown == NOUVEAU_BLOCK_PAGES ? empty_block_locked(dmem) : NULL;
	}
	if (!chunk)
		return false;
	if (large)
		chunk_take_large_locked(chunk, dst);
	else
		chunk_take_locked(chunk, want, 0, dst);
	chunk->large = large;
	return true;
}

/* Pieces of @left, which loses what it got. */
static void dmem_take_pieces(struct nouveau_dmem *dmem, struct nouveau_mask *left,
			     unsigned long *dst)
{
	int grown;

	guard(spinlock_irq)(&dmem->lock);
	do {
		if (take_granules_locked(dmem, left, dst))
			return;
		/* Less than a granule is not worth a new chunk. */
		if (nouveau_mask_weight(left, 0, NOUVEAU_BLOCK_PAGES) < NOUVEAU_GRANULE_PAGES)
			take_pages_locked(dmem, left, dst);
		if (nouveau_mask_empty(left))
			return;
		spin_unlock_irq(&dmem->lock);
		grown = dmem_grow(dmem);
		spin_lock_irq(&dmem->lock);
	} while (grown > 0);
	/* That was all of VRAM: pieces, then gaps. */
	if (!take_granules_locked(dmem, left, dst))
		take_pages_locked(dmem, left, dst);
}

/* The first page of 64 KiB that was given away just now. */
static void dmem_taken(struct nouveau_dmem *dmem, struct page *page)
{
	nouveau_dmem_touch(dmem->ndev, page);
	nouveau_dmem_keep(dmem->ndev, page);
}

/**
 * nouveau_dmem_alloc - VRAM pages for pages of a block
 * @dmem: VRAM
 * @want: pages of the block; with @large all of them
 * @first: page of the block that entry 0 is for; none before it is wanted
 * @large: one folio of 2 MiB in entry 0, or nothing; then @entries is untouched
 * @entries: filled with migration PFNs of locked pages, 0 where there is no VRAM
 *
 * Never evicts. Sleeps. What is taken goes to the warm end of the list, and a request
 * that is running keeps it: the evictor must not find it cold, from its last use,
 * before anyone could use it.
 *
 * Return: how many pages there were.
 */
unsigned int nouveau_dmem_alloc(struct nouveau_dmem *dmem, const struct nouveau_mask *want,
				unsigned int first, bool large, unsigned long *entries)
{
	unsigned int i, n = 0, total = nouveau_mask_weight(want, 0, NOUVEAU_BLOCK_PAGES);
	unsigned long *dst = entries - first;	/* by page of the block */
	struct nouveau_mask left = *want;
	unsigned long last = 0;

	if (large) {
		if (!dmem_take_block(dmem, want, true, dst))
			return 0;
		nouveau_audit_pages(dmem->ndev, PFN_PHYS(dst[0]) - dmem->pagemap.range.start,
				    NOUVEAU_BLOCK_PAGES, "given out");
		zone_device_folio_init(page_folio(pfn_to_page(dst[0])), &dmem->pagemap,
				       HPAGE_PMD_ORDER);
		for (i = 0; i < NOUVEAU_BLOCK_PAGES; i += NOUVEAU_GRANULE_PAGES)
			dmem_taken(dmem, pfn_to_page(dst[0] + i));
		dst[0] = migrate_pfn(dst[0]) | MIGRATE_PFN_COMPOUND;
		memset(dst + 1, 0, (NOUVEAU_BLOCK_PAGES - 1) * sizeof(*dst));
		return NOUVEAU_BLOCK_PAGES;
	}
	if (total > NOUVEAU_BLOCK_PAGES * 3 / 4 && dmem_take_block(dmem, want, false, dst))
		left = (struct nouveau_mask){ };
	else
		dmem_take_pieces(dmem, &left, dst);
	nouveau_mask_for_each(want, i) {
		if (nouveau_mask_test(&left, i)) {
			dst[i] = 0;
			continue;
		}
		nouveau_audit_pages(dmem->ndev, PFN_PHYS(dst[i]) - dmem->pagemap.range.start, 1,
				    "given out");
		zone_device_page_init(pfn_to_page(dst[i]), &dmem->pagemap, 0);
		if (dst[i] / NOUVEAU_GRANULE_PAGES != last) {
			last = dst[i] / NOUVEAU_GRANULE_PAGES;
			dmem_taken(dmem, pfn_to_page(dst[i]));
		}
		dst[i] = migrate_pfn(dst[i]);
		n++;
	}
	return n;
}

/**
 * nouveau_dmem_chunks_init - no chunks yet
 * @dmem: VRAM
 */
void nouveau_dmem_chunks_init(struct nouveau_dmem *dmem)
{
	unsigned int i;

	spin_lock_init(&dmem->lock);
	INIT_LIST_HEAD(&dmem->requests);
	for (i = 0; i < NOUVEAU_DMEM_STATES; i++)
		INIT_LIST_HEAD(&dmem->chunks[i]);
	INIT_DELAYED_WORK(&dmem->trim, dmem_trim_work);
}

/**
 * nouveau_dmem_chunks_fini - give every chunk back
 * @dmem: VRAM; no page is in use
 */
void nouveau_dmem_chunks_fini(struct nouveau_dmem *dmem)
{
	spin_lock_irq(&dmem->lock);
	dmem->closing = true;
	spin_unlock_irq(&dmem->lock);
	cancel_delayed_work_sync(&dmem->trim);
	dmem_trim(dmem);
}
