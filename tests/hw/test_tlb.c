// SPDX-License-Identifier: MIT
/*
 * TLBs cache and do not forgive: what was translated stays until a matching
 * invalidate, valid or not, whatever happens to the page tables.
 */
#include "mmu_env.h"

#include <sched.h>
#include <stdatomic.h>

#include "counters.h"
#include "nvhw/tu104/dev_fault.h"

#define VA	0x7f1234500000ull
#define PA1	0x2000000ull
#define PA2	0x2400000ull

static int setup(void **state)
{
	struct mmu_env *e = malloc(sizeof(*e));

	env_create(e, NULL);
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	env_destroy(*state);
	free(*state);
	return 0;
}

static void expect_pa_in(struct mmu_env *e, struct tlb *tlb, const struct mmu_as *as,
			 uint64_t va, uint64_t pa)
{
	struct mmu_xlat x;

	assert_int_equal(env_translate_in(e, tlb, as, va, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.pa, pa);
	assert_ptr_equal(x.ptr, sim_vram(e->sim, pa, 1));
}

static void expect_pa(struct mmu_env *e, uint64_t va, uint64_t pa)
{
	expect_pa_in(e, e->tlb, &e->as, va, pa);
}

static void expect_fault(struct mmu_env *e, uint64_t va, enum mmu_access access, unsigned int type)
{
	struct mmu_xlat x;

	assert_int_equal(env_translate(e, va, access, &x), MMU_FAULT);
	assert_int_equal(x.fault_type, type);
	assert_null(x.ptr);
}

static void flush_pdb(struct mmu_env *e, const struct mmu_as *as)
{
	env_invalidate(e, (struct mmu_invalidate){
		.all_va = true, .pdb = as->pdb, .pdb_aperture = as->pdb_aperture });
}

static void flush_va(struct mmu_env *e, uint64_t va, unsigned int log2_pages)
{
	env_invalidate(e, (struct mmu_invalidate){
		.va = va, .size_log2_pages = log2_pages,
		.pdb = e->as.pdb, .pdb_aperture = e->as.pdb_aperture });
}

static void test_translation(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_xlat x;

	env_map(e, VA, 12, PA1, PTE_VALID | 6ull << 56);
	assert_int_equal(env_translate(e, VA + 0x123, MMU_WRITE, &x), MMU_OK);
	assert_int_equal(x.pa, PA1 + 0x123);
	assert_int_equal(x.len, 0x1000 - 0x123);
	assert_int_equal(x.page_shift, 12);
	assert_int_equal(x.kind, 6);
	assert_int_equal(x.aperture, APERTURE_VRAM);
	assert_false(x.sparse);
	env_map(e, VA + (2 << 20), 16, PA1 + 0x10000, PTE_VALID);
	assert_int_equal(env_translate(e, VA + (2 << 20) + 0x8001, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.pa, PA1 + 0x18001);
	assert_int_equal(x.len, 0x10000 - 0x8001);
	env_map(e, VA + (4 << 20), 21, PA2, PTE_VALID);
	assert_int_equal(env_translate(e, VA + (4 << 20) + 0x12345, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.pa, PA2 + 0x112345);		/* VA itself is 1 MiB into its 2 MiB */
	assert_int_equal(x.page_shift, 21);
}

static void test_stale_until_invalidated(void **state)
{
	struct mmu_env *e = *state;

	env_map(e, VA, 12, PA1, PTE_VALID);
	expect_pa(e, VA, PA1);
	env_map(e, VA, 12, PA2, PTE_VALID);
	expect_pa(e, VA, PA1);
	env_map(e, VA, 12, 0, 0);
	expect_pa(e, VA + 8, PA1 + 8);
	env_map(e, VA, 12, PA2, PTE_VALID);
	flush_pdb(e, &e->as);
	expect_pa(e, VA, PA2);
}

static void test_invalid_entries_stay(void **state)
{
	struct mmu_env *e = *state;

	env_slot(e, &e->as, VA, 12);
	expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_PTE);
	env_map(e, VA, 12, PA1, PTE_VALID);
	expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_PTE);
	/* an invalid 4 KiB entry says nothing about the page next to it */
	env_map(e, VA + 0x1000, 12, PA2, PTE_VALID);
	expect_pa(e, VA + 0x1000, PA2);
	flush_pdb(e, &e->as);
	expect_pa(e, VA, PA1);
}

/* A miss in a directory denies everything below that entry. */
static void test_directory_miss_covers_its_range(void **state)
{
	struct mmu_env *e = *state;

	env_pd1_slot(e, &e->as, VA);
	expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_PDE);
	env_map(e, VA - 0x10000000, 12, PA1, PTE_VALID);	/* same 512 MiB, other 2 MiB */
	expect_fault(e, VA - 0x10000000, MMU_READ, NV_PFAULT_FAULT_TYPE_PDE);
	/* an invalidate of one page in there takes the whole entry away */
	flush_va(e, VA + 0x3000, 0);
	expect_pa(e, VA - 0x10000000, PA1);
}

