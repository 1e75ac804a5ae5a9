// SPDX-License-Identifier: MIT
/* The SVM calls of OpenCL, events, queues, contexts, printf. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cl.h"

static const char add_source[] =
	"__kernel void add(__global uint *a, uint by, uint n)\n"
	"{\n"
	"	uint i = get_global_id(0);\n"
	"	if (i < n)\n"
	"		a[i] += by;\n"
	"}\n";

static void all_are(struct cl *c, const char *what, const uint32_t *a, size_t n, uint32_t first,
		    uint32_t step)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != first + (uint32_t)i * step)
			cl_fail(c, "%s[%zu] = %#x, expected %#x", what, i, a[i],
				first + (uint32_t)i * step);
	}
}

/*
 * To the device, a launch there, back: the driver's totals tell whether the pages
 * went. Other data keeps a distance: a CPU that touches it takes its neighbours home.
 */
static void move_both_ways(struct cl *c, cl_kernel k, size_t n)
{
	enum { APART = 1 << 16 };
	size_t bytes = n * 4, pages = (bytes + 4095) / 4096;
	char *block = clSVMAlloc(c->context, CL_MEM_READ_WRITE, bytes + 3 * APART, 0);
	uint32_t *a = (uint32_t *)cl_round_up((uintptr_t)block + APART, APART);
	const void *list[] = { a };
	struct cl_stats t[3];

	if (!block) {
		cl_fail(c, "clSVMAlloc");
		return;
	}
	for (size_t i = 0; i < n; i++)
		a[i] = i;
	cl_arg_ptr(c, k, 0, a);
	t[0] = cl_stats(c);
	cl_ok(c, clEnqueueSVMMigrateMem(c->queue, 1, list, &bytes, 0, 0, NULL, NULL),
	      "migrate to the device");
	cl_ok(c, clFinish(c->queue), "finish");
	t[1] = cl_stats(c);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	cl_ok(c, clEnqueueSVMMigrateMem(c->queue, 1, list, &bytes, CL_MIGRATE_MEM_OBJECT_HOST, 0,
					NULL, NULL), "migrate to the host");
	cl_ok(c, clFinish(c->queue), "finish");
	t[2] = cl_stats(c);
	all_are(c, "moved", a, n, 1000, 1);
	/* Else some may have been driven out meanwhile, or found no room. */
	if (c->mode != CL_OVERSUBSCRIBED &&
	    (t[1].to_vram - t[0].to_vram < pages || t[2].to_sys - t[1].to_sys < pages))
		cl_fail(c, "%llu pages of %zu went to the device, %llu came back",
			(unsigned long long)(t[1].to_vram - t[0].to_vram), pages,
			(unsigned long long)(t[2].to_sys - t[1].to_sys));
	clSVMFree(c->context, block);
}

/* Allocate, map, launch, copy, fill, move to the device and back, free. */
static void svm_calls(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, add_source, "add");
	size_t bytes = n * 4;
	uint32_t *a = clSVMAlloc(c->context, CL_MEM_READ_WRITE, bytes, 0);
	uint32_t *b = clSVMAlloc(c->context, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER,
				 bytes, 64);
	uint32_t *plain = cl_alloc(bytes), pattern = 77;

	if (!a || !b) {
		cl_fail(c, "clSVMAlloc");
		return;
	}
	cl_ok(c, clEnqueueSVMMap(c->queue, CL_TRUE, CL_MAP_WRITE, a, bytes, 0, NULL, NULL), "map");
	for (size_t i = 0; i < n; i++)
		a[i] = i;
	cl_ok(c, clEnqueueSVMUnmap(c->queue, a, 0, NULL, NULL), "unmap");
	cl_arg_ptr(c, k, 0, a);
	cl_arg_int(c, k, 1, 1000);
	cl_arg_int(c, k, 2, n);
	cl_place(c, a, bytes);
	cl_launch(c, k, cl_round_up(n, 32), 32);
	cl_ok(c, clEnqueueSVMMemcpy(c->queue, CL_TRUE, b, a, bytes, 0, NULL, NULL), "memcpy");
	all_are(c, "copied", b, n, 1000, 1);
	cl_ok(c, clEnqueueSVMMemcpy(c->queue, CL_TRUE, plain, b, bytes, 0, NULL, NULL),
	      "memcpy to malloc'd memory");
	all_are(c, "plain", plain, n, 1000, 1);
	cl_ok(c, clEnqueueSVMMemFill(c->queue, a, &pattern, sizeof(pattern), bytes, 0, NULL, NULL),
	      "fill");
	cl_launch(c, k, cl_round_up(n, 32), 32);
	all_are(c, "filled", a, n, 1077, 0);
	cl_ok(c, clEnqueueSVMMap(c->queue, CL_TRUE, CL_MAP_READ, a, bytes, 0, NULL, NULL), "map");
	all_are(c, "mapped", a, n, 1077, 0);
	cl_ok(c, clEnqueueSVMUnmap(c->queue, a, 0, NULL, NULL), "unmap");
	clFinish(c->queue);
	move_both_ways(c, k, n);
	clSVMFree(c->context, b);
	clSVMFree(c->context, a);
	cl_free(plain);
}

