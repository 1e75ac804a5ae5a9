/* SPDX-License-Identifier: MIT */
#ifndef NVSVM_PROCESSES_H
#define NVSVM_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROCESSES_MAX 128

/* A client of the driver: an open file. Counters grow, sizes are of the moment. */
struct process {
	int pid;
	char comm[20];
	uint64_t client;		/* unique on the machine */
	uint64_t resident_kib;		/* memory of the process in VRAM */
	uint64_t mapped_kib;		/* its RAM that the GPU uses in place */
	uint64_t objects_kib;		/* buffer objects in VRAM */
	uint64_t faults, to_vram_kib, to_sys_kib;
};

struct processes {
	unsigned int count;
	struct process process[PROCESSES_MAX];
};

/* Those whose fdinfo may be read: one's own, all for root. */
void processes_read(struct processes *list);
const struct process *processes_find(const struct processes *list, uint64_t client);

#endif
