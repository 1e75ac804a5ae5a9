// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm memory
 * Category: Core
 * Functionality: memory that comes late, is far away, or is broken
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("Swapped, huge, growing, guarded and failing memory under the GPU");

#define GIB (1ull << 30)
#define GIGANTIC "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

/* Shaders read and write what is swapped out; nothing is busy afterwards. */
static void swap_in(struct nv *nv)
{
	const uint32_t pages = 512;
	char *p = nv_anon(pages * PAGE);
	long long batches;

	nv_swap_on();
	/* only the swap device is to hold what the CPU does not */
	nv_knob("migrate", 0);
	for (uint32_t i = 0; i < pages; i++)
		*(uint32_t *)(p + i * PAGE) = 3 * i;
	nv_page_out(p, pages * PAGE);
	igt_assert_eq(nv_sum(nv, p, pages, PAGE), 3 * (pages - 1) * pages / 2);
	nv_page_out(p, pages * PAGE);
	nv_fill(nv, p, pages, PAGE, 9000);
	for (uint32_t i = 0; i < pages; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 9000 + i);
	nv_page_out(p, pages * PAGE);
	/* asked for in VRAM: brought there, or left for later, but never lost */
	nv_migrate(nv, p, pages * PAGE, true);
	igt_assert_eq(nv_sum(nv, p, pages, PAGE), pages * 9000 + (pages - 1) * pages / 2);
	/* the last batch may still be on its way out */
	usleep(100000);
	batches = nv_counter("fault_batches");
	usleep(200000);
	igt_assert_eq(nv_counter_since("fault_batches", batches), 0);
	munmap(p, pages * PAGE);
}

static long vmstat(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "r");
	char key[64];
	long v, value = -1;

	igt_assert(f);
	while (fscanf(f, "%63s %ld", key, &v) == 2)
		if (!strcmp(key, name))
			value = v;
	fclose(f);
	igt_assert_lte(0, value);
	return value;
}

/* Swapped out again and again under a kernel that counts in every page. */
static void swap_busy(struct nv *nv)
{
	const uint32_t pages = 64, rounds = 100000, most = 100;
	char *p = nv_anon(pages * PAGE);
	long out = vmstat("pswpout");

	nv_swap_on();
	nv_knob("migrate", 0);
	nv_hammer_launch(nv, p, pages, PAGE, rounds);
	for (uint32_t i = 0; i < 10000 && !*(volatile uint32_t *)p; i++)
		usleep(1000);
	/* Not for ever: on a slow machine the kernel gets nowhere in between. */
	for (uint32_t i = 0; i < most; i++) {
		if (*(volatile uint32_t *)(p + (pages - 1) * PAGE) >= rounds)
			break;
		igt_assert_eq(madvise(p, pages * PAGE, MADV_PAGEOUT), 0);
		usleep(1000);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	out = vmstat("pswpout") - out;
	igt_info("%ld pages out\n", out);
	/* all of it once, and something while the kernel ran */
	igt_assert_lt(pages, out);
	for (uint32_t i = 0; i < pages; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), rounds);
	munmap(p, pages * PAGE);
}

static void gigantic_back(int sig)
{
	(void)sig;
	nv_write_file(GIGANTIC, "0");
}

/* A page of 1 GiB: used in place from end to end, never moved. */
static void hugetlb_1g(struct nv *nv)
{
	uint32_t *p, at[] = { 0, 1, 511, 512, 0x1ffff, 0x20000, 0x3fffe, 0x3ffff };
	long long mapped;

	p = mmap(NULL, GIB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 30 << MAP_HUGE_SHIFT, -1, 0);
	if (p == MAP_FAILED) {
		igt_install_exit_handler(gigantic_back);
		nv_write_file(GIGANTIC, "1");
		p = mmap(NULL, GIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 30 << MAP_HUGE_SHIFT, -1, 0);
	}
	igt_require_f(p != MAP_FAILED,
		      "the kernel has no 1 GiB page (hugepagesz=1G hugepages=1)\n");
	/* the first touch is the GPU's */
	nv_store(nv, p + 1, 0x16);
	igt_assert_eq(p[1], 0x16);
	igt_assert_eq(p[0], 0);
	for (unsigned int i = 0; i < ARRAY_LEN(at); i++)
		p[(size_t)at[i] * 1024] = at[i] + 5;
	for (unsigned int i = 0; i < ARRAY_LEN(at); i++)
		igt_assert_eq(nv_load(nv, p + (size_t)at[i] * 1024), at[i] + 5);
	mapped = nv_counter("pages_mapped_sys");
	nv_fill(nv, p + 256, 512, BLOCK, 40);
	igt_assert_lte(512 - (int)ARRAY_LEN(at), nv_counter_since("pages_mapped_sys", mapped));
	for (uint32_t i = 0; i < 512; i++)
		igt_assert_eq(p[256 + i * (BLOCK / 4)], 40 + i);
	igt_assert_eq(nv_migrate(nv, p, 4 * BLOCK, true), 0);
	igt_assert_eq(nv_migrate(nv, (char *)p + GIB - BLOCK, BLOCK, true), 0);
	igt_assert_eq(nv_pages_in_vram(p, 4 * BLOCK), 0);
	igt_assert_eq(nv_sum(nv, p + 256, 512, BLOCK), 512 * 40 + 511 * 256);
	munmap(p, GIB);
	igt_assert_eq(__nv_store(nv, p + 256, 1), -ENODEV);
}

