// SPDX-License-Identifier: MIT
/* Buffers: the calls of those who do not share memory. */
#include <stdlib.h>
#include <string.h>

#include "cl.h"

static const char scale_source[] =
	"__kernel void scale(__global uint *a, uint by, uint n)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	if (i < n)\n"
	"		a[i] = a[i] * by + 1;\n"
	"}\n";

static cl_mem buffer_of(struct cl *c, cl_mem_flags flags, size_t bytes, void *host)
{
	cl_int err;
	cl_mem m = clCreateBuffer(c->context, flags, bytes, host, &err);

	cl_ok(c, err, "clCreateBuffer");
	return m;
}

static void compare_bytes(struct cl *c, const char *what, const uint8_t *got, const uint8_t *want,
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (got[i] != want[i])
			cl_fail(c, "%s: byte %zu is %#x, expected %#x", what, i, got[i], want[i]);
	}
}

static void random_bytes(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = cl_random(&seed);
}

/* Write, read, copy at odd offsets and lengths; the CPU does the same on arrays. */
static void copies(struct cl *c, size_t n)
{
	uint8_t *a = cl_alloc(n), *b = cl_alloc(n), *got = cl_alloc(n);
	cl_mem x = buffer_of(c, CL_MEM_READ_WRITE, n, NULL);
	cl_mem y;
	size_t odd = n / 3, part = n - n / 2;

	random_bytes(a, n, 1);
	random_bytes(b, n, 2);
	y = buffer_of(c, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, n, b);
	cl_ok(c, clEnqueueWriteBuffer(c->queue, x, CL_TRUE, 0, n, a, 0, NULL, NULL), "write");
	cl_ok(c, clEnqueueReadBuffer(c->queue, x, CL_TRUE, 0, n, got, 0, NULL, NULL), "read");
	compare_bytes(c, "written", got, a, n);
	cl_ok(c, clEnqueueWriteBuffer(c->queue, x, CL_TRUE, odd, 1, b, 0, NULL, NULL), "write 1");
	a[odd] = b[0];
	cl_ok(c, clEnqueueCopyBuffer(c->queue, x, y, odd, n / 2, part > n - odd ? n - odd : part,
				     0, NULL, NULL), "copy");
	memcpy(b + n / 2, a + odd, part > n - odd ? n - odd : part);
	cl_ok(c, clEnqueueReadBuffer(c->queue, y, CL_TRUE, 0, n, got, 0, NULL, NULL), "read");
	compare_bytes(c, "copied", got, b, n);
	cl_ok(c, clEnqueueReadBuffer(c->queue, y, CL_TRUE, n - 1, 1, got, 0, NULL, NULL), "read 1");
	compare_bytes(c, "last", got, b + n - 1, 1);
	clReleaseMemObject(y);
	clReleaseMemObject(x);
	cl_free(got);
	cl_free(b);
	cl_free(a);
}

/* Patterns of 1 to 16 bytes; larger ones are what nouveau's Mesa leaves undone. */
static void fills(struct cl *c, size_t n)
{
	size_t bytes = cl_round_up(n, 16);
	uint8_t *want = cl_alloc(bytes), *got = cl_alloc(bytes), pattern[16];
	cl_mem x = buffer_of(c, CL_MEM_READ_WRITE, bytes, NULL);

	random_bytes(pattern, sizeof(pattern), 3);
	random_bytes(want, bytes, 4);
	cl_ok(c, clEnqueueWriteBuffer(c->queue, x, CL_TRUE, 0, bytes, want, 0, NULL, NULL),
	      "write");
	for (size_t size = 1; size <= 16; size *= 2) {
		size_t from = cl_round_up(bytes / 16 * (size % 3), size);
		size_t length = (bytes - from) / size * size / 2 / size * size;

		if (!length)
			continue;
		cl_ok(c, clEnqueueFillBuffer(c->queue, x, pattern, size, from, length, 0, NULL,
					     NULL), "fill");
		for (size_t i = 0; i < length; i++)
			want[from + i] = pattern[i % size];
		cl_ok(c, clEnqueueReadBuffer(c->queue, x, CL_TRUE, 0, bytes, got, 0, NULL, NULL),
		      "read");
		compare_bytes(c, "filled", got, want, bytes);
	}
	clReleaseMemObject(x);
	cl_free(got);
	cl_free(want);
}

/* A kernel on a buffer, then on a part of it, seen and changed through maps. */
static void maps(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, scale_source, "scale");
	size_t bytes = cl_round_up(n, 1024) * 4, half = bytes / 2, words = bytes / 4;
	cl_mem x = buffer_of(c, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes, NULL);
	uint32_t *p, *want = cl_alloc(bytes);
	cl_mem sub;
	cl_int err;

	p = clEnqueueMapBuffer(c->queue, x, CL_TRUE, CL_MAP_WRITE, 0, bytes, 0, NULL, NULL, &err);
	if (!cl_ok(c, err, "map"))
		return;
	for (size_t i = 0; i < words; i++)
		p[i] = want[i] = i * 3;
	cl_ok(c, clEnqueueUnmapMemObject(c->queue, x, p, 0, NULL, NULL), "unmap");
	cl_arg(c, k, 0, sizeof(x), &x);
	cl_arg_int(c, k, 1, 5);
	cl_arg_int(c, k, 2, words);
	cl_launch(c, k, words, 64);
	sub = clCreateSubBuffer(x, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION,
				&(cl_buffer_region){ half, half }, &err);
	cl_ok(c, err, "sub-buffer");
	cl_arg(c, k, 0, sizeof(sub), &sub);
	cl_arg_int(c, k, 1, 7);
	cl_arg_int(c, k, 2, words / 2);
	cl_launch(c, k, words / 2, 64);
	for (size_t i = 0; i < words; i++) {
		want[i] = want[i] * 5 + 1;
		if (i >= words / 2)
			want[i] = want[i] * 7 + 1;
	}
	p = clEnqueueMapBuffer(c->queue, x, CL_TRUE, CL_MAP_READ, 0, bytes, 0, NULL, NULL, &err);
	if (cl_ok(c, err, "map")) {
		cl_same_u32(c, "mapped", p, want, words);
		cl_ok(c, clEnqueueUnmapMemObject(c->queue, x, p, 0, NULL, NULL), "unmap");
	}
	clFinish(c->queue);
	clReleaseMemObject(sub);
	clReleaseMemObject(x);
	cl_free(want);
}

