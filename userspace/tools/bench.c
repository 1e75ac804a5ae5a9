// SPDX-License-Identifier: MIT
/*
 * nvsvm bench: counts first, then ratios within this run, then time. Absolute
 * times say more about the machine (and its emulation) than about the driver.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"
#include "kernels.h"

#define CE_BYTES (16 * MIB)
#define CE_ROUNDS 8

uint64_t bench_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static void row_json(struct bench *b, const char *what, size_t bytes, const struct measured *m)
{
	bench_json_open(b, what, bytes, m->ns);
	if (m->cpu_ns)
		fprintf(b->json, ", \"cpu_ns\": %" PRIu64, m->cpu_ns);
	if (m->ratio > 0)
		fprintf(b->json, ", \"of_raw_ce\": %.4f", m->ratio);
	if (m->same_size > 0)
		fprintf(b->json, ", \"of_one_copy\": %.4f", m->same_size);
	bench_json_close(b, &m->from, &m->to);
}

void bench_row(struct bench *b, const char *what, size_t bytes, const struct measured *m)
{
	static const char *const shown[] = { "faults", "fault_batches", "replays",
					     "tlb_invalidates", "pt_pushes", "ce_pushes",
					     "mmio_reads", "mmio_writes" };
	char size[32];

	if (bytes >= MIB)
		snprintf(size, sizeof(size), "%zu MiB", bytes / MIB);
	else
		snprintf(size, sizeof(size), "%zu KiB", bytes / 1024);
	printf("%-22s %8s", what, size);
	for (unsigned int i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		printf(" %8" PRIu64, counters_delta(&m->from, &m->to, shown[i]));
	printf(" %10.2f", m->ns / 1e6);
	if (m->cpu_ns)
		printf(" %9.1f", m->cpu_ns / 1e3 / bytes * MIB);
	else
		printf(" %9s", "");
	printf(" %8.1f", (double)bytes / m->ns * 1e9 / MIB);
	if (m->ratio > 0)
		printf(" %7.2f", m->ratio);
	if (m->same_size > 0)
		printf(" %7.2f", m->same_size);
	putchar('\n');
	fflush(stdout);
	if (b->json)
		row_json(b, what, bytes, m);
}

void bench_steps(const struct measured *m, size_t bytes)
{
	static const char *const steps[] = { "collect", "alloc", "dma", "copy", "copy_wait",
					     "finish", "map" };
	char name[32];

	printf("%22s us/MB:", "");
	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		snprintf(name, sizeof(name), "ns_%s", steps[i]);
		printf(" %s %.1f", steps[i],
		       counters_delta(&m->from, &m->to, name) / 1e3 / bytes * MIB);
	}
	putchar('\n');
}

int bench_raw_ce(struct bench *b, size_t bytes, bool up, struct measured *m)
{
	struct nvsvm_buffer *vram = NULL, *ram = NULL;
	int ret;

	*m = (struct measured){ .ns = UINT64_MAX };
	ret = nvsvm_buffer_new(b->context, bytes, 1, &vram);
	if (!ret)
		ret = nvsvm_buffer_new(b->context, bytes, 0, &ram);
	counters_read(&m->from);
	for (int i = 0; i < CE_ROUNDS && !ret; i++) {
		uint64_t start = now_ns(), took;
		uint64_t dst = nvsvm_buffer_address(up ? vram : ram);
		uint64_t src = nvsvm_buffer_address(up ? ram : vram);

		ret = nvsvm_copy(b->context, dst, src, bytes);
		if (!ret)
			ret = nvsvm_wait(b->context);
		took = now_ns() - start;
		if (took < m->ns)
			m->ns = took;
	}
	counters_read(&m->to);
	nvsvm_buffer_free(vram);
	nvsvm_buffer_free(ram);
	return ret;
}

static int raw_ce(struct bench *b, bool up)
{
	struct measured m;
	int ret = bench_raw_ce(b, CE_BYTES, up, &m);

	if (ret)
		return ret;
	*(up ? &b->ce_up : &b->ce_down) = (double)CE_BYTES / m.ns;
	bench_row(b, up ? "raw CE to VRAM" : "raw CE to RAM", CE_BYTES, &m);
	return 0;
}

/* The GPU sums memory it has not seen; again once it has. */
static int first_touch(struct bench *b, size_t bytes)
{
	uint32_t *p = bench_memory(bytes), out = 0;
	const struct { const void *in; void *out; uint32_t n; } args = { p, &out, bytes / 4 };
	const uint32_t grid[3] = { 64, 1, 1 }, block[3] = { 256, 1, 1 };
	int ret = 0;

	if (!p)
		return -12;
	for (int round = 0; round < 3 && !ret; round++) {
		static const char *const name[] = { "GPU stream, 1st touch", "GPU stream, again",
						    "GPU stream, 3rd" };
		struct measured m = { 0 };
		uint64_t start;

		counters_read(&m.from);
		start = now_ns();
		ret = nvsvm_launch(b->touch, grid, block, &args, 20);
		if (!ret)
			ret = nvsvm_wait(b->context);
		m.ns = now_ns() - start;
		counters_read(&m.to);
		m.ratio = (double)bytes / m.ns / b->ce_up;
		if (!ret)
			bench_row(b, name[round], bytes, &m);
	}
	munmap(p, bytes);
	return ret;
}

