// SPDX-License-Identifier: MIT
/*
 * PBDMA registers. The first 64 mirror the RAMFC words of the loaded channel;
 * the guest may repair them while an interrupt stalls the PBDMA.
 */
#include <string.h>

#include "fifo.h"
#include "log.h"
#include "mmio.h"
#include "nvhw/nv_field.h"

#define STRIDE		0x2000
#define PERIOD_INIT	0x00010000	/* NV_PPBDMA_TIMEOUT */
#define INTR_0_BITS	0xcffffeffu	/* all that the manual defines */
#define INTR_1_BITS	0x8000001fu

bool pbdma_stalled(const struct pbdma *pb)
{
	return pb->intr[0] & pb->intr_stall[0] || pb->intr[1] & pb->intr_stall[1];
}

bool pbdma_intr_pending(const struct pbdma *pb)
{
	return pb->intr[0] & pb->intr_en[0] || pb->intr[1] & pb->intr_en[1];
}

void pbdma_raise(struct gpu *gpu, struct pbdma *pb, unsigned int n, uint32_t bits)
{
	pb->intr[n] |= bits;
	fifo_update_intr(gpu);
}

void pbdma_reset(struct pbdma *pb)
{
	pb->fc = NULL;
	memset(pb->reg, 0, sizeof(pb->reg));
	memset(pb->w, 0, sizeof(pb->w));
	memset(pb->intr, 0, sizeof(pb->intr));
	memset(pb->intr_en, 0, sizeof(pb->intr_en));
	memset(pb->raise, 0, sizeof(pb->raise));
	memset(&pb->shadow, 0, sizeof(pb->shadow));
	memset(&pb->seen, 0, sizeof(pb->seen));
	pb->intr_stall[0] = INTR_0_BITS;
	pb->intr_stall[1] = INTR_1_BITS;
	pb->pb_pos = pb->pb_len = 0;
	pb->pb_bad = pb->reg_written = false;
}

static uint32_t word_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->fifo->pbdma[i].reg[(r->off - NV_PPBDMA_GP_PUT(0)) / 4];
}

static void word_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
		       uint32_t old)
{
	struct pbdma *pb = &gpu->fifo->pbdma[i];

	if (pb->fc && !pbdma_stalled(pb)) {
		log_guest_error("host", "PBDMA %u: %s written while it works", i, r->name);
		pbdma_raise(gpu, pb, 0, NV_DEF(NV_PPBDMA_INTR_0_PRI, _PENDING));
		if (pb->rl)
			runlist_attend(pb->rl);
		return;
	}
	pb->reg[(r->off - NV_PPBDMA_GP_PUT(0)) / 4] = val;
	pb->reg_written = pb->fc != NULL;
}

/* INTR_0 and INTR_1 and their enables and stall controls share these hooks. */
static unsigned int which(const struct mmio_reg *r)
{
	return r->off == NV_PPBDMA_INTR_1(0) || r->off == NV_PPBDMA_INTR_EN_1(0) ||
	       r->off == NV_PPBDMA_INTR_STALL_1(0);
}

static uint32_t intr_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->fifo->pbdma[i].intr[which(r)];
}

static void restart(struct gpu *gpu, struct pbdma *pb)
{
	fifo_update_intr(gpu);
	if (pb->rl && pb->rl->started && !pbdma_stalled(pb))
		runlist_kick(pb->rl);
}

static void intr_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i, uint32_t val,
		       uint32_t old)
{
	gpu->fifo->pbdma[i].intr[which(r)] &= ~val;
	restart(gpu, &gpu->fifo->pbdma[i]);
}

static uint32_t intr_en_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->fifo->pbdma[i].intr_en[which(r)];
}

static void intr_en_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			  uint32_t val, uint32_t old)
{
	gpu->fifo->pbdma[i].intr_en[which(r)] = val & (which(r) ? INTR_1_BITS : INTR_0_BITS);
	fifo_update_intr(gpu);
}

static uint32_t intr_stall_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->fifo->pbdma[i].intr_stall[which(r)];
}

static void intr_stall_write(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			     uint32_t val, uint32_t old)
{
	gpu->fifo->pbdma[i].intr_stall[which(r)] = val & (which(r) ? INTR_1_BITS : INTR_0_BITS);
	restart(gpu, &gpu->fifo->pbdma[i]);
}

