// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm load
 * Category: Core
 * Functionality: much memory, many channels, and accesses nobody waits for
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"
#include "nv_programs.h"

IGT_TEST_DESCRIPTION("Prefetches, long strides, large buffers");

/* Prefetch p[i * stride]; the end of the kernel does not depend on any of them. */
static int __prefetch(struct nv *nv, const void *p, uint32_t count, uint32_t stride)
{
	static uint32_t out[1024] __attribute__((aligned(4096)));
	const struct { uint64_t p; uint32_t n, stride; uint64_t out; } args = {
		(uintptr_t)p, count, stride, (uintptr_t)out,
	};
	int err;

	out[0] = 0;
	err = __nv_run(nv, &nv_program_prefetch, (count + 127) / 128, 128, &args, sizeof(args));
	igt_assert(err || out[0] == count);
	return err;
}

/* Past the end of a mapping: no channel dies, nothing is mapped, nothing appears. */
static void prefetch_invalid(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE);
	long long seen = nv_counter("faults_prefetch"), killed = nv_counter("channels_killed");
	unsigned char there;

	nv_pattern(p, 32 * PAGE, 1);
	igt_assert_eq(munmap(p + 32 * PAGE, 16 * PAGE), 0);
	igt_assert_eq(mprotect(p + 48 * PAGE, 16 * PAGE, PROT_NONE), 0);
	igt_assert_eq(__prefetch(nv, p, 64, PAGE), 0);
	igt_assert_eq(__prefetch(nv, NULL, 64, PAGE), 0);
	igt_assert_eq(__prefetch(nv, (void *)0xffff888000000000ull, 64, PAGE), 0);
	/* nobody waits for them: their packets may still be on their way */
	for (int i = 0; i < 200 && nv_counter_since("faults_prefetch", seen) < 64; i++)
		usleep(5000);
	igt_assert_lte(64, nv_counter_since("faults_prefetch", seen));
	igt_assert_eq(nv_counter_since("channels_killed", killed), 0);
	igt_assert(mincore(p + 40 * PAGE, PAGE, &there) && errno == ENOMEM);
	/* what is mapped there later is what the GPU sees */
	igt_assert(mmap(p + 32 * PAGE, 16 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
		   p + 32 * PAGE);
	*(uint32_t *)(p + 33 * PAGE) = 0x33;
	igt_assert_eq(nv_load(nv, p + 33 * PAGE), 0x33);
	igt_assert_eq(__nv_store(nv, p + 50 * PAGE, 1), -ENODEV);
	nv_check_pattern(p, 32 * PAGE, 1);
	munmap(p, 64 * PAGE);
}

/* In mappings it does what it is for: the loads behind it find their pages. */
static void prefetch_valid(struct nv *nv)
{
	char *p = nv_anon(256 * PAGE);
	long long faults;

	nv_knob("migrate", 0);
	for (uint32_t i = 0; i < 256; i++)
		*(uint32_t *)(p + i * PAGE) = i;
	igt_assert_eq(__prefetch(nv, p, 256, PAGE), 0);
	for (int i = 0; i < 20; i++) {
		faults = nv_counter("faults");
		usleep(20000);
		if (!nv_counter_since("faults", faults))
			break;
	}
	faults = nv_counter("faults");
	igt_assert_eq(nv_sum(nv, p, 256, PAGE), 255 * 128);
	faults = nv_counter_since("faults", faults);
	igt_info("%lld faults after the prefetch\n", faults);
	igt_assert_lt(faults, 32);
	munmap(p, 256 * PAGE);
}

/* A kernel that prefetches nothing but nonsense does not keep others from their faults. */
static void prefetch_storm(struct nv *nv)
{
	const uint32_t n = 8192;
	char *bad = nv_anon(n * PAGE), *p = nv_anon(BLOCK);
	long long storms = nv_counter("prefetch_storms"), seen;
	struct nv other;

	nv_init(&other);
	munmap(bad, n * PAGE);
	for (int i = 0; i < 4; i++) {
		const struct { uint64_t p; uint32_t n, stride; uint64_t out; } args = {
			(uintptr_t)bad, n, PAGE, nv->data.address + 16384,
		};

		igt_assert_eq(__nv_launch(nv, &nv_program_prefetch, n / 128, 128, &args,
					  sizeof(args)), 0);
		madvise(p, BLOCK, MADV_DONTNEED);
		nv_fill(&other, p, 512, PAGE, i);
		igt_assert_eq(nv_sum(&other, p, 512, PAGE), 512 * i + 511 * 256);
		igt_assert_eq(__nv_wait(nv), 0);
	}
	/* they were not listened to, and are again after a second */
	igt_assert_lt(0, nv_counter_since("prefetch_storms", storms));
	seen = nv_counter("faults_prefetch");
	for (int i = 0; i < 30 && !nv_counter_since("faults_prefetch", seen); i++) {
		usleep(200000);
		igt_assert_eq(__prefetch(nv, bad, 16, PAGE), 0);
	}
	igt_assert_lt(0, nv_counter_since("faults_prefetch", seen));
	nv_fini(&other);
	munmap(p, BLOCK);
}

