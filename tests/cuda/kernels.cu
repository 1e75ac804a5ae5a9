// SPDX-License-Identifier: MIT
/* Kernels for cases.c, compiled to kernels.cubin: see README.md. */
#include <cuda_fp16.h>
#include <stdint.h>

#define KERNEL extern "C" __global__ void

__constant__ float coefficients[5] = { 0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f };
__device__ int table[4] = { 10, 20, 30, 40 };
__device__ int *inside = &table[2];
__device__ unsigned int launches;

static __device__ unsigned int gid()
{
	return blockIdx.x * blockDim.x + threadIdx.x;
}

KERNEL vadd(float *c, const float *a, const float *b, unsigned int n)
{
	unsigned int i = gid();

	if (i < n)
		c[i] = a[i] + b[i];
}

KERNEL reduce(unsigned int *out, const unsigned int *in, unsigned int n)
{
	__shared__ unsigned int part[32];
	unsigned int sum = 0;

	for (unsigned int i = gid(); i < n; i += gridDim.x * blockDim.x)
		sum += in[i];
	for (int d = 16; d; d /= 2)
		sum += __shfl_down_sync(~0u, sum, d);
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = sum;
	__syncthreads();
	if (threadIdx.x < 32) {
		sum = threadIdx.x < blockDim.x / 32 ? part[threadIdx.x] : 0;
		for (int d = 16; d; d /= 2)
			sum += __shfl_xor_sync(~0u, sum, d);
		if (!threadIdx.x)
			atomicAdd(out, sum);
	}
}

KERNEL scan(int *out, const int *in)
{
	extern __shared__ int s[];
	unsigned int t = threadIdx.x;

	s[t] = in[gid()];
	__syncthreads();
	for (unsigned int d = 1; d < blockDim.x; d *= 2) {
		int v = t >= d ? s[t - d] : 0;

		__syncthreads();
		s[t] += v;
		__syncthreads();
	}
	out[gid()] = s[t];
}

KERNEL sgemm(float *c, const float *a, const float *b, int n)
{
	__shared__ float ta[16][16], tb[16][16];
	int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * 16 + y, col = blockIdx.x * 16 + x;
	float sum = 0;

	for (int k = 0; k < n; k += 16) {
		ta[y][x] = a[row * n + k + x];
		tb[y][x] = b[(k + y) * n + col];
		__syncthreads();
#pragma unroll
		for (int i = 0; i < 16; i++)
			sum = __fmaf_rn(ta[y][i], tb[i][x], sum);
		__syncthreads();
	}
	c[row * n + col] = sum;
}

KERNEL histogram(unsigned int *bins, const uint8_t *in, unsigned int n)
{
	__shared__ unsigned int s[256];

	s[threadIdx.x] = 0;
	__syncthreads();
	for (unsigned int i = gid(); i < n; i += gridDim.x * blockDim.x)
		atomicAdd(&s[in[i]], 1);
	__syncthreads();
	atomicAdd(&bins[threadIdx.x], s[threadIdx.x]);
}

KERNEL fp64(double *out, const double *a, const double *b)
{
	unsigned int i = gid();

	out[4 * i] = __fma_rn(a[i], b[i], 1.0);
	out[4 * i + 1] = __ddiv_rn(a[i], b[i]);
	out[4 * i + 2] = __dsqrt_rn(fabs(a[i]));
	out[4 * i + 3] = __drcp_rn(b[i]);
}

KERNEL fp32(float *out, const float *a, const float *b)
{
	unsigned int i = gid();

	out[8 * i] = __fdiv_rn(a[i], b[i]);
	out[8 * i + 1] = __fsqrt_rn(fabsf(a[i]));
	out[8 * i + 2] = __frcp_rn(b[i]);
	out[8 * i + 3] = __fadd_ru(a[i], b[i]);
	out[8 * i + 4] = __fmul_rd(a[i], b[i]);
	out[8 * i + 5] = __fmaf_rz(a[i], b[i], a[i]);
	out[8 * i + 6] = fminf(a[i], b[i]);
	out[8 * i + 7] = __saturatef(a[i]);
}

