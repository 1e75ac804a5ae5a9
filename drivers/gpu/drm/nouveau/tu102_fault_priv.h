/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_FAULT_PRIV_H__
#define __TU102_FAULT_PRIV_H__

/* Shared by tu102_fault.c and tu102_fault_setup.c, by nobody else. */
#include <linux/types.h>

#include <nvhw/class/clc369.h>
#include <nvhw/nv_field.h>
#include <nvhw/tu104/dev_vm.h>

#include "tu102_fault.h"
#include "tu102_prefetch.h"

#define VF(reg)			(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + (reg))
#define FB_LO(i)		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_LO(i))
#define FB_HI(i)		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_HI(i))
#define FB_GET(i)		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_GET(i))
#define FB_PUT(i)		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_PUT(i))
#define FB_SIZE(i)		VF(NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_SIZE(i))

#define PACKET_DWORDS		(NVC369_BUF_SIZE / 4)

struct tu102_fault_packet {
	u32 dw[PACKET_DWORDS];
};

static_assert(sizeof(struct tu102_fault_packet) == NVC369_BUF_SIZE);

struct tu102_fault_ring {
	struct tu102_fault_packet *packets;
	dma_addr_t dma;
	u64 bar2_va;
	u32 entries;
	u32 get;			/* next entry to look at */
	u32 given;			/* GET in the register; slots up to @get are held back */
	bool announced;			/* an interrupt came and no packet since */
	bool taken;			/* a packet was, since interrupts were let go */
	bool trouble;			/* the error interrupt came */
	unsigned int notify_vector, error_vector;
	bool notify_hooked, error_hooked, enabled;
	struct tu102_fault *tf;
};

struct tu102_fault {
	struct nouveau_device *ndev;
	struct tu102_fault_ring ring[TU102_FAULT_BUFFERS];
	void (*notify)(void *data);
	void *data;
	struct tu102_prefetch prefetch;
	unsigned int info_vector;
	bool info_hooked;
	bool dropped;			/* replayable faults, in an overflow */
};

#endif
