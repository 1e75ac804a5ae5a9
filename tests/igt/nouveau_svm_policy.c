// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm policy
 * Category: Core
 * Functionality: where memory goes by itself, by counts
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("What was decided shows in counters, and never in data");

/* One page per fault or a block per batch: the same data, far more replays. */
static void batching(struct nv *nv)
{
	const uint32_t pages = 512;
	long long replays[2], updates[2];

	nv_knob("migrate", 0);
	for (int one = 0; one < 2; one++) {
		char *p = nv_anon_aligned(BLOCK, BLOCK);

		madvise(p, BLOCK, MADV_NOHUGEPAGE);
		if (one)
			nv_knob("batch_pages", 1);
		replays[one] = nv_counter("replays");
		updates[one] = nv_counter("pt_pushes");
		nv_fill(nv, p, pages, PAGE, 3);
		/* reads of what lies between are served already, or are not */
		igt_assert_eq(nv_sum(nv, p, pages, PAGE), pages * 3 + pages * (pages - 1) / 2);
		replays[one] = nv_counter_since("replays", replays[one]);
		updates[one] = nv_counter_since("pt_pushes", updates[one]);
		for (uint32_t i = 0; i < pages; i++)
			igt_assert_eq(*(uint32_t *)(p + i * PAGE), 3 + i);
		munmap(p, BLOCK);
	}
	igt_info("%lld replays and %lld updates, one page a fault %lld and %lld\n", replays[0],
		 updates[0], replays[1], updates[1]);
	igt_assert_lte(1, replays[0]);
	igt_assert_lte(replays[0], pages / 8);
	/* all of it faults at once, so that replays are few in either way */
	igt_assert_lte(replays[0], replays[1] + 4);
	igt_assert_lte(1, updates[0]);
	igt_assert_lte(updates[0] * 20, updates[1]);
}

/* A page in each of many blocks moves, and few doorbells are rung for it. */
static void few_pushes(struct nv *nv)
{
	const uint32_t blocks = 48;
	char *p = nv_anon_aligned(blocks * BLOCK, BLOCK);
	long long batches, pushes, accesses, moved;

	madvise(p, blocks * BLOCK, MADV_NOHUGEPAGE);
	nv_knob("stream_blocks", 0);
	moved = nv_counter("pages_to_vram");
	batches = nv_counter("fault_batches");
	pushes = nv_counter("ce_pushes");
	accesses = nv_counter("mmio_reads") + nv_counter("mmio_writes");
	nv_fill(nv, p, blocks, BLOCK, 7);
	accesses = nv_counter("mmio_reads") + nv_counter("mmio_writes") - accesses;
	pushes = nv_counter_since("ce_pushes", pushes);
	batches = nv_counter_since("fault_batches", batches);
	moved = nv_counter_since("pages_to_vram", moved);
	igt_info("%u blocks: %lld batches, %lld pages, %lld pushes, %lld accesses\n", blocks,
		 batches, moved, pushes, accesses);
	/* of each its 64 KiB, in at most two pushes of a batch */
	igt_assert_lte(blocks * 16, moved);
	igt_assert_lte(pushes, 2 * batches + 2);
	/* what a launch takes by itself is among them */
	igt_assert_lte(accesses, 6 * batches + 20);
	for (uint32_t i = 0; i < blocks; i++)
		igt_assert_eq(*(uint32_t *)(p + i * BLOCK), 7 + i);
	munmap(p, blocks * BLOCK);
}

/* A stream is fetched ahead to the end of its buffer, and not into what lies behind. */
static void stream_ends(struct nv *nv)
{
	const uint32_t blocks = 8;
	char *p = nv_anon_aligned(2 * blocks * BLOCK, BLOCK), *behind = p + blocks * BLOCK;
	long long before, mapped = 0;

	memset(p, 1, 2 * blocks * BLOCK);
	/* each page a VMA */
	for (uint32_t i = 1; i < blocks * 512; i += 2)
		igt_assert_eq(mprotect(behind + i * PAGE, PAGE, PROT_READ), 0);
	before = nv_pages_mapped();
	for (uint32_t i = 0; i < blocks; i++) {
		igt_assert_eq(nv_sum(nv, p + i * BLOCK, 512, PAGE), 512 * 0x01010101u);
		if (i == 2)
			mapped = nv_pages_mapped() - before;
	}
	before = nv_pages_mapped() - before;
	igt_info("%lld pages mapped after three of %u blocks, %lld in the end\n", mapped, blocks,
		 before);
	igt_assert_lt(3 * 512 + 256, mapped);
	igt_assert_lte(before, blocks * 512 + 64);
	munmap(p, 2 * blocks * BLOCK);
}

