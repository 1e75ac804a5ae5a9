// SPDX-License-Identifier: MIT
/**
 * TEST: nouveau fault log
 * Category: Core
 * Functionality: a client learns which of its accesses were refused
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "nv_ext.h"
#include "nv_igt.h"
#include "nv_mm.h"

IGT_TEST_DESCRIPTION("FAULT_LOG: entries, eventfd, what is lost");

typedef struct drm_nouveau_fault_entry entry;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void check_entry(struct nv *nv, const entry *e, const void *va, unsigned int access,
			unsigned int cause)
{
	igt_info("0x%llx access %u cause %u action %u type %u client %s\n",
		 (unsigned long long)e->va, e->access, e->cause, e->action, e->type, e->client);
	igt_assert_eq(e->va, (uintptr_t)va & ~(PAGE - 1));
	igt_assert_eq(e->access, access);
	igt_assert_eq(e->cause, cause);
	igt_assert_eq(e->action, NOUVEAU_FAULT_ACTION_CANCELLED);
	igt_assert_eq(e->channel, nv->channel);
	igt_assert_eq(e->reserved, 0);
	/* a shader's: T1 of some GPC */
	igt_assert(!strncmp(e->client, "GPC", 3));
	igt_assert(e->gpc != 0xff);
}

/* One of each kind. */
static void content(struct nv *nv)
{
	char *ro = nv_anon(PAGE), *gone = nv_anon(PAGE);
	uint64_t before = now(), lost;
	uint32_t value;
	entry e[8];

	munmap(gone, PAGE);
	memset(ro, 1, PAGE);
	mprotect(ro, PAGE, PROT_READ);
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, NULL), 0);

	igt_assert_eq(__nv_store(nv, gone + 8, 1), -ENODEV);
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, &lost), 1);
	check_entry(nv, &e[0], gone, NOUVEAU_FAULT_ACCESS_WRITE, NOUVEAU_FAULT_CAUSE_NO_MEMORY);
	igt_assert_eq(lost, 0);
	igt_assert_lte(before, e[0].time);
	igt_assert_lte(e[0].time, now());
	igt_assert_lt(0, e[0].gpu_time);
	/* taken out */
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, NULL), 0);

	nv_revive(nv);
	igt_assert_eq(__nv_load(nv, gone, &value), -ENODEV);
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, NULL), 1);
	check_entry(nv, &e[0], gone, NOUVEAU_FAULT_ACCESS_READ, NOUVEAU_FAULT_CAUSE_NO_MEMORY);

	nv_revive(nv);
	igt_assert_eq(__nv_store(nv, ro, 1), -ENODEV);
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, NULL), 1);
	check_entry(nv, &e[0], ro, NOUVEAU_FAULT_ACCESS_WRITE, NOUVEAU_FAULT_CAUSE_READ_ONLY);

	/* what is served is not in it */
	nv_revive(nv);
	igt_assert_eq(__nv_load(nv, ro, &value), 0);
	igt_assert_eq(value, 0x01010101);
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, NULL), 0);
	munmap(ro, PAGE);
}

/* A copy engine's access; its channel is its own. */
static void copy(struct nv *nv)
{
	char *p = nv_anon(PAGE), *gone = nv_anon(PAGE);
	entry e[8];

	munmap(gone, PAGE);
	memset(p, 1, PAGE);
	igt_assert_eq(__nv_copy(nv, (uintptr_t)gone, (uintptr_t)p, 64), -ENODEV);
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, NULL), 1);
	igt_info("client %s action %u cause %u\n", e[0].client, e[0].action, e[0].cause);
	igt_assert_eq(e[0].va, (uintptr_t)gone);
	igt_assert_eq(e[0].access, NOUVEAU_FAULT_ACCESS_WRITE);
	igt_assert_eq(e[0].channel, nv->channel);
	munmap(p, PAGE);
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void set_eventfd(struct nv *nv, int fd)
{
	struct drm_nouveau_fault_log log = {
		.flags = NOUVEAU_FAULT_LOG_SET_EVENTFD, .eventfd = fd,
	};

	igt_assert_eq(__nv_fault_log(nv->fd, &log), 0);
}

