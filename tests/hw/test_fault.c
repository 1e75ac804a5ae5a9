// SPDX-License-Identifier: MIT
/*
 * Fault buffers, replay and cancel. Register offsets and packet layout are
 * written out as the manuals give them, not taken from the model's headers.
 */
#include "mmu_env.h"

#include <sched.h>
#include <stdatomic.h>

/* dev_vm.ref, pri_mmu_hub.ref: i = 0 non-replayable, 1 replayable */
#define VF_LO(i)	(0xb83000 + 0x20 * (i))
#define VF_HI(i)	(0xb83004 + 0x20 * (i))
#define VF_GET(i)	(0xb83008 + 0x20 * (i))
#define VF_PUT(i)	(0xb8300c + 0x20 * (i))
#define VF_SIZE(i)	(0xb83010 + 0x20 * (i))
#define PF_LO(i)	(0x100e24 + 0x14 * (i))
#define PF_HI(i)	(0x100e28 + 0x14 * (i))
#define PF_GET(i)	(0x100e2c + 0x14 * (i))
#define PF_PUT(i)	(0x100e30 + 0x14 * (i))
#define PF_SIZE(i)	(0x100e34 + 0x14 * (i))
#define FAULT_ADDR_LO	0xb83080
#define FAULT_ADDR_HI	0xb83084
#define FAULT_INST_LO	0xb83088
#define FAULT_INST_HI	0xb8308c
#define FAULT_INFO	0xb83090
#define FAULT_STATUS	0xb83094
#define PAGE_FAULT_CTRL	0xb83070
#define LEAF(i)		(0xb81000 + 4 * (i))
#define BAR2_BLOCK	0xb80f48

#define ENABLE		0x80000000u
#define SET_DEFAULT	0x40000000u
#define OVERFLOW_INTR	0x20000000u
#define OVERFLOW	0x80000000u
#define CORRUPTED	0x40000000u
#define PHYSICAL	1u

#define N		0	/* non-replayable */
#define R		1	/* replayable */

#define BUF_N		0x3000000ull	/* in video memory */
#define BUF_R		0x3010000ull
#define ENTRIES		8
#define VA		0x7f1234500000ull
#define PA		0x2000000ull
#define PARKS		16

struct env {
	struct mmu_env m;
	struct mmu_park park[PARKS];
	struct mmu_as other;		/* a second address space, same engine */
};

static void enable(struct env *e, unsigned int i, uint64_t addr, uint32_t mode, uint32_t size)
{
	sim_wr32(e->m.sim, VF_SIZE(i), size);
	sim_wr32(e->m.sim, VF_HI(i), addr >> 32);
	sim_wr32(e->m.sim, VF_LO(i), (uint32_t)addr | mode);
	sim_wr32(e->m.sim, VF_SIZE(i), size | ENABLE);
}

static struct env *create(const char *inject)
{
	struct env *e = calloc(1, sizeof(*e));

	env_create(&e->m, inject);
	e->other = env_new_as(&e->m);
	enable(e, N, BUF_N, PHYSICAL, ENTRIES);
	enable(e, R, BUF_R, PHYSICAL, ENTRIES);
	return e;
}

static int setup(void **state)
{
	*state = create(NULL);
	return 0;
}

static int teardown(void **state)
{
	struct env *e = *state;

	env_destroy(&e->m);
	free(e);
	return 0;
}

static uint32_t rd(struct env *e, uint32_t off) { return sim_rd32(e->m.sim, off); }
static void wr(struct env *e, uint32_t off, uint32_t val) { sim_wr32(e->m.sim, off, val); }

/* Vector v is bit v % 32 of leaf v / 32; reading clears it here. */
static bool took_vector(struct env *e, unsigned int v)
{
	uint32_t bit = 1u << v % 32;
	bool set = rd(e, LEAF(v / 32)) & bit;

	wr(e, LEAF(v / 32), bit);
	return set;
}

static uint32_t *packet(struct env *e, unsigned int i, unsigned int index)
{
	return sim_vram(e->m.sim, (i == R ? BUF_R : BUF_N) + index * 32, 32);
}

static uint64_t packet_va(const uint32_t *p)
{
	return (uint64_t)p[3] << 32 | (p[2] & 0xfffff000);
}

static void expect_count(struct env *e, unsigned int i, unsigned int n)
{
	assert_int_equal(rd(e, VF_PUT(i)), n);
}

