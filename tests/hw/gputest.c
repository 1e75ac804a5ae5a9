// SPDX-License-Identifier: MIT
#include "gputest.h"

#include <stdarg.h>
#include <time.h>

#define FAULT_ENTRIES	64
#define TSG_DEFAULT	(1u | 3u << 16 | 128u << 24)	/* type, scale 3, timeout 128 */

void gt_sleep_ms(unsigned int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000l }, NULL);
}

void gt_create(struct gputest *gt, const struct sim_config *config)
{
	hwtest_quiet();
	memset(gt, 0, sizeof(*gt));
	gt->sim = sim_create(config);
	gt->vram_next = 0x100000;
	gt->sys_next = 0x10000;
	gt_wr(gt, GT_CHANNEL_CFG, 0x80000fff);
	gt_wr(gt, GT_PFIFO_INTR_EN_0, 0x7fffffff);
	for (unsigned int i = 0; i < 5; i++) {
		gt_wr(gt, GT_PBDMA(i, GT_PBDMA_INTR_EN_0), 0xfffffeff);
		gt_wr(gt, GT_PBDMA(i, GT_PBDMA_INTR_EN_1), 0xffffffff);
	}
}

void gt_destroy(struct gputest *gt)
{
	sim_destroy(gt->sim);
}

uint32_t gt_rd(struct gputest *gt, uint32_t off) { return sim_rd32(gt->sim, off); }
void gt_wr(struct gputest *gt, uint32_t off, uint32_t val) { sim_wr32(gt->sim, off, val); }

uint64_t gt_vram(struct gputest *gt, uint64_t bytes, uint64_t align)
{
	uint64_t pa = (gt->vram_next + align - 1) / align * align;

	gt->vram_next = pa + bytes;
	memset(sim_vram(gt->sim, pa, bytes), 0, bytes);
	return pa;
}

uint64_t gt_sys(struct gputest *gt, uint64_t bytes, uint64_t align)
{
	uint64_t pa = (gt->sys_next + align - 1) / align * align;

	gt->sys_next = pa + bytes;
	memset(sim_mem(gt->sim, pa, bytes), 0, bytes);
	return pa;
}

void gt_vm_new(struct gputest *gt, struct gt_vm *vm, bool replay)
{
	*vm = (struct gt_vm){ gt, gt_vram(gt, 0x1000, 0x1000), replay };
}

static uint64_t load(struct gputest *gt, uint64_t pa)
{
	return __atomic_load_n((uint64_t *)sim_vram(gt->sim, pa, 8), __ATOMIC_RELAXED);
}

static void store(struct gputest *gt, uint64_t pa, uint64_t v)
{
	__atomic_store_n((uint64_t *)sim_vram(gt->sim, pa, 8), v, __ATOMIC_RELEASE);
}

/* PDE: aperture 1 = video memory in bits 2:1, address from bit 8 as PA >> 12. */
static uint64_t child(struct gputest *gt, uint64_t slot)
{
	uint64_t pde = load(gt, slot);

	if (!(pde & 6)) {
		pde = gt_vram(gt, 0x1000, 0x1000) >> 12 << 8 | 2;
		store(gt, slot, pde);
	}
	return (pde >> 8 & 0x1ffffff) << 12;
}

void gt_map(struct gt_vm *vm, uint64_t va, unsigned int shift, uint64_t pa, uint64_t flags)
{
	struct gputest *gt = vm->gt;
	uint64_t t = child(gt, vm->pdb + (va >> 47 & 3) * 8);
	uint64_t slot;

	t = child(gt, t + (va >> 38 & 0x1ff) * 8);
	t = child(gt, t + (va >> 29 & 0x1ff) * 8);
	slot = t + (va >> 21 & 0xff) * 16;
	if (shift == 16) {	/* big table: address field shifted by 8 */
		uint64_t pde = load(gt, slot);

		if (!(pde & 6)) {
			pde = gt_vram(gt, 0x1000, 0x1000) >> 8 << 4 | 2;
			store(gt, slot, pde);
		}
		slot = ((pde >> 4 & 0x1fffffff) << 8) + (va >> 16 & 0x1f) * 8;
	} else if (shift == 12) {
		slot = child(gt, slot + 8) + (va >> 12 & 0x1ff) * 8;
	}
	store(gt, slot, flags ? pa >> 12 << 8 | flags : 0);
}

