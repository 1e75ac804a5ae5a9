// SPDX-License-Identifier: MIT
/*
 * A PBDMA runs one channel: it walks the GPFIFO, turns pushbuffer words into
 * methods and hands them to Host or to an engine. Everything a channel needs to
 * go on elsewhere lives in the 64 words it loads from and saves to RAMFC; a
 * method that could not be finished waits there as METHOD0 and is tried again.
 */
#include "fifo.h"

#include <string.h>

#include "host_dma.h"
#include "inst.h"
#include "log.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ram.h"
#include "nvhw/tu104/dev_top.h"

#define VA_END		(1ull << 40)	/* Host addresses have 40 bits */
#define SLICE_CHECK	64		/* methods between looks at the clock */

static uint64_t pair(const struct pbdma *pb, unsigned int lo, unsigned int hi)
{
	return ((uint64_t)(pb->w[hi] & 0xff) << 32) | pb->w[lo];
}

/* Pushbuffer pointers count dwords whatever RAMFC held. */
static uint64_t pb_get(const struct pbdma *pb)
{
	return pair(pb, FC(PB_GET), FC(PB_GET_HI)) & ~3ull;
}

static uint64_t pb_put(const struct pbdma *pb)
{
	return pair(pb, FC(PB_PUT), FC(PB_PUT_HI)) & ~3ull;
}

static void set_pair(struct pbdma *pb, unsigned int lo, unsigned int hi, uint64_t v)
{
	pb->w[lo] = v;
	pb->w[hi] = (pb->w[hi] & ~0xffu) | (v >> 32 & 0xff);
}

static uint64_t userd_address(const struct pbdma *pb, enum gpu_aperture *ap)
{
	uint32_t lo = pb->w[FC(USERD)];

	*ap = fifo_aperture(NV_GET(lo, NV_PPBDMA_USERD_TARGET));
	return ((uint64_t)NV_GET(pb->w[FC(USERD_HI)], NV_PPBDMA_USERD_HI_ADDR) << 32) |
	       (lo & NV_MASK(NV_PPBDMA_USERD_ADDR));
}

void pbdma_userd_write(struct gpu *gpu, struct pbdma *pb, unsigned int byte, uint32_t val)
{
	enum gpu_aperture ap;
	uint64_t pa = userd_address(pb, &ap);
	uint32_t *p;

	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ap, pa + byte, 4, true);
	if (p)
		dma_store32(p, val);
	host_dma_end(gpu->host);
}

static bool userd_gp_put(struct gpu *gpu, struct pbdma *pb, uint32_t *val)
{
	enum gpu_aperture ap;
	uint64_t pa = userd_address(pb, &ap);
	uint32_t *p;

	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ap, pa + NV_MW_BYTE(NV_RAMUSERD_GP_PUT), 4, false);
	if (p)
		*val = dma_load32(p);
	host_dma_end(gpu->host);
	if (!p)
		log_guest_error("host", "channel %u: USERD at %#llx is not there",
				pb->fc->ch.chid, (unsigned long long)pa);
	return p != NULL;
}

static void userd_write_back(struct gpu *gpu, struct pbdma *pb)
{
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_GP_GET), pb->w[FC(GP_GET)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_GET), pb->w[FC(PB_GET)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_GET_HI), pb->w[FC(PB_GET_HI)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_PUT), pb->w[FC(PB_PUT)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_PUT_HI), pb->w[FC(PB_PUT_HI)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_TOP_LEVEL_GET),
			  pb->w[FC(PB_TOP_LEVEL_GET)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_TOP_LEVEL_GET_HI),
			  pb->w[FC(PB_TOP_LEVEL_GET_HI)]);
	pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_REF), pb->w[FC(REF)]);
}

static void drop_prefetch(struct pbdma *pb)
{
	pb->pb_pos = pb->pb_len = 0;
}

