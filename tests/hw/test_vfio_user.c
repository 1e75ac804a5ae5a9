// SPDX-License-Identifier: MIT
/* A session over the socket: what QEMU sends, and what it must get back. */
#define _GNU_SOURCE
#include "vfio_client.h"

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
	};

	return cmocka_run_group_tests_name("vfio-user", tests, NULL, NULL);
}
