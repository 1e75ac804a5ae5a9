// SPDX-License-Identifier: MIT
/*
 * Random accesses to BAR0, the BAR2 window and configuration space never crash
 * or stall the model, and a reset always brings it back. FUZZ_SEED and
 * FUZZ_ACCESSES choose another run.
 */
#include "hwtest.h"

#include <time.h>

#include "aperture.h"
#include "mmio.h"
#include "pci_config.h"

#define CLAIMED_MAX 65536

struct fuzz {
	struct sim *sim;
	struct gpu *gpu;
	uint64_t rng;
	uint32_t claimed[CLAIMED_MAX];
	unsigned int nclaimed;
	unsigned long accesses;
};

static uint32_t rnd(struct fuzz *f)
{
	f->rng ^= f->rng << 13;
	f->rng ^= f->rng >> 7;
	f->rng ^= f->rng << 17;
	return f->rng >> 16;
}

static unsigned long env_number(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 0) : otherwise;
}

static int setup(void **state)
{
	struct fuzz *f = calloc(1, sizeof(*f));
	struct sim_config c = { .gpu = { .inject = "overflow=p5,duplicate=p5,lost-interrupt=p5" } };
	unsigned int i;

	hwtest_quiet();
	f->sim = sim_create(&c);
	f->gpu = sim_gpu(f->sim);
	f->rng = env_number("FUZZ_SEED", 1) * 0x9e3779b97f4a7c15ull;
	f->accesses = env_number("FUZZ_ACCESSES", 200000);
	for (uint32_t off = 0; mmio_next(f->gpu, &off, &i) && f->nclaimed < CLAIMED_MAX; off += 4)
		f->claimed[f->nclaimed++] = off;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fuzz *f = *state;

	sim_destroy(f->sim);
	free(f);
	return 0;
}

/* Values that mean something more often than noise does. */
static uint32_t value(struct fuzz *f)
{
	switch (rnd(f) % 8) {
	case 0:
		return 0;
	case 1:
		return ~0u;
	case 2:
		return 1u << rnd(f) % 32;
	case 3:
		return 0x80000000u | rnd(f) % 0x10000;
	case 4:
		return rnd(f) % 4096;
	case 5:
		return (rnd(f) % 0x4000) << 4 | rnd(f) % 4;
	default:
		return rnd(f);
	}
}

/* Mostly registers that exist: the rest of 16 MiB is soon boring. */
static uint32_t offset(struct fuzz *f)
{
	switch (rnd(f) % 16) {
	case 0:
		return rnd(f) % (16 << 20) & ~3u;
	case 1:
		return 0x700000 + (rnd(f) % (1 << 20) & ~3u);
	case 2:
		return 0x88000 + (rnd(f) % 4096 & ~3u);
	default:
		return f->claimed[rnd(f) % f->nclaimed];
	}
}

static void one_access(struct fuzz *f)
{
	unsigned int size = rnd(f) % 16 ? 4 : 1u << rnd(f) % 4;
	uint32_t off = offset(f) & ~(size - 1);

	if (rnd(f) % 3)
		mmio_write(f->gpu, off, size, value(f) | (uint64_t)value(f) << 32);
	else
		mmio_read(f->gpu, off, size);
}

static void assert_alive(struct fuzz *f)
{
	gpu_reset(f->gpu);
	assert_int_equal(sim_rd32(f->sim, 0), 0x164000a1);
	assert_int_equal(sim_rd32(f->sim, 0xb81600), 0);
	assert_int_equal(sim_rd32(f->sim, 0xb81608), 0);
	assert_int_equal(sim_dma_depth(f->sim), 0);
}

static void test_bar0(void **state)
{
	struct fuzz *f = *state;

	for (unsigned long i = 0; i < f->accesses; i++)
		one_access(f);
	assert_alive(f);
}

static void test_bar0_with_resets(void **state)
{
	struct fuzz *f = *state;

	for (int round = 0; round < 50; round++) {
		for (unsigned long i = 0; i < f->accesses / 100; i++)
			one_access(f);
		assert_alive(f);
	}
}

/* Memory full of noise as page tables, instance blocks, runlists, buffers. */
static void test_everything_with_noise_in_memory(void **state)
{
	struct fuzz *f = *state;
	uint32_t *vram = sim_vram(f->sim, 0, 16 << 20), *mem = sim_mem(f->sim, 0, 16 << 20);

	for (int i = 0; i < 4 << 20; i++) {
		vram[i] = value(f);
		mem[i] = value(f);
	}
	for (unsigned long i = 0; i < f->accesses; i++) {
		uint32_t off = rnd(f) % (33 << 20);
		unsigned int size = 1u << rnd(f) % 4;
		uint8_t cfg[8];

		switch (rnd(f) % 4) {
		case 0:
			aperture_bar2_read(f->gpu, off & ~(size - 1), size);
			break;
		case 1:
			aperture_bar2_write(f->gpu, off & ~(size - 1), size, value(f));
			break;
		case 2:
			memset(cfg, value(f), sizeof(cfg));
			if (pci_config_write(f->gpu, rnd(f) % 4100, cfg, size))
				gpu_reset(f->gpu);
			break;
		default:
			one_access(f);
		}
	}
	assert_alive(f);
}

/* A reset comes back in time whatever the engines were made to do. */
static void test_reset_is_prompt(void **state)
{
	struct fuzz *f = *state;
	struct timespec a, b;

	for (int round = 0; round < 20; round++) {
		long ms;

		for (int i = 0; i < 2000; i++)
			one_access(f);
		clock_gettime(CLOCK_MONOTONIC, &a);
		gpu_reset(f->gpu);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
		assert_true(ms < 2000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bar0, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bar0_with_resets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_everything_with_noise_in_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_is_prompt, setup, teardown),
	};

	return cmocka_run_group_tests_name("fuzz-bar0", tests, NULL, NULL);
}
