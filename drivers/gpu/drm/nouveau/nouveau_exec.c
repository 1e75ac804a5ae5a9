// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Jobs of clients: drm_sched in front of a channel.
 *
 * One scheduler with one entity per channel, since a channel is a FIFO of its
 * own and Host does the scheduling between channels. What drm_sched adds is
 * waiting for dependencies and the finished fence. Credits are GP entries, so
 * that a job never finds the ring full.
 *
 * A fence has to signal in finite time, since others wait for it: memory under
 * pressure, processes that share a buffer. So a job has a time limit, however honest
 * it is (module parameter job_timeout_ms). The limit is generous, because a kernel
 * may wait for the CPU, for its turn beside other channels, and for its faults; the
 * engine goes on for others meanwhile. Beyond it the job's channel is killed, which
 * takes it off its engine, by a reset if it must.
 *
 * A scheduler outlives its file until its last job is gone, because a job may
 * wait for fences of others. Its end runs from a work item: the last reference
 * is often dropped by the scheduler's own worker. So does the end of a job:
 * unmapping takes reservations, whose holder may wait for a job that the same
 * worker has yet to run.
 *
 * Locks: exec->lock orders jobs (arm to push) against each other and close.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "nouveau_device.h"
#include "nouveau_exec.h"
#include "nouveau_fence.h"
#include "nouveau_gem.h"
#include "nouveau_vm.h"

struct nouveau_exec {
	struct kref ref;
	struct rcu_head rcu;
	struct nouveau_device *ndev;
	struct list_head link;		/* nouveau_exec_list */
	struct nouveau_chan *chan;
	struct drm_gpu_scheduler sched;
	struct drm_sched_entity entity;
	struct mutex lock;		/* job order, closed; inside of dma_resv */
	bool closed;
	atomic_t jobs;			/* made and not yet freed */
	wait_queue_head_t idle;		/* jobs became 0 */
	struct work_struct release;
};

/* Schedulers alive, for module unload. */
static atomic_t nouveau_execs = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(nouveau_execs_wait);
static LIST_HEAD(nouveau_exec_list);
static DEFINE_MUTEX(nouveau_exec_list_lock);	/* outermost: before schedulers' own */
/* Runs jobs of all channels: in the path of fences, so nothing here may allocate. */
static struct workqueue_struct *nouveau_sched_wq;
/* Releases what jobs and schedulers held: may take reservations. */
static struct workqueue_struct *nouveau_release_wq;

static struct nouveau_job *to_job(struct drm_sched_job *base)
{
	return container_of(base, struct nouveau_job, base);
}

/* ---- scheduler callbacks ------------------------------------------------------- */

static struct dma_fence *job_run(struct drm_sched_job *base)
{
	struct nouveau_job *job = to_job(base);
	struct dma_fence *fence = job->fence;
	int ret;

	ret = nouveau_chan_emit(job->exec->chan, job->push, job->nr_push, fence);
	if (ret)
		return ERR_PTR(ret);
	job->fence = NULL;
	return fence;	/* its reference goes to the scheduler */
}

/*
 * The channel's end fails all its fences, this job's among them, and that is what ends
 * the job: for the scheduler it goes on until then.
 */
static enum drm_gpu_sched_stat job_timedout(struct drm_sched_job *base)
{
	struct nouveau_exec *exec = to_job(base)->exec;

	if (!nouveau_chan_is_dead(exec->chan) && nouveau_chan_may_report(exec->ndev))
		dev_notice(exec->ndev->drm.dev, "channel %u (%s): killed: a job takes too long\n",
			   nouveau_chan_id(exec->chan), nouveau_chan_name(exec->chan));
	nouveau_chan_kill(exec->chan, -ETIME);
	return DRM_GPU_SCHED_STAT_NO_HANG;
}

/* ---- jobs ------------------------------------------------------------------------ */

/* What nouveau_job_new() made and pushbuf filled in; the scheduler is done with it. */
static void job_put(struct nouveau_job *job)
{
	struct nouveau_exec *exec = job->exec;
	unsigned int i;

	for (i = 0; i < job->nr_bos; i++) {
		if (job->vmas[i])
			nouveau_vma_put(job->vmas[i]);
		nouveau_bo_put(job->bos[i]);
	}
	kvfree(job->vmas);
	kvfree(job->bos);
	kfree(job->fence);
	kvfree(job);
	if (atomic_dec_and_test(&exec->jobs))
		wake_up_all(&exec->idle);
	nouveau_exec_put(exec);
}

