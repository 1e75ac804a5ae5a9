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
#include "sm.h"

#define CODE_PAGES_MAX	1024u		/* 4 MiB of code, then start afresh */
#define CODE_CHAINS	64u

static struct code_page **code_chain(struct sm_caches *c, uint64_t va)
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

void caches_free(struct sm_caches *c)
{
	free_code(c);
	for (unsigned int i = 0; i < SM_CONST_BANKS; i++)
		free(c->bank[i].data);
	for (unsigned int i = 0; i < SM_CONST_DESCRIBED; i++)
		free(c->described[i].data);
	memset(c, 0, sizeof(*c));
}

void caches_invalidate_code(struct sm_caches *c)
{
	for (unsigned int i = 0; i < CODE_CHAINS; i++)
		for (struct code_page *p = c->code[i]; p; p = p->next)
			p->stale = true;
}

void caches_invalidate_const(struct sm_caches *c)
{
	for (unsigned int i = 0; i < SM_CONST_BANKS; i++)
		memset(c->bank[i].valid, 0, sizeof(c->bank[i].valid));
	for (unsigned int i = 0; i < SM_CONST_DESCRIBED; i++)
		memset(c->described[i].valid, 0, sizeof(c->described[i].valid));
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
	memset(b->valid, 0, sizeof(b->valid));
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
	struct sm_caches *c = w->l->caches;

	if (size > SM_CONST_BYTES)
		size = SM_CONST_BYTES;
	for (unsigned int i = 0; i < SM_CONST_DESCRIBED; i++) {
		w->described = &c->described[i];
		if (w->described->va == va && w->described->size == size)
			return;
	}
	w->described = &c->described[c->oldest++ % SM_CONST_DESCRIBED];
	bind_bank(w->described, va, size, false);
}

static void wake_launch(void *owner)
{
	struct warp *w = owner;

	atomic_store(&w->l->woken, true);
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

bool const_fetch(struct warp *w, unsigned int bank, uint32_t off, unsigned int len)
{
	struct const_bank *b = const_bank(w, bank);
	struct mmu_xlat x;

	if (!b)
		return true;
	for (uint32_t line = off / SM_CONST_LINE;
	     line * SM_CONST_LINE < b->size && line * SM_CONST_LINE < off + len; line++) {
		uint32_t at = line * SM_CONST_LINE, n = b->size - at, done;

		if (b->valid[line / 64] >> line % 64 & 1)
			continue;
		if (n > SM_CONST_LINE)
			n = SM_CONST_LINE;
		done = mmu_copy_from(w->l->gpu, w->sm->gcc_tlb, &w->l->ch->gr_as, b->va + at,
				     b->data + at, n, &x);
		if (done < n)
			return gcc_miss(w, b->va + at + done, &x);
		b->valid[line / 64] |= 1ull << line % 64;
	}
	return true;
}

static struct code_page *new_page(struct sm_caches *c, uint64_t va)
{
	struct code_page *p, **chain;

	if (c->npages >= CODE_PAGES_MAX)
		free_code(c);
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	chain = code_chain(c, va);
	p->va = va;
	p->next = *chain;
	*chain = p;
	c->npages++;
	return p;
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

const struct code_page *code_fetch(struct warp *w, uint64_t pc)
{
	struct sm_caches *c = w->l->caches;
	uint64_t va = pc & ~(uint64_t)(SM_CODE_PAGE - 1);
	uint8_t raw[SM_CODE_PAGE];
	struct code_page *p;
	struct mmu_xlat x;
	size_t done;

	for (p = *code_chain(c, va); p && p->va != va; p = p->next)
		;
	if (p && !p->stale)
		return p;
	done = mmu_copy_from(w->l->gpu, w->sm->gcc_tlb, &w->l->ch->gr_as, va, raw, sizeof(raw), &x);
	if (done < sizeof(raw)) {
		gcc_miss(w, va + done, &x);
		return NULL;
	}
	if (!p) {
		p = new_page(c, va);
		if (!p) {
			log_unimp("sm", "no memory for code");
			warp_trap(w, NVX_SM_WARP_ERROR_ILLEGAL_ENCODING);
			return NULL;
		}
		decode_page(p, raw);
	} else if (memcmp(p->raw, raw, sizeof(raw))) {
		decode_page(p, raw);
	}
	p->stale = false;
	return p;
}
