/* SPDX-License-Identifier: MIT */
/* Just enough of the kernel's for pure code. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in the kernel: 64-bit types are long long, for %llx. */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;
typedef u64 dma_addr_t;

#define U8_MAX		((u8)~0u)
#define U16_MAX		((u16)~0u)
#define U32_MAX		((u32)~0u)
#define U64_MAX		((u64)~0ull)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#endif
