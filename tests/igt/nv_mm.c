// SPDX-License-Identifier: MIT
/* See nv_mm.h. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nv_igt.h"
#include "nv_mm.h"

#define ZRAM "/dev/zram0"

void nv_expect_child_ok(pid_t pid)
{
	int status;

	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_f(WIFEXITED(status) && !WEXITSTATUS(status), "child status 0x%x\n", status);
}

double nv_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static struct { char path[128]; char old[16]; } knobs[16];
static unsigned int n_knobs;

static void knobs_back(int sig)
{
	(void)sig;
	while (n_knobs) {
		n_knobs--;
		nv_write_file(knobs[n_knobs].path, knobs[n_knobs].old);
	}
}

void nv_subtests(const struct nv_case *cases, unsigned int n)
{
	struct nv nv;

	for (unsigned int i = 0; i < n; i++) {
		igt_describe(cases[i].describe);
		igt_subtest(cases[i].name) {
			knobs_back(0);
			nv_init(&nv);
			cases[i].run(&nv);
			nv_fini(&nv);
		}
	}
}

/* Data */

static uint32_t pattern_word(size_t i, uint32_t seed)
{
	return ((uint32_t)i * 2654435761u) ^ (seed * 0x9e3779b9u);
}

void nv_pattern(void *p, size_t bytes, uint32_t seed)
{
	uint32_t *w = p;

	for (size_t i = 0; i < bytes / 4; i++)
		w[i] = pattern_word(i, seed);
}

bool nv_is_pattern(const void *p, size_t bytes, uint32_t seed)
{
	const uint32_t *w = p;

	for (size_t i = 0; i < bytes / 4; i++)
		if (w[i] != pattern_word(i, seed))
			return false;
	return true;
}

void nv_check_pattern(const void *p, size_t bytes, uint32_t seed)
{
	const uint32_t *w = p;

	for (size_t i = 0; i < bytes / 4; i++)
		igt_assert_f(w[i] == pattern_word(i, seed), "word %zu is 0x%x, not 0x%x\n", i,
			     w[i], pattern_word(i, seed));
}

/* Memory */

void *nv_anon_aligned(size_t bytes, size_t align)
{
	char *raw = nv_anon(bytes + align);
	char *p = (char *)(((uintptr_t)raw + align - 1) & ~(align - 1));

	if (p > raw)
		munmap(raw, p - raw);
	if (raw + align > p)
		munmap(p + bytes, raw + align - p);
	return p;
}

long nv_smaps(const void *p, const char *field)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512], key[64];
	long kib = -1;
	bool here = false;

	igt_assert(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned long lo, hi;
		long v;

		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			here = lo <= (uintptr_t)p && (uintptr_t)p < hi;
		else if (here && sscanf(line, "%63[^:]: %ld kB", key, &v) == 2 &&
			 !strcmp(key, field))
			kib = v;
	}
	fclose(f);
	return kib;
}

void *nv_thp(size_t bytes)
{
	char *p = nv_anon_aligned(bytes, BLOCK);

	madvise(p, bytes, MADV_HUGEPAGE);
	for (size_t i = 0; i < bytes; i += PAGE)
		*(volatile char *)(p + i) = 0;
	igt_require_f(nv_smaps(p, "AnonHugePages") == (long)(bytes >> 10),
		      "no huge page from the kernel\n");
	return p;
}

bool nv_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static void hugetlb_give_back(int sig)
{
	(void)sig;
	nv_write_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0");
}

void *nv_hugetlb(size_t bytes, int flags)
{
	char count[16];
	void *p;

	snprintf(count, sizeof(count), "%zu", (size_t)(bytes / BLOCK + 2));
	igt_install_exit_handler(hugetlb_give_back);
	igt_require_f(nv_write_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
				    count), "no hugetlb pages in this kernel\n");
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 flags | MAP_ANONYMOUS | MAP_HUGETLB | 21 << MAP_HUGE_SHIFT, -1, 0);
	igt_require_f(p != MAP_FAILED, "the kernel has no 2 MiB page to reserve\n");
	return p;
}

static void swap_off(int sig)
{
	(void)sig;
	swapoff(ZRAM);
	nv_write_file("/sys/block/zram0/reset", "1");
}

