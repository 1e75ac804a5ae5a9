// SPDX-License-Identifier: MIT
/* Cases about threads and memory, and the list of all. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"

void cuda_push64(struct cuda_args *a, uint64_t v)
{
	a->bytes = (a->bytes + 7) & ~(size_t)7;
	memcpy(a->block + a->bytes, &v, 8);
	a->bytes += 8;
}

void cuda_push32(struct cuda_args *a, uint32_t v)
{
	memcpy(a->block + a->bytes, &v, 4);
	a->bytes += 4;
}

void *cuda_memory(struct cuda_env *env, struct cuda_args *a, size_t bytes)
{
	uint64_t gpu = 0;
	void *p = env->memory(env, bytes, &gpu);

	cuda_push64(a, gpu);
	return p;
}

bool cuda_launch(struct cuda_env *env, const struct cuda_case *c, unsigned int grid,
		 unsigned int block, unsigned int shared, const struct cuda_args *a)
{
	const uint32_t g[3] = { grid, 1, 1 }, b[3] = { block, 1, 1 };
	int ret = env->launch(env, c->name, g, b, shared, a->block, a->bytes);

	if (ret && !env->error[0])
		snprintf(env->error, sizeof(env->error), "launch: %s", strerror(-ret));
	return !ret;
}

bool cuda_same(struct cuda_env *env, const char *what, size_t i, uint64_t got, uint64_t want)
{
	if (got != want)
		snprintf(env->error, sizeof(env->error), "%s %zu: got %#llx, want %#llx", what, i,
			 (unsigned long long)got, (unsigned long long)want);
	return got == want;
}

uint64_t cuda_random(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x * 0x2545f4914f6cdd1dull;
}

bool cuda_case_vadd(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 5000;
	struct cuda_args args = { .bytes = 0 };
	float *r = cuda_memory(env, &args, n * 4), *a = cuda_memory(env, &args, n * 4);
	float *b = cuda_memory(env, &args, n * 4);

	cuda_push32(&args, n - 1);
	for (unsigned int i = 0; i < n; i++) {
		a[i] = (float)i * 0.5f;
		b[i] = (float)(i % 77);
	}
	if (!cuda_launch(env, c, (n + 127) / 128, 128, 0, &args))
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (!cuda_same(env, "vadd * 1000", i, (uint64_t)(r[i] * 1000),
			       i < n - 1 ? (uint64_t)((a[i] + b[i]) * 1000) : 0))
			return false;
	return true;
}

bool cuda_case_reduce(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 20000;
	struct cuda_args args = { .bytes = 0 };
	uint32_t *out = cuda_memory(env, &args, 4), *in = cuda_memory(env, &args, n * 4), sum = 0;

	cuda_push32(&args, n);
	for (unsigned int i = 0; i < n; i++)
		sum += in[i] = (uint32_t)cuda_random();
	return cuda_launch(env, c, 7, 256, 0, &args) && cuda_same(env, "sum", 0, *out, sum);
}

bool cuda_case_scan(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int block = 512, n = 4 * block;
	struct cuda_args args = { .bytes = 0 };
	int32_t *out = cuda_memory(env, &args, n * 4), *in = cuda_memory(env, &args, n * 4);

	for (unsigned int i = 0; i < n; i++)
		in[i] = (int32_t)(cuda_random() % 2001) - 1000;
	if (!cuda_launch(env, c, n / block, block, block * 4, &args))
		return false;
	for (unsigned int i = 0, sum = 0; i < n; i++) {
		sum = (i % block ? sum : 0) + (uint32_t)in[i];
		if (!cuda_same(env, "prefix", i, (uint32_t)out[i], sum))
			return false;
	}
	return true;
}

bool cuda_case_sgemm(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 48;
	const uint32_t grid[3] = { n / 16, n / 16, 1 }, block[3] = { 16, 16, 1 };
	struct cuda_args args = { .bytes = 0 };
	float *m[3];

	for (unsigned int k = 0; k < 3; k++)
		m[k] = cuda_memory(env, &args, n * n * 4);
	cuda_push32(&args, n);
	for (unsigned int i = 0; i < n * n; i++) {
		m[1][i] = (float)(cuda_random() % 2001) / 1000 - 1;
		m[2][i] = (float)(cuda_random() % 2001) / 1000 - 1;
	}
	if (env->launch(env, c->name, grid, block, 0, args.block, args.bytes))
		return false;
	for (unsigned int i = 0; i < n * n; i++) {
		uint32_t got, want;
		float sum = 0;

		for (unsigned int k = 0; k < n; k++)
			sum = fmaf(m[1][i / n * n + k], m[2][k * n + i % n], sum);
		memcpy(&got, &m[0][i], 4);
		memcpy(&want, &sum, 4);
		if (!cuda_same(env, "product", i, got, want))
			return false;
	}
	return true;
}

bool cuda_case_histogram(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 30000;
	struct cuda_args args = { .bytes = 0 };
	uint32_t *bins = cuda_memory(env, &args, 1024), want[256] = { 0 };
	uint8_t *in = cuda_memory(env, &args, n);

	cuda_push32(&args, n);
	for (unsigned int i = 0; i < n; i++)
		want[in[i] = (uint8_t)(cuda_random() & cuda_random())]++;
	if (!cuda_launch(env, c, 5, 256, 0, &args))
		return false;
	for (unsigned int i = 0; i < 256; i++)
		if (!cuda_same(env, "bin", i, bins[i], want[i]))
			return false;
	return true;
}

static void expected_votes(const uint32_t *v, unsigned int lane, uint32_t *o)
{
	bool any = false, all = true, alike = true;

	memset(o, 0, 32);
	for (unsigned int i = 0; i < 32; i++) {
		o[0] |= (v[i] & 1) << i;
		any |= v[i] == 3;
		all &= v[i] < 8;
		o[2] |= (uint32_t)((v[i] & 3) == (v[lane] & 3)) << i;
		alike &= v[i] >> 8 == v[0] >> 8;
		o[7] += i < lane && v[i] & 2;
	}
	o[1] = any | all << 1;
	o[3] = alike ? ~0u + 1 : 0;
	o[4] = v[(lane & ~7u) | ((lane + 5) & 7)];
	o[5] = v[lane >= 3 ? lane - 3 : lane];
	o[6] = v[lane] & 1 ? o[0] : 0;
}

static bool votes(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 256;
	struct cuda_args args = { .bytes = 0 };
	uint32_t *out = cuda_memory(env, &args, n * 32), *in = cuda_memory(env, &args, n * 4);
	uint32_t want[8];

	for (unsigned int i = 0; i < n; i++)
		in[i] = (uint32_t)cuda_random() & (i < 64 ? 7 : i < 128 ? 0xf00000ff : 0xff);
	if (!cuda_launch(env, c, n / 64, 64, 0, &args))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		expected_votes(in + i / 32 * 32, i % 32, want);
		for (unsigned int k = 0; k < 8; k++)
			if (!cuda_same(env, "vote", 8 * i + k, out[8 * i + k], want[k]))
				return false;
	}
	return true;
}

static bool atomics(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 256, block = 64;
	struct cuda_args args = { .bytes = 0 };
	uint32_t *w = cuda_memory(env, &args, 64), want[11] = { 0 };
	uint64_t *d = cuda_memory(env, &args, 64);
	float *f = cuda_memory(env, &args, 4);
	double *g = cuda_memory(env, &args, 8);

	w[5] = ~0u;
	for (unsigned int i = 0; i < n; i++) {
		want[0] += i;
		want[7] ^= i;
	}
	want[1] = (uint32_t)-50;
	want[2] = (n - 1) * 3;
	want[3] = n % 100;
	want[4] = (100 - n % 100) % 100;
	want[5] = 0xffff;
	want[6] = ~0u;
	want[8] = 2 * n;
	want[9] = n;
	want[10] = 77;
	if (!cuda_launch(env, c, n / block, block, 0, &args))
		return false;
	for (unsigned int i = 0; i < 11; i++)
		if (!cuda_same(env, "word", i, w[i], want[i]))
			return false;
	return cuda_same(env, "sum", 0, d[0], (uint64_t)want[0] << 20) &&
	       cuda_same(env, "most", 0, d[1], (uint64_t)(n - 1) << 33) &&
	       cuda_same(env, "least", 0, d[2], (uint64_t)-(int64_t)(n - 1)) &&
	       cuda_same(env, "shared", 0, d[3], n - 1) &&
	       cuda_same(env, "float", 0, (uint64_t)(*f * 2), n) &&
	       cuda_same(env, "double", 0, (uint64_t)(*g * 4), n);
}

static bool calls(struct cuda_env *env, const struct cuda_case *c)
{
	const int n = 96, side = 5;
	struct cuda_args args = { .bytes = 0 };
	int32_t *out = cuda_memory(env, &args, (size_t)n * 8);

	cuda_push32(&args, (uint32_t)side);
	if (!cuda_launch(env, c, (unsigned int)n / 32, 32, 0, &args))
		return false;
	for (int i = 0; i < n; i++) {
		int v = i % 8, product = 1;

		for (int k = 2; k <= v; k++)
			product *= k;
		product = (i + side) % 3 == 0 ? product : (i + side) % 3 == 1 ? 2 * v : v * v;
		if (!cuda_same(env, "function", (size_t)i, (uint32_t)out[2 * i],
			       (uint32_t)product) ||
		    !cuda_same(env, "method", (size_t)i, (uint32_t)out[2 * i + 1],
			       (uint32_t)(i & 1 ? side * side + i : i * 7)))
			return false;
	}
	return true;
}

static int expected_case(int v, int before)
{
	int r;

	switch (v & 15) {
	case 0: r = v * 3; break;
	case 1: r = v ^ 0x55; break;
	case 2: r = before - v; break;
	case 3: r = v / 3; break;
	case 4: r = -v; break;
	case 5: r = (int)((unsigned int)v << 3); break;
	case 6: r = v | 1; break;
	case 7: r = v % 11; break;
	case 9: r = __builtin_popcount((unsigned int)v); break;
	case 12: r = v + 1000; break;
	default: r = 5;
	}
	while (r > 100 && (r & 3))
		r -= v & 7 ? 3 : 1;
	return r;
}

static bool cases(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 512;
	struct cuda_args args = { .bytes = 0 };
	int32_t *out = cuda_memory(env, &args, n * 4), *in = cuda_memory(env, &args, n * 4);
	int32_t before[512];

	for (unsigned int i = 0; i < n; i++) {
		in[i] = (int32_t)(cuda_random() % 100000) - 50000;
		before[i] = out[i] = (int32_t)(cuda_random() % 1000);
	}
	if (!cuda_launch(env, c, n / 128, 128, 0, &args))
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (!cuda_same(env, "case", i, (uint32_t)out[i],
			       (uint32_t)expected_case(in[i], before[i])))
			return false;
	return true;
}

static bool variables(struct cuda_env *env, const struct cuda_case *c)
{
	static const float weight[5] = { 0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f };
	const int n = 256;
	struct cuda_args args = { .bytes = 0 };
	int32_t *out = cuda_memory(env, &args, (size_t)n * 4);
	float *smooth = cuda_memory(env, &args, (size_t)n * 4);
	float *in = cuda_memory(env, &args, (size_t)n * 4);

	cuda_push32(&args, (uint32_t)n);
	for (int i = 0; i < n; i++)
		in[i] = (float)(cuda_random() % 1000);
	if (!cuda_launch(env, c, (unsigned int)n / 64, 64, 0, &args))
		return false;
	for (int i = 0; i < n; i++) {
		float want = 0;

		for (int k = 0; k < 5; k++) {
			int at = i + k - 2;

			at = at < 0 ? 0 : at >= n ? n - 1 : at;
			want = fmaf(in[at], weight[k], want);
		}
		if (!cuda_same(env, "smooth", (size_t)i, (uint64_t)(smooth[i] * 4096),
			       (uint64_t)(want * 4096)) ||
		    !cuda_same(env, "table", (size_t)i, (uint32_t)out[i],
			       (uint32_t)(10 * (i % 4 + 1) + 30)))
			return false;
	}
	return true;
}

static bool barriers(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int block = 96, n = 4 * block;
	struct cuda_args args = { .bytes = 0 };
	int32_t *out = cuda_memory(env, &args, n * 4), *in = cuda_memory(env, &args, n * 4);

	for (unsigned int i = 0; i < n; i++)
		in[i] = (int32_t)(i < block ? 7 : i < 2 * block ? i : cuda_random() % 99 + 8);
	if (!cuda_launch(env, c, n / block, block, 0, &args))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int odd = 0, all = 1, some = 0;

		for (unsigned int k = i / block * block; k < i / block * block + block; k++) {
			odd += in[k] & 1;
			all &= in[k] < 100;
			some |= in[k] == 7;
		}
		if (!cuda_same(env, "block", i, (uint32_t)out[i], odd * 4 + all * 2 + some))
			return false;
	}
	return true;
}

static bool spill(struct cuda_env *env, const struct cuda_case *c)
{
	const int n = 128;
	struct cuda_args args = { .bytes = 0 };
	int32_t *out = cuda_memory(env, &args, (size_t)n * 4);
	int32_t *in = cuda_memory(env, &args, (size_t)n * 4);

	for (int i = 0; i < n; i++)
		in[i] = i * 3;
	if (!cuda_launch(env, c, (unsigned int)n / 32, 32, 0, &args))
		return false;
	for (int i = 0; i < n; i++) {
		int a[40];

		for (int k = 0; k < 40; k++)
			a[k * 7 % 40] = in[i] + k;
		for (int k = 0; k < 40; k++)
			a[(in[i] + k) % 40] ^= (int)((unsigned int)a[k] << 1);
		for (int k = 1; k < 40; k++)
			a[0] = (int)((unsigned int)a[0] + (unsigned int)a[k] * (unsigned int)k);
		if (!cuda_same(env, "array", (size_t)i, (uint32_t)out[i], (uint32_t)a[0]))
			return false;
	}
	return true;
}

static bool lock(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	int32_t *state = cuda_memory(env, &args, 8);

	cuda_push32(&args, 3);
	return cuda_launch(env, c, 2, 64, 0, &args) &&
	       cuda_same(env, "counted", 0, (uint32_t)state[1], 2 * 64 * 3);
}

const struct cuda_case cuda_cases[] = {
	{ "vadd", cuda_case_vadd }, { "reduce", cuda_case_reduce }, { "scan", cuda_case_scan },
	{ "sgemm", cuda_case_sgemm }, { "histogram", cuda_case_histogram },
	{ "fp32", cuda_case_fp32 }, { "fp64", cuda_case_fp64 }, { "divide", cuda_case_divide },
	{ "wide", cuda_case_wide }, { "bits", cuda_case_bits }, { "convert", cuda_case_convert },
	{ "half_math", cuda_case_half }, { "functions", cuda_case_functions },
	{ "votes", votes }, { "atomics", atomics }, { "calls", calls }, { "cases", cases },
	{ "variables", variables }, { "barriers", barriers }, { "spill", spill }, { "lock", lock },
	{ "mma_half", cuda_case_mma_half }, { "mma_wmma", cuda_case_mma_wmma },
	{ "mma_byte", cuda_case_mma_byte }, { "mma_volta", cuda_case_mma_volta },
	{ "mma_bits", cuda_case_mma_bits },
};

const unsigned int cuda_case_count = sizeof(cuda_cases) / sizeof(cuda_cases[0]);
