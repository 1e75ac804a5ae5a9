// SPDX-License-Identifier: MIT
/*
 * The MMU's command registers: invalidate, with its replay and cancel modes,
 * in two views. An operation is over when the write returns, so TRIGGER reads
 * back 0 and the PRI FIFO is always empty.
 */
#include "mmu.h"

#include <errno.h>
#include <stdlib.h>

#include "access_counter.h"
#include "fault_priv.h"
#include "log.h"
#include "mmio.h"
#include "mmu_priv.h"
#include "nvhw/tu104/pri_mmu_both.h"
#include "tlb.h"

#define INV(x)	NV_PFB_PRI_MMU_INVALIDATE_##x
#define CTRL(x)	NV_PFB_PRI_MMU_CTRL_##x

#define PRI_FIFO_SPACE	32

/* Engine ids of CANCEL_VA_GLOBAL in INVALIDATE: see cancel_engine(). */
#define CANCEL_ENGINE	15:9

void mmu_invalidate(struct gpu *gpu, const struct mmu_invalidate *inv)
{
	struct mmu_invalidate todo = *inv;

	/* The access type of a cancel lies in the bits of the level. */
	if (todo.replay == REPLAY_CANCEL_VA_GLOBAL)
		todo.level = 0;
	count(gpu, tlb_invalidates);
	pthread_mutex_lock(&gpu->mmu->tlbs_lock);
	for (struct tlb *t = gpu->mmu->tlbs; t; t = tlb_next(t))
		tlb_invalidate(t, &todo);
	pthread_mutex_unlock(&gpu->mmu->tlbs_lock);
	/* Replay lists are in the uTLBs: a hub-only command does not reach them. */
	if (!todo.hub_only)
		replay_run(gpu, &todo);
}

void mmu_sync_counters(struct gpu *gpu)
{
	pthread_mutex_lock(&gpu->mmu->tlbs_lock);
	for (struct tlb *t = gpu->mmu->tlbs; t; t = tlb_next(t))
		tlb_sync_counters(t);
	pthread_mutex_unlock(&gpu->mmu->tlbs_lock);
}

unsigned int mmu_audit(struct gpu *gpu)
{
	uint64_t now = gpu_now(gpu);
	unsigned int n = 0;

	pthread_mutex_lock(&gpu->mmu->tlbs_lock);
	for (struct tlb *t = gpu->mmu->tlbs; t; t = tlb_next(t))
		n += tlb_audit(t, now);
	pthread_mutex_unlock(&gpu->mmu->tlbs_lock);
	return n;
}

static void decode(uint32_t val, const struct invalidate_regs *regs, struct mmu_invalidate *inv)
{
	*inv = (struct mmu_invalidate){
		.all_va = NV_GET(val, INV(ALL_VA)),
		.all_pdb = NV_GET(val, INV(ALL_PDB)),
		.hub_only = NV_GET(val, INV(HUBTLB_ONLY)),
		.replay = (enum mmu_replay)NV_GET(val, INV(REPLAY)),
		.cancel_client = NV_GET(val, INV(CANCEL_CLIENT_ID)),
		.cancel_gpc = NV_GET(val, INV(CANCEL_GPC_ID)),
		.cancel_hub = NV_GET(val, INV(CANCEL_CLIENT_TYPE)),
		.cancel_engine = NV_GET(val, CANCEL_ENGINE),
		.cancel_access = NV_GET(val, INV(CACHE_LEVEL)),
		.level = NV_GET(val, INV(CACHE_LEVEL)),
		.va = (uint64_t)NV_GET(regs->upper_vaddr, INV(UPPER_VADDR_BITS)) << 40 |
		      (uint64_t)NV_GET(regs->vaddr, INV(VADDR_BITS)) << INV(VADDR_ALIGNMENT),
		.pdb = (uint64_t)NV_GET(regs->upper_pdb, INV(UPPER_PDB_ADDR)) << 40 |
		       (uint64_t)NV_GET(regs->pdb, INV(PDB_ADDR)) << INV(PDB_ADDR_ALIGNMENT),
		.pdb_aperture = NV_GET(regs->pdb, INV(PDB_APERTURE)) ? APERTURE_SYS_COH :
								       APERTURE_VRAM,
	};
	if (NV_GET(val, INV(USE_SIZE)))
		inv->size_log2_pages = NV_GET(regs->size, INV(SIZE_VAL));
}

