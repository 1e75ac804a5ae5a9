// SPDX-License-Identifier: MIT
/* Parked requests: replay, cancel, and the registers that ask for them. */
#include "fault_env.h"

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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
