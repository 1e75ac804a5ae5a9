// SPDX-License-Identifier: MIT
/* The map of guest memory: seams, permissions, and who waits for whom. */
#define _GNU_SOURCE
#include "hwtest.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vfio_user_priv.h"

#define RAM_BYTES (1u << 20)

struct env {
	struct vu_dma *d;
	int fd;
	uint8_t *ram;
};

static int setup(void **state)
{
	struct env *e = calloc(1, sizeof(*e));

	hwtest_quiet();
	e->d = vu_dma_create();
	e->fd = memfd_create("ram", MFD_CLOEXEC);
	assert_int_equal(ftruncate(e->fd, RAM_BYTES), 0);
	e->ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, e->fd, 0);
	for (unsigned int i = 0; i < RAM_BYTES; i += 4096)
		e->ram[i] = i >> 12;
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	struct env *e = *state;

	vu_dma_destroy(e->d);
	munmap(e->ram, RAM_BYTES);
	close(e->fd);
	free(e);
	return 0;
}

static int map(struct env *e, uint64_t off, uint64_t iova, uint64_t bytes, uint32_t flags)
{
	struct vu_dma_map req = { 32, flags, off, iova, bytes };

	return vu_dma_map(e->d, &req, dup(e->fd));
}

static uint8_t *ptr(struct env *e, uint64_t iova, size_t len, bool write)
{
	return vu_dma_ptr(e->d, iova, len, write);
}

static void test_seams(void **state)
{
	struct env *e = *state;

	assert_int_equal(map(e, 0x0000, 0x10000, 0x2000, 3), 0);
	assert_int_equal(map(e, 0x2000, 0x12000, 0x2000, 3), 0);	/* same memory goes on */
	assert_int_equal(map(e, 0x8000, 0x14000, 0x1000, 3), 0);	/* other memory */
	assert_int_equal(map(e, 0x9000, 0x16000, 0x1000, 3), 0);	/* behind a hole */
	vu_dma_begin(e->d);
	assert_non_null(ptr(e, 0x10000, 0x4000, true));
	assert_int_equal(ptr(e, 0x11fff, 2, true)[1], 2);
	assert_null(ptr(e, 0x10000, 0x4001, true));
	assert_null(ptr(e, 0x13fff, 2, true));
	assert_null(ptr(e, 0x14000, 0x1001, true));
	assert_null(ptr(e, 0x15000, 1, true));
	assert_null(ptr(e, 0xffff, 1, true));
	assert_null(ptr(e, 0xffff, 2, true));
	assert_int_equal(ptr(e, 0x16000, 0x1000, false)[0], 9);
	assert_null(ptr(e, 0x17000, 1, false));
	assert_null(ptr(e, 0x10000, 0, false));
	assert_null(ptr(e, ~0ull, 1, false));
	vu_dma_end(e->d);
}

static void test_permission_of_every_window(void **state)
{
	struct env *e = *state;

	assert_int_equal(map(e, 0x0000, 0x0000, 0x1000, 3), 0);
	assert_int_equal(map(e, 0x1000, 0x1000, 0x1000, 1), 0);
	vu_dma_begin(e->d);
	assert_non_null(ptr(e, 0x0, 0x1000, true));
	assert_null(ptr(e, 0x0, 0x1001, true));
	assert_null(ptr(e, 0x1000, 1, true));
	vu_dma_end(e->d);
}

static void test_many_windows(void **state)
{
	struct env *e = *state;

	for (unsigned int i = 0; i < 256; i++)		/* in an odd order */
		assert_int_equal(map(e, (i * 77 % 256) * 4096, (i * 77 % 256) * 8192, 4096, 3), 0);
	vu_dma_begin(e->d);
	for (unsigned int i = 0; i < 256; i++) {
		assert_int_equal(*ptr(e, i * 8192, 4096, true), i);
		assert_null(ptr(e, i * 8192 + 4096, 1, true));
	}
	vu_dma_end(e->d);
	for (unsigned int i = 0; i < 256; i += 2)
		assert_int_equal(vu_dma_unmap(e->d, i * 8192, 4096), 0);
	vu_dma_begin(e->d);
	for (unsigned int i = 0; i < 256; i++)
		assert_int_equal(!!ptr(e, i * 8192, 1, true), i % 2);
	vu_dma_end(e->d);
}

struct reader {
	struct env *e;
	_Atomic bool inside, leave, left;
};

