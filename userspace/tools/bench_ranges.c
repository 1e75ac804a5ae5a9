// SPDX-License-Identifier: MIT
/*
 * nvsvm bench: does a fault cost more when the process has many ranges mapped? The
 * same pages are faulted on each time, in a mapping of their own; beside it there
 * are more and more VMAs of one page each, of which the GPU has mapped a part, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define BLOCK (2u * MIB)
#define BLOCKS 64u		/* that are faulted on */
#define FAULTS 1024u		/* pages: 16 in each, 64 KiB apart */
#define GPU_RANGES 16384u	/* of the others, mapped by the GPU at most */
#define ROUNDS 3

/* Most kernels allow 65530 VMAs; the value before, 0 when it stays as it is. */
static unsigned long allow_vmas(unsigned long n)
{
	static const char name[] = "/proc/sys/vm/max_map_count";
	unsigned long before = 0;
	FILE *f = fopen(name, "r");

	if (!f || fscanf(f, "%lu", &before) != 1)
		before = 0;
	if (f)
		fclose(f);
	if (!before || (n > 1000 && before >= n))
		return 0;
	f = fopen(name, "w");
	if (!f)
		return 0;
	fprintf(f, "%lu\n", n);
	fclose(f);
	return before;
}

static int launch(struct bench *b, char *p, const uint32_t *index, uint32_t n)
{
	const uint32_t grid[3] = { 4, 1, 1 }, block[3] = { 128, 1, 1 };
	uint32_t *out = aligned_alloc(PAGE, PAGE);
	const struct { void *p; const void *index; void *out; uint32_t n; } args = {
		p, index, out, n,
	};
	int ret;

	if (!out)
		return -ENOMEM;
	*out = 0;
	ret = nvsvm_launch(b->gather, grid, block, &args, 28);
	if (!ret)
		ret = nvsvm_wait(b->context);
	free(out);
	return ret;
}

/* The pages of [p, p + @n pages) from @from on, each second read-only: a VMA each. */
static int split(char *p, unsigned int from, unsigned int n)
{
	for (unsigned int i = from | 1; i < n; i += 2)
		if (mprotect(p + (size_t)i * PAGE, PAGE, PROT_READ))
			return -errno;
	return 0;
}

/* The faults of one round in memory of its own, the best of some. */
static int measure(struct bench *b, uint32_t *index, struct measured *best)
{
	int ret = 0;

	for (unsigned int i = 0; i < FAULTS; i++)
		index[i] = i / 16 * (BLOCK / PAGE) + i % 16 * 16;
	best->ns = 0;
	for (int round = 0; round < ROUNDS && !ret; round++) {
		char *map = mmap(NULL, (size_t)(BLOCKS + 1) * BLOCK, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *p;
		struct measured m = { 0 };

		if (map == MAP_FAILED)
			return -errno;
		p = (char *)(((uintptr_t)map + BLOCK - 1) & ~(uintptr_t)(BLOCK - 1));
		madvise(map, (size_t)(BLOCKS + 1) * BLOCK, MADV_NOHUGEPAGE);
		for (unsigned int i = 0; i < FAULTS; i++)
			p[(size_t)index[i] * PAGE] = 1;
		counters_read(&m.from);
		m.ns = now_ns();
		ret = launch(b, p, index, FAULTS);
		m.ns = now_ns() - m.ns;
		counters_read(&m.to);
		munmap(map, (size_t)(BLOCKS + 1) * BLOCK);
		if (!ret && (!best->ns || m.ns < best->ns))
			*best = m;
	}
	return ret;
}

static int with_ranges(struct bench *b, char *others, unsigned int before, unsigned int n,
		       uint32_t *index)
{
	unsigned int mapped = n < GPU_RANGES ? n : GPU_RANGES;
	static double first;
	struct measured m = { 0 };
	int ret = split(others, before, n);
	double us;

	if (ret)
		return ret;
	if (before < mapped) {
		for (unsigned int i = before; i < mapped; i++)
			index[i - before] = i;
		ret = launch(b, others, index, mapped - before);
	}
	/* What access counters make of that is not to be measured. */
	usleep(300000);
	if (!ret)
		ret = measure(b, index, &m);
	if (ret)
		return ret;
	us = m.ns / 1e3 / FAULTS;
	if (!before)
		first = us;
	printf("%10u %10u %8u %8llu %8llu %8llu %8llu %8llu %8.1f %6.2f\n", n, mapped, FAULTS,
	       (unsigned long long)counters_delta(&m.from, &m.to, "fault_batches"),
	       (unsigned long long)counters_delta(&m.from, &m.to, "hmm_walks"),
	       (unsigned long long)counters_delta(&m.from, &m.to, "pt_pushes"),
	       (unsigned long long)counters_delta(&m.from, &m.to, "tlb_invalidates"),
	       (unsigned long long)(counters_delta(&m.from, &m.to, "mmio_reads") +
				    counters_delta(&m.from, &m.to, "mmio_writes")),
	       us, us / first);
	fflush(stdout);
	if (b->json) {
		bench_json_open(b, "fault beside ranges", (size_t)FAULTS * PAGE, m.ns);
		fprintf(b->json, ", \"ranges\": %u", n);
		bench_json_close(b, &m.from, &m.to);
	}
	return 0;
}

int bench_ranges(struct bench *b, unsigned int limit)
{
	static const unsigned int steps[] = { 1000, 10000, 100000, 1000000 };
	unsigned long allowed = allow_vmas(limit + 4096ul);
	uint32_t *index = bench_memory(GPU_RANGES * sizeof(*index));
	unsigned int before = 0;
	int ret = 0;
	char *others;

	others = mmap(NULL, (size_t)limit * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!index || others == MAP_FAILED)
		return -ENOMEM;
	printf("%10s %10s %8s %8s %8s %8s %8s %8s %8s %6s\n", "ranges", "by GPU", "pages",
	       "batches", "walks", "PT push", "TLB inv", "MMIO", "us/page", "x");
	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]) && !ret; i++) {
		if (steps[i] > limit)
			break;
		ret = with_ranges(b, others, before, steps[i], index);
		before = steps[i];
	}
	munmap(others, (size_t)limit * PAGE);
	munmap(index, GPU_RANGES * sizeof(*index));
	if (allowed)
		allow_vmas(allowed);
	return ret;
}
