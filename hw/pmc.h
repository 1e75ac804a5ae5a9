/* SPDX-License-Identifier: MIT */
/* PMC: identity, legacy interrupt summary, engine enables. */
#ifndef HW_PMC_H
#define HW_PMC_H

#include <stdbool.h>

struct gpu;

/* Is the device with PTOP RESET_ENUM @reset out of reset? gpu->lock held. */
bool pmc_enabled(struct gpu *gpu, unsigned int reset);

int pmc_init(struct gpu *gpu);

#endif
