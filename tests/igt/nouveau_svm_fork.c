// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm fork
 * Category: Core
 * Functionality: memory shared by processes, and processes that replace themselves
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Pages outlive and outnumber the process that put them in VRAM");

/* The child writes first, what it shares being in VRAM; then both have their own. */
static void child_writes(struct nv *nv)
{
	char *p = nv_anon(128 * PAGE);
	int go[2];
	pid_t pid;
	char c;

	igt_assert_eq(pipe(go), 0);
	nv_pattern(p, 128 * PAGE, 1);
	nv_migrate(nv, p, 128 * PAGE, true);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		for (uint32_t i = 0; i < 128; i += 3)
			*(uint32_t *)(p + i * PAGE) = i;
		CHILD_CHECK(write(go[1], "w", 1) == 1);
		pause();
	}
	igt_assert_eq(read(go[0], &c, 1), 1);
	/* nothing of it has reached us, seen by GPU, then CPU */
	for (uint32_t i = 0; i < 128; i += 16)
		igt_assert_eq(nv_load(nv, p + i * PAGE), (uint32_t)(i * 1024 * 2654435761u) ^
							 0x9e3779b9u);
	nv_check_pattern(p, 128 * PAGE, 1);
	nv_fill(nv, p, 128, PAGE, 5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (uint32_t i = 0; i < 128; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 5 + i);
	munmap(p, 128 * PAGE);
	close(go[0]);
	close(go[1]);
}

/* The child has a client of its own; it uses what the parent left in VRAM. */
static void child_gpu(struct nv *nv)
{
	char *p = nv_anon(BLOCK);
	pid_t pid;

	nv_fill(nv, p, 512, PAGE, 300);
	nv_migrate(nv, p, BLOCK, true);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;

		nv_init(&own);
		CHILD_CHECK(nv_sum(&own, p, 512, PAGE) == 512 * 300 + 511 * 256);
		nv_fill(&own, p, 512, PAGE, 1);
		for (uint32_t i = 0; i < 512; i++)
			CHILD_CHECK(*(uint32_t *)(p + i * PAGE) == 1 + i);
		nv_fini(&own);
		_exit(0);
	}
	for (uint32_t i = 0; i < 8; i++)
		igt_assert_eq(nv_sum(nv, p, 512, PAGE), 512 * 300 + 511 * 256);
	nv_expect_child_ok(pid);
	for (uint32_t i = 0; i < 512; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 300 + i);
	munmap(p, BLOCK);
}

/* Three generations: the ones in the middle exit, the last still has the data. */
static void orphans(void)
{
	int said[2], status;
	pid_t pid;
	char c = 0;

	igt_assert_eq(pipe(said), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv nv;
		char *p = nv_anon(BLOCK);

		nv_init(&nv);
		nv_pattern(p, BLOCK, 3);
		CHILD_CHECK(nv_migrate(&nv, p, BLOCK, true) == 512);
		if (!fork()) {
			/* the file and its mirror are gone with the parent */
			close(nv.fd);
			while (getppid() != 1)
				usleep(1000);
			usleep(20000);
			c = nv_is_pattern(p, BLOCK, 3) ? 'y' : 'n';
			CHILD_CHECK(write(said[1], &c, 1) == 1);
			_exit(0);
		}
		_exit(0);
	}
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_eq(status, 0);
	close(said[1]);
	igt_assert_eq(read(said[0], &c, 1), 1);
	igt_assert_eq(c, 'y');
	close(said[0]);
}

/* Many children, each looks and leaves, while the GPU goes on writing. */
static void many_children(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE);

	nv_fill(nv, p, 64, PAGE, 1);
	nv_migrate(nv, p, 64 * PAGE, true);
	for (uint32_t round = 0; round < 8; round++) {
		pid_t pid = fork();

		igt_assert_lte(0, pid);
		if (!pid) {
			for (uint32_t i = 0; i < 64; i++)
				CHILD_CHECK(*(uint32_t *)(p + i * PAGE) == 1 + round + i);
			_exit(0);
		}
		nv_fill(nv, p, 64, PAGE, 2 + round);
		if (round & 1)
			nv_migrate(nv, p, 64 * PAGE, true);
		nv_expect_child_ok(pid);
	}
	for (uint32_t i = 0; i < 64; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 9 + i);
	munmap(p, 64 * PAGE);
}

/* MADV_DONTFORK and MADV_WIPEONFORK with pages in VRAM. */
static void fork_advice(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE);
	pid_t pid;

	nv_pattern(p, 64 * PAGE, 6);
	nv_migrate(nv, p, 64 * PAGE, true);
	igt_assert_eq(madvise(p, 16 * PAGE, MADV_DONTFORK), 0);
	igt_assert_eq(madvise(p + 16 * PAGE, 16 * PAGE, MADV_WIPEONFORK), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		unsigned char vec;

		CHILD_CHECK(mincore(p, PAGE, &vec) && errno == ENOMEM);
		for (uint32_t i = 16; i < 32; i++)
			CHILD_CHECK(!*(uint32_t *)(p + i * PAGE));
		CHILD_CHECK(*(uint32_t *)(p + 40 * PAGE) == ((uint32_t)(40 * 1024 * 2654435761u) ^
							    (6 * 0x9e3779b9u)));
		_exit(0);
	}
	igt_assert_eq(nv_load(nv, p + 4), 2654435761u ^ (6 * 0x9e3779b9u));
	nv_expect_child_ok(pid);
	nv_check_pattern(p, 64 * PAGE, 6);
	munmap(p, 64 * PAGE);
}

/*
 * A process replaces itself under a running kernel. Its file lives on here: the
 * kernel is killed, the fence tells, and the mirror of the old address space is
 * of no use to anybody.
 */
static void exec_busy(void)
{
	struct nv *nv = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = nv_open_render(), ready[2], status;
	pid_t pid;
	char c;

	igt_assert_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		char *p = nv_anon(BLOCK);

		nv->fd = fd;
		CHILD_CHECK(!__nv_svm_init(nv) && !__nv_channel_new(nv));
		nv_pattern(p, BLOCK, 1);
		nv_migrate(nv, p, BLOCK / 2, true);
		*(uint32_t *)(p + BLOCK - PAGE) = 0;
		nv_spin_launch(nv, p + BLOCK - PAGE, p + BLOCK - 8);
		usleep(10000);
		execlp("sleep", "sleep", "1", NULL);
		_exit(1);
	}
	/* execve closes it */
	close(ready[1]);
	igt_assert_eq(read(ready[0], &c, 1), 0);
	nv->fence.map = mmap(NULL, nv->fence.size, PROT_READ, MAP_SHARED, fd,
			     (off_t)nv->fence.map_handle);
	igt_assert(nv->fence.map != MAP_FAILED);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	igt_assert(__nv_migrate(nv, nv, PAGE, true, NULL) < 0);
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_eq(status, 0);
	close(fd);
	close(ready[0]);
	munmap(nv, PAGE);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "cow-in-device", child_writes, "A child writes to what it shares in VRAM" },
		{ "fork-child-gpu", child_gpu, "Parent's pages in VRAM, child's own client" },
		{ "fork-many-vram", many_children, "A child a round while the GPU writes" },
		{ "fork-advice-vram", fork_advice, "Not inherited, or wiped" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
	igt_describe("Pages in VRAM survive the process that put them there");
	igt_subtest("fork-orphan-vram")
		orphans();
	igt_describe("execve under a running kernel ends it cleanly");
	igt_subtest("exec-busy")
		exec_busy();
}
