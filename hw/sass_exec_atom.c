// SPDX-License-Identifier: MIT
/*
 * Atomics. Units and CPUs work on the same words of VRAM at the same time, so each
 * is one atomic operation of the host, or a compare-and-swap loop. Those on system
 * memory are L2's (l2.h).
 */
#include "l2.h"
#include "nvhw/undocumented.h"
#include "sass_float.h"
#include "sass_mem.h"

enum { TYPE_U32, TYPE_S32, TYPE_U64, TYPE_F32, TYPE_F16X2, TYPE_S64, TYPE_F64 };

static bool is_wide(const struct sass_insn *in)
{
	return in->type == TYPE_U64 || in->type == TYPE_S64 || in->type == TYPE_F64;
}

unsigned int sass_atomic_bytes(const struct sass_insn *in)
{
	return is_wide(in) ? 8 : 4;
}

static uint32_t add_f32(uint32_t a, uint32_t b)
{
	float r = as_f32(f32_ftz(a)) + as_f32(f32_ftz(b));

	return r != r ? F32_NAN : f32_ftz(f32_bits(r));
}

static uint64_t add_f64(uint64_t a, uint64_t b)
{
	double r = as_f64(a) + as_f64(b);

	return r != r ? F64_NAN : f64_bits(r);
}

/* Half precision rounds to nearest and keeps denormals. */
static uint32_t add_f16x2(uint32_t a, uint32_t b)
{
	uint32_t lo = f16_bits(f16_value((uint16_t)a) + f16_value((uint16_t)b), 0);
	uint32_t hi = f16_bits(f16_value(a >> 16) + f16_value(b >> 16), 0);

	return lo | hi << 16;
}

/* The new value of a word that held @old; 32-bit ones have zeros above. */
static uint64_t update(unsigned int op, unsigned int type, uint64_t old, uint64_t v, uint64_t swap)
{
	uint64_t flip = type == TYPE_S32 ? 1ull << 31 : type == TYPE_S64 ? 1ull << 63 : 0;

	switch (op) {
	case SASS_ATOM_ADD:
		return type == TYPE_F32 ? add_f32((uint32_t)old, (uint32_t)v) :
		       type == TYPE_F64 ? add_f64(old, v) :
		       type == TYPE_F16X2 ? add_f16x2((uint32_t)old, (uint32_t)v) : old + v;
	case SASS_ATOM_MIN:
		return (v ^ flip) < (old ^ flip) ? v : old;
	case SASS_ATOM_MAX:
		return (v ^ flip) > (old ^ flip) ? v : old;
	case SASS_ATOM_INC:
		return old >= v ? 0 : old + 1;
	case SASS_ATOM_DEC:
		return !old || old > v ? v : old - 1;
	case SASS_ATOM_AND:
		return old & v;
	case SASS_ATOM_OR:
		return old | v;
	case SASS_ATOM_XOR:
		return old ^ v;
	case SASS_ATOM_EXCH:
		return v;
	default:
		return old == v ? swap : old;
	}
}

static uint64_t reg_value(const struct warp *w, const struct sass_operand *o, unsigned int lane,
			  bool wide)
{
	if (o->kind != SASS_REG)
		return 0;
	return w->r[o->reg][lane] | (wide ? (uint64_t)row_hi(w, o->reg)[lane] << 32 : 0);
}

static void set_result(struct warp *w, const struct sass_insn *in, unsigned int lane, uint64_t old)
{
	if (in->dst == SASS_RZ)
		return;
	w->r[in->dst][lane] = (uint32_t)old;
	if (is_wide(in))
		w->r[in->dst + 1][lane] = (uint32_t)(old >> 32);
}

/* A comparison that fails writes nothing. */
static uint64_t remote_element(const struct sass_insn *in, uint8_t *p, uint64_t v, uint64_t swap)
{
	unsigned int bytes = sass_atomic_bytes(in);
	uint64_t old;

	l2_lock(p);
	old = l2_read(p, bytes);
	l2_turnaround();
	if (in->sub <= SASS_ATOM_EXCH || old == v)
		l2_write(p, bytes, update(in->sub, in->type, old, v, swap));
	l2_unlock(p);
	return old;
}

void sass_atomic_element(struct warp *w, const struct sass_insn *in, unsigned int lane, uint8_t *p)
{
	uint64_t v = reg_value(w, &in->s[1], lane, is_wide(in));
	uint64_t swap = reg_value(w, &in->s[2], lane, is_wide(in));
	uint64_t old64 = 0;
	uint32_t old32;

	if (p && w->remote) {
		old64 = remote_element(in, p, v, swap);
	} else if (p && is_wide(in)) {
		old64 = __atomic_load_n((uint64_t *)p, __ATOMIC_RELAXED);
		while (!__atomic_compare_exchange_n((uint64_t *)p, &old64,
						    update(in->sub, in->type, old64, v, swap),
						    true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
	} else if (p) {
		old32 = __atomic_load_n((uint32_t *)p, __ATOMIC_RELAXED);
		while (!__atomic_compare_exchange_n((uint32_t *)p, &old32,
						    (uint32_t)update(in->sub, in->type, old32, v,
								     swap),
						    true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
		old64 = old32;
	}
	if (in->sub != SASS_ATOM_CAST)
		set_result(w, in, lane, old64);
	else if (in->dst != SASS_RZ)
		w->r[in->dst][lane] = old64 == v;
}

SASS_EXEC(atom)
{
	uint64_t va[SASS_LANES];
	struct sass_spaces s;
	unsigned int esr;

	sass_addresses(w, in, va);
	esr = sass_resolve(w, va, mask, sass_atomic_bytes(in), &s);
	if (!esr && s.local)
		esr = NVX_SM_WARP_ERROR_INVALID_ADDR_SPACE;
	if (esr)
		return sass_trap(w, esr);
	FOR_MASK(i, s.shared)
		sass_atomic_element(w, in, i, w->cta->shared + va[i]);
	/* Shared memory included: nothing is left for the program to do itself. */
	pred_set(w, in->pd[0], ~0u, mask);
	return s.global ? sass_global(w, in, s.global, va, MMU_ATOMIC, sass_atomic_element) :
			  SASS_NEXT;
}

SASS_EXEC(atoms)
{
	unsigned int bytes = sass_atomic_bytes(in);
	uint64_t va[SASS_LANES];

	sass_addresses(w, in, va);
	FOR_MASK(i, mask) {
		if (va[i] & (bytes - 1))
			return sass_trap(w, NVX_SM_WARP_ERROR_MISALIGNED_ADDR);
		if (va[i] + bytes > w->l->qmd.shared_bytes)
			return sass_trap(w, NVX_SM_WARP_ERROR_OOR_ADDR);
	}
	FOR_MASK(j, mask)
		sass_atomic_element(w, in, j, w->cta->shared + va[j]);
	return SASS_NEXT;
}
