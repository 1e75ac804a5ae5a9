// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Moving the memory of processes between RAM and VRAM.
 *
 * Three ways, all of them collect, allocate, copy, switch, finish:
 *   to VRAM    nouveau_dmem_to_vram(), a window of one block, chosen by policy
 *   home       by address: nouveau_dmem_to_sys() and the CPU's fault on a page
 *   home       by VRAM address: nouveau_dmem_evict(), needs no address space
 *
 * Copies go through the copy engines only, all of a window in one push. What
 * core mm won't give or what there is no memory for stays where it is: partial
 * success is success. Between collect and finish the pages are locked and
 * unmapped, so no lock of the driver is needed, and none is held.
 */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nouveau_copy.h"
#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"

/* One migration in flight: @n pages of src/dst/dma, all of the same direction. */
struct dmem_move {
	struct nouveau_dmem *dmem;
	unsigned long *src, *dst;
	dma_addr_t *dma;
	unsigned int n;
	bool to_vram;
	unsigned int copied, cleared;
};

static struct device *move_dev(const struct dmem_move *mv)
{
	return mv->dmem->ndev->drm.dev;
}

static enum dma_data_direction move_dir(const struct dmem_move *mv)
{
	return mv->to_vram ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

static void move_unmap_dma(struct dmem_move *mv)
{
	unsigned int i;

	for (i = 0; i < mv->n; i++) {
		if (mv->dma[i] != DMA_MAPPING_ERROR)
			dma_unmap_page(move_dev(mv), mv->dma[i], PAGE_SIZE, move_dir(mv));
		mv->dma[i] = DMA_MAPPING_ERROR;
	}
}

/* Drop a destination page that got no data. */
static void move_drop_dst(struct dmem_move *mv, unsigned int i)
{
	struct page *page = migrate_pfn_to_page(mv->dst[i]);

	if (!page)
		return;
	if (mv->to_vram) {
		nouveau_dmem_unalloc(&mv->dst[i]);
		return;
	}
	unlock_page(page);
	put_page(page);
	mv->dst[i] = 0;
}

/* The RAM side of page @i, mapped for the copy engine. */
static bool move_map_page(struct dmem_move *mv, unsigned int i, struct page *page)
{
	mv->dma[i] = dma_map_page(move_dev(mv), page, 0, PAGE_SIZE, move_dir(mv));
	if (!dma_mapping_error(move_dev(mv), mv->dma[i]))
		return true;
	mv->dma[i] = DMA_MAPPING_ERROR;
	move_drop_dst(mv, i);
	return false;
}

/* Add all copies to one batch; clears of neighbours go as one fill. */
static int move_fill_batch(struct dmem_move *mv, struct nouveau_copy_batch *batch)
{
	struct nouveau_device *ndev = mv->dmem->ndev;
	struct nouveau_copy_addr vram = { .aperture = TU102_APERTURE_VRAM };
	struct nouveau_copy_addr sys = { .aperture = TU102_APERTURE_SYS };
	u64 clear = 0, clear_bytes = 0;
	unsigned int i;
	int err = 0;

	for (i = 0; i < mv->n && !err; i++) {
		struct page *dst = migrate_pfn_to_page(mv->dst[i]);
		struct page *src = migrate_pfn_to_page(mv->src[i]);

		if (!dst)
			continue;
		if (!src) {
			/* Never touched by anyone: zero, and nothing to read. */
			vram.addr = nouveau_dmem_page_addr(ndev, dst);
			if (clear_bytes && vram.addr != clear + clear_bytes) {
				err = nouveau_copy_add_fill(batch, (struct nouveau_copy_addr){
					TU102_APERTURE_VRAM, clear }, clear_bytes, 0);
				clear_bytes = 0;
			}
			if (!clear_bytes)
				clear = vram.addr;
			clear_bytes += PAGE_SIZE;
			mv->cleared++;
			continue;
		}
		if (!move_map_page(mv, i, mv->to_vram ? src : dst))
			continue;
		sys.addr = mv->dma[i];
		vram.addr = nouveau_dmem_page_addr(ndev, mv->to_vram ? dst : src);
		err = mv->to_vram ? nouveau_copy_add(batch, vram, sys, PAGE_SIZE) :
				    nouveau_copy_add(batch, sys, vram, PAGE_SIZE);
		mv->copied++;
	}
	if (!err && clear_bytes)
		err = nouveau_copy_add_fill(batch, (struct nouveau_copy_addr){
			TU102_APERTURE_VRAM, clear }, clear_bytes, 0);
	return err;
}

/*
 * Copy, wait, and forget the DMA addresses. After an error the destinations
 * hold nothing of use and are still there for the caller to drop.
 *
 * The wait has no timeout: as long as the engine may still write, the pages
 * cannot be given away. A dead engine's fence comes with an error.
 */
static int move_copy(struct dmem_move *mv)
{
	u64 start = ktime_get_ns();
	struct nouveau_copy_batch *batch;
	struct dma_fence *fence;
	unsigned int i;
	int err;

	for (i = 0; i < mv->n; i++)
		mv->dma[i] = DMA_MAPPING_ERROR;
	mv->copied = 0;
	mv->cleared = 0;
	batch = nouveau_copy_begin(mv->dmem->ndev, mv->to_vram ? NOUVEAU_COPY_TO_VRAM :
				   NOUVEAU_COPY_TO_SYS);
	if (IS_ERR(batch))
		return PTR_ERR(batch);
	err = move_fill_batch(mv, batch);
	if (err) {
		nouveau_copy_abort(batch);
		goto out;
	}
	fence = nouveau_copy_submit(batch);
	if (IS_ERR(fence)) {
		err = PTR_ERR(fence);
		goto out;
	}
	dma_fence_wait(fence, false);
	err = min(dma_fence_get_status(fence), 0);
	dma_fence_put(fence);
out:
	move_unmap_dma(mv);
	trace_nouveau_copy(mv->to_vram, mv->copied, mv->cleared, ktime_get_ns() - start, err);
	return err;
}

static void move_drop_all(struct dmem_move *mv)
{
	unsigned int i;

	for (i = 0; i < mv->n; i++)
		move_drop_dst(mv, i);
}

/* Pages that have really changed place, after core mm switched them. */
static unsigned int move_count(const struct dmem_move *mv)
{
	unsigned int i, moved = 0;

	for (i = 0; i < mv->n; i++)
		moved += mv->dst[i] && (mv->src[i] & MIGRATE_PFN_MIGRATE);
	return moved;
}

/* Pages that core mm let us have; a hole that came along is none. */
static unsigned int move_collected(const struct dmem_move *mv)
{
	unsigned int i, n = 0;

	for (i = 0; i < mv->n; i++)
		n += (mv->src[i] & MIGRATE_PFN_MIGRATE) && migrate_pfn_to_page(mv->src[i]);
	return n;
}

/* Those with a place to go to. */
static unsigned int move_places(const struct dmem_move *mv)
{
	unsigned int i, n = 0;

	for (i = 0; i < mv->n; i++)
		n += !!mv->dst[i];
	return n;
}

/* Of @collected pages @got had a place, of those @moved went there. */
static void result_add(struct nouveau_dmem_result *res, unsigned int collected, unsigned int got,
		       unsigned int moved, int err)
{
	res->collected += collected;
	res->moved += moved;
	res->no_memory += collected - got;
	if (err)
		res->no_copy += got - moved;
	else
		res->kept += got - moved;
}

/**
 * nouveau_dmem_to_vram - move pages of a block to VRAM
 * @ndev: the GPU
 * @vma: all of the pages are in it; mmap_lock held
 * @base: address of the block
 * @mask: pages to move, not empty
 * @source: the mirror that asks
 * @s: scratch
 * @moved: how it went, added to
 *
 * The GPU loses what is going to move, and only that, after it was collected
 * and before it is copied.
 *
 * Return: 0, also when nothing could be moved; -EINVAL when the VMA can't
 * migrate at all, -EIO when the copy failed.
 */
int nouveau_dmem_to_vram(struct nouveau_device *ndev, struct vm_area_struct *vma, u64 base,
			 const struct nouveau_mask *mask, const struct nouveau_dmem_source *source,
			 struct nouveau_dmem_scratch *s, struct nouveau_dmem_result *moved)
{
	unsigned int first = nouveau_mask_next(mask, 0, true);
	unsigned int end = nouveau_mask_end(mask);
	struct migrate_vma args = {
		.vma = vma,
		.start = base + ((u64)first << PAGE_SHIFT),
		.end = base + ((u64)end << PAGE_SHIFT),
		.src = s->src + first,
		.dst = s->dst + first,
		/* Device-private pages are not selected, so this is the cookie only. */
		.pgmap_owner = source->cookie,
		.flags = MIGRATE_VMA_SELECT_SYSTEM,
	};
	struct dmem_move mv = {
		.dmem = ndev->dmem, .src = args.src, .dst = args.dst, .dma = s->dma,
		.n = end - first, .to_vram = true,
	};
	struct nouveau_mask collected = { };
	unsigned int i, total, got = 0, n = 0;
	int err;

