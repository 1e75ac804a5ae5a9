// SPDX-License-Identifier: MIT
/* Cases about numbers: each result against the CPU's, bit by bit unless it says so. */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"

#define N 256u

static uint32_t bits32(float f)
{
	uint32_t v;

	memcpy(&v, &f, 4);
	return f != f ? 0x7fffffff : v;		/* the GPU's NaN */
}

static uint64_t bits64(double d)
{
	uint64_t v;

	memcpy(&v, &d, 8);
	return d != d ? 0xfff8000000000000ull : v;
}

static float as_float(uint32_t v)
{
	float f;

	memcpy(&f, &v, 4);
	return f;
}

static double as_double(uint64_t v)
{
	double d;

	memcpy(&d, &v, 8);
	return d;
}

/* Edge values first, then anything; no NaN, whose payload CPUs keep. */
static float some_float(unsigned int i)
{
	static const uint32_t edges[] = {
		0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x3f800000, 0xbf800000,
		0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x4b000000, 0x4effffff, 0x4f000000,
		0xcf000000, 0x5f000000, 0x3effffff, 0x3f000000, 0x3fc00000, 0x40200000, 0x33800000,
	};
	uint32_t v = (uint32_t)cuda_random();

	if (i < 2 * sizeof(edges) / sizeof(edges[0]))
		return as_float(edges[i / 2]);
	return (v & 0x7f800000) == 0x7f800000 ? as_float(v & 0xbfffffff) : as_float(v);
}

static double some_double(unsigned int i)
{
	uint64_t v = cuda_random();

	if (i < 44)
		return (double)some_float(i);
	return (v >> 52 & 0x7ff) == 0x7ff ? as_double(v & ~(1ull << 62)) : as_double(v);
}

static float rounded(int mode, float (*fn)(volatile float, volatile float), float a, float b)
{
	volatile float r;	/* computed between the two calls, not after */

	fesetround(mode);
	r = fn(a, b);
	fesetround(FE_TONEAREST);
	return r;
}

static float add(volatile float a, volatile float b) { return a + b; }
static float mul(volatile float a, volatile float b) { return a * b; }
static float fma_aba(volatile float a, volatile float b) { return fmaf(a, b, a); }

/* Minimum as IEEE 754-2008 has it, with -0 below +0 as the instruction. */
static float least(float a, float b)
{
	return a == b ? (signbit(a) ? a : b) : a < b ? a : b;
}

bool cuda_case_fp32(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	float *out = cuda_memory(env, &args, N * 32), *a = cuda_memory(env, &args, N * 4);
	float *b = cuda_memory(env, &args, N * 4);

	for (unsigned int i = 0; i < N; i++) {
		a[i] = some_float(i);
		b[i] = some_float((i * 7 + 3) % N);
	}
	if (!cuda_launch(env, c, N / 64, 64, 0, &args))
		return false;
	for (unsigned int i = 0; i < N; i++) {
		float x = a[i], y = b[i], want[8] = {
			x / y, sqrtf(fabsf(x)), 1.0f / y, rounded(FE_UPWARD, add, x, y),
			rounded(FE_DOWNWARD, mul, x, y), rounded(FE_TOWARDZERO, fma_aba, x, y),
			least(x, y), x > 0 ? (x < 1 ? x : 1) : 0,
		};

		for (unsigned int k = 0; k < 8; k++)
			if (!cuda_same(env, "fp32", 8 * i + k, bits32(out[8 * i + k]),
				       bits32(want[k])))
				return false;
	}
	return true;
}

bool cuda_case_fp64(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	double *out = cuda_memory(env, &args, N * 32), *a = cuda_memory(env, &args, N * 8);
	double *b = cuda_memory(env, &args, N * 8);

	for (unsigned int i = 0; i < N; i++) {
		a[i] = some_double(i);
		b[i] = some_double((i * 7 + 3) % N);
	}
	if (!cuda_launch(env, c, N / 32, 32, 0, &args))
		return false;
	for (unsigned int i = 0; i < N; i++) {
		double want[4] = { fma(a[i], b[i], 1.0), a[i] / b[i], sqrt(fabs(a[i])), 1.0 / b[i] };

		for (unsigned int k = 0; k < 4; k++)
			if (!cuda_same(env, "fp64", 4 * i + k, bits64(out[4 * i + k]),
				       bits64(want[k])))
				return false;
	}
	return true;
}

