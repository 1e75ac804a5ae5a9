// SPDX-License-Identifier: MIT
/*
 * Loads and stores. Lanes that miss are noted, one request per page, and only
 * they repeat the instruction after the replay: a lane that has its data never
 * needs the others' pages to stay. All addresses are checked before the first
 * access, so that a trap leaves memory alone.
 */
#include "sass_mem.h"

#include "access_counter.h"
#include "l2.h"
#include "nvhw/undocumented.h"

const uint8_t sass_type_bytes[8] = { 1, 1, 2, 2, 4, 8, 16, 0 };

#define VA_BITS		49

/* With a uniform part, or a register that counts elements. */
static void uniform_addresses(struct warp *w, const struct sass_insn *in, uint64_t *va)
{
	const uint32_t *lo = w->r[in->s[0].reg], *hi = row_hi(w, in->s[0].reg);
	uint64_t base = w->r[in->ubase][0] | (uint64_t)row_hi(w, in->ubase)[0] << 32;
	uint64_t keep = in->mods & SASS_E ? ~0ull : 0xffffffff;
	bool narrow = !(in->mods & SASS_E) || in->mods & SASS_U32;

	base += (uint64_t)in->imm;
	FOR_LANES(i) {
		uint64_t reg = lo[i] | (narrow ? 0 : (uint64_t)hi[i] << 32);

		va[i] = (base + (reg << in->shift)) & keep;
	}
}

void sass_addresses(struct warp *w, const struct sass_insn *in, uint64_t *va)
{
	const uint32_t *lo = w->r[in->s[0].reg], *hi = row_hi(w, in->s[0].reg);

	if (in->ubase != SASS_RZ || in->shift) {
		uniform_addresses(w, in, va);
	} else if (in->mods & SASS_E) {
		FOR_LANES(i)
			va[i] = (lo[i] | (uint64_t)hi[i] << 32) + (uint64_t)in->imm;
	} else {
		FOR_LANES(i)
			va[i] = (uint32_t)(lo[i] + (uint32_t)in->imm);
	}
}

/* Lanes whose generic address lies in the window at @base; made offsets. */
static uint32_t window(uint64_t *va, uint32_t mask, uint64_t base)
{
	uint32_t in_window;

	LANE_MASK(in_window, va[i] - base < SM_WINDOW_BYTES);
	in_window &= mask;
	FOR_MASK(i, in_window)
		va[i] -= base;
	return in_window;
}

static bool canonical(uint64_t va)
{
	return va < 1ull << VA_BITS || (uint64_t)((int64_t)(va << (64 - VA_BITS)) >>
						  (64 - VA_BITS)) == va;
}

/* Can an address lie in the window at @base? @any, @all: OR and AND of all addresses. */
static bool may_reach(uint64_t any, uint64_t all, uint64_t base)
{
	uint64_t hi = any >> 32;

	return hi != all >> 32 || hi == base >> 32 || hi == (base + SM_WINDOW_BYTES - 1) >> 32;
}

/*
 * Nearly always all lanes go to global memory and aligned: that takes one look
 * at the bits they have together.
 */
unsigned int sass_resolve(struct warp *w, uint64_t *va, uint32_t mask, unsigned int bytes,
			  struct sass_spaces *s)
{
	uint64_t any = 0, all = ~0ull, usual = va[__builtin_ctz(mask)];
	uint32_t odd;

	if (mask != ~0u)	/* idle lanes must not stand out */
		FOR_LANES(i)
			va[i] = mask >> i & 1 ? va[i] : usual;
	FOR_LANES(i) {
		any |= va[i];
		all &= va[i];
	}
	s->shared = s->local = 0;
	if (may_reach(any, all, w->l->shared_window))
		s->shared = window(va, mask, w->l->shared_window);
	if (may_reach(any, all, w->l->local_window))
		s->local = window(va, mask & ~s->shared, w->l->local_window);
	s->global = mask & ~s->shared & ~s->local;
	if (s->shared || s->local || any & (bytes - 1)) {
		LANE_MASK(odd, va[i] & (bytes - 1));
		if (odd & mask)
			return NVX_SM_WARP_ERROR_MISALIGNED_ADDR;
	}
	if (any >> VA_BITS)
		FOR_MASK(i, s->global)
			if (!canonical(va[i]))
				return NVX_SM_WARP_ERROR_OOR_ADDR;
	FOR_MASK(i, s->shared)
		if (va[i] + bytes > w->l->qmd.shared_bytes)
			return NVX_SM_WARP_ERROR_OOR_ADDR;
	FOR_MASK(i, s->local)
		if (va[i] + bytes > w->l->local_bytes)
			return NVX_SM_WARP_ERROR_OOR_ADDR;
	return 0;
}

