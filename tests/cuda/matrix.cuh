// SPDX-License-Identifier: MIT
/* Products of matrices by the warp: mma.sync, ldmatrix, nvcuda::wmma. For matrix.c. */
#include <mma.h>

/* D = A * B, all by rows, A and B of halves: a warp has 16x8 of D, tiles in shared memory. */
KERNEL mma_half(float *d, const __half *a, const __half *b, int n)
{
	__shared__ __align__(16) __half ta[16][8], tb[8][8];
	unsigned int t = threadIdx.x, row = blockIdx.y * 16, col = blockIdx.x * 8;
	uint32_t at_a = (uint32_t)__cvta_generic_to_shared(&ta[t % 16][0]), fa[2], fb;
	uint32_t at_b = (uint32_t)__cvta_generic_to_shared(&tb[t % 8][0]);
	float f[4] = { 0, 0, 0, 0 };

	for (int k = 0; k < n; k += 8) {
		for (unsigned int i = t; i < 128; i += 32)
			ta[i / 8][i % 8] = a[(row + i / 8) * n + k + i % 8];
		for (unsigned int i = t; i < 64; i += 32)
			tb[i / 8][i % 8] = b[(k + i / 8) * n + col + i % 8];
		__syncwarp();
		asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
			     : "=r"(fa[0]), "=r"(fa[1]) : "r"(at_a) : "memory");
		asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
			     : "=r"(fb) : "r"(at_b) : "memory");
		asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
			     "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
			     : "+f"(f[0]), "+f"(f[1]), "+f"(f[2]), "+f"(f[3])
			     : "r"(fa[0]), "r"(fa[1]), "r"(fb));
		__syncwarp();
	}
	for (unsigned int i = 0; i < 4; i++)
		d[(row + t / 4 + i / 2 * 8) * n + col + t % 4 * 2 + i % 2] = f[i];
}

/* The same of halves only, A by columns, through wmma and straight from memory. */
KERNEL mma_wmma(__half *d, const __half *a, const __half *b, int n)
{
	using namespace nvcuda;
	wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::col_major> fa;
	wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::row_major> fb;
	wmma::fragment<wmma::accumulator, 16, 16, 16, __half> f;
	unsigned int row = blockIdx.y * 16, col = blockIdx.x * 16;

	wmma::fill_fragment(f, __half(0.0f));
	for (int k = 0; k < n; k += 16) {
		wmma::load_matrix_sync(fa, a + k * n + row, n);
		wmma::load_matrix_sync(fb, b + k * n + col, n);
		wmma::mma_sync(f, fa, fb, f);
	}
	wmma::store_matrix_sync(d + row * n + col, f, n, wmma::mem_row_major);
}

/* Bytes: four warps share tiles of 32 rows and columns of A and B (B by columns). */
KERNEL mma_byte(int *d, const signed char *a, const signed char *b, int n)
{
	using namespace nvcuda;
	__shared__ __align__(32) signed char ta[32][32], tb[32][32];
	wmma::fragment<wmma::matrix_a, 16, 16, 16, signed char, wmma::row_major> fa;
	wmma::fragment<wmma::matrix_b, 16, 16, 16, signed char, wmma::col_major> fb;
	wmma::fragment<wmma::accumulator, 16, 16, 16, int> f;
	unsigned int w = threadIdx.x / 32, row = blockIdx.y * 32, col = blockIdx.x * 32;

	wmma::fill_fragment(f, 0);
	for (int k = 0; k < n; k += 32) {
		for (unsigned int i = threadIdx.x; i < 1024; i += blockDim.x) {
			ta[i / 32][i % 32] = a[(row + i / 32) * n + k + i % 32];
			tb[i / 32][i % 32] = b[(col + i / 32) * n + k + i % 32];
		}
		__syncthreads();
		for (unsigned int j = 0; j < 32; j += 16) {
			wmma::load_matrix_sync(fa, &ta[w / 2 * 16][j], 32);
			wmma::load_matrix_sync(fb, &tb[w % 2 * 16][j], 32);
			wmma::mma_sync(f, fa, fb, f);
		}
		__syncthreads();
	}
	wmma::store_matrix_sync(d + (row + w / 2 * 16) * n + col + w % 2 * 16, f, n,
				wmma::mem_row_major);
}

/* Volta's shape: four products of 8 x n by n x 8 (B by columns) at once, one after the other. */
KERNEL mma_volta(float *d, const __half *a, const __half *b, int n)
{
	unsigned int t = threadIdx.x, p = t / 4 % 4, r = t % 4 + (t < 16 ? 0 : 4);
	float f[8] = { 0, 0, 0, 0, 0, 0, 0, 0 };

	for (int k = 0; k < n; k += 4) {
		const uint32_t *x = (const uint32_t *)&a[(p * 8 + r) * n + k];
		const uint32_t *y = (const uint32_t *)&b[(p * 8 + r) * n + k];

		asm volatile("mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 "
			     "{%0, %1, %2, %3, %4, %5, %6, %7}, {%8, %9}, {%10, %11}, "
			     "{%0, %1, %2, %3, %4, %5, %6, %7};"
			     : "+f"(f[0]), "+f"(f[1]), "+f"(f[2]), "+f"(f[3]),
			       "+f"(f[4]), "+f"(f[5]), "+f"(f[6]), "+f"(f[7])
			     : "r"(x[0]), "r"(x[1]), "r"(y[0]), "r"(y[1]));
	}
	for (unsigned int i = 0; i < 8; i++)
		d[p * 64 + ((t & 1) + (i & 2) + (t < 16 ? 0 : 4)) * 8 +
		  (i & 4) + (t & 2) + (i & 1)] = f[i];
}

/* 8x8 products of nibbles (A signed, B not, saturating) and of bits, added to @d. */
KERNEL mma_bits(int *d, const uint32_t *a, const uint32_t *b)
{
	unsigned int t = threadIdx.x;
	int *at = d + t / 4 * 8 + t % 4 * 2, *bit = at + 64;

	asm volatile("mma.sync.aligned.m8n8k32.row.col.satfinite.s32.s4.u4.s32 "
		     "{%0, %1}, {%2}, {%3}, {%0, %1};"
		     : "+r"(at[0]), "+r"(at[1]) : "r"(a[t]), "r"(b[t]));
	asm volatile("mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32.xor.popc "
		     "{%0, %1}, {%2}, {%3}, {%0, %1};"
		     : "+r"(bit[0]), "+r"(bit[1]) : "r"(a[t]), "r"(b[t]));
}
