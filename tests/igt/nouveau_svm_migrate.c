// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm migrate
 * Category: Core
 * Functionality: device-private memory
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_programs.h"
#include "nv_mm.h"
#include "nv_svm.h"

IGT_TEST_DESCRIPTION("Pages move to VRAM and back and stay what they were");

static void pattern(uint32_t *p, size_t bytes, uint32_t seed)
{
	for (size_t i = 0; i < bytes / 4; i++)
		p[i] = (uint32_t)i * 2654435761u ^ seed;
}

static void check_pattern(const uint32_t *p, size_t bytes, uint32_t seed)
{
	for (size_t i = 0; i < bytes / 4; i++)
		if (p[i] != ((uint32_t)i * 2654435761u ^ seed))
			igt_assert_f(false, "word %zu is 0x%x\n", i, p[i]);
}

static void there_and_back(struct nv *nv, size_t bytes)
{
	uint32_t *p = nv_anon(bytes);
	size_t pages = bytes / PAGE;

	pattern(p, bytes, 1);
	igt_assert_eq(nv_migrate(nv, p, bytes, true), pages);
	igt_assert_eq(nv_pages_in_vram(p, bytes), pages);
	igt_assert_eq(nv_load(nv, p + 1), 2654435761u ^ 1);
	/* the GPU's use does not move them */
	igt_assert_eq(nv_pages_in_vram(p, bytes), pages);
	igt_assert_eq(nv_migrate(nv, p, bytes, false), pages);
	igt_assert_eq(nv_pages_in_vram(p, bytes), 0);
	check_pattern(p, bytes, 1);
	munmap(p, bytes);
}

/* A CPU touch brings back at least 64 KiB, not everything. */
static void fault_back(struct nv *nv)
{
	uint32_t *p = nv_anon(2 * BLOCK);
	size_t left;

	pattern(p, 2 * BLOCK, 2);
	nv_migrate(nv, p, 2 * BLOCK, true);
	igt_assert_eq(nv_pages_in_vram(p, 2 * BLOCK), 1024);
	igt_assert_eq(*(volatile uint32_t *)p, 2);
	left = nv_pages_in_vram(p, 2 * BLOCK);
	igt_assert_lte(left, 1024 - 16);
	igt_assert_lt(0, left);
	check_pattern(p, 2 * BLOCK, 2);
	igt_assert_eq(nv_pages_in_vram(p, 2 * BLOCK), 0);
	munmap(p, 2 * BLOCK);
}

/* The GPU writes in VRAM; the CPU sees it. */
static void write_in_vram(struct nv *nv)
{
	uint32_t *p = nv_anon(BLOCK);

	pattern(p, BLOCK, 3);
	nv_migrate(nv, p, BLOCK, true);
	nv_fill(nv, p, 512, PAGE, 0x1000);
	for (uint32_t i = 0; i < 512; i++) {
		igt_assert_eq(p[i * 1024], 0x1000 + i);
		igt_assert_eq(p[i * 1024 + 1], (i * 1024 + 1) * 2654435761u ^ 3);
	}
	munmap(p, BLOCK);
}

static void untouched(struct nv *nv)
{
	uint32_t *p = nv_anon(BLOCK);

	nv_migrate(nv, p, BLOCK, true);
	igt_assert_eq(nv_sum(nv, p, 512, PAGE), 0);
	for (size_t i = 0; i < BLOCK / 4; i += 97)
		igt_assert_eq(p[i], 0);
	munmap(p, BLOCK);
}

static void again(struct nv *nv)
{
	uint32_t *p = nv_anon(BLOCK);

	pattern(p, BLOCK, 4);
	for (int i = 0; i < 6; i++) {
		nv_migrate(nv, p, BLOCK, true);
		check_pattern(p, BLOCK / 2, 4);	/* half of it comes home by faults */
		igt_assert_eq(nv_load(nv, p + BLOCK / 4 - 1),
			      (uint32_t)(BLOCK / 4 - 1) * 2654435761u ^ 4);
	}
	check_pattern(p, BLOCK, 4);
	munmap(p, BLOCK);
}