void pbdma_publish(struct pbdma *pb)
{
	memcpy(pb->reg, pb->w, sizeof(pb->reg));
	pb->seen = pb->shadow;
	pb->reg_written = false;
}

void pbdma_load(struct gpu *gpu, struct pbdma *pb, struct fifo_channel *fc)
{
	struct channel *ch = &fc->ch;
	const void *p;
	uint32_t sig;

	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ch->inst_aperture, ch->inst, sizeof(pb->w), false);
	if (p)
		memcpy(pb->w, p, sizeof(pb->w));
	else
		memset(pb->w, 0, sizeof(pb->w));
	host_dma_end(gpu->host);
	pb->fc = fc;
	fc->pb = pb;
	ch->pbdma = pb;
	ch->privileged = NV_GET(pb->w[FC(CONFIG)], NV_PPBDMA_CONFIG_AUTH_LEVEL);
	ch->ce_privileged = NV_GET(pb->w[FC(HCE_CTRL)], NV_PPBDMA_HCE_CTRL_HCE_PRIV_MODE);
	inst_decode_as(gpu, ch->inst_aperture, ch->inst, -1, &ch->as);
	inst_decode_as(gpu, ch->inst_aperture, ch->inst,
		       NV_GET(pb->w[FC(SET_CHANNEL_INFO)], NV_PPBDMA_SET_CHANNEL_INFO_VEID),
		       &ch->gr_as);
	drop_prefetch(pb);
	pb->pb_bad = false;
	sig = NV_GET(pb->w[FC(SIGNATURE)], NV_PPBDMA_SIGNATURE_HW);
	if (sig != NV_PPBDMA_SIGNATURE_HW_VALID && sig != NV_PPBDMA_SIGNATURE_HW_HOST_CLASS_ID) {
		log_guest_error("host", "channel %u: RAMFC signature %04x", ch->chid, sig);
		pbdma_raise(gpu, pb, 0, NV_DEF(NV_PPBDMA_INTR_0_SIGNATURE, _PENDING));
	}
	pbdma_publish(pb);
}

void pbdma_save(struct gpu *gpu, struct pbdma *pb)
{
	struct fifo_channel *fc = pb->fc;
	void *p;

	if (pb->reg_written)
		memcpy(pb->w, pb->reg, sizeof(pb->w));
	userd_write_back(gpu, pb);
	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, fc->ch.inst_aperture, fc->ch.inst, sizeof(pb->w), true);
	if (p)
		memcpy(p, pb->w, sizeof(pb->w));
	host_dma_end(gpu->host);
	drop_prefetch(pb);
	fc->pb = NULL;
	fc->ch.pbdma = NULL;
	pb->fc = NULL;
	pb->reg_written = false;
}

enum slice_end pbdma_stall(struct pbdma *pb, unsigned int n, uint32_t bits)
{
	pb->raise[n] |= bits;
	return SLICE_STALL;
}

enum slice_end pbdma_fault(struct gpu *gpu, struct pbdma *pb, const struct mmu_xlat *x,
			   uint64_t va, enum mmu_access access)
{
	struct fifo_channel *fc = pb->fc;

	/* The bit before the packet: whoever reads the packet may clear it. */
	pthread_mutex_lock(&gpu->lock);
	fc->pbdma_faulted = true;
	fc->fault_hold = true;
	mmu_fault_fatal_locked(gpu, &fc->ch.as, &pb->client, va, access, x->fault_type);
	pthread_mutex_unlock(&gpu->lock);
	return SLICE_PBDMA_FAULT;
}

/* CRC-32 as the manual's pseudo code has it: most significant bit first. */
static uint32_t crc32_words(uint32_t crc, const uint32_t *p, unsigned int n)
{
	for (unsigned int i = 0; i < n * 4; i++) {
		crc ^= (p[i / 4] >> (i % 4 * 8) & 0xff) << 24;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x80000000u ? crc << 1 ^ 0x04c11db7 : crc << 1;
	}
	return crc;
}

