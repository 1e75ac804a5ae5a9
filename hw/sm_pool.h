/* SPDX-License-Identifier: MIT */
/*
 * Threads for the parts of a launch. One GPU has one pool; the thread that steps
 * a launch works along with it and returns when no part is being worked on, so
 * nothing of a launch runs outside of launch_step().
 */
#ifndef HW_SM_POOL_H
#define HW_SM_POOL_H

#include <stdint.h>

#include "sm.h"

/*
 * What to take when nobody says how many: TU104_THREADS of the environment if it is
 * a number from 1 to SM_MAX_PARTS, else one for each CPU this process may use.
 * The guest's own CPUs mostly wait while a launch runs.
 */
unsigned int sm_pool_default(void);

/* @threads: 2 .. SM_MAX_PARTS, the caller's own one counts. NULL: no memory or threads. */
struct sm_pool *sm_pool_create(unsigned int threads);
void sm_pool_destroy(struct sm_pool *pool);
/* As many parts as there can be threads at work. */
unsigned int sm_pool_threads(const struct sm_pool *pool);

/*
 * Run the parts of @l that have something to run until each has used up its budget
 * or waits. Returns the CPU time of the pool's threads for it, as
 * launch_log_clock() counts.
 */
uint64_t sm_pool_run(struct sm_pool *pool, struct launch *l);
/* A request of one of its warps was answered. From any thread, with gpu->lock held. */
void sm_part_wake(struct sm_part *p);

#endif
