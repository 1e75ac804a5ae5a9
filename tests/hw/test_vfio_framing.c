// SPDX-License-Identifier: MIT
/* Bad and odd bytes on the socket, descriptors, a socket in use. */
#define _GNU_SOURCE
#include "vfio_client.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {

		READY(test_short_and_unknown_commands),
		READY(test_framing),
		READY(test_bad_framing),
		READY(test_descriptors_do_not_leak),
		READY(test_fuzz),
		READY(test_socket_in_use),
	};

	return cmocka_run_group_tests_name("vfio-user framing", tests, NULL, NULL);
}
