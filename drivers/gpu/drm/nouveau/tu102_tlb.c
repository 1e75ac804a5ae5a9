// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * TLB invalidates, replays and cancels, and the clearing of access counters.
 *
 * A register access to the GPU is a bus round trip, and the register form needs
 * three writes and a poll and cannot name addresses. So as soon as there is a
 * privileged channel, operations are MEM_OP methods: written to memory, one
 * doorbell, and a number in memory when they are done. The channel belongs to
 * this file, which writes its ring under a spinlock; waiting happens outside of
 * the lock, spinning, since callers hold page-table locks or are MMU notifiers.
 *
 * The buffer: a semaphore, then slots. A slot holds the methods of one GP entry
 * and is used again once its number has been reached. When the channel does not
 * answer in time, registers take over for good: an invalidate must not fail
 * because something else broke.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <nvhw/tu104/dev_vm.h>

#include "nouveau_device.h"
#include "nouveau_push.h"
#include "tu102_fifo.h"
#include "tu102_memop.h"
#include "tu102_tlb.h"

#define VF(reg)		(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + (reg))

/* The manual's names, without the part that is always the same. */
#define INV				NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE
#define INV_NUM(field, n)		NV_NUM(NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE_##field, n)
#define INV_DEF(field, name) \
	INV_NUM(field, NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE_##field##name)

#define TIMEOUT_US	2000000
#define SLOTS_OFFSET	4096
#define SLOT_BYTES	1024
#define SLOTS		((TU102_TLB_BUF_BYTES - SLOTS_OFFSET) / SLOT_BYTES)
/* A method header goes with the four words; the release at the end takes six. */
#define SLOT_OPS	((SLOT_BYTES / 4 - 6) / (TU102_MEMOP_WORDS + 1))

struct tu102_tlb {
	struct nouveau_device *ndev;
	spinlock_t lock;		/* all below, and the invalidate registers */
	bool use_chan;
	struct tu102_tlb_chan chan;
	u64 seqno;			/* last one handed to the channel */
	atomic_t waiting;		/* threads that look at the channel's memory */
};

/* ---- registers --------------------------------------------------------------- */

static int tlb_registers(struct nouveau_device *ndev, u64 pdb, u32 bits)
{
	struct tu102_tlb *tlb = ndev->tlb;
	u32 val;
	int ret;

	if (tlb)
		spin_lock(&tlb->lock);
	nv_wr32(ndev, VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE_PDB),
		INV_DEF(PDB_APERTURE, _VID_MEM) | INV_NUM(PDB_ADDR, pdb >> 12));
	nv_wr32(ndev, VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE_UPPER_PDB),
		INV_NUM(UPPER_PDB_ADDR, pdb >> 40));
	nv_wr32(ndev, VF(INV), bits | INV_NUM(ALL_VA, 1) | INV_NUM(TRIGGER, 1));
	ret = read_poll_timeout_atomic(nv_rd32, val, !(val & INV_NUM(TRIGGER, 1)), 1, TIMEOUT_US,
				       false, ndev, VF(INV));
	if (tlb)
		spin_unlock(&tlb->lock);
	if (ret)
		dev_err(&ndev->pdev->dev, "TLB invalidate by register: timeout\n");
	return ret;
}

static int tlb_registers_invalidate(struct nouveau_device *ndev, u64 pdb, unsigned int flags)
{
	u32 bits = INV_NUM(HUBTLB_ONLY, !!(flags & TU102_TLB_HUB_ONLY));

	if (flags & TU102_TLB_DOWNGRADE)
		bits |= INV_NUM(SYS_MEMBAR, 1) | INV_DEF(ACK, _GLOBALLY);
	return tlb_registers(ndev, pdb, bits);
}

/* ---- channel ------------------------------------------------------------------- */

static u64 tlb_done(const struct tu102_tlb *tlb)
{
	return READ_ONCE(*(const u64 *)tlb->chan.buf);
}

