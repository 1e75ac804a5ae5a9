// SPDX-License-Identifier: MIT
/*
 * The SVM policy: seeded random views against properties every plan must have, and
 * against a naive density.
 */
#include "unit.h"

#include "policy.h"

static struct nouveau_mask random_mask(unsigned int first, unsigned int end, unsigned int n)
{
	struct nouveau_mask m = { };

	while (n-- && first < end)
		nouveau_mask_set(&m, first + unit_random() % (end - first));
	return m;
}

static struct nouveau_svm_view random_view(void)
{
	struct nouveau_svm_view v = anon_view();
	u64 r = unit_random();

	v.kind = r & 7 ? NOUVEAU_VMA_ANON : r >> 3 & 3;
	v.readable = (r >> 5 & 15) != 0;
	v.writable = r >> 9 & 3;
	v.first = r >> 11 & 1 ? r >> 12 & 255 : 0;
	v.end = r >> 20 & 1 ? v.first + 1 + unit_random() % (512 - v.first) : 512;
	v.read = random_mask(v.first, v.end, unit_random() % 40);
	v.write = random_mask(v.first, v.end, unit_random() % 20);
	v.atomic = random_mask(v.first, v.end, unit_random() % 3);
	v.write = nouveau_mask_andnot(v.write, &v.atomic);
	v.read = nouveau_mask_andnot(v.read, &v.write);
	v.read = nouveau_mask_andnot(v.read, &v.atomic);
	v.prefetch = random_mask(v.first, v.end, unit_random() % 3);
	v.mapped = random_mask(v.first, v.end, unit_random() % 600);
	v.vram = nouveau_mask_and(random_mask(v.first, v.end, unit_random() % 600), &v.mapped);
	v.vram_free = unit_random() % (GIB + 1);
	v.heat.heat = unit_random() % 8;
	v.heat.pinned_until_ns = r >> 40 & 7 ? 0 : NOW + 5;
	return v;
}

/* @a has nothing that @b has not. */
static bool subset(const struct nouveau_mask *a, const struct nouveau_mask *b)
{
	struct nouveau_mask m = nouveau_mask_andnot(*a, b);

	return nouveau_mask_empty(&m);
}

static void check_plan(const struct nouveau_svm_view *v, const struct nouveau_svm_plan *p)
{
	struct nouveau_mask written = nouveau_mask_or(v->write, &v->atomic);
	struct nouveau_mask faulted = nouveau_mask_or(v->read, &written);
	struct nouveau_mask vma = bits(v->first, v->end), window = bits(p->first, p->end);
	struct nouveau_mask all = nouveau_mask_or(p->require, &p->refuse), m;

	/* Every fault is either served or refused, never both, never dropped. */
	assert_memory_equal(&all, &faulted, sizeof(all));
	m = nouveau_mask_and(p->require, &p->refuse);
	assert_no_pages(m);
	all = nouveau_mask_or(p->require_write, &p->refuse_write);
	m = nouveau_mask_and(p->refuse, &written);
	all = nouveau_mask_or(all, &m);
	assert_memory_equal(&all, &written, sizeof(all));
	/* Nothing outside of the VMA or of the window. */
	assert_true(p->first >= v->first && p->end <= v->end && p->first <= p->end);
	assert_true(subset(&p->require, &window));
	assert_true(subset(&p->want, &window));
	assert_true(subset(&p->migrate, &window));
	assert_true(subset(&p->migrate, &vma));
	/* The window is made of whole granules, save at the VMA's edges. */
	assert_true(p->first % 16 == 0 || p->first == v->first);
	assert_true(p->end % 16 == 0 || p->end == v->end || p->first == p->end);
	/* Written to only where that is allowed. */
	if (!v->writable) {
		assert_no_pages(p->require_write);
		assert_no_pages(p->want_write);
		assert_no_pages(p->want_atomic);
	}
	assert_true(subset(&p->want_write, &p->want));
	assert_true(subset(&p->want_atomic, &v->atomic));
	/* Moves only what can move and has somewhere to go. */
	if (!nouveau_mask_empty(&p->migrate)) {
		assert_int_equal(v->kind, NOUVEAU_VMA_ANON);
		assert_true(v->vram_free >= 65536);
		assert_true(v->heat.pinned_until_ns <= v->now_ns);
	}
	m = nouveau_mask_and(p->migrate, &v->vram);
	assert_no_pages(m);
	all = nouveau_mask_or(p->migrate, &v->vram);
	if (p->reason == NOUVEAU_PLAN_HOT)
		assert_true(subset(&faulted, &all));
	if (p->reason == NOUVEAU_PLAN_ATOMIC)
		assert_true(subset(&v->atomic, &all));
	/* What moves is mapped afterwards. */
	all = nouveau_mask_or(p->require, &p->want);
	assert_true(subset(&p->migrate, &all));
}

/* The density rule again, page by page, for a block the VMA covers. */
static bool naive_wanted(const struct nouveau_svm_view *v, const struct nouveau_mask *faulted,
			 unsigned int page)
{
	unsigned int f, size, i;

	for (f = 0; f < 512; f++) {
		if (!nouveau_mask_test(faulted, f))
			continue;
		if (f / 16 == page / 16)
			return true;
		for (size = 32; size <= 512; size *= 2) {
			unsigned int lo = f / size * size, n = 0;

			if (page / size != f / size)
				continue;
			for (i = lo; i < lo + size; i++)
				n += nouveau_mask_test(&v->mapped, i) ||
				     nouveau_mask_weight(faulted, i / 16 * 16, i / 16 * 16 + 16);
			if (n * 100 >= 51 * size)
				return true;
		}
	}
	return false;
}

static void random_plans(void **state)
{
	unsigned int round, i;

	unit_seed();
	for (round = 0; round < 3000; round++) {
		struct nouveau_svm_view v = random_view();
		struct nouveau_svm_plan p;

		memset(&p, 0xa5, sizeof(p));
		nouveau_svm_plan(&v, K, &p);
		check_plan(&v, &p);
	}
	for (round = 0; round < 100; round++) {
		struct nouveau_svm_view v = anon_view();
		struct nouveau_svm_plan p;

		v.read = random_mask(0, 512, 1 + unit_random() % 6);
		v.mapped = random_mask(0, 512, unit_random() % 700);
		v.heat.heat = 100;
		nouveau_svm_plan(&v, no_streams(), &p);
		for (i = 0; i < 512; i++)
			assert_int_equal(nouveau_mask_test(&p.migrate, i),
					 naive_wanted(&v, &v.read, i));
	}
}

/* A plan depends on nothing but its arguments. */
static void same_view_same_plan(void **state)
{
	unsigned int round;

	unit_seed();
	for (round = 0; round < 200; round++) {
		struct nouveau_svm_view v = random_view();
		struct nouveau_svm_plan a, b;

		memset(&a, 0, sizeof(a));
		memset(&b, 0xff, sizeof(b));
		nouveau_svm_plan(&v, K, &a);
		nouveau_svm_plan(&v, K, &b);
		assert_int_equal(a.reason, b.reason);
		assert_memory_equal(&a.migrate, &b.migrate, sizeof(a.migrate));
		assert_memory_equal(&a.want, &b.want, sizeof(a.want));
		assert_int_equal(a.first, b.first);
		assert_int_equal(a.end, b.end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_plans),
		cmocka_unit_test(same_view_same_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
