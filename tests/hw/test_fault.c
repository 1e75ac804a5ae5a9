// SPDX-License-Identifier: MIT
/* Fault buffers: packets, pointers, overflow, their memory; the FAULT_* registers. */
#include "fault_env.h"

/* --- packets and pointers --- */

static void test_packet_bytes(void **state)
{
	struct env *e = *state;
	const struct mmu_client t1 = { .engine_id = 64 + 5, .client = 0x3d, .gpc = 3 };
	struct mmu_as as = e->m.as;
	/*
	 * INST 0x12_3456_7000 in coherent system memory (aperture 2 in 9:8);
	 * ADDR 0x1_8765_4321_0000; engine 69; type 6, client 0x3d in 14:8,
	 * ATOMIC 2 in 19:16, GPC 3 in 28:24, REPLAYABLE_FAULT_EN 30, VALID 31
	 */
	static const uint8_t want[32] = {
		0x00, 0x72, 0x56, 0x34, 0x12, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x21, 0x43, 0x65, 0x87, 0x01, 0x00,
		0, 0, 0, 0, 0, 0, 0, 0,	/* timestamp, below */
		0x45, 0x00, 0x00, 0x00, 0x06, 0x3d, 0x02, 0xc3,
	};
	uint8_t got[32];
	uint64_t stamp, now;

	as.inst = 0x1234567000ull;
	as.inst_aperture = APERTURE_SYS_COH;
	sim_advance(e->m.sim, 0x123456789abull);
	now = gpu_now(e->m.gpu);
	mmu_fault_fatal(e->m.gpu, &as, &t1, 0xffff876543210abcull, MMU_ATOMIC, 6);
	memcpy(got, packet(e, N, 0), 32);
	memcpy(&stamp, got + 16, 8);
	memset(got + 16, 0, 8);
	assert_memory_equal(got, want, 32);
	assert_true(now >= 0x123456789abull);
	assert_int_equal(stamp, now);
}

static void test_packet_of_hub_and_replayable(void **state)
{
	struct env *e = *state;
	uint32_t *p;

	fatal(e, 0x5000);
	p = packet(e, N, 0);
	assert_int_equal(p[6], 15);
	/* type 2, client 1 (CE1), WRITE 1 in 19:16, hub 20, REPLAYABLE_FAULT_EN 30 */
	assert_int_equal(p[7], 0xc0110102);
	park(e, 0, VA, MMU_READ);
	p = packet(e, R, 0);
	assert_int_equal(p[0], (uint32_t)e->m.as.inst);
	/* PDE fault 0, REPLAYABLE_FAULT 7, client T1_0, READ */
	assert_int_equal(p[7], 0xc0000080);
}

static void test_default_sizes_and_views(void **state)
{
	struct env *e = *state;

	for (unsigned int i = 0; i < 2; i++) {
		wr(e, VF_SIZE(i), 0);
		wr(e, VF_SIZE(i), SET_DEFAULT);
		assert_int_equal(rd(e, VF_SIZE(i)) & 0xfffff, i == R ? 8192 : 1024);
		assert_int_equal(rd(e, PF_SIZE(i)), rd(e, VF_SIZE(i)));
		wr(e, PF_LO(i), 0xfffff00f);
		assert_int_equal(rd(e, VF_LO(i)), 0xfffff00f);
		wr(e, VF_HI(i), 0x12345678);
		assert_int_equal(rd(e, PF_HI(i)), 0x12345678);
		wr(e, PF_GET(i), 7);
		assert_int_equal(rd(e, VF_GET(i)), 7);
		wr(e, PF_PUT(i), 5);	/* read-only */
		assert_int_equal(rd(e, VF_PUT(i)), 0);
		wr(e, PF_SIZE(i), 77);
		assert_int_equal(rd(e, VF_SIZE(i)), 77);
	}
	assert_int_equal(rd(e, PAGE_FAULT_CTRL), 3);
	wr(e, 0x100cf8, 0);
	assert_int_equal(rd(e, PAGE_FAULT_CTRL), 0);
	assert_int_equal(rd(e, 0x100ee0), 134);
	assert_int_equal(rd(e, 0x100ee4), 0x00840085);
	assert_int_equal(rd(e, 0x100ee8), 0x00400083);
}

