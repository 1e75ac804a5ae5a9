// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Serving a block of a mirrored process: look at its VMAs, ask the policy, move
 * what should move, map the rest where it is.
 *
 * Per VMA and block that is at most one migration and one walk, however many
 * faults there were. Only when the walk says that something required is
 * impossible is it repeated by halves, to find the page that is to blame and
 * serve its neighbours.
 *
 * Called by nouveau_fault.c for GPU faults. No lock of the driver is held around
 * anything that sleeps in core mm; mmap_lock is taken here for the VMA lookup
 * and the migration.
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

/* One service of one block. */
struct service {
	struct nouveau_svm_mm *svm;
	struct nouveau_svm_block *block;
	const struct nouveau_svm_request *req;
	struct nouveau_svm_scratch *s;
	struct nouveau_svm_result *res;
	struct nouveau_mask solved;	/* pages mapped with all permissions there are */
	struct nouveau_mask pages;	/* what was mapped of the last VMA */
	u32 throttle_us;
	bool idle;			/* all of it was stale */
	bool expect;			/* the last block moved: so may the next */
	bool dense;			/* of a stream that used all of its last block */
};

struct nouveau_svm_scratch *nouveau_svm_scratch_new(void)
{
	return kvzalloc_obj(struct nouveau_svm_scratch);
}

void nouveau_svm_scratch_del(struct nouveau_svm_scratch *s)
{
	kvfree(s);
}

/* Collected on their way to VRAM: out of the GPU's hands before the copy. */
void nouveau_svm_detach(void *cookie, u64 base, const struct nouveau_mask *pages)
{
	struct nouveau_svm_mm *svm = cookie;
	struct nouveau_svm_block *block = xa_load(&svm->blocks, base >> NOUVEAU_BLOCK_SHIFT);

	nouveau_pt_lock(svm->pt);
	if (block)
		nouveau_svm_zap_pages_locked(svm, block, pages);
	nouveau_pt_unlock(svm->pt);
}

/**
 * nouveau_svm_to_vram - move pages of a block to VRAM
 * @svm: mirror
 * @vma: all of the pages are in it; mmap_lock held
 * @base: address of the block
 * @mask: the pages, not empty
 * @s: scratch of the caller
 * @moved: how it went, added to
 *
 * Return: as nouveau_dmem_to_vram().
 */
int nouveau_svm_to_vram(struct nouveau_svm_mm *svm, struct vm_area_struct *vma, u64 base,
			const struct nouveau_mask *mask, struct nouveau_svm_scratch *s,
			struct nouveau_dmem_result *moved)
{
	struct nouveau_dmem_source source = { .cookie = svm, .detach = nouveau_svm_detach };
	struct nouveau_svm_block *block = nouveau_svm_block_get(svm, base);
	unsigned int pages = nouveau_mask_weight(mask, 0, NOUVEAU_BLOCK_PAGES);
	unsigned int back = 0;
	u64 stamp = 0;
	int err;

