// SPDX-License-Identifier: MIT
/*
 * Constants that a uniform pair describes (cx[UR]), parts of words in a constant bank,
 * and loads with a predicate, through launches.
 */
#include "picture.h"
#include "sassasm_mem.h"

#define CX	(L_DATA_VA + P_TEXELS)

static struct insn a_umov(unsigned int d, uint32_t imm)
{
	return field(field(op12(0x882), 16, 8, d), 32, 32, imm);
}

/* 45 bits of address and 19 of size, in units of 16 bytes. */
static uint64_t describe(uint64_t va, unsigned int bytes)
{
	return va >> 4 | (uint64_t)(bytes >> 4) << 45;
}

/* UR4:UR5 describe; then @op, and R32 to the results of each lane. */
static void run_described(uint64_t d, struct insn op, struct insn after)
{
	PROGRAM(&e, a_s2r(0, 0x21), a_mov(4, (uint32_t)L_DATA_VA),
		a_mov(5, (uint32_t)(L_DATA_VA >> 32)), a_wide(2, 0, 4 * WORDS, 4),
		a_umov(4, (uint32_t)d), a_umov(5, (uint32_t)(d >> 32)), a_mov(33, 0), op, after,
		a_st(2, P_OUT, 32, 5), a_exit());
	le_qmd(&e, 1, LANES);
	assert_true(le_run(&e, 5000));
}

/* c[][] of @i made one of UR4's. */
static struct insn cx(struct insn i, uint32_t off)
{
	return field(field(field(field(i, 32, 27, 0), 32, 6, 4), 38, 16, off), 91, 1, 1);
}

static void test_described(void **state)
{
	uint32_t *k = (uint32_t *)texels_of(0);

	for (uint32_t i = 0; i < 64; i++)
		k[i] = 0x5000 + i;
	run_described(describe(CX, 256), cx(a_movc(32, 0, 0), 12), a_nop());
	assert_int_equal(out[5][0], 0x5003);
	/* In the third place of an instruction: R32 = R0 * R0 + cx. */
	run_described(describe(CX, 256), cx(rrc(0x024, 32, 0, 0, 0, 0), 20), a_nop());
	assert_int_equal(out[7][0], 49 + 0x5005);
	/* Past its end there are zeros; another description is other memory. */
	run_described(describe(CX, 32), cx(a_movc(32, 0, 0), 32), a_nop());
	assert_int_equal(out[9][0], 0);
	run_described(describe(CX + 64, 64), cx(a_movc(32, 0, 0), 4), a_nop());
	assert_int_equal(out[9][0], 0x5011);
	/* What is cached stays until it is invalidated, as every launch here does. */
	k[17] = 0x7777;
	run_described(describe(CX + 64, 64), cx(a_movc(32, 0, 0), 4), a_nop());
	assert_int_equal(out[9][0], 0x7777);
}

static void test_described_loads(void **state)
{
	uint32_t *k = (uint32_t *)texels_of(0);
	struct insn ldc = field(field(field(op12(0x582), 16, 8, 32), 24, 8, 4), 64, 8, 1);
	struct insn uldc = field(field(op12(0xab9), 16, 8, 6), 24, 8, 4);

	for (uint32_t i = 0; i < 64; i++)
		k[i] = 0x5000 + i;
	/* Indexed by each lane, 64 bits: cx[UR4][R1 + 8]. */
	ldc = field(field(field(ldc, 38, 16, 8), 73, 3, B64), 91, 1, 1);
	PROGRAM(&e, a_s2r(0, 0x21), a_mov(4, (uint32_t)L_DATA_VA),
		a_mov(5, (uint32_t)(L_DATA_VA >> 32)), a_wide(2, 0, 4 * WORDS, 4),
		a_umov(4, (uint32_t)describe(CX, 256)),
		a_umov(5, (uint32_t)(describe(CX, 256) >> 32)), a_mad(1, 0, 8, ARZ), ldc,
		a_st(2, P_OUT, 32, 5), a_exit());
	le_qmd(&e, 1, LANES);
	assert_true(le_run(&e, 5000));
	for (unsigned int i = 0; i < LANES; i++) {
		assert_int_equal(out[i][0], i < 31 ? 0x5002 + 2 * i : 0);
		assert_int_equal(out[i][1], i < 31 ? 0x5003 + 2 * i : 0);
	}
	uldc = field(field(field(uldc, 38, 16, 0x1e), 73, 3, U16), 91, 1, 1);
	run_described(describe(CX, 256), uldc,
		      field(field(field(op12(0xc02), 16, 8, 32), 32, 8, 6), 72, 4, 15));
	assert_int_equal(out[3][0], 0);		/* the upper half of 0x5007 */
	uldc = field(uldc, 38, 16, 0x1c);
	run_described(describe(CX, 256), uldc,
		      field(field(field(op12(0xc02), 16, 8, 32), 32, 8, 6), 72, 4, 15));
	assert_int_equal(out[3][0], 0x5007);
}

/* I2F of the bytes and halves of a word in bank 0. */
static void test_parts_of_words(void **state)
{
	e.constants[4] = 0x89abcdef;
	for (unsigned int i = 0; i < 4; i++) {
		struct insn b = field(rcr(0x106, 32, 0, 0, 16 + i, 0), 75, 2, 2);

		run_described(0, b, a_nop());
		assert_int_equal(out[0][0], of_f(0x89abcdef >> 8 * i & 0xff));
		run_described(0, field(b, 74, 1, 1), a_nop());
		assert_int_equal(out[0][0], of_f((int8_t)(0x89abcdef >> 8 * i)));
		if (i & 1)
			continue;
		run_described(0, field(b, 84, 2, 1), a_nop());
		assert_int_equal(out[0][0], of_f(0x89abcdef >> 8 * i & 0xffff));
	}
}

/* LDG, P1: where P1 does not hold the result is zero and nothing is accessed. */
static void test_predicate(void **state)
{
	struct insn ld = field(a_load(GLOBAL, 32, 6, 0, B64), 64, 3, 7 - 1);

	for (unsigned int sign = 0; sign < 2; sign++) {
		PROGRAM(&e, a_s2r(0, 0x21), a_mov(4, (uint32_t)L_DATA_VA),
			a_mov(5, (uint32_t)(L_DATA_VA >> 32)), a_wide(2, 0, 4 * WORDS, 4),
			a_movr(6, 2), a_movr(7, 3), a_setp(1, 1, 0, 16),
			/* the others point to where nothing is */
			guard(a_mov(7, (uint32_t)(L_HOLE_VA >> 32)), sign ? 1 : 1 | 8),
			a_mov(32, 99), a_mov(33, 99), field(ld, 67, 1, sign),
			a_st(2, P_OUT, 32, 5), a_exit());
		for (unsigned int i = 0; i < LANES; i++) {
			in[i][0] = 1000 + i;
			in[i][1] = 2000 + i;
		}
		le_qmd(&e, 1, LANES);
		assert_true(le_run(&e, 5000));
		for (unsigned int i = 0; i < LANES; i++) {
			bool loads = sign ? i >= 16 : i < 16;

			assert_int_equal(out[i][0], loads ? 1000 + i : 0);
			assert_int_equal(out[i][1], loads ? 2000 + i : 0);
		}
	}
}

#define T(t) cmocka_unit_test_setup_teardown(t, picture_setup, picture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_described), T(test_described_loads), T(test_parts_of_words),
		T(test_predicate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
