// SPDX-License-Identifier: MIT
/*
 * A PBDMA runs one channel: it takes methods from its pushbuffer
 * (pbdma_fetch.c) and hands them to Host or to an engine. Everything a channel needs to
 * go on elsewhere lives in the 64 words it loads from and saves to RAMFC; a
 * method that could not be finished waits there as METHOD0 and is tried again.
 */
#include "fifo.h"

#include <string.h>

#include "host_dma.h"
#include "inst.h"
#include "log.h"
#include "monotonic.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ram.h"
#include "nvhw/tu104/dev_top.h"

#define SLICE_CHECK	64		/* methods between looks at the clock */

static uint64_t userd_address(const struct pbdma *pb, enum gpu_aperture *ap)
{
	uint32_t lo = pb->w[FC(USERD)];

	*ap = fifo_aperture(NV_GET(lo, NV_PPBDMA_USERD_TARGET));
	return ((uint64_t)NV_GET(pb->w[FC(USERD_HI)], NV_PPBDMA_USERD_HI_ADDR) << 32) |
	       (lo & NV_MASK(NV_PPBDMA_USERD_ADDR));
}

void pbdma_userd_write(struct gpu *gpu, struct pbdma *pb, unsigned int byte, uint32_t val)
{
	enum gpu_aperture ap;
	uint64_t pa = userd_address(pb, &ap);
	uint32_t *p;

	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ap, pa + byte, 4, true);
	if (p)
		dma_store32(p, val);
	host_dma_end(gpu->host);
}

bool pbdma_userd_gp_put(struct gpu *gpu, struct pbdma *pb, uint32_t *val)
{
	enum gpu_aperture ap;
	uint64_t pa = userd_address(pb, &ap);
	uint32_t *p;

	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ap, pa + NV_MW_BYTE(NV_RAMUSERD_GP_PUT), 4, false);
	if (p)
		*val = dma_load32(p);
	host_dma_end(gpu->host);
	if (!p)
		log_guest_error("host", "channel %u: USERD at %#llx is not there",
				pb->fc->ch.chid, (unsigned long long)pa);
	return p != NULL;
}

static void userd_write_back(struct gpu *gpu, struct pbdma *pb)
{
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_GP_GET), pb->w[FC(GP_GET)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_GET), pb->w[FC(PB_GET)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_GET_HI), pb->w[FC(PB_GET_HI)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_PUT), pb->w[FC(PB_PUT)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_PUT_HI), pb->w[FC(PB_PUT_HI)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_TOP_LEVEL_GET),
			  pb->w[FC(PB_TOP_LEVEL_GET)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_TOP_LEVEL_GET_HI),
			  pb->w[FC(PB_TOP_LEVEL_GET_HI)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_REF), pb->w[FC(REF)]);
}

void pbdma_publish(struct pbdma *pb)
{
	memcpy(pb->reg, pb->w, sizeof(pb->reg));
	pb->seen = pb->shadow;
	pb->reg_written = false;
}

void pbdma_load(struct gpu *gpu, struct pbdma *pb, struct fifo_channel *fc)
{
	struct channel *ch = &fc->ch;
	const void *p;
	uint32_t sig;

	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ch->inst_aperture, ch->inst, sizeof(pb->w), false);
	if (p)
		memcpy(pb->w, p, sizeof(pb->w));
	else
		memset(pb->w, 0, sizeof(pb->w));
	host_dma_end(gpu->host);
	pb->fc = fc;
	fc->pb = pb;
	ch->pbdma = pb;
	ch->privileged = NV_GET(pb->w[FC(CONFIG)], NV_PPBDMA_CONFIG_AUTH_LEVEL);
	ch->ce_privileged = NV_GET(pb->w[FC(HCE_CTRL)], NV_PPBDMA_HCE_CTRL_HCE_PRIV_MODE);
	inst_decode_as(gpu, ch->inst_aperture, ch->inst, -1, &ch->as);
	inst_decode_as(gpu, ch->inst_aperture, ch->inst,
		       NV_GET(pb->w[FC(SET_CHANNEL_INFO)], NV_PPBDMA_SET_CHANNEL_INFO_VEID),
		       &ch->gr_as);
	pbdma_drop_prefetch(pb);
	pb->pb_bad = false;
	sig = NV_GET(pb->w[FC(SIGNATURE)], NV_PPBDMA_SIGNATURE_HW);
	if (sig != NV_PPBDMA_SIGNATURE_HW_VALID && sig != NV_PPBDMA_SIGNATURE_HW_HOST_CLASS_ID) {
		log_guest_error("host", "channel %u: RAMFC signature %04x", ch->chid, sig);
		pbdma_raise(gpu, pb, 0, NV_DEF(NV_PPBDMA_INTR_0_SIGNATURE, _PENDING));
	}
	pbdma_publish(pb);
}

