// SPDX-License-Identifier: MIT
/* Buffers and images: the calls of those who do not share memory. */
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

/* A rectangle there, moved within the buffer, and back. */
static void rectangles(struct cl *c, size_t n)
{
	static const size_t at[3] = { 5, 3, 0 }, to[3] = { 20, 17, 0 }, zero[3];
	static const size_t region[3] = { 19, 11, 1 };
	uint8_t image[SIDE * SIDE], patch[19 * 11], got[SIDE * SIDE];
	cl_mem x;

	(void)n;
	random_bytes(image, sizeof(image), 5);
	random_bytes(patch, sizeof(patch), 6);
	x = buffer_of(c, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof(image), image);
	cl_ok(c, clEnqueueWriteBufferRect(c->queue, x, CL_TRUE, at, zero, region, SIDE, 0, 19, 0,
					  patch, 0, NULL, NULL), "write a rectangle");
	cl_ok(c, clEnqueueCopyBufferRect(c->queue, x, x, at, to, region, SIDE, 0, SIDE, 0, 0, NULL,
					 NULL), "copy a rectangle");
	for (size_t y = 0; y < region[1]; y++) {
		memcpy(image + (at[1] + y) * SIDE + at[0], patch + y * 19, 19);
		memcpy(image + (to[1] + y) * SIDE + to[0], patch + y * 19, 19);
	}
	cl_ok(c, clEnqueueReadBuffer(c->queue, x, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL),
	      "read");
	compare_bytes(c, "image", got, image, sizeof(image));
	memset(got, 0, sizeof(patch));
	cl_ok(c, clEnqueueReadBufferRect(c->queue, x, CL_TRUE, to, zero, region, SIDE, 0, 19, 0,
					 got, 0, NULL, NULL), "read a rectangle");
	compare_bytes(c, "rectangle", got, patch, sizeof(patch));
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

static const char image_source[] =
	"__constant sampler_t nearest = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE |\n"
	"	CLK_FILTER_NEAREST;\n"
	"__kernel void mirror(__read_only image2d_t in, __write_only image2d_t out)\n"
	"{\n"
	"	int2 at = (int2)(get_global_id(0), get_global_id(1));\n"
	"	int2 from = (int2)(get_image_width(in) - 1 - at.x, at.y);\n"
	"	uint4 v = read_imageui(in, nearest, from);\n"
	"	write_imageui(out, at, v + (uint4)(1, 2, 3, 4));\n"
	"}\n";

static void images(struct cl *c, size_t side)
{
	static const size_t zero[3];
	const cl_image_format format = { CL_RGBA, CL_UNSIGNED_INT32 };
	const cl_image_desc desc = {
		.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = side, .image_height = side
	};
	size_t region[3] = { side, side, 1 }, words = side * side * 4;
	uint32_t *in, *out, *want, seed = 17;
	cl_int err, err2;
	cl_mem x, y;
	cl_kernel k;

	if (!c->images) {
		cl_skip(c, "the stack offers no images");
		return;
	}
	k = cl_build(c, image_source, "mirror");
	in = cl_alloc(words * 4);
	out = cl_alloc(words * 4);
	want = cl_alloc(words * 4);
	for (size_t i = 0; i < words; i++)
		in[i] = cl_random(&seed);
	for (size_t i = 0; i < words; i++) {
		size_t px = i / 4 % side, py = i / 4 / side;

		want[i] = in[(py * side + side - 1 - px) * 4 + i % 4] + i % 4 + 1;
	}
	x = clCreateImage(c->context, CL_MEM_READ_ONLY, &format, &desc, NULL, &err);
	y = clCreateImage(c->context, CL_MEM_WRITE_ONLY, &format, &desc, NULL, &err2);
	if (cl_ok(c, err, "clCreateImage") && cl_ok(c, err2, "clCreateImage")) {
		cl_ok(c, clEnqueueWriteImage(c->queue, x, CL_TRUE, zero, region, 0, 0, in, 0, NULL,
					     NULL), "write");
		cl_ok(c, clEnqueueReadImage(c->queue, x, CL_TRUE, zero, region, 0, 0, out, 0, NULL,
					    NULL), "read back");
		cl_same_u32(c, "written", out, in, words);
		cl_arg(c, k, 0, sizeof(x), &x);
		cl_arg(c, k, 1, sizeof(y), &y);
		cl_launch_2d(c, k, region, NULL);
		cl_ok(c, clEnqueueReadImage(c->queue, y, CL_TRUE, zero, region, 0, 0, out, 0, NULL,
					    NULL), "read");
		cl_same_u32(c, "mirrored", out, want, words);
		clReleaseMemObject(y);
		clReleaseMemObject(x);
	}
	cl_free(want);
	cl_free(out);
	cl_free(in);
}

const struct cl_test tests_buffer[] = {
	{ "copies", copies, 10007, "buffers: write, read, copy, odd offsets and lengths" },
	{ "fills", fills, 70000, "buffers: fill with patterns of 1 to 16 bytes" },
	{ "maps", maps, 4096, "buffers: map, sub-buffer, kernel arguments" },
	{ "rectangles", rectangles, 1, "buffers: rectangles" },
	{ "host-pointer", host_pointer, 4096, "buffers: on the caller's memory, copied" },
	{ "images", images, 16, "images: read, written, mirrored by a kernel (size: side)" },
	{ 0 }
};
