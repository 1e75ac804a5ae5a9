// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What to do when VRAM is not enough.
 *
 * Free VRAM is kept between two marks, and two blocks of it at least, so that one
 * can be filled while another is emptied. Whether that pays shows in what comes
 * back: memory that streams through VRAM once does not, a working set larger than
 * VRAM does, all of it, whichever pages go. Then newcomers are mapped where they
 * are, and what is in VRAM stays and is used there. That is tried anew after a
 * while, which grows as long as nothing has changed.
 *
 * Pure: no locks, no clock, no side effects; tests/unit/test_pressure.c.
 */
#include <linux/kernel.h>
#include <linux/types.h>

#include "nouveau_mask.h"
#include "nouveau_pressure.h"

#define NS_PER_MS		1000000ull
#define BACKOFF_MAX		6u
/* Share of VRAM that has to be evicted for a verdict, as a shift: 1/16. */
#define SAMPLE_SHIFT		4
/* What comes back before this much of VRAM was evicted came back soon: 8 times. */
#define SOON_SHIFT		3
/* Samples are cut back at this share, so that what was long ago counts less: 1/2. */
#define MEMORY_SHIFT		1

const struct nouveau_pressure_knobs nouveau_pressure_knobs_default = {
#define X(name, def, help) .name = def,
	NOUVEAU_PRESSURE_KNOBS(X)
#undef X
};

static u64 part(u64 total, u32 percent)
{
	return (total >> 10) * (percent < 100 ? percent : 100) / 100 << 10;
}

/**
 * nouveau_pressure_marks - how much VRAM to keep free
 * @k: knobs
 * @total_bytes: VRAM
 * @marks: min <= low <= high
 */
void nouveau_pressure_marks(const struct nouveau_pressure_knobs *k, u64 total_bytes,
			    struct nouveau_pressure_marks *marks)
{
	marks->min = max_t(u64, part(total_bytes, k->evict_min_percent), NOUVEAU_BLOCK_BYTES);
	marks->low = max_t(u64, part(total_bytes, k->evict_low_percent), 2 * NOUVEAU_BLOCK_BYTES);
	marks->low = max(marks->low, marks->min);
	marks->high = max_t(u64, part(total_bytes, k->evict_high_percent),
			    3 * NOUVEAU_BLOCK_BYTES);
	marks->high = max(marks->high, marks->low);
}

/**
 * nouveau_pressure_may_evict - whether newcomers are worth somebody else's place
 * @p: state
 * @k: knobs
 * @now_ns: monotonic time
 */
bool nouveau_pressure_may_evict(const struct nouveau_pressure *p,
				const struct nouveau_pressure_knobs *k, u64 now_ns)
{
	return k->evict && now_ns >= p->in_place_until_ns;
}

/**
 * nouveau_pressure_evicted - pages went home to make room
 * @p: state
 * @pages: how many
 *
 * A good deal of eviction that nobody regretted ends a series of bad verdicts.
 */
void nouveau_pressure_evicted(struct nouveau_pressure *p, u64 pages)
{
	p->clock += pages;
	p->evicted += pages;
	if (p->evicted < p->total_pages >> MEMORY_SHIFT)
		return;
	if (!p->refaulted)
		p->backoff = 0;
	p->evicted /= 2;
	p->refaulted /= 2;
}

/**
 * nouveau_pressure_is_refault - whether a page came back that should have stayed
 * @p: state
 * @stamp: the clock when it was evicted, 0: never
 *
 * Soon is before eight times VRAM went the same way: a working set that is used in
 * turns comes back after it was evicted as a whole, however large it is.
 */
bool nouveau_pressure_is_refault(const struct nouveau_pressure *p, u64 stamp)
{
	return stamp && p->clock - stamp < p->total_pages << SOON_SHIFT;
}

static void in_place(struct nouveau_pressure *p, const struct nouveau_pressure_knobs *k, u64 now_ns)
{
	p->in_place_until_ns = now_ns + ((k->in_place_ms * NS_PER_MS) << p->backoff);
	p->backoff = min(p->backoff + 1, BACKOFF_MAX);
	p->evicted = 0;
	p->refaulted = 0;
}

/**
 * nouveau_pressure_refaulted - pages came back that should have stayed
 * @p: state
 * @k: knobs
 * @now_ns: monotonic time
 * @pages: how many
 *
 * Return: whether that settled it: newcomers are mapped in place for a while.
 */
bool nouveau_pressure_refaulted(struct nouveau_pressure *p, const struct nouveau_pressure_knobs *k,
				u64 now_ns, u64 pages)
{
	p->refaulted += pages;
	if (!nouveau_pressure_may_evict(p, k, now_ns))
		return false;
	if (p->refaulted < p->total_pages >> SAMPLE_SHIFT ||
	    p->refaulted * 100 < p->evicted * k->refault_percent)
		return false;
	in_place(p, k, now_ns);
	return true;
}

/**
 * nouveau_pressure_stuck - nothing could be evicted: RAM is full, or all is pinned
 * @p: state
 * @k: knobs
 * @now_ns: monotonic time
 */
void nouveau_pressure_stuck(struct nouveau_pressure *p, const struct nouveau_pressure_knobs *k,
			    u64 now_ns)
{
	if (nouveau_pressure_may_evict(p, k, now_ns))
		in_place(p, k, now_ns);
}

/**
 * nouveau_pressure_forget - who used the memory is gone
 * @p: state
 *
 * What did not fit may fit now. The clock goes on: pages have its stamps.
 */
void nouveau_pressure_forget(struct nouveau_pressure *p)
{
	p->evicted = 0;
	p->refaulted = 0;
	p->backoff = 0;
	p->in_place_until_ns = 0;
}
