/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_PRESSURE_H__
#define __NOUVEAU_PRESSURE_H__

/*
 * What to do when VRAM is not enough: how much to keep free, and when evicting for
 * newcomers is not worth it. Pure: compiles in user space (tests/unit).
 *
 * X(name, default, what it does); each is a file in debugfs, svm_knobs/.
 */
#include <linux/types.h>

#define NOUVEAU_PRESSURE_KNOBS(X) \
	X(promote, 1, "0: what access counters find hot stays where it is") \
	X(evict, 1, "0: pages are not evicted for other pages, those are mapped in place") \
	X(evict_min_percent, 1, "free VRAM below which a migration waits for eviction") \
	X(evict_low_percent, 3, "free VRAM below which eviction starts in the background") \
	X(evict_high_percent, 6, "free VRAM at which it stops") \
	X(refault_percent, 50, "share of evicted pages that come back: too many") \
	X(in_place_ms, 2000, "how long newcomers are then mapped in place; doubles up to 64 times")

struct nouveau_pressure_knobs {
#define X(name, def, help) u32 name;
	NOUVEAU_PRESSURE_KNOBS(X)
#undef X
};

extern const struct nouveau_pressure_knobs nouveau_pressure_knobs_default;

/* Accesses to 64 KiB of system memory that make it hot: it has been read twice over. */
#define NOUVEAU_COUNTER_THRESHOLD	1024u

/**
 * struct nouveau_pressure_marks - free VRAM to keep, bytes
 */
struct nouveau_pressure_marks {
	u64 min, low, high;
};

/**
 * struct nouveau_pressure - whether eviction pays
 *
 * A page that comes back to VRAM soon after it was evicted was evicted for nothing.
 */
struct nouveau_pressure {
	u64 total_pages;	/* of VRAM */
	u64 clock;		/* pages evicted ever */
	u64 evicted, refaulted;	/* pages of the sample */
	u64 in_place_until_ns;	/* newcomers are mapped in place */
	u32 backoff;		/* times in a row that it was found not to pay */
};

void nouveau_pressure_marks(const struct nouveau_pressure_knobs *k, u64 total_bytes,
			    struct nouveau_pressure_marks *marks);
bool nouveau_pressure_may_evict(const struct nouveau_pressure *p,
				const struct nouveau_pressure_knobs *k, u64 now_ns);
void nouveau_pressure_evicted(struct nouveau_pressure *p, u64 pages);
/* @stamp: the clock when it was evicted. */
bool nouveau_pressure_is_refault(const struct nouveau_pressure *p, u64 stamp);
bool nouveau_pressure_refaulted(struct nouveau_pressure *p, const struct nouveau_pressure_knobs *k,
				u64 now_ns, u64 pages);
void nouveau_pressure_stuck(struct nouveau_pressure *p, const struct nouveau_pressure_knobs *k,
			    u64 now_ns);
void nouveau_pressure_forget(struct nouveau_pressure *p);

#endif