/*
 * Launches in a chain by their events; their times are in order. The first two are
 * the CPU's clock, moved by an offset that Mesa measured once, the last two the
 * GPU's: one kind is not compared with the other.
 */
static void events(struct cl *c, size_t n)
{
	enum { CHAIN = 4 };
	cl_kernel k = cl_build(c, add_source, "add");
	uint32_t *a = cl_zalloc(n * 4);
	cl_event event[CHAIN];
	cl_ulong t[4], last = 0;
	cl_int status = -1;
	int i;

	cl_arg_ptr(c, k, 0, a);
	cl_arg_int(c, k, 1, 5);
	cl_arg_int(c, k, 2, n);
	cl_place(c, a, n * 4);
	cl_before_launch(c);
	for (i = 0; i < CHAIN; i++) {
		if (!k || !cl_ok(c, clEnqueueNDRangeKernel(c->queue, k, 1, NULL,
							    &(size_t){ cl_round_up(n, 32) },
							    &(size_t){ 32 }, i ? 1 : 0,
							    i ? &event[i - 1] : NULL, &event[i]),
				 "launch"))
			return;
	}
	cl_ok(c, clWaitForEvents(1, &event[CHAIN - 1]), "clWaitForEvents");
	all_are(c, "a", a, n, 5 * CHAIN, 0);
	for (i = 0; i < CHAIN; i++) {
		static const cl_profiling_info what[] = {
			CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_SUBMIT,
			CL_PROFILING_COMMAND_START, CL_PROFILING_COMMAND_END
		};

		clGetEventInfo(event[i], CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status),
			       &status, NULL);
		if (status != CL_COMPLETE)
			cl_fail(c, "event %d: status %d", i, status);
		for (int j = 0; j < 4; j++)
			cl_ok(c, clGetEventProfilingInfo(event[i], what[j], sizeof(t[j]), &t[j],
							 NULL), "profiling");
		if (t[0] > t[1] || t[2] > t[3] || t[2] < last)
			cl_fail(c, "event %d: times %llu %llu %llu %llu after %llu", i,
				(unsigned long long)t[0], (unsigned long long)t[1],
				(unsigned long long)t[2], (unsigned long long)t[3],
				(unsigned long long)last);
		last = t[3];
		clReleaseEvent(event[i]);
	}
	cl_free(a);
}

static void CL_CALLBACK count_call(cl_event event, cl_int status, void *data)
{
	(void)event;
	if (status == CL_COMPLETE)
		atomic_fetch_add((atomic_int *)data, 1);
}

/* A launch held back by the user's event, a second queue that waits for the first. */
static void user_events(struct cl *c, size_t n)
{
	cl_kernel k = cl_build(c, add_source, "add");
	size_t global = cl_round_up(n, 32), local = 32;
	cl_command_queue other;
	static atomic_int calls;
	cl_event go, done[2];
	cl_int status = -1, err;
	uint32_t *a = cl_zalloc(n * 4);

	go = clCreateUserEvent(c->context, &err);
	if (!k || !cl_ok(c, err, "clCreateUserEvent"))
		return;
	other = clCreateCommandQueue(c->context, c->device, 0, &err);
	if (!cl_ok(c, err, "queue"))
		return;
	atomic_store(&calls, 0);
	cl_arg_ptr(c, k, 0, a);
	cl_arg_int(c, k, 1, 3);
	cl_arg_int(c, k, 2, n);
	cl_place(c, a, n * 4);
	cl_before_launch(c);
	if (!cl_ok(c, clEnqueueNDRangeKernel(c->queue, k, 1, NULL, &global, &local, 1, &go,
					     &done[0]), "launch") ||
	    !cl_ok(c, clEnqueueNDRangeKernel(other, k, 1, NULL, &global, &local, 1, &done[0],
					     &done[1]), "launch"))
		return;
	cl_ok(c, clSetEventCallback(done[1], CL_COMPLETE, count_call, &calls), "callback");
	usleep(20000);
	cl_ok(c, clGetEventInfo(done[0], CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status),
				&status, NULL), "status");
	if (status == CL_COMPLETE || ((volatile uint32_t *)a)[0])
		cl_fail(c, "the launch did not wait: status %d", status);
	cl_ok(c, clSetUserEventStatus(go, CL_COMPLETE), "clSetUserEventStatus");
	clFlush(c->queue);
	cl_ok(c, clWaitForEvents(1, &done[1]), "wait");
	cl_ok(c, clFinish(c->queue), "finish");
	cl_ok(c, clFinish(other), "finish");
	all_are(c, "a", a, n, 6, 0);
	for (int i = 0; i < 5000 && !atomic_load(&calls); i++)
		usleep(1000);
	if (atomic_load(&calls) != 1)
		cl_fail(c, "%d calls of the callback", atomic_load(&calls));
	clReleaseEvent(done[1]);
	clReleaseEvent(done[0]);
	clReleaseEvent(go);
	clReleaseCommandQueue(other);
	cl_free(a);
}

