// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm count
 * Category: Core
 * Functionality: what SVM_BIND and the counters say, against what is so
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Every figure the driver gives agrees with the CPU's page tables");

#define N 64u

/* Moves [p, p + N pages), to VRAM; result and pagemap must both say @moved. */
static void expect_moved(struct nv *nv, void *p, uint64_t moved)
{
	long long counter = nv_counter("pages_to_vram"), file = nv_fdinfo(nv,
		"drm-nouveau-svm-to-vram");

	igt_assert_eq(nv_migrate(nv, p, N * PAGE, true), moved);
	igt_assert_eq(nv_counter_since("pages_to_vram", counter), moved);
	igt_assert_eq(nv_fdinfo(nv, "drm-nouveau-svm-to-vram") - file, moved * 4);
}

static void anon(struct nv *nv)
{
	char *p = nv_anon(N * PAGE);

	nv_pattern(p, N * PAGE, 1);
	expect_moved(nv, p, N);
	igt_assert_eq(nv_pages_in_vram(p, N * PAGE), N);
	/* there already */
	igt_assert_eq(nv_counter_since("pages_to_vram", nv_counter("pages_to_vram")), 0);
	nv_migrate(nv, p, N * PAGE, true);
	igt_assert_eq(nv_pages_in_vram(p, N * PAGE), N);
	nv_check_pattern(p, N * PAGE, 1);
	munmap(p, N * PAGE);
}

/* Half there, half not; then a quarter home again. */
static void mixed(struct nv *nv)
{
	char *p = nv_anon(N * PAGE);

	nv_pattern(p, N * PAGE, 2);
	igt_assert_eq(nv_migrate(nv, p + N / 2 * PAGE, N / 2 * PAGE, true), N / 2);
	expect_moved(nv, p, N / 2);
	igt_assert_eq(nv_migrate(nv, p + 16 * PAGE, 16 * PAGE, false), 16);
	igt_assert_eq(nv_pages_in_vram(p, N * PAGE), N - 16);
	igt_assert_eq(nv_pages_in_vram(p + 16 * PAGE, 16 * PAGE), 0);
	nv_fill(nv, p, N, PAGE, 9);
	for (uint32_t i = 0; i < N; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 9 + i);
	munmap(p, N * PAGE);
}

static void file_shared(struct nv *nv)
{
	int fd = memfd_create("nv-igt", 0);
	char *p;

	igt_assert_eq(ftruncate(fd, N * PAGE), 0);
	p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	nv_pattern(p, N * PAGE, 3);
	expect_moved(nv, p, 0);
	nv_check_pattern(p, N * PAGE, 3);
	munmap(p, N * PAGE);
	close(fd);
}

/* A private file mapping: its own dirty pages may move, the file's never. */
static void file_private(struct nv *nv)
{
	int fd = memfd_create("nv-igt", 0);
	uint64_t moved;
	uint32_t v;
	char *p;

	igt_assert_eq(ftruncate(fd, N * PAGE), 0);
	p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	for (uint32_t i = 0; i < N / 2; i++)
		*(uint32_t *)(p + i * PAGE) = 70 + i;
	moved = nv_migrate(nv, p, N * PAGE, true);
	igt_assert_lte(moved, N / 2);
	igt_assert_eq(nv_pages_in_vram(p, N * PAGE), moved);
	nv_fill(nv, p + N / 2 * PAGE, N / 2, PAGE, 500);
	for (uint32_t i = 0; i < N; i++) {
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), i < N / 2 ? 70 + i : 500 + i - N / 2);
		igt_assert_eq(pread(fd, &v, 4, i * PAGE), 4);
		igt_assert_eq(v, 0);
	}
	munmap(p, N * PAGE);
	close(fd);
}

static void hugetlb(struct nv *nv)
{
	char *p = nv_hugetlb(BLOCK, MAP_PRIVATE);

	nv_pattern(p, BLOCK, 4);
	expect_moved(nv, p, 0);
	nv_check_pattern(p, BLOCK, 4);
	munmap(p, BLOCK);
}

static void pinned(struct nv *nv)
{
	char *p = nv_anon(N * PAGE);
	int ring;

	nv_pattern(p, N * PAGE, 5);
	ring = nv_pin(p + 8 * PAGE, 8 * PAGE);
	expect_moved(nv, p, N - 8);
	igt_assert_eq(nv_pages_in_vram(p + 8 * PAGE, 8 * PAGE), 0);
	nv_check_pattern(p, N * PAGE, 5);
	close(ring);
	munmap(p, N * PAGE);
}

