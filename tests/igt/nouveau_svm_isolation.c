// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm isolation
 * Category: Core
 * Functionality: unserviceable faults, channel recovery, teardown
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nv_ext.h"
#include "nv_igt.h"
#include "nv_programs.h"
#include "nv_svm.h"

IGT_TEST_DESCRIPTION("A bad access kills one channel, nothing else");

static void spin_launch(struct nv *nv, const uint32_t *flag, uint32_t *out)
{
	const uint64_t args[] = { (uintptr_t)flag, (uintptr_t)out };

	igt_assert_eq(__nv_launch(nv, &nv_program_spin, 1, 1, args, sizeof(args)), 0);
}

static void bad_access(void *where, bool read)
{
	struct nv nv;
	uint32_t value;

	nv_init(&nv);
	igt_assert_eq(read ? __nv_load(&nv, where, &value) : __nv_store(&nv, where, 1), -ENODEV);
	/* the channel stays dead */
	igt_assert_eq(__nv_submit(&nv), -ENODEV);
	/* a new one on the same file works */
	nv_channel_free(&nv);
	igt_assert_eq(__nv_channel_new(&nv), 0);
	nv_store(&nv, &value, 0x600d);
	igt_assert_eq(value, 0x600d);
	nv_fini(&nv);
}

/* Memory that was there and is gone. */
static void bad_unmapped(void)
{
	void *p = nv_anon(PAGE);

	munmap(p, PAGE);
	bad_access(p, false);
}

/* Who waits for the work, and not for its memory, is told by the fence. */
static void bad_sync(void)
{
	const struct { uint64_t p; uint32_t v; } args = { 0, 1 };
	struct nv nv;

	nv_init(&nv);
	nv.sync = true;
	igt_assert_eq(__nv_launch(&nv, &nv_program_store, 1, 1, &args, 12), -ENODEV);
	nv_fini(&nv);
}

/* While one channel dies, another of the process is in the middle of its work. */
static void neighbour_channel(void)
{
	uint32_t *flag = nv_anon(PAGE);
	struct nv good, bad;

	nv_init(&good);
	nv_init(&bad);
	spin_launch(&good, flag, flag + 512);
	igt_assert_eq(__nv_store(&bad, NULL, 1), -ENODEV);
	*(volatile uint32_t *)flag = 0x1234;
	igt_assert_eq(__nv_wait(&good), 0);
	igt_assert_eq(flag[512], 0x1234);
	nv_store(&good, flag + 1, 5);
	igt_assert_eq(flag[1], 5);
	nv_fini(&good);
	nv_fini(&bad);
	munmap(flag, PAGE);
}

