// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "sim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mmio.h"
#include "monotonic.h"
#include "ptimer.h"
#include "vram.h"

#define PAGE		4096u
#define MAY_READ	1u
#define MAY_WRITE	2u

struct sim {
	struct host host;
	struct gpu *gpu;
	uint8_t *mem;
	size_t bytes;
	_Atomic uint8_t *allow;		/* per page */
	_Atomic unsigned int dma_depth;
	bool stepped;
	_Atomic uint64_t clock;
	pthread_mutex_t lock;		/* msi */
	pthread_cond_t msi_sent;
	unsigned int msi;
};

static struct sim *to_sim(struct host *host)
{
	return (struct sim *)host;	/* first member */
}

static void *sim_dma_ptr(struct host *host, uint64_t iova, size_t len, bool write)
{
	struct sim *s = to_sim(host);

	if (!len || iova > s->bytes || len > s->bytes - iova)
		return NULL;
	for (uint64_t p = iova / PAGE; p <= (iova + len - 1) / PAGE; p++)
		if (!(s->allow[p] & (write ? MAY_WRITE : MAY_READ)))
			return NULL;
	return s->mem + iova;
}

static void sim_dma_begin(struct host *host)
{
	atomic_fetch_add(&to_sim(host)->dma_depth, 1);
}

static void sim_dma_end(struct host *host)
{
	atomic_fetch_sub(&to_sim(host)->dma_depth, 1);
}

static void sim_raise_msi(struct host *host)
{
	struct sim *s = to_sim(host);

	pthread_mutex_lock(&s->lock);
	s->msi++;
	pthread_cond_broadcast(&s->msi_sent);
	pthread_mutex_unlock(&s->lock);
}

static uint64_t sim_now(struct host *host)
{
	struct sim *s = to_sim(host);

	return s->stepped ? atomic_load(&s->clock) : monotonic_ns();
}

static const struct host_ops sim_ops = {
	.dma_ptr = sim_dma_ptr,
	.dma_begin = sim_dma_begin,
	.dma_end = sim_dma_end,
	.raise_msi = sim_raise_msi,
	.now = sim_now,
};

static void die(const char *what)
{
	fprintf(stderr, "sim: %s\n", what);
	abort();
}

static void init_sync(struct sim *s)
{
	pthread_mutex_init(&s->lock, NULL);
	monotonic_cond_init(&s->msi_sent);
}

struct sim *sim_create(const struct sim_config *config)
{
	static const struct sim_config defaults;
	struct gpu_config gc;
	struct sim *s = calloc(1, sizeof(*s));

	if (!s)
		die("no memory");
	if (!config)
		config = &defaults;
	s->host.ops = &sim_ops;
	s->bytes = config->sysmem_bytes ? config->sysmem_bytes : 64 << 20;
	s->stepped = config->stepped_clock;
	s->clock = 1000000000;
	s->mem = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	s->allow = malloc(s->bytes / PAGE);
	if (s->mem == MAP_FAILED || !s->allow || s->bytes % PAGE)
		die("cannot make system memory");
	memset((void *)s->allow, MAY_READ | MAY_WRITE, s->bytes / PAGE);
	init_sync(s);
	gc = config->gpu;
	if (!gc.vram_bytes)
		gc.vram_bytes = VRAM_MIN_BYTES;
	s->gpu = gpu_create(&s->host, &gc);
	if (!s->gpu)
		die("cannot create the GPU");
	return s;
}

void sim_destroy(struct sim *s)
{
	gpu_destroy(s->gpu);
	munmap(s->mem, s->bytes);
	free((void *)s->allow);
	pthread_cond_destroy(&s->msi_sent);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct gpu *sim_gpu(struct sim *s)
{
	return s->gpu;
}

void *sim_mem(struct sim *s, uint64_t iova, size_t len)
{
	if (iova > s->bytes || len > s->bytes - iova)
		die("sim_mem() outside of system memory");
	return s->mem + iova;
}

void sim_dma_allow(struct sim *s, uint64_t iova, size_t len, bool read, bool write)
{
	if (iova % PAGE || len % PAGE || iova > s->bytes || len > s->bytes - iova)
		die("sim_dma_allow() range");
	for (uint64_t p = iova / PAGE; p < (iova + len) / PAGE; p++)
		s->allow[p] = (read ? MAY_READ : 0) | (write ? MAY_WRITE : 0);
}

unsigned int sim_dma_depth(struct sim *s)
{
	return atomic_load(&s->dma_depth);
}

unsigned int sim_msi_count(struct sim *s)
{
	unsigned int n;

	pthread_mutex_lock(&s->lock);
	n = s->msi;
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool sim_wait_msi(struct sim *s, unsigned int count, unsigned int timeout_ms)
{
	uint64_t end = monotonic_ns() + timeout_ms * 1000000ull;
	bool ok;

	pthread_mutex_lock(&s->lock);
	while (s->msi < count)
		if (monotonic_wait(&s->msi_sent, &s->lock, end))
			break;
	ok = s->msi >= count;
	pthread_mutex_unlock(&s->lock);
	return ok;
}

void sim_advance(struct sim *s, uint64_t ns)
{
	if (!s->stepped)
		die("sim_advance() with a running clock");
	atomic_fetch_add(&s->clock, ns);
	ptimer_poll(s->gpu);
}

uint32_t sim_rd32(struct sim *s, uint32_t off)
{
	return mmio_read32(s->gpu, off);
}

void sim_wr32(struct sim *s, uint32_t off, uint32_t val)
{
	mmio_write32(s->gpu, off, val);
}

bool sim_poll32(struct sim *s, uint32_t off, uint32_t mask, uint32_t want,
		unsigned int timeout_ms)
{
	uint64_t end = monotonic_ns() + timeout_ms * 1000000ull;

	while ((sim_rd32(s, off) & mask) != want) {
		if (monotonic_ns() > end)
			return false;
		usleep(50);
	}
	return true;
}

void *sim_vram(struct sim *s, uint64_t pa, size_t len)
{
	void *p = vram_ptr(s->gpu, pa, len);

	if (!p)
		die("sim_vram() outside of video memory");
	return p;
}