static uint32_t status_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	const struct pbdma *pb = &gpu->fifo->pbdma[i];

	if (!pb->fc)
		return NV_DEF(NV_PPBDMA_STATUS_PBDMA, _EMPTY);
	if (pbdma_stalled(pb))
		return NV_DEF(NV_PPBDMA_STATUS_PBDMA, _SUSPENDED) |
		       NV_DEF(NV_PPBDMA_STATUS_MP, _SUSPENDED);
	if (pb->fc->wait == CHAN_WAIT_ACQUIRE)
		return NV_DEF(NV_PPBDMA_STATUS_PBDMA, _BLOCKED) |
		       NV_DEF(NV_PPBDMA_STATUS_SEM, _BLOCKED);
	return NV_DEF(NV_PPBDMA_STATUS_PBDMA, _BUSY) | NV_DEF(NV_PPBDMA_STATUS_MP, _BUSY);
}

static uint32_t channel_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	const struct pbdma *pb = &gpu->fifo->pbdma[i];

	return pb->fc ? NV_NUM(NV_PPBDMA_CHANNEL_CHID, pb->fc->ch.chid) : 0;
}

static uint32_t shadow_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	const struct pbdma_shadow *s = &gpu->fifo->pbdma[i].seen;

	switch (r->off) {
	case NV_PPBDMA_GP_SHADOW_0(0):
		return s->gp[0];
	case NV_PPBDMA_GP_SHADOW_1(0):
		return s->gp[1];
	case NV_PPBDMA_HDR_SHADOW(0):
		return s->hdr;
	case NV_PPBDMA_HCE_DBG0(0):
		return s->hce[0];
	default:
		return s->hce[1];
	}
}

#define WORD(n)		{ .off = NV_PPBDMA_##n(0), .count = FIFO_PBDMAS, .stride = STRIDE, \
			  .name = "PPBDMA_" #n, .read = word_read, .write = word_write }
#define WORD_RO(n)	{ .off = NV_PPBDMA_##n(0), .count = FIFO_PBDMAS, .stride = STRIDE, \
			  .name = "PPBDMA_" #n, .read = word_read }
#define REG(n, rd, wr)	{ .off = NV_PPBDMA_##n(0), .count = FIFO_PBDMAS, .stride = STRIDE, \
			  .name = "PPBDMA_" #n, .read = rd, .write = wr }

static const struct mmio_reg regs[] = {
	WORD(GP_PUT), WORD(MEM_OP_A), WORD(USERD), WORD(USERD_HI), WORD(SIGNATURE), WORD(GP_GET),
	WORD(GET), WORD(GET_HI), WORD(TOP_LEVEL_GET), WORD(TOP_LEVEL_GET_HI), WORD(REF),
	WORD(ACQUIRE), WORD(ACQUIRE_DEADLINE), WORD(SEM_ADDR_HI), WORD(SEM_ADDR_LO),
	WORD(SEM_PAYLOAD_LO), WORD(SEM_EXECUTE), WORD(GP_BASE), WORD(GP_BASE_HI), WORD(GP_FETCH),
	WORD(PB_FETCH), WORD(PB_FETCH_HI), WORD(PUT), WORD(PUT_HI), WORD(MEM_OP_B), WORD(GP_CRC),
	WORD(PB_HEADER), WORD(PB_COUNT), WORD(SUBDEVICE), WORD(PB_CRC), WORD(SEM_PAYLOAD_HI),
	WORD(MEM_OP_C), WORD(TARGET), WORD(METHOD_CRC),
	WORD(METHOD0), WORD(DATA0), WORD(METHOD1), WORD(DATA1), WORD(METHOD2), WORD(DATA2),
	WORD(METHOD3), WORD(DATA3), WORD(HCE_CTRL), WORD_RO(CONFIG), WORD(SET_CHANNEL_INFO),
	REG(STATUS, status_read, NULL), REG(CHANNEL, channel_read, NULL),
	REG(INTR_0, intr_read, intr_write), REG(INTR_1, intr_read, intr_write),
	REG(INTR_EN_0, intr_en_read, intr_en_write), REG(INTR_EN_1, intr_en_read, intr_en_write),
	REG(INTR_STALL, intr_stall_read, intr_stall_write),
	REG(INTR_STALL_1, intr_stall_read, intr_stall_write),
	REG(GP_SHADOW_0, shadow_read, NULL), REG(GP_SHADOW_1, shadow_read, NULL),
	REG(HDR_SHADOW, shadow_read, NULL),
	REG(HCE_DBG0, shadow_read, NULL), REG(HCE_DBG1, shadow_read, NULL),
	{ .off = NV_PPBDMA_TIMEOUT(0), .count = FIFO_PBDMAS, .stride = STRIDE,
	  .name = "PPBDMA_TIMEOUT", .reset = PERIOD_INIT, .rw = 0xffffffff },
};

static const struct mmio_block block = { "pbdma", regs, sizeof(regs) / sizeof(regs[0]) };

void pbdma_register(struct gpu *gpu)
{
	mmio_register(gpu, &block);
}
