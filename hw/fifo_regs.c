// SPDX-License-Identifier: MIT
/* PFIFO registers, doorbells and the summaries of what runs where. */
#include "fifo.h"
#include "inject.h"
#include "log.h"
#include "mmio.h"
#include "monotonic.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ctrl.h"
#include "nvhw/tu104/dev_usermode.h"
#include "nvhw/tu104/dev_vm.h"

#define SLOW_PREEMPT_NS	60000000	/* INJECT_SLOW_PREEMPT */

#define READ(fn)	static uint32_t fn(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
#define WRITE(fn)	static void fn(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, \
				       uint32_t val, uint32_t old)

READ(intr_0_read) { return fifo_intr_0(gpu); }

WRITE(intr_0_write)
{
	struct fifo *f = gpu->fifo;

	f->intr_0 &= ~val;
	if (val & NV_MASK(NV_PFIFO_INTR_0_BIND_ERROR))
		f->bind_error = NV_PFIFO_INTR_BIND_ERROR_CODE_NO_ERROR;
	if (val & NV_MASK(NV_PFIFO_INTR_0_SCHED_ERROR))
		f->sched_error = NV_PFIFO_INTR_SCHED_ERROR_CODE_NO_ERROR;
	fifo_update_intr(gpu);
}

WRITE(intr_en_write) { fifo_update_intr(gpu); }
READ(mask_read) { return gpu->fifo->preempt_mask; }
WRITE(mask_set_write) { gpu->fifo->preempt_mask |= val; }
WRITE(mask_clear_write) { gpu->fifo->preempt_mask &= ~val; }
READ(bind_error_read) { return gpu->fifo->bind_error; }
READ(sched_error_read) { return gpu->fifo->sched_error; }
READ(pbdma_id_read) { return fifo_pbdma_pending(gpu); }
READ(intr_runlist_read) { return gpu->fifo->intr_runlist; }

WRITE(intr_runlist_write)
{
	gpu->fifo->intr_runlist &= ~val;
	fifo_update_intr(gpu);
}

READ(ctxsw_timeout_read) { return gpu->fifo->ctxsw_timeout; }

WRITE(ctxsw_timeout_write)
{
	gpu->fifo->ctxsw_timeout &= ~val;
	fifo_update_intr(gpu);
}

READ(ctxsw_info_read) { return gpu->fifo->ctxsw_info[i]; }
READ(intr_idle_read) { return gpu->fifo->intr_idle[i]; }

WRITE(intr_idle_write)
{
	gpu->fifo->intr_idle[i] &= ~val;
	fifo_update_intr(gpu);
}

READ(idle_en_read) { return gpu->fifo->idle_en[i]; }
WRITE(idle_en_set_write) { gpu->fifo->idle_en[i] |= val; }
WRITE(idle_en_clear_write) { gpu->fifo->idle_en[i] &= ~val; }

READ(pbdma_map_read)
{
	const struct runlist *rl = gpu->fifo->pbdma[i].rl;

	return rl ? 1u << rl->id : 0;
}

WRITE(sched_disable_write)
{
	for (unsigned int n = 0; n < FIFO_RUNLISTS; n++) {
		struct runlist *rl = &gpu->fifo->rl[n];

		rl->sched_disabled = val >> n & 1;
		if (rl->started && !rl->sched_disabled)
			runlist_kick(rl);
	}
}

/* At once when the worker is between slices, else as soon as it is. */
static void ask_preempt(struct runlist *rl)
{
	if (rl->running)
		runlist_attend(rl);
	else
		runlist_preempt(rl);
}

READ(preempt_read)
{
	const struct fifo *f = gpu->fifo;

	return NV_NUM(NV_PFIFO_PREEMPT_ID, f->preempt_id) |
	       NV_NUM(NV_PFIFO_PREEMPT_TYPE, f->preempt_type) |
	       NV_NUM(NV_PFIFO_PREEMPT_PENDING, f->preempt_pending);
}

WRITE(preempt_write)
{
	struct fifo *f = gpu->fifo;

	if (f->preempt_pending) {
		log_guest_error("host", "preempt %08x while one is pending", val);
		return;
	}
	f->preempt_id = NV_GET(val, NV_PFIFO_PREEMPT_ID);
	f->preempt_type = NV_GET(val, NV_PFIFO_PREEMPT_TYPE);
	f->preempt_pending = true;
	for (unsigned int n = 0; n < FIFO_RUNLISTS; n++)
		f->rl[n].preempt_id_pending = f->rl[n].started;
	for (unsigned int n = 0; n < FIFO_RUNLISTS; n++)
		if (f->rl[n].started)
			ask_preempt(&f->rl[n]);
}

