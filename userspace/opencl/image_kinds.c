// SPDX-License-Identifier: MIT
/*
 * Images of all six types in each format the stack lists: written, filled, turned
 * round by a kernel, copied, also through a buffer, mapped and read; and what a kernel
 * is told about them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

#define SIDE	9	/* the usual size */

/*
 * The last pixel comes first, in each dimension: a work-item at x, y, z takes that from
 * u, v, w. What the first one is told about the image goes to answer[].
 */
#define TURN(name, image, read, write, at, from, told) \
	"__kernel void " name "(__read_only " image " in, __write_only " image " out,\n" \
	"	__global int *answer)\n" \
	"{\n" \
	"	int x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);\n" \
	"	int u = get_global_size(0) - 1 - x, v = get_global_size(1) - 1 - y;\n" \
	"	int w = get_global_size(2) - 1 - z;\n" \
	"	" write "(out, " at ", " read "(in, " from "));\n" \
	"	if (!(x | y | z)) {\n" \
	"		answer[0] = get_image_width(in);\n" \
	"		answer[1] = get_image_channel_data_type(in);\n" \
	"		answer[2] = get_image_channel_order(in);\n" \
	"		" told "\n" \
	"	}\n" \
	"}\n"
#define TURNS(name, image, at, from, told) \
	TURN(name "_i", image, "read_imagei", "write_imagei", at, from, told) \
	TURN(name "_u", image, "read_imageui", "write_imageui", at, from, told) \
	TURN(name "_f", image, "read_imagef", "write_imagef", at, from, told)

#define HEIGHT		"answer[3] = get_image_height(in);"
#define LAYERS		"answer[4] = (int)get_image_array_size(in);"

static const char turn_source[] =
	"#pragma OPENCL EXTENSION cl_khr_3d_image_writes : enable\n"
	"__constant sampler_t nearest = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE |\n"
	"	CLK_FILTER_NEAREST;\n"
	TURNS("line", "image1d_t", "x", "nearest, u", "")
	TURNS("buffer", "image1d_buffer_t", "x", "u", "")
	TURNS("lines", "image1d_array_t", "(int2)(x, y)", "nearest, (int2)(u, v)", LAYERS)
	TURNS("plane", "image2d_t", "(int2)(x, y)", "nearest, (int2)(u, v)", HEIGHT)
	TURNS("planes", "image2d_array_t", "(int4)(x, y, z, 0)", "nearest, (int4)(u, v, w, 0)",
	      HEIGHT LAYERS)
	TURNS("volume", "image3d_t", "(int4)(x, y, z, 0)", "nearest, (int4)(u, v, w, 0)",
	      HEIGHT "answer[4] = get_image_depth(in);");

