/* SPDX-License-Identifier: MIT */
/*
 * Address spaces, channels and pushbuffers for tests, laid down in memory as a
 * driver would. Every number here is restated from the manuals; nothing comes
 * from the model's or the driver's encoders.
 */
#ifndef TESTS_HW_GPUTEST_H
#define TESTS_HW_GPUTEST_H

#include "hwtest.h"

/* BAR0 */
#define GT_PFIFO_INTR_0		0x2100
#define GT_PFIFO_INTR_EN_0	0x2140
#define GT_BIND_ERROR		0x252c
#define GT_SCHED_ERROR		0x254c
#define GT_INTR_PBDMA_ID	0x25a0
#define GT_SCHED_DISABLE	0x2630
#define GT_PREEMPT		0x2634
#define GT_RUNLIST_PREEMPT	0x2638
#define GT_ENGINE_STATUS(i)	(0x2640 + 8 * (i))
#define GT_INTR_RUNLIST		0x2a00
#define GT_RUNLIST_LO(i)	(0x2b00 + 16 * (i))
#define GT_RUNLIST_HI(i)	(0x2b04 + 16 * (i))
#define GT_RUNLIST_SUBMIT(i)	(0x2b08 + 16 * (i))
#define GT_RUNLIST_INFO(i)	(0x2b0c + 16 * (i))
#define GT_PBDMA_STATUS(i)	(0x3080 + 4 * (i))
#define GT_PBDMA(i, r)		(0x40000 + 0x2000 * (i) + (r))
#define GT_PBDMA_METHOD0	0x0c0
#define GT_PBDMA_DATA0		0x0c4
#define GT_PBDMA_INTR_0		0x108
#define GT_PBDMA_INTR_EN_0	0x10c
#define GT_PBDMA_CHANNEL	0x120
#define GT_PBDMA_INTR_1		0x148
#define GT_PBDMA_INTR_EN_1	0x14c
#define GT_MMU_INVALIDATE	0x100cbc
#define GT_CHANNEL_INST(c)	(0x800000 + 8 * (c))
#define GT_CHANNEL(c)		(0x800004 + 8 * (c))
#define GT_LCE_INTR_STATUS(i)	(0x104410 + 0x80 * (i))
#define GT_LCE_LAUNCHERR(i)	(0x104418 + 0x80 * (i))
#define GT_CHANNEL_CFG		0xb65000
#define GT_DOORBELL		0xbb0090
#define GT_DOORBELL_PCI		0x810090
#define GT_FAULT_LO(i)		(0xb83000 + 0x20 * (i))
#define GT_FAULT_GET(i)		(0xb83008 + 0x20 * (i))
#define GT_FAULT_PUT(i)		(0xb8300c + 0x20 * (i))
#define GT_FAULT_SIZE(i)	(0xb83010 + 0x20 * (i))
#define GT_LEAF(i)		(0xb81000 + 4 * (i))
#define GT_PMC_ENABLE		0x200

/* PTE flags (dev_mmu, VER2) */
#define GT_PTE_VALID		0x01ull
#define GT_PTE_SYS		0x04ull		/* coherent system memory */
#define GT_PTE_VOL		0x08ull
#define GT_PTE_RO		0x40ull
#define GT_PTE_NO_ATOMIC	0x80ull
#define GT_VRAM_RW		GT_PTE_VALID
#define GT_SYS_RW		(GT_PTE_VALID | GT_PTE_SYS | GT_PTE_VOL)

struct gputest {
	struct sim *sim;
	uint64_t vram_next, sys_next;
	uint64_t fault_buf[2];		/* VRAM, physical mode */
	unsigned int fault_entries[2];
};

struct gt_vm {
	struct gputest *gt;
	uint64_t pdb;
	bool replay;			/* FAULT_REPLAY_TEX and _GCC */
};

/* Flags of gt_chan_open(). */
#define GT_PRIV		1u	/* CONFIG.AUTH_LEVEL */
#define GT_CE_PRIV	2u	/* HCE_CTRL.HCE_PRIV_MODE */
#define GT_NO_CTX	4u	/* TARGET without CTX_VALID bits */
#define GT_NO_BIND	8u	/* instance block only */
#define GT_SYS_USERD	16u

/*
 * A channel. Its GPFIFO, pushbuffer and one page of scratch are mapped at
 * GT_CHAN_VA(chid) of its address space.
 */
