// SPDX-License-Identifier: MIT
/*
 * Host semaphores: SEM_EXECUTE and the older SEMAPHORED, which has other codes
 * for the same operations. An acquire that fails never waits here: the channel
 * is put aside and the method is tried again.
 */
#include "fifo.h"
#include "host_dma.h"
#include "log.h"
#include "nvhw/class/clc46f.h"
#include "nvhw/nv_field.h"
#include "sem_op.h"

struct sem {
	uint64_t va, payload;
	bool wide, timestamp;
};

static enum method_result bad_semaphore(struct pbdma *pb, uint32_t exec, enum slice_end *end)
{
	log_guest_error("host", "channel %u: semaphore operation %08x is not valid",
			pb->fc->ch.chid, exec);
	*end = pbdma_stall(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_SEMAPHORE, _PENDING));
	return METHOD_END;
}

static bool aligned(const struct sem *s)
{
	return s->va % (s->timestamp ? 16 : s->wide ? 8 : 4) == 0;
}

/* Semaphore memory for one access; on true the TLB is held. */
static bool sem_begin(struct gpu *gpu, struct pbdma *pb, uint64_t va, enum mmu_access access,
		      struct mmu_xlat *x)
{
	tlb_lock(pb->tlb);
	if (mmu_translate(gpu, pb->tlb, &pb->fc->ch.as, va, access, x) == MMU_OK)
		return true;
	tlb_unlock(pb->tlb);
	return false;
}

static enum method_result sem_fault(struct gpu *gpu, struct pbdma *pb, uint64_t va,
				    enum mmu_access access, const struct mmu_xlat *x,
				    enum slice_end *end)
{
	*end = pbdma_fault(gpu, pb, x, va, access);
	return METHOD_END;
}

/* Timeout of ACQUIRE in units of 1024 ns; 0 when it is off. */
static uint64_t acquire_timeout(uint32_t acquire)
{
	if (!NV_GET(acquire, NV_PPBDMA_ACQUIRE_TIMEOUT_EN))
		return 0;
	return (uint64_t)NV_GET(acquire, NV_PPBDMA_ACQUIRE_TIMEOUT_MAN) <<
	       NV_GET(acquire, NV_PPBDMA_ACQUIRE_TIMEOUT_EXP);
}

static bool satisfied(unsigned int op, bool wide, uint64_t v, uint64_t p)
{
	switch (op) {
	case NVC46F_SEM_EXECUTE_OPERATION_ACQUIRE:
		return v == p;
	case NVC46F_SEM_EXECUTE_OPERATION_ACQ_STRICT_GEQ:
		return v >= p;
	case NVC46F_SEM_EXECUTE_OPERATION_ACQ_CIRC_GEQ:
		return wide ? (int64_t)(v - p) >= 0 : (int32_t)(uint32_t)(v - p) >= 0;
	case NVC46F_SEM_EXECUTE_OPERATION_ACQ_AND:
		return (v & p) != 0;
	default: /* ACQ_NOR */
		return (wide ? ~(v | p) : (uint32_t)~(v | p)) != 0;
	}
}

/*
 * ACQUIRE_SWITCH_TSG is taken as EN: a TSG that can only poll lets the next one
 * run before its timeslice is over.
 */
static enum method_result acquire(struct gpu *gpu, struct pbdma *pb, unsigned int op,
				  const struct sem *s, enum slice_end *end)
{
	uint64_t value = 0;
	struct mmu_xlat x;

	if (!sem_begin(gpu, pb, s->va, MMU_READ, &x))
		return sem_fault(gpu, pb, s->va, MMU_READ, &x, end);
	if (x.ptr)
		value = s->wide ? dma_load64((uint64_t *)x.ptr) : dma_load32((uint32_t *)x.ptr);
	tlb_unlock(pb->tlb);
	if (satisfied(op, s->wide, value, s->payload)) {
		host_retry_over(pb);
		count(gpu, host_semaphores);
		return METHOD_DONE;
	}
	return host_retry_later(gpu, pb, acquire_timeout(pb->w[FC(ACQUIRE)]),
				NV_DEF(NV_PPBDMA_INTR_0_ACQUIRE, _PENDING), end);
}

/* Writes the payload, or what @reduce makes of it; the timestamp goes first. */
static enum method_result release(struct gpu *gpu, struct pbdma *pb, const struct sem *s,
				  bool reduction, unsigned int op, bool sign,
				  enum slice_end *end)
{
	enum mmu_access access = reduction ? MMU_ATOMIC : MMU_WRITE;
	struct mmu_xlat x;

