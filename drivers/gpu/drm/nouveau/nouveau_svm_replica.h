/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_SVM_REPLICA_H__
#define __NOUVEAU_SVM_REPLICA_H__

/* Copies in VRAM of memory that nobody writes to; of the nouveau_svm*.c files. */
#include <linux/list.h>
#include <linux/types.h>

#include "nouveau_mask.h"
#include "nouveau_vram.h"

struct drm_printer;
struct nouveau_svm_block;
struct nouveau_svm_mm;
struct nouveau_svm_scratch;
struct page;

/* A replica is of one granule of a block. */
#define NOUVEAU_SVM_REPLICA_SHIFT	16

enum nouveau_svm_replica_state {
	NOUVEAU_REPLICA_FRESH,		/* being made; of who makes it */
	NOUVEAU_REPLICA_LIVE,		/* in svm->replicas */
	NOUVEAU_REPLICA_DEAD,		/* in svm->dead_replicas */
};

/**
 * struct nouveau_svm_replica - a copy of pages of 64 KiB of a process
 *
 * Each page copied is held, which is what makes the copy stay true: see
 * nouveau_svm_replicate.c. State and pages are under the page-table lock once live.
 */
struct nouveau_svm_replica {
	struct nouveau_chunk vram;
	struct nouveau_svm_mm *svm;
	struct nouveau_svm_block *block;
	struct list_head link;		/* dead ones */
	enum nouveau_svm_replica_state state;
	u8 granule;			/* of the block */
	u16 tried, pages;		/* pages of the granule: looked at, copied */
	struct page *held[NOUVEAU_GRANULE_PAGES];
};

/* nouveau_svm_replica.c */
extern const struct nouveau_chunk_ops nouveau_svm_replica_ops;

void nouveau_svm_replica_init(struct nouveau_svm_mm *svm);
void nouveau_svm_replica_fini(struct nouveau_svm_mm *svm);
struct nouveau_svm_replica *nouveau_svm_replica_of_locked(struct nouveau_svm_mm *svm, u64 va);
int nouveau_svm_replica_publish_locked(struct nouveau_svm_mm *svm,
				       struct nouveau_svm_replica **fresh);
void nouveau_svm_replica_free(struct nouveau_svm_replica *r);
void nouveau_svm_replica_widen_locked(struct nouveau_svm_mm *svm, u64 *start, u64 *end);
void nouveau_svm_replica_release_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);
void nouveau_svm_replica_drop_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);

/* nouveau_svm_replicate.c */
struct nouveau_mask nouveau_svm_replicate(struct nouveau_svm_mm *svm,
					  struct nouveau_svm_block *block,
					  const struct nouveau_mask *want,
					  struct nouveau_svm_scratch *s, u32 *serial);
void nouveau_svm_replicate_abort(struct nouveau_svm_mm *svm, struct nouveau_svm_scratch *s);

#endif
