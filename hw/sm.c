// SPDX-License-Identifier: MIT
/* A launch: a grid of thread blocks over the SMs, warp by warp. */
#include "sm.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define WARP_QUANTUM		512	/* instructions before the next warp's turn */
#define NS_PER_INSTRUCTION	32	/* turns a time budget into a repeatable one */
#define LOCAL_TOTAL_MAX		(256u << 20)

struct launch *launch_create(struct gpu *gpu, struct channel *ch, const struct sm *sms,
			     unsigned int nsms, struct sm_caches *caches)
{
	struct launch *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->gpu = gpu;
	l->ch = ch;
	l->caches = caches;
	l->nsms = nsms;
	l->nwarps = nsms * SM_MAX_WARPS;
	l->load = calloc(nsms, sizeof(*l->load));
	l->warps = calloc(l->nwarps, sizeof(*l->warps));
	if (!l->load || !l->warps) {
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
	l->dead = false;
	l->cursor = 0;
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
	count_add(l->gpu, lane_instructions, l->lane_instructions);
	count_add(l->gpu, warp_instructions, l->warp_instructions);
	l->caches->clock += l->warp_instructions;
	l->work.lane_instructions += l->lane_instructions;
	l->work.warp_instructions += l->warp_instructions;
	l->lane_instructions = l->warp_instructions = 0;
}

/* The next warp that can run, round robin; parked ones are looked at first. */
static struct warp *next_warp(struct launch *l)
{
	bool woken = atomic_exchange(&l->woken, false);

	for (unsigned int i = 0; woken && i < l->nwarps && !l->dead; i++)
		if (l->warps[i] && l->warps[i]->state == WARP_PARKED)
			warp_poll(l->warps[i]);
	for (unsigned int i = 0; i < l->nwarps; i++) {
		struct warp *w = l->warps[(l->cursor + i) % l->nwarps];

		if (w && w->state == WARP_READY) {
			l->cursor = (l->cursor + i + 1) % l->nwarps;
			return w;
		}
	}
	return NULL;
}

enum launch_state launch_step(struct launch *l, uint64_t budget_ns)
{
	uint64_t budget = budget_ns / NS_PER_INSTRUCTION, used = 0;
	uint64_t start = launch_log_clock();
	enum launch_state state = LAUNCH_RUNNING;
	struct warp *w;

	while (!l->dead) {
		while (cta_place(l))
			;
		if (!l->live_ctas) {
			/* Not even one block found room: out of host memory. */
			state = l->next_cta == l->total_ctas ? LAUNCH_DONE : LAUNCH_WAIT;
			break;
		}
		w = next_warp(l);
		if (l->dead)
			break;
		if (!w) {
			state = LAUNCH_WAIT;
			break;
		}
		used += warp_run(w, WARP_QUANTUM);
		if (used >= budget || !fifo_may_continue(l->ch))
			break;
	}
	sync_counters(l);
	l->work.cpu_ns += launch_log_clock() - start;
	return l->dead ? LAUNCH_TRAP : state;
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
	l->next_cta = l->total_ctas;
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
	free(l);
}