void pbdma_save(struct gpu *gpu, struct pbdma *pb)
{
	struct fifo_channel *fc = pb->fc;
	void *p;

	if (pb->reg_written)
		memcpy(pb->w, pb->reg, sizeof(pb->w));
	userd_write_back(gpu, pb);
	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, fc->ch.inst_aperture, fc->ch.inst, sizeof(pb->w), true);
	if (p)
		memcpy(p, pb->w, sizeof(pb->w));
	host_dma_end(gpu->host);
	pbdma_drop_prefetch(pb);
	fc->pb = NULL;
	fc->ch.pbdma = NULL;
	pb->fc = NULL;
	pb->reg_written = false;
}

enum slice_end pbdma_stall(struct pbdma *pb, unsigned int n, uint32_t bits)
{
	pb->raise[n] |= bits;
	return SLICE_STALL;
}

enum slice_end pbdma_fault(struct gpu *gpu, struct pbdma *pb, const struct mmu_xlat *x,
			   uint64_t va, enum mmu_access access)
{
	struct fifo_channel *fc = pb->fc;

	/* The bit before the packet: whoever reads the packet may clear it. */
	pthread_mutex_lock(&gpu->lock);
	fc->pbdma_faulted = true;
	fc->fault_hold = true;
	mmu_fault_fatal_locked(gpu, &fc->ch.as, &pb->client, va, access, x->fault_type);
	pthread_mutex_unlock(&gpu->lock);
	return SLICE_PBDMA_FAULT;
}

/* Brings the channel's context onto @e. False: another one cannot leave it. */
static bool engine_switch(struct gpu *gpu, struct pbdma *pb, const struct engine *e)
{
	struct engine_slot *slot = &gpu->fifo->eng[e->id];
	struct fifo_channel *fc = pb->fc;
	bool ok = true;

	/* Only this runlist's worker changes the slot while it runs. */
	if (slot->fc == fc)
		return true;
	pthread_mutex_lock(&gpu->lock);
	if (fifo_engine_stuck(gpu, e)) {
		fc->held_on = e;
		ok = false;
	} else {
		slot->fc = fc;
		slot->faulted = false;
		fc->ctx_reload = false;
		count(gpu, ctx_switches);
	}
	pthread_mutex_unlock(&gpu->lock);
	return ok;
}

static enum slice_end engine_end(enum engine_result r)
{
	switch (r) {
	case ENGINE_WAIT:
		return SLICE_WAIT;
	case ENGINE_FAULTED:
		return SLICE_ENG_FAULT;
	default:
		return SLICE_ERROR;
	}
}

static enum method_result stall_here(struct pbdma *pb, unsigned int n, uint32_t bit,
				     enum slice_end *end)
{
	*end = pbdma_stall(pb, n, bit);
	return METHOD_END;
}

