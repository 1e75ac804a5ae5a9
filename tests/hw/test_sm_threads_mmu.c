// SPDX-License-Identifier: MIT
/*
 * Threads of a launch and the MMU: invalidates, faults and replays while they run; and
 * all of them stop when Host says so.
 */
#include "threads_env.h"

#define INVALIDATE	0x80000003u	/* all PDBs, all addresses */
#define REPLAY		0x8000000bu	/* and START */

/*
 * The sacred one. After the write that invalidates has come back, no thread writes
 * where the old translation led, by whatever kind of page it had it.
 */
static void moving_pages(unsigned int shift)
{
	uint64_t bytes = shift == 12 ? 0x2000 : 1ull << shift, block[3];
	unsigned int now = 0;
	uint32_t *p[3], seen[0x2000 / 4];

	for (unsigned int i = 0; i < 3; i++) {
		block[i] = gt_vram(&gt, bytes, bytes);
		p[i] = sim_vram(gt.sim, block[i], bytes);
	}
	gt_map_range(&e.vm, L_HOLE_VA, bytes, shift, block[0], GT_VRAM_RW);
	program_endless(&e, L_HOLE_VA);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 1);
	gt_kick(&e.c);
	for (unsigned int round = 0; round < 300; round++) {
		unsigned int next = (now + 1) % 3;
		uint32_t was = load(&p[next][1]);

		gt_map_range(&e.vm, L_HOLE_VA, bytes, shift, block[next], GT_VRAM_RW);
		gt_wr(&gt, GT_MMU_INVALIDATE, INVALIDATE);
		for (unsigned int i = 0; i < 0x2000 / 4; i++)
			seen[i] = load(&p[now][i]);
		gt_sleep_ms(round % 64 ? 0 : 1);
		/* The first rounds wait until the new place is in use. */
		if (round < 30)
			wait_for_change(&p[next][1], was);
		for (unsigned int i = 0; i < 0x2000 / 4; i++)
			if (load(&p[now][i]) != seen[i])
				fail_msg("round %u: word %u of the old page went from %u to %u",
					 round, i, seen[i], p[now][i]);
		now = next;
	}
	store(&e.data[STOP / 4], 1);
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], 1, 5000));
}

static void test_invalidate_4k(void **state)
{
	moving_pages(12);
}

static void test_invalidate_64k(void **state)
{
	moving_pages(16);
}

static void test_invalidate_2m(void **state)
{
	moving_pages(21);
}

#define PAGES		64
#define FAULTS		8192u		/* more than all warps can ask for */

static uint32_t *big_fault_buffer(void)
{
	uint64_t pa = gt_vram(&gt, FAULTS * 32, 0x1000);

	gt_wr(&gt, GT_FAULT_SIZE(1), 0);
	gt_wr(&gt, GT_FAULT_LO(1) + 4, pa >> 32);
	gt_wr(&gt, GT_FAULT_LO(1), (uint32_t)pa | 1);
	gt_wr(&gt, GT_FAULT_SIZE(1), FAULTS | 0x80000000);
	return sim_vram(gt.sim, pa, FAULTS * 32);
}

/* A page that was taken away keeps what it had. */
struct evicted {
	unsigned int page;
	uint32_t value;
};

/*
 * Faults of all threads at once, served in batches by a driver that also takes pages
 * away while the launch runs. Packets are whole, in the order of their time, and every
 * addition lands once.
 */
