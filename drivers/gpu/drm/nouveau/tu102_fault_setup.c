// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The fault buffers' memory, registers and interrupts: what has to be there before
 * tu102_fault.c can drain them, and how to be rid of it.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include <nvhw/tu104/pri_mmu_hub.h>

#include "nouveau_device.h"
#include "nouveau_irq.h"
#include "tu102_bar2.h"
#include "tu102_fault_priv.h"

#define FAULT_STATUS		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_STATUS)
#define FAULT_ADDR_LO		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_ADDR_LO)
#define FAULT_ADDR_HI		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_ADDR_HI)
#define FAULT_INFO		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_INFO)

#define BUSY_WAIT_US		2000000

static void ring_irq(void *data)
{
	struct tu102_fault_ring *ring = data;

	WRITE_ONCE(ring->announced, true);
	ring->tf->notify(ring->tf->data);
}

static void ring_error_irq(void *data)
{
	struct tu102_fault_ring *ring = data;

	WRITE_ONCE(ring->trouble, true);
	ring->tf->notify(ring->tf->data);
}

/*
 * Faults that go to no ring: BAR1, BAR2 and physical accesses. They come from
 * the CPU or from the driver's own mistakes; all to do is say so.
 */
static void fault_info_irq(void *data)
{
	struct tu102_fault *tf = data;
	struct nouveau_device *ndev = tf->ndev;
	u32 status = nv_rd32(ndev, FAULT_STATUS);

	if (NV_GET(status, NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_STATUS_VALID)) {
		u64 va = (u64)nv_rd32(ndev, FAULT_ADDR_HI) << 32 | nv_rd32(ndev, FAULT_ADDR_LO);

		drm_err_ratelimited(&ndev->drm, "unexpected MMU fault: va 0x%llx info 0x%08x status 0x%08x\n",
				    va & ~0xfffull, nv_rd32(ndev, FAULT_INFO), status);
	}
	/* VALID and the DROPPED bits are write-one-to-clear, the rest read only. */
	nv_wr32(ndev, FAULT_STATUS, status);
}

static size_t ring_bytes(const struct tu102_fault_ring *ring)
{
	return PAGE_ALIGN((size_t)ring->entries * NVC369_BUF_SIZE);
}

static void ring_disable(struct tu102_fault *tf, unsigned int i)
{
	u32 size = nv_rd32(tf->ndev, FB_SIZE(i));
	unsigned int us;

	for (us = 0; us < BUSY_WAIT_US; us += 10) {
		u32 status = nv_rd32(tf->ndev, FAULT_STATUS);

		if (!NV_GET(status, NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_STATUS_BUSY))
			break;
		usleep_range(10, 20);
	}
	nv_wr32(tf->ndev, FB_SIZE(i),
		NV_SET(size, NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_SIZE_ENABLE, 0));
}

static void ring_stop(struct tu102_fault *tf, unsigned int i)
{
	struct tu102_fault_ring *ring = &tf->ring[i];

	if (ring->notify_hooked)
		nouveau_irq_del(tf->ndev, ring->notify_vector);
	if (ring->error_hooked)
		nouveau_irq_del(tf->ndev, ring->error_vector);
	if (ring->enabled)
		ring_disable(tf, i);
	ring->notify_hooked = false;
	ring->error_hooked = false;
	ring->enabled = false;
}

static void ring_free(struct tu102_fault *tf, unsigned int i)
{
	struct tu102_fault_ring *ring = &tf->ring[i];

	if (!ring->packets)
		return;
	if (ring->bar2_va)
		tu102_bar2_unmap(tf->ndev, ring->bar2_va, ring_bytes(ring));
	dma_free_coherent(tf->ndev->drm.dev, ring_bytes(ring), ring->packets, ring->dma);
	ring->packets = NULL;
}

static int ring_alloc(struct tu102_fault *tf, unsigned int i)
{
	struct tu102_fault_ring *ring = &tf->ring[i];
	struct nouveau_device *ndev = tf->ndev;
	u32 size;

	/* The chip knows how many entries its clients can need. */
	nv_wr32(ndev, FB_SIZE(i),
		NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_SIZE_SET_DEFAULT, _YES));
	size = nv_rd32(ndev, FB_SIZE(i));
	ring->entries = NV_GET(size, NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_SIZE_VAL);
	if (ring->entries < 2) {
		drm_err(&ndev->drm, "fault buffer %u: bad default size 0x%08x\n", i, size);
		return -EIO;
	}

	ring->packets = dma_alloc_coherent(ndev->drm.dev, ring_bytes(ring), &ring->dma, GFP_KERNEL);
	if (!ring->packets)
		return -ENOMEM;
	return tu102_bar2_map(ndev, ring->dma, ring_bytes(ring), &ring->bar2_va);
}

