// SPDX-License-Identifier: MIT
/*
 * The fault batcher: tables of cases, and seeded random batches against a naive
 * model that merges by searching and checks order by comparing all pairs.
 */
#include "unit.h"

#include <linux/kernel.h>

#include "nouveau_fault_batch.h"

#define PREFETCH	NOUVEAU_ACCESS_PREFETCH
#define READ		NOUVEAU_ACCESS_READ
#define WRITE		NOUVEAU_ACCESS_WRITE
#define ATOMIC		NOUVEAU_ACCESS_ATOMIC

static struct nouveau_fault_batch batch;

static struct nouveau_fault fault(u64 inst, u64 va, u8 access)
{
	return (struct nouveau_fault){ .inst = inst, .va = va, .access = access, .replayable = 1,
				       .hw.engine = 64 };
}

static void add(u64 inst, u64 va, u8 access)
{
	struct nouveau_fault f = fault(inst, va, access);

	assert_true(nouveau_fault_batch_add(&batch, &f));
}

static int reset(void **state)
{
	/* Rubbish from the batch before must not matter. */
	memset(&batch, 0xa5, sizeof(batch));
	nouveau_fault_batch_reset(&batch);
	return 0;
}

static void empty(void **state)
{
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 0);
	assert_int_equal(batch.groups, 0);
}

static void one(void **state)
{
	add(0x1000, 0x7f0000403000, READ);
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.groups, 1);
	assert_int_equal(batch.group[0].inst, 0x1000);
	assert_int_equal(batch.group[0].base, 0x7f0000400000);
	assert_int_equal(batch.group[0].first, 0);
	assert_int_equal(batch.group[0].n, 1);
	assert_true(nouveau_mask_test(&batch.group[0].read, 3));
	assert_int_equal(nouveau_mask_weight(&batch.group[0].read, 0, 512), 1);
	assert_true(nouveau_mask_empty(&batch.group[0].write));
	assert_true(nouveau_mask_empty(&batch.group[0].atomic));
	assert_true(nouveau_mask_empty(&batch.group[0].prefetch));
	assert_int_equal(batch.fault[0].duplicates, 0);
	assert_int_equal(batch.fault[0].write_too, 0);
}

/* Whatever the order of arrival, the strongest access of a page is kept. */
static void strongest_access_wins(void **state)
{
	static const u8 orders[][4] = {
		{ READ, WRITE, ATOMIC, PREFETCH }, { ATOMIC, WRITE, READ, PREFETCH },
		{ PREFETCH, ATOMIC, READ, WRITE }, { WRITE, PREFETCH, ATOMIC, READ },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		reset(state);
		for (k = 0; k < 4; k++)
			add(0x1000, 0x5000, orders[i][k]);
		nouveau_fault_batch_prepare(&batch);
		assert_int_equal(batch.n, 1);
		assert_int_equal(batch.raw, 4);
		assert_int_equal(batch.fault[0].access, ATOMIC);
		assert_int_equal(batch.fault[0].write_too, 1);
		assert_int_equal(batch.fault[0].duplicates, 3);
		assert_true(nouveau_mask_test(&batch.group[0].atomic, 5));
		assert_true(nouveau_mask_empty(&batch.group[0].write));
		assert_true(nouveau_mask_empty(&batch.group[0].read));
	}
}

/* A later write to a page that was read first must not be swallowed. */
static void write_after_read_is_kept(void **state)
{
	add(0x1000, 0x5000, READ);
	add(0x1000, 0x6000, READ);
	add(0x1000, 0x5000, WRITE);
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 2);
	assert_int_equal(batch.fault[0].va, 0x5000);
	assert_int_equal(batch.fault[0].access, WRITE);
	assert_int_equal(batch.fault[1].access, READ);
	assert_int_equal(batch.fault[1].write_too, 0);
}

/* One atomic fault in a batch leaves its neighbours what they are. */
static void atomic_does_not_stick(void **state)
{
	add(0x1000, 0x1000, ATOMIC);
	add(0x1000, 0x2000, READ);
	add(0x1000, 0x3000, WRITE);
	add(0x1000, 0x201000, READ);
	add(0x2000, 0x1000, READ);
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 5);
	assert_int_equal(batch.groups, 3);
	assert_int_equal(nouveau_mask_weight(&batch.group[0].atomic, 0, 512), 1);
	assert_true(nouveau_mask_test(&batch.group[0].read, 2));
	assert_true(nouveau_mask_test(&batch.group[0].write, 3));
	assert_true(nouveau_mask_empty(&batch.group[1].atomic));
	assert_true(nouveau_mask_empty(&batch.group[2].atomic));
	assert_int_equal(batch.fault[1].access, READ);
}

