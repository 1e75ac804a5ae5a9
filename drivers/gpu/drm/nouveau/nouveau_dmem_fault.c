// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The CPU touched a page that is in VRAM.
 *
 * At least 64 KiB around it come home; a 2 MiB folio comes whole. A CPU that
 * goes on where the last fetch ended gets more each time, up to a block: 64 KiB,
 * 256 KiB, 2 MiB.
 *
 * Runs under locks of core mm, for any process that maps the page, forked
 * children included; nothing of SVM is looked at.
 */
#include <linux/log2.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"

/* 64 KiB, 256 KiB, 2 MiB. */
#define STREAM_PAGES	64u

static unsigned int least_pages(const struct nouveau_dmem *dmem)
{
	u32 pages = READ_ONCE(dmem->knobs->cpu_fault_pages);

	return rounddown_pow_of_two(clamp(pages, 1u, NOUVEAU_BLOCK_PAGES));
}

/* The stream that this fault continues, or NULL. */
static struct nouveau_dmem_stream *stream_find_locked(struct nouveau_dmem *dmem,
						      const struct mm_struct *mm, u64 va)
{
	unsigned int i;

	lockdep_assert_held(&dmem->stream_lock);
	for (i = 0; i < NOUVEAU_DMEM_STREAMS; i++) {
		struct nouveau_dmem_stream *st = &dmem->streams[i];

		/* Not further ahead than what came last. */
		if (st->mm == mm && va >= st->next &&
		    va - st->next < (u64)st->pages << PAGE_SHIFT)
			return st;
	}
	return NULL;
}

/* How much to fetch for a fault at @va. */
static unsigned int stream_pages(struct nouveau_dmem *dmem, const struct mm_struct *mm, u64 va)
{
	struct nouveau_dmem_stream *st;
	unsigned int pages = least_pages(dmem);

	guard(spinlock)(&dmem->stream_lock);
	st = stream_find_locked(dmem, mm, va);
	if (st)
		pages = max(pages, st->pages < STREAM_PAGES ? STREAM_PAGES : NOUVEAU_BLOCK_PAGES);
	return pages;
}

/* [@va, @end) has been fetched with a window of @pages. */
static void stream_note(struct nouveau_dmem *dmem, const struct mm_struct *mm, u64 va, u64 end,
			unsigned int pages)
{
	struct nouveau_dmem_stream *st;

	guard(spinlock)(&dmem->stream_lock);
	st = stream_find_locked(dmem, mm, va);
	if (!st)
		st = &dmem->streams[dmem->stream_victim++ % NOUVEAU_DMEM_STREAMS];
	*st = (struct nouveau_dmem_stream){ .mm = mm, .next = end, .pages = pages };
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
	if (!err)
		stream_note(dmem, vmf->vma->vm_mm, vmf->address, end, pages);
	nouveau_stat_inc(&dmem->ndev->stats, NOUVEAU_STAT_CPU_FAULT);
	trace_nouveau_cpu_fault(vmf->address, end, moved.moved, err);
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

static int home_pages(struct vm_fault *vmf, unsigned int pages)
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
	struct nouveau_dmem *dmem = page_dmem(vmf->page);
	/* No PTE: one entry for 2 MiB. */
	unsigned int pages = vmf->pte ? stream_pages(dmem, vmf->vma->vm_mm, vmf->address) :
					NOUVEAU_BLOCK_PAGES;
	int ret = home_cut(vmf);

	if (!ret)
		ret = home_pages(vmf, pages);
	if (ret == -ENOMEM)
		return VM_FAULT_OOM;
	return ret < 0 ? VM_FAULT_SIGBUS : 0;
}
