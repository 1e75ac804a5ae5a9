// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Rounds of service: what several blocks ask for, planned and moved together and
 * then mapped.
 *
 * While a round is being filled, the process's address space is looked at and the
 * migrations begin one after the other, each collected beneath the copies of those
 * before, in few pushes (nouveau_dmem_pipe.c). Then mmap_lock is dropped, and with
 * it the last page that is locked, before anything is mapped: faulting in what is
 * missing may wait for user space.
 *
 * A round belongs to one thread.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "nouveau_dmem.h"
#include "nouveau_evict.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm_priv.h"

/* Pages of migrations under one mmap_lock, 32 MiB. */
#define MOVING_MAX	(16 * NOUVEAU_BLOCK_PAGES)

/* A migration has ended. Others are on their way: nothing may be waited for. */
static void round_moved(void *arg, const struct nouveau_dmem_part *part,
			const struct nouveau_dmem_result *res)
{
	struct nouveau_svm_round *r = arg;
	struct nouveau_svm_mm *svm = r->svm;
	struct nouveau_svm_block *block;

	if (!res->moved)
		return;
	atomic64_add(res->moved, &svm->pages_to_vram);
	block = xa_load(&svm->blocks, part->base >> NOUVEAU_BLOCK_SHIFT);
	nouveau_pt_lock(svm->pt);
	nouveau_svm_heat_moved(&block->heat);
	nouveau_pt_unlock(svm->pt);
}

/**
 * nouveau_svm_round_new - what service works on
 * @ndev: the GPU
 *
 * Return: the round, NULL without memory.
 */
struct nouveau_svm_round *nouveau_svm_round_new(struct nouveau_device *ndev)
{
	struct nouveau_svm_round *r = kvzalloc_obj(*r, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);

	if (!r)
		return NULL;
	r->pipe = nouveau_dmem_pipe_new(ndev, true, NOUVEAU_DMEM_PIPE_FEW, round_moved, r);
	if (!r->pipe) {
		kvfree(r);
		return NULL;
	}
	return r;
}

/**
 * nouveau_svm_round_del - free it
 * @r: the round, not begun; NULL is nothing
 */
void nouveau_svm_round_del(struct nouveau_svm_round *r)
{
	if (!r)
		return;
	nouveau_dmem_pipe_del(r->pipe);
	kvfree(r);
}

/**
 * nouveau_svm_round_begin - begin to fill a round
 * @r: the round
 * @svm: mirror; the caller has a reference until the end of the round
 * @lone: nothing came before it
 */
void nouveau_svm_round_begin(struct nouveau_svm_round *r, struct nouveau_svm_mm *svm, bool lone)
{
	nouveau_dmem_pipe_set_lone(r->pipe, lone);
	r->svm = svm;
	r->alive = mmget_not_zero(svm->mm);
	r->n = 0;
	r->moving = 0;
}

/* The address space stays as it is until the flush. */
void nouveau_svm_round_lock(struct nouveau_svm_round *r)
{
	if (!r->locked)
		mmap_read_lock(r->svm->mm);
	r->locked = true;
}

/**
 * nouveau_svm_round_flush - carry out what was added
 * @r: the round; good for more afterwards
 *
 * Sleeps; no lock but those of the round may be held.
 */
void nouveau_svm_round_flush(struct nouveau_svm_round *r)
{
	unsigned int i;
	u64 now;

	if (r->locked) {
		/* What failed stays where it is, and is mapped there. */
		nouveau_dmem_pipe_flush(r->pipe);
		mmap_read_unlock(r->svm->mm);
	}
	r->locked = false;
	r->moving = 0;
	now = ktime_get_ns();
	for (i = 0; i < r->n; i++)
		nouveau_svm_part_map(r->svm, &r->part[i], &r->s);
	if (r->n)
		nouveau_stat_add(&r->svm->ndev->stats, NOUVEAU_STAT_NS_MAP, ktime_get_ns() - now);
	r->n = 0;
}

/**
 * nouveau_svm_round_end - carry out what is left
 * @r: the round
 */
void nouveau_svm_round_end(struct nouveau_svm_round *r)
{
	nouveau_svm_round_flush(r);
	/* Not here: the last user of an address space takes it down. */
	if (r->alive)
		mmput_async(r->svm->mm);
	r->alive = false;
}

/**
 * nouveau_svm_round_part - room for one more part
 * @r: the round
 *
 * May flush.
 *
 * Return: it; r->n counts it when it has been filled.
 */
struct nouveau_svm_part *nouveau_svm_round_part(struct nouveau_svm_round *r)
{
	if (r->n == NOUVEAU_SVM_ROUND_PARTS || r->moving >= MOVING_MAX)
		nouveau_svm_round_flush(r);
	return &r->part[r->n];
}

/* What was evicted and is wanted again tells that the working set does not fit. */
static void round_note_refaults(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				unsigned int pages)
{
	unsigned int back;
	u64 stamp;

	nouveau_pt_lock(svm->pt);
	back = min_t(unsigned int, pages, block->evicted_pages);
	block->evicted_pages -= back;
	stamp = block->evicted_stamp;
	nouveau_pt_unlock(svm->pt);
	if (back)
		nouveau_evict_came_back(svm->ndev, stamp, back);
}

/**
 * nouveau_svm_round_move - move pages of a block to VRAM
 * @r: the round, locked
 * @vma: all of the pages are in it
 * @block: the block
 * @mask: the pages, not empty
 *
 * They have moved, as far as they can, when parts added from now on are mapped.
 *
 * Return: whether some may.
 */
bool nouveau_svm_round_move(struct nouveau_svm_round *r, struct vm_area_struct *vma,
			    struct nouveau_svm_block *block, const struct nouveau_mask *mask)
{
	const struct nouveau_dmem_source source = {
		.cookie = r->svm, .detach = nouveau_svm_detach,
	};
	const struct nouveau_dmem_part part = { .base = block->base, .mask = *mask };
	unsigned int pages = nouveau_mask_weight(mask, 0, NOUVEAU_BLOCK_PAGES);

	round_note_refaults(r->svm, block, pages);
	nouveau_evict_make_room(r->svm->ndev, (u64)pages << PAGE_SHIFT);
	r->moving += pages;
	return !nouveau_dmem_pipe_add(r->pipe, vma, &part, &source);
}
