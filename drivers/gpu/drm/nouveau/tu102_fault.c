// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Step 1 of a fault's life: out of the ring, into struct nouveau_fault.
 *
 * The MMU appends 32-byte packets to two rings in coherent system memory, which
 * it reaches through BAR2 virtual addresses: one ring for replayable faults (an
 * SM's request stays parked until a replay), one for those that are not (copy
 * engines and host, whose channel was switched out; accesses that were
 * cancelled). This file knows rings, packets and their registers, and nothing
 * of what a fault means; nouveau_fault.c calls it from one thread.
 *
 * A register access traps or crosses PCIe, so packets are recognised by their
 * VALID bit in memory, and GET is written once per burst of batches, or when much
 * of the ring has been emptied. PUT is read when there is reason to: an overflow,
 * which has an interrupt of its own, or an interrupt for which no packet is to be
 * found. While somebody drains, the interrupt of the replayable ring is held off.
 *
 * Facts: open-gpu-doc dev_mmu_fault and dev_vm for TU104 (packet, registers),
 * the overflow protocol as open-gpu-kernel-modules uses it on Turing.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include <drm/drm_print.h>

#include <nvhw/tu104/dev_fault.h>
#include <nvhw/tu104/dev_fault_client.h>

#include "nouveau_device.h"
#include "nouveau_irq.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"
#include "tu102_fault_priv.h"

#define VALID_DWORD		NV_MW_DW(NVC369_BUF_ENTRY_VALID)
/* The MMU writes VALID after the packet and PUT after that: microseconds. */
#define VALID_WAIT_US		1000
/* This part of a ring may be empty without the MMU knowing. */
#define HOLD_BACK		4

static void ring_decode(const u32 *dw, struct nouveau_fault *f)
{
	u64 va = (u64)NV_MW_GET(dw, NVC369_BUF_ENTRY_ADDR_HI) << 32 |
		 (u64)NV_MW_GET(dw, NVC369_BUF_ENTRY_ADDR_LO) << 12;

	memset(f, 0, sizeof(*f));
	f->inst = (u64)NV_MW_GET(dw, NVC369_BUF_ENTRY_INST_HI) << 32 |
		  (u64)NV_MW_GET(dw, NVC369_BUF_ENTRY_INST_LO) << 12;
	f->va = sign_extend64(va, 48);
	f->timestamp = (u64)NV_MW_GET(dw, NVC369_BUF_ENTRY_TIMESTAMP_HI) << 32 |
		       NV_MW_GET(dw, NVC369_BUF_ENTRY_TIMESTAMP_LO);
	f->replayable = NV_MW_GET(dw, NVC369_BUF_ENTRY_REPLAYABLE_FAULT);
	f->hw.engine = NV_MW_GET(dw, NVC369_BUF_ENTRY_ENGINE_ID);
	f->hw.client = NV_MW_GET(dw, NVC369_BUF_ENTRY_CLIENT);
	f->hw.gpc = NV_MW_GET(dw, NVC369_BUF_ENTRY_GPC_ID);
	f->hw.hub = NV_MW_GET(dw, NVC369_BUF_ENTRY_MMU_CLIENT_TYPE) ==
		    NV_PFAULT_MMU_CLIENT_TYPE_HUB;
	f->hw.type = NV_MW_GET(dw, NVC369_BUF_ENTRY_FAULT_TYPE);

	switch (NV_MW_GET(dw, NVC369_BUF_ENTRY_ACCESS_TYPE)) {
	case NV_PFAULT_ACCESS_TYPE_VIRT_READ:
	case NV_PFAULT_ACCESS_TYPE_PHYS_READ:
		f->access = NOUVEAU_ACCESS_READ;
		break;
	case NV_PFAULT_ACCESS_TYPE_VIRT_PREFETCH:
	case NV_PFAULT_ACCESS_TYPE_PHYS_PREFETCH:
		f->access = NOUVEAU_ACCESS_PREFETCH;
		break;
	case NV_PFAULT_ACCESS_TYPE_VIRT_ATOMIC_STRONG:
	case NV_PFAULT_ACCESS_TYPE_VIRT_ATOMIC_WEAK:
	case NV_PFAULT_ACCESS_TYPE_PHYS_ATOMIC:
		f->access = NOUVEAU_ACCESS_ATOMIC;
		break;
	default:
		f->access = NOUVEAU_ACCESS_WRITE;
		break;
	}

	switch (f->hw.type) {
	case NV_PFAULT_FAULT_TYPE_PDE:
	case NV_PFAULT_FAULT_TYPE_PTE:
	case NV_PFAULT_FAULT_TYPE_RO_VIOLATION:
	case NV_PFAULT_FAULT_TYPE_WO_VIOLATION:
	case NV_PFAULT_FAULT_TYPE_ATOMIC_VIOLATION:
		f->cause = NOUVEAU_CAUSE_MISS;
		break;
	default:
		f->cause = NOUVEAU_CAUSE_FATAL;
		break;
	}
}

