/* SPDX-License-Identifier: MIT */
/*
 * User interface of the nouveau DRM driver.
 *
 * Binary compatible with the kernel's own nouveau: names, numbers, layouts and
 * meanings are the same, so that an unmodified Mesa works. Rules by which this
 * file may change:
 *
 *  1. A number, a layout or the meaning of a value is never changed once it is
 *     here, and never made different from the kernel's own driver.
 *  2. A structure grows at its end only. drm core zero-fills what an older
 *     program does not pass and drops what an older driver does not know, so
 *     zero always means "as before".
 *  3. Members named pad or reserved must be zero on input unless their comment
 *     says otherwise; so must unknown flag bits. The answer is EINVAL.
 *  4. What cannot be discovered by an EINVAL gets a NOUVEAU_GETPARAM or a new
 *     minor version.
 *  5. What the kernel's own driver does not have is marked "extension". It uses
 *     bits and members that are reserved there, SVM_BIND commands from 0x80 on,
 *     and ioctl numbers from 0x50 on, above that driver's highest. All of it is
 *     in nouveau_svm_ext.h.
 *
 * All addresses are in bytes. "GPU address" is an address in the client's
 * address space on the GPU; every open file has its own. ioctls return 0 or -1
 * with errno set; besides those named below, EFAULT (bad pointer), EINTR
 * (signal; restart) and ENODEV (device gone) are always possible.
 */
#ifndef __NOUVEAU_DRM_H__
#define __NOUVEAU_DRM_H__

#if defined(__KERNEL__)
#include <drm/drm.h>
#else
#include "drm.h"	/* libdrm's; pkg-config libdrm gives the path */
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/*
 * Command numbers, relative to DRM_COMMAND_BASE. Numbers of the kernel's own
 * driver that are not implemented here answer EINVAL: SETPARAM, GROBJ_ALLOC,
 * NOTIFIEROBJ_ALLOC, GPUOBJ_FREE (long deprecated), VM_INIT, VM_BIND, EXEC,
 * GET_ZCULL_INFO.
 */
#define DRM_NOUVEAU_GETPARAM		0x00
#define DRM_NOUVEAU_SETPARAM		0x01	/* not implemented */
#define DRM_NOUVEAU_CHANNEL_ALLOC	0x02
#define DRM_NOUVEAU_CHANNEL_FREE	0x03
#define DRM_NOUVEAU_GROBJ_ALLOC		0x04	/* not implemented */
#define DRM_NOUVEAU_NOTIFIEROBJ_ALLOC	0x05	/* not implemented */
#define DRM_NOUVEAU_GPUOBJ_FREE		0x06	/* not implemented */
#define DRM_NOUVEAU_NVIF		0x07
#define DRM_NOUVEAU_SVM_INIT		0x08
#define DRM_NOUVEAU_SVM_BIND		0x09
#define DRM_NOUVEAU_VM_INIT		0x10	/* not implemented */
#define DRM_NOUVEAU_VM_BIND		0x11	/* not implemented */
#define DRM_NOUVEAU_EXEC		0x12	/* not implemented */
#define DRM_NOUVEAU_GET_ZCULL_INFO	0x13	/* not implemented */
#define DRM_NOUVEAU_GEM_NEW		0x40
#define DRM_NOUVEAU_GEM_PUSHBUF		0x41
#define DRM_NOUVEAU_GEM_CPU_PREP	0x42
#define DRM_NOUVEAU_GEM_CPU_FINI	0x43
#define DRM_NOUVEAU_GEM_INFO		0x44

/* ---- GETPARAM ---------------------------------------------------------- */