static void test_pointers_and_interrupts(void **state)
{
	struct env *e = *state;

	assert_int_equal(rd(e, FAULT_STATUS), 0);
	fatal(e, 0x1000);
	assert_true(took_vector(e, 132));
	assert_false(took_vector(e, 64));
	assert_int_equal(rd(e, FAULT_STATUS), 1u << 9);
	expect_count(e, N, 1);
	park(e, 0, VA, MMU_READ);
	assert_true(took_vector(e, 64));
	assert_int_equal(rd(e, FAULT_STATUS), 1u << 9 | 1u << 8);
	park(e, 1, VA, MMU_READ);
	assert_true(took_vector(e, 64));
	expect_count(e, R, 2);
	/* entries remain: writing GET pulses again, whatever was cleared before */
	wr(e, VF_GET(R), 1);
	assert_true(took_vector(e, 64));
	assert_int_equal(rd(e, VF_GET(R)), 1);
	wr(e, VF_GET(R), 2);
	assert_false(took_vector(e, 64));
	assert_int_equal(rd(e, FAULT_STATUS), 1u << 9);
	wr(e, VF_GET(N), 1);
	assert_false(took_vector(e, 132));
}

static void test_wrap(void **state)
{
	struct env *e = *state;

	for (unsigned int n = 0; n < 3 * ENTRIES; n++) {
		uint32_t *p = packet(e, N, n % ENTRIES);

		fatal(e, n << 12);
		assert_int_equal(p[7] >> 31, 1);
		assert_int_equal(packet_va(p), n << 12);
		p[7] = 0;
		expect_count(e, N, (n + 1) % ENTRIES);
		wr(e, VF_GET(N), (n + 1) % ENTRIES);
	}
	/* nothing beyond the last entry */
	assert_int_equal(packet(e, N, ENTRIES)[7], 0);
}

/* --- overflow --- */

static void fill_up(struct env *e)
{
	for (unsigned int n = 0; n < ENTRIES - 1; n++)
		fatal(e, n << 12);
	assert_int_equal(rd(e, VF_PUT(N)), ENTRIES - 1);
	assert_int_equal(rd(e, VF_GET(N)), 0);
}

static void test_overflow(void **state)
{
	struct env *e = *state;

	fill_up(e);
	took_vector(e, 132);
	fatal(e, 0xbad000);
	assert_int_equal(rd(e, VF_PUT(N)), (ENTRIES - 1) | OVERFLOW);
	assert_int_equal(rd(e, VF_GET(N)), OVERFLOW);
	assert_int_equal(rd(e, PF_GET(N)), OVERFLOW);
	assert_int_equal(rd(e, FAULT_STATUS), 1u << 9 | 1u << 13);
	assert_int_equal(packet(e, N, ENTRIES - 1)[7], 0);
	assert_false(took_vector(e, 133));	/* OVERFLOW_INTR is off */
	/* room alone does not help: nothing is written until OVERFLOW is cleared */
	wr(e, VF_GET(N), 3);
	assert_int_equal(rd(e, VF_GET(N)), 3 | OVERFLOW);
	fatal(e, 0xbad000);
	assert_int_equal(rd(e, VF_PUT(N)), (ENTRIES - 1) | OVERFLOW);
	wr(e, VF_GET(N), 3 | OVERFLOW);
	assert_int_equal(rd(e, VF_GET(N)), 3);
	fatal(e, 0x900000);
	assert_int_equal(rd(e, VF_PUT(N)), 0);
	assert_int_equal(packet_va(packet(e, N, ENTRIES - 1)), 0x900000);
}

/* One write that moves GET and clears OVERFLOW finds the buffer still full. */
static void test_overflow_needs_two_writes(void **state)
{
	struct env *e = *state;

	fill_up(e);
	fatal(e, 0xbad000);
	wr(e, VF_GET(N), 5 | OVERFLOW | CORRUPTED);
	assert_int_equal(rd(e, VF_GET(N)), 5 | OVERFLOW);
	wr(e, VF_GET(N), 5 | OVERFLOW | CORRUPTED);
	assert_int_equal(rd(e, VF_GET(N)), 5);
	assert_int_equal(rd(e, VF_PUT(N)), ENTRIES - 1);
}

