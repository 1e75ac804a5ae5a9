// SPDX-License-Identifier: MIT
/* Images of each format the stack lists: written, mirrored by a kernel, read. */
#include <stdlib.h>
#include <string.h>

#include "image.h"

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

static void mirror(struct cl *c, const struct picture *p, cl_kernel k)
{
	static const size_t zero[3];
	size_t w = p->region[0], h = p->region[1], bytes = w * h * p->pixel;
	uint8_t *in = cl_alloc(bytes), *out = cl_alloc(bytes), *want = cl_alloc(bytes);
	cl_mem x = picture_new(c, p), y = picture_new(c, p);

	picture_paint(p, in, bytes);
	for (size_t i = 0; i < w * h; i++)
		memcpy(want + i * p->pixel, in + (i / w * w + w - 1 - i % w) * p->pixel, p->pixel);
	if (k && x && y) {
		cl_ok(c, clEnqueueWriteImage(c->queue, x, CL_TRUE, zero, p->region, 0, 0, in, 0,
					     NULL, NULL), "write");
		cl_ok(c, clEnqueueReadImage(c->queue, x, CL_TRUE, zero, p->region, 0, 0, out, 0,
					    NULL, NULL), "read back");
		picture_compare(c, p, "written", out, in, bytes);
		cl_arg(c, k, 0, sizeof(x), &x);
		cl_arg(c, k, 1, sizeof(y), &y);
		cl_launch_2d(c, k, p->region, NULL);
		cl_ok(c, clEnqueueReadImage(c->queue, y, CL_TRUE, zero, p->region, 0, 0, out, 0,
					    NULL, NULL), "read");
		picture_compare(c, p, "mirrored", out, want, bytes);
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
	n = picture_formats(c, CL_MEM_OBJECT_IMAGE2D, format);
	for (cl_uint i = 0; i < n; i++) {
		if (!picture_describe(&p, &format[i]))
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
	x = picture_new(c, &p);
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
	{ "images", images, 16, 2048, "images of each format, mirrored by a kernel (size: side)" },
	{ "filter", filter, 16, 2048, "an image read between its pixels (size: side)" },
	{ 0 }
};
