// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm thp
 * Category: Core
 * Functionality: huge pages of the CPU and of the GPU
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("2 MiB are one entry where they can be, and split without loss");

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Size of the GPU's entries for the block at @p, as debugfs names it. */
static void expect_entries(const void *p, const char *size)
{
	char line[160], found[16] = "none", want[32];
	FILE *f = popen("cat /sys/kernel/debug/dri/128/svm_blocks", "r");

	igt_assert(f);
	snprintf(want, sizeof(want), "0x%012llx", (unsigned long long)(uintptr_t)p);
	while (fgets(line, sizeof(line), f)) {
		char *at = strstr(line, "ptes ");

		if (strstr(line, want) && at)
			sscanf(at, "ptes %15s", found);
	}
	igt_require_f(!pclose(f), "no debugfs\n");
	igt_assert_f(!strcmp(found, size), "%s entries, not %s\n", found, size);
}

static void whole(struct nv *nv)
{
	char *p = nv_thp(2 * BLOCK);
	long long up = nv_counter("huge_to_vram"), down, copies;

	nv_pattern(p, 2 * BLOCK, 1);
	nv_knob("migrate", 0);
	igt_assert_eq(nv_load(nv, p + 4), 2654435761u ^ 0x9e3779b9u);
	nv_fill(nv, p, 512, PAGE, 10);
	expect_entries(p, "2M");
	igt_assert_eq(nv_pages_in_vram(p, 2 * BLOCK), 0);
	copies = nv_counter("ce_copies");
	igt_assert_eq(nv_migrate(nv, p, 2 * BLOCK, true), 1024);
	igt_assert_eq(nv_counter_since("huge_to_vram", up), 2);
	igt_assert_eq(nv_counter_since("ce_copies", copies), 2);
	igt_assert_eq(nv_load(nv, p + 7 * PAGE), 17);
	expect_entries(p, "2M");
	expect_entries(p + BLOCK, "2M");
	down = nv_counter("huge_to_sys");
	copies = nv_counter("ce_copies");
	igt_assert_eq(nv_migrate(nv, p, 2 * BLOCK, false), 1024);
	igt_assert_eq(nv_counter_since("huge_to_sys", down), 2);
	igt_assert_eq(nv_counter_since("ce_copies", copies), 2);
	igt_assert_eq(nv_smaps(p, "AnonHugePages"), 2 * BLOCK >> 10);
	for (uint32_t i = 0; i < 512; i++) {
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 10 + i);
		igt_assert_eq(*(uint32_t *)(p + i * PAGE + 8),
			      (uint32_t)((i * 1024 + 2) * 2654435761u) ^ 0x9e3779b9u);
	}
	igt_assert_eq(*(uint32_t *)(p + BLOCK), (uint32_t)(512 * 1024 * 2654435761u) ^ 0x9e3779b9u);
	munmap(p, 2 * BLOCK);
}

/*
 * One folio of VRAM, and the GPU is given a few pages from its middle: those, and not
 * its first ones, which is what hmm_range_fault() names.
 */
static void window(struct nv *nv)
{
	char *p = nv_thp(BLOCK);

	for (uint32_t i = 0; i < 512; i++)
		*(uint32_t *)(p + i * PAGE) = 40 + i;
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	/* the GPU loses it, nothing moves */
	igt_assert_eq(mprotect(p, BLOCK, PROT_READ), 0);
	igt_assert_eq(mprotect(p, BLOCK, PROT_READ | PROT_WRITE), 0);
	nv_knob("batch_pages", 1);
	igt_assert_eq(nv_load(nv, p + 112 * PAGE), 152);
	igt_assert_eq(nv_load(nv, p + 300 * PAGE), 340);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 512);
	expect_entries(p, "4K");
	munmap(p, BLOCK);
}