	if (block) {
		nouveau_pt_lock(svm->pt);
		back = min_t(unsigned int, pages, block->evicted_pages);
		block->evicted_pages -= back;
		stamp = block->evicted_stamp;
		nouveau_pt_unlock(svm->pt);
	}
	if (back)
		nouveau_evict_came_back(svm->ndev, stamp, back);
	nouveau_evict_make_room(svm->ndev, (u64)pages << PAGE_SHIFT);
	err = nouveau_dmem_to_vram(svm->ndev, vma, base, mask, &source, &s->dmem, moved);
	atomic64_add(moved->moved, &svm->pages_to_vram);
	if (moved->moved && block) {
		nouveau_pt_lock(svm->pt);
		nouveau_svm_heat_moved(&block->heat);
		nouveau_pt_unlock(svm->pt);
	}
	return err;
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

static void result_range(struct nouveau_svm_result *res, u64 start, u64 end)
{
	bool first = res->start == res->end;

	res->start = first ? start : min(res->start, start);
	res->end = first ? end : max(res->end, end);
}

static void result_mapped(struct service *sv, unsigned int first, unsigned int end)
{
	result_range(sv->res, sv->req->base + ((u64)first << PAGE_SHIFT),
		     sv->req->base + ((u64)end << PAGE_SHIFT));
}

/* Errors that say nothing about the memory asked for; the fault will come again. */
static bool is_transient(int err)
{
	return err == -EBUSY || err == -EINTR || err == -ENOMEM || err == -EAGAIN;
}

static int service_map(struct service *sv, const struct nouveau_svm_map *map)
{
	int err = nouveau_svm_map_block(sv->svm, sv->block, map, sv->s);

	if (!err)
		result_mapped(sv, map->first, map->end);
	return err;
}

/* What of the plan is in [first, end), and nothing that is only wanted. */
static struct nouveau_svm_map *required_map(struct service *sv, unsigned int first,
					    unsigned int end)
{
	const struct nouveau_svm_plan *plan = &sv->s->plan;
	struct nouveau_mask in = nouveau_mask_range(first, end);
	struct nouveau_svm_map *map = &sv->s->map;

	map->first = first;
	map->end = end;
	map->whole = false;
	map->require = nouveau_mask_and(in, &plan->require);
	map->require_write = nouveau_mask_and(in, &plan->require_write);
	map->atomic = (struct nouveau_mask){ };
	return map;
}

/* A single page, after everything around it was tried. */
static void service_blame(struct service *sv, struct nouveau_svm_map *map, int err)
{
	if (is_transient(err)) {
		sv->res->busy = true;
		return;
	}
	if (nouveau_mask_test(&map->require_write, map->first)) {
		map->require_write = (struct nouveau_mask){ };
		map->atomic = (struct nouveau_mask){ };
		err = service_map(sv, map);
		if (!err) {
			nouveau_mask_set(&sv->res->failed_write, map->first);
			return;
		}
		if (is_transient(err)) {
			sv->res->busy = true;
			return;
		}
	}
	nouveau_mask_set(&sv->res->failed, map->first);
}

/*
 * Something required in the window is impossible. Halve until it is alone; a
 * range whose turn has not come waits on a small stack, one per halving.
 */
static void service_bisect(struct service *sv)
{
	const struct nouveau_svm_plan *plan = &sv->s->plan;
	struct { u16 first, end; } todo[12];
	unsigned int n = 0;

	todo[n].first = plan->first;
	todo[n++].end = plan->end;
	while (n) {
		unsigned int first = todo[--n].first, end = todo[n].end, mid;
		struct nouveau_svm_map *map = required_map(sv, first, end);
		int err;

		if (nouveau_mask_empty(&map->require))
			continue;
		err = service_map(sv, map);
		if (!err)
			continue;
		if (end - first == 1) {
			service_blame(sv, map, err);
			continue;
		}
		if (is_transient(err)) {
			sv->res->busy = true;
			continue;
		}
		mid = (first + end) / 2;
		todo[n].first = mid;
		todo[n++].end = end;
		todo[n].first = first;
		todo[n++].end = mid;
	}
}

/* CPUs cannot be kept out of this one: exact among the units of the GPU, at least. */
static int service_atomic_in_place(struct service *sv, unsigned int page)
{
	struct nouveau_svm_map *map = &sv->s->map;

	*map = (struct nouveau_svm_map){ .first = page, .end = page + 1 };
	nouveau_mask_set(&map->require, page);
	nouveau_mask_set(&map->require_write, page);
	nouveau_mask_set(&map->atomic, page);
	return service_map(sv, map);
}

/* Those that are mapped in system memory now take one more step. */
static void service_atomics(struct service *sv)
{
	struct nouveau_mask todo = nouveau_mask_andnot(sv->s->plan.want_atomic, &sv->res->failed);
	struct nouveau_svm_block *block = sv->block;
	unsigned int i;
	int err;

	if (nouveau_mask_empty(&todo))
		return;
	todo = nouveau_mask_andnot(todo, &sv->res->failed_write);
	nouveau_pt_lock(sv->svm->pt);
	todo = nouveau_mask_and(todo, &block->mapped);
	todo = nouveau_mask_andnot(todo, &block->vram);
	nouveau_pt_unlock(sv->svm->pt);
	nouveau_mask_for_each(&todo, i) {
		err = nouveau_svm_take_page(sv->svm, block, i);
		if (err == -EOPNOTSUPP)
			err = service_atomic_in_place(sv, i);
		if (!err)
			result_mapped(sv, i, i + 1);
		else if (is_transient(err))
			sv->res->busy = true;
		else
			nouveau_mask_set(&sv->res->failed, i);
	}
}

static void service_plan_map(struct service *sv)
{
	const struct nouveau_svm_plan *plan = &sv->s->plan;
	struct nouveau_svm_map *map = required_map(sv, plan->first, plan->end);
	int err;

	if (plan->first == plan->end)
		return;
	map->whole = plan->whole;
	map->require = nouveau_mask_or(map->require, &plan->want);
	map->require_write = nouveau_mask_or(map->require_write, &plan->want_write);
	err = service_map(sv, map);
	if (!err)
		return;
	if (is_transient(err)) {
		sv->res->busy = true;
		return;
	}
	/* Prefetch reached over an edge, of a file for one: without it. */
	err = service_map(sv, required_map(sv, plan->first, plan->end));
	if (err && is_transient(err))
		sv->res->busy = true;
	else if (err)
		service_bisect(sv);
}

static unsigned int mask_pages(const struct nouveau_mask *m)
{
	return nouveau_mask_weight(m, 0, NOUVEAU_BLOCK_PAGES);
}

/* Faults of the block from page @from up to the end of the VMA that has it. */
static unsigned int service_vma(struct service *sv, unsigned int from)
{
	struct nouveau_svm_mm *svm = sv->svm;
	struct nouveau_svm_plan *plan = &sv->s->plan;
	struct nouveau_svm_view *view = &sv->s->view;
	struct nouveau_dmem_result moved = { };
	struct vm_area_struct *vma;

	mmap_read_lock(svm->mm);
	vma = service_view(sv, from, view);
	nouveau_svm_plan(view, &svm->ndev->svm->knobs, plan);
	trace_nouveau_plan(svm, sv->req->base + ((u64)plan->first << PAGE_SHIFT),
			   sv->req->base + ((u64)plan->end << PAGE_SHIFT),
			   mask_pages(&plan->require) + mask_pages(&plan->refuse),
			   mask_pages(&plan->migrate), mask_pages(&plan->want),
			   mask_pages(&plan->refuse) + mask_pages(&plan->refuse_write),
			   plan->reason);
	if (!nouveau_mask_empty(&plan->migrate))
		nouveau_svm_to_vram(svm, vma, sv->req->base, &plan->migrate, sv->s, &moved);
	mmap_read_unlock(svm->mm);

	sv->res->failed = nouveau_mask_or(sv->res->failed, &plan->refuse);
	sv->res->failed_write = nouveau_mask_or(sv->res->failed_write, &plan->refuse_write);
	sv->expect |= moved.moved;
	sv->pages = nouveau_mask_or(plan->require, &plan->want);
	service_plan_map(sv);
	service_atomics(sv);
	return view->end;
}

/* All of a block that sv->req asks for, VMA by VMA. */
static void service_block(struct service *sv)
{
	struct nouveau_mask todo = nouveau_mask_or(sv->req->read, &sv->req->write);
	unsigned int at;

	nouveau_stat_inc(&sv->svm->ndev->stats, NOUVEAU_STAT_BLOCK);
	atomic_inc(&sv->svm->serial);
	nouveau_pt_lock(sv->svm->pt);
	sv->solved = sv->block->atomic;
	nouveau_pt_unlock(sv->svm->pt);
	todo = nouveau_mask_or(todo, &sv->req->atomic);
	sv->res->failed = nouveau_mask_and(todo, &sv->block->hole);
	todo = nouveau_mask_andnot(todo, &sv->block->hole);
	todo = nouveau_mask_or(todo, &sv->req->prefetch);

	at = nouveau_mask_next(&todo, 0, true);
	while (at < NOUVEAU_BLOCK_PAGES)
		at = nouveau_mask_next(&todo, service_vma(sv, at), true);
}

/* For comparison: as if every page had faulted alone. */
static noinline_for_stack void service_pages(struct service *sv)
{
	struct nouveau_svm_request all = *sv->req, *one = &sv->s->req;
	struct nouveau_mask todo = nouveau_mask_or(all.read, &all.write), failed = { }, page;
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
		failed = nouveau_mask_or(failed, &sv->res->failed);
	}
	sv->res->failed = failed;
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
	struct nouveau_svm_block *block = sv->block;
	struct nouveau_mask ok, exact;

