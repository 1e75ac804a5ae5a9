// SPDX-License-Identifier: MIT
/*
 * Instance blocks written as words: 128/129 for Host and CE, 166/167 and
 * 168 + 4i for subcontexts, as dev_ram.ref lays them out.
 */
#include "mmu_env.h"

#include "inst.h"

#define INST	0x300000ull
#define FORMAT	0xc00u		/* VER2 page tables, 64 KiB big pages */
#define TEX	0x10u
#define GCC	0x20u

static int setup(void **state)
{
	struct mmu_env *e = malloc(sizeof(*e));
	uint32_t *w;

	env_create(e, NULL);
	w = sim_vram(e->sim, INST, 4096);
	memset(w, 0, 4096);
	for (unsigned int i = 0; i < 64; i++)
		w[168 + 4 * i] = w[169 + 4 * i] = 1;	/* target invalid */
	*state = e;
	return 0;
}

static uint32_t *words(struct mmu_env *e)
{
	return sim_vram(e->sim, INST, 4096);
}

static int decode(struct mmu_env *e, int veid, struct mmu_as *as)
{
	memset(as, 0xff, sizeof(*as));
	return inst_decode_as(e->gpu, APERTURE_VRAM, INST, veid, as);
}

static void test_main_directory(void **state)
{
	struct mmu_as as;

	words(*state)[128] = 0x87654000 | FORMAT | TEX | GCC | 4 /* VOL */ | 2 /* coherent */;
	words(*state)[129] = 0x12;
	assert_int_equal(decode(*state, -1, &as), 0);
	assert_true(as.valid);
	assert_int_equal(as.pdb, 0x1287654000ull);
	assert_int_equal(as.pdb_aperture, APERTURE_SYS_COH);
	assert_int_equal(as.inst, INST);
	assert_int_equal(as.inst_aperture, APERTURE_VRAM);
	assert_true(as.replay_tex && as.replay_gcc);
	assert_false(as.privileged);
	words(*state)[128] = 0x5000 | FORMAT | GCC;
	assert_int_equal(decode(*state, -1, &as), 0);
	assert_int_equal(as.pdb_aperture, APERTURE_VRAM);
	assert_true(!as.replay_tex && as.replay_gcc);
	words(*state)[128] = 0x5000 | FORMAT | TEX | 3;
	assert_int_equal(decode(*state, -1, &as), 0);
	assert_int_equal(as.pdb_aperture, APERTURE_SYS_NCOH);
	assert_true(as.replay_tex && !as.replay_gcc);
}

static void test_refused(void **state)
{
	static const uint32_t bad[] = {
		0x5000 | FORMAT | 1,	/* target invalid: unbind */
		0x5000 | 0x400,		/* 128 KiB big pages */
		0x5000 | 0x800,		/* old page tables */
		0x5000,
	};
	struct mmu_as as;

	for (unsigned int i = 0; i < 4; i++) {
		words(*state)[128] = bad[i];
		assert_int_equal(decode(*state, -1, &as), -1);
		assert_false(as.valid);
		assert_int_equal(as.inst, INST);
	}
}

static void test_unreadable(void **state)
{
	struct mmu_env *e = *state;
	struct mmu_as as;

	words(e)[128] = 0x5000 | FORMAT;
	assert_int_equal(decode(e, -1, &as), 0);
	assert_int_equal(inst_decode_as(e->gpu, APERTURE_VRAM, 1ull << 40, -1, &as), -1);
	assert_false(as.valid);
	assert_int_equal(inst_decode_as(e->gpu, APERTURE_PEER, INST, -1, &as), -1);
	sim_dma_allow(e->sim, 0x8000, 0x1000, false, false);
	assert_int_equal(inst_decode_as(e->gpu, APERTURE_SYS_COH, 0x8000, -1, &as), -1);
	assert_int_equal(sim_dma_depth(e->sim), 0);
}

static void test_in_system_memory(void **state)
{
	struct mmu_env *e = *state;
	uint32_t *w = sim_mem(e->sim, 0x8000, 4096);
	struct mmu_as as;

	w[128] = 0x5000 | FORMAT;
	assert_int_equal(inst_decode_as(e->gpu, APERTURE_SYS_NCOH, 0x8000, -1, &as), 0);
	assert_int_equal(as.inst_aperture, APERTURE_SYS_NCOH);
	assert_int_equal(as.pdb, 0x5000);
}

static void test_subcontexts(void **state)
{
	uint32_t *w = words(*state);
	struct mmu_as as;

	w[128] = 0x5000 | FORMAT;
	/* not announced in SC_PDB_VALID: unbound, whatever word 128 says */
	w[168] = 0x6000 | FORMAT | TEX | GCC;
	w[169] = 0;
	assert_int_equal(decode(*state, 0, &as), -1);
	w[166] = 1;
	assert_int_equal(decode(*state, 0, &as), 0);
	assert_int_equal(as.pdb, 0x6000);
	assert_true(as.replay_tex && as.replay_gcc);
	assert_int_equal(decode(*state, 1, &as), -1);
	/* subcontext 33: word 168 + 132, bit 1 of word 167 */
	w[167] = 2;
	w[168 + 132] = 0x7000 | FORMAT | TEX | GCC | 2;
	w[169 + 132] = 3;
	assert_int_equal(decode(*state, 33, &as), 0);
	assert_int_equal(as.pdb, 0x300007000ull);
	assert_int_equal(as.pdb_aperture, APERTURE_SYS_COH);
	/* announced but with target invalid: unbound */
	w[166] = 3;
	assert_int_equal(decode(*state, 1, &as), -1);
}

/* Replay and format bits come from the subcontext bound last. */
static void test_last_subcontext_rules(void **state)
{
	uint32_t *w = words(*state);
	struct mmu_as as;

	w[166] = 1 | 1 << 4 | 1 << 9;
	w[168] = 0x6000 | FORMAT | TEX | GCC;
	w[169] = 0;
	w[168 + 4 * 4] = 0x7000 | FORMAT | TEX;
	assert_int_equal(decode(*state, 0, &as), 0);
	assert_int_equal(as.pdb, 0x6000);
	assert_true(as.replay_tex && !as.replay_gcc);
	/* 9 is an unbind: it does not count. Then it is bound, in the wrong format */
	w[168 + 4 * 9] = 1 | GCC;
	assert_int_equal(decode(*state, 0, &as), 0);
	assert_false(as.replay_gcc);
	w[168 + 4 * 9] = 0x8000 | GCC;
	assert_int_equal(decode(*state, 0, &as), -1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, env_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_main_directory),
		T(test_refused),
		T(test_unreadable),
		T(test_in_system_memory),
		T(test_subcontexts),
		T(test_last_subcontext_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
