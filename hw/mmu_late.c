// SPDX-License-Identifier: MIT
/*
 * Injected lateness: a thread that does things a moment after they were due.
 * It exists only when --inject was given.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "mmu_priv.h"
#include "monotonic.h"

#define DELAY_NS	200000	/* well past a driver's next look */
#define ARG_BYTES	64

struct late_job {
	struct late_job *next;
	late_fn fn;
	uint64_t due;			/* monotonic_ns() */
	char arg[ARG_BYTES];
};

struct mmu_late {
	struct gpu *gpu;
	pthread_t thread;
	pthread_cond_t more;		/* with gpu->lock */
	struct late_job *first, **last;
	bool stop;
};

static void *late_thread(void *opaque)
{
	struct mmu_late *late = opaque;
	struct gpu *gpu = late->gpu;

	pthread_mutex_lock(&gpu->lock);
	while (!late->stop) {
		struct late_job *job = late->first;

		if (!job) {
			pthread_cond_wait(&late->more, &gpu->lock);
		} else if (monotonic_ns() < job->due) {
			monotonic_wait(&late->more, &gpu->lock, job->due);
		} else {
			late->first = job->next;
			if (!late->first)
				late->last = &late->first;
			job->fn(gpu, job->arg);
			free(job);
		}
	}
	pthread_mutex_unlock(&gpu->lock);
	return NULL;
}

bool late_post(struct gpu *gpu, late_fn fn, const void *arg, size_t len)
{
	struct mmu_late *late = gpu->mmu->late;
	struct late_job *job;

	if (!late || len > sizeof(job->arg))
		return false;
	job = calloc(1, sizeof(*job));
	if (!job)
		return false;
	job->fn = fn;
	memcpy(job->arg, arg, len);
	job->due = monotonic_ns() + DELAY_NS;
	*late->last = job;
	late->last = &job->next;
	pthread_cond_signal(&late->more);
	return true;
}

int late_init(struct gpu *gpu)
{
	struct mmu_late *late;

	if (!gpu->config.inject)
		return 0;
	late = calloc(1, sizeof(*late));
	if (!late)
		return -ENOMEM;
	late->gpu = gpu;
	late->last = &late->first;
	monotonic_cond_init(&late->more);
	if (pthread_create(&late->thread, NULL, late_thread, late)) {
		pthread_cond_destroy(&late->more);
		free(late);
		return -EAGAIN;
	}
	gpu->mmu->late = late;
	return 0;
}

void late_reset(struct gpu *gpu)
{
	struct mmu_late *late = gpu->mmu->late;

	while (late && late->first) {
		struct late_job *job = late->first;

		late->first = job->next;
		free(job);
	}
	if (late)
		late->last = &late->first;
}

void late_fini(struct gpu *gpu)
{
	struct mmu_late *late = gpu->mmu->late;

	if (!late)
		return;
	pthread_mutex_lock(&gpu->lock);
	late->stop = true;
	pthread_cond_signal(&late->more);
	pthread_mutex_unlock(&gpu->lock);
	pthread_join(late->thread, NULL);
	late_reset(gpu);
	pthread_cond_destroy(&late->more);
	free(late);
	gpu->mmu->late = NULL;
}
