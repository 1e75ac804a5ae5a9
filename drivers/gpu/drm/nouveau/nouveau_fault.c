// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The conductor. One work item per GPU takes faults out of both buffers, deals
 * them out to the clients they are of, and lets the GPU go on:
 *
 *   nouveau_fault_drain.c  out of the rings (tu102_fault.c), to
 *   nouveau_fault_turn.c   a turn per client, each in a work item of its own:
 *     nouveau_fault_batch.c  merge duplicates, group by 2 MiB block
 *     nouveau_svm_policy.c   decide, by way of nouveau_svm.c, which then
 *     nouveau_dmem*.c        moves pages to VRAM and
 *     nouveau_svm_map.c      walks what the process has, which
 *     nouveau_svm_commit.c   maps
 *   tu102_tlb.c            invalidate and replay, once per batch
 *   nouveau_fault_fatal.c  cancel what can't be served, kill its channel
 *
 * Liveness: a packet that is taken is served, and its batch ends in a replay or a
 * cancel, which replays as well; or it is dropped because a replay is certain to
 * follow: its client has a turn running or more faults than its share. A batch
 * of nothing but dropped packets makes no replay, so a client that blocks costs
 * the others one packet per parked access and replay of theirs, and no storm.
 *
 * Fairness: as long as one client faults it has the whole batch. When others do
 * as well, each has an equal share of it, whatever the order in the ring.
 *
 * No locks are held here at all.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_print.h>

#include "nouveau_chan.h"
#include "nouveau_device.h"
#include "nouveau_fault_priv.h"
#include "nouveau_fault_service.h"
#include "nouveau_stats.h"
#include "nouveau_trace.h"
#include "tu102_fault.h"

#define BATCHES_PER_WAKE	20u
/* An interrupt without a packet, an overflow while clients block. */
#define AGAIN_MS		4

/* ---- turns: started, collected --------------------------------------------------- */

static void service_start(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_turn *turn;
	bool any = false;

	fs->clients = 0;
	list_for_each_entry(turn, &fs->turns, link) {
		enum nouveau_turn_state state = nouveau_fault_turn_state(turn);

		fs->clients += state != NOUVEAU_TURN_FREE;
		if (state != NOUVEAU_TURN_FILLING)
			continue;
		nouveau_fault_turn_start(turn);
		any = true;
	}
	if (any || fs->refused.n) {
		fs->batches++;
		fs->burst++;
		nouveau_stat_inc(&fs->ndev->stats, NOUVEAU_STAT_BATCH);
	}
}

/* Remember what to invalidate with the replay; what there is no room for, at once. */
static void collect_ranges(struct nouveau_fault_service *fs, const struct nouveau_fault_turn *turn)
{
	unsigned int i;

	for (i = 0; i < turn->n_ranges; i++) {
		const struct tu102_tlb_range *r = &turn->ranges[i];

		if (fs->n_ranges < NOUVEAU_FAULT_RANGES)
			fs->ranges[fs->n_ranges++] = *r;
		else
			tu102_tlb_invalidate(fs->ndev, r->pdb, r->start, r->end, 0);
	}
}

/* Before anything may use what was mapped and does not wait for the replay. */
static void service_invalidate(struct nouveau_fault_service *fs)
{
	unsigned int i;

	for (i = 0; i < fs->n_ranges; i++)
		tu102_tlb_invalidate(fs->ndev, fs->ranges[i].pdb, fs->ranges[i].start,
				     fs->ranges[i].end, 0);
	fs->n_ranges = 0;
}

/* @drained: when the packet was taken. */
static void fault_failed(struct nouveau_fault_service *fs, const struct nouveau_fault *f,
			 bool write_only, u32 drained)
{
	struct nouveau_chan *chan = nouveau_chan_find_fault(fs->ndev, f->inst, f->timestamp);

	if (f->replayable)
		nouveau_fault_failed(fs, chan, f, write_only, drained == fs->emptied);
	else
		nouveau_fault_fatal(fs, chan, f, write_only);
	nouveau_chan_put(chan);
}

/* Copy engines and host: the channel was switched out and waits to be let go on. */
static void collect_resume(struct nouveau_fault_service *fs, const struct nouveau_fault_turn *turn,
			   const struct nouveau_fault_group *g)
{
	struct nouveau_chan *chan =
		nouveau_chan_find_fault(fs->ndev, g->inst,
					turn->batch.fault[g->first].timestamp);
	bool ce = false, pbdma = false;
	unsigned int i;

	if (!chan)
		return;
	for (i = g->first; i < g->first + g->n; i++) {
		if (turn->verdict[i] != NOUVEAU_TURN_SERVED)
			goto out;
		ce |= tu102_fault_is_ce(&turn->batch.fault[i]);
		pbdma |= tu102_fault_is_pbdma(&turn->batch.fault[i]);
	}
	service_invalidate(fs);
	if (ce)
		nouveau_chan_resume_faulted(chan, false);
	if (pbdma)
		nouveau_chan_resume_faulted(chan, true);
out:
	nouveau_chan_put(chan);
}

