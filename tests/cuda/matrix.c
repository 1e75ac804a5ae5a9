// SPDX-License-Identifier: MIT
/*
 * Cases about products of matrices. Numbers are such that every partial sum is exact, in
 * whatever order it is made; where they are not, PTX promises single precision at least,
 * which bounds the error.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"

/* A half of some eighths, at most 4 in size. */
static uint16_t some_eighths(int *eighths)
{
	int v = (int)(cuda_random() % 65) - 32, m = v < 0 ? -v : v, exp = 15 + 7;

	*eighths = v;
	if (!m)
		return 0;
	while (m < 1024) {		/* m * 2^(exp - 25): a leading one at bit 10 */
		m *= 2;
		exp--;
	}
	return (uint16_t)((v < 0 ? 0x8000 : 0) | exp << 10 | (m & 1023));
}

static double half_value(uint16_t h)
{
	int exp = h >> 10 & 31, m = h & 1023;
	double v = exp ? ldexp(m + 1024, exp - 25) : ldexp(m, -24);

	return h & 0x8000 ? -v : v;
}

static bool launch(struct cuda_env *env, const struct cuda_case *c, unsigned int x, unsigned int y,
		   unsigned int threads, const struct cuda_args *a)
{
	const uint32_t grid[3] = { x, y, 1 }, block[3] = { threads, 1, 1 };

	return !env->launch(env, c->name, grid, block, 0, a->block, a->bytes);
}

bool cuda_case_mma_half(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 64;
	struct cuda_args args = { .bytes = 0 };
	float *d = cuda_memory(env, &args, n * n * 4);
	uint16_t *a = cuda_memory(env, &args, n * n * 2), *b = cuda_memory(env, &args, n * n * 2);

	cuda_push32(&args, n);
	for (unsigned int pass = 0; pass < 2; pass++) {
		int ignored;

		for (unsigned int i = 0; i < n * n; i++) {
			/* The second time any halves from 2^-14 to 2 */
			a[i] = pass ? (uint16_t)(cuda_random() & 0xbbff) + 0x0400 : some_eighths(&ignored);
			b[i] = pass ? (uint16_t)(cuda_random() & 0xbbff) + 0x0400 : some_eighths(&ignored);
		}
		if (!launch(env, c, n / 8, n / 16, 32, &args))
			return false;
		for (unsigned int i = 0; i < n * n; i++) {
			double sum = 0, size = 0, p;

			for (unsigned int k = 0; k < n; k++) {
				p = half_value(a[i / n * n + k]) * half_value(b[k * n + i % n]);
				sum += p;
				size += fabs(p);
			}
			if (pass ? !(fabs(d[i] - sum) <= size * n * 0x1p-23) : d[i] != sum) {
				snprintf(env->error, sizeof(env->error), "half %u: %g, not %g", i,
					 d[i], sum);
				return false;
			}
		}
	}
	return true;
}

bool cuda_case_mma_wmma(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 32;
	static int x[32 * 32], y[32 * 32];
	struct cuda_args args = { .bytes = 0 };
	uint16_t *d = cuda_memory(env, &args, n * n * 2), *a = cuda_memory(env, &args, n * n * 2);
	uint16_t *b = cuda_memory(env, &args, n * n * 2);

	cuda_push32(&args, n);
	/* Sums stay below 2048 sixty-fourths: exact in halves. */
	for (unsigned int i = 0; i < n * n; i++) {
		do
			a[i] = some_eighths(&x[i]);
		while (x[i] > 8 || x[i] < -8);
		do
			b[i] = some_eighths(&y[i]);
		while (y[i] > 7 || y[i] < -7);
	}
	if (!launch(env, c, n / 16, n / 16, 32, &args))
		return false;
	for (unsigned int i = 0; i < n * n; i++) {
		int sum = 0;

		for (unsigned int k = 0; k < n; k++)
			sum += x[k * n + i / n] * y[k * n + i % n];
		if (!cuda_same(env, "wmma", i, (uint64_t)(int64_t)(half_value(d[i]) * 64),
			       (uint64_t)(int64_t)sum))
			return false;
	}
	return true;
}