static bool packet_valid(const struct tu102_fault_packet *p)
{
	return NV_GET(READ_ONCE(p->dw[VALID_DWORD]), NVC369_BUF_ENTRY_VALID);
}

/* Copy out the packet at GET and give its slot back, in memory only. */
static void ring_take(struct tu102_fault_ring *ring, struct tu102_fault_packet *out)
{
	struct tu102_fault_packet *p = &ring->packets[ring->get];

	/* VALID was seen: the rest of the packet was written before it. */
	dma_rmb();
	*out = *p;
	/* Or this packet would be found again when the ring has come around. */
	WRITE_ONCE(p->dw[VALID_DWORD], 0);
	ring->get = ring->get + 1 == ring->entries ? 0 : ring->get + 1;
	ring->taken = true;
	/* If that was for a later packet: writing GET makes another interrupt. */
	WRITE_ONCE(ring->announced, false);
}

/*
 * Tell the MMU what was consumed. The write also makes it compare GET with PUT
 * again and raise the interrupt if something came in meanwhile.
 */
static void ring_write_get_anyway(struct tu102_fault *tf, unsigned int i)
{
	struct tu102_fault_ring *ring = &tf->ring[i];

	ring->given = ring->get;
	/* nv_wr32() orders the cleared VALID bits before it. */
	nv_wr32(tf->ndev, FB_GET(i), ring->get);
}

static void ring_write_get(struct tu102_fault *tf, unsigned int i)
{
	if (tf->ring[i].given != tf->ring[i].get)
		ring_write_get_anyway(tf, i);
}

/*
 * An overflow stops the MMU from writing until it is cleared, and it can only
 * be cleared in a second write after GET made room: combined in one, the flag
 * may be raised again at once by what is waiting. Dropped replayable faults
 * come back with the next replay; others are lost.
 */
static void ring_clear_overflow(struct tu102_fault *tf, unsigned int i)
{
	struct tu102_fault_ring *ring = &tf->ring[i];

	nouveau_stat_inc(&tf->ndev->stats, NOUVEAU_STAT_FAULT_OVERFLOW);
	ring_write_get_anyway(tf, i);
	nv_wr32(tf->ndev, FB_GET(i), ring->get |
		NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_GET_GETPTR_CORRUPTED, _CLEAR) |
		NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_GET_OVERFLOW, _CLEAR));
	if (i == TU102_FAULT_REPLAYABLE)
		tf->dropped = true;
	else
		drm_err_ratelimited(&tf->ndev->drm,
				    "non-replayable fault buffer overflow: faults were lost\n");
}

/*
 * The entry at GET is not valid. Either the ring is empty, or the MMU moved PUT
 * over a packet that is still on its way. Returns whether there is one now.
 */