/* Read-only, untouched, PROT_NONE and a hole in one range: best effort. */
static void mixed(struct nv *nv)
{
	const size_t piece = 16 * PAGE;
	char *p = nv_anon(5 * piece);

	pattern((uint32_t *)p, piece, 5);
	pattern((uint32_t *)(p + piece), piece, 6);
	igt_assert_eq(mprotect(p + piece, piece, PROT_READ), 0);
	igt_assert_eq(mprotect(p + 2 * piece, piece, PROT_NONE), 0);
	igt_assert_eq(munmap(p + 3 * piece, piece), 0);
	nv_migrate(nv, p, 5 * piece, true);
	check_pattern((uint32_t *)p, piece, 5);
	check_pattern((uint32_t *)(p + piece), piece, 6);
	igt_assert_eq(nv_load(nv, p + 4 * piece), 0);
	munmap(p, 5 * piece);
}

static void unaligned(struct nv *nv)
{
	char *p = nv_anon(32 * PAGE);

	memset(p, 0x77, 32 * PAGE);
	nv_migrate(nv, p + 4 * PAGE + 100, 3 * PAGE, true);
	igt_assert_eq(nv_pages_in_vram(p + 4 * PAGE, 4 * PAGE), 4);
	igt_assert_eq(nv_pages_in_vram(p, 4 * PAGE), 0);
	for (size_t i = 0; i < 32 * PAGE; i++)
		igt_assert_eq(p[i], 0x77);
	munmap(p, 32 * PAGE);
}

/* More than VRAM: what does not fit stays in system memory and works. */
static void vram_full(struct nv *nv)
{
	struct drm_nouveau_getparam vram = { .param = NOUVEAU_GETPARAM_FB_SIZE };
	size_t bytes, pages;
	uint32_t *p;

	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GETPARAM, &vram), 0);
	igt_require_f(vram.value <= 512ull << 20, "VRAM too large to fill here\n");
	bytes = vram.value + (16ull << 20);
	pages = bytes / PAGE;
	p = nv_anon(bytes);
	for (size_t i = 0; i < pages; i++) {
		p[i * 1024] = i;
		p[i * 1024 + 1] = ~(uint32_t)i;
	}
	nv_migrate(nv, p, bytes, true);
	igt_assert_lt(0, nv_pages_in_vram(p, bytes));
	igt_assert_eq(nv_sum(nv, p, pages, PAGE),
		      (uint32_t)((uint64_t)pages * (pages - 1) / 2));
	nv_fill(nv, p, pages, PAGE, 3);
	for (size_t i = 0; i < pages; i++) {
		igt_assert_eq(p[i * 1024], (uint32_t)i + 3);
		igt_assert_eq(p[i * 1024 + 1], ~(uint32_t)i);
	}
	munmap(p, bytes);
}

/* A hot block moves by itself. */
static void automatic(struct nv *nv)
{
	uint32_t *p = nv_anon(BLOCK);
	long long moved = nv_counter("pages_to_vram");

	igt_require_f(moved >= 0, "no counters\n");
	pattern(p, BLOCK, 7);
	for (int i = 0; i < 4; i++)
		nv_fill(nv, p, 512, PAGE, i);
	igt_info("%zu of 512 pages in VRAM\n", nv_pages_in_vram(p, BLOCK));
	igt_assert_lt(moved, nv_counter("pages_to_vram"));
	for (uint32_t i = 0; i < 512; i++) {
		igt_assert_eq(p[i * 1024], 3 + i);
		igt_assert_eq(p[i * 1024 + 1], (i * 1024 + 1) * 2654435761u ^ 7);
	}
	munmap(p, BLOCK);
}

