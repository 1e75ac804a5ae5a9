/* SPDX-License-Identifier: MIT */
/*
 * The GPU: its units and the one lock over their register state.
 *
 * Threads: the bus thread calls mmio_*; each runlist has a worker thread
 * (fifo.c) that runs PBDMA and engines; GR's has helpers (sm_pool.c). Lock order, outer to inner:
 *
 *	gpu->lock		all register and unit state
 *	DMA map			shared: host_dma_begin(), may nest
 *	tlb->lock		one per TLB; held across translate + access, so
 *				that an invalidate waits for accesses in flight
 *	leaf locks		log
 *
 * A worker holding the DMA map or a tlb->lock must drop both before taking
 * gpu->lock. Long work (copies, shader code) runs without gpu->lock.
 */
#ifndef HW_GPU_H
#define HW_GPU_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "counters.h"
#include "host.h"

struct mmio_state;
struct intr;
struct vram;
struct aperture;
struct mmu;
struct fifo;
struct gr;
struct ce;
struct inject;
struct paranoid;
struct ptimer;
struct pci_config;

struct gpu_config {
	uint64_t vram_bytes;	/* 64 MiB .. 16 GiB, power of two */
	uint64_t seed;
	unsigned int gpcs;	/* graphics clusters, default 1 */
	unsigned int tpcs;	/* per GPC, default 2; two SMs each */
	unsigned int threads;	/* that run the SMs, default: see sm_pool_default() */
	bool paranoid;
	const char *inject;	/* --inject specification or NULL */
};

struct gpu {
	struct host *host;
	struct gpu_config config;
	pthread_mutex_t lock;
	struct counters counters;
	struct mmio_state *mmio;	/* mmio.c */
	struct intr *intr;		/* intr.c */
	struct vram *vram;		/* vram.c */
	struct aperture *aperture;	/* aperture.c */
	struct mmu *mmu;		/* mmu.c */
	struct fifo *fifo;		/* fifo.c */
	struct ce *ce;			/* ce.c */
	struct gr *gr;			/* gr.c */
	struct inject *inject;		/* inject.c */
	struct ptimer *ptimer;		/* ptimer.c */
	struct paranoid *paranoid;	/* paranoid.c, only with --paranoid */
	struct pci_config *pci;		/* pci_config.c */
	_Atomic uint64_t time_offset;	/* ptimer.c: gpu_time() - gpu_now() */
};

/* @host must outlive the GPU. NULL on failure with errno set. */
struct gpu *gpu_create(struct host *host, const struct gpu_config *config);
void gpu_destroy(struct gpu *gpu);
/*
 * Function reset: stops engines, all units to power-on state. VRAM is kept.
 * Called by the bus thread without gpu->lock. Order: fifo_reset() without the
 * lock (it waits until no worker runs an engine), then, with it, all registers
 * to their reset values and each unit's <unit>_reset(). Unit init and fini run
 * without the lock; fifo comes up last and goes down first.
 */
void gpu_reset(struct gpu *gpu);

/* Never steps back: for budgets and timeouts. */
static inline uint64_t gpu_now(struct gpu *gpu) { return host_now(gpu->host); }
/* PTIMER as the guest has set it: for timestamps in packets and semaphores. */
static inline uint64_t gpu_time(struct gpu *gpu)
{
	return gpu_now(gpu) + atomic_load_explicit(&gpu->time_offset, memory_order_relaxed);
}

/* Physical address spaces as engines see them. */
enum gpu_aperture { APERTURE_VRAM, APERTURE_PEER, APERTURE_SYS_COH, APERTURE_SYS_NCOH };

/*
 * CPU pointer to @len bytes of physical GPU memory or NULL when outside of
 * VRAM or not mapped for DMA. System memory: between host_dma_begin/end only.
 */
void *gpu_phys_ptr(struct gpu *gpu, enum gpu_aperture ap, uint64_t pa, size_t len, bool write);

#endif
