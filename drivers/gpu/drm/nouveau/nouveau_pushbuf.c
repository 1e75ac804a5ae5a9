// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * GEM_PUSHBUF: from user space's arrays to a job.
 *
 * All input is checked before anything is locked. Then all objects are locked
 * together (drm_exec), brought to where their page tables point, and the job
 * takes their fences as dependencies and leaves its own: as a writer where the
 * client says so, as a reader elsewhere. The job keeps objects and mappings
 * alive; the client may close its handles at once.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/nouveau_drm.h>

#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_exec.h"
#include "nouveau_gem.h"
#include "nouveau_uapi.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"

/* How long a submission tries to get room in VRAM among others. */
#define ROOM_TIMEOUT_MS	2000

#define DOMAINS		(NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_GART)

/* A submission on its way. */
struct pushbuf {
	struct nouveau_client *client;
	struct drm_file *file;
	struct nouveau_exec *exec;
	const struct drm_nouveau_gem_pushbuf *req;
	struct drm_nouveau_gem_pushbuf_bo *buffers;
	struct drm_nouveau_gem_pushbuf_push *push;
	struct nouveau_job *job;
};

/* Where the submission lets a buffer be, 0 for contradicting input. */
static u32 buffer_domains(const struct drm_nouveau_gem_pushbuf_bo *b)
{
	u32 used = b->write_domains ?: b->read_domains;

	return b->valid_domains & (used ?: b->valid_domains) & DOMAINS;
}

static int pushbuf_check_counts(const struct drm_nouveau_gem_pushbuf *req)
{
	if (req->nr_push > NOUVEAU_GEM_MAX_PUSH || req->nr_buffers > NOUVEAU_GEM_MAX_BUFFERS ||
	    req->nr_relocs)
		return -EINVAL;
	return 0;
}

/* One stretch of methods against the object it is in. */
static int pushbuf_check_push(const struct drm_nouveau_gem_pushbuf_push *push,
			      const struct nouveau_bo *bo)
{
	u64 size = bo->ttm.base.size;
	u64 length = push->length & ~(u64)NOUVEAU_GEM_PUSHBUF_NO_PREFETCH;

	if (!length || length >= NOUVEAU_GEM_PUSHBUF_NO_PREFETCH)
		return -EINVAL;
	if ((length | push->offset) & 3)
		return -EINVAL;
	if (push->offset > size || length > size - push->offset)
		return -EINVAL;
	return 0;
}

static int pushbuf_copy_in(struct pushbuf *p)
{
	const struct drm_nouveau_gem_pushbuf *req = p->req;
	void *copy;

	copy = vmemdup_array_user(u64_to_user_ptr(req->push), req->nr_push, sizeof(*p->push));
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	p->push = copy;
	copy = vmemdup_array_user(u64_to_user_ptr(req->buffers), req->nr_buffers,
				  sizeof(*p->buffers));
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	p->buffers = copy;
	return 0;
}

/* Handles to objects, which the job keeps; then the segments that lie in them. */
static int pushbuf_lookup(struct pushbuf *p)
{
	struct nouveau_job *job = p->job;
	unsigned int i;
	int ret;

	for (i = 0; i < p->req->nr_buffers; i++) {
		if (!buffer_domains(&p->buffers[i]))
			return -EINVAL;
		job->bos[i] = nouveau_bo_lookup(p->file, p->buffers[i].handle);
		if (!job->bos[i])
			return -ENOENT;
		job->nr_bos++;
	}
	for (i = 0; i < p->req->nr_push; i++) {
		if (p->push[i].bo_index >= job->nr_bos)
			return -EINVAL;
		ret = pushbuf_check_push(&p->push[i], job->bos[p->push[i].bo_index]);
		if (ret)
			return ret;
	}
	return 0;
}

static int pushbuf_lock(struct pushbuf *p, struct drm_exec *exec)
{
	unsigned int i;
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		for (i = 0; i < p->job->nr_bos; i++) {
			ret = drm_exec_prepare_obj(exec, &p->job->bos[i]->ttm.base, 1);
			drm_exec_retry_on_contention(exec);
			if (ret)
				/* an object twice */
				return ret == -EALREADY ? -EINVAL : ret;
		}
	}
	return ret;
}

/* Everything locked: resident, mapped, ordered after what is in flight. */
static int pushbuf_prepare_locked(struct pushbuf *p)
{
	struct nouveau_job *job = p->job;
	unsigned int i;
	int ret;

	for (i = 0; i < job->nr_bos; i++) {
		struct nouveau_bo *bo = job->bos[i];

		dma_resv_assert_held(bo->ttm.base.resv);
		ret = nouveau_bo_validate(bo, buffer_domains(&p->buffers[i]));
		if (ret)
			return ret;
		/* There is one already if this is not the first try. */
		if (!job->vmas[i])
			job->vmas[i] = nouveau_bo_vma_find(bo, p->client->vm);
		if (!job->vmas[i])
			return -ENOENT;
		ret = drm_sched_job_add_implicit_dependencies(&job->base, &bo->ttm.base,
							      p->buffers[i].write_domains);
		if (ret)
			return ret;
	}
	for (i = 0; i < job->nr_push; i++) {
		const struct drm_nouveau_gem_pushbuf_push *push = &p->push[i];

		job->push[i] = (struct nouveau_push) {
			.va = nouveau_vma_addr(job->vmas[push->bo_index]) + push->offset,
			.bytes = push->length & (NOUVEAU_GEM_PUSHBUF_NO_PREFETCH - 1),
			.no_prefetch = push->length & NOUVEAU_GEM_PUSHBUF_NO_PREFETCH,
		};
	}
	return 0;
}

