// SPDX-License-Identifier: MIT
/*
 * Samplers of each kind, on images of each type: what a kernel reads against the
 * formulas of the specification, in double precision. Sizes are powers of two and
 * coordinates sixteenths of a pixel, so that neither rounds.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

#define SAMPLE(name, image, at) \
	"__kernel void " name "(__read_only " image " in, sampler_t s, __global float4 *at,\n" \
	"	__global float4 *out)\n" \
	"{\n" \
	"	float4 p = at[get_global_id(0)];\n" \
	"	out[get_global_id(0)] = read_imagef(in, s, " at ");\n" \
	"}\n"

static const char sampler_source[] =
	SAMPLE("line", "image1d_t", "p.x")
	SAMPLE("lines", "image1d_array_t", "p.xy")
	SAMPLE("plane", "image2d_t", "p.xy")
	SAMPLE("planes", "image2d_array_t", "p")
	SAMPLE("volume", "image3d_t", "p");

static const struct shape {
	const char *name;
	cl_mem_object_type type;
	unsigned int dims;		/* of a layer */
	bool array;
	cl_channel_type channel;
} shapes[] = {
	{ "line", CL_MEM_OBJECT_IMAGE1D, 1, false, CL_FLOAT },
	{ "lines", CL_MEM_OBJECT_IMAGE1D_ARRAY, 1, true, CL_FLOAT },
	{ "plane", CL_MEM_OBJECT_IMAGE2D, 2, false, CL_FLOAT },
	{ "plane", CL_MEM_OBJECT_IMAGE2D, 2, false, CL_UNORM_INT8 },
	{ "planes", CL_MEM_OBJECT_IMAGE2D_ARRAY, 2, true, CL_FLOAT },
	{ "volume", CL_MEM_OBJECT_IMAGE3D, 3, false, CL_FLOAT },
};

static const cl_addressing_mode modes[] = {
	CL_ADDRESS_NONE, CL_ADDRESS_CLAMP_TO_EDGE, CL_ADDRESS_CLAMP, CL_ADDRESS_REPEAT,
	CL_ADDRESS_MIRRORED_REPEAT,
};

#define MODES		5
#define MODES_PIXELS	3	/* that coordinates in pixels may have */

struct view {
	const struct shape *shape;
	struct picture p;
	uint8_t *pixels;
	cl_addressing_mode mode;
	bool linear, normalized;
	size_t samples;
};

/* What lies at a place that may be outside: transparent black, if the mode says so. */
static void texel(const struct view *v, const long at[3], size_t layer, double out[4])
{
	size_t place[3] = { 0 }, n;

	memset(out, 0, 4 * sizeof(*out));
	for (unsigned int i = 0; i < v->shape->dims; i++) {
		if (at[i] < 0 || (size_t)at[i] >= v->p.region[i])
			return;
		place[i] = at[i];
	}
	if (v->shape->array)
		place[v->shape->dims] = layer;
	n = (place[2] * v->p.region[1] + place[1]) * v->p.region[0] + place[0];
	for (unsigned int i = 0; i < 4; i++) {
		float f;

		if (v->shape->channel == CL_UNORM_INT8) {
			out[i] = v->pixels[4 * n + i] / 255.0;
		} else {
			memcpy(&f, v->pixels + 16 * n + 4 * i, sizeof(f));
			out[i] = f;
		}
	}
}

/* The one or two indices that coordinate @s comes to, and the second one's share. */
static double along(const struct view *v, double s, long size, long at[2])
{
	double u = v->normalized ? s * size : s, share;

	if (v->mode == CL_ADDRESS_REPEAT)
		u = (s - floor(s)) * size;
	if (v->mode == CL_ADDRESS_MIRRORED_REPEAT)
		u = fabs(s - 2 * rint(0.5 * s)) * size;
	if (v->linear)
		u -= 0.5;
	share = v->linear ? u - floor(u) : 0;
	for (int i = 0; i < 2; i++) {
		long k = (long)floor(u) + i;

		if (v->mode == CL_ADDRESS_REPEAT)
			k = k < 0 ? k + size : k >= size ? k - size : k;
		else if (v->mode == CL_ADDRESS_CLAMP)
			k = k < -1 ? -1 : k > size ? size : k;
		else
			k = k < 0 ? 0 : k >= size ? size - 1 : k;
		at[i] = k;
	}
	return share;
}

static void sample(const struct view *v, const float *coord, double out[4])
{
	double share[3] = { 0 }, layer = v->shape->array ? rint(coord[v->shape->dims]) : 0;
	long at[3][2] = { { 0 } };
	size_t last = v->shape->array ? v->p.region[v->shape->dims] - 1 : 0;

	layer = fmin(fmax(layer, 0), last);
	for (unsigned int i = 0; i < v->shape->dims; i++)
		share[i] = along(v, coord[i], v->p.region[i], at[i]);
	memset(out, 0, 4 * sizeof(*out));
	for (unsigned int j = 0; j < 1u << v->shape->dims; j++) {
		long place[3] = { 0 };
		double weight = 1, color[4];

		for (unsigned int i = 0; i < v->shape->dims; i++) {
			place[i] = at[i][j >> i & 1];
			weight *= j >> i & 1 ? share[i] : 1 - share[i];
		}
		texel(v, place, (size_t)layer, color);
		for (unsigned int i = 0; i < 4; i++)
			out[i] += weight * color[i];
	}
}

