// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Serving blocks of a mirrored process: look at its VMAs, ask the policy, begin to
 * move what should move. Per VMA and block that is at most one migration and one
 * walk, however many faults there were. The rounds that carry it out, several
 * blocks at a time, are in nouveau_svm_round.c, the mapping in nouveau_svm_part.c.
 *
 * Called by nouveau_fault_turn.c for GPU faults.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include <drm/nouveau_drm.h>

#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_evict.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm_priv.h"
#include "nouveau_trace.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"

/* One request of a round. */
struct service {
	struct nouveau_svm_round *round;
	struct nouveau_svm_mm *svm;
	struct nouveau_svm_block *block;
	const struct nouveau_svm_request *req;
	struct nouveau_svm_scratch *s;
	struct nouveau_svm_result *res;
	struct nouveau_mask solved;	/* pages mapped with all permissions there are */
	struct nouveau_mask pages;	/* what is going to be mapped of the last VMA */
	u32 throttle_us;
	bool idle;			/* all of it was stale */
	bool expect;			/* the last block moves: so may the next */
	bool dense;			/* of a stream that used all of its last block */
	bool ahead;			/* the stream has not come here yet */
};

struct nouveau_svm_scratch *nouveau_svm_scratch_new(void)
{
	return kvzalloc_obj(struct nouveau_svm_scratch);
}

void nouveau_svm_scratch_del(struct nouveau_svm_scratch *s)
{
	kvfree(s);
}

/* What the policy and SVM_BIND may do with the memory of @vma. */
enum nouveau_vma_kind nouveau_svm_vma_kind(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return NOUVEAU_VMA_SPECIAL;
	if (!vma_is_anonymous(vma) || vma->vm_flags & (VM_SPECIAL | VM_HUGETLB))
		return NOUVEAU_VMA_FILE;
	return NOUVEAU_VMA_ANON;
}

static void service_vram(struct nouveau_device *ndev, u64 *free, u64 *total)
{
	bool enabled = nouveau_dmem_is_enabled(ndev);

	*free = enabled ? nouveau_evict_room(ndev) : 0;
	*total = enabled ? nouveau_vram_usable_bytes(ndev) : 0;
}

/* What the policy may know about page @from of the block up to the end of its VMA. */
static struct vm_area_struct *service_view(struct service *sv, unsigned int from,
					   struct nouveau_svm_view *v)
{
	const struct nouveau_svm_request *req = sv->req;
	struct nouveau_device *ndev = sv->svm->ndev;
	u64 va = req->base + ((u64)from << PAGE_SHIFT);
	struct vm_area_struct *vma = find_vma(sv->svm->mm, va);
	const struct nouveau_svm_advice *advice;
	struct nouveau_svm_window *win;
	struct nouveau_mask in, faulted;
	unsigned int faults;

	memset(v, 0, sizeof(*v));
	v->first = from;
	v->end = NOUVEAU_BLOCK_PAGES;
	if (vma && vma->vm_start <= va) {
		v->kind = nouveau_svm_vma_kind(vma);
		v->readable = vma->vm_flags & VM_READ;
		v->writable = vma->vm_flags & VM_WRITE;
		v->first = nouveau_svm_block_page(req->base, vma->vm_start);
		v->end = nouveau_svm_block_page(req->base, vma->vm_end);
	} else if (vma) {
		v->end = nouveau_svm_block_page(req->base, vma->vm_start);
	}
	in = nouveau_mask_range(v->first, v->end);
	in = nouveau_mask_andnot(in, &sv->block->hole);
	in = nouveau_mask_andnot(in, &sv->solved);
	v->read = nouveau_mask_and(in, &req->read);
	v->write = nouveau_mask_and(in, &req->write);
	v->atomic = nouveau_mask_and(in, &req->atomic);
	v->prefetch = nouveau_mask_and(in, &req->prefetch);
	v->expected = sv->expect;
	v->dense = sv->dense;
	v->now_ns = ktime_get_ns();
	service_vram(ndev, &v->vram_free, &v->vram_total);
	faulted = nouveau_mask_or(v->read, &v->write);
	faulted = nouveau_mask_or(faulted, &v->atomic);
	faults = nouveau_mask_weight(&faulted, 0, NOUVEAU_BLOCK_PAGES);

