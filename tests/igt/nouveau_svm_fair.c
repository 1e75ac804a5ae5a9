// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm fair
 * Category: Core
 * Functionality: clients whose faults are served side by side
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"
#include "nv_programs.h"

IGT_TEST_DESCRIPTION("Nobody waits for somebody else's memory");

/* What a child whose fault is blocked in user space and its parent share. */
struct blocked {
	pid_t pid;
	int uffd;			/* the child's, held by the parent too */
	uint64_t at;			/* the page it waits for */
	int memory;			/* a file that the child has mapped */
	int go[2];
};

/*
 * A child launches a kernel on memory that only a userfaultfd can fill, which
 * nobody answers. Returns when its fault is being served.
 */
static void block_child(struct blocked *b, uint32_t pages)
{
	int ready[2], pidfd, theirs;
	struct uffd_msg msg;
	struct pollfd pfd;

	igt_assert_eq(pipe(ready), 0);
	igt_assert_eq(pipe(b->go), 0);
	b->memory = memfd_create("nv-igt", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	igt_assert_eq(ftruncate(b->memory, PAGE), 0);
	b->pid = fork();
	igt_assert_lte(0, b->pid);
	if (!b->pid) {
		struct uffdio_api api = { .api = UFFD_API };
		char *p = nv_anon(pages * PAGE);
		struct uffdio_register reg = {
			.range = { (uintptr_t)p, pages * PAGE },
			.mode = UFFDIO_REGISTER_MODE_MISSING,
		};
		struct { uint64_t p; uint32_t n, stride, v; } args = {
			(uintptr_t)p, pages, PAGE, 1,
		};
		int uffd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
		struct nv nv;
		char c;

		prctl(PR_SET_DUMPABLE, 1);
		CHILD_CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, b->memory, 0) !=
			    MAP_FAILED);
		CHILD_CHECK(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api));
		CHILD_CHECK(!ioctl(uffd, UFFDIO_REGISTER, &reg));
		nv_init(&nv);
		CHILD_CHECK(!__nv_launch(&nv, &nv_program_fill, (pages + 127) / 128, 128, &args,
					 20));
		CHILD_CHECK(write(ready[1], &uffd, sizeof(uffd)) == sizeof(uffd));
		CHILD_CHECK(read(b->go[0], &c, 1) == 1);
		CHILD_CHECK(!__nv_wait(&nv));
		for (uint32_t i = 0; i < pages; i++)
			CHILD_CHECK(*(uint32_t *)(p + i * PAGE) == 1 + i);
		nv_fini(&nv);
		_exit(0);
	}
	igt_assert_eq(read(ready[0], &theirs, sizeof(theirs)), sizeof(theirs));
	pidfd = syscall(__NR_pidfd_open, b->pid, 0);
	b->uffd = syscall(__NR_pidfd_getfd, pidfd, theirs, 0);
	igt_require_f(b->uffd >= 0, "no pidfd_getfd: %d\n", errno);
	close(pidfd);
	pfd = (struct pollfd){ .fd = b->uffd, .events = POLLIN };
	igt_assert_eq(poll(&pfd, 1, 10000), 1);
	igt_assert_eq(read(b->uffd, &msg, sizeof(msg)), sizeof(msg));
	igt_assert_eq(msg.event, UFFD_EVENT_PAGEFAULT);
	b->at = msg.arg.pagefault.address & ~(PAGE - 1);
	close(ready[0]);
	close(ready[1]);
}

/* From here on the userfaultfd answers. */
static void unblock_child(struct blocked *b)
{
	struct pollfd pfd = { .fd = b->uffd, .events = POLLIN };
	int status;

	igt_assert_eq(write(b->go[1], "g", 1), 1);
	do {
		struct uffdio_zeropage zero = { .range = { b->at, PAGE } };
		struct uffd_msg msg;

		ioctl(b->uffd, UFFDIO_ZEROPAGE, &zero);
		if (poll(&pfd, 1, 1) == 1 && read(b->uffd, &msg, sizeof(msg)) == sizeof(msg))
			b->at = msg.arg.pagefault.address & ~(PAGE - 1);
	} while (!waitpid(b->pid, &status, WNOHANG));
	igt_assert_f(!status, "the child's status is 0x%x\n", status);
	close(b->uffd);
	close(b->memory);
}

