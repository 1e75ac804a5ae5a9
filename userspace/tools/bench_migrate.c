// SPDX-License-Identifier: MIT
/*
 * nvsvm bench: migration. Explicit both ways, and home by the CPU's faults, of
 * memory in huge pages and of memory without. Each is done several times and the
 * best counts, as for the raw copy engine it is compared with.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

#define HUGE (2ul * MIB)
#define ROUNDS 4

enum { UP, DOWN, FAULT_BACK, KINDS };

struct area {
	void *map;
	size_t map_bytes;
	volatile char *p;
	size_t bytes;
};

/* Touched memory, in huge pages or surely without. */
static int area_new(struct area *a, size_t bytes, bool huge)
{
	a->bytes = bytes;
	a->map_bytes = bytes + HUGE;
	a->map = mmap(NULL, a->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (a->map == MAP_FAILED)
		return -ENOMEM;
	a->p = (volatile char *)(((uintptr_t)a->map + HUGE - 1) & ~(HUGE - 1));
	if (madvise((void *)a->p, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		return -errno;
	for (size_t i = 0; i < bytes; i += PAGE)
		a->p[i] = (char)(i >> 12) | 1;
	return 0;
}

static int act(struct bench *b, struct area *a, int kind)
{
	uint64_t moved = 0;
	int ret = 0;

	if (kind == FAULT_BACK) {
		for (size_t i = 0; i < a->bytes; i += PAGE)
			ret |= a->p[i] != ((char)(i >> 12) | 1) ? 1 : 0;
		return ret ? -EILSEQ : 0;
	}
	ret = nvsvm_migrate(b->context, (void *)a->p, a->bytes,
			    kind == UP ? NVSVM_TARGET_VRAM : NVSVM_TARGET_SYSTEM, &moved);
	if (!ret && moved != a->bytes / PAGE)
		printf("  (%" PRIu64 " of %zu pages moved)\n", moved, a->bytes / PAGE);
	return ret;
}

/* @copy_ns: what one raw copy of as much takes, which has to be begun and waited for, too. */
static int measure(struct bench *b, struct area *a, int kind, uint64_t copy_ns,
		   struct measured *best)
{
	struct measured m;
	int ret;

	counters_read(&m.from);
	m.cpu_ns = bench_cpu_ns();
	m.ns = now_ns();
	ret = act(b, a, kind);
	m.ns = now_ns() - m.ns;
	m.cpu_ns = bench_cpu_ns() - m.cpu_ns;
	counters_read(&m.to);
	m.ratio = (double)a->bytes / m.ns / (kind == UP ? b->ce_up : b->ce_down);
	m.same_size = (double)copy_ns / m.ns;
	if (!ret && (!best->ns || m.ns < best->ns))
		*best = m;
	return ret;
}

static int one_size(struct bench *b, size_t bytes, bool huge)
{
	static const char *const names[2][KINDS] = {
		{ "to VRAM, 4K pages", "to RAM, 4K pages", "fault-back, 4K pages" },
		{ "to VRAM, huge pages", "to RAM, huge pages", "fault-back, huge pages" },
	};
	struct measured best[KINDS] = { 0 }, up, down;
	struct area a;
	int ret = area_new(&a, bytes, huge);

	/* Where VRAM has no room for that beside the rest: without. */
	if (!ret && bench_raw_ce(b, bytes, true, &up))
		up.ns = 0;
	if (!ret && bench_raw_ce(b, bytes, false, &down))
		down.ns = 0;
	for (int round = 0; round < ROUNDS && !ret; round++) {
		ret = measure(b, &a, UP, up.ns, &best[UP]);
		if (!ret)
			ret = measure(b, &a, DOWN, down.ns, &best[DOWN]);
		if (!ret)
			ret = act(b, &a, UP);
		if (!ret)
			ret = measure(b, &a, FAULT_BACK, down.ns, &best[FAULT_BACK]);
	}
	if (a.map != MAP_FAILED)
		munmap(a.map, a.map_bytes);
	for (int kind = 0; kind < KINDS && !ret; kind++) {
		bench_row(b, names[huge][kind], bytes, &best[kind]);
		bench_steps(&best[kind], bytes);
	}
	return ret;
}

int bench_migrate(struct bench *b, size_t limit)
{
	static const size_t sizes[] = { PAGE, 65536, MIB, 2 * MIB, 8 * MIB, 32 * MIB, 64 * MIB,
					128 * MIB, 256 * MIB };
	int ret = 0;

	for (int huge = 0; huge < 2; huge++)
		for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !ret; i++)
			if (sizes[i] <= limit && (!huge || sizes[i] >= HUGE))
				ret = one_size(b, sizes[i], huge);
	return ret;
}
