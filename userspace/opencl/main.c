// SPDX-License-Identifier: MIT
/*
 * nvcl: OpenCL programs that share their memory with the GPU.
 *
 *   nvcl list                         what there is
 *   nvcl [-m MODE]... [-n SIZE] NAME...  run these ("all": every one) in each MODE
 *
 * MODE: cold (also when none is given), migrated, oversubscribed. One line per
 * program, and at the end
 * "N passed, N failed[, N skipped]".
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cl.h"

static const struct cl_test *const tables[] = {
	tests_data, tests_compute, tests_number, tests_memory, tests_api, tests_buffer,
};

#define TABLES	(sizeof(tables) / sizeof(tables[0]))

static const char *const mode_names[] = { "cold", "migrated", "oversubscribed" };

static struct {
	unsigned int passed, failed, skipped;
} tally;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static bool open_device(struct cl *c)
{
	char extensions[4096] = "";
	cl_device_svm_capabilities svm = 0;
	char name[128] = "";
	cl_bool images = CL_FALSE;
	cl_int err;

	if (clGetPlatformIDs(1, &c->platform, NULL) != CL_SUCCESS ||
	    clGetDeviceIDs(c->platform, CL_DEVICE_TYPE_GPU, 1, &c->device, NULL) != CL_SUCCESS) {
		fprintf(stderr, "nvcl: no OpenCL device\n");
		return false;
	}
	c->context = clCreateContext(NULL, 1, &c->device, NULL, NULL, &err);
	if (err == CL_SUCCESS)
		c->queue = clCreateCommandQueue(c->context, c->device, CL_QUEUE_PROFILING_ENABLE,
						&err);
	if (err != CL_SUCCESS) {
		fprintf(stderr, "nvcl: no context or queue: error %d\n", err);
		return false;
	}
	cl_use(c);
	clGetPlatformInfo(c->platform, CL_PLATFORM_NAME, sizeof(name), name, NULL);
	clGetDeviceInfo(c->device, CL_DEVICE_EXTENSIONS, sizeof(extensions), extensions, NULL);
	clGetDeviceInfo(c->device, CL_DEVICE_SVM_CAPABILITIES, sizeof(svm), &svm, NULL);
	clGetDeviceInfo(c->device, CL_DEVICE_IMAGE_SUPPORT, sizeof(images), &images, NULL);
	c->fp64 = strstr(extensions, "cl_khr_fp64");
	c->images = images;
	c->printf = !strcasestr(name, "clover");
	if (!(svm & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM)) {
		fprintf(stderr, "nvcl: %s: no fine-grain system SVM (capabilities %#x)\n", name,
			(unsigned int)svm);
		return false;
	}
	return true;
}

static void release(struct cl *c)
{
	while (c->kernels)
		clReleaseKernel(c->kernel[--c->kernels]);
}

/*
 * Fill the video memory with pages that others will have to drive out: a block
 * as large as all of it, touched and moved there, in parts that each can be
 * allocated at once.
 */
#define BALLAST_PART	(16ul << 20)

static void ballast(struct cl *c)
{
	static void *part[64];
	cl_ulong vram = 0;

	clGetDeviceInfo(c->device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(vram), &vram, NULL);
	for (size_t i = 0; i < 64 && i * BALLAST_PART < vram; i++) {
		if (!part[i])
			part[i] = cl_alloc(BALLAST_PART);
		cl_place(c, part[i], BALLAST_PART);
	}
	clFinish(c->queue);
}

static void run(struct cl *c, const struct cl_test *t, size_t n)
{
	double start = seconds();

	c->failed = 0;
	c->skipped = NULL;
	printf("%s %s: ...\n", mode_names[c->mode], t->name);
	if (c->mode == CL_OVERSUBSCRIBED)
		ballast(c);
	t->run(c, n ? n : t->size);
	clFinish(c->queue);
	release(c);
	if (c->failed) {
		tally.failed++;
		printf("FAIL: %s %s: %u complaints", mode_names[c->mode], t->name, c->failed);
	} else if (c->skipped) {
		tally.skipped++;
		printf("skip: %s %s: %s", mode_names[c->mode], t->name, c->skipped);
	} else {
		tally.passed++;
		printf("ok: %s %s", mode_names[c->mode], t->name);
	}
	printf(" (%.1f s)\n", seconds() - start);
}

static void list(void)
{
	for (size_t i = 0; i < TABLES; i++) {
		for (const struct cl_test *t = tables[i]; t->name; t++)
			printf("%-12s %8zu  %s\n", t->name, t->size, t->summary);
	}
}

static bool run_named(struct cl *c, const char *name, size_t n)
{
	bool found = false;

	for (size_t i = 0; i < TABLES; i++) {
		for (const struct cl_test *t = tables[i]; t->name; t++) {
			if (strcmp(name, "all") && strcmp(name, t->name))
				continue;
			found = true;
			run(c, t, n);
		}
	}
	return found;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: nvcl list | nvcl [-m cold|migrated|oversubscribed]... [-n SIZE] NAME...\n");
	return 2;
}

/* False: no mode of that name. */
static bool add_mode(unsigned int *modes, const char *name)
{
	for (unsigned int m = CL_COLD; m <= CL_OVERSUBSCRIBED; m++) {
		if (!strcmp(name, mode_names[m])) {
			*modes |= 1u << m;
			return true;
		}
	}
	return false;
}

static bool run_modes(struct cl *c, unsigned int modes, char **names, size_t n)
{
	for (unsigned int m = CL_COLD; m <= CL_OVERSUBSCRIBED; m++) {
		if (!(modes & 1u << m))
			continue;
		c->mode = m;
		for (char **name = names; *name; name++) {
			if (!run_named(c, *name, n)) {
				fprintf(stderr, "nvcl: %s: no such program\n", *name);
				return false;
			}
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned int modes = 0;
	static struct cl c;
	size_t n = 0;
	char *end;
	int o;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((o = getopt(argc, argv, "m:n:")) != -1) {
		switch (o) {
		case 'm':
			if (!add_mode(&modes, optarg))
				return usage();
			break;
		case 'n':
			n = strtoul(optarg, &end, 0);
			if (*end || !n)
				return usage();
			break;
		default:
			return usage();
		}
	}
	if (optind == argc)
		return usage();
	if (!strcmp(argv[optind], "list")) {
		list();
		return 0;
	}
	if (!open_device(&c))
		return 1;
	if (!run_modes(&c, modes ? modes : 1u << CL_COLD, argv + optind, n))
		return 2;
	while (c.programs)
		clReleaseProgram(c.program[--c.programs].program);
	clReleaseCommandQueue(c.queue);
	clReleaseContext(c.context);
	printf("%u passed, %u failed", tally.passed, tally.failed);
	if (tally.skipped)
		printf(", %u skipped", tally.skipped);
	printf("\n");
	return tally.failed != 0;
}
