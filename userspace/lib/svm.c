// SPDX-License-Identifier: MIT
/* Moving mirrored memory on request, advice about it, and where it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xf86drm.h>

#include "priv.h"

#define PAGE 4096ull
#define QUERY_MAX 512			/* granules asked for at a time */

struct nvsvm_migration {
	int fd;
	uint32_t syncobj;
	/* the driver writes to it until the syncobj signals */
	struct drm_nouveau_svm_bind_ext ext;
};

static int bind_request(struct drm_nouveau_svm_bind *req, const void *address, size_t bytes,
			uint64_t command, uint64_t target)
{
	uint64_t start = (uintptr_t)address, end = start + bytes;

	if (!bytes || end < start)
		return -EINVAL;
	memset(req, 0, sizeof(*req));
	req->header = command << NOUVEAU_SVM_BIND_COMMAND_SHIFT |
		      target << NOUVEAU_SVM_BIND_TARGET_SHIFT;
	req->va_start = start;
	req->va_end = end;
	req->npages = (end - start + PAGE - 1) / PAGE;
	return 0;
}

static int migrate_request(struct drm_nouveau_svm_bind *req, const void *address, size_t bytes,
			   enum nvsvm_target target)
{
	switch (target) {
	case NVSVM_TARGET_SYSTEM:
		return bind_request(req, address, bytes, NOUVEAU_SVM_BIND_COMMAND__MIGRATE,
				    NOUVEAU_SVM_BIND_TARGET__SYSTEM);
	case NVSVM_TARGET_VRAM:
		return bind_request(req, address, bytes, NOUVEAU_SVM_BIND_COMMAND__MIGRATE,
				    NOUVEAU_SVM_BIND_TARGET__GPU_VRAM);
	}
	return -EINVAL;
}

int nvsvm_migrate(struct nvsvm_context *context, const void *address, size_t bytes,
		  enum nvsvm_target target, uint64_t *moved)
{
	struct drm_nouveau_svm_bind req;
	int ret = migrate_request(&req, address, bytes, target);

	if (!ret)
		ret = nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req);
	if (!ret && moved)
		*moved = req.result;
	return ret;
}

static void counts_from(struct nvsvm_counts *c, const struct drm_nouveau_svm_bind_ext *ext)
{
	*c = (struct nvsvm_counts){
		.moved = ext->moved,
		.already = ext->already,
		.absent = ext->skipped[NOUVEAU_SVM_SKIP_ABSENT],
		.file = ext->skipped[NOUVEAU_SVM_SKIP_FILE],
		.hugetlb = ext->skipped[NOUVEAU_SVM_SKIP_HUGETLB],
		.pinned = ext->skipped[NOUVEAU_SVM_SKIP_PINNED],
		.busy = ext->skipped[NOUVEAU_SVM_SKIP_BUSY],
		.no_memory = ext->skipped[NOUVEAU_SVM_SKIP_NO_MEMORY],
		.advised = ext->skipped[NOUVEAU_SVM_SKIP_POLICY],
		.failed = ext->skipped[NOUVEAU_SVM_SKIP_FAILED],
	};
}

int nvsvm_migrate_counts(struct nvsvm_context *context, const void *address, size_t bytes,
			 enum nvsvm_target target, struct nvsvm_counts *counts)
{
	struct drm_nouveau_svm_bind_ext ext = { .flags = 0 };
	struct drm_nouveau_svm_bind req;
	int ret = migrate_request(&req, address, bytes, target);

	if (ret)
		return ret;
	req.header |= NOUVEAU_SVM_BIND_EXT;
	req.reserved0 = (uintptr_t)&ext;
	ret = nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req);
	counts_from(counts, &ext);
	return ret;
}

int nvsvm_migrate_start(struct nvsvm_context *context, const void *address, size_t bytes,
			enum nvsvm_target target, struct nvsvm_migration **migration)
{
	struct nvsvm_migration *m = calloc(1, sizeof(*m));
	struct drm_nouveau_svm_bind req;
	int ret;

	if (!m)
		return -ENOMEM;
	m->fd = context->fd;
	ret = migrate_request(&req, address, bytes, target);
	if (!ret && drmSyncobjCreate(m->fd, 0, &m->syncobj))
		ret = -errno;
	if (ret) {
		free(m);
		return ret;
	}
	m->ext.flags = NOUVEAU_SVM_BIND_EXT_ASYNC;
	m->ext.syncobj = m->syncobj;
	req.header |= NOUVEAU_SVM_BIND_EXT;
	req.reserved0 = (uintptr_t)&m->ext;
	ret = nvsvm_ioctl(m->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req);
	if (ret) {
		drmSyncobjDestroy(m->fd, m->syncobj);
		free(m);
		return ret;
	}
	*migration = m;
	return 0;
}