static void test_overflow_interrupt(void **state)
{
	struct env *e = *state;

	wr(e, VF_SIZE(N), ENTRIES | ENABLE | OVERFLOW_INTR);
	fill_up(e);
	assert_false(took_vector(e, 133));
	fatal(e, 0xbad000);
	assert_true(took_vector(e, 133));
	fatal(e, 0xbad000);
	assert_false(took_vector(e, 133));	/* once per overflow */
	assert_int_equal(e->m.gpu->counters.fault_buffer_overflows, 1);
	assert_int_equal(e->m.gpu->counters.faults_dropped, 2);
}

static void test_get_out_of_range(void **state)
{
	struct env *e = *state;

	fatal(e, 0x1000);
	wr(e, VF_GET(N), ENTRIES);
	assert_true(took_vector(e, 133));
	assert_int_equal(rd(e, VF_GET(N)), ENTRIES | CORRUPTED);
	assert_int_equal(rd(e, VF_PUT(N)), 1 | CORRUPTED);
	assert_int_equal(rd(e, FAULT_STATUS) & 1u << 15, 1u << 15);
	fatal(e, 0x2000);
	assert_int_equal(rd(e, VF_PUT(N)), 1 | CORRUPTED);
	/* a good GET first, then the flag */
	wr(e, VF_GET(N), 1 | CORRUPTED);
	assert_int_equal(rd(e, VF_GET(N)), 1 | CORRUPTED);
	wr(e, VF_GET(N), 1 | CORRUPTED);
	assert_int_equal(rd(e, VF_GET(N)), 1);
	fatal(e, 0x2000);
	expect_count(e, N, 2);
}

static void test_disable_resets_pointers(void **state)
{
	struct env *e = *state;

	fill_up(e);
	fatal(e, 0xbad000);
	wr(e, VF_SIZE(N), ENTRIES);
	assert_int_equal(rd(e, VF_GET(N)), 0);
	assert_int_equal(rd(e, VF_PUT(N)), 0);
	assert_int_equal(rd(e, FAULT_STATUS), 0);
	wr(e, VF_SIZE(N), ENTRIES | ENABLE);
	fatal(e, 0x7000);
	assert_int_equal(packet_va(packet(e, N, 0)), 0x7000);
	expect_count(e, N, 1);
}

static void test_odd_sizes(void **state)
{
	struct env *e = *state;

	for (unsigned int size = 0; size < 2; size++) {
		wr(e, VF_SIZE(N), 0);
		wr(e, VF_SIZE(N), size | ENABLE);
		fatal(e, 0x1000);	/* no room at all */
		assert_int_equal(rd(e, VF_PUT(N)) & OVERFLOW, OVERFLOW);
		assert_int_equal(rd(e, VF_PUT(N)) & 0xfffff, 0);
	}
	/* resized under way: ignored */
	wr(e, VF_SIZE(R), 2 | ENABLE);
	assert_int_equal(rd(e, VF_SIZE(R)), ENTRIES | ENABLE);
}

/* --- faults without a buffer --- */

