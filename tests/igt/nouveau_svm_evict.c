// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm evict
 * Category: Core
 * Functionality: VRAM wanted by more than fits
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Full VRAM costs time, never data");

#define MIB (1ull << 20)

static uint64_t vram_or_skip(uint64_t cap)
{
	uint64_t total = nv_vram_total();

	igt_require_f(total <= cap, "%llu MiB of VRAM are too much to fill here\n",
		      (unsigned long long)(total / MIB));
	return total;
}

/* One word a page. */
static void check_words(const uint32_t *p, size_t pages, uint32_t base)
{
	for (size_t i = 0; i < pages; i++)
		igt_assert_f(p[i * 1024] == base + (uint32_t)i, "page %zu: 0x%x\n", i, p[i * 1024]);
}

/* Buffer objects take VRAM from memory that lives there: it goes home, whole. */
static void by_bo(struct nv *nv)
{
	const uint64_t total = vram_or_skip(512 * MIB);
	const size_t bytes = total / 16 & ~(BLOCK - 1);
	long long evicted = nv_counter("evicted_chunks");
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);
	struct nv_bo bos[64];
	unsigned int n = 0;

	nv_fill(nv, p, bytes / PAGE, PAGE, 1000);
	nv_migrate(nv, p, bytes, true);
	igt_assert_eq(nv_pages_in_vram(p, bytes), bytes / PAGE);
	while (n < ARRAY_LEN(bos) && nv_counter_since("evicted_chunks", evicted) < 4 &&
	       !__nv_bo_init(nv->fd, &bos[n], total / 32, 0, NOUVEAU_GEM_DOMAIN_VRAM |
			     NOUVEAU_GEM_DOMAIN_MAPPABLE))
		nv_pattern(bos[n].map, PAGE, n), n++;
	igt_assert_lte(4, nv_counter_since("evicted_chunks", evicted));
	igt_assert_lt(nv_pages_in_vram(p, bytes), bytes / PAGE);
	/* the GPU finds it at home, and buffer objects are intact */
	igt_assert_eq(nv_load(nv, p + (bytes / PAGE - 1) * 1024), 1000 + bytes / PAGE - 1);
	nv_fill(nv, p, bytes / PAGE, PAGE, 2000);
	check_words(p, bytes / PAGE, 2000);
	while (n) {
		n--;
		nv_check_pattern(bos[n].map, PAGE, n);
		nv_bo_fini(&bos[n]);
	}
	/* there is room again */
	igt_assert_lt(0, nv_migrate(nv, p, bytes, true));
	check_words(p, bytes / PAGE, 2000);
	munmap(p, bytes);
}

/* Evicted while a kernel writes to it. */
static void by_bo_busy(struct nv *nv)
{
	const uint64_t total = vram_or_skip(512 * MIB);
	const uint32_t threads = 64, rounds = 20000;
	const size_t bytes = 8 * BLOCK;
	long long evicted = nv_counter("evicted_chunks");
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);
	struct nv_bo bos[64];
	struct nv other;
	unsigned int n = 0;

	nv_init(&other);
	memset(p, 0, bytes);
	nv_migrate(nv, p, bytes, true);
	nv_hammer_launch(nv, p, threads, bytes / threads, rounds);
	while (n < ARRAY_LEN(bos) && nv_counter_since("evicted_chunks", evicted) < 8 &&
	       !__nv_bo_init(other.fd, &bos[n], total / 32, 0, NOUVEAU_GEM_DOMAIN_VRAM |
			     NOUVEAU_GEM_DOMAIN_MAPPABLE))
		n++;
	igt_assert_eq(__nv_wait(nv), 0);
	igt_assert_lte(8, nv_counter_since("evicted_chunks", evicted));
	for (uint32_t i = 0; i < threads; i++)
		igt_assert_eq(p[i * (bytes / threads / 4)], rounds);
	while (n)
		nv_bo_fini(&bos[--n]);
	nv_fini(&other);
	munmap(p, bytes);
}

