// SPDX-License-Identifier: MIT
/*
 * Methods Host runs itself (class C46F, byte addresses below 0x100). Engines
 * finish each method before the next one starts, so every wait-for-idle is over
 * when it is asked for, and memory is coherent, so barriers are order only.
 */
#include <stdatomic.h>

#include "access_counter.h"
#include "fifo.h"
#include "intr.h"
#include "log.h"
#include "nvhw/class/clc46f.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ram.h"

static enum method_result illegal(struct pbdma *pb, enum slice_end *end)
{
	*end = pbdma_stall(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_METHOD, _PENDING));
	return METHOD_END;
}

/*
 * Gives up the channel for now and tries METHOD0 again later; raises
 * @timeout_bit when it goes on for more than @period units of 1024 ns (0: never).
 */
enum method_result host_retry_later(struct gpu *gpu, struct pbdma *pb, uint64_t period,
				    uint32_t timeout_bit, enum slice_end *end)
{
	uint32_t *exec = &pb->w[FC(SEM_EXECUTE)], *deadline = &pb->w[FC(ACQUIRE_DEADLINE)];
	uint32_t now = gpu_now(gpu) >> 10;

	*end = SLICE_ACQUIRE;
	if (!NV_GET(*exec, NV_PPBDMA_SEM_EXECUTE_ACQUIRE_FAIL)) {
		*exec = NV_SET(*exec, NV_PPBDMA_SEM_EXECUTE_ACQUIRE_FAIL, 1);
		*deadline = now + period;
	} else if (period && (int32_t)(now - *deadline) > 0) {
		*end = pbdma_stall(pb, 0, timeout_bit);
	}
	return METHOD_END;
}

void host_retry_over(struct pbdma *pb)
{
	pb->w[FC(SEM_EXECUTE)] &= ~NV_MASK(NV_PPBDMA_SEM_EXECUTE_ACQUIRE_FAIL);
}

/* Operands of MEM_OP_A..D of a TLB invalidate. */
static void decode_invalidate(const struct pbdma *pb, uint32_t d, bool targeted,
			      struct mmu_invalidate *inv)
{
	uint32_t a = pb->w[FC(MEM_OP_A)], b = pb->w[FC(MEM_OP_B)], c = pb->w[FC(MEM_OP_C)];

	*inv = (struct mmu_invalidate){
		.all_va = !targeted,
		.all_pdb = NV_IS(c, NVC46F_MEM_OP_C_TLB_INVALIDATE_PDB, _ALL),
		.hub_only = NV_IS(c, NVC46F_MEM_OP_C_TLB_INVALIDATE_GPC, _DISABLE),
		.va = ((uint64_t)b << 32) | (a & NV_MASK(NVC46F_MEM_OP_A_TLB_INVALIDATE_TARGET_ADDR_LO)),
		.pdb = ((uint64_t)NV_GET(d, NVC46F_MEM_OP_D_TLB_INVALIDATE_PDB_ADDR_HI) << 32) |
		       (c & NV_MASK(NVC46F_MEM_OP_C_TLB_INVALIDATE_PDB_ADDR_LO)),
		.pdb_aperture = fifo_aperture(NV_GET(c, NVC46F_MEM_OP_C_TLB_INVALIDATE_PDB_APERTURE)),
		.level = NV_GET(c, NVC46F_MEM_OP_C_TLB_INVALIDATE_PAGE_TABLE_LEVEL),
	};
	/* With GPC disabled only the hub TLB takes part: nothing to replay there. */
	if (inv->hub_only) {
		if (targeted)
			inv->size_log2_pages = NV_GET(a, NVC46F_MEM_OP_A_TLB_INVALIDATE_INVALIDATION_SIZE);
		return;
	}
	switch (NV_GET(c, NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY)) {
	case NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_START:
		inv->replay = REPLAY_START;
		break;
	case NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_START_ACK_ALL:
		inv->replay = REPLAY_START_ACK_ALL;
		break;
	case NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_CANCEL_TARGETED:
		inv->replay = REPLAY_CANCEL_TARGETED;
		inv->cancel_client = NV_GET(a, NVC46F_MEM_OP_A_TLB_INVALIDATE_CANCEL_TARGET_CLIENT_UNIT_ID);
		inv->cancel_gpc = NV_GET(a, NVC46F_MEM_OP_A_TLB_INVALIDATE_CANCEL_TARGET_GPC_ID);
		break;
	case NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_CANCEL_GLOBAL:
		inv->replay = REPLAY_CANCEL_GLOBAL;
		break;
	case NVC46F_MEM_OP_C_TLB_INVALIDATE_REPLAY_CANCEL_VA_GLOBAL:
		inv->replay = REPLAY_CANCEL_VA_GLOBAL;
		inv->cancel_engine = NV_GET(a, NVC46F_MEM_OP_A_TLB_INVALIDATE_CANCEL_MMU_ENGINE_ID);
		inv->cancel_access = NV_GET(c, NVC46F_MEM_OP_C_TLB_INVALIDATE_ACCESS_TYPE);
		inv->level = NVC46F_MEM_OP_C_TLB_INVALIDATE_PAGE_TABLE_LEVEL_ALL;
		break;
	}
	if (targeted && inv->replay < REPLAY_CANCEL_TARGETED)
		inv->size_log2_pages = NV_GET(a, NVC46F_MEM_OP_A_TLB_INVALIDATE_INVALIDATION_SIZE);
}

