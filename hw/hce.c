// SPDX-License-Identifier: MIT
/*
 * Host's copy-engine front end: what it decides before a method reaches a copy
 * engine. A refused method is dropped; INTR_1 says why and HCE_DBG keeps it.
 * Render enables are evaluated here and gate the launches that follow.
 */
#include "fifo.h"
#include "host_dma.h"
#include "log.h"
#include "nvhw/class/clc5b5.h"
#include "nvhw/nv_field.h"

#define RE_REPORT_BYTES	16	/* RENDER_IF_(NOT_)EQUAL compares two reports */

static bool known(uint32_t mthd)
{
	static const struct { uint16_t first, last; } ranges[] = {
		{ NVC5B5_NOP, NVC5B5_NOP },
		{ NVC5B5_PM_TRIGGER, NVC5B5_PM_TRIGGER },
		{ NVC5B5_SET_SEMAPHORE_A, NVC5B5_SET_SEMAPHORE_PAYLOAD },
		{ NVC5B5_SET_RENDER_ENABLE_A, NVC5B5_SET_DST_PHYS_MODE },
		{ NVC5B5_LAUNCH_DMA, NVC5B5_LAUNCH_DMA },
		{ NVC5B5_OFFSET_IN_UPPER, NVC5B5_LINE_COUNT },
		{ NVC5B5_SET_REMAP_CONST_A, NVC5B5_SET_DST_ORIGIN },
		{ NVC5B5_SET_SRC_BLOCK_SIZE, NVC5B5_SET_SRC_ORIGIN },
		{ NVC5B5_SRC_ORIGIN_X, NVC5B5_DST_ORIGIN_Y },
		{ NVC5B5_PM_TRIGGER_END, NVC5B5_PM_TRIGGER_END },
	};

	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (mthd >= ranges[i].first && mthd <= ranges[i].last)
			return true;
	return false;
}

static enum method_result refuse(struct pbdma *pb, uint32_t mthd, uint32_t data, uint32_t bit,
				 enum slice_end *end)
{
	log_guest_error("host", "channel %u: copy-engine method %04x %08x refused (%#x)",
			pb->fc->ch.chid, mthd, data, bit);
	pb->shadow.hce[0] = NV_NUM(NV_PPBDMA_HCE_DBG0_MTHD_ADDR, mthd >> 2);
	pb->shadow.hce[1] = data;
	*end = pbdma_stall(pb, 1, bit);
	return METHOD_TAKEN;
}

static void set_render(struct pbdma *pb, bool enabled)
{
	pb->w[FC(HCE_CTRL)] = NV_SET(pb->w[FC(HCE_CTRL)], NV_PPBDMA_HCE_CTRL_HCE_RENDER_DISABLED,
				     !enabled);
}

/* Reads the reports that a conditional mode compares. */
static enum method_result render_condition(struct gpu *gpu, struct pbdma *pb, uint32_t mode,
					   enum slice_end *end)
{
	const uint32_t *a = pb->fc->ch.ce_render_addr;
	uint64_t va = ((uint64_t)NV_GET(a[0], NVC5B5_SET_RENDER_ENABLE_A_UPPER) << 32) | a[1];
	uint32_t report[2 * RE_REPORT_BYTES / 4] = { 0 };
	size_t len = mode == NVC5B5_SET_RENDER_ENABLE_C_MODE_CONDITIONAL ? 4 : sizeof(report);
	struct mmu_xlat x;
	size_t got = mmu_copy_from(gpu, pb->tlb, &pb->fc->ch.as, va, report, len, &x);

	if (got < len) {
		*end = pbdma_fault(gpu, pb, &x, va + got, MMU_READ);
		return METHOD_END;
	}
	if (mode == NVC5B5_SET_RENDER_ENABLE_C_MODE_CONDITIONAL)
		set_render(pb, report[0] != 0);
	else
		set_render(pb, (report[0] == report[RE_REPORT_BYTES / 4]) ==
			       (mode == NVC5B5_SET_RENDER_ENABLE_C_MODE_RENDER_IF_EQUAL));
	return METHOD_DONE;
}

static enum method_result render_enable(struct gpu *gpu, struct pbdma *pb, uint32_t data,
					enum slice_end *end)
{
	uint32_t mode = NV_GET(data, NVC5B5_SET_RENDER_ENABLE_C_MODE);

	if (mode > NVC5B5_SET_RENDER_ENABLE_C_MODE_RENDER_IF_NOT_EQUAL)
		return refuse(pb, NVC5B5_SET_RENDER_ENABLE_C, data,
			      NV_DEF(NV_PPBDMA_INTR_1_HCE_RE_ILLEGAL_OP, _PENDING), end);
	if (mode <= NVC5B5_SET_RENDER_ENABLE_C_MODE_TRUE) {
		set_render(pb, mode == NVC5B5_SET_RENDER_ENABLE_C_MODE_TRUE);
		return METHOD_DONE;
	}
	if (pb->fc->ch.ce_render_addr[1] % RE_REPORT_BYTES)
		return refuse(pb, NVC5B5_SET_RENDER_ENABLE_C, data,
			      NV_DEF(NV_PPBDMA_INTR_1_HCE_RE_ALIGNB, _PENDING), end);
	return render_condition(gpu, pb, mode, end);
}

enum method_result hce_method(struct gpu *gpu, struct pbdma *pb, uint32_t mthd, uint32_t data,
			      bool *forward, enum slice_end *end)
{
	bool physical = NV_IS(data, NVC5B5_LAUNCH_DMA_SRC_TYPE, _PHYSICAL) ||
			NV_IS(data, NVC5B5_LAUNCH_DMA_DST_TYPE, _PHYSICAL);

	*forward = false;
	switch (mthd) {
	case NV_UDMA_OBJECT:
		if (NV_GET(data, NV_UDMA_OBJECT_NVCLASS) != TURING_DMA_COPY_A)
			return refuse(pb, mthd, data,
				      NV_DEF(NV_PPBDMA_INTR_1_HCE_ILLEGAL_CLASS, _PENDING), end);
		return METHOD_DONE;
	case NVC5B5_SET_RENDER_ENABLE_A:
	case NVC5B5_SET_RENDER_ENABLE_B:
		pb->fc->ch.ce_render_addr[mthd == NVC5B5_SET_RENDER_ENABLE_B] = data;
		return METHOD_DONE;
	case NVC5B5_SET_RENDER_ENABLE_C:
		return render_enable(gpu, pb, data, end);
	case NVC5B5_LAUNCH_DMA:
		if (physical && !pb->fc->ch.ce_privileged)
			return refuse(pb, mthd, data,
				      NV_DEF(NV_PPBDMA_INTR_1_HCE_PRIV, _PENDING), end);
		*forward = NV_IS(pb->w[FC(HCE_CTRL)], NV_PPBDMA_HCE_CTRL_HCE_RENDER_DISABLED, _NO);
		return METHOD_DONE;
	}
	if (!known(mthd))
		return refuse(pb, mthd, data,
			      NV_DEF(NV_PPBDMA_INTR_1_HCE_ILLEGAL_MTHD, _PENDING), end);
	*forward = true;
	return METHOD_DONE;
}
