// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm advice
 * Category: Core
 * Functionality: a process says where its memory should be
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_ext.h"
#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("SVM_BIND's advice: effect, extent, end");

#define VRAM NOUVEAU_SVM_BIND_TARGET__GPU_VRAM
#define SYSTEM NOUVEAU_SVM_BIND_TARGET__SYSTEM
#define NONE NOUVEAU_SVM_BIND_TARGET__NONE
#define PREFER NOUVEAU_SVM_BIND_COMMAND__PREFER
#define PIN NOUVEAU_SVM_BIND_COMMAND__PIN
#define NO_MIGRATE NOUVEAU_SVM_BIND_COMMAND__NO_MIGRATE
#define GRANULARITY NOUVEAU_SVM_BIND_COMMAND__GRANULARITY
#define RESET NOUVEAU_SVM_BIND_COMMAND__RESET

static int __advise(int fd, const void *p, size_t bytes, uint64_t command, uint64_t target,
		    uint64_t *result)
{
	return __nv_bind_raw(fd, command | target << NOUVEAU_SVM_BIND_TARGET_SHIFT, p, bytes,
			     result);
}

/* Works, and was about @pages of memory. */
static void advise(struct nv *nv, const void *p, size_t bytes, uint64_t command, uint64_t target)
{
	uint64_t result;

	igt_assert_eq(__advise(nv->fd, p, bytes, command, target, &result), 0);
	igt_assert_eq(result, bytes / PAGE);
}

/* A block that was touched, without huge pages. */
static char *block(void)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);

	igt_assert_eq(madvise(p, BLOCK, MADV_NOHUGEPAGE), 0);
	nv_pattern(p, BLOCK, 3);
	return p;
}

/* One read brings what a read alone would have left. */
static void prefer_vram(struct nv *nv)
{
	char *p = block();

	nv_load(nv, p + 20 * PAGE);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	/* mapped in place already: it must fault once more */
	advise(nv, p, BLOCK / 2, PREFER, VRAM);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	nv_load(nv, p + 20 * PAGE);
	igt_assert_lte(16, nv_pages_in_vram(p, BLOCK));
	igt_assert_eq(nv_pages_in_vram(p + BLOCK / 2, BLOCK / 2), 0);
	nv_check_pattern(p, BLOCK, 3);
	/* no longer */
	advise(nv, p, BLOCK, PREFER, NONE);
	nv_load(nv, p + 100 * PAGE);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	munmap(p, BLOCK);
}

/* Written to and hot, and stays; the rest of the block does not. */
static void prefer_system(struct nv *nv)
{
	char *p = block();

	advise(nv, p, BLOCK / 2, PREFER, SYSTEM);
	for (uint32_t i = 0; i < 4; i++)
		nv_fill(nv, p, 512, PAGE, i);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK / 2), 0);
	igt_assert_lt(0, nv_pages_in_vram(p + BLOCK / 2, BLOCK / 2));
	for (uint32_t i = 0; i < 512; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 3 + i);
	/* it is a preference: who asks gets it */
	igt_assert_eq(nv_migrate(nv, p, BLOCK / 2, true), 256);
	munmap(p, BLOCK);
}

static void pin_vram(struct nv *nv)
{
	char *p = block();
	nv_ext ext;

	advise(nv, p, BLOCK / 2, PIN, VRAM);
	/* at once, and nobody takes it away */
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 256);
	nv_bind(nv, p, BLOCK, false, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_POLICY], 256);
	igt_assert_eq(ext.already, 256);
	/* but the CPU, and then the GPU gets it back, as often as it takes */
	for (uint32_t i = 0; i < 12; i++) {
		*(volatile uint32_t *)p = i;
		igt_assert_eq(nv_pages_in_vram(p, PAGE), 0);
		nv_store(nv, p, i + 1);
		igt_assert_eq(nv_pages_in_vram(p, PAGE), 1);
	}
	advise(nv, p, BLOCK, PREFER, NONE);
	nv_bind(nv, p, BLOCK, false, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_POLICY], 0);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	munmap(p, BLOCK);
}

static void pin_system(struct nv *nv)
{
	char *p = block();
	nv_ext ext;

	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512);
	advise(nv, p + 64 * PAGE, 64 * PAGE, PIN, SYSTEM);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 512 - 64);
	nv_bind(nv, p, BLOCK, true, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_POLICY], 64);
	igt_assert_eq(ext.already, 512 - 64);
	nv_fill(nv, p, 512, PAGE, 9);
	igt_assert_eq(nv_pages_in_vram(p + 64 * PAGE, 64 * PAGE), 0);
	for (uint32_t i = 0; i < 512; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 9 + i);
	munmap(p, BLOCK);
}

static void no_migrate(struct nv *nv)
{
	char *p = block();
	nv_ext ext;

	igt_assert_eq(nv_migrate(nv, p, 128 * PAGE, true), 128);
	advise(nv, p, BLOCK, NO_MIGRATE, 1);
	nv_bind(nv, p, BLOCK, true, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_POLICY], 512);
	nv_bind(nv, p, BLOCK, false, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_POLICY], 512);
	for (uint32_t i = 0; i < 4; i++)
		nv_fill(nv, p, 512, PAGE, i);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 128);
	advise(nv, p, BLOCK, NO_MIGRATE, 0);
	igt_assert_eq(nv_migrate(nv, p, BLOCK, true), 512 - 128);
	munmap(p, BLOCK);
}

