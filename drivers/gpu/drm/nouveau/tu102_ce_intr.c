// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Errors of copy engines.
 *
 * Only launch errors and the like come here: a copy that misses in the MMU is
 * in the non-replayable fault buffer. The stall vector is level triggered, so
 * the hard handler turns the engine's interrupts off and a work item finds out whose
 * copy it was, under fifo->lock, so that it still is his when he is blamed.
 */
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_ce.h>
#include <nvhw/tu104/dev_top.h>
#include <nvhw/undocumented.h>

#include "nouveau_device.h"
#include "nouveau_irq.h"
#include "tu102_ce.h"
#include "tu102_fifo.h"

#define LCES		NV_CE_LCE_INTR_EN__SIZE_1
#define INTR_ERRORS \
	(NV_MASK(NV_CE_LCE_INTR_STATUS_LAUNCHERR) | \
	 NV_MASK(NV_CE_LCE_INTR_STATUS_INVALID_CONFIG) | \
	 NV_MASK(NV_CE_LCE_INTR_STATUS_MTHD_BUFFER_FAULT))

struct tu102_lce {
	struct nouveau_device *ndev;
	const struct tu102_engine *engine;
	unsigned int i;			/* LCE number */
	struct work_struct work;
	bool hooked;
};

struct tu102_ce {
	struct tu102_lce lce[LCES];
};

static const char *const launch_errors[16] = {
	[0x1] = "2D layer exceeds depth", [0x2] = "invalid alignment",
	[0x3] = "rectangle out of bounds", [0x4] = "source line exceeds pitch",
	[0x5] = "source line exceeds negative pitch", [0x6] = "destination line exceeds pitch",
	[0x7] = "destination line exceeds negative pitch", [0x8] = "bad source component",
	[0x9] = "invalid value", [0xa] = "unused field set", [0xb] = "invalid operation",
	[0xc] = "no resources", [0xd] = "invalid configuration", [0xe] = "method buffer fault",
};

static void lce_service_locked(struct tu102_lce *lce)
{
	struct nouveau_device *ndev = lce->ndev;
	u32 status = nv_rd32(ndev, NV_CE_LCE_INTR_STATUS(lce->i));
	u32 err, bind;
	u64 inst;
	char what[80];

	if (status & INTR_ERRORS) {
		err = NV_GET(nv_rd32(ndev, NV_CE_LCE_LAUNCHERR(lce->i)),
			     NV_CE_LCE_LAUNCHERR_REPORT);
		bind = nv_rd32(ndev, NV_CE_LCE_BIND_STATUS(lce->i));
		inst = (u64)NV_GET(bind, NV_CE_LCE_BIND_STATUS_CTX_PTR) << 12;
		snprintf(what, sizeof(what), "copy engine %u: %s (status 0x%x)", lce->i,
			 launch_errors[err] ?: "error", status);
		if (!NV_GET(bind, NV_CE_LCE_BIND_STATUS_BOUND) ||
		    !tu102_fifo_blame_inst_locked(ndev, inst, what))
			dev_err(&ndev->pdev->dev, "no channel: %s\n", what);
	}
	if (status)
		nv_wr32(ndev, NV_CE_LCE_INTR_STATUS(lce->i), status);
}

void tu102_ce_service_locked(struct nouveau_device *ndev, unsigned int lce)
{
	if (ndev->ce && lce < LCES && ndev->ce->lce[lce].hooked)
		lce_service_locked(&ndev->ce->lce[lce]);
}

static void lce_work(struct work_struct *work)
{
	struct tu102_lce *lce = container_of(work, struct tu102_lce, work);

	tu102_fifo_lock(lce->ndev);
	lce_service_locked(lce);
	tu102_fifo_unlock(lce->ndev);
	nv_wr32(lce->ndev, NV_CE_LCE_INTR_EN(lce->i), INTR_ERRORS);
}

static void lce_irq(void *data)
{
	struct tu102_lce *lce = data;

	nv_wr32(lce->ndev, NV_CE_LCE_INTR_EN(lce->i), 0);
	queue_work(tu102_fifo_wq(lce->ndev), &lce->work);
}

static int lce_hook(struct nouveau_device *ndev, const struct tu102_engine *engine)
{
	struct tu102_lce *lce;
	int ret;

	if (engine->type != NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE || engine->inst >= LCES)
		return 0;
	lce = &ndev->ce->lce[engine->inst];
	lce->ndev = ndev;
	lce->engine = engine;
	lce->i = engine->inst;
	INIT_WORK(&lce->work, lce_work);
	nv_wr32(ndev, NV_CE_LCE_INTR_STATUS(lce->i), ~0u);
	nv_wr32(ndev, NV_CE_LCE_INTR_EN(lce->i), INTR_ERRORS);
	ret = nouveau_irq_add(ndev, engine->stall, lce_irq, lce);
	lce->hooked = !ret;
	return ret;
}

void tu102_ce_was_reset(struct nouveau_device *ndev, unsigned int lce)
{
	if (ndev->ce && lce < LCES && ndev->ce->lce[lce].hooked)
		nv_wr32(ndev, NV_CE_LCE_INTR_EN(lce), INTR_ERRORS);
}

int tu102_ce_init(struct nouveau_device *ndev)
{
	const struct tu102_engine *engine;
	unsigned int i;
	int ret = 0;

	ndev->ce = kzalloc_obj(*ndev->ce);
	if (!ndev->ce)
		return -ENOMEM;
	for (i = 0; !ret && (engine = tu102_fifo_device(ndev, i)); i++)
		ret = lce_hook(ndev, engine);
	if (ret)
		tu102_ce_fini(ndev);
	return ret;
}

void tu102_ce_fini(struct nouveau_device *ndev)
{
	unsigned int i;

	if (!ndev->ce)
		return;
	for (i = 0; i < LCES; i++) {
		struct tu102_lce *lce = &ndev->ce->lce[i];

		if (!lce->hooked)
			continue;
		nv_wr32(ndev, NV_CE_LCE_INTR_EN(i), 0);
		nouveau_irq_del(ndev, lce->engine->stall);
		cancel_work_sync(&lce->work);
		nv_wr32(ndev, NV_CE_LCE_INTR_EN(i), 0);
	}
	kfree(ndev->ce);
	ndev->ce = NULL;
}

/*
 * Room for the methods in flight in each physical copy engine, as upstream
 * nouveau computes it for Volta and later; the factors are not documented.
 */
size_t tu102_ce_method_bytes(struct nouveau_device *ndev)
{
	unsigned int pces = hweight32(NV_GET(nv_rd32(ndev, NV_CE_PCE_MAP), NV_CE_PCE_MAP_VALUE));

	return NVX_CE_METHOD_BUFFER_BYTES(pces);
}
