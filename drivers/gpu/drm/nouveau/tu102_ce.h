/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __TU102_CE_H__
#define __TU102_CE_H__

/*
 * Copies and fills as methods of class C5B5. The encoders are pure: they
 * compile in user space (tests/unit).
 */
#include <linux/types.h>

#include "nouveau_push.h"
#include "tu102_pte.h"

struct nouveau_device;

/* A place in physical memory. */
struct tu102_ce_addr {
	enum tu102_aperture aperture;
	u64 addr;		/* bytes; 47 bits of system memory, all of VRAM */
};

/* What one pushbuffer has set up so far; zero at its start. */
struct tu102_ce_state {
	bool launched;		/* later copies may overlap the ones before */
	bool has_modes;
	u32 src_mode, dst_mode;
};

/* Dwords one operation takes at most; a push that has them left cannot overflow. */
#define TU102_CE_OP_WORDS	20
/* Bytes of one operation; a multiple of every page size. */
#define TU102_CE_MAX_BYTES	(2u << 30)

/*
 * @bytes of @src to @dst, physical addresses, any alignment. Copies of one push
 * may run at the same time; the first one waits for what came before the push.
 */
void tu102_ce_copy(struct nouveau_pb *pb, struct tu102_ce_state *state,
		   struct tu102_ce_addr dst, struct tu102_ce_addr src, u32 bytes);
/* @bytes at @dst, a multiple of 4, become @value over and over. */
void tu102_ce_fill(struct nouveau_pb *pb, struct tu102_ce_state *state,
		   struct tu102_ce_addr dst, u32 bytes, u32 value);

/* tu102_ce_intr.c: error interrupts of all copy engines. */
int tu102_ce_init(struct nouveau_device *ndev);
void tu102_ce_fini(struct nouveau_device *ndev);
/* See to an error of LCE @lce, if there is one; fifo->lock is held. */
void tu102_ce_service_locked(struct nouveau_device *ndev, unsigned int lce);
/* LCE @lce after a reset by Host: hear of its errors again. */
void tu102_ce_was_reset(struct nouveau_device *ndev, unsigned int lce);
/* Bytes of a channel's fault-and-switch method buffer. */
size_t tu102_ce_method_bytes(struct nouveau_device *ndev);

#endif
