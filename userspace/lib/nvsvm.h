/* SPDX-License-Identifier: MIT */
/*
 * libnvsvm: run SM75 machine code on a nouveau GPU, on any memory of this
 * process.
 *
 * Objects are opaque. Functions that can fail return 0 or a negative errno.
 * A context and what is made from it belong to one thread at a time; different
 * contexts are independent.
 */
#ifndef NVSVM_H
#define NVSVM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NVSVM_API __attribute__((visibility("default")))

struct nvsvm_context;
struct nvsvm_kernel;
struct nvsvm_buffer;
struct nvsvm_module;

struct nvsvm_info {
	char driver[16];		/* "nouveau" */
	int version[3];
	uint32_t chipset;		/* 0x164 */
	uint16_t pci_vendor, pci_device;
	uint64_t vram_bytes, gart_bytes;
	uint32_t gpcs, sms;
	char path[64];			/* the render node */
};

/*
 * nvsvm_open - open a GPU and mirror this process on it
 * @path: a render node, or NULL for the first one that nouveau drives
 * @context: receives the context
 *
 * From here on every pointer of the process is a GPU pointer. The mirror is
 * that of the process that opens: a child after fork() must open its own.
 * -ENODEV: no such GPU. -ENOSYS: the driver has no SVM. Others from the driver.
 */
NVSVM_API int nvsvm_open(const char *path, struct nvsvm_context **context);
/* nvsvm_close - wait for nothing, free all; kernels and buffers go first. */
NVSVM_API void nvsvm_close(struct nvsvm_context *context);
NVSVM_API void nvsvm_get_info(struct nvsvm_context *context, struct nvsvm_info *info);
/* nvsvm_fd - the DRM file, for ioctls of one's own and /proc/self/fdinfo. */
NVSVM_API int nvsvm_fd(struct nvsvm_context *context);

/*
 * nvsvm_kernel_new - load machine code
 * @code: 128-bit instructions, four words each
 * @count: number of instructions, at least 1
 * @gprs: registers per thread; @shared, @local: bytes; @barriers: 0..16
 *
 * Calling convention: c[0x0][0x0..0x8] block size, c[0x0][0xc..0x14] grid
 * size, arguments from c[0x0][0x160] on (at most 1024 bytes).
 * -EINVAL: a value out of range. -ENOMEM.
 */
NVSVM_API int nvsvm_kernel_new(struct nvsvm_context *context, const uint32_t *code, size_t count,
			       unsigned int gprs, unsigned int shared, unsigned int local,
			       unsigned int barriers, struct nvsvm_kernel **kernel);
NVSVM_API void nvsvm_kernel_free(struct nvsvm_kernel *kernel);

/*
 * nvsvm_module_load - load an sm_75 cubin, as nvcc -cubin and ptxas write it
 * @image: the ELF file, copied
 * @error: receives a sentence when it fails; @error_bytes of room
 *
 * __device__ variables become memory of this process. -EINVAL: not such a
 * file, or one that needs what is not there (a runtime's functions, textures).
 */
NVSVM_API int nvsvm_module_load(struct nvsvm_context *context, const void *image, size_t bytes,
				struct nvsvm_module **module, char *error, size_t error_bytes);
/* nvsvm_module_free - -EBUSY while one of its kernels lives. */
NVSVM_API int nvsvm_module_free(struct nvsvm_module *module);
/* nvsvm_module_name - name of kernel @index, or NULL past the last. */
NVSVM_API const char *nvsvm_module_name(const struct nvsvm_module *module, unsigned int index);
/*
 * nvsvm_module_kernel - a kernel by name, to launch as any other
 * @stack: bytes per thread beyond what the file asks for; calls that recurse
 *	need it
 *
 * Threads see grid, block, windows and stack in bank 0 where CUDA has them.
 * -ENOENT: no such kernel.
 */
NVSVM_API int nvsvm_module_kernel(struct nvsvm_module *module, const char *name,
				  unsigned int stack, struct nvsvm_kernel **kernel, char *error,
				  size_t error_bytes);
/* nvsvm_module_variable - a __device__ variable. -ENOENT. */
NVSVM_API int nvsvm_module_variable(struct nvsvm_module *module, const char *name,
				    void **address, size_t *bytes);