/* Locals of this thread and of another; both stacks in use all the while. */
static void *stack_use(void *arg)
{
	uint32_t words[8192];

	for (uint32_t i = 0; i < 8192; i++)
		words[i] = i;
	nv_fill(arg, words, 8192, 4, 77);
	for (uint32_t i = 0; i < 8192; i++)
		if (words[i] != 77 + i)
			return arg;
	return NULL;
}

static void stack(struct nv *nv)
{
	pthread_t thread;
	uintptr_t here;
	void *wrong;

	igt_assert(!stack_use(nv));
	igt_assert_eq(pthread_create(&thread, NULL, stack_use, nv), 0);
	pthread_join(thread, &wrong);
	igt_assert(!wrong);
	/* and moved to VRAM under our feet */
	here = ((uintptr_t)__builtin_frame_address(0) & ~(PAGE - 1)) - 16 * PAGE;
	nv_migrate(nv, (void *)here, 20 * PAGE, true);
	igt_assert(!stack_use(nv));
}

/* Guard regions of MADV_GUARD_INSTALL stop the GPU as they stop the CPU. */
static void guard(struct nv *nv)
{
	char *p = nv_anon(64 * PAGE);

	nv_fill(nv, p, 64, PAGE, 5);
	nv_migrate(nv, p, 32 * PAGE, true);
	igt_require_f(!madvise(p + 8 * PAGE, 4 * PAGE, MADV_GUARD_INSTALL), "no guards\n");
	igt_assert_eq(nv_load(nv, p + 7 * PAGE), 12);
	igt_assert_eq(nv_load(nv, p + 12 * PAGE), 17);
	igt_assert_eq(__nv_store(nv, p + 8 * PAGE, 1), -ENODEV);
	nv_revive(nv);
	igt_assert_eq(__nv_store(nv, p + 11 * PAGE, 1), -ENODEV);
	nv_revive(nv);
	nv_migrate(nv, p, 64 * PAGE, true);
	igt_assert_eq(madvise(p + 8 * PAGE, 4 * PAGE, MADV_GUARD_REMOVE), 0);
	igt_assert_eq(nv_load(nv, p + 9 * PAGE), 0);
	nv_fill(nv, p, 64, PAGE, 100);
	for (uint32_t i = 0; i < 64; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 100 + i);
	munmap(p, 64 * PAGE);
}

/* What is no memory of pages: the CPU's view of a buffer object, code of the kernel. */
static void pfnmap(struct nv *nv)
{
	struct nv_bo bo;

	nv_bo_init(nv->fd, &bo, 16 * PAGE, NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_MAPPABLE);
	*(uint32_t *)bo.map = 0xb0;
	igt_assert_eq(__nv_store(nv, bo.map, 1), -ENODEV);
	nv_revive(nv);
	igt_assert_eq(nv_migrate(nv, bo.map, 16 * PAGE, true), 0);
	igt_assert_eq(*(volatile uint32_t *)bo.map, 0xb0);
	/* by its own address it works */
	nv_store(nv, (void *)(uintptr_t)bo.address, 0xb1);
	igt_assert_eq(*(volatile uint32_t *)bo.map, 0xb1);
	nv_bo_fini(&bo);
}

/* What the kernel says of memory it was told to be broken is no complaint of ours. */
static void expect_memory_failure(void)
{
	int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	igt_assert_lt(0, dprintf(kmsg, "<6>[IGT] add ignored dmesg regex: [Mm]emory failure\n"));
	close(kmsg);
}