static enum method_result tlb_invalidate(struct gpu *gpu, struct pbdma *pb, uint32_t d,
					 bool targeted, enum slice_end *end)
{
	struct mmu_invalidate inv;

	if (!pb->fc->ch.privileged)
		return illegal(pb, end);
	decode_invalidate(pb, d, targeted, &inv);
	if (targeted && inv.all_pdb) {
		log_guest_error("host", "channel %u: targeted invalidate with PDB = ALL",
				pb->fc->ch.chid);
		return illegal(pb, end);
	}
	pthread_mutex_lock(&gpu->lock);
	mmu_invalidate(gpu, &inv);
	pthread_mutex_unlock(&gpu->lock);
	return METHOD_DONE;
}

static enum method_result mem_op(struct gpu *gpu, struct pbdma *pb, uint32_t d,
				 enum slice_end *end)
{
	switch (NV_GET(d, NVC46F_MEM_OP_D_OPERATION)) {
	case NVC46F_MEM_OP_D_OPERATION_MEMBAR:
		if (NV_GET(pb->w[FC(MEM_OP_C)], NVC46F_MEM_OP_C_MEMBAR_TYPE) >
		    NVC46F_MEM_OP_C_MEMBAR_TYPE_MEMBAR)
			return illegal(pb, end);
		atomic_thread_fence(memory_order_seq_cst);
		return METHOD_DONE;
	case NVC46F_MEM_OP_D_OPERATION_MMU_TLB_INVALIDATE:
		return tlb_invalidate(gpu, pb, d, false, end);
	case NVC46F_MEM_OP_D_OPERATION_MMU_TLB_INVALIDATE_TARGETED:
		return tlb_invalidate(gpu, pb, d, true, end);
	case NVC46F_MEM_OP_D_OPERATION_L2_PEERMEM_INVALIDATE:
	case NVC46F_MEM_OP_D_OPERATION_L2_SYSMEM_INVALIDATE:
	case NVC46F_MEM_OP_D_OPERATION_L2_CLEAN_COMPTAGS:
	case NVC46F_MEM_OP_D_OPERATION_L2_FLUSH_DIRTY:
	case NVC46F_MEM_OP_D_OPERATION_L2_WAIT_FOR_SYS_PENDING_READS:
		atomic_thread_fence(memory_order_seq_cst);	/* no L2 to flush */
		return METHOD_DONE;
	case NVC46F_MEM_OP_D_OPERATION_ACCESS_COUNTER_CLR:
		if (!pb->fc->ch.privileged)
			return illegal(pb, end);
		if (!access_counter_clear(gpu, pb->w[FC(MEM_OP_C)], d))
			return illegal(pb, end);
		return METHOD_DONE;
	default:
		log_guest_error("host", "channel %u: unknown memory operation %08x",
				pb->fc->ch.chid, d);
		return illegal(pb, end);
	}
}

static enum method_result clear_faulted(struct gpu *gpu, struct pbdma *pb, uint32_t data,
					enum slice_end *end)
{
	uint32_t timeout;
	bool cleared;