uint8_t *sass_local(struct warp *w, unsigned int lane, uint64_t off)
{
	return w->local + (size_t)lane * w->l->local_bytes + off;
}

enum sass_result sass_global(struct warp *w, const struct sass_insn *in, uint32_t mask,
			     const uint64_t *va, enum mmu_access access, sass_element_fn fn)
{
	const struct mmu_as *as = &w->l->ch->gr_as;
	struct gpu *gpu = w->l->gpu;
	struct tlb *tlb = w->sm->tlb;
	struct mmu_xlat x;
	uint64_t first = 0, len = 0;
	uint8_t *base = NULL, *held = NULL;	/* line owned for the store */
	bool counting = access_counter_enabled(gpu);
	struct access_hits hits;
	uint32_t left = 0;

	hits.n = 0;
	tlb_lock(tlb);
	FOR_MASK(i, mask) {
		if (va[i] - first >= len) {
			uint64_t before = va[i] & 4095;

			if (held)
				l2_unlock(held);
			held = NULL;
			if (mmu_translate(gpu, tlb, as, va[i], access, &x) != MMU_OK) {
				warp_miss(w, tlb, &w->sm->t1, va[i], access, x.fault_type);
				left |= 1u << i;
				continue;
			}
			/* What comes before in the same 4 KiB is mapped alike. */
			first = va[i] - before;
			len = x.len + before;
			if (counting && x.aperture != APERTURE_VRAM && !x.sparse)
				len = access_hits_add(&hits, va[i], &x) + before;
			base = x.sparse ? NULL : x.ptr - before;
			w->remote = base && x.aperture != APERTURE_VRAM;
		}
		if (w->remote && access == MMU_WRITE) {
			uint8_t *p = base + (va[i] - first);

			/* Not between the read and the write of an atomic. */
			if (!held || !l2_same_line(held, p)) {
				if (held)
					l2_unlock(held);
				l2_lock(p);
			}
			held = p;
			fn(w, in, i, p);
		} else {
			fn(w, in, i, base ? base + (va[i] - first) : NULL);
		}
	}
	if (held)
		l2_unlock(held);
	w->remote = false;
	tlb_unlock(tlb);
	if (hits.n)
		access_counter_count(gpu, as, &w->sm->t1, &hits);
	if (!left)
		return SASS_NEXT;
	w->pend = left;
	warp_park(w);
	return SASS_PARKED;
}

static enum sass_result access_all(struct warp *w, const struct sass_insn *in, uint32_t mask,
				   enum mmu_access access, sass_element_fn fn)
{
	uint64_t va[SASS_LANES];
	struct sass_spaces s;
	unsigned int esr;

	sass_addresses(w, in, va);
	esr = sass_resolve(w, va, mask, sass_type_bytes[in->type], &s);
	if (esr)
		return sass_trap(w, esr);
	FOR_MASK(i, s.shared)
		fn(w, in, i, w->cta->shared + va[i]);
	FOR_MASK(j, s.local)
		fn(w, in, j, sass_local(w, j, va[j]));
	return s.global ? sass_global(w, in, s.global, va, access, fn) : SASS_NEXT;
}

/* Sub-word loads extend to 32 bits. @p is NULL on sparse pages: zeros. */
static void load_u8(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	w->r[in->dst][lane] = p ? __atomic_load_n(p, __ATOMIC_RELAXED) : 0;
}

static void load_s8(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	w->r[in->dst][lane] = (uint32_t)(p ? (int8_t)__atomic_load_n(p, __ATOMIC_RELAXED) : 0);
}

static void load_u16(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	w->r[in->dst][lane] = p ? __atomic_load_n((uint16_t *)p, __ATOMIC_RELAXED) : 0;
}