static int64_t some_integer(unsigned int i)
{
	static const int64_t edges[] = {
		0, 1, -1, 2, 7, -7, INT32_MAX, INT32_MIN, UINT32_MAX, 1ll << 32, INT64_MAX,
		INT64_MIN + 1, 0x123456789abcdefll, 1000, -1000, 0x80000001ll,
	};

	return i < 32 ? edges[i / 2] : (int64_t)cuda_random() >> cuda_random() % 60;
}

bool cuda_case_divide(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	int64_t *out = cuda_memory(env, &args, N * 64), *a = cuda_memory(env, &args, N * 8);
	int64_t *b = cuda_memory(env, &args, N * 8);

	for (unsigned int i = 0; i < N; i++) {
		a[i] = some_integer(i);
		b[i] = some_integer((i * 5 + 11) % N);
		/* The one quotient that overflows is not defined. */
		if ((int32_t)a[i] == INT32_MIN && ((int32_t)b[i] | 1) == -1)
			a[i]++;
	}
	if (!cuda_launch(env, c, N / 128, 128, 0, &args))
		return false;
	for (unsigned int i = 0; i < N; i++) {
		int32_t x = (int32_t)a[i], y = (int32_t)b[i] | 1;
		int64_t d = b[i] | 1;
		int64_t want[8] = {
			a[i] / d, a[i] % d, (int64_t)((uint64_t)a[i] / (uint64_t)d),
			(int64_t)((uint64_t)a[i] % (uint64_t)d), x / y, x % y,
			(uint32_t)x / (uint32_t)y, x / 1000 + (uint32_t)y % 7,
		};

		for (unsigned int k = 0; k < 8; k++)
			if (!cuda_same(env, "divide", 8 * i + k, (uint64_t)out[8 * i + k],
				       (uint64_t)want[k]))
				return false;
	}
	return true;
}

bool cuda_case_wide(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	uint64_t *out = cuda_memory(env, &args, N * 64), *a = cuda_memory(env, &args, N * 8);
	uint64_t *b = cuda_memory(env, &args, N * 8);

	for (unsigned int i = 0; i < N; i++) {
		a[i] = (uint64_t)some_integer(i);
		b[i] = (uint64_t)some_integer((i * 5 + 11) % N);
	}
	if (!cuda_launch(env, c, N / 64, 64, 0, &args))
		return false;
	for (unsigned int i = 0; i < N; i++) {
		uint64_t x = a[i], y = b[i];
		unsigned __int128 s = ((unsigned __int128)x << 64 | y) +
				      ((unsigned __int128)y << 64 | x);
		unsigned __int128 p = (unsigned __int128)x * y;
		uint64_t want[8] = {
			(uint64_t)s, (uint64_t)(s >> 64), (uint64_t)p, (uint64_t)(p >> 64),
			(uint64_t)(((__int128)(int64_t)x * (int64_t)y) >> 64), x << (y & 63),
			(uint64_t)((int64_t)x >> (y & 63)), (int64_t)x < (int64_t)y ? x : ~y,
		};

		for (unsigned int k = 0; k < 8; k++)
			if (!cuda_same(env, "wide", 8 * i + k, out[8 * i + k], want[k]))
				return false;
	}
	return true;
}

static uint32_t byte_of(uint32_t v, unsigned int n)
{
	return v >> 8 * n & 255;
}

static void expected_bits(uint32_t a, uint32_t b, uint32_t *o)
{
	static const uint8_t selected[4] = { 1, 4, 2, 6 };
	uint64_t ba = (uint64_t)b << 32 | a;
	int32_t sa = (int32_t)a, sb = (int32_t)b;
	unsigned int s = a & 63;

	memset(o, 0, 64);
	o[0] = (uint32_t)__builtin_popcount(a);
	o[1] = a ? (uint32_t)__builtin_clz(a) : 32;
	o[2] = (uint32_t)__builtin_ffs(sa);
	for (unsigned int i = 0; i < 32; i++)
		o[3] |= (a >> i & 1) << (31 - i);
	for (unsigned int n = 0; n < 4; n++) {
		o[4] |= (uint32_t)(ba >> 8 * selected[n] & 255) << 8 * n;
		o[7] += (uint32_t)((int8_t)byte_of(a, n) * (int8_t)byte_of(b, n));
		o[10] += byte_of(a, n) > byte_of(b, n) ? byte_of(a, n) - byte_of(b, n) :
							 byte_of(b, n) - byte_of(a, n);
	}
	o[5] = (uint32_t)(ba << (b & 31) >> 32);
	o[6] = s >= 32 ? b : (uint32_t)(ba >> s);
	o[7] += 5;
	o[8] = (a & 0xffff) * byte_of(b, 2) + (a >> 16) * byte_of(b, 3) + 7;
	o[9] = (sa > sb ? a - b : b - a) + 9;
	o[11] = (uint32_t)((int64_t)sa * sb >> 32);
	o[12] = (a & b) ^ (a | ~b);
	o[13] = (uint32_t)((int32_t)(a << 13) >> 20);
	o[14] = (uint32_t)(sa > sb ? sa : sb) - (a < b ? a : b);
	o[15] = (uint32_t)(((uint64_t)a + b) >> 1) + (uint32_t)(((int64_t)sa + sb + 1) >> 1);
}

