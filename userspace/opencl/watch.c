// SPDX-License-Identifier: MIT
/*
 * What the GPU model and the kernel say while a program runs: nothing, when all is
 * well. The model's log is in the run's directory, which the guest sees; each line in
 * it is a guest error or something unimplemented. Of the kernel's, what is above info.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cl.h"

#define MODEL_LOG	"/nv/run/tu104.log"
#define KERNEL_LOG	"/dev/kmsg"
#define LEVEL_INFO	6

#define LINES_SHOWN	3		/* of each, whatever was complained of before */

static int model = -1, kernel = -1;

static void complain(struct cl *c, const char *who, const char *line, unsigned int *shown)
{
	c->failed++;
	if ((*shown)++ < LINES_SHOWN)
		printf("    %s: %s\n", who, line);
}

/* Reads what is there: the size of a file that the host lengthens is not up to date. */
static void skip_to_end(int fd)
{
	char text[4096];

	while (read(fd, text, sizeof(text)) > 0)
		;
}

void cl_watch_start(struct cl *c)
{
	if (kernel < 0)
		kernel = open(KERNEL_LOG, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kernel < 0 || lseek(kernel, 0, SEEK_END) < 0)
		cl_fail(c, "%s cannot be read (root?)", KERNEL_LOG);
	/* Without it the GPU is no model. */
	if (model < 0)
		model = open(MODEL_LOG, O_RDONLY | O_CLOEXEC);
	if (model >= 0)
		skip_to_end(model);
}

static void complain_model(struct cl *c)
{
	char text[4096], *line, *rest = text;
	ssize_t n = model < 0 ? 0 : read(model, text, sizeof(text) - 1);
	unsigned int shown = 0;

	text[n > 0 ? n : 0] = 0;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			complain(c, "model", line, &shown);
}

/* One record a read: "priority,number,time,flags;text". */
static void complain_kernel(struct cl *c)
{
	unsigned int shown = 0;
	char record[2048];
	ssize_t n;

	while (kernel >= 0 && ((n = read(kernel, record, sizeof(record) - 1)) > 0 ||
			       errno == EPIPE)) {
		char *text;

		if (n <= 0)		/* some were overwritten before they were read */
			continue;
		record[n] = 0;
		text = strchr(record, ';');
		if (text && (strtoul(record, NULL, 10) & 7) < LEVEL_INFO) {
			text[strcspn(text, "\n")] = 0;
			complain(c, "kernel", text + 1, &shown);
		}
	}
}

void cl_watch_stop(struct cl *c)
{
	complain_model(c);
	complain_kernel(c);
}
