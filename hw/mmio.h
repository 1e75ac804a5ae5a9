/* SPDX-License-Identifier: MIT */
/*
 * BAR0 as tables. A unit describes its registers: offset, repetition, reset
 * value, which bits the guest can write, which clear on writing 1, and hooks
 * for side effects. One formula in mmio.c applies the masks; hooks only add
 * behaviour. All calls hold gpu->lock.
 */
#ifndef HW_MMIO_H
#define HW_MMIO_H

#include <stdint.h>

struct gpu;
struct mmio_reg;

/* Where function 0's own registers (NV_VIRTUAL_FUNCTION_*) stand in BAR0; dev_vm.h, nv_field.h. */
#define MMIO_VF(x)	(NV_LO(NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET) + (x))
#define MMIO_BYTES	(16u << 20)	/* BAR0 */

/* @i is the index within a repeated register (0 for a single one). */
typedef uint32_t (*mmio_read_fn)(struct gpu *gpu, const struct mmio_reg *r, unsigned int i);
/* @val is what the guest wrote; @old the stored value before the masks applied. */
typedef void (*mmio_write_fn)(struct gpu *gpu, const struct mmio_reg *r, unsigned int i,
			      uint32_t val, uint32_t old);

struct mmio_reg {
	uint32_t off;		/* BAR0 byte offset of element 0 */
	uint32_t count;		/* 0 counts as 1 */
	uint32_t stride;	/* bytes; 0 counts as 4 */
	const char *name;	/* as in the manual, without NV_ */
	uint32_t reset;
	uint32_t rw;		/* writable bits */
	uint32_t w1c;		/* bits cleared by writing 1 */
	mmio_read_fn read;	/* NULL: stored value */
	mmio_write_fn write;	/* NULL: no side effect. Runs after the masks */
};

struct mmio_block {
	const char *unit;
	const struct mmio_reg *regs;
	unsigned int nregs;
};

/*
 * A window whose content lives elsewhere (PRAMIN, the config mirror): every
 * access of 1, 2, 4 or 8 bytes, aligned, goes to the hooks. gpu->lock held.
 */
struct mmio_window {
	const char *unit;
	uint32_t off, bytes;	/* 4 KiB granules */
	uint64_t (*read)(struct gpu *gpu, uint32_t off, unsigned int size);
	void (*write)(struct gpu *gpu, uint32_t off, unsigned int size, uint64_t val);
};

/*
 * Registers one unit's table; called once at gpu_create(). Two registers at
 * one offset are a mistake in the model: reported on stderr, then abort().
 */
void mmio_register(struct gpu *gpu, const struct mmio_block *block);
void mmio_register_window(struct gpu *gpu, const struct mmio_window *win);
/* Sets all stored values to their reset values. */
void mmio_reset(struct gpu *gpu);
/*
 * Guest access of @size bytes (1, 2, 4 or 8), aligned: what a bus calls.
 * Registers are dwords: smaller reads see their part of one, smaller writes
 * are a guest error and dropped, 8 bytes are two accesses in rising order.
 */
uint64_t mmio_read(struct gpu *gpu, uint32_t off, unsigned int size);
void mmio_write(struct gpu *gpu, uint32_t off, unsigned int size, uint64_t val);
/*
 * Guest access; @off dword aligned. Take gpu->lock themselves. An offset that
 * no unit claims reads NVX_PRI_UNCLAIMED and latches a PRI timeout in PTIMER
 * and PBUS; it is logged as unimplemented.
 */
uint32_t mmio_read32(struct gpu *gpu, uint32_t off);
void mmio_write32(struct gpu *gpu, uint32_t off, uint32_t val);
/* Model-side access to the stored value, no hooks, no masks; lock held. */
uint32_t mmio_peek(struct gpu *gpu, uint32_t off);
void mmio_poke(struct gpu *gpu, uint32_t off, uint32_t val);

/* For tests that walk all registers: next claimed register at or after *@off. */
const struct mmio_reg *mmio_next(struct gpu *gpu, uint32_t *off, unsigned int *i);

int mmio_init(struct gpu *gpu);
void mmio_fini(struct gpu *gpu);

#endif
