// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Host's interrupts.
 *
 * Completions are the non-stall vectors, one per runlist: passed up at once.
 * Everything on the stall vector is an error. It is level triggered, so the
 * hard handler only turns Host's interrupts off; reading what happened costs a
 * dozen register accesses and is done by a work item, on the same ordered queue
 * as the evictions it causes. A PBDMA that stopped at a method stays stopped,
 * its own interrupts off, until the eviction of its channel has begun
 * (tu102_pbdma_unstall()): otherwise it would run on through the methods of a
 * channel that is already dead, the semaphore release at the end included.
 */
#include <nvhw/tu104/dev_vm.h>
#include <nvhw/tu104/dev_ctrl.h>

#include "nouveau_irq.h"
#include "tu102_fifo_priv.h"

/* Vector map of TU10x: PFIFO_INTR_0. */
#define PFIFO_STALL_VECTOR	136

#define INTR_EN_0 \
	(NV_MASK(NV_PFIFO_INTR_0_BIND_ERROR) | NV_MASK(NV_PFIFO_INTR_0_CTXSW_TIMEOUT) | \
	 NV_MASK(NV_PFIFO_INTR_0_SCHED_ERROR) | NV_MASK(NV_PFIFO_INTR_0_CHSW_ERROR) | \
	 NV_MASK(NV_PFIFO_INTR_0_MEMOP_TIMEOUT) | NV_MASK(NV_PFIFO_INTR_0_LB_ERROR) | \
	 NV_MASK(NV_PFIFO_INTR_0_PBDMA_INTR))

/* METHOD0 = NOP on subchannel 0, valid: what a PBDMA does instead of a bad method. */
#define METHOD_NOP \
	(NV_DEF(NV_PPBDMA_METHOD0_VALID, _TRUE) | \
	 NV_NUM(NV_PPBDMA_METHOD0_ADDR, NV_UDMA_NOP >> 2))

static const char *const pbdma_intr_0[32] = {
	[0] = "MEMREQ", [1] = "MEMACK_TIMEOUT", [2] = "MEMACK_EXTRA", [3] = "MEMDAT_TIMEOUT",
	[4] = "MEMDAT_EXTRA", [5] = "MEMFLUSH", [6] = "MEMOP", [7] = "LBCONNECT",
	[9] = "LBACK_TIMEOUT", [10] = "LBACK_EXTRA", [11] = "LBDAT_TIMEOUT",
	[12] = "LBDAT_EXTRA", [13] = "GPFIFO", [14] = "GPPTR", [15] = "GPENTRY", [16] = "GPCRC",
	[17] = "PBPTR", [18] = "PBENTRY", [19] = "PBCRC", [20] = "CLEAR_FAULTED_ERROR",
	[21] = "METHOD", [22] = "METHODCRC", [23] = "DEVICE", [24] = "ENG_RESET",
	[25] = "SEMAPHORE", [26] = "ACQUIRE", [27] = "PRI", [30] = "PBSEG", [31] = "SIGNATURE",
};

static const char *const pbdma_intr_1[32] = {
	[0] = "HCE_RE_ILLEGAL_OP", [1] = "HCE_RE_ALIGNB", [2] = "HCE_PRIV",
	[3] = "HCE_ILLEGAL_MTHD", [4] = "HCE_ILLEGAL_CLASS", [31] = "CTXNOTVALID",
};

static const char *first_name(const char *const names[32], u32 bits)
{
	const char *name = bits ? names[__ffs(bits)] : NULL;

	return name ?: "unknown";
}

static void pbdma_mask(struct nouveau_device *ndev, unsigned int i, bool on)
{
	nv_wr32(ndev, NV_PPBDMA_INTR_EN_0(i), on ? ~0u : 0);
	nv_wr32(ndev, NV_PPBDMA_INTR_EN_1(i), on ? ~0u : 0);
}

