// SPDX-License-Identifier: MIT
/*
 * Channel RAM (PCCSR): binds instance blocks to channel ids, enables channels,
 * keeps their FAULTED bits and shows where they are.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fifo.h"
#include "log.h"
#include "mmio.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ctrl.h"
#include "nvhw/tu104/dev_top.h"
#include "nvhw/tu104/dev_usermode.h"

struct fifo_channel *chram_object(struct gpu *gpu, unsigned int chid)
{
	struct fifo_channel **slot = &gpu->fifo->chan[chid % FIFO_CHANNELS];

	if (!*slot) {
		*slot = calloc(1, sizeof(**slot));
		if (!*slot)
			abort();
		(*slot)->gpu = gpu;
		(*slot)->ch.chid = chid;
	}
	return *slot;
}

struct fifo_channel *chram_lookup(struct gpu *gpu, unsigned int chid)
{
	struct fifo_channel *fc = chid < FIFO_CHANNELS ? gpu->fifo->chan[chid] : NULL;

	return fc && fc->bound ? fc : NULL;
}

static struct runlist *runlist_of(struct fifo_channel *fc)
{
	return fc->listed ? &fc->gpu->fifo->rl[fc->ch.runlist] : NULL;
}

static void kick(struct fifo_channel *fc)
{
	struct runlist *rl = runlist_of(fc);

	if (rl)
		runlist_kick(rl);
}

void chram_set_wait(struct fifo_channel *fc, enum chan_wait wait)
{
	struct fifo *f = fc->gpu->fifo;

	if (fc->wait == CHAN_WAIT_ACQUIRE && wait != CHAN_WAIT_ACQUIRE)
		atomic_fetch_sub(&f->acquirers, 1);
	if (fc->wait != CHAN_WAIT_ACQUIRE && wait == CHAN_WAIT_ACQUIRE)
		atomic_fetch_add(&f->acquirers, 1);
	fc->wait = wait;
}

void chram_drop(struct gpu *gpu, struct fifo_channel *fc)
{
	for (unsigned int i = 0; i < gpu_engine_count; i++) {
		const struct engine *e = &gpu_engines[i];

		if (e->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE ? fc->ch.ce : fc->ch.gr)
			e->ops->teardown(gpu, &fc->ch);
		if (gpu->fifo->eng[e->id].fc == fc)
			gpu->fifo->eng[e->id].fc = NULL;
	}
	chram_set_wait(fc, CHAN_WAIT_NONE);
	fc->busy = NULL;
	memset(fc->ch.ce_render_addr, 0, sizeof(fc->ch.ce_render_addr));
	fc->pending = fc->work = fc->ctx_reload = false;
	fc->pbdma_faulted = fc->eng_faulted = fc->fault_hold = false;
}

void chram_reset(struct gpu *gpu)
{
	for (unsigned int i = 0; i < FIFO_CHANNELS; i++) {
		struct fifo_channel *fc = gpu->fifo->chan[i];

		if (!fc)
			continue;
		chram_drop(gpu, fc);
		fc->bound = fc->enabled = fc->next = fc->listed = false;
		fc->pb = NULL;
		fc->ch.pbdma = NULL;
		memset(&fc->ch.as, 0, sizeof(fc->ch.as));
		memset(&fc->ch.gr_as, 0, sizeof(fc->ch.gr_as));
		mmio_poke(gpu, NV_PCCSR_CHANNEL_INST(i), 0);
	}
}

static bool on_engine(struct fifo_channel *fc)
{
	for (unsigned int i = 0; i < FIFO_ENGINES; i++)
		if (fc->gpu->fifo->eng[i].fc == fc)
			return true;
	return false;
}

/* An engine stopped by an error cannot give its context up. */
static bool stuck(struct fifo_channel *fc)
{
	return fc->wait == CHAN_WAIT_ERROR && on_engine(fc) && !atomic_load(&fc->acknowledged);
}

static uint32_t bind(struct fifo_channel *fc, uint32_t val)
{
	uint32_t target = NV_GET(val, NV_PCCSR_CHANNEL_INST_TARGET);

	if (fc->bound)
		return NV_PFIFO_INTR_BIND_ERROR_CODE_BIND_NOT_UNBOUND;
	if (target == 1)
		return NV_PFIFO_INTR_BIND_ERROR_CODE_INVALID_CTX_TGT;
	fc->bound = true;
	fc->ch.inst = (uint64_t)NV_GET(val, NV_PCCSR_CHANNEL_INST_PTR) <<
		      NV_PCCSR_CHANNEL_INST_PTR_ALIGN_SHIFT;
	fc->ch.inst_aperture = fifo_aperture(target);
	kick(fc);
	return NV_PFIFO_INTR_BIND_ERROR_CODE_NO_ERROR;
}

