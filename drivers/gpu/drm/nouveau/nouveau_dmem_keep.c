// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What eviction has to leave alone while a request is moving memory to VRAM.
 *
 * A range that is larger than VRAM must not push out with its end what it brought
 * with its beginning. So requests are numbered, every 64 KiB of VRAM remembers the
 * number of the newest request when pages were last put there, and who makes room
 * for request n takes nothing with n or more on it. What was in VRAM before and
 * shall stay is stamped as if it had just come. Room made in the background, or for
 * a fault, spares what the oldest request that is still running spares.
 *
 * The stamps are of places, not of pages: nothing has to be undone when a page goes.
 *
 * Locks: the list of requests is under dmem->lock. Stamps are read and written
 * without; a stamp that comes late costs an eviction that was not needed.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"

#define KEEP_SHIFT	16

/**
 * nouveau_dmem_keep_init - room for the stamps
 * @dmem: VRAM
 * @bytes: of it
 *
 * Return: 0 or -ENOMEM.
 */
int nouveau_dmem_keep_init(struct nouveau_dmem *dmem, u64 bytes)
{
	dmem->stamps = kvcalloc(bytes >> KEEP_SHIFT, sizeof(*dmem->stamps), GFP_KERNEL);
	return dmem->stamps ? 0 : -ENOMEM;
}

/**
 * nouveau_dmem_keep_fini - free the stamps
 * @dmem: VRAM; no page is in use
 */
void nouveau_dmem_keep_fini(struct nouveau_dmem *dmem)
{
	kvfree(dmem->stamps);
	dmem->stamps = NULL;
}

/**
 * nouveau_dmem_request_begin - a request is going to move memory to VRAM
 * @ndev: the GPU
 * @rq: filled in; nouveau_dmem_request_end() has to follow
 */
void nouveau_dmem_request_begin(struct nouveau_device *ndev, struct nouveau_dmem_request *rq)
{
	struct nouveau_dmem *dmem = ndev->dmem;

	guard(spinlock_irq)(&dmem->lock);
	rq->epoch = dmem->epoch + 1;
	rq->full = false;
	WRITE_ONCE(dmem->epoch, rq->epoch);
	list_add_tail(&rq->link, &dmem->requests);
}

/**
 * nouveau_dmem_request_end - what it brought is like everything else from now on
 * @ndev: the GPU
 * @rq: begun
 */
void nouveau_dmem_request_end(struct nouveau_device *ndev, struct nouveau_dmem_request *rq)
{
	guard(spinlock_irq)(&ndev->dmem->lock);
	list_del(&rq->link);
}

/**
 * nouveau_dmem_oldest_request - what nobody may evict just now
 * @ndev: the GPU
 *
 * Return: the number of the oldest request that is running, U64_MAX without one.
 */
u64 nouveau_dmem_oldest_request(struct nouveau_device *ndev)
{
	struct nouveau_dmem_request *rq;

	guard(spinlock_irq)(&ndev->dmem->lock);
	rq = list_first_entry_or_null(&ndev->dmem->requests, struct nouveau_dmem_request, link);
	return rq ? rq->epoch : U64_MAX;
}

/**
 * nouveau_dmem_keep - requests that are running leave this page where it is
 * @ndev: the GPU
 * @page: page of ours; it need not be held, a wrong one costs nothing but room
 */
void nouveau_dmem_keep(struct nouveau_device *ndev, struct page *page)
{
	struct nouveau_dmem *dmem = ndev->dmem;

	WRITE_ONCE(dmem->stamps[nouveau_dmem_page_addr(ndev, page) >> KEEP_SHIFT],
		   READ_ONCE(dmem->epoch));
}

/**
 * nouveau_dmem_kept - pages of a chunk that have to be spared
 * @chunk: the chunk, claimed
 * @epoch: of the request that needs room
 *
 * Return: whole granules.
 */
struct nouveau_mask nouveau_dmem_kept(const struct nouveau_dmem_chunk *chunk, u64 epoch)
{
	const u64 *stamps = chunk->dmem->stamps + (chunk->vram.addr >> KEEP_SHIFT);
	struct nouveau_mask kept = { };
	unsigned int p;

	for (p = 0; p < chunk->pages; p += NOUVEAU_GRANULE_PAGES) {
		struct nouveau_mask granule = nouveau_mask_range(p, p + NOUVEAU_GRANULE_PAGES);

		if (READ_ONCE(stamps[p / NOUVEAU_GRANULE_PAGES]) >= epoch)
			kept = nouveau_mask_or(kept, &granule);
	}
	return kept;
}