/* Differences that are multiples of 4 GiB vanish when squeezed into an int. */
static void four_gib_apart(void **state)
{
	unsigned int i;

	for (i = 0; i < 200; i++)
		add(0x1000, 0x100000000ull * ((i * 37) % 200), i % 2 ? READ : WRITE);
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 200);
	assert_int_equal(batch.groups, 200);
	for (i = 0; i < 200; i++) {
		assert_int_equal(batch.fault[i].va, 0x100000000ull * i);
		assert_int_equal(batch.fault[i].duplicates, 0);
	}
}

static void far_instances_and_halves(void **state)
{
	add(0x200001000, 0x1000, READ);
	add(0x100001000, 0x1000, READ);
	add(0x100001000, 0xffff800000001000, READ);
	add(0x100001000, 0x7ffffffff000, READ);
	add(0x000001000, 0x1000, READ);
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 5);
	assert_int_equal(batch.groups, 5);
	assert_int_equal(batch.fault[0].inst, 0x1000);
	assert_int_equal(batch.fault[1].inst, 0x100001000);
	assert_int_equal(batch.fault[1].va, 0x1000);
	assert_int_equal(batch.fault[2].va, 0x7ffffffff000);
	assert_int_equal(batch.fault[3].va, 0xffff800000001000);
	assert_int_equal(batch.group[3].base, 0xffff800000000000);
	assert_int_equal(batch.fault[4].inst, 0x200001000);
}

static void block_edges(void **state)
{
	add(0x1000, 0x3ff000, READ);
	add(0x1000, 0x400000, READ);
	add(0x1000, 0x5ff000, WRITE);
	add(0x1000, 0x600000, WRITE);
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.groups, 3);
	assert_int_equal(batch.group[0].base, 0x200000);
	assert_true(nouveau_mask_test(&batch.group[0].read, 511));
	assert_int_equal(batch.group[1].base, 0x400000);
	assert_int_equal(batch.group[1].n, 2);
	assert_true(nouveau_mask_test(&batch.group[1].read, 0));
	assert_true(nouveau_mask_test(&batch.group[1].write, 511));
	assert_int_equal(batch.group[2].base, 0x600000);
	assert_int_equal(batch.group[2].first, 3);
}

/* What nobody can serve is kept for the report, and steers no service. */
static void fatal_stays_apart(void **state)
{
	struct nouveau_fault f = fault(0x1000, 0x5000, WRITE);

	add(0x1000, 0x5000, READ);
	f.cause = NOUVEAU_CAUSE_FATAL;
	f.hw.type = 5;
	assert_true(nouveau_fault_batch_add(&batch, &f));
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 2);
	assert_int_equal(batch.groups, 1);
	assert_int_equal(batch.group[0].n, 2);
	assert_true(nouveau_mask_test(&batch.group[0].read, 5));
	assert_true(nouveau_mask_empty(&batch.group[0].write));
}

/* Two engines that wait for one page are both let go on. */
static void nonreplayable_by_engine(void **state)
{
	static const u16 engines[] = { 15, 33, 15, 33, 15 };
	struct nouveau_fault f = fault(0x1000, 0x5000, READ);
	unsigned int i;

	f.replayable = 0;
	for (i = 0; i < ARRAY_SIZE(engines); i++) {
		f.hw.engine = engines[i];
		f.access = i == 1 ? WRITE : READ;
		assert_true(nouveau_fault_batch_add(&batch, &f));
	}
	add(0x1000, 0x5000, READ);
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 3);
	assert_int_equal(batch.groups, 2);
	assert_true(batch.group[0].replayable);
	assert_false(batch.group[1].replayable);
	assert_int_equal(batch.fault[1].hw.engine, 15);
	assert_int_equal(batch.fault[1].access, READ);
	assert_int_equal(batch.fault[1].duplicates, 2);
	assert_int_equal(batch.fault[2].hw.engine, 33);
	assert_int_equal(batch.fault[2].access, WRITE);
}

static void first_timestamp_is_kept(void **state)
{
	struct nouveau_fault f = fault(0x1000, 0x5000, READ);

	f.timestamp = 300;
	nouveau_fault_batch_add(&batch, &f);
	f.timestamp = 100;
	nouveau_fault_batch_add(&batch, &f);
	f.timestamp = 200;
	f.access = WRITE;
	nouveau_fault_batch_add(&batch, &f);
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.fault[0].timestamp, 100);
}

