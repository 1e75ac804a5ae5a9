/* SPDX-License-Identifier: MIT */
/*
 * A client of the vfio-user server, byte for byte as the protocol has it: the
 * constants here are the protocol's, not the server's header. For the tests of
 * the session (test_vfio_user.c) and of the framing (test_vfio_framing.c).
 */
#ifndef VFIO_CLIENT_H
#define VFIO_CLIENT_H

#include "hwtest.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "vfio_user.h"

#define VRAM_BYTES	(64u << 20)
#define MAX_PAYLOAD	70000

enum { VERSION = 1, DMA_MAP, DMA_UNMAP, GET_INFO, REGION_INFO, IRQ_INFO = 7, SET_IRQS,
       REGION_READ, REGION_WRITE, DEVICE_RESET = 13 };

struct server {
	char dir[64], path[96];
	struct vfio_user *vu;
	struct gpu *gpu;
	pthread_t thread;
	int sock;
	uint16_t id;
};

struct msg {
	uint16_t id, command;
	uint32_t size, flags, error;
	uint8_t payload[MAX_PAYLOAD];
	int fd;			/* received, or -1 */
};

static inline void *run(void *arg)
{
	struct server *s = arg;

	assert_int_equal(vfio_user_run(s->vu, false), 0);
	return NULL;
}

static inline int dial(struct server *s)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, s->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return fd;
}

static inline void send_bytes(int sock, const void *data, size_t len, const int *fds, int nfds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(32 * sizeof(int))];
	} ctrl;
	struct iovec iov = { (void *)data, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		memset(&ctrl, 0, sizeof(ctrl));
		m.msg_control = &ctrl;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		ctrl.align.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		ctrl.align.cmsg_level = SOL_SOCKET;
		ctrl.align.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&ctrl.align), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &m, MSG_NOSIGNAL), len);
}

static inline size_t build(struct server *s, uint8_t *out, uint16_t cmd, uint32_t flags,
		    const void *payload, size_t len)
{
	uint16_t id = ++s->id;
	uint32_t size = 16 + len, zero = 0;

	memcpy(out, &id, 2);
	memcpy(out + 2, &cmd, 2);
	memcpy(out + 4, &size, 4);
	memcpy(out + 8, &flags, 4);
	memcpy(out + 12, &zero, 4);
	if (len)
		memcpy(out + 16, payload, len);
	return size;
}

/* False when the server closed the connection. */
static inline bool receive(struct server *s, struct msg *r)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} ctrl;
	struct iovec iov = { r, 16 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &ctrl, .msg_controllen = sizeof(ctrl) };
	ssize_t n = recvmsg(s->sock, &m, MSG_WAITALL | MSG_CMSG_CLOEXEC);

	r->fd = -1;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return false;
	assert_int_equal(n, 16);
	if (CMSG_FIRSTHDR(&m))
		memcpy(&r->fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	assert_true(r->size >= 16 && r->size <= 16 + MAX_PAYLOAD);
	if (r->size > 16)
		assert_int_equal(recv(s->sock, r->payload, r->size - 16, MSG_WAITALL),
				 r->size - 16);
	return true;
}

/* Sends a command and returns the errno of its reply. */
static inline uint32_t call_fd(struct server *s, struct msg *r, uint16_t cmd, const void *payload,
			size_t len, int fd)
{
	static uint8_t out[MAX_PAYLOAD + 16];
	size_t n = build(s, out, cmd, 0, payload, len);

	send_bytes(s->sock, out, n, &fd, fd >= 0);
	assert_true(receive(s, r));
	assert_int_equal(r->id, s->id);
	assert_int_equal(r->command, cmd);
	assert_int_equal(r->flags & 0xf, 1);
	assert_int_equal(!!(r->flags & 0x20), !!r->error);
	return r->error;
}

static inline uint32_t call(struct server *s, struct msg *r, uint16_t cmd, const void *payload, size_t len)
{
	return call_fd(s, r, cmd, payload, len, -1);
}

static struct msg reply;

static inline void handshake(struct server *s)
{
	static const char v[] = "\0\0\0\0{\"capabilities\": {\"max_msg_fds\": 16}}";

	assert_int_equal(call(s, &reply, VERSION, v, sizeof(v)), 0);
}

