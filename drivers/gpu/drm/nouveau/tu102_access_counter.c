// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The access counter unit: which memory outside of the GPU its engines reach for
 * again and again.
 *
 * A counter per 64 KiB of an address space counts accesses to system memory; at
 * the threshold the unit appends a 32-byte packet to a ring in coherent system
 * memory, which it reaches through a BAR2 virtual address, and says no more until
 * the counter is cleared, by a method of a privileged channel. This file knows
 * ring, packets and registers; what to do about a hot region is the business of
 * nouveau_access.c.
 *
 * Packets are recognised by their VALID bit in memory, so a visit costs one
 * register access, GET.
 *
 * Facts: open-gpu-doc dev_vm for TU104 (registers), class C365 of
 * open-gpu-kernel-modules (packet) and the order to turn it off from there.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include <nvhw/class/clc365.h>
#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_vm.h>

#include "nouveau_device.h"
#include "nouveau_irq.h"
#include "nouveau_stats.h"
#include "tu102_access_counter.h"
#include "tu102_bar2.h"
#include "tu102_tlb.h"

#define VF(reg)		(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + (reg))
#define CNT(reg)	NV_VIRTUAL_FUNCTION_PRIV_ACCESS_COUNTER_##reg
#define CNT_DEF(field, name) \
	NV_NUM(CNT(field), NV_VIRTUAL_FUNCTION_PRIV_ACCESS_COUNTER_##field##name)
#define ENTRY(field)	NVC365_NOTIFY_BUF_ENTRY_##field

#define VECTOR		NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_HUB_ACCESS_CNTR_INTR_VECTOR
#define PACKET_DWORDS	(NVC365_NOTIFY_BUF_SIZE / 4)
#define VALID_DWORD	NV_MW_DW(ENTRY(VALID))
#define PUSHED_WAIT_US	100000

struct tu102_access_packet {
	u32 dw[PACKET_DWORDS];
};

static_assert(sizeof(struct tu102_access_packet) == NVC365_NOTIFY_BUF_SIZE);

struct tu102_access {
	struct nouveau_device *ndev;
	void (*notify)(void *data);
	void *data;
	struct tu102_access_packet *packets;
	dma_addr_t dma;
	u64 bar2_va;
	u32 entries, get;
	bool hooked, enabled;
};

static void access_irq(void *data)
{
	struct tu102_access *ta = data;

	ta->notify(ta->data);
}

static size_t ring_bytes(const struct tu102_access *ta)
{
	return PAGE_ALIGN((size_t)ta->entries * NVC365_NOTIFY_BUF_SIZE);
}

static bool packet_valid(const struct tu102_access_packet *p)
{
	return NV_GET(READ_ONCE(p->dw[VALID_DWORD]), ENTRY(VALID));
}

/* Physical or peer notifications were not asked for. */
static bool packet_decode(const u32 *dw, struct tu102_access_hit *hit)
{
	*hit = (struct tu102_access_hit){
		.inst = (u64)NV_MW_GET(dw, ENTRY(INST_HI)) << 32 |
			(u64)NV_MW_GET(dw, ENTRY(INST_LO)) << 12,
		.va = sign_extend64((u64)NV_MW_GET(dw, ENTRY(ADDR_HI)) << 32 |
				    NV_MW_GET(dw, ENTRY(ADDR_LO)), 48),
		.tag = NV_MW_GET(dw, ENTRY(NOTIFY_TAG)),
		.bank = NV_MW_GET(dw, ENTRY(BANK)),
		.count = NV_MW_GET(dw, ENTRY(COUNTER_VAL)),
	};
	return NV_MW_GET(dw, ENTRY(TYPE)) == NVC365_NOTIFY_BUF_ENTRY_TYPE_GPU &&
	       NV_MW_GET(dw, ENTRY(ADDR_TYPE)) == NVC365_NOTIFY_BUF_ENTRY_ADDR_TYPE_GVA;
}

unsigned int tu102_access_drain(struct tu102_access *ta, struct tu102_access_hit *hits,
				unsigned int max)
{
	unsigned int n = 0, taken = 0;

	while (n < max && packet_valid(&ta->packets[ta->get])) {
		struct tu102_access_packet *p = &ta->packets[ta->get];

		/* VALID was seen: the rest of the packet was written before it. */
		dma_rmb();
		n += packet_decode(p->dw, &hits[n]);
		WRITE_ONCE(p->dw[VALID_DWORD], 0);
		ta->get = ta->get + 1 == ta->entries ? 0 : ta->get + 1;
		taken++;
	}
	/* Orders the cleared VALID bits; what is left raises the interrupt again. */
	if (taken)
		nv_wr32(ta->ndev, VF(CNT(NOTIFY_BUFFER_GET)), ta->get);
	nouveau_stat_add(&ta->ndev->stats, NOUVEAU_STAT_ACCESS_NOTIFY, n);
	return n;
}

int tu102_access_clear(struct tu102_access *ta, const struct tu102_access_hit *hits,
		       unsigned int n)
{
	struct tu102_counter_id ids[32];
	unsigned int i;
	int err = 0;

	while (n && !err) {
		for (i = 0; i < n && i < ARRAY_SIZE(ids); i++)
			ids[i] = (struct tu102_counter_id){ hits[i].tag, hits[i].bank };
		err = tu102_tlb_clear_counters(ta->ndev, ids, i);
		hits += i;
		n -= i;
	}
	return err;
}

static u32 config(u32 threshold)
{
	return NV_NUM(CNT(CONFIG_THRESHOLD), clamp(threshold, 1u, 0xffffu)) |
	       CNT_DEF(CONFIG_MIMC_GRANULARITY, _64K) |
	       CNT_DEF(CONFIG_MOMC_GRANULARITY, _16G) |
	       CNT_DEF(CONFIG_GVA_NOTIFY, _TRUE) |
	       CNT_DEF(CONFIG_COUNT_PCIE, _TRUE);
}

void tu102_access_set_threshold(struct tu102_access *ta, u32 threshold)
{
	nv_wr32(ta->ndev, VF(CNT(CONFIG)), config(threshold));
}

/* Off, then everything that is on its way has to have arrived. */
static void access_disable(struct tu102_access *ta)
{
	unsigned int us;

	nv_wr32(ta->ndev, VF(CNT(NOTIFY_BUFFER_LO)), 0);
	for (us = 0; us < PUSHED_WAIT_US; us += 10) {
		u32 info = nv_rd32(ta->ndev, VF(CNT(NOTIFY_BUFFER_INFO)));

		if (NV_GET(info, CNT(NOTIFY_BUFFER_INFO_PUSHED)))
			break;
		usleep_range(10, 20);
	}
}

static void access_enable(struct tu102_access *ta, u32 threshold)
{
	struct nouveau_device *ndev = ta->ndev;

	/* PUT outlives the buffer: begin where the unit will go on. */
	ta->get = NV_GET(nv_rd32(ndev, VF(CNT(NOTIFY_BUFFER_PUT))),
			 CNT(NOTIFY_BUFFER_PUT_OFFSET_HW));
	nv_wr32(ndev, VF(CNT(NOTIFY_BUFFER_GET)), ta->get);
	tu102_access_set_threshold(ta, threshold);
	nv_wr32(ndev, VF(CNT(NOTIFY_BUFFER_HI)), upper_32_bits(ta->bar2_va));
	nv_wr32(ndev, VF(CNT(NOTIFY_BUFFER_LO)), lower_32_bits(ta->bar2_va) |
		CNT_DEF(NOTIFY_BUFFER_LO_EN, _TRUE));
	ta->enabled = true;
}

static int access_alloc(struct tu102_access *ta)
{
	struct nouveau_device *ndev = ta->ndev;

	ta->entries = NV_GET(nv_rd32(ndev, VF(CNT(NOTIFY_BUFFER_SIZE))),
			     CNT(NOTIFY_BUFFER_SIZE_HW));
	if (ta->entries < 2) {
		drm_err(&ndev->drm, "access counters: no room for notifications\n");
		return -EIO;
	}
	ta->packets = dma_alloc_coherent(ndev->drm.dev, ring_bytes(ta), &ta->dma, GFP_KERNEL);
	if (!ta->packets)
		return -ENOMEM;
	return tu102_bar2_map(ndev, ta->dma, ring_bytes(ta), &ta->bar2_va);
}

/**
 * tu102_access_new - set up the unit and turn it on
 * @ndev: the GPU; BAR2 and interrupts work
 * @threshold: accesses to 64 KiB before they are told
 * @notify: called in hard interrupt context when there may be hits
 * @data: for @notify
 *
 * Return: the unit or an ERR_PTR(): -ENOMEM, -ENOSPC, -EIO, -EBUSY.
 */
struct tu102_access *tu102_access_new(struct nouveau_device *ndev, u32 threshold,
				      void (*notify)(void *data), void *data)
{
	struct tu102_access *ta = kzalloc_obj(*ta);
	int err;

	if (!ta)
		return ERR_PTR(-ENOMEM);
	ta->ndev = ndev;
	ta->notify = notify;
	ta->data = data;
	err = access_alloc(ta);
	if (!err)
		err = nouveau_irq_add_polled(ndev, VECTOR, access_irq, ta);
	if (err) {
		tu102_access_del(ta);
		return ERR_PTR(err);
	}
	ta->hooked = true;
	access_enable(ta, threshold);
	return ta;
}

void tu102_access_stop(struct tu102_access *ta)
{
	if (ta->hooked)
		nouveau_irq_del(ta->ndev, VECTOR);
	if (ta->enabled)
		access_disable(ta);
	ta->hooked = false;
	ta->enabled = false;
}

void tu102_access_del(struct tu102_access *ta)
{
	tu102_access_stop(ta);
	if (ta->bar2_va)
		tu102_bar2_unmap(ta->ndev, ta->bar2_va, ring_bytes(ta));
	if (ta->packets)
		dma_free_coherent(ta->ndev->drm.dev, ring_bytes(ta), ta->packets, ta->dma);
	kfree(ta);
}

void tu102_access_debugfs_show(struct tu102_access *ta, struct seq_file *m)
{
	seq_printf(m, "entries %u get %u put %u info 0x%x config 0x%08x\n", ta->entries, ta->get,
		   nv_rd32(ta->ndev, VF(CNT(NOTIFY_BUFFER_PUT))),
		   nv_rd32(ta->ndev, VF(CNT(NOTIFY_BUFFER_INFO))),
		   nv_rd32(ta->ndev, VF(CNT(CONFIG))));
}
