/* SPDX-License-Identifier: MIT */
/*
 * Launches for tests: a channel with compute bound, code, constants, queue
 * meta data (bit positions restated from clc3c0qmd.h) and one block of data.
 */
#ifndef TESTS_HW_LAUNCH_H
#define TESTS_HW_LAUNCH_H

#include "gputest.h"
#include "sassasm.h"

#define L_CODE_VA	0x600000000ull
#define L_CODE_BYTES	0x10000
#define L_CONST_VA	0x600100000ull		/* bank 0; one page */
#define L_QMD_VA	0x600200000ull
#define L_DATA_VA	0x1000000000ull		/* within the 40 bits of FE */
#define L_DATA_BYTES	0x40000
#define L_HOLE_VA	0x7f1200000000ull	/* nothing mapped */

#define GR_INTR		0x400100
#define GR_TRAP		0x400108
#define GR_TRAPPED_CODE	0x400110
#define GR_TRAP_GPC	0x400118
#define GR_INTR_EN	0x40013c
#define GR_RESUME	0x400500
#define GR_TRAPPED_ADDR	0x400704
#define GR_TRAPPED_DATA	0x400708
#define GR_CURRENT_INST	0x409b00
#define SKED_ESR	0x407020
#define GPC_TRAP	0x502c90
#define TPC_TRAP(t)	(0x504508 + 0x800 * (t))
#define WARP_ESR(t, s)	(0x504730 + 0x800 * (t) + 0x80 * (s))

struct launch_env {
	struct gputest *gt;
	struct gt_vm vm;
	struct gt_chan c;
	uint64_t code_pa, const_pa, qmd_pa, data_pa;
	uint8_t *code;
	uint32_t *constants, *data;
	unsigned int ncode;
};

static inline void le_open(struct launch_env *e, struct gputest *gt, unsigned int chid)
{
	memset(e, 0, sizeof(*e));
	e->gt = gt;
	gt_vm_new(gt, &e->vm, true);
	e->code_pa = gt_vram(gt, L_CODE_BYTES, 0x1000);
	e->const_pa = gt_vram(gt, 0x1000, 0x1000);
	e->qmd_pa = gt_vram(gt, 0x1000, 0x1000);
	e->data_pa = gt_sys(gt, L_DATA_BYTES, 0x1000);
	e->code = sim_vram(gt->sim, e->code_pa, L_CODE_BYTES);
	e->constants = sim_vram(gt->sim, e->const_pa, 0x1000);
	e->data = sim_mem(gt->sim, e->data_pa, L_DATA_BYTES);
	gt_map_range(&e->vm, L_CODE_VA, L_CODE_BYTES, 12, e->code_pa, GT_VRAM_RW);
	gt_map(&e->vm, L_CONST_VA, 12, e->const_pa, GT_VRAM_RW);
	gt_map(&e->vm, L_QMD_VA, 12, e->qmd_pa, GT_VRAM_RW);
	gt_map_range(&e->vm, L_DATA_VA, L_DATA_BYTES, 12, e->data_pa, GT_SYS_RW);
	gt_chan_open(gt, &e->c, &e->vm, chid, 0, chid, 0);
	gt_wr(gt, GR_INTR_EN, ~0u);
}

/* What every client sends once: class and address windows. */
static inline void le_setup(struct launch_env *e)
{
	gt_inc(&e->c, 1, 0x0000, 1, 0xc5c0u);
	gt_inc(&e->c, 1, 0x02a0, 2, 0u, 0xfe000000u);
	gt_inc(&e->c, 1, 0x07b0, 2, 0u, 0xff000000u);
}

/* A GPU with both fault buffers on and one channel that is ready to launch. */
static inline void le_start(struct launch_env *e, struct gputest *gt)
{
	gt_create(gt, NULL);
	gt_faults_on(gt, 0);
	gt_faults_on(gt, 1);
	le_open(e, gt, 5);
	gt_runlist(gt, 0, (struct gt_chan *[]){ &e->c }, 1);
	le_setup(e);
}

static inline void le_emit(struct launch_env *e, struct insn i)
{
	memcpy(e->code + 16 * e->ncode++, i.w, 16);
}

static inline void le_program(struct launch_env *e, const struct insn *i, unsigned int n)
{
	e->ncode = 0;
	while (n--)
		le_emit(e, *i++);
}