static void test_disabled_buffer_latches_registers(void **state)
{
	struct env *e = *state;

	wr(e, VF_SIZE(N), 0);
	fatal(e, 0x1234567891000ull);
	assert_true(took_vector(e, 134));
	assert_false(took_vector(e, 132));
	assert_int_equal(rd(e, FAULT_STATUS), 0x80000000);
	assert_int_equal(rd(e, FAULT_ADDR_LO), 0x67891000);
	assert_int_equal(rd(e, FAULT_ADDR_HI), 0x12345);
	assert_int_equal(rd(e, FAULT_INST_LO), (uint32_t)e->m.as.inst | 15);
	assert_int_equal(rd(e, FAULT_INST_HI), 0);
	/* like dword 7 of a packet */
	assert_int_equal(rd(e, FAULT_INFO), 0xc0110102);
	assert_int_equal(rd(e, 0x100e4c), 0x67891000);
	assert_int_equal(rd(e, 0x100e5c), 0xc0110102);
	/* taken: the next one is dropped, class "other virtual" */
	fatal(e, 0x7000);
	assert_false(took_vector(e, 134));
	assert_int_equal(rd(e, FAULT_ADDR_LO), 0x67891000);
	assert_int_equal(rd(e, FAULT_STATUS), 0x80000080);
	wr(e, 0x100e60, 0x80000000);
	assert_int_equal(rd(e, FAULT_STATUS), 0x80);
	assert_int_equal(rd(e, FAULT_INFO) >> 31, 0);
	wr(e, FAULT_STATUS, 0x80);
	assert_int_equal(rd(e, FAULT_STATUS), 0);
	fatal(e, 0x7000);
	assert_true(took_vector(e, 134));
	assert_int_equal(rd(e, FAULT_ADDR_LO), 0x7000);
}

static void test_disabled_replayable_buffer(void **state)
{
	struct env *e = *state;
	struct mmu_park *p;

	wr(e, VF_SIZE(R), 0);
	p = park(e, 0, VA, MMU_WRITE);
	assert_int_equal(rd(e, FAULT_STATUS), 0x80000000);
	/* client T1_0, REPLAYABLE_FAULT 7, WRITE */
	assert_int_equal(rd(e, FAULT_INFO), 0xc0010080);
	wr(e, FAULT_STATUS, 0x80000000);
	map(e, VA);
	replay(e, REPLAY_START);
	assert_int_equal(p->state, MMU_REPLAYED);
}

static void test_bar_faults_go_to_registers(void **state)
{
	struct env *e = *state;
	const struct mmu_client bar2 = { .engine_id = 192, .client = 7, .hub = true };
	const struct mmu_client bar1 = { .engine_id = 128, .client = 7, .hub = true };

	mmu_fault_fatal(e->m.gpu, &e->m.as, &bar2, 0x6000, MMU_READ, 2);
	expect_count(e, N, 0);
	assert_true(took_vector(e, 134));
	assert_int_equal(rd(e, FAULT_INST_LO) & 0x1ff, 192);
	mmu_fault_fatal(e->m.gpu, &e->m.as, &bar2, 0x6000, MMU_READ, 2);
	assert_int_equal(rd(e, FAULT_STATUS), 0x80000008);
	mmu_fault_fatal(e->m.gpu, &e->m.as, &bar1, 0x6000, MMU_READ, 2);
	assert_int_equal(rd(e, FAULT_STATUS), 0x8000000a);
}

/* --- the buffer's own memory --- */

static void bind_bar2(struct env *e, const struct mmu_as *as)
{
	uint32_t *inst = sim_vram(e->m.sim, as->inst, 4096);

	inst[128] = (uint32_t)as->pdb | 0xc00;	/* VER2, 64 KiB big pages */
	inst[129] = 0;
	wr(e, BAR2_BLOCK, 0x80000000 | as->inst >> 12);
}

static void test_buffer_in_bar2_space(void **state)
{
	struct env *e = *state;
	struct mmu_as bar2 = env_new_as(&e->m);
	const uint32_t *first, *second;

	/* two pages: video memory, then coherent system memory */
	env_map_in(&e->m, &bar2, 0x10000, 12, PA, PTE_VALID | PTE_PRIV);
	env_map_in(&e->m, &bar2, 0x11000, 12, 0x7000, PTE_VALID | PTE_SYS_COH | PTE_VOL);
	bind_bar2(e, &bar2);
	wr(e, VF_SIZE(R), 0);
	enable(e, R, 0x10000, 0, 256);
	for (unsigned int n = 0; n < 130; n++)
		park(e, n % PARKS, VA + 0x1000 * n, MMU_READ), mmu_unpark(e->m.gpu, &e->park[n % PARKS]);
	expect_count(e, R, 130);
	first = sim_vram(e->m.sim, PA, 0x1000);
	second = sim_mem(e->m.sim, 0x7000, 64);
	assert_int_equal(packet_va(first), VA);
	assert_int_equal(packet_va(first + 127 * 8), VA + 127 * 0x1000);
	assert_int_equal(packet_va(second), VA + 128 * 0x1000);
	assert_int_equal(second[8 + 7] >> 31, 1);
}

