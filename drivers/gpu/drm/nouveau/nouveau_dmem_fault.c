// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The CPU touched a page that is in VRAM.
 *
 * At least 64 KiB around it come home; a 2 MiB folio comes whole. A CPU that goes
 * on where the last fetch ended gets more each time (nouveau_dmem_stream.c), up to
 * some blocks behind that of the fault: then their collection and their copies
 * overlap (nouveau_dmem_pipe.c), and the GPU loses all of them with one TLB
 * invalidate.
 *
 * Runs under locks of core mm, for any process that maps the page, forked
 * children included; nothing of SVM is looked at.
 */
#include <linux/log2.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"

/* One fault, and what comes home with it. */
struct home {
	struct nouveau_dmem *dmem;
	struct vm_fault *vmf;
	struct nouveau_dmem_fetch fetch;
	unsigned int parts;		/* done */
	unsigned int moved;		/* pages */
	bool lost;			/* the page of the fault, if the copy failed */
};

void nouveau_dmem_fetch_begin(struct nouveau_dmem *dmem, struct nouveau_dmem_fetch *fetch,
			      const struct mm_struct *mm)
{
	fetch->mm = mm;
	guard(spinlock)(&dmem->stream_lock);
	list_add(&fetch->link, &dmem->fetches);
}

void nouveau_dmem_fetch_end(struct nouveau_dmem *dmem, struct nouveau_dmem_fetch *fetch)
{
	guard(spinlock)(&dmem->stream_lock);
	list_del(&fetch->link);
}

u64 nouveau_dmem_fetched_to(struct nouveau_device *ndev, const struct mm_struct *mm, u64 va)
{
	const struct nouveau_dmem_fetch *f;

	guard(spinlock)(&ndev->dmem->stream_lock);
	list_for_each_entry(f, &ndev->dmem->fetches, link)
		if (f->mm == mm && f->start <= va && va < f->end)
			return f->end;
	return 0;
}

static unsigned int least_pages(const struct nouveau_dmem *dmem)
{
	u32 pages = READ_ONCE(dmem->knobs->cpu_fault_pages);

	return rounddown_pow_of_two(clamp(pages, 1u, NOUVEAU_BLOCK_PAGES));
}

/* What a walk of the CPU may fetch at once. */
static unsigned int most_pages(const struct nouveau_dmem *dmem)
{
	u32 blocks = READ_ONCE(dmem->knobs->cpu_ahead_blocks);

	blocks = clamp(blocks, 1u, NOUVEAU_DMEM_AHEAD_MAX / NOUVEAU_BLOCK_PAGES);
	return rounddown_pow_of_two(blocks) * NOUVEAU_BLOCK_PAGES;
}

/* How much to fetch for this fault. */
static unsigned int home_wanted(const struct vm_fault *vmf)
{
	struct nouveau_dmem *dmem = page_dmem(vmf->page);
	/* No PTE: one entry for 2 MiB. */
	unsigned int least = vmf->pte ? least_pages(dmem) : NOUVEAU_BLOCK_PAGES;

	guard(spinlock)(&dmem->stream_lock);
	return nouveau_dmem_stream_pages(&dmem->streams, vmf->vma->vm_mm, vmf->address, least,
					 most_pages(dmem));
}

static void home_note(const struct vm_fault *vmf, u64 end, unsigned int pages, int moved, int err)
{
	struct nouveau_dmem *dmem = page_dmem(vmf->page);

	if (!err) {
		guard(spinlock)(&dmem->stream_lock);
		nouveau_dmem_stream_note(&dmem->streams, vmf->vma->vm_mm, vmf->address, end,
					 pages);
	}
	nouveau_stat_inc(&dmem->ndev->stats, NOUVEAU_STAT_CPU_FAULT);
	trace_nouveau_cpu_fault(vmf->address, end, moved, err);
}

/* Aligned around the fault, clipped to the VMA. @pages a power of two up to a block. */
static void home_window(const struct vm_fault *vmf, unsigned int pages, u64 *start, u64 *end)
{
	u64 bytes = (u64)pages << PAGE_SHIFT;
	u64 base = ALIGN_DOWN((u64)vmf->address, bytes);

	*start = max_t(u64, base, vmf->vma->vm_start);
	*end = min_t(u64, base + bytes, vmf->vma->vm_end);
}

/* Pages that came home, or a negative errno. */
static int home_around(struct vm_fault *vmf, unsigned int pages, struct nouveau_dmem_job *job)
{
	struct nouveau_dmem *dmem = page_dmem(vmf->page);
	struct nouveau_dmem_result moved = { };
	u64 start, end;
	int err;

	home_window(vmf, pages, &start, &end);
	err = nouveau_dmem_home_begin(dmem, vmf->vma, start, end, vmf, job);
	if (!err)
		err = nouveau_dmem_job_end(job, false, &moved);
	home_note(vmf, end, pages, moved.moved, err);
	return err ?: moved.moved;
}

static int home_small(struct vm_fault *vmf, unsigned int pages)
{
	unsigned long src[NOUVEAU_GRANULE_PAGES], dst[NOUVEAU_GRANULE_PAGES];
	struct nouveau_dmem_op ops[NOUVEAU_GRANULE_PAGES];
	struct nouveau_dmem_job job = { .move = { .src = src, .dst = dst, .ops = ops } };

	return home_around(vmf, pages, &job);
}

