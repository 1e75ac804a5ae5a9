// SPDX-License-Identifier: MIT
/* A launch: a grid of thread blocks over the SMs, warp by warp. */
#include "sm.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "sm_pool.h"

#define WARP_QUANTUM		512	/* instructions before the next warp's turn */
#define NS_PER_INSTRUCTION	32	/* turns a time budget into a repeatable one */
#define ALONE		1024	/* instructions of each part, before threads are woken for it */
#define LOCAL_TOTAL_MAX		(256u << 20)

/* Neighbours go to one part: the SMs of a TPC share a TLB. */
static bool create_parts(struct launch *l)
{
	unsigned int n = sm_pool_threads(l->pool);
	size_t bytes;

	l->nparts = n < l->nsms ? n : l->nsms;
	bytes = l->nparts * sizeof(*l->parts);
	l->parts = aligned_alloc(__alignof__(struct sm_part), bytes);
	if (!l->parts)
		return false;
	memset(l->parts, 0, bytes);
	for (unsigned int i = 0; i < l->nparts; i++) {
		struct sm_part *p = &l->parts[i];

		p->l = l;
		p->index = i;
		p->first_sm = i * l->nsms / l->nparts;
		p->nsms = (i + 1) * l->nsms / l->nparts - p->first_sm;
		for (unsigned int s = 0; s < p->nsms; s++)
			l->load[p->first_sm + s].part = p;
	}
	return true;
}

