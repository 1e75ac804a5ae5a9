// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau svm memcg
 * Category: Core
 * Functionality: processes that may not have all of RAM
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("memory.max: what is out of memory is one's own, and no one hangs");

#define MIB (1ull << 20)
#define ROOT "/sys/fs/cgroup"
#define GROUP ROOT "/nouveau_svm_memcg"

static void group_away(int sig)
{
	(void)sig;
	rmdir(GROUP);
}

/* A group that may have @bytes, of swap @swap ("0" or "max"). */
static void group_new(uint64_t bytes, const char *swap)
{
	char text[32];

	igt_require_f(nv_write_file(ROOT "/cgroup.subtree_control", "+memory"),
		      "no memory controller: %d\n", errno);
	rmdir(GROUP);
	igt_assert_eq(mkdir(GROUP, 0755), 0);
	igt_install_exit_handler(group_away);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	igt_assert(nv_write_file(GROUP "/memory.max", text));
	/* A kernel without swap has no such file. */
	igt_assert(nv_write_file(GROUP "/memory.swap.max", swap) || !strcmp(swap, "0"));
}

/* "key value" of one of the group's files; the only number of it without a key. */
static long long group_get(const char *file, const char *key)
{
	char path[96], line[96];
	long long value = -1, v;
	FILE *f;

	snprintf(path, sizeof(path), GROUP "/%s", file);
	f = fopen(path, "r");
	igt_assert_f(f, "%s: %d\n", path, errno);
	while (value < 0 && fgets(line, sizeof(line), f)) {
		char *number = key ? strchr(line, ' ') : line;

		if (key && (!number || strncmp(line, key, number - line) ||
			    strlen(key) != (size_t)(number - line)))
			continue;
		if (sscanf(number, "%lld", &v) == 1)
			value = v;
	}
	fclose(f);
	return value;
}

/* Charges of a process that has gone: some are given back in batches. */
static void group_is_empty(void)
{
	for (int i = 0; i < 100 && group_get("memory.current", NULL) >= 2 * (long long)MIB; i++)
		usleep(50000);
	igt_assert_lt(group_get("memory.current", NULL), 2 * MIB);
	igt_assert_eq(rmdir(GROUP), 0);
}

/*
 * Core mm makes room for huge pages in the lists of a group when a CPU's fault brings
 * its first one. migrate_vma_pages(), which brings them for a GPU's, does not (7.3):
 * a split then uses the parent group's list, and DEBUG_VM warns of it.
 */
static void huge_page_first(void)
{
	char *p = nv_anon_aligned(BLOCK, BLOCK);

	madvise(p, BLOCK, MADV_HUGEPAGE);
	*(volatile char *)p = 1;
	munmap(p, BLOCK);
}

/* Runs in the group from its first page on; its exit code is its verdict. */
static pid_t fork_into_group(void (*run)(void *), void *arg)
{
	pid_t pid = fork();

	igt_assert_lte(0, pid);
	if (!pid) {
		CHILD_CHECK(nv_write_file(GROUP "/cgroup.procs", "0"));
		huge_page_first();
		run(arg);
		_exit(0);
	}
	return pid;
}

/*
 * Wait for @pid while @nv works beside it and, with @vram, takes VRAM from it again
 * and again. Returns the status.
 */
static int work_beside(struct nv *nv, pid_t pid, uint64_t vram)
{
	uint32_t *p = nv_anon(64 * PAGE);
	struct nv_bo bos[16];
	unsigned int n;
	int status;

	igt_set_timeout(60, "a group at its limit");
	while (!waitpid(pid, &status, WNOHANG)) {
		for (n = 0; vram && n < ARRAY_LEN(bos); n++)
			if (__nv_bo_init(nv->fd, &bos[n], vram, 0, NOUVEAU_GEM_DOMAIN_VRAM))
				break;
		madvise(p, 64 * PAGE, MADV_DONTNEED);
		nv_fill(nv, p, 64, PAGE, n);
		for (uint32_t i = 0; i < 64; i++)
			igt_assert_eq(p[i * 1024], n + i);
		while (vram && n)
			nv_bo_fini(&bos[--n]);
	}
	igt_reset_timeout();
	munmap(p, 64 * PAGE);
	return status;
}

