// SPDX-License-Identifier: MIT
/*
 * Reset values and write behaviour, as numbers copied from the manuals (or
 * marked as the model's own in include/nvhw/undocumented.h), not from the
 * model's tables.
 */
#include "hwtest.h"

#include "mmio.h"

#define UNCLAIMED 0xbadf0100u

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

/* Value at reset, and what stays of all ones and then of all zeroes. */
static const struct {
	uint32_t off, reset, ones, zeroes;
	const char *name;
} golden[] = {
	{ 0x000000, 0x164000a1, 0x164000a1, 0x164000a1, "PMC_BOOT_0" },
	{ 0x000004, 0x00000000, 0x00000000, 0x00000000, "PMC_BOOT_1" },
	{ 0x000a00, 0x164a1000, 0x164a1000, 0x164a1000, "PMC_BOOT_42" },
	{ 0x000200, 0x00e011c0, 0x00e011c0, 0x00000000, "PMC_ENABLE" },
	{ 0x001140, 0x00000000, 0x8c0001fe, 0x00000000, "PBUS_INTR_EN_0" },
	{ 0x001144, 0x00000000, 0x8c0001fe, 0x00000000, "PBUS_INTR_EN_1" },
	{ 0x001400, 0x00000000, 0xffffffff, 0x00000000, "PBUS_SW_SCRATCH(0)" },
	{ 0x0014fc, 0x00000000, 0xffffffff, 0x00000000, "PBUS_SW_SCRATCH(63)" },
	{ 0x001700, 0x00000000, 0x03ffffff, 0x00000000, "PBUS_BAR0_WINDOW" },
	{ 0x001704, 0x00000000, 0xbfffffff, 0x00000000, "PBUS_BAR1_BLOCK" },
	{ 0x001710, 0x00000000, 0x00000000, 0x00000000, "PBUS_BIND_STATUS" },
	{ 0x001714, 0x40000000, 0xffffffff, 0x00000000, "PBUS_BAR2_BLOCK" },
	{ 0x009100, 0x00000001, 0x00000000, 0x00000000, "PTIMER_INTR_0" },
	{ 0x009140, 0x00000000, 0x00000003, 0x00000000, "PTIMER_INTR_EN_0" },
	{ 0x009420, 0x00000000, 0xffffffe0, 0x00000000, "PTIMER_ALARM_0" },
	{ 0x009440, 0x00000094, 0x00000094, 0x00000094, "PTIMER_TIMER_INTR_VECTOR" },
	{ 0x009480, 0x00000005, 0x00000007, 0x00000000, "PTIMER_GR_TICK_FREQ" },
	{ 0x022430, 0x00000001, 0x00000001, 0x00000001, "PTOP_SCAL_NUM_GPCS" },
	{ 0x022434, 0x00000002, 0x00000002, 0x00000002, "PTOP_SCAL_NUM_TPC_PER_GPC" },
	{ 0x070000, 0x00000000, 0x00000000, 0x00000000, "host flush" },
	{ 0x070004, 0x00000000, 0x00000000, 0x00000000, "L2 sysmem invalidate" },
	{ 0x070010, 0x00000000, 0x00000000, 0x00000000, "L2 flush" },
	{ 0x100c10, 0x00000000, 0xffffffff, 0x00000000, "sysmem flush page" },
	{ 0x101000, 0x00400000, 0x00400000, 0x00400000, "strap: 27 MHz" },
	{ 0x118128, 0x00000001, 0x00000001, 0x00000001, "group 05 readable" },
	{ 0x118234, 0x000000ff, 0x000000ff, 0x000000ff, "GFW_BOOT_PROGRESS" },
	{ 0x1fa80c, 0x00000000, 0x00000000, 0x00000000, "VPR" },
	{ 0x1fa824, 0x00000000, 0x00000000, 0x00000000, "WPR2_ADDR_LO" },
	{ 0x1fa828, 0x00000000, 0x00000000, 0x00000000, "WPR2_ADDR_HI" },
	{ 0x810000, 0x0000c461, 0x0000c461, 0x0000c461, "USERMODE_CFG0" },
	{ 0xb60000, 0x00000000, 0xffffffff, 0x00000000, "CTRL_MAILBOX_SCRATCH(0)" },
	{ 0xb66874, 0x00000082, 0x00000082, 0x00000082, "CTRL_VIRTUAL_INTR_VECTORID" },
	{ 0xb6687c, 0x00000081, 0x00000081, 0x00000081, "CTRL_CPU_DOORBELL_VECTORID" },
	{ 0xb66880, 0x000000c0, 0x000000c0, 0x000000c0, "CTRL stall base vector" },
	{ 0xb66884, 0x00000000, 0x00000000, 0x00000000, "CTRL non-stall base vector" },
	{ 0xb6688c, 0x0000001f, 0x0000001f, 0x0000001f, "CTRL_SW_INTR_NOSTALL_VECTORID" },
	{ 0xb80f00, 0x00000000, 0x00000000, 0x00000000, "L2_SYSMEM_INVALIDATE" },
	{ 0xb80f50, 0x00000000, 0x00000000, 0x00000000, "BIND_STATUS" },
	{ 0xb81600, 0x00000000, 0x00000000, 0x00000000, "CPU_INTR_TOP" },
	{ 0xbb0000, 0x0000c461, 0x0000c461, 0x0000c461, "VIRTUAL_FUNCTION_CFG0" },
};