/* As much as was said goes with one write, no more, no less. */
static void granularity(struct nv *nv)
{
	static const unsigned int pages[] = { 1, 2, 16, 64, 512 };

	for (unsigned int i = 0; i < ARRAY_LEN(pages); i++) {
		char *p = block();

		advise(nv, p, BLOCK, GRANULARITY, pages[i] * PAGE);
		nv_store(nv, p + 300 * PAGE, 1);
		igt_assert_eq(nv_pages_in_vram(p, BLOCK), pages[i]);
		igt_assert_eq(nv_pages_in_vram(p + (300 & ~(pages[i] - 1)) * PAGE,
					       pages[i] * PAGE), pages[i]);
		munmap(p, BLOCK);
	}
}

static void reset(struct nv *nv)
{
	char *p = block();
	nv_ext ext;

	advise(nv, p, BLOCK, PREFER, VRAM);
	advise(nv, p, BLOCK, NO_MIGRATE, 1);
	advise(nv, p, BLOCK, GRANULARITY, BLOCK);
	advise(nv, p, BLOCK / 2, RESET, 0);
	nv_bind(nv, p, BLOCK, true, &ext);
	igt_assert_eq(ext.moved, 256);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_POLICY], 256);
	munmap(p, BLOCK);
}

/* Pages of the range that advice keeps from moving. */
static uint64_t kept(struct nv *nv, const void *p, size_t bytes)
{
	nv_ext ext;

	nv_bind(nv, p, bytes, true, &ext);
	nv_bind(nv, p, bytes, false, &ext);
	return ext.skipped[NOUVEAU_SVM_SKIP_POLICY];
}

/* Splits of the VMA change nothing, whatever makes them. */
static void splits(struct nv *nv)
{
	char *p = block();

	advise(nv, p + 10 * PAGE, 100 * PAGE, NO_MIGRATE, 1);
	igt_assert_eq(mprotect(p + 50 * PAGE, 20 * PAGE, PROT_READ), 0);
	igt_assert_eq(mlock(p + 80 * PAGE, 10 * PAGE), 0);
	igt_assert_eq(madvise(p + 20 * PAGE, 3 * PAGE, MADV_DONTFORK), 0);
	igt_assert_eq(kept(nv, p, BLOCK), 100);
	igt_assert_eq(mprotect(p, BLOCK, PROT_READ | PROT_WRITE), 0);
	igt_assert_eq(munlock(p, BLOCK), 0);
	igt_assert_eq(kept(nv, p, BLOCK), 100);
	/* the memory changes, the mapping stays */
	igt_assert_eq(madvise(p + 30 * PAGE, 10 * PAGE, MADV_DONTNEED), 0);
	igt_assert_eq(kept(nv, p, BLOCK), 100);
	munmap(p, BLOCK);
}

