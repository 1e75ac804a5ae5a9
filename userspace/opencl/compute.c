// SPDX-License-Identifier: MIT
/* Kernels with work-groups: sorting, matrices, reductions, stencils, bodies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cl.h"

static const char sort_source[] =
	"__kernel void step(__global uint *a, uint distance, uint block)\n"
	"{\n"
	"	uint i = get_global_id(0), low = i & (distance - 1);\n"
	"	uint x = (i - low) * 2 + low, y = x + distance;\n"
	"	uint p = a[x], q = a[y];\n"
	"	if ((p > q) == ((x & block) == 0)) {\n"
	"		a[x] = q;\n"
	"		a[y] = p;\n"
	"	}\n"
	"}\n";

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Bitonic, in place; rounded up to a power of two. */
static void sort(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, sort_source, "step");
	uint32_t *a, *want, seed = 9;
	size_t size = 2;

	while (size < n)
		size *= 2;
	a = cl_alloc(size * 4);
	want = cl_alloc(size * 4);
	for (size_t i = 0; i < size; i++)
		a[i] = want[i] = cl_random(&seed);
	qsort(want, size, 4, compare_u32);
	cl_arg_ptr(c, k, 0, a);
	cl_place(c, a, size * 4);
	cl_before_launch(c);
	for (size_t block = 2; block <= size; block *= 2) {
		for (size_t distance = block / 2; distance; distance /= 2) {
			cl_arg_int(c, k, 1, distance);
			cl_arg_int(c, k, 2, block);
			if (k)
				cl_ok(c, clEnqueueNDRangeKernel(c->queue, k, 1, NULL,
								&(size_t){ size / 2 }, NULL, 0,
								NULL, NULL), "launch");
		}
	}
	clFinish(c->queue);
	cl_same_u32(c, "sorted", a, want, size);
	cl_free(want);
	cl_free(a);
}

#define MATMUL_DEPTH	128ul		/* at most, of the sums */

static const char matmul_source[] =
	"#define T 8\n"
	"__kernel __attribute__((reqd_work_group_size(T, T, 1)))\n"
	"void matmul(__global const float *a, __global const float *b, __global float *product,\n"
	"            int n, int depth)\n"
	"{\n"
	"	__local float at[T][T], bt[T][T];\n"
	"	int x = get_local_id(0), y = get_local_id(1);\n"
	"	int column = get_global_id(0), row = get_global_id(1);\n"
	"	float sum = 0;\n"
	"	for (int k = 0; k < depth; k += T) {\n"
	"		at[y][x] = a[row * depth + k + x];\n"
	"		bt[y][x] = b[(k + y) * n + column];\n"
	"		barrier(CLK_LOCAL_MEM_FENCE);\n"
	"		for (int i = 0; i < T; i++)\n"
	"			sum += at[y][i] * bt[i][x];\n"
	"		barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	}\n"
	"	product[row * n + column] = sum;\n"
	"}\n";

/* Floats that are small integers, whose sums are exact in any order; also as such. */
static int *small_integers(float *f, size_t n, uint32_t *seed)
{
	int *v = cl_alloc(n * sizeof(*v));

	for (size_t i = 0; i < n; i++)
		f[i] = v[i] = (int)(cl_random(seed) % 17) - 8;
	return v;
}

/* A row of @a by all of @b: integers, since floats are slow on an emulated CPU. */
static void matmul_row(const int *a, const int *b, int *sum, size_t n, size_t depth)
{
	memset(sum, 0, n * sizeof(*sum));
	for (size_t i = 0; i < depth; i++)
		for (size_t x = 0; x < n; x++)
			sum[x] += a[i] * b[i * n + x];
}

/* A tall matrix by a wide one: a product of 4 M elements is 2048 x 2048. */
static void matmul(struct cl *c, size_t side)
{
	cl_kernel k = cl_build(c, matmul_source, "matmul");
	size_t n = cl_round_up(side, 8), bytes = n * n * sizeof(float);
	size_t depth = n < MATMUL_DEPTH ? n : MATMUL_DEPTH, part = n * depth * sizeof(float);
	float *a = cl_alloc(part), *b = cl_alloc(part), *product = cl_alloc(bytes);
	uint32_t seed = 2;
	int *rows = small_integers(a, n * depth, &seed);
	int *columns = small_integers(b, n * depth, &seed);
	int *sum = cl_alloc(n * sizeof(*sum));

	cl_arg_ptr(c, k, 0, a);
	cl_arg_ptr(c, k, 1, b);
	cl_arg_ptr(c, k, 2, product);
	cl_arg_int(c, k, 3, n);
	cl_arg_int(c, k, 4, depth);
	cl_place(c, a, part);
	cl_place(c, b, part);
	cl_place(c, product, bytes);
	cl_launch_2d(c, k, (size_t[]){ n, n }, (size_t[]){ 8, 8 });
	for (size_t y = 0; y < n; y++) {
		matmul_row(rows + y * depth, columns, sum, n, depth);
		for (size_t x = 0; x < n; x++)
			if (product[y * n + x] != (float)sum[x])
				cl_fail(c, "product[%zu][%zu] = %g, expected %d", y, x,
					product[y * n + x], sum[x]);
	}
	cl_free(sum);
	cl_free(columns);
	cl_free(rows);
	cl_free(product);
	cl_free(b);
	cl_free(a);
}

