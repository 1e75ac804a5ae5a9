/* SPDX-License-Identifier: MIT */
/*
 * What the GPU may ask of the outside world: the bus seam.
 *
 * vfio_user.c implements it over a socket for QEMU, sim.c in memory for
 * tests. Nothing above this header knows which of the two it runs on.
 */
#ifndef HW_HOST_H
#define HW_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;

struct host_ops {
	/*
	 * CPU pointer to [iova, iova + len) of system memory, or NULL when any
	 * byte of it is not mapped for the device (or, with @write, is
	 * read-only). Only valid between host_dma_begin() and host_dma_end().
	 */
	void *(*dma_ptr)(struct host *host, uint64_t iova, size_t len, bool write);
	/* Keep the DMA map stable for the calling thread; may nest. */
	void (*dma_begin)(struct host *host);
	void (*dma_end)(struct host *host);
	/* Send a message on the one MSI vector. Callable from any thread, never blocks. */
	void (*raise_msi)(struct host *host);
	/* Nanoseconds; monotonic. The simulator steps it by hand. */
	uint64_t (*now)(struct host *host);
};

struct host {
	const struct host_ops *ops;
};

static inline void *host_dma_ptr(struct host *h, uint64_t iova, size_t len, bool write)
{
	return h->ops->dma_ptr(h, iova, len, write);
}

static inline void host_dma_begin(struct host *h) { h->ops->dma_begin(h); }
static inline void host_dma_end(struct host *h) { h->ops->dma_end(h); }
static inline void host_raise_msi(struct host *h) { h->ops->raise_msi(h); }
static inline uint64_t host_now(struct host *h) { return h->ops->now(h); }

#endif
