// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm stress
 * Category: Core
 * Functionality: random events of an address space against a model of its data
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
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
	bool ce_errors;		/* copies may fail (--inject ce-error): data stays right */
	bool stop;
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
	int err = __nv_migrate(&c->nv, page(c, first), n * PAGE, below(c, 3), NULL);

	igt_assert_f(!err || (c->ce_errors && err == -EIO), "SVM_BIND: %d\n", err);
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

/* Events that change no data, wherever they hit: they go on while a kernel runs. */
static void quiet_event(struct chaos *c)
{
	uint32_t n, first = piece(c, &n);
	pid_t pid;

	switch (below(c, 8)) {
	case 0:
	case 1:
	case 2:
		op_migrate(c, first, n);
		break;
	case 3:
	case 4:
		op_advise(c, first, n);
		break;
	case 5:
		if (!mlock(page(c, first), n * PAGE))
			munlock(page(c, first), n * PAGE);
		break;
	case 6:
		for (uint32_t i = first; i < first + n; i++)
			*(volatile uint32_t *)page(c, i);
		break;
	default:
		pid = fork();
		igt_assert_lte(0, pid);
		if (!pid)
			_exit(0);
		nv_expect_child_ok(pid);
	}
}

/* A kernel counts in every page of a piece; meanwhile anything but its data changes. */
static void op_busy(struct chaos *c, uint32_t first, uint32_t n)
{
	const uint32_t rounds = 2000;

	n = n > 128 ? 128 : n;
	if (!all_writable(c, first, n))
		return;
	nv_hammer_launch(&c->nv, page(c, first), n, PAGE, rounds);
	for (uint32_t i = below(c, 6); i; i--)
		quiet_event(c);
	igt_assert_eq(__nv_wait(&c->nv), 0);
	for (uint32_t i = first; i < first + n; i++)
		c->want[i] += rounds;
	if (below(c, 2))
		op_cpu_read(c, first, n);
}

/* The copy engine takes pages from one place of the range to another. */
static void op_copy(struct chaos *c, uint32_t first, uint32_t n)
{
	uint32_t to = below(c, PAGES - n + 1);

	if (c->ce_errors || (to + n > first && first + n > to))
		return;
	if (!all_writable(c, to, n))
		return;
	nv_copy(&c->nv, page(c, to), page(c, first), n * PAGE);
	memcpy(c->want + to, c->want + first, n * sizeof(c->want[0]));
}

/* A buffer object comes into the hole, is written by the GPU, and goes. */
static void op_bo(struct chaos *c, uint32_t first, uint32_t n)
{
	struct nv_bo bo;

	if (c->ce_errors || __nv_bo_init(c->nv.fd, &bo, n * PAGE, 0, first & 1 ? NOUVEAU_GEM_DOMAIN_VRAM :
			 NOUVEAU_GEM_DOMAIN_GART))
		return;
	nv_copy(&c->nv, (void *)(uintptr_t)bo.address, page(c, first), n * PAGE);
	igt_assert_eq(*(volatile uint32_t *)bo.map, c->want[first]);
	nv_bo_fini(&bo);
}

/* Shared memory takes the place of a piece; hole punched, then private again. */
static void op_shared(struct chaos *c, uint32_t first, uint32_t n)
{
	int fd = memfd_create("nv-igt", 0);

	igt_assert_lte(0, fd);
	igt_assert_eq(ftruncate(fd, n * PAGE), 0);
	igt_assert(mmap(page(c, first), n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			fd, 0) == page(c, first));
	forget(c, first, n);
	op_gpu_write(c, first, n);
	op_migrate(c, first, n);
	op_cpu_read(c, first, n);
	igt_assert_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, n / 2 * PAGE + 1),
		      0);
	if (n > 1)
		igt_assert_eq(nv_sum(&c->nv, page(c, first), n / 2, PAGE), 0);
	close(fd);
	op_map_new(c, first, n);
}

/* Held by the kernel for I/O, as RDMA would, while GPU and CPU use it. */
static void op_pin(struct chaos *c, uint32_t first, uint32_t n)
{
	int ring;

	n = n > 64 ? 64 : n;
	if (!all_writable(c, first, n))
		return;
	ring = nv_pin(page(c, first), n * PAGE);
	op_gpu_write(c, first, n);
	op_migrate(c, first, n);
	op_cpu_read(c, first, n);
	close(ring);
}

