/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_EXEC_H__
#define __NOUVEAU_EXEC_H__

#include <drm/gpu_scheduler.h>

#include "nouveau_chan.h"

struct nouveau_bo;
struct nouveau_device;
struct nouveau_exec;
struct nouveau_vma;

/* A client's channel with the scheduler in front of it. Takes over @chan's reference. */
struct nouveau_exec *nouveau_exec_new(struct nouveau_device *ndev, struct nouveau_chan *chan);
struct nouveau_exec *nouveau_exec_get(struct nouveau_exec *exec);
void nouveau_exec_put(struct nouveau_exec *exec);
struct nouveau_chan *nouveau_exec_chan(struct nouveau_exec *exec);
/*
 * No more jobs. Those in flight get @timeout_ms, or until a fatal signal; then
 * the channel is killed. The owner's reference is dropped.
 */
void nouveau_exec_close(struct nouveau_exec *exec, unsigned int timeout_ms);
/*
 * System sleep: hand no more jobs to the channels of a device; go on with it. Clients
 * are frozen: none comes or goes.
 */
void nouveau_exec_stop(struct nouveau_device *ndev);
void nouveau_exec_start(struct nouveau_device *ndev);
/* At module load, before any device. -ENOMEM. */
int nouveau_exec_module_init(void);
/* At module unload: the last schedulers are gone when it returns. */
void nouveau_exec_module_exit(void);

/**
 * struct nouveau_job - segments to run and what they keep alive
 */
struct nouveau_job {
	/** @base: the scheduler's part */
	struct drm_sched_job base;
	/** @release: gives up what the job kept alive */
	struct work_struct release;
	/** @exec: where it runs; holds a reference */
	struct nouveau_exec *exec;
	/** @fence: of the hardware, allocated beforehand */
	struct dma_fence *fence;
	/** @bos: objects it uses, each with a reference */
	struct nouveau_bo **bos;
	/** @vmas: their mappings, each with a reference, NULL when not yet known */
	struct nouveau_vma **vmas;
	/** @nr_bos: entries of @bos and @vmas */
	unsigned int nr_bos;
	/** @nr_push: entries of @push */
	unsigned int nr_push;
	/** @push: segments, in order */
	struct nouveau_push push[] __counted_by(nr_push);
};

/* An empty job with room. ERR_PTR: -ENOMEM, -ENODEV (channel is dead). */
struct nouveau_job *nouveau_job_new(struct nouveau_exec *exec, unsigned int nr_push,
				    unsigned int nr_bos, u64 client_id);
/* Drop a job that was not pushed. */
void nouveau_job_del(struct nouveau_job *job);
/*
 * To the scheduler; dependencies are in. Consumes the job. The result is its
 * finished fence with a reference; ERR_PTR(-ENOENT) after nouveau_exec_close(),
 * when the job is still the caller's. Called with the reservations held that
 * the fence goes into.
 */
struct dma_fence *nouveau_job_push(struct nouveau_job *job);

#endif