#define NOUVEAU_GETPARAM_PCI_VENDOR	3	/* PCI vendor id */
#define NOUVEAU_GETPARAM_PCI_DEVICE	4	/* PCI device id */
#define NOUVEAU_GETPARAM_BUS_TYPE	5	/* 0 AGP, 1 PCI, 2 PCI Express, 3 on-chip */
#define NOUVEAU_GETPARAM_FB_SIZE	8	/* VRAM for buffer objects, bytes */
#define NOUVEAU_GETPARAM_AGP_SIZE	9	/* system memory for buffer objects, bytes */
#define NOUVEAU_GETPARAM_CHIPSET_ID	11	/* 0x164 for TU104 */
#define NOUVEAU_GETPARAM_VM_VRAM_BASE	12	/* 0 */
#define NOUVEAU_GETPARAM_GRAPH_UNITS	13	/* GPCs in bits 7:0, TPCs in 23:8 */
#define NOUVEAU_GETPARAM_PTIMER_TIME	14	/* GPU clock, ns */
#define NOUVEAU_GETPARAM_HAS_BO_USAGE	15	/* 1: valid_domains may name read-only use */
#define NOUVEAU_GETPARAM_HAS_PAGEFLIP	16	/* 0: no display */
#define NOUVEAU_GETPARAM_EXEC_PUSH_MAX	17	/* pushes one submission may have */
#define NOUVEAU_GETPARAM_VRAM_BAR_SIZE	18	/* VRAM the CPU can reach through BAR1, bytes */
#define NOUVEAU_GETPARAM_VRAM_USED	19	/* VRAM in use, bytes */
#define NOUVEAU_GETPARAM_HAS_VMA_TILEMODE 20	/* not implemented: EINVAL */

/**
 * struct drm_nouveau_getparam - ask for one property of the device
 *
 * EINVAL: unknown @param.
 */
struct drm_nouveau_getparam {
	/** @param: in, NOUVEAU_GETPARAM_* */
	__u64 param;
	/** @value: out */
	__u64 value;
};

/* ---- channels ---------------------------------------------------------- */

/* Engine masks for &drm_nouveau_channel_alloc.tt_ctxdma_handle. */
#define NOUVEAU_FIFO_ENGINE_GR		0x01	/* 3D, compute, inline-to-memory, 2D, copy */
#define NOUVEAU_FIFO_ENGINE_VP		0x02	/* not on this GPU */
#define NOUVEAU_FIFO_ENGINE_PPP		0x04	/* not on this GPU */
#define NOUVEAU_FIFO_ENGINE_BSP		0x08	/* not on this GPU */
#define NOUVEAU_FIFO_ENGINE_CE		0x30	/* either bit: a dedicated copy engine */
#define NOUVEAU_FIFO_ENGINE_NVDEC	0x300	/* not on this GPU */

/**
 * struct drm_nouveau_channel_alloc - make a channel: a queue of methods
 *
 * Subchannels are fixed: 0 3D, 1 compute, 2 inline-to-memory, 3 2D, 4 copy; on
 * a copy channel every subchannel is the copy engine. A copy object is bound to
 * subchannel 4 from the start.
 *
 * EINVAL: an engine mask this GPU has no engine for. ENOSPC: no channel left.
 * ENOMEM.
 */
struct drm_nouveau_channel_alloc {
	/** @fb_ctxdma_handle: in, ~0: @tt_ctxdma_handle is an engine mask; else ignored */
	__u32 fb_ctxdma_handle;
	/** @tt_ctxdma_handle: in, NOUVEAU_FIFO_ENGINE_* mask, one engine; 0 means GR */
	__u32 tt_ctxdma_handle;
	/** @channel: out, id for the other ioctls, unique on the device */
	__s32 channel;
	/** @pushbuf_domains: out, NOUVEAU_GEM_DOMAIN_* where command buffers may live */
	__u32 pushbuf_domains;
	/** @notifier_handle: out, 0: there is no notifier memory */
	__u32 notifier_handle;
	/** @subchan: out, unused; zero */
	struct {
		/** @subchan.handle: zero */
		__u32 handle;
		/** @subchan.grclass: zero */
		__u32 grclass;
	} subchan[8];
	/** @nr_subchan: out, valid entries of @subchan: 0 */
	__u32 nr_subchan;
};

/**
 * struct drm_nouveau_channel_free - free a channel and the objects on it
 *
 * Jobs in flight get two seconds to finish; after that the channel is killed.
 * ENOENT: no such channel in this file.
 */
