// SPDX-License-Identifier: MIT
/* Branches, exits and everything that waits for other threads. */
#include "nvhw/undocumented.h"
#include "sass_exec.h"
#include "sass_operand.h"

#define CONV_WARPSYNC	SM_BARRIERS	/* warp->conv_id of lanes in WARPSYNC */

/* Both the guard and the predicate operand decide. */
static uint32_t taken(const struct warp *w, const struct sass_insn *in, uint32_t mask)
{
	return mask & pred_get(w, in->pp[0]);
}

SASS_EXEC(bra)
{
	uint64_t next = w->cur_pc + SASS_BYTES, target = next + (uint64_t)in->imm;

	mask = taken(w, in, mask);
	if (!mask)
		return SASS_NEXT;
	if (mask == w->active) {
		w->cur_pc = target;
		return SASS_MOVED;
	}
	warp_leave(w, next);
	FOR_MASK(i, mask)
		w->pc[i] = target;
	return SASS_MOVED;
}

/* Target in a register pair, if there is one, from @from on. */
static enum sass_result jump(struct warp *w, const struct sass_insn *in, uint32_t mask,
			     uint64_t from)
{
	uint64_t base[SASS_LANES] = { 0 };

	mask = taken(w, in, mask);
	if (!mask)
		return SASS_NEXT;
	if (in->s[0].kind == SASS_REG)
		src64(w, &in->s[0], false, base);
	warp_leave(w, w->cur_pc + SASS_BYTES);
	FOR_MASK(i, mask)
		w->pc[i] = from + (uint64_t)in->imm + base[i];
	return SASS_MOVED;
}

SASS_EXEC(brx)
{
	return jump(w, in, mask, w->cur_pc + SASS_BYTES);
}

SASS_EXEC(jmp)
{
	return jump(w, in, mask, 0);
}

SASS_EXEC(ret)
{
	return jump(w, in, mask, in->mods & SASS_HI ? 0 : w->cur_pc + SASS_BYTES);
}

