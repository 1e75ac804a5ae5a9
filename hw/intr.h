/* SPDX-License-Identifier: MIT */
/* Interrupt tree of Turing: vectors -> leaves -> subtrees -> one MSI. */
#ifndef HW_INTR_H
#define HW_INTR_H

#include <stdbool.h>
#include <stdint.h>

struct gpu;

/* Engines (PTOP INTR_ENUM): stalling vectors from here on, non-stalling ones from 0. */
#define INTR_STALL_BASE	192u

/* Both need gpu->lock. Vector v is leaf v / 32, bit v % 32. */
void intr_pulse(struct gpu *gpu, unsigned int vector);
/* Level sources re-set their leaf bit for as long as they are asserted. */
void intr_level(struct gpu *gpu, unsigned int vector, bool asserted);

/* Is level source @vector asserted? gpu->lock held. */
bool intr_asserted(struct gpu *gpu, unsigned int vector);
/*
 * The gate behind the tree: one message closes it, a write to config 0x704
 * (NVX_XVE_MSI_REARM) opens it. A rise seen while it is closed is sent when it
 * opens, if still pending. gpu->lock held.
 */
void intr_msi_rearm(struct gpu *gpu);
/* Legacy tree: enables of PMC_INTR(0) changed. gpu->lock held. */
void intr_set_legacy_enable(struct gpu *gpu, uint32_t enable);
uint32_t intr_legacy_enable(struct gpu *gpu);
uint32_t intr_legacy_pending(struct gpu *gpu);
/* Legacy sources without a level vector (software bit, PTIMER). */
void intr_legacy_source(struct gpu *gpu, unsigned int bit, bool asserted);

int intr_init(struct gpu *gpu);
void intr_reset(struct gpu *gpu);
void intr_fini(struct gpu *gpu);

#endif
