// SPDX-License-Identifier: MIT
/*
 * The SVM policy: a table of situations, and its knobs at their edges.
 */
#include "unit.h"

#include <linux/kernel.h>

#include "policy.h"

static void isolated_read_stays(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.read = bits(100, 101);
	v.heat.heat = 1;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_IN_PLACE);
	assert_no_pages(p.migrate);
	assert_mask(p.require, 100, 101);
	assert_no_pages(p.require_write);
	/* but its 64 KiB come along */
	assert_int_equal(p.first, 96);
	assert_int_equal(p.end, 112);
	assert_int_equal(weight(&p.want), 15);
	assert_false(nouveau_mask_test(&p.want, 100));
	assert_no_pages(p.want_write);
}

static void write_moves_its_granule(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.write = bits(33, 34);
	v.heat.heat = 1;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_WRITE);
	assert_mask(p.migrate, 32, 48);
	assert_mask(p.require, 33, 34);
	assert_mask(p.require_write, 33, 34);
	assert_int_equal(weight(&p.want_write), 15);
}

/* In a cold block the written page moves, the one that was read does not. */
static void cold_readers_stay(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.write = bits(33, 34);
	v.read = bits(400, 401);
	v.heat.heat = 2;
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 32, 48);
	assert_true(nouveau_mask_test(&p.require, 400));
	assert_false(nouveau_mask_test(&p.require_write, 400));
	assert_int_equal(p.first, 32);
	assert_int_equal(p.end, 416);
}

static void hot_block_moves_for_reads(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.read = bits(0, 3);
	v.heat.heat = K->hot_faults - 1;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_IN_PLACE);
	v.heat.heat = K->hot_faults;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_HOT);
	assert_mask(p.migrate, 0, 16);
}

/* Half of 64 KiB at once: all of the block is on its way, while VRAM lasts. */
static void dense_granule_brings_the_block(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.read = bits(20, 28);
	v.heat.heat = 8;
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 0, NOUVEAU_BLOCK_PAGES);
	nouveau_svm_plan(&v, no_streams(), &p);
	assert_mask(p.migrate, 16, 32);
	v.vram_free = v.vram_total * (K->stream_percent - 1) / 100;
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 16, 32);
	v.vram_free = v.vram_total;
	/* the same eight, half of them in the next 64 KiB, which are in use then */
	v.read = bits(28, 36);
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 0, NOUVEAU_BLOCK_PAGES);
	v.read = bits(20, 27);
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 16, 32);
}

/* What would have to be cut moves whole; not for a read that would move nothing. */
static void huge_page_moves_whole(void **state)
{
	static const struct {
		const char *what;
		unsigned int heat, first, end, free_percent, stream_blocks, batch_pages;
		bool write, huge;
		unsigned int pages;
	} cases[] = {
		{ "a write", 0, 0, 512, 100, 4, 512, true, true, 512 },
		{ "pages of 4 KiB", 0, 0, 512, 100, 4, 512, true, false, 16 },
		{ "an isolated read", 0, 0, 512, 100, 4, 512, false, true, 0 },
		{ "a read of hot memory", 100, 0, 512, 100, 4, 512, false, true, 512 },
		{ "without streams", 0, 0, 512, 100, 0, 512, true, true, 512 },
		{ "half of VRAM in use", 0, 0, 512, 40, 4, 512, true, true, 512 },
		{ "almost all of VRAM in use", 0, 0, 512, 1, 4, 512, true, true, 512 },
		{ "no room for it", 0, 0, 512, 0, 4, 512, true, true, 0 },
		{ "for pages of 4 KiB there is", 0, 0, 512, 0, 4, 512, true, false, 1 },
		{ "a VMA that has part of it", 0, 0, 256, 100, 4, 512, true, true, 16 },
		{ "a page per fault, for comparison", 0, 0, 512, 100, 0, 1, true, true, 1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nouveau_svm_view v = anon_view();
		struct nouveau_svm_knobs k = *K;
		struct nouveau_svm_plan p;

		v.huge = cases[i].huge;
		v.first = cases[i].first;
		v.end = cases[i].end;
		v.vram_free = cases[i].free_percent ? v.vram_total / 100 * cases[i].free_percent : MIB;
		v.heat.heat = cases[i].heat;
		*(cases[i].write ? &v.write : &v.read) = bits(20, 21);
		k.stream_blocks = cases[i].stream_blocks;
		k.batch_pages = cases[i].batch_pages;
		nouveau_svm_plan(&v, &k, &p);
		if (weight(&p.migrate) != cases[i].pages)
			fail_msg("%s: %u pages", cases[i].what, weight(&p.migrate));
	}
}

/* Only anonymous memory can live in VRAM. */
static void file_memory_stays(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.kind = NOUVEAU_VMA_FILE;
	v.write = bits(5, 6);
	v.atomic = bits(7, 8);
	v.heat.heat = 1000;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_IN_PLACE);
	assert_no_pages(p.migrate);
	assert_int_equal(weight(&p.require), 2);
	assert_int_equal(weight(&p.require_write), 2);
	assert_no_pages(p.want_write);
	assert_mask(p.want_atomic, 7, 8);
	assert_no_pages(p.refuse);
}

