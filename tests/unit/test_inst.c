// SPDX-License-Identifier: MIT
/*
 * Instance blocks and runlist entries. The words were put together by hand from
 * dev_ram and dev_pbdma; every word a block may have is listed, so that one too
 * many is found too.
 */
#include "unit.h"

#include "tu102_inst.h"

struct word {
	unsigned int index;
	u32 value;
};

static void assert_words(const u32 *got, const struct word *want, unsigned int n)
{
	u32 all[TU102_INST_WORDS] = { 0 };

	for (unsigned int i = 1; i < 64; i++)	/* subcontexts without address space */
		all[168 + 4 * i] = 1;
	for (unsigned int i = 0; i < n; i++)
		all[want[i].index] = want[i].value;
	for (unsigned int i = 0; i < TU102_INST_WORDS; i++)
		if (got[i] != all[i])
			fail_msg("word %u is %08x, not %08x", i, got[i], all[i]);
}

static void inst_graphics(void **state)
{
	static const struct tu102_inst inst = {
		.pdb = 0x123456000, .userd = 0x7123456600, .gp_base = 0x0987654328, .gp_order = 10,
		.chid = 0xabc, .replayable = true, .has_ce = true, .ce_method_va = 0x1000432100,
		.has_gr = true, .gr_ctx = 0xfedcba000,
	};
	static const struct word want[] = {
		{ 2, 0x23456602 }, { 3, 0x71 },		/* USERD, coherent system memory */
		{ 4, 0xface },				/* SIGNATURE */
		{ 12, 0x7ffff902 },			/* ACQUIRE: retries, no timeout */
		{ 18, 0x87654328 }, { 19, 0x000a0009 },	/* GP_BASE, log2 of entries */
		{ 33, 0x20400000 }, { 37, 0x30000fff },	/* PB_HEADER, SUBDEVICE */
		{ 43, 0x00030000 },			/* TARGET: both contexts valid */
		{ 58, 0xabc }, { 61, 0x1000 }, { 62, 0x10003080 }, { 63, 0x0abc0000 },
		{ 128, 0x23456c30 }, { 129, 1 },	/* VER2, 64K, replay TEX and GCC */
		{ 132, 0xedcba000 }, { 133, 0xf },	/* context image: physical, local */
		{ 136, 0x00432100 }, { 137, 0x10 },	/* method buffer */
		{ 166, 1 }, { 168, 0x23456c30 }, { 169, 1 },
	};
	u32 words[TU102_INST_WORDS];

	memset(words, 0xa5, sizeof(words));
	tu102_inst_encode(words, &inst);
	assert_words(words, want, ARRAY_SIZE(want));
}

static void inst_privileged(void **state)
{
	static const struct tu102_inst inst = {
		.pdb = 0x40000, .userd = 0x200, .gp_base = 0x100000000, .gp_order = 9, .chid = 1,
		.privileged = true,
	};
	static const struct word want[] = {
		{ 2, 0x202 }, { 4, 0xface }, { 12, 0x7ffff902 }, { 19, 0x00090001 },
		{ 33, 0x20400000 }, { 37, 0x30000fff },
		{ 57, 0x20 },				/* HCE_PRIV_MODE */
		{ 58, 1 }, { 61, 0x1100 },		/* AUTH_LEVEL privileged */
		{ 62, 0x10003080 }, { 63, 0x00010000 },
		{ 128, 0x00040c00 }, { 166, 1 }, { 168, 0x00040c00 },
	};
	u32 words[TU102_INST_WORDS];

	tu102_inst_encode(words, &inst);
	assert_words(words, want, ARRAY_SIZE(want));
}

static void runlist_entries(void **state)
{
	static const u32 tsg[] = { 0x80030001, 1, 0xabc, 0 };
	/* USERD_TARGET 7:6 = 2 */
	static const u32 chan[] = { 0x34566680, 0x12, 0x23456def, 0x1 };
	u32 e[TU102_RL_ENTRY_WORDS];

	tu102_runlist_tsg(e, 0xabc, 1, 0x80, 3);
	assert_memory_equal(e, tsg, sizeof(e));
	tu102_runlist_chan(e, 0xdef, 0x123456000, 0x1234566600, 0);
	assert_memory_equal(e, chan, sizeof(e));
	tu102_runlist_chan(e, 0, 0, 0, 1);
	assert_int_equal(e[0], 0x82);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inst_graphics),
		cmocka_unit_test(inst_privileged),
		cmocka_unit_test(runlist_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
