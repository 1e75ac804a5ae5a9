// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm recover
 * Category: Core
 * Functionality: whoever breaks an engine or Host, nobody else notices
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nvhw/class/clc46f.h>
#include <nvhw/class/clc5b5.h>

#include "nv_igt.h"
#include "nv_mm.h"
#include "nv_programs.h"

IGT_TEST_DESCRIPTION("Channels die of their own mistakes, one by one; all others go on");

#define COMPUTE	1
#define COPY	4
#define PAGES	64u

/* What a channel can die of: one for each unit that notices. All are queued, not waited for. */
static void bad_address(struct nv *nv)
{
	const struct { uint64_t p; uint32_t v; } args = { 0x1000, 1 };

	__nv_launch(nv, &nv_program_store, 1, 1, &args, 12);
}

static void no_such_subchannel(struct nv *nv)	/* PBDMA: DEVICE */
{
	nv_put1(nv, 6, 0x200, 1);
	__nv_submit(nv);
}

static void no_such_class(struct nv *nv)	/* GR's front end */
{
	nv_put1(nv, COMPUTE, NVC46F_SET_OBJECT, 0xdead);
	__nv_submit(nv);
}

static void bad_launch(struct nv *nv)		/* copy engine: LAUNCHERR */
{
	nv_put1(nv, COPY, NVC5B5_LAUNCH_DMA, 0xf8000000);
	__nv_submit(nv);
}

static void bad_copy(struct nv *nv)		/* copy engine: MMU fault */
{
	__nv_copy_launch(nv, 0x1000, 0x2000, PAGE);
}

static void (*const mistakes[])(struct nv *nv) = {
	bad_address, no_such_subchannel, no_such_class, bad_launch, bad_copy,
};

/* Two channels of one client, each with a mistake; both die of it, and soon. */
static void two_at_once(struct nv *nv, unsigned int rounds)
{
	const unsigned int kinds = ARRAY_LEN(mistakes);
	long long timeouts = nv_counter("removal_timeouts"), killed = nv_counter("channels_killed");

	for (unsigned int i = 0; i < rounds; i++) {
		struct nv two[2] = { *nv, *nv };

		for (int c = 0; c < 2; c++)
			igt_assert_eq(__nv_channel_new(&two[c]), 0);
		mistakes[i % kinds](&two[0]);
		mistakes[i / kinds % kinds](&two[1]);
		for (int c = 0; c < 2; c++) {
			igt_assert_eq(__nv_wait(&two[c]), -ENODEV);
			nv_channel_free(&two[c]);
		}
	}
	igt_assert_eq(nv_counter_since("removal_timeouts", timeouts), 0);
	igt_assert_eq(nv_counter_since("channels_killed", killed), 2 * rounds);
}

static void together(struct nv *nv)
{
	two_at_once(nv, ARRAY_LEN(mistakes) * ARRAY_LEN(mistakes));
}

static void together_long(struct nv *nv)
{
	two_at_once(nv, 40 * ARRAY_LEN(mistakes) * ARRAY_LEN(mistakes));
}

/* Channels come, err and go, until killed; the pipe counts them. */
static void err_for_ever(unsigned int first, int out)
{
	struct nv nv;

	nv_init(&nv);
	for (unsigned int i = first;; i++) {
		char one = 1;

		mistakes[i % ARRAY_LEN(mistakes)](&nv);
		CHILD_CHECK(__nv_wait(&nv) == -ENODEV);
		CHILD_CHECK(write(out, &one, 1) == 1);
		nv_revive(&nv);
	}
}

/* Computes with its SMs, or copies with GR's copy engine, and looks at all of it. */
static void innocent(struct nv *nv, bool copies, uint32_t *p, uint32_t seed)
{
	uint32_t *q = p + PAGES * 1024;

	if (copies) {
		nv_pattern(p, PAGES * PAGE, seed);
		nv_copy(nv, q, p, PAGES * PAGE);
		nv_check_pattern(q, PAGES * PAGE, seed);
		return;
	}
	nv_fill(nv, p, PAGES, PAGE, seed);
	igt_assert_eq(nv_sum(nv, p, PAGES, PAGE), PAGES * seed + PAGES * (PAGES - 1) / 2);
}

static void innocent_until(int deaths, unsigned int want, bool copies)
{
	uint32_t *p = nv_anon(2 * PAGES * PAGE), rounds = 0;
	unsigned int seen = 0;
	struct nv nv;

	nv_init(&nv);
	for (; seen < want; rounds++) {
		char some[64];
		ssize_t n;

		innocent(&nv, copies, p, rounds);
		n = read(deaths, some, sizeof(some));
		igt_assert(n > 0 || (n < 0 && errno == EAGAIN));
		seen += n > 0 ? n : 0;
	}
	/* and the engine is as good as new */
	innocent(&nv, copies, p, rounds);
	igt_info("%u deaths beside %u rounds of %s\n", seen, rounds, copies ? "copies" : "kernels");
	nv_fini(&nv);
	munmap(p, 2 * PAGES * PAGE);
}

static void beside(unsigned int deaths, bool copies)
{
	long long timeouts = nv_counter("removal_timeouts");
	pid_t guilty[2];
	int fds[2];

	igt_assert_eq(pipe2(fds, O_NONBLOCK), 0);
	for (unsigned int i = 0; i < 2; i++) {
		guilty[i] = fork();
		igt_assert_lte(0, guilty[i]);
		if (!guilty[i])
			err_for_ever(i * 2, fds[1]);
	}
	close(fds[1]);
	innocent_until(fds[0], deaths, copies);
	for (unsigned int i = 0; i < 2; i++) {
		int status;

		igt_assert_eq(waitpid(guilty[i], &status, WNOHANG), 0);
		kill(guilty[i], SIGKILL);
		igt_assert_eq(waitpid(guilty[i], &status, 0), guilty[i]);
	}
	close(fds[0]);
	igt_assert_eq(nv_counter_since("removal_timeouts", timeouts), 0);
}

static void beside_kernels(struct nv *nv)
{
	(void)nv;
	beside(20, false);
}

static void beside_copies(struct nv *nv)
{
	(void)nv;
	beside(20, true);
}

static void beside_long(struct nv *nv)
{
	(void)nv;
	for (int i = 0; i < 10; i++)
		beside(100, i & 1);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "recover-together", together, "Two channels err at once, in every combination" },
		{ "recover-beside-kernels", beside_kernels, "Kernels beside channels that err" },
		{ "recover-beside-copies", beside_copies, "Copies beside channels that err" },
		{ "recover-together-stress", together_long, "The same, a thousand times" },
		{ "recover-beside-stress", beside_long, "The same, a thousand deaths" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
