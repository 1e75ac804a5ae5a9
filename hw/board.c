// SPDX-License-Identifier: MIT
#include "board.h"

#include "gpu.h"
#include "mmio.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ctrl.h"
#include "nvhw/tu104/dev_fb.h"
#include "nvhw/tu104/dev_gc6.h"
#include "nvhw/tu104/pri_mmu_hub.h"
#include "nvhw/undocumented.h"

#define NUM_LTCS	(NVX_FBPS * NVX_LTC_PER_FBP)

/* bytes = MAG << (SCALE + 20); powers of two from 64 MiB have MAG 16. */
static uint32_t local_memory_range_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	uint64_t mb = gpu->config.vram_bytes >> 20;
	uint32_t mag = mb, scale = 0;

	while (mag > 16) {
		mag >>= 1;
		scale++;
	}
	return NV_NUM(NVX_PFB_LOCAL_MEMORY_RANGE_LOWER_MAG, mag) |
	       NV_NUM(NVX_PFB_LOCAL_MEMORY_RANGE_LOWER_SCALE, scale);
}

static const struct mmio_reg regs[] = {
	{ .off = NVX_PGC6_GROUP_05_PRIV_LEVEL_MASK, .name = "PGC6_GROUP_05_PRIV_LEVEL_MASK",
	  .reset = NV_NUM(NVX_PGC6_GROUP_05_PRIV_LEVEL_MASK_READ, 1) },
	{ .off = NV_PGC6_AON_SECURE_SCRATCH_GROUP_05(0),
	  .name = "PGC6_AON_SECURE_SCRATCH_GROUP_05",
	  .reset = NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT_PROGRESS_COMPLETED },
	{ .off = NVX_STRAP, .name = "STRAP", .reset = NVX_STRAP_CRYSTAL_27MHZ },
	{ .off = NVX_PFB_LOCAL_MEMORY_RANGE, .name = "PFB_PRI_MMU_LOCAL_MEMORY_RANGE",
	  .read = local_memory_range_read },
	{ .off = NVX_PFB_VPR_STATUS, .name = "PFB_VPR_STATUS" },
	{ .off = NV_PFB_PRI_MMU_WPR2_ADDR_LO, .name = "PFB_PRI_MMU_WPR2_ADDR_LO" },
	{ .off = NV_PFB_PRI_MMU_WPR2_ADDR_HI, .name = "PFB_PRI_MMU_WPR2_ADDR_HI" },
	{ .off = NVX_PFB_SYSMEM_FLUSH_PAGE, .name = "PFB_SYSMEM_FLUSH_PAGE", .rw = ~0u },
	/* Pages where the MMU drops reads and writes it must not do: kept, not used. */
	{ .off = NV_PFB_PRI_MMU_DEBUG_CTRL, .name = "PFB_PRI_MMU_DEBUG_CTRL",
	  .rw = 0x0007ffff },
	{ .off = NV_PFB_PRI_MMU_DEBUG_WR, .name = "PFB_PRI_MMU_DEBUG_WR", .rw = ~0u },
	{ .off = NV_PFB_PRI_MMU_DEBUG_RD, .name = "PFB_PRI_MMU_DEBUG_RD", .rw = ~0u },
	{ .off = NVX_PFB_MMU_CTRL_MIRROR, .name = "PFB_MMU_CTRL_MIRROR", .rw = ~0u },
	{ .off = NVX_PFB_MMU_DEBUG_MIRROR(0), .count = 3, .name = "PFB_MMU_DEBUG_MIRROR",
	  .rw = ~0u },
	{ .off = NV_PFB_PRI_MMU_NUM_ACTIVE_LTCS, .name = "PFB_PRI_MMU_NUM_ACTIVE_LTCS",
	  .reset = NUM_LTCS },
	{ .off = NVX_PFB_NUM_ACTIVE_LTCS_GPC, .name = "PFB_NUM_ACTIVE_LTCS_GPC",
	  .reset = NUM_LTCS },
	{ .off = NVX_LTC_COUNT, .name = "LTC_COUNT", .reset = NUM_LTCS },
	{ .off = NVX_LTC_CONFIG, .name = "LTC_CONFIG", .reset = (uint32_t)NVX_SLICES_PER_LTC << 28 },
	/* The function's own mailbox words are the first 16 of the array. */
	{ .off = NV_CTRL_MAILBOX_SCRATCH(0), .count = NV_CTRL_MAILBOX_SCRATCH__SIZE_1,
	  .name = "CTRL_MAILBOX_SCRATCH", .rw = ~0u },
};

static const struct mmio_block block = { "board", regs, sizeof(regs) / sizeof(regs[0]) };

int board_init(struct gpu *gpu)
{
	mmio_register(gpu, &block);
	return 0;
}
