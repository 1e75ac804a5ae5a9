// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm room
 * Category: Core
 * Functionality: what an SVM_BIND into full VRAM evicts, and what it does not
 */
#include <sys/mman.h>
#include <unistd.h>

#include "nv_ext.h"
#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("SVM_BIND makes room, never at its own cost");

#define MIB (1ull << 20)
#define VRAM NOUVEAU_SVM_BIND_TARGET__GPU_VRAM
#define SKIP_VRAM NOUVEAU_SVM_SKIP_NO_MEMORY

/* A word in every second block: the others are holes, which come to VRAM as well. */
static void mark(uint32_t *p, size_t bytes, uint32_t base)
{
	for (size_t at = 0; at < bytes; at += 2 * BLOCK)
		p[at / 4 + 77] = base + at / BLOCK;
}

static void check_marks(const uint32_t *p, size_t bytes, uint32_t base)
{
	for (size_t at = 0; at < bytes; at += 2 * BLOCK)
		igt_assert_eq(p[at / 4 + 77], base + at / BLOCK);
}

static uint32_t *marked(size_t bytes, uint32_t base)
{
	uint32_t *p = nv_anon_aligned(bytes, BLOCK);

	mark(p, bytes, base);
	return p;
}

static size_t vram_and(uint64_t more)
{
	uint64_t total = nv_vram_total();

	igt_require_f(total <= 512 * MIB, "VRAM too large to fill here\n");
	return (total + more) & ~(BLOCK - 1);
}

/* All of VRAM with memory nobody uses; what of it is there. */
static uint32_t *fill_vram(struct nv *nv, size_t *bytes)
{
	uint32_t *old = marked(*bytes = vram_and(16 * MIB), 1000);
	nv_ext ext;

	nv_bind(nv, old, *bytes, true, &ext);
	igt_assert_lt(0, ext.skipped[SKIP_VRAM]);
	return old;
}

/* What is asked for goes to full VRAM, in place of what has not been used. */
static void made(struct nv *nv)
{
	const size_t bytes = 32 * MIB;
	uint32_t *p = marked(bytes, 50000), *old;
	size_t old_bytes;
	nv_ext ext;

	old = fill_vram(nv, &old_bytes);
	nv_bind(nv, p, bytes, true, &ext);
	igt_assert_eq(ext.moved, bytes / PAGE);
	igt_assert_eq(nv_pages_in_vram(p, bytes), bytes / PAGE);
	/* the coldest, which came first, and no more than that and a bit */
	igt_assert_eq(nv_pages_in_vram(old, bytes / 2), 0);
	igt_assert_lte(old_bytes / PAGE, nv_pages_in_vram(old, old_bytes) +
		       (bytes + 48 * MIB) / PAGE);
	check_marks(p, bytes, 50000);
	check_marks(old, old_bytes, 1000);
	munmap(old, old_bytes);
	munmap(p, bytes);
}

/* A range larger than VRAM keeps what it brought, the first time and the second. */
static void own(struct nv *nv)
{
	const size_t bytes = vram_and(32 * MIB);
	uint32_t *p = marked(bytes, 7);
	long long evicted;
	nv_ext ext;
	size_t there;

	nv_bind(nv, p, bytes, true, &ext);
	igt_assert_lte(16 * MIB / PAGE, ext.skipped[SKIP_VRAM]);
	there = ext.moved;
	igt_assert_eq(nv_pages_in_vram(p, bytes), there);
	igt_assert_eq(nv_pages_in_vram(p, there / 2 * PAGE), there / 2);
	evicted = nv_counter("pages_evicted");
	nv_bind(nv, p, bytes, true, &ext);
	igt_assert_eq(ext.already, there);
	igt_assert_eq(ext.moved, 0);
	igt_assert_eq(nv_counter_since("pages_evicted", evicted), 0);
	check_marks(p, bytes, 7);
	munmap(p, bytes);
}

/* What of the range was there before stays, however cold it is. */
static void already(struct nv *nv)
{
	const size_t bytes = 16 * MIB, rest = vram_and(-12 * MIB);
	uint32_t *p = marked(2 * bytes, 300), *old = marked(rest, 20);
	char *end = (char *)p + bytes;
	long long evicted;
	nv_ext ext;

	/* the end of it is the coldest there is, and VRAM full */
	igt_assert_eq(nv_migrate(nv, end, bytes, true), bytes / PAGE);
	nv_bind(nv, old, rest - bytes, true, &ext);
	igt_assert_eq(nv_pages_in_vram(end, bytes), bytes / PAGE);
	evicted = nv_counter("pages_evicted");
	nv_bind(nv, p, 2 * bytes, true, &ext);
	evicted = nv_counter_since("pages_evicted", evicted);
	igt_assert_lt(0, evicted);
	igt_assert_eq(ext.already, bytes / PAGE);
	igt_assert_eq(ext.moved, bytes / PAGE);
	check_marks(p, 2 * bytes, 300);
	check_marks(old, rest, 20);
	munmap(old, rest);
	munmap(p, 2 * bytes);
}

