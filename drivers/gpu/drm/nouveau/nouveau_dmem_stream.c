// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * How much comes home when the CPU touches a page that is in VRAM.
 *
 * A fault that is alone brings back its surroundings. A CPU that goes on where the
 * last fetch ended walks over memory, and gets more each time: 64 KiB, 256 KiB, a
 * block of 2 MiB, then twice as many blocks as the time before. Whoever stops has
 * fetched at most as much for nothing as for use.
 *
 * Pure: no locks, no clock, no side effects; tests/unit/test_home.c.
 */
#include <linux/kernel.h>
#include <linux/types.h>

#include "nouveau_dmem_stream.h"

/* Between the least and a block: 256 KiB. */
#define SECOND_PAGES	64u
#define PAGE_SHIFT_4K	12

/* The stream that a fault at @va continues, or NOUVEAU_DMEM_STREAMS. */
static u32 stream_find(const struct nouveau_dmem_streams *st, const void *mm, u64 va)
{
	u32 i;

	for (i = 0; i < NOUVEAU_DMEM_STREAMS; i++) {
		const struct nouveau_dmem_stream *s = &st->s[i];

		/* Not further ahead than what came last. */
		if (s->mm == mm && va >= s->next && va - s->next < (u64)s->pages << PAGE_SHIFT_4K)
			break;
	}
	return i;
}

/**
 * nouveau_dmem_stream_pages - how much to fetch for a fault
 * @st: streams of a device
 * @mm: whose fault
 * @va: where
 * @least: what a fault brings back in any case, pages, a power of two up to a block
 * @most: what it may bring back if it is of a stream, a power of two
 *
 * Return: pages, a power of two from @least to the larger of @least and @most.
 */
u32 nouveau_dmem_stream_pages(const struct nouveau_dmem_streams *st, const void *mm, u64 va,
			      u32 least, u32 most)
{
	u32 i = stream_find(st, mm, va), pages;

	if (i == NOUVEAU_DMEM_STREAMS)
		return least;
	if (st->s[i].pages < SECOND_PAGES)
		pages = SECOND_PAGES;
	else if (st->s[i].pages < NOUVEAU_BLOCK_PAGES)
		pages = NOUVEAU_BLOCK_PAGES;
	else
		pages = st->s[i].pages * 2;
	return max(least, min(pages, most));
}

/**
 * nouveau_dmem_stream_note - pages were fetched
 * @st: streams of a device
 * @mm: for whose fault
 * @va: where that was
 * @end: of what was fetched
 * @pages: nouveau_dmem_stream_pages() said so
 */
void nouveau_dmem_stream_note(struct nouveau_dmem_streams *st, const void *mm, u64 va, u64 end,
			      u32 pages)
{
	u32 i = stream_find(st, mm, va);

	if (i == NOUVEAU_DMEM_STREAMS)
		i = st->victim++ % NOUVEAU_DMEM_STREAMS;
	st->s[i] = (struct nouveau_dmem_stream){ .mm = mm, .next = end, .pages = pages };
}