static bool tlb_reached(const struct tu102_tlb *tlb, u64 seqno)
{
	ktime_t end = ktime_add_us(ktime_get(), TIMEOUT_US);

	while (tlb_done(tlb) < seqno) {
		if (ktime_after(ktime_get(), end))
			return tlb_done(tlb) >= seqno;
		if (preemptible())
			cond_resched();
		cpu_relax();
	}
	return true;
}

/* One slot's worth of operations. Returns false when the channel is stuck. */
static bool tlb_push_locked(struct tu102_tlb *tlb, const struct tu102_memop *ops, unsigned int n)
{
	struct tu102_tlb_chan *chan = &tlb->chan;
	u64 seqno = tlb->seqno + 1;
	u32 offset = SLOTS_OFFSET + (seqno % SLOTS) * SLOT_BYTES;
	struct nouveau_pb pb;
	unsigned int i;

	lockdep_assert_held(&tlb->lock);
	if (seqno > SLOTS && !tlb_reached(tlb, seqno - SLOTS))
		return false;
	nouveau_pb_init(&pb, chan->buf + offset, SLOT_BYTES / 4);
	for (i = 0; i < n; i++) {
		u32 w[TU102_MEMOP_WORDS];

		tu102_memop_encode(w, &ops[i]);
		nouveau_pb_mthds(&pb, NVC46F_DMA_SEC_OP_INC_METHOD, 0, NVC46F_MEM_OP_A, w,
				 ARRAY_SIZE(w));
	}
	nouveau_pb_release(&pb, chan->buf_va, seqno, false);
	WARN_ON_ONCE(!nouveau_pb_ok(&pb));
	nouveau_gp_entry(&chan->gp[chan->gp_put * 2], chan->buf_va + offset, nouveau_pb_bytes(&pb),
			 false);
	chan->gp_put = (chan->gp_put + 1) % chan->gp_entries;
	tlb->seqno = seqno;
	/* Methods and entry before GP_PUT. */
	dma_wmb();
	WRITE_ONCE(*chan->hw->gp_put, chan->gp_put);
	return true;
}

static void tlb_give_up(struct tu102_tlb *tlb)
{
	bool first;

	spin_lock(&tlb->lock);
	first = tlb->use_chan;
	tlb->use_chan = false;
	spin_unlock(&tlb->lock);
	if (!first)
		return;
	dev_err(&tlb->ndev->pdev->dev,
		"TLB channel does not answer (%llu of %llu): registers from now on\n",
		tlb_done(tlb), tlb->seqno);
	/* One that nobody waited for may have been lost. */
	tlb_registers(tlb->ndev, 0, INV_DEF(REPLAY, _START));
}

/* -EAGAIN: no channel, use registers. Without @wait the channel does them later, in order. */
static int tlb_channel(struct nouveau_device *ndev, const struct tu102_memop *ops, unsigned int n,
		       bool wait)
{
	struct tu102_tlb *tlb = ndev->tlb;
	bool ok = true;
	u64 seqno;

	if (!tlb)
		return -EAGAIN;
	spin_lock(&tlb->lock);
	if (!tlb->use_chan) {
		spin_unlock(&tlb->lock);
		return -EAGAIN;
	}
	while (n && ok) {
		unsigned int now = min_t(unsigned int, n, SLOT_OPS);

		ok = tlb_push_locked(tlb, ops, now);
		/* Full slots need Host to empty them. */
		if (ok && n > now)
			tu102_fifo_ring(ndev, tlb->chan.hw);
		ops += now;
		n -= now;
	}
	seqno = tlb->seqno;
	if (ok)
		tu102_fifo_ring(ndev, tlb->chan.hw);
	atomic_inc(&tlb->waiting);
	spin_unlock(&tlb->lock);

	ok = ok && (!wait || tlb_reached(tlb, seqno));
	if (!ok)
		tlb_give_up(tlb);
	atomic_dec(&tlb->waiting);
	return ok ? 0 : -EAGAIN;
}

