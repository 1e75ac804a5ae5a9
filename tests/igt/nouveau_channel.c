// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau channel
 * Category: Core
 * Functionality: command submission, channel errors, implicit synchronization
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <drm.h>

#include <nvhw/class/clc46f.h>
#include <nvhw/class/clc5b5.h>
#include <nvhw/nv_field.h>

#include "nv_igt.h"
#include "nv_mm.h"
#include "nv_svm.h"

IGT_TEST_DESCRIPTION("Methods without shared memory: what runs, what dies, who waits");

#define GART	(NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_MAPPABLE)
#define COPY	4			/* subchannel of the copy engine on any channel */
#define NOWHERE	(0x77ull << 32)		/* no buffer object is ever there */

/* A channel with a pushbuffer and something to copy; no SVM. */
struct client {
	int fd;
	int channel;
	struct nv_bo push, src, dst;
	unsigned int words;
};

enum engine { GR = NOUVEAU_FIFO_ENGINE_GR, CE = NOUVEAU_FIFO_ENGINE_CE };

static int __channel_new(int fd, enum engine engine)
{
	struct drm_nouveau_channel_alloc req = { .fb_ctxdma_handle = ~0u, .tt_ctxdma_handle = engine };
	int ret = __nv_ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &req);

	return ret ? ret : req.channel;
}

static int __channel_free(int fd, int channel)
{
	struct drm_nouveau_channel_free req = { .channel = channel };

	return __nv_ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &req);
}

static void client_init(struct client *c, enum engine engine)
{
	memset(c, 0, sizeof(*c));
	c->fd = nv_open_render();
	nv_bo_init(c->fd, &c->push, PAGE, GART);
	nv_bo_init(c->fd, &c->src, PAGE, GART);
	nv_bo_init(c->fd, &c->dst, PAGE, GART);
	c->channel = __channel_new(c->fd, engine);
	igt_assert_lte(0, c->channel);
}

static void client_fini(struct client *c)
{
	__channel_free(c->fd, c->channel);
	nv_bo_fini(&c->push);
	nv_bo_fini(&c->src);
	nv_bo_fini(&c->dst);
	close(c->fd);
}

static void put(struct client *c, unsigned int subch, uint32_t mthd, const uint32_t *data,
		unsigned int n)
{
	uint32_t *p = (uint32_t *)c->push.map + c->words;

	*p++ = NV_DEF(NVC46F_DMA_INCR_OPCODE, _VALUE) | NV_NUM(NVC46F_DMA_INCR_COUNT, n) |
	       NV_NUM(NVC46F_DMA_INCR_SUBCHANNEL, subch) |
	       NV_NUM(NVC46F_DMA_INCR_ADDRESS, mthd >> 2);
	memcpy(p, data, n * 4);
	c->words += 1 + n;
}

static void put_copy(struct client *c, uint64_t dst, uint64_t src, uint32_t launch)
{
	const uint32_t offsets[] = { src >> 32, src, dst >> 32, dst };
	const uint32_t bytes = PAGE;

	launch |= NV_DEF(NVC5B5_LAUNCH_DMA_DATA_TRANSFER_TYPE, _NON_PIPELINED) |
		  NV_DEF(NVC5B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT, _PITCH) |
		  NV_DEF(NVC5B5_LAUNCH_DMA_DST_MEMORY_LAYOUT, _PITCH) |
		  NV_DEF(NVC5B5_LAUNCH_DMA_FLUSH_ENABLE, _TRUE);
	put(c, COPY, NVC5B5_OFFSET_IN_UPPER, offsets, 4);
	put(c, COPY, NVC5B5_LINE_LENGTH_IN, &bytes, 1);
	put(c, COPY, NVC5B5_LAUNCH_DMA, &launch, 1);
}

/* Host waits until the first word of @bo is 1, giving way to others meanwhile. */
static void put_acquire(struct client *c, const struct nv_bo *bo)
{
	const uint32_t sem[] = {
		bo->address, bo->address >> 32, 1, 0,
		NV_DEF(NVC46F_SEM_EXECUTE_OPERATION, _ACQUIRE) |
		NV_DEF(NVC46F_SEM_EXECUTE_ACQUIRE_SWITCH_TSG, _EN),
	};

	put(c, 0, NVC46F_SEM_ADDR_LO, sem, 5);
}

