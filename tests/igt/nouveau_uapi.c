// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau uapi
 * Category: Core
 * Functionality: every ioctl refuses what it should
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm.h>

#include "nv_igt.h"
#include "nv_svm.h"

IGT_TEST_DESCRIPTION("Bad input gets its errno and changes nothing");

#define GART NOUVEAU_GEM_DOMAIN_GART

/* A client without SVM: file and channel. */
static void plain_init(struct nv *nv)
{
	memset(nv, 0, sizeof(*nv));
	nv->channel = -1;
	nv->fd = nv_open_render();
}

static void getparam(struct nv *nv)
{
	static const struct { uint64_t param, value; bool any; } known[] = {
		{ NOUVEAU_GETPARAM_PCI_VENDOR, 0x10de, false },
		{ NOUVEAU_GETPARAM_PCI_DEVICE, 0, true },
		{ NOUVEAU_GETPARAM_BUS_TYPE, 0, true },
		{ NOUVEAU_GETPARAM_FB_SIZE, 0, true },
		{ NOUVEAU_GETPARAM_AGP_SIZE, 0, true },
		{ NOUVEAU_GETPARAM_CHIPSET_ID, 0x164, false },
		{ NOUVEAU_GETPARAM_GRAPH_UNITS, 0, true },
		{ NOUVEAU_GETPARAM_PTIMER_TIME, 0, true },
		{ NOUVEAU_GETPARAM_HAS_BO_USAGE, 1, false },
		{ NOUVEAU_GETPARAM_EXEC_PUSH_MAX, 0, true },
		{ NOUVEAU_GETPARAM_VRAM_BAR_SIZE, 0, true },
		{ NOUVEAU_GETPARAM_VRAM_USED, 0, true },
	};

	for (unsigned int i = 0; i < ARRAY_LEN(known); i++) {
		struct drm_nouveau_getparam req = { .param = known[i].param };

		igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GETPARAM, &req), 0);
		if (known[i].any)
			igt_assert_neq(req.value, 0);
		else
			igt_assert_eq(req.value, known[i].value);
	}
}

static void getparam_invalid(struct nv *nv)
{
	static const uint64_t unknown[] = { 0, 1, 2, 6, 7, 10, 20, 21, 999, ~0ull };

	for (unsigned int i = 0; i < ARRAY_LEN(unknown); i++) {
		struct drm_nouveau_getparam req = { .param = unknown[i] };

		igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GETPARAM, &req), -EINVAL);
	}
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GETPARAM, (void *)8), -EFAULT);
}

static void unknown_ioctls(struct nv *nv)
{
	uint8_t arg[128] = { 0 };

	for (unsigned int nr = 0; nr < 0x60; nr++) {
		static const uint8_t known[] = {
			DRM_NOUVEAU_GETPARAM, DRM_NOUVEAU_CHANNEL_ALLOC, DRM_NOUVEAU_CHANNEL_FREE,
			DRM_NOUVEAU_NVIF, DRM_NOUVEAU_SVM_INIT, DRM_NOUVEAU_SVM_BIND,
			DRM_NOUVEAU_GEM_NEW, DRM_NOUVEAU_GEM_PUSHBUF, DRM_NOUVEAU_GEM_CPU_PREP,
			DRM_NOUVEAU_GEM_CPU_FINI, DRM_NOUVEAU_GEM_INFO, DRM_NOUVEAU_SVM_QUERY,
			DRM_NOUVEAU_FAULT_LOG,
		};
		int ret;

		if (memchr(known, nr, sizeof(known)))
			continue;
		ret = __nv_ioctl(nv->fd, DRM_IOWR(DRM_COMMAND_BASE + nr, arg), arg);
		igt_assert_f(ret == -EINVAL || ret == -ENOTTY, "ioctl 0x%x: %d\n", nr, ret);
	}
}

