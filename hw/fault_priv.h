/* SPDX-License-Identifier: MIT */
/* State shared by fault_buffer.c and fault_info.c; gpu->lock protects it. */
#ifndef HW_FAULT_PRIV_H
#define HW_FAULT_PRIV_H

#include "fault_buffer.h"
#include "mmio.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_vm.h"
#include "nvhw/tu104/pri_mmu_hub.h"

/* Registers have a virtual-function view; most have a physical one as well. */
#define VF(x)	MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_##x)
#define PF(x)	NV_PFB_PRI_##x
#define BUF(x)	NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_##x
#define STATUS(x) NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_STATUS_##x

struct fault_buffer {
	uint32_t lo, hi, size;
	uint32_t get, put;
	bool overflow, corrupted;
	bool error;		/* its memory could not be written */
	uint32_t life;		/* counts disables */
};

/* The last fault without a buffer, as the registers show it. */
struct fault_info {
	uint32_t addr_lo, addr_hi, inst_lo, inst_hi, info;
	uint32_t status;	/* VALID and the DROPPED bits */
};

struct fault_buffers {
	struct fault_buffer buf[2];
	struct fault_info info;
	struct tlb *tlb;	/* for buffers in BAR2 space */
	uint32_t page_fault_ctrl;
};

/* fault_buffer.c: the read-only bits of FAULT_STATUS */
uint32_t fault_buffer_status(const struct fault_buffers *f);
/*
 * fault_buffer.c: put a packet of 32 bytes at a BAR2 address, its last dword, which
 * has VALID, after the others. False: @type says why there is no memory.
 */
bool fault_store_bar2(struct gpu *gpu, uint64_t va, const uint32_t *dw, uint8_t *type);
/* fault_info.c */
void fault_info_register(struct gpu *gpu);

#endif