void gt_map_range(struct gt_vm *vm, uint64_t va, uint64_t bytes, unsigned int shift, uint64_t pa,
		  uint64_t flags)
{
	for (uint64_t o = 0; o < bytes; o += 1ull << shift)
		gt_map(vm, va + o, shift, pa + o, flags);
}

void gt_invalidate_all(struct gputest *gt)
{
	gt_wr(gt, GT_MMU_INVALIDATE, 0x80000003);	/* TRIGGER, ALL_PDB, ALL_VA */
}

uint32_t *gt_ramfc(struct gt_chan *c, unsigned int word)
{
	return sim_vram(c->gt->sim, c->inst + word * 4, 4);
}

static void fill_inst(struct gt_chan *c, unsigned int flags)
{
	uint64_t gp_va = GT_CHAN_VA(c->chid);
	uint32_t pdb = c->vm->pdb | 0xc00 | (c->vm->replay ? 0x30 : 0);

	*gt_ramfc(c, 2) = (uint32_t)c->userd | (c->userd_sys ? 2 : 0);
	*gt_ramfc(c, 3) = c->userd >> 32;
	*gt_ramfc(c, 4) = 0xface;
	*gt_ramfc(c, 12) = 0x7ffff902;
	*gt_ramfc(c, 18) = gp_va;
	*gt_ramfc(c, 19) = gp_va >> 32 | 8 << 16;	/* LIMIT2 = log2(256) */
	*gt_ramfc(c, 33) = 0x20400000;
	*gt_ramfc(c, 37) = 0x30000fff;
	*gt_ramfc(c, 43) = flags & GT_NO_CTX ? 0 : 0x30000;
	*gt_ramfc(c, 57) = flags & GT_CE_PRIV ? 0x20 : 0;
	*gt_ramfc(c, 58) = c->chid;
	*gt_ramfc(c, 61) = 0x1000 | (flags & GT_PRIV ? 0x100 : 0);
	*gt_ramfc(c, 62) = 0x10003080;
	*gt_ramfc(c, 128) = pdb;
	*gt_ramfc(c, 129) = c->vm->pdb >> 32;
	*gt_ramfc(c, 136) = c->method_buf;
	*gt_ramfc(c, 137) = c->method_buf >> 32;
	*gt_ramfc(c, 166) = 1;				/* SC_PDB_VALID(0) */
	*gt_ramfc(c, 168) = pdb;
	*gt_ramfc(c, 169) = c->vm->pdb >> 32;
	for (unsigned int i = 1; i < 64; i++)
		*gt_ramfc(c, 168 + 4 * i) = *gt_ramfc(c, 169 + 4 * i) = 1;
}

void gt_chan_open(struct gputest *gt, struct gt_chan *c, struct gt_vm *vm, unsigned int chid,
		  unsigned int runlist, unsigned int tsg, unsigned int flags)
{
	uint64_t va = GT_CHAN_VA(chid);

	memset(c, 0, sizeof(*c));
	c->gt = gt;
	c->vm = vm;
	c->chid = chid;
	c->runlist = runlist;
	c->tsg = tsg;
	c->userd_sys = flags & GT_SYS_USERD;
	c->inst = gt_vram(gt, 0x1000, 0x1000);
	c->userd = c->userd_sys ? gt_sys(gt, 512, 512) : gt_vram(gt, 512, 512);
	c->method_buf = gt_vram(gt, 0x2000, 0x1000);
	c->gpfifo_pa = gt_vram(gt, 0x1000, 0x1000);
	c->pb_pa = gt_vram(gt, GT_PB_BYTES, 0x1000);
	c->scratch_pa = gt_sys(gt, 0x1000, 0x1000);
	c->scratch = sim_mem(gt->sim, c->scratch_pa, 0x1000);
	c->scratch_va = va + 0x1000;
	c->pb_va = va + 0x10000;
	gt_map(vm, va, 12, c->gpfifo_pa, GT_VRAM_RW);
	gt_map(vm, c->scratch_va, 12, c->scratch_pa, GT_SYS_RW);
	gt_map_range(vm, c->pb_va, GT_PB_BYTES, 12, c->pb_pa, GT_VRAM_RW);
	gt_invalidate_all(gt);
	fill_inst(c, flags);
	if (!(flags & GT_NO_BIND))
		gt_wr(gt, GT_CHANNEL_INST(chid), 0x80000000 | c->inst >> 12);
}

