// SPDX-License-Identifier: MIT
/*
 * How much the policy serves beyond what faulted: the size of entries, streams,
 * and the baselines the driver is compared with.
 */
#include "unit.h"

#include <linux/kernel.h>

#include "policy.h"

/* The last pages of a block make the window all of it, once. */
static void last_piece_takes_all(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_knobs k = *K;
	struct nouveau_svm_plan p;

	k.migrate = 0;
	v.mapped = bits(0, 496);
	v.read = bits(500, 501);
	nouveau_svm_plan(&v, &k, &p);
	assert_int_equal(p.first, 0);
	assert_int_equal(p.end, 512);
	assert_mask(p.require, 500, 501);
	/* a page short of it */
	v.mapped = bits(0, 240);
	nouveau_mask_clear(&v.mapped, 3);
	nouveau_svm_plan(&v, &k, &p);
	assert_true(p.first > 0);
	/* all of it is mapped: nothing to gain */
	v.mapped = bits(0, 512);
	v.write = v.read;
	v.read = bits(0, 0);
	nouveau_svm_plan(&v, &k, &p);
	assert_int_equal(p.first, 496);
	/* part of the block is another VMA's */
	v.mapped = bits(0, 496);
	v.end = 501;
	nouveau_svm_plan(&v, &k, &p);
	assert_int_equal(p.first, 496);
	/* page by page means that */
	v = anon_view();
	v.mapped = bits(1, 512);
	v.read = bits(0, 1);
	k.batch_pages = 1;
	nouveau_svm_plan(&v, &k, &p);
	assert_int_equal(p.end, 1);
}

/* A huge page is one entry at once where it stays, not where it may move. */
static void whole_where_it_stays(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_knobs k = *K;
	struct nouveau_svm_plan p;

	v.read = bits(7, 8);
	v.heat.heat = 1;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_IN_PLACE);
	assert_false(p.whole);
	k.migrate = 0;
	nouveau_svm_plan(&v, &k, &p);
	assert_true(p.whole);
	v.heat.pinned_until_ns = NOW + 1;
	nouveau_svm_plan(&v, K, &p);
	assert_true(p.whole);
	v = anon_view();
	v.kind = NOUVEAU_VMA_FILE;
	v.read = bits(7, 8);
	nouveau_svm_plan(&v, K, &p);
	assert_true(p.whole);
	v.end = 500;
	nouveau_svm_plan(&v, K, &p);
	assert_false(p.whole);
}

/* What a stream is about to come to moves without having faulted. */
static void expected_pages_move(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.prefetch = bits(0, 512);
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
	v.expected = true;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_STREAM);
	assert_mask(p.migrate, 0, 512);
	assert_no_pages(p.require);
	assert_int_equal(p.first, 0);
	assert_int_equal(p.end, 512);
	/* not into a full VRAM, nor out of a file, nor where it thrashes */
	v.vram_free = 0;
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
	v.vram_free = GIB;
	v.heat.pinned_until_ns = NOW + 1;
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
	v.heat.pinned_until_ns = 0;
	v.kind = NOUVEAU_VMA_FILE;
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
}

/* Who goes through a block gets all of it, as long as there is room. */
static void sequential_takes_all(void **state)
{
	static const struct { unsigned int mapped, fault, free_percent; bool all; } cases[] = {
		{ 0, 16, 100, true },		/* 64 KiB after 64 KiB */
		{ 48, 32, 100, true },		/* downwards */
		{ 0, 32, 100, false },		/* a gap between */
		{ 480, 496, 60, true }, { 0, 16, 40, false }, { 0, 511, 100, false },
	};
	struct nouveau_svm_knobs k = *K;
	unsigned int i;

	k.density_percent = 100;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nouveau_svm_view v = anon_view();
		struct nouveau_svm_plan p;

		v.mapped = bits(cases[i].mapped, cases[i].mapped + 16);
		v.vram = v.mapped;
		v.write = bits(cases[i].fault, cases[i].fault + 1);
		v.vram_free = GIB / 100 * cases[i].free_percent;
		nouveau_svm_plan(&v, &k, &p);
		assert_int_equal(weight(&p.migrate), cases[i].all ? 496 : 16);
		/* what stays is filled by density only: it costs nothing to leave it */
		v.heat.pinned_until_ns = NOW + 1;
		nouveau_svm_plan(&v, &k, &p);
		assert_int_equal(weight(&p.want), 15);
		/* unless the block before was used all over */
		v.dense = true;
		nouveau_svm_plan(&v, &k, &p);
		assert_int_equal(weight(&p.want), cases[i].free_percent < 50 ? 15 : 495);
	}
}

/* The baseline: whatever faults, 2 MiB of it, as far as the VMA goes. */
static void whole_blocks(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_knobs k = *K;
	struct nouveau_svm_plan p;

	k.whole_blocks = 1;
	v.read = bits(7, 8);
	v.end = 300;
	nouveau_svm_plan(&v, &k, &p);
	assert_mask(p.migrate, 0, 300);
	assert_int_equal(p.first, 0);
	assert_int_equal(p.end, 300);
	v.read = bits(0, 0);
	v.write = bits(7, 8);
	nouveau_svm_plan(&v, &k, &p);
	assert_mask(p.migrate, 0, 300);
	k.migrate = 0;
	nouveau_svm_plan(&v, &k, &p);
	assert_no_pages(p.migrate);
	assert_int_equal(p.end, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_piece_takes_all),
		cmocka_unit_test(whole_where_it_stays),
		cmocka_unit_test(expected_pages_move),
		cmocka_unit_test(whole_blocks),
		cmocka_unit_test(sequential_takes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
