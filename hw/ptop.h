/* SPDX-License-Identifier: MIT */
/* PTOP: what the chip is made of. The engine table itself is in engine.h. */
#ifndef HW_PTOP_H
#define HW_PTOP_H

struct gpu;

#define PTOP_MAX_GPCS	6	/* TU104 */
#define PTOP_MAX_TPCS	4	/* per GPC */

int ptop_init(struct gpu *gpu);

#endif