struct drm_nouveau_channel_free {
	/** @channel: in, id from CHANNEL_ALLOC */
	__s32 channel;
};

/* ---- buffer objects ---------------------------------------------------- */

#define NOUVEAU_GEM_DOMAIN_CPU		(1 << 0)	/* ignored */
#define NOUVEAU_GEM_DOMAIN_VRAM		(1 << 1)
#define NOUVEAU_GEM_DOMAIN_GART		(1 << 2)	/* system memory */
#define NOUVEAU_GEM_DOMAIN_MAPPABLE	(1 << 3)	/* the CPU will map it */
#define NOUVEAU_GEM_DOMAIN_COHERENT	(1 << 4)	/* always so here */
#define NOUVEAU_GEM_DOMAIN_NO_SHARE	(1 << 5)	/* never exported */

#define NOUVEAU_GEM_TILE_COMP		0x00030000	/* ignored on this GPU */
#define NOUVEAU_GEM_TILE_LAYOUT_MASK	0x0000ff00	/* page kind of the mapping */
#define NOUVEAU_GEM_TILE_16BPP		0x00000001	/* ignored */
#define NOUVEAU_GEM_TILE_32BPP		0x00000002	/* ignored */
#define NOUVEAU_GEM_TILE_ZETA		0x00000004	/* ignored */
#define NOUVEAU_GEM_TILE_NONCONTIG	0x00000008	/* need not be contiguous in VRAM; a hint */

/**
 * struct drm_nouveau_gem_info - what there is to know about a buffer object
 *
 * GEM_INFO fills all but @handle. ENOENT: no such handle.
 */
struct drm_nouveau_gem_info {
	/** @handle: GEM_INFO: in. GEM_NEW: out, at least 1 */
	__u32 handle;
	/** @domain: NOUVEAU_GEM_DOMAIN_* mask; GEM_NEW: in and out */
	__u32 domain;
	/** @size: bytes; GEM_NEW: in, and out rounded up to pages */
	__u64 size;
	/** @offset: out, GPU address in this file; never changes */
	__u64 offset;
	/** @map_handle: out, offset to mmap() the device file at */
	__u64 map_handle;
	/** @tile_mode: GEM_NEW: in; kept for the client */
	__u32 tile_mode;
	/** @tile_flags: NOUVEAU_GEM_TILE_*; GEM_NEW: in; kept for the client */
	__u32 tile_flags;
};

/**
 * struct drm_nouveau_gem_new - make a buffer object, zeroed, at a GPU address
 *
 * EINVAL: size 0, alignment no power of two, no or unknown domain, unknown page
 * kind. ENOMEM; ENOSPC: no GPU address space left.
 */
struct drm_nouveau_gem_new {
	/** @info: in and out */
	struct drm_nouveau_gem_info info;
	/** @channel_hint: in, ignored */
	__u32 channel_hint;
	/** @align: in, bytes, power of two; 0 means a page */
	__u32 align;
};

/* ---- submission -------------------------------------------------------- */

#define NOUVEAU_GEM_MAX_BUFFERS		1024	/* most entries of buffers[] */
#define NOUVEAU_GEM_MAX_RELOCS		1024	/* most entries of relocs[] */
#define NOUVEAU_GEM_MAX_PUSH		512	/* most entries of push[] */

/**
 * struct drm_nouveau_gem_pushbuf_bo_presumed - where the client thinks it is
 *
 * Buffer objects never move in GPU address space, so this is neither read nor
 * written.
 */
struct drm_nouveau_gem_pushbuf_bo_presumed {
	/** @valid: ignored */
	__u32 valid;
	/** @domain: ignored */
	__u32 domain;
	/** @offset: ignored */
	__u64 offset;
};

/**
 * struct drm_nouveau_gem_pushbuf_bo - a buffer object the submission uses
 *
 * Each object at most once per submission. The submission waits for earlier
 * writers (and readers, when it writes), and later ones wait for it.
 */
