// SPDX-License-Identifier: MIT
/*
 * The graphics channel of a context and its ring of slots.
 *
 * A slot is a pushbuffer, a QMD and a constant bank: all one launch needs. Its
 * reuse waits for the launch that had it. Each push ends in a semaphore
 * release of its sequence number: the kernel's own fence says when a push is
 * over, the word says whether it really ran.
 */
#include <errno.h>
#include <string.h>

#include <nvhw/class/clc46f.h>
#include <nvhw/class/clc5c0.h>
#include <nvhw/class/clc5b5.h>
#include <nvhw/nv_field.h>

#include "priv.h"

#define SUBCHANNEL_COMPUTE 1
#define SUBCHANNEL_COPY 4

#define SPA_VERSION_SM70_PLUS 0x400

#define LOCAL_BYTES_PER_THREAD (16 * KIB)
#define THREADS_PER_SM 1024

static volatile uint32_t *fence_word(struct channel *ch)
{
	return ch->fence.map;
}

static uint32_t *slot_push(struct channel *ch, int slot)
{
	return (uint32_t *)((char *)ch->push.map + slot * SLOT_PUSH_BYTES);
}

static int current_slot(struct channel *ch)
{
	return (ch->sequence + 1) % SLOTS;
}

void channel_put(struct channel *ch, unsigned int subchannel, unsigned int method,
		 const uint32_t *data, unsigned int count)
{
	uint32_t *p = slot_push(ch, current_slot(ch));

	p[ch->pushed++] = 1u << 29 | count << 16 | subchannel << 13 | method >> 2;
	memcpy(p + ch->pushed, data, count * sizeof(*data));
	ch->pushed += count;
}

static void put1(struct channel *ch, unsigned int subchannel, unsigned int method, uint32_t data)
{
	channel_put(ch, subchannel, method, &data, 1);
}

int channel_begin(struct nvsvm_context *context)
{
	struct channel *ch = &context->channel;

	if (ch->id < 0)
		return -ENODEV;
	/* the slot was last used SLOTS pushes ago: all but the newest must be over */
	if (ch->sequence >= SLOTS && *fence_word(ch) + SLOTS <= ch->sequence) {
		int ret = nvsvm_wait(context);

		if (ret)
			return ret;
	}
	ch->pushed = 0;
	return current_slot(ch);
}

static void put_release(struct channel *ch, uint32_t sequence)
{
	const uint32_t data[] = {
		(uint32_t)ch->fence.address,
		(uint32_t)(ch->fence.address >> 32),
		sequence,
		0,
		NV_DEF(NVC46F_SEM_EXECUTE_OPERATION, _RELEASE) |
		NV_DEF(NVC46F_SEM_EXECUTE_RELEASE_WFI, _EN),
	};

	channel_put(ch, SUBCHANNEL_COMPUTE, NVC46F_SEM_ADDR_LO, data, 5);
}

static void list_bo(struct drm_nouveau_gem_pushbuf_bo *entry, const struct bo *bo)
{
	memset(entry, 0, sizeof(*entry));
	entry->handle = bo->handle;
	entry->valid_domains = bo->domain;
	entry->read_domains = bo->domain;
	entry->write_domains = bo->domain;
	entry->presumed.valid = 1;
	entry->presumed.domain = bo->domain;
	entry->presumed.offset = bo->address;
}

int channel_submit(struct nvsvm_context *context, int slot, const struct bo *extra)
{
	struct channel *ch = &context->channel;
	struct drm_nouveau_gem_pushbuf_bo bos[6];
	struct drm_nouveau_gem_pushbuf_push push = { 0 };
	struct drm_nouveau_gem_pushbuf req = { 0 };
	int ret;

	put_release(ch, ch->sequence + 1);
	list_bo(&bos[req.nr_buffers++], &ch->push);
	list_bo(&bos[req.nr_buffers++], &ch->qmd);
	list_bo(&bos[req.nr_buffers++], &ch->consts);
	list_bo(&bos[req.nr_buffers++], &ch->fence);
	list_bo(&bos[req.nr_buffers++], &ch->scratch);
	if (extra)
		list_bo(&bos[req.nr_buffers++], extra);
	push.bo_index = 0;
	push.offset = (uint64_t)slot * SLOT_PUSH_BYTES;
	push.length = ch->pushed * 4;
	req.channel = ch->id;
	req.buffers = (uintptr_t)bos;
	req.nr_push = 1;
	req.push = (uintptr_t)&push;
	ret = nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, &req);
	if (!ret)
		ch->sequence++;
	return ret;
}

int nvsvm_wait(struct nvsvm_context *context)
{
	struct channel *ch = &context->channel;
	int ret;

	if (ch->id < 0)
		return -ENODEV;
	ret = bo_wait(&ch->fence);
	if (ret)
		return ret;
	return *fence_word(ch) == ch->sequence ? 0 : -ENODEV;
}

