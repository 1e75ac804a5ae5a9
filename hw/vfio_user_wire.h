/* SPDX-License-Identifier: MIT */
/*
 * Messages of the vfio-user protocol 0.0, as stock QEMU speaks it. Little
 * endian, packed; the values of the vfio part are those of linux/vfio.h.
 */
#ifndef HW_VFIO_USER_WIRE_H
#define HW_VFIO_USER_WIRE_H

#include <stdint.h>

enum vu_command {
	VU_VERSION = 1, VU_DMA_MAP = 2, VU_DMA_UNMAP = 3, VU_DEVICE_GET_INFO = 4,
	VU_GET_REGION_INFO = 5, VU_GET_REGION_IO_FDS = 6, VU_GET_IRQ_INFO = 7, VU_SET_IRQS = 8,
	VU_REGION_READ = 9, VU_REGION_WRITE = 10, VU_DMA_READ = 11, VU_DMA_WRITE = 12,
	VU_DEVICE_RESET = 13, VU_REGION_WRITE_MULTI = 15, VU_DEVICE_FEATURE = 16,
};

#define VU_FLAG_TYPE		0x0f	/* 0 command, 1 reply */
#define VU_FLAG_REPLY		0x01
#define VU_FLAG_NO_REPLY	0x10
#define VU_FLAG_ERROR		0x20

struct vu_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;			/* header included */
	uint32_t flags;
	uint32_t error;
};

struct vu_version {		/* then JSON text with its NUL */
	uint16_t major, minor;
};

#define VU_DMA_FLAG_READ	1u
#define VU_DMA_FLAG_WRITE	2u

struct vu_dma_map {
	uint32_t argsz, flags;
	uint64_t offset, iova, bytes;
};

#define VU_UNMAP_FLAG_ALL	2u

struct vu_dma_unmap {
	uint32_t argsz, flags;
	uint64_t iova, bytes;
};

#define VU_DEVICE_FLAG_RESET	1u
#define VU_DEVICE_FLAG_PCI	2u

struct vu_device_info {
	uint32_t argsz, flags, num_regions, num_irqs;
};

enum vu_region { VU_BAR0 = 0, VU_BAR1 = 1, VU_BAR3 = 3, VU_ROM = 6, VU_CONFIG = 7, VU_REGIONS = 9 };

#define VU_REGION_FLAG_READ	1u
#define VU_REGION_FLAG_WRITE	2u
#define VU_REGION_FLAG_MMAP	4u

struct vu_region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t bytes, offset;
};

enum vu_irq { VU_IRQ_INTX, VU_IRQ_MSI, VU_IRQ_MSIX, VU_IRQ_ERR, VU_IRQ_REQ, VU_IRQS };

#define VU_IRQ_FLAG_EVENTFD	1u

struct vu_irq_info {
	uint32_t argsz, flags, index, count;
};

#define VU_IRQ_DATA_NONE	0x01u
#define VU_IRQ_DATA_BOOL	0x02u
#define VU_IRQ_DATA_EVENTFD	0x04u
#define VU_IRQ_ACTION_MASK	0x08u
#define VU_IRQ_ACTION_UNMASK	0x10u
#define VU_IRQ_ACTION_TRIGGER	0x20u

struct vu_irq_set {
	uint32_t argsz, flags, index, start, count;
};

struct vu_region_access {
	uint64_t offset;
	uint32_t region, count;		/* then count bytes of data */
};

_Static_assert(sizeof(struct vu_header) == 16, "wire size");
_Static_assert(sizeof(struct vu_dma_map) == 32, "wire size");
_Static_assert(sizeof(struct vu_dma_unmap) == 24, "wire size");
_Static_assert(sizeof(struct vu_device_info) == 16, "wire size");
_Static_assert(sizeof(struct vu_region_info) == 32, "wire size");
_Static_assert(sizeof(struct vu_irq_info) == 16, "wire size");
_Static_assert(sizeof(struct vu_irq_set) == 20, "wire size");
_Static_assert(sizeof(struct vu_region_access) == 16, "wire size");

#endif
