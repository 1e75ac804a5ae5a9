// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm mm
 * Category: Core
 * Functionality: MMU notifiers and kinds of memory
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
#include "nv_svm.h"

IGT_TEST_DESCRIPTION("What the CPU does to its address space, the GPU sees");

/* A child's exit code is its verdict. */
#define CHILD_CHECK(cond) do { if (!(cond)) _exit(1); } while (0)

static void expect_child_ok(pid_t pid)
{
	int status;

	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_f(WIFEXITED(status) && !WEXITSTATUS(status), "child status 0x%x\n", status);
}

static void prot_read(struct nv *nv)
{
	uint32_t *p = nv_anon(2 * PAGE);

	p[0] = 5;
	igt_assert_eq(mprotect(p, PAGE, PROT_READ), 0);
	igt_assert_eq(nv_load(nv, p), 5);
	igt_assert_eq(__nv_store(nv, p, 6), -19 /* ENODEV */);
	igt_assert_eq(p[0], 5);
	nv_channel_free(nv);
	igt_assert_eq(__nv_channel_new(nv), 0);
	igt_assert_eq(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	nv_store(nv, p, 7);
	igt_assert_eq(p[0], 7);
	munmap(p, 2 * PAGE);
}

static void protect_after_use(struct nv *nv)
{
	uint32_t *p = nv_anon(BLOCK);

	nv_fill(nv, p, 512, PAGE, 1);
	igt_assert_eq(mprotect((char *)p + 100 * PAGE, PAGE, PROT_READ), 0);
	/* the neighbours are still writable */
	nv_store(nv, (char *)p + 99 * PAGE, 42);
	nv_store(nv, (char *)p + 101 * PAGE, 43);
	igt_assert_eq(__nv_store(nv, (char *)p + 100 * PAGE, 44), -19);
	igt_assert_eq(*(uint32_t *)((char *)p + 100 * PAGE), 101);
	munmap(p, BLOCK);
}

static void unmap_and_map(struct nv *nv)
{
	uint32_t *p = nv_anon(16 * PAGE);

	nv_fill(nv, p, 16, PAGE, 1);
	igt_assert(mmap(p, 16 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)p);
	igt_assert_eq(nv_sum(nv, p, 16, PAGE), 0);
	nv_fill(nv, p, 16, PAGE, 100);
	for (uint32_t i = 0; i < 16; i++)
		igt_assert_eq(p[i * 1024], 100 + i);
	munmap(p, 16 * PAGE);
}

static void dontneed(struct nv *nv, bool in_vram)
{
	uint32_t *p = nv_anon(64 * PAGE);

	nv_fill(nv, p, 64, PAGE, 1);
	if (in_vram)
		nv_migrate(nv, p, 64 * PAGE, true);
	igt_assert_eq(madvise((char *)p + 16 * PAGE, 16 * PAGE, MADV_DONTNEED), 0);
	igt_assert_eq(nv_sum(nv, (char *)p + 16 * PAGE, 16, PAGE), 0);
	igt_assert_eq(nv_sum(nv, p, 64, PAGE), 64 * 65 / 2 - (17 + 32) * 16 / 2);
	munmap(p, 64 * PAGE);
}

/* Pages go while they are being mapped: what the GPU then has is what the CPU has. */
static void dontneed_busy(struct nv *nv)
{
	uint32_t *p = nv_anon(64 * PAGE);
	const struct { uint64_t p; uint32_t n, stride, v; } args = {
		(uintptr_t)p, 64, PAGE, 1,
	};

	for (uint32_t round = 0; round < 60; round++) {
		igt_assert_eq(__nv_launch(nv, &nv_program_fill, 1, 64, &args, 20), 0);
		for (int i = 0; i < 500 &&
		     *(volatile uint32_t *)nv->fence.map != nv->sequence; i++) {
			igt_assert_eq(madvise(p, 64 * PAGE, MADV_DONTNEED), 0);
			usleep(20 * (i % 8));
		}
		igt_assert_eq(__nv_wait(nv), 0);
		nv_fill(nv, p, 64, PAGE, round * 1000);
		for (uint32_t i = 0; i < 64; i++)
			igt_assert_eq(p[i * 1024], round * 1000 + i);
	}
	munmap(p, 64 * PAGE);
}

static void move(struct nv *nv, bool in_vram)
{
	uint32_t *p = nv_anon(32 * PAGE), *to = nv_anon(32 * PAGE), *q;

	nv_fill(nv, p, 32, PAGE, 500);
	if (in_vram)
		nv_migrate(nv, p, 32 * PAGE, true);
	q = mremap(p, 32 * PAGE, 32 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	igt_assert(q == to);
	igt_assert_eq(nv_sum(nv, q, 32, PAGE), 32 * 500 + 31 * 32 / 2);
	nv_store(nv, q, 1);
	for (uint32_t i = 1; i < 32; i++)
		igt_assert_eq(q[i * 1024], 500 + i);
	igt_assert_eq(q[0], 1);
	munmap(q, 32 * PAGE);
}

/* The child reads what the GPU wrote; its writes do not reach the parent's GPU. */
static void fork_read(struct nv *nv, bool in_vram, bool after)
{
	uint32_t *p = nv_anon(64 * PAGE);
	pid_t pid;

	nv_fill(nv, p, 64, PAGE, 900);
	if (in_vram)
		nv_migrate(nv, p, 64 * PAGE, true);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		for (uint32_t i = 0; i < 64; i++)
			CHILD_CHECK(p[i * 1024] == 900 + i);
		for (uint32_t i = 0; i < 64; i++)
			p[i * 1024] = 1;
		_exit(0);
	}
	if (!after)
		nv_fill(nv, p, 64, PAGE, 2000);
	expect_child_ok(pid);
	if (after)
		nv_fill(nv, p, 64, PAGE, 2000);
	for (uint32_t i = 0; i < 64; i++)
		igt_assert_eq(p[i * 1024], 2000 + i);
	igt_assert_eq(nv_sum(nv, p, 64, PAGE), 64 * 2000 + 63 * 64 / 2);
	munmap(p, 64 * PAGE);
}

/* The parent writes by GPU while the child lives: the child keeps the old data. */
static void fork_cow(struct nv *nv, bool in_vram)
{
	uint32_t *p = nv_anon(64 * PAGE);
	int go[2];
	pid_t pid;
	char c;

	nv_fill(nv, p, 64, PAGE, 10);
	if (in_vram)
		nv_migrate(nv, p, 64 * PAGE, true);
	igt_assert_eq(pipe(go), 0);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		CHILD_CHECK(read(go[0], &c, 1) == 1);
		for (uint32_t i = 0; i < 64; i++)
			CHILD_CHECK(p[i * 1024] == 10 + i);
		_exit(0);
	}
	/* a read first, so that the shared pages are what is mapped */
	igt_assert_eq(nv_sum(nv, p, 64, PAGE), 64 * 10 + 63 * 64 / 2);
	nv_fill(nv, p, 64, PAGE, 7000);
	igt_assert_eq(write(go[1], "x", 1), 1);
	expect_child_ok(pid);
	for (uint32_t i = 0; i < 64; i++)
		igt_assert_eq(p[i * 1024], 7000 + i);
	close(go[0]);
	close(go[1]);
	munmap(p, 64 * PAGE);
}

