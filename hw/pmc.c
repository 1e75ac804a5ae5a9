// SPDX-License-Identifier: MIT
#include "pmc.h"

#include "engine.h"
#include "gpu.h"
#include "intr.h"
#include "mmio.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_boot.h"
#include "nvhw/tu104/dev_master.h"
#include "nvhw/undocumented.h"

/* Devices of this model that PMC_ENABLE resets; the other bits have none. */
#define ENABLE_MASK \
	(NV_MASK(NV_PMC_ENABLE_PGRAPH) | NV_MASK(NV_PMC_ENABLE_PFIFO) | \
	 NV_MASK(NV_PMC_ENABLE_CE0) | NV_MASK(NV_PMC_ENABLE_CE1) | \
	 NV_MASK(NV_PMC_ENABLE_CE2) | NV_MASK(NV_PMC_ENABLE_CE3) | NV_MASK(NV_PMC_ENABLE_CE4))

static uint32_t intr_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return i ? 0 : intr_legacy_pending(gpu);
}

static uint32_t intr_en_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return i ? 0 : intr_legacy_enable(gpu);
}

static void intr_en_set_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
				uint32_t val, uint32_t old)
{
	if (!i)
		intr_set_legacy_enable(gpu, intr_legacy_enable(gpu) | val);
}

static void intr_en_clear_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
				  uint32_t val, uint32_t old)
{
	if (!i)
		intr_set_legacy_enable(gpu, intr_legacy_enable(gpu) & ~val);
}

static void intr_sw_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			    uint32_t val, uint32_t old)
{
	if (!i)
		intr_legacy_source(gpu, NV_LO(NV_PMC_INTR_SOFTWARE),
				   NV_GET(val, NV_PMC_INTR_SW_ASSERT));
}

static void enable_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			   uint32_t val, uint32_t old)
{
	fifo_pmc_enable(gpu, old, mmio_peek(gpu, NV_PMC_ENABLE));
}

static const struct mmio_reg regs[] = {
	{ .off = NV_PMC_BOOT_0, .name = "PMC_BOOT_0", .reset = NVX_PMC_BOOT_0_TU104_A1 },
	{ .off = NV_PMC_BOOT_1, .name = "PMC_BOOT_1" },
	{ .off = NV_PMC_BOOT_2, .name = "PMC_BOOT_2" },
	{ .off = NV_PMC_BOOT_42, .name = "PMC_BOOT_42", .reset = NVX_PMC_BOOT_42_TU104_A1 },
	{ .off = NV_PMC_INTR(0), .count = NV_PMC_INTR__SIZE_1, .name = "PMC_INTR",
	  .read = intr_read },
	{ .off = NV_PMC_INTR_MODE(0), .count = NV_PMC_INTR_MODE__SIZE_1, .name = "PMC_INTR_MODE" },
	{ .off = NV_PMC_INTR_EN(0), .count = 2, .name = "PMC_INTR_EN", .read = intr_en_read },
	{ .off = NV_PMC_INTR_EN_SET(0), .count = 2, .name = "PMC_INTR_EN_SET",
	  .write = intr_en_set_written },
	{ .off = NV_PMC_INTR_EN_CLEAR(0), .count = 2, .name = "PMC_INTR_EN_CLEAR",
	  .write = intr_en_clear_written },
	{ .off = NV_PMC_INTR_SW(0), .count = NV_PMC_INTR_SW__SIZE_1, .name = "PMC_INTR_SW",
	  .rw = 1, .write = intr_sw_written },
	{ .off = NV_PMC_ENABLE, .name = "PMC_ENABLE", .reset = ENABLE_MASK, .rw = ENABLE_MASK,
	  .write = enable_written },
};

static const struct mmio_block block = { "pmc", regs, sizeof(regs) / sizeof(regs[0]) };

int pmc_init(struct gpu *gpu)
{
	mmio_register(gpu, &block);
	return 0;
}
