/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_FAULT_LINGER_H__
#define __NOUVEAU_FAULT_LINGER_H__

/*
 * How long to wait for the next faults before interrupts are let come again, and
 * how often to look meanwhile. Pure: compiles in user space (tests/unit).
 */
#include <linux/types.h>

/* Always waited for, an interrupt's time several times over; and never longer than. */
#define NOUVEAU_LINGER_MIN_US	500u
#define NOUVEAU_LINGER_MAX_US	4000u

/**
 * struct nouveau_fault_linger - what is known of the time between two batches
 */
struct nouveau_fault_linger {
	u32 gap_us;		/* from a batch to the next fault, as seen lately */
};

void nouveau_fault_linger_seen(struct nouveau_fault_linger *l, u64 gap_us);
u32 nouveau_fault_linger_us(const struct nouveau_fault_linger *l);
u32 nouveau_fault_linger_nap_us(const struct nouveau_fault_linger *l);

#endif