static void test_va_scope(void **state)
{
	struct mmu_env *e = *state;

	for (unsigned int i = 0; i < 8; i++) {
		env_map(e, VA + i * 0x1000, 12, PA1 + i * 0x1000, PTE_VALID);
		expect_pa(e, VA + i * 0x1000, PA1 + i * 0x1000);
		env_map(e, VA + i * 0x1000, 12, PA2 + i * 0x1000, PTE_VALID);
	}
	flush_va(e, VA + 0x5000, 0);
	for (unsigned int i = 0; i < 8; i++)
		expect_pa(e, VA + i * 0x1000, (i == 5 ? PA2 : PA1) + i * 0x1000);
	flush_va(e, VA + 0x3000, 1);	/* 8 KiB, aligned down: pages 2 and 3 */
	for (unsigned int i = 0; i < 8; i++)
		expect_pa(e, VA + i * 0x1000,
			  (i == 5 || i == 2 || i == 3 ? PA2 : PA1) + i * 0x1000);
	flush_va(e, VA, 63);
	expect_pa(e, VA, PA2);
}

/* One 4 KiB in the middle of a large page drops the large page. */
static void test_va_scope_of_large_pages(void **state)
{
	struct mmu_env *e = *state;

	env_map(e, VA, 21, PA1, PTE_VALID);
	expect_pa(e, VA & ~0x1fffffull, PA1);
	env_map(e, VA, 21, PA2, PTE_VALID);
	flush_va(e, (VA & ~0x1fffffull) + 0x200000, 0);
	expect_pa(e, VA & ~0x1fffffull, PA1);
	flush_va(e, (VA & ~0x1fffffull) + 0x1ff000, 0);
	expect_pa(e, VA & ~0x1fffffull, PA2);
}

static void test_pdb_scope(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_as other = env_new_as(e);

	env_map(e, VA, 12, PA1, PTE_VALID);
	env_map_in(e, &other, VA, 12, PA2, PTE_VALID);
	expect_pa(e, VA, PA1);
	expect_pa_in(e, e->tlb, &other, VA, PA2);
	env_map(e, VA, 12, PA1 + 0x1000, PTE_VALID);
	env_map_in(e, &other, VA, 12, PA2 + 0x1000, PTE_VALID);
	flush_pdb(e, &other);
	expect_pa(e, VA, PA1);
	expect_pa_in(e, e->tlb, &other, VA, PA2 + 0x1000);
	/* the same address in system memory is another directory */
	env_invalidate(e, (struct mmu_invalidate){
		.all_va = true, .pdb = e->as.pdb, .pdb_aperture = APERTURE_SYS_COH });
	expect_pa(e, VA, PA1);
	flush_pdb(e, &e->as);
	expect_pa(e, VA, PA1 + 0x1000);
}