	if (req->hot)
		faults = max(faults, ndev->svm->knobs.hot_faults);
	win = xa_load(&sv->svm->windows, req->base >> NOUVEAU_SVM_WINDOW_SHIFT);
	v->huge = win && v->kind == NOUVEAU_VMA_ANON && nouveau_svm_is_huge(win, req->base);

	nouveau_pt_lock(sv->svm->pt);
	nouveau_svm_heat_add(&sv->block->heat, &ndev->svm->knobs, v->now_ns, faults);
	nouveau_svm_use_note_locked(sv->svm, sv->block, &faulted, v->now_ns);
	advice = nouveau_svm_advice_get_locked(sv->svm, req->base);
	if (advice) {
		sv->s->advice = *advice;
		v->advice = &sv->s->advice;
	}
	v->heat = sv->block->heat;
	v->mapped = sv->block->mapped;
	v->vram = sv->block->vram;
	nouveau_pt_unlock(sv->svm->pt);
	/* That the rest is mapped in place makes nothing else hot. */
	if (req->hot)
		v->mapped = v->vram;
	return vma;
}

/* Nothing at all could be done: everything that can fail has failed. */
static void result_fail_all(const struct nouveau_svm_request *req, struct nouveau_svm_result *res)
{
	res->failed = nouveau_mask_or(req->read, &req->write);
	res->failed = nouveau_mask_or(res->failed, &req->atomic);
}

static unsigned int mask_pages(const struct nouveau_mask *m)
{
	return nouveau_mask_weight(m, 0, NOUVEAU_BLOCK_PAGES);
}

/* Plans faults of the block from page @from up to the end of the VMA that has it. */
static unsigned int service_vma(struct service *sv, unsigned int from)
{
	struct nouveau_svm_round *r = sv->round;
	struct nouveau_svm_part *part = nouveau_svm_round_part(r);
	struct nouveau_svm_plan *plan = &part->plan;
	struct nouveau_svm_view *view = &sv->s->view;
	struct vm_area_struct *vma;

	nouveau_svm_round_lock(r);
	vma = service_view(sv, from, view);
	nouveau_svm_plan(view, &sv->svm->ndev->svm->knobs, plan);
	trace_nouveau_plan(sv->svm, sv->req->base + ((u64)plan->first << PAGE_SHIFT),
			   sv->req->base + ((u64)plan->end << PAGE_SHIFT),
			   mask_pages(&plan->require) + mask_pages(&plan->refuse),
			   mask_pages(&plan->migrate), mask_pages(&plan->want),
			   mask_pages(&plan->refuse) + mask_pages(&plan->refuse_write),
			   plan->reason);
	if (!nouveau_mask_empty(&plan->migrate))
		sv->expect |= nouveau_svm_round_move(r, vma, sv->block, &plan->migrate);
	part->block = sv->block;
	part->res = sv->res;
	part->ahead = sv->ahead;
	r->n++;
	if (!sv->ahead) {
		sv->res->failed = nouveau_mask_or(sv->res->failed, &plan->refuse);
		sv->res->failed_write = nouveau_mask_or(sv->res->failed_write,
							&plan->refuse_write);
	}
	sv->pages = nouveau_mask_or(plan->require, &plan->want);
	return view->end;
}

/*
 * All of a block that sv->req asks for, VMA by VMA. A stream is of one buffer: what is
 * fetched ahead ends with the first VMA of a block.
 */
