// SPDX-License-Identifier: MIT
/* Host as a unit: start, reset and end, interrupts, and what engines ask of it. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fifo.h"
#include "intr.h"
#include "log.h"
#include "mmio.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/tu104/dev_master.h"
#include "nvhw/tu104/dev_top.h"

#define VECTOR_STALL		136	/* PFIFO_INTR_0 & EN_0 */
#define VECTOR_NON_STALL	137	/* PFIFO_INTR_0 & EN_1 */
#define PBDMA_TLB_ENTRIES	32
#define GRCE_SUBCHANNEL		4

uint32_t fifo_intr_0(struct gpu *gpu)
{
	const struct fifo *f = gpu->fifo;
	uint32_t v = f->intr_0;

	if (f->ctxsw_timeout)
		v |= NV_DEF(NV_PFIFO_INTR_0_CTXSW_TIMEOUT, _PENDING);
	for (unsigned int k = 0; k < 4; k++)
		if (f->intr_idle[k])
			v |= NV_DEF(NV_PFIFO_INTR_0_RUNLIST_IDLE, _PENDING) << k;
	if (f->intr_runlist)
		v |= NV_DEF(NV_PFIFO_INTR_0_RUNLIST_EVENT, _PENDING);
	if (fifo_pbdma_pending(gpu))
		v |= NV_DEF(NV_PFIFO_INTR_0_PBDMA_INTR, _PENDING);
	return v;
}

uint32_t fifo_pbdma_pending(struct gpu *gpu)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < FIFO_PBDMAS; i++)
		if (pbdma_intr_pending(&gpu->fifo->pbdma[i]))
			v |= 1u << i;
	return v;
}

void fifo_update_intr(struct gpu *gpu)
{
	uint32_t v = fifo_intr_0(gpu);

	intr_level(gpu, VECTOR_STALL, v & mmio_peek(gpu, NV_PFIFO_INTR_EN_0));
	intr_level(gpu, VECTOR_NON_STALL, v & mmio_peek(gpu, NV_PFIFO_INTR_EN_1));
}

void fifo_raise(struct gpu *gpu, uint32_t bits)
{
	gpu->fifo->intr_0 |= bits;
	fifo_update_intr(gpu);
}

void fifo_bind_error(struct gpu *gpu, uint32_t code)
{
	gpu->fifo->bind_error = code;
	fifo_raise(gpu, NV_DEF(NV_PFIFO_INTR_0_BIND_ERROR, _PENDING));
}

void fifo_sched_error(struct gpu *gpu, uint32_t code)
{
	gpu->fifo->sched_error = code;
	fifo_raise(gpu, NV_DEF(NV_PFIFO_INTR_0_SCHED_ERROR, _PENDING));
}

void fifo_preempt_progress(struct gpu *gpu)
{
	struct fifo *f = gpu->fifo;

	for (unsigned int i = 0; i < FIFO_RUNLISTS; i++)
		if (f->rl[i].preempt_id_pending)
			return;
	if (!f->preempt_pending)
		return;
	f->preempt_pending = false;
	if (!NV_GET(f->preempt_mask, NV_PFIFO_INTR_0_MASK_SET_TSG_PREEMPT_COMPLETE))
		fifo_raise(gpu, NV_DEF(NV_PFIFO_INTR_0_TSG_PREEMPT_COMPLETE, _PENDING));
}

/* Once the guest has acknowledged the error the context can be saved. */
bool fifo_engine_stuck(struct gpu *gpu, const struct engine *e)
{
	const struct fifo_channel *fc = gpu->fifo->eng[e->id].fc;

	return fc && fc->wait == CHAN_WAIT_ERROR && fc->busy == e &&
	       !atomic_load(&fc->acknowledged);
}

uint32_t fifo_clear_faulted_timeout(struct gpu *gpu)
{
	uint32_t v = mmio_peek(gpu, NV_PFIFO_CLEAR_FAULTED_TIMEOUT);

	return NV_GET(v, NV_PFIFO_CLEAR_FAULTED_TIMEOUT_DETECTION) ?
	       NV_GET(v, NV_PFIFO_CLEAR_FAULTED_TIMEOUT_PERIOD) : 0;
}

