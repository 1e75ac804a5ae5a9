/* SPDX-License-Identifier: MIT */
/*
 * The GPU model inside of the process that uses it, with one channel and all of
 * its memory mapped: buffers never move, a submission is over when the call returns.
 */
#ifndef TESTS_OPENCL_DEVICE_H
#define TESTS_OPENCL_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#define DEVICE_BYTES	(2ull << 30)	/* for all buffers */

struct device_bo {
	uint32_t handle;
	uint64_t size, offset, va;	/* in bytes; in device_fd(); on the GPU */
};

/*
 * A descriptor of the memory behind the buffers. The first call makes the GPU, whose
 * errors and what it lacks go to the file $TU104_LOG, or to stderr.
 */
int device_fd(void);
/* Video memory to tell of, bytes: $TU104_VRAM MiB, by default half of DEVICE_BYTES. */
uint64_t device_vram(void);
/* The GPU's clock, ns. */
uint64_t device_time(void);
/* Zeroed. 0, -ENOMEM. */
int device_bo_new(uint64_t size, uint64_t align, struct device_bo *bo);
bool device_bo_find(uint32_t handle, struct device_bo *bo);
void device_bo_free(uint32_t handle);
/*
 * Runs @bytes of methods at @offset of a buffer and waits for them. -ENOENT: no such
 * buffer. Ends the process if the GPU stops: nothing here could mend the channel.
 */
int device_submit(uint32_t handle, uint64_t offset, uint64_t bytes, bool no_prefetch);

#endif
