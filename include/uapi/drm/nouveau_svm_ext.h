/* SPDX-License-Identifier: MIT */
/*
 * What this driver has beyond the kernel's own nouveau: SVM_BIND with counts,
 * without waiting and with advice, where memory is, the fault log. Part of
 * nouveau_drm.h, which includes it and whose rules hold here.
 */
#ifndef __NOUVEAU_SVM_EXT_H__
#define __NOUVEAU_SVM_EXT_H__

/* Command numbers, relative to DRM_COMMAND_BASE. */
#define DRM_NOUVEAU_SVM_QUERY		0x50
#define DRM_NOUVEAU_FAULT_LOG		0x51

/* ---- SVM_BIND ------------------------------------------------------------ */

/* Bit of the header, only with MIGRATE. */
#define NOUVEAU_SVM_BIND_EXT			(1ULL << 48)

/* Why a page was not moved; index of &drm_nouveau_svm_bind_ext.skipped. */
#define NOUVEAU_SVM_SKIP_ABSENT		0	/* nothing there, or swapped out */
#define NOUVEAU_SVM_SKIP_FILE		1	/* page cache, shared memory */
#define NOUVEAU_SVM_SKIP_HUGETLB	2
#define NOUVEAU_SVM_SKIP_PINNED		3	/* something does DMA to it */
#define NOUVEAU_SVM_SKIP_BUSY		4	/* in use by the kernel at the moment */
#define NOUVEAU_SVM_SKIP_NO_MEMORY	5	/* no VRAM, or no RAM */
#define NOUVEAU_SVM_SKIP_POLICY		6	/* advice says otherwise */
#define NOUVEAU_SVM_SKIP_FAILED		7	/* the copy engine failed */
#define NOUVEAU_SVM_SKIP_REASONS	8

/* Most asynchronous SVM_BINDs of a file that may be waiting. */
#define NOUVEAU_SVM_BIND_ASYNC_MAX	64

/**
 * struct drm_nouveau_svm_bind_ext - MIGRATE: counts, and without waiting
 *
 * @moved, @already and all of @skipped add up to the pages of the range. The
 * outputs are written when the ioctl returns, unless it fails with EINVAL,
 * ENOENT, EBUSY, EPERM or EFAULT.
 *
 * With NOUVEAU_SVM_BIND_EXT_ASYNC the ioctl returns at once, the work of a file
 * is done in order by a worker of its own, and the outputs are written just
 * before @syncobj signals: the structure must live until then. Migration waits
 * for locks of the process and for memory, so there is no fence while it is
 * under way: a binary syncobj is empty and a timeline has no such point until
 * the work is done. Wait with DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT. The fence
 * that appears is signalled and carries the error, as @status does.
 *
 * EINVAL: unknown flag, @syncobj or @point without ASYNC, ASYNC without
 * @syncobj, reserved members not zero. ENOENT: no such syncobj. EBUSY: too many
 * are waiting. Errors of the work: EIO, ENOMEM, ESRCH (the process has ended),
 * ENODEV (device gone), ECANCELED (the file was closed).
 */
struct drm_nouveau_svm_bind_ext {
#define NOUVEAU_SVM_BIND_EXT_ASYNC	(1 << 0)
	/** @flags: in, NOUVEAU_SVM_BIND_EXT_* */
	__u32 flags;
	/** @syncobj: in, handle, signalled when it is done; ASYNC only */
	__u32 syncobj;
	/** @point: in, point of a timeline syncobj; 0: it is a binary one */
	__u64 point;
	/** @status: out, 0 or a negative errno; -EINPROGRESS while it is waiting */
	__s32 status;
	/** @pad: in, 0 */
	__u32 pad;
	/** @moved: out, 4 KiB pages that moved */
	__u64 moved;
	/** @already: out, pages that were at the target */
	__u64 already;
	/** @skipped: out, pages that stayed, by NOUVEAU_SVM_SKIP_* */
	__u64 skipped[NOUVEAU_SVM_SKIP_REASONS];
	/** @reserved: in, 0 */
	__u64 reserved[2];
};

