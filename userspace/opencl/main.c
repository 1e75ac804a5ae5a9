// SPDX-License-Identifier: MIT
/*
 * nvcl: OpenCL programs that share their memory with the GPU.
 *
 *   nvcl list                         what there is: name, usual and largest size
 *   nvcl [-m MODE]... [-n SIZE] NAME...  run these ("all": every one) in each MODE
 *   nvcl bench [FILE]                 what make bench shows; as JSON into FILE
 *
 * MODE: cold (also when none is given), migrated, oversubscribed. SIZE: a number of
 * elements, or "most"; programs without a size are left out. One line per program,
 * and at the end "N passed, N failed[, N skipped]".
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
	tests_data, tests_compute, tests_number, tests_memory, tests_share, tests_api,
	tests_buffer, tests_image, tests_image_kinds, tests_sampler,
};

#define TABLES		(sizeof(tables) / sizeof(tables[0]))
#define SIZE_MOST	SIZE_MAX

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

static void run(struct cl *c, const struct cl_test *t, size_t n)
{
	double start = seconds();
	struct cl_stats before, after;

	c->failed = 0;
	c->skipped = NULL;
	printf("%s %s: ...\n", mode_names[c->mode], t->name);
	cl_watch_start(c);
	if (c->mode == CL_OVERSUBSCRIBED)
		cl_fill_device(c);
	c->placed = 0;
	c->launched = false;
	before = cl_stats(c);
	c->to_vram = before.to_vram;
	t->run(c, n == SIZE_MOST ? t->most : n ? n : t->size);
	clFinish(c->queue);
	release(c);
	after = cl_stats(c);
	cl_watch_stop(c);
	if (c->failed) {
		tally.failed++;
		printf("FAIL: %s %s: %u complaints", mode_names[c->mode], t->name, c->failed);
	} else if (c->skipped) {
		tally.skipped++;
		printf("skip: %s %s: %s", mode_names[c->mode], t->name, c->skipped);
	} else {
		tally.passed++;
		printf("ok: %s %s: %llu faults, %llu pages to VRAM, %llu back",
		       mode_names[c->mode], t->name,
		       (unsigned long long)(after.faults - before.faults),
		       (unsigned long long)(after.to_vram - before.to_vram),
		       (unsigned long long)(after.to_sys - before.to_sys));
	}
	printf(" (%.1f s)\n", seconds() - start);
}

static void list(void)
{
	for (size_t i = 0; i < TABLES; i++) {
		for (const struct cl_test *t = tables[i]; t->name; t++)
			printf("%-12s %8zu %8zu  %s\n", t->name, t->size, t->most, t->summary);
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
			if (!n || t->most)
				run(c, t, n);
		}
	}
	return found;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: nvcl list | nvcl bench [FILE] |\n"
		"       nvcl [-m cold|migrated|oversubscribed]... [-n SIZE|most] NAME...\n");
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

static bool parse_size(const char *text, size_t *n)
{
	char *end;

	if (!strcmp(text, "most")) {
		*n = SIZE_MOST;
		return true;
	}
	*n = strtoul(text, &end, 0);
	return *n && !*end;
}

static void close_device(struct cl *c)
{
	while (c->programs)
		clReleaseProgram(c->program[--c->programs].program);
	clReleaseCommandQueue(c->queue);
	clReleaseContext(c->context);
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
	int o;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((o = getopt(argc, argv, "m:n:")) != -1) {
		switch (o) {
		case 'm':
			if (!add_mode(&modes, optarg))
				return usage();
			break;
		case 'n':
			if (!parse_size(optarg, &n))
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
	if (!strcmp(argv[optind], "bench")) {
		o = cl_bench(&c, argv[optind + 1]);
		close_device(&c);
		return o;
	}
	if (!run_modes(&c, modes ? modes : 1u << CL_COLD, argv + optind, n))
		return 2;
	close_device(&c);
	printf("%u passed, %u failed", tally.passed, tally.failed);
	if (tally.skipped)
		printf(", %u skipped", tally.skipped);
	printf("\n");
	return tally.failed != 0;
}
