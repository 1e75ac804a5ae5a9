// SPDX-License-Identifier: MIT
/* Memory accesses of the front end and the scheduler: hub clients, no replay. */
#include "gr.h"
#include "log.h"
#include "nvhw/tu104/dev_fault_client.h"

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

static uint32_t reduce(const struct qmd_release *r, uint32_t old)
{
	uint32_t v = r->payload, flip = r->reduce_signed ? 0x80000000 : 0;

	switch (r->op) {
	case 0:
		return old + v;
	case 1:
		return (v ^ flip) < (old ^ flip) ? v : old;
	case 2:
		return (v ^ flip) > (old ^ flip) ? v : old;
	case 3:
		return old >= v ? 0 : old + 1;
	case 4:
		return !old || old > v ? v : old - 1;
	case 5:
		return old & v;
	case 6:
		return old | v;
	default:
		return old ^ v;
	}
}

/* One naturally aligned access, so that a CPU polling it never sees half of it. */
enum engine_result gr_release(struct gr_ctx *ctx, unsigned int client, const struct qmd_release *r)
{
	struct tlb *tlb = ctx->gpu->gr->hub_tlb;
	enum mmu_access access = r->reduce ? MMU_ATOMIC : MMU_WRITE;
	uint64_t va = r->va & ~(r->one_word || r->reduce ? 3ull : 15ull), now;
	enum mmu_result res;
	struct mmu_xlat x;
	uint32_t old;

	now = gpu_time(ctx->gpu);
	tlb_lock(tlb);
	res = mmu_translate(ctx->gpu, tlb, &ctx->ch->gr_as, va, access, &x);
	if (res == MMU_OK && !x.sparse && r->reduce) {
		old = __atomic_load_n((uint32_t *)x.ptr, __ATOMIC_RELAXED);
		while (!__atomic_compare_exchange_n((uint32_t *)x.ptr, &old, reduce(r, old), true,
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
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
