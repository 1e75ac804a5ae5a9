/* SPDX-License-Identifier: MIT */
/*
 * A simulated GPU with one address space whose page tables a test fills in by
 * hand: entries are plain numbers built from the bit positions in dev_mmu.ref,
 * not by any encoder of the model or the driver.
 */
#ifndef TESTS_HW_MMU_ENV_H
#define TESTS_HW_MMU_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gpu.h"
#include "log.h"
#include "mmu.h"
#include "sim.h"

/* Flags of a PTE */
#define PTE_VALID	0x01ull
#define PTE_SYS_COH	0x04ull
#define PTE_SYS_NCOH	0x06ull
#define PTE_PEER	0x02ull
#define PTE_VOL		0x08ull
#define PTE_PRIV	0x20ull
#define PTE_RO		0x40ull
#define PTE_NO_ATOMIC	0x80ull

struct mmu_env {
	struct sim *sim;
	struct gpu *gpu;
	struct tlb *tlb;
	struct mmu_as as;
	uint64_t next_table;	/* tables come from video memory at 1 MiB */
};

static inline uint64_t *env_qword(struct mmu_env *e, uint64_t pa)
{
	return sim_vram(e->sim, pa, 8);
}

static inline void env_store(struct mmu_env *e, uint64_t pa, uint64_t val)
{
	__atomic_store_n(env_qword(e, pa), val, __ATOMIC_RELEASE);
}

static inline uint64_t env_table(struct mmu_env *e)
{
	uint64_t pa = e->next_table;

	e->next_table += 0x1000;
	memset(sim_vram(e->sim, pa, 0x1000), 0, 0x1000);
	return pa;
}

/* Follow or make the PDE at @slot; children in video memory (aperture 1). */
static inline uint64_t env_child(struct mmu_env *e, uint64_t slot)
{
	uint64_t pde = *env_qword(e, slot);

	if (!(pde & 6)) {
		pde = env_table(e) >> 4 | 2;
		env_store(e, slot, pde);
	}
	return (pde & 0x1ffffff00ull) << 4;
}

static inline uint64_t env_pd1_slot(struct mmu_env *e, const struct mmu_as *as, uint64_t va)
{
	uint64_t pd2 = env_child(e, as->pdb + (va >> 47 & 3) * 8);

	return env_child(e, pd2 + (va >> 38 & 0x1ff) * 8) + (va >> 29 & 0x1ff) * 8;
}

static inline uint64_t env_pd0_slot(struct mmu_env *e, const struct mmu_as *as, uint64_t va)
{
	return env_child(e, env_pd1_slot(e, as, va)) + (va >> 21 & 0xff) * 16;
}

/* Where the PTE of @va lies; makes all tables above it. */
static inline uint64_t env_slot(struct mmu_env *e, const struct mmu_as *as, uint64_t va,
				unsigned int shift)
{
	uint64_t pd0 = env_pd0_slot(e, as, va);

	if (shift == 21)
		return pd0;
	if (shift == 16)
		return env_child(e, pd0) + (va >> 16 & 0x1f) * 8;
	return env_child(e, pd0 + 8) + (va >> 12 & 0x1ff) * 8;
}

/* Map @va to @pa; @flags of the PTE. No invalidate: that is up to the test. */
static inline void env_map_in(struct mmu_env *e, const struct mmu_as *as, uint64_t va,
			      unsigned int shift, uint64_t pa, uint64_t flags)
{
	env_store(e, env_slot(e, as, va, shift), pa >> 4 | flags);
}

static inline void env_map(struct mmu_env *e, uint64_t va, unsigned int shift, uint64_t pa,
			   uint64_t flags)
{
	env_map_in(e, &e->as, va, shift, pa, flags);
}

static inline struct mmu_as env_new_as(struct mmu_env *e)
{
	return (struct mmu_as){
		.inst = env_table(e), .inst_aperture = APERTURE_VRAM,
		.pdb = env_table(e), .pdb_aperture = APERTURE_VRAM,
		.valid = true, .replay_tex = true, .replay_gcc = true,
	};
}

static inline void env_create(struct mmu_env *e, const char *inject)
{
	const struct sim_config config = {
		.gpu.inject = inject,
		.stepped_clock = true,
	};

	log_mask = 0;	/* tests provoke guest errors */
	memset(e, 0, sizeof(*e));
	e->sim = sim_create(&config);
	e->gpu = sim_gpu(e->sim);
	e->next_table = 0x100000;
	e->as = env_new_as(e);
	e->tlb = tlb_create(e->gpu, "test", 64, false);
	assert_non_null(e->tlb);
}

static inline void env_destroy(struct mmu_env *e)
{
	tlb_destroy(e->gpu, e->tlb);
	sim_destroy(e->sim);
}

static inline enum mmu_result env_translate_in(struct mmu_env *e, struct tlb *tlb,
					       const struct mmu_as *as, uint64_t va,
					       enum mmu_access access, struct mmu_xlat *x)
{
	enum mmu_result res;

	tlb_lock(tlb);
	res = mmu_translate(e->gpu, tlb, as, va, access, x);
	tlb_unlock(tlb);
	return res;
}

static inline enum mmu_result env_translate(struct mmu_env *e, uint64_t va,
					    enum mmu_access access, struct mmu_xlat *x)
{
	return env_translate_in(e, e->tlb, &e->as, va, access, x);
}

static inline void env_invalidate(struct mmu_env *e, struct mmu_invalidate inv)
{
	pthread_mutex_lock(&e->gpu->lock);
	mmu_invalidate(e->gpu, &inv);
	pthread_mutex_unlock(&e->gpu->lock);
}

static inline int env_setup(void **state)
{
	struct mmu_env *e = malloc(sizeof(*e));

	env_create(e, NULL);
	*state = e;
	return 0;
}

static inline int env_teardown(void **state)
{
	env_destroy(*state);
	free(*state);
	return 0;
}

static inline void env_expect_pa_in(struct mmu_env *e, struct tlb *tlb,
				    const struct mmu_as *as, uint64_t va, uint64_t pa)
{
	struct mmu_xlat x;

	assert_int_equal(env_translate_in(e, tlb, as, va, MMU_READ, &x), MMU_OK);
	assert_int_equal(x.pa, pa);
	assert_ptr_equal(x.ptr, sim_vram(e->sim, pa, 1));
}

static inline void env_expect_pa(struct mmu_env *e, uint64_t va, uint64_t pa)
{
	env_expect_pa_in(e, e->tlb, &e->as, va, pa);
}

static inline void env_expect_fault(struct mmu_env *e, uint64_t va, enum mmu_access access,
				    unsigned int type)
{
	struct mmu_xlat x;

	assert_int_equal(env_translate(e, va, access, &x), MMU_FAULT);
	assert_int_equal(x.fault_type, type);
	assert_null(x.ptr);
}

static inline void env_flush_pdb(struct mmu_env *e, const struct mmu_as *as)
{
	env_invalidate(e, (struct mmu_invalidate){
		.all_va = true, .pdb = as->pdb, .pdb_aperture = as->pdb_aperture });
}

static inline void env_flush_va(struct mmu_env *e, uint64_t va, unsigned int log2_pages)
{
	env_invalidate(e, (struct mmu_invalidate){
		.va = va, .size_log2_pages = log2_pages,
		.pdb = e->as.pdb, .pdb_aperture = e->as.pdb_aperture });
}

#endif