static void refused(void **state)
{
	static const struct { enum nouveau_vma_kind kind; bool readable; } cases[] = {
		{ NOUVEAU_VMA_NONE, false }, { NOUVEAU_VMA_NONE, true },
		{ NOUVEAU_VMA_SPECIAL, true }, { NOUVEAU_VMA_ANON, false },
		{ NOUVEAU_VMA_FILE, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nouveau_svm_view v = anon_view();
		struct nouveau_svm_plan p;

		v.kind = cases[i].kind;
		v.readable = cases[i].readable;
		v.read = bits(1, 2);
		v.write = bits(2, 3);
		v.atomic = bits(3, 4);
		v.prefetch = bits(4, 5);
		v.heat.heat = 1000;
		nouveau_svm_plan(&v, K, &p);
		assert_int_equal(p.reason, NOUVEAU_PLAN_REFUSED);
		assert_mask(p.refuse, 1, 4);
		assert_no_pages(p.require);
		assert_no_pages(p.migrate);
		assert_int_equal(p.first, p.end);
	}
}

/* Reading read-only memory works; writing to it is refused, page by page. */
static void read_only_memory(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.writable = false;
	v.read = bits(1, 2);
	v.write = bits(2, 3);
	v.atomic = bits(3, 4);
	v.heat.heat = 1;
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.refuse_write, 2, 4);
	assert_no_pages(p.refuse);
	assert_mask(p.require, 1, 4);
	assert_no_pages(p.require_write);
	assert_no_pages(p.want_write);
	assert_no_pages(p.want_atomic);
	assert_int_equal(p.reason, NOUVEAU_PLAN_IN_PLACE);
	assert_no_pages(p.migrate);
	/* hot, it may be read from VRAM */
	v.heat.heat = 100;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_HOT);
	assert_no_pages(p.require_write);
}

static void atomics_move(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.atomic = bits(20, 21);
	v.heat.heat = 1;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_ATOMIC);
	assert_mask(p.migrate, 16, 32);
	assert_mask(p.require_write, 20, 21);
	/* should it not move, this page takes atomics where it is, and only this */
	assert_mask(p.want_atomic, 20, 21);
}

static void switched_off(void **state)
{
	struct nouveau_svm_knobs k = *K;
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.write = bits(20, 21);
	v.heat.heat = 100;
	k.migrate = 0;
	nouveau_svm_plan(&v, &k, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_IN_PLACE);
	assert_no_pages(p.migrate);
	k = *K;
	k.batch_pages = 1;
	nouveau_svm_plan(&v, &k, &p);
	assert_mask(p.migrate, 20, 21);
	assert_no_pages(p.want);
	/* no struct pages for VRAM */
	v.vram_free = 0;
	v.vram_total = 0;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_IN_PLACE);
}

static void full_vram_maps_in_place(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.write = bits(20, 21);
	v.vram_free = 0;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_NO_VRAM);
	assert_no_pages(p.migrate);
	assert_mask(p.require_write, 20, 21);
	assert_no_pages(p.refuse);
}

static void pinned_by_thrash(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.write = bits(20, 21);
	v.heat.heat = 100;
	v.heat.pinned_until_ns = NOW + 1;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_THRASH);
	assert_no_pages(p.migrate);
	v.heat.pinned_until_ns = NOW;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(p.reason, NOUVEAU_PLAN_WRITE);
}

