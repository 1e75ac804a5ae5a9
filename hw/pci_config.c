// SPDX-License-Identifier: MIT
#include "pci_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu.h"
#include "intr.h"
#include "log.h"
#include "mmio.h"
#include "nvhw/undocumented.h"

/* Offsets of the standard header and of the capabilities as TU104 places them. */
enum {
	CFG_VENDOR = 0x00, CFG_DEVICE = 0x02, CFG_COMMAND = 0x04, CFG_STATUS = 0x06,
	CFG_REVISION = 0x08, CFG_CLASS = 0x09, CFG_BAR0 = 0x10, CFG_BAR1 = 0x14,
	CFG_BAR2 = 0x1c, CFG_SUBVENDOR = 0x2c, CFG_SUBDEVICE = 0x2e, CFG_CAP = 0x34,
	CFG_INT_LINE = 0x3c, CFG_INT_PIN = 0x3d,
	CFG_PM = 0x60, CFG_PM_CSR = 0x64,
	CFG_MSI = 0x68, CFG_MSI_CTRL = 0x6a, CFG_MSI_ADDR = 0x6c, CFG_MSI_ADDR_HI = 0x70,
	CFG_MSI_DATA = 0x74,
	CFG_EXP = 0x78, CFG_EXP_FLAGS = 0x7a, CFG_EXP_DEVCAP = 0x7c, CFG_EXP_DEVCTL = 0x80,
	CFG_EXP_LNKCAP = 0x84, CFG_EXP_LNKCTL = 0x88, CFG_EXP_LNKSTA = 0x8a,
	CFG_EXP_DEVCTL2 = 0xa0, CFG_EXP_LNKCAP2 = 0xa4, CFG_EXP_LNKCTL2 = 0xa8,
	CFG_CYA_2 = NVX_XVE_MSI_REARM - NVX_XVE_MIRROR,
};

#define COMMAND_MASK		0x0547	/* memory, master, parity, SERR, INTx disable */
#define COMMAND_BUS_MASTER	0x0004
#define DEVCTL_FLR		0x8000

struct pci_config {
	uint8_t image[PCI_CONFIG_BYTES];
	uint8_t mask[PCI_CONFIG_BYTES];		/* writable bits */
	_Atomic bool bus_master;
};

static void put(uint8_t *p, uint32_t off, unsigned int size, uint32_t val)
{
	for (unsigned int i = 0; i < size; i++)
		p[off + i] = val >> 8 * i;
}

static const struct {
	uint16_t off;
	uint8_t size;
	uint32_t value, mask;
} layout[] = {
	{ CFG_VENDOR, 2, NVX_PCI_VENDOR_NVIDIA, 0 },
	{ CFG_DEVICE, 2, NVX_PCI_DEVICE_TU104_T4, 0 },
	{ CFG_COMMAND, 2, 0, COMMAND_MASK },
	{ CFG_STATUS, 2, 0x0010, 0 },			/* capability list */
	{ CFG_REVISION, 1, 0xa1, 0 },
	{ CFG_CLASS, 1, 0x00, 0 }, { CFG_CLASS + 1, 1, 0x02, 0 }, { CFG_CLASS + 2, 1, 0x03, 0 },
	{ CFG_BAR0, 4, 0x0, 0 },			/* 32-bit */
	{ CFG_BAR1, 4, 0xc, 0 }, { CFG_BAR2, 4, 0xc, 0 },	/* 64-bit prefetchable */
	{ CFG_SUBVENDOR, 2, NVX_MODEL_SUBSYSTEM_VENDOR, 0 },
	{ CFG_SUBDEVICE, 2, NVX_MODEL_SUBSYSTEM_DEVICE, 0 },
	{ CFG_CAP, 1, CFG_PM, 0 },
	{ CFG_INT_LINE, 1, 0, 0xff },
	{ CFG_INT_PIN, 1, 0, 0 },			/* MSI only */
	{ CFG_PM, 4, 0x0003 << 16 | CFG_MSI << 8 | 0x01, 0 },
	{ CFG_PM_CSR, 2, 0x0008, 0x0003 },		/* no soft reset */
	{ CFG_MSI, 4, 0x0080u << 16 | CFG_EXP << 8 | 0x05, 0 },	/* 64-bit, one vector */
	{ CFG_MSI_CTRL, 2, 0x0080, 0x0001 },
	{ CFG_MSI_ADDR, 4, 0, 0xfffffffc }, { CFG_MSI_ADDR_HI, 4, 0, 0xffffffff },
	{ CFG_MSI_DATA, 2, 0, 0xffff },
	{ CFG_EXP, 2, 0x00 << 8 | 0x10, 0 },		/* last of the list */
	{ CFG_EXP_FLAGS, 2, 0x0002, 0 },		/* version 2, endpoint */
	{ CFG_EXP_DEVCAP, 4, 0x10008001, 0 },		/* FLR, role-based errors, 256 B */
	{ CFG_EXP_DEVCTL, 2, 0x2810, 0x7fff },
	{ CFG_EXP_LNKCAP, 4, 0x00000103, 0 },		/* 8 GT/s, x16 */
	{ CFG_EXP_LNKCTL, 2, 0, 0x01cb },
	{ CFG_EXP_LNKSTA, 2, 0x1103, 0 },
	{ CFG_EXP_DEVCTL2, 2, 0, 0x07ff },
	{ CFG_EXP_LNKCAP2, 4, 0x0000000e, 0 },
	{ CFG_EXP_LNKCTL2, 2, 0x0003, 0x000f },
};

