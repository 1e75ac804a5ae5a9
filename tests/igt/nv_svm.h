/* SPDX-License-Identifier: MIT */
/*
 * A client of the driver for the tests: the uAPI and nothing else, so that no
 * library bug can hide a driver bug. Each verb asserts; its __twin returns
 * -errno instead.
 */
#ifndef NV_SVM_H
#define NV_SVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/nouveau_drm.h>

#define PAGE 4096ull
#define BLOCK (2ull << 20)

struct nv_bo {
	int fd;
	uint32_t handle;
	uint64_t size, address, map_handle;
	void *map;
};

/* One client: a file, SVM on, one channel, one of everything a launch needs. */
struct nv {
	int fd;
	void *hole;
	size_t hole_bytes;
	int32_t channel;
	struct nv_bo push, data, fence;
	uint32_t sequence;
	unsigned int words;
	bool sync;			/* submissions wait, and say how it went */
	const struct nv_bo *also;	/* in VRAM, listed by submissions too; may be NULL */
};

/* Program words assembled at build time. */
struct nv_program {
	const uint32_t *code;
	unsigned int count, gprs, shared;
};

int nv_open_render(void);			/* asserts; the file only */
int __nv_open_render(void);
int __nv_ioctl(int fd, unsigned long request, void *arg);

/* GPUs of ours in this machine, and the file of the n-th. */
unsigned int nv_gpus(void);
int __nv_open_gpu(unsigned int gpu);

/* File, hole, SVM, channel. */
void nv_init(struct nv *nv);
void nv_init_gpu(struct nv *nv, unsigned int gpu);
void nv_fini(struct nv *nv);
/* Reserve a hole and SVM_INIT on an open file. */
int __nv_svm_init(struct nv *nv);
/* A channel with its memory on a file that has SVM (or not). */
int __nv_channel_new(struct nv *nv);
void nv_channel_free(struct nv *nv);

void nv_bo_init(int fd, struct nv_bo *bo, uint64_t size, uint32_t domain);
int __nv_bo_init(int fd, struct nv_bo *bo, uint64_t size, uint32_t align, uint32_t domain);
void nv_bo_fini(struct nv_bo *bo);
int __nv_bo_wait(struct nv_bo *bo);

/* Methods into the current push; n data words to consecutive methods. */
void nv_put(struct nv *nv, unsigned int subchannel, unsigned int method, const uint32_t *data,
	    unsigned int n);
void nv_put1(struct nv *nv, unsigned int subchannel, unsigned int method, uint32_t data);
/* Submit what was put, with a semaphore behind it. */
int __nv_submit(struct nv *nv);
/* 0 when it ran, -ENODEV when the channel was killed before the end. */
int __nv_wait(struct nv *nv);
/* Whether what was submitted is still on its way. */
bool nv_is_busy(struct nv *nv);

/* Queue @program: @blocks of @threads, arguments at c[0x0][0x160]. */
int __nv_launch(struct nv *nv, const struct nv_program *program, uint32_t blocks,
		uint32_t threads, const void *args, size_t args_bytes);
/* Launch and wait, both must work. */
void nv_run(struct nv *nv, const struct nv_program *program, uint32_t blocks, uint32_t threads,
	    const void *args, size_t args_bytes);
int __nv_run(struct nv *nv, const struct nv_program *program, uint32_t blocks, uint32_t threads,
	     const void *args, size_t args_bytes);

/* What the tests do most. The GPU stores @value at @pointer (32 bits). */
int __nv_store(struct nv *nv, void *pointer, uint32_t value);
void nv_store(struct nv *nv, void *pointer, uint32_t value);
/* The GPU loads 32 bits. */
int __nv_load(struct nv *nv, const void *pointer, uint32_t *value);
uint32_t nv_load(struct nv *nv, const void *pointer);
/* pointer[i * stride] = value + i, or += for the adding one, for i < count. */
void nv_fill(struct nv *nv, void *pointer, uint32_t count, uint32_t stride, uint32_t value);
int __nv_fill(struct nv *nv, void *pointer, uint32_t count, uint32_t stride, uint32_t value);
/* sum of pointer[i * stride], i < count. */
uint32_t nv_sum(struct nv *nv, const void *pointer, uint32_t count, uint32_t stride);
/* atomically add @value to *pointer from @threads threads. */
void nv_atomic_add(struct nv *nv, uint32_t *pointer, uint32_t value, uint32_t threads);

/* SVM_BIND MIGRATE; *result as the driver gives it. */
int __nv_migrate(struct nv *nv, const void *address, size_t bytes, bool to_vram,
		 uint64_t *result);
uint64_t nv_migrate(struct nv *nv, const void *address, size_t bytes, bool to_vram);
/* Pages of the range in device memory, by /proc/self/pagemap. */
size_t nv_pages_in_vram(const void *address, size_t bytes);

/* A driver counter by its debugfs name; -1 when it cannot be read. */
long long nv_counter(const char *name);

/* Page-aligned private anonymous memory, untouched. */
void *nv_anon(size_t bytes);

#endif