/* Returns 0 or the interrupt; the entry is gone either way. */
static uint32_t gp_control(struct pbdma *pb, const uint32_t *entry)
{
	uint32_t crc;

	switch (NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_OPCODE)) {
	case NV_PPBDMA_GP_ENTRY1_OPCODE_NOP:
		return 0;
	case NV_PPBDMA_GP_ENTRY1_OPCODE_GP_CRC:
		crc = pb->w[FC(GP_CRC)];
		pb->w[FC(GP_CRC)] = 0;
		return crc == entry[0] ? 0 : NV_DEF(NV_PPBDMA_INTR_0_GPCRC, _PENDING);
	case NV_PPBDMA_GP_ENTRY1_OPCODE_PB_CRC:
		return pb->w[FC(PB_CRC)] == entry[0] ? 0 :
		       NV_DEF(NV_PPBDMA_INTR_0_PBCRC, _PENDING);
	default:
		return NV_DEF(NV_PPBDMA_INTR_0_GPENTRY, _PENDING);
	}
}

/* Begins the segment an entry names; same result as gp_control(). */
static uint32_t gp_segment(struct pbdma *pb, const uint32_t *entry)
{
	uint64_t va = ((uint64_t)NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_GET_HI) << 32) |
		      (entry[0] & NV_MASK(NV_PPBDMA_GP_ENTRY0_GET));
	uint64_t end = va + NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_LENGTH) * 4ull;
	bool cond = NV_IS(entry[0], NV_PPBDMA_GP_ENTRY0_FETCH, _CONDITIONAL);
	uint32_t *hdr = &pb->w[FC(PB_HEADER)];

	if (end >= VA_END)
		return NV_DEF(NV_PPBDMA_INTR_0_GPENTRY, _PENDING);
	if (cond && NV_IS(pb->w[FC(SUBDEVICE)], NV_PPBDMA_SUBDEVICE_STATUS, _INACTIVE))
		return 0;
	set_pair(pb, FC(PB_GET), FC(PB_GET_HI), va);
	set_pair(pb, FC(PB_PUT), FC(PB_PUT_HI), end);
	pb->w[FC(PB_FETCH)] = (uint32_t)va | NV_NUM(NV_PPBDMA_PB_FETCH_CONDITIONAL, cond);
	pb->w[FC(PB_FETCH_HI)] = NV_NUM(NV_PPBDMA_PB_FETCH_HI_ADDR, va >> 32) |
		NV_NUM(NV_PPBDMA_PB_FETCH_HI_LENGTH, NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_LENGTH)) |
		NV_NUM(NV_PPBDMA_PB_FETCH_HI_LEVEL, NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_LEVEL)) |
		NV_NUM(NV_PPBDMA_PB_FETCH_HI_SYNC, NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_SYNC));
	*hdr = NV_SET(*hdr, NV_PPBDMA_PB_HEADER_LEVEL, NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_LEVEL));
	*hdr = NV_SET(*hdr, NV_PPBDMA_PB_HEADER_CONDITIONAL, cond);
	pb->w[FC(PB_CRC)] = 0;
	drop_prefetch(pb);
	if (cond && NV_GET(pb->w[FC(PB_COUNT)], NV_PPBDMA_PB_COUNT_VALUE))
		return NV_DEF(NV_PPBDMA_INTR_0_PBSEG, _PENDING);
	return 0;
}

/* Pointers can be wrong from RAMFC, from USERD or from a register write. */
static uint32_t gp_check(struct pbdma *pb)
{
	uint64_t entries = 1ull << NV_GET(pb->w[FC(GP_BASE_HI)], NV_PPBDMA_GP_BASE_HI_LIMIT2);
	uint64_t base = pair(pb, FC(GP_BASE), FC(GP_BASE_HI)) & ~7ull;

	if (base + entries * NV_PPBDMA_GP_ENTRY__SIZE > VA_END)
		return NV_DEF(NV_PPBDMA_INTR_0_GPFIFO, _PENDING);
	if (pb->w[FC(GP_GET)] >= entries || pb->w[FC(GP_PUT)] >= entries)
		return NV_DEF(NV_PPBDMA_INTR_0_GPPTR, _PENDING);
	return 0;
}