void pci_config_reset(struct gpu *gpu)
{
	struct pci_config *c = gpu->pci;

	memset(c->image, 0, sizeof(c->image));
	for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++) {
		put(c->image, layout[i].off, layout[i].size, layout[i].value);
		put(c->mask, layout[i].off, layout[i].size, layout[i].mask);
	}
	atomic_store(&c->bus_master, false);
}

static void read_locked(struct gpu *gpu, uint32_t off, void *buf, uint32_t len)
{
	memcpy(buf, gpu->pci->image + off, len);
}

static bool write_locked(struct gpu *gpu, uint32_t off, const uint8_t *buf, uint32_t len)
{
	struct pci_config *c = gpu->pci;
	bool flr = false;

	for (uint32_t i = 0; i < len; i++) {
		uint32_t o = off + i;

		c->image[o] = (c->image[o] & ~c->mask[o]) | (buf[i] & c->mask[o]);
		if (o == CFG_EXP_DEVCTL + 1 && buf[i] & DEVCTL_FLR >> 8)
			flr = true;
	}
	atomic_store(&c->bus_master, c->image[CFG_COMMAND] & COMMAND_BUS_MASTER);
	if (off <= CFG_CYA_2 && CFG_CYA_2 < off + len)
		intr_msi_rearm(gpu);
	return flr;
}

static bool in_space(uint32_t off, uint32_t len)
{
	if (off < PCI_CONFIG_BYTES && len <= PCI_CONFIG_BYTES - off)
		return true;
	log_guest_error("config", "access of %u bytes at %x", len, off);
	return false;
}

void pci_config_read(struct gpu *gpu, uint32_t off, void *buf, uint32_t len)
{
	memset(buf, 0xff, len);
	if (!in_space(off, len))
		return;
	pthread_mutex_lock(&gpu->lock);
	read_locked(gpu, off, buf, len);
	pthread_mutex_unlock(&gpu->lock);
}

bool pci_config_write(struct gpu *gpu, uint32_t off, const void *buf, uint32_t len)
{
	bool flr;

	if (!in_space(off, len))
		return false;
	pthread_mutex_lock(&gpu->lock);
	flr = write_locked(gpu, off, buf, len);
	pthread_mutex_unlock(&gpu->lock);
	return flr;
}

bool pci_config_bus_master(struct gpu *gpu)
{
	return atomic_load(&gpu->pci->bus_master);
}

static uint64_t mirror_read(struct gpu *gpu, uint32_t off, unsigned int size)
{
	uint64_t val = 0;

	read_locked(gpu, off, &val, size);
	return val;
}

static void mirror_write(struct gpu *gpu, uint32_t off, unsigned int size, uint64_t val)
{
	uint8_t bytes[8];

	memcpy(bytes, &val, sizeof(bytes));
	if (write_locked(gpu, off, bytes, size))
		log_unimp("config", "function-level reset through the BAR0 mirror");
}

static const struct mmio_window mirror = {
	.unit = "config", .off = NVX_XVE_MIRROR, .bytes = PCI_CONFIG_BYTES,
	.read = mirror_read, .write = mirror_write,
};

int pci_config_init(struct gpu *gpu)
{
	gpu->pci = calloc(1, sizeof(*gpu->pci));
	if (!gpu->pci)
		return -ENOMEM;
	mmio_register_window(gpu, &mirror);
	return 0;
}

void pci_config_fini(struct gpu *gpu)
{
	free(gpu->pci);
	gpu->pci = NULL;
}
