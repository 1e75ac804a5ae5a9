// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aperture.h"
#include "gpu.h"
#include "log.h"
#include "mmio.h"
#include "nvhw/undocumented.h"
#include "pci_config.h"
#include "vfio_user_priv.h"
#include "vram.h"


static int reply(struct vfio_user *vu, const struct vu_message *m, int error,
		 const void *payload, size_t len)
{
	if (m->hdr.flags & VU_FLAG_NO_REPLY)
		return 0;
	return vu_sock_reply(&vu->sock, &m->hdr, error, payload, len, -1);
}

static void reset(struct vfio_user *vu)
{
	gpu_reset(vu->gpu);
	vu_irqs_reset(&vu->irqs);
}

static int handle_version(struct vfio_user *vu, struct vu_message *m)
{
	/* "No reply longer than the request": both are well below QEMU's 214 bytes. */
	static const char json[] =
		"{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":65536}}";
	struct {
		struct vu_version v;
		char json[sizeof(json)];
	} answer;
	struct vu_version v;

	if (m->len < sizeof(v) || vu->negotiated)
		return reply(vu, m, -EINVAL, NULL, 0);
	memcpy(&v, m->payload, sizeof(v));
	if (v.major != 0) {
		log_guest_error("vfio-user", "version %u.%u", v.major, v.minor);
		reply(vu, m, -EINVAL, NULL, 0);
		return -EPROTO;
	}
	memset(&answer.v, 0, sizeof(answer.v));
	memcpy(answer.json, json, sizeof(json));
	vu->negotiated = true;
	return reply(vu, m, 0, &answer, sizeof(answer));
}

static int handle_dma_map(struct vfio_user *vu, struct vu_message *m)
{
	struct vu_dma_map req;
	int fd = -1, ret;

	if (m->len < sizeof(req) || m->nfds > 1)
		return reply(vu, m, -EINVAL, NULL, 0);
	memcpy(&req, m->payload, sizeof(req));
	if (m->nfds) {
		fd = m->fds[0];
		m->fds[0] = -1;
	}
	ret = vu_dma_map(vu->dma, &req, fd);
	if (ret)
		log_guest_error("vfio-user", "DMA map of %llx bytes at %llx: error %d",
				(unsigned long long)req.bytes, (unsigned long long)req.iova, -ret);
	return reply(vu, m, ret, NULL, 0);
}

static int handle_dma_unmap(struct vfio_user *vu, struct vu_message *m)
{
	struct vu_dma_unmap req;
	int ret = 0;

	if (m->len < sizeof(req))
		return reply(vu, m, -EINVAL, NULL, 0);
	memcpy(&req, m->payload, sizeof(req));
	if (req.flags & VU_UNMAP_FLAG_ALL)
		vu_dma_unmap_all(vu->dma);
	else
		ret = vu_dma_unmap(vu->dma, req.iova, req.bytes);
	if (ret)
		log_guest_error("vfio-user", "DMA unmap of %llx bytes at %llx: error %d",
				(unsigned long long)req.bytes, (unsigned long long)req.iova, -ret);
	return reply(vu, m, ret, &req, sizeof(req));
}

static int handle_device_info(struct vfio_user *vu, struct vu_message *m)
{
	struct vu_device_info info = {
		.argsz = sizeof(info), .flags = VU_DEVICE_FLAG_RESET | VU_DEVICE_FLAG_PCI,
		.num_regions = VU_REGIONS, .num_irqs = VU_IRQS,
	};

	if (m->len < sizeof(info))
		return reply(vu, m, -EINVAL, NULL, 0);
	return reply(vu, m, 0, &info, sizeof(info));
}

static uint64_t region_bytes(struct vfio_user *vu, uint32_t index)
{
	switch (index) {
	case VU_BAR0:
		return MMIO_BYTES;
	case VU_BAR1:
		return vu->gpu->config.vram_bytes;
	case VU_BAR3:
		return NVX_BAR2_SIZE;
	case VU_CONFIG:
		return PCI_CONFIG_BYTES;
	}
	return 0;
}

static int handle_region_info(struct vfio_user *vu, struct vu_message *m)
{
	struct vu_region_info info;
	int fd = -1;

	if (m->len < sizeof(info))
		return reply(vu, m, -EINVAL, NULL, 0);
	memcpy(&info, m->payload, sizeof(info));
	if (info.index >= VU_REGIONS || info.argsz < sizeof(info))
		return reply(vu, m, -EINVAL, NULL, 0);
	info.argsz = sizeof(info);
	info.cap_offset = 0;
	info.offset = 0;
	info.bytes = region_bytes(vu, info.index);
	info.flags = info.bytes ? VU_REGION_FLAG_READ | VU_REGION_FLAG_WRITE : 0;
	if (info.index == VU_BAR1) {
		info.flags |= VU_REGION_FLAG_MMAP;
		fd = vram_fd(vu->gpu);
	}
	if (m->hdr.flags & VU_FLAG_NO_REPLY)
		return 0;
	return vu_sock_reply(&vu->sock, &m->hdr, 0, &info, sizeof(info), fd);
}

static int handle_irq_info(struct vfio_user *vu, struct vu_message *m)
{
	struct vu_irq_info info;

	if (m->len < sizeof(info))
		return reply(vu, m, -EINVAL, NULL, 0);
	memcpy(&info, m->payload, sizeof(info));
	if (info.index >= VU_IRQS)
		return reply(vu, m, -EINVAL, NULL, 0);
	vu_irqs_info(info.index, &info);
	return reply(vu, m, 0, &info, sizeof(info));
}