/* Nobody has touched it: a hole of 2 MiB becomes a folio of zeros. */
static void hole(struct nv *nv)
{
	char *p = nv_anon_aligned(3 * BLOCK, BLOCK);
	long long up = nv_counter("huge_to_vram"), copies = nv_counter("ce_copies");

	igt_assert_eq(madvise(p, 2 * BLOCK, MADV_HUGEPAGE), 0);
	igt_assert_eq(madvise(p + 2 * BLOCK, BLOCK, MADV_NOHUGEPAGE), 0);
	igt_assert_eq(nv_migrate(nv, p, 2 * BLOCK, true), 1024);
	igt_assert_eq(nv_counter_since("huge_to_vram", up), 2);
	igt_assert_eq(nv_counter_since("ce_copies", copies), 2);
	expect_entries(p, "2M");
	expect_entries(p + BLOCK, "2M");
	/* who wants no huge pages gets none */
	igt_assert_eq(nv_migrate(nv, p + 2 * BLOCK, BLOCK, true), 512);
	igt_assert_eq(nv_counter_since("huge_to_vram", up), 2);
	igt_assert_eq(nv_sum(nv, p, 1536, PAGE), 0);
	nv_store(nv, p + 300 * PAGE, 9);
	for (size_t i = 0; i < 3 * BLOCK / 4; i++)
		igt_assert_eq(((uint32_t *)p)[i], i == 300 * 1024 ? 9 : 0);
	munmap(p, 3 * BLOCK);
}

/* The CPU touches one byte of a folio: all of it comes back, as a huge page. */
static void fault_home(struct nv *nv)
{
	char *p = nv_thp(BLOCK);
	long long faults, down;

	nv_pattern(p, BLOCK, 4);
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	faults = nv_counter("cpu_faults");
	down = nv_counter("huge_to_sys");
	igt_assert_eq(*(uint32_t *)(p + 77 * PAGE),
		      (uint32_t)(77 * 1024 * 2654435761u) ^ (4 * 0x9e3779b9u));
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	igt_assert_eq(nv_counter_since("huge_to_sys", down), 1);
	nv_check_pattern(p, BLOCK, 4);
	igt_assert_eq(nv_counter_since("cpu_faults", faults), 1);
	igt_assert_eq(nv_smaps(p, "AnonHugePages"), BLOCK >> 10);
	munmap(p, BLOCK);
}

/* One word is written: the page it is in moves, and that has 2 MiB. */
static void fault_whole(struct nv *nv)
{
	char *p = nv_thp(BLOCK);
	long long up = nv_counter("huge_to_vram"), split = nv_counter("huge_splits");

	nv_pattern(p, BLOCK, 3);
	nv_store(nv, (uint32_t *)(p + 300 * PAGE), 9);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 512);
	igt_assert_eq(nv_counter_since("huge_to_vram", up), 1);
	igt_assert_eq(nv_counter_since("huge_splits", split), 0);
	expect_entries(p, "2M");
	igt_assert_eq(*(uint32_t *)(p + 300 * PAGE), 9);
	*(uint32_t *)(p + 300 * PAGE) = (uint32_t)(300 * 1024 * 2654435761u) ^ (3 * 0x9e3779b9u);
	nv_check_pattern(p, BLOCK, 3);
	munmap(p, BLOCK);
}

