/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_DMEM_PRIV_H__
#define __NOUVEAU_DMEM_PRIV_H__

/* Shared by the nouveau_dmem*.c files, by nobody else. */
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "nouveau_device.h"
#include "nouveau_dmem.h"
#include "nouveau_dmem_stream.h"
#include "nouveau_stats.h"
#include "nouveau_svm_policy.h"
#include "nouveau_vram.h"

struct nouveau_copy_batch;
struct nouveau_device;

/* Lists of chunks by what they have to give. */
enum nouveau_dmem_state {
	NOUVEAU_DMEM_EMPTY,		/* everything */
	NOUVEAU_DMEM_GRANULES,		/* a whole 64 KiB at least */
	NOUVEAU_DMEM_PAGES,		/* single pages */
	NOUVEAU_DMEM_FULL,
	NOUVEAU_DMEM_EVICTING,		/* nothing: pages are leaving */
	NOUVEAU_DMEM_DEAD,		/* to be given back */
	NOUVEAU_DMEM_STATES,
};

/**
 * struct nouveau_dmem_chunk - VRAM under device-private pages
 */
struct nouveau_dmem_chunk {
	struct nouveau_chunk vram;
	struct nouveau_dmem *dmem;
	struct list_head link;		/* in dmem->chunks[state] */
	enum nouveau_dmem_state state;
	unsigned int pages;		/* 512 or 16 */
	unsigned int used_pages;
	struct nouveau_mask used;	/* allocated; bits beyond @pages are set */
	/** @used_lately: granules that were mapped since the last shrink; hints */
	unsigned long used_lately;
	/** @large: one folio of 2 MiB; a hint, it may be split at any moment */
	bool large;
};

/**
 * struct nouveau_dmem_fetch - a fault of the CPU is bringing blocks home
 */
struct nouveau_dmem_fetch {
	u64 start, end;
	/* private: */
	const struct mm_struct *mm;	/* compared only */
	struct list_head link;		/* dmem->fetches */
};

/**
 * struct nouveau_dmem_stock - folios of 2 MiB of RAM that are ready
 */
struct nouveau_dmem_stock {
	spinlock_t lock;		/* the rest; a leaf */
	struct list_head folios;	/* by their lru */
	unsigned int n;
	unsigned int left;		/* blocks that are still to come home, at most */
	int node;			/* of who takes them */
	struct work_struct work;
	struct delayed_work trim;
};

struct nouveau_dmem {
	struct nouveau_device *ndev;
	/** @knobs: of SVM, set when enabled */
	const struct nouveau_svm_knobs *knobs;
	/** @enable_lock: makes the pagemap once */
	struct mutex enable_lock;
	bool enabled;
	struct dev_pagemap pagemap;
	struct resource *res;
	/** @lock: chunks; taken in folio_free(), which may run anywhere */
	spinlock_t lock;
	struct list_head chunks[NOUVEAU_DMEM_STATES];
	/** @free_pages: of all chunks that may give some */
	unsigned long free_pages;
	/** @requests: struct nouveau_dmem_request that are running, @epoch is the newest's */
	struct list_head requests;
	u64 epoch;
	/** @stamps: @epoch when pages were last put there, by 64 KiB of VRAM */
	u64 *stamps;
	/** @trim: gives chunks back that became empty and stayed so */
	struct delayed_work trim;
	bool closing;
	/** @stream_lock: the rest; a leaf */
	spinlock_t stream_lock;
	struct nouveau_dmem_streams streams;
	struct list_head fetches;
	struct nouveau_dmem_stock stock;
};

static inline struct nouveau_dmem *page_dmem(struct page *page)
{
	return container_of(page_pgmap(page), struct nouveau_dmem, pagemap);
}

static inline unsigned long nouveau_dmem_pfn(const struct nouveau_dmem *dmem, u64 vram)
{
	return PHYS_PFN(dmem->pagemap.range.start + vram);
}

/* Bits of the knob huge_folios. */
#define NOUVEAU_DMEM_HUGE_VRAM	BIT(0)
#define NOUVEAU_DMEM_HUGE_HOME	BIT(1)

static inline bool nouveau_dmem_wants_huge(const struct nouveau_dmem *dmem, u32 way)
{
	return READ_ONCE(dmem->knobs->huge_folios) & way;
}

/* nouveau_dmem_chunk.c */
void nouveau_dmem_chunks_init(struct nouveau_dmem *dmem);
void nouveau_dmem_chunks_fini(struct nouveau_dmem *dmem);
void nouveau_dmem_folio_free(struct folio *folio);
struct nouveau_dmem_chunk *nouveau_dmem_first_locked(struct nouveau_dmem *dmem,
						     enum nouveau_dmem_state state);
void nouveau_dmem_chunk_taken_locked(struct nouveau_dmem_chunk *chunk, unsigned int old_used);
int nouveau_dmem_grow(struct nouveau_dmem *dmem);
int nouveau_dmem_claim(struct nouveau_dmem_chunk *chunk);
struct nouveau_dmem_chunk *nouveau_dmem_claim_at(struct nouveau_dmem *dmem, u64 addr);
struct nouveau_dmem_chunk *nouveau_dmem_claim_used(struct nouveau_dmem *dmem);
unsigned int nouveau_dmem_unclaim(struct nouveau_dmem_chunk *chunk, bool dead);
struct nouveau_mask nouveau_dmem_used(struct nouveau_dmem_chunk *chunk);

