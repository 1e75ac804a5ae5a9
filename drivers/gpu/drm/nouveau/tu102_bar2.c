// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * BAR2: an address space of the device itself, for buffers the GPU writes on
 * its own account (fault packets, method buffers of preempted copy engines).
 * The CPU reaches the same memory directly, so the PCI window of that name is
 * never mapped and what lies here is system memory.
 *
 * Lock: bar2->lock (addresses), outside of pt->lock.
 */
#include <linux/iopoll.h>
#include <linux/slab.h>

#include <drm/drm_mm.h>
#include <drm/drm_print.h>

#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_ram.h>
#include <nvhw/tu104/dev_vm.h>
#include <nvhw/undocumented.h>

#include "nouveau_device.h"
#include "nouveau_pt.h"
#include "nouveau_vram.h"
#include "tu102_bar2.h"
#include "tu102_pte.h"
#include "tu102_tlb.h"

#define BIND_WAIT_US	(2 * USEC_PER_SEC)
#define VF(reg)		(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + (reg))
#define BAR2_BLOCK	VF(NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK)
#define BIND_STATUS	VF(NV_VIRTUAL_FUNCTION_PRIV_BIND_STATUS)
#define BIND_BUSY	(NV_MASK(NV_VIRTUAL_FUNCTION_PRIV_BIND_STATUS_BAR2_PENDING) | \
			 NV_MASK(NV_VIRTUAL_FUNCTION_PRIV_BIND_STATUS_BAR2_OUTSTANDING))

struct nouveau_bar2 {
	struct nouveau_mem inst;
	struct nouveau_pt *pt;
	struct mutex lock;		/* protects @mm */
	struct drm_mm mm;
};

static int bar2_bind(struct nouveau_device *ndev, u32 block)
{
	u32 status;

	/* Bit 30 is to stay at its default. */
	nv_wr32(ndev, BAR2_BLOCK,
		block | NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_RESERVED, _DEFAULT));
	return read_poll_timeout(nv_rd32, status, !(status & BIND_BUSY), 10, BIND_WAIT_US, false,
				 ndev, BIND_STATUS);
}

static void bar2_write_inst(struct nouveau_bar2 *bar2)
{
	u32 words[NV_MW_DW(NV_RAMIN_PAGE_DIR_BASE_HI) + 1] = {};
	u64 root = nouveau_pt_root(bar2->pt);
	unsigned int i;

	NV_MW_DEF(words, NV_RAMIN_PAGE_DIR_BASE_TARGET, _VID_MEM);
	NV_MW_DEF(words, NV_RAMIN_USE_VER2_PT_FORMAT, _TRUE);
	NV_MW_DEF(words, NV_RAMIN_BIG_PAGE_SIZE, _64KB);
	NV_MW_SET(words, NV_RAMIN_PAGE_DIR_BASE_LO, root >> 12);
	NV_MW_SET(words, NV_RAMIN_PAGE_DIR_BASE_HI, upper_32_bits(root));
	for (i = 0; i < ARRAY_SIZE(words); i++)
		writel(words[i], bar2->inst.map + i * 4);
}

static u32 bar2_block(const struct nouveau_bar2 *bar2)
{
	return NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_MODE, _VIRTUAL) |
	       NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_TARGET, _VID_MEM) |
	       NV_NUM(NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_PTR,
		      bar2->inst.addr >> NV_RAMIN_BASE_SHIFT);
}

bool tu102_bar2_is_bound(struct nouveau_device *ndev)
{
	u32 want = bar2_block(ndev->bar2);

	return (nv_rd32(ndev, BAR2_BLOCK) & want) == want;
}

int tu102_bar2_resume(struct nouveau_device *ndev)
{
	return tu102_bar2_is_bound(ndev) ? 0 : bar2_bind(ndev, bar2_block(ndev->bar2));
}

/**
 * tu102_bar2_init() - build the address space and bind it
 * @ndev: the device; VRAM is up
 *
 * Return: 0 or a negative errno.
 */
