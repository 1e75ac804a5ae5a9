// SPDX-License-Identifier: MIT
/*
 * Copy engines, class C5B5: state methods fill a register file per channel,
 * LAUNCH_DMA makes a job of it, step() works on the job piece by piece. A job
 * that misses stays where it is; the channel comes back to it after the fault.
 */
#include "ce_priv.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fifo.h"
#include "host_dma.h"
#include "inject.h"
#include "intr.h"
#include "log.h"
#include "mmio.h"
#include "monotonic.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "sem_op.h"

static struct ce_unit *unit_of(struct gpu *gpu, const struct engine *e)
{
	return &gpu->ce->unit[e->inst];
}

static struct ce_chan *chan_state(struct channel *ch)
{
	if (!ch->ce) {
		ch->ce = calloc(1, sizeof(struct ce_chan));
		if (!ch->ce)
			abort();
	}
	return ch->ce;
}

static void set_busy(struct gpu *gpu, struct ce_unit *u, bool busy)
{
	pthread_mutex_lock(&gpu->lock);
	u->busy = busy;
	pthread_mutex_unlock(&gpu->lock);
}

/* Stops with LAUNCHERR = @err and the @status bits beside it. */
static enum engine_result launch_failed(struct gpu *gpu, const struct engine *e,
					struct channel *ch, struct ce_job *job, uint32_t err,
					uint32_t status)
{
	log_guest_error("ce", "%s: channel %u: launch %08x stopped, error %u", e->name, ch->chid,
			job->launch, err);
	job->stage = CE_FAILED;
	pthread_mutex_lock(&gpu->lock);
	unit_of(gpu, e)->launcherr = err;
	unit_of(gpu, e)->intr_status |= NV_DEF(NV_CE_LCE_INTR_STATUS_LAUNCHERR, _PENDING) | status;
	unit_of(gpu, e)->blocked = ch;
	ce_update_intr(gpu, e->inst);
	pthread_mutex_unlock(&gpu->lock);
	return ENGINE_ERROR;
}

/* The older one-register origins are another way to write the same state. */
static void split_origin(struct ce_chan *c, uint32_t x_mthd, uint32_t data)
{
	c->reg[x_mthd / 4] = NV_GET(data, NVC5B5_SET_SRC_ORIGIN_X);
	c->reg[x_mthd / 4 + 1] = NV_GET(data, NVC5B5_SET_SRC_ORIGIN_Y);
}

static enum engine_result ce_method(struct gpu *gpu, struct channel *ch, unsigned int subch,
				    uint32_t mthd, uint32_t data)
{
	const struct engine *e = fifo_copy_engine(ch);
	struct ce_chan *c = chan_state(ch);
	uint32_t err;

	if (mthd / 4 < CE_METHODS)
		c->reg[mthd / 4] = data;
	if (mthd == NVC5B5_SET_SRC_ORIGIN)
		split_origin(c, NVC5B5_SRC_ORIGIN_X, data);
	else if (mthd == NVC5B5_SET_DST_ORIGIN)
		split_origin(c, NVC5B5_DST_ORIGIN_X, data);
	if (mthd != NVC5B5_LAUNCH_DMA)
		return ENGINE_DONE;
	count(gpu, ce_launches);
	pthread_mutex_lock(&gpu->lock);
	unit_of(gpu, e)->busy = true;
	unit_of(gpu, e)->bound_inst = ch->inst;
	unit_of(gpu, e)->bound_aperture = ch->inst_aperture;
	pthread_mutex_unlock(&gpu->lock);
	err = ce_launch_decode(c, data, &c->job);
	if (!err && (inject_hit(gpu, INJECT_CE_ERROR) ||
		     (e->inst == 3 && inject_hit(gpu, INJECT_CE3_ERROR))))
		err = NV_CE_LCE_LAUNCHERR_REPORT_NO_RESOURCES;
	c->active = true;
	c->saved = false;
	if (err)
		return launch_failed(gpu, e, ch, &c->job, err, 0);
	if (!inject_hit(gpu, INJECT_CE_HANG))
		return ENGINE_BUSY;
	c->job.stage = CE_HUNG;		/* no interrupt, and nothing but a reset ends it */
	return ENGINE_ERROR;
}

static enum engine_result fault(struct gpu *gpu, const struct engine *e, struct channel *ch,
				struct ce_chan *c, const struct ce_fault *f)
{
	struct ce_unit *u = unit_of(gpu, e);
	uint32_t status = ce_save(gpu, u, ch, &c->job);

	if (status)
		return launch_failed(gpu, e, ch, &c->job,
				     NV_CE_LCE_LAUNCHERR_REPORT_METHOD_BUFFER_ACCESS_FAULT, status);
	c->saved = true;
	set_busy(gpu, u, false);
	fifo_engine_fault(gpu, ch, &ch->as, &u->client, f->va, f->access, f->type);
	return ENGINE_FAULTED;
}

