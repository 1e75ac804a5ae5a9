/* SPDX-License-Identifier: MIT */
/* A line of JSON for each launch that came to its end: --launches FILE. */
#ifndef HW_LAUNCH_LOG_H
#define HW_LAUNCH_LOG_H

#include <stdint.h>

struct launch;

/* What a launch has used of the host, and done with it. */
struct launch_work {
	uint64_t lane_instructions, warp_instructions;
	uint64_t cpu_ns;		/* of the threads that ran it */
};

/* Returns 0 or -errno. */
int launch_log_open(const char *path);
/* Nothing happens unless a log is open. Called by one thread, the graphics runlist's. */
void launch_log_write(const struct launch *l);
void launch_log_close(void);
/* The CPU time of the calling thread; 0 unless a log is open, since asking costs some. */
uint64_t launch_log_clock(void);

#endif