static uint32_t *userd_ptr(struct gt_chan *c, unsigned int byte)
{
	return c->userd_sys ? sim_mem(c->gt->sim, c->userd + byte, 4) :
			      sim_vram(c->gt->sim, c->userd + byte, 4);
}

void gt_put(struct gt_chan *c, uint32_t gp_put)
{
	__atomic_store_n(userd_ptr(c, 0x8c), gp_put, __ATOMIC_RELEASE);
}

void gt_chan_restart(struct gt_chan *c, unsigned int flags)
{
	struct gputest *gt = c->gt;
	uint32_t enable = gt_rd(gt, GT_PMC_ENABLE);

	gt_wr(gt, GT_CHANNEL(c->chid), 0x800);
	gt_wr(gt, GT_PREEMPT, c->chid);
	/* What has stopped must be cleared, or its engine reset, before it can leave. */
	for (int i = 0; i < 50 && !sim_poll32(gt->sim, GT_PREEMPT, 1u << 20, 0, 1); i++) {
		for (unsigned int n = 0; n < 5; n++) {
			gt_wr(gt, GT_PBDMA(n, GT_PBDMA_INTR_0), ~0u);
			gt_wr(gt, GT_PBDMA(n, GT_PBDMA_INTR_1), ~0u);
			gt_wr(gt, GT_LCE_INTR_STATUS(n), ~0u);
		}
		if (i) {
			gt_wr(gt, GT_PMC_ENABLE, enable & 0x100);
			gt_wr(gt, GT_PMC_ENABLE, enable);
		}
	}
	gt_wr(gt, GT_CHANNEL_INST(c->chid), 0);
	memset(sim_vram(gt->sim, c->inst, 0x1000), 0, 0x1000);
	c->gp_put = c->pb_put = c->pb_start = 0;
	gt_put(c, 0);
	fill_inst(c, flags);
	gt_wr(gt, GT_CHANNEL_INST(c->chid), 0x80000000 | c->inst >> 12);
	gt_wr(gt, GT_CHANNEL(c->chid), 0x400);
}

void gt_enable(struct gt_chan *c)
{
	gt_wr(c->gt, GT_CHANNEL(c->chid), 0x400);
}

void gt_runlist_raw(struct gputest *gt, unsigned int runlist, const uint32_t *words,
		    unsigned int entries)
{
	uint64_t pa = gt_vram(gt, entries * 16 + 16, 0x1000);

	memcpy(sim_vram(gt->sim, pa, entries * 16 + 16), words, entries * 16);
	gt_wr(gt, GT_RUNLIST_LO(runlist), pa);
	gt_wr(gt, GT_RUNLIST_HI(runlist), pa >> 32);
	gt_wr(gt, GT_RUNLIST_SUBMIT(runlist), entries);
	assert_true(sim_poll32(gt->sim, GT_RUNLIST_INFO(runlist), 0x8000, 0, 2000));
}

void gt_runlist(struct gputest *gt, unsigned int runlist, struct gt_chan **chans, unsigned int n)
{
	uint32_t words[64 * 4] = { 0 }, *w = words, *hdr = NULL;

	for (unsigned int i = 0; i < n; i++) {
		struct gt_chan *c = chans[i];

		if (!i || chans[i - 1]->tsg != c->tsg) {
			hdr = w;
			w[0] = TSG_DEFAULT;
			w[1] = 0;
			w[2] = c->tsg;
			w += 4;
		}
		hdr[1]++;
		w[0] = c->userd | c->runqueue << 1;
		w[1] = c->userd >> 32;
		w[2] = c->inst | c->chid;
		w[3] = c->inst >> 32;
		w += 4;
		gt_enable(c);
	}
	gt_runlist_raw(gt, runlist, words, (w - words) / 4);
}

