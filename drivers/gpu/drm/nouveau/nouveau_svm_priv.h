/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_SVM_PRIV_H__
#define __NOUVEAU_SVM_PRIV_H__

/* Shared by the nouveau_svm*.c files, by nobody else. */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/mmu_notifier.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/nouveau_drm.h>

#include "nouveau_device.h"
#include "nouveau_dmem.h"
#include "nouveau_svm.h"
#include "nouveau_svm_advice.h"
#include "nouveau_svm_policy.h"
#include "nouveau_svm_replica.h"

struct drm_file;
struct nouveau_device;
struct nouveau_pt;
struct nouveau_vm;

/**
 * struct nouveau_svm_device - what all address spaces of a GPU share
 */
struct nouveau_svm_device {
	struct nouveau_device *ndev;
	struct nouveau_svm_knobs knobs;
	/** @by_vm: running mirrors by their nouveau_vm; its lock guards the lookup */
	struct xarray by_vm;
	/** @running: mirrors not stopped yet */
	atomic_t running;
	/** @bind_wq: asynchronous SVM_BINDs, one at a time for each mirror */
	struct workqueue_struct *bind_wq;
	/** @wq: @running fell */
	wait_queue_head_t wq;
};

/**
 * struct nouveau_svm_use - who faulted where, by granule; for SVM_QUERY
 */
struct nouveau_svm_use {
	u64 faults[NOUVEAU_GRANULES];	/* pages, ever */
	u64 last_ns[NOUVEAU_GRANULES];	/* of the last one */
	u32 heat[NOUVEAU_GRANULES];	/* decaying, as of last_ns */
};

/**
 * struct nouveau_svm_block - 2 MiB of a mirrored address space
 *
 * Made by the first fault, freed with the mirror. All of it is under the
 * page-table lock; a page has a bit in @mapped exactly if a valid PTE covers it.
 */
struct nouveau_svm_block {
	u64 base;
	struct nouveau_mask hole;	/* buffer objects live there; constant */
	struct nouveau_mask mapped;
	struct nouveau_mask writable;	/* of the mapped ones */
	struct nouveau_mask vram;	/* of the mapped ones: device-private */
	struct nouveau_mask replica;	/* of the others: read-only, to a copy in VRAM */
	struct nouveau_mask atomic;	/* of the rest: only the GPU has them, 4 KiB entries */
	u64 atomic_lost_ns;		/* when the last one of those went back to the CPUs */
	u32 big;			/* 64 KiB granules that are one PTE */
	u32 replica_serial;		/* changes when a replica comes or goes */
	bool huge;			/* the block is one PTE */
	u8 stale_run;			/* replays in a row after which nothing was to be done */
	u32 stale_replay;		/* number of the last of them */
	/** @dma: mappings of system pages, only where the device needs unmapping */
	dma_addr_t *dma;
	struct nouveau_svm_heat heat;
	struct nouveau_svm_use use;
	u64 evicted_stamp;		/* of the last eviction from it */
	u16 evicted_pages;		/* that have not come back to VRAM */
#ifdef NOUVEAU_FAIL_POINTS
	u64 audit[NOUVEAU_BLOCK_PAGES];	/* slots of nouveau_audit.h */
#endif
};

static inline u64 *nouveau_svm_audit_slot(struct nouveau_svm_block *block, unsigned int page)
{
#ifdef NOUVEAU_FAIL_POINTS
	return &block->audit[page];
#else
	return NULL;
#endif
}

/*
 * How much address space one interval notifier watches. Wide windows make a
 * large munmap() one callback with one TLB invalidate; narrow ones spare a
 * walk from being retried for what happens elsewhere in the window. A walk is
 * much cheaper than an invalidate, so they are wide.
 */
#define NOUVEAU_SVM_WINDOW_SHIFT	27

struct nouveau_svm_window {
	struct mmu_interval_notifier notifier;
	struct nouveau_svm_mm *svm;
};

/**
 * struct nouveau_svm_queue - asynchronous SVM_BINDs of a mirror, in order
 */
