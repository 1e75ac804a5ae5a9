// SPDX-License-Identifier: MIT
/*
 * Page tables as bytes, worked out by hand from the bit positions in
 * dev_mmu.ref and the MMU format document: no constant, macro or encoder of
 * the model or the driver is used to make them.
 *
 * The address most tests use is 0x1_2345_6789_A000. In binary
 *	1 0010 0011 0100 0101 0110 0111 1000 1001 1010 (0000 0000 0000)
 * which splits into
 *	48:47 = 10b = 2, 46:38 = 010001101b = 0x8d, 37:29 = 000101011b = 0x2b,
 *	28:21 = 00111100b = 0x3c, 20:16 = 01001b = 9, 20:12 = 010011010b = 0x9a
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mmu_walk.h"

#define VA		0x123456789a000ull

/* Where the tables are, in video memory unless a test moves them. */
#define PD3		0x10000
#define PD2		0x11000
#define PD1		0x12000
#define PD0		0x13000
#define PT4K		0x14000
#define PT64K		0x15100		/* 256-byte aligned only */

/* The entries VA selects: table + index * size. */
#define PD3_ENTRY	(PD3 + 2 * 8)
#define PD2_ENTRY	(PD2 + 0x8d * 8)
#define PD1_ENTRY	(PD1 + 0x2b * 8)
#define PD0_ENTRY	(PD0 + 0x3c * 16)
#define PT4K_ENTRY	(PT4K + 0x9a * 8)
#define PT64K_ENTRY	(PT64K + 9 * 8)

/* NV_PFAULT_FAULT_TYPE_*, from dev_fault.ref */
#define T_PDE			0x0
#define T_PDE_SIZE		0x1
#define T_PTE			0x2
#define T_VA_LIMIT		0x3
#define T_REGION		0xd

#define MEM_BYTES	0x20000

static uint8_t vid[MEM_BYTES], sys_coh[MEM_BYTES], sys_ncoh[MEM_BYTES];

/* What the walk asked for, in order. */
static struct mmu_walk_ref seen[16];
static unsigned int nseen;

static bool reader(void *ctx, const struct mmu_walk_ref *ref, uint64_t qw[2])
{
	uint8_t *mem = ref->aperture == WALK_VID ? vid : ref->aperture == WALK_SYS_COH ? sys_coh :
		       ref->aperture == WALK_SYS_NCOH ? sys_ncoh : NULL;

	assert_ptr_equal(ctx, &nseen);
	assert_true(nseen < 16);
	seen[nseen++] = *ref;
	if (!mem || ref->pa + ref->qwords * 8 > MEM_BYTES)
		return false;
	memcpy(qw, mem + ref->pa, ref->qwords * 8);
	return true;
}

static struct mmu_walk walk(uint64_t va)
{
	struct mmu_walk w;

	memset(&w, 0xa5, sizeof(w));
	nseen = 0;
	mmu_walk(reader, &nseen, PD3, WALK_VID, va, &w);
	return w;
}

/* Eight bytes at @pa, lowest first, as they lie in memory. */
static void put(uint8_t *mem, uint32_t pa, int b0, int b1, int b2, int b3, int b4, int b5, int b6,
		int b7)
{
	const uint8_t b[8] = { b0, b1, b2, b3, b4, b5, b6, b7 };

	memcpy(mem + pa, b, 8);
}

/* PD3 -> PD2 -> PD1 -> PD0, all in video memory: PA >> 12 from bit 8, aperture 1 in 2:1 */
static int directories(void **state)
{
	(void)state;
	memset(vid, 0, sizeof(vid));
	memset(sys_coh, 0, sizeof(sys_coh));
	memset(sys_ncoh, 0, sizeof(sys_ncoh));
	put(vid, PD3_ENTRY, 0x02, 0x11, 0, 0, 0, 0, 0, 0);
	put(vid, PD2_ENTRY, 0x02, 0x12, 0, 0, 0, 0, 0, 0);
	put(vid, PD1_ENTRY, 0x02, 0x13, 0, 0, 0, 0, 0, 0);
	return 0;
}