/* Its address space is gone: a file that is mapped for writing cannot be sealed. */
static void expect_memory_gone(struct blocked *b)
{
	double start = nv_seconds();

	while (fcntl(b->memory, F_ADD_SEALS, F_SEAL_WRITE)) {
		igt_assert_eq(errno, EBUSY);
		igt_assert_f(nv_seconds() - start < 10, "its memory is still there after 10 s\n");
		usleep(1000);
	}
	close(b->memory);
}

/* Fresh memory again and again: all of it has to fault. */
static void work(struct nv *nv, uint32_t rounds, uint32_t pages)
{
	for (uint32_t round = 0; round < rounds; round++) {
		char *p = nv_anon(pages * PAGE);

		nv_fill(nv, p, pages, PAGE, round);
		for (uint32_t i = 0; i < pages; i++)
			igt_assert_eq(*(uint32_t *)(p + i * PAGE), round + i);
		munmap(p, pages * PAGE);
	}
}

/* One client's fault waits for user space; another's work is done meanwhile. */
static void blocked_neighbour(void)
{
	long long aside = nv_counter("turns_aside"), batches, faults;
	struct blocked b;
	struct nv nv;

	nv_init(&nv);
	block_child(&b, 64);
	batches = nv_counter("fault_batches");
	faults = nv_counter("faults_deferred");
	work(&nv, 40, 64);
	batches = nv_counter_since("fault_batches", batches);
	igt_info("%lld batches beside one that blocks, %lld packets deferred\n", batches,
		 nv_counter_since("faults_deferred", faults));
	igt_assert_lte(1, nv_counter_since("turns_aside", aside));
	/* it blocks, and does not storm: what is deferred makes no batch */
	igt_assert_lte(batches, 40 * 8);
	unblock_child(&b);
	nv_fini(&nv);
}

/* While nobody else faults, a blocked client costs nothing at all. */
static void blocked_quiet(void)
{
	long long before;
	struct blocked b;

	block_child(&b, 512);
	usleep(100000);
	before = nv_counter("replays") + nv_counter("interrupts");
	usleep(500000);
	before = nv_counter("replays") + nv_counter("interrupts") - before;
	igt_info("%lld replays and interrupts in half a second\n", before);
	igt_assert_lte(before, 4);
	unblock_child(&b);
}

/* Several of them, more than there are processors. */
static void blocked_many(void)
{
	struct blocked b[6];
	struct nv nv;

	nv_init(&nv);
	for (unsigned int i = 0; i < ARRAY_LEN(b); i++)
		block_child(&b[i], 16);
	work(&nv, 10, 64);
	for (unsigned int i = 0; i < ARRAY_LEN(b); i++)
		unblock_child(&b[i]);
	nv_fini(&nv);
}

/* Killed while its fault waits for an answer that never comes. */
static void blocked_kill(bool held)
{
	struct blocked b;
	struct nv nv;
	double start;
	int status;

	nv_init(&nv);
	block_child(&b, 64);
	if (!held)
		close(b.uffd);
	start = nv_seconds();
	igt_assert_eq(kill(b.pid, SIGKILL), 0);
	while (!waitpid(b.pid, &status, WNOHANG)) {
		igt_assert_f(nv_seconds() - start < 10, "still there 10 s after SIGKILL\n");
		usleep(1000);
	}
	work(&nv, 10, 64);
	if (held)
		close(b.uffd);
	/* its memory goes once nobody can answer any more, and the GPU goes on */
	expect_memory_gone(&b);
	work(&nv, 10, 64);
	nv_fini(&nv);
}

static void kill_last(void) { blocked_kill(false); }
static void kill_held(void) { blocked_kill(true); }

/* Whose work is all the same gets the same done, within a factor. */
static void equal_shares(void)
{
	const int n = 6;
	struct shared {
		atomic_uint ready, stop;
		uint32_t rounds[6];
	} *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t least = ~0u, most = 0;

	igt_fork(child, n) {
		struct nv nv;

		nv_init(&nv);
		work(&nv, 1, 64);
		s->ready++;
		while ((int)s->ready < n)
			usleep(1000);
		while (!s->stop) {
			work(&nv, 1, 64);
			s->rounds[child]++;
		}
		nv_fini(&nv);
	}
	while ((int)s->ready < n)
		usleep(1000);
	sleep(3);
	s->stop = 1;
	igt_waitchildren();
	for (int i = 0; i < n; i++) {
		least = s->rounds[i] < least ? s->rounds[i] : least;
		most = s->rounds[i] > most ? s->rounds[i] : most;
	}
	igt_info("%d processes: %u to %u rounds, ratio %.2f\n", n, least, most,
		 (double)least / most);
	igt_assert_lte(most, 3 * least);
	munmap(s, PAGE);
}

