// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The steps every migration has in common, between collect and finish: RAM to go
 * to, DMA addresses, the copy engine.
 *
 * Pages that continue each other in RAM and in VRAM are one mapping and one
 * copy: a 2 MiB folio is one of each, and so are 64 KiB pieces of RAM that were
 * allocated as such. Between collect and finish the pages are locked and
 * unmapped, so no lock of the driver is needed, and none is held.
 */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/mempolicy.h>
#include <linux/migrate.h>
#include <linux/mm.h>

#include "nouveau_copy.h"
#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"
#include "nouveau_vram.h"

/* A failed copy is tried this often; the engine is started over in between. */
#define COPY_TRIES	5

#define GRANULE_ORDER	4

static struct device *move_dev(const struct nouveau_dmem_move *mv)
{
	return mv->dmem->ndev->drm.dev;
}

static enum dma_data_direction move_dir(const struct nouveau_dmem_move *mv)
{
	return mv->to_vram ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

/* ---- RAM ---- */

static bool wants_ram(const struct nouveau_dmem_move *mv, unsigned int i)
{
	return (mv->src[i] & MIGRATE_PFN_MIGRATE) && (mv->src[i] & MIGRATE_PFN_VALID);
}

static void set_ram(struct nouveau_dmem_move *mv, unsigned int i, struct page *page)
{
	lock_page(page);
	mv->dst[i] = migrate_pfn(page_to_pfn(page));
}

/* Entry 0 is a 2 MiB folio: so shall be its place. */
static bool alloc_large(struct nouveau_dmem_move *mv, struct vm_area_struct *vma, u64 start)
{
	gfp_t gfp = GFP_TRANSHUGE_LIGHT | __GFP_NORETRY | __GFP_NOWARN;
	struct folio *folio;

	if (!nouveau_dmem_wants_huge(mv->dmem, NOUVEAU_DMEM_HUGE_HOME) && vma)
		return false;
	/* A process that asked for huge pages gets some effort; so does an eviction. */
	if (!vma || vma->vm_flags & VM_HUGEPAGE)
		gfp |= __GFP_DIRECT_RECLAIM;
	folio = vma ? nouveau_dmem_stock_take(mv->dmem, vma) : NULL;
	if (!folio)
		folio = vma ? vma_alloc_folio(gfp, HPAGE_PMD_ORDER, vma, start) :
			      folio_alloc(gfp, HPAGE_PMD_ORDER);
	if (!folio)
		return false;
	set_ram(mv, 0, folio_page(folio, 0));
	mv->dst[0] |= MIGRATE_PFN_COMPOUND;
	return true;
}

/* 64 KiB at once for entries from @i on that lie in one granule and all want it. */
static bool alloc_granule(struct nouveau_dmem_move *mv, unsigned int i)
{
	gfp_t gfp = (GFP_HIGHUSER_MOVABLE & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN;
	struct page *page;
	unsigned int k;

	if (mv->n - i < NOUVEAU_GRANULE_PAGES)
		return false;
	for (k = 0; k < NOUVEAU_GRANULE_PAGES; k++)
		if (!wants_ram(mv, i + k))
			return false;
	page = alloc_pages(gfp, GRANULE_ORDER);
	if (!page)
		return false;
	split_page(page, GRANULE_ORDER);
	for (k = 0; k < NOUVEAU_GRANULE_PAGES; k++)
		set_ram(mv, i + k, page + k);
	return true;
}

static bool alloc_page_at(struct nouveau_dmem_move *mv, struct vm_area_struct *vma, u64 start,
			  unsigned int i, bool must)
{
	gfp_t gfp = GFP_HIGHUSER_MOVABLE;
	struct page *page;

	if (!must)
		gfp |= __GFP_NORETRY | __GFP_NOWARN;
	page = vma ? alloc_page_vma(gfp, vma, start + ((u64)i << PAGE_SHIFT)) : alloc_page(gfp);
	if (!page)
		return false;
	set_ram(mv, i, page);
	return true;
}

/* A 2 MiB folio that has to go home in pieces; core mm splits it if its head goes. */
static void spread_large(struct nouveau_dmem_move *mv)
{
	unsigned long head = mv->src[0] & ~MIGRATE_PFN_COMPOUND;
	unsigned int i;

	for (i = 1; i < mv->n; i++)
		mv->src[i] = head + ((unsigned long)i << MIGRATE_PFN_SHIFT);
}

static void unspread_large(struct nouveau_dmem_move *mv)
{
	memset(mv->src + 1, 0, (mv->n - 1) * sizeof(*mv->src));
}

/**
 * nouveau_dmem_move_alloc_ram - places for what was collected
 * @mv: the move, home
 * @vma: whose memory policy counts, or NULL
 * @start: address of entry 0, if there is a VMA
 * @must: the entry that is worth an error, or the number of entries
 *
 * A 2 MiB folio for one if there is any, then 64 KiB pieces, then pages. Without
 * a VMA core mm cannot split a folio: then it is all or nothing.
 *
 * Return: 0 or -ENOMEM.
 */
int nouveau_dmem_move_alloc_ram(struct nouveau_dmem_move *mv, struct vm_area_struct *vma,
				u64 start, unsigned int must)
{
	bool large = mv->src[0] & MIGRATE_PFN_COMPOUND;
	bool granules = !vma || !vma_policy(vma);
	unsigned int i;
	int err = 0;

	memset(mv->dst, 0, mv->n * sizeof(*mv->dst));
	if (large && (!wants_ram(mv, 0) || alloc_large(mv, vma, start) || !vma))
		return 0;
	if (large)
		spread_large(mv);
	for (i = 0; i < mv->n; i++) {
		u64 page = vma ? (start >> PAGE_SHIFT) + i : i;

		if (mv->dst[i] || !wants_ram(mv, i))
			continue;
		if (granules && IS_ALIGNED(page, NOUVEAU_GRANULE_PAGES) && alloc_granule(mv, i))
			continue;
		if (alloc_page_at(mv, vma, start, i, i == must || (large && !i)))
			continue;
		/* Without its head nothing of a folio can go. */
		if (i == must || (large && !i)) {
			err = must < mv->n ? -ENOMEM : 0;
			break;
		}
	}
	if (large)
		unspread_large(mv);
	return err;
}

/* ---- destinations ---- */

static void drop_entry(struct nouveau_dmem_move *mv, unsigned int i)
{
	struct page *page = migrate_pfn_to_page(mv->dst[i]);

	mv->dst[i] = 0;
	if (!page)
		return;
	unlock_page(page);
	put_page(page);
}

/**
 * nouveau_dmem_move_drop - free the destinations; nothing is going to move
 * @mv: the move
 */
void nouveau_dmem_move_drop(struct nouveau_dmem_move *mv)
{
	unsigned int i;

	for (i = 0; i < mv->n; i++)
		drop_entry(mv, i);
}

static unsigned int count_pages(const unsigned long *pfns, unsigned int n)
{
	unsigned int i, pages = 0;

	if (pfns[0] & MIGRATE_PFN_COMPOUND)
		return migrate_pfn_to_page(pfns[0]) ? n : 0;
	for (i = 0; i < n; i++)
		pages += !!migrate_pfn_to_page(pfns[i]);
	return pages;
}

/**
 * nouveau_dmem_move_collected - pages that core mm let us have
 * @mv: the move, before core mm switches its pages
 *
 * A hole is no page.
 *
 * Return: a number of 4 KiB pages, as from the other counting functions.
 */
unsigned int nouveau_dmem_move_collected(const struct nouveau_dmem_move *mv)
{
	return count_pages(mv->src, mv->n);
}

/**
 * nouveau_dmem_move_places - pages that have a place to go to
 * @mv: the move
 *
 * Return: how many.
 */
unsigned int nouveau_dmem_move_places(const struct nouveau_dmem_move *mv)
{
	return count_pages(mv->dst, mv->n);
}

/**
 * nouveau_dmem_move_moved - pages that changed place
 * @mv: the move, after core mm switched its pages
 *
 * Return: how many.
 */
unsigned int nouveau_dmem_move_moved(const struct nouveau_dmem_move *mv)
{
	unsigned int i, moved = 0;

	if (mv->dst[0] & MIGRATE_PFN_COMPOUND)
		return mv->src[0] & MIGRATE_PFN_MIGRATE ? mv->n : 0;
	for (i = 0; i < mv->n; i++)
		moved += mv->dst[i] && (mv->src[i] & MIGRATE_PFN_MIGRATE);
	return moved;
}

/* ---- copies ---- */

static unsigned int op_max_pages(const struct nouveau_dmem_move *mv)
{
	size_t bytes = min_t(size_t, dma_max_mapping_size(move_dev(mv)), NOUVEAU_BLOCK_BYTES);

	return max_t(unsigned int, bytes >> PAGE_SHIFT, 1);
}

/* Entries to as few ops as there can be; their RAM is not mapped yet. */
static void build_ops(struct nouveau_dmem_move *mv)
{
	unsigned long *ram_pfns = mv->to_vram ? mv->src : mv->dst;
	unsigned int i, max_pages = op_max_pages(mv);
	struct nouveau_dmem_op *op = NULL;
	struct page *next_ram = NULL;
	u64 next_vram = 0;

	for (i = 0; i < mv->n; i++) {
		struct page *dst = nouveau_dmem_entry(mv->dst, i);
		struct page *src = nouveau_dmem_entry(mv->src, i);
		struct page *ram = mv->to_vram ? src : dst;
		u64 vram;

		if (!dst)
			continue;
		vram = nouveau_dmem_page_addr(mv->dmem->ndev, mv->to_vram ? dst : src);
		if (!op || op->clear != !ram || vram != next_vram || (ram && ram != next_ram) ||
		    op->pages == max_pages) {
			op = &mv->ops[mv->nops++];
			*op = (struct nouveau_dmem_op){ .vram = vram, .first = i, .clear = !ram };
		}
		op->pages++;
		/* A whole folio continues itself. */
		if (ram_pfns[0] & mv->dst[0] & MIGRATE_PFN_COMPOUND && max_pages >= mv->n) {
			op->pages = mv->n;
			return;
		}
		next_vram = vram + PAGE_SIZE;
		next_ram = ram ? pfn_to_page(page_to_pfn(ram) + 1) : NULL;
	}
}

/**
 * nouveau_dmem_move_unmap - RAM belongs to the CPU again
 * @mv: the move; no copy of it is running
 */
void nouveau_dmem_move_unmap(struct nouveau_dmem_move *mv)
{
	unsigned int k;

	for (k = 0; k < mv->nops; k++)
		if (mv->ops[k].pages && !mv->ops[k].clear)
			dma_unmap_page(move_dev(mv), mv->ops[k].ram,
				       (size_t)mv->ops[k].pages << PAGE_SHIFT, move_dir(mv));
	mv->nops = 0;
}

/**
 * nouveau_dmem_move_map - work out the copies and make their RAM reachable
 * @mv: the move, destinations allocated
 *
 * What can't be mapped loses its destination and stays.
 */
void nouveau_dmem_move_map(struct nouveau_dmem_move *mv)
{
	struct device *dev = move_dev(mv);
	unsigned int k, i;

	mv->nops = 0;
	mv->copied = 0;
	mv->cleared = 0;
	build_ops(mv);
	for (k = 0; k < mv->nops; k++) {
		struct nouveau_dmem_op *op = &mv->ops[k];
		struct page *ram;

		if (op->clear) {
			/* Never touched by anyone: zero, and nothing to read. */
			mv->cleared += op->pages;
			continue;
		}
		ram = nouveau_dmem_entry(mv->to_vram ? mv->src : mv->dst, op->first);
		op->ram = dma_map_page(dev, ram, 0, (size_t)op->pages << PAGE_SHIFT, move_dir(mv));
		if (!dma_mapping_error(dev, op->ram)) {
			mv->copied += op->pages;
			continue;
		}
		if (mv->dst[0] & MIGRATE_PFN_COMPOUND) {
			/* All or nothing. */
			mv->nops = k;
			nouveau_dmem_move_unmap(mv);
			nouveau_dmem_move_drop(mv);
			return;
		}
		for (i = op->first; i < op->first + op->pages; i++)
			drop_entry(mv, i);
		op->pages = 0;
	}
}

/**
 * nouveau_dmem_move_add - the copies of a move into a batch
 * @mv: the move, mapped
 * @batch: open batch of the right direction
 *
 * Return: 0 or what nouveau_copy_add() returned.
 */
int nouveau_dmem_move_add(struct nouveau_dmem_move *mv, struct nouveau_copy_batch *batch)
{
	unsigned int k;
	int err = 0;

	for (k = 0; k < mv->nops && !err; k++) {
		const struct nouveau_dmem_op *op = &mv->ops[k];
		struct nouveau_copy_addr vram = { TU102_APERTURE_VRAM, op->vram };
		struct nouveau_copy_addr ram = { TU102_APERTURE_SYS, op->ram };
		u64 bytes = (u64)op->pages << PAGE_SHIFT;

		if (!op->pages)
			continue;
		if (op->clear)
			err = nouveau_copy_add_fill(batch, vram, bytes, 0);
		else if (mv->to_vram)
			err = nouveau_copy_add(batch, vram, ram, bytes);
		else
			err = nouveau_copy_add(batch, ram, vram, bytes);
	}
	return err;
}

static enum nouveau_copy_dir move_engine(const struct nouveau_dmem_move *mv)
{
	return mv->to_vram ? NOUVEAU_COPY_TO_VRAM : NOUVEAU_COPY_TO_SYS;
}

static int copy_once(struct nouveau_dmem_move *mv)
{
	struct nouveau_copy_batch *batch;
	struct dma_fence *fence;
	u64 now = ktime_get_ns();
	int err;

	batch = nouveau_copy_begin(mv->dmem->ndev, move_engine(mv));
	if (IS_ERR(batch))
		return PTR_ERR(batch);
	nouveau_copy_set_quiet(batch);
	err = nouveau_dmem_move_add(mv, batch);
	if (err) {
		nouveau_copy_abort(batch);
		return err;
	}
	fence = nouveau_copy_submit(batch);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	now = nouveau_dmem_step(mv->dmem, NOUVEAU_STAT_NS_COPY, now);
	err = nouveau_copy_wait(mv->dmem->ndev, move_engine(mv), fence);
	nouveau_dmem_step(mv->dmem, NOUVEAU_STAT_NS_COPY_WAIT, now);
	if (nouveau_fails())
		err = -EIO;
	dma_fence_put(fence);
	return err;
}

/*
 * No engine brings it home: what the CPU can see of VRAM it reads itself. The mappings
 * go first, since a bounce buffer would be written over what is read here.
 */
static int copy_by_cpu(struct nouveau_dmem_move *mv)
{
	struct nouveau_device *ndev = mv->dmem->ndev;
	unsigned int i;

	nouveau_dmem_move_unmap(mv);
	for (i = 0; i < mv->n; i++) {
		struct page *ram = nouveau_dmem_entry(mv->dst, i);
		void *to;
		u64 addr;
		int err;

		if (!ram)
			continue;
		addr = nouveau_dmem_page_addr(ndev, nouveau_dmem_entry(mv->src, i));
		to = kmap_local_page(ram);
		err = nouveau_vram_read(ndev, addr, to, PAGE_SIZE);
		kunmap_local(to);
		if (err)
			return err;
		nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_PAGES_BY_CPU);
	}
	return 0;
}

/**
 * nouveau_dmem_move_copy - copy, wait, try again if the engine failed
 * @mv: the move, mapped
 *
 * The wait has no timeout: as long as the engine may still write, the pages
 * cannot be given away. A dead engine's fence comes with an error. On the way home
 * the CPU copies then, and nothing is mapped any more. After an
 * error the destinations hold nothing of use and are the caller's to drop.
 *
 * Return: 0 or a negative errno.
 */
int nouveau_dmem_move_copy(struct nouveau_dmem_move *mv)
{
	u64 start = ktime_get_ns();
	unsigned int tries;
	int err = 0;

	for (tries = 0; tries < COPY_TRIES; tries++) {
		if (tries)
			nouveau_stat_inc(&mv->dmem->ndev->stats, NOUVEAU_STAT_COPY_RETRY);
		err = copy_once(mv);
		if (!err)
			break;
	}
	if (err && !mv->to_vram)
		err = copy_by_cpu(mv);
	trace_nouveau_copy(mv->to_vram, mv->copied, mv->cleared, ktime_get_ns() - start, err);
	return err;
}
