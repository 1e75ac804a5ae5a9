// SPDX-License-Identifier: MIT
/*
 * Advice: the bits it is kept in against a naive array, and what a plan makes of
 * it. Seeded random histories.
 */
#include "unit.h"

#include <linux/kernel.h>

#include "nouveau_svm_advice.h"
#include "nouveau_svm_policy.h"

#define GIB	(1ull << 30)
#define NOW	1000000000000ull
#define PAGES	NOUVEAU_BLOCK_PAGES

static const struct nouveau_svm_knobs *const K = &nouveau_svm_knobs_default;

static struct nouveau_svm_view anon_view(const struct nouveau_svm_advice *a)
{
	return (struct nouveau_svm_view){
		.kind = NOUVEAU_VMA_ANON, .readable = true, .writable = true, .first = 0,
		.end = PAGES, .now_ns = NOW, .vram_free = GIB, .vram_total = GIB, .advice = a,
	};
}

static struct nouveau_mask bits(unsigned int first, unsigned int end)
{
	return nouveau_mask_range(first, end);
}

#define assert_mask(m, first, end) do {						\
	struct nouveau_mask want_ = bits(first, end);				\
	assert_memory_equal(&(m), &want_, sizeof(want_));			\
} while (0)

#define assert_no_pages(m) assert_true(nouveau_mask_empty(&(m)))

/* A read of one page of a cold block: without advice it stays. */
static struct nouveau_svm_plan plan_read(const struct nouveau_svm_advice *a)
{
	struct nouveau_svm_view v = anon_view(a);
	struct nouveau_svm_plan p;

	v.read = bits(100, 101);
	v.heat.heat = 1;
	nouveau_svm_plan(&v, K, &p);
	return p;
}

static struct nouveau_svm_plan plan_write(const struct nouveau_svm_advice *a)
{
	struct nouveau_svm_view v = anon_view(a);
	struct nouveau_svm_plan p;

	v.write = bits(100, 101);
	v.heat.heat = 10;
	nouveau_svm_plan(&v, K, &p);
	return p;
}

static void no_advice_is_none(void **state)
{
	static const struct nouveau_svm_advice none;
	struct nouveau_svm_plan with, without;

	assert_true(nouveau_svm_advice_empty(&none));
	with = plan_read(&none);
	without = plan_read(NULL);
	assert_memory_equal(&with, &without, sizeof(with));
	with = plan_write(&none);
	without = plan_write(NULL);
	assert_memory_equal(&with, &without, sizeof(with));
}

static void preferred_in_vram_goes(void **state)
{
	struct nouveau_svm_advice a = { .vram = bits(0, 104) };
	struct nouveau_svm_plan p = plan_read(&a);

	assert_int_equal(p.reason, NOUVEAU_PLAN_ADVICE);
	/* of what is served, what has the advice */
	assert_mask(p.migrate, 96, 104);
	assert_mask(p.require, 100, 101);
}

static void preferred_in_ram_stays(void **state)
{
	struct nouveau_svm_advice a = { .system = bits(98, 102) };
	struct nouveau_svm_plan p = plan_write(&a);
	unsigned int i;

	for (i = 98; i < 102; i++)
		assert_false(nouveau_mask_test(&p.migrate, i));
	assert_true(nouveau_mask_test(&p.migrate, 97));
	assert_true(nouveau_mask_test(&p.migrate, 102));
	assert_mask(p.require_write, 100, 101);
}

static void atomics_have_no_other_place(void **state)
{
	struct nouveau_svm_advice a = { .system = bits(0, PAGES) };
	struct nouveau_svm_view v = anon_view(&a);
	struct nouveau_svm_plan p;

	v.atomic = bits(100, 101);
	v.heat.heat = 1;
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 100, 101);
	/* unless it must not move at all */
	a.still = bits(0, PAGES);
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
	assert_mask(p.want_atomic, 100, 101);
}

static void still_stays(void **state)
{
	struct nouveau_svm_advice a = { .still = bits(0, PAGES), .vram = bits(0, PAGES) };
	struct nouveau_svm_plan p = plan_write(&a);

	assert_no_pages(p.migrate);
	assert_mask(p.require_write, 100, 101);
	p = plan_read(&a);
	assert_no_pages(p.migrate);
}

static void read_mostly_stays_while_it_is_read(void **state)
{
	struct nouveau_svm_advice a = { .mostly = bits(0, PAGES) };
	struct nouveau_svm_view v = anon_view(&a);
	struct nouveau_svm_plan p;

	/* hot enough to move without */
	v.read = bits(100, 108);
	v.heat.heat = 100;
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
	assert_mask(p.require, 100, 108);
	v.advice = NULL;
	nouveau_svm_plan(&v, K, &p);
	assert_true(nouveau_mask_test(&p.migrate, 100));
	/* what is written goes, and it alone */
	v.advice = &a;
	v.write = bits(102, 103);
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 102, 103);
	v.write = bits(0, 0);
	v.atomic = bits(103, 104);
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 103, 104);
	/* unless VRAM is preferred */
	a.vram = bits(96, 112);
	v.atomic = bits(0, 0);
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 96, 112);
}