/* No 2 MiB on the other side: pieces, and no page is dropped. */
static void pieces(struct nv *nv, bool up)
{
	char *p = nv_thp(2 * BLOCK);
	long long huge;

	nv_pattern(p, 2 * BLOCK, 6);
	nv_knob("huge_folios", up ? 2 : 1);
	huge = nv_counter("huge_to_vram");
	igt_assert_eq(nv_migrate(nv, p, 2 * BLOCK, true), 1024);
	igt_assert_eq(nv_counter_since("huge_to_vram", huge), up ? 0 : 2);
	igt_assert_eq(nv_pages_in_vram(p, 2 * BLOCK), 1024);
	expect_entries(p, "2M");
	nv_fill(nv, p, 1024, PAGE, 70);
	huge = nv_counter("huge_to_sys");
	/* the first block by the CPU's fault, the second by address */
	igt_assert_eq(*(uint32_t *)(p + 500 * PAGE), 570);
	igt_assert_lt(0, nv_migrate(nv, p, 2 * BLOCK, false));
	igt_assert_eq(nv_counter_since("huge_to_sys", huge), 0);
	igt_assert_eq(nv_pages_in_vram(p, 2 * BLOCK), 0);
	for (uint32_t i = 0; i < 1024; i++) {
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 70 + i);
		igt_assert_eq(*(uint32_t *)(p + i * PAGE + 8),
			      (uint32_t)((i * 1024 + 2) * 2654435761u) ^ (6 * 0x9e3779b9u));
	}
	munmap(p, 2 * BLOCK);
}

static void pieces_up(struct nv *nv) { pieces(nv, true); }
static void pieces_home(struct nv *nv) { pieces(nv, false); }

/*
 * A huge page that may still move is mapped piece by piece, as its parts are
 * used, and when the last is there it is one entry.
 */
static void pieces_mapped(struct nv *nv)
{
	char *p = nv_thp(BLOCK);
	long long faults;

	nv_knob("hot_faults", 100000);
	nv_knob("density_percent", 100);
	nv_pattern(p, BLOCK, 3);
	for (uint32_t i = 0; i < 512; i += 16) {
		igt_assert_eq(nv_load(nv, p + i * PAGE + 4),
			      (uint32_t)((i * 1024 + 1) * 2654435761u) ^ (3 * 0x9e3779b9u));
		expect_entries(p, i < 496 ? "64K" : "2M");
	}
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	faults = nv_counter("faults");
	igt_assert_eq(nv_load(nv, p + 300 * PAGE),
		      (uint32_t)(300 * 1024 * 2654435761u) ^ (3 * 0x9e3779b9u));
	igt_assert_eq(nv_counter_since("faults", faults), 0);
	munmap(p, BLOCK);
}

/* A page in the middle of a 2 MiB entry goes: the entry is split, not kept. */
static void split_entry(struct nv *nv, bool vram)
{
	char *p = nv_thp(BLOCK);
	uint32_t value;

	nv_knob("migrate", 0);
	nv_fill(nv, p, 512, PAGE, 600);
	expect_entries(p, "2M");
	if (vram) {
		igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
		expect_entries(p, "2M");
	}
	igt_assert_eq(munmap(p + 255 * PAGE, PAGE), 0);
	igt_assert_eq(nv_sum(nv, p, 255, PAGE), 255 * 600 + 254 * 255 / 2);
	igt_assert_eq(nv_load(nv, p + 256 * PAGE), 856);
	igt_assert_eq(__nv_load(nv, p + 255 * PAGE, &value), -ENODEV);
	for (uint32_t i = 0; i < 512; i++)
		if (i != 255)
			igt_assert_eq(*(uint32_t *)(p + i * PAGE), 600 + i);
	munmap(p, BLOCK);
}

static void split_ram(struct nv *nv) { split_entry(nv, false); }
static void split_vram(struct nv *nv) { split_entry(nv, true); }

/* The CPU brings back a part; part stays; the whole goes again: every page's data. */
static void half_home(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);

	igt_assert_eq(madvise(p, BLOCK, MADV_NOHUGEPAGE), 0);
	for (uint32_t round = 0; round < 4; round++) {
		nv_pattern(p, BLOCK, round);
		/* a fault of the round before that is served late may have moved some */
		nv_migrate(nv, p, BLOCK, true);
		igt_assert_eq(nv_pages_in_vram(p, BLOCK), 512);
		nv_check_pattern(p, BLOCK / 8, round);
		igt_assert_lt(0, nv_pages_in_vram(p, BLOCK));
		nv_fill(nv, p, 512, PAGE, round);
		for (uint32_t i = 0; i < 512; i++)
			igt_assert_eq(*(uint32_t *)(p + i * PAGE), round + i);
	}
	munmap(p, BLOCK);
}

