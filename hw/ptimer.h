/* SPDX-License-Identifier: MIT */
/* PTIMER: the GPU's nanosecond clock, its copies and its alarm. */
#ifndef HW_PTIMER_H
#define HW_PTIMER_H

struct gpu;

/* Raise what is due. For hosts with a stepped clock; takes gpu->lock. */
void ptimer_poll(struct gpu *gpu);

int ptimer_init(struct gpu *gpu);
void ptimer_reset(struct gpu *gpu);
void ptimer_fini(struct gpu *gpu);

#endif
