/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_EVICT_H__
#define __NOUVEAU_EVICT_H__

#include <linux/types.h>

struct dentry;
struct nouveau_device;
struct nouveau_dmem_request;
struct seq_file;

/* Keeps VRAM free for those who come, at the cost of those who have not been used. */
int nouveau_evict_init(struct nouveau_device *ndev);
void nouveau_evict_fini(struct nouveau_device *ndev);

/*
 * A migration of @bytes is about to take VRAM. Starts eviction in the background, and
 * does some itself when there is hardly any left. Sleeps; mmap_lock may be held, no
 * lock of the driver.
 */
void nouveau_evict_make_room(struct nouveau_device *ndev, u64 bytes);
/*
 * The same for @bytes, at most a block, of a request; spares what it keeps. Locks of
 * core mm may be held as for nouveau_evict_make_room(), pages of the request, too.
 */
void nouveau_evict_make_room_for(struct nouveau_device *ndev, struct nouveau_dmem_request *rq,
				 u64 bytes);
/* Whether @bytes are more than there is without eviction. */
bool nouveau_evict_is_short(struct nouveau_device *ndev, u64 bytes);
/* VRAM that a newcomer may count on, bytes: what is free or will be. */
u64 nouveau_evict_room(struct nouveau_device *ndev);

/* Around an eviction of SVM pages, whoever wants it. */
void nouveau_evict_enter(struct nouveau_device *ndev);
void nouveau_evict_leave(struct nouveau_device *ndev, unsigned int pages);
/* Whether one is going on: what notifiers see now may be its doing. */
bool nouveau_evict_is_on(struct nouveau_device *ndev);
/* A stamp for pages that are evicted now, not 0. */
u64 nouveau_evict_stamp(struct nouveau_device *ndev);
/* @pages with that stamp want back to VRAM. */
void nouveau_evict_came_back(struct nouveau_device *ndev, u64 stamp, unsigned int pages);
/* A process is gone whose pages were evicted: whether eviction pays is open again. */
void nouveau_evict_forget(struct nouveau_device *ndev);

/* Whether access counters may promote. */
bool nouveau_evict_promotes(struct nouveau_device *ndev);

void nouveau_evict_debugfs_init(struct nouveau_device *ndev, struct dentry *knobs);
void nouveau_evict_debugfs_show(struct nouveau_device *ndev, struct seq_file *m);

#endif