static void check(struct sim *s, size_t i, const char *when, uint32_t want)
{
	uint32_t got = sim_rd32(s, golden[i].off);

	if (got != want)
		fail_msg("%s (%06x) %s: %08x, want %08x", golden[i].name, golden[i].off, when,
			 got, want);
}

static void test_reset_values(void **state)
{
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
		check(*state, i, "at reset", golden[i].reset);
}

static void test_write_masks(void **state)
{
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		sim_wr32(*state, golden[i].off, 0xffffffff);
		check(*state, i, "after ones", golden[i].ones);
		sim_wr32(*state, golden[i].off, 0);
		check(*state, i, "after zeroes", golden[i].zeroes);
	}
	gpu_reset(sim_gpu(*state));
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
		check(*state, i, "after a reset", golden[i].reset);
}

/* GR, two GRCEs on runlist 0, three LCEs on runlists of their own. */
static void test_ptop(void **state)
{
	static const uint32_t words[] = {
		0x80400205, 0x8006183e, 0x00000003,	/* GR: fault 64, intr 12, reset 12 */
		0x8010407d, 0x84028c3e, 0x0000004f,	/* LCE0: 15, 5, 6 */
		0x84104085, 0x88030e3e, 0x0000004f,	/* LCE1: 16, 6, 7 */
		0x8810408d, 0x8c23aa3e, 0x0000004f,	/* LCE2: 17, 7, 21 */
		0x8c104095, 0x90452c3e, 0x0000004f,	/* LCE3: 18, 10, 22 */
		0x9010409d, 0x9465ae3e, 0x0000004f,	/* LCE4: 19, 11, 23 */
	};
	const unsigned int n = sizeof(words) / sizeof(words[0]);

	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(sim_rd32(*state, 0x22700 + 4 * i), i < n ? words[i] : 0);
}

static void test_vram_size(void **state)
{
	static const struct {
		uint64_t bytes;
		uint32_t reg;
	} sizes[] = {
		{ 64ull << 20, 0x102 },		/* 16 << (2 + 20) */
		{ 1ull << 30, 0x106 },
		{ 16ull << 30, 0x10a },
	};

	for (size_t i = 0; i < 3; i++) {
		struct sim_config c = { .gpu = { .vram_bytes = sizes[i].bytes } };
		struct sim *s = sim_create(&c);
		uint32_t v = sim_rd32(s, 0x100ce0);

		assert_int_equal(v, sizes[i].reg);
		assert_true((uint64_t)(v >> 4 & 0x3f) << ((v & 15) + 20) == sizes[i].bytes);
		sim_destroy(s);
	}
}

