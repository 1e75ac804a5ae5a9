// SPDX-License-Identifier: MIT
/*
 * Page-table codec. Golden words were put together by hand from the bit tables
 * of dev_mmu; the random tests compare with a naive model that knows fields as
 * pairs of bit numbers and moves one bit at a time.
 */
#include "unit.h"

#include "tu102_pte.h"

#define VRAM	TU102_APERTURE_VRAM
#define SYS	TU102_APERTURE_SYS

static const struct {
	u64 pa, pte;
	struct tu102_pte_attr attr;
} golden_pte[] = {
	/* VALID 0:0, ADDRESS_VID 32:8 = PA >> 12 */
	{ 0x0000000000001000, 0x0000000000000101, { .aperture = VRAM } },
	{ 0x0000000012345000, 0x0000000001234501, { .aperture = VRAM } },
	{ 0x0000001ffffff000, 0x00000001ffffff01, { .aperture = VRAM } },
	/* APERTURE 2:1 = 2, VOL 3:3, ADDRESS_SYS 53:8 */
	{ 0x0000000000001000, 0x000000000000010d, { .aperture = SYS } },
	{ 0x0000000123456000, 0x000000001234560d, { .aperture = SYS } },
	{ 0x00007ffffffff000, 0x000007ffffffff0d, { .aperture = SYS } },
	/* PRIVILEGE 5, READ_ONLY 6, ATOMIC_DISABLE 7 */
	{ 0x0000000000200000, 0x0000000000020021, { .aperture = VRAM, .privileged = true } },
	{ 0x0000000000200000, 0x0000000000020041, { .aperture = VRAM, .read_only = true } },
	{ 0x0000000000200000, 0x0000000000020081, { .aperture = VRAM, .no_atomics = true } },
	{ 0x0000000000200000, 0x00000000000200cd,
	  { .aperture = SYS, .read_only = true, .no_atomics = true } },
	/* KIND 63:56 */
	{ 0x0000000000010000, 0x0600000000001001, { .aperture = VRAM, .kind = 0x06 } },
	{ 0x0000000000010000, 0x0e0000000000100d, { .aperture = SYS, .kind = 0x0e } },
	/* page 0 is an address like any other */
	{ 0x0000000000000000, 0x0000000000000001, { .aperture = VRAM } },
};

static void assert_same_attr(const struct tu102_pte_attr *a, const struct tu102_pte_attr *b)
{
	assert_int_equal(a->aperture, b->aperture);
	assert_int_equal(a->read_only, b->read_only);
	assert_int_equal(a->no_atomics, b->no_atomics);
	assert_int_equal(a->privileged, b->privileged);
	assert_int_equal(a->kind, b->kind);
}

static void pte_golden(void **state)
{
	struct tu102_pte_attr attr;
	unsigned int i;
	u64 pa;

	for (i = 0; i < ARRAY_SIZE(golden_pte); i++) {
		assert_int_equal(tu102_pte_encode(golden_pte[i].pa, &golden_pte[i].attr),
				 golden_pte[i].pte);
		assert_true(tu102_pte_decode(golden_pte[i].pte, &pa, &attr));
		assert_int_equal(pa, golden_pte[i].pa);
		assert_same_attr(&attr, &golden_pte[i].attr);
	}
}

static void pte_not_valid(void **state)
{
	/* nothing; sparse; "no 4K entries"; all but VALID; valid peer memory */
	static const u64 words[] = { 0, 0x8, 0x20, ~1ull, 0x0000000001234503 };
	struct tu102_pte_attr attr;
	unsigned int i;
	u64 pa;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		assert_false(tu102_pte_decode(words[i], &pa, &attr));
}

static void pte_non_coherent_is_system(void **state)
{
	struct tu102_pte_attr attr;
	u64 pa;

	assert_true(tu102_pte_decode(0x0000000001234507, &pa, &attr));
	assert_int_equal(attr.aperture, SYS);
	assert_int_equal(pa, 0x12345000);
}

