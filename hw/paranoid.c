// SPDX-License-Identifier: MIT
#include "paranoid.h"

#include <errno.h>
#include <stdlib.h>

#include "gpu.h"
#include "mmu.h"
#include "monotonic.h"

#define PERIOD_NS	250000000

struct paranoid {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

static void *audit_thread(void *arg)
{
	struct gpu *gpu = arg;
	struct paranoid *p = gpu->paranoid;

	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		monotonic_wait(&p->wake, &p->lock, monotonic_ns() + PERIOD_NS);
		if (p->stop)
			break;
		pthread_mutex_unlock(&p->lock);
		mmu_audit(gpu);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int paranoid_init(struct gpu *gpu)
{
	struct paranoid *p;
	int ret;

	if (!gpu->config.paranoid)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	monotonic_cond_init(&p->wake);
	gpu->paranoid = p;
	ret = pthread_create(&p->thread, NULL, audit_thread, gpu);
	if (ret) {
		free(p);
		gpu->paranoid = NULL;
	}
	return -ret;
}

void paranoid_fini(struct gpu *gpu)
{
	struct paranoid *p = gpu->paranoid;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
	gpu->paranoid = NULL;
}
