// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Page tables are cut from slabs, so that a table costs a bit instead of a TTM
 * object. A slab is one pinned piece of VRAM, a whole number of equal tables
 * long; there are two sorts of slab, one per table size. An empty slab goes
 * back to VRAM at once, except that one of each sort is kept: the tables of a
 * short-lived address space come and go.
 *
 * Lock: the pool's own mutex. It is taken inside nouveau_pt's prepare mutex
 * and dropped around the allocation of a slab, which may evict.
 */
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "nouveau_device.h"
#include "nouveau_pt_alloc.h"
#include "nouveau_vram.h"

#define SLAB_BYTES	SZ_64K
#define SLAB_TABLES_MAX	(SLAB_BYTES / NOUVEAU_PT_BIG_BYTES)

enum pt_sort { PT_SORT_TABLE, PT_SORT_BIG, PT_SORTS };

struct nouveau_pt_slab {
	struct list_head link;		/* in nouveau_pt_pool::slabs */
	struct nouveau_mem mem;
	enum pt_sort sort;
	unsigned int used;
	DECLARE_BITMAP(taken, SLAB_TABLES_MAX);
};

struct nouveau_pt_pool {
	struct mutex lock;		/* protects all below and the slabs */
	struct list_head slabs[PT_SORTS];	/* with room first */
	unsigned int empty[PT_SORTS];
};

static const unsigned int sort_bytes[PT_SORTS] = {
	[PT_SORT_TABLE] = NOUVEAU_PT_TABLE_BYTES,
	[PT_SORT_BIG] = NOUVEAU_PT_BIG_BYTES,
};

static unsigned int slab_tables(enum pt_sort sort)
{
	return SLAB_BYTES / sort_bytes[sort];
}

static bool pool_take_locked(struct nouveau_pt_pool *pool, enum pt_sort sort,
			     struct nouveau_pt_mem *mem)
{
	struct nouveau_pt_slab *slab = list_first_entry_or_null(&pool->slabs[sort],
								struct nouveau_pt_slab, link);
	unsigned int n = slab_tables(sort), i;

	lockdep_assert_held(&pool->lock);
	if (!slab || slab->used == n)
		return false;

	i = find_first_zero_bit(slab->taken, n);
	__set_bit(i, slab->taken);
	if (!slab->used++)
		pool->empty[sort]--;
	if (slab->used == n)
		list_move_tail(&slab->link, &pool->slabs[sort]);

	mem->slab = slab;
	mem->addr = slab->mem.addr + i * sort_bytes[sort];
	mem->map = slab->mem.map + i * sort_bytes[sort];
	return true;
}

int nouveau_pt_mem_new(struct nouveau_device *ndev, unsigned int bytes,
		       struct nouveau_pt_mem *mem)
{
	enum pt_sort sort = bytes == NOUVEAU_PT_BIG_BYTES ? PT_SORT_BIG : PT_SORT_TABLE;
	struct nouveau_pt_pool *pool = ndev->pt_pool;
	struct nouveau_pt_slab *slab;
	bool taken;
	int err;

	for (;;) {
		mutex_lock(&pool->lock);
		taken = pool_take_locked(pool, sort, mem);
		mutex_unlock(&pool->lock);
		if (taken)
			break;

		slab = kzalloc_obj(*slab);
		if (!slab)
			return -ENOMEM;
		err = nouveau_mem_new(ndev, SLAB_BYTES, SZ_4K, &slab->mem);
		if (err) {
			kfree(slab);
			return err;
		}
		slab->sort = sort;
		mutex_lock(&pool->lock);
		list_add(&slab->link, &pool->slabs[sort]);
		pool->empty[sort]++;
		mutex_unlock(&pool->lock);
	}

	memset_io(mem->map, 0, sort_bytes[sort]);
	/* Zeros before a directory entry that leads to them: BAR1 is write-combined. */
	wmb();
	return 0;
}

void nouveau_pt_mem_del(struct nouveau_device *ndev, struct nouveau_pt_mem *mem)
{
	struct nouveau_pt_slab *slab = mem->slab;
	struct nouveau_pt_pool *pool = ndev->pt_pool;
	bool drop = false;

	if (!slab)
		return;

	mutex_lock(&pool->lock);
	__clear_bit((mem->addr - slab->mem.addr) / sort_bytes[slab->sort], slab->taken);
	list_move(&slab->link, &pool->slabs[slab->sort]);
	if (!--slab->used) {
		drop = pool->empty[slab->sort] > 0;
		if (drop)
			list_del(&slab->link);
		else
			pool->empty[slab->sort]++;
	}
	mutex_unlock(&pool->lock);

	if (drop) {
		nouveau_mem_del(ndev, &slab->mem);
		kfree(slab);
	}
	mem->slab = NULL;
}

int nouveau_pt_pool_init(struct nouveau_device *ndev)
{
	struct nouveau_pt_pool *pool = kzalloc_obj(*pool);
	unsigned int i;

	if (!pool)
		return -ENOMEM;
	mutex_init(&pool->lock);
	for (i = 0; i < PT_SORTS; i++)
		INIT_LIST_HEAD(&pool->slabs[i]);
	ndev->pt_pool = pool;
	return 0;
}

/**
 * nouveau_pt_pool_fini() - free the slabs that were kept
 * @ndev: the device
 *
 * Every table must be back; one that is not is a leak of its owner and is
 * reported.
 */
void nouveau_pt_pool_fini(struct nouveau_device *ndev)
{
	struct nouveau_pt_pool *pool = ndev->pt_pool;
	struct nouveau_pt_slab *slab, *next;
	unsigned int i;

	if (!pool)
		return;
	for (i = 0; i < PT_SORTS; i++) {
		list_for_each_entry_safe(slab, next, &pool->slabs[i], link) {
			WARN_ON(slab->used);
			nouveau_mem_del(ndev, &slab->mem);
			kfree(slab);
		}
	}
	mutex_destroy(&pool->lock);
	kfree(pool);
	ndev->pt_pool = NULL;
}
