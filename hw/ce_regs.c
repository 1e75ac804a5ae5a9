// SPDX-License-Identifier: MIT
/* Registers of the logical copy engines and of the map from physical ones. */
#include "ce_priv.h"

#include "intr.h"
#include "mmio.h"
#include "nvhw/nv_field.h"

#define LCE_STRIDE		0x80
#define STATUS_BITS		0x7fu
#define PCES			4	/* none is fused off in this model */

static const struct engine *lce_engine(unsigned int lce)
{
	for (unsigned int i = 0; i < gpu_engine_count; i++)
		if (gpu_engines[i].ops == &ce_engine_ops && gpu_engines[i].inst == lce)
			return &gpu_engines[i];
	return NULL;
}

void ce_update_intr(struct gpu *gpu, unsigned int lce)
{
	const struct engine *e = lce_engine(lce);
	uint32_t stall = gpu->ce->unit[lce].intr_status & mmio_peek(gpu, NV_CE_LCE_INTR_EN(lce)) &
			 ~NV_MASK(NV_CE_LCE_INTR_STATUS_NONBLOCKPIPE);

	if (e)
		intr_level(gpu, INTR_STALL_BASE + e->intr, stall != 0);
}

static uint32_t status_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return NV_NUM(NV_CE_LCE_STATUS_TOP, gpu->ce->unit[i].busy);
}

static uint32_t bind_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	static const uint8_t target[] = {
		[APERTURE_VRAM] = 0, [APERTURE_SYS_COH] = 2, [APERTURE_SYS_NCOH] = 3,
	};
	const struct ce_unit *u = &gpu->ce->unit[i];

	return NV_NUM(NV_CE_LCE_BIND_STATUS_BOUND, u->bound_inst != 0) |
	       NV_NUM(NV_CE_LCE_BIND_STATUS_CTX_PTR, u->bound_inst >> 12) |
	       NV_NUM(NV_CE_LCE_BIND_STATUS_CTX_TARGET, target[u->bound_aperture]);
}

static uint32_t intr_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->ce->unit[i].intr_status;
}

static void intr_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
		       uint32_t old)
{
	struct ce_unit *u = &gpu->ce->unit[i];
	struct channel *ch = u->blocked;

	u->intr_status &= ~val;
	if (!NV_GET(u->intr_status, NV_CE_LCE_INTR_STATUS_LAUNCHERR))
		u->launcherr = NV_CE_LCE_LAUNCHERR_REPORT_NO_ERR;
	if (ch && !(u->intr_status & ~NV_MASK(NV_CE_LCE_INTR_STATUS_NONBLOCKPIPE))) {
		u->blocked = NULL;
		fifo_acknowledged(gpu, ch);
	}
	ce_update_intr(gpu, i);
}

static void intr_en_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
			  uint32_t old)
{
	ce_update_intr(gpu, i);
}

static uint32_t launcherr_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return NV_NUM(NV_CE_LCE_LAUNCHERR_REPORT, gpu->ce->unit[i].launcherr);
}

static void engctl_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
			 uint32_t old)
{
	/* Between methods the engine is at rest: it acknowledges at once. */
	mmio_poke(gpu, NV_CE_LCE_ENGCTL(i),
		  NV_SET(val & NV_MASK(NV_CE_LCE_ENGCTL_STALLREQ), NV_CE_LCE_ENGCTL_STALLACK,
			 NV_GET(val, NV_CE_LCE_ENGCTL_STALLREQ)));
}

#define LCE(n, ...)	{ .off = NV_CE_LCE_##n(0), .count = CE_COUNT, .stride = LCE_STRIDE, \
			  .name = "CE_LCE_" #n, __VA_ARGS__ }

/* Reset maps: PCE 0 to LCE 1, 1 to 4, 2 to 2, 3 to 3; GRCE 0 shares LCE 1. */
static const struct mmio_reg regs[] = {
	{ .off = NV_CE_PCE_MAP, .name = "CE_PCE_MAP", .reset = (1u << PCES) - 1 },
	{ .off = NV_CE_GRCE_CONFIG(0), .name = "CE_GRCE_CONFIG(0)", .rw = 0xc000000f,
	  .reset = NV_NUM(NV_CE_GRCE_CONFIG_SHARED_LCE, 1) | NV_NUM(NV_CE_GRCE_CONFIG_SHARED, 1) },
	{ .off = NV_CE_GRCE_CONFIG(1), .name = "CE_GRCE_CONFIG(1)", .rw = 0xc000000f,
	  .reset = NV_DEF(NV_CE_GRCE_CONFIG_SHARED_LCE, _NONE) },
	{ .off = NV_CE_PCE2LCE_CONFIG(0), .name = "CE_PCE2LCE_CONFIG(0)", .rw = 0xf, .reset = 1 },
	{ .off = NV_CE_PCE2LCE_CONFIG(1), .name = "CE_PCE2LCE_CONFIG(1)", .rw = 0xf, .reset = 4 },
	{ .off = NV_CE_PCE2LCE_CONFIG(2), .name = "CE_PCE2LCE_CONFIG(2)", .rw = 0xf, .reset = 2 },
	{ .off = NV_CE_PCE2LCE_CONFIG(3), .name = "CE_PCE2LCE_CONFIG(3)", .rw = 0xf, .reset = 3 },
	LCE(STATUS, .read = status_read),
	LCE(BIND_STATUS, .read = bind_read),
	LCE(INTR_EN, .rw = STATUS_BITS, .reset = CE_INTR_EN_INIT, .write = intr_en_write),
	LCE(INTR_STATUS, .read = intr_read, .write = intr_write),
	LCE(OPT, .rw = 0xf),
	LCE(LAUNCHERR, .read = launcherr_read),
	LCE(ENGCTL, .rw = NV_MASK(NV_CE_LCE_ENGCTL_STALLREQ), .write = engctl_write),
};

static const struct mmio_block block = { "ce", regs, sizeof(regs) / sizeof(regs[0]) };

void ce_register(struct gpu *gpu)
{
	mmio_register(gpu, &block);
}
