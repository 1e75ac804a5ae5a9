// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm replica
 * Category: Core
 * Functionality: copies in VRAM of memory that is read by both sides
 */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_ext.h"
#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("A copy is gone before a write can be seen");

#define GRANULES ((unsigned int)(BLOCK / NOUVEAU_SVM_GRANULE_BYTES))
#define PAGES ((unsigned int)(BLOCK / PAGE))
#define WORDS 1024			/* of a page */

static void advise(struct nv *nv, const void *p, size_t bytes, uint64_t on)
{
	igt_assert_eq(__nv_bind_raw(nv->fd, NOUVEAU_SVM_BIND_COMMAND__READ_MOSTLY |
				    on << NOUVEAU_SVM_BIND_TARGET_SHIFT, p, bytes, NULL), 0);
}

/* A block of pages, the first word of page i is @base + i; read mostly. */
static uint32_t *block(struct nv *nv, uint32_t base)
{
	uint32_t *p = nv_anon_aligned(BLOCK, BLOCK);

	igt_assert_eq(madvise(p, BLOCK, MADV_NOHUGEPAGE), 0);
	for (uint32_t i = 0; i < PAGES; i++)
		p[i * WORDS] = base + i;
	advise(nv, p, BLOCK, 1);
	return p;
}

static uint32_t sum_of(uint32_t base)
{
	return PAGES * base + PAGES * (PAGES - 1) / 2;
}

/* fork() makes every page shared; that lasts until it is written to. */
static void share(void)
{
	pid_t pid = fork();

	igt_assert_lte(0, pid);
	if (!pid)
		_exit(0);
	nv_expect_child_ok(pid);
}

/* Pages of the block with a copy; all of them are in RAM, too. */
static unsigned int replicas(struct nv *nv, const void *p)
{
	struct drm_nouveau_svm_granule g[GRANULES];
	unsigned int n = 0;

	nv_query(nv, p, g, GRANULES);
	for (unsigned int i = 0; i < GRANULES; i++) {
		igt_assert_lte(g[i].replica, g[i].system);
		igt_assert_lte(g[i].replica, g[i].mapped);
		n += g[i].replica;
	}
	return n;
}

/* The block is shared, read by the GPU and copied, all of it. */
static uint32_t *copied(struct nv *nv, uint32_t base)
{
	uint32_t *p = block(nv, base);

	share();
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(base));
	igt_assert_eq(replicas(nv, p), PAGES);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	return p;
}

/* Read by both, by neither at the cost of the other. */
static void both(struct nv *nv)
{
	uint32_t *p = copied(nv, 10), sum = 0;
	long long mapped = nv_pages_mapped(), dropped = nv_counter("replicas_dropped");

	igt_assert_eq(nv_fdinfo(nv, "drm-nouveau-svm-replicas"), BLOCK / 1024);
	igt_assert_eq(nv_fdinfo(nv, "drm-nouveau-svm-resident"), 0);
	for (unsigned int round = 0; round < 3; round++) {
		sum = 0;
		for (unsigned int i = 0; i < PAGES; i++)
			sum += p[i * WORDS];
		igt_assert_eq(sum, sum_of(10));
		igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(10));
	}
	igt_assert_eq(nv_pages_mapped(), mapped);
	igt_assert_eq(nv_counter_since("replicas_dropped", dropped), 0);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	munmap(p, BLOCK);
	igt_assert_eq(nv_counter_since("replicas_dropped", dropped), PAGES);
	igt_assert_eq(nv_fdinfo(nv, "drm-nouveau-svm-replicas"), 0);
}

/* Memory of one process alone could be written to unheard: no copies. */
static void alone(struct nv *nv)
{
	long long before = nv_counter("pages_replicated");
	uint32_t *p = block(nv, 10);

	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(10));
	igt_assert_eq(mprotect(p, BLOCK, PROT_READ), 0);
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(10));
	igt_assert_eq(replicas(nv, p), 0);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	igt_assert_eq(nv_counter_since("pages_replicated", before), 0);
	munmap(p, BLOCK);
}