void tu102_pbdma_unstall(struct nouveau_device *ndev, unsigned int pbdma)
{
	struct nouveau_fifo *fifo = ndev->fifo;
	u32 intr_0 = nv_rd32(ndev, NV_PPBDMA_INTR_0(pbdma));
	u32 intr_1 = nv_rd32(ndev, NV_PPBDMA_INTR_1(pbdma));

	if (intr_0 || intr_1)
		nv_wr32(ndev, NV_PPBDMA_METHOD0(pbdma), METHOD_NOP);
	if (intr_0)
		nv_wr32(ndev, NV_PPBDMA_INTR_0(pbdma), intr_0);
	if (intr_1)
		nv_wr32(ndev, NV_PPBDMA_INTR_1(pbdma), intr_1);
	if (test_and_clear_bit(pbdma, &fifo->masked))
		pbdma_mask(ndev, pbdma, true);
}

static void pbdma_error(struct nouveau_fifo *fifo, unsigned int i)
{
	struct nouveau_device *ndev = fifo->ndev;
	u32 intr_0 = nv_rd32(ndev, NV_PPBDMA_INTR_0(i));
	u32 intr_1 = nv_rd32(ndev, NV_PPBDMA_INTR_1(i));
	u32 mthd = nv_rd32(ndev, NV_PPBDMA_METHOD0(i));
	u32 data = nv_rd32(ndev, NV_PPBDMA_DATA0(i));
	u32 chid = NV_GET(nv_rd32(ndev, NV_PPBDMA_CHANNEL(i)), NV_PPBDMA_CHANNEL_CHID);
	char what[96];

	if (!intr_0 && !intr_1)
		return;
	snprintf(what, sizeof(what), "PBDMA %s, subchannel %u method 0x%04x data 0x%08x",
		 intr_0 ? first_name(pbdma_intr_0, intr_0) : first_name(pbdma_intr_1, intr_1),
		 NV_GET(mthd, NV_PPBDMA_METHOD0_SUBCH),
		 NV_GET(mthd, NV_PPBDMA_METHOD0_ADDR) << 2, data);

	pbdma_mask(ndev, i, false);
	set_bit(i, &fifo->masked);
	/* pairs with unstall_empty_locked() */
	smp_mb__after_atomic();
	if (fifo->ops && fifo->ops->error(ndev, chid, what))
		return;		/* its eviction unstalls the PBDMA */
	dev_err(&ndev->pdev->dev, "channel %u is not there: %s\n", chid, what);
	tu102_pbdma_unstall(ndev, i);
}

static void ctxsw_timeout(struct nouveau_fifo *fifo)
{
	struct nouveau_device *ndev = fifo->ndev;
	unsigned long engines = nv_rd32(ndev, NV_PFIFO_INTR_CTXSW_TIMEOUT);
	unsigned int i;

	for_each_set_bit(i, &engines, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO__SIZE_1) {
		u32 info = nv_rd32(ndev, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO(i));
		u32 tsg;

		/* On a load the one at fault is the next, otherwise the previous. */
		if (NV_IS(info, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_CTXSW_STATE, _LOAD))
			tsg = NV_GET(info, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_NEXT_TSGID);
		else
			tsg = NV_GET(info, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_PREV_TSGID);
		if (!fifo->ops || !fifo->ops->error(ndev, tsg, "context switch timeout"))
			dev_err(&ndev->pdev->dev, "engine %u: context switch timeout, TSG %u\n", i,
				tsg);
	}
	nv_wr32(ndev, NV_PFIFO_INTR_CTXSW_TIMEOUT, engines);
}

