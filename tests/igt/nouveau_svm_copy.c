// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm copy
 * Category: Core
 * Functionality: faults of the copy engine
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("The copy engine takes any pointer; its bad ones kill one channel");

static void fresh(struct nv *nv)
{
	char *src = nv_anon(64 * PAGE), *dst = nv_anon(64 * PAGE);
	long long faults = nv_counter("faults_nonreplayable");

	nv_pattern(src, 64 * PAGE, 1);
	nv_copy(nv, dst, src, 64 * PAGE);
	nv_check_pattern(dst, 64 * PAGE, 1);
	igt_assert_lt(0, nv_counter_since("faults_nonreplayable", faults));
	/* never touched: zeros, over what was there */
	munmap(src, 64 * PAGE);
	src = nv_anon(64 * PAGE);
	nv_copy(nv, dst, src, 64 * PAGE);
	for (size_t i = 0; i < 64 * PAGE; i++)
		igt_assert_eq(dst[i], 0);
	munmap(src, 64 * PAGE);
	munmap(dst, 64 * PAGE);
}

/* Odd addresses and an odd length over page and block edges. */
static void unaligned(struct nv *nv)
{
	char *src = nv_anon_aligned(2 * BLOCK, BLOCK), *dst = nv_anon_aligned(2 * BLOCK, BLOCK);
	const size_t from = BLOCK - 3 * PAGE - 5, to = BLOCK - 7 * PAGE - 1002;
	const size_t bytes = 9 * PAGE + 13;

	nv_pattern(src, 2 * BLOCK, 2);
	memset(dst, 0x5a, 2 * BLOCK);
	nv_copy(nv, dst + to, src + from, bytes);
	igt_assert(!memcmp(dst + to, src + from, bytes));
	igt_assert_eq(dst[to - 1], 0x5a);
	igt_assert_eq(dst[to + bytes], 0x5a);
	munmap(src, 2 * BLOCK);
	munmap(dst, 2 * BLOCK);
}

/* Every combination of memory and VRAM, and a buffer object. */
static void placed(struct nv *nv)
{
	char *src = nv_anon_aligned(BLOCK, BLOCK), *dst = nv_anon_aligned(BLOCK, BLOCK);
	struct nv_bo bo;

	nv_bo_init(nv->fd, &bo, BLOCK, NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_MAPPABLE);
	for (uint32_t i = 0; i < 4; i++) {
		nv_pattern(src, BLOCK, 10 + i);
		memset(dst, 0, BLOCK);
		if (i & 1)
			igt_assert_eq(nv_migrate(nv, src, BLOCK, true), 512);
		if (i & 2)
			igt_assert_eq(nv_migrate(nv, dst, BLOCK, true), 512);
		nv_copy(nv, dst, src, BLOCK);
		nv_check_pattern(dst, BLOCK, 10 + i);
		nv_check_pattern(src, BLOCK, 10 + i);
	}
	nv_pattern(src, BLOCK, 20);
	igt_assert_eq(__nv_copy(nv, bo.address, (uintptr_t)src, BLOCK), 0);
	nv_check_pattern(bo.map, BLOCK, 20);
	memset(dst, 0, BLOCK);
	igt_assert_eq(__nv_copy(nv, (uintptr_t)dst, bo.address, BLOCK), 0);
	nv_check_pattern(dst, BLOCK, 20);
	nv_bo_fini(&bo);
	munmap(src, BLOCK);
	munmap(dst, BLOCK);
}

/*
 * The copy dies with its channel; another client's work and the engine go on.
 * @hole is unmapped last, so that nothing else gets the address.
 */
static void bad_copy(struct nv *nv, const void *src, void *dst, uint32_t bytes, void *hole)
{
	char *from = nv_anon(4 * PAGE), *to = nv_anon(4 * PAGE);
	long long killed = nv_counter("channels_killed");
	struct nv other;

	nv_init(&other);
	nv_pattern(from, 4 * PAGE, 30);
	if (hole)
		igt_assert_eq(munmap(hole, PAGE), 0);
	igt_assert_eq(__nv_copy(nv, (uintptr_t)dst, (uintptr_t)src, bytes), -ENODEV);
	igt_assert_eq(__nv_submit(nv), -ENODEV);
	nv_copy(&other, to, from, 4 * PAGE);
	nv_check_pattern(to, 4 * PAGE, 30);
	igt_assert_eq(nv_counter_since("channels_killed", killed), 1);
	nv_fini(&other);
	nv_revive(nv);
	memset(to, 0, 4 * PAGE);
	nv_copy(nv, to, from, 4 * PAGE);
	nv_check_pattern(to, 4 * PAGE, 30);
	munmap(from, 4 * PAGE);
	munmap(to, 4 * PAGE);
}

static void bad_source(struct nv *nv)
{
	char *p = nv_anon(8 * PAGE);

	bad_copy(nv, p, p + 4 * PAGE, PAGE, p);
	munmap(p, 8 * PAGE);
}