/* Takes the next GP entry. Returns false with *end when the slice is over. */
static bool gp_next(struct gpu *gpu, struct pbdma *pb, enum slice_end *end)
{
	uint32_t *get = &pb->w[FC(GP_GET)], entry[2], intr;
	struct mmu_xlat x;
	uint64_t va;

	intr = gp_check(pb);
	if (!intr && *get == pb->w[FC(GP_PUT)]) {
		userd_gp_put(gpu, pb, &pb->w[FC(GP_PUT)]);
		intr = gp_check(pb);
	}
	if (intr) {
		*end = pbdma_stall(pb, 0, intr);
		return false;
	}
	if (*get == pb->w[FC(GP_PUT)]) {
		*end = SLICE_IDLE;
		return false;
	}
	va = (pair(pb, FC(GP_BASE), FC(GP_BASE_HI)) & ~7ull) + *get * 8ull;
	if (mmu_copy_from(gpu, pb->tlb, &pb->fc->ch.as, va, entry, 8, &x) < 8) {
		*end = pbdma_fault(gpu, pb, &x, va, MMU_READ);
		return false;
	}
	count(gpu, gp_entries);
	*get = (*get + 1) & ((1ull << NV_GET(pb->w[FC(GP_BASE_HI)],
					     NV_PPBDMA_GP_BASE_HI_LIMIT2)) - 1);
	pb->w[FC(GP_FETCH)] = *get;
	pb->shadow.gp[0] = entry[0];
	pb->shadow.gp[1] = entry[1];
	intr = NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_LENGTH) ?
	       gp_segment(pb, entry) : gp_control(pb, entry);
	if (!(intr & NV_DEF(NV_PPBDMA_INTR_0_GPENTRY, _PENDING)) &&
	    NV_GET(entry[1], NV_PPBDMA_GP_ENTRY1_LENGTH))
		pb->w[FC(GP_CRC)] = crc32_words(pb->w[FC(GP_CRC)], entry, 2);
	if (NV_GET(pb->w[FC(CONFIG)], NV_PPBDMA_CONFIG_USERD_WRITEBACK))
		pbdma_userd_write(gpu, pb, NV_MW_BYTE(NV_RAMUSERD_GP_GET), *get);
	if (intr)
		*end = pbdma_stall(pb, 0, intr);
	return !intr;
}

/* The next pushbuffer word of the channel, across segments. */
static bool pb_next(struct gpu *gpu, struct pbdma *pb, uint32_t *word, enum slice_end *end)
{
	uint64_t get = pb_get(pb);
	uint64_t put = pb_put(pb);
	struct mmu_xlat x;
	size_t want, got;

	if (get > put) {
		*end = pbdma_stall(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_PBPTR, _PENDING));
		return false;
	}
	while (get == put) {
		if (!gp_next(gpu, pb, end))
			return false;
		get = pb_get(pb);
		put = pb_put(pb);
		if (get == put && atomic_load(&pb->rl->attention)) {
			*end = SLICE_TIME;
			return false;
		}
	}
	if (pb->pb_pos == pb->pb_len) {
		want = put - get < sizeof(pb->pb) ? put - get : sizeof(pb->pb);
		got = mmu_copy_from(gpu, pb->tlb, &pb->fc->ch.as, get, pb->pb, want, &x);
		if (got < 4) {
			*end = pbdma_fault(gpu, pb, &x, get, MMU_READ);
			return false;
		}
		pb->pb_pos = 0;
		pb->pb_len = got / 4;
	}
	*word = pb->pb[pb->pb_pos++];
	get += 4;
	set_pair(pb, FC(PB_GET), FC(PB_GET_HI), get);
	if (NV_IS(pb->w[FC(PB_HEADER)], NV_PPBDMA_PB_HEADER_LEVEL, _MAIN))
		set_pair(pb, FC(PB_TOP_LEVEL_GET), FC(PB_TOP_LEVEL_GET_HI), get);
	pb->w[FC(PB_CRC)] = crc32_words(pb->w[FC(PB_CRC)], word, 1);
	return true;
}

