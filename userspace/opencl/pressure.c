// SPDX-License-Identifier: MIT
/*
 * Mode oversubscribed: video memory full of other pages, and buffers that want
 * some of it. A program that drove nothing out has tested nothing, so the driver's
 * count of evictions must grow; and that of pages moved in mode migrated.
 */
#include "cl.h"

#define PART		(4ul << 20)
#define PARTS		256

/* Blocks that no CPU has touched, moved to the device: all at first, then in turn. */
static void fill(struct cl *c)
{
	static void *part[PARTS];
	static unsigned int next, n;
	unsigned int moves = 1;
	cl_ulong vram = 0;

	if (!n) {
		clGetDeviceInfo(c->device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(vram), &vram, NULL);
		moves = n = vram / PART < PARTS ? vram / PART : PARTS;
	}
	while (moves--) {
		if (!part[next])
			part[next] = cl_untouched(PART);
		cl_place(c, part[next], PART);
		next = (next + 1) % n;
	}
	cl_ok(c, clFinish(c->queue), "finish");
}

/* Buffers until something had to go for them, and all of them back. */
static bool want_buffers(struct cl *c)
{
	enum { MOST = 64 };
	uint64_t evicted = cl_stats(c).evicted;
	uint32_t pattern = 0x12345678;
	cl_mem m[MOST];
	int n = 0;

	while (n < MOST && cl_stats(c).evicted == evicted) {
		cl_int err;

		m[n] = clCreateBuffer(c->context, CL_MEM_READ_WRITE, PART, NULL, &err);
		if (!cl_ok(c, err, "clCreateBuffer"))
			break;
		cl_ok(c, clEnqueueFillBuffer(c->queue, m[n++], &pattern, sizeof(pattern), 0, 4096, 0,
					     NULL, NULL), "fill");
		cl_ok(c, clFinish(c->queue), "finish");
	}
	while (n)
		clReleaseMemObject(m[--n]);
	return cl_stats(c).evicted != evicted;
}

void cl_fill_device(struct cl *c)
{
	fill(c);
	if (!want_buffers(c))
		cl_fail(c, "video memory was full, and nothing was evicted");
}

/* Half: what malloc hands out again may be on the device still. */
static void check_placed(struct cl *c)
{
	uint64_t moved;

	cl_ok(c, clFinish(c->queue), "finish");
	moved = cl_stats(c).to_vram - c->to_vram;
	if (moved < (c->placed + 1) / 2)
		cl_fail(c, "%llu pages of %llu were moved to the device",
			(unsigned long long)moved, (unsigned long long)c->placed);
}

void cl_before_launch(struct cl *c)
{
	if (c->launched)
		return;
	c->launched = true;
	if (c->mode == CL_MIGRATED)
		check_placed(c);
	if (c->mode == CL_OVERSUBSCRIBED && !want_buffers(c))
		cl_fail(c, "nothing was driven out while the program's pages were there");
}
