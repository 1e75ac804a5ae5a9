// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * From a handful of raw faults to work by block.
 *
 * Warps of one SM fault on the same page together, and each pending request of
 * a uTLB can produce a packet of its own, so most of what a drain brings are
 * duplicates. They are merged into one fault per (instance, page) that keeps
 * the strongest access; the rest is grouped by 2 MiB block, the unit of service.
 *
 * Pure: no locks, no allocation, no clock. Called by nouveau_fault.c between
 * drain and policy; a batch belongs to its caller.
 */
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/types.h>

#include "nouveau_fault_batch.h"

/**
 * nouveau_fault_batch_reset - empty a batch
 * @b: the batch
 */
void nouveau_fault_batch_reset(struct nouveau_fault_batch *b)
{
	b->n = 0;
	b->raw = 0;
	b->groups = 0;
}

/**
 * nouveau_fault_batch_add - append a fault
 * @b: the batch
 * @f: the fault, copied
 *
 * Return: false when there was no room; @f was not taken then.
 */
bool nouveau_fault_batch_add(struct nouveau_fault_batch *b, const struct nouveau_fault *f)
{
	if (b->n == NOUVEAU_FAULT_BATCH_MAX)
		return false;
	b->fault[b->n] = *f;
	b->fault[b->n].write_too = f->access >= NOUVEAU_ACCESS_WRITE;
	b->n++;
	b->raw++;
	return true;
}

static int cmp(u64 a, u64 b)
{
	return (a > b) - (a < b);
}

/*
 * By instance, source and address; the strongest access first, so that the
 * packet kept for the log is the strongest one. All compares are of full width:
 * a difference squeezed into an int makes faults 4 GiB apart look equal.
 */
static int fault_cmp(const void *x, const void *y)
{
	const struct nouveau_fault *a = x, *b = y;
	int r = cmp(a->inst, b->inst);

	if (!r)
		r = cmp(b->replayable, a->replayable);
	if (!r)
		r = cmp(a->va, b->va);
	if (!r)
		r = cmp(b->cause, a->cause);
	if (!r && !a->replayable)
		r = cmp(a->hw.engine, b->hw.engine);
	if (!r)
		r = cmp(b->access, a->access);
	if (!r)
		r = cmp(a->timestamp, b->timestamp);
	return r;
}

/*
 * A fatal fault and a miss on the same page stay apart, as do the same page
 * missed by the SMs and by a copy engine: they are finished in different ways.
 */
static bool fault_same(const struct nouveau_fault *a, const struct nouveau_fault *b)
{
	if (a->inst != b->inst || a->va != b->va || a->cause != b->cause)
		return false;
	if (a->replayable != b->replayable)
		return false;
	return a->replayable || a->hw.engine == b->hw.engine;
}

static void fault_merge(struct nouveau_fault *into, const struct nouveau_fault *f)
{
	u32 dups = (u32)into->duplicates + f->duplicates + 1;

	into->duplicates = dups > U16_MAX ? U16_MAX : dups;
	into->write_too |= f->write_too;
	if (f->access > into->access)
		into->access = f->access;
	if (f->timestamp < into->timestamp)
		into->timestamp = f->timestamp;
}

static void batch_dedupe(struct nouveau_fault_batch *b)
{
	unsigned int i, out = 0;

	for (i = 0; i < b->n; i++) {
		if (out && fault_same(&b->fault[out - 1], &b->fault[i]))
			fault_merge(&b->fault[out - 1], &b->fault[i]);
		else
			b->fault[out++] = b->fault[i];
	}
	b->n = out;
}

static void group_add(struct nouveau_fault_group *g, const struct nouveau_fault *f)
{
	unsigned int page = (f->va - g->base) >> 12;

	g->n++;
	/* Masks steer the service; what nobody can mend is not its business. */
	if (f->cause != NOUVEAU_CAUSE_MISS)
		return;
	switch (f->access) {
	case NOUVEAU_ACCESS_PREFETCH:
		nouveau_mask_set(&g->prefetch, page);
		break;
	case NOUVEAU_ACCESS_READ:
		nouveau_mask_set(&g->read, page);
		break;
	case NOUVEAU_ACCESS_WRITE:
		nouveau_mask_set(&g->write, page);
		break;
	case NOUVEAU_ACCESS_ATOMIC:
		nouveau_mask_set(&g->atomic, page);
		break;
	}
}

static void batch_group(struct nouveau_fault_batch *b)
{
	struct nouveau_fault_group *g = NULL;
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		const struct nouveau_fault *f = &b->fault[i];
		u64 base = f->va & ~(NOUVEAU_BLOCK_BYTES - 1);

		if (!g || g->inst != f->inst || g->base != base || g->replayable != f->replayable) {
			g = &b->group[b->groups++];
			memset(g, 0, sizeof(*g));
			g->inst = f->inst;
			g->base = base;
			g->replayable = f->replayable;
			g->first = i;
		}
		group_add(g, f);
	}
}

/**
 * nouveau_fault_batch_prepare - sort, merge and group
 * @b: a batch with raw faults
 *
 * Afterwards fault[] holds at most one serviceable fault per page, address
 * space and source, ascending; group[] cuts it into blocks.
 */
void nouveau_fault_batch_prepare(struct nouveau_fault_batch *b)
{
	sort(b->fault, b->n, sizeof(b->fault[0]), fault_cmp, NULL);
	batch_dedupe(b);
	b->groups = 0;
	batch_group(b);
}
