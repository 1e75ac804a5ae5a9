// SPDX-License-Identifier: MIT
/*
 * Copy-engine methods: the words of one copy and one fill by hand from clc5b5.h,
 * then random batches, executed by a copy engine of a few lines and compared
 * with memcpy().
 */
#include "unit.h"

#include "tu102_ce.h"

#define MEMORY	4096

static const struct tu102_ce_addr vram = { TU102_APERTURE_VRAM, 0x123456000 };
static const struct tu102_ce_addr sys = { TU102_APERTURE_SYS, 0x7fabcdef000 };

static void ce_copy_words(void **state)
{
	static const u32 want[] = {
		0x20020098, 1, 0,				/* SRC coherent, DST local */
		0x20040100, 0x7fa, 0xbcdef000, 1, 0x23456000,	/* IN, OUT */
		0x20010106, 0x1000,				/* LINE_LENGTH_IN */
		0x200100c0, 0x3186,				/* NON_PIPELINED, physical, flush */
		/* the next one: modes stand, may overlap */
		0x20040100, 0x7fa, 0xbcdef000, 1, 0x23456000,
		0x20010106, 0x40,
		0x200100c0, 0x3185,
	};
	struct tu102_ce_state st = { 0 };
	struct nouveau_pb pb;
	u32 mem[64];

	nouveau_pb_init(&pb, mem, ARRAY_SIZE(mem));
	tu102_ce_copy(&pb, &st, vram, sys, 0x1000);
	tu102_ce_copy(&pb, &st, vram, sys, 0x40);
	assert_int_equal(nouveau_pb_bytes(&pb), sizeof(want));
	assert_memory_equal(mem, want, sizeof(want));
}

static void ce_fill_words(void **state)
{
	static const u32 want[] = {
		0x20020098, 0, 0,
		0x200201c1, 0xcafe, 0x00030005,			/* CONST_B; DST_X = it, 4 bytes */
		0x20020102, 1, 0x23456000,
		0x20010106, 0x400,				/* elements */
		0x200100c0, 0x3586,				/* with REMAP_ENABLE */
	};
	struct tu102_ce_state st = { 0 };
	struct nouveau_pb pb;
	u32 mem[64];

	nouveau_pb_init(&pb, mem, ARRAY_SIZE(mem));
	tu102_ce_fill(&pb, &st, vram, 0x1000, 0xcafe);
	assert_int_equal(nouveau_pb_bytes(&pb), sizeof(want));
	assert_memory_equal(mem, want, sizeof(want));
}

static void ce_op_words(void **state)
{
	struct tu102_ce_state st = { 0 };
	struct nouveau_pb pb;
	u32 mem[TU102_CE_OP_WORDS];

	nouveau_pb_init(&pb, mem, ARRAY_SIZE(mem));
	tu102_ce_copy(&pb, &st, vram, sys, 4);
	assert_true(nouveau_pb_ok(&pb));
	memset(&st, 0, sizeof(st));
	nouveau_pb_init(&pb, mem, ARRAY_SIZE(mem));
	tu102_ce_fill(&pb, &st, sys, 4, 0);
	assert_true(nouveau_pb_ok(&pb));
}

/* Two memories, and the registers of a copy engine. */
struct engine {
	u8 mem[2][MEMORY];
	u32 reg[0x800 / 4];
};

static u8 *engine_at(struct engine *e, u32 mode, u32 hi, u32 lo)
{
	assert_true(mode < 2);
	assert_int_equal(e->reg[hi / 4], 0);
	assert_true(e->reg[lo / 4] < MEMORY);
	return e->mem[mode] + e->reg[lo / 4];
}

static void engine_launch(struct engine *e, u32 launch)
{
	u8 *out = engine_at(e, e->reg[0x264 / 4], 0x408, 0x40c);
	u32 n = e->reg[0x418 / 4];

	if (launch & 1 << 10)
		for (u32 i = 0; i < n; i++)
			memcpy(out + i * 4, &e->reg[0x704 / 4], 4);
	else
		memcpy(out, engine_at(e, e->reg[0x260 / 4], 0x400, 0x404), n);
}

static void engine_run(struct engine *e, const u32 *w, unsigned int words)
{
	for (unsigned int i = 0; i < words;) {
		u32 count = w[i] >> 16 & 0x1fff, mthd = (w[i] & 0xfff) * 4;

		assert_int_equal(w[i++] >> 29, 1);
		for (; count--; mthd += 4) {
			assert_true(mthd < sizeof(e->reg));
			e->reg[mthd / 4] = w[i++];
			if (mthd == 0x300)
				engine_launch(e, w[i - 1]);
		}
	}
}

static void ce_random(void **state)
{
	static struct engine e;
	static u8 want[2][MEMORY];
	static u32 mem[1024];

	unit_seed();
	for (unsigned int i = 0; i < sizeof(e.mem); i++)
		want[i / MEMORY][i % MEMORY] = unit_random();
	memcpy(e.mem, want, sizeof(want));
	for (unsigned int round = 0; round < 500; round++) {
		struct tu102_ce_state st = { 0 };
		struct nouveau_pb pb;

		nouveau_pb_init(&pb, mem, ARRAY_SIZE(mem));
		for (unsigned int i = unit_random() % 20; i; i--) {
			u32 bytes = 4 * (1 + unit_random() % 64), value = unit_random();
			struct tu102_ce_addr a = { unit_random() % 2, unit_random() % 1024 };
			struct tu102_ce_addr b = { unit_random() % 2, 2048 + unit_random() % 1024 };

			if (unit_random() % 2) {
				tu102_ce_copy(&pb, &st, a, b, bytes);
				memcpy(want[a.aperture] + a.addr, want[b.aperture] + b.addr, bytes);
			} else {
				tu102_ce_fill(&pb, &st, b, bytes, value);
				for (u32 k = 0; k < bytes; k += 4)
					memcpy(want[b.aperture] + b.addr + k, &value, 4);
			}
		}
		assert_true(nouveau_pb_ok(&pb));
		engine_run(&e, mem, nouveau_pb_bytes(&pb) / 4);
		assert_memory_equal(e.mem, want, sizeof(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ce_copy_words),
		cmocka_unit_test(ce_fill_words),
		cmocka_unit_test(ce_op_words),
		cmocka_unit_test(ce_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
