/* SPDX-License-Identifier: MIT */
/* Launches that several threads work on, for the tests of that. */
#ifndef TESTS_HW_THREADS_ENV_H
#define TESTS_HW_THREADS_ENV_H

#include <time.h>

#include "launch.h"

#define THREADS		4
#define VRAM_VA		0x2000000000ull	/* a page of words everybody works on */
#define STOP		0x3ff00		/* in the data: not 0 ends the endless ones */

static struct gputest gt;
static struct launch_env e;
static uint64_t vram_pa;
static uint32_t *vram;

static inline void start(unsigned int threads)
{
	const struct sim_config config = { .gpu = { .threads = threads } };

	gt_create(&gt, &config);
	gt_faults_on(&gt, 0);
	gt_faults_on(&gt, 1);
	le_open(&e, &gt, 5);
	gt_runlist(&gt, 0, (struct gt_chan *[]){ &e.c }, 1);
	le_setup(&e);
	vram_pa = gt_vram(&gt, 0x1000, 0x1000);
	vram = sim_vram(gt.sim, vram_pa, 0x1000);
	gt_map(&e.vm, VRAM_VA, 12, vram_pa, GT_VRAM_RW);
}

static inline int setup(void **state)
{
	start(THREADS);
	return 0;
}

static inline int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static inline uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void store(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static inline void wait_for_change(const uint32_t *p, uint32_t was)
{
	for (unsigned int i = 0; i < 50000 && load(p) == was; i++)
		nanosleep(&(struct timespec){ 0, 100000 }, NULL);
	assert_int_not_equal(load(p), was);
}

#define CONST64(reg, v)	a_mov(reg, (uint32_t)(v)), a_mov((reg) + 1, (uint32_t)((v) >> 32))

/* Blocks that go round until the CPU says stop: each counts at its word of @at. */
static inline void program_endless(struct launch_env *env, uint64_t at)
{
	PROGRAM(env, GLOBAL_ID(64), CONST64(8, at), a_wide(6, 0, 4, 8), a_mov(12, 1), a_mov(13, 0),
		a_atom(0, ARZ, 6, 0, 12, 0), a_addi(13, 13, 1), a_st(6, 0x1000, 13, 4),
		a_ld(10, 4, STOP, 4), a_setp(0, 2, 10, 0), guard(a_bra(-6 * 16), 0), a_exit());
	le_qmd(env, 16, 64);
}

static inline void expect_usable(void)
{
	le_open(&e, &gt, 100);
	gt_runlist(&gt, 0, (struct gt_chan *[]){ &e.c }, 1);
	le_setup(&e);
	PROGRAM(&e, GLOBAL_ID(100), a_mad(6, 0, 3, 0), a_st(2, 0, 6, 4), a_exit());
	le_qmd(&e, 50, 100);
	assert_true(le_run(&e, 5000));
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(e.data[i], 4 * i);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
