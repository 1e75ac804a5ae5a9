/* SPDX-License-Identifier: MIT */
/* What the files of libnvsvm share; nothing here is exported. */
#ifndef NVSVM_PRIV_H
#define NVSVM_PRIV_H

#include <stdbool.h>

#include <drm/nouveau_drm.h>

#include "nvsvm.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

struct bo {
	int fd;
	uint32_t handle;
	uint32_t domain;
	uint64_t size;
	uint64_t address;		/* GPU virtual, final */
	uint64_t map_handle;
	void *map;
};

int bo_init(int fd, struct bo *bo, uint64_t size, uint32_t align, uint32_t domain);
void bo_fini(struct bo *bo);
int bo_map(struct bo *bo);
/* Wait until the GPU is done with it, however long that takes. */
int bo_wait(struct bo *bo);

/* One launch or copy takes one slot of each ring below. */
#define SLOTS 64
#define SLOT_PUSH_BYTES 1024
#define SLOT_QMD_BYTES 256
#define SLOT_CONST_BYTES 2048		/* bank 0 of one launch */
#define PARAMS_OFFSET 0x160
#define PARAMS_MAX 1024

struct channel {
	int32_t id;			/* -1: none */
	uint32_t sequence;		/* last submitted */
	uint32_t pushed;		/* words of the push being built */
	struct bo push;			/* SLOTS pushbuffers */
	struct bo qmd;
	struct bo consts;
	struct bo fence;		/* one word: last sequence done */
	struct bo scratch;		/* local memory of all threads */
};

struct nvsvm_context {
	int fd;
	struct nvsvm_info info;
	void *hole;			/* CPU side of where buffer objects live */
	size_t hole_bytes;
	struct channel channel;
};

/* Where the windows of generic addresses lie: no buffer object may be there. */
#define SHARED_WINDOW 0xfe000000u
#define LOCAL_WINDOW 0xff000000u

#define BANKS 8

struct nvsvm_kernel {
	struct nvsvm_context *context;
	struct nvsvm_module *module;	/* whose code it is, or NULL: its own */
	struct bo code;
	uint64_t entry;			/* address of the first instruction */
	unsigned int gprs, shared, local, barriers;
	unsigned int dynamic_shared;	/* on top of shared */
	unsigned int params_offset, max_threads;
	struct {
		uint64_t address;
		uint32_t bytes;		/* 0: not bound; bank 0 is the launch's */
	} bank[BANKS];
	unsigned int nparams;
	struct nvsvm_parameter *params;
	bool fresh;			/* never launched: instruction caches may be stale */
};

struct nvsvm_module {
	struct nvsvm_context *context;
	struct bo code;			/* instructions, then constant banks */
	void *data;			/* variables: memory of the process */
	unsigned int kernels;		/* still alive */
	struct cubin *cubin;
	void *image;
};

struct nvsvm_buffer {
	struct bo bo;
};

int channel_init(struct nvsvm_context *context);
void channel_fini(struct nvsvm_context *context);
/*
 * Start a slot: waits for its previous use. Returns the slot number or an
 * errno. Then channel_put() methods, then channel_submit() with the objects
 * the GPU touches besides the channel's own.
 */
int channel_begin(struct nvsvm_context *context);
void channel_put(struct channel *ch, unsigned int subchannel, unsigned int method,
		 const uint32_t *data, unsigned int count);
int channel_submit(struct nvsvm_context *context, int slot, const struct bo *extra);

/* Retries on EINTR and EAGAIN; 0 or -errno. */
int nvsvm_ioctl(int fd, unsigned long request, void *arg);

#endif