struct nvsvm_parameter {
	uint32_t offset, size;		/* bytes, in the argument block */
};

/* nvsvm_kernel_parameters - fills up to @count of @list, returns how many there are. */
NVSVM_API unsigned int nvsvm_kernel_parameters(const struct nvsvm_kernel *kernel,
					       struct nvsvm_parameter *list, unsigned int count);
/* nvsvm_kernel_set_shared - dynamic shared memory of later launches. -EINVAL: too much. */
NVSVM_API int nvsvm_kernel_set_shared(struct nvsvm_kernel *kernel, unsigned int bytes);

/*
 * nvsvm_launch - queue a grid
 * @grid, @block: blocks, and threads per block (product at most 1024)
 * @args: copied; pointers in it are pointers of this process
 *
 * Launches of one context run in order. -ENODEV: an earlier kernel made an
 * access no memory answers, and the driver killed this context's channel.
 */
NVSVM_API int nvsvm_launch(struct nvsvm_kernel *kernel, const uint32_t grid[3],
			   const uint32_t block[3], const void *args, size_t args_bytes);
/*
 * nvsvm_wait - until everything launched so far is done
 *
 * -ENODEV when the channel was killed meanwhile: the results are not there.
 */
NVSVM_API int nvsvm_wait(struct nvsvm_context *context);
/*
 * nvsvm_reopen_channel - a fresh channel after a kill
 *
 * Kernels and buffers stay valid.
 */
NVSVM_API int nvsvm_reopen_channel(struct nvsvm_context *context);

enum nvsvm_target { NVSVM_TARGET_SYSTEM, NVSVM_TARGET_VRAM };

/*
 * nvsvm_migrate - move the pages of [address, address + bytes)
 * @moved: receives the pages that moved, or NULL
 *
 * Best effort: pages that cannot move stay and remain usable. Unaligned ranges
 * are widened to pages.
 */
NVSVM_API int nvsvm_migrate(struct nvsvm_context *context, const void *address, size_t bytes,
			    enum nvsvm_target target, uint64_t *moved);

/* What became of each page of a migration; they add up to the range. */
struct nvsvm_counts {
	uint64_t moved;			/* 4 KiB pages, as the others */
	uint64_t already;		/* were there */
	uint64_t absent;		/* nothing there, or swapped out */
	uint64_t file, hugetlb;		/* memory that never moves */
	uint64_t pinned;		/* something does DMA to it */
	uint64_t busy;			/* in use by the kernel: try again */
	uint64_t no_memory;		/* no VRAM, or no RAM */
	uint64_t advised;		/* advice says otherwise */
	uint64_t failed;		/* the copy engine failed */
};

/* nvsvm_migrate_counts - as nvsvm_migrate(), and say what became of the pages */
NVSVM_API int nvsvm_migrate_counts(struct nvsvm_context *context, const void *address,
				   size_t bytes, enum nvsvm_target target,
				   struct nvsvm_counts *counts);

struct nvsvm_migration;

/*
 * nvsvm_migrate_start - as nvsvm_migrate(), without waiting
 *
 * Migrations of a context are done in order, beside its launches. -EBUSY: too
 * many are waiting.
 */
NVSVM_API int nvsvm_migrate_start(struct nvsvm_context *context, const void *address,
				  size_t bytes, enum nvsvm_target target,
				  struct nvsvm_migration **migration);
/*
 * nvsvm_migration_wait - until it is done
 * @timeout_ms: at most so long
 * @counts: receives what became of the pages, or NULL
 *
 * -ETIME: not yet. Other errors are the migration's.
 */
NVSVM_API int nvsvm_migration_wait(struct nvsvm_migration *migration, unsigned int timeout_ms,
				   struct nvsvm_counts *counts);
/* nvsvm_migration_free - waits for it first. */
NVSVM_API void nvsvm_migration_free(struct nvsvm_migration *migration);

