// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The conductor. One work item per GPU takes faults out of both buffers and has
 * them served, batch by batch:
 *
 *   tu102_fault.c          drain the ring
 *   nouveau_fault_batch.c  merge duplicates, group by 2 MiB block
 *   nouveau_svm_policy.c   decide, by way of nouveau_svm.c, which then
 *   nouveau_dmem*.c        moves pages to VRAM and
 *   nouveau_svm_map.c      maps what the process has
 *   tu102_tlb.c            invalidate and replay, once per batch
 *   nouveau_fault_fatal.c  cancel what can't be served, kill its channel
 *
 * Liveness: every batch ends in a replay or a cancel, which replays as well, so
 * that nothing stays parked for want of one. A wake-up is bounded in batches
 * and then queued again behind other work; within a batch address spaces take
 * turns to be first. No locks are held here at all.
 */
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "nouveau_chan.h"
#include "nouveau_device.h"
#include "nouveau_fault_priv.h"
#include "nouveau_fault_service.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm.h"
#include "nouveau_trace.h"
#include "nouveau_vm.h"
#include "tu102_fault.h"

#define BATCHES_PER_WAKE	20u

/* Remember what to invalidate; when it is too much, the whole space it is. */
static void service_add_range(struct nouveau_fault_service *fs, struct nouveau_vm *vm, u64 start,
			      u64 end)
{
	u64 pdb = nouveau_pt_root(nouveau_vm_pt(vm));
	struct tu102_tlb_range *last = fs->n_ranges ? &fs->ranges[fs->n_ranges - 1] : NULL;

	if (start == end)
		return;
	if (last && last->pdb == pdb &&
	    (last->end == start || fs->n_ranges == NOUVEAU_FAULT_RANGES)) {
		last->end = end;
		return;
	}
	if (fs->n_ranges == NOUVEAU_FAULT_RANGES) {
		/* No room for another address space: spend a separate invalidate. */
		tu102_tlb_invalidate(fs->ndev, pdb, start, end, 0);
		return;
	}
	fs->ranges[fs->n_ranges++] = (struct tu102_tlb_range){ pdb, start, end };
}

/* Whether service left fault @f unserved, and if so, in its write part only. */
static bool fault_unserved(const struct nouveau_svm_result *res, const struct nouveau_fault *f,
			   u64 base, bool *write_only)
{
	unsigned int page = (f->va - base) >> 12;

	*write_only = nouveau_mask_test(&res->failed_write, page);
	if (f->cause != NOUVEAU_CAUSE_MISS || nouveau_mask_test(&res->failed, page)) {
		*write_only = false;
		return true;
	}
	return *write_only && f->access >= NOUVEAU_ACCESS_WRITE;
}

/* Serve one block; false when the faulting engine must not be let go on. */
static bool service_group(struct nouveau_fault_service *fs, const struct nouveau_fault_group *g)
{
	struct nouveau_svm_request req = {
		.base = g->base, .read = g->read, .write = g->write, .atomic = g->atomic,
		.prefetch = g->prefetch,
	};
	struct nouveau_chan *chan = nouveau_chan_find_inst(fs->ndev, g->inst);
	struct nouveau_svm_mm *svm = NULL;
	struct nouveau_svm_result res = { };
	bool ok = true, write_only;
	unsigned int i;

	if (chan && !nouveau_chan_is_dead(chan))
		svm = nouveau_svm_get(nouveau_chan_vm(chan));
	if (svm) {
		nouveau_svm_service(svm, &req, fs->scratch, &res);
		service_add_range(fs, nouveau_chan_vm(chan), res.start, res.end);
		nouveau_svm_put(svm);
	} else {
		res.failed = nouveau_mask_range(0, NOUVEAU_BLOCK_PAGES);
	}

	for (i = g->first; i < g->first + g->n; i++) {
		const struct nouveau_fault *f = &fs->batch.fault[i];

		if (f->access == NOUVEAU_ACCESS_PREFETCH ||
		    !fault_unserved(&res, f, g->base, &write_only))
			continue;
		ok = false;
		if (g->replayable)
			nouveau_fault_failed(fs, chan, f, write_only);
		else
			nouveau_fault_fatal(fs, chan, f);
	}
	if (chan)
		nouveau_chan_put(chan);
	return ok;
}

