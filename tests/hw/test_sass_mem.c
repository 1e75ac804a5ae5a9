// SPDX-License-Identifier: MIT
/*
 * Loads and stores of every size in every space, constants by index. Expected
 * values are put together from bytes; each lane has data of its own.
 */
#include "launch.h"
#include "nvhw/undocumented.h"
#include "sassasm_mem.h"

static struct gputest gt;
static struct launch_env e;
static uint8_t *bytes;

#define IN_STRIDE	32		/* bytes of input per lane, from 0 */
#define OUT		0x4000
#define OUT_STRIDE	256
#define POISON		0xdeadbeef

static const unsigned int size_of[MEM_TYPES] = { 1, 1, 2, 2, 4, 8, 16 };

static int setup(void **state)
{
	uint32_t x = 0x12345678;

	le_start(&e, &gt);
	bytes = (uint8_t *)e.data;
	for (unsigned int i = 0; i < 32 * IN_STRIDE; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = x >> 24;
	}
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

/* R10:R11 = this lane's input, R12:R13 = its output, R14 = its part of @s. */
static void prologue(enum space s)
{
	PROGRAM(&e, a_s2r(0, 0x21), a_mov(4, (uint32_t)L_DATA_VA),
		a_mov(5, (uint32_t)(L_DATA_VA >> 32)), a_wide(10, 0, IN_STRIDE, 4),
		a_addi(4, 4, OUT), a_wide(12, 0, OUT_STRIDE, 4),
		a_mad(14, 0, s == SHARED ? OUT_STRIDE : 0, ARZ));
}

/* The address register of @s: near memory has 32-bit ones. */
static unsigned int base(enum space s, unsigned int far)
{
	return s == SHARED || s == LOCAL ? 14 : far;
}

static void run_all(void)
{
	uint32_t *q;

	le_emit(&e, a_exit());
	q = le_qmd(&e, 1, 32);
	qmd_set(q, 561, 544, 32 * OUT_STRIDE);
	qmd_set(q, 951, 928, OUT_STRIDE);
	memset(bytes + OUT, 0xcc, 32 * OUT_STRIDE);
	assert_true(le_run(&e, 5000));
}

/* What register @n of a load of @t at @p holds. */
static uint32_t loaded(enum mem_type t, const uint8_t *p, unsigned int n)
{
	uint32_t v = 0;

	if (4 * n >= size_of[t])
		return POISON;
	for (unsigned int i = 0; i < 4 && 4 * n + i < size_of[t]; i++)
		v |= (uint32_t)p[4 * n + i] << 8 * i;
	if (t == S8 && v >= 0x80)
		v |= 0xffffff00;
	if (t == S16 && v >= 0x8000)
		v |= 0xffff0000;
	return v;
}

/* Two places to load from, the second one aligned to no more than the size. */
static unsigned int offset_of(enum mem_type t, unsigned int k)
{
	return 3 * k * size_of[t] % IN_STRIDE;
}

static uint32_t out(unsigned int lane, unsigned int off)
{
	uint32_t v;

	memcpy(&v, bytes + OUT + lane * OUT_STRIDE + off, 4);
	return v;
}

static void check_slot(enum space s, enum mem_type t, unsigned int off, unsigned int slot)
{
	for (unsigned int n = 0; n < 4 * 32; n++) {
		unsigned int lane = n / 4, r = n % 4;
		uint32_t want = loaded(t, bytes + lane * IN_STRIDE + off, r);
		uint32_t got = out(lane, slot + 4 * r);

		if (got != want)
			fail_msg("space %u type %u lane %u word %u: %08x, not %08x", s, t, lane, r,
				 got, want);
	}
}

static void check_loads(enum space s)
{
	unsigned int slot = 0;

	prologue(s);
	for (unsigned int i = 0; s >= SHARED && i < IN_STRIDE; i += 4) {
		le_emit(&e, a_ld(20, 10, i, B32));
		le_emit(&e, a_store(s, 14, i, 20, B32));
	}
	for (enum mem_type t = U8; t < MEM_TYPES; t++) {
		for (unsigned int k = 0; k < 2; k++, slot += 16) {
			for (unsigned int r = 20; r < 24; r++)
				le_emit(&e, a_mov(r, POISON));
			le_emit(&e, a_load(s, 20, base(s, 10), offset_of(t, k), t));
			for (unsigned int r = 20; r < 24; r++)
				le_emit(&e, a_st(12, slot + 4 * (r - 20), r, B32));
		}
	}
	run_all();
	slot = 0;
	for (enum mem_type t = U8; t < MEM_TYPES; t++) {
		for (unsigned int k = 0; k < 2; k++, slot += 16)
			check_slot(s, t, offset_of(t, k), slot);
	}
}

static void check_stores(enum space s)
{
	uint8_t want[MEM_TYPES * 16];

	prologue(s);
	for (unsigned int r = 0; r < 4; r++)
		le_emit(&e, a_ld(20 + r, 10, 4 * r, B32));
	le_emit(&e, a_mov(24, 0xcccccccc));
	for (unsigned int i = 0; s >= SHARED && i < sizeof(want); i += 4)
		le_emit(&e, a_store(s, 14, i, 24, B32));
	for (enum mem_type t = U8; t < MEM_TYPES; t++)
		le_emit(&e, a_store(s, base(s, 12), 16 * t + size_of[t] % 16, 20, t));
	for (unsigned int i = 0; s >= SHARED && i < sizeof(want); i += 4) {
		le_emit(&e, a_load(s, 24, 14, i, B32));
		le_emit(&e, a_st(12, i, 24, B32));
	}
	run_all();
	for (unsigned int lane = 0; lane < 32; lane++) {
		memset(want, 0xcc, sizeof(want));
		for (enum mem_type t = U8; t < MEM_TYPES; t++)
			memcpy(want + 16 * t + size_of[t] % 16, bytes + lane * IN_STRIDE,
			       size_of[t]);
		assert_memory_equal(bytes + OUT + lane * OUT_STRIDE, want, sizeof(want));
	}
}

static void test_loads(void **state)
{
	for (enum space s = GENERIC; s <= LOCAL; s++)
		check_loads(s);
}

static void test_stores(void **state)
{
	for (enum space s = GENERIC; s <= LOCAL; s++)
		check_stores(s);
}

/* One generic load whose lanes go to all three kinds of memory; others are off, and wild. */
static void test_mixed_spaces(void **state)
{
	prologue(SHARED);
	le_emit(&e, a_ld(20, 10, 0, B32));
	le_emit(&e, a_store(SHARED, 14, 4, 20, B32));
	le_emit(&e, a_ld(20, 10, 4, B32));
	le_emit(&e, a_store(LOCAL, ARZ, 8, 20, B32));
	le_emit(&e, a_lop(21, 0, 3, 0xc0));
	/* R30:R31: 0 global, 1 shared window, 2 local window, 3 misaligned nonsense */
	le_emit(&e, a_wide(30, ARZ, 0, 10));
	le_emit(&e, a_setp(0, 2, 21, 1));
	le_emit(&e, guard(a_addi(30, 14, 0xfe000004 - 8), 0));
	le_emit(&e, guard(a_mov(31, 0), 0));
	le_emit(&e, a_setp(1, 2, 21, 2));
	le_emit(&e, guard(a_mov(30, 0xff000000), 1));
	le_emit(&e, guard(a_mov(31, 0), 1));
	le_emit(&e, a_setp(2, 2, 21, 3));
	le_emit(&e, guard(a_mov(30, 0xfff), 2));
	le_emit(&e, guard(a_mov(31, 0x7fffffff), 2));
	le_emit(&e, a_mov(22, POISON));
	le_emit(&e, guard(a_ld(22, 30, 8, B32), 2 | 8));
	le_emit(&e, a_st(12, 0, 22, B32));
	run_all();
	for (unsigned int lane = 0; lane < 32; lane++) {
		const uint8_t *in = bytes + lane * IN_STRIDE;

		assert_int_equal(out(lane, 0), lane % 4 == 3 ? POISON :
				 loaded(B32, in + (lane % 4 == 0 ? 8 : lane % 4 == 1 ? 0 : 4), 0));
	}
}

/* Displacements are signed; a load may replace its own address. */
static void test_displacement(void **state)
{
	prologue(GENERIC);
	le_emit(&e, a_wide(16, ARZ, 0, 10));		/* R16:17 = R10:11 */
	le_emit(&e, a_addi(16, 16, 0x100000));
	le_emit(&e, a_load(GLOBAL, 16, 16, (uint32_t)-0x100000 + 8, B64));
	le_emit(&e, a_store(GLOBAL, 12, 0, 16, B64));
	le_emit(&e, a_store(GLOBAL, 12, 8, ARZ, B64));
	run_all();
	for (unsigned int lane = 0; lane < 32; lane++) {
		static const uint8_t zero[8];
		const uint8_t *out = bytes + OUT + lane * OUT_STRIDE;

		assert_memory_equal(out, bytes + lane * IN_STRIDE + 8, 8);
		assert_memory_equal(out + 8, zero, 8);
	}
}

/* Sizes and signs, an index per lane, banks by index, zeros past the end. */
static void test_constants_by_index(void **state)
{
	uint8_t *c = (uint8_t *)e.constants;
	static const struct {
		enum mem_type t;
		unsigned int bank, mode, stride, off;
	} t[] = {
		{ U8, 0, 0, 3, 0x41 }, { S8, 0, 0, 5, 0x41 }, { U16, 0, 0, 6, 0x102 },
		{ S16, 0, 0, 10, 0x40 }, { B32, 0, 0, 12, 0x200 }, { B64, 0, 0, 24, 0x208 },
		{ B32, 0, 0, 4, 0xfc0 },		/* lanes 16 up are past the end */
		{ B32, 5, 0, 4, 0 },			/* not bound */
		{ B32, 0, 1, 4, 0x300 },		/* banks 0 and, from lane 16 on, 1 */
	};

	for (unsigned int i = 0; i < 0x1000; i++)
		c[i] = (i * 167 + (i >> 8)) ^ i >> 3;
	for (unsigned int n = 0; n < sizeof(t) / sizeof(t[0]); n++) {
		prologue(GENERIC);
		le_emit(&e, a_mov(20, POISON));
		le_emit(&e, a_mov(21, POISON));
		le_emit(&e, a_mad(15, 0, t[n].stride, ARZ));
		if (t[n].mode) {	/* lanes 16..31 address bank 1, offset 0 up */
			le_emit(&e, a_setp(0, 6, 0, 16));
			le_emit(&e, guard(a_addi(15, 15, 0x10000 - 64), 0));
		}
		le_emit(&e, a_ldc(20, 15, t[n].bank, t[n].off, t[n].t, t[n].mode));
		le_emit(&e, a_st(12, 0, 20, B32));
		le_emit(&e, a_st(12, 4, 21, B32));
		run_all();
		for (unsigned int lane = 0; lane < 32; lane++) {
			uint32_t at = t[n].off + lane * t[n].stride, got = out(lane, 0);
			bool none = at >= 0x1000 || t[n].bank || (t[n].mode && lane >= 16);
			uint32_t want = none ? 0 : loaded(t[n].t, c + at, 0);

			if (got != want)
				fail_msg("case %u lane %u: %08x, not %08x", n, lane, got, want);
			assert_int_equal(out(lane, 4), loaded(t[n].t, c + at, 1));
		}
	}
}

/* One lane that may not: the warp stops before any lane has stored. */
static void check_trap(struct insn bad, unsigned int esr)
{
	le_open(&e, &gt, e.c.chid + 1);
	bytes = (uint8_t *)e.data;
	gt_runlist(&gt, 0, (struct gt_chan *[]){ &e.c }, 1);
	le_setup(&e);
	prologue(GENERIC);
	le_emit(&e, a_setp(0, 2, 0, 31));
	le_emit(&e, guard(a_addi(14, 14, 1), 0));
	le_emit(&e, guard(a_addi(12, 12, 1), 0));
	le_emit(&e, bad);
	le_emit(&e, a_exit());
	le_qmd(&e, 1, 32);
	le_launch(&e);
	gt_kick(&e.c);
	assert_true(sim_poll32(gt.sim, GR_TRAP, 1u << 24, 1u << 24, 2000));
	assert_int_equal(gt_rd(&gt, WARP_ESR(0, 0)) & 0xffff, esr);
	for (unsigned int i = 0; i < 32 * OUT_STRIDE; i++)
		assert_int_equal(bytes[OUT + i], 0);
	assert_true(le_kill(&e));
}

static void test_traps(void **state)
{
	check_trap(a_store(GLOBAL, 12, 0, 0, U16), NVX_SM_WARP_ERROR_MISALIGNED_ADDR);
	check_trap(a_store(GENERIC, 12, 0, 0, B128), NVX_SM_WARP_ERROR_MISALIGNED_ADDR);
	/* This launch has neither shared nor local memory. */
	check_trap(a_store(SHARED, 14, 0, 0, U8), NVX_SM_WARP_ERROR_OOR_ADDR);
	check_trap(a_load(LOCAL, 20, 14, 0, U8), NVX_SM_WARP_ERROR_OOR_ADDR);
	check_trap(a_ldc(20, 14, 0, 0, U16, 0), NVX_SM_WARP_ERROR_MISALIGNED_ADDR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_loads), T(test_stores), T(test_mixed_spaces), T(test_displacement),
		T(test_constants_by_index), T(test_traps),
	};

	return cmocka_run_group_tests_name("sass_mem", tests, NULL, NULL);
}