/* Woken, once for each, until it is taken away. */
static void event(struct nv *nv)
{
	int fd = eventfd(0, EFD_NONBLOCK), other = eventfd(0, EFD_NONBLOCK);
	uint64_t n;
	entry e[8];

	set_eventfd(nv, fd);
	igt_assert(!readable(fd, 0));
	for (int i = 0; i < 2; i++) {
		igt_assert_eq(__nv_store(nv, NULL, 1), -ENODEV);
		igt_assert(readable(fd, 2000));
		nv_revive(nv);
	}
	igt_assert_eq(read(fd, &n, sizeof(n)), sizeof(n));
	igt_assert_eq(n, 2);
	/* another one in its place */
	set_eventfd(nv, other);
	igt_assert_eq(__nv_store(nv, NULL, 1), -ENODEV);
	igt_assert(readable(other, 2000));
	igt_assert(!readable(fd, 0));
	nv_revive(nv);
	/* closed by its owner: still counted, for nobody */
	close(other);
	igt_assert_eq(__nv_store(nv, NULL, 1), -ENODEV);
	nv_revive(nv);
	set_eventfd(nv, -1);
	igt_assert_eq(__nv_store(nv, NULL, 1), -ENODEV);
	igt_assert(!readable(fd, 100));
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, NULL), 5);
	close(fd);
}

/* More than it holds: the newest are there, the others counted. */
static void lost(struct nv *nv)
{
	const unsigned int n = NOUVEAU_FAULT_LOG_ENTRIES + 6;
	static entry e[NOUVEAU_FAULT_LOG_ENTRIES + 6];
	struct drm_nouveau_fault_log log = { .entries = (uintptr_t)e, .count = 10 };
	uint64_t gone;

	for (unsigned int i = 0; i < n; i++) {
		igt_assert_eq(__nv_store(nv, (void *)(i * PAGE), 1), -ENODEV);
		nv_revive(nv);
	}
	/* in two pieces, oldest first */
	igt_assert_eq(__nv_fault_log(nv->fd, &log), 0);
	igt_assert_eq(log.count, 10);
	igt_assert_eq(log.lost, 6);
	igt_assert_eq(log.left, NOUVEAU_FAULT_LOG_ENTRIES - 10);
	igt_assert_eq(nv_fault_log(nv->fd, e + 10, n - 10, &gone), NOUVEAU_FAULT_LOG_ENTRIES - 10);
	igt_assert_eq(gone, 0);
	for (unsigned int i = 0; i < NOUVEAU_FAULT_LOG_ENTRIES; i++)
		igt_assert_eq(e[i].va, (i + 6) * PAGE);
}

/* Each client its own. */
static void private(struct nv *nv)
{
	struct nv other;
	entry e[8];

	nv_init(&other);
	igt_assert_eq(__nv_store(nv, NULL, 1), -ENODEV);
	igt_assert_eq(nv_fault_log(other.fd, e, 8, NULL), 0);
	igt_assert_eq(nv_fault_log(nv->fd, e, 8, NULL), 1);
	nv_fini(&other);
}

static void args(struct nv *nv)
{
	entry e[2];
	const struct {
		struct drm_nouveau_fault_log log;
		int err;
	} bad[] = {
		{ { .flags = 2 }, -EINVAL },
		{ { .flags = 1u << 31 }, -EINVAL },
		{ { .eventfd = 1 }, -EINVAL },
		{ { .eventfd = -1 }, -EINVAL },
		{ { .flags = NOUVEAU_FAULT_LOG_SET_EVENTFD, .eventfd = nv->fd }, -EINVAL },
		{ { .flags = NOUVEAU_FAULT_LOG_SET_EVENTFD, .eventfd = 1000 }, -EBADF },
		{ { .flags = NOUVEAU_FAULT_LOG_SET_EVENTFD, .eventfd = -2 }, -EBADF },
		{ { .entries = 16, .count = 1 }, -EFAULT },
		{ { .entries = 0, .count = ~0u }, -EFAULT },
	};
	struct drm_nouveau_fault_log log;

	igt_assert_eq(__nv_store(nv, NULL, 1), -ENODEV);
	for (unsigned int i = 0; i < ARRAY_LEN(bad); i++) {
		log = bad[i].log;
		igt_assert_eq(__nv_fault_log(nv->fd, &log), bad[i].err);
	}
	/* none of them took the entry out */
	igt_assert_eq(nv_fault_log(nv->fd, e, 2, NULL), 1);
	igt_assert_eq(__nv_ioctl(nv->fd, DRM_IOCTL_NOUVEAU_FAULT_LOG, NULL), -EFAULT);
}

int igt_main()
{
	static const struct nv_case cases[] = {
		{ "content", content, "Address, access, cause, client, channel, time" },
		{ "copy-engine", copy, "A copy engine's access" },
		{ "eventfd", event, "Somebody is woken" },
		{ "overflow", lost, "The newest are kept, the lost counted" },
		{ "private", private, "Each client its own" },
		{ "args", args, "Each wrong argument is refused" },
	};

	igt_fixture()
		igt_require(__nv_open_render() >= 0);
	nv_subtests(cases, ARRAY_LEN(cases));
}
