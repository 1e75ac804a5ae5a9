// SPDX-License-Identifier: MIT
/*
 * Launches that several threads work on: their blocks meet in memory, in the MMU, in
 * the caches of code and constants, and all of them stop when Host says so.
 */
#include <dirent.h>
#include <time.h>

#include "launch.h"
#include "nvhw/undocumented.h"

#define THREADS		4
#define VRAM_VA		0x2000000000ull	/* a page of words everybody works on */
#define STOP		0x3ff00		/* in the data: not 0 ends the endless ones */
#define INVALIDATE	0x80000003u	/* all PDBs, all addresses */
#define REPLAY		0x8000000bu	/* and START */

static struct gputest gt;
static struct launch_env e;
static uint64_t vram_pa;
static uint32_t *vram;

static void start(unsigned int threads)
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

static int setup(void **state)
{
	start(THREADS);
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static void wait_for_change(const uint32_t *p, uint32_t was)
{
	for (unsigned int i = 0; i < 50000 && load(p) == was; i++)
		nanosleep(&(struct timespec){ 0, 100000 }, NULL);
	assert_int_not_equal(load(p), was);
}

#define CONST64(reg, v)	a_mov(reg, (uint32_t)(v)), a_mov((reg) + 1, (uint32_t)((v) >> 32))

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

/* Blocks that go round until the CPU says stop: each counts at its word of @at. */
static void program_endless(struct launch_env *env, uint64_t at)
{
	PROGRAM(env, GLOBAL_ID(64), CONST64(8, at), a_wide(6, 0, 4, 8), a_mov(12, 1), a_mov(13, 0),
		a_atom(0, ARZ, 6, 0, 12, 0), a_addi(13, 13, 1), a_st(6, 0x1000, 13, 4),
		a_ld(10, 4, STOP, 4), a_setp(0, 2, 10, 0), guard(a_bra(-6 * 16), 0), a_exit());
	le_qmd(env, 16, 64);
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

static void expect_usable(void)
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

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_atomic_sums), cmocka_unit_test(test_counters), T(test_all_at_work),
		T(test_invalidate_4k), T(test_invalidate_64k), T(test_invalidate_2m),
		T(test_faults_under_load), T(test_kill), T(test_reset), T(test_time_slices),
		T(test_one_trap), T(test_shared_caches), T(test_described_constants),
		T(test_code_cache_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