/* Fetches in a row grow: 64 KiB, 256 KiB, blocks. Others stay small. */
static void window_grows(struct nv *nv)
{
	char *p = nv_anon_aligned(4 * BLOCK, BLOCK);
	long long faults;

	igt_assert_eq(madvise(p, 4 * BLOCK, MADV_NOHUGEPAGE), 0);
	nv_pattern(p, 4 * BLOCK, 2);
	igt_assert_eq(nv_migrate(nv, p, 4 * BLOCK, true), 2048);
	faults = nv_counter("cpu_faults");
	nv_check_pattern(p, 4 * BLOCK, 2);
	/* 3 for the first block, then one each; a few more if somebody held a page */
	igt_assert_lte(nv_counter_since("cpu_faults", faults), 10);
	igt_assert_eq(nv_migrate(nv, p, 4 * BLOCK, true), 2048);
	for (uint32_t i = 0; i < 4; i++)
		igt_assert_eq(*(uint32_t *)(p + (3 - i) * BLOCK),
			      (uint32_t)((3 - i) * 512 * 1024 * 2654435761u) ^ (2 * 0x9e3779b9u));
	igt_assert_eq(nv_pages_in_vram(p, 4 * BLOCK), 2048 - 4 * 16);
	munmap(p, 4 * BLOCK);
}

#define WALK	8ul

/* All of it home by the CPU's faults, front to back, while the GPU has it mapped. */
static void walk_home(struct nv *nv, char *p, long long *faults, long long *invalidates)
{
	igt_assert_eq(nv_migrate(nv, p, WALK * BLOCK, true), WALK * 512);
	*faults = nv_counter("cpu_faults");
	*invalidates = nv_counter("tlb_invalidates");
	for (size_t i = 0; i < WALK * 512; i++)
		igt_assert_eq(*(volatile uint32_t *)(p + i * PAGE),
			      (uint32_t)(i * 1024 * 2654435761u) ^ (5 * 0x9e3779b9u));
	*faults = nv_counter_since("cpu_faults", *faults);
	*invalidates = nv_counter_since("tlb_invalidates", *invalidates);
	igt_assert_eq(nv_pages_in_vram(p, WALK * BLOCK), 0);
}

/*
 * A CPU that walks over huge pages gets 1, 2, 4 blocks at a time, each time with one
 * TLB invalidate; without that, one. What lies behind stays in VRAM.
 */
static void walk(struct nv *nv)
{
	char *p = nv_thp(WALK * BLOCK);
	long long faults, invalidates;

	nv_pattern(p, WALK * BLOCK, 5);
	walk_home(nv, p, &faults, &invalidates);
	/* 1 + 2 + 4 + 1; somebody may hold a page for a moment */
	igt_assert_lte(4, faults);
	igt_assert_lte(faults, 6);
	igt_assert_lte(invalidates, faults);
	nv_knob("cpu_ahead_blocks", 1);
	walk_home(nv, p, &faults, &invalidates);
	igt_assert_lte(WALK, faults);
	nv_knob("cpu_ahead_blocks", 2);
	igt_assert_eq(nv_migrate(nv, p, WALK * BLOCK, true), WALK * 512);
	igt_assert_eq(*(volatile uint32_t *)p, 5 * 0x9e3779b9u);
	*(volatile uint32_t *)(p + BLOCK) = 7;
	igt_assert_eq(nv_pages_in_vram(p, WALK * BLOCK), (WALK - 3) * 512);
	/* and the GPU sees it all, wherever it is */
	igt_assert_eq(nv_load(nv, (uint32_t *)(p + BLOCK)), 7);
	igt_assert_eq(nv_load(nv, (uint32_t *)(p + 5 * BLOCK)),
		      (uint32_t)(5 * 512 * 1024 * 2654435761u) ^ (5 * 0x9e3779b9u));
	munmap(p, WALK * BLOCK);
}

