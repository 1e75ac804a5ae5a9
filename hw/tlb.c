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
#include "tlb_priv.h"

#include <string.h>

#include "log.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault.h"
#include "nvhw/tu104/dev_mmu.h"

const uint8_t tlb_size_shift[TLB_SIZES] = { 12, 16, 21, 29, 38, 47 };

static uint64_t as_tag(const struct mmu_as *as)
{
	return as->pdb | as->pdb_aperture;	/* directories are 4 KiB aligned */
}

static uint32_t hash(uint64_t as, uint64_t va, unsigned int shift)
{
	uint64_t h = (va >> shift) * 0x9e3779b97f4a7c15ull;

	h ^= (as >> 12 ^ shift) * 0xd6e8feb86659fd93ull;
	return h >> 32;
}

static struct tlb_hot *hot_slot(struct tlb *tlb, uint64_t as, uint64_t vpn)
{
	return &tlb->hot[(vpn ^ vpn >> 8 ^ as >> 12 ^ as >> 20) % TLB_HOT_SLOTS];
}

static uint32_t *bucket(struct tlb *tlb, uint64_t as, uint64_t va, unsigned int size)
{
	return &tlb->buckets[hash(as, va, tlb_size_shift[size]) & tlb->bucket_mask];
}

static struct tlb_entry *lookup(struct tlb *tlb, uint64_t as, uint64_t va)
{
	for (unsigned int s = 0; s < TLB_SIZES; s++) {
		uint64_t base = va & ~tlb_span(tlb_size_shift[s]);

		if (!tlb->live_of_size[s])
			continue;
		for (uint32_t i = *bucket(tlb, as, va, s); i != TLB_NONE; i = tlb->entries[i].next) {
			struct tlb_entry *e = &tlb->entries[i];

			if (e->va == base && e->as == as && e->size == s)
				return e;
		}
	}
	return NULL;
}

void tlb_drop(struct tlb *tlb, struct tlb_entry *e)
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

	while (tlb->free == TLB_NONE) {
		e = &tlb->entries[tlb->hand];
		tlb->hand = (tlb->hand + 1) % tlb->capacity;
		if (e->referenced)
			e->referenced = false;
		else
			tlb_drop(tlb, e);
	}
	e = &tlb->entries[tlb->free];
	tlb->free = e->next;
	return e;
}

static unsigned int size_of(unsigned int shift)
{
	unsigned int s = 0;

	while (tlb_size_shift[s] != shift)
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

bool tlb_read_table(struct tlb *tlb, const struct mmu_walk_ref *ref, uint64_t qw[2])
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
	uint64_t base = ref->va & ~tlb_span(ref->shift);
	struct tlb_pde *pde = NULL;

	if (ref->level > 1) {
		pde = &ctx->tlb->pde[hash(ctx->as, ref->va, ref->shift) % TLB_PDE_SLOTS];
		if (pde->level == ref->level && pde->va == base && pde->as == ctx->as) {
			memcpy(qw, pde->qw, sizeof(pde->qw));
			return true;
		}
	}
	if (!tlb_read_table(ctx->tlb, ref, qw))
		return false;
	if (pde && points_to_table(ref, qw)) {
		ctx->tlb->pdes += !pde->level;
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
	e->va = va & ~tlb_span(w.shift);
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
			.len = (1ull << shift) - (va & tlb_span(shift)),
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
	off = va & tlb_span(shift);
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