struct nouveau_job *nouveau_job_new(struct nouveau_exec *exec, unsigned int nr_push,
				    unsigned int nr_bos, u64 client_id)
{
	struct nouveau_job *job;
	int ret = -ENOMEM;

	if (nouveau_chan_is_dead(exec->chan))
		return ERR_PTR(-ENODEV);
	job = kvzalloc(struct_size(job, push, nr_push), GFP_KERNEL);
	if (!job)
		return ERR_PTR(-ENOMEM);
	job->nr_push = nr_push;
	job->exec = nouveau_exec_get(exec);
	atomic_inc(&exec->jobs);
	job->fence = nouveau_fence_alloc();
	job->bos = kvcalloc(nr_bos, sizeof(*job->bos), GFP_KERNEL);
	job->vmas = kvcalloc(nr_bos, sizeof(*job->vmas), GFP_KERNEL);
	if (job->fence && job->bos && job->vmas)
		ret = drm_sched_job_init(&job->base, &exec->entity, nr_push + 1, exec, client_id);
	if (ret) {
		job_put(job);
		return ERR_PTR(ret);
	}
	return job;
}

void nouveau_job_del(struct nouveau_job *job)
{
	drm_sched_job_cleanup(&job->base);
	job_put(job);
}

static void job_release(struct work_struct *work)
{
	job_put(container_of(work, struct nouveau_job, release));
}

static void job_free(struct drm_sched_job *base)
{
	struct nouveau_job *job = to_job(base);

	drm_sched_job_cleanup(base);
	INIT_WORK(&job->release, job_release);
	queue_work(nouveau_release_wq, &job->release);
}

static const struct drm_sched_backend_ops exec_ops = {
	.run_job = job_run,
	.timedout_job = job_timedout,
	.free_job = job_free,
};

struct dma_fence *nouveau_job_push(struct nouveau_job *job)
{
	struct nouveau_exec *exec = job->exec;
	struct dma_fence *fence;

	mutex_lock(&exec->lock);
	if (exec->closed) {
		mutex_unlock(&exec->lock);
		return ERR_PTR(-ENOENT);
	}
	drm_sched_job_arm(&job->base);
	fence = dma_fence_get(&job->base.s_fence->finished);
	drm_sched_entity_push_job(&job->base);
	mutex_unlock(&exec->lock);
	return fence;
}

/* ---- schedulers -------------------------------------------------------------------- */

static void exec_destroy(struct nouveau_exec *exec)
{
	mutex_lock(&nouveau_exec_list_lock);
	list_del(&exec->link);
	mutex_unlock(&nouveau_exec_list_lock);
	drm_sched_entity_destroy(&exec->entity);
	drm_sched_fini(&exec->sched);
	nouveau_chan_put(exec->chan);
	/* fences that are being signalled may still look at the scheduler's name */
	kfree_rcu(exec, rcu);
	if (atomic_dec_and_test(&nouveau_execs))
		wake_up_all(&nouveau_execs_wait);
}

static void exec_release_work(struct work_struct *work)
{
	exec_destroy(container_of(work, struct nouveau_exec, release));
}

/* The last reference of a job may go in the scheduler's own worker. */
static void exec_release_later(struct kref *ref)
{
	struct nouveau_exec *exec = container_of(ref, struct nouveau_exec, ref);

	queue_work(nouveau_release_wq, &exec->release);
}

static void exec_release_now(struct kref *ref)
{
	exec_destroy(container_of(ref, struct nouveau_exec, ref));
}

struct nouveau_exec *nouveau_exec_get(struct nouveau_exec *exec)
{
	kref_get(&exec->ref);
	return exec;
}

void nouveau_exec_put(struct nouveau_exec *exec)
{
	kref_put(&exec->ref, exec_release_later);
}

struct nouveau_chan *nouveau_exec_chan(struct nouveau_exec *exec)
{
	return exec->chan;
}

