// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm query
 * Category: Core
 * Functionality: a process asks where its memory is and how hot
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "nv_ext.h"
#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("SVM_QUERY: residency and heat by 64 KiB");

#define GRANULE ((size_t)NOUVEAU_SVM_GRANULE_BYTES)
#define GRANULES (BLOCK / GRANULE)

typedef struct drm_nouveau_svm_granule granule;

static void check(const granule *g, unsigned int state, unsigned int system, unsigned int vram)
{
	igt_assert_eq(g->state, state);
	igt_assert_eq(g->system, system);
	igt_assert_eq(g->vram, vram);
}

/* One granule of each state. */
static void states(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	granule g[GRANULES];

	/* a huge page would fill the gaps */
	igt_assert_eq(madvise(p, BLOCK, MADV_NOHUGEPAGE), 0);
	memset(p + GRANULE, 1, GRANULE);
	memset(p + 2 * GRANULE, 1, GRANULE);
	memset(p + 3 * GRANULE, 1, GRANULE);
	memset(p + 4 * GRANULE, 1, 3 * PAGE);
	nv_migrate(nv, p + 2 * GRANULE, GRANULE, true);
	nv_migrate(nv, p + 3 * GRANULE + 5 * PAGE, 4 * PAGE, true);
	nv_query(nv, p, g, GRANULES);
	check(&g[0], NOUVEAU_SVM_STATE_ABSENT, 0, 0);
	check(&g[1], NOUVEAU_SVM_STATE_SYSTEM, 16, 0);
	check(&g[2], NOUVEAU_SVM_STATE_VRAM, 0, 16);
	check(&g[3], NOUVEAU_SVM_STATE_MIXED, 12, 4);
	check(&g[4], NOUVEAU_SVM_STATE_SYSTEM, 3, 0);
	for (unsigned int i = 0; i < GRANULES; i++) {
		igt_assert_eq(g[i].heat, 0);
		igt_assert_eq(g[i].faults, 0);
		igt_assert_eq(g[i].last, 0);
	}
	munmap(p, BLOCK);
	nv_query(nv, p, g, GRANULES);
	for (unsigned int i = 0; i < GRANULES; i++)
		check(&g[i], NOUVEAU_SVM_STATE_ABSENT, 0, 0);
}

/* To ask changes nothing, and takes nothing. */
static void innocent(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	unsigned char present[BLOCK / PAGE];
	granule g[GRANULES];
	long long before;
	long rss;

	/* most of it untouched, and so it stays: not even the zero page comes */
	igt_assert_eq(madvise(p, BLOCK, MADV_NOHUGEPAGE), 0);
	memset(p, 1, 100 * PAGE);
	nv_migrate(nv, p, 50 * PAGE, true);
	rss = nv_smaps(p, "Rss");
	before = nv_counter("hmm_walks");
	for (int i = 0; i < 10; i++)
		nv_query(nv, p, g, GRANULES);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 50);
	igt_assert_eq(nv_smaps(p, "Rss"), rss);
	igt_assert_eq(mincore(p, BLOCK, present), 0);
	for (unsigned int i = 0; i < BLOCK / PAGE; i++)
		igt_assert_eq(present[i] & 1, i < 100);
	igt_assert_eq(nv_counter_since("hmm_walks", before), 0);
	munmap(p, BLOCK);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Faults raise heat where they were, and it cools. */
