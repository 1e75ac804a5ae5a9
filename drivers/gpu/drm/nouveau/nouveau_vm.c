// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * GPU address spaces. Two tenants share one tree of page tables:
 *
 *   buffer objects and rings   addresses from a drm_mm, in the hole that
 *                              SVM_INIT leaves or, without SVM, anywhere in
 *                              [4 GiB, 1 TiB): Host fetches with 40 bits
 *   SVM                        GPU address = CPU address, outside of the hole
 *
 * A buffer object has at most one mapping per address space, shared by all
 * handles and jobs by reference; the last reference unmaps. Tables for 4K and
 * 64K pages of its whole range are made when it is mapped, so that a move can
 * rewrite its PTEs without allocating and hence cannot fail.
 *
 * Locks, outer to inner: the object's reservation, vm->lock (addresses),
 * pt->lock.
 */
#include <linux/kref.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_mm.h>
#include <drm/drm_print.h>

#include "nouveau_device.h"
#include "nouveau_gem.h"
#include "nouveau_log.h"
#include "nouveau_pt.h"
#include "nouveau_ttm.h"
#include "nouveau_vm.h"
#include "nouveau_vram.h"
#include "tu102_pte.h"
#include "tu102_tlb.h"

#define VM_START	SZ_4G
#define VM_END		SZ_1T		/* 40 bits */
/* Generic loads and stores see shared and local memory here, not BOs. */
#define VM_WINDOW_START	0xfe000000ull
#define VM_WINDOW_END	0x100000000ull

struct nouveau_vm {
	struct kref ref;
	struct nouveau_device *ndev;
	struct nouveau_pt *pt;
	struct mutex lock;		/* protects the rest */
	struct drm_mm mm;
	struct drm_mm_node window;	/* keeps VM_WINDOW free when the hole covers it */
	u64 hole_start, hole_end;	/* for BOs; 0, 0: SVM is not on */
	unsigned int mappings;
	struct nouveau_svm_mm *svm;
	struct nouveau_log *log;	/* of refused accesses; constant */
};

struct nouveau_vma {
	struct kref ref;
	struct drm_mm_node node;	/* the address range */
	struct nouveau_vm *vm;		/* with a reference */
	struct nouveau_bo *bo;		/* with a reference; NULL for DMA memory */
	struct list_head link;		/* in bo->vmas, under its reservation */
};

/**
 * nouveau_vm_new() - make an empty address space
 * @ndev: the device
 *
 * Return: with one reference, or ERR_PTR(-ENOMEM, -ENOSPC, -ENODEV).
 */
struct nouveau_vm *nouveau_vm_new(struct nouveau_device *ndev)
{
	struct nouveau_vm *vm = kzalloc_obj(*vm);

	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->log = nouveau_log_new();
	if (!vm->log) {
		kfree(vm);
		return ERR_PTR(-ENOMEM);
	}
	vm->pt = nouveau_pt_new(ndev);
	if (IS_ERR(vm->pt)) {
		int err = PTR_ERR(vm->pt);

		nouveau_log_del(vm->log);
		kfree(vm);
		return ERR_PTR(err);
	}
	kref_init(&vm->ref);
	vm->ndev = ndev;
	/* Tables are cut from what the device owns. */
	drm_dev_get(&ndev->drm);
	mutex_init(&vm->lock);
	drm_mm_init(&vm->mm, VM_START, VM_END - VM_START);
	return vm;
}

struct nouveau_vm *nouveau_vm_get(struct nouveau_vm *vm)
{
	kref_get(&vm->ref);
	return vm;
}

static void vm_release(struct kref *ref)
{
	struct nouveau_vm *vm = container_of(ref, struct nouveau_vm, ref);
	struct nouveau_device *ndev = vm->ndev;

	if (drm_mm_node_allocated(&vm->window))
		drm_mm_remove_node(&vm->window);
	drm_mm_takedown(&vm->mm);
	/* Its root may live on in TLBs, and the memory is about to be reused. */
	nouveau_pt_retire(vm->pt);
	mutex_destroy(&vm->lock);
	nouveau_log_del(vm->log);
	kfree(vm);
	drm_dev_put(&ndev->drm);
}

void nouveau_vm_put(struct nouveau_vm *vm)
{
	kref_put(&vm->ref, vm_release);
}

