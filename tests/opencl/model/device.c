// SPDX-License-Identifier: MIT
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gputest.h"

#define VA_BASE		0x800000000ull	/* above the windows of shared and local memory */
#define FIRST		(16ull << 20)	/* below: what gt_sys() gives */
#define PAGE		4096ull
#define BOS		65536
#define CHID		5

#define GR_INTR		0x400100
#define GR_INTR_EN	0x40013c
#define PFIFO_RUNLIST	(1u << 30)	/* of PFIFO_INTR_0: no error */
#define GP_ENTRY_SYNC	(1u << 31)	/* wait for what is before, then fetch */

static struct gputest gt;
static struct gt_vm vm;
static struct gt_chan channel;
static int memory = -1;
static uint64_t next = FIRST;
static uint32_t serial;
static struct device_bo bos[BOS];	/* by handle; size 0: free */
static struct device_bo holes[BOS];	/* what was freed: offset and size */
static unsigned int handles = 1, nholes;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* The simulated system memory becomes a file's, so that clients can map it. */
static void start(void)
{
	const struct sim_config config = { .sysmem_bytes = DEVICE_BYTES };
	void *p;

	memory = memfd_create("gpu", MFD_CLOEXEC);
	if (memory < 0 || ftruncate(memory, DEVICE_BYTES))
		die("memory of the GPU");
	gt_create(&gt, &config);
	if (log_open(getenv("TU104_LOG"), 1u << LOG_GUEST_ERROR | 1u << LOG_UNIMPLEMENTED))
		die("TU104_LOG");
	p = sim_mem(gt.sim, 0, DEVICE_BYTES);
	if (mmap(p, DEVICE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory, 0) != p)
		die("memory of the GPU");
	gt_faults_on(&gt, 0);
	gt_faults_on(&gt, 1);
	gt_vm_new(&gt, &vm, false);
	gt_map_range(&vm, VA_BASE, DEVICE_BYTES, 21, 0, GT_SYS_RW);
	gt_chan_open(&gt, &channel, &vm, CHID, 0, CHID, 0);
	gt_wr(&gt, GR_INTR_EN, ~0u);
	gt_runlist(&gt, 0, (struct gt_chan *[]){ &channel }, 1);
}

int device_fd(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
	return memory;
}

uint64_t device_vram(void)
{
	const char *mib = getenv("TU104_VRAM");
	uint64_t bytes = mib ? strtoull(mib, NULL, 10) << 20 : DEVICE_BYTES / 2;

	if (!bytes || bytes > DEVICE_BYTES) {
		fprintf(stderr, "TU104_VRAM=%s: not 1 to %llu (MiB)\n", mib, DEVICE_BYTES >> 20);
		_exit(2);
	}
	return bytes;
}

uint64_t device_time(void)
{
	return gpu_time(sim_gpu(gt.sim));
}

/* A hole of just this size, else new memory; UINT64_MAX: none left. */
static uint64_t place(uint64_t size, uint64_t align)
{
	uint64_t offset = (next + align - 1) / align * align;

	for (unsigned int i = 0; i < nholes; i++) {
		uint64_t hole = holes[i].offset;

		if (holes[i].size != size || hole % align)
			continue;
		holes[i] = holes[--nholes];
		if (fallocate(memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole, size))
			die("zeroing memory of the GPU");
		return hole;
	}
	if (offset + size > DEVICE_BYTES)
		return UINT64_MAX;
	next = offset + size;
	return offset;
}

int device_bo_new(uint64_t size, uint64_t align, struct device_bo *bo)
{
	uint32_t handle = 1;

	if (!size || size > DEVICE_BYTES || align > DEVICE_BYTES)
		return -ENOMEM;
	while (handle < handles && bos[handle].size)
		handle++;
	if (handle == BOS)
		return -ENOMEM;
	size = (size + PAGE - 1) / PAGE * PAGE;
	bo->offset = place(size, align > PAGE ? align : PAGE);
	if (bo->offset == UINT64_MAX)
		return -ENOMEM;
	bo->handle = handle;
	bo->size = size;
	bo->va = VA_BASE + bo->offset;
	bos[handle] = *bo;
	if (handle == handles)
		handles++;
	return 0;
}

bool device_bo_find(uint32_t handle, struct device_bo *bo)
{
	if (!handle || handle >= handles || !bos[handle].size)
		return false;
	*bo = bos[handle];
	return true;
}

void device_bo_free(uint32_t handle)
{
	struct device_bo bo;

	if (!device_bo_find(handle, &bo))
		return;
	if (nholes < BOS)
		holes[nholes++] = bo;
	bos[handle].size = 0;
}

/* Until what was submitted is done, however long a kernel runs. */
static void wait_idle(void)
{
	uint32_t *done = channel.scratch + 0xff0 / 4;

	channel.pb_put = channel.pb_start = 0;
	gt_release(&channel, 0xff0, ++serial);
	gt_kick(&channel);
	while (!gt_wait32(done, serial, 20)) {
		uint32_t gr = gt_rd(&gt, GR_INTR);
		uint32_t fifo = gt_rd(&gt, GT_PFIFO_INTR_0) & ~PFIFO_RUNLIST;

		if (!gr && !fifo)
			continue;
		fflush(NULL);
		fprintf(stderr, "the GPU stopped: GR_INTR %#x, PFIFO_INTR %#x\n", gr, fifo);
		_exit(97);
	}
}

int device_submit(uint32_t handle, uint64_t offset, uint64_t bytes, bool no_prefetch)
{
	struct device_bo bo;
	uint64_t va;

	if (!device_bo_find(handle, &bo) || offset > bo.size || bytes > bo.size - offset)
		return -ENOENT;
	if (!bytes)
		return 0;
	va = bo.va + offset;
	gt_gp_entry(&channel, (uint32_t)va,
		    (uint32_t)(va >> 32) | (uint32_t)(bytes / 4) << 10 |
		    (no_prefetch ? GP_ENTRY_SYNC : 0));
	wait_idle();
	return 0;
}
