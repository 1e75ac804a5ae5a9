// SPDX-License-Identifier: MIT
/*
 * TLBs that really cache. An entry, valid or not, stays until an invalidate
 * names it or newer ones push it out; page tables changed without an
 * invalidate go unnoticed, as on hardware. Directory entries that point to a
 * table are cached too, so a level-limited invalidate means what it says.
 *
 * An entry covers what the table level covers that gave the answer: a miss in
 * PD1 denies 512 MiB. Replacement is a clock over the entries, hence the same
 * on every run.
 */
#include "tlb.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mmu_priv.h"
#include "mmu_walk.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault.h"
#include "nvhw/tu104/dev_mmu.h"

#define HOT_SLOTS	256u
#define PDE_SLOTS	64u
#define NONE		UINT32_MAX
#define SIZES		6u

/* What an entry may cover, smallest first; lookups try them in this order. */
static const uint8_t size_shift[SIZES] = { 12, 16, 21, 29, 38, 47 };

/* What a hit reads comes first, within one cache line. */
struct tlb_entry {
	uint32_t seq;		/* changes whenever the entry dies */
	uint8_t deny[2];	/* [privileged]: bit per enum mmu_access */
	uint8_t shift;		/* size_shift[size] */
	uint8_t aperture;	/* enum gpu_aperture */
	uint8_t page_kind;
	bool referenced, used;
	uint8_t size;		/* index into size_shift[] */
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
	const char *name;
	bool hub;
	struct tlb *next;
	unsigned int capacity, live, hand;
	unsigned int live_of_size[SIZES];
	uint32_t free;
	uint32_t bucket_mask;
	uint32_t *buckets;
	struct tlb_entry *entries;
	struct tlb_entry nowhere;	/* what unused hot slots point to */
	uint64_t hits, misses;		/* not yet in gpu->counters */
	struct tlb_hot hot[HOT_SLOTS];
	struct tlb_pde pde[PDE_SLOTS];
};

static uint64_t as_tag(const struct mmu_as *as)
{
	return as->pdb | as->pdb_aperture;	/* directories are 4 KiB aligned */
}

static uint64_t span(unsigned int shift)
{
	return (1ull << shift) - 1;
}

static uint32_t hash(uint64_t as, uint64_t va, unsigned int shift)
{
	uint64_t h = (va >> shift) * 0x9e3779b97f4a7c15ull;

	h ^= (as >> 12 ^ shift) * 0xd6e8feb86659fd93ull;
	return h >> 32;
}

static struct tlb_hot *hot_slot(struct tlb *tlb, uint64_t as, uint64_t vpn)
{
	return &tlb->hot[(vpn ^ vpn >> 8 ^ as >> 12 ^ as >> 20) % HOT_SLOTS];
}

static uint32_t *bucket(struct tlb *tlb, uint64_t as, uint64_t va, unsigned int size)
{
	return &tlb->buckets[hash(as, va, size_shift[size]) & tlb->bucket_mask];
}

static struct tlb_entry *lookup(struct tlb *tlb, uint64_t as, uint64_t va)
{
	for (unsigned int s = 0; s < SIZES; s++) {
		uint64_t base = va & ~span(size_shift[s]);

		if (!tlb->live_of_size[s])
			continue;
		for (uint32_t i = *bucket(tlb, as, va, s); i != NONE; i = tlb->entries[i].next) {
			struct tlb_entry *e = &tlb->entries[i];

			if (e->va == base && e->as == as && e->size == s)
				return e;
		}
	}
	return NULL;
}

static void drop(struct tlb *tlb, struct tlb_entry *e)
{
	uint32_t *link = bucket(tlb, e->as, e->va, e->size);
	uint32_t index = e - tlb->entries;

	while (*link != index)
		link = &tlb->entries[*link].next;
	*link = e->next;
	e->next = tlb->free;
	tlb->free = index;
	e->used = false;
	e->seq++;
	tlb->live--;
	tlb->live_of_size[e->size]--;
}

