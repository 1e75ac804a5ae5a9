// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm multi
 * Category: Core
 * Functionality: one address space on two GPUs
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Two GPUs share the pages of a process");

static uint64_t vram_used(const struct nv *nv)
{
	struct drm_nouveau_getparam req = { .param = NOUVEAU_GETPARAM_VRAM_USED };

	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GETPARAM, &req), 0);
	return req.value;
}

/* What is in use once nothing goes any more: empty chunks are kept for a while. */
static uint64_t vram_used_settled(const struct nv *nv)
{
	uint64_t used = vram_used(nv);

	for (int calm = 0; calm < 50; calm++) {
		usleep(10000);
		if (vram_used(nv) != used) {
			used = vram_used(nv);
			calm = 0;
		}
	}
	return used;
}

/* One GPU writes, the other reads, by turns, wherever the pages are. */
static void share(struct nv *a, struct nv *b)
{
	char *p = nv_anon(BLOCK);
	struct nv *gpu[2] = { a, b };

	for (uint32_t round = 0; round < 6; round++) {
		struct nv *from = gpu[round & 1], *to = gpu[~round & 1];

		nv_fill(from, p, 512, PAGE, round * 1000);
		if (round >= 2)
			nv_migrate(round >= 4 ? to : from, p, BLOCK, true);
		igt_assert_eq(nv_sum(to, p, 512, PAGE), 512 * 1000 * round + 511 * 256);
		if (round & 2)
			for (uint32_t i = 0; i < 512; i++)
				igt_assert_eq(*(uint32_t *)(p + i * PAGE), round * 1000 + i);
	}
	munmap(p, BLOCK);
}

/* A page is in one place: what moves to the second GPU leaves the first. */
static void residency(struct nv *a, struct nv *b)
{
	char *p = nv_anon_aligned(2 * BLOCK, BLOCK);
	uint64_t before[2] = { vram_used_settled(a), vram_used_settled(b) };

	nv_pattern(p, 2 * BLOCK, 1);
	igt_assert_eq(nv_migrate(a, p, 2 * BLOCK, true), 1024);
	igt_assert_lte(2 * BLOCK, vram_used(a) - before[0]);
	igt_assert_eq(vram_used(b), before[1]);
	/* there is no way between the GPUs: what the other has comes home on a touch */
	igt_assert_eq(nv_migrate(b, p, 2 * BLOCK, true), 0);
	igt_assert_eq(nv_load(b, p + 4), 2654435761u ^ 0x9e3779b9u);
	for (uint32_t i = 0; i < 1024; i++)
		*(volatile uint32_t *)(p + i * PAGE);
	for (int k = 0; k < 50 && nv_pages_in_vram(p, 2 * BLOCK) < 1024; k++)
		nv_migrate(b, p, 2 * BLOCK, true);
	igt_assert_eq(nv_pages_in_vram(p, 2 * BLOCK), 1024);
	igt_assert_lte(2 * BLOCK, vram_used(b) - before[1]);
	for (int i = 0; i < 100 && vram_used(a) >= before[0] + BLOCK; i++)
		usleep(10000);
	igt_assert_lt(vram_used(a), before[0] + BLOCK);
	igt_assert_eq(nv_load(a, p + 4), 2654435761u ^ 0x9e3779b9u);
	nv_check_pattern(p, 2 * BLOCK, 1);
	munmap(p, 2 * BLOCK);
}

/* Both change every page all the time, each its own words; the CPU has some, too. */
static void race(struct nv *a, struct nv *b)
{
	const uint32_t pages = 64, rounds = 3000;
	char *p = nv_anon(pages * PAGE);
	volatile uint32_t *mine;

	nv_hammer_launch(a, p, pages, PAGE, rounds);
	nv_hammer_launch(b, p + 64, pages, PAGE, rounds);
	for (uint32_t i = 0; i < 20; i++) {
		for (uint32_t k = 0; k < pages; k += 7) {
			mine = (uint32_t *)(p + k * PAGE + 128);
			*mine += 1;
		}
		nv_migrate(i & 1 ? a : b, p, pages * PAGE, i % 3);
	}
	igt_assert_eq(__nv_wait(a), 0);
	igt_assert_eq(__nv_wait(b), 0);
	for (uint32_t k = 0; k < pages; k++) {
		igt_assert_eq(*(uint32_t *)(p + k * PAGE), rounds);
		igt_assert_eq(*(uint32_t *)(p + k * PAGE + 64), rounds);
		igt_assert_eq(*(uint32_t *)(p + k * PAGE + 128), k % 7 ? 0 : 20);
	}
	munmap(p, pages * PAGE);
}

/* Both count atomically on one word. */
static void atomics(struct nv *a, struct nv *b)
{
	uint32_t *p = nv_anon(PAGE);

	for (uint32_t i = 0; i < 8; i++) {
		nv_atomic_add(i & 1 ? b : a, p, i + 1, 64);
		__atomic_fetch_add(p + 1, 1, __ATOMIC_RELAXED);
	}
	igt_assert_eq(p[0], 64 * 36);
	igt_assert_eq(p[1], 8);
	munmap(p, PAGE);
}

