// SPDX-License-Identifier: MIT
/*
 * What a warp reaches through the MMU besides data: code and constants, both
 * through the GCC client of its GPC and cached for the channel until a method
 * or a QMD invalidates them; and the parking of what missed.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "nvhw/nv_field.h"
#include "nvhw/undocumented.h"
#include "sm_pool.h"

#define CODE_PAGES_MAX	1024u		/* 4 MiB of code, then start afresh */
#define CODE_CHAINS	64u

static struct code_page *_Atomic *code_chain(struct sm_caches *c, uint64_t va)
{
	return &c->code[va / SM_CODE_PAGE % CODE_CHAINS];
}

static void free_code(struct sm_caches *c)
{
	for (unsigned int i = 0; i < CODE_CHAINS; i++) {
		while (c->code[i]) {
			struct code_page *p = c->code[i];

			c->code[i] = p->next;
			free(p);
		}
	}
	c->npages = 0;
}

void caches_init(struct sm_caches *c)
{
	pthread_mutex_init(&c->lock, NULL);
}

void caches_make_room(struct sm_caches *c)
{
	if (c->full)
		free_code(c);
	c->full = false;
}

/* @fn for each bank, with a number or without. */
static void each_bank(struct sm_caches *c, void (*fn)(struct const_bank *b))
{
	for (unsigned int i = 0; i < SM_CONST_BANKS; i++)
		fn(&c->bank[i]);
	for (unsigned int p = 0; p < SM_MAX_PARTS; p++)
		for (unsigned int i = 0; i < SM_CONST_DESCRIBED; i++)
			fn(&c->described[p].bank[i]);
}

static void free_bank(struct const_bank *b)
{
	free(b->data);
}

void caches_free(struct sm_caches *c)
{
	free_code(c);
	each_bank(c, free_bank);
	pthread_mutex_destroy(&c->lock);
}

void caches_invalidate_code(struct sm_caches *c)
{
	for (unsigned int i = 0; i < CODE_CHAINS; i++)
		for (struct code_page *p = c->code[i]; p; p = p->next)
			p->stale = true;
}

static void empty_bank(struct const_bank *b)
{
	for (unsigned int i = 0; i < sizeof(b->valid) / sizeof(b->valid[0]); i++)
		b->valid[i] = 0;
}

void caches_invalidate_const(struct sm_caches *c)
{
	each_bank(c, empty_bank);
}

/* Let @b be @size bytes at @va; what it holds of them stays unless @afresh. */
static void bind_bank(struct const_bank *b, uint64_t va, uint32_t size, bool afresh)
{
	if (size > SM_CONST_BYTES)
		size = SM_CONST_BYTES;
	if (size && !b->data)
		b->data = calloc(1, SM_CONST_BYTES + 16);
	if (!b->data)
		size = 0;
	if (b->va == va && b->size == size && !afresh)
		return;
	if (b->data)
		memset(b->data, 0, b->size);
	empty_bank(b);
	b->va = va;
	b->size = size;
}

void caches_bind_const(struct sm_caches *c, const struct qmd *qmd)
{
	for (unsigned int i = 0; i < SM_CONST_BANKS; i++)
		bind_bank(&c->bank[i], qmd->bank[i].valid ? qmd->bank[i].va : 0,
			  qmd->bank[i].valid ? qmd->bank[i].size : 0, qmd->bank[i].invalidate);
}

void const_describe(struct warp *w, unsigned int row)
{
	uint64_t d = row == SASS_RZ ? 0 : w->r[row][0] | (uint64_t)w->r[row + 1][0] << 32;
	uint64_t va = NV_GET64(d, NVX_CONST_DESCRIPTOR_ADDRESS) << NVX_CONST_DESCRIPTOR_SHIFT;
	uint32_t size = (uint32_t)NV_GET64(d, NVX_CONST_DESCRIPTOR_SIZE) <<
			NVX_CONST_DESCRIPTOR_SHIFT;
	struct const_described *c = &w->l->caches->described[w->part->index];

	if (size > SM_CONST_BYTES)
		size = SM_CONST_BYTES;
	for (unsigned int i = 0; i < SM_CONST_DESCRIBED; i++) {
		w->described = &c->bank[i];
		if (w->described->va == va && w->described->size == size)
			return;
	}
	w->described = &c->bank[c->oldest++ % SM_CONST_DESCRIBED];
	bind_bank(w->described, va, size, false);
}

static void wake_launch(void *owner)
{
	struct warp *w = owner;

	sm_part_wake(w->part);
	fifo_wake(w->l->gpu, w->l->ch);
}

void warp_miss(struct warp *w, struct tlb *tlb, const struct mmu_client *client, uint64_t va,
	       enum mmu_access access, uint8_t fault_type)
{
	uint64_t page = va & ~4095ull;
	struct mmu_park *p;

	for (unsigned int i = 0; i < w->nparks; i++)
		if (w->parks[i].va == page)
			return;
	if (w->nparks == SASS_LANES)
		return;		/* the rest miss again after the replay */
	p = &w->parks[w->nparks++];
	*p = (struct mmu_park){
		.as = &w->l->ch->gr_as, .tlb = tlb, .client = *client, .va = page,
		.access = access, .fault_type = fault_type, .wake = wake_launch, .owner = w,
	};
}