struct nouveau_svm_queue {
	/** @lock: the list; level 7 */
	spinlock_t lock;
	struct list_head binds;
	unsigned int n;
	struct work_struct work;
};

/**
 * struct nouveau_svm_mm - a process mirrored in a GPU address space
 */
struct nouveau_svm_mm {
	/** @mem: the struct itself: one of the owner, one until the mirror stopped */
	refcount_t mem;
	/** @users: services in flight, and one until killed; the last one stops it */
	refcount_t users;
	/** @killed: bit 0: no new users */
	unsigned long killed;
	/** @stopped: notifiers and PTEs are gone, only the struct is left */
	struct completion stopped;
	struct nouveau_device *ndev;
	struct nouveau_vm *vm;
	struct nouveau_pt *pt;
	/** @mm: grabbed, not its users; mmget_not_zero() before use */
	struct mm_struct *mm;
	/** @blocks: struct nouveau_svm_block by VA >> NOUVEAU_BLOCK_SHIFT */
	struct xarray blocks;
	/** @held: folios kept from the CPUs for now (nouveau_svm_atomic.c); page-table lock */
	struct list_head held;
	/** @held_work: ends that */
	struct delayed_work held_work;
	/** @windows: struct nouveau_svm_window by VA >> NOUVEAU_SVM_WINDOW_SHIFT */
	struct xarray windows;
	/** @slow: of the conductor */
	bool slow;
	/** @streams: of the service, which is one at a time */
	struct nouveau_svm_streams streams;
	/** @serial: blocks served; what thrash is counted in */
	atomic_t serial;
	/** @advice: struct nouveau_svm_advice by VA >> NOUVEAU_BLOCK_SHIFT, under the PT lock */
	struct xarray advice;
	/** @read_mostly: some advice was, ever */
	bool read_mostly;
	/** @replicas: struct nouveau_svm_replica by VA >> 16, under the PT lock */
	struct xarray replicas;
	/** @dead_replicas: whose VRAM @replica_work gives back; PT lock */
	struct list_head dead_replicas;
	struct work_struct replica_work;
	/** @queue: each of its entries has a reference of @users */
	struct nouveau_svm_queue queue;
	pid_t tgid;
	char comm[TASK_COMM_LEN];
	/* for fdinfo */
	atomic64_t faults, pages_to_vram, pages_to_sys, pages_evicted;
};

/* What one walk-and-map is asked for, pages of the block. */
struct nouveau_svm_map {
	unsigned int first, end;
	struct nouveau_mask require;		/* fail if not readable */
	struct nouveau_mask require_write;	/* fail if not writable */
	struct nouveau_mask atomic;		/* in system memory: no matter what the CPU does */
	bool whole;				/* all of the block if it is one huge page */
};

/* What one thread maps blocks with; too big for a stack. */
struct nouveau_svm_scratch {
	struct nouveau_svm_request req;			/* without what is stale */
	struct nouveau_svm_view view;
	struct nouveau_svm_plan plan;
	struct nouveau_svm_map map;			/* of the part */
	struct nouveau_svm_map whole;			/* of nouveau_svm_map_block() */
	unsigned long pfns[NOUVEAU_BLOCK_PAGES];	/* hmm_range_fault() */
	u64 addr[NOUVEAU_BLOCK_PAGES];			/* VRAM or DMA address by page */
	u64 ptes[NOUVEAU_BLOCK_PAGES];
	dma_addr_t old[NOUVEAU_BLOCK_PAGES];		/* mappings to undo */
	struct nouveau_svm_advice advice;		/* of the block */
	struct nouveau_svm_replica *fresh[NOUVEAU_GRANULES];	/* until they are published */
};

/**
 * struct nouveau_svm_part - what was planned for the part of a block in one VMA
 */
struct nouveau_svm_part {
	struct nouveau_svm_block *block;
	struct nouveau_svm_result *res;		/* of the request that it belongs to */
	bool ahead;				/* for a stream, which has not asked yet */
	struct nouveau_svm_plan plan;
};

