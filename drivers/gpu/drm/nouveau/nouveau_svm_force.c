// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * debugfs svm_evict: evict a given piece of a process, as memory pressure would.
 *
 *	echo "<pid> <first address> <end address>" > svm_evict
 *
 * For root, and for tests: which page goes under real pressure is up to the LRU list.
 * The address only says which pieces of VRAM are meant; from there on it is the
 * evictor's way, which knows places in VRAM and no addresses. A folio of 2 MiB goes
 * as a whole. What is not in VRAM is no error.
 */
#include <linux/debugfs.h>
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>

#include "nouveau_device.h"
#include "nouveau_svm_priv.h"

/* A mirror of process @pid, with a reference. */
static struct nouveau_svm_mm *force_find(struct nouveau_svm_device *dev, pid_t pid)
{
	struct nouveau_svm_mm *svm;
	unsigned long idx;

	guard(spinlock)(&dev->by_vm.xa_lock);
	xa_for_each(&dev->by_vm, idx, svm)
		if (svm->tgid == pid && refcount_inc_not_zero(&svm->users))
			return svm;
	return NULL;
}

/* Runs of pages that lie side by side in VRAM, a granule at most. */
static int force_pages(struct nouveau_device *ndev, const unsigned long *pfns, unsigned int n)
{
	unsigned int i = 0, run;
	int err = 0;

	while (!err && i < n) {
		struct page *page = hmm_pfn_to_page(pfns[i]);

		run = 1;
		if (pfns[i] & HMM_PFN_VALID && is_device_private_page(page)) {
			while (i + run < n && pfns[i + run] & HMM_PFN_VALID &&
			       hmm_pfn_to_page(pfns[i + run]) == page + run &&
			       (page_to_pfn(page) + run) % NOUVEAU_GRANULE_PAGES)
				run++;
			err = nouveau_dmem_evict_at(ndev, nouveau_dmem_page_addr(ndev, page), run);
		}
		i += run;
	}
	return err;
}

static int force_block(struct nouveau_svm_mm *svm, u64 start, u64 end, unsigned long *pfns)
{
	struct nouveau_svm_window *win = xa_load(&svm->windows, start >> NOUVEAU_SVM_WINDOW_SHIFT);
	int err;

	/* Nothing has been there. */
	if (!win)
		return 0;
	mmap_read_lock(svm->mm);
	err = nouveau_svm_snapshot(win, start, end, pfns);
	mmap_read_unlock(svm->mm);
	return err ?: force_pages(svm->ndev, pfns, (end - start) >> PAGE_SHIFT);
}

static int force_range(struct nouveau_svm_mm *svm, u64 start, u64 end)
{
	unsigned long *pfns;
	u64 next;
	int err = 0;

	if (!nouveau_dmem_is_enabled(svm->ndev))
		return 0;
	pfns = kvmalloc_array(NOUVEAU_BLOCK_PAGES, sizeof(*pfns), GFP_KERNEL);
	if (!pfns)
		return -ENOMEM;
	if (!mmget_not_zero(svm->mm))
		err = -ESRCH;
	else
		for (; start < end && !err; start = next) {
			next = min(end, (start | (NOUVEAU_BLOCK_BYTES - 1)) + 1);
			err = fatal_signal_pending(current) ? -EINTR :
			      force_block(svm, start, next, pfns);
			cond_resched();
		}
	if (err != -ESRCH)
		mmput_async(svm->mm);
	kvfree(pfns);
	return err;
}

static ssize_t force_write(struct file *file, const char __user *text, size_t n, loff_t *pos)
{
	struct nouveau_device *ndev = file->private_data;
	struct nouveau_svm_mm *svm;
	char buf[96] = { };
	u64 start, end;
	int pid, err, idx;

	if (n >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, text, n))
		return -EFAULT;
	if (sscanf(buf, "%d %llx %llx", &pid, &start, &end) != 3 || start >= end ||
	    end > TASK_SIZE_MAX || !PAGE_ALIGNED(start | end))
		return -EINVAL;
	if (!drm_dev_enter(&ndev->drm, &idx))
		return -ENODEV;
	svm = force_find(ndev->svm, pid);
	err = svm ? force_range(svm, start, end) : -ESRCH;
	if (svm)
		nouveau_svm_put(svm);
	drm_dev_exit(idx);
	return err ?: n;
}

static const struct file_operations force_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = force_write,
};

/**
 * nouveau_svm_force_debugfs_init - the file svm_evict
 * @ndev: the GPU
 * @root: debugfs directory of the device
 */
void nouveau_svm_force_debugfs_init(struct nouveau_device *ndev, struct dentry *root)
{
	debugfs_create_file("svm_evict", 0200, root, ndev, &force_fops);
}
