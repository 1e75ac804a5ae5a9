// SPDX-License-Identifier: MIT
/* --paranoid finds entries that outlive their page, and nothing else. */
#include "hwtest.h"

#include <time.h>
#include <unistd.h>

#include "mmu_env.h"

#define SECOND	1000000000ull
#define VA	0x7f0000000000ull

static void touch(struct mmu_env *e, uint64_t va)
{
	struct mmu_xlat x;

	assert_int_equal(env_translate(e, va, MMU_READ, &x), MMU_OK);
}

static unsigned int audit_after(struct mmu_env *e, uint64_t ns)
{
	sim_advance(e->sim, ns);
	return mmu_audit(e->gpu);
}

static void test_a_true_entry(void **state)
{
	struct mmu_env *e = *state;

	env_map(e, VA, 12, 0x200000, PTE_VALID);
	env_map(e, VA + 0x10000, 16, 0x210000, PTE_VALID);
	env_map(e, VA + 0x200000, 21, 0x400000, PTE_VALID);
	touch(e, VA);
	touch(e, VA + 0x10000);
	touch(e, VA + 0x234000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(audit_after(e, SECOND), 0);
}

static void test_a_forgotten_invalidate(void **state)
{
	struct mmu_env *e = *state;

	env_map(e, VA, 12, 0x3000, PTE_VALID | PTE_SYS_COH);
	touch(e, VA);
	env_map(e, VA, 12, 0, 0);
	assert_int_equal(audit_after(e, 1), 0);			/* seen, still within its time */
	assert_int_equal(audit_after(e, SECOND - 2), 0);
	assert_int_equal(audit_after(e, 2), 1);
	assert_int_equal(audit_after(e, 5 * SECOND), 0);	/* once */
	assert_int_equal(e->gpu->counters.tlb_stale_entries, 1);
}

static void test_an_invalidate_in_time(void **state)
{
	struct mmu_env *e = *state;

	env_map(e, VA, 12, 0x200000, PTE_VALID);
	touch(e, VA);
	env_map(e, VA, 12, 0, 0);
	assert_int_equal(audit_after(e, SECOND / 2), 0);
	env_invalidate(e, (struct mmu_invalidate){ .all_va = true, .all_pdb = true });
	assert_int_equal(audit_after(e, 5 * SECOND), 0);
	assert_int_equal(audit_after(e, 5 * SECOND), 0);
}

/* Each kind of downgrade counts, each kind of upgrade does not. */
static void test_changes(void **state)
{
	static const struct {
		uint64_t pa, flags;
		unsigned int want;
	} to[] = {
		{ 0x201000, PTE_VALID, 1 },			/* other page */
		{ 0x200000, PTE_VALID | PTE_SYS_COH, 1 },	/* other memory */
		{ 0x200000, PTE_VALID | PTE_RO, 1 },
		{ 0x200000, PTE_VALID | PTE_PRIV, 1 },
		{ 0, PTE_VOL, 1 },				/* sparse */
		{ 0x200000, PTE_VALID | PTE_VOL, 0 },
		{ 0x200000, PTE_VALID | PTE_NO_ATOMIC, 0 },
	};
	struct mmu_env *e = *state;

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		env_map(e, VA, 12, 0x200000, PTE_VALID);
		env_invalidate(e, (struct mmu_invalidate){ .all_va = true, .all_pdb = true });
		touch(e, VA);
		env_map(e, VA, 12, to[i].pa, to[i].flags);
		assert_int_equal(audit_after(e, 1), 0);
		assert_int_equal(audit_after(e, SECOND), to[i].want);
	}
	/* from read-only to writable */
	env_map(e, VA, 12, 0x200000, PTE_VALID | PTE_RO);
	env_invalidate(e, (struct mmu_invalidate){ .all_va = true, .all_pdb = true });
	touch(e, VA);
	env_map(e, VA, 12, 0x200000, PTE_VALID);
	assert_int_equal(audit_after(e, SECOND), 0);
	assert_int_equal(audit_after(e, SECOND), 0);
}

static void test_thread(void **state)
{
	struct sim_config c = { .gpu = { .paranoid = true } };
	struct mmu_env e = { .next_table = 0x100000 };

	hwtest_quiet();
	e.sim = sim_create(&c);
	e.gpu = sim_gpu(e.sim);
	e.as = env_new_as(&e);
	e.tlb = tlb_create(e.gpu, "test", 64, false);
	env_map(&e, VA, 12, 0x200000, PTE_VALID);
	touch(&e, VA);
	env_map(&e, VA, 12, 0, 0);
	for (int i = 0; i < 200 && !e.gpu->counters.tlb_stale_entries; i++)
		usleep(50000);
	assert_int_equal(e.gpu->counters.tlb_stale_entries, 1);
	tlb_destroy(e.gpu, e.tlb);
	sim_destroy(e.sim);
}

#define T(f) cmocka_unit_test_setup_teardown(f, env_setup, env_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_true_entry),
		T(test_a_forgotten_invalidate),
		T(test_an_invalidate_in_time),
		T(test_changes),
		cmocka_unit_test(test_thread),
	};

	return cmocka_run_group_tests_name("paranoid", tests, NULL, NULL);
}
