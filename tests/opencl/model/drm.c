// SPDX-License-Identifier: MIT
/*
 * What Mesa's nouveau calls of libdrm, for a process that has the GPU model in itself:
 * preloaded, so that a compiler and a model can be tested without a guest. As much of
 * the uAPI as OpenCL on buffers and images takes; no SVM, whose pointers want a kernel.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xf86drm.h>

#include "device.h"
#include "drm/nouveau_drm.h"
#include "nvhw/class/cl902d.h"
#include "nvhw/class/cla140.h"
#include "nvhw/class/clc597.h"
#include "nvhw/class/clc5b5.h"
#include "nvhw/class/clc5c0.h"

#define PUBLIC	__attribute__((visibility("default")))
#define NODE	"/dev/dri/renderD128"
#define CHANNEL	900	/* no open file has this number: see NVIF DEL in Mesa */
#define GART	(1ull << 40)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define OPEN(name) \
	PUBLIC int name(const char *path, int flags, ...) \
	{ \
		static int (*real)(const char *, int, ...); \
		va_list ap; \
		int mode; \
		\
		va_start(ap, flags); \
		mode = va_arg(ap, int); \
		va_end(ap); \
		if (!strcmp(path, NODE)) \
			return fcntl(device_fd(), F_DUPFD_CLOEXEC, 3); \
		if (!real) \
			real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		return real(path, flags, mode); \
	}

OPEN(open)
OPEN(open64)

static drmPciBusInfo bus = { .bus = 1 };
static drmPciDeviceInfo pci = { .vendor_id = 0x10de, .device_id = 0x1e87, .revision_id = 0xa1 };
static char node[] = NODE;
static char *nodes[DRM_NODE_MAX] = { [DRM_NODE_RENDER] = node };
static drmDevice card = {
	.nodes = nodes, .available_nodes = 1 << DRM_NODE_RENDER, .bustype = DRM_BUS_PCI,
	.businfo.pci = &bus, .deviceinfo.pci = &pci,
};
static char driver[] = "nouveau";
static drmVersion version = {
	.version_major = 1, .version_minor = 4, .name = driver, .name_len = sizeof(driver) - 1,
};

PUBLIC int drmGetDevice2(int fd, uint32_t flags, drmDevicePtr *device)
{
	*device = &card;
	return 0;
}

PUBLIC int drmGetDevices2(uint32_t flags, drmDevicePtr devices[], int max)
{
	if (devices && max)
		devices[0] = &card;
	return 1;
}

PUBLIC void drmFreeDevice(drmDevicePtr *device) { *device = NULL; }
PUBLIC void drmFreeDevices(drmDevicePtr devices[], int count) { }
PUBLIC drmVersionPtr drmGetVersion(int fd) { return &version; }
PUBLIC void drmFreeVersion(drmVersionPtr v) { }

PUBLIC int drmGetCap(int fd, uint64_t capability, uint64_t *value)
{
	*value = 0;
	return 0;
}

static int getparam(struct drm_nouveau_getparam *param)
{
	switch (param->param) {
	case NOUVEAU_GETPARAM_CHIPSET_ID:
		param->value = 0x164;
		return 0;
	case NOUVEAU_GETPARAM_FB_SIZE:
		param->value = device_vram();
		return 0;
	case NOUVEAU_GETPARAM_AGP_SIZE:
		param->value = GART;
		return 0;
	case NOUVEAU_GETPARAM_GRAPH_UNITS:	/* a cluster with four SMs */
		param->value = 4 << 8 | 1;
		return 0;
	case NOUVEAU_GETPARAM_PTIMER_TIME:
		param->value = device_time();
		return 0;
	}
	return -EINVAL;
}

static void list_classes(struct nvif_ioctl_sclass_v0 *list)
{
	static const int classes[] = {
		KEPLER_INLINE_TO_MEMORY_B, TURING_DMA_COPY_A, FERMI_TWOD_A, TURING_A,
		TURING_COMPUTE_A,
	};
	struct nvif_ioctl_sclass_oclass_v0 *oclass = (void *)(list + 1);
	unsigned int n = sizeof(classes) / sizeof(classes[0]);

	if (list->count < n)
		n = list->count;
	for (unsigned int i = 0; i < n; i++)
		oclass[i] = (struct nvif_ioctl_sclass_oclass_v0){ classes[i], -1, -1 };
	list->count = n;
}

