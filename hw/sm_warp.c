// SPDX-License-Identifier: MIT
/*
 * A warp: 32 threads with a program counter each, run as fragments of threads
 * that share one. The fragment with the smallest counter runs first, which is
 * what brings branches of structured code together again; but when another has
 * waited too long it gets a turn, so that threads of a warp may spin on each
 * other. A fragment stops where another one waits and takes it along.
 */
#include <string.h>

#include "log.h"
#include "nvhw/undocumented.h"
#include "sass_operand.h"
#include "sm.h"

/* Instructions a fragment may keep its siblings waiting; fewer in a spin loop. */
#define FAIR_TICKS	2048
#define FAIR_TICKS_SPIN	SM_SPIN_TICKS
#define COST_MEM	8		/* of a memory access, in plain instructions */
#define PC_MASK		((1ull << 49) - 1)
/* Bits in which two aligned instructions of a page may differ. */
#define PC_IN_PAGE	((uint64_t)(SM_CODE_PAGE - SASS_BYTES))

void warp_start(struct warp *w, uint32_t lanes, uint64_t pc)
{
	unsigned int rows = w->l->nregs < 255 ? w->l->nregs : 255;

	memset(w->r, 0, rows * sizeof(w->r[0]));
	memset(w->r[SASS_RZ], 0, sizeof(w->r[0]));
	if (w->uniform)
		memset(w->r[SASS_UR], 0, 64 * sizeof(w->r[0]));
	w->uniform = false;
	memset(w->pred, 0, sizeof(w->pred));
	memset(w->conv, 0, sizeof(w->conv));
	memset(w->stamp, 0, sizeof(w->stamp));
	w->pred[SASS_PT] = ~0u;
	w->live = lanes;
	w->bar_wait = w->conv_wait = 0;
	w->active = w->pend = w->yielded = 0;
	w->tick = 0;
	w->patience = FAIR_TICKS;
	w->esr = 0;
	w->nparks = 0;
	w->code = NULL;
	FOR_LANES(i)
		w->pc[i] = pc;
	w->state = WARP_READY;
}

void warp_trap(struct warp *w, unsigned int esr)
{
	struct launch *l = w->l;

	pthread_mutex_lock(&l->lock);
	if (!launch_dead(l)) {
		l->esr = esr;
		l->esr_pc = w->cur_pc;
		l->esr_sm = w->sm;
	}
	atomic_store(&l->dead, true);
	pthread_mutex_unlock(&l->lock);
}

void warp_unblock(struct warp *w)
{
	if (w->state == WARP_BLOCKED)
		w->state = WARP_READY;
}

void warp_leave(struct warp *w, uint64_t pc)
{
	FOR_MASK(i, w->active) {
		w->pc[i] = pc;
		w->stamp[i] = w->tick;
	}
	w->active = 0;
}

/* Make the lanes at @pc the running fragment. */
static void run_fragment(struct warp *w, uint32_t runnable, uint64_t pc)
{
	uint32_t lanes = 0;

	w->stop_pc = ~0ull;
	FOR_MASK(i, runnable) {
		if (w->pc[i] == pc)
			lanes |= 1u << i;
		else if (w->pc[i] > pc && w->pc[i] < w->stop_pc)
			w->stop_pc = w->pc[i];
	}
	w->active = lanes;
	w->cur_pc = pc;
	w->frag_end = lanes == runnable ? ~0ull : w->tick + w->patience;
}

static bool pick_fragment(struct warp *w)
{
	uint32_t runnable = w->live & ~w->bar_wait & ~w->conv_wait;
	uint64_t min = ~0ull, oldest = ~0ull, oldest_pc = 0;

	if (!runnable) {
		w->state = WARP_BLOCKED;
		return false;
	}
	FOR_MASK(i, runnable) {
		if (w->pc[i] < min)
			min = w->pc[i];
		if (w->stamp[i] < oldest) {
			oldest = w->stamp[i];
			oldest_pc = w->pc[i];
		}
	}
	if (w->tick - oldest >= w->patience) {
		w->patience = FAIR_TICKS;
		min = oldest_pc;
	}
	run_fragment(w, runnable, min);
	return true;
}