/* ---- verbs ---------------------------------------------------------------------- */

/**
 * tu102_tlb_invalidate - forget translations
 * @ndev: device
 * @pdb: nouveau_pt_root() of the address space
 * @start: first byte
 * @end: last byte + 1; ~0: everything
 * @flags: TU102_TLB_*
 *
 * Page-table writes are flushed (nouveau_mem_flush()) before. Also forgets
 * cached directory entries of the range. May forget more than asked for.
 *
 * Return: 0 or -ETIMEDOUT.
 */
int tu102_tlb_invalidate(struct nouveau_device *ndev, u64 pdb, u64 start, u64 end,
			 unsigned int flags)
{
	const struct tu102_memop op = {
		.pdb = pdb,
		.start = start,
		.end = end,
		.level = NVC46F_MEM_OP_C_TLB_INVALIDATE_PAGE_TABLE_LEVEL_ALL,
		.ack = true,
		.membar = flags & TU102_TLB_DOWNGRADE,
		.hub_only = flags & TU102_TLB_HUB_ONLY,
	};
	int ret;

	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_TLB_INVALIDATE);
	ret = tlb_channel(ndev, &op, 1, true);
	if (ret == -EAGAIN)
		ret = tlb_registers_invalidate(ndev, pdb, flags);
	return ret;
}

static int tlb_registers_replay(struct nouveau_device *ndev, const struct tu102_tlb_range *ranges,
				unsigned int n, bool wait_all)
{
	u32 mode = wait_all ? INV_DEF(REPLAY, _START_ACK_ALL) : INV_DEF(REPLAY, _START);
	unsigned int i;
	int ret = 0;

	for (i = 0; i < n && !ret; i++)
		ret = tlb_registers_invalidate(ndev, ranges[i].pdb, 0);
	/* A directory nobody has: nothing to forget, all of it is the replay. */
	return ret ?: tlb_registers(ndev, 0, mode);
}

/**
 * tu102_tlb_replay - forget translations, then let parked accesses try again
 * @ndev: device
 * @ranges: what to forget
 * @n: how many; may be 0
 * @wait_all: return only when every parked access has been tried; otherwise nothing
 *	is waited for, see tu102_tlb_settle()
 *
 * Return: 0, -ENOMEM or -ETIMEDOUT.
 */
int tu102_tlb_replay(struct nouveau_device *ndev, const struct tu102_tlb_range *ranges,
		     unsigned int n, bool wait_all)
{
	const struct tu102_memop replay = {
		.end = 1,	/* page 0 of a directory nobody has: forgets nothing */
		.level = NVC46F_MEM_OP_C_TLB_INVALIDATE_PAGE_TABLE_LEVEL_PTE_ONLY,
		.replay = wait_all ? NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_START_ACK_ALL :
				     NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_START,
		.ack = wait_all,
	};
	struct tu102_memop *ops;
	unsigned int i;
	int ret;

	ops = kcalloc(n + 1, sizeof(*ops), GFP_NOWAIT);
	if (!ops)
		return tlb_registers_replay(ndev, ranges, n, wait_all);
	for (i = 0; i < n; i++)
		ops[i] = (struct tu102_memop) {
			.pdb = ranges[i].pdb,
			.start = ranges[i].start,
			.end = ranges[i].end,
			.level = NVC46F_MEM_OP_C_TLB_INVALIDATE_PAGE_TABLE_LEVEL_ALL,
			.ack = true,
		};
	ops[n] = replay;
	nouveau_stat_add(&ndev->stats, NOUVEAU_STAT_TLB_INVALIDATE, n);
	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_REPLAY);
	ret = tlb_channel(ndev, ops, n + 1, wait_all);
	if (ret == -EAGAIN)
		ret = tlb_registers_replay(ndev, ranges, n, wait_all);
	kfree(ops);
	return ret;
}

/**
 * tu102_tlb_settle - see to it that replays nobody waited for were done
 * @ndev: device
 *
 * Before a time without further operations, which would notice if the channel
 * did not answer any more.
 */