static void load_s16(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	w->r[in->dst][lane] =
		(uint32_t)(p ? __atomic_load_n((int16_t *)p, __ATOMIC_RELAXED) : 0);
}

static void load_32(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	w->r[in->dst][lane] = p ? __atomic_load_n((uint32_t *)p, __ATOMIC_RELAXED) : 0;
}

static void load_64(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	uint64_t v = p ? __atomic_load_n((uint64_t *)p, __ATOMIC_RELAXED) : 0;

	w->r[in->dst][lane] = (uint32_t)v;
	w->r[in->dst + 1][lane] = (uint32_t)(v >> 32);
}

static void load_128(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	for (unsigned int n = 0; n < 2; n++) {
		uint64_t v = p ? __atomic_load_n((uint64_t *)p + n, __ATOMIC_RELAXED) : 0;

		w->r[in->dst + 2 * n][lane] = (uint32_t)v;
		w->r[in->dst + 2 * n + 1][lane] = (uint32_t)(v >> 32);
	}
}

/* Into RZ: the access happens, the value goes nowhere. */
static void load_none(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
}

static const sass_element_fn loads[7] = {
	load_u8, load_s8, load_u16, load_s16, load_32, load_64, load_128,
};

sass_element_fn sass_load_fn(const struct sass_insn *in)
{
	return in->dst == SASS_RZ ? load_none : loads[in->type];
}

static void store_8(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	if (p)
		__atomic_store_n(p, (uint8_t)w->r[in->s[1].reg][lane], __ATOMIC_RELAXED);
}

static void store_16(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	if (p)
		__atomic_store_n((uint16_t *)p, (uint16_t)w->r[in->s[1].reg][lane],
				 __ATOMIC_RELAXED);
}

static void store_32(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	if (p)
		__atomic_store_n((uint32_t *)p, w->r[in->s[1].reg][lane], __ATOMIC_RELAXED);
}

static uint64_t pair(const struct warp *w, unsigned int reg, unsigned int n, unsigned int lane)
{
	if (reg == SASS_RZ)
		return 0;
	return w->r[reg + 2 * n][lane] | (uint64_t)w->r[reg + 2 * n + 1][lane] << 32;
}

static void store_64(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	if (p)
		__atomic_store_n((uint64_t *)p, pair(w, in->s[1].reg, 0, lane), __ATOMIC_RELAXED);
}

static void store_128(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	for (unsigned int n = 0; p && n < 2; n++)
		__atomic_store_n((uint64_t *)p + n, pair(w, in->s[1].reg, n, lane),
				 __ATOMIC_RELAXED);
}

static const sass_element_fn stores[7] = {
	store_8, store_8, store_16, store_16, store_32, store_64, store_128,
};

sass_element_fn sass_store_fn(const struct sass_insn *in)
{
	return stores[in->type];
}

/* Where the predicate does not hold there is nothing to load, and that is zero. */
SASS_EXEC(ldg)
{
	uint32_t wanted = mask & pred_get(w, in->pp[0]);

	FOR_MASK(i, mask & ~wanted)
		sass_load_fn(in)(w, in, i, NULL);
	return wanted ? access_all(w, in, wanted, MMU_READ, sass_load_fn(in)) : SASS_NEXT;
}

SASS_EXEC(ld)
{
	return access_all(w, in, mask, MMU_READ, sass_load_fn(in));
}

SASS_EXEC(st)
{
	return access_all(w, in, mask, MMU_WRITE, sass_store_fn(in));
}

/* Local and shared memory by their own instructions: plain 32-bit offsets. */
static enum sass_result access_near(struct warp *w, const struct sass_insn *in, uint32_t mask,
				    bool shared, sass_element_fn fn)
{
	uint32_t limit = shared ? w->l->qmd.shared_bytes : w->l->local_bytes;
	unsigned int bytes = sass_type_bytes[in->type];
	uint64_t va[SASS_LANES];

	sass_addresses(w, in, va);
	FOR_MASK(i, mask) {
		if (va[i] & (bytes - 1))
			return sass_trap(w, NVX_SM_WARP_ERROR_MISALIGNED_ADDR);
		if (va[i] + bytes > limit)
			return sass_trap(w, NVX_SM_WARP_ERROR_OOR_ADDR);
	}
	FOR_MASK(j, mask)
		fn(w, in, j, shared ? w->cta->shared + va[j] : sass_local(w, j, va[j]));
	return SASS_NEXT;
}

