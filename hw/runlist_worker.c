// SPDX-License-Identifier: MIT
/*
 * One thread per runlist runs its channels, one slice at a time, and sleeps
 * while there is nothing to run. Between slices it serves what the bus asked
 * for: new lists, preemptions, resets.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "fifo.h"
#include "log.h"
#include "mmio.h"
#include "monotonic.h"
#include "nvhw/nv_field.h"

#define SLICE_MAX_NS		10000000	/* a slice returns that often at least */
#define POLL_MIN_NS		20000		/* of a failed acquire, then doubling */
#define POLL_MAX_NS		1000000

/* Sleeps until kicked or until @wake (monotonic_ns(), 0: no limit). */
static void wait_for_kick(struct runlist *rl, uint64_t wake)
{
	pthread_mutex_lock(&rl->kick_lock);
	while (!rl->kicked) {
		if (!wake)
			pthread_cond_wait(&rl->kick_cond, &rl->kick_lock);
		else if (monotonic_wait(&rl->kick_cond, &rl->kick_lock, wake) == ETIMEDOUT)
			break;
	}
	rl->kicked = false;
	pthread_mutex_unlock(&rl->kick_lock);
}

/* The engine should have changed contexts long ago: tell the guest. */
static void check_ctxsw_timeout(struct runlist *rl, struct fifo_channel *fc)
{
	struct gpu *gpu = rl->gpu;
	struct fifo *f = gpu->fifo;
	uint32_t cfg = mmio_peek(gpu, NV_PFIFO_ENG_CTXSW_TIMEOUT);
	unsigned int id = fc->held_on->id;

	if (!fc->held_since)
		fc->held_since = gpu_now(gpu);
	if (!NV_GET(cfg, NV_PFIFO_ENG_CTXSW_TIMEOUT_DETECTION) || f->ctxsw_timeout & 1u << id ||
	    gpu_now(gpu) - fc->held_since <
	    NV_GET(cfg, NV_PFIFO_ENG_CTXSW_TIMEOUT_PERIOD) * 1000ull)
		return;
	f->ctxsw_timeout |= 1u << id;
	f->ctxsw_info[id] =
		NV_NUM(NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_PREV_TSGID, f->eng[id].fc->ch.tsg) |
		NV_DEF(NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_CTXSW_STATE, _SWITCH) |
		NV_NUM(NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_NEXT_TSGID, fc->ch.tsg) |
		NV_DEF(NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_STATUS, _AWAITING_ACK);
	fifo_update_intr(gpu);
}

/* Channels held off by a stuck engine; when to look again, 0 if there is none. */
static uint64_t check_held(struct runlist *rl)
{
	bool any = false;

	for (unsigned int i = 0; i < rl->nentries; i++) {
		struct fifo_channel *fc = rl->entries[i];

		if (fc->wait != CHAN_WAIT_HELD || !fifo_engine_stuck(rl->gpu, fc->held_on))
			continue;
		check_ctxsw_timeout(rl, fc);
		any = true;
	}
	return any ? monotonic_ns() + 10 * POLL_MAX_NS : 0;
}

/* RUNLIST_IDLE and its kin, for a runlist that has just run dry. */
static void went_idle(struct runlist *rl, bool acquiring)
{
	struct fifo *f = rl->gpu->fifo;
	uint32_t bit = 1u << rl->id;
	bool engines_idle = true;

	if (rl->idle)
		return;
	rl->idle = true;
	for (unsigned int i = 0; i < rl->nentries; i++)
		engines_idle &= rl->entries[i]->wait != CHAN_WAIT_ENGINE &&
				rl->entries[i]->wait != CHAN_WAIT_ERROR;
	for (unsigned int k = 0; k < 4; k++) {
		bool fires = (k < 2) == !acquiring && (!(k & 1) || engines_idle);

		if (fires)
			f->intr_idle[k] |= bit & f->idle_en[k];
	}
	fifo_update_intr(rl->gpu);
}

static void put_aside(struct runlist *rl, struct fifo_channel *fc, enum chan_wait wait)
{
	chram_set_wait(fc, wait);
	rl->cur_entry++;
}

static void acquire_later(struct runlist *rl, struct fifo_channel *fc)
{
	fc->poll_step = fc->poll_step ? fc->poll_step * 2 : POLL_MIN_NS;
	if (fc->poll_step > POLL_MAX_NS)
		fc->poll_step = POLL_MAX_NS;
	fc->poll_at = monotonic_ns() + fc->poll_step;
	put_aside(rl, fc, CHAN_WAIT_ACQUIRE);
}

static void engine_faulted(struct runlist *rl, struct fifo_channel *fc)
{
	struct engine_slot *slot = &rl->gpu->fifo->eng[fc->busy->id];

	if (!fc->fault_reported)
		fc->eng_faulted = fc->fault_hold = true;
	if (slot->fc == fc)
		slot->fc = NULL;
	slot->faulted = true;
	fc->ctx_reload = true;
}

