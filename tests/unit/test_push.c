// SPDX-License-Identifier: MIT
/*
 * Pushbuffer builder. Golden words were put together by hand from the method
 * formats of dev_ram; the random test builds pushes in buffers that are too
 * small and reads them back with a decoder of its own.
 */
#include "unit.h"

#include "nouveau_push.h"

static void push_headers(void **state)
{
	u32 mem[16] = { 0 };
	struct nouveau_pb pb;
	static const u32 want[] = {
		0x20048100, 1, 2, 3, 4,		/* INC, count 4, subchannel 4, 0x400 / 4 */
		0x20010000, 0xc5b5,		/* SET_OBJECT on subchannel 0 */
		0x9fff2044,			/* IMMD, data 0x1fff, subchannel 1, 0x110 / 4 */
		0x20010008, 0x2000,		/* too large for the header */
		0x80000008,			/* NON_STALL_INTERRUPT, data 0 */
	};

	nouveau_pb_init(&pb, mem, ARRAY_SIZE(mem));
	nouveau_pb_inc(&pb, 4, 0x400, 1, 2, 3, 4);
	nouveau_pb_inc(&pb, 0, 0, 0xc5b5);
	nouveau_pb_imm(&pb, 1, 0x110, 0x1fff);
	nouveau_pb_imm(&pb, 0, 0x20, 0x2000);
	nouveau_pb_imm(&pb, 0, 0x20, 0);
	assert_true(nouveau_pb_ok(&pb));
	assert_int_equal(nouveau_pb_bytes(&pb), sizeof(want));
	assert_memory_equal(mem, want, sizeof(want));
}

static void push_release(void **state)
{
	u32 mem[8] = { 0 };
	struct nouveau_pb pb;
	/* INC 5 from SEM_ADDR_LO; RELEASE 1, WFI bit 20, 64-bit payload bit 24 */
	static const u32 want[] = { 0x20050017, 0x3456788, 0x12, 0x89abcdef, 0x01234567, 0x01100001 };

	nouveau_pb_init(&pb, mem, ARRAY_SIZE(mem));
	nouveau_pb_release(&pb, 0x1203456788ull, 0x0123456789abcdefull, true);
	assert_int_equal(nouveau_pb_bytes(&pb), sizeof(want));
	assert_memory_equal(mem, want, sizeof(want));

	nouveau_pb_init(&pb, mem, ARRAY_SIZE(mem));
	nouveau_pb_release(&pb, 0, 0, false);
	assert_int_equal(mem[5], 0x01000001);
}

static void push_gp_entries(void **state)
{
	u32 e[2];

	nouveau_gp_entry(e, 0x1234567890ull, 64, false);
	assert_int_equal(e[0], 0x34567890);
	assert_int_equal(e[1], 0x00004012);
	nouveau_gp_entry(e, 0xfffffffffcull, (8 << 20) - 4, true);
	assert_int_equal(e[0], 0xfffffffc);
	assert_int_equal(e[1], 0xfffffcff);
	nouveau_gp_entry(e, 0, 4, false);
	assert_int_equal(e[0], 0);
	assert_int_equal(e[1], 0x400);
}

static void push_never_past_the_end(void **state)
{
	static const u32 data[4] = { 1, 2, 3, 4 };
	u32 mem[6] = { [5] = 0xdeadbeef };
	struct nouveau_pb pb;

	/* exactly full is no overflow */
	nouveau_pb_init(&pb, mem, 5);
	nouveau_pb_mthds(&pb, NVC46F_DMA_SEC_OP_INC_METHOD, 0, 0x400, data, 4);
	assert_true(nouveau_pb_ok(&pb));
	assert_int_equal(nouveau_pb_space(&pb), 0);
	nouveau_pb_imm(&pb, 0, 0x20, 0);
	assert_false(nouveau_pb_ok(&pb));
	assert_int_equal(nouveau_pb_bytes(&pb), 20);
	assert_int_equal(mem[5], 0xdeadbeef);

	/* a method that does not fit leaves nothing behind, and none follows */
	nouveau_pb_init(&pb, mem, 4);
	nouveau_pb_mthds(&pb, NVC46F_DMA_SEC_OP_INC_METHOD, 0, 0x400, data, 4);
	assert_false(nouveau_pb_ok(&pb));
	assert_int_equal(nouveau_pb_bytes(&pb), 0);
	nouveau_pb_imm(&pb, 0, 0x20, 0);
	assert_int_equal(nouveau_pb_bytes(&pb), 0);
	assert_int_equal(nouveau_pb_space(&pb), 0);

	/* more data than a header can count */
	nouveau_pb_init(&pb, mem, 5);
	nouveau_pb_mthds(&pb, NVC46F_DMA_SEC_OP_INC_METHOD, 0, 0x400, data, 0x2000);
	assert_false(nouveau_pb_ok(&pb));
}

struct call {
	unsigned int subch, n;
	u32 mthd, data[8];
};

/* Reads one method back; returns the words it took. */
static unsigned int decode(const u32 *w, struct call *c)
{
	unsigned int count = w[0] >> 16 & 0x1fff;

	memset(c, 0, sizeof(*c));
	c->subch = w[0] >> 13 & 7;
	c->mthd = (w[0] & 0xfff) * 4;
	if (w[0] >> 29 == 4) {
		c->n = 1;
		c->data[0] = count;
		return 1;
	}
	assert_int_equal(w[0] >> 29, 1);
	assert_in_range(count, 1, 8);
	c->n = count;
	memcpy(c->data, w + 1, count * 4);
	return 1 + count;
}

static void random_call(struct call *c)
{
	memset(c, 0, sizeof(*c));
	c->subch = unit_random() % 8;
	c->mthd = unit_random() % 0x1000 * 4;
	c->n = 1 + unit_random() % 8;
	for (unsigned int i = 0; i < c->n; i++)
		c->data[i] = unit_random() >> unit_random() % 32;
}

static void push_random(void **state)
{
	unit_seed();
	for (unsigned int round = 0; round < 2000; round++) {
		unsigned int max = unit_random() % 64, calls = 0, at = 0;
		u32 *mem = malloc(max * sizeof(*mem) + 1);	/* ASan guards its end */
		struct call c[32], got;
		struct nouveau_pb pb;

		nouveau_pb_init(&pb, mem, max);
		for (unsigned int i = 0; i < ARRAY_SIZE(c); i++) {
			random_call(&c[i]);
			if (unit_random() % 4 == 0) {
				c[i].n = 1;
				memset(c[i].data + 1, 0, sizeof(c[i].data) - 4);
				nouveau_pb_imm(&pb, c[i].subch, c[i].mthd, c[i].data[0]);
			} else {
				nouveau_pb_mthds(&pb, NVC46F_DMA_SEC_OP_INC_METHOD, c[i].subch,
						 c[i].mthd, c[i].data, c[i].n);
			}
			if (!nouveau_pb_ok(&pb))
				break;
			calls++;
		}
		for (unsigned int i = 0; i < calls; i++) {
			at += decode(mem + at, &got);
			assert_memory_equal(&got, &c[i], sizeof(got));
		}
		assert_int_equal(at * 4, nouveau_pb_bytes(&pb));
		free(mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(push_headers),
		cmocka_unit_test(push_release),
		cmocka_unit_test(push_gp_entries),
		cmocka_unit_test(push_never_past_the_end),
		cmocka_unit_test(push_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