	*left = *sv->req;
	nouveau_pt_lock(sv->svm->pt);
	exact = nouveau_mask_or(block->atomic, &block->vram);
	if (block->stale_run >= STALE_RUN_MAX) {
		/* Nor does a TLB, maybe. */
		result_mapped(sv, 0, NOUVEAU_BLOCK_PAGES);
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
	block->stale_run = nouveau_mask_empty(&ok) ? block->stale_run + 1 : 0;
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
	struct nouveau_svm_result *res = sv->res, ahead = { };

	sv->block = base < TASK_SIZE_MAX ? nouveau_svm_block_get(sv->svm, base) : NULL;
	if (!sv->block)
		return false;
	memset(req, 0, sizeof(*req));
	req->base = base;
	req->prefetch = nouveau_mask_andnot(*pages, &sv->block->hole);
	sv->res = &ahead;
	service_block(sv);
	sv->res = res;
	if (ahead.start == ahead.end)
		return false;
	result_range(res, ahead.start, ahead.end);
	return true;
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
	for (i = 0; i < n; i++)
		if (!service_fetch(sv, base + (i + 1) * ((s64)stride << NOUVEAU_BLOCK_SHIFT),
				   &pages))
			break;
	nouveau_svm_stream_fetched(&sv->svm->streams, i);
}

/**
 * nouveau_svm_service - serve the faults of a block
 * @svm: mirror
 * @req: the faults
 * @s: scratch of the caller
 * @res: how it went
 *
 * Sleeps; no lock may be held. Faults of a mirror are served one request at a
 * time, hot memory (@req->hot) beside it. Whatever is not in @res as failed is
 * mapped, or comes again (@res->busy). TLBs may still hold invalid entries for
 * [@res->start, @res->end).
 */
void nouveau_svm_service(struct nouveau_svm_mm *svm, const struct nouveau_svm_request *req,
			 struct nouveau_svm_scratch *s, struct nouveau_svm_result *res)
{
	struct service sv = { .svm = svm, .req = req, .s = s, .res = res };
	unsigned int pages = request_pages(req), ahead = 0;
	s32 stride;

	memset(res, 0, sizeof(*res));
	if (!req->hot)
		atomic64_add(pages, &svm->faults);
	if (req->base >= TASK_SIZE_MAX) {
		result_fail_all(req, res);
		return;
	}
	sv.block = nouveau_svm_block_get(svm, req->base);
	if (!sv.block) {
		res->busy = true;
		return;
	}
	service_drop_stale(&sv, &s->req);
	res->stale = pages - request_pages(&s->req);
	if (sv.idle)
		return;
	if (!mmget_not_zero(svm->mm)) {
		result_fail_all(req, res);
		return;
	}
	sv.req = &s->req;
	if (!req->hot)
		ahead = service_seen(&sv, &stride);
	/* Its own client waits for it, and nobody else. */
	if (sv.throttle_us)
		fsleep(sv.throttle_us);
	if (READ_ONCE(svm->ndev->svm->knobs.batch_pages) == 1)
		service_pages(&sv);
	else
		service_block(&sv);
	if (ahead && !res->busy && nouveau_mask_empty(&res->failed))
		service_ahead(&sv, req->base, ahead, stride);
	/* Not here: the last user of an address space takes it down. */
	mmput_async(svm->mm);
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
