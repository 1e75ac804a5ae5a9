/* SPDX-License-Identifier: MIT */
/* What the measurements of nvsvm bench share. */
#ifndef NVSVM_BENCH_H
#define NVSVM_BENCH_H

#include "tool.h"

#define PAGE 4096u
#define MIB (1u << 20)

struct bench {
	struct nvsvm_context *context;
	struct nvsvm_kernel *touch, *gather, *add;
	FILE *json;
	bool first;
	double ce_up, ce_down;		/* raw copy engine, bytes per ns */
};

/* One line of the table. */
struct measured {
	uint64_t ns;			/* wall clock */
	uint64_t cpu_ns;		/* of the calling thread, user and system; 0: not taken */
	double ratio;			/* of the raw copy engine; 0: none */
	double same_size;		/* of one raw copy of as many bytes; 0: none */
	struct counters from, to;
};

/* bench_common.c. @json: a file to write, or NULL. 0, or an exit code after a complaint. */
int bench_open(struct bench *b, const char *json);
/* Ends the JSON, frees all; the exit code for @ret of the measurement called @what. */
int bench_close(struct bench *b, const char *what, int ret);
/* Anonymous memory, each page written; NULL when there is none. munmap() it. */
void *bench_memory(size_t bytes);
/* Sets a knob in debugfs; @before, if not NULL: what it was. False when there is none. */
bool bench_knob(const char *name, unsigned int value, unsigned int *before);
/* An object of b->json: its head, and after other members its counters and end. */
void bench_json_open(struct bench *b, const char *what, size_t bytes, uint64_t ns);
void bench_json_close(struct bench *b, const struct counters *from, const struct counters *to);

/* Where the time of a migration went, per MiB. */
void bench_steps(const struct measured *m, size_t bytes);
void bench_row(struct bench *b, const char *what, size_t bytes, const struct measured *m);
/* CPU time of the calling thread. */
uint64_t bench_cpu_ns(void);

/* bench.c: copies of @bytes to VRAM or from it; the best time, the counts of all. */
int bench_raw_ce(struct bench *b, size_t bytes, bool up, struct measured *m);

/* bench_migrate.c: explicit migration and fault-back, up to @limit bytes. */
int bench_migrate(struct bench *b, size_t limit);

/* bench_touch.c: first touch in several orders, by this driver and as others do it. */
int bench_patterns(struct bench *b);

/* bench_ranges.c: what a fault costs beside more and more ranges, up to @limit of them. */
int bench_ranges(struct bench *b, unsigned int limit);

/* bench_share.c: one memory by CPU and GPU in turns; 1 to 64 processes at once. */
int bench_ping_pong(struct bench *b);
int bench_processes(struct bench *b);

#endif