/* Core mm replaces a page, as it does before hardware fails, under a counting kernel. */
static void soft_offline(struct nv *nv)
{
	const uint32_t rounds = 200000;
	char *p = nv_anon(4 * PAGE);
	uint32_t moved = 0;

	/* a page in passage between lists cannot be taken, and the kernel says so */
	expect_memory_failure();
	nv_knob("migrate", 0);
	nv_hammer_launch(nv, p, 4, PAGE, rounds);
	while (*(volatile uint32_t *)p < rounds / 2 && moved < 8) {
		int err = madvise(p + moved % 4 * PAGE, PAGE, MADV_SOFT_OFFLINE);

		igt_require_f(!err || (errno != EINVAL && errno != EPERM),
			      "the kernel handles no memory failures\n");
		moved += !err;
		usleep(2000);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	igt_info("%u pages replaced\n", moved);
	igt_assert_lt(0, moved);
	for (uint32_t i = 0; i < 4; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), rounds);
	munmap(p, 4 * PAGE);
}

/* Pages go from node to node, asked for and by balancing, under a counting kernel. */
static void numa(struct nv *nv)
{
	const uint32_t pages = 32, rounds = 400000;
	void *at[32];
	int node[32], status[32];
	uint32_t moved = 0;
	char *p;

	igt_require_f(!access("/sys/devices/system/node/node1", F_OK),
		      "one node of memory (numa=fake=2)\n");
	nv_write_file("/proc/sys/kernel/numa_balancing", "1");
	nv_knob("migrate", 0);
	p = nv_anon(pages * PAGE);
	nv_hammer_launch(nv, p, pages, PAGE, rounds);
	for (int to = 0; *(volatile uint32_t *)(p + (pages - 1) * PAGE) < rounds; to = !to) {
		for (uint32_t i = 0; i < pages; i++) {
			at[i] = p + i * PAGE;
			node[i] = to;
		}
		igt_assert_lte(0, syscall(__NR_move_pages, 0, (long)pages, at, node, status, 2));
		for (uint32_t i = 0; i < pages; i++)
			moved += status[i] == to;
		usleep(2000);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	igt_info("%u moves\n", moved);
	igt_assert_lt(pages, moved);
	for (uint32_t i = 0; i < pages; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), rounds);
	munmap(p, pages * PAGE);
}

static volatile int signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

/* A page is lost: that page alone stops the GPU, in time for nobody to read it. */
static void poisoned(struct nv *nv)
{
	char *p = nv_anon(16 * PAGE);
	sighandler_t old;

	expect_memory_failure();
	nv_knob("migrate", 0);
	madvise(p, 16 * PAGE, MADV_NOHUGEPAGE);
	nv_fill(nv, p, 16, PAGE, 60);
	/* the CPU is told by a signal */
	old = signal(SIGBUS, on_signal);
	igt_require_f(!madvise(p + 5 * PAGE, PAGE, MADV_HWPOISON), "no memory failures\n");
	signal(SIGBUS, old);
	igt_assert_eq(signals, 1);
	igt_assert_eq(nv_load(nv, p + 4 * PAGE), 64);
	igt_assert_eq(nv_load(nv, p + 6 * PAGE), 66);
	igt_assert_eq(__nv_store(nv, p + 5 * PAGE, 1), -ENODEV);
	nv_revive(nv);
	nv_migrate(nv, p, 16 * PAGE, true);
	igt_assert_eq(nv_load(nv, p + 6 * PAGE), 66);
	igt_assert(mmap(p + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + 5 * PAGE);
	nv_fill(nv, p, 16, PAGE, 80);
	for (uint32_t i = 0; i < 16; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), 80 + i);
	munmap(p, 16 * PAGE);
}

/* Shared by two processes from the start; the GPU of one, the CPU of the other. */
static void shared_anon(struct nv *nv)
{
	uint32_t *p = mmap(NULL, 65 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	volatile uint32_t *turn = p + 64 * 1024;
	pid_t pid;

	igt_assert(p != MAP_FAILED);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		for (uint32_t round = 1; round < 9; round++) {
			while (*turn < 2 * round - 1)
				usleep(100);
			for (uint32_t i = 0; i < 64; i++) {
				CHILD_CHECK(p[i * 1024] == round * 100 + i);
				p[i * 1024] = i + round;
			}
			*turn = 2 * round;
		}
		_exit(0);
	}
	for (uint32_t round = 1; round < 9; round++) {
		nv_fill(nv, p, 64, PAGE, round * 100);
		nv_store(nv, (void *)turn, 2 * round - 1);
		while (*turn < 2 * round && !waitpid(pid, NULL, WNOHANG))
			usleep(100);
		igt_assert_eq(nv_sum(nv, p, 64, PAGE), 63 * 32 + 64 * round);
		/* shared pages never move */
		igt_assert_eq(nv_migrate(nv, p, 64 * PAGE, true), 0);
	}
	nv_expect_child_ok(pid);
	munmap(p, 65 * PAGE);
}

