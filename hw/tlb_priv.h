/* SPDX-License-Identifier: MIT */
/* Inside of a TLB: for tlb.c, which looks up, and tlb_maint.c, which empties. */
#ifndef HW_TLB_PRIV_H
#define HW_TLB_PRIV_H

#include "mmu_walk.h"
#include "tlb.h"

#define TLB_HOT_SLOTS	256u
#define TLB_PDE_SLOTS	64u
#define TLB_NONE	UINT32_MAX
#define TLB_SIZES	6u

/* What an entry may cover, smallest first; lookups try them in this order. */
extern const uint8_t tlb_size_shift[TLB_SIZES];

/* What a hit reads comes first, within one cache line. */
struct tlb_entry {
	uint32_t seq;		/* changes whenever the entry dies */
	uint8_t deny[2];	/* [privileged]: bit per enum mmu_access */
	uint8_t shift;		/* tlb_size_shift[size] */
	uint8_t aperture;	/* enum gpu_aperture */
	uint8_t page_kind;
	bool referenced, used;
	uint8_t size;		/* index into tlb_size_shift[] */
	uint64_t pa;
	uint8_t *ptr;		/* of the page in VRAM; system memory can move */
	uint64_t va;		/* of the first byte, 49 bits */
	uint64_t as;		/* as_tag() */
	uint32_t next;		/* in the hash chain or the free list */
	struct mmu_walk walk;
	uint64_t stale_since;	/* tlb_audit(): gpu_now(), 0 none, ~0 reported */
} __attribute__((aligned(64)));

/* Direct-mapped shortcut in front of the hash: one 4 KiB page of an entry. */
struct tlb_hot {
	uint64_t vpn, as;
	struct tlb_entry *entry;
	uint32_t seq;
};

struct tlb_pde {
	uint64_t va, as;
	uint64_t qw[2];
	uint8_t shift, level;	/* level 0: empty */
};

struct tlb {
	pthread_mutex_t lock;
	_Atomic unsigned int wanted;	/* invalidates that wait for the lock */
	struct gpu *gpu;
	char name[16];
	bool hub;
	struct tlb *next;
	unsigned int capacity, live, hand;
	unsigned int pdes;		/* slots of pde[] in use */
	unsigned int live_of_size[TLB_SIZES];
	uint32_t free;
	uint32_t bucket_mask;
	uint32_t *buckets;
	struct tlb_entry *entries;
	struct tlb_entry nowhere;	/* what unused hot slots point to */
	uint64_t hits, misses;		/* not yet in gpu->counters */
	struct tlb_hot hot[TLB_HOT_SLOTS];
	struct tlb_pde pde[TLB_PDE_SLOTS];
};

static inline uint64_t tlb_span(unsigned int shift)
{
	return (1ull << shift) - 1;
}

/* Forget @e. tlb->lock held. */
void tlb_drop(struct tlb *tlb, struct tlb_entry *e);
/* One table entry straight from memory; false when there is none. */
bool tlb_read_table(struct tlb *tlb, const struct mmu_walk_ref *ref, uint64_t qw[2]);

#endif
