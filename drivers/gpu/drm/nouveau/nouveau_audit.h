/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_AUDIT_H__
#define __NOUVEAU_AUDIT_H__

/*
 * Who reaches which page of VRAM, kept a second time in builds with fail points
 * (nouveau_fail.h) and compared with what happens to the page. A page that is given
 * out or taken back while some address still leads to it is another process's memory
 * a moment later; without this it takes a wrong word in somebody's result to notice.
 */
#include <linux/types.h>

struct nouveau_device;

#ifdef NOUVEAU_FAIL_POINTS

int nouveau_audit_init(struct nouveau_device *ndev, u64 bytes);
void nouveau_audit_fini(struct nouveau_device *ndev);
void nouveau_audit_map(struct nouveau_device *ndev, const void *as, u64 va, u64 *slot, u64 pa);
void nouveau_audit_unmap(struct nouveau_device *ndev, u64 *slot);
void nouveau_audit_pages(struct nouveau_device *ndev, u64 pa, unsigned int n, const char *what);

#else

static inline int nouveau_audit_init(struct nouveau_device *ndev, u64 bytes) { return 0; }
static inline void nouveau_audit_fini(struct nouveau_device *ndev) { }
static inline void nouveau_audit_map(struct nouveau_device *ndev, const void *as, u64 va,
				     u64 *slot, u64 pa) { }
static inline void nouveau_audit_unmap(struct nouveau_device *ndev, u64 *slot) { }
static inline void nouveau_audit_pages(struct nouveau_device *ndev, u64 pa, unsigned int n,
				       const char *what) { }

#endif
#endif