/* Access as T1 number @t1 of GPC @gpc with graphics engine id 64 would. */
static struct mmu_park *make_park(struct env *e, unsigned int i, uint64_t va,
				  enum mmu_access access)
{
	struct mmu_park *p = &e->park[i];

	*p = (struct mmu_park){
		.as = &e->m.as, .tlb = e->m.tlb, .va = va, .access = access,
		.client = { .engine_id = 64, .client = 0, .gpc = 0 },
	};
	return p;
}

static enum mmu_park_state fault(struct env *e, struct mmu_park *p)
{
	struct mmu_xlat x;

	assert_int_equal(env_translate_in(&e->m, p->tlb, p->as, p->va, p->access, &x), MMU_FAULT);
	p->fault_type = x.fault_type;
	return mmu_fault_replayable(e->m.gpu, p);
}

static struct mmu_park *park(struct env *e, unsigned int i, uint64_t va, enum mmu_access access)
{
	struct mmu_park *p = make_park(e, i, va, access);

	assert_int_equal(fault(e, p), MMU_PARKED);
	assert_int_equal(p->state, MMU_PARKED);
	return p;
}

static void fatal(struct env *e, uint64_t va)
{
	const struct mmu_client ce = { .engine_id = 15, .client = 1, .hub = true };

	mmu_fault_fatal(e->m.gpu, &e->m.as, &ce, va, MMU_WRITE, 2);
}

static void map(struct env *e, uint64_t va)
{
	env_map(&e->m, va, 12, PA + (va & 0xfff000), PTE_VALID);
}

static void replay(struct env *e, enum mmu_replay mode)
{
	env_invalidate(&e->m, (struct mmu_invalidate){
		.all_va = true, .all_pdb = true, .replay = mode });
}

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

/* --- replay --- */

static unsigned int wakes;

static void on_wake(void *owner)
{
	const struct mmu_park *p = owner;

	assert_int_not_equal(p->state, MMU_PARKED);
	wakes++;
}

static void test_replay(void **state)
{
	struct env *e = *state;
	struct mmu_park *a = park(e, 0, VA, MMU_READ), *b = park(e, 1, VA + 0x1000, MMU_WRITE);

	a->wake = b->wake = on_wake;
	a->owner = a;
	b->owner = b;
	wakes = 0;
	expect_count(e, R, 2);
	map(e, VA);
	replay(e, REPLAY_START);
	assert_int_equal(a->state, MMU_REPLAYED);
	assert_int_equal(b->state, MMU_PARKED);
	assert_int_equal(wakes, 1);
	/* b faulted again: a new packet, with what is wrong now */
	expect_count(e, R, 3);
	assert_int_equal(packet_va(packet(e, R, 2)), VA + 0x1000);
	assert_int_equal(packet(e, R, 2)[7] & 0x1f, 2);		/* PTE: the table is there now */
	map(e, VA + 0x1000);
	replay(e, REPLAY_START_ACK_ALL);
	assert_int_equal(b->state, MMU_REPLAYED);
	assert_int_equal(wakes, 2);
	expect_count(e, R, 3);
	replay(e, REPLAY_START);
	assert_int_equal(wakes, 2);
}

/* No invalidate, no mercy: the uTLB still has the invalid entry. */
static void test_replay_without_invalidate(void **state)
{
	struct env *e = *state;
	struct mmu_park *p = park(e, 0, VA, MMU_READ);

	map(e, VA);
	env_invalidate(&e->m, (struct mmu_invalidate){
		.pdb = e->other.pdb, .all_va = true, .replay = REPLAY_START });
	assert_int_equal(p->state, MMU_PARKED);
	expect_count(e, R, 2);
	env_invalidate(&e->m, (struct mmu_invalidate){
		.pdb = e->m.as.pdb, .va = VA, .replay = REPLAY_START });
	assert_int_equal(p->state, MMU_REPLAYED);
}

static void test_hub_only_replays_nothing(void **state)
{
	struct env *e = *state;
	struct mmu_park *p = park(e, 0, VA, MMU_READ);

	map(e, VA);
	env_invalidate(&e->m, (struct mmu_invalidate){
		.all_va = true, .all_pdb = true, .hub_only = true, .replay = REPLAY_START });
	assert_int_equal(p->state, MMU_PARKED);
	expect_count(e, R, 1);
}

