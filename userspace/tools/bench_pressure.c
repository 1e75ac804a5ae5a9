// SPDX-License-Identifier: MIT
/*
 * nvsvm bench pressure: half of VRAM to twice VRAM, streamed once and used again and
 * again, with migration and mapped in place, in one run; a few words of each page, which
 * is the worst case for migration, and all of it. A guest with little VRAM makes it quick
 * (VRAM=64M). Every word that is touched is checked.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "kernels.h"

#define PART (8 * MIB)			/* of a launch */
#define SWEEPS 6

/* Bytes from an access to the next: four a page; every sector, the GPU's unit of access. */
static const struct pattern {
	const char *name;
	uint32_t stride;
} patterns[] = { { "sparse", 1024 }, { "dense", 32 } };

struct sweeps {
	uint64_t ns[SWEEPS];
	struct counters from, to;
};

static int sweep(struct bench *b, char *p, size_t bytes, uint32_t stride)
{
	int ret = 0;

	for (size_t at = 0; at < bytes && !ret; at += PART) {
		const struct { void *p; uint32_t count, stride; } args = {
			p + at, PART / stride, stride };
		const uint32_t grid[3] = { PART / stride / 256, 1, 1 }, block[3] = { 256, 1, 1 };

		ret = nvsvm_launch(b->touch, grid, block, &args, sizeof(args));
		if (!ret)
			ret = nvsvm_wait(b->context);
	}
	return ret;
}

/* @n sweeps over fresh memory that the CPU has written. */
static int measure(struct bench *b, size_t bytes, uint32_t stride, unsigned int n,
		   struct sweeps *s)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret = 0;

	if (p == MAP_FAILED)
		return -12;
	for (size_t i = 0; i < bytes; i += stride)
		*(uint32_t *)(p + i) = (uint32_t)i;
	counters_read(&s->from);
	for (unsigned int i = 0; i < n && !ret; i++) {
		s->ns[i] = now_ns();
		ret = sweep(b, p, bytes, stride);
		s->ns[i] = now_ns() - s->ns[i];
	}
	counters_read(&s->to);
	for (size_t i = 0; i < bytes && !ret; i += stride)
		if (*(uint32_t *)(p + i) != (uint32_t)i + n)
			ret = complain(0, "wrong data at %zu of %zu", i, bytes);
	munmap(p, bytes);
	return ret;
}

static uint64_t sum(const uint64_t *ns, unsigned int n)
{
	uint64_t all = 0;

	while (n--)
		all += *ns++;
	return all;
}

/* The second half of the sweeps is what it comes to; the machine has other work, too. */
static uint64_t steady(const uint64_t *ns)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int i = SWEEPS / 2; i < SWEEPS; i++)
		best = ns[i] < best ? ns[i] : best;
	return best;
}

/* @beside: nanoseconds a MiB of what it is compared with; 0: it is that. */
static void row(struct bench *b, const char *what, size_t bytes, uint64_t ns, double beside,
		const struct sweeps *s)
{
	static const char *const shown[] = { "faults", "pages_to_vram", "pages_evicted",
					     "pages_refaulted", "evictions_waited_for" };
	double per_mib = (double)ns * MIB / bytes;

	printf("%-33s %4zu", what, bytes / MIB);
	for (unsigned int i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		printf(" %8" PRIu64, counters_delta(&s->from, &s->to, shown[i]));
	printf(" %8" PRIu64 " %9.2f %9.1f",
	       counters_delta(&s->from, &s->to, "ce_bytes") / MIB, ns / 1e6, per_mib / 1e3);
	if (beside > 0)
		printf(" %7.2f", per_mib / beside);
	putchar('\n');
	fflush(stdout);
	if (!b->json)
		return;
	bench_json_open(b, what, bytes, ns);
	if (beside > 0)
		fprintf(b->json, ", \"ratio\": %.4f", per_mib / beside);
	bench_json_close(b, &s->from, &s->to);
}

/* One size: a stream, then sweeps, each beside what it is to be held against. */
static int one_size(struct bench *b, const struct pattern *pattern, const char *times,
		    size_t bytes, double *fitting)
{
	struct sweeps stream, again, reuse, place;
	char name[48];
	double held;
	int ret;

	ret = measure(b, bytes, pattern->stride, 1, &stream);
	if (!ret)
		ret = measure(b, bytes, pattern->stride, 1, &again);
	if (ret)
		return ret;
	if (again.ns[0] < stream.ns[0])
		stream = again;
	snprintf(name, sizeof(name), "%s, stream %s", pattern->name, times);
	row(b, name, bytes, stream.ns[0], *fitting, &stream);
	if (!*fitting)
		*fitting = (double)stream.ns[0] * MIB / bytes;

	if (!bench_knob("migrate", 0, NULL))
		return complain(0, "cannot set knobs in debugfs (root?)");
	ret = measure(b, bytes, pattern->stride, SWEEPS, &place);
	bench_knob("migrate", 1, NULL);
	if (!ret)
		ret = measure(b, bytes, pattern->stride, SWEEPS, &reuse);
	if (ret)
		return ret;
	held = (double)sum(place.ns, SWEEPS) * MIB / bytes;
	snprintf(name, sizeof(name), "%s, 6 sweeps %s in place", pattern->name, times);
	row(b, name, bytes, sum(place.ns, SWEEPS), 0, &place);
	snprintf(name, sizeof(name), "%s, 6 sweeps %s", pattern->name, times);
	row(b, name, bytes, sum(reuse.ns, SWEEPS), held, &reuse);
	held = (double)steady(place.ns) * MIB / bytes;
	snprintf(name, sizeof(name), "%s, best of the last 3, %s", pattern->name, times);
	row(b, name, bytes, steady(reuse.ns), held, &reuse);
	return 0;
}

static int run_sizes(struct bench *b, const struct pattern *pattern, uint64_t vram)
{
	static const struct { const char *times; unsigned int percent; } sizes[] = {
		{ "0.5x", 50 }, { "1x", 100 }, { "1.25x", 125 }, { "2x", 200 },
	};
	double fitting = 0;
	int ret = 0;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !ret; i++)
		ret = one_size(b, pattern, sizes[i].times,
			       vram / 100 * sizes[i].percent / PART * PART, &fitting);
	return ret;
}

static int run(struct bench *b)
{
	struct nvsvm_info info;
	int ret = 0;

	nvsvm_get_info(b->context, &info);
	printf("VRAM %" PRIu64 " MiB; streams beside the one that fits, sweeps beside those in place\n",
	       info.vram_bytes / MIB);
	printf("%-33s %4s %8s %8s %8s %8s %8s %8s %9s %9s %7s\n", "", "MiB", "faults", "to VRAM",
	       "evicted", "back", "waited", "CE MiB", "ms", "us/MiB", "ratio");
	for (unsigned int i = 0; i < sizeof(patterns) / sizeof(patterns[0]) && !ret; i++)
		ret = run_sizes(b, &patterns[i], info.vram_bytes);
	return ret;
}

int bench_pressure(int argc, char **argv)
{
	const char *json = argc == 3 && !strcmp(argv[1], "--json") ? argv[2] : NULL;
	struct bench b;
	int ret;

	if (argc != 1 && !json) {
		puts("usage: nvsvm bench pressure [--json FILE]\n"
		     "Half of VRAM to twice VRAM, streamed and used again.");
		return 2;
	}
	if (bench_open(&b, json))
		return 1;
	ret = kernel_assemble(b.context, "touch", kernel_touch, &b.touch);
	if (!ret)
		ret = run(&b);
	return bench_close(&b, "bench pressure", ret);
}