static uint32_t unbind(struct gpu *gpu, struct fifo_channel *fc)
{
	if (!fc->bound)
		return NV_PFIFO_INTR_BIND_ERROR_CODE_NO_ERROR;
	if (fc->pb || stuck(fc))
		return NV_PFIFO_INTR_BIND_ERROR_CODE_UNBIND_WHILE_RUNNING;
	chram_drop(gpu, fc);
	fc->bound = false;
	return NV_PFIFO_INTR_BIND_ERROR_CODE_NO_ERROR;
}

static void inst_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
		       uint32_t old)
{
	struct fifo_channel *fc = chram_object(gpu, i);
	uint32_t code;

	code = NV_IS(val, NV_PCCSR_CHANNEL_INST_BIND, _TRUE) ? bind(fc, val) : unbind(gpu, fc);
	if (code == NV_PFIFO_INTR_BIND_ERROR_CODE_NO_ERROR)
		return;
	log_guest_error("host", "channel %u: bind %08x over %08x refused, code %u", i, val, old,
			code);
	mmio_poke(gpu, NV_PCCSR_CHANNEL_INST(i), old);
	fifo_bind_error(gpu, code);
}

static uint32_t status(struct fifo_channel *fc)
{
	bool eng = on_engine(fc), reload = fc->ctx_reload;
	bool acquire = fc->wait == CHAN_WAIT_ACQUIRE, pending = fc->pending || fc->work;

	if (fc->pb && eng)
		return reload ? NV_PCCSR_CHANNEL_STATUS_ON_PBDMA_AND_ENG_CTX_RELOAD :
				NV_PCCSR_CHANNEL_STATUS_ON_PBDMA_AND_ENG;
	if (fc->pb)
		return reload ? NV_PCCSR_CHANNEL_STATUS_ON_PBDMA_CTX_RELOAD :
				NV_PCCSR_CHANNEL_STATUS_ON_PBDMA;
	if (eng && acquire)
		return reload ? NV_PCCSR_CHANNEL_STATUS_ON_ENG_PENDING_ACQ_CTX_RELOAD :
				NV_PCCSR_CHANNEL_STATUS_ON_ENG_PENDING_ACQUIRE;
	if (eng && pending)
		return reload ? NV_PCCSR_CHANNEL_STATUS_ON_ENG_PENDING_CTX_RELOAD :
				NV_PCCSR_CHANNEL_STATUS_ON_ENG_PENDING;
	if (eng)
		return reload ? NV_PCCSR_CHANNEL_STATUS_ON_ENG_CTX_RELOAD :
				NV_PCCSR_CHANNEL_STATUS_ON_ENG;
	if (acquire)
		return reload ? NV_PCCSR_CHANNEL_STATUS_PENDING_ACQ_CTX_RELOAD :
				NV_PCCSR_CHANNEL_STATUS_PENDING_ACQUIRE;
	if (pending)
		return reload ? NV_PCCSR_CHANNEL_STATUS_PENDING_CTX_RELOAD :
				NV_PCCSR_CHANNEL_STATUS_PENDING;
	return NV_PCCSR_CHANNEL_STATUS_IDLE;
}

static uint32_t channel_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	struct fifo_channel *fc = gpu->fifo->chan[i];

	if (!fc)
		return 0;
	return NV_NUM(NV_PCCSR_CHANNEL_ENABLE, fc->enabled) |
	       NV_NUM(NV_PCCSR_CHANNEL_NEXT, fc->next) |
	       NV_NUM(NV_PCCSR_CHANNEL_PBDMA_FAULTED, fc->pbdma_faulted) |
	       NV_NUM(NV_PCCSR_CHANNEL_ENG_FAULTED, fc->eng_faulted) |
	       NV_NUM(NV_PCCSR_CHANNEL_STATUS, status(fc)) |
	       NV_NUM(NV_PCCSR_CHANNEL_BUSY, fc->pb != NULL);
}