/* Sixteenths of a pixel, none on an edge; before, in and behind the image. */
static void coordinates(const struct view *v, float (*coord)[4])
{
	uint32_t seed = 19;

	for (size_t n = 0; n < v->samples; n++) {
		memset(coord[n], 0, sizeof(coord[n]));
		for (unsigned int i = 0; i < v->shape->dims; i++) {
			int size = (int)v->p.region[i], k;

			/* Without an addressing mode nothing outside may be touched. */
			if (v->mode == CL_ADDRESS_NONE)
				k = 8 + (int)(cl_random(&seed) % (16 * (size - 1)));
			else
				k = (int)(cl_random(&seed) % (48 * size)) - 16 * size;
			coord[n][i] = (float)(k | 1) / 16;
			if (v->normalized)
				coord[n][i] /= size;
		}
		if (v->shape->array)
			coord[n][v->shape->dims] = (float)(n % 7) - 1;
	}
}

static void one_sampler(struct cl *c, const struct view *v, cl_kernel k, float (*coord)[4],
			float (*out)[4])
{
	double (*want)[4] = cl_alloc(v->samples * sizeof(*want));
	char what[64];
	cl_int err;
	cl_sampler s = clCreateSampler(c->context, v->normalized, v->mode, v->linear ?
				       CL_FILTER_LINEAR : CL_FILTER_NEAREST, &err);

	if (cl_ok(c, err, "clCreateSampler")) {
		coordinates(v, coord);
		for (size_t n = 0; n < v->samples; n++)
			sample(v, coord[n], want[n]);
		cl_arg(c, k, 1, sizeof(cl_sampler), &s);
		cl_launch(c, k, v->samples, 0);
		snprintf(what, sizeof(what), "%s, mode %#x, %s, %s", v->shape->name, v->mode,
			 v->linear ? "linear" : "nearest", v->normalized ? "normalized" : "pixels");
		cl_near(c, what, out[0], want[0], v->samples * 4, 1e-5);
		clReleaseSampler(s);
	}
	cl_free(want);
}

static void one_shape(struct cl *c, const struct shape *s, size_t n)
{
	static const size_t zero[3];
	const cl_image_format format = { CL_RGBA, s->channel };
	struct view v = { .shape = s, .p = { .region = { 8, 1, 1 } }, .samples = n };
	float (*coord)[4] = cl_alloc(n * sizeof(*coord));
	float (*out)[4] = cl_alloc(n * sizeof(*out));
	cl_kernel k = cl_build(c, sampler_source, s->name);
	size_t bytes;
	cl_mem x;

	picture_describe(&v.p, &format);
	for (unsigned int i = 1; i < s->dims + s->array; i++)
		v.p.region[i] = 4;
	v.p.desc = (cl_image_desc){
		.image_type = s->type, .image_width = 8,
		.image_height = s->dims > 1 ? 4 : 0, .image_depth = s->dims > 2 ? 4 : 0,
		.image_array_size = s->array ? 4 : 0,
	};
	bytes = v.p.region[0] * v.p.region[1] * v.p.region[2] * v.p.pixel;
	v.pixels = cl_alloc(bytes);
	picture_paint(&v.p, v.pixels, bytes);
	x = picture_new(c, &v.p);
	if (k && x) {
		cl_ok(c, clEnqueueWriteImage(c->queue, x, CL_TRUE, zero, v.p.region, 0, 0,
					     v.pixels, 0, NULL, NULL), "write");
		cl_arg(c, k, 0, sizeof(cl_mem), &x);
		cl_arg_ptr(c, k, 2, coord);
		cl_arg_ptr(c, k, 3, out);
		for (unsigned int i = 0; i < 4 * MODES; i++) {
			v.mode = modes[i / 4];
			v.linear = i & 1;
			v.normalized = i & 2;
			if (v.normalized || i / 4 < MODES_PIXELS)
				one_sampler(c, &v, k, coord, out);
		}
	}
	if (x)
		clReleaseMemObject(x);
	cl_free(v.pixels);
	cl_free(out);
	cl_free(coord);
}

static void samplers(struct cl *c, size_t n)
{
	if (!c->images) {
		cl_skip(c, "the stack offers no images");
		return;
	}
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		one_shape(c, &shapes[i], n);
}

const struct cl_test tests_sampler[] = {
	{ "samplers", samplers, 64, 4096,
	  "every kind of sampler on images of each type (size: samples)" },
	{ 0 }
};