static void service_block(struct service *sv)
{
	struct nouveau_mask todo = nouveau_mask_or(sv->req->read, &sv->req->write), hole;
	unsigned int at;

	nouveau_stat_inc(&sv->svm->ndev->stats, NOUVEAU_STAT_BLOCK);
	atomic_inc(&sv->svm->serial);
	nouveau_pt_lock(sv->svm->pt);
	sv->solved = sv->block->atomic;
	nouveau_pt_unlock(sv->svm->pt);
	todo = nouveau_mask_or(todo, &sv->req->atomic);
	hole = nouveau_mask_and(todo, &sv->block->hole);
	sv->res->failed = nouveau_mask_or(sv->res->failed, &hole);
	todo = nouveau_mask_andnot(todo, &sv->block->hole);
	todo = nouveau_mask_or(todo, &sv->req->prefetch);

	at = nouveau_mask_next(&todo, 0, true);
	while (at < NOUVEAU_BLOCK_PAGES) {
		at = nouveau_mask_next(&todo, service_vma(sv, at), true);
		if (sv->ahead)
			break;
	}
}

/* For comparison: as if every page had faulted alone. */
static noinline_for_stack void service_pages(struct service *sv)
{
	struct nouveau_svm_request all = *sv->req, *one = &sv->s->req;
	struct nouveau_mask todo = nouveau_mask_or(all.read, &all.write), page;
	unsigned int i;

	todo = nouveau_mask_or(todo, &all.atomic);
	sv->req = one;
	nouveau_mask_for_each(&todo, i) {
		page = nouveau_mask_range(i, i + 1);
		one->read = nouveau_mask_and(all.read, &page);
		one->write = nouveau_mask_and(all.write, &page);
		one->atomic = nouveau_mask_and(all.atomic, &page);
		one->prefetch = (struct nouveau_mask){ };
		service_block(sv);
		nouveau_svm_round_flush(sv->round);
	}
}

/*
 * Whether what is left of the request is going to be mapped by the round as it is:
 * another channel's fault or a stream was there before. Should it come out with
 * less than is asked for, the fault comes again.
 */
static bool service_is_planned(const struct service *sv, const struct nouveau_svm_request *left)
{
	struct nouveau_mask planned = { }, moves = { }, missing;
	const struct nouveau_svm_round *r = sv->round;
	unsigned int i;

	for (i = 0; i < r->n; i++) {
		const struct nouveau_svm_part *part = &r->part[i];

		if (part->block != sv->block)
			continue;
		planned = nouveau_mask_or(planned, &part->plan.require);
		planned = nouveau_mask_or(planned, &part->plan.want);
		moves = nouveau_mask_or(moves, &part->plan.migrate);
	}
	missing = nouveau_mask_or(left->read, &left->write);
	missing = nouveau_mask_andnot(missing, &planned);
	moves = nouveau_mask_andnot(left->atomic, &moves);
	return nouveau_mask_empty(&missing) && nouveau_mask_empty(&moves);
}

static bool service_is_in_round(const struct service *sv)
{
	unsigned int i;

	for (i = 0; i < sv->round->n; i++)
		if (sv->round->part[i].block == sv->block)
			return true;
	return false;
}

/* More of these in a row are a fault that nobody understands: serve it anew. */
#define STALE_RUN_MAX	32

/*
 * Packets wait in the ring while their neighbours' batch maps the page, or are
 * sent twice. A look at what is mapped tells, without the process: the masks of
 * the block are the page tables, under their lock.
 */
