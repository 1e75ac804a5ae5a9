// SPDX-License-Identifier: MIT
/* Faults under load: injected trouble, and a driver against engine threads. */
#include "fault_env.h"

#include <sched.h>
#include <stdatomic.h>

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
	uint32_t reg = rd(e, VF_PUT(R));
	unsigned int put = reg & 0xfffff;
	bool overflow = reg & OVERFLOW;

	/* an empty ring that overflowed: everything since was dropped */
	if (put == *get && !overflow)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inject_duplicates),
		cmocka_unit_test(test_inject_overflow),
		cmocka_unit_test(test_inject_late_valid),
		cmocka_unit_test(test_inject_slow_replay),
		cmocka_unit_test(test_driver_and_engines),
		cmocka_unit_test(test_driver_and_engines_in_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