static void test_levels(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_invalidate inv = { .all_va = true, .all_pdb = true };
	uint64_t pd0 = env_pd0_slot(e, &e->as, VA), old_table, new_table;

	env_map(e, VA, 12, PA1, PTE_VALID);
	expect_pa(e, VA, PA1);
	/* swap the page table for another one */
	old_table = *env_qword(e, pd0 + 8);
	new_table = env_table(e);
	env_store(e, new_table + (VA >> 12 & 0x1ff) * 8, PA2 >> 4 | PTE_VALID);
	env_store(e, pd0 + 8, new_table >> 4 | 2);
	inv.level = 1;	/* PTE only: the directory entry stays cached */
	env_invalidate(e, inv);
	expect_pa(e, VA, PA1);
	inv.level = 2;	/* up to PDE0 */
	env_invalidate(e, inv);
	expect_pa(e, VA, PA2);
	/* a 2 MiB PTE lives in PD0 */
	env_store(e, pd0 + 8, 0);
	env_map(e, VA, 21, PA1, PTE_VALID);
	env_invalidate(e, inv);
	expect_pa(e, VA, PA1 + 0x100000);
	env_map(e, VA, 21, PA2, PTE_VALID);
	inv.level = 1;
	env_invalidate(e, inv);
	expect_pa(e, VA, PA1 + 0x100000);
	inv.level = 0;	/* everything */
	env_invalidate(e, inv);
	expect_pa(e, VA, PA2 + 0x100000);
	assert_int_not_equal(old_table, 0);
}

static void test_hub_only(void **state)
{
	struct mmu_env *e = *state;
	struct tlb *hub = tlb_create(e->gpu, "hub", 16, true);
	struct mmu_invalidate inv = { .all_va = true, .all_pdb = true, .hub_only = true };

	env_map(e, VA, 12, PA1, PTE_VALID);
	expect_pa(e, VA, PA1);
	expect_pa_in(e, hub, &e->as, VA, PA1);
	env_map(e, VA, 12, PA2, PTE_VALID);
	env_invalidate(e, inv);
	expect_pa(e, VA, PA1);
	expect_pa_in(e, hub, &e->as, VA, PA2);
	env_map(e, VA, 12, PA2 + 0x1000, PTE_VALID);
	inv.hub_only = false;	/* GPCs as well, never without the hub */
	env_invalidate(e, inv);
	expect_pa(e, VA, PA2 + 0x1000);
	expect_pa_in(e, hub, &e->as, VA, PA2 + 0x1000);
	tlb_destroy(e->gpu, hub);
}

/* TLBs know nothing of each other. */
static void test_tlbs_are_separate(void **state)
{
	struct mmu_env *e = *state;
	struct tlb *other = tlb_create(e->gpu, "other", 16, false);

	env_map(e, VA, 12, PA1, PTE_VALID);
	expect_pa(e, VA, PA1);
	env_map(e, VA, 12, PA2, PTE_VALID);
	expect_pa_in(e, other, &e->as, VA, PA2);
	expect_pa(e, VA, PA1);
	tlb_destroy(e->gpu, other);
}

static uint64_t misses(struct mmu_env *e)
{
	mmu_sync_counters(e->gpu);
	return e->gpu->counters.tlb_misses;
}