/* fork() and a write, here and in the child. */
static void write_after_fork(struct nv *nv)
{
	uint32_t *p = block(nv, 500);
	int go[2];
	pid_t pid;
	char c;

	igt_assert_eq(pipe(go), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		CHILD_CHECK(read(go[0], &c, 1) == 1);
		for (uint32_t i = 0; i < PAGES; i++) {
			CHILD_CHECK(p[i * WORDS] == 500 + i);
			p[i * WORDS] = 7;
		}
		_exit(0);
	}
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(500));
	igt_assert_eq(replicas(nv, p), PAGES);
	for (uint32_t i = 0; i < PAGES; i += 5) {
		p[i * WORDS] = 500 + i + 1;
		igt_assert_eq(i % 40 ? 501 + i : nv_load(nv, p + i * WORDS), 501 + i);
	}
	/* what was written is ours alone, the rest can be copied again */
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(500) + (PAGES + 4) / 5);
	igt_assert_eq(replicas(nv, p), PAGES - (PAGES + 4) / 5);
	igt_assert_eq(write(go[1], "g", 1), 1);
	nv_expect_child_ok(pid);
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(500) + (PAGES + 4) / 5);
	close(go[0]);
	close(go[1]);
	munmap(p, BLOCK);
}

/* Read-only, made writable, written. */
static void mprotected(struct nv *nv)
{
	uint32_t *p = block(nv, 30);

	igt_assert_eq(mprotect(p, BLOCK, PROT_READ), 0);
	for (uint32_t i = 0; i < 12; i++) {
		share();
		igt_assert_eq(nv_load(nv, p + i * WORDS), 30 + i);
		igt_assert_lt(0, replicas(nv, p));
		igt_assert_eq(mprotect(p, BLOCK, PROT_READ | PROT_WRITE), 0);
		p[i * WORDS] = 9000 + i;
		igt_assert_eq(nv_load(nv, p + i * WORDS), 9000 + i);
		igt_assert_eq(mprotect(p, BLOCK, PROT_READ), 0);
	}
	munmap(p, BLOCK);
}

/*
 * A debugger writes past PROT_READ. It is forked before there is anything to share,
 * since a fork makes everything shared.
 */
struct tracer {
	pid_t pid;
	int ask[2], done[2];
};

struct poke {
	uint32_t *at;
	uint32_t value;
};

static void tracer_run(struct tracer *t, pid_t traced)
{
	struct poke poke;
	char c = 'd';
	long word;

	while (read(t->ask[0], &poke, sizeof(poke)) == sizeof(poke)) {
		CHILD_CHECK(!ptrace(PTRACE_ATTACH, traced, NULL, NULL));
		CHILD_CHECK(waitpid(traced, NULL, __WALL) == traced);
		word = ptrace(PTRACE_PEEKDATA, traced, poke.at, NULL);
		word = (word & ~0xffffffffl) | poke.value;
		CHILD_CHECK(!ptrace(PTRACE_POKEDATA, traced, poke.at, (void *)word));
		CHILD_CHECK(!ptrace(PTRACE_DETACH, traced, NULL, NULL));
		CHILD_CHECK(write(t->done[1], &c, 1) == 1);
	}
	_exit(0);
}

static void tracer_start(struct tracer *t)
{
	pid_t me = getpid();

	igt_assert_eq(pipe(t->ask) | pipe(t->done), 0);
	t->pid = fork();
	igt_assert_lte(0, t->pid);
	if (!t->pid) {
		close(t->ask[1]);
		tracer_run(t, me);
	}
	close(t->ask[0]);
	close(t->done[1]);
}

static void tracer_poke(struct tracer *t, uint32_t *at, uint32_t value)
{
	const struct poke poke = { at, value };
	char c;

	igt_assert_eq(write(t->ask[1], &poke, sizeof(poke)), sizeof(poke));
	igt_assert_eq(read(t->done[0], &c, 1), 1);
}

static void tracer_stop(struct tracer *t)
{
	close(t->ask[1]);
	nv_expect_child_ok(t->pid);
	close(t->done[0]);
}