enum nvsvm_advice {
	NVSVM_ADVICE_PREFER_VRAM,	/* the GPU's first touch brings it there */
	NVSVM_ADVICE_PREFER_SYSTEM,	/* the GPU uses it where it is */
	NVSVM_ADVICE_PREFER_NONE,	/* the driver decides; also unpins */
	NVSVM_ADVICE_PIN_VRAM,		/* now, and again whenever the CPU took it home */
	NVSVM_ADVICE_PIN_SYSTEM,	/* now, and it stays */
	NVSVM_ADVICE_NO_MIGRATE,	/* value 1: leave it where it is; 0: no longer */
	NVSVM_ADVICE_GRANULARITY,	/* value: bytes served around a fault, 0: as usual */
	NVSVM_ADVICE_RESET,		/* no advice */
	NVSVM_ADVICE_READ_MOSTLY,	/* value 1: read by both sides; 0: no longer */
};

/*
 * nvsvm_advise - say where memory should be
 * @value: of those that have one, else 0
 * @pages: receives the pages it was about, or NULL
 *
 * Stays with the addresses until they are unmapped. -EINVAL: a wrong value.
 */
NVSVM_API int nvsvm_advise(struct nvsvm_context *context, const void *address, size_t bytes,
			   enum nvsvm_advice advice, uint64_t value, uint64_t *pages);

#define NVSVM_GRANULE 65536

struct nvsvm_granule {
	unsigned int system, vram;	/* pages that are there, of 16 */
	unsigned int mapped;		/* the GPU can access without a fault */
	unsigned int replica;		/* in RAM, with a copy in VRAM for the GPU */
	unsigned int heat;		/* faulted pages, halved every second */
	uint64_t faults;		/* faulted pages, ever */
	uint64_t last_ns;		/* CLOCK_MONOTONIC of the last fault, 0: never */
};

/*
 * nvsvm_query - where memory is, by 64 KiB
 * @address: of the first, rounded down to 64 KiB
 * @granules, @count: filled
 */
NVSVM_API int nvsvm_query(struct nvsvm_context *context, const void *address,
			  struct nvsvm_granule *granules, size_t count);

struct nvsvm_fault {
	uint64_t address;		/* to 4 KiB */
	uint64_t time_ns;		/* CLOCK_MONOTONIC */
	uint64_t gpu_ns;		/* nvsvm_gpu_time()'s clock */
	uint32_t channel;
	enum { NVSVM_FAULT_READ = 1, NVSVM_FAULT_WRITE, NVSVM_FAULT_ATOMIC } access;
	const char *cause;		/* in words, static */
	char client[24];		/* unit of the GPU, e.g. "GPC0 T1_2" */
};

/*
 * nvsvm_faults - accesses of this context that had to be refused
 * @faults, @room: filled with the oldest, which are forgotten by that
 * @lost: receives how many there were no room to remember, or NULL
 *
 * Returns how many, or a negative errno. Never waits.
 */
NVSVM_API int nvsvm_faults(struct nvsvm_context *context, struct nvsvm_fault *faults,
			   unsigned int room, uint64_t *lost);
/* nvsvm_faults_eventfd - signalled for each from now on; -1: no longer */
NVSVM_API int nvsvm_faults_eventfd(struct nvsvm_context *context, int fd);

/*
 * nvsvm_buffer_new - a buffer object, not mirrored memory
 * @vram: in VRAM, else in system memory
 */
NVSVM_API int nvsvm_buffer_new(struct nvsvm_context *context, size_t bytes, int vram,
			       struct nvsvm_buffer **buffer);
NVSVM_API void nvsvm_buffer_free(struct nvsvm_buffer *buffer);
NVSVM_API uint64_t nvsvm_buffer_address(const struct nvsvm_buffer *buffer);
/* nvsvm_buffer_map - CPU address, or NULL with errno; stays mapped. */
NVSVM_API void *nvsvm_buffer_map(struct nvsvm_buffer *buffer);

/*
 * nvsvm_copy - queue a copy by a copy engine
 *
 * Any two GPU addresses, mirrored memory included. Runs after the launches
 * queued before, before those queued after.
 */
NVSVM_API int nvsvm_copy(struct nvsvm_context *context, uint64_t dst, uint64_t src,
			 uint32_t bytes);

/* nvsvm_gpu_time - GPU nanoseconds, the clock of its timestamps. */
NVSVM_API int nvsvm_gpu_time(struct nvsvm_context *context, uint64_t *ns);

#ifdef __cplusplus
}
#endif

#endif
