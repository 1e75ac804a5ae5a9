// SPDX-License-Identifier: MIT
/* Arithmetic: floats, doubles, integers of all widths, private arrays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cl.h"

static const char math_source[] =
	"__kernel void functions(__global const float *x, __global float *y, int n, int f)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	if (i >= n)\n"
	"		return;\n"
	"	float v = x[i], r = 0;\n"
	"	switch (f) {\n"
	"	case 0: r = sin(v); break;\n"
	"	case 1: r = cos(v); break;\n"
	"	case 2: r = exp(v); break;\n"
	"	case 3: r = log(v); break;\n"
	"	case 4: r = sqrt(v); break;\n"
	"	case 5: r = 1.0f / v; break;\n"
	"	case 6: r = rsqrt(v); break;\n"
	"	case 7: r = pow(v, 1.25f); break;\n"
	"	case 8: r = floor(v); break;\n"
	"	case 9: r = rint(v); break;\n"
	"	}\n"
	"	y[i] = r;\n"
	"}\n";

static double reference(int f, double v)
{
	switch (f) {
	case 0: return sin(v);
	case 1: return cos(v);
	case 2: return exp(v);
	case 3: return log(v);
	case 4: return sqrt(v);
	case 5: return 1 / v;
	case 6: return 1 / sqrt(v);
	case 7: return pow(v, 1.25);
	case 8: return floor(v);
	default: return rint(v);
	}
}

/* Each within what OpenCL allows it, 16 ulp at most. */
static void math(struct cl *c, size_t n)
{
	static const char *const names[] = {
		"sin", "cos", "exp", "log", "sqrt", "1/x", "rsqrt", "pow", "floor", "rint"
	};
	static const double ulp[] = { 4, 4, 4, 4, 4, 3, 2, 16, 0, 0 };
	cl_kernel k = cl_build(c, math_source, "functions");
	float *x = cl_alloc(n * 4), *y = cl_alloc(n * 4);
	double *want = cl_alloc(n * sizeof(*want));

	for (size_t i = 0; i < n; i++)
		x[i] = ldexpf(1 + (i * 37 % n) / (float)n, (int)(i % 12) - 6);
	cl_arg_ptr(c, k, 0, x);
	cl_arg_ptr(c, k, 1, y);
	cl_arg_int(c, k, 2, n);
	for (int f = 0; f < 10; f++) {
		cl_arg_int(c, k, 3, f);
		cl_place(c, y, n * 4);
		cl_launch(c, k, cl_round_up(n, 32), 32);
		for (size_t i = 0; i < n; i++)
			want[i] = reference(f, x[i]);
		cl_near(c, names[f], y, want, n, ulp[f] * 0x1p-23);
	}
	cl_free(want);
	cl_free(y);
	cl_free(x);
}

static const char daxpy_source[] =
	"#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n"
	"__kernel void daxpy(__global const double *x, __global double *y, __global const double *a,\n"
	"                    int n)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	if (i < n)\n"
	"		y[i] = fma(a[0], x[i], y[i]);\n"
	"}\n";

static void daxpy(struct cl *c, size_t n)
{
	double *x, *y, *a, seen;
	cl_kernel k;
	uint32_t seed = 12;

	if (!c->fp64) {
		cl_skip(c, "the stack offers no fp64");
		return;
	}
	k = cl_build(c, daxpy_source, "daxpy");
	x = cl_alloc(n * 8);
	y = cl_alloc(n * 8);
	a = cl_alloc(8);
	*a = -1.0 / 3;
	for (size_t i = 0; i < n; i++) {
		x[i] = cl_random(&seed) * 1e-3;
		y[i] = i * 0.7;
	}
	cl_arg_ptr(c, k, 0, x);
	cl_arg_ptr(c, k, 1, y);
	cl_arg_ptr(c, k, 2, a);
	cl_arg_int(c, k, 3, n);
	cl_place(c, x, n * 8);
	cl_place(c, y, n * 8);
	cl_launch(c, k, cl_round_up(n, 64), 64);
	for (size_t i = 0; i < n; i++) {
		seen = fma(*a, x[i], i * 0.7);
		if (y[i] != seen)
			cl_fail(c, "y[%zu] = %.17g, expected %.17g", i, y[i], seen);
	}
	cl_free(a);
	cl_free(y);
	cl_free(x);
}

