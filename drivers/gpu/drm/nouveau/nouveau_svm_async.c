// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * SVM_BIND without waiting: a bounded queue for each mirror, worked off in order.
 *
 * A migration takes mmap_lock and allocates, both of which may wait for fences
 * of others. So nobody may ever wait for a fence that a migration has to signal,
 * and there is none: what appears in the syncobj at the end is a signalled fence
 * with the result in it. User space waits for it to appear.
 *
 * An entry holds a reference of the mirror, which keeps the device working, and
 * none of the process, which may exit at any time: then, and when the file is
 * closed, what is left in the queue fails at once. Locks: queue.lock, a leaf.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_syncobj.h>

#include "nouveau_fence.h"
#include "nouveau_svm_priv.h"

struct later {
	struct list_head link;
	struct nouveau_svm_mm *svm;
	struct drm_nouveau_svm_bind_ext __user *uext;
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;	/* timeline only */
	struct dma_fence *fence;
	u64 point;
	u64 start, end;
	bool to_vram;
};

static void later_free(struct later *l)
{
	if (!l)
		return;
	if (l->syncobj)
		drm_syncobj_put(l->syncobj);
	dma_fence_chain_free(l->chain);
	kfree(l->fence);
	kfree(l);
}

/* Counts first, so that who sees the fence sees them. */
static void later_report(struct later *l, const struct nouveau_svm_counts *c, int err)
{
	struct mm_struct *mm = l->svm->mm;

	if (!mmget_not_zero(mm))
		return;
	kthread_use_mm(mm);
	/* Whoever took the memory away does not want to know; the fence says it too. */
	nouveau_svm_ext_write(l->uext, c, err);
	kthread_unuse_mm(mm);
	mmput_async(mm);
}

static void later_run(struct later *l)
{
	struct nouveau_svm_counts c = { };
	int err;

	err = nouveau_svm_bind_range(l->svm, l->start, l->end, l->to_vram, &c);
	if (err == -ENODEV && !drm_dev_is_unplugged(&l->svm->ndev->drm))
		err = -ECANCELED;
	later_report(l, &c, err);
	nouveau_fence_finish(l->fence, err);
	if (l->chain)
		drm_syncobj_add_point(l->syncobj, l->chain, l->fence, l->point);
	else
		drm_syncobj_replace_fence(l->syncobj, l->fence);
	dma_fence_put(l->fence);
	l->fence = NULL;
	l->chain = NULL;
	later_free(l);
}

/* Room for one more, before anything is made. */
static bool queue_reserve(struct nouveau_svm_queue *q)
{
	guard(spinlock)(&q->lock);
	if (q->n == NOUVEAU_SVM_BIND_ASYNC_MAX)
		return false;
	q->n++;
	return true;
}

static void queue_unreserve(struct nouveau_svm_queue *q)
{
	guard(spinlock)(&q->lock);
	q->n--;
}

static struct later *queue_first(struct nouveau_svm_queue *q)
{
	struct later *l;

	guard(spinlock)(&q->lock);
	l = list_first_entry_or_null(&q->binds, struct later, link);
	if (l) {
		list_del(&l->link);
		q->n--;
	}
	return l;
}

static void queue_work_fn(struct work_struct *work)
{
	struct nouveau_svm_queue *q = container_of(work, struct nouveau_svm_queue, work);
	struct nouveau_svm_mm *svm = container_of(q, struct nouveau_svm_mm, queue);
	struct later *l = queue_first(q);
	bool more;

	if (!l)
		return;
	later_run(l);
	spin_lock(&q->lock);
	more = !list_empty(&q->binds);
	spin_unlock(&q->lock);
	/* One at a time, so that files take turns. */
	if (more)
		queue_work(svm->ndev->svm->bind_wq, work);
	/* Of this entry; the last one may free @svm and @work with it. */
	nouveau_svm_put(svm);
}

/**
 * nouveau_svm_queue_init - an empty queue
 * @svm: mirror
 */
void nouveau_svm_queue_init(struct nouveau_svm_mm *svm)
{
	spin_lock_init(&svm->queue.lock);
	INIT_LIST_HEAD(&svm->queue.binds);
	INIT_WORK(&svm->queue.work, queue_work_fn);
}

static struct later *later_new(struct nouveau_svm_mm *svm, struct drm_file *file,
			       const struct drm_nouveau_svm_bind_ext *ext)
{
	struct later *l = kzalloc_obj(*l, GFP_KERNEL_ACCOUNT);
	int err = -ENOMEM;

	if (!l)
		return ERR_PTR(-ENOMEM);
	l->svm = svm;
	l->point = ext->point;
	l->fence = nouveau_fence_alloc();
	if (!l->fence)
		goto err_free;
	if (ext->point) {
		l->chain = dma_fence_chain_alloc();
		if (!l->chain)
			goto err_free;
	}
	err = -ENOENT;
	l->syncobj = drm_syncobj_find(file, ext->syncobj);
	if (!l->syncobj)
		goto err_free;
	return l;

err_free:
	later_free(l);
	return ERR_PTR(err);
}

/**
 * nouveau_svm_bind_later - queue a range
 * @svm: mirror, of the caller's process
 * @file: file
 * @uext: where the counts go
 * @ext: what user space asks for, checked
 * @start: first address, page-aligned
 * @end: end address, page-aligned
 * @to_vram: where to
 *
 * Return: 0; -ENOENT: no such syncobj; -EBUSY: the queue is full; -EFAULT,
 * -ENOMEM.
 */
int nouveau_svm_bind_later(struct nouveau_svm_mm *svm, struct drm_file *file,
			   struct drm_nouveau_svm_bind_ext __user *uext,
			   const struct drm_nouveau_svm_bind_ext *ext, u64 start, u64 end,
			   bool to_vram)
{
	const struct nouveau_svm_counts none = { };
	struct nouveau_svm_queue *q = &svm->queue;
	struct later *l;

	if (!queue_reserve(q))
		return -EBUSY;
	l = later_new(svm, file, ext);
	if (!IS_ERR(l) && nouveau_svm_ext_write(uext, &none, -EINPROGRESS)) {
		later_free(l);
		l = ERR_PTR(-EFAULT);
	}
	if (IS_ERR(l)) {
		queue_unreserve(q);
		return PTR_ERR(l);
	}
	l->uext = uext;
	l->start = start;
	l->end = end;
	l->to_vram = to_vram;
	/* A fence of earlier use would look like ours. */
	if (!l->chain)
		drm_syncobj_replace_fence(l->syncobj, NULL);

	guard(spinlock)(&q->lock);
	refcount_inc(&svm->users);
	list_add_tail(&l->link, &q->binds);
	/* Under the lock: no run without an entry, whose reference it needs. */
	queue_work(svm->ndev->svm->bind_wq, &q->work);
	return 0;
}
