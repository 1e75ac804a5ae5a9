// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm failpoint
 * Category: Core
 * Functionality: everything the driver calls that may fail, failing once
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"
#include "nv_programs.h"

IGT_TEST_DESCRIPTION("One failure, wherever it is, loses nothing and leaks nothing");

static char knob[128];

static void find_knob(void)
{
	glob_t found;

	igt_require_f(!glob("/sys/kernel/debug/dri/*/fail_at", 0, NULL, &found),
		      "a driver built without NOUVEAU_FAIL_POINTS\n");
	snprintf(knob, sizeof(knob), "%s", found.gl_pathv[0]);
	globfree(&found);
}

static void fail_at(unsigned long long n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", n);
	igt_assert(nv_write_file(knob, text));
}

static bool fail_read(unsigned long long *seen, char where[64])
{
	FILE *f = fopen(knob, "r");
	int failed = 0;

	igt_assert(f);
	where[0] = 0;
	igt_assert_lte(2, fscanf(f, "%llu %d %63s", seen, &failed, where));
	fclose(f);
	return failed;
}

enum { RIGHT, WRONG_DATA = 3, WRONG_ERRNO };

/* What a failure may say. -ENODEV: that its channel died of it. */
static bool is_clear(int err)
{
	return !err || err == -ENOMEM || err == -ENODEV || err == -ENOSPC || err == -EIO ||
	       err == -EBUSY || err == -EAGAIN || err == -ETIMEDOUT;
}

/* The result of a step that may fail, and how. */
static int step(const char *what, int err)
{
	if (is_clear(err))
		return err;
	fprintf(stderr, "%s: errno %d\n", what, -err);
	_exit(WRONG_ERRNO);
}

static void expect_pattern(const char *when, const char *p, uint32_t seed)
{
	if (nv_is_pattern(p, BLOCK, seed))
		return;
	fprintf(stderr, "wrong data %s\n", when);
	_exit(WRONG_DATA);
}

/* Both ways by hand, by faults of the GPU and of the CPU, an atomic. */
static void client_work(struct nv *nv, char *p, uint32_t *shared, uint32_t seed)
{
	const struct { uint64_t p; uint32_t v; } add = { (uintptr_t)shared, 3 };
	uint32_t sum;

	nv_pattern(p, BLOCK, seed);
	step("migrate half", __nv_migrate(nv, p, BLOCK / 2, true, NULL));
	step("load", __nv_load(nv, p + BLOCK - PAGE, &sum));
	expect_pattern("after half of it", p, seed);
	step("migrate all", __nv_migrate(nv, p, BLOCK, true, NULL));
	step("migrate home", __nv_migrate(nv, p, BLOCK, false, NULL));
	expect_pattern("at home", p, seed);
	step("migrate again", __nv_migrate(nv, p, BLOCK, true, NULL));
	expect_pattern("by faults of the CPU", p, seed);
	if (!step("atomic", __nv_run(nv, &nv_program_atomic, 1, 32, &add, 12)) && *shared != 96) {
		fprintf(stderr, "atomics: %u\n", *shared);
		_exit(WRONG_DATA);
	}
	/* what was stored is there if the launch says that it was */
	if (!step("fill", __nv_fill(nv, p, 64, PAGE, seed)))
		for (uint32_t i = 0; i < 64; i++)
			if (*(uint32_t *)(p + i * PAGE) != seed + i)
				_exit(WRONG_DATA);
}

static void client(uint32_t seed)
{
	uint32_t *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	char *p = nv_anon_aligned(BLOCK, BLOCK);
	struct nv nv = { .channel = -1 };

	nv.fd = __nv_open_render();
	if (step("open", nv.fd < 0 ? nv.fd : 0) || step("SVM_INIT", __nv_svm_init(&nv)) ||
	    step("channel", __nv_channel_new(&nv)))
		return;
	client_work(&nv, p, shared, seed);
	nv_fini(&nv);
}

/* The life of a client: what fails is left out, data is right in any case. */
static void life(uint32_t seed, const char *what)
{
	pid_t pid = fork();
	int status;

	igt_assert_lte(0, pid);
	if (!pid) {
		client(seed);
		_exit(RIGHT);
	}
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	/* SIGBUS would be lost data, too */
	igt_assert_f(!status, "%s: status %x\n", what, status);
}

/* Every stride-th point; 1: all, but in a loop over pages only some. */
static void sweep(unsigned long long stride)
{
	unsigned long long n, seen, all, before, step = stride;
	char where[64], last[64] = "";
	unsigned int failed = 0;

	life(1, "before");
	usleep(300000);
	before = nv_vram_used();
	fail_at(0);
	life(2, "counting");
	fail_read(&all, where);
	igt_info("%llu points\n", all);
	igt_assert_lt(20, all);
	for (n = 1; n <= all; n += step) {
		struct nv nv;
		uint32_t word = 0;
		char name[32];

		fail_at(n);
		snprintf(name, sizeof(name), "point %llu", n);
		life((uint32_t)n, name);
		failed += fail_read(&seen, where);
		fail_at(0);
		igt_debug("%llu: %s\n", n, where);
		if (stride == 1)
			step = strcmp(where, last) ? 1 : step < 16 ? step * 2 : 16;
		memcpy(last, where, sizeof(last));
		/* whatever it was, the next client is well */
		if (stride > 1 || !(n % 16)) {
			nv_init(&nv);
			nv_store(&nv, &word, (uint32_t)n);
			igt_assert_eq(word, (uint32_t)n);
			nv_fini(&nv);
		}
	}
	igt_info("%u of them failed in turn\n", failed);
	igt_assert_lt(0, failed);
	usleep(300000);
	igt_assert_lte(nv_vram_used(), before + BLOCK);
}

int igt_main()
{
	igt_fixture() {
		igt_require(__nv_open_render() >= 0);
		find_knob();
	}
	igt_describe("A sample of all points");
	igt_subtest("failpoint-sample")
		sweep(37);
	igt_describe("Every point, one after the other");
	igt_subtest("failpoint-stress")
		sweep(1);
}