static void thrash_yields_to_a_pin_only(void **state)
{
	struct nouveau_svm_advice a = { .vram = bits(0, PAGES) };
	struct nouveau_svm_view v = anon_view(&a);
	struct nouveau_svm_plan p;

	v.write = bits(100, 101);
	v.heat.pinned_until_ns = NOW + 1;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_THRASH);
	assert_no_pages(p.migrate);
	a.pinned = bits(0, PAGES);
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 96, 112);
}

static void where_nothing_can_move(void **state)
{
	struct nouveau_svm_advice a = { .vram = bits(0, PAGES), .pinned = bits(0, PAGES) };
	struct nouveau_svm_view v = anon_view(&a);
	struct nouveau_svm_plan p;

	v.write = bits(100, 101);
	v.kind = NOUVEAU_VMA_FILE;
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
	v = anon_view(&a);
	v.write = bits(100, 101);
	v.vram_free = 0;
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
	v.vram_total = 0;
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
	/* and what is there already is not moved again */
	v = anon_view(&a);
	v.read = bits(100, 101);
	v.vram = bits(0, PAGES);
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.migrate);
}

static void granularity(void **state)
{
	static const struct { u32 bytes; u16 first, end; } t[] = {
		{ 4096, 100, 101 }, { 8192, 100, 102 }, { 65536, 96, 112 }, { 1 << 20, 0, 256 },
		{ 2 << 20, 0, 512 },
	};
	struct nouveau_mask all = bits(0, PAGES);
	struct nouveau_svm_advice a = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		struct nouveau_svm_plan p;
		struct nouveau_mask both;

		nouveau_svm_advice_set_grain(&a, &all, t[i].bytes);
		assert_false(nouveau_svm_advice_empty(&a));
		p = plan_read(&a);
		both = nouveau_mask_or(p.want, &p.require);
		assert_mask(both, t[i].first, t[i].end);
		p = plan_write(&a);
		assert_mask(p.migrate, t[i].first, t[i].end);
	}
	nouveau_svm_advice_set_grain(&a, &all, 0);
	assert_true(nouveau_svm_advice_empty(&a));
}

static void granularity_ends_with_the_vma(void **state)
{
	struct nouveau_mask all = bits(0, PAGES);
	struct nouveau_svm_advice a = { };
	struct nouveau_svm_view v = anon_view(&a);
	struct nouveau_svm_plan p;

	nouveau_svm_advice_set_grain(&a, &all, 2 << 20);
	v.first = 90;
	v.end = 300;
	v.write = bits(100, 101);
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 90, 300);
	assert_int_equal(p.first, 90);
	assert_int_equal(p.end, 300);
}

/* What a request may not move. */
static void fixed_by_direction(void **state)
{
	struct nouveau_svm_advice a = {
		.vram = bits(0, 10), .system = bits(10, 20), .pinned = bits(5, 15),
		.still = bits(30, 31),
	};
	struct nouveau_mask want, got;

	got = nouveau_svm_advice_fixed(&a, true);
	want = bits(10, 15);
	nouveau_mask_set(&want, 30);
	assert_memory_equal(&got, &want, sizeof(got));
	got = nouveau_svm_advice_fixed(&a, false);
	want = bits(5, 10);
	nouveau_mask_set(&want, 30);
	assert_memory_equal(&got, &want, sizeof(got));
}

/* Granularity of each page as an array; clears and sets at random. */
static void bits_are_an_array(void **state)
{
	static const u32 sizes[] = { 0, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288,
				     1 << 20, 2 << 20 };
	u32 naive[PAGES] = { 0 };
	struct nouveau_svm_advice a = { };
	unsigned int i, k;

	unit_seed();
	for (i = 0; i < 300; i++) {
		unsigned int first = unit_random() % PAGES;
		unsigned int end = first + 1 + unit_random() % (PAGES - first);
		struct nouveau_mask m = bits(first, end);
		u32 bytes = sizes[unit_random() % ARRAY_SIZE(sizes)];
		bool empty = true;

		if (unit_random() % 4) {
			nouveau_svm_advice_set_grain(&a, &m, bytes);
		} else {
			nouveau_svm_advice_clear(&a, &m);
			bytes = 0;
		}
		for (k = first; k < end; k++)
			naive[k] = bytes;
		for (k = 0; k < PAGES; k++) {
			struct nouveau_svm_view v = anon_view(&a);
			struct nouveau_mask one = bits(k, k + 1), plain, region;
			unsigned int n = naive[k] / 4096;

			empty = empty && !n;
			plain = nouveau_svm_advice_plain(&a, &one);
			region = nouveau_svm_advice_region(&v, &one);
			assert_int_equal(nouveau_mask_empty(&plain), n != 0);
			assert_int_equal(nouveau_mask_weight(&region, 0, PAGES), n);
			if (n)
				assert_true(nouveau_mask_test(&region, k));
		}
		assert_int_equal(nouveau_svm_advice_empty(&a), empty);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_advice_is_none),
		cmocka_unit_test(preferred_in_vram_goes),
		cmocka_unit_test(preferred_in_ram_stays),
		cmocka_unit_test(atomics_have_no_other_place),
		cmocka_unit_test(still_stays),
		cmocka_unit_test(read_mostly_stays_while_it_is_read),
		cmocka_unit_test(thrash_yields_to_a_pin_only),
		cmocka_unit_test(where_nothing_can_move),
		cmocka_unit_test(granularity),
		cmocka_unit_test(granularity_ends_with_the_vma),
		cmocka_unit_test(fixed_by_direction),
		cmocka_unit_test(bits_are_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