static void channel_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			  uint32_t val, uint32_t old)
{
	struct fifo_channel *fc = chram_object(gpu, i);

	fc->next = NV_GET(val, NV_PCCSR_CHANNEL_NEXT);
	if (NV_GET(val, NV_PCCSR_CHANNEL_ENABLE_SET))
		fc->enabled = true;
	if (NV_GET(val, NV_PCCSR_CHANNEL_ENABLE_CLR))
		fc->enabled = false;
	if (NV_GET(val, NV_PCCSR_CHANNEL_FORCE_CTX_RELOAD))
		fc->ctx_reload = true;
	if (NV_GET(val, NV_PCCSR_CHANNEL_PBDMA_FAULTED))
		fc->pbdma_faulted = false;
	if (NV_GET(val, NV_PCCSR_CHANNEL_ENG_FAULTED))
		fc->eng_faulted = false;
	if (NV_GET(val, NV_PCCSR_CHANNEL_FORCE_PBDMA_FAULTED))
		fc->pbdma_faulted = fc->fault_hold = true;
	if (NV_GET(val, NV_PCCSR_CHANNEL_FORCE_ENG_FAULTED))
		fc->eng_faulted = fc->fault_hold = true;
	kick(fc);
}

bool chram_clear_faulted(struct gpu *gpu, uint32_t handle)
{
	struct fifo_channel *fc = chram_lookup(gpu, NV_GET(handle, NV_UDMA_CLEAR_FAULTED_CHID));
	bool *bit;

	if (!fc)
		return false;
	bit = NV_IS(handle, NV_UDMA_CLEAR_FAULTED_TYPE, _ENG_FAULTED) ? &fc->eng_faulted :
									&fc->pbdma_faulted;
	if (!*bit)
		return false;
	*bit = false;
	/* Unlike a register write, the method also restarts the runlist. */
	if (!fc->pbdma_faulted && !fc->eng_faulted)
		fc->fault_hold = false;
	kick(fc);
	return true;
}

void chram_doorbell(struct gpu *gpu, uint32_t handle)
{
	uint32_t cfg = mmio_peek(gpu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0));
	uint32_t rl = NV_GET(handle, NV_USERMODE_NOTIFY_CHANNEL_PENDING_RUNLIST_ID);
	uint32_t vchid = NV_GET(handle, NV_USERMODE_NOTIFY_CHANNEL_PENDING_CHID);
	uint32_t chid = (vchid & NV_GET(cfg, NV_CTRL_VIRTUAL_CHANNEL_CFG_MASK)) |
			NV_GET(cfg, NV_CTRL_VIRTUAL_CHANNEL_CFG_SET);
	struct fifo_channel *fc;

	count(gpu, doorbells);
	if (!NV_IS(cfg, NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE, _TRUE)) {
		log_guest_error("host", "doorbell %08x while doorbells are off", handle);
		return;
	}
	fc = chram_lookup(gpu, chid);
	if (handle & ~(NV_MASK(NV_USERMODE_NOTIFY_CHANNEL_PENDING_RUNLIST_ID) |
		       NV_MASK(NV_USERMODE_NOTIFY_CHANNEL_PENDING_CHID)) || !fc ||
	    (fc->listed && rl != fc->ch.runlist &&
	     rl != NV_USERMODE_NOTIFY_CHANNEL_PENDING_RUNLIST_ID_ALL)) {
		log_guest_error("host", "doorbell %08x names no channel of that runlist", handle);
		return;
	}
	fc->pending = true;
	if (!fc->pbdma_faulted && !fc->eng_faulted)
		fc->fault_hold = false;
	kick(fc);
}

static const struct mmio_reg regs[] = {
	{ NV_PCCSR_CHANNEL_INST(0), NV_PCCSR_CHANNEL_INST__SIZE_1, 8, "PCCSR_CHANNEL_INST", 0,
	  NV_MASK(NV_PCCSR_CHANNEL_INST_PTR) | NV_MASK(NV_PCCSR_CHANNEL_INST_TARGET) |
	  NV_MASK(NV_PCCSR_CHANNEL_INST_BIND), 0, NULL, inst_write },
	{ NV_PCCSR_CHANNEL(0), NV_PCCSR_CHANNEL__SIZE_1, 8, "PCCSR_CHANNEL", 0, 0, 0,
	  channel_read, channel_write },
};

static const struct mmio_block block = {
	"chram", regs, sizeof(regs) / sizeof(regs[0]),
};

void chram_register(struct gpu *gpu)
{
	mmio_register(gpu, &block);
}
