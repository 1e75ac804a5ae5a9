// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Making replicas: memory that is advised to be read mostly stays in RAM, where the
 * CPU reads it, and is copied to VRAM, where the GPU does.
 *
 * A copy may only be used while nobody can write to the page without a notifier
 * coming first. The sequence that guards every mapping is not enough for that:
 * core mm sends no notifier when it makes an entry writable that was read-only, and
 * ptrace or /proc/<pid>/mem write through read-only entries. Both happen to pages only
 * that are marked as exclusive to one process, or that core mm finds it may mark so.
 * Hence what is copied is
 *
 *   anonymous		page cache can be written by write() and by other processes
 *   not exclusive	shared by fork(), or merged by KSM: whoever writes to it, in
 *			whatever way, gets a copy of it, and that sends a notifier
 *   held by us		core mm makes a page exclusive when nobody else has a reference
 *			to it; we have one
 *   not pinned		no DMA into it is under way; also implied by the second
 *
 * The reference is taken by get_user_pages(), because that does so under the CPU's
 * page-table lock: what core mm decided before about the page is seen in its mark
 * afterwards, what it decides later sees the reference. All else, the copy itself too,
 * is between the beginning of the notifier's sequence and the look at it under the
 * page-table lock, as for any mapping.
 *
 * Memory of one process alone, PROT_READ or not, is therefore never copied: a stock
 * kernel lets no module hear of a write by ptrace. It is mapped where it is.
 *
 * The reference is no pin: migration, reclaim and compaction send a notifier when they
 * unmap the page, which drops the replica with its reference, before they count.
 */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/hmm.h>
#include <linux/hugetlb.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/slab.h>

#include "nouveau_copy.h"
#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"

/* A reference was taken under the page-table lock of a process that maps it. */
static bool may_copy(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (!folio_test_anon(folio) || folio_test_hugetlb(folio) || folio_is_zone_device(folio))
		return false;
	/* One mark is of the page, the other of a huge page that is mapped as such. */
	if (PageAnonExclusive(page) || PageAnonExclusive(folio_page(folio, 0)))
		return false;
	return !folio_maybe_dma_pinned(folio);
}

/* Hold what may be copied of pages r->tried. mmap_lock held. */
static void replica_hold(struct nouveau_svm_replica *r, const unsigned long *pfns)
{
	unsigned long tried = r->tried;
	struct page *page;
	unsigned int i;

	mmap_assert_locked(r->svm->mm);
	for_each_set_bit(i, &tried, NOUVEAU_GRANULE_PAGES) {
		unsigned int at = r->granule * NOUVEAU_GRANULE_PAGES + i;
		u64 va = r->block->base + ((u64)at << PAGE_SHIFT);

		if (get_user_pages_remote(r->svm->mm, va, 1, 0, &page, NULL) != 1)
			continue;
		/* Another page: then the sequence will say so, too. */
		if (page != hmm_pfn_to_page(pfns[at]) || !may_copy(page)) {
			put_page(page);
			continue;
		}
		r->held[i] = page;
		r->pages |= BIT(i);
	}
}

static struct nouveau_svm_replica *replica_new(struct nouveau_svm_mm *svm,
					       struct nouveau_svm_block *block, unsigned int g,
					       u16 tried)
{
	unsigned long idx = (block->base >> NOUVEAU_SVM_REPLICA_SHIFT) + g;
	struct nouveau_svm_replica *r = kzalloc_obj(*r, GFP_KERNEL_ACCOUNT);

	if (!r)
		return NULL;
	r->svm = svm;
	r->block = block;
	r->granule = g;
	r->tried = tried;
	r->state = NOUVEAU_REPLICA_FRESH;
	if (xa_reserve(&svm->replicas, idx, GFP_KERNEL_ACCOUNT))
		goto err_free;
	/* What is free, and no more: it is a convenience. */
	if (nouveau_chunk_new(svm->ndev, NOUVEAU_GRANULE_PAGES << PAGE_SHIFT,
			      &nouveau_svm_replica_ops, &r->vram))
		goto err_release;
	return r;

err_release:
	xa_release(&svm->replicas, idx);
err_free:
	kfree(r);
	return NULL;
}