static void channel_args(struct nv *nv)
{
	static const uint32_t bad_engines[] = { 0x2, 0x4, 0x8, 0x100, 0x80000000, 0x31 };
	struct drm_nouveau_channel_free free_req = { .channel = 12345 };
	struct drm_nouveau_channel_alloc req;
	struct nv other;

	for (unsigned int i = 0; i < ARRAY_LEN(bad_engines); i++) {
		memset(&req, 0, sizeof(req));
		req.fb_ctxdma_handle = ~0u;
		req.tt_ctxdma_handle = bad_engines[i];
		igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &req), -EINVAL);
	}
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &free_req), -ENOENT);
	free_req.channel = -1;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &free_req), -ENOENT);

	/* another file's channel is not ours */
	plain_init(&other);
	igt_assert_eq(__nv_channel_new(&other), 0);
	free_req.channel = other.channel;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &free_req), -ENOENT);
	free_req.channel = other.channel;
	igt_assert_eq(__nv_ioctl(other.fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &free_req), 0);
	igt_assert_eq(__nv_ioctl(other.fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &free_req), -ENOENT);
	close(other.fd);

	/* a copy-engine channel */
	memset(&req, 0, sizeof(req));
	req.fb_ctxdma_handle = ~0u;
	req.tt_ctxdma_handle = 0x10;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &req), 0);
	igt_assert(req.pushbuf_domains & GART);
	free_req.channel = req.channel;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &free_req), 0);
}

static void gem_args(struct nv *nv)
{
	static const struct { uint64_t size; uint32_t align, domain; const char *why; } bad[] = {
		{ 0, 0, GART, "size 0" },
		{ 4096, 3, GART, "alignment" },
		{ 4096, 0, 0, "no domain" },
		{ 4096, 0, 0x80000000, "unknown domain" },
		{ ~0ull, 0, GART, "size wraps" },
	};
	struct drm_nouveau_gem_info info = { .handle = 0xffff };
	struct drm_nouveau_gem_cpu_prep prep = { .handle = 0xffff };
	struct drm_nouveau_gem_cpu_fini fini = { .handle = 0xffff };
	struct nv_bo bo;

	for (unsigned int i = 0; i < ARRAY_LEN(bad); i++) {
		int ret = __nv_bo_init(nv->fd, &bo, bad[i].size, bad[i].align, bad[i].domain);

		igt_assert_f(ret == -EINVAL || (ret == -ENOMEM && !~bad[i].size), "%s: %d\n",
			     bad[i].why, ret);
	}
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GEM_INFO, &info), -ENOENT);
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &prep), -ENOENT);
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GEM_CPU_FINI, &fini), -ENOENT);

	nv_bo_init(nv->fd, &bo, 5000, GART | NOUVEAU_GEM_DOMAIN_MAPPABLE);
	igt_assert_eq(bo.size, 8192);
	igt_assert_lt(0, bo.handle);
	for (unsigned int i = 0; i < 8192; i++)
		igt_assert_eq(((uint8_t *)bo.map)[i], 0);
	info.handle = bo.handle;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GEM_INFO, &info), 0);
	igt_assert_eq(info.offset, bo.address);
	igt_assert_eq(info.size, 8192);
	prep.handle = bo.handle;
	prep.flags = 0x80;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &prep), -EINVAL);
	prep.flags = NOUVEAU_GEM_CPU_PREP_NOWAIT | NOUVEAU_GEM_CPU_PREP_WRITE;
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &prep), 0);
	nv_bo_fini(&bo);
}

/* VRAM objects are zeroed too, also after somebody used the memory. */
static void vram_zeroed(struct nv *nv)
{
	for (int round = 0; round < 3; round++) {
		struct nv_bo bo;

		nv_bo_init(nv->fd, &bo, 1 << 20,
			   NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_MAPPABLE);
		for (unsigned int i = 0; i < bo.size / 4; i += 17)
			igt_assert_eq(((volatile uint32_t *)bo.map)[i], 0);
		memset(bo.map, 0xee, bo.size);
		nv_bo_fini(&bo);
	}
}

struct submission {
	struct drm_nouveau_gem_pushbuf_bo bo[2];
	struct drm_nouveau_gem_pushbuf_push push[2];
	struct drm_nouveau_gem_pushbuf req;
};

static void good_submission(struct nv *nv, struct submission *s)
{
	memset(s, 0, sizeof(*s));
	memset(nv->push.map, 0, 4096);		/* zero words are NOPs */
	s->bo[0].handle = nv->push.handle;
	s->bo[0].valid_domains = GART;
	s->bo[0].read_domains = GART;
	s->bo[1].handle = nv->data.handle;
	s->bo[1].valid_domains = GART;
	s->push[0].length = 64;
	s->req.channel = nv->channel;
	s->req.nr_buffers = 1;
	s->req.buffers = (uintptr_t)s->bo;
	s->req.nr_push = 1;
	s->req.push = (uintptr_t)s->push;
}

