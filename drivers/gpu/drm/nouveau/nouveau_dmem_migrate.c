// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Moving the memory of processes between RAM and VRAM by address.
 *
 * Collect, allocate, copy, switch, finish. A job is a migration between collect
 * and finish: whoever has several blocks to move begins the next one while the
 * copy engine works on the one before. 2 MiB that are one folio go as one folio
 * with one copy; so does a hole of 2 MiB, with a fill. Where there is no 2 MiB
 * on the other side, core mm splits the folio and pieces go.
 *
 * What core mm won't give or what there is no memory for stays where it is:
 * partial success is success. Between collect and finish the pages are locked
 * and unmapped and mmap_lock is held; no lock of the driver is.
 */
#include <linux/migrate.h>
#include <linux/mm.h>

#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"

static bool is_block(const struct nouveau_dmem_job *job)
{
	return job->move.n == NOUVEAU_BLOCK_PAGES && IS_ALIGNED(job->args.start, HPAGE_PMD_SIZE);
}

/* A hole of 2 MiB that is not to become a folio: holes of 4 KiB. */
static void job_break_hole(struct nouveau_dmem_job *job)
{
	unsigned int i;

	for (i = 0; i < job->move.n; i++)
		job->move.src[i] = MIGRATE_PFN_MIGRATE;
}

/* What core mm gave of @mask; a folio is given as a whole. */
static struct nouveau_mask job_collected(struct nouveau_dmem_job *job,
					 const struct nouveau_mask *mask)
{
	unsigned int i, first = nouveau_mask_next(mask, 0, true);
	struct nouveau_mask collected = { };

	if (job->args.src[0] & MIGRATE_PFN_COMPOUND) {
		bool hole = !(job->args.src[0] & MIGRATE_PFN_VALID);
		bool all = nouveau_mask_weight(mask, 0, NOUVEAU_BLOCK_PAGES) == NOUVEAU_BLOCK_PAGES;

		if (!hole || (all && !vma_thp_disabled(job->args.vma, job->args.vma->vm_flags,
						       false)))
			return nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
		job_break_hole(job);
	}
	nouveau_mask_for_each(mask, i)
		if (job->move.src[i - first] & MIGRATE_PFN_MIGRATE)
			nouveau_mask_set(&collected, i);
	return collected;
}

/* VRAM for what was collected: one folio for one, else pieces. */
static void job_alloc_vram(struct nouveau_dmem_job *job, unsigned int first,
			   const struct nouveau_mask *collected)
{
	struct nouveau_dmem *dmem = job->move.dmem;
	bool large = job->move.src[0] & MIGRATE_PFN_COMPOUND;

	if (large && nouveau_dmem_wants_huge(dmem, NOUVEAU_DMEM_HUGE_VRAM))
		job->got = nouveau_dmem_alloc(dmem, collected, first, true, job->move.dst);
	if (job->got)
		return;
	if (large && !(job->move.src[0] & MIGRATE_PFN_VALID))
		job_break_hole(job);
	job->got = nouveau_dmem_alloc(dmem, collected, first, false, job->move.dst);
	/* Core mm splits a folio for its first page only. */
	if (large && job->got && !job->move.dst[0] && job->move.src[0] & MIGRATE_PFN_COMPOUND) {
		nouveau_dmem_move_drop(&job->move);
		job->got = 0;
	}
}

/**
 * nouveau_dmem_to_vram_begin - begin to move pages of a block to VRAM
 * @ndev: the GPU
 * @vma: all of the pages are in it; mmap_lock held until the job has ended
 * @base: address of the block
 * @mask: pages to move, not empty
 * @cookie: of the mirror that asks (struct nouveau_dmem_source)
 * @job: the arrays of its move are set, the rest is filled in
 *
 * Nothing is copied yet, and the GPU still has what is going to move: the caller
 * has job->lost taken away from it before the copy. nouveau_dmem_job_end() has to
 * follow whatever happens.
 *
 * Return: 0; -EINVAL when the VMA can't migrate at all, no job then.
 */
int nouveau_dmem_to_vram_begin(struct nouveau_device *ndev, struct vm_area_struct *vma, u64 base,
			       const struct nouveau_mask *mask, void *cookie,
			       struct nouveau_dmem_job *job)
{
	unsigned int first = nouveau_mask_next(mask, 0, true);
	unsigned int end = nouveau_mask_end(mask);
	struct nouveau_dmem_move *mv = &job->move;
	u64 now = ktime_get_ns();
	int err;

	*job = (struct nouveau_dmem_job){
		.args = {
			.vma = vma,
			.start = base + ((u64)first << PAGE_SHIFT),
			.end = base + ((u64)end << PAGE_SHIFT),
			.src = mv->src,
			.dst = mv->dst,
			/* Device-private pages are not selected: this is the cookie only. */
			.pgmap_owner = cookie,
			.flags = MIGRATE_VMA_SELECT_SYSTEM,
		},
		.move = {
			.dmem = ndev->dmem, .src = mv->src, .dst = mv->dst, .ops = mv->ops,
			.n = end - first, .to_vram = true,
		},
		.lost = { .base = base },
		.asked = nouveau_mask_weight(mask, 0, NOUVEAU_BLOCK_PAGES),
	};
	if (is_block(job))
		job->args.flags |= MIGRATE_VMA_SELECT_COMPOUND;
	err = migrate_vma_setup(&job->args);
	if (err)
		return err;
	now = nouveau_dmem_step(mv->dmem, NOUVEAU_STAT_NS_COLLECT, now);
	job->lost.pages = job_collected(job, mask);
	job->collected = nouveau_mask_weight(&job->lost.pages, 0, NOUVEAU_BLOCK_PAGES);
	if (job->collected) {
		job_alloc_vram(job, first, &job->lost.pages);
		now = nouveau_dmem_step(mv->dmem, NOUVEAU_STAT_NS_ALLOC, now);
		nouveau_dmem_move_map(mv);
		nouveau_dmem_step(mv->dmem, NOUVEAU_STAT_NS_DMA, now);
	}
	return 0;
}