static const char reduce_source[] =
	"#define L 64\n"
	"__kernel __attribute__((reqd_work_group_size(L, 1, 1)))\n"
	"void reduce(__global const uint *in, uint n, volatile __global uint *out)\n"
	"{\n"
	"	__local uint part[L];\n"
	"	uint l = get_local_id(0), i = get_global_id(0), v = i < n ? in[i] : 0;\n"
	"	part[l] = v;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	for (uint s = L / 2; s; s >>= 1) {\n"
	"		if (l < s)\n"
	"			part[l] += part[l + s];\n"
	"		barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	}\n"
	"	if (l == 0) {\n"
	"		atomic_add(out, part[0]);\n"
	"		atomic_inc(out + 1);\n"
	"	}\n"
	"	if (i < n) {\n"
	"		atomic_min(out + 2, v);\n"
	"		atomic_max(out + 3, v);\n"
	"		atomic_and(out + 4, v | 1);\n"
	"		atomic_or(out + 5, v);\n"
	"		atomic_xor(out + 6, v);\n"
	"	}\n"
	"}\n";

static void reduce(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, reduce_source, "reduce");
	uint32_t *in = cl_alloc(n * 4), *out = cl_alloc(7 * 4), seed = 4;
	uint32_t want[7] = { 0, (n + 63) / 64, ~0u, 0, ~0u, 0, 0 };

	memcpy(out, (uint32_t[]){ 0, 0, ~0u, 0, ~0u, 0, 0 }, 7 * 4);
	for (size_t i = 0; i < n; i++) {
		uint32_t v = in[i] = cl_random(&seed) * 201;

		want[0] += v;
		want[2] = v < want[2] ? v : want[2];
		want[3] = v > want[3] ? v : want[3];
		want[4] &= v | 1;
		want[5] |= v;
		want[6] ^= v;
	}
	cl_arg_ptr(c, k, 0, in);
	cl_arg_int(c, k, 1, n);
	cl_arg_ptr(c, k, 2, out);
	cl_place(c, in, n * 4);
	cl_place(c, out, 7 * 4);
	cl_launch(c, k, cl_round_up(n, 64), 64);
	cl_same_u32(c, "out", out, want, 7);
	cl_free(out);
	cl_free(in);
}

static const char histogram_source[] =
	"__kernel void histogram(__global const uint *in, uint n, volatile __global uint *bins)\n"
	"{\n"
	"	volatile __local uint mine[64];\n"
	"	uint l = get_local_id(0), i = get_global_id(0);\n"
	"	mine[l] = 0;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	if (i < n)\n"
	"		atomic_inc(mine + (in[i] & 63));\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	atomic_add(bins + l, mine[l]);\n"
	"}\n";

static void histogram(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, histogram_source, "histogram");
	uint32_t *in = cl_alloc(n * 4), *bins = cl_zalloc(64 * 4), want[64] = { 0 }, seed = 6;

	for (size_t i = 0; i < n; i++) {
		in[i] = cl_random(&seed);
		want[in[i] & 63]++;
	}
	cl_arg_ptr(c, k, 0, in);
	cl_arg_int(c, k, 1, n);
	cl_arg_ptr(c, k, 2, bins);
	cl_place(c, in, n * 4);
	cl_place(c, bins, sizeof(want));
	cl_launch(c, k, cl_round_up(n, 64), 64);
	cl_same_u32(c, "bins", bins, want, 64);
	cl_free(bins);
	cl_free(in);
}

static const char stencil_source[] =
	"__kernel void stencil(__global const int *from, __global int *to, int n)\n"
	"{\n"
	"	int x = get_global_id(0), y = get_global_id(1), at = y * n + x;\n"
	"	int v = 4 * from[at];\n"
	"	v += x ? from[at - 1] : 0;\n"
	"	v += x + 1 < n ? from[at + 1] : 0;\n"
	"	v += y ? from[at - n] : 0;\n"
	"	v += y + 1 < n ? from[at + n] : 0;\n"
	"	to[at] = v >> 3;\n"
	"}\n";