static const struct kind {
	const char *name;
	cl_mem_object_type type;
	unsigned int dims;		/* of coordinates, layers among them */
	bool array;
} kinds[] = {
	{ "line", CL_MEM_OBJECT_IMAGE1D, 1, false },
	{ "buffer", CL_MEM_OBJECT_IMAGE1D_BUFFER, 1, false },
	{ "lines", CL_MEM_OBJECT_IMAGE1D_ARRAY, 2, true },
	{ "plane", CL_MEM_OBJECT_IMAGE2D, 2, false },
	{ "planes", CL_MEM_OBJECT_IMAGE2D_ARRAY, 3, true },
	{ "volume", CL_MEM_OBJECT_IMAGE3D, 3, false },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* Two images of a kind and format, and what should be in the first. */
struct pair {
	const struct kind *kind;
	struct picture p;
	size_t pixels, bytes;
	cl_mem memory[2];		/* of buffers, what lies below */
	cl_mem image[2];
	uint8_t *want, *other, *got;
};

static size_t pixel_at(const struct pair *s, size_t x, size_t y, size_t z)
{
	return ((z * s->p.region[1] + y) * s->p.region[0] + x) * s->p.pixel;
}

static bool open_pair(struct cl *c, struct pair *s)
{
	cl_int err;

	s->pixels = s->p.region[0] * s->p.region[1] * s->p.region[2];
	s->bytes = s->pixels * s->p.pixel;
	s->want = cl_alloc(s->bytes);
	s->other = cl_alloc(s->bytes);
	s->got = cl_alloc(s->bytes);
	for (int i = 0; i < 2; i++) {
		s->memory[i] = NULL;
		if (s->kind->type == CL_MEM_OBJECT_IMAGE1D_BUFFER) {
			s->memory[i] = clCreateBuffer(c->context, CL_MEM_READ_WRITE, s->bytes,
						      NULL, &err);
			cl_ok(c, err, "clCreateBuffer");
		}
		s->p.desc.buffer = s->memory[i];
		s->image[i] = picture_new(c, &s->p);
	}
	return s->image[0] && s->image[1];
}

static void close_pair(struct pair *s)
{
	for (int i = 0; i < 2; i++) {
		if (s->image[i])
			clReleaseMemObject(s->image[i]);
		if (s->memory[i])
			clReleaseMemObject(s->memory[i]);
	}
	cl_free(s->got);
	cl_free(s->other);
	cl_free(s->want);
}

/* From the second pixel of each dimension that has more than one to the last. */
static void fill(struct cl *c, struct pair *s)
{
	size_t at[3], count[3], first;
	union picture_color color;

	for (int i = 0; i < 3; i++) {
		at[i] = s->p.region[i] > 1;
		count[i] = s->p.region[i] - at[i];
	}
	/* One of its own pixels, so that it is one the format has. */
	color = picture_color(&s->p, s->want);
	cl_ok(c, clEnqueueFillImage(c->queue, s->image[0], &color, at, count, 0, NULL, NULL),
	      "clEnqueueFillImage");
	first = pixel_at(s, 0, 0, 0);
	for (size_t z = at[2]; z < s->p.region[2]; z++)
		for (size_t y = at[1]; y < s->p.region[1]; y++)
			for (size_t x = at[0]; x < s->p.region[0]; x++)
				memcpy(s->want + pixel_at(s, x, y, z), s->want + first, s->p.pixel);
}

/* Its first half over the second's beginning. */
static void copy(struct cl *c, struct pair *s)
{
	static const size_t zero[3];
	size_t count[3];

	for (int i = 0; i < 3; i++)
		count[i] = (s->p.region[i] + 1) / 2;
	cl_ok(c, clEnqueueCopyImage(c->queue, s->image[0], s->image[1], zero, zero, count, 0, NULL,
				    NULL), "clEnqueueCopyImage");
	for (size_t z = 0; z < count[2]; z++)
		for (size_t y = 0; y < count[1]; y++)
			memcpy(s->other + pixel_at(s, 0, y, z), s->want + pixel_at(s, 0, y, z),
			       count[0] * s->p.pixel);
}

static void mapped(struct cl *c, struct pair *s)
{
	static const size_t zero[3];
	size_t row, slice = 0;
	cl_int err;
	uint8_t *p = clEnqueueMapImage(c->queue, s->image[1], CL_TRUE, CL_MAP_READ, zero,
				       s->p.region, &row, &slice, 0, NULL, NULL, &err);

	if (!cl_ok(c, err, "clEnqueueMapImage"))
		return;
	/* A line per layer: the slice pitch is that of the lines. */
	if (s->kind->type == CL_MEM_OBJECT_IMAGE1D_ARRAY)
		row = slice;
	for (size_t z = 0; z < s->p.region[2]; z++)
		for (size_t y = 0; y < s->p.region[1]; y++)
			memcpy(s->got + pixel_at(s, 0, y, z), p + z * slice + y * row,
			       s->p.region[0] * s->p.pixel);
	cl_ok(c, clEnqueueUnmapMemObject(c->queue, s->image[1], p, 0, NULL, NULL), "unmap");
}

/*
 * The second image into a buffer, and from there into the first. At its beginning: rusticl
 * 25.0.7 counts the offset into the buffer in pixels on the way there.
 */
static void through_buffer(struct cl *c, struct pair *s)
{
	static const size_t zero[3];
	cl_int err;
	cl_mem b = clCreateBuffer(c->context, CL_MEM_READ_WRITE, s->bytes, NULL, &err);

	if (!cl_ok(c, err, "clCreateBuffer"))
		return;
	cl_ok(c, clEnqueueCopyImageToBuffer(c->queue, s->image[1], b, zero, s->p.region, 0, 0,
					    NULL, NULL), "clEnqueueCopyImageToBuffer");
	cl_ok(c, clEnqueueReadBuffer(c->queue, b, CL_TRUE, 0, s->bytes, s->got, 0, NULL, NULL),
	      "read the buffer");
	picture_compare(c, &s->p, "copied to a buffer", s->got, s->other, s->bytes);
	cl_ok(c, clEnqueueCopyBufferToImage(c->queue, b, s->image[0], 0, zero, s->p.region, 0,
					    NULL, NULL), "clEnqueueCopyBufferToImage");
	cl_ok(c, clEnqueueReadImage(c->queue, s->image[0], CL_TRUE, zero, s->p.region, 0, 0,
				    s->got, 0, NULL, NULL), "read");
	picture_compare(c, &s->p, "copied from a buffer", s->got, s->other, s->bytes);
	clReleaseMemObject(b);
}

static void turned(struct cl *c, struct pair *s, cl_kernel k, int *answer)
{
	cl_arg(c, k, 0, sizeof(cl_mem), &s->image[0]);
	cl_arg(c, k, 1, sizeof(cl_mem), &s->image[1]);
	cl_arg_ptr(c, k, 2, answer);
	cl_ok(c, clEnqueueNDRangeKernel(c->queue, k, 3, NULL, s->p.region, NULL, 0, NULL, NULL),
	      "clEnqueueNDRangeKernel");
	for (size_t i = 0; i < s->pixels; i++)
		memcpy(s->other + i * s->p.pixel, s->want + (s->pixels - 1 - i) * s->p.pixel,
		       s->p.pixel);
}

static void check_answers(struct cl *c, const struct pair *s, const int *answer)
{
	const size_t *size = s->p.region;
	int want[5] = {
		(int)size[0], (int)s->p.format->image_channel_data_type,
		(int)s->p.format->image_channel_order, -1, -1,
	};

	if (s->kind->dims - s->kind->array > 1)
		want[3] = (int)size[1];
	if (s->kind->array)
		want[4] = (int)size[s->kind->dims - 1];
	else if (s->kind->dims == 3)
		want[4] = (int)size[2];
	for (int i = 0; i < 5; i++)
		if (answer[i] != want[i])
			cl_fail(c, "%s of %#x, %#x: answer %d is %d, expected %d", s->kind->name,
				want[2], want[1], i, answer[i], want[i]);
}

static void one_format(struct cl *c, struct pair *s, const cl_kernel *kernel, bool buffer)
{
	static const size_t zero[3];
	int *answer = cl_alloc(5 * sizeof(*answer));

	memset(answer, 0xff, 5 * sizeof(*answer));
	if (open_pair(c, s) && kernel[s->p.kind]) {
		picture_paint(&s->p, s->want, s->bytes);
		cl_ok(c, clEnqueueWriteImage(c->queue, s->image[0], CL_TRUE, zero, s->p.region, 0,
					     0, s->want, 0, NULL, NULL), "write");
		fill(c, s);
		turned(c, s, kernel[s->p.kind], answer);
		copy(c, s);
		cl_ok(c, clEnqueueReadImage(c->queue, s->image[0], CL_TRUE, zero, s->p.region, 0,
					    0, s->got, 0, NULL, NULL), "read");
		picture_compare(c, &s->p, "filled", s->got, s->want, s->bytes);
		mapped(c, s);
		picture_compare(c, &s->p, "turned and copied to", s->got, s->other, s->bytes);
		check_answers(c, s, answer);
		if (buffer)
			through_buffer(c, s);
	}
	close_pair(s);
	cl_free(answer);
}

static void shape(struct pair *s, size_t side)
{
	const struct kind *k = s->kind;

	for (unsigned int i = 0; i < 3; i++)
		s->p.region[i] = i >= k->dims ? 1 : side > 2 * i ? side - 2 * i : 1;
	s->p.desc = (cl_image_desc){
		.image_type = k->type, .image_width = s->p.region[0],
	};
	if (k->dims - k->array > 1)
		s->p.desc.image_height = s->p.region[1];
	if (k->array)
		s->p.desc.image_array_size = s->p.region[k->dims - 1];
	else if (k->dims == 3)
		s->p.desc.image_depth = s->p.region[2];
}

/*
 * Each format costs a dozen commands. At the usual size each type takes every fourth of
 * them, in turn, so that there is none that no type takes; at all other sizes all do.
 */
static bool in_turn(unsigned int kind, cl_uint format, size_t side)
{
	return side != SIDE || (format + kind) % 4 == 0;
}

static void image_kinds(struct cl *c, size_t side)
{
	static const char suffix[PICTURE_KINDS] = { 'i', 'u', 'f' };
	cl_image_format format[FORMATS_MAX];

	if (!c->images) {
		cl_skip(c, "the stack offers no images");
		return;
	}
	for (unsigned int i = 0; i < KINDS; i++) {
		struct pair s = { .kind = &kinds[i] };
		cl_uint n = picture_formats(c, kinds[i].type, format), seen = 0;
		cl_kernel kernel[PICTURE_KINDS];

		for (int j = 0; j < PICTURE_KINDS; j++) {
			char name[32];

			snprintf(name, sizeof(name), "%s_%c", kinds[i].name, suffix[j]);
			kernel[j] = cl_build(c, turn_source, name);
		}
		shape(&s, side);
		for (cl_uint j = 0; j < n; j++) {
			if (!in_turn(i, j, side) || !picture_describe(&s.p, &format[j]))
				continue;
			one_format(c, &s, kernel, !seen);
			seen++;
		}
		if (!seen)
			cl_fail(c, "no format of type %s to try among %u", kinds[i].name, n);
	}
}

const struct cl_test tests_image_kinds[] = {
	{ "image-kinds", image_kinds, SIDE, 40,
	  "images of each type and format, filled, turned, copied, mapped (size: side)" },
	{ 0 }
};
