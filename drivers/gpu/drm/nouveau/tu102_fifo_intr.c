// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Host's interrupts.
 *
 * Completions are the non-stall vectors, one per runlist: passed up at once.
 * Everything on the stall vector is an error. It is level triggered, so the
 * hard handler only turns Host's interrupts off; reading what happened costs a
 * dozen register accesses and is done by a work item, or by a removal that finds
 * its preemption held up by it. A PBDMA that stopped at a method stays stopped,
 * its own interrupts off, until the runlist is being preempted for a removal:
 * otherwise it would run on through the methods of a channel that is already
 * dead, the semaphore release at the end included.
 *
 * Locks: fifo->lock, so that nobody is blamed for what a PBDMA did with the
 * channel before.
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

void tu102_pbdma_unstall_locked(struct nouveau_fifo *fifo, unsigned int i)
{
	struct nouveau_device *ndev = fifo->ndev;
	u32 intr_0 = nv_rd32(ndev, NV_PPBDMA_INTR_0(i));
	u32 intr_1 = nv_rd32(ndev, NV_PPBDMA_INTR_1(i));

	lockdep_assert_held(&fifo->lock);
	if (intr_0 || intr_1)
		nv_wr32(ndev, NV_PPBDMA_METHOD0(i), METHOD_NOP);
	if (intr_0)
		nv_wr32(ndev, NV_PPBDMA_INTR_0(i), intr_0);
	if (intr_1)
		nv_wr32(ndev, NV_PPBDMA_INTR_1(i), intr_1);
	if (test_and_clear_bit(i, &fifo->masked))
		pbdma_mask(ndev, i, true);
}

static void pbdma_describe(struct nouveau_device *ndev, unsigned int i, u32 intr_0, u32 intr_1,
			   char *what, size_t len)
{
	u32 mthd = nv_rd32(ndev, NV_PPBDMA_METHOD0(i));

	snprintf(what, len, "PBDMA %s, subchannel %u method 0x%04x data 0x%08x",
		 intr_0 ? first_name(pbdma_intr_0, intr_0) : first_name(pbdma_intr_1, intr_1),
		 NV_GET(mthd, NV_PPBDMA_METHOD0_SUBCH),
		 NV_GET(mthd, NV_PPBDMA_METHOD0_ADDR) << 2, nv_rd32(ndev, NV_PPBDMA_DATA0(i)));
}

static struct tu102_hwchan *runlist_find_locked(struct nouveau_fifo *fifo,
						struct tu102_runlist *rl, u32 chid)
{
	struct tu102_hwchan *chan;

	lockdep_assert_held(&fifo->lock);
	list_for_each_entry(chan, &rl->chans, link)
		if (chan->chid == chid)
			return chan;
	return NULL;
}

/*
 * ENG_RESET is "potentially fatal" (dev_pbdma) for the channel that was loaded. This
 * driver resets engines under channels that are dead, and the context of the one
 * loaded was not on the engine then: Host still has the method it was about to
 * deliver, and does so when the interrupt is cleared.
 */
static bool pbdma_is_innocent(u32 intr_0, u32 intr_1)
{
	return intr_0 == NV_DEF(NV_PPBDMA_INTR_0_ENG_RESET, _PENDING) && !intr_1;
}

