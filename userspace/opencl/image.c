// SPDX-License-Identifier: MIT
/* Images of each format the stack lists: written, mirrored by a kernel, read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cl.h"

#define FORMATS_MAX	128

#define MIRROR(name, type, read, write) \
	"__kernel void " name "(__read_only image2d_t in, __write_only image2d_t out)\n" \
	"{\n" \
	"	int2 at = (int2)(get_global_id(0), get_global_id(1));\n" \
	"	int2 from = (int2)(get_image_width(in) - 1 - at.x, at.y);\n" \
	"	" type " v = " read "(in, nearest, from);\n" \
	"	" write "(out, at, v);\n" \
	"}\n"

static const char image_source[] =
	"__constant sampler_t nearest = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE |\n"
	"	CLK_FILTER_NEAREST;\n"
	"__constant sampler_t between = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE |\n"
	"	CLK_FILTER_LINEAR;\n"
	MIRROR("mirror_f", "float4", "read_imagef", "write_imagef")
	MIRROR("mirror_i", "int4", "read_imagei", "write_imagei")
	MIRROR("mirror_u", "uint4", "read_imageui", "write_imageui")
	/* Half-way between four pixels: their mean. */
	"__kernel void mean(__read_only image2d_t in, __global float4 *out)\n"
	"{\n"
	"	int x = get_global_id(0), y = get_global_id(1);\n"
	"	out[y * get_global_size(0) + x] = read_imagef(in, between, (float2)(x + 1, y + 1));\n"
	"}\n";

struct picture {
	const cl_image_format *format;
	cl_image_desc desc;
	size_t region[3];
	unsigned int pixel, channels;	/* bytes of each */
	unsigned int kind;		/* of values: index into mirrors[] */
	bool half;
};

static unsigned int channels_of(cl_channel_order order)
{
	switch (order) {
	case CL_R: case CL_A: case CL_INTENSITY: case CL_LUMINANCE: case CL_DEPTH:
		return 1;
	case CL_RG: case CL_RA:
		return 2;
	case CL_RGBA: case CL_BGRA: case CL_ARGB:
		return 4;
	default:
		return 0;
	}
}

/* False for what a copy of pixels cannot be checked by: packed and sRGB formats. */
static bool describe(struct picture *p, const cl_image_format *f)
{
	unsigned int bytes;

	p->format = f;
	p->channels = channels_of(f->image_channel_order);
	p->half = f->image_channel_data_type == CL_HALF_FLOAT;
	switch (f->image_channel_data_type) {
	case CL_SIGNED_INT8: case CL_UNSIGNED_INT8: case CL_SNORM_INT8: case CL_UNORM_INT8:
		bytes = 1;
		break;
	case CL_SIGNED_INT16: case CL_UNSIGNED_INT16: case CL_SNORM_INT16: case CL_UNORM_INT16:
	case CL_HALF_FLOAT:
		bytes = 2;
		break;
	case CL_SIGNED_INT32: case CL_UNSIGNED_INT32: case CL_FLOAT:
		bytes = 4;
		break;
	default:
		return false;
	}
	switch (f->image_channel_data_type) {
	case CL_SIGNED_INT8: case CL_SIGNED_INT16: case CL_SIGNED_INT32:
		p->kind = 0;
		break;
	case CL_UNSIGNED_INT8: case CL_UNSIGNED_INT16: case CL_UNSIGNED_INT32:
		p->kind = 1;
		break;
	default:
		p->kind = 2;
	}
	p->pixel = bytes * p->channels;
	return p->channels != 0;
}

/* Values that come through a conversion to float and back unchanged. */
static void paint(const struct picture *p, uint8_t *image, size_t bytes)
{
	cl_channel_type t = p->format->image_channel_data_type;
	uint32_t seed = 17;

	for (size_t i = 0; i < bytes; i++)
		image[i] = cl_random(&seed);
	for (size_t i = 0; i + 4 <= bytes && t == CL_FLOAT; i += 4)
		memcpy(image + i, &(float){ (int)cl_random(&seed) / 256.0f - 1000 }, 4);
	for (size_t i = 0; i + 2 <= bytes && p->half; i += 2)
		image[i + 1] = 0x3c | (cl_random(&seed) & 0x83);	/* 1.0 to 16, either sign */
	/* The smallest SNORM is a second -1. */
	for (size_t i = 0; i < bytes && t == CL_SNORM_INT8; i++)
		image[i] = image[i] == 0x80 ? 0x81 : image[i];
	for (size_t i = 0; i + 2 <= bytes && t == CL_SNORM_INT16; i += 2)
		image[i] = image[i] ? image[i] : 1;
}

static cl_mem new_image(struct cl *c, const struct picture *p)
{
	cl_int err;
	cl_mem m = clCreateImage(c->context, CL_MEM_READ_WRITE, p->format, &p->desc, NULL, &err);

	cl_ok(c, err, "clCreateImage");
	return m;
}

static void compare(struct cl *c, const struct picture *p, const char *what, const uint8_t *got,
		    const uint8_t *want, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (got[i] != want[i]) {
			cl_fail(c, "%s, order %#x type %#x: byte %zu is %#x, expected %#x", what,
				p->format->image_channel_order,
				p->format->image_channel_data_type, i, got[i], want[i]);
			return;
		}
	}
}