static void ring_enable(struct tu102_fault *tf, unsigned int i)
{
	struct tu102_fault_ring *ring = &tf->ring[i];
	u32 size = NV_NUM(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_SIZE_VAL, ring->entries) |
		   NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_SIZE_OVERFLOW_INTR, _ENABLE);

	nv_wr32(tf->ndev, FB_HI(i), upper_32_bits(ring->bar2_va));
	nv_wr32(tf->ndev, FB_LO(i), lower_32_bits(ring->bar2_va) |
		NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_LO_ADDR_MODE, _VIRTUAL));
	nv_wr32(tf->ndev, FB_GET(i), 0);
	nv_wr32(tf->ndev, FB_SIZE(i), size |
		NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_SIZE_ENABLE, _TRUE));
	ring->enabled = true;
}

static int ring_init(struct tu102_fault *tf, unsigned int i)
{
	struct tu102_fault_ring *ring = &tf->ring[i];
	u32 vectors = nv_rd32(tf->ndev, NV_PFB_PRI_MMU_INT_VECTOR_FAULT(i));
	int err;

	err = ring_alloc(tf, i);
	if (err)
		return err;
	ring->notify_vector = NV_GET(vectors, NV_PFB_PRI_MMU_INT_VECTOR_FAULT_NOTIFY);
	ring->error_vector = NV_GET(vectors, NV_PFB_PRI_MMU_INT_VECTOR_FAULT_ERROR);
	if (i == TU102_FAULT_REPLAYABLE)
		err = nouveau_irq_add_held(tf->ndev, ring->notify_vector, ring_irq, ring);
	else
		err = nouveau_irq_add(tf->ndev, ring->notify_vector, ring_irq, ring);
	if (err)
		return err;
	ring->notify_hooked = true;
	err = nouveau_irq_add(tf->ndev, ring->error_vector, ring_error_irq, ring);
	if (err)
		return err;
	ring->error_hooked = true;
	ring_enable(tf, i);
	return 0;
}

/**
 * tu102_fault_new - set up and enable both fault buffers
 * @ndev: the GPU; BAR2 and interrupts work
 * @notify: called in hard interrupt context when there may be entries
 * @data: for @notify
 *
 * Return: the buffers or an ERR_PTR(): -ENOMEM, -ENOSPC, -EIO, -EBUSY.
 */
struct tu102_fault *tu102_fault_new(struct nouveau_device *ndev, void (*notify)(void *data),
				    void *data)
{
	struct tu102_fault *tf = kzalloc_obj(*tf);
	unsigned int i;
	int err;

	if (!tf)
		return ERR_PTR(-ENOMEM);
	tf->ndev = ndev;
	tf->notify = notify;
	tf->data = data;

	tf->info_vector = NV_GET(nv_rd32(ndev, NV_PFB_PRI_MMU_INT_VECTOR_INFO_FAULT),
				 NV_PFB_PRI_MMU_INT_VECTOR_INFO_FAULT_VECTOR);
	err = nouveau_irq_add(ndev, tf->info_vector, fault_info_irq, tf);
	if (err)
		goto err_del;
	tf->info_hooked = true;
	for (i = 0; i < TU102_FAULT_BUFFERS; i++) {
		tf->ring[i].tf = tf;
		err = ring_init(tf, i);
		if (err)
			goto err_del;
	}
	tu102_prefetch_init(&tf->prefetch, ndev);
	return tf;

err_del:
	tu102_fault_del(tf);
	return ERR_PTR(err);
}

/**
 * tu102_fault_stop - disable both buffers
 * @tf: fault buffers
 *
 * No interrupt handler runs any more when this returns.
 */
void tu102_fault_stop(struct tu102_fault *tf)
{
	unsigned int i;

	for (i = 0; i < TU102_FAULT_BUFFERS; i++)
		ring_stop(tf, i);
	if (tf->info_hooked)
		nouveau_irq_del(tf->ndev, tf->info_vector);
	tf->info_hooked = false;
}

/**
 * tu102_fault_del - disable and free both buffers
 * @tf: fault buffers
 */
void tu102_fault_del(struct tu102_fault *tf)
{
	unsigned int i;

	tu102_fault_stop(tf);
	tu102_prefetch_fini(&tf->prefetch);
	for (i = 0; i < TU102_FAULT_BUFFERS; i++)
		ring_free(tf, i);
	kfree(tf);
}