static void test_faults_under_load(void **state)
{
	uint64_t pa = gt_vram(&gt, PAGES * 0x1000, 0x1000), last = 0;
	uint32_t *buf = big_fault_buffer(), *pages = sim_vram(gt.sim, pa, PAGES * 0x1000), sum = 0;
	unsigned int get = 0, batches = 0, packets = 0;
	struct evicted out = { PAGES, 0 };

	/* 24 rounds: page = (5 * number + round) % 64; ++*page */
	PROGRAM(&e, GLOBAL_ID(64), CONST64(6, L_HOLE_VA), a_mad(9, 0, 5, ARZ), a_mov(12, 1),
		a_mov(13, 24), a_lop(8, 9, PAGES - 1, 0xc0), a_wide(10, 8, 0x1000, 6),
		a_atom(0, ARZ, 10, 0, 12, 0), a_addi(9, 9, 1), a_addi(13, 13, -1),
		a_setp(0, 5, 13, 0), guard(a_bra(-7 * 16), 0), a_exit());
	le_qmd(&e, 64, 64);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 1);
	gt_kick(&e.c);
	for (unsigned int idle = 0; !load(&e.c.scratch[0xfe0 / 4]) && idle < 20000;) {
		unsigned int put = gt_rd(&gt, GT_FAULT_PUT(1));

		assert_int_equal(put >> 30, 0);		/* no overflow */
		if (put == get) {
			nanosleep(&(struct timespec){ 0, 500000 }, NULL);
			idle++;
			continue;
		}
		if (out.page < PAGES)
			assert_int_equal(load(&pages[out.page * 0x400]), out.value);
		for (; get != put; get = (get + 1) % FAULTS, packets++) {
			uint32_t *p = &buf[get * 8];
			uint64_t page, time;

			assert_true(gt_wait32(&p[7], p[7] | 0x80000000, 1000));
			page = (gt_fault_va(p) - L_HOLE_VA) >> 12;
			time = (uint64_t)p[5] << 32 | p[4];
			assert_true(page < PAGES && time >= last);
			assert_int_equal(p[6] & 0x1ff, 64);
			last = time;
			gt_map(&e.vm, L_HOLE_VA + page * 0x1000, 12, pa + page * 0x1000,
			       GT_VRAM_RW);
			p[7] = 0;
		}
		out.page = batches++ * 11 % PAGES;
		gt_map(&e.vm, L_HOLE_VA + out.page * 0x1000, 12, 0, 0);
		gt_wr(&gt, GT_FAULT_GET(1), get);
		gt_wr(&gt, GT_MMU_INVALIDATE, REPLAY);
		out.value = load(&pages[out.page * 0x400]);
		idle = 0;
	}
	assert_int_equal(load(&e.c.scratch[0xfe0 / 4]), 1);
	for (unsigned int i = 0; i < PAGES; i++)
		sum += pages[i * 0x400];
	assert_int_equal(sum, 64 * 64 * 24);
	assert_true(packets >= PAGES);
	print_message("counted: %u packets in %u batches\n", packets, batches);
}

/* Half of the blocks count without end, the others wait for pages nobody brings. */
static void launch_stuck(struct launch_env *env)
{
	PROGRAM(env, GLOBAL_ID(64), CONST64(6, VRAM_VA), a_mov(12, 1), a_s2r(10, 0x25),
		a_lop(10, 10, 1, 0xc0), CONST64(8, L_HOLE_VA), a_setp(0, 2, 10, 0),
		guard(a_ld(14, 8, 0, 4), 8),
		a_atom(0, ARZ, 6, 0, 12, 0), a_bra(-2 * 16), a_exit());
	le_qmd(env, 32, 64);
	le_launch(env);
	gt_kick(&env->c);
}

static void wait_for_work(void)
{
	wait_for_change(&vram[0], load(&vram[0]));
}

static void expect_rest(void)
{
	uint32_t was = load(&vram[0]);

	gt_sleep_ms(5);
	assert_int_equal(load(&vram[0]), was);
	assert_int_equal(sim_dma_depth(gt.sim), 0);
}

static void test_kill(void **state)
{
	for (unsigned int i = 0; i < 20; i++) {
		launch_stuck(&e);
		if (i % 4)
			wait_for_work();
		gt_sleep_ms(i % 3);
		assert_true(le_kill(&e));
		expect_rest();
		gt_wr(&gt, GT_MMU_INVALIDATE, REPLAY);	/* wakes nobody that is gone */
		le_open(&e, &gt, 6 + i);
		gt_map(&e.vm, VRAM_VA, 12, vram_pa, GT_VRAM_RW);
		gt_runlist(&gt, 0, (struct gt_chan *[]){ &e.c }, 1);
		le_setup(&e);
	}
	assert_true(le_kill(&e));
	expect_usable();
}

/* Host, the function, and the process: each takes it all away under the threads. */
static void test_reset(void **state)
{
	uint32_t enable = gt_rd(&gt, GT_PMC_ENABLE);

	launch_stuck(&e);
	wait_for_work();
	gt_wr(&gt, GT_PMC_ENABLE, enable & ~(1u << 8));
	gt_wr(&gt, GT_PMC_ENABLE, enable);
	expect_rest();
	expect_usable();
	teardown(state);
	setup(state);
	launch_stuck(&e);
	wait_for_work();
	gpu_reset(sim_gpu(gt.sim));
	expect_rest();
	teardown(state);
	setup(state);
	launch_stuck(&e);
	wait_for_work();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_invalidate_4k), T(test_invalidate_64k), T(test_invalidate_2m),
		T(test_faults_under_load), T(test_kill), T(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