/* Errors that name no channel: the driver's own mistakes or broken hardware. */
static void host_errors(struct nouveau_device *ndev, u32 intr)
{
	static const struct {
		u32 bit, reg;
		const char *name;
	} errors[] = {
		{ NV_MASK(NV_PFIFO_INTR_0_BIND_ERROR), NV_PFIFO_INTR_BIND_ERROR, "BIND_ERROR" },
		{ NV_MASK(NV_PFIFO_INTR_0_SCHED_ERROR), NV_PFIFO_INTR_SCHED_ERROR, "SCHED_ERROR" },
		{ NV_MASK(NV_PFIFO_INTR_0_CHSW_ERROR), NV_PFIFO_INTR_CHSW_ERROR, "CHSW_ERROR" },
		{ NV_MASK(NV_PFIFO_INTR_0_LB_ERROR), NV_PFIFO_INTR_LB_ERROR, "LB_ERROR" },
		{ NV_MASK(NV_PFIFO_INTR_0_MEMOP_TIMEOUT), 0, "MEMOP_TIMEOUT" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (intr & errors[i].bit)
			dev_err(&ndev->pdev->dev, "Host %s, code 0x%x\n", errors[i].name,
				errors[i].reg ? nv_rd32(ndev, errors[i].reg) : 0);
}

static void fifo_error_work(struct work_struct *work)
{
	struct nouveau_fifo *fifo = container_of(work, struct nouveau_fifo, error_work);
	struct nouveau_device *ndev = fifo->ndev;
	u32 intr = nv_rd32(ndev, NV_PFIFO_INTR_0) & INTR_EN_0;
	unsigned long pbdmas;
	unsigned int i;

	host_errors(ndev, intr);
	if (intr & NV_MASK(NV_PFIFO_INTR_0_CTXSW_TIMEOUT))
		ctxsw_timeout(fifo);
	if (intr & NV_MASK(NV_PFIFO_INTR_0_PBDMA_INTR)) {
		pbdmas = nv_rd32(ndev, NV_PFIFO_INTR_PBDMA_ID);
		for_each_set_bit(i, &pbdmas, TU102_PBDMAS)
			pbdma_error(fifo, i);
	}
	nv_wr32(ndev, NV_PFIFO_INTR_0, intr);
	nv_wr32(ndev, NV_PFIFO_INTR_EN_0, INTR_EN_0);
}

static void fifo_stall_irq(void *data)
{
	struct nouveau_fifo *fifo = data;

	nv_wr32(fifo->ndev, NV_PFIFO_INTR_EN_0, 0);
	queue_work(fifo->wq, &fifo->error_work);
}

static void fifo_nonstall_irq(void *data)
{
	struct tu102_runlist *rl = data;
	const struct tu102_fifo_ops *ops = tu102_fifo_get_ops(rl->ndev);

	if (ops)
		ops->nonstall(rl->ndev, rl->id);
}

int tu102_fifo_intr_init(struct nouveau_device *ndev)
{
	struct nouveau_fifo *fifo = ndev->fifo;
	unsigned int i;
	int ret;

	INIT_WORK(&fifo->error_work, fifo_error_work);
	for (i = 0; i < TU102_PBDMAS; i++) {
		nv_wr32(ndev, NV_PPBDMA_INTR_0(i), ~0u);
		nv_wr32(ndev, NV_PPBDMA_INTR_1(i), ~0u);
		pbdma_mask(ndev, i, true);
	}
	nv_wr32(ndev, NV_PFIFO_INTR_0, ~0u);

	fifo->intr_on = true;
	ret = nouveau_irq_add(ndev, PFIFO_STALL_VECTOR, fifo_stall_irq, fifo);
	for (i = 0; !ret && i < TU102_RUNLISTS; i++) {
		struct tu102_runlist *rl = &fifo->runlists[i];

		if (rl->primary)
			ret = nouveau_irq_add(ndev, rl->primary->nonstall, fifo_nonstall_irq, rl);
	}
	if (!ret)
		nv_wr32(ndev, NV_PFIFO_INTR_EN_0, INTR_EN_0);
	return ret;
}

void tu102_fifo_intr_fini(struct nouveau_device *ndev)
{
	struct nouveau_fifo *fifo = ndev->fifo;
	unsigned int i;

	if (!fifo->intr_on)
		return;
	nv_wr32(ndev, NV_PFIFO_INTR_EN_0, 0);
	for (i = 0; i < TU102_RUNLISTS; i++)
		if (fifo->runlists[i].primary)
			nouveau_irq_del(ndev, fifo->runlists[i].primary->nonstall);
	nouveau_irq_del(ndev, PFIFO_STALL_VECTOR);
	cancel_work_sync(&fifo->error_work);
	nv_wr32(ndev, NV_PFIFO_INTR_EN_0, 0);
	fifo->intr_on = false;
}