/* SET, STORE and USE_SUBDEVICE_MASK and NOP. False: not a valid entry. */
static bool group0(struct pbdma *pb, uint32_t word)
{
	uint32_t *sd = &pb->w[FC(SUBDEVICE)];
	uint32_t mask = NV_GET(word, NV_FIFO_DMA_SUBDEVICE_MASK);

	if (word == NV_FIFO_DMA_NOP)
		return true;
	switch (word >> 16) {
	case NV_FIFO_DMA_STORE_SUBDEVICE_MASK_OPCODE_VALUE:
		*sd = NV_SET(*sd, NV_PPBDMA_SUBDEVICE_STORED_MASK, mask);
		return true;
	case NV_FIFO_DMA_USE_SUBDEVICE_MASK_OPCODE_VALUE:
		mask = NV_GET(*sd, NV_PPBDMA_SUBDEVICE_STORED_MASK);
		break;
	case NV_FIFO_DMA_SET_SUBDEVICE_MASK_OPCODE_VALUE:
		break;
	default:
		return false;
	}
	if (NV_IS(*sd, NV_PPBDMA_SUBDEVICE_CHANNEL_DMA, _DISABLE))
		return false;
	*sd = NV_SET(*sd, NV_PPBDMA_SUBDEVICE_STATUS,
		     (mask & NV_GET(*sd, NV_PPBDMA_SUBDEVICE_ID)) != 0);
	/* The rest of a conditional segment goes with the mask. */
	if (NV_IS(*sd, NV_PPBDMA_SUBDEVICE_STATUS, _INACTIVE) &&
	    NV_GET(pb->w[FC(PB_HEADER)], NV_PPBDMA_PB_HEADER_CONDITIONAL)) {
		set_pair(pb, FC(PB_GET), FC(PB_GET_HI), pb_put(pb));
		drop_prefetch(pb);
	}
	return true;
}

/* May @count methods of header @type start at dword address @addr? */
static bool method_range_ok(uint32_t type, uint32_t addr, uint32_t count)
{
	uint32_t last = addr;

	if (type == NV_PPBDMA_PB_HEADER_TYPE_INC && count)
		last = addr + count - 1;
	else if (type == NV_PPBDMA_PB_HEADER_TYPE_INC_ONCE && count > 1)
		last = addr + 1;
	return last <= NV_MAX(NV_FIFO_DMA_METHOD_ADDRESS);
}

static void set_header(struct pbdma *pb, uint32_t type, uint32_t word, uint32_t count)
{
	uint32_t h = pb->w[FC(PB_HEADER)];

	h = NV_SET(h, NV_PPBDMA_PB_HEADER_TYPE, type);
	h = NV_SET(h, NV_PPBDMA_PB_HEADER_METHOD, NV_GET(word, NV_FIFO_DMA_METHOD_ADDRESS));
	h = NV_SET(h, NV_PPBDMA_PB_HEADER_SUBCHANNEL, NV_GET(word, NV_FIFO_DMA_METHOD_SUBCHANNEL));
	h = NV_SET(h, NV_PPBDMA_PB_HEADER_FIRST, 1);
	pb->w[FC(PB_HEADER)] = h;
	pb->w[FC(PB_COUNT)] = NV_SET(pb->w[FC(PB_COUNT)], NV_PPBDMA_PB_COUNT_VALUE, count);
	pb->shadow.hdr = word;
}

/*
 * Decodes an instruction. Returns false when it is not valid; *immd is set for
 * an immediate-data header, whose one method has its data in the header.
 */