/* In parts, by faults alone: the word of page i becomes @base + i. */
static void fill_parts(struct nv *nv, uint32_t *p, size_t bytes, uint32_t base)
{
	const size_t part = 8 * MIB;

	for (size_t at = 0; at < bytes; at += part)
		nv_fill(nv, (char *)p + at, part / PAGE, PAGE, base + at / PAGE);
}

static size_t times_vram(unsigned int quarters)
{
	const size_t part = 8 * MIB;

	return (vram_or_skip(256 * MIB) * quarters / 4 + part - 1) & ~(part - 1);
}

/* 1.25 times VRAM, streamed once: what came last is in VRAM, what came first is not. */
static void stream(struct nv *nv)
{
	const size_t bytes = times_vram(5), quarter = times_vram(1);
	long long evicted = nv_counter("pages_evicted"), waited = nv_counter("evictions_waited_for");
	long long blocks = bytes / BLOCK;
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);

	fill_parts(nv, p, bytes, 5);
	evicted = nv_counter_since("pages_evicted", evicted);
	waited = nv_counter_since("evictions_waited_for", waited);
	igt_info("%lld pages evicted, %lld of %lld blocks waited for it\n", evicted, waited, blocks);
	igt_assert_lte(quarter / PAGE, evicted);
	/* the client sees its part of it, in KiB */
	igt_assert_lte(evicted * 4 / 2, nv_fdinfo(nv, "drm-nouveau-svm-evicted"));
	igt_assert_lte(nv_fdinfo(nv, "drm-nouveau-svm-evicted"), evicted * 5);
	igt_assert_lte(nv_fdinfo(nv, "drm-nouveau-svm-resident"),
		       (long long)nv_pages_in_vram(p, bytes) * 4);
	igt_assert_lte((long long)nv_pages_in_vram(p, bytes) * 2,
		       nv_fdinfo(nv, "drm-nouveau-svm-resident"));
	igt_assert_lte(evicted, 2 * quarter / PAGE);
	igt_assert_lte(nv_pages_in_vram(p, quarter / 2), quarter / 2 / PAGE / 4);
	igt_assert_lte(quarter / PAGE * 3 / 4,
		       nv_pages_in_vram((char *)p + bytes - quarter, quarter));
	check_words(p, bytes / PAGE, 5);
	munmap(p, bytes);
}

/* Over and over 1.5 times VRAM: eviction ends by itself, data is right. */
static void reuse(struct nv *nv)
{
	const size_t bytes = times_vram(6);
	long long evicted[6], pages = bytes / PAGE;
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);

	for (uint32_t round = 0; round < ARRAY_LEN(evicted); round++) {
		evicted[round] = nv_counter("pages_evicted");
		fill_parts(nv, p, bytes, round * 0x1000000);
		evicted[round] = nv_counter_since("pages_evicted", evicted[round]);
		igt_info("round %u: %lld pages evicted\n", round, evicted[round]);
	}
	/* the first has to; all that come back in the second settle it */
	igt_assert_lte(pages / 4, evicted[0]);
	igt_assert_lte(evicted[1] + evicted[2], pages / 4);
	igt_assert_lte(evicted[4] + evicted[5], pages / 16);
	igt_assert_lt(pages / 3, (long long)nv_pages_in_vram(p, bytes));
	check_words(p, bytes / PAGE, 5 * 0x1000000);
	munmap(p, bytes);
}

/* Twice VRAM in an order nobody can foresee, CPU and GPU. */
static void random_order(struct nv *nv)
{
	const size_t bytes = times_vram(8), part = 256 * 1024, n = bytes / part;
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);
	uint32_t *last = calloc(n, sizeof(*last)), x = 1;

	igt_assert(last);
	for (uint32_t turn = 1; turn <= 3 * n; turn++) {
		size_t k;

		x = x * 1664525 + 1013904223;
		k = (x >> 8) % n;
		if (turn % 16 == 0 && last[k])
			check_words(p + k * part / 4, part / PAGE, last[k]);
		nv_fill(nv, (char *)p + k * part, part / PAGE, PAGE, turn * 0x100);
		last[k] = turn * 0x100;
	}
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < part / PAGE; i++)
			igt_assert_eq(p[k * part / 4 + i * 1024], last[k] ? last[k] + i : 0);
	igt_assert_lt(0, nv_counter("pages_evicted"));
	free(last);
	munmap(p, bytes);
}