struct own {
	size_t bytes;
	uint32_t rounds;
	long long evicted;	/* chunks before it began */
};

/* GPU and CPU in turns, moved by order, by faults, and by whoever wants VRAM. */
static void back_and_forth(void *arg)
{
	const struct own *own = arg;
	const uint32_t pages = own->bytes / PAGE;
	uint32_t *p = nv_anon_aligned(own->bytes, BLOCK);
	struct nv nv;

	nv_init(&nv);
	/* On a busy machine the others may not have had their turn yet. */
	for (uint32_t round = 0; round < own->rounds ||
	     (round < 50 * own->rounds && nv_counter("evicted_chunks") == own->evicted); round++) {
		CHILD_CHECK(!__nv_fill(&nv, p, pages, PAGE, round * 0x10000));
		if (round % 2)
			nv_migrate(&nv, p, own->bytes, true);
		CHILD_CHECK(!__nv_fill(&nv, p + 1, pages, PAGE, round));
		for (uint32_t i = 0; i < pages; i++)
			CHILD_CHECK(p[i * 1024] == round * 0x10000 + i &&
				    p[i * 1024 + 1] == round + i);
	}
	nv_fini(&nv);
}

/*
 * Three quarters of what the group may have, moving between RAM and VRAM: a page that
 * was charged in both places, or in a place it has left, would not fit.
 */
static void evict(struct nv *nv)
{
	const uint64_t total = nv_vram_total(), max = 24 * MIB;
	struct own own = {
		.bytes = max * 3 / 4, .rounds = 4, .evicted = nv_counter("evicted_chunks"),
	};
	int status;

	igt_require_f(total <= 512 * MIB, "VRAM too large to fill here\n");
	group_new(max, "0");
	status = work_beside(nv, fork_into_group(back_and_forth, &own), total / 16);
	igt_assert_f(!status, "the child's status is 0x%x\n", status);
	igt_assert_eq(group_get("memory.events", "oom_kill"), 0);
	igt_assert_lt(0, nv_counter_since("evicted_chunks", own.evicted));
	igt_info("at most %lld of %llu KiB charged\n", group_get("memory.peak", NULL) >> 10,
		 (unsigned long long)max >> 10);
	igt_assert_lte(own.bytes, group_get("memory.peak", NULL));
	group_is_empty();
}

static void fill_all(void *arg)
{
	const struct own *own = arg;
	uint32_t *p = nv_anon_aligned(own->bytes, BLOCK);
	struct nv nv;

	nv_init(&nv);
	for (uint32_t round = 0; round < own->rounds; round++)
		CHILD_CHECK(!__nv_fill(&nv, p, own->bytes / PAGE, PAGE, round));
	nv_fini(&nv);
}

/*
 * The GPU faults in more than the group may have, while others take VRAM: the kernel
 * kills the process, not its neighbour, and nothing of it is left.
 */
static void kill_one(struct nv *nv)
{
	const uint64_t used = nv_vram_used(), max = 16 * MIB;
	struct own own = { .bytes = 4 * max, .rounds = 1 };
	int status;

	group_new(max, "0");
	status = work_beside(nv, fork_into_group(fill_all, &own), nv_vram_total() / 16);
	igt_assert_f(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		     "the child's status is 0x%x\n", status);
	igt_assert_lte(1, group_get("memory.events", "oom_kill"));
	for (int i = 0; i < 100 && nv_vram_used() > used + MIB; i++)
		usleep(50000);
	igt_assert_lte(nv_vram_used(), used + MIB);
	group_is_empty();
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "memcg-evict", evict, "Between RAM and VRAM at the limit, charged once" },
		{ "memcg-kill", kill_one, "Over the limit by the GPU's faults: one is killed" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
