// SPDX-License-Identifier: MIT
/* nvsvm top: what the driver does, and for whom, per interval. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "processes.h"
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

struct sample {
	bool counters_ok;
	struct counters counters;
	struct processes processes;
};

static void sample(struct sample *s)
{
	s->counters_ok = counters_read(&s->counters);
	processes_read(&s->processes);
}

static void show_device(const struct sample *before, const struct sample *after)
{
	for (unsigned int i = 0; i < COLUMNS; i++)
		printf("%9s", columns[i].title);
	putchar('\n');
	for (unsigned int i = 0; i < COLUMNS; i++)
		printf("%9" PRIu64, counters_delta(&before->counters, &after->counters,
						   columns[i].counter) / columns[i].scale);
	putchar('\n');
}

static void show_processes(const struct sample *before, const struct sample *after)
{
	printf("%8s %-16s %9s %9s %9s %9s %9s %9s\n", "pid", "process", "VRAM KiB", "in place",
	       "objects", "faults", "to VRAM", "to RAM");
	for (unsigned int i = 0; i < after->processes.count; i++) {
		static const struct process none;
		const struct process *now = &after->processes.process[i];
		const struct process *was = processes_find(&before->processes, now->client);

		if (!was)
			was = &none;
		printf("%8d %-16s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
		       " %9" PRIu64 "\n", now->pid, now->comm, now->resident_kib,
		       now->mapped_kib, now->objects_kib, now->faults - was->faults,
		       now->to_vram_kib - was->to_vram_kib, now->to_sys_kib - was->to_sys_kib);
	}
}

static int usage(int code)
{
	puts("usage: nvsvm top [--interval SECONDS] [--count N]\n"
	     "\n"
	     "The device's counters need debugfs: run as root. Pages are 4 KiB. Below, each\n"
	     "client: its memory in VRAM, its RAM the GPU uses in place, its buffer objects\n"
	     "in VRAM, and what faulted and moved (KiB) in the interval.");
	return code;
}

static int parse(int argc, char **argv, double *interval, long *count)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	*interval = 1.0;
	*count = -1;
	while ((opt = getopt_long(argc, argv, "i:n:h", options, NULL)) != -1) {
		switch (opt) {
		case 'i':
			*interval = atof(optarg);
			break;
		case 'n':
			*count = atol(optarg);
			break;
		case 'h':
			exit(usage(0));
		default:
			return -1;
		}
	}
	if (*interval < 0.01 || *interval > 3600) {
		complain(0, "interval out of range");
		return -1;
	}
	return 0;
}

int verb_top(int argc, char **argv)
{
	static struct sample samples[2];
	struct sample *before = &samples[0], *after = &samples[1], *swap;
	double interval;
	long count;

	if (parse(argc, argv, &interval, &count))
		return usage(2);
	sample(before);
	if (!before->counters_ok && !before->processes.count)
		return complain(0, "no counters in debugfs (root?) and no client to be seen");
	for (long line = 0; line != count; line++) {
		usleep((useconds_t)(interval * 1e6));
		sample(after);
		if (line)
			putchar('\n');
		if (before->counters_ok && after->counters_ok)
			show_device(before, after);
		show_processes(before, after);
		fflush(stdout);
		swap = before;
		before = after;
		after = swap;
	}
	return 0;
}
