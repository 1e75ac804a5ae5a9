// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * How long to linger after a batch.
 *
 * To let the interrupt go and to be interrupted again costs register accesses, each
 * of them a trap under virtualisation; to look at the ring costs a load. A GPU that
 * works through memory faults at intervals, so what came last time within a few
 * milliseconds is expected again within twice that. Who faults once and no more is
 * waited for half a millisecond. The looks are an eighth of the expected time apart:
 * that is what a fault may have to wait longer than it would for an interrupt.
 *
 * Pure: no locks, no clock, no side effects; tests/unit/test_linger.c.
 */
#include <linux/kernel.h>
#include <linux/types.h>

#include "nouveau_fault_linger.h"

#define NAP_MIN_US	40u
#define NAP_MAX_US	250u
#define NAPS_PER_GAP	8u

/**
 * nouveau_fault_linger_seen - faults came
 * @l: state
 * @gap_us: so long after the end of the batch before
 *
 * A long gap counts at once. What came sooner, or far too late to be waited for, is
 * believed by halves: a batch of faults may come in two halves.
 */
void nouveau_fault_linger_seen(struct nouveau_fault_linger *l, u64 gap_us)
{
	l->gap_us /= 2;
	if (gap_us <= NOUVEAU_LINGER_MAX_US)
		l->gap_us = max_t(u32, l->gap_us, gap_us);
}

/**
 * nouveau_fault_linger_us - how long to wait for faults
 * @l: state
 *
 * Return: microseconds from the end of a batch.
 */
u32 nouveau_fault_linger_us(const struct nouveau_fault_linger *l)
{
	return clamp(2 * l->gap_us, NOUVEAU_LINGER_MIN_US, NOUVEAU_LINGER_MAX_US);
}

/**
 * nouveau_fault_linger_nap_us - how long not to look
 * @l: state
 *
 * Return: microseconds.
 */
u32 nouveau_fault_linger_nap_us(const struct nouveau_fault_linger *l)
{
	return clamp(l->gap_us / NAPS_PER_GAP, NAP_MIN_US, NAP_MAX_US);
}
