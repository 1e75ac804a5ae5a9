// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm invalidate
 * Category: Core
 * Functionality: parts of mappings taken away, also from a running kernel
 */
#include <errno.h>
#include <pthread.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("What is taken away is gone at once, and only that");

enum { FIRST, MIDDLE, LAST };
enum { IN_RAM, IN_VRAM, HUGE_IN_VRAM };

/*
 * A third of a block goes. GPU and CPU find the rest, and nothing where it was;
 * with a look of the CPU at one page before, so that placement is mixed.
 */
static void unmap_part(struct nv *nv, int part, int where, bool touch)
{
	const size_t start[] = { 0, 171 * PAGE, 341 * PAGE }, bytes = 171 * PAGE;
	char *p = where == HUGE_IN_VRAM ? nv_thp(BLOCK) : nv_anon_aligned(BLOCK, BLOCK);
	char *gone = p + start[part];
	uint32_t value;

	nv_pattern(p, BLOCK, part);
	nv_fill(nv, p, 512, PAGE, 7000);
	if (where != IN_RAM)
		nv_migrate(nv, p, BLOCK, true);
	if (touch)
		igt_assert_eq(*(volatile uint32_t *)(gone + 5 * PAGE),
			      7000 + start[part] / PAGE + 5);
	igt_assert_eq(munmap(gone, bytes), 0);

	igt_assert_eq(__nv_load(nv, gone, &value), -ENODEV);
	nv_revive(nv);
	igt_assert_eq(__nv_store(nv, gone + bytes - PAGE, 1), -ENODEV);
	nv_revive(nv);
	for (uint32_t i = 0; i < 512; i++) {
		uint32_t *page = (uint32_t *)(p + i * PAGE);

		if (i * PAGE >= start[part] && i * PAGE < start[part] + bytes)
			continue;
		if (i % 16 == 3)
			igt_assert_eq(nv_load(nv, page), 7000 + i);
		igt_assert_eq(page[0], 7000 + i);
		igt_assert_eq(page[1], (uint32_t)((i * 1024 + 1) * 2654435761u) ^
				       (part * 0x9e3779b9u));
	}
	/* new memory there is new */
	igt_assert(mmap(gone, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == gone);
	igt_assert_eq(nv_sum(nv, gone, bytes / PAGE, PAGE), 0);
	munmap(p, BLOCK);
}

static void unmap_parts(struct nv *nv, int where)
{
	for (int part = FIRST; part <= LAST; part++)
		unmap_part(nv, part, where, part == MIDDLE);
}

static void unmap_parts_ram(struct nv *nv) { unmap_parts(nv, IN_RAM); }
static void unmap_parts_vram(struct nv *nv) { unmap_parts(nv, IN_VRAM); }
static void unmap_parts_huge(struct nv *nv) { unmap_parts(nv, HUGE_IN_VRAM); }

/* Every other page goes, one by one: no large entry may survive any of it. */
static void unmap_comb(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	uint32_t value;

	nv_fill(nv, p, 512, PAGE, 100);
	nv_migrate(nv, p, BLOCK, true);
	for (uint32_t i = 0; i < 512; i += 2)
		igt_assert_eq(munmap(p + i * PAGE, PAGE), 0);
	igt_assert_eq(nv_sum(nv, p + PAGE, 256, 2 * PAGE), 256 * 101 + 255 * 256);
	igt_assert_eq(__nv_load(nv, p + 256 * PAGE, &value), -ENODEV);
	for (uint32_t i = 1; i < 512; i += 2)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 100 + i);
	munmap(p, BLOCK);
}

