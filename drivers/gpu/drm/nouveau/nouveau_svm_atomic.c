// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Atomics of the GPU on pages that stay in system memory.
 *
 * Over PCIe the GPU's atomic is a read and a write (L2 does it), so it is exact
 * only while no CPU can reach the page. Entries of system memory therefore have
 * atomics disabled, and the fault that follows ends here, page by page, when the
 * page did not move to VRAM:
 *
 *   anonymous	make_device_exclusive(): the CPU's entry is replaced, and the next
 *		touch of a CPU takes the page back from the GPU first
 *   shared	shmem and page cache have no such entry. But every fault on them
 *		takes the folio's lock; so: lock, unmap it from all processes, let
 *		the GPU at it for a while, take it away, unlock
 *
 * Either way the folio stays locked for as long as the GPU needs to get at least
 * its parked accesses done: it is "held" until a replay went out and a tick
 * passed. That is what makes the GPU progress under a CPU that hammers the
 * word; a CPU that lost the page likewise keeps it for some time once it has it
 * back. Anything else that happens to the page (munmap, fork, mprotect,
 * truncation) arrives as a notifier, which lets go at once.
 *
 * Hugetlb has neither way; there atomics are exact among all units of the GPU,
 * not against CPUs (Documentation/uapi.md).
 *
 * Locks: the list of held folios and the block's masks are under the page-table
 * lock, which is taken inside of mmap_lock and folio locks.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/slab.h>

#include <nvhw/tu104/dev_mmu_kind.h>

#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm_priv.h"
#include "nouveau_trace.h"
#include "nouveau_vram.h"
#include "tu102_pte.h"

#define TAKE_TRIES	4
/* A folio is held no longer than that, whatever the GPU does. */
#define HELD_MAX_NS	(50 * NSEC_PER_MSEC)
/* A shared one that nobody waits for. */
#define SHARED_MAX_NS	(20 * NSEC_PER_MSEC)
/* A CPU that got a page back uses it undisturbed for that long. */
#define CPU_TURN_US	100

/* A locked folio one of whose pages only the GPU can reach. */
struct nouveau_svm_held {
	struct list_head link;		/* svm->held */
	struct nouveau_svm_block *block;
	unsigned int page;		/* of the block */
	struct folio *folio;		/* holds its lock and a reference */
	bool shared;			/* goes back to the CPUs when the hold ends */
	u64 since_ns;
	s64 replays;			/* counter when it was mapped */
};

/* One attempt at a page. */
struct take {
	struct nouveau_svm_mm *svm;
	struct nouveau_svm_block *block;
	struct nouveau_svm_window *win;
	struct nouveau_svm_held *held;
	unsigned int page;
	u64 va;
};

static s64 replays_now(struct nouveau_svm_mm *svm)
{
	return atomic64_read(&svm->ndev->stats.v[NOUVEAU_STAT_REPLAY]);
}

/* ---- letting go ------------------------------------------------------------------ */

/* Its page is out of the GPU's reach if it is a shared one. */
static void held_release_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_held *held)
{
	nouveau_pt_assert_locked(svm->pt);
	list_del(&held->link);
	folio_unlock(held->folio);
	folio_put(held->folio);
	kfree(held);
}

/**
 * nouveau_svm_release_held_locked - let go of folios in a range
 * @svm: mirror
 * @start: first address
 * @end: end address
 *
 * The range has just been zapped. Page-table lock held.
 */
void nouveau_svm_release_held_locked(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	struct nouveau_svm_held *held, *tmp;

	nouveau_pt_assert_locked(svm->pt);
	list_for_each_entry_safe(held, tmp, &svm->held, link) {
		u64 va = held->block->base + ((u64)held->page << PAGE_SHIFT);

		if (va >= start && va < end)
			held_release_locked(svm, held);
	}
}

static bool held_is_over(struct nouveau_svm_mm *svm, const struct nouveau_svm_held *held)
{
	u64 age = ktime_get_ns() - held->since_ns;

	if (age >= HELD_MAX_NS)
		return true;
	if (replays_now(svm) == held->replays)
		return false;
	return !held->shared || folio_test_waiters(held->folio) || age >= SHARED_MAX_NS;
}

/**
 * nouveau_svm_held_work - end holds whose time is over
 * @work: held_work of a mirror
 */
