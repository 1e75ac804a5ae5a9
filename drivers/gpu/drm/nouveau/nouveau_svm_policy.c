// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Policy: where the pages of a faulting block should live and how much of the
 * block to serve at once.
 *
 * Written memory and hot blocks go to VRAM; an isolated read is mapped where it
 * is, since a page table entry is cheaper than a copy. Around what faulted, the
 * densest populated subtree of the block is filled: a binary tree over its
 * pages, 64 KiB at least, larger while the populated part stays above a
 * threshold that rises as VRAM runs out. Blocks faulted one after the other at
 * equal distances are a stream (nouveau_svm_stream.c).
 *
 * Thrash is told by counts, since how long a service takes differs a hundredfold
 * between machines: returns home within so many blocks served. One return before
 * it is thrash the CPU is given some time; then the block stays in place for a
 * while, both sides use it there, and after that it starts anew.
 *
 * Pure: no locks, no clock, no side effects; tests/unit/test_policy.c.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "nouveau_svm_advice.h"
#include "nouveau_svm_policy.h"

const struct nouveau_svm_knobs nouveau_svm_knobs_default = {
#define X(name, def, help) .name = def,
	NOUVEAU_SVM_KNOBS(X)
#undef X
};

#define NS_PER_MS	1000000ull

/**
 * nouveau_svm_heat_add - count faulted pages
 * @h: heat of the block
 * @k: knobs
 * @now_ns: monotonic time
 * @pages: pages that faulted
 */
void nouveau_svm_heat_add(struct nouveau_svm_heat *h, const struct nouveau_svm_knobs *k, u64 now_ns,
			  unsigned int pages)
{
	u64 halflife = k->heat_halflife_ms * NS_PER_MS;

	while (halflife && h->heat && now_ns - h->stamp_ns >= halflife) {
		h->heat /= 2;
		h->stamp_ns += halflife;
	}
	if (!h->heat)
		h->stamp_ns = now_ns;
	h->heat += pages;
}

/**
 * nouveau_svm_heat_returned - pages of the block were taken home by the CPU
 * @h: heat of the block
 * @k: knobs
 * @now_ns: monotonic time
 * @serial: blocks the mirror has served so far
 *
 * Enough of that in a row is thrash: the block is then pinned in system memory
 * for a while. A CPU that reads a whole block takes it home in many pieces, so
 * only the first after a move counts.
 *
 * Return: whether the block has just been pinned.
 */
bool nouveau_svm_heat_returned(struct nouveau_svm_heat *h, const struct nouveau_svm_knobs *k,
			       u64 now_ns, u32 serial)
{
	if (!h->away)
		return false;
	h->away = false;
	if (!h->moves || serial - h->move_serial > k->thrash_window) {
		h->moves = 0;
		h->move_serial = serial;
	}
	h->moves++;
	h->heat = 0;
	if (!k->thrash_moves || h->moves < k->thrash_moves)
		return false;
	h->moves = 0;
	h->pinned_until_ns = now_ns + k->thrash_pin_ms * NS_PER_MS;
	return true;
}

/**
 * nouveau_svm_throttle_us - how long to leave a block to the CPU before it is served
 * @h: heat of the block
 * @k: knobs
 * @serial: blocks the mirror has served so far
 *
 * Return: microseconds; not 0 for the last move that is not thrash yet.
 */
u32 nouveau_svm_throttle_us(const struct nouveau_svm_heat *h, const struct nouveau_svm_knobs *k,
			    u32 serial)
{
	if (k->thrash_moves < 2 || h->away || h->moves != k->thrash_moves - 1 ||
	    serial - h->move_serial > k->thrash_window)
		return 0;
	return k->thrash_throttle_us;
}

/* Share of VRAM that is free, in percent, rounded down. */
static unsigned int free_percent(const struct nouveau_svm_view *v)
{
	if (!v->vram_total)
		return 0;
	/* Percent of units of 1 MiB: no overflow, no 64-bit by 64-bit division. */
	return (unsigned int)((v->vram_free >> 20) * 100 / (u32)((v->vram_total >> 20) + 1));
}

