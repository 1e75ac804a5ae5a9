// SPDX-License-Identifier: MIT
/* Helpers of the OpenCL programs: complaints, arguments, launching, comparing. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cl.h"

#define COMPLAINTS_SHOWN	5

void cl_fail(struct cl *c, const char *fmt, ...)
{
	va_list args;

	if (c->failed++ >= COMPLAINTS_SHOWN)
		return;
	printf("    ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

bool cl_ok(struct cl *c, cl_int err, const char *what)
{
	if (err != CL_SUCCESS)
		cl_fail(c, "%s: error %d", what, err);
	return err == CL_SUCCESS;
}

void cl_skip(struct cl *c, const char *why)
{
	c->skipped = why;
}

uint32_t cl_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

void cl_arg(struct cl *c, cl_kernel k, unsigned int index, size_t bytes, const void *value)
{
	if (k)
		cl_ok(c, clSetKernelArg(k, index, bytes, value), "clSetKernelArg");
}

void cl_arg_int(struct cl *c, cl_kernel k, unsigned int index, cl_int value)
{
	cl_arg(c, k, index, sizeof(value), &value);
}

void cl_arg_ptr(struct cl *c, cl_kernel k, unsigned int index, const void *pointer)
{
	if (k)
		cl_ok(c, clSetKernelArgSVMPointer(k, index, pointer), "clSetKernelArgSVMPointer");
}

static void launch(struct cl *c, cl_kernel k, cl_uint dims, const size_t *global,
		   const size_t *local)
{
	if (!k)
		return;
	cl_place_small(c);
	cl_before_launch(c);
	if (cl_ok(c, clEnqueueNDRangeKernel(c->queue, k, dims, NULL, global, local, 0, NULL, NULL),
		  "clEnqueueNDRangeKernel"))
		cl_ok(c, clFinish(c->queue), "clFinish");
}

void cl_launch(struct cl *c, cl_kernel k, size_t global, size_t local)
{
	launch(c, k, 1, &global, local ? &local : NULL);
}

void cl_launch_2d(struct cl *c, cl_kernel k, const size_t global[2], const size_t local[2])
{
	launch(c, k, 2, global, local);
}

void cl_same_u32(struct cl *c, const char *what, const uint32_t *got, const uint32_t *want,
		 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (got[i] != want[i])
			cl_fail(c, "%s[%zu] = %#x, expected %#x", what, i, got[i], want[i]);
	}
}

void cl_near(struct cl *c, const char *what, const float *got, const double *want, size_t n,
	     double relative)
{
	for (size_t i = 0; i < n; i++) {
		double slack = relative * fabs(want[i]) + 1e-37;

		if (!(fabs(got[i] - want[i]) <= slack) && !(isnan(got[i]) && isnan(want[i])) &&
		    !(isinf(want[i]) && got[i] == want[i]))
			cl_fail(c, "%s[%zu] = %.9g, expected %.9g", what, i, got[i], want[i]);
	}
}