static bool instruction(struct pbdma *pb, uint32_t word, bool *immd)
{
	uint32_t op = NV_GET(word, NV_FIFO_DMA_SEC_OP);
	uint32_t count = NV_GET(word, NV_FIFO_DMA_METHOD_COUNT);

	*immd = false;
	switch (op) {
	case NV_FIFO_DMA_SEC_OP_GRP0_USE_TERT:
		return group0(pb, word);
	case NV_FIFO_DMA_SEC_OP_END_PB_SEGMENT:
		set_pair(pb, FC(PB_GET), FC(PB_GET_HI), pb_put(pb));
		drop_prefetch(pb);
		return true;
	case NV_FIFO_DMA_SEC_OP_INC_METHOD:
	case NV_FIFO_DMA_SEC_OP_NON_INC_METHOD:
	case NV_FIFO_DMA_SEC_OP_ONE_INC:
		set_header(pb, op, word, count);	/* TYPE has the same codes */
		return method_range_ok(op, NV_GET(word, NV_FIFO_DMA_METHOD_ADDRESS), count);
	case NV_FIFO_DMA_SEC_OP_IMMD_DATA_METHOD:
		set_header(pb, op, word, 0);
		*immd = true;
		return true;
	default:
		set_header(pb, NV_PPBDMA_PB_HEADER_TYPE_SSDM, word, 0);
		return false;
	}
}

/* After one data word: address and count of the next. */
static void advance_header(struct pbdma *pb)
{
	uint32_t h = pb->w[FC(PB_HEADER)], c = pb->w[FC(PB_COUNT)];
	uint32_t type = NV_GET(h, NV_PPBDMA_PB_HEADER_TYPE);

	if (type == NV_PPBDMA_PB_HEADER_TYPE_INC ||
	    (type == NV_PPBDMA_PB_HEADER_TYPE_INC_ONCE && NV_GET(h, NV_PPBDMA_PB_HEADER_FIRST)))
		h = NV_SET(h, NV_PPBDMA_PB_HEADER_METHOD,
			   NV_GET(h, NV_PPBDMA_PB_HEADER_METHOD) + 1);
	pb->w[FC(PB_HEADER)] = NV_SET(h, NV_PPBDMA_PB_HEADER_FIRST, 0);
	pb->w[FC(PB_COUNT)] = NV_SET(c, NV_PPBDMA_PB_COUNT_VALUE,
				     NV_GET(c, NV_PPBDMA_PB_COUNT_VALUE) - 1);
}

/* A repaired header has a type with methods and stays in range. */
static bool header_repaired(struct pbdma *pb)
{
	uint32_t h = pb->w[FC(PB_HEADER)];
	uint32_t type = NV_GET(h, NV_PPBDMA_PB_HEADER_TYPE);

	return type != NV_PPBDMA_PB_HEADER_TYPE_SSDM &&
	       method_range_ok(type, NV_GET(h, NV_PPBDMA_PB_HEADER_METHOD),
			       NV_GET(pb->w[FC(PB_COUNT)], NV_PPBDMA_PB_COUNT_VALUE));
}

/*
 * Puts the next method into METHOD0 and DATA0. Returns false with *end when
 * there is none now; true without a valid METHOD0 after a control entry.
 */
