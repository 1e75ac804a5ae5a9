// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What engines there are: PTOP's device table, and which PBDMAs feed them.
 *
 * A device is a run of chained words; each word says one thing about it. The
 * graphics engine shares its runlist with the two copy engines that serve
 * subchannel 4 (GRCE); copy engines on runlists of their own are what kernel
 * copies and copy channels run on.
 */
#include <nvhw/tu104/dev_ctrl.h>

#include "tu102_fifo_priv.h"

/*
 * The manual names the values of RESET's valid flag but not its bit. Bits 5, 4
 * and 3 flag engine, runlist and interrupt, in the order of their fields; 2 is
 * next.
 */
#define PTOP_RESET_FLAG(v)	(((v) >> 2) & 1)

struct ptop_entry {
	bool has_type, has_engine, has_runlist, has_intr, has_reset;
	unsigned int intr;
	struct tu102_engine dev;
};

static void ptop_word(struct ptop_entry *e, u32 word)
{
	switch (NV_GET(word, NV_PTOP_DEVICE_INFO_ENTRY)) {
	case NV_PTOP_DEVICE_INFO_ENTRY_DATA:
		e->dev.inst = NV_GET(word, NV_PTOP_DEVICE_INFO_DATA_INST_ID);
		break;
	case NV_PTOP_DEVICE_INFO_ENTRY_ENUM:
		e->has_engine = NV_IS(word, NV_PTOP_DEVICE_INFO_ENGINE, _VALID);
		e->has_runlist = NV_IS(word, NV_PTOP_DEVICE_INFO_RUNLIST, _VALID);
		e->has_intr = NV_IS(word, NV_PTOP_DEVICE_INFO_INTR, _VALID);
		e->has_reset = PTOP_RESET_FLAG(word) == NV_PTOP_DEVICE_INFO_RESET_VALID;
		e->dev.id = NV_GET(word, NV_PTOP_DEVICE_INFO_ENGINE_ENUM);
		e->dev.runlist = NV_GET(word, NV_PTOP_DEVICE_INFO_RUNLIST_ENUM);
		e->intr = NV_GET(word, NV_PTOP_DEVICE_INFO_INTR_ENUM);
		e->dev.reset = NV_GET(word, NV_PTOP_DEVICE_INFO_RESET_ENUM);
		break;
	case NV_PTOP_DEVICE_INFO_ENTRY_ENGINE_TYPE:
		e->dev.type = NV_GET(word, NV_PTOP_DEVICE_INFO_TYPE_ENUM);
		e->has_type = true;
		break;
	}
}

static void ptop_device(struct nouveau_fifo *fifo, struct ptop_entry *e, u32 stall, u32 nonstall)
{
	struct tu102_engine *dev = &e->dev;

	/* Without a runlist there is nothing to submit to: not for us. */
	if (!e->has_type || !e->has_engine || !e->has_runlist || !e->has_intr || !e->has_reset)
		return;
	if (dev->type != NV_PTOP_DEVICE_INFO_TYPE_ENUM_GRAPHICS &&
	    dev->type != NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE)
		return;
	if (dev->runlist >= TU102_RUNLISTS || fifo->nr_devices == TU102_DEVICES ||
	    dev->id >= NV_PFIFO_ENGINE_STATUS__SIZE_1)
		return;
	dev->stall = stall + e->intr;
	dev->nonstall = nonstall + e->intr;
	fifo->devices[fifo->nr_devices++] = *dev;
}

static void ptop_read(struct nouveau_fifo *fifo)
{
	struct nouveau_device *ndev = fifo->ndev;
	u32 stall = NV_GET(nv_rd32(ndev, NV_CTRL_LEGACY_ENGINE_STALL_INTR_BASE_VECTORID),
			   NV_CTRL_LEGACY_ENGINE_STALL_INTR_BASE_VECTORID_VECTOR);
	u32 nonstall = NV_GET(nv_rd32(ndev, NV_CTRL_LEGACY_ENGINE_NONSTALL_INTR_BASE_VECTORID),
			      NV_CTRL_LEGACY_ENGINE_NONSTALL_INTR_BASE_VECTORID_VECTOR);
	struct ptop_entry e = {};
	unsigned int i;

	for (i = 0; i < NV_PTOP_DEVICE_INFO__SIZE_1; i++) {
		u32 word = nv_rd32(ndev, NV_PTOP_DEVICE_INFO(i));

		if (NV_IS(word, NV_PTOP_DEVICE_INFO_ENTRY, _NOT_VALID))
			continue;
		ptop_word(&e, word);
		if (NV_IS(word, NV_PTOP_DEVICE_INFO_CHAIN, _ENABLE))
			continue;
		ptop_device(fifo, &e, stall, nonstall);
		memset(&e, 0, sizeof(e));
	}
}

static void ptop_pbdmas(struct nouveau_fifo *fifo)
{
	unsigned int n = NV_GET(nv_rd32(fifo->ndev, NV_PFIFO_CFG0), NV_PFIFO_CFG0_NUM_PBDMA);
	unsigned int i, r;

	for (i = 0; i < min_t(unsigned int, n, TU102_PBDMAS); i++) {
		u32 map = NV_GET(nv_rd32(fifo->ndev, NV_PFIFO_PBDMA_MAP(i)),
				 NV_PFIFO_PBDMA_MAP_RUNLISTS);

		for (r = 0; r < TU102_RUNLISTS; r++)
			if (map & BIT(r))
				fifo->runlists[r].pbdmas |= BIT(i);
	}
}

int tu102_ptop_enumerate(struct nouveau_fifo *fifo)
{
	const struct tu102_engine *gr = NULL;
	unsigned int i, copies = 0;

	ptop_read(fifo);
	ptop_pbdmas(fifo);

	for (i = 0; i < fifo->nr_devices; i++) {
		const struct tu102_engine *dev = &fifo->devices[i];
		struct tu102_runlist *rl = &fifo->runlists[dev->runlist];

		rl->engines |= BIT(dev->id);
		if (!rl->primary || dev->id < rl->primary->id)
			rl->primary = dev;
		if (dev->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_GRAPHICS && !gr)
			gr = dev;
	}
	if (!gr)
		return -ENODEV;
	fifo->engines[TU102_ENGINE_GR] = gr;
	for (i = 0; i < fifo->nr_devices && copies < TU102_COPY_ENGINES; i++) {
		const struct tu102_engine *dev = &fifo->devices[i];

		if (dev->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE && dev->runlist != gr->runlist)
			fifo->engines[TU102_ENGINE_CE(copies++)] = dev;
	}
	if (copies < TU102_COPY_ENGINES)
		return -ENODEV;
	for (i = 0; i < TU102_RUNLISTS; i++)
		if (fifo->runlists[i].primary && !fifo->runlists[i].pbdmas)
			return -ENODEV;
	return 0;
}