static void full(void **state)
{
	struct nouveau_fault f = fault(0x1000, 0x5000, READ);
	unsigned int i;

	for (i = 0; i < NOUVEAU_FAULT_BATCH_MAX; i++)
		assert_true(nouveau_fault_batch_add(&batch, &f));
	assert_false(nouveau_fault_batch_add(&batch, &f));
	nouveau_fault_batch_prepare(&batch);
	assert_int_equal(batch.raw, NOUVEAU_FAULT_BATCH_MAX);
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.fault[0].duplicates, NOUVEAU_FAULT_BATCH_MAX - 1);
}

/* ---- random against a naive model ---- */

static struct nouveau_fault random_fault(void)
{
	u64 r = unit_random();
	struct nouveau_fault f = {
		.inst = 0x1000 + (r & 3) * (r & 4 ? 0x100000000ull : 0x1000),
		.access = r >> 8 & 3,
		.replayable = (r >> 10 & 7) != 0,
		.cause = (r >> 13 & 15) == 0 ? NOUVEAU_CAUSE_FATAL : NOUVEAU_CAUSE_MISS,
		.timestamp = r >> 40,
	};

	/* Few pages, so that there are duplicates; far apart, so that widths matter. */
	f.va = ((r >> 17 & 3) << 32) + ((r >> 19 & 3) << 21) + ((r >> 21 & 7) << 12);
	if (r >> 24 & 1)
		f.va |= 0xffff800000000000ull;
	f.hw.engine = f.replayable ? 64 : 15 + (r >> 25 & 1) * 17;
	return f;
}

static bool model_same(const struct nouveau_fault *a, const struct nouveau_fault *b)
{
	return a->inst == b->inst && a->va == b->va && a->cause == b->cause &&
	       a->replayable == b->replayable && (a->replayable || a->hw.engine == b->hw.engine);
}

static void check_against_model(const struct nouveau_fault *raw, unsigned int n)
{
	unsigned int i, k, total = 0, grouped = 0;

	/* Every fault stands for exactly those that are the same. */
	for (i = 0; i < batch.n; i++) {
		const struct nouveau_fault *f = &batch.fault[i];
		unsigned int same = 0, strongest = 0;
		u64 first = U64_MAX;
		bool write = false;

		for (k = 0; k < n; k++) {
			if (!model_same(f, &raw[k]))
				continue;
			same++;
			strongest = max(strongest, (unsigned int)raw[k].access);
			first = min(first, raw[k].timestamp);
			write |= raw[k].access == WRITE || raw[k].access == ATOMIC;
		}
		assert_int_equal(same, f->duplicates + 1);
		assert_int_equal(f->access, strongest);
		assert_int_equal(f->timestamp, first);
		assert_int_equal(f->write_too, write);
		total += same;
		for (k = i + 1; k < batch.n; k++)
			assert_false(model_same(f, &batch.fault[k]));
	}
	assert_int_equal(total, n);

	for (i = 0; i < batch.groups; i++) {
		const struct nouveau_fault_group *g = &batch.group[i];
		struct nouveau_mask masks[4] = { };

		assert_int_equal(g->first, grouped);
		assert_in_range(g->n, 1, batch.n);
		for (k = g->first; k < g->first + g->n; k++) {
			const struct nouveau_fault *f = &batch.fault[k];

			assert_int_equal(f->inst, g->inst);
			assert_int_equal(f->replayable, g->replayable);
			assert_int_equal(f->va >> 21, g->base >> 21);
			if (k > g->first)
				assert_true(f->va >= batch.fault[k - 1].va);
			if (f->cause == NOUVEAU_CAUSE_MISS)
				nouveau_mask_set(&masks[f->access], f->va >> 12 & 511);
		}
		assert_memory_equal(&masks[PREFETCH], &g->prefetch, sizeof(masks[0]));
		assert_memory_equal(&masks[READ], &g->read, sizeof(masks[0]));
		assert_memory_equal(&masks[WRITE], &g->write, sizeof(masks[0]));
		assert_memory_equal(&masks[ATOMIC], &g->atomic, sizeof(masks[0]));
		grouped += g->n;
		/* No block twice for the same source. */
		for (k = i + 1; k < batch.groups; k++)
			assert_false(g->inst == batch.group[k].inst &&
				     g->base == batch.group[k].base &&
				     g->replayable == batch.group[k].replayable);
	}
	assert_int_equal(grouped, batch.n);
}