bool cuda_case_bits(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	uint32_t *out = cuda_memory(env, &args, N * 64), *a = cuda_memory(env, &args, N * 4);
	uint32_t *b = cuda_memory(env, &args, N * 4), want[16];

	for (unsigned int i = 0; i < N; i++) {
		a[i] = (uint32_t)some_integer(i);
		b[i] = (uint32_t)some_integer((i * 5 + 11) % N);
	}
	if (!cuda_launch(env, c, N / 64, 64, 0, &args))
		return false;
	for (unsigned int i = 0; i < N; i++) {
		expected_bits(a[i], b[i], want);
		for (unsigned int k = 0; k < 16; k++)
			if (!cuda_same(env, "bits", 16 * i + k, out[16 * i + k], want[k]))
				return false;
	}
	return true;
}

/* Saturated, as every conversion to integers. */
static uint64_t to_integer(double v, double low, double high, uint64_t least_bits,
			   uint64_t most_bits)
{
	if (v <= low)
		return least_bits;
	if (v >= high)
		return most_bits;
	return v < 0 ? (uint64_t)(int64_t)v : (uint64_t)v;
}

static uint16_t to_half(float f)
{
	_Float16 h = (_Float16)f;
	uint16_t v;

	memcpy(&v, &h, 2);
	return v;
}

static float from_half(uint16_t v)
{
	_Float16 h;

	memcpy(&h, &v, 2);
	return (float)h;
}

static void expected_conversions(float f, double d, int64_t n, uint64_t *o)
{
	volatile double vd = d;
	volatile int64_t vn = n;
	volatile int32_t v32 = (int32_t)n;
	volatile float f6, f9, f11;
	volatile double d10;

	o[0] = (uint32_t)to_integer(rint((double)f), -0x1p31, 0x1p31, 0x80000000, 0x7fffffff);
	o[1] = to_integer(trunc((double)f), 0, 0x1p32, 0, 0xffffffff);
	o[2] = to_integer(floor((double)f), -0x1p63, 0x1p63, 1ull << 63, ~0ull >> 1);
	o[3] = to_integer(ceil((double)f), 0, 0x1p64, 0, ~0ull);
	o[4] = (uint32_t)to_integer(trunc(d), -0x1p31, 0x1p31, 0x80000000, 0x7fffffff);
	o[5] = to_integer(rint(d), -0x1p63, 0x1p63, 1ull << 63, ~0ull >> 1);
	o[7] = bits64((double)f);
	o[8] = bits32((float)vn);
	fesetround(FE_TOWARDZERO);
	f6 = (float)vd;
	f9 = (float)(uint64_t)vn;
	fesetround(FE_UPWARD);
	d10 = (double)vn;
	fesetround(FE_DOWNWARD);
	f11 = (float)v32;
	fesetround(FE_TONEAREST);
	o[6] = bits32(f6);
	o[9] = bits32(f9);
	o[10] = bits64(d10);
	o[11] = bits32(f11);
	o[12] = to_half(f);
	o[13] = bits32(from_half((uint16_t)n));
	o[14] = (uint64_t)(int64_t)(int8_t)n;
	o[15] = bits32(rintf(f));
}

bool cuda_case_convert(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	uint64_t *out = cuda_memory(env, &args, N * 128), want[16];
	float *f = cuda_memory(env, &args, N * 4);
	double *d = cuda_memory(env, &args, N * 8);
	int64_t *n = cuda_memory(env, &args, N * 8);

	for (unsigned int i = 0; i < N; i++) {
		f[i] = some_float(i);
		d[i] = i & 1 ? some_double(i) : (double)some_integer(i) * 1.375;
		n[i] = some_integer(i);
	}
	if (!cuda_launch(env, c, N / 64, 64, 0, &args))
		return false;
	for (unsigned int i = 0; i < N; i++) {
		expected_conversions(f[i], d[i], n[i], want);
		for (unsigned int k = 0; k < 16; k++)
			if (!cuda_same(env, "convert", 16 * i + k, out[16 * i + k], want[k]))
				return false;
	}
	return true;
}

