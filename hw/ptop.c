// SPDX-License-Identifier: MIT
#include "ptop.h"

#include "engine.h"
#include "gpu.h"
#include "mmio.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/tu104/dev_top.h"
#include "nvhw/undocumented.h"

#define GR_PRI_BASE	0x400000
#define CE_PRI_BASE	0x104000

#define LCE(n, engine, rl, in, re) \
	{ .name = "LCE" #n, .id = engine, .runlist = rl, .intr = in, .reset = re, \
	  .type = NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE, .inst = n, .pri_base = CE_PRI_BASE, \
	  .fault_id = NV_PFAULT_MMU_ENG_ID_CE##n, .ops = &ce_engine_ops }

/* LCE0 and LCE1 serve the GR runlist (GRCE); the others have one each. */
const struct engine gpu_engines[] = {
	{ .name = "GR", .id = 0, .runlist = 0, .intr = 12, .reset = 12,
	  .type = NV_PTOP_DEVICE_INFO_TYPE_ENUM_GRAPHICS, .inst = 0, .pri_base = GR_PRI_BASE,
	  .fault_id = NV_PFAULT_MMU_ENG_ID_GRAPHICS, .ops = &gr_engine_ops },
	LCE(0, 1, 0, 5, 6),
	LCE(1, 2, 0, 6, 7),
	LCE(2, 3, 1, 7, 21),
	LCE(3, 4, 2, 10, 22),
	LCE(4, 5, 3, 11, 23),
};

const unsigned int gpu_engine_count = sizeof(gpu_engines) / sizeof(gpu_engines[0]);

/* Three chained words per device: DATA, ENUM, ENGINE_TYPE; the rest invalid. */
static uint32_t device_info_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	const struct engine *e;

	if (i / 3 >= gpu_engine_count)
		return NV_PTOP_DEVICE_INFO_ENTRY_NOT_VALID;
	e = &gpu_engines[i / 3];
	switch (i % 3) {
	case 0:
		return NV_DEF(NV_PTOP_DEVICE_INFO_ENTRY, _DATA) |
		       NV_DEF(NV_PTOP_DEVICE_INFO_CHAIN, _ENABLE) |
		       NV_DEF(NV_PTOP_DEVICE_INFO_DATA_TYPE, _ENUM2) |
		       NV_NUM(NV_PTOP_DEVICE_INFO_DATA_INST_ID, e->inst) |
		       NV_NUM(NV_PTOP_DEVICE_INFO_DATA_PRI_BASE,
			      e->pri_base >> NV_PTOP_DEVICE_INFO_DATA_PRI_BASE_ALIGN) |
		       NV_NUM(NV_PTOP_DEVICE_INFO_DATA_FAULT_ID_ENUM, e->fault_id) |
		       NV_DEF(NV_PTOP_DEVICE_INFO_DATA_FAULT_ID, _VALID);
	case 1:
		return NV_DEF(NV_PTOP_DEVICE_INFO_ENTRY, _ENUM) |
		       NV_DEF(NV_PTOP_DEVICE_INFO_CHAIN, _ENABLE) |
		       NV_NUM(NV_PTOP_DEVICE_INFO_ENGINE_ENUM, e->id) |
		       NV_DEF(NV_PTOP_DEVICE_INFO_ENGINE, _VALID) |
		       NV_NUM(NV_PTOP_DEVICE_INFO_RUNLIST_ENUM, e->runlist) |
		       NV_DEF(NV_PTOP_DEVICE_INFO_RUNLIST, _VALID) |
		       NV_NUM(NV_PTOP_DEVICE_INFO_INTR_ENUM, e->intr) |
		       NV_DEF(NV_PTOP_DEVICE_INFO_INTR, _VALID) |
		       NV_NUM(NV_PTOP_DEVICE_INFO_RESET_ENUM, e->reset) |
		       /* the manual gives RESET's value but not its bit: 2 */
		       NV_PTOP_DEVICE_INFO_RESET_VALID << 2;
	default:
		return NV_DEF(NV_PTOP_DEVICE_INFO_ENTRY, _ENGINE_TYPE) |
		       NV_DEF(NV_PTOP_DEVICE_INFO_CHAIN, _DISABLE) |
		       NV_NUM(NV_PTOP_DEVICE_INFO_TYPE_ENUM, e->type);
	}
}

static uint32_t gpcs_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->config.gpcs;
}

static uint32_t tpcs_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->config.tpcs;
}

static uint32_t gpc_tpcs_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return i < gpu->config.gpcs ? gpu->config.tpcs : 0;
}

static const struct mmio_reg regs[] = {
	{ .off = NV_PTOP_SCAL_NUM_GPCS, .name = "PTOP_SCAL_NUM_GPCS", .read = gpcs_read },
	{ .off = NV_PTOP_SCAL_NUM_TPC_PER_GPC, .name = "PTOP_SCAL_NUM_TPC_PER_GPC",
	  .read = tpcs_read },
	{ .off = NV_PTOP_SCAL_NUM_FBPS, .name = "PTOP_SCAL_NUM_FBPS", .reset = NVX_FBPS },
	{ .off = NV_PTOP_SCAL_NUM_FBPAS, .name = "PTOP_SCAL_NUM_FBPAS",
	  .reset = NVX_FBPS * NVX_FBPA_PER_FBP },
	{ .off = NV_PTOP_SCAL_NUM_LTC_PER_FBP, .name = "PTOP_SCAL_NUM_LTC_PER_FBP",
	  .reset = NVX_LTC_PER_FBP },
	{ .off = NV_PTOP_SCAL_NUM_LTCS, .name = "PTOP_SCAL_NUM_LTCS",
	  .reset = NVX_FBPS * NVX_LTC_PER_FBP },
	{ .off = NV_PTOP_SCAL_NUM_FBPA_PER_FBP, .name = "PTOP_SCAL_NUM_FBPA_PER_FBP",
	  .reset = NVX_FBPA_PER_FBP },
	{ .off = NV_PTOP_SCAL_NUM_SLICES_PER_LTC, .name = "PTOP_SCAL_NUM_SLICES_PER_LTC",
	  .reset = NVX_SLICES_PER_LTC },
	{ .off = NV_PTOP_DEVICE_INFO(0), .count = NV_PTOP_DEVICE_INFO__SIZE_1,
	  .name = "PTOP_DEVICE_INFO", .read = device_info_read },
	{ .off = NVX_GR_GPC_COUNT, .name = "GR_GPC_COUNT", .read = gpcs_read },
	{ .off = NVX_GPC_TPC_COUNT(0), .count = PTOP_MAX_GPCS, .stride = 0x8000,
	  .name = "GPC_TPC_COUNT", .read = gpc_tpcs_read },
};

static const struct mmio_block block = { "ptop", regs, sizeof(regs) / sizeof(regs[0]) };

int ptop_init(struct gpu *gpu)
{
	mmio_register(gpu, &block);
	return 0;
}
