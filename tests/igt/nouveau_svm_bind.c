// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm bind
 * Category: Core
 * Functionality: what SVM_BIND says about each page, and doing it without waiting
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_ext.h"
#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("SVM_BIND: counts, reasons, asynchronous");

#define WAIT_MS 20000

static void touch(char *p, size_t bytes)
{
	nv_pattern(p, bytes, 5);
}

/* Twice each way: moved, then already there. */
static void counts(struct nv *nv)
{
	char *p = nv_anon_aligned(3 * BLOCK, BLOCK);
	const size_t bytes = 2 * BLOCK + 48 * PAGE;
	char *from = p + 13 * PAGE + 100;
	nv_ext ext;

	touch(p, 3 * BLOCK);
	nv_bind(nv, from, bytes, true, &ext);
	igt_assert_eq(ext.moved, bytes / PAGE + 1);
	nv_bind(nv, from, bytes, true, &ext);
	igt_assert_eq(ext.moved, 0);
	igt_assert_eq(ext.already, bytes / PAGE + 1);
	igt_assert_eq(nv_pages_in_vram(p, 3 * BLOCK), bytes / PAGE + 1);
	/* half of it is home */
	nv_bind(nv, from, BLOCK, false, &ext);
	igt_assert_eq(ext.moved, BLOCK / PAGE + 1);
	nv_bind(nv, p, 3 * BLOCK, false, &ext);
	igt_assert_eq(ext.moved, bytes / PAGE - BLOCK / PAGE);
	igt_assert_eq(ext.already, 3 * BLOCK / PAGE - ext.moved);
	nv_check_pattern(p, 3 * BLOCK, 5);
	munmap(p, 3 * BLOCK);
}

/* Never touched: comes as zeros, has nothing to bring home. */
static void untouched(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE);
	nv_ext ext;

	nv_bind(nv, p, 64 * PAGE, false, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_ABSENT], 64);
	nv_bind(nv, p, 64 * PAGE, true, &ext);
	igt_assert_eq(ext.moved, 64);
	igt_assert_eq(nv_sum(nv, p, 64, PAGE), 0);
	munmap(p, 64 * PAGE);
}

/* A hole, a file, permissions that differ: one call, each page counted once. */
static void across_vmas(struct nv *nv)
{
	char *p = nv_anon_aligned(2 * BLOCK, BLOCK);
	int fd = memfd_create("bind", 0);
	nv_ext ext;

	igt_assert_lte(0, fd);
	igt_assert_eq(ftruncate(fd, 32 * PAGE), 0);
	touch(p, 2 * BLOCK);
	igt_assert_eq(munmap(p + 100 * PAGE, 50 * PAGE), 0);
	igt_assert(mmap(p + 200 * PAGE, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			fd, 0) != MAP_FAILED);
	memset(p + 200 * PAGE, 1, 32 * PAGE);
	igt_assert_eq(mprotect(p + 300 * PAGE, 10 * PAGE, PROT_READ), 0);
	/* across the border of the blocks */
	igt_assert_eq(mprotect(p + 500 * PAGE, 24 * PAGE, PROT_READ), 0);
	nv_bind(nv, p, 2 * BLOCK, true, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_ABSENT], 50);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_FILE], 32);
	igt_assert_eq(ext.moved, 1024 - 82);
	nv_bind(nv, p, 2 * BLOCK, false, &ext);
	igt_assert_eq(ext.moved, 1024 - 82);
	munmap(p, 2 * BLOCK);
	close(fd);
}

static void hugetlb(struct nv *nv)
{
	char *p = nv_hugetlb(BLOCK, MAP_PRIVATE);
	nv_ext ext;

	memset(p, 1, BLOCK);
	nv_bind(nv, p, BLOCK, true, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_HUGETLB], 512);
	munmap(p, BLOCK);
}

static void pinned(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE);
	nv_ext ext;
	int ring;

	touch(p, 64 * PAGE);
	ring = nv_pin(p + 8 * PAGE, 20 * PAGE);
	nv_bind(nv, p, 64 * PAGE, true, &ext);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_PINNED], 20);
	igt_assert_eq(ext.moved, 44);
	close(ring);
	munmap(p, 64 * PAGE);
}

