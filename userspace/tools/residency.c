// SPDX-License-Identifier: MIT
/* Sampling where pages live. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define PAGE 4096u
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAPPED (1ull << 62)	/* also: in device-private memory */
#define SAMPLE_NS 20000000u

struct residency {
	struct residency_view view;
	uintptr_t first;
	int pagemap;
	uint64_t *entries;
	uint64_t time_ns[RESIDENCY_COLUMNS];
	uint8_t place[RESIDENCY_COLUMNS][RESIDENCY_ROWS];
	pthread_mutex_t lock;
	pthread_t thread;
	bool running;
	atomic_bool stop;
};

static enum place classify(uint64_t entry)
{
	if (entry & PAGEMAP_PRESENT)
		return PLACE_RAM;
	return entry & PAGEMAP_SWAPPED ? PLACE_VRAM : PLACE_NONE;
}

/* Halve the samples when full, so that the picture keeps its whole span. */
static void thin_out(struct residency *r)
{
	unsigned int n = r->view.samples / 2;

	for (unsigned int i = 0; i < n; i++) {
		r->time_ns[i] = r->time_ns[2 * i];
		memcpy(r->place[i], r->place[2 * i], sizeof(r->place[0]));
	}
	r->view.samples = n;
}

static void sample_locked(struct residency *r)
{
	size_t bytes = r->view.pages * sizeof(uint64_t);
	size_t tally[RESIDENCY_ROWS][PLACES] = { 0 };
	unsigned int s;

	if (pread(r->pagemap, r->entries, bytes, (off_t)(r->first / PAGE * sizeof(uint64_t))) !=
	    (ssize_t)bytes)
		return;
	if (r->view.samples == RESIDENCY_COLUMNS)
		thin_out(r);
	s = r->view.samples++;
	for (size_t p = 0; p < r->view.pages; p++)
		tally[p * r->view.rows / r->view.pages][classify(r->entries[p])]++;
	for (unsigned int row = 0; row < r->view.rows; row++) {
		enum place most = PLACE_NONE;

		for (int k = 1; k < PLACES; k++)
			if (tally[row][k] >= tally[row][most] && tally[row][k])
				most = k;
		r->place[s][row] = most;
	}
	r->time_ns[s] = now_ns();
}

static void *sampler(void *arg)
{
	struct residency *r = arg;
	const struct timespec pause = { .tv_nsec = SAMPLE_NS };

	while (!atomic_load(&r->stop)) {
		pthread_mutex_lock(&r->lock);
		sample_locked(r);
		pthread_mutex_unlock(&r->lock);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

struct residency *residency_start(const void *address, size_t bytes, const char *title)
{
	struct residency *r = calloc(1, sizeof(*r));
	uintptr_t first = (uintptr_t)address & ~(uintptr_t)(PAGE - 1);

	if (!r)
		return NULL;
	r->first = first;
	r->view.title = title;
	r->view.pages = ((uintptr_t)address + bytes - first + PAGE - 1) / PAGE;
	r->view.rows = r->view.pages < RESIDENCY_ROWS ? r->view.pages : RESIDENCY_ROWS;
	r->view.start_ns = now_ns();
	r->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	r->entries = malloc(r->view.pages * sizeof(uint64_t));
	pthread_mutex_init(&r->lock, NULL);
	if (r->pagemap < 0 || !r->entries ||
	    pthread_create(&r->thread, NULL, sampler, r)) {
		residency_free(r);
		return NULL;
	}
	r->running = true;
	return r;
}

void residency_mark(struct residency *r, const char *label)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	sample_locked(r);
	if (r->view.marks < RESIDENCY_MARKS) {
		r->view.mark[r->view.marks].ns = now_ns();
		snprintf(r->view.mark[r->view.marks].label, sizeof(r->view.mark[0].label), "%s",
			 label);
		r->view.marks++;
	}
	pthread_mutex_unlock(&r->lock);
}

void residency_stop(struct residency *r)
{
	if (!r || !r->running)
		return;
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	r->running = false;
	sample_locked(r);
	r->view.end_ns = now_ns();
}

void residency_free(struct residency *r)
{
	if (!r)
		return;
	residency_stop(r);
	if (r->pagemap >= 0)
		close(r->pagemap);
	free(r->entries);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void residency_view(const struct residency *r, struct residency_view *view)
{
	*view = r->view;
	view->time_ns = r->time_ns;
	view->place = (const uint8_t (*)[RESIDENCY_ROWS])r->place;
}
