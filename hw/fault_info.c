// SPDX-License-Identifier: MIT
/*
 * FAULT_ADDR, FAULT_INST, FAULT_INFO, FAULT_STATUS: one fault latched for the
 * CPU. They take what no buffer takes: BAR windows, and any fault whose buffer
 * is disabled. While STATUS.VALID stands, later ones leave a DROPPED bit only.
 */
#include "fault_priv.h"
#include "intr.h"
#include "log.h"
#include "mmio.h"
#include "mmu_priv.h"
#include "nvhw/tu104/dev_fault.h"
#include "nvhw/tu104/dev_fault_client.h"

#define ADDR_LO(x)	NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_ADDR_LO_##x
#define INST_LO(x)	NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_INST_LO_##x
#define INFO(x)		NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_INFO_##x

#define VECTOR_INFO_FAULT 134	/* what INT_VECTOR_INFO_FAULT reads */

#define DROPPED_MASK	(NV_MASK(STATUS(DROPPED_BAR1_PHYS)) | NV_MASK(STATUS(DROPPED_BAR1_VIRT)) | \
			 NV_MASK(STATUS(DROPPED_BAR2_PHYS)) | NV_MASK(STATUS(DROPPED_BAR2_VIRT)) | \
			 NV_MASK(STATUS(DROPPED_IFB_PHYS)) | NV_MASK(STATUS(DROPPED_IFB_VIRT)) | \
			 NV_MASK(STATUS(DROPPED_OTHER_PHYS)) | \
			 NV_MASK(STATUS(DROPPED_OTHER_VIRT)))
#define STATUS_W1C	(NV_MASK(STATUS(VALID)) | DROPPED_MASK)

static uint32_t dropped_bit(const struct fault_report *r)
{
	bool phys = r->access_type >= NV_PFAULT_ACCESS_TYPE_PHYS_READ;
	unsigned int engine = r->client.engine_id;

	if (engine >= NV_PFAULT_MMU_ENG_ID_BAR2)
		return phys ? NV_MASK(STATUS(DROPPED_BAR2_PHYS)) :
			      NV_MASK(STATUS(DROPPED_BAR2_VIRT));
	if (engine >= NV_PFAULT_MMU_ENG_ID_BAR1)
		return phys ? NV_MASK(STATUS(DROPPED_BAR1_PHYS)) :
			      NV_MASK(STATUS(DROPPED_BAR1_VIRT));
	if (engine == NV_PFAULT_MMU_ENG_ID_IFB)
		return phys ? NV_MASK(STATUS(DROPPED_IFB_PHYS)) :
			      NV_MASK(STATUS(DROPPED_IFB_VIRT));
	return phys ? NV_MASK(STATUS(DROPPED_OTHER_PHYS)) : NV_MASK(STATUS(DROPPED_OTHER_VIRT));
}

void fault_info_latch(struct gpu *gpu, const struct fault_report *r)
{
	struct fault_info *fi = &gpu->mmu->faults->info;

	log_ok("mmu", "info fault: engine %u va %#llx type %u", r->client.engine_id,
	       (unsigned long long)r->va, r->fault_type);
	if (NV_GET(fi->status, STATUS(VALID))) {
		fi->status |= dropped_bit(r);
		count(gpu, faults_dropped);
		return;
	}
	fi->status |= NV_MASK(STATUS(VALID));
	fi->addr_lo = (uint32_t)r->va & NV_MASK(ADDR_LO(ADDR));
	fi->addr_hi = r->va >> 32;
	fi->inst_lo = ((uint32_t)r->inst & NV_MASK(INST_LO(ADDR))) |
		      NV_NUM(INST_LO(ENGINE_ID), r->client.engine_id) |
		      NV_NUM(INST_LO(APERTURE), r->inst_aperture);
	fi->inst_hi = r->inst >> 32;
	fi->info = NV_NUM(INFO(FAULT_TYPE), r->fault_type) |
		   NV_NUM(INFO(REPLAYABLE_FAULT), r->replayable) |
		   NV_NUM(INFO(CLIENT), r->client.client) |
		   NV_NUM(INFO(ACCESS_TYPE), r->access_type) |
		   NV_NUM(INFO(CLIENT_TYPE), r->client.hub) |
		   NV_NUM(INFO(GPC_ID), r->client.gpc) |
		   NV_NUM(INFO(REPLAYABLE_FAULT_EN), r->replayable_en) |
		   NV_MASK(INFO(VALID));
	intr_pulse(gpu, VECTOR_INFO_FAULT);
}

static uint32_t addr_lo_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->faults->info.addr_lo;
}

static uint32_t addr_hi_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->faults->info.addr_hi;
}

static uint32_t inst_lo_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->faults->info.inst_lo;
}

static uint32_t inst_hi_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->faults->info.inst_hi;
}

static uint32_t info_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->faults->info.info;
}

static uint32_t status_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->faults->info.status | fault_buffer_status(gpu->mmu->faults);
}

static void status_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			   uint32_t val, uint32_t old)
{
	struct fault_info *fi = &gpu->mmu->faults->info;

	fi->status &= ~(val & STATUS_W1C);
	if (!NV_GET(fi->status, STATUS(VALID)))
		fi->info &= ~NV_MASK(INFO(VALID));
}

static uint32_t vector_info_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return VECTOR_INFO_FAULT;
}

static uint32_t vector_fault_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	if (i == NV_PFB_PRI_MMU_REPLAY_FAULT_BUFFER)
		return NV_DEF(NV_PFB_PRI_MMU_INT_VECTOR_FAULT_ERROR, _REPLAYABLE) |
		       NV_DEF(NV_PFB_PRI_MMU_INT_VECTOR_FAULT_NOTIFY, _REPLAYABLE);
	return NV_DEF(NV_PFB_PRI_MMU_INT_VECTOR_FAULT_ERROR, _NON_REPLAYABLE) |
	       NV_DEF(NV_PFB_PRI_MMU_INT_VECTOR_FAULT_NOTIFY, _NON_REPLAYABLE);
}

#define INFO_REGS(view, prefix) \
	{ view(prefix##ADDR_LO), .name = "FAULT_ADDR_LO", .read = addr_lo_read }, \
	{ view(prefix##ADDR_HI), .name = "FAULT_ADDR_HI", .read = addr_hi_read }, \
	{ view(prefix##INST_LO), .name = "FAULT_INST_LO", .read = inst_lo_read }, \
	{ view(prefix##INST_HI), .name = "FAULT_INST_HI", .read = inst_hi_read }, \
	{ view(prefix##INFO), .name = "FAULT_INFO", .read = info_read }, \
	{ view(prefix##STATUS), .name = "FAULT_STATUS", .w1c = STATUS_W1C, \
	  .read = status_read, .write = status_written }

static const struct mmio_reg regs[] = {
	INFO_REGS(VF, MMU_FAULT_),
	INFO_REGS(PF, MMU_FAULT_),
	{ PF(MMU_INT_VECTOR_INFO_FAULT), .name = "INT_VECTOR_INFO_FAULT",
	  .reset = VECTOR_INFO_FAULT, .read = vector_info_read },
	{ PF(MMU_INT_VECTOR_FAULT(0)), .count = 2, .name = "INT_VECTOR_FAULT",
	  .read = vector_fault_read },
};

static const struct mmio_block block = { "mmu", regs, sizeof(regs) / sizeof(regs[0]) };

void fault_info_register(struct gpu *gpu)
{
	mmio_register(gpu, &block);
}