void gt_word(struct gt_chan *c, uint32_t word)
{
	assert_true(c->pb_put < GT_PB_BYTES / 4);
	*(uint32_t *)sim_vram(c->gt->sim, c->pb_pa + c->pb_put++ * 4, 4) = word;
}

void gt_inc(struct gt_chan *c, unsigned int subch, uint32_t mthd, unsigned int n, ...)
{
	va_list ap;

	gt_word(c, 0x20000000 | n << 16 | subch << 13 | mthd >> 2);
	va_start(ap, n);
	while (n--)
		gt_word(c, va_arg(ap, uint32_t));
	va_end(ap);
}

void gt_imm(struct gt_chan *c, unsigned int subch, uint32_t mthd, uint32_t data)
{
	gt_word(c, 0x80000000 | data << 16 | subch << 13 | mthd >> 2);
}

void gt_gp_entry(struct gt_chan *c, uint32_t w0, uint32_t w1)
{
	uint32_t *e = sim_vram(c->gt->sim, c->gpfifo_pa + c->gp_put * 8, 8);

	e[0] = w0;
	e[1] = w1;
	c->gp_put = (c->gp_put + 1) % GT_GP_ENTRIES;
}

void gt_segment(struct gt_chan *c, uint32_t bits0, uint32_t bits1)
{
	uint64_t va = c->pb_va + c->pb_start * 4;

	gt_gp_entry(c, (uint32_t)va | bits0, va >> 32 | (c->pb_put - c->pb_start) << 10 | bits1);
	c->pb_start = c->pb_put;
}

uint32_t gt_userd(struct gt_chan *c, unsigned int byte)
{
	return __atomic_load_n(userd_ptr(c, byte), __ATOMIC_ACQUIRE);
}

void gt_ring(struct gt_chan *c)
{
	gt_put(c, c->gp_put);
	gt_wr(c->gt, GT_DOORBELL, c->runlist << 16 | c->chid);
}

void gt_kick(struct gt_chan *c)
{
	gt_segment(c, 0, 0);
	gt_ring(c);
}

void gt_release(struct gt_chan *c, unsigned int off, uint32_t val)
{
	uint64_t va = c->scratch_va + off;

	gt_inc(c, 0, 0x5c, 5, (uint32_t)va, (uint32_t)(va >> 32), val, 0u, 1u);
}

bool gt_wait32(const uint32_t *p, uint32_t val, unsigned int ms)
{
	for (unsigned int i = 0; i <= ms * 10; i++) {
		if (__atomic_load_n(p, __ATOMIC_ACQUIRE) == val)
			return true;
		nanosleep(&(struct timespec){ 0, 100000 }, NULL);
	}
	return false;
}

bool gt_run(struct gt_chan *c, unsigned int ms)
{
	static uint32_t serial = 0x1000;
	uint32_t *p = c->scratch + 0xff0 / 4;

	gt_release(c, 0xff0, ++serial);
	gt_kick(c);
	return gt_wait32(p, serial, ms);
}

bool gt_status(struct gt_chan *c, unsigned int status, unsigned int ms)
{
	return sim_poll32(c->gt->sim, GT_CHANNEL(c->chid), 0xf000000, status << 24, ms);
}

void gt_faults_on(struct gputest *gt, unsigned int i)
{
	gt->fault_buf[i] = gt_vram(gt, FAULT_ENTRIES * 32, 0x1000);
	gt->fault_entries[i] = FAULT_ENTRIES;
	gt_wr(gt, GT_FAULT_LO(i) + 4, gt->fault_buf[i] >> 32);
	gt_wr(gt, GT_FAULT_LO(i), gt->fault_buf[i] | 1);	/* physical, local */
	gt_wr(gt, GT_FAULT_SIZE(i), FAULT_ENTRIES | 0x80000000);
}

bool gt_wait_fault(struct gputest *gt, unsigned int i, unsigned int put, unsigned int ms)
{
	return sim_poll32(gt->sim, GT_FAULT_PUT(i), 0xfffff, put, ms);
}

const uint32_t *gt_fault(struct gputest *gt, unsigned int i, unsigned int index)
{
	const uint32_t *p = sim_vram(gt->sim, gt->fault_buf[i] + index * 32, 32);

	assert_true(gt_wait32(&p[7], p[7] | 0x80000000, 1000));
	return p;
}
