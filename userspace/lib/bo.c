// SPDX-License-Identifier: MIT
/* Buffer objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xf86drm.h>

#include "priv.h"

int nvsvm_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

int bo_init(int fd, struct bo *bo, uint64_t size, uint32_t align, uint32_t domain)
{
	struct drm_nouveau_gem_new req = {
		.info = {
			.domain = domain,
			.size = size,
			.tile_flags = NOUVEAU_GEM_TILE_NONCONTIG,
		},
		.align = align,
	};
	int ret;

	memset(bo, 0, sizeof(*bo));
	ret = nvsvm_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &req);
	if (ret)
		return ret;
	bo->fd = fd;
	bo->handle = req.info.handle;
	bo->domain = domain & (NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_GART);
	bo->size = req.info.size;
	bo->address = req.info.offset;
	bo->map_handle = req.info.map_handle;
	return 0;
}

void bo_fini(struct bo *bo)
{
	struct drm_gem_close req = { .handle = bo->handle };

	if (bo->map)
		munmap(bo->map, bo->size);
	if (bo->handle)
		drmIoctl(bo->fd, DRM_IOCTL_GEM_CLOSE, &req);
	memset(bo, 0, sizeof(*bo));
}

int bo_map(struct bo *bo)
{
	void *map;

	if (bo->map)
		return 0;
	map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, bo->fd,
		   (off_t)bo->map_handle);
	if (map == MAP_FAILED)
		return -errno;
	bo->map = map;
	return 0;
}

int bo_wait(struct bo *bo)
{
	struct drm_nouveau_gem_cpu_prep req = {
		.handle = bo->handle,
		.flags = NOUVEAU_GEM_CPU_PREP_WRITE,
	};

	return nvsvm_ioctl(bo->fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &req);
}

int nvsvm_buffer_new(struct nvsvm_context *context, size_t bytes, int vram,
		     struct nvsvm_buffer **buffer)
{
	struct nvsvm_buffer *b;
	int ret;

	if (!bytes)
		return -EINVAL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	ret = bo_init(context->fd, &b->bo, bytes, 0,
		      (vram ? NOUVEAU_GEM_DOMAIN_VRAM : NOUVEAU_GEM_DOMAIN_GART) |
		      NOUVEAU_GEM_DOMAIN_MAPPABLE);
	if (ret) {
		free(b);
		return ret;
	}
	*buffer = b;
	return 0;
}

void nvsvm_buffer_free(struct nvsvm_buffer *buffer)
{
	if (!buffer)
		return;
	bo_fini(&buffer->bo);
	free(buffer);
}

uint64_t nvsvm_buffer_address(const struct nvsvm_buffer *buffer)
{
	return buffer->bo.address;
}

void *nvsvm_buffer_map(struct nvsvm_buffer *buffer)
{
	int ret = bo_map(&buffer->bo);

	if (ret) {
		errno = -ret;
		return NULL;
	}
	return buffer->bo.map;
}