static void neighbour_process(void)
{
	int ready[2], go[2], status;
	pid_t pid;
	char c;
	struct nv bad;

	igt_assert_eq(pipe(ready), 0);
	igt_assert_eq(pipe(go), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		uint32_t *flag = nv_anon(PAGE);
		struct nv good;

		nv_init(&good);
		spin_launch(&good, flag, flag + 512);
		if (write(ready[1], "r", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(1);
		*(volatile uint32_t *)flag = 77;
		_exit(__nv_wait(&good) || flag[512] != 77);
	}
	igt_assert_eq(read(ready[0], &c, 1), 1);
	nv_init(&bad);
	igt_assert_eq(__nv_store(&bad, NULL, 1), -ENODEV);
	nv_fini(&bad);
	igt_assert_eq(write(go[1], "g", 1), 1);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_f(!status, "neighbour's status 0x%x\n", status);
}

/* How many of 511 pages were written when a kernel went to the one that is bad, too. */
static uint32_t good_pages_written(void)
{
	char *p = nv_anon(BLOCK), *bad = p + 300 * PAGE;
	struct drm_nouveau_fault_entry log[16];
	struct nv nv;
	uint32_t right = 0;
	unsigned int n;

	nv_init(&nv);
	igt_assert_eq(munmap(bad, PAGE), 0);
	igt_assert_eq(__nv_fill(&nv, p, 512, PAGE, 1), -ENODEV);
	for (uint32_t i = 0; i < 512; i++)
		if (i != 300)
			right += *(uint32_t *)(p + i * PAGE) == 1 + i;
	/* cancelled was the access to it, no other */
	n = nv_fault_log(nv.fd, log, 16, NULL);
	igt_assert_lt(0, n);
	while (n--)
		igt_assert_eq(log[n].va & ~(PAGE - 1), (uintptr_t)bad);
	nv_fini(&nv);
	/* and the memory is as usable as ever */
	for (uint32_t i = 0; i < 512; i++)
		if (i != 300)
			*(uint32_t *)(p + i * PAGE) = 9;
	munmap(p, BLOCK);
	return right;
}

/* One page of a block is bad, the others are served. */
static void cancel_precision(void)
{
	uint32_t right = 0;

	/* On a busy machine a warp may not even have begun when another ends the launch. */
	for (unsigned int tries = 0; tries < 10 && right < 511 - 31; tries++) {
		right = good_pages_written();
		igt_info("%u of 511 good pages written\n", right);
	}
	igt_assert_lte(511 - 31, right);
}

static void many_kills(void)
{
	uint32_t word = 0;
	struct nv nv;

	nv_init(&nv);
	for (uint32_t i = 0; i < 20; i++) {
		igt_assert_eq(__nv_store(&nv, (void *)(uintptr_t)(i * PAGE), 1), -ENODEV);
		nv_channel_free(&nv);
		igt_assert_eq(__nv_channel_new(&nv), 0);
		nv_store(&nv, &word, i);
		igt_assert_eq(word, i);
	}
	nv_fini(&nv);
}

static void same_va(void)
{
	/* the same address in parent and child, different data */
	uint32_t *p = nv_anon(16 * PAGE);
	struct nv nv;
	int status;
	pid_t pid = fork();

	igt_assert_lte(0, pid);
	nv_init(&nv);
	for (uint32_t i = 0; i < 10; i++) {
		uint32_t base = pid ? 100 : 5000;

		nv_fill(&nv, p, 16, PAGE, base + i);
		for (uint32_t k = 0; k < 16; k++)
			if (p[k * 1024] != base + i + k && !pid)
				_exit(1);
			else
				igt_assert_eq(p[k * 1024], base + i + k);
	}
	nv_fini(&nv);
	if (!pid)
		_exit(0);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_eq(status, 0);
	munmap(p, 16 * PAGE);
}

/* Killed in the middle of faulting or spinning; gone within a bound. */
static void exit_under_faults(bool spinning)
{
	uint32_t word = 0;
	struct nv nv;

	for (int round = 0; round < 5; round++) {
		int ready[2], status;
		time_t killed;
		pid_t pid;
		char c;

		igt_assert_eq(pipe(ready), 0);
		pid = fork();
		igt_assert_lte(0, pid);
		if (!pid) {
			const uint32_t pages = 16384;
			char *p = nv_anon(pages * PAGE);
			struct { uint64_t p; uint32_t n, stride, v; } args = {
				(uintptr_t)p, pages, PAGE, 1,
			};

			nv_init(&nv);
			if (spinning)
				spin_launch(&nv, (uint32_t *)p, (uint32_t *)p + 1);
			else if (__nv_launch(&nv, &nv_program_fill, pages / 128, 128, &args, 20))
				_exit(1);
			if (write(ready[1], "r", 1) != 1)
				_exit(1);
			pause();
		}
		igt_assert_eq(read(ready[0], &c, 1), 1);
		usleep(2000 * round);
		igt_assert_eq(kill(pid, SIGKILL), 0);
		killed = time(NULL);
		while (!waitpid(pid, &status, WNOHANG)) {
			igt_assert_f(time(NULL) - killed <= 10, "still there 10 s after SIGKILL\n");
			usleep(1000);
		}
		close(ready[0]);
		close(ready[1]);
	}
	/* the GPU is as usable as before */
	nv_init(&nv);
	nv_store(&nv, &word, 3);
	igt_assert_eq(word, 3);
	nv_fini(&nv);
}

/* Unmapped under a running kernel: a reported fault, no hang, nobody else's page. */
static void munmap_under_gpu(void)
{
	uint32_t *p = nv_anon(PAGE), *fresh;
	struct nv nv;

	nv_init(&nv);
	spin_launch(&nv, p, p + 1);
	usleep(20000);
	munmap(p, PAGE);
	igt_assert_eq(__nv_wait(&nv), -ENODEV);
	fresh = nv_anon(PAGE);
	igt_assert_eq(*fresh, 0);
	munmap(fresh, PAGE);
	nv_fini(&nv);
}

static uint64_t vram_used(void)
{
	struct drm_nouveau_getparam req = { .param = NOUVEAU_GETPARAM_VRAM_USED };
	int fd = nv_open_render();

	igt_assert_eq(__nv_ioctl(fd, DRM_IOCTL_NOUVEAU_GETPARAM, &req), 0);
	close(fd);
	return req.value;
}

/* What a client used is all given back. */
static void leak_check(void)
{
	uint64_t before = 0;

	for (int round = 0; round < 6; round++) {
		uint32_t *p = nv_anon(BLOCK);
		struct nv nv;

		nv_init(&nv);
		nv_fill(&nv, p, 512, PAGE, 1);
		nv_migrate(&nv, p, BLOCK, true);
		if (round & 1)
			igt_assert_eq(__nv_store(&nv, NULL, 1), -ENODEV);
		munmap(p, BLOCK);
		nv_fini(&nv);
		usleep(100000);
		/* the first rounds may fill the driver's own pools */
		if (round < 2)
			before = vram_used();
	}
	/* what the last client had is given back behind its exit */
	for (int i = 0; i < 100 && vram_used() != before; i++)
		usleep(50000);
	igt_assert_eq(vram_used(), before);
}

/* More faults than the buffer's entries, in one launch. */
static void overflow(void)
{
	const uint32_t pages = 20000;
	char *p = nv_anon(pages * PAGE);
	struct nv nv;

	nv_init(&nv);
	nv_fill(&nv, p, pages, PAGE, 5);
	for (uint32_t i = 0; i < pages; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 5 + i);
	igt_info("%lld overflows so far\n", nv_counter("fault_overflows"));
	nv_fini(&nv);
	munmap(p, pages * PAGE);
}

/* Eight clients fault at once; all finish with their own data. */
static void multi_process(void)
{
	const uint32_t pages = 1024;

	igt_fork(child, 8) {
		char *p = nv_anon(pages * PAGE);
		struct nv nv;

		nv_init(&nv);
		for (uint32_t round = 0; round < 3; round++) {
			nv_fill(&nv, p, pages, PAGE, child * 100000 + round);
			for (uint32_t i = 0; i < pages; i++)
				igt_assert_eq(*(uint32_t *)(p + i * PAGE),
					      child * 100000 + round + i);
		}
		nv_fini(&nv);
	}
	igt_waitchildren();
}

int igt_main()
{
	static const struct {
		const char *name;
		uintptr_t where;
		bool read;
	} bad[] = {
		{ "bad-va-null-write", 0, false },
		{ "bad-va-null-read", 0, true },
		{ "bad-va-kernel-half", 0xffff888000000000ull, false },
		{ "bad-va-non-canonical", 0x0000900000000000ull, true },
	};
	static const struct {
		const char *name;
		void (*run)(void);
		const char *describe;
	} plain[] = {
		{ "bad-va-unmapped", bad_unmapped, "Memory that is gone" },
		{ "bad-va-sync", bad_sync, "A submission that waits reports the kill" },
		{ "bad-va-neighbour-channel", neighbour_channel,
		  "Another channel of the process finishes its work" },
		{ "bad-va-neighbour-process", neighbour_process,
		  "Another process finishes its work" },
		{ "cancel-precision", cancel_precision, "One bad page among good ones" },
		{ "new-channel-after-kill", many_kills, "Twenty kills, twenty fresh channels" },
		{ "same-va-two-processes", same_va, "Same address, two processes" },
		{ "munmap-under-gpu", munmap_under_gpu, "Unmapped while the GPU reads it" },
		{ "leak-check", leak_check, "VRAM is back where it was" },
		{ "fault-buffer-overflow", overflow, "More faults than entries" },
		{ "multi-process", multi_process, "Eight clients fault at once" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);

	for (unsigned int i = 0; i < ARRAY_LEN(bad); i++) {
		igt_describe("An address without memory kills the channel, which can be replaced");
		igt_subtest(bad[i].name)
			bad_access((void *)bad[i].where, bad[i].read);
	}
	for (unsigned int i = 0; i < ARRAY_LEN(plain); i++) {
		igt_describe(plain[i].describe);
		igt_subtest(plain[i].name)
			plain[i].run();
	}
	igt_describe("SIGKILL while the GPU takes faults");
	igt_subtest("exit-under-faults")
		exit_under_faults(false);
	igt_describe("SIGKILL while a kernel spins");
	igt_subtest("exit-under-spin")
		exit_under_faults(true);
}