/* Huge pages of shared memory, punched and cut. */
static void shmem_huge(struct nv *nv)
{
	int fd = memfd_create("nv-igt", 0);
	char *p;

	igt_assert_eq(ftruncate(fd, 2 * BLOCK), 0);
	p = nv_anon_aligned(2 * BLOCK, BLOCK);
	igt_assert(mmap(p, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	nv_pattern(p, 2 * BLOCK, 1);
	igt_require_f(!madvise(p, 2 * BLOCK, 25 /* COLLAPSE */) &&
		      nv_smaps(p, "ShmemPmdMapped") >= 2048, "no huge shared memory\n");
	igt_assert_eq(nv_load(nv, p + 4), 2654435761u ^ 0x9e3779b9u);
	nv_fill(nv, p, 1024, PAGE, 500);
	igt_assert_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100 * PAGE,
				100 * PAGE), 0);
	for (uint32_t i = 0; i < 1024; i++)
		igt_assert_eq(*(uint32_t *)(p + i * PAGE), i - 100 < 100 ? 0 : 500 + i);
	igt_assert_eq(nv_sum(nv, p + 100 * PAGE, 100, PAGE), 0);
	nv_fill(nv, p, 1024, PAGE, 9);
	igt_assert_eq(nv_sum(nv, p, 1024, PAGE), 1024 * 9 + 1023 * 512);
	munmap(p, 2 * BLOCK);
	close(fd);
}

/* A process that shares the address space may ask for migration; so may its threads. */
static int clone_body(void *arg)
{
	struct nv *nv = *(struct nv **)arg;
	char *p = ((char **)arg)[1];

	if (nv_migrate(nv, p, BLOCK, true) != 512)
		return 1;
	return nv_sum(nv, p, 512, PAGE) == 511 * 256 ? 0 : 2;
}

static void clone_vm(struct nv *nv)
{
	char *p = nv_anon(BLOCK), *stack_mem = nv_anon(64 * PAGE);
	void *args[] = { nv, p };
	pid_t pid;

	for (uint32_t i = 0; i < 512; i++)
		*(uint32_t *)(p + i * PAGE) = i;
	pid = clone(clone_body, stack_mem + 64 * PAGE, CLONE_VM | CLONE_FILES | SIGCHLD, args);
	igt_assert_lte(0, pid);
	nv_expect_child_ok(pid);
	igt_assert_eq(nv_pages_in_vram(p, BLOCK), 512);
	nv_store(nv, p, 1);
	munmap(p, BLOCK);
	munmap(stack_mem, 64 * PAGE);
}

/* A stopped process's GPU work goes on; so does a process whose first thread has ended. */
static void stopped(struct nv *nv)
{
	volatile uint32_t *out = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	int status;

	(void)nv;
	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;
		char *p = nv_anon(BLOCK);

		nv_init(&own);
		nv_spin_launch(&own, (void *)out, (void *)(out + 1));
		raise(SIGSTOP);
		CHILD_CHECK(!__nv_wait(&own));
		nv_fill(&own, p, 512, PAGE, 1);
		CHILD_CHECK(*(uint32_t *)(p + PAGE) == 2);
		_exit(0);
	}
	igt_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
	igt_assert(WIFSTOPPED(status));
	out[0] = 0x57;
	for (int i = 0; i < 5000 && out[1] != 0x57; i++)
		usleep(1000);
	igt_assert_eq(out[1], 0x57);
	kill(pid, SIGCONT);
	nv_expect_child_ok(pid);
	munmap((void *)out, PAGE);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "swap-in", swap_in, "Shaders use what is swapped out; nothing stays busy" },
		{ "swap-busy", swap_busy, "Swapped out under a kernel that counts" },
		{ "hugetlb-1g-stress", hugetlb_1g, "A page of 1 GiB, in place" },
		{ "stack", stack, "Stacks of two threads" },
		{ "guard-regions", guard, "Guard regions stop the GPU" },
		{ "pfnmap", pfnmap, "Mappings without pages are refused" },
		{ "numa-move-stress", numa, "Pages change nodes under a kernel" },
		{ "page-replaced-busy", soft_offline, "Core mm moves a page under a kernel" },
		{ "page-poisoned", poisoned, "A page that failed stops who reads it" },
		{ "shared-anonymous", shared_anon, "Two processes, one memory" },
		{ "shmem-huge", shmem_huge, "Huge pages of shared memory" },
		{ "clone-vm", clone_vm, "Another process of the same address space" },
		{ "stopped-process", stopped, "SIGSTOP does not stop the GPU" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
