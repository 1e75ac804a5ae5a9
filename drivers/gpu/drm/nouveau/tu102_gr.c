// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The graphics and compute engine: all that is assumed about it, and its errors.
 *
 * Assumed, because NVIDIA publishes no manual of PGRAPH for this chip:
 *  - It is ready when it comes out of reset. Real boards need signed firmware
 *    for context switching (FECS, GPCCS) loaded through a secure falcon before
 *    anything runs; none of that is here, which is one reason why real boards
 *    are refused by default.
 *  - A context image is NVX_GR_CONTEXT_BYTES of opaque, zeroed VRAM, named by
 *    the instance block with its physical address.
 *  - The registers of nvhw/undocumented.h with prefix NVX_GR_, NVX_GPC_ and
 *    NVX_SM_, known from upstream nouveau.
 *
 * Errors: illegal methods and classes stop the front end; warp errors (bad
 * instruction, misaligned address, access the MMU refused) trap in an SM. All of
 * them end the channel whose context is loaded, and nothing else. As with Host,
 * the hard handler only masks; the work item takes fifo->lock, so that the channel it
 * blames is the one that was loaded. A removal that waits for the engine does its
 * work itself.
 */
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <nvhw/nv_field.h>
#include <nvhw/undocumented.h>

#include "nouveau_device.h"
#include "nouveau_irq.h"
#include "nouveau_vram.h"
#include "tu102_fifo.h"
#include "tu102_gr.h"

#define SMS_PER_TPC	2
#define INTR_ERRORS \
	(NV_MASK(NVX_GR_INTR_ILLEGAL_METHOD) | NV_MASK(NVX_GR_INTR_ILLEGAL_CLASS) | \
	 NV_MASK(NVX_GR_INTR_DATA_ERROR) | NV_MASK(NVX_GR_INTR_TRAP))

struct tu102_gr {
	struct nouveau_device *ndev;
	struct work_struct work;
	unsigned int gpcs, tpcs;
	u8 tpc_count[32];
	bool hooked;
};

static const struct {
	u32 code;
	const char *name;
} warp_errors[] = {
	{ NVX_SM_WARP_ERROR_MISALIGNED_PC, "misaligned program counter" },
	{ NVX_SM_WARP_ERROR_MISALIGNED_REG, "misaligned register" },
	{ NVX_SM_WARP_ERROR_ILLEGAL_ENCODING, "illegal instruction encoding" },
	{ NVX_SM_WARP_ERROR_ILLEGAL_PARAM, "illegal instruction parameter" },
	{ NVX_SM_WARP_ERROR_OOR_REG, "register out of range" },
	{ NVX_SM_WARP_ERROR_OOR_ADDR, "address out of range" },
	{ NVX_SM_WARP_ERROR_MISALIGNED_ADDR, "misaligned address" },
	{ NVX_SM_WARP_ERROR_INVALID_ADDR_SPACE, "invalid address space" },
	{ NVX_SM_WARP_ERROR_MMU_NACK, "access refused by the MMU" },
};

static const char *warp_error_name(u32 code)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(warp_errors); i++)
		if (warp_errors[i].code == code)
			return warp_errors[i].name;
	return "unknown error";
}

/* Read and clear the trap of one TPC; the first warp error found goes to @what. */
static void gr_tpc_trap(struct tu102_gr *gr, unsigned int g, unsigned int t, char *what, size_t len)
{
	struct nouveau_device *ndev = gr->ndev;
	u32 trap = nv_rd32(ndev, NVX_TPC_TRAP(g, t));
	unsigned int s;

	for (s = 0; NV_GET(trap, NVX_TPC_TRAP_SM) && s < SMS_PER_TPC; s++) {
		u32 esr = nv_rd32(ndev, NVX_SM_WARP_ESR(g, t, s));
		u32 global = nv_rd32(ndev, NVX_SM_GLOBAL_ESR(g, t, s));
		u32 code = NV_GET(esr, NVX_SM_WARP_ESR_CODE);

		if (code && !what[0])
			snprintf(what, len, "SM %u.%u.%u: %s (0x%x)", g, t, s,
				 warp_error_name(code), code);
		else if (NV_GET(global, NVX_SM_GLOBAL_ESR_BPT_INT) && !what[0])
			snprintf(what, len, "SM %u.%u.%u: trap instruction", g, t, s);
		nv_wr32(ndev, NVX_SM_WARP_ESR(g, t, s), 0);
		nv_wr32(ndev, NVX_SM_GLOBAL_ESR(g, t, s), global);
	}
	nv_wr32(ndev, NVX_TPC_TRAP(g, t), trap);
}