	pthread_mutex_lock(&gpu->lock);
	cleared = chram_clear_faulted(gpu, data);
	timeout = fifo_clear_faulted_timeout(gpu);
	pthread_mutex_unlock(&gpu->lock);
	if (!cleared)
		return host_retry_later(gpu, pb, timeout,
					NV_DEF(NV_PPBDMA_INTR_0_CLEAR_FAULTED_ERROR, _PENDING), end);
	host_retry_over(pb);
	return METHOD_DONE;
}

static enum method_result yield(struct pbdma *pb, uint32_t data, enum slice_end *end)
{
	switch (NV_GET(data, NVC46F_YIELD_OP)) {
	case NVC46F_YIELD_OP_NOP:
		return METHOD_DONE;
	case NVC46F_YIELD_OP_RUNLIST_TIMESLICE:
		*end = SLICE_YIELD;
		return METHOD_TAKEN;
	case NVC46F_YIELD_OP_TSG:
		*end = SLICE_YIELD_TSG;
		return METHOD_TAKEN;
	default:
		return illegal(pb, end);
	}
}

static enum method_result non_stall_interrupt(struct gpu *gpu, struct pbdma *pb)
{
	pthread_mutex_lock(&gpu->lock);
	fifo_raise(gpu, NV_DEF(NV_PFIFO_INTR_0_CHANNEL_INTR, _PENDING));
	intr_pulse(gpu, pb->rl->engines[0]->intr);
	pthread_mutex_unlock(&gpu->lock);
	return METHOD_DONE;
}

/* Methods that only load a register of the channel: its RAMFC word, or -1. */
static int state_word(uint32_t mthd)
{
	switch (mthd) {
	case NVC46F_SEMAPHOREA:
	case NVC46F_SEM_ADDR_HI:
		return FC(SEM_ADDR_HI);
	case NVC46F_SEMAPHOREB:
	case NVC46F_SEM_ADDR_LO:
		return FC(SEM_ADDR_LO);
	case NVC46F_SEMAPHOREC:
	case NVC46F_SEM_PAYLOAD_LO:
		return FC(SEM_PAYLOAD_LO);
	case NVC46F_SEM_PAYLOAD_HI:
		return FC(SEM_PAYLOAD_HI);
	case NVC46F_MEM_OP_A:
		return FC(MEM_OP_A);
	case NVC46F_MEM_OP_B:
		return FC(MEM_OP_B);
	case NVC46F_MEM_OP_C:
		return FC(MEM_OP_C);
	}
	return -1;
}

enum method_result host_method(struct gpu *gpu, struct pbdma *pb, uint32_t mthd, uint32_t data,
			       enum slice_end *end)
{
	int word = state_word(mthd);

	count(gpu, methods);
	if (word >= 0) {
		pb->w[word] = data;
		return METHOD_DONE;
	}
	switch (mthd) {
	case NVC46F_NOP:
		host_retry_over(pb);	/* may stand in for a semaphore that timed out */
		return METHOD_DONE;
	case NVC46F_SEMAPHORED:
		return host_semaphore_legacy(gpu, pb, data, end);
	case NVC46F_SEM_EXECUTE:
		return host_semaphore(gpu, pb, data, end);
	case NVC46F_NON_STALL_INTERRUPT:
		return non_stall_interrupt(gpu, pb);
	case NVC46F_FB_FLUSH:
		atomic_thread_fence(memory_order_seq_cst);
		return METHOD_DONE;
	case NVC46F_MEM_OP_D:
		return mem_op(gpu, pb, data, end);
	case NVC46F_SET_REFERENCE:
		pb->w[FC(REF)] = data;
		pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_REF), data);
		return METHOD_DONE;
	case NVC46F_WFI:
		return METHOD_DONE;
	case NV_UDMA_CRC_CHECK:
		/* No document says how subchannel and address enter the sum. */
		log_unimp("host", "channel %u: method CRC check taken as good",
			  pb->fc->ch.chid);
		pb->w[FC(METHOD_CRC)] = 0;
		return METHOD_DONE;
	case NVC46F_YIELD:
		return yield(pb, data, end);
	case NVC46F_CLEAR_FAULTED:
		return clear_faulted(gpu, pb, data, end);
	default:
		log_guest_error("host", "channel %u: no Host method %03x (data %08x)",
				pb->fc->ch.chid, mthd, data);
		return illegal(pb, end);
	}
}
