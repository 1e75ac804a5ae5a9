/* SPDX-License-Identifier: MIT */
/*
 * Words shared with the guest's CPUs. Plain C accesses would let the compiler
 * tear or repeat them, and a release must come after the data it announces.
 */
#ifndef HW_HOST_DMA_H
#define HW_HOST_DMA_H

#include <stdint.h>

static inline uint32_t dma_load32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline uint64_t dma_load64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void dma_store32(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static inline void dma_store64(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

#endif