void fifo_poll_acquires(struct gpu *gpu)
{
	struct fifo *f = gpu->fifo;

	if (!atomic_load(&f->acquirers))
		return;
	pthread_mutex_lock(&gpu->lock);
	for (unsigned int i = 0; i < FIFO_RUNLISTS; i++) {
		struct runlist *rl = &f->rl[i];
		bool any = false;

		for (unsigned int n = 0; n < rl->nentries; n++) {
			if (rl->entries[n]->wait != CHAN_WAIT_ACQUIRE)
				continue;
			rl->entries[n]->poll_at = 0;
			any = true;
		}
		if (any)
			runlist_kick(rl);
	}
	pthread_mutex_unlock(&gpu->lock);
}

/* Subchannels 0-3 go to the primary engine, 4 on the graphics runlist to its LCE. */
const struct engine *fifo_target(const struct pbdma *pb, unsigned int subch)
{
	const struct runlist *rl = pb->rl;
	unsigned int lce = 0;

	if (rl->engines[0]->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_GRAPHICS &&
	    subch == GRCE_SUBCHANNEL)
		for (unsigned int i = 0; i < rl->nengines; i++)
			if (rl->engines[i]->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE &&
			    lce++ == pb->fc->runqueue)
				return rl->engines[i];
	return rl->engines[0];
}

const struct engine *fifo_copy_engine(const struct channel *ch)
{
	return fifo_target(ch->pbdma, GRCE_SUBCHANNEL);
}

bool fifo_engine_in_reset(struct gpu *gpu, const struct engine *e)
{
	return !(atomic_load(&gpu->fifo->pmc_enable) >> e->reset & 1);
}

bool fifo_may_continue(const struct channel *ch)
{
	const struct pbdma *pb = ch->pbdma;

	return pb && !atomic_load(&pb->rl->attention);
}

void fifo_wake(struct gpu *gpu, struct channel *ch)
{
	struct fifo_channel *fc = to_fifo(ch);

	atomic_store(&fc->woken, true);
	if (fc->ch.runlist < FIFO_RUNLISTS)
		runlist_kick(&gpu->fifo->rl[fc->ch.runlist]);
}

void fifo_acknowledged(struct gpu *gpu, struct channel *ch)
{
	struct fifo_channel *fc = to_fifo(ch);

	atomic_store(&fc->acknowledged, true);
	fifo_wake(gpu, ch);
}

void fifo_engine_fault(struct gpu *gpu, struct channel *ch, const struct mmu_as *as,
		       const struct mmu_client *client, uint64_t va, enum mmu_access access,
		       uint8_t fault_type)
{
	struct fifo_channel *fc = to_fifo(ch);

	pthread_mutex_lock(&gpu->lock);
	fc->eng_faulted = fc->fault_hold = fc->fault_reported = true;
	mmu_fault_fatal_locked(gpu, as, client, va, access, fault_type);
	pthread_mutex_unlock(&gpu->lock);
}

static void reset_locked(struct gpu *gpu)
{
	struct fifo *f = gpu->fifo;

	for (unsigned int i = 0; i < FIFO_PBDMAS; i++)
		pbdma_reset(&f->pbdma[i]);
	chram_reset(gpu);
	for (unsigned int i = 0; i < FIFO_RUNLISTS; i++) {
		struct runlist *rl = &f->rl[i];

		runlist_clear(rl);
		rl->submit_pending = rl->preempt_all = rl->preempt_id_pending = false;
		rl->sched_disabled = false;
		rl->preempt_from = 0;
		rl->reset_engines = 0;
		rl->preempted = 0;
	}
	memset(f->eng, 0, sizeof(f->eng));
	memset(f->intr_idle, 0, sizeof(f->intr_idle));
	memset(f->idle_en, 0, sizeof(f->idle_en));
	f->intr_0 = f->intr_runlist = f->ctxsw_timeout = 0;
	f->bind_error = f->sched_error = f->preempt_mask = 0;
	f->preempt_pending = false;
	fifo_update_intr(gpu);
}

