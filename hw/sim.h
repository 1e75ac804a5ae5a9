/* SPDX-License-Identifier: MIT */
/*
 * A host without a bus: flat system memory at IOVA 0, messages counted, and a
 * clock that runs or is stepped by hand. Every test of the model uses it.
 */
#ifndef HW_SIM_H
#define HW_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu.h"

struct sim;

struct sim_config {
	struct gpu_config gpu;		/* vram_bytes 0: 64 MiB */
	size_t sysmem_bytes;		/* 0: 64 MiB */
	bool stepped_clock;		/* sim_advance() instead of real time */
};

/* @config may be NULL. Aborts with a message on failure: tests have no use for less. */
struct sim *sim_create(const struct sim_config *config);
void sim_destroy(struct sim *sim);
struct gpu *sim_gpu(struct sim *sim);

/* System memory as the CPU sees it; sim_mem() aborts outside of it. */
void *sim_mem(struct sim *sim, uint64_t iova, size_t len);
/* What DMA may do with a 4 KiB aligned range; all of memory starts as read-write. */
void sim_dma_allow(struct sim *sim, uint64_t iova, size_t len, bool read, bool write);
/* Times dma_begin() is open in any thread; 0 when the model is at rest. */
unsigned int sim_dma_depth(struct sim *sim);

/* Messages since creation. sim_wait_msi() waits in real time for @count of them. */
unsigned int sim_msi_count(struct sim *sim);
bool sim_wait_msi(struct sim *sim, unsigned int count, unsigned int timeout_ms);

/* Stepped clock: move on by @ns and raise what falls due. */
void sim_advance(struct sim *sim, uint64_t ns);

/* Short hands for tests. */
uint32_t sim_rd32(struct sim *sim, uint32_t off);
void sim_wr32(struct sim *sim, uint32_t off, uint32_t val);
/* Poll until (register & mask) == want, in real time; false on timeout. */
bool sim_poll32(struct sim *sim, uint32_t off, uint32_t mask, uint32_t want,
		unsigned int timeout_ms);
/* Video memory as the CPU sees it through BAR1; aborts outside of it. */
void *sim_vram(struct sim *sim, uint64_t pa, size_t len);

#endif
