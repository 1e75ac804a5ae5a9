// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm exclusive
 * Category: Core
 * Functionality: atomics of the GPU on pages that stay in system memory
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"
#include "nv_programs.h"

IGT_TEST_DESCRIPTION("A word is the GPU's or the CPUs', never both at a time");

/* The words of kernels/ops*.sass. */
enum { ADD, INC, DEC, XOR, OR, AND, MAX, MIN, EXCH, CAS, WORDS };

#define STEP		64	/* bytes from one to the next */
#define GOT		32	/* behind EXCH: what the GPU got there */
#define THREADS		33u
#define ROUNDS		11u
#define LAUNCHES	5u

static const uint64_t gpu_value = 0xfffffff3fffffff5ull;
static const uint64_t cpu_bit = 0x4000000040000000ull;

static void *word(void *p, unsigned int op)
{
	return (char *)p + op * STEP;
}

/* One CPU, which does to each word what the GPU does, and remembers. */
struct cpu {
	void *p;
	bool wide;
	volatile bool stop;
	uint64_t done, put, got;
};

#define CPU_ROUND(type, c) do { \
	type *w, old; \
	type give = (type)(c)->done * 3 + 1; \
	__atomic_fetch_add((type *)word((c)->p, ADD), 1, __ATOMIC_SEQ_CST); \
	__atomic_fetch_add((type *)word((c)->p, INC), 1, __ATOMIC_SEQ_CST); \
	__atomic_fetch_sub((type *)word((c)->p, DEC), 1, __ATOMIC_SEQ_CST); \
	__atomic_fetch_xor((type *)word((c)->p, XOR), (type)cpu_bit, __ATOMIC_SEQ_CST); \
	__atomic_fetch_or((type *)word((c)->p, OR), (type)cpu_bit, __ATOMIC_SEQ_CST); \
	__atomic_fetch_and((type *)word((c)->p, AND), (type)~cpu_bit, __ATOMIC_SEQ_CST); \
	w = word((c)->p, MAX); \
	old = *w; \
	while (old < give && !__atomic_compare_exchange_n(w, &old, give, 0, __ATOMIC_SEQ_CST, \
							  __ATOMIC_SEQ_CST)) \
		; \
	(c)->put += give; \
	(c)->got += __atomic_exchange_n((type *)word((c)->p, EXCH), give, __ATOMIC_SEQ_CST); \
	w = word((c)->p, CAS); \
	old = *w; \
	while (!__atomic_compare_exchange_n(w, &old, cas_next(old), 0, __ATOMIC_SEQ_CST, \
					    __ATOMIC_SEQ_CST)) \
		; \
	(c)->done++; \
} while (0)

/* As the kernels do it: both halves by themselves. */
static uint64_t cas_next(uint64_t old)
{
	return (uint32_t)(old + 1) | (old + (1ull << 32)) >> 32 << 32;
}

static void *cpu_main(void *arg)
{
	struct cpu *c = arg;

	while (!c->stop) {
		if (c->wide)
			CPU_ROUND(uint64_t, c);
		else
			CPU_ROUND(uint32_t, c);
		if (!(c->done % 64))
			usleep(50);
	}
	return NULL;
}

static uint64_t load_word(void *p, bool wide)
{
	return wide ? *(volatile uint64_t *)p : *(volatile uint32_t *)p;
}

/* What EXCH, OR and MAX of the GPU are given. */
static uint64_t gpu_give(uint32_t tid, uint32_t round, bool wide)
{
	uint32_t lo = 0x1000 * (round + 1) + tid;

	return wide ? lo | (uint64_t)(0x1000 + tid) << 32 : lo;
}

static int launch_ops(struct nv *nv, void *p, bool wide)
{
	struct {
		uint64_t p;
		uint32_t value, rounds;
	} args = { (uintptr_t)p, (uint32_t)gpu_value, ROUNDS };
	struct {
		uint64_t p, value;
		uint32_t rounds;
	} args64 = { (uintptr_t)p, gpu_value, ROUNDS };

	return wide ? __nv_run(nv, &nv_program_ops64, 1, THREADS, &args64, 20) :
		      __nv_run(nv, &nv_program_ops, 1, THREADS, &args, sizeof(args));
}

static void prepare(void *p)
{
	memset(p, 0, WORDS * STEP);
	memset(word(p, AND), 0xff, 8);
	memset(word(p, MIN), 0xff, 8);
}