/* A kernel hammers a page that is unmapped: it dies, and the page's next owner is safe. */
static void unmap_busy(struct nv *nv, bool vram)
{
	uint32_t *p = nv_anon(64 * PAGE), *fresh;

	memset(p, 0, 64 * PAGE);
	if (vram)
		nv_migrate(nv, p, 64 * PAGE, true);
	nv_hammer_launch(nv, p, 64, PAGE, 100000000);
	usleep(30000);
	/* the address stays taken; most likely the next one gets the very pages */
	igt_assert(mmap(p, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		   (void *)p);
	fresh = nv_anon(64 * PAGE);
	nv_pattern(fresh, 64 * PAGE, 77);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	nv_check_pattern(fresh, 64 * PAGE, 77);
	nv_revive(nv);
	igt_assert_eq(nv_load(nv, fresh + 1), 2654435761u ^ (77 * 0x9e3779b9u));
	munmap(fresh, 64 * PAGE);
	munmap(p, 64 * PAGE);
}

/* Gone and new at the same address: a running kernel finds the new memory, from 0. */
static void replace_busy(struct nv *nv)
{
	volatile uint32_t *p = nv_anon(PAGE);
	const uint32_t rounds = 300000;

	*p = 0x80000000;
	nv_hammer_launch(nv, (void *)p, 1, 4, rounds);
	while (*p == 0x80000000)
		usleep(100);
	igt_assert(mmap((void *)p, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	igt_assert_eq(__nv_wait(nv), 0);
	/* one store may carry on what was loaded before; none at all may be missing */
	igt_assert_lt(0, *p);
	igt_assert_f(*p < rounds || *p - 0x80000000 <= rounds, "0x%x\n", *p);
	munmap((void *)p, PAGE);
}

static void unmap_busy_ram(struct nv *nv) { unmap_busy(nv, false); }
static void unmap_busy_vram(struct nv *nv) { unmap_busy(nv, true); }

/* The middle of a block turns read-only and back under a kernel that uses its rest. */
static void protect_split_busy(struct nv *nv)
{
	const uint32_t rounds = 3000, threads = 128;
	char *p = nv_thp(BLOCK);
	long long calls = nv_counter("notifier_calls");

	nv_store(nv, p + 256 * PAGE, 1);
	nv_migrate(nv, p, BLOCK, true);
	/* two pages, one on each side of what changes; their own words */
	nv_hammer_launch(nv, p + PAGE, threads, 2 * PAGE, rounds);
	for (int i = 0; i < 30; i++) {
		int prot = i & 1 ? PROT_READ | PROT_WRITE : PROT_READ;

		igt_assert_eq(mprotect(p + 300 * PAGE, 3 * PAGE, prot), 0);
		usleep(1000);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	for (uint32_t i = 0; i < threads; i++)
		igt_assert_eq(*(uint32_t *)(p + PAGE + i * 2 * PAGE), rounds);
	igt_assert_lt(0, nv_counter_since("notifier_calls", calls));
	igt_assert_eq(mprotect(p + 300 * PAGE, PAGE, PROT_READ), 0);
	igt_assert_eq(nv_load(nv, p + 300 * PAGE), 0);
	nv_store(nv, p + 299 * PAGE, 5);
	nv_store(nv, p + 301 * PAGE, 6);
	igt_assert_eq(__nv_store(nv, p + 300 * PAGE, 4), -ENODEV);
	igt_assert_eq(*(uint32_t *)(p + 300 * PAGE), 0);
	igt_assert_eq(*(uint32_t *)(p + 301 * PAGE), 6);
	munmap(p, BLOCK);
}

/* PROT_NONE stops the writer; what it wrote stays; PROT_READ gives that to readers. */
static void protect_none_busy(struct nv *nv)
{
	uint32_t *p = nv_anon(PAGE), stopped;

	*p = 1;
	nv_hammer_launch(nv, p, 1, 4, 100000000);
	while (*(volatile uint32_t *)p == 1)
		usleep(1000);
	igt_assert_eq(mprotect(p, PAGE, PROT_NONE), 0);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	igt_assert_eq(mprotect(p, PAGE, PROT_READ), 0);
	stopped = *p;
	igt_assert_lt(1, stopped);
	nv_revive(nv);
	igt_assert_eq(nv_load(nv, p), stopped);
	igt_assert_eq(*p, stopped);
	munmap(p, PAGE);
}

/* A file mapped over memory that is in VRAM, then memory over the file. */
static void remap_over(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	int fd = memfd_create("nv-igt", 0);
	uint32_t *over;

	igt_assert_eq(ftruncate(fd, 64 * PAGE), 0);
	over = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	nv_pattern(over, 64 * PAGE, 9);
	nv_pattern(p, BLOCK, 1);
	nv_migrate(nv, p, BLOCK, true);
	igt_assert(mmap(p + 100 * PAGE, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			fd, 0) == p + 100 * PAGE);
	igt_assert_eq(nv_load(nv, p + 101 * PAGE), over[1024]);
	igt_assert_eq(nv_load(nv, p + 99 * PAGE), (uint32_t)(99 * 1024 * 2654435761u) ^
						  0x9e3779b9u);
	nv_store(nv, p + 102 * PAGE, 0xf11e);
	igt_assert_eq(over[2 * 1024], 0xf11e);
	igt_assert(mmap(p + 100 * PAGE, 64 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + 100 * PAGE);
	nv_store(nv, p + 102 * PAGE, 0xa70);
	igt_assert_eq(nv_load(nv, p + 101 * PAGE), 0);
	igt_assert_eq(over[2 * 1024], 0xf11e);
	nv_check_pattern(p, 100 * PAGE, 1);
	close(fd);
	munmap(over, 64 * PAGE);
	munmap(p, BLOCK);
}

/* The data moves, the old place stays mapped and is empty, for CPU and GPU. */
static void mremap_dontunmap(struct nv *nv, bool vram)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK), *q;

	nv_pattern(p, BLOCK, 3);
	nv_fill(nv, p, 512, PAGE, 50);
	if (vram)
		nv_migrate(nv, p, BLOCK, true);
	q = mremap(p, BLOCK, BLOCK, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	igt_assert(q != MAP_FAILED && q != p);
	igt_assert_eq(nv_sum(nv, p, 512, PAGE), 0);
	igt_assert_eq(nv_sum(nv, q, 512, PAGE), 512 * 50 + 511 * 256);
	nv_fill(nv, p, 512, PAGE, 9000);
	for (uint32_t i = 0; i < 512; i++) {
		igt_assert_eq(*(uint32_t *)(q + i * PAGE), 50 + i);
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 9000 + i);
		igt_assert_eq(*(uint32_t *)(p + i * PAGE + 4), 0);
	}
	munmap(p, BLOCK);
	munmap(q, BLOCK);
}

static void mremap_dontunmap_ram(struct nv *nv) { mremap_dontunmap(nv, false); }
static void mremap_dontunmap_vram(struct nv *nv) { mremap_dontunmap(nv, true); }

/* Moved by half its size, over its own neighbour, while in VRAM. */
static void mremap_half(struct nv *nv)
{
	char *p = nv_anon_aligned(2 * BLOCK, BLOCK), *to = p + BLOCK + BLOCK / 2;

	nv_pattern(p, BLOCK, 4);
	nv_pattern(p + BLOCK, BLOCK, 5);
	nv_migrate(nv, p, 2 * BLOCK, true);
	igt_assert(mremap(p, BLOCK / 2, BLOCK / 2, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	igt_assert_eq(nv_load(nv, to + 4), 2654435761u ^ (4 * 0x9e3779b9u));
	nv_check_pattern(to, BLOCK / 2, 4);
	nv_check_pattern(p + BLOCK, BLOCK / 2, 5);
	igt_assert_eq(__nv_store(nv, p, 1), -ENODEV);
	munmap(p, 2 * BLOCK);
}

/* MADV_FREE: a page that the GPU writes afterwards is not freed. */
static void madvise_free(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE);

	nv_fill(nv, p, 64, PAGE, 20);
	igt_assert_eq(madvise(p, 64 * PAGE, MADV_FREE), 0);
	nv_fill(nv, p, 32, PAGE, 4000);
	nv_write_file("/proc/sys/vm/drop_caches", "1");
	madvise(p, 64 * PAGE, MADV_PAGEOUT);
	for (uint32_t i = 0; i < 32; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 4000 + i);
	for (uint32_t i = 32; i < 64; i++) {
		uint32_t v = *(uint32_t *)(p + i * PAGE);

		igt_assert_f(v == 20 + i || !v, "page %u has 0x%x\n", i, v);
		igt_assert_eq(nv_load(nv, p + i * PAGE), v);
	}
	munmap(p, 64 * PAGE);
}

/* Splits of VMAs and of blocks, each long in the notifier, against faults and moves. */

struct splitter {
	char *p;
	bool stop;
	uint32_t splits;
};

static void *split_all_the_time(void *arg)
{
	struct splitter *s = arg;

	for (uint32_t i = 0; !__atomic_load_n(&s->stop, __ATOMIC_RELAXED); i++, s->splits++) {
		char *at = s->p + (256 + i * 37 % 448) * PAGE;

		mprotect(at, 64 * PAGE, PROT_READ);
		mprotect(at, 64 * PAGE, PROT_READ | PROT_WRITE);
		/* a hole in the last quarter, and new memory in it */
		at = s->p + (896 + i % 64) * PAGE;
		munmap(at, 8 * PAGE);
		mmap(at, 8 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
	return NULL;
}

static void split_delayed(struct nv *nv)
{
	struct splitter s = { .p = nv_anon_aligned(2 * BLOCK, BLOCK) };
	uint32_t before;
	pthread_t thread;

	for (uint32_t i = 256; i < 768; i++)
		*(uint32_t *)(s.p + i * PAGE) = i;
	nv_knob("invalidate_delay_us", 300);
	igt_assert_eq(pthread_create(&thread, NULL, split_all_the_time, &s), 0);
	for (uint32_t round = 1; round <= 12; round++) {
		before = __atomic_load_n(&s.splits, __ATOMIC_RELAXED);
		nv_fill(nv, s.p, 256, PAGE, round * 1000);
		/* reading is never refused, and never shows anything else */
		igt_assert_eq(nv_sum(nv, s.p + 256 * PAGE, 512, PAGE), (256 + 767) * 256);
		if (round & 1)
			nv_migrate(nv, s.p, 2 * BLOCK, round & 2);
		for (uint32_t i = 0; i < 256; i++)
			igt_assert_eq(*(uint32_t *)(s.p + i * PAGE), round * 1000 + i);
		for (int i = 0; i < 1000 && before == __atomic_load_n(&s.splits, __ATOMIC_RELAXED);
		     i++)
			usleep(1000);
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	igt_info("%u splits\n", s.splits);
	igt_assert_lte(12, s.splits);
	for (uint32_t i = 256; i < 768; i++)
		igt_assert_eq(*(uint32_t *)(s.p + i * PAGE), i);
	munmap(s.p, 2 * BLOCK);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "munmap-partial", unmap_parts_ram, "Head, middle and tail of a block go" },
		{ "munmap-partial-vram", unmap_parts_vram, "The same with the block in VRAM" },
		{ "munmap-partial-huge", unmap_parts_huge, "The same with a huge page in VRAM" },
		{ "munmap-every-other", unmap_comb, "Every other page of a block in VRAM goes" },
		{ "munmap-busy", unmap_busy_ram, "Unmapped under a kernel that writes" },
		{ "munmap-busy-vram", unmap_busy_vram, "The same with the memory in VRAM" },
		{ "replace-busy", replace_busy, "New memory under a running kernel" },
		{ "mprotect-split-busy", protect_split_busy,
		  "Read-only and back in the middle of a 2 MiB entry in use" },
		{ "mprotect-none-busy", protect_none_busy, "PROT_NONE stops a running writer" },
		{ "remap-over-vram", remap_over, "MAP_FIXED over memory in VRAM, twice" },
		{ "mremap-dontunmap", mremap_dontunmap_ram, "MREMAP_DONTUNMAP empties the old place" },
		{ "mremap-dontunmap-vram", mremap_dontunmap_vram, "The same from VRAM" },
		{ "mremap-half-vram", mremap_half, "Half a block moves over half of the next" },
		{ "madvise-free", madvise_free, "What the GPU writes after MADV_FREE is kept" },
		{ "split-invalidate-delay", split_delayed, "Splits with slow notifiers" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