/* munmap, mremap, MAP_FIXED: gone with the mapping, and the new one has none. */
static void ends(struct nv *nv)
{
	char *p = block(), *q;

	advise(nv, p, BLOCK, NO_MIGRATE, 1);
	/* the middle */
	igt_assert_eq(munmap(p + 100 * PAGE, 7 * PAGE), 0);
	igt_assert(mmap(p + 100 * PAGE, 7 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED);
	igt_assert_eq(kept(nv, p, BLOCK), 512 - 7);
	/* over it */
	igt_assert(mmap(p, 10 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
	igt_assert_eq(kept(nv, p, BLOCK), 512 - 17);
	/* moved: it does not go along */
	q = mmap(NULL, BLOCK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	igt_assert(q != MAP_FAILED);
	igt_assert(mremap(p + 200 * PAGE, 20 * PAGE, 20 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) ==
		   q);
	igt_assert_eq(kept(nv, q, 20 * PAGE), 0);
	igt_assert(mmap(p + 200 * PAGE, 20 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED);
	igt_assert_eq(kept(nv, p, BLOCK), 512 - 37);
	munmap(p, BLOCK);
	munmap(q, BLOCK);
}

/* A child has none of its parent's. */
static void forked(struct nv *nv)
{
	char *p = block();
	pid_t pid;

	advise(nv, p, BLOCK, NO_MIGRATE, 1);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;

		CHILD_CHECK(__advise(nv->fd, p, BLOCK, RESET, 0, NULL) == -EPERM);
		nv_init(&own);
		memset(p, 1, BLOCK);
		CHILD_CHECK(nv_migrate(&own, p, BLOCK, true) == 512);
		_exit(0);
	}
	nv_expect_child_ok(pid);
	igt_assert_eq(kept(nv, p, BLOCK), 512);
	munmap(p, BLOCK);
}

/* Holes are passed over; what comes there later has nothing. */
static void holes(struct nv *nv)
{
	char *p = nv_anon_aligned(4 * BLOCK, BLOCK);
	uint64_t result;

	memset(p, 1, 4 * BLOCK);
	munmap(p + BLOCK - 5 * PAGE, 10 * PAGE);
	igt_assert_eq(__advise(nv->fd, p, 4 * BLOCK, NO_MIGRATE, 1, &result), 0);
	igt_assert_eq(result, 2048 - 10);
	igt_assert(mmap(p + BLOCK - 5 * PAGE, 10 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED);
	igt_assert_eq(kept(nv, p, 4 * BLOCK), 2048 - 10);
	/* a terabyte of nothing */
	munmap(p, 4 * BLOCK);
	igt_assert_eq(__advise(nv->fd, p, 4 * BLOCK, NO_MIGRATE, 1, &result), 0);
	igt_assert_eq(result, 0);
}

/* Saying the same again disturbs no mapping. */
static void same_again(struct nv *nv)
{
	char *p = block();
	long long before;

	advise(nv, p, BLOCK, PREFER, VRAM);
	nv_fill(nv, p, 512, PAGE, 1);
	before = nv_pages_mapped();
	advise(nv, p, BLOCK, PREFER, VRAM);
	nv_fill(nv, p, 512, PAGE, 2);
	igt_assert_eq(nv_pages_mapped(), before);
	munmap(p, BLOCK);
}

/* Said and unsaid while the GPU writes: every count arrives. */
static void under_gpu(struct nv *nv)
{
	const uint32_t pages = 64, rounds = 20000;
	char *p = nv_anon(pages * PAGE);

	memset(p, 0, pages * PAGE);
	nv_hammer_launch(nv, p, pages, PAGE, rounds);
	for (unsigned int i = 0; i < 40; i++) {
		advise(nv, p, pages * PAGE, i & 2 ? PIN : PREFER, i & 1 ? VRAM : SYSTEM);
		usleep(500);
	}
	advise(nv, p, pages * PAGE, RESET, 0);
	igt_assert_eq(__nv_wait(nv), 0);
	for (uint32_t i = 0; i < pages; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), rounds);
	munmap(p, pages * PAGE);
}

static void args(struct nv *nv)
{
	char *p = nv_anon(2 * PAGE);
	const struct { uint64_t command, target; } bad[] = {
		{ PREFER, 2 }, { PREFER, VRAM | 1 }, { PIN, 3 }, { PIN, 0x7fffffff },
		{ NO_MIGRATE, 2 }, { NO_MIGRATE, VRAM }, { GRANULARITY, 1 }, { GRANULARITY, 2048 },
		{ GRANULARITY, 12288 }, { GRANULARITY, 4 << 20 }, { GRANULARITY, VRAM },
		{ RESET, 1 }, { 0x85, 2 }, { 0x85, VRAM }, { 0x86, 0 }, { 0x7f, 0 }, { 0xff, 0 }, { 1, 0 },
	};
	int fd = nv_open_render();
	nv_ext ext = { 0 };
	uint64_t result;
	struct drm_nouveau_svm_bind req = {
		.header = PREFER | NOUVEAU_SVM_BIND_EXT, .va_start = (uintptr_t)p,
		.va_end = (uintptr_t)p + PAGE, .reserved0 = (uintptr_t)&ext,
	};

	for (unsigned int i = 0; i < ARRAY_LEN(bad); i++)
		igt_assert_eq(__advise(nv->fd, p, PAGE, bad[i].command, bad[i].target, NULL),
			      -EINVAL);
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req), -EINVAL);
	req.header = PREFER;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req), -EINVAL);
	igt_assert_eq(__advise(nv->fd, p, 0, PREFER, VRAM, NULL), -EINVAL);
	igt_assert_eq(__advise(nv->fd, (void *)(1ull << 62), PAGE, PREFER, VRAM, NULL), -EINVAL);
	igt_assert_eq(__advise(nv->fd, p, -(uintptr_t)p + 1, PREFER, VRAM, NULL), -EINVAL);
	/* a file without SVM */
	igt_assert_eq(__advise(fd, p, PAGE, PREFER, VRAM, NULL), -EINVAL);
	/* to the page */
	igt_assert_eq(__advise(nv->fd, p + 100, PAGE, NO_MIGRATE, 1, &result), 0);
	igt_assert_eq(result, 2);
	close(fd);
	munmap(p, 2 * PAGE);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "prefer-vram", prefer_vram, "One read brings it" },
		{ "prefer-system", prefer_system, "Hot and written, and stays" },
		{ "pin-vram", pin_vram, "Comes back whenever it was taken" },
		{ "pin-system", pin_system, "Comes home and stays" },
		{ "no-migrate", no_migrate, "Neither way" },
		{ "granularity", granularity, "A fault is served by what was said" },
		{ "reset", reset, "Everything forgotten" },
		{ "splits", splits, "VMA splits change nothing" },
		{ "ends", ends, "Gone with the mapping" },
		{ "fork", forked, "A child has none" },
		{ "holes", holes, "Holes are passed over" },
		{ "same-again", same_again, "Nothing is unmapped for what is known" },
		{ "under-gpu", under_gpu, "While a kernel writes" },
		{ "args", args, "Each wrong argument is refused" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
