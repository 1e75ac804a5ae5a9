// SPDX-License-Identifier: MIT
/*
 * Launches that several threads work on: their blocks meet in memory and in the caches
 * of code and constants, count the same, share the engine, and go wrong only once.
 */
#include <dirent.h>

#include "nvhw/undocumented.h"
#include "threads_env.h"

/* Tickets, a counter the CPU counts with, one in system memory, one by way of shared memory. */
static void test_atomic_sums(void **state)
{
	const unsigned int blocks = 128, n = blocks * 256;
	uint32_t *q, cpu = 0;

	PROGRAM(&e, GLOBAL_ID(256), CONST64(6, VRAM_VA), a_mov(12, 1),
		a_atom(0, 8, 6, 0, 12, 0), a_wide(14, 8, 4, 4), a_atom(0, ARZ, 14, 0, 12, 0),
		a_atom(0, ARZ, 6, 4, 12, 0), a_atom(0, ARZ, 4, 0x3ff10, 12, 0),
		a_atoms(0, ARZ, ARZ, 12), a_bar(), a_lds(13, ARZ, 0, 4), a_s2r(10, 0x21),
		a_setp(0, 2, 10, 0), guard(a_atom(0, ARZ, 6, 8, 13, 0), 0), a_exit());
	q = le_qmd(&e, blocks, 256);
	qmd_set(q, 561, 544, 256);
	qmd_set(q, 959, 955, 1);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 1);
	gt_kick(&e.c);
	while (!load(&e.c.scratch[0xfe0 / 4])) {
		__atomic_fetch_add(&vram[1], 1, __ATOMIC_SEQ_CST);
		cpu++;
	}
	assert_int_equal(vram[0], n);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(e.data[i], 1);
	assert_int_equal(vram[1], n + cpu);
	assert_int_equal(e.data[0x3ff10 / 4], n);
	assert_int_equal(vram[2], n);
}

/* The same work counts the same, whoever does it. */
static void test_counters(void **state)
{
	uint64_t lanes[2], warps[2], blocks[2];

	for (unsigned int i = 0; i < 2; i++) {
		const struct counters *c;

		start(i ? THREADS : 1);
		PROGRAM(&e, GLOBAL_ID(96), a_movr(8, 0), a_lop(8, 8, 15, 0xc0),
			a_addi(8, 8, -1), a_setp(0, 6, 8, 1u << 31), guard(a_bra(-3 * 16), 8),
			a_st(2, 0, 8, 4), a_exit());
		le_qmd(&e, 300, 96);
		assert_true(le_run(&e, 20000));
		c = &sim_gpu(gt.sim)->counters;
		lanes[i] = c->lane_instructions;
		warps[i] = c->warp_instructions;
		blocks[i] = c->ctas;
		gt_destroy(&gt);
	}
	assert_int_equal(blocks[0], 300);
	assert_true(warps[0] > 300 * 3 * 10);
	assert_int_equal(blocks[1], blocks[0]);
	assert_int_equal(warps[1], warps[0]);
	assert_int_equal(lanes[1], lanes[0]);
}

/* How many threads of this process called "sm" have had more than a millisecond of CPU. */
static unsigned int busy_helpers(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned int n = 0;
	struct dirent *t;

	assert_non_null(d);
	while ((t = readdir(d))) {
		char path[300], comm[32] = "";
		unsigned long long ns = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", t->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = 0;
		fclose(f);
		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", t->d_name);
		f = fopen(path, "re");
		if (f && fscanf(f, "%llu", &ns) == 1 && !strcmp(comm, "sm\n") && ns > 1000000)
			n++;
		if (f)
			fclose(f);
	}
	closedir(d);
	return n;
}

static void test_all_at_work(void **state)
{
	uint64_t pa = gt_vram(&gt, 0x2000, 0x1000);
	unsigned int i;

	gt_map_range(&e.vm, L_HOLE_VA, 0x2000, 12, pa, GT_VRAM_RW);
	program_endless(&e, L_HOLE_VA);
	le_launch(&e);
	gt_release(&e.c, 0xfe0, 1);
	gt_kick(&e.c);
	for (i = 0; i < 1000 && busy_helpers() < THREADS - 1; i++)
		gt_sleep_ms(10);
	assert_int_equal(busy_helpers(), THREADS - 1);
	store(&e.data[STOP / 4], 1);
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], 1, 5000));
}

/* Endless launches of two channels share the engine, and end when they may. */
static void test_time_slices(void **state)
{
	uint64_t pa = gt_vram(&gt, 0x4000, 0x1000);
	uint32_t *words[2], was[2];
	struct launch_env other, *both[2] = { &e, &other };

	le_open(&other, &gt, 6);
	gt_runlist(&gt, 0, (struct gt_chan *[]){ &e.c, &other.c }, 2);
	le_setup(&other);
	for (unsigned int i = 0; i < 2; i++) {
		words[i] = sim_vram(gt.sim, pa + i * 0x2000, 0x2000);
		gt_map_range(&both[i]->vm, L_HOLE_VA, 0x2000, 12, pa + i * 0x2000, GT_VRAM_RW);
		program_endless(both[i], L_HOLE_VA);
		le_launch(both[i]);
		gt_release(&both[i]->c, 0xfe0, 1);
		gt_kick(&both[i]->c);
	}
	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < 2; i++)
			was[i] = load(&words[i][1023]);
		for (unsigned int i = 0; i < 2; i++)
			wait_for_change(&words[i][1023], was[i]);
		gt_wr(&gt, GT_RUNLIST_PREEMPT, 1);
		assert_true(sim_poll32(gt.sim, GT_RUNLIST_PREEMPT, 1, 0, 2000));
	}
	store(&e.data[STOP / 4], 1);
	assert_true(gt_wait32(&e.c.scratch[0xfe0 / 4], 1, 5000));
	assert_int_equal(load(&other.c.scratch[0xfe0 / 4]), 0);
	store(&other.data[STOP / 4], 1);
	assert_true(gt_wait32(&other.c.scratch[0xfe0 / 4], 1, 5000));
}