static int __submit_bos(struct client *c, const struct nv_bo **bos, unsigned int n, uint32_t write,
			bool sync)
{
	struct drm_nouveau_gem_pushbuf_bo b[4] = { };
	struct drm_nouveau_gem_pushbuf_push push = { .length = c->words * 4 };
	struct drm_nouveau_gem_pushbuf req = {
		.channel = c->channel, .nr_buffers = n, .buffers = (uintptr_t)b, .nr_push = 1,
		.push = (uintptr_t)&push, .vram_available = sync ? NOUVEAU_GEM_PUSHBUF_SYNC : 0,
	};

	for (unsigned int i = 0; i < n; i++) {
		b[i].handle = bos[i]->handle;
		b[i].valid_domains = NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_GART;
		b[i].read_domains = NOUVEAU_GEM_DOMAIN_GART;
		b[i].write_domains = write >> i & 1 ? NOUVEAU_GEM_DOMAIN_GART : 0;
	}
	c->words = 0;
	return __nv_ioctl(c->fd, DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, &req);
}

/* Reads push and src, writes dst; waits. */
static int __submit(struct client *c)
{
	const struct nv_bo *bos[] = { &c->push, &c->src, &c->dst };

	return __submit_bos(c, bos, 3, 1 << 2, true);
}

/* -ENODEV, or the copy arrived. */
static int __copy(struct client *c)
{
	static uint32_t seed;
	int ret;

	nv_pattern(c->src.map, PAGE, ++seed);
	put_copy(c, c->dst.address, c->src.address, 0);
	ret = __submit(c);
	if (!ret)
		nv_check_pattern(c->dst.map, PAGE, seed);
	return ret;
}

static void copies(enum engine engine)
{
	struct client c;

	client_init(&c, engine);
	for (int i = 0; i < 50; i++)
		igt_assert_eq(__copy(&c), 0);
	client_fini(&c);
}

/* ---- errors ------------------------------------------------------------------- */

struct mistake {
	const char *name;
	enum engine engine;
	uint32_t words[12];
	unsigned int n;
};

#define INC(subch, mthd, n)	(0x20000000u | (n) << 16 | (subch) << 13 | (mthd) >> 2)
/* A page of VRAM onto itself: harmless should it be let through. */
#define PHYSICAL_COPY \
	{ INC(COPY, NVC5B5_OFFSET_IN_UPPER, 4), 0, 0x80000, 0, 0x80000, \
	  INC(COPY, NVC5B5_LINE_LENGTH_IN, 1), 4096, INC(COPY, NVC5B5_LAUNCH_DMA, 1), 0x3182 }, 9

static const struct mistake mistakes[] = {
	{ "illegal-method-gr", GR, { INC(0, NVC46F_ILLEGAL, 1), 0 }, 2 },
	{ "illegal-method-ce", CE, { INC(0, NVC46F_ILLEGAL, 1), 0 }, 2 },
	{ "reserved-header", GR, { 0xc0000000 }, 1 },
	{ "wrong-class-gr", GR, { INC(1, NVC46F_SET_OBJECT, 1), 0xdead }, 2 },
	{ "wrong-class-ce", CE, { INC(0, NVC46F_SET_OBJECT, 1), 0xdead }, 2 },
	{ "software-subchannel", GR, { INC(7, 0x100, 1), 0 }, 2 },
	{ "misaligned-semaphore", GR, { INC(0, NVC46F_SEM_ADDR_LO, 5), 4, 0, 0, 0, 0x01000001 }, 6 },
	/* what only the kernel's own channels may do */
	{ "privileged-invalidate", GR, { INC(0, NVC46F_MEM_OP_A, 4), 0, 0, 1, 0x48000000 }, 5 },
	{ "physical-copy-gr", GR, PHYSICAL_COPY },
	{ "physical-copy-ce", CE, PHYSICAL_COPY },
};