SASS_EXEC(ldl)
{
	return access_near(w, in, mask, false, sass_load_fn(in));
}

SASS_EXEC(stl)
{
	return access_near(w, in, mask, false, sass_store_fn(in));
}

SASS_EXEC(lds)
{
	return access_near(w, in, mask, true, sass_load_fn(in));
}

SASS_EXEC(sts)
{
	return access_near(w, in, mask, true, sass_store_fn(in));
}

/* Constant at an index of each lane's own; mode 1 takes bits of the bank from it. */
SASS_EXEC(ldc)
{
	unsigned int bytes = sass_type_bytes[in->type], bank[SASS_LANES];
	const uint32_t *index = w->r[in->s[0].reg];
	uint32_t off[SASS_LANES];

	if (in->s[1].bank == SASS_BANK_CX)
		const_describe(w, in->ubase);
	FOR_MASK(i, mask) {
		bank[i] = in->s[1].bank;
		if (in->sub == 1)	/* no index makes it a described one */
			bank[i] += index[i] >> 16 < SM_CONST_BANKS ? index[i] >> 16 : SM_CONST_BANKS;
		off[i] = (in->sub == 1 ? index[i] & 0xffff : index[i]) + (uint32_t)in->imm;
		if (off[i] & (bytes - 1))
			return sass_trap(w, NVX_SM_WARP_ERROR_MISALIGNED_ADDR);
		if (off[i] < SM_CONST_BYTES && !const_fetch(w, bank[i], off[i], bytes))
			return SASS_PARKED;
	}
	FOR_MASK(j, mask) {
		const struct const_bank *b = const_bank(w, bank[j]);
		uint8_t *data = b ? b->data : NULL;

		/* Past the end of the bank, or of an unbound one, there are zeros. */
		sass_load_fn(in)(w, in, j, data && off[j] < SM_CONST_BYTES ? data + off[j] : NULL);
	}
	return SASS_NEXT;
}

/* Is the address in the window of that space? */
SASS_EXEC(qspc)
{
	uint64_t va[SASS_LANES];
	uint32_t shared, local;

	sass_addresses(w, in, va);
	LANE_MASK(shared, va[i] - w->l->shared_window < SM_WINDOW_BYTES);
	LANE_MASK(local, va[i] - w->l->local_window < SM_WINDOW_BYTES);
	pred_set(w, in->pd[0], in->type == 2 ? shared : in->type == 1 ? local :
		 ~(shared | local), mask);
	return SASS_NEXT;
}

SASS_EXEC(membar)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return SASS_NEXT;
}

/*
 * Data caches are not modelled: what is left of cache control is the prefetch,
 * which asks for a translation. A miss is reported and nobody waits for it; an
 * address that no access could have is dropped in silence.
 */
SASS_EXEC(cctl)
{
	struct mmu_park miss = {
		.as = &w->l->ch->gr_as, .tlb = w->sm->tlb, .client = w->sm->t1,
		.access = MMU_PREFETCH,
	};
	uint64_t va[SASS_LANES], reported = UINT64_MAX;
	struct mmu_xlat x;

	if (in->sub != SASS_CCTL_PF1 && in->sub != SASS_CCTL_PF2)
		return SASS_NEXT;
	sass_addresses(w, in, va);
	FOR_MASK(i, mask) {
		enum mmu_result result;

		miss.va = va[i] & ~4095ull;
		if (miss.va == reported || !canonical(va[i]) ||
		    va[i] - w->l->shared_window < SM_WINDOW_BYTES ||
		    va[i] - w->l->local_window < SM_WINDOW_BYTES)
			continue;
		tlb_lock(miss.tlb);
		result = mmu_translate(w->l->gpu, miss.tlb, miss.as, va[i], MMU_PREFETCH, &x);
		tlb_unlock(miss.tlb);
		if (result == MMU_OK)
			continue;
		reported = miss.va;
		miss.fault_type = x.fault_type;
		mmu_fault_replayable(w->l->gpu, &miss);
	}
	return SASS_NEXT;
}
