// SPDX-License-Identifier: MIT
/* CPU and GPU at work on the same memory at the same time: bytes, flags, turns. */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "cl.h"

static const char neighbours_source[] =
	"__kernel void odd(volatile __global uchar *b, int rounds)\n"
	"{\n"
	"	int i = get_global_id(0) * 2 + 1;\n"
	"	for (int r = 0; r < rounds; r++)\n"
	"		b[i] = (b[i] + 1) & 0xff;\n"
	"}\n";

struct evens {
	volatile uint8_t *bytes;
	size_t n;
	int rounds;
	pthread_t thread;
};

static void *count_evens(void *arg)
{
	struct evens *e = arg;

	for (int r = 0; r < e->rounds; r++) {
		for (size_t i = 0; i < e->n; i++)
			e->bytes[2 * i] += 1;
		usleep(1000);
	}
	return NULL;
}

/* The GPU counts in odd bytes while a thread counts in the even ones. */
static void neighbours(struct cl *c, size_t n)
{
	enum { ROUNDS = 50 };
	cl_kernel k = cl_build(c, neighbours_source, "odd");
	struct evens e = { cl_zalloc(2 * n), n, ROUNDS, 0 };

	cl_arg_ptr(c, k, 0, (void *)e.bytes);
	cl_arg_int(c, k, 1, ROUNDS);
	cl_place(c, (void *)e.bytes, 2 * n);
	pthread_create(&e.thread, NULL, count_evens, &e);
	cl_launch(c, k, n, 0);
	pthread_join(e.thread, NULL);
	for (size_t i = 0; i < 2 * n; i++) {
		if (e.bytes[i] != ROUNDS)
			cl_fail(c, "byte %zu is %u, expected %u", i, e.bytes[i], ROUNDS);
	}
	cl_free((void *)e.bytes);
}

static const char flag_source[] =
	"__kernel void spin(volatile __global uint *flag, volatile __global uint *seen)\n"
	"{\n"
	"	*seen = 1;\n"
	"	while (atomic_or(flag, 0u) != 42)\n"
	"		;\n"
	"	*seen = 2;\n"
	"}\n"
	/* Plain loads and stores; the odd numbers are the CPU's to write. */
	"__kernel void turns(volatile __global uint *word, uint rounds)\n"
	"{\n"
	"	for (uint i = 0; i < rounds; i++) {\n"
	"		while (*word != 2 * i + 1)\n"
	"			;\n"
	"		*word = 2 * i + 2;\n"
	"	}\n"
	"}\n";

static bool becomes(volatile uint32_t *word, uint32_t value)
{
	time_t limit = time(NULL) + 60;

	while (*word != value) {
		if (time(NULL) > limit)
			return false;
		usleep(100);
	}
	return true;
}

/* The kernel runs until the CPU sets a flag, in memory of both. */
static void flag(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, flag_source, "spin");
	volatile uint32_t *flag = cl_zalloc(4096), *seen = cl_zalloc(4096);

	(void)n;
	cl_arg_ptr(c, k, 0, (void *)flag);
	cl_arg_ptr(c, k, 1, (void *)seen);
	cl_place(c, (void *)flag, 4);
	cl_before_launch(c);
	if (!k || !cl_ok(c, clEnqueueNDRangeKernel(c->queue, k, 1, NULL, &(size_t){ 1 },
						    &(size_t){ 1 }, 0, NULL, NULL), "launch"))
		return;
	clFlush(c->queue);
	if (!becomes(seen, 1))
		cl_fail(c, "the kernel did not begin");
	usleep(20000);
	if (*seen != 1)
		cl_fail(c, "the kernel did not wait");
	*flag = 42;
	if (!becomes(seen, 2))
		cl_fail(c, "the kernel did not see the flag");
	clFinish(c->queue);
	cl_free((void *)seen);
	cl_free((void *)flag);
}

/* CPU and GPU write the same word in turns, while the kernel runs. */
static void turns(struct cl *c, size_t rounds)
{
	cl_kernel k = cl_build(c, flag_source, "turns");
	volatile uint32_t *word = cl_zalloc(4096);

	cl_arg_ptr(c, k, 0, (void *)word);
	cl_arg_int(c, k, 1, rounds);
	cl_place(c, (void *)word, 4);
	cl_before_launch(c);
	if (!k || !cl_ok(c, clEnqueueNDRangeKernel(c->queue, k, 1, NULL, &(size_t){ 1 },
						    &(size_t){ 1 }, 0, NULL, NULL), "launch"))
		return;
	clFlush(c->queue);
	for (size_t i = 0; i < rounds; i++) {
		*word = 2 * i + 1;
		if (!becomes(word, 2 * i + 2)) {
			cl_fail(c, "round %zu: the word is %u", i, *word);
			*word = 0xffffffff;
			break;
		}
	}
	clFinish(c->queue);
	cl_free((void *)word);
}

const struct cl_test tests_share[] = {
	{ "neighbours", neighbours, 64, 4194304, "CPU and GPU count in neighbouring bytes" },
	{ "flag", flag, 1, 0, "a kernel waits for a flag that the CPU sets" },
	{ "turns", turns, 16, 256, "CPU and running kernel write one word in turns (size: rounds)" },
	{ 0 }
};
