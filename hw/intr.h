/* SPDX-License-Identifier: MIT */
/* Interrupt tree of Turing: vectors -> leaves -> subtrees -> one MSI. */
#ifndef HW_INTR_H
#define HW_INTR_H

#include <stdbool.h>

struct gpu;

/* Both need gpu->lock. Vector v is leaf v / 32, bit v % 32. */
void intr_pulse(struct gpu *gpu, unsigned int vector);
/* Level sources re-set their leaf bit for as long as they are asserted. */
void intr_level(struct gpu *gpu, unsigned int vector, bool asserted);

int intr_init(struct gpu *gpu);
void intr_reset(struct gpu *gpu);
void intr_fini(struct gpu *gpu);

#endif