/* One touch every @stride over @bytes: every one is right; faults a replay are counted. */
static void stride(struct nv *nv, size_t bytes, uint32_t step)
{
	uint32_t n = bytes / step;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	long long faults = nv_counter("faults"), replays = nv_counter("replays");

	igt_assert(p != MAP_FAILED);
	madvise(p, bytes, MADV_NOHUGEPAGE);
	nv_fill(nv, p, n, step, 7);
	faults = nv_counter_since("faults", faults);
	replays = nv_counter_since("replays", replays);
	igt_info("%u touches: %lld faults, %lld replays\n", n, faults, replays);
	for (uint32_t i = 0; i < n; i++)
		igt_assert_eq(*(uint32_t *)(p + (size_t)i * step), 7 + i);
	/* many faults a batch, and none of them again and again */
	igt_assert_lt(replays * 4, n);
	igt_assert_lt(faults, 16 * (long long)n);
	munmap(p, bytes);
}

static void stride_2m(struct nv *nv) { stride(nv, 1ull << 30, BLOCK); }
static void stride_64k(struct nv *nv) { stride(nv, 1ull << 30, 65536); }
static void stride_4k(struct nv *nv) { stride(nv, 1ull << 30, PAGE); }

/* More than VRAM in one buffer, eight channels on it at once, every page looked at. */
static void large(struct nv *nv)
{
	const uint32_t channels = 8, pages = 80 << 10, share = pages / channels;
	char *p = nv_anon((size_t)pages * PAGE);
	struct nv more[8];

	for (uint32_t c = 0; c < channels; c++) {
		const struct { uint64_t p; uint32_t n, stride, v; } args = {
			(uintptr_t)p + c * PAGE, share, channels * PAGE, c << 20,
		};

		/* of the client's file, with memory of its own */
		more[c] = *nv;
		igt_assert_eq(__nv_channel_new(&more[c]), 0);
		igt_assert_eq(__nv_launch(&more[c], &nv_program_fill, (share + 127) / 128, 128,
					  &args, 20), 0);
	}
	for (uint32_t c = 0; c < channels; c++)
		igt_assert_eq(__nv_wait(&more[c]), 0);
	for (uint32_t i = 0; i < pages; i++)
		igt_assert_eq(*(uint32_t *)(p + (size_t)i * PAGE),
			      ((i % channels) << 20) + i / channels);
	for (uint32_t c = 0; c < channels; c++)
		nv_channel_free(&more[c]);
	munmap(p, (size_t)pages * PAGE);
}

/* Four channels make the same mistake at once; each dies alone, and soon. */
static void die_together(struct nv *nv)
{
	for (int round = 0; round < 8; round++) {
		const struct { uint64_t p; uint32_t v; } args = { 0x1000, 1 };
		double start;
		struct nv more[4];

		for (int c = 0; c < 4; c++) {
			more[c] = *nv;
			igt_assert_eq(__nv_channel_new(&more[c]), 0);
		}
		start = nv_seconds();
		for (int c = 0; c < 4; c++)
			igt_assert_eq(__nv_launch(&more[c], &nv_program_store, 1, 1, &args, 12), 0);
		for (int c = 0; c < 4; c++)
			igt_assert_eq(__nv_wait(&more[c]), -ENODEV);
		for (int c = 0; c < 4; c++)
			nv_channel_free(&more[c]);
		/* no removal ran into its time limit, which is 10 s */
		igt_assert(nv_seconds() - start < 8);
	}
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "prefetch-invalid", prefetch_invalid, "Prefetches past the end harm nobody" },
		{ "prefetch-valid", prefetch_valid, "Prefetched pages are there" },
		{ "prefetch-storm", prefetch_storm, "Bad prefetches do not starve others" },
		{ "stride-2m", stride_2m, "A touch every 2 MiB over 1 GiB" },
		{ "stride-64k-stress", stride_64k, "A touch every 64 KiB over 1 GiB" },
		{ "stride-4k-stress", stride_4k, "A touch every page over 1 GiB" },
		{ "die-together", die_together, "Four channels are killed at once" },
		{ "large-alloc", large, "320 MiB and eight channels" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
