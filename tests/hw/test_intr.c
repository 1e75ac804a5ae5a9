// SPDX-License-Identifier: MIT
/* The interrupt tree, its message gate, and the sources the bus side has. */
#include "hwtest.h"

#include <pthread.h>

#include "intr.h"

#define LEAF(i)		(0xb81000 + 4 * (i))
#define LEAF_EN_SET(i)	(0xb81200 + 4 * (i))
#define LEAF_EN_CLR(i)	(0xb81400 + 4 * (i))
#define TOP		0xb81600
#define TOP_EN_SET	0xb81608
#define TOP_EN_CLR	0xb81610
#define TRIGGER		0xb81640
#define REARM		0x88704

static int setup(void **state)
{
	hwtest_quiet();
	*state = sim_create(NULL);
	return 0;
}

static int teardown(void **state)
{
	sim_destroy(*state);
	return 0;
}

static void level(struct sim *s, unsigned int vector, bool on)
{
	pthread_mutex_lock(&sim_gpu(s)->lock);
	intr_level(sim_gpu(s), vector, on);
	pthread_mutex_unlock(&sim_gpu(s)->lock);
}

static void enable_all(struct sim *s)
{
	for (int i = 0; i < 8; i++)
		sim_wr32(s, LEAF_EN_SET(i), ~0u);
	sim_wr32(s, TOP_EN_SET, 0xf);
}

static void test_every_vector(void **state)
{
	struct sim *s = *state;

	enable_all(s);
	for (unsigned int v = 0; v < 256; v++) {
		unsigned int before = sim_msi_count(s);

		sim_wr32(s, TRIGGER, v);
		for (unsigned int i = 0; i < 8; i++)
			assert_int_equal(sim_rd32(s, LEAF(i)), i == v / 32 ? 1u << v % 32 : 0);
		assert_int_equal(sim_rd32(s, TOP), 1u << v / 64);
		assert_int_equal(sim_msi_count(s), before + 1);
		sim_wr32(s, LEAF(v / 32), 1u << v % 32);
		assert_int_equal(sim_rd32(s, TOP), 0);
		sim_wr32(s, REARM, 0);
		assert_int_equal(sim_msi_count(s), before + 1);
	}
	sim_wr32(s, TRIGGER, 256);
	assert_int_equal(sim_rd32(s, TOP), 0);
}

static void test_latched_while_disabled(void **state)
{
	struct sim *s = *state;

	sim_wr32(s, TOP_EN_SET, 0xf);
	sim_wr32(s, TRIGGER, 64);
	assert_int_equal(sim_rd32(s, LEAF(2)), 1);
	assert_int_equal(sim_rd32(s, TOP), 0);
	assert_int_equal(sim_msi_count(s), 0);
	sim_wr32(s, LEAF_EN_SET(2), 1);
	assert_int_equal(sim_rd32(s, LEAF_EN_SET(2)), 1);
	assert_int_equal(sim_rd32(s, LEAF_EN_CLR(2)), 1);
	assert_int_equal(sim_rd32(s, TOP), 2);
	assert_int_equal(sim_msi_count(s), 1);
	sim_wr32(s, LEAF_EN_CLR(2), 1);
	assert_int_equal(sim_rd32(s, TOP), 0);
	assert_int_equal(sim_rd32(s, LEAF(2)), 1);
}

/* The protocol of a driver: an event at any step is never lost. */
static void test_no_event_lost(void **state)
{
	struct sim *s = *state;

	for (int step = 0; step < 6; step++) {
		unsigned int n;

		gpu_reset(sim_gpu(s));
		enable_all(s);
		n = sim_msi_count(s);
		sim_wr32(s, TRIGGER, 132);
		assert_int_equal(sim_msi_count(s), ++n);
		for (int i = 0; i < 6; i++) {
			if (i == step)
				sim_wr32(s, TRIGGER, 64);
			switch (i) {
			case 0: sim_wr32(s, TOP_EN_CLR, 0xf); break;
			case 1: sim_wr32(s, REARM, 0); break;
			case 2: sim_rd32(s, TOP); break;
			case 3: sim_wr32(s, LEAF(4), 1u << 4); break;
			case 4: break;		/* the handler of 132 */
			case 5: sim_wr32(s, TOP_EN_SET, 0xf); break;
			}
		}
		assert_int_equal(sim_msi_count(s), n + 1);
		assert_int_equal(sim_rd32(s, TOP), 2);
	}
}