/* dual PDE: small table at 0x14000 (bits 96:72), aperture 1 in 66:65 */
static void small_table(void)
{
	put(vid, PD0_ENTRY + 8, 0x02, 0x14, 0, 0, 0, 0, 0, 0);
}

/* dual PDE: big table at 0x15100: PA >> 8 = 0x151 from bit 4, aperture 1 in 2:1 */
static void big_table(void)
{
	put(vid, PD0_ENTRY, 0x12, 0x15, 0, 0, 0, 0, 0, 0);
}

static void check_miss(struct mmu_walk w, unsigned int type, unsigned int level,
		       unsigned int shift)
{
	assert_int_equal(w.kind, WALK_MISS);
	assert_int_equal(w.fault_type, type);
	assert_int_equal(w.level, level);
	assert_int_equal(w.shift, shift);
}

static void check_sparse(struct mmu_walk w, unsigned int level, unsigned int shift)
{
	assert_int_equal(w.kind, WALK_SPARSE);
	assert_int_equal(w.level, level);
	assert_int_equal(w.shift, shift);
}

static void check_page(struct mmu_walk w, uint64_t pa, unsigned int aperture, unsigned int level,
		       unsigned int shift)
{
	assert_int_equal(w.kind, WALK_MAPPED);
	assert_int_equal(w.pa, pa);
	assert_int_equal(w.aperture, aperture);
	assert_int_equal(w.level, level);
	assert_int_equal(w.shift, shift);
}

static void check_flags(struct mmu_walk w, bool vol, bool priv, bool ro, bool atomic_disable)
{
	assert_int_equal(w.vol, vol);
	assert_int_equal(w.privileged, priv);
	assert_int_equal(w.read_only, ro);
	assert_int_equal(w.atomic_disable, atomic_disable);
}

/* Each table is indexed by its own address bits, and read once. */
static void test_indexing(void **state)
{
	static const struct { uint32_t pa; uint8_t level, shift, qwords; } want[] = {
		{ PD3_ENTRY, 5, 47, 1 }, { PD2_ENTRY, 4, 38, 1 }, { PD1_ENTRY, 3, 29, 1 },
		{ PD0_ENTRY, 2, 21, 2 }, { PT64K_ENTRY, 1, 16, 1 }, { PT4K_ENTRY, 1, 12, 1 },
	};

	(void)state;
	big_table();
	small_table();
	walk(VA);
	assert_int_equal(nseen, 6);
	for (unsigned int i = 0; i < 6; i++) {
		assert_int_equal(seen[i].pa, want[i].pa);
		assert_int_equal(seen[i].level, want[i].level);
		assert_int_equal(seen[i].shift, want[i].shift);
		assert_int_equal(seen[i].qwords, want[i].qwords);
		assert_int_equal(seen[i].va, VA);
		assert_int_equal(seen[i].aperture, WALK_VID);
	}
}

/* The last page of all: every index at its maximum. */
static void test_last_entries(void **state)
{
	(void)state;
	put(vid, PD3 + 3 * 8, 0x02, 0x11, 0, 0, 0, 0, 0, 0);
	put(vid, PD2 + 511 * 8, 0x02, 0x12, 0, 0, 0, 0, 0, 0);
	put(vid, PD1 + 511 * 8, 0x02, 0x13, 0, 0, 0, 0, 0, 0);
	put(vid, PD0 + 255 * 16, 0x12, 0x15, 0, 0, 0, 0, 0, 0);
	put(vid, PD0 + 255 * 16 + 8, 0x02, 0x14, 0, 0, 0, 0, 0, 0);
	put(vid, PT4K + 511 * 8, 0x01, 0xbc, 0x0a, 0, 0, 0, 0, 0);
	check_page(walk(0x1ffffffffffffull), 0xabc000, WALK_VID, 1, 12);
	put(vid, PT64K + 31 * 8, 0x01, 0xf0, 0x7f, 0, 0, 0, 0, 0);
	check_page(walk(~0ull), 0x7ff0000, WALK_VID, 1, 16);
}

