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

static void test_stale_until_invalidated(void **state)
{
	struct mmu_env *e = *state;

	env_map(e, VA, 12, PA1, PTE_VALID);
	env_expect_pa(e, VA, PA1);
	env_map(e, VA, 12, PA2, PTE_VALID);
	env_expect_pa(e, VA, PA1);
	env_map(e, VA, 12, 0, 0);
	env_expect_pa(e, VA + 8, PA1 + 8);
	env_map(e, VA, 12, PA2, PTE_VALID);
	env_flush_pdb(e, &e->as);
	env_expect_pa(e, VA, PA2);
}

static void test_invalid_entries_stay(void **state)
{
	struct mmu_env *e = *state;

	env_slot(e, &e->as, VA, 12);
	env_expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_PTE);
	env_map(e, VA, 12, PA1, PTE_VALID);
	env_expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_PTE);
	/* an invalid 4 KiB entry says nothing about the page next to it */
	env_map(e, VA + 0x1000, 12, PA2, PTE_VALID);
	env_expect_pa(e, VA + 0x1000, PA2);
	env_flush_pdb(e, &e->as);
	env_expect_pa(e, VA, PA1);
}

/* A miss in a directory denies everything below that entry. */
static void test_directory_miss_covers_its_range(void **state)
{
	struct mmu_env *e = *state;

	env_pd1_slot(e, &e->as, VA);
	env_expect_fault(e, VA, MMU_READ, NV_PFAULT_FAULT_TYPE_PDE);
	env_map(e, VA - 0x10000000, 12, PA1, PTE_VALID);	/* same 512 MiB, other 2 MiB */
	env_expect_fault(e, VA - 0x10000000, MMU_READ, NV_PFAULT_FAULT_TYPE_PDE);
	/* an invalidate of one page in there takes the whole entry away */
	env_flush_va(e, VA + 0x3000, 0);
	env_expect_pa(e, VA - 0x10000000, PA1);
}

static void test_va_scope(void **state)
{
	struct mmu_env *e = *state;

	for (unsigned int i = 0; i < 8; i++) {
		env_map(e, VA + i * 0x1000, 12, PA1 + i * 0x1000, PTE_VALID);
		env_expect_pa(e, VA + i * 0x1000, PA1 + i * 0x1000);
		env_map(e, VA + i * 0x1000, 12, PA2 + i * 0x1000, PTE_VALID);
	}
	env_flush_va(e, VA + 0x5000, 0);
	for (unsigned int i = 0; i < 8; i++)
		env_expect_pa(e, VA + i * 0x1000, (i == 5 ? PA2 : PA1) + i * 0x1000);
	env_flush_va(e, VA + 0x3000, 1);	/* 8 KiB, aligned down: pages 2 and 3 */
	for (unsigned int i = 0; i < 8; i++)
		env_expect_pa(e, VA + i * 0x1000,
			  (i == 5 || i == 2 || i == 3 ? PA2 : PA1) + i * 0x1000);
	env_flush_va(e, VA, 63);
	env_expect_pa(e, VA, PA2);
}

/* One 4 KiB in the middle of a large page drops the large page. */
static void test_va_scope_of_large_pages(void **state)
{
	struct mmu_env *e = *state;

	env_map(e, VA, 21, PA1, PTE_VALID);
	env_expect_pa(e, VA & ~0x1fffffull, PA1);
	env_map(e, VA, 21, PA2, PTE_VALID);
	env_flush_va(e, (VA & ~0x1fffffull) + 0x200000, 0);
	env_expect_pa(e, VA & ~0x1fffffull, PA1);
	env_flush_va(e, (VA & ~0x1fffffull) + 0x1ff000, 0);
	env_expect_pa(e, VA & ~0x1fffffull, PA2);
}

static void test_pdb_scope(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_as other = env_new_as(e);

	env_map(e, VA, 12, PA1, PTE_VALID);
	env_map_in(e, &other, VA, 12, PA2, PTE_VALID);
	env_expect_pa(e, VA, PA1);
	env_expect_pa_in(e, e->tlb, &other, VA, PA2);
	env_map(e, VA, 12, PA1 + 0x1000, PTE_VALID);
	env_map_in(e, &other, VA, 12, PA2 + 0x1000, PTE_VALID);
	env_flush_pdb(e, &other);
	env_expect_pa(e, VA, PA1);
	env_expect_pa_in(e, e->tlb, &other, VA, PA2 + 0x1000);
	/* the same address in system memory is another directory */
	env_invalidate(e, (struct mmu_invalidate){
		.all_va = true, .pdb = e->as.pdb, .pdb_aperture = APERTURE_SYS_COH });
	env_expect_pa(e, VA, PA1);
	env_flush_pdb(e, &e->as);
	env_expect_pa(e, VA, PA1 + 0x1000);
}

