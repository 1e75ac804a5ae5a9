// SPDX-License-Identifier: MIT
/* Double precision. */
#include <math.h>

#include "sass_exec.h"
#include "sass_float.h"
#include "sass_operand.h"

static FENV_FN void add64(uint64_t *t, const uint64_t *b)
{
	FOR_LANES(i)
		t[i] = f64_bits(as_f64(t[i]) + as_f64(b[i]));
}

static FENV_FN void mul64(uint64_t *t, const uint64_t *b)
{
	FOR_LANES(i)
		t[i] = f64_bits(as_f64(t[i]) * as_f64(b[i]));
}

/* Only the lanes that count: without hardware support this is slow. */
static FENV_FN void fma64(uint64_t *t, const uint64_t *b, const uint64_t *c, uint32_t mask)
{
	FOR_MASK(i, mask)
		t[i] = f64_bits(fma(as_f64(t[i]), as_f64(b[i]), as_f64(c[i])));
}

static inline bool is_nan64(uint64_t v)
{
	return (v & ~(1ull << 63)) > 0x7ff0000000000000ull;
}

static void finish(struct warp *w, const struct sass_insn *in, uint64_t *t, uint32_t mask)
{
	FOR_LANES(i)
		t[i] = is_nan64(t[i]) ? F64_NAN : t[i];
	commit64(w, in->dst, t, mask);
}

SASS_EXEC(dadd)
{
	uint64_t a[SASS_LANES], b[SASS_LANES];
	int changed;

	src64(w, &in->s[0], true, a);
	src64(w, &in->s[1], true, b);
	changed = round_begin(in->rnd);
	add64(a, b);
	round_end(changed);
	finish(w, in, a, mask);
	return SASS_NEXT;
}

SASS_EXEC(dmul)
{
	uint64_t a[SASS_LANES], b[SASS_LANES];
	int changed;

	src64(w, &in->s[0], true, a);
	src64(w, &in->s[1], true, b);
	changed = round_begin(in->rnd);
	mul64(a, b);
	round_end(changed);
	finish(w, in, a, mask);
	return SASS_NEXT;
}

SASS_EXEC(dfma)
{
	uint64_t a[SASS_LANES], b[SASS_LANES], c[SASS_LANES];
	int changed;

	src64(w, &in->s[0], true, a);
	src64(w, &in->s[1], true, b);
	src64(w, &in->s[2], true, c);
	changed = round_begin(in->rnd);
	fma64(a, b, c, mask);
	round_end(changed);
	finish(w, in, a, mask);
	return SASS_NEXT;
}

SASS_EXEC(dsetp)
{
	uint64_t a[SASS_LANES], b[SASS_LANES];
	uint32_t lt = 0, eq = 0, gt = 0, r, p = pred_get(w, in->pp[0]);

	src64(w, &in->s[0], true, a);
	src64(w, &in->s[1], true, b);
	FOR_LANES(i) {
		double x = as_f64(a[i]), y = as_f64(b[i]);

		lt |= (uint32_t)(x < y) << i;
		eq |= (uint32_t)(x == y) << i;
		gt |= (uint32_t)(x > y) << i;
	}
	r = float_cmp(in->sub, lt, eq, gt);
	pred_set(w, in->pd[0], bool_op(in->bop, r, p), mask);
	pred_set(w, in->pd[1], bool_op(in->bop, ~r, p), mask);
	return SASS_NEXT;
}