static void test_duplicates(void **state)
{
	struct env *e = *state;

	for (unsigned int i = 0; i < 4; i++)
		park(e, i, VA, MMU_READ);
	expect_count(e, R, 4);
	map(e, VA);
	replay(e, REPLAY_START);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(e->park[i].state, MMU_REPLAYED);
}

/* What overflowed is not lost: it faults again at the next replay. */
static void test_dropped_replayable_returns(void **state)
{
	struct env *e = *state;

	for (unsigned int i = 0; i < ENTRIES + 2; i++)
		park(e, i, VA + 0x1000 * i, MMU_READ);
	assert_int_equal(rd(e, VF_PUT(R)), (ENTRIES - 1) | OVERFLOW);
	for (unsigned int i = 0; i < ENTRIES - 1; i++)
		map(e, VA + 0x1000 * i);
	wr(e, VF_GET(R), ENTRIES - 1);
	wr(e, VF_GET(R), (ENTRIES - 1) | OVERFLOW | CORRUPTED);
	replay(e, REPLAY_START);
	/* three were dropped; PUT wraps */
	expect_count(e, R, 2);
	assert_int_equal(packet_va(packet(e, R, ENTRIES - 1)), VA + 0x1000 * (ENTRIES - 1));
	assert_int_equal(packet_va(packet(e, R, 1)), VA + 0x1000 * (ENTRIES + 1));
}

static void test_unpark(void **state)
{
	struct env *e = *state;

	for (unsigned int i = 0; i < 5; i++)
		park(e, i, VA + 0x1000 * i, MMU_READ);
	pthread_mutex_lock(&e->m.gpu->lock);
	mmu_unpark(e->m.gpu, &e->park[4]);	/* last, first, middle */
	mmu_unpark(e->m.gpu, &e->park[0]);
	mmu_unpark(e->m.gpu, &e->park[2]);
	mmu_unpark(e->m.gpu, &e->park[2]);
	pthread_mutex_unlock(&e->m.gpu->lock);
	park(e, 5, VA + 0x5000, MMU_READ);
	wr(e, VF_GET(R), 6);
	replay(e, REPLAY_START);
	/* 1, 3 and 5 are left, in that order */
	assert_int_equal(rd(e, VF_PUT(R)), 1);
	assert_int_equal(packet_va(packet(e, R, 6)), VA + 0x1000);
	assert_int_equal(packet_va(packet(e, R, 7)), VA + 0x3000);
	assert_int_equal(packet_va(packet(e, R, 0)), VA + 0x5000);
	assert_int_equal(e->park[2].state, MMU_IDLE);
}

static void test_not_replayable(void **state)
{
	struct env *e = *state;
	struct mmu_park *p = make_park(e, 0, VA, MMU_READ);

	e->m.as.replay_tex = false;
	assert_int_equal(fault(e, p), MMU_CANCELLED);
	expect_count(e, R, 0);
	expect_count(e, N, 1);
	/* REPLAYABLE_FAULT 0, but GCC keeps REPLAYABLE_FAULT_EN at 1 */
	assert_int_equal(packet(e, N, 0)[7], 0xc0000000);
	p->client.client = 0x11;	/* GCC has a bit of its own */
	assert_int_equal(fault(e, p), MMU_PARKED);
	mmu_unpark(e->m.gpu, p);
	e->m.as.replay_gcc = false;
	assert_int_equal(fault(e, p), MMU_CANCELLED);
	assert_int_equal(packet(e, N, 1)[7], 0x80001100);
	e->m.as.replay_tex = e->m.as.replay_gcc = true;
	p->client = (struct mmu_client){ .engine_id = 64, .client = 0x1d, .hub = true };
	assert_int_equal(fault(e, p), MMU_CANCELLED);	/* hub clients never */
	expect_count(e, N, 3);
}

static void test_prefetch(void **state)
{
	struct env *e = *state;
	struct mmu_park *p = make_park(e, 0, VA, MMU_PREFETCH);

	assert_int_equal(fault(e, p), MMU_IDLE);	/* PRF_FILTER drops by default */
	expect_count(e, R, 0);
	wr(e, PAGE_FAULT_CTRL, 0);
	assert_int_equal(fault(e, p), MMU_IDLE);
	expect_count(e, R, 1);
	assert_int_equal(packet(e, R, 0)[7] >> 16 & 0xf, 3);
	replay(e, REPLAY_START);	/* gone: no second packet */
	expect_count(e, R, 1);
}

/* --- cancel --- */

