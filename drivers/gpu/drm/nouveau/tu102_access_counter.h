/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_ACCESS_COUNTER_H__
#define __TU102_ACCESS_COUNTER_H__

#include <linux/types.h>

struct nouveau_device;
struct seq_file;
struct tu102_access;

/**
 * struct tu102_access_hit - one notification: a region of 64 KiB is hot
 */
struct tu102_access_hit {
	u64 inst;		/* instance block of the address space, bytes */
	u64 va;			/* of the region */
	u32 tag;		/* @tag and @bank: the counter, for clearing it */
	u8 bank;
	u16 count;		/* accesses until it was told */
};

/* @notify: in hard interrupt context, when there may be hits. ERR_PTR() on failure. */
struct tu102_access *tu102_access_new(struct nouveau_device *ndev, u32 threshold,
				      void (*notify)(void *data), void *data);
/* No notification from here on; the buffer stays. */
void tu102_access_stop(struct tu102_access *ta);
void tu102_access_del(struct tu102_access *ta);

/* Accesses to a region before it is told, 1 to 65535. */
void tu102_access_set_threshold(struct tu102_access *ta, u32 threshold);
/* Take up to @max hits, one thread at a time. Returns how many. */
unsigned int tu102_access_drain(struct tu102_access *ta, struct tu102_access_hit *hits,
				unsigned int max);
/* Let the counters of @hits count again, from 0. 0, -EOPNOTSUPP without a channel. */
int tu102_access_clear(struct tu102_access *ta, const struct tu102_access_hit *hits,
		       unsigned int n);

void tu102_access_debugfs_show(struct tu102_access *ta, struct seq_file *m);

#endif
