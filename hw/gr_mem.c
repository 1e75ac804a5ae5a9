// SPDX-License-Identifier: MIT
/* Memory accesses of the front end and the scheduler: hub clients, no replay. */
#include "gr.h"
#include "log.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/tu104/dev_pbdma.h"
#include "sem_op.h"

static enum engine_result fatal(struct gr_ctx *ctx, unsigned int client, uint64_t va,
				enum mmu_access access, const struct mmu_xlat *x)
{
	struct mmu_client c = {
		.engine_id = NV_PFAULT_MMU_ENG_ID_GRAPHICS, .client = (uint8_t)client, .hub = true,
	};

	log_guest_error("gr", "channel %u: hub client %#x faults at %#llx", ctx->ch->chid, client,
			(unsigned long long)va);
	ctx->stall = GR_DEAD;
	mmu_fault_fatal(ctx->gpu, &ctx->ch->gr_as, &c, va, access, x->fault_type);
	return ENGINE_ERROR;
}

enum engine_result gr_write(struct gr_ctx *ctx, unsigned int client, uint64_t va, const void *src,
			    size_t len)
{
	struct mmu_xlat x;
	size_t done = mmu_copy_to(ctx->gpu, ctx->gpu->gr->hub_tlb, &ctx->ch->gr_as, va, src, len,
				  &x);

	return done == len ? ENGINE_DONE : fatal(ctx, client, va + done, MMU_WRITE, &x);
}

enum engine_result gr_read(struct gr_ctx *ctx, unsigned int client, uint64_t va, void *dst,
			   size_t len)
{
	struct mmu_xlat x;
	size_t done = mmu_copy_from(ctx->gpu, ctx->gpu->gr->hub_tlb, &ctx->ch->gr_as, va, dst, len,
				    &x);

	return done == len ? ENGINE_DONE : fatal(ctx, client, va + done, MMU_READ, &x);
}

/* RED_ADD MIN MAX INC DEC AND OR XOR of the graphics classes, as Host numbers them. */
static const uint8_t host_op[8] = {
	NV_UDMA_SEM_EXECUTE_REDUCTION_IADD, NV_UDMA_SEM_EXECUTE_REDUCTION_IMIN,
	NV_UDMA_SEM_EXECUTE_REDUCTION_IMAX, NV_UDMA_SEM_EXECUTE_REDUCTION_INC,
	NV_UDMA_SEM_EXECUTE_REDUCTION_DEC, NV_UDMA_SEM_EXECUTE_REDUCTION_IAND,
	NV_UDMA_SEM_EXECUTE_REDUCTION_IOR, NV_UDMA_SEM_EXECUTE_REDUCTION_IXOR,
};

/* One naturally aligned access, so that a CPU polling it never sees half of it. */
enum engine_result gr_release(struct gr_ctx *ctx, unsigned int client, const struct qmd_release *r)
{
	struct tlb *tlb = ctx->gpu->gr->hub_tlb;
	enum mmu_access access = r->reduce ? MMU_ATOMIC : MMU_WRITE;
	uint64_t va = r->va & ~(r->one_word || r->reduce ? 3ull : 15ull), now;
	enum mmu_result res;
	struct mmu_xlat x;

	now = gpu_time(ctx->gpu);
	tlb_lock(tlb);
	res = mmu_translate(ctx->gpu, tlb, &ctx->ch->gr_as, va, access, &x);
	if (res == MMU_OK && !x.sparse && r->reduce) {
		sem_reduce(x.ptr, x.aperture != APERTURE_VRAM, false, host_op[r->op & 7],
			   r->reduce_signed, r->payload);
	} else if (res == MMU_OK && !x.sparse) {
		/* Time first: whoever sees the payload finds it there. */
		if (!r->one_word)
			__atomic_store_n((uint64_t *)x.ptr + 1, now, __ATOMIC_RELEASE);
		if (!r->one_word)
			__atomic_store_n((uint64_t *)x.ptr, r->payload, __ATOMIC_SEQ_CST);
		else
			__atomic_store_n((uint32_t *)x.ptr, r->payload, __ATOMIC_SEQ_CST);
	}
	tlb_unlock(tlb);
	return res == MMU_OK ? ENGINE_DONE : fatal(ctx, client, va, access, &x);
}