static void batch_account(struct nouveau_fault_service *fs, bool replayable)
{
	struct nouveau_fault_batch *b = &fs->batch;
	struct nouveau_stats *stats = &fs->ndev->stats;
	unsigned int i;

	nouveau_fault_batch_prepare(b);
	fs->batches++;
	fs->n_ranges = 0;
	fs->suspected = 0;
	fs->cancelled = 0;
	nouveau_stat_inc(stats, NOUVEAU_STAT_BATCH);
	nouveau_stat_add(stats, NOUVEAU_STAT_FAULT_DUPLICATE, b->raw - b->n);
	if (!replayable)
		nouveau_stat_add(stats, NOUVEAU_STAT_FAULT_NONREPLAYABLE, b->raw);
	for (i = 0; i < b->n; i++)
		if (b->fault[i].access == NOUVEAU_ACCESS_PREFETCH)
			nouveau_stat_inc(stats, NOUVEAU_STAT_FAULT_PREFETCH);
	trace_nouveau_batch(b->raw, b->n, b->groups, replayable);
}

/* The group to begin with: the address space after the one that was first last time. */
static unsigned int batch_first_group(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_batch *b = &fs->batch;
	unsigned int i;

	for (i = 0; i < b->groups; i++)
		if (b->group[i].inst > fs->last_inst)
			break;
	if (i == b->groups)
		i = 0;
	fs->last_inst = b->group[i].inst;
	return i;
}

static void service_replay(struct nouveau_fault_service *fs, bool wait_all)
{
	int err = tu102_tlb_replay(fs->ndev, fs->ranges, fs->n_ranges, wait_all);

	trace_nouveau_replay(fs->n_ranges, wait_all, err);
	if (err)
		drm_err_ratelimited(&fs->ndev->drm, "replay: %pe\n", ERR_PTR(err));
}

/*
 * A cancel needs a fresh packet: what is in the ring now may have been solved
 * by this batch or by an earlier one. Empty the ring, replay, and wait for the
 * replay to be through: what comes in then is true.
 */
static void service_finish(struct nouveau_fault_service *fs)
{
	if (fs->suspected) {
		tu102_fault_discard(fs->hw);
		service_replay(fs, true);
	} else if (!fs->cancelled) {
		service_replay(fs, false);
	}
	tu102_fault_test_clear_dropped(fs->hw);
}

/* Faults whose access is parked in an SM. Returns how many there were. */
static unsigned int service_replayable(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_batch *b = &fs->batch;
	unsigned int i, k;

	nouveau_fault_batch_reset(b);
	if (!tu102_fault_drain(fs->hw, TU102_FAULT_REPLAYABLE, b)) {
		/* Lost to an overflow, with nothing else to bring them back. */
		if (tu102_fault_test_clear_dropped(fs->hw)) {
			fs->n_ranges = 0;
			service_replay(fs, false);
		}
		return 0;
	}
	batch_account(fs, true);
	for (k = batch_first_group(fs), i = 0; i < b->groups; i++, k++)
		service_group(fs, &b->group[k % b->groups]);
	service_finish(fs);
	return b->raw;
}