/* Bind the classes and say where windows and local memory are. */
static int setup(struct nvsvm_context *context)
{
	struct channel *ch = &context->channel;
	const uint64_t scratch = ch->scratch.address;
	const uint64_t per_sm = ch->scratch.size / context->info.sms;
	const uint32_t base[] = { scratch >> 32, (uint32_t)scratch };
	const uint32_t size[] = { per_sm >> 32, (uint32_t)per_sm & ~0x7fffu, 0xff };
	const uint32_t shared[] = { 0, SHARED_WINDOW };
	const uint32_t local[] = { 0, LOCAL_WINDOW };
	int slot = channel_begin(context);

	if (slot < 0)
		return slot;
	put1(ch, SUBCHANNEL_COMPUTE, NVC46F_SET_OBJECT, TURING_COMPUTE_A);
	put1(ch, SUBCHANNEL_COPY, NVC46F_SET_OBJECT, TURING_DMA_COPY_A);
	channel_put(ch, SUBCHANNEL_COMPUTE, NVC5C0_SET_SHADER_LOCAL_MEMORY_A, base, 2);
	channel_put(ch, SUBCHANNEL_COMPUTE, NVC5C0_SET_SHADER_LOCAL_MEMORY_NON_THROTTLED_A,
		    size, 3);
	channel_put(ch, SUBCHANNEL_COMPUTE, NVC5C0_SET_SHADER_SHARED_MEMORY_WINDOW_A, shared, 2);
	channel_put(ch, SUBCHANNEL_COMPUTE, NVC5C0_SET_SHADER_LOCAL_MEMORY_WINDOW_A, local, 2);
	put1(ch, SUBCHANNEL_COMPUTE, NVC5C0_SET_SPA_VERSION, SPA_VERSION_SM70_PLUS);
	return channel_submit(context, slot, NULL);
}

static int ring_bo(struct nvsvm_context *context, struct bo *bo, uint64_t bytes, uint32_t domain)
{
	int ret = bo_init(context->fd, bo, bytes, 0, domain | NOUVEAU_GEM_DOMAIN_MAPPABLE);

	return ret ? ret : bo_map(bo);
}

static int alloc(struct nvsvm_context *context)
{
	const struct drm_nouveau_channel_alloc want = {
		.fb_ctxdma_handle = ~0u,
		.tt_ctxdma_handle = NOUVEAU_FIFO_ENGINE_GR,
	};
	struct drm_nouveau_channel_alloc req = want;
	int ret = nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &req);

	if (ret)
		return ret;
	context->channel.id = req.channel;
	context->channel.sequence = 0;
	*fence_word(&context->channel) = 0;
	return setup(context);
}

int channel_init(struct nvsvm_context *context)
{
	struct channel *ch = &context->channel;
	uint64_t scratch = LOCAL_BYTES_PER_THREAD * THREADS_PER_SM * context->info.sms;
	int ret;

	if (!context->info.sms)
		return -ENODEV;
	ret = ring_bo(context, &ch->push, SLOTS * SLOT_PUSH_BYTES, NOUVEAU_GEM_DOMAIN_GART);
	if (!ret)
		ret = ring_bo(context, &ch->qmd, SLOTS * SLOT_QMD_BYTES,
			      NOUVEAU_GEM_DOMAIN_GART);
	if (!ret)
		ret = ring_bo(context, &ch->consts, SLOTS * SLOT_CONST_BYTES,
			      NOUVEAU_GEM_DOMAIN_GART);
	if (!ret)
		ret = ring_bo(context, &ch->fence, 4096,
			      NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_COHERENT);
	if (!ret)
		ret = bo_init(context->fd, &ch->scratch, scratch, 0x20000,
			      NOUVEAU_GEM_DOMAIN_VRAM);
	return ret ? ret : alloc(context);
}

static void free_id(struct nvsvm_context *context)
{
	struct drm_nouveau_channel_free req = { .channel = context->channel.id };

	if (context->channel.id >= 0)
		nvsvm_ioctl(context->fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &req);
	context->channel.id = -1;
}

void channel_fini(struct nvsvm_context *context)
{
	struct channel *ch = &context->channel;

	free_id(context);
	bo_fini(&ch->scratch);
	bo_fini(&ch->fence);
	bo_fini(&ch->consts);
	bo_fini(&ch->qmd);
	bo_fini(&ch->push);
}

int nvsvm_reopen_channel(struct nvsvm_context *context)
{
	free_id(context);
	return alloc(context);
}

int nvsvm_copy(struct nvsvm_context *context, uint64_t dst, uint64_t src, uint32_t bytes)
{
	struct channel *ch = &context->channel;
	const uint32_t where[] = { src >> 32, (uint32_t)src, dst >> 32, (uint32_t)dst };
	int slot;

	if (!bytes)
		return -EINVAL;
	slot = channel_begin(context);
	if (slot < 0)
		return slot;
	channel_put(ch, SUBCHANNEL_COPY, NVC5B5_OFFSET_IN_UPPER, where, 4);
	put1(ch, SUBCHANNEL_COPY, NVC5B5_LINE_LENGTH_IN, bytes);
	put1(ch, SUBCHANNEL_COPY, NVC5B5_LAUNCH_DMA,
	     NV_DEF(NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE, _NON_PIPELINED) |
	     NV_DEF(NVC5B5_LAUNCH_DMA_FLUSH_ENABLE, _TRUE) |
	     NV_DEF(NVC5B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT, _PITCH) |
	     NV_DEF(NVC5B5_LAUNCH_DMA_DST_MEMORY_LAYOUT, _PITCH));
	return channel_submit(context, slot, NULL);
}