/* What the process does to its memory reaches both. */
static void events(struct nv *a, struct nv *b)
{
	char *p = nv_anon(64 * PAGE), *q;
	struct nv *gpu[2] = { a, b };

	nv_fill(a, p, 64, PAGE, 10);
	nv_migrate(a, p, 32 * PAGE, true);
	igt_assert_eq(nv_sum(b, p, 64, PAGE), 640 + 63 * 32);
	igt_assert_eq(madvise(p, 8 * PAGE, MADV_DONTNEED), 0);
	for (int i = 0; i < 2; i++) {
		igt_assert_eq(nv_sum(gpu[i], p, 8, PAGE), 0);
		igt_assert_eq(nv_load(gpu[i], p + 8 * PAGE), 18);
	}
	igt_assert_eq(mprotect(p, 64 * PAGE, PROT_READ), 0);
	for (int i = 0; i < 2; i++) {
		igt_assert_eq(nv_load(gpu[i], p + 9 * PAGE), 19);
		igt_assert_eq(__nv_store(gpu[i], p + 9 * PAGE, 1), -ENODEV);
		nv_revive(gpu[i]);
	}
	igt_assert_eq(mprotect(p, 64 * PAGE, PROT_READ | PROT_WRITE), 0);
	nv_migrate(b, p, 64 * PAGE, true);
	q = mremap(p, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, nv_anon(64 * PAGE));
	igt_assert(q != MAP_FAILED && q != p);
	for (int i = 0; i < 2; i++) {
		igt_assert_eq(nv_load(gpu[i], q + 20 * PAGE), 30);
		igt_assert_eq(__nv_store(gpu[i], p, 1), -ENODEV);
		nv_revive(gpu[i]);
	}
	munmap(q, 64 * PAGE);
	igt_assert_eq(__nv_store(a, q, 1), -ENODEV);
	igt_assert_eq(__nv_store(b, q, 1), -ENODEV);
}

/* A kernel without end on one is nothing to the other, nor is its death. */
static void independent(struct nv *a, struct nv *b)
{
	uint32_t *flag = nv_anon(2 * PAGE);
	char *p = nv_anon(BLOCK);

	nv_spin_launch(a, flag, flag + 1024);
	nv_fill(b, p, 512, PAGE, 4);
	nv_migrate(b, p, BLOCK, true);
	/* the very pages it spins on go to and fro */
	nv_migrate(b, flag, 2 * PAGE, true);
	igt_assert_eq(nv_sum(b, p, 512, PAGE), 2048 + 511 * 256);
	igt_assert_eq(__nv_store(b, NULL, 1), -ENODEV);
	nv_revive(b);
	nv_store(b, flag, 0x60);
	igt_assert_eq(__nv_wait(a), 0);
	igt_assert_eq(flag[1024], 0x60);
	munmap(p, BLOCK);
	munmap(flag, 2 * PAGE);
}

/* A process with pages on both is killed: nothing is left on either. */
static void killed(struct nv *a, struct nv *b)
{
	uint64_t before[2] = { vram_used_settled(a), vram_used_settled(b) };
	int ready[2];
	pid_t pid;
	char c;

	igt_assert_eq(pipe(ready), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		char *p = nv_anon(2 * BLOCK);
		struct nv own[2];

		for (unsigned int i = 0; i < 2; i++) {
			nv_init_gpu(&own[i], i);
			nv_pattern(p + i * BLOCK, BLOCK, i);
			nv_migrate(&own[i], p + i * BLOCK, BLOCK, true);
			nv_hammer_launch(&own[i], p, 64, PAGE, 100000000);
		}
		CHILD_CHECK(write(ready[1], "r", 1) == 1);
		pause();
	}
	igt_assert_eq(read(ready[0], &c, 1), 1);
	usleep(50000);
	kill(pid, SIGKILL);
	igt_assert_eq(waitpid(pid, NULL, 0), pid);
	for (int i = 0; i < 300 && (vram_used(a) != before[0] || vram_used(b) != before[1]); i++)
		usleep(10000);
	igt_assert_eq(vram_used(a), before[0]);
	igt_assert_eq(vram_used(b), before[1]);
	close(ready[0]);
	close(ready[1]);
}

int igt_main()
{
	static const struct {
		const char *name;
		void (*run)(struct nv *a, struct nv *b);
		const char *describe;
	} cases[] = {
		{ "multi-gpu-share", share, "One writes, the other reads, in all placements" },
		{ "multi-gpu-residency", residency, "A page is on one GPU at a time" },
		{ "multi-gpu-race", race, "Both and the CPU write to the same pages" },
		{ "multi-gpu-atomics", atomics, "Both count on one word" },
		{ "multi-gpu-events", events, "munmap, mprotect, mremap and madvise reach both" },
		{ "multi-gpu-independent", independent, "One spins and dies, the other works" },
		{ "multi-gpu-killed", killed, "A killed process leaves nothing on either" },
	};
	struct nv a, b;

	igt_fixture()
		igt_require_f(nv_gpus() > 1, "one GPU only (scripts/vm --gpus 2)\n");
	for (unsigned int i = 0; i < ARRAY_LEN(cases); i++) {
		igt_describe(cases[i].describe);
		igt_subtest(cases[i].name) {
			nv_init_gpu(&a, 0);
			nv_init_gpu(&b, 1);
			cases[i].run(&a, &b);
			nv_fini(&a);
			nv_fini(&b);
		}
	}
}
