// SPDX-License-Identifier: MIT
/*
 * The uniform datapath: one value for the warp, kept as a row of equal lanes.
 * Opcodes that exist for lanes too are executed by the same functions; here is
 * what moves between the two files, and predicates as bits of a register.
 */
#include "sass_exec.h"
#include "sass_operand.h"

/* An opcode with a sibling: all lanes get the result, whichever of them run. */
SASS_EXEC(uniform)
{
	w->uniform = true;
	return in->desc->exec(w, in, ~0u);
}

/* The value of the first lane that runs. */
SASS_EXEC(r2ur)
{
	uint32_t v = w->r[in->s[0].reg][__builtin_ctz(mask)], t[SASS_LANES];

	FOR_LANES(i)
		t[i] = v;
	w->uniform = true;
	commit(w, in->dst, t, ~0u);
	return SASS_NEXT;
}

/* VOTE with a uniform register and predicate. */
SASS_EXEC(voteu)
{
	uint32_t p = pred_get(w, in->pp[0]) & mask, t[SASS_LANES];
	bool r = in->sub == 0 ? p == mask : in->sub == 1 ? p != 0 : p == mask || !p;

	FOR_LANES(i)
		t[i] = p;
	w->uniform = true;
	commit(w, in->dst, t, ~0u);
	pred_set(w, in->pd[0], r ? ~0u : 0, ~0u);
	return SASS_NEXT;
}

/* Row of predicate @n of the file the instruction works on. */
static unsigned int pred_row(const struct sass_insn *in, unsigned int n)
{
	return in->flags & SASS_F_UNIFORM ? SASS_UP + n : n;
}

/* Predicates into the chosen bits of a byte of A. */
SASS_EXEC(p2r)
{
	uint32_t t[SASS_LANES], tb[SASS_LANES];
	const uint32_t *a = w->r[in->s[0].reg], *b = src(w, &in->s[1], tb);

	FOR_LANES(i) {
		uint32_t bits = 0, chosen = b[i] & 0x7f;

		for (unsigned int n = 0; n < 7; n++)
			bits |= (w->pred[pred_row(in, n)] >> i & 1) << n;
		t[i] = (a[i] & ~(chosen << in->shift)) | (bits & chosen) << in->shift;
	}
	commit(w, in->dst, t, mask);
	return SASS_NEXT;
}

SASS_EXEC(r2p)
{
	uint32_t tb[SASS_LANES];
	const uint32_t *a = w->r[in->s[0].reg], *b = src(w, &in->s[1], tb);

	for (unsigned int n = 0; n < 7; n++) {
		uint32_t bits = 0, chosen = 0;

		FOR_LANES(i) {
			bits |= (a[i] >> in->shift >> n & 1) << i;
			chosen |= (b[i] >> n & 1) << i;
		}
		pred_set(w, pred_row(in, n), bits, mask & chosen);
	}
	return SASS_NEXT;
}
