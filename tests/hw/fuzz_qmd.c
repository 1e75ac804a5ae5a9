// SPDX-License-Identifier: MIT
/*
 * Random queue meta data and random programs: whatever they do, the model goes
 * on, and after a reset of the engine an honest launch computes what it should.
 * FUZZ_ROUNDS and FUZZ_SEED change how long and with what.
 */
#include "launch.h"

static struct gputest gt;
static struct launch_env e;
static uint64_t seed, round_seed;	/* the latter reproduces a round alone */

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Opcodes worth hitting: all with their forms; the rest of the word is noise. */
static const uint16_t codes[] = {
	0x202, 0x207, 0x212, 0x416, 0x819, 0xa1a, 0x21b, 0x300, 0x301, 0x309, 0x81c, 0x20c, 0xa10,
	0x211, 0x213, 0x217, 0x424, 0x625, 0x826, 0xa27, 0x209, 0x20a, 0x80b, 0x220, 0x421, 0x623,
	0x308, 0x228, 0x229, 0x42a, 0x62b, 0x304, 0x310, 0x305, 0x311, 0x306, 0x312, 0x307, 0x313,
	0x980, 0x381, 0x385, 0x386, 0x983, 0x387, 0x984, 0x388, 0xb82, 0x38a, 0x38b, 0x98e, 0x38c,
	0x38d, 0x992, 0x98f, 0x947, 0x944, 0x949, 0x950, 0x94d, 0x918, 0x946, 0x31d, 0xb1d, 0x91d,
	0x348, 0x945, 0x941, 0x942, 0x355, 0x356, 0x919, 0x805, 0x389, 0x589, 0x989, 0xf89, 0x806,
	0x3a1, 0x3a8, 0x3a9, 0x582, 0x882, 0x290, 0xab9,
	0x361, 0x364, 0x367, 0x36a, 0x36d, 0x370, 0xb60, 0xf60, 0x998, 0x99a, 0x99c, 0x99e, 0x394,
	0x396, 0x59f,
};

static struct insn random_insn(void)
{
	struct insn i = { { (uint32_t)rnd(), (uint32_t)rnd(), (uint32_t)rnd(), (uint32_t)rnd() } };
	unsigned int kind = rnd() % 32;

	if (!kind)
		return i;			/* noise */
	i = field(i, 0, 12, codes[rnd() % (sizeof(codes) / 2)]);
	if (rnd() % 8)
		i = field(i, 12, 4, AT);
	/* Registers that exist, aligned, most of the time. */
	if (rnd() % 8) {
		i = field(i, 16, 8, rnd() % 12 * 4);
		i = field(i, 24, 8, rnd() % 12 * 4);
		i = field(i, 64, 8, rnd() % 12 * 4);
	}
	if (rnd() % 2)
		i = field(i, 32, 32, rnd() % 48);
	if (rnd() % 2)
		i = field(i, 40, 24, rnd() % 64 * 4);
	/* Branches stay near. */
	if ((i.w[0] & 0xfff) == 0x947 && rnd() % 16)
		i = field(i, 34, 48, (uint64_t)((int64_t)(rnd() % 32) - 16) * 4);
	return i;
}

static void random_program(void)
{
	unsigned int n = 4 + rnd() % 60;

	PROGRAM(&e, GLOBAL_ID(64), a_mov(8, (uint32_t)L_DATA_VA), a_mov(9, L_DATA_VA >> 32));
	for (unsigned int i = 16; i < 48; i += 8)	/* handles of pictures */
		le_emit(&e, a_mov(i, rnd() % 8 | rnd() % 8 << 20));
	while (n--)
		le_emit(&e, random_insn());
	le_emit(&e, a_exit());
}

static void random_qmd(void)
{
	uint32_t *q = le_qmd(&e, 1 + rnd() % 6, 1 + rnd() % 128);
	unsigned int flips = rnd() % 4 ? 0 : rnd() % 8;

	qmd_set(q, 561, 544, rnd() % 8 * 256);
	qmd_set(q, 951, 928, rnd() % 8 * 16);
	qmd_set(q, 959, 955, rnd());
	while (flips--)
		q[rnd() % 64] ^= 1u << rnd() % 32;
	if (rnd() % 64 == 0)
		for (unsigned int i = 0; i < 64; i++)
			q[i] = (uint32_t)rnd();
}

