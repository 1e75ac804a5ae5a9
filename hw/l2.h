/* SPDX-License-Identifier: MIT */
/*
 * What L2 does to system memory. Its atomics are a read and a write over the
 * bus: one after the other for all units of the GPU, and in no order at all
 * with the CPUs, whose stores in between are lost. Atomics on VRAM are atomic to
 * everybody, the window in BAR1 included.
 */
#ifndef HW_L2_H
#define HW_L2_H

#include <stdbool.h>
#include <stdint.h>

#define L2_LINE_SHIFT	7

/* Does owning the line of @a mean owning that of @b? */
static inline bool l2_same_line(const void *a, const void *b)
{
	return !(((uintptr_t)a ^ (uintptr_t)b) >> L2_LINE_SHIFT);
}

/* Own the line of @p, in system memory, among the units of the GPU. Leaf locks. */
void l2_lock(const void *p);
void l2_unlock(const void *p);
/* As long as it takes from the answer of the read to the write on the bus. */
void l2_turnaround(void);

/* Between l2_lock() and l2_unlock(): a word of @bytes 4 or 8. */
uint64_t l2_read(const void *p, unsigned int bytes);
void l2_write(void *p, unsigned int bytes, uint64_t v);

#endif
