// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Faults nobody can serve: cancel the access, kill the channel, say why.
 *
 * An SM's access stays parked until somebody decides. It is cancelled by
 * address and kind of access, which leaves every other access on the GPU alone,
 * and comes back as a non-replayable fault; that is what kills the channel.
 *
 * A packet may be older than the mapping that solved it, and that mapping gone
 * again: the GPU was done and the process unmapped the memory. So a failure only
 * raises suspicion. nouveau_fault.c then empties the ring and waits for a replay:
 * a packet that is there after it, and before another replay, is of an access that
 * is parked while it is being judged. If that fails too it is real. Any later
 * packet may be stale again, and is one more suspicion; a success ends them all.
 */
#include <drm/drm_print.h>
#include <drm/nouveau_drm.h>

#include "nouveau_chan.h"
#include "nouveau_device.h"
#include "nouveau_fault_priv.h"
#include "nouveau_log.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"
#include "nouveau_vm.h"
#include "tu102_fault.h"

/*
 * Batches a suspicion holds. After the replay that follows it, a whole ring of
 * other faults may come first.
 */
#define SUSPECT_BATCHES		64
/* Failures in a row that convict all the same: of a client too slow for its batch. */
#define FAILURES_MAX		8
/* Cancels of one page that may find nothing before the channel goes anyway. */
#define CANCELS_MAX		4

static struct nouveau_fault_suspect *suspect_find(struct nouveau_fault_service *fs,
						  const struct nouveau_fault *f)
{
	unsigned int i;

	for (i = 0; i < fs->n_suspects; i++) {
		struct nouveau_fault_suspect *s = &fs->suspects[i];

		if (s->inst == f->inst && s->va == f->va && (s32)(s->expires - fs->batches) >= 0)
			return s;
	}
	return NULL;
}

static void suspect_add(struct nouveau_fault_service *fs, const struct nouveau_fault *f)
{
	unsigned int i, at = 0;

	/* An expired one first; else the oldest, which is no worse than forgetting. */
	for (i = 0; i < fs->n_suspects; i++)
		if ((s32)(fs->suspects[i].expires - fs->suspects[at].expires) < 0)
			at = i;
	if (fs->n_suspects < NOUVEAU_FAULT_BATCH_MAX &&
	    (!fs->n_suspects || (s32)(fs->suspects[at].expires - fs->batches) >= 0))
		at = fs->n_suspects++;
	fs->suspects[at] = (struct nouveau_fault_suspect){
		.inst = f->inst, .va = f->va, .expires = fs->batches + SUSPECT_BATCHES,
		.access = f->access, .failures = 1, .time = f->timestamp,
	};
}

/* Whether an access of that channel was cancelled, and so reported, lately. */
static bool inst_is_convicted(const struct nouveau_fault_service *fs, u64 inst)
{
	unsigned int i;

	for (i = 0; i < fs->n_suspects; i++)
		if (fs->suspects[i].inst == inst && fs->suspects[i].cancels)
			return true;
	return false;
}

/* Whether this very access was. */
static bool suspect_is_convicted(struct nouveau_fault_service *fs, const struct nouveau_fault *f)
{
	const struct nouveau_fault_suspect *s = suspect_find(fs, f);

	return s && s->cancels;
}

/* The channel is dead; its instance block may soon be another one's. */
static void suspects_drop(struct nouveau_fault_service *fs, u64 inst)
{
	unsigned int i;

	for (i = 0; i < fs->n_suspects; i++) {
		if (fs->suspects[i].inst != inst)
			continue;
		fs->suspects[i--] = fs->suspects[--fs->n_suspects];
	}
}

/*
 * What is suspected of the channel that had the instance block before: its last
 * packets may be found when it is gone, and then say nothing of the new one.
 */
static void suspects_drop_older(struct nouveau_fault_service *fs, const struct nouveau_chan *chan,
				u64 inst)
{
	unsigned int i;

	for (i = 0; i < fs->n_suspects; i++) {
		const struct nouveau_fault_suspect *s = &fs->suspects[i];

		if (s->inst == inst && s->time < nouveau_chan_born(chan))
			fs->suspects[i--] = fs->suspects[--fs->n_suspects];
	}
}

/* For whoever made the access. */
static void fault_log(struct nouveau_chan *chan, const struct nouveau_fault *f, bool write_only,
		      u8 action)
{
	struct drm_nouveau_fault_entry e = {
		.va = f->va,
		.gpu_time = f->timestamp,
		.channel = nouveau_chan_id(chan),
		.access = f->access,
		.cause = f->cause != NOUVEAU_CAUSE_MISS ? NOUVEAU_FAULT_CAUSE_HARDWARE :
			 write_only ? NOUVEAU_FAULT_CAUSE_READ_ONLY :
			 NOUVEAU_FAULT_CAUSE_NO_MEMORY,
		.action = action,
		.type = f->hw.type,
		.engine = f->hw.engine,
		.unit = f->hw.client,
		.gpc = f->hw.hub ? 0xff : f->hw.gpc,
	};

	static_assert(NOUVEAU_FAULT_ACCESS_READ == (int)NOUVEAU_ACCESS_READ);
	static_assert(NOUVEAU_FAULT_ACCESS_WRITE == (int)NOUVEAU_ACCESS_WRITE);
	static_assert(NOUVEAU_FAULT_ACCESS_ATOMIC == (int)NOUVEAU_ACCESS_ATOMIC);
	tu102_fault_client_name(f, e.client, sizeof(e.client));
	nouveau_log_add(nouveau_vm_log(nouveau_chan_vm(chan)), &e);
}

