// SPDX-License-Identifier: MIT
/*
 * The two fault buffers: a ring of 32-byte packets in memory that the MMU
 * fills and the guest empties. Index 0 takes what cannot be replayed, 1 what
 * can. Both register views act on the same state.
 */
#include "fault_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aperture.h"
#include "fault_priv.h"
#include "inject.h"
#include "intr.h"
#include "log.h"
#include "mmio.h"
#include "mmu_priv.h"
#include "nvhw/tu104/dev_fault.h"
#include "nvhw/tu104/dev_fault_client.h"
#include "nvhw/tu104/dev_mmu_fault.h"
#include "nvhw/undocumented.h"

#define ENTRY(x)	NV_MMU_FAULT_BUF_ENTRY_##x
#define TLB_ENTRIES	16
#define DUPLICATES	4	/* packets per fault when a storm is injected */

static const uint32_t default_entries[] = {
	[FAULT_NON_REPLAYABLE] = NVX_FAULT_BUFFER_DEFAULT_NON_REPLAYABLE,
	[FAULT_REPLAYABLE] = NVX_FAULT_BUFFER_DEFAULT_REPLAYABLE,
};

static const unsigned int vector_notify[] = {
	[FAULT_NON_REPLAYABLE] = NV_PFB_PRI_MMU_INT_VECTOR_FAULT_NOTIFY_NON_REPLAYABLE,
	[FAULT_REPLAYABLE] = NV_PFB_PRI_MMU_INT_VECTOR_FAULT_NOTIFY_REPLAYABLE,
};

static const unsigned int vector_error[] = {
	[FAULT_NON_REPLAYABLE] = NV_PFB_PRI_MMU_INT_VECTOR_FAULT_ERROR_NON_REPLAYABLE,
	[FAULT_REPLAYABLE] = NV_PFB_PRI_MMU_INT_VECTOR_FAULT_ERROR_REPLAYABLE,
};

static bool enabled(const struct fault_buffer *b)
{
	return NV_GET(b->size, BUF(SIZE_ENABLE));
}

static bool physical(const struct fault_buffer *b)
{
	return NV_IS(b->lo, NV_VIRTUAL_FUNCTION_PRIV_MMU_FAULT_BUFFER_LO_ADDR_MODE, _PHYSICAL);
}

static uint32_t entries(const struct fault_buffer *b)
{
	return NV_GET(b->size, BUF(SIZE_VAL));
}

/* 0 is a place in any buffer, if only because it is the reset value. */
static bool in_range(const struct fault_buffer *b)
{
	return !b->get || b->get < entries(b);
}

static bool full(const struct fault_buffer *b)
{
	return !entries(b) || (b->put + 1) % entries(b) == b->get;
}

void fault_packet_encode(const struct fault_report *r, uint64_t timestamp,
			 uint32_t dw[FAULT_PACKET_DWORDS])
{
	memset(dw, 0, FAULT_PACKET_DWORDS * 4);
	NV_MW_SET(dw, ENTRY(INST_APERTURE), r->inst_aperture);
	NV_MW_SET(dw, ENTRY(INST_LO), r->inst >> 12);
	NV_MW_SET(dw, ENTRY(INST_HI), r->inst >> 32);
	NV_MW_SET(dw, ENTRY(ADDR_LO), r->va >> 12);
	NV_MW_SET(dw, ENTRY(ADDR_HI), r->va >> 32);
	NV_MW_SET(dw, ENTRY(TIMESTAMP_LO), timestamp);
	NV_MW_SET(dw, ENTRY(TIMESTAMP_HI), timestamp >> 32);
	NV_MW_SET(dw, ENTRY(ENGINE_ID), r->client.engine_id);
	NV_MW_SET(dw, ENTRY(FAULT_TYPE), r->fault_type);
	NV_MW_SET(dw, ENTRY(REPLAYABLE_FAULT), r->replayable);
	NV_MW_SET(dw, ENTRY(CLIENT), r->client.client);
	NV_MW_SET(dw, ENTRY(ACCESS_TYPE), r->access_type);
	NV_MW_SET(dw, ENTRY(MMU_CLIENT_TYPE), r->client.hub);
	NV_MW_SET(dw, ENTRY(GPC_ID), r->client.hub ? 0 : r->client.gpc);
	NV_MW_SET(dw, ENTRY(REPLAYABLE_FAULT_EN), r->replayable_en);
	NV_MW_SET(dw, ENTRY(VALID), 1);
}