/* What becomes of a folio that core mm cuts while it is in VRAM. */
static void cut_mremap(struct nv *nv)
{
	char *p = nv_thp(BLOCK), *q = nv_anon_aligned(BLOCK, BLOCK);

	nv_pattern(p, BLOCK, 11);
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	igt_assert(mremap(p + 100 * PAGE, 60 * PAGE, 60 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			  q + 3 * PAGE) == q + 3 * PAGE);
	nv_store(nv, q + 3 * PAGE, 1);
	nv_store(nv, p + 99 * PAGE, 2);
	for (uint32_t i = 0; i < 512; i++) {
		const char *at = i >= 100 && i < 160 ? q + (i - 97) * PAGE : p + i * PAGE;
		uint32_t want = (uint32_t)(i * 1024 * 2654435761u) ^ (11 * 0x9e3779b9u);

		igt_assert_eq(*(const uint32_t *)at, i == 100 ? 1 : i == 99 ? 2 : want);
	}
	munmap(p, BLOCK);
	munmap(q, BLOCK);
}

static void cut_mprotect(struct nv *nv)
{
	char *p = nv_thp(BLOCK);

	nv_pattern(p, BLOCK, 12);
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	igt_assert_eq(mprotect(p + 200 * PAGE, 10 * PAGE, PROT_READ), 0);
	nv_fill(nv, p, 200, PAGE, 7);
	nv_fill(nv, p + 210 * PAGE, 302, PAGE, 8);
	igt_assert_eq(nv_load(nv, p + 205 * PAGE),
		      (uint32_t)(205 * 1024 * 2654435761u) ^ (12 * 0x9e3779b9u));
	igt_assert_eq(__nv_store(nv, p + 205 * PAGE, 1), -ENODEV);
	for (uint32_t i = 0; i < 512; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE),
			      i < 200 ? 7 + i : i >= 210 ? 8 + i - 210 :
			      (uint32_t)(i * 1024 * 2654435761u) ^ (12 * 0x9e3779b9u));
	munmap(p, BLOCK);
}

/* The CPU comes to a page in the middle of what is no longer one entry. */
static void cut_fault(struct nv *nv)
{
	char *p = nv_thp(BLOCK);

	nv_pattern(p, BLOCK, 14);
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	igt_assert_eq(madvise(p + 3 * PAGE, PAGE, MADV_DONTNEED), 0);
	for (uint32_t i = 0; i < 512; i++) {
		uint32_t at = (i * 7 + 5) % 512;

		igt_assert_eq(*(uint32_t *)(p + at * PAGE), at == 3 ? 0 :
			      (uint32_t)(at * 1024 * 2654435761u) ^ (14 * 0x9e3779b9u));
	}
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	munmap(p, BLOCK);
}

/* Half of it dropped: zeros come in its place, and the other half goes home. */
static void cut_dontneed(struct nv *nv)
{
	char *p = nv_thp(BLOCK);

	nv_pattern(p, BLOCK, 13);
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	igt_assert_eq(madvise(p, BLOCK / 2, MADV_DONTNEED), 0);
	igt_assert_eq(nv_sum(nv, p, 256, PAGE), 0);
	igt_assert_eq(nv_migrate(nv, p + BLOCK / 2, BLOCK / 2, false), 256);
	igt_assert_eq(nv_pages_in_vram(p + BLOCK / 2, BLOCK / 2), 0);
	for (uint32_t i = 0; i < 512; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), i < 256 ? 0 :
			      (uint32_t)(i * 1024 * 2654435761u) ^ (13 * 0x9e3779b9u));
	munmap(p, BLOCK);
}