static void expect_dead(struct client *bad, struct client *gr, struct client *ce)
{
	igt_assert_eq(__submit(bad), -ENODEV);
	igt_assert_eq(__copy(bad), -ENODEV);
	igt_assert_eq(__copy(gr), 0);
	igt_assert_eq(__copy(ce), 0);
	/* the file goes on with a new channel */
	igt_assert_eq(__channel_free(bad->fd, bad->channel), 0);
	bad->channel = __channel_new(bad->fd, GR);
	igt_assert_lte(0, bad->channel);
	igt_assert_eq(__copy(bad), 0);
}

static void bad_methods(const struct mistake *m)
{
	struct client bad, gr, ce;

	client_init(&gr, GR);
	client_init(&ce, CE);
	client_init(&bad, m->engine);
	igt_assert_eq(__copy(&bad), 0);
	memcpy(bad.push.map, m->words, m->n * 4);
	bad.words = m->n;
	expect_dead(&bad, &gr, &ce);
	client_fini(&bad);
	client_fini(&ce);
	client_fini(&gr);
}

static void bad_copy(enum engine engine, bool write)
{
	struct client bad, gr, ce;

	client_init(&gr, GR);
	client_init(&ce, CE);
	client_init(&bad, engine);
	put_copy(&bad, write ? NOWHERE : bad.dst.address, write ? bad.src.address : NOWHERE, 0);
	expect_dead(&bad, &gr, &ce);
	client_fini(&bad);
	client_fini(&ce);
	client_fini(&gr);
}

/* ---- waiting ---------------------------------------------------------------------- */

/* Work that waits for the CPU, in a submission that uses nothing but @sem. */
static void submit_stuck(struct client *c, const struct nv_bo *sem)
{
	const struct nv_bo *bos[] = { &c->push, sem };

	put_acquire(c, sem);
	igt_assert_eq(__submit_bos(c, bos, 2, 1 << 1, false), 0);
}

static void stuck_released(enum engine engine)
{
	struct client stuck, other;
	struct nv_bo sem;

	client_init(&stuck, engine);
	client_init(&other, engine);
	nv_bo_init(stuck.fd, &sem, PAGE, GART);
	submit_stuck(&stuck, &sem);
	/* the same runlist serves others */
	igt_assert_eq(__copy(&other), 0);
	*(volatile uint32_t *)sem.map = 1;
	igt_assert_eq(__nv_bo_wait(&sem), 0);
	nv_bo_fini(&sem);
	client_fini(&other);
	client_fini(&stuck);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* Freeing kills after its grace period, and what waited is let go. */
static void stuck_freed(enum engine engine)
{
	struct client stuck, other;
	struct nv_bo sem;
	double start;

	client_init(&stuck, engine);
	client_init(&other, engine);
	nv_bo_init(stuck.fd, &sem, PAGE, GART);
	submit_stuck(&stuck, &sem);
	start = seconds();
	igt_assert_eq(__channel_free(stuck.fd, stuck.channel), 0);
	igt_assert(seconds() - start < 20);
	igt_assert_eq(__nv_bo_wait(&sem), 0);
	igt_assert_eq(__copy(&other), 0);
	nv_bo_fini(&sem);
	client_fini(&other);
	client_fini(&stuck);
}

/* A process that leaves many stuck channels behind is gone as fast as with one. */
static void stuck_exit(void)
{
	struct client other;
	double start = seconds();
	pid_t pid;

	client_init(&other, GR);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		struct client c;
		struct nv_bo sem;

		client_init(&c, GR);
		nv_bo_init(c.fd, &sem, PAGE, GART);
		for (int i = 0; i < 16; i++) {
			submit_stuck(&c, &sem);
			c.channel = __channel_new(c.fd, i % 2 ? GR : CE);
			CHILD_CHECK(c.channel >= 0);
		}
		_exit(0);
	}
	nv_expect_child_ok(pid);
	igt_assert(seconds() - start < 20);
	igt_assert_eq(__copy(&other), 0);
	client_fini(&other);
}

/*
 * One channel reads what another one is about to write, the CPU reads last: the
 * order is that of submission, although the first is held up.
 */
