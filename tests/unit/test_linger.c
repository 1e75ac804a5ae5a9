// SPDX-License-Identifier: MIT
/* How long the fault service waits for the next faults, against tables. */
#include "unit.h"

#include "nouveau_fault_linger.h"

static void table(void **state)
{
	static const struct {
		const char *what;
		u64 gaps[4];
		unsigned int n;
		u32 us, nap;
	} cases[] = {
		{ "nothing known", { 0 }, 0, 500, 40 },
		{ "at once", { 10 }, 1, 500, 40 },
		{ "a stream", { 1600 }, 1, 3200, 200 },
		{ "the end of what is waited for", { 4000 }, 1, 4000, 250 },
		{ "a lone one, long after", { 4001 }, 1, 500, 40 },
		{ "for ever", { ~0ull }, 1, 500, 40 },
		{ "one half of a batch, then the other", { 1600, 20 }, 2, 1600, 100 },
		{ "and again the first", { 1600, 20, 1600 }, 3, 3200, 200 },
		{ "a pause in between", { 1600, 100000, 1600 }, 3, 3200, 200 },
		{ "it became quick", { 1600, 20, 20, 20 }, 4, 500, 40 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nouveau_fault_linger l = { 0 };

		for (unsigned int k = 0; k < cases[i].n; k++)
			nouveau_fault_linger_seen(&l, cases[i].gaps[k]);
		if (nouveau_fault_linger_us(&l) != cases[i].us ||
		    nouveau_fault_linger_nap_us(&l) != cases[i].nap)
			fail_msg("%s: %u us, naps of %u", cases[i].what,
				 nouveau_fault_linger_us(&l), nouveau_fault_linger_nap_us(&l));
	}
}

/* Whatever comes: bounded, and a nap is never longer than half of the wait. */
static void bounds(void **state)
{
	struct nouveau_fault_linger l = { 0 };
	u64 x = 88172645463325252ull;

	for (unsigned int i = 0; i < 100000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		nouveau_fault_linger_seen(&l, x >> (x % 64));
		assert_in_range(nouveau_fault_linger_us(&l), NOUVEAU_LINGER_MIN_US,
				NOUVEAU_LINGER_MAX_US);
		assert_in_range(nouveau_fault_linger_nap_us(&l), 40, 250);
		assert_true(2 * nouveau_fault_linger_nap_us(&l) <= nouveau_fault_linger_us(&l));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