static void test_4k(void **state)
{
	(void)state;
	small_table();
	/* PA 0xabc000: frame 0xabc from bit 8, valid, kind 6 in 63:56 */
	put(vid, PT4K_ENTRY, 0x01, 0xbc, 0x0a, 0, 0, 0, 0, 0x06);
	check_page(walk(VA), 0xabc000, WALK_VID, 1, 12);
	check_page(walk(VA + 0xfff), 0xabc000, WALK_VID, 1, 12);
	assert_int_equal(walk(VA).page_kind, 6);
	check_flags(walk(VA), false, false, false, false);
	/* the next page has an entry of its own: all zero */
	check_miss(walk(VA + 0x1000), T_PTE, 1, 12);
	/* video addresses have 25 frame bits, 32:8; the three above name a peer */
	put(vid, PT4K_ENTRY, 0x01, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0);
	check_page(walk(VA), 0x1fffffful << 12, WALK_VID, 1, 12);
}

static void test_64k(void **state)
{
	(void)state;
	big_table();
	/* PA 0x7ff0000: frame 0x7ff0 from bit 8 */
	put(vid, PT64K_ENTRY, 0x01, 0xf0, 0x7f, 0, 0, 0, 0, 0);
	check_page(walk(VA), 0x7ff0000, WALK_VID, 1, 16);
	/* 0x...90000 to 0x...9ffff are one page */
	check_page(walk(0x1234567890000ull), 0x7ff0000, WALK_VID, 1, 16);
	check_page(walk(0x123456789ffffull), 0x7ff0000, WALK_VID, 1, 16);
	check_miss(walk(0x12345678a0000ull), T_PTE, 1, 16);
	/* frame bits below the page size do not count */
	put(vid, PT64K_ENTRY, 0x01, 0xff, 0x7f, 0, 0, 0, 0, 0);
	check_page(walk(VA), 0x7ff0000, WALK_VID, 1, 16);
}

static void test_2m(void **state)
{
	(void)state;
	/* PA 0x3e00000: frame 0x3e00 from bit 8; bit 0 makes the PD0 entry a PTE */
	put(vid, PD0_ENTRY, 0x01, 0x00, 0x3e, 0, 0, 0, 0, 0x06);
	check_page(walk(VA), 0x3e00000, WALK_VID, 2, 21);
	check_page(walk(0x1234567800000ull), 0x3e00000, WALK_VID, 2, 21);
	check_page(walk(0x12345679fffffull), 0x3e00000, WALK_VID, 2, 21);
	check_miss(walk(0x1234567a00000ull), T_PDE, 2, 21);
	assert_int_equal(nseen, 4);
}

static void test_flags(void **state)
{
	(void)state;
	small_table();
	put(vid, PT4K_ENTRY, 0x09, 0x01, 0, 0, 0, 0, 0, 0);	/* VOL, bit 3 */
	check_flags(walk(VA), true, false, false, false);
	put(vid, PT4K_ENTRY, 0x21, 0x01, 0, 0, 0, 0, 0, 0);	/* PRIVILEGE, bit 5 */
	check_flags(walk(VA), false, true, false, false);
	put(vid, PT4K_ENTRY, 0x41, 0x01, 0, 0, 0, 0, 0, 0);	/* READ_ONLY, bit 6 */
	check_flags(walk(VA), false, false, true, false);
	put(vid, PT4K_ENTRY, 0x81, 0x01, 0, 0, 0, 0, 0, 0);	/* ATOMIC_DISABLE, bit 7 */
	check_flags(walk(VA), false, false, false, true);
	/* the same bits in a 2 MiB PTE */
	put(vid, PD0_ENTRY, 0xe9, 0x00, 0x3e, 0, 0, 0, 0, 0);
	check_flags(walk(VA), true, true, true, true);
}

