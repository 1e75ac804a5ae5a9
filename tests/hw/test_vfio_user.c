// SPDX-License-Identifier: MIT
/*
 * A client of the vfio-user server, byte for byte as the protocol has it: the
 * constants here are the protocol's, not the server's header.
 */
#define _GNU_SOURCE
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

static void *run(void *arg)
{
	struct server *s = arg;

	assert_int_equal(vfio_user_run(s->vu, false), 0);
	return NULL;
}

static int dial(struct server *s)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, s->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return fd;
}

static void send_bytes(int sock, const void *data, size_t len, const int *fds, int nfds)
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

static size_t build(struct server *s, uint8_t *out, uint16_t cmd, uint32_t flags,
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
static bool receive(struct server *s, struct msg *r)
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
static uint32_t call_fd(struct server *s, struct msg *r, uint16_t cmd, const void *payload,
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

static uint32_t call(struct server *s, struct msg *r, uint16_t cmd, const void *payload, size_t len)
{
	return call_fd(s, r, cmd, payload, len, -1);
}

static struct msg reply;

static void handshake(struct server *s)
{
	static const char v[] = "\0\0\0\0{\"capabilities\": {\"max_msg_fds\": 16}}";

	assert_int_equal(call(s, &reply, VERSION, v, sizeof(v)), 0);
}

static int setup(void **state)
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

static int setup_ready(void **state)
{
	setup(state);
	handshake(*state);
	return 0;
}

static int teardown(void **state)
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

static uint32_t rw(struct server *s, uint16_t cmd, uint32_t region, uint64_t off, uint32_t n,
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

static uint32_t rd32(struct server *s, uint32_t region, uint64_t off)
{
	uint32_t v;

	assert_int_equal(rw(s, REGION_READ, region, off, 4, &v), 0);
	return v;
}

static void wr32(struct server *s, uint32_t region, uint64_t off, uint32_t v)
{
	assert_int_equal(rw(s, REGION_WRITE, region, off, 4, &v), 0);
}

static void test_version(void **state)
{
	struct server *s = *state;

	handshake(s);
	assert_memory_equal(reply.payload, "\0\0\0\0{\"capabilities\":", 20);
	assert_int_equal(reply.payload[reply.size - 17], 0);
	assert_true(reply.size <= 214);			/* what stock QEMU accepts */
	assert_non_null(strstr((char *)reply.payload + 4, "\"max_msg_fds\":8"));
}

static void test_wrong_version(void **state)
{
	struct server *s = *state;

	assert_int_equal(call(s, &reply, VERSION, "\1\0\0\0{}", 7), EINVAL);
	assert_false(receive(s, &reply));
}

static void test_command_before_version(void **state)
{
	struct server *s = *state;
	uint32_t info[4] = { 16 };

	assert_int_equal(call(s, &reply, GET_INFO, info, 16), EINVAL);
	assert_false(receive(s, &reply));
}

static void test_device_info(void **state)
{
	uint32_t info[4] = { 16 };

	assert_int_equal(call(*state, &reply, GET_INFO, info, 16), 0);
	memcpy(info, reply.payload, 16);
	assert_int_equal(info[1], 3);			/* RESET, PCI */
	assert_int_equal(info[2], 9);
	assert_int_equal(info[3], 5);
}

struct region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

static void test_regions(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t flags;
	} want[9] = {
		[0] = { 16 << 20, 3 }, [1] = { VRAM_BYTES, 7 }, [3] = { 32 << 20, 3 },
		[7] = { 4096, 3 },
	};

	for (uint32_t i = 0; i < 9; i++) {
		struct region_info q = { .argsz = 32, .index = i };

		assert_int_equal(call(*state, &reply, REGION_INFO, &q, 32), 0);
		memcpy(&q, reply.payload, sizeof(q));
		assert_int_equal(q.index, i);
		assert_true(q.size == want[i].size && q.flags == want[i].flags);
		assert_int_equal(reply.fd >= 0, !!(want[i].flags & 4));
		if (reply.fd >= 0)
			close(reply.fd);
	}
	for (uint32_t i = 9; i < 11; i++) {
		struct region_info q = { .argsz = 32, .index = i };

		assert_int_equal(call(*state, &reply, REGION_INFO, &q, 32), EINVAL);
	}
}

/* BAR1 as QEMU maps it, and the same bytes through messages and PRAMIN. */
static void test_bar1_is_vram(void **state)
{
	struct region_info q = { .argsz = 32, .index = 1 };
	uint8_t *bar1;

	assert_int_equal(call(*state, &reply, REGION_INFO, &q, 32), 0);
	memcpy(&q, reply.payload, sizeof(q));
	bar1 = mmap(NULL, VRAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, reply.fd, q.offset);
	close(reply.fd);
	assert_ptr_not_equal(bar1, MAP_FAILED);
	memcpy(bar1 + 0x310004, "\xef\xbe\xad\xde", 4);
	assert_int_equal(rd32(*state, 1, 0x310004), 0xdeadbeef);
	wr32(*state, 0, 0x1700, 0x31);
	assert_int_equal(rd32(*state, 0, 0x700004), 0xdeadbeef);
	wr32(*state, 1, VRAM_BYTES - 4, 0x01020304);
	assert_memory_equal(bar1 + VRAM_BYTES - 4, "\4\3\2\1", 4);
	/* BAR2 is physical from 0 at reset */
	wr32(*state, 3, 0x310008, 0x11223344);
	assert_memory_equal(bar1 + 0x310008, "\x44\x33\x22\x11", 4);
	munmap(bar1, VRAM_BYTES);
}

static void test_config(void **state)
{
	struct server *s = *state;
	uint8_t cfg[4096], cap, seen = 0;

	assert_int_equal(rw(s, REGION_READ, 7, 0, 4096, cfg), 0);
	assert_memory_equal(cfg, "\xde\x10\xb8\x1e", 4);
	assert_memory_equal(cfg + 8, "\xa1\x00\x02\x03", 4);
	assert_memory_equal(cfg + 0x2c, "\xf4\x1a\x00\x11", 4);
	assert_int_equal(cfg[0x3d], 0);			/* no INTx */
	assert_int_equal(cfg[0x0e] & 0x7f, 0);
	assert_int_equal(cfg[0x10], 0x0);		/* BAR types */
	assert_int_equal(cfg[0x14], 0xc);
	assert_int_equal(cfg[0x1c], 0xc);
	for (cap = cfg[0x34]; cap; cap = cfg[cap + 1]) {
		seen |= cfg[cap] == 0x01 ? 1 : cfg[cap] == 0x05 ? 2 : cfg[cap] == 0x10 ? 4 : 8;
		assert_int_equal(cap, cfg[cap] == 1 ? 0x60 : cfg[cap] == 5 ? 0x68 : 0x78);
	}
	assert_int_equal(seen, 7);			/* PM, MSI, PCIe; no MSI-X */
	assert_int_equal(cfg[0x6a] & 0x8e, 0x80);	/* 64-bit, one vector */
	assert_int_equal(cfg[0x7f] & 0x10, 0x10);	/* FLR */
	wr32(s, 7, 0x00, 0);
	assert_int_equal(rd32(s, 7, 0x00), 0x1eb810de);
	wr32(s, 7, 0x04, 0xffffffff);
	assert_int_equal(rd32(s, 7, 0x04), 0x00100547);
}

/* Guest memory: a memfd the client maps in pieces. */
struct dma_map {
	uint32_t argsz, flags;
	uint64_t offset, iova, size;
};

static uint32_t dma_map(struct server *s, int fd, uint64_t off, uint64_t iova, uint64_t size,
			uint32_t flags)
{
	struct dma_map q = { 32, flags, off, iova, size };

	return call_fd(s, &reply, DMA_MAP, &q, 32, fd);
}

static uint32_t dma_unmap(struct server *s, uint64_t iova, uint64_t size)
{
	struct { uint32_t argsz, flags; uint64_t iova, size; } q = { 24, 0, iova, size };

	return call(s, &reply, DMA_UNMAP, &q, 24);
}

/* One dword of guest memory by DMA: PRAMIN with a system-memory target. */
static uint32_t dma_read32(struct server *s, uint64_t iova)
{
	wr32(s, 0, 0x1700, 0x02000000 | iova >> 16);
	return rd32(s, 0, 0x700000 + (iova & 0xffff));
}

static void dma_write32(struct server *s, uint64_t iova, uint32_t v)
{
	wr32(s, 0, 0x1700, 0x02000000 | iova >> 16);
	wr32(s, 0, 0x700000 + (iova & 0xffff), v);
}

#define DMA_MISS 0xbadf0100u

static int guest_ram(uint64_t size, uint8_t **map)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
	*map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return fd;
}

static void test_dma(void **state)
{
	struct server *s = *state;
	uint8_t *ram;
	int fd = guest_ram(4 << 20, &ram);

	memcpy(ram + 0x100010, "\x78\x56\x34\x12", 4);
	assert_int_equal(dma_map(s, fd, 0x100000, 0x140000000, 0x200000, 3), 0);
	assert_int_equal(dma_read32(s, 0x140000010), DMA_MISS);	/* not a bus master */
	wr32(s, 7, 4, 6);
	assert_int_equal(dma_read32(s, 0x140000010), 0x12345678);
	dma_write32(s, 0x140000ff0, 0xa5a5a5a5);
	assert_memory_equal(ram + 0x100ff0, "\xa5\xa5\xa5\xa5", 4);
	assert_int_equal(dma_read32(s, 0x140200000), DMA_MISS);
	assert_int_equal(dma_read32(s, 0x13fffffff & ~3ull), DMA_MISS);
	assert_int_equal(dma_unmap(s, 0x140000000, 0x100000), ENOENT);
	assert_int_equal(dma_unmap(s, 0x140000000, 0x200000), 0);
	assert_int_equal(dma_read32(s, 0x140000010), DMA_MISS);
	munmap(ram, 4 << 20);
	close(fd);
}

static void test_dma_permissions_and_seams(void **state)
{
	struct server *s = *state;
	uint64_t v = 0x1122334455667788;
	uint8_t *ram;
	int fd = guest_ram(1 << 20, &ram);

	wr32(s, 7, 4, 6);
	assert_int_equal(dma_map(s, fd, 0, 0, 0x10000, 1), 0);		/* read-only */
	assert_int_equal(dma_map(s, fd, 0x10000, 0x10000, 0x10000, 3), 0);
	assert_int_equal(dma_map(s, fd, 0x40000, 0x20000, 0x10000, 3), 0);
	assert_int_equal(dma_map(s, -1, 0, 0x30000, 0x10000, 3), 0);	/* a BAR of someone */
	dma_write32(s, 0x100, 1);
	assert_int_equal(ram[0x100], 0);
	assert_int_equal(dma_read32(s, 0x100), 0);
	dma_write32(s, 0x10000, 7);
	assert_int_equal(ram[0x10000], 7);
	dma_write32(s, 0x20000, 9);
	assert_int_equal(ram[0x40000], 9);
	assert_int_equal(dma_read32(s, 0x30000), DMA_MISS);
	/* an access may not cross windows that are apart in the file */
	wr32(s, 0, 0x1700, 0x02000001);
	assert_int_equal(rw(s, REGION_WRITE, 0, 0x700000 + 0xfff8, 8, &v), 0);
	assert_int_equal(dma_read32(s, 0x1fff8), 0x55667788);
	munmap(ram, 1 << 20);
	close(fd);
}

static void test_dma_bad_requests(void **state)
{
	struct server *s = *state;
	uint8_t *ram;
	int fd = guest_ram(1 << 20, &ram);

	assert_int_equal(dma_map(s, fd, 0, 0, 0, 3), EINVAL);
	assert_int_equal(dma_map(s, fd, 0, ~0ull - 4095, 8192, 3), EINVAL);
	assert_int_equal(dma_map(s, fd, 0, 0, 0x1000, 0xf), EINVAL);
	assert_int_equal(dma_map(s, fd, 0x80000, 0, 0x100000, 3), EINVAL);	/* past the file */
	assert_int_equal(dma_map(s, fd, ~0ull - 4095, 0, 0x1000, 3), EINVAL);
	assert_int_equal(dma_map(s, fd, 0, 0x1000, 0x2000, 3), 0);
	assert_int_equal(dma_map(s, fd, 0, 0x2000, 0x1000, 3), EEXIST);
	assert_int_equal(dma_map(s, fd, 0, 0, 0x1001, 3), EEXIST);
	assert_int_equal(dma_unmap(s, 0x5000, 0x1000), ENOENT);
	assert_int_equal(dma_map(s, s->sock, 0, 0x10000, 0x1000, 3) != 0, 1);	/* no file */
	munmap(ram, 1 << 20);
	close(fd);
}

static uint32_t set_irqs(struct server *s, uint32_t flags, uint32_t index, uint32_t start,
			 uint32_t count, int fd)
{
	uint32_t q[5] = { 20, flags, index, start, count };

	return call_fd(s, &reply, SET_IRQS, q, 20, fd);
}

static unsigned int fired(int efd)
{
	uint64_t n = 0;

	return read(efd, &n, 8) == 8 ? n : 0;
}

static void trigger(struct server *s)
{
	wr32(s, 0, 0xb81640, 64);
	wr32(s, 0, 0xb81008, 1);
	wr32(s, 0, 0x88704, 0);
}

static void test_msi(void **state)
{
	struct server *s = *state;
	int a = eventfd(0, EFD_NONBLOCK), b = eventfd(0, EFD_NONBLOCK);

	for (uint32_t i = 0; i < 5; i++) {
		uint32_t q[4] = { 16, 0, i, 0 };

		assert_int_equal(call(s, &reply, IRQ_INFO, q, 16), 0);
		memcpy(q, reply.payload, 16);
		assert_int_equal(q[3], i == 1 || i == 3);
		assert_int_equal(q[1], q[3]);		/* EVENTFD, nothing else */
	}
	wr32(s, 0, 0xb81208, 1);
	wr32(s, 0, 0xb81608, 0xf);
	assert_int_equal(set_irqs(s, 0x24, 1, 0, 1, a), 0);
	trigger(s);
	assert_int_equal(fired(a), 1);
	assert_int_equal(set_irqs(s, 0x24, 1, 0, 1, b), 0);	/* rebinding */
	trigger(s);
	assert_int_equal(fired(a), 0);
	assert_int_equal(fired(b), 1);
	assert_int_equal(set_irqs(s, 0x21, 1, 0, 0, -1), 0);	/* disable */
	trigger(s);
	assert_int_equal(fired(b), 0);
	assert_int_equal(set_irqs(s, 0x24, 1, 0, 1, a), 0);
	assert_int_equal(fired(a), 1);				/* pending while unbound */
	assert_int_equal(set_irqs(s, 0x24, 1, 0, 1, -1), 0);	/* unbind one */
	trigger(s);
	assert_int_equal(fired(a), 0);
	assert_int_equal(set_irqs(s, 0x21, 0, 0, 0, -1), 0);	/* INTx "disable" */
	assert_int_equal(set_irqs(s, 0x24, 1, 1, 1, a), EINVAL);
	assert_int_equal(set_irqs(s, 0x24, 1, 0, 2, a), EINVAL);
	assert_int_equal(set_irqs(s, 0x24, 2, 0, 1, a), EINVAL);
	assert_int_equal(set_irqs(s, 0x24, 9, 0, 1, a), EINVAL);
	assert_int_equal(set_irqs(s, 0x04, 1, 0, 1, a), EINVAL);
	close(a);
	close(b);
}

static void test_reset_and_flr(void **state)
{
	struct server *s = *state;

	wr32(s, 1, 0x1000, 0x600df00d);
	for (int flr = 0; flr < 2; flr++) {
		wr32(s, 0, 0x1400, 0x1234);
		wr32(s, 7, 4, 6);
		if (flr)
			wr32(s, 7, 0x80, 0x0000a810);
		else
			assert_int_equal(call(s, &reply, DEVICE_RESET, NULL, 0), 0);
		assert_int_equal(rd32(s, 0, 0x1400), 0);
		assert_int_equal(rd32(s, 7, 4), 0x00100000);
		assert_int_equal(rd32(s, 7, 0x80) & 0x8000, 0);
		assert_int_equal(rd32(s, 1, 0x1000), 0x600df00d);	/* memory stays */
	}
}

static void test_reconnect(void **state)
{
	struct server *s = *state;
	uint8_t *ram;
	int fd = guest_ram(1 << 20, &ram);

	wr32(s, 0, 0x1400, 0x1234);
	wr32(s, 1, 0x2000, 0x600df00d);
	assert_int_equal(dma_map(s, fd, 0, 0, 1 << 20, 3), 0);
	close(s->sock);
	s->sock = dial(s);
	handshake(s);
	assert_int_equal(rd32(s, 0, 0x1400), 0);
	assert_int_equal(rd32(s, 1, 0x2000), 0);	/* nothing of the last client */
	wr32(s, 7, 4, 6);
	assert_int_equal(dma_read32(s, 0), DMA_MISS);
	assert_int_equal(dma_map(s, fd, 0, 0, 1 << 20, 3), 0);
	munmap(ram, 1 << 20);
	close(fd);
}

static void test_bad_accesses(void **state)
{
	struct server *s = *state;
	uint8_t buf[4096] = { 0 };
	uint32_t p[4] = { 0, 0, 0, 0 };

	assert_int_equal(rw(s, REGION_READ, 0, 16 << 20, 4, buf), EINVAL);
	assert_int_equal(rw(s, REGION_READ, 0, (16 << 20) - 2, 4, buf), EINVAL);
	assert_int_equal(rw(s, REGION_READ, 0, ~0ull, 4, buf), EINVAL);
	assert_int_equal(rw(s, REGION_READ, 0, 0, 3, buf), EINVAL);
	assert_int_equal(rw(s, REGION_READ, 0, 0, 0, buf), EINVAL);
	assert_int_equal(rw(s, REGION_READ, 0, 0, 64, buf), EINVAL);
	assert_int_equal(rw(s, REGION_READ, 2, 0, 4, buf), EINVAL);
	assert_int_equal(rw(s, REGION_READ, 9, 0, 4, buf), EINVAL);
	assert_int_equal(rw(s, REGION_READ, 7, 4095, 2, buf), EINVAL);
	assert_int_equal(rw(s, REGION_WRITE, 1, VRAM_BYTES, 1, buf), EINVAL);
	p[3] = 1u << 20;					/* count beyond the limit */
	p[2] = 1;
	assert_int_equal(call(s, &reply, REGION_READ, p, 16), EINVAL);
	p[3] = 8;						/* data missing */
	assert_int_equal(call(s, &reply, REGION_WRITE, p, 16), EINVAL);
	p[3] = 65536;						/* the limit itself */
	assert_int_equal(call(s, &reply, REGION_READ, p, 16), 0);
	assert_int_equal(reply.size, 32 + 65536);
}

static void test_short_and_unknown_commands(void **state)
{
	struct server *s = *state;
	static const uint16_t cmds[] = { DMA_MAP, DMA_UNMAP, GET_INFO, REGION_INFO, IRQ_INFO,
					 SET_IRQS, REGION_READ, REGION_WRITE, VERSION };
	uint8_t zero[16] = { 0 };

	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++)
		for (size_t len = 0; len < 16; len += 5)
			assert_int_equal(call(s, &reply, cmds[i], zero, len), EINVAL);
	assert_int_equal(call(s, &reply, 6, zero, 16), ENOSYS);
	assert_int_equal(call(s, &reply, 15, zero, 16), ENOSYS);
	assert_int_equal(call(s, &reply, 16, zero, 16), ENOTTY);
	assert_int_equal(call(s, &reply, 0, zero, 16), ENOSYS);
	assert_int_equal(call(s, &reply, 0xffff, zero, 16), ENOSYS);
	assert_int_equal(rd32(s, 0, 0), 0x164000a1);		/* still alive */
}