#define SIDE	48u
#define SLICE	(SIDE * SIDE)
#define DEPTH	4u

/* A box there, moved within the buffer, and back; all its pitches differ. */
static void rectangles(struct cl *c, size_t n)
{
	static const size_t at[3] = { 5, 3, 0 }, to[3] = { 20, 17, 1 }, zero[3];
	static const size_t region[3] = { 19, 11, 3 };
	enum { ROW = 23, LAYER = ROW * 12 };
	uint8_t cube[SLICE * DEPTH], patch[LAYER * 3], got[SLICE * DEPTH];
	cl_mem x, y;

	(void)n;
	random_bytes(cube, sizeof(cube), 5);
	random_bytes(patch, sizeof(patch), 6);
	x = buffer_of(c, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof(cube), cube);
	y = buffer_of(c, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof(cube), cube);
	cl_ok(c, clEnqueueWriteBufferRect(c->queue, x, CL_TRUE, at, zero, region, SIDE, SLICE, ROW,
					  LAYER, patch, 0, NULL, NULL), "write a box");
	cl_ok(c, clEnqueueCopyBufferRect(c->queue, x, y, at, to, region, SIDE, SLICE, SIDE, SLICE,
					 0, NULL, NULL), "copy a box");
	for (size_t z = 0; z < region[2]; z++) {
		for (size_t row = 0; row < region[1]; row++)
			memcpy(cube + (to[2] + z) * SLICE + (to[1] + row) * SIDE + to[0],
			       patch + z * LAYER + row * ROW, region[0]);
	}
	cl_ok(c, clEnqueueReadBuffer(c->queue, y, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL),
	      "read");
	compare_bytes(c, "cube", got, cube, sizeof(cube));
	memcpy(cube, patch, sizeof(patch));
	random_bytes(patch, sizeof(patch), 7);
	memcpy(got, patch, sizeof(patch));
	for (size_t z = 0; z < region[2]; z++) {
		for (size_t row = 0; row < region[1]; row++)
			memcpy(patch + z * LAYER + row * ROW, cube + z * LAYER + row * ROW,
			       region[0]);
	}
	cl_ok(c, clEnqueueReadBufferRect(c->queue, y, CL_TRUE, to, zero, region, SIDE, SLICE, ROW,
					 LAYER, got, 0, NULL, NULL), "read a box");
	compare_bytes(c, "box", got, patch, sizeof(patch));
	clReleaseMemObject(y);
	clReleaseMemObject(x);
}

/*
 * A buffer on the caller's memory. As argument of a kernel it makes this Mesa
 * dereference NULL when SVM is on, so it is copied from and to, no more.
 */
static void host_pointer(struct cl *c, size_t n)
{
	size_t bytes = n * 4;
	uint32_t *mine = cl_alloc(bytes), *got = cl_alloc(bytes), *want = cl_alloc(bytes);
	cl_mem x, y = buffer_of(c, CL_MEM_READ_WRITE, bytes, NULL);

	for (size_t i = 0; i < n; i++)
		mine[i] = want[i] = i * 11 + 5;
	x = buffer_of(c, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes, mine);
	cl_ok(c, clEnqueueCopyBuffer(c->queue, x, y, 0, 0, bytes, 0, NULL, NULL), "copy");
	cl_ok(c, clEnqueueReadBuffer(c->queue, y, CL_TRUE, 0, bytes, got, 0, NULL, NULL), "read");
	cl_same_u32(c, "copied", got, want, n);
	cl_ok(c, clEnqueueReadBuffer(c->queue, x, CL_TRUE, 0, bytes, got, 0, NULL, NULL), "read");
	cl_same_u32(c, "read", got, want, n);
	clReleaseMemObject(y);
	clReleaseMemObject(x);
	cl_free(want);
	cl_free(got);
	cl_free(mine);
}

const struct cl_test tests_buffer[] = {
	{ "copies", copies, 10007, 16777216, "buffers: write, read, copy, odd offsets and lengths" },
	{ "fills", fills, 70000, 16777216, "buffers: fill with patterns of 1 to 16 bytes" },
	{ "maps", maps, 4096, 4194304, "buffers: map, sub-buffer, kernel arguments" },
	{ "rectangles", rectangles, 1, 0, "buffers: boxes with pitches" },
	{ "host-pointer", host_pointer, 4096, 4194304, "buffers: on the caller's memory, copied" },
	{ 0 }
};
