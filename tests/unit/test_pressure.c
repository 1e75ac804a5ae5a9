// SPDX-License-Identifier: MIT
/* Marks and verdicts under pressure, against tables and a naive simulation of a cache. */
#include "unit.h"

#include "nouveau_mask.h"
#include "nouveau_pressure.h"

#define MIB (1ull << 20)
#define MS 1000000ull

static const struct nouveau_pressure_knobs *const K = &nouveau_pressure_knobs_default;

static void marks(void **state)
{
	static const struct { u64 total, min, low, high; } cases[] = {
		/* two blocks that change places need room whatever the share */
		{ 64 * MIB, 2 * MIB, 4 * MIB, 6 * MIB },
		{ 1000 * MIB, 10 * MIB, 30 * MIB, 60 * MIB },
		{ 8000 * MIB, 80 * MIB, 240 * MIB, 480 * MIB },
	};
	struct nouveau_pressure_knobs k = *K;
	struct nouveau_pressure_marks m;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nouveau_pressure_marks(K, cases[i].total, &m);
		assert_int_equal(m.min, cases[i].min);
		assert_int_equal(m.low, cases[i].low);
		assert_int_equal(m.high, cases[i].high);
	}
	/* nonsense in the knobs keeps the order */
	k.evict_min_percent = 1000;
	k.evict_low_percent = 7;
	k.evict_high_percent = 0;
	nouveau_pressure_marks(&k, 1000 * MIB, &m);
	assert_true(m.min <= m.low && m.low <= m.high);
	assert_int_equal(m.min, 1000 * MIB);
}

static void refaults(void **state)
{
	struct nouveau_pressure p = { .total_pages = 16000 };

	nouveau_pressure_evicted(&p, 4000);
	assert_true(nouveau_pressure_is_refault(&p, 1));
	assert_false(nouveau_pressure_is_refault(&p, 0));
	/* after eight times all of VRAM it is somebody new */
	p.clock = 1 + 8 * 16000;
	assert_false(nouveau_pressure_is_refault(&p, 1));
	assert_true(nouveau_pressure_is_refault(&p, 2));
}

static void verdict(void **state)
{
	struct nouveau_pressure p = { .total_pages = 16000 };
	u64 now = 5;

	assert_true(nouveau_pressure_may_evict(&p, K, now));
	nouveau_pressure_evicted(&p, 3000);
	/* a sixteenth of VRAM and half of what was evicted */
	assert_false(nouveau_pressure_refaulted(&p, K, now, 999));
	assert_false(nouveau_pressure_refaulted(&p, K, now, 500));
	assert_true(nouveau_pressure_refaulted(&p, K, now, 1));
	assert_false(nouveau_pressure_may_evict(&p, K, now));
	assert_false(nouveau_pressure_may_evict(&p, K, now + 1999 * MS));
	now += 2000 * MS;
	assert_true(nouveau_pressure_may_evict(&p, K, now));
	/* again: twice as long, up to 64 times */
	for (unsigned int i = 1; i < 10; i++) {
		u64 wait = 2000 * MS << (i < 6 ? i : 6);

		assert_true(nouveau_pressure_refaulted(&p, K, now, 1000));
		assert_false(nouveau_pressure_may_evict(&p, K, now + wait - 1));
		now += wait;
		assert_true(nouveau_pressure_may_evict(&p, K, now));
	}
	/* eviction without regrets ends the series */
	for (unsigned int i = 0; i < 20; i++)
		nouveau_pressure_evicted(&p, 1000);
	assert_int_equal(p.backoff, 0);
	nouveau_pressure_stuck(&p, K, now);
	assert_false(nouveau_pressure_may_evict(&p, K, now + 1));
	nouveau_pressure_forget(&p);
	assert_true(nouveau_pressure_may_evict(&p, K, now + 1));
	nouveau_pressure_stuck(&p, K, now);
	assert_false(nouveau_pressure_may_evict(&p, K, now + 1999 * MS));
	assert_true(nouveau_pressure_may_evict(&p, K, now + 2000 * MS));
}

static void off(void **state)
{
	struct nouveau_pressure p = { .total_pages = 16000 };
	struct nouveau_pressure_knobs k = *K;

	k.evict = 0;
	assert_false(nouveau_pressure_may_evict(&p, &k, 1));
	assert_false(nouveau_pressure_refaulted(&p, &k, 1, 16000));
	nouveau_pressure_stuck(&p, &k, 1);
	assert_int_equal(p.in_place_until_ns, 0);
}

/* A FIFO of blocks: returns pages moved to VRAM in the last of @rounds sweeps. */
static u64 sweep(u64 capacity, u64 footprint, unsigned int rounds, u64 ns_per_block)
{
	struct nouveau_pressure p = { .total_pages = capacity * 512 };
	static u64 stamp[4096], queue[4096];
	static bool in[4096];
	u64 head = 0, tail = 0, now = 0, moved = 0;

	for (u64 i = 0; i < footprint; i++) {
		stamp[i] = 0;
		in[i] = false;
	}
	for (unsigned int r = 0; r < rounds; r++) {
		moved = 0;
		for (u64 b = 0; b < footprint; b++) {
			now += ns_per_block;
			if (in[b])
				continue;
			if (tail - head >= capacity && !nouveau_pressure_may_evict(&p, K, now))
				continue;
			if (nouveau_pressure_is_refault(&p, stamp[b]))
				nouveau_pressure_refaulted(&p, K, now, 512);
			if (tail - head >= capacity) {
				u64 v = queue[head++ % 4096];

				in[v] = false;
				stamp[v] = p.clock + 1;
				nouveau_pressure_evicted(&p, 512);
			}
			in[b] = true;
			queue[tail++ % 4096] = b;
			moved += 512;
		}
	}
	return moved;
}

/* What fits stops moving; what does not, too; a stream is let through. */
static void patterns(void **state)
{
	assert_int_equal(sweep(100, 100, 2, 1000), 0);
	assert_true(sweep(100, 125, 2, 1000) <= 26 * 512);
	assert_int_equal(sweep(100, 125, 3, 1000), 0);
	assert_int_equal(sweep(100, 200, 3, 1000), 0);
	assert_true(sweep(100, 600, 2, 1000) <= 510 * 512);
	assert_int_equal(sweep(100, 600, 3, 1000), 0);
	assert_int_equal(sweep(100, 4000, 1, 1000), 4000 * 512);
	/* a slow one looks again whether things have changed, at less and less expense */
	assert_true(sweep(100, 150, 40, 10 * MS) <= 20 * 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks),
		cmocka_unit_test(refaults),
		cmocka_unit_test(verdict),
		cmocka_unit_test(off),
		cmocka_unit_test(patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
