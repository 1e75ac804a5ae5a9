// SPDX-License-Identifier: MIT
#include "ptimer.h"

#include <errno.h>
#include <stdlib.h>

#include "gpu.h"
#include "intr.h"
#include "mmio.h"
#include "monotonic.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_master.h"
#include "nvhw/tu104/dev_timer.h"
#include "nvhw/tu104/dev_usermode.h"
#include "nvhw/tu104/dev_vm.h"
#include "nvhw/undocumented.h"

#define NSEC_MASK	0xffffffe0u		/* 32 ns steps */
#define HIGH_MASK	0x1fffffffu
#define MIN_SLEEP_NS	1000000u

struct ptimer {
	pthread_t thread;
	pthread_cond_t wake;
	bool running;		/* thread exists */
	bool stop;
	bool armed;
	uint64_t due;		/* gpu_time() */
};

static void update(struct gpu *gpu)
{
	uint32_t pending = mmio_peek(gpu, NV_PTIMER_INTR_0) & mmio_peek(gpu, NV_PTIMER_INTR_EN_0);
	unsigned int bit = NV_LO(NV_PMC_INTR_PTIMER);
	bool was = intr_legacy_pending(gpu) >> bit & 1;

	intr_legacy_source(gpu, bit, pending);
	if (pending && !was)
		intr_pulse(gpu, NV_PTIMER_TIMER_INTR_VECTOR_ID_VALUE);
}

static void poll_locked(struct gpu *gpu)
{
	struct ptimer *t = gpu->ptimer;

	if (!t->armed || gpu_time(gpu) < t->due)
		return;
	t->armed = false;
	mmio_poke(gpu, NV_PTIMER_INTR_0,
		  mmio_peek(gpu, NV_PTIMER_INTR_0) | NV_MASK(NV_PTIMER_INTR_0_ALARM));
	update(gpu);
}

void ptimer_poll(struct gpu *gpu)
{
	pthread_mutex_lock(&gpu->lock);
	poll_locked(gpu);
	pthread_mutex_unlock(&gpu->lock);
}

static void *alarm_thread(void *arg)
{
	struct gpu *gpu = arg;
	struct ptimer *t = gpu->ptimer;

	pthread_mutex_lock(&gpu->lock);
	while (!t->stop) {
		uint64_t now = gpu_time(gpu), ns;

		if (!t->armed) {
			pthread_cond_wait(&t->wake, &gpu->lock);
			continue;
		}
		ns = t->due > now ? t->due - now : 0;
		if (ns < MIN_SLEEP_NS)
			ns = MIN_SLEEP_NS;
		monotonic_wait(&t->wake, &gpu->lock, monotonic_ns() + ns);
		poll_locked(gpu);
	}
	pthread_mutex_unlock(&gpu->lock);
	return NULL;
}

static uint32_t time_0_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu_time(gpu) & NSEC_MASK;
}

static uint32_t time_1_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu_time(gpu) >> 32 & HIGH_MASK;
}

static void set_time(struct gpu *gpu, uint64_t time)
{
	atomic_store_explicit(&gpu->time_offset, time - gpu_now(gpu), memory_order_relaxed);
	pthread_cond_signal(&gpu->ptimer->wake);	/* the alarm may be due by this clock */
}

static void time_0_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			   uint32_t val, uint32_t old)
{
	set_time(gpu, (gpu_time(gpu) & ~0xffffffffull) | (val & NSEC_MASK));
}

static void time_1_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			   uint32_t val, uint32_t old)
{
	set_time(gpu, (uint64_t)(val & HIGH_MASK) << 32 | (gpu_time(gpu) & 0xffffffff));
}

/* The alarm compares the low word: due within the next 4.3 seconds. */
static void alarm_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			  uint32_t val, uint32_t old)
{
	struct ptimer *t = gpu->ptimer;
	uint64_t now = gpu_time(gpu);
	uint32_t delta = (val & NSEC_MASK) - (uint32_t)now;

	t->armed = true;
	t->due = now + delta;
	if (!t->running)
		t->running = !pthread_create(&t->thread, NULL, alarm_thread, gpu);
	pthread_cond_signal(&t->wake);
}