/* The stream in any cut, many messages at once, and writes without a reply. */
static void test_framing(void **state)
{
	struct server *s = *state;
	uint8_t p[20] = { 0 }, out[64 * 64];
	uint32_t off = 0x1400, n = 4;
	size_t len;

	memcpy(p, &off, 4);
	memcpy(p + 12, &n, 4);
	len = build(s, out, REGION_READ, 0, p, 16);
	for (size_t i = 0; i < len; i++)
		send_bytes(s->sock, out + i, 1, NULL, 0);
	assert_true(receive(s, &reply));
	assert_int_equal(reply.size, 36);
	len = 0;
	for (uint32_t i = 0; i < 32; i++) {
		memcpy(p + 16, &i, 4);
		len += build(s, out + len, REGION_WRITE, 0x10, p, 20);
	}
	len += build(s, out + len, REGION_READ, 0, p, 16);
	send_bytes(s->sock, out, len, NULL, 0);
	assert_true(receive(s, &reply));
	assert_int_equal(reply.id, s->id);			/* none for the writes */
	memcpy(&n, reply.payload + 16, 4);
	assert_int_equal(n, 31);
}

static void test_bad_framing(void **state)
{
	struct server *s = *state;
	static const uint32_t sizes[] = { 0, 15, 0xffffffff, 1 << 20 };

	for (size_t i = 0; i < 4; i++) {
		uint32_t hdr[4] = { GET_INFO << 16, sizes[i], 0, 0 };

		send_bytes(s->sock, hdr, 16, NULL, 0);
		assert_false(receive(s, &reply));
		close(s->sock);
		s->sock = dial(s);
		handshake(s);
	}
}

