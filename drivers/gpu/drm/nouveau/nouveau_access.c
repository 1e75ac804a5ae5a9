// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What the access counters find hot: memory that is mapped in place, which the
 * GPU uses without ever faulting again. A work item takes notifications out of the
 * ring, groups them by address space and block and has each block served as if its
 * hot pages had faulted often enough; the policy may still refuse. Then the counters
 * count again.
 *
 * Work is bounded: one ring visit of HITS_MAX notifications a turn, and the counters
 * of what was refused stay silent for REST_MS, so that memory that may not move does
 * not keep a CPU busy.
 *
 * No locks are held here. A missed notification costs speed, never data.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "nouveau_access_service.h"
#include "nouveau_chan.h"
#include "nouveau_device.h"
#include "nouveau_pressure.h"
#include "nouveau_pt.h"
#include "nouveau_stats.h"
#include "nouveau_svm.h"
#include "nouveau_vm.h"
#include "tu102_access_counter.h"
#include "tu102_tlb.h"

#define HITS_MAX	128u
#define REST_MS		100u

struct nouveau_access_service {
	struct nouveau_device *ndev;
	struct tu102_access *hw;
	struct workqueue_struct *wq;
	struct work_struct work;
	struct nouveau_svm_round *round;
	/** @refused: their counters are cleared by @rest */
	struct tu102_access_hit refused[HITS_MAX];
	unsigned int n_refused;
	struct delayed_work rest;
	u32 threshold;
	struct tu102_access_hit hits[HITS_MAX];
};

static u64 hit_block(const struct tu102_access_hit *h)
{
	return h->va & ~(NOUVEAU_BLOCK_BYTES - 1);
}

static int cmp_hits(const void *a, const void *b)
{
	const struct tu102_access_hit *x = a, *y = b;

	if (x->inst != y->inst)
		return x->inst < y->inst ? -1 : 1;
	return x->va < y->va ? -1 : x->va > y->va;
}

/* Hot granules of one block. Returns how many pages came. */
static unsigned int promote_block(struct nouveau_access_service *as,
				  const struct tu102_access_hit *hits, unsigned int n)
{
	struct nouveau_chan *chan = nouveau_chan_find_inst(as->ndev, hits->inst);
	struct nouveau_svm_result res = { };
	struct nouveau_svm_mm *svm = NULL;
	struct nouveau_mask hot = { };
	unsigned int i, moved = 0;

	for (i = 0; i < n; i++) {
		unsigned int page = (hits[i].va - hit_block(hits)) >> PAGE_SHIFT;
		struct nouveau_mask g = nouveau_mask_range(page, page + NOUVEAU_GRANULE_PAGES);

		hot = nouveau_mask_or(hot, &g);
	}
	if (chan && !nouveau_chan_is_dead(chan))
		svm = nouveau_svm_get(nouveau_chan_vm(chan));
	if (svm) {
		moved = nouveau_svm_promote(svm, hit_block(hits), &hot, as->round, &res);
		if (res.start != res.end)
			tu102_tlb_invalidate(as->ndev,
					     nouveau_pt_root(nouveau_vm_pt(nouveau_chan_vm(chan))),
					     res.start, res.end, 0);
		nouveau_svm_put(svm);
	}
	if (chan)
		nouveau_chan_put(chan);
	return moved;
}

/* Those that stay silent for a while; what there is no room for counts on at once. */
static unsigned int access_refuse(struct nouveau_access_service *as,
				  const struct tu102_access_hit *hits, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n && as->n_refused < HITS_MAX; i++)
		as->refused[as->n_refused++] = hits[i];
	if (as->n_refused)
		queue_delayed_work(as->wq, &as->rest, msecs_to_jiffies(REST_MS));
	return i;
}

static void access_work(struct work_struct *work)
{
	struct nouveau_access_service *as = container_of(work, struct nouveau_access_service,
							 work);
	unsigned int n = tu102_access_drain(as->hw, as->hits, HITS_MAX), i, k, moved;

	sort(as->hits, n, sizeof(as->hits[0]), cmp_hits, NULL);
	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n && as->hits[k].inst == as->hits[i].inst &&
		     hit_block(&as->hits[k]) == hit_block(&as->hits[i]); k++)
			;
		moved = promote_block(as, &as->hits[i], k - i);
		nouveau_stat_add(&as->ndev->stats, NOUVEAU_STAT_PAGES_PROMOTED, moved);
		if (!moved)
			i += access_refuse(as, &as->hits[i], k - i);
		tu102_access_clear(as->hw, &as->hits[i], k - i);
		cond_resched();
	}
	if (n == HITS_MAX)
		queue_work(as->wq, &as->work);
}