static struct tlb_entry *take_slot(struct tlb *tlb)
{
	struct tlb_entry *e;

	while (tlb->free == NONE) {
		e = &tlb->entries[tlb->hand];
		tlb->hand = (tlb->hand + 1) % tlb->capacity;
		if (e->referenced)
			e->referenced = false;
		else
			drop(tlb, e);
	}
	e = &tlb->entries[tlb->free];
	tlb->free = e->next;
	return e;
}

static unsigned int size_of(unsigned int shift)
{
	unsigned int s = 0;

	while (size_shift[s] != shift)
		s++;
	return s;
}

static bool points_to_table(const struct mmu_walk_ref *ref, const uint64_t qw[2])
{
	if (NV_GET64(qw[0], NV_MMU_VER2_PDE_IS_PTE))
		return false;
	return NV_GET64(qw[0], NV_MMU_VER2_PDE_APERTURE) ||
	       (ref->qwords == 2 && NV_GET64(qw[1], NV_MMU_VER2_DUAL_PDE_APERTURE_SMALL));
}

struct walk_ctx {
	struct tlb *tlb;
	uint64_t as;
};

static bool read_memory(struct tlb *tlb, const struct mmu_walk_ref *ref, uint64_t qw[2])
{
	uint64_t *p = gpu_phys_ptr(tlb->gpu, (enum gpu_aperture)ref->aperture, ref->pa,
				   ref->qwords * 8, false);

	if (!p)
		return false;
	/* The guest may write the entry this very moment; it does so in qwords. */
	for (unsigned int i = 0; i < ref->qwords; i++)
		qw[i] = __atomic_load_n(&p[i], __ATOMIC_ACQUIRE);
	return true;
}

static bool read_entry(void *opaque, const struct mmu_walk_ref *ref, uint64_t qw[2])
{
	struct walk_ctx *ctx = opaque;
	uint64_t base = ref->va & ~span(ref->shift);
	struct tlb_pde *pde = NULL;

	if (ref->level > 1) {
		pde = &ctx->tlb->pde[hash(ctx->as, ref->va, ref->shift) % PDE_SLOTS];
		if (pde->level == ref->level && pde->va == base && pde->as == ctx->as) {
			memcpy(qw, pde->qw, sizeof(pde->qw));
			return true;
		}
	}
	if (!read_memory(ctx->tlb, ref, qw))
		return false;
	if (pde && points_to_table(ref, qw)) {
		*pde = (struct tlb_pde){ .va = base, .as = ctx->as, .shift = ref->shift,
					 .level = ref->level };
		memcpy(pde->qw, qw, sizeof(pde->qw));
	}
	return true;
}

/* A PTE may be valid and yet name nothing this GPU can reach. */
static void check_page(struct tlb *tlb, struct tlb_entry *e)
{
	struct mmu_walk *w = &e->walk;
	unsigned int type;

	if (w->kind != WALK_MAPPED)
		return;
	if (w->aperture == WALK_VID)
		e->ptr = gpu_phys_ptr(tlb->gpu, APERTURE_VRAM, w->pa, 1ull << w->shift, true);
	if (w->aperture == WALK_PEER)
		type = NV_PFAULT_FAULT_TYPE_UNSUPPORTED_APERTURE;
	else if (w->page_kind == NV_MMU_PTE_KIND_INVALID ||
		 w->page_kind > NV_MMU_PTE_KIND_SMSKED_MESSAGE)
		type = NV_PFAULT_FAULT_TYPE_UNSUPPORTED_KIND;
	else if (w->aperture == WALK_VID && !e->ptr)
		type = NV_PFAULT_FAULT_TYPE_REGION_VIOLATION;
	else
		return;
	log_guest_error("mmu", "%s: PTE at %#llx names aperture %u, address %#llx, kind %#x",
			tlb->name, (unsigned long long)e->va, w->aperture,
			(unsigned long long)w->pa, w->page_kind);
	w->kind = WALK_MISS;
	w->fault_type = type;
}

