// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm basic
 * Category: Core
 * Functionality: shared virtual memory, replayable faults
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "nv_igt.h"
#include "nv_programs.h"
#include "nv_svm.h"

IGT_TEST_DESCRIPTION("The GPU reads and writes what malloc gave");

/* .data, .bss and .rodata are ordinary memory too */
static uint32_t in_data = 0x11111111;
static uint32_t in_bss;
static const uint32_t in_rodata = 0x22222222;

static void malloc_times(struct nv *nv, unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		uint32_t *untouched = malloc(64 * PAGE), *touched = malloc(64 * PAGE);

		memset(touched, 0x5a, 64 * PAGE);
		nv_store(nv, untouched + 1024, 0xabcd0000 + i);
		nv_store(nv, touched + 2048, 0xbeef0000 + i);
		igt_assert_eq(untouched[1024], 0xabcd0000 + i);
		igt_assert_eq(touched[2048], 0xbeef0000 + i);
		igt_assert_eq(touched[2049], 0x5a5a5a5a);
		igt_assert_eq(nv_load(nv, touched + 4096), 0x5a5a5a5a);
		free(touched);
		free(untouched);
	}
}

/* Pieces of odd sizes at odd offsets, each written whole, over 64K and 2M edges. */
static void unaligned(struct nv *nv)
{
	const size_t size = 3 * BLOCK + 3 * PAGE;
	const size_t offsets[] = { 4, PAGE - 4, 15 * PAGE + 8, BLOCK - 12, BLOCK + 65536 - 4 };
	char *base = nv_anon(size);

	for (unsigned int i = 0; i < ARRAY_LEN(offsets); i++) {
		uint32_t *p = (uint32_t *)(base + offsets[i]);
		uint32_t n = 40000 + 13 * i;

		nv_fill(nv, p, n, 4, i << 24);
		for (uint32_t k = 0; k < n; k++)
			igt_assert_eq(p[k], (i << 24) + k);
	}
	munmap(base, size);
}

static void segments(struct nv *nv)
{
	volatile uint32_t on_stack = 0x33333333;

	igt_assert_eq(nv_load(nv, &in_data), 0x11111111);
	igt_assert_eq(nv_load(nv, &in_rodata), 0x22222222);
	igt_assert_eq(nv_load(nv, (const void *)&on_stack), 0x33333333);
	nv_store(nv, &in_data, 1);
	nv_store(nv, &in_bss, 2);
	nv_store(nv, (void *)&on_stack, 3);
	igt_assert_eq(in_data, 1);
	igt_assert_eq(in_bss, 2);
	igt_assert_eq(on_stack, 3);
}

static void zero_page(struct nv *nv)
{
	uint32_t *p = nv_anon(256 * PAGE);

	/* cold: mapped where it is, and that is one page for everybody */
	igt_assert_eq(nv_load(nv, p), 0);
	nv_store(nv, p + 1024, 77);
	igt_assert_eq(p[1024], 77);
	igt_assert_eq(p[0], 0);
	igt_assert_eq(nv_sum(nv, p, 256, PAGE), 77);
	munmap(p, 256 * PAGE);
}

/* One touch a page over 32 MiB; far more than one batch. */
static void many_stride(struct nv *nv)
{
	const uint32_t pages = 8192;
	long long faults = nv_counter("faults"), replays = nv_counter("replays");
	char *p = nv_anon(pages * PAGE);

	nv_fill(nv, p, pages, PAGE, 1000);
	for (uint32_t i = 0; i < pages; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 1000 + i);
	igt_info("%lld faults, %lld replays for %u pages\n", nv_counter("faults") - faults,
		 nv_counter("replays") - replays, pages);
	/* block service: far fewer rounds than pages */
	igt_assert_lt(nv_counter("replays") - replays, pages / 4);
	munmap(p, pages * PAGE);
}