struct launch *launch_create(struct gpu *gpu, struct channel *ch, const struct sm *sms,
			     unsigned int nsms, struct sm_pool *pool, struct sm_caches *caches)
{
	struct launch *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->gpu = gpu;
	l->ch = ch;
	l->caches = caches;
	l->pool = pool;
	l->nsms = nsms;
	pthread_mutex_init(&l->lock, NULL);
	l->nwarps = nsms * SM_MAX_WARPS;
	l->load = calloc(nsms, sizeof(*l->load));
	l->warps = calloc(l->nwarps, sizeof(*l->warps));
	if (!l->load || !l->warps || !create_parts(l)) {
		launch_destroy(l);
		return NULL;
	}
	for (unsigned int i = 0; i < nsms; i++)
		l->load[i].sm = &sms[i];
	return l;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* How many blocks of this shape an SM holds at once; at least one. */
static unsigned int occupancy(const struct launch *l)
{
	unsigned int regs = (l->qmd.registers + 7) / 8 * 8 * SASS_LANES * l->warps_per_cta;
	unsigned int n = least(SM_MAX_CTAS, SM_MAX_WARPS / l->warps_per_cta);

	if (regs)
		n = least(n, SM_MAX_REGISTERS / regs);
	if (l->qmd.shared_bytes)
		n = least(n, SM_MAX_SHARED / l->qmd.shared_bytes);
	return n ? n : 1;
}

/*
 * How many blocks the whole launch holds: local memory is the model's own, so
 * a QMD must not make it as large as the guest likes.
 */
static unsigned int most_live(const struct launch *l)
{
	uint64_t local = (uint64_t)l->local_bytes * SASS_LANES * l->warps_per_cta;

	if (l->qmd.sequential || local > LOCAL_TOTAL_MAX)
		return 1;
	return local ? (unsigned int)(LOCAL_TOTAL_MAX / local) : ~0u;
}

/* Local memory has the size of the launch: drop what the last one had. */
static void resize_local(struct launch *l, uint32_t bytes)
{
	if (bytes == l->local_bytes)
		return;
	for (unsigned int i = 0; i < l->nwarps; i++) {
		if (!l->warps[i])
			continue;
		free(l->warps[i]->local);
		l->warps[i]->local = NULL;
	}
	l->local_bytes = bytes;
}

void launch_start(struct launch *l, const struct qmd *qmd)
{
	l->qmd = *qmd;
	l->threads = (unsigned int)qmd->block[0] * qmd->block[1] * qmd->block[2];
	l->warps_per_cta = (l->threads + SASS_LANES - 1) / SASS_LANES;
	l->nregs = (qmd->registers + 7) / 8 * 8;
	l->next_cta = 0;
	/* (2^32 - 1) * (2^16 - 1)^2 still fits. */
	l->total_ctas = (uint64_t)qmd->grid[0] * qmd->grid[1] * qmd->grid[2];
	atomic_store(&l->dead, false);
	l->fresh = true;
	for (unsigned int i = 0; i < l->nparts; i++) {
		l->parts[i].cursor = 0;
		l->parts[i].more = false;
	}
	l->work = (struct launch_work){ 0 };
	resize_local(l, (qmd->local_low + qmd->local_high + 15) / 16 * 16);
	l->cta_limit = occupancy(l);
	l->live_limit = most_live(l);
	if (qmd->invalidate_code)
		caches_invalidate_code(l->caches);
	if (qmd->invalidate_const)
		caches_invalidate_const(l->caches);
	caches_bind_const(l->caches, qmd);
	count(l->gpu, launches);
}

static void sync_counters(struct launch *l)
{
	for (unsigned int i = 0; i < l->nparts; i++) {
		struct sm_part *p = &l->parts[i];

		count_add(l->gpu, lane_instructions, p->lane_instructions);
		count_add(l->gpu, warp_instructions, p->warp_instructions);
		l->caches->clock += p->warp_instructions;
		l->work.lane_instructions += p->lane_instructions;
		l->work.warp_instructions += p->warp_instructions;
		p->lane_instructions = p->warp_instructions = 0;
	}
}

/* The part's next warp that can run, round robin; parked ones are looked at first. */
static struct warp *next_warp(struct sm_part *p)
{
	struct warp **warps = &p->l->warps[p->first_sm * SM_MAX_WARPS];
	unsigned int n = p->nsms * SM_MAX_WARPS;
	bool woken = atomic_exchange(&p->woken, false);

	for (unsigned int i = 0; woken && i < n && !launch_dead(p->l); i++)
		if (warps[i] && warps[i]->state == WARP_PARKED)
			warp_poll(warps[i]);
	for (unsigned int i = 0; i < n; i++) {
		struct warp *w = warps[(p->cursor + i) % n];

		if (w && w->state == WARP_READY) {
			p->cursor = (p->cursor + i + 1) % n;
			return w;
		}
	}
	return NULL;
}

void part_run(struct sm_part *p)
{
	struct launch *l = p->l;
	unsigned int used;
	struct warp *w;

	p->more = false;
	while (!launch_dead(l)) {
		while (cta_place(l, p->first_sm, p->nsms))
			;
		w = next_warp(p);
		if (!w || launch_dead(l))
			return;
		used = p->budget ? warp_run(w, WARP_QUANTUM) : 0;
		p->budget -= used < p->budget ? used : p->budget;
		p->more = true;
		if (!p->budget || atomic_load(&l->caches->full) || !fifo_may_continue(l->ch))
			return;
	}
}

static enum launch_state outcome(const struct launch *l)
{
	if (launch_dead(l))
		return LAUNCH_TRAP;
	if (!l->live_ctas && l->next_cta == l->total_ctas)
		return LAUNCH_DONE;
	for (unsigned int i = 0; i < l->nparts; i++)
		if (l->parts[i].more)
			return LAUNCH_RUNNING;
	/* Or not even one block found room: out of host memory. */
	return LAUNCH_WAIT;
}

enum launch_state launch_step(struct launch *l, uint64_t budget_ns)
{
	uint64_t budget = budget_ns / NS_PER_INSTRUCTION, start = launch_log_clock();
	/* Many a launch is over before another thread would be awake. */
	bool alone = !l->pool || l->fresh;

	if (l->pool && alone && budget > ALONE)
		budget = ALONE;
	l->fresh = false;
	caches_make_room(l->caches);
	/* All SMs get their share before one part can run ahead and take it all. */
	while (cta_place(l, 0, l->nsms))
		;
	for (unsigned int i = 0; i < l->nparts; i++)
		l->parts[i].budget = budget ? budget : 1;
	for (unsigned int i = 0; alone && i < l->nparts; i++)
		part_run(&l->parts[i]);
	if (!alone)
		l->work.cpu_ns += sm_pool_run(l->pool, l);
	sync_counters(l);
	l->work.cpu_ns += launch_log_clock() - start;
	return outcome(l);
}

void launch_abort(struct launch *l)
{
	for (unsigned int i = 0; i < l->nwarps; i++) {
		struct warp *w = l->warps[i];

		for (unsigned int n = 0; w && n < w->nparks; n++)
			if (atomic_load(&w->parks[n].state) == MMU_PARKED)
				mmu_unpark(l->gpu, &w->parks[n]);
		if (w)
			w->nparks = 0;
	}
	for (unsigned int i = 0; i < l->nsms; i++)
		for (unsigned int n = 0; n < SM_MAX_CTAS; n++)
			if (l->load[i].ctas[n].used)
				cta_free(l, &l->load[i], &l->load[i].ctas[n]);
	for (unsigned int i = 0; i < l->nparts; i++)
		l->parts[i].owes = false;
	l->next_cta = l->total_ctas;
	l->live_ctas = 0;
}

void launch_destroy(struct launch *l)
{
	if (!l)
		return;
	for (unsigned int i = 0; l->warps && i < l->nwarps; i++) {
		if (l->warps[i])
			free(l->warps[i]->local);
		free(l->warps[i]);
	}
	free(l->warps);
	free(l->load);
	free(l->parts);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