void nouveau_svm_held_work(struct work_struct *work)
{
	struct nouveau_svm_mm *svm = container_of(work, struct nouveau_svm_mm, held_work.work);
	struct nouveau_svm_held *held, *tmp;
	bool again;

	nouveau_pt_lock(svm->pt);
	list_for_each_entry_safe(held, tmp, &svm->held, link) {
		struct nouveau_mask page = nouveau_mask_range(held->page, held->page + 1);

		if (!held_is_over(svm, held))
			continue;
		if (held->shared)
			nouveau_svm_zap_pages_locked(svm, held->block, &page);
		held_release_locked(svm, held);
	}
	again = !list_empty(&svm->held);
	nouveau_pt_unlock(svm->pt);
	if (again)
		queue_delayed_work(system_freezable_wq, &svm->held_work, 1);
}

/* ---- taking ---------------------------------------------------------------------- */

/*
 * Under its lock no process can map the folio again, and nobody can take it out
 * of its file. The notifier of our own unmapping comes before @seq is read.
 */
static struct page *take_shared(struct take *t, struct folio **foliop, unsigned long *seq)
{
	struct mm_struct *mm = t->svm->mm;
	struct vm_area_struct *vma;
	struct folio *folio;
	struct page *page;
	int err = -EOPNOTSUPP;

	page = get_user_page_vma_remote(mm, t->va, FOLL_GET | FOLL_WRITE, &vma);
	if (IS_ERR(page))
		return page;
	folio = page_folio(page);
	if (folio_test_anon(folio) || folio_test_hugetlb(folio) || folio_is_zone_device(folio) ||
	    !vma->vm_file)
		goto put;
	err = folio_lock_killable(folio);
	if (err)
		goto put;
	err = -EAGAIN;
	if (!folio->mapping || folio->mapping != vma->vm_file->f_mapping)
		goto unlock;
	unmap_mapping_range(folio->mapping, (loff_t)linear_page_index(vma, t->va) << PAGE_SHIFT,
			    PAGE_SIZE, 0);
	*seq = mmu_interval_read_begin(&t->win->notifier);
	t->held->shared = true;
	*foliop = folio;
	return page;

unlock:
	folio_unlock(folio);
put:
	folio_put(folio);
	return ERR_PTR(err);
}

/* Out of a larger entry, whose rest comes back by faults; or just more permission. */
static int publish_locked(struct take *t, struct page *page)
{
	struct nouveau_svm_block *block = t->block;
	struct device *dev = t->svm->ndev->drm.dev;
	struct nouveau_mask one = nouveau_mask_range(t->page, t->page + 1);
	const struct tu102_pte_attr attr = {
		.aperture = TU102_APERTURE_SYS, .kind = NV_MMU_PTE_KIND_PITCH,
	};
	dma_addr_t dma;
	u64 pte;

	nouveau_pt_assert_locked(t->svm->pt);
	if (block->huge || block->big & BIT(t->page / NOUVEAU_GRANULE_PAGES))
		nouveau_svm_zap_pages_locked(t->svm, block, &one);
	if (block->dma && nouveau_mask_test(&block->mapped, t->page)) {
		dma = block->dma[t->page];
	} else {
		dma = dma_map_page_attrs(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL,
					 NOUVEAU_SVM_DMA_ATTRS);
		if (dma_mapping_error(dev, dma))
			return -ENOMEM;
		if (block->dma)
			block->dma[t->page] = dma;
	}
	pte = tu102_pte_encode(dma, &attr);
	nouveau_pt_write_locked(t->svm->pt, t->va, 1, 12, &pte);
	nouveau_mem_flush(t->svm->ndev);
	nouveau_mask_set(&block->mapped, t->page);
	nouveau_mask_set(&block->writable, t->page);
	nouveau_mask_set(&block->atomic, t->page);
	/* Nobody sees the GPU's stores in a dirty bit. */
	folio_mark_dirty(page_folio(page));
	return 0;
}

