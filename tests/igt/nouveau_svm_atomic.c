// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm atomic
 * Category: Core
 * Functionality: atomics of both sides on the same words
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_ext.h"
#include "nv_igt.h"
#include "nv_mm.h"
#include "nv_programs.h"

IGT_TEST_DESCRIPTION("No increment is lost, whoever makes it and wherever the word is");

static int __count(struct nv *nv, void *p, uint32_t value, uint32_t threads, uint32_t rounds,
		   bool wait)
{
	const struct { uint64_t p; uint32_t value, rounds; } args = {
		(uintptr_t)p, value, rounds,
	};

	return (wait ? __nv_run : __nv_launch)(nv, &nv_program_count, 1, threads, &args,
					       sizeof(args));
}

static int __count64(struct nv *nv, void *p, uint64_t value, uint32_t threads, uint32_t rounds)
{
	const struct { uint64_t p, value; uint32_t rounds; } args = {
		(uintptr_t)p, value, rounds,
	};

	return __nv_launch(nv, &nv_program_count64, 1, threads, &args, 20);
}

/* The CPU counts as long as the GPU does. */

struct cpu {
	void *word;
	bool wide;
	volatile bool stop;
	uint64_t done;
};

static void *cpu_count(void *arg)
{
	struct cpu *c = arg;

	while (!c->stop) {
		if (c->wide)
			__atomic_fetch_add((uint64_t *)c->word, 1, __ATOMIC_SEQ_CST);
		else
			__atomic_fetch_add((uint32_t *)c->word, 1, __ATOMIC_SEQ_CST);
		c->done++;
		if (!(c->done & 255))
			usleep(100);
	}
	return NULL;
}

static void contend(struct nv *nv, void *word)
{
	const uint32_t threads = 64, rounds = 20;
	struct cpu cpu = { .word = word };
	pthread_t thread;

	*(uint32_t *)word = 0;
	igt_assert_eq(pthread_create(&thread, NULL, cpu_count, &cpu), 0);
	for (int i = 0; i < 8; i++)
		igt_assert_eq(__count(nv, word, 3, threads, rounds, true), 0);
	cpu.stop = true;
	pthread_join(thread, NULL);
	igt_assert_lt(0, cpu.done);
	igt_assert_eq(*(uint32_t *)word, 8 * 3 * threads * rounds + (uint32_t)cpu.done);
}

static void contend_anon(struct nv *nv)
{
	char *p = nv_anon(PAGE);

	contend(nv, p + 8);
	munmap(p, PAGE);
}

static void contend_shared(struct nv *nv)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	contend(nv, p + 8);
	munmap(p, PAGE);
}

static void contend_huge(struct nv *nv)
{
	char *p = nv_thp(BLOCK);

	nv_migrate(nv, p, BLOCK, true);
	contend(nv, p + 300 * PAGE);
	munmap(p, BLOCK);
}

/* 64 bits, across the carry. */
static void wide(struct nv *nv)
{
	const uint64_t start = 0xfffffff0ull;
	uint64_t *p = nv_anon(PAGE);
	struct cpu cpu = { .word = p, .wide = true };
	pthread_t thread;

	*p = start;
	igt_assert_eq(pthread_create(&thread, NULL, cpu_count, &cpu), 0);
	for (int i = 0; i < 4; i++) {
		igt_assert_eq(__count64(nv, p, 0x100000003ull, 32, 20), 0);
		igt_assert_eq(__nv_wait(nv), 0);
	}
	cpu.stop = true;
	pthread_join(thread, NULL);
	igt_assert(*p == start + 4 * 32 * 20 * 0x100000003ull + cpu.done);
	munmap(p, PAGE);
}

/* Two clients and the CPU. */
static void two_clients(struct nv *nv)
{
	uint32_t *p = nv_anon(PAGE);
	struct nv other;

	nv_init(&other);
	for (uint32_t i = 0; i < 4; i++) {
		igt_assert_eq(__count(nv, p, 1, 64, 50, false), 0);
		igt_assert_eq(__count(&other, p, 2, 64, 50, false), 0);
		for (int k = 0; k < 1000; k++)
			__atomic_fetch_add(p, 5, __ATOMIC_SEQ_CST);
		igt_assert_eq(__nv_wait(nv), 0);
		igt_assert_eq(__nv_wait(&other), 0);
		igt_assert_eq(*p, (i + 1) * (64 * 50 * 3 + 5000));
	}
	nv_fini(&other);
	munmap(p, PAGE);
}

