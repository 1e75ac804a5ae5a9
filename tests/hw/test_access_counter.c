// SPDX-License-Identifier: MIT
/*
 * Access counters: what counts, when it is told and in which bytes, clearing, a
 * full buffer. Numbers are restated from dev_vm.ref, dev_pbdma.ref and clc365.h.
 */
#include "launch.h"

#include "access_counter.h"
#include "sassasm_mem.h"

#define CONFIG		0xb83100
#define BUF_LO		0xb83108
#define BUF_HI		0xb8310c
#define BUF_SIZE	0xb83110
#define BUF_GET		0xb83114
#define BUF_PUT		0xb83118
#define BUF_INFO	0xb8311c
#define ENTRIES		4096u
#define THRESHOLD	6u
#define G_64K		0u
#define G_2M		(1u << 16)
#define GVA		(1u << 20)
#define COUNT_PCIE	(1u << 31)
#define PUSHED		2u
#define FULL		1u
#define NACK		(1u << 24)
#define LEAF2		GT_LEAF(2)	/* vector 72 is bit 8 */
#define MEM_OP_A	0x28
#define CLR		(0x16u << 27)
#define CLR_ALL		2u
#define CLR_TARGETED	3u

static struct gputest gt;
static struct launch_env e;
static uint64_t buffer;			/* VRAM: BAR2 is physical until it is bound */

static const uint8_t *packet(unsigned int i)
{
	return sim_vram(gt.sim, buffer + 32 * i, 32);
}

static uint32_t dword(unsigned int i, unsigned int dw)
{
	uint32_t v;

	memcpy(&v, packet(i) + 4 * dw, 4);
	return v;
}

static void counters_on(uint32_t config)
{
	gt_wr(&gt, CONFIG, config);
	gt_wr(&gt, BUF_HI, 0);
	gt_wr(&gt, BUF_LO, (uint32_t)buffer | 1);
}

static int setup(void **state)
{
	struct gt_chan *c = &e.c;

	gt_create(&gt, NULL);
	gt_faults_on(&gt, 0);
	le_open(&e, &gt, 5);
	gt_chan_restart(&e.c, GT_PRIV);
	gt_runlist(&gt, 0, &c, 1);
	le_setup(&e);
	buffer = gt_vram(&gt, ENTRIES * 32, 0x1000);
	return 0;
}

static int teardown(void **state)
{
	gt_destroy(&gt);
	return 0;
}

/* One warp loads @times from @va on, a word a lane, and once more @stride bytes on. */
static void load_at(uint64_t va, unsigned int times, uint32_t stride)
{
	PROGRAM(&e, a_s2r(0, 0x21), a_mov(4, (uint32_t)va), a_mov(5, (uint32_t)(va >> 32)),
		a_wide(2, 0, 4, 4));
	while (times--) {
		le_emit(&e, a_ld(8, 2, 0, B32));
		if (stride)
			le_emit(&e, a_ld(8, 2, stride, B32));
	}
	le_emit(&e, a_exit());
	le_qmd(&e, 1, 32);
	assert_true(le_run(&e, 5000));
}

static bool took_vector(void)
{
	bool set = gt_rd(&gt, LEAF2) & 1u << 8;

	gt_wr(&gt, LEAF2, 1u << 8);
	return set;
}

/* MEM_OP_A to _D: @c and @d matter. */
static void clear(uint32_t c, uint32_t d)
{
	gt_inc(&e.c, 0, MEM_OP_A, 4, 0u, 0u, c, CLR | d);
	assert_true(gt_run(&e.c, 2000));
}

