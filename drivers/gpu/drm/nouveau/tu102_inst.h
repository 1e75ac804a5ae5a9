/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_INST_H__
#define __TU102_INST_H__

/*
 * Instance block and runlist entries as dwords. Pure: compiles in user space
 * (tests/unit). Source: dev_ram, dev_pbdma; values of words the manuals keep
 * to themselves stand in nvhw/undocumented.h.
 */
#include <linux/types.h>

#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_ram.h>

#define TU102_INST_WORDS	(NV_RAMIN_ALLOC_SIZE / 4)
#define TU102_RL_ENTRY_WORDS	(NV_RAMRL_ENTRY_SIZE / 4)

/* What a channel's instance block says; addresses in bytes. */
struct tu102_inst {
	u64 pdb;		/* VRAM address of the page directory */
	u64 userd;		/* DMA address, coherent system memory, 512-byte aligned */
	u64 gp_base;		/* GPU address of the GPFIFO, 40 bits */
	u8 gp_order;		/* log2 of its entries */
	u16 chid;
	bool privileged;	/* MEM_OP and physical copies */
	bool replayable;	/* GR faults wait for a replay */
	bool has_ce;		/* method buffer for CE fault-and-switch */
	u64 ce_method_va;	/* BAR2 address of it */
	bool has_gr;
	u64 gr_ctx;		/* VRAM address of the context image, 4 KiB aligned */
};

void tu102_inst_encode(u32 words[TU102_INST_WORDS], const struct tu102_inst *inst);

/* A TSG header of @channels channels; timeslice (@timeout << @scale) * 1024 ns. */
void tu102_runlist_tsg(u32 entry[TU102_RL_ENTRY_WORDS], unsigned int tsgid, unsigned int channels,
		       unsigned int timeout, unsigned int scale);
void tu102_runlist_chan(u32 entry[TU102_RL_ENTRY_WORDS], unsigned int chid, u64 inst, u64 userd,
			unsigned int runqueue);

#endif
