// SPDX-License-Identifier: MIT
/*
 * Guest memory. The client passes the same file for many windows, so each
 * file is mapped once, whole, and a window is a base and a length in it.
 *
 * Threads that use pointers are readers. A reader is never made to wait for a
 * waiting writer for longer than READER_PATIENCE_NS: it may hold locks that
 * another reader needs to finish. That much politeness keeps writers from
 * starving, since a reader's section is at most a few megabytes of memcpy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "monotonic.h"
#include "vfio_user_priv.h"

#define MAX_WINDOWS		65535u
#define READER_PATIENCE_NS	2000000
#define GATE_WAITS		0x40000000u	/* a writer wants in */
#define GATE_WRITER		0x80000000u	/* a writer is in */

struct mapping {
	struct mapping *next;
	dev_t dev;
	ino_t ino;
	bool writable;
	uint8_t *base;
	uint64_t bytes;
	unsigned int windows;
};

struct window {
	uint64_t iova, bytes;
	bool read, write;
	uint8_t *ptr;			/* NULL: nothing behind it */
	struct mapping *mapping;
};

struct vu_dma {
	_Atomic uint32_t gate;		/* readers inside, GATE_* */
	pthread_mutex_t lock;		/* slow path of the gate */
	pthread_cond_t idle;		/* the last reader left */
	pthread_cond_t open;		/* no writer any more */
	struct window *windows;		/* by iova, disjoint */
	size_t nwindows, room;
	struct mapping *mappings;
};

static __thread unsigned int depth;

struct vu_dma *vu_dma_create(void)
{
	struct vu_dma *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	pthread_mutex_init(&d->lock, NULL);
	monotonic_cond_init(&d->idle);
	monotonic_cond_init(&d->open);
	return d;
}

void vu_dma_destroy(struct vu_dma *d)
{
	if (!d)
		return;
	vu_dma_unmap_all(d);
	pthread_cond_destroy(&d->idle);
	pthread_cond_destroy(&d->open);
	pthread_mutex_destroy(&d->lock);
	free(d->windows);
	free(d);
}

/* One more reader, unless @closed is set. */
static bool enter(struct vu_dma *d, uint32_t closed)
{
	uint32_t g = atomic_load(&d->gate);

	while (!(g & closed))
		if (atomic_compare_exchange_weak(&d->gate, &g, g + 1))
			return true;
	return false;
}

