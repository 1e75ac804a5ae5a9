// SPDX-License-Identifier: MIT
#include "aperture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu.h"
#include "inst.h"
#include "log.h"
#include "mmio.h"
#include "mmu.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_bus.h"
#include "nvhw/tu104/dev_fault.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/tu104/dev_vm.h"
#include "nvhw/undocumented.h"

#define BLOCK_MASK		0xbfffffffu	/* PTR, TARGET, MODE */
#define BAR2_RESERVED		NV_MASK(NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_RESERVED)
#define BAR2_TLB_ENTRIES	64

struct aperture {
	uint32_t bar1_block;
	uint32_t bar2_block;
	bool virtual;		/* BAR2: through as; else physical from 0 */
	struct mmu_as as;
	struct tlb *tlb;
};

static const struct mmu_client bar2_client = {
	.engine_id = NV_PFAULT_MMU_ENG_ID_BAR2,
	.client = NV_PFAULT_CLIENT_HUB_HOST_CPU,
	.hub = true,
};

static enum mmu_result translate(struct gpu *gpu, uint64_t va, size_t len, bool write,
				 struct mmu_xlat *x)
{
	struct aperture *a = gpu->aperture;

	if (a->virtual)
		return mmu_translate(gpu, a->tlb, &a->as, va, write ? MMU_WRITE : MMU_READ, x);
	*x = (struct mmu_xlat){
		.ptr = gpu_phys_ptr(gpu, APERTURE_VRAM, va, len, write), .len = len,
		.aperture = APERTURE_VRAM, .pa = va, .page_shift = 12,
		.fault_type = NV_PFAULT_FAULT_TYPE_REGION_VIOLATION,
	};
	return x->ptr ? MMU_OK : MMU_FAULT;
}

static uint8_t access(struct gpu *gpu, uint32_t off, void *buf, unsigned int size, bool write)
{
	struct aperture *a = gpu->aperture;
	struct mmu_xlat x;
	uint8_t type = 0;

	tlb_lock(a->tlb);
	if (translate(gpu, off, size, write, &x) != MMU_OK)
		type = x.fault_type;
	else if (x.sparse)
		memset(buf, 0, size);		/* reads as zero; dropped when written */
	else if (write)
		memcpy(x.ptr, buf, size);
	else
		memcpy(buf, x.ptr, size);
	tlb_unlock(a->tlb);
	return type;
}

const struct mmu_as *aperture_bar2_as(struct gpu *gpu)
{
	return gpu->aperture->virtual ? &gpu->aperture->as : NULL;
}

/* A CPU access that misses is an info fault of engine BAR2. */
static bool cpu_access(struct gpu *gpu, uint32_t off, unsigned int size, void *buf, bool write)
{
	uint8_t type;

	if ((size != 1 && size != 2 && size != 4 && size != 8) || off % size ||
	    off >= NVX_BAR2_SIZE) {
		log_guest_error("aperture", "access of %u bytes at %x", size, off);
		return false;
	}
	pthread_mutex_lock(&gpu->lock);
	type = access(gpu, off, buf, size, write);
	if (type) {
		log_guest_error("aperture", "BAR2 %s at %x: fault type %u",
				write ? "write" : "read", off, type);
		mmu_fault_info_locked(gpu, &gpu->aperture->as, &bar2_client, off,
				      write ? MMU_WRITE : MMU_READ, type);
	}
	pthread_mutex_unlock(&gpu->lock);
	return !type;
}

uint64_t aperture_bar2_read(struct gpu *gpu, uint32_t off, unsigned int size)
{
	uint64_t val = 0;

	count(gpu, mmio_reads);
	return cpu_access(gpu, off, size, &val, false) ? val : ~0ull;
}

void aperture_bar2_write(struct gpu *gpu, uint32_t off, unsigned int size, uint64_t val)
{
	count(gpu, mmio_writes);
	cpu_access(gpu, off, size, &val, true);
}

