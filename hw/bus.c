// SPDX-License-Identifier: MIT
#include "bus.h"

#include <string.h>

#include "gpu.h"
#include "intr.h"
#include "log.h"
#include "mmio.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_bus.h"
#include "nvhw/tu104/dev_timer.h"
#include "nvhw/tu104/dev_vm.h"
#include "nvhw/undocumented.h"

#define PRAMIN		0x00700000u
#define PRAMIN_BYTES	0x00100000u

/* Every documented bit of PBUS_INTR_0. */
#define INTR_MASK \
	(NV_MASK(NV_PBUS_INTR_0_PRI_SQUASH) | NV_MASK(NV_PBUS_INTR_0_PRI_FECSERR) | \
	 NV_MASK(NV_PBUS_INTR_0_PRI_TIMEOUT) | NV_MASK(NV_PBUS_INTR_0_FB_REQ_TIMEOUT) | \
	 NV_MASK(NV_PBUS_INTR_0_FB_ACK_TIMEOUT) | NV_MASK(NV_PBUS_INTR_0_FB_ACK_EXTRA) | \
	 NV_MASK(NV_PBUS_INTR_0_FB_RDATA_TIMEOUT) | NV_MASK(NV_PBUS_INTR_0_FB_RDATA_EXTRA) | \
	 NV_MASK(NV_PBUS_INTR_0_SW) | NV_MASK(NV_PBUS_INTR_0_POSTED_DEADLOCK_TIMEOUT) | \
	 NV_MASK(NV_PBUS_INTR_0_ACCESS_TIMEOUT))

static void update(struct gpu *gpu)
{
	intr_level(gpu, NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_PBUS_VECTOR,
		   mmio_peek(gpu, NV_PBUS_INTR_0) & mmio_peek(gpu, NV_PBUS_INTR_EN_0));
}

/* The first error stays until the guest clears SAVE_0. */
void bus_pri_timeout(struct gpu *gpu, uint32_t off, bool write, uint32_t data)
{
	uint32_t save = mmio_peek(gpu, NV_PTIMER_PRI_TIMEOUT_SAVE_0);

	if (NV_GET(save, NV_PTIMER_PRI_TIMEOUT_SAVE_0_TO))
		return;
	save = NV_DEF(NV_PTIMER_PRI_TIMEOUT_SAVE_0_TO, _ERROR) |
	       NV_NUM(NV_PTIMER_PRI_TIMEOUT_SAVE_0_WRITE, write) |
	       NV_NUM(NV_PTIMER_PRI_TIMEOUT_SAVE_0_ADDR, off >> 2);
	mmio_poke(gpu, NV_PTIMER_PRI_TIMEOUT_SAVE_0, save);
	mmio_poke(gpu, NV_PTIMER_PRI_TIMEOUT_SAVE_1, data);
	mmio_poke(gpu, NV_PBUS_INTR_0,
		  mmio_peek(gpu, NV_PBUS_INTR_0) | NV_MASK(NV_PBUS_INTR_0_PRI_TIMEOUT));
	update(gpu);
}

static void intr_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			 uint32_t val, uint32_t old)
{
	update(gpu);
}

static void sw_intr_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			    uint32_t val, uint32_t old)
{
	if (!NV_GET(val, NV_PBUS_SW_INTR_0_SET))
		return;
	mmio_poke(gpu, NV_PBUS_INTR_0, mmio_peek(gpu, NV_PBUS_INTR_0) | NV_MASK(NV_PBUS_INTR_0_SW));
	update(gpu);
}

/*
 * Flushes. No cache is modelled between the windows and memory, so each is
 * complete when the write returns; the fence orders it against the workers.
 */
static void flush_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			  uint32_t val, uint32_t old)
{
	atomic_thread_fence(memory_order_seq_cst);
}

