/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_PT_PRIV_H__
#define __NOUVEAU_PT_PRIV_H__

/*
 * The CPU mirror of a page-table tree: which tables exist, which entries are
 * valid. For nouveau_pt.c, which adds tables, and nouveau_pt_write.c, which
 * fills them in.
 *
 * The unit is the slot, one directory entry of 2 MiB. What the GPU sees of it:
 *
 *   slot->huge != 0           one 2 MiB PTE; tables of the slot, if any, are
 *                             all invalid and out of sight
 *   slot->huge == 0           dual PDE to whichever of the tables exist; for
 *                             each 64 KiB at most one of "valid 64K PTE" and
 *                             "some valid 4K PTEs" holds
 */
#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "nouveau_pt.h"
#include "nouveau_pt_alloc.h"

#define VA_BITS		49
#define SLOT_SHIFT	21
#define SLOT_BYTES	BIT_ULL(SLOT_SHIFT)
#define BIG_SHIFT	16
#define SMALL_SHIFT	12
#define N_SMALL		512
#define N_BIG		32
#define SMALL_PER_BIG	(N_SMALL / N_BIG)
#define PD0_LEVEL	3

struct pt_small {
	struct nouveau_pt_mem mem;
	DECLARE_BITMAP(valid, N_SMALL);
};

struct pt_big {
	struct nouveau_pt_mem mem;
	u32 valid;
};

struct pt_slot {
	u64 huge;		/* 2 MiB PTE or 0 */
	struct pt_small *small;
	struct pt_big *big;
};

/* A directory: level 0..2 point to directories, level 3 holds slots. */
struct pt_dir {
	struct nouveau_pt_mem mem;
	union {
		struct pt_dir *child[512];
		struct pt_slot slot[256];
	};
};

struct nouveau_pt {
	struct nouveau_device *ndev;
	struct list_head link;		/* in nouveau_pt_list */
	struct mutex grow;		/* held to add tables; see top */
	struct mutex lock;		/* the tree and every entry; see nouveau_lock.h */
	bool gone;			/* VRAM is out of reach */
	struct pt_dir *root;
};

static inline void pt_store(struct nouveau_pt_mem *mem, unsigned int qword, u64 val)
{
	writeq(val, mem->map + qword * 8);
}

/* Make the slot's directory entry say what the slot holds; pt->lock held. */
void nouveau_pt_slot_publish(struct pt_dir *pd0, unsigned int i);

/*
 * The directory of slots that covers @va, or NULL; then *next is where the hole
 * ends, else where the slot does. Stable under pt->lock or pt->grow.
 */
struct pt_dir *nouveau_pt_find(struct nouveau_pt *pt, u64 va, u64 *next);

#endif
