// SPDX-License-Identifier: MIT
/* See nv_svm.h. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm.h>

#include <nvhw/class/clc3c0qmd.h>
#include <nvhw/class/clc46f.h>
#include <nvhw/class/clc5c0.h>
#include <nvhw/nv_field.h>

#include "nv_igt.h"
#include "nv_programs.h"
#include "nv_svm.h"

#define COMPUTE 1			/* subchannel */
#define HOLE_BYTES (4ull << 30)

/* Layout of nv->data: one launch at a time. */
#define DATA_QMD 0
#define DATA_BANK0 4096
#define DATA_CODE 8192
#define DATA_SCRATCH 16384
#define DATA_BYTES 32768
#define PARAMS 0x160

int __nv_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret && (errno == EINTR || errno == EAGAIN));
	return ret ? -errno : 0;
}

int __nv_open_gpu(unsigned int gpu)
{
	for (int minor = 128; minor < 192; minor++) {
		char path[32], name[16] = "";
		struct drm_version v = { .name = name, .name_len = sizeof(name) - 1 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/renderD%d", minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!__nv_ioctl(fd, DRM_IOCTL_VERSION, &v) && !strcmp(name, "nouveau") && !gpu--)
			return fd;
		close(fd);
	}
	return -ENODEV;
}

unsigned int nv_gpus(void)
{
	unsigned int n = 0;
	int fd;

	for (; (fd = __nv_open_gpu(n)) >= 0; n++)
		close(fd);
	return n;
}

int __nv_open_render(void)
{
	return __nv_open_gpu(0);
}

int nv_open_render(void)
{
	int fd = __nv_open_render();

	igt_assert_lte(0, fd);
	return fd;
}

/* Buffer objects */

int __nv_bo_init(int fd, struct nv_bo *bo, uint64_t size, uint32_t align, uint32_t domain)
{
	struct drm_nouveau_gem_new req = {
		.info = { .domain = domain, .size = size,
			  .tile_flags = NOUVEAU_GEM_TILE_NONCONTIG },
		.align = align,
	};
	int ret = __nv_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &req);

	memset(bo, 0, sizeof(*bo));
	if (ret)
		return ret;
	bo->fd = fd;
	bo->handle = req.info.handle;
	bo->size = req.info.size;
	bo->address = req.info.offset;
	bo->map_handle = req.info.map_handle;
	bo->map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       (off_t)bo->map_handle);
	if (bo->map == MAP_FAILED) {
		ret = -errno;
		bo->map = NULL;
		nv_bo_fini(bo);
	}
	return ret;
}

void nv_bo_init(int fd, struct nv_bo *bo, uint64_t size, uint32_t domain)
{
	igt_assert_eq(__nv_bo_init(fd, bo, size, 0, domain), 0);
}

void nv_bo_fini(struct nv_bo *bo)
{
	struct drm_gem_close req = { .handle = bo->handle };

	if (bo->map)
		munmap(bo->map, bo->size);
	if (bo->handle)
		__nv_ioctl(bo->fd, DRM_IOCTL_GEM_CLOSE, &req);
	memset(bo, 0, sizeof(*bo));
}

int __nv_bo_wait(struct nv_bo *bo)
{
	struct drm_nouveau_gem_cpu_prep req = {
		.handle = bo->handle, .flags = NOUVEAU_GEM_CPU_PREP_WRITE,
	};

	return __nv_ioctl(bo->fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &req);
}

/* Client */

int __nv_svm_init(struct nv *nv)
{
	struct drm_nouveau_svm_init req = { .unmanaged_size = HOLE_BYTES };

	for (uint64_t at = HOLE_BYTES; at < 1ull << 40 && !nv->hole; at += HOLE_BYTES) {
		void *p = mmap((void *)(uintptr_t)at, HOLE_BYTES, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
			       -1, 0);

		if (p != MAP_FAILED) {
			nv->hole = p;
			nv->hole_bytes = HOLE_BYTES;
		}
	}
	if (!nv->hole)
		return -ENOMEM;
	req.unmanaged_addr = (uintptr_t)nv->hole;
	return __nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_SVM_INIT, &req);
}