/* @gpus launches of the GPU and what @cpus did: the words hold exactly that. */
static void check(void *p, bool wide, uint64_t launches, const struct cpu *cpus, unsigned int n)
{
	const uint64_t mask = wide ? ~0ull : 0xffffffffull;
	uint64_t done = 0, put = 0, got = 0, max = 0, any = 0, cpu_max = 0;
	const uint64_t gpu = launches * THREADS * ROUNDS;

	for (unsigned int i = 0; i < n; i++) {
		done += cpus[i].done;
		put += cpus[i].put;
		got += cpus[i].got;
		if (cpus[i].done && cpus[i].done * 3 - 2 > cpu_max)
			cpu_max = cpus[i].done * 3 - 2;
	}
	for (uint32_t t = 0; t < THREADS; t++) {
		for (uint32_t r = 0; r < ROUNDS; r++) {
			uint64_t v = gpu_give(t, r, wide);

			put += v * launches;
			any |= v;
			max = v > max ? v : max;
		}
	}
	max = cpu_max > max ? cpu_max : max;

#define EXPECT(op, value) \
	igt_assert_f(load_word(word(p, op), wide) == ((value) & mask), \
		     #op ": 0x%llx, not 0x%llx, CPUs did %llu\n", \
		     (unsigned long long)load_word(word(p, op), wide), \
		     (unsigned long long)((value) & mask), (unsigned long long)done)
	EXPECT(ADD, gpu * gpu_value + done);
	if (!wide)
		EXPECT(INC, gpu + done);
	else
		EXPECT(INC, done);
	if (!wide)
		EXPECT(DEC, -(gpu + done));
	else
		EXPECT(DEC, -done);
	EXPECT(XOR, (gpu & 1 ? gpu_value : 0) ^ (done & 1 ? cpu_bit : 0));
	EXPECT(OR, any | (done ? cpu_bit : 0));
	EXPECT(AND, gpu_value & (done ? ~cpu_bit : ~0ull));
	EXPECT(MAX, max);
	EXPECT(MIN, 0ull);
	EXPECT(CAS, ((gpu + done) & 0xffffffff) |
		    (wide ? (gpu + done) << 32 : 0));
	got += load_word((char *)word(p, EXCH) + GOT, wide) + load_word(word(p, EXCH), wide);
	igt_assert_f(!((put - got) & mask), "EXCH: 0x%llx went in, 0x%llx came out\n",
		     (unsigned long long)(put & mask), (unsigned long long)(got & mask));
#undef EXPECT
}

/* Two CPUs and the GPU, all operations. */
static void all_ops(struct nv *nv, void *p, bool wide)
{
	struct cpu cpu[2] = { { .p = p, .wide = wide }, { .p = p, .wide = wide } };
	pthread_t thread[2];
	uint64_t launches = 0;

	prepare(p);
	for (int i = 0; i < 2; i++)
		igt_assert_eq(pthread_create(&thread[i], NULL, cpu_main, &cpu[i]), 0);
	while (launches < LAUNCHES) {
		igt_assert_eq(launch_ops(nv, p, wide), 0);
		launches++;
	}
	for (int i = 0; i < 2; i++) {
		cpu[i].stop = true;
		pthread_join(thread[i], NULL);
		igt_assert_lt(0, cpu[i].done);
	}
	check(p, wide, launches, cpu, 2);
}

static void ops_on(struct nv *nv, void *p)
{
	igt_assert(p != MAP_FAILED);
	igt_set_timeout(50, "atomics of both sides");
	all_ops(nv, p, false);
	all_ops(nv, p, true);
	igt_reset_timeout();
	munmap(p, PAGE);
}

static void ops_anon(struct nv *nv)
{
	ops_on(nv, nv_anon(PAGE));
}

/* The page stays in system memory, so the CPU's entry has to go. */
static void ops_in_place(struct nv *nv)
{
	long long before = nv_counter("pages_exclusive");

	nv_knob("migrate", 0);
	ops_on(nv, nv_anon(PAGE));
	igt_assert_lt(0, nv_counter_since("pages_exclusive", before));
}

static void *map_shared(int fd, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	igt_assert(p != MAP_FAILED);
	return p;
}

static void ops_shared(struct nv *nv)
{
	long long before = nv_counter("pages_exclusive");

	ops_on(nv, map_shared(-1, PAGE));
	igt_assert_lt(0, nv_counter_since("pages_exclusive", before));
}

/* A file, and a private mapping of it that has been written to. */
static void ops_file(struct nv *nv)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	void *p;

	igt_assert_lte(0, fd);
	igt_assert_eq(ftruncate(fd, PAGE), 0);
	ops_on(nv, map_shared(fd, PAGE));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ops_on(nv, p);
	close(fd);
}