static void no_vram(struct nv *nv)
{
	size_t bytes = nv_vram_total() + (16ull << 20);
	nv_ext ext;
	char *p;

	igt_require_f(bytes <= 544ull << 20, "VRAM too large to fill here\n");
	p = nv_anon(bytes);
	nv_bind(nv, p, bytes, true, &ext);
	igt_info("%llu of %llu pages moved, %llu without VRAM\n", (unsigned long long)ext.moved,
		 bytes / PAGE, (unsigned long long)ext.skipped[NOUVEAU_SVM_SKIP_NO_MEMORY]);
	igt_assert_lt(0, ext.moved);
	igt_assert_lt(0, ext.skipped[NOUVEAU_SVM_SKIP_NO_MEMORY]);
	igt_assert_eq(ext.skipped[NOUVEAU_SVM_SKIP_PINNED], 0);
	munmap(p, bytes);
}

/* A terabyte of nothing with a page in it costs no time and no memory. */
static void sparse(struct nv *nv)
{
	const size_t bytes = 1ull << 40;
	char *p = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	double start = nv_seconds();
	nv_ext ext;

	igt_assert(p != MAP_FAILED);
	munmap(p, bytes);
	igt_assert(mmap(p + (bytes / 2), PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
	p[bytes / 2] = 1;
	nv_bind(nv, p, bytes, true, &ext);
	igt_assert_lte(1, ext.moved);
	igt_assert_lt(nv_seconds() - start, 20);
	munmap(p + bytes / 2, PAGE);
}

static void args(struct nv *nv)
{
	uint32_t sync = nv_syncobj(nv->fd);
	char *p = nv_anon(PAGE);
	const struct {
		nv_ext ext;
		int err;
	} bad[] = {
		{ { .flags = 2 }, -EINVAL },
		{ { .pad = 1 }, -EINVAL },
		{ { .reserved = { 1, 0 } }, -EINVAL },
		{ { .reserved = { 0, 1 } }, -EINVAL },
		{ { .syncobj = sync }, -EINVAL },
		{ { .point = 1 }, -EINVAL },
		{ { .flags = NOUVEAU_SVM_BIND_EXT_ASYNC }, -EINVAL },
		{ { .flags = NOUVEAU_SVM_BIND_EXT_ASYNC, .syncobj = sync + 1000 }, -ENOENT },
		{ { .flags = NOUVEAU_SVM_BIND_EXT_ASYNC, .syncobj = sync + 1000, .point = 3 },
		  -ENOENT },
	};
	const uint64_t vram = NOUVEAU_SVM_BIND_TARGET__GPU_VRAM << NOUVEAU_SVM_BIND_TARGET_SHIFT;
	struct drm_nouveau_svm_bind req = { .header = vram };
	nv_ext ext;

	for (unsigned int i = 0; i < ARRAY_LEN(bad); i++) {
		ext = bad[i].ext;
		igt_assert_eq(__nv_bind(nv->fd, p, PAGE, true, &ext, NULL), bad[i].err);
	}
	igt_assert_eq(__nv_bind(nv->fd, p, PAGE, true, NULL, NULL), -EFAULT);
	igt_assert_eq(__nv_bind(nv->fd, p, PAGE, true, (void *)16, NULL), -EFAULT);
	/* readable, not writable */
	mprotect(p, PAGE, PROT_READ);
	igt_assert_eq(__nv_bind(nv->fd, p, PAGE, true, (void *)p, NULL), -EFAULT);
	/* bits next to it, and the pointer without the bit */
	for (unsigned int bit = 49; bit < 64; bit++)
		igt_assert_eq(__nv_bind_raw(nv->fd, vram | 1ull << bit, p, PAGE, NULL), -EINVAL);
	req.va_start = (uintptr_t)p;
	req.va_end = req.va_start + PAGE;
	req.reserved0 = (uintptr_t)&ext;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req), -EINVAL);
	/* a range that is refused is refused whatever the extension */
	memset(&ext, 0, sizeof(ext));
	igt_assert_eq(__nv_bind(nv->fd, p, 0, true, &ext, NULL), -EINVAL);
	igt_assert_eq(__nv_bind(nv->fd, (void *)(1ull << 62), PAGE, true, &ext, NULL), -EINVAL);
	munmap(p, PAGE);
	nv_syncobj_del(nv->fd, sync);
}

static nv_ext async_ext(uint32_t sync, uint64_t point)
{
	return (nv_ext){ .flags = NOUVEAU_SVM_BIND_EXT_ASYNC, .syncobj = sync, .point = point };
}

