/* SPDX-License-Identifier: MIT */
/*
 * What the OpenCL programs share. A program runs a kernel on memory of the
 * process, mostly plain malloc, and compares with what the CPU makes of it.
 */
#ifndef NV_CL_H
#define NV_CL_H

#define CL_TARGET_OPENCL_VERSION 210
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <CL/cl.h>

enum cl_mode {
	CL_COLD,		/* the GPU faults on each page */
	CL_MIGRATED,		/* clEnqueueSVMMigrateMem before each launch */
	CL_OVERSUBSCRIBED,	/* the same, with video memory full of other pages */
};

#define CL_RELEASE_MAX 64	/* sources, and kernels of one program */

struct cl {
	cl_platform_id platform;
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
	enum cl_mode mode;
	bool images, fp64, printf;
	uint64_t placed;		/* pages the running program asked to be moved */
	bool launched;			/* cl_before_launch() was called for it */
	uint64_t to_vram;		/* pages moved when it began */
	unsigned int failed;		/* complaints of the running program */
	const char *skipped;		/* why it could not run here, or NULL */
	unsigned int programs;		/* built so far, kept for all modes */
	struct {
		const char *source;
		cl_program program;
	} program[CL_RELEASE_MAX];
	unsigned int kernels;
	cl_kernel kernel[CL_RELEASE_MAX];
};

/* @n: size in elements, any number from 1; each program rounds as it must. */
struct cl_test {
	const char *name;
	void (*run)(struct cl *c, size_t n);
	size_t size;			/* in the fast list */
	size_t most;			/* in the long list; 0: has no size */
	const char *summary;
};

/* All tables of struct cl_test, each ended by a NULL name. */
extern const struct cl_test tests_data[], tests_compute[], tests_number[],
	tests_memory[], tests_share[], tests_api[], tests_buffer[], tests_image[], tests_image_kinds[],
	tests_sampler[];

/* Count a complaint and print it (the first few of each program). */
void cl_fail(struct cl *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Complain unless @err is CL_SUCCESS; true when it is. */
bool cl_ok(struct cl *c, cl_int err, const char *what);
void cl_skip(struct cl *c, const char *why);

/*
 * Memory filled with a pattern nobody expects, or with zeroes; does not fail. From
 * malloc in mode cold, from clSVMAlloc otherwise.
 */
void *cl_alloc(size_t bytes);
void *cl_zalloc(size_t bytes);
/* From clSVMAlloc in any mode, and no page of it touched. */
void *cl_untouched(size_t bytes);
void cl_free(void *p);
/* Whose memory that is from now on. */
void cl_use(struct cl *c);
/* Small numbers that repeat from run to run. */
uint32_t cl_random(uint32_t *state);

/*
 * A kernel of @source, which is compiled once for all modes, and from one run to
 * the next kept as a binary below $NVCL_CACHE if that is set. Released when the
 * program has run. NULL after a complaint.
 */
cl_kernel cl_build(struct cl *c, const char *source, const char *name);
/* The program alone, in any context of the device; the caller releases it. */
cl_program cl_program_in(struct cl *c, cl_context context, const char *source);
void cl_arg(struct cl *c, cl_kernel k, unsigned int index, size_t bytes, const void *value);
void cl_arg_int(struct cl *c, cl_kernel k, unsigned int index, cl_int value);
/* Any pointer of this process: the device shares its address space. */
void cl_arg_ptr(struct cl *c, cl_kernel k, unsigned int index, const void *pointer);
/* Memory the next launch works on: moved to the device if it came from clSVMAlloc. */
void cl_place(struct cl *c, const void *pointer, size_t bytes);
/* The same with all pieces of less than a page; each launch does it. */
void cl_place_small(struct cl *c);
/* Mode oversubscribed: fill video memory; complains if nothing was driven out. */
void cl_fill_device(struct cl *c);
/*
 * Once before a program's first launch. Mode migrated: complain unless what was
 * placed is there. Mode oversubscribed: drive out pages.
 */
void cl_before_launch(struct cl *c);
/* Launch @global work-items (in groups of @local, 0: the stack's choice) and wait. */
void cl_launch(struct cl *c, cl_kernel k, size_t global, size_t local);
void cl_launch_2d(struct cl *c, cl_kernel k, const size_t global[2], const size_t local[2]);

/* Compare @n elements; complains about the first that differs. */
void cl_same_u32(struct cl *c, const char *what, const uint32_t *got, const uint32_t *want,
		 size_t n);
/* Within @relative of @want, or equal. */
void cl_near(struct cl *c, const char *what, const float *got, const double *want, size_t n,
	     double relative);

/* Complain of what the model and the kernel say between these two. */
void cl_watch_start(struct cl *c);
void cl_watch_stop(struct cl *c);

struct cl_stats {
	uint64_t faults, to_vram, to_sys;	/* of this process; pages */
	uint64_t evicted;			/* of the whole GPU */
};

/* What the driver counted so far; complains if it cannot be read. */
struct cl_stats cl_stats(struct cl *c);

/* Rows for the table of make bench, as text and into @json if not NULL. */
int cl_bench(struct cl *c, const char *json);

static inline size_t cl_round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

#endif