/* Two processes, a client each, one page of a memfd, at two addresses each. */
static void ops_two_processes(struct nv *nv)
{
	int fd = memfd_create("atomics", 0);
	struct cpu *cpu;
	pthread_t thread;
	void *p;
	pid_t pid;

	igt_assert_lte(0, fd);
	igt_assert_eq(ftruncate(fd, PAGE), 0);
	p = map_shared(fd, PAGE);
	cpu = map_shared(-1, PAGE);
	prepare(p);
	igt_set_timeout(50, "two processes on one page");
	pid = fork();
	igt_assert_lte(0, pid);
	for (int i = 0; i < 2; i++)
		cpu[i].p = p;
	if (!pid) {
		struct nv own;
		void *alias = map_shared(fd, PAGE);

		nv_init(&own);
		CHILD_CHECK(!pthread_create(&thread, NULL, cpu_main, &cpu[1]));
		for (unsigned int i = 0; i < LAUNCHES; i++)
			CHILD_CHECK(!launch_ops(&own, alias, false));
		cpu[1].stop = true;
		CHILD_CHECK(!pthread_join(thread, NULL));
		_exit(0);
	}
	igt_assert_eq(pthread_create(&thread, NULL, cpu_main, &cpu[0]), 0);
	for (unsigned int i = 0; i < LAUNCHES; i++)
		igt_assert_eq(launch_ops(nv, p, false), 0);
	nv_expect_child_ok(pid);
	cpu[0].stop = true;
	pthread_join(thread, NULL);
	igt_reset_timeout();
	check(p, false, 2 * LAUNCHES, cpu, 2);
	munmap(p, PAGE);
	munmap(cpu, PAGE);
	close(fd);
}

/* Hugetlb can not be kept from CPUs: exact for the GPU alone, and it works. */
static void gpu_only_hugetlb(struct nv *nv)
{
	void *p = nv_hugetlb(BLOCK, MAP_PRIVATE);
	struct cpu none = { .p = p };

	prepare(p);
	igt_assert_eq(launch_ops(nv, p, false), 0);
	check(p, false, 1, &none, 1);
	munmap(p, BLOCK);
}

static void count_launch(struct nv *nv, void *p, uint32_t threads, uint32_t rounds)
{
	const struct { uint64_t p; uint32_t value, rounds; } args = { (uintptr_t)p, 1, rounds };

	igt_assert_eq(__nv_launch(nv, &nv_program_count, 1, threads, &args, sizeof(args)), 0);
}

/* Of three neighbours the one with the atomic changes hands, once. */
static void one_page(struct nv *nv, char *p)
{
	struct { uint64_t a, b, c; uint32_t value; } args = {
		(uintptr_t)p, (uintptr_t)(p + PAGE), (uintptr_t)(p + 2 * PAGE), 7,
	};
	long long before = nv_counter("pages_exclusive");

	memset(p, 0, 3 * PAGE);
	nv_run(nv, &nv_program_mix, 1, 3, &args, 28);
	igt_assert_eq(nv_counter_since("pages_exclusive", before), 1);
	/* the CPU has the others all the time, and the GPU its page */
	for (int i = 0; i < 1000; i++) {
		*(volatile uint32_t *)(p + PAGE + 64) = i;
		*(volatile uint32_t *)(p + 2 * PAGE + 64) = i;
	}
	igt_assert_eq(*(uint32_t *)p, 7);
	munmap(p, 3 * PAGE);
}

static void one_page_only(struct nv *nv)
{
	nv_knob("migrate", 0);
	one_page(nv, nv_anon(3 * PAGE));
	one_page(nv, map_shared(-1, 3 * PAGE));
}

/* A CPU that never pauses, and a GPU that must get its turn all the same; both do. */
static void *hammer_main(void *arg)
{
	struct cpu *c = arg;

	while (!c->stop) {
		__atomic_fetch_add((uint32_t *)c->p, 1, __ATOMIC_SEQ_CST);
		c->done++;
	}
	return NULL;
}

static void both_progress(struct nv *nv, uint32_t *p)
{
	struct cpu cpu = { .p = p };
	uint64_t last = 0, least = ~0ull;
	pthread_t thread;

	*p = 0;
	igt_assert_eq(pthread_create(&thread, NULL, hammer_main, &cpu), 0);
	igt_set_timeout(50, "GPU against a CPU that hammers");
	for (int i = 0; i < 30; i++) {
		count_launch(nv, p, 32, 10);
		igt_assert_eq(__nv_wait(nv), 0);
		least = cpu.done - last < least ? cpu.done - last : least;
		last = cpu.done;
	}
	cpu.stop = true;
	pthread_join(thread, NULL);
	igt_reset_timeout();
	igt_assert_eq(*p, (uint32_t)(30 * 320 + cpu.done));
	igt_info("CPU: %llu, at least %llu in one launch\n", (unsigned long long)cpu.done,
		 (unsigned long long)least);
	igt_assert_lt(0, cpu.done);
	munmap(p, PAGE);
}