/* All blocks do something wrong: one of them is told, and only once. */
static void test_one_trap(void **state)
{
	unsigned int named = 0;

	PROGRAM(&e, a_mov(6, 0x100), a_lds(8, 6, 0, 4), a_exit());
	le_qmd(&e, 64, 64);
	le_launch(&e);
	gt_kick(&e.c);
	assert_true(sim_poll32(gt.sim, GR_INTR, 1 << 21, 1 << 21, 2000));
	for (unsigned int tpc = 0; tpc < 2; tpc++)
		for (unsigned int sm = 0; sm < 2; sm++)
			named += gt_rd(&gt, WARP_ESR(tpc, sm)) == NVX_SM_WARP_ERROR_OOR_ADDR;
	assert_int_equal(named, 1);
	assert_int_equal(sim_gpu(gt.sim)->counters.sm_exceptions, 1);
	assert_true(le_kill(&e));
	expect_usable();
}

/* New code and constants for each launch; all parts look for them at once. */
static void test_shared_caches(void **state)
{
	const unsigned int n = L_CODE_BYTES / 16 - 20;

	for (uint32_t round = 1; round <= 8; round++) {
		PROGRAM(&e, GLOBAL_ID(64), a_movc(6, 0, 0x20));
		for (unsigned int i = 0; i < n; i++)
			le_emit(&e, a_addi(6, 6, round));
		le_emit(&e, a_movc(7, 0, 0x800));
		le_emit(&e, a_add(6, 6, 7));
		le_emit(&e, a_st(2, 0, 6, 4));
		le_emit(&e, a_exit());
		e.constants[8] = round << 20;
		e.constants[0x200] = round << 28;
		le_qmd(&e, 16, 64);
		assert_true(le_run(&e, 10000));
		for (unsigned int i = 0; i < 1024; i++)
			assert_int_equal(e.data[i], (round << 20) + (round << 28) + n * round);
	}
}

/* c[UR4][4]: 32 bytes of constants of each block's own, which come and go by address. */
static void test_described_constants(void **state)
{
	const struct insn cx = field(field(field(field(a_movc(6, 0, 0), 32, 27, 0), 32, 6, 4),
					   38, 16, 4), 91, 1, 1);
	uint32_t *k = e.data + 0x20000 / 4;

	for (unsigned int i = 0; i < 256; i++)
		k[8 * i + 1] = 0x5000 + i;
	PROGRAM(&e, GLOBAL_ID(64), a_s2r(8, 0x25), a_mov(10, (uint32_t)(L_DATA_VA >> 4) + 0x2000),
		a_mad(8, 8, 2, 10), a_mov(9, (uint32_t)(L_DATA_VA >> 36) | 2 << 13),
		field(field(field(op12(0x3c2), 16, 8, 4), 24, 8, 8), 81, 3, AT),
		field(field(field(op12(0x3c2), 16, 8, 5), 24, 8, 9), 81, 3, AT),
		cx, a_st(2, 0, 6, 4), a_exit());
	le_qmd(&e, 256, 64);
	for (unsigned int round = 0; round < 4; round++) {
		memset(e.data, 0, 256 * 64 * 4);
		assert_true(le_run(&e, 10000));
		for (unsigned int i = 0; i < 256 * 64; i++)
			assert_int_equal(e.data[i], 0x5000 + i / 64);
	}
}

/* More pages of code than the cache has room for, under everybody's feet. */
static void test_code_cache_full(void **state)
{
	const unsigned int pages = 1100;

	PROGRAM(&e, CONST64(6, VRAM_VA), a_mov(12, 1), a_atom(0, ARZ, 6, 0, 12, 0),
		a_bra(0x1000 - 5 * 16));
	e.ncode = 256;
	le_emit(&e, a_exit());
	for (unsigned int i = 0; i <= pages; i++)
		gt_map(&e.vm, L_HOLE_VA + i * 0x1000, 12, e.code_pa + (i == pages ? 0x1000 : 0),
		       GT_VRAM_RW);
	for (unsigned int i = 1; i <= 2; i++) {
		uint32_t *q = le_qmd(&e, 32, 64);

		qmd_set(q, 1567, 1536, (uint32_t)L_HOLE_VA);
		qmd_set(q, 1584, 1568, L_HOLE_VA >> 32);
		assert_true(le_run(&e, 20000));
		assert_int_equal(vram[0], i * 32 * 64 * pages);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_atomic_sums), cmocka_unit_test(test_counters), T(test_all_at_work),
		T(test_time_slices), T(test_one_trap), T(test_shared_caches),
		T(test_described_constants), T(test_code_cache_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
