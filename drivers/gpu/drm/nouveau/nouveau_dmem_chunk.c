// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Which VRAM belongs to device-private pages, and which of it is free.
 *
 * Chunks of the common VRAM manager, 2 MiB each (64 KiB where VRAM is
 * fragmented), are taken when a migration needs them (nouveau_dmem_alloc.c) and given
 * back when they have been empty for a while.
 *
 * Pages become free wherever their last reference is dropped, in atomic context
 * too; hence a spinlock and a worker.
 */
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

/**
 * nouveau_dmem_first_locked - a chunk in a state
 * @dmem: VRAM, its lock held
 * @state: which
 *
 * Return: the one that has been in it for longest, NULL when there is none.
 */
struct nouveau_dmem_chunk *nouveau_dmem_first_locked(struct nouveau_dmem *dmem,
						     enum nouveau_dmem_state state)
{
	lockdep_assert_held(&dmem->lock);
	return list_first_entry_or_null(&dmem->chunks[state], struct nouveau_dmem_chunk, link);
}

/**
 * nouveau_dmem_chunk_taken_locked - pages of a chunk have been given out
 * @chunk: the chunk, with them in its mask; lock of the VRAM held
 * @old_used: how many it had before
 */
void nouveau_dmem_chunk_taken_locked(struct nouveau_dmem_chunk *chunk, unsigned int old_used)
{
	lockdep_assert_held(&chunk->dmem->lock);
	chunk_update_locked(chunk, chunk_state(chunk), old_used);
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
		chunk = nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_DEAD);
		if (!chunk)
			chunk = nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_EMPTY);
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
	chunk = nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_GRANULES);
	if (!chunk)
		chunk = nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_PAGES);
	if (!chunk)
		chunk = nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_FULL);
	if (!chunk)
		return nouveau_dmem_first_locked(dmem, NOUVEAU_DMEM_EVICTING) ?
			ERR_PTR(-EBUSY) : NULL;
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

/**
 * nouveau_dmem_grow - one more chunk from the VRAM manager
 * @dmem: VRAM
 *
 * Nothing is evicted for it. Sleeps.
 *
 * Return: its size in pages; -ENOSPC, -ENOMEM.
 */
int nouveau_dmem_grow(struct nouveau_dmem *dmem)
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