static void gr_trap(struct tu102_gr *gr, char *what, size_t len)
{
	struct nouveau_device *ndev = gr->ndev;
	u32 trap = nv_rd32(ndev, NVX_GR_TRAP);
	unsigned long gpcs, tpcs;
	unsigned int g, t;

	if (NV_GET(trap, NVX_GR_TRAP_GPC)) {
		gpcs = nv_rd32(ndev, NVX_GR_TRAP_GPC_MASK);
		for_each_set_bit(g, &gpcs, gr->gpcs) {
			tpcs = nv_rd32(ndev, NVX_GPC_TRAP(g));
			for_each_set_bit(t, &tpcs, gr->tpc_count[g])
				gr_tpc_trap(gr, g, t, what, len);
			nv_wr32(ndev, NVX_GPC_TRAP(g), tpcs);
		}
		nv_wr32(ndev, NVX_GR_TRAP_GPC_MASK, gpcs);
	}
	if (!what[0])
		snprintf(what, len, "graphics trap 0x%x", trap);
	nv_wr32(ndev, NVX_GR_TRAP, trap);
}

static void gr_front_end(struct tu102_gr *gr, u32 intr, char *what, size_t len)
{
	struct nouveau_device *ndev = gr->ndev;
	u32 addr = nv_rd32(ndev, NVX_GR_TRAPPED_ADDR);
	u32 data = nv_rd32(ndev, NVX_GR_TRAPPED_DATA);
	u32 code = nv_rd32(ndev, NVX_GR_TRAPPED_CODE);
	const char *kind = "data error";

	if (NV_GET(intr, NVX_GR_INTR_ILLEGAL_METHOD))
		kind = "illegal method";
	else if (NV_GET(intr, NVX_GR_INTR_ILLEGAL_CLASS))
		kind = "illegal class";
	snprintf(what, len, "%s, subchannel %u method 0x%04x data 0x%08x code 0x%x", kind,
		 NV_GET(addr, NVX_GR_TRAPPED_ADDR_SUBCHANNEL),
		 NV_GET(addr, NVX_GR_TRAPPED_ADDR_METHOD) << 2, data, code);
}

void tu102_gr_service_locked(struct nouveau_device *ndev)
{
	struct tu102_gr *gr = ndev->gr;
	u32 intr = gr && gr->hooked ? nv_rd32(ndev, NVX_GR_INTR) : 0;
	char what[96] = "";
	u32 cur;
	u64 inst;

	if (!intr)
		return;
	cur = nv_rd32(ndev, NVX_GR_CURRENT_INST);
	inst = (u64)NV_GET(cur, NVX_GR_CURRENT_INST_PTR) << 12;
	if (NV_GET(intr, NVX_GR_INTR_TRAP))
		gr_trap(gr, what, sizeof(what));
	else if (intr & INTR_ERRORS)
		gr_front_end(gr, intr, what, sizeof(what));
	/* Off the runlist before the engine goes on: none of its methods may follow. */
	if (what[0] && (!NV_GET(cur, NVX_GR_CURRENT_INST_VALID) ||
			!tu102_fifo_blame_inst_locked(ndev, inst, what)))
		dev_err(&ndev->pdev->dev, "no channel: %s\n", what);
	nv_wr32(ndev, NVX_GR_INTR, intr);
	nv_wr32(ndev, NVX_GR_RESUME, NVX_GR_RESUME_GO);
}