static void async_binary(struct nv *nv)
{
	const size_t bytes = 4 * BLOCK;
	uint32_t sync = nv_syncobj(nv->fd);
	char *p = nv_anon(bytes);
	uint64_t result;
	nv_ext ext;

	touch(p, bytes);
	/* the second time over a fence of the first */
	for (int i = 0; i < 4; i++) {
		ext = async_ext(sync, 0);
		igt_assert_eq(__nv_bind(nv->fd, p, bytes, !(i & 1), &ext, &result), 0);
		igt_assert_eq(result, 0);
		igt_assert_eq(__nv_syncobj_wait(nv->fd, sync, 0, WAIT_MS), 0);
		igt_assert_eq(ext.status, 0);
		igt_assert_eq(ext.moved, bytes / PAGE);
		igt_assert_eq(nv_ext_total(&ext), bytes / PAGE);
		igt_assert_eq(nv_syncobj_status(nv->fd, sync), 1);
		igt_assert_eq(nv_pages_in_vram(p, bytes), i & 1 ? 0 : bytes / PAGE);
	}
	nv_check_pattern(p, bytes, 5);
	munmap(p, bytes);
	nv_syncobj_del(nv->fd, sync);
}

/* In the order they were queued, each with a point of its own. */
static void async_order(struct nv *nv)
{
	const unsigned int n = 20;
	uint32_t sync = nv_syncobj(nv->fd);
	char *p = nv_anon(BLOCK);
	nv_ext ext[n];

	touch(p, BLOCK);
	for (unsigned int i = 0; i < n; i++) {
		ext[i] = async_ext(sync, i + 1);
		igt_assert_eq(__nv_bind(nv->fd, p, BLOCK, !(i & 1), &ext[i], NULL), 0);
	}
	igt_assert_eq(__nv_syncobj_wait(nv->fd, sync, 3, WAIT_MS), 0);
	igt_assert_eq(ext[2].status, 0);
	igt_assert_eq(ext[2].moved, 512);
	igt_assert_eq(__nv_syncobj_wait(nv->fd, sync, n, WAIT_MS), 0);
	for (unsigned int i = 0; i < n; i++) {
		igt_assert_eq(ext[i].status, 0);
		igt_assert_eq(ext[i].moved, 512);
	}
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 0);
	igt_assert_eq(__nv_syncobj_wait(nv->fd, sync, n + 1, 50), -ETIME);
	nv_check_pattern(p, BLOCK, 5);
	munmap(p, BLOCK);
	nv_syncobj_del(nv->fd, sync);
}

/* The queue has an end, and what it took is done. */
static void async_full(struct nv *nv)
{
	const size_t slow = 48ull << 20;
	unsigned int queued, limit = 4 * NOUVEAU_SVM_BIND_ASYNC_MAX;
	uint32_t sync = nv_syncobj(nv->fd);
	static nv_ext ext[4 * NOUVEAU_SVM_BIND_ASYNC_MAX];
	char *p = nv_anon(slow);
	int ret = 0;

	for (queued = 0; !ret && queued < limit; queued++) {
		ext[queued] = async_ext(sync, queued + 1);
		ret = __nv_bind(nv->fd, p, slow, !(queued & 1), &ext[queued], NULL);
	}
	igt_assert_eq(ret, -EBUSY);
	queued--;
	igt_info("%u queued\n", queued);
	igt_assert_lte(NOUVEAU_SVM_BIND_ASYNC_MAX, queued);
	/* a file of its own has a queue of its own */
	close(nv_open_render());
	/* unmapped meanwhile: it goes on, with nothing to do */
	munmap(p, slow);
	igt_assert_eq(__nv_syncobj_wait(nv->fd, sync, queued, WAIT_MS), 0);
	for (unsigned int i = 0; i < queued; i++)
		igt_assert_eq(nv_ext_total(&ext[i]), slow / PAGE);
	nv_syncobj_del(nv->fd, sync);
}

/* Nowhere to write the counts to: it signals all the same. */
static void async_gone(struct nv *nv)
{
	uint32_t sync = nv_syncobj(nv->fd);
	char *p = nv_anon(8 * BLOCK);
	nv_ext *ext = nv_anon(PAGE);

	touch(p, 8 * BLOCK);
	*ext = async_ext(sync, 0);
	igt_assert_eq(__nv_bind(nv->fd, p, 8 * BLOCK, true, ext, NULL), 0);
	munmap(ext, PAGE);
	igt_assert_eq(__nv_syncobj_wait(nv->fd, sync, 0, WAIT_MS), 0);
	igt_assert_eq(nv_pages_in_vram(p, 8 * BLOCK), 8 * 512);
	munmap(p, 8 * BLOCK);
	nv_syncobj_del(nv->fd, sync);
}

