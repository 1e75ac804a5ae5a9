/* SPDX-License-Identifier: MIT */
/*
 * The kernels of kernels.cubin with their data and expected results. Who runs
 * them says where memory comes from and how a kernel is launched.
 */
#ifndef TESTS_CUDA_CASES_H
#define TESTS_CUDA_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUDA_STACK	1024	/* bytes per thread for calls that recurse */

struct cuda_env {
	/* Zeroed memory that the GPU sees at *@gpu; freed after the case. */
	void *(*memory)(struct cuda_env *env, size_t bytes, uint64_t *gpu);
	/* Launch and wait. 0 or an error. */
	int (*launch)(struct cuda_env *env, const char *kernel, const uint32_t grid[3],
		      const uint32_t block[3], unsigned int shared, const void *args,
		      size_t bytes);
	char error[160];		/* why a case failed */
};

struct cuda_case {
	const char *name;		/* the kernel's */
	bool (*run)(struct cuda_env *env, const struct cuda_case *c);
};

extern const struct cuda_case cuda_cases[];
extern const unsigned int cuda_case_count;

/* For the files with the cases. */
struct cuda_args {
	uint8_t block[256];
	size_t bytes;
};

void cuda_push64(struct cuda_args *a, uint64_t v);
void cuda_push32(struct cuda_args *a, uint32_t v);
/* Memory as the next argument. */
void *cuda_memory(struct cuda_env *env, struct cuda_args *a, size_t bytes);
bool cuda_launch(struct cuda_env *env, const struct cuda_case *c, unsigned int grid,
		 unsigned int block, unsigned int shared, const struct cuda_args *a);
/* Records element @i; returns got == want. */
bool cuda_same(struct cuda_env *env, const char *what, size_t i, uint64_t got, uint64_t want);
uint64_t cuda_random(void);

bool cuda_case_vadd(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_reduce(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_scan(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_sgemm(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_histogram(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_fp64(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_fp32(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_divide(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_wide(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_bits(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_convert(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_half(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_functions(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_mma_half(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_mma_wmma(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_mma_byte(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_mma_volta(struct cuda_env *env, const struct cuda_case *c);
bool cuda_case_mma_bits(struct cuda_env *env, const struct cuda_case *c);

#endif