static void set_rights(struct tlb_entry *e)
{
	const struct mmu_walk *w = &e->walk;
	unsigned int deny = 0;

	if (w->kind != WALK_MAPPED) {
		e->deny[0] = e->deny[1] = 0xff;
		return;
	}
	if (w->read_only)
		deny |= 1u << MMU_WRITE | 1u << MMU_ATOMIC;
	if (w->atomic_disable)
		deny |= 1u << MMU_ATOMIC;
	e->deny[1] = deny;
	e->deny[0] = w->privileged ? 0xff : deny;
}

static struct tlb_entry *fill(struct tlb *tlb, const struct mmu_as *as, uint64_t va)
{
	struct walk_ctx ctx = { .tlb = tlb, .as = as_tag(as) };
	struct tlb_entry *e;
	struct mmu_walk w;
	uint32_t *head;

	tlb->misses++;
	mmu_walk(read_entry, &ctx, as->pdb, as->pdb_aperture, va, &w);
	e = take_slot(tlb);
	e->walk = w;
	e->va = va & ~span(w.shift);
	e->as = ctx.as;
	e->pa = w.pa;
	e->ptr = NULL;
	e->size = size_of(w.shift);
	e->shift = w.shift;
	e->aperture = w.aperture;
	e->page_kind = w.page_kind;
	e->used = true;
	e->referenced = false;
	e->stale_since = 0;
	check_page(tlb, e);
	set_rights(e);
	head = bucket(tlb, e->as, e->va, e->size);
	e->next = *head;
	*head = e - tlb->entries;
	tlb->live++;
	tlb->live_of_size[e->size]++;
	return e;
}

static enum mmu_result fault(struct mmu_xlat *out, unsigned int type)
{
	*out = (struct mmu_xlat){ .fault_type = type };
	return MMU_FAULT;
}

/* The ways not to get a pointer, strongest reason first. */
static enum mmu_result denied(const struct tlb_entry *e, const struct mmu_as *as, uint64_t va,
			      enum mmu_access access, struct mmu_xlat *out)
{
	const struct mmu_walk *w = &e->walk;
	unsigned int shift = e->shift;

	switch (w->kind) {
	case WALK_MISS:
		return fault(out, w->fault_type);
	case WALK_SPARSE:
		*out = (struct mmu_xlat){
			.sparse = true,
			.len = (1ull << shift) - (va & span(shift)),
			.page_shift = shift,
		};
		return MMU_OK;
	}
	if (w->privileged && !as->privileged)
		return fault(out, NV_PFAULT_FAULT_TYPE_PRIV_VIOLATION);
	if (w->read_only && (access == MMU_WRITE || access == MMU_ATOMIC))
		return fault(out, NV_PFAULT_FAULT_TYPE_RO_VIOLATION);
	return fault(out, NV_PFAULT_FAULT_TYPE_ATOMIC_VIOLATION);
}

/* System memory: ask every time, mappings come and go under the guest's feet. */
static uint8_t *sys_ptr(struct gpu *gpu, const struct tlb_entry *e, uint64_t pa, size_t *len,
			enum mmu_access access)
{
	bool write = access == MMU_WRITE || access == MMU_ATOMIC;
	uint8_t *p = gpu_phys_ptr(gpu, (enum gpu_aperture)e->aperture, pa, *len, write);

	if (!p && e->size) {
		/* A large page may straddle two mappings: promise 4 KiB only. */
		*len = 4096 - pa % 4096;
		p = gpu_phys_ptr(gpu, (enum gpu_aperture)e->aperture, pa, *len, write);
	}
	if (!p)
		log_guest_error("mmu", "%s of %#llx, not mapped for DMA", write ? "write" : "read",
				(unsigned long long)pa);
	return p;
}