/* Atomic, write and read faults in one launch; each gets what it needs. */
static void mixed(struct nv *nv)
{
	for (uint32_t i = 0; i < 8; i++) {
		char *p = nv_anon(3 * PAGE);
		struct { uint64_t a, b, c; uint32_t value; } args = {
			(uintptr_t)p, (uintptr_t)(p + PAGE), (uintptr_t)(p + 2 * PAGE), 70 + i,
		};

		*(uint32_t *)p = 1000;
		*(uint32_t *)(p + 2 * PAGE) = 333;
		nv_run(nv, &nv_program_mix, 1, 3, &args, 28);
		igt_assert_eq(*(uint32_t *)p, 1070 + i);
		igt_assert_eq(*(uint32_t *)(p + PAGE), 70 + i);
		igt_assert_eq(*(uint32_t *)(p + PAGE + 4), 333);
		igt_assert_eq(*(uint32_t *)(p + 2 * PAGE), 333);
		munmap(p, 3 * PAGE);
	}
}

/* An atomic on PROT_READ memory is a write: refused, and nothing was added. */
static void read_only(struct nv *nv)
{
	uint32_t *p = nv_anon(PAGE);

	*p = 5;
	igt_assert_eq(__count(nv, p, 1, 32, 4, true), 0);
	igt_assert_eq(mprotect(p, PAGE, PROT_READ), 0);
	igt_assert_eq(nv_load(nv, p), 133);
	igt_assert_eq(__count(nv, p, 1, 32, 4, true), -ENODEV);
	igt_assert_eq(*p, 133);
	nv_revive(nv);
	igt_assert_eq(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	igt_assert_eq(__count(nv, p, 1, 32, 4, true), 0);
	igt_assert_eq(*p, 261);
	munmap(p, PAGE);
}

/* fork() under a counting kernel: exact in the parent, a snapshot in the child. */
static void fork_busy(struct nv *nv)
{
	uint32_t *p = nv_anon(PAGE), first;
	pid_t pid;

	*p = 0;
	igt_assert_eq(__count(nv, p, 1, 32, 20000, false), 0);
	while (!*(volatile uint32_t *)p)
		usleep(100);
	first = *(volatile uint32_t *)p;
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		uint32_t seen = *(volatile uint32_t *)p;

		for (int i = 0; i < 20; i++) {
			usleep(2000);
			CHILD_CHECK(*(volatile uint32_t *)p == seen);
		}
		CHILD_CHECK(seen >= first && seen <= 640000);
		*p = 0;
		_exit(0);
	}
	nv_expect_child_ok(pid);
	igt_assert_eq(__nv_wait(nv), 0);
	igt_assert_eq(*p, 640000);
	munmap(p, PAGE);
}

