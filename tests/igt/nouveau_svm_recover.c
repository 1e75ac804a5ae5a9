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

#include <linux/dma-buf.h>
#include <linux/sync_file.h>

#include <nvhw/class/clc46f.h>
#include <nvhw/class/clc5b5.h>

#include "nv_ext.h"
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

/* A channel of the engine that brings memory home. */
static int __copy_channel(struct nv *nv)
{
	struct drm_nouveau_channel_alloc req = {
		.fb_ctxdma_handle = ~0u, .tt_ctxdma_handle = NOUVEAU_FIFO_ENGINE_CE,
	};
	int err = __nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &req);

	nv->channel = err ? -1 : req.channel;
	return err;
}

static void stop_copies_for_ever(void)
{
	struct drm_nouveau_channel_free req;
	struct nv nv;

	nv_init(&nv);
	req.channel = nv.channel;
	for (unsigned int i = 0;; i++) {
		CHILD_CHECK(!__nv_ioctl(nv.fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &req));
		CHILD_CHECK(!__copy_channel(&nv));
		req.channel = nv.channel;
		(i & 1 ? bad_copy : bad_launch)(&nv);
		CHILD_CHECK(__nv_wait(&nv) == -ENODEV);
	}
}

/* The engine the driver migrates with is stopped by clients of it all the time. */
static void beside_migrations(struct nv *nv)
{
	long long timeouts = nv_counter("removal_timeouts"), killed = nv_counter("channels_killed");
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	pid_t pid = fork();
	int status;

	igt_assert_lte(0, pid);
	if (!pid)
		stop_copies_for_ever();
	for (uint32_t i = 0; i < 16 || nv_counter_since("channels_killed", killed) < 16; i++) {
		nv_pattern(p, BLOCK, i);
		nv_migrate(nv, p, BLOCK, true);
		if (i & 1)
			nv_migrate(nv, p, BLOCK, false);
		nv_check_pattern(p, BLOCK, i);
	}
	igt_assert_eq(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_eq(nv_counter_since("removal_timeouts", timeouts), 0);
	munmap(p, BLOCK);
}

#define JOB_TIMEOUT "/sys/module/nouveau/parameters/job_timeout_ms"

/* The fence of all that uses @bo, to look at when it is over. */
static int bo_sync_file(struct nv *nv, const struct nv_bo *bo)
{
	struct drm_prime_handle prime = { .handle = bo->handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	struct dma_buf_export_sync_file fence = { .flags = DMA_BUF_SYNC_RW };

	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	igt_assert_eq(__nv_ioctl(prime.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &fence), 0);
	close(prime.fd);
	return fence.fd;
}

static int sync_status(int fd)
{
	struct sync_file_info info = { };

	igt_assert_eq(__nv_ioctl(fd, SYNC_IOC_FILE_INFO, &info), 0);
	return info.status;
}

/* A kernel without end is ended, the fence of its buffers says so, others go on. */
static void job_timeout(struct nv *nv)
{
	uint32_t *flag = nv_anon(4 * PAGE);
	struct nv limited = *nv;
	double start;
	int fence;

	igt_require(nv_write_file(JOB_TIMEOUT, "400"));
	igt_assert_eq(__nv_channel_new(&limited), 0);
	igt_assert(nv_write_file(JOB_TIMEOUT, "60000"));
	/* beside it the same by somebody who has the time */
	nv_spin_launch(nv, flag, flag + 1024);
	start = nv_seconds();
	nv_spin_launch(&limited, flag + 2048, flag + 3072);
	fence = bo_sync_file(&limited, &limited.fence);
	igt_assert_eq(sync_status(fence), 0);
	igt_assert_eq(__nv_wait(&limited), -ENODEV);
	igt_assert_lte(0.4, nv_seconds() - start);
	igt_assert(nv_seconds() - start < 8);
	igt_assert_eq(sync_status(fence), -ETIME);
	igt_assert_eq(__nv_store(&limited, flag + 1, 1), -ENODEV);
	close(fence);
	nv_channel_free(&limited);
	*(volatile uint32_t *)flag = 7;
	igt_assert_eq(__nv_wait(nv), 0);
	igt_assert_eq(flag[1024], 7);
	munmap(flag, 4 * PAGE);
}

/* Whatever a job dies of, the fence of its buffers says that it did. */
static void fence_errors(struct nv *nv)
{
	uint32_t *flag = nv_anon(2 * PAGE);

	/* from the second on: a launch would wait for the one before it */
	for (unsigned int i = 1; i < ARRAY_LEN(mistakes); i++) {
		struct nv bad = *nv;
		struct nv_bo launch;
		int fence, status;

		*flag = 0;
		igt_assert_eq(__nv_channel_new(&bad), 0);
		nv_spin_launch(&bad, flag, flag + 1024);
		/* the launch may not have been fetched yet: what follows goes elsewhere */
		launch = bad.push;
		nv_bo_init(bad.fd, &bad.push, launch.size, NOUVEAU_GEM_DOMAIN_GART |
			   NOUVEAU_GEM_DOMAIN_MAPPABLE);
		mistakes[i](&bad);
		fence = bo_sync_file(&bad, &bad.fence);
		igt_assert_eq(sync_status(fence), 0);
		*(volatile uint32_t *)flag = 1;
		igt_assert_eq(__nv_wait(&bad), -ENODEV);
		status = sync_status(fence);
		igt_assert_f(status == -EIO || status == -EFAULT, "mistake %u: %d\n", i, status);
		close(fence);
		nv_channel_free(&bad);
		nv_bo_fini(&launch);
	}
	munmap(flag, 2 * PAGE);
}

/*
 * For a GPU whose copies fail or hang (--inject). Data is where it was or where it
 * should be; what was promised a fence has one that tells.
 */
static void copies_fail(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	long long resets = nv_counter("engine_resets"), retries = nv_counter("copy_retries");
	unsigned int failed = 0;
	uint32_t i;

	nv_write_file("/sys/module/nouveau/parameters/copy_timeout_ms", "300");
	/* Until one has failed, which depends on how many copies there are in a round. */
	for (i = 0; i < 60 || (i < 1000 && !nv_counter_since("copy_retries", retries)); i++) {
		nv_ext ext = { };
		int status;

		nv_pattern(p, BLOCK, i);
		ext.flags = NOUVEAU_SVM_BIND_EXT_ASYNC;
		ext.syncobj = nv_syncobj(nv->fd);
		igt_assert_eq(__nv_bind(nv->fd, p, BLOCK, true, &ext, NULL), 0);
		igt_assert_eq(__nv_syncobj_wait(nv->fd, ext.syncobj, 0, 20000), 0);
		status = nv_syncobj_status(nv->fd, ext.syncobj);
		igt_assert_f(status == 1 || status == -EIO || status == -ETIMEDOUT, "%d\n", status);
		failed += status != 1;
		nv_syncobj_del(nv->fd, ext.syncobj);
		if (i & 1)
			igt_assert(nv_is_pattern(p, BLOCK, i));
		igt_assert_eq(nv_sum(nv, p, 1, 4), *(volatile uint32_t *)p);
		nv_check_pattern(p, BLOCK, i);
	}
	nv_write_file("/sys/module/nouveau/parameters/copy_timeout_ms", "10000");
	igt_info("%u of %u failed, %lld copies tried again, %lld resets\n", failed, i,
		 nv_counter("copy_retries") - retries, nv_counter("engine_resets") - resets);
	igt_assert_lt(0, nv_counter("copy_retries") - retries);
	munmap(p, BLOCK);
}

/*
 * For a GPU on which no copy ever works (--inject ce-error=p100). What is queued fails
 * with an error in its fence and in its counts, what is behind it goes on, and memory
 * is where it was.
 */
static void binds_fail(struct nv *nv)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK), *hole = nv_anon(BLOCK);
	nv_ext ext[3] = { };

	nv_pattern(p, BLOCK, 9);
	munmap(hole, BLOCK);
	for (unsigned int i = 0; i < 3; i++) {
		ext[i].flags = NOUVEAU_SVM_BIND_EXT_ASYNC;
		ext[i].syncobj = nv_syncobj(nv->fd);
		igt_assert_eq(__nv_bind(nv->fd, i == 1 ? hole : p, BLOCK, true, &ext[i], NULL), 0);
	}
	for (unsigned int i = 0; i < 3; i++) {
		int want = i == 1 ? 0 : -EIO;

		igt_assert_eq(__nv_syncobj_wait(nv->fd, ext[i].syncobj, 0, 20000), 0);
		igt_assert_eq(nv_syncobj_status(nv->fd, ext[i].syncobj), want ?: 1);
		igt_assert_eq(ext[i].status, want);
		igt_assert_eq(ext[i].moved, 0);
		nv_syncobj_del(nv->fd, ext[i].syncobj);
	}
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	nv_check_pattern(p, BLOCK, 9);
	igt_assert_eq(nv_load(nv, p + 5 * PAGE), *(uint32_t *)(p + 5 * PAGE));
	munmap(p, BLOCK);
}