KERNEL divide(int64_t *out, const int64_t *a, const int64_t *b)
{
	unsigned int i = gid();
	int32_t a32 = (int32_t)a[i], b32 = (int32_t)b[i] | 1;
	int64_t d = b[i] | 1;

	out[8 * i] = a[i] / d;
	out[8 * i + 1] = a[i] % d;
	out[8 * i + 2] = (int64_t)((uint64_t)a[i] / (uint64_t)d);
	out[8 * i + 3] = (int64_t)((uint64_t)a[i] % (uint64_t)d);
	out[8 * i + 4] = a32 / b32;
	out[8 * i + 5] = a32 % b32;
	out[8 * i + 6] = (uint32_t)a32 / (uint32_t)b32;
	out[8 * i + 7] = a32 / 1000 + (uint32_t)b32 % 7;
}

KERNEL wide(uint64_t *out, const uint64_t *a, const uint64_t *b)
{
	unsigned int i = gid();
	unsigned __int128 s = ((unsigned __int128)a[i] << 64 | b[i]) + ((unsigned __int128)b[i] << 64 | a[i]);
	unsigned __int128 p = (unsigned __int128)a[i] * b[i];

	out[8 * i] = (uint64_t)s;
	out[8 * i + 1] = (uint64_t)(s >> 64);
	out[8 * i + 2] = (uint64_t)p;
	out[8 * i + 3] = (uint64_t)(p >> 64);
	out[8 * i + 4] = (uint64_t)__mul64hi((int64_t)a[i], (int64_t)b[i]);
	out[8 * i + 5] = a[i] << (b[i] & 63);
	out[8 * i + 6] = (uint64_t)((int64_t)a[i] >> (b[i] & 63));
	out[8 * i + 7] = (int64_t)a[i] < (int64_t)b[i] ? a[i] : ~b[i];
}

KERNEL bits(uint32_t *out, const uint32_t *a, const uint32_t *b)
{
	unsigned int i = gid();
	uint32_t *o = out + 16 * i;

	o[0] = __popc(a[i]);
	o[1] = __clz((int)a[i]);
	o[2] = __ffs((int)a[i]);
	o[3] = __brev(a[i]);
	o[4] = __byte_perm(a[i], b[i], 0x6241);
	o[5] = __funnelshift_l(a[i], b[i], b[i] & 63);
	o[6] = __funnelshift_rc(a[i], b[i], a[i] & 63);
	o[7] = __dp4a((int)a[i], (int)b[i], 5);
	o[8] = __dp2a_hi((uint32_t)a[i], (uint32_t)b[i], 7u);
	o[9] = __sad((int)a[i], (int)b[i], 9u);
	o[10] = __vsadu4(a[i], b[i]);
	o[11] = __mulhi((int)a[i], (int)b[i]);
	o[12] = (a[i] & b[i]) ^ (a[i] | ~b[i]);
	o[13] = (uint32_t)((int)(a[i] << 13) >> 20);
	o[14] = max((int)a[i], (int)b[i]) - min(a[i], b[i]);
	o[15] = __uhadd(a[i], b[i]) + __rhadd((int)a[i], (int)b[i]);
}