static void traced_all(struct nv *nv, bool shared)
{
	struct tracer t;
	uint32_t *p;

	tracer_start(&t);
	p = block(nv, 30);
	igt_assert_eq(mprotect(p, BLOCK, PROT_READ), 0);
	if (shared)
		share();
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(30));
	igt_assert_eq(replicas(nv, p), shared ? PAGES : 0);
	for (uint32_t i = 0; i < PAGES; i += 67) {
		/* from the second time on it is a page of its own */
		for (uint32_t k = 0; k < 3; k++) {
			tracer_poke(&t, p + i * WORDS, 9000 + 3 * i + k);
			igt_assert_eq(nv_load(nv, p + i * WORDS), 9000 + 3 * i + k);
			igt_assert_eq(p[i * WORDS], 9000 + 3 * i + k);
		}
		igt_assert_eq(nv_load(nv, p + (i + 1) * WORDS), 31 + i);
	}
	tracer_stop(&t);
	munmap(p, BLOCK);
}

static void traced(struct nv *nv)
{
	traced_all(nv, true);
}

static void traced_alone(struct nv *nv)
{
	traced_all(nv, false);
}

/* The GPU itself writes, adds, and reads what it wrote. */
static void gpu_writes(struct nv *nv)
{
	uint32_t *p = copied(nv, 40);

	nv_store(nv, p + 17 * WORDS, 1);
	nv_atomic_add(nv, p + 100 * WORDS, 2, 8);
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(40) + 1 - 57 + 16);
	nv_fill(nv, p, PAGES, PAGE, 3000);
	for (uint32_t i = 0; i < PAGES; i++)
		igt_assert_eq(p[i * WORDS], 3000 + i);
	munmap(p, BLOCK);
}

/* The memory under it moves, goes and is another. */
static void events(struct nv *nv)
{
	uint32_t *p = copied(nv, 60), *q = nv_anon_aligned(BLOCK, BLOCK);

	/* a part of a granule */
	igt_assert_eq(madvise(p + 5 * WORDS, 3 * PAGE, MADV_DONTNEED), 0);
	igt_assert_eq(nv_sum(nv, p, 16, PAGE), 16 * 60 + 120 - 3 * 66);
	igt_assert_eq(munmap(p + 20 * WORDS, 2 * PAGE), 0);
	igt_assert(mmap(p + 20 * WORDS, 2 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED);
	igt_assert_eq(nv_load(nv, p + 20 * WORDS), 0);
	igt_assert_eq(nv_load(nv, p + 19 * WORDS), 79);
	/* to another address, with what is copied */
	igt_assert(mremap(p + 256 * WORDS, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			  q) == (void *)q);
	igt_assert_eq(nv_sum(nv, q, 64, PAGE), 64 * 316 + 63 * 32);
	/* there it was not advised */
	igt_assert_eq(replicas(nv, q), 0);
	/* explicit migration takes it, and brings it back */
	igt_assert_eq(nv_migrate(nv, p + 400 * WORDS, 64 * PAGE, true), 64);
	igt_assert_eq(nv_sum(nv, p + 400 * WORDS, 64, PAGE), 64 * 460 + 63 * 32);
	igt_assert_eq(nv_migrate(nv, p + 400 * WORDS, 64 * PAGE, false), 64);
	igt_assert_eq(p[410 * WORDS], 470);
	munmap(p, BLOCK);
	munmap(q, BLOCK);
}

/* Unadvised: no copies any more, and none are made. */
static void unadvised(struct nv *nv)
{
	uint32_t *p = copied(nv, 80);

	advise(nv, p + 16 * WORDS, 16 * PAGE, 0);
	igt_assert_eq(replicas(nv, p), PAGES - 16);
	igt_assert_eq(nv_load(nv, p + 16 * WORDS), 96);
	igt_assert_eq(replicas(nv, p), PAGES - 16);
	igt_assert_eq(__nv_bind_raw(nv->fd, NOUVEAU_SVM_BIND_COMMAND__RESET, p, BLOCK, NULL), 0);
	igt_assert_eq(replicas(nv, p), 0);
	igt_assert_eq(nv_load(nv, p), 80);
	igt_assert_eq(replicas(nv, p), 0);
	munmap(p, BLOCK);
}

/* Two processes with copies of one page: each lets go of its own. */
static void two(struct nv *nv)
{
	uint32_t *p = block(nv, 200);
	int go[2], done[2];
	pid_t pid;
	char c;

	igt_assert_eq(pipe(go) | pipe(done), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;

		nv_init(&own);
		advise(&own, p, BLOCK, 1);
		CHILD_CHECK(nv_sum(&own, p, PAGES, PAGE) == sum_of(200));
		CHILD_CHECK(replicas(&own, p) == PAGES);
		CHILD_CHECK(write(done[1], "d", 1) == 1 && read(go[0], &c, 1) == 1);
		/* the parent wrote to its own */
		CHILD_CHECK(replicas(&own, p) == PAGES);
		CHILD_CHECK(nv_sum(&own, p, PAGES, PAGE) == sum_of(200));
		_exit(0);
	}
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(200));
	igt_assert_eq(replicas(nv, p), PAGES);
	igt_assert_eq(read(done[0], &c, 1), 1);
	for (uint32_t i = 0; i < PAGES; i++)
		p[i * WORDS] = 300 + i;
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(300));
	igt_assert_eq(replicas(nv, p), 0);
	igt_assert_eq(write(go[1], "g", 1), 1);
	nv_expect_child_ok(pid);
	close(go[0]);
	close(go[1]);
	close(done[0]);
	close(done[1]);
	munmap(p, BLOCK);
}