/* Four queues in two contexts of one process, all at once. */
static void queues(struct cl *c, size_t n)
{
	enum { QUEUES = 4 };
	cl_context second = clCreateContext(NULL, 1, &c->device, NULL, NULL, NULL);
	cl_context context[2] = { c->context, second };
	cl_command_queue queue[QUEUES] = { NULL };
	cl_program program[2] = { NULL };
	cl_kernel kernel[QUEUES] = { NULL };
	uint32_t *a[QUEUES];
	cl_int err = CL_SUCCESS;
	size_t global = cl_round_up(n, 32), local = 32;

	for (int i = 0; i < 2; i++) {
		program[i] = cl_program_in(c, context[i], add_source);
		if (!program[i])
			return;
	}
	for (int i = 0; i < QUEUES; i++) {
		a[i] = cl_zalloc(n * 4);
		queue[i] = clCreateCommandQueue(context[i & 1], c->device, 0, &err);
		cl_ok(c, err, "queue");
		kernel[i] = clCreateKernel(program[i & 1], "add", &err);
		cl_ok(c, err, "kernel");
		cl_arg_ptr(c, kernel[i], 0, a[i]);
		cl_arg_int(c, kernel[i], 1, i + 1);
		cl_arg_int(c, kernel[i], 2, n);
		cl_place(c, a[i], n * 4);
	}
	cl_before_launch(c);
	for (int round = 0; round < 4 && !c->failed; round++) {
		for (int i = 0; i < QUEUES; i++) {
			cl_ok(c, clEnqueueNDRangeKernel(queue[i], kernel[i], 1, NULL, &global,
							&local, 0, NULL, NULL), "launch");
			clFlush(queue[i]);
		}
	}
	for (int i = 0; i < QUEUES; i++) {
		cl_ok(c, clFinish(queue[i]), "finish");
		all_are(c, "a", a[i], n, 4 * (i + 1), 0);
		clReleaseKernel(kernel[i]);
		clReleaseCommandQueue(queue[i]);
		cl_free(a[i]);
	}
	for (int i = 0; i < 2; i++)
		clReleaseProgram(program[i]);
	clReleaseContext(second);
}

static const char printf_source[] =
	"__kernel void say(int n)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	printf(\"item %d of %d: %x %.2f\\n\", i, n, i * 0x1001, i * 0.25f);\n"
	"}\n";

/*
 * What the kernel prints comes out of our stdout: catch it in a file. rusticl sets
 * back only the first byte of the position in its buffer: from the second such
 * kernel of a process on, only 256 bytes of values are printed right.
 */
static void print(struct cl *c, size_t n)
{
	char line[80], want[80];
	size_t lines = 0;
	cl_kernel k;
	FILE *f;
	int keep;

	if (!c->printf) {
		cl_skip(c, "printf comes with OpenCL C 1.2, clover has 1.1");
		return;
	}
	k = cl_build(c, printf_source, "say");
	f = tmpfile();
	if (!f) {
		cl_fail(c, "no temporary file");
		return;
	}
	cl_arg_int(c, k, 0, n);
	fflush(stdout);
	keep = dup(1);
	dup2(fileno(f), 1);
	cl_launch(c, k, n, 1);
	fflush(stdout);
	dup2(keep, 1);
	close(keep);
	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		int i;

		if (sscanf(line, "item %d ", &i) != 1)
			i = -1;
		snprintf(want, sizeof(want), "item %d of %zu: %x %.2f\n", i, n, i * 0x1001, i * 0.25);
		if (strcmp(line, want))
			cl_fail(c, "printed %s    expected %s", line, want);
		lines++;
	}
	if (lines != n)
		cl_fail(c, "%zu lines of %zu", lines, n);
	fclose(f);
}

const struct cl_test tests_api[] = {
	{ "svm", svm_calls, 8192, 4194304, "clSVMAlloc, map, memcpy, fill, migrate both ways" },
	{ "events", events, 1024, 4194304, "a chain of events, profiling times" },
	{ "user-events", user_events, 1024, 4194304, "events of the user, across queues, a callback" },
	{ "queues", queues, 1024, 4194304, "four queues in two contexts" },
	{ "printf", print, 8, 0, "printf in a kernel" },
	{ 0 }
};