/* Populated percent above which a subtree is filled; over 100: never. */
static unsigned int density_threshold(const struct nouveau_svm_view *v,
				      const struct nouveau_svm_knobs *k)
{
	unsigned int free = free_percent(v);

	if (free < k->noprefetch_percent)
		return 101;
	if (free >= k->pressure_percent || k->density_full_percent <= k->density_percent)
		return k->density_percent;
	return k->density_percent + (k->density_full_percent - k->density_percent) *
	       (k->pressure_percent - free) / k->pressure_percent;
}

/*
 * The largest aligned power-of-two subtree around @page whose populated part is
 * at least @percent, as [*first, *end) clipped to the window. Pages outside of
 * the VMA can't be populated, so they don't count as missing either.
 */
static void density_region(const struct nouveau_mask *populated, unsigned int page,
			   unsigned int lo, unsigned int hi, unsigned int percent,
			   unsigned int *first, unsigned int *end)
{
	unsigned int size;

	*first = page;
	*end = page + 1;
	for (size = 2; size <= NOUVEAU_BLOCK_PAGES; size *= 2) {
		unsigned int f = max(page & ~(size - 1), lo);
		unsigned int e = min((page & ~(size - 1)) + size, hi);

		if (nouveau_mask_weight(populated, f, e) * 100 >= percent * (e - f)) {
			*first = f;
			*end = e;
		}
	}
}

/* Grow to whole 64 KiB granules, as far as the window goes. */
static struct nouveau_mask grow_granules(const struct nouveau_mask *m, unsigned int lo,
					 unsigned int hi)
{
	struct nouveau_mask out = { };
	unsigned int g;

	for (g = 0; g < NOUVEAU_BLOCK_PAGES; g += NOUVEAU_GRANULE_PAGES) {
		struct nouveau_mask all;

		if (!nouveau_mask_weight(m, g, g + NOUVEAU_GRANULE_PAGES))
			continue;
		all = nouveau_mask_range(max(g, lo), min(g + NOUVEAU_GRANULE_PAGES, hi));
		out = nouveau_mask_or(out, &all);
	}
	return out;
}

/* @faulted plus what is worth filling around it. */
static struct nouveau_mask prefetch_region(const struct nouveau_svm_view *v,
					   const struct nouveau_svm_knobs *k,
					   const struct nouveau_mask *faulted)
{
	unsigned int threshold = density_threshold(v, k);
	struct nouveau_mask grown, populated, out;
	unsigned int page, first, end;

	if (k->batch_pages == 1 || nouveau_mask_empty(faulted))
		return *faulted;
	if (k->whole_blocks)
		return nouveau_mask_range(v->first, v->end);
	if (threshold > 100)
		return *faulted;
	grown = grow_granules(faulted, v->first, v->end);
	populated = nouveau_mask_or(grown, &v->mapped);
	out = grown;
	nouveau_mask_for_each(faulted, page) {
		struct nouveau_mask region;

		if (page >= v->first && page < v->end) {
			density_region(&populated, page, v->first, v->end, threshold, &first, &end);
			region = nouveau_mask_range(first, end);
			out = nouveau_mask_or(out, &region);
		}
	}
	return out;
}

/* Faulted pages of 64 KiB, all at once, that are no single object any more. */
#define GRANULE_DENSE	(NOUVEAU_GRANULE_PAGES / 2)

/*
 * Whether somebody goes through the block: the 64 KiB beside a fault were used as well,
 * or its own are by half.
 */
static bool is_sequential(const struct nouveau_svm_view *v, const struct nouveau_mask *faulted)
{
	struct nouveau_mask used = nouveau_mask_or(*faulted, &v->mapped);
	unsigned int page;

	nouveau_mask_for_each(faulted, page) {
		unsigned int g = page & ~(NOUVEAU_GRANULE_PAGES - 1);

		if (nouveau_mask_weight(&used, g + NOUVEAU_GRANULE_PAGES,
					min(g + 2 * NOUVEAU_GRANULE_PAGES, NOUVEAU_BLOCK_PAGES)))
			return true;
		if (g && nouveau_mask_weight(&used, g - NOUVEAU_GRANULE_PAGES, g))
			return true;
		if (nouveau_mask_weight(faulted, g, g + NOUVEAU_GRANULE_PAGES) >= GRANULE_DENSE)
			return true;
	}
	return false;
}

