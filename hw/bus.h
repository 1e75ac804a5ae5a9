/* SPDX-License-Identifier: MIT */
/* PBUS: access errors, the PRAMIN window, flushes. */
#ifndef HW_BUS_H
#define HW_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct gpu;

/* Latch a register access that nobody answered. gpu->lock held. */
void bus_pri_timeout(struct gpu *gpu, uint32_t off, bool write, uint32_t data);

int bus_init(struct gpu *gpu);
void bus_reset(struct gpu *gpu);

#endif