/* The job's finished fence, or ERR_PTR; then nothing was submitted. */
static struct dma_fence *pushbuf_submit(struct pushbuf *p)
{
	struct nouveau_job *job = p->job;
	struct dma_fence *fence;
	struct drm_exec exec;
	unsigned int i;
	int ret;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT, job->nr_bos);
	ret = pushbuf_lock(p, &exec);
	if (!ret)
		ret = pushbuf_prepare_locked(p);
	fence = ret ? ERR_PTR(ret) : nouveau_job_push(job);
	/* The job may be gone already, but the objects are locked and stay. */
	if (!IS_ERR(fence)) {
		struct drm_gem_object *obj;

		i = 0;
		drm_exec_for_each_locked_object(&exec, obj)
			dma_resv_add_fence(obj->resv, fence, p->buffers[i++].write_domains ?
					   DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);
		p->job = NULL;
	}
	drm_exec_fini(&exec);
	return fence;
}

/*
 * Many submissions at once may want more VRAM than there is: what was evicted for one is
 * then taken by another, and TTM says ENOSPC. Let those run that got it, for a while.
 */
static struct dma_fence *pushbuf_submit_in_turn(struct pushbuf *p)
{
	unsigned long end = jiffies + msecs_to_jiffies(ROOM_TIMEOUT_MS);
	struct dma_fence *fence;

	for (;;) {
		fence = pushbuf_submit(p);
		if (fence != ERR_PTR(-ENOSPC) || time_after(jiffies, end) ||
		    signal_pending(current))
			return fence;
		usleep_range(1000, 3000);
	}
}

/*
 * The work is submitted and must not be again, so a signal may not restart the
 * call: it is ignored unless fatal.
 */
static int pushbuf_sync(struct dma_fence *fence)
{
	while (!dma_fence_wait_timeout(fence, false, HZ / 10))
		if (fatal_signal_pending(current))
			return -EINTR;
	return dma_fence_get_status(fence) < 0 ? -ENODEV : 0;
}

static struct dma_fence *pushbuf_run(struct pushbuf *p)
{
	struct dma_fence *fence = NULL;
	int ret;

	ret = pushbuf_copy_in(p);
	if (!ret) {
		p->job = nouveau_job_new(p->exec, p->req->nr_push, p->req->nr_buffers,
					 p->file->client_id);
		if (IS_ERR(p->job)) {
			ret = PTR_ERR(p->job);
			p->job = NULL;
		}
	}
	if (!ret)
		ret = pushbuf_lookup(p);
	if (!ret)
		fence = pushbuf_submit_in_turn(p);
	if (p->job)
		nouveau_job_del(p->job);
	kvfree(p->buffers);
	kvfree(p->push);
	return ret ? ERR_PTR(ret) : fence;
}

/**
 * nouveau_ioctl_pushbuf - submit methods to a channel
 * @drm: device
 * @data: struct drm_nouveau_gem_pushbuf
 * @file: whose channel
 *
 * The outputs are filled before anything can fail: Mesa reads them even then
 * and dies when they are zero.
 *
 * Return: 0 or what the uAPI header says.
 */
int nouveau_ioctl_pushbuf(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nouveau_device *ndev = to_nouveau(drm);
	struct drm_nouveau_gem_pushbuf *req = data;
	struct pushbuf p = { .client = nouveau_client(file), .file = file, .req = req };
	bool sync = req->vram_available & NOUVEAU_GEM_PUSHBUF_SYNC;
	struct dma_fence *fence;
	int idx, ret;

	req->suffix0 = 0;
	req->suffix1 = 0;
	req->vram_available = nouveau_vram_usable_bytes(ndev);
	req->gart_available = nouveau_gart_bytes(ndev);

	ret = pushbuf_check_counts(req);
	if (ret)
		return ret;
	p.exec = nouveau_uapi_exec(p.client, req->channel);
	if (!p.exec)
		return -ENOENT;
	fence = NULL;
	if (!drm_dev_enter(drm, &idx)) {
		ret = -ENODEV;
	} else {
		if (nouveau_chan_is_dead(nouveau_exec_chan(p.exec)))
			ret = -ENODEV;
		else if (req->nr_push)
			fence = pushbuf_run(&p);
		drm_dev_exit(idx);
	}
	nouveau_exec_put(p.exec);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	if (fence && sync)
		ret = pushbuf_sync(fence);
	dma_fence_put(fence);
	return ret;
}