static unsigned int count_fds(void)
{
	unsigned int n = 0;
	struct stat st;

	for (int fd = 0; fd < 256; fd++)
		n += !fstat(fd, &st);
	return n;
}

static void test_descriptors_do_not_leak(void **state)
{
	struct server *s = *state;
	uint8_t *ram;
	int fd = guest_ram(1 << 20, &ram), fds[20];
	uint8_t out[64];
	uint32_t q[4] = { 16 };
	unsigned int before;
	size_t len;

	for (int i = 0; i < 20; i++)
		fds[i] = fd;
	assert_int_equal(call(s, &reply, GET_INFO, q, 16), 0);
	before = count_fds();
	for (int n = 1; n <= 8; n++) {				/* where none belong */
		len = build(s, out, GET_INFO, 0, q, 16);
		send_bytes(s->sock, out, len, fds, n);
		assert_true(receive(s, &reply));
		len = build(s, out, DMA_MAP, 0, q, 16);
		send_bytes(s->sock, out, len, fds, n);
		assert_true(receive(s, &reply));
	}
	assert_int_equal(call(s, &reply, GET_INFO, q, 16), 0);
	assert_int_equal(count_fds(), before);
	len = build(s, out, GET_INFO, 0, q, 16);
	send_bytes(s->sock, out, len, fds, 20);			/* more than agreed */
	assert_false(receive(s, &reply));
	close(s->sock);
	s->sock = dial(s);
	handshake(s);
	assert_int_equal(count_fds(), before);
	munmap(ram, 1 << 20);
	close(fd);
}