static void stencil_cpu(const int *from, int *to, int n)
{
	for (int at = 0; at < n * n; at++) {
		int x = at % n, y = at / n, v = 4 * from[at];

		v += x ? from[at - 1] : 0;
		v += x + 1 < n ? from[at + 1] : 0;
		v += y ? from[at - n] : 0;
		v += y + 1 < n ? from[at + n] : 0;
		to[at] = v >> 3;
	}
}

static void stencil(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, stencil_source, "stencil");
	size_t bytes = n * n * sizeof(int);
	int *gpu[2] = { cl_alloc(bytes), cl_alloc(bytes) };
	int *cpu[2] = { cl_alloc(bytes), cl_alloc(bytes) };
	uint32_t seed = 8;

	for (size_t i = 0; i < n * n; i++)
		gpu[0][i] = cpu[0][i] = (int)cl_random(&seed) - (1 << 23);
	for (int step = 0; step < 4; step++) {
		cl_arg_ptr(c, k, 0, gpu[step & 1]);
		cl_arg_ptr(c, k, 1, gpu[~step & 1]);
		cl_arg_int(c, k, 2, n);
		cl_place(c, gpu[step & 1], bytes);
		cl_place(c, gpu[~step & 1], bytes);
		cl_launch_2d(c, k, (size_t[]){ n, n }, NULL);
		stencil_cpu(cpu[step & 1], cpu[~step & 1], n);
	}
	cl_same_u32(c, "cell", (uint32_t *)gpu[0], (uint32_t *)cpu[0], n * n);
	cl_free(cpu[1]);
	cl_free(cpu[0]);
	cl_free(gpu[1]);
	cl_free(gpu[0]);
}

#define NBODY_PAIRS	(16ul << 20)

static const char nbody_source[] =
	"__kernel void nbody(__global const float4 *body, __global float4 *force, int attractors)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	float4 me = body[i], sum = (float4)(0.0f);\n"
	"	for (int j = 0; j < attractors; j++) {\n"
	"		float4 d = body[j] - me;\n"
	"		float r2 = d.x * d.x + d.y * d.y + d.z * d.z + 0.01f;\n"
	"		float inverse = rsqrt(r2);\n"
	"		float f = body[j].w * inverse * inverse * inverse;\n"
	"		sum.x += f * d.x;\n"
	"		sum.y += f * d.y;\n"
	"		sum.z += f * d.z;\n"
	"		sum.w += f;\n"
	"	}\n"
	"	force[i] = sum;\n"
	"}\n";

/* Each body is drawn by all, or by as many that the pairs do not exceed NBODY_PAIRS. */
static void nbody(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, nbody_source, "nbody");
	size_t attractors = n < NBODY_PAIRS / n ? n : NBODY_PAIRS / n;
	float (*body)[4] = cl_alloc(n * 16), (*force)[4] = cl_alloc(n * 16);
	uint32_t seed = 10;

	for (size_t i = 0; i < n; i++) {
		for (int j = 0; j < 4; j++)
			body[i][j] = cl_random(&seed) / 16777216.0f + (j == 3);
	}
	cl_arg_ptr(c, k, 0, body);
	cl_arg_ptr(c, k, 1, force);
	cl_arg_int(c, k, 2, attractors);
	cl_place(c, body, n * 16);
	cl_place(c, force, n * 16);
	cl_launch(c, k, n, 0);
	for (size_t i = 0; i < n; i++) {
		double sum[4] = { 0 }, all = 0;

		for (size_t j = 0; j < attractors; j++) {
			double d[3], r2 = 0.01, f;

			for (int x = 0; x < 3; x++) {
				d[x] = (double)body[j][x] - body[i][x];
				r2 += d[x] * d[x];
			}
			f = body[j][3] / (r2 * sqrt(r2));
			for (int x = 0; x < 3; x++)
				sum[x] += f * d[x];
			sum[3] += f;
		}
		all = sum[3];
		/* Forces cancel out: the slack goes by their total. */
		for (int x = 0; x < 4; x++) {
			if (!(fabs(force[i][x] - sum[x]) <= 2e-5 * all))
				cl_fail(c, "force[%zu].%d = %g, expected %g", i, x, force[i][x],
					sum[x]);
		}
	}
	cl_free(force);
	cl_free(body);
}

const struct cl_test tests_compute[] = {
	{ "sort", sort, 1024, 4194304, "in-place bitonic sort, one launch a step" },
	{ "matmul", matmul, 32, 2048, "matrix product with local memory and barriers (size: side)" },
	{ "reduce", reduce, 8192, 4194304, "reduction in local memory, seven global atomics" },
	{ "histogram", histogram, 8192, 4194304, "local atomics, then global ones" },
	{ "stencil", stencil, 64, 2048, "five-point stencil between two arrays (size: side)" },
	{ "nbody", nbody, 128, 4194304, "bodies: float4, reciprocal square roots" },
	{ 0 }
};
