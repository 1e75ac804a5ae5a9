// SPDX-License-Identifier: MIT
/*
 * What each atomic does to memory and hands back, for every type and form, on
 * edge values. The reference computes in the C type the encoding names.
 */
#include <fenv.h>
#include <math.h>

#include "launch.h"
#include "sassasm_mem.h"

static struct gputest gt;
static struct launch_env e;

/* Eight bytes per lane of each. */
static uint64_t *mem, *operand, *swap, *result;

#define MEM	0x0000
#define OPERAND	0x1000
#define SWAP	0x2000
#define RESULT	0x3000
#define POISON	0xdeadbeefdeadbeefull

static int setup(void **state)
{
	le_start(&e, &gt);
	mem = (uint64_t *)((uint8_t *)e.data + MEM);
	operand = (uint64_t *)((uint8_t *)e.data + OPERAND);
	swap = (uint64_t *)((uint8_t *)e.data + SWAP);
	result = (uint64_t *)((uint8_t *)e.data + RESULT);
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

#define INTEGER(name, type, utype) \
	static uint64_t name(unsigned int op, uint64_t m, uint64_t o, uint64_t s) \
	{ \
		type a = (type)m, b = (type)o; \
		utype ua = (utype)m, ub = (utype)o; \
		switch (op) { \
		case ADD: return (utype)(ua + ub); \
		case MIN: return (utype)(a < b ? a : b); \
		case MAX: return (utype)(a > b ? a : b); \
		case INC: return ua >= ub ? 0 : ua + 1; \
		case DEC: return ua == 0 || ua > ub ? ub : ua - 1; \
		case AND: return ua & ub; \
		case OR: return ua | ub; \
		case XOR: return ua ^ ub; \
		case EXCH: return ub; \
		default: return ua == ub ? (utype)s : ua; \
		} \
	}

INTEGER(ref_u32, uint32_t, uint32_t)
INTEGER(ref_s32, int32_t, uint32_t)
INTEGER(ref_u64, uint64_t, uint64_t)
INTEGER(ref_s64, int64_t, uint64_t)

/* Denormals count as zeros of their sign; NaN is one value. */
static float flushed(float f)
{
	return fpclassify(f) == FP_SUBNORMAL ? copysignf(0, f) : f;
}

static uint64_t ref_f32(unsigned int op, uint64_t m, uint64_t o, uint64_t s)
{
	uint32_t bits = (uint32_t)m;
	float a, b;

	if (op == EXCH)
		return (uint32_t)o;
	memcpy(&a, &bits, 4);
	bits = (uint32_t)o;
	memcpy(&b, &bits, 4);
	a = flushed((float)((double)flushed(a) + (double)flushed(b)));
	memcpy(&bits, &a, 4);
	return isnan(a) ? 0x7fffffff : bits;
}

static uint64_t ref_f64(unsigned int op, uint64_t m, uint64_t o, uint64_t s)
{
	uint64_t bits;
	double a, b;

	if (op == EXCH)
		return o;
	memcpy(&a, &m, 8);
	memcpy(&b, &o, 8);
	a += b;
	memcpy(&bits, &a, 8);
	return isnan(a) ? 0xfff8000000000000 : bits;
}

static uint64_t (*const reference[])(unsigned int op, uint64_t m, uint64_t o, uint64_t s) = {
	[A_U32] = ref_u32, [A_S32] = ref_s32, [A_U64] = ref_u64, [A_F32] = ref_f32,
	[A_S64] = ref_s64, [A_F64] = ref_f64,
};

static bool wide(enum atom_type t)
{
	return t == A_U64 || t == A_S64 || t == A_F64;
}

static uint64_t edge(enum atom_type t, unsigned int n)
{
	static const uint64_t ints[] = {
		0, 1, 2, ~0ull, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7fffffffffffffff, 0x8000000000000000, 0x123456789abcdef0, 0xfffffffe00000005,
	};
	static const uint32_t floats[] = {
		0, 0x80000000, 1, 0x807fffff, 0x00800000, 0x80800001, 0x3f800000, 0xbf800000,
		0x33800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc12345, 0x4b800001,
	};
	static const uint64_t doubles[] = {
		0, 1ull << 63, 1, 0x8000000000000001, 0x3ff0000000000000, 0xbff0000000000000,
		0x3ca0000000000000, 0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000,
		0x7ff8000000000123, 0x4340000000000001,
	};

	if (t == A_F32)
		return floats[n % (sizeof(floats) / sizeof(floats[0]))] | 0x5aull << 56;
	if (t == A_F64)
		return doubles[n % (sizeof(doubles) / sizeof(doubles[0]))];
	return ints[n % (sizeof(ints) / sizeof(ints[0]))];
}

/* R10, R12, R14, R16: this lane's memory, operand, value to swap in, result. */
static void program(enum atom_form f, unsigned int op, enum atom_type t)
{
	const uint32_t lo = (uint32_t)L_DATA_VA;

	PROGRAM(&e, a_s2r(0, 0x21), a_mov(4, lo + MEM), a_mov(5, (uint32_t)(L_DATA_VA >> 32)),
		a_wide(10, 0, 8, 4), a_mov(4, lo + OPERAND), a_wide(12, 0, 8, 4),
		a_mov(4, lo + SWAP), a_wide(14, 0, 8, 4), a_mov(4, lo + RESULT),
		a_wide(16, 0, 8, 4), a_ld(20, 12, 0, B64), a_ld(22, 14, 0, B64),
		a_mov(24, (uint32_t)POISON), a_mov(25, (uint32_t)(POISON >> 32)));
	if (f == ATOMS) {
		le_emit(&e, a_mad(18, 0, 8, ARZ));
		le_emit(&e, a_ld(26, 10, 0, B64));
		le_emit(&e, a_store(SHARED, 18, 0, 26, B64));
	}
	le_emit(&e, a_atomic(f, op, f == RED ? ARZ : 24, f == ATOMS ? 18 : 10, 20, 22, t));
	if (f == ATOMS) {
		le_emit(&e, a_load(SHARED, 26, 18, 0, B64));
		le_emit(&e, a_st(10, 0, 26, B64));
	}
	le_emit(&e, a_st(16, 0, 24, B64));
	le_emit(&e, a_exit());
}

static void check(enum atom_form f, unsigned int op, enum atom_type t)
{
	const uint64_t low = wide(t) ? ~0ull : 0xffffffff;
	uint64_t before[32];

	program(f, op, t);
	for (unsigned int round = 0; round < 6; round++) {
		qmd_set(le_qmd(&e, 1, 32), 561, 544, 256);
		for (unsigned int i = 0; i < 32; i++) {
			before[i] = mem[i] = edge(t, i);
			operand[i] = op == CAS && i & 1 ? mem[i] : edge(t, i / 12 + 3 * round);
			swap[i] = 0x1111111122222222ull * (i + 1);
		}
		assert_true(le_run(&e, 5000));
		for (unsigned int i = 0; i < 32; i++) {
			uint64_t want = reference[t](op, before[i], operand[i], swap[i]);
			uint64_t old = (before[i] & low) | (POISON & ~low);

			want = (want & low) | (before[i] & ~low);
			if (mem[i] != want)
				fail_msg("form %u op %u type %u: %llx by %llx gives %llx, not %llx",
					 f, op, t, (unsigned long long)before[i],
					 (unsigned long long)operand[i], (unsigned long long)mem[i],
					 (unsigned long long)want);
			assert_true(result[i] == (f == RED ? POISON : old));
		}
	}
}

static void check_form(enum atom_form f)
{
	for (unsigned int op = ADD; op <= (f == RED ? XOR : EXCH); op++) {
		check(f, op, A_U32);
		check(f, op, A_U64);
		if (op == MIN || op == MAX) {
			check(f, op, A_S32);
			if (f != ATOMS)
				check(f, op, A_S64);
		}
	}
}

static void test_atom(void **state) { check_form(ATOM); }
static void test_atomg(void **state) { check_form(ATOMG); }
static void test_red(void **state) { check_form(RED); }
static void test_atoms(void **state) { check_form(ATOMS); }

static void test_compare_and_swap(void **state)
{
	for (enum atom_form f = ATOM; f <= ATOMS; f++) {
		if (f == RED)
			continue;
		check(f, CAS, A_U32);
		check(f, CAS, A_U64);
	}
}

static void test_float(void **state)
{
	for (enum atom_form f = ATOM; f <= RED; f++) {
		check(f, ADD, A_F32);
		check(f, ADD, A_F64);
	}
}

/* Lanes on one double: every addend counts. */
static void test_float_sum(void **state)
{
	double sum = 0.5, addend[32];

	program(ATOMG, ADD, A_F64);
	/* in place of this lane's address: the first one's, for all */
	((struct insn *)e.code)[3] = a_wide(10, 0, 0, 4);
	memcpy(mem, &sum, 8);
	for (unsigned int i = 0; i < 32; i++) {
		addend[i] = i * 0.25;
		sum += addend[i];
		memcpy(operand + i, addend + i, 8);
	}
	le_qmd(&e, 1, 32);
	assert_true(le_run(&e, 5000));
	assert_memory_equal(mem, &sum, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_atom), T(test_atomg), T(test_red), T(test_atoms),
		T(test_compare_and_swap), T(test_float), T(test_float_sum),
	};

	return cmocka_run_group_tests_name("sass_atom", tests, NULL, NULL);
}