/* 51 percent of a subtree fill it, 50 do not. */
static void density(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.heat.heat = 100;
	/* 128 of 256 pages: exactly half. */
	v.mapped = bits(0, 112);
	v.read = bits(112, 128);
	nouveau_svm_plan(&v, no_streams(), &p);
	assert_mask(p.migrate, 0, 128);
	/* 144 of 256, but 144 of 512 */
	v.mapped = bits(0, 128);
	v.read = bits(128, 129);
	nouveau_svm_plan(&v, no_streams(), &p);
	assert_mask(p.migrate, 0, 256);
	/* 272 of 512 */
	v.mapped = bits(0, 256);
	v.read = bits(256, 257);
	nouveau_svm_plan(&v, no_streams(), &p);
	assert_mask(p.migrate, 0, 512);
}

static void density_under_pressure(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.heat.heat = 100;
	v.mapped = bits(0, 128);
	v.read = bits(128, 129);
	v.vram_free = GIB * 13 / 100;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(weight(&p.migrate), 256);
	/* 7 percent free: 51 + 39 * 5 / 12 = 67 percent are asked for, 56 are there */
	v.vram_free = GIB * 15 / 200;
	nouveau_svm_plan(&v, K, &p);
	assert_int_equal(weight(&p.migrate), 16);
	/* 2 percent: nothing but what faulted */
	v.vram_free = GIB / 50;
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 128, 129);
	assert_no_pages(p.want);
	/* the window is still whole granules, for the page size */
	assert_int_equal(p.first, 128);
	assert_int_equal(p.end, 144);
}

/* Pages in VRAM don't move, mapped ones aren't walked again. */
static void only_what_is_missing(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.heat.heat = 100;
	v.vram = bits(0, 128);
	v.mapped = bits(0, 192);
	v.read = bits(200, 201);
	nouveau_svm_plan(&v, no_streams(), &p);
	assert_mask(p.migrate, 128, 256);
	assert_int_equal(p.first, 128);
	assert_int_equal(p.end, 256);
	/* in place: not even those in system memory */
	v.heat.heat = 1;
	nouveau_svm_plan(&v, no_streams(), &p);
	assert_no_pages(p.migrate);
	assert_int_equal(p.first, 192);
	assert_int_equal(p.end, 256);
}

/* A VMA that covers part of the block bounds everything. */
static void clipped_to_vma(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.first = 101;
	v.end = 109;
	v.write = bits(105, 106);
	nouveau_svm_plan(&v, K, &p);
	assert_mask(p.migrate, 101, 109);
	assert_int_equal(p.first, 101);
	assert_int_equal(p.end, 109);
	assert_int_equal(weight(&p.want), 7);
}

static void hardware_prefetch_is_a_hint(void **state)
{
	struct nouveau_svm_view v = anon_view();
	struct nouveau_svm_plan p;

	v.prefetch = bits(200, 203);
	nouveau_svm_plan(&v, K, &p);
	assert_no_pages(p.require);
	assert_no_pages(p.refuse);
	assert_no_pages(p.migrate);
	assert_mask(p.want, 200, 203);
	assert_int_equal(p.first, 192);
	assert_int_equal(p.end, 208);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(isolated_read_stays),
		cmocka_unit_test(write_moves_its_granule),
		cmocka_unit_test(cold_readers_stay),
		cmocka_unit_test(hot_block_moves_for_reads),
		cmocka_unit_test(dense_granule_brings_the_block),
		cmocka_unit_test(huge_page_moves_whole),
		cmocka_unit_test(file_memory_stays),
		cmocka_unit_test(refused),
		cmocka_unit_test(read_only_memory),
		cmocka_unit_test(atomics_move),
		cmocka_unit_test(switched_off),
		cmocka_unit_test(full_vram_maps_in_place),
		cmocka_unit_test(pinned_by_thrash),
		cmocka_unit_test(density),
		cmocka_unit_test(density_under_pressure),
		cmocka_unit_test(only_what_is_missing),
		cmocka_unit_test(clipped_to_vma),
		cmocka_unit_test(hardware_prefetch_is_a_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
