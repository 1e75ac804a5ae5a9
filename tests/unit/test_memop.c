// SPDX-License-Identifier: MIT
/*
 * MEM_OP words. Golden words by hand from clc46f.h; the random test checks that
 * the region an invalidate names covers what was asked for, and that half of it
 * would not.
 */
#include "unit.h"

#include "tu102_memop.h"

static const struct {
	struct tu102_memop op;
	u32 want[TU102_MEMOP_WORDS];
} golden[] = {
	/* targeted, 4 KiB << 9, ACK GLOBALLY */
	{ { .pdb = 0x123456000, .start = 0x7f1234600000, .end = 0x7f1234800000, .ack = true },
	  { 0x34600009, 0x00007f12, 0x23456020, 0x50000001 } },
	/* one page, SYSMEMBAR */
	{ { .pdb = 0x1000, .start = 0x1000, .end = 0x2000, .ack = true, .membar = true },
	  { 0x00001800, 0, 0x00001020, 0x50000000 } },
	/* the whole space */
	{ { .pdb = 0x123456000, .end = ~0ull, .ack = true, .membar = true },
	  { 0x00000800, 0, 0x23456020, 0x48000001 } },
	/* hub only: no ACK, no membar */
	{ { .pdb = 0x2000, .end = ~0ull, .ack = true, .membar = true, .hub_only = true },
	  { 0, 0, 0x00002002, 0x48000000 } },
	/* replay START, PTE_ONLY, of a directory nobody has */
	{ { .end = 1, .replay = 1, .level = 1 }, { 0, 0, 0x00000084, 0x50000000 } },
	/* START_ACK_ALL */
	{ { .end = 1, .replay = 2, .level = 1, .ack = true }, { 0, 0, 0x000000a8, 0x50000000 } },
	/* CANCEL_VA_GLOBAL of GR (64), all accesses */
	{ { .pdb = 0x123456000, .start = 0x7f1234567000, .cancel = true, .replay = 5, .level = 7,
	    .engine = 64 },
	  { 0x34567040, 0x00007f12, 0x23456394, 0x50000001 } },
	/* and of writes and atomics */
	{ { .pdb = 0x1000, .start = 0x5000, .cancel = true, .replay = 5, .level = 6, .engine = 65 },
	  { 0x00005041, 0, 0x00001314, 0x50000000 } },
};

static void memop_golden(void **state)
{
	u32 w[TU102_MEMOP_WORDS];

	for (unsigned int i = 0; i < ARRAY_SIZE(golden); i++) {
		tu102_memop_encode(w, &golden[i].op);
		for (unsigned int k = 0; k < TU102_MEMOP_WORDS; k++)
			if (w[k] != golden[i].want[k])
				fail_msg("case %u: MEM_OP_%c is %08x, not %08x", i, 'A' + k, w[k],
					 golden[i].want[k]);
	}
}

static bool covers(u64 start, u64 end, unsigned int order)
{
	u64 first = start & ~((4096ull << order) - 1);

	return first <= start && end - first <= 4096ull << order;
}

/* OPERATION 0x16 in 31:27, TYPE TARGETED 3, TARGETED_TYPE MIMC 0 at 2, BANK in 6:3. */
static void memop_counter(void **state)
{
	struct tu102_memop op = { .clear_counter = true, .tag = 0xabcde, .bank = 11 };
	u32 w[TU102_MEMOP_WORDS];

	tu102_memop_encode(w, &op);
	assert_int_equal(w[0], 0);
	assert_int_equal(w[1], 0);
	assert_int_equal(w[2], 0xabcde);
	assert_int_equal(w[3], 0xb000005b);
}

static void memop_regions(void **state)
{
	unit_seed();
	for (unsigned int i = 0; i < 100000; i++) {
		u64 start = (unit_random() & ((1ull << 47) - 1)) & ~4095ull;
		u64 end = start + (1 + (unit_random() >> 40) % (1ull << unit_random() % 20)) * 4096;
		unsigned int order = tu102_memop_order(start, end);
		struct tu102_memop op = { .start = start, .end = end };
		u32 w[TU102_MEMOP_WORDS];

		assert_in_range(order, 0, TU102_MEMOP_MAX_ORDER);
		tu102_memop_encode(w, &op);
		if (order == TU102_MEMOP_MAX_ORDER) {
			assert_int_equal(w[3] >> 27, 9);
			continue;
		}
		assert_true(covers(start, end, order));
		if (order)
			assert_false(covers(start, end, order - 1));
		assert_int_equal(w[3] >> 27, 0xa);
		assert_int_equal(w[0] & 0x3f, order);
		assert_int_equal(((u64)w[1] << 32 | (w[0] & ~0xfffu)) % (4096ull << order), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memop_golden),
		cmocka_unit_test(memop_counter),
		cmocka_unit_test(memop_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