static enum gpu_aperture block_aperture(uint32_t block)
{
	switch (NV_GET(block, NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_TARGET)) {
	case NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_TARGET_VID_MEM:
		return APERTURE_VRAM;
	case NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_TARGET_SYS_MEM_COHERENT:
		return APERTURE_SYS_COH;
	case NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_TARGET_SYS_MEM_NONCOHERENT:
		return APERTURE_SYS_NCOH;
	}
	return APERTURE_PEER;	/* value 1 names nothing: every access faults */
}

/* The bind is complete when the write returns: BIND_STATUS always reads 0. */
static void bar2_block_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			       uint32_t val, uint32_t old)
{
	struct aperture *a = gpu->aperture;
	uint64_t pa = (uint64_t)NV_GET(val, NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_PTR) <<
		      NV_PBUS_BAR2_BLOCK_PTR_SHIFT;

	tlb_lock(a->tlb);
	a->bar2_block = (val & BLOCK_MASK) | (val & BAR2_RESERVED);
	a->virtual = NV_IS(val, NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK_MODE, _VIRTUAL);
	memset(&a->as, 0, sizeof(a->as));
	if (a->virtual) {
		if (inst_decode_as(gpu, block_aperture(val), pa, -1, &a->as))
			log_guest_error("aperture", "BAR2_BLOCK %08x: bad instance block", val);
		a->as.privileged = true;
	}
	tlb_unlock(a->tlb);
}

static uint32_t bar2_block_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->aperture->bar2_block;
}

static void bar1_block_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			       uint32_t val, uint32_t old)
{
	gpu->aperture->bar1_block = val & BLOCK_MASK;
	if (NV_IS(val, NV_VIRTUAL_FUNCTION_PRIV_BAR1_BLOCK_MODE, _VIRTUAL))
		log_unimp("aperture", "BAR1_BLOCK %08x: BAR1 stays physical", val);
}

static uint32_t bar1_block_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->aperture->bar1_block;
}

static const struct mmio_reg regs[] = {
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_BAR1_BLOCK),
	  .name = "VIRTUAL_FUNCTION_PRIV_BAR1_BLOCK",
	  .read = bar1_block_read, .write = bar1_block_written },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK),
	  .name = "VIRTUAL_FUNCTION_PRIV_BAR2_BLOCK",
	  .read = bar2_block_read, .write = bar2_block_written },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_BIND_STATUS),
	  .name = "VIRTUAL_FUNCTION_PRIV_BIND_STATUS" },
	{ .off = NV_PBUS_BAR1_BLOCK, .name = "PBUS_BAR1_BLOCK",
	  .read = bar1_block_read, .write = bar1_block_written },
	{ .off = NV_PBUS_BAR2_BLOCK, .name = "PBUS_BAR2_BLOCK",
	  .read = bar2_block_read, .write = bar2_block_written },
	{ .off = NV_PBUS_BIND_STATUS, .name = "PBUS_BIND_STATUS" },
};

static const struct mmio_block block = { "aperture", regs, sizeof(regs) / sizeof(regs[0]) };

int aperture_init(struct gpu *gpu)
{
	struct aperture *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	gpu->aperture = a;
	a->tlb = tlb_create(gpu, "bar2", BAR2_TLB_ENTRIES, true);
	if (!a->tlb)
		return -ENOMEM;
	mmio_register(gpu, &block);
	return 0;
}

void aperture_reset(struct gpu *gpu)
{
	struct aperture *a = gpu->aperture;

	tlb_lock(a->tlb);
	a->bar1_block = 0;
	a->bar2_block = BAR2_RESERVED;
	a->virtual = false;
	memset(&a->as, 0, sizeof(a->as));
	tlb_unlock(a->tlb);
}

void aperture_fini(struct gpu *gpu)
{
	if (!gpu->aperture)
		return;
	if (gpu->aperture->tlb)
		tlb_destroy(gpu, gpu->aperture->tlb);
	free(gpu->aperture);
	gpu->aperture = NULL;
}