/* For the administrator: one line a channel, and not too many of them. */
static void fault_report(struct nouveau_fault_service *fs, struct nouveau_chan *chan,
			 const struct nouveau_fault *f)
{
	char client[24];

	if (inst_is_convicted(fs, f->inst) || !nouveau_chan_may_report(fs->ndev))
		return;
	tu102_fault_client_name(f, client, sizeof(client));
	dev_notice(fs->ndev->drm.dev,
		   "channel %u (%s): fatal fault: va 0x%llx %s client %s cause %s\n",
		   nouveau_chan_id(chan), nouveau_chan_name(chan), f->va,
		   tu102_fault_access_name(f), client, tu102_fault_type_name(f));
}

/**
 * nouveau_fault_fatal - the access is lost: its channel dies
 * @fs: service
 * @chan: its channel, NULL when there is none any more
 * @f: the fault
 * @write_only: reading works
 *
 * Accesses of a channel that is being torn down end here as well, and are
 * nobody's concern.
 */
void nouveau_fault_fatal(struct nouveau_fault_service *fs, struct nouveau_chan *chan,
			 const struct nouveau_fault *f, bool write_only)
{
	nouveau_stat_inc(&fs->ndev->stats, NOUVEAU_STAT_FAULT_FATAL);
	if (chan)
		suspects_drop_older(fs, chan, f->inst);
	if (chan && !nouveau_chan_is_dead(chan)) {
		fault_report(fs, chan, f);
		/* The access of a suspect is in the log since it was cancelled. */
		if (!suspect_is_convicted(fs, f))
			fault_log(chan, f, write_only, NOUVEAU_FAULT_ACTION_KILLED);
		nouveau_chan_kill(chan, -EFAULT);
	}
	suspects_drop(fs, f->inst);
}

/*
 * Take the parked accesses to the page away from the SMs. Reads go on where
 * only writing is forbidden: they are served, and this replays them.
 */
static void fault_cancel(struct nouveau_fault_service *fs, struct nouveau_chan *chan,
			 const struct nouveau_fault *f, bool write_only)
{
	u64 pdb = nouveau_pt_root(nouveau_vm_pt(nouveau_chan_vm(chan)));
	unsigned int i;
	int err;

	/* What this batch mapped must be visible: a cancel replays everything else. */
	for (i = 0; i < fs->n_ranges; i++)
		tu102_tlb_invalidate(fs->ndev, fs->ranges[i].pdb, fs->ranges[i].start,
				     fs->ranges[i].end, 0);
	fs->n_ranges = 0;
	fs->replays++;
	trace_nouveau_cancel(nouveau_chan_id(chan), f, !write_only);
	err = tu102_tlb_cancel_va(fs->ndev, pdb, f->va, f->hw.engine,
				  write_only ? TU102_CANCEL_WRITE_AND_ATOMIC : TU102_CANCEL_ALL);
	if (err)
		drm_err_ratelimited(&fs->ndev->drm, "cancel of 0x%llx: %pe\n", f->va, ERR_PTR(err));
	fs->cancelled++;
}

/**
 * nouveau_fault_acquit - a fault was served, or had been
 * @fs: service
 * @f: the fault
 *
 * Whatever failed there before was of another time.
 */
void nouveau_fault_acquit(struct nouveau_fault_service *fs, const struct nouveau_fault *f)
{
	struct nouveau_fault_suspect *s = suspect_find(fs, f);

	/* Reads go on where writes fail; what was cancelled has been judged. */
	if (s && f->replayable && f->access >= s->access && !s->cancels)
		*s = fs->suspects[--fs->n_suspects];
}

/**
 * nouveau_fault_failed - a replayable fault could not be served
 * @fs: service
 * @chan: its channel, NULL when there is none any more
 * @f: the fault
 * @write_only: reading works
 * @parked: the access is certainly waiting, the packet not stale
 *
 * Suspect it, or cancel it if it was suspected before. Accesses of a channel
 * that is dead already have no second chance coming.
 */
void nouveau_fault_failed(struct nouveau_fault_service *fs, struct nouveau_chan *chan,
			  const struct nouveau_fault *f, bool write_only, bool parked)
{
	struct nouveau_fault_suspect *s;

	/* Without its address space nothing can be cancelled; the replay retries it. */
	if (!chan)
		return;
	if (nouveau_chan_is_dead(chan)) {
		fault_cancel(fs, chan, f, false);
		return;
	}
	suspects_drop_older(fs, chan, f->inst);
	s = suspect_find(fs, f);
	if (!s) {
		suspect_add(fs, f);
		fs->suspected++;
		return;
	}
	if (!parked && ++s->failures < FAILURES_MAX) {
		s->expires = fs->batches + SUSPECT_BATCHES;
		fs->suspected++;
		return;
	}
	/*
	 * Said here, where the packet is at hand: the SM may report its own error
	 * and have the channel killed before the cancelled access comes back.
	 */
	fault_report(fs, chan, f);
	if (!s->cancels)
		fault_log(chan, f, write_only, NOUVEAU_FAULT_ACTION_CANCELLED);
	fault_cancel(fs, chan, f, write_only);
	s->expires = fs->batches + SUSPECT_BATCHES;
	if (++s->cancels >= CANCELS_MAX)
		nouveau_fault_fatal(fs, chan, f, write_only);
}
