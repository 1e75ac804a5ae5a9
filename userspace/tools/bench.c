// SPDX-License-Identifier: MIT
/*
 * nvsvm bench: counts first, then ratios within this run, then time. Absolute
 * times say more about the machine (and its emulation) than about the driver.
 */
#include <getopt.h>
#include <inttypes.h>
#include <sm75.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernels.h"
#include "tool.h"

#define PAGE 4096u
#define MIB (1u << 20)
#define CE_BYTES (16 * MIB)
#define CE_ROUNDS 4

struct bench {
	struct nvsvm_context *context;
	struct nvsvm_kernel *touch;
	FILE *json;
	bool first;
	double ce_up, ce_down;		/* raw copy engine, bytes per ns */
};

static void *fresh(size_t bytes, bool touched)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	for (size_t i = 0; touched && i < bytes; i += PAGE)
		p[i] = (char)(i >> 12) | 1;
	return p;
}

static void row(struct bench *b, const char *what, size_t bytes, uint64_t ns, double ratio,
		const struct counters *from, const struct counters *to)
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
		printf(" %8" PRIu64, counters_delta(from, to, shown[i]));
	printf(" %10.2f %8.1f", ns / 1e6, (double)bytes / ns * 1e9 / MIB);
	if (ratio > 0)
		printf(" %7.2f", ratio);
	putchar('\n');
	fflush(stdout);
	if (!b->json)
		return;
	fprintf(b->json, "%s\n  {\"what\": \"%s\", \"bytes\": %zu, \"ns\": %" PRIu64,
		b->first ? "" : ",", what, bytes, ns);
	if (ratio > 0)
		fprintf(b->json, ", \"of_raw_ce\": %.4f", ratio);
	for (unsigned int i = 0; i < to->count; i++)
		fprintf(b->json, ", \"%s\": %" PRIu64, to->entry[i].name,
			to->entry[i].value - counters_get(from, to->entry[i].name));
	fputc('}', b->json);
	b->first = false;
}

static int raw_ce(struct bench *b, bool up)
{
	struct nvsvm_buffer *vram = NULL, *ram = NULL;
	struct counters from, to;
	uint64_t best = UINT64_MAX;
	int ret;

	ret = nvsvm_buffer_new(b->context, CE_BYTES, 1, &vram);
	if (!ret)
		ret = nvsvm_buffer_new(b->context, CE_BYTES, 0, &ram);
	counters_read(&from);
	for (int i = 0; i < CE_ROUNDS && !ret; i++) {
		uint64_t start = now_ns(), took;
		uint64_t dst = nvsvm_buffer_address(up ? vram : ram);
		uint64_t src = nvsvm_buffer_address(up ? ram : vram);

		ret = nvsvm_copy(b->context, dst, src, CE_BYTES);
		if (!ret)
			ret = nvsvm_wait(b->context);
		took = now_ns() - start;
		if (took < best)
			best = took;
	}
	counters_read(&to);
	nvsvm_buffer_free(vram);
	nvsvm_buffer_free(ram);
	if (ret)
		return ret;
	*(up ? &b->ce_up : &b->ce_down) = (double)CE_BYTES / best;
	row(b, up ? "raw CE to VRAM" : "raw CE to RAM", CE_BYTES, best, 0, &from, &to);
	return 0;
}

static int explicit_migration(struct bench *b, size_t bytes)
{
	void *p = fresh(bytes, true);
	struct counters c[3];
	uint64_t t[3], moved = 0;
	int ret;

	if (!p)
		return -12;
	counters_read(&c[0]);
	t[0] = now_ns();
	ret = nvsvm_migrate(b->context, p, bytes, NVSVM_TARGET_VRAM, &moved);
	t[1] = now_ns();
	counters_read(&c[1]);
	if (!ret && moved != bytes / PAGE)
		printf("  (%" PRIu64 " of %zu pages moved)\n", moved, bytes / PAGE);
	t[2] = now_ns();
	if (!ret)
		ret = nvsvm_migrate(b->context, p, bytes, NVSVM_TARGET_SYSTEM, &moved);
	t[2] = now_ns() - t[2];
	counters_read(&c[2]);
	munmap(p, bytes);
	if (ret)
		return ret;
	row(b, "migrate to VRAM", bytes, t[1] - t[0], (double)bytes / (t[1] - t[0]) / b->ce_up,
	    &c[0], &c[1]);
	row(b, "migrate to RAM", bytes, t[2], (double)bytes / t[2] / b->ce_down, &c[1], &c[2]);
	return 0;
}