/* On the same ordered queue as access_work(): never at the same time. */
static void access_rest(struct work_struct *work)
{
	struct nouveau_access_service *as = container_of(to_delayed_work(work),
							 struct nouveau_access_service, rest);

	tu102_access_clear(as->hw, as->refused, as->n_refused);
	as->n_refused = 0;
}

/* Hard interrupt: there may be hits. */
static void access_notify(void *data)
{
	struct nouveau_access_service *as = data;

	queue_work(as->wq, &as->work);
}

/**
 * nouveau_access_init - start listening to the access counters
 * @ndev: the GPU: BAR2, interrupts, TLB maintenance, channels and SVM work
 *
 * Return: 0 or an errno.
 */
int nouveau_access_init(struct nouveau_device *ndev)
{
	struct nouveau_access_service *as = kvzalloc_obj(*as);
	int err = -ENOMEM;

	if (!as)
		return -ENOMEM;
	as->ndev = ndev;
	as->threshold = NOUVEAU_COUNTER_THRESHOLD;
	INIT_WORK(&as->work, access_work);
	INIT_DELAYED_WORK(&as->rest, access_rest);
	as->round = nouveau_svm_round_new(ndev);
	if (!as->round)
		goto err_free;
	/* It migrates and touches registers: not while the system falls asleep. */
	as->wq = alloc_ordered_workqueue("nouveau-access", WQ_FREEZABLE);
	if (!as->wq)
		goto err_round;
	as->hw = tu102_access_new(ndev, as->threshold, access_notify, as);
	if (IS_ERR(as->hw)) {
		err = PTR_ERR(as->hw);
		goto err_wq;
	}
	ndev->access = as;
	return 0;

err_wq:
	destroy_workqueue(as->wq);
err_round:
	nouveau_svm_round_del(as->round);
err_free:
	kvfree(as);
	return err;
}

/**
 * nouveau_access_fini - stop listening
 * @ndev: the GPU
 */
void nouveau_access_fini(struct nouveau_device *ndev)
{
	struct nouveau_access_service *as = ndev->access;

	if (!as)
		return;
	ndev->access = NULL;
	tu102_access_stop(as->hw);
	cancel_work_sync(&as->work);
	cancel_delayed_work_sync(&as->rest);
	tu102_access_del(as->hw);
	destroy_workqueue(as->wq);
	nouveau_svm_round_del(as->round);
	kvfree(as);
}

static int threshold_get(void *data, u64 *val)
{
	struct nouveau_device *ndev = data;

	*val = ndev->access ? ndev->access->threshold : 0;
	return 0;
}

static int threshold_set(void *data, u64 val)
{
	struct nouveau_device *ndev = data;
	struct nouveau_access_service *as;
	int idx;

	if (!val || val > U16_MAX)
		return -EINVAL;
	if (!drm_dev_enter(&ndev->drm, &idx))
		return -ENODEV;
	as = ndev->access;
	as->threshold = val;
	tu102_access_set_threshold(as->hw, val);
	drm_dev_exit(idx);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(threshold_fops, threshold_get, threshold_set, "%llu\n");

/**
 * nouveau_access_debugfs_init - counter_threshold among the policy's knobs
 * @ndev: the GPU
 * @root: directory of the knobs
 */
void nouveau_access_debugfs_init(struct nouveau_device *ndev, struct dentry *root)
{
	debugfs_create_file("counter_threshold", 0644, root, ndev, &threshold_fops);
}

/**
 * nouveau_access_debugfs_show - the unit's registers and what is resting
 * @ndev: the GPU
 * @m: output
 */
void nouveau_access_debugfs_show(struct nouveau_device *ndev, struct seq_file *m)
{
	if (!ndev->access)
		return;
	tu102_access_debugfs_show(ndev->access->hw, m);
	seq_printf(m, "notifications %lld promoted pages %lld resting %u\n",
		   atomic64_read(&ndev->stats.v[NOUVEAU_STAT_ACCESS_NOTIFY]),
		   atomic64_read(&ndev->stats.v[NOUVEAU_STAT_PAGES_PROMOTED]),
		   ndev->access->n_refused);
}
