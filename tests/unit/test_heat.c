// SPDX-License-Identifier: MIT
/*
 * Heat of a block and thrash: what is counted, when it is forgotten, and what the
 * counts lead to.
 */
#include "unit.h"

#include <linux/kernel.h>

#include "nouveau_svm_policy.h"

#define NOW	1000000000000ull

static const struct nouveau_svm_knobs *const K = &nouveau_svm_knobs_default;

static void heat_decays(void **state)
{
	struct nouveau_svm_heat h = { };
	u64 half = K->heat_halflife_ms * 1000000ull;

	nouveau_svm_heat_add(&h, K, NOW, 8);
	assert_int_equal(h.heat, 8);
	nouveau_svm_heat_add(&h, K, NOW + half - 1, 2);
	assert_int_equal(h.heat, 10);
	nouveau_svm_heat_add(&h, K, NOW + half, 0);
	assert_int_equal(h.heat, 5);
	nouveau_svm_heat_add(&h, K, NOW + 3 * half, 1);
	assert_int_equal(h.heat, 2);
	/* a year later: at once, and cold */
	nouveau_svm_heat_add(&h, K, NOW + 31536000000000000ull, 1);
	assert_int_equal(h.heat, 1);
	nouveau_svm_heat_add(&h, K, NOW + 31536000000000000ull + half - 1, 0);
	assert_int_equal(h.heat, 1);
}

/* Away and home again; true when that was one time too many. */
static bool there_and_back(struct nouveau_svm_heat *h, u32 serial)
{
	nouveau_svm_heat_moved(h);
	return nouveau_svm_heat_returned(h, K, NOW, serial);
}

static void thrash(void **state)
{
	/* serials wrap around */
	const u32 at = 0xfffffff0;
	struct nouveau_svm_heat h = { .heat = 9 };
	unsigned int i;

	assert_int_equal(nouveau_svm_throttle_us(&h, K, at), 0);
	assert_false(there_and_back(&h, at));
	assert_int_equal(h.heat, 0);
	assert_int_equal(nouveau_svm_throttle_us(&h, K, at), 0);
	assert_false(there_and_back(&h, at + K->thrash_window / 2));
	/* once more and it is thrash: the CPU first */
	assert_int_equal(nouveau_svm_throttle_us(&h, K, at + K->thrash_window),
			 K->thrash_throttle_us);
	assert_int_equal(nouveau_svm_throttle_us(&h, K, at + K->thrash_window + 1), 0);
	assert_true(there_and_back(&h, at + K->thrash_window));
	assert_int_equal(h.pinned_until_ns, NOW + K->thrash_pin_ms * 1000000ull);
	/* and when the pin is over it starts anew */
	assert_int_equal(h.moves, 0);
	assert_int_equal(nouveau_svm_throttle_us(&h, K, at), 0);
	/* among much else it is no thrash */
	h = (struct nouveau_svm_heat){ };
	for (i = 0; i < 100; i++)
		assert_false(there_and_back(&h, at + i * (K->thrash_window / 2 + 1)));
	assert_int_equal(h.pinned_until_ns, 0);
	/* nor is one return in many pieces */
	h = (struct nouveau_svm_heat){ };
	nouveau_svm_heat_moved(&h);
	for (i = 0; i < 32; i++)
		assert_false(nouveau_svm_heat_returned(&h, K, NOW, at + i));
	assert_int_equal(h.moves, 1);
}

static void thrash_switched_off(void **state)
{
	struct nouveau_svm_knobs k = *K;
	struct nouveau_svm_heat h = { };
	unsigned int i;

	k.thrash_moves = 0;
	for (i = 0; i < 20; i++) {
		nouveau_svm_heat_moved(&h);
		assert_false(nouveau_svm_heat_returned(&h, &k, NOW, i));
		assert_int_equal(nouveau_svm_throttle_us(&h, &k, i), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heat_decays),
		cmocka_unit_test(thrash),
		cmocka_unit_test(thrash_switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
