// SPDX-License-Identifier: MIT
/*
 * First touch by the GPU in several orders, by this driver's policy and by two
 * that knobs turn it into for the comparison: a page per fault and no migration,
 * as upstream nouveau does it, and 2 MiB per fault with a replay for each, as with
 * drm_gpusvm. Counts per MiB that was touched; CPU time is the whole kernel's.
 */
#include <sys/mman.h>

#include "bench.h"

#define HUGE (2ul * MIB)
#define SPAN_MAX (128u * MIB)

struct mode {
	const char *name;
	struct { const char *knob; unsigned int value; } set[4];
};

static const struct mode modes[] = {
	{ "", { { 0 } } },
	{ "1 page", { { "batch_pages", 1 }, { "migrate", 0 }, { "stream_blocks", 0 } } },
	{ "2M range", { { "whole_blocks", 1 }, { "batch_faults", 1 }, { "stream_blocks", 0 } } },
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

static unsigned int stream_pages(uint32_t *index, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		index[i] = i;
	return n;
}

/* A page in each 64 KiB. */
static unsigned int stride_pages(uint32_t *index, unsigned int n)
{
	for (unsigned int i = 0; i < n / 16; i++)
		index[i] = i * 16;
	return n / 16;
}

/* A quarter of the pages, in no order; the same ones in every run. */
static unsigned int random_pages(uint32_t *index, unsigned int n)
{
	uint64_t x = 88172645463325252ull;

	stream_pages(index, n);
	for (unsigned int i = n - 1; i; i--) {
		unsigned int k;
		uint32_t swap = index[i];

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		k = x % (i + 1);
		index[i] = index[k];
		index[k] = swap;
	}
	return n / 4;
}

/* Few threads: each page that is missed holds up the rest. */
static const struct pattern {
	const char *name;
	/* Numbers for some of @n pages; returns of how many. */
	unsigned int (*pages)(uint32_t *index, unsigned int n);
	unsigned int blocks, threads;
	unsigned int span;		/* bytes of address space */
	bool alone;			/* the others' counts are as of a shorter one */
} patterns[] = {
	{ "stream", stream_pages, 1, 8, 32 * MIB, false },
	{ "long stream", stream_pages, 1, 8, SPAN_MAX, true },
	{ "wide stream", stream_pages, 8, 128, 32 * MIB, false },
	{ "stride 64K", stride_pages, 8, 128, 32 * MIB, false },
	{ "random", random_pages, 8, 128, 32 * MIB, false },
};

#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

/* Huge pages with nothing beside them, so that all modes have the same to do. */
static char *huge_new(size_t bytes, void **map)
{
	char *p = mmap(NULL, bytes + 3 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*map = p;
	if (p == MAP_FAILED)
		return NULL;
	p = (char *)(((uintptr_t)p + 2 * HUGE - 1) & ~(HUGE - 1));
	if (mprotect(p, bytes, PROT_READ | PROT_WRITE) || madvise(p, bytes, MADV_HUGEPAGE))
		return NULL;
	for (size_t i = 0; i < bytes; i += PAGE)
		p[i] = 1;
	return p;
}

static void huge_free(void *map, size_t bytes)
{
	if (map != MAP_FAILED)
		munmap(map, bytes + 3 * HUGE);
}

static int launch(struct bench *b, unsigned int pattern, const void *args, struct measured *m)
{
	const uint32_t grid[3] = { patterns[pattern].blocks, 1, 1 };
	const uint32_t block[3] = { patterns[pattern].threads, 1, 1 };
	int ret;

	counters_read(&m->from);
	m->ns = now_ns();
	ret = nvsvm_launch(b->gather, grid, block, args, 28);
	if (!ret)
		ret = nvsvm_wait(b->context);
	m->ns = now_ns() - m->ns;
	counters_read(&m->to);
	return ret;
}

/* @again: the same once more with all of it there, which is what the GPU itself takes. */
static int touch(struct bench *b, const char *what, unsigned int pattern, uint32_t *index,
		 unsigned int n, struct measured *m, struct measured *again)
{
	struct { const void *p, *index; void *out; uint32_t n; } args = {
		NULL, index, index + SPAN_MAX / PAGE, n,
	};
	char name[32];
	void *map;
	int ret;

	args.p = huge_new(patterns[pattern].span, &map);
	if (!args.p) {
		huge_free(map, patterns[pattern].span);
		return -12;
	}
	ret = launch(b, pattern, &args, m);
	m->ratio = (double)n * PAGE / m->ns / b->ce_up;
	if (!ret)
		bench_row(b, what, (size_t)n * PAGE, m);
	if (!ret && again) {
		bench_steps(m, (size_t)n * PAGE);
		ret = launch(b, pattern, &args, again);
		snprintf(name, sizeof(name), "%s, again", patterns[pattern].name);
		if (!ret)
			bench_row(b, name, (size_t)n * PAGE, again);
	}
	huge_free(map, patterns[pattern].span);
	return ret;
}

static int run_mode(struct bench *b, const struct mode *mode, unsigned int pattern,
		    uint32_t *index, unsigned int n, struct measured *m, struct measured *again)
{
	unsigned int before[4], set;
	char what[32];
	int ret;

	snprintf(what, sizeof(what), "%s%s%s", patterns[pattern].name, *mode->name ? ", " : "",
		 mode->name);
	for (set = 0; set < 4 && mode->set[set].knob; set++)
		if (!bench_knob(mode->set[set].knob, mode->set[set].value, &before[set]))
			break;
	if (set < 4 && mode->set[set].knob) {
		printf("  (no knob %s: %s left out)\n", mode->set[set].knob, what);
		ret = 1;
	} else {
		ret = touch(b, what, pattern, index, n, m, *mode->name ? NULL : again);
	}
	while (set--)
		bench_knob(mode->set[set].knob, before[set], NULL);
	return ret;
}

static uint64_t grown(const struct measured *m, const char *name)
{
	return counters_delta(&m->from, &m->to, name);
}

static uint64_t accesses(const struct measured *m)
{
	return grown(m, "mmio_reads") + grown(m, "mmio_writes");
}

/* Of a launch, what is left of its register accesses is for faults. */
static void compare(const struct measured m[MODES], const struct measured *again,
		    const char *name)
{
	static const char *const what[] = { "replays", "pt_pushes", "pte_writes",
					    "tlb_invalidates" };
	uint64_t batches = grown(&m[0], "fault_batches");

	printf("  %-20s", "others / ours:");
	for (unsigned int i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		double ours = grown(&m[0], what[i]);

		printf(" %s", what[i]);
		for (unsigned int k = 1; k < MODES; k++)
			printf(" %.1f", grown(&m[k], what[i]) / (ours ? ours : 1));
	}
	printf("; MMIO per batch %.1f (%s)\n",
	       ((double)accesses(&m[0]) - accesses(again)) / (batches ? batches : 1), name);
}

int bench_patterns(struct bench *b)
{
	void *map;
	/* A number for each page, and one for the sum. */
	uint32_t *index = (uint32_t *)huge_new(HUGE, &map);
	struct measured m[MODES] = { 0 }, again = { 0 };
	int ret = index ? 0 : -12;

	for (unsigned int i = 0; i < PATTERNS && ret >= 0; i++) {
		unsigned int n = patterns[i].pages(index, patterns[i].span / PAGE);
		/* Not to the stack: what the CPU fetches back of that later would count. */
		const struct { const void *in; void *out; uint32_t n; } warm = {
			index, index + SPAN_MAX / PAGE, n };
		const uint32_t grid[3] = { 8, 1, 1 }, block[3] = { 256, 1, 1 };

		/* what is not measured is there already */
		ret = nvsvm_migrate(b->context, index, HUGE,
				    NVSVM_TARGET_VRAM, NULL);
		if (!ret)
			ret = nvsvm_launch(b->touch, grid, block, &warm, 20);
		if (!ret)
			ret = nvsvm_wait(b->context);
		for (unsigned int k = 0; k < (patterns[i].alone ? 1 : MODES) && !ret; k++)
			ret = run_mode(b, &modes[k], i, index, n, &m[k], &again);
		if (!ret && !patterns[i].alone)
			compare(m, &again, patterns[i].name);
	}
	huge_free(map, HUGE);
	return ret < 0 ? ret : 0;
}