static bool is_vf(const struct mmio_reg *r)
{
	return r->off >= NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET);
}

static struct invalidate_regs *view_of(struct gpu *gpu, const struct mmio_reg *r)
{
	return is_vf(r) ? &gpu->mmu->vf : &gpu->mmu->pf;
}

static void invalidate_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			       uint32_t val, uint32_t old)
{
	struct mmu_invalidate inv;

	if (!NV_GET(val, INV(TRIGGER)))
		return;
	/* done before the guest can look */
	mmio_poke(gpu, r->off, val & r->rw & ~NV_MASK(INV(TRIGGER)));
	if (NV_GET(val, INV(USE_PASID)))
		log_unimp("mmu", "invalidate by PASID: applies to the PDB");
	if (is_vf(r) && !NV_GET(val, INV(ALL_VA)))
		log_guest_error("mmu", "this view has no address register: invalidates VA 0");
	decode(val, view_of(gpu, r), &inv);
	mmu_invalidate(gpu, &inv);
}

static void pdb_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			uint32_t val, uint32_t old)
{
	view_of(gpu, r)->pdb = val & r->rw;
}

static void upper_pdb_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			      uint32_t val, uint32_t old)
{
	view_of(gpu, r)->upper_pdb = val & r->rw;
}

static void vaddr_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			  uint32_t val, uint32_t old)
{
	gpu->mmu->pf.vaddr = val & r->rw;
}

static void upper_vaddr_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
				uint32_t val, uint32_t old)
{
	gpu->mmu->pf.upper_vaddr = val & r->rw;
}

static void size_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			 uint32_t val, uint32_t old)
{
	gpu->mmu->pf.size = val & r->rw;
}

static void bind_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			 uint32_t val, uint32_t old)
{
	if (!NV_GET(val, NV_PFB_PRI_MMU_BIND_TRIGGER))
		return;
	log_unimp("mmu", "MMU_BIND %08x: engines are bound through Host", val);
	mmio_poke(gpu, r->off, val & ~NV_MASK(NV_PFB_PRI_MMU_BIND_TRIGGER));
}

#define CTRL_RESET \
	(NV_MASK(CTRL(PRI_FIFO_EMPTY)) | NV_NUM(CTRL(PRI_FIFO_SPACE), PRI_FIFO_SPACE) | \
	 NV_MASK(CTRL(ATOMIC_CAPABILITY_SYS_NCOH_MODE)))
#define CTRL_RW \
	(NV_MASK(CTRL(COMP_FAULT)) | NV_MASK(CTRL(MISS_GRAN)) | NV_MASK(CTRL(CACHE_MODE)) | \
	 NV_MASK(CTRL(PDE_CACHE_MODE)) | NV_MASK(CTRL(L2_SEND_MODE)) | \
	 NV_MASK(CTRL(WORK_CREATION_DISABLE)) | NV_MASK(CTRL(USE_PDB_BIG_PAGE_SIZE)) | \
	 NV_MASK(CTRL(USE_FULL_COMP_TAG_LINE)) | NV_MASK(CTRL(ATOMIC_CAPABILITY_MODE)) | \
	 NV_MASK(CTRL(STRONG_BIT_OVERRIDE_ATOMIC_DISABLE)) | \
	 NV_MASK(CTRL(ATOMIC_CAPABILITY_SYS_NCOH_MODE)) | 1 /* page size of old formats */)

#define PDB_RW		(NV_MASK(INV(PDB_APERTURE)) | NV_MASK(INV(PDB_ADDR)))
#define INVALIDATE_RW	0x87ffffffu