static void store_packet(void *entry, const uint32_t dw[FAULT_PACKET_DWORDS])
{
	uint32_t *p = entry;
	unsigned int last = NV_MW_DW(ENTRY(VALID));

	memcpy(p, dw, last * 4);
	/* The guest polls this dword: all others are there when VALID is. */
	__atomic_store_n(&p[last], dw[last], __ATOMIC_RELEASE);
}

/* False: *@type says what kept the packet from memory. */
static bool write_physical(struct gpu *gpu, enum gpu_aperture ap, uint64_t pa,
			   const uint32_t *dw, uint8_t *type)
{
	void *p;

	host_dma_begin(gpu->host);
	p = gpu_phys_ptr(gpu, ap, pa, NV_MMU_FAULT_BUF_SIZE, true);
	if (p)
		store_packet(p, dw);
	host_dma_end(gpu->host);
	*type = NV_PFAULT_FAULT_TYPE_REGION_VIOLATION;
	return p;
}

/* A BAR2 address; while BAR2 is not bound those are physical from 0. */
bool fault_store_bar2(struct gpu *gpu, uint64_t va, const uint32_t *dw, uint8_t *type)
{
	const struct mmu_as *as = aperture_bar2_as(gpu);
	struct tlb *tlb = gpu->mmu->faults->tlb;
	enum mmu_result res;
	struct mmu_xlat x;

	if (!as)
		return write_physical(gpu, APERTURE_VRAM, va, dw, type);
	tlb_lock(tlb);
	res = mmu_translate(gpu, tlb, as, va, MMU_WRITE, &x);
	if (res == MMU_OK && !x.sparse)
		store_packet(x.ptr, dw);
	tlb_unlock(tlb);
	*type = x.fault_type;
	return res == MMU_OK;
}

/* The buffer itself faults: it stays silent until the guest disables it. */
static void buffer_error(struct gpu *gpu, unsigned int i, uint64_t addr, uint8_t fault_type)
{
	struct fault_buffer *b = &gpu->mmu->faults->buf[i];
	bool phys = physical(b);
	const struct mmu_as *as = phys ? NULL : aperture_bar2_as(gpu);
	struct fault_report r = {
		.client = {
			.engine_id = phys ? NV_PFAULT_MMU_ENG_ID_PHYSICAL :
					    NV_PFAULT_MMU_ENG_ID_BAR2,
			.client = NV_PFAULT_CLIENT_HUB_MMU,
			.hub = true,
		},
		.va = addr,
		.access_type = phys ? NV_PFAULT_ACCESS_TYPE_PHYS_WRITE :
				      NV_PFAULT_ACCESS_TYPE_VIRT_WRITE,
		.fault_type = fault_type,
	};

	if (as) {
		r.inst = as->inst;
		r.inst_aperture = as->inst_aperture;
	}
	log_guest_error("mmu", "fault buffer %u: no memory at %#llx", i,
			(unsigned long long)addr);
	b->error = true;
	fault_info_latch(gpu, &r);
	intr_pulse(gpu, vector_error[i]);
}

static bool write_packet(struct gpu *gpu, unsigned int i, uint32_t index, const uint32_t *dw)
{
	const struct fault_buffer *b = &gpu->mmu->faults->buf[i];
	uint64_t addr = ((uint64_t)b->hi << 32 | (b->lo & NV_MASK(BUF(LO_ADDR)))) +
			(uint64_t)index * NV_MMU_FAULT_BUF_SIZE;
	enum gpu_aperture ap = (enum gpu_aperture)NV_GET(b->lo, BUF(LO_PHYS_APERTURE));
	uint8_t type;
	bool ok;

	if (physical(b))
		ok = write_physical(gpu, ap, addr, dw, &type);
	else
		ok = fault_store_bar2(gpu, addr, dw, &type);
	if (!ok)
		buffer_error(gpu, i, addr, type);
	return ok;
}

/* Injected: the packet's VALID comes a moment after PUT has moved. */
struct late_valid {
	unsigned int i;
	uint32_t index, life;
	uint32_t dw[FAULT_PACKET_DWORDS];
};