/* A batch of faults all over the address space takes a few rounds. */
#define NOUVEAU_SVM_ROUND_PARTS	64u

/**
 * struct nouveau_svm_round - see nouveau_svm_round.c
 */
struct nouveau_svm_round {
	struct nouveau_svm_mm *svm;
	bool alive;				/* mmget() held: the process has not ended */
	bool locked;				/* mmap_lock held */
	unsigned int moving;			/* pages asked to move since then */
	unsigned int n;
	struct nouveau_svm_part part[NOUVEAU_SVM_ROUND_PARTS];
	struct nouveau_dmem_pipe *pipe;
	struct nouveau_svm_scratch s;
};

static inline void nouveau_svm_result_range(struct nouveau_svm_result *res, u64 start, u64 end)
{
	bool first = res->start == res->end;

	res->start = first ? start : min(res->start, start);
	res->end = first ? end : max(res->end, end);
}

/* Pages [first, end) of the block at @base have new entries. */
static inline void nouveau_svm_result_mapped(struct nouveau_svm_result *res, u64 base,
					     unsigned int first, unsigned int end)
{
	nouveau_svm_result_range(res, base + ((u64)first << PAGE_SHIFT),
				 base + ((u64)end << PAGE_SHIFT));
}

/* The CPU uses the page at the same time: a bounce buffer would lose its stores. */
#define NOUVEAU_SVM_DMA_ATTRS	DMA_ATTR_REQUIRE_COHERENT

static inline void nouveau_svm_unmap_page(struct nouveau_svm_mm *svm, dma_addr_t dma)
{
	dma_unmap_page_attrs(svm->ndev->drm.dev, dma, PAGE_SIZE, DMA_BIDIRECTIONAL,
			     NOUVEAU_SVM_DMA_ATTRS);
}

/* The page of the block at @base that @va is in, or the nearest. */
static inline unsigned int nouveau_svm_block_page(u64 base, u64 va)
{
	if (va <= base)
		return 0;
	return min_t(u64, (va - base) >> PAGE_SHIFT, NOUVEAU_BLOCK_PAGES);
}

/* Which of the pages of the block at @base are in [start, end) */
static inline struct nouveau_mask nouveau_svm_block_pages(u64 base, u64 start, u64 end)
{
	return nouveau_mask_range(nouveau_svm_block_page(base, start),
				  nouveau_svm_block_page(base, end));
}

/* Killed: its file is closed or the device gone. Long work looks now and then. */
static inline bool nouveau_svm_is_killed(const struct nouveau_svm_mm *svm)
{
	return test_bit(0, &svm->killed);
}

/* nouveau_svm_mm.c */
struct nouveau_svm_mm *nouveau_svm_enter(struct drm_file *file, int *idx);
void nouveau_svm_exit(struct nouveau_svm_mm *svm, int idx);

/* nouveau_svm.c */
struct nouveau_svm_scratch *nouveau_svm_scratch_new(void);
void nouveau_svm_scratch_del(struct nouveau_svm_scratch *s);
enum nouveau_vma_kind nouveau_svm_vma_kind(const struct vm_area_struct *vma);

/* nouveau_svm_round.c */
void nouveau_svm_round_lock(struct nouveau_svm_round *r);
void nouveau_svm_round_flush(struct nouveau_svm_round *r);
struct nouveau_svm_part *nouveau_svm_round_part(struct nouveau_svm_round *r);
bool nouveau_svm_round_move(struct nouveau_svm_round *r, struct vm_area_struct *vma,
			    struct nouveau_svm_block *block, const struct nouveau_mask *mask);

/* nouveau_svm_part.c */
void nouveau_svm_part_map(struct nouveau_svm_mm *svm, const struct nouveau_svm_part *part,
			  struct nouveau_svm_scratch *s);

/* nouveau_svm_bind.c: what became of the pages of an SVM_BIND. */
struct nouveau_svm_counts {
	u64 moved, already;
	u64 skipped[NOUVEAU_SVM_SKIP_REASONS];
};

int nouveau_svm_bind_range(struct nouveau_svm_mm *svm, u64 start, u64 end, bool to_vram,
			   struct nouveau_svm_counts *c);

