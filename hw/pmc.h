/* SPDX-License-Identifier: MIT */
/* PMC: identity, legacy interrupt summary, engine enables. */
#ifndef HW_PMC_H
#define HW_PMC_H

struct gpu;

int pmc_init(struct gpu *gpu);

#endif