static void replica_discard(struct nouveau_svm_replica *r)
{
	xa_release(&r->svm->replicas, (r->block->base >> NOUVEAU_SVM_REPLICA_SHIFT) + r->granule);
	nouveau_svm_replica_free(r);
}

/**
 * nouveau_svm_replicate_abort - what was made is not going to be used
 * @svm: mirror
 * @s: scratch
 */
void nouveau_svm_replicate_abort(struct nouveau_svm_mm *svm, struct nouveau_svm_scratch *s)
{
	unsigned int g;

	for (g = 0; g < NOUVEAU_GRANULES; g++) {
		if (s->fresh[g])
			replica_discard(s->fresh[g]);
		s->fresh[g] = NULL;
	}
}

static u16 granule_bits(const struct nouveau_mask *m, unsigned int g)
{
	return m->w[g / 4] >> (g % 4 * NOUVEAU_GRANULE_PAGES);
}

/* Replicas there are: used again if they are of the same pages, dropped if not. */
static struct nouveau_mask reuse_locked(struct nouveau_svm_mm *svm,
					struct nouveau_svm_block *block,
					const struct nouveau_mask *want,
					struct nouveau_svm_scratch *s, struct nouveau_mask *out)
{
	struct nouveau_mask todo = *want;
	unsigned int g, i;

	nouveau_pt_assert_locked(svm->pt);
	for (g = 0; g < NOUVEAU_GRANULES; g++) {
		unsigned int first = g * NOUVEAU_GRANULE_PAGES;
		u64 va = block->base + ((u64)first << PAGE_SHIFT);
		struct nouveau_mask all = nouveau_mask_range(first, first + NOUVEAU_GRANULE_PAGES);
		struct nouveau_svm_replica *r;

		if (!granule_bits(want, g))
			continue;
		r = nouveau_svm_replica_of_locked(svm, va);
		if (!r)
			continue;
		if (r->tried != granule_bits(want, g)) {
			nouveau_svm_replica_drop_locked(svm, va, va + PAGE_SIZE);
			continue;
		}
		todo = nouveau_mask_andnot(todo, &all);
		for (i = 0; i < NOUVEAU_GRANULE_PAGES; i++) {
			if (!(r->pages & BIT(i)))
				continue;
			s->addr[first + i] = r->vram.addr + ((u64)i << PAGE_SHIFT);
			nouveau_mask_set(out, first + i);
		}
	}
	return todo;
}

static void copy_unmap(struct device *dev, const struct nouveau_mask *mapped,
		       const struct nouveau_svm_scratch *s)
{
	unsigned int i;

	nouveau_mask_for_each(mapped, i)
		dma_unmap_page(dev, s->old[i], PAGE_SIZE, DMA_TO_DEVICE);
}

static int copy_submit(struct nouveau_device *ndev, const struct nouveau_mask *pages,
		       const struct nouveau_svm_scratch *s)
{
	struct nouveau_copy_batch *batch = nouveau_copy_begin(ndev, NOUVEAU_COPY_TO_VRAM);
	struct dma_fence *fence;
	unsigned int i;
	int err = 0;

	if (IS_ERR(batch))
		return PTR_ERR(batch);
	nouveau_copy_set_quiet(batch);
	nouveau_mask_for_each(pages, i) {
		struct nouveau_copy_addr vram = { TU102_APERTURE_VRAM, s->addr[i] };
		struct nouveau_copy_addr ram = { TU102_APERTURE_SYS, s->old[i] };

		err = nouveau_copy_add(batch, vram, ram, PAGE_SIZE);
		if (err) {
			nouveau_copy_abort(batch);
			return err;
		}
	}
	fence = nouveau_copy_submit(batch);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	err = nouveau_copy_wait(ndev, NOUVEAU_COPY_TO_VRAM, fence);
	dma_fence_put(fence);
	return err;
}