READ(runlist_preempt_read)
{
	uint32_t v = 0;

	for (unsigned int n = 0; n < FIFO_RUNLISTS; n++)
		v |= (uint32_t)gpu->fifo->rl[n].preempt_all << n;
	return v;
}

WRITE(runlist_preempt_write)
{
	for (unsigned int n = 0; n < FIFO_RUNLISTS; n++) {
		struct runlist *rl = &gpu->fifo->rl[n];

		if (!(val >> n & 1) || !rl->started)
			continue;
		rl->preempt_all = true;
		if (inject_hit(gpu, INJECT_SLOW_PREEMPT))
			rl->preempt_from = monotonic_ns() + SLOW_PREEMPT_NS;
		ask_preempt(rl);
		runlist_kick(rl);
	}
}

READ(sched_status_read)
{
	uint32_t v = 0;

	for (unsigned int n = 0; n < FIFO_RUNLISTS; n++)
		if (gpu->fifo->rl[n].submit_pending)
			v = NV_DEF(NV_PFIFO_SCHED_STATUS_RUNLIST_FETCH, _BUSY);
	return v;
}

WRITE(submit_write)
{
	struct runlist *rl = &gpu->fifo->rl[i];
	uint32_t lo = mmio_peek(gpu, NV_PFIFO_RUNLIST_BASE_LO(i));
	uint32_t hi = mmio_peek(gpu, NV_PFIFO_RUNLIST_BASE_HI(i));

	if (!rl->started) {
		log_guest_error("host", "runlist %u serves no engine", i);
		return;
	}
	rl->submit_base = ((uint64_t)NV_GET(hi, NV_PFIFO_RUNLIST_BASE_HI_PTR_HI) << 32) |
			  (lo & NV_MASK(NV_PFIFO_RUNLIST_BASE_LO_PTR_LO));
	rl->submit_ap = fifo_aperture(NV_GET(lo, NV_PFIFO_RUNLIST_BASE_LO_TARGET));
	rl->submit_len = NV_GET(val, NV_PFIFO_RUNLIST_SUBMIT_LENGTH);
	rl->submit_off = NV_GET(val, NV_PFIFO_RUNLIST_SUBMIT_OFFSET);
	rl->submit_pending = true;
	runlist_attend(rl);
}

READ(submit_info_read)
{
	const struct runlist *rl = &gpu->fifo->rl[i];

	return rl->preempted | NV_NUM(NV_PFIFO_RUNLIST_SUBMIT_INFO_PENDING, rl->submit_pending);
}

static uint32_t inst_word(const struct fifo_channel *fc)
{
	static const uint32_t target[] = {
		[APERTURE_VRAM] = NV_PFIFO_ENGINE_STATUS_INST_TARGET_VID_MEM,
		[APERTURE_SYS_COH] = NV_PFIFO_ENGINE_STATUS_INST_TARGET_SYS_MEM_COHERENT,
		[APERTURE_SYS_NCOH] = NV_PFIFO_ENGINE_STATUS_INST_TARGET_SYS_MEM_NONCOHERENT,
	};

	if (!fc)
		return 0;
	return NV_NUM(NV_PFIFO_ENGINE_STATUS_INST_PTR, fc->ch.inst >> 12) |
	       NV_NUM(NV_PFIFO_ENGINE_STATUS_INST_TARGET, target[fc->ch.inst_aperture]) |
	       NV_DEF(NV_PFIFO_ENGINE_STATUS_INST_VALID, _TRUE);
}

READ(engine_status_read)
{
	const struct engine_slot *slot = &gpu->fifo->eng[i];
	const struct fifo_channel *fc = slot->fc;
	uint32_t v = NV_NUM(NV_PFIFO_ENGINE_STATUS_FAULTED, slot->faulted);

	if (!fc)
		return v;
	return v | NV_NUM(NV_PFIFO_ENGINE_STATUS_ID, fc->ch.tsg) |
	       NV_DEF(NV_PFIFO_ENGINE_STATUS_ID_TYPE, _TSGID) |
	       NV_DEF(NV_PFIFO_ENGINE_STATUS_CTX_STATUS, _VALID) |
	       NV_NUM(NV_PFIFO_ENGINE_STATUS_ENGINE, fc->wait == CHAN_WAIT_ERROR ||
		      fc->wait == CHAN_WAIT_ENGINE ||
		      gpu->fifo->rl[fc->ch.runlist].running == fc);
}

READ(engine_inst_read) { return inst_word(gpu->fifo->eng[i].fc); }