/**
 * nouveau_dmem_home_begin - begin to bring pages home
 * @dmem: VRAM
 * @vma: the VMA; mmap_lock held until the job has ended
 * @start: first address, page-aligned, in @vma
 * @end: end address, page-aligned, in @vma, at most a block away
 * @vmf: the CPU's fault on one of them, or NULL
 * @job: the arrays of its move are set, the rest is filled in
 *
 * Return: 0; -EINVAL: no job. Want of memory is an error of the job.
 */
int nouveau_dmem_home_begin(struct nouveau_dmem *dmem, struct vm_area_struct *vma, u64 start,
			    u64 end, struct vm_fault *vmf, struct nouveau_dmem_job *job)
{
	struct nouveau_dmem_move *mv = &job->move;
	u64 now = ktime_get_ns();
	unsigned int must;
	int err;

	mv->dmem = dmem;
	mv->n = (end - start) >> PAGE_SHIFT;
	mv->to_vram = false;
	job->args = (struct migrate_vma){
		.vma = vma,
		.start = start,
		.end = end,
		.src = mv->src,
		.dst = mv->dst,
		.pgmap_owner = nouveau_dmem_owner(dmem->ndev),
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
		.fault_page = vmf ? vmf->page : NULL,
	};
	if (is_block(job))
		job->args.flags |= MIGRATE_VMA_SELECT_COMPOUND;
	/* Notifiers take the range away from every GPU that maps it. */
	err = migrate_vma_setup(&job->args);
	if (err)
		return err;
	now = nouveau_dmem_step(dmem, NOUVEAU_STAT_NS_COLLECT, now);
	job->collected = nouveau_dmem_move_collected(mv);
	if (!job->collected)
		return 0;
	must = vmf ? (PAGE_ALIGN_DOWN(vmf->address) - start) >> PAGE_SHIFT : mv->n;
	job->err = nouveau_dmem_move_alloc_ram(mv, vma, start, must);
	if (job->err) {
		nouveau_dmem_move_drop(mv);
		return 0;
	}
	job->got = nouveau_dmem_move_places(mv);
	now = nouveau_dmem_step(dmem, NOUVEAU_STAT_NS_ALLOC, now);
	nouveau_dmem_move_map(mv);
	nouveau_dmem_step(dmem, NOUVEAU_STAT_NS_DMA, now);
	return 0;
}

/* Of @job's pages @moved are on the other side now. */
static void job_account(const struct nouveau_dmem_job *job, unsigned int moved, int err,
			struct nouveau_dmem_result *res)
{
	const struct nouveau_dmem_move *mv = &job->move;
	struct nouveau_stats *stats = &mv->dmem->ndev->stats;
	bool large = mv->dst[0] & MIGRATE_PFN_COMPOUND;

	res->collected += job->collected;
	res->moved += moved;
	res->no_memory += job->collected - job->got;
	if (err)
		res->no_copy += job->got - moved;
	else
		res->kept += job->got - moved;
	if (mv->to_vram) {
		nouveau_stat_add(stats, NOUVEAU_STAT_PAGES_TO_VRAM, moved);
		nouveau_stat_add(stats, NOUVEAU_STAT_MIGRATE_NOVRAM, job->collected - job->got);
		if (moved && moved < job->asked)
			nouveau_stat_inc(stats, NOUVEAU_STAT_MIGRATE_PARTIAL);
	} else {
		nouveau_stat_add(stats, NOUVEAU_STAT_PAGES_TO_SYS, moved);
	}
	if (large && moved)
		nouveau_stat_inc(stats, mv->to_vram ? NOUVEAU_STAT_HUGE_TO_VRAM :
				 NOUVEAU_STAT_HUGE_TO_SYS);
	trace_nouveau_migrate(job->args.start, job->args.end, mv->to_vram, job->collected, moved,
			      err);
}

/**
 * nouveau_dmem_job_end - switch the pages and let go of them
 * @job: begun
 * @copied: its copies are done; if not, they are done here, again if need be
 * @result: how it went, added to
 *
 * Return: 0, also when nothing moved; -ENOMEM when the page of a fault found no
 * RAM; -EIO when the copy failed. After an error nothing moved.
 */
int nouveau_dmem_job_end(struct nouveau_dmem_job *job, bool copied,
			 struct nouveau_dmem_result *result)
{
	struct nouveau_dmem_move *mv = &job->move;
	unsigned int moved;
	int err = job->err;
	u64 now;

	if (mv->nops && !copied && nouveau_dmem_move_copy(mv))
		err = -EIO;
	now = ktime_get_ns();
	nouveau_dmem_move_unmap(mv);
	if (err)
		nouveau_dmem_move_drop(mv);
	/*
	 * Holes are filled without a migration entry to keep others out: one of
	 * them may have been mapped for the GPU since. Let that notifier through.
	 */
	if (mv->to_vram)
		job->args.pgmap_owner = NULL;
	migrate_vma_pages(&job->args);
	moved = nouveau_dmem_move_moved(mv);
	job_account(job, moved, err, result);
	migrate_vma_finalize(&job->args);
	nouveau_dmem_step(mv->dmem, NOUVEAU_STAT_NS_FINISH, now);
	return err;
}
