// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Memory that the GPU uses in place and that turned out to be hot.
 *
 * It is served like faults of a block that is hot already, so everything that
 * keeps memory at home (advice, thrash, no VRAM) keeps it at home here too. What
 * is not mapped for the GPU any more, or is in VRAM by now, is old news.
 */
#include "nouveau_device.h"
#include "nouveau_evict.h"
#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"

/**
 * nouveau_svm_promote - bring hot pages of a block to VRAM
 * @svm: mirror
 * @base: address of the block
 * @hot: pages that are used often
 * @r: of the caller
 * @res: PTEs that were written: the caller invalidates
 *
 * Sleeps; no lock may be held.
 *
 * Return: how many of @hot came to VRAM.
 */
unsigned int nouveau_svm_promote(struct nouveau_svm_mm *svm, u64 base,
				 const struct nouveau_mask *hot, struct nouveau_svm_round *r,
				 struct nouveau_svm_result *res)
{
	struct nouveau_svm_block *block = xa_load(&svm->blocks, base >> NOUVEAU_BLOCK_SHIFT);
	struct nouveau_svm_request req = { .base = base, .hot = true };
	struct nouveau_mask came;

	if (!block || !nouveau_evict_promotes(svm->ndev))
		return 0;
	nouveau_pt_lock(svm->pt);
	req.read = nouveau_mask_and(*hot, &block->mapped);
	req.read = nouveau_mask_andnot(req.read, &block->vram);
	nouveau_pt_unlock(svm->pt);
	if (nouveau_mask_empty(&req.read))
		return 0;

	nouveau_svm_service(r, svm, &req, res);

	nouveau_pt_lock(svm->pt);
	came = nouveau_mask_and(req.read, &block->vram);
	nouveau_pt_unlock(svm->pt);
	return nouveau_mask_weight(&came, 0, NOUVEAU_BLOCK_PAGES);
}