/* As drivers do that serve a range per fault: what is solved is no replay more. */
static void range_per_fault(struct nv *nv)
{
	const uint32_t blocks = 8, pages = blocks * 512;
	char *p = nv_anon_aligned(blocks * BLOCK, BLOCK);
	long long replays, updates;

	memset(p, 1, blocks * BLOCK);
	nv_knob("stream_blocks", 0);
	nv_knob("whole_blocks", 1);
	nv_knob("batch_faults", 1);
	replays = nv_counter("replays");
	updates = nv_counter("pt_pushes");
	igt_assert_eq(nv_sum(nv, p, pages, PAGE), pages * 0x01010101u);
	replays = nv_counter_since("replays", replays);
	updates = nv_counter_since("pt_pushes", updates);
	igt_info("%u pages, a fault a batch: %lld replays, %lld updates\n", pages, replays,
		 updates);
	igt_assert_lte(replays, 4 * blocks);
	igt_assert_lte(updates, 4 * blocks);
	munmap(p, blocks * BLOCK);
}

/* Over half of a block touched: the rest is mapped too; under a quarter: it is not. */
static void density(struct nv *nv)
{
	static const struct { uint32_t touched; bool fills; } cases[] = {
		{ 400, true }, { 64, false },
	};

	nv_knob("migrate", 0);
	for (unsigned int i = 0; i < ARRAY_LEN(cases); i++) {
		char *p = nv_anon_aligned(BLOCK, BLOCK);
		long long faults, mapped = nv_counter("pages_mapped_sys");

		madvise(p, BLOCK, MADV_NOHUGEPAGE);
		memset(p, 1, BLOCK);
		nv_sum(nv, p, cases[i].touched, PAGE);
		mapped = nv_counter_since("pages_mapped_sys", mapped);
		faults = nv_counter("faults");
		nv_load(nv, p + 511 * PAGE);
		faults = nv_counter_since("faults", faults);
		igt_info("%u touched: %lld mapped, then %lld faults\n", cases[i].touched, mapped,
			 faults);
		igt_assert_eq(!faults, cases[i].fills);
		igt_assert_lte(cases[i].touched, mapped);
		munmap(p, BLOCK);
	}
}

/* CPU and GPU in turns on one page: after a few moves it stays, and works there. */
static void thrash(struct nv *nv)
{
	const uint32_t turns = 60;
	volatile uint32_t *p = nv_anon(PAGE);
	long long moves[2];

	for (int pinning = 0; pinning < 2; pinning++) {
		if (!pinning)
			nv_knob("thrash_moves", 0);
		else
			nv_knob("thrash_moves", 3);
		moves[pinning] = nv_counter("pages_to_vram");
		for (uint32_t i = 0; i < turns; i++) {
			nv_store(nv, (void *)p, 2 * i);
			igt_assert_eq(*p, 2 * i);
			*p = 2 * i + 1;
		}
		moves[pinning] = nv_counter_since("pages_to_vram", moves[pinning]);
	}
	igt_info("%u turns: %lld moves, %lld with pinning\n", turns, moves[0], moves[1]);
	igt_assert_lt(20, moves[0]);
	igt_assert_lt(moves[1], moves[0] / 2);
	munmap((void *)p, PAGE);
}

/* Many clients, one page: it moves once, and duplicates are told from faults. */
static void same_page(void)
{
	const unsigned int n = 6;
	struct nv nv[6];
	char *around = nv_anon(3 * PAGE);
	uint32_t *p = (uint32_t *)(around + PAGE);
	long long duplicates;
	long long moved;

	/* alone in its mapping: nothing moves along with it */
	igt_assert_eq(mprotect(around, PAGE, PROT_NONE), 0);
	igt_assert_eq(mprotect(around + 2 * PAGE, PAGE, PROT_NONE), 0);
	for (unsigned int i = 0; i < n; i++)
		nv_init(&nv[i]);
	duplicates = nv_counter("faults_duplicate");
	moved = nv_counter("pages_to_vram");
	for (unsigned int i = 0; i < n; i++)
		nv_hammer_launch(&nv[i], p + i * 128, 128, 4, 50);
	for (unsigned int i = 0; i < n; i++)
		igt_assert_eq(__nv_wait(&nv[i]), 0);
	igt_info("%lld pages moved, %lld duplicates\n", nv_counter_since("pages_to_vram", moved),
		 nv_counter_since("faults_duplicate", duplicates));
	igt_assert_lte(nv_counter_since("pages_to_vram", moved), 1);
	for (unsigned int i = 0; i < n * 128; i++)
		igt_assert_eq(p[i], 50);
	for (unsigned int i = 0; i < n; i++)
		nv_fini(&nv[i]);
	munmap(around, 3 * PAGE);
}