/*
 * Advice: further commands of SVM_BIND, with an operand in place of the target.
 * It says where pages should be and never whether an access works. @result is
 * the pages of the range that are mapped by the process, whatever with; holes
 * are passed over, and what is mapped there later has no advice.
 *
 * Advice stays with its addresses when mprotect() or mlock() split the mapping,
 * and is gone after munmap(), mremap() or a mapping over it. A forked child has
 * none. It costs 1/4096 of the memory it is about.
 *
 * EINVAL: a wrong operand, or NOUVEAU_SVM_BIND_EXT. ENOMEM: the first pages of
 * the range may have it. Others as MIGRATE.
 */

/*
 * Preferred location; operand TARGET__GPU_VRAM, TARGET__SYSTEM or TARGET__NONE.
 * In VRAM: the first touch by the GPU brings it, whatever kind. In system memory:
 * the GPU uses it there, except for atomics. Moves nothing by itself.
 */
#define NOUVEAU_SVM_BIND_COMMAND__PREFER	0x80
#define NOUVEAU_SVM_BIND_TARGET__NONE		1UL
/*
 * Preferred and pinned there; operand as PREFER's. Moves it there now, and MIGRATE
 * does not move it away. What is pinned in VRAM still comes home when the CPU
 * touches it, as it must, or when VRAM runs out, and goes back when the GPU does,
 * however often. PREFER unpins.
 */
#define NOUVEAU_SVM_BIND_COMMAND__PIN		0x81
/* Operand 1: leave it where it is, MIGRATE too; 0: no longer. */
#define NOUVEAU_SVM_BIND_COMMAND__NO_MIGRATE	0x82
/*
 * What is served around a page that faults, instead of what the driver guesses;
 * operand: bytes, a power of two from 4 KiB to 2 MiB, 0: the driver's guess.
 */
#define NOUVEAU_SVM_BIND_COMMAND__GRANULARITY	0x83
/*
 * Operand 1: read by CPU and GPU, hardly ever written; 0: no longer. Reads of the GPU
 * do not move it. Where nobody can write to a page without the driver being told first
 * the GPU reads a copy in VRAM, which is gone before a write by whoever it is can be
 * seen. That is so for private anonymous pages that fork() or KSM made shared: see
 * Documentation/uapi.md. All other pages are read where they are.
 */
#define NOUVEAU_SVM_BIND_COMMAND__READ_MOSTLY	0x85
/* No advice; operand 0. */
#define NOUVEAU_SVM_BIND_COMMAND__RESET		0x84

/* ---- SVM_QUERY ------------------------------------------------------------ */

/* Bytes of a struct drm_nouveau_svm_granule's range. */
#define NOUVEAU_SVM_GRANULE_BYTES	0x10000

/**
 * struct drm_nouveau_svm_granule - where 64 KiB of the process are
 */
struct drm_nouveau_svm_granule {
#define NOUVEAU_SVM_STATE_ABSENT	0	/* nothing there, or swapped out */
#define NOUVEAU_SVM_STATE_SYSTEM	1	/* all that is there is in RAM */
#define NOUVEAU_SVM_STATE_VRAM		2	/* all that is there is in VRAM */
#define NOUVEAU_SVM_STATE_MIXED		3	/* some of it here, some there */
	/** @state: out, NOUVEAU_SVM_STATE_* */
	__u8 state;
	/** @system: out, pages in RAM, 0 to 16 */
	__u8 system;
	/** @vram: out, pages in VRAM, 0 to 16; a replica does not count */
	__u8 vram;
	/** @mapped: out, pages the GPU can access without a fault, 0 to 16 */
	__u8 mapped;
	/** @heat: out, faulted pages, halved every second (a knob in debugfs), at most 65535 */
	__u16 heat;
	/** @replica: out, pages in RAM of which the GPU has a copy in VRAM mapped, 0 to 16 */
	__u8 replica;
	/** @pad: out, 0 */
	__u8 pad;
	/** @faults: out, pages that faulted since SVM_INIT, wraps */
	__u64 faults;
	/** @last: out, CLOCK_MONOTONIC of the last fault, ns; 0: never */
	__u64 last;
};

/**
 * struct drm_nouveau_svm_query - where memory of the process is
 *
 * A snapshot, for every process about itself. Never changes anything.
 *
 * EINVAL: unaligned or empty range, @va_end beyond user addresses, flags or pad
 * not zero, no SVM_INIT on this file. EPERM: not the process that called
 * SVM_INIT. ENOMEM. EBUSY: the process changes the range faster than it can be
 * looked at; @count says how many entries are good.
 */