KERNEL convert(uint64_t *out, const float *f, const double *d, const int64_t *n)
{
	unsigned int i = gid();
	uint64_t *o = out + 16 * i;

	o[0] = (uint32_t)__float2int_rn(f[i]);
	o[1] = __float2uint_rz(f[i]);
	o[2] = (uint64_t)__float2ll_rd(f[i]);
	o[3] = __float2ull_ru(f[i]);
	o[4] = (uint32_t)__double2int_rz(d[i]);
	o[5] = (uint64_t)__double2ll_rn(d[i]);
	o[6] = __float_as_uint(__double2float_rz(d[i]));
	o[7] = (uint64_t)__double_as_longlong((double)f[i]);
	o[8] = __float_as_uint(__ll2float_rn(n[i]));
	o[9] = __float_as_uint(__ull2float_rz((uint64_t)n[i]));
	o[10] = (uint64_t)__double_as_longlong(__ll2double_ru(n[i]));
	o[11] = __float_as_uint(__int2float_rd((int)n[i]));
	o[12] = __half_as_ushort(__float2half_rn(f[i]));
	o[13] = __float_as_uint(__half2float(__ushort_as_half((unsigned short)n[i])));
	o[14] = (uint64_t)(int64_t)(signed char)n[i];
	o[15] = __float_as_uint(rintf(f[i]));
}

KERNEL half_math(uint32_t *out, const uint32_t *a, const uint32_t *b, const uint32_t *c)
{
	unsigned int i = gid();
	__half2 x = *(const __half2 *)&a[i], y = *(const __half2 *)&b[i], z = *(const __half2 *)&c[i];
	__half2 r[6];

	r[0] = __hadd2_rn(x, y);
	r[1] = __hmul2_rn(x, y);
	r[2] = __hfma2(x, y, z);
	r[3] = __hsub2(__low2half2(x), __high2half2(y));
	r[4] = __hgt2(x, y);
	r[5] = __hfma2_sat(__hneg2(x), __habs2(y), z);
	for (int n = 0; n < 6; n++)
		out[8 * i + n] = *(uint32_t *)&r[n];
	out[8 * i + 6] = __hbltu2(x, y) | __heq(__low2half(x), __low2half(y)) << 1;
	out[8 * i + 7] = __float_as_uint(__half2float(__low2half(x)) + __half2float(__high2half(z)));
}

KERNEL functions(float *out, const float *a)
{
	unsigned int i = gid();

	out[8 * i] = sinf(a[i]);
	out[8 * i + 1] = cosf(a[i] * 1000.0f);
	out[8 * i + 2] = expf(a[i]);
	out[8 * i + 3] = logf(fabsf(a[i]));
	out[8 * i + 4] = powf(fabsf(a[i]), 1.7f);
	out[8 * i + 5] = tanhf(a[i]);
	out[8 * i + 6] = atan2f(a[i], 0.5f);
	out[8 * i + 7] = rsqrtf(fabsf(a[i]));
}

KERNEL votes(uint32_t *out, const uint32_t *in)
{
	unsigned int i = gid();
	uint32_t *o = out + 8 * i, v = in[i];
	int all;

	o[0] = __ballot_sync(~0u, v & 1);
	o[1] = __any_sync(~0u, v == 3) | __all_sync(~0u, v < 8) << 1;
	o[2] = __match_any_sync(~0u, v & 3);
	o[3] = __match_all_sync(~0u, v >> 8, &all) + all;
	o[4] = __shfl_sync(~0u, v, (i + 5) & 31, 8);
	o[5] = __shfl_up_sync(~0u, v, 3);
	o[6] = (v & 1) ? __activemask() : 0;
	o[7] = __popc(__ballot_sync(~0u, v & 2) & ((1u << (i & 31)) - 1));
}