/* Buffer objects of the hole and memory of the process do not get mixed up. */
static void hole(struct nv *nv)
{
	char *inside = (char *)nv->hole + (1ull << 30);
	char *p = nv_anon(PAGE);
	struct nv_bo bo;

	/* memory of the process in the hole is not the GPU's to see */
	igt_assert_eq(mprotect(inside, PAGE, PROT_READ | PROT_WRITE), 0);
	*(uint32_t *)inside = 0x5ec;
	igt_assert_eq(__nv_store(nv, inside, 1), -ENODEV);
	igt_assert_eq(*(uint32_t *)inside, 0x5ec);
	nv_revive(nv);
	igt_assert_eq(nv_migrate(nv, inside, PAGE, true), 0);
	/* a buffer object lies in it, and is gone with its handle */
	nv_bo_init(nv->fd, &bo, 16 * PAGE, NOUVEAU_GEM_DOMAIN_GART);
	igt_assert((uintptr_t)nv->hole <= bo.address &&
		   bo.address + bo.size <= (uintptr_t)nv->hole + nv->hole_bytes);
	nv_store(nv, (void *)(uintptr_t)(bo.address + 8), 77);
	igt_assert_eq(((uint32_t *)bo.map)[2], 77);
	inside = (char *)(uintptr_t)bo.address;
	nv_bo_fini(&bo);
	igt_assert_eq(__nv_store(nv, inside, 1), -ENODEV);
	nv_revive(nv);
	/* the first page behind the hole is the process's again */
	munmap(p, PAGE);
	p = mmap((char *)nv->hole + nv->hole_bytes, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	igt_require_f(p != MAP_FAILED, "the address behind the hole is taken\n");
	nv_store(nv, p, 9);
	igt_assert_eq(*(uint32_t *)p, 9);
	munmap(p, PAGE);
}

/* Compaction and KSM move and merge what the GPU maps. */
static void moved_by_kernel(struct nv *nv)
{
	char *p = nv_anon(256 * PAGE);

	nv_knob("migrate", 0);
	madvise(p, 256 * PAGE, MADV_NOHUGEPAGE);
	for (uint32_t i = 0; i < 256; i++)
		memset(p + i * PAGE, 0x42, PAGE);
	igt_assert_eq(nv_sum(nv, p, 256, PAGE), 256u * 0x42424242u);
	nv_write_file("/proc/sys/vm/compact_memory", "1");
	igt_assert_eq(nv_sum(nv, p, 256, PAGE), 256u * 0x42424242u);
	igt_require_f(!madvise(p, 256 * PAGE, MADV_MERGEABLE), "no KSM: %d\n", errno);
	nv_write_file("/sys/kernel/mm/ksm/pages_to_scan", "4000");
	igt_assert(nv_write_file("/sys/kernel/mm/ksm/run", "1"));
	for (int i = 0; i < 100 && nv_smaps(p, "KSM") < 512; i++)
		usleep(20000);
	nv_write_file("/sys/kernel/mm/ksm/run", "0");
	igt_assert_lt(0, nv_smaps(p, "KSM"));
	/* merged is read-only for everybody: a GPU write has its own copy made */
	igt_assert_eq(nv_sum(nv, p, 256, PAGE), 256u * 0x42424242u);
	nv_store(nv, p + 7 * PAGE, 1);
	for (uint32_t i = 0; i < 256; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), i == 7 ? 1 : 0x42424242u);
	igt_assert_eq(nv_sum(nv, p, 256, PAGE), 255u * 0x42424242u + 1);
	munmap(p, 256 * PAGE);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "batching", batching, "Replays per page, with and without batches" },
		{ "stream-ends", stream_ends, "A stream is fetched ahead, its buffer alone" },
		{ "batch-few-pushes", few_pushes, "Blocks of a batch share pushes" },
		{ "range-per-fault", range_per_fault, "Solved faults cost no replay" },
		{ "prefetch-density", density, "A dense block is filled, a sparse one is not" },
		{ "thrash-pingpong", thrash, "Enough returns pin a page where it is" },
		{ "bo-and-svm", hole, "Buffer objects and memory do not mix" },
		{ "compaction-ksm", moved_by_kernel, "The kernel moves and merges pages" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
	igt_describe("Six clients hammer one page: at most one migration");
	igt_subtest("same-page-many-engines")
		same_page();
}
