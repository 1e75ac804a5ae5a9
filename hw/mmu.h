/* SPDX-License-Identifier: MIT */
/*
 * Address translation as the engines see it, and what happens on a miss.
 *
 * An engine translates through a TLB it holds locked across the access:
 *
 *	tlb_lock(tlb);
 *	if (mmu_translate(gpu, tlb, as, va, MMU_WRITE, &x) == MMU_OK)
 *		memcpy(x.ptr, src, min(len, x.len));
 *	tlb_unlock(tlb);
 *
 * On MMU_FAULT it unlocks and reports. mmu_fault_replayable() writes a packet
 * to the replayable buffer and parks the request until a replay or a cancel;
 * mmu_fault_fatal() writes to the non-replayable buffer. Translations, valid
 * and invalid ones, stay cached until the guest invalidates them.
 */
#ifndef HW_MMU_H
#define HW_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu.h"

struct tlb;

enum mmu_access {
	MMU_READ,
	MMU_WRITE,
	MMU_ATOMIC,		/* strong */
	MMU_PREFETCH,
};

/* An address space as bound from an instance block (inst.c fills it). */
struct mmu_as {
	uint64_t inst;			/* physical address of the instance block */
	enum gpu_aperture inst_aperture;
	uint64_t pdb;			/* physical address of the root directory */
	enum gpu_aperture pdb_aperture;
	bool valid;			/* false: every access is UNBOUND_INST_BLOCK */
	bool replay_tex;		/* FAULT_REPLAY_TEX */
	bool replay_gcc;		/* FAULT_REPLAY_GCC */
	bool privileged;		/* may use PTEs with PRIVILEGE: BAR windows */
};

/* Who asks: fields of the fault packet. Constant per engine unit. */
struct mmu_client {
	uint16_t engine_id;		/* NV_PFAULT_MMU_ENG_ID_* (+ VEID for GR) */
	uint8_t client;			/* NV_PFAULT_CLIENT_GPC_* or _HUB_* */
	uint8_t gpc;			/* GPC clients only */
	bool hub;			/* client type */
};

struct mmu_xlat {
	uint8_t *ptr;			/* host pointer for va */
	size_t len;			/* bytes left in this page from va on */
	enum gpu_aperture aperture;
	uint64_t pa;
	uint8_t page_shift;		/* 12, 16 or 21 */
	uint8_t kind;
	bool sparse;			/* reads as zero, writes dropped; ptr NULL */
	uint8_t fault_type;		/* NV_PFAULT_FAULT_TYPE_*, on MMU_FAULT */
};

enum mmu_result { MMU_OK, MMU_FAULT };

/*
 * @tlb locked by the caller. Never takes gpu->lock. Engines whose address
 * fields are 49 bits wide pass those; 64-bit ones must be canonical.
 */
enum mmu_result mmu_translate(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as,
			      uint64_t va, enum mmu_access access, struct mmu_xlat *out);

/*
 * A parked replayable request. The engine owns the memory and leaves it alone
 * while state is MMU_PARKED. On a replay the MMU itself translates again
 * through @tlb: a request that faults again stays parked behind a new packet,
 * others end as MMU_REPLAYED (access again) or MMU_CANCELLED (NACK), and the
 * request is the engine's again. @wake runs next, with gpu->lock held; it must
 * not park or unpark anything. Free @owner under gpu->lock: a wake may be on
 * its way.
 */
enum mmu_park_state { MMU_IDLE, MMU_PARKED, MMU_REPLAYED, MMU_CANCELLED };

struct mmu_park {
	struct mmu_park *next, **pprev;		/* mmu.c's list */
	const struct mmu_as *as;
	struct tlb *tlb;			/* the one it missed in */
	struct mmu_client client;
	uint64_t va;
	enum mmu_access access;
	uint8_t fault_type;
	_Atomic int state;			/* enum mmu_park_state */
	void (*wake)(void *owner);
	void *owner;
};

/*
 * Report a miss of a client whose requests are replayable. Fills the packet
 * from @park (as, tlb, client, va, access, fault_type set by the caller).
 * Returns MMU_PARKED; MMU_CANCELLED when the instance has replay disabled for
 * this client: the fault has then been reported as non-replayable; or MMU_IDLE
 * for a prefetch, which nobody waits for. Takes gpu->lock.
 */
