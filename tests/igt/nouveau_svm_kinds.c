// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm kinds
 * Category: Core
 * Functionality: memory that is not plain anonymous, and memory others hold
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("The GPU reaches every kind of memory the CPU can");

/* Used where it is, from both sides; never moved. */
static void hugetlb(struct nv *nv, int flags)
{
	uint32_t *p = nv_hugetlb(2 * BLOCK, flags);

	nv_pattern(p, 2 * BLOCK, 1);
	igt_assert_eq(nv_load(nv, p + 1), 2654435761u ^ 0x9e3779b9u);
	nv_fill(nv, p, 1024, PAGE, 70);
	igt_assert_eq(nv_migrate(nv, p, 2 * BLOCK, true), 0);
	igt_assert_eq(nv_pages_in_vram(p, 2 * BLOCK), 0);
	for (uint32_t i = 0; i < 1024; i++) {
		igt_assert_eq(p[i * 1024], 70 + i);
		p[i * 1024] = i;
	}
	igt_assert_eq(nv_sum(nv, p, 1024, PAGE), 1023 * 512);
	munmap(p, 2 * BLOCK);
}

static void hugetlb_private(struct nv *nv) { hugetlb(nv, MAP_PRIVATE); }
static void hugetlb_shared(struct nv *nv) { hugetlb(nv, MAP_SHARED); }

/* The GPU is the first to touch it. */
static void hugetlb_first(struct nv *nv)
{
	uint32_t *p = nv_hugetlb(BLOCK, MAP_PRIVATE);

	nv_store(nv, p + 5, 55);
	igt_assert_eq(p[5], 55);
	igt_assert_eq(p[4], 0);
	munmap(p, BLOCK);
	igt_assert_eq(__nv_store(nv, p + 5, 1), -ENODEV);
}

/* userfaultfd: user space fills the page that the GPU waits for. */

struct handler {
	int uffd;
	unsigned int resolved;
	bool write_protect;
};

static void *handler_run(void *arg)
{
	struct handler *h = arg;
	static uint32_t page[1024] __attribute__((aligned(4096)));
	struct uffd_msg msg;

	while (read(h->uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		uint64_t at = msg.arg.pagefault.address & ~(PAGE - 1);

		if (msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		if (h->write_protect) {
			struct uffdio_writeprotect wp = { .range = { at, PAGE }, .mode = 0 };

			ioctl(h->uffd, UFFDIO_WRITEPROTECT, &wp);
		} else {
			struct uffdio_copy copy = {
				.dst = at, .src = (uintptr_t)page, .len = PAGE,
			};

			page[0] = 0xfa0000 + (uint32_t)(at >> 12 & 0xffff);
			ioctl(h->uffd, UFFDIO_COPY, &copy);
		}
		h->resolved++;
	}
	return NULL;
}

static int uffd_open(void *p, size_t bytes, uint64_t mode, uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register reg = { .range = { (uintptr_t)p, bytes }, .mode = mode };
	int uffd = syscall(__NR_userfaultfd, O_CLOEXEC);

	igt_require_f(uffd >= 0, "no userfaultfd: %d\n", errno);
	igt_require_f(!ioctl(uffd, UFFDIO_API, &api), "userfaultfd without it\n");
	igt_assert_eq(ioctl(uffd, UFFDIO_REGISTER, &reg), 0);
	return uffd;
}

static void uffd_missing(struct nv *nv)
{
	const uint32_t pages = 32;
	char *p = nv_anon(pages * PAGE);
	struct handler h = { .uffd = uffd_open(p, pages * PAGE, UFFDIO_REGISTER_MODE_MISSING, 0) };
	uint32_t base = 0xfa0000 + (uint32_t)((uintptr_t)p >> 12 & 0xffff);
	pthread_t thread;

	igt_assert_eq(pthread_create(&thread, NULL, handler_run, &h), 0);
	igt_assert_eq(nv_load(nv, p + 3 * PAGE), base + 3);
	nv_store(nv, p + 7 * PAGE + 4, 7);
	igt_assert_eq(*(uint32_t *)(p + 7 * PAGE), base + 7);
	igt_assert_eq(*(uint32_t *)(p + 7 * PAGE + 4), 7);
	igt_assert_eq(nv_sum(nv, p, pages, PAGE), base * pages + pages * (pages - 1) / 2);
	/* the handler counts after it has answered */
	for (unsigned int ms = 0; ms < 1000 && *(volatile unsigned int *)&h.resolved < pages; ms++)
		usleep(1000);
	igt_assert_eq(h.resolved, pages);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	close(h.uffd);
	munmap(p, pages * PAGE);
}

static void uffd_wp(struct nv *nv)
{
	char *p = nv_anon(16 * PAGE);
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)p, 16 * PAGE }, .mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	struct handler h = { .write_protect = true };
	pthread_t thread;

	nv_fill(nv, p, 16, PAGE, 200);
	h.uffd = uffd_open(p, 16 * PAGE, UFFDIO_REGISTER_MODE_WP, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	for (uint32_t i = 0; i < 16; i++)
		*(volatile uint32_t *)(p + i * PAGE);
	igt_assert_eq(ioctl(h.uffd, UFFDIO_WRITEPROTECT, &wp), 0);
	igt_assert_eq(pthread_create(&thread, NULL, handler_run, &h), 0);
	igt_assert_eq(nv_sum(nv, p, 16, PAGE), 16 * 200 + 120);
	igt_assert_eq(h.resolved, 0);
	nv_store(nv, p + 3 * PAGE, 1);
	igt_assert_eq(h.resolved, 1);
	nv_fill(nv, p, 16, PAGE, 900);
	igt_assert_eq(h.resolved, 16);
	for (uint32_t i = 0; i < 16; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 900 + i);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	close(h.uffd);
	munmap(p, 16 * PAGE);
}

/* A hole is punched into shared memory, a file is cut short: zeros, and a dead channel. */
static void memfd_punch(struct nv *nv)
{
	int fd = memfd_create("nv-igt", 0);
	char *p;

	igt_assert_eq(ftruncate(fd, 64 * PAGE), 0);
	p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	nv_fill(nv, p, 64, PAGE, 30);
	igt_assert_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8 * PAGE,
				8 * PAGE), 0);
	igt_assert_eq(nv_sum(nv, p + 8 * PAGE, 8, PAGE), 0);
	igt_assert_eq(nv_load(nv, p + 16 * PAGE), 46);
	igt_assert_eq(ftruncate(fd, 32 * PAGE), 0);
	igt_assert_eq(nv_load(nv, p + 31 * PAGE), 61);
	igt_assert_eq(__nv_store(nv, p + 32 * PAGE, 1), -ENODEV);
	nv_revive(nv);
	igt_assert_eq(ftruncate(fd, 64 * PAGE), 0);
	igt_assert_eq(nv_load(nv, p + 32 * PAGE), 0);
	close(fd);
	munmap(p, 64 * PAGE);
}

