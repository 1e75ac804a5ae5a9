/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_DMEM_H__
#define __NOUVEAU_DMEM_H__

#include <linux/list.h>
#include <linux/types.h>

#include "nouveau_mask.h"

struct mm_struct;
struct nouveau_device;
struct nouveau_dmem;
struct nouveau_svm_knobs;
struct page;
struct seq_file;
struct vm_area_struct;
struct vm_fault;

int nouveau_dmem_init(struct nouveau_device *ndev);
/* Moves every device page home first; no user of SVM may be left. */
void nouveau_dmem_fini(struct nouveau_device *ndev);

/*
 * Give VRAM its struct pages, once, when the first mirror starts: they cost
 * 1/64 of its size. On an error SVM works without migration.
 */
int nouveau_dmem_enable(struct nouveau_device *ndev, const struct nouveau_svm_knobs *knobs);
bool nouveau_dmem_is_enabled(struct nouveau_device *ndev);

/* VRAM in chunks of ours that no page uses, beside nouveau_vram_free_bytes(). */
u64 nouveau_dmem_free_bytes(struct nouveau_device *ndev);

/* Owner of our device-private pages, for HMM and migration. */
void *nouveau_dmem_owner(struct nouveau_device *ndev);
/* VRAM address of a device-private page of ours, bytes. */
u64 nouveau_dmem_page_addr(struct nouveau_device *ndev, struct page *page);

/*
 * The GPU is going to use this page of ours: its VRAM is the last to be taken
 * back. The page is mapped and cannot be freed meanwhile. Takes no sleeping lock.
 */
void nouveau_dmem_touch(struct nouveau_device *ndev, struct page *page);

/**
 * struct nouveau_dmem_request - a range is being moved to VRAM
 *
 * From its beginning to its end, room that is made for it, for faults or in the
 * background is not made from what has come to VRAM since it began, nor from what
 * was kept by nouveau_dmem_keep().
 */
struct nouveau_dmem_request {
	/* private: */
	struct list_head link;		/* dmem->requests, the oldest first */
	u64 epoch;			/* its number */
	bool full;			/* there was nothing left to make room from */
};

void nouveau_dmem_request_begin(struct nouveau_device *ndev, struct nouveau_dmem_request *rq);
void nouveau_dmem_request_end(struct nouveau_device *ndev, struct nouveau_dmem_request *rq);
u64 nouveau_dmem_oldest_request(struct nouveau_device *ndev);
void nouveau_dmem_keep(struct nouveau_device *ndev, struct page *page);

/*
 * Evict what is in @pages pages of VRAM from @addr on, all in 64 KiB; a folio of 2 MiB
 * as a whole. 0, also when there is nothing; -EBUSY when it can't move now, -ENOMEM.
 */
int nouveau_dmem_evict_at(struct nouveau_device *ndev, u64 addr, unsigned int pages);

/* Up to so many blocks are going to come home: RAM for them had better be ready. */
void nouveau_dmem_stock_want(struct nouveau_dmem *dmem, unsigned int blocks);

/*
 * A CPU of @mm fetches its pages home from @va on: up to where, or 0 if none does. They
 * go block by block; the GPU might as well lose them all at once.
 */
u64 nouveau_dmem_fetched_to(struct nouveau_device *ndev, const struct mm_struct *mm, u64 va);

/* One copy or clear of a migration: pages that continue each other on both sides. */
struct nouveau_dmem_op {
	u64 vram;			/* VRAM address, bytes */
	dma_addr_t ram;			/* of the mapping, unless @clear */
	u16 first;			/* entry of the migration */
	u16 pages;			/* 0: dropped */
	bool clear;			/* VRAM becomes zero */
};

/* Arrays of one migration of up to a block. */
struct nouveau_dmem_scratch {
	unsigned long src[NOUVEAU_BLOCK_PAGES];
	unsigned long dst[NOUVEAU_BLOCK_PAGES];
	struct nouveau_dmem_op ops[NOUVEAU_BLOCK_PAGES];
};

/**
 * struct nouveau_dmem_detach - pages of a block that the GPU is to lose
 */
struct nouveau_dmem_detach {
	struct nouveau_dmem_detach *next;
	u64 base;			/* of the block, which the mirror has */
	struct nouveau_mask pages;	/* the callee's from then on */
};

/**
 * struct nouveau_dmem_source - whose pages move to VRAM
 */
struct nouveau_dmem_source {
	/** @cookie: owner in MMU_NOTIFY_MIGRATE, so that the mirror knows its own */
	void *cookie;
	/** @detach: take what is in the list away from the GPU, with one TLB invalidate */
	void (*detach)(void *cookie, struct nouveau_dmem_detach *list);
};

/**
 * struct nouveau_dmem_result - what became of the pages of a migration
 *
 * In 4 KiB pages whatever the size of a folio; calls add to it. What was asked
 * for and is in none of these was not given by core mm: it was not there, or on
 * the right side already, or somebody held it. Who must know which looks at the
 * pages that are left.
 */
struct nouveau_dmem_result {
	unsigned int collected;		/* that core mm let us have; the sum of the others */
	unsigned int moved;
	unsigned int no_memory;		/* stayed: no VRAM for it, or no RAM */
	unsigned int no_copy;		/* stayed: the copy engine failed */
	unsigned int kept;		/* stayed: core mm changed its mind at the end */
};

/**
 * struct nouveau_dmem_part - pages of a block that move together
 */
struct nouveau_dmem_part {
	u64 base;			/* of the block */
	struct nouveau_mask mask;	/* not empty; one run of them on the way home */
};

/* Parts that can have been added and not been done, unless few pushes are wanted. */
#define NOUVEAU_DMEM_PIPE_PARTS	32

/*
 * Move many parts, with collection and copies overlapping. Partial success is
 * success. @done is called when a part is on the other side, in the order they were
 * added, from nouveau_dmem_pipe_add() or nouveau_dmem_pipe_flush(), under mmap_lock.
 */
typedef void (*nouveau_dmem_done)(void *arg, const struct nouveau_dmem_part *part,
				  const struct nouveau_dmem_result *result);
enum nouveau_dmem_pipe_kind {
	NOUVEAU_DMEM_PIPE_EARLY,	/* the engine is never to wait for long */
	NOUVEAU_DMEM_PIPE_FEW,		/* the engine may wait, for the sake of few pushes */
};

struct nouveau_dmem_pipe *nouveau_dmem_pipe_new(struct nouveau_device *ndev, bool to_vram,
						enum nouveau_dmem_pipe_kind kind,
						nouveau_dmem_done done, void *arg);
void nouveau_dmem_pipe_set_lone(struct nouveau_dmem_pipe *pipe, bool lone);
int nouveau_dmem_pipe_add(struct nouveau_dmem_pipe *pipe, struct vm_area_struct *vma,
			  const struct nouveau_dmem_part *part,
			  const struct nouveau_dmem_source *source);
int nouveau_dmem_pipe_add_home(struct nouveau_dmem_pipe *pipe, struct vm_area_struct *vma,
			       const struct nouveau_dmem_part *part, struct vm_fault *vmf);
int nouveau_dmem_pipe_flush(struct nouveau_dmem_pipe *pipe);
void nouveau_dmem_pipe_del(struct nouveau_dmem_pipe *pipe);

void nouveau_dmem_debugfs_show(struct nouveau_device *ndev, struct seq_file *m);

#endif