struct nouveau_device *nouveau_vm_device(const struct nouveau_vm *vm)
{
	return vm->ndev;
}

struct nouveau_pt *nouveau_vm_pt(const struct nouveau_vm *vm)
{
	return vm->pt;
}

struct nouveau_log *nouveau_vm_log(const struct nouveau_vm *vm)
{
	return vm->log;
}

/**
 * nouveau_vm_set_unmanaged() - leave buffer objects a hole, SVM the rest
 * @vm: the address space
 * @addr: first byte of the hole, page aligned
 * @size: bytes, page aligned
 *
 * Return: 0; -EINVAL when the hole is empty, unaligned, at 0 or beyond 40 bits;
 * -EBUSY when something is mapped or it was done before.
 */
int nouveau_vm_set_unmanaged(struct nouveau_vm *vm, u64 addr, u64 size)
{
	u64 end = addr + size;

	if (!addr || !size || !PAGE_ALIGNED(addr | size) || end < addr || end > VM_END)
		return -EINVAL;

	guard(mutex)(&vm->lock);
	if (vm->mappings || vm->hole_end)
		return -EBUSY;
	drm_mm_takedown(&vm->mm);
	drm_mm_init(&vm->mm, addr, size);
	vm->window.start = max(addr, VM_WINDOW_START);
	if (vm->window.start < min(end, VM_WINDOW_END)) {
		vm->window.size = min(end, VM_WINDOW_END) - vm->window.start;
		/* The allocator is empty: the range is free. */
		WARN_ON(drm_mm_reserve_node(&vm->mm, &vm->window));
	}
	vm->hole_start = addr;
	vm->hole_end = end;
	nv_dbg(vm->ndev, "address space 0x%llx: buffer objects in 0x%llx-0x%llx, SVM elsewhere\n",
	       nouveau_pt_root(vm->pt), addr, end);
	return 0;
}

bool nouveau_vm_is_svm_range(struct nouveau_vm *vm, u64 start, u64 end)
{
	guard(mutex)(&vm->lock);
	return vm->hole_end && (end <= vm->hole_start || start >= vm->hole_end);
}

struct nouveau_svm_mm *nouveau_vm_svm(struct nouveau_vm *vm)
{
	/* Pairs with nouveau_vm_set_svm(): set once, for good. */
	return smp_load_acquire(&vm->svm);
}

int nouveau_vm_set_svm(struct nouveau_vm *vm, struct nouveau_svm_mm *svm)
{
	guard(mutex)(&vm->lock);
	if (svm && vm->svm)
		return -EBUSY;
	/* Who sees the pointer sees what it points to. */
	smp_store_release(&vm->svm, svm);
	return 0;
}

/* The largest page that fits at @va for @bytes contiguous bytes at @pa. */
static unsigned int vm_page_shift(u64 va, u64 pa, u64 bytes)
{
	static const unsigned int shifts[] = { 21, 16, 12 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shifts); i++)
		if (IS_ALIGNED(va | pa, 1ull << shifts[i]) && bytes >> shifts[i])
			return shifts[i];
	WARN_ON_ONCE(1);
	return PAGE_SHIFT;
}

#define VM_CHUNK	64

/* Write PTEs for @bytes contiguous bytes. */
static void vm_write_run_locked(struct nouveau_vm *vm, u64 va, u64 pa, u64 bytes,
				const struct tu102_pte_attr *attr)
{
	u64 ptes[VM_CHUNK];
	unsigned int shift, n;

	nouveau_pt_assert_locked(vm->pt);
	while (bytes) {
		shift = vm_page_shift(va, pa, bytes);
		for (n = 0; n < VM_CHUNK && bytes; n++) {
			if (vm_page_shift(va + ((u64)n << shift), pa, bytes) != shift)
				break;
			ptes[n] = tu102_pte_encode(pa, attr);
			pa += 1ull << shift;
			bytes -= 1ull << shift;
		}
		nouveau_pt_write_locked(vm->pt, va, n, shift, ptes);
		va += (u64)n << shift;
	}
}

/* Tables for everything a BO or a ring may ever need in [start, end). */
static int vm_prepare(struct nouveau_vm *vm, u64 start, u64 end)
{
	int err = nouveau_pt_prepare(vm->pt, start, end, 12);

	start = round_up(start, SZ_64K);
	end = round_down(end, SZ_64K);
	if (!err && start < end)
		err = nouveau_pt_prepare(vm->pt, start, end, 16);
	return err;
}