/* PTE apertures: 0 video, 1 peer, 2 coherent, 3 non-coherent system memory */
static void test_pte_apertures(void **state)
{
	(void)state;
	small_table();
	/* PA 0x7_1234_5678_9000 (51 bits): frame from bit 8 up to bit 53 */
	put(vid, PT4K_ENTRY, 0x05, 0x89, 0x67, 0x45, 0x23, 0x71, 0, 0);
	check_page(walk(VA), 0x7123456789000ull, WALK_SYS_COH, 1, 12);
	put(vid, PT4K_ENTRY, 0x07, 0x89, 0x67, 0x45, 0x23, 0x71, 0, 0);
	check_page(walk(VA), 0x7123456789000ull, WALK_SYS_NCOH, 1, 12);
	/* peer 5 in 35:33 is no part of the address */
	put(vid, PT4K_ENTRY, 0x03, 0x21, 0x43, 0, 0x0a, 0, 0, 0);
	check_page(walk(VA), 0x4321000, WALK_PEER, 1, 12);
	/* all 46 frame bits */
	put(vid, PT4K_ENTRY, 0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0);
	check_page(walk(VA), 0x3fffffffffff000ull, WALK_SYS_COH, 1, 12);
}

/* PDE apertures differ: 0 none, 1 video, 2 coherent, 3 non-coherent */
static void test_tables_in_system_memory(void **state)
{
	(void)state;
	put(vid, PD3_ENTRY, 0x04, 0x01, 0, 0, 0, 0, 0, 0);	/* PD2 at coherent 0x1000 */
	put(sys_coh, 0x1000 + 0x8d * 8, 0x0e, 0x02, 0, 0, 0, 0, 0, 0);	/* PD1: ncoh 0x2000, VOL */
	put(sys_ncoh, 0x2000 + 0x2b * 8, 0x04, 0x03, 0, 0, 0, 0, 0, 0);	/* PD0: coh 0x3000 */
	/* big table: non-coherent, 0x4300; small table: coherent, 0x5000 */
	put(sys_coh, 0x3000 + 0x3c * 16, 0x36, 0x04, 0, 0, 0, 0, 0, 0);
	put(sys_coh, 0x3000 + 0x3c * 16 + 8, 0x04, 0x05, 0, 0, 0, 0, 0, 0);
	put(sys_coh, 0x5000 + 0x9a * 8, 0x01, 0x42, 0, 0, 0, 0, 0, 0);
	check_page(walk(VA), 0x42000, WALK_VID, 1, 12);
	assert_int_equal(seen[4].aperture, WALK_SYS_NCOH);
	assert_int_equal(seen[4].pa, 0x4300 + 9 * 8);
	put(sys_ncoh, 0x4300 + 9 * 8, 0x01, 0x70, 0x06, 0, 0, 0, 0, 0);
	check_page(walk(VA), 0x670000, WALK_VID, 1, 16);
}

static void test_big_before_small(void **state)
{
	(void)state;
	big_table();
	small_table();
	put(vid, PT4K_ENTRY, 0x01, 0xbc, 0x0a, 0, 0, 0, 0, 0);
	put(vid, PT64K_ENTRY, 0x01, 0xf0, 0x7f, 0, 0, 0, 0, 0);
	check_page(walk(VA), 0x7ff0000, WALK_VID, 1, 16);	/* both valid: big wins */
	put(vid, PT64K_ENTRY, 0, 0, 0, 0, 0, 0, 0, 0);
	check_page(walk(VA), 0xabc000, WALK_VID, 1, 12);	/* big invalid: small */
	put(vid, PT64K_ENTRY, 0x20, 0, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_PTE, 1, 16);			/* PRIVILEGE: small ignored */
	assert_int_equal(nseen, 5);
	put(vid, PT64K_ENTRY, 0x08, 0, 0, 0, 0, 0, 0, 0);
	check_sparse(walk(VA), 1, 16);				/* sparse is an answer */
	/* neighbours of the big page have their own entries */
	put(vid, PT64K_ENTRY, 0x20, 0, 0, 0, 0, 0, 0, 0);
	put(vid, PT4K + 0xa0 * 8, 0x01, 0x77, 0, 0, 0, 0, 0, 0);
	check_page(walk(0x12345678a0000ull), 0x77000, WALK_VID, 1, 12);
}