/* @until: CLOCK_MONOTONIC, ns. The fence is not there before it is over. */
static int migration_wait(struct nvsvm_migration *m, int64_t until)
{
	int ret = drmSyncobjWait(m->fd, &m->syncobj, 1, until,
				 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL);

	return ret ? ret : m->ext.status;
}

int nvsvm_migration_wait(struct nvsvm_migration *m, unsigned int timeout_ms,
			 struct nvsvm_counts *counts)
{
	struct timespec ts;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ret = migration_wait(m, ts.tv_sec * 1000000000ll + ts.tv_nsec + timeout_ms * 1000000ll);
	if (counts)
		counts_from(counts, &m->ext);
	return ret;
}

void nvsvm_migration_free(struct nvsvm_migration *m)
{
	if (!m)
		return;
	migration_wait(m, INT64_MAX);
	drmSyncobjDestroy(m->fd, m->syncobj);
	free(m);
}

static const struct {
	uint64_t command, target;
	bool value;			/* the target is the caller's */
} advices[] = {
	[NVSVM_ADVICE_PREFER_VRAM] = { NOUVEAU_SVM_BIND_COMMAND__PREFER,
				       NOUVEAU_SVM_BIND_TARGET__GPU_VRAM, false },
	[NVSVM_ADVICE_PREFER_SYSTEM] = { NOUVEAU_SVM_BIND_COMMAND__PREFER,
					 NOUVEAU_SVM_BIND_TARGET__SYSTEM, false },
	[NVSVM_ADVICE_PREFER_NONE] = { NOUVEAU_SVM_BIND_COMMAND__PREFER,
				       NOUVEAU_SVM_BIND_TARGET__NONE, false },
	[NVSVM_ADVICE_PIN_VRAM] = { NOUVEAU_SVM_BIND_COMMAND__PIN,
				    NOUVEAU_SVM_BIND_TARGET__GPU_VRAM, false },
	[NVSVM_ADVICE_PIN_SYSTEM] = { NOUVEAU_SVM_BIND_COMMAND__PIN,
				      NOUVEAU_SVM_BIND_TARGET__SYSTEM, false },
	[NVSVM_ADVICE_NO_MIGRATE] = { NOUVEAU_SVM_BIND_COMMAND__NO_MIGRATE, 0, true },
	[NVSVM_ADVICE_GRANULARITY] = { NOUVEAU_SVM_BIND_COMMAND__GRANULARITY, 0, true },
	[NVSVM_ADVICE_READ_MOSTLY] = { NOUVEAU_SVM_BIND_COMMAND__READ_MOSTLY, 0, true },
	[NVSVM_ADVICE_RESET] = { NOUVEAU_SVM_BIND_COMMAND__RESET, 0, false },
};

int nvsvm_advise(struct nvsvm_context *context, const void *address, size_t bytes,
		 enum nvsvm_advice advice, uint64_t value, uint64_t *pages)
{
	struct drm_nouveau_svm_bind req;
	int ret;

	if ((unsigned int)advice >= sizeof(advices) / sizeof(advices[0]))
		return -EINVAL;
	if (value > NOUVEAU_SVM_BIND_TARGET_MASK || (value && !advices[advice].value))
		return -EINVAL;
	ret = bind_request(&req, address, bytes, advices[advice].command,
			   advices[advice].value ? value : advices[advice].target);
	if (!ret)
		ret = nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req);
	if (!ret && pages)
		*pages = req.result;
	return ret;
}

static void granule_from(struct nvsvm_granule *to, const struct drm_nouveau_svm_granule *from)
{
	*to = (struct nvsvm_granule){
		.system = from->system, .vram = from->vram, .mapped = from->mapped,
		.replica = from->replica,
		.heat = from->heat, .faults = from->faults, .last_ns = from->last,
	};
}

int nvsvm_query(struct nvsvm_context *context, const void *address,
		struct nvsvm_granule *granules, size_t count)
{
	uint64_t at = (uintptr_t)address & ~(uint64_t)(NVSVM_GRANULE - 1);
	struct drm_nouveau_svm_granule raw[QUERY_MAX];

	while (count) {
		uint32_t n = count < QUERY_MAX ? count : QUERY_MAX;
		struct drm_nouveau_svm_query q = {
			.va_start = at, .va_end = at + (uint64_t)n * NVSVM_GRANULE,
			.entries = (uintptr_t)raw, .count = n,
		};
		int ret = nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_SVM_QUERY, &q);

		if (ret)
			return ret;
		for (uint32_t i = 0; i < n; i++)
			granule_from(&granules[i], &raw[i]);
		granules += n;
		count -= n;
		at = q.va_end;
	}
	return 0;
}