#define GT_CHAN_VA(chid)	(0x7000000000ull + (uint64_t)(chid) * 0x100000)
#define GT_GP_ENTRIES		256
#define GT_PB_BYTES		0x40000

struct gt_chan {
	struct gputest *gt;
	struct gt_vm *vm;
	unsigned int chid, runlist, tsg, runqueue;
	uint64_t inst, userd, gpfifo_pa, pb_pa, pb_va, scratch_pa, scratch_va;
	uint64_t method_buf;		/* BAR2 is physical unless a test binds it */
	bool userd_sys;
	uint32_t *scratch;		/* CPU pointer to 4 KiB */
	unsigned int gp_put, pb_put, pb_start;
};

void gt_create(struct gputest *gt, const struct sim_config *config);
void gt_destroy(struct gputest *gt);
uint32_t gt_rd(struct gputest *gt, uint32_t off);
void gt_wr(struct gputest *gt, uint32_t off, uint32_t val);

/* Bump allocators, zeroed; physical addresses. */
uint64_t gt_vram(struct gputest *gt, uint64_t bytes, uint64_t align);
uint64_t gt_sys(struct gputest *gt, uint64_t bytes, uint64_t align);

void gt_vm_new(struct gputest *gt, struct gt_vm *vm, bool replay);
/* One PTE (shift 12, 16 or 21); no invalidate. flags 0 clears it. */
void gt_map(struct gt_vm *vm, uint64_t va, unsigned int shift, uint64_t pa, uint64_t flags);
/* [va, va + bytes) with pages of 1 << shift onto consecutive memory. */
void gt_map_range(struct gt_vm *vm, uint64_t va, uint64_t bytes, unsigned int shift, uint64_t pa,
		  uint64_t flags);
void gt_invalidate_all(struct gputest *gt);

void gt_chan_open(struct gputest *gt, struct gt_chan *c, struct gt_vm *vm, unsigned int chid,
		  unsigned int runlist, unsigned int tsg, unsigned int flags);
/* Takes the channel off and starts it over: new instance block content, empty GPFIFO. */
void gt_chan_restart(struct gt_chan *c, unsigned int flags);
/* RAMFC word in the instance block, for a channel that is not loaded. */
uint32_t *gt_ramfc(struct gt_chan *c, unsigned int word);
/* Channels with equal tsg that stand together share one TSG entry. */
void gt_runlist(struct gputest *gt, unsigned int runlist, struct gt_chan **chans, unsigned int n);
void gt_runlist_raw(struct gputest *gt, unsigned int runlist, const uint32_t *words,
		    unsigned int entries);
void gt_enable(struct gt_chan *c);

/* Pushbuffer words of the segment being written. */
void gt_word(struct gt_chan *c, uint32_t word);
void gt_inc(struct gt_chan *c, unsigned int subch, uint32_t mthd, unsigned int n, ...);
void gt_imm(struct gt_chan *c, unsigned int subch, uint32_t mthd, uint32_t data);
/* Ends the segment: GP entry with @bits1 or-ed into its second word. */
void gt_segment(struct gt_chan *c, uint32_t bits0, uint32_t bits1);
void gt_gp_entry(struct gt_chan *c, uint32_t w0, uint32_t w1);
void gt_put(struct gt_chan *c, uint32_t gp_put);	/* GP_PUT in USERD */
void gt_ring(struct gt_chan *c);	/* GP_PUT and doorbell */
void gt_kick(struct gt_chan *c);	/* segment and ring */
uint32_t gt_userd(struct gt_chan *c, unsigned int byte);

/* Host release of @val at scratch + @off, then polls it there. */
void gt_release(struct gt_chan *c, unsigned int off, uint32_t val);
bool gt_wait32(const uint32_t *p, uint32_t val, unsigned int ms);
/* Kicks with a release at scratch + 0xff0 and waits for it. */
bool gt_run(struct gt_chan *c, unsigned int ms);
bool gt_status(struct gt_chan *c, unsigned int status, unsigned int ms);

/* Turns fault buffer @i on in physical mode; then packets by index. */
void gt_faults_on(struct gputest *gt, unsigned int i);
bool gt_wait_fault(struct gputest *gt, unsigned int i, unsigned int put, unsigned int ms);
const uint32_t *gt_fault(struct gputest *gt, unsigned int i, unsigned int index);
static inline uint64_t gt_fault_va(const uint32_t *p)
{
	return ((uint64_t)p[3] << 32) | (p[2] & 0xfffff000);
}

void gt_sleep_ms(unsigned int ms);

#endif