static const char integer_source[] =
	"#if __OPENCL_VERSION__ < 120\n"
	"uint popcount(uint x) { uint n = 0; while (x) { x &= x - 1; n++; } return n; }\n"
	"#endif\n"
	"__kernel void integer(__global const int *a, __global const int *b, __global const long *w,\n"
	"                      __global const char *bytes, __global const ushort *halves,\n"
	"                      __global int *out, __global long *wide, int n)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	if (i >= n)\n"
	"		return;\n"
	"	int x = a[i], y = b[i];\n"
	"	long p = w[i];\n"
	"	__global int *o = out + 12 * i;\n"
	"	o[0] = x / y;\n"
	"	o[1] = x % y;\n"
	"	o[2] = (uint)x / (uint)y;\n"
	"	o[3] = (uint)x % (uint)y;\n"
	"	o[4] = mul_hi(x, y);\n"
	"	o[5] = bytes[i];\n"
	"	o[6] = halves[i];\n"
	"	o[7] = rotate((uint)x, 5u);\n"
	"	o[8] = clz(y);\n"
	"	o[9] = popcount(x);\n"
	"	o[10] = (x << (y & 31)) ^ (x >> (y & 31));\n"
	"	int4 v = (int4)(x, y, 3, 4);\n"
	"	v = v * (int4)(2, 3, x, y) + v.wzyx;\n"
	"	o[11] = v.x ^ v.y ^ v.z ^ v.w;\n"
	"	wide[4 * i] = p * y;\n"
	"	wide[4 * i + 1] = p / y;\n"
	"	wide[4 * i + 2] = p - ((long)x << 20);\n"
	"	wide[4 * i + 3] = (p >> (y & 63)) + (ulong)p % 1000003;\n"
	"}\n";

static uint32_t rotate(uint32_t x, int by)
{
	return x << by | x >> (32 - by);
}

static void integer_cpu(int x, int y, int64_t p, int byte, int half, int *o, int64_t *wide)
{
	uint32_t v[4], w[4] = { 2u * x, 3u * y, 3u * x, 4u * y };

	o[0] = x / y;
	o[1] = x % y;
	o[2] = (uint32_t)x / (uint32_t)y;
	o[3] = (uint32_t)x % (uint32_t)y;
	o[4] = (int64_t)x * y >> 32;
	o[5] = byte;
	o[6] = half;
	o[7] = rotate(x, 5);
	o[8] = y ? __builtin_clz(y) : 32;
	o[9] = __builtin_popcount(x);
	o[10] = (int)((uint32_t)x << (y & 31)) ^ (x >> (y & 31));
	v[0] = w[0] + 4;
	v[1] = w[1] + 3;
	v[2] = w[2] + y;
	v[3] = w[3] + x;
	o[11] = v[0] ^ v[1] ^ v[2] ^ v[3];
	wide[0] = (uint64_t)p * (uint64_t)(int64_t)y;
	wide[1] = p / y;
	wide[2] = (uint64_t)p - ((uint64_t)(int64_t)x << 20);
	wide[3] = (p >> (y & 63)) + (uint64_t)p % 1000003;
}