static inline int setup(void **state)
{
	struct gpu_config config = { .vram_bytes = VRAM_BYTES };
	struct server *s = calloc(1, sizeof(*s));

	hwtest_quiet();
	strcpy(s->dir, "/tmp/tu104-test-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/sock", s->dir);
	assert_int_equal(vfio_user_listen(s->path, &s->vu), 0);
	s->gpu = gpu_create(vfio_user_host(s->vu), &config);
	assert_non_null(s->gpu);
	vfio_user_set_gpu(s->vu, s->gpu);
	pthread_create(&s->thread, NULL, run, s);
	s->sock = dial(s);
	*state = s;
	return 0;
}

static inline int setup_ready(void **state)
{
	setup(state);
	handshake(*state);
	return 0;
}

static inline int teardown(void **state)
{
	struct server *s = *state;

	vfio_user_stop(s->vu);
	pthread_join(s->thread, NULL);
	if (s->sock >= 0)
		close(s->sock);
	gpu_destroy(s->gpu);
	vfio_user_free(s->vu);
	assert_int_equal(rmdir(s->dir), 0);	/* the socket is gone */
	free(s);
	return 0;
}

static inline uint32_t rw(struct server *s, uint16_t cmd, uint32_t region, uint64_t off, uint32_t n,
		   void *data)
{
	uint8_t p[16 + 4096];
	uint32_t err;

	memcpy(p, &off, 8);
	memcpy(p + 8, &region, 4);
	memcpy(p + 12, &n, 4);
	if (cmd == REGION_WRITE)
		memcpy(p + 16, data, n);
	err = call(s, &reply, cmd, p, 16 + (cmd == REGION_WRITE ? n : 0));
	if (!err && cmd == REGION_READ) {
		assert_int_equal(reply.size, 32 + n);
		memcpy(data, reply.payload + 16, n);
	}
	return err;
}

static inline uint32_t rd32(struct server *s, uint32_t region, uint64_t off)
{
	uint32_t v;

	assert_int_equal(rw(s, REGION_READ, region, off, 4, &v), 0);
	return v;
}

static inline void wr32(struct server *s, uint32_t region, uint64_t off, uint32_t v)
{
	assert_int_equal(rw(s, REGION_WRITE, region, off, 4, &v), 0);
}

/* Guest memory: a memfd the client maps in pieces. */
struct dma_map {
	uint32_t argsz, flags;
	uint64_t offset, iova, size;
};

static inline uint32_t dma_map(struct server *s, int fd, uint64_t off, uint64_t iova, uint64_t size,
			uint32_t flags)
{
	struct dma_map q = { 32, flags, off, iova, size };

	return call_fd(s, &reply, DMA_MAP, &q, 32, fd);
}

static inline uint32_t dma_unmap(struct server *s, uint64_t iova, uint64_t size)
{
	struct { uint32_t argsz, flags; uint64_t iova, size; } q = { 24, 0, iova, size };

	return call(s, &reply, DMA_UNMAP, &q, 24);
}

/* One dword of guest memory by DMA: PRAMIN with a system-memory target. */
static inline uint32_t dma_read32(struct server *s, uint64_t iova)
{
	wr32(s, 0, 0x1700, 0x02000000 | iova >> 16);
	return rd32(s, 0, 0x700000 + (iova & 0xffff));
}

static inline void dma_write32(struct server *s, uint64_t iova, uint32_t v)
{
	wr32(s, 0, 0x1700, 0x02000000 | iova >> 16);
	wr32(s, 0, 0x700000 + (iova & 0xffff), v);
}

#define DMA_MISS 0xbadf0100u

static inline int guest_ram(uint64_t size, uint8_t **map)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
	*map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return fd;
}

static inline uint32_t set_irqs(struct server *s, uint32_t flags, uint32_t index, uint32_t start,
			 uint32_t count, int fd)
{
	uint32_t q[5] = { 20, flags, index, start, count };

	return call_fd(s, &reply, SET_IRQS, q, 20, fd);
}

static inline unsigned int fired(int efd)
{
	uint64_t n = 0;

	return read(efd, &n, 8) == 8 ? n : 0;
}

static inline void trigger(struct server *s)
{
	wr32(s, 0, 0xb81640, 64);
	wr32(s, 0, 0xb81008, 1);
	wr32(s, 0, 0x88704, 0);
}

/* A test that begins after the handshake. */
#define READY(f) cmocka_unit_test_setup_teardown(f, setup_ready, teardown)

#endif