static void heat(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	uint64_t before = now(), after;
	granule g[GRANULES];
	uint32_t hot;

	memset(p, 0, BLOCK);
	nv_knob("batch_pages", 1);
	nv_fill(nv, p + 3 * GRANULE, 16, PAGE, 1);
	nv_load(nv, p + 7 * GRANULE + 5 * PAGE);
	after = now();
	nv_query(nv, p, g, GRANULES);
	for (unsigned int i = 0; i < GRANULES; i++) {
		if (i == 3 || i == 7)
			continue;
		igt_assert_eq(g[i].faults, 0);
		igt_assert_eq(g[i].last, 0);
		igt_assert_eq(g[i].mapped, 0);
	}
	igt_assert_lte(16, g[3].faults);
	igt_assert_lte(1, g[7].faults);
	igt_assert_lt(g[7].faults, g[3].faults);
	igt_assert_eq(g[3].mapped, 16);
	igt_assert_lte(1, g[7].mapped);
	igt_assert_lte(before, g[3].last);
	igt_assert_lte(g[3].last, g[7].last);
	igt_assert_lte(g[7].last, after);
	igt_assert_lte(1, g[3].heat);
	hot = g[3].heat;
	usleep(2500000);
	nv_query(nv, p, g, GRANULES);
	igt_assert_lte(g[3].heat, hot / 2);
	igt_assert_lte(16, g[3].faults);
	munmap(p, BLOCK);
}

/* Against /proc/self/pagemap, after a random history. */
static void agree(struct nv *nv)
{
	const size_t bytes = 4 * BLOCK;
	char *p = nv_anon_aligned(bytes, BLOCK);
	granule g[4 * GRANULES];
	unsigned int seed = 12345;

	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < 20; i++) {
			size_t at = rand_r(&seed) % (bytes / PAGE);
			size_t n = 1 + rand_r(&seed) % (bytes / PAGE - at);

			n = n > 200 ? 200 : n;
			switch (rand_r(&seed) % 4) {
			case 0:
				memset(p + at * PAGE, i, n * PAGE);
				break;
			case 1:
				nv_migrate(nv, p + at * PAGE, n * PAGE, true);
				break;
			case 2:
				nv_migrate(nv, p + at * PAGE, n * PAGE, false);
				break;
			default:
				madvise(p + at * PAGE, n * PAGE, MADV_DONTNEED);
				break;
			}
		}
		nv_query(nv, p, g, 4 * GRANULES);
		for (size_t i = 0; i < 4 * GRANULES; i++)
			igt_assert_eq(g[i].vram, nv_pages_in_vram(p + i * GRANULE, GRANULE));
	}
	munmap(p, bytes);
}

/* Less room than range: what fits, from the start. */
static void room(struct nv *nv)
{
	char *p = nv_anon_aligned(2 * BLOCK, BLOCK);
	granule g[2 * GRANULES];
	struct drm_nouveau_svm_query q = {
		.va_start = (uintptr_t)p + BLOCK - 2 * GRANULE,
		.va_end = (uintptr_t)p + 2 * BLOCK,
		.entries = (uintptr_t)g,
		.count = 5,
	};

	memset(p, 1, 2 * BLOCK);
	memset(g, 0xee, sizeof(g));
	igt_assert_eq(__nv_query(nv->fd, &q), 0);
	igt_assert_eq(q.count, 5);
	for (unsigned int i = 0; i < 5; i++)
		check(&g[i], NOUVEAU_SVM_STATE_SYSTEM, 16, 0);
	igt_assert_eq(g[5].state, 0xee);
	/* more room than range */
	q.count = 2 * GRANULES;
	igt_assert_eq(__nv_query(nv->fd, &q), 0);
	igt_assert_eq(q.count, GRANULES + 2);
	check(&g[GRANULES + 1], NOUVEAU_SVM_STATE_SYSTEM, 16, 0);
	igt_assert_eq(g[GRANULES + 2].state, 0xee);
	/* none */
	q.count = 0;
	igt_assert_eq(__nv_query(nv->fd, &q), 0);
	igt_assert_eq(q.count, 0);
	munmap(p, 2 * BLOCK);
}