static void check_cancelled(struct env *e, const struct mmu_park *p, unsigned int index)
{
	const uint32_t *pkt = packet(e, N, index);

	assert_int_equal(p->state, MMU_CANCELLED);
	assert_int_equal(packet_va(pkt), p->va & ~0xfffull);
	assert_int_equal(pkt[7] >> 7 & 1, 0);
	assert_int_equal(pkt[7] >> 31, 1);
	assert_int_equal(pkt[6], p->client.engine_id);
}

static void cancel_va(struct env *e, uint64_t va, unsigned int access)
{
	env_invalidate(&e->m, (struct mmu_invalidate){
		.va = va, .pdb = e->m.as.pdb, .replay = REPLAY_CANCEL_VA_GLOBAL,
		.cancel_engine = 64, .cancel_access = access });
}

static void test_cancel_va_is_precise(void **state)
{
	struct env *e = *state;
	struct mmu_park *hit, *next, *engine, *as, *mapped;

	hit = park(e, 0, VA + 0x123, MMU_READ);
	next = park(e, 1, VA + 0x1000, MMU_READ);
	engine = make_park(e, 2, VA, MMU_READ);
	engine->client.engine_id = 65;
	assert_int_equal(fault(e, engine), MMU_PARKED);
	as = make_park(e, 3, VA, MMU_READ);
	as->as = &e->other;
	assert_int_equal(fault(e, as), MMU_PARKED);
	mapped = park(e, 4, VA + 0x2000, MMU_WRITE);
	map(e, VA + 0x2000);
	wr(e, VF_GET(R), 5);

	cancel_va(e, VA, 7);		/* ALL */
	check_cancelled(e, hit, 0);
	expect_count(e, N, 1);
	/* all others were replayed */
	assert_int_equal(next->state, MMU_PARKED);
	assert_int_equal(engine->state, MMU_PARKED);
	assert_int_equal(as->state, MMU_PARKED);
	assert_int_equal(mapped->state, MMU_REPLAYED);
	expect_count(e, R, 0);		/* 5 + 3 new ones, modulo 8 */
	assert_int_equal(e->m.gpu->counters.faults_cancelled, 1);
}

static void test_cancel_va_access_types(void **state)
{
	static const struct { unsigned int type; bool read, write, atomic; } cases[] = {
		{ 0, true, false, false },	/* READ */
		{ 1, false, true, false },	/* WRITE */
		{ 2, false, false, true },	/* ATOMIC_STRONG */
		{ 3, false, false, false },	/* reserved */
		{ 4, false, false, false },	/* ATOMIC_WEAK */
		{ 5, false, false, true },	/* ATOMIC_ALL */
		{ 6, false, true, true },	/* WRITE_AND_ATOMIC */
		{ 7, true, true, true },	/* ALL */
	};

	teardown(state);
	for (unsigned int i = 0; i < 8; i++) {
		struct env *e = create(NULL);
		struct mmu_park *r = park(e, 0, VA, MMU_READ), *w = park(e, 1, VA, MMU_WRITE);
		struct mmu_park *a = park(e, 2, VA, MMU_ATOMIC);

		cancel_va(e, VA, cases[i].type);
		assert_int_equal(r->state, cases[i].read ? MMU_CANCELLED : MMU_PARKED);
		assert_int_equal(w->state, cases[i].write ? MMU_CANCELLED : MMU_PARKED);
		assert_int_equal(a->state, cases[i].atomic ? MMU_CANCELLED : MMU_PARKED);
		expect_count(e, N, cases[i].read + cases[i].write + cases[i].atomic);
		*state = e;
		teardown(state);
	}
	*state = create(NULL);
}

/* A mapped page does not save a request that is cancelled by address. */
static void test_cancel_va_kills_even_if_mapped(void **state)
{
	struct env *e = *state;
	struct mmu_park *p = park(e, 0, VA, MMU_READ);

	map(e, VA);
	cancel_va(e, VA, 7);
	check_cancelled(e, p, 0);
}

static void test_cancel_va_without_scope_cancels_nothing(void **state)
{
	struct env *e = *state;
	struct mmu_park *p = park(e, 0, VA, MMU_READ);

	for (unsigned int i = 0; i < 2; i++) {
		env_invalidate(&e->m, (struct mmu_invalidate){
			.va = VA, .pdb = e->m.as.pdb, .all_pdb = i == 0, .all_va = i == 1,
			.replay = REPLAY_CANCEL_VA_GLOBAL, .cancel_engine = 64,
			.cancel_access = 7 });
		assert_int_equal(p->state, MMU_PARKED);
	}
	expect_count(e, N, 0);
	expect_count(e, R, 3);
}