/* Where this instruction is. */
SASS_EXEC(lepc)
{
	uint64_t t[SASS_LANES];

	FOR_LANES(i)
		t[i] = w->cur_pc;
	commit64(w, in->dst, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(bpt)
{
	return sass_trap(w, SM_TRAP_BPT);
}

/* Let go of the lanes of a convergence barrier, or of one WARPSYNC, once all are there. */
static void try_release(struct warp *w, unsigned int id, uint32_t members)
{
	uint32_t there = 0;

	FOR_MASK(i, w->conv_wait)
		if (w->conv_id[i] == id && (id != CONV_WARPSYNC || w->sync_mask[i] == members))
			there |= 1u << i;
	if (!there || members & w->live & ~there)
		return;
	FOR_MASK(j, there)
		w->stamp[j] = w->tick;
	w->conv_wait &= ~there;
	if (id != CONV_WARPSYNC)
		w->conv[id] = 0;
	warp_unblock(w);
}

/* Membership changed: someone may have waited for just that. */
static void release_all(struct warp *w)
{
	for (uint32_t rest = w->conv_wait; rest;) {
		unsigned int lane = (unsigned int)__builtin_ctz(rest), id = w->conv_id[lane];

		rest &= rest - 1;
		if (w->conv_wait >> lane & 1)
			try_release(w, id, id == CONV_WARPSYNC ? w->sync_mask[lane] : w->conv[id]);
	}
}

SASS_EXEC(exit)
{
	mask = taken(w, in, mask);
	if (!mask)
		return SASS_NEXT;
	warp_leave(w, w->cur_pc + SASS_BYTES);
	w->live &= ~mask;
	release_all(w);
	cta_lanes_exited(w, mask);
	if (!w->live)
		cta_warp_done(w);
	return SASS_MOVED;
}

SASS_EXEC(nop)
{
	return SASS_NEXT;
}

/*
 * Lanes that wait to reconverge with lanes that only give way, again and again,
 * go on without them: those may be spinning on what the waiting ones have yet
 * to do, such as letting go of a lock.
 */
static void release_from_spinning(struct warp *w)
{
	for (unsigned int id = 0; id < SM_BARRIERS; id++) {
		uint32_t there = 0;
		bool long_ago = false;

		FOR_MASK(i, w->conv_wait) {
			if (w->conv_id[i] != id)
				continue;
			there |= 1u << i;
			long_ago |= w->tick - w->stamp[i] >= SM_SPIN_TICKS;
		}
		if (!long_ago || w->conv[id] & w->live & ~there & ~w->yielded)
			continue;
		w->conv_wait &= ~there;
		w->conv[id] &= ~there;
		FOR_MASK(j, there)
			w->stamp[j] = w->tick;
	}
}

/* Let the sibling that has waited longest go first. */
SASS_EXEC(yield)
{
	warp_leave(w, w->cur_pc + SASS_BYTES);
	w->yielded |= mask;
	w->patience = 1;
	if (w->conv_wait)
		release_from_spinning(w);
	return SASS_MOVED;
}

/* Barrier number and thread count come from one register, two places or nowhere. */
SASS_EXEC(bar)
{
	const uint32_t *both = w->r[in->s[0].reg], *count = w->r[in->s[1].reg];
	unsigned int lane = (unsigned int)__builtin_ctz(mask);
	unsigned int id = (unsigned int)in->imm, threads = 0;
	enum bar_op op = in->sub == 2 ? (enum bar_op)in->bop : BAR_NONE;
	bool wait = in->sub != 1;

	if (in->s[0].kind == SASS_REG) {
		id = both[lane] & 0xf;
		threads = both[lane] >> 16 & 0xfff;
	} else if (in->s[1].kind == SASS_REG) {
		threads = count[lane] & 0xfff;
	} else if (in->s[1].kind == SASS_IMM) {
		threads = in->s[1].value;
	}
	if (in->s[2].kind == SASS_REG)
		id = w->r[in->s[2].reg][lane] & 0xf;
	/* A count covers whole warps. */
	if (threads % SASS_LANES)
		return sass_trap(w, NVX_SM_WARP_ERROR_ILLEGAL_PARAM);
	warp_leave(w, w->cur_pc + SASS_BYTES);
	cta_barrier(w, id, threads, mask, wait, op, pred_get(w, in->pp[0]));
	return SASS_MOVED;
}

SASS_EXEC(b2r)
{
	uint32_t t[SASS_LANES];

	FOR_LANES(i)
		t[i] = w->bar_result;
	commit(w, in->dst, t, mask);
	pred_set(w, in->pd[0], w->bar_result ? ~0u : 0, mask);
	return SASS_NEXT;
}

SASS_EXEC(warpsync)
{
	uint32_t t[SASS_LANES];
	const uint32_t *members = src(w, &in->s[1], t);

	mask = taken(w, in, mask);
	if (!mask)
		return SASS_NEXT;
	warp_leave(w, w->cur_pc + SASS_BYTES);
	FOR_MASK(i, mask) {
		w->conv_id[i] = CONV_WARPSYNC;
		w->sync_mask[i] = members[i];
	}
	w->conv_wait |= mask;
	release_all(w);
	return SASS_MOVED;
}

/* The lanes here will meet again at the BSYNC of this barrier. */
SASS_EXEC(bssy)
{
	w->conv[in->type] = taken(w, in, mask);
	w->yielded &= ~mask;
	return SASS_NEXT;
}

SASS_EXEC(bsync)
{
	/* Who is not a member does not wait. */
	mask = taken(w, in, mask) & w->conv[in->type];
	if (!mask)
		return SASS_NEXT;
	warp_leave(w, w->cur_pc + SASS_BYTES);
	FOR_MASK(i, mask)
		w->conv_id[i] = in->type;
	w->conv_wait |= mask;
	try_release(w, in->type, w->conv[in->type]);
	return SASS_MOVED;
}

SASS_EXEC(break)
{
	w->conv[in->type] &= ~taken(w, in, mask);
	release_all(w);
	return SASS_NEXT;
}

SASS_EXEC(bmov)
{
	uint32_t t[SASS_LANES];

	if (in->s[1].kind == SASS_REG) {
		w->conv[in->type] = w->r[in->s[1].reg][__builtin_ctz(mask)];
		return SASS_NEXT;
	}
	FOR_LANES(i)
		t[i] = w->conv[in->type];
	commit(w, in->dst, t, mask);
	if (in->mods & SASS_CLEAR)
		w->conv[in->type] = 0;
	return SASS_NEXT;
}
