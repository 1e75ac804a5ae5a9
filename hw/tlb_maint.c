// SPDX-License-Identifier: MIT
/* TLBs from the outside: who may hold one, and what an invalidate takes away. */
#include "tlb_priv.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mmu_priv.h"

static bool pdb_matches(const struct mmu_invalidate *inv, uint64_t as)
{
	/* The register form tells video from system memory, no more. */
	return inv->all_pdb ||
	       ((as & ~0xfffull) == inv->pdb &&
		(as % 4096 == APERTURE_VRAM) == (inv->pdb_aperture == APERTURE_VRAM));
}

static bool va_matches(const struct mmu_invalidate *inv, uint64_t va, unsigned int shift)
{
	unsigned int log2 = 12 + inv->size_log2_pages;
	uint64_t first;

	if (inv->all_va || log2 >= MMU_VA_BITS)
		return true;
	first = inv->va & MMU_VA_MASK & ~tlb_span(log2);
	return va <= first + tlb_span(log2) && first <= va + tlb_span(shift);
}

static bool level_matches(const struct mmu_invalidate *inv, unsigned int level)
{
	return !inv->level || level <= inv->level;
}

/* Invalidates go first: an engine that locks in a loop must not starve them. */
static void lock_first(struct tlb *tlb)
{
	atomic_fetch_add(&tlb->wanted, 1);
	pthread_mutex_lock(&tlb->lock);
	atomic_fetch_sub(&tlb->wanted, 1);
}

void tlb_invalidate(struct tlb *tlb, const struct mmu_invalidate *inv)
{
	unsigned int before;

	if (inv->hub_only && !tlb->hub)
		return;
	lock_first(tlb);
	before = tlb->live;
	for (unsigned int i = 0; i < tlb->capacity && tlb->live; i++) {
		struct tlb_entry *e = &tlb->entries[i];

		if (e->used && pdb_matches(inv, e->as) && level_matches(inv, e->walk.level) &&
		    va_matches(inv, e->va, e->shift))
			tlb_drop(tlb, e);
	}
	for (unsigned int i = 0; i < TLB_PDE_SLOTS && tlb->pdes; i++) {
		struct tlb_pde *p = &tlb->pde[i];

		if (p->level && pdb_matches(inv, p->as) && level_matches(inv, p->level) &&
		    va_matches(inv, p->va, p->shift)) {
			p->level = 0;
			tlb->pdes--;
		}
	}
	count_add(tlb->gpu, tlb_entries_invalidated, before - tlb->live);
	pthread_mutex_unlock(&tlb->lock);
}

void tlb_reset(struct tlb *tlb)
{
	lock_first(tlb);
	for (unsigned int i = 0; i < tlb->capacity; i++)
		if (tlb->entries[i].used)
			tlb_drop(tlb, &tlb->entries[i]);
	memset(tlb->pde, 0, sizeof(tlb->pde));
	tlb->pdes = 0;
	tlb->hand = 0;
	pthread_mutex_unlock(&tlb->lock);
}

void tlb_sync_counters(struct tlb *tlb)
{
	lock_first(tlb);
	count_add(tlb->gpu, tlb_hits, tlb->hits);
	count_add(tlb->gpu, tlb_misses, tlb->misses);
	tlb->hits = tlb->misses = 0;
	pthread_mutex_unlock(&tlb->lock);
}

static bool read_uncached(void *tlb, const struct mmu_walk_ref *ref, uint64_t qw[2])
{
	return tlb_read_table(tlb, ref, qw);
}

/* Does the page table still grant what @e grants? Gaining rights is no matter. */
static bool still_true(struct tlb *tlb, const struct tlb_entry *e)
{
	const struct mmu_walk *old = &e->walk;
	struct mmu_walk w;

	mmu_walk(read_uncached, tlb, e->as & ~0xfffull, e->as & 0xfff, e->va, &w);
	return w.kind == WALK_MAPPED && w.aperture == old->aperture &&
	       w.pa + (e->va & tlb_span(w.shift)) == e->pa &&
	       (!w.read_only || old->read_only) && (!w.privileged || old->privileged);
}