static void pde_golden(void **state)
{
	u64 table = 1;

	/* APERTURE 2:1 = 1, ADDRESS_VID 32:8 = PA >> 12 */
	assert_int_equal(tu102_pde_encode(0x0000000000abc000), 0x00000000000abc02);
	assert_int_equal(tu102_pde_encode(0x0000001ffffff000), 0x00000001ffffff02);
	assert_int_equal(tu102_pde_encode(0), 0);

	assert_true(tu102_pde_decode(0x00000000000abc02, &table));
	assert_int_equal(table, 0xabc000);
	assert_false(tu102_pde_decode(0, &table));
	assert_false(tu102_pde_decode(0x8, &table));			/* sparse */
	assert_false(tu102_pde_decode(0x00000000000abc04, &table));	/* system memory */
	assert_false(tu102_pde_decode(0x00000000000abc03, &table));	/* IS_PTE */
}

static void dual_pde_golden(void **state)
{
	static const struct {
		u64 big, small, dual[2];
	} t[] = {
		{ 0, 0, { 0, 0 } },
		/* APERTURE_BIG 2:1 = 1, ADDRESS_BIG_VID 32:4 = PA >> 8 */
		{ 0x0000000000123400, 0, { 0x0000000000012342, 0 } },
		{ 0x0000001fffffff00, 0, { 0x00000001fffffff2, 0 } },
		/* APERTURE_SMALL 66:65 = 1, ADDRESS_SMALL_VID 96:72 = PA >> 12 */
		{ 0, 0x0000000000567000, { 0, 0x0000000000056702 } },
		{ 0x0000000000000100, 0x0000001ffffff000,
		  { 0x0000000000000012, 0x00000001ffffff02 } },
	};
	u64 dual[2], big, small;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		tu102_dual_pde_encode(t[i].big, t[i].small, dual);
		assert_int_equal(dual[0], t[i].dual[0]);
		assert_int_equal(dual[1], t[i].dual[1]);
		tu102_dual_pde_decode(t[i].dual, &big, &small);
		assert_int_equal(big, t[i].big);
		assert_int_equal(small, t[i].small);
	}
}

static void dual_pde_that_is_a_pte(void **state)
{
	static const u64 dual[2] = { 0x0000000000020001, 0x0000000000056702 };
	u64 big = 1, small = 1;

	tu102_dual_pde_decode(dual, &big, &small);
	assert_int_equal(big, 0);
	assert_int_equal(small, 0);
}

/* The naive side: value @v into bits @lo..@hi of @words, bit by bit. */
static void put_bits(u64 *words, unsigned int lo, unsigned int hi, u64 v)
{
	unsigned int b;

	for (b = lo; b <= hi; b++)
		if (v >> (b - lo) & 1)
			words[b / 64] |= 1ull << (b % 64);
}

static u64 get_bits(const u64 *words, unsigned int lo, unsigned int hi)
{
	unsigned int b;
	u64 v = 0;

	for (b = lo; b <= hi; b++)
		v |= (words[b / 64] >> (b % 64) & 1) << (b - lo);
	return v;
}

static void pte_random(void **state)
{
	struct tu102_pte_attr attr, back;
	unsigned int i;
	u64 r, pa, want, got;

	unit_seed();
	for (i = 0; i < 100000; i++) {
		r = unit_random();
		attr = (struct tu102_pte_attr){
			.aperture = r & 1 ? SYS : VRAM, .read_only = r >> 1 & 1,
			.no_atomics = r >> 2 & 1, .privileged = r >> 3 & 1, .kind = r >> 8,
		};
		pa = unit_random() & (attr.aperture == SYS ? 0x7ffffffff000ull : 0x1ffffff000ull);

		want = 0;
		put_bits(&want, 0, 0, 1);
		put_bits(&want, 1, 2, attr.aperture == SYS ? 2 : 0);
		put_bits(&want, 3, 3, attr.aperture == SYS);
		put_bits(&want, 5, 5, attr.privileged);
		put_bits(&want, 6, 6, attr.read_only);
		put_bits(&want, 7, 7, attr.no_atomics);
		put_bits(&want, 8, attr.aperture == SYS ? 53 : 32, pa >> 12);
		put_bits(&want, 56, 63, attr.kind);
		assert_int_equal(tu102_pte_encode(pa, &attr), want);

		assert_true(tu102_pte_decode(want, &got, &back));
		assert_int_equal(got, pa);
		assert_same_attr(&back, &attr);
	}
}