/* Small pages become a huge one, also while some of them are in VRAM. */
static void collapse(struct nv *nv, bool vram)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);

	madvise(p, BLOCK, MADV_NOHUGEPAGE);
	nv_pattern(p, BLOCK, 5);
	nv_knob("migrate", 0);
	nv_fill(nv, p, 512, PAGE, 300);
	if (vram)
		igt_assert_eq(nv_migrate(nv, p, BLOCK / 2, true), 256);
	madvise(p, BLOCK, MADV_HUGEPAGE);
	if (madvise(p, BLOCK, MADV_COLLAPSE))
		igt_require_f(vram, "no MADV_COLLAPSE: %d\n", errno);
	igt_assert_eq(nv_sum(nv, p, 512, PAGE), 512 * 300 + 511 * 256);
	if (!vram) {
		igt_assert_eq(nv_smaps(p, "AnonHugePages"), BLOCK >> 10);
		expect_entries(p, "2M");
	}
	nv_fill(nv, p, 512, PAGE, 301);
	for (uint32_t i = 0; i < 512; i++) {
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 301 + i);
		igt_assert_eq(*(uint32_t *)(p + i * PAGE + 4),
			      (uint32_t)((i * 1024 + 1) * 2654435761u) ^ (5 * 0x9e3779b9u));
	}
	munmap(p, BLOCK);
}

static void collapse_ram(struct nv *nv) { collapse(nv, false); }
static void collapse_vram(struct nv *nv) { collapse(nv, true); }