static void service_collect(struct nouveau_fault_service *fs,
			    const struct nouveau_fault_turn *turn)
{
	const struct nouveau_fault_batch *b = &turn->batch;
	struct nouveau_stats *stats = &fs->ndev->stats;
	unsigned int i;

	nouveau_stat_add(stats, NOUVEAU_STAT_FAULT_DUPLICATE, b->raw - b->n);
	nouveau_stat_add(stats, NOUVEAU_STAT_FAULT_STALE, turn->stale);
	collect_ranges(fs, turn);
	for (i = 0; i < b->n; i++) {
		if (turn->verdict[i] == NOUVEAU_TURN_SERVED)
			nouveau_fault_acquit(fs, &b->fault[i]);
		else
			fault_failed(fs, &b->fault[i],
				     turn->verdict[i] == NOUVEAU_TURN_FAILED_WRITE,
				     turn->drained);
	}
	for (i = 0; i < b->groups; i++) {
		if (b->group[i].replayable)
			fs->served = true;
		else
			collect_resume(fs, turn, &b->group[i]);
	}
}

static void service_refused(struct nouveau_fault_service *fs)
{
	unsigned int i;

	nouveau_fault_batch_prepare(&fs->refused);
	for (i = 0; i < fs->refused.n; i++) {
		const struct nouveau_fault *f = &fs->refused.fault[i];

		/* A hint of the hardware: nobody waits for it. */
		if (f->access == NOUVEAU_ACCESS_PREFETCH)
			continue;
		fault_failed(fs, f, false, fs->drained);
		fs->served |= f->replayable;
	}
}

/* ---- replay -------------------------------------------------------------------- */

static void service_replay(struct nouveau_fault_service *fs, bool wait_all)
{
	int err = tu102_tlb_replay(fs->ndev, fs->ranges, fs->n_ranges, wait_all);

	trace_nouveau_replay(fs->n_ranges, wait_all, err);
	if (err)
		drm_err_ratelimited(&fs->ndev->drm, "replay: %pe\n", ERR_PTR(err));
	fs->owed = false;
	fs->replays++;
}

/*
 * A cancel needs a fresh packet: what is in the ring now may have been solved
 * by this batch or by an earlier one. Empty the ring, replay, and wait for the
 * replay to be through: what comes in then is true, until the next replay.
 */
static void service_finish(struct nouveau_fault_service *fs)
{
	bool late = fs->owed && fs->again_ran;

	fs->again_ran = false;
	fs->served |= fs->postponed;
	fs->postponed = false;
	/* All of it was stale, and more is there: one replay will do for both. */
	if (fs->served && !fs->n_ranges && !fs->suspected && !fs->cancelled &&
	    tu102_fault_is_pending(fs->hw, TU102_FAULT_REPLAYABLE)) {
		fs->postponed = true;
		return;
	}
	if (fs->suspected) {
		tu102_fault_discard(fs->hw);
		service_replay(fs, true);
		fs->emptied = fs->replays;
	} else if (fs->cancelled) {
		fs->owed = false;
	} else if (fs->served || late) {
		service_replay(fs, false);
	}
	/*
	 * What an overflow dropped shows up after a replay only. Clients that
	 * block may have it overflow every time: not at once.
	 */
	if (tu102_fault_test_clear_dropped(fs->hw) && !fs->served && !late)
		fs->owed = true;
}

/* ---- the work item ------------------------------------------------------------- */

/* One batch. Returns false when there was nothing to do. */
static bool service_batch(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_turn *turn;
	bool any;

	fs->n_ranges = 0;
	fs->suspected = 0;
	fs->cancelled = 0;
	fs->served = false;
	any = nouveau_fault_drain(fs);
	service_start(fs);
	nouveau_fault_turns_wait(fs);
	while ((turn = nouveau_fault_turn_done(fs))) {
		service_collect(fs, turn);
		nouveau_fault_turn_put(turn);
		any = true;
	}
	service_refused(fs);
	service_finish(fs);
	return any;
}

/*
 * What was replayed goes on and soon misses the next page. Until then the
 * interrupt is held; a few looks at memory spare the register accesses of
 * letting it go and taking it again. The other buffer has no such hurry: what
 * kills a channel may leave its other accesses the time to be done.
 */
