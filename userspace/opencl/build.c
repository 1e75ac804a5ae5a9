// SPDX-License-Identifier: MIT
/* From source to kernels, with a cache: compilers are slow on an emulated CPU. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cl.h"

#define BINARY_MAX	(4ul << 20)

static uint64_t hash(uint64_t h, const char *text)
{
	while (*text)
		h = (h ^ (unsigned char)*text++) * 0x100000001b3ull;
	return h;
}

/* A binary belongs to a source, a stack and its version. False: no cache. */
static bool cache_path(struct cl *c, const char *source, char *path, size_t size)
{
	const char *directory = getenv("NVCL_CACHE");
	char text[256] = "";
	uint64_t h = hash(0xcbf29ce484222325ull, source);

	if (!directory)
		return false;
	clGetPlatformInfo(c->platform, CL_PLATFORM_NAME, sizeof(text), text, NULL);
	h = hash(h, text);
	clGetDeviceInfo(c->device, CL_DRIVER_VERSION, sizeof(text), text, NULL);
	h = hash(h, text);
	return snprintf(path, size, "%s/nvcl-%016" PRIx64, directory, h) < (int)size;
}

static cl_program from_cache(struct cl *c, cl_context context, const char *path)
{
	cl_program program = NULL;
	unsigned char *bytes;
	FILE *f = fopen(path, "rb");
	size_t length;
	cl_int err;

	if (!f)
		return NULL;
	bytes = malloc(BINARY_MAX);
	length = bytes ? fread(bytes, 1, BINARY_MAX, f) : 0;
	fclose(f);
	if (length)
		program = clCreateProgramWithBinary(context, 1, &c->device, &length,
						    (const unsigned char **)&bytes, NULL, &err);
	free(bytes);
	if (program && clBuildProgram(program, 1, &c->device, "", NULL, NULL) != CL_SUCCESS) {
		clReleaseProgram(program);
		program = NULL;
	}
	return program;
}

/* Failing to leave a binary costs time, nothing else. */
static void to_cache(cl_program program, const char *path)
{
	char part[320];
	unsigned char *bytes;
	size_t length = 0;
	FILE *f;

	if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(length), &length, NULL) !=
	    CL_SUCCESS || !length || length > BINARY_MAX)
		return;
	bytes = malloc(length);
	snprintf(part, sizeof(part), "%s.%d", path, (int)getpid());
	if (bytes && clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(bytes), &bytes, NULL) ==
	    CL_SUCCESS) {
		f = fopen(part, "wb");
		if (f) {
			bool good = fwrite(bytes, 1, length, f) == length;

			if (fclose(f) || !good || rename(part, path))
				remove(part);
		}
	}
	free(bytes);
}

static cl_program from_source(struct cl *c, cl_context context, const char *source)
{
	static char log[4096];
	cl_program program;
	cl_int err;

	program = clCreateProgramWithSource(context, 1, &source, NULL, &err);
	if (!cl_ok(c, err, "clCreateProgramWithSource"))
		return NULL;
	err = clBuildProgram(program, 1, &c->device, "", NULL, NULL);
	if (err == CL_SUCCESS)
		return program;
	log[0] = 0;
	clGetProgramBuildInfo(program, c->device, CL_PROGRAM_BUILD_LOG, sizeof(log), log, NULL);
	cl_fail(c, "build of %.40s...: error %d\n%s", source, err, log);
	clReleaseProgram(program);
	return NULL;
}

cl_program cl_program_in(struct cl *c, cl_context context, const char *source)
{
	cl_program program = NULL;
	char path[256];
	bool cached = cache_path(c, source, path, sizeof(path));

	if (cached)
		program = from_cache(c, context, path);
	if (!program) {
		program = from_source(c, context, source);
		if (cached && program)
			to_cache(program, path);
	}
	return program;
}

static cl_program program_of(struct cl *c, const char *source)
{
	cl_program program;

	for (unsigned int i = 0; i < c->programs; i++) {
		if (c->program[i].source == source)
			return c->program[i].program;
	}
	if (c->programs == CL_RELEASE_MAX) {
		cl_fail(c, "more than %d sources", CL_RELEASE_MAX);
		return NULL;
	}
	program = cl_program_in(c, c->context, source);
	if (program) {
		c->program[c->programs].source = source;
		c->program[c->programs++].program = program;
	}
	return program;
}

cl_kernel cl_build(struct cl *c, const char *source, const char *name)
{
	cl_program program = program_of(c, source);
	cl_kernel kernel;
	cl_int err;

	if (!program)
		return NULL;
	kernel = clCreateKernel(program, name, &err);
	if (!cl_ok(c, err, name))
		return NULL;
	if (c->kernels < CL_RELEASE_MAX)
		c->kernel[c->kernels++] = kernel;
	return kernel;
}