static void late_valid(struct gpu *gpu, const void *arg)
{
	const struct late_valid *late = arg;
	const struct fault_buffer *b = &gpu->mmu->faults->buf[late->i];

	if (enabled(b) && b->life == late->life)
		write_packet(gpu, late->i, late->index, late->dw);
}

static bool write_late(struct gpu *gpu, unsigned int i, const uint32_t *dw)
{
	const struct fault_buffer *b = &gpu->mmu->faults->buf[i];
	struct late_valid late = { .i = i, .index = b->put, .life = b->life };
	uint32_t early[FAULT_PACKET_DWORDS];

	memcpy(late.dw, dw, sizeof(late.dw));
	memcpy(early, dw, sizeof(early));
	NV_MW_SET(early, ENTRY(VALID), 0);
	if (!write_packet(gpu, i, b->put, early))
		return false;
	if (late_post(gpu, late_valid, &late, sizeof(late)))
		return true;
	return write_packet(gpu, i, b->put, dw);
}

static void overflow(struct gpu *gpu, unsigned int i)
{
	struct fault_buffer *b = &gpu->mmu->faults->buf[i];

	b->overflow = true;
	count(gpu, fault_buffer_overflows);
	if (NV_GET(b->size, BUF(SIZE_OVERFLOW_INTR)))
		intr_pulse(gpu, vector_error[i]);
}

static void append(struct gpu *gpu, unsigned int i, const uint32_t *dw)
{
	struct fault_buffer *b = &gpu->mmu->faults->buf[i];
	bool ok = !b->overflow && !b->corrupted && !b->error;

	/*
	 * Injected only where the driver can recover: what overflows from the
	 * other buffer is lost, and an empty buffer gives no interrupt.
	 */
	if (ok && (full(b) || (i == FAULT_REPLAYABLE && b->get != b->put &&
			       inject_hit(gpu, INJECT_OVERFLOW)))) {
		overflow(gpu, i);
		ok = false;
	}
	if (ok && i == FAULT_REPLAYABLE && inject_hit(gpu, INJECT_LATE_VALID))
		ok = write_late(gpu, i, dw);
	else if (ok)
		ok = write_packet(gpu, i, b->put, dw);
	if (!ok) {
		count(gpu, faults_dropped);
		return;
	}
	b->put = (b->put + 1) % entries(b);
	intr_pulse(gpu, vector_notify[i]);
}

void fault_report(struct gpu *gpu, const struct fault_report *r)
{
	unsigned int i = r->replayable ? FAULT_REPLAYABLE : FAULT_NON_REPLAYABLE;
	unsigned int engine = r->client.engine_id, n = 1;
	uint32_t dw[FAULT_PACKET_DWORDS];

	if (r->replayable)
		count(gpu, faults_replayable);
	else
		count(gpu, faults_non_replayable);
	if (engine >= NV_PFAULT_MMU_ENG_ID_GRAPHICS)
		count(gpu, faults_gr);
	else if (engine >= NV_PFAULT_MMU_ENG_ID_HOST0)
		count(gpu, faults_host);
	else if (engine >= NV_PFAULT_MMU_ENG_ID_CE0 && engine <= NV_PFAULT_MMU_ENG_ID_CE8)
		count(gpu, faults_ce);

	if (!enabled(&gpu->mmu->faults->buf[i])) {
		fault_info_latch(gpu, r);
		return;
	}
	fault_packet_encode(r, gpu_time(gpu), dw);
	if (i == FAULT_REPLAYABLE && inject_hit(gpu, INJECT_DUPLICATE))
		n = DUPLICATES;
	while (n--)
		append(gpu, i, dw);
}

bool fault_prefetch_filtered(struct gpu *gpu)
{
	return NV_IS(gpu->mmu->faults->page_fault_ctrl,
		     NV_VIRTUAL_FUNCTION_PRIV_MMU_PAGE_FAULT_CTRL_PRF_FILTER, _SEND_NONE);
}

static uint32_t buffer_status(const struct fault_buffer *b, uint32_t pending, uint32_t error,
			      uint32_t overflowed, uint32_t corrupted)
{
	return (enabled(b) && b->get != b->put ? pending : 0) | (b->error ? error : 0) |
	       (b->overflow ? overflowed : 0) | (b->corrupted ? corrupted : 0);
}

