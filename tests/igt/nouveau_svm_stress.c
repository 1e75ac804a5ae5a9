// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm stress
 * Category: Core
 * Functionality: random events of an address space against a model of its data
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Anything, in any order, for long");

#define PAGES 1024u

/* The range under test, and what every page's first word should be. */
struct chaos {
	struct nv nv;
	char *base;
	uint64_t seed;
	uint32_t want[PAGES];
	bool writable[PAGES];
	uint32_t next;
};

static uint32_t below(struct chaos *c, uint32_t n)
{
	c->seed ^= c->seed << 13;
	c->seed ^= c->seed >> 7;
	c->seed ^= c->seed << 17;
	return (uint32_t)(c->seed >> 20) % n;
}

static char *page(struct chaos *c, uint32_t i)
{
	return c->base + i * PAGE;
}

/* A piece: mostly small, sometimes much. */
static uint32_t piece(struct chaos *c, uint32_t *n)
{
	uint32_t first = below(c, PAGES);

	*n = 1 + below(c, below(c, 4) ? 32 : PAGES);
	if (first + *n > PAGES)
		*n = PAGES - first;
	return first;
}

static bool all_writable(struct chaos *c, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		if (!c->writable[i])
			return false;
	return true;
}

static void wrote(struct chaos *c, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		c->want[first + i] = c->next + i;
	c->next += n;
}

static void forget(struct chaos *c, uint32_t first, uint32_t n)
{
	memset(c->want + first, 0, n * sizeof(c->want[0]));
	for (uint32_t i = first; i < first + n; i++)
		c->writable[i] = true;
}

static void op_gpu_write(struct chaos *c, uint32_t first, uint32_t n)
{
	if (!all_writable(c, first, n))
		return;
	nv_fill(&c->nv, page(c, first), n, PAGE, c->next);
	wrote(c, first, n);
}

static void op_gpu_read(struct chaos *c, uint32_t first, uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += c->want[first + i];
	igt_assert_eq(nv_sum(&c->nv, page(c, first), n, PAGE), sum);
}

static void op_cpu_write(struct chaos *c, uint32_t first, uint32_t n)
{
	if (!all_writable(c, first, n))
		return;
	for (uint32_t i = 0; i < n; i++)
		*(uint32_t *)page(c, first + i) = c->next + i;
	wrote(c, first, n);
}

static void op_cpu_read(struct chaos *c, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		igt_assert_eq(*(uint32_t *)page(c, i), c->want[i]);
}