/* nouveau_svm_bind_ioctl.c */
int nouveau_svm_ext_write(struct drm_nouveau_svm_bind_ext __user *ext,
			  const struct nouveau_svm_counts *c, int status);

/* nouveau_svm_room.c: what an SVM_BIND to VRAM may evict. */
struct nouveau_svm_room {
	struct nouveau_dmem_request rq;
	bool looked;			/* for what it must not evict */
};

void nouveau_svm_room_look(struct nouveau_svm_mm *svm, struct nouveau_svm_room *room, u64 start,
			   u64 end, struct nouveau_svm_scratch *s);
void nouveau_svm_room_make(struct nouveau_svm_mm *svm, struct nouveau_svm_room *room, u64 base,
			   const struct nouveau_mask *mask, struct nouveau_svm_scratch *s);

/* nouveau_svm_force.c */
void nouveau_svm_force_debugfs_init(struct nouveau_device *ndev, struct dentry *root);

/* nouveau_svm_async.c */
void nouveau_svm_queue_init(struct nouveau_svm_mm *svm);
int nouveau_svm_bind_later(struct nouveau_svm_mm *svm, struct drm_file *file,
			   struct drm_nouveau_svm_bind_ext __user *uext,
			   const struct drm_nouveau_svm_bind_ext *ext, u64 start, u64 end,
			   bool to_vram);

/* nouveau_svm_attr.c */
const struct nouveau_svm_advice *
nouveau_svm_advice_get_locked(struct nouveau_svm_mm *svm, u64 base);
void nouveau_svm_advice_drop_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);
void nouveau_svm_advice_fini(struct nouveau_svm_mm *svm);
int nouveau_svm_advice_check(u32 command, u32 target);
u64 nouveau_svm_next_memory(struct mm_struct *mm, u64 at, u64 end);
int nouveau_svm_advise_range(struct nouveau_svm_mm *svm, u64 start, u64 end, u32 command,
			     u32 target, u64 *pages);

/* nouveau_svm_walk.c */
struct hmm_range;
int nouveau_svm_walk(struct hmm_range *range, unsigned long timeout);
int nouveau_svm_snapshot(struct nouveau_svm_window *win, u64 start, u64 end, unsigned long *pfns);
bool nouveau_svm_is_huge(struct nouveau_svm_window *win, u64 base);

/* nouveau_svm_query.c */
void nouveau_svm_use_note_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				 const struct nouveau_mask *faulted, u64 now_ns);

/* nouveau_svm_notifier.c */
struct nouveau_svm_window *nouveau_svm_window_get(struct nouveau_svm_mm *svm, u64 va);
void nouveau_svm_windows_remove(struct nouveau_svm_mm *svm);

/* nouveau_svm_block.c */
struct nouveau_svm_block *nouveau_svm_block_get(struct nouveau_svm_mm *svm, u64 va);
void nouveau_svm_blocks_free(struct nouveau_svm_mm *svm);
void nouveau_svm_detach(void *cookie, struct nouveau_dmem_detach *list);
bool nouveau_svm_zap_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);
void nouveau_svm_zap_pages_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				  const struct nouveau_mask *pages);
void nouveau_svm_unmap_dma_locked(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
				  unsigned int first, unsigned int end);

/* nouveau_svm_leave.c */
void nouveau_svm_returned_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);
void nouveau_svm_evicted_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);
void nouveau_svm_unmapped_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);
u64 nouveau_svm_fetched_end_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);

/* nouveau_svm_atomic.c */
int nouveau_svm_take_page(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
			  unsigned int page);
void nouveau_svm_release_held_locked(struct nouveau_svm_mm *svm, u64 start, u64 end);
void nouveau_svm_held_work(struct work_struct *work);

/* nouveau_svm_map.c */
int nouveau_svm_map_block(struct nouveau_svm_mm *svm, struct nouveau_svm_block *block,
			  const struct nouveau_svm_map *map, struct nouveau_svm_scratch *s);

#endif
