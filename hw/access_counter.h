/* SPDX-License-Identifier: MIT */
/*
 * Access counters: how often the graphics engine reached for memory that is
 * not its own, per region of an address space, and a packet to the guest when
 * a region turns out to be hot.
 */
#ifndef HW_ACCESS_COUNTER_H
#define HW_ACCESS_COUNTER_H

#include "mmu.h"

#define ACCESS_PACKET_DWORDS	8
/* What one instruction of a warp can reach, and the regions that are told apart. */
#define ACCESS_HITS		32
#define ACCESS_REGION		0x10000ull

/* Remote memory touched under a TLB lock, to be counted after it. */
struct access_hits {
	unsigned int n;
	struct {
		uint64_t va, pa;
		enum gpu_aperture aperture;
	} hit[ACCESS_HITS];
};

/* One notification: fields of the packet. */
struct access_report {
	uint64_t inst, addr;
	enum gpu_aperture inst_aperture, aperture;
	bool physical;			/* @addr is; otherwise of the space of @inst */
	uint32_t sub_granularity;	/* 32nds of the region that were touched */
	uint32_t tag;
	uint16_t engine_id, count;
	uint8_t bank;
};

/* @r as the class header lays it out, VALID set. */
void access_packet_encode(const struct access_report *r, uint32_t dw[ACCESS_PACKET_DWORDS]);

/* Whether anybody counts: one relaxed load. */
bool access_counter_enabled(struct gpu *gpu);
/*
 * Note an access through @x to @va. Returns how many bytes from @va on are the
 * same to the counters; needs no lock but the TLB's.
 */
size_t access_hits_add(struct access_hits *hits, uint64_t va, const struct mmu_xlat *x);
/* Count what was noted. No lock held: may take gpu->lock to notify. */
void access_counter_count(struct gpu *gpu, const struct mmu_as *as,
			  const struct mmu_client *client, const struct access_hits *hits);

/* MEM_OP ACCESS_COUNTER_CLR, @c and @d its words. False when malformed. Takes the lock. */
bool access_counter_clear(struct gpu *gpu, uint32_t c, uint32_t d);

int access_counter_init(struct gpu *gpu);
void access_counter_reset(struct gpu *gpu);
void access_counter_fini(struct gpu *gpu);

#endif
