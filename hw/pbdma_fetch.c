// SPDX-License-Identifier: MIT
/*
 * From GPFIFO entries to pushbuffer words to methods. Data of one method may
 * stand in several segments: all state between words is in the RAMFC words.
 */
#include "fifo.h"

#include "log.h"
#include "nvhw/nv_field.h"
#include "nvhw/tu104/dev_ram.h"

#define VA_END		(1ull << 40)	/* Host addresses have 40 bits */
#define CRC_POLYNOMIAL	0x04c11db7u
#define EMPTY_MAX	256	/* GP entries without a word in one go */

static uint32_t crc_table[256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void fill_crc_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i << 24;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 31 ? crc << 1 ^ CRC_POLYNOMIAL : crc << 1;
		crc_table[i] = crc;
	}
}

/* The manual's CRC-32: bytes in memory order, most significant bit first. */
static uint32_t crc32_words(uint32_t crc, const uint32_t *p, unsigned int n)
{
	pthread_once(&crc_once, fill_crc_table);
	for (unsigned int i = 0; i < n * 4; i++)
		crc = crc << 8 ^ crc_table[crc >> 24 ^ (p[i / 4] >> (i % 4 * 8) & 0xff)];
	return crc;
}

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
	pbdma_drop_prefetch(pb);
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
		pbdma_userd_gp_put(gpu, pb, &pb->w[FC(GP_PUT)]);
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
	unsigned int empty = 0;
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
		if (get == put && (++empty == EMPTY_MAX || atomic_load(&pb->rl->attention))) {
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
		pbdma_drop_prefetch(pb);
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
		pbdma_drop_prefetch(pb);
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

bool pbdma_next_method(struct gpu *gpu, struct pbdma *pb, enum slice_end *end)
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
