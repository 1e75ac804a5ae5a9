/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_FAULT_H__
#define __NOUVEAU_FAULT_H__

/*
 * A GPU fault without hardware bits: what drain hands to batch, batch to
 * policy, policy to service. Pure: compiles in user space.
 */
#include <linux/types.h>

enum nouveau_access {			/* weakest to strongest */
	NOUVEAU_ACCESS_PREFETCH,
	NOUVEAU_ACCESS_READ,
	NOUVEAU_ACCESS_WRITE,
	NOUVEAU_ACCESS_ATOMIC,
};

enum nouveau_fault_cause {
	NOUVEAU_CAUSE_MISS,		/* no entry, or not enough permission: serviceable */
	NOUVEAU_CAUSE_FATAL,		/* nothing software can mend */
};

struct nouveau_fault {
	u64 inst;			/* VRAM address of the instance block */
	u64 va;				/* 4 KiB aligned, canonical */
	u64 timestamp;			/* ns, GPU clock */
	u8 access;			/* enum nouveau_access, the strongest of all merged */
	u8 cause;			/* enum nouveau_fault_cause */
	u8 replayable;
	u8 write_too;			/* merged: some duplicate was a write or atomic */
	u16 duplicates;			/* merged into this one */
	struct {			/* for logs and cancel only; service may not look */
		u16 engine;
		u8 client, gpc, hub, type;
	} hw;
};

#endif