/* Pinned in VRAM by the same process: stays until it is not pinned any more. */
static void pinned(struct nv *nv)
{
	const uint64_t pin = NOUVEAU_SVM_BIND_COMMAND__PIN |
			     VRAM << NOUVEAU_SVM_BIND_TARGET_SHIFT;
	const uint64_t unpin = NOUVEAU_SVM_BIND_COMMAND__RESET;
	const size_t bytes = 16 * MIB;
	uint32_t *q = marked(bytes, 90), *p = marked(2 * bytes, 60), *old;
	size_t old_bytes;
	nv_ext ext;

	igt_assert_eq(__nv_bind_raw(nv->fd, pin, q, bytes, NULL), 0);
	igt_assert_eq(nv_pages_in_vram(q, bytes), bytes / PAGE);
	old = fill_vram(nv, &old_bytes);
	nv_bind(nv, p, 2 * bytes, true, &ext);
	igt_assert_eq(ext.moved, 2 * bytes / PAGE);
	igt_assert_eq(nv_pages_in_vram(q, bytes), bytes / PAGE);
	/* the coldest of all, now that it may go */
	igt_assert_eq(__nv_bind_raw(nv->fd, unpin, q, bytes, NULL), 0);
	nv_bind(nv, old, 2 * bytes, true, &ext);
	igt_assert_lt(nv_pages_in_vram(q, bytes), bytes / PAGE);
	check_marks(q, bytes, 90);
	check_marks(p, 2 * bytes, 60);
	check_marks(old, old_bytes, 1000);
	munmap(old, old_bytes);
	munmap(p, 2 * bytes);
	munmap(q, bytes);
}

/* 64 KiB that were named go home, and nothing else. */
static void piece(struct nv *nv)
{
	const size_t granule = NOUVEAU_SVM_GRANULE_BYTES, n = BLOCK / granule;
	uint32_t *p = nv_anon_aligned(BLOCK, BLOCK);
	struct drm_nouveau_svm_granule g[n];
	long long evicted;

	igt_assert_eq(madvise(p, BLOCK, MADV_NOHUGEPAGE), 0);
	nv_pattern(p, BLOCK, 8);
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	evicted = nv_counter("pages_evicted");
	nv_evict((char *)p + 5 * granule, granule);
	/* part of one, and across two */
	nv_evict((char *)p + 9 * granule + 3 * PAGE, PAGE);
	nv_evict((char *)p + 20 * granule + 12 * PAGE, 8 * PAGE);
	igt_assert_eq(nv_counter_since("pages_evicted", evicted), 16 + 1 + 8);
	nv_query(nv, p, g, n);
	for (size_t i = 0; i < n; i++) {
		unsigned int home = i == 5 ? 16 : i == 9 ? 1 : i == 20 || i == 21 ? 4 : 0;

		igt_assert_eq(g[i].system, home);
		igt_assert_eq(g[i].vram, 16 - home);
		igt_assert_eq(g[i].state, home == 16 ? NOUVEAU_SVM_STATE_SYSTEM :
			      home ? NOUVEAU_SVM_STATE_MIXED : NOUVEAU_SVM_STATE_VRAM);
	}
	/* mapped by the piece, the neighbours of one that goes are not disturbed */
	nv_knob("migrate", 0);
	nv_sum(nv, p, 512, PAGE);
	nv_evict((char *)p + 2 * granule, granule);
	nv_query(nv, p, g, n);
	igt_assert_eq(g[1].mapped, 16);
	igt_assert_eq(g[2].mapped, 0);
	igt_assert_eq(g[3].mapped, 16);
	nv_knob("migrate", 1);
	/* both sides see all of it */
	nv_fill(nv, p, 512, PAGE, 100);
	for (uint32_t i = 0; i < 512; i++)
		igt_assert_eq(p[i * 1024], 100 + i);
	munmap(p, BLOCK);
}

/* A huge page goes as a whole. */
static void piece_huge(struct nv *nv)
{
	uint32_t *p = nv_thp(BLOCK);

	nv_pattern(p, BLOCK, 9);
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	nv_evict((char *)p + 100 * PAGE, PAGE);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	nv_check_pattern(p, BLOCK, 9);
	munmap(p, BLOCK);
}

/* Again and again under a kernel that adds: every count arrives. */
static void piece_busy(struct nv *nv)
{
	const uint32_t threads = 32, rounds = 20000;
	uint32_t *p = nv_anon_aligned(BLOCK, BLOCK);

	igt_assert_eq(madvise(p, BLOCK, MADV_NOHUGEPAGE), 0);
	nv_migrate(nv, p, BLOCK, true);
	nv_hammer_launch(nv, p, threads, BLOCK / threads, rounds);
	for (unsigned int i = 0; i < 100; i++) {
		nv_evict((char *)p + i % threads * (BLOCK / threads), BLOCK / threads);
		usleep(500);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	for (uint32_t i = 0; i < threads; i++)
		igt_assert_eq(p[i * (BLOCK / threads / 4)], rounds);
	munmap(p, BLOCK);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "room-made", made, "What is asked for takes the place of the coldest" },
		{ "room-own", own, "A range larger than VRAM keeps its beginning" },
		{ "room-already", already, "What was there already stays" },
		{ "room-pinned", pinned, "What the process pinned stays" },
		{ "evict-piece", piece, "64 KiB that were named, and nothing else" },
		{ "evict-piece-huge", piece_huge, "A huge page goes as a whole" },
		{ "evict-piece-busy", piece_busy, "Under a kernel that adds" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
