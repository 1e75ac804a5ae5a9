/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_SVM_ADVICE_H__
#define __NOUVEAU_SVM_ADVICE_H__

/*
 * What a process has said about the pages of a block, and what a plan makes of
 * it. Pure: compiles in user space. nouveau_svm_attr.c keeps it.
 */
#include "nouveau_mask.h"

struct nouveau_svm_knobs;
struct nouveau_svm_plan;
struct nouveau_svm_view;

/* Bits of log2(granularity / 2 KiB), 0: none given. */
#define NOUVEAU_SVM_GRAIN_BITS	4

/**
 * struct nouveau_svm_advice - attributes of the pages of a block
 */
struct nouveau_svm_advice {
	struct nouveau_mask vram, system;	/* preferred location, at most one */
	struct nouveau_mask pinned;		/* there: moved by the CPU's touch only */
	struct nouveau_mask still;		/* never moved */
	struct nouveau_mask mostly;		/* read: copied where possible, not moved */
	struct nouveau_mask grain[NOUVEAU_SVM_GRAIN_BITS];
};

bool nouveau_svm_advice_empty(const struct nouveau_svm_advice *a);
/* Forget what was said about @pages. */
void nouveau_svm_advice_clear(struct nouveau_svm_advice *a, const struct nouveau_mask *pages);
/* A fault on @pages is served by @bytes, a power of two from 4 KiB to 2 MiB; 0: as usual. */
void nouveau_svm_advice_set_grain(struct nouveau_svm_advice *a, const struct nouveau_mask *pages,
				  u32 bytes);
/* Pages a request or the policy must not move. */
struct nouveau_mask nouveau_svm_advice_fixed(const struct nouveau_svm_advice *a, bool to_vram);

/* Those of @faulted for which no granularity was given. */
struct nouveau_mask nouveau_svm_advice_plain(const struct nouveau_svm_advice *a,
					     const struct nouveau_mask *faulted);
/* What to serve around the others. */
struct nouveau_mask nouveau_svm_advice_region(const struct nouveau_svm_view *v,
					      const struct nouveau_mask *faulted);
/* Correct what is going to move. */
void nouveau_svm_advise(const struct nouveau_svm_view *v, const struct nouveau_svm_knobs *k,
			const struct nouveau_mask *region, struct nouveau_svm_plan *plan);

#endif
