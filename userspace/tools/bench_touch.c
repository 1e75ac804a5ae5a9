// SPDX-License-Identifier: MIT
/*
 * First touch by the GPU in several orders, by this driver's policy and by two
 * that knobs turn it into for the comparison: a page per fault and no migration,
 * as upstream nouveau does it, and 2 MiB per fault with a replay for each, as with
 * drm_gpusvm. Counts per MiB that was touched; CPU time is the whole kernel's.
 */
#include <sys/mman.h>

#include "bench.h"

#define SPAN (32u * MIB)		/* of address space, per pattern */

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

static unsigned int stream_pages(uint32_t *index)
{
	for (unsigned int i = 0; i < SPAN / PAGE; i++)
		index[i] = i;
	return SPAN / PAGE;
}

/* A page in each 64 KiB. */
static unsigned int stride_pages(uint32_t *index)
{
	for (unsigned int i = 0; i < SPAN / PAGE / 16; i++)
		index[i] = i * 16;
	return SPAN / PAGE / 16;
}

/* A quarter of the pages, in no order; the same ones in every run. */
static unsigned int random_pages(uint32_t *index)
{
	const unsigned int n = SPAN / PAGE;
	uint64_t x = 88172645463325252ull;

	stream_pages(index);
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
static const struct {
	const char *name;
	unsigned int (*pages)(uint32_t *index);
	unsigned int blocks, threads;
} patterns[] = {
	{ "stream", stream_pages, 1, 8 }, { "wide stream", stream_pages, 8, 128 },
	{ "stride 64K", stride_pages, 8, 128 }, { "random", random_pages, 8, 128 },
};

#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

static int touch(struct bench *b, const char *what, unsigned int pattern, const uint32_t *index,
		 unsigned int n, struct measured *m)
{
	const uint32_t grid[3] = { patterns[pattern].blocks, 1, 1 };
	const uint32_t block[3] = { patterns[pattern].threads, 1, 1 };
	uint32_t *p = bench_memory(SPAN), out = 0;
	const struct { const void *p, *index; void *out; uint32_t n; } args = { p, index, &out, n };
	int ret;

	if (!p)
		return -12;
	counters_read(&m->from);
	m->ns = now_ns();
	ret = nvsvm_launch(b->gather, grid, block, &args, 28);
	if (!ret)
		ret = nvsvm_wait(b->context);
	m->ns = now_ns() - m->ns;
	counters_read(&m->to);
	munmap(p, SPAN);
	if (!ret)
		bench_row(b, what, (size_t)n * PAGE, m);
	return ret;
}

static int run_mode(struct bench *b, const struct mode *mode, unsigned int pattern,
		    const uint32_t *index, unsigned int n, struct measured *m)
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
		ret = touch(b, what, pattern, index, n, m);
	}
	while (set--)
		bench_knob(mode->set[set].knob, before[set], NULL);
	return ret;
}

static uint64_t grown(const struct measured *m, const char *name)
{
	return counters_delta(&m->from, &m->to, name);
}

static void compare(const struct measured m[MODES], const char *name)
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
	       (double)(grown(&m[0], "mmio_reads") + grown(&m[0], "mmio_writes")) /
	       (batches ? batches : 1), name);
}

int bench_patterns(struct bench *b)
{
	uint32_t *index = bench_memory(SPAN / PAGE * sizeof(*index));
	struct measured m[MODES] = { 0 };
	int ret = index ? 0 : -12;

	for (unsigned int i = 0; i < PATTERNS && ret >= 0; i++) {
		unsigned int n = patterns[i].pages(index), out = 0;
		const struct { const void *in; void *out; uint32_t n; } warm = { index, &out, n };
		const uint32_t grid[3] = { 8, 1, 1 }, block[3] = { 256, 1, 1 };

		/* what is not measured is there already */
		ret = nvsvm_migrate(b->context, index, SPAN / PAGE * sizeof(*index),
				    NVSVM_TARGET_VRAM, NULL);
		if (!ret)
			ret = nvsvm_launch(b->touch, grid, block, &warm, 20);
		if (!ret)
			ret = nvsvm_wait(b->context);
		for (unsigned int k = 0; k < MODES && !ret; k++)
			ret = run_mode(b, &modes[k], i, index, n, &m[k]);
		if (!ret)
			compare(m, patterns[i].name);
	}
	if (index)
		munmap(index, SPAN / PAGE * sizeof(*index));
	return ret < 0 ? ret : 0;
}