static void *hold(void *arg)
{
	struct reader *r = arg;

	vu_dma_begin(r->e->d);
	vu_dma_begin(r->e->d);			/* nests */
	vu_dma_end(r->e->d);
	*ptr(r->e, 0, 1, true) = 1;
	r->inside = true;
	while (!r->leave)
		usleep(100);
	*ptr(r->e, 0, 1, true) = 2;		/* still there */
	r->left = true;
	vu_dma_end(r->e->d);
	return NULL;
}

static void *let_go(void *arg)
{
	struct reader *r = arg;

	usleep(20000);
	r->leave = true;
	return NULL;
}

static void test_unmap_waits_for_readers(void **state)
{
	struct env *e = *state;
	struct reader r = { .e = e };
	pthread_t a, b;

	assert_int_equal(map(e, 0, 0, 0x1000, 3), 0);
	pthread_create(&a, NULL, hold, &r);
	while (!r.inside)
		usleep(100);
	pthread_create(&b, NULL, let_go, &r);
	assert_int_equal(vu_dma_unmap(e->d, 0, 0x1000), 0);
	assert_true(r.left);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

struct busy {
	struct env *e;
	_Atomic bool stop;
};

static void *churn(void *arg)
{
	struct busy *b = arg;

	while (!b->stop) {
		vu_dma_begin(b->e->d);
		for (volatile int i = 0; i < 20000; i++)
			;
		vu_dma_end(b->e->d);
	}
	return NULL;
}

/* Readers that overlap all the time do not keep the bus thread out. */
static void test_writer_is_not_starved(void **state)
{
	struct env *e = *state;
	struct busy b = { .e = e };
	struct timespec t0, t1;
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, churn, &b);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(map(e, 0, 0, 0x1000, 3), 0);
		assert_int_equal(vu_dma_unmap(e->d, 0, 0x1000), 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &t1);
	b.stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_true(t1.tv_sec - t0.tv_sec < 30);
}

static void *unmap_all(void *arg)
{
	vu_dma_unmap_all(arg);
	return NULL;
}

/* A reader that holds a lock another reader wants cannot deadlock with a writer. */
static void test_lock_inside_and_outside(void **state)
{
	struct env *e = *state;
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct reader r = { .e = e };
	pthread_t a, b;

	assert_int_equal(map(e, 0, 0, 0x1000, 3), 0);
	pthread_create(&a, NULL, hold, &r);
	while (!r.inside)
		usleep(100);
	/* a writer waits; the reader inside waits for us; we enter with a lock held */
	pthread_create(&b, NULL, unmap_all, e->d);
	usleep(20000);
	pthread_mutex_lock(&lock);
	vu_dma_begin(e->d);
	assert_false(r.left);
	assert_non_null(ptr(e, 0, 1, true));
	vu_dma_end(e->d);
	pthread_mutex_unlock(&lock);
	r.leave = true;
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	vu_dma_begin(e->d);
	assert_null(ptr(e, 0, 1, true));
	vu_dma_end(e->d);
}

static void test_physical_pointers(void **state)
{
	struct sim *s = sim_create(NULL);
	struct gpu *gpu = sim_gpu(s);
	uint64_t top = 64 << 20;

	assert_ptr_equal(gpu_phys_ptr(gpu, APERTURE_VRAM, top - 8, 8, true), sim_vram(s, top - 8, 8));
	assert_null(gpu_phys_ptr(gpu, APERTURE_VRAM, top - 8, 9, true));
	assert_null(gpu_phys_ptr(gpu, APERTURE_VRAM, top, 1, true));
	assert_null(gpu_phys_ptr(gpu, APERTURE_VRAM, ~0ull, 2, true));
	assert_ptr_equal(gpu_phys_ptr(gpu, APERTURE_SYS_COH, 64, 8, true), sim_mem(s, 64, 8));
	assert_ptr_equal(gpu_phys_ptr(gpu, APERTURE_SYS_NCOH, 64, 8, true), sim_mem(s, 64, 8));
	assert_null(gpu_phys_ptr(gpu, APERTURE_PEER, 64, 8, true));
	sim_destroy(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_seams),
		T(test_permission_of_every_window),
		T(test_many_windows),
		T(test_unmap_waits_for_readers),
		T(test_writer_is_not_starved),
		T(test_lock_inside_and_outside),
		cmocka_unit_test(test_physical_pointers),
	};

	return cmocka_run_group_tests_name("dma-map", tests, NULL, NULL);
}