static void test_topology(void **state)
{
	struct sim_config c = { .gpu = { .gpcs = 3, .tpcs = 4 } };
	struct sim *s = sim_create(&c);

	assert_int_equal(sim_rd32(s, 0x22430), 3);
	assert_int_equal(sim_rd32(s, 0x22434), 4);
	assert_int_equal(sim_rd32(s, 0x409604), 3);
	assert_int_equal(sim_rd32(s, 0x502608), 4);
	assert_int_equal(sim_rd32(s, 0x502608 + 2 * 0x8000), 4);
	assert_int_equal(sim_rd32(s, 0x502608 + 3 * 0x8000), 0);
	sim_destroy(s);
}

/* Registers without hooks obey rw and w1c to the bit, all of them. */
static void test_every_plain_register(void **state)
{
	struct gpu *gpu = sim_gpu(*state);
	const struct mmio_reg *r;
	unsigned int i, n = 0;

	for (uint32_t off = 0; (r = mmio_next(gpu, &off, &i)); off += 4) {
		if (r->read || r->write)
			continue;
		n++;
		mmio_poke(gpu, off, 0xa5a5a5a5);
		sim_wr32(*state, off, 0x0ff0c33c);
		assert_int_equal(sim_rd32(*state, off),
				 ((0xa5a5a5a5 & ~r->rw) | (0x0ff0c33c & r->rw)) &
				 ~(0x0ff0c33c & r->w1c));
		mmio_poke(gpu, off, r->reset);
	}
	assert_true(n > 1000);
}

static void test_unclaimed(void **state)
{
	unsigned long before = log_count(LOG_UNIMPLEMENTED);

	assert_int_equal(sim_rd32(*state, 0x6f0010), UNCLAIMED);
	assert_int_equal(log_count(LOG_UNIMPLEMENTED), before + 1);
	/* TO, ADDR; the first error stays until it is cleared */
	assert_int_equal(sim_rd32(*state, 0x9084), 0x6f0010 | 1);
	assert_int_equal(sim_rd32(*state, 0x1100), 8);
	sim_wr32(*state, 0x123454, 0x55aa55aa);
	assert_int_equal(sim_rd32(*state, 0x9084), 0x6f0010 | 1);
	sim_wr32(*state, 0x9084, 0);
	sim_wr32(*state, 0x123454, 0x55aa55aa);
	assert_int_equal(sim_rd32(*state, 0x9084), 0x123454 | 2 | 1);
	assert_int_equal(sim_rd32(*state, 0x9088), 0x55aa55aa);
	sim_wr32(*state, 0x1100, 8);
	assert_int_equal(sim_rd32(*state, 0x1100), 0);
}

static void test_access_sizes(void **state)
{
	struct gpu *gpu = sim_gpu(*state);
	unsigned long before;

	assert_int_equal(mmio_read(gpu, 0, 1), 0xa1);
	assert_int_equal(mmio_read(gpu, 2, 2), 0x1640);
	mmio_write(gpu, 0x1400, 8, 0x1122334455667788);
	assert_int_equal(sim_rd32(*state, 0x1400), 0x55667788);
	assert_int_equal(sim_rd32(*state, 0x1404), 0x11223344);
	assert_true(mmio_read(gpu, 0x1400, 8) == 0x1122334455667788);
	before = log_count(LOG_GUEST_ERROR);
	mmio_write(gpu, 0x1400, 1, 0);
	mmio_write(gpu, 0x1402, 2, 0);
	mmio_write(gpu, 0x1401, 4, 0);
	mmio_write(gpu, 0x1404, 8, 0);
	mmio_write(gpu, 0x1000000, 4, 0);
	mmio_write(gpu, 0x1400, 3, 0);
	assert_int_equal(log_count(LOG_GUEST_ERROR), before + 6);
	assert_int_equal(sim_rd32(*state, 0x1400), 0x55667788);
	assert_true(mmio_read(gpu, 0x1000000, 4) == ~0ull);
}