static void cancel_target(struct env *e, unsigned int gpc, unsigned int client)
{
	env_invalidate(&e->m, (struct mmu_invalidate){
		.all_va = true, .all_pdb = true, .replay = REPLAY_CANCEL_TARGETED,
		.cancel_gpc = gpc, .cancel_client = client });
}

static struct mmu_park *park_client(struct env *e, unsigned int i, unsigned int gpc,
				    unsigned int client)
{
	struct mmu_park *p = make_park(e, i, VA + 0x1000 * i, MMU_READ);

	p->client.gpc = gpc;
	p->client.client = client;
	assert_int_equal(fault(e, p), MMU_PARKED);
	return p;
}

static void test_cancel_targeted_hits_a_utlb(void **state)
{
	struct env *e = *state;
	struct mmu_park *t1_2 = park_client(e, 0, 0, 0x02), *t1_3 = park_client(e, 1, 0, 0x03);
	struct mmu_park *pe_1 = park_client(e, 2, 0, 0x09), *t1_4 = park_client(e, 3, 0, 0x04);
	struct mmu_park *gpc1 = park_client(e, 4, 1, 0x02), *gcc = park_client(e, 5, 0, 0x11);
	struct mmu_park *ok = park_client(e, 6, 0, 0x02);

	map(e, ok->va);
	map(e, t1_4->va);
	cancel_target(e, 0, 0x02);	/* T1_2: TPC 1 */
	check_cancelled(e, t1_2, 0);
	check_cancelled(e, t1_3, 1);	/* shares the uTLB: this cancel is not precise */
	check_cancelled(e, pe_1, 2);
	assert_int_equal(ok->state, MMU_REPLAYED);	/* did not fault again */
	assert_int_equal(t1_4->state, MMU_PARKED);	/* others are not even replayed */
	assert_int_equal(gpc1->state, MMU_PARKED);
	assert_int_equal(gcc->state, MMU_PARKED);
	expect_count(e, N, 3);
	expect_count(e, R, 7);
	cancel_target(e, 0, 0x10);	/* RAST: same uTLB as GCC */
	check_cancelled(e, gcc, 3);
	cancel_target(e, 0, 0x18);	/* LTP_UTLB_0: no client that ever faults */
	cancel_target(e, 0, 0x00);
	expect_count(e, N, 4);
}

static void test_cancel_targeted_split_client_codes(void **state)
{
	struct env *e = *state;
	/* T1_8 0x21, T1_9 0x22, PE_4 0x0c, TPCCS_4 0x2d: TPC 4. T1_16 0x35, PE_8 0x31: TPC 8 */
	struct mmu_park *t1_9 = park_client(e, 0, 0, 0x22), *pe_4 = park_client(e, 1, 0, 0x0c);
	struct mmu_park *cs_4 = park_client(e, 2, 0, 0x2d), *t1_16 = park_client(e, 3, 0, 0x35);
	struct mmu_park *pe_8 = park_client(e, 4, 0, 0x31);

	cancel_target(e, 0, 0x21);
	check_cancelled(e, t1_9, 0);
	check_cancelled(e, pe_4, 1);
	check_cancelled(e, cs_4, 2);
	assert_int_equal(t1_16->state, MMU_PARKED);
	cancel_target(e, 0, 0x36);	/* T1_17 */
	check_cancelled(e, t1_16, 3);
	check_cancelled(e, pe_8, 4);
}

static void test_cancel_global(void **state)
{
	struct env *e = *state;
	struct mmu_park *a = park_client(e, 0, 0, 0), *b = park_client(e, 1, 1, 0x11);
	struct mmu_park *c = park_client(e, 2, 0, 4);

	map(e, b->va);
	replay(e, REPLAY_CANCEL_GLOBAL);
	check_cancelled(e, a, 0);
	assert_int_equal(b->state, MMU_REPLAYED);
	check_cancelled(e, c, 1);
	expect_count(e, N, 2);
}

/* --- registers of invalidate --- */

