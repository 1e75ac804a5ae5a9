/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_FAULT_H__
#define __TU102_FAULT_H__

#include <linux/types.h>

#include "nouveau_fault.h"

struct nouveau_device;
struct seq_file;
struct tu102_fault;

enum tu102_fault_buffer {
	TU102_FAULT_NON_REPLAYABLE,	/* copy engines, host, cancelled accesses */
	TU102_FAULT_REPLAYABLE,		/* SMs of channels with replay on */
	TU102_FAULT_BUFFERS,
};

/*
 * Set up and enable both buffers. @notify runs in hard interrupt context
 * whenever there may be something to drain.
 */
struct tu102_fault *tu102_fault_new(struct nouveau_device *ndev, void (*notify)(void *data),
				    void *data);
/* No more interrupts, no more packets; the rings can still be read. */
void tu102_fault_stop(struct tu102_fault *tf);
void tu102_fault_del(struct tu102_fault *tf);

/*
 * Take an entry out of a buffer; one thread at a time. @sure: believe interrupts
 * more than memory. Then tu102_fault_taken(), once per batch.
 */
bool tu102_fault_next(struct tu102_fault *tf, enum tu102_fault_buffer which,
		      struct nouveau_fault *f, bool sure);
void tu102_fault_taken(struct tu102_fault *tf);
/* Whose entry is the one @n beyond the next; false when there is none. */
bool tu102_fault_ahead(struct tu102_fault *tf, enum tu102_fault_buffer which, unsigned int n,
		       u64 *inst);
/* Nothing left: interrupts may come again. False when there is something after all. */
bool tu102_fault_idle(struct tu102_fault *tf);
bool tu102_fault_is_pending(const struct tu102_fault *tf, enum tu102_fault_buffer which);
bool tu102_fault_is_announced(const struct tu102_fault *tf);
/* Forget all entries of the replayable buffer: a replay brings back what still matters. */
unsigned int tu102_fault_discard(struct tu102_fault *tf);

/*
 * Whether replayable faults were dropped since the last call. They show up
 * again only after a replay.
 */
bool tu102_fault_test_clear_dropped(struct tu102_fault *tf);

bool tu102_fault_is_ce(const struct nouveau_fault *f);
bool tu102_fault_is_pbdma(const struct nouveau_fault *f);
const char *tu102_fault_type_name(const struct nouveau_fault *f);
const char *tu102_fault_access_name(const struct nouveau_fault *f);
/* "GPC0/T1_3" or "HUB/CE0" into @buf. */
void tu102_fault_client_name(const struct nouveau_fault *f, char *buf, unsigned int size);

void tu102_fault_debugfs_show(struct tu102_fault *tf, struct seq_file *m);

#endif