	err = migrate_vma_setup(&args);
	if (err)
		return err;
	nouveau_mask_for_each(mask, i)
		if (s->src[i] & MIGRATE_PFN_MIGRATE)
			nouveau_mask_set(&collected, i);
	total = nouveau_mask_weight(&collected, 0, NOUVEAU_BLOCK_PAGES);
	if (total) {
		source->detach(source->cookie, base, &collected);
		got = nouveau_dmem_alloc(ndev->dmem, &collected, s->dst);
	}
	if (got) {
		err = move_copy(&mv);
		if (err)
			move_drop_all(&mv);
	}
	/*
	 * Holes are filled without a migration entry to keep others out: one of
	 * them may have been mapped for the GPU since. Let that notifier through.
	 */
	args.pgmap_owner = NULL;
	migrate_vma_pages(&args);
	n = move_count(&mv);
	migrate_vma_finalize(&args);

	result_add(moved, total, got, n, err);
	nouveau_stat_add(&ndev->stats, NOUVEAU_STAT_PAGES_TO_VRAM, n);
	nouveau_stat_add(&ndev->stats, NOUVEAU_STAT_MIGRATE_NOVRAM, total - got);
	if (n && n < nouveau_mask_weight(mask, 0, NOUVEAU_BLOCK_PAGES))
		nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_MIGRATE_PARTIAL);
	trace_nouveau_migrate(args.start, args.end, true, total, n, err);
	return err ? -EIO : 0;
}

