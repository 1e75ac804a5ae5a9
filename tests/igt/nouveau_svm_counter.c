// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm counter
 * Category: Core
 * Functionality: access counters bring hot memory to VRAM
 */
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Memory the GPU keeps reaching for in place moves by itself");

#define GRANULE (64ull << 10)
#define THREADS 64u
#define STRIDE 64u			/* 4 KiB of every granule that is hammered */
#define ROUNDS 400u
#define THRESHOLD 200u

/* Written by the CPU, mapped for the GPU where it is: for writing, too, so that no
 * fault will have a reason to move it. With knob migrate at 0.
 */
static char *fill_in_place(struct nv *nv, size_t bytes)
{
	char *p = nv_anon_aligned(bytes, BLOCK);
	long long faults;

	madvise(p, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < bytes / PAGE; i++)
		*(uint32_t *)(p + i * PAGE + 2048) = i;
	nv_fill(nv, p + 1024, bytes / PAGE, PAGE, 7);
	/* packets of faults that are solved by now are served as well: not later */
	do {
		faults = nv_counter("faults");
		usleep(50000);
	} while (nv_counter_since("faults", faults));
	igt_assert_eq(nv_pages_in_vram(p, bytes), 0);
	return p;
}

static char *in_place(struct nv *nv, size_t bytes)
{
	char *p;

	nv_knob("migrate", 0);
	p = fill_in_place(nv, bytes);
	nv_knob("migrate", 1);
	return p;
}

static void hammer(struct nv *nv, char *p)
{
	nv_hammer_launch(nv, p, THREADS, STRIDE, ROUNDS);
	igt_assert_eq(__nv_wait(nv), 0);
}

/* The work that moves it is not waited for by anybody. */
static size_t wait_in_vram(const char *p, size_t bytes, size_t pages)
{
	size_t n = 0;

	for (int i = 0; i < 400; i++) {
		n = nv_pages_in_vram(p, bytes);
		if (n >= pages)
			break;
		usleep(5000);
	}
	return n;
}

static void check(const char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes / PAGE; i++) {
		igt_assert_eq(*(const uint32_t *)(p + i * PAGE + 2048), i);
		igt_assert_eq(*(const uint32_t *)(p + i * PAGE + 1024), 7 + i);
	}
}

/* A granule is hot: it moves, and the block beside it, which is not, stays. */
static void promote(struct nv *nv)
{
	long long faults, told = nv_counter("access_notifications");
	long long promoted = nv_counter("pages_promoted");
	char *p, *hot;

	nv_knob("counter_threshold", THRESHOLD);
	p = in_place(nv, 2 * BLOCK);
	hot = p + 5 * GRANULE;
	faults = nv_counter("faults");
	hammer(nv, hot);
	igt_assert_eq(wait_in_vram(hot, GRANULE, 16), 16);
	igt_info("%lld faults, %lld notifications\n", nv_counter_since("faults", faults),
		 nv_counter_since("access_notifications", told));
	for (int i = 0; i < 200 && nv_counter_since("pages_promoted", promoted) < 16; i++)
		usleep(5000);
	igt_assert_eq(nv_counter_since("pages_promoted", promoted), 16);
	igt_assert_lt(0, nv_counter_since("access_notifications", told));
	igt_assert_eq(nv_pages_in_vram(p + BLOCK, BLOCK), 0);
	for (uint32_t i = 0; i < THREADS; i++)
		if (i * STRIDE % PAGE != 1024 && i * STRIDE % PAGE != 2048)
			igt_assert_eq(*(uint32_t *)(hot + i * STRIDE), ROUNDS);
	/* undo the two that hold the pattern */
	*(uint32_t *)(hot + 1024) -= ROUNDS;
	*(uint32_t *)(hot + 2048) -= ROUNDS;
	check(p, 2 * BLOCK);
	munmap(p, 2 * BLOCK);
}

/* Below the threshold, and with promotion off, it stays; then it does not. */
static void stays(struct nv *nv)
{
	long long told;
	char *p;

	nv_knob("counter_threshold", 60000);
	p = in_place(nv, BLOCK);
	told = nv_counter("access_notifications");
	hammer(nv, p);
	igt_assert_eq(nv_counter_since("access_notifications", told), 0);
	nv_knob("counter_threshold", THRESHOLD);
	nv_knob("promote", 0);
	hammer(nv, p);
	for (int i = 0; i < 100 && !nv_counter_since("access_notifications", told); i++)
		usleep(5000);
	usleep(50000);
	igt_assert_lt(0, nv_counter_since("access_notifications", told));
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	/* its counter is cleared after a rest, and tells again */
	nv_knob("promote", 1);
	usleep(300000);
	hammer(nv, p);
	igt_assert_eq(wait_in_vram(p, GRANULE, 16), 16);
	munmap(p, BLOCK);
}

/* More than one visit of the ring, from two address spaces, under their kernels. */
static void many(void)
{
	const size_t bytes = 4 * BLOCK;
	const uint32_t n = bytes / GRANULE;
	atomic_int *ready = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				 -1, 0);

	igt_assert(ready != MAP_FAILED);
	nv_knob("counter_threshold", THRESHOLD);
	nv_knob("migrate", 0);
	igt_fork(child, 2) {
		struct nv nv;
		char *p;

		nv_init(&nv);
		p = fill_in_place(&nv, bytes);
		atomic_fetch_add(ready, 1);
		while (atomic_load(ready) < 3)
			usleep(1000);
		for (int round = 0; round < 2; round++) {
			nv_hammer_launch(&nv, p, n, GRANULE, 2 * THRESHOLD);
			igt_assert_eq(__nv_wait(&nv), 0);
		}
		igt_assert_lte(bytes / PAGE * 3 / 4, wait_in_vram(p, bytes, bytes / PAGE));
		for (uint32_t i = 0; i < n; i++)
			igt_assert_eq(*(uint32_t *)(p + i * GRANULE), 4 * THRESHOLD);
		check(p, bytes);
		nv_fini(&nv);
	}
	for (int i = 0; i < 10000 && atomic_load(ready) < 2; i++)
		usleep(1000);
	nv_knob("migrate", 1);
	atomic_fetch_add(ready, 1);
	igt_waitchildren();
	munmap(ready, PAGE);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "access-counter-promote", promote, "Hot memory moves without a fault" },
		{ "access-counter-stays", stays, "Cold memory, and promotion off" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
	igt_describe("Everything is hot, in two processes");
	igt_subtest("access-counter-many")
		many();
}