static void test_sparse(void **state)
{
	(void)state;
	small_table();
	put(vid, PT4K_ENTRY, 0x08, 0, 0, 0, 0, 0, 0, 0);
	check_sparse(walk(VA), 1, 12);
	put(vid, PD0_ENTRY, 0x08, 0, 0, 0, 0, 0, 0, 0);
	check_sparse(walk(VA), 1, 12);		/* a small table is there: it decides */
	put(vid, PD0_ENTRY + 8, 0, 0, 0, 0, 0, 0, 0, 0);
	check_sparse(walk(VA), 2, 21);
	put(vid, PD1_ENTRY, 0x08, 0, 0, 0, 0, 0, 0, 0);
	check_sparse(walk(VA), 3, 29);
	put(vid, PD2_ENTRY, 0x08, 0, 0, 0, 0, 0, 0, 0);
	check_sparse(walk(VA), 4, 38);
	put(vid, PD3_ENTRY, 0x08, 0, 0, 0, 0, 0, 0, 0);
	check_sparse(walk(VA), 5, 47);
}

static void test_misses(void **state)
{
	(void)state;
	small_table();
	check_miss(walk(VA), T_PTE, 1, 12);
	put(vid, PD0_ENTRY + 8, 0, 0, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_PDE, 2, 21);
	big_table();
	check_miss(walk(VA), T_PTE, 1, 16);
	put(vid, PD1_ENTRY, 0, 0, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_PDE, 3, 29);
	put(vid, PD2_ENTRY, 0, 0, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_PDE, 4, 38);
	put(vid, PD3_ENTRY, 0, 0, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_PDE, 5, 47);
	assert_int_equal(nseen, 1);
}

/* An entry with bit 0 above PD0 would be a page of 512 MiB or more. */
static void test_huge_pages_refused(void **state)
{
	(void)state;
	put(vid, PD1_ENTRY, 0x03, 0x13, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_PDE_SIZE, 3, 29);
	put(vid, PD2_ENTRY, 0x03, 0x12, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_PDE_SIZE, 4, 38);
	put(vid, PD3_ENTRY, 0x03, 0x11, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_PDE_SIZE, 5, 47);
}

static void test_tables_out_of_memory(void **state)
{
	(void)state;
	/* small table at 0x20000, the first byte that is not there */
	put(vid, PD0_ENTRY + 8, 0x02, 0x20, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_REGION, 1, 12);
	put(vid, PD1_ENTRY, 0x02, 0x20, 0, 0, 0, 0, 0, 0);
	check_miss(walk(VA), T_REGION, 2, 21);
	put(vid, PD3_ENTRY, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	check_miss(walk(VA), T_REGION, 4, 38);
}

static void test_va_limit(void **state)
{
	(void)state;
	small_table();
	put(vid, PT4K_ENTRY, 0x01, 0xbc, 0x0a, 0, 0, 0, 0, 0);
	/* VA has bit 48 set: its canonical form is another spelling of the same page */
	check_page(walk(0xffff23456789a000ull), 0xabc000, WALK_VID, 1, 12);
	assert_int_equal(seen[0].va, VA);
	check_miss(walk(0x323456789a000ull), T_VA_LIMIT, 5, 49);
	assert_int_equal(nseen, 0);
	check_miss(walk(0xfffe23456789a000ull), T_VA_LIMIT, 5, 49);
	check_miss(walk(0x8000000000000000ull), T_VA_LIMIT, 5, 49);
	assert_true(mmu_walk_va_ok(0));
	assert_true(mmu_walk_va_ok(0x1ffffffffffffull));
	assert_false(mmu_walk_va_ok(0x2000000000000ull));
	assert_false(mmu_walk_va_ok(0xfffeffffffffffffull));
	assert_true(mmu_walk_va_ok(0xffff000000000000ull));
	assert_true(mmu_walk_va_ok(~0ull));
}

#define T(name) cmocka_unit_test_setup(name, directories)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_indexing),
		T(test_last_entries),
		T(test_4k),
		T(test_64k),
		T(test_2m),
		T(test_flags),
		T(test_pte_apertures),
		T(test_tables_in_system_memory),
		T(test_big_before_small),
		T(test_sparse),
		T(test_misses),
		T(test_huge_pages_refused),
		T(test_tables_out_of_memory),
		T(test_va_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
