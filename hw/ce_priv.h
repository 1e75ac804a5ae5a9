/* SPDX-License-Identifier: MIT */
/* Copy engines: a launch, taken apart so that it can stop and go on anywhere. */
#ifndef HW_CE_PRIV_H
#define HW_CE_PRIV_H

#include "engine.h"
#include "gob.h"
#include "nvhw/class/clc5b5.h"
#include "nvhw/tu104/dev_ce.h"

#define CE_COUNT		NV_CE_LCE_STATUS__SIZE_1
#define CE_METHODS		(0x800 / 4)	/* highest C5B5 state method is 0x750 */
#define CE_TLB_ENTRIES		64
#define CE_PIECE_BYTES		(2u << 20)	/* most that is moved under one TLB lock */
#define CE_PIECE_RUNS		4096		/* most runs of it, which may be a byte each */
#define CE_ELEMENT_MAX		16		/* bytes: four components of four */
#define CE_INTR_EN_INIT		0x6fu		/* all but MTHD_BUFFER_FAULT */

/* One logical copy engine. */
struct ce_unit {
	struct tlb *tlb;
	struct mmu_client client;
	/* gpu->lock */
	uint32_t intr_status, launcherr;
	struct channel *blocked;	/* waits for its interrupt to be cleared */
	bool busy;
	uint64_t bound_inst;		/* last channel that launched */
	enum gpu_aperture bound_aperture;
};

struct ce {
	struct ce_unit unit[CE_COUNT];
};

/* Source or destination: a plane of bytes. */
struct ce_side {
	bool physical, blocklinear;
	enum gpu_aperture aperture;	/* physical */
	uint64_t base;
	int64_t pitch;			/* pitch layout: bytes per line */
	uint32_t x0, y0;		/* block-linear: origin, bytes and rows */
	struct gob_layout gobs;
	uint32_t layer;
	bool write;
};

enum ce_stage { CE_COPY, CE_SEMAPHORE, CE_INTERRUPT, CE_BLOCKED, CE_FAILED, CE_HUNG, CE_OVER };

struct ce_job {
	uint32_t launch;		/* LAUNCH_DMA */
	enum ce_stage stage;
	struct ce_side src, dst;
	uint64_t line_bytes[2];		/* per line: [0] read, [1] written (elements if remap) */
	uint32_t lines;
	/* Remap. */
	bool remap, fill;		/* fill: no component comes from memory */
	uint8_t src_elem, dst_elem, comp;	/* bytes */
	uint8_t sel[4];			/* per destination component */
	uint8_t ndst;
	uint32_t consts[2];
	/* Progress. */
	uint32_t line;
	uint64_t pos;			/* written of this line; bytes in fills of pitch surfaces */
	bool conditional;		/* conditional interrupt: fires */
};

/* What pos never exceeds. */
static inline uint64_t ce_line_end(const struct ce_job *job)
{
	return job->line_bytes[1] * (job->remap ? job->dst_elem : 1);
}

/* Class state of a channel (ch->ce). */
struct ce_chan {
	uint32_t reg[CE_METHODS];
	struct ce_job job;
	bool active;
	bool saved;			/* job is in the method buffer */
};

static inline uint32_t ce_reg(const struct ce_chan *c, uint32_t mthd) { return c->reg[mthd / 4]; }

/* A miss on the way. */
struct ce_fault {
	uint64_t va;
	enum mmu_access access;
	uint8_t type;
};

enum ce_progress { CE_MORE, CE_DONE, CE_FAULT };

/* ce_launch.c: checks LAUNCH_DMA; NV_CE_LCE_LAUNCHERR_REPORT_* or 0 with *job set up. */
uint32_t ce_launch_decode(const struct ce_chan *c, uint32_t launch, struct ce_job *job);

/* ce_copy.c: moves a piece of at most CE_PIECE_BYTES. */
enum ce_progress ce_copy_piece(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
			       struct ce_job *job, struct ce_fault *fault);

/* ce_map.c */
struct ce_map {				/* a translation, good while the TLB is locked */
	uint64_t va;
	struct mmu_xlat x;
	bool valid;
};
/* Address of byte @x of line @y and how many bytes follow it in memory. */
uint64_t ce_address(const struct ce_side *s, uint64_t x, uint32_t y, uint64_t *run);
/* TLB locked. False: *fault says why. */
bool ce_translate(struct gpu *gpu, struct ce_unit *u, struct channel *ch, const struct ce_side *s,
		  uint64_t va, struct ce_map *map, struct ce_fault *fault);

/* ce_remap.c */
enum ce_progress ce_remap_piece(struct gpu *gpu, struct ce_unit *u, struct channel *ch,
				struct ce_job *job, struct ce_fault *fault);

/*
 * ce_save.c: what is left of a launch, to and from the method buffer. Returns 0
 * or the bit of LCE_INTR_STATUS that tells what is wrong. No lock held.
 */
uint32_t ce_save(struct gpu *gpu, struct ce_unit *u, const struct channel *ch,
		 const struct ce_job *job);
uint32_t ce_restore(struct gpu *gpu, struct ce_unit *u, const struct channel *ch,
		    struct ce_job *job);

/* ce_regs.c; gpu->lock held. */
void ce_register(struct gpu *gpu);
void ce_update_intr(struct gpu *gpu, unsigned int lce);

#endif