/* One huge page for both: exclusive as a whole, then shared, then cut by a write. */
static void huge(struct nv *nv)
{
	uint32_t *p = nv_thp(BLOCK);

	for (uint32_t i = 0; i < PAGES; i++)
		p[i * WORDS] = 600 + i;
	advise(nv, p, BLOCK, 1);
	igt_assert_eq(mprotect(p, BLOCK, PROT_READ), 0);
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(600));
	igt_assert_eq(replicas(nv, p), 0);
	share();
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(600));
	igt_assert_eq(replicas(nv, p), PAGES);
	igt_assert_eq(mprotect(p, BLOCK, PROT_READ | PROT_WRITE), 0);
	for (uint32_t i = 3; i < PAGES; i += 100) {
		igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(600) + i / 100);
		igt_assert_lt(0, replicas(nv, p));
		p[i * WORDS]++;
		igt_assert_eq(nv_load(nv, p + i * WORDS), 601 + i);
	}
	munmap(p, BLOCK);
}

/* Equal pages, merged: shared by nobody else, and copied all the same. */
static void merged(struct nv *nv)
{
	const size_t bytes = 64 * PAGE;
	uint32_t *p = nv_anon_aligned(BLOCK, BLOCK), *q;

	igt_assert_eq(madvise(p, BLOCK, MADV_NOHUGEPAGE), 0);
	memset(p, 0x42, bytes);
	advise(nv, p, bytes, 1);
	igt_require_f(!madvise(p, bytes, MADV_MERGEABLE), "no KSM\n");
	nv_write_file("/sys/kernel/mm/ksm/pages_to_scan", "4000");
	igt_assert(nv_write_file("/sys/kernel/mm/ksm/run", "1"));
	for (int i = 0; i < 100 && nv_smaps(p, "KSM") < (long)bytes / 1024; i++)
		usleep(20000);
	nv_write_file("/sys/kernel/mm/ksm/run", "0");
	igt_assert_eq(nv_smaps(p, "KSM"), bytes / 1024);
	igt_assert_eq(nv_sum(nv, p, 64, PAGE), 64 * 0x42424242u);
	igt_assert_eq(replicas(nv, p), 64);
	for (q = p; q < p + 64 * WORDS; q += 9 * WORDS) {
		*q = 1;
		igt_assert_eq(nv_load(nv, q), 1);
		igt_assert_eq(nv_load(nv, q + WORDS / 2), 0x42424242);
	}
	igt_assert_eq(nv_sum(nv, p, 64, PAGE), 56 * 0x42424242u + 8);
	munmap(p, BLOCK);
}

/* RAM is wanted: held pages go out all the same. */
static void paged_out(struct nv *nv)
{
	uint32_t *p = copied(nv, 90);

	nv_swap_on();
	nv_page_out(p, BLOCK);
	igt_assert_eq(replicas(nv, p), 0);
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(90));
	munmap(p, BLOCK);
}