/* Seeded garbage behind valid headers: the server answers or hangs up. */
static void test_fuzz(void **state)
{
	struct server *s = *state;
	unsigned int seed = 7;
	uint8_t out[256];

	for (int i = 0; i < 20000; i++) {
		uint16_t cmd = rand_r(&seed) % 18;
		uint32_t len = rand_r(&seed) % 64;
		uint8_t p[64];

		for (uint32_t k = 0; k < sizeof(p); k++)
			p[k] = rand_r(&seed) % 4 ? 0 : rand_r(&seed);
		if (cmd == VERSION)
			continue;
		if (cmd == REGION_READ || cmd == REGION_WRITE) {
			p[7] = p[6] = p[5] = p[4] = 0;
			p[15] = p[14] = 0;		/* replies of a sane length */
		}
		send_bytes(s->sock, out, build(s, out, cmd, 0, p, len), NULL, 0);
		if (!receive(s, &reply)) {
			close(s->sock);
			s->sock = dial(s);
			handshake(s);
		}
	}
	assert_int_equal(rd32(s, 0, 0), 0x164000a1);
}

static void test_socket_in_use(void **state)
{
	struct server *s = *state;
	struct vfio_user *other;
	char path[96];
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char longpath[200];
	int fd;

	assert_int_equal(vfio_user_listen(s->path, &other), -EADDRINUSE);
	assert_int_equal(access(s->path, F_OK), 0);
	memset(longpath, 'x', sizeof(longpath));
	longpath[199] = 0;
	assert_int_equal(vfio_user_listen(longpath, &other), -ENAMETOOLONG);
	/* left over from a process that died */
	snprintf(path, sizeof(path), "%s/stale", s->dir);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(vfio_user_listen(path, &other), 0);
	vfio_user_free(other);
}

#define READY(f) cmocka_unit_test_setup_teardown(f, setup_ready, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_command_before_version, setup, teardown),
		READY(test_device_info),
		READY(test_regions),
		READY(test_bar1_is_vram),
		READY(test_config),
		READY(test_dma),
		READY(test_dma_permissions_and_seams),
		READY(test_dma_bad_requests),
		READY(test_msi),
		READY(test_reset_and_flr),
		READY(test_reconnect),
		READY(test_bad_accesses),
		READY(test_short_and_unknown_commands),
		READY(test_framing),
		READY(test_bad_framing),
		READY(test_descriptors_do_not_leak),
		READY(test_fuzz),
		READY(test_socket_in_use),
	};

	return cmocka_run_group_tests_name("vfio-user", tests, NULL, NULL);
}
