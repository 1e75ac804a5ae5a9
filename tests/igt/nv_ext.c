// SPDX-License-Identifier: MIT
/* See nv_ext.h. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <drm.h>
#include <linux/sync_file.h>

#include "nv_ext.h"
#include "nv_igt.h"

int __nv_bind_raw(int fd, uint64_t header, const void *p, size_t bytes, uint64_t *result)
{
	struct drm_nouveau_svm_bind req = {
		.header = header,
		.va_start = (uintptr_t)p,
		.va_end = (uintptr_t)p + bytes,
	};
	int ret = __nv_ioctl(fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req);

	if (result)
		*result = req.result;
	return ret;
}

int __nv_bind(int fd, const void *p, size_t bytes, bool to_vram, nv_ext *ext, uint64_t *result)
{
	struct drm_nouveau_svm_bind req = {
		.header = NOUVEAU_SVM_BIND_EXT |
			  (to_vram ? NOUVEAU_SVM_BIND_TARGET__GPU_VRAM : 0ull) <<
			  NOUVEAU_SVM_BIND_TARGET_SHIFT,
		.va_start = (uintptr_t)p,
		.va_end = (uintptr_t)p + bytes,
		.reserved0 = (uintptr_t)ext,
	};
	int ret = __nv_ioctl(fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req);

	if (result)
		*result = req.result;
	return ret;
}

uint64_t nv_ext_total(const nv_ext *ext)
{
	uint64_t n = ext->moved + ext->already;

	for (unsigned int i = 0; i < NOUVEAU_SVM_SKIP_REASONS; i++)
		n += ext->skipped[i];
	return n;
}

void nv_bind(struct nv *nv, const void *p, size_t bytes, bool to_vram, nv_ext *ext)
{
	uint64_t first = (uintptr_t)p / PAGE, end = ((uintptr_t)p + bytes + PAGE - 1) / PAGE;
	uint64_t result;

	memset(ext, 0, sizeof(*ext));
	ext->moved = 77;
	ext->status = 77;
	igt_assert_eq(__nv_bind(nv->fd, p, bytes, to_vram, ext, &result), 0);
	igt_assert_eq(ext->status, 0);
	igt_assert_eq(ext->moved, result);
	igt_assert_eq(nv_ext_total(ext), end - first);
}

uint32_t nv_syncobj(int fd)
{
	struct drm_syncobj_create req = { 0 };

	igt_assert_eq(__nv_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &req), 0);
	return req.handle;
}

void nv_syncobj_del(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy req = { .handle = handle };

	igt_assert_eq(__nv_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &req), 0);
}

int __nv_syncobj_wait(int fd, uint32_t handle, uint64_t point, unsigned int ms)
{
	struct drm_syncobj_wait binary = { .handles = (uintptr_t)&handle, .count_handles = 1 };
	struct drm_syncobj_timeline_wait timeline = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
	};
	struct timespec ts;
	int64_t until;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	until = ts.tv_sec * 1000000000ll + ts.tv_nsec + ms * 1000000ll;
	binary.timeout_nsec = timeline.timeout_nsec = until;
	binary.flags = timeline.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
	return point ? __nv_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &timeline) :
	       __nv_ioctl(fd, DRM_IOCTL_SYNCOBJ_WAIT, &binary);
}

int nv_syncobj_status(int fd, uint32_t handle)
{
	struct drm_syncobj_handle req = {
		.handle = handle, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	struct sync_file_info info = { .num_fences = 0 };

	igt_assert_eq(__nv_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &req), 0);
	igt_assert_eq(ioctl(req.fd, SYNC_IOC_FILE_INFO, &info), 0);
	close(req.fd);
	return info.status;
}

int __nv_query(int fd, struct drm_nouveau_svm_query *q)
{
	return __nv_ioctl(fd, DRM_IOCTL_NOUVEAU_SVM_QUERY, q);
}

void nv_query(struct nv *nv, const void *p, struct drm_nouveau_svm_granule *out, unsigned int n)
{
	struct drm_nouveau_svm_query q = {
		.va_start = (uintptr_t)p,
		.va_end = (uintptr_t)p + n * (uint64_t)NOUVEAU_SVM_GRANULE_BYTES,
		.entries = (uintptr_t)out,
		.count = n,
	};

	memset(out, 0xee, n * sizeof(*out));
	igt_assert_eq(__nv_query(nv->fd, &q), 0);
	igt_assert_eq(q.count, n);
}

int __nv_fault_log(int fd, struct drm_nouveau_fault_log *log)
{
	return __nv_ioctl(fd, DRM_IOCTL_NOUVEAU_FAULT_LOG, log);
}

unsigned int nv_fault_log(int fd, struct drm_nouveau_fault_entry *out, unsigned int room,
			  uint64_t *lost)
{
	struct drm_nouveau_fault_log log = { .entries = (uintptr_t)out, .count = room };

	igt_assert_eq(__nv_fault_log(fd, &log), 0);
	igt_assert_lte(log.count, room);
	if (lost)
		*lost = log.lost;
	return log.count;
}