static void implicit_order(void)
{
	struct client c;
	const struct nv_bo *first[3], *second[3];
	struct drm_nouveau_gem_cpu_prep poll;
	struct nv_bo sem, between;
	int gr, ce;

	client_init(&c, GR);
	poll = (struct drm_nouveau_gem_cpu_prep) {
		.handle = c.dst.handle, .flags = NOUVEAU_GEM_CPU_PREP_NOWAIT,
	};
	gr = c.channel;
	ce = __channel_new(c.fd, CE);
	igt_assert_lte(0, ce);
	nv_bo_init(c.fd, &sem, PAGE, GART);
	nv_bo_init(c.fd, &between, PAGE, GART);
	nv_pattern(c.src.map, PAGE, 7);

	put_acquire(&c, &sem);
	put_copy(&c, between.address, c.src.address, 0);
	first[0] = &c.push;
	first[1] = &c.src;
	first[2] = &between;
	igt_assert_eq(__submit_bos(&c, first, 3, 1 << 2, false), 0);

	/* its own pushbuffer: the first one is still being read */
	c.channel = ce;
	nv_bo_fini(&c.push);
	nv_bo_init(c.fd, &c.push, PAGE, GART);
	put_copy(&c, c.dst.address, between.address, 0);
	second[0] = &c.push;
	second[1] = &between;
	second[2] = &c.dst;
	igt_assert_eq(__submit_bos(&c, second, 3, 1 << 2, false), 0);

	/* time enough for the second to run, were it not for the first */
	usleep(50000);
	igt_assert_eq(__nv_ioctl(c.fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &poll), -EBUSY);
	*(volatile uint32_t *)sem.map = 1;
	igt_assert_eq(__nv_bo_wait(&c.dst), 0);
	nv_check_pattern(c.dst.map, PAGE, 7);
	igt_assert_eq(__channel_free(c.fd, gr), 0);
	nv_bo_fini(&between);
	nv_bo_fini(&sem);
	client_fini(&c);
}

/* ---- numbers ------------------------------------------------------------------------ */

/* Channels end with ENOSPC, and every one of them comes back. */
static void exhaustion(void)
{
	static int id[8192];
	struct client c;
	int n, again;

	client_init(&c, GR);
	for (n = 0; n < 8192; n++) {
		id[n] = __channel_new(c.fd, GR);
		if (id[n] < 0)
			break;
	}
	igt_assert_eq(id[n], -ENOSPC);
	igt_assert_eq(__copy(&c), 0);
	for (int i = 0; i < n; i++)
		igt_assert_eq(__channel_free(c.fd, id[i]), 0);
	for (again = 0; again < n; again++) {
		id[again] = __channel_new(c.fd, GR);
		igt_assert_lte(0, id[again]);
	}
	for (int i = 0; i < n; i++)
		igt_assert_eq(__channel_free(c.fd, id[i]), 0);
	igt_info("%d channels\n", n);
	client_fini(&c);
}

int igt_main()
{
	igt_fixture()
		close(nv_open_render());

	igt_describe("The copy engine of a graphics channel, without binding it");
	igt_subtest("copy-gr")
		copies(GR);
	igt_describe("A channel of a copy engine");
	igt_subtest("copy-ce")
		copies(CE);

	for (unsigned int i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		igt_describe("The channel dies, two others and a new one on the file go on");
		igt_subtest(mistakes[i].name)
			bad_methods(&mistakes[i]);
	}
	igt_describe("A copy from or to nowhere kills its channel only");
	igt_subtest("bad-copy-gr-read")
		bad_copy(GR, false);
	igt_subtest("bad-copy-gr-write")
		bad_copy(GR, true);
	igt_subtest("bad-copy-ce-read")
		bad_copy(CE, false);
	igt_subtest("bad-copy-ce-write")
		bad_copy(CE, true);

	igt_describe("A channel that waits for the CPU does not hold up its runlist");
	igt_subtest("stuck-released-gr")
		stuck_released(GR);
	igt_subtest("stuck-released-ce")
		stuck_released(CE);
	igt_describe("A channel that waits for ever can be freed");
	igt_subtest("stuck-freed-gr")
		stuck_freed(GR);
	igt_subtest("stuck-freed-ce")
		stuck_freed(CE);
	igt_subtest("stuck-exit")
		stuck_exit();

	igt_describe("Submissions that share buffers run in order across channels");
	igt_subtest("implicit-order")
		implicit_order();
	igt_describe("Channels run out with ENOSPC and come back");
	igt_subtest("exhaustion")
		exhaustion();
}
