// SPDX-License-Identifier: MIT
#include "launch_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "sm.h"

static FILE *file;

int launch_log_open(const char *path)
{
	file = fopen(path, "we");
	return file ? 0 : -errno;
}

void launch_log_close(void)
{
	if (file)
		fclose(file);
	file = NULL;
}

uint64_t launch_log_clock(void)
{
	struct timespec t;

	if (!file || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t))
		return 0;
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

void launch_log_write(const struct launch *l)
{
	const struct launch_work *w = &l->work;

	if (!file)
		return;
	fprintf(file, "{\"channel\": %u, \"ctas\": %" PRIu64 ", \"threads\": %u, "
		"\"warp_instructions\": %" PRIu64 ", \"lane_instructions\": %" PRIu64 ", "
		"\"cpu_ns\": %" PRIu64 "}\n", l->ch->chid, l->total_ctas, l->threads,
		w->warp_instructions, w->lane_instructions, w->cpu_ns);
	fflush(file);
}