/* Eight headers and samplers, of pictures that lie in the data or anywhere. */
static void random_pictures(void)
{
	uint64_t va = L_DATA_VA + L_DATA_BYTES - 0x200;

	for (unsigned int i = 0; i < 8; i++) {
		uint32_t *h = e.data + (L_DATA_BYTES - 0x200) / 4 + 8 * i;

		for (unsigned int j = 0; j < 8; j++)
			h[j] = h[64 + j] = (uint32_t)rnd() & (uint32_t)rnd();
		h[0] = (0x08 + rnd() % 2 * 7) | (1 + rnd() % 4) * (1 << 7 | 1 << 10 | 1 << 13 |
		       1 << 16) | 0x53180000;
		h[2] = L_DATA_VA >> 32 | 3 << 21;
		h[3] &= 0x01f8;
		h[4] = rnd() % 64 | rnd() % 9 << 23;
		h[7] &= 0xff;
	}
	gt_inc(&e.c, 1, 0x155c, 3, (uint32_t)(va >> 32), (uint32_t)va + 0x100, 7u);
	gt_inc(&e.c, 1, 0x1574, 3, (uint32_t)(va >> 32), (uint32_t)va, 7u);
}

static void open_channel(void)
{
	struct gt_chan *c = &e.c;

	gt_create(&gt, NULL);
	gt_faults_on(&gt, 0);
	gt_faults_on(&gt, 1);
	le_open(&e, &gt, 5);
	gt_runlist(&gt, 0, &c, 1);
	le_setup(&e);
	random_pictures();
}

/* Faults are cancelled: nobody maps anything here. */
static void wait_or_cancel(void)
{
	for (unsigned int n = 0; n < 40; n++) {
		if (gt_wait32(&e.c.scratch[0xfe0 / 4], 1, 0) || gt_rd(&gt, GR_INTR))
			return;
		if (gt_rd(&gt, GT_FAULT_PUT(1)) & 0xfffff)
			gt_wr(&gt, GT_MMU_INVALIDATE, 0x80000023);
		gt_sleep_ms(1);
	}
}

static void honest_launch(void)
{
	struct launch_env good;
	struct gt_chan *c = &good.c;

	le_open(&good, &gt, 6);
	gt_runlist(&gt, 0, &c, 1);
	le_setup(&good);
	PROGRAM(&good, GLOBAL_ID(64), a_addi(6, 0, 7), a_st(2, 0, 6, 4), a_exit());
	le_qmd(&good, 4, 64);
	assert_true(le_run(&good, 5000));
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(good.data[i], i + 7);
}

static void test_fuzz(void **state)
{
	const char *rounds = getenv("FUZZ_ROUNDS"), *s = getenv("FUZZ_SEED");
	unsigned int n = rounds ? strtoul(rounds, NULL, 0) : 60;
	uint64_t first = s ? strtoull(s, NULL, 0) : 0x5eed;

	for (unsigned int i = 0; i < n; i++) {
		round_seed = first + i;
		seed = round_seed * 0x9e3779b97f4a7c15ull | 1;
		open_channel();
		for (unsigned int launches = 0; launches < 8; launches++) {
			random_program();
			random_qmd();
			e.c.scratch[0xfe0 / 4] = 0;
			le_launch(&e);
			gt_release(&e.c, 0xfe0, 1);
			gt_kick(&e.c);
			wait_or_cancel();
			if (e.c.scratch[0xfe0 / 4] != 1)
				break;
		}
		if (!le_kill(&e))
			fail_msg("FUZZ_SEED=%#llx FUZZ_ROUNDS=1: the channel cannot be killed",
				 (unsigned long long)round_seed);
		honest_launch();
		gt_destroy(&gt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