/* Collapses and splits under a kernel, until that is done: how many it saw. */
static unsigned int collapse_under(struct nv *nv, char *p)
{
	unsigned int under = 0;

	for (unsigned int i = 0; i < 100 && nv_is_busy(nv); i++) {
		bool collapsed = !madvise(p, BLOCK, MADV_COLLAPSE);

		usleep(1000);
		under += collapsed && nv_is_busy(nv);
		igt_assert_eq(madvise(p + 3 * PAGE, PAGE, MADV_DONTNEED), 0);
		igt_assert_eq(mprotect(p + 5 * PAGE, PAGE, i & 1 ? PROT_READ | PROT_WRITE :
			      PROT_READ), 0);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	return under;
}

/* Collapse and split again and again under a kernel that counts. */
static void collapse_busy(struct nv *nv)
{
	const uint32_t rounds = 20000, threads = 64;
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	unsigned int under = 0, n;

	memset(p, 0, BLOCK);
	/* a busy machine may be slower with one collapse than with the kernel */
	for (n = 0; n < 100 && under < 3; n++) {
		nv_hammer_launch(nv, p, threads, 8 * PAGE, rounds);
		under += collapse_under(nv, p);
	}
	igt_info("%u collapses under %u kernels\n", under, n);
	igt_assert_lte(3, under);
	for (uint32_t i = 0; i < threads; i++)
		igt_assert_eq(*(uint32_t *)(p + i * 8 * PAGE), n * rounds);
	munmap(p, BLOCK);
}

/* The huge zero page: read as zeros for nothing, and never written to. */
static void huge_zero(struct nv *nv)
{
	char *p = nv_anon_aligned(2 * BLOCK, BLOCK);
	uint32_t sum = 0;

	madvise(p, 2 * BLOCK, MADV_HUGEPAGE);
	for (size_t i = 0; i < 2 * BLOCK; i += PAGE)
		sum += *(volatile char *)(p + i);
	igt_assert_eq(sum, 0);
	igt_assert_eq(nv_sum(nv, p, 512, PAGE), 0);
	nv_store(nv, p + 5 * PAGE, 5);
	igt_assert_eq(*(uint32_t *)(p + 5 * PAGE), 5);
	igt_assert_eq(nv_sum(nv, p, 1024, PAGE), 5);
	for (size_t i = 0; i < 2 * BLOCK / 4; i++)
		igt_assert_eq(((uint32_t *)p)[i], i == 5 * 1024 ? 5 : 0);
	/* a second user of the huge zero page sees zeros */
	munmap(p, 2 * BLOCK);
	p = nv_anon_aligned(2 * BLOCK, BLOCK);
	madvise(p, 2 * BLOCK, MADV_HUGEPAGE);
	igt_assert_eq(*(volatile uint32_t *)(p + 5 * PAGE), 0);
	igt_assert_lt(0, nv_migrate(nv, p, 2 * BLOCK, true));
	igt_assert_eq(nv_sum(nv, p, 1024, PAGE), 0);
	munmap(p, 2 * BLOCK);
}

/* fork() with a huge page in VRAM; both write, both keep theirs. */
static void fork_huge(struct nv *nv)
{
	char *p = nv_thp(BLOCK);
	pid_t pid;

	nv_pattern(p, BLOCK, 8);
	nv_migrate(nv, p, BLOCK, true);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		CHILD_CHECK(nv_is_pattern(p + BLOCK / 2, BLOCK / 2, 8) == false);
		for (size_t i = 0; i < BLOCK; i += 64 * 1024)
			*(uint32_t *)(p + i) = 1;
		for (size_t i = PAGE; i < BLOCK; i += 64 * 1024)
			CHILD_CHECK(*(uint32_t *)(p + i) == ((uint32_t)(i / 4 * 2654435761u) ^
							     (8 * 0x9e3779b9u)));
		_exit(0);
	}
	nv_fill(nv, p, 256, PAGE, 40);
	nv_expect_child_ok(pid);
	for (uint32_t i = 0; i < 512; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), i < 256 ? 40 + i :
			      (uint32_t)(i * 1024 * 2654435761u) ^ (8 * 0x9e3779b9u));
	munmap(p, BLOCK);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "thp-whole", whole, "A huge page in VRAM is one entry, and comes back whole" },
		{ "thp-pieces-mapped", pieces_mapped, "Pieces mapped where they are become one entry" },
		{ "thp-split-entry", split_ram, "A page out of the middle of a 2 MiB entry" },
		{ "thp-split-entry-vram", split_vram, "The same while it is in VRAM" },
		{ "thp-hole", hole, "Untouched memory becomes a huge page of zeros in VRAM" },
		{ "thp-window", window, "The GPU gets a few pages out of a huge page in VRAM" },
		{ "thp-fault-whole", fault_whole, "One GPU write moves a huge page whole" },
		{ "thp-fault-home", fault_home, "One CPU fault brings a huge page home whole" },
		{ "thp-pieces-vram", pieces_up, "No 2 MiB of VRAM: a huge page goes in pieces" },
		{ "thp-pieces-home", pieces_home, "No 2 MiB of RAM: it comes home in pieces" },
		{ "thp-cpu-walks", walk, "A CPU that walks fetches more and more blocks at a time" },
		{ "thp-window-grows", window_grows, "CPU faults in a row fetch more and more" },
		{ "thp-cut-mremap", cut_mremap, "A part of a huge page in VRAM is moved away" },
		{ "thp-cut-mprotect", cut_mprotect, "A part of it becomes read-only" },
		{ "thp-cut-fault", cut_fault, "The CPU touches a page of the rest first" },
		{ "thp-cut-dontneed", cut_dontneed, "A part of it is dropped" },
		{ "thp-part-home", half_home, "A part comes home, the whole goes again" },
		{ "thp-collapse", collapse_ram, "MADV_COLLAPSE of memory the GPU maps" },
		{ "thp-collapse-vram", collapse_vram, "The same with half of it in VRAM" },
		{ "thp-collapse-busy", collapse_busy, "Collapsed and split under a kernel" },
		{ "thp-huge-zero", huge_zero, "The huge zero page stays zero" },
		{ "thp-fork-vram", fork_huge, "fork with a huge page in VRAM" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