unsigned int tlb_audit(struct tlb *tlb, uint64_t now)
{
	unsigned int found = 0;

	host_dma_begin(tlb->gpu->host);
	lock_first(tlb);
	for (unsigned int i = 0; i < tlb->capacity; i++) {
		struct tlb_entry *e = &tlb->entries[i];

		if (!e->used || e->walk.kind != WALK_MAPPED || e->stale_since == UINT64_MAX)
			continue;
		if (still_true(tlb, e)) {
			e->stale_since = 0;
		} else if (!e->stale_since) {
			e->stale_since = now;
		} else if (now - e->stale_since >= TLB_STALE_NS) {
			e->stale_since = UINT64_MAX;
			found++;
			log_guest_error("mmu", "%s: %#llx still reaches %#llx (aperture %u) through an entry of PDB %#llx that was never invalidated",
					tlb->name, (unsigned long long)e->va,
					(unsigned long long)e->pa, e->aperture,
					(unsigned long long)(e->as & ~0xfffull));
		}
	}
	pthread_mutex_unlock(&tlb->lock);
	host_dma_end(tlb->gpu->host);
	count_add(tlb->gpu, tlb_stale_entries, found);
	return found;
}

/*
 * The DMA map first: engines may hold it already, and whoever waited for it
 * with the TLB in hand would wait for them.
 */
void tlb_lock(struct tlb *tlb)
{
	host_dma_begin(tlb->gpu->host);
	while (tlb_contended(tlb))
		sched_yield();
	pthread_mutex_lock(&tlb->lock);
}

void tlb_unlock(struct tlb *tlb)
{
	pthread_mutex_unlock(&tlb->lock);
	host_dma_end(tlb->gpu->host);
}

bool tlb_contended(const struct tlb *tlb)
{
	return atomic_load_explicit(&tlb->wanted, memory_order_relaxed);
}

struct tlb *tlb_next(struct tlb *tlb)
{
	return tlb->next;
}

struct tlb *tlb_create(struct gpu *gpu, const char *name, unsigned int entries, bool hub)
{
	struct tlb *tlb = entries ? aligned_alloc(64, sizeof(*tlb)) : NULL;
	unsigned int nbuckets = 16;

	if (!tlb)
		return NULL;
	memset(tlb, 0, sizeof(*tlb));
	while (nbuckets < 2 * entries)
		nbuckets *= 2;
	tlb->entries = aligned_alloc(64, entries * sizeof(*tlb->entries));
	tlb->buckets = malloc(nbuckets * sizeof(*tlb->buckets));
	if (!tlb->entries || !tlb->buckets)
		goto err;
	memset(tlb->entries, 0, entries * sizeof(*tlb->entries));
	memset(tlb->buckets, 0xff, nbuckets * sizeof(*tlb->buckets));
	for (unsigned int i = 0; i < entries; i++)
		tlb->entries[i].next = i + 1 < entries ? i + 1 : TLB_NONE;
	for (unsigned int i = 0; i < TLB_HOT_SLOTS; i++)
		tlb->hot[i] = (struct tlb_hot){ .vpn = ~0ull, .entry = &tlb->nowhere };
	tlb->gpu = gpu;
	snprintf(tlb->name, sizeof(tlb->name), "%s", name);
	tlb->hub = hub;
	tlb->capacity = entries;
	tlb->bucket_mask = nbuckets - 1;
	pthread_mutex_init(&tlb->lock, NULL);

	pthread_mutex_lock(&gpu->mmu->tlbs_lock);
	tlb->next = gpu->mmu->tlbs;
	gpu->mmu->tlbs = tlb;
	pthread_mutex_unlock(&gpu->mmu->tlbs_lock);
	return tlb;
err:
	free(tlb->buckets);
	free(tlb->entries);
	free(tlb);
	return NULL;
}

void tlb_destroy(struct gpu *gpu, struct tlb *tlb)
{
	if (!tlb)
		return;
	pthread_mutex_lock(&gpu->mmu->tlbs_lock);
	for (struct tlb **p = &gpu->mmu->tlbs; *p; p = &(*p)->next) {
		if (*p == tlb) {
			*p = tlb->next;
			break;
		}
	}
	pthread_mutex_unlock(&gpu->mmu->tlbs_lock);
	tlb_sync_counters(tlb);
	pthread_mutex_destroy(&tlb->lock);
	free(tlb->buckets);
	free(tlb->entries);
	free(tlb);
}
