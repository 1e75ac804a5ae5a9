/* SPDX-License-Identifier: MIT */
/* A GPU and a channel that launches, new for each test. */
#ifndef TESTS_HW_LAUNCH_FIXTURE_H
#define TESTS_HW_LAUNCH_FIXTURE_H

#include "launch.h"

static struct gputest gt;
static struct launch_env e;

static int setup(void **state)
{
	le_start(&e, &gt);
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

#endif