enum mmu_park_state mmu_fault_replayable(struct gpu *gpu, struct mmu_park *park);
/* Forget a parked request whose owner goes away. gpu->lock held. */
void mmu_unpark(struct gpu *gpu, struct mmu_park *park);
/* Report into the non-replayable buffer. Takes gpu->lock. */
void mmu_fault_fatal(struct gpu *gpu, const struct mmu_as *as, const struct mmu_client *client,
		     uint64_t va, enum mmu_access access, uint8_t fault_type);
/* Same for callers that hold gpu->lock. */
void mmu_fault_fatal_locked(struct gpu *gpu, const struct mmu_as *as,
			    const struct mmu_client *client, uint64_t va,
			    enum mmu_access access, uint8_t fault_type);
/*
 * A fault that no fault buffer takes (BAR1, BAR2, physical): latched in the
 * FAULT_* registers, vector 134. gpu->lock held. The two above do the same for
 * the engine ids of the BARs.
 */
void mmu_fault_info_locked(struct gpu *gpu, const struct mmu_as *as,
			   const struct mmu_client *client, uint64_t va,
			   enum mmu_access access, uint8_t fault_type);

/*
 * Invalidate and replay, for the register path and for MEM_OP methods.
 * gpu->lock held. Returns when no access through a stale entry can follow and
 * every request named by the replay mode has been translated again.
 */
enum mmu_replay {
	REPLAY_NONE, REPLAY_START, REPLAY_START_ACK_ALL,
	REPLAY_CANCEL_TARGETED, REPLAY_CANCEL_GLOBAL, REPLAY_CANCEL_VA_GLOBAL,
};

struct mmu_invalidate {
	bool all_va, all_pdb, hub_only;
	uint64_t va;			/* with !all_va */
	uint8_t size_log2_pages;	/* region = 4 KiB << n */
	uint64_t pdb;			/* with !all_pdb */
	enum gpu_aperture pdb_aperture;
	uint8_t level;			/* 0 all, 1 PTE only, 2.. up to PDE(n - 2) */
	enum mmu_replay replay;
	uint8_t cancel_client, cancel_gpc;
	bool cancel_hub;
	uint16_t cancel_engine;		/* CANCEL_VA_GLOBAL */
	uint8_t cancel_access;		/* NV_.._CANCEL_READ .. _CANCEL_ALL */
};

void mmu_invalidate(struct gpu *gpu, const struct mmu_invalidate *inv);

/*
 * TLBs (tlb.c). Capacity in entries; registers itself for invalidates. @hub:
 * reached by invalidates with HUBTLB_ONLY. NULL when out of memory. Callable
 * with or without gpu->lock.
 */
struct tlb *tlb_create(struct gpu *gpu, const char *name, unsigned int entries, bool hub);
void tlb_destroy(struct gpu *gpu, struct tlb *tlb);
/* Locking also holds the DMA map: pointers from mmu_translate() stay good. */
void tlb_lock(struct tlb *tlb);
void tlb_unlock(struct tlb *tlb);
/*
 * Somebody waits for @tlb: one relaxed load, for engines that keep the lock
 * over many accesses and check between them.
 */
bool tlb_contended(const struct tlb *tlb);

/*
 * Copy between a virtual range and a buffer through @tlb, page by page, taking
 * the TLB lock. Returns bytes done; less than @len means a miss at va + done,
 * described in @fault. For small control structures (QMD, GP entries).
 */
size_t mmu_copy_from(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as, uint64_t va,
		     void *dst, size_t len, struct mmu_xlat *fault);
size_t mmu_copy_to(struct gpu *gpu, struct tlb *tlb, const struct mmu_as *as, uint64_t va,
		   const void *src, size_t len, struct mmu_xlat *fault);

/* TLB hits are counted per TLB: add them to gpu->counters before reading those. */
void mmu_sync_counters(struct gpu *gpu);
/* tlb_audit() of every TLB; the number of new findings. */
unsigned int mmu_audit(struct gpu *gpu);

int mmu_init(struct gpu *gpu);
void mmu_reset(struct gpu *gpu);
void mmu_fini(struct gpu *gpu);

#endif
