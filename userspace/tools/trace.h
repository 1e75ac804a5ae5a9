/* SPDX-License-Identifier: MIT */
/* nvsvm trace: what the kernel recorded, and the picture of it. */
#ifndef NVSVM_TRACE_H
#define NVSVM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a picture shows at an address. Later ones are drawn over earlier ones. */
enum trace_kind {
	TRACE_TO_VRAM,			/* pages moved */
	TRACE_TO_RAM,			/* by request, or the CPU touched them */
	TRACE_INVALIDATED,		/* taken from the GPU: munmap() and the like */
	TRACE_READ,			/* GPU faults */
	TRACE_WRITE,
	TRACE_ATOMIC,
	TRACE_REFUSED,			/* cancelled accesses */
	TRACE_PLACED,			/* the number of those above */
	/* without an address of the process */
	TRACE_BATCH = TRACE_PLACED,
	TRACE_REPLAY,
	TRACE_EVICTION,
	TRACE_KINDS
};

struct trace_event {
	double seconds;
	enum trace_kind kind;
	uint64_t from, to;		/* addresses; of TRACE_PLACED kinds */
	uint32_t amount;		/* pages, or faults of a batch */
};

struct trace {
	struct trace_event *event;
	size_t count, room;
	size_t unknown;			/* lines of ours that could not be read */
	size_t lost;			/* events the kernel had no room for */
};

/* Reads tracefs's text, adding to @t. 0 or -ENOMEM. */
int trace_read(struct trace *t, FILE *f);
void trace_free(struct trace *t);
const char *trace_name(enum trace_kind kind);
/* Events, pages (or faults) of a kind. */
void trace_sum(const struct trace *t, enum trace_kind kind, size_t *events, uint64_t *amount);

/* Draws time against address. 0 or -errno; -ENODATA when there is nothing. */
int trace_picture(const struct trace *t, const char *title, FILE *f);

#endif