static void finish_slice(struct runlist *rl, struct fifo_channel *fc, enum slice_end end)
{
	struct gpu *gpu = rl->gpu;
	struct pbdma *pb = fc->pb;

	if (end != SLICE_ACQUIRE)
		fc->poll_step = 0;
	fc->work = true;
	for (unsigned int n = 0; n < 2; n++) {
		if (pb->raise[n]) {
			count(gpu, channel_errors);
			pbdma_raise(gpu, pb, n, pb->raise[n]);
		}
		pb->raise[n] = 0;
	}
	switch (end) {
	case SLICE_IDLE:
		if (fc->pending)
			break;	/* rung while it looked for work: look again */
		fc->work = false;
		pbdma_save(gpu, pb);
		rl->cur_entry++;
		return;
	case SLICE_TIME:
		break;
	case SLICE_STALL:
		/* INTR_STALL lets it pass: the method is lost. */
		if (!pbdma_stalled(pb))
			pb->w[FC(METHOD0)] &= ~NV_MASK(NV_PPBDMA_METHOD0_VALID);
		break;
	case SLICE_ACQUIRE:
		acquire_later(rl, fc);
		break;
	case SLICE_ENG_FAULT:
		engine_faulted(rl, fc);
		/* fall through */
	case SLICE_PBDMA_FAULT:
		pbdma_save(gpu, pb);
		rl->slice_end = 0;
		return;
	case SLICE_WAIT:
		put_aside(rl, fc, CHAN_WAIT_ENGINE);
		break;
	case SLICE_ERROR:
		count(gpu, channel_errors);
		put_aside(rl, fc, CHAN_WAIT_ERROR);
		break;
	case SLICE_HELD:
		put_aside(rl, fc, CHAN_WAIT_HELD);
		break;
	case SLICE_YIELD_TSG:
		rl->cur_entry++;
		break;
	case SLICE_YIELD:
		rl->slice_end = 0;
		break;
	}
	pbdma_publish(pb);
}

/* Runs @fc for a while. Called and returns with gpu->lock held. */
static void run(struct runlist *rl, struct fifo_channel *fc)
{
	struct gpu *gpu = rl->gpu;
	struct pbdma *pb = rl->pbdmas[fc->runqueue];
	uint64_t until = monotonic_ns() + SLICE_MAX_NS;
	enum slice_end end;

	if (fc->pb && fc->pb != pb)	/* the list moved it to the other runqueue */
		pbdma_save(gpu, fc->pb);
	if (pb->fc != fc) {
		if (pb->fc)
			pbdma_save(gpu, pb);
		pbdma_load(gpu, pb, fc);
	}
	if (pb->reg_written)
		memcpy(pb->w, pb->reg, sizeof(pb->w));
	pb->reg_written = false;
	if (fc->wait != CHAN_WAIT_HELD)
		fc->held_since = 0;
	chram_set_wait(fc, CHAN_WAIT_NONE);
	fc->pending = false;
	fc->fault_reported = false;
	rl->idle = false;
	if (pbdma_stalled(pb)) {	/* the load itself raised SIGNATURE */
		fc->work = true;
		return;
	}
	if (rl->slice_end < until)
		until = rl->slice_end;
	rl->running = fc;
	pthread_mutex_unlock(&gpu->lock);
	end = pbdma_slice(gpu, pb, until);
	pthread_mutex_lock(&gpu->lock);
	rl->running = NULL;
	finish_slice(rl, fc, end);
}

static void serve_requests(struct runlist *rl)
{
	struct fifo *f = rl->gpu->fifo;

	atomic_store(&rl->attention, false);
	while (f->pausing && !rl->quit) {
		f->paused++;
		pthread_cond_broadcast(&f->pause_cond);
		pthread_cond_wait(&f->resume_cond, &rl->gpu->lock);
		f->paused--;
	}
	if (rl->reset_engines)
		runlist_reset_engines(rl);
	runlist_preempt(rl);
	if (rl->submit_pending)
		runlist_load(rl);
}

static void *worker(void *arg)
{
	struct runlist *rl = arg;
	struct gpu *gpu = rl->gpu;
	struct fifo_channel *fc;
	uint64_t wake, held;

	pthread_mutex_lock(&gpu->lock);
	for (;;) {
		serve_requests(rl);
		if (rl->quit)
			break;
		fc = runlist_pick(rl, &wake);
		if (fc) {
			run(rl, fc);
			continue;
		}
		went_idle(rl, wake != 0);
		held = check_held(rl);
		if (held && (!wake || held < wake))
			wake = held;
		if (rl->preempt_from && (!wake || rl->preempt_from < wake))
			wake = rl->preempt_from;
		pthread_mutex_unlock(&gpu->lock);
		wait_for_kick(rl, wake);
		pthread_mutex_lock(&gpu->lock);
	}
	pthread_mutex_unlock(&gpu->lock);
	return NULL;
}

int worker_start(struct runlist *rl)
{
	int ret;

	monotonic_cond_init(&rl->kick_cond);
	ret = pthread_create(&rl->thread, NULL, worker, rl);
	rl->started = !ret;
	return -ret;
}

void worker_stop(struct runlist *rl)
{
	if (!rl->started)
		return;
	pthread_mutex_lock(&rl->gpu->lock);
	rl->quit = true;
	pthread_cond_broadcast(&rl->gpu->fifo->resume_cond);
	pthread_mutex_unlock(&rl->gpu->lock);
	runlist_attend(rl);
	pthread_join(rl->thread, NULL);
	pthread_cond_destroy(&rl->kick_cond);
	rl->started = false;
}

void worker_pause_all(struct gpu *gpu)
{
	struct fifo *f = gpu->fifo;

	f->pausing = true;
	for (unsigned int i = 0; i < FIFO_RUNLISTS; i++)
		if (f->rl[i].started)
			runlist_attend(&f->rl[i]);
	while (f->paused < f->workers)
		pthread_cond_wait(&f->pause_cond, &gpu->lock);
}

void worker_resume_all(struct gpu *gpu)
{
	gpu->fifo->pausing = false;
	pthread_cond_broadcast(&gpu->fifo->resume_cond);
}