int __nv_channel_new(struct nv *nv)
{
	struct drm_nouveau_channel_alloc req = {
		.fb_ctxdma_handle = ~0u, .tt_ctxdma_handle = NOUVEAU_FIFO_ENGINE_GR,
	};
	const uint32_t gart = NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_MAPPABLE;
	const uint32_t windows[] = { 0, 0xfe000000u }, local[] = { 0, 0xff000000u };
	int ret = __nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &req);

	memset(&nv->push, 0, sizeof(nv->push));
	memset(&nv->data, 0, sizeof(nv->data));
	memset(&nv->fence, 0, sizeof(nv->fence));
	if (ret)
		return ret;
	nv->channel = req.channel;
	nv->sequence = 0;
	nv->words = 0;
	ret = __nv_bo_init(nv->fd, &nv->push, 16384, 0, gart);
	if (!ret)
		ret = __nv_bo_init(nv->fd, &nv->data, DATA_BYTES, 0, gart);
	if (!ret)
		ret = __nv_bo_init(nv->fd, &nv->fence, 4096, 0, gart);
	if (ret) {
		nv_channel_free(nv);
		return ret;
	}
	nv_put1(nv, COMPUTE, NVC46F_SET_OBJECT, TURING_COMPUTE_A);
	nv_put(nv, COMPUTE, NVC5C0_SET_SHADER_SHARED_MEMORY_WINDOW_A, windows, 2);
	nv_put(nv, COMPUTE, NVC5C0_SET_SHADER_LOCAL_MEMORY_WINDOW_A, local, 2);
	ret = __nv_submit(nv);
	return ret ? ret : __nv_wait(nv);
}

void nv_channel_free(struct nv *nv)
{
	struct drm_nouveau_channel_free req = { .channel = nv->channel };

	__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &req);
	nv_bo_fini(&nv->push);
	nv_bo_fini(&nv->data);
	nv_bo_fini(&nv->fence);
	nv->channel = -1;
}

void nv_init_gpu(struct nv *nv, unsigned int gpu)
{
	memset(nv, 0, sizeof(*nv));
	nv->channel = -1;
	nv->fd = __nv_open_gpu(gpu);
	igt_assert_lte(0, nv->fd);
	igt_assert_eq(__nv_svm_init(nv), 0);
	igt_assert_eq(__nv_channel_new(nv), 0);
}

void nv_init(struct nv *nv)
{
	nv_init_gpu(nv, 0);
}

void nv_fini(struct nv *nv)
{
	if (nv->channel >= 0)
		nv_channel_free(nv);
	close(nv->fd);
	if (nv->hole)
		munmap(nv->hole, nv->hole_bytes);
	memset(nv, 0, sizeof(*nv));
}

/* Submission */

void nv_put(struct nv *nv, unsigned int subchannel, unsigned int method, const uint32_t *data,
	    unsigned int n)
{
	uint32_t *p = nv->push.map;

	igt_assert_lt((nv->words + n + 1) * 4, nv->push.size);
	p[nv->words++] = 1u << 29 | n << 16 | subchannel << 13 | method >> 2;
	memcpy(p + nv->words, data, n * 4);
	nv->words += n;
}

void nv_put1(struct nv *nv, unsigned int subchannel, unsigned int method, uint32_t data)
{
	nv_put(nv, subchannel, method, &data, 1);
}