static bool next_method(struct gpu *gpu, struct pbdma *pb, enum slice_end *end)
{
	uint32_t word, h, m = 0;
	bool immd = false, data;

	if (pb->pb_bad && !header_repaired(pb)) {
		*end = pbdma_stall(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_PBENTRY, _PENDING));
		return false;
	}
	pb->pb_bad = false;
	data = NV_GET(pb->w[FC(PB_COUNT)], NV_PPBDMA_PB_COUNT_VALUE) != 0;
	if (!pb_next(gpu, pb, &word, end))
		return false;
	if (!data && !instruction(pb, word, &immd)) {
		log_guest_error("host", "channel %u: bad pushbuffer entry %08x",
				pb->fc->ch.chid, word);
		pb->pb_bad = true;
		*end = pbdma_stall(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_PBENTRY, _PENDING));
		return false;
	}
	if (!data && !immd)
		return true;
	h = pb->w[FC(PB_HEADER)];
	if (NV_IS(pb->w[FC(SUBDEVICE)], NV_PPBDMA_SUBDEVICE_STATUS, _ACTIVE)) {
		m = NV_SET(m, NV_PPBDMA_METHOD0_ADDR, NV_GET(h, NV_PPBDMA_PB_HEADER_METHOD));
		m = NV_SET(m, NV_PPBDMA_METHOD0_SUBCH, NV_GET(h, NV_PPBDMA_PB_HEADER_SUBCHANNEL));
		m = NV_SET(m, NV_PPBDMA_METHOD0_FIRST, NV_GET(h, NV_PPBDMA_PB_HEADER_FIRST));
		pb->w[FC(METHOD0)] = m | NV_DEF(NV_PPBDMA_METHOD0_VALID, _TRUE);
		pb->w[FC(DATA0)] = immd ? NV_GET(word, NV_FIFO_DMA_IMMD_DATA) : word;
	}
	if (data)
		advance_header(pb);
	return true;
}

/* Brings the channel's context onto @e. False: another one cannot leave it. */
static bool engine_switch(struct gpu *gpu, struct pbdma *pb, const struct engine *e)
{
	struct engine_slot *slot = &gpu->fifo->eng[e->id];
	struct fifo_channel *fc = pb->fc;
	bool ok = true;

	/* Only this runlist's worker changes the slot while it runs. */
	if (slot->fc == fc)
		return true;
	pthread_mutex_lock(&gpu->lock);
	if (fifo_engine_stuck(gpu, e)) {
		fc->held_on = e;
		ok = false;
	} else {
		slot->fc = fc;
		slot->faulted = false;
		fc->ctx_reload = false;
		count(gpu, ctx_switches);
	}
	pthread_mutex_unlock(&gpu->lock);
	return ok;
}

static enum slice_end engine_end(enum engine_result r)
{
	switch (r) {
	case ENGINE_WAIT:
		return SLICE_WAIT;
	case ENGINE_FAULTED:
		return SLICE_ENG_FAULT;
	default:
		return SLICE_ERROR;
	}
}

static enum method_result stall_here(struct pbdma *pb, unsigned int n, uint32_t bit,
				     enum slice_end *end)
{
	*end = pbdma_stall(pb, n, bit);
	return METHOD_END;
}

static enum method_result engine_method(struct gpu *gpu, struct pbdma *pb, unsigned int subch,
					uint32_t mthd, uint32_t data, enum slice_end *end)
{
	const struct engine *e = fifo_target(pb, subch);
	struct fifo_channel *fc = pb->fc;
	uint32_t target = pb->w[FC(TARGET)];
	bool forward = true, valid = e->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE ?
				     NV_GET(target, NV_PPBDMA_TARGET_CE_CTX_VALID) :
				     NV_GET(target, NV_PPBDMA_TARGET_ENG_CTX_VALID);
	enum engine_result r;

	if (!valid)
		return stall_here(pb, 1, NV_DEF(NV_PPBDMA_INTR_1_CTXNOTVALID, _PENDING), end);
	if (fifo_engine_in_reset(gpu, e))
		return stall_here(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_ENG_RESET, _PENDING), end);
	if (!engine_switch(gpu, pb, e)) {
		*end = SLICE_HELD;
		return METHOD_END;
	}
	pb->w[FC(TARGET)] = NV_SET(target, NV_PPBDMA_TARGET_ENGINE, e->id);
	count(gpu, methods);
	if (e->type == NV_PTOP_DEVICE_INFO_TYPE_ENUM_LCE) {
		enum method_result res = hce_method(gpu, pb, mthd, data, &forward, end);

		if (res != METHOD_DONE || !forward)
			return res;
	}
	if (!e->ops) {
		log_unimp("host", "%s: method %04x %08x", e->name, mthd, data);
		return METHOD_DONE;
	}
	if (mthd == NV_UDMA_OBJECT) {
		if (e->ops->set_object(gpu, &fc->ch, subch, NV_GET(data, NV_UDMA_OBJECT_NVCLASS)))
			fc->busy = e;	/* its step() tells what became of it */
		return METHOD_DONE;
	}
	atomic_store(&fc->woken, false);
	r = e->ops->method(gpu, &fc->ch, subch, mthd, data);
	if (r == ENGINE_DONE)
		return METHOD_DONE;
	fc->busy = e;
	if (r == ENGINE_BUSY)
		return METHOD_DONE;
	*end = engine_end(r);
	return METHOD_TAKEN;
}