static int home_large(struct vm_fault *vmf, unsigned int pages, struct nouveau_dmem_scratch *s)
{
	struct nouveau_dmem_job job = {
		.move = { .src = s->src, .dst = s->dst, .ops = s->ops },
	};

	return home_around(vmf, pages, &job);
}

static int home_block(struct vm_fault *vmf, unsigned int pages)
{
	struct nouveau_dmem_scratch *s = NULL;
	int ret;

	if (pages > NOUVEAU_GRANULE_PAGES)
		s = kvmalloc_obj(*s, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (s)
		ret = home_large(vmf, pages, s);
	else
		ret = home_small(vmf, min(pages, NOUVEAU_GRANULE_PAGES));
	kvfree(s);
	return ret;
}

static void home_done(void *arg, const struct nouveau_dmem_part *part,
		      const struct nouveau_dmem_result *res)
{
	struct home *h = arg;

	/* In the order they were added: the fault's own comes first. */
	if (!h->parts++)
		h->lost = res->no_copy;
	h->moved += res->moved;
}

static int home_add(struct home *h, struct nouveau_dmem_pipe *pipe, u64 start,
		    struct vm_fault *vmf)
{
	struct vm_area_struct *vma = h->vmf->vma;
	u64 base = start & ~(NOUVEAU_BLOCK_BYTES - 1);
	u64 end = min_t(u64, base + NOUVEAU_BLOCK_BYTES, vma->vm_end);
	const struct nouveau_dmem_part part = {
		.base = base,
		.mask = nouveau_mask_range((start - base) >> PAGE_SHIFT,
					   (end - base) >> PAGE_SHIFT),
	};

	return nouveau_dmem_pipe_add_home(pipe, vma, &part, vmf);
}

/* The block of the fault and some behind it, as far as there is something in VRAM. */
static int home_blocks(struct home *h, struct nouveau_dmem_pipe *pipe)
{
	int err = home_add(h, pipe, h->fetch.start, h->vmf), got = 1;
	u64 at = (h->fetch.start | (NOUVEAU_BLOCK_BYTES - 1)) + 1;

	if (err < 0)
		return err;
	while (at < h->fetch.end && got > 0 && !fatal_signal_pending(current)) {
		got = home_add(h, pipe, at, NULL);
		at += NOUVEAU_BLOCK_BYTES;
	}
	err = nouveau_dmem_pipe_flush(pipe);
	/* What was fetched ahead and stayed is no error of this fault. */
	if (err == -EIO && !h->lost)
		err = 0;
	home_note(h->vmf, min(at, h->fetch.end), (h->fetch.end - h->fetch.start) >> PAGE_SHIFT,
		  h->moved, err);
	return err ?: h->moved;
}

static int home_ahead(struct vm_fault *vmf, unsigned int pages)
{
	struct home h = { .dmem = page_dmem(vmf->page), .vmf = vmf };
	struct nouveau_dmem_pipe *pipe;
	int ret;

	pipe = nouveau_dmem_pipe_new(h.dmem->ndev, false, NOUVEAU_DMEM_PIPE_EARLY, home_done, &h);
	if (!pipe)
		return home_block(vmf, NOUVEAU_BLOCK_PAGES);
	home_window(vmf, NOUVEAU_BLOCK_PAGES, &h.fetch.start, &h.fetch.end);
	h.fetch.end = min_t(u64, ALIGN_DOWN((u64)vmf->address, NOUVEAU_BLOCK_BYTES) +
			    ((u64)pages << PAGE_SHIFT), vmf->vma->vm_end);
	nouveau_dmem_fetch_begin(h.dmem, &h.fetch, vmf->vma->vm_mm);
	nouveau_dmem_stock_want(h.dmem, pages / NOUVEAU_BLOCK_PAGES);
	ret = home_blocks(&h, pipe);
	nouveau_dmem_fetch_end(h.dmem, &h.fetch);
	nouveau_dmem_pipe_del(pipe);
	/* No memory for the notes: with fewer of them. */
	return h.parts ? ret : home_block(vmf, NOUVEAU_BLOCK_PAGES);
}

/*
 * A folio that is mapped page by page is split while it is collected. Core mm
 * keeps the faulting page locked then, but goes on taking the folio's first page
 * for it, so that page must not be in the same collection, unless it is the same.
 */
static int home_cut(struct vm_fault *vmf)
{
	int ret;

	if (!vmf->pte || !folio_test_large(page_folio(vmf->page)))
		return 0;
	ret = home_small(vmf, 1);
	/* Not split: somebody looks at it. The CPU comes again. */
	return ret ?: folio_test_large(page_folio(vmf->page)) ? 1 : 0;
}

/**
 * nouveau_dmem_migrate_to_ram - the CPU touched a page that is in VRAM
 * @vmf: the fault; its page is locked and referenced
 *
 * Without memory for the notes of a large window a small one is fetched; core
 * mm splits the folio then.
 *
 * Return: 0: try again; VM_FAULT_OOM; VM_FAULT_SIGBUS when the data is lost.
 */
vm_fault_t nouveau_dmem_migrate_to_ram(struct vm_fault *vmf)
{
	unsigned int pages = home_wanted(vmf);
	int ret = home_cut(vmf);

	if (!ret)
		ret = pages > NOUVEAU_BLOCK_PAGES ? home_ahead(vmf, pages) :
						    home_block(vmf, pages);
	if (ret == -ENOMEM)
		return VM_FAULT_OOM;
	return ret < 0 ? VM_FAULT_SIGBUS : 0;
}
