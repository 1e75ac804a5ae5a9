/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_DMEM_STREAM_H__
#define __NOUVEAU_DMEM_STREAM_H__

/*
 * Where CPUs walk over memory that is in VRAM, and how much to bring home for them
 * at a time. Pure: compiles in user space (tests/unit).
 */
#include <linux/types.h>

#include "nouveau_mask.h"

#define NOUVEAU_DMEM_STREAMS	8u
/* Most that one fault brings home, pages: 16 MiB. */
#define NOUVEAU_DMEM_AHEAD_MAX	(8 * NOUVEAU_BLOCK_PAGES)

/**
 * struct nouveau_dmem_stream - where the CPU of a process was last seen fetching
 */
struct nouveau_dmem_stream {
	const void *mm;			/* compared only, never followed */
	u64 next;			/* end of what was fetched */
	u32 pages;			/* how much that was to be */
};

struct nouveau_dmem_streams {
	struct nouveau_dmem_stream s[NOUVEAU_DMEM_STREAMS];
	u32 victim;
};

u32 nouveau_dmem_stream_pages(const struct nouveau_dmem_streams *st, const void *mm, u64 va,
			      u32 least, u32 most);
void nouveau_dmem_stream_note(struct nouveau_dmem_streams *st, const void *mm, u64 va, u64 end,
			      u32 pages);

#endif
