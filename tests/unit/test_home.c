// SPDX-License-Identifier: MIT
/* How much comes home for a CPU that walks over memory in VRAM, against tables. */
#include "unit.h"

#include "nouveau_dmem_stream.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define MOST NOUVEAU_DMEM_AHEAD_MAX

static const int mm1, mm2;

/* A fault: what is fetched is aligned around it. Returns how much that is. */
static u64 fault(struct nouveau_dmem_streams *st, const void *mm, u64 va, u32 least, u32 most)
{
	u32 pages = nouveau_dmem_stream_pages(st, mm, va, least, most);
	u64 bytes = (u64)pages << 12, piece = bytes < 2 * MIB ? bytes : 2 * MIB;

	nouveau_dmem_stream_note(st, mm, va, (va & ~(piece - 1)) + bytes, pages);
	return bytes;
}

static void walk(void **state)
{
	static const struct {
		const char *what;
		u32 least, most;
		u64 fetched[9];
	} cases[] = {
		{ "pages", 16, MOST, { 64 * KIB, 256 * KIB, 2 * MIB, 4 * MIB, 8 * MIB, 16 * MIB,
				       16 * MIB, 16 * MIB } },
		{ "huge pages", 512, MOST, { 2 * MIB, 4 * MIB, 8 * MIB, 16 * MIB, 16 * MIB } },
		{ "a block at most", 16, 512, { 64 * KIB, 256 * KIB, 2 * MIB, 2 * MIB } },
		{ "nothing ahead", 16, 16, { 64 * KIB, 64 * KIB, 64 * KIB } },
		{ "the least is a block, and the most", 512, 1, { 2 * MIB, 2 * MIB } },
		{ "a page", 1, MOST, { 4 * KIB, 256 * KIB, 2 * MIB, 4 * MIB } },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nouveau_dmem_streams st = { 0 };
		u64 va = 64 * MIB;

		for (unsigned int k = 0; cases[i].fetched[k]; k++) {
			u64 got = fault(&st, &mm1, va, cases[i].least, cases[i].most);

			if (got != cases[i].fetched[k])
				fail_msg("%s: fetch %u has %llu KiB", cases[i].what, k, got / KIB);
			/* the CPU comes to the end of that */
			va = st.s[0].next;
		}
	}
}

static void others(void **state)
{
	struct nouveau_dmem_streams st = { 0 };

	/* going back, jumping far ahead, another process: no stream */
	assert_int_equal(fault(&st, &mm1, 64 * MIB, 16, MOST), 64 * KIB);
	assert_int_equal(fault(&st, &mm1, 64 * MIB - 64 * KIB, 16, MOST), 64 * KIB);
	assert_int_equal(fault(&st, &mm1, 80 * MIB, 16, MOST), 64 * KIB);
	assert_int_equal(fault(&st, &mm2, 80 * MIB + 64 * KIB, 16, MOST), 64 * KIB);
	/* three walks at a time do not disturb each other */
	assert_int_equal(fault(&st, &mm1, 80 * MIB + 64 * KIB, 16, MOST), 256 * KIB);
	assert_int_equal(fault(&st, &mm2, 80 * MIB + 128 * KIB, 16, MOST), 256 * KIB);
	assert_int_equal(fault(&st, &mm1, 64 * MIB + 64 * KIB, 16, MOST), 256 * KIB);
	/* it may leave out as much as came last, not more */
	assert_int_equal(nouveau_dmem_stream_pages(&st, &mm1, 64 * MIB + 512 * KIB - 1, 16, MOST),
			 512);
	assert_int_equal(nouveau_dmem_stream_pages(&st, &mm1, 64 * MIB + 512 * KIB, 16, MOST), 16);
}

/* Whoever comes least recently is forgotten; what is asked for is never exceeded. */
static void bounds(void **state)
{
	struct nouveau_dmem_streams st = { 0 };

	for (unsigned int i = 0; i <= NOUVEAU_DMEM_STREAMS; i++)
		fault(&st, &mm1, i * 1024 * MIB, 16, MOST);
	assert_int_equal(nouveau_dmem_stream_pages(&st, &mm1, 64 * KIB, 16, MOST), 16);
	assert_int_equal(nouveau_dmem_stream_pages(&st, &mm1, 1024 * MIB + 64 * KIB, 16, MOST),
			 64);
	unit_seed();
	for (unsigned int i = 0; i < 100000; i++) {
		u32 least = 1u << unit_random() % 10, most = 1u << unit_random() % 13;
		u64 va = unit_random() % (64 * MIB) & ~4095ull;
		u64 got = fault(&st, unit_random() % 2 ? &mm1 : &mm2, va, least, most) >> 12;

		assert_in_range(got, least, least > most ? least : most);
		assert_int_equal(got & (got - 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk),
		cmocka_unit_test(others),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