struct drm_nouveau_svm_query {
	/** @va_start: in, first byte, a multiple of 64 KiB */
	__u64 va_start;
	/** @va_end: in, last byte + 1, a multiple of 64 KiB */
	__u64 va_end;
	/** @entries: in, pointer to struct drm_nouveau_svm_granule[] */
	__u64 entries;
	/** @count: in, room in @entries; out, entries filled, from @va_start on */
	__u32 count;
	/** @flags: in, 0 */
	__u32 flags;
};

/* ---- FAULT_LOG ------------------------------------------------------------ */

/**
 * struct drm_nouveau_fault_entry - a GPU access that had to be refused
 */
struct drm_nouveau_fault_entry {
	/** @va: out, address, to 4 KiB */
	__u64 va;
	/** @time: out, CLOCK_MONOTONIC, ns */
	__u64 time;
	/** @gpu_time: out, the GPU's clock at the fault, ns (NOUVEAU_GETPARAM_PTIMER_TIME) */
	__u64 gpu_time;
	/** @channel: out, id from CHANNEL_ALLOC */
	__u32 channel;
#define NOUVEAU_FAULT_ACCESS_READ	1
#define NOUVEAU_FAULT_ACCESS_WRITE	2
#define NOUVEAU_FAULT_ACCESS_ATOMIC	3
	/** @access: out, NOUVEAU_FAULT_ACCESS_* */
	__u8 access;
#define NOUVEAU_FAULT_CAUSE_NO_MEMORY	0	/* nothing there that the GPU may read */
#define NOUVEAU_FAULT_CAUSE_READ_ONLY	1	/* readable, not writable */
#define NOUVEAU_FAULT_CAUSE_HARDWARE	2	/* not a miss: @type says what */
	/** @cause: out, NOUVEAU_FAULT_CAUSE_* */
	__u8 cause;
#define NOUVEAU_FAULT_ACTION_CANCELLED	0	/* access cancelled, channel killed */
#define NOUVEAU_FAULT_ACTION_KILLED	1	/* channel killed */
	/** @action: out, NOUVEAU_FAULT_ACTION_* */
	__u8 action;
	/** @type: out, the hardware's own number, NV_PFAULT_FAULT_TYPE_* */
	__u8 type;
	/** @engine: out, the hardware's number of the engine, NV_PFAULT_MMU_ENG_ID_* */
	__u16 engine;
	/** @unit: out, the hardware's number of the client, NV_PFAULT_CLIENT_* */
	__u8 unit;
	/** @gpc: out, graphics cluster the client is in; 0xff: the hub */
	__u8 gpc;
	/** @reserved: out, 0 */
	__u32 reserved;
	/** @client: out, name of the client, ends with a 0 */
	char client[24];
};

/* Entries a file's log holds; of more, the oldest are lost. */
#define NOUVEAU_FAULT_LOG_ENTRIES	64

/**
 * struct drm_nouveau_fault_log - read the fault log of this file
 *
 * Takes the oldest entries out of the log, as many as there is room for. With
 * SET_EVENTFD an eventfd is signalled for each entry that is added from now on;
 * there is one of them, and -1 removes it. Never waits.
 *
 * EINVAL: unknown flag, @eventfd not 0 without SET_EVENTFD, pad not 0. EBADF or
 * EINVAL: not an eventfd.
 */
struct drm_nouveau_fault_log {
	/** @entries: in, pointer to struct drm_nouveau_fault_entry[] */
	__u64 entries;
	/** @count: in, room in @entries; out, entries filled */
	__u32 count;
#define NOUVEAU_FAULT_LOG_SET_EVENTFD	(1 << 0)
	/** @flags: in, NOUVEAU_FAULT_LOG_* */
	__u32 flags;
	/** @eventfd: in, file descriptor or -1, with SET_EVENTFD; else 0 */
	__s32 eventfd;
	/** @left: out, entries still in the log */
	__u32 left;
	/** @lost: out, entries lost since the last call */
	__u64 lost;
};

#define DRM_IOCTL_NOUVEAU_SVM_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_SVM_QUERY, struct drm_nouveau_svm_query)
#define DRM_IOCTL_NOUVEAU_FAULT_LOG \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_FAULT_LOG, struct drm_nouveau_fault_log)

#endif /* __NOUVEAU_SVM_EXT_H__ */
