/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_SVM_H__
#define __NOUVEAU_SVM_H__

#include <linux/types.h>

#include "nouveau_mask.h"

struct dentry;
struct drm_device;
struct drm_file;
struct drm_printer;
struct nouveau_device;
struct nouveau_svm_mm;
struct nouveau_svm_round;
struct nouveau_vm;
struct seq_file;

int nouveau_svm_device_init(struct nouveau_device *ndev);
/* Stops every mirror; files may stay open. The fault service is still running. */
void nouveau_svm_device_fini(struct nouveau_device *ndev);

/* Mirror current->mm in @vm. -EBUSY when it is on already, -EINVAL for a bad hole. */
int nouveau_svm_enable(struct nouveau_vm *vm, u64 unmanaged_addr, u64 unmanaged_size);
/*
 * Stop mirroring and give up the owner's reference: once per nouveau_vm_svm()
 * that is not NULL, at file close. Sleeps.
 */
void nouveau_svm_disable(struct nouveau_svm_mm *svm);

/* The running mirror of @vm with a reference, or NULL. */
struct nouveau_svm_mm *nouveau_svm_get(struct nouveau_vm *vm);
void nouveau_svm_put(struct nouveau_svm_mm *svm);

/* A knob: faults of a batch. */
unsigned int nouveau_svm_batch_faults(struct nouveau_device *ndev);
/* What the conductor remembers of a client: its last service took long. */
void nouveau_svm_set_slow(struct nouveau_svm_mm *svm, bool slow);
bool nouveau_svm_is_slow(const struct nouveau_svm_mm *svm);

/**
 * struct nouveau_svm_request - faults of one block, by strongest access
 */
struct nouveau_svm_request {
	u64 base;
	struct nouveau_mask read, write, atomic, prefetch;
	bool hot;		/* not faults: told by the access counters */
};

/**
 * struct nouveau_svm_result - how their service went
 *
 * Pages in neither mask are mapped now, unless @busy.
 */
struct nouveau_svm_result {
	struct nouveau_mask failed;		/* no access possible */
	struct nouveau_mask failed_write;	/* readable, not writable */
	bool busy;				/* some could not be served in time: retry */
	unsigned int stale;			/* faulted pages that were mapped already */
	u64 start, end;				/* PTEs written: invalidate before replay */
};

struct nouveau_svm_round *nouveau_svm_round_new(struct nouveau_device *ndev);
void nouveau_svm_round_del(struct nouveau_svm_round *r);
/*
 * Serve blocks of one process: migrate and map according to policy. Results are
 * there when the round has ended. Sleeps, no locks held.
 */
void nouveau_svm_round_begin(struct nouveau_svm_round *r, struct nouveau_svm_mm *svm, bool lone);
void nouveau_svm_round_add(struct nouveau_svm_round *r, const struct nouveau_svm_request *req,
			   struct nouveau_svm_result *res);
void nouveau_svm_round_end(struct nouveau_svm_round *r);
/* One block. */
void nouveau_svm_service(struct nouveau_svm_round *r, struct nouveau_svm_mm *svm,
			 const struct nouveau_svm_request *req, struct nouveau_svm_result *res);

/* Bring pages of a block that are used in place to VRAM. Sleeps, no locks held. */
unsigned int nouveau_svm_promote(struct nouveau_svm_mm *svm, u64 base,
				 const struct nouveau_mask *hot, struct nouveau_svm_round *r,
				 struct nouveau_svm_result *res);

int nouveau_svm_ioctl_init(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_svm_ioctl_bind(struct drm_device *drm, void *data, struct drm_file *file);
int nouveau_svm_ioctl_query(struct drm_device *drm, void *data, struct drm_file *file);

struct dentry *nouveau_svm_debugfs_init(struct nouveau_device *ndev, struct dentry *root);
void nouveau_svm_debugfs_show(struct nouveau_device *ndev, struct seq_file *m);
void nouveau_svm_fdinfo(struct nouveau_svm_mm *svm, struct drm_printer *p);

#endif