static void test_packet_bytes(void **state)
{
	/*
	 * GPU 1 at 0, virtual 0 at 1, bank 11 in 5:2, coherent sysmem 2 in 9:8, instance
	 * block 0x12_3456_7000 in aperture 2 (11:10); address 0x7f12_3456_0000; 32nds
	 * 0x80000001; tag 0xabcde; value 0x1234; engine 69 in 28:20, VALID 31
	 */
	static const uint8_t want[32] = {
		0x2d, 0x7a, 0x56, 0x34, 0x12, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x56, 0x34, 0x12, 0x7f, 0x00, 0x00,
		0x01, 0x00, 0x00, 0x80, 0xde, 0xbc, 0x0a, 0x00,
		0x34, 0x12, 0x00, 0x00, 0x00, 0x00, 0x50, 0x84,
	};
	const struct access_report r = {
		.inst = 0x1234567000ull, .inst_aperture = APERTURE_SYS_COH,
		.addr = 0x7f1234560000ull, .aperture = APERTURE_SYS_COH, .bank = 11,
		.sub_granularity = 0x80000001, .tag = 0xabcde, .count = 0x1234, .engine_id = 69,
	};
	uint32_t dw[8];

	access_packet_encode(&r, dw);
	assert_memory_equal(dw, want, 32);
}

static void test_registers(void **state)
{
	assert_int_equal(gt_rd(&gt, CONFIG), 0xc0100080);
	gt_wr(&gt, CONFIG, 0xffffffff);
	assert_int_equal(gt_rd(&gt, CONFIG), 0xc01fffff);
	assert_int_equal(gt_rd(&gt, BUF_SIZE), ENTRIES);
	gt_wr(&gt, BUF_LO, 0xfffffffe);
	assert_int_equal(gt_rd(&gt, BUF_LO), 0xfffff000);
	gt_wr(&gt, BUF_GET, 0xffffffff);
	assert_int_equal(gt_rd(&gt, BUF_GET), 0xfff);
	gt_wr(&gt, BUF_PUT, 7);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 0);
	gt_wr(&gt, BUF_GET, 0);
	assert_int_equal(gt_rd(&gt, BUF_INFO), PUSHED);
}

static void test_counts_and_tells_once(void **state)
{
	uint32_t d0;

	counters_on(THRESHOLD | G_64K | GVA | COUNT_PCIE);
	load_at(L_DATA_VA + 0x10000, THRESHOLD - 1, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 0);
	assert_false(took_vector());
	load_at(L_DATA_VA + 0x1f000, 1, 0);	/* the same 64 KiB */
	assert_int_equal(gt_rd(&gt, BUF_PUT), 1);
	assert_true(took_vector());
	/* TYPE GPU, GVA; aperture 2; the instance block in VRAM */
	d0 = dword(0, 0);
	assert_int_equal(d0 & 0xfc3, 0x201);
	assert_int_equal(d0 >> 12 << 12, (uint32_t)e.c.inst);
	assert_int_equal(dword(0, 1), e.c.inst >> 32);
	assert_int_equal(dword(0, 2), (uint32_t)L_DATA_VA + 0x10000);
	assert_int_equal(dword(0, 3), L_DATA_VA >> 32);
	assert_int_equal(dword(0, 4), 0);
	assert_int_equal(dword(0, 6), THRESHOLD);
	assert_int_equal(dword(0, 7), 1u << 31 | 64u << 20);
	/* silent from now on; another region has a counter of its own */
	load_at(L_DATA_VA + 0x10000, 3 * THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 1);
	load_at(L_DATA_VA + 0x20000, THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 2);
	assert_int_equal(dword(1, 2), (uint32_t)L_DATA_VA + 0x20000);
}

static void test_vram_and_off_do_not_count(void **state)
{
	gt_wr(&gt, CONFIG, THRESHOLD | GVA | COUNT_PCIE);
	load_at(L_DATA_VA, 4 * THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 0);
	counters_on(THRESHOLD | GVA | COUNT_PCIE);
	load_at(L_CONST_VA, 4 * THRESHOLD, 0);	/* VRAM */
	assert_int_equal(gt_rd(&gt, BUF_PUT), 0);
	gt_wr(&gt, CONFIG, THRESHOLD | GVA);	/* system memory is behind PCIe */
	load_at(L_DATA_VA, 4 * THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 0);
	gt_wr(&gt, CONFIG, THRESHOLD | GVA | COUNT_PCIE);
	load_at(L_DATA_VA, THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 1);
}