/* Knob evict at 0: nobody goes for others, those stay where they are. */
static void off(struct nv *nv)
{
	const size_t bytes = times_vram(5);
	long long evicted = nv_counter("pages_evicted");
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);

	nv_knob("evict", 0);
	fill_parts(nv, p, bytes, 9);
	igt_assert_eq(nv_counter_since("pages_evicted", evicted), 0);
	igt_assert_lt(bytes / PAGE / 2, nv_pages_in_vram(p, bytes));
	igt_assert_lt(nv_pages_in_vram(p, bytes), bytes / PAGE);
	check_words(p, bytes / PAGE, 9);
	munmap(p, bytes);
}

/* Memory of processes takes VRAM from buffer objects that nobody uses, too. */
static void bos_go(struct nv *nv)
{
	const uint64_t total = vram_or_skip(256 * MIB);
	const size_t bytes = times_vram(4);
	long long gone = nv_counter("evicted_bos");
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);
	struct nv_bo bos[8];

	for (unsigned int i = 0; i < ARRAY_LEN(bos); i++) {
		nv_bo_init(nv->fd, &bos[i], total / 16, NOUVEAU_GEM_DOMAIN_VRAM |
			   NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_MAPPABLE);
		nv_pattern(bos[i].map, PAGE, i);
	}
	fill_parts(nv, p, bytes, 3);
	igt_assert_lt(0, nv_counter_since("evicted_bos", gone));
	for (unsigned int i = 0; i < ARRAY_LEN(bos); i++) {
		nv_check_pattern(bos[i].map, PAGE, i);
		nv_bo_fini(&bos[i]);
	}
	check_words(p, bytes / PAGE, 3);
	munmap(p, bytes);
}

/* Two processes, together more than VRAM, both explicit and by faults. */
static void processes(void)
{
	const size_t bytes = (vram_or_skip(256 * MIB) * 2 / 3) & ~(BLOCK - 1);

	igt_fork(child, 2) {
		uint32_t *p = nv_anon_aligned(bytes, BLOCK);
		struct nv nv;

		nv_init(&nv);
		for (uint32_t round = 0; round < 3; round++) {
			uint32_t base = (child + 1) * 0x10000000 + round * 0x100000;

			nv_fill(&nv, p, bytes / PAGE, PAGE, base);
			nv_migrate(&nv, p, bytes, true);
			check_words(p, bytes / PAGE, base);
		}
		nv_fini(&nv);
	}
	igt_waitchildren();
}

/* RAM and VRAM full: what can't go home stays, what can't come is used in place. */
static void ram_exhausted(struct nv *nv)
{
	const uint64_t total = vram_or_skip(256 * MIB);
	const size_t bytes = total / 2 & ~(BLOCK - 1);
	uint32_t *p = nv_anon_aligned(bytes, BLOCK), *q = nv_anon_aligned(bytes, BLOCK);
	struct nv_bo bos[8];
	unsigned int n = 0;
	int ready[2];
	pid_t hog;
	char c;

	nv_fill(nv, p, bytes / PAGE, PAGE, 1);
	nv_migrate(nv, p, bytes, true);
	igt_assert_eq(pipe(ready), 0);
	hog = fork();
	igt_assert_lte(0, hog);
	if (!hog) {
		char line[96];
		long free_kib = 0;
		FILE *f = fopen("/proc/meminfo", "r");
		size_t take;
		char *m;

		nv_write_file("/proc/self/oom_score_adj", "1000");
		while (f && fgets(line, sizeof(line), f))
			sscanf(line, "MemAvailable: %ld", &free_kib);
		/* all but what the test needs to run, and not what it evicts */
		take = ((size_t)free_kib << 10) - bytes / 4 - bytes;
		m = mmap(NULL, take, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_POPULATE, -1, 0);
		CHILD_CHECK(m != MAP_FAILED && write(ready[1], "r", 1) == 1);
		pause();
	}
	igt_assert_eq(read(ready[0], &c, 1), 1);
	igt_set_timeout(120, "work with RAM and VRAM full");
	nv_fill(nv, q, bytes / PAGE, PAGE, 7);
	/* they take from memory that has nowhere to go, not from each other */
	while (n < ARRAY_LEN(bos) && !__nv_bo_init(nv->fd, &bos[n], total / 32, 0,
						   NOUVEAU_GEM_DOMAIN_VRAM |
						   NOUVEAU_GEM_DOMAIN_MAPPABLE))
		n++;
	igt_assert_eq(nv_sum(nv, q, 256, PAGE), 256 * 7 + 255 * 128);
	igt_reset_timeout();
	kill(hog, SIGKILL);
	waitpid(hog, NULL, 0);
	check_words(p, bytes / PAGE, 1);
	check_words(q, bytes / PAGE, 7);
	while (n)
		nv_bo_fini(&bos[--n]);
	munmap(p, bytes);
	munmap(q, bytes);
}

