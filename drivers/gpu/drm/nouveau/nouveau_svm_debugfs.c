// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Looking at SVM: blocks and knobs in debugfs, totals in fdinfo. Read-only
 * views, except for the knobs, which the policy reads afresh for every plan.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include <drm/drm_print.h>

#include "nouveau_device.h"
#include "nouveau_evict.h"
#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"

/**
 * nouveau_svm_debugfs_init - a file per policy knob in svm_knobs/
 * @ndev: the GPU
 * @root: debugfs directory of the device
 *
 * Return: svm_knobs/, for the knobs of others.
 */
struct dentry *nouveau_svm_debugfs_init(struct nouveau_device *ndev, struct dentry *root)
{
	struct nouveau_svm_knobs *k = &ndev->svm->knobs;
	struct dentry *dir = debugfs_create_dir("svm_knobs", root);

#define X(knob, def, help) debugfs_create_u32(#knob, 0644, dir, &k->knob);
	NOUVEAU_SVM_KNOBS(X)
#undef X
	nouveau_svm_force_debugfs_init(ndev, root);
	return dir;
}

static void show_block(const struct nouveau_svm_block *b, struct seq_file *m)
{
	seq_printf(m, "  0x%012llx mapped %u vram %u writable %u ptes %s heat %u moves %u%s\n",
		   b->base, nouveau_mask_weight(&b->mapped, 0, NOUVEAU_BLOCK_PAGES),
		   nouveau_mask_weight(&b->vram, 0, NOUVEAU_BLOCK_PAGES),
		   nouveau_mask_weight(&b->writable, 0, NOUVEAU_BLOCK_PAGES),
		   b->huge ? "2M" : b->big ? "64K" : "4K", b->heat.heat, b->heat.moves,
		   b->heat.pinned_until_ns > ktime_get_ns() ? " pinned" : "");
}

/**
 * nouveau_svm_debugfs_show - every mirror and its blocks
 * @ndev: the GPU
 * @m: output
 */
void nouveau_svm_debugfs_show(struct nouveau_device *ndev, struct seq_file *m)
{
	struct nouveau_svm_device *dev = ndev->svm;
	struct nouveau_svm_block *block;
	struct nouveau_svm_mm *svm;
	unsigned long vm = 0, idx;

	for (;; vm++) {
		xa_lock(&dev->by_vm);
		svm = xa_find(&dev->by_vm, &vm, ULONG_MAX, XA_PRESENT);
		if (svm && !refcount_inc_not_zero(&svm->users))
			svm = NULL;
		xa_unlock(&dev->by_vm);
		if (!svm)
			break;
		seq_printf(m, "%s[%d]: faults %lld to vram %lld to sys %lld\n", svm->comm,
			   svm->tgid, atomic64_read(&svm->faults),
			   atomic64_read(&svm->pages_to_vram),
			   atomic64_read(&svm->pages_to_sys));
		nouveau_pt_lock(svm->pt);
		xa_for_each(&svm->blocks, idx, block)
			show_block(block, m);
		nouveau_pt_unlock(svm->pt);
		nouveau_svm_put(svm);
	}
	nouveau_dmem_debugfs_show(ndev, m);
	nouveau_evict_debugfs_show(ndev, m);
}

/* What the GPU reaches without a fault, KiB: in VRAM, in RAM, copies of RAM in VRAM. */
static void fdinfo_mapped(struct nouveau_svm_mm *svm, u64 *vram, u64 *sys, u64 *replica)
{
	struct nouveau_svm_block *block;
	unsigned long idx;
	u64 mapped = 0;

	*vram = 0;
	*replica = 0;
	nouveau_pt_lock(svm->pt);
	xa_for_each(&svm->blocks, idx, block) {
		*vram += nouveau_mask_weight(&block->vram, 0, NOUVEAU_BLOCK_PAGES);
		*replica += nouveau_mask_weight(&block->replica, 0, NOUVEAU_BLOCK_PAGES);
		mapped += nouveau_mask_weight(&block->mapped, 0, NOUVEAU_BLOCK_PAGES);
	}
	nouveau_pt_unlock(svm->pt);
	*sys = (mapped - *vram - *replica) << (PAGE_SHIFT - 10);
	*vram <<= PAGE_SHIFT - 10;
	*replica <<= PAGE_SHIFT - 10;
}

/**
 * nouveau_svm_fdinfo - totals of a mirror
 * @svm: mirror
 * @p: output
 */
void nouveau_svm_fdinfo(struct nouveau_svm_mm *svm, struct drm_printer *p)
{
	u64 vram, sys, replica;

	fdinfo_mapped(svm, &vram, &sys, &replica);
	drm_printf(p, "drm-nouveau-svm-resident:\t%llu KiB\n", vram);
	drm_printf(p, "drm-nouveau-svm-mapped:\t%llu KiB\n", sys);
	drm_printf(p, "drm-nouveau-svm-replicas:\t%llu KiB\n", replica);
	drm_printf(p, "drm-nouveau-svm-faults:\t%lld\n", atomic64_read(&svm->faults));
	drm_printf(p, "drm-nouveau-svm-evicted:\t%lld KiB\n",
		   atomic64_read(&svm->pages_evicted) << (PAGE_SHIFT - 10));
	drm_printf(p, "drm-nouveau-svm-to-vram:\t%lld KiB\n",
		   atomic64_read(&svm->pages_to_vram) << (PAGE_SHIFT - 10));
	drm_printf(p, "drm-nouveau-svm-to-sys:\t%lld KiB\n",
		   atomic64_read(&svm->pages_to_sys) << (PAGE_SHIFT - 10));
}