/* VRAM is wanted: copies go first, and nothing else as long as there are some. */
static void evicted(struct nv *nv)
{
	const uint64_t total = nv_vram_total();
	uint32_t *p = block(nv, 110), *old, *q;
	const size_t fill = (total - 4 * BLOCK) & ~(BLOCK - 1);
	long long evicted;

	igt_require_f(total <= 512ull << 20, "VRAM too large to fill here\n");
	share();
	old = nv_anon_aligned(fill, BLOCK);
	q = nv_anon_aligned(8 * BLOCK, BLOCK);
	nv_migrate(nv, old, fill, true);
	/* the last to come */
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(110));
	igt_assert_eq(replicas(nv, p), PAGES);
	evicted = nv_counter("pages_evicted");
	nv_migrate(nv, q, 8 * BLOCK, true);
	igt_assert_eq(replicas(nv, p), 0);
	igt_assert_lt(0, nv_counter_since("pages_evicted", evicted));
	igt_assert_eq(nv_pages_in_vram(q, 8 * BLOCK), 8 * PAGES);
	/* read in place, as long as there is no room */
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), sum_of(110));
	p[3 * WORDS] = 1;
	igt_assert_eq(nv_load(nv, p + 3 * WORDS), 1);
	munmap(old, fill);
	munmap(q, 8 * BLOCK);
	munmap(p, BLOCK);
}

/* A writer that shares and writes; what the GPU reads is never older than the last write. */

struct writer {
	uint32_t *word;
	volatile uint32_t written;
	volatile bool stop;
};

static void *write_on(void *arg)
{
	struct writer *w = arg;
	uint32_t value = 0;

	while (!w->stop) {
		*(volatile uint32_t *)w->word = ++value;
		w->written = value;
		if (value % 4 == 0) {
			pid_t pid = fork();

			if (!pid)
				_exit(0);
			if (pid > 0)
				waitpid(pid, NULL, 0);
		}
		usleep(200);
	}
	return NULL;
}

static void raced(struct nv *nv)
{
	long long copies = nv_counter("pages_replicated");
	uint32_t *p = block(nv, 0), seen, least;
	struct writer w = { .word = p + 33 * WORDS };
	double end = nv_seconds() + 1;
	pthread_t thread;

	*w.word = 0;
	igt_assert_eq(pthread_create(&thread, NULL, write_on, &w), 0);
	do {
		least = w.written;
		seen = nv_load(nv, w.word);
		igt_assert_lte(least, seen);
	} while (nv_seconds() < end);
	w.stop = true;
	pthread_join(thread, NULL);
	igt_assert_eq(nv_load(nv, w.word), w.written);
	igt_info("%u writes, %lld pages copied\n", w.written,
		 nv_counter_since("pages_replicated", copies));
	igt_assert_lt(0, nv_counter_since("pages_replicated", copies));
	munmap(p, BLOCK);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "replica-both-read", both, "CPU and GPU read, nothing moves" },
		{ "replica-alone", alone, "Memory of one process alone is not copied" },
		{ "replica-fork-write", write_after_fork, "fork and writes on both sides of it" },
		{ "replica-mprotect", mprotected, "Read-only, made writable, written" },
		{ "replica-ptrace", traced, "Written by a debugger past PROT_READ" },
		{ "replica-ptrace-alone", traced_alone, "The same where nobody hears of it" },
		{ "replica-gpu-write", gpu_writes, "Written by the GPU" },
		{ "replica-events", events, "Unmapped, moved, dropped, migrated" },
		{ "replica-unadvised", unadvised, "The advice is taken back" },
		{ "replica-two", two, "Two processes with copies of the same pages" },
		{ "replica-huge", huge, "A huge page, shared and cut" },
		{ "replica-merged", merged, "Pages merged by KSM" },
		{ "replica-paged-out", paged_out, "Held pages can be swapped out" },
		{ "replica-evict", evicted, "Copies are the first to go" },
		{ "replica-race", raced, "Reads beside fork and writes" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