struct drm_nouveau_gem_pushbuf_bo {
	/** @user_priv: ignored */
	__u64 user_priv;
	/** @handle: in, GEM handle */
	__u32 handle;
	/** @read_domains: in, domains it may be read in, 0 when not read */
	__u32 read_domains;
	/** @write_domains: in, domains it may be written in, 0 when not written */
	__u32 write_domains;
	/** @valid_domains: in, domains it may be in; not 0 */
	__u32 valid_domains;
	/** @presumed: ignored */
	struct drm_nouveau_gem_pushbuf_bo_presumed presumed;
};

#define NOUVEAU_GEM_RELOC_LOW		(1 << 0)
#define NOUVEAU_GEM_RELOC_HIGH		(1 << 1)
#define NOUVEAU_GEM_RELOC_OR		(1 << 2)

/**
 * struct drm_nouveau_gem_pushbuf_reloc - patch an address into a buffer
 *
 * Layout only: addresses never change, so a submission with relocations is
 * refused.
 */
struct drm_nouveau_gem_pushbuf_reloc {
	/** @reloc_bo_index: entry of buffers[] to patch */
	__u32 reloc_bo_index;
	/** @reloc_bo_offset: byte in it */
	__u32 reloc_bo_offset;
	/** @bo_index: entry of buffers[] whose address goes there */
	__u32 bo_index;
	/** @flags: NOUVEAU_GEM_RELOC_* */
	__u32 flags;
	/** @data: added to the address */
	__u32 data;
	/** @vor: ored in when the object is in VRAM */
	__u32 vor;
	/** @tor: ored in when the object is in system memory */
	__u32 tor;
};

/**
 * struct drm_nouveau_gem_pushbuf_push - a stretch of methods to execute
 */
struct drm_nouveau_gem_pushbuf_push {
	/** @bo_index: in, entry of buffers[] the methods are in */
	__u32 bo_index;
	/** @pad: ignored (libdrm leaves it uninitialised) */
	__u32 pad;
	/** @offset: in, first byte; multiple of 4 */
	__u64 offset;
	/** @length: in, bytes, multiple of 4, not 0, below 8 MiB; plus NO_PREFETCH */
	__u64 length;
#define NOUVEAU_GEM_PUSHBUF_NO_PREFETCH	(1 << 23)	/* fetch when its turn comes */
};

/**
 * struct drm_nouveau_gem_pushbuf - submit methods to a channel
 *
 * @suffix0, @suffix1, @vram_available and @gart_available are filled whenever
 * the pointer is good, also when the call fails. Nothing is executed when it
 * fails. With @nr_push 0 that is all it does.
 *
 * ENOENT: no such channel, or a handle that does not exist. ENODEV: the channel
 * was killed. EINVAL: a count above its limit, a relocation, a bad index, an
 * object twice, a stretch outside of its object, misaligned or empty, valid
 * domains that are empty or unknown or that exclude a read or write domain.
 * ENOMEM: not enough memory to make the objects resident.
 */
struct drm_nouveau_gem_pushbuf {
	/** @channel: in, id from CHANNEL_ALLOC */
	__u32 channel;
	/** @nr_buffers: in, entries of @buffers */
	__u32 nr_buffers;
	/** @buffers: in, pointer to struct drm_nouveau_gem_pushbuf_bo[] */
	__u64 buffers;
	/** @nr_relocs: in, must be 0 */
	__u32 nr_relocs;
	/** @nr_push: in, entries of @push */
	__u32 nr_push;
	/** @relocs: in, ignored */
	__u64 relocs;
	/** @push: in, pointer to struct drm_nouveau_gem_pushbuf_push[] */
	__u64 push;
	/** @suffix0: out, 0: nothing to append to a command buffer */
	__u32 suffix0;
	/** @suffix1: out, 0 */
	__u32 suffix1;
#define NOUVEAU_GEM_PUSHBUF_SYNC	(1ULL << 0)	/* return when the work is done */
	/** @vram_available: in, NOUVEAU_GEM_PUSHBUF_SYNC; out, VRAM a submission may use, bytes */
	__u64 vram_available;
	/** @gart_available: out, system memory a submission may use, bytes */
	__u64 gart_available;
};