static void service_linger(struct nouveau_fault_service *fs)
{
	u32 nap = nouveau_fault_linger_nap_us(&fs->linger);
	u64 limit;

	fs->ended_ns = ktime_get_ns();
	limit = fs->ended_ns + nouveau_fault_linger_us(&fs->linger) * NSEC_PER_USEC;
	do {
		if (READ_ONCE(fs->stopping) || nouveau_fault_turn_done(fs) ||
		    tu102_fault_is_pending(fs->hw, TU102_FAULT_REPLAYABLE))
			return;
		usleep_range(nap, nap + nap / 2);
	} while (ktime_get_ns() < limit);
	tu102_tlb_settle(fs->ndev);
}

/* False when there is something after all. */
static bool service_idle(struct nouveau_fault_service *fs)
{
	fs->burst = 0;
	return tu102_fault_idle(fs->hw);
}

static void service_work(struct work_struct *work)
{
	struct nouveau_fault_service *fs = container_of(work, struct nouveau_fault_service, work);
	unsigned int budget = BATCHES_PER_WAKE;

	while (!READ_ONCE(fs->stopping)) {
		if (service_batch(fs))
			service_linger(fs);
		else if (service_idle(fs))
			break;
		if (!--budget) {
			queue_work(fs->wq, &fs->work);
			return;
		}
		cond_resched();
	}
	if (!READ_ONCE(fs->stopping) && (fs->owed || tu102_fault_is_announced(fs->hw)))
		queue_delayed_work(fs->wq, &fs->again, msecs_to_jiffies(AGAIN_MS));
}

static void service_again(struct work_struct *work)
{
	struct nouveau_fault_service *fs = container_of(to_delayed_work(work),
							struct nouveau_fault_service, again);

	/* The same ordered queue as service_work(): never beside it. */
	fs->sure = true;
	fs->again_ran = true;
	service_work(&fs->work);
}

/* Hard interrupt: there may be faults. */
static void service_notify(void *data)
{
	struct nouveau_fault_service *fs = data;

	queue_work(fs->wq, &fs->work);
}

/**
 * nouveau_fault_init - start serving faults
 * @ndev: the GPU: BAR2, interrupts, TLB maintenance and channels work
 *
 * Return: 0 or an errno.
 */
int nouveau_fault_init(struct nouveau_device *ndev)
{
	struct nouveau_fault_service *fs = kvzalloc_obj(*fs);
	int err = -ENOMEM;

	if (!fs)
		return -ENOMEM;
	fs->ndev = ndev;
	INIT_WORK(&fs->work, service_work);
	INIT_DELAYED_WORK(&fs->again, service_again);
	INIT_LIST_HEAD(&fs->turns);
	init_waitqueue_head(&fs->done);
	/* One at a time; it never sleeps for long. */
	fs->wq = alloc_ordered_workqueue("nouveau-fault", WQ_HIGHPRI);
	if (!fs->wq)
		goto err_free;
	/* As many at a time as there are: each may sleep for ever. */
	fs->turn_wq = alloc_workqueue("nouveau-svm", WQ_UNBOUND | WQ_HIGHPRI, WQ_MAX_ACTIVE);
	if (!fs->turn_wq)
		goto err_wq;
	fs->hw = tu102_fault_new(ndev, service_notify, fs);
	if (IS_ERR(fs->hw)) {
		err = PTR_ERR(fs->hw);
		goto err_turn_wq;
	}
	ndev->fault = fs;
	return 0;

err_turn_wq:
	destroy_workqueue(fs->turn_wq);
err_wq:
	destroy_workqueue(fs->wq);
err_free:
	kvfree(fs);
	return err;
}

/**
 * nouveau_fault_fini - stop serving faults
 * @ndev: the GPU
 *
 * Waits for turns in progress.
 */
void nouveau_fault_fini(struct nouveau_device *ndev)
{
	struct nouveau_fault_service *fs = ndev->fault;

	if (!fs)
		return;
	ndev->fault = NULL;
	/* The rings stay until the work that reads them is over. */
	tu102_fault_stop(fs->hw);
	WRITE_ONCE(fs->stopping, true);
	cancel_work_sync(&fs->work);
	cancel_delayed_work_sync(&fs->again);
	/* Turns that end kick the conductor, which does nothing any more. */
	flush_workqueue(fs->turn_wq);
	cancel_work_sync(&fs->work);
	nouveau_fault_turns_fini(fs);
	tu102_fault_del(fs->hw);
	destroy_workqueue(fs->turn_wq);
	destroy_workqueue(fs->wq);
	kvfree(fs);
}

/**
 * nouveau_fault_debugfs_show - fault rings, turns and suspects
 * @ndev: the GPU
 * @m: output
 */
void nouveau_fault_debugfs_show(struct nouveau_device *ndev, struct seq_file *m)
{
	struct nouveau_fault_service *fs = ndev->fault;

	if (!fs)
		return;
	seq_printf(m, "batches %u clients %u share %u suspects %u kept %u\n", fs->batches,
		   fs->clients, fs->share, fs->n_suspects, fs->n_kept);
	tu102_fault_debugfs_show(fs->hw, m);
}