void nv_swap_on(void)
{
	igt_require_f(!system("modprobe -q zram num_devices=1 2>/dev/null"), "no zram module\n");
	swap_off(0);
	igt_require_f(nv_write_file("/sys/block/zram0/disksize", "256M"), "no zram device\n");
	igt_install_exit_handler(swap_off);
	igt_require_f(!system("mkswap " ZRAM " >/dev/null 2>&1"), "no mkswap\n");
	igt_assert_f(!swapon(ZRAM, 0), "swapon: %d\n", errno);
}

void nv_page_out(void *p, size_t bytes)
{
	for (int i = 0; i < 50; i++) {
		int node = 0, status;

		igt_assert_eq(madvise(p, bytes, MADV_PAGEOUT), 0);
		if (nv_smaps(p, "Swap") >= (long)(bytes >> 10))
			return;
		/* New pages wait for their list on the CPU that made them: move_pages() drains. */
		syscall(__NR_move_pages, 0, 1, &p, &node, &status, 0);
		usleep(10000);
	}
	igt_assert_f(false, "%ld of %zu KiB swapped out\n", nv_smaps(p, "Swap"), bytes >> 10);
}

int nv_pin(void *p, size_t bytes)
{
	struct io_uring_params params = { 0 };
	struct iovec iov = { p, bytes };
	int ring = syscall(__NR_io_uring_setup, 1, &params);

	igt_require_f(ring >= 0, "no io_uring: %d\n", errno);
	igt_assert_eq(syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1), 0);
	return ring;
}

/* What the driver shows and lets be set */

void nv_evict(const void *p, size_t bytes)
{
	static const char pattern[] = "/sys/kernel/debug/dri/*/svm_evict";
	char text[96];
	glob_t found;

	igt_require_f(!glob(pattern, 0, NULL, &found), "no %s\n", pattern);
	snprintf(text, sizeof(text), "%d %llx %llx", getpid(), (unsigned long long)(uintptr_t)p,
		 (unsigned long long)((uintptr_t)p + bytes));
	igt_assert_f(nv_write_file(found.gl_pathv[0], text), "%s: %s\n", text, strerror(errno));
	globfree(&found);
}

void nv_knob(const char *name, uint32_t value)
{
	char pattern[96], text[16];
	glob_t found;
	FILE *f;

	snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/dri/*/svm_knobs/%s", name);
	igt_require_f(!glob(pattern, 0, NULL, &found), "no %s\n", pattern);
	if (!n_knobs)
		igt_install_exit_handler(knobs_back);
	igt_assert_lt(n_knobs, ARRAY_LEN(knobs));
	snprintf(knobs[n_knobs].path, sizeof(knobs[0].path), "%s", found.gl_pathv[0]);
	globfree(&found);
	f = fopen(knobs[n_knobs].path, "r");
	igt_assert(f && fgets(knobs[n_knobs].old, sizeof(knobs[0].old), f));
	fclose(f);
	snprintf(text, sizeof(text), "%u", value);
	igt_assert(nv_write_file(knobs[n_knobs++].path, text));
}

long long nv_counter_since(const char *name, long long before)
{
	long long now = nv_counter(name);

	igt_require_f(now >= 0, "no counter %s\n", name);
	return now - before;
}

long long nv_pages_mapped(void)
{
	return nv_counter_since("pages_mapped_sys", 0) + nv_counter_since("pages_mapped_vram", 0);
}

static uint64_t getparam(uint64_t param)
{
	struct drm_nouveau_getparam req = { .param = param };
	int fd = nv_open_render();

	igt_assert_eq(__nv_ioctl(fd, DRM_IOCTL_NOUVEAU_GETPARAM, &req), 0);
	close(fd);
	return req.value;
}

uint64_t nv_vram_total(void)
{
	return getparam(NOUVEAU_GETPARAM_FB_SIZE);
}

uint64_t nv_vram_used(void)
{
	return getparam(NOUVEAU_GETPARAM_VRAM_USED);
}

long long nv_fdinfo(const struct nv *nv, const char *key)
{
	char path[48], line[160], k[96];
	long long value = -1, v;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", nv->fd);
	f = fopen(path, "r");
	igt_assert(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%95[^:]: %lld", k, &v) == 2 && !strcmp(k, key))
			value = v;
	fclose(f);
	return value;
}
