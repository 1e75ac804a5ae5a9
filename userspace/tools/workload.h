/* SPDX-License-Identifier: MIT */
/*
 * The demo kernels: each builds its data with plain malloc, says how to launch
 * and checks every byte against the CPU.
 */
#ifndef NVSVM_WORKLOAD_H
#define NVSVM_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_ARRAYS 4
#define JOB_ARGS_BYTES 64

struct job {
	uint64_t bytes;			/* wanted footprint */
	uint32_t seed;
	unsigned int launches;		/* how often the kernel ran */
	void *array[JOB_ARRAYS];	/* freed by job_free() */
	size_t items;
	uint32_t grid[3], block[3];
	uint8_t args[JOB_ARGS_BYTES];
	size_t args_bytes;
	/* what the residency picture watches */
	void *watch;
	size_t watch_bytes;
	char error[128];		/* why check() failed */
};

struct workload {
	const char *name;
	const char *summary;
	const char *source;		/* SM75 assembler */
	int (*setup)(struct job *job);	/* 0 or -errno */
	bool (*check)(struct job *job);
};

extern const struct workload workloads[];
extern const unsigned int workload_count;

void job_free(struct job *job);

#endif