static void test_buffer_memory_missing(void **state)
{
	struct env *e = *state;
	struct mmu_as bar2 = env_new_as(&e->m);

	bind_bar2(e, &bar2);
	wr(e, VF_SIZE(N), 0);
	enable(e, N, 0x10000, 0, ENTRIES);
	fatal(e, 0x1000);
	assert_true(took_vector(e, 133));
	assert_true(took_vector(e, 134));
	assert_int_equal(rd(e, VF_PUT(N)), 0);
	/* info fault of engine BAR2 at the entry; NON_REPLAYABLE_ERROR 11 */
	assert_int_equal(rd(e, FAULT_STATUS), 0x80000000 | 1u << 11);
	assert_int_equal(rd(e, FAULT_INST_LO), (uint32_t)bar2.inst | 192);
	assert_int_equal(rd(e, FAULT_ADDR_LO), 0x10000);
	/* mapped now, but the buffer stays off until disabled; BAR2 caches the miss */
	env_map_in(&e->m, &bar2, 0x10000, 12, PA, PTE_VALID);
	fatal(e, 0x2000);
	assert_int_equal(rd(e, VF_PUT(N)), 0);
	wr(e, VF_SIZE(N), ENTRIES);
	assert_int_equal(rd(e, FAULT_STATUS), 0x80000000);
	wr(e, FAULT_STATUS, 0x80000000);
	wr(e, 0xb830b0, 0x80000007);	/* ALL_VA | ALL_PDB | HUBTLB_ONLY */
	wr(e, VF_SIZE(N), ENTRIES | ENABLE);
	fatal(e, 0x3000);
	expect_count(e, N, 1);
	assert_int_equal(packet_va(sim_vram(e->m.sim, PA, 32)), 0x3000);
}

static void test_physical_buffer_out_of_memory(void **state)
{
	struct env *e = *state;

	wr(e, VF_SIZE(N), 0);
	enable(e, N, 1ull << 40, PHYSICAL, ENTRIES);
	fatal(e, 0x1000);
	assert_int_equal(rd(e, FAULT_STATUS), 0x80000000 | 1u << 11);
	assert_int_equal(rd(e, FAULT_INST_LO) & 0x1ff, 31);
	/* in system memory, coherent: aperture 2 in bits 2:1 */
	wr(e, VF_SIZE(N), 0);
	enable(e, N, 0x9000, PHYSICAL | 2 << 1, ENTRIES);
	fatal(e, 0x4000);
	assert_int_equal(packet_va(sim_mem(e->m.sim, 0x9000, 32)), 0x4000);
}

static void test_reset(void **state)
{
	struct env *e = *state;
	struct mmu_park *p = park(e, 0, VA, MMU_READ);

	fatal(e, 0x1000);
	gpu_reset(e->m.gpu);
	assert_int_equal(p->state, MMU_IDLE);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rd(e, VF_SIZE(i)), 0);
		assert_int_equal(rd(e, VF_PUT(i)), 0);
		assert_int_equal(rd(e, VF_LO(i)), 0);
	}
	assert_int_equal(rd(e, FAULT_STATUS), 0);
	map(e, VA);
	assert_int_equal(where(e, VA), PA + 0x500000);	/* TLBs are empty */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_packet_bytes),
		T(test_packet_of_hub_and_replayable),
		T(test_default_sizes_and_views),
		T(test_pointers_and_interrupts),
		T(test_wrap),
		T(test_overflow),
		T(test_overflow_needs_two_writes),
		T(test_overflow_interrupt),
		T(test_get_out_of_range),
		T(test_disable_resets_pointers),
		T(test_odd_sizes),
		T(test_disabled_buffer_latches_registers),
		T(test_disabled_replayable_buffer),
		T(test_bar_faults_go_to_registers),
		T(test_buffer_in_bar2_space),
		T(test_buffer_memory_missing),
		T(test_physical_buffer_out_of_memory),
		T(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
