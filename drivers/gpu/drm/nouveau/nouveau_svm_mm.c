// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The life of a process mirrored in a GPU address space: from SVM_INIT until its
 * file is closed or the GPU is gone.
 *
 * Its blocks are in nouveau_svm_block.c, what watches the process is in
 * nouveau_svm_notifier.c.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_managed.h>

#include "nouveau_client.h"
#include "nouveau_device.h"
#include "nouveau_evict.h"
#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"
#include "nouveau_vm.h"

/*
 * Nobody serves this mirror any more. First the notifiers, which may be in the
 * middle of a callback, then what they would have protected.
 */
static void svm_stop(struct nouveau_svm_mm *svm)
{
	nouveau_pt_lock(svm->pt);
	nouveau_svm_zap_locked(svm, 0, 1ull << 49);
	nouveau_svm_release_held_locked(svm, 0, U64_MAX);
	nouveau_pt_unlock(svm->pt);
	cancel_delayed_work_sync(&svm->held_work);
	nouveau_svm_replica_fini(svm);
	if (atomic64_read(&svm->pages_evicted))
		nouveau_evict_forget(svm->ndev);

	nouveau_svm_windows_remove(svm);
	nouveau_svm_blocks_free(svm);
	nouveau_svm_advice_fini(svm);
}

static void svm_mem_put(struct nouveau_svm_mm *svm)
{
	if (!refcount_dec_and_test(&svm->mem))
		return;
	mmdrop(svm->mm);
	nouveau_vm_put(svm->vm);
	kfree(svm);
}

/**
 * nouveau_svm_get - the running mirror of an address space
 * @vm: address space
 *
 * Return: the mirror with a reference for nouveau_svm_put(), or NULL.
 */
struct nouveau_svm_mm *nouveau_svm_get(struct nouveau_vm *vm)
{
	struct nouveau_svm_device *dev = nouveau_vm_device(vm)->svm;
	struct nouveau_svm_mm *svm;

	/* Faults can come before SVM is set up. */
	if (!dev)
		return NULL;
	xa_lock(&dev->by_vm);
	svm = xa_load(&dev->by_vm, (unsigned long)vm);
	if (svm && !refcount_inc_not_zero(&svm->users))
		svm = NULL;
	xa_unlock(&dev->by_vm);
	return svm;
}

/**
 * nouveau_svm_put - drop a reference
 * @svm: mirror
 *
 * The last one of a killed mirror takes it down. Sleeps.
 */
void nouveau_svm_put(struct nouveau_svm_mm *svm)
{
	struct nouveau_svm_device *dev = svm->ndev->svm;

	if (!refcount_dec_and_test(&svm->users))
		return;
	svm_stop(svm);
	complete_all(&svm->stopped);
	if (atomic_dec_and_test(&dev->running))
		wake_up_all(&dev->wq);
	svm_mem_put(svm);
}

/**
 * nouveau_svm_enter - the running mirror of the caller of an ioctl
 * @file: the caller's file
 * @idx: for nouveau_svm_exit()
 *
 * The device stays until nouveau_svm_exit().
 *
 * Return: the mirror; -ENODEV after an unplug; -EINVAL when none runs, -EPERM when it
 * is of another process (a parent's file).
 */
struct nouveau_svm_mm *nouveau_svm_enter(struct drm_file *file, int *idx)
{
	struct drm_device *drm = file->minor->dev;
	struct nouveau_svm_mm *svm;
	int err;

	if (!drm_dev_enter(drm, idx))
		return ERR_PTR(-ENODEV);
	svm = nouveau_svm_get(nouveau_client_vm(nouveau_client(file)));
	if (svm && svm->mm == current->mm)
		return svm;
	err = svm ? -EPERM : -EINVAL;
	if (svm)
		nouveau_svm_put(svm);
	drm_dev_exit(*idx);
	return ERR_PTR(err);
}

/**
 * nouveau_svm_exit - the ioctl is done with its mirror
 * @svm: what nouveau_svm_enter() returned
 * @idx: what it filled in
 */
void nouveau_svm_exit(struct nouveau_svm_mm *svm, int idx)
{
	nouveau_svm_put(svm);
	drm_dev_exit(idx);
}

/* How many faults a batch may have, for comparison. */
unsigned int nouveau_svm_batch_faults(struct nouveau_device *ndev)
{
	return ndev->svm ? READ_ONCE(ndev->svm->knobs.batch_faults) : U32_MAX;
}

void nouveau_svm_set_slow(struct nouveau_svm_mm *svm, bool slow)
{
	WRITE_ONCE(svm->slow, slow);
}

bool nouveau_svm_is_slow(const struct nouveau_svm_mm *svm)
{
	return READ_ONCE(svm->slow);
}

/* From now on nobody finds it; whoever uses it last stops it. */
static void svm_kill(struct nouveau_svm_mm *svm)
{
	if (test_and_set_bit(0, &svm->killed))
		return;
	xa_erase(&svm->ndev->svm->by_vm, (unsigned long)svm->vm);
	nouveau_svm_put(svm);
}

