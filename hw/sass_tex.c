// SPDX-License-Identifier: MIT
/* What textures and surfaces share; see sass_tex.h. */
#include "sass_tex.h"

#include "l2.h"
#include "log.h"
#include "nvhw/undocumented.h"

#define HANDLE_HEADER(h)	((h) & 0xfffff)
#define HANDLE_SAMPLER(h)	((h) >> 20)

static void write_to(const struct mmu_xlat *x, const void *p, unsigned int bytes)
{
	bool remote = x->aperture != APERTURE_VRAM;

	/* Not between the read and the write of an atomic. */
	if (remote)
		l2_lock(x->ptr);
	memcpy(x->ptr, p, bytes);
	if (remote)
		l2_unlock(x->ptr);
}

bool tex_reach(struct tex_op *op, uint64_t va, void *p, unsigned int bytes, bool write)
{
	struct warp *w = op->w;
	enum mmu_access access = write ? MMU_WRITE : MMU_READ;
	struct mmu_xlat x;

	/* Texels of a buffer may lie across two pages. */
	for (unsigned int n; bytes; bytes -= n, va += n, p = (uint8_t *)p + n) {
		if (mmu_translate(w->l->gpu, w->sm->tlb, &w->l->ch->gr_as, va, access, &x) !=
		    MMU_OK) {
			warp_miss(w, w->sm->tlb, &w->sm->t1, va, access, x.fault_type);
			return false;
		}
		n = bytes < x.len ? bytes : (unsigned int)x.len;
		if (op->hits && !x.sparse && x.aperture != APERTURE_VRAM)
			access_hits_add(op->hits, va, &x);
		if (x.sparse && !write)
			memset(p, 0, n);
		else if (write && !x.sparse)
			write_to(&x, p, n);
		else if (!x.sparse)
			memcpy(p, x.ptr, n);
	}
	return true;
}

static bool lacking(struct tex_op *op, const char *what)
{
	log_unimp("sm", "%s at %#llx of %s", op->in->desc->name,
		  (unsigned long long)op->w->cur_pc, what);
	op->esr = NVX_SM_WARP_ERROR_ILLEGAL_PARAM;
	return false;
}

uint32_t tex_param(const struct tex_op *op, unsigned int lane, unsigned int n)
{
	const struct sass_insn *in = op->in;
	unsigned int group = n >= in->shift, reg = in->s[group].reg;

	return reg == SASS_RZ ? 0 : op->w->r[reg + n - (group ? in->shift : 0)][lane];
}

static uint32_t handle_of(const struct tex_op *op, unsigned int lane)
{
	const struct sass_insn *in = op->in;

	switch (in->rnd) {
	case TEX_HANDLE_ROW:
		return op->w->r[in->ubase][lane];
	case TEX_HANDLE_PARAM:
		return tex_param(op, lane, in->lut[1]);
	default:
		return op->constant;
	}
}

bool tex_look_up(struct tex_op *op, unsigned int lane)
{
	const struct tex_pools *pools = &op->w->l->pools;
	uint32_t handle = handle_of(op, lane), words[TEX_HEADER_WORDS];
	const char *why;

	if (op->known && op->handle == handle)
		return true;
	op->known = false;
	if (HANDLE_HEADER(handle) > pools->header_max ||
	    (op->sampled && HANDLE_SAMPLER(handle) > pools->sampler_max)) {
		op->esr = NVX_SM_WARP_ERROR_ILLEGAL_PARAM;
		return false;
	}
	if (!tex_reach(op, pools->headers + HANDLE_HEADER(handle) * sizeof(words), words,
		       sizeof(words), false))
		return false;
	why = tex_decode_header(&op->image, words);
	if (why)
		return lacking(op, why);
	if (op->sampled) {
		if (!tex_reach(op, pools->samplers + HANDLE_SAMPLER(handle) * sizeof(words),
			       words, sizeof(words), false))
			return false;
		why = tex_decode_sampler(&op->sampler, words);
		if (why)
			return lacking(op, why);
	}
	op->handle = handle;
	op->known = true;
	op->level_number = op->image.min_level;
	tex_level(&op->image, op->level_number, &op->level);
	return true;
}

void tex_use_level(struct tex_op *op, unsigned int n)
{
	if (n != op->level_number)
		tex_level(&op->image, n, &op->level);
	op->level_number = n;
}

bool tex_begin(struct tex_op *op, struct warp *w, const struct sass_insn *in, bool sampled)
{
	memset(op, 0, sizeof(*op));
	op->w = w;
	op->in = in;
	op->sampled = sampled;
	if (in->rnd != TEX_HANDLE_CONST)
		return true;
	if (!const_fetch(w, in->s[1].bank, in->imm, 4))
		return false;
	op->constant = const_word(w, in->s[1].bank, in->imm);
	return true;
}

enum sass_result tex_each_lane(struct tex_op *op, uint32_t mask, bool together, tex_lane_fn fn)
{
	struct warp *w = op->w;
	struct access_hits hits = { .n = 0 };
	uint32_t left = 0;

	if (access_counter_enabled(w->l->gpu))
		op->hits = &hits;
	tlb_lock(w->sm->tlb);
	FOR_MASK(i, mask) {
		if (!tex_look_up(op, i) || !fn(op, i))
			left |= 1u << i;
		if (op->esr)
			break;
	}
	tlb_unlock(w->sm->tlb);
	access_counter_count(w->l->gpu, &w->l->ch->gr_as, &w->sm->t1, &hits);
	if (op->esr) {
		w->nparks = 0;
		return sass_trap(w, op->esr);
	}
	if (!left)
		return SASS_NEXT;
	w->pend = together ? mask : left;
	warp_park(w);
	return SASS_PARKED;
}