static const struct mmio_reg regs[] = {
	{ NV_PFB_PRI_MMU_CTRL, .name = "PFB_PRI_MMU_CTRL", .reset = CTRL_RESET, .rw = CTRL_RW },
	{ PF(MMU_BIND_IMB), .name = "PFB_PRI_MMU_BIND_IMB", .rw = 0xfffffff7 },
	{ PF(MMU_BIND), .name = "PFB_PRI_MMU_BIND",
	  .rw = NV_MASK(NV_PFB_PRI_MMU_BIND_UPPER_IMB_ADDR) | NV_MASK(NV_PFB_PRI_MMU_BIND_OP),
	  .write = bind_written },
	{ PF(MMU_INVALIDATE_VADDR), .name = "PFB_PRI_MMU_INVALIDATE_VADDR",
	  .rw = NV_MASK(INV(VADDR_BITS)), .write = vaddr_written },
	{ PF(MMU_INVALIDATE_UPPER_VADDR), .name = "PFB_PRI_MMU_INVALIDATE_UPPER_VADDR",
	  .rw = NV_MASK(INV(UPPER_VADDR_BITS)), .write = upper_vaddr_written },
	{ PF(MMU_INVALIDATE_PASID), .name = "PFB_PRI_MMU_INVALIDATE_PASID",
	  .rw = NV_MASK(INV(PASID_VAL)) },
	{ PF(MMU_INVALIDATE_SIZE), .name = "PFB_PRI_MMU_INVALIDATE_SIZE",
	  .rw = NV_MASK(INV(SIZE_VAL)) | NV_MASK(INV(SIZE_GFID)), .write = size_written },
	{ PF(MMU_INVALIDATE_PDB), .name = "PFB_PRI_MMU_INVALIDATE_PDB", .rw = PDB_RW,
	  .write = pdb_written },
	{ PF(MMU_INVALIDATE_UPPER_PDB), .name = "PFB_PRI_MMU_INVALIDATE_UPPER_PDB",
	  .rw = NV_MASK(INV(UPPER_PDB_ADDR)), .write = upper_pdb_written },
	{ PF(MMU_INVALIDATE), .name = "PFB_PRI_MMU_INVALIDATE", .rw = INVALIDATE_RW,
	  .write = invalidate_written },
	{ VF(MMU_INVALIDATE_PDB), .name = "VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE_PDB",
	  .rw = PDB_RW, .write = pdb_written },
	{ VF(MMU_INVALIDATE_UPPER_PDB),
	  .name = "VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE_UPPER_PDB",
	  .rw = NV_MASK(INV(UPPER_PDB_ADDR)), .write = upper_pdb_written },
	{ VF(MMU_INVALIDATE), .name = "VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE",
	  .rw = INVALIDATE_RW, .write = invalidate_written },
};

static const struct mmio_block block = { "mmu", regs, sizeof(regs) / sizeof(regs[0]) };

int mmu_init(struct gpu *gpu)
{
	int ret;

	gpu->mmu = calloc(1, sizeof(*gpu->mmu));
	if (!gpu->mmu)
		return -ENOMEM;
	pthread_mutex_init(&gpu->mmu->tlbs_lock, NULL);
	replay_init(gpu->mmu);
	mmio_register(gpu, &block);
	ret = access_counter_init(gpu);
	if (!ret)
		ret = fault_buffer_init(gpu);
	return ret ? ret : late_init(gpu);
}

void mmu_reset(struct gpu *gpu)
{
	struct mmu *mmu = gpu->mmu;

	mmu->vf = mmu->pf = (struct invalidate_regs){ 0 };
	late_reset(gpu);
	replay_reset(gpu);
	fault_buffer_reset(gpu);
	access_counter_reset(gpu);
	pthread_mutex_lock(&mmu->tlbs_lock);
	for (struct tlb *t = mmu->tlbs; t; t = tlb_next(t))
		tlb_reset(t);
	pthread_mutex_unlock(&mmu->tlbs_lock);
}

void mmu_fini(struct gpu *gpu)
{
	if (!gpu->mmu)
		return;
	late_fini(gpu);
	fault_buffer_fini(gpu);
	access_counter_fini(gpu);
	pthread_mutex_destroy(&gpu->mmu->tlbs_lock);
	free(gpu->mmu);
	gpu->mmu = NULL;
}