static void test_gate(void **state)
{
	struct sim *s = *state;

	enable_all(s);
	sim_wr32(s, TRIGGER, 132);
	sim_wr32(s, TRIGGER, 64);
	sim_wr32(s, TRIGGER, 200);
	assert_int_equal(sim_msi_count(s), 1);		/* closed by the first */
	sim_wr32(s, REARM, 0);
	assert_int_equal(sim_msi_count(s), 2);		/* rises seen while closed */
	sim_wr32(s, REARM, 0);
	assert_int_equal(sim_msi_count(s), 2);		/* no new rise */
	sim_wr32(s, LEAF_EN_CLR(0), 1);			/* looks again, finds nothing new */
	sim_wr32(s, TRIGGER, 65);			/* of a subtree that is pending */
	assert_int_equal(sim_msi_count(s), 2);
	/* a rise that is gone before the gate opens makes no message */
	sim_wr32(s, REARM, 0);
	for (int i = 0; i < 8; i++)
		sim_wr32(s, LEAF(i), ~0u);
	sim_wr32(s, TRIGGER, 64);
	assert_int_equal(sim_msi_count(s), 3);
	sim_wr32(s, TRIGGER, 132);
	sim_wr32(s, LEAF(2), 1);
	sim_wr32(s, LEAF(4), 1u << 4);
	sim_wr32(s, REARM, 0);
	assert_int_equal(sim_msi_count(s), 3);
}

static void test_retrigger_by_arm(void **state)
{
	struct sim *s = *state;

	enable_all(s);
	sim_wr32(s, TRIGGER, 64);
	sim_wr32(s, REARM, 0);
	assert_int_equal(sim_msi_count(s), 1);
	sim_wr32(s, TOP_EN_CLR, 2);
	sim_wr32(s, TOP_EN_SET, 2);
	assert_int_equal(sim_msi_count(s), 2);
}

static void test_level_source(void **state)
{
	struct sim *s = *state;

	/* THERMAL, which nothing here drives; PFIFO's worker settles its own */
	enable_all(s);
	level(s, 146, true);
	assert_int_equal(sim_rd32(s, LEAF(4)), 1u << 18);
	sim_wr32(s, LEAF(4), 1u << 18);
	assert_int_equal(sim_rd32(s, LEAF(4)), 1u << 18);	/* still asserted */
	level(s, 146, false);
	assert_int_equal(sim_rd32(s, LEAF(4)), 1u << 18);	/* latched */
	sim_wr32(s, LEAF(4), 1u << 18);
	assert_int_equal(sim_rd32(s, LEAF(4)), 0);
}

static void test_ctrl_alias(void **state)
{
	struct sim *s = *state;

	sim_wr32(s, 0xb78000 + 8, 3);			/* LEAF_EN_SET(2) of function 0 */
	assert_int_equal(sim_rd32(s, LEAF_EN_SET(2)), 3);
	sim_wr32(s, 0xb7c000 + 8, 2);
	assert_int_equal(sim_rd32(s, LEAF_EN_SET(2)), 1);
	sim_wr32(s, 0xb73800, 0xf);
	assert_int_equal(sim_rd32(s, TOP_EN_SET), 0xf);
	sim_wr32(s, 0xb66c00, 64);
	assert_int_equal(sim_rd32(s, 0xb74000 + 8), 1);
	assert_int_equal(sim_rd32(s, 0xb73400), 2);
	assert_int_equal(sim_msi_count(s), 1);
	sim_wr32(s, 0xb74000 + 8, 1);
	assert_int_equal(sim_rd32(s, LEAF(2)), 0);
	sim_wr32(s, 0xb73c00, 0xf);
	assert_int_equal(sim_rd32(s, TOP_EN_CLR), 0);
	/* another function's element */
	sim_wr32(s, 0xb78000 + 16 * 4, 1);
	assert_int_equal(sim_rd32(s, 0xb78000 + 16 * 4), 0);
}

static void test_top_has_four_subtrees(void **state)
{
	sim_wr32(*state, TOP_EN_SET, ~0u);
	assert_int_equal(sim_rd32(*state, TOP_EN_SET), 0xf);
}