/* Cut short under a running kernel. */
static void memfd_truncate_busy(struct nv *nv)
{
	int fd = memfd_create("nv-igt", 0);
	char *p;

	igt_assert_eq(ftruncate(fd, 2 * PAGE), 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	nv_hammer_launch(nv, p + PAGE, 1, 4, 100000000);
	while (!*(volatile uint32_t *)(p + PAGE))
		usleep(100);
	igt_assert_eq(ftruncate(fd, PAGE), 0);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	igt_assert_eq(ftruncate(fd, 2 * PAGE), 0);
	igt_assert_eq(*(uint32_t *)(p + PAGE), 0);
	close(fd);
	munmap(p, 2 * PAGE);
}

/* Pinned for long (io_uring): stays where it is, works, may move afterwards. */
static void pinned(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE);
	int ring;

	nv_pattern(p, 64 * PAGE, 4);
	igt_assert_eq(nv_migrate(nv, p, 64 * PAGE, true), 64);
	/* to pin it is to bring it home */
	ring = nv_pin(p, 32 * PAGE);
	igt_assert_eq(nv_pages_in_vram(p, 32 * PAGE), 0);
	nv_check_pattern(p, 32 * PAGE, 4);
	igt_assert_eq(nv_migrate(nv, p, 32 * PAGE, true), 0);
	nv_fill(nv, p, 64, PAGE, 80);
	igt_assert_eq(nv_pages_in_vram(p, 32 * PAGE), 0);
	for (uint32_t i = 0; i < 64; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 80 + i);
	close(ring);
	/* its pages are let go by a worker */
	for (int i = 0; i < 100 && nv_migrate(nv, p, 64 * PAGE, true) < 64; i++)
		usleep(10000);
	igt_assert_eq(nv_pages_in_vram(p, 64 * PAGE), 64);
	igt_assert_eq(nv_sum(nv, p, 64, PAGE), 64 * 80 + 63 * 32);
	munmap(p, 64 * PAGE);
}

static void locked(struct nv *nv)
{
	char *p = nv_anon(128 * PAGE);

	nv_pattern(p, 128 * PAGE, 6);
	igt_assert_eq(mlock(p, 128 * PAGE), 0);
	for (int i = 0; i < 3; i++) {
		/* a page on its way to a list of core mm is moved another time */
		for (int k = 0; k < 50 && nv_pages_in_vram(p, 128 * PAGE) < 128; k++)
			nv_migrate(nv, p, 128 * PAGE, true);
		igt_assert_eq(nv_pages_in_vram(p, 128 * PAGE), 128);
		igt_assert_eq(nv_load(nv, p + 4), 2654435761u ^ (6 * 0x9e3779b9u));
		nv_check_pattern(p, 128 * PAGE, 6);
	}
	igt_assert_eq(nv_smaps(p, "Locked"), 512);
	/* and locked while it is there */
	igt_assert_eq(munlock(p, 128 * PAGE), 0);
	igt_assert_lt(0, nv_migrate(nv, p, 128 * PAGE, true));
	igt_assert_eq(mlock(p, 128 * PAGE), 0);
	nv_check_pattern(p, 128 * PAGE, 6);
	munmap(p, 128 * PAGE);
}