static enum method_result run_method(struct gpu *gpu, struct pbdma *pb, enum slice_end *end)
{
	uint32_t m = pb->w[FC(METHOD0)], data = pb->w[FC(DATA0)];
	unsigned int subch = NV_GET(m, NV_PPBDMA_METHOD0_SUBCH);
	uint32_t mthd = NV_GET(m, NV_PPBDMA_METHOD0_ADDR) << 2;

	if (mthd < 0x100 && mthd != NV_UDMA_OBJECT)
		return host_method(gpu, pb, mthd, data, end);
	if (subch > 4)
		return stall_here(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_DEVICE, _PENDING), end);
	return engine_method(gpu, pb, subch, mthd, data, end);
}

/* Lets the engine finish what a method started. True: it is done. */
static bool engine_step(struct gpu *gpu, struct pbdma *pb, uint64_t until, enum slice_end *end)
{
	struct fifo_channel *fc = pb->fc;
	const struct engine *e = fc->busy;
	uint64_t now = fifo_clock();
	enum engine_result r;

	if (fifo_engine_in_reset(gpu, e)) {
		*end = pbdma_stall(pb, 0, NV_DEF(NV_PPBDMA_INTR_0_ENG_RESET, _PENDING));
		return false;
	}
	if (!engine_switch(gpu, pb, e)) {
		*end = SLICE_HELD;
		return false;
	}
	atomic_store(&fc->woken, false);
	r = e->ops->step(gpu, &fc->ch, until > now ? until - now : 1);
	if (r == ENGINE_DONE) {
		fc->busy = NULL;
		return true;
	}
	if (r == ENGINE_BUSY) {
		*end = SLICE_TIME;
		return fifo_may_continue(&fc->ch) && fifo_clock() < until;
	}
	*end = engine_end(r);
	return false;
}

enum slice_end pbdma_slice(struct gpu *gpu, struct pbdma *pb, uint64_t until)
{
	enum slice_end end = SLICE_TIME;

	for (unsigned int n = 1;; n++) {
		if (!fifo_may_continue(&pb->fc->ch) ||
		    (n % SLICE_CHECK == 0 && fifo_clock() >= until))
			return SLICE_TIME;
		if (pb->fc->busy) {
			if (!engine_step(gpu, pb, until, &end))
				return end;
			continue;
		}
		if (!NV_GET(pb->w[FC(METHOD0)], NV_PPBDMA_METHOD0_VALID) &&
		    !next_method(gpu, pb, &end))
			return end;
		if (!NV_GET(pb->w[FC(METHOD0)], NV_PPBDMA_METHOD0_VALID))
			continue;
		switch (run_method(gpu, pb, &end)) {
		case METHOD_DONE:
			pb->w[FC(METHOD0)] &= ~NV_MASK(NV_PPBDMA_METHOD0_VALID);
			continue;
		case METHOD_TAKEN:
			pb->w[FC(METHOD0)] &= ~NV_MASK(NV_PPBDMA_METHOD0_VALID);
			return end;
		case METHOD_END:
			return end;
		}
	}
}
