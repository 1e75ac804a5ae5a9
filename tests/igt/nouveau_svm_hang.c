// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm hang
 * Category: Core
 * Functionality: kernels without end, and who must not wait for them
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("An endless kernel holds up nobody but itself");

/* Generous for an emulated CPU; what hangs, hangs for ever. */
#define BOUND_S 10.0

/* Events of the address space, and migration, while a kernel spins on a page of it. */
static void spin_mm(struct nv *nv)
{
	uint32_t *flag = nv_anon(2 * PAGE);
	double start = nv_seconds();

	nv_spin_launch(nv, flag, flag + 1024);
	igt_set_timeout(30, "mm events under a spinning kernel");
	for (uint32_t i = 0; i < 10; i++) {
		char *p = nv_anon(BLOCK);

		nv_pattern(p, BLOCK, i);
		igt_assert_lt(0, nv_migrate(nv, p, BLOCK, true));
		igt_assert_eq(mprotect(p, BLOCK / 2, PROT_READ), 0);
		nv_check_pattern(p, BLOCK, i);
		igt_assert_eq(munmap(p, BLOCK), 0);
	}
	/* and of the very page */
	igt_assert_eq(mprotect(flag, PAGE, PROT_READ), 0);
	igt_assert_eq(mprotect(flag, PAGE, PROT_READ | PROT_WRITE), 0);
	nv_migrate(nv, flag, PAGE, true);
	igt_assert_eq(*(volatile uint32_t *)flag, 0);
	igt_reset_timeout();
	igt_assert_f(nv_seconds() - start < BOUND_S, "%.1f s\n", nv_seconds() - start);
	*(volatile uint32_t *)flag = 1;
	igt_assert_eq(__nv_wait(nv), 0);
	igt_assert_eq(flag[1024], 1);
	munmap(flag, 2 * PAGE);
}

/* The channel goes under its kernel: its fence is over, with no success. */
static void spin_channel_free(struct nv *nv)
{
	uint32_t *flag = nv_anon(2 * PAGE);
	struct drm_nouveau_channel_free req;
	double start = nv_seconds();

	nv_spin_launch(nv, flag, flag + 1024);
	req.channel = nv->channel;
	igt_set_timeout(20, "channel free under a spinning kernel");
	start = nv_seconds();
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &req), 0);
	igt_assert_f(nv_seconds() - start < 1.5, "freed after %.1f s\n", nv_seconds() - start);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	igt_reset_timeout();
	nv_revive(nv);
	nv_store(nv, flag + 2, 5);
	igt_assert_eq(flag[2], 5);
	igt_assert_f(nv_seconds() - start < BOUND_S, "%.1f s\n", nv_seconds() - start);
	igt_assert_eq(flag[1024], 0);
	munmap(flag, 2 * PAGE);
}

/* The waiter is in the kernel when the channel is killed: it comes back. */
static void wait_killed(struct nv *nv)
{
	uint32_t *flag = nv_anon(PAGE);
	pid_t pid;

	nv_spin_launch(nv, flag, flag + 512);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		/* the file is shared, the fence is its own mapping of the same object */
		CHILD_CHECK(__nv_wait(nv) == -ENODEV);
		_exit(0);
	}
	usleep(50000);
	munmap(flag, PAGE);
	igt_set_timeout(20, "a waiter on a killed channel");
	nv_expect_child_ok(pid);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	igt_assert_eq(__nv_bo_wait(&nv->fence), 0);
	igt_reset_timeout();
}

static char task_state(pid_t pid)
{
	char path[32], line[256] = "", state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return '-';
	if (fgets(line, sizeof(line), f)) {
		char *p = strrchr(line, ')');

		if (p)
			sscanf(p + 1, " %c", &state);
	}
	fclose(f);
	return state;
}

/* SIGKILL in the middle of migrations and faults: dead within a second, never stuck. */
static void kill_migrating(struct nv *nv)
{
	for (int round = 0; round < 3; round++) {
		pid_t pid = fork();
		double start;
		int status;

		igt_assert_lte(0, pid);
		if (!pid) {
			struct nv own;
			char *p = nv_anon(8 * BLOCK);

			memset(p, 1, 8 * BLOCK);
			nv_init(&own);
			nv_hammer_launch(&own, p, 1024, 4 * PAGE, 1000000);
			for (;;) {
				nv_migrate(&own, p, 8 * BLOCK, true);
				nv_migrate(&own, p, 8 * BLOCK, false);
			}
		}
		usleep(100000 + 37000 * round);
		kill(pid, SIGKILL);
		start = nv_seconds();
		while (!waitpid(pid, &status, WNOHANG)) {
			igt_assert_f(nv_seconds() - start < BOUND_S, "state %c %.0f s after SIGKILL\n",
				     task_state(pid), BOUND_S);
			usleep(1000);
		}
		igt_assert(WIFSIGNALED(status));
		igt_info("gone after %.3f s\n", nv_seconds() - start);
	}
	(void)nv;
}

/* A client takes faults without end; others get their turn within a bound. */
static void fault_storm(struct nv *nv)
{
	uint32_t *p = nv_anon(64 * PAGE);
	double worst = 0;
	pid_t pid = fork();

	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv storm;
		char *q = nv_anon(1024 * PAGE);

		nv_init(&storm);
		for (;;) {
			nv_fill(&storm, q, 1024, PAGE, 1);
			madvise(q, 1024 * PAGE, MADV_DONTNEED);
		}
	}
	usleep(200000);
	for (uint32_t i = 0; i < 20; i++) {
		double start = nv_seconds();

		madvise(p, 64 * PAGE, MADV_DONTNEED);
		nv_fill(nv, p, 64, PAGE, i);
		start = nv_seconds() - start;
		worst = start > worst ? start : worst;
		for (uint32_t k = 0; k < 64; k++)
			igt_assert_eq(p[k * 1024], i + k);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	igt_info("worst of 20: %.3f s\n", worst);
	igt_assert_f(worst < 3.0, "%.1f s for 64 pages\n", worst);
	munmap(p, 64 * PAGE);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "spin-vs-mm", spin_mm, "Memory changes under a spinning kernel" },
		{ "spin-channel-free", spin_channel_free, "A channel is freed under its kernel" },
		{ "fence-after-kill", wait_killed, "Waiters on a killed channel come back" },
		{ "kill-while-migrating", kill_migrating, "SIGKILL in the middle of migrations" },
		{ "fault-storm-latency", fault_storm, "A client that faults for ever, and another" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
