// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "vram.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"

struct vram {
	int fd;
	uint64_t bytes;
	uint8_t *base;
};

int vram_init(struct gpu *gpu)
{
	struct vram *v;
	int ret;

	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	gpu->vram = v;
	v->bytes = gpu->config.vram_bytes;
	v->fd = memfd_create("tu104-vram", MFD_CLOEXEC);
	if (v->fd < 0)
		goto err;
	if (ftruncate(v->fd, v->bytes))
		goto err;
	v->base = mmap(NULL, v->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		       v->fd, 0);
	if (v->base == MAP_FAILED)
		goto err;
	return 0;
err:
	ret = -errno;
	if (v->base == MAP_FAILED)
		v->base = NULL;
	vram_fini(gpu);
	return ret;
}

void vram_fini(struct gpu *gpu)
{
	struct vram *v = gpu->vram;

	if (!v)
		return;
	if (v->base)
		munmap(v->base, v->bytes);
	if (v->fd >= 0)
		close(v->fd);
	free(v);
	gpu->vram = NULL;
}

void *vram_ptr(struct gpu *gpu, uint64_t pa, size_t len)
{
	const struct vram *v = gpu->vram;

	if (pa > v->bytes || len > v->bytes - pa)
		return NULL;
	return v->base + pa;
}

int vram_fd(struct gpu *gpu)
{
	return gpu->vram->fd;
}

void vram_clear(struct gpu *gpu)
{
	struct vram *v = gpu->vram;

	if (fallocate(v->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, v->bytes))
		memset(v->base, 0, v->bytes);
}
