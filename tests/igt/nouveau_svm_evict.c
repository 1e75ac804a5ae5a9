// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm evict
 * Category: Core
 * Functionality: VRAM wanted by more than fits
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
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

/* 1.25 times VRAM, streamed by faults alone, three times. */
static void oversubscribed(struct nv *nv)
{
	const size_t part = 16 * MIB;
	const size_t bytes = (vram_or_skip(256 * MIB) * 5 / 4 + part - 1) & ~(part - 1);
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);

	for (uint32_t round = 0; round < 3; round++) {
		for (size_t at = 0; at < bytes; at += part)
			nv_fill(nv, (char *)p + at, part / PAGE, PAGE,
				round * 0x1000000 + at / PAGE);
		if (round == 1)
			igt_assert_eq(nv_sum(nv, p, 4096, PAGE),
				      4096u * 0x1000000u + 4095u * 2048u);
	}
	check_words(p, bytes / PAGE, 2 * 0x1000000);
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

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "evict-by-bo", by_bo, "Buffer objects take VRAM from processes" },
		{ "evict-by-bo-busy", by_bo_busy, "The same under a kernel that writes there" },
		{ "evict-oversub-125-stress", oversubscribed, "1.25 times VRAM, streamed by faults" },
		{ "evict-ram-exhausted-stress", ram_exhausted, "No RAM to evict to" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
	igt_describe("Processes that together want more than there is");
	igt_subtest("evict-processes-stress")
		processes();
}
