// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Eviction: free VRAM before somebody waits for it.
 *
 * A work item keeps free VRAM between a low and a high mark. It takes from the cold
 * end of the VRAM manager's LRU list, on which the chunks under pages of processes
 * stand among buffer objects: pieces of 64 KiB from a chunk, or a folio of 2 MiB, as
 * many in one push as are wanted; a buffer object as a whole. Use puts a chunk at the
 * warm end (nouveau_dmem_touch()). A migration waits for eviction, by doing it, only
 * below a minimum.
 *
 * Whether eviction pays at all is decided by nouveau_pressure.c; when it does not, or
 * when there is no RAM to evict to, newcomers are mapped where they are.
 *
 * Locks: @walk (mutex) lets one walk the list at a time; taken before reservations
 * (4 of nouveau_lock.h), which the walk only tries. @lock is a leaf.
 */
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_print.h>

#include "nouveau_device.h"
#include "nouveau_dmem.h"
#include "nouveau_evict.h"
#include "nouveau_pressure.h"
#include "nouveau_stats.h"
#include "nouveau_vram.h"

struct nouveau_evict {
	struct nouveau_device *ndev;
	struct nouveau_pressure_knobs knobs;
	struct workqueue_struct *wq;
	struct work_struct work;
	/** @walk: who walks the LRU list */
	struct mutex walk;
	/** @on: evictions that are going on */
	atomic_t on;
	/** @lock: protects @pressure */
	spinlock_t lock;
	struct nouveau_pressure pressure;
};

static u64 free_bytes(struct nouveau_device *ndev)
{
	return nouveau_vram_free_bytes(ndev) + nouveau_dmem_free_bytes(ndev);
}

static void get_marks(struct nouveau_evict *ev, struct nouveau_pressure_marks *marks)
{
	nouveau_pressure_marks(&ev->knobs, nouveau_vram_usable_bytes(ev->ndev), marks);
}

static bool may_evict(struct nouveau_evict *ev)
{
	guard(spinlock)(&ev->lock);
	return nouveau_pressure_may_evict(&ev->pressure, &ev->knobs, ktime_get_ns());
}

/* Free @goal bytes if that is possible; false when nothing at all was. */
static bool reclaim(struct nouveau_evict *ev, u64 goal, u64 spare)
{
	struct nouveau_reclaim rc = { .want = goal, .spare = spare };

	nouveau_vram_reclaim(ev->ndev, &rc);
	if (rc.got)
		return true;
	/* What a request keeps for a moment says nothing about the rest. */
	if (rc.spared)
		return false;
	guard(spinlock)(&ev->lock);
	nouveau_pressure_stuck(&ev->pressure, &ev->knobs, ktime_get_ns());
	return false;
}

static void evict_work(struct work_struct *work)
{
	struct nouveau_evict *ev = container_of(work, struct nouveau_evict, work);
	struct nouveau_pressure_marks marks;
	u64 free;

	get_marks(ev, &marks);
	while (may_evict(ev)) {
		free = free_bytes(ev->ndev);
		if (free >= marks.high)
			break;
		guard(mutex)(&ev->walk);
		/* A block at a time: who must wait for the lock waits for no more. */
		if (!reclaim(ev, min_t(u64, marks.high - free, NOUVEAU_BLOCK_BYTES),
			     nouveau_dmem_oldest_request(ev->ndev)))
			break;
		cond_resched();
	}
}

void nouveau_evict_make_room(struct nouveau_device *ndev, u64 bytes)
{
	struct nouveau_evict *ev = ndev->evict;
	struct nouveau_pressure_marks marks;
	u64 free = free_bytes(ndev);

	get_marks(ev, &marks);
	bytes = min_t(u64, bytes, NOUVEAU_BLOCK_BYTES);
	if (free >= marks.low + bytes || !may_evict(ev))
		return;
	queue_work(ev->wq, &ev->work);
	if (free >= max(marks.min, bytes))
		return;
	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_EVICT_SYNC);
	guard(mutex)(&ev->walk);
	free = free_bytes(ndev);
	if (free < max(marks.min, bytes))
		reclaim(ev, max(marks.min, bytes) - free, nouveau_dmem_oldest_request(ndev));
}

/* Who asks for pages in VRAM is not told that eviction does not pay. */
void nouveau_evict_make_room_for(struct nouveau_device *ndev, struct nouveau_dmem_request *rq,
				 u64 bytes)
{
	struct nouveau_evict *ev = ndev->evict;
	u64 free = free_bytes(ndev);

	bytes = min_t(u64, bytes, NOUVEAU_BLOCK_BYTES);
	if (free >= bytes || rq->full || !READ_ONCE(ev->knobs.evict))
		return;
	nouveau_stat_inc(&ndev->stats, NOUVEAU_STAT_EVICT_SYNC);
	guard(mutex)(&ev->walk);
	free = free_bytes(ndev);
	if (free < bytes)
		rq->full = !reclaim(ev, bytes - free, rq->epoch);
}

bool nouveau_evict_is_short(struct nouveau_device *ndev, u64 bytes)
{
	return free_bytes(ndev) < bytes;
}