/*
 * A page of 2 MiB that is moved in part is cut, for good, into 512 that are copied,
 * mapped and taken home one by one: it moves whole or not at all.
 */
static bool is_one_page(const struct nouveau_svm_view *v, const struct nouveau_svm_knobs *k)
{
	return v->huge && v->first == 0 && v->end == NOUVEAU_BLOCK_PAGES && k->batch_pages != 1;
}

/*
 * What to serve for @faulted. Memory that moves and that somebody goes through
 * comes as a whole while there is VRAM enough: one service instead of the five or
 * six that density needs to grow to the same.
 */
static struct nouveau_mask plan_region(const struct nouveau_svm_view *v,
				       const struct nouveau_svm_knobs *k,
				       const struct nouveau_mask *faulted, bool moves)
{
	if (moves && is_one_page(v, k) && !nouveau_mask_empty(faulted))
		return nouveau_mask_range(v->first, v->end);
	if (k->batch_pages != 1 && k->stream_blocks && !nouveau_mask_empty(faulted) &&
	    (!v->vram_total || free_percent(v) >= k->stream_percent) &&
	    (v->dense || (moves && is_sequential(v, faulted))))
		return nouveau_mask_range(v->first, v->end);
	return prefetch_region(v, k, faulted);
}

/* Nothing there, or nothing may be done with it. */
static void plan_refuse(const struct nouveau_svm_view *v, const struct nouveau_mask *faulted,
			struct nouveau_svm_plan *plan)
{
	plan->reason = NOUVEAU_PLAN_REFUSED;
	plan->refuse = *faulted;
	plan->first = v->first;
	plan->end = v->first;
}

static enum nouveau_plan_reason pick_reason(const struct nouveau_svm_view *v,
					    const struct nouveau_svm_knobs *k,
					    const struct nouveau_mask *written)
{
	if (v->kind != NOUVEAU_VMA_ANON || !k->migrate || !v->vram_total)
		return NOUVEAU_PLAN_IN_PLACE;
	if (v->heat.pinned_until_ns > v->now_ns)
		return NOUVEAU_PLAN_THRASH;
	if (v->vram_free < (4096ull * NOUVEAU_GRANULE_PAGES) ||
	    (is_one_page(v, k) && v->vram_free < NOUVEAU_BLOCK_BYTES))
		return NOUVEAU_PLAN_NO_VRAM;
	if (v->writable && !nouveau_mask_empty(&v->atomic))
		return NOUVEAU_PLAN_ATOMIC;
	if (!nouveau_mask_empty(written))
		return NOUVEAU_PLAN_WRITE;
	if (v->heat.heat >= k->hot_faults || k->whole_blocks)
		return NOUVEAU_PLAN_HOT;
	return v->expected ? NOUVEAU_PLAN_STREAM : NOUVEAU_PLAN_IN_PLACE;
}

static bool reason_migrates(enum nouveau_plan_reason reason)
{
	return reason == NOUVEAU_PLAN_HOT || reason == NOUVEAU_PLAN_WRITE ||
	       reason == NOUVEAU_PLAN_ATOMIC || reason == NOUVEAU_PLAN_STREAM ||
	       reason == NOUVEAU_PLAN_ADVICE;
}

/* Of @region, all in a hot block; in a cold one what was written to, not its readers. */
static void plan_migrate(const struct nouveau_svm_view *v, const struct nouveau_svm_knobs *k,
			 const struct nouveau_mask *region, const struct nouveau_mask *written,
			 struct nouveau_svm_plan *plan)
{
	if (!reason_migrates(plan->reason))
		return;
	plan->migrate = *region;
	if (plan->reason != NOUVEAU_PLAN_HOT && v->heat.heat < k->hot_faults)
		plan->migrate = plan_region(v, k, written, true);
	if (v->expected)
		plan->migrate = nouveau_mask_or(plan->migrate, &v->prefetch);
	plan->migrate = nouveau_mask_andnot(plan->migrate, &v->vram);
}

/*
 * One entry for the block where that is possible and nothing is lost by it: when
 * this maps the last of it; or, if the CPU has a huge page there, when it is not
 * going to move, since faults on its other parts would then tell no more.
 */
static void plan_whole(const struct nouveau_svm_view *v, const struct nouveau_svm_knobs *k,
		       struct nouveau_svm_plan *plan)
{
	struct nouveau_mask all = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	struct nouveau_mask after = nouveau_mask_or(plan->require, &plan->want);

