// SPDX-License-Identifier: MIT
#include "l2.h"

#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#define LINES		256u
#define TURNAROUND_NS	300
#define SPINS		1000u

/* One model is one process: no need for one set per GPU. */
static atomic_flag lines[LINES];

static atomic_flag *line_of(const void *p)
{
	return &lines[((uintptr_t)p >> L2_LINE_SHIFT) % LINES];
}

void l2_lock(const void *p)
{
	for (unsigned int i = 1; atomic_flag_test_and_set_explicit(line_of(p),
								   memory_order_acquire); i++)
		if (!(i % SPINS))
			sched_yield();
}

void l2_unlock(const void *p)
{
	atomic_flag_clear_explicit(line_of(p), memory_order_release);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

void l2_turnaround(void)
{
	int64_t end = now() + TURNAROUND_NS;

	while (now() < end)
		;
}

uint64_t l2_read(const void *p, unsigned int bytes)
{
	if (bytes == 8)
		return __atomic_load_n((const uint64_t *)p, __ATOMIC_SEQ_CST);
	return __atomic_load_n((const uint32_t *)p, __ATOMIC_SEQ_CST);
}

void l2_write(void *p, unsigned int bytes, uint64_t v)
{
	if (bytes == 8)
		__atomic_store_n((uint64_t *)p, v, __ATOMIC_SEQ_CST);
	else
		__atomic_store_n((uint32_t *)p, (uint32_t)v, __ATOMIC_SEQ_CST);
}
