// SPDX-License-Identifier: MIT
#include "mmio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus.h"
#include "gpu.h"
#include "log.h"
#include "nvhw/undocumented.h"

#define PAGE_BYTES	4096u
#define PAGE_CELLS	(PAGE_BYTES / 4)
#define MAX_BLOCKS	64

struct mmio_cell {
	const struct mmio_reg *reg;	/* NULL: nobody's */
	uint32_t i;
	uint32_t value;
};

struct mmio_page {
	const struct mmio_window *window;
	struct mmio_cell *cells;	/* NULL for windows */
};

struct mmio_state {
	struct mmio_page pages[MMIO_BYTES / PAGE_BYTES];
	const struct mmio_block *blocks[MAX_BLOCKS];
	unsigned int nblocks;
};

static uint32_t reg_count(const struct mmio_reg *r) { return r->count ? r->count : 1; }
static uint32_t reg_stride(const struct mmio_reg *r) { return r->stride ? r->stride : 4; }

static struct mmio_cell *find(struct gpu *gpu, uint32_t off)
{
	struct mmio_page *page;

	if (off >= MMIO_BYTES || off % 4)
		return NULL;
	page = &gpu->mmio->pages[off / PAGE_BYTES];
	if (!page->cells || !page->cells[off % PAGE_BYTES / 4].reg)
		return NULL;
	return &page->cells[off % PAGE_BYTES / 4];
}

/* The model's own tables disagree: no guest can cause this. */
static void bad_table(const char *unit, const char *name, uint32_t off)
{
	fprintf(stderr, "tu104: register table of %s: %s at %06x is out of range or taken\n",
		unit, name, off);
	abort();
}

static void claim(struct gpu *gpu, const struct mmio_block *block, const struct mmio_reg *r,
		  uint32_t i)
{
	uint32_t off = r->off + i * reg_stride(r);
	struct mmio_page *page;
	struct mmio_cell *cell;

	if (off >= MMIO_BYTES || off % 4)
		bad_table(block->unit, r->name, off);
	page = &gpu->mmio->pages[off / PAGE_BYTES];
	if (page->window)
		bad_table(block->unit, r->name, off);
	if (!page->cells) {
		page->cells = calloc(PAGE_CELLS, sizeof(*page->cells));
		if (!page->cells)
			abort();
	}
	cell = &page->cells[off % PAGE_BYTES / 4];
	if (cell->reg)
		bad_table(block->unit, r->name, off);
	*cell = (struct mmio_cell){ .reg = r, .i = i, .value = r->reset };
}

void mmio_register(struct gpu *gpu, const struct mmio_block *block)
{
	struct mmio_state *m = gpu->mmio;

	if (m->nblocks == MAX_BLOCKS)
		bad_table(block->unit, "(too many blocks)", 0);
	m->blocks[m->nblocks++] = block;
	for (unsigned int n = 0; n < block->nregs; n++)
		for (uint32_t i = 0; i < reg_count(&block->regs[n]); i++)
			claim(gpu, block, &block->regs[n], i);
}

void mmio_register_window(struct gpu *gpu, const struct mmio_window *win)
{
	if (win->off % PAGE_BYTES || win->bytes % PAGE_BYTES ||
	    win->off > MMIO_BYTES || win->bytes > MMIO_BYTES - win->off)
		bad_table(win->unit, "window", win->off);
	for (uint32_t off = win->off; off < win->off + win->bytes; off += PAGE_BYTES) {
		struct mmio_page *page = &gpu->mmio->pages[off / PAGE_BYTES];

		if (page->cells || page->window)
			bad_table(win->unit, "window", off);
		page->window = win;
	}
}

void mmio_reset(struct gpu *gpu)
{
	for (size_t p = 0; p < MMIO_BYTES / PAGE_BYTES; p++) {
		struct mmio_cell *cells = gpu->mmio->pages[p].cells;

		for (size_t c = 0; cells && c < PAGE_CELLS; c++)
			if (cells[c].reg)
				cells[c].value = cells[c].reg->reset;
	}
}

static uint32_t read32_locked(struct gpu *gpu, uint32_t off)
{
	struct mmio_cell *cell = find(gpu, off);

	count(gpu, mmio_reads);
	if (!cell) {
		log_unimp("mmio", "read of unclaimed offset %06x", off);
		bus_pri_timeout(gpu, off, false, 0);
		return NVX_PRI_UNCLAIMED;
	}
	return cell->reg->read ? cell->reg->read(gpu, cell->reg, cell->i) : cell->value;
}