/* RAM for what was collected. Only @must is worth an error. */
static int move_alloc_ram(struct dmem_move *mv, struct vm_area_struct *vma, u64 start,
			  struct page *must)
{
	unsigned int i;

	for (i = 0; i < mv->n; i++) {
		struct page *src = migrate_pfn_to_page(mv->src[i]), *dst;
		gfp_t gfp = GFP_HIGHUSER_MOVABLE;

		mv->dst[i] = 0;
		if (!src || !(mv->src[i] & MIGRATE_PFN_MIGRATE))
			continue;
		if (src != must)
			gfp |= __GFP_NORETRY | __GFP_NOWARN;
		dst = vma ? alloc_page_vma(gfp, vma, start + ((u64)i << PAGE_SHIFT)) :
			    alloc_page(gfp);
		if (!dst) {
			if (src == must)
				return -ENOMEM;
			continue;
		}
		lock_page(dst);
		mv->dst[i] = migrate_pfn(page_to_pfn(dst));
		if (mv->src[i] & MIGRATE_PFN_WRITE)
			mv->dst[i] |= MIGRATE_PFN_WRITE;
	}
	return 0;
}

/* Home by address; all of [start, end) is in @vma. */
static int dmem_home(struct nouveau_dmem *dmem, struct vm_area_struct *vma, u64 start, u64 end,
		     struct page *fault_page, struct dmem_move *mv,
		     struct nouveau_dmem_result *moved)
{
	struct migrate_vma args = {
		.vma = vma,
		.start = start,
		.end = end,
		.src = mv->src,
		.dst = mv->dst,
		.pgmap_owner = nouveau_dmem_owner(dmem->ndev),
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
		.fault_page = fault_page,
	};
	unsigned int got = 0, n;
	int err;