void tu102_tlb_settle(struct nouveau_device *ndev)
{
	struct tu102_tlb *tlb = ndev->tlb;
	u64 seqno;

	spin_lock(&tlb->lock);
	if (!tlb->use_chan) {
		spin_unlock(&tlb->lock);
		return;
	}
	seqno = tlb->seqno;
	atomic_inc(&tlb->waiting);
	spin_unlock(&tlb->lock);
	if (!tlb_reached(tlb, seqno))
		tlb_give_up(tlb);
	atomic_dec(&tlb->waiting);
}

/**
 * tu102_tlb_cancel_va - fail what is parked on one page, replay the rest
 * @ndev: device
 * @pdb: address space
 * @va: the 4 KiB page
 * @mmu_engine_id: of the fault packet
 * @what: which accesses to it
 *
 * Only methods can do this exactly: the registers have no documented field for
 * the engine.
 *
 * Return: 0, or -EOPNOTSUPP without a channel.
 */
int tu102_tlb_cancel_va(struct nouveau_device *ndev, u64 pdb, u64 va, unsigned int mmu_engine_id,
			enum tu102_cancel what)
{
	const struct tu102_memop op = {
		.pdb = pdb,
		.start = va,
		.cancel = true,
		.engine = mmu_engine_id,
		.replay = NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_CANCEL_VA_GLOBAL,
		.level = what == TU102_CANCEL_ALL ?
			 NVC46F_MEM_OP_C_TLB_INVALIDATE_ACCESS_TYPE_VIRT_ALL :
			 NVC46F_MEM_OP_C_TLB_INVALIDATE_ACCESS_TYPE_VIRT_WRITE_AND_ATOMIC,
	};
	int ret;

	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_CANCEL);
	ret = tlb_channel(ndev, &op, 1, true);
	return ret == -EAGAIN ? -EOPNOTSUPP : ret;
}

/**
 * tu102_tlb_clear_counters - let access counters count from 0 again
 * @ndev: device
 * @ids: which
 * @n: how many
 *
 * A MEM_OP like the others here, and there is no register that can do it.
 *
 * Return: 0, -ENOMEM, or -EOPNOTSUPP without a channel.
 */
int tu102_tlb_clear_counters(struct nouveau_device *ndev, const struct tu102_counter_id *ids,
			     unsigned int n)
{
	struct tu102_memop *ops = kcalloc(n, sizeof(*ops), GFP_KERNEL);
	unsigned int i;
	int ret;

	if (!ops)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		ops[i] = (struct tu102_memop) {
			.clear_counter = true, .tag = ids[i].tag, .bank = ids[i].bank,
		};
	ret = tlb_channel(ndev, ops, n, true);
	kfree(ops);
	return ret == -EAGAIN ? -EOPNOTSUPP : ret;
}

void tu102_tlb_attach(struct nouveau_device *ndev, const struct tu102_tlb_chan *chan)
{
	struct tu102_tlb *tlb = ndev->tlb;

	if (!tlb)
		return;
	if (!chan)
		tu102_tlb_settle(ndev);
	spin_lock(&tlb->lock);
	tlb->use_chan = chan;
	if (chan) {
		tlb->chan = *chan;
		tlb->seqno = 0;
	}
	spin_unlock(&tlb->lock);
	/* Bounded: each of them gives up by itself. */
	while (!chan && atomic_read(&tlb->waiting))
		usleep_range(50, 200);
}

int tu102_tlb_init(struct nouveau_device *ndev)
{
	struct tu102_tlb *tlb = kzalloc_obj(*tlb);

	if (!tlb)
		return -ENOMEM;
	tlb->ndev = ndev;
	spin_lock_init(&tlb->lock);
	ndev->tlb = tlb;
	return 0;
}

void tu102_tlb_fini(struct nouveau_device *ndev)
{
	kfree(ndev->tlb);
	ndev->tlb = NULL;
}