static bool ring_wait_entry(struct tu102_fault *tf, unsigned int i)
{
	struct tu102_fault_ring *ring = &tf->ring[i];
	u32 put = nv_rd32(tf->ndev, FB_PUT(i));
	unsigned int us;

	if (NV_GET(put, NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_PUT_OVERFLOW) ||
	    NV_GET(put, NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_PUT_GETPTR_CORRUPTED))
		ring_clear_overflow(tf, i);
	if (NV_GET(put, NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_PUT_PTR) == ring->get)
		return packet_valid(&ring->packets[ring->get]);
	for (us = 0; us < VALID_WAIT_US; us++) {
		if (packet_valid(&ring->packets[ring->get]))
			return true;
		udelay(1);
	}
	drm_err_ratelimited(&tf->ndev->drm, "fault buffer %u: entry %u does not become valid\n", i,
			    ring->get);
	/* Nothing tells when it does: look again. */
	WRITE_ONCE(ring->announced, true);
	return false;
}

/**
 * tu102_fault_next - take an entry out of a buffer
 * @tf: fault buffers
 * @which: the buffer
 * @f: the fault
 * @sure: look at PUT if an interrupt announced something that is not there
 *
 * Clears an overflow if there was one. Not reentrant. Whoever took something
 * calls tu102_fault_taken() in the end.
 *
 * Return: false when the buffer is empty.
 */
bool tu102_fault_next(struct tu102_fault *tf, enum tu102_fault_buffer which,
		      struct nouveau_fault *f, bool sure)
{
	struct tu102_fault_ring *ring = &tf->ring[which];
	struct tu102_fault_packet packet;

	if (!packet_valid(&ring->packets[ring->get])) {
		bool look = sure && xchg(&ring->announced, false);

		/* An overflow can be cleared only now, with GET moved on. */
		look |= xchg(&ring->trouble, false);
		if (!look || !ring_wait_entry(tf, which))
			return false;
	}
	ring_take(ring, &packet);
	ring_decode(packet.dw, f);
	/* The ring tells: a cancelled fault comes in the other one. */
	f->replayable = which == TU102_FAULT_REPLAYABLE;
	trace_nouveau_fault(f);
	nouveau_stat_inc(&tf->ndev->stats, NOUVEAU_STAT_FAULT);
	if (f->access == NOUVEAU_ACCESS_PREFETCH)
		tu102_prefetch_seen(&tf->prefetch);
	return true;
}

/**
 * tu102_fault_taken - something was taken: the MMU may need the slots
 * @tf: fault buffers
 *
 * While the ring of replayable faults is far from full that can wait until it is
 * idle (tu102_fault_idle()); the other one must never overflow.
 */
void tu102_fault_taken(struct tu102_fault *tf)
{
	struct tu102_fault_ring *ring = &tf->ring[TU102_FAULT_REPLAYABLE];
	u32 held = ring->get - ring->given + (ring->get < ring->given ? ring->entries : 0);

	ring_write_get(tf, TU102_FAULT_NON_REPLAYABLE);
	if (held >= ring->entries / HOLD_BACK)
		ring_write_get(tf, TU102_FAULT_REPLAYABLE);
}

/**
 * tu102_fault_ahead - look further into a buffer
 * @tf: fault buffers
 * @which: the buffer
 * @n: how far beyond the entry that would be taken next
 * @inst: the address space that faulted there
 *
 * Return: false when there is no entry.
 */
bool tu102_fault_ahead(struct tu102_fault *tf, enum tu102_fault_buffer which, unsigned int n,
		       u64 *inst)
{
	struct tu102_fault_ring *ring = &tf->ring[which];
	const struct tu102_fault_packet *p = &ring->packets[(ring->get + n) % ring->entries];

	if (n >= ring->entries || !packet_valid(p))
		return false;
	dma_rmb();
	*inst = (u64)NV_MW_GET(p->dw, NVC369_BUF_ENTRY_INST_HI) << 32 |
		(u64)NV_MW_GET(p->dw, NVC369_BUF_ENTRY_INST_LO) << 12;
	return true;
}

/**
 * tu102_fault_idle - have interrupts come again
 * @tf: fault buffers
 *
 * Return: false when there are entries already, which make no interrupt: go on.
 */
