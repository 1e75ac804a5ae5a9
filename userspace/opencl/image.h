/* SPDX-License-Identifier: MIT */
/* Images the programs try: a format and a shape, and what is in one on the CPU. */
#ifndef NV_CL_IMAGE_H
#define NV_CL_IMAGE_H

#include "cl.h"

#define FORMATS_MAX	128

/* Of the values that a kernel reads and writes. */
enum picture_kind { PICTURE_INT, PICTURE_UINT, PICTURE_FLOAT, PICTURE_KINDS };

struct picture {
	const cl_image_format *format;
	cl_image_desc desc;
	size_t region[3];
	unsigned int pixel, channels;	/* bytes of each */
	enum picture_kind kind;
	bool half;
};

/* A colour as kernels and fills have it: red, green, blue, alpha. */
union picture_color {
	cl_float f[4];
	cl_int i[4];
	cl_uint u[4];
};

/* False for what a copy of pixels cannot be checked by: packed and sRGB formats. */
bool picture_describe(struct picture *p, const cl_image_format *f);
/* Values that come through a conversion to float and back unchanged. */
void picture_paint(const struct picture *p, uint8_t *image, size_t bytes);
/* The colour of which @pixel is made. */
union picture_color picture_color(const struct picture *p, const uint8_t *pixel);
cl_mem picture_new(struct cl *c, const struct picture *p);
/* Formats that the stack lists for images of @type; complains if it cannot tell. */
cl_uint picture_formats(struct cl *c, cl_mem_object_type type, cl_image_format *format);
void picture_compare(struct cl *c, const struct picture *p, const char *what, const uint8_t *got,
		     const uint8_t *want, size_t bytes);

#endif
