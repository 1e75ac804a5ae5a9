/* SPDX-License-Identifier: MIT */
/*
 * What this driver has beyond the kernel's own: counts and asynchronous
 * SVM_BIND, residency, the fault log. Verbs assert, their __twins give -errno.
 */
#ifndef NV_EXT_H
#define NV_EXT_H

#include "nv_svm.h"

typedef struct drm_nouveau_svm_bind_ext nv_ext;

/* SVM_BIND MIGRATE with @ext; *result may be NULL. */
int __nv_bind(int fd, const void *p, size_t bytes, bool to_vram, nv_ext *ext, uint64_t *result);
/* It works, waits, and the counts in *ext add up to the range. */
void nv_bind(struct nv *nv, const void *p, size_t bytes, bool to_vram, nv_ext *ext);
/* Any SVM_BIND header. */
int __nv_bind_raw(int fd, uint64_t header, const void *p, size_t bytes, uint64_t *result);
uint64_t nv_ext_total(const nv_ext *ext);

uint32_t nv_syncobj(int fd);
void nv_syncobj_del(int fd, uint32_t handle);
/* Waits for it to appear and to signal. -ETIME. Point 0: binary. */
int __nv_syncobj_wait(int fd, uint32_t handle, uint64_t point, unsigned int ms);
/* The status of its fence: 1, or the error. */
int nv_syncobj_status(int fd, uint32_t handle);

int __nv_query(int fd, struct drm_nouveau_svm_query *q);
/* @n entries from @p, aligned to 64 KiB. */
void nv_query(struct nv *nv, const void *p, struct drm_nouveau_svm_granule *out, unsigned int n);

int __nv_fault_log(int fd, struct drm_nouveau_fault_log *log);
/* Reads up to @room entries; returns how many; *lost may be NULL. */
unsigned int nv_fault_log(int fd, struct drm_nouveau_fault_entry *out, unsigned int room,
			  uint64_t *lost);

#endif