void tu102_pbdma_service_locked(struct nouveau_fifo *fifo, struct tu102_runlist *rl,
				unsigned int i, bool preempting)
{
	struct nouveau_device *ndev = fifo->ndev;
	u32 intr_0 = nv_rd32(ndev, NV_PPBDMA_INTR_0(i));
	u32 intr_1 = nv_rd32(ndev, NV_PPBDMA_INTR_1(i));
	struct tu102_hwchan *chan;
	char what[96];
	u32 chid;

	lockdep_assert_held(&fifo->lock);
	/* All ones: the board is gone. */
	if ((!intr_0 && !intr_1) || intr_0 == ~0u)
		return;
	chid = NV_GET(nv_rd32(ndev, NV_PPBDMA_CHANNEL(i)), NV_PPBDMA_CHANNEL_CHID);
	chan = runlist_find_locked(fifo, rl, chid);
	if (chan && !READ_ONCE(chan->stopped)) {
		if (pbdma_is_innocent(intr_0, intr_1)) {
			nv_wr32(ndev, NV_PPBDMA_INTR_0(i), intr_0);
			return;
		}
		pbdma_describe(ndev, i, intr_0, intr_1, what, sizeof(what));
		tu102_fifo_blame_locked(fifo, chan, what);
	} else if (!chan) {
		pbdma_describe(ndev, i, intr_0, intr_1, what, sizeof(what));
		dev_err(&ndev->pdev->dev, "channel %u is not there: %s\n", chid, what);
	}
	if (!chan || preempting) {
		tu102_pbdma_unstall_locked(fifo, i);
		return;
	}
	/* Its eviction lets it go on. */
	pbdma_mask(ndev, i, false);
	set_bit(i, &fifo->masked);
}

void tu102_fifo_blame_locked(struct nouveau_fifo *fifo, struct tu102_hwchan *chan,
			     const char *what)
{
	const struct tu102_fifo_ops *ops = tu102_fifo_get_ops(fifo->ndev);

	lockdep_assert_held(&fifo->lock);
	if (READ_ONCE(chan->stopped))
		return;
	if (ops)
		ops->error(fifo->ndev, chan, what);
	tu102_fifo_stop(fifo->ndev, chan);
}

bool tu102_fifo_blame_inst_locked(struct nouveau_device *ndev, u64 inst, const char *what)
{
	struct nouveau_fifo *fifo = ndev->fifo;
	struct tu102_hwchan *chan;
	unsigned int i;

	lockdep_assert_held(&fifo->lock);
	for (i = 0; i < TU102_RUNLISTS; i++)
		list_for_each_entry(chan, &fifo->runlists[i].chans, link) {
			if (chan->inst != inst)
				continue;
			tu102_fifo_blame_locked(fifo, chan, what);
			return true;
		}
	return false;
}

static void pbdmas_service(struct nouveau_fifo *fifo)
{
	unsigned int i, n;

	guard(mutex)(&fifo->lock);
	for (n = 0; n < TU102_RUNLISTS; n++) {
		unsigned long pbdmas = fifo->runlists[n].pbdmas;

		for_each_set_bit(i, &pbdmas, TU102_PBDMAS)
			if (!test_bit(i, &fifo->masked))
				tu102_pbdma_service_locked(fifo, &fifo->runlists[n], i, false);
	}
}

static void ctxsw_timeout(struct nouveau_fifo *fifo)
{
	struct nouveau_device *ndev = fifo->ndev;
	unsigned long engines = nv_rd32(ndev, NV_PFIFO_INTR_CTXSW_TIMEOUT);
	unsigned int i, n;

	guard(mutex)(&fifo->lock);

	for_each_set_bit(i, &engines, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO__SIZE_1) {
		u32 info = nv_rd32(ndev, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO(i));
		struct tu102_hwchan *chan = NULL;
		u32 tsg;

		/* On a load the one at fault is the next, otherwise the previous. */
		if (NV_IS(info, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_CTXSW_STATE, _LOAD))
			tsg = NV_GET(info, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_NEXT_TSGID);
		else
			tsg = NV_GET(info, NV_PFIFO_INTR_CTXSW_TIMEOUT_INFO_PREV_TSGID);
		for (n = 0; n < TU102_RUNLISTS && !chan; n++)
			if (fifo->runlists[n].engines & BIT(i))
				chan = runlist_find_locked(fifo, &fifo->runlists[n], tsg);
		if (chan)
			tu102_fifo_blame_locked(fifo, chan, "context switch timeout");
		else
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

	host_errors(ndev, intr);
	if (intr & NV_MASK(NV_PFIFO_INTR_0_CTXSW_TIMEOUT))
		ctxsw_timeout(fifo);
	if (intr & NV_MASK(NV_PFIFO_INTR_0_PBDMA_INTR))
		pbdmas_service(fifo);
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
