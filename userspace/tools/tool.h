/* SPDX-License-Identifier: MIT */
/* What the verbs of nvsvm share. */
#ifndef NVSVM_TOOL_H
#define NVSVM_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <nvsvm.h>

struct verb {
	const char *name;
	const char *arguments;
	const char *summary;
	int (*run)(int argc, char **argv);	/* exit code; argv[0] is the verb */
};

int verb_info(int argc, char **argv);
int verb_run(int argc, char **argv);
/* nvsvm run with --cubin among its arguments */
int run_cubin(int argc, char **argv);
int verb_top(int argc, char **argv);
int verb_bench(int argc, char **argv);
int verb_trace(int argc, char **argv);
/* nvsvm bench pressure; argv[0] is "pressure". */
int bench_pressure(int argc, char **argv);

/* Prints "nvsvm: <text>: <strerror>" and returns 1. */
int complain(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* 4096, 64K, 16M, 1G. False when it is none of these or 0. */
bool parse_size(const char *text, uint64_t *bytes);
uint64_t now_ns(void);
/* The kernel of @source, an assembly of that @name. 0, or -errno (bad source: complains). */
int kernel_assemble(struct nvsvm_context *context, const char *name, const char *source,
		    struct nvsvm_kernel **kernel);

/* Driver counters, by name. Empty when debugfs cannot be read. */
#define COUNTERS_MAX 64

struct counters {
	unsigned int count;
	struct {
		char name[32];
		uint64_t value;
	} entry[COUNTERS_MAX];
};

/* True when the driver's counters could be read. */
bool counters_read(struct counters *c);
uint64_t counters_get(const struct counters *c, const char *name);
/* Growth of @name from @from to @to. */
uint64_t counters_delta(const struct counters *from, const struct counters *to,
			const char *name);

/*
 * Where pages live, sampled over time by a thread. The kernel shows a page in
 * device memory as not present but swapped: /proc/self/pagemap needs no rights.
 */
struct residency;

enum place { PLACE_NONE, PLACE_RAM, PLACE_VRAM, PLACES };

struct residency *residency_start(const void *address, size_t bytes, const char *title);
/* Add a sample now and a labelled mark to the time axis. */
void residency_mark(struct residency *r, const char *label);
void residency_stop(struct residency *r);
void residency_free(struct residency *r);

/* Draw all of @list as one SVG. 0 or -errno. */
int picture_write(const char *path, struct residency *const *list, unsigned int count);

#define RESIDENCY_COLUMNS 400
#define RESIDENCY_ROWS 64
#define RESIDENCY_MARKS 16

struct residency_view {
	const char *title;
	size_t pages;
	uint64_t start_ns, end_ns;
	unsigned int samples;
	const uint64_t *time_ns;
	/* [sample][row]: enum place of most pages of that row */
	const uint8_t (*place)[RESIDENCY_ROWS];
	unsigned int rows;
	unsigned int marks;
	struct {
		uint64_t ns;
		char label[24];
	} mark[RESIDENCY_MARKS];
};

void residency_view(const struct residency *r, struct residency_view *view);

#endif
