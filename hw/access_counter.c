// SPDX-License-Identifier: MIT
/*
 * Access counters: the registers keep what is written and read as an idle
 * unit would. Nothing is counted yet, so PUT never moves and the notification
 * vector stays quiet; enabling the buffer is logged as unimplemented.
 */
#include "fault_priv.h"
#include "log.h"
#include "mmio.h"
#include "mmu_priv.h"

#define CNT(x)	NV_VIRTUAL_FUNCTION_PRIV_ACCESS_COUNTER_##x

static void lo_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
		       uint32_t val, uint32_t old)
{
	if (NV_GET(val, CNT(NOTIFY_BUFFER_LO_EN)))
		log_unimp("mmu", "access counters enabled: they never notify");
}

static const struct mmio_reg regs[] = {
	{ VF(ACCESS_COUNTER_CONFIG), .name = "ACCESS_COUNTER_CONFIG",
	  .reset = NV_NUM(CNT(CONFIG_THRESHOLD), 0x80) | NV_MASK(CNT(CONFIG_GVA_NOTIFY)) |
		   NV_MASK(CNT(CONFIG_COUNT_PD)) | NV_MASK(CNT(CONFIG_COUNT_PCIE)),
	  .rw = NV_MASK(CNT(CONFIG_THRESHOLD)) | NV_MASK(CNT(CONFIG_MIMC_GRANULARITY)) |
		NV_MASK(CNT(CONFIG_MOMC_GRANULARITY)) | NV_MASK(CNT(CONFIG_GVA_NOTIFY)) |
		NV_MASK(CNT(CONFIG_COUNT_PD)) | NV_MASK(CNT(CONFIG_COUNT_PCIE)) },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_LO), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_LO",
	  .rw = NV_MASK(CNT(NOTIFY_BUFFER_LO_EN)) | NV_MASK(CNT(NOTIFY_BUFFER_LO_BASE)),
	  .write = lo_written },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_HI), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_HI",
	  .rw = ~0u },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_SIZE), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_SIZE",
	  .reset = CNT(NOTIFY_BUFFER_SIZE_HW_ENTRIES) },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_GET), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_GET",
	  .rw = NV_MASK(CNT(NOTIFY_BUFFER_GET_OFFSET_HW)) },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_PUT), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_PUT" },
	{ VF(ACCESS_COUNTER_NOTIFY_BUFFER_INFO), .name = "ACCESS_COUNTER_NOTIFY_BUFFER_INFO",
	  .reset = NV_MASK(CNT(NOTIFY_BUFFER_INFO_PUSHED)) },
};

static const struct mmio_block block = { "mmu", regs, sizeof(regs) / sizeof(regs[0]) };

void access_counter_register(struct gpu *gpu)
{
	mmio_register(gpu, &block);
}