static void random_batches(void **state)
{
	static struct nouveau_fault raw[NOUVEAU_FAULT_BATCH_MAX];
	unsigned int round, i, n;

	unit_seed();
	for (round = 0; round < 400; round++) {
		reset(state);
		n = unit_random() % (NOUVEAU_FAULT_BATCH_MAX + 1);
		for (i = 0; i < n; i++) {
			raw[i] = random_fault();
			assert_true(nouveau_fault_batch_add(&batch, &raw[i]));
		}
		nouveau_fault_batch_prepare(&batch);
		assert_int_equal(batch.raw, n);
		check_against_model(raw, n);
	}
}

/* ---- the masks everything is made of ---- */

static void mask_ranges(void **state)
{
	static const struct { u16 first, end; } cases[] = {
		{ 0, 0 }, { 0, 1 }, { 0, 64 }, { 0, 512 }, { 63, 65 }, { 64, 128 }, { 1, 511 },
		{ 511, 512 }, { 512, 512 }, { 100, 100 }, { 127, 129 }, { 448, 512 },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nouveau_mask m = nouveau_mask_range(cases[i].first, cases[i].end);

		for (k = 0; k < 512; k++)
			assert_int_equal(nouveau_mask_test(&m, k),
					 k >= cases[i].first && k < cases[i].end);
		assert_int_equal(nouveau_mask_weight(&m, 0, 512), cases[i].end - cases[i].first);
		assert_int_equal(nouveau_mask_empty(&m), cases[i].end == cases[i].first);
		if (cases[i].end != cases[i].first) {
			assert_int_equal(nouveau_mask_next(&m, 0, true), cases[i].first);
			assert_int_equal(nouveau_mask_end(&m), cases[i].end);
		}
	}
}

static void mask_random(void **state)
{
	unsigned int round, i, first, end, at;

	unit_seed();
	for (round = 0; round < 300; round++) {
		struct nouveau_mask m = { }, o = { }, r;
		bool naive[512] = { }, other[512] = { };
		unsigned int runs = 0, naive_runs = 0;

		for (i = unit_random() % 300; i; i--) {
			at = unit_random() % 512;
			nouveau_mask_set(&m, at);
			naive[at] = true;
			at = unit_random() % 512;
			nouveau_mask_set(&o, at);
			other[at] = true;
			at = unit_random() % 512;
			nouveau_mask_assign(&m, at, round & 1);
			naive[at] = round & 1;
		}
		nouveau_mask_for_each_run(&m, first, end) {
			assert_true(first < end && end <= 512);
			assert_true(!first || !naive[first - 1]);
			assert_true(end == 512 || !naive[end]);
			for (i = first; i < end; i++)
				assert_true(naive[i]);
			runs++;
		}
		for (i = 0; i < 512; i++)
			naive_runs += naive[i] && (!i || !naive[i - 1]);
		assert_int_equal(runs, naive_runs);
		r = nouveau_mask_and(m, &o);
		for (i = 0; i < 512; i++)
			assert_int_equal(nouveau_mask_test(&r, i), naive[i] && other[i]);
		r = nouveau_mask_or(m, &o);
		for (i = 0; i < 512; i++)
			assert_int_equal(nouveau_mask_test(&r, i), naive[i] || other[i]);
		r = nouveau_mask_andnot(m, &o);
		for (i = 0; i < 512; i++)
			assert_int_equal(nouveau_mask_test(&r, i), naive[i] && !other[i]);
		first = unit_random() % 513;
		end = first + unit_random() % (513 - first);
		for (at = 0, i = first; i < end; i++)
			at += naive[i];
		assert_int_equal(nouveau_mask_weight(&m, first, end), at);
		for (i = 0; i < 8; i++) {
			first = unit_random() % 512;
			for (at = first; at < 512 && naive[at] != (i & 1);)
				at++;
			assert_int_equal(nouveau_mask_next(&m, first, i & 1), at);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty, reset),
		cmocka_unit_test_setup(one, reset),
		cmocka_unit_test_setup(strongest_access_wins, reset),
		cmocka_unit_test_setup(write_after_read_is_kept, reset),
		cmocka_unit_test_setup(atomic_does_not_stick, reset),
		cmocka_unit_test_setup(four_gib_apart, reset),
		cmocka_unit_test_setup(far_instances_and_halves, reset),
		cmocka_unit_test_setup(block_edges, reset),
		cmocka_unit_test_setup(fatal_stays_apart, reset),
		cmocka_unit_test_setup(nonreplayable_by_engine, reset),
		cmocka_unit_test_setup(first_timestamp_is_kept, reset),
		cmocka_unit_test_setup(full, reset),
		cmocka_unit_test_setup(random_batches, reset),
		cmocka_unit_test(mask_ranges),
		cmocka_unit_test(mask_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