/*
 * One launch that wants more than VRAM and lists a buffer object in VRAM. That is busy
 * until the launch ends, so eviction for the launch's own faults must not wait for it.
 */
static void bo_in_use(struct nv *nv)
{
	const size_t bytes = times_vram(5);
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);
	long long evicted = nv_counter("pages_evicted");
	struct nv_bo bo;

	nv_bo_init(nv->fd, &bo, vram_or_skip(256 * MIB) / 16, NOUVEAU_GEM_DOMAIN_VRAM |
		   NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_MAPPABLE);
	nv_pattern(bo.map, bo.size, 1);
	nv->also = &bo;
	nv_fill(nv, p, bytes / PAGE, PAGE, 5);
	igt_assert_eq(__nv_wait(nv), 0);
	nv->also = NULL;
	igt_assert_lt(0, nv_counter_since("pages_evicted", evicted));
	check_words(p, bytes / PAGE, 5);
	nv_check_pattern(bo.map, bo.size, 1);
	nv_bo_fini(&bo);
	munmap(p, bytes);
}

/* Evicted from a block, and then the GPU writes there: how many pages came back. */
static long long come_back(struct nv *nv, uint32_t *p, bool anew)
{
	long long before;

	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	nv_evict(p, BLOCK);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	if (anew) {
		igt_assert_eq(munmap(p, BLOCK), 0);
		igt_assert(mmap(p, BLOCK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	}
	before = nv_counter("pages_refaulted");
	nv_fill(nv, p, BLOCK / PAGE, PAGE, 3);
	check_words(p, BLOCK / PAGE, 3);
	return nv_counter_since("pages_refaulted", before);
}

/* Memory that is new has never been evicted, whatever was at its address before. */
static void forgotten(struct nv *nv)
{
	uint32_t *p = nv_anon_aligned(BLOCK, BLOCK);

	nv_pattern(p, BLOCK, 1);
	igt_assert_lt(0, come_back(nv, p, false));
	igt_assert_eq(come_back(nv, p, true), 0);
	munmap(p, BLOCK);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "evict-by-bo", by_bo, "Buffer objects take VRAM from processes" },
		{ "evict-by-bo-busy", by_bo_busy, "The same under a kernel that writes there" },
		{ "evict-forgotten", forgotten, "What was evicted and unmapped does not come back" },
		{ "evict-stream-stress", stream, "1.25 times VRAM, streamed: the oldest go" },
		{ "evict-reuse-stress", reuse, "1.5 times VRAM, again and again: eviction ends" },
		{ "evict-random-stress", random_order, "Twice VRAM, in random order" },
		{ "evict-off-stress", off, "No eviction for other pages when told so" },
		{ "evict-takes-bo-stress", bos_go, "Pages take VRAM from idle buffer objects" },
		{ "evict-bo-in-use-stress", bo_in_use, "A launch's own objects are not waited for" },
		{ "evict-ram-exhausted-stress", ram_exhausted, "No RAM to evict to" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
	igt_describe("Processes that together want more than there is");
	igt_subtest("evict-processes-stress")
		processes();
}