static void progress(struct nv *nv)
{
	both_progress(nv, map_shared(-1, PAGE));
	nv_knob("migrate", 0);
	both_progress(nv, nv_anon(PAGE));
}

/* fork() has no patience with a page it cannot get: it always can. */
static void fork_exclusive(struct nv *nv)
{
	uint32_t *p = nv_anon(PAGE);

	nv_knob("migrate", 0);
	*p = 0;
	count_launch(nv, p, 32, 20000);
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		igt_assert_f(pid >= 0, "fork %d: errno %d\n", i, errno);
		if (!pid)
			_exit(*(volatile uint32_t *)p > 640000);
		nv_expect_child_ok(pid);
	}
	igt_assert_eq(__nv_wait(nv), 0);
	igt_assert_eq(*p, 640000);
	munmap(p, PAGE);
}

/* The file shrinks under the GPU's atomics: they end like a CPU's would. */
static void truncate_busy(struct nv *nv)
{
	int fd = memfd_create("atomics", 0);
	uint32_t *p;

	igt_assert_lte(0, fd);
	igt_assert_eq(ftruncate(fd, PAGE), 0);
	p = map_shared(fd, PAGE);
	count_launch(nv, p, 32, 10000000);
	while (!*(volatile uint32_t *)p)
		usleep(100);
	igt_set_timeout(20, "truncation under atomics");
	igt_assert_eq(ftruncate(fd, 0), 0);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	igt_assert_eq(ftruncate(fd, PAGE), 0);
	igt_assert_eq(*p, 0);
	*p = 3;
	igt_reset_timeout();
	nv_revive(nv);
	count_launch(nv, p, 32, 1);
	igt_assert_eq(__nv_wait(nv), 0);
	igt_assert_eq(*p, 35);
	munmap(p, PAGE);
	close(fd);
}

/* Who dies with a page in the GPU's hands leaves it usable. */
static void kill_busy(struct nv *nv)
{
	uint32_t *p = map_shared(-1, PAGE);
	pid_t pid = fork();
	uint32_t seen;

	igt_assert_lte(0, pid);
	if (!pid) {
		struct nv own;

		nv_init(&own);
		count_launch(&own, p, 32, 100000000);
		pause();
	}
	while (!*(volatile uint32_t *)p)
		usleep(100);
	kill(pid, SIGKILL);
	igt_set_timeout(20, "the page of a killed client");
	waitpid(pid, NULL, 0);
	seen = __atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST);
	usleep(20000);
	igt_assert_eq(*p, seen + 1);
	count_launch(nv, p, 32, 1);
	igt_assert_eq(__nv_wait(nv), 0);
	igt_assert_eq(*p, seen + 33);
	igt_reset_timeout();
	munmap(p, PAGE);
}

/* The range goes and comes back while it counts: no sum to check, nothing to hang. */
static void unmap_busy(struct nv *nv)
{
	char *p = map_shared(-1, 4 * PAGE);

	count_launch(nv, p + PAGE, 32, 100000000);
	while (!*(volatile uint32_t *)(p + PAGE))
		usleep(100);
	igt_set_timeout(20, "mm events under atomics");
	for (int i = 0; i < 20; i++) {
		igt_assert_eq(madvise(p, 4 * PAGE, MADV_DONTNEED), 0);
		igt_assert_eq(mprotect(p, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
		igt_assert_eq(madvise(p, 4 * PAGE, MADV_PAGEOUT), 0);
		igt_assert_eq(mprotect(p, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
		usleep(3000);
	}
	munmap(p, 4 * PAGE);
	igt_assert_eq(__nv_wait(nv), -ENODEV);
	igt_reset_timeout();
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "exclusive-ops-anon", ops_anon, "All operations, anonymous memory" },
		{ "exclusive-ops-in-place", ops_in_place, "The same, kept in system memory" },
		{ "exclusive-ops-shared", ops_shared, "All operations, shared memory" },
		{ "exclusive-ops-file", ops_file, "All operations, a file, shared and private" },
		{ "exclusive-ops-processes", ops_two_processes, "Two processes on one page" },
		{ "exclusive-hugetlb", gpu_only_hugetlb, "Hugetlb, the GPU alone" },
		{ "exclusive-one-page", one_page_only, "Only the page with the atomic changes" },
		{ "exclusive-progress", progress, "A CPU that hammers, and the GPU" },
		{ "exclusive-fork", fork_exclusive, "fork of a page that only the GPU has" },
		{ "exclusive-truncate", truncate_busy, "The file is truncated under atomics" },
		{ "exclusive-kill", kill_busy, "The process is killed under atomics" },
		{ "exclusive-unmap", unmap_busy, "mm events under atomics" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