/* What fork() has shared counts once, and each side keeps its data. */
static void shared_cow(struct nv *nv)
{
	char *p = nv_anon(N * PAGE);
	uint64_t moved;
	int go[2];
	pid_t pid;
	char c;

	igt_assert_eq(pipe(go), 0);
	nv_pattern(p, N * PAGE, 6);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		CHILD_CHECK(read(go[0], &c, 1) == 1);
		CHILD_CHECK(nv_is_pattern(p, N * PAGE, 6));
		_exit(0);
	}
	moved = nv_migrate(nv, p, N * PAGE, true);
	igt_assert_eq(nv_pages_in_vram(p, N * PAGE), moved);
	nv_fill(nv, p, N, PAGE, 44);
	igt_assert_eq(write(go[1], "g", 1), 1);
	nv_expect_child_ok(pid);
	for (uint32_t i = 0; i < N; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 44 + i);
	close(go[0]);
	close(go[1]);
	munmap(p, N * PAGE);
}

/* Neighbours with other permissions in one range; a hole; all that can move does. */
static void permissions(struct nv *nv)
{
	char *p = nv_anon(N * PAGE);

	nv_pattern(p, N * PAGE, 7);
	igt_assert_eq(mprotect(p + 16 * PAGE, 16 * PAGE, PROT_READ), 0);
	igt_assert_eq(munmap(p + 40 * PAGE, 4 * PAGE), 0);
	expect_moved(nv, p, N - 4);
	igt_assert_eq(nv_load(nv, p + 20 * PAGE), (uint32_t)(20 * 1024 * 2654435761u) ^
						  (7 * 0x9e3779b9u));
	igt_assert_eq(__nv_store(nv, p + 20 * PAGE, 1), -ENODEV);
	nv_check_pattern(p, 40 * PAGE, 7);
	munmap(p, N * PAGE);
}

/* Two clients: the device's counters are the sum of theirs, and none goes back. */
static void fdinfo(struct nv *nv)
{
	static const struct { const char *file, *device; unsigned int unit; } keys[] = {
		{ "drm-nouveau-svm-to-vram", "pages_to_vram", 4 },
		{ "drm-nouveau-svm-to-sys", "pages_to_sys", 4 },
	};
	long long faults = nv_fdinfo(nv, "drm-nouveau-svm-faults"), device[2], mine[2], theirs[2];
	char *p = nv_anon(BLOCK);
	struct nv other;

	nv_init(&other);
	for (unsigned int k = 0; k < 2; k++) {
		device[k] = nv_counter(keys[k].device);
		mine[k] = nv_fdinfo(nv, keys[k].file);
		theirs[k] = nv_fdinfo(&other, keys[k].file);
		igt_require_f(device[k] >= 0, "no counters\n");
		igt_assert_lte(0, mine[k]);
	}
	for (int i = 0; i < 3; i++) {
		madvise(p, BLOCK, MADV_DONTNEED);
		nv_fill(nv, p, 512, PAGE, i);
		/* the faults may have moved it already */
		nv_migrate(nv, p, BLOCK, false);
		nv_migrate(&other, p, BLOCK, true);
		nv_migrate(nv, p, BLOCK, false);
		nv_migrate(nv, p, BLOCK / 2, true);
		nv_migrate(&other, p, BLOCK, false);
	}
	/* not each time: late packets of one fill may bring in what the next one wants */
	igt_assert_lt(faults, nv_fdinfo(nv, "drm-nouveau-svm-faults"));
	for (unsigned int k = 0; k < 2; k++) {
		mine[k] = nv_fdinfo(nv, keys[k].file) - mine[k];
		theirs[k] = nv_fdinfo(&other, keys[k].file) - theirs[k];
		igt_assert_lt(0, mine[k]);
		igt_assert_lt(0, theirs[k]);
		igt_assert_eq(nv_counter_since(keys[k].device, device[k]) * keys[k].unit,
			      mine[k] + theirs[k]);
	}
	nv_fini(&other);
	munmap(p, BLOCK);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "count-anon", anon, "Anonymous memory moves, all of it" },
		{ "count-mixed", mixed, "Part of it is there already" },
		{ "count-file-shared", file_shared, "Shared files stay" },
		{ "count-file-private", file_private, "Private files: never the file's pages" },
		{ "count-hugetlb", hugetlb, "hugetlb stays" },
		{ "count-pinned", pinned, "Pinned pages stay, their neighbours move" },
		{ "count-cow", shared_cow, "What a child shares" },
		{ "count-permissions", permissions, "VMAs of all kinds in one range" },
		{ "fdinfo-sum", fdinfo, "Clients' figures add up to the device's" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