READ(pbdma_status_read)
{
	const struct fifo_channel *fc = gpu->fifo->pbdma[i].fc;

	if (!fc)
		return 0;
	return NV_NUM(NV_PFIFO_PBDMA_STATUS_ID, fc->ch.tsg) |
	       NV_DEF(NV_PFIFO_PBDMA_STATUS_ID_TYPE, _TSGID) |
	       NV_DEF(NV_PFIFO_PBDMA_STATUS_CHAN_STATUS, _VALID);
}

READ(pbdma_inst_read) { return inst_word(gpu->fifo->pbdma[i].fc); }

READ(pbdma_userd_read)
{
	const struct pbdma *pb = &gpu->fifo->pbdma[i];

	return pb->fc ? pb->reg[FC(USERD)] : 0;
}

READ(pbdma_userd_hi_read)
{
	const struct pbdma *pb = &gpu->fifo->pbdma[i];

	return pb->fc ? NV_GET(pb->reg[FC(USERD_HI)], NV_PPBDMA_USERD_HI_ADDR) : 0;
}

READ(runlist_info_read)
{
	const struct runlist *rl = &gpu->fifo->rl[i];
	bool eng_idle = !rl->running, acquiring = false;

	for (unsigned int n = 0; n < rl->nentries; n++) {
		acquiring |= rl->entries[n]->wait == CHAN_WAIT_ACQUIRE;
		eng_idle &= rl->entries[n]->wait != CHAN_WAIT_ENGINE &&
			    rl->entries[n]->wait != CHAN_WAIT_ERROR;
	}
	return NV_NUM(NV_PFIFO_RUNLIST_INFO_ENG_IDLE, eng_idle) |
	       NV_NUM(NV_PFIFO_RUNLIST_INFO_RUNLIST_IDLE, !rl->running && !acquiring) |
	       NV_NUM(NV_PFIFO_RUNLIST_INFO_ACQUIRE_STILL_PENDING, acquiring);
}

WRITE(doorbell_write) { chram_doorbell(gpu, val); }

#define N_PBDMA		FIFO_PBDMAS
#define N_RL		FIFO_RUNLISTS
#define N_ENG		FIFO_ENGINES
#define ALL		0xffffffffu
#define EN_0_BITS	(NV_MASK(NV_PFIFO_INTR_EN_0_BIND_ERROR) | \
			 NV_MASK(NV_PFIFO_INTR_EN_0_CTXSW_TIMEOUT) | 0xf0 | \
			 NV_MASK(NV_PFIFO_INTR_EN_0_SCHED_ERROR) | \
			 NV_MASK(NV_PFIFO_INTR_EN_0_CHSW_ERROR) | \
			 NV_MASK(NV_PFIFO_INTR_EN_0_MEMOP_TIMEOUT) | \
			 NV_MASK(NV_PFIFO_INTR_EN_0_LB_ERROR) | 0xf0000000)