/* The page of cur_pc, from the cache or through the MMU. */
static bool fetch(struct warp *w)
{
	w->cur_pc &= PC_MASK;
	if (w->cur_pc % SASS_BYTES) {
		warp_trap(w, NVX_SM_WARP_ERROR_MISALIGNED_PC);
		return false;
	}
	w->code = code_fetch(w, w->cur_pc);
	return w->code;
}

static bool constants_ready(struct warp *w, const struct sass_insn *in)
{
	for (unsigned int i = 0; i < 3; i++) {
		if (in->s[i].kind != SASS_CONST)
			continue;
		if (in->s[i].bank == SASS_BANK_CX)
			const_describe(w, in->ubase);
		if (!const_fetch(w, in->s[i].bank, in->s[i].value, 4 * in->s[i].width))
			return false;
	}
	return true;
}

static void log_bad_insn(struct warp *w, const struct sass_insn *in, unsigned int esr)
{
	const uint8_t *raw = w->code->raw + (w->cur_pc & (SM_CODE_PAGE - 1));
	uint32_t words[4];

	memcpy(words, raw, sizeof(words));
	if (in->desc && !in->exec)
		log_unimp("sm", "%s at %#llx: %08x %08x %08x %08x", in->desc->name,
			  (unsigned long long)w->cur_pc, words[0], words[1], words[2], words[3]);
	else
		log_guest_error("sm", "%s at %#llx: warp error %#x: %08x %08x %08x %08x",
				in->desc ? in->desc->name : "unknown opcode",
				(unsigned long long)w->cur_pc, esr, words[0], words[1], words[2],
				words[3]);
}

/* One instruction of the running fragment. */
static enum sass_result execute(struct warp *w, const struct sass_insn *in)
{
	uint32_t guard = w->pred[in->guard] ^ (in->guard_not ? ~0u : 0);
	uint32_t mask = w->active & guard;
	enum sass_result r;

	if (in->esr || !in->exec)
		return sass_trap(w, in->esr ? in->esr : NVX_SM_WARP_ERROR_ILLEGAL_ENCODING);
	if (w->pend)
		mask = w->pend;
	if (in->nregs > w->l->nregs)
		return sass_trap(w, NVX_SM_WARP_ERROR_OOR_REG);
	if (!mask)
		return SASS_NEXT;
	if (in->flags & SASS_F_CONST && !constants_ready(w, in))
		return SASS_PARKED;
	w->part->lane_instructions += (unsigned int)__builtin_popcount(mask);
	r = in->exec(w, in, mask);
	if (in->flags & SASS_F_SYNC && w->patience != FAIR_TICKS_SPIN) {
		w->patience = FAIR_TICKS_SPIN;
		if (w->frag_end != ~0ull)
			w->frag_end = w->tick + FAIR_TICKS_SPIN;
	}
	return r;
}

/* Give way where another fragment waits, or when this one's turn is over. */
static void give_way(struct warp *w)
{
	if (__builtin_expect(w->cur_pc >= w->stop_pc || w->tick >= w->frag_end, 0))
		warp_leave(w, w->cur_pc);
}

unsigned int warp_run(struct warp *w, unsigned int quantum)
{
	unsigned int used = 0;

	w->code = NULL;		/* the cache may have been emptied since */
	while (used < quantum && w->state == WARP_READY && !launch_dead(w->l)) {
		const struct sass_insn *in;

		if (!w->active && !pick_fragment(w))
			break;
		if (!w->code || (w->cur_pc ^ w->code->va) & ~PC_IN_PAGE)
			if (!fetch(w))
				break;
		in = &w->code->insn[w->cur_pc % SM_CODE_PAGE / SASS_BYTES];
		used += in->flags & SASS_F_MEM ? COST_MEM : 1;
		w->tick++;
		w->part->warp_instructions++;
		switch (execute(w, in)) {
		case SASS_NEXT:
			w->pend = 0;
			w->cur_pc += SASS_BYTES;
			give_way(w);
			break;
		case SASS_MOVED:
			w->pend = 0;
			give_way(w);
			break;
		case SASS_PARKED:
			return used;
		case SASS_TRAP:
			log_bad_insn(w, in, w->esr);
			warp_trap(w, w->esr);
			return used;
		}
	}
	return used;
}