static void mirror(struct cl *c, const struct picture *p, cl_kernel k)
{
	static const size_t zero[3];
	size_t w = p->region[0], h = p->region[1], bytes = w * h * p->pixel;
	uint8_t *in = cl_alloc(bytes), *out = cl_alloc(bytes), *want = cl_alloc(bytes);
	cl_mem x = new_image(c, p), y = new_image(c, p);

	paint(p, in, bytes);
	for (size_t i = 0; i < w * h; i++)
		memcpy(want + i * p->pixel, in + (i / w * w + w - 1 - i % w) * p->pixel, p->pixel);
	if (k && x && y) {
		cl_ok(c, clEnqueueWriteImage(c->queue, x, CL_TRUE, zero, p->region, 0, 0, in, 0,
					     NULL, NULL), "write");
		cl_ok(c, clEnqueueReadImage(c->queue, x, CL_TRUE, zero, p->region, 0, 0, out, 0,
					    NULL, NULL), "read back");
		compare(c, p, "written", out, in, bytes);
		cl_arg(c, k, 0, sizeof(x), &x);
		cl_arg(c, k, 1, sizeof(y), &y);
		cl_launch_2d(c, k, p->region, NULL);
		cl_ok(c, clEnqueueReadImage(c->queue, y, CL_TRUE, zero, p->region, 0, 0, out, 0,
					    NULL, NULL), "read");
		compare(c, p, "mirrored", out, want, bytes);
	}
	if (y)
		clReleaseMemObject(y);
	if (x)
		clReleaseMemObject(x);
	cl_free(want);
	cl_free(out);
	cl_free(in);
}

static void images(struct cl *c, size_t side)
{
	struct picture p = {
		.desc = { .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = side,
			  .image_height = side },
		.region = { side, side, 1 },
	};
	static const char *const mirrors[] = { "mirror_i", "mirror_u", "mirror_f" };
	cl_image_format format[FORMATS_MAX];
	cl_kernel kernel[3];
	cl_uint n = 0, seen = 0;

	if (!c->images) {
		cl_skip(c, "the stack offers no images");
		return;
	}
	for (int i = 0; i < 3; i++)
		kernel[i] = cl_build(c, image_source, mirrors[i]);
	cl_ok(c, clGetSupportedImageFormats(c->context, CL_MEM_READ_WRITE,
					    CL_MEM_OBJECT_IMAGE2D, FORMATS_MAX, format, &n), "clGetSupportedImageFormats");
	for (cl_uint i = 0; i < n && i < FORMATS_MAX; i++) {
		if (!describe(&p, &format[i]))
			continue;
		mirror(c, &p, kernel[p.kind]);
		seen++;
	}
	if (!seen)
		cl_fail(c, "no format to try among %u", n);
}

/* A filter between pixels, of floats. */
static void filter(struct cl *c, size_t side)
{
	static const size_t zero[3];
	const cl_image_format format = { CL_RGBA, CL_FLOAT };
	struct picture p = {
		.format = &format,
		.desc = { .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = side + 1,
			  .image_height = side + 1 },
		.region = { side + 1, side + 1, 1 },
	};
	float (*in)[4], (*out)[4];
	double (*want)[4];
	uint32_t seed = 18;
	cl_kernel k;
	cl_mem x;

	if (!c->images) {
		cl_skip(c, "the stack offers no images");
		return;
	}
	k = cl_build(c, image_source, "mean");
	x = new_image(c, &p);
	in = cl_alloc((side + 1) * (side + 1) * sizeof(*in));
	out = cl_alloc(side * side * sizeof(*out));
	want = cl_alloc(side * side * sizeof(*want));
	for (size_t i = 0; i < (side + 1) * (side + 1); i++) {
		for (int j = 0; j < 4; j++)
			in[i][j] = cl_random(&seed) / 65536.0f + 1;
	}
	for (size_t i = 0; i < side * side; i++) {
		size_t at = i / side * (side + 1) + i % side;

		for (int j = 0; j < 4; j++)
			want[i][j] = ((double)in[at][j] + in[at + 1][j] + in[at + side + 1][j] +
				      in[at + side + 2][j]) / 4;
	}
	if (k && x) {
		cl_ok(c, clEnqueueWriteImage(c->queue, x, CL_TRUE, zero, p.region, 0, 0, in, 0,
					     NULL, NULL), "write");
		cl_arg(c, k, 0, sizeof(x), &x);
		cl_arg_ptr(c, k, 1, out);
		cl_launch_2d(c, k, (size_t[]){ side, side }, NULL);
		cl_near(c, "mean", out[0], want[0], side * side * 4, 1e-5);
		clReleaseMemObject(x);
	}
	cl_free(want);
	cl_free(out);
	cl_free(in);
}

const struct cl_test tests_image[] = {
	{ "images", images, 16, 512, "images of each format, mirrored by a kernel (size: side)" },
	{ "filter", filter, 16, 512, "an image read between its pixels (size: side)" },
	{ 0 }
};
