/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_MEMOP_H__
#define __TU102_MEMOP_H__

/*
 * MEM_OP methods: TLB invalidate, replay, cancel as the four words MEM_OP_A to
 * MEM_OP_D. Pure: compiles in user space (tests/unit). Source: clc46f.h and
 * dev_pbdma.
 */
#include <linux/types.h>

#include <nvhw/nv_field.h>
#include <nvhw/class/clc46f.h>

#define TU102_MEMOP_WORDS	4

/* Regions are 4 KiB << order, aligned to their size; beyond this, the whole space. */
#define TU102_MEMOP_MAX_ORDER	28

struct tu102_memop {
	u64 pdb;		/* VRAM address of the page directory */
	u64 start, end;		/* bytes; @end ~0: the whole space */
	unsigned int replay;	/* NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_* */
	unsigned int level;	/* _PAGE_TABLE_LEVEL_*; for a cancel _ACCESS_TYPE_* */
	unsigned int engine;	/* MMU engine id, for a cancel */
	bool cancel;		/* start is the page; replay is _CANCEL_VA_GLOBAL */
	bool ack;		/* done only when the GPU's accesses through it are */
	bool membar;		/* and ordered against the CPU */
	bool hub_only;		/* not the graphics TLBs */
	bool clear_counter;	/* an access counter, by @tag and @bank; nothing else counts */
	u32 tag;
	u8 bank;
};

/* Order of the smallest aligned region that covers [start, end), end > start. */
static inline unsigned int tu102_memop_order(u64 start, u64 end)
{
	u64 differ = (start ^ (end - 1)) >> 12;
	unsigned int order = 0;

	while (order < TU102_MEMOP_MAX_ORDER && differ >> order)
		order++;
	return order;
}

static inline void tu102_memop_encode(u32 w[TU102_MEMOP_WORDS], const struct tu102_memop *op)
{
	unsigned int order = 0;
	bool targeted = true;
	u64 va = 0;

	if (op->clear_counter) {
		w[0] = 0;
		w[1] = 0;
		w[2] = NV_NUM(NVC46F_MEM_OP_C_ACCESS_COUNTER_CLR_TARGETED_NOTIFY_TAG, op->tag);
		w[3] = NV_DEF(NVC46F_MEM_OP_D_OPERATION, _ACCESS_COUNTER_CLR) |
		       NV_DEF(NVC46F_MEM_OP_D_ACCESS_COUNTER_CLR_TYPE, _TARGETED) |
		       NV_DEF(NVC46F_MEM_OP_D_ACCESS_COUNTER_CLR_TARGETED_TYPE, _MIMC) |
		       NV_NUM(NVC46F_MEM_OP_D_ACCESS_COUNTER_CLR_TARGETED_BANK, op->bank);
		return;
	}
	if (op->cancel) {
		va = op->start;
	} else if (op->end == ~0ull || op->end <= op->start) {
		targeted = false;
	} else {
		order = tu102_memop_order(op->start, op->end);
		targeted = order < TU102_MEMOP_MAX_ORDER;
		va = targeted ? op->start & ~((4096ull << order) - 1) : 0;
	}
	w[0] = NV_NUM(NVC46F_MEM_OP_A_TLB_INVALIDATE_TARGET_ADDR_LO, va >> 12) |
	       NV_NUM(NVC46F_MEM_OP_A_TLB_INVALIDATE_SYSMEMBAR, op->membar && !op->hub_only);
	if (op->cancel)
		w[0] |= NV_NUM(NVC46F_MEM_OP_A_TLB_INVALIDATE_CANCEL_MMU_ENGINE_ID, op->engine);
	else
		w[0] |= NV_NUM(NVC46F_MEM_OP_A_TLB_INVALIDATE_INVALIDATION_SIZE, order);
	w[1] = va >> 32;
	w[2] = NV_DEF(NVC46F_MEM_OP_C_TLB_INVALIDATE_PDB, _ONE) |
	       NV_NUM(NVC46F_MEM_OP_C_TLB_INVALIDATE_GPC, op->hub_only) |
	       NV_NUM(NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY, op->replay) |
	       NV_NUM(NVC46F_MEM_OP_C_TLB_INVALIDATE_PAGE_TABLE_LEVEL, op->level) |
	       NV_DEF(NVC46F_MEM_OP_C_TLB_INVALIDATE_PDB_APERTURE, _VID_MEM) |
	       NV_NUM(NVC46F_MEM_OP_C_TLB_INVALIDATE_PDB_ADDR_LO, op->pdb >> 12);
	if (op->ack && !op->hub_only)
		w[2] |= NV_DEF(NVC46F_MEM_OP_C_TLB_INVALIDATE_ACK_TYPE, _GLOBALLY);
	w[3] = NV_NUM(NVC46F_MEM_OP_D_TLB_INVALIDATE_PDB_ADDR_HI, op->pdb >> 32) |
	       (targeted ? NV_DEF(NVC46F_MEM_OP_D_OPERATION, _MMU_TLB_INVALIDATE_TARGETED) :
			   NV_DEF(NVC46F_MEM_OP_D_OPERATION, _MMU_TLB_INVALIDATE));
}

#endif