struct nouveau_exec *nouveau_exec_new(struct nouveau_device *ndev, struct nouveau_chan *chan)
{
	unsigned int timeout_ms = READ_ONCE(nouveau_job_timeout_ms);
	const struct drm_sched_init_args args = {
		.ops = &exec_ops,
		.submit_wq = nouveau_sched_wq,
		.num_rqs = 1,
		.credit_limit = NOUVEAU_CHAN_ENTRIES - 1,
		.timeout = timeout_ms ? msecs_to_jiffies(timeout_ms) : MAX_SCHEDULE_TIMEOUT,
		.name = "nouveau",
		.dev = ndev->drm.dev,
	};
	struct drm_gpu_scheduler *sched;
	struct nouveau_exec *exec;
	int ret;

	exec = kzalloc_obj(*exec);
	if (!exec)
		return ERR_PTR(-ENOMEM);
	kref_init(&exec->ref);
	mutex_init(&exec->lock);
	init_waitqueue_head(&exec->idle);
	INIT_WORK(&exec->release, exec_release_work);
	sched = &exec->sched;
	ret = drm_sched_init(sched, &args);
	if (ret)
		goto err_free;
	ret = drm_sched_entity_init(&exec->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		goto err_sched;
	exec->ndev = ndev;
	exec->chan = chan;
	atomic_inc(&nouveau_execs);
	mutex_lock(&nouveau_exec_list_lock);
	list_add_tail(&exec->link, &nouveau_exec_list);
	mutex_unlock(&nouveau_exec_list_lock);
	return exec;
err_sched:
	drm_sched_fini(sched);
err_free:
	kfree(exec);
	return ERR_PTR(ret);
}

void nouveau_exec_stop(struct nouveau_device *ndev)
{
	struct nouveau_exec *exec;

	guard(mutex)(&nouveau_exec_list_lock);
	list_for_each_entry(exec, &nouveau_exec_list, link)
		if (exec->ndev == ndev)
			drm_sched_wqueue_stop(&exec->sched);
}

void nouveau_exec_start(struct nouveau_device *ndev)
{
	struct nouveau_exec *exec;

	guard(mutex)(&nouveau_exec_list_lock);
	list_for_each_entry(exec, &nouveau_exec_list, link)
		if (exec->ndev == ndev)
			drm_sched_wqueue_start(&exec->sched);
}

/*
 * Jobs finish one by one for as long as they do; one that takes longer than this
 * by itself is given up, since nobody who frees its channel can be waiting for it.
 */
#define STUCK_MS	250

static void exec_drain(struct nouveau_exec *exec, unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);
	int left, before;
	long ret;

	left = atomic_read(&exec->jobs);
	do {
		before = left;
		ret = wait_event_killable_timeout(exec->idle, !atomic_read(&exec->jobs),
						  min_t(unsigned long, msecs_to_jiffies(STUCK_MS),
							msecs_to_jiffies(timeout_ms)));
		left = atomic_read(&exec->jobs);
	} while (left && left != before && ret >= 0 && time_before(jiffies, end));
}

void nouveau_exec_close(struct nouveau_exec *exec, unsigned int timeout_ms)
{
	mutex_lock(&exec->lock);
	exec->closed = true;
	mutex_unlock(&exec->lock);

	exec_drain(exec, timeout_ms);
	if (atomic_read(&exec->jobs))
		nouveau_chan_kill(exec->chan, -ECANCELED);
	/* Here, so that who frees channels in a loop does not run ahead of it. */
	kref_put(&exec->ref, exec_release_now);
}

int nouveau_exec_module_init(void)
{
	nouveau_sched_wq = alloc_workqueue("nouveau-sched", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	nouveau_release_wq = alloc_workqueue("nouveau-release", WQ_UNBOUND, 0);
	if (nouveau_sched_wq && nouveau_release_wq)
		return 0;
	nouveau_exec_module_exit();
	return -ENOMEM;
}

void nouveau_exec_module_exit(void)
{
	wait_event(nouveau_execs_wait, !atomic_read(&nouveau_execs));
	if (nouveau_release_wq)
		destroy_workqueue(nouveau_release_wq);
	if (nouveau_sched_wq)
		destroy_workqueue(nouveau_sched_wq);
}