static int submit(struct nv *nv, struct submission *s)
{
	int ret = __nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, &s->req);

	/* clients read these also after an error */
	if (ret != -EFAULT) {
		igt_assert_neq(s->req.vram_available, 0);
		igt_assert_neq(s->req.gart_available, 0);
		igt_assert_eq(s->req.suffix0, 0);
		igt_assert_eq(s->req.suffix1, 0);
	}
	return ret;
}

static void pushbuf_args(struct nv *nv)
{
	struct submission s;

	igt_assert_eq(__nv_channel_new(nv), 0);
#define EXPECT(want, change) do { \
		good_submission(nv, &s); \
		change; \
		igt_assert_eq(submit(nv, &s), want); \
	} while (0)
	EXPECT(0, (void)0);
	EXPECT(0, s.req.nr_push = 0);
	EXPECT(0, s.req.vram_available = NOUVEAU_GEM_PUSHBUF_SYNC);
	EXPECT(-ENOENT, s.req.channel = 4000);
	EXPECT(-EINVAL, s.req.nr_buffers = NOUVEAU_GEM_MAX_BUFFERS + 1);
	EXPECT(-EINVAL, s.req.nr_push = NOUVEAU_GEM_MAX_PUSH + 1);
	EXPECT(-EINVAL, s.req.nr_relocs = NOUVEAU_GEM_MAX_RELOCS + 1);
	EXPECT(-EINVAL, s.req.nr_relocs = 1);
	EXPECT(-EFAULT, s.req.buffers = 8);
	EXPECT(-EFAULT, s.req.push = 8);
	EXPECT(-ENOENT, s.bo[0].handle = 0xfff0);
	EXPECT(-EINVAL, s.bo[0].valid_domains = 0);
	EXPECT(-EINVAL, s.bo[0].valid_domains = 0x100);
	EXPECT(-EINVAL, s.bo[0].read_domains = NOUVEAU_GEM_DOMAIN_VRAM);
	EXPECT(-EINVAL, s.push[0].bo_index = 1);
	EXPECT(-EINVAL, s.push[0].length = 0);
	EXPECT(-EINVAL, s.push[0].length = 6);
	EXPECT(-EINVAL, s.push[0].offset = 2);
	EXPECT(-EINVAL, s.push[0].offset = nv->push.size);
	EXPECT(-EINVAL, s.push[0].offset = ~3ull);
	EXPECT(-EINVAL, s.push[0].length = nv->push.size + 4);
	EXPECT(-EINVAL, (s.req.nr_buffers = 2, s.bo[1].handle = s.bo[0].handle));
	EXPECT(0, (void)0);
#undef EXPECT
}

static void svm_init_args(struct nv *nv)
{
	static const struct { uint64_t addr, size; const char *why; } bad[] = {
		{ 0x100000000, 0, "empty" },
		{ 0x100000001, 0x100000, "unaligned address" },
		{ 0x100000000, 0x100001, "unaligned size" },
		{ 0xfffffffffffff000, 0x2000, "wraps" },
		{ 1ull << 40, 1ull << 32, "beyond 40 bits" },
	};
	struct drm_nouveau_svm_init req;

	for (unsigned int i = 0; i < ARRAY_LEN(bad); i++) {
		int ret;

		req.unmanaged_addr = bad[i].addr;
		req.unmanaged_size = bad[i].size;
		ret = __nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_SVM_INIT, &req);
		igt_assert_f(ret == -EINVAL, "%s: %d\n", bad[i].why, ret);
	}
	/* none of them took */
	igt_assert_eq(__nv_svm_init(nv), 0);
	igt_assert_eq(__nv_channel_new(nv), 0);
}

static void svm_init_twice(struct nv *nv)
{
	uint32_t word = 0;

	igt_assert_eq(__nv_svm_init(nv), 0);
	igt_assert_eq(__nv_svm_init(nv), -EBUSY);
	igt_assert_eq(__nv_channel_new(nv), 0);
	nv_store(nv, &word, 1);
	igt_assert_eq(__nv_svm_init(nv), -EBUSY);
	nv_store(nv, &word, 2);
	igt_assert_eq(word, 2);
}

static void svm_init_late(struct nv *nv)
{
	igt_assert_eq(__nv_channel_new(nv), 0);
	igt_assert_eq(__nv_svm_init(nv), -EBUSY);
}

