// SPDX-License-Identifier: MIT
/* Formats of images as the CPU has them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

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

bool picture_describe(struct picture *p, const cl_image_format *f)
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
		p->kind = PICTURE_INT;
		break;
	case CL_UNSIGNED_INT8: case CL_UNSIGNED_INT16: case CL_UNSIGNED_INT32:
		p->kind = PICTURE_UINT;
		break;
	default:
		p->kind = PICTURE_FLOAT;
	}
	p->pixel = bytes * p->channels;
	return p->channels != 0;
}

void picture_paint(const struct picture *p, uint8_t *image, size_t bytes)
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

/* Of halves between 1 and 16 and their negatives, as painted. */
static float half_value(uint32_t h)
{
	return ldexpf((h & 0x3ff) + 1024.0f, (int)(h >> 10 & 31) - 25) * (h & 0x8000 ? -1 : 1);
}

static void channel(const struct picture *p, uint32_t raw, union picture_color *out,
		    unsigned int at)
{
	unsigned int bits = p->pixel / p->channels * 8;
	uint32_t most = ~0u >> (32 - bits);
	int32_t value = (int32_t)(raw << (32 - bits)) >> (32 - bits);

	switch (p->format->image_channel_data_type) {
	case CL_UNORM_INT8: case CL_UNORM_INT16:
		out->f[at] = (float)raw / most;
		break;
	case CL_SNORM_INT8: case CL_SNORM_INT16:
		out->f[at] = (float)value / (most >> 1);
		break;
	case CL_HALF_FLOAT:
		out->f[at] = half_value(raw);
		break;
	case CL_SIGNED_INT8: case CL_SIGNED_INT16:
		out->i[at] = value;
		break;
	default:
		out->u[at] = raw;
	}
}

union picture_color picture_color(const struct picture *p, const uint8_t *pixel)
{
	/* Which of red, green, blue, alpha each channel in memory is. */
	static const uint8_t rgba[4] = { 0, 1, 2, 3 }, bgra[4] = { 2, 1, 0, 3 };
	static const uint8_t argb[4] = { 3, 0, 1, 2 }, ra[2] = { 0, 3 };
	cl_channel_order order = p->format->image_channel_order;
	const uint8_t *at = order == CL_BGRA ? bgra : order == CL_ARGB || order == CL_A ? argb :
			    order == CL_RA ? ra : rgba;
	unsigned int bytes = p->pixel / p->channels;
	union picture_color c = { .u = { 0 } };

	for (unsigned int i = 0; i < p->channels; i++) {
		uint32_t raw = 0;

		memcpy(&raw, pixel + i * bytes, bytes);
		channel(p, raw, &c, at[i]);
	}
	return c;
}

cl_mem picture_new(struct cl *c, const struct picture *p)
{
	cl_int err;
	cl_mem m = clCreateImage(c->context, CL_MEM_READ_WRITE, p->format, &p->desc, NULL, &err);

	return cl_ok(c, err, "clCreateImage") ? m : NULL;
}

cl_uint picture_formats(struct cl *c, cl_mem_object_type type, cl_image_format *format)
{
	cl_uint n = 0;

	if (!cl_ok(c, clGetSupportedImageFormats(c->context, CL_MEM_READ_WRITE, type, FORMATS_MAX,
						 format, &n), "clGetSupportedImageFormats"))
		return 0;
	return n < FORMATS_MAX ? n : FORMATS_MAX;
}

void picture_compare(struct cl *c, const struct picture *p, const char *what, const uint8_t *got,
		     const uint8_t *want, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (got[i] != want[i]) {
			cl_fail(c, "%s, type %#x, order %#x of %#x: byte %zu is %#x, expected %#x",
				what, p->desc.image_type, p->format->image_channel_order,
				p->format->image_channel_data_type, i, got[i], want[i]);
			return;
		}
	}
}