static void quiesce_and_reset(struct gpu *gpu)
{
	worker_pause_all(gpu);
	reset_locked(gpu);
	worker_resume_all(gpu);
}

void fifo_reset(struct gpu *gpu)
{
	pthread_mutex_lock(&gpu->lock);
	quiesce_and_reset(gpu);
	atomic_store(&gpu->fifo->pmc_enable, ~0u);	/* all out of reset, as PMC_ENABLE */
	pthread_mutex_unlock(&gpu->lock);
}

void fifo_pmc_enable(struct gpu *gpu, uint32_t old, uint32_t now)
{
	struct fifo *f = gpu->fifo;
	uint32_t fell = old & ~now;

	if (!f)
		return;
	atomic_store(&f->pmc_enable, now);
	if (NV_GET(fell, NV_PMC_ENABLE_PFIFO))
		quiesce_and_reset(gpu);
	for (unsigned int i = 0; i < gpu_engine_count; i++) {
		struct runlist *rl = &f->rl[gpu_engines[i].runlist];

		if (!(fell >> gpu_engines[i].reset & 1))
			continue;
		rl->reset_engines |= 1u << gpu_engines[i].id;
		if (rl->running)
			runlist_attend(rl);
		else
			runlist_reset_engines(rl);
	}
	/* A channel that stopped for an engine in reset may try again. */
	for (unsigned int i = 0; i < FIFO_RUNLISTS; i++)
		if (f->rl[i].started)
			runlist_kick(&f->rl[i]);
}

static int create_pbdmas(struct gpu *gpu)
{
	char name[16];

	for (unsigned int i = 0; i < FIFO_PBDMAS; i++) {
		struct pbdma *pb = &gpu->fifo->pbdma[i];

		pb->id = i;
		pb->client = (struct mmu_client){
			.engine_id = FIFO_PBDMA_FAULT_ID + i,
			.client = NV_PFAULT_CLIENT_HUB_HOST,
			.hub = true,
		};
		pbdma_reset(pb);
		if (!pb->rl)
			continue;
		snprintf(name, sizeof(name), "host%u", i);
		pb->tlb = tlb_create(gpu, name, PBDMA_TLB_ENTRIES, true);
		if (!pb->tlb)
			return -ENOMEM;
	}
	return 0;
}

int fifo_init(struct gpu *gpu)
{
	struct fifo *f = calloc(1, sizeof(*f));
	int ret;

	if (!f)
		return -ENOMEM;
	gpu->fifo = f;
	pthread_cond_init(&f->pause_cond, NULL);
	pthread_cond_init(&f->resume_cond, NULL);
	runlist_init(gpu);
	fifo_register(gpu);
	pbdma_register(gpu);
	chram_register(gpu);
	ret = create_pbdmas(gpu);
	for (unsigned int i = 0; !ret && i < FIFO_RUNLISTS; i++) {
		if (!f->rl[i].present)
			continue;
		ret = worker_start(&f->rl[i]);
		f->workers += !ret;
	}
	return ret;
}

void fifo_fini(struct gpu *gpu)
{
	struct fifo *f = gpu->fifo;

	if (!f)
		return;
	for (unsigned int i = 0; i < FIFO_RUNLISTS; i++)
		worker_stop(&f->rl[i]);
	pthread_mutex_lock(&gpu->lock);
	reset_locked(gpu);
	pthread_mutex_unlock(&gpu->lock);
	for (unsigned int i = 0; i < FIFO_PBDMAS; i++)
		if (f->pbdma[i].tlb)
			tlb_destroy(gpu, f->pbdma[i].tlb);
	for (unsigned int i = 0; i < FIFO_RUNLISTS; i++)
		pthread_mutex_destroy(&f->rl[i].kick_lock);
	for (unsigned int i = 0; i < FIFO_CHANNELS; i++)
		free(f->chan[i]);
	pthread_cond_destroy(&f->pause_cond);
	pthread_cond_destroy(&f->resume_cond);
	free(f);
	gpu->fifo = NULL;
}