/* Back and forth under a kernel that counts in each page: no count is lost. */
static void under_gpu(struct nv *nv)
{
	const uint32_t pages = 64, rounds = 20000;
	uint32_t *p = nv_anon(pages * PAGE);
	const struct { uint64_t p; uint32_t stride, rounds; } args = {
		(uintptr_t)p, PAGE, rounds,
	};
	uint64_t moved[2] = { 0 };

	igt_assert_eq(__nv_launch(nv, &nv_program_hammer, 1, pages, &args, sizeof(args)), 0);
	for (int i = 0; i < 20; i++) {
		usleep(2000);
		moved[i & 1] += nv_migrate(nv, p, pages * PAGE, i & 1);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	igt_info("%llu pages to VRAM, %llu home\n", (unsigned long long)moved[1],
		 (unsigned long long)moved[0]);
	igt_assert_lt(0, moved[0]);
	igt_assert_lt(0, moved[1]);
	for (uint32_t i = 0; i < pages; i++)
		igt_assert_eq(p[i * 1024], rounds);
	munmap(p, pages * PAGE);
}

/* Exit with pages on the device; VRAM comes back. */
static void release(bool by_signal)
{
	uint64_t used[2];

	for (int round = 0; round < 2; round++) {
		pid_t pid = fork();
		int status;

		igt_assert_lte(0, pid);
		if (!pid) {
			struct nv nv;
			uint32_t *p;

			nv_init(&nv);
			p = nv_anon(4 * BLOCK);
			pattern(p, 4 * BLOCK, 8);
			if (nv_migrate(&nv, p, 4 * BLOCK, true) != 2048)
				_exit(1);
			if (by_signal)
				raise(SIGKILL);
			_exit(0);
		}
		igt_assert_eq(waitpid(pid, &status, 0), pid);
		igt_assert(by_signal ? WIFSIGNALED(status) : !status);
		/* Empty chunks go back a while later. */
		usleep(200000);
		used[round] = nv_vram_used();
	}
	for (int i = 0; i < 100 && used[1] > used[0]; i++) {
		usleep(100000);
		used[1] = nv_vram_used();
	}
	igt_assert_lte(used[1], used[0]);
}

int igt_main()
{
	static const struct {
		const char *name;
		void (*run)(struct nv *nv);
		const char *describe;
	} plain[] = {
		{ "cpu-fault-back", fault_back, "A CPU touch brings back a part" },
		{ "gpu-write-in-vram", write_in_vram, "GPU writes to VRAM pages reach the CPU" },
		{ "untouched", untouched, "Never touched memory migrates as zeros" },
		{ "there-and-back-again", again, "Six rounds, half by faults" },
		{ "mixed-vma", mixed, "One range over memory of five kinds" },
		{ "unaligned-range", unaligned, "Ranges are widened to pages" },
		{ "vram-full", vram_full, "Full VRAM never fails anything" },
		{ "automatic", automatic, "A block used again and again moves by itself" },
		{ "under-gpu", under_gpu, "Both ways under a kernel that writes" },
	};
	struct nv nv;

	igt_fixture()
		igt_require(__nv_open_render() >= 0);

	igt_describe("Explicit migration both ways, counts equal");
	igt_subtest("sys-dev-sys-64k") {
		nv_init(&nv);
		there_and_back(&nv, 65536);
		nv_fini(&nv);
	}
	igt_describe("The same with 8 MiB");
	igt_subtest("sys-dev-sys-8m") {
		nv_init(&nv);
		there_and_back(&nv, 8ull << 20);
		nv_fini(&nv);
	}
	for (unsigned int i = 0; i < ARRAY_LEN(plain); i++) {
		igt_describe(plain[i].describe);
		igt_subtest(plain[i].name) {
			nv_init(&nv);
			plain[i].run(&nv);
			nv_fini(&nv);
		}
	}
	igt_describe("A process exits with pages in VRAM");
	igt_subtest("release-on-exit")
		release(false);
	igt_describe("A process is killed with pages in VRAM");
	igt_subtest("release-on-kill")
		release(true);
}