static void write32_locked(struct gpu *gpu, uint32_t off, uint32_t val)
{
	struct mmio_cell *cell = find(gpu, off);
	const struct mmio_reg *r;
	uint32_t old;

	count(gpu, mmio_writes);
	if (!cell) {
		log_unimp("mmio", "write of unclaimed offset %06x: %08x", off, val);
		bus_pri_timeout(gpu, off, true, val);
		return;
	}
	r = cell->reg;
	old = cell->value;
	cell->value = ((old & ~r->rw) | (val & r->rw)) & ~(val & r->w1c);
	if (r->write)
		r->write(gpu, r, cell->i, val, old);
}

uint32_t mmio_read32(struct gpu *gpu, uint32_t off)
{
	return mmio_read(gpu, off, 4);
}

void mmio_write32(struct gpu *gpu, uint32_t off, uint32_t val)
{
	mmio_write(gpu, off, 4, val);
}

static bool access_ok(uint32_t off, unsigned int size)
{
	if ((size == 1 || size == 2 || size == 4 || size == 8) && off % size == 0 &&
	    off < MMIO_BYTES)
		return true;
	log_guest_error("mmio", "access of %u bytes at %06x", size, off);
	return false;
}

uint64_t mmio_read(struct gpu *gpu, uint32_t off, unsigned int size)
{
	const struct mmio_window *win;
	uint64_t val;

	if (!access_ok(off, size))
		return ~0ull;
	pthread_mutex_lock(&gpu->lock);
	win = gpu->mmio->pages[off / PAGE_BYTES].window;
	if (win) {
		count(gpu, mmio_reads);
		val = win->read(gpu, off - win->off, size);
	} else if (size == 8) {
		val = read32_locked(gpu, off);
		val |= (uint64_t)read32_locked(gpu, off + 4) << 32;
	} else {
		val = read32_locked(gpu, off & ~3u) >> off % 4 * 8;
	}
	pthread_mutex_unlock(&gpu->lock);
	return size == 8 ? val : val & ((1ull << size * 8) - 1);
}

void mmio_write(struct gpu *gpu, uint32_t off, unsigned int size, uint64_t val)
{
	const struct mmio_window *win;

	if (!access_ok(off, size))
		return;
	pthread_mutex_lock(&gpu->lock);
	win = gpu->mmio->pages[off / PAGE_BYTES].window;
	if (win) {
		count(gpu, mmio_writes);
		win->write(gpu, off - win->off, size, val);
	} else if (size < 4) {
		log_guest_error("mmio", "%u-byte write of a register at %06x", size, off);
	} else {
		write32_locked(gpu, off, val);
		if (size == 8)
			write32_locked(gpu, off + 4, val >> 32);
	}
	pthread_mutex_unlock(&gpu->lock);
}

uint32_t mmio_peek(struct gpu *gpu, uint32_t off)
{
	struct mmio_cell *cell = find(gpu, off);

	return cell ? cell->value : 0;
}

void mmio_poke(struct gpu *gpu, uint32_t off, uint32_t val)
{
	struct mmio_cell *cell = find(gpu, off);

	if (cell)
		cell->value = val;
	else
		bad_table("poke", "nothing", off);
}

const struct mmio_reg *mmio_next(struct gpu *gpu, uint32_t *off, unsigned int *i)
{
	for (; *off < MMIO_BYTES; *off += 4) {
		struct mmio_cell *cell;

		if (!gpu->mmio->pages[*off / PAGE_BYTES].cells) {
			*off |= PAGE_BYTES - 4;
			continue;
		}
		cell = find(gpu, *off);
		if (cell) {
			*i = cell->i;
			return cell->reg;
		}
	}
	return NULL;
}

int mmio_init(struct gpu *gpu)
{
	gpu->mmio = calloc(1, sizeof(*gpu->mmio));
	return gpu->mmio ? 0 : -ENOMEM;
}

void mmio_fini(struct gpu *gpu)
{
	if (!gpu->mmio)
		return;
	for (size_t p = 0; p < MMIO_BYTES / PAGE_BYTES; p++)
		free(gpu->mmio->pages[p].cells);
	free(gpu->mmio);
	gpu->mmio = NULL;
}