static uint32_t pack(double lo, double hi)
{
	_Float16 l = (_Float16)lo, h = (_Float16)hi;
	uint16_t v[2];

	memcpy(&v[0], &l, 2);
	memcpy(&v[1], &h, 2);
	for (unsigned int i = 0; i < 2; i++)
		if ((v[i] & 0x7fff) > 0x7c00)
			v[i] = 0x7fff;
	return v[0] | (uint32_t)v[1] << 16;
}

static double unit(double v)
{
	return v > 0 ? (v < 1 ? v : 1) : 0;
}

/* Products of halves and their sums with a half are exact in 80 bits. */
static double half_fma(double a, double b, double c)
{
	long double r = (long double)a * b + c;

	return (double)(_Float16)r;
}

static void expected_half(uint32_t a, uint32_t b, uint32_t c, uint32_t *o)
{
	double x[2], y[2], z[2];

	for (unsigned int h = 0; h < 2; h++) {
		x[h] = (double)from_half((uint16_t)(a >> 16 * h));
		y[h] = (double)from_half((uint16_t)(b >> 16 * h));
		z[h] = (double)from_half((uint16_t)(c >> 16 * h));
	}
	o[0] = pack(x[0] + y[0], x[1] + y[1]);
	o[1] = pack(x[0] * y[0], x[1] * y[1]);
	o[2] = pack(half_fma(x[0], y[0], z[0]), half_fma(x[1], y[1], z[1]));
	o[3] = pack(x[0] - y[1], x[0] - y[1]);
	o[4] = (x[0] > y[0] ? 0x3c00u : 0) | (x[1] > y[1] ? 0x3c000000u : 0);
	o[5] = pack(unit(half_fma(-x[0], fabs(y[0]), z[0])), unit(half_fma(-x[1], fabs(y[1]), z[1])));
	o[6] = (!(x[0] >= y[0]) && !(x[1] >= y[1])) | (x[0] == y[0]) << 1;
	o[7] = bits32((float)x[0] + (float)z[1]);
}

bool cuda_case_half(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	uint32_t *out = cuda_memory(env, &args, N * 32), *in[3], want[8];

	for (unsigned int k = 0; k < 3; k++) {
		in[k] = cuda_memory(env, &args, N * 4);
		for (unsigned int i = 0; i < N; i++) {
			in[k][i] = (uint32_t)cuda_random();
			if (i % 4 == 0)		/* denormals, zeros, infinities */
				in[k][i] &= 0x83ff83ff;
			if (i % 16 == 1)
				in[k][i] = (in[k][i] & 0x80008000) | 0x7c003c00;
			if (i % 4 > 1)		/* of like size, so that sums round */
				in[k][i] = (in[k][i] & 0x87ff87ff) | 0x38003800;
		}
	}
	if (!cuda_launch(env, c, N / 64, 64, 0, &args))
		return false;
	for (unsigned int i = 0; i < N; i++) {
		expected_half(in[0][i], in[1][i], in[2][i], want);
		for (unsigned int k = 0; k < 8; k++)
			if (!cuda_same(env, "half", 8 * i + k, out[8 * i + k], want[k]))
				return false;
	}
	return true;
}

/* Within the errors CUDA documents for its functions, in units in the last place. */
bool cuda_case_functions(struct cuda_env *env, const struct cuda_case *c)
{
	static const double ulps[8] = { 2, 2, 2, 1, 4, 2, 3, 2 };
	struct cuda_args args = { .bytes = 0 };
	float *out = cuda_memory(env, &args, N * 32), *a = cuda_memory(env, &args, N * 4);

	for (unsigned int i = 0; i < N; i++)
		a[i] = ((float)(cuda_random() >> 40) / 0x1p20f - 8.0f) * (i % 3 ? 1 : 0.01f);
	if (!cuda_launch(env, c, N / 64, 64, 0, &args))
		return false;
	for (unsigned int i = 0; i < N; i++) {
		double x = (double)a[i], want[8] = {
			sin(x), cos((double)(a[i] * 1000.0f)), exp(x), log(fabs(x)),
			pow(fabs(x), (double)1.7f), tanh(x), atan2(x, 0.5), 1 / sqrt(fabs(x)),
		};

		for (unsigned int k = 0; k < 8; k++) {
			double got = (double)out[8 * i + k];
			double ulp = ldexp(1, ilogb(want[k]) - 23);

			if (fabs(got - want[k]) > ulps[k] * ulp) {
				snprintf(env->error, sizeof(env->error),
					 "function %u of %.9g: %.9g, want %.9g", k, x, got,
					 want[k]);
				return false;
			}
		}
	}
	return true;
}
