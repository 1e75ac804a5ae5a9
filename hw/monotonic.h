/* SPDX-License-Identifier: MIT */
/* The host's clock that never steps, in nanoseconds, and waiting by it. */
#ifndef HW_MONOTONIC_H
#define HW_MONOTONIC_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static inline void monotonic_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

/* pthread_cond_timedwait() on a condition of monotonic_cond_init(), until @ns. */
static inline int monotonic_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	return pthread_cond_timedwait(cond, lock, &ts);
}

#endif