static void service_drop_stale(struct service *sv, struct nouveau_svm_request *left)
{
	u32 replay = atomic64_read(&sv->svm->ndev->stats.v[NOUVEAU_STAT_REPLAY]);
	struct nouveau_svm_block *block = sv->block;
	struct nouveau_mask ok, exact;

	*left = *sv->req;
	nouveau_pt_lock(sv->svm->pt);
	exact = nouveau_mask_or(block->atomic, &block->vram);
	if (block->stale_run >= STALE_RUN_MAX) {
		/* Nor does a TLB, maybe. */
		nouveau_svm_result_mapped(sv->res, block->base, 0, NOUVEAU_BLOCK_PAGES);
	} else if (!sv->req->hot) {
		left->read = nouveau_mask_andnot(left->read, &block->mapped);
		left->prefetch = nouveau_mask_andnot(left->prefetch, &block->mapped);
		ok = nouveau_mask_and(block->mapped, &block->writable);
		left->write = nouveau_mask_andnot(left->write, &ok);
		ok = nouveau_mask_and(ok, &exact);
		left->atomic = nouveau_mask_andnot(left->atomic, &ok);
	}
	ok = nouveau_mask_or(left->read, &left->write);
	ok = nouveau_mask_or(ok, &left->atomic);
	if (!nouveau_mask_empty(&ok))
		block->stale_run = 0;
	else if (block->stale_replay != replay)
		block->stale_run++;
	block->stale_replay = replay;
	sv->throttle_us = nouveau_svm_throttle_us(&block->heat, &sv->svm->ndev->svm->knobs,
						  atomic_read(&sv->svm->serial));
	nouveau_pt_unlock(sv->svm->pt);
	ok = nouveau_mask_or(ok, &left->prefetch);
	sv->idle = nouveau_mask_empty(&ok);
}

static unsigned int request_pages(const struct nouveau_svm_request *req)
{
	return mask_pages(&req->read) + mask_pages(&req->write) + mask_pages(&req->atomic);
}

/* The next block of a stream: what was served of the last one, a bit more boldly. */
static bool service_fetch(struct service *sv, u64 base, const struct nouveau_mask *pages)
{
	struct nouveau_svm_request *req = &sv->s->req;

	sv->block = base < TASK_SIZE_MAX ? nouveau_svm_block_get(sv->svm, base) : NULL;
	if (!sv->block)
		return false;
	if (service_is_in_round(sv))
		return true;
	memset(req, 0, sizeof(*req));
	req->base = base;
	req->prefetch = nouveau_mask_andnot(*pages, &sv->block->hole);
	sv->pages = (struct nouveau_mask){ };
	service_block(sv);
	return !nouveau_mask_empty(&sv->pages);
}

/* Whether the block is of a stream: how many to fetch behind it, *stride apart. */
static unsigned int service_seen(struct service *sv, s32 *stride)
{
	struct nouveau_svm_mm *svm = sv->svm;
	unsigned long idx = sv->req->base >> NOUVEAU_BLOCK_SHIFT;
	struct nouveau_svm_block *before;
	u64 vram_free, vram_total;
	unsigned int n;

	service_vram(svm->ndev, &vram_free, &vram_total);
	n = nouveau_svm_stream_seen(&svm->streams, &svm->ndev->svm->knobs, idx, vram_free,
				    vram_total, stride);
	before = *stride ? xa_load(&svm->blocks, idx - *stride) : NULL;
	if (before) {
		nouveau_pt_lock(svm->pt);
		sv->dense = mask_pages(&before->mapped) >= NOUVEAU_BLOCK_PAGES / 2;
		nouveau_pt_unlock(svm->pt);
	}
	return n;
}

/* Blocks that a stream is about to come to. */
static noinline_for_stack void service_ahead(struct service *sv, u64 base, unsigned int n,
					     s32 stride)
{
	struct nouveau_mask pages = sv->pages;
	unsigned int i;

	if (mask_pages(&pages) >= NOUVEAU_BLOCK_PAGES / 2)
		pages = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	sv->ahead = true;
	for (i = 0; i < n; i++)
		if (!service_fetch(sv, base + (i + 1) * ((s64)stride << NOUVEAU_BLOCK_SHIFT),
				   &pages))
			break;
	nouveau_svm_stream_fetched(&sv->svm->streams, i);
}