static void test_capacity(void **state)
{
	struct mmu_env *e = *state;
	struct tlb *small = tlb_create(e->gpu, "small", 8, false);
	uint64_t before;
	unsigned int i, stale = 0;

	for (i = 0; i < 64; i++)
		env_map(e, VA + i * 0x1000, 12, PA1 + i * 0x1000, PTE_VALID);
	for (i = 0; i < 8; i++)
		expect_pa_in(e, small, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
	before = misses(e);
	for (i = 0; i < 8; i++)
		expect_pa_in(e, small, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
	assert_int_equal(misses(e), before);		/* eight fit */
	for (i = 8; i < 64; i++)
		expect_pa_in(e, small, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
	assert_int_equal(misses(e), before + 56);
	for (i = 0; i < 64; i++)
		env_map(e, VA + i * 0x1000, 12, PA2 + i * 0x1000, PTE_VALID);
	for (i = 0; i < 64; i++) {
		struct mmu_xlat x;

		env_translate_in(e, small, &e->as, VA + (63 - i) * 0x1000, MMU_READ, &x);
		stale += x.pa < PA2;
	}
	assert_int_equal(stale, 8);			/* the last eight, no more */
	tlb_destroy(e->gpu, small);
}

/* What is used between misses outlives what is not. */
static void test_used_entries_stay_longer(void **state)
{
	struct mmu_env *e = *state;
	struct tlb *t = tlb_create(e->gpu, "clock", 8, false);
	uint64_t before;

	for (unsigned int i = 0; i < 64; i++)
		env_map(e, VA + i * 0x1000, 12, PA1 + i * 0x1000, PTE_VALID);
	for (unsigned int i = 0; i < 8; i++)
		expect_pa_in(e, t, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
	before = misses(e);
	for (unsigned int i = 8; i < 64; i++) {
		expect_pa_in(e, t, &e->as, VA + 0x7000, PA1 + 0x7000);
		expect_pa_in(e, t, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
	}
	assert_int_equal(misses(e), before + 56);	/* page 7 never missed */
	tlb_destroy(e->gpu, t);
}

/* Two runs of one access pattern leave the same entries behind. */
static void test_replacement_is_deterministic(void **state)
{
	struct mmu_env *e = *state;
	uint64_t delta[2];

	for (unsigned int i = 0; i < 64; i++)
		env_map(e, VA + i * 0x1000, 12, PA1 + i * 0x1000, PTE_VALID);
	for (unsigned int run = 0; run < 2; run++) {
		struct tlb *t = tlb_create(e->gpu, "run", 12, false);
		uint32_t rnd = 12345;

		delta[run] = misses(e);
		for (unsigned int i = 0; i < 5000; i++) {
			unsigned int page = (rnd >> 16) % 20;

			rnd = rnd * 1103515245 + 12345;
			expect_pa_in(e, t, &e->as, VA + page * 0x1000, PA1 + page * 0x1000);
		}
		delta[run] = misses(e) - delta[run];
		tlb_destroy(e->gpu, t);
	}
	assert_int_equal(delta[0], delta[1]);
	assert_in_range(delta[0], 100, 4999);
}

static void test_permissions(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_as priv = e->as;
	struct mmu_xlat x;

	env_map(e, VA, 12, PA1, PTE_VALID | PTE_RO);
	for (unsigned int pass = 0; pass < 2; pass++) {	/* miss, then hit */
		expect_fault(e, VA, MMU_WRITE, NV_PFAULT_FAULT_TYPE_RO_VIOLATION);
		expect_fault(e, VA, MMU_ATOMIC, NV_PFAULT_FAULT_TYPE_RO_VIOLATION);
		expect_pa(e, VA, PA1);
		assert_int_equal(env_translate(e, VA, MMU_PREFETCH, &x), MMU_OK);
	}
	env_map(e, VA + 0x1000, 12, PA1, PTE_VALID | PTE_NO_ATOMIC);
	for (unsigned int pass = 0; pass < 2; pass++) {
		expect_fault(e, VA + 0x1000, MMU_ATOMIC, NV_PFAULT_FAULT_TYPE_ATOMIC_VIOLATION);
		assert_int_equal(env_translate(e, VA + 0x1000, MMU_WRITE, &x), MMU_OK);
		expect_pa(e, VA + 0x1000, PA1);
	}
	env_map(e, VA + 0x2000, 12, PA1, PTE_VALID | PTE_PRIV);
	expect_fault(e, VA + 0x2000, MMU_READ, NV_PFAULT_FAULT_TYPE_PRIV_VIOLATION);
	priv.privileged = true;
	expect_pa_in(e, e->tlb, &priv, VA + 0x2000, PA1);
	expect_fault(e, VA + 0x2000, MMU_READ, NV_PFAULT_FAULT_TYPE_PRIV_VIOLATION);
	/* loosened without an invalidate: the old rights hold */
	env_map(e, VA, 12, PA1, PTE_VALID);
	expect_fault(e, VA, MMU_WRITE, NV_PFAULT_FAULT_TYPE_RO_VIOLATION);
	flush_va(e, VA, 0);
	assert_int_equal(env_translate(e, VA, MMU_WRITE, &x), MMU_OK);
	/* and tightened */
	env_map(e, VA, 12, PA1, PTE_VALID | PTE_RO);
	assert_int_equal(env_translate(e, VA, MMU_WRITE, &x), MMU_OK);
}

static void test_bad_pages(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_as unbound = e->as;
	struct mmu_xlat x;

	env_map(e, VA, 12, PA1, PTE_VALID | PTE_PEER);
	expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_UNSUPPORTED_APERTURE);
	env_map(e, VA + 0x1000, 12, PA1, PTE_VALID | 7ull << 56);
	expect_fault(e, VA + 0x1000, MMU_READ, NV_PFAULT_FAULT_TYPE_UNSUPPORTED_KIND);
	env_map(e, VA + 0x2000, 12, 64ull << 20, PTE_VALID);	/* past video memory */
	expect_fault(e, VA + 0x2000, MMU_READ, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	expect_fault(e, 0x2000000000000ull, MMU_READ, NV_PFAULT_FAULT_TYPE_VA_LIMIT_VIOLATION);
	unbound.valid = false;
	assert_int_equal(env_translate_in(e, e->tlb, &unbound, VA, MMU_READ, &x), MMU_FAULT);
	assert_int_equal(x.fault_type, NV_PFAULT_FAULT_TYPE_UNBOUND_INST_BLOCK);
}

static void test_canonical_upper_half(void **state)
{
	struct mmu_env *e = *state;
	uint64_t va49 = 0x1800000000000ull;

	env_map(e, va49, 12, PA1, PTE_VALID);
	expect_pa(e, va49, PA1);
	expect_pa(e, 0xffff800000000000ull, PA1);
	env_map(e, va49, 12, PA2, PTE_VALID);
	flush_va(e, 0xffff800000000000ull, 0);
	expect_pa(e, va49, PA2);
	expect_pa(e, 0xffff800000000000ull, PA2);
}

static void test_sparse(void **state)
{
	struct mmu_env *e = *state;
	uint8_t buf[16] = { 1, 2, 3 };
	struct mmu_xlat x;

	env_map(e, VA, 12, 0, PTE_VOL);
	assert_int_equal(env_translate(e, VA + 0x10, MMU_WRITE, &x), MMU_OK);
	assert_true(x.sparse);
	assert_null(x.ptr);
	assert_int_equal(x.len, 0x1000 - 0x10);
	assert_int_equal(mmu_copy_to(e->gpu, e->tlb, &e->as, VA, buf, 16, &x), 16);
	assert_int_equal(mmu_copy_from(e->gpu, e->tlb, &e->as, VA, buf, 16, &x), 16);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(buf[i], 0);
}

static void test_system_memory(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_xlat x;

	env_map(e, VA, 12, 0x5000, PTE_VALID | PTE_SYS_COH);
	env_map(e, VA + 0x1000, 12, 0x6000, PTE_VALID | PTE_SYS_NCOH);
	assert_int_equal(env_translate(e, VA + 4, MMU_WRITE, &x), MMU_OK);
	assert_ptr_equal(x.ptr, sim_mem(e->sim, 0x5004, 4));
	assert_int_equal(x.aperture, APERTURE_SYS_COH);
	assert_int_equal(env_translate(e, VA + 0x1000, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.aperture, APERTURE_SYS_NCOH);
	/* the DMA map is looked at on every access, cached entry or not */
	sim_dma_allow(e->sim, 0x5000, 0x1000, true, false);
	expect_fault(e, VA, MMU_WRITE, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	assert_int_equal(env_translate(e, VA, MMU_READ, &x), MMU_OK);
	sim_dma_allow(e->sim, 0x5000, 0x1000, false, false);
	expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	assert_int_equal(sim_dma_depth(e->sim), 0);
}

/* A 64 KiB page of which the device may use only some 4 KiB. */
static void test_large_page_with_holes(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_xlat x;

	env_map(e, VA, 16, 0x40000, PTE_VALID | PTE_SYS_COH);
	assert_int_equal(env_translate(e, VA, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.len, 0x10000);
	sim_dma_allow(e->sim, 0x42000, 0x1000, false, false);
	assert_int_equal(env_translate(e, VA + 0x10, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.len, 0x1000 - 0x10);
	expect_fault(e, VA + 0x2000, MMU_READ, NV_PFAULT_FAULT_TYPE_REGION_VIOLATION);
	assert_int_equal(env_translate(e, VA + 0x3000, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.len, 0xd000);
}

static void test_copy(void **state)
{
	struct mmu_env *e = *state;
	uint8_t out[0x2000], in[0x2000];
	struct mmu_xlat x;

	for (unsigned int i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + (i >> 8);
	env_map(e, VA, 12, PA1, PTE_VALID);
	env_map(e, VA + 0x1000, 12, PA2, PTE_VALID);
	env_map(e, VA + 0x2000, 12, 0x9000, PTE_VALID | PTE_SYS_COH);
	assert_int_equal(mmu_copy_to(e->gpu, e->tlb, &e->as, VA + 0x800, out, 0x2000, &x), 0x2000);
	assert_memory_equal(sim_vram(e->sim, PA1 + 0x800, 0x800), out, 0x800);
	assert_memory_equal(sim_vram(e->sim, PA2, 0x1000), out + 0x800, 0x1000);
	assert_memory_equal(sim_mem(e->sim, 0x9000, 0x800), out + 0x1800, 0x800);
	assert_int_equal(mmu_copy_from(e->gpu, e->tlb, &e->as, VA + 0x800, in, 0x2000, &x), 0x2000);
	assert_memory_equal(in, out, 0x2000);
	/* stops at the first page that is not there */
	assert_int_equal(mmu_copy_from(e->gpu, e->tlb, &e->as, VA + 0x2400, in, 0x1000, &x), 0xc00);
	assert_int_equal(x.fault_type, NV_PFAULT_FAULT_TYPE_PTE);
}

/*
 * An engine writes through whatever translation it gets while the guest moves
 * the page back and forth. Once an invalidate returned, nothing may reach the
 * page that was taken away.
 */
struct race {
	struct mmu_env *e;
	_Atomic bool stop;
	_Atomic unsigned int writes;
};

static void *race_writer(void *opaque)
{
	struct race *r = opaque;
	struct mmu_xlat x;

	while (!atomic_load(&r->stop)) {
		tlb_lock(r->e->tlb);
		for (unsigned int i = 0; i < 16 && !tlb_contended(r->e->tlb); i++)
			if (mmu_translate(r->e->gpu, r->e->tlb, &r->e->as, VA, MMU_WRITE,
					  &x) == MMU_OK) {
				/* as long as an access may take */
				sched_yield();
				*(volatile uint32_t *)x.ptr = 0xdeadbeef;
			}
		tlb_unlock(r->e->tlb);
		atomic_fetch_add(&r->writes, 1);
	}
	return NULL;
}

/* Let the writer in, or the test would be over before it began. */
static void wait_for_writes(struct race *r)
{
	unsigned int seen = atomic_load(&r->writes);

	while (atomic_load(&r->writes) == seen)
		sched_yield();
}

static void test_invalidate_against_access(void **state)
{
	struct mmu_env *e = *state;
	struct race r = { .e = e };
	pthread_t thread;

	env_map(e, VA, 12, PA1, PTE_VALID);
	assert_int_equal(pthread_create(&thread, NULL, race_writer, &r), 0);
	for (unsigned int i = 0; i < 2000; i++) {
		uint64_t to = i & 1 ? PA1 : PA2, from = i & 1 ? PA2 : PA1;
		uint32_t *taken = sim_vram(e->sim, from, 4);

		env_map(e, VA, 12, to, PTE_VALID);
		flush_va(e, VA, 0);
		if (i % 8 == 0)
			wait_for_writes(&r);
		/* ours now: under ThreadSanitizer a late write is a race, too */
		*taken = i;
		for (unsigned int look = 0; look < 10; look++) {
			assert_int_equal(*(volatile uint32_t *)taken, i);
			sched_yield();
		}
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_translation),
		T(test_stale_until_invalidated),
		T(test_invalid_entries_stay),
		T(test_directory_miss_covers_its_range),
		T(test_va_scope),
		T(test_va_scope_of_large_pages),
		T(test_pdb_scope),
		T(test_levels),
		T(test_hub_only),
		T(test_tlbs_are_separate),
		T(test_capacity),
		T(test_used_entries_stay_longer),
		T(test_replacement_is_deterministic),
		T(test_permissions),
		T(test_bad_pages),
		T(test_canonical_upper_half),
		T(test_sparse),
		T(test_system_memory),
		T(test_large_page_with_holes),
		T(test_copy),
		T(test_invalidate_against_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
