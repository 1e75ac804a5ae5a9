/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_MASK_H__
#define __NOUVEAU_MASK_H__

/*
 * One bit per 4 KiB page of a 2 MiB block. A value type, unlike DECLARE_BITMAP(),
 * so that plans and snapshots can be copied and returned. Pure: compiles in user
 * space (tests/unit).
 */
#include <linux/bitops.h>
#include <linux/types.h>

#define NOUVEAU_BLOCK_SHIFT	21
#define NOUVEAU_BLOCK_BYTES	(512ull * 4096)
#define NOUVEAU_BLOCK_PAGES	512u
#define NOUVEAU_GRANULE_PAGES	16u	/* 64 KiB, the middle page size of the GMMU */
#define NOUVEAU_GRANULES	(NOUVEAU_BLOCK_PAGES / NOUVEAU_GRANULE_PAGES)

struct nouveau_mask {
	u64 w[NOUVEAU_BLOCK_PAGES / 64];
};

static inline bool nouveau_mask_test(const struct nouveau_mask *m, unsigned int i)
{
	return m->w[i / 64] >> (i % 64) & 1;
}

static inline void nouveau_mask_set(struct nouveau_mask *m, unsigned int i)
{
	m->w[i / 64] |= 1ull << (i % 64);
}

static inline void nouveau_mask_clear(struct nouveau_mask *m, unsigned int i)
{
	m->w[i / 64] &= ~(1ull << (i % 64));
}

static inline void nouveau_mask_assign(struct nouveau_mask *m, unsigned int i, bool on)
{
	if (on)
		nouveau_mask_set(m, i);
	else
		nouveau_mask_clear(m, i);
}

/* Bits [first, end) of word @k of a mask. */
static inline u64 nouveau_mask_word(unsigned int k, unsigned int first, unsigned int end)
{
	unsigned int lo = first > k * 64 ? first - k * 64 : 0;
	unsigned int hi = end > k * 64 ? end - k * 64 : 0;

	if (hi > 64)
		hi = 64;
	if (lo >= hi)
		return 0;
	return (~0ull >> (64 - (hi - lo))) << lo;
}

static inline struct nouveau_mask nouveau_mask_range(unsigned int first, unsigned int end)
{
	struct nouveau_mask m;
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(m.w); k++)
		m.w[k] = nouveau_mask_word(k, first, end);
	return m;
}

static inline struct nouveau_mask nouveau_mask_and(struct nouveau_mask a,
						   const struct nouveau_mask *b)
{
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(a.w); k++)
		a.w[k] &= b->w[k];
	return a;
}

static inline struct nouveau_mask nouveau_mask_or(struct nouveau_mask a,
						  const struct nouveau_mask *b)
{
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(a.w); k++)
		a.w[k] |= b->w[k];
	return a;
}

static inline struct nouveau_mask nouveau_mask_andnot(struct nouveau_mask a,
						      const struct nouveau_mask *b)
{
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(a.w); k++)
		a.w[k] &= ~b->w[k];
	return a;
}

/* How many of bits [first, end) are set. */
static inline unsigned int nouveau_mask_weight(const struct nouveau_mask *m, unsigned int first,
					       unsigned int end)
{
	unsigned int k, n = 0;

	for (k = 0; k < ARRAY_SIZE(m->w); k++)
		n += hweight64(m->w[k] & nouveau_mask_word(k, first, end));
	return n;
}

static inline bool nouveau_mask_empty(const struct nouveau_mask *m)
{
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(m->w); k++)
		if (m->w[k])
			return false;
	return true;
}

/* The first bit from @from on that equals @value, or NOUVEAU_BLOCK_PAGES. */
static inline unsigned int nouveau_mask_next(const struct nouveau_mask *m, unsigned int from,
					     bool value)
{
	while (from < NOUVEAU_BLOCK_PAGES) {
		u64 w = value ? m->w[from / 64] : ~m->w[from / 64];

		w >>= from % 64;
		if (w)
			return from + __builtin_ctzll(w);
		from = (from / 64 + 1) * 64;
	}
	return NOUVEAU_BLOCK_PAGES;
}

/* One past the last set bit; 0 when empty. */
static inline unsigned int nouveau_mask_end(const struct nouveau_mask *m)
{
	unsigned int k;

	for (k = ARRAY_SIZE(m->w); k-- > 0;)
		if (m->w[k])
			return k * 64 + 64 - __builtin_clzll(m->w[k]);
	return 0;
}

/* Every run [first, end) of set bits. */
#define nouveau_mask_for_each_run(m, first, end)					\
	for ((first) = nouveau_mask_next(m, 0, true),					\
	     (end) = nouveau_mask_next(m, first, false);				\
	     (first) < NOUVEAU_BLOCK_PAGES;						\
	     (first) = nouveau_mask_next(m, end, true),					\
	     (end) = nouveau_mask_next(m, first, false))

#define nouveau_mask_for_each(m, i)							\
	for ((i) = nouveau_mask_next(m, 0, true); (i) < NOUVEAU_BLOCK_PAGES;		\
	     (i) = nouveau_mask_next(m, (i) + 1, true))

#endif