static void test_pramin(void **state)
{
	struct gpu *gpu = sim_gpu(*state);
	uint8_t *vram = sim_vram(*state, 0x230000, 16), *mem = sim_mem(*state, 0x120000, 16);

	sim_wr32(*state, 0x1700, 0x23);			/* VRAM 0x230000 */
	sim_wr32(*state, 0x700004, 0xcafe1234);
	mmio_write(gpu, 0x700009, 1, 0x77);
	assert_memory_equal(vram + 4, "\x34\x12\xfe\xca", 4);
	assert_int_equal(vram[9], 0x77);
	assert_int_equal(mmio_read(gpu, 0x700006, 2), 0xcafe);
	sim_wr32(*state, 0x1700, 0x02000012);		/* coherent system memory */
	sim_wr32(*state, 0x700000, 0x01020304);
	assert_memory_equal(mem, "\x04\x03\x02\x01", 4);
	sim_dma_allow(*state, 0x120000, 4096, true, false);
	sim_wr32(*state, 0x700000, 0xffffffff);
	assert_memory_equal(mem, "\x04\x03\x02\x01", 4);
	sim_wr32(*state, 0x1700, 0x00ffffff);		/* beyond memory */
	assert_int_equal(sim_rd32(*state, 0x700000), UNCLAIMED);
	sim_wr32(*state, 0x1700, 0x01000000);		/* no such target */
	assert_int_equal(sim_rd32(*state, 0x700000), UNCLAIMED);
	assert_int_equal(sim_dma_depth(*state), 0);
}

static void test_config_mirror(void **state)
{
	assert_int_equal(sim_rd32(*state, 0x88000), 0x1eb810de);
	assert_int_equal(sim_rd32(*state, 0x88008), 0x030200a1);
	assert_int_equal(sim_rd32(*state, 0x8802c), 0x11001af4);
	sim_wr32(*state, 0x88004, 0x00000006);
	assert_int_equal(sim_rd32(*state, 0x88004), 0x00100006);
	sim_wr32(*state, 0x88000, 0);
	assert_int_equal(sim_rd32(*state, 0x88000), 0x1eb810de);
}

static void test_time(void **state)
{
	struct sim_config c = { .stepped_clock = true };
	struct sim *s = sim_create(&c);
	uint32_t t0 = sim_rd32(s, 0x9400);

	assert_int_equal(t0 & 31, 0);
	sim_advance(s, 64);
	assert_int_equal(sim_rd32(s, 0x9400), t0 + 64);
	assert_int_equal(sim_rd32(s, 0x810080), t0 + 64);
	assert_int_equal(sim_rd32(s, 0xbb0080), t0 + 64);
	sim_wr32(s, 0x9410, 0x12345678);
	sim_wr32(s, 0x9400, 0xffffffe0);
	assert_int_equal(sim_rd32(s, 0x9410), 0x12345678);
	sim_advance(s, 32);
	assert_int_equal(sim_rd32(s, 0x9410), 0x12345679);
	assert_int_equal(sim_rd32(s, 0x810084), 0x12345679);
	assert_int_equal(sim_rd32(s, 0xbb0084), 0x12345679);
	assert_int_equal(sim_rd32(s, 0x9400), 0);
	sim_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reset_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_masks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ptop, setup, teardown),
		cmocka_unit_test(test_vram_size),
		cmocka_unit_test(test_topology),
		cmocka_unit_test_setup_teardown(test_every_plain_register, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unclaimed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_access_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pramin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config_mirror, setup, teardown),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests_name("regs", tests, NULL, NULL);
}
