// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Advice: what a process knows better than the policy. It changes where pages
 * go and how many at once, never whether an access works.
 *
 * Pure: no locks, no clock; tests/unit/test_advice.c.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "nouveau_svm_advice.h"
#include "nouveau_svm_policy.h"

bool nouveau_svm_advice_empty(const struct nouveau_svm_advice *a)
{
	unsigned int i;

	for (i = 0; i < NOUVEAU_SVM_GRAIN_BITS; i++)
		if (!nouveau_mask_empty(&a->grain[i]))
			return false;
	/* Nothing is pinned that is not preferred. */
	return nouveau_mask_empty(&a->vram) && nouveau_mask_empty(&a->system) &&
	       nouveau_mask_empty(&a->still) && nouveau_mask_empty(&a->mostly);
}

void nouveau_svm_advice_clear(struct nouveau_svm_advice *a, const struct nouveau_mask *pages)
{
	unsigned int i;

	a->vram = nouveau_mask_andnot(a->vram, pages);
	a->system = nouveau_mask_andnot(a->system, pages);
	a->pinned = nouveau_mask_andnot(a->pinned, pages);
	a->still = nouveau_mask_andnot(a->still, pages);
	a->mostly = nouveau_mask_andnot(a->mostly, pages);
	for (i = 0; i < NOUVEAU_SVM_GRAIN_BITS; i++)
		a->grain[i] = nouveau_mask_andnot(a->grain[i], pages);
}

void nouveau_svm_advice_set_grain(struct nouveau_svm_advice *a, const struct nouveau_mask *pages,
				  u32 bytes)
{
	unsigned int i, code = 0;

	while (bytes >> (11 + code) > 1)
		code++;
	for (i = 0; i < NOUVEAU_SVM_GRAIN_BITS; i++) {
		if (code >> i & 1)
			a->grain[i] = nouveau_mask_or(a->grain[i], pages);
		else
			a->grain[i] = nouveau_mask_andnot(a->grain[i], pages);
	}
}

/* Pages that are served together with @page, 0: as usual. */
static unsigned int grain_pages(const struct nouveau_svm_advice *a, unsigned int page)
{
	unsigned int i, code = 0;

	for (i = 0; i < NOUVEAU_SVM_GRAIN_BITS; i++)
		code |= (unsigned int)nouveau_mask_test(&a->grain[i], page) << i;
	return code ? 1u << (code - 1) : 0;
}

struct nouveau_mask nouveau_svm_advice_fixed(const struct nouveau_svm_advice *a, bool to_vram)
{
	struct nouveau_mask pinned = nouveau_mask_and(a->pinned, to_vram ? &a->system : &a->vram);

	return nouveau_mask_or(pinned, &a->still);
}

struct nouveau_mask nouveau_svm_advice_plain(const struct nouveau_svm_advice *a,
					     const struct nouveau_mask *faulted)
{
	struct nouveau_mask plain = *faulted;
	unsigned int i;

	for (i = 0; i < NOUVEAU_SVM_GRAIN_BITS; i++)
		plain = nouveau_mask_andnot(plain, &a->grain[i]);
	return plain;
}

struct nouveau_mask nouveau_svm_advice_region(const struct nouveau_svm_view *v,
					      const struct nouveau_mask *faulted)
{
	struct nouveau_mask plain = nouveau_svm_advice_plain(v->advice, faulted);
	struct nouveau_mask out = nouveau_mask_andnot(*faulted, &plain), todo = out;
	unsigned int page;

	nouveau_mask_for_each(&todo, page) {
		unsigned int n = grain_pages(v->advice, page), first = page & ~(n - 1);
		struct nouveau_mask m = nouveau_mask_range(max_t(unsigned int, first, v->first),
							   min_t(unsigned int, first + n, v->end));

		out = nouveau_mask_or(out, &m);
	}
	return out;
}

/**
 * nouveau_svm_advise - let advice correct a plan
 * @v: snapshot; @v->advice is not NULL
 * @k: knobs
 * @region: what is served
 * @plan: plan with reason and migrate filled in
 *
 * Preferred in VRAM goes there at the first touch, thrash or not when it is
 * pinned. Preferred in RAM stays, except for the GPU's atomics, which may have
 * no other place. What is read mostly stays as long as it is only read, so that both
 * sides have it; unless it is preferred in VRAM.
 */
void nouveau_svm_advise(const struct nouveau_svm_view *v, const struct nouveau_svm_knobs *k,
			const struct nouveau_mask *region, struct nouveau_svm_plan *plan)
{
	const struct nouveau_svm_advice *a = v->advice;
	struct nouveau_mask fixed = nouveau_svm_advice_fixed(a, true);
	struct nouveau_mask stay = nouveau_mask_andnot(a->system, &v->atomic);
	struct nouveau_mask go = nouveau_mask_and(a->vram, region), may;
	struct nouveau_mask read = nouveau_mask_andnot(a->mostly, &v->write);

	read = nouveau_mask_andnot(read, &v->atomic);
	read = nouveau_mask_andnot(read, &a->vram);
	stay = nouveau_mask_or(stay, &read);

	if (plan->reason == NOUVEAU_PLAN_THRASH)
		go = nouveau_mask_and(go, &a->pinned);
	if (v->kind != NOUVEAU_VMA_ANON || !k->migrate || !v->vram_total ||
	    plan->reason == NOUVEAU_PLAN_NO_VRAM)
		go = (struct nouveau_mask){ };
	go = nouveau_mask_andnot(go, &v->vram);

	/* A granularity that was given says what moves, too: that much and no more. */
	if (!nouveau_mask_empty(&plan->migrate)) {
		may = nouveau_mask_or(v->write, &v->atomic);
		may = nouveau_svm_advice_region(v, &may);
		may = nouveau_mask_andnot(may, &v->vram);
		plan->migrate = nouveau_mask_or(plan->migrate, &may);
	}
	may = nouveau_mask_or(v->prefetch, region);
	plan->migrate = nouveau_mask_and(plan->migrate, &may);
	plan->migrate = nouveau_mask_or(plan->migrate, &go);
	plan->migrate = nouveau_mask_andnot(plan->migrate, &stay);
	plan->migrate = nouveau_mask_andnot(plan->migrate, &fixed);
	if (!nouveau_mask_empty(&go))
		plan->reason = NOUVEAU_PLAN_ADVICE;
}