bool tu102_fault_idle(struct tu102_fault *tf)
{
	struct tu102_fault_ring *ring = &tf->ring[TU102_FAULT_REPLAYABLE];
	unsigned int i;

	nouveau_irq_release(tf->ndev, ring->notify_vector);
	/*
	 * The release has cleared the interrupt of a packet whose VALID is still on its
	 * way. Writing GET after it makes another one, also if GET was given before, as
	 * it is after an overflow. Without a packet taken the interrupt stays announced.
	 */
	if (ring->taken) {
		ring->taken = false;
		ring_write_get_anyway(tf, TU102_FAULT_REPLAYABLE);
	}
	for (i = 0; i < TU102_FAULT_BUFFERS; i++)
		if (tu102_fault_is_pending(tf, i))
			return false;
	return true;
}

/**
 * tu102_fault_is_pending - whether there are entries
 * @tf: fault buffers
 * @which: the buffer
 */
bool tu102_fault_is_pending(const struct tu102_fault *tf, enum tu102_fault_buffer which)
{
	const struct tu102_fault_ring *ring = &tf->ring[which];

	return packet_valid(&ring->packets[ring->get]);
}

/**
 * tu102_fault_is_announced - whether interrupts came for which there was nothing
 * @tf: fault buffers
 *
 * Mostly they were late. If they still stand after a moment, something is amiss:
 * tu102_fault_next() with @sure.
 */
bool tu102_fault_is_announced(const struct tu102_fault *tf)
{
	unsigned int i;

	for (i = 0; i < TU102_FAULT_BUFFERS; i++)
		if (READ_ONCE(tf->ring[i].announced))
			return true;
	return false;
}

/**
 * tu102_fault_discard - forget what is in the replayable buffer
 * @tf: fault buffers
 *
 * For use before a replay: whatever is still parked then faults again.
 *
 * Return: how many entries were dropped.
 */
unsigned int tu102_fault_discard(struct tu102_fault *tf)
{
	struct tu102_fault_ring *ring = &tf->ring[TU102_FAULT_REPLAYABLE];
	struct tu102_fault_packet packet;
	unsigned int n = 0;

	while (n < ring->entries &&
	       (packet_valid(&ring->packets[ring->get]) ||
		ring_wait_entry(tf, TU102_FAULT_REPLAYABLE))) {
		ring_take(ring, &packet);
		n++;
	}
	ring_write_get(tf, TU102_FAULT_REPLAYABLE);
	return n;
}

bool tu102_fault_test_clear_dropped(struct tu102_fault *tf)
{
	bool dropped = tf->dropped;

	tf->dropped = false;
	return dropped;
}

/**
 * tu102_fault_debugfs_show - state of the rings and the packets seen last
 * @tf: fault buffers
 * @m: output
 *
 * Reads memory only, and races with the drain; good enough to look at.
 */
void tu102_fault_debugfs_show(struct tu102_fault *tf, struct seq_file *m)
{
	static const char * const names[] = { "non-replayable", "replayable" };
	unsigned int i, k;

	for (i = 0; i < TU102_FAULT_BUFFERS; i++) {
		struct tu102_fault_ring *ring = &tf->ring[i];

		seq_printf(m, "%s: %u entries, get %u given %u%s\n", names[i], ring->entries,
			   ring->get, ring->given,
			   tu102_fault_is_pending(tf, i) ? " pending" : "");
		for (k = 0; k < min(16u, ring->entries); k++) {
			u32 at = (ring->get + ring->entries - 1 - k) % ring->entries;
			struct nouveau_fault f;
			char client[24];

			ring_decode(ring->packets[at].dw, &f);
			if (!f.inst)
				break;
			tu102_fault_client_name(&f, client, sizeof(client));
			seq_printf(m, "  [%u] inst 0x%llx va 0x%llx %s client %s cause %s time %llu\n",
				   at, f.inst, f.va, tu102_fault_access_name(&f), client,
				   tu102_fault_type_name(&f), f.timestamp);
		}
	}
}
