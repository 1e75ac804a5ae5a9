// SPDX-License-Identifier: MIT
/*
 * Runlists: the list a guest submits, who is next on it, and taking channels
 * off. Everything here runs under gpu->lock and never while the worker runs a
 * channel of the same runlist.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fifo.h"
#include "log.h"
#include "monotonic.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ram.h"

#define ENTRY_WORDS		(NV_RAMRL_ENTRY_SIZE / 4)
#define TIMESLICE_UNIT_NS	1024

void runlist_kick(struct runlist *rl)
{
	pthread_mutex_lock(&rl->kick_lock);
	rl->kicked = true;
	pthread_cond_signal(&rl->kick_cond);
	pthread_mutex_unlock(&rl->kick_lock);
}

void runlist_attend(struct runlist *rl)
{
	atomic_store(&rl->attention, true);
	runlist_kick(rl);
}

void runlist_clear(struct runlist *rl)
{
	for (unsigned int i = 0; i < rl->nentries; i++)
		if (rl->entries[i]->ch.runlist == rl->id)
			rl->entries[i]->listed = false;
	free(rl->tsgs);
	free(rl->entries);
	rl->tsgs = NULL;
	rl->entries = NULL;
	rl->ntsgs = rl->nentries = 0;
	rl->cur_tsg = rl->cur_entry = 0;
	rl->slice_end = 0;
}

static uint64_t timeslice(const uint32_t *e)
{
	uint64_t t = (uint64_t)NV_MW_GET(e, NV_RAMRL_ENTRY_TSG_TIMESLICE_TIMEOUT) <<
		     NV_MW_GET(e, NV_RAMRL_ENTRY_TSG_TIMESLICE_SCALE);

	return (t ? t : 1) * TIMESLICE_UNIT_NS;
}

static bool is_tsg(const uint32_t *e)
{
	return NV_MW_GET(e, NV_RAMRL_ENTRY_TYPE) == NV_RAMRL_ENTRY_TYPE_TSG;
}

/* Every channel must lie in the span of a TSG header; returns false if not. */
static bool parse(struct runlist *rl, const uint32_t *e, unsigned int n)
{
	unsigned int i = 0;

	rl->tsgs = calloc(n + 1, sizeof(*rl->tsgs));
	rl->entries = calloc(n + 1, sizeof(*rl->entries));
	if (!rl->tsgs || !rl->entries)
		return false;
	while (i < n) {
		const uint32_t *hdr = e + i * ENTRY_WORDS;
		unsigned int len = NV_MW_GET(hdr, NV_RAMRL_ENTRY_TSG_LENGTH);
		struct tsg *t = &rl->tsgs[rl->ntsgs];

		if (!is_tsg(hdr) || len < NV_RAMRL_ENTRY_TSG_LENGTH_MIN ||
		    len > NV_RAMRL_ENTRY_TSG_LENGTH_MAX || i + len >= n)
			return false;
		*t = (struct tsg){
			.id = NV_MW_GET(hdr, NV_RAMRL_ENTRY_TSG_TSGID),
			.first = rl->nentries, .count = len, .timeslice = timeslice(hdr),
		};
		for (i++; len--; i++) {
			const uint32_t *chan = e + i * ENTRY_WORDS;
			struct fifo_channel *fc;

			if (is_tsg(chan))
				return false;
			fc = chram_object(rl->gpu, NV_MW_GET(chan, NV_RAMRL_ENTRY_CHAN_CHID));
			rl->entries[rl->nentries++] = fc;
			if (fc->listed && fc->ch.runlist != rl->id) {
				log_guest_error("host", "channel %u is on runlists %u and %u",
						fc->ch.chid, fc->ch.runlist, rl->id);
				continue;	/* stays with the first */
			}
			fc->runqueue = NV_MW_GET(chan, NV_RAMRL_ENTRY_CHAN_RUNQUEUE_SELECTOR);
			if (fc->runqueue >= rl->npbdmas)
				fc->runqueue = 0;
			fc->ch.runlist = rl->id;
			fc->ch.tsg = t->id;
			fc->listed = true;
		}
		rl->ntsgs++;
	}
	return true;
}

/* What was running when the list went, as RUNLIST_SUBMIT_INFO tells it. */
static uint32_t preempted(const struct runlist *rl)
{
	if (rl->cur_tsg >= rl->ntsgs || !rl->slice_end)
		return 0;
	return NV_NUM(NV_PFIFO_RUNLIST_SUBMIT_INFO_PREEMPTED_TSGID_HW, rl->tsgs[rl->cur_tsg].id) |
	       NV_DEF(NV_PFIFO_RUNLIST_SUBMIT_INFO_PREEMPTED_TSGID_VALID, _TRUE) |
	       NV_NUM(NV_PFIFO_RUNLIST_SUBMIT_INFO_PREEMPTED_OFFSET,
		      rl->tsgs[rl->cur_tsg].first + rl->cur_tsg);
}

