// SPDX-License-Identifier: MIT
/* Work for the GPU that several tests want. See nv_mm.h. */
#include <nvhw/class/clc5b5.h>
#include <nvhw/nv_field.h>

#include "nv_igt.h"
#include "nv_mm.h"
#include "nv_programs.h"

#define COPY 4				/* subchannel */

void nv_spin_launch(struct nv *nv, const void *flag, void *out)
{
	const uint64_t args[] = { (uintptr_t)flag, (uintptr_t)out };

	igt_assert_eq(__nv_launch(nv, &nv_program_spin, 1, 1, args, sizeof(args)), 0);
}

void nv_hammer_launch(struct nv *nv, void *p, uint32_t threads, uint32_t stride, uint32_t rounds)
{
	const struct { uint64_t p; uint32_t stride, rounds; } args = {
		(uintptr_t)p, stride, rounds,
	};
	uint32_t blocks = (threads + 127) / 128;

	igt_assert_eq(threads % blocks, 0);
	igt_assert_eq(__nv_launch(nv, &nv_program_hammer, blocks, threads / blocks, &args,
				  sizeof(args)), 0);
}

int __nv_copy_launch(struct nv *nv, uint64_t dst, uint64_t src, uint32_t bytes)
{
	const uint32_t addresses[] = {
		(uint32_t)(src >> 32), (uint32_t)src, (uint32_t)(dst >> 32), (uint32_t)dst,
	};
	const uint32_t length[] = { bytes, 1 };

	nv_put1(nv, COPY, 0, TURING_DMA_COPY_A);
	nv_put(nv, COPY, NVC5B5_OFFSET_IN_UPPER, addresses, 4);
	nv_put(nv, COPY, NVC5B5_LINE_LENGTH_IN, length, 2);
	nv_put1(nv, COPY, NVC5B5_LAUNCH_DMA,
		NV_DEF(NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE, _NON_PIPELINED) |
		NV_DEF(NVC5B5_LAUNCH_DMA_FLUSH_ENABLE, _TRUE) |
		NV_DEF(NVC5B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT, _PITCH) |
		NV_DEF(NVC5B5_LAUNCH_DMA_DST_MEMORY_LAYOUT, _PITCH));
	return __nv_submit(nv);
}

int __nv_copy(struct nv *nv, uint64_t dst, uint64_t src, uint32_t bytes)
{
	int ret = __nv_copy_launch(nv, dst, src, bytes);

	return ret ? ret : __nv_wait(nv);
}

void nv_copy(struct nv *nv, void *dst, const void *src, uint32_t bytes)
{
	igt_assert_eq(__nv_copy(nv, (uintptr_t)dst, (uintptr_t)src, bytes), 0);
}

void nv_revive(struct nv *nv)
{
	nv_channel_free(nv);
	igt_assert_eq(__nv_channel_new(nv), 0);
}
