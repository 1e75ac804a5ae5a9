// SPDX-License-Identifier: MIT
/* Special registers, and instructions that look at other lanes. */
#include "nvhw/undocumented.h"
#include "sass_exec.h"
#include "sass_operand.h"

enum {
	SR_LANEID = 0x00, SR_VIRTID = 0x03, SR_TID = 0x20, SR_TID_X, SR_TID_Y, SR_TID_Z,
	SR_CTAID_X = 0x25, SR_CTAID_Y, SR_CTAID_Z,
	SR_SMEMSZ = 0x32, SR_EQMASK = 0x38, SR_LTMASK, SR_LEMASK, SR_GTMASK, SR_GEMASK,
	SR_VIRTUALSMID = 0x43, SR_CLOCKLO = 0x50, SR_CLOCKHI, SR_GLOBALTIMERLO, SR_GLOBALTIMERHI,
	SR_ZERO = 0xff,
};

static uint64_t clock_now(const struct warp *w)
{
	return w->l->caches->clock + w->part->warp_instructions;
}

static uint32_t tid_part(const struct warp *w, unsigned int lane, unsigned int id)
{
	unsigned int t = w->index * SASS_LANES + lane;
	unsigned int x = t % w->l->qmd.block[0];
	unsigned int y = t / w->l->qmd.block[0] % w->l->qmd.block[1];
	unsigned int z = t / w->l->qmd.block[0] / w->l->qmd.block[1];

	switch (id) {
	case SR_TID_X:
		return x;
	case SR_TID_Y:
		return y;
	case SR_TID_Z:
		return z;
	default:
		return x | y << 16 | z << 26;
	}
}

static uint32_t sm_number(const struct warp *w)
{
	return (uint32_t)(w->sm - w->l->load[0].sm);
}

/* False: no such register. */
static bool special(const struct warp *w, unsigned int id, unsigned int lane, uint32_t *v)
{
	uint32_t bit = 1u << lane;

	switch (id) {
	case SR_LANEID:
		*v = lane;
		break;
	case SR_TID:
	case SR_TID_X:
	case SR_TID_Y:
	case SR_TID_Z:
		*v = tid_part(w, lane, id);
		break;
	case SR_CTAID_X:
	case SR_CTAID_Y:
	case SR_CTAID_Z:
		*v = w->cta->id[id - SR_CTAID_X];
		break;
	case SR_VIRTID:
		*v = w->slot << 8 | sm_number(w) << 20;
		break;
	case SR_VIRTUALSMID:
		*v = sm_number(w);
		break;
	case SR_SMEMSZ:
		*v = w->l->qmd.shared_bytes;
		break;
	case SR_EQMASK:
		*v = bit;
		break;
	case SR_LTMASK:
		*v = bit - 1;
		break;
	case SR_LEMASK:
		*v = bit | (bit - 1);
		break;
	case SR_GTMASK:
		*v = ~(bit | (bit - 1));
		break;
	case SR_GEMASK:
		*v = ~(bit - 1);
		break;
	case SR_CLOCKLO:
		*v = (uint32_t)clock_now(w);
		break;
	case SR_CLOCKHI:
		*v = (uint32_t)(clock_now(w) >> 32);
		break;
	case SR_GLOBALTIMERLO:
		*v = (uint32_t)gpu_time(w->l->gpu);
		break;
	case SR_GLOBALTIMERHI:
		*v = (uint32_t)(gpu_time(w->l->gpu) >> 32);
		break;
	case SR_ZERO:
		*v = 0;
		break;
	default:
		return false;
	}
	return true;
}

SASS_EXEC(s2r)
{
	uint32_t t[SASS_LANES] = { 0 };

	FOR_MASK(i, mask)
		if (!special(w, in->sub, i, &t[i]))
			return sass_trap(w, NVX_SM_WARP_ERROR_ILLEGAL_PARAM);
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

/* What the first lane that runs would get. */
SASS_EXEC(s2ur)
{
	uint32_t v, t[SASS_LANES];

	if (!special(w, in->sub, (unsigned int)__builtin_ctz(mask), &v))
		return sass_trap(w, NVX_SM_WARP_ERROR_ILLEGAL_PARAM);
	FOR_LANES(i)
		t[i] = v;
	w->uniform = true;
	commit(w, in->dst, t, ~0u);
	return SASS_NEXT;
}

SASS_EXEC(cs2r)
{
	uint64_t v, t[SASS_LANES];
	uint32_t t32;

	if (in->sub == SR_CLOCKLO)
		v = clock_now(w);
	else if (in->sub == SR_GLOBALTIMERLO)
		v = gpu_time(w->l->gpu);
	else if (special(w, in->sub, 0, &t32))
		v = t32;
	else
		return sass_trap(w, NVX_SM_WARP_ERROR_ILLEGAL_PARAM);
	FOR_LANES(i)
		t[i] = v;
	if (in->mods & SASS_W64) {
		commit64(w, in->dst, t, mask);
	} else {
		uint32_t lo[SASS_LANES];

		FOR_LANES(i)
			lo[i] = (uint32_t)v;
		commit(w, in->dst, lo, mask);
	}
	return SASS_NEXT;
}

/* Modes: IDX UP DOWN BFLY. The clamp's upper byte splits the warp into segments. */
SASS_EXEC(shfl)
{
	uint32_t tb[SASS_LANES], tc[SASS_LANES], t[SASS_LANES], ok = 0;
	const uint32_t *a = w->r[in->s[0].reg], *b = src(w, &in->s[1], tb);
	const uint32_t *c = src(w, &in->s[2], tc);

	FOR_LANES(i) {
		int seg = c[i] >> 8 & 31, clamp = c[i] & 31, arg = b[i] & 31;
		int lane = (int)i, first = lane & seg, last = first | (clamp & ~seg), from;
		bool in_range;

		switch (in->sub) {
		case 0:
			from = first | (arg & ~seg);
			in_range = from <= last;
			break;
		case 1:
			from = lane - arg;
			in_range = from >= last;
			break;
		case 2:
			from = lane + arg;
			in_range = from <= last;
			break;
		default:
			from = lane ^ arg;
			in_range = from <= last;
			break;
		}
		t[i] = a[in_range ? from : lane];
		ok |= (uint32_t)in_range << i;
	}
	commit(w, in->dst, t, mask);
	pred_set(w, in->pd[0], ok, mask);
	return SASS_NEXT;
}

SASS_EXEC(vote)
{
	uint32_t p = pred_get(w, in->pp[0]) & mask, t[SASS_LANES];
	bool r = in->sub == 0 ? p == mask : in->sub == 1 ? p != 0 : p == mask || !p;

	FOR_LANES(i)
		t[i] = p;
	commit(w, in->dst, t, mask);
	pred_set(w, in->pd[0], r ? ~0u : 0, mask);
	return SASS_NEXT;
}

SASS_EXEC(match)
{
	uint32_t t[SASS_LANES] = { 0 }, all = ~0u;
	uint64_t v[SASS_LANES];

	src64(w, &in->s[0], false, v);
	if (!(in->mods & SASS_W64))
		FOR_LANES(i)
			v[i] &= 0xffffffff;
	FOR_MASK(i, mask) {
		FOR_MASK(j, mask)
			t[i] |= (uint32_t)(v[i] == v[j]) << j;
		if (t[i] != mask)
			all = 0;
	}
	if (in->sub == 0)
		FOR_LANES(i)
			t[i] = all ? mask : 0;
	commit(w, in->dst, t, mask);
	pred_set(w, in->pd[0], all, mask);
	return SASS_NEXT;
}