bool warp_park(struct warp *w)
{
	struct gpu *gpu = w->l->gpu;

	w->state = WARP_PARKED;
	count(gpu, warp_parks);
	for (unsigned int i = 0; i < w->nparks; i++) {
		if (mmu_fault_replayable(gpu, &w->parks[i]) != MMU_CANCELLED)
			continue;
		w->nparks = i;
		warp_trap(w, NVX_SM_WARP_ERROR_MMU_NACK);
		return false;
	}
	return true;
}

void warp_poll(struct warp *w)
{
	bool nack = false;

	for (unsigned int i = 0; i < w->nparks; i++) {
		int state = atomic_load(&w->parks[i].state);

		if (state == MMU_PARKED)
			return;
		nack |= state == MMU_CANCELLED;
	}
	w->nparks = 0;
	if (nack)
		warp_trap(w, NVX_SM_WARP_ERROR_MMU_NACK);
	else
		w->state = WARP_READY;
}

static bool gcc_miss(struct warp *w, uint64_t va, const struct mmu_xlat *x)
{
	warp_miss(w, w->sm->gcc_tlb, &w->sm->gcc, va, MMU_READ, x->fault_type);
	warp_park(w);
	return false;
}

static bool has_line(const struct const_bank *b, uint32_t line)
{
	return atomic_load_explicit(&b->valid[line / 64], memory_order_acquire) >> line % 64 & 1;
}

/* Others read the lines around it, and this one as soon as it is valid. */
static void add_line(struct sm_caches *c, struct const_bank *b, uint32_t line, const uint8_t *data,
		     uint32_t n)
{
	pthread_mutex_lock(&c->lock);
	if (!has_line(b, line)) {
		memcpy(b->data + line * SM_CONST_LINE, data, n);
		atomic_fetch_or_explicit(&b->valid[line / 64], 1ull << line % 64,
					 memory_order_release);
	}
	pthread_mutex_unlock(&c->lock);
}

bool const_fetch(struct warp *w, unsigned int bank, uint32_t off, unsigned int len)
{
	struct const_bank *b = const_bank(w, bank);
	uint8_t data[SM_CONST_LINE];
	struct mmu_xlat x;

	if (!b)
		return true;
	for (uint32_t line = off / SM_CONST_LINE;
	     line * SM_CONST_LINE < b->size && line * SM_CONST_LINE < off + len; line++) {
		uint32_t at = line * SM_CONST_LINE, n = b->size - at, done;

		if (has_line(b, line))
			continue;
		if (n > SM_CONST_LINE)
			n = SM_CONST_LINE;
		done = mmu_copy_from(w->l->gpu, w->sm->gcc_tlb, &w->l->ch->gr_as, b->va + at,
				     data, n, &x);
		if (done < n)
			return gcc_miss(w, b->va + at + done, &x);
		add_line(w->l->caches, b, line, data, n);
	}
	return true;
}

static void decode_page(struct code_page *p, const uint8_t *raw)
{
	uint32_t words[4];

	memcpy(p->raw, raw, SM_CODE_PAGE);
	for (unsigned int i = 0; i < SM_CODE_PAGE / SASS_BYTES; i++) {
		memcpy(words, raw + i * SASS_BYTES, sizeof(words));
		sass_decode(&p->insn[i], words);
	}
}

static struct code_page *find_page(struct sm_caches *c, uint64_t va)
{
	struct code_page *p = *code_chain(c, va);

	while (p && p->va != va)
		p = p->next;
	return p;
}

/*
 * The page of @va, whose bytes are @raw now. One that others run is never stale, so
 * it is left alone. NULL without room or memory.
 */
static struct code_page *add_page_locked(struct sm_caches *c, uint64_t va, const uint8_t *raw)
{
	struct code_page *p = find_page(c, va);

	if (p) {
		if (p->stale && memcmp(p->raw, raw, SM_CODE_PAGE))
			decode_page(p, raw);
		p->stale = false;
		return p;
	}
	/* Others may be running any of them. */
	if (c->npages >= CODE_PAGES_MAX) {
		c->full = true;
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->va = va;
	decode_page(p, raw);
	p->next = *code_chain(c, va);
	*code_chain(c, va) = p;
	c->npages++;
	return p;
}

const struct code_page *code_fetch(struct warp *w, uint64_t pc)
{
	uint64_t va = pc & ~(uint64_t)(SM_CODE_PAGE - 1);
	struct sm_caches *c = w->l->caches;
	struct code_page *p = find_page(c, va);
	uint8_t raw[SM_CODE_PAGE];
	struct mmu_xlat x;
	size_t done;

	if (p && !p->stale)
		return p;
	done = mmu_copy_from(w->l->gpu, w->sm->gcc_tlb, &w->l->ch->gr_as, va, raw, sizeof(raw), &x);
	if (done < sizeof(raw)) {
		gcc_miss(w, va + done, &x);
		return NULL;
	}
	pthread_mutex_lock(&c->lock);
	p = add_page_locked(c, va, raw);
	pthread_mutex_unlock(&c->lock);
	if (!p && !c->full) {
		log_unimp("sm", "no memory for code");
		warp_trap(w, NVX_SM_WARP_ERROR_ILLEGAL_ENCODING);
	}
	return p;
}