static void op_map_new(struct chaos *c, uint32_t first, uint32_t n)
{
	igt_assert(mmap(page(c, first), n * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page(c, first));
	forget(c, first, n);
}

static void op_dontneed(struct chaos *c, uint32_t first, uint32_t n)
{
	igt_assert_eq(madvise(page(c, first), n * PAGE, MADV_DONTNEED), 0);
	memset(c->want + first, 0, n * sizeof(c->want[0]));
}

static void op_protect(struct chaos *c, uint32_t first, uint32_t n)
{
	bool rw = below(c, 3);

	igt_assert_eq(mprotect(page(c, first), n * PAGE, PROT_READ | (rw ? PROT_WRITE : 0)), 0);
	for (uint32_t i = first; i < first + n; i++)
		c->writable[i] = rw;
}

static void op_migrate(struct chaos *c, uint32_t first, uint32_t n)
{
	nv_migrate(&c->nv, page(c, first), n * PAGE, below(c, 3));
}

/* Pages change places: by way of a place outside. Their holes become new memory. */
static void op_move(struct chaos *c, uint32_t first, uint32_t n)
{
	uint32_t to = below(c, PAGES - n + 1), want[PAGES];
	char *away = nv_anon(n * PAGE);

	/* one VMA only, as mremap wants it */
	if (!all_writable(c, first, n) ||
	    mremap(page(c, first), n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, away) ==
	    MAP_FAILED) {
		munmap(away, n * PAGE);
		/* what of it has moved is not known: it all starts anew */
		op_map_new(c, first, n);
		return;
	}
	memcpy(want, c->want + first, n * sizeof(want[0]));
	op_map_new(c, first, n);
	if (mremap(away, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page(c, to)) ==
	    MAP_FAILED) {
		munmap(away, n * PAGE);
		op_map_new(c, to, n);
		return;
	}
	forget(c, to, n);
	memcpy(c->want + to, want, n * sizeof(want[0]));
}

/* The child checks a part and writes to it; the parent goes on meanwhile. */
static void op_fork(struct chaos *c, uint32_t first, uint32_t n)
{
	pid_t pid = fork();

	igt_assert_lte(0, pid);
	if (!pid) {
		for (uint32_t i = first; i < first + n; i++) {
			CHILD_CHECK(*(uint32_t *)page(c, i) == c->want[i]);
			if (c->writable[i])
				*(uint32_t *)page(c, i) = 0xdead;
		}
		_exit(0);
	}
	op_gpu_write(c, first, n);
	nv_expect_child_ok(pid);
}

static void op_advise(struct chaos *c, uint32_t first, uint32_t n)
{
	static const int advice[] = { MADV_HUGEPAGE, MADV_NOHUGEPAGE, 25 /* COLLAPSE */,
				      MADV_PAGEOUT, MADV_COLD };

	madvise(page(c, first), n * PAGE, advice[below(c, ARRAY_LEN(advice))]);
}

/* A bad access of this client: its channel dies, the memory does not. */
static void op_bad(struct chaos *c, uint32_t first, uint32_t n)
{
	(void)n;
	igt_assert_eq(__nv_store(&c->nv, (void *)(uintptr_t)(first * 8), 1), -ENODEV);
	nv_revive(&c->nv);
}

static void chaos_run(uint64_t seed, double seconds)
{
	static void (*const ops[])(struct chaos *c, uint32_t first, uint32_t n) = {
		op_gpu_write, op_gpu_write, op_gpu_write, op_gpu_read, op_gpu_read, op_cpu_write,
		op_cpu_read, op_map_new, op_dontneed, op_protect, op_protect, op_migrate,
		op_migrate, op_move, op_advise, op_fork, op_bad,
	};
	double end = nv_seconds() + seconds;
	struct chaos *c = calloc(1, sizeof(*c));
	uint32_t done = 0;

	igt_assert(c);
	nv_init(&c->nv);
	c->seed = seed | 1;
	c->next = 1;
	c->base = nv_anon_aligned(PAGES * PAGE, BLOCK);
	forget(c, 0, PAGES);
	while (nv_seconds() < end) {
		uint32_t n, first = piece(c, &n), op = below(c, ARRAY_LEN(ops));

		/* the seed and this line are enough to repeat it */
		igt_debug("%u: op %u pages %u+%u\n", done, op, first, n);
		ops[op](c, first, n);
		done++;
	}
	op_cpu_read(c, 0, PAGES);
	op_gpu_read(c, 0, PAGES);
	igt_info("seed %llu: %u operations\n", (unsigned long long)seed, done);
	nv_fini(&c->nv);
	munmap(c->base, PAGES * PAGE);
	free(c);
}

/* IGT_SRANDOM repeats a run. */
static uint64_t seed_of_run(void)
{
	const char *s = getenv("IGT_SRANDOM");

	return s ? strtoull(s, NULL, 0) : 20261122;
}

static void processes(double seconds)
{
	igt_fork(child, 4)
		chaos_run(seed_of_run() * 31 + child, seconds);
	igt_waitchildren();
}

/* Workers die at random; nothing is left of them. */
static void kills(double seconds)
{
	double end = nv_seconds() + seconds;
	uint64_t before;
	struct nv nv;
	int n = 0;

	nv_init(&nv);
	nv_fini(&nv);
	usleep(300000);
	before = nv_vram_used();
	for (; nv_seconds() < end; n++) {
		pid_t pid = fork();

		igt_assert_lte(0, pid);
		if (!pid) {
			chaos_run(n + 1, 1000);
			_exit(0);
		}
		usleep(150000 + n % 7 * 90000);
		kill(pid, SIGKILL);
		igt_assert_eq(waitpid(pid, NULL, 0), pid);
	}
	usleep(500000);
	igt_info("%d killed\n", n);
	igt_assert_eq(nv_vram_used(), before);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A signal a millisecond: every wait of the driver is interrupted, no work is lost. */
static void signals(double seconds)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm };

	igt_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
	igt_assert_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (uint32_t i = 0; i < (uint32_t)seconds * 2; i++) {
		uint32_t *p = nv_anon(BLOCK);
		struct nv nv;

		nv_init(&nv);
		nv_fill(&nv, p, 512, PAGE, i);
		nv_migrate(&nv, p, BLOCK, true);
		igt_assert_eq(nv_sum(&nv, p, 512, PAGE), 512 * i + 511 * 256);
		for (uint32_t k = 0; k < 512; k++)
			igt_assert_eq(p[k * 1024], i + k);
		nv_fini(&nv);
		munmap(p, BLOCK);
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

int igt_main()
{
	igt_fixture()
		igt_require(__nv_open_render() >= 0);

	igt_describe("Random mm events and GPU work of one process, every word known");
	igt_subtest("stress-mm-chaos")
		chaos_run(seed_of_run(), 30);
	igt_describe("The same in four processes");
	igt_subtest("stress-mm-chaos-processes")
		processes(40);
	igt_describe("Processes in the middle of it are killed; VRAM is back afterwards");
	igt_subtest("stress-kill")
		kills(30);
	igt_describe("Signals all the time");
	igt_subtest("stress-signals")
		signals(15);
}
