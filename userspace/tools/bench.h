/* SPDX-License-Identifier: MIT */
/* What the measurements of nvsvm bench share. */
#ifndef NVSVM_BENCH_H
#define NVSVM_BENCH_H

#include "tool.h"

#define PAGE 4096u
#define MIB (1u << 20)

struct bench {
	struct nvsvm_context *context;
	struct nvsvm_kernel *touch, *gather;
	FILE *json;
	bool first;
	double ce_up, ce_down;		/* raw copy engine, bytes per ns */
};

/* One line of the table. */
struct measured {
	uint64_t ns;			/* wall clock */
	uint64_t cpu_ns;		/* of the calling thread, user and system; 0: not taken */
	double ratio;			/* of the raw copy engine; 0: none */
	struct counters from, to;
};

void bench_row(struct bench *b, const char *what, size_t bytes, const struct measured *m);
/* CPU time of the calling thread. */
uint64_t bench_cpu_ns(void);

/* bench_migrate.c: explicit migration and fault-back, up to @limit bytes. */
int bench_migrate(struct bench *b, size_t limit);

/* bench_touch.c: first touch in several orders, by this driver and as others do it. */
int bench_patterns(struct bench *b);

#endif