int __nv_submit(struct nv *nv)
{
	const struct nv_bo *used[] = { &nv->push, &nv->data, &nv->fence, nv->also };
	const unsigned int n = ARRAY_LEN(used) - !nv->also;
	struct drm_nouveau_gem_pushbuf_bo bos[ARRAY_LEN(used)];
	struct drm_nouveau_gem_pushbuf_push push = { 0 };
	struct drm_nouveau_gem_pushbuf req = {
		.channel = nv->channel, .nr_buffers = n,
		.buffers = (uintptr_t)bos, .nr_push = 1, .push = (uintptr_t)&push,
		.vram_available = nv->sync ? NOUVEAU_GEM_PUSHBUF_SYNC : 0,
	};
	const uint32_t release[] = {
		(uint32_t)nv->fence.address, (uint32_t)(nv->fence.address >> 32),
		nv->sequence + 1, 0,
		NV_DEF(NVC46F_SEM_EXECUTE_OPERATION, _RELEASE) |
		NV_DEF(NVC46F_SEM_EXECUTE_RELEASE_WFI, _EN),
	};
	int ret;

	nv_put(nv, COMPUTE, NVC46F_SEM_ADDR_LO, release, ARRAY_LEN(release));
	memset(bos, 0, sizeof(bos));
	for (unsigned int i = 0; i < n; i++) {
		uint32_t domain = used[i] == nv->also ? NOUVEAU_GEM_DOMAIN_VRAM :
							 NOUVEAU_GEM_DOMAIN_GART;

		bos[i].handle = used[i]->handle;
		bos[i].valid_domains = domain;
		bos[i].read_domains = domain;
		bos[i].write_domains = domain;
	}
	push.length = nv->words * 4;
	ret = __nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, &req);
	nv->words = 0;
	if (!ret)
		nv->sequence++;
	return ret;
}

int __nv_wait(struct nv *nv)
{
	int ret = __nv_bo_wait(&nv->fence);

	if (ret)
		return ret;
	return *(volatile uint32_t *)nv->fence.map == nv->sequence ? 0 : -ENODEV;
}

bool nv_is_busy(struct nv *nv)
{
	return *(volatile uint32_t *)nv->fence.map != nv->sequence;
}

static void fill_qmd(struct nv *nv, const struct nv_program *program, uint32_t blocks,
		     uint32_t threads)
{
	uint32_t *q = (uint32_t *)((char *)nv->data.map + DATA_QMD);
	uint64_t bank = nv->data.address + DATA_BANK0, code = nv->data.address + DATA_CODE;

	memset(q, 0, 256);
	NV_MW_SET(q, NVC3C0_QMDV02_02_SM_GLOBAL_CACHING_ENABLE, 1);
	NV_MW_DEF(q, NVC3C0_QMDV02_02_API_VISIBLE_CALL_LIMIT, _NO_CHECK);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_RASTER_WIDTH, blocks);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_RASTER_HEIGHT, 1);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_RASTER_DEPTH, 1);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_THREAD_DIMENSION0, threads);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_THREAD_DIMENSION1, 1);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CTA_THREAD_DIMENSION2, 1);
	NV_MW_SET(q, NVC3C0_QMDV02_02_SHARED_MEMORY_SIZE, (program->shared + 255) & ~255u);
	NV_MW_SET(q, NVC3C0_QMDV02_02_MIN_SM_CONFIG_SHARED_MEM_SIZE, 3);
	NV_MW_SET(q, NVC3C0_QMDV02_02_TARGET_SM_CONFIG_SHARED_MEM_SIZE, 3);
	NV_MW_SET(q, NVC3C0_QMDV02_02_MAX_SM_CONFIG_SHARED_MEM_SIZE, 0x19);
	NV_MW_SET(q, NVC3C0_QMDV02_02_QMD_VERSION, 2);
	NV_MW_SET(q, NVC3C0_QMDV02_02_QMD_MAJOR_VERSION, 2);
	NV_MW_SET(q, NVC3C0_QMDV02_02_REGISTER_COUNT_V, program->gprs < 4 ? 4 : program->gprs);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_VALID(0), 1);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_ADDR_LOWER(0), (uint32_t)bank);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_ADDR_UPPER(0), bank >> 32);
	NV_MW_SET(q, NVC3C0_QMDV02_02_CONSTANT_BUFFER_SIZE_SHIFTED4(0), 4096 >> 4);
	NV_MW_SET(q, NVC3C0_QMDV02_02_PROGRAM_ADDRESS_LOWER, (uint32_t)code);
	NV_MW_SET(q, NVC3C0_QMDV02_02_PROGRAM_ADDRESS_UPPER, code >> 32);
}

