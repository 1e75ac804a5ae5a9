// SPDX-License-Identifier: MIT
#include "gpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "aperture.h"
#include "board.h"
#include "bus.h"
#include "engine.h"
#include "inject.h"
#include "intr.h"
#include "log.h"
#include "mmio.h"
#include "mmu.h"
#include "paranoid.h"
#include "pci_config.h"
#include "pmc.h"
#include "ptimer.h"
#include "ptop.h"
#include "sm_pool.h"
#include "vram.h"

/*
 * Units in the order they come up; they reset and go down in reverse, so that
 * Host stops all engines before anything they use goes away.
 */
static const struct unit {
	const char *name;
	int (*init)(struct gpu *gpu);
	void (*reset)(struct gpu *gpu);		/* gpu->lock held */
	void (*fini)(struct gpu *gpu);
} units[] = {
	{ "inject", inject_init, inject_reset, inject_fini },
	{ "vram", vram_init, NULL, vram_fini },
	{ "mmio", mmio_init, mmio_reset, mmio_fini },
	{ "intr", intr_init, intr_reset, intr_fini },
	{ "pmc", pmc_init, NULL, NULL },
	{ "ptimer", ptimer_init, ptimer_reset, ptimer_fini },
	{ "bus", bus_init, bus_reset, NULL },
	{ "config", pci_config_init, pci_config_reset, pci_config_fini },
	{ "board", board_init, NULL, NULL },
	{ "ptop", ptop_init, NULL, NULL },
	{ "mmu", mmu_init, mmu_reset, mmu_fini },
	{ "aperture", aperture_init, aperture_reset, aperture_fini },
	{ "paranoid", paranoid_init, NULL, paranoid_fini },
	{ "ce", ce_init, ce_reset, ce_fini },
	{ "gr", gr_init, gr_reset, gr_fini },
	{ "fifo", fifo_init, NULL /* gpu_reset() */, fifo_fini },
};

#define UNITS	(sizeof(units) / sizeof(units[0]))

static int check_config(const struct gpu_config *c)
{
	if (c->vram_bytes < VRAM_MIN_BYTES || c->vram_bytes > VRAM_MAX_BYTES ||
	    c->vram_bytes & (c->vram_bytes - 1))
		return -EINVAL;
	if (c->gpcs < 1 || c->gpcs > PTOP_MAX_GPCS || c->tpcs < 1 || c->tpcs > PTOP_MAX_TPCS)
		return -EINVAL;
	if (c->threads < 1 || c->threads > SM_MAX_PARTS)
		return -EINVAL;
	return 0;
}

struct gpu *gpu_create(struct host *host, const struct gpu_config *config)
{
	struct gpu *gpu = calloc(1, sizeof(*gpu));
	int ret;

	if (!gpu)
		return NULL;
	gpu->host = host;
	gpu->config = *config;
	if (!gpu->config.gpcs)
		gpu->config.gpcs = 1;
	if (!gpu->config.tpcs)
		gpu->config.tpcs = 2;
	if (!gpu->config.threads)
		gpu->config.threads = sm_pool_default();
	pthread_mutex_init(&gpu->lock, NULL);
	ret = check_config(&gpu->config);
	for (size_t i = 0; !ret && i < UNITS; i++) {
		ret = units[i].init(gpu);
		if (ret)
			fprintf(stderr, "tu104: unit %s: error %d\n", units[i].name, -ret);
	}
	if (ret) {
		gpu_destroy(gpu);
		errno = -ret;
		return NULL;
	}
	gpu_reset(gpu);
	return gpu;
}

void gpu_destroy(struct gpu *gpu)
{
	if (!gpu)
		return;
	for (size_t i = UNITS; i-- > 0;)
		if (units[i].fini)
			units[i].fini(gpu);
	pthread_mutex_destroy(&gpu->lock);
	free(gpu);
}

void gpu_reset(struct gpu *gpu)
{
	/* Waits for the workers, which may need gpu->lock to come to rest. */
	fifo_reset(gpu);
	pthread_mutex_lock(&gpu->lock);
	mmio_reset(gpu);
	for (size_t i = UNITS; i-- > 0;)
		if (units[i].reset && units[i].reset != mmio_reset)
			units[i].reset(gpu);
	pthread_mutex_unlock(&gpu->lock);
}

void *gpu_phys_ptr(struct gpu *gpu, enum gpu_aperture ap, uint64_t pa, size_t len, bool write)
{
	switch (ap) {
	case APERTURE_VRAM:
		return vram_ptr(gpu, pa, len);
	case APERTURE_SYS_COH:
	case APERTURE_SYS_NCOH:
		return host_dma_ptr(gpu->host, pa, len, write);
	case APERTURE_PEER:
		break;
	}
	return NULL;
}
