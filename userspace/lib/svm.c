// SPDX-License-Identifier: MIT
/* Moving mirrored memory on request. */
#include <errno.h>
#include <string.h>

#include "priv.h"

#define PAGE 4096ull

int nvsvm_migrate(struct nvsvm_context *context, const void *address, size_t bytes,
		  enum nvsvm_target target, uint64_t *moved)
{
	uint64_t start = (uintptr_t)address, end = start + bytes;
	struct drm_nouveau_svm_bind req;
	uint64_t where;
	int ret;

	if (!bytes || end < start)
		return -EINVAL;
	switch (target) {
	case NVSVM_TARGET_SYSTEM:
		where = 0;
		break;
	case NVSVM_TARGET_VRAM:
		where = NOUVEAU_SVM_BIND_TARGET__GPU_VRAM;
		break;
	default:
		return -EINVAL;
	}
	memset(&req, 0, sizeof(req));
	req.header = (uint64_t)NOUVEAU_SVM_BIND_COMMAND__MIGRATE << NOUVEAU_SVM_BIND_COMMAND_SHIFT |
		     where << NOUVEAU_SVM_BIND_TARGET_SHIFT;
	req.va_start = start;
	req.va_end = end;
	req.npages = (end - start + PAGE - 1) / PAGE;
	ret = nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req);
	if (!ret && moved)
		*moved = req.result;
	return ret;
}
