// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "sm_pool.h"

#include <sched.h>
#include <stdlib.h>

#include "launch_log.h"

/* What a part is to the pool; under pool->lock. */
enum part_state { PART_IDLE, PART_QUEUED, PART_RUNNING };

struct sm_pool {
	pthread_mutex_t lock;		/* leaf */
	pthread_cond_t work;		/* something was queued, or the end */
	pthread_cond_t over;		/* for who steps the launch: look again */
	const struct launch *now;	/* whose step this is, or NULL */
	struct sm_part *queue[SM_MAX_PARTS];	/* first in, first out */
	unsigned int head, queued, running;
	uint64_t cpu_ns;		/* of this step, the helpers' */
	bool stop;
	unsigned int helpers;		/* started */
	pthread_t thread[SM_MAX_PARTS - 1];
};

static void enqueue_locked(struct sm_pool *pool, struct sm_part *p)
{
	p->state = PART_QUEUED;
	pool->queue[(pool->head + pool->queued++) % SM_MAX_PARTS] = p;
}

static struct sm_part *dequeue_locked(struct sm_pool *pool)
{
	struct sm_part *p = pool->queue[pool->head];

	if (!pool->queued)
		return NULL;
	pool->head = (pool->head + 1) % SM_MAX_PARTS;
	pool->queued--;
	return p;
}

/* Drops the lock while the part runs. */
static void run_locked(struct sm_pool *pool, struct sm_part *p)
{
	p->state = PART_RUNNING;
	pool->running++;
	pthread_mutex_unlock(&pool->lock);
	part_run(p);
	pthread_mutex_lock(&pool->lock);
	pool->running--;
	/* A wake that came after its last look is still to be seen. */
	if (!p->more && atomic_load(&p->woken) && !launch_dead(p->l))
		enqueue_locked(pool, p);
	else
		p->state = PART_IDLE;
	if (!pool->running)
		pthread_cond_signal(&pool->over);
}

static void *helper(void *opaque)
{
	struct sm_pool *pool = opaque;
	uint64_t start;

	pthread_setname_np(pthread_self(), "sm");
	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		struct sm_part *p = dequeue_locked(pool);

		if (!p) {
			pthread_cond_wait(&pool->work, &pool->lock);
			continue;
		}
		start = launch_log_clock();
		run_locked(pool, p);
		pool->cpu_ns += launch_log_clock() - start;
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

uint64_t sm_pool_run(struct sm_pool *pool, struct launch *l)
{
	uint64_t cpu_ns;

	pthread_mutex_lock(&pool->lock);
	pool->now = l;
	pool->cpu_ns = 0;
	for (unsigned int i = 0; i < l->nparts; i++) {
		struct sm_part *p = &l->parts[i];

		if (p->nctas && (p->more || atomic_load(&p->woken)))
			enqueue_locked(pool, p);
		p->more = false;
	}
	/* One is for this thread: a small launch wakes nobody. */
	for (unsigned int i = 1; i < pool->queued; i++)
		pthread_cond_signal(&pool->work);
	while (pool->queued || pool->running) {
		struct sm_part *p = dequeue_locked(pool);

		if (p)
			run_locked(pool, p);
		else
			pthread_cond_wait(&pool->over, &pool->lock);
	}
	pool->now = NULL;
	cpu_ns = pool->cpu_ns;
	pthread_mutex_unlock(&pool->lock);
	return cpu_ns;
}

void sm_part_wake(struct sm_part *p)
{
	struct sm_pool *pool = p->l->pool;

	atomic_store(&p->woken, true);
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	if (pool->now == p->l && p->state == PART_IDLE && !launch_dead(p->l)) {
		enqueue_locked(pool, p);
		pthread_cond_signal(&pool->work);
		pthread_cond_signal(&pool->over);
	}
	pthread_mutex_unlock(&pool->lock);
}

unsigned int sm_pool_threads(const struct sm_pool *pool)
{
	return pool ? pool->helpers + 1 : 1;
}

unsigned int sm_pool_default(void)
{
	const char *s = getenv("TU104_THREADS");
	unsigned long n = s ? strtoul(s, NULL, 10) : 0;
	cpu_set_t cpus;

	if (n >= 1 && n <= SM_MAX_PARTS)
		return (unsigned int)n;
	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return 1;
	n = (unsigned long)CPU_COUNT(&cpus);
	return n < SM_MAX_PARTS ? (unsigned int)n : SM_MAX_PARTS;
}

struct sm_pool *sm_pool_create(unsigned int threads)
{
	struct sm_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->over, NULL);
	for (unsigned int i = 1; i < threads; i++) {
		if (pthread_create(&pool->thread[pool->helpers], NULL, helper, pool)) {
			sm_pool_destroy(pool);
			return NULL;
		}
		pool->helpers++;
	}
	return pool;
}

void sm_pool_destroy(struct sm_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->helpers; i++)
		pthread_join(pool->thread[i], NULL);
	pthread_cond_destroy(&pool->over);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
