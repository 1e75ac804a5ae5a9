// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Turns: the faults of one client, served in a work item of their own.
 *
 * Service may block for as long as user space likes: userfaultfd, FUSE, a slow
 * disk. So no client's service is ever in the way of another's. The conductor
 * fills a turn per client, starts them all and waits for them together, at most
 * TURN_WAIT_MS. Who is not done by then is set aside: the batch goes on without
 * it, and its later faults are dropped, since they are parked and come again
 * with the replay that follows the end of its turn. A client that was slow is
 * not waited for the next time either, until it has been quick once. So all that
 * others ever pay for one that blocks is one TURN_WAIT_MS.
 *
 * A client has one turn at a time, and there are never more than clients with a
 * channel: that bounds the work items.
 *
 * No locks: state says whose a turn is.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "nouveau_device.h"
#include "nouveau_fault_priv.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm.h"
#include "nouveau_trace.h"
#include "nouveau_vm.h"
#include "tu102_fault.h"

/* Several times what a large turn takes when nobody blocks. */
#define TURN_WAIT_MS	20
/* Free turns to keep: 100 KiB each. */
#define TURNS_KEEP	4

enum nouveau_turn_state nouveau_fault_turn_state(const struct nouveau_fault_turn *turn)
{
	/* Pairs with the release in turn_work(). */
	return smp_load_acquire(&turn->state);
}

/* What a block's service wrote has to be invalidated; when it is too much, all between. */
static void turn_add_range(struct nouveau_fault_turn *turn, u64 start, u64 end)
{
	struct tu102_tlb_range *last = turn->n_ranges ? &turn->ranges[turn->n_ranges - 1] : NULL;

	if (start == end)
		return;
	if (last && (last->end == start || turn->n_ranges == NOUVEAU_FAULT_TURN_RANGES)) {
		/* Blocks come in ascending order, but a stream may go down. */
		last->start = min(last->start, start);
		last->end = max(last->end, end);
		return;
	}
	turn->ranges[turn->n_ranges++] = (struct tu102_tlb_range){ turn->pdb, start, end };
}

/* Whether service left fault @f unserved, and if so, in its write part only. */
static enum nouveau_turn_verdict turn_judge(const struct nouveau_svm_result *res,
					    const struct nouveau_fault *f, u64 base)
{
	unsigned int page = (f->va - base) >> 12;

	/* A hint of the hardware: nobody waits for it. */
	if (f->access == NOUVEAU_ACCESS_PREFETCH)
		return NOUVEAU_TURN_SERVED;
	if (f->cause != NOUVEAU_CAUSE_MISS || nouveau_mask_test(&res->failed, page))
		return NOUVEAU_TURN_FAILED;
	if (f->access >= NOUVEAU_ACCESS_WRITE && nouveau_mask_test(&res->failed_write, page))
		return NOUVEAU_TURN_FAILED_WRITE;
	return NOUVEAU_TURN_SERVED;
}

/* Groups [first, end), together. */
static void turn_serve(struct nouveau_fault_turn *turn, unsigned int first, unsigned int end)
{
	const struct nouveau_fault_group *g = &turn->batch.group[first];
	unsigned int k, i, n = end - first;

	nouveau_svm_round_begin(turn->round, turn->svm, turn->lone);
	for (k = 0; k < n; k++) {
		const struct nouveau_svm_request req = {
			.base = g[k].base, .read = g[k].read, .write = g[k].write,
			.atomic = g[k].atomic, .prefetch = g[k].prefetch,
		};

		nouveau_svm_round_add(turn->round, &req, &turn->res[k]);
	}
	nouveau_svm_round_end(turn->round);
	for (k = 0; k < n; k++) {
		const struct nouveau_svm_result *res = &turn->res[k];

		turn_add_range(turn, res->start, res->end);
		turn->stale += res->stale;
		for (i = g[k].first; i < g[k].first + g[k].n; i++)
			turn->verdict[i] = turn_judge(res, &turn->batch.fault[i], g[k].base);
	}
}

static void turn_work(struct work_struct *work)
{
	struct nouveau_fault_turn *turn = container_of(work, struct nouveau_fault_turn, work);
	struct nouveau_fault_service *fs = turn->fs;
	struct nouveau_fault_batch *b = &turn->batch;
	u64 start = ktime_get_ns(), ns;
	unsigned int i;

	nouveau_fault_batch_prepare(b);
	for (i = 0; i < b->groups; i += NOUVEAU_FAULT_TURN_GROUPS)
		turn_serve(turn, i, min(b->groups, i + NOUVEAU_FAULT_TURN_GROUPS));
	ns = ktime_get_ns() - start;
	trace_nouveau_batch(turn->svm, b->raw, b->n, b->groups, turn->stale, ns);
	nouveau_svm_set_slow(turn->svm, ns > TURN_WAIT_MS * NSEC_PER_MSEC);
	nouveau_svm_put(turn->svm);
	turn->svm = NULL;
	/* Pairs with nouveau_fault_turn_state(): from here on it is the conductor's. */
	smp_store_release(&turn->state, NOUVEAU_TURN_DONE);
	wake_up(&fs->done);
	/* It may be waiting no longer. */
	queue_work(fs->wq, &fs->work);
}