uint32_t fault_buffer_status(const struct fault_buffers *f)
{
	return buffer_status(&f->buf[FAULT_REPLAYABLE], NV_MASK(STATUS(REPLAYABLE)),
			     NV_MASK(STATUS(REPLAYABLE_ERROR)),
			     NV_MASK(STATUS(REPLAYABLE_OVERFLOW)),
			     NV_MASK(STATUS(REPLAYABLE_GETPTR_CORRUPTED))) |
	       buffer_status(&f->buf[FAULT_NON_REPLAYABLE], NV_MASK(STATUS(NON_REPLAYABLE)),
			     NV_MASK(STATUS(NON_REPLAYABLE_ERROR)),
			     NV_MASK(STATUS(NON_REPLAYABLE_OVERFLOW)),
			     NV_MASK(STATUS(NON_REPLAYABLE_GETPTR_CORRUPTED)));
}

static struct fault_buffer *buffer(struct gpu *gpu, unsigned int i)
{
	return &gpu->mmu->faults->buf[i];
}

static uint32_t lo_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return buffer(gpu, i)->lo;
}

static void lo_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
		       uint32_t val, uint32_t old)
{
	if (enabled(buffer(gpu, i)))
		log_guest_error("mmu", "fault buffer %u moved while enabled", i);
	buffer(gpu, i)->lo = val & r->rw;
}

static uint32_t hi_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return buffer(gpu, i)->hi;
}

static void hi_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
		       uint32_t val, uint32_t old)
{
	if (enabled(buffer(gpu, i)))
		log_guest_error("mmu", "fault buffer %u moved while enabled", i);
	buffer(gpu, i)->hi = val;
}

static uint32_t pointer_flags(const struct fault_buffer *b)
{
	return NV_NUM(BUF(GET_GETPTR_CORRUPTED), b->corrupted) |
	       NV_NUM(BUF(GET_OVERFLOW), b->overflow);
}

static uint32_t get_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return NV_NUM(BUF(GET_PTR), buffer(gpu, i)->get) | pointer_flags(buffer(gpu, i));
}

/*
 * The flags clear against the GET of before this write: one write that frees
 * entries and clears OVERFLOW at once finds the buffer still full, and
 * OVERFLOW comes straight back. Hence the two writes drivers do.
 */
static void get_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			uint32_t val, uint32_t old)
{
	struct fault_buffer *b = buffer(gpu, i);

	if (NV_GET(val, BUF(GET_OVERFLOW)) && b->overflow && !full(b))
		b->overflow = false;
	if (NV_GET(val, BUF(GET_GETPTR_CORRUPTED)) && b->corrupted && in_range(b))
		b->corrupted = false;
	b->get = NV_GET(val, BUF(GET_PTR));
	if (!enabled(b))
		return;
	if (!in_range(b)) {
		log_guest_error("mmu", "fault buffer %u: GET %u of %u", i, b->get, entries(b));
		b->corrupted = true;
		intr_pulse(gpu, vector_error[i]);
	} else if (b->get != b->put) {
		/* the guest may have cleared the leaf bit after PUT last moved */
		intr_pulse(gpu, vector_notify[i]);
	}
}

static uint32_t put_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return NV_NUM(BUF(PUT_PTR), buffer(gpu, i)->put) | pointer_flags(buffer(gpu, i));
}

static uint32_t size_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return buffer(gpu, i)->size;
}

static void size_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			 uint32_t val, uint32_t old)
{
	struct fault_buffer *b = buffer(gpu, i);
	uint32_t size = val & r->rw;
	bool was = enabled(b);

	if (NV_GET(size, BUF(SIZE_SET_DEFAULT)))
		size = NV_SET(size, BUF(SIZE_VAL), default_entries[i]);
	if (was && NV_GET(size, BUF(SIZE_ENABLE)) && NV_GET(size, BUF(SIZE_VAL)) != entries(b)) {
		log_guest_error("mmu", "fault buffer %u resized while enabled", i);
		size = NV_SET(size, BUF(SIZE_VAL), entries(b));
	}
	b->size = size;
	if (was && !enabled(b)) {
		b->get = b->put = 0;
		b->overflow = b->corrupted = b->error = false;
		b->life++;
	} else if (!was && enabled(b)) {
		b->put = 0;
		b->corrupted = !in_range(b);
		if (b->corrupted)
			log_guest_error("mmu", "fault buffer %u enabled with GET %u of %u", i,
					b->get, entries(b));
	}
}

