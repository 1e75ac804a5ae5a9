/* SPDX-License-Identifier: MIT */
/*
 * What tests of memory need beyond a client: kinds of memory, data to check,
 * a copy engine, knobs. Whatever is changed for all of the machine (knobs, swap,
 * huge pages) goes back when the test program exits, however it does.
 */
#ifndef NV_MM_H
#define NV_MM_H

#include <sys/types.h>

#include "nv_svm.h"

/* A child's exit code is its verdict. */
#define CHILD_CHECK(cond) do { if (!(cond)) _exit(1); } while (0)

void nv_expect_child_ok(pid_t pid);

/* Every word differs from its neighbours and from other seeds'. */
void nv_pattern(void *p, size_t bytes, uint32_t seed);
void nv_check_pattern(const void *p, size_t bytes, uint32_t seed);
bool nv_is_pattern(const void *p, size_t bytes, uint32_t seed);

/* Private anonymous, aligned to @align, untouched. */
void *nv_anon_aligned(size_t bytes, size_t align);
/* The same in one huge page of the CPU; skips when there is none to be had. */
void *nv_thp(size_t bytes);
/* KiB of a field of the mapping that starts at or covers @p, from smaps. */
long nv_smaps(const void *p, const char *field);
/* MAP_HUGETLB with @flags; reserves the pages, skips when there are none. */
void *nv_hugetlb(size_t bytes, int flags);
/* Turn on swap (zram); skips when the kernel has none. */
void nv_swap_on(void);
/* Swapped out by now, by /proc/self/pagemap and smaps. */
void nv_page_out(void *p, size_t bytes);
/* Pin for as long as *ring is open, as RDMA would. Skips without io_uring. */
int nv_pin(void *p, size_t bytes);

/* Set a policy knob; it goes back at exit. Skips without debugfs. */
void nv_knob(const char *name, uint32_t value);
/* Evict what is in the first GPU's VRAM of it. Skips without debugfs. */
void nv_evict(const void *p, size_t bytes);
/* Write to a file of the kernel; false when that fails. */
bool nv_write_file(const char *path, const char *text);
/* Counter @name now minus @before; skips when counters cannot be read. */
long long nv_counter_since(const char *name, long long before);
/*
 * Pages that were mapped for the GPU, ever. Where nothing had to be mapped there was no
 * fault that counts; packets of old ones may still be drained after a kernel is done.
 */
long long nv_pages_mapped(void);

uint64_t nv_vram_total(void);
uint64_t nv_vram_used(void);
/* A key of the client's fdinfo, -1 when missing. */
long long nv_fdinfo(const struct nv *nv, const char *key);

/* Wait at *flag, then *out = *flag. */
void nv_spin_launch(struct nv *nv, const void *flag, void *out);
/* rounds times p[i * stride] += 1, @threads of them, not waited for. */
void nv_hammer_launch(struct nv *nv, void *p, uint32_t threads, uint32_t stride, uint32_t rounds);
/* A linear copy by the copy engine, addresses of any kind. */
int __nv_copy(struct nv *nv, uint64_t dst, uint64_t src, uint32_t bytes);
void nv_copy(struct nv *nv, void *dst, const void *src, uint32_t bytes);
int __nv_copy_launch(struct nv *nv, uint64_t dst, uint64_t src, uint32_t bytes);

/* A channel in place of the one that was killed. */
void nv_revive(struct nv *nv);

double nv_seconds(void);

/* A subtest that wants a client of its own. */
struct nv_case {
	const char *name;
	void (*run)(struct nv *nv);
	const char *describe;
};

void nv_subtests(const struct nv_case *cases, unsigned int n);

#endif
