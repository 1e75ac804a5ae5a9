/* SPDX-License-Identifier: MIT */
/* --paranoid: a thread that audits what the guest has left behind. */
#ifndef HW_PARANOID_H
#define HW_PARANOID_H

struct gpu;

int paranoid_init(struct gpu *gpu);	/* does nothing unless asked for */
void paranoid_fini(struct gpu *gpu);

#endif