static enum method_result engine_method(struct gpu *gpu, struct pbdma *pb, unsigned int subch,
					uint32_t mthd, uint32_t data, enum slice_end *end)
{
	const struct engine *e = fifo_target(pb, subch);
	struct fifo_channel *fc = pb->fc;
	uint32_t target = pb->w[FC(TARGET)];
	bool forward = true, valid = e->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE ?
				     NV_GET(target, NV_PPBDMA_TARGET_CE_CTX_VALID) :
				     NV_GET(target, NV_PPBDMA_TARGET_ENG_CTX_VALID);
	enum engine_result r;

	if (!valid)
		return stall_here(pb, 1, NV_DEF(NV_PPBDMA_INTR_1_CTXNOTVALID, _PENDING), end);
	if (fifo_engine_in_reset(gpu, e))
		return stall_here(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_ENG_RESET, _PENDING), end);
	if (!engine_switch(gpu, pb, e)) {
		*end = SLICE_HELD;
		return METHOD_END;
	}
	pb->w[FC(TARGET)] = NV_SET(target, NV_PPBDMA_TARGET_ENGINE, e->id);
	count(gpu, methods);
	if (e->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE) {
		enum method_result res = hce_method(gpu, pb, mthd, data, &forward, end);

		if (res != METHOD_DONE || !forward)
			return res;
	}
	if (mthd == NV_UDMA_OBJECT) {
		if (e->ops->set_object(gpu, &fc->ch, subch, NV_GET(data, NV_UDMA_OBJECT_NVCLASS)))
			fc->busy = e;	/* its step() tells what became of it */
		return METHOD_DONE;
	}
	atomic_store(&fc->woken, false);
	atomic_store(&fc->acknowledged, false);
	r = e->ops->method(gpu, &fc->ch, subch, mthd, data);
	if (r == ENGINE_DONE)
		return METHOD_DONE;
	fc->busy = e;
	if (r == ENGINE_BUSY)
		return METHOD_DONE;
	*end = engine_end(r);
	return METHOD_TAKEN;
}

static enum method_result run_method(struct gpu *gpu, struct pbdma *pb, enum slice_end *end)
{
	uint32_t m = pb->w[FC(METHOD0)], data = pb->w[FC(DATA0)];
	unsigned int subch = NV_GET(m, NV_PPBDMA_METHOD0_SUBCH);
	uint32_t mthd = NV_GET(m, NV_PPBDMA_METHOD0_ADDR) << 2;

	if (mthd < 0x100 && mthd != NV_UDMA_OBJECT)
		return host_method(gpu, pb, mthd, data, end);
	if (subch > 4)
		return stall_here(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_DEVICE, _PENDING), end);
	return engine_method(gpu, pb, subch, mthd, data, end);
}

/* Lets the engine finish what a method started. True: it is done. */
static bool engine_step(struct gpu *gpu, struct pbdma *pb, uint64_t until, enum slice_end *end)
{
	struct fifo_channel *fc = pb->fc;
	const struct engine *e = fc->busy;
	uint64_t now = monotonic_ns();
	enum engine_result r;

	if (fifo_engine_in_reset(gpu, e)) {
		*end = pbdma_stall(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_ENG_RESET, _PENDING));
		return false;
	}
	if (!engine_switch(gpu, pb, e)) {
		*end = SLICE_HELD;
		return false;
	}
	atomic_store(&fc->woken, false);
	atomic_store(&fc->acknowledged, false);
	r = e->ops->step(gpu, &fc->ch, until > now ? until - now : 1);
	if (r == ENGINE_DONE) {
		fc->busy = NULL;
		return true;
	}
	if (r == ENGINE_BUSY) {
		*end = SLICE_TIME;
		return fifo_may_continue(&fc->ch) && monotonic_ns() < until;
	}
	*end = engine_end(r);
	return false;
}

enum slice_end pbdma_slice(struct gpu *gpu, struct pbdma *pb, uint64_t until)
{
	enum slice_end end = SLICE_TIME;

	for (unsigned int n = 1;; n++) {
		if (!fifo_may_continue(&pb->fc->ch) ||
		    (n % SLICE_CHECK == 0 && monotonic_ns() >= until))
			return SLICE_TIME;
		if (pb->fc->busy) {
			if (!engine_step(gpu, pb, until, &end))
				return end;
			continue;
		}
		if (!NV_GET(pb->w[FC(METHOD0)], NV_PPBDMA_METHOD0_VALID) &&
		    !pbdma_next_method(gpu, pb, &end))
			return end;
		if (!NV_GET(pb->w[FC(METHOD0)], NV_PPBDMA_METHOD0_VALID))
			continue;
		switch (run_method(gpu, pb, &end)) {
		case METHOD_DONE:
			pb->w[FC(METHOD0)] &= ~NV_MASK(NV_PPBDMA_METHOD0_VALID);
			continue;
		case METHOD_TAKEN:
			pb->w[FC(METHOD0)] &= ~NV_MASK(NV_PPBDMA_METHOD0_VALID);
			return end;
		case METHOD_END:
			return end;
		}
	}
}