#define PROGRAM(e, ...) \
	do { \
		const struct insn p_[] = { __VA_ARGS__ }; \
		le_program(e, p_, sizeof(p_) / sizeof(p_[0])); \
	} while (0)

static inline void qmd_set(uint32_t *q, unsigned int hi, unsigned int lo, uint64_t v)
{
	for (unsigned int b = lo; b <= hi; b++) {
		q[b / 32] &= ~(1u << b % 32);
		q[b / 32] |= (uint32_t)(v >> (b - lo) & 1) << b % 32;
	}
}

static inline uint32_t *le_qmd(struct launch_env *e, unsigned int grid, unsigned int block)
{
	uint32_t *q = sim_vram(e->gt->sim, e->qmd_pa, 256);

	memset(q, 0, 256);
	qmd_set(q, 134, 134, 1);
	qmd_set(q, 378, 378, 1);
	qmd_set(q, 415, 384, grid);
	qmd_set(q, 431, 416, 1);
	qmd_set(q, 463, 448, 1);
	qmd_set(q, 579, 576, 2);
	qmd_set(q, 583, 580, 2);
	qmd_set(q, 607, 592, block);
	qmd_set(q, 623, 608, 1);
	qmd_set(q, 639, 624, 1);
	qmd_set(q, 656, 648, 64);
	qmd_set(q, 640, 640, 1);
	qmd_set(q, 1055, 1024, (uint32_t)L_CONST_VA);
	qmd_set(q, 1072, 1056, L_CONST_VA >> 32);
	qmd_set(q, 1087, 1075, 0x1000 >> 4);
	qmd_set(q, 1567, 1536, (uint32_t)L_CODE_VA);
	qmd_set(q, 1584, 1568, L_CODE_VA >> 32);
	return q;
}

/* INVALIDATE_SHADER_CACHES of code and constants, then the launch. */
static inline void le_launch(struct launch_env *e)
{
	gt_imm(&e->c, 1, 0x1698, 0x1011);
	gt_inc(&e->c, 1, 0x02b4, 1, (uint32_t)(L_QMD_VA >> 8));
	gt_imm(&e->c, 1, 0x02bc, 3);
}

/* Launch and wait for a host semaphore behind it. */
static inline bool le_run(struct launch_env *e, unsigned int ms)
{
	le_launch(e);
	return gt_run(&e->c, ms);
}

/*
 * Take a channel off whatever it does to the engine: disable, preempt, reset
 * GR, and mind the PBDMA, which reports that its engine was reset under it.
 */
static inline bool le_kill(struct launch_env *e)
{
	uint32_t enable = gt_rd(e->gt, GT_PMC_ENABLE);
	bool done = false;

	gt_wr(e->gt, GT_CHANNEL(e->c.chid), 0x800);
	gt_wr(e->gt, GT_RUNLIST_PREEMPT, 1);
	gt_wr(e->gt, GT_PMC_ENABLE, enable & ~(1u << 12));
	gt_wr(e->gt, GT_PMC_ENABLE, enable | 1u << 12);
	for (unsigned int n = 0; n < 200 && !done; n++) {
		done = sim_poll32(e->gt->sim, GT_RUNLIST_PREEMPT, 1, 0, 25);
		for (unsigned int p = 0; p < 2; p++)
			gt_wr(e->gt, GT_PBDMA(p, GT_PBDMA_INTR_0), ~0u);
	}
	gt_runlist(e->gt, 0, NULL, 0);
	gt_wr(e->gt, GT_CHANNEL_INST(e->c.chid), 0);
	return done && !gt_rd(e->gt, GT_CHANNEL_INST(e->c.chid));
}

/* R2:R3 = data + 4 * (thread of the grid), R0 = that thread's number. */
#define GLOBAL_ID(block) \
	a_s2r(0, 0x21), a_s2r(1, 0x25), a_mad(0, 1, block, 0), \
	a_mov(4, (uint32_t)L_DATA_VA), a_mov(5, (uint32_t)(L_DATA_VA >> 32)), a_wide(2, 0, 4, 4)

/* GR has trapped. */
static inline void le_wait_trap(struct gputest *gt)
{
	assert_true(sim_poll32(gt->sim, GR_INTR, 1 << 21, 1 << 21, 2000));
}

#endif
