// SPDX-License-Identifier: MIT
/* Memory that only the CPU knows of: behind pointers, in files. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cl.h"

struct inner {
	uint32_t *data;
	uint64_t count;
};

struct outer {
	struct inner *inner;
	uint32_t *result;
	struct inner own;
};

static const char pointers_source[] =
	"struct inner { __global uint *data; ulong count; };\n"
	"struct outer { __global struct inner *inner; __global uint *result; struct inner own; };\n"
	"__kernel void pointers(__global struct outer *o)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	if (i < o->inner->count)\n"
	"		o->result[i] = o->inner->data[i] + o->own.data[i % o->own.count];\n"
	"}\n";

/* Only the outermost structure is named to the stack; the rest it finds itself. */
static void pointers(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, pointers_source, "pointers");
	struct outer *o = cl_alloc(sizeof(*o));
	uint32_t *want = cl_alloc(n * 4), seed = 15;

	o->inner = cl_alloc(sizeof(*o->inner));
	o->inner->data = cl_alloc(n * 4);
	o->inner->count = n;
	o->own.data = cl_alloc(16 * 4);
	o->own.count = 16;
	o->result = cl_alloc(n * 4);
	for (size_t i = 0; i < 16; i++)
		o->own.data[i] = cl_random(&seed);
	for (size_t i = 0; i < n; i++) {
		o->inner->data[i] = cl_random(&seed);
		want[i] = o->inner->data[i] + o->own.data[i % 16];
	}
	cl_arg_ptr(c, k, 0, o);
	if (k) {
		void *used[] = { o->inner, o->inner->data, o->own.data, o->result };

		cl_ok(c, clSetKernelExecInfo(k, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof(used), used),
		      "clSetKernelExecInfo, pointers");
		cl_ok(c, clSetKernelExecInfo(k, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM,
					     sizeof(cl_bool), &(cl_bool){ CL_TRUE }),
		      "clSetKernelExecInfo, fine grain");
	}
	cl_place(c, o->inner->data, n * 4);
	cl_place(c, o->result, n * 4);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	cl_same_u32(c, "result", o->result, want, n);
	cl_free(o->result);
	cl_free(o->own.data);
	cl_free(o->inner->data);
	cl_free(o->inner);
	cl_free(o);
	cl_free(want);
}

static const char file_source[] =
	"__kernel void copy(__global const uint *from, __global uint *to, uint n)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	if (i < n)\n"
	"		to[i] = from[i] ^ 0x00ff00ff;\n"
	"}\n";

static int file_of(struct cl *c, const uint32_t *words, size_t bytes)
{
	char path[] = "/tmp/nvcl-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || pwrite(fd, words, bytes, 0) != (ssize_t)bytes) {
		cl_fail(c, "no file in /tmp");
		return -1;
	}
	unlink(path);
	return fd;
}

/* From a file mapped for reading into one mapped shared: what the GPU wrote is in it. */
static void mapped_file(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, file_source, "copy");
	size_t bytes = n * 4;
	uint32_t *words = cl_alloc(bytes), *from, *to, seed = 16;
	int in, out;

	for (size_t i = 0; i < n; i++)
		words[i] = cl_random(&seed);
	in = file_of(c, words, bytes);
	out = file_of(c, words, bytes);
	from = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, in, 0);
	to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
	if (from == MAP_FAILED || to == MAP_FAILED) {
		cl_fail(c, "mmap");
		return;
	}
	cl_arg_ptr(c, k, 0, from);
	cl_arg_ptr(c, k, 1, to);
	cl_arg_int(c, k, 2, n);
	cl_place(c, from, bytes);
	cl_place(c, to, bytes);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	for (size_t i = 0; i < n; i++)
		words[i] ^= 0x00ff00ff;
	cl_same_u32(c, "mapping", to, words, n);
	munmap(to, bytes);
	to = cl_alloc(bytes);
	if (pread(out, to, bytes, 0) != (ssize_t)bytes)
		cl_fail(c, "pread");
	cl_same_u32(c, "file", to, words, n);
	munmap(from, bytes);
	cl_free(to);
	cl_free(words);
	close(in);
	close(out);
}

const struct cl_test tests_memory[] = {
	{ "pointers", pointers, 1024, 4194304, "pointers inside structures" },
	{ "file", mapped_file, 8192, 4194304, "a mapped file read, another one written" },
	{ 0 }
};