static void args(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	const uint64_t va = (uintptr_t)p;
	granule g[GRANULES];
	const struct {
		uint64_t start, end, entries;
		uint32_t flags;
		int err;
	} bad[] = {
		{ va, va + BLOCK, (uintptr_t)g, 1, -EINVAL },
		{ va, va + BLOCK, (uintptr_t)g, 1u << 31, -EINVAL },
		{ va, va, (uintptr_t)g, 0, -EINVAL },
		{ va + BLOCK, va, (uintptr_t)g, 0, -EINVAL },
		{ va + PAGE, va + BLOCK, (uintptr_t)g, 0, -EINVAL },
		{ va, va + BLOCK - PAGE, (uintptr_t)g, 0, -EINVAL },
		{ va, va + BLOCK + 1, (uintptr_t)g, 0, -EINVAL },
		{ 0xffff888000000000ull, 0xffff888000000000ull + BLOCK, (uintptr_t)g, 0, -EINVAL },
		{ va, ~0ull << 16, (uintptr_t)g, 0, -EINVAL },
		{ va, va + BLOCK, 16, 0, -EFAULT },
	};
	struct drm_nouveau_svm_query q;
	int fd = nv_open_render();

	for (unsigned int i = 0; i < ARRAY_LEN(bad); i++) {
		q = (struct drm_nouveau_svm_query){
			.va_start = bad[i].start, .va_end = bad[i].end,
			.entries = bad[i].entries, .flags = bad[i].flags, .count = GRANULES,
		};
		igt_assert_eq(__nv_query(nv->fd, &q), bad[i].err);
	}
	/* a file without SVM */
	q = (struct drm_nouveau_svm_query){
		.va_start = va, .va_end = va + BLOCK, .entries = (uintptr_t)g, .count = GRANULES,
	};
	igt_assert_eq(__nv_query(fd, &q), -EINVAL);
	close(fd);
	munmap(p, BLOCK);
}

/* For every user; about oneself only. */
static void unprivileged(struct nv *nv)
{
	struct drm_nouveau_svm_query q = { .count = GRANULES };
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	granule g[GRANULES];
	pid_t pid;

	memset(p, 1, BLOCK);
	nv_migrate(nv, p, BLOCK, true);
	q.va_start = (uintptr_t)p;
	q.va_end = q.va_start + BLOCK;
	q.entries = (uintptr_t)g;
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		/* the file is the parent's, and so is what it would tell */
		CHILD_CHECK(__nv_query(nv->fd, &q) == -EPERM);
		_exit(0);
	}
	nv_expect_child_ok(pid);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;

		nv_init(&own);
		memset(p, 2, BLOCK);
		CHILD_CHECK(nv_migrate(&own, p, BLOCK, true) == 512);
		CHILD_CHECK(!setresuid(65534, 65534, 65534));
		nv_query(&own, p, g, GRANULES);
		CHILD_CHECK(g[9].state == NOUVEAU_SVM_STATE_VRAM);
		_exit(0);
	}
	nv_expect_child_ok(pid);
	munmap(p, BLOCK);
}

/* Memory that never moves, and memory nobody may read. */
static void files(struct nv *nv)
{
	const size_t bytes = 4 * GRANULE;
	int fd = memfd_create("query", 0);
	granule g[8];
	char *raw, *p;

	igt_assert_lte(0, fd);
	igt_assert_eq(ftruncate(fd, bytes), 0);
	raw = nv_anon_aligned(8 * GRANULE, GRANULE);
	p = mmap(raw, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	igt_assert(p == raw);
	memset(p, 1, 2 * GRANULE);
	mprotect(raw + 4 * GRANULE, GRANULE, PROT_NONE);
	nv_query(nv, raw, g, 8);
	check(&g[0], NOUVEAU_SVM_STATE_SYSTEM, 16, 0);
	check(&g[1], NOUVEAU_SVM_STATE_SYSTEM, 16, 0);
	check(&g[2], NOUVEAU_SVM_STATE_ABSENT, 0, 0);
	check(&g[4], NOUVEAU_SVM_STATE_ABSENT, 0, 0);
	munmap(raw, 8 * GRANULE);
	close(fd);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "states", states, "Absent, system, VRAM, mixed" },
		{ "innocent", innocent, "Asking changes nothing" },
		{ "heat", heat, "Faults are counted where they were, and cool" },
		{ "pagemap", agree, "Agrees with the kernel's own view" },
		{ "room", room, "Less room, more room, none" },
		{ "args", args, "Each wrong argument is refused" },
		{ "unprivileged", unprivileged, "Every user, about oneself only" },
		{ "files", files, "Shared memory and what cannot be read" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
