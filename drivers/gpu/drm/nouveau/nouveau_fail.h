/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_FAIL_H__
#define __NOUVEAU_FAIL_H__

/*
 * Fail points, in builds with NOUVEAU_FAIL_POINTS=1 only: everything the driver
 * calls that may fail is numbered as it comes, and debugfs says which one is to
 * fail, once (nouveau_fail.c). Kbuild includes this everywhere then, so allocations
 * and DMA mappings need no change where they are made.
 */
#include <linux/types.h>

struct dentry;

#ifdef NOUVEAU_FAIL_POINTS

#include <linux/dma-mapping.h>
#include <linux/gpu_buddy.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include <drm/drm_exec.h>
#include <drm/gpu_scheduler.h>

bool nouveau_fail_now(const char *func, int line);
void nouveau_fail_debugfs_init(struct dentry *root);

#define nouveau_fails()		nouveau_fail_now(__func__, __LINE__)

#undef kmalloc
#define kmalloc(size, gfp) \
	(nouveau_fails() ? NULL : alloc_hooks(kmalloc_noprof(size, gfp)))
#undef kzalloc
#define kzalloc(size, gfp) \
	(nouveau_fails() ? NULL : alloc_hooks(kzalloc_noprof(size, gfp)))
#undef kvmalloc
#define kvmalloc(size, gfp) \
	(nouveau_fails() ? NULL : alloc_hooks(kvmalloc_node_noprof(size, gfp, NUMA_NO_NODE)))
#undef kvzalloc
#define kvzalloc(size, gfp)	kvmalloc(size, (gfp) | __GFP_ZERO)
#undef kvcalloc
#define kvcalloc(n, size, gfp) \
	(nouveau_fails() ? NULL : \
	 alloc_hooks(kvmalloc_array_node_noprof(n, size, (gfp) | __GFP_ZERO, NUMA_NO_NODE)))
#undef dma_map_page_attrs
#define dma_map_page_attrs(dev, page, offset, size, dir, attrs) \
	(nouveau_fails() ? DMA_MAPPING_ERROR : \
	 (dma_map_page_attrs)(dev, page, offset, size, dir, attrs))
#undef folio_alloc
#define folio_alloc(gfp, order) \
	(nouveau_fails() ? NULL : alloc_hooks(folio_alloc_noprof(gfp, order)))
#undef alloc_pages
#define alloc_pages(gfp, order) \
	(nouveau_fails() ? NULL : alloc_hooks(alloc_pages_noprof(gfp, order)))
#undef vma_alloc_folio
#define vma_alloc_folio(gfp, order, vma, addr) \
	(nouveau_fails() ? NULL : alloc_hooks(vma_alloc_folio_noprof(gfp, order, vma, addr)))
#undef alloc_page_vma
#define alloc_page_vma(gfp, vma, addr) \
	(nouveau_fails() ? NULL : alloc_hooks(alloc_page_vma_noprof(gfp, vma, addr)))
#undef kmalloc_array
#define kmalloc_array(n, size, gfp) \
	(nouveau_fails() ? NULL : alloc_hooks(kmalloc_array_noprof(n, size, gfp)))
#define dma_alloc_coherent(dev, size, handle, gfp) \
	(nouveau_fails() ? NULL : (dma_alloc_coherent)(dev, size, handle, gfp))
#define memdup_user(from, n) \
	(nouveau_fails() ? ERR_PTR(-ENOMEM) : (memdup_user)(from, n))
#define vmemdup_array_user(from, n, size) \
	(nouveau_fails() ? ERR_PTR(-ENOMEM) : (vmemdup_array_user)(from, n, size))
#define xa_insert(xa, index, entry, gfp) \
	(nouveau_fails() ? -ENOMEM : (xa_insert)(xa, index, entry, gfp))
#define xa_alloc_irq(xa, id, entry, limit, gfp) \
	(nouveau_fails() ? -ENOMEM : (xa_alloc_irq)(xa, id, entry, limit, gfp))
#define gpu_buddy_alloc_blocks(mm, start, end, size, align, blocks, flags) \
	(nouveau_fails() ? -ENOSPC : \
	 (gpu_buddy_alloc_blocks)(mm, start, end, size, align, blocks, flags))
#define drm_sched_job_init(job, entity, credits, owner, id) \
	(nouveau_fails() ? -ENOMEM : (drm_sched_job_init)(job, entity, credits, owner, id))
#define drm_exec_prepare_obj(exec, obj, n) \
	(nouveau_fails() ? -ENOMEM : (drm_exec_prepare_obj)(exec, obj, n))

#else

static inline bool nouveau_fails(void) { return false; }
static inline void nouveau_fail_debugfs_init(struct dentry *root) { }

#endif
#endif
