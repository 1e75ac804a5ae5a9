// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Mapping a part of a block as it was planned, when what should move has moved.
 *
 * That is one walk, however many faults there were. Only when the walk says that
 * something required is impossible is it repeated by halves, to find the page that
 * is to blame and serve its neighbours. Atomics to system memory take one more step.
 *
 * No lock of the driver is held around anything that sleeps in core mm, nor is
 * mmap_lock.
 */
#include <linux/mm.h>

#include "nouveau_pt.h"
#include "nouveau_svm_priv.h"

struct mapping {
	struct nouveau_svm_mm *svm;
	const struct nouveau_svm_part *part;
	struct nouveau_svm_scratch *s;
	struct nouveau_svm_result res;
};

static void map_done(struct mapping *mp, unsigned int first, unsigned int end)
{
	nouveau_svm_result_mapped(&mp->res, mp->part->block->base, first, end);
}

/* Errors that say nothing about the memory asked for; the fault will come again. */
static bool is_transient(int err)
{
	return err == -EBUSY || err == -EINTR || err == -ENOMEM || err == -EAGAIN;
}

static int map_try(struct mapping *mp, const struct nouveau_svm_map *map)
{
	int err = nouveau_svm_map_block(mp->svm, mp->part->block, map, mp->s);

	if (!err)
		map_done(mp, map->first, map->end);
	return err;
}

/* What of the plan is in [first, end), and nothing that is only wanted. */
static struct nouveau_svm_map *required_map(struct mapping *mp, unsigned int first,
					    unsigned int end)
{
	const struct nouveau_svm_plan *plan = &mp->part->plan;
	struct nouveau_mask in = nouveau_mask_range(first, end);
	struct nouveau_svm_map *map = &mp->s->map;

	map->first = first;
	map->end = end;
	map->whole = false;
	map->require = nouveau_mask_and(in, &plan->require);
	map->require_write = nouveau_mask_and(in, &plan->require_write);
	map->atomic = (struct nouveau_mask){ };
	return map;
}

/* A single page, after everything around it was tried. */
static void map_blame(struct mapping *mp, struct nouveau_svm_map *map, int err)
{
	if (is_transient(err)) {
		mp->res.busy = true;
		return;
	}
	if (nouveau_mask_test(&map->require_write, map->first)) {
		map->require_write = (struct nouveau_mask){ };
		map->atomic = (struct nouveau_mask){ };
		err = map_try(mp, map);
		if (!err) {
			nouveau_mask_set(&mp->res.failed_write, map->first);
			return;
		}
		if (is_transient(err)) {
			mp->res.busy = true;
			return;
		}
	}
	nouveau_mask_set(&mp->res.failed, map->first);
}

/*
 * Something required in the window is impossible. Halve until it is alone; a
 * range whose turn has not come waits on a small stack, one per halving.
 */
static void map_bisect(struct mapping *mp)
{
	const struct nouveau_svm_plan *plan = &mp->part->plan;
	struct { u16 first, end; } todo[12];
	unsigned int n = 0;

	todo[n].first = plan->first;
	todo[n++].end = plan->end;
	while (n) {
		unsigned int first = todo[--n].first, end = todo[n].end, mid;
		struct nouveau_svm_map *map = required_map(mp, first, end);
		int err;

		if (nouveau_mask_empty(&map->require))
			continue;
		err = map_try(mp, map);
		if (!err)
			continue;
		if (end - first == 1) {
			map_blame(mp, map, err);
			continue;
		}
		if (is_transient(err)) {
			mp->res.busy = true;
			continue;
		}
		mid = (first + end) / 2;
		todo[n].first = mid;
		todo[n++].end = end;
		todo[n].first = first;
		todo[n++].end = mid;
	}
}

/* CPUs cannot be kept out of this one: exact among the units of the GPU, at least. */
static int map_atomic_in_place(struct mapping *mp, unsigned int page)
{
	struct nouveau_svm_map *map = &mp->s->map;

	*map = (struct nouveau_svm_map){ .first = page, .end = page + 1 };
	nouveau_mask_set(&map->require, page);
	nouveau_mask_set(&map->require_write, page);
	nouveau_mask_set(&map->atomic, page);
	return map_try(mp, map);
}

/* Those that are mapped in system memory now take one more step. */
static void map_atomics(struct mapping *mp)
{
	struct nouveau_mask todo = nouveau_mask_andnot(mp->part->plan.want_atomic, &mp->res.failed);
	struct nouveau_svm_block *block = mp->part->block;
	unsigned int i;
	int err;

	if (nouveau_mask_empty(&todo))
		return;
	todo = nouveau_mask_andnot(todo, &mp->res.failed_write);
	nouveau_pt_lock(mp->svm->pt);
	todo = nouveau_mask_and(todo, &block->mapped);
	todo = nouveau_mask_andnot(todo, &block->vram);
	nouveau_pt_unlock(mp->svm->pt);
	nouveau_mask_for_each(&todo, i) {
		err = nouveau_svm_take_page(mp->svm, block, i);
		if (err == -EOPNOTSUPP)
			err = map_atomic_in_place(mp, i);
		if (!err)
			map_done(mp, i, i + 1);
		else if (is_transient(err))
			mp->res.busy = true;
		else
			nouveau_mask_set(&mp->res.failed, i);
	}
}

static void map_plan(struct mapping *mp)
{
	const struct nouveau_svm_plan *plan = &mp->part->plan;
	struct nouveau_svm_map *map = required_map(mp, plan->first, plan->end);
	int err;

	if (plan->first == plan->end)
		return;
	map->whole = plan->whole;
	map->require = nouveau_mask_or(map->require, &plan->want);
	map->require_write = nouveau_mask_or(map->require_write, &plan->want_write);
	err = map_try(mp, map);
	if (!err)
		return;
	if (is_transient(err)) {
		mp->res.busy = true;
		return;
	}
	/* Prefetch reached over an edge, of a file for one: without it. */
	err = map_try(mp, required_map(mp, plan->first, plan->end));
	if (err && is_transient(err))
		mp->res.busy = true;
	else if (err)
		map_bisect(mp);
}

/**
 * nouveau_svm_part_map - map what was planned
 * @svm: mirror, mmget() held
 * @part: the plan; what it moves has moved
 * @s: scratch of the caller
 *
 * Sleeps, also for user space; no lock may be held. Adds to @part->res.
 */
void nouveau_svm_part_map(struct nouveau_svm_mm *svm, const struct nouveau_svm_part *part,
			  struct nouveau_svm_scratch *s)
{
	struct mapping mp = { .svm = svm, .part = part, .s = s };
	struct nouveau_svm_result *res = part->res;

	map_plan(&mp);
	map_atomics(&mp);
	if (mp.res.start != mp.res.end)
		nouveau_svm_result_range(res, mp.res.start, mp.res.end);
	/* Nobody waits for what was fetched ahead. */
	if (part->ahead)
		return;
	res->failed = nouveau_mask_or(res->failed, &mp.res.failed);
	res->failed_write = nouveau_mask_or(res->failed_write, &mp.res.failed_write);
	res->busy |= mp.res.busy;
}