enum mmu_result mmu_translate(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as,
			      uint64_t va, enum mmu_access access, struct mmu_xlat *out)
{
	uint64_t tag = as_tag(as), vpn, off;
	struct tlb_entry *e;
	struct tlb_hot *hot;
	unsigned int shift;

	if (__builtin_expect(!as->valid, 0))
		return fault(out, NV_PFAULT_FAULT_TYPE_UNBOUND_INST_BLOCK);
	if (__builtin_expect(va > MMU_VA_MASK, 0)) {
		if (!mmu_walk_va_ok(va))
			return fault(out, NV_PFAULT_FAULT_TYPE_VA_LIMIT_VIOLATION);
		va &= MMU_VA_MASK;
	}
	vpn = va >> 12;
	hot = hot_slot(tlb, tag, vpn);
	e = hot->entry;
	if (__builtin_expect(hot->vpn == vpn && hot->as == tag && hot->seq == e->seq, 1)) {
		tlb->hits++;
		e->referenced = true;
	} else {
		e = lookup(tlb, tag, va);
		if (e) {
			tlb->hits++;
			e->referenced = true;
		} else {
			e = fill(tlb, as, va);
		}
		*hot = (struct tlb_hot){ .vpn = vpn, .as = tag, .entry = e, .seq = e->seq };
	}
	if (__builtin_expect(e->deny[as->privileged] >> access & 1, 0))
		return denied(e, as, va, access, out);

	shift = e->shift;
	off = va & span(shift);
	out->len = (1ull << shift) - off;
	out->pa = e->pa + off;
	out->aperture = (enum gpu_aperture)e->aperture;
	out->page_shift = shift;
	out->kind = e->page_kind;
	out->sparse = false;
	out->fault_type = 0;
	out->ptr = e->ptr ? e->ptr + off : sys_ptr(gpu, e, out->pa, &out->len, access);
	if (__builtin_expect(!out->ptr, 0))
		return fault(out, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	return MMU_OK;
}

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
	first = inv->va & MMU_VA_MASK & ~span(log2);
	return va <= first + span(log2) && first <= va + span(shift);
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
			drop(tlb, e);
	}
	for (unsigned int i = 0; i < PDE_SLOTS; i++) {
		struct tlb_pde *p = &tlb->pde[i];

		if (p->level && pdb_matches(inv, p->as) && level_matches(inv, p->level) &&
		    va_matches(inv, p->va, p->shift))
			p->level = 0;
	}
	count_add(tlb->gpu, tlb_entries_invalidated, before - tlb->live);
	pthread_mutex_unlock(&tlb->lock);
}

void tlb_reset(struct tlb *tlb)
{
	lock_first(tlb);
	for (unsigned int i = 0; i < tlb->capacity; i++)
		if (tlb->entries[i].used)
			drop(tlb, &tlb->entries[i]);
	memset(tlb->pde, 0, sizeof(tlb->pde));
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
	return read_memory(tlb, ref, qw);
}

/* Does the page table still grant what @e grants? Gaining rights is no matter. */
static bool still_true(struct tlb *tlb, const struct tlb_entry *e)
{
	const struct mmu_walk *old = &e->walk;
	struct mmu_walk w;

	mmu_walk(read_uncached, tlb, e->as & ~0xfffull, e->as & 0xfff, e->va, &w);
	return w.kind == WALK_MAPPED && w.aperture == old->aperture &&
	       w.pa + (e->va & span(w.shift)) == e->pa &&
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
		tlb->entries[i].next = i + 1 < entries ? i + 1 : NONE;
	for (unsigned int i = 0; i < HOT_SLOTS; i++)
		tlb->hot[i] = (struct tlb_hot){ .vpn = ~0ull, .entry = &tlb->nowhere };
	tlb->gpu = gpu;
	tlb->name = name;
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