#define TRACE "/sys/kernel/tracing/instances/nv-igt"

/* From here on the driver's tracepoint notes each fault packet of [p, p + bytes). */
static void packets_watch(const char *p, size_t bytes)
{
	char filter[96];

	snprintf(filter, sizeof(filter), "va >= 0x%llx && va < 0x%llx",
		 (unsigned long long)(uintptr_t)p, (unsigned long long)(uintptr_t)p + bytes);
	rmdir(TRACE);
	igt_require(!mkdir(TRACE, 0700));
	igt_assert(nv_write_file(TRACE "/events/nouveau/nouveau_fault/filter", filter));
	igt_assert(nv_write_file(TRACE "/events/nouveau/nouveau_fault/enable", "1"));
}

/* How many there were. */
static unsigned int packets_seen(void)
{
	unsigned int n = 0;
	char line[512];
	FILE *f;

	nv_write_file(TRACE "/events/nouveau/nouveau_fault/enable", "0");
	f = fopen(TRACE "/trace", "r");
	igt_assert(f);
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, "nouveau_fault:");
	fclose(f);
	rmdir(TRACE);
	return n;
}

/*
 * One that faults thousands of pages at a time, and others a few: all get on. What is
 * not served at once makes a packet with every replay of the others' faults.
 */
static void light_beside_heavy(void)
{
	const uint32_t pages = 12288, rounds = 20;
	atomic_uint *heavy = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				  -1, 0);
	atomic_uint *stop = heavy + 1;
	char *mine = nv_anon(PAGE);
	unsigned int fills, packets;
	struct nv nv;

	nv_init(&nv);
	work(&nv, 1, 1);
	igt_fork(child, 2) {
		struct nv theirs;

		nv_init(&theirs);
		while (!*stop) {
			char *p = nv_anon(pages * PAGE);

			madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
			nv_fill(&theirs, p, pages, PAGE, 1);
			munmap(p, pages * PAGE);
			++*heavy;
		}
		nv_fini(&theirs);
	}
	while (*heavy < 2)
		usleep(1000);
	fills = *heavy;
	packets_watch(mine, PAGE);
	for (uint32_t i = 0; i < rounds; i++) {
		nv_store(&nv, mine, i);
		igt_assert_eq(madvise(mine, PAGE, MADV_DONTNEED), 0);
	}
	packets = packets_seen();
	fills = *heavy - fills;
	*stop = 1;
	igt_waitchildren();
	igt_info("%u faults took %u packets beside %u fills of %u pages\n", rounds, packets,
		 fills, pages);
	igt_assert_lte(rounds, packets);
	/* nearly always in the first batch after it */
	igt_assert_lte(packets, rounds * 3 / 2);
	nv_fini(&nv);
	munmap(mine, PAGE);
	munmap(heavy, PAGE);
}

int igt_main()
{
	static const struct {
		const char *name;
		void (*run)(void);
		const char *describe;
	} cases[] = {
		{ "blocked-neighbour", blocked_neighbour,
		  "A fault that waits for a userfaultfd delays nobody else" },
		{ "blocked-quiet", blocked_quiet, "And makes no storm" },
		{ "blocked-many", blocked_many, "Six of them at a time" },
		{ "blocked-kill", kill_last, "SIGKILL while a fault waits for user space" },
		{ "blocked-kill-held", kill_held, "The same while another holds its userfaultfd" },
		{ "equal-shares", equal_shares, "Six processes get the same done" },
		{ "light-beside-heavy", light_beside_heavy,
		  "A page is served beside thousands of others" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	for (unsigned int i = 0; i < ARRAY_LEN(cases); i++) {
		igt_describe(cases[i].describe);
		igt_subtest(cases[i].name)
			cases[i].run();
	}
}