/* Copy engines and host: the channel was switched out and waits to be let go on. */
static void service_resume(struct nouveau_fault_service *fs, const struct nouveau_fault_group *g)
{
	struct nouveau_chan *chan = nouveau_chan_find_inst(fs->ndev, g->inst);
	bool ce = false, pbdma = false;
	unsigned int i;

	if (!chan)
		return;
	for (i = g->first; i < g->first + g->n; i++) {
		ce |= tu102_fault_is_ce(&fs->batch.fault[i]);
		pbdma |= tu102_fault_is_pbdma(&fs->batch.fault[i]);
	}
	for (i = 0; i < fs->n_ranges; i++)
		tu102_tlb_invalidate(fs->ndev, fs->ranges[i].pdb, fs->ranges[i].start,
				     fs->ranges[i].end, 0);
	fs->n_ranges = 0;
	if (ce)
		nouveau_chan_resume_faulted(chan, false);
	if (pbdma)
		nouveau_chan_resume_faulted(chan, true);
	nouveau_chan_put(chan);
}

/*
 * A non-replayable fault is serviceable only where the hardware keeps the
 * access: copy engines and host switch the channel out. From anyone else,
 * cancelled accesses included, the access is gone.
 */
static unsigned int service_nonreplayable(struct nouveau_fault_service *fs)
{
	struct nouveau_fault_batch *b = &fs->batch;
	unsigned int i;

	nouveau_fault_batch_reset(b);
	if (!tu102_fault_drain(fs->hw, TU102_FAULT_NON_REPLAYABLE, b))
		return 0;
	for (i = 0; i < b->n; i++)
		if (!tu102_fault_is_ce(&b->fault[i]) && !tu102_fault_is_pbdma(&b->fault[i]))
			b->fault[i].cause = NOUVEAU_CAUSE_FATAL;
	batch_account(fs, false);
	for (i = 0; i < b->groups; i++)
		if (service_group(fs, &b->group[i]))
			service_resume(fs, &b->group[i]);
	return b->raw;
}

static void service_work(struct work_struct *work)
{
	struct nouveau_fault_service *fs = container_of(work, struct nouveau_fault_service, work);
	unsigned int budget = BATCHES_PER_WAKE;

	while (budget--) {
		unsigned int n = service_nonreplayable(fs);

		n += service_replayable(fs);
		if (!n)
			return;
		cond_resched();
	}
	queue_work(fs->wq, &fs->work);
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
	fs->scratch = nouveau_svm_scratch_new();
	if (!fs->scratch)
		goto err_free;
	/* One at a time; unbound, since a service may sleep for long. */
	fs->wq = alloc_ordered_workqueue("nouveau-fault", WQ_HIGHPRI);
	if (!fs->wq)
		goto err_scratch;
	fs->hw = tu102_fault_new(ndev, service_notify, fs);
	if (IS_ERR(fs->hw)) {
		err = PTR_ERR(fs->hw);
		goto err_wq;
	}
	ndev->fault = fs;
	return 0;

err_wq:
	destroy_workqueue(fs->wq);
err_scratch:
	nouveau_svm_scratch_del(fs->scratch);
err_free:
	kvfree(fs);
	return err;
}

/**
 * nouveau_fault_fini - stop serving faults
 * @ndev: the GPU
 */
void nouveau_fault_fini(struct nouveau_device *ndev)
{
	struct nouveau_fault_service *fs = ndev->fault;

	if (!fs)
		return;
	ndev->fault = NULL;
	/* The rings stay until the work that reads them is over. */
	tu102_fault_stop(fs->hw);
	cancel_work_sync(&fs->work);
	tu102_fault_del(fs->hw);
	destroy_workqueue(fs->wq);
	nouveau_svm_scratch_del(fs->scratch);
	kvfree(fs);
}

/**
 * nouveau_fault_debugfs_show - fault rings and suspects
 * @ndev: the GPU
 * @m: output
 */
void nouveau_fault_debugfs_show(struct nouveau_device *ndev, struct seq_file *m)
{
	struct nouveau_fault_service *fs = ndev->fault;

	if (!fs)
		return;
	seq_printf(m, "batches %u suspects %u\n", fs->batches, fs->n_suspects);
	tu102_fault_debugfs_show(fs->hw, m);
}