static void dual_pde_random(void **state)
{
	u64 big, small, want[2], dual[2], b, s;
	unsigned int i;

	unit_seed();
	for (i = 0; i < 100000; i++) {
		big = i % 4 == 1 ? 0 : unit_random() & 0x1fffffff00ull;
		small = i % 4 == 2 ? 0 : unit_random() & 0x1ffffff000ull;
		memset(want, 0, sizeof(want));
		if (big) {
			put_bits(want, 1, 2, 1);
			put_bits(want, 4, 32, big >> 8);
		}
		if (small) {
			put_bits(want, 65, 66, 1);
			put_bits(want, 72, 96, small >> 12);
		}
		tu102_dual_pde_encode(big, small, dual);
		assert_int_equal(dual[0], want[0]);
		assert_int_equal(dual[1], want[1]);
		tu102_dual_pde_decode(want, &b, &s);
		assert_int_equal(b, get_bits(want, 4, 32) << 8);
		assert_int_equal(s, get_bits(want, 72, 96) << 12);
	}
}

static void index_golden(void **state)
{
	static const struct {
		u64 va;
		unsigned int pd3, pd2, pd1, pd0, big, small;
	} t[] = {
		{ 0, 0, 0, 0, 0, 0, 0 },
		{ 0x1ffffffffffffull, 3, 511, 511, 255, 31, 511 },
		{ 0x7f1234567000ull, 0, 508, 145, 162, 22, 359 },
		{ 1ull << 47, 1, 0, 0, 0, 0, 0 },
		{ 1ull << 38, 0, 1, 0, 0, 0, 0 },
		{ 1ull << 29, 0, 0, 1, 0, 0, 0 },
		{ 1ull << 21, 0, 0, 0, 1, 0, 0 },
		{ 1ull << 16, 0, 0, 0, 0, 1, 16 },
		{ 1ull << 12, 0, 0, 0, 0, 0, 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(tu102_pt_index(t[i].va, 0, 0), t[i].pd3);
		assert_int_equal(tu102_pt_index(t[i].va, 1, 0), t[i].pd2);
		assert_int_equal(tu102_pt_index(t[i].va, 2, 0), t[i].pd1);
		assert_int_equal(tu102_pt_index(t[i].va, 3, 0), t[i].pd0);
		assert_int_equal(tu102_pt_index(t[i].va, 4, 16), t[i].big);
		assert_int_equal(tu102_pt_index(t[i].va, 4, 12), t[i].small);
	}
}

/* All levels together give the address back: none overlaps, none is missing. */
static void index_random(void **state)
{
	unsigned int i;
	u64 va, back;

	unit_seed();
	for (i = 0; i < 100000; i++) {
		va = unit_random() & 0x1fffffffff000ull;
		back = (u64)tu102_pt_index(va, 0, 0) << 47 | (u64)tu102_pt_index(va, 1, 0) << 38 |
		       (u64)tu102_pt_index(va, 2, 0) << 29 | (u64)tu102_pt_index(va, 3, 0) << 21;
		assert_int_equal(back | (u64)tu102_pt_index(va, 4, 12) << 12, va);
		assert_int_equal(back | (u64)tu102_pt_index(va, 4, 16) << 16, va & ~0xffffull);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pte_golden),
		cmocka_unit_test(pte_not_valid),
		cmocka_unit_test(pte_non_coherent_is_system),
		cmocka_unit_test(pde_golden),
		cmocka_unit_test(dual_pde_golden),
		cmocka_unit_test(dual_pde_that_is_a_pte),
		cmocka_unit_test(pte_random),
		cmocka_unit_test(dual_pde_random),
		cmocka_unit_test(index_golden),
		cmocka_unit_test(index_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
