// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Out of the rings, to whoever is to serve it: the first step of a batch.
 *
 * A packet goes to the turn of its client, as long as that has less than its share,
 * or is deferred (dropped, when a replay is certain to bring it again), or nobody can
 * serve it.
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include <drm/drm_print.h>

#include "nouveau_chan.h"
#include "nouveau_device.h"
#include "nouveau_fault_priv.h"
#include "nouveau_stats.h"
#include "nouveau_svm.h"
#include "tu102_fault.h"

/* Packets looked at per batch to find other clients', taken or not. */
#define LOOK_AHEAD		1024u
#define SHARE_MIN		16u

/* It will come again: not a replayable one that is parked, though. */
static void fault_defer(struct nouveau_fault_service *fs, const struct nouveau_fault *f)
{
	if (f->replayable)
		nouveau_stat_inc(&fs->ndev->stats, NOUVEAU_STAT_FAULT_DEFERRED);
	else if (fs->n_kept < ARRAY_SIZE(fs->kept))
		fs->kept[fs->n_kept++] = *f;
	else
		drm_err_ratelimited(&fs->ndev->drm, "fault of va 0x%llx lost\n", f->va);
}

/* Nobody can serve it; dealt with when the batch is over. */
static void fault_refuse(struct nouveau_fault_service *fs, const struct nouveau_fault *f)
{
	if (nouveau_fault_batch_add(&fs->refused, f))
		return;
	/* The others are enough to bring about a replay or a cancel. */
	fault_defer(fs, f);
}

static void fault_to_client(struct nouveau_fault_service *fs, const struct nouveau_fault *f,
			    struct nouveau_vm *vm)
{
	struct nouveau_fault_turn *turn = nouveau_fault_turn_find(fs, vm);

	if (!turn) {
		struct nouveau_svm_mm *svm = nouveau_svm_get(vm);

		if (!svm) {
			fault_refuse(fs, f);
			return;
		}
		turn = nouveau_fault_turn_get(fs, svm, vm);
		if (!turn) {
			nouveau_svm_put(svm);
			/* No memory, and no turn whose end would replay it. */
			fs->owed = true;
		}
	}
	if (!turn || turn->state != NOUVEAU_TURN_FILLING ||
	    (f->replayable && turn->batch.n >= fs->share) ||
	    !nouveau_fault_batch_add(&turn->batch, f)) {
		fault_defer(fs, f);
		return;
	}
	fs->taken++;
}

/*
 * A non-replayable fault is serviceable only where the hardware keeps the
 * access: copy engines and host switch the channel out. From anyone else,
 * cancelled accesses included, the access is gone.
 */
static bool fault_is_lost(const struct nouveau_fault *f)
{
	return f->cause != NOUVEAU_CAUSE_MISS ||
	       (!f->replayable && !tu102_fault_is_ce(f) && !tu102_fault_is_pbdma(f));
}

static void fault_deal(struct nouveau_fault_service *fs, struct nouveau_fault *f)
{
	struct nouveau_chan *chan = nouveau_chan_find_fault(fs->ndev, f->inst, f->timestamp);

	/* The channel is gone, and its accesses with it. */
	if (!chan)
		return;
	if (f->access == NOUVEAU_ACCESS_PREFETCH)
		nouveau_stat_inc(&fs->ndev->stats, NOUVEAU_STAT_FAULT_PREFETCH);
	if (!f->replayable)
		nouveau_stat_inc(&fs->ndev->stats, NOUVEAU_STAT_FAULT_NONREPLAYABLE);
	if (fault_is_lost(f)) {
		f->cause = NOUVEAU_CAUSE_FATAL;
		fault_refuse(fs, f);
	} else if (nouveau_chan_is_dead(chan)) {
		fault_refuse(fs, f);
	} else {
		fault_to_client(fs, f, nouveau_chan_vm(chan));
	}
	nouveau_chan_put(chan);
}

/* Whether further down in the ring there are faults of one who has no turn. */
static bool others_wait(struct nouveau_fault_service *fs)
{
	u64 inst, known = 0;
	unsigned int i;

	for (i = 0; i < LOOK_AHEAD && tu102_fault_ahead(fs->hw, TU102_FAULT_REPLAYABLE, i, &inst);
	     i++) {
		struct nouveau_chan *chan;
		bool other;

		if (inst == known)
			continue;
		known = inst;
		chan = nouveau_chan_find_inst(fs->ndev, inst);
		other = chan && !nouveau_fault_turn_find(fs, nouveau_chan_vm(chan));
		nouveau_chan_put(chan);
		if (other)
			return true;
	}
	return false;
}

/* What was kept first; those who are still busy keep theirs. */
static void drain_kept(struct nouveau_fault_service *fs)
{
	unsigned int i, n = fs->n_kept;

	fs->n_kept = 0;
	/* Dealing puts at most as many back as were taken. */
	for (i = 0; i < n; i++) {
		struct nouveau_fault f = fs->kept[i];

		fault_deal(fs, &f);
	}
}

/**
 * nouveau_fault_drain - fill the turns of a batch
 * @fs: the conductor
 *
 * Return: how many packets were taken out of the rings.
 */
unsigned int nouveau_fault_drain(struct nouveau_fault_service *fs)
{
	unsigned int limit = clamp(nouveau_svm_batch_faults(fs->ndev), 1u,
				   NOUVEAU_FAULT_BATCH_MAX);
	bool sure = xchg(&fs->sure, false);
	u64 now = ktime_get_ns();
	struct nouveau_fault f;
	unsigned int n = 0;

	nouveau_fault_batch_reset(&fs->refused);
	fs->drained = fs->replays;
	fs->taken = 0;
	fs->limit = limit;
	fs->share = min(max(limit / max(fs->clients, 1u), SHARE_MIN), limit);
	drain_kept(fs);
	while (n < NOUVEAU_FAULT_BATCH_MAX && fs->n_kept < ARRAY_SIZE(fs->kept) &&
	       tu102_fault_next(fs->hw, TU102_FAULT_NON_REPLAYABLE, &f, sure)) {
		fault_deal(fs, &f);
		n++;
	}
	while (n < LOOK_AHEAD) {
		if (fs->taken >= limit) {
			/* Room for those who come late, and only for them. */
			fs->share = min(fs->share, max(limit / 2, 1u));
			if (!others_wait(fs))
				break;
		}
		if (!tu102_fault_next(fs->hw, TU102_FAULT_REPLAYABLE, &f, sure))
			break;
		fault_deal(fs, &f);
		n++;
	}
	tu102_fault_taken(fs->hw);
	if (n)
		nouveau_fault_linger_seen(&fs->linger, div_u64(now - fs->ended_ns, NSEC_PER_USEC));
	return n;
}