/* nouveau_dmem_alloc.c */
unsigned int nouveau_dmem_alloc(struct nouveau_dmem *dmem, const struct nouveau_mask *want,
				unsigned int first, bool large, unsigned long *entries);

/* nouveau_dmem_keep.c */
int nouveau_dmem_keep_init(struct nouveau_dmem *dmem, u64 bytes);
void nouveau_dmem_keep_fini(struct nouveau_dmem *dmem);
struct nouveau_mask nouveau_dmem_kept(const struct nouveau_dmem_chunk *chunk, u64 epoch);

/**
 * struct nouveau_dmem_move - pages between collect and finish
 *
 * Entries of @src and @dst are migration PFNs. A 2 MiB folio is entry 0 of 512,
 * marked MIGRATE_PFN_COMPOUND; the other entries are 0 then. That is the only
 * place one can be: a move is never larger than a block.
 */
struct nouveau_dmem_move {
	struct nouveau_dmem *dmem;
	unsigned long *src, *dst;
	struct nouveau_dmem_op *ops;	/* as many as entries */
	unsigned int n, nops;
	bool to_vram;
	unsigned int copied, cleared;	/* pages */
};

/**
 * struct nouveau_dmem_job - a migration by address between begin and end
 */
struct nouveau_dmem_job {
	struct migrate_vma args;
	struct nouveau_dmem_move move;
	struct nouveau_dmem_detach lost;	/* collected, of the way to VRAM */
	unsigned int asked, collected, got;	/* pages */
	int err;			/* of begin, so that end gives the pages back */
};

/* CPU time since @since goes to step @id; returns the time now. */
static inline u64 nouveau_dmem_step(struct nouveau_dmem *dmem, enum nouveau_stat id, u64 since)
{
	u64 now = ktime_get_ns();

	nouveau_stat_add(&dmem->ndev->stats, id, now - since);
	return now;
}

/* Page of entry @i, also of one inside a 2 MiB folio; NULL when there is none. */
static inline struct page *nouveau_dmem_entry(const unsigned long *pfns, unsigned int i)
{
	struct page *head;

	if (!(pfns[0] & MIGRATE_PFN_COMPOUND))
		return migrate_pfn_to_page(pfns[i]);
	head = migrate_pfn_to_page(pfns[0]);
	return head ? head + i : NULL;
}

/* nouveau_dmem_move.c */
int nouveau_dmem_move_alloc_ram(struct nouveau_dmem_move *mv, struct vm_area_struct *vma,
				u64 start, unsigned int must);
void nouveau_dmem_move_map(struct nouveau_dmem_move *mv);
void nouveau_dmem_move_unmap(struct nouveau_dmem_move *mv);
int nouveau_dmem_move_add(struct nouveau_dmem_move *mv, struct nouveau_copy_batch *batch);
int nouveau_dmem_move_copy(struct nouveau_dmem_move *mv);
void nouveau_dmem_move_drop(struct nouveau_dmem_move *mv);
unsigned int nouveau_dmem_move_collected(const struct nouveau_dmem_move *mv);
unsigned int nouveau_dmem_move_places(const struct nouveau_dmem_move *mv);
unsigned int nouveau_dmem_move_moved(const struct nouveau_dmem_move *mv);

/* nouveau_dmem_stock.c */
void nouveau_dmem_stock_init(struct nouveau_dmem_stock *st);
void nouveau_dmem_stock_fini(struct nouveau_dmem_stock *st);
struct folio *nouveau_dmem_stock_take(struct nouveau_dmem *dmem, const struct vm_area_struct *vma);

/* nouveau_dmem_migrate.c */
int nouveau_dmem_to_vram_begin(struct nouveau_device *ndev, struct vm_area_struct *vma, u64 base,
			       const struct nouveau_mask *mask, void *cookie,
			       struct nouveau_dmem_job *job);
int nouveau_dmem_home_begin(struct nouveau_dmem *dmem, struct vm_area_struct *vma, u64 start,
			    u64 end, struct vm_fault *vmf, struct nouveau_dmem_job *job);
int nouveau_dmem_job_end(struct nouveau_dmem_job *job, bool copied,
			 struct nouveau_dmem_result *result);

/* nouveau_dmem_fault.c */
vm_fault_t nouveau_dmem_migrate_to_ram(struct vm_fault *vmf);

void nouveau_dmem_fetch_begin(struct nouveau_dmem *dmem, struct nouveau_dmem_fetch *fetch,
			      const struct mm_struct *mm);
void nouveau_dmem_fetch_end(struct nouveau_dmem *dmem, struct nouveau_dmem_fetch *fetch);

/* nouveau_dmem_evict.c */
int nouveau_dmem_evict(struct nouveau_dmem_chunk *chunk, const struct nouveau_mask *pages,
		       bool may_lose);
extern const struct nouveau_chunk_ops nouveau_dmem_chunk_ops;

#endif
