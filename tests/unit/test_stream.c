// SPDX-License-Identifier: MIT
/*
 * Streams: tables of block sequences with what is to be fetched behind each, and
 * seeded random walks against the property that only what was predictable is.
 */
#include "unit.h"

#include <linux/kernel.h>

#include "nouveau_svm_policy.h"

#define GIB	(1ull << 30)
#define BASE	0x3fb1cc0ull		/* a block number of user space */

static const struct nouveau_svm_knobs *const K = &nouveau_svm_knobs_default;
static struct nouveau_svm_streams st;

static int reset(void **state)
{
	memset(&st, 0, sizeof(st));
	return 0;
}

/* A fault on @block with plenty of VRAM; all that is asked for gets fetched. */
static unsigned int seen(u64 block, s32 *stride)
{
	unsigned int n = nouveau_svm_stream_seen(&st, K, block, GIB, GIB, stride);

	if (n)
		nouveau_svm_stream_fetched(&st, n);
	return n;
}

/* Up, down, and with gaps: the depth doubles with each that was expected. */
static void depth_grows(void **state)
{
	static const s32 strides[] = { 1, -1, 2, -5, NOUVEAU_SVM_STRIDE_MAX };
	unsigned int i, k;
	s32 stride;

	for (i = 0; i < ARRAY_SIZE(strides); i++) {
		unsigned int walked = 2;
		u64 block = BASE;

		reset(state);
		assert_int_equal(seen(block, &stride), 0);
		block += strides[i];
		assert_int_equal(seen(block, &stride), 0);
		block += strides[i];
		for (k = 1; k <= K->stream_blocks + 3; k++) {
			unsigned int n = seen(block, &stride);

			assert_int_equal(n, min(1u << k, K->stream_blocks));
			walked += n + 1;
			assert_in_range(n, 1, walked);
			assert_int_equal(stride, strides[i]);
			/* what was fetched does not fault */
			block += (s64)(n + 1) * strides[i];
		}
	}
}

/* A fault in what was fetched too late is still of the stream. */
static void early_fault_continues(void **state)
{
	unsigned int i;
	s32 stride;

	for (i = 0; i < 6; i++)
		seen(BASE + i, &stride);
	assert_int_equal(st.n, 1);
	assert_int_equal(stride, 1);
	/* and does not have the same blocks fetched again and again */
	assert_int_equal(st.s[0].run, 5);
}

static void same_block_says_nothing(void **state)
{
	unsigned int i;
	s32 stride;

	for (i = 0; i < 50; i++)
		assert_int_equal(seen(BASE, &stride), 0);
	assert_int_equal(seen(BASE + 1, &stride), 0);
	for (i = 0; i < 50; i++)
		assert_int_equal(seen(BASE + 1, &stride), 0);
	assert_int_equal(seen(BASE + 2, &stride), 2);
}

/* c[i] = a[i] + b[i]: three streams mixed, and each of them found. */
static void three_at_a_time(void **state)
{
	u64 at[3] = { BASE, BASE + 1000, BASE + 50000 };
	unsigned int i, k, n;
	s32 stride;

	for (i = 0; i < 8; i++) {
		for (k = 0; k < 3; k++) {
			n = seen(at[k], &stride);
			assert_int_equal(n, i < 2 ? 0 : min(1u << (i - 1), K->stream_blocks));
			at[k] += n + 1;
		}
	}
}

/* Far jumps are chance: nothing is fetched, and a stream among them goes on. */
static void chance_is_no_stream(void **state)
{
	unsigned int i;
	s32 stride;

	unit_seed();
	for (i = 0; i < 2000; i++)
		assert_int_equal(seen((unit_random() % 1000000) * 1000, &stride), 0);
}

/* As VRAM fills there is less to be had, down to nothing. */
static void scaled_down_by_pressure(void **state)
{
	static const struct { unsigned int free_percent, depth; } cases[] = {
		{ 100, 16 }, { 51, 16 }, { 40, 12 }, { 26, 8 }, { 14, 4 }, { 10, 2 }, { 2, 0 }, { 0, 0 },
	};
	unsigned int i, k;
	s32 stride;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 free = GIB / 100 * cases[i].free_percent;

		reset(state);
		for (k = 0; k < 10; k++) {
			nouveau_svm_stream_seen(&st, K, BASE + k, free, GIB, &stride);
			nouveau_svm_stream_fetched(&st, 0);
		}
		assert_int_equal(nouveau_svm_stream_seen(&st, K, BASE + k, free, GIB, &stride),
				 cases[i].depth);
	}
	/* no VRAM at all: nothing to run out of, what is there gets mapped */
	reset(state);
	for (k = 0; k < 10; k++) {
		nouveau_svm_stream_seen(&st, K, BASE + k, 0, 0, &stride);
		nouveau_svm_stream_fetched(&st, 0);
	}
	assert_int_equal(nouveau_svm_stream_seen(&st, K, BASE + k, 0, 0, &stride),
			 K->stream_blocks);
}

static void switched_off(void **state)
{
	struct nouveau_svm_knobs k = *K;
	unsigned int i;
	s32 stride;

	k.stream_blocks = 0;
	for (i = 0; i < 20; i++)
		assert_int_equal(nouveau_svm_stream_seen(&st, &k, BASE + i, GIB, GIB, &stride), 0);
}

/* Random walks of a few streams: whatever is fetched, a walk was heading there. */
static void random_walks(void **state)
{
	unsigned int round, i, k;
	s32 stride;

	unit_seed();
	for (round = 0; round < 300; round++) {
		struct { u64 at; s32 step; } walk[4];

		reset(state);
		for (k = 0; k < 4; k++) {
			walk[k].at = BASE + k * 1000000;
			walk[k].step = (s32)(unit_random() % 33) - 16;
		}
		for (i = 0; i < 60; i++) {
			unsigned int n;

			k = unit_random() % 4;
			n = seen(walk[k].at, &stride);
			assert_in_range(n, 0, K->stream_blocks);
			assert_in_range(st.n, 1, NOUVEAU_SVM_STREAMS);
			if (n)
				assert_int_equal(stride, walk[k].step);
			walk[k].at += (s64)(n + 1) * walk[k].step;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(depth_grows, reset),
		cmocka_unit_test_setup(early_fault_continues, reset),
		cmocka_unit_test_setup(same_block_says_nothing, reset),
		cmocka_unit_test_setup(three_at_a_time, reset),
		cmocka_unit_test_setup(chance_is_no_stream, reset),
		cmocka_unit_test_setup(scaled_down_by_pressure, reset),
		cmocka_unit_test_setup(switched_off, reset),
		cmocka_unit_test_setup(random_walks, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