#define NOUVEAU_GEM_CPU_PREP_NOWAIT	0x00000001	/* EBUSY instead of waiting */
#define NOUVEAU_GEM_CPU_PREP_WRITE	0x00000004	/* wait for readers too */

/**
 * struct drm_nouveau_gem_cpu_prep - wait until the CPU may use an object
 *
 * Waits without limit. ENOENT: no such handle. EBUSY: in use, with NOWAIT.
 * EINVAL: unknown flag.
 */
struct drm_nouveau_gem_cpu_prep {
	/** @handle: in, GEM handle */
	__u32 handle;
	/** @flags: in, NOUVEAU_GEM_CPU_PREP_* */
	__u32 flags;
};

/**
 * struct drm_nouveau_gem_cpu_fini - the CPU is done with an object
 *
 * Does nothing: all memory is coherent. ENOENT: no such handle.
 */
struct drm_nouveau_gem_cpu_fini {
	/** @handle: in, GEM handle */
	__u32 handle;
};

/* ---- shared virtual memory --------------------------------------------- */

/**
 * struct drm_nouveau_svm_init - make GPU addresses equal CPU addresses
 *
 * Outside of the given range every GPU address means the same memory as the
 * address does in the calling process: whatever malloc(), mmap() or the stack
 * gave. Buffer objects are placed inside of the range, where the caller must
 * not keep anything. Once per open file, before any buffer object or channel.
 *
 * EINVAL: empty, unaligned to pages, or beyond 40 bits. EBUSY: called before,
 * or there are buffer objects or channels already. ENOSYS: no SVM support.
 */
struct drm_nouveau_svm_init {
	/** @unmanaged_addr: in, first byte of the range for buffer objects */
	__u64 unmanaged_addr;
	/** @unmanaged_size: in, its size in bytes */
	__u64 unmanaged_size;
};

/**
 * struct drm_nouveau_svm_bind - say where memory of the process should be
 *
 * MIGRATE moves pages to the target and waits. Best effort: what cannot move
 * stays and keeps working; @result tells how many pages moved, and
 * struct drm_nouveau_svm_bind_ext what became of the others. A range without
 * memory behind it is skipped.
 *
 * EINVAL: reserved bits or members not zero, unknown command or target, stride
 * not 0, @va_start not below @va_end, @va_end beyond user addresses, or no
 * SVM_INIT on this file. EPERM: the caller is not the process that called
 * SVM_INIT (a child after fork()). EIO: the copy engine failed. ENOMEM.
 */
struct drm_nouveau_svm_bind {
	/** @header: in, command, priority and target (NOUVEAU_SVM_BIND_*_SHIFT) */
	__u64 header;
	/** @va_start: in, first byte; rounded down to a page */
	__u64 va_start;
	/** @va_end: in, last byte + 1; rounded up to a page */
	__u64 va_end;
	/** @npages: in, pages in the range; a hint, ignored */
	__u64 npages;
	/** @stride: in, 0 */
	__u64 stride;
	/** @result: out, 4 KiB pages that moved; 0 when asynchronous */
	__u64 result;
	/** @reserved0: in, 0; with NOUVEAU_SVM_BIND_EXT, a struct drm_nouveau_svm_bind_ext */
	__u64 reserved0;
	/** @reserved1: in, 0 */
	__u64 reserved1;
};

#define NOUVEAU_SVM_BIND_COMMAND_SHIFT		0
#define NOUVEAU_SVM_BIND_COMMAND_BITS		8
#define NOUVEAU_SVM_BIND_COMMAND_MASK		((1 << 8) - 1)
#define NOUVEAU_SVM_BIND_PRIORITY_SHIFT		8	/* ignored */
#define NOUVEAU_SVM_BIND_PRIORITY_BITS		8
#define NOUVEAU_SVM_BIND_PRIORITY_MASK		((1 << 8) - 1)
#define NOUVEAU_SVM_BIND_TARGET_SHIFT		16
#define NOUVEAU_SVM_BIND_TARGET_BITS		32
#define NOUVEAU_SVM_BIND_TARGET_MASK		0xffffffff