static int take_publish(struct take *t, struct page *page, struct folio *folio, unsigned long seq)
{
	struct nouveau_svm_held *held = t->held;
	int err = -EAGAIN;

	nouveau_pt_lock(t->svm->pt);
	if (!mmu_interval_read_retry(&t->win->notifier, seq))
		err = publish_locked(t, page);
	if (!err) {
		held->block = t->block;
		held->page = t->page;
		held->folio = folio;
		held->since_ns = ktime_get_ns();
		held->replays = replays_now(t->svm);
		list_add_tail(&held->link, &t->svm->held);
		t->held = NULL;
	}
	nouveau_pt_unlock(t->svm->pt);
	return err;
}

static int take_once(struct take *t)
{
	struct mm_struct *mm = t->svm->mm;
	unsigned long seq = mmu_interval_read_begin(&t->win->notifier);
	struct folio *folio;
	struct page *page;
	int err;

	t->held->shared = false;
	/* Until it is in the list: fork() must not meet a folio it cannot get unlocked. */
	mmap_read_lock(mm);
	page = make_device_exclusive(mm, t->va, t->svm, &folio);
	if (page == ERR_PTR(-EOPNOTSUPP))
		page = take_shared(t, &folio, &seq);
	err = PTR_ERR_OR_ZERO(page);
	if (!err) {
		err = take_publish(t, page, folio, seq);
		if (err) {
			folio_unlock(folio);
			folio_put(folio);
		}
	}
	mmap_read_unlock(mm);
	return err;
}

/* As the CPU would: an exclusive entry of an attempt before becomes a normal one. */
static int take_fault_in(struct take *t)
{
	bool unlocked = false;
	int err;

	mmap_read_lock(t->svm->mm);
	err = fixup_user_fault(t->svm->mm, t->va, FAULT_FLAG_WRITE, &unlocked);
	mmap_read_unlock(t->svm->mm);
	return err;
}

static bool take_is_needed(struct take *t)
{
	bool vram, done;

	nouveau_pt_lock(t->svm->pt);
	vram = nouveau_mask_test(&t->block->vram, t->page);
	done = nouveau_mask_test(&t->block->atomic, t->page);
	/* Lost its entry, not its lock: nobody else could take it before. */
	if (!vram && !done)
		nouveau_svm_release_held_locked(t->svm, t->va, t->va + PAGE_SIZE);
	nouveau_pt_unlock(t->svm->pt);
	return !vram && !done;
}

/**
 * nouveau_svm_take_page - let the GPU do atomics on a page of system memory
 * @svm: mirror, mmget() held
 * @block: its block
 * @page: page of the block, mapped for writing by the service that asks
 *
 * No lock held. TLBs may hold the entry without atomics afterwards: the caller
 * replays with an invalidate, which also starts the time the page is held for.
 *
 * Return: 0; -EOPNOTSUPP when CPUs cannot be kept out (hugetlb); -EBUSY when the
 * process changes it all the time; -EFAULT, -ENOMEM, -EINTR.
 */
int nouveau_svm_take_page(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
			  unsigned int page)
{
	struct take t = {
		.svm = svm, .block = block, .page = page,
		.va = block->base + ((u64)page << PAGE_SHIFT),
	};
	unsigned int i;
	int err;

	if (!take_is_needed(&t))
		return 0;
	if (ktime_get_ns() - READ_ONCE(block->atomic_lost_ns) < CPU_TURN_US * NSEC_PER_USEC)
		usleep_range(CPU_TURN_US, 2 * CPU_TURN_US);
	t.win = nouveau_svm_window_get(svm, t.va);
	if (IS_ERR(t.win))
		return PTR_ERR(t.win);
	err = nouveau_pt_prepare(svm->pt, t.va, t.va + PAGE_SIZE, 12);
	if (err)
		return err;
	t.held = kzalloc_obj(*t.held);
	if (!t.held)
		return -ENOMEM;
	err = take_once(&t);
	for (i = 1; err == -EAGAIN && i < TAKE_TRIES; i++) {
		err = take_fault_in(&t);
		if (!err)
			err = take_once(&t);
	}
	kfree(t.held);
	trace_nouveau_take_page(svm, t.va, err);
	if (err)
		return err == -EAGAIN ? -EBUSY : err;
	nouveau_stat_inc(&svm->ndev->stats, NOUVEAU_STAT_PAGES_EXCLUSIVE);
	queue_delayed_work(system_freezable_wq, &svm->held_work, 1);
	return 0;
}