/* TLBs cache invalid entries too: after every change. */
static void vm_sync_locked(struct nouveau_vm *vm, u64 start, u64 end, unsigned int flags)
{
	nouveau_pt_assert_locked(vm->pt);
	nouveau_mem_flush(vm->ndev);
	if (tu102_tlb_invalidate(vm->ndev, nouveau_pt_root(vm->pt), start, end, flags))
		drm_err(&vm->ndev->drm, "TLB invalidate of 0x%llx-0x%llx timed out\n", start, end);
}

static void vma_zap(struct nouveau_vma *vma)
{
	struct nouveau_vm *vm = vma->vm;
	u64 start = vma->node.start, end = start + vma->node.size;

	nouveau_pt_lock(vm->pt);
	if (nouveau_pt_zap_locked(vm->pt, &start, &end))
		vm_sync_locked(vm, start, end, TU102_TLB_DOWNGRADE);
	nouveau_pt_unlock(vm->pt);
}

static void vm_write_bo_locked(struct nouveau_vma *vma)
{
	struct nouveau_bo *bo = vma->bo;
	struct tu102_pte_attr attr = { .kind = bo->kind };
	struct nouveau_extents e;
	u64 va = vma->node.start;

	for (nouveau_extents_start(&e, ttm_to_vram(bo->ttm.bdev), bo->ttm.resource, bo->ttm.ttm);
	     e.bytes; nouveau_extents_advance(&e, e.bytes)) {
		attr.aperture = e.cur.aperture;
		vm_write_run_locked(vma->vm, va, e.cur.addr, e.bytes, &attr);
		va += e.bytes;
	}
}

/* Make the PTEs say where the object is now; reservation held. */
static void vma_update(struct nouveau_vma *vma)
{
	struct nouveau_vm *vm = vma->vm;
	u64 start = vma->node.start, end = start + vma->node.size;
	struct ttm_resource *res = vma->bo->ttm.resource;
	unsigned int flags = 0;

	nouveau_pt_lock(vm->pt);
	if (nouveau_pt_zap_locked(vm->pt, &start, &end))
		flags = TU102_TLB_DOWNGRADE;
	if (res && res->mem_type != TTM_PL_SYSTEM && !nouveau_pt_is_gone_locked(vm->pt)) {
		vm_write_bo_locked(vma);
		vm_sync_locked(vm, start, end, flags);
	} else if (flags) {
		vm_sync_locked(vm, start, end, flags);
	}
	nouveau_pt_unlock(vm->pt);
}

void nouveau_vm_bo_moved(struct nouveau_bo *bo)
{
	struct nouveau_vma *vma;

	dma_resv_assert_held(bo->ttm.base.resv);
	list_for_each_entry(vma, &bo->vmas, link)
		vma_update(vma);
}

/* Addresses and tables, nothing mapped yet. */
static struct nouveau_vma *vma_new(struct nouveau_vm *vm, u64 size, u64 align)
{
	/* Addresses at which the largest pages the size can use are possible. */
	u64 page = size >= SZ_2M ? SZ_2M : size >= SZ_64K ? SZ_64K : SZ_4K;
	struct nouveau_vma *vma = kzalloc_obj(*vma);
	int err;

	if (!vma)
		return ERR_PTR(-ENOMEM);
	kref_init(&vma->ref);
	INIT_LIST_HEAD(&vma->link);
	vma->vm = nouveau_vm_get(vm);

	mutex_lock(&vm->lock);
	err = drm_mm_insert_node_generic(&vm->mm, &vma->node, size, max(align, page), 0,
					 DRM_MM_INSERT_BEST);
	if (err == -ENOSPC && page > align)
		err = drm_mm_insert_node_generic(&vm->mm, &vma->node, size, align, 0,
						 DRM_MM_INSERT_BEST);
	if (!err)
		vm->mappings++;
	mutex_unlock(&vm->lock);
	if (err)
		goto err_free;

	err = vm_prepare(vm, vma->node.start, vma->node.start + size);
	if (err)
		goto err_node;
	return vma;

err_node:
	mutex_lock(&vm->lock);
	drm_mm_remove_node(&vma->node);
	vm->mappings--;
	mutex_unlock(&vm->lock);
err_free:
	nouveau_vm_put(vm);
	kfree(vma);
	return ERR_PTR(err);
}