static uint32_t fault_ctrl_read(struct gpu *gpu, const struct mmio_reg *r, unsigned int i)
{
	return gpu->mmu->faults->page_fault_ctrl;
}

static void fault_ctrl_written(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			       uint32_t val, uint32_t old)
{
	gpu->mmu->faults->page_fault_ctrl = val & r->rw;
}

#define FAULT_CTRL_RESET \
	NV_DEF(NV_VIRTUAL_FUNCTION_PRIV_MMU_PAGE_FAULT_CTRL_PRF_FILTER, _SEND_NONE)

#define LO_RW	(NV_MASK(BUF(LO_ADDR_MODE)) | NV_MASK(BUF(LO_PHYS_APERTURE)) | \
		 NV_MASK(BUF(LO_PHYS_VOL)) | NV_MASK(BUF(LO_ADDR)))
#define GET_W1C	(NV_MASK(BUF(GET_GETPTR_CORRUPTED)) | NV_MASK(BUF(GET_OVERFLOW)))
#define SIZE_RW	(NV_MASK(BUF(SIZE_VAL)) | NV_MASK(BUF(SIZE_OVERFLOW_INTR)) | \
		 NV_MASK(BUF(SIZE_SET_DEFAULT)) | NV_MASK(BUF(SIZE_ENABLE)))

#define BUFFER_REGS(view, step) \
	{ view(MMU_FAULT_BUFFER_LO(0)), 2, step, "FAULT_BUFFER_LO", .rw = LO_RW, \
	  .read = lo_read, .write = lo_written }, \
	{ view(MMU_FAULT_BUFFER_HI(0)), 2, step, "FAULT_BUFFER_HI", .rw = ~0u, \
	  .read = hi_read, .write = hi_written }, \
	{ view(MMU_FAULT_BUFFER_GET(0)), 2, step, "FAULT_BUFFER_GET", \
	  .rw = NV_MASK(BUF(GET_PTR)), .w1c = GET_W1C, \
	  .read = get_read, .write = get_written }, \
	{ view(MMU_FAULT_BUFFER_PUT(0)), 2, step, "FAULT_BUFFER_PUT", .read = put_read }, \
	{ view(MMU_FAULT_BUFFER_SIZE(0)), 2, step, "FAULT_BUFFER_SIZE", .rw = SIZE_RW, \
	  .read = size_read, .write = size_written }, \
	{ view(MMU_PAGE_FAULT_CTRL), .name = "PAGE_FAULT_CTRL", .reset = FAULT_CTRL_RESET, \
	  .rw = NV_MASK(NV_VIRTUAL_FUNCTION_PRIV_MMU_PAGE_FAULT_CTRL_PRF_FILTER), \
	  .read = fault_ctrl_read, .write = fault_ctrl_written }

static const struct mmio_reg regs[] = {
	BUFFER_REGS(VF, VF(MMU_FAULT_BUFFER_LO(1)) - VF(MMU_FAULT_BUFFER_LO(0))),
	BUFFER_REGS(PF, PF(MMU_FAULT_BUFFER_LO(1)) - PF(MMU_FAULT_BUFFER_LO(0))),
};

static const struct mmio_block block = { "mmu", regs, sizeof(regs) / sizeof(regs[0]) };

int fault_buffer_init(struct gpu *gpu)
{
	struct fault_buffers *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	gpu->mmu->faults = f;
	f->tlb = tlb_create(gpu, "fault buffers", TLB_ENTRIES, true);
	if (!f->tlb)
		return -ENOMEM;
	mmio_register(gpu, &block);
	fault_info_register(gpu);
	return 0;
}

void fault_buffer_reset(struct gpu *gpu)
{
	struct fault_buffers *f = gpu->mmu->faults;

	for (unsigned int i = 0; i < 2; i++)
		f->buf[i] = (struct fault_buffer){ .life = f->buf[i].life + 1 };
	f->info = (struct fault_info){ 0 };
	f->page_fault_ctrl = FAULT_CTRL_RESET;
}

void fault_buffer_fini(struct gpu *gpu)
{
	if (!gpu->mmu->faults)
		return;
	tlb_destroy(gpu, gpu->mmu->faults->tlb);
	free(gpu->mmu->faults);
	gpu->mmu->faults = NULL;
}