/* Bits of the header that mean something; the others must be zero. */
#define NOUVEAU_SVM_BIND_VALID_BITS		48
#define NOUVEAU_SVM_BIND_VALID_MASK		((1ULL << NOUVEAU_SVM_BIND_VALID_BITS) - 1)

#define NOUVEAU_SVM_BIND_COMMAND__MIGRATE	0
/* Target 0 is system memory (an EINVAL in the kernel's own driver). */
#define NOUVEAU_SVM_BIND_TARGET__GPU_VRAM	(1UL << 31)
#define NOUVEAU_SVM_BIND_TARGET__SYSTEM		0UL

#include "nouveau_svm_ext.h"

/* ---- NVIF: the object interface, as far as clients need it --------------- */

/*
 * One ioctl of variable size: a struct nvif_ioctl_v0, then what its type asks
 * for, as the size in the ioctl number says. The whole buffer is copied back on
 * success. Objects are known by the @object value the client picked; nothing is
 * derived from it. Pads are ignored: libdrm does not clear them.
 *
 * EINVAL: too short, bad version, unknown type or method. ENOENT: no such
 * object or channel. E2BIG: too long.
 */
struct nvif_ioctl_v0 {
	/** @version: in, 0 */
	__u8 version;
#define NVIF_IOCTL_V0_SCLASS		0x01	/* list classes */
#define NVIF_IOCTL_V0_NEW		0x02	/* make an object */
#define NVIF_IOCTL_V0_DEL		0x03	/* delete it; no such object is no error */
#define NVIF_IOCTL_V0_MTHD		0x04	/* call a method of it */
#define NVIF_IOCTL_V0_MAP		0x07	/* not implemented: EINVAL */
#define NVIF_IOCTL_V0_UNMAP		0x08	/* not implemented: EINVAL */
	/** @type: in, NVIF_IOCTL_V0_* */
	__u8 type;
	/** @pad02: ignored */
	__u8 pad02[4];
#define NVIF_IOCTL_V0_OWNER_NVIF	0x00
#define NVIF_IOCTL_V0_OWNER_ANY		0xff
	/** @owner: in, ignored */
	__u8 owner;
#define NVIF_IOCTL_V0_ROUTE_NVIF	0x00	/* @object is looked up */
#define NVIF_IOCTL_V0_ROUTE_HIDDEN	0xff	/* @token is a channel id */
	/** @route: in, NVIF_IOCTL_V0_ROUTE_* */
	__u8 route;
	/** @token: in, channel id for ROUTE_HIDDEN */
	__u64 token;
	/** @object: in, which object; 0 is the client itself */
	__u64 object;
};

/** struct nvif_ioctl_sclass_oclass_v0 - one class */
struct nvif_ioctl_sclass_oclass_v0 {
	/** @oclass: out, class number */
	__s32 oclass;
	/** @minver: out, oldest argument version */
	__s16 minver;
	/** @maxver: out, newest argument version */
	__s16 maxver;
};

/** struct nvif_ioctl_sclass_v0 - classes an object can have children of */
struct nvif_ioctl_sclass_v0 {
	/** @version: in, 0 */
	__u8 version;
	/** @count: in, entries that follow; out, classes written (never more than was asked) */
	__u8 count;
	/** @pad02: ignored */
	__u8 pad02[6];
	/* struct nvif_ioctl_sclass_oclass_v0 oclass[count] follow */
};

/** struct nvif_ioctl_new_v0 - make an object; class arguments follow */
struct nvif_ioctl_new_v0 {
	/** @version: in, 0 */
	__u8 version;
	/** @pad01: ignored */
	__u8 pad01[6];
	/** @route: in, ignored */
	__u8 route;
	/** @token: in, ignored */
	__u64 token;
	/** @object: in, the name of the new object; an old one of that name is replaced */
	__u64 object;
	/** @handle: in, ignored */
	__u32 handle;
	/** @oclass: in, class number */
	__s32 oclass;
};

