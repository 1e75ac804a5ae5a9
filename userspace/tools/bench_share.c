// SPDX-License-Identifier: MIT
/*
 * nvsvm bench: the same memory by the CPU and the GPU in turns, and the GPU by more
 * and more processes at once. What is touched is checked.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "kernels.h"

#define ROUNDS 32u		/* of ping-pong */
#define EACH (1u * MIB)		/* that a process touches */
#define PROCESSES_MAX 64u

/* Each page of @p plus one. */
static int touch(struct nvsvm_context *c, struct nvsvm_kernel *k, void *p, size_t bytes)
{
	const struct { void *p; uint32_t count, stride; } args = { p, bytes / PAGE, PAGE };
	const uint32_t grid[3] = { (args.count + 63) / 64, 1, 1 }, block[3] = { 64, 1, 1 };
	int ret = nvsvm_launch(k, grid, block, &args, sizeof(args));

	return ret ? ret : nvsvm_wait(c);
}

static int wrong(const char *p, size_t bytes, uint32_t value)
{
	for (size_t i = 0; i < bytes; i += PAGE)
		if (*(const uint32_t *)(p + i) != value)
			return complain(0, "wrong data at %zu of %zu", i, bytes);
	return 0;
}

static int ping_pong(struct bench *b, size_t bytes, const char *what, struct measured *m)
{
	char *p = bench_memory(bytes);
	int ret = 0;

	*m = (struct measured){ 0 };
	if (!p)
		return -ENOMEM;
	counters_read(&m->from);
	m->ns = now_ns();
	for (unsigned int i = 0; i < ROUNDS && !ret; i++) {
		ret = touch(b->context, b->add, p, bytes);
		for (size_t at = 0; at < bytes; at += PAGE)
			++*(volatile uint32_t *)(p + at);
	}
	m->ns = now_ns() - m->ns;
	counters_read(&m->to);
	if (!ret)
		ret = wrong(p, bytes, 1 + 2 * ROUNDS);
	if (!ret)
		bench_row(b, what, bytes * ROUNDS, m);
	munmap(p, bytes);
	return ret;
}

int bench_ping_pong(struct bench *b)
{
	static const size_t sizes[] = { 64 * 1024, 2 * MIB, 8 * MIB };
	int ret = 0;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !ret; i++) {
		struct measured ours, place;
		unsigned int before;

		ret = ping_pong(b, sizes[i], "ping-pong", &ours);
		if (ret || !bench_knob("migrate", 0, &before))
			break;
		ret = ping_pong(b, sizes[i], "ping-pong, in place", &place);
		bench_knob("migrate", before, NULL);
		if (!ret)
			printf("  %zu KiB, %u rounds: %.2f of the time in place, %llu pages moved\n",
			       sizes[i] / 1024, ROUNDS, (double)ours.ns / place.ns,
			       (unsigned long long)counters_delta(&ours.from, &ours.to,
								  "pages_to_vram"));
	}
	return ret;
}

/* A process: says that it is ready, waits for the end of @go, says how long it took. */
static int child(int ready, int go, int result)
{
	struct nvsvm_context *c;
	struct nvsvm_kernel *k;
	char byte = 0, *p = bench_memory(EACH);
	int ret = p ? nvsvm_open(NULL, &c) : -ENOMEM;
	uint64_t ns;

	if (!ret)
		ret = kernel_assemble(c, "touch", kernel_touch, &k);
	if (ret)
		return complain(ret, "a process of many");
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1))
		return 1;
	ns = now_ns();
	ret = touch(c, k, p, EACH);
	if (ret)
		return complain(ret, "a launch of many");
	ns = now_ns() - ns;
	/* bench_memory() wrote ones, the GPU added one. */
	return wrong(p, EACH, 2) || write(result, &ns, sizeof(ns)) != sizeof(ns);
}

/* Three pipes, in the order of child()'s arguments. */
static int processes(unsigned int n, struct measured *m, double *spread)
{
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } }, status, ret = 0;
	uint64_t ns, sum = 0, most = 0;
	unsigned int started, i;
	char byte;

	fflush(stdout);
	for (i = 0; i < 3; i++)
		if (pipe(pipes[i]))
			return -errno;
	for (started = 0; started < n; started++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (!pid) {
			close(pipes[0][0]);
			close(pipes[1][1]);
			_exit(child(pipes[0][1], pipes[1][0], pipes[2][1]));
		}
	}
	close(pipes[0][1]);
	close(pipes[2][1]);
	for (i = 0; i < started && read(pipes[0][0], &byte, 1) == 1; i++)
		;
	ret = i < n ? -EIO : 0;
	counters_read(&m->from);
	m->ns = now_ns();
	close(pipes[1][1]);
	for (i = 0; i < n && !ret; i++) {
		if (read(pipes[2][0], &ns, sizeof(ns)) != sizeof(ns))
			ret = -EIO;
		sum += ns;
		most = ns > most ? ns : most;
	}
	m->ns = now_ns() - m->ns;
	counters_read(&m->to);
	while (started--)
		if (wait(&status) < 0 || status)
			ret = ret ? ret : -EIO;
	close(pipes[0][0]);
	close(pipes[1][0]);
	close(pipes[2][0]);
	*spread = sum ? (double)most * n / sum : 0;
	return ret;
}

int bench_processes(struct bench *b)
{
	int ret = 0;

	for (unsigned int n = 1; n <= PROCESSES_MAX && !ret; n *= 2) {
		struct measured m = { 0 };
		char what[32];
		double spread = 0;

		snprintf(what, sizeof(what), "%u process%s", n, n > 1 ? "es" : "");
		ret = processes(n, &m, &spread);
		if (ret)
			break;
		bench_row(b, what, (size_t)n * EACH, &m);
		if (n > 1)
			printf("  the last one took %.2f of what they took on average\n", spread);
	}
	return ret;
}