static void test_legacy_tree(void **state)
{
	struct sim *s = *state;

	sim_wr32(s, 0x1a0, 1);				/* PMC_INTR_SW */
	assert_int_equal(sim_rd32(s, 0x100), 1u << 31);
	assert_int_equal(sim_msi_count(s), 0);
	sim_wr32(s, 0x160, 1u << 31);
	assert_int_equal(sim_rd32(s, 0x140), 1u << 31);
	assert_int_equal(sim_msi_count(s), 1);
	sim_wr32(s, 0x180, 1u << 31);
	assert_int_equal(sim_rd32(s, 0x140), 0);
	sim_wr32(s, 0x1a0, 0);
	assert_int_equal(sim_rd32(s, 0x100), 0);
	level(s, 204, true);				/* GR stall: id 12 */
	level(s, 136, true);				/* PFIFO: 8 */
	assert_int_equal(sim_rd32(s, 0x100), 1u << 12 | 1u << 8);
}

static void test_pbus_error(void **state)
{
	struct sim *s = *state;

	enable_all(s);
	sim_rd32(s, 0x6f0010);
	assert_int_equal(sim_msi_count(s), 0);
	sim_wr32(s, 0x1140, 0x0e);
	assert_int_equal(sim_msi_count(s), 1);
	assert_int_equal(sim_rd32(s, LEAF(4)), 1u << 28);	/* 156 */
	assert_int_equal(sim_rd32(s, 0x100), 1u << 28);
	sim_wr32(s, 0x1100, 0xffffffff);
	sim_wr32(s, LEAF(4), 1u << 28);
	assert_int_equal(sim_rd32(s, TOP), 0);
	sim_wr32(s, 0x1140, 1u << 26);
	sim_wr32(s, 0x1150, 1);				/* SW */
	assert_int_equal(sim_rd32(s, 0x1100), 1u << 26);
	assert_int_equal(sim_rd32(s, TOP), 1u << 2);
}

static void test_alarm(void **state)
{
	struct sim_config c = { .stepped_clock = true };
	struct sim *s = sim_create(&c);
	uint32_t now = sim_rd32(s, 0x9400);

	enable_all(s);
	sim_wr32(s, 0x9100, 1);
	sim_wr32(s, 0x9140, 1);
	sim_wr32(s, 0x9420, now + 1024);
	sim_advance(s, 960);
	assert_int_equal(sim_rd32(s, 0x9100), 0);
	sim_advance(s, 64);
	assert_int_equal(sim_rd32(s, 0x9100), 1);
	assert_int_equal(sim_rd32(s, LEAF(4)), 1u << 20);	/* 148 */
	assert_int_equal(sim_msi_count(s), 1);
	sim_wr32(s, 0x9100, 1);
	assert_int_equal(sim_rd32(s, 0x100), 0);
	sim_destroy(s);
}

static void test_alarm_in_real_time(void **state)
{
	struct sim *s = *state;

	enable_all(s);
	sim_wr32(s, 0x9100, 1);
	sim_wr32(s, 0x9140, 1);
	sim_wr32(s, 0x9420, sim_rd32(s, 0x9400) + 20000000);
	assert_true(sim_wait_msi(s, 1, 5000));
}

static void test_lost_interrupt(void **state)
{
	struct sim_config c = { .gpu = { .inject = "lost-interrupt=@2" } };
	struct sim *s = sim_create(&c);

	enable_all(s);
	for (int i = 0; i < 3; i++) {
		sim_wr32(s, TRIGGER, 64);
		sim_wr32(s, LEAF(2), 1);
		sim_wr32(s, REARM, 0);
	}
	assert_int_equal(sim_msi_count(s), 2);
	sim_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_vector, setup, teardown),
		cmocka_unit_test_setup_teardown(test_latched_while_disabled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_event_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retrigger_by_arm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_level_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ctrl_alias, setup, teardown),
		cmocka_unit_test_setup_teardown(test_top_has_four_subtrees, setup, teardown),
		cmocka_unit_test_setup_teardown(test_legacy_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pbus_error, setup, teardown),
		cmocka_unit_test(test_alarm),
		cmocka_unit_test_setup_teardown(test_alarm_in_real_time, setup, teardown),
		cmocka_unit_test(test_lost_interrupt),
	};

	return cmocka_run_group_tests_name("intr", tests, NULL, NULL);
}