/** struct nvif_ioctl_mthd_v0 - call a method; its arguments follow */
struct nvif_ioctl_mthd_v0 {
	/** @version: in, 0 */
	__u8 version;
	/** @method: in, for a device: NV_DEVICE_V0_* */
	__u8 method;
	/** @pad02: ignored */
	__u8 pad02[6];
};

#define NV_DEVICE			0x0080	/* class of the device object */

/** struct nv_device_v0 - arguments of NVIF_IOCTL_V0_NEW for NV_DEVICE */
struct nv_device_v0 {
	/** @version: in, 0 */
	__u8 version;
	/** @pad01: ignored */
	__u8 pad01[7];
	/** @device: in, ~0: the device of this file; nothing else exists */
	__u64 device;
};

#define NV_DEVICE_V0_INFO		0x00
#define NV_DEVICE_V0_TIME		0x01

#define NV_DEVICE_INFO_V0_PCIE		0x03
#define NV_DEVICE_INFO_V0_TURING	0x0c

/** struct nv_device_info_v0 - arguments of method NV_DEVICE_V0_INFO */
struct nv_device_info_v0 {
	/** @version: in, 0 */
	__u8 version;
	/** @platform: out, NV_DEVICE_INFO_V0_PCIE */
	__u8 platform;
	/** @chipset: out, 0x164 for TU104 */
	__u16 chipset;
	/** @revision: out, as in PMC_BOOT_0 */
	__u8 revision;
	/** @family: out, NV_DEVICE_INFO_V0_TURING */
	__u8 family;
	/** @pad06: out, 0 */
	__u8 pad06[2];
	/** @ram_size: out, VRAM on the board, bytes */
	__u64 ram_size;
	/** @ram_user: out, VRAM for buffer objects, bytes */
	__u64 ram_user;
	/** @chip: out, "TU104" */
	char chip[16];
	/** @name: out, name of the board */
	char name[64];
};

/** struct nv_device_time_v0 - arguments of method NV_DEVICE_V0_TIME */
struct nv_device_time_v0 {
	/** @version: in, 0 */
	__u8 version;
	/** @pad01: ignored */
	__u8 pad01[7];
	/** @time: out, GPU clock, ns */
	__u64 time;
};

/* ---- numbers ------------------------------------------------------------ */

#define DRM_IOCTL_NOUVEAU_GETPARAM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_GETPARAM, struct drm_nouveau_getparam)
#define DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_CHANNEL_ALLOC, struct drm_nouveau_channel_alloc)
#define DRM_IOCTL_NOUVEAU_CHANNEL_FREE \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOUVEAU_CHANNEL_FREE, struct drm_nouveau_channel_free)
#define DRM_IOCTL_NOUVEAU_SVM_INIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_SVM_INIT, struct drm_nouveau_svm_init)
#define DRM_IOCTL_NOUVEAU_SVM_BIND \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_SVM_BIND, struct drm_nouveau_svm_bind)
#define DRM_IOCTL_NOUVEAU_GEM_NEW \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_NEW, struct drm_nouveau_gem_new)
#define DRM_IOCTL_NOUVEAU_GEM_PUSHBUF \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_PUSHBUF, struct drm_nouveau_gem_pushbuf)
#define DRM_IOCTL_NOUVEAU_GEM_CPU_PREP \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_CPU_PREP, struct drm_nouveau_gem_cpu_prep)
#define DRM_IOCTL_NOUVEAU_GEM_CPU_FINI \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_CPU_FINI, struct drm_nouveau_gem_cpu_fini)
#define DRM_IOCTL_NOUVEAU_GEM_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_INFO, struct drm_nouveau_gem_info)
/* DRM_NOUVEAU_NVIF: size varies; _IOC(_IOC_READ | _IOC_WRITE, 'd', 0x47, bytes) */

#if defined(__cplusplus)
}
#endif

#endif /* __NOUVEAU_DRM_H__ */