/* A bad access of this client: its channel dies, the memory does not. */
static void op_bad(struct chaos *c, uint32_t first, uint32_t n)
{
	(void)n;
	igt_assert_eq(__nv_store(&c->nv, (void *)(uintptr_t)(first * 8), 1), -ENODEV);
	nv_revive(&c->nv);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

static void chaos_run(uint64_t seed, double seconds)
{
	static void (*const ops[])(struct chaos *c, uint32_t first, uint32_t n) = {
		op_gpu_write, op_gpu_write, op_gpu_write, op_gpu_read, op_gpu_read, op_cpu_write,
		op_cpu_read, op_map_new, op_dontneed, op_protect, op_protect, op_migrate,
		op_migrate, op_move, op_advise, op_fork, op_bad, op_busy, op_busy, op_busy,
		op_copy, op_bo, op_shared, op_pin,
	};
	double end = nv_seconds() + seconds;
	struct chaos *c = calloc(1, sizeof(*c));
	uint32_t done = 0;

	igt_assert(c);
	igt_info("seed %llu, %.0f s\n", (unsigned long long)seed, seconds);
	nv_init(&c->nv);
	c->seed = seed | 1;
	c->next = 1;
	c->ce_errors = number("STRESS_CE_ERRORS", 0);
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
	igt_info("seed %llu: %u operations, all right\n", (unsigned long long)seed, done);
	nv_fini(&c->nv);
	munmap(c->base, PAGES * PAGE);
	free(c);
}

/* STRESS_SEED repeats a run; else every one is another, and says which. */
static uint64_t seed_of_run(void)
{
	static uint64_t seed;

	if (!seed)
		seed = number("STRESS_SEED", (uint64_t)time(NULL));
	return seed;
}

/* STRESS_SECONDS for each of the long ones. */
static double length(double otherwise)
{
	return number("STRESS_SECONDS", (uint64_t)otherwise);
}

static void processes(double seconds, int n)
{
	igt_fork(child, n)
		chaos_run(seed_of_run() * 31 + child, seconds);
	igt_waitchildren();
}

/* Two threads change the address space all the time, as fast as they can. */
static void *agitate(void *arg)
{
	struct chaos *c = arg;
	char *p = nv_anon(64 * PAGE);

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		uint32_t first = below(c, PAGES - 64), n = 1 + below(c, 63);

		switch (below(c, 4)) {
		case 0:	/* a split in the middle of the range, and its end */
			mprotect(page(c, first), n * PAGE, PROT_READ);
			mprotect(page(c, first), n * PAGE, PROT_READ | PROT_WRITE);
			break;
		case 1:
			madvise(page(c, first), n * PAGE, MADV_PAGEOUT);
			break;
		case 2:
			__nv_migrate(&c->nv, page(c, first), n * PAGE, below(c, 2), NULL);
			break;
		default:	/* VMAs come and go next to it */
			munmap(p, 64 * PAGE);
			p = nv_anon(64 * PAGE);
			*(volatile uint32_t *)p = 1;
		}
	}
	munmap(p, 64 * PAGE);
	return NULL;
}

/*
 * Counting kernels over all of it, one after another, while threads take rights
 * away and give them back. A write that meets the moment without the right kills
 * its channel, as it should: what it has written is then at most what it was to
 * write, and the others' words are untouched.
 */
static void threads(double seconds)
{
	double end = nv_seconds() + seconds;
	struct chaos *c = calloc(1, sizeof(*c)), *other[2];
	uint32_t sum[PAGES] = { 0 }, killed = 0, runs = 0;
	pthread_t t[2];

	igt_assert(c);
	igt_info("seed %llu\n", (unsigned long long)seed_of_run());
	nv_init(&c->nv);
	c->base = nv_anon_aligned(PAGES * PAGE, BLOCK);
	for (int i = 0; i < 2; i++) {
		other[i] = calloc(1, sizeof(*c));
		*other[i] = *c;
		other[i]->seed = (seed_of_run() * 3 + i) | 1;
		igt_assert_eq(pthread_create(&t[i], NULL, agitate, other[i]), 0);
	}
	for (; nv_seconds() < end; runs++) {
		const uint32_t rounds = 200;
		int err;

		nv_hammer_launch(&c->nv, c->base, PAGES, PAGE, rounds);
		err = __nv_wait(&c->nv);
		igt_assert(!err || err == -ENODEV);
		for (uint32_t i = 0; i < PAGES; i++) {
			uint32_t now = *(volatile uint32_t *)page(c, i);

			igt_assert_f(err ? now - sum[i] <= rounds : now - sum[i] == rounds,
				     "page %u went from %u to %u\n", i, sum[i], now);
			igt_assert_eq(*(volatile uint32_t *)(page(c, i) + 64), 0);
			sum[i] = now;
		}
		if (err) {
			killed++;
			nv_revive(&c->nv);
		}
	}
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&other[i]->stop, true, __ATOMIC_RELAXED);
		pthread_join(t[i], NULL);
		free(other[i]);
	}
	igt_info("%u kernels, %u of them killed\n", runs, killed);
	igt_assert_lt(killed, runs);
	nv_fini(&c->nv);
	munmap(c->base, PAGES * PAGE);
	free(c);
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
			chaos_run(seed_of_run() + n, 1000);
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
		chaos_run(seed_of_run(), length(30));
	igt_describe("The same in four processes");
	igt_subtest("stress-mm-chaos-processes")
		processes(length(40), 4);
	igt_describe("Processes in the middle of it are killed; VRAM is back afterwards");
	igt_subtest("stress-kill")
		kills(length(30));
	igt_describe("Threads change the address space under counting kernels");
	igt_subtest("stress-threads")
		threads(length(20));
	igt_describe("Signals all the time");
	igt_subtest("stress-signals")
		signals(length(15));
}