	if (k->batch_pages == 1 || v->first || v->end != NOUVEAU_BLOCK_PAGES ||
	    plan->first == plan->end)
		return;
	after = nouveau_mask_or(after, &v->mapped);
	after = nouveau_mask_andnot(all, &after);
	all = nouveau_mask_andnot(all, &v->mapped);
	if (nouveau_mask_empty(&after) && !nouveau_mask_empty(&all)) {
		plan->first = 0;
		plan->end = NOUVEAU_BLOCK_PAGES;
	}
	plan->whole = !reason_migrates(plan->reason) &&
		      (v->kind != NOUVEAU_VMA_ANON || plan->reason != NOUVEAU_PLAN_IN_PLACE ||
		       !k->migrate || !v->vram_total);
}

/* The window covers whole granules, so that they can become one 64 KiB entry. */
static void plan_window(const struct nouveau_svm_view *v, const struct nouveau_svm_knobs *k,
			struct nouveau_svm_plan *plan)
{
	struct nouveau_mask all = nouveau_mask_or(plan->require, &plan->want);
	unsigned int first = nouveau_mask_next(&all, 0, true);
	unsigned int end = nouveau_mask_end(&all);

	if (!end) {
		plan->first = v->first;
		plan->end = v->first;
		return;
	}
	if (k->batch_pages != 1) {
		first &= ~(NOUVEAU_GRANULE_PAGES - 1);
		end = (end + NOUVEAU_GRANULE_PAGES - 1) & ~(NOUVEAU_GRANULE_PAGES - 1);
	}
	plan->first = max_t(unsigned int, first, v->first);
	plan->end = min_t(unsigned int, end, v->end);
}

/**
 * nouveau_svm_plan - decide about the faults of a block in one VMA
 * @v: snapshot
 * @k: knobs
 * @plan: the decision
 *
 * Prefetch faults of the hardware are hints: they are never refused, and they
 * join the pages wanted only where there is memory.
 */
void nouveau_svm_plan(const struct nouveau_svm_view *v, const struct nouveau_svm_knobs *k,
		      struct nouveau_svm_plan *plan)
{
	struct nouveau_mask written = nouveau_mask_or(v->write, &v->atomic);
	struct nouveau_mask faulted = nouveau_mask_or(v->read, &written);
	struct nouveau_mask region, advised;

	memset(plan, 0, sizeof(*plan));
	if (!v->readable || v->kind == NOUVEAU_VMA_NONE || v->kind == NOUVEAU_VMA_SPECIAL) {
		plan_refuse(v, &faulted, plan);
		return;
	}

	plan->require = faulted;
	if (v->writable) {
		plan->require_write = written;
	} else {
		plan->refuse_write = written;
		written = (struct nouveau_mask){ };
	}

	plan->reason = pick_reason(v, k, &written);
	if (v->advice) {
		region = nouveau_svm_advice_plain(v->advice, &faulted);
		region = prefetch_region(v, k, &region);
		advised = nouveau_svm_advice_region(v, &faulted);
		region = nouveau_mask_or(region, &advised);
	} else {
		region = plan_region(v, k, &faulted, reason_migrates(plan->reason));
	}
	plan_migrate(v, k, &region, &written, plan);
	if (v->advice)
		nouveau_svm_advise(v, k, &region, plan);
	/* What is mapped already need not be walked again, unless it moves. */
	plan->want = nouveau_mask_andnot(region, &v->mapped);
	plan->want = nouveau_mask_or(plan->want, &plan->migrate);
	plan->want = nouveau_mask_or(plan->want, &v->prefetch);
	plan->want = nouveau_mask_andnot(plan->want, &faulted);
	if (v->kind == NOUVEAU_VMA_ANON && !nouveau_mask_empty(&written))
		plan->want_write = grow_granules(&written, v->first, v->end);
	plan->want_write = nouveau_mask_andnot(plan->want_write, &plan->require_write);
	plan->want_write = nouveau_mask_and(plan->want_write, &plan->want);
	plan->want_atomic = v->writable ? v->atomic : (struct nouveau_mask){ };
	plan_window(v, k, plan);
	plan_whole(v, k, plan);
}