/* Pages of s->fresh to their places; true when all of them are there. */
static bool copy_fresh(struct nouveau_svm_mm *svm, const struct nouveau_mask *pages,
		       struct nouveau_svm_scratch *s)
{
	struct device *dev = svm->ndev->drm.dev;
	struct nouveau_mask mapped = { };
	unsigned int i;
	int err = 0;

	nouveau_mask_for_each(pages, i) {
		struct nouveau_svm_replica *r = s->fresh[i / NOUVEAU_GRANULE_PAGES];

		s->old[i] = dma_map_page(dev, r->held[i % NOUVEAU_GRANULE_PAGES], 0, PAGE_SIZE,
					 DMA_TO_DEVICE);
		err = dma_mapping_error(dev, s->old[i]);
		if (err)
			break;
		nouveau_mask_set(&mapped, i);
	}
	if (!err)
		err = copy_submit(svm->ndev, pages, s);
	copy_unmap(dev, &mapped, s);
	return !err;
}

/* New ones for @todo, as far as there is VRAM. */
static struct nouveau_mask make_fresh(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				      const struct nouveau_mask *todo,
				      struct nouveau_svm_scratch *s)
{
	struct nouveau_mask pages = { };
	unsigned int g, i;

	for (g = 0; g < NOUVEAU_GRANULES; g++) {
		struct nouveau_svm_replica *r;

		if (!granule_bits(todo, g))
			continue;
		r = replica_new(svm, block, g, granule_bits(todo, g));
		if (!r)
			break;
		mmap_read_lock(svm->mm);
		replica_hold(r, s->pfns);
		mmap_read_unlock(svm->mm);
		if (!r->pages) {
			replica_discard(r);
			continue;
		}
		s->fresh[g] = r;
		for (i = 0; i < NOUVEAU_GRANULE_PAGES; i++) {
			unsigned int at = g * NOUVEAU_GRANULE_PAGES + i;

			if (!(r->pages & BIT(i)))
				continue;
			s->addr[at] = r->vram.addr + ((u64)i << PAGE_SHIFT);
			nouveau_mask_set(&pages, at);
		}
	}
	return pages;
}

/**
 * nouveau_svm_replicate - copies of memory that is read mostly
 * @svm: mirror, mmget() held
 * @block: block
 * @want: pages that were advised so and are in system memory, mapped read-only
 * @s: scratch of the caller: @s->pfns is what a walk found; @s->fresh is filled,
 *	@s->addr for the pages returned
 * @serial: filled in; when it differs from @block->replica_serial under the page-table
 *	lock, what was found here is not to be used
 *
 * No lock held. nouveau_svm_replica_publish_locked() or nouveau_svm_replicate_abort()
 * has to follow.
 *
 * Return: the pages that have a copy.
 */
struct nouveau_mask nouveau_svm_replicate(struct nouveau_svm_mm *svm,
					  struct nouveau_svm_block *block,
					  const struct nouveau_mask *want,
					  struct nouveau_svm_scratch *s, u32 *serial)
{
	struct nouveau_mask out = { }, todo, fresh;

	nouveau_pt_lock(svm->pt);
	todo = reuse_locked(svm, block, want, s, &out);
	*serial = block->replica_serial;
	nouveau_pt_unlock(svm->pt);
	if (nouveau_mask_empty(&todo))
		return out;
	fresh = make_fresh(svm, block, &todo, s);
	if (!nouveau_mask_empty(&fresh) && copy_fresh(svm, &fresh, s))
		return nouveau_mask_or(out, &fresh);
	nouveau_svm_replicate_abort(svm, s);
	return out;
}