static void turn_free(struct nouveau_fault_turn *turn)
{
	nouveau_svm_round_del(turn->round);
	kvfree(turn->res);
	kvfree(turn);
}

static struct nouveau_fault_turn *turn_new(struct nouveau_fault_service *fs)
{
	/* Nobody is stuck without: what faulted comes again. */
	struct nouveau_fault_turn *turn = kvzalloc_obj(*turn, GFP_KERNEL | __GFP_NORETRY |
						       __GFP_NOWARN);

	if (!turn)
		return NULL;
	turn->round = nouveau_svm_round_new(fs->ndev);
	turn->res = kvmalloc_objs(*turn->res, NOUVEAU_FAULT_TURN_GROUPS,
				  GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (!turn->round || !turn->res) {
		turn_free(turn);
		return NULL;
	}
	turn->fs = fs;
	INIT_WORK(&turn->work, turn_work);
	list_add(&turn->link, &fs->turns);
	return turn;
}

static void turn_del(struct nouveau_fault_turn *turn)
{
	list_del(&turn->link);
	turn_free(turn);
}

/**
 * nouveau_fault_turn_find - the turn a client has
 * @fs: service
 * @vm: its address space
 *
 * Return: one that is being filled, runs or is done; NULL.
 */
struct nouveau_fault_turn *nouveau_fault_turn_find(struct nouveau_fault_service *fs,
						   const struct nouveau_vm *vm)
{
	struct nouveau_fault_turn *turn;

	list_for_each_entry(turn, &fs->turns, link)
		if (turn->vm == vm && nouveau_fault_turn_state(turn) != NOUVEAU_TURN_FREE)
			return turn;
	return NULL;
}

/**
 * nouveau_fault_turn_get - begin to fill a turn
 * @fs: service
 * @svm: the client, which has no turn; the reference is the turn's now
 * @vm: its address space
 *
 * Return: the turn, NULL without memory: then the reference stays the caller's.
 */
struct nouveau_fault_turn *nouveau_fault_turn_get(struct nouveau_fault_service *fs,
						  struct nouveau_svm_mm *svm,
						  struct nouveau_vm *vm)
{
	struct nouveau_fault_turn *turn, *found = NULL;

	list_for_each_entry(turn, &fs->turns, link) {
		if (nouveau_fault_turn_state(turn) == NOUVEAU_TURN_FREE) {
			found = turn;
			break;
		}
	}
	if (!found)
		found = turn_new(fs);
	if (!found)
		return NULL;
	found->vm = vm;
	found->svm = svm;
	found->pdb = nouveau_pt_root(nouveau_vm_pt(vm));
	found->patient = nouveau_svm_is_slow(svm);
	found->aside = false;
	found->n_ranges = 0;
	found->stale = 0;
	nouveau_fault_batch_reset(&found->batch);
	found->state = NOUVEAU_TURN_FILLING;
	return found;
}

/**
 * nouveau_fault_turn_start - let the work item have it
 * @turn: a filled one
 */
void nouveau_fault_turn_start(struct nouveau_fault_turn *turn)
{
	turn->drained = turn->fs->drained;
	turn->lone = !turn->fs->burst;
	turn->state = NOUVEAU_TURN_RUNNING;
	/* A full barrier: the work item sees all of it. */
	queue_work(turn->fs->turn_wq, &turn->work);
}

static bool turns_any_running(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_turn *turn;

	list_for_each_entry(turn, &fs->turns, link)
		if (!turn->aside && !turn->patient &&
		    nouveau_fault_turn_state(turn) == NOUVEAU_TURN_RUNNING)
			return true;
	return false;
}

void nouveau_fault_turns_wait(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_turn *turn;

	wait_event_timeout(fs->done, !turns_any_running(fs), msecs_to_jiffies(TURN_WAIT_MS));
	list_for_each_entry(turn, &fs->turns, link) {
		if (turn->aside || nouveau_fault_turn_state(turn) != NOUVEAU_TURN_RUNNING)
			continue;
		turn->aside = true;
		nouveau_stat_inc(&fs->ndev->stats, NOUVEAU_STAT_TURN_ASIDE);
	}
}

struct nouveau_fault_turn *nouveau_fault_turn_done(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_turn *turn;

	list_for_each_entry(turn, &fs->turns, link)
		if (nouveau_fault_turn_state(turn) == NOUVEAU_TURN_DONE)
			return turn;
	return NULL;
}

/**
 * nouveau_fault_turn_put - a turn's results are dealt with
 * @turn: one that is done
 */
void nouveau_fault_turn_put(struct nouveau_fault_turn *turn)
{
	struct nouveau_fault_service *fs = turn->fs;
	struct nouveau_fault_turn *other;
	unsigned int unused = 0;

	turn->state = NOUVEAU_TURN_FREE;
	turn->vm = NULL;
	list_for_each_entry(other, &fs->turns, link)
		unused += nouveau_fault_turn_state(other) == NOUVEAU_TURN_FREE;
	if (unused > TURNS_KEEP)
		turn_del(turn);
}

/* None runs, and none is started any more. */
void nouveau_fault_turns_fini(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_turn *turn, *tmp;

	list_for_each_entry_safe(turn, tmp, &fs->turns, link)
		turn_del(turn);
}
