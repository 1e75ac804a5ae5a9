/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_TLB_H__
#define __TU102_TLB_H__

#include <linux/bits.h>
#include <linux/types.h>

struct nouveau_device;
struct tu102_hwchan;

/*
 * TLB maintenance, replay and cancel. Uses MEM_OP methods of a privileged host
 * channel once that exists (one doorbell, completion in memory), registers
 * before. Every wait is bounded (2 s), spins, needs no sleeping lock: callable
 * under nouveau_pt_lock() and from MMU notifiers.
 *
 * When: after EVERY PTE or PDE write, mappings included, since TLBs cache
 * invalid entries; a map may let the replay that follows do it. After a
 * downgrade (unmap, write protect) with TLB_DOWNGRADE, before the memory can
 * have another owner.
 */
#define TU102_TLB_DOWNGRADE	BIT(0)	/* wait for accesses in flight, system membar */
#define TU102_TLB_HUB_ONLY	BIT(1)	/* no graphics TLBs (BAR2) */

int tu102_tlb_init(struct nouveau_device *ndev);
void tu102_tlb_fini(struct nouveau_device *ndev);

/* A privileged channel that belongs to tu102_tlb.c alone; all of it is copied. */
struct tu102_tlb_chan {
	const struct tu102_hwchan *hw;	/* stays until the next attach */
	u32 *gp;			/* its GPFIFO */
	unsigned int gp_entries, gp_put;
	void *buf;			/* TU102_TLB_BUF_BYTES of coherent memory */
	u64 buf_va;			/* where the channel sees it */
};

#define TU102_TLB_BUF_BYTES	0x10000

/* Use @chan from now on; NULL: back to registers. Waits for what is in flight. */
void tu102_tlb_attach(struct nouveau_device *ndev, const struct tu102_tlb_chan *chan);
/* @pdb: nouveau_pt_root(). [start, end): ~0ull end means the whole space. 0 or -ETIMEDOUT. */
int tu102_tlb_invalidate(struct nouveau_device *ndev, u64 pdb, u64 start, u64 end,
			 unsigned int flags);

/* One PDB's invalidate as part of tu102_tlb_replay(). */
struct tu102_tlb_range {
	u64 pdb, start, end;
};

/*
 * Invalidate @n ranges, then replay all parked faults: one push, one doorbell. Waited
 * for only with @wait_all; tu102_tlb_settle() when there is nothing else to do.
 */
int tu102_tlb_replay(struct nouveau_device *ndev, const struct tu102_tlb_range *ranges,
		     unsigned int n, bool wait_all);
void tu102_tlb_settle(struct nouveau_device *ndev);

enum tu102_cancel { TU102_CANCEL_ALL, TU102_CANCEL_WRITE_AND_ATOMIC };

/* Cancel what is parked on the 4 KiB page @va; replays everything else. */
int tu102_tlb_cancel_va(struct nouveau_device *ndev, u64 pdb, u64 va, unsigned int mmu_engine_id,
			enum tu102_cancel what);

/* Names an access counter. */
struct tu102_counter_id {
	u32 tag;
	u8 bank;
};

/* Set @n access counters, at most 64, to 0. 0, -ENOMEM, -EOPNOTSUPP without a channel. */
int tu102_tlb_clear_counters(struct nouveau_device *ndev, const struct tu102_counter_id *ids,
			     unsigned int n);

#endif