static void svm_bind_args(struct nv *nv)
{
	const uint64_t vram = (uint64_t)NOUVEAU_SVM_BIND_TARGET__GPU_VRAM <<
			      NOUVEAU_SVM_BIND_TARGET_SHIFT;
	uint32_t *p = nv_anon(PAGE);
	struct drm_nouveau_svm_bind req;

	*p = 1;
#define EXPECT(want, change) do { \
		memset(&req, 0, sizeof(req)); \
		req.header = vram; \
		req.va_start = (uintptr_t)p; \
		req.va_end = (uintptr_t)p + PAGE; \
		req.npages = 1; \
		change; \
		igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_SVM_BIND, &req), want); \
	} while (0)
	EXPECT(-EINVAL, (void)0);		/* no SVM_INIT yet */
	igt_assert_eq(__nv_svm_init(nv), 0);
	EXPECT(0, (void)0);
	EXPECT(-EINVAL, req.header |= 1);				/* command */
	EXPECT(-EINVAL, req.header = 1ull << 16);			/* target */
	EXPECT(-EINVAL, req.header |= 1ull << 49);			/* reserved bits */
	EXPECT(-EINVAL, req.va_end = req.va_start);
	EXPECT(-EINVAL, req.va_end = req.va_start - PAGE);
	EXPECT(-EINVAL, req.stride = PAGE);
	EXPECT(-EINVAL, req.reserved0 = 1);
	EXPECT(-EINVAL, req.reserved1 = 1);
	EXPECT(0, req.npages = 0);
	EXPECT(0, req.header = 0);		/* home again */
#undef EXPECT
	igt_assert_eq(*p, 1);
	munmap(p, PAGE);
}

static void bad_pointers(struct nv *nv)
{
	static const unsigned long requests[] = {
		DRM_IOCTL_NOUVEAU_GETPARAM, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC,
		DRM_IOCTL_NOUVEAU_CHANNEL_FREE, DRM_IOCTL_NOUVEAU_SVM_INIT,
		DRM_IOCTL_NOUVEAU_SVM_BIND, DRM_IOCTL_NOUVEAU_GEM_NEW,
		DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP,
		DRM_IOCTL_NOUVEAU_GEM_CPU_FINI, DRM_IOCTL_NOUVEAU_GEM_INFO,
	};

	for (unsigned int i = 0; i < ARRAY_LEN(requests); i++) {
		igt_assert_eq(__nv_ioctl(nv->fd, requests[i], NULL), -EFAULT);
		igt_assert_eq(__nv_ioctl(nv->fd, requests[i], (void *)0xdead000000000000ull),
			      -EFAULT);
	}
}

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/*
 * Random words in every ioctl, by a file that has nothing and by one with SVM, a
 * channel and objects, whose ids are small; mostly zeros, so that some get past
 * the first check. Afterwards the device works as before.
 */
static void fuzz(struct nv *nv)
{
	static const struct { unsigned long request; size_t size; } targets[] = {
		{ DRM_IOCTL_NOUVEAU_GETPARAM, 16 }, { DRM_IOCTL_NOUVEAU_CHANNEL_FREE, 4 },
		{ DRM_IOCTL_NOUVEAU_SVM_INIT, 16 }, { DRM_IOCTL_NOUVEAU_SVM_BIND, 64 },
		{ DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, 64 }, { DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, 8 },
		{ DRM_IOCTL_NOUVEAU_GEM_CPU_FINI, 8 }, { DRM_IOCTL_NOUVEAU_GEM_INFO, 40 },
	};
	uint32_t seed = 12345, word = 0;
	struct nv good, rich;

	nv_init(&rich);
	for (int round = 0; round < 4000; round++) {
		uint32_t arg[16], t = next(&seed) % ARRAY_LEN(targets);

		for (unsigned int i = 0; i < 16; i++) {
			arg[i] = next(&seed) % 4 ? next(&seed) % 16 : next(&seed) << 3;
			if (next(&seed) % 4 < 3)
				arg[i] = 0;
		}
		__nv_ioctl(round % 2 ? rich.fd : nv->fd, targets[t].request, arg);
	}
	nv_fini(&rich);
	nv_init(&good);
	nv_store(&good, &word, 9);
	igt_assert_eq(word, 9);
	nv_fini(&good);
}

/* NVIF: the part of it that clients use. */

struct nvif_ioctl {
	uint8_t version, type, pad[4], owner, route;
	uint64_t token, object;
};

static int nvif(struct nv *nv, void *arg, size_t size)
{
	return __nv_ioctl(nv->fd, _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE,
				       DRM_COMMAND_BASE + DRM_NOUVEAU_NVIF, size), arg);
}