static void bad_target(struct nv *nv)
{
	char *p = nv_anon(8 * PAGE);

	memset(p, 0x31, 8 * PAGE);
	/* the hole is in the middle of it */
	bad_copy(nv, p, p + 4 * PAGE, 4 * PAGE, p + 6 * PAGE);
	for (size_t i = 0; i < 4 * PAGE; i++)
		igt_assert_eq(p[i], 0x31);
	for (size_t i = 7 * PAGE; i < 8 * PAGE; i++)
		igt_assert_eq(p[i], 0x31);
	munmap(p, 8 * PAGE);
}

static void read_only_target(struct nv *nv)
{
	char *p = nv_anon(8 * PAGE), *q = nv_anon(4 * PAGE);

	nv_pattern(p, 4 * PAGE, 32);
	nv_pattern(p + 4 * PAGE, 4 * PAGE, 33);
	igt_assert_eq(mprotect(p + 4 * PAGE, 4 * PAGE, PROT_READ), 0);
	/* reading it is fine */
	nv_copy(nv, q, p + 4 * PAGE, 4 * PAGE);
	nv_check_pattern(q, 4 * PAGE, 33);
	bad_copy(nv, p, p + 4 * PAGE, 4 * PAGE, NULL);
	nv_check_pattern(p + 4 * PAGE, 4 * PAGE, 33);
	munmap(p, 8 * PAGE);
	munmap(q, 4 * PAGE);
}

static void swapped(struct nv *nv)
{
	char *src = nv_anon(256 * PAGE), *dst = nv_anon(256 * PAGE);

	nv_swap_on();
	nv_pattern(src, 256 * PAGE, 40);
	nv_pattern(dst, 256 * PAGE, 41);
	nv_page_out(src, 256 * PAGE);
	nv_page_out(dst, 256 * PAGE);
	nv_copy(nv, dst, src, 200 * PAGE);
	nv_check_pattern(dst, 200 * PAGE, 40);
	nv_check_pattern(src, 256 * PAGE, 40);
	igt_assert_eq(((uint32_t *)dst)[200 * 1024], (uint32_t)(200 * 1024 * 2654435761u) ^
						     (41 * 0x9e3779b9u));
	munmap(src, 256 * PAGE);
	munmap(dst, 256 * PAGE);
}

/* The target goes away during a copy; whoever gets its pages next keeps what is theirs. */
static void unmapped_busy(struct nv *nv)
{
	const size_t bytes = 4 * BLOCK;
	char *src = nv_anon(bytes), *dst = nv_anon(bytes), *canary;
	int err;

	nv_pattern(src, bytes, 50);
	memset(dst, 0, bytes);
	igt_assert_eq(__nv_copy_launch(nv, (uintptr_t)dst, (uintptr_t)src, bytes), 0);
	/* the address stays taken, so that only pages can be mixed up */
	igt_assert(mmap(dst, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		   (void *)dst);
	canary = nv_anon(bytes);
	nv_pattern(canary, bytes, 51);
	err = __nv_wait(nv);
	igt_info("the copy: %d\n", err);
	igt_assert_f(!err || err == -ENODEV, "the copy: %d\n", err);
	nv_check_pattern(canary, bytes, 51);
	nv_check_pattern(src, bytes, 50);
	munmap(canary, bytes);
	munmap(src, bytes);
	munmap(dst, bytes);
}

/* Copies and kernels of one channel over the same memory: order is kept. */
static void mixed_engines(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE), *q = nv_anon(64 * PAGE);

	for (uint32_t i = 0; i < 8; i++) {
		nv_fill(nv, p, 64, PAGE, 1000 * i);
		nv_copy(nv, q, p, 64 * PAGE);
		igt_assert_eq(nv_sum(nv, q, 64, PAGE), 64 * 1000 * i + 63 * 32);
		igt_assert_eq(((volatile uint32_t *)q)[1024 * (i + 1)], 1000 * i + i + 1);
	}
	munmap(p, 64 * PAGE);
	munmap(q, 64 * PAGE);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "copy-untouched", fresh, "From and to memory nobody has touched yet" },
		{ "copy-unaligned", unaligned, "Odd addresses across a block's edge" },
		{ "copy-placements", placed, "RAM, VRAM and a buffer object, in all pairs" },
		{ "copy-from-unmapped", bad_source, "No memory to read: one channel dies" },
		{ "copy-to-hole", bad_target, "A hole in the target: one channel dies" },
		{ "copy-to-read-only", read_only_target, "PROT_READ target: one channel dies" },
		{ "copy-swapped", swapped, "Both sides swapped out" },
		{ "copy-target-unmapped-busy", unmapped_busy, "The target goes away meanwhile" },
		{ "copy-and-compute", mixed_engines, "Both engines, one channel, same memory" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