static int fault_back(struct bench *b, size_t bytes)
{
	volatile char *p = fresh(bytes, true);
	struct counters from, to;
	uint64_t start, took;
	int ret;

	if (!p)
		return -12;
	ret = nvsvm_migrate(b->context, (void *)p, bytes, NVSVM_TARGET_VRAM, NULL);
	counters_read(&from);
	start = now_ns();
	for (size_t i = 0; i < bytes; i += PAGE)
		(void)p[i];
	took = now_ns() - start;
	counters_read(&to);
	munmap((void *)p, bytes);
	if (!ret)
		row(b, "CPU fault-back", bytes, took, (double)bytes / took / b->ce_down, &from,
		    &to);
	return ret;
}

/* The GPU sums memory it has not seen; again once it has. */
static int first_touch(struct bench *b, size_t bytes, bool touched)
{
	uint32_t *p = fresh(bytes, touched), out = 0;
	const struct { const void *in; void *out; uint32_t n; } args = { p, &out, bytes / 4 };
	const uint32_t grid[3] = { 64, 1, 1 }, block[3] = { 256, 1, 1 };
	int ret = 0;

	if (!p)
		return -12;
	for (int round = 0; round < 3 && !ret; round++) {
		static const char *const name[] = { "GPU stream, 1st touch", "GPU stream, again",
						    "GPU stream, 3rd" };
		struct counters from, to;
		uint64_t start;

		counters_read(&from);
		start = now_ns();
		ret = nvsvm_launch(b->touch, grid, block, &args, 20);
		if (!ret)
			ret = nvsvm_wait(b->context);
		start = now_ns() - start;
		counters_read(&to);
		if (!ret)
			row(b, name[round], bytes, start, (double)bytes / start / b->ce_up, &from,
			    &to);
	}
	munmap(p, bytes);
	return ret;
}

static int load_touch(struct bench *b)
{
	struct sm75_program prog;
	struct sm75_error err;
	int ret = sm75_assemble(kernel_reduce, &prog, &err);

	if (ret)
		return ret;
	ret = nvsvm_kernel_new(b->context, prog.words, prog.count, prog.gprs, prog.shared_bytes,
			       prog.local_bytes, prog.barriers, &b->touch);
	sm75_program_free(&prog);
	return ret;
}

static int run_all(struct bench *b, size_t limit)
{
	static const size_t sizes[] = { PAGE, 65536, MIB, 2 * MIB, 8 * MIB, 32 * MIB, 64 * MIB,
					256 * MIB };
	int ret = raw_ce(b, true);

	if (!ret)
		ret = raw_ce(b, false);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !ret; i++)
		if (sizes[i] <= limit)
			ret = explicit_migration(b, sizes[i]);
	if (!ret)
		ret = fault_back(b, 8 * MIB);
	if (!ret)
		ret = first_touch(b, 8 * MIB, true);
	return ret;
}

int verb_bench(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "limit", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct bench b = { .first = true };
	uint64_t limit = 64 * MIB;
	struct counters probe;
	int opt, ret;

	if (argc > 1 && !strcmp(argv[1], "pressure"))
		return bench_pressure(argc - 1, argv + 1);
	while ((opt = getopt_long(argc, argv, "j:l:h", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			b.json = fopen(optarg, "w");
			if (!b.json)
				return complain(-1, "%s", optarg);
			break;
		case 'l':
			if (!parse_size(optarg, &limit))
				return complain(0, "bad size '%s'", optarg);
			break;
		case 'h':
			puts("usage: nvsvm bench [--json FILE] [--limit BYTES]\n"
			     "       nvsvm bench pressure [--json FILE]\n"
			     "Counts, ratios to the raw copy engine, and times.");
			return 0;
		default:
			return 2;
		}
	}
	if (!counters_read(&probe))
		return complain(0, "cannot read the driver's counters in debugfs (root?)");
	ret = nvsvm_open(NULL, &b.context);
	if (ret)
		return complain(ret, "no GPU with shared virtual memory");
	if (b.json)
		fputc('[', b.json);
	printf("%-22s %8s %8s %8s %8s %8s %8s %8s %8s %8s %10s %8s %7s\n", "", "size", "faults",
	       "batches", "replays", "TLB inv", "PT push", "CE push", "MMIO rd", "MMIO wr", "ms",
	       "MiB/s", "of CE");
	ret = load_touch(&b);
	if (!ret)
		ret = run_all(&b, limit);
	nvsvm_kernel_free(b.touch);
	nvsvm_close(b.context);
	if (b.json) {
		fputs("\n]\n", b.json);
		fclose(b.json);
	}
	return ret ? complain(ret, "bench") : 0;
}