int tu102_bar2_init(struct nouveau_device *ndev)
{
	struct nouveau_bar2 *bar2 = kzalloc_obj(*bar2);
	int err;

	if (!bar2)
		return -ENOMEM;
	bar2->pt = nouveau_pt_new(ndev);
	if (IS_ERR(bar2->pt)) {
		err = PTR_ERR(bar2->pt);
		goto err_free;
	}
	err = nouveau_mem_new(ndev, NV_RAMIN_ALLOC_SIZE, SZ_4K, &bar2->inst);
	if (err)
		goto err_pt;

	bar2_write_inst(bar2);
	nouveau_mem_flush(ndev);
	err = bar2_bind(ndev, bar2_block(bar2));
	if (err) {
		drm_err(&ndev->drm, "BAR2 does not bind\n");
		goto err_inst;
	}
	mutex_init(&bar2->lock);
	/* Address 0 stays free: it is what an unset register holds. */
	drm_mm_init(&bar2->mm, PAGE_SIZE, NVX_BAR2_SIZE - PAGE_SIZE);
	ndev->bar2 = bar2;
	return 0;

err_inst:
	nouveau_mem_del(ndev, &bar2->inst);
err_pt:
	nouveau_pt_del(bar2->pt);
err_free:
	kfree(bar2);
	return err;
}

void tu102_bar2_fini(struct nouveau_device *ndev)
{
	struct nouveau_bar2 *bar2 = ndev->bar2;

	if (bar2_bind(ndev, NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_MODE, _PHYSICAL)))
		drm_err(&ndev->drm, "BAR2 does not unbind\n");
	drm_mm_takedown(&bar2->mm);
	mutex_destroy(&bar2->lock);
	nouveau_mem_del(ndev, &bar2->inst);
	nouveau_pt_retire(bar2->pt);
	ndev->bar2 = NULL;
	kfree(bar2);
}

/* Fill in PTEs and tell the hub. */
static int bar2_write(struct nouveau_device *ndev, u64 va, dma_addr_t dma, u64 size)
{
	static const struct tu102_pte_attr attr = { .aperture = TU102_APERTURE_SYS };
	struct nouveau_pt *pt = ndev->bar2->pt;
	u64 off, pte;
	int err;

	err = nouveau_pt_prepare(pt, va, va + size, PAGE_SHIFT);
	if (err)
		return err;
	nouveau_pt_lock(pt);
	for (off = 0; off < size; off += PAGE_SIZE) {
		pte = tu102_pte_encode(dma + off, &attr);
		nouveau_pt_write_locked(pt, va + off, 1, PAGE_SHIFT, &pte);
	}
	nouveau_mem_flush(ndev);
	err = tu102_tlb_invalidate(ndev, nouveau_pt_root(pt), va, va + size, TU102_TLB_HUB_ONLY);
	nouveau_pt_unlock(pt);
	return err;
}

int tu102_bar2_map(struct nouveau_device *ndev, dma_addr_t dma, u64 size, u64 *va)
{
	struct nouveau_bar2 *bar2 = ndev->bar2;
	struct drm_mm_node *node;
	int err;

	if (!size || !PAGE_ALIGNED(dma | size))
		return -EINVAL;
	node = kzalloc_obj(*node);
	if (!node)
		return -ENOMEM;
	mutex_lock(&bar2->lock);
	err = drm_mm_insert_node(&bar2->mm, node, size);
	mutex_unlock(&bar2->lock);
	if (err) {
		kfree(node);
		return err;
	}
	err = bar2_write(ndev, node->start, dma, size);
	if (err) {
		tu102_bar2_unmap(ndev, node->start, size);
		return err;
	}
	*va = node->start;
	return 0;
}

void tu102_bar2_unmap(struct nouveau_device *ndev, u64 va, u64 size)
{
	struct nouveau_bar2 *bar2 = ndev->bar2;
	u64 start = va, end = va + size;
	struct drm_mm_node *node;

	nouveau_pt_lock(bar2->pt);
	if (nouveau_pt_zap_locked(bar2->pt, &start, &end)) {
		nouveau_mem_flush(ndev);
		if (tu102_tlb_invalidate(ndev, nouveau_pt_root(bar2->pt), start, end,
					 TU102_TLB_HUB_ONLY | TU102_TLB_DOWNGRADE))
			drm_err(&ndev->drm, "BAR2 0x%llx does not leave the TLB\n", va);
	}
	nouveau_pt_unlock(bar2->pt);

	mutex_lock(&bar2->lock);
	drm_mm_for_each_node(node, &bar2->mm)
		if (node->start == va)
			break;
	drm_mm_remove_node(node);
	mutex_unlock(&bar2->lock);
	kfree(node);
}
