/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_SVM_STAGE_H__
#define __NOUVEAU_SVM_STAGE_H__

/* Between nouveau_svm_map.c, which fills it, and nouveau_svm_commit.c. */
#include "nouveau_svm_priv.h"

struct hmm_range;

/**
 * struct nouveau_svm_stage - what a walk found and how it is going to be mapped
 *
 * Masks are of pages of the block.
 */
struct nouveau_svm_stage {
	struct nouveau_svm_mm *svm;
	struct nouveau_svm_block *block;
	struct nouveau_svm_window *win;
	const struct nouveau_svm_map *map;
	struct nouveau_svm_scratch *s;
	struct nouveau_mask valid, writable, vram, replica;
	u32 big;			/* granules that will be one PTE */
	u32 replica_serial;		/* of the block, when replicas were looked for */
	bool huge;			/* the block will be one PTE */
};

static inline u64 nouveau_stage_va(const struct nouveau_svm_stage *st, unsigned int i)
{
	return st->block->base + ((u64)i << PAGE_SHIFT);
}

/* Whether the page is in VRAM, of its own or as a copy: no DMA mapping. */
static inline bool nouveau_stage_is_local(const struct nouveau_svm_stage *st, unsigned int i)
{
	return nouveau_mask_test(&st->vram, i) || nouveau_mask_test(&st->replica, i);
}

int nouveau_svm_commit(struct nouveau_svm_stage *st, const struct hmm_range *range);

#endif