enum { MIGRATE = 1, TOUCH = 2, RANGES = 4, SHARE = 8, ALL = 15 };

static int run(struct bench *b, unsigned int parts, size_t limit, unsigned int ranges)
{
	int ret = raw_ce(b, true);

	if (!ret)
		ret = raw_ce(b, false);
	if (!ret && parts & MIGRATE)
		ret = bench_migrate(b, limit);
	if (!ret && parts & TOUCH)
		ret = first_touch(b, 8 * MIB);
	if (!ret && parts & TOUCH)
		ret = bench_patterns(b);
	if (!ret && parts & SHARE)
		ret = bench_ping_pong(b);
	if (!ret && parts & SHARE)
		ret = bench_processes(b);
	if (!ret && parts & RANGES)
		ret = bench_ranges(b, ranges);
	return ret;
}

static unsigned int part(const char *name)
{
	if (!strcmp(name, "migrate"))
		return MIGRATE;
	if (!strcmp(name, "touch"))
		return TOUCH;
	if (!strcmp(name, "share"))
		return SHARE;
	return strcmp(name, "ranges") ? 0 : RANGES;
}

int verb_bench(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "limit", required_argument, NULL, 'l' },
		{ "part", required_argument, NULL, 'p' },
		{ "ranges", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *json = NULL;
	unsigned int parts = 0, ranges = 1000000;
	uint64_t limit = 64 * MIB;
	struct bench b;
	int opt, ret;

	if (argc > 1 && !strcmp(argv[1], "pressure"))
		return bench_pressure(argc - 1, argv + 1);
	while ((opt = getopt_long(argc, argv, "j:l:p:r:h", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = optarg;
			break;
		case 'l':
			if (!parse_size(optarg, &limit))
				return complain(0, "bad size '%s'", optarg);
			break;
		case 'p':
			if (!part(optarg))
				return complain(0, "no part '%s'", optarg);
			parts |= part(optarg);
			break;
		case 'r':
			ranges = strtoul(optarg, NULL, 0);
			break;
		case 'h':
			puts("usage: nvsvm bench [--json FILE] [--limit BYTES] [--ranges N]\n"
			     "                   [--part migrate|touch|share|ranges]...\n"
			     "       nvsvm bench pressure [--json FILE]\n"
			     "Counts, ratios to the raw copy engine, and times.");
			return 0;
		default:
			return 2;
		}
	}
	if (bench_open(&b, json))
		return 1;
	printf("%-22s %8s %8s %8s %8s %8s %8s %8s %8s %8s %10s %9s %8s %7s %7s\n", "", "size", "faults",
	       "batches", "replays", "TLB inv", "PT push", "CE push", "MMIO rd", "MMIO wr", "ms",
	       "CPU us/MB", "MiB/s", "of CE", "of 1");
	ret = kernel_assemble(b.context, "reduce", kernel_reduce, &b.touch);
	if (!ret)
		ret = kernel_assemble(b.context, "gather", kernel_gather, &b.gather);
	if (!ret)
		ret = kernel_assemble(b.context, "touch", kernel_touch, &b.add);
	if (!ret)
		ret = run(&b, parts ? parts : ALL, limit, ranges);
	return bench_close(&b, "bench", ret);
}
