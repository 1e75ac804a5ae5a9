// SPDX-License-Identifier: MIT
/* nvsvm top: what the driver does, per interval. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool.h"

static const struct column {
	const char *title, *counter;
	uint64_t scale;
} columns[] = {
	{ "faults", "faults", 1 },
	{ "dup", "faults_duplicate", 1 },
	{ "fatal", "faults_fatal", 1 },
	{ "batches", "fault_batches", 1 },
	{ "replays", "replays", 1 },
	{ "tlb inv", "tlb_invalidates", 1 },
	{ "to VRAM", "pages_to_vram", 1 },
	{ "to RAM", "pages_to_sys", 1 },
	{ "CPU flt", "cpu_faults", 1 },
	{ "CE KiB", "ce_bytes", 1024 },
	{ "MMIO", "mmio_reads", 1 },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void heading(void)
{
	for (unsigned int i = 0; i < COLUMNS; i++)
		printf("%9s", columns[i].title);
	putchar('\n');
}

int verb_top(int argc, char **argv)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct counters before, after;
	double interval = 1.0;
	long count = -1;
	int opt;

	while ((opt = getopt_long(argc, argv, "i:n:h", options, NULL)) != -1) {
		switch (opt) {
		case 'i':
			interval = atof(optarg);
			break;
		case 'n':
			count = atol(optarg);
			break;
		case 'h':
			puts("usage: nvsvm top [--interval SECONDS] [--count N]\n"
			     "Pages are 4 KiB. Needs to read debugfs: run as root.");
			return 0;
		default:
			return 2;
		}
	}
	if (interval < 0.01 || interval > 3600)
		return complain(0, "interval out of range");
	if (!counters_read(&before))
		return complain(0, "cannot read the driver's counters in debugfs (root?)");
	for (long line = 0; line != count; line++) {
		if (line % 20 == 0)
			heading();
		usleep((useconds_t)(interval * 1e6));
		if (!counters_read(&after))
			return complain(0, "the driver is gone");
		for (unsigned int i = 0; i < COLUMNS; i++)
			printf("%9" PRIu64, counters_delta(&before, &after, columns[i].counter) /
			       columns[i].scale);
		putchar('\n');
		fflush(stdout);
		before = after;
	}
	return 0;
}