/* The file is closed with a full queue: its syncobj, kept by another file, says so. */
static void async_close(void)
{
	const size_t bytes = 16 * BLOCK;
	struct drm_syncobj_handle export = { 0 }, import = { 0 };
	char *p = nv_anon(bytes);
	int fd = nv_open_render(), status;
	nv_ext ext;
	struct nv nv;

	nv_init(&nv);
	touch(p, bytes);
	export.handle = nv_syncobj(nv.fd);
	igt_assert_eq(__nv_ioctl(nv.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export), 0);
	import.fd = export.fd;
	igt_assert_eq(__nv_ioctl(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &import), 0);
	for (unsigned int i = 0; i < 40; i++) {
		ext = async_ext(export.handle, 0);
		igt_assert_eq(__nv_bind(nv.fd, p, bytes, !(i & 1), &ext, NULL), 0);
	}
	nv_fini(&nv);
	igt_assert_eq(__nv_syncobj_wait(fd, import.handle, 0, WAIT_MS), 0);
	/* the last of them may still be on its way */
	for (int i = 0; i < 100; i++) {
		status = nv_syncobj_status(fd, import.handle);
		if (status == -ECANCELED)
			break;
		usleep(20000);
	}
	igt_assert_eq(status, -ECANCELED);
	nv_check_pattern(p, bytes, 5);
	close(export.fd);
	close(fd);
	munmap(p, bytes);
}

/* The process ends in the middle; nothing is left of it. */
static void async_exit(bool by_signal)
{
	uint64_t used = nv_vram_used();

	for (int round = 0; round < 4; round++) {
		pid_t pid = fork();
		int status;

		igt_assert_lte(0, pid);
		if (!pid) {
			const size_t bytes = 16 * BLOCK;
			char *p = nv_anon(bytes);
			struct nv nv;
			nv_ext ext;

			nv_init(&nv);
			touch(p, bytes);
			ext = async_ext(nv_syncobj(nv.fd), 0);
			for (int i = 0; i < 10; i++)
				CHILD_CHECK(!__nv_bind(nv.fd, p, bytes, !(i & 1), &ext, NULL));
			usleep(3000 * round);
			if (by_signal)
				raise(SIGKILL);
			_exit(0);
		}
		igt_assert_eq(waitpid(pid, &status, 0), pid);
		igt_assert(by_signal ? WIFSIGNALED(status) : !status);
	}
	for (int i = 0; i < 100 && nv_vram_used() > used; i++)
		usleep(20000);
	igt_assert_lte(nv_vram_used(), used + (2 << 20));
}

/* A child cannot use its parent's file, queued or not. */
static void async_child(struct nv *nv)
{
	uint32_t sync = nv_syncobj(nv->fd);
	char *p = nv_anon(PAGE);
	pid_t pid = fork();

	igt_assert_lte(0, pid);
	if (!pid) {
		nv_ext ext = async_ext(sync, 0);

		CHILD_CHECK(__nv_bind(nv->fd, p, PAGE, true, &ext, NULL) == -EPERM);
		ext = (nv_ext){ 0 };
		CHILD_CHECK(__nv_bind(nv->fd, p, PAGE, true, &ext, NULL) == -EPERM);
		_exit(0);
	}
	nv_expect_child_ok(pid);
	munmap(p, PAGE);
	nv_syncobj_del(nv->fd, sync);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "counts", counts, "Moved, already there, unaligned, both ways" },
		{ "untouched", untouched, "Never touched memory" },
		{ "across-vmas", across_vmas, "Hole, file and permissions in one range" },
		{ "skip-hugetlb", hugetlb, "Huge pages of hugetlbfs stay" },
		{ "skip-pinned", pinned, "Pages under DMA stay" },
		{ "skip-no-vram", no_vram, "More than there is VRAM" },
		{ "sparse", sparse, "A terabyte with one page in it" },
		{ "ext-args", args, "Each wrong argument is refused" },
		{ "async-binary", async_binary, "A binary syncobj, used again" },
		{ "async-order", async_order, "A timeline, in order" },
		{ "async-full", async_full, "The queue has an end" },
		{ "async-result-unmapped", async_gone, "Nowhere to put the counts" },
		{ "async-child", async_child, "Not for a forked child" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
	igt_describe("The file is closed with a full queue");
	igt_subtest("async-close")
		async_close();
	igt_describe("The process exits with a full queue");
	igt_subtest("async-exit")
		async_exit(false);
	igt_describe("The process is killed with a full queue");
	igt_subtest("async-kill")
		async_exit(true);
}