	/* Notifiers take the range away from every GPU that maps it. */
	err = migrate_vma_setup(&args);
	if (err)
		return err;
	mv->dmem = dmem;
	mv->n = args.npages;
	if (args.cpages) {
		err = move_alloc_ram(mv, vma, start, fault_page);
		got = move_places(mv);
		if (!err) {
			err = move_copy(mv);
			if (err)
				err = -EIO;
		}
		if (err)
			move_drop_all(mv);
	}
	migrate_vma_pages(&args);
	n = move_count(mv);
	migrate_vma_finalize(&args);

	result_add(moved, move_collected(mv), got, n, err);
	nouveau_stat_add(&dmem->ndev->stats, NOUVEAU_STAT_PAGES_TO_SYS, n);
	trace_nouveau_migrate(start, end, false, args.cpages, n, err);
	return err;
}

/**
 * nouveau_dmem_to_sys - bring pages home by address
 * @ndev: the GPU
 * @vma: the VMA; mmap_lock held
 * @start: first address, page-aligned, in @vma
 * @end: end address, page-aligned, in @vma, at most a block away
 * @s: scratch
 * @moved: how it went, added to
 *
 * Return: 0, also when there was nothing; -EINVAL, -ENOMEM, -EIO.
 */
int nouveau_dmem_to_sys(struct nouveau_device *ndev, struct vm_area_struct *vma, u64 start, u64 end,
			struct nouveau_dmem_scratch *s, struct nouveau_dmem_result *moved)
{
	struct dmem_move mv = { .src = s->src, .dst = s->dst, .dma = s->dma };

	return dmem_home(ndev->dmem, vma, start, end, NULL, &mv, moved);
}

/* Aligned around the fault, clipped to the VMA. @pages a power of two up to a block. */
static void home_window(const struct vm_fault *vmf, unsigned int pages, u64 *start, u64 *end)
{
	u64 bytes = (u64)pages << PAGE_SHIFT;
	u64 base = ALIGN_DOWN((u64)vmf->address, bytes);

	*start = max_t(u64, base, vmf->vma->vm_start);
	*end = min_t(u64, base + bytes, vmf->vma->vm_end);
}

static unsigned int home_pages(const struct nouveau_dmem *dmem)
{
	u32 pages = READ_ONCE(dmem->knobs->cpu_fault_pages);

	return rounddown_pow_of_two(clamp(pages, 1u, NOUVEAU_BLOCK_PAGES));
}

static int home_around(struct vm_fault *vmf, unsigned int pages, struct dmem_move *mv,
		       struct nouveau_dmem_result *moved)
{
	struct nouveau_dmem *dmem = page_dmem(vmf->page);
	u64 start, end;
	int err;

	home_window(vmf, pages, &start, &end);
	err = dmem_home(dmem, vmf->vma, start, end, vmf->page, mv, moved);
	nouveau_stat_inc(&dmem->ndev->stats, NOUVEAU_STAT_CPU_FAULT);
	trace_nouveau_cpu_fault(vmf->address, end, moved->moved, err);
	return err;
}