/* PRAMIN: one MiB of physical memory at BAR0_WINDOW. */
static void *pramin_ptr(struct gpu *gpu, uint32_t off, unsigned int size, bool write)
{
	uint32_t win = mmio_peek(gpu, NV_PBUS_BAR0_WINDOW);
	uint64_t pa = (uint64_t)NV_GET(win, NV_PBUS_BAR0_WINDOW_BASE) <<
		      NV_PBUS_BAR0_WINDOW_BASE_SHIFT;
	enum gpu_aperture ap;
	void *p;

	switch (NV_GET(win, NV_PBUS_BAR0_WINDOW_TARGET)) {
	case NV_PBUS_BAR0_WINDOW_TARGET_VID_MEM:
		ap = APERTURE_VRAM;
		break;
	case NV_PBUS_BAR0_WINDOW_TARGET_SYS_MEM_COHERENT:
		ap = APERTURE_SYS_COH;
		break;
	case NV_PBUS_BAR0_WINDOW_TARGET_SYS_MEM_NONCOHERENT:
		ap = APERTURE_SYS_NCOH;
		break;
	default:
		log_guest_error("bus", "BAR0_WINDOW %08x: no such target", win);
		return NULL;
	}
	p = gpu_phys_ptr(gpu, ap, pa + off, size, write);
	if (!p)
		log_guest_error("bus", "PRAMIN access beyond memory at %llx",
				(unsigned long long)(pa + off));
	return p;
}

static uint64_t pramin_read(struct gpu *gpu, uint32_t off, unsigned int size)
{
	uint64_t val = NVX_PRI_UNCLAIMED | (uint64_t)NVX_PRI_UNCLAIMED << 32;
	void *p;

	host_dma_begin(gpu->host);
	p = pramin_ptr(gpu, off, size, false);
	if (p) {
		val = 0;
		memcpy(&val, p, size);
	}
	host_dma_end(gpu->host);
	return val;
}

static void pramin_write(struct gpu *gpu, uint32_t off, unsigned int size, uint64_t val)
{
	void *p;

	host_dma_begin(gpu->host);
	p = pramin_ptr(gpu, off, size, true);
	if (p)
		memcpy(p, &val, size);
	host_dma_end(gpu->host);
}

static const struct mmio_window pramin = {
	.unit = "pramin", .off = PRAMIN, .bytes = PRAMIN_BYTES,
	.read = pramin_read, .write = pramin_write,
};

static const struct mmio_reg regs[] = {
	{ .off = NV_PBUS_INTR_0, .name = "PBUS_INTR_0", .w1c = INTR_MASK, .write = intr_written },
	{ .off = NV_PBUS_INTR_EN_0, .name = "PBUS_INTR_EN_0", .rw = INTR_MASK,
	  .write = intr_written },
	{ .off = NV_PBUS_INTR_EN_1, .name = "PBUS_INTR_EN_1", .rw = INTR_MASK },
	{ .off = NV_PBUS_SW_INTR_0, .name = "PBUS_SW_INTR_0", .write = sw_intr_written },
	{ .off = NV_PBUS_SW_SCRATCH(0), .count = NV_PBUS_SW_SCRATCH__SIZE_1,
	  .name = "PBUS_SW_SCRATCH", .rw = ~0u },
	{ .off = NV_PBUS_BAR0_WINDOW, .name = "PBUS_BAR0_WINDOW", .rw = 0x03ffffff },
	{ .off = NVX_HOST_FLUSH, .name = "HOST_FLUSH", .write = flush_written },
	{ .off = NVX_L2_SYSMEM_INVALIDATE, .name = "L2_SYSMEM_INVALIDATE", .write = flush_written },
	{ .off = NVX_L2_FLUSH_DIRTY, .name = "L2_FLUSH_DIRTY", .write = flush_written },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_PRIV_L2_SYSMEM_INVALIDATE),
	  .name = "VIRTUAL_FUNCTION_PRIV_L2_SYSMEM_INVALIDATE", .write = flush_written },
};

static const struct mmio_block block = { "bus", regs, sizeof(regs) / sizeof(regs[0]) };

int bus_init(struct gpu *gpu)
{
	mmio_register(gpu, &block);
	mmio_register_window(gpu, &pramin);
	return 0;
}

void bus_reset(struct gpu *gpu)
{
	update(gpu);
}