int __nv_launch(struct nv *nv, const struct nv_program *program, uint32_t blocks,
		uint32_t threads, const void *args, size_t args_bytes)
{
	char *data = nv->data.map;
	const uint32_t shape[] = { threads, 1, 1, blocks, 1, 1 };
	int ret;

	/* one launch's memory: the one before must be over */
	ret = __nv_wait(nv);
	if (ret)
		return ret;
	igt_assert_lte(DATA_CODE + program->count * 16, DATA_SCRATCH);
	memcpy(data + DATA_CODE, program->code, program->count * 16);
	memcpy(data + DATA_BANK0, shape, sizeof(shape));
	memcpy(data + DATA_BANK0 + PARAMS, args, args_bytes);
	fill_qmd(nv, program, blocks, threads);
	nv_put1(nv, COMPUTE, NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI,
		NV_DEF(NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI_INSTRUCTION, _TRUE) |
		NV_DEF(NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI_CONSTANT, _TRUE));
	nv_put1(nv, COMPUTE, NVC5C0_SEND_PCAS_A,
		(uint32_t)((nv->data.address + DATA_QMD) >> 8));
	nv_put1(nv, COMPUTE, NVC5C0_SEND_SIGNALING_PCAS_B,
		NV_DEF(NVC5C0_SEND_SIGNALING_PCAS_B_INVALIDATE, _TRUE) |
		NV_DEF(NVC5C0_SEND_SIGNALING_PCAS_B_SCHEDULE, _TRUE));
	return __nv_submit(nv);
}

int __nv_run(struct nv *nv, const struct nv_program *program, uint32_t blocks, uint32_t threads,
	     const void *args, size_t args_bytes)
{
	int ret = __nv_launch(nv, program, blocks, threads, args, args_bytes);

	return ret ? ret : __nv_wait(nv);
}

void nv_run(struct nv *nv, const struct nv_program *program, uint32_t blocks, uint32_t threads,
	    const void *args, size_t args_bytes)
{
	igt_assert_eq(__nv_run(nv, program, blocks, threads, args, args_bytes), 0);
}

/* What the tests do most */

static volatile uint32_t *scratch(struct nv *nv)
{
	return (volatile uint32_t *)((char *)nv->data.map + DATA_SCRATCH);
}

static uint64_t scratch_address(struct nv *nv)
{
	return nv->data.address + DATA_SCRATCH;
}

int __nv_store(struct nv *nv, void *pointer, uint32_t value)
{
	const struct { uint64_t p; uint32_t v; } args = { (uintptr_t)pointer, value };

	return __nv_run(nv, &nv_program_store, 1, 1, &args, 12);
}

void nv_store(struct nv *nv, void *pointer, uint32_t value)
{
	igt_assert_eq(__nv_store(nv, pointer, value), 0);
}

int __nv_load(struct nv *nv, const void *pointer, uint32_t *value)
{
	const uint64_t args[] = { (uintptr_t)pointer, scratch_address(nv) };
	int ret = __nv_run(nv, &nv_program_load, 1, 1, args, sizeof(args));

	*value = *scratch(nv);
	return ret;
}

uint32_t nv_load(struct nv *nv, const void *pointer)
{
	uint32_t value;

	igt_assert_eq(__nv_load(nv, pointer, &value), 0);
	return value;
}