static void nvif_device(struct nv *nv)
{
	struct {
		struct nvif_ioctl ioctl;
		struct {
			uint8_t version, pad[6], route;
			uint64_t token, object;
			uint32_t handle;
			int32_t oclass;
		} new;
		struct { uint8_t version, pad[7]; uint64_t device; } device;
	} create = {
		.ioctl = { .type = 2, .owner = 0xff },
		.new = { .token = 0x1000, .object = 0x1000, .oclass = 0x80 },
		.device = { .device = ~0ull },
	};
	struct {
		struct nvif_ioctl ioctl;
		struct { uint8_t version, method, pad[6]; } mthd;
		struct {
			uint8_t version, platform;
			uint16_t chipset;
			uint8_t revision, family, pad[2];
			uint64_t ram_size, ram_user;
			char chip[16], name[64];
		} info;
	} ask = { .ioctl = { .type = 4, .owner = 0xff, .object = 0x1000 } };

	igt_assert_eq(nvif(nv, &create, sizeof(create)), 0);
	igt_assert_eq(nvif(nv, &ask, sizeof(ask)), 0);
	igt_assert_eq(ask.info.chipset, 0x164);
	igt_assert_eq(ask.info.platform, 3);
	ask.ioctl.object = 0x2000;
	igt_assert_lt(nvif(nv, &ask, sizeof(ask)), 0);
	ask.ioctl.object = 0x1000;
	igt_assert_lt(nvif(nv, &ask, 24), 0);		/* too short */
	ask.ioctl.type = 200;
	igt_assert_lt(nvif(nv, &ask, sizeof(ask)), 0);
}

static void nvif_sclass(struct nv *nv)
{
	struct {
		struct nvif_ioctl ioctl;
		struct { uint8_t version, count, pad[6]; } head;
		struct { int32_t oclass; int16_t minver, maxver; } list[16];
	} ask;
	static const int32_t wanted[] = { 0xa140, 0xc5b5, 0x902d, 0xc597, 0xc5c0 };

	igt_assert_eq(__nv_channel_new(nv), 0);
	memset(&ask, 0, sizeof(ask));
	ask.ioctl.type = 1;
	ask.ioctl.route = 0xff;
	ask.ioctl.token = nv->channel;
	ask.head.count = 16;
	igt_assert_eq(nvif(nv, &ask, sizeof(ask)), 0);
	igt_assert_lte(ask.head.count, 16);
	for (unsigned int w = 0; w < ARRAY_LEN(wanted); w++) {
		bool found = false;

		for (unsigned int i = 0; i < ask.head.count; i++)
			found |= ask.list[i].oclass == wanted[w];
		igt_assert_f(found, "class 0x%x not listed\n", wanted[w]);
	}
}

int igt_main()
{
	static const struct {
		const char *name;
		void (*run)(struct nv *nv);
		const char *describe;
	} tests[] = {
		{ "getparam-sanity", getparam, "Known parameters answer plausibly" },
		{ "getparam-invalid", getparam_invalid, "Unknown ones do not" },
		{ "unknown-ioctls", unknown_ioctls, "Numbers without an ioctl" },
		{ "bad-pointers", bad_pointers, "NULL and wild argument pointers" },
		{ "channel-args", channel_args, "CHANNEL_ALLOC and CHANNEL_FREE" },
		{ "gem-args", gem_args, "GEM_NEW, GEM_INFO, CPU_PREP, CPU_FINI" },
		{ "vram-zeroed", vram_zeroed, "New VRAM objects never show old contents" },
		{ "pushbuf-args", pushbuf_args, "GEM_PUSHBUF, each rule" },
		{ "svm-init-args", svm_init_args, "SVM_INIT ranges" },
		{ "svm-init-twice", svm_init_twice, "SVM_INIT once a file" },
		{ "svm-init-late", svm_init_late, "SVM_INIT before channels and objects" },
		{ "svm-bind-args", svm_bind_args, "SVM_BIND, each rule" },
		{ "nvif-device", nvif_device, "NVIF device object and its info" },
		{ "nvif-sclass", nvif_sclass, "NVIF class list of a channel" },
		{ "ioctl-fuzz", fuzz, "Random arguments harm nobody" },
	};
	struct nv nv;

	igt_fixture()
		igt_require(__nv_open_render() >= 0);

	for (unsigned int i = 0; i < ARRAY_LEN(tests); i++) {
		igt_describe(tests[i].describe);
		igt_subtest(tests[i].name) {
			plain_init(&nv);
			tests[i].run(&nv);
			nv_fini(&nv);
		}
	}
}
