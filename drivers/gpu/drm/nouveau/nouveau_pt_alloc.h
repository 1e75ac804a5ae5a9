/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_PT_ALLOC_H__
#define __NOUVEAU_PT_ALLOC_H__

#include <linux/types.h>

struct nouveau_device;
struct nouveau_pt_slab;

/* One page table in VRAM: 4 KiB, or the 256 bytes of a 64K table. */
struct nouveau_pt_mem {
	u64 addr;			/* VRAM address, bytes */
	void __iomem *map;		/* CPU mapping of it */
	struct nouveau_pt_slab *slab;	/* where it was cut from; NULL: none */
};

#define NOUVEAU_PT_TABLE_BYTES	4096
#define NOUVEAU_PT_BIG_BYTES	256

int nouveau_pt_pool_init(struct nouveau_device *ndev);
void nouveau_pt_pool_fini(struct nouveau_device *ndev);

/*
 * A zeroed table of NOUVEAU_PT_TABLE_BYTES or NOUVEAU_PT_BIG_BYTES, aligned to
 * its size. May sleep and evict buffer objects. -ENOMEM, -ENOSPC.
 */
int __must_check nouveau_pt_mem_new(struct nouveau_device *ndev, unsigned int bytes,
				    struct nouveau_pt_mem *mem);
/* Give it back; TLBs must not know it any more. Nothing happens to an empty @mem. */
void nouveau_pt_mem_del(struct nouveau_device *ndev, struct nouveau_pt_mem *mem);

#endif