static void gr_work(struct work_struct *work)
{
	struct tu102_gr *gr = container_of(work, struct tu102_gr, work);

	tu102_fifo_lock(gr->ndev);
	tu102_gr_service_locked(gr->ndev);
	tu102_fifo_unlock(gr->ndev);
	nv_wr32(gr->ndev, NVX_GR_INTR_EN, INTR_ERRORS);
}

static void gr_irq(void *data)
{
	struct tu102_gr *gr = data;

	nv_wr32(gr->ndev, NVX_GR_INTR_EN, 0);
	queue_work(tu102_fifo_wq(gr->ndev), &gr->work);
}

void tu102_gr_was_reset(struct nouveau_device *ndev)
{
	struct tu102_gr *gr = ndev->gr;

	if (!gr || !gr->hooked)
		return;
	nv_wr32(ndev, NVX_GR_INTR_EN, INTR_ERRORS);
	nv_wr32(ndev, NVX_GR_RESUME, NVX_GR_RESUME_GO);
}

int tu102_gr_ctx_new(struct nouveau_device *ndev, struct nouveau_mem *ctx)
{
	return nouveau_mem_new(ndev, NVX_GR_CONTEXT_BYTES, 4096, ctx);
}

void tu102_gr_units(struct nouveau_device *ndev, unsigned int *gpcs, unsigned int *tpcs)
{
	*gpcs = ndev->gr->gpcs;
	*tpcs = ndev->gr->tpcs;
}

int tu102_gr_init(struct nouveau_device *ndev)
{
	const struct tu102_engine *engine = tu102_fifo_engine(ndev, TU102_ENGINE_GR);
	struct tu102_gr *gr = kzalloc_obj(*gr);
	unsigned int g;
	int ret;

	if (!gr)
		return -ENOMEM;
	gr->ndev = ndev;
	ndev->gr = gr;
	INIT_WORK(&gr->work, gr_work);
	gr->gpcs = NV_GET(nv_rd32(ndev, NVX_GR_GPC_COUNT), NVX_GR_GPC_COUNT_VALUE);
	gr->gpcs = min_t(unsigned int, gr->gpcs, ARRAY_SIZE(gr->tpc_count));
	for (g = 0; g < gr->gpcs; g++) {
		gr->tpc_count[g] = NV_GET(nv_rd32(ndev, NVX_GPC_TPC_COUNT(g)),
					  NVX_GPC_TPC_COUNT_VALUE);
		gr->tpcs += gr->tpc_count[g];
	}
	if (!gr->tpcs) {
		dev_err(&ndev->pdev->dev, "graphics engine without processors\n");
		tu102_gr_fini(ndev);
		return -ENODEV;
	}
	ret = nouveau_irq_add(ndev, engine->stall, gr_irq, gr);
	if (ret) {
		tu102_gr_fini(ndev);
		return ret;
	}
	gr->hooked = true;
	nv_wr32(ndev, NVX_GR_INTR, ~0u);
	nv_wr32(ndev, NVX_GR_INTR_EN, INTR_ERRORS);
	nv_wr32(ndev, NVX_GR_RESUME, NVX_GR_RESUME_GO);
	return 0;
}

void tu102_gr_fini(struct nouveau_device *ndev)
{
	struct tu102_gr *gr = ndev->gr;

	if (!gr)
		return;
	if (gr->hooked) {
		nv_wr32(ndev, NVX_GR_INTR_EN, 0);
		nouveau_irq_del(ndev, tu102_fifo_engine(ndev, TU102_ENGINE_GR)->stall);
		cancel_work_sync(&gr->work);
		nv_wr32(ndev, NVX_GR_INTR_EN, 0);
	}
	ndev->gr = NULL;
	kfree(gr);
}