/* An inherited file is of no use to the child: its mm is another one. */
static void fork_inherited(struct nv *nv)
{
	uint32_t *p = nv_anon(PAGE);
	pid_t pid;

	nv_store(nv, p, 1);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		CHILD_CHECK(__nv_migrate(nv, p, PAGE, true, NULL) < 0);
		_exit(0);
	}
	expect_child_ok(pid);
	nv_store(nv, p, 2);
	igt_assert_eq(*p, 2);
	munmap(p, PAGE);
}

static int temp_file(size_t bytes, uint32_t value)
{
	char path[] = "/tmp/nv-igt-XXXXXX";
	int fd = mkstemp(path);

	igt_assert_lte(0, fd);
	unlink(path);
	for (size_t i = 0; i < bytes / 4; i++) {
		uint32_t v = value + i;

		igt_assert_eq(write(fd, &v, 4), 4);
	}
	return fd;
}

static void file_read(struct nv *nv)
{
	int fd = temp_file(8 * PAGE, 3000);
	uint32_t *p = mmap(NULL, 8 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	igt_assert(p != MAP_FAILED);
	for (uint32_t i = 0; i < 8; i++)
		igt_assert_eq(nv_load(nv, p + i * 1024), 3000 + i * 1024);
	munmap(p, 8 * PAGE);
	close(fd);
}

static void file_write(struct nv *nv)
{
	int fd = temp_file(8 * PAGE, 0);
	uint32_t *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint32_t v;

	igt_assert(p != MAP_FAILED);
	nv_fill(nv, p, 8, PAGE, 600);
	igt_assert_eq(msync(p, 8 * PAGE, MS_SYNC), 0);
	for (uint32_t i = 0; i < 8; i++) {
		igt_assert_eq(pread(fd, &v, 4, i * PAGE), 4);
		igt_assert_eq(v, 600 + i);
	}
	munmap(p, 8 * PAGE);
	close(fd);
}

static void file_private(struct nv *nv)
{
	int fd = temp_file(8 * PAGE, 0);
	uint32_t *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	uint32_t v;

	igt_assert(p != MAP_FAILED);
	/* a read maps the file's own page */
	igt_assert_eq(nv_load(nv, p + 1024), 1024);
	nv_fill(nv, p, 4, PAGE, 600);
	nv_migrate(nv, p, 8 * PAGE, true);
	for (uint32_t i = 0; i < 8; i++)
		igt_assert_eq(p[i * 1024], i < 4 ? 600 + i : i * 1024);
	igt_assert_eq(pread(fd, &v, 4, PAGE), 4);
	igt_assert_eq(v, 1024);
	munmap(p, 8 * PAGE);
	close(fd);
}

static void shmem(struct nv *nv)
{
	int fd = memfd_create("nv-igt", 0);
	uint32_t *p, *q;

	igt_assert_lte(0, fd);
	igt_assert_eq(ftruncate(fd, 64 * PAGE), 0);
	p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	igt_assert(p != MAP_FAILED && q != MAP_FAILED);
	nv_fill(nv, p, 64, PAGE, 40);
	/* shared memory stays where others can see it */
	nv_migrate(nv, p, 64 * PAGE, true);
	igt_assert_eq(nv_pages_in_vram(p, 64 * PAGE), 0);
	for (uint32_t i = 0; i < 64; i++)
		igt_assert_eq(q[i * 1024], 40 + i);
	q[0] = 99;
	igt_assert_eq(nv_load(nv, p), 99);
	munmap(p, 64 * PAGE);
	munmap(q, 64 * PAGE);
	close(fd);
}

int igt_main()
{
	static const struct {
		const char *name;
		void (*run)(struct nv *nv);
		const char *describe;
	} plain[] = {
		{ "prot-read-gpu-write", prot_read,
		  "A GPU write to PROT_READ memory kills its channel; mprotect lets it in" },
		{ "mprotect-after-use", protect_after_use,
		  "Write protection in the middle of a mapped block takes effect" },
		{ "remap-same-va", unmap_and_map, "New memory at an old address is the new one" },
		{ "madvise-dontneed-busy", dontneed_busy, "Pages dropped while they are mapped" },
		{ "fork-inherited-file", fork_inherited,
		  "A child cannot use its parent's mirror" },
		{ "file-read-only", file_read, "A read-only shared file mapping" },
		{ "file-shared-write", file_write, "GPU writes reach the file" },
		{ "file-private-dirty", file_private, "A private file mapping, partly written" },
		{ "shmem", shmem, "Shared memory, seen through two mappings" },
	};
	struct nv nv;

	igt_fixture()
		igt_require(__nv_open_render() >= 0);

	for (unsigned int i = 0; i < ARRAY_LEN(plain); i++) {
		igt_describe(plain[i].describe);
		igt_subtest(plain[i].name) {
			nv_init(&nv);
			plain[i].run(&nv);
			nv_fini(&nv);
		}
	}

	for (int vram = 0; vram < 2; vram++) {
		igt_describe("MADV_DONTNEED drops the GPU's mapping");
		igt_subtest(vram ? "madvise-dontneed-vram" : "madvise-dontneed") {
			nv_init(&nv);
			dontneed(&nv, vram);
			nv_fini(&nv);
		}
		igt_describe("mremap moves the data, wherever it is");
		igt_subtest(vram ? "mremap-vram" : "mremap") {
			nv_init(&nv);
			move(&nv, vram);
			nv_fini(&nv);
		}
		igt_describe("A child reads GPU results while the parent's GPU goes on");
		igt_subtest(vram ? "fork-read-vram" : "fork-read") {
			nv_init(&nv);
			fork_read(&nv, vram, false);
			nv_fini(&nv);
		}
		igt_describe("A child reads and writes; then the parent's GPU goes on");
		igt_subtest(vram ? "fork-read-after-vram" : "fork-read-after") {
			nv_init(&nv);
			fork_read(&nv, vram, true);
			nv_fini(&nv);
		}
		igt_describe("GPU writes after fork do not reach the child");
		igt_subtest(vram ? "fork-cow-vram" : "fork-cow") {
			nv_init(&nv);
			fork_cow(&nv, vram);
			nv_fini(&nv);
		}
	}
}