/* Pages exactly 4 GiB apart fault in one launch: one batch sees them all. */
static void far_addresses(struct nv *nv)
{
	const uint64_t step = 4ull << 30;
	const unsigned int count = 8;
	char *base = mmap(NULL, step * count, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct { uint64_t p; uint32_t value; } args = { (uintptr_t)base + PAGE, 4000 };
	long long replays = nv_counter("replays");

	igt_assert(base != MAP_FAILED);
	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq(mprotect(base + i * step + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	nv_run(nv, &nv_program_far, 1, count, &args, 12);
	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq(*(uint32_t *)(base + i * step + PAGE), 4000 + i);
	/* told apart they are served together; merged, one a replay */
	replays = nv_counter("replays") - replays;
	igt_info("%lld replays\n", replays);
	igt_assert_lt(0, replays);
	igt_assert_lte(replays, count / 2);
	munmap(base, step * count);
}

/* CPU and GPU write the same pages, each its own words. */

struct race {
	volatile uint32_t *words;
	size_t pages;
	volatile bool stop;
	uint32_t rounds;
};

static void *race_cpu(void *arg)
{
	struct race *r = arg;

	while (!r->stop) {
		for (size_t i = 0; i < r->pages; i++)
			r->words[i * 1024 + 512]++;
		r->rounds++;
	}
	return NULL;
}

static void shared_race(struct nv *nv)
{
	const uint32_t gpu_rounds = 200;
	struct race r = { .pages = 64 };
	struct { uint64_t p; uint32_t stride, rounds; } args;
	pthread_t thread;

	r.words = nv_anon(r.pages * PAGE);
	args.p = (uintptr_t)r.words;
	args.stride = PAGE;
	args.rounds = gpu_rounds;
	igt_assert_eq(pthread_create(&thread, NULL, race_cpu, &r), 0);
	for (int i = 0; i < 4; i++)
		nv_run(nv, &nv_program_hammer, 1, r.pages, &args, sizeof(args));
	r.stop = true;
	pthread_join(thread, NULL);
	for (size_t i = 0; i < r.pages; i++) {
		igt_assert_eq(r.words[i * 1024], 4 * gpu_rounds);
		igt_assert_eq(r.words[i * 1024 + 512], r.rounds);
	}
	munmap((void *)r.words, r.pages * PAGE);
}

static void same_page(struct nv *nv)
{
	uint32_t *p = nv_anon(PAGE);
	long long faults = nv_counter("faults");

	for (int i = 0; i < 8; i++)
		nv_atomic_add(nv, p, 3, 1024);
	igt_assert_eq(*p, 8 * 1024 * 3);
	igt_info("%lld faults\n", nv_counter("faults") - faults);
	munmap(p, PAGE);
}

static void pingpong(struct nv *nv)
{
	volatile uint32_t *p = nv_anon(PAGE);

	for (uint32_t i = 0; i < 100; i++) {
		nv_store(nv, (void *)p, 2 * i);
		igt_assert_eq(*p, 2 * i);
		*p = 2 * i + 1;
		igt_assert_eq(nv_load(nv, (const void *)p), 2 * i + 1);
	}
	munmap((void *)p, PAGE);
}

int igt_main()
{
	struct nv nv;

	igt_fixture()
		igt_require(__nv_open_render() >= 0);

	igt_describe("One store and one load of fresh and of touched malloc memory");
	igt_subtest("once-malloc") {
		nv_init(&nv);
		malloc_times(&nv, 1);
		nv_fini(&nv);
	}

	igt_describe("The same again and again with new memory");
	igt_subtest("twice-malloc") {
		nv_init(&nv);
		malloc_times(&nv, 8);
		nv_fini(&nv);
	}

	igt_describe("Odd sizes and offsets across page, 64K and 2M edges");
	igt_subtest("unaligned-alloc") {
		nv_init(&nv);
		unaligned(&nv);
		nv_fini(&nv);
	}

	igt_describe("Stack, .data, .bss and .rodata");
	igt_subtest("segments") {
		nv_init(&nv);
		segments(&nv);
		nv_fini(&nv);
	}

	igt_describe("Reads of never touched memory give zero; a write then gets its own page");
	igt_subtest("zero-page-read") {
		nv_init(&nv);
		zero_page(&nv);
		nv_fini(&nv);
	}

	igt_describe("8192 pages touched once each need far fewer replays than pages");
	igt_subtest("many-stride") {
		nv_init(&nv);
		many_stride(&nv);
		nv_fini(&nv);
	}

	igt_describe("Addresses 4 GiB apart are told from each other");
	igt_subtest("far-addresses") {
		nv_init(&nv);
		far_addresses(&nv);
		nv_fini(&nv);
	}

	igt_describe("CPU and GPU write different words of the same pages at once");
	igt_subtest("threads-shared-alloc-race") {
		nv_init(&nv);
		shared_race(&nv);
		nv_fini(&nv);
	}

	igt_describe("1024 threads' atomics on one untouched word add up");
	igt_subtest("same-page-atomics") {
		nv_init(&nv);
		same_page(&nv);
		nv_fini(&nv);
	}

	igt_describe("CPU and GPU take turns on one page");
	igt_subtest("cpu-gpu-pingpong") {
		nv_init(&nv);
		pingpong(&nv);
		nv_fini(&nv);
	}
}
