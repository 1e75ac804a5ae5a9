/* SPDX-License-Identifier: MIT */
/* Views and masks for the tests of the policy. */
#ifndef UNIT_POLICY_H
#define UNIT_POLICY_H

#include "nouveau_svm_policy.h"

#define MIB	(1ull << 20)
#define GIB	(1ull << 30)
#define NOW	1000000000000ull

static const struct nouveau_svm_knobs *const K = &nouveau_svm_knobs_default;

static inline struct nouveau_svm_view anon_view(void)
{
	return (struct nouveau_svm_view){
		.kind = NOUVEAU_VMA_ANON, .readable = true, .writable = true, .first = 0,
		.end = NOUVEAU_BLOCK_PAGES, .now_ns = NOW, .vram_free = GIB, .vram_total = GIB,
	};
}

/* Density alone decides how much. */
static inline const struct nouveau_svm_knobs *no_streams(void)
{
	static struct nouveau_svm_knobs k;

	k = *K;
	k.stream_blocks = 0;
	return &k;
}

static inline struct nouveau_mask bits(unsigned int first, unsigned int end)
{
	return nouveau_mask_range(first, end);
}

static inline unsigned int weight(const struct nouveau_mask *m)
{
	return nouveau_mask_weight(m, 0, NOUVEAU_BLOCK_PAGES);
}

#define assert_mask(m, first, end) do {						\
	struct nouveau_mask want_ = bits(first, end);				\
	assert_memory_equal(&(m), &want_, sizeof(want_));			\
} while (0)

#define assert_no_pages(m) assert_true(nouveau_mask_empty(&(m)))

#endif