static void unload_all(struct runlist *rl)
{
	for (unsigned int i = 0; i < rl->npbdmas; i++)
		if (rl->pbdmas[i]->fc && !pbdma_stalled(rl->pbdmas[i]))
			pbdma_save(rl->gpu, rl->pbdmas[i]);
}

/* OFFSET of a submit: the entry to go on from. */
static void seek(struct runlist *rl, unsigned int offset)
{
	unsigned int at = 0;

	for (unsigned int t = 0; t < rl->ntsgs; t++) {
		at += 1 + rl->tsgs[t].count;
		if (offset < at) {
			rl->cur_tsg = (t + rl->ntsgs - 1) % rl->ntsgs;
			return;
		}
	}
	rl->cur_tsg = rl->ntsgs ? rl->ntsgs - 1 : 0;
}

void runlist_load(struct runlist *rl)
{
	struct gpu *gpu = rl->gpu;
	size_t bytes = (size_t)rl->submit_len * NV_RAMRL_ENTRY_SIZE;
	uint32_t *copy = malloc(bytes + 1);
	bool ok = false;
	void *p;

	unload_all(rl);
	rl->preempted = preempted(rl);
	runlist_clear(rl);
	host_dma_begin(gpu->host);
	p = bytes ? gpu_phys_ptr(gpu, rl->submit_ap, rl->submit_base, bytes, false) : copy;
	if (p && copy) {
		if (bytes)
			memcpy(copy, p, bytes);
		ok = true;
	}
	host_dma_end(gpu->host);
	if (!ok) {
		log_guest_error("host", "runlist %u: %u entries at %#llx are not there", rl->id,
				rl->submit_len, (unsigned long long)rl->submit_base);
		fifo_sched_error(gpu, NV_PFIFO_INTR_SCHED_ERROR_CODE_RL_RDAT_TIMEOUT);
	} else if (!parse(rl, copy, rl->submit_len)) {
		log_guest_error("host", "runlist %u: bad TSG structure", rl->id);
		runlist_clear(rl);
		fifo_sched_error(gpu, NV_PFIFO_INTR_SCHED_ERROR_CODE_BAD_TSG);
	}
	free(copy);
	seek(rl, rl->submit_off);
	rl->submit_pending = false;
	gpu->fifo->intr_runlist |= 1u << rl->id;
	fifo_update_intr(gpu);
}

static bool preempt_wants(const struct runlist *rl, const struct fifo_channel *fc)
{
	const struct fifo *f = rl->gpu->fifo;

	if (rl->preempt_all)
		return true;
	return rl->preempt_id_pending &&
	       f->preempt_id == (f->preempt_type == NV_PFIFO_PREEMPT_TYPE_TSG ? fc->ch.tsg :
										fc->ch.chid);
}

void runlist_preempt(struct runlist *rl)
{
	struct fifo *f = rl->gpu->fifo;
	bool done = true, any = false;

	if (!rl->preempt_all && !rl->preempt_id_pending)
		return;
	if (rl->preempt_from && monotonic_ns() < rl->preempt_from)
		return;
	rl->preempt_from = 0;
	for (unsigned int i = 0; i < rl->npbdmas; i++) {
		struct pbdma *pb = rl->pbdmas[i];

		if (!pb->fc || !preempt_wants(rl, pb->fc))
			continue;
		any = true;
		if (pbdma_stalled(pb))
			done = false;
		else
			pbdma_save(rl->gpu, pb);
	}
	for (unsigned int i = 0; i < rl->nengines; i++) {
		const struct engine *e = rl->engines[i];
		struct engine_slot *slot = &f->eng[e->id];

		if (!slot->fc || !preempt_wants(rl, slot->fc))
			continue;
		any = true;
		if (fifo_engine_stuck(rl->gpu, e)) {
			done = false;
			continue;
		}
		slot->fc->ctx_reload = slot->fc->work;
		slot->fc = NULL;
	}
	if (any)
		rl->slice_end = 0;
	if (done) {
		rl->preempt_all = rl->preempt_id_pending = false;
		fifo_preempt_progress(rl->gpu);
	}
}

void runlist_reset_engines(struct runlist *rl)
{
	struct gpu *gpu = rl->gpu;

	for (unsigned int i = 0; i < rl->nengines; i++) {
		const struct engine *e = rl->engines[i];
		struct engine_slot *slot = &gpu->fifo->eng[e->id];
		struct fifo_channel *fc = slot->fc;

		if (!(rl->reset_engines & 1u << e->id))
			continue;
		if (fc) {
			log_ok("host", "%s reset under channel %u", e->name, fc->ch.chid);
			e->ops->teardown(gpu, &fc->ch);
			if (fc->busy == e) {
				fc->busy = NULL;
				chram_set_wait(fc, CHAN_WAIT_NONE);
			}
			slot->fc = NULL;
		}
		slot->faulted = false;
		gpu->fifo->ctxsw_timeout &= ~(1u << e->id);
		e->ops->reset(gpu, e);
		for (unsigned int p = 0; p < rl->npbdmas; p++)
			if (rl->pbdmas[p]->fc && !pbdma_stalled(rl->pbdmas[p]))
				pbdma_raise(gpu, rl->pbdmas[p], 0,
					    NV_DEF(NV_PPBDMA_INTR_0_ENG_RESET, _PENDING));
	}
	rl->reset_engines = 0;
	fifo_update_intr(gpu);
}