/**
 * nouveau_dmem_migrate_to_ram - the CPU touched a page that is in VRAM
 * @vmf: the fault; its page is locked and referenced
 *
 * Brings the 64 KiB around it (a knob says more) home in one push. Runs under
 * locks of core mm, for any process that maps the page, forked children
 * included; nothing of SVM is looked at.
 *
 * Return: 0: try again; VM_FAULT_OOM; VM_FAULT_SIGBUS when the data is lost.
 */
vm_fault_t nouveau_dmem_migrate_to_ram(struct vm_fault *vmf)
{
	unsigned long src[NOUVEAU_GRANULE_PAGES], dst[NOUVEAU_GRANULE_PAGES];
	dma_addr_t dma[NOUVEAU_GRANULE_PAGES];
	struct dmem_move mv = { .src = src, .dst = dst, .dma = dma };
	unsigned int pages = home_pages(page_dmem(vmf->page));
	struct nouveau_dmem_scratch *s = NULL;
	struct nouveau_dmem_result moved = { };
	int err;

	if (pages > NOUVEAU_GRANULE_PAGES) {
		s = kvmalloc_obj(*s, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
		if (s)
			mv = (struct dmem_move){ .src = s->src, .dst = s->dst, .dma = s->dma };
		else
			pages = NOUVEAU_GRANULE_PAGES;
	}
	err = home_around(vmf, pages, &mv, &moved);
	kvfree(s);
	if (err == -ENOMEM)
		return VM_FAULT_OOM;
	return err ? VM_FAULT_SIGBUS : 0;
}

/* One try at up to a block of device PFNs. */
static unsigned int evict_once(struct nouveau_dmem *dmem, struct nouveau_dmem_scratch *s,
			       unsigned long first_pfn, unsigned int n, bool may_lose)
{
	struct dmem_move mv = { .dmem = dmem, .src = s->src, .dst = s->dst, .dma = s->dma, .n = n };
	unsigned int i, moved, lost = 0;
	int err;

	/* Notifiers take each page away from every GPU that maps it. */
	migrate_device_range(s->src, first_pfn, n);
	move_alloc_ram(&mv, NULL, 0, NULL);
	err = move_copy(&mv);
	if (err && may_lose) {
		for (i = 0; i < n; i++) {
			struct page *page = migrate_pfn_to_page(s->dst[i]);

			if (page) {
				clear_highpage(page);
				lost++;
			}
		}
		drm_err(&dmem->ndev->drm, "copy engine dead (%pe): %u pages of processes lost\n",
			ERR_PTR(err), lost);
	} else if (err) {
		move_drop_all(&mv);
	}
	migrate_device_pages(s->src, s->dst, n);
	moved = move_count(&mv);
	migrate_device_finalize(s->src, s->dst, n);
	nouveau_stat_add(&dmem->ndev->stats, NOUVEAU_STAT_PAGES_TO_SYS, moved);
	trace_nouveau_evict(PFN_PHYS(first_pfn) - dmem->pagemap.range.start, (u64)n << PAGE_SHIFT,
			    moved, err);
	return moved;
}

/**
 * nouveau_dmem_evict - bring pages home by where they are
 * @dmem: VRAM
 * @first_pfn: first device PFN
 * @n: how many, at most a block
 * @may_lose: go on with zeroed pages if the copy engine is dead
 *
 * No address space is looked at. A page somebody has locked or pinned at the
 * moment stays.
 *
 * Return: 0 when something moved, -EBUSY when nothing did, -ENOMEM.
 */
int nouveau_dmem_evict(struct nouveau_dmem *dmem, unsigned long first_pfn, unsigned int n,
		       bool may_lose)
{
	/* Giving VRAM back is not worth a process of somebody; losing the device is. */
	gfp_t gfp = may_lose ? GFP_KERNEL : GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	struct nouveau_dmem_scratch *s = kvmalloc_obj(*s, gfp);
	unsigned int moved;

	if (!s)
		return -ENOMEM;
	moved = evict_once(dmem, s, first_pfn, n, may_lose);
	kvfree(s);
	return moved ? 0 : -EBUSY;
}