static const struct mmio_reg regs[] = {
	{ .off = NV_PFIFO_CFG0, .name = "PFIFO_CFG0", .reset =
	  NV_NUM(NV_PFIFO_CFG0_NUM_PBDMA, N_PBDMA) |
	  NV_NUM(NV_PFIFO_CFG0_PBDMA_FAULT_ID, FIFO_PBDMA_FAULT_ID) },
	{ .off = NV_PFIFO_CFG1, .name = "PFIFO_CFG1", .reset = FIFO_CHANNELS },
	{ .off = NV_PFIFO_CFG2, .name = "PFIFO_CFG2", .reset =
	  NV_DEF(NV_PFIFO_CFG2_HOST_CLASS_ID, _VALUE) },
	{ .off = NV_PFIFO_CONFIG, .name = "PFIFO_CONFIG", .rw = 0x311, .reset = 0x11 },
	{ .off = NV_PFIFO_ACQ_PRETEST, .name = "PFIFO_ACQ_PRETEST", .rw = 0xf0ff,
	  .reset = NV_PFIFO_ACQ_PRETEST_TIMEOUT_8 },
	{ .off = NV_PFIFO_USERD_WRITEBACK, .name = "PFIFO_USERD_WRITEBACK", .rw = 0xf0ff,
	  .reset = NV_PFIFO_USERD_WRITEBACK_TIMER_100US },
	{ .off = NV_PFIFO_INTR_0, .name = "PFIFO_INTR_0", .read = intr_0_read,
	  .write = intr_0_write },
	{ .off = NV_PFIFO_INTR_EN_0, .name = "PFIFO_INTR_EN_0", .rw = EN_0_BITS,
	  .write = intr_en_write },
	{ .off = NV_PFIFO_INTR_EN_1, .name = "PFIFO_INTR_EN_1", .rw = EN_0_BITS,
	  .write = intr_en_write },
	{ .off = NV_PFIFO_INTR_0_MASK_SET, .name = "PFIFO_INTR_0_MASK_SET",
	  .read = mask_read, .write = mask_set_write },
	{ .off = NV_PFIFO_INTR_0_MASK_CLEAR, .name = "PFIFO_INTR_0_MASK_CLEAR",
	  .read = mask_read, .write = mask_clear_write },
	{ .off = NV_PFIFO_PBDMA_MAP(0), .count = N_PBDMA, .name = "PFIFO_PBDMA_MAP",
	  .read = pbdma_map_read },
	{ .off = NV_PFIFO_LB_GPBUF_CONTROL(0), .count = N_PBDMA, .stride = 8,
	  .name = "PFIFO_LB_GPBUF_CONTROL",
	  .reset = NV_DEF(NV_PFIFO_LB_GPBUF_CONTROL_SIZE, _128B) },
	{ .off = NV_PFIFO_LB_PBBUF_CONTROL(0), .count = N_PBDMA, .stride = 8,
	  .name = "PFIFO_LB_PBBUF_CONTROL",
	  .reset = NV_NUM(NV_PFIFO_LB_PBBUF_CONTROL_SIZE, PB_FETCH_DWORDS * 4 / 128 - 1) },
	{ .off = NV_PFIFO_INTR_BIND_ERROR, .name = "PFIFO_INTR_BIND_ERROR",
	  .read = bind_error_read },
	{ .off = NV_PFIFO_INTR_STALL, .name = "PFIFO_INTR_STALL", .rw = EN_0_BITS,
	  .reset = EN_0_BITS },
	{ .off = NV_PFIFO_INTR_SCHED_ERROR, .name = "PFIFO_INTR_SCHED_ERROR",
	  .read = sched_error_read },
	{ .off = NV_PFIFO_INTR_CHSW_ERROR, .name = "PFIFO_INTR_CHSW_ERROR" },
	{ .off = NV_PFIFO_INTR_LB_ERROR, .name = "PFIFO_INTR_LB_ERROR" },
	{ .off = NV_PFIFO_INTR_PBDMA_ID, .name = "PFIFO_INTR_PBDMA_ID", .read = pbdma_id_read },
	{ .off = NV_PFIFO_SCHED_DISABLE, .name = "PFIFO_SCHED_DISABLE",
	  .rw = NV_MASK(NV_PFIFO_SCHED_DISABLE_RUNLIST_MASK), .write = sched_disable_write },
	{ .off = NV_PFIFO_PREEMPT, .name = "PFIFO_PREEMPT", .read = preempt_read,
	  .write = preempt_write },
	{ .off = NV_PFIFO_RUNLIST_PREEMPT, .name = "PFIFO_RUNLIST_PREEMPT",
	  .read = runlist_preempt_read, .write = runlist_preempt_write },
	{ .off = NV_PFIFO_SCHED_STATUS, .name = "PFIFO_SCHED_STATUS", .read = sched_status_read },
	{ .off = NV_PFIFO_ENGINE_STATUS(0), .count = N_ENG, .stride = 8,
	  .name = "PFIFO_ENGINE_STATUS", .read = engine_status_read },
	{ .off = NV_PFIFO_ENGINE_STATUS_DEBUG(0), .count = N_ENG, .stride = 8,
	  .name = "PFIFO_ENGINE_STATUS_DEBUG", .reset = 1 },
	{ .off = NV_PFIFO_ENGINE_STATUS_INST(0), .count = N_ENG,
	  .name = "PFIFO_ENGINE_STATUS_INST", .read = engine_inst_read },
	{ .off = NV_PFIFO_ENGINE_STATUS_NEXT_INST(0), .count = N_ENG,
	  .name = "PFIFO_ENGINE_STATUS_NEXT_INST" },
	{ .off = NV_PFIFO_PBDMA_STATUS(0), .count = N_PBDMA, .name = "PFIFO_PBDMA_STATUS",
	  .read = pbdma_status_read },
	{ .off = NV_PFIFO_PBDMA_STATUS_INST(0), .count = N_PBDMA,
	  .name = "PFIFO_PBDMA_STATUS_INST", .read = pbdma_inst_read },
	{ .off = NV_PFIFO_PBDMA_STATUS_USERD(0), .count = N_PBDMA,
	  .name = "PFIFO_PBDMA_STATUS_USERD", .read = pbdma_userd_read },
	{ .off = NV_PFIFO_PBDMA_STATUS_USERD_HI(0), .count = N_PBDMA,
	  .name = "PFIFO_PBDMA_STATUS_USERD_HI", .read = pbdma_userd_hi_read },
	{ .off = NV_PFIFO_INTR_RUNLIST, .name = "PFIFO_INTR_RUNLIST",
	  .read = intr_runlist_read, .write = intr_runlist_write },
	{ .off = NV_PFIFO_ENG_CTXSW_TIMEOUT, .name = "PFIFO_ENG_CTXSW_TIMEOUT", .rw = ALL,
	  .reset = 0x803fffff },
	{ .off = NV_PFIFO_CLEAR_FAULTED_TIMEOUT, .name = "PFIFO_CLEAR_FAULTED_TIMEOUT",
	  .rw = 0xbfffffff, .reset = 0x800003ff },
	{ .off = NV_PFIFO_INTR_CTXSW_TIMEOUT, .name = "PFIFO_INTR_CTXSW_TIMEOUT",
	  .read = ctxsw_timeout_read, .write = ctxsw_timeout_write },
	{ .off = NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO(0), .count = N_ENG,
	  .name = "PFIFO_INTR_CTXSW_TIMEOUT_INFO", .read = ctxsw_info_read },
	{ .off = NV_PFIFO_INTR_RUNLIST_IDLE, .count = 4, .stride = 16,
	  .name = "PFIFO_INTR_RUNLIST_IDLE", .read = intr_idle_read, .write = intr_idle_write },
	{ .off = NV_PFIFO_INTR_RUNLIST_IDLE_EN_SET, .count = 4, .stride = 32,
	  .name = "PFIFO_INTR_RUNLIST_IDLE_EN_SET", .read = idle_en_read,
	  .write = idle_en_set_write },
	{ .off = NV_PFIFO_INTR_RUNLIST_IDLE_EN_CLEAR, .count = 4, .stride = 32,
	  .name = "PFIFO_INTR_RUNLIST_IDLE_EN_CLEAR", .read = idle_en_read,
	  .write = idle_en_clear_write },
	{ .off = NV_PFIFO_RUNLIST_BASE_LO(0), .count = N_RL, .stride = 16,
	  .name = "PFIFO_RUNLIST_BASE_LO", .rw = NV_MASK(NV_PFIFO_RUNLIST_BASE_LO_PTR_LO) |
	  NV_MASK(NV_PFIFO_RUNLIST_BASE_LO_TARGET) },
	{ .off = NV_PFIFO_RUNLIST_BASE_HI(0), .count = N_RL, .stride = 16,
	  .name = "PFIFO_RUNLIST_BASE_HI", .rw = NV_MASK(NV_PFIFO_RUNLIST_BASE_HI_PTR_HI) },
	{ .off = NV_PFIFO_RUNLIST_SUBMIT(0), .count = N_RL, .stride = 16,
	  .name = "PFIFO_RUNLIST_SUBMIT", .rw = ALL, .write = submit_write },
	{ .off = NV_PFIFO_RUNLIST_SUBMIT_INFO(0), .count = N_RL, .stride = 16,
	  .name = "PFIFO_RUNLIST_SUBMIT_INFO", .read = submit_info_read },
	{ .off = NV_PFIFO_RUNLIST_INFO(0), .count = N_RL, .name = "PFIFO_RUNLIST_INFO",
	  .read = runlist_info_read },
	{ .off = NV_USERMODE_CFG0, .name = "USERMODE_CFG0", .reset =
	  NV_DEF(NV_USERMODE_CFG0_USERMODE_CLASS_ID, _VALUE) },
	{ .off = NV_USERMODE_NOTIFY_CHANNEL_PENDING, .name = "USERMODE_NOTIFY_CHANNEL_PENDING",
	  .write = doorbell_write },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_DOORBELL), .name = "VIRTUAL_FUNCTION_DOORBELL",
	  .write = doorbell_write },
	{ .off = NV_CTRL_VIRTUAL_CHANNEL_CFG(0), .name = "CTRL_VIRTUAL_CHANNEL_CFG",
	  .rw = 0x8fff0fff, .reset = NV_MASK(NV_CTRL_VIRTUAL_CHANNEL_CFG_MASK) },
	{ .off = NV_CTRL_DOORBELL(0), .name = "CTRL_DOORBELL", .write = doorbell_write },
};

static const struct mmio_block block = { "fifo", regs, sizeof(regs) / sizeof(regs[0]) };

void fifo_register(struct gpu *gpu)
{
	mmio_register(gpu, &block);
}