/* Another process reads and writes what is in VRAM, through the kernel. */
static void foreign_access(struct nv *nv)
{
	char *p = nv_anon(32 * PAGE), *copy = nv_anon(32 * PAGE);
	pid_t self = getpid(), pid;

	nv_pattern(p, 32 * PAGE, 7);
	nv_migrate(nv, p, 32 * PAGE, true);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct iovec l = { copy, 32 * PAGE }, r = { p, 32 * PAGE };
		uint32_t v = 0xf0e;
		struct iovec lw = { &v, 4 }, rw = { p + 9 * PAGE, 4 };

		CHILD_CHECK(process_vm_readv(self, &l, 1, &r, 1, 0) == (ssize_t)(32 * PAGE));
		CHILD_CHECK(nv_is_pattern(copy, 32 * PAGE, 7));
		CHILD_CHECK(process_vm_writev(self, &lw, 1, &rw, 1, 0) == 4);
		_exit(0);
	}
	nv_expect_child_ok(pid);
	igt_assert_eq(nv_load(nv, p + 9 * PAGE), 0xf0e);
	munmap(p, 32 * PAGE);
	munmap(copy, 32 * PAGE);
}

/* Direct I/O to and from a disk, both with memory in VRAM. */
static void direct_io(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE), *q = nv_anon(64 * PAGE);
	int fd;

	nv_swap_on();
	igt_assert_eq(system("swapoff /dev/zram0"), 0);
	fd = open("/dev/zram0", O_RDWR | O_DIRECT | O_CLOEXEC);
	igt_assert_lte(0, fd);
	nv_pattern(p, 64 * PAGE, 8);
	nv_migrate(nv, p, 64 * PAGE, true);
	nv_migrate(nv, q, 64 * PAGE, true);
	igt_assert_eq(pwrite(fd, p, 64 * PAGE, 1 << 20), 64 * PAGE);
	igt_assert_eq(pread(fd, q, 64 * PAGE, 1 << 20), 64 * PAGE);
	igt_assert_eq(nv_load(nv, q + 4), 2654435761u ^ (8 * 0x9e3779b9u));
	nv_check_pattern(q, 64 * PAGE, 8);
	close(fd);
	munmap(p, 64 * PAGE);
	munmap(q, 64 * PAGE);
}

/* Two clients of one process use the same pages, wherever they are. */
static void two_mirrors(struct nv *nv)
{
	char *p = nv_anon(BLOCK);
	struct nv other;

	nv_init(&other);
	nv_fill(nv, p, 512, PAGE, 1);
	igt_assert_eq(nv_sum(&other, p, 512, PAGE), 512 + 511 * 256);
	nv_migrate(&other, p, BLOCK, true);
	nv_fill(nv, p, 512, PAGE, 2);
	igt_assert_eq(nv_sum(&other, p, 512, PAGE), 1024 + 511 * 256);
	nv_migrate(nv, p, BLOCK, false);
	nv_fill(&other, p, 512, PAGE, 3);
	igt_assert_eq(nv_sum(nv, p, 512, PAGE), 1536 + 511 * 256);
	igt_assert_eq(munmap(p + 8 * PAGE, PAGE), 0);
	igt_assert_eq(__nv_store(&other, p + 8 * PAGE, 1), -ENODEV);
	igt_assert_eq(__nv_store(nv, p + 8 * PAGE, 1), -ENODEV);
	nv_fini(&other);
	munmap(p, BLOCK);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "hugetlb-private", hugetlb_private, "Private hugetlb memory, in place" },
		{ "hugetlb-shared", hugetlb_shared, "Shared hugetlb memory, in place" },
		{ "hugetlb-gpu-first", hugetlb_first, "The GPU touches a hugetlb page first" },
		{ "userfaultfd-missing", uffd_missing, "User space fills what the GPU misses" },
		{ "userfaultfd-wp", uffd_wp, "User space lets GPU writes through, page by page" },
		{ "memfd-punch-hole", memfd_punch, "Holes and a cut in shared memory" },
		{ "memfd-truncate-busy", memfd_truncate_busy, "A file cut short under a kernel" },
		{ "pinned-longterm", pinned, "Pinned memory comes home, stays and works" },
		{ "mlock", locked, "Locked memory migrates and returns" },
		{ "process-vm-access", foreign_access, "Another process's view of VRAM pages" },
		{ "direct-io-vram", direct_io, "Direct I/O with memory in VRAM" },
		{ "double-mirror", two_mirrors, "Two clients, the same pages" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