static void test_large_region_tells_its_parts(void **state)
{
	counters_on(THRESHOLD | G_2M | GVA | COUNT_PCIE);
	load_at(L_DATA_VA, THRESHOLD / 2, 0x30000);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 1);
	assert_int_equal(dword(0, 2), (uint32_t)L_DATA_VA);
	assert_int_equal(dword(0, 4), 1u << 0 | 1u << 3);
	assert_int_equal(dword(0, 6), THRESHOLD);
}

static void test_physical(void **state)
{
	counters_on(THRESHOLD | COUNT_PCIE);
	load_at(L_DATA_VA + 0x10000, 2 * THRESHOLD, 0);
	assert_in_range(gt_rd(&gt, BUF_PUT), 1, 2);
	assert_int_equal(dword(0, 0) & 3, 3);
	assert_int_equal(dword(0, 0) >> 10, 0);		/* no instance */
	assert_int_equal(dword(0, 2), (uint32_t)((e.data_pa + 0x10000) & ~0xffffull));
}

static void test_clear(void **state)
{
	uint32_t bank, tag;

	counters_on(THRESHOLD | GVA | COUNT_PCIE);
	load_at(L_DATA_VA, THRESHOLD, 0x10000);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 2);
	bank = dword(0, 0) >> 2 & 15;
	tag = dword(0, 5);
	clear(tag, CLR_TARGETED | bank << 3);
	/* that one counts from 0, the other one stays silent */
	load_at(L_DATA_VA, THRESHOLD - 1, 0x10000);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 2);
	load_at(L_DATA_VA, 1, 0x10000);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 3);
	assert_int_equal(dword(2, 2), (uint32_t)L_DATA_VA);
	clear(0, CLR_ALL);
	load_at(L_DATA_VA, THRESHOLD, 0x10000);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 5);
	clear(0, 1);		/* MOMC: not these */
	load_at(L_DATA_VA, THRESHOLD, 0x10000);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 5);
}

static void test_full_buffer(void **state)
{
	counters_on(THRESHOLD | GVA | COUNT_PCIE);
	gt_wr(&gt, BUF_GET, 1);		/* put 0: no room */
	assert_int_equal(gt_rd(&gt, BUF_INFO), PUSHED | FULL);
	took_vector();
	load_at(L_DATA_VA, THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 0);
	assert_false(took_vector());
	/* told as soon as there is */
	gt_wr(&gt, BUF_GET, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 1);
	assert_int_equal(gt_rd(&gt, BUF_INFO), PUSHED);
	assert_true(took_vector());
	assert_int_equal(dword(0, 2), (uint32_t)L_DATA_VA);
	/* entries left over pulse again */
	gt_wr(&gt, BUF_GET, 0);
	assert_true(took_vector());
	gt_wr(&gt, BUF_GET, 1);
	assert_false(took_vector());
}

static void test_buffer_without_memory(void **state)
{
	buffer = 0xfffff000;
	counters_on(THRESHOLD | GVA | COUNT_PCIE);
	load_at(L_DATA_VA, THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 0);
	assert_int_equal(gt_rd(&gt, BUF_INFO), PUSHED | NACK);
	/* good again once it was turned off and on */
	gt_wr(&gt, BUF_LO, 0);
	buffer = gt_vram(&gt, ENTRIES * 32, 0x1000);
	counters_on(THRESHOLD | GVA | COUNT_PCIE);
	assert_int_equal(gt_rd(&gt, BUF_INFO), PUSHED);
	load_at(L_DATA_VA + 0x10000, THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 1);
}

static void test_reset(void **state)
{
	counters_on(THRESHOLD | GVA | COUNT_PCIE);
	load_at(L_DATA_VA, THRESHOLD, 0);
	assert_int_equal(gt_rd(&gt, BUF_PUT), 1);
	gpu_reset(sim_gpu(gt.sim));
	assert_int_equal(gt_rd(&gt, BUF_PUT), 0);
	assert_int_equal(gt_rd(&gt, BUF_LO), 0);
	assert_int_equal(gt_rd(&gt, CONFIG), 0xc0100080);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_bytes),
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counts_and_tells_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vram_and_off_do_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_region_tells_its_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_physical, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_buffer_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
	};

	log_mask = 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