static void intr_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			 uint32_t val, uint32_t old)
{
	update(gpu);
}

static const struct mmio_reg regs[] = {
	{ .off = NVX_PTIMER_TIME_0, .name = "PTIMER_TIME_0",
	  .read = time_0_read, .write = time_0_written },
	{ .off = NVX_PTIMER_TIME_1, .name = "PTIMER_TIME_1",
	  .read = time_1_read, .write = time_1_written },
	{ .off = NV_USERMODE_TIME_0, .name = "USERMODE_TIME_0", .read = time_0_read },
	{ .off = NV_USERMODE_TIME_1, .name = "USERMODE_TIME_1", .read = time_1_read },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_TIME_0), .name = "VIRTUAL_FUNCTION_TIME_0",
	  .read = time_0_read },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_TIME_1), .name = "VIRTUAL_FUNCTION_TIME_1",
	  .read = time_1_read },
	{ .off = NV_PTIMER_PRI_TIMEOUT_SAVE_0, .name = "PTIMER_PRI_TIMEOUT_SAVE_0",
	  .rw = 0x80ffffff },
	{ .off = NV_PTIMER_PRI_TIMEOUT_SAVE_1, .name = "PTIMER_PRI_TIMEOUT_SAVE_1", .rw = ~0u },
	{ .off = NV_PTIMER_PRI_TIMEOUT_FECS_ERRCODE, .name = "PTIMER_PRI_TIMEOUT_FECS_ERRCODE",
	  .rw = ~0u },
	{ .off = NV_PTIMER_PRI_TIMEOUT_SAVE_3, .name = "PTIMER_PRI_TIMEOUT_SAVE_3" },
	{ .off = NV_PTIMER_INTR_0, .name = "PTIMER_INTR_0",
	  .reset = NV_DEF(NV_PTIMER_INTR_0_ALARM, _PENDING), .w1c = 3, .write = intr_written },
	{ .off = NV_PTIMER_INTR_EN_0, .name = "PTIMER_INTR_EN_0", .rw = 3, .write = intr_written },
	{ .off = NV_PTIMER_ALARM_0, .name = "PTIMER_ALARM_0", .rw = NSEC_MASK,
	  .write = alarm_written },
	{ .off = NV_PTIMER_TIMER_INTR_VECTOR, .name = "PTIMER_TIMER_INTR_VECTOR",
	  .reset = NV_PTIMER_TIMER_INTR_VECTOR_ID_VALUE },
	{ .off = NV_PTIMER_GR_TICK_FREQ, .name = "PTIMER_GR_TICK_FREQ",
	  .reset = NV_PTIMER_GR_TICK_FREQ_SELECT_DEFAULT, .rw = 7 },
	{ .off = MMIO_VF(NV_VIRTUAL_FUNCTION_CFG0), .name = "VIRTUAL_FUNCTION_CFG0",
	  .reset = NV_VIRTUAL_FUNCTION_CFG0_USERMODE_CLASS_ID_VALUE },
};

static const struct mmio_block block = { "ptimer", regs, sizeof(regs) / sizeof(regs[0]) };

int ptimer_init(struct gpu *gpu)
{
	gpu->ptimer = calloc(1, sizeof(*gpu->ptimer));
	if (!gpu->ptimer)
		return -ENOMEM;
	monotonic_cond_init(&gpu->ptimer->wake);
	mmio_register(gpu, &block);
	return 0;
}

void ptimer_reset(struct gpu *gpu)
{
	gpu->ptimer->armed = false;
	atomic_store_explicit(&gpu->time_offset, 0, memory_order_relaxed);
}

void ptimer_fini(struct gpu *gpu)
{
	struct ptimer *t = gpu->ptimer;

	if (!t)
		return;
	if (t->running) {
		pthread_mutex_lock(&gpu->lock);
		t->stop = true;
		pthread_cond_signal(&t->wake);
		pthread_mutex_unlock(&gpu->lock);
		pthread_join(t->thread, NULL);
	}
	pthread_cond_destroy(&t->wake);
	free(t);
	gpu->ptimer = NULL;
}