static int nvif(struct nvif_ioctl_v0 *ioctl)
{
	struct nvif_ioctl_mthd_v0 *method = (void *)(ioctl + 1);
	struct nv_device_info_v0 *info = (void *)(method + 1);

	switch (ioctl->type) {
	case NVIF_IOCTL_V0_SCLASS:
		list_classes((void *)(ioctl + 1));
		return 0;
	case NVIF_IOCTL_V0_NEW:		/* the stream itself names its classes */
	case NVIF_IOCTL_V0_DEL:
		return 0;
	case NVIF_IOCTL_V0_MTHD:
		if (method->method != NV_DEVICE_V0_INFO)
			return -EINVAL;
		*info = (struct nv_device_info_v0){
			.platform = NV_DEVICE_INFO_V0_PCIE, .chipset = 0x164,
			.family = NV_DEVICE_INFO_V0_TURING,
			.ram_size = device_vram(), .ram_user = device_vram(),
		};
		return 0;
	}
	return -EINVAL;
}

static int channel_alloc(struct drm_nouveau_channel_alloc *alloc)
{
	alloc->channel = CHANNEL;
	alloc->pushbuf_domains = NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_GART;
	alloc->notifier_handle = 0;
	alloc->nr_subchan = 0;
	return 0;
}

static void bo_info(struct drm_nouveau_gem_info *info, const struct device_bo *bo)
{
	info->handle = bo->handle;
	info->size = bo->size;
	info->offset = bo->va;
	info->map_handle = bo->offset;
}

static int gem_new(struct drm_nouveau_gem_new *req)
{
	struct device_bo bo;
	int ret = device_bo_new(req->info.size, req->align, &bo);

	if (!ret)
		bo_info(&req->info, &bo);
	return ret;
}

static int gem_info(struct drm_nouveau_gem_info *info)
{
	struct device_bo bo;

	if (!device_bo_find(info->handle, &bo))
		return -ENOENT;
	bo_info(info, &bo);
	return 0;
}

static int pushbuf(struct drm_nouveau_gem_pushbuf *req)
{
	const struct drm_nouveau_gem_pushbuf_bo *bo = (void *)(uintptr_t)req->buffers;
	const struct drm_nouveau_gem_pushbuf_push *p = (void *)(uintptr_t)req->push;
	int ret = 0;

	req->vram_available = device_vram();
	req->gart_available = GART;
	req->suffix0 = req->suffix1 = 0;
	for (unsigned int i = 0; i < req->nr_push && !ret; i++)
		ret = device_submit(bo[p[i].bo_index].handle, p[i].offset,
				    p[i].length & ~NOUVEAU_GEM_PUSHBUF_NO_PREFETCH,
				    p[i].length & NOUVEAU_GEM_PUSHBUF_NO_PREFETCH);
	return ret;
}

static int command(unsigned long nr, void *data)
{
	switch (nr) {
	case DRM_NOUVEAU_GETPARAM:
		return getparam(data);
	case DRM_NOUVEAU_NVIF:
		return nvif(data);
	case DRM_NOUVEAU_CHANNEL_ALLOC:
		return channel_alloc(data);
	case DRM_NOUVEAU_GEM_NEW:
		return gem_new(data);
	case DRM_NOUVEAU_GEM_INFO:
		return gem_info(data);
	case DRM_NOUVEAU_GEM_PUSHBUF:
		return pushbuf(data);
	case DRM_NOUVEAU_CHANNEL_FREE:
	case DRM_NOUVEAU_GEM_CPU_PREP:	/* a submission is done when it returns */
	case DRM_NOUVEAU_GEM_CPU_FINI:
		return 0;
	}
	return -ENOSYS;
}

PUBLIC int drmCommandWriteRead(int fd, unsigned long nr, void *data, unsigned long size)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = command(nr, data);
	pthread_mutex_unlock(&lock);
	return ret;
}

PUBLIC int drmCommandWrite(int fd, unsigned long nr, void *data, unsigned long size)
{
	return drmCommandWriteRead(fd, nr, data, size);
}

PUBLIC int drmCommandRead(int fd, unsigned long nr, void *data, unsigned long size)
{
	return drmCommandWriteRead(fd, nr, data, size);
}

PUBLIC int drmCloseBufferHandle(int fd, uint32_t handle)
{
	pthread_mutex_lock(&lock);
	device_bo_free(handle);
	pthread_mutex_unlock(&lock);
	return 0;
}

PUBLIC int drmIoctl(int fd, unsigned long request, void *arg)
{
	if (request == DRM_IOCTL_GEM_CLOSE)
		return drmCloseBufferHandle(fd, ((struct drm_gem_close *)arg)->handle);
	errno = ENOSYS;
	return -1;
}