	if (!sem_begin(gpu, pb, s->va, access, &x))
		return sem_fault(gpu, pb, s->va, access, &x, end);
	if (x.ptr) {
		if (s->timestamp)
			dma_store64((uint64_t *)(x.ptr + 8), gpu_time(gpu));
		if (reduction)
			sem_reduce(x.ptr, x.aperture != APERTURE_VRAM, s->wide, op, sign, s->payload);
		else if (s->wide)
			dma_store64((uint64_t *)x.ptr, s->payload);
		else if (s->timestamp)
			dma_store64((uint64_t *)x.ptr, (uint32_t)s->payload);
		else
			dma_store32((uint32_t *)x.ptr, s->payload);
	}
	tlb_unlock(pb->tlb);
	count(gpu, host_semaphores);
	fifo_poll_acquires(gpu);
	return METHOD_DONE;
}

static struct sem sem_state(const struct pbdma *pb, bool wide, bool timestamp)
{
	return (struct sem){
		.va = ((uint64_t)NV_GET(pb->w[FC(SEM_ADDR_HI)], NV_PPBDMA_SEM_ADDR_HI_ADDR) << 32) |
		      (pb->w[FC(SEM_ADDR_LO)] & NV_MASK(NV_PPBDMA_SEM_ADDR_LO_ADDR)),
		.payload = wide ? ((uint64_t)pb->w[FC(SEM_PAYLOAD_HI)] << 32) |
				  pb->w[FC(SEM_PAYLOAD_LO)] : pb->w[FC(SEM_PAYLOAD_LO)],
		.wide = wide,
		.timestamp = timestamp,
	};
}

enum method_result host_semaphore(struct gpu *gpu, struct pbdma *pb, uint32_t exec,
				  enum slice_end *end)
{
	unsigned int op = NV_GET(exec, NVC46F_SEM_EXECUTE_OPERATION);
	bool rel = op == NVC46F_SEM_EXECUTE_OPERATION_RELEASE ||
		   op == NVC46F_SEM_EXECUTE_OPERATION_REDUCTION;
	unsigned int red = NV_GET(exec, NVC46F_SEM_EXECUTE_REDUCTION);
	bool sign = NV_IS(exec, NVC46F_SEM_EXECUTE_REDUCTION_FORMAT, _SIGNED);
	struct sem s = sem_state(pb, NV_GET(exec, NVC46F_SEM_EXECUTE_PAYLOAD_SIZE),
				 rel && NV_GET(exec, NVC46F_SEM_EXECUTE_RELEASE_TIMESTAMP));
	uint32_t fail = pb->w[FC(SEM_EXECUTE)] & NV_MASK(NV_PPBDMA_SEM_EXECUTE_ACQUIRE_FAIL);

	pb->w[FC(SEM_EXECUTE)] = (exec & ~NV_MASK(NV_PPBDMA_SEM_EXECUTE_ACQUIRE_FAIL)) | fail;
	if (op > NVC46F_SEM_EXECUTE_OPERATION_REDUCTION || !aligned(&s))
		return bad_semaphore(pb, exec, end);
	if (!rel)
		return acquire(gpu, pb, op, &s, end);
	if (op == NVC46F_SEM_EXECUTE_OPERATION_RELEASE)
		return release(gpu, pb, &s, false, 0, false, end);
	if (!sem_reduction_valid(red, s.wide, sign))
		return bad_semaphore(pb, exec, end);
	return release(gpu, pb, &s, true, red, sign, end);
}

enum method_result host_semaphore_legacy(struct gpu *gpu, struct pbdma *pb, uint32_t semd,
					 enum slice_end *end)
{
	bool sign = NV_IS(semd, NVC46F_SEMAPHORED_FORMAT, _SIGNED);
	unsigned int red = NV_GET(semd, NVC46F_SEMAPHORED_REDUCTION);
	bool big = NV_IS(semd, NVC46F_SEMAPHORED_RELEASE_SIZE, _16BYTE);
	struct sem s = sem_state(pb, false, false);

	switch (NV_GET(semd, NVC46F_SEMAPHORED_OPERATION)) {
	case NVC46F_SEMAPHORED_OPERATION_ACQUIRE:
		return acquire(gpu, pb, NVC46F_SEM_EXECUTE_OPERATION_ACQUIRE, &s, end);
	case NVC46F_SEMAPHORED_OPERATION_ACQ_GEQ:
		return acquire(gpu, pb, NVC46F_SEM_EXECUTE_OPERATION_ACQ_CIRC_GEQ, &s, end);
	case NVC46F_SEMAPHORED_OPERATION_ACQ_AND:
		return acquire(gpu, pb, NVC46F_SEM_EXECUTE_OPERATION_ACQ_AND, &s, end);
	case NVC46F_SEMAPHORED_OPERATION_RELEASE:
		s.timestamp = big;
		if (!aligned(&s))
			break;
		return release(gpu, pb, &s, false, 0, false, end);
	case NVC46F_SEMAPHORED_OPERATION_REDUCTION:
		if (!sem_reduction_valid(red, false, sign))
			break;
		return release(gpu, pb, &s, true, red, sign, end);
	}
	return bad_semaphore(pb, semd, end);
}
