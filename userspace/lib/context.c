// SPDX-License-Identifier: MIT
/* Opening a GPU: find it, ask what it is, mirror the process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "priv.h"

#define RENDER_MINOR_FIRST 128
#define RENDER_MINOR_LAST 191

static int getparam(int fd, uint64_t param, uint64_t *value)
{
	struct drm_nouveau_getparam req = { .param = param };
	int ret = nvsvm_ioctl(fd, DRM_IOCTL_NOUVEAU_GETPARAM, &req);

	*value = req.value;
	return ret;
}

static int read_version(int fd, struct nvsvm_info *info)
{
	drmVersionPtr v = drmGetVersion(fd);
	int ret = -ENODEV;

	if (!v)
		return ret;
	if (v->name && !strcmp(v->name, "nouveau")) {
		snprintf(info->driver, sizeof(info->driver), "%s", v->name);
		info->version[0] = v->version_major;
		info->version[1] = v->version_minor;
		info->version[2] = v->version_patchlevel;
		ret = 0;
	}
	drmFreeVersion(v);
	return ret;
}

static int open_node(const char *path, struct nvsvm_info *info)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = read_version(fd, info);
	if (ret) {
		close(fd);
		return ret;
	}
	snprintf(info->path, sizeof(info->path), "%s", path);
	return fd;
}

static int open_first(struct nvsvm_info *info)
{
	for (int minor = RENDER_MINOR_FIRST; minor <= RENDER_MINOR_LAST; minor++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/renderD%d", minor);
		fd = open_node(path, info);
		if (fd >= 0)
			return fd;
	}
	return -ENODEV;
}

static int read_info(int fd, struct nvsvm_info *info)
{
	uint64_t chipset, vendor, device, units;
	int ret;

	ret = getparam(fd, NOUVEAU_GETPARAM_CHIPSET_ID, &chipset);
	if (!ret)
		ret = getparam(fd, NOUVEAU_GETPARAM_PCI_VENDOR, &vendor);
	if (!ret)
		ret = getparam(fd, NOUVEAU_GETPARAM_PCI_DEVICE, &device);
	if (!ret)
		ret = getparam(fd, NOUVEAU_GETPARAM_GRAPH_UNITS, &units);
	if (!ret)
		ret = getparam(fd, NOUVEAU_GETPARAM_FB_SIZE, &info->vram_bytes);
	if (!ret)
		ret = getparam(fd, NOUVEAU_GETPARAM_AGP_SIZE, &info->gart_bytes);
	if (ret)
		return ret;
	info->chipset = (uint32_t)chipset;
	info->pci_vendor = (uint16_t)vendor;
	info->pci_device = (uint16_t)device;
	info->gpcs = units & 0xff;
	info->sms = (units >> 8) & 0xffff;
	return 0;
}

/*
 * Buffer objects need addresses the process will never use itself: reserve a
 * hole, below 2^40 since pushbuffers and QMDs reach no further.
 */
static int reserve_hole(struct nvsvm_context *c)
{
	const uint64_t bytes = 4 * GIB;

	for (uint64_t at = bytes; at < 1ull << 40; at += bytes) {
		void *hole = mmap((void *)(uintptr_t)at, bytes, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				  MAP_FIXED_NOREPLACE, -1, 0);

		if (hole == MAP_FAILED)
			continue;
		if (hole != (void *)(uintptr_t)at) {	/* kernels that ignore the flag */
			munmap(hole, bytes);
			continue;
		}
		c->hole = hole;
		c->hole_bytes = bytes;
		return 0;
	}
	return -ENOMEM;
}

static int mirror(struct nvsvm_context *c)
{
	struct drm_nouveau_svm_init req;
	int ret = reserve_hole(c);

	if (ret)
		return ret;
	memset(&req, 0, sizeof(req));
	req.unmanaged_addr = (uintptr_t)c->hole;
	req.unmanaged_size = c->hole_bytes;
	return nvsvm_ioctl(c->fd, DRM_IOCTL_NOUVEAU_SVM_INIT, &req);
}

int nvsvm_open(const char *path, struct nvsvm_context **context)
{
	struct nvsvm_context *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return -ENOMEM;
	c->channel.id = -1;
	c->fd = path ? open_node(path, &c->info) : open_first(&c->info);
	ret = c->fd < 0 ? c->fd : read_info(c->fd, &c->info);
	if (!ret)
		ret = mirror(c);
	if (!ret)
		ret = channel_init(c);
	if (ret) {
		nvsvm_close(c);
		return ret;
	}
	*context = c;
	return 0;
}

void nvsvm_close(struct nvsvm_context *context)
{
	if (!context)
		return;
	if (context->fd >= 0) {
		channel_fini(context);
		close(context->fd);
	}
	if (context->hole)
		munmap(context->hole, context->hole_bytes);
	free(context);
}

void nvsvm_get_info(struct nvsvm_context *context, struct nvsvm_info *info)
{
	*info = context->info;
}

int nvsvm_fd(struct nvsvm_context *context)
{
	return context->fd;
}

int nvsvm_gpu_time(struct nvsvm_context *context, uint64_t *ns)
{
	return getparam(context->fd, NOUVEAU_GETPARAM_PTIMER_TIME, ns);
}