static void integer(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, integer_source, "integer");
	int *a = cl_alloc(n * 4), *b = cl_alloc(n * 4), *out = cl_alloc(n * 48);
	int64_t *w = cl_alloc(n * 8), *wide = cl_alloc(n * 32);
	int8_t *bytes = cl_alloc(n);
	uint16_t *halves = cl_alloc(n * 2);
	uint32_t seed = 13;

	for (size_t i = 0; i < n; i++) {
		a[i] = cl_random(&seed) * 397;
		b[i] = ((int)cl_random(&seed) - (1 << 23)) >> (i % 20);
		b[i] = b[i] ? b[i] : 1;
		w[i] = (int64_t)cl_random(&seed) * cl_random(&seed) * (i & 1 ? -9 : 7);
		bytes[i] = cl_random(&seed);
		halves[i] = cl_random(&seed);
	}
	cl_arg_ptr(c, k, 0, a);
	cl_arg_ptr(c, k, 1, b);
	cl_arg_ptr(c, k, 2, w);
	cl_arg_ptr(c, k, 3, bytes);
	cl_arg_ptr(c, k, 4, halves);
	cl_arg_ptr(c, k, 5, out);
	cl_arg_ptr(c, k, 6, wide);
	cl_arg_int(c, k, 7, n);
	cl_place(c, out, n * 48);
	cl_place(c, wide, n * 32);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	for (size_t i = 0; i < n; i++) {
		int o[12];
		int64_t p[4];

		integer_cpu(a[i], b[i], w[i], bytes[i], halves[i], o, p);
		for (int j = 0; j < 12; j++) {
			if (out[12 * i + j] != o[j])
				cl_fail(c, "%d, %d: result %d is %#x, expected %#x", a[i], b[i], j,
					out[12 * i + j], o[j]);
		}
		for (int j = 0; j < 4; j++) {
			if (wide[4 * i + j] != p[j])
				cl_fail(c, "%lld, %d, %d: wide result %d is %llx, expected %llx",
					(long long)w[i], a[i], b[i], j,
					(long long)wide[4 * i + j], (long long)p[j]);
		}
	}
	cl_free(halves);
	cl_free(bytes);
	cl_free(wide);
	cl_free(w);
	cl_free(out);
	cl_free(b);
	cl_free(a);
}

static const char spill_source[] =
	"__kernel void spill(__global const uint *in, __global uint *out, uint n)\n"
	"{\n"
	"	uint a[64], i = get_global_id(0);\n"
	"	if (i >= n)\n"
	"		return;\n"
	"	uint x = in[i];\n"
	"	for (uint j = 0; j < 64; j++)\n"
	"		a[j] = x * (j + 1);\n"
	"	for (uint j = 0; j < 64; j++) {\n"
	"		uint at = a[j] >> 3 & 63;\n"
	"		a[at] ^= a[j] + j;\n"
	"	}\n"
	"	uint sum = 0;\n"
	"	for (uint j = 0; j < 64; j++)\n"
	"		sum = sum * 31 + a[j];\n"
	"	out[i] = sum;\n"
	"}\n";

static uint32_t spill_cpu(uint32_t x)
{
	uint32_t a[64], sum = 0;

	for (uint32_t j = 0; j < 64; j++)
		a[j] = x * (j + 1);
	for (uint32_t j = 0; j < 64; j++) {
		uint32_t at = a[j] >> 3 & 63;

		a[at] ^= a[j] + j;
	}
	for (uint32_t j = 0; j < 64; j++)
		sum = sum * 31 + a[j];
	return sum;
}

static void spill(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, spill_source, "spill");
	uint32_t *in = cl_alloc(n * 4), *out = cl_alloc(n * 4), *want = cl_alloc(n * 4), seed = 14;

	for (size_t i = 0; i < n; i++) {
		in[i] = cl_random(&seed);
		want[i] = spill_cpu(in[i]);
	}
	cl_arg_ptr(c, k, 0, in);
	cl_arg_ptr(c, k, 1, out);
	cl_arg_int(c, k, 2, n);
	cl_place(c, out, n * 4);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	cl_same_u32(c, "out", out, want, n);
	cl_free(want);
	cl_free(out);
	cl_free(in);
}

const struct cl_test tests_number[] = {
	{ "math", math, 256, 4194304, "ten float functions against libm" },
	{ "daxpy", daxpy, 4096, 4194304, "doubles, fused multiply-add, bit for bit" },
	{ "integer", integer, 512, 4194304, "division, 64 bits, shifts, vectors, byte and short loads" },
	{ "spill", spill, 512, 4194304, "a private array with computed indices" },
	{ 0 }
};
