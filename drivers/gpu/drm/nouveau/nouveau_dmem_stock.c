// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * 2 MiB folios of RAM, made ready beside whoever is going to need them.
 *
 * A kernel that clears what it allocates (init_on_alloc, Debian's default) takes
 * longer for the place of a block than for anything else on its way home. Whoever
 * brings several blocks home says so; a work item then allocates on another CPU,
 * while this one collects and finishes. What is not in stock when it is wanted is
 * allocated by who wants it, so nobody ever waits.
 *
 * The stock is small, and given back when nobody has asked for a while. It is for
 * processes without a NUMA policy or a cpuset of their own: the place of a page is
 * theirs to say.
 */
#include <linux/cpu.h>
#include <linux/cpuset.h>
#include <linux/huge_mm.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/nodemask.h>

#include "nouveau_device.h"
#include "nouveau_dmem_priv.h"

/* In stock at a time: 8 MiB. */
#define STOCK_MAX	4u
#define KEEP		(HZ / 10)

/* One more for the stock, if it is going to be needed. */
static bool stock_one(struct nouveau_dmem_stock *st)
{
	/* Nobody's huge page is worth reclaim here. */
	gfp_t gfp = GFP_TRANSHUGE_LIGHT | __GFP_NORETRY | __GFP_NOWARN;
	struct folio *folio;

	scoped_guard(spinlock, &st->lock)
		if (st->n >= min(st->left, STOCK_MAX))
			return false;
	folio = __folio_alloc_node(gfp, HPAGE_PMD_ORDER, READ_ONCE(st->node));
	guard(spinlock)(&st->lock);
	if (!folio) {
		st->left = 0;
		return false;
	}
	list_add_tail(&folio->lru, &st->folios);
	st->n++;
	return true;
}

static void stock_work(struct work_struct *work)
{
	struct nouveau_dmem_stock *st = container_of(work, struct nouveau_dmem_stock, work);

	while (stock_one(st))
		cond_resched();
	mod_delayed_work(system_dfl_wq, &st->trim, KEEP);
}

static void stock_trim(struct work_struct *work)
{
	struct nouveau_dmem_stock *st = container_of(to_delayed_work(work),
						     struct nouveau_dmem_stock, trim);
	struct folio *folio, *next;
	LIST_HEAD(gone);

	scoped_guard(spinlock, &st->lock) {
		list_splice_init(&st->folios, &gone);
		st->n = 0;
		st->left = 0;
	}
	list_for_each_entry_safe(folio, next, &gone, lru) {
		list_del(&folio->lru);
		folio_put(folio);
	}
}

/* Whether any place is as good as another for pages of @vma. */
static bool stock_suits(const struct vm_area_struct *vma)
{
#ifdef CONFIG_NUMA
	if (current->mempolicy)
		return false;
#endif
	return !vma_policy(vma) &&
	       nodes_subset(node_states[N_MEMORY], cpuset_current_mems_allowed);
}

/**
 * nouveau_dmem_stock_want - blocks are going to come home
 * @dmem: VRAM
 * @blocks: how many at most
 *
 * A hint. Nothing is allocated before the first of them turns out to be a folio.
 */
void nouveau_dmem_stock_want(struct nouveau_dmem *dmem, unsigned int blocks)
{
	guard(spinlock)(&dmem->stock.lock);
	dmem->stock.left = blocks;
}

/**
 * nouveau_dmem_stock_take - a 2 MiB folio if there is one ready
 * @dmem: VRAM
 * @vma: where it is going to be
 *
 * Return: the folio, or NULL: allocate one.
 */
struct folio *nouveau_dmem_stock_take(struct nouveau_dmem *dmem, const struct vm_area_struct *vma)
{
	struct nouveau_dmem_stock *st = &dmem->stock;
	struct folio *folio;
	bool more;

	if (!READ_ONCE(st->left) || num_online_cpus() < 2 || !stock_suits(vma))
		return NULL;
	scoped_guard(spinlock, &st->lock) {
		st->left -= min(st->left, 1u);
		folio = list_first_entry_or_null(&st->folios, struct folio, lru);
		if (folio) {
			list_del_init(&folio->lru);
			st->n--;
		}
		more = st->n < st->left;
		st->node = numa_mem_id();
	}
	if (more)
		queue_work(system_dfl_wq, &st->work);
	return folio;
}

void nouveau_dmem_stock_init(struct nouveau_dmem_stock *st)
{
	spin_lock_init(&st->lock);
	INIT_LIST_HEAD(&st->folios);
	INIT_WORK(&st->work, stock_work);
	INIT_DELAYED_WORK(&st->trim, stock_trim);
}

/* Nobody wants anything any more. */
void nouveau_dmem_stock_fini(struct nouveau_dmem_stock *st)
{
	cancel_work_sync(&st->work);
	cancel_delayed_work_sync(&st->trim);
	stock_trim(&st->trim.work);
}