static void add_float(uint32_t *p, uint32_t payload)
{
	uint32_t old = __atomic_load_n(p, __ATOMIC_RELAXED), bits;
	float v, add;

	memcpy(&add, &payload, 4);
	do {
		memcpy(&v, &old, 4);
		v += add;
		memcpy(&bits, &v, 4);
	} while (!__atomic_compare_exchange_n(p, &old, bits, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
}

static void release(struct gpu *gpu, struct ce_job *job, const struct mmu_xlat *x,
		    uint32_t payload)
{
	uint8_t *p = x->ptr;
	uint32_t l = job->launch, red = NV_GET(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION);
	uint32_t type = NV_GET(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_TYPE);
	bool four = type == NVC5B5_LAUNCH_DMA_SEMAPHORE_TYPE_RELEASE_FOUR_WORD_SEMAPHORE;

	/* FLUSH_ENABLE: all that was copied is visible before the release anyway. */
	if (type == NVC5B5_LAUNCH_DMA_SEMAPHORE_TYPE_RELEASE_CONDITIONAL_INTR_SEMAPHORE)
		job->conditional = dma_load32((uint32_t *)p) != payload;
	if (four)
		dma_store64((uint64_t *)(p + 8), gpu_time(gpu));
	if (!NV_GET(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_ENABLE)) {
		if (four)
			dma_store64((uint64_t *)p, payload);
		else
			dma_store32((uint32_t *)p, payload);
	} else if (red == NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_FADD) {
		add_float((uint32_t *)p, payload);
	} else {
		sem_reduce(p, x->aperture != APERTURE_VRAM, false, red,
			   NV_IS(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_SIGN, _SIGNED), payload);
	}
}

static enum ce_progress semaphore(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
				  struct ce_chan *c, struct ce_fault *f)
{
	uint32_t l = c->job.launch;
	uint64_t va = ((uint64_t)NV_GET(ce_reg(c, NVC5B5_SET_SEMAPHORE_A),
					NVC5B5_SET_SEMAPHORE_A_UPPER) << 32) |
		      ce_reg(c, NVC5B5_SET_SEMAPHORE_B);
	bool red = NV_GET(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_REDUCTION_ENABLE);
	struct mmu_xlat x;
	enum mmu_result r;

	if (NV_IS(l, NVC5B5_LAUNCH_DMA_SEMAPHORE_TYPE, _NONE))
		return CE_DONE;
	tlb_lock(u->tlb);
	r = mmu_translate(gpu, u->tlb, &ch->as, va, red ? MMU_ATOMIC : MMU_WRITE, &x);
	if (r == MMU_OK && x.ptr)
		release(gpu, &c->job, &x, ce_reg(c, NVC5B5_SET_SEMAPHORE_PAYLOAD));
	tlb_unlock(u->tlb);
	if (r == MMU_FAULT) {
		*f = (struct ce_fault){ va, red ? MMU_ATOMIC : MMU_WRITE, x.fault_type };
		return CE_FAULT;
	}
	fifo_poll_acquires(gpu);
	return CE_DONE;
}

/* INTERRUPT_TYPE: true when the pipe is now blocked until the bit is cleared. */
static bool interrupt(struct gpu *gpu, const struct engine *e, struct channel *ch,
		      const struct ce_job *job)
{
	uint32_t type = NV_GET(job->launch, NVC5B5_LAUNCH_DMA_INTERRUPT_TYPE);
	bool blocking = type == NVC5B5_LAUNCH_DMA_INTERRUPT_TYPE_BLOCKING;
	struct ce_unit *u = unit_of(gpu, e);

	if (job->conditional)
		type = NVC5B5_LAUNCH_DMA_INTERRUPT_TYPE_NON_BLOCKING;
	if (type == NVC5B5_LAUNCH_DMA_INTERRUPT_TYPE_NONE)
		return false;
	pthread_mutex_lock(&gpu->lock);
	if (blocking) {
		u->intr_status |= NV_DEF(NV_CE_LCE_INTR_STATUS_BLOCKPIPE, _PENDING);
		u->blocked = ch;
	} else {
		u->intr_status |= NV_DEF(NV_CE_LCE_INTR_STATUS_NONBLOCKPIPE, _PENDING);
		if (NV_GET(mmio_peek(gpu, NV_CE_LCE_INTR_EN(e->inst)),
			   NV_CE_LCE_INTR_EN_NONBLOCKPIPE))
			intr_pulse(gpu, e->intr);
	}
	ce_update_intr(gpu, e->inst);
	pthread_mutex_unlock(&gpu->lock);
	return blocking;
}

static bool still_blocked(struct gpu *gpu, struct ce_unit *u, struct channel *ch)
{
	bool blocked;

	pthread_mutex_lock(&gpu->lock);
	blocked = u->blocked == ch;
	pthread_mutex_unlock(&gpu->lock);
	return blocked;
}

static enum engine_result finish(struct gpu *gpu, struct ce_unit *u, struct ce_chan *c)
{
	c->active = false;
	set_busy(gpu, u, false);
	return ENGINE_DONE;
}

/* Copies for about as long as the budget lasts. */
static enum ce_progress copy(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
			     struct ce_job *job, uint64_t until, struct ce_fault *f)
{
	enum ce_progress p;

	do {
		p = job->remap ? ce_remap_piece(gpu, u, ch, job, f) :
				 ce_copy_piece(gpu, u, ch, job, f);
	} while (p == CE_MORE && fifo_may_continue(ch) && monotonic_ns() < until);
	return p;
}

static enum engine_result ce_step(struct gpu *gpu, struct channel *ch, uint64_t budget_ns)
{
	const struct engine *e = fifo_copy_engine(ch);
	struct ce_unit *u = unit_of(gpu, e);
	struct ce_chan *c = chan_state(ch);
	struct ce_job *job = &c->job;
	enum ce_progress p = CE_DONE;
	struct ce_fault f;
	uint32_t bad;

	if (!c->active)
		return ENGINE_DONE;
	if (c->saved) {
		c->saved = false;
		bad = ce_restore(gpu, u, ch, job);
		set_busy(gpu, u, true);
		if (bad)
			return launch_failed(gpu, e, ch, job,
					     NV_CE_LCE_LAUNCHERR_REPORT_METHOD_BUFFER_ACCESS_FAULT,
					     bad);
	}
	if (job->stage == CE_COPY) {
		p = copy(gpu, u, ch, job, monotonic_ns() + budget_ns, &f);
		if (p == CE_MORE)
			return ENGINE_BUSY;
		if (p == CE_DONE)
			job->stage = CE_SEMAPHORE;
	}
	if (job->stage == CE_SEMAPHORE) {
		p = semaphore(gpu, u, ch, c, &f);
		if (p == CE_DONE)
			job->stage = CE_INTERRUPT;
	}
	if (p == CE_FAULT)
		return fault(gpu, e, ch, c, &f);
	if (job->stage == CE_INTERRUPT)
		job->stage = interrupt(gpu, e, ch, job) ? CE_BLOCKED : CE_OVER;
	if (job->stage == CE_BLOCKED && still_blocked(gpu, u, ch))
		return ENGINE_WAIT;
	if (job->stage == CE_HUNG || (job->stage == CE_FAILED && still_blocked(gpu, u, ch)))
		return ENGINE_ERROR;
	return finish(gpu, u, c);
}

static void ce_teardown(struct gpu *gpu, struct channel *ch)
{
	for (unsigned int i = 0; i < CE_COUNT; i++) {
		struct ce_unit *u = &gpu->ce->unit[i];

		if (u->blocked != ch)
			continue;
		u->blocked = NULL;
		u->busy = false;
	}
	free(ch->ce);
	ch->ce = NULL;
}

static void reset_unit(struct gpu *gpu, unsigned int i)
{
	struct ce_unit *u = &gpu->ce->unit[i];

	u->intr_status = u->launcherr = 0;
	u->blocked = NULL;
	u->busy = false;
	u->bound_inst = 0;
	ce_update_intr(gpu, i);
}

static void ce_engine_reset(struct gpu *gpu, const struct engine *e)
{
	reset_unit(gpu, e->inst);
	mmio_poke(gpu, NV_CE_LCE_INTR_EN(e->inst), CE_INTR_EN_INIT);
}

const struct engine_ops ce_engine_ops = {
	.method = ce_method,
	.step = ce_step,
	.teardown = ce_teardown,
	.reset = ce_engine_reset,
};

/* LCE0 and LCE1 share GR's copy path, the others sit on the high-speed hub. */
static uint8_t hub_client(unsigned int lce)
{
	return lce < 2 ? NV_PFAULT_CLIENT_HUB_CE0 + lce : NV_PFAULT_CLIENT_HUB_HSCE0 + lce;
}

int ce_init(struct gpu *gpu)
{
	struct ce *ce = calloc(1, sizeof(*ce));
	char name[16];

	if (!ce)
		return -ENOMEM;
	gpu->ce = ce;
	ce_register(gpu);
	for (unsigned int i = 0; i < CE_COUNT; i++) {
		snprintf(name, sizeof(name), "ce%u", i);
		ce->unit[i].tlb = tlb_create(gpu, name, CE_TLB_ENTRIES, true);
		if (!ce->unit[i].tlb)
			return -ENOMEM;
		ce->unit[i].client = (struct mmu_client){
			.engine_id = NV_PFAULT_MMU_ENG_ID_CE0 + i,
			.client = hub_client(i),
			.hub = true,
		};
	}
	return 0;
}

void ce_reset(struct gpu *gpu)
{
	for (unsigned int i = 0; i < CE_COUNT; i++)
		reset_unit(gpu, i);
}

void ce_fini(struct gpu *gpu)
{
	if (!gpu->ce)
		return;
	for (unsigned int i = 0; i < CE_COUNT; i++)
		if (gpu->ce->unit[i].tlb)
			tlb_destroy(gpu, gpu->ce->unit[i].tlb);
	free(gpu->ce);
	gpu->ce = NULL;
}