static void test_levels(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_invalidate inv = { .all_va = true, .all_pdb = true };
	uint64_t pd0 = env_pd0_slot(e, &e->as, VA), old_table, new_table;

	env_map(e, VA, 12, PA1, PTE_VALID);
	env_expect_pa(e, VA, PA1);
	/* swap the page table for another one */
	old_table = *env_qword(e, pd0 + 8);
	new_table = env_table(e);
	env_store(e, new_table + (VA >> 12 & 0x1ff) * 8, PA2 >> 4 | PTE_VALID);
	env_store(e, pd0 + 8, new_table >> 4 | 2);
	inv.level = 1;	/* PTE only: the directory entry stays cached */
	env_invalidate(e, inv);
	env_expect_pa(e, VA, PA1);
	inv.level = 2;	/* up to PDE0 */
	env_invalidate(e, inv);
	env_expect_pa(e, VA, PA2);
	/* a 2 MiB PTE lives in PD0 */
	env_store(e, pd0 + 8, 0);
	env_map(e, VA, 21, PA1, PTE_VALID);
	env_invalidate(e, inv);
	env_expect_pa(e, VA, PA1 + 0x100000);
	env_map(e, VA, 21, PA2, PTE_VALID);
	inv.level = 1;
	env_invalidate(e, inv);
	env_expect_pa(e, VA, PA1 + 0x100000);
	inv.level = 0;	/* everything */
	env_invalidate(e, inv);
	env_expect_pa(e, VA, PA2 + 0x100000);
	assert_int_not_equal(old_table, 0);
}

static void test_hub_only(void **state)
{
	struct mmu_env *e = *state;
	struct tlb *hub = tlb_create(e->gpu, "hub", 16, true);
	struct mmu_invalidate inv = { .all_va = true, .all_pdb = true, .hub_only = true };

	env_map(e, VA, 12, PA1, PTE_VALID);
	env_expect_pa(e, VA, PA1);
	env_expect_pa_in(e, hub, &e->as, VA, PA1);
	env_map(e, VA, 12, PA2, PTE_VALID);
	env_invalidate(e, inv);
	env_expect_pa(e, VA, PA1);
	env_expect_pa_in(e, hub, &e->as, VA, PA2);
	env_map(e, VA, 12, PA2 + 0x1000, PTE_VALID);
	inv.hub_only = false;	/* GPCs as well, never without the hub */
	env_invalidate(e, inv);
	env_expect_pa(e, VA, PA2 + 0x1000);
	env_expect_pa_in(e, hub, &e->as, VA, PA2 + 0x1000);
	tlb_destroy(e->gpu, hub);
}

/* TLBs know nothing of each other. */
static void test_tlbs_are_separate(void **state)
{
	struct mmu_env *e = *state;
	struct tlb *other = tlb_create(e->gpu, "other", 16, false);

	env_map(e, VA, 12, PA1, PTE_VALID);
	env_expect_pa(e, VA, PA1);
	env_map(e, VA, 12, PA2, PTE_VALID);
	env_expect_pa_in(e, other, &e->as, VA, PA2);
	env_expect_pa(e, VA, PA1);
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
		env_expect_pa_in(e, small, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
	before = misses(e);
	for (i = 0; i < 8; i++)
		env_expect_pa_in(e, small, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
	assert_int_equal(misses(e), before);		/* eight fit */
	for (i = 8; i < 64; i++)
		env_expect_pa_in(e, small, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
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
		env_expect_pa_in(e, t, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
	before = misses(e);
	for (unsigned int i = 8; i < 64; i++) {
		env_expect_pa_in(e, t, &e->as, VA + 0x7000, PA1 + 0x7000);
		env_expect_pa_in(e, t, &e->as, VA + i * 0x1000, PA1 + i * 0x1000);
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
			env_expect_pa_in(e, t, &e->as, VA + page * 0x1000, PA1 + page * 0x1000);
		}
		delta[run] = misses(e) - delta[run];
		tlb_destroy(e->gpu, t);
	}
	assert_int_equal(delta[0], delta[1]);
	assert_in_range(delta[0], 100, 4999);
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
		env_flush_va(e, VA, 0);
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

#define T(name) cmocka_unit_test_setup_teardown(name, env_setup, env_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		T(test_invalidate_against_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