static void enter_slowly(struct vu_dma *d)
{
	uint64_t until = monotonic_ns() + READER_PATIENCE_NS;

	pthread_mutex_lock(&d->lock);
	while (atomic_load(&d->gate) & GATE_WAITS)
		if (monotonic_wait(&d->open, &d->lock, until))
			break;
	while (!enter(d, GATE_WRITER))
		pthread_cond_wait(&d->open, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

void vu_dma_begin(struct vu_dma *d)
{
	if (!depth++ && !enter(d, GATE_WAITS | GATE_WRITER))
		enter_slowly(d);
}

void vu_dma_end(struct vu_dma *d)
{
	if (--depth || atomic_fetch_sub(&d->gate, 1) != (GATE_WAITS | 1))
		return;
	pthread_mutex_lock(&d->lock);
	pthread_cond_signal(&d->idle);
	pthread_mutex_unlock(&d->lock);
}

/* Only the bus thread changes the map. The section takes no other lock. */
static void write_begin(struct vu_dma *d)
{
	uint32_t empty = GATE_WAITS;

	pthread_mutex_lock(&d->lock);
	atomic_fetch_or(&d->gate, GATE_WAITS);
	while (!atomic_compare_exchange_strong(&d->gate, &empty, GATE_WAITS | GATE_WRITER)) {
		pthread_cond_wait(&d->idle, &d->lock);
		empty = GATE_WAITS;
	}
	pthread_mutex_unlock(&d->lock);
}

static void write_end(struct vu_dma *d)
{
	pthread_mutex_lock(&d->lock);
	atomic_fetch_and(&d->gate, ~(GATE_WAITS | GATE_WRITER));
	pthread_cond_broadcast(&d->open);
	pthread_mutex_unlock(&d->lock);
}

/* Index of the first window that ends after @iova. */
static size_t search(const struct vu_dma *d, uint64_t iova)
{
	size_t lo = 0, hi = d->nwindows;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (d->windows[mid].iova + (d->windows[mid].bytes - 1) < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void *vu_dma_ptr(struct vu_dma *d, uint64_t iova, size_t len, bool write)
{
	size_t i = search(d, iova);
	const struct window *w = &d->windows[i];
	uint8_t *ptr;
	uint64_t left;

	if (!len || i == d->nwindows || w->iova > iova || !w->ptr)
		return NULL;
	ptr = w->ptr + (iova - w->iova);
	left = w->bytes - (iova - w->iova);
	/* Adjacent windows may continue the same memory: RAM is cut at will. */
	for (;;) {
		if (!(write ? w->write : w->read))
			return NULL;
		if (left >= len)
			return ptr;
		if (++i == d->nwindows || w[1].iova != w->iova + w->bytes ||
		    w[1].ptr != w->ptr + w->bytes)
			return NULL;
		w++;
		left += w->bytes;
	}
}

static void put_mapping(struct vu_dma *d, struct mapping *m)
{
	if (!m || --m->windows)
		return;
	for (struct mapping **p = &d->mappings; *p; p = &(*p)->next) {
		if (*p == m) {
			*p = m->next;
			break;
		}
	}
	munmap(m->base, m->bytes);
	free(m);
}

/* The whole-file mapping of @fd, referenced. NULL with errno set. */
static struct mapping *get_mapping(struct vu_dma *d, int fd, bool writable)
{
	struct mapping *m;
	struct stat st;

	if (fstat(fd, &st))
		return NULL;
	for (m = d->mappings; m; m = m->next) {
		if (m->dev == st.st_dev && m->ino == st.st_ino && m->writable == writable &&
		    m->bytes == (uint64_t)st.st_size) {
			m->windows++;
			return m;
		}
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	*m = (struct mapping){
		.dev = st.st_dev, .ino = st.st_ino, .writable = writable,
		.bytes = st.st_size, .windows = 1, .next = d->mappings,
	};
	m->base = mmap(NULL, m->bytes, PROT_READ | (writable ? PROT_WRITE : 0),
		       MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (m->base == MAP_FAILED) {
		free(m);
		return NULL;
	}
	d->mappings = m;
	return m;
}

static int insert(struct vu_dma *d, const struct window *w)
{
	size_t i = search(d, w->iova);

	if (i < d->nwindows && d->windows[i].iova <= w->iova + (w->bytes - 1))
		return -EEXIST;
	if (d->nwindows == MAX_WINDOWS)
		return -ENOSPC;
	if (d->nwindows == d->room) {
		size_t room = d->room ? 2 * d->room : 16;
		struct window *more = realloc(d->windows, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		d->windows = more;
		d->room = room;
	}
	memmove(&d->windows[i + 1], &d->windows[i], (d->nwindows - i) * sizeof(*w));
	d->windows[i] = *w;
	d->nwindows++;
	return 0;
}

static int map_locked(struct vu_dma *d, const struct vu_dma_map *req, int fd)
{
	struct window w = {
		.iova = req->iova, .bytes = req->bytes,
		.read = req->flags & VU_DMA_FLAG_READ, .write = req->flags & VU_DMA_FLAG_WRITE,
	};
	int ret;

	if (fd >= 0) {
		w.mapping = get_mapping(d, fd, w.write);
		if (!w.mapping)
			return errno ? -errno : -ENOMEM;
		if (req->offset > w.mapping->bytes ||
		    req->bytes > w.mapping->bytes - req->offset) {
			put_mapping(d, w.mapping);
			return -EINVAL;
		}
		w.ptr = w.mapping->base + req->offset;
	}
	ret = insert(d, &w);
	if (ret)
		put_mapping(d, w.mapping);
	return ret;
}

int vu_dma_map(struct vu_dma *d, const struct vu_dma_map *req, int fd)
{
	int ret = -EINVAL;

	if (req->bytes && req->iova + (req->bytes - 1) >= req->iova &&
	    !(req->flags & ~(VU_DMA_FLAG_READ | VU_DMA_FLAG_WRITE))) {
		write_begin(d);
		ret = map_locked(d, req, fd);
		write_end(d);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

int vu_dma_unmap(struct vu_dma *d, uint64_t iova, uint64_t bytes)
{
	int ret = -ENOENT;
	size_t i;

	write_begin(d);
	i = search(d, iova);
	if (i < d->nwindows && d->windows[i].iova == iova && d->windows[i].bytes == bytes) {
		put_mapping(d, d->windows[i].mapping);
		d->nwindows--;
		memmove(&d->windows[i], &d->windows[i + 1],
			(d->nwindows - i) * sizeof(*d->windows));
		ret = 0;
	}
	write_end(d);
	return ret;
}

void vu_dma_unmap_all(struct vu_dma *d)
{
	write_begin(d);
	while (d->nwindows)
		put_mapping(d, d->windows[--d->nwindows].mapping);
	write_end(d);
}