/**
 * nouveau_svm_enable - mirror the calling process in an address space
 * @vm: address space, nothing mapped in it yet
 * @unmanaged_addr: start of the hole for buffer objects
 * @unmanaged_size: its size, bytes
 *
 * Return: 0, -EBUSY when on already or buffer objects exist, -EINVAL for a bad
 * hole, -ENOMEM.
 */
int nouveau_svm_enable(struct nouveau_vm *vm, u64 unmanaged_addr, u64 unmanaged_size)
{
	struct nouveau_device *ndev = nouveau_vm_device(vm);
	struct nouveau_svm_mm *svm;
	int err;

	svm = kzalloc_obj(*svm);
	if (!svm)
		return -ENOMEM;
	refcount_set(&svm->mem, 2);
	refcount_set(&svm->users, 1);
	init_completion(&svm->stopped);
	xa_init(&svm->blocks);
	xa_init(&svm->windows);
	INIT_LIST_HEAD(&svm->held);
	INIT_DELAYED_WORK(&svm->held_work, nouveau_svm_held_work);
	xa_init(&svm->advice);
	nouveau_svm_replica_init(svm);
	nouveau_svm_queue_init(svm);
	svm->ndev = ndev;
	svm->pt = nouveau_vm_pt(vm);
	svm->vm = nouveau_vm_get(vm);
	svm->mm = current->mm;
	mmgrab(svm->mm);
	svm->tgid = task_tgid_nr(current);
	get_task_comm(svm->comm, current->group_leader);

	err = nouveau_vm_set_unmanaged(vm, unmanaged_addr, unmanaged_size);
	if (err)
		goto err_free;
	err = nouveau_vm_set_svm(vm, svm);
	if (err)
		goto err_free;
	atomic_inc(&ndev->svm->running);
	err = xa_insert(&ndev->svm->by_vm, (unsigned long)vm, svm, GFP_KERNEL);
	/*
	 * Without memory for the entry the mirror stays on and finds no one:
	 * every fault is refused, and file close disables it as usual.
	 */
	return err;

err_free:
	mmdrop(svm->mm);
	nouveau_vm_put(svm->vm);
	kfree(svm);
	return err;
}

/**
 * nouveau_svm_disable - stop mirroring
 * @svm: mirror, as nouveau_vm_svm() gave it
 *
 * Gives up the owner's reference. A service in flight finishes first, without
 * anybody waiting for it here: it may be waiting for user space in turn.
 */
void nouveau_svm_disable(struct nouveau_svm_mm *svm)
{
	svm_kill(svm);
	svm_mem_put(svm);
}

/**
 * nouveau_svm_device_init - prepare a GPU for mirrors
 * @ndev: the GPU
 *
 * Return: 0 or -ENOMEM.
 */
int nouveau_svm_device_init(struct nouveau_device *ndev)
{
	/* Files that are still open after an unplug look at it: freed with the device. */
	struct nouveau_svm_device *dev = drmm_kzalloc(&ndev->drm, sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return -ENOMEM;
	dev->ndev = ndev;
	dev->knobs = nouveau_svm_knobs_default;
	xa_init(&dev->by_vm);
	init_waitqueue_head(&dev->wq);
	dev->bind_wq = alloc_workqueue("nouveau-bind", WQ_UNBOUND | WQ_FREEZABLE, 4);
	if (!dev->bind_wq)
		return -ENOMEM;
	ndev->svm = dev;
	return 0;
}

static struct nouveau_svm_mm *svm_first(struct nouveau_svm_device *dev)
{
	struct nouveau_svm_mm *svm;
	unsigned long idx = 0;

	xa_lock(&dev->by_vm);
	svm = xa_find(&dev->by_vm, &idx, ULONG_MAX, XA_PRESENT);
	if (svm)
		refcount_inc(&svm->mem);
	xa_unlock(&dev->by_vm);
	return svm;
}

/**
 * nouveau_svm_device_fini - stop every mirror of a GPU
 * @ndev: the GPU, unplugged: no ioctl is running or can start
 *
 * Open files keep the empty shell of theirs until they are closed.
 */
void nouveau_svm_device_fini(struct nouveau_device *ndev)
{
	struct nouveau_svm_device *dev = ndev->svm;
	struct nouveau_svm_mm *svm;

	if (!dev)
		return;
	while ((svm = svm_first(dev))) {
		svm_kill(svm);
		wait_for_completion(&svm->stopped);
		svm_mem_put(svm);
	}
	/* Those whose file was closed just before, with a service in flight. */
	wait_event(dev->wq, !atomic_read(&dev->running));
	/* Nothing is left in it but the last lines of a worker. */
	destroy_workqueue(dev->bind_wq);
	dev->bind_wq = NULL;
}
