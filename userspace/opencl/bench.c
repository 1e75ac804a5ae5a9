// SPDX-License-Identifier: MIT
/*
 * nvcl bench: what one waits for. Times are the process's, from the launch to the
 * end of clFinish; how many instructions that took and how fast the GPU was at
 * them, the model says (tu104 --launches), one line for each launch in this order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cl.h"

#define VECTOR	4194304u

static const char bench_source[] =
	"__kernel void vecadd(__global const int *a, __global const int *b, __global int *sum)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	sum[i] = a[i] + b[i];\n"
	"}\n"
	"__kernel void integer(__global uint *out, uint rounds)\n"
	"{\n"
	"	uint i = get_global_id(0), x = i, y = i * 3 + 1;\n"
	"	for (uint j = 0; j < rounds; j++) {\n"
	"		x = x * 1664525 + y;\n"
	"		y ^= x >> 7;\n"
	"		x += y & 0x00ff00ff;\n"
	"		y = y * 5 + j;\n"
	"	}\n"
	"	out[i] = x ^ y;\n"
	"}\n"
	"__kernel void single(__global float *out, uint rounds)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	float x = i * 0.001f, y = 1.0f - x;\n"
	"	for (uint j = 0; j < rounds; j++) {\n"
	"		x = fma(x, 0.75f, y);\n"
	"		y = fma(y, 0.5f, 0.25f) - x * 0.125f;\n"
	"		x = fmin(x, 8.0f) + y;\n"
	"	}\n"
	"	out[i] = x + y;\n"
	"}\n"
	"__kernel void memory(__global const uint *a, __global uint *b, uint rounds)\n"
	"{\n"
	"	uint i = get_global_id(0), n = get_global_size(0);\n"
	"	for (uint j = 0; j < rounds; j++)\n"
	"		b[j * n + i] = a[j * n + i] + b[j * n + i];\n"
	"}\n";

struct bench {
	struct cl *c;
	FILE *json;
	unsigned int rows;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

/* One launch, one row. */
static void row(struct bench *b, const char *what, cl_kernel k, size_t items)
{
	struct cl_stats before = cl_stats(b->c), after;
	double ms = now_ms();

	cl_launch(b->c, k, items, 64);
	ms = now_ms() - ms;
	after = cl_stats(b->c);
	printf("%-34s %9zu items %10.1f ms\n", what, items, ms);
	if (b->json)
		fprintf(b->json, "%s\n  {\"what\": \"%s\", \"items\": %zu, \"ms\": %.3f, "
			"\"faults\": %llu, \"pages_to_vram\": %llu}", b->rows ? "," : "", what,
			items, ms, (unsigned long long)(after.faults - before.faults),
			(unsigned long long)(after.to_vram - before.to_vram));
	b->rows++;
}

static void check_sum(struct bench *b, const uint32_t *sum)
{
	for (uint32_t i = 0; i < VECTOR; i++) {
		if (sum[i] != 4 * i + 7)
			cl_fail(b->c, "sum[%u] = %u, expected %u", i, sum[i], 4 * i + 7);
	}
}

/* The vectors as the CPU has just filled them; cold, again, and moved before. */
static void vectors(struct bench *b, enum cl_mode mode)
{
	struct cl *c = b->c;
	cl_kernel k = cl_build(c, bench_source, "vecadd");
	uint32_t *in[2], *sum;

	c->mode = mode;
	in[0] = cl_alloc(VECTOR * 4ul);
	in[1] = cl_alloc(VECTOR * 4ul);
	sum = cl_zalloc(VECTOR * 4ul);
	for (uint32_t i = 0; i < VECTOR; i++) {
		in[0][i] = i * 3;
		in[1][i] = i + 7;
	}
	cl_arg_ptr(c, k, 0, in[0]);
	cl_arg_ptr(c, k, 1, in[1]);
	cl_arg_ptr(c, k, 2, sum);
	if (mode == CL_COLD) {
		row(b, "vector add, first touch", k, VECTOR);
		row(b, "vector add, again", k, VECTOR);
	} else {
		double ms = now_ms();

		cl_place(c, in[0], VECTOR * 4ul);
		cl_place(c, in[1], VECTOR * 4ul);
		cl_place(c, sum, VECTOR * 4ul);
		clFinish(c->queue);
		printf("%-34s %9u items %10.1f ms\n", "clEnqueueSVMMigrateMem of it", VECTOR,
		       now_ms() - ms);
		row(b, "vector add, moved before", k, VECTOR);
	}
	check_sum(b, sum);
	cl_free(sum);
	cl_free(in[1]);
	cl_free(in[0]);
}

/* Kernels that stay in registers, and one that does little but load and store. */
static void instructions(struct bench *b)
{
	enum { ITEMS = 16384, ROUNDS = 512 };
	struct cl *c = b->c;
	uint32_t *out = cl_zalloc(ITEMS * 64 * 4), *in = cl_zalloc(ITEMS * 64 * 4);
	static const char *const name[] = { "integer", "single" };
	cl_kernel k;

	for (int i = 0; i < 2; i++) {
		k = cl_build(c, bench_source, name[i]);
		cl_arg_ptr(c, k, 0, out);
		cl_arg_int(c, k, 1, ROUNDS);
		row(b, i ? "arithmetic, float" : "arithmetic, integer", k, ITEMS);
	}
	k = cl_build(c, bench_source, "memory");
	cl_arg_ptr(c, k, 0, in);
	cl_arg_ptr(c, k, 1, out);
	cl_arg_int(c, k, 2, 64);
	row(b, "loads and stores, first touch", k, ITEMS);
	row(b, "loads and stores", k, ITEMS);
	cl_free(in);
	cl_free(out);
}

int cl_bench(struct cl *c, const char *json)
{
	struct bench b = { .c = c };

	if (json) {
		b.json = fopen(json, "w");
		if (!b.json) {
			perror(json);
			return 1;
		}
		fputc('[', b.json);
	}
	c->failed = 0;
	instructions(&b);
	vectors(&b, CL_COLD);
	vectors(&b, CL_MIGRATED);
	if (b.json) {
		fputs("\n]\n", b.json);
		if (fclose(b.json)) {
			perror(json);
			return 1;
		}
	}
	return c->failed != 0;
}