/* The page goes to and from VRAM while it counts. */
static void migrate_busy(struct nv *nv)
{
	uint32_t *p = nv_anon(64 * PAGE);

	*p = 0;
	igt_assert_eq(__count(nv, p, 1, 32, 10000, false), 0);
	for (int i = 0; i < 20; i++) {
		nv_migrate(nv, p, 64 * PAGE, !(i & 1));
		usleep(500);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	igt_assert_eq(*p, 320000);
	munmap(p, 64 * PAGE);
}

#define GRANULE ((size_t)NOUVEAU_SVM_GRANULE_BYTES)

/* Advice x who counts x width, in one kind of memory. */

struct location {
	const char *name;
	uint64_t header;
	int where;		/* after the GPU alone: 1 VRAM, 0 RAM, -1 either */
};

static const struct location locations[] = {
#define ADVICE(command, target) \
	(NOUVEAU_SVM_BIND_COMMAND__##command | \
	 (uint64_t)(target) << NOUVEAU_SVM_BIND_TARGET_SHIFT)
	{ "none", ADVICE(RESET, 0), -1 },
	{ "prefer VRAM", ADVICE(PREFER, NOUVEAU_SVM_BIND_TARGET__GPU_VRAM), 1 },
	{ "prefer RAM", ADVICE(PREFER, NOUVEAU_SVM_BIND_TARGET__SYSTEM), -1 },
	{ "pinned in VRAM", ADVICE(PIN, NOUVEAU_SVM_BIND_TARGET__GPU_VRAM), 1 },
	{ "pinned in RAM", ADVICE(PIN, NOUVEAU_SVM_BIND_TARGET__SYSTEM), 0 },
	{ "not moved", ADVICE(NO_MIGRATE, 1), 0 },
};

enum { BY_CPU = 1, BY_GPU = 2 };

static void locate_one(struct nv *nv, char *p, const struct location *l, unsigned int who, bool wide)
{
	const uint64_t step = wide ? 0x100000001ull : 3;
	struct cpu cpu = { .word = p + 16, .wide = wide };
	struct drm_nouveau_svm_granule g;
	uint64_t sum = 0, got;
	pthread_t thread;

	memset(p, 0, GRANULE);
	igt_assert_eq(__nv_bind_raw(nv->fd, l->header, p, GRANULE, NULL), 0);
	if (who & BY_CPU)
		igt_assert_eq(pthread_create(&thread, NULL, cpu_count, &cpu), 0);
	for (int i = 0; who & BY_GPU && i < 2; i++, sum += 32 * 10 * step) {
		igt_assert_eq(wide ? __count64(nv, p + 16, step, 32, 10) :
			      __count(nv, p + 16, step, 32, 10, false), 0);
		igt_assert_eq(__nv_wait(nv), 0);
	}
	if (who == BY_GPU && l->where >= 0) {
		/* pagemap takes a page that only the GPU has for one in VRAM */
		nv_query(nv, p, &g, 1);
		igt_assert_f(!!g.vram == l->where, "%s: %u pages in VRAM\n", l->name, g.vram);
	}
	if (who & BY_CPU) {
		while (!cpu.done)
			usleep(100);
		cpu.stop = true;
		pthread_join(thread, NULL);
	}
	got = wide ? *(uint64_t *)(p + 16) : *(uint32_t *)(p + 16);
	igt_assert_f(got == sum + cpu.done, "%s, %s%s, %u bits: 0x%llx of 0x%llx\n", l->name,
		     who & BY_CPU ? "CPU" : "", who & BY_GPU ? "GPU" : "", wide ? 64 : 32,
		     (unsigned long long)got, (unsigned long long)(sum + cpu.done));
}

static void locate(struct nv *nv, int flags)
{
	const unsigned int n = ARRAY_LEN(locations) * 3 * 2;
	const size_t bytes = (n + 1) * GRANULE;
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0), *p;
	struct location l;

	igt_assert(map != MAP_FAILED);
	madvise(map, bytes, MADV_NOHUGEPAGE);
	/* the CPU takes so much home here that places would be given up */
	nv_knob("thrash_moves", 0);
	p = map + (-(uintptr_t)map & (GRANULE - 1));
	for (unsigned int i = 0; i < n; i++) {
		l = locations[i / 6];
		/* shared memory has no place in VRAM */
		if (flags == MAP_SHARED)
			l.where = 0;
		locate_one(nv, p + i * GRANULE, &l, 1 + i % 3, i / 3 % 2);
	}
	munmap(map, bytes);
}

static void locate_anon(struct nv *nv)
{
	locate(nv, MAP_PRIVATE);
}

static void locate_shared(struct nv *nv)
{
	locate(nv, MAP_SHARED);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "atomic-contend", contend_anon, "CPU and GPU count on one word" },
		{ "atomic-contend-shared", contend_shared, "The same in shared memory" },
		{ "atomic-contend-thp-vram", contend_huge, "The same in a huge page" },
		{ "atomic-contend-64", wide, "64 bits, with a carry" },
		{ "atomic-two-clients", two_clients, "Two clients and the CPU on one word" },
		{ "atomic-mixed-batch", mixed, "Atomic, write and read faults together" },
		{ "atomic-prot-read", read_only, "PROT_READ refuses atomics" },
		{ "atomic-fork-busy", fork_busy, "fork under a counting kernel" },
		{ "atomic-location", locate_anon, "Advice, who counts and width, all together" },
		{ "atomic-location-shared", locate_shared, "The same in shared memory" },
		{ "atomic-migrate-busy", migrate_busy, "Migration under a counting kernel" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
