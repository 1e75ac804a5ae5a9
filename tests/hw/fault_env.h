/* SPDX-License-Identifier: MIT */
/*
 * Faults as a test makes them. Register offsets and packet layout are written
 * out as the manuals give them, not taken from the model's headers.
 */
#ifndef TESTS_HW_FAULT_ENV_H
#define TESTS_HW_FAULT_ENV_H

#include "mmu_env.h"

/* dev_vm.ref, pri_mmu_hub.ref: i = 0 non-replayable, 1 replayable */
#define VF_LO(i)	(0xb83000 + 0x20 * (i))
#define VF_HI(i)	(0xb83004 + 0x20 * (i))
#define VF_GET(i)	(0xb83008 + 0x20 * (i))
#define VF_PUT(i)	(0xb8300c + 0x20 * (i))
#define VF_SIZE(i)	(0xb83010 + 0x20 * (i))
#define PF_LO(i)	(0x100e24 + 0x14 * (i))
#define PF_HI(i)	(0x100e28 + 0x14 * (i))
#define PF_GET(i)	(0x100e2c + 0x14 * (i))
#define PF_PUT(i)	(0x100e30 + 0x14 * (i))
#define PF_SIZE(i)	(0x100e34 + 0x14 * (i))
#define FAULT_ADDR_LO	0xb83080
#define FAULT_ADDR_HI	0xb83084
#define FAULT_INST_LO	0xb83088
#define FAULT_INST_HI	0xb8308c
#define FAULT_INFO	0xb83090
#define FAULT_STATUS	0xb83094
#define PAGE_FAULT_CTRL	0xb83070
#define LEAF(i)		(0xb81000 + 4 * (i))
#define BAR2_BLOCK	0xb80f48

#define ENABLE		0x80000000u
#define SET_DEFAULT	0x40000000u
#define OVERFLOW_INTR	0x20000000u
#define OVERFLOW	0x80000000u
#define CORRUPTED	0x40000000u
#define PHYSICAL	1u

#define N		0	/* non-replayable */
#define R		1	/* replayable */

#define BUF_N		0x3000000ull	/* in video memory */
#define BUF_R		0x3010000ull
#define ENTRIES		8
#define VA		0x7f1234500000ull
#define PA		0x2000000ull
#define PARKS		16

struct env {
	struct mmu_env m;
	struct mmu_park park[PARKS];
	struct mmu_as other;		/* a second address space, same engine */
};

static inline void enable(struct env *e, unsigned int i, uint64_t addr, uint32_t mode, uint32_t size)
{
	sim_wr32(e->m.sim, VF_SIZE(i), size);
	sim_wr32(e->m.sim, VF_HI(i), addr >> 32);
	sim_wr32(e->m.sim, VF_LO(i), (uint32_t)addr | mode);
	sim_wr32(e->m.sim, VF_SIZE(i), size | ENABLE);
}

static inline struct env *create(const char *inject)
{
	struct env *e = calloc(1, sizeof(*e));

	env_create(&e->m, inject);
	e->other = env_new_as(&e->m);
	enable(e, N, BUF_N, PHYSICAL, ENTRIES);
	enable(e, R, BUF_R, PHYSICAL, ENTRIES);
	return e;
}

static inline int setup(void **state)
{
	*state = create(NULL);
	return 0;
}

static inline int teardown(void **state)
{
	struct env *e = *state;

	env_destroy(&e->m);
	free(e);
	return 0;
}

static inline uint32_t rd(struct env *e, uint32_t off) { return sim_rd32(e->m.sim, off); }
static inline void wr(struct env *e, uint32_t off, uint32_t val) { sim_wr32(e->m.sim, off, val); }

/* Vector v is bit v % 32 of leaf v / 32; reading clears it here. */
static inline bool took_vector(struct env *e, unsigned int v)
{
	uint32_t bit = 1u << v % 32;
	bool set = rd(e, LEAF(v / 32)) & bit;

	wr(e, LEAF(v / 32), bit);
	return set;
}

static inline uint32_t *packet(struct env *e, unsigned int i, unsigned int index)
{
	return sim_vram(e->m.sim, (i == R ? BUF_R : BUF_N) + index * 32, 32);
}

static inline uint64_t packet_va(const uint32_t *p)
{
	return (uint64_t)p[3] << 32 | (p[2] & 0xfffff000);
}

static inline void expect_count(struct env *e, unsigned int i, unsigned int n)
{
	assert_int_equal(rd(e, VF_PUT(i)), n);
}

/* Access as T1 number @t1 of GPC @gpc with graphics engine id 64 would. */
static inline struct mmu_park *make_park(struct env *e, unsigned int i, uint64_t va,
				  enum mmu_access access)
{
	struct mmu_park *p = &e->park[i];

	*p = (struct mmu_park){
		.as = &e->m.as, .tlb = e->m.tlb, .va = va, .access = access,
		.client = { .engine_id = 64, .client = 0, .gpc = 0 },
	};
	return p;
}

static inline enum mmu_park_state fault(struct env *e, struct mmu_park *p)
{
	struct mmu_xlat x;

	assert_int_equal(env_translate_in(&e->m, p->tlb, p->as, p->va, p->access, &x), MMU_FAULT);
	p->fault_type = x.fault_type;
	return mmu_fault_replayable(e->m.gpu, p);
}

static inline struct mmu_park *park(struct env *e, unsigned int i, uint64_t va, enum mmu_access access)
{
	struct mmu_park *p = make_park(e, i, va, access);

	assert_int_equal(fault(e, p), MMU_PARKED);
	assert_int_equal(p->state, MMU_PARKED);
	return p;
}

static inline void fatal(struct env *e, uint64_t va)
{
	const struct mmu_client ce = { .engine_id = 15, .client = 1, .hub = true };

	mmu_fault_fatal(e->m.gpu, &e->m.as, &ce, va, MMU_WRITE, 2);
}

static inline void map(struct env *e, uint64_t va)
{
	env_map(&e->m, va, 12, PA + (va & 0xfff000), PTE_VALID);
}

static inline void replay(struct env *e, enum mmu_replay mode)
{
	env_invalidate(&e->m, (struct mmu_invalidate){
		.all_va = true, .all_pdb = true, .replay = mode });
}

static inline uint64_t where(struct env *e, uint64_t va)
{
	struct mmu_xlat x;

	return env_translate(&e->m, va, MMU_READ, &x) == MMU_OK ? x.pa : 0;
}

#endif