int __nv_fill(struct nv *nv, void *pointer, uint32_t count, uint32_t stride, uint32_t value)
{
	const struct { uint64_t p; uint32_t n, stride, v; } args = {
		(uintptr_t)pointer, count, stride, value,
	};

	return __nv_run(nv, &nv_program_fill, (count + 127) / 128, 128, &args, 20);
}

void nv_fill(struct nv *nv, void *pointer, uint32_t count, uint32_t stride, uint32_t value)
{
	igt_assert_eq(__nv_fill(nv, pointer, count, stride, value), 0);
}

uint32_t nv_sum(struct nv *nv, const void *pointer, uint32_t count, uint32_t stride)
{
	const struct { uint64_t p; uint32_t n, stride; uint64_t out; } args = {
		(uintptr_t)pointer, count, stride, scratch_address(nv),
	};

	igt_assert_eq(__nv_wait(nv), 0);
	*scratch(nv) = 0;
	nv_run(nv, &nv_program_sum, (count + 127) / 128, 128, &args, sizeof(args));
	return *scratch(nv);
}

void nv_atomic_add(struct nv *nv, uint32_t *pointer, uint32_t value, uint32_t threads)
{
	const struct { uint64_t p; uint32_t v; } args = { (uintptr_t)pointer, value };

	igt_assert_lte(threads, 1024);
	nv_run(nv, &nv_program_atomic, 1, threads, &args, 12);
}

int __nv_migrate(struct nv *nv, const void *address, size_t bytes, bool to_vram,
		 uint64_t *result)
{
	struct drm_nouveau_svm_bind req = {
		.va_start = (uintptr_t)address,
		.va_end = (uintptr_t)address + bytes,
		.npages = (bytes + PAGE - 1) / PAGE,
	};
	int ret;

	req.header = (uint64_t)NOUVEAU_SVM_BIND_COMMAND__MIGRATE << NOUVEAU_SVM_BIND_COMMAND_SHIFT;
	if (to_vram)
		req.header |= (uint64_t)NOUVEAU_SVM_BIND_TARGET__GPU_VRAM <<
			      NOUVEAU_SVM_BIND_TARGET_SHIFT;
	ret = __nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req);
	if (result)
		*result = req.result;
	return ret;
}

uint64_t nv_migrate(struct nv *nv, const void *address, size_t bytes, bool to_vram)
{
	uint64_t result;

	igt_assert_eq(__nv_migrate(nv, address, bytes, to_vram, &result), 0);
	return result;
}

size_t nv_pages_in_vram(const void *address, size_t bytes)
{
	uintptr_t first = (uintptr_t)address / PAGE;
	size_t pages = ((uintptr_t)address + bytes + PAGE - 1) / PAGE - first, found = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry[512];

	igt_assert_lte(0, fd);
	for (size_t i = 0; i < pages; i += ARRAY_LEN(entry)) {
		size_t n = pages - i < ARRAY_LEN(entry) ? pages - i : ARRAY_LEN(entry);

		igt_assert_eq(pread(fd, entry, n * 8, (off_t)((first + i) * 8)), n * 8);
		/* not present but "swapped", in a guest without swap: on the device */
		for (size_t k = 0; k < n; k++)
			found += !(entry[k] >> 63) && (entry[k] >> 62 & 1);
	}
	close(fd);
	return found;
}

long long nv_counter(const char *name)
{
	char line[96];
	long long value = -1;
	glob_t found;
	FILE *f;

	if (glob("/sys/kernel/debug/dri/*/counters", 0, NULL, &found))
		return -1;
	f = fopen(found.gl_pathv[0], "r");
	globfree(&found);
	while (f && fgets(line, sizeof(line), f)) {
		char key[48];
		long long v;

		if (sscanf(line, "%47s %lld", key, &v) == 2 && !strcmp(key, name))
			value = v;
	}
	if (f)
		fclose(f);
	return value;
}

void *nv_anon(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	igt_assert(p != MAP_FAILED);
	return p;
}
