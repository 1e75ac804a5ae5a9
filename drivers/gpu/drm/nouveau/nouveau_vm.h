/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_VM_H__
#define __NOUVEAU_VM_H__

#include <linux/types.h>

struct nouveau_bo;
struct nouveau_device;
struct nouveau_log;
struct nouveau_pt;
struct nouveau_svm_mm;
struct nouveau_vm;
struct nouveau_vma;
struct seq_file;

/*
 * A GPU address space: where buffer objects live and, once SVM is on, a mirror
 * of a process everywhere else. Reference counted; channels hold a reference.
 */
struct nouveau_vm *nouveau_vm_new(struct nouveau_device *ndev);
struct nouveau_vm *nouveau_vm_get(struct nouveau_vm *vm);
void nouveau_vm_put(struct nouveau_vm *vm);
struct nouveau_device *nouveau_vm_device(const struct nouveau_vm *vm);
struct nouveau_pt *nouveau_vm_pt(const struct nouveau_vm *vm);
/* Accesses through this address space that had to be refused. */
struct nouveau_log *nouveau_vm_log(const struct nouveau_vm *vm);

/*
 * From now on allocate buffer objects only inside [addr, addr + size), leaving
 * the rest to SVM. -EBUSY when buffer objects are mapped already or when set
 * before; -EINVAL when the range is empty, unaligned or beyond 40 bits.
 */
int nouveau_vm_set_unmanaged(struct nouveau_vm *vm, u64 addr, u64 size);
/* Whether [start, end) is outside of the hole for buffer objects. */
bool nouveau_vm_is_svm_range(struct nouveau_vm *vm, u64 start, u64 end);

/* SVM side of this address space; NULL when SVM is off. Set once by nouveau_svm.c. */
struct nouveau_svm_mm *nouveau_vm_svm(struct nouveau_vm *vm);
int nouveau_vm_set_svm(struct nouveau_vm *vm, struct nouveau_svm_mm *svm);

/*
 * The mapping of @bo in @vm with a reference, made when there is none, at an
 * address of the allocator's choice that never changes. Takes the reservation.
 * ERR_PTR: -ENOMEM, -ENOSPC (addresses or VRAM for tables), -ENODEV, -ERESTARTSYS.
 */
struct nouveau_vma *nouveau_vm_map_bo(struct nouveau_vm *vm, struct nouveau_bo *bo);
/*
 * The mapping of @bo in @vm with a reference, or NULL; reservation held. A job
 * keeps it until it is done, so that closing a handle unmaps only afterwards.
 */
struct nouveau_vma *nouveau_bo_vma_find(struct nouveau_bo *bo, struct nouveau_vm *vm);
/* The last put unmaps and takes the reservation: may sleep, not in atomic context. */
void nouveau_vma_put(struct nouveau_vma *vma);
/*
 * Map @size bytes of coherent system memory at DMA address @dma, contiguous:
 * rings and semaphores of channels. Below 40 bits like everything Host fetches.
 * Not evictable; unmapping waits for nothing.
 */
int nouveau_vm_map_dma(struct nouveau_vm *vm, dma_addr_t dma, u64 size, bool read_only,
		       struct nouveau_vma **vma);
void nouveau_vm_unmap_dma(struct nouveau_vm *vm, struct nouveau_vma *vma);
u64 nouveau_vma_addr(const struct nouveau_vma *vma);
/* Rewrite PTEs of all mappings of @bo after a move; reservation held. Never fails. */
void nouveau_vm_bo_moved(struct nouveau_bo *bo);
/* What is mapped, for debugfs. */
void nouveau_vm_show(struct nouveau_vm *vm, struct seq_file *m);

#endif