KERNEL atomics(uint32_t *w, uint64_t *d, float *f, double *g)
{
	__shared__ float sf;
	__shared__ unsigned long long sd;
	unsigned int i = gid();

	if (!threadIdx.x) {
		sf = 0;
		sd = 0;
	}
	__syncthreads();
	atomicAdd(&w[0], i);
	atomicMin((int *)&w[1], (int)i - 50);
	atomicMax(&w[2], i * 3);
	atomicInc(&w[3], 99);
	atomicDec(&w[4], 99);
	atomicAnd(&w[5], ~(1u << (i & 31)) | 0xffff);
	atomicOr(&w[6], 1u << (i & 31));
	atomicXor(&w[7], i);
	atomicAdd((unsigned long long *)&d[0], (unsigned long long)i << 20);
	atomicMax((unsigned long long *)&d[1], (unsigned long long)i << 33);
	atomicMin((long long *)&d[2], -(long long)i);
	atomicAdd(f, 0.5f);
	atomicAdd(g, 0.25);
	atomicAdd(&sf, 1.0f);
	atomicMax(&sd, (unsigned long long)i);
	for (uint32_t old = w[8], seen; ; old = seen) {
		seen = atomicCAS(&w[8], old, old + 2);
		if (seen == old)
			break;
	}
	__syncthreads();
	if (!threadIdx.x) {
		atomicAdd(&w[9], (uint32_t)sf);
		atomicMax((unsigned long long *)&d[3], sd);
		atomicExch(&w[10], 77);
	}
}

static __device__ __noinline__ int factorial(int n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

static __device__ int twice(int n) { return 2 * n; }
static __device__ int square(int n) { return n * n; }
typedef int (*function)(int);
__device__ function chosen[3] = { factorial, twice, square };

struct shape {
	__device__ virtual int area(int n) = 0;
};

struct box : shape {
	int side;
	__device__ box(int s) : side(s) {}
	__device__ int area(int n) { return side * side + n; }
};

struct strip : shape {
	__device__ int area(int n) { return n * 7; }
};

KERNEL calls(int *out, int n)
{
	unsigned int i = gid();
	box b(n);
	strip s;
	shape *p = i & 1 ? (shape *)&b : (shape *)&s;

	out[2 * i] = chosen[(i + n) % 3]((int)i % 8);
	out[2 * i + 1] = p->area((int)i);
}

KERNEL cases(int *out, const int *in)
{
	unsigned int i = gid();
	int v = in[i], r;

	switch (v & 15) {
	case 0: r = v * 3; break;
	case 1: r = v ^ 0x55; break;
	case 2: r = out[i] - v; break;
	case 3: r = v / 3; break;
	case 4: r = -v; break;
	case 5: r = v << 3; break;
	case 6: r = v | 1; break;
	case 7: r = v % 11; break;
	case 9: r = __popc(v); break;
	case 12: r = v + 1000; break;
	default: r = 5;
	}
	while (r > 100 && (r & 3))
		r -= v & 7 ? 3 : 1;
	out[i] = r;
}

KERNEL variables(int *out, float *smooth, const float *in, unsigned int n)
{
	unsigned int i = gid();
	float s = 0;

	for (int k = 0; k < 5; k++)
		s = __fmaf_rn(in[min(max((int)i + k - 2, 0), (int)n - 1)], coefficients[k], s);
	smooth[i] = s;
	out[i] = table[i & 3] + *inside;
	atomicAdd(&launches, 1);
}

KERNEL barriers(int *out, const int *in)
{
	unsigned int i = gid();
	int n = __syncthreads_count(in[i] & 1), a = __syncthreads_and(in[i] < 100);
	int o = __syncthreads_or(in[i] == 7);

	out[i] = n * 4 + (a ? 2 : 0) + (o ? 1 : 0);
}

KERNEL spill(int *out, const int *in)
{
	unsigned int i = gid();
	int a[40];

	for (int k = 0; k < 40; k++)
		a[(k * 7) % 40] = in[i] + k;
	for (int k = 0; k < 40; k++)
		a[(in[i] + k) % 40] ^= a[k] << 1;
	for (int k = 1; k < 40; k++)
		a[0] += a[k] * k;
	out[i] = a[0];
}

/* Threads of a warp take turns at a lock: forward progress of each is needed. */
KERNEL lock(int *state, int n)
{
	for (int k = 0; k < n; k++) {
		while (atomicCAS(&state[0], 0, 1))
			__nanosleep(20);
		__threadfence();
		*(volatile int *)&state[1] = *(volatile int *)&state[1] + 1;
		__threadfence();
		atomicExch(&state[0], 0);
	}
}

#include "matrix.cuh"