u64 nouveau_evict_room(struct nouveau_device *ndev)
{
	struct nouveau_evict *ev = ndev->evict;
	struct nouveau_pressure_marks marks;
	u64 free = free_bytes(ndev);

	get_marks(ev, &marks);
	if (free >= marks.high)
		return free;
	if (may_evict(ev))
		return marks.high;
	/* The last bit is no place for newcomers: they would only scatter. */
	return free < marks.min ? 0 : free;
}

void nouveau_evict_enter(struct nouveau_device *ndev)
{
	if (ndev->evict)
		atomic_inc(&ndev->evict->on);
}

void nouveau_evict_leave(struct nouveau_device *ndev, unsigned int pages)
{
	struct nouveau_evict *ev = ndev->evict;

	if (!ev)
		return;
	atomic_dec(&ev->on);
	nouveau_stat_add(&ndev->stats, NOUVEAU_STAT_PAGES_EVICTED, pages);
	guard(spinlock)(&ev->lock);
	nouveau_pressure_evicted(&ev->pressure, pages);
}

bool nouveau_evict_is_on(struct nouveau_device *ndev)
{
	return ndev->evict && atomic_read(&ndev->evict->on);
}

u64 nouveau_evict_stamp(struct nouveau_device *ndev)
{
	/* Read without the lock: a few pages more or less say the same. */
	return max(READ_ONCE(ndev->evict->pressure.clock), 1);
}

void nouveau_evict_came_back(struct nouveau_device *ndev, u64 stamp, unsigned int pages)
{
	struct nouveau_evict *ev = ndev->evict;

	guard(spinlock)(&ev->lock);
	if (!nouveau_pressure_is_refault(&ev->pressure, stamp))
		return;
	nouveau_stat_add(&ndev->stats, NOUVEAU_STAT_PAGES_REFAULTED, pages);
	nouveau_pressure_refaulted(&ev->pressure, &ev->knobs, ktime_get_ns(), pages);
}

void nouveau_evict_forget(struct nouveau_device *ndev)
{
	struct nouveau_evict *ev = ndev->evict;

	/* The last mirrors go with the device. */
	if (!ev)
		return;
	guard(spinlock)(&ev->lock);
	nouveau_pressure_forget(&ev->pressure);
}

bool nouveau_evict_promotes(struct nouveau_device *ndev)
{
	return READ_ONCE(ndev->evict->knobs.promote);
}

/**
 * nouveau_evict_init - start keeping VRAM free
 * @ndev: the GPU; VRAM and copies work
 *
 * Return: 0 or -ENOMEM.
 */
int nouveau_evict_init(struct nouveau_device *ndev)
{
	struct nouveau_evict *ev = kzalloc_obj(*ev);

	if (!ev)
		return -ENOMEM;
	ev->ndev = ndev;
	ev->knobs = nouveau_pressure_knobs_default;
	ev->pressure.total_pages = nouveau_vram_usable_bytes(ndev) >> PAGE_SHIFT;
	mutex_init(&ev->walk);
	spin_lock_init(&ev->lock);
	INIT_WORK(&ev->work, evict_work);
	ev->wq = alloc_ordered_workqueue("nouveau-evict", WQ_FREEZABLE);
	if (!ev->wq) {
		kfree(ev);
		return -ENOMEM;
	}
	ndev->evict = ev;
	return 0;
}

/**
 * nouveau_evict_fini - stop
 * @ndev: the GPU; nobody migrates any more
 */
void nouveau_evict_fini(struct nouveau_device *ndev)
{
	struct nouveau_evict *ev = ndev->evict;

	if (!ev)
		return;
	destroy_workqueue(ev->wq);
	ndev->evict = NULL;
	mutex_destroy(&ev->walk);
	kfree(ev);
}

/**
 * nouveau_evict_debugfs_init - its knobs among those of the policy
 * @ndev: the GPU
 * @knobs: directory
 */
void nouveau_evict_debugfs_init(struct nouveau_device *ndev, struct dentry *knobs)
{
	struct nouveau_pressure_knobs *k = &ndev->evict->knobs;

#define X(knob, def, help) debugfs_create_u32(#knob, 0644, knobs, &k->knob);
	NOUVEAU_PRESSURE_KNOBS(X)
#undef X
}

/**
 * nouveau_evict_debugfs_show - marks and the verdict
 * @ndev: the GPU
 * @m: output
 */
void nouveau_evict_debugfs_show(struct nouveau_device *ndev, struct seq_file *m)
{
	struct nouveau_evict *ev = ndev->evict;
	struct nouveau_pressure_marks marks;
	struct nouveau_pressure p;
	u64 now = ktime_get_ns();

	if (!ev)
		return;
	get_marks(ev, &marks);
	scoped_guard(spinlock, &ev->lock)
		p = ev->pressure;
	seq_printf(m, "evict: free %llu min %llu low %llu high %llu KiB, evicted %llu refaulted %llu, newcomers in place for %llu ms\n",
		   free_bytes(ndev) >> 10, marks.min >> 10, marks.low >> 10, marks.high >> 10,
		   p.evicted, p.refaulted,
		   p.in_place_until_ns > now ? div_u64(p.in_place_until_ns - now, 1000000) : 0);
}