static void test_register_replay_and_cancel(void **state)
{
	struct env *e = *state;
	struct mmu_park *p = park(e, 0, VA, MMU_READ);

	/* PRI_FIFO_EMPTY 15, PRI_FIFO_SPACE 23:16 = 32, follow-coherent 27 */
	assert_int_equal(rd(e, 0x100c80), 0x08208000);
	map(e, VA);
	wr(e, 0x100cbc, 0x0000000b);	/* no TRIGGER: nothing */
	assert_int_equal(p->state, MMU_PARKED);
	wr(e, 0x100cbc, 0x8000000b);	/* START | ALL_VA | ALL_PDB */
	assert_int_equal(p->state, MMU_REPLAYED);
	assert_int_equal(rd(e, 0x100cbc) >> 31, 0);
	assert_int_equal(rd(e, 0x100c80) & 0xff8000, 0x208000);

	/* CANCEL_TARGETED, GPC 2 in 19:15, client 3 in 14:9 */
	p = park_client(e, 1, 2, 3);
	wr(e, 0x100cbc, 0x8000001b | 1 << 15 | 3 << 9);
	assert_int_equal(p->state, MMU_PARKED);
	wr(e, 0x100cbc, 0x8000001b | 1 << 20 | 2 << 15 | 3 << 9);	/* hub client 3 */
	assert_int_equal(p->state, MMU_PARKED);
	wr(e, 0x100cbc, 0x8000001b | 2 << 15 | 3 << 9);
	check_cancelled(e, p, 0);
}

static void test_register_cancel_va(void **state)
{
	struct env *e = *state;
	struct mmu_park *r = park(e, 0, VA, MMU_READ), *w = park(e, 1, VA, MMU_WRITE);

	wr(e, 0x100cb8, e->m.as.pdb >> 12 << 4);
	wr(e, 0x100cec, 0);
	wr(e, 0x100cb4, (uint32_t)(VA >> 12) << 4);
	wr(e, 0x100ce8, VA >> 40);
	/* CANCEL_VA_GLOBAL (5 << 3), WRITE_AND_ATOMIC (6 << 24), engine 64 in 15:9 */
	wr(e, 0x100cbc, 0x80000000 | 6 << 24 | 64 << 9 | 5 << 3);
	assert_int_equal(r->state, MMU_PARKED);
	check_cancelled(e, w, 0);
}

static uint64_t where(struct env *e, uint64_t va)
{
	struct mmu_xlat x;

	return env_translate(&e->m, va, MMU_READ, &x) == MMU_OK ? x.pa : 0;
}

static void test_register_scopes(void **state)
{
	struct env *e = *state;

	map(e, VA);
	map(e, VA + 0x1000);
	assert_int_equal(where(e, VA), PA + 0x500000);
	assert_int_equal(where(e, VA + 0x1000), PA + 0x501000);
	env_map(&e->m, VA, 12, 0x1000000, PTE_VALID);
	env_map(&e->m, VA + 0x1000, 12, 0x1001000, PTE_VALID);
	/* another directory, by the VF view: ALL_VA only; the PF view keeps its own */
	wr(e, 0x100cb8, e->m.as.pdb >> 8);
	wr(e, 0xb830a0, e->other.pdb >> 8);
	wr(e, 0xb830a4, 0);
	wr(e, 0xb830b0, 0x80000001);
	assert_int_equal(rd(e, 0xb830b0) >> 31, 0);
	assert_int_equal(where(e, VA), PA + 0x500000);
	/* one page by the PF view */
	wr(e, 0x100cb4, (uint32_t)(VA >> 12) << 4);
	wr(e, 0x100ce8, VA >> 40);
	wr(e, 0x100cbc, 0x80000000);
	assert_int_equal(where(e, VA), 0x1000000);
	assert_int_equal(where(e, VA + 0x1000), PA + 0x501000);
	/* 8 KiB: USE_SIZE 22, SIZE 1 */
	wr(e, 0x100e68, 1);
	wr(e, 0x100cbc, 0x80400000);
	assert_int_equal(where(e, VA + 0x1000), 0x1001000);
	/* the right directory by the VF view */
	env_map(&e->m, VA, 12, PA, PTE_VALID);
	wr(e, 0xb830a0, e->m.as.pdb >> 8);
	wr(e, 0xb830b0, 0x80000001);
	assert_int_equal(where(e, VA), PA);
	/* directories past 1 TiB: UPPER_PDB counts */
	env_map(&e->m, VA, 12, PA + 0x1000, PTE_VALID);
	wr(e, 0xb830a4, 1);
	wr(e, 0xb830b0, 0x80000001);
	assert_int_equal(where(e, VA), PA);
	/* system memory aperture, bit 1 */
	wr(e, 0xb830a4, 0);
	wr(e, 0xb830a0, e->m.as.pdb >> 8 | 2);
	wr(e, 0xb830b0, 0x80000001);
	assert_int_equal(where(e, VA), PA);
}