static int handle_set_irqs(struct vfio_user *vu, struct vu_message *m)
{
	struct vu_irq_set set;

	if (m->len < sizeof(set))
		return reply(vu, m, -EINVAL, NULL, 0);
	memcpy(&set, m->payload, sizeof(set));
	return reply(vu, m, vu_irqs_set(&vu->irqs, &set, m), NULL, 0);
}

/* Registers and the BAR2 window take single accesses of 1, 2, 4 or 8 bytes. */
static bool single_access(uint64_t off, uint32_t n)
{
	return (n == 1 || n == 2 || n == 4 || n == 8) && off % n == 0;
}

static int region_read(struct vfio_user *vu, uint32_t region, uint64_t off, uint32_t n, void *buf)
{
	uint64_t val;
	void *p;

	switch (region) {
	case VU_BAR0:
	case VU_BAR3:
		if (!single_access(off, n))
			return -EINVAL;
		val = region == VU_BAR0 ? mmio_read(vu->gpu, off, n) :
					  aperture_bar2_read(vu->gpu, off, n);
		memcpy(buf, &val, n);
		return 0;
	case VU_BAR1:
		p = vram_ptr(vu->gpu, off, n);
		memcpy(buf, p, n);
		return 0;
	case VU_CONFIG:
		pci_config_read(vu->gpu, off, buf, n);
		return 0;
	}
	return -EINVAL;
}

static int region_write(struct vfio_user *vu, uint32_t region, uint64_t off, uint32_t n,
			const void *buf)
{
	uint64_t val = 0;

	switch (region) {
	case VU_BAR0:
	case VU_BAR3:
		if (!single_access(off, n))
			return -EINVAL;
		memcpy(&val, buf, n);
		if (region == VU_BAR0)
			mmio_write(vu->gpu, off, n, val);
		else
			aperture_bar2_write(vu->gpu, off, n, val);
		return 0;
	case VU_BAR1:
		memcpy(vram_ptr(vu->gpu, off, n), buf, n);
		return 0;
	case VU_CONFIG:
		if (pci_config_write(vu->gpu, off, buf, n))
			reset(vu);
		return 0;
	}
	return -EINVAL;
}

/* Decodes and bounds an access; the payload behind it is the caller's. */
static int access_request(struct vfio_user *vu, const struct vu_message *m,
			  struct vu_region_access *a)
{
	uint64_t bytes;

	if (m->len < sizeof(*a))
		return -EINVAL;
	memcpy(a, m->payload, sizeof(*a));
	bytes = region_bytes(vu, a->region);
	if (!a->count || a->count > VU_MAX_XFER || a->offset > bytes ||
	    a->count > bytes - a->offset)
		return -EINVAL;
	return 0;
}

static int handle_region_read(struct vfio_user *vu, struct vu_message *m)
{
	struct vu_region_access a;
	uint8_t small[sizeof(a) + 64], *out = small;
	int ret = access_request(vu, m, &a), err;

	if (!ret && a.count > 64) {
		out = malloc(sizeof(a) + a.count);
		if (!out)
			return -ENOMEM;
	}
	if (!ret) {
		memcpy(out, &a, sizeof(a));
		ret = region_read(vu, a.region, a.offset, a.count, out + sizeof(a));
	}
	err = reply(vu, m, ret, out, ret ? 0 : sizeof(a) + a.count);
	if (out != small)
		free(out);
	return err;
}

static int handle_region_write(struct vfio_user *vu, struct vu_message *m)
{
	struct vu_region_access a;
	int ret = access_request(vu, m, &a);

	if (!ret && m->len - sizeof(a) < a.count)
		ret = -EINVAL;
	if (!ret)
		ret = region_write(vu, a.region, a.offset, a.count, m->payload + sizeof(a));
	return reply(vu, m, ret, &a, sizeof(a));
}

static int handle_reset(struct vfio_user *vu, struct vu_message *m)
{
	reset(vu);
	return reply(vu, m, 0, NULL, 0);
}

int vu_handle(struct vfio_user *vu, struct vu_message *m)
{
	static int (*const handlers[])(struct vfio_user *vu, struct vu_message *m) = {
		[VU_VERSION] = handle_version,
		[VU_DMA_MAP] = handle_dma_map,
		[VU_DMA_UNMAP] = handle_dma_unmap,
		[VU_DEVICE_GET_INFO] = handle_device_info,
		[VU_GET_REGION_INFO] = handle_region_info,
		[VU_GET_IRQ_INFO] = handle_irq_info,
		[VU_SET_IRQS] = handle_set_irqs,
		[VU_REGION_READ] = handle_region_read,
		[VU_REGION_WRITE] = handle_region_write,
		[VU_DEVICE_RESET] = handle_reset,
	};
	unsigned int cmd = m->hdr.command;

	if ((m->hdr.flags & VU_FLAG_TYPE) != 0) {
		log_guest_error("vfio-user", "reply to nothing: command %u", cmd);
		return 0;
	}
	if (!vu->negotiated && cmd != VU_VERSION) {
		log_guest_error("vfio-user", "command %u before VERSION", cmd);
		reply(vu, m, -EINVAL, NULL, 0);
		return -EPROTO;
	}
	if (cmd >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[cmd]) {
		log_ok("vfio-user", "command %u refused", cmd);
		return reply(vu, m, cmd == VU_DEVICE_FEATURE ? -ENOTTY : -ENOSYS, NULL, 0);
	}
	return handlers[cmd](vu, m);
}
