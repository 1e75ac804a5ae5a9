// SPDX-License-Identifier: MIT
/*
 * Pictures: sampled, fetched, stored, asked for their size. A handle names a
 * header (bits 19:0) and a sampler (31:20) in the channel's pools. Headers are
 * read for each instruction: a cache of them would be invisible but for its faults.
 * As with loads, lanes that miss repeat the instruction, the others do not.
 */
#include "sass_mem.h"

#include "access_counter.h"
#include "log.h"
#include "nvhw/undocumented.h"
#include "tex.h"

#define HANDLE_HEADER(h)	((h) & 0xfffff)
#define HANDLE_SAMPLER(h)	((h) >> 20)

/* One instruction on its way through the lanes. */
struct tex_op {
	struct warp *w;
	const struct sass_insn *in;
	struct tex_image image;
	struct tex_sampler sampler;
	uint32_t handle;		/* of image and sampler; ~0 before the first */
	bool sampled;
	unsigned int esr;		/* not 0: the warp traps */
	struct access_hits *hits;	/* NULL: nobody counts */
};

/* Memory of the texture unit; false: the lane misses. TLB locked. */
static bool reach(struct tex_op *op, uint64_t va, void *p, unsigned int bytes, bool write)
{
	struct warp *w = op->w;
	enum mmu_access access = write ? MMU_WRITE : MMU_READ;
	struct mmu_xlat x;

	if (mmu_translate(w->l->gpu, w->sm->tlb, &w->l->ch->gr_as, va, access, &x) != MMU_OK) {
		warp_miss(w, w->sm->tlb, &w->sm->t1, va, access, x.fault_type);
		return false;
	}
	if (op->hits && !x.sparse && x.aperture != APERTURE_VRAM)
		access_hits_add(op->hits, va, &x);
	if (x.sparse) {
		if (!write)
			memset(p, 0, bytes);
	} else if (write) {
		memcpy(x.ptr, p, bytes);
	} else {
		memcpy(p, x.ptr, bytes);
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

/* Have the image and sampler of @handle in @op. False: a miss, or op->esr. */
static bool look_up(struct tex_op *op, uint32_t handle)
{
	const struct tex_pools *pools = &op->w->l->pools;
	uint32_t words[TEX_HEADER_WORDS];
	const char *why;

	if (op->handle == handle)
		return true;
	if (HANDLE_HEADER(handle) > pools->header_max ||
	    (op->sampled && HANDLE_SAMPLER(handle) > pools->sampler_max)) {
		op->esr = NVX_SM_WARP_ERROR_ILLEGAL_PARAM;
		return false;
	}
	if (!reach(op, pools->headers + HANDLE_HEADER(handle) * sizeof(words), words,
		   sizeof(words), false))
		return false;
	why = tex_decode_header(&op->image, words);
	if (why)
		return lacking(op, why);
	if (op->sampled) {
		if (!reach(op, pools->samplers + HANDLE_SAMPLER(handle) * sizeof(words), words,
			   sizeof(words), false))
			return false;
		why = tex_decode_sampler(&op->sampler, words);
		if (why)
			return lacking(op, why);
	}
	op->handle = handle;
	return true;
}

static bool texel(struct tex_op *op, const uint32_t *at, uint32_t rgba[4])
{
	uint8_t bytes[16];

	if (!reach(op, tex_address(&op->image, at), bytes, op->image.texel_bytes, false))
		return false;
	tex_unpack(&op->image, bytes, rgba);
	return true;
}

/* Results go in pairs: the first two that are wanted to one place, others to another. */
static void deliver(struct tex_op *op, unsigned int lane, const uint32_t out[4])
{
	const struct sass_insn *in = op->in;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int base = n < 2 ? in->dst : in->s[2].reg;

		if (!(in->sub >> i & 1))
			continue;
		if (base != SASS_RZ)
			op->w->r[base + n % 2][lane] = out[i];
		n++;
	}
}

/* Coordinate @i. The header may want more of them than the instruction has. */
static uint32_t coordinate(const struct tex_op *op, unsigned int lane, unsigned int i)
{
	unsigned int reg = op->in->s[0].reg;

	return i < op->image.dims && reg + i < SASS_RZ ? op->w->r[reg + i][lane] : 0;
}

static bool sample(struct tex_op *op, unsigned int lane)
{
	uint32_t rgba[4] = { 0 }, one[4], out[4];
	struct tex_tap taps[TEX_TAPS];
	float coord[3] = { 0 }, sum[4] = { 0 };
	unsigned int n;

	for (unsigned int i = 0; i < 3; i++) {
		uint32_t bits = coordinate(op, lane, i);

		memcpy(&coord[i], &bits, sizeof(bits));
	}
	n = tex_taps(&op->image, &op->sampler, coord, taps);
	for (unsigned int j = 0; j < n; j++) {
		if (taps[j].border)
			memcpy(rgba, op->sampler.border, sizeof(rgba));
		else if (!texel(op, taps[j].at, rgba))
			return false;
		for (unsigned int i = 0; i < 4 && n > 1; i++) {
			float f;

			memcpy(&f, &rgba[i], sizeof(f));
			sum[i] += f * taps[j].weight;
		}
	}
	memcpy(one, n > 1 ? (const void *)sum : rgba, sizeof(one));
	tex_sources(&op->image, one, out);
	deliver(op, lane, out);
	return true;
}

static void position(const struct tex_op *op, unsigned int lane, int32_t at[3])
{
	for (unsigned int i = 0; i < 3; i++)
		at[i] = (int32_t)coordinate(op, lane, i);
}

/* A texel by its integer coordinates; outside there is nothing. */
static bool fetch(struct tex_op *op, unsigned int lane)
{
	uint32_t rgba[4] = { 0 }, out[4] = { 0 };
	int32_t at[3];

	position(op, lane, at);
	if (tex_inside(&op->image, at)) {
		if (!texel(op, (const uint32_t *)at, rgba))
			return false;
		tex_sources(&op->image, rgba, out);
	}
	deliver(op, lane, out);
	return true;
}

static bool query(struct tex_op *op, unsigned int lane)
{
	const struct tex_image *t = &op->image;
	uint32_t out[4] = { t->size[0], t->size[1], t->size[2], 1 };

	for (unsigned int i = t->dims; i < 3; i++)
		out[i] = 0;
	deliver(op, lane, out);
	return true;
}

/* What is outside of the image is dropped. */
static bool store(struct tex_op *op, unsigned int lane)
{
	unsigned int data = op->in->s[1].reg;
	uint32_t stored[4] = { 0 }, rgba[4];
	uint8_t bytes[16];
	int32_t at[3];

	position(op, lane, at);
	if (!tex_inside(&op->image, at))
		return true;
	for (unsigned int i = 0; i < 4 && data != SASS_RZ; i++)
		stored[i] = op->w->r[data + i][lane];
	tex_targets(&op->image, stored, rgba);
	tex_pack(&op->image, rgba, bytes);
	return reach(op, tex_address(&op->image, (const uint32_t *)at), bytes,
		     op->image.texel_bytes, true);
}

static enum sass_result each_lane(struct warp *w, const struct sass_insn *in, uint32_t mask,
				  bool sampled, bool (*fn)(struct tex_op *, unsigned int))
{
	struct tex_op op = { .w = w, .in = in, .handle = ~0u, .sampled = sampled };
	bool in_register = fn == store;
	struct access_hits hits = { .n = 0 };
	uint32_t handle = 0, left = 0;

	if (!in_register) {
		if (!const_fetch(w, in->s[1].bank, in->imm, 4))
			return SASS_PARKED;
		handle = const_word(w, in->s[1].bank, in->imm);
	}
	if (access_counter_enabled(w->l->gpu))
		op.hits = &hits;
	tlb_lock(w->sm->tlb);
	FOR_MASK(i, mask) {
		if (in_register)
			handle = w->r[in->s[2].reg][i];
		if (!look_up(&op, handle) || !fn(&op, i))
			left |= 1u << i;
		if (op.esr)
			break;
	}
	tlb_unlock(w->sm->tlb);
	access_counter_count(w->l->gpu, &w->l->ch->gr_as, &w->sm->t1, &hits);
	if (op.esr) {
		w->nparks = 0;
		return sass_trap(w, op.esr);
	}
	if (!left)
		return SASS_NEXT;
	w->pend = left;
	warp_park(w);
	return SASS_PARKED;
}

SASS_EXEC(tex)
{
	return each_lane(w, in, mask, true, sample);
}

SASS_EXEC(tld)
{
	return each_lane(w, in, mask, false, fetch);
}

SASS_EXEC(txq)
{
	return each_lane(w, in, mask, false, query);
}

SASS_EXEC(sust)
{
	return each_lane(w, in, mask, false, store);
}