/* --- injected trouble --- */

static void test_inject_duplicates(void **state)
{
	struct env *e = create("duplicate=n1");

	(void)state;
	park(e, 0, VA, MMU_READ);
	expect_count(e, R, 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(packet_va(packet(e, R, i)), VA);
	fatal(e, 0x1000);
	expect_count(e, N, 1);
	teardown((void **)&e);
}

static void test_inject_overflow(void **state)
{
	struct env *e = create("overflow=@1");

	(void)state;
	park(e, 0, VA, MMU_READ);	/* an empty buffer never overflows */
	expect_count(e, R, 1);
	park(e, 1, VA, MMU_READ);
	assert_int_equal(rd(e, VF_PUT(R)), 1 | OVERFLOW);
	wr(e, VF_GET(R), 1);
	wr(e, VF_GET(R), 1 | OVERFLOW | CORRUPTED);
	replay(e, REPLAY_START);
	expect_count(e, R, 3);		/* both came back */
	teardown((void **)&e);
}

/*
 * Late things happen on a thread that needs gpu->lock: hold it, and nothing is
 * late yet.
 */
static void replay_and_look(struct env *e, struct mmu_park *p, const uint32_t *pkt)
{
	const struct mmu_invalidate inv = {
		.all_va = true, .all_pdb = true, .replay = REPLAY_START };

	pthread_mutex_lock(&e->m.gpu->lock);
	mmu_invalidate(e->m.gpu, &inv);
	assert_int_equal(p->state, MMU_PARKED);
	if (pkt)
		assert_int_equal(pkt[7] >> 31, 0);
	pthread_mutex_unlock(&e->m.gpu->lock);
}

static void test_inject_late_valid(void **state)
{
	struct env *e = create("late-valid=@2");
	uint32_t *pkt = packet(e, R, 1);

	(void)state;
	replay_and_look(e, park(e, 0, VA, MMU_READ), pkt);
	expect_count(e, R, 2);		/* PUT has moved */
	assert_int_equal(packet_va(pkt), VA);
	while (!(__atomic_load_n(&pkt[7], __ATOMIC_ACQUIRE) >> 31))
		sched_yield();
	assert_int_equal(pkt[7], 0x80000000 | packet(e, R, 0)[7]);
	teardown((void **)&e);
}

static void test_inject_slow_replay(void **state)
{
	struct env *e = create("slow-replay=@1");
	struct mmu_park *p = park(e, 0, VA, MMU_READ);

	(void)state;
	map(e, VA);
	replay_and_look(e, p, NULL);
	while (atomic_load(&p->state) == MMU_PARKED)
		sched_yield();
	assert_int_equal(p->state, MMU_REPLAYED);
	teardown((void **)&e);
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

/* --- a driver and engines, side by side --- */

#define ENGINES		3
#define PAGES		64

struct engine_thread {
	struct env *e;
	unsigned int seed;
	struct tlb *tlb;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct mmu_park park;
	_Atomic bool done;
};

static void engine_wake(void *owner)
{
	struct engine_thread *t = owner;

	pthread_mutex_lock(&t->lock);
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
}

static void engine_access(struct engine_thread *t, uint64_t va)
{
	for (;;) {
		struct mmu_xlat x;
		enum mmu_result res;

		tlb_lock(t->tlb);
		res = mmu_translate(t->e->m.gpu, t->tlb, &t->e->m.as, va, MMU_WRITE, &x);
		if (res == MMU_OK)
			__atomic_fetch_add((uint32_t *)x.ptr, 1, __ATOMIC_RELAXED);
		tlb_unlock(t->tlb);
		if (res == MMU_OK)
			return;
		t->park = (struct mmu_park){
			.as = &t->e->m.as, .tlb = t->tlb, .va = va, .access = MMU_WRITE,
			.fault_type = x.fault_type, .client = { .engine_id = 64 },
			.wake = engine_wake, .owner = t,
		};
		assert_int_equal(mmu_fault_replayable(t->e->m.gpu, &t->park) == MMU_CANCELLED, 0);
		pthread_mutex_lock(&t->lock);
		while (atomic_load(&t->park.state) == MMU_PARKED)
			pthread_cond_wait(&t->cond, &t->lock);
		pthread_mutex_unlock(&t->lock);
	}
}

static void *engine_run(void *opaque)
{
	struct engine_thread *t = opaque;
	uint32_t rnd = t->seed;

	for (unsigned int i = 0; i < 400; i++) {
		rnd = rnd * 1103515245 + 12345;
		engine_access(t, VA + (rnd >> 16) % PAGES * 0x1000);
	}
	atomic_store(&t->done, true);
	return NULL;
}

/* Serve what the buffer holds; also take pages away again, as eviction does. */
static void serve(struct env *e, unsigned int *get)
{
	unsigned int put = rd(e, VF_PUT(R)) & 0xfffff;
	bool overflow = rd(e, VF_PUT(R)) & OVERFLOW;

	if (put == *get)
		return;
	for (; *get != put; *get = (*get + 1) % ENTRIES) {
		uint32_t *p = packet(e, R, *get);
		uint64_t va;

		while (!(__atomic_load_n(&p[7], __ATOMIC_ACQUIRE) >> 31))
			sched_yield();
		va = packet_va(p);
		env_map(&e->m, va, 12, 0x1000000 + (va - VA), PTE_VALID);
		env_map(&e->m, VA + ((va - VA) / 0x1000 + 7) % PAGES * 0x1000, 12, 0, 0);
		__atomic_store_n(&p[7], 0, __ATOMIC_RELAXED);
	}
	wr(e, VF_GET(R), *get);
	if (overflow)
		wr(e, VF_GET(R), *get | OVERFLOW | CORRUPTED);
	wr(e, 0x100cbc, 0x8000000b);
}

static void run_driver(const char *inject)
{
	struct env *e = create(inject);
	struct engine_thread t[ENGINES] = { 0 };
	pthread_t threads[ENGINES];
	unsigned int get = 0, total = 0;
	bool busy = true;

	env_slot(&e->m, &e->m.as, VA, 12);
	for (unsigned int i = 0; i < ENGINES; i++) {
		t[i] = (struct engine_thread){ .e = e, .seed = i + 1 };
		pthread_mutex_init(&t[i].lock, NULL);
		pthread_cond_init(&t[i].cond, NULL);
		t[i].tlb = tlb_create(e->m.gpu, "engine", 16, false);
		assert_int_equal(pthread_create(&threads[i], NULL, engine_run, &t[i]), 0);
	}
	while (busy) {
		serve(e, &get);
		busy = false;
		for (unsigned int i = 0; i < ENGINES; i++)
			busy |= !atomic_load(&t[i].done);
		sched_yield();
	}
	for (unsigned int i = 0; i < ENGINES; i++) {
		pthread_join(threads[i], NULL);
		tlb_destroy(e->m.gpu, t[i].tlb);
	}
	/* every access landed exactly once */
	for (unsigned int i = 0; i < PAGES; i++)
		total += *(uint32_t *)sim_vram(e->m.sim, 0x1000000 + i * 0x1000, 4);
	assert_int_equal(total, ENGINES * 400);
	assert_int_equal(sim_dma_depth(e->m.sim), 0);
	teardown((void **)&e);
}

static void test_driver_and_engines(void **state)
{
	(void)state;
	run_driver(NULL);
}

static void test_driver_and_engines_in_trouble(void **state)
{
	(void)state;
	run_driver("overflow=p10,late-valid=p5,duplicate=p10,slow-replay=p10");
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
		T(test_replay),
		T(test_replay_without_invalidate),
		T(test_hub_only_replays_nothing),
		T(test_duplicates),
		T(test_dropped_replayable_returns),
		T(test_unpark),
		T(test_not_replayable),
		T(test_prefetch),
		T(test_cancel_va_is_precise),
		T(test_cancel_va_access_types),
		T(test_cancel_va_kills_even_if_mapped),
		T(test_cancel_va_without_scope_cancels_nothing),
		T(test_cancel_targeted_hits_a_utlb),
		T(test_cancel_targeted_split_client_codes),
		T(test_cancel_global),
		T(test_register_replay_and_cancel),
		T(test_register_cancel_va),
		T(test_register_scopes),
		T(test_reset),
		cmocka_unit_test(test_inject_duplicates),
		cmocka_unit_test(test_inject_overflow),
		cmocka_unit_test(test_inject_late_valid),
		cmocka_unit_test(test_inject_slow_replay),
		cmocka_unit_test(test_driver_and_engines),
		cmocka_unit_test(test_driver_and_engines_in_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