bool cuda_case_mma_byte(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 96;
	struct cuda_args args = { .bytes = 0 };
	int32_t *d = cuda_memory(env, &args, n * n * 4);
	int8_t *a = cuda_memory(env, &args, n * n), *b = cuda_memory(env, &args, n * n);

	cuda_push32(&args, n);
	for (unsigned int i = 0; i < n * n; i++) {
		a[i] = (int8_t)cuda_random();
		b[i] = (int8_t)cuda_random();
	}
	if (!launch(env, c, n / 32, n / 32, 128, &args))
		return false;
	for (unsigned int i = 0; i < n * n; i++) {
		int32_t sum = 0;

		for (unsigned int k = 0; k < n; k++)
			sum += a[i / n * n + k] * b[i % n * n + k];
		if (!cuda_same(env, "byte", i, (uint32_t)d[i], (uint32_t)sum))
			return false;
	}
	return true;
}

bool cuda_case_mma_volta(struct cuda_env *env, const struct cuda_case *c)
{
	const unsigned int n = 48;
	static int x[32 * 48], y[32 * 48];
	struct cuda_args args = { .bytes = 0 };
	float *d = cuda_memory(env, &args, 4 * 64 * 4);
	uint16_t *a = cuda_memory(env, &args, 32 * n * 2), *b = cuda_memory(env, &args, 32 * n * 2);

	cuda_push32(&args, n);
	for (unsigned int i = 0; i < 32 * n; i++) {
		a[i] = some_eighths(&x[i]);
		b[i] = some_eighths(&y[i]);
	}
	if (!launch(env, c, 1, 1, 32, &args))
		return false;
	for (unsigned int i = 0; i < 4 * 64; i++) {
		int sum = 0;

		for (unsigned int k = 0; k < n; k++)
			sum += x[i / 8 * n + k] * y[(i / 64 * 8 + i % 8) * n + k];
		if (!cuda_same(env, "volta", i, (uint64_t)(int64_t)(d[i] * 64),
			       (uint64_t)(int64_t)sum))
			return false;
	}
	return true;
}

bool cuda_case_mma_bits(struct cuda_env *env, const struct cuda_case *c)
{
	struct cuda_args args = { .bytes = 0 };
	int32_t *d = cuda_memory(env, &args, 128 * 4), before[128];
	uint32_t *a = cuda_memory(env, &args, 128), *b = cuda_memory(env, &args, 128);

	for (unsigned int i = 0; i < 128; i++)
		d[i] = before[i] = i < 64 && i % 3 == 0 ? (i & 1 ? INT32_MAX : INT32_MIN) :
				   (int32_t)(cuda_random() % 1000);
	for (unsigned int i = 0; i < 32; i++) {
		a[i] = (uint32_t)cuda_random();
		b[i] = (uint32_t)cuda_random();
	}
	if (!launch(env, c, 1, 1, 32, &args))
		return false;
	for (unsigned int i = 0; i < 64; i++) {
		int64_t nibbles = before[i];
		int32_t bits = before[64 + i];

		for (unsigned int k = 0; k < 128; k++) {
			uint32_t x = a[i / 8 * 4 + k / 32], y = b[i % 8 * 4 + k / 32];

			bits += (x >> k % 32 & 1) != (y >> k % 32 & 1);
			if (k % 4 == 0) {
				int s = (int)(x >> k % 32 & 15);

				nibbles += (s > 7 ? s - 16 : s) * (int)(y >> k % 32 & 15);
			}
		}
		nibbles = nibbles > INT32_MAX ? INT32_MAX : nibbles < INT32_MIN ? INT32_MIN : nibbles;
		if (!cuda_same(env, "nibbles", i, (uint32_t)d[i], (uint32_t)nibbles) ||
		    !cuda_same(env, "bits", i, (uint32_t)d[64 + i], (uint32_t)bits))
			return false;
	}
	return true;
}