/* Not of another runlist, which a confused guest may have named too. */
static bool mine(const struct runlist *rl, const struct fifo_channel *fc)
{
	return fc->listed && fc->ch.runlist == rl->id && (!fc->pb || fc->pb->rl == rl);
}

static bool tsg_faulted(const struct runlist *rl, const struct tsg *t)
{
	for (unsigned int i = 0; i < t->count; i++) {
		const struct fifo_channel *fc = rl->entries[t->first + i];

		if (mine(rl, fc) && fc->bound && (fc->pbdma_faulted || fc->eng_faulted))
			return true;
	}
	return false;
}

/* Can @fc go on at @now? *@wake: the earliest time a waiting one could. */
static bool runnable(const struct runlist *rl, struct fifo_channel *fc, uint64_t now,
		     uint64_t *wake)
{
	if (!mine(rl, fc) || !fc->bound || !fc->enabled || fc->fault_hold || !(fc->pending || fc->work))
		return false;
	switch (fc->wait) {
	case CHAN_WAIT_ACQUIRE:
		if (now >= fc->poll_at)
			return true;
		if (!*wake || fc->poll_at < *wake)
			*wake = fc->poll_at;
		return false;
	case CHAN_WAIT_ENGINE:
		return atomic_load(&fc->woken);
	case CHAN_WAIT_ERROR:
		return atomic_load(&fc->acknowledged);
	case CHAN_WAIT_HELD:
		return !fifo_engine_stuck(fc->gpu, fc->held_on);
	}
	return true;
}

static struct fifo_channel *pick_in_tsg(struct runlist *rl, const struct tsg *t,
					unsigned int from, uint64_t now, uint64_t *wake)
{
	if (tsg_faulted(rl, t))
		return NULL;
	for (unsigned int i = 0; i < t->count; i++) {
		unsigned int n = (from + i) % t->count;

		if (runnable(rl, rl->entries[t->first + n], now, wake)) {
			rl->cur_entry = n;
			return rl->entries[t->first + n];
		}
	}
	return NULL;
}

static bool may_schedule(const struct runlist *rl)
{
	if (rl->sched_disabled || !rl->ntsgs)
		return false;
	for (unsigned int i = 0; i < rl->npbdmas; i++)
		if (pbdma_stalled(rl->pbdmas[i]))
			return false;
	return true;
}

/*
 * The next channel to run, round robin over TSGs by timeslice and within a TSG
 * as its channels stop; NULL with *@wake = when to look again (0: when kicked).
 */
struct fifo_channel *runlist_pick(struct runlist *rl, uint64_t *wake)
{
	uint64_t now = monotonic_ns();
	struct fifo_channel *fc;
	bool same;

	*wake = 0;
	if (!may_schedule(rl))
		return NULL;
	same = rl->slice_end > now;
	for (unsigned int i = 0; i < rl->ntsgs + same; i++) {
		unsigned int n = (rl->cur_tsg + i + !same) % rl->ntsgs;
		bool stay = same && !i;

		fc = pick_in_tsg(rl, &rl->tsgs[n], stay ? rl->cur_entry : 0, now, wake);
		if (!fc)
			continue;
		if (!stay)
			rl->slice_end = now + rl->tsgs[n].timeslice;
		rl->cur_tsg = n;
		return fc;
	}
	return NULL;
}

void runlist_init(struct gpu *gpu)
{
	struct fifo *f = gpu->fifo;
	unsigned int next_pbdma = 0;

	for (unsigned int i = 0; i < FIFO_RUNLISTS; i++) {
		struct runlist *rl = &f->rl[i];

		rl->gpu = gpu;
		rl->id = i;
		for (unsigned int e = 0; e < gpu_engine_count; e++)
			if (gpu_engines[e].runlist == i)
				rl->engines[rl->nengines++] = &gpu_engines[e];
		rl->present = rl->nengines != 0;
		/* One PBDMA each, and the graphics runlist a second runqueue. */
		for (unsigned int q = 0; q < (i ? 1 : FIFO_RUNQUEUES); q++, next_pbdma++) {
			if (!rl->present)
				continue;
			rl->pbdmas[rl->npbdmas++] = &f->pbdma[next_pbdma];
			f->pbdma[next_pbdma].rl = rl;
		}
		pthread_mutex_init(&rl->kick_lock, NULL);
	}
}
