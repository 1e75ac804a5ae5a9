// SPDX-License-Identifier: MIT
/* Thread blocks: where they go, their barriers, their end. */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "sass_operand.h"
#include "sm.h"

static struct sm_load *emptiest(struct launch *l, unsigned int first, unsigned int n)
{
	struct sm_load *best = NULL;

	for (unsigned int i = first; i < first + n; i++) {
		struct sm_load *load = &l->load[i];

		if (load->nctas < l->cta_limit && (!best || load->nwarps < best->nwarps))
			best = load;
	}
	return best;
}

static struct warp *take_warp(struct launch *l, const struct sm *sm)
{
	unsigned int first = (unsigned int)(sm - l->load[0].sm) * SM_MAX_WARPS;

	for (unsigned int i = first; i < first + SM_MAX_WARPS; i++) {
		if (!l->warps[i]) {
			l->warps[i] = aligned_alloc(64, (sizeof(struct warp) + 63) / 64 * 64);
			if (!l->warps[i])
				return NULL;
			memset(l->warps[i], 0, sizeof(struct warp));
			l->warps[i]->slot = i - first;
		}
		if (l->warps[i]->state == WARP_FREE)
			return l->warps[i];
	}
	return NULL;
}

static bool start_warp(struct launch *l, struct cta *cta, const struct sm_load *load,
		       unsigned int n)
{
	unsigned int lanes = cta->nthreads - n * SASS_LANES;
	struct warp *w = take_warp(l, load->sm);

	if (!w)
		return false;
	if (l->local_bytes && !w->local) {
		w->local = calloc(SASS_LANES, l->local_bytes);
		if (!w->local)
			return false;
	}
	w->l = l;
	w->part = load->part;
	w->cta = cta;
	w->sm = load->sm;
	w->index = n;
	warp_start(w, lanes >= SASS_LANES ? ~0u : (1u << lanes) - 1, l->qmd.program);
	cta->warp[n] = w;
	return true;
}

/* The grid's next block is @p's to start; blocks that once found no memory go first. */
static bool take_cta(struct launch *l, struct sm_part *p, uint64_t *n)
{
	bool ok = p->owes;

	if (ok) {
		*n = p->owed;
		p->owes = false;
		return true;
	}
	pthread_mutex_lock(&l->lock);
	if (l->next_cta != l->total_ctas && l->live_ctas < l->live_limit) {
		*n = l->next_cta++;
		l->live_ctas++;
		ok = true;
	}
	pthread_mutex_unlock(&l->lock);
	return ok;
}

/* All but what l->live_ctas has to do with it. */
static void leave_sm(struct sm_load *load, struct cta *cta)
{
	for (unsigned int i = 0; i < cta->nwarps; i++)
		if (cta->warp[i])
			cta->warp[i]->state = WARP_FREE;
	free(cta->shared);
	load->nctas--;
	load->nwarps -= cta->nwarps;
	load->part->nctas--;
	cta->used = false;
}

void cta_free(struct launch *l, struct sm_load *load, struct cta *cta)
{
	leave_sm(load, cta);
	pthread_mutex_lock(&l->lock);
	l->live_ctas--;
	pthread_mutex_unlock(&l->lock);
}

static bool start_cta(struct launch *l, struct sm_load *load, struct cta *cta, uint64_t n)
{
	memset(cta, 0, sizeof(*cta));
	cta->used = true;
	cta->id[0] = (uint32_t)(n % l->qmd.grid[0]);
	cta->id[1] = (uint32_t)(n / l->qmd.grid[0] % l->qmd.grid[1]);
	cta->id[2] = (uint32_t)(n / l->qmd.grid[0] / l->qmd.grid[1]);
	cta->nthreads = l->threads;
	cta->nwarps = l->warps_per_cta;
	cta->warps_left = cta->nwarps;
	load->nctas++;
	load->nwarps += cta->nwarps;
	load->part->nctas++;
	if (l->qmd.shared_bytes) {
		cta->shared = calloc(1, l->qmd.shared_bytes);
		if (!cta->shared)
			goto err;
	}
	for (unsigned int i = 0; i < cta->nwarps; i++)
		if (!start_warp(l, cta, load, i))
			goto err;
	load->part->more = true;
	count(l->gpu, ctas);
	return true;
err:
	log_unimp("sm", "no memory for a thread block");
	leave_sm(load, cta);
	load->part->owes = true;
	load->part->owed = n;
	return false;
}

bool cta_place(struct launch *l, unsigned int first, unsigned int n)
{
	struct sm_load *load = emptiest(l, first, n);
	uint64_t number;

	if (!load || !take_cta(l, load->part, &number))
		return false;
	for (unsigned int i = 0; i < SM_MAX_CTAS; i++)
		if (!load->ctas[i].used)
			return start_cta(l, load, &load->ctas[i], number);
	return false;
}

void cta_warp_done(struct warp *w)
{
	struct cta *cta = w->cta;

	/* The slot itself stays taken until the whole block is done. */
	w->state = WARP_BLOCKED;
	if (!--cta->warps_left)
		cta_free(w->l, &w->l->load[w->sm - w->l->load[0].sm], cta);
}

static uint32_t reduction(const struct cta_barrier *b)
{
	switch (b->op) {
	case BAR_POPC:
		return b->votes;
	case BAR_AND:
		return b->votes == b->arrived;
	default:
		return b->votes > 0;
	}
}

static void release(struct cta *cta, unsigned int id)
{
	uint32_t result = reduction(&cta->bar[id]);
	bool reduces = cta->bar[id].op != BAR_NONE;

	cta->bar[id] = (struct cta_barrier){ 0 };
	for (unsigned int n = 0; n < cta->nwarps; n++) {
		struct warp *w = cta->warp[n];

		FOR_MASK(i, w->bar_wait) {
			if (w->bar_id[i] != id)
				continue;
			w->bar_wait &= ~(1u << i);
			w->stamp[i] = w->tick;
			if (reduces)
				w->bar_result = result;
		}
		if (w->live & ~w->bar_wait)
			warp_unblock(w);
	}
}

/* Threads that have exited count as arrived where all of the block is awaited. */
static bool complete(const struct cta *cta, const struct cta_barrier *b)
{
	if (b->expected)
		return b->arrived >= b->expected;
	return b->arrived + cta->exited >= cta->nthreads;
}

void cta_barrier(struct warp *w, unsigned int id, unsigned int count, uint32_t mask, bool wait,
		 enum bar_op op, uint32_t votes)
{
	struct cta_barrier *b = &w->cta->bar[id];

	b->expected = count;
	b->op = op;
	b->votes += (unsigned int)__builtin_popcount(mask & votes);
	b->arrived += (unsigned int)__builtin_popcount(mask);
	if (wait) {
		w->bar_wait |= mask;
		FOR_MASK(i, mask)
			w->bar_id[i] = (uint8_t)id;
	}
	if (complete(w->cta, b))
		release(w->cta, id);
}

void cta_lanes_exited(struct warp *w, uint32_t mask)
{
	struct cta *cta = w->cta;

	cta->exited += (unsigned int)__builtin_popcount(mask);
	for (unsigned int id = 0; id < SM_BARRIERS; id++)
		if (cta->bar[id].arrived && complete(cta, &cta->bar[id]))
			release(cta, id);
}