/* The request without what is solved; false when nothing is left to be done now. */
static bool service_begin(struct service *sv)
{
	unsigned int pages = request_pages(sv->req);

	service_drop_stale(sv, &sv->s->req);
	if (!sv->idle && service_is_in_round(sv)) {
		if (service_is_planned(sv, &sv->s->req)) {
			sv->res->stale = pages;
			return false;
		}
		/* What it says about the block is going to change: first that. */
		nouveau_svm_round_flush(sv->round);
		service_drop_stale(sv, &sv->s->req);
	}
	sv->res->stale = pages - request_pages(&sv->s->req);
	sv->req = &sv->s->req;
	return !sv->idle;
}

/**
 * nouveau_svm_round_add - serve the faults of a block, with others
 * @r: a round that has begun
 * @req: the faults
 * @res: how it went, when the round has ended
 *
 * Sleeps; no lock may be held but those of the round. Faults of a mirror are served
 * by one round at a time, hot memory (@req->hot) beside it. Whatever is not in @res
 * as failed is mapped then, or comes again (@res->busy). TLBs may still hold
 * invalid entries for [@res->start, @res->end).
 */
void nouveau_svm_round_add(struct nouveau_svm_round *r, const struct nouveau_svm_request *req,
			   struct nouveau_svm_result *res)
{
	struct nouveau_svm_mm *svm = r->svm;
	struct service sv = { .round = r, .svm = svm, .req = req, .s = &r->s, .res = res };
	unsigned int ahead = 0;
	s32 stride;

	memset(res, 0, sizeof(*res));
	if (!req->hot)
		atomic64_add(request_pages(req), &svm->faults);
	if (req->base >= TASK_SIZE_MAX) {
		result_fail_all(req, res);
		return;
	}
	sv.block = nouveau_svm_block_get(svm, req->base);
	if (!sv.block) {
		res->busy = true;
		return;
	}
	if (!service_begin(&sv))
		return;
	if (!r->alive) {
		result_fail_all(sv.req, res);
		return;
	}
	/* It will be needed; there is none to be had under mmap_lock. */
	if (!r->locked)
		nouveau_svm_window_get(svm, req->base);
	if (!req->hot)
		ahead = service_seen(&sv, &stride);
	/* Its own client waits for it, and nobody else. */
	if (sv.throttle_us) {
		nouveau_svm_round_flush(r);
		fsleep(sv.throttle_us);
	}
	if (READ_ONCE(svm->ndev->svm->knobs.batch_pages) == 1)
		service_pages(&sv);
	else
		service_block(&sv);
	if (ahead && nouveau_mask_empty(&res->failed))
		service_ahead(&sv, req->base, ahead, stride);
}

/**
 * nouveau_svm_service - serve the faults of one block
 * @r: a round that has not begun
 * @svm: mirror
 * @req: the faults
 * @res: how it went
 *
 * A round of its own.
 */
void nouveau_svm_service(struct nouveau_svm_round *r, struct nouveau_svm_mm *svm,
			 const struct nouveau_svm_request *req, struct nouveau_svm_result *res)
{
	nouveau_svm_round_begin(r, svm, false);
	nouveau_svm_round_add(r, req, res);
	nouveau_svm_round_end(r);
}

/*
 * ---- ioctls ----
 */

/**
 * nouveau_svm_ioctl_init - DRM_IOCTL_NOUVEAU_SVM_INIT
 * @drm: device
 * @data: struct drm_nouveau_svm_init
 * @file: file
 *
 * Return: 0; -EBUSY when on already or when the file has buffer objects or
 * channels; -EINVAL for a bad hole; -ENOMEM; -ENODEV after an unplug.
 */
int nouveau_svm_ioctl_init(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nouveau_device *ndev = to_nouveau(drm);
	const struct drm_nouveau_svm_init *args = data;
	int err, idx;

	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	err = nouveau_dmem_enable(ndev, &ndev->svm->knobs);
	if (err)
		drm_warn(drm, "no struct pages for VRAM (%pe): SVM without migration\n",
			 ERR_PTR(err));
	err = nouveau_svm_enable(nouveau_client_vm(nouveau_client(file)), args->unmanaged_addr,
				 args->unmanaged_size);
	drm_dev_exit(idx);
	return err;
}
