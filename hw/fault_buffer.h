/* SPDX-License-Identifier: MIT */
/*
 * Where the MMU reports faults: two buffers in memory, and a set of registers
 * for what no buffer takes. All calls hold gpu->lock.
 */
#ifndef HW_FAULT_BUFFER_H
#define HW_FAULT_BUFFER_H

#include "mmu.h"

enum { FAULT_NON_REPLAYABLE, FAULT_REPLAYABLE };	/* register index */

#define FAULT_PACKET_DWORDS 8

struct fault_report {
	uint64_t inst;
	enum gpu_aperture inst_aperture;
	struct mmu_client client;
	uint64_t va;
	uint8_t access_type;		/* NV_PFAULT_ACCESS_TYPE_* */
	uint8_t fault_type;		/* NV_PFAULT_FAULT_TYPE_* */
	bool replayable;
	bool replayable_en;		/* some client of the instance may replay */
};

/* @r as the manual lays it out, VALID set. */
void fault_packet_encode(const struct fault_report *r, uint64_t timestamp,
			 uint32_t dw[FAULT_PACKET_DWORDS]);

/*
 * Append to the buffer of @r's class, or latch it in the registers when that
 * buffer is off. May drop it: the buffer overflows, or the registers are taken.
 */
void fault_report(struct gpu *gpu, const struct fault_report *r);

/* Latch in the FAULT_* registers and raise the info-fault vector. */
void fault_info_latch(struct gpu *gpu, const struct fault_report *r);

/* PAGE_FAULT_CTRL: prefetch faults are not to be reported. */
bool fault_prefetch_filtered(struct gpu *gpu);

int fault_buffer_init(struct gpu *gpu);
void fault_buffer_reset(struct gpu *gpu);
void fault_buffer_fini(struct gpu *gpu);

#endif