/* Nothing is mapped any more. */
static void vma_del(struct nouveau_vma *vma)
{
	struct nouveau_vm *vm = vma->vm;

	mutex_lock(&vm->lock);
	drm_mm_remove_node(&vma->node);
	vm->mappings--;
	mutex_unlock(&vm->lock);
	nouveau_vm_put(vm);
	kfree(vma);
}

struct nouveau_vma *nouveau_bo_vma_find(struct nouveau_bo *bo, struct nouveau_vm *vm)
{
	struct nouveau_vma *vma;

	dma_resv_assert_held(bo->ttm.base.resv);
	list_for_each_entry(vma, &bo->vmas, link)
		if (vma->vm == vm && kref_get_unless_zero(&vma->ref))
			return vma;
	return NULL;
}

struct nouveau_vma *nouveau_vm_map_bo(struct nouveau_vm *vm, struct nouveau_bo *bo)
{
	struct nouveau_vma *vma;
	int err;

	err = ttm_bo_reserve(&bo->ttm, true, false, NULL);
	if (err)
		return ERR_PTR(err);
	vma = nouveau_bo_vma_find(bo, vm);
	if (vma)
		goto out;
	vma = vma_new(vm, bo->ttm.base.size, bo->align);
	if (IS_ERR(vma))
		goto out;
	vma->bo = nouveau_bo_get(bo);
	list_add(&vma->link, &bo->vmas);
	vma_update(vma);
out:
	ttm_bo_unreserve(&bo->ttm);
	return vma;
}

static void vma_release(struct kref *ref)
{
	struct nouveau_vma *vma = container_of(ref, struct nouveau_vma, ref);
	struct nouveau_bo *bo = vma->bo;

	if (!bo) {
		vma_zap(vma);
		vma_del(vma);
		return;
	}
	/* In one go: a move must not leave entries behind that it does not know. */
	dma_resv_lock(bo->ttm.base.resv, NULL);
	vma_zap(vma);
	list_del(&vma->link);
	dma_resv_unlock(bo->ttm.base.resv);
	vma_del(vma);
	nouveau_bo_put(bo);
}

void nouveau_vma_put(struct nouveau_vma *vma)
{
	kref_put(&vma->ref, vma_release);
}

u64 nouveau_vma_addr(const struct nouveau_vma *vma)
{
	return vma->node.start;
}

/**
 * nouveau_vm_map_dma() - map coherent system memory of the driver
 * @vm: the address space
 * @dma: DMA address, page aligned
 * @size: bytes, page aligned
 * @read_only: no stores by the GPU
 * @vma: the mapping
 *
 * Return: 0, -EINVAL, -ENOMEM, -ENOSPC, -ENODEV.
 */
int nouveau_vm_map_dma(struct nouveau_vm *vm, dma_addr_t dma, u64 size, bool read_only,
		       struct nouveau_vma **vma)
{
	struct tu102_pte_attr attr = {
		.aperture = TU102_APERTURE_SYS, .read_only = read_only,
	};
	struct nouveau_vma *new;
	u64 start;

	if (!size || !PAGE_ALIGNED(dma | size))
		return -EINVAL;
	new = vma_new(vm, size, PAGE_SIZE);
	if (IS_ERR(new))
		return PTR_ERR(new);

	start = new->node.start;
	nouveau_pt_lock(vm->pt);
	vm_write_run_locked(vm, start, dma, size, &attr);
	if (!nouveau_pt_is_gone_locked(vm->pt))
		vm_sync_locked(vm, start, start + size, 0);
	nouveau_pt_unlock(vm->pt);
	*vma = new;
	return 0;
}

void nouveau_vm_unmap_dma(struct nouveau_vm *vm, struct nouveau_vma *vma)
{
	nouveau_vma_put(vma);
}

void nouveau_vm_show(struct nouveau_vm *vm, struct seq_file *m)
{
	mutex_lock(&vm->lock);
	if (vm->hole_end)
		seq_printf(m, "svm, buffer objects in 0x%llx-0x%llx; %u mappings\n",
			   vm->hole_start, vm->hole_end, vm->mappings);
	else
		seq_printf(m, "%u mappings\n", vm->mappings);
	mutex_unlock(&vm->lock);
	nouveau_pt_show(vm->pt, m);
}