/*
 * For a GPU whose LCE3, which brings pages home, is broken for good
 * (--inject ce3-error=p100). What only VRAM has comes home all the same.
 */
static void engine_broken(struct nv *nv)
{
	char *p = nv_thp(2 * BLOCK);
	long long cpu = nv_counter("pages_by_cpu");

	nv_pattern(p, 2 * BLOCK, 3);
	igt_assert_eq(nv_migrate(nv, p, 2 * BLOCK, true), 1024);
	nv_fill(nv, p, 1024, PAGE, 70);
	/* by the CPU's fault, by address, and as the first part of a folio */
	igt_assert_eq(*(uint32_t *)(p + 5 * PAGE), 75);
	igt_assert_lt(0, nv_migrate(nv, p + BLOCK + 16 * PAGE, 16 * PAGE, false));
	igt_assert_eq(nv_pages_in_vram(p + BLOCK + 16 * PAGE, 16 * PAGE), 0);
	for (uint32_t i = 0; i < 1024; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 70 + i);
	igt_assert_eq(*(uint32_t *)(p + 7 * PAGE + 8),
		      (uint32_t)((7 * 1024 + 2) * 2654435761u) ^ (3 * 0x9e3779b9u));
	igt_assert_eq(nv_counter_since("pages_by_cpu", cpu), 1024);
	munmap(p, 2 * BLOCK);
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
		{ "recover-beside-migrations", beside_migrations, "Migrations beside clients that stop the copy engine" },
		{ "recover-fence-errors", fence_errors, "Fences of jobs that err" },
		{ "recover-job-timeout", job_timeout, "A kernel that never ends" },
		{ "recover-inject-engine", engine_broken, "No copy engine brings pages home (--inject)" },
		{ "recover-inject-binds", binds_fail, "No copy works: queued requests fail (--inject)" },
		{ "recover-inject-copies", copies_fail, "Copies that fail or hang (--inject)" },
		{ "recover-together-stress", together_long, "The same, a thousand times" },
		{ "recover-beside-stress", beside_long, "The same, a thousand deaths" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
