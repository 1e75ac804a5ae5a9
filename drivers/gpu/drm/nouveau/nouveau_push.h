/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_PUSH_H__
#define __NOUVEAU_PUSH_H__

/*
 * Builder for pushbuffers: method headers and data into a bounded array of
 * dwords. Pure: compiles in user space (tests/unit).
 *
 * A builder never writes past its end. The first method that does not fit sets
 * @overflow and nothing is written from then on, so that a caller may build
 * everything and look once (nouveau_pb_ok()); what was written before is whole
 * methods. Headers come from clc46f.h (dev_ram calls them FIFO_DMA).
 */
#include <linux/types.h>

#include <nvhw/nv_field.h>
#include <nvhw/class/clc46f.h>

struct nouveau_pb {
	u32 *mem;		/* may be write-combined or coherent memory; only written */
	unsigned int cur;	/* dwords written */
	unsigned int max;	/* dwords there is room for */
	bool overflow;		/* something did not fit */
};

#define NOUVEAU_PB_MAX_COUNT	NV_MAX(NVC46F_DMA_METHOD_COUNT)	/* data words of one method */

static inline void nouveau_pb_init(struct nouveau_pb *pb, u32 *mem, unsigned int dwords)
{
	pb->mem = mem;
	pb->cur = 0;
	pb->max = dwords;
	pb->overflow = false;
}

static inline bool nouveau_pb_ok(const struct nouveau_pb *pb)
{
	return !pb->overflow;
}

static inline unsigned int nouveau_pb_bytes(const struct nouveau_pb *pb)
{
	return pb->cur * 4;
}

static inline unsigned int nouveau_pb_space(const struct nouveau_pb *pb)
{
	return pb->overflow ? 0 : pb->max - pb->cur;
}

static inline u32 nouveau_pb_header(u32 op, unsigned int subch, u32 mthd, u32 count)
{
	return NV_NUM(NVC46F_DMA_SEC_OP, op) | NV_NUM(NVC46F_DMA_METHOD_COUNT, count) |
	       NV_NUM(NVC46F_DMA_METHOD_SUBCHANNEL, subch) |
	       NV_NUM(NVC46F_DMA_METHOD_ADDRESS, mthd >> 2);
}

/* Header and @n data words, all or nothing. */
static inline void nouveau_pb_mthds(struct nouveau_pb *pb, u32 op, unsigned int subch, u32 mthd,
				    const u32 *data, unsigned int n)
{
	unsigned int i;

	if (pb->overflow || n > NOUVEAU_PB_MAX_COUNT || n >= pb->max - pb->cur) {
		pb->overflow = true;
		return;
	}
	pb->mem[pb->cur++] = nouveau_pb_header(op, subch, mthd, n);
	for (i = 0; i < n; i++)
		pb->mem[pb->cur++] = data[i];
}

/* data[i] to mthd + 4 * i */
#define nouveau_pb_inc(pb, subch, mthd, ...) \
	nouveau_pb_mthds(pb, NVC46F_DMA_SEC_OP_INC_METHOD, subch, mthd, \
			 (const u32[]){ __VA_ARGS__ }, \
			 sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))

/* One method whose 13-bit data stand in the header; larger data take a word. */
static inline void nouveau_pb_imm(struct nouveau_pb *pb, unsigned int subch, u32 mthd, u32 data)
{
	if (data > NV_MAX(NVC46F_DMA_IMMD_DATA)) {
		nouveau_pb_mthds(pb, NVC46F_DMA_SEC_OP_INC_METHOD, subch, mthd, &data, 1);
		return;
	}
	if (pb->overflow || pb->cur >= pb->max) {
		pb->overflow = true;
		return;
	}
	pb->mem[pb->cur++] = nouveau_pb_header(NVC46F_DMA_SEC_OP_IMMD_DATA_METHOD, subch, mthd,
					       data);
}

/* Release semaphore at @va (8-byte aligned) with 64-bit @payload once all work is done. */
static inline void nouveau_pb_release(struct nouveau_pb *pb, u64 va, u64 payload, bool wfi)
{
	nouveau_pb_inc(pb, 0, NVC46F_SEM_ADDR_LO,
		       (u32)va, (u32)(va >> 32), (u32)payload, (u32)(payload >> 32),
		       NV_DEF(NVC46F_SEM_EXECUTE_OPERATION, _RELEASE) |
		       NV_DEF(NVC46F_SEM_EXECUTE_PAYLOAD_SIZE, _64BIT) |
		       (wfi ? NV_DEF(NVC46F_SEM_EXECUTE_RELEASE_WFI, _EN) : 0));
}

/* A GPFIFO entry for @bytes of methods at @va. */
static inline void nouveau_gp_entry(u32 entry[2], u64 va, u32 bytes, bool wait)
{
	entry[0] = NV_NUM(NVC46F_GP_ENTRY0_GET, va >> 2);
	entry[1] = NV_NUM(NVC46F_GP_ENTRY1_GET_HI, va >> 32) |
		   NV_NUM(NVC46F_GP_ENTRY1_LENGTH, bytes >> 2) |
		   (wait ? NV_DEF(NVC46F_GP_ENTRY1_SYNC, _WAIT) : 0);
}

#endif
